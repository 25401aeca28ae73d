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
from csm_lib.staff.erlang import erlang_c_of, log_erlang_b
from csm_lib.staff.steady_state import steady_state, wait_quantiles

__all__ = ["QueuePerformance", "agents_needed", "erlang_b", "erlang_c", "performance"]

Floats = NDArray[np.float64]

_SLACK = 1e-12  # a target met up to rounding error is met


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
        names = ("arrivals_per_h", "handle_s", "agents", "patience_s", "wait_probability", "mean_wait_offered_s")
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

    Returns
    -------
    QueuePerformance
        Arrays of the broadcast shape. An overload without patience has an infinite wait and service level 0.

    Raises
    ------
    SettingError
        If an argument is out of its range.

    Notes
    -----
    Poisson arrivals, exponential handle times and patience (Erlang 1917; Palm 1957; Mandelbaum and Zeltyn 2007).

    Examples
    --------
    Garnett, Mandelbaum and Reiman 2002, table 1: 3.1 % abandon.

    >>> float(performance(2880, 60, 50, patience_s=120).abandon_share.round(3))
    0.031
    """
    given = {
        "arrivals_per_h": checked("arrivals_per_h", arrivals_per_h, low=0.0),
        "handle_s": checked("handle_s", handle_s, low=0.0, is_low_included=False),
        "agents": whole("agents", agents),
        "patience_s": checked("patience_s", patience_s, low=0.0, is_low_included=False, is_infinite_allowed=True),
        "threshold_s": checked("threshold_s", threshold_s, low=0.0),
    }
    columns = np.broadcast_arrays(*given.values())
    shape = columns[0].shape
    flat = [np.array(column, dtype=float).ravel() for column in columns]
    found = steady_state(*flat)
    inputs = {name: np.array(column, dtype=float) for name, column in zip(given, columns, strict=True)}
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

    Returns
    -------
    ndarray of int
        Agents to schedule: those needed at work over ``1 - shrinkage``, rounded up. 0 without arrivals. Without
        patience always above the load; with patience below it where the targets allow.

    Raises
    ------
    SettingError
        If no target is given or an argument is out of its range.

    Notes
    -----
    Every criterion improves with each agent, so halving an interval finds the minimum; one agent fewer is then tried.

    Examples
    --------
    >>> int(agents_needed(200, 180, service_level=0.8))
    14
    """
    targets = _targets(service_level, max_abandon, max_occupancy, max_mean_wait_offered_s)
    inputs = [
        checked("arrivals_per_h", arrivals_per_h, low=0.0),
        checked("handle_s", handle_s, low=0.0, is_low_included=False),
        checked("patience_s", patience_s, low=0.0, is_low_included=False, is_infinite_allowed=True),
        checked("threshold_s", threshold_s, low=0.0),
        checked("shrinkage", shrinkage, low=0.0, high=1.0, is_high_included=False),
    ]
    columns = np.broadcast_arrays(*inputs, *targets.values())
    flat = [np.array(column, dtype=float).ravel() for column in columns]
    agents = _fewest(flat[:4], dict(zip(targets, flat[5:], strict=True)))
    scheduled = np.ceil(agents / (1.0 - flat[4]) * (1.0 - _SLACK))
    return scheduled.astype(np.int64).reshape(columns[0].shape)


def erlang_b(load_erlang: ArrayLike, agents: ArrayLike) -> Floats:
    """Give the share of contacts lost when nobody can wait.

    Parameters
    ----------
    load_erlang : array_like of float
        Erlangs, 0 or more.
    agents : array_like of int
        Whole numbers, 0 or more.

    Returns
    -------
    ndarray of float
        Blocking probability.

    Raises
    ------
    SettingError
        If an argument is out of its range.

    Notes
    -----
    ``(a^n / n!) / (sum over k up to n of a^k / k!)`` (Erlang 1917).

    Examples
    --------
    >>> float(erlang_b(2, 2).round(12))
    0.4
    """
    load, n = _load_and_agents(load_erlang, agents)
    return np.exp(log_erlang_b(load.ravel(), n.ravel())).reshape(load.shape)


def erlang_c(load_erlang: ArrayLike, agents: ArrayLike) -> Floats:
    """Give the share of contacts that have to wait when everybody waits as long as it takes.

    Parameters
    ----------
    load_erlang : array_like of float
        Erlangs, 0 or more.
    agents : array_like of int
        Whole numbers, 0 or more.

    Returns
    -------
    ndarray of float
        Probability of waiting; 1 where the load reaches the agents.

    Raises
    ------
    SettingError
        If an argument is out of its range.

    Notes
    -----
    ``B / (1 - (a/n) (1 - B))`` with Erlang B's blocking probability (Erlang 1917).

    Examples
    --------
    >>> float(erlang_c(1, 2).round(6))
    0.333333
    """
    load, n = _load_and_agents(load_erlang, agents)
    return erlang_c_of(load.ravel(), n.ravel()).reshape(load.shape)


def _targets(service_level: ArrayLike | None, max_abandon: ArrayLike | None, max_occupancy: ArrayLike | None,
             max_mean_wait_offered_s: ArrayLike | None) -> dict[str, Floats]:
    """The targets that were given, checked, by the field of `QueuePerformance` that they bound."""
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


def _fewest(inputs: list[Floats], targets: dict[str, Floats]) -> Floats:
    """Fewest agents per row; `inputs` are arrivals, handle time, patience and threshold."""
    load = inputs[0] / 3600.0 * inputs[1]
    low, high = np.full(load.shape, -1.0), np.ceil(load + 2.0 * np.sqrt(load) + 1.0)
    high[load == 0] = 0.0
    open_rows = ~_is_enough(high, inputs, targets)
    while open_rows.any():
        low[open_rows], high[open_rows] = high[open_rows], high[open_rows] * 2.0
        open_rows[open_rows] = ~_is_enough(high[open_rows], [c[open_rows] for c in inputs],
                                           {name: bound[open_rows] for name, bound in targets.items()})
    while (high - low > 1).any():
        middle = np.where(high - low > 1, np.floor((low + high) / 2.0), high)
        enough = _is_enough(middle, inputs, targets)
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return high


def _is_enough(agents: Floats, inputs: list[Floats], targets: dict[str, Floats]) -> NDArray[np.bool_]:
    """Which rows meet every target; without patience a queue that grows for ever meets none."""
    arrivals_per_h, handle_s, patience_s, threshold_s = inputs
    found = steady_state(arrivals_per_h, handle_s, agents, patience_s, threshold_s)
    enough = (arrivals_per_h == 0) | np.isfinite(found["mean_wait_offered_s"])
    for name, bound in targets.items():
        if name == "service_level":
            enough &= found[name] >= bound - _SLACK
        else:
            enough &= found[name] <= bound * (1.0 + _SLACK)
    return enough


def _load_and_agents(load_erlang: ArrayLike, agents: ArrayLike) -> tuple[Floats, Floats]:
    load, n = np.broadcast_arrays(checked("load_erlang", load_erlang, low=0.0), whole("agents", agents))
    return np.array(load, dtype=float), np.array(n, dtype=float)
