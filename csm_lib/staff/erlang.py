"""The numbers beneath the queue formulas, kept stable for one agent and for a hundred thousand.

Textbook sums over states overflow, underflow or lose digits long before a large centre is reached. Here every quantity
is the integral of a positive, log-concave density, taken relative to its own peak with Gauss-Legendre nodes, or a
Poisson probability in Stirling's form. Nothing is subtracted that nearly cancels.

Let `x` be the contacts that arrive and `c` those that all agents together finish in one mean patience. A customer who
finds everybody busy meets a virtual wait (that of somebody with endless patience) whose density over
`u = wait / patience` is proportional to ``exp(-c u - x exp(-u))``. Sources: Erlang 1917; Palm 1957; Mandelbaum and
Zeltyn 2007, "Service engineering in action: the Palm/Erlang-A queue", sections 3-4.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincc

__all__ = ["Beyond", "DelayMoments", "beyond", "delay_moments", "erlang_c_of", "log_erlang_b", "log_poisson"]

Floats = NDArray[np.float64]

_DROP = 40.0  # the density is followed until it has fallen by exp(-40) = 4e-18 from its peak
_RIGHT_EDGES = np.array([0.0, 4.0, 16.0, 64.0])
_N_LEFT_PANELS = 4
_CHUNK = 2048
_NOBODY = 1e-100  # stands for no arrivals where a logarithm or a quotient needs a number
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(40)


class DelayMoments(NamedTuple):
    """What a customer who finds everybody busy has to expect; arrays of one shape.

    Attributes
    ----------
    log_mass : ndarray of float
        Log of the density's integral relative to the density's peak.
    log_delay_odds : ndarray of float
        Log of Mandelbaum and Zeltyn's A(c, x), the factor by which waiting beats losing in the odds of a delay.
    abandon_share : ndarray of float
        Share of the delayed who leave, ``E[1 - exp(-u)]``.
    answered_wait : ndarray of float
        ``E[u exp(-u)]``, in units of the patience: wait of the delayed who are answered, times their share.
    """

    log_mass: Floats
    log_delay_odds: Floats
    abandon_share: Floats
    answered_wait: Floats


class Beyond(NamedTuple):
    """The delayed whose virtual wait exceeds a bound; arrays of one shape.

    Attributes
    ----------
    log_share : ndarray of float
        Log of their share among the delayed.
    answered_share : ndarray of float
        Share of the delayed who wait longer than the bound and are answered then.
    hazard : ndarray of float
        Rate at which the virtual wait ends right after the bound, per patience.
    """

    log_share: Floats
    answered_share: Floats
    hazard: Floats


def log_erlang_b(load_erlang: Floats, agents: Floats) -> Floats:
    """Log of the blocking probability of a system that loses whom it cannot serve at once.

    Parameters
    ----------
    load_erlang : ndarray of float, shape (k,)
        Erlangs, 0 or more.
    agents : ndarray of float, shape (k,)
        Whole numbers, 0 or more.

    Returns
    -------
    ndarray of float, shape (k,)
        -inf for an empty load on at least one agent; 0 for no agents.

    Notes
    -----
    Below saturation the Poisson form ``pmf(n) / cdf(n)``; above it ``1 / B = integral of exp(-t) (1 + t/a)^n dt``
    (Fredericks 1980), whose integrand falls from its start.

    Examples
    --------
    Two agents, two erlangs: 2 / (1 + 2 + 2).

    >>> round(float(np.exp(log_erlang_b(np.array([2.0]), np.array([2.0])))[0]), 12)
    0.4
    """
    out = np.where(agents == 0, 0.0, -np.inf)
    light = (load_erlang > 0) & (agents > 0) & (load_erlang < agents)
    heavy = (agents > 0) & (load_erlang >= agents)
    a, n = load_erlang[light], agents[light]
    out[light] = log_poisson(n, a) - np.log(gammaincc(n + 1.0, a))
    a, n = load_erlang[heavy], agents[heavy]
    out[heavy] = -np.log(a) - _log_loss_integral(a, n)
    return np.minimum(out, 0.0)


def erlang_c_of(load_erlang: Floats, agents: Floats) -> Floats:
    """Probability of waiting when everybody waits as long as it takes; 1 where the load reaches the agents.

    Parameters
    ----------
    load_erlang, agents : ndarray of float, shape (k,)
        As in `log_erlang_b`.

    Returns
    -------
    ndarray of float, shape (k,)

    Examples
    --------
    >>> float(erlang_c_of(np.array([1.0]), np.array([2.0]))[0].round(6))
    0.333333
    """
    blocked = np.exp(log_erlang_b(load_erlang, agents))
    is_full = load_erlang >= agents
    spare = np.where(is_full, 1.0, agents - load_erlang + load_erlang * blocked)
    return np.where(is_full, 1.0, agents * blocked / spare)


def delay_moments(completions: Floats, arrivals: Floats) -> DelayMoments:
    """Moments of the virtual wait of the delayed when patience is exponential.

    Parameters
    ----------
    completions : ndarray of float, shape (k,)
        ``c``: contacts that all agents together finish in one mean patience; above 0.
    arrivals : ndarray of float, shape (k,)
        ``x``: contacts that arrive in one mean patience; above 0.

    Returns
    -------
    DelayMoments
        Arrays of shape (k,).

    Notes
    -----
    About its peak ``u0 = max(0, log(x/c))`` the log density falls by ``slope * v + mass * (v - 1 + exp(-v))`` with
    ``slope = max(c - x, 0)`` and ``mass = min(c, x)``, so one shape serves light, balanced and overloaded queues.

    Examples
    --------
    One agent, everything at rate one: A = 1 + 1/2 + 1/6 + ... = e - 1.

    >>> moments = delay_moments(np.array([1.0]), np.array([1.0]))
    >>> round(float(np.exp(moments.log_delay_odds)[0]), 10) == round(float(np.e - 1), 10)
    True
    """
    arrivals = np.maximum(arrivals, _NOBODY)
    out = DelayMoments(*np.empty((len(DelayMoments._fields), completions.size)))
    has_peak = arrivals > completions  # without one there is nothing left of it to integrate
    for some in (np.flatnonzero(has_peak), np.flatnonzero(~has_peak)):
        for rows in np.split(some, range(_CHUNK, some.size, _CHUNK)):
            for column, values in zip(out, _moments_of_chunk(completions[rows], arrivals[rows]), strict=True):
                column[rows] = values
    return out


def beyond(completions: Floats, arrivals: Floats, waited: Floats, moments: DelayMoments) -> Beyond:
    """Tell how many of the delayed meet a virtual wait longer than a bound, and how many of them bear it.

    Parameters
    ----------
    completions, arrivals : ndarray of float, shape (k,)
        As in `delay_moments`.
    waited : ndarray of float, shape (k,)
        The bound in units of the patience, 0 or more.
    moments : DelayMoments
        The moments of the same rows.

    Returns
    -------
    Beyond
        Arrays of shape (k,).

    Notes
    -----
    After a wait of `u` the density looks like that of a queue with ``x exp(-u)`` arrivals, shifted by `u`.

    Examples
    --------
    >>> one = np.array([1.0])
    >>> float(beyond(one, one, np.array([0.0]), delay_moments(one, one)).log_share[0])
    0.0
    """
    past_peak = np.maximum(waited - _peak(completions, arrivals), 0.0)
    fall = np.maximum(completions - arrivals, 0.0) * past_peak + np.minimum(completions, arrivals) * _bend(past_peak)
    rest = delay_moments(completions, np.maximum(arrivals * np.exp(-waited), _NOBODY))
    log_share = np.minimum(rest.log_mass - fall - moments.log_mass, 0.0)
    hazard = completions * np.exp(-np.minimum(rest.log_delay_odds, 700.0))
    return Beyond(log_share, np.exp(log_share - waited) * (1.0 - rest.abandon_share), hazard)


def _moments_of_chunk(completions: Floats, arrivals: Floats) -> DelayMoments:
    peak = _peak(completions, arrivals)
    mass, slope = np.minimum(completions, arrivals), np.maximum(completions - arrivals, 0.0)
    offset, weight = _panels(peak, mass, slope)
    fall = mass[:, None] * _bend(offset) + slope[:, None] * np.maximum(offset, 0.0)
    density = weight * np.exp(-fall)
    total = density.sum(axis=1)
    wait = np.maximum(peak[:, None] + offset, 0.0)
    abandon = (density * -np.expm1(-wait)).sum(axis=1) / total
    answered_wait = (density * wait * np.exp(-wait)).sum(axis=1) / total
    log_mass = np.log(total)
    log_delay_odds = np.log(completions) + log_mass + mass * _bend(-peak)
    return DelayMoments(log_mass, log_delay_odds, abandon, answered_wait)


def _peak(completions: Floats, arrivals: Floats) -> Floats:
    """Where the density of the virtual wait is highest: 0 unless more arrive than are finished."""
    return np.log1p(np.maximum(arrivals - completions, 0.0) / completions)


def _panels(peak: Floats, mass: Floats, slope: Floats) -> tuple[Floats, Floats]:
    """Nodes (offsets from the peak) and weights that cover all that matters, shape (k, n_nodes)."""
    third = _DROP / (3.0 * mass)
    curved = third + np.sqrt(third * third + 2.0 * _DROP / mass)
    with np.errstate(divide="ignore"):
        right = np.minimum(curved, _DROP / slope)
    depth = np.log1p(_DROP / mass + np.sqrt(2.0 * _DROP / mass))
    left = np.minimum(peak, depth)
    rising = np.linspace(-1.0, 0.0, _N_LEFT_PANELS + 1)[0 if left.any() else _N_LEFT_PANELS :] * left[:, None]
    falling = np.minimum(np.append(_RIGHT_EDGES[1:], np.inf), right[:, None])
    edges = np.concatenate([rising, falling], axis=1)
    half = np.diff(edges, axis=1)[:, :, None] / 2.0
    middle = (edges[:, :-1] + edges[:, 1:])[:, :, None] / 2.0
    shape = (peak.size, half.shape[1] * _NODES.size)
    return (middle + half * _NODES).reshape(shape), (half * _WEIGHTS).reshape(shape)


def _bend(v: Floats) -> Floats:
    """``v - 1 + exp(-v)`` without cancellation near 0."""
    series = v * v * (1 / 2 - v * (1 / 6 - v * (1 / 24 - v * (1 / 120 - v * (1 / 720 - v / 5040)))))
    return np.where(np.abs(v) < 0.01, series, v + np.expm1(-v))


def _log_excess(r: Floats) -> Floats:
    """``r - log(1 + r)`` without cancellation near 0."""
    series = r * r * (1 / 2 - r * (1 / 3 - r * (1 / 4 - r * (1 / 5 - r * (1 / 6 - r * (1 / 7 - r / 8))))))
    return np.where(np.abs(r) < 0.005, series, r - np.log1p(r))


def log_poisson(n: Floats, mean: Floats) -> Floats:
    """Log of the Poisson probability of `n`, by Stirling's series from 10 up (error below 1e-14) and exact below."""
    small = np.cumsum(np.log(np.maximum(np.arange(10.0), 1.0)))
    exact = n * np.log(mean) - mean - small[np.minimum(n, 9.0).astype(int)]
    big = np.maximum(n, 10.0)
    inverse = 1.0 / (big * big)
    series = (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse * (1 / 1680 - inverse / 1188)))) / big
    ratio = (mean - n) / np.maximum(n, 1.0)
    excess = np.where(ratio < -0.5, ratio - np.log(mean / np.maximum(n, 1.0)), _log_excess(np.maximum(ratio, -0.5)))
    stirling = -n * excess - 0.5 * np.log(2.0 * np.pi * big) - series
    return np.where(n < 10.0, exact, stirling)


def _log_loss_integral(load: Floats, agents: Floats) -> Floats:
    """Log of the integral over w > 0 of ``exp(-(a - n) w - n (w - log(1 + w)))`` for a >= n >= 1."""
    third = _DROP / agents
    right = np.minimum(third + np.sqrt(third * third + 2.0 * third), _DROP / np.maximum(load - agents, 1e-300))
    edges = np.minimum(np.array([0.0, 1.0, 4.0, 16.0, np.inf]), right[:, None])
    half = np.diff(edges, axis=1)[:, :, None] / 2.0
    shape = (load.size, half.shape[1] * _NODES.size)
    w = ((edges[:, :-1] + edges[:, 1:])[:, :, None] / 2.0 + half * _NODES).reshape(shape)
    fall = (load - agents)[:, None] * w + agents[:, None] * _log_excess(w)
    return np.log(((half * _WEIGHTS).reshape(shape) * np.exp(-fall)).sum(axis=1))
