"""How widely counts scatter around their expectation, beyond what chance alone would do.

A count with mean `m` and dispersion `d` is taken for a negative binomial with variance ``m + d m^2``; ``d = 0`` is the
Poisson count of pure chance (Cameron and Trivedi 1986, the NB2 model).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

__all__ = ["count_quantile", "least_dispersion", "rate_quantile"]

Floats = NDArray[np.float64]

_PURE_CHANCE = 1e-9  # a smaller dispersion cannot be told from none
_POWERS_OF_TEN = (-6.0, 1.0)


def count_quantile(mean: Floats, *, dispersion: float, q: float) -> Floats:
    """Give the count that a share `q` of the counts does not exceed.

    Parameters
    ----------
    mean : ndarray of float
        Expected counts, 0 or more; where nothing is expected the quantile is 0.
    dispersion : float
        0 or more.
    q : float
        Share, 0 to 1.

    Returns
    -------
    ndarray of float
        Whole numbers.

    Examples
    --------
    >>> count_quantile(np.array([0.0, 4.0]), dispersion=0.0, q=0.5)
    array([0., 4.])
    """
    safe = np.maximum(mean, 1e-12)
    if dispersion < _PURE_CHANCE:
        found = stats.poisson.ppf(q, safe)
    else:
        found = stats.nbinom.ppf(q, 1.0 / dispersion, 1.0 / (1.0 + dispersion * safe))
    return np.where(mean > 0, found, 0.0)


def rate_quantile(mean: Floats, *, dispersion: float, q: float) -> Floats:
    """Give the rate that the true rate does not exceed with probability `q`.

    A negative binomial count is a Poisson count whose rate is itself uncertain, by a gamma distribution. A queue
    formula already allows for the chance of the Poisson count; only the uncertainty of the rate is carried into it.

    Parameters
    ----------
    mean : ndarray of float
        Expected counts, 0 or more.
    dispersion : float
        0 or more.
    q : float
        Probability, 0 to 1.

    Returns
    -------
    ndarray of float

    Examples
    --------
    >>> rate_quantile(np.array([0.0, 4.0]), dispersion=0.0, q=0.8)
    array([0., 4.])
    """
    if dispersion < _PURE_CHANCE:
        return np.array(mean, dtype=float)
    return stats.gamma.ppf(q, 1.0 / dispersion, scale=dispersion * np.asarray(mean, dtype=float))


def least_dispersion(mean: Floats, actual: Floats, *, level: float) -> float:
    """Find the least dispersion with which a share `level` of the actual counts lies in its central interval.

    Parameters
    ----------
    mean : ndarray of float, shape (n,)
        Counts that were expected; rows without expectation are left out.
    actual : ndarray of float, shape (n,)
        Counts that came.
    level : float
        Share to hold, between 0 and 1.

    Returns
    -------
    float
        0 where chance alone holds that many; 10 at most.

    Examples
    --------
    >>> least_dispersion(np.full(3, 10.0), np.array([9.0, 10.0, 11.0]), level=0.8)
    0.0
    """
    mean, actual = mean[mean > 0], actual[mean > 0]

    def is_wide_enough(dispersion: float) -> bool:
        above = _count_cdf(actual, mean, dispersion) >= (1 - level) / 2
        below = _count_cdf(actual - 1, mean, dispersion) < (1 + level) / 2
        return bool(np.mean(above & below) >= level)

    if not mean.size or is_wide_enough(0.0):
        return 0.0
    low, high = _POWERS_OF_TEN
    for _ in range(24):
        middle = (low + high) / 2
        low, high = (low, middle) if is_wide_enough(10.0**middle) else (middle, high)
    return float(10.0**high)


def _count_cdf(count: Floats, mean: Floats, dispersion: float) -> Floats:
    """Probability of at most `count`."""
    if dispersion < _PURE_CHANCE:
        return stats.poisson.cdf(count, mean)
    return stats.nbinom.cdf(count, 1.0 / dispersion, 1.0 / (1.0 + dispersion * mean))
