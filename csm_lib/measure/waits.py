"""The wait that customers would have had: abandonments end the wait we see, not the wait they faced.

A customer who hung up after a minute faced at least a minute. Leaving such waits out, or counting them as waits that
ended, makes a queue that drives people away look fast. Busy hours have both longer waits and other customers, so
the wait is estimated within bands (hours of the day) and combined.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from csm_lib.errors import SettingError
from csm_lib.measure.arguments import check_level
from csm_lib.measure.clusters import FEWEST_CLUSTERS, NOTHING
from csm_lib.measure.survival import first_time_at, quantile_name, spells_of
from csm_lib.results import Estimate

__all__ = ["virtual_wait", "virtually_in_time"]

Floats = NDArray[np.float64]


def virtual_wait(
    waits_s: ArrayLike,
    is_answered: ArrayLike,
    *,
    bands: ArrayLike,
    share: float = 0.5,
    clusters: ArrayLike | None = None,
    level: float = 0.95,
) -> Estimate:
    """Estimate the wait within which a share would be answered if nobody gave up.

    Parameters
    ----------
    waits_s : array_like of float, shape (n_offered,), ≥ 0, seconds
        Queue entry to answer, abandonment, or the last look.
    is_answered : array_like of bool, shape (n_offered,)
        False where the customer left or still waits: the wait they faced is longer.
    bands : array_like, shape (n_offered,)
        What makes waits alike, as the hour of the day; leaving depends on the wait only within a band.
    share : float, 0–1
    clusters : array_like, shape (n_offered,), optional
        Local days; rows are taken as independent without.
    level : float, 0–1

    Returns
    -------
    Estimate
        Seconds. Not reached: value ∞, and `method` says 'more than' the longest wait that ended in an answer.

    Raises
    ------
    SettingError
        If a wait is missing or negative, lengths differ or the share does not lie between 0 and 1.

    Notes
    -----
    Kaplan–Meier in each band, weighted by the band's share of the offered. A band whose last wait was given up stays
    level from there, so waits are rather too long than too short. Interval: influence values of the combined
    curve summed by cluster, carried over to the time axis (Woodruff 1952).

    Examples
    --------
    >>> virtual_wait([5, 10, 20, 40], [True, False, True, True], bands=[9, 9, 9, 9]).value
    20.0
    """
    check_level(level)
    called = quantile_name(share)
    waits, seen, codes = _banded(waits_s, is_answered, bands)
    if len(waits) == 0:
        return Estimate(math.nan, math.nan, math.nan, 0, NOTHING)
    times, curve = _combined(waits, seen, codes)
    how = f"Kaplan–Meier in {codes.max() + 1} bands, abandonments censored"
    value = first_time_at(times, curve, share)
    at = value if math.isfinite(value) else float(times[-1]) if len(times) else 0.0
    error, df, unit = _error(waits, seen, codes, at, clusters)
    if math.isinf(value):
        longest = f"{float(times[-1])!r} s" if len(times) else "any wait seen"
        return Estimate(value, math.nan, math.nan, len(waits), f"{how}; {called} not reached: more than {longest}")
    if math.isnan(error):
        return Estimate(value, math.nan, math.nan, len(waits), f"{how}; no interval: {unit}")
    reach = float(stdtrit(df, (1 + level) / 2)) * error
    low, high = first_time_at(times, curve, share - reach), first_time_at(times, curve, share + reach)
    return Estimate(value, low, high, len(waits), f"{how}; {unit}, Woodruff")


def virtually_in_time(
    waits_s: ArrayLike,
    is_answered: ArrayLike,
    *,
    bands: ArrayLike,
    threshold_s: float,
    clusters: ArrayLike | None = None,
    level: float = 0.95,
) -> Estimate:
    """Estimate the share that would be answered within a threshold if nobody gave up.

    Parameters
    ----------
    waits_s, is_answered, bands, clusters, level
        As in `virtual_wait`.
    threshold_s : float, seconds

    Returns
    -------
    Estimate
        A share, 0–1.

    Raises
    ------
    SettingError
        As `virtual_wait`.

    Examples
    --------
    >>> virtually_in_time([5, 10, 20, 40], [True, False, True, True], bands=[9, 9, 9, 9], threshold_s=20).value
    0.625
    """
    check_level(level)
    waits, seen, codes = _banded(waits_s, is_answered, bands)
    if len(waits) == 0:
        return Estimate(math.nan, math.nan, math.nan, 0, NOTHING)
    times, curve = _combined(waits, seen, codes)
    place = int(np.searchsorted(times, threshold_s, side="right")) - 1
    value = float(curve[place]) if place >= 0 else 0.0
    error, df, unit = _error(waits, seen, codes, threshold_s, clusters)
    how = f"Kaplan–Meier in {codes.max() + 1} bands, abandonments censored"
    if math.isnan(error):
        return Estimate(value, math.nan, math.nan, len(waits), f"{how}; no interval: {unit}")
    reach = float(stdtrit(df, (1 + level) / 2)) * error
    return Estimate(value, max(0.0, value - reach), min(1.0, value + reach), len(waits), f"{how}; {unit}")


def _banded(waits_s: ArrayLike, is_answered: ArrayLike, bands: ArrayLike) -> tuple[Floats, Floats, NDArray[np.int64]]:
    waits, seen = spells_of(waits_s, is_answered, flags="is_answered")
    codes = pd.factorize(np.asarray(bands), use_na_sentinel=False)[0]
    if len(codes) != len(waits):
        raise SettingError(
            f"bands must be as long as waits_s, got {len(codes)} (waits_s has {len(waits)}). Give one band a row."
        )
    return waits, (seen > 0).astype(float), codes.astype("int64")


def _band_steps(waits: Floats, seen: Floats) -> tuple[Floats, Floats, Floats]:
    """Times at which a wait of one band ended in an answer, how many did, and how many were waiting."""
    times, places = np.unique(waits, return_inverse=True)
    answered = np.bincount(places, weights=seen, minlength=len(times)).astype(float)
    gone = np.bincount(places, minlength=len(times)).cumsum()
    at_risk = len(waits) - np.concatenate([[0], gone[:-1]])
    is_end = answered > 0
    return times[is_end], answered[is_end], at_risk[is_end].astype(float)


def _combined(waits: Floats, seen: Floats, codes: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Give the share answered by each time, over all bands: their falls, weighted, in order of time."""
    times, falls = [], []
    for code in range(codes.max() + 1):
        mine = codes == code
        at, answered, at_risk = _band_steps(waits[mine], seen[mine])
        survival = np.cumprod(1 - answered / at_risk)
        times.append(at)
        falls.append(np.concatenate([[1.0], survival[:-1]]) * answered / at_risk * mine.mean())
    together, places = np.unique(np.concatenate(times), return_inverse=True)
    return together, np.bincount(places, weights=np.concatenate(falls), minlength=len(together)).cumsum()


def _influence(waits: Floats, seen: Floats, at: float) -> tuple[Floats, float]:
    """Give how much each wait of one band moves the band's share answered by a time, and that share."""
    times, answered, at_risk = _band_steps(waits, seen)
    is_before = times <= at
    times, answered, at_risk = times[is_before], answered[is_before], at_risk[is_before]
    left = float(np.prod(1 - answered / at_risk))
    hazard = np.concatenate([[0.0], np.cumsum(answered / at_risk**2)])
    ended = np.searchsorted(times, waits, side="right")
    own = np.zeros(len(waits))
    is_end = (seen > 0) & (waits <= at)
    own[is_end] = 1 / at_risk[ended[is_end] - 1]
    return left * (own - hazard[ended]), 1 - left


def _error(
    waits: Floats, seen: Floats, codes: NDArray[np.int64], at: float, clusters: ArrayLike | None
) -> tuple[float, float, str]:
    """Standard error of the combined share at a time, its degrees of freedom, and what the rows are clustered by."""
    moved, shares = np.zeros(len(waits)), np.zeros(len(waits))
    for code in range(codes.max() + 1):
        mine = codes == code
        influence, share = _influence(waits[mine], seen[mine], at)
        moved[mine], shares[mine] = influence * mine.mean(), share
    moved += (shares - shares.mean()) / len(waits)
    labels = np.arange(len(waits)) if clusters is None else pd.factorize(np.asarray(clusters), use_na_sentinel=False)[0]
    sums = np.bincount(labels, weights=moved)
    if len(sums) < FEWEST_CLUSTERS:
        return math.nan, math.nan, f"fewer than {FEWEST_CLUSTERS} {'rows' if clusters is None else 'clusters'}"
    variance = len(sums) / (len(sums) - 1) * float(sums @ sums)
    unit = "rows taken as independent" if clusters is None else f"clustered ({len(sums)})"
    return math.sqrt(variance), len(sums) - 1.0, unit
