"""What a queue is asked to reach, and the search for the fewest agents that reach it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from csm_lib.errors import SettingError
from csm_lib.staff.arguments import checked

__all__ = ["checked_targets", "fewest", "is_met", "with_shrinkage"]

Floats = NDArray[np.float64]
IsEnough = Callable[[Floats, NDArray[np.int64]], NDArray[np.bool_]]

_SLACK = 1e-12  # a target met, or a number whole, up to rounding error is so


def checked_targets(service_level: ArrayLike | None, max_abandon: ArrayLike | None, max_occupancy: ArrayLike | None,
                    max_mean_wait_offered_s: ArrayLike | None) -> dict[str, Floats]:
    """Take the targets that were given, checked.

    Parameters
    ----------
    service_level, max_abandon, max_occupancy, max_mean_wait_offered_s : array_like of float or None
        As in `csm_lib.staff.queues.agents_needed`.

    Returns
    -------
    dict of str to ndarray of float
        By the field of `QueuePerformance` that they bound.

    Raises
    ------
    SettingError
        If none is given or one is out of its range.

    Examples
    --------
    >>> checked_targets(0.8, None, None, None)
    {'service_level': array(0.8)}
    """
    given: dict[str, Floats] = {}
    if service_level is not None:
        given["service_level"] = checked("service_level", service_level, low=0.0, high=1.0, is_low_included=False,
                                          is_high_included=False)
    if max_abandon is not None:
        given["abandon_share"] = checked("max_abandon", max_abandon, low=0.0, high=1.0, is_low_included=False)
    if max_occupancy is not None:
        given["occupancy"] = checked("max_occupancy", max_occupancy, low=0.0, high=1.0, is_low_included=False)
    if max_mean_wait_offered_s is not None:
        given["mean_wait_offered_s"] = checked("max_mean_wait_offered_s", max_mean_wait_offered_s, low=0.0,
                                                is_low_included=False)
    if not given:
        raise SettingError("targets must name at least one bound, got none. Give service_level, max_abandon, "
                           "max_occupancy or max_mean_wait_offered_s.")
    return given


def is_met(found: Mapping[str, Floats], arrivals_per_h: Floats, targets: Mapping[str, Floats]) -> NDArray[np.bool_]:
    """Tell which rows meet every target; without patience a queue that grows for ever meets none.

    Parameters
    ----------
    found : mapping of str to ndarray of float, shape (k,)
        Fields of the steady state.
    arrivals_per_h : ndarray of float, shape (k,)
    targets : mapping of str to ndarray of float, shape (k,)
        What `checked_targets` gives.

    Returns
    -------
    ndarray of bool, shape (k,)

    Examples
    --------
    >>> found = {"mean_wait_offered_s": np.array([9.0]), "service_level": np.array([0.8])}
    >>> is_met(found, np.array([60.0]), {"service_level": np.array([0.8])})
    array([ True])
    """
    enough = (arrivals_per_h == 0) | np.isfinite(found["mean_wait_offered_s"])
    for name, bound in targets.items():
        if name == "service_level":
            enough &= found[name] >= bound - _SLACK
        else:
            enough &= found[name] <= bound * (1.0 + _SLACK)
    return enough


def fewest(load: Floats, is_enough: IsEnough, *, most: Floats) -> Floats:
    """Find the fewest agents that are enough, row by row.

    Parameters
    ----------
    load : ndarray of float, shape (k,)
        Erlangs; where to start looking.
    is_enough : callable
        Takes agents and the rows they belong to, shape (m,) each, and tells which are enough. More never hurt.
    most : ndarray of float, shape (k,)
        Agents beyond which more are of no use; may be infinite.

    Returns
    -------
    ndarray of float, shape (k,)
        Infinite where not even `most` are enough.

    Notes
    -----
    From a guess near the load, steps that double until the answer is passed, then halving; only rows still open are
    asked. Half the square root of the load, the natural scale of a queue, is the first step.

    Examples
    --------
    >>> fewest(np.array([10.0]), lambda agents, rows: agents >= 13, most=np.array([np.inf]))
    array([13.])
    """
    step = np.ceil(np.sqrt(load) / 2.0 + 0.5)
    low, high = np.full(load.shape, -1.0), np.full(load.shape, np.inf)
    probe = np.where(load > 0, np.minimum(np.ceil(load + np.sqrt(load) / 2.0), most), 0.0)
    rows = np.arange(load.size)
    while rows.size:
        enough = is_enough(probe[rows], rows)
        high[rows[enough]], low[rows[~enough]] = probe[rows[enough]], probe[rows[~enough]]
        rows = rows[(high[rows] - low[rows] > 1) & (low[rows] < most[rows])]
        up, down = np.isinf(high[rows]), low[rows] < 0
        middle = np.floor((low[rows] + np.where(up, low[rows], high[rows])) / 2.0)
        further = np.minimum(low[rows] + step[rows], most[rows])
        probe[rows] = np.where(up, further, np.where(down, np.maximum(high[rows] - step[rows], 0.0), middle))
        step[rows] = np.where(up | down, step[rows] * 2.0, step[rows])
    return high


def with_shrinkage(agents: Floats, shrinkage: Floats) -> NDArray[np.int64]:
    """Give the agents to schedule so that enough of them are at work.

    Parameters
    ----------
    agents : ndarray of float, shape (k,)
        Needed at work.
    shrinkage : ndarray of float, shape (k,)
        Share of paid time in which an agent cannot answer, 0 or more, below 1.

    Returns
    -------
    ndarray of int, shape (k,)

    Examples
    --------
    >>> with_shrinkage(np.array([2.0]), np.array([0.3]))
    array([3])
    """
    return np.ceil(agents / (1.0 - shrinkage) * (1.0 - _SLACK)).astype(np.int64)
