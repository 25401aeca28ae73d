"""Two classes of customers: one is always taken first, but nobody is interrupted for it.

The total queue does not care who is taken first, and while all agents are busy the first class waits as if the second
did not exist. A customer of the second class is taken when nobody is ahead any more: a birth-and-death chain of those
ahead, which grows with each arrival of the first class.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import solve_banded
from scipy.special import gammainc

from csm_lib.staff.arguments import checked, whole
from csm_lib.staff.erlang import beyond, delay_moments
from csm_lib.staff.queues import QueuePerformance, performance

__all__ = ["ClassPerformance", "PriorityPerformance", "priority_performance"]

Floats = NDArray[np.float64]

_NEGLIGIBLE = 1e-16  # share of customers with still more ahead that the chain leaves out
_FINISHED = 1e-13
_MOST_AHEAD = 2_000_000


@dataclass(frozen=True)
class ClassPerformance:
    """What customers of one class experience; every field has the broadcast shape.

    Attributes
    ----------
    arrivals_per_h : ndarray of float
        The class's contacts offered per hour.
    wait_probability, mean_wait_offered_s, mean_wait_answered_s, abandon_share : ndarray of float
        As in `csm_lib.staff.queues.QueuePerformance`, of this class. Without arrivals of the class: what one of its
        customers would meet.
    service_level, service_level_of_answered, queue_length : ndarray of float
        Likewise.

    Examples
    --------
    >>> float(priority_performance(30, 30, 60, 2).first.wait_probability.round(4))
    0.3333
    """

    arrivals_per_h: Floats
    wait_probability: Floats
    mean_wait_offered_s: Floats
    mean_wait_answered_s: Floats
    abandon_share: Floats
    service_level: Floats
    service_level_of_answered: Floats
    queue_length: Floats


@dataclass(frozen=True)
class PriorityPerformance:
    """What both classes experience.

    Attributes
    ----------
    first, second : ClassPerformance
        Those taken first, and the others.
    together : QueuePerformance
        Both, served in the order of arrival: occupancy, abandonment and the mean wait of all offered are the same in
        either order.

    Examples
    --------
    >>> float(priority_performance(30, 30, 60, 2).together.occupancy)
    0.5
    """

    first: ClassPerformance
    second: ClassPerformance
    together: QueuePerformance


def priority_performance(
    first_per_h: ArrayLike,
    second_per_h: ArrayLike,
    handle_s: ArrayLike,
    agents: ArrayLike,
    *,
    patience_s: ArrayLike = math.inf,
    threshold_s: ArrayLike = 20.0,
) -> PriorityPerformance:
    """Compute the steady state of a queue in which one class is taken first.

    Parameters
    ----------
    first_per_h, second_per_h : array_like of float
        Contacts offered per hour of the class taken first, and of the other, 0 or more.
    handle_s, agents, patience_s, threshold_s : array_like
        As in `csm_lib.staff.queues.performance`, alike for both classes.

    Returns
    -------
    PriorityPerformance
        Arrays of the broadcast shape. In an overload without patience the second class waits for ever; the first only
        where it overloads the agents alone.

    Raises
    ------
    SettingError
        If an argument is out of its range.

    Notes
    -----
    No approximation beyond that of Erlang A: the classes share their handle time and patience. Mean waits without
    patience are Cobham's (1954); the law of the second class's wait is that of Kella and Yechiali (1985), found here by
    uniformising the chain of those ahead, with patience too.

    Examples
    --------
    One agent, three quarters busy, two thirds of the work first: waits of 0.75 / (1 - 0.5) and that over (1 - 0.75).

    >>> both = priority_performance(30, 15, 60, 1)
    >>> float(both.first.mean_wait_offered_s.round(6)), float(both.second.mean_wait_offered_s.round(6))
    (90.0, 360.0)
    """
    first, second = (checked(name, values, low=0.0) for name, values in (("first_per_h", first_per_h),
                                                                       ("second_per_h", second_per_h)))
    staff = whole("agents", agents)
    together = performance(first + second, handle_s, staff, patience_s=patience_s, threshold_s=threshold_s)
    shape = together.agents.shape
    one, two = (np.array(np.broadcast_to(column, shape), dtype=float) for column in (first, second))
    names = ("handle_s", "agents", "patience_s", "threshold_s", "wait_probability")
    columns = [one, two, *(getattr(together, name) for name in names)]
    flat = [column.ravel() for column in columns]
    found = [_rows_of_class(model, flat) for model in (_first, _second)]
    classes = [_class_of(per_h, *(column.reshape(shape) for column in values))
               for per_h, values in zip((one, two), found, strict=True)]
    return PriorityPerformance(classes[0], classes[1], together)


def _class_of(per_h: Floats, p: Floats, wait_s: Floats, answered_wait_s: Floats, abandon: Floats,
              in_time: Floats) -> ClassPerformance:
    """The record of a class; `answered_wait_s` is the mean over all, 0 for those who hang up."""
    answered = 1.0 - abandon
    whole_ = np.where(answered > 0, answered, 1.0)
    some = answered > 0
    return ClassPerformance(
        per_h, p, wait_s, np.where(some, answered_wait_s / whole_, np.nan), abandon, in_time,
        np.where(some, np.minimum(in_time / whole_, 1.0), np.nan),
        np.where(per_h > 0, per_h / 3600.0 * np.where(per_h > 0, wait_s, 0.0), 0.0))


_Row = tuple[float, float, float, float, float]  # p, mean wait, wait of the answered over all, abandoned, in time


def _rows_of_class(model: object, flat: list[Floats]) -> Floats:
    rows, where = np.unique(np.stack(flat, axis=1), axis=0, return_inverse=True)
    found = np.array([_row(model, *row) for row in rows]).reshape(-1, 5)
    return found[where.ravel()].T


def _row(model: object, first: float, second: float, handle_s: float, agents: float, patience_s: float,
         threshold_s: float, p: float) -> _Row:
    if first + second == 0 or (p == 0 and agents > 0):
        return 0.0, 0.0, 0.0, 0.0, 1.0
    if agents == 0:
        gone = float(math.isfinite(patience_s))
        return 1.0, patience_s, 0.0 if gone else math.inf, gone, 0.0
    found: _Row = model(first / 3600.0, second / 3600.0, handle_s, agents, patience_s, threshold_s, p)  # type: ignore
    return found


def _first(first_per_s: float, _second_per_s: float, handle_s: float, agents: float, patience_s: float,
           threshold_s: float, p: float) -> _Row:
    """The class taken first: while all are busy it sees only itself."""
    finish_per_s = agents / handle_s
    if math.isinf(patience_s):
        drain = finish_per_s - first_per_s
        if drain <= 0:
            return 1.0, math.inf, math.inf, 0.0, 0.0
        return p, p / drain, p / drain, 0.0, 1.0 - p * math.exp(-drain * threshold_s)
    c, x = np.array([finish_per_s * patience_s]), np.array([max(first_per_s * patience_s, 1e-100)])
    moments = delay_moments(c, x)
    late = float(beyond(c, x, np.array([threshold_s / patience_s]), moments).answered_share[0])
    abandon = p * float(moments.abandon_share[0])
    return p, patience_s * abandon, patience_s * p * float(moments.answered_wait[0]), abandon, 1 - abandon - p * late


def _second(first_per_s: float, second_per_s: float, handle_s: float, agents: float, patience_s: float,
            threshold_s: float, p: float) -> _Row:
    """The other class: taken by the first agent to be free when nobody is ahead."""
    finish_per_s, leave_per_s = agents / handle_s, 1.0 / patience_s
    all_per_s = first_per_s + second_per_s
    if math.isinf(patience_s) and all_per_s >= finish_per_s:
        return 1.0, math.inf, math.inf, 0.0, 0.0
    ahead = _ahead(all_per_s, finish_per_s, leave_per_s)
    down: Floats = finish_per_s + np.arange(ahead.size, dtype=float) * leave_per_s
    served, wait = _served_and_wait(first_per_s, down, leave_per_s)
    answered = float(ahead @ served)
    answered_wait_s = p * float(ahead @ wait)
    abandon = p * (1.0 - answered) if math.isfinite(patience_s) else 0.0
    wait_s = patience_s * abandon if math.isfinite(patience_s) else answered_wait_s
    in_time = 1.0 - p + p * _served_by(threshold_s, ahead, first_per_s, down, leave_per_s)
    return p, wait_s, answered_wait_s, abandon, in_time


def _ahead(all_per_s: float, finish_per_s: float, leave_per_s: float) -> Floats:
    """Share of the delayed who find 0, 1, 2, ... waiting, with room for those who overtake later."""
    size = 256
    while True:
        steps = math.log(all_per_s) - np.log(finish_per_s + np.arange(1, size) * leave_per_s)
        log_weight = np.concatenate([[0.0], np.cumsum(steps)])
        weight = np.exp(log_weight - log_weight.max())
        if weight[-1] < _NEGLIGIBLE * weight.sum() or size > _MOST_AHEAD:
            return weight / weight.sum()
        size *= 2


def _served_and_wait(up: float, down: Floats, leave_per_s: float) -> tuple[Floats, Floats]:
    """Chance to be served and expected wait times being served, by the number ahead."""
    bands = np.zeros((3, down.size))
    bands[0, 1:] = -up
    bands[1] = up + down + leave_per_s
    bands[1, -1] -= up  # where the chain ends nobody is added
    bands[2, :-1] = -down[1:]
    start = np.zeros(down.size)
    start[0] = down[0]
    served = solve_banded((1, 1), bands, start)
    return served, solve_banded((1, 1), bands, served)


def _served_by(t: float, ahead: Floats, up: float, down: Floats, leave_per_s: float) -> float:
    """Share of the delayed who are served by `t`, by uniformisation (Jensen 1953)."""
    at_peak = int(np.argmax(ahead))
    size = at_peak + max(int(np.count_nonzero(ahead[at_peak:] > _NEGLIGIBLE * ahead[at_peak])), 1) + 1
    mass, down = ahead[:size].copy(), down[:size]
    rate = up + float(down[-1]) + leave_per_s
    stay = 1.0 - (up + down + leave_per_s) / rate
    stay[-1] += up / rate
    total, step = 0.0, 0
    while mass.sum() > _FINISHED:
        happened = gammainc(step + 1.0, rate * t)
        if happened < _FINISHED:
            break
        total += happened * down[0] / rate * mass[0]
        following = mass * stay
        following[1:] += mass[:-1] * (up / rate)
        following[:-1] += mass[1:] * (down[1:] / rate)
        mass, step = following, step + 1
    return total
