"""Whether a queue meets its targets, decided fast for a whole week.

The search for the fewest agents asks that question many times and needs only yes or no. Incomplete gamma functions
answer it in a microsecond, to seven digits or more; where they would underflow, or where a value lies too near its
bound for that to decide, the exact steady state is asked.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainc, gammaincc, gammaln

from csm_lib.staff.erlang import log_poisson
from csm_lib.staff.steady_state import steady_state
from csm_lib.staff.targets import is_met

__all__ = ["is_enough", "quick_fields"]

Floats = NDArray[np.float64]

_UNSURE = 1e-6  # a value this near its bound is computed exactly
_LEAST = 1e-250  # below, an incomplete gamma function has no digits to spare
_MOST = 1e5  # above, a small share of abandonments is a difference of nearly equal numbers


def is_enough(agents: Floats, queue: tuple[Floats, ...], targets: Mapping[str, Floats]) -> NDArray[np.bool_]:
    """Tell which queues meet every target; without patience one that grows for ever meets none.

    Parameters
    ----------
    agents : ndarray of float, shape (k,)
    queue : tuple of ndarray of float, shape (k,)
        Arrivals per hour, handle time, patience, threshold, share who try again, lines.
    targets : mapping of str to ndarray of float, shape (k,)
        By the field of `QueuePerformance` that they bound.

    Returns
    -------
    ndarray of bool, shape (k,)

    Examples
    --------
    >>> queue = tuple(np.array([value]) for value in (200.0, 180.0, np.inf, 20.0, 0.0, np.inf))
    >>> is_enough(np.array([14.0]), queue, {"service_level": np.array([0.8])})
    array([ True])
    """
    arrivals_per_h, handle_s, patience_s, threshold_s, retrial_share, lines = queue
    plain = (retrial_share == 0) & np.isinf(lines) & np.isfinite(patience_s) & (agents > 0) & (arrivals_per_h > 0)
    out, unsure = np.zeros(agents.shape, dtype=bool), ~plain
    rows = np.flatnonzero(plain)
    if rows.size:
        found = quick_fields(*(column[rows] for column in (arrivals_per_h, handle_s, agents, patience_s, threshold_s)))
        margin = np.full(rows.shape, np.inf)
        for name, bounds in targets.items():
            bound = bounds[rows]
            spare = found[name] - bound if name == "service_level" else 1.0 - found[name] / bound
            margin = np.minimum(margin, spare)  # NaN where the quick way has no answer
        out[rows] = margin > 0
        unsure[rows] = ~(np.abs(margin) > _UNSURE)
    if unsure.any():
        exact = [column[unsure] for column in (arrivals_per_h, handle_s, agents, patience_s, threshold_s, retrial_share,
                                               lines)]
        out[unsure] = is_met(steady_state(*exact), exact[0], {name: b[unsure] for name, b in targets.items()})
    return out


def quick_fields(arrivals_per_h: Floats, handle_s: Floats, agents: Floats, patience_s: Floats,
                 threshold_s: Floats) -> dict[str, Floats]:
    """Compute what targets can bound, for queues with patience.

    Parameters
    ----------
    arrivals_per_h, handle_s, agents, patience_s, threshold_s : ndarray of float, shape (k,)
        As in `steady_state`, all above 0 but the threshold; patience finite.

    Returns
    -------
    dict of str to ndarray of float, shape (k,)
        `service_level`, `abandon_share`, `occupancy`, `mean_wait_offered_s`; NaN where this way has no digits.

    Notes
    -----
    With ``c`` completions and ``x`` arrivals in one mean patience the integral over the virtual wait beyond `u` is
    ``x^-c gamma(c, x exp(-u))``, and Mandelbaum and Zeltyn's A is the chance of at most `x` under a gamma law over
    Poisson's probability of `c`.

    Examples
    --------
    >>> columns = [np.array([value]) for value in (2880.0, 60.0, 50.0, 120.0, 20.0)]
    >>> float(quick_fields(*columns)["abandon_share"][0].round(3))
    0.031
    """
    load = arrivals_per_h / 3600.0 * handle_s
    scale = patience_s / handle_s
    c, x = agents * scale, load * scale
    later = x * np.exp(-threshold_s / patience_s)
    mass, idle = gammainc(c, x), gammaincc(agents, load)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        delay_odds = mass / np.exp(_log_poisson_of(c, x))  # Mandelbaum and Zeltyn's A
        pmf = np.exp(log_poisson(agents, load))
        p = delay_odds * pmf / (idle + delay_odds * pmf)
        answered = c / x * gammainc(c + 1.0, x) / mass  # of the delayed
        late = c / x * gammainc(c + 1.0, later) / mass
        has_digits = (mass > _LEAST) & (idle > _LEAST) & (pmf > _LEAST) & (np.maximum(c, x) < _MOST)
        abandon = np.where(has_digits, p * (1.0 - answered), np.nan)
        in_time = 1.0 - abandon - p * late
    return {"service_level": in_time, "abandon_share": abandon, "occupancy": load * (1.0 - abandon) / agents,
            "mean_wait_offered_s": patience_s * abandon}


def _log_poisson_of(c: Floats, mean: Floats) -> Floats:
    """Log of Poisson's probability of `c`, which need not be whole."""
    with np.errstate(divide="ignore"):
        small = c * np.log(mean) - mean - gammaln(c + 1.0)
    return np.where(c < 10.0, small, log_poisson(np.maximum(c, 10.0), mean))
