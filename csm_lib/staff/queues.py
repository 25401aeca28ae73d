"""How a queue with so many agents performs, and how many agents a target takes.

Contacts arrive at random, agents take them first come, first served, and customers may hang up. Three classic models
cover that: Erlang B (nobody can wait), Erlang C (everybody waits as long as it takes) and Erlang A (patience runs out).
All functions take arrays and broadcast them, so a whole week of intervals is one call. The numbers beneath are in
`csm_lib.staff.steady_state` and `csm_lib.staff.erlang`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from csm_lib.errors import SettingError
from csm_lib.staff.arguments import checked, whole
from csm_lib.staff.loss import erlang_b, erlang_c
from csm_lib.staff.quick import is_enough
from csm_lib.staff.steady_state import steady_state, wait_quantiles
from csm_lib.staff.targets import checked_targets, fewest, with_shrinkage

__all__ = ["QueuePerformance", "agents_needed", "erlang_b", "erlang_c", "performance"]

Floats = NDArray[np.float64]

@dataclass(frozen=True)
class QueuePerformance:
    """What customers and agents of a queue experience in the long run; every field has the broadcast shape.

    Attributes
    ----------
    arrivals_per_h, handle_s, agents, patience_s, threshold_s : ndarray of float
        The call's arguments.
    load_erlang : ndarray of float
        Arrivals times mean handle time.
    occupancy : ndarray of float
        Handling time over staffed time, 0 to 1; 1 where there is work and nobody to do it.
    wait_probability : ndarray of float
        Share of the offered who find all agents busy.
    mean_wait_offered_s, mean_wait_answered_s : ndarray of float
        Seconds; of all offered (those who hang up with the time they waited), and of the answered. Infinite in an
        overload without patience; NaN for the answered where nobody is answered.
    abandon_share : ndarray of float
        Abandoned over offered.
    service_level : ndarray of float
        Answered within the threshold over offered.
    service_level_of_answered : ndarray of float
        Answered within the threshold over answered; NaN where nobody is answered.
    virtual_service_level : ndarray of float
        Probability that somebody with endless patience would be answered within the threshold.
    queue_length : ndarray of float
        Mean number of customers waiting.
    retrial_share, lines : ndarray of float
        The call's arguments; lines infinite where there is no bound.
    attempts_per_h : ndarray of float
        Contacts offered per hour with those who try again; all shares, waits and the load are of these.
    blocked_share : ndarray of float
        Offered that found no free line, over offered. They wait 0 seconds; blocked, abandoned and answered are all.

    Examples
    --------
    >>> float(performance(60, 60, 2).wait_probability.round(4))
    0.3333
    """

    arrivals_per_h: Floats
    handle_s: Floats
    agents: Floats
    patience_s: Floats
    threshold_s: Floats
    load_erlang: Floats
    occupancy: Floats
    wait_probability: Floats
    mean_wait_offered_s: Floats
    mean_wait_answered_s: Floats
    abandon_share: Floats
    service_level: Floats
    service_level_of_answered: Floats
    virtual_service_level: Floats
    queue_length: Floats
    retrial_share: Floats
    lines: Floats
    attempts_per_h: Floats
    blocked_share: Floats

    def wait_quantile(self, q: ArrayLike) -> Floats:
        """Give the wait that a share `q` of all offered does not exceed.

        The wait is the actual one: it ends with the answer or with hanging up.

        Parameters
        ----------
        q : array_like of float
            Shares, 0 to 1; broadcast against the record.

        Returns
        -------
        ndarray of float
            Seconds; infinite for ``q = 1`` and in an overload without patience.

        Raises
        ------
        SettingError
            If a share lies outside 0 to 1.

        Notes
        -----
        ``P(W > t) = P(V > t) exp(-t / patience)``: virtual wait and patience are independent. Solved by Newton's
        method.

        Examples
        --------
        One agent, occupancy 1/2: P(W > t) = exp(-t / 120 s) / 2.

        >>> float(performance(30, 60, 1).wait_quantile(0.9).round(3))
        193.133
        """
        share = checked("q", q, low=0.0, high=1.0)
        names = ("attempts_per_h", "handle_s", "agents", "patience_s", "wait_probability", "mean_wait_offered_s",
                 "lines")
        columns = np.broadcast_arrays(share, *(getattr(self, name) for name in names))
        flat = [np.array(column, dtype=float).ravel() for column in columns]
        return wait_quantiles(*flat).reshape(columns[0].shape)


def performance(
    arrivals_per_h: ArrayLike,
    handle_s: ArrayLike,
    agents: ArrayLike,
    *,
    patience_s: ArrayLike = math.inf,
    threshold_s: ArrayLike = 20.0,
    retrial_share: ArrayLike = 0.0,
    lines: ArrayLike | None = None,
) -> QueuePerformance:
    """Compute the steady state of a first-come-first-served queue.

    Parameters
    ----------
    arrivals_per_h : array_like of float
        Contacts offered per hour, 0 or more. Without any, service is perfect.
    handle_s : array_like of float
        Mean handle time in seconds, above 0.
    agents : array_like of int
        Agents able to answer, whole numbers, 0 or more.
    patience_s : array_like of float, default infinite
        Mean patience in seconds, above 0. Finite: Erlang A; infinite: Erlang C.
    threshold_s : array_like of float, default 20
        Longest wait that still counts as in time, in seconds, 0 or more.
    retrial_share : array_like of float, default 0
        Share of those who hang up, or find no line, who try again, 0 or more, below 1. Then `arrivals_per_h` counts
        first attempts only, and the record describes all attempts.
    lines : array_like of int, optional
        Contacts that fit in at once, those being handled included; more are turned away and counted in
        `blocked_share`. By default there is room for all.

    Returns
    -------
    QueuePerformance
        Arrays of the broadcast shape. An overload without patience or bound has an infinite wait and service level 0.

    Raises
    ------
    SettingError
        If an argument is out of its range.

    Notes
    -----
    Poisson arrivals, exponential handle times and patience (Erlang 1917; Palm 1957; Mandelbaum and Zeltyn 2007). Those
    who try again are taken to come back long after, at random (`csm_lib.staff.retrials`).

    Examples
    --------
    Garnett, Mandelbaum and Reiman 2002, table 1: 3.1 % abandon.

    >>> float(performance(2880, 60, 50, patience_s=120).abandon_share.round(3))
    0.031
    """
    given = _checked_queue(arrivals_per_h, handle_s, patience_s, threshold_s, retrial_share, lines)
    given["agents"] = whole("agents", agents)
    columns = dict(zip(given, np.broadcast_arrays(*given.values()), strict=True))
    inputs = {name: np.array(column, dtype=float) for name, column in columns.items()}
    shape = inputs["agents"].shape
    found = steady_state(**{name: column.ravel() for name, column in inputs.items()})
    return QueuePerformance(**inputs, **{name: column.reshape(shape) for name, column in found.items()})


def agents_needed(
    arrivals_per_h: ArrayLike,
    handle_s: ArrayLike,
    *,
    threshold_s: ArrayLike = 20.0,
    service_level: ArrayLike | None = None,
    max_abandon: ArrayLike | None = None,
    max_occupancy: ArrayLike | None = None,
    max_mean_wait_offered_s: ArrayLike | None = None,
    patience_s: ArrayLike = math.inf,
    shrinkage: ArrayLike = 0.0,
    retrial_share: ArrayLike = 0.0,
    lines: ArrayLike | None = None,
) -> NDArray[np.int64]:
    """Find the fewest agents that meet every target given.

    Parameters
    ----------
    arrivals_per_h, handle_s, patience_s, threshold_s : array_like of float
        As in `performance`.
    service_level : array_like of float, optional
        Least share of the offered to answer within the threshold, above 0 and below 1.
    max_abandon : array_like of float, optional
        Largest abandoned share of the offered, above 0, at most 1.
    max_occupancy : array_like of float, optional
        Largest occupancy, above 0, at most 1.
    max_mean_wait_offered_s : array_like of float, optional
        Longest mean wait of all offered in seconds, above 0.
    shrinkage : array_like of float, default 0
        Share of paid time in which an agent cannot answer (breaks, training, absence), 0 or more, below 1.
    retrial_share, lines : array_like, optional
        As in `performance`; the targets are then asked of all attempts, the blocked included.

    Returns
    -------
    ndarray of int
        Agents to schedule: those needed at work over ``1 - shrinkage``, rounded up. 0 without arrivals. Without
        patience always above the load; with patience below it where the targets allow.

    Raises
    ------
    SettingError
        If no target is given, an argument is out of its range or the lines are too few for the targets.

    Notes
    -----
    Every criterion improves with each agent, so the answer is the least number that meets all; the search asks one
    fewer before it stops. Agents beyond the lines only lower occupancy.

    Examples
    --------
    >>> int(agents_needed(200, 180, service_level=0.8))
    14
    """
    targets = checked_targets(service_level, max_abandon, max_occupancy, max_mean_wait_offered_s)
    queue = _checked_queue(arrivals_per_h, handle_s, patience_s, threshold_s, retrial_share, lines)
    shrunk = checked("shrinkage", shrinkage, low=0.0, high=1.0, is_high_included=False)
    columns = np.broadcast_arrays(shrunk, *queue.values(), *targets.values())
    flat = [np.array(column, dtype=float).ravel() for column in columns]
    rows_of, bounds = tuple(flat[1:7]), dict(zip(targets, flat[7:], strict=True))

    def enough(agents: Floats, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        return is_enough(agents, tuple(column[rows] for column in rows_of), {n: b[rows] for n, b in bounds.items()})

    load, lines_ = rows_of[0] / 3600.0 * rows_of[1], rows_of[5]
    most = np.maximum(lines_, np.ceil(load / (1.0 - rows_of[4]) / bounds.get("occupancy", np.inf)))
    found = fewest(load, enough, most=most)
    if np.isinf(found).any():
        raise SettingError(_too_few_lines(lines_, np.isinf(found)))
    return with_shrinkage(found, flat[0]).reshape(columns[0].shape)


def _checked_queue(arrivals_per_h: ArrayLike, handle_s: ArrayLike, patience_s: ArrayLike, threshold_s: ArrayLike,
                   retrial_share: ArrayLike, lines: ArrayLike | None) -> dict[str, Floats]:
    """What describes a queue beside its agents, by name, in the order of `is_enough`."""
    return {
        "arrivals_per_h": checked("arrivals_per_h", arrivals_per_h, low=0.0),
        "handle_s": checked("handle_s", handle_s, low=0.0, is_low_included=False),
        "patience_s": checked("patience_s", patience_s, low=0.0, is_low_included=False, is_infinite_allowed=True),
        "threshold_s": checked("threshold_s", threshold_s, low=0.0),
        "retrial_share": checked("retrial_share", retrial_share, low=0.0, high=1.0, is_high_included=False),
        "lines": np.asarray(np.inf) if lines is None else whole("lines", lines, is_infinite_allowed=True),
    }


def _too_few_lines(lines: Floats, wrong: NDArray[np.bool_]) -> str:
    bad = lines[wrong]
    listed = ", ".join(repr(int(value)) for value in bad[:3])
    return (f"lines must be enough for the targets, got {listed} ({bad.size} of {lines.size} values). "
            "Give more lines or gentler targets.")
