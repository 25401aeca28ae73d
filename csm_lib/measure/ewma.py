"""Slow drifts: a chart that remembers.

A control chart of single points sees a jump. A process that slips by half a sigma and stays there hides from it for
weeks; a mean that weighs all past days, the recent ones most, finds it sooner.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from csm_lib.errors import SettingError
from csm_lib.measure.arguments import numbers_of

__all__ = ["drift_series", "ewma", "ewma_run_length"]

WEIGHT, REACH = 0.2, 2.86  # of a steady process one alarm in about 370 points, as a chart with 3 sigma limits


def ewma(
    values: ArrayLike, *, centre: float, sigma: ArrayLike, weight: float = WEIGHT, reach: float = REACH
) -> pd.DataFrame:
    """Follow the exponentially weighted mean of a series against its limits.

    Parameters
    ----------
    values : array_like of float, shape (n_points,)
        In time order; NaN where there is no data: the mean then stays as it was.
    centre : float
        Where the mean starts, and what it is held against.
    sigma : array_like of float
        Standard deviation of a point, one for all or one each.
    weight : float, above 0 up to 1
        λ: weight of the newest point.
    reach : float, > 0
        L: the limits stand this many standard deviations of the weighted mean from the centre.

    Returns
    -------
    DataFrame
        One row per point: `value` (as given), `smoothed`, `centre`, `low`, `high`, `is_signal`. `.attrs`: `weight`,
        `reach`, `run_length` (mean number of points to a false alarm), `rule_set` in words.

    Raises
    ------
    SettingError
        If weight or reach is outside its range, or there are as many sigmas as points neither.

    Notes
    -----
    Roberts (1959): zₜ = λxₜ + (1 − λ)zₜ₋₁, z₀ the centre. Exact variance vₜ = λ²σₜ² + (1 − λ)²vₜ₋₁, for one sigma
    σ²λ/(2 − λ)·(1 − (1 − λ)²ᵗ) (Montgomery, eq. 9.25 and 9.26).

    Examples
    --------
    Montgomery's first two points: centre 10, sigma 1, λ = 0.1, L = 2.7.

    >>> made = ewma([9.45, 7.99], centre=10, sigma=1, weight=0.1, reach=2.7)
    >>> made[["smoothed", "low", "high"]].round(4).values.tolist()
    [[9.945, 9.73, 10.27], [9.7495, 9.6368, 10.3632]]
    """
    _check(weight, reach)
    points = numbers_of("values", values, has_gaps=True)
    spread = np.atleast_1d(np.asarray(sigma, dtype=float))
    if len(spread) not in (1, len(points)):
        raise SettingError(
            f"sigma must be one number or as long as values, got {len(spread)} (values has {len(points)}). "
            "Give one a point."
        )
    spread = np.broadcast_to(spread, len(points))
    smoothed, variances, level, variance = [], [], float(centre), 0.0
    for point, one in zip(points, spread, strict=True):
        if not math.isnan(point):
            level = weight * point + (1 - weight) * level
            variance = (weight * one) ** 2 + (1 - weight) ** 2 * variance
        smoothed.append(level)
        variances.append(variance)
    distance = reach * np.sqrt(np.array(variances, dtype=float))
    path = np.array(smoothed, dtype=float)
    made = pd.DataFrame({"value": points, "smoothed": path, "centre": float(centre), "low": centre - distance,
                         "high": centre + distance})  # fmt: skip
    made["is_signal"] = ~np.isnan(points) & (np.abs(path - centre) > distance + 1e-12 * abs(centre))
    length = ewma_run_length(weight=weight, reach=reach)
    words = f"EWMA with λ = {weight:g}, L = {reach:g} (a steady process gives one false alarm in {length:.0f} points)"
    made.attrs = {"weight": weight, "reach": reach, "run_length": length, "rule_set": words}
    return made


@lru_cache
def ewma_run_length(*, weight: float = WEIGHT, reach: float = REACH, shift: float = 0.0) -> float:
    """Give the mean number of points to an alarm of an EWMA chart.

    Parameters
    ----------
    weight, reach
        As in `ewma`.
    shift : float
        By how many sigmas the process has moved; 0 gives the mean run to a false alarm.

    Returns
    -------
    float
        Points, for limits at their final width and independent normal points.

    Raises
    ------
    SettingError
        If weight or reach is outside its range.

    Notes
    -----
    Crowder (1987, *Technometrics* 29:401): integral equation of the run length, on 101 Gauss–Legendre points.

    Examples
    --------
    >>> round(ewma_run_length(weight=1.0, reach=3.0), 1)
    370.4
    """
    _check(weight, reach)
    bound = reach * math.sqrt(weight / (2 - weight))
    if weight == 1:
        return float(1 / (ndtr(-bound - shift) + ndtr(-bound + shift)))
    nodes, parts = np.polynomial.legendre.leggauss(101)
    at = nodes * bound
    density = _density((at[None, :] - (1 - weight) * at[:, None]) / weight - shift) * bound * parts / weight
    lengths = np.linalg.solve(np.eye(len(at)) - density, np.ones(len(at)))
    start = _density(at / weight - shift) * bound * parts / weight
    return float(1 + start @ lengths)


def drift_series(judged: pd.DataFrame, *, weight: float = WEIGHT, reach: float = REACH) -> pd.DataFrame:
    """Follow the weighted mean of a series that a control chart has judged, phase by phase.

    Parameters
    ----------
    judged : DataFrame
        As `csm_lib.measure.control.chart` or `csm_lib.measure.series.control_series` gives. Columns read: `value
        centre low high` and, where present, `phase`; the distance of its limits says what ordinary variation is.
    weight, reach
        As in `ewma`.

    Returns
    -------
    DataFrame
        The rows as given with `smoothed`, `low`, `high`, `is_signal` of the weighted mean; it starts anew with every
        phase. `.attrs` as `ewma`.

    Examples
    --------
    >>> from csm_lib.measure.control import chart
    >>> made = drift_series(chart([10, 12, 11, 13, 12]))
    >>> bool(made["is_signal"].any()), list(made)[-1]
    (False, 'smoothed')
    """
    phases = judged["phase"] if "phase" in judged else pd.Series(0, index=judged.index)
    parts = []
    for _, part in judged.groupby(phases, sort=False):
        sigma = np.fmax(part["high"] - part["centre"], part["centre"] - part["low"]).to_numpy(float) / 3
        sigma = np.where(np.isnan(sigma), np.nanmedian(sigma) if (~np.isnan(sigma)).any() else 0.0, sigma)
        made = ewma(part["value"], centre=float(part["centre"].iloc[0]), sigma=sigma, weight=weight, reach=reach)
        own = made.set_index(part.index)
        parts.append(part.assign(**{name: own[name] for name in ("low", "high", "is_signal", "smoothed")}))
    whole = pd.concat(parts) if parts else judged.assign(smoothed=pd.Series(dtype=float))
    whole.attrs = ewma([], centre=0.0, sigma=1.0, weight=weight, reach=reach).attrs
    return whole


def _density(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.exp(-(distance**2) / 2) / math.sqrt(2 * math.pi), dtype=float)


def _check(weight: float, reach: float) -> None:
    if not 0 < weight <= 1:
        raise SettingError(f"weight must lie above 0 and at most at 1, got {weight!r}. Use 0.2.")
    if not reach > 0:
        raise SettingError(f"reach must be positive, got {reach!r}. Use 2.86.")
