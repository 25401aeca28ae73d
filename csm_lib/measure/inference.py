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
from scipy.special import ndtri
from scipy.stats import hypergeom

from csm_lib.errors import SettingError
from csm_lib.measure.arguments import check_level, count_of, numbers_of
from csm_lib.measure.bounds import RARE, bounds_words, rate_bounds, share_bounds, wilson_bounds
from csm_lib.measure.clusters import (
    NOTHING,
    SKEWED,
    ClusterSums,
    net_from_cluster_sums,
    rate_from_cluster_sums,
    ratio_from_cluster_sums,
)
from csm_lib.measure.spread import FEW_FOR_SKEW, Spread, mean_bounds, net_bounds, net_variance, shape_of
from csm_lib.measure.survival import censored_median
from csm_lib.measure.verdicts import is_met, probability_met, verdict
from csm_lib.results import Estimate

__all__ = [
    "ClusterSums",
    "censored_median",
    "clustered_net",
    "clustered_share",
    "is_met",
    "mean",
    "mean_from_sums",
    "net_from_cluster_sums",
    "net_variance",
    "nps",
    "probability_met",
    "ratio_from_cluster_sums",
    "rate",
    "rate_from_cluster_sums",
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
    the level, often more, and labelled so. A single bound of Wilson's gives way to the exact one
    where that lies at a share with which fewer than 5 would be expected: see `csm_lib.measure.bounds.share_bounds`.

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
    method = "" if whole is None else f", finite population of {whole}"
    if whole is None:
        low, high, kind = (float(part) for part in share_bounds(hits / rows, rows, level=level))
    else:
        low, high, kind = _finite_bounds(hits, rows, whole, level)
    return Estimate(hits / rows, low, high, rows, bounds_words(int(kind)) + method)


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
    Ratio of sums over clusters, whose variance says how many independent rows the sample is worth; Wilson's or
    Clopper–Pearson's interval on that number: see `csm_lib.measure.clusters.ratio_from_cluster_sums`.

    Examples
    --------
    >>> clustered_share([1, 0, 1, 1], clusters=["a", "a", "b", "b"]).method
    'clustered by clusters (2); no interval: fewer than 8 clusters'
    """
    check_level(level)
    values = _one_of("flags", flags, (0, 1), "0 or 1", "Say for each row whether it counts.")
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
        In the unit of `values`; no interval for one row, for values all alike, and below 8 clusters. Where fewer than
        20 values or clusters are skewed, `method` says that the interval promises too much.

    Raises
    ------
    SettingError
        If a value or label is missing, or the lengths differ.

    Notes
    -----
    Student's t on n−1 degrees of freedom; with clusters CR2 and Bell–McCaffrey degrees of freedom below 40, linearised
    from there. Skewed values (n < 25 × skewness²): corrected from 20 values or clusters on, see
    `csm_lib.measure.spread.mean_bounds`.

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
    if len(numbers) < 2:
        return mean_from_sums(float(numbers.sum()), 0.0, len(numbers), level=level)
    distances = numbers - numbers.mean()
    squares, cubes, fourths = (float(np.sum(distances**power)) for power in (2, 3, 4))
    return mean_from_sums(float(numbers.sum()), squares, len(numbers), level=level, cubes=cubes, fourths=fourths)


def mean_from_sums(
    total: float, squares: float, n: int, *, level: float = 0.95, cubes: float = 0.0, fourths: float = 0.0
) -> Estimate:
    """Estimate a mean from Σx, Σ(x − mean)² and n; Σ(x − mean)³ and Σ(x − mean)⁴ say how skewed the values are.

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
    skew, peak = shape_of(squares, cubes, fourths)
    spread = Spread(np.asarray(value), np.asarray(squares / (n - 1) / n), np.asarray(n - 1.0), skew, peak, n)
    low, high, is_skewed = mean_bounds(spread, level=level)
    how = "t" if not is_skewed else f"t; {SKEWED}" if n < FEW_FOR_SKEW else "t, corrected for skewness"
    return Estimate(value, float(low), float(high), n, how)


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
    low, high = net_bounds(up / n, down / n, n, quantile=float(ndtri((1 + level) / 2)))
    return Estimate((up - down) / n, float(low), float(high), n, "adjusted Wald")


def clustered_net(scores: ArrayLike, *, clusters: ArrayLike, level: float = 0.95) -> Estimate:
    """Estimate a net share from answers that depend on each other within clusters, such as those of one customer.

    Parameters
    ----------
    scores : array_like of 1, 0 or −1, shape (n,)
        Promoter, passive, detractor.
    clusters : array_like, shape (n,)
    level : float, 0–1

    Returns
    -------
    Estimate
        Share difference, −1 to 1; no interval below 8 clusters.

    Raises
    ------
    SettingError
        If a score is none of the three, a label is missing, or the lengths differ.

    Notes
    -----
    See `csm_lib.measure.clusters.net_from_cluster_sums`.

    Examples
    --------
    >>> clustered_net([1, 0, -1, 1] * 10, clusters=range(40)).method
    'clustered by clusters (40); adjusted Wald, on the effective n'
    """
    check_level(level)
    values = _one_of("scores", scores, (-1, 0, 1), "1, 0 or −1", "Score promoters, passives and detractors so.")
    up, down = int(np.sum(values > 0)), int(np.sum(values < 0))
    return net_from_cluster_sums(_cluster(values, clusters), promoters=up, detractors=down, level=level)


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
    Exact Poisson interval (Garwood 1936), conservative; it takes the events as independent of each other. Where they
    come in clusters: `rate_from_cluster_sums`.

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
    low, high = rate_bounds(count, level=level, is_exact=True)
    return Estimate(count / base, float(low) / base, float(high) / base, base, "Poisson, exact (Garwood), conservative")


def _finite_bounds(hits: int, rows: int, whole: int, level: float) -> tuple[float, float, int]:
    """Bounds as `share_bounds`, with the hypergeometric in the place of the binomial."""
    value = hits / rows
    low, high = (float(bound) for bound in wilson_bounds(value, rows * (whole - 1) / (whole - rows), level=level))
    is_few = min(hits, rows - hits) < RARE
    if all(min(bound, 1 - bound) * rows >= 2 * RARE for bound in (low, high)):  # then no exact bound lies below five
        return low, high, 0
    exact = _hypergeometric_bounds(hits, rows, whole, level)
    is_rare = [is_few or min(bound, 1 - bound) * rows < RARE for bound in exact]
    low, high = (bounds[rare] for bounds, rare in zip(zip((low, high), exact, strict=True), is_rare, strict=True))
    return min(low, value), max(high, value), sum(is_rare)


def _one_of(name: str, given: ArrayLike, allowed: tuple[int, ...], words: str, advice: str) -> NDArray[np.float64]:
    values = numbers_of(name, given)
    wrong = values[~np.isin(values, allowed)]
    if len(wrong):
        found = f"got {float(wrong[0])!r} ({len(wrong)} of {len(values)} rows)"
        raise SettingError(f"{name} must be {words}, {found}. {advice}")
    return values


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
