"""Bounds of shares and rates from a count that need not be whole: plain samples, effective sizes, arrays of both.

A sample with clusters, strata or weights is worth some number of independent rows. Every share in the workbook takes
its bounds from here, with the n that its sample is worth.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv, chdtri, ndtri

__all__ = ["RARE", "Floats", "bounds_words", "exact_share_bounds", "rate_bounds", "share_bounds", "wilson_bounds"]

Floats = NDArray[np.float64]

RARE = 5  # with fewer successes or failures expected, Wilson's interval holds the truth less often than it says
KINDS = ("Wilson", "Wilson, one bound Clopper–Pearson, conservative", "Clopper–Pearson, conservative")


def share_bounds(share: ArrayLike, n: ArrayLike, *, level: float = 0.95) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Bound shares: Wilson's score interval, and Clopper–Pearson where fewer than five are expected.

    Parameters
    ----------
    share : array_like of float, 0–1
    n : array_like of float, > 0
        Rows, or the number of independent rows that the sample is worth.
    level : float, 0–1

    Returns
    -------
    low, high : ndarray of float
    kind : ndarray of int
        Place in the words of `bounds_words`: 0 Wilson, 1 one bound Clopper–Pearson, 2 both.

    Notes
    -----
    Wilson (1927); Clopper and Pearson (1934). Which of the two holds depends on the true share, which nobody knows: a
    switch by the observed count alone leaves rare shares under their level. So each bound is judged by itself: where
    the exact one lies at a share with which fewer than five successes or failures would be expected, it takes the place
    of Wilson's; with fewer than five observed both are exact. A share p with n·p < 5 is then held at least as often as
    stated, and one with n·p and n·(1−p) ≥ 5 about as often as Wilson's interval holds it.

    Examples
    --------
    >>> low, high, kind = share_bounds([81 / 263, 6 / 200, 1 / 29], [263, 200, 29])
    >>> low.round(4).tolist(), high.round(4).tolist(), kind.tolist()
    ([0.2553, 0.0111, 0.0009], [0.3662, 0.0639, 0.1776], [0, 1, 2])
    """
    value, rows = np.broadcast_arrays(np.asarray(share, float), np.asarray(n, float))
    low, high = wilson_bounds(value, rows, level=level)
    least, most = exact_share_bounds(value, rows, level=level)
    is_few = np.minimum(value, 1 - value) * rows < RARE * (1 - 1e-12)
    low_rare = is_few | (np.minimum(least, 1 - least) * rows < RARE)
    high_rare = is_few | (np.minimum(most, 1 - most) * rows < RARE)
    kind = low_rare.astype(np.int64) + high_rare
    low, high = np.where(low_rare, least, low), np.where(high_rare, most, high)
    return np.minimum(low, value), np.maximum(high, value), kind


def bounds_words(kind: int) -> str:
    """Name the way in which the bounds of one share were made.

    Examples
    --------
    >>> bounds_words(0)
    'Wilson'
    """
    return KINDS[kind]


def wilson_bounds(share: ArrayLike, n: ArrayLike, *, level: float = 0.95) -> tuple[Floats, Floats]:
    """Bound shares by the score test (Wilson 1927).

    Examples
    --------
    >>> [round(float(bound), 4) for bound in wilson_bounds(15 / 148, 148)]
    [0.0624, 0.1605]
    """
    value, rows = np.asarray(share, float), np.asarray(n, float)
    z = float(ndtri((1 + level) / 2))
    centre = (value * rows + z**2 / 2) / (rows + z**2)
    reach = z / (rows + z**2) * np.sqrt(value * (1 - value) * rows + z**2 / 4)
    return np.asarray(centre - reach, float), np.asarray(centre + reach, float)


def exact_share_bounds(share: ArrayLike, n: ArrayLike, *, level: float = 0.95) -> tuple[Floats, Floats]:
    """Bound shares by the binomial distribution itself (Clopper and Pearson 1934), at any n, whole or not.

    Examples
    --------
    >>> [round(float(bound), 4) for bound in exact_share_bounds(1 / 29, 29)]
    [0.0009, 0.1776]
    """
    value, rows = np.asarray(share, float), np.asarray(n, float)
    hits, misses, tail = value * rows, (1 - value) * rows, (1 - level) / 2
    low = betaincinv(np.where(hits > 0, hits, 1.0), misses + 1, tail)
    high = betaincinv(hits + 1, np.where(misses > 0, misses, 1.0), 1 - tail)
    return np.where(hits > 0, low, 0.0), np.where(misses > 0, high, 1.0)


def rate_bounds(events: ArrayLike, *, level: float = 0.95, is_exact: bool = False) -> tuple[Floats, Floats]:
    """Bound the expected number of events, given the number seen, or the number that those seen are worth.

    Parameters
    ----------
    events : array_like of float, ≥ 0
    level : float, 0–1
    is_exact : bool
        Garwood's bounds throughout (1936), which hold at least as often as stated. Otherwise the score bounds, with
        Garwood's where fewer than five are observed or where his bound lies below five, as in `share_bounds`.

    Examples
    --------
    >>> [round(float(bound), 3) for bound in rate_bounds(10, is_exact=True)]
    [4.795, 18.39]
    """
    seen = np.asarray(events, float)
    tail, z = (1 - level) / 2, float(ndtri((1 + level) / 2))
    least = np.where(seen > 0, chdtri(np.where(seen > 0, 2 * seen, 1.0), 1 - tail) / 2, 0.0)
    most = np.asarray(chdtri(2 * seen + 2, tail) / 2, float)
    if is_exact:
        return least, most
    reach = z * np.sqrt(seen + z**2 / 4)
    low, high = seen + z**2 / 2 - reach, seen + z**2 / 2 + reach
    is_few = seen < RARE
    return np.where(is_few | (least < RARE), least, low), np.where(is_few | (most < RARE), most, high)
