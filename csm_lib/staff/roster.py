"""Which shifts to staff, and with how many people, so that every interval is covered at least cost.

Covering intervals with shifts is an integer programme; `scipy.optimize.milp` (HiGHS) solves it and proves the answer,
or says how far from proven it stopped. What cannot be covered is not an error but part of the answer: it says in which
intervals people are missing and how many, and the rest is covered all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, milp

from csm_lib.errors import RunError, SettingError
from csm_lib.staff.arguments import checked, whole

__all__ = ["Cover", "cheapest_cover", "possible_shifts"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Cover:
    """How many people to put on each shift.

    Attributes
    ----------
    counts : ndarray of int, shape (n_shifts,)
        People per shift.
    cost : float
        Sum over shifts of people times the shift's cost.
    is_optimal : bool
        True where the whole need is covered and no cheaper cover exists, proven; False where anything is uncovered,
        since then there is no full cover to be the cheapest of.
    gap : float
        Largest share by which the cost may exceed that of the cheapest cover that leaves as little uncovered; 0 where
        proven, also where something is uncovered.
    uncovered : ndarray of int, shape (n_intervals,)
        Agents missing where no shift, or not enough people, can cover the need; all 0 in a full cover.

    Examples
    --------
    >>> cheapest_cover([1, 2], [[1, 1], [0, 1]]).uncovered.tolist()
    [0, 0]
    """

    counts: Ints
    cost: float
    is_optimal: bool
    gap: float
    uncovered: Ints


def cheapest_cover(
    needed: ArrayLike,
    shifts: ArrayLike,
    *,
    cost: ArrayLike | None = None,
    max_counts: ArrayLike | None = None,
    max_agents: int | None = None,
    groups: ArrayLike | None = None,
    max_per_group: Sequence[int | None] = (),
    time_limit_s: float = 60.0,
) -> Cover:
    """Find the cheapest number of people per shift that covers the need of every interval.

    Parameters
    ----------
    needed : array_like of int, shape (n_intervals,)
        Agents needed, 0 or more.
    shifts : array_like of 0 or 1, shape (n_shifts, n_intervals)
        1 where a person on the shift is able to answer in the interval (so 0 in a break).
    cost : array_like of float, shape (n_shifts,), optional
        Cost of one person on each shift, 0 or more; by default each costs 1, so the fewest people are found.
    max_counts : array_like of int, shape (n_shifts,), optional
        Most people each shift can take.
    max_agents : int, optional
        Most people in all.
    groups : array_like of int, shape (n_shifts,), optional
        Group that the people of each shift belong to, such as a contract; numbered from 0.
    max_per_group : sequence of int or None
        Most people of each group; None where there is no limit.
    time_limit_s : float, default 60
        Seconds after which the best cover found so far is returned.

    Returns
    -------
    Cover
        Where the need cannot be met, the cheapest of the covers that leave the fewest agent-intervals uncovered; then
        `is_optimal` is False and `uncovered` says where people are missing.

    Raises
    ------
    SettingError
        If shapes or values do not fit.
    RunError
        If the solver finds no cover at all within its time.

    Notes
    -----
    Minimise ``cost . counts`` subject to ``shifts' counts + missing >= needed`` with whole numbers (Dantzig 1954).
    `missing` is minimised first where limits make it necessary.

    Examples
    --------
    Seven days, five worked in a row (Winston, Operations Research, post office problem): 23 people.

    >>> week = np.array([[1 if (day - start) % 7 < 5 else 0 for day in range(7)] for start in range(7)])
    >>> cheapest_cover([17, 13, 15, 19, 14, 16, 11], week).cost
    23.0
    """
    need, works = whole("needed", needed), checked("shifts", shifts, low=0.0, high=1.0)
    _check_shapes(need, works)
    price = np.ones(len(works)) if cost is None else _per_shift("cost", cost, len(works))
    most = np.full(len(works), need.max(initial=0.0))
    if max_counts is not None:
        most = np.minimum(most, _per_shift("max_counts", max_counts, len(works)))
    limits = _limits(len(works), max_agents, groups, max_per_group)
    missing = np.where(works.any(axis=0), 0.0, need) if len(works) else need
    if max_counts is not None or limits:
        fewest = _solve(np.zeros(len(works)), np.ones(need.size), need, works, most, limits, np.inf, time_limit_s)
        budget = float(np.rint(fewest.x[len(works):].sum()))
    else:
        budget = float(missing.sum())
    found = _solve(price, np.zeros(need.size), need, works, most, limits, budget, time_limit_s)
    counts = np.rint(found.x[: len(works)]).astype(np.int64)
    uncovered = np.maximum(need - works.T @ counts, 0.0).astype(np.int64)
    is_proven = found.status == 0
    gap = 0.0 if is_proven else float(found.mip_gap or 0.0)
    return Cover(counts, float(price @ counts), is_proven and not uncovered.any(), gap, uncovered)


def possible_shifts(
    local_times: Sequence[str], *, lengths_h: Sequence[float] = (8.0,), every_h: float = 1.0, break_h: float = 0.0
) -> pd.DataFrame:
    """Lay out the shifts that fit into a day.

    Parameters
    ----------
    local_times : sequence of str
        Starts of the day's open intervals, such as "08:00", evenly spaced and in order.
    lengths_h : sequence of float, default 8 hours
        Lengths of shifts, breaks included.
    every_h : float, default 1
        A shift may start every so many hours from opening on.
    break_h : float, default 0
        Break in the middle of each shift, in which nobody answers.

    Returns
    -------
    DataFrame
        One row per shift, named "08:00-16:00"; one column per interval, 1 where somebody on the shift can answer. What
        `cheapest_cover` takes as `shifts`. Empty where no length fits.

    Raises
    ------
    SettingError
        If a length, the step or the break is not a whole number of intervals.

    Examples
    --------
    >>> possible_shifts(["08:00", "09:00", "10:00"], lengths_h=[2]).index.tolist()
    ['08:00-10:00', '09:00-11:00']
    """
    clock = pd.to_timedelta([f"{time}:00" for time in local_times]).total_seconds().to_numpy()
    step = float(clock[1] - clock[0]) if len(clock) > 1 else 3600.0
    every, pause = _intervals("every_h", every_h, step), _intervals("break_h", break_h, step)
    rows: dict[str, Ints] = {}
    for length in (_intervals("lengths_h", hours, step) for hours in lengths_h):
        for first in range(0, len(clock) - length + 1, every):
            works = np.zeros(len(clock), dtype=np.int64)
            works[first : first + length] = 1
            middle = first + (length - pause) // 2
            works[middle : middle + pause] = 0
            ends = int(clock[first] + length * step)
            rows[f"{local_times[first]}-{ends // 3600:02d}:{ends % 3600 // 60:02d}"] = works
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(local_times))


def _intervals(name: str, hours: float, step_s: float) -> int:
    """Hours as a number of intervals."""
    count = hours * 3600.0 / step_s
    if count != round(count) or count < (name != "break_h"):
        raise SettingError(f"{name} must be a whole number of intervals of {step_s:g} s, got {hours!r} h. Round it.")
    return round(count)


def _solve(price: Floats, penalty: Floats, need: Floats, works: Floats, most: Floats,
           limits: Sequence[tuple[Floats, float]], budget: float, time_limit_s: float) -> OptimizeResult:
    """One integer programme over people per shift and agents missing per interval."""
    n_shifts, n_intervals = works.shape
    rows = [LinearConstraint(np.hstack([works.T, np.eye(n_intervals)]), lb=need)]
    rows += [LinearConstraint(np.append(members, np.zeros(n_intervals)), ub=most_of) for members, most_of in limits]
    if np.isfinite(budget):
        rows.append(LinearConstraint(np.append(np.zeros(n_shifts), np.ones(n_intervals)), ub=budget))
    found = milp(np.append(price, penalty), integrality=np.ones(n_shifts + n_intervals), constraints=rows,
                 bounds=Bounds(0.0, np.append(most, need)), options={"time_limit": time_limit_s, "mip_rel_gap": 0.0})
    if found.x is None:
        raise RunError(f"roster must be solved within {time_limit_s:g} s, got no cover for {n_intervals} intervals "
                       f"and {n_shifts} shifts. Allow more time or offer fewer shifts.")
    return found


def _limits(n_shifts: int, max_agents: int | None, groups: ArrayLike | None,
            max_per_group: Sequence[int | None]) -> list[tuple[Floats, float]]:
    """Whom each limit counts, and the limit."""
    found = [] if max_agents is None else [(np.ones(n_shifts), float(whole("max_agents", max_agents)))]
    if groups is not None:
        of_shift = _per_shift("groups", groups, n_shifts)
        found += [((of_shift == number).astype(float), float(most)) for number, most in enumerate(max_per_group)
                  if most is not None]
    return found


def _check_shapes(need: Floats, works: Floats) -> None:
    if need.ndim != 1 or works.ndim != 2 or works.shape[1] != need.size:
        raise SettingError(f"shifts must have one row per shift and one column per interval of needed, got shape "
                           f"{works.shape} for {need.size} intervals. Give both the same intervals.")
    if not ((works == 0) | (works == 1)).all():
        raise SettingError(f"shifts must be 0 or 1, got {float(works[(works != 0) & (works != 1)][0])!r}. Say 1 where "
                           "a person on the shift can answer.")


def _per_shift(name: str, values: ArrayLike, n_shifts: int) -> Floats:
    found = whole(name, values) if name == "max_counts" else checked(name, values, low=0.0)
    if found.shape != (n_shifts,):
        raise SettingError(f"{name} must have one value per shift ({n_shifts}), got shape {found.shape}. "
                           "Give one each.")
    return found
