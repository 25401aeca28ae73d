"""Shares from weighted samples, such as quality reviews that stand for the contacts they were drawn from."""

from __future__ import annotations

import math
from collections.abc import Sequence

from csm_lib.measure.bounds import RARE, bounds_words, share_bounds
from csm_lib.measure.clusters import NOTHING
from csm_lib.results import Estimate

__all__ = ["stratified_share", "weighted_share"]

FEW_IN_STRATUM = 3  # with fewer successes or failures a stratum cannot tell its own spread


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
    overall spread. The interval is `csm_lib.measure.bounds.share_bounds` on the n of a simple sample that would be as
    precise (Korn and Graubard 1998). Where a stratum shows fewer than 3 successes or failures it cannot tell its own
    spread: that n is then at most Kish's (1965), which grants the strata no gain, or, where that is more, what it would
    be had every stratum shown 3 of both.

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
    shares = [hits / size for _, hits, size in strata]
    variance = _variance(strata, shares, value)
    if n >= whole:
        return Estimate(value, value, value, n, "every row of the population was seen")
    kish = whole**2 / sum(size**2 / rows * max(0.0, 1 - rows / size) for rows, _, size in strata)
    spread = value * (1 - value)
    effective = spread / variance if variance > 0 and spread > 0 else kish
    if any(min(hits, size - hits) * rows < FEW_IN_STRATUM * size for rows, hits, size in strata):
        wary = _variance(strata, [_wary(share, n) for share, (n, _, _) in zip(shares, strata, strict=True)], value)
        effective = max(min(effective, kish), min(effective, spread / wary) if wary > 0 else 0.0)
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
    Linearised variance Σ w²(x − p)²/(Σw)²; all alike: Kish's effective n, (Σw)²/Σw² (Kish 1965), which is also its most
    where fewer than 5 rows are successes or failures. Interval as in `stratified_share`.

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
    if min(value, 1 - value) * n < RARE:
        effective = min(effective, b**2 / bb)
    return _on_effective_n(value, effective, n, level=level, how="weighted, linearised")


def _wary(share: float, rows: int) -> float:
    """Share of a stratum as if it had shown at least 3 successes and failures."""
    least = min(0.5, FEW_IN_STRATUM / rows)
    return min(max(share, least), 1 - least)


def _variance(strata: Sequence[tuple[int, float, float]], shares: Sequence[float], overall: float) -> float:
    whole = sum(size for _, _, size in strata)
    parts = zip(strata, shares, strict=True)
    return sum(_stratum_variance(n, share, size, overall) * (size / whole) ** 2 for (n, _, size), share in parts)


def _stratum_variance(rows: int, share: float, size: float, overall: float) -> float:
    unseen = max(0.0, 1 - rows / size)
    return unseen * (share * (1 - share) / (rows - 1) if rows > 1 else overall * (1 - overall))


def _on_effective_n(value: float, effective: float, n: int, *, level: float, how: str) -> Estimate:
    value = min(1.0, max(0.0, value))
    low, high, kind = share_bounds(value, effective, level=level)
    return Estimate(value, float(low), float(high), n, f"{bounds_words(int(kind))}, {how}")
