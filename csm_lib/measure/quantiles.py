"""Quantiles of durations whose rows depend on each other within clusters, such as waits of one day."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from csm_lib.errors import SettingError
from csm_lib.measure.arguments import check_level, numbers_of
from csm_lib.measure.clusters import NOTHING
from csm_lib.measure.inference import clustered_share
from csm_lib.results import Estimate

__all__ = ["clustered_quantile"]


def clustered_quantile(values: ArrayLike, *, clusters: ArrayLike, q: float = 0.5, level: float = 0.95) -> Estimate:
    """Estimate a quantile from rows that depend on each other within clusters.

    Parameters
    ----------
    values : array_like of float, shape (n,)
        In any unit; all observed to their end. With unfinished ones: `csm_lib.measure.survival.censored_median`.
    clusters : array_like, shape (n,)
    q : float, 0–1
        Share of the values that lie below.
    level : float, 0–1

    Returns
    -------
    Estimate
        In the unit of `values`; no interval below 8 clusters.

    Raises
    ------
    SettingError
        If `q` is not between 0 and 1, a value or label is missing, or the lengths differ.

    Notes
    -----
    Woodruff (1952, *JASA* 47:635): the interval of the clustered share of values up to the quantile, read off the
    ordered values.

    Examples
    --------
    >>> made = clustered_quantile(range(200), clusters=[i % 20 for i in range(200)], q=0.9)
    >>> made.value, made.low < made.value < made.high
    (179.0, True)
    """
    check_level(level)
    if not 0 < q < 1:
        raise SettingError(f"q must lie between 0 and 1, got {q!r}. Use 0.5 for the median.")
    numbers = numbers_of("values", values)
    if len(numbers) == 0:
        return Estimate(math.nan, math.nan, math.nan, 0, NOTHING)
    ordered = np.sort(numbers)
    value = float(np.quantile(ordered, q, method="inverted_cdf"))
    held = clustered_share(numbers <= value, clusters=clusters, level=level)
    if math.isnan(held.low):
        return Estimate(value, math.nan, math.nan, len(numbers), held.method)
    ends = (q + held.low - held.value, q + held.high - held.value)  # ties put more than q up to the quantile
    low, high = (float(np.quantile(ordered, min(max(end, 0.0), 1.0), method="inverted_cdf")) for end in ends)
    return Estimate(value, low, high, len(numbers), f"{held.method.split(';')[0]}; Woodruff")
