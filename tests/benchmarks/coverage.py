"""How often do 95 % intervals hold the truth? Per method and case, with the Monte-Carlo error and the bound to meet.

Run `python tests/benchmarks/coverage.py [REPEATS]` (10,000 by default, a few minutes). The exit code is 1 where a case
misses its bound by more than two Monte-Carlo errors. Coverage of plain shares is summed over the binomial distribution,
so it has no such error. The bounds:

- shares with n·p and n·(1−p) ≥ 5: at least 92 % at every p, and 94–96 % averaged over the grid of p;
- shares below that: at least 95 %, since they are labelled conservative;
- means, net shares and everything clustered, stratified or censored: 93–97 %. For clustered and stratified shares and
  rates n is the number of independent rows (or events) that a sample is worth, the median over samples; with fewer
  than five expected the interval is labelled conservative, and the bound is at least 95 %. Where five to ten are
  expected most clustered shares still carry that label (a Clopper–Pearson bound): such a case may cover more than
  97 %, not less than 93 %, and is printed as "labelled conservative";
- "stated" cases are too few for their skewness: `method` says "skewed" below 20 values or clusters, "corrected for
  skewness" from there, which mends part of it only. They are printed, not judged.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import binom, hypergeom

from csm_lib.measure.bounds import RARE, rate_bounds, share_bounds
from csm_lib.measure.inference import censored_median, share
from csm_lib.measure.spread import (
    clustered_net_bounds,
    clustered_share_bounds,
    effective_events,
    effective_n,
    mean_bounds,
    net_bounds,
    ratio_bounds,
    spread_of,
)
from csm_lib.measure.weighted import stratified_share

SEED = 20240331
CLOSE, FLOOR, EXACT, AVERAGE, STATED = (0.93, 0.97), (0.92, 1.0), (0.95, 1.0), (0.94, 0.96), (0.0, 1.0)
LABELLED = (0.93, 1.0)
SHARES = (0.01, 0.02, 0.05, 0.1, 0.3, 0.5, 0.78, 0.95, 0.99)

Array = NDArray[np.float64]
Counts = NDArray[np.int64]
Bounds = tuple[Array, Array]


@dataclass(frozen=True)
class Row:
    """Coverage of one method in one case."""

    method: str
    words: str
    covered: float
    error: float
    aim: tuple[float, float]

    @property
    def is_missed(self) -> bool:
        """Whether the bound is missed by more than two Monte-Carlo errors."""
        return not self.aim[0] - 2 * self.error - 1e-9 <= self.covered <= self.aim[1] + 2 * self.error + 1e-9


def _row(method: str, words: str, truth: float, bounds: Bounds, aim: tuple[float, float]) -> Row:
    low, high = bounds
    covered = float(np.mean((low <= truth) & (truth <= high)))
    error = math.sqrt(max(covered * (1 - covered), 1e-6) / len(low))
    return Row(method, words, covered, error, aim)


def share_rows(repeats: int) -> Iterator[Row]:
    """Shares of plain samples and of samples from a finite population; exact, so repeats do not matter."""
    grid = np.linspace(0.005, 0.995, 199)
    for n in (20, 50, 100, 200, 1000):
        hits = np.arange(n + 1)
        low, high, _ = share_bounds(hits / n, n)
        covered = np.array([binom.pmf(hits, n, p)[(low <= p) & (p <= high)].sum() for p in grid])
        is_common = np.minimum(grid, 1 - grid) * n >= RARE - 1e-9
        worst = grid[is_common][np.argmin(covered[is_common])]
        yield Row("share, Wilson", f"n = {n}, worst p ({worst:.3f})", float(covered[is_common].min()), 0, FLOOR)
        yield Row("share, Wilson", f"n = {n}, average over p", float(covered[is_common].mean()), 0, AVERAGE)
        if not is_common.all():
            worst = grid[~is_common][np.argmin(covered[~is_common])]
            yield Row("share, Clopper–Pearson", f"n = {n}, worst p ({worst:.3f})", covered[~is_common].min(), 0, EXACT)
        for p in (0.02, 0.05, 0.1, 0.5, 0.78, 0.99):
            held = float(binom.pmf(hits, n, p)[(low <= p) & (p <= high)].sum())
            is_rare = min(p, 1 - p) * n < RARE - 1e-9
            yield Row("share", f"n = {n}, p = {p}", held, 0, EXACT if is_rare else FLOOR)
    for whole, n, right in ((400, 80, 300), (1000, 300, 900), (150, 30, 6), (2000, 200, 1960)):
        counts = np.arange(n + 1)
        made = [share(int(k), n, population=whole) for k in counts]
        truth = right / whole
        holds = np.array([one.low <= truth <= one.high for one in made])
        is_rare = min(truth, 1 - truth) * n < RARE
        covered_finite = float(hypergeom.pmf(counts, whole, right, n)[holds].sum())
        yield Row(
            "share, finite population", f"n = {n} of {whole}, p = {truth:.2f}", covered_finite, 0,
            EXACT if is_rare else FLOOR,
        )  # fmt: skip


def mean_rows(repeats: int) -> Iterator[Row]:
    """Means of normal and of skewed values."""
    rng = np.random.default_rng(SEED)
    cases: list[tuple[str, float, Callable[[tuple[int, int]], Array], int]] = [
        ("normal", 5.0, lambda size: rng.normal(5, 2, size), 8),
        ("gamma, shape 2", 2.0, lambda size: rng.gamma(2, 1, size), 20),
        ("exponential", 1.0, lambda size: rng.exponential(1, size), 20),
        ("lognormal, σ = 0.5", math.exp(0.125), lambda size: rng.lognormal(0, 0.5, size), 20),
        ("lognormal, σ = 1", math.exp(0.5), lambda size: rng.lognormal(0, 1, size), 50),
        ("lognormal, σ = 1.5", math.exp(1.125), lambda size: rng.lognormal(0, 1.5, size), 200),
    ]
    for words, truth, draw, enough in cases:
        for n in (8, 12, 20, 30, 50, 100, 200, 500, 1000):
            values = draw((repeats, n))
            low, high, _ = mean_bounds(spread_of(values, np.ones(n)))
            yield _row("mean", f"{words}, n = {n}", truth, (low, high), CLOSE if n >= enough else STATED)


def net_rows(repeats: int) -> Iterator[Row]:
    """Net shares of independent answers and of answers that customers give several of."""
    rng = np.random.default_rng(SEED)
    sides = ((1 / 2, 1 / 6), (0.52, 0.12), (0.1, 0.1), (0.8, 0.05))
    for n in (30, 100, 1000):
        for p, d in sides:
            up, down, _ = np.moveaxis(rng.multinomial(n, [p, d, 1 - p - d], repeats), -1, 0) / n
            bounds = net_bounds(up, down, n, quantile=float(ndtri(0.975)))
            yield _row("net, adjusted Wald", f"n = {n}, {p:.2f} − {d:.2f}", p - d, bounds, CLOSE)
    for n_clusters, size in ((10, 15), (30, 4), (100, 2), (500, 2)):
        for p, d in sides:
            mixed = rng.gamma(np.broadcast_to(np.array([p, d, 1 - p - d]) * 9, (repeats, n_clusters, 3)))
            mixed /= mixed.sum(-1, keepdims=True)
            found = rng.multinomial(size, mixed)
            up, down = found[..., 0], found[..., 1]
            spread = spread_of(up - down, np.full(up.shape, size))
            whole = n_clusters * size
            bounds = clustered_net_bounds(spread, up.sum(-1) / whole, down.sum(-1) / whole)
            words = f"{n_clusters} customers of {size}, {p:.2f} − {d:.2f}"
            yield _row("net, clustered", words, p - d, bounds, CLOSE)


def cluster_share_rows(
    repeats: int,
    *,
    counts: tuple[int, ...] = (8, 15, 40, 90, 500),
    likeness: tuple[float, ...] = (0.0, 0.01, 0.05, 0.2),
    shares: tuple[float, ...] = SHARES,
) -> Iterator[Row]:
    """Beta-binomial clusters of uneven size, about 21 rows, by their number, intraclass correlation and share."""
    rng = np.random.default_rng(SEED)
    for n_clusters in counts:
        for icc in likeness:
            for p in shares:
                yield _clustered_row(rng, repeats, "", n_clusters, icc, p, _uneven)


def cluster_check_rows(repeats: int) -> Iterator[Row]:
    """Other clusters than those on which the method was chosen: other numbers, sizes, likeness and shares."""
    rng = np.random.default_rng(SEED + 1)
    for draw, words in ((_of_twelve, " of 12"), (_heavy, ", sizes lognormal")):
        for n_clusters in (10, 25, 55, 120):
            for icc in (0.0, 0.02, 0.1):
                for p in (0.015, 0.03, 0.07, 0.2, 0.45, 0.97):
                    yield _clustered_row(rng, repeats, words, n_clusters, icc, p, draw)


def _uneven(rng: np.random.Generator, shape: tuple[int, int]) -> Counts:
    return 1 + rng.poisson(rng.gamma(2, 10, shape))


def _of_twelve(rng: np.random.Generator, shape: tuple[int, int]) -> Counts:
    return np.full(shape, 12)


def _heavy(rng: np.random.Generator, shape: tuple[int, int]) -> Counts:
    return 1 + rng.poisson(35 * rng.lognormal(-0.18, 0.6, shape))


def _clustered_row(
    rng: np.random.Generator, repeats: int, words: str, n_clusters: int, icc: float, p: float,
    draw: Callable[[np.random.Generator, tuple[int, int]], Counts],
) -> Row:  # fmt: skip
    """Draw beta-binomial clusters in chunks and count how often their share's interval holds p."""
    parts = []
    for some in _chunks(repeats, n_clusters):
        sizes = draw(rng, (some, n_clusters))
        scale = 1 / icc - 1 if icc else 1.0
        chance = rng.beta(p * scale, (1 - p) * scale, sizes.shape) if icc else p
        spread = spread_of(rng.binomial(sizes, chance), sizes)
        low, high, kind = clustered_share_bounds(spread)
        parts.append((low, high, effective_n(spread), kind))
    low, high, worth, kinds = (np.concatenate(column) for column in zip(*parts, strict=True))
    expected = float(np.median(worth)) * min(p, 1 - p)
    told = f"{n_clusters} clusters{words}, ICC {icc}, p = {p}; {expected:.1f} expected"
    if expected < RARE:
        return _row("clustered share", told, p, (low, high), EXACT)
    is_labelled = np.mean(kinds > 0) > 0.5
    return _row("clustered share", told, p, (low, high), LABELLED if is_labelled else CLOSE)


def _chunks(repeats: int, n_clusters: int) -> list[int]:
    """Split the repeats so that no array takes more than some 20 MB."""
    most = max(1, 2_500_000 // n_clusters)
    return [min(most, repeats - done) for done in range(0, repeats, most)]


def cluster_mean_rows(repeats: int) -> Iterator[Row]:
    """Means of seconds by day: normal and skewed waits, days that differ, uneven numbers of contacts."""
    rng = np.random.default_rng(SEED)
    for n_clusters in (8, 15, 25, 40, 90):
        for shape, words in ((16.0, "mildly skewed"), (2.0, "skewed")):
            for days in (0.0, 0.15):
                sizes = 1 + rng.poisson(rng.gamma(2, 10, (repeats, n_clusters)))
                level = 60 * rng.lognormal(-(days**2) / 2, days, sizes.shape)
                found = rng.gamma(shape * sizes) * level / shape
                low, high, _ = mean_bounds(spread_of(found, sizes))
                told = f"{n_clusters} days, {words} waits, days differ by {days:.0%}"
                yield _row("clustered mean", told, 60.0, (low, high), CLOSE)
    for n_clusters in (8, 15, 25, 40, 90):
        sizes = 1 + rng.poisson(rng.gamma(2, 10, (repeats, n_clusters)))
        found = rng.gamma(sizes.astype(float)) * rng.lognormal(-0.32, 0.8, sizes.shape)
        low, high, _ = mean_bounds(spread_of(found, sizes))
        yield _row("clustered mean", f"{n_clusters} days, heavy-tailed days (lognormal 0.8)", 1.0, (low, high), STATED)


def rate_rows(repeats: int) -> Iterator[Row]:
    """Rates of independent events, and complaints per contact that come in bursts by customer."""
    rng = np.random.default_rng(SEED)
    for expected in (1, 5, 40, 360):
        low, high = rate_bounds(rng.poisson(expected, repeats), is_exact=True)
        yield _row("rate, Garwood", f"{expected} expected", expected, (low, high), EXACT)
    for n_customers in (500, 2000):
        for burst in (0.0, 1.0, 4.0):
            for truth in (0.002, 0.01, 0.04):
                parts = []
                for some in _chunks(repeats, n_customers):
                    handled = 1 + rng.poisson(0.5, (some, n_customers))
                    pull = rng.gamma(1 / burst, burst, handled.shape) if burst else 1.0
                    found = rng.poisson(truth * handled * pull)
                    spread = spread_of(found, handled)
                    low, high = ratio_bounds(spread, handled.sum(-1))
                    parts.append((low, high, effective_events(spread)))
                low, high, worth = (np.concatenate(column) for column in zip(*parts, strict=True))
                expected_events = float(np.median(worth))
                words = f"{n_customers} customers, burst {burst:.0f}, {truth:.1%}; {expected_events:.1f} expected"
                aim = CLOSE if expected_events >= RARE else EXACT
                yield _row("rate, clustered", words, truth, (low, high), aim)


def strata_rows(repeats: int) -> Iterator[Row]:
    """Review samples drawn without replacement from strata of a finite population."""
    rng = np.random.default_rng(SEED)
    cases = {
        "3 strata, even": ([600, 500, 400], [80, 70, 60], [540, 430, 330]),
        "3 strata, uneven": ([1000, 500, 200], [80, 60, 60], [950, 430, 90]),
        "13 weeks × 4 teams, 20 %": ([25] * 52, [5] * 52, [23] * 52),
        "4 strata that differ": ([500] * 4, [60] * 4, [490, 400, 300, 250]),
        "13 weeks, 20 %, rare errors": ([40] * 13, [8] * 13, [39] * 13),
        "4 strata, the largest thinly read": ([2000, 300, 300, 100], [40] * 4, [1960, 240, 270, 60]),
    }
    for words, (whole, n, right) in cases.items():
        sizes, rows = np.array(whole), np.array(n)
        found = rng.hypergeometric(np.array(right), sizes - np.array(right), rows, (repeats, len(whole)))
        made = [
            stratified_share([(int(m), float(k * N / m), float(N)) for k, N, m in zip(one, sizes, rows, strict=True)])
            for one in found
        ]
        truth = sum(right) / sum(whole)
        kish = sizes.sum() ** 2 / np.sum(sizes**2 / rows * (1 - rows / sizes))
        expected = kish * min(truth, 1 - truth)
        bounds = np.array([one.low for one in made]), np.array([one.high for one in made])
        told = f"{words}; {expected:.1f} expected"
        yield _row("stratified share", told, truth, bounds, CLOSE if expected >= RARE else EXACT)


def median_rows(repeats: int) -> Iterator[Row]:
    """Medians of durations that have not all ended."""
    rng = np.random.default_rng(SEED)
    for n, longest in ((40, 400), (80, 400), (80, 250), (300, 250)):
        made = []
        for _ in range(repeats):
            ends, looks = rng.exponential(100, n), rng.uniform(20, longest, n)
            made.append(censored_median(np.minimum(ends, looks), ends <= looks))
        bounds = np.array([one.low for one in made]), np.array([one.high for one in made])
        words = f"{n} exponential, last looks from 20 to {longest} s"
        yield _row("censored median", words, 100 * math.log(2), bounds, CLOSE)


ROOMS = (
    share_rows, mean_rows, net_rows, cluster_share_rows, cluster_check_rows, cluster_mean_rows, rate_rows, strata_rows,
    median_rows,
)  # fmt: skip


def main(repeats: int) -> int:
    """Print one line per case; count the cases that miss their bound."""
    missed = 0
    sys.stdout.write(f"{repeats} repeats\n{'method':26}{'case':66}{'coverage':>10}{'± error':>10}  bound\n")
    for rows in ROOMS:
        for row in rows(repeats):
            missed += row.is_missed
            bound = "stated, not judged" if row.aim == STATED else f"{row.aim[0]}–{row.aim[1]}"
            told = "MISSED" if row.is_missed else "" if row.aim == STATED else "met"
            told += ", labelled conservative" if row.aim == LABELLED else ""
            sys.stdout.write(f"{row.method:26}{row.words:66}{row.covered:10.4f}{row.error:10.4f}  {bound} {told}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{missed} missed\n")
    return missed


if __name__ == "__main__":
    sys.exit(1 if main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000) else 0)
