"""The steady state of a first-come-first-served queue, one model per kind of row.

A row is a queue with its arrivals, handle time, agents, patience and threshold. Rows without patience below saturation
follow Erlang C, rows with patience Erlang A; overloads without patience, rows with nobody at work and rows with a
finite number of lines have answers of their own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from csm_lib.staff.erlang import beyond, delay_moments, log_erlang_b
from csm_lib.staff.lines import finite_lines, finite_quantiles
from csm_lib.staff.retrials import attempts_per_h

__all__ = ["steady_state", "wait_quantiles", "waiting_line"]

Floats = NDArray[np.float64]

_MAX_STEPS = 60


def steady_state(arrivals_per_h: Floats, handle_s: Floats, agents: Floats, patience_s: Floats, threshold_s: Floats,
                 retrial_share: Floats, lines: Floats) -> dict[str, Floats]:
    """Compute every field of `QueuePerformance` that is not an argument.

    Parameters
    ----------
    arrivals_per_h, handle_s, agents, patience_s, threshold_s, retrial_share, lines : ndarray of float, shape (k,)
        Checked arguments of `csm_lib.staff.queues.performance`; `lines` infinite where there is no bound.

    Returns
    -------
    dict of str to ndarray of float, shape (k,)
        By the field's name.

    Examples
    --------
    >>> columns = [np.array([value]) for value in (60.0, 60.0, 2.0, np.inf, 20.0, 0.0, np.inf)]
    >>> float(steady_state(*columns)["occupancy"][0])
    0.5
    """
    queue = (handle_s, agents, patience_s, threshold_s, lines)
    again = (retrial_share > 0) & (arrivals_per_h > 0) & (np.isfinite(patience_s) | np.isfinite(lines))
    attempts = arrivals_per_h.copy()
    if again.any():
        columns = [column[again] for column in queue]

        def lost_share(attempts_: Floats) -> Floats:
            found = _of_attempts(attempts_, *columns)
            return found["abandon_share"] + found["blocked_share"]

        attempts[again] = attempts_per_h(arrivals_per_h[again], retrial_share[again], lost_share)
    return _of_attempts(attempts, *queue) | {"attempts_per_h": attempts}


def _of_attempts(arrivals_per_h: Floats, handle_s: Floats, agents: Floats, patience_s: Floats, threshold_s: Floats,
                 lines: Floats) -> dict[str, Floats]:
    """The steady state when the arrivals are all attempts there are."""
    per_s = arrivals_per_h / 3600.0
    load = per_s * handle_s
    out = {name: np.zeros(load.shape) for name in ("wait_probability", "mean_wait_offered_s", "mean_wait_answered_s",
                                                   "abandon_share", "blocked_share")}
    out |= {name: np.ones(load.shape) for name in ("service_level", "service_level_of_answered",
                                                   "virtual_service_level")}
    busy = load > 0
    open_ended = np.isinf(lines)
    for rows, model in ((busy & open_ended, _open_ended), (busy & ~open_ended, finite_lines)):
        if rows.any():
            columns = (load, handle_s, agents, patience_s, threshold_s, lines)
            for name, values in model(*(column[rows] for column in columns)).items():
                out[name][rows] = values
    staffed = np.where(agents > 0, agents, 1.0)
    served = 1.0 - out["abandon_share"] - out["blocked_share"]
    worked = np.where(agents > 0, load * served / staffed, np.where(busy, 1.0, 0.0))
    out |= {"load_erlang": load, "occupancy": np.clip(worked, 0.0, 1.0)}
    out["queue_length"] = np.where(busy, per_s * out["mean_wait_offered_s"], 0.0)
    return out


def _open_ended(load: Floats, handle_s: Floats, agents: Floats, patience_s: Floats, threshold_s: Floats,
                _: Floats) -> dict[str, Floats]:
    """Room for everybody: Erlang C and Erlang A, as many contacts at once as agents."""
    return waiting_line(load, agents, handle_s, log_erlang_b(load, agents), patience_s, threshold_s)


def waiting_line(load: Floats, capacity: Floats, handle_s: Floats, log_blocked: Floats, patience_s: Floats,
                 threshold_s: Floats) -> dict[str, Floats]:
    """What customers meet in a line with room for all, whoever serves it.

    Parameters
    ----------
    load, capacity : ndarray of float, shape (k,)
        Arrivals, and contacts finished while somebody waits, per handle time; the first above 0.
    handle_s : ndarray of float, shape (k,)
        Seconds, above 0.
    log_blocked : ndarray of float, shape (k,)
        Log of the share that would be lost if nobody could wait; it says all that matters of the time without a line.
    patience_s, threshold_s : ndarray of float, shape (k,)
        Seconds; patience may be infinite.

    Returns
    -------
    dict of str to ndarray of float, shape (k,)
        Fields of `QueuePerformance` about customers.

    Examples
    --------
    One agent, everything at rate one: 1/e of all hang up.

    >>> one = np.array([1.0])
    >>> float(waiting_line(one, one, one, np.log(one / 2), one, one)["abandon_share"][0].round(6))
    0.367879
    """
    names = ("wait_probability", "mean_wait_offered_s", "mean_wait_answered_s", "abandon_share", "service_level",
             "service_level_of_answered", "virtual_service_level")
    out = {name: np.zeros(load.shape) for name in names}
    endless = np.isinf(patience_s)
    for rows, model in (
        (endless & (load < capacity), _patient),
        (endless & (load >= capacity), _overloaded),
        (~endless & (capacity > 0), _impatient),
        (~endless & (capacity == 0), _unstaffed),
    ):
        if rows.any():
            columns = (load, capacity, handle_s, log_blocked, patience_s, threshold_s)
            for name, values in model(*(column[rows] for column in columns)).items():
                out[name][rows] = values
    return out


def _patient(load: Floats, capacity: Floats, handle_s: Floats, log_blocked: Floats, _: Floats,
             threshold_s: Floats) -> dict[str, Floats]:
    """Nobody hangs up, no overload: the wait of the delayed is exponential."""
    blocked = np.exp(log_blocked)
    p = capacity * blocked / (capacity - load + load * blocked)
    drain_per_s = (capacity - load) / handle_s
    late = p * np.exp(-drain_per_s * threshold_s)
    wait = p / drain_per_s
    return {"wait_probability": p, "mean_wait_offered_s": wait, "mean_wait_answered_s": wait, "service_level": 1 - late,
            "service_level_of_answered": 1 - late, "virtual_service_level": 1 - late}


def _overloaded(load: Floats, *_: Floats) -> dict[str, Floats]:
    """Nobody hangs up and more arrive than are finished: the queue grows for ever."""
    endless, nobody = np.full(load.shape, np.inf), np.zeros(load.shape)
    return {"wait_probability": np.ones(load.shape), "mean_wait_offered_s": endless, "mean_wait_answered_s": endless,
            "service_level": nobody, "service_level_of_answered": nobody, "virtual_service_level": nobody}


def _unstaffed(load: Floats, _capacity: Floats, _handle: Floats, _blocked: Floats, patience_s: Floats,
               _threshold: Floats) -> dict[str, Floats]:
    """Nobody at work: everybody waits for as long as patience lasts."""
    everybody, nobody, undefined = np.ones(load.shape), np.zeros(load.shape), np.full(load.shape, np.nan)
    return {"wait_probability": everybody, "mean_wait_offered_s": patience_s, "mean_wait_answered_s": undefined,
            "abandon_share": everybody, "service_level": nobody, "service_level_of_answered": undefined,
            "virtual_service_level": nobody}


def _impatient(load: Floats, capacity: Floats, handle_s: Floats, log_blocked: Floats, patience_s: Floats,
               threshold_s: Floats) -> dict[str, Floats]:
    """Erlang A: Mandelbaum and Zeltyn 2007, section 4, from the density of the virtual wait."""
    scale = patience_s / handle_s
    c, x = capacity * scale, load * scale
    moments = delay_moments(c, x)
    p = _delay_probability(log_blocked, moments.log_delay_odds)
    late = beyond(c, x, threshold_s / patience_s, moments)
    abandon = p * moments.abandon_share
    answered = 1.0 - abandon
    in_time = np.clip(1.0 - abandon - p * late.answered_share, 0.0, 1.0)
    return {"wait_probability": p, "abandon_share": abandon, "mean_wait_offered_s": patience_s * abandon,
            "mean_wait_answered_s": patience_s * p * moments.answered_wait / answered, "service_level": in_time,
            "service_level_of_answered": np.minimum(in_time / answered, 1.0),
            "virtual_service_level": 1.0 - p * np.exp(late.log_share)}


def _delay_probability(log_b: Floats, log_delay_odds: Floats) -> Floats:
    """``A B / (1 - B + A B)`` in logs, so that neither a rare delay nor a huge `A` breaks it."""
    with np.errstate(divide="ignore"):
        log_odds = log_delay_odds + log_b - np.log(-np.expm1(log_b))
    return 1.0 / (1.0 + np.exp(-np.clip(log_odds, -700.0, 700.0)))


def wait_quantiles(q: Floats, arrivals_per_h: Floats, handle_s: Floats, agents: Floats, patience_s: Floats, p: Floats,
                   mean_wait_s: Floats, lines: Floats) -> Floats:
    """Find the actual waits of the offered at quantiles.

    Parameters
    ----------
    q : ndarray of float, shape (k,)
        Shares, 0 to 1.
    arrivals_per_h, handle_s, agents, patience_s : ndarray of float, shape (k,)
        The queue.
    p, mean_wait_s : ndarray of float, shape (k,)
        Its probability of waiting and the mean wait of all offered in seconds.
    lines : ndarray of float, shape (k,)
        Contacts that fit in; may be infinite.

    Returns
    -------
    ndarray of float, shape (k,)
        Seconds.

    Examples
    --------
    >>> columns = [np.array([value]) for value in (0.4, 60.0, 60.0, 2.0, np.inf, 1 / 3, 20.0, np.inf)]
    >>> wait_quantiles(*columns)
    array([0.])
    """
    with np.errstate(divide="ignore"):
        excess = np.where(p > 0, np.log(np.maximum(p, 1e-300)) - np.log1p(-q), -np.inf)
    out = np.where((excess > 0) & np.isinf(mean_wait_s), np.inf, 0.0)
    patient = (excess > 0) & np.isinf(patience_s) & np.isfinite(mean_wait_s)
    # all waits of Erlang C are p times an exponential one, whose mean is that of all offered over p
    out[patient] = excess[patient] * mean_wait_s[patient] / p[patient]
    out[(excess > 0) & np.isinf(excess)] = np.inf
    unstaffed = (excess > 0) & np.isfinite(patience_s) & (agents == 0)
    out[unstaffed] = excess[unstaffed] * patience_s[unstaffed]
    rows = (excess > 0) & np.isfinite(excess) & np.isfinite(patience_s) & (agents > 0) & np.isinf(lines)
    if rows.any():
        scale = patience_s[rows] / handle_s[rows]
        load = arrivals_per_h[rows] / 3600.0 * handle_s[rows]
        out[rows] = patience_s[rows] * _newton(agents[rows] * scale, load * scale, excess[rows])
    bounded = np.isfinite(lines) & (arrivals_per_h > 0)
    if bounded.any():
        load = arrivals_per_h[bounded] / 3600.0 * handle_s[bounded]
        columns = (column[bounded] for column in (handle_s, agents, patience_s, lines))
        out[bounded] = finite_quantiles(1.0 - q[bounded], load, *columns)
    return out


def _newton(completions: Floats, arrivals: Floats, excess: Floats) -> Floats:
    """Wait, in units of the patience, at which ``log P(V > u | delayed) - u`` falls to ``-excess``.

    The hazard of the virtual wait only rises, so the function is concave: Newton's steps come down on the root from the
    right and never pass it, and the hazard at 0 gives a first point.
    """
    moments = delay_moments(completions, arrivals)
    wait = excess / (1.0 + beyond(completions, arrivals, np.zeros(excess.shape), moments).hazard)
    for _ in range(_MAX_STEPS):
        at = beyond(completions, arrivals, wait, moments)
        step = (at.log_share - wait + excess) / (at.hazard + 1.0)
        wait = np.maximum(wait + step, 0.0)
        if (np.abs(step) <= 1e-13 * wait).all():
            break
    return wait
