"""Interval of a ratio of sums whose rows depend on each other within clusters (days, customers, agents).

Two contacts of one bad day are not two independent pieces of evidence. Everything needed is a handful of sums over the
clusters, so a database can make them and no row ever has to be fetched.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from csm_lib.errors import SettingError
from csm_lib.measure.bounds import RARE, bounds_words
from csm_lib.measure.spread import (
    FEW_FOR_SKEW,
    MANY_CLUSTERS,
    Spread,
    clustered_net_bounds,
    clustered_share_bounds,
    effective_events,
    mean_bounds,
    ratio_bounds,
    shape_of,
    spread_of,
)
from csm_lib.results import Estimate

__all__ = [
    "FEWEST_CLUSTERS",
    "MANY_CLUSTERS",
    "NOTHING",
    "RARE",
    "ClusterSums",
    "net_from_cluster_sums",
    "rate_from_cluster_sums",
    "ratio_from_cluster_sums",
]

FEWEST_CLUSTERS = 8  # below this no interval is honest
NOTHING = "not measured: no row in the population"
SKEWED = "skewed: holds the truth less often than stated"


@dataclass(frozen=True)
class ClusterSums:
    """What an interval needs to know about clusters g with numerator sum a_g and denominator sum b_g.

    Attributes
    ----------
    n : int
        Rows in all clusters together.
    n_clusters : int
        Clusters that hold at least one row.
    a, b, aa, ab, bb : float
        Σ a_g, Σ b_g, Σ a_g², Σ a_g b_g, Σ b_g².
    parts : tuple of two ndarrays of float, shape (n_clusters,), or None
        The a_g and b_g themselves; needed below 40 clusters only.
    cubes : tuple of four floats, or None
        Σ a_g³, Σ a_g² b_g, Σ a_g b_g², Σ b_g³: how skewed the clusters are. None takes them as symmetric.
    fourths : tuple of five floats, or None
        Σ a_g⁴ … Σ b_g⁴: how few of them carry the variance. None takes their tails as light.
    """

    n: int
    n_clusters: int
    a: float
    b: float
    aa: float
    ab: float
    bb: float
    parts: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
    cubes: tuple[float, ...] | None = None
    fourths: tuple[float, ...] | None = None

    @classmethod
    def of(cls, a: ArrayLike, b: ArrayLike, *, n: int) -> ClusterSums:
        """Sum up clusters that are at hand one by one; clusters that hold nothing at all are left out.

        Examples
        --------
        >>> ClusterSums.of([1, 3, 0], [2, 4, 0], n=6).n_clusters
        2
        """
        numerators, denominators = np.asarray(a, float), np.asarray(b, float)
        held = (denominators != 0) | (numerators != 0)
        numerators, denominators = numerators[held], denominators[held]
        return cls(
            n=n,
            n_clusters=len(denominators),
            a=float(numerators.sum()),
            b=float(denominators.sum()),
            aa=float(numerators @ numerators),
            ab=float(numerators @ denominators),
            bb=float(denominators @ denominators),
            parts=(numerators, denominators),
        )


def ratio_from_cluster_sums(
    sums: ClusterSums,
    *,
    level: float = 0.95,
    limits: tuple[float, float] = (-math.inf, math.inf),
    unit: str = "clusters",
) -> Estimate:
    """Estimate Σa/Σb with an interval that allows for dependence within clusters.

    Parameters
    ----------
    sums : ClusterSums
        `parts` must be there where there are 8 to 39 clusters.
    level : float, 0–1
        Probability that the interval holds the true value.
    limits : tuple of two floats
        Smallest and largest possible value; (0, 1) makes the ratio a share.
    unit : str
        What a cluster is, for `method`.

    Returns
    -------
    Estimate
        Bounds are NaN below 8 clusters, and for a mean whose clusters all have the same value.

    Raises
    ------
    SettingError
        If `parts` is missing where it is needed.

    Notes
    -----
    The variance is CR2 with Bell–McCaffrey degrees of freedom below 40 clusters, linearised from there: see
    `csm_lib.measure.spread.spread_of`. Shares: Wilson's or Clopper–Pearson's interval on the number of independent rows
    that the sample is worth (`effective_n` there). Means: Student's t, corrected for skewness (`mean_bounds` there).

    Examples
    --------
    >>> clusters = ClusterSums.of([1, 2, 1, 2, 1, 2, 1, 2], [4] * 8, n=32)
    >>> made = ratio_from_cluster_sums(clusters)
    >>> round(made.value, 3), round(made.low, 3), round(made.high, 3)
    (0.375, 0.263, 0.487)
    """
    unfit = _without_interval(sums, unit)
    if unfit is not None:
        return unfit
    spread, clustered = _spread(sums), _words(sums, unit)
    value = float(spread.value)
    if limits == (0, 1):
        low, high, kind = clustered_share_bounds(spread, level=level)
        how = f"{clustered}; {bounds_words(int(kind))}, on the effective n"
        return Estimate(value, float(low), float(high), sums.n, how)
    if spread.variance == 0:
        return Estimate(value, math.nan, math.nan, sums.n, f"{clustered}; no interval: no variation between clusters")
    low, high, is_skewed = mean_bounds(spread, level=level)
    how = "CR2, Bell–McCaffrey degrees of freedom" if sums.n_clusters < MANY_CLUSTERS else "linearised, t"
    if is_skewed:
        how += ", corrected for skewness" if sums.n_clusters >= FEW_FOR_SKEW else f"; {SKEWED}"
    bounds = max(limits[0], float(low)), min(limits[1], float(high))
    return Estimate(value, *bounds, sums.n, f"{clustered}; {how}")


def net_from_cluster_sums(
    sums: ClusterSums, *, promoters: int, detractors: int, level: float = 0.95, unit: str = "clusters"
) -> Estimate:
    """Estimate a net share whose answers depend on each other within clusters.

    Parameters
    ----------
    sums : ClusterSums
        a: answers scored 1, 0, −1; b: answers.
    promoters, detractors : int
        Answers scored 1 and −1.
    level, unit
        As in `ratio_from_cluster_sums`.

    Notes
    -----
    Adjusted Wald (Rocks 2016) on the number of independent answers that the sample is worth, with Student's t on the
    degrees of freedom of the clustered variance.

    Examples
    --------
    >>> made = net_from_cluster_sums(ClusterSums.of([1, 0, 1, -1] * 10, [1] * 40, n=40), promoters=20, detractors=10)
    >>> made.value, round(made.low, 2), round(made.high, 2)
    (0.25, -0.02, 0.49)
    """
    unfit = _without_interval(sums, unit)
    if unfit is not None:
        return unfit
    spread = _spread(sums)
    low, high = clustered_net_bounds(spread, promoters / sums.b, detractors / sums.b, level=level)
    words = f"{_words(sums, unit)}; adjusted Wald, on the effective n"
    return Estimate(float(spread.value), float(low), float(high), sums.n, words)


def rate_from_cluster_sums(sums: ClusterSums, *, level: float = 0.95, unit: str = "clusters") -> Estimate:
    """Estimate a rate of events, a, over an exposure of another kind, b, both summed per cluster.

    Parameters
    ----------
    sums : ClusterSums
        A cluster may have events without exposure in the period, or the other way round.
    level, unit
        As in `ratio_from_cluster_sums`.

    Notes
    -----
    Poisson bounds on the number of independent events that those seen are worth: see
    `csm_lib.measure.spread.ratio_bounds`.

    Examples
    --------
    >>> made = rate_from_cluster_sums(ClusterSums.of([3] + [0] * 99, [1] * 100, n=100))
    >>> made.value, made.method
    (0.03, 'clustered by clusters (100); Poisson, conservative, on the effective number of events')
    """
    unfit = _without_interval(sums, unit)
    if unfit is not None:
        return unfit
    spread = _spread(sums)
    low, high = ratio_bounds(spread, sums.b, level=level)
    is_few = effective_events(spread, level=level) < RARE
    words = f"{_words(sums, unit)}; Poisson, {'conservative, ' if is_few else ''}on the effective number of events"
    return Estimate(float(spread.value), float(low), float(high), sums.n, words)


def _words(sums: ClusterSums, unit: str) -> str:
    return f"clustered by {unit} ({sums.n_clusters})"


def _without_interval(sums: ClusterSums, unit: str) -> Estimate | None:
    """Give the value alone where there are too few clusters, and no value without any row."""
    if sums.n_clusters == 0 or sums.b == 0:
        return Estimate(math.nan, math.nan, math.nan, 0, NOTHING)
    if sums.n_clusters >= FEWEST_CLUSTERS:
        return None
    reason = f"{_words(sums, unit)}; no interval: fewer than {FEWEST_CLUSTERS} clusters"
    return Estimate(sums.a / sums.b, math.nan, math.nan, sums.n, reason)


def _spread(sums: ClusterSums) -> Spread:
    """Spread from the clusters where they are at hand, else from their sums."""
    if sums.parts is not None:
        return spread_of(*sums.parts)
    if sums.n_clusters < MANY_CLUSTERS:
        raise SettingError(
            f"parts must hold the sums of each cluster below {MANY_CLUSTERS} clusters, got None "
            f"({sums.n_clusters} clusters). Fetch the sums of each cluster."
        )
    n_clusters, value = sums.n_clusters, sums.a / sums.b
    squares = _about((sums.aa, sums.ab, sums.bb), value)
    if squares <= 1e-12 * (sums.aa + value**2 * sums.bb):  # what cancels down to rounding error is no variation
        squares = 0.0
    cubes = 0.0 if sums.cubes is None else _about(sums.cubes, value)
    fourths = squares**2 / n_clusters if sums.fourths is None else max(_about(sums.fourths, value), 0.0)
    variance = n_clusters / (n_clusters - 1) * squares / sums.b**2
    skew, peak = shape_of(squares, cubes, fourths)
    return Spread(np.asarray(value), np.asarray(variance), np.asarray(n_clusters - 1.0), skew, peak, n_clusters)


def _about(moments: tuple[float, ...], value: float) -> float:
    """Σ(a − value·b)^k from Σa^k, Σa^(k−1)b, …, Σb^k."""
    power = len(moments) - 1
    return sum(math.comb(power, i) * (-value) ** i * moment for i, moment in enumerate(moments))
