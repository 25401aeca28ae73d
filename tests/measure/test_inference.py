"""Estimators: published and hand-worked intervals, laws, and the refusals in words."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.stats import binom, hypergeom, t
from statsmodels.stats.proportion import proportion_confint

from csm_lib.errors import SettingError
from csm_lib.measure.inference import (
    ClusterSums,
    censored_median,
    clustered_share,
    is_met,
    mean,
    mean_from_sums,
    net_variance,
    nps,
    probability_met,
    rate,
    ratio_from_cluster_sums,
    share,
    verdict,
)

# Miller 1997, the leukaemia trial of R's survival::aml: weeks and whether relapse was seen
MAINTAINED = ([9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161], [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0])
NOT_MAINTAINED = ([5, 5, 8, 8, 12, 16, 23, 27, 30, 33, 43, 45], [1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1])


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        pytest.param(81, 263, 0.2553, 0.3662, id="81 of 263"),
        pytest.param(15, 148, 0.0624, 0.1605, id="15 of 148"),
    ],
)
def test_wilson_gives_the_bounds_of_newcombe_1998(successes, n, low, high):
    made = share(successes, n)  # table I, method 3
    assert_allclose([made.low, made.high], [low, high], atol=5e-5)
    assert made.method == "Wilson"


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [pytest.param(0, 20, 0, 0.1684, id="0 of 20"), pytest.param(1, 29, 0.0009, 0.1776, id="1 of 29")],
)
def test_few_successes_give_the_exact_bounds_of_newcombe_1998(successes, n, low, high):
    made = share(successes, n)  # table I, method 5
    assert_allclose([made.low, made.high], [low, high], atol=5e-5)
    assert made.method == "Clopper–Pearson, conservative"


def test_few_failures_mirror_few_successes():
    few, many = share(1, 29), share(28, 29)
    assert_allclose([many.low, many.high], [1 - few.high, 1 - few.low])


def test_a_finite_population_counts_as_more_rows():
    # n = 100 of N = 199: factor (N−1)/(N−n) = 2, so the bounds are Wilson's for 40 of 200
    made, doubled = share(20, 100, population=199), share(40, 200)
    assert_allclose([made.low, made.high], [doubled.low, doubled.high])
    assert made.method == "Wilson, finite population of 199"


def test_a_census_has_no_sampling_error():
    made = share(30, 40, population=40)
    assert (made.low, made.value, made.high) == (0.75, 0.75, 0.75)
    assert made.method == "every row of the population was seen"


def test_few_successes_in_a_finite_population_give_hypergeometric_bounds():
    made = share(2, 20, population=50)
    possible = [k for k in range(2, 33) if min(hypergeom.sf(1, 50, k, 20), hypergeom.cdf(2, 50, k, 20)) > 0.025]
    assert_allclose([made.low, made.high], [min(possible) / 50, max(possible) / 50])
    assert made.method == "Clopper–Pearson, conservative, finite population of 50"


def test_a_vast_population_is_like_an_endless_one():
    made, endless = share(2, 20, population=10**7), share(2, 20)
    assert_allclose([made.low, made.high], [endless.low, endless.high], rtol=1e-4)


def test_nothing_counted_is_not_measured_and_never_zero():
    for made in (share(0, 0), nps(0, 0, 0), rate(0, 0), mean([]), censored_median([], [])):
        assert math.isnan(made.value) and math.isnan(made.low) and made.n == 0
        assert made.method == "not measured: no row in the population"
    assert math.isnan(clustered_share([], clusters=[]).value)


def test_one_row_gives_a_wide_share():
    made = share(1, 1)
    assert_allclose([made.low, made.high], [0.025, 1])  # Clopper–Pearson by hand: low^1 = 0.025


@given(st.integers(1, 400), st.data(), st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_bounds_hold_the_share_mirror_and_widen_with_the_level(n, data, level):
    successes = data.draw(st.integers(0, n))
    made, mirror = share(successes, n, level=level), share(n - successes, n, level=level)
    assert 0 <= made.low <= made.value <= made.high <= 1
    assert_allclose([made.low, made.high], [1 - mirror.high, 1 - mirror.low], atol=1e-9)
    wider = share(successes, n, level=0.999)
    assert wider.low <= made.low + 1e-12 and wider.high >= made.high - 1e-12


@given(st.integers(1, 60), st.data())
def test_a_finite_population_never_widens(n, data):
    successes = data.draw(st.integers(5, n - 5)) if n >= 10 else None
    if successes is None:
        return
    plain, finite = share(successes, n), share(successes, n, population=n + data.draw(st.integers(1, 500)))
    assert finite.low >= plain.low - 1e-9 and finite.high <= plain.high + 1e-9


# --- clusters -------------------------------------------------------------------------------------------------------


def _brute_force_cr2(clusters, level_weights=None):
    """CR2 variance and Bell–McCaffrey df straight from the matrices of Bell and McCaffrey 2002."""
    sizes = [len(rows) for rows in clusters]
    n, starts = sum(sizes), np.cumsum([0, *sizes])
    y, x = np.concatenate(clusters).astype(float), np.ones((sum(sizes), 1))
    bread = np.linalg.inv(x.T @ x)
    hat = x @ bread @ x.T
    residual_maker = np.eye(n) - hat
    residuals = y - x[:, 0] * y.mean()
    meat, columns = 0.0, []
    for first, last in zip(starts[:-1], starts[1:], strict=True):
        block = residual_maker[first:last, first:last]
        roots, vectors = np.linalg.eigh(block)
        adjust = vectors @ np.diag(1 / np.sqrt(roots)) @ vectors.T
        scored = adjust @ x[first:last, 0]
        meat += float(scored @ residuals[first:last]) ** 2
        columns.append(residual_maker[first:last].T @ scored * bread[0, 0])
    gram = np.array(columns) @ np.array(columns).T
    return meat * bread[0, 0] ** 2, np.trace(gram) ** 2 / np.sum(gram**2)


def _uneven_groups():
    rng = np.random.default_rng(3)
    return [(rng.random(size) < 0.3 + 0.04 * size).astype(float) for size in (2, 3, 5, 8, 4, 4, 9, 6, 2, 7)]


def test_few_clusters_follow_the_matrices_of_bell_and_mccaffrey():
    groups = _uneven_groups()
    variance, df = _brute_force_cr2(groups)
    made = mean(np.concatenate(groups), clusters=np.repeat(range(10), [len(group) for group in groups]))
    reach = t.ppf(0.975, df) * math.sqrt(variance)
    assert_allclose([made.low, made.high], [made.value - reach, made.value + reach])
    assert made.method == "clustered by clusters (10); CR2, Bell–McCaffrey degrees of freedom"


def test_a_clustered_share_is_wilsons_interval_of_what_the_clusters_are_worth():
    groups = _uneven_groups()
    variance, df = _brute_force_cr2(groups)
    flags = np.concatenate(groups)
    made = clustered_share(flags, clusters=np.repeat(range(10), [len(group) for group in groups]))
    p = flags.mean()
    residuals = np.array([group.sum() - p * len(group) for group in groups])
    peak = np.sum(residuals**4) / np.sum(residuals**2) ** 2
    df = min(df, 1 / (peak - 1 / 10))
    worth = p * (1 - p) / variance * (1.959964 / t.ppf(0.975, df)) ** 2
    low, high = proportion_confint(p * worth, worth, method="wilson")  # statsmodels
    assert_allclose([made.low, made.high], [low, high], rtol=1e-6)
    assert made.method == "clustered by clusters (10); Wilson, on the effective n"


def test_equal_clusters_are_a_plain_t_interval_of_their_means():
    # equal sizes: CR2 variance is s²/G of the cluster means, and the degrees of freedom are G − 1
    values = np.array([[1, 2], [2, 4], [3, 3], [5, 6], [2, 2], [4, 5], [1, 1], [6, 4]], float)
    made = mean(values.ravel(), clusters=np.repeat(range(8), 2))
    plain = mean(values.mean(axis=1))
    assert_allclose([made.value, made.low, made.high], [plain.value, plain.low, plain.high])


def test_many_equal_clusters_are_a_plain_t_interval_of_their_means():
    values = np.random.default_rng(1).normal(size=(50, 3))
    made, plain = mean(values.ravel(), clusters=np.repeat(range(50), 3)), mean(values.mean(axis=1))
    assert_allclose([made.value, made.low, made.high], [plain.value, plain.low, plain.high])
    assert made.method == "clustered by clusters (50); linearised, t"


def test_copies_of_a_row_in_its_cluster_add_no_evidence():
    values = np.random.default_rng(2).normal(size=45)
    made, copied = mean(values, clusters=range(45)), mean(np.repeat(values, 7), clusters=np.repeat(range(45), 7))
    assert_allclose([made.low, made.high], [copied.low, copied.high])


def test_fewer_than_eight_clusters_have_no_interval():
    made = clustered_share([1, 0] * 7, clusters=np.repeat(list("abcdefg"), 2))
    assert made.value == 0.5 and made.n == 14
    assert math.isnan(made.low) and math.isnan(made.high)
    assert made.method == "clustered by clusters (7); no interval: fewer than 8 clusters"


def test_rows_all_alike_count_once_a_cluster():
    made = clustered_share([1] * 100, clusters=np.repeat(range(10), 10))
    assert_allclose([made.low, made.high], [0.025 ** (1 / 10), 1])  # Clopper–Pearson of 10 of 10
    assert made.method == "clustered by clusters (10); Clopper–Pearson, conservative, on the effective n"


def test_a_mean_without_variation_between_clusters_has_no_interval():
    made = mean([1.0, 3.0] * 50, clusters=np.repeat(range(50), 2))
    assert made.value == 2 and math.isnan(made.low)
    assert made.method == "clustered by clusters (50); no interval: no variation between clusters"


def test_the_ratio_of_cluster_sums_is_a_ratio_of_sums():
    sums = ClusterSums.of([1, 10, 0], [2, 40, 0], n=42)
    assert sums.n_clusters == 2  # a cluster with nothing in the population is none
    assert ratio_from_cluster_sums(sums).value == 11 / 42


def test_cluster_sums_without_their_parts_are_refused_where_they_are_needed():
    with pytest.raises(SettingError) as refusal:
        ratio_from_cluster_sums(ClusterSums(20, 10, 5, 20, 3, 11, 42))
    assert str(refusal.value) == (
        "parts must hold the sums of each cluster below 40 clusters, got None (10 clusters). "
        "Fetch the sums of each cluster."
    )


@given(st.permutations(range(60)))
@settings(max_examples=20)
def test_row_order_changes_nothing(order):
    flags, labels = np.arange(60) % 3 == 0, np.arange(60) // 5
    made, other = clustered_share(flags, clusters=labels), clustered_share(flags[order], clusters=labels[order])
    assert_allclose([made.value, made.low, made.high], [other.value, other.low, other.high])


# --- means, nets, rates ---------------------------------------------------------------------------------------------


def test_a_mean_has_students_interval():
    # Student's t on 4 degrees of freedom 2.776445; s² = 2.5; reach 2.776445 × √0.5 = 1.963243
    made = mean([1, 2, 3, 4, 5])
    assert_allclose([made.value, made.low, made.high], [3, 1.036757, 4.963243], rtol=1e-6)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        pytest.param([4.0], "no interval: one row", id="one row"),
        pytest.param([4.1] * 9, "no interval: all values are alike", id="all alike"),
    ],
)
def test_a_mean_that_shows_no_spread_has_no_interval(values, reason):
    made = mean(values)
    assert_allclose(made.value, values[0])
    assert math.isnan(made.low) and made.method == reason


@given(st.lists(st.floats(-1e4, 1e4), min_size=2, max_size=50))
def test_a_mean_from_sums_is_the_mean_from_rows(values):
    rows = np.array(values)
    squares, cubes, fourths = (float(np.sum((rows - rows.mean()) ** power)) for power in (2, 3, 4))
    made = mean_from_sums(rows.sum(), squares, len(rows), cubes=cubes, fourths=fourths)
    assert_allclose([made.low, made.high], [mean(values).low, mean(values).high])


def test_the_variance_of_a_net_answer_is_five_ninths():
    assert_allclose(net_variance(1 / 2, 1 / 6), 5 / 9)


def test_a_net_share_has_the_adjusted_wald_interval():
    # 19 promoters, 12 passives, 5 detractors: p = 19.75/39, d = 5.75/39, difference 14/39 = 0.358974;
    # variance 25.5/39 − 0.358974² = 0.524984; reach 1.959964 × √(0.524984/39) = 0.227399
    made = nps(19, 12, 5)
    assert_allclose([made.value, made.low, made.high], [14 / 36, 0.131575, 0.586373], atol=1e-6)
    assert made.method == "adjusted Wald"


@pytest.mark.needs("realdata")
def test_published_airport_score(realdata):
    assert_allclose(nps(1436, 968, 342).value, 0.3984, atol=5e-5)  # SFO 2017, as the city printed it


def test_a_net_share_lies_within_its_interval_however_few_answered():
    # (1, 0, 0): adjusted 0.25 ± 1.959964 × √((0.625 − 0.0625) / 4) = 0.25 ± 0.735, so the value 1 lies outside
    assert_allclose([nps(1, 0, 0).low, nps(1, 0, 0).high], [-0.484986, 1], atol=1e-6)
    assert_allclose([nps(0, 0, 1).low, nps(0, 0, 1).high], [-1, 0.484986], atol=1e-6)
    for up, middle, down in itertools.product(range(40), repeat=3):
        if 0 < up + middle + down < 40:
            made = nps(up, middle, down)
            assert -1 <= made.low <= made.value <= made.high <= 1


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_a_net_share_turns_round_with_its_sides(up, middle, down):
    made, turned = nps(up, middle, down), nps(down, middle, up)
    if made.n:
        assert -1 <= made.low <= made.high <= 1
        assert_allclose([made.value, made.low], [-turned.value, -turned.high])


@pytest.mark.parametrize(
    ("events", "low", "high"),
    [
        pytest.param(0, 0, 3.688879, id="no event: −ln 0.025"),
        pytest.param(10, 4.795389, 18.390356, id="ten events"),  # R: poisson.test(10)
    ],
)
def test_a_rate_has_garwoods_interval(events, low, high):
    made = rate(events, 1000)
    assert_allclose([made.low, made.high], [low / 1000, high / 1000], rtol=1e-6)


# --- durations ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trial", "value", "low", "high"),
    [
        # survfit(Surv(time, status) ~ x, aml, conf.type = "log-log") of R's survival; bounds also worked by hand
        pytest.param(MAINTAINED, 31, 13, math.inf, id="maintained"),
        pytest.param(NOT_MAINTAINED, 23, 5, 33, id="not maintained"),
    ],
)
def test_published_censored_medians(trial, value, low, high):
    made = censored_median(*trial)
    assert (made.value, made.low, made.high) == (value, low, high)


def test_a_median_not_reached_is_more_than_the_longest_seen():
    made = censored_median([1, 2, 3, 4], [1, 0, 0, 0])
    assert made.value == math.inf
    assert made.method == "Kaplan–Meier; median not reached: more than 4.0 s"


def test_a_median_with_no_end_seen_knows_nothing_but_that():
    made = censored_median([10.0, 20.0], [False, False])
    assert made.value == math.inf and math.isnan(made.low)
    assert made.method == "Kaplan–Meier; median not reached: more than 20.0 s"


@given(st.lists(st.integers(0, 30), min_size=1, max_size=25))
def test_without_censoring_it_is_the_ordinary_median(durations):
    made = censored_median(durations, [True] * len(durations))
    assert_allclose(made.value, np.median(durations))
    assert math.isnan(made.low) or made.low <= made.value <= made.high


def test_four_ends_bound_a_median_on_one_side_only():
    # at 3 s: S = 1/4, Greenwood sum 3/4; (log(log 4) − log(log 2)) / (√0.75 / log 4) = 1.11 < 1.96; at 4 s S is 0
    made = censored_median([1, 2, 3, 4], [1, 1, 1, 1])
    assert (made.value, made.low, made.high) == (2.5, 1, math.inf)
    alone = censored_median([7], [1])
    assert alone.value == 7 and math.isnan(alone.low) and math.isnan(alone.high)
    assert alone.method == "Kaplan–Meier; no interval: too few ends seen"


def test_leaving_the_unfinished_out_would_flatter():
    assert censored_median([1, 2, 3, 9, 9, 9], [1, 1, 1, 0, 0, 0]).value > np.median([1, 2, 3])


# --- judgements -----------------------------------------------------------------------------------------------------


def test_79_8_percent_is_not_80_percent_and_still_too_close_to_call():
    assert is_met(0.798, target=0.8, better="higher") is False
    assert is_met(0.8, target=0.8, better="higher") is True
    assert is_met(30, target=30, better="lower") is True
    assert is_met(math.nan, target=30, better="lower") is None
    assert is_met(30, target=None, better="lower") is None
    assert verdict(0.798, 0.79, 0.806, target=0.8, better="higher") == "too_close"


@pytest.mark.parametrize(
    ("numbers", "target", "better", "expected"),
    [
        pytest.param((0.90, 0.88, 0.92), 0.88, "higher", "met", id="target on the lower bound"),
        pytest.param((0.90, 0.88, 0.92), 0.8801, "higher", "too_close", id="target just inside"),
        pytest.param((0.90, 0.88, 0.92), 0.92, "higher", "missed", id="target on the upper bound"),
        pytest.param((35, 33, 37), 30, "lower", "missed", id="slower than allowed"),
        pytest.param((25, 24, 26), 30, "lower", "met", id="faster than allowed"),
        pytest.param((25, math.nan, math.nan), 30, "lower", "too_close", id="no interval"),
        pytest.param((math.nan, math.nan, math.nan), 30, "lower", "not_measured", id="no value"),
        pytest.param((25, 24, 26), None, "lower", "no_target", id="no target"),
        pytest.param((math.inf, 40, math.inf), 30, "lower", "missed", id="median not reached, bound beyond"),
        pytest.param((math.inf, 20, math.inf), 30, "lower", "too_close", id="median not reached, bound before"),
        pytest.param((1, 1, 1), 0.9, "higher", "met", id="census"),
        pytest.param((0.5, 0.5, 0.5), 0.9, "higher", "missed", id="census below"),
    ],
)
def test_a_verdict_needs_97_5_percent(numbers, target, better, expected):
    assert verdict(*numbers, target=target, better=better) == expected


def test_the_probability_is_half_at_the_value_and_2_5_percent_at_the_bound():
    assert probability_met(0.9, 0.88, 0.93, target=0.9, better="higher") == 0.5
    assert_allclose(probability_met(0.9, 0.88, 0.93, target=0.93, better="higher"), 0.025)
    assert_allclose(probability_met(0.9, 0.88, 0.93, target=0.88, better="higher"), 0.975)
    # one standard error (half-width / 1.959964) above the target: Φ(1) = 0.841345
    assert_allclose(probability_met(1.0, -0.959964, 2.959964, target=0, better="higher"), 0.841345, atol=1e-6)


@given(st.floats(0, 1), st.floats(0.001, 0.5), st.floats(0.001, 0.5), st.floats(-1, 2))
def test_both_directions_share_one_probability(value, below, above, target):
    bounds = (value, value - below, value + above)
    up = probability_met(*bounds, target=target, better="higher")
    assert_allclose(up + probability_met(*bounds, target=target, better="lower"), 1)


# --- coverage -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [10, 20, 35, 60, 120, 200, 1000])
def test_shares_are_covered_at_every_true_share(n):
    # exact coverage, summed over the binomial distribution, not simulated
    bounds = [share(k, n) for k in range(n + 1)]
    low, high = np.array([made.low for made in bounds]), np.array([made.high for made in bounds])
    rare, common = np.linspace(0.02, 4.98, 80) / n, np.linspace(5 / n, 1 - 5 / n, 400)
    covered = {
        name: np.array([binom.pmf(range(n + 1), n, p)[(low <= p) & (p <= high)].sum() for p in shares])
        for name, shares in (("rare", rare), ("frequent", 1 - rare), ("common", common))
    }
    assert min(covered["rare"].min(), covered["frequent"].min()) >= 0.95 - 1e-9
    assert covered["common"].min() >= 0.92
    assert n < 20 or 0.94 <= covered["common"].mean() <= 0.96


def test_a_bound_at_a_rare_share_is_exact_and_the_other_is_wilsons():
    made = share(6, 200)  # Wilson's lower bound, 0.0138, is 2.8 of 200; its upper one, 0.0639, is 12.8 of 200
    exact, score = (proportion_confint(6, 200, method=method) for method in ("beta", "wilson"))  # statsmodels
    assert_allclose([made.low, made.high], [exact[0], score[1]])
    assert made.method == "Wilson, one bound Clopper–Pearson, conservative"


def test_clusters_of_uneven_size_are_covered():
    rng = np.random.default_rng(11)
    sizes = np.array([5, 10, 20, 5, 10, 40, 15, 8, 12, 25, 30, 6])
    labels, hit = np.repeat(range(12), sizes), 0
    for _ in range(600):
        hit_share = rng.beta(7, 3, size=12)
        made = clustered_share(rng.random(len(labels)) < hit_share[labels], clusters=labels)
        hit += made.low <= 0.7 <= made.high
    assert 0.92 <= hit / 600 <= 0.98  # 95 % within 3.4 Monte-Carlo errors of 0.0089


# --- refusals -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        pytest.param(
            lambda: share(7, 5),
            "successes must not exceed n, got 7 (n = 5). Count both over the same rows.",
            id="more successes than rows",
        ),
        pytest.param(
            lambda: share(-1, 5),
            "successes must be a whole number from 0 up, got -1. Give a count of rows.",
            id="negative count",
        ),
        pytest.param(
            lambda: share(2.5, 5),
            "successes must be a whole number from 0 up, got 2.5. Give a count of rows.",
            id="count not whole",
        ),
        pytest.param(
            lambda: share(1, None),
            "n must be a whole number from 0 up, got None. Give a count of rows.",
            id="count missing",
        ),
        pytest.param(
            lambda: share(math.nan, 5),
            "successes must be a whole number from 0 up, got nan. Give a count of rows.",
            id="count not a number",
        ),
        pytest.param(
            lambda: share(1, 5, population=4),
            "population must be at least n, got 4 (n = 5). Give the rows drawn from.",
            id="population too small",
        ),
        pytest.param(
            lambda: share(1, 5, level=95),
            "level must lie between 0 and 1, got 95. Use 0.95 for 95 %.",
            id="level in percent",
        ),
        pytest.param(
            lambda: mean([1.0, None, 3.0]),
            "values must be numbers without gaps, got 1 missing or not a finite number (3 rows, first at row 1). "
            "Leave those rows out and count them.",
            id="value missing",
        ),
        pytest.param(
            lambda: mean(pd.array([1, None], dtype="Int64")),
            "values must be numbers without gaps, got 1 missing or not a finite number (2 rows, first at row 1). "
            "Leave those rows out and count them.",
            id="value missing in a nullable array",
        ),
        pytest.param(
            lambda: clustered_share([0, 2, 1], clusters=["a", "b", "c"]),
            "flags must be 0 or 1, got 2.0 (1 of 3 rows). Say for each row whether it counts.",
            id="flag neither 0 nor 1",
        ),
        pytest.param(
            lambda: clustered_share([0, 1], clusters=["a"]),
            "clusters must have one label a row, got 1 (2 rows). Give each row its cluster.",
            id="labels too few",
        ),
        pytest.param(
            lambda: clustered_share([0, 1], clusters=["a", None]),
            "clusters must have no missing label, got 1 missing (2 rows). Leave those rows out and count them.",
            id="label missing",
        ),
        pytest.param(
            lambda: censored_median([1, 2], [True]),
            "is_observed must be as long as durations_s, got 1 (durations_s has 2). Give one flag a row.",
            id="flags too few",
        ),
        pytest.param(
            lambda: censored_median([1, -2], [True, True]),
            "durations_s must not be negative, got -2.0 (1 of 2 rows). Set rows whose clock runs backwards aside.",
            id="duration negative",
        ),
        pytest.param(
            lambda: is_met(1.0, target=2.0, better="up"),
            "better must be 'higher' or 'lower', got 'up'. Say which way is good.",
            id="direction unknown",
        ),
    ],
)
def test_wrong_calls_are_refused_in_words(call, message):
    with pytest.raises(SettingError) as refusal:
        call()
    assert str(refusal.value) == message
