"""How far a ratio of sums may lie from the truth when its rows depend on each other within clusters.

Works on arrays of samples: the last axis runs over clusters, the others over samples, so that a simulation of ten
thousand samples runs the same lines as a report.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri, stdtrit

from csm_lib.measure.bounds import Floats, rate_bounds, share_bounds

__all__ = [
    "FEW_FOR_SKEW",
    "MANY_CLUSTERS",
    "Spread",
    "clustered_net_bounds",
    "clustered_share_bounds",
    "effective_events",
    "effective_n",
    "mean_bounds",
    "net_bounds",
    "net_variance",
    "ratio_bounds",
    "shape_of",
    "spread_of",
]

MANY_CLUSTERS = 40  # from here on the linearised variance needs no small-sample correction
FEW_FOR_SKEW = 20  # with fewer values or clusters a skewness seen is mostly noise
ADDED = 0.75  # answers added to promoters and to detractors; twice as many to passives (Rocks 2016)


@dataclass(frozen=True)
class Spread:
    """Ratios of sums over clusters with what their intervals need, one entry per sample.

    Attributes
    ----------
    value : ndarray of float
        Σa/Σb.
    variance : ndarray of float
        Of the value; exactly 0 where all clusters have the same ratio.
    df : ndarray of float
        Degrees of freedom of the variance for symmetric residuals with light tails.
    skew : ndarray of float
        Σe³ / (Σe²)^1.5 of the residuals e_g = a_g − value·b_g: their skewness over √G.
    peak : ndarray of float
        Σe⁴ / (Σe²)², from 1/G where all residuals are of one size to 1 where one cluster makes up all.
    n_clusters : int
    """

    value: Floats
    variance: Floats
    df: Floats
    skew: Floats
    peak: Floats
    n_clusters: int

    @property
    def steady_df(self) -> Floats:
        """Degrees of freedom that a variance carried by few clusters deserves.

        The variance of a mean of squares is its excess over 1/G in `peak`; half of Satterthwaite's degrees of freedom
        (1946), 1/(peak − 1/G), since few heavy clusters show too little of their own kurtosis. At most `df`.
        """
        return np.maximum(1.0, np.minimum(self.df, 1 / np.maximum(self.peak - 1 / self.n_clusters, 1e-12)))


def spread_of(a: ArrayLike, b: ArrayLike) -> Spread:
    """Find value, variance and degrees of freedom of Σa/Σb over clusters.

    Parameters
    ----------
    a, b : array_like of float, shape (..., n_clusters)
        Numerator and denominator sums of each cluster; at least 2 clusters.

    Notes
    -----
    From 40 clusters: linearised variance G/(G−1) Σ(a_g − R b_g)² / B² on G−1 degrees of freedom (Cochran 1977, ch. 6).
    Below: CR2 with Bell–McCaffrey degrees of freedom (Bell and McCaffrey 2002; Imbens and Kolesár 2016) of the
    intercept-only model under independent working errors. There the matrices have a closed form in the cluster shares
    w_g = b_g/B: variance Σ e_g²/(1 − w_g) / B², and, with u_g = w_g²/(1 − w_g), degrees of freedom
    1 / (Σw_g² + (Σu_g)² − Σu_g²), which is G − 1 for equal clusters.

    Examples
    --------
    >>> made = spread_of([1, 2, 1, 2, 1, 2, 1, 2], [4] * 8)
    >>> float(made.value), round(float(made.df), 6)
    (0.375, 7.0)
    """
    above, below = np.asarray(a, float), np.asarray(b, float)
    whole, n_clusters = below.sum(-1), above.shape[-1]
    value = above.sum(-1) / whole
    residuals = above - value[..., None] * below
    squares = np.sum(residuals**2, -1)
    size = np.sum(above**2, -1) + value**2 * np.sum(below**2, -1)
    residuals = np.where((squares <= 1e-12 * size)[..., None], 0.0, residuals)  # rounding error is no variation
    if n_clusters < MANY_CLUSTERS:
        weights = below / whole[..., None]
        leverage = weights**2 / (1 - weights)
        variance = np.sum(residuals**2 / (1 - weights), -1) / whole**2
        spilled = np.sum(leverage, -1) ** 2 - np.sum(leverage**2, -1)
        df = 1 / (np.sum(weights**2, -1) + spilled)
    else:
        variance = n_clusters / (n_clusters - 1) * np.sum(residuals**2, -1) / whole**2
        df = np.full(np.shape(value), n_clusters - 1.0)
    moments = [np.sum(residuals**power, -1) for power in (2, 3, 4)]
    return Spread(value, variance, df, *shape_of(*moments), n_clusters)


def shape_of(squares: ArrayLike, cubes: ArrayLike, fourths: ArrayLike) -> tuple[Floats, Floats]:
    """Give Σe³/(Σe²)^1.5 and Σe⁴/(Σe²)²; without any variation 0 and 1.

    Examples
    --------
    >>> [round(float(part), 3) for part in shape_of(6.0, 6.0, 18.0)]  # residuals 2, −1, −1
    [0.408, 0.5]
    """
    second = np.asarray(squares, float)
    is_varied = second**2 > 0
    safe = np.where(is_varied, second, 1.0)
    return (
        np.where(is_varied, np.asarray(cubes, float) / safe**1.5, 0.0),
        np.where(is_varied, np.asarray(fourths, float) / safe**2, 1.0),
    )


def effective_n(spread: Spread, *, level: float = 0.95) -> Floats:
    """Give the number of independent rows that a clustered share is worth, its unsure variance allowed for.

    Notes
    -----
    p(1−p)/variance × (z/t)², with Student's t on `Spread.steady_df` (after Korn and Graubard 1998). Without any
    variation each cluster counts once.

    Examples
    --------
    >>> float(effective_n(spread_of([0] * 9, [20] * 9)))
    9.0
    """
    is_varied = spread.variance > 0
    quantile = (1 + level) / 2
    stretch = (float(ndtri(quantile)) / stdtrit(spread.steady_df, quantile)) ** 2
    plain = spread.value * (1 - spread.value) / np.where(is_varied, spread.variance, 1.0)
    return np.where(is_varied & (plain > 0), plain * stretch, float(spread.n_clusters))


def clustered_share_bounds(spread: Spread, *, level: float = 0.95) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Bound clustered shares on their effective n; `kind` as in `csm_lib.measure.bounds.share_bounds`.

    Examples
    --------
    >>> low, high, kind = clustered_share_bounds(spread_of([0] * 9, [20] * 9))
    >>> float(low), round(float(high), 4), int(kind)
    (0.0, 0.3363, 2)
    """
    value = np.clip(spread.value, 0.0, 1.0)
    return share_bounds(value, effective_n(spread, level=level), level=level)


def mean_bounds(spread: Spread, *, level: float = 0.95) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Bound means: Student's t, and where the residuals are too skewed for it, t turned by their skewness.

    Returns
    -------
    low, high : ndarray of float
    is_skewed : ndarray of bool
        Fewer than 25 × skewness² values or clusters (Cochran 1977, eq. 2.20). From 20 on the bounds are corrected then;
        below, they are Student's and hold the truth less often than stated.

    Notes
    -----
    Hall (1992, *JRSS B* 54:221), the cubic transformation t + γt²/(3√n) + γ²t³/(27n) + γ/(6√n), which has an inverse,
    with t on degrees of freedom that follow the kurtosis: 2 / (Σe⁴/(Σe²)² − 1/n), at most `Spread.df`.

    Examples
    --------
    >>> low, high, is_skewed = mean_bounds(spread_of([1.0, 2.0, 3.0, 4.0, 5.0], [1] * 5))
    >>> round(float(low), 4), round(float(high), 4), bool(is_skewed)
    (1.0368, 4.9632, False)
    """
    quantile, n = (1 + level) / 2, spread.n_clusters
    is_skewed = 25 * spread.skew**2 > 1
    error = np.sqrt(spread.variance)
    reach = stdtrit(spread.df, quantile) * error
    if n < FEW_FOR_SKEW:
        return spread.value - reach, spread.value + reach, is_skewed
    df = np.maximum(1.0, np.minimum(spread.df, 2 / np.maximum(spread.peak - 1 / n, 1e-12)))
    t, skew = stdtrit(df, quantile), np.where(is_skewed, spread.skew, 1.0)
    turned = [3 / skew * (np.cbrt(1 + skew * (side - skew / 6)) - 1) * error for side in (t, -t)]
    low = np.where(is_skewed, spread.value - turned[0], spread.value - reach)
    return low, np.where(is_skewed, spread.value - turned[1], spread.value + reach), is_skewed


def net_variance(promoter_share: ArrayLike, detractor_share: ArrayLike) -> Floats:
    """Variance of answers scored 1, 0 or −1.

    Examples
    --------
    >>> round(float(net_variance(1 / 2, 1 / 6)) * 9, 9)  # five ninths
    5.0
    """
    up, down = np.asarray(promoter_share, float), np.asarray(detractor_share, float)
    return np.asarray(up + down - (up - down) ** 2, float)


def net_bounds(
    up: ArrayLike, down: ArrayLike, n: ArrayLike, *, quantile: ArrayLike
) -> tuple[Floats, Floats]:
    """Bound net shares by the adjusted Wald interval (Rocks 2016) on n answers, or on what they are worth.

    Parameters
    ----------
    up, down : array_like of float, 0–1
        Shares of promoters and of detractors.
    n : array_like of float, > 0
    quantile : array_like of float
        How many standard errors the bounds lie from the centre.

    Examples
    --------
    >>> low, high = net_bounds(19 / 36, 5 / 36, 36, quantile=1.959964)
    >>> round(float(low), 4), round(float(high), 4)
    (0.1316, 0.5864)
    """
    rows = np.asarray(n, float)
    p = (np.asarray(up, float) * rows + ADDED) / (rows + 4 * ADDED)
    d = (np.asarray(down, float) * rows + ADDED) / (rows + 4 * ADDED)
    reach = np.asarray(quantile, float) * np.sqrt(net_variance(p, d) / (rows + 4 * ADDED))
    value = np.asarray(up, float) - np.asarray(down, float)
    low, high = np.maximum(-1.0, np.minimum(p - d - reach, value)), np.minimum(1.0, np.maximum(p - d + reach, value))
    return low, high


def clustered_net_bounds(
    spread: Spread, up: ArrayLike, down: ArrayLike, *, level: float = 0.95
) -> tuple[Floats, Floats]:
    """Bound clustered net shares: the adjusted Wald interval on the effective n, with Student's t.

    Examples
    --------
    >>> low, high = clustered_net_bounds(spread_of([1, 0, 1, -1] * 10, [1] * 40), 0.5, 0.25)
    >>> round(float(low), 2), round(float(high), 2)
    (-0.02, 0.49)
    """
    plain = net_variance(up, down)
    is_varied = (spread.variance > 0) & (plain > 0)
    worth = np.where(is_varied, plain / np.where(is_varied, spread.variance, 1.0), float(spread.n_clusters))
    return net_bounds(up, down, worth, quantile=stdtrit(spread.df, (1 + level) / 2))


def ratio_bounds(spread: Spread, whole: ArrayLike, *, level: float = 0.95) -> tuple[Floats, Floats]:
    """Bound rates of events that come in clusters, such as complaints of one customer.

    Parameters
    ----------
    spread : Spread
    whole : array_like of float
        Σb, the exposure.
    level : float, 0–1

    Notes
    -----
    `csm_lib.measure.bounds.rate_bounds` on the number of independent events that those seen are worth
    (`effective_events`).

    Examples
    --------
    >>> low, high = ratio_bounds(spread_of([1] * 10 + [0] * 990, [1] * 1000), 1000)
    >>> bool(low < 0.0048 and high > 0.0184)  # wider than Garwood's bounds of ten independent events
    True
    """
    events = effective_events(spread, level=level)
    low, high = rate_bounds(events, level=level)
    unit = np.where(events > 0, spread.value / np.where(events > 0, events, 1.0), 1 / np.asarray(whole, float))
    return low * unit, high * unit


def effective_events(spread: Spread, *, level: float = 0.95) -> Floats:
    """Give the number of independent events that those seen are worth: R²/variance × (z/t)².

    Examples
    --------
    >>> float(effective_events(spread_of([0] * 9, [20] * 9)))
    0.0
    """
    is_varied, quantile = spread.variance > 0, (1 + level) / 2
    stretch = (float(ndtri(quantile)) / stdtrit(spread.steady_df, quantile)) ** 2
    alike = np.where(spread.value > 0, float(spread.n_clusters), 0.0)  # each cluster counts once
    return np.where(is_varied, spread.value**2 / np.where(is_varied, spread.variance, 1.0) * stretch, alike)
