"""Durations that have not all ended: the unfinished count as 'at least this long' instead of not at all."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri
from statsmodels.duration.survfunc import SurvfuncRight

from csm_lib.errors import SettingError
from csm_lib.measure.arguments import check_level, numbers_of
from csm_lib.measure.clusters import NOTHING
from csm_lib.results import Estimate

__all__ = ["censored_median", "censored_quantile", "first_time_at", "quantile_name", "spells_of"]


def censored_median(durations_s: ArrayLike, is_observed: ArrayLike, *, level: float = 0.95) -> Estimate:
    """Estimate a median duration where some durations have not ended yet.

    Leaving the unfinished out would make a growing backlog look like fast service.

    Parameters
    ----------
    durations_s : array_like of float, shape (n,), ≥ 0, seconds
        Time to the end, or to the last look where it had not ended.
    is_observed : array_like of bool, shape (n,)
        True where the end was seen.
    level : float, 0–1

    Returns
    -------
    Estimate
        Seconds. Not reached: value ∞, and `method` says 'more than' the longest duration seen. An upper bound that the
        data do not reach is ∞ too.

    Raises
    ------
    SettingError
        If a duration is missing or negative, or the lengths differ.

    Notes
    -----
    Kaplan–Meier (1958); interval of Brookmeyer and Crowley (1982) on the log(−log) scale, as R's survfit. Where the
    curve runs level at exactly one half the median is the middle of that stretch, so without censoring it is the
    ordinary median.

    Examples
    --------
    >>> made = censored_median([9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161], [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0])
    >>> made.value, made.low, made.high
    (31.0, 13.0, inf)
    """
    return censored_quantile(durations_s, is_observed, share=0.5, level=level)


def censored_quantile(
    durations_s: ArrayLike, is_observed: ArrayLike, *, share: float, level: float = 0.95
) -> Estimate:
    """Estimate the time by which a share has ended, where some durations have not ended yet.

    Parameters
    ----------
    durations_s, is_observed
        As in `censored_median`.
    share : float, 0–1
        0.9 for the time by which nine of ten have ended.
    level : float, 0–1

    Returns
    -------
    Estimate
        Seconds; ∞ where the share was not reached, as in `censored_median`.

    Raises
    ------
    SettingError
        As `censored_median`; and if the share does not lie between 0 and 1.

    Examples
    --------
    >>> made = censored_quantile([1, 2, 3, 4], [1, 1, 1, 0], share=0.9)
    >>> made.value, made.method
    (inf, 'Kaplan–Meier; 0.9 quantile not reached: more than 4.0 s')
    """
    check_level(level)
    called = quantile_name(share)
    durations, seen = spells_of(durations_s, is_observed)
    if len(durations) == 0:
        return Estimate(math.nan, math.nan, math.nan, 0, NOTHING)
    beyond = f"Kaplan–Meier; {called} not reached: more than {float(durations.max())!r} s"
    if not seen.any():
        return Estimate(math.inf, math.nan, math.nan, len(durations), beyond)
    curve = SurvfuncRight(durations, seen)
    value = _time_at(curve.surv_times, curve.surv_prob, 1 - share)
    low, high = _bounds_at(curve, 1 - share, level)
    if math.isinf(value):
        return Estimate(value, low, high, len(durations), beyond)
    method = "Kaplan–Meier, Brookmeyer–Crowley on the log(−log) scale"
    if math.isnan(low):
        method = "Kaplan–Meier; no interval: too few ends seen"
    return Estimate(value, low, high, len(durations), method)


def quantile_name(share: float) -> str:
    """Name the quantile of a share, as methods do.

    Raises
    ------
    SettingError
        If the share does not lie between 0 and 1.

    Examples
    --------
    >>> quantile_name(0.5), quantile_name(0.9)
    ('median', '0.9 quantile')
    """
    if not 0 < share < 1:
        raise SettingError(f"share must lie between 0 and 1, got {share!r}. Use 0.9 for nine of ten.")
    return "median" if share == 0.5 else f"{share:g} quantile"


def spells_of(
    durations_s: ArrayLike, is_observed: ArrayLike, *, flags: str = "is_observed"
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give durations and flags as numbers; refuse lengths that differ and clocks that run backwards."""
    durations, seen = numbers_of("durations_s", durations_s), numbers_of(flags, is_observed)
    if len(durations) != len(seen):
        raise SettingError(
            f"{flags} must be as long as durations_s, got {len(seen)} (durations_s has {len(durations)}). "
            "Give one flag a row."
        )
    if (durations < 0).any():
        raise SettingError(
            f"durations_s must not be negative, got {float(durations.min())!r} "
            f"({int((durations < 0).sum())} of {len(durations)} rows). Set rows whose clock runs backwards aside."
        )
    return durations, seen


def first_time_at(times: NDArray[np.float64], curve: NDArray[np.float64], share: float) -> float:
    """Give the first time by which a rising curve has reached a share; ∞ where it never does.

    Parameters
    ----------
    times, curve : ndarray of float, shape (n_times,)
        Seconds, oldest first, and the share ended up to and including each.
    share : float, 0–1
        Reached also by what falls short of it in the last digits only.

    Returns
    -------
    float
        Seconds.

    Examples
    --------
    >>> first_time_at(np.array([60.0, 90.0]), np.array([0.3, 0.6]), 0.5)
    90.0
    """
    reached = np.flatnonzero(curve >= share - 1e-12)
    return float(times[reached[0]]) if len(reached) else math.inf


def _time_at(times: NDArray[np.float64], survival: NDArray[np.float64], left: float) -> float:
    """First time at which only the share `left` goes on; the middle where the curve stays at exactly that share."""
    done = np.flatnonzero(survival <= left + 1e-9)
    if len(done) == 0:
        return math.inf
    first = done[0]
    is_level = survival[first] > left - 1e-9 and len(done) > 1
    return float((times[first] + times[done[1]]) / 2 if is_level else times[first])


def _bounds_at(curve: SurvfuncRight, left: float, level: float) -> tuple[float, float]:
    """Times at which the lower, then the upper band of the curve falls to `left`; ∞ where the upper never does."""
    is_between = (curve.surv_prob > 0) & (curve.surv_prob < 1)
    times, survival = curve.surv_times[is_between], curve.surv_prob[is_between]
    spread = curve.surv_prob_se[is_between] / np.abs(survival * np.log(survival))
    distance = (np.log(-np.log(survival)) - math.log(-math.log(left))) / spread
    reach = float(ndtri((1 + level) / 2))
    low, high = times[distance >= -reach], times[distance > reach]
    if len(low) == 0:
        return math.nan, math.nan
    return float(low[0]), float(high[0]) if len(high) else math.inf
