"""Interval of a ratio of sums whose rows depend on each other within clusters (days, customers, agents).

Two contacts of one bad day are not two independent pieces of evidence. Everything needed is a handful of sums over the
clusters, so a database can make them and no row ever has to be fetched.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv, stdtrit

from csm_lib.errors import SettingError
from csm_lib.results import Estimate

__all__ = ["FEWEST_CLUSTERS", "MANY_CLUSTERS", "ClusterSums", "ratio_from_cluster_sums"]

MANY_CLUSTERS = 40  # from here on the linearised variance needs no small-sample correction
FEWEST_CLUSTERS = 8  # below this no interval is honest
NOTHING = "not measured: no row in the population"
RARE = 5  # fewer expected successes or failures than this: a symmetric interval fails


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
    """

    n: int
    n_clusters: int
    a: float
    b: float
    aa: float
    ab: float
    bb: float
    parts: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None

    @classmethod
    def of(cls, a: ArrayLike, b: ArrayLike, *, n: int) -> ClusterSums:
        """Sum up clusters that are at hand one by one; clusters whose denominator is 0 hold no row and are left out.

        Examples
        --------
        >>> ClusterSums.of([1, 3], [2, 4], n=6).n_clusters
        2
        """
        numerators, denominators = np.asarray(a, float), np.asarray(b, float)
        held = denominators != 0
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
        Bounds are NaN below 8 clusters, and where every cluster has the same value.

    Raises
    ------
    SettingError
        If `parts` is missing where it is needed.

    Notes
    -----
    From 40 clusters: linearised variance G/(G−1) Σ(a_g − R b_g)² / B² with Student's t on G−1 degrees of freedom
    (Cochran 1977, ch. 6). From 8 to 39: CR2 with Bell–McCaffrey degrees of freedom (Bell and McCaffrey 2002; Imbens
    and Kolesár 2016) of the intercept-only model with weights b under independent working errors. There the
    matrices have a closed form in the cluster shares w_g = b_g/B: variance Σ e_g²/(1 − w_g) / B², and, with
    u_g = w_g²/(1 − w_g), degrees of freedom 1 / (Σw_g² + (Σu_g)² − Σu_g²), which is G − 1 for equal clusters.
    Shares with fewer than 5 successes or failures: Clopper–Pearson on the effective n (Korn and Graubard 1998).

    Examples
    --------
    >>> clusters = ClusterSums.of([1, 2, 1, 2, 1, 2, 1, 2], [4] * 8, n=32)
    >>> made = ratio_from_cluster_sums(clusters, limits=(0, 1))
    >>> round(made.value, 3), round(made.low, 3), round(made.high, 3)
    (0.375, 0.263, 0.487)
    """
    if sums.n_clusters == 0 or sums.b == 0:
        return Estimate(math.nan, math.nan, math.nan, 0, NOTHING)
    value = sums.a / sums.b
    clustered = f"clustered by {unit} ({sums.n_clusters})"
    if sums.n_clusters < FEWEST_CLUSTERS:
        reason = f"{clustered}; no interval: fewer than {FEWEST_CLUSTERS} clusters"
        return Estimate(value, math.nan, math.nan, sums.n, reason)
    if sums.n_clusters < MANY_CLUSTERS:
        variance, df, how = *_small_sample(sums, value), "CR2, Bell–McCaffrey degrees of freedom"
    else:
        variance, df, how = *_linearised(sums, value), "linearised, t"
    is_share = limits == (0, 1)
    if is_share and min(value, 1 - value) * sums.n < RARE:
        low, high = _rare_share(sums, value, variance, df, level)
        return Estimate(value, low, high, sums.n, f"{clustered}; Clopper–Pearson on the effective n, conservative")
    if variance == 0:
        return Estimate(value, math.nan, math.nan, sums.n, f"{clustered}; no interval: no variation between clusters")
    reach = float(stdtrit(df, (1 + level) / 2)) * math.sqrt(variance)
    return Estimate(value, max(limits[0], value - reach), min(limits[1], value + reach), sums.n, f"{clustered}; {how}")


def _linearised(sums: ClusterSums, value: float) -> tuple[float, float]:
    """Variance and degrees of freedom from sums alone; what cancels down to rounding error is no variation."""
    squares = sums.aa - 2 * value * sums.ab + value**2 * sums.bb
    if squares <= 1e-12 * (sums.aa + value**2 * sums.bb):
        squares = 0.0
    return sums.n_clusters / (sums.n_clusters - 1) * squares / sums.b**2, sums.n_clusters - 1


def _small_sample(sums: ClusterSums, value: float) -> tuple[float, float]:
    """CR2 variance and its Bell–McCaffrey degrees of freedom."""
    if sums.parts is None:
        raise SettingError(
            f"parts must hold the sums of each cluster below {MANY_CLUSTERS} clusters, got None "
            f"({sums.n_clusters} clusters). Fetch the sums of each cluster."
        )
    a, b = sums.parts
    weights = b / b.sum()
    residuals = a - value * b
    if residuals @ residuals <= 1e-12 * (sums.aa + value**2 * sums.bb):
        residuals = np.zeros_like(residuals)
    leverage = weights**2 / (1 - weights)
    variance = float(np.sum(residuals**2 / (1 - weights))) / sums.b**2
    df = 1 / (weights @ weights + leverage.sum() ** 2 - leverage @ leverage)
    return variance, float(df)


def _rare_share(sums: ClusterSums, value: float, variance: float, df: float, level: float) -> tuple[float, float]:
    """Clopper–Pearson on the n of a simple sample that would be as precise; all alike: each cluster counts once."""
    quantile = (1 + level) / 2
    if variance > 0:
        stretch = float(stdtrit(sums.n - 1, quantile) / stdtrit(df, quantile)) ** 2
        effective = min(float(sums.n), value * (1 - value) / variance * stretch)
    else:
        effective = float(sums.n_clusters)
    hits, misses = value * effective, (1 - value) * effective
    low = 0.0 if hits == 0 else float(betaincinv(hits, misses + 1, 1 - quantile))
    high = 1.0 if misses == 0 else float(betaincinv(hits + 1, misses, quantile))
    return low, high
