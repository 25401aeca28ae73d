"""The cheapest roster of a week for people with contracts: who works which shift on which days.

A tour is what one person works in a week: one shift, on days that the contract allows. All tours of all contracts are
laid out, and an integer programme takes as many people on each as the week's need asks for, at least cost. Since a
tour repeats every week, rest between days and days in a row hold from week to week too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from csm_lib.settings.objectives import Contract, ShiftType
from csm_lib.staff.roster import cheapest_cover
from csm_lib.staff.weekly_roster import ShiftPattern, covers

__all__ = ["Tour", "cheapest_roster", "possible_tours", "week_cover", "working_days"]

_WEEK = 7
_COLUMNS = ("contract", "level", "pattern", *(f"d{day}" for day in range(1, 8)), "people", "agent_h", "cost")


@dataclass(frozen=True)
class Tour:
    """What one person works in a week.

    Attributes
    ----------
    contract : Contract
    pattern : ShiftPattern
    days : tuple of int
        Days worked, 1 Monday to 7 Sunday.

    Examples
    --------
    >>> Tour(Contract(name="full time"), ShiftPattern(((480, 960),)), (1, 2, 3, 4, 5)).hours
    40.0
    """

    contract: Contract
    pattern: ShiftPattern
    days: tuple[int, ...]

    @property
    def hours(self) -> float:
        """Hours worked and paid in a week."""
        return self.pattern.hours * len(self.days)


def working_days(contract: Contract) -> tuple[tuple[int, ...], ...]:
    """List the sets of days that a contract allows, the same every week.

    Parameters
    ----------
    contract : Contract

    Returns
    -------
    tuple of tuple of int
        1 Monday to 7 Sunday.

    Examples
    --------
    >>> len(working_days(Contract(name="five on, two off")))
    7
    >>> working_days(Contract(name="weekend", days_on=6, max_days_in_a_row=5))
    ()
    """
    found = []
    for days in combinations(range(_WEEK), contract.days_on):
        works = np.isin(np.arange(_WEEK), days)
        starts_off = works & ~np.roll(works, 1)
        if contract.has_days_off_together and starts_off.sum() > 1:
            continue
        if _longest_run(works) <= contract.max_days_in_a_row:
            found.append(tuple(day + 1 for day in days))
    return tuple(found)


def possible_tours(
    contracts: Sequence[Contract], patterns: Sequence[ShiftPattern], *, shift_types: Sequence[ShiftType] = ()
) -> tuple[Tour, ...]:
    """Lay out everything that somebody may work in a week.

    Parameters
    ----------
    contracts : sequence of Contract
    patterns : sequence of ShiftPattern
        Shifts for contracts that name none.
    shift_types : sequence of ShiftType
        Those that contracts name.

    Returns
    -------
    tuple of Tour
        Without shifts so long that the rest before the next day is shorter than the contract's, where days follow one
        another.

    Examples
    --------
    >>> full, part = Contract(name="full time"), Contract(name="part time", days_on=3, has_days_off_together=False)
    >>> len(possible_tours([full, part], [ShiftPattern(((480, 960),))]))
    42
    """
    named = {shift.name: ShiftPattern(shift.blocks) for shift in shift_types}
    found = []
    for contract in contracts:
        for pattern in [named[name] for name in contract.shifts] or patterns:
            rest_h = 24.0 - (pattern.blocks[-1][1] - pattern.blocks[0][0]) / 60.0
            for days in working_days(contract):
                works = np.isin(np.arange(1, _WEEK + 1), days)
                if rest_h >= contract.min_rest_h or not (works & np.roll(works, 1)).any():
                    found.append(Tour(contract, pattern, days))
    return tuple(found)


def week_cover(tours: Sequence[Tour], need: pd.DataFrame) -> NDArray[np.int64]:
    """Tell in which intervals of the week somebody on each tour is there.

    Parameters
    ----------
    tours : sequence of Tour
    need : DataFrame
        One row per weekday and local time: `weekday`, `local_time`, `interval_s`.

    Returns
    -------
    ndarray of int, shape (n_tours, n_intervals)
    """
    interval_s = float(need["interval_s"].iloc[0])
    patterns = tuple(dict.fromkeys(tour.pattern for tour in tours))
    there = dict(zip(patterns, covers(patterns, need["local_time"], interval_s=interval_s), strict=True))
    weekday = need["weekday"].to_numpy().astype(int)
    return np.array([there[tour.pattern] * np.isin(weekday, tour.days) for tour in tours], dtype=np.int64)


def cheapest_roster(
    need: pd.DataFrame,
    tours: Sequence[Tour],
    *,
    cost_per_agent_h: float = 0.0,
    least_by_level: Mapping[str, int] | None = None,
    needed: str = "to_schedule",
    time_limit_s: float = 30.0,
) -> pd.DataFrame:
    """Find the cheapest number of people on each tour that covers the week.

    Parameters
    ----------
    need : DataFrame
        One row per weekday and local time: `weekday`, `local_time`, `interval_s` and the column `needed`.
    tours : sequence of Tour
    cost_per_agent_h : float, default 0
        Cost of an hour of contracts that name none; where no hour costs anything the fewest hours are sought.
    least_by_level : mapping of str to int, optional
        People of a level who must be there in every interval with a need.
    needed : str
        Column with the people to schedule.
    time_limit_s : float, default 30

    Returns
    -------
    DataFrame
        One row per tour that is used: `contract`, `level`, `pattern`, `d1` to `d7` (people on Monday to Sunday),
        `people`, `agent_h` and `cost` of the week. ``.attrs``: `people`, `agent_h`, `cost`, `is_optimal` (nothing
        cheaper covers as much, proven), `gap`, `uncovered` (rows `weekday local_time missing`, and `level` where it is
        people of a level who are missing), `uncovered_agent_h`, `reason` (why there are no rows).

    Examples
    --------
    The post office of Winston (Operations Research), one shift a day, five days on, two off:

    >>> need = pd.DataFrame({"weekday": range(1, 8), "local_time": "09:00", "interval_s": 3600.0})
    >>> need["to_schedule"] = [17, 13, 15, 19, 14, 16, 11]
    >>> tours = possible_tours([Contract(name="clerk")], [ShiftPattern(((540, 600),))])
    >>> cheapest_roster(need, tours).attrs["people"]
    23
    """
    table = pd.DataFrame(columns=list(_COLUMNS))
    table.attrs["reason"] = need.attrs.get("reason") or (None if tours else "no shifts to choose from")
    if need.empty or not tours:
        return table
    hours = np.array([tour.hours for tour in tours])
    rates = np.array([cost_per_agent_h if tour.contract.cost_per_agent_h is None else tour.contract.cost_per_agent_h
                      for tour in tours])  # fmt: skip
    contracts = list(dict.fromkeys(tour.contract.name for tour in tours))
    people = {tour.contract.name: tour.contract.people for tour in tours}
    asked, works, labels = _rows(need, tours, dict(least_by_level or {}), needed)
    found = cheapest_cover(
        asked, works, cost=hours * rates if rates.any() else hours,
        groups=[contracts.index(tour.contract.name) for tour in tours],
        max_per_group=[people[name] for name in contracts], time_limit_s=time_limit_s,
    )  # fmt: skip
    table = pd.DataFrame([_row(tour, int(n), rate) for tour, n, rate in zip(tours, found.counts, rates, strict=True)
                          if n], columns=list(_COLUMNS))  # fmt: skip
    uncovered = labels.assign(missing=found.uncovered)
    uncovered = uncovered[uncovered["missing"] > 0].reset_index(drop=True)
    interval_h = float(need["interval_s"].iloc[0]) / 3600.0
    table.attrs.update(
        people=int(found.counts.sum()), agent_h=float(hours @ found.counts), cost=float((hours * rates) @ found.counts),
        is_optimal=found.gap == 0, gap=found.gap, uncovered=uncovered, reason=None,
        uncovered_agent_h=float(uncovered.loc[uncovered["level"] == "", "missing"].sum()) * interval_h,
    )  # fmt: skip
    return table


def _rows(need: pd.DataFrame, tours: Sequence[Tour], least: dict[str, int],
          needed: str) -> tuple[NDArray[np.int64], NDArray[np.int64], pd.DataFrame]:
    """Needs of all people and, below them, of each level asked for; who counts for them; what each row is."""
    asked, works = need[needed].to_numpy().astype(np.int64), week_cover(tours, need)
    labels = need[["weekday", "local_time"]].assign(level="")
    needs, covered, named = [asked], [works], [labels]
    for level, count in least.items():
        is_level = np.array([tour.contract.level == level for tour in tours])
        needs.append(np.where(asked > 0, count, 0))
        covered.append(works * is_level[:, None])
        named.append(labels.assign(level=level))
    return np.concatenate(needs), np.hstack(covered), pd.concat(named, ignore_index=True)


def _row(tour: Tour, people: int, rate: float) -> dict[str, object]:
    days = {f"d{day}": people * (day in tour.days) for day in range(1, _WEEK + 1)}
    hours = people * tour.hours
    return {"contract": tour.contract.name, "level": tour.contract.level, "pattern": tour.pattern.name, **days,
            "people": people, "agent_h": hours, "cost": hours * rate}


def _longest_run(works: NDArray[np.bool_]) -> float:
    """Most days worked in a row, week after week."""
    if works.all():
        return np.inf
    run = longest = 0
    for works_here in np.concatenate([works, works]):
        run = run + 1 if works_here else 0
        longest = max(longest, run)
    return longest
