"""Shares from weighted samples, such as quality reviews that stand for the contacts they were drawn from."""

from __future__ import annotations

import math
from collections.abc import Sequence

from scipy.special import betaincinv
from statsmodels.stats.proportion import proportion_confint

from csm_lib.measure.clusters import NOTHING, RARE
from csm_lib.results import Estimate

__all__ = ["stratified_share", "weighted_share"]


def stratified_share(strata: Sequence[tuple[int, float, float]], *, level: float = 0.95) -> Estimate:
    """Estimate a share from strata whose rows carry the weight N/n of their stratum.

    Parameters
    ----------
    strata : sequence of (n, a, b)
        Rows reviewed, Σ weight of the successes, Σ weight of all, which is the size of the stratum.
    level : float, 0–1

    Returns
    -------
    Estimate
        Share, 0–1.

    Notes
    -----
    Variance Σ (N_h/N)² (1 − n_h/N_h) p_h(1 − p_h)/(n_h − 1) (Cochran 1977, eq. 5.56); a stratum of one row borrows the
    overall spread. The interval is Wilson's on the n of a simple sample that would be as precise; with fewer than 5
    successes or failures Clopper–Pearson on it, conservative.

    Examples
    --------
    >>> made = stratified_share([(50, 80.0, 100.0), (50, 160.0, 200.0)])
    >>> round(made.value, 3), made.n
    (0.8, 100)
    """
    n, whole = sum(rows for rows, _, _ in strata), sum(size for _, _, size in strata)
    if n == 0 or whole == 0:
        return Estimate(math.nan, math.nan, math.nan, 0, NOTHING)
    value = sum(hits for _, hits, _ in strata) / whole
    variance = sum(
        _stratum_variance(rows, hits / size, size, value) * (size / whole) ** 2 for rows, hits, size in strata
    )
    squares = sum(size**2 / rows for rows, _, size in strata)
    unseen = max(0.0, 1 - n / whole)
    if unseen == 0:
        return Estimate(value, value, value, n, "every row of the population was seen")
    spread = value * (1 - value)
    effective = spread / variance if variance > 0 and spread > 0 else whole**2 / squares / unseen
    return _on_effective_n(value, effective, n, level=level, how=f"{len(strata)} strata, finite population")


def weighted_share(n: int, a: float, b: float, ab: float, bb: float, *, level: float = 0.95) -> Estimate:
    """Estimate a share from weighted rows whose strata are unknown.

    Parameters
    ----------
    n : int
    a, b, ab, bb : float
        Σ w·x, Σ w, Σ w²·x, Σ w² over rows with weight w and x of 0 or 1.
    level : float, 0–1

    Returns
    -------
    Estimate
        Share, 0–1.

    Notes
    -----
    Linearised variance Σ w²(x − p)²/(Σw)²; all alike: Kish's effective n, (Σw)²/Σw² (Kish 1965). Interval as in
    `stratified_share`.

    Examples
    --------
    >>> weighted_share(4, 2.0, 4.0, 2.0, 4.0).value
    0.5
    """
    if n == 0 or b == 0:
        return Estimate(math.nan, math.nan, math.nan, 0, NOTHING)
    value = a / b
    variance = (ab - 2 * value * ab + value**2 * bb) / b**2
    spread = value * (1 - value)
    effective = spread / variance if variance > 0 and spread > 0 else b**2 / bb
    return _on_effective_n(value, effective, n, level=level, how="weighted, linearised")


def _stratum_variance(rows: int, share: float, size: float, overall: float) -> float:
    unseen = max(0.0, 1 - rows / size)
    return unseen * (share * (1 - share) / (rows - 1) if rows > 1 else overall * (1 - overall))


def _on_effective_n(value: float, effective: float, n: int, *, level: float, how: str) -> Estimate:
    value = min(1.0, max(0.0, value))
    if min(value, 1 - value) * n >= RARE:
        low, high = proportion_confint(value * effective, effective, alpha=1 - level, method="wilson")
        return Estimate(value, float(low), float(high), n, f"Wilson, {how}")
    hits, misses, tail = value * effective, (1 - value) * effective, (1 - level) / 2
    low = 0.0 if hits == 0 else float(betaincinv(hits, misses + 1, tail))
    high = 1.0 if misses == 0 else float(betaincinv(hits + 1, misses, 1 - tail))
    return Estimate(value, low, high, n, f"Clopper–Pearson on the effective n, conservative, {how}")
