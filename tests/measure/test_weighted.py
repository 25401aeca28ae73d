"""Weighted shares against figures worked by hand."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from csm_lib.measure.bounds import share_bounds
from csm_lib.measure.inference import share
from csm_lib.measure.weighted import stratified_share, weighted_share


def test_strata_have_the_hand_worked_interval():
    # p = 0.8 in both; variance 0.16/49 × (1/9 × 1/2 + 4/9 × 3/4) = 0.16/126, so n = 126;
    # Wilson of 0.8 at 126: centre 0.791124, reach 0.069372
    made = stratified_share([(50, 80.0, 100.0), (50, 160.0, 200.0)])
    assert_allclose([made.value, made.low, made.high], [0.8, 0.721752, 0.860496], atol=2e-6)
    assert (made.n, made.method) == (100, "Wilson, 2 strata, finite population")


def test_one_large_stratum_is_nearly_a_simple_sample():
    # s² divides by n − 1 where Wilson's n is n: n_eff = (n − 1)/(1 − f)
    made = stratified_share([(401, 0.3 * 10**9, 10.0**9)])
    plain = share(120, 400)
    assert_allclose([made.low, made.high], [plain.low, plain.high], rtol=1e-5)


def test_looking_at_every_contact_leaves_no_sampling_error():
    made = stratified_share([(10, 8.0, 10.0), (5, 5.0, 5.0)])
    assert_allclose([made.low, made.value, made.high], [13 / 15] * 3)
    assert made.method == "every row of the population was seen"


def test_all_right_still_leaves_doubt():
    made = stratified_share([(10, 1000.0, 1000.0)])  # Kish n 10 / (1 − 0.01); Clopper–Pearson 0.025^(1/n)
    assert_allclose([made.low, made.high], [0.025 ** (0.99 / 10), 1])
    assert made.method == "Clopper–Pearson, conservative, 1 strata, finite population"


def test_a_stratum_without_a_failure_claims_no_gain():
    # the large stratum (weight 20/27) shows none of its rare failures; its own variance would be 0
    # Kish: 2700² / (2000² / 40 × 0.98 + 300² / 40 × 13/15 + 400² / 40 × 0.9) = 7,290,000 / 103,550 = 70.4
    made = stratified_share([(40, 2000.0, 2000.0), (40, 240.0, 300.0), (40, 320.0, 400.0)])
    plain = share_bounds(2560 / 2700, 7_290_000 / 103_550)
    assert_allclose([made.low, made.high], plain[:2])
    assert made.high - made.low > 0.1


def test_a_stratum_of_one_row_borrows_the_overall_spread():
    made, sure = stratified_share([(1, 50.0, 50.0), (20, 100.0, 200.0)]), stratified_share([(20, 100.0, 200.0)])
    assert_allclose(made.value, 150 / 250)
    assert made.high - made.low > 0.8 * (sure.high - sure.low)


def test_weights_without_strata_use_kish():
    made = weighted_share(3, 4.0, 4.0, 6.0, 6.0)  # weights 1 1 2, all right: n = 16/6
    assert_allclose([made.low, made.high], [0.025 ** (6 / 16), 1])


def test_equal_weights_are_no_weights():
    made, plain = weighted_share(100, 60.0, 200.0, 120.0, 400.0), share(30, 100)
    assert_allclose([made.value, made.low, made.high], [plain.value, plain.low, plain.high])
    assert made.method == "Wilson, weighted, linearised"


@pytest.mark.parametrize("made", [stratified_share([]), weighted_share(0, 0.0, 0.0, 0.0, 0.0)], ids=["strata", "rows"])
def test_nothing_reviewed_is_not_measured(made):
    assert math.isnan(made.value) and made.method == "not measured: no row in the population"


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(0, 30), st.integers(0, 300)), min_size=1, max_size=8))
def test_the_interval_holds_the_share(drawn):
    strata = [(n, min(hits, n) / n * (n + more), float(n + more)) for n, hits, more in drawn]
    made = stratified_share(strata)
    assert -1e-12 <= made.low <= made.value + 1e-9 and made.value - 1e-9 <= made.high <= 1 + 1e-12
