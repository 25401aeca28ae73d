"""How often do 95 % intervals hold the truth? Simulated, per method and case, with the Monte-Carlo error.

Run `python tests/benchmarks/coverage.py [REPEATS]` (10,000 by default, about a minute). The exit code is 1 where a
case misses its aim by more than two Monte-Carlo errors. `share` sees only the counts of its sample: with fewer than
five successes expected it still meets samples with five and more, and uses Wilson there. Both are printed: the exact
interval alone, and what `share` really does.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from statsmodels.stats.proportion import proportion_confint

from csm_lib.measure.clusters import ClusterSums, ratio_from_cluster_sums
from csm_lib.measure.inference import censored_median, mean_from_sums, nps, rate, share
from csm_lib.measure.weighted import stratified_share
from csm_lib.results import Estimate

SEED = 20240331
AIM_CLOSE, AIM_SHARE, AIM_FLOOR, AIM_AVERAGE = (0.93, 0.97), (0.92, 1.0), (0.95, 1.0), (0.94, 0.96)


@dataclass(frozen=True)
class Case:
    """One setting: draw an estimate, and the truth that its interval should hold."""

    method: str
    words: str
    truth: float
    draw: Callable[[np.random.Generator], Estimate]
    aim: tuple[float, float]


def _binomial(n: int, truth: float, made: Sequence[Estimate]) -> Callable[[np.random.Generator], Estimate]:
    return lambda rng: made[rng.binomial(n, truth)]


def share_cases() -> Iterator[Case]:
    """Shares where n·p and n·(1−p) are at least 5, and below."""
    for n in (20, 50, 200, 1000):
        for truth in (0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 0.78, 0.9, 0.95, 0.988):
            made = [share(k, n) for k in range(n + 1)]
            is_common = min(truth, 1 - truth) * n >= 5 - 1e-9
            words = f"n = {n}, p = {truth}"
            if not is_common:
                low, high = proportion_confint(np.arange(n + 1), n, method="beta")
                exact = [Estimate(k / n, low[k], high[k], n, "") for k in range(n + 1)]
                yield Case("share, Clopper–Pearson alone", words, truth, _binomial(n, truth, exact), AIM_FLOOR)
            method = "share, Wilson" if is_common else "share, rare as switched"
            yield Case(method, words, truth, _binomial(n, truth, made), AIM_SHARE)
    for whole, n, hits in ((400, 80, 300), (1000, 300, 900), (150, 30, 6)):
        made = [share(min(k, hits), n, population=whole) for k in range(n + 1)]
        yield Case(
            "share, finite population",
            f"n = {n} of {whole}, p = {hits / whole:.2f}",
            hits / whole,
            lambda rng, n=n, whole=whole, hits=hits, made=made: made[rng.hypergeometric(hits, whole - hits, n)],  # type: ignore[misc]
            AIM_SHARE,
        )


def mean_cases() -> Iterator[Case]:
    """Means of normal and of skewed values."""

    def drawn(sample: Callable[[np.random.Generator], np.ndarray]) -> Callable[[np.random.Generator], Estimate]:
        def draw(rng: np.random.Generator) -> Estimate:
            values = sample(rng)
            return mean_from_sums(float(values.sum()), float(np.sum((values - values.mean()) ** 2)), len(values))

        return draw

    yield Case("mean, t", "normal, n = 10", 5.0, drawn(lambda rng: rng.normal(5, 2, 10)), AIM_CLOSE)
    yield Case("mean, t", "gamma (shape 2), n = 100", 60.0, drawn(lambda rng: rng.gamma(2, 30, 100)), AIM_CLOSE)
    yield Case("mean, t", "lognormal, n = 500", math.e**0.5, drawn(lambda rng: rng.lognormal(0, 1, 500)), AIM_CLOSE)


def net_cases() -> Iterator[Case]:
    """Net shares."""
    for n in (30, 100, 1000):
        for p, d in ((1 / 2, 1 / 6), (0.52, 0.12), (0.1, 0.1), (0.8, 0.05)):

            def draw(rng: np.random.Generator, n: int = n, p: float = p, d: float = d) -> Estimate:
                up, down, middle = rng.multinomial(n, [p, d, 1 - p - d])
                return nps(int(up), int(middle), int(down))

            yield Case("net, adjusted Wald", f"n = {n}, {p:.2f} − {d:.2f}", p - d, draw, AIM_CLOSE)


def cluster_cases() -> Iterator[Case]:
    """Shares and means whose clusters differ in level and in size."""
    for n_clusters in (8, 12, 25, 40, 90):
        for spread in ("even", "uneven"):

            def sizes_of(rng: np.random.Generator, n: int = n_clusters, spread: str = spread) -> np.ndarray:
                return np.full(n, 20) if spread == "even" else 1 + rng.poisson(rng.gamma(2, 10, n))

            def hits(rng: np.random.Generator, sizes_of: Callable[..., np.ndarray] = sizes_of) -> Estimate:
                sizes = sizes_of(rng)
                found = rng.binomial(sizes, rng.beta(14, 4, len(sizes)))
                return ratio_from_cluster_sums(ClusterSums.of(found, sizes, n=int(sizes.sum())), limits=(0, 1))

            def seconds(rng: np.random.Generator, sizes_of: Callable[..., np.ndarray] = sizes_of) -> Estimate:
                sizes = sizes_of(rng)
                level = rng.normal(60, 10, len(sizes))
                found = rng.normal(level * sizes, 40 * np.sqrt(sizes))
                return ratio_from_cluster_sums(ClusterSums.of(found, sizes, n=int(sizes.sum())))

            words = f"{n_clusters} clusters of {spread} size"
            yield Case("clustered share", words, 14 / 18, hits, AIM_CLOSE)
            yield Case("clustered mean", words, 60.0, seconds, AIM_CLOSE)


def other_cases() -> Iterator[Case]:
    """Rates, stratified review samples, censored medians."""
    for expected in (1, 5, 40, 360):
        yield Case(
            "rate, Garwood",
            f"{expected} expected",
            expected / 30_000,
            lambda rng, expected=expected: rate(min(30_000, int(rng.poisson(expected))), 30_000),  # type: ignore[misc]
            AIM_FLOOR,
        )
    right = np.array([950, 430, 90])  # of strata of 1000, 500 and 200

    def reviews(rng: np.random.Generator) -> Estimate:
        whole, n = np.array([1000, 500, 200]), np.array([80, 60, 60])
        found = rng.hypergeometric(right, whole - right, n)
        return stratified_share(
            [(int(m), float(k * size / m), float(size)) for k, size, m in zip(found, whole, n, strict=True)]
        )

    yield Case("stratified share", "3 strata, 200 of 1700 reviewed", right.sum() / 1700, reviews, AIM_CLOSE)

    def durations(rng: np.random.Generator) -> Estimate:
        ends, looks = rng.exponential(100, 80), rng.uniform(20, 400, 80)
        return censored_median(np.minimum(ends, looks), ends <= looks)

    yield Case("censored median", "80 exponential, about 40 % censored", 100 * math.log(2), durations, AIM_CLOSE)


def coverage_of(case: Case, repeats: int) -> float:
    """Share of repeats whose interval holds the truth; an interval that does not exist holds nothing."""
    rng = np.random.default_rng(SEED)
    made = (case.draw(rng) for _ in range(repeats))
    return sum(one.low <= case.truth <= one.high for one in made) / repeats


def main(repeats: int) -> int:
    """Print one line per case; count the cases that miss their aim."""
    missed, commons = 0, []
    sys.stdout.write(f"{'method':30}{'case':40}{'coverage':>10}{'± error':>10}  aim\n")
    for cases in (share_cases, mean_cases, net_cases, cluster_cases, other_cases):
        for case in cases():
            covered = coverage_of(case, repeats)
            error = math.sqrt(max(covered * (1 - covered), 1e-6) / repeats)
            is_missed = not case.aim[0] - 2 * error <= covered <= case.aim[1] + 2 * error
            missed += is_missed
            if case.method == "share, Wilson":
                commons.append(covered)
            sys.stdout.write(
                f"{case.method:30}{case.words:40}{covered:10.4f}{error:10.4f}  {case.aim[0]}–{case.aim[1]}"
                f"{'  MISSED' if is_missed else ''}\n"
            )
    average = float(np.mean(commons))
    is_missed = not AIM_AVERAGE[0] <= average <= AIM_AVERAGE[1]
    sys.stdout.write(f"{'share, Wilson':30}{'average over the grid':40}{average:10.4f}{'':10}  0.94–0.96")
    sys.stdout.write(f"{'  MISSED' if is_missed else ''}\n")
    return missed + is_missed


if __name__ == "__main__":
    sys.exit(1 if main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000) else 0)
