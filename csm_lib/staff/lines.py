"""A queue with a finite number of lines: who finds none free is turned away and never waits.

Between the last idle agent and the last free line the queue is a birth-and-death chain of few states, so every
quantity is a finite sum; how long somebody waits with so many ahead has a closed form. The states in which an agent is
idle enter through Erlang's B alone, so that large centres cost no more than small ones.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, gammainc

from csm_lib.staff.erlang import log_erlang_b

__all__ = ["finite_lines", "finite_quantiles"]

Floats = NDArray[np.float64]

_MAX_CELLS = 2_000_000
_N_HALVINGS = 100


class _Chain(NamedTuple):
    """Share of arrivals that find each number waiting while all agents are busy; shape (k, room + 1)."""

    share: Floats  # 0 beyond the row's own room
    is_let_in: NDArray[np.bool_]
    ahead: Floats  # shape (room + 1,)


def finite_lines(load: Floats, handle_s: Floats, agents: Floats, patience_s: Floats, threshold_s: Floats,
                 lines: Floats) -> dict[str, Floats]:
    """Compute the steady state where lines are finite.

    Parameters
    ----------
    load, handle_s, agents, patience_s, threshold_s : ndarray of float, shape (k,)
        Erlangs above 0, seconds, whole numbers, seconds (infinite allowed), seconds.
    lines : ndarray of float, shape (k,)
        Whole numbers, 0 or more: contacts that fit in, those being handled included.

    Returns
    -------
    dict of str to ndarray of float, shape (k,)
        Fields of `QueuePerformance`; all shares are of the offered, the blocked included.

    Notes
    -----
    With `j` ahead the virtual wait is the sum of ``j + 1`` exponential times whose rates rise by the hazard of
    patience: an order statistic, so its distribution is an incomplete beta function (gamma without patience). Source of
    the chain: Ancker and Gafarian 1962; Garnett, Mandelbaum and Reiman 2002, section 2.

    Examples
    --------
    As many lines as agents: Erlang B, 2 / (1 + 2 + 2).

    >>> columns = [np.array([value]) for value in (2.0, 60.0, 2.0, np.inf, 20.0, 2.0)]
    >>> float(finite_lines(*columns)["blocked_share"][0].round(12))
    0.4
    """
    columns = (load, handle_s, agents, patience_s, threshold_s, lines)
    names = ("wait_probability", "mean_wait_offered_s", "mean_wait_answered_s", "abandon_share", "service_level",
             "service_level_of_answered", "virtual_service_level", "blocked_share")
    out = {name: np.empty(load.shape) for name in names}
    for rows in _chunks(agents, lines):
        for name, values in _of_chunk(*(column[rows] for column in columns)).items():
            out[name][rows] = values
    return out


def finite_quantiles(excess_share: Floats, load: Floats, handle_s: Floats, agents: Floats, patience_s: Floats,
                     lines: Floats) -> Floats:
    """Find the waits of the offered that a share `excess_share` exceeds; the blocked wait 0 seconds.

    Parameters
    ----------
    excess_share : ndarray of float, shape (k,)
        0 to 1.
    load, handle_s, agents, patience_s, lines : ndarray of float, shape (k,)
        As in `finite_lines`.

    Returns
    -------
    ndarray of float, shape (k,)
        Seconds.

    Examples
    --------
    >>> columns = [np.array([value]) for value in (0.5, 2.0, 60.0, 2.0, np.inf, 2.0)]
    >>> finite_quantiles(*columns)
    array([0.])
    """
    out = np.zeros(load.shape)
    for rows in _chunks(agents, lines):
        load_, handle, n, patience, k = (c[rows] for c in (load, handle_s, agents, patience_s, lines))
        chain = _chain(load_, handle, n, patience, k)
        wanted, served = excess_share[rows], np.minimum(n, k)

        def longer(t: Floats, chain: _Chain = chain, handle: Floats = handle, served: Floats = served,
                   patience: Floats = patience) -> Floats:
            late = 1.0 - _answered_by(t, handle, served, patience, chain.ahead, is_virtual=True)
            return (chain.share * chain.is_let_in * late).sum(axis=1) * np.exp(-t / patience)

        waits = longer(np.zeros(wanted.shape)) > wanted
        low, high = np.zeros(wanted.shape), handle.copy()
        with np.errstate(over="ignore"):
            while (too_short := waits & (longer(np.minimum(high, 1e300)) > wanted) & (high < 1e300)).any():
                high[too_short] *= 4.0
        for _ in range(_N_HALVINGS):
            middle = (low + high) / 2.0
            above = longer(middle) > wanted
            low, high = np.where(above, middle, low), np.where(above, high, middle)
        never = waits & ((wanted == 0) | ((served == 0) & np.isinf(patience)))
        out[rows] = np.where(never, np.inf, np.where(waits, high, 0.0))
    return out


def _chunks(agents: Floats, lines: Floats) -> list[NDArray[np.int64]]:
    """Rows in order of their room, in groups whose matrix stays small."""
    room = np.maximum(lines - agents, 0.0)
    order = np.argsort(room)
    chunks, start = [], 0
    while start < order.size:
        stop = order.size
        while stop > start + 1 and (stop - start) * (room[order[stop - 1]] + 1) > _MAX_CELLS:
            stop = start + (stop - start) // 2
        chunks.append(order[start:stop])
        start = stop
    return chunks


def _chain(load: Floats, handle_s: Floats, agents: Floats, patience_s: Floats, lines: Floats) -> _Chain:
    served = np.minimum(agents, lines)
    room = lines - served
    ahead = np.arange(int(room.max(initial=0.0)) + 1, dtype=float)
    with np.errstate(divide="ignore"):
        leave = served[:, None] + ahead[1:] * (handle_s / patience_s)[:, None]
        steps = np.log(load)[:, None] - np.log(leave)
    log_weight = np.concatenate([np.zeros((load.size, 1)), np.cumsum(steps, axis=1)], axis=1)
    log_weight[ahead > room[:, None]] = -np.inf
    # nobody at work and endless patience: once full, for ever full
    stuck = (served == 0) & np.isinf(patience_s) & (room > 0)
    log_weight[stuck] = np.where(ahead == room[stuck][:, None], 0.0, -np.inf)
    log_b = log_erlang_b(load, served)
    with np.errstate(divide="ignore"):
        log_idle = np.log(-np.expm1(log_b)) - log_b
    peak = np.maximum(log_weight.max(axis=1), log_idle)
    weight = np.exp(log_weight - peak[:, None])
    share = weight / (np.exp(log_idle - peak) + weight.sum(axis=1))[:, None]
    return _Chain(share, ahead < room[:, None], ahead)


def _of_chunk(load: Floats, handle_s: Floats, agents: Floats, patience_s: Floats, threshold_s: Floats,
              lines: Floats) -> dict[str, Floats]:
    chain = _chain(load, handle_s, agents, patience_s, lines)
    served, place = np.minimum(agents, lines), chain.ahead + 1.0
    waiting = chain.share * chain.is_let_in
    scale = handle_s / patience_s
    with np.errstate(divide="ignore", invalid="ignore"):
        leave = served[:, None] + place * scale[:, None]
        bears = np.where(leave > 0, served[:, None] / leave, 0.0)
        wait_s = handle_s[:, None] * np.cumsum(1.0 / leave, axis=1)
    p, blocked = waiting.sum(axis=1), (chain.share * ~chain.is_let_in).sum(axis=1)
    abandon = (waiting * place * scale[:, None] / np.where(leave > 0, leave, 1.0)).sum(axis=1)
    idle = np.maximum(1.0 - chain.share.sum(axis=1), 0.0)
    queue = (chain.share * chain.ahead).sum(axis=1)
    answered = idle + (waiting * bears).sum(axis=1)
    is_answered = answered > 0
    in_time = idle + (waiting * _answered_by(threshold_s, handle_s, served, patience_s, chain.ahead)).sum(axis=1)
    virtual = _answered_by(threshold_s, handle_s, served, patience_s, chain.ahead, is_virtual=True)
    whole = np.where(is_answered, answered, 1.0)
    stuck = (served == 0) & np.isinf(patience_s) & (lines > 0)
    answered_wait = np.where(waiting * bears > 0, waiting * bears * np.where(bears > 0, wait_s, 0.0), 0.0).sum(axis=1)
    return {"wait_probability": p, "blocked_share": blocked, "abandon_share": abandon,
            "mean_wait_offered_s": np.where(stuck, np.inf, queue * handle_s / load),
            "mean_wait_answered_s": np.where(is_answered, answered_wait / whole, np.nan), "service_level": in_time,
            "service_level_of_answered": np.where(is_answered, np.minimum(in_time / whole, 1.0), np.nan),
            "virtual_service_level": idle + (waiting * virtual).sum(axis=1)}


def _answered_by(t: Floats, handle_s: Floats, served: Floats, patience_s: Floats, ahead: Floats, *,
                 is_virtual: bool = False) -> Floats:
    """Probability that somebody with `ahead` in front is answered by `t` (virtual: with endless patience of their own).

    Shape (k, n_ahead).
    """
    place, staffed = ahead + 1.0, np.maximum(served, 1.0)[:, None]
    with np.errstate(over="ignore", invalid="ignore"):
        c = staffed * (patience_s / handle_s)[:, None]
        own = 0.0 if is_virtual else 1.0
        gone = -np.expm1(-t / patience_s)[:, None]
        endless = np.isinf(patience_s)[:, None]
        finite_c = np.where(endless, 1.0, c)
        impatient = finite_c / (finite_c + own * place) * betainc(place, finite_c + own, gone)
    patient = gammainc(place, staffed * (t / handle_s)[:, None])
    return np.where(served[:, None] > 0, np.where(endless, patient, impatient), 0.0)
