"""The queue when patience is not exponential: a hazard for each band of the wait.

A customer who finds all agents busy meets a virtual wait whose density falls with the work that is finished and grows
with the arrivals patient enough to still be there; both have a closed form within a band, so only one integral is left.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from csm_lib.staff.arguments import checked
from csm_lib.staff.erlang import log_erlang_b

__all__ = ["performance_in_bands"]

Floats = NDArray[np.float64]

_N_PANELS = 120
_DROP = 40.0
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(6)
_N_HALVINGS = 60
_CHUNK = 512


def performance_in_bands(arrivals_per_h: Floats, handle_s: Floats, agents: Floats, *, starts_s: Floats,
                         hazards_per_s: Floats, threshold_s: float = 20.0) -> dict[str, Floats]:
    """Compute the steady state of a queue whose customers leave at a rate that depends on how long they waited.

    Parameters
    ----------
    arrivals_per_h, handle_s, agents : ndarray of float, shape (k,)
        As in `csm_lib.staff.queues.performance`.
    starts_s : ndarray of float, shape (n_bands,)
        Where each band of the wait starts; the first at 0, rising. The last has no end.
    hazards_per_s : ndarray of float, shape (n_bands,)
        Rate of leaving in each band, 0 or more; the last above 0.
    threshold_s : float, default 20

    Returns
    -------
    dict of str to ndarray of float, shape (k,)
        `wait_probability`, `abandon_share`, `service_level`, `mean_wait_offered_s`.

    Notes
    -----
    M/M/n+G: Baccelli and Hebuterne 1981; Zeltyn and Mandelbaum 2005. Gauss-Legendre over panels between the points
    where the density has fallen by exp(-40) from its peak.

    Examples
    --------
    One band is Erlang A; Garnett, Mandelbaum and Reiman 2002, table 1: 3.1 % abandon.

    >>> columns = [np.array([value]) for value in (2880.0, 60.0, 50.0)]
    >>> found = performance_in_bands(*columns, starts_s=np.zeros(1), hazards_per_s=np.array([1 / 120]))
    >>> float(found["abandon_share"][0].round(3))
    0.031
    """
    bands = _Bands(starts_s, hazards_per_s)
    limit = float(checked("threshold_s", threshold_s, low=0.0))
    out = {name: np.zeros(arrivals_per_h.shape) for name in ("wait_probability", "abandon_share",
                                                             "mean_wait_offered_s")}
    out["service_level"] = np.ones(arrivals_per_h.shape)
    closed = (arrivals_per_h > 0) & (agents == 0)
    for name, value in (("wait_probability", 1.0), ("abandon_share", 1.0), ("service_level", 0.0),
                        ("mean_wait_offered_s", bands.mean_s)):
        out[name][closed] = value
    rows = np.flatnonzero((arrivals_per_h > 0) & (agents > 0))
    for some in np.split(rows, range(_CHUNK, rows.size, _CHUNK)):
        if some.size:
            for name, values in _of_chunk(arrivals_per_h[some] / 3600.0, handle_s[some], agents[some], bands,
                                          limit).items():
                out[name][some] = values
    return out


class _Bands:
    """The law of patience: who bears a wait, and how much of it is waited on average."""

    def __init__(self, starts_s: Floats, hazards_per_s: Floats) -> None:
        self.starts, self.hazards = np.asarray(starts_s, dtype=float), np.asarray(hazards_per_s, dtype=float)
        gone = self.hazards[:-1] * np.diff(self.starts)
        self.log_bears = np.concatenate([[0.0], -np.cumsum(gone)])
        spent = np.exp(self.log_bears[:-1]) * self._within(self.hazards[:-1], np.diff(self.starts))
        self.waited = np.concatenate([[0.0], np.cumsum(spent)])
        self.mean_s = float(self.waited[-1] + np.exp(self.log_bears[-1]) / self.hazards[-1])

    @staticmethod
    def _within(hazard: Floats, span: Floats) -> Floats:
        """Mean time waited within a band of that span by those who enter it."""
        safe = np.where(hazard > 0, hazard, 1.0)
        return np.where(hazard > 0, -np.expm1(-safe * span) / safe, span)

    def at(self, wait_s: Floats) -> tuple[Floats, Floats]:
        """Share that bears a wait, and the mean of the lesser of patience and that wait."""
        band = np.searchsorted(self.starts, wait_s, side="right") - 1
        span, hazard = wait_s - self.starts[band], self.hazards[band]
        entered = np.exp(self.log_bears[band])
        return entered * np.exp(-hazard * span), self.waited[band] + entered * self._within(hazard, span)


def _of_chunk(per_s: Floats, handle_s: Floats, agents: Floats, bands: _Bands, threshold_s: float) -> dict[str, Floats]:
    finish_per_s = agents / handle_s

    def log_density(wait_s: Floats) -> Floats:
        return per_s[:, None] * bands.at(wait_s)[1] - finish_per_s[:, None] * wait_s

    edges, top = _edges(log_density, per_s, finish_per_s, bands)
    inner = np.broadcast_to(np.append(bands.starts, threshold_s), (per_s.size, bands.starts.size + 1))
    edges = np.sort(np.concatenate([edges, np.clip(inner, edges[:, :1], edges[:, -1:])], axis=1), axis=1)
    half = np.diff(edges, axis=1)[:, :, None] / 2.0
    wait_s = ((edges[:, :-1] + edges[:, 1:])[:, :, None] / 2.0 + half * _NODES).reshape(per_s.size, -1)
    weight = (half * _WEIGHTS).reshape(per_s.size, -1)
    density = weight * np.exp(log_density(wait_s) - top[:, None])
    bears, waited = bands.at(wait_s)
    total = density.sum(axis=1)
    # Mandelbaum and Zeltyn's A, for any law of patience, times the odds of finding everybody busy
    log_b = log_erlang_b(per_s * handle_s, agents)
    log_odds = np.log(finish_per_s * total) + top + log_b - np.log(-np.expm1(log_b))
    p = 1.0 / (1.0 + np.exp(-np.clip(log_odds, -700.0, 700.0)))
    abandon = p * (density * (1.0 - bears)).sum(axis=1) / total
    late = p * (density * bears * (wait_s > threshold_s)).sum(axis=1) / total
    return {"wait_probability": p, "abandon_share": abandon, "service_level": np.clip(1.0 - abandon - late, 0.0, 1.0),
            "mean_wait_offered_s": p * (density * waited).sum(axis=1) / total}


def _edges(log_density: Callable[[Floats], Floats], per_s: Floats, finish_per_s: Floats,
           bands: _Bands) -> tuple[Floats, Floats]:
    """Panels that cover all that matters of the density, and its peak's height."""
    zero = np.zeros(per_s.size)

    def split(low: Floats, high: Floats, is_right_of: Callable[[Floats], NDArray[np.bool_]]) -> Floats:
        for _ in range(_N_HALVINGS):
            middle = (low + high) / 2.0
            beyond = is_right_of(middle)
            low, high = np.where(beyond, low, middle), np.where(beyond, middle, high)
        return (low + high) / 2.0

    def falls(wait_s: Floats) -> NDArray[np.bool_]:
        return per_s * bands.at(wait_s)[0] <= finish_per_s

    far = np.full(per_s.size, 1.0)
    while not (ok := falls(far)).all():
        far = np.where(ok, far, far * 2.0)
    peak = np.where(falls(zero), 0.0, split(zero, far, falls))
    top = log_density(peak[:, None])[:, 0]

    def has_dropped(wait_s: Floats) -> NDArray[np.bool_]:
        return log_density(wait_s[:, None])[:, 0] < top - _DROP

    far = peak + 1.0
    while not (ok := has_dropped(far)).all():
        far = np.where(ok, far, peak + (far - peak) * 2.0)
    right = split(peak, far, has_dropped)
    left = np.where(has_dropped(zero), split(zero, peak, lambda wait_s: ~has_dropped(wait_s)), 0.0)
    steps = np.linspace(0.0, 1.0, _N_PANELS // 2 + 1)
    rising = left[:, None] + (peak - left)[:, None] * steps[:-1]
    falling = peak[:, None] + (right - peak)[:, None] * steps**2  # finer where the density is high
    return np.concatenate([rising, falling], axis=1), top
