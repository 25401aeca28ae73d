"""How sure a number is: values with the interval that their kind of data deserves, and the verdict that follows.

A share of forty answers and a share of forty thousand print alike; the interval beside them tells them apart. Where no
honest interval exists the bounds are NaN and `method` says why.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtri, ndtri, stdtrit
from scipy.stats import hypergeom
from statsmodels.stats.proportion import proportion_confint

from csm_lib.errors import SettingError
from csm_lib.measure.arguments import check_level, count_of, numbers_of
from csm_lib.measure.clusters import NOTHING, RARE, ClusterSums, ratio_from_cluster_sums
from csm_lib.measure.survival import censored_median
from csm_lib.measure.verdicts import is_met, probability_met, verdict
from csm_lib.results import Estimate

__all__ = [
    "ClusterSums",
    "censored_median",
    "clustered_share",
    "is_met",
    "mean",
    "mean_from_sums",
    "net_variance",
    "nps",
    "probability_met",
    "ratio_from_cluster_sums",
    "rate",
    "share",
    "verdict",
]


def share(successes: float, n: float, *, level: float = 0.95, population: float | None = None) -> Estimate:
    """Estimate a share from independent rows.

    Parameters
    ----------
    successes : int, 0–n
    n : int, ≥ 0
        Rows looked at; with 0 there is no value.
    level : float, 0–1
        Probability that the interval holds the true share.
    population : int, ≥ n, optional
        Rows the n were drawn from without replacement; the closer n comes to it, the narrower the interval.

    Returns
    -------
    Estimate
        Share, 0–1.

    Raises
    ------
    SettingError
        If a count is missing, negative or not whole, if there are more successes than rows, or more rows than the
        population has.

    Notes
    -----
    Wilson's score interval (Wilson 1927; Newcombe 1998, method 3), on n (N−1)/(N−n) rows where a population N is given.
    With fewer than 5 successes or failures Clopper–Pearson (1934), from the hypergeometric where N is given: at least
    the level, often more, and labelled so.

    Examples
    --------
    >>> made = share(81, 263)
    >>> round(made.low, 4), round(made.high, 4)
    (0.2553, 0.3662)
    """
    check_level(level)
    hits, rows = count_of("successes", successes), count_of("n", n)
    whole = None if population is None else count_of("population", population)
    if hits > rows:
        raise SettingError(f"successes must not exceed n, got {hits!r} (n = {rows}). Count both over the same rows.")
    if whole is not None and whole < rows:
        raise SettingError(f"population must be at least n, got {whole!r} (n = {rows}). Give the rows drawn from.")
    if rows == 0:
        return Estimate(math.nan, math.nan, math.nan, 0, NOTHING)
    if whole == rows:
        return Estimate(hits / rows, hits / rows, hits / rows, rows, "every row of the population was seen")
    is_rare = min(hits, rows - hits) < RARE
    if is_rare and whole is not None:
        low, high = _hypergeometric_bounds(hits, rows, whole, level)
    else:
        effective = rows if whole is None else rows * (whole - 1) / (whole - rows)
        kind = "beta" if is_rare else "wilson"
        low, high = proportion_confint(hits / rows * effective, effective, alpha=1 - level, method=kind)
    method = "Clopper–Pearson, conservative" if is_rare else "Wilson"
    if whole is not None:
        method += f", finite population of {whole}"
    return Estimate(hits / rows, float(low), float(high), rows, method)


def clustered_share(flags: ArrayLike, *, clusters: ArrayLike, level: float = 0.95) -> Estimate:
    """Estimate a share from rows that depend on each other within clusters.

    Parameters
    ----------
    flags : array_like of 0/1 or bool, shape (n,)
    clusters : array_like, shape (n,)
        Label of the cluster each row belongs to: a day, a customer, an agent.
    level : float, 0–1

    Returns
    -------
    Estimate
        Share, 0–1; no interval below 8 clusters.

    Raises
    ------
    SettingError
        If a flag is missing or neither 0 nor 1, a label is missing, or the lengths differ.

    Notes
    -----
    Ratio of sums over clusters: see `csm_lib.measure.clusters.ratio_from_cluster_sums`.

    Examples
    --------
    >>> clustered_share([1, 0, 1, 1], clusters=["a", "a", "b", "b"]).method
    'clustered by clusters (2); no interval: fewer than 8 clusters'
    """
    check_level(level)
    values = numbers_of("flags", flags)
    wrong = values[~np.isin(values, (0, 1))]
    if len(wrong):
        raise SettingError(
            f"flags must be 0 or 1, got {float(wrong[0])!r} ({len(wrong)} of {len(values)} rows). "
            "Say for each row whether it counts."
        )
    return ratio_from_cluster_sums(_cluster(values, clusters), level=level, limits=(0, 1))


def mean(values: ArrayLike, *, level: float = 0.95, clusters: ArrayLike | None = None) -> Estimate:
    """Estimate a mean.

    Parameters
    ----------
    values : array_like of float, shape (n,)
        In any unit.
    level : float, 0–1
    clusters : array_like, shape (n,), optional
        Labels of clusters whose rows depend on each other.

    Returns
    -------
    Estimate
        In the unit of `values`; no interval for one row, for values all alike, and below 8 clusters.

    Raises
    ------
    SettingError
        If a value or label is missing, or the lengths differ.

    Notes
    -----
    Student's t on n−1 degrees of freedom; with clusters as `clustered_share`.

    Examples
    --------
    >>> made = mean([1.0, 2.0, 3.0, 4.0, 5.0])
    >>> round(made.low, 4), round(made.high, 4)
    (1.0368, 4.9632)
    """
    check_level(level)
    numbers = numbers_of("values", values)
    if clusters is not None:
        return ratio_from_cluster_sums(_cluster(numbers, clusters), level=level)
    squares = float(np.sum((numbers - numbers.mean()) ** 2)) if len(numbers) else 0.0
    return mean_from_sums(float(numbers.sum()), squares, len(numbers), level=level)


def mean_from_sums(total: float, squares: float, n: int, *, level: float = 0.95) -> Estimate:
    """Estimate a mean from Σx, Σ(x − mean)² and n.

    Examples
    --------
    >>> mean_from_sums(15.0, 10.0, 5).value
    3.0
    """
    if n == 0:
        return Estimate(math.nan, math.nan, math.nan, 0, NOTHING)
    value = total / n
    if n == 1:
        return Estimate(value, math.nan, math.nan, 1, "no interval: one row")
    if squares <= 1e-12 * n * value**2:
        return Estimate(value, math.nan, math.nan, n, "no interval: all values are alike")
    reach = float(stdtrit(n - 1, (1 + level) / 2)) * math.sqrt(squares / (n - 1) / n)
    return Estimate(value, value - reach, value + reach, n, "t")


def nps(promoters: float, passives: float, detractors: float, *, level: float = 0.95) -> Estimate:
    """Estimate a net share: promoters minus detractors, as a share of all who answered.

    Parameters
    ----------
    promoters, passives, detractors : int, ≥ 0
        Answers 9–10, 7–8 and 0–6 of 0–10; or willing, unsure, unwilling.
    level : float, 0–1

    Returns
    -------
    Estimate
        Share difference, −1 to 1 (shown to people as −100 to 100).

    Raises
    ------
    SettingError
        If a count is missing, negative or not whole.

    Notes
    -----
    Adjusted Wald after Rocks (2016, *The American Statistician* 70:365): ¾ of an answer is added to promoters and to
    detractors, 1½ to passives; the variance of one answer is p + d − (p − d)². The value itself is not adjusted; where
    few answered and all alike, it may lie outside, and the interval is widened to it.

    Examples
    --------
    >>> round(nps(1436, 968, 342).value, 4)
    0.3984
    """
    check_level(level)
    up, middle, down = (
        count_of("promoters", promoters),
        count_of("passives", passives),
        count_of("detractors", detractors),
    )
    n = up + middle + down
    if n == 0:
        return Estimate(math.nan, math.nan, math.nan, 0, NOTHING)
    p, d = (up + 0.75) / (n + 3), (down + 0.75) / (n + 3)
    reach = float(ndtri((1 + level) / 2)) * math.sqrt(net_variance(p, d) / (n + 3))
    value = (up - down) / n
    low, high = max(-1.0, min(p - d - reach, value)), min(1.0, max(p - d + reach, value))
    return Estimate(value, low, high, n, "adjusted Wald")


def net_variance(promoter_share: float, detractor_share: float) -> float:
    """Variance of one answer scored 1, 0 or −1.

    Examples
    --------
    >>> round(net_variance(1 / 2, 1 / 6) * 9, 9)  # five ninths
    5.0
    """
    return promoter_share + detractor_share - (promoter_share - detractor_share) ** 2


def rate(events: float, exposure: float, *, level: float = 0.95) -> Estimate:
    """Estimate a rate: events counted over an exposure of another kind, such as complaints per handled contact.

    Parameters
    ----------
    events : int, ≥ 0
    exposure : int, ≥ 0
    level : float, 0–1

    Returns
    -------
    Estimate
        Events per unit of exposure; `n` is the exposure.

    Raises
    ------
    SettingError
        If a count is missing, negative or not whole.

    Notes
    -----
    Exact Poisson interval (Garwood 1936), conservative; it takes the events as independent of each other.

    Examples
    --------
    >>> made = rate(10, 100)
    >>> round(made.low, 5), round(made.high, 5)
    (0.04795, 0.1839)
    """
    check_level(level)
    count, base = count_of("events", events), count_of("exposure", exposure)
    if base == 0:
        return Estimate(math.nan, math.nan, math.nan, 0, NOTHING)
    low = 0.0 if count == 0 else float(chdtri(2 * count, (1 + level) / 2)) / 2
    high = float(chdtri(2 * count + 2, (1 - level) / 2)) / 2
    return Estimate(count / base, low / base, high / base, base, "Poisson, exact (Garwood), conservative")


def _hypergeometric_bounds(hits: int, rows: int, whole: int, level: float) -> tuple[float, float]:
    """Smallest and largest number of successes in the population that the sample does not contradict."""
    tail = (1 - level) / 2
    least, most = hits, whole - rows + hits
    low = _first(least, most, lambda k: float(hypergeom.sf(hits - 1, whole, k, rows)) > tail)
    turned = _first(least, most, lambda k: float(hypergeom.cdf(hits, whole, most + least - k, rows)) > tail)
    high = most + least - turned
    return low / whole, high / whole


def _first(least: int, most: int, holds: Callable[[int], bool]) -> int:
    """Smallest k from `least` to `most` for which a monotone condition holds."""
    while least < most:
        middle = (least + most) // 2
        least, most = (least, middle) if holds(middle) else (middle + 1, most)
    return least


def _cluster(values: NDArray[np.float64], clusters: ArrayLike) -> ClusterSums:
    codes, labels = pd.factorize(np.asarray(clusters))
    if len(codes) != len(values):
        raise SettingError(
            f"clusters must have one label a row, got {len(codes)} ({len(values)} rows). Give each row its cluster."
        )
    if (codes < 0).any():
        raise SettingError(
            f"clusters must have no missing label, got {int((codes < 0).sum())} missing ({len(codes)} rows). "
            "Leave those rows out and count them."
        )
    a = np.bincount(codes, weights=values, minlength=len(labels))
    return ClusterSums.of(a, np.bincount(codes, minlength=len(labels)), n=len(values))
