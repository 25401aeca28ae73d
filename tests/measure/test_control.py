"""Control charts: limits against hand-worked figures and a published series, rules against made patterns."""

import math

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from csm_lib.errors import SettingError
from csm_lib.measure.control import RULES, chart


def test_single_measurements_have_hand_worked_limits():
    # mean 11.6; ranges 2 1 2 1, mean 1.5; 3 / 1.128379 = 2.658681 mean ranges
    made = chart([10, 12, 11, 13, 12])
    assert_allclose(made["centre"], 11.6)
    assert_allclose(made["low"], 11.6 - 1.5 * 2.658681, rtol=1e-6)
    assert_allclose(made["high"], 11.6 + 1.5 * 2.658681, rtol=1e-6)
    assert list(made.columns) == ["value", "centre", "low", "high", "is_signal", "rules"]


def test_shares_have_binomial_limits_of_their_own_size():
    # 10 + 40 of 100 + 400: p = 0.1; sigma 0.03 and 0.015
    made = chart([10, 40], n=[100, 400], kind="p")
    assert_allclose(made["low"], [0.01, 0.055])
    assert_allclose(made["high"], [0.19, 0.145])


def test_counts_have_poisson_limits():
    made = chart([9, 8, 10], kind="c")  # centre 9, sigma 3
    assert_allclose(made[["centre", "low", "high"]].iloc[0], [9, 0, 18])


def test_rates_have_poisson_limits_of_their_own_exposure():
    made = chart([4, 16], n=[1, 4], kind="u")  # 20 / 5 = 4; sigma 2 and 1
    assert_allclose(made["low"], [0, 1])
    assert_allclose(made["high"], [10, 7])


def test_primed_limits_widen_by_the_moving_range_of_the_scores():
    # p = 0.5, n = 100: sigma 0.05; scores 2 −2 2 −2: ranges 4; sigma_z = 4 / 1.128379 = 3.544908
    made = chart([60, 40, 60, 40], n=[100] * 4, kind="p_prime")
    assert_allclose(made.attrs["sigma_z"], 3.544908, rtol=1e-6)
    assert_allclose(made["high"], min(1, 0.5 + 3 * 0.05 * 3.544908), rtol=1e-6)
    assert_allclose(chart([60, 40, 60, 40], n=[100] * 4, kind="p").attrs["sigma_z"], 1)


def test_u_primed_limits_widen_likewise():
    # u = 4, n = 1: sigma 2; scores 1 −1 1 −1: ranges 2; sigma_z = 1.772454
    made = chart([6, 2, 6, 2], n=[1] * 4, kind="u_prime")
    assert_allclose(made.attrs["sigma_z"], math.sqrt(math.pi), rtol=1e-9)
    assert_allclose(made["high"], 4 + 6 * math.sqrt(math.pi))


@pytest.mark.needs("realdata")
@pytest.mark.parametrize("screen", [True, False])
def test_published_accident_attendances_need_the_primed_chart(realdata, screen):
    # Mohammed et al. 2013, BMJ Qual Saf 22:362: 16 of 20 points outside the p-chart's limits, none outside p′
    weeks = pd.read_csv(realdata / "spc" / "nhs_accidents.csv")
    for values in (weeks["r"], weeks["r"] / weeks["n"]):
        plain = chart(values, n=weeks["n"], kind="p", screen=screen)
        primed = chart(values, n=weeks["n"], kind="p_prime", screen=screen)
        assert int(((plain["value"] < plain["low"]) | (plain["value"] > plain["high"])).sum()) == 16
        assert int(plain["is_signal"].sum()) == 16
        assert not primed["is_signal"].any()


def test_a_screened_point_stays_on_the_chart_but_out_of_the_limits():
    values = [4, 5, 4, 5, 4, 30, 5, 4, 5, 4, 5]
    made, unscreened = chart(values), chart(values, screen=False)
    assert made["is_signal"].to_list() == [position == 5 for position in range(11)]
    assert_allclose(made["centre"], 4.5)  # mean of the ten others
    assert made["high"].iloc[0] < unscreened["high"].iloc[0]
    assert made.attrs["n_screened"] == 1
    assert unscreened.attrs["n_screened"] == 0


def test_one_long_range_at_a_shift_does_not_widen_the_limits():
    # ranges: eighteen of 1 and one of 4, which exceeds 3.267 × 22/19; the mean of the rest is 1
    values = [0, 1] * 5 + [5, 6] * 5
    assert_allclose(chart(values)["high"], 3 + 2.658681, rtol=1e-6)
    assert_allclose(chart(values, screen=False)["high"], 3 + 2.658681 * 22 / 19, rtol=1e-6)


def test_points_that_mostly_signal_are_not_screened():
    values, sizes = [10, 90, 10, 90], [100] * 4
    assert chart(values, n=sizes, kind="p").attrs["n_screened"] == 0


# XmR with centre 0 and sigma 1: alternate so that neither mean nor mean range moves
def _series_with(pattern):
    return [0.564, -0.564] * 50 + pattern + [-value for value in pattern]


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        pytest.param([4.5], "beyond_3_sigma", id="one far point"),
        pytest.param([2.4, 0.1, 2.4], "two_of_three_beyond_2_sigma", id="two of three"),
        pytest.param([1.4, 1.4, 0.1, 1.4, 1.4], "four_of_five_beyond_1_sigma", id="four of five"),
        pytest.param([0.3] * 8, "eight_on_one_side", id="eight in a row"),
    ],
)
def test_each_rule_fires_at_the_point_that_completes_its_pattern(pattern, name):
    made = chart(_series_with(pattern), rules=list(RULES), screen=False)
    assert made["rules"].iloc[100 + len(pattern) - 1] == (name,)
    assert not made["is_signal"].iloc[: 100 + len(pattern) - 1].any()


def test_seven_in_a_row_are_not_eight():
    made = chart(_series_with([0.3] * 7), screen=False)
    assert not made["is_signal"].any()


def test_the_rule_set_names_itself_and_its_false_alarms():
    # Champ and Woodall 1987, table 1: 152.73 for rules 1 and 4; 91.75 for all four
    assert chart([1, 2]).attrs["rule_set"] == (
        "Western Electric: one point beyond 3 sigma; eight points in a row on one side of the centre "
        "(a steady process gives one false alarm in 153 points)"
    )
    assert "one false alarm in 92 points" in chart([1, 2], rules=list(RULES)).attrs["rule_set"]
    assert chart([1, 2], rules=["eight_on_one_side"]).attrs["rule_set"].endswith("one side of the centre")


def test_one_point_alone_raises_few_false_alarms():
    noise = np.random.default_rng(7).normal(size=20_000)
    share = chart(noise, rules=["beyond_3_sigma"], screen=False)["is_signal"].mean()
    assert abs(share - 0.0027) < 4 * math.sqrt(0.0027 / 20_000)  # two-sided normal tail beyond 3


@pytest.mark.parametrize(
    ("values", "n", "kind"),
    [
        pytest.param([], None, "xmr", id="empty"),
        pytest.param([5.0], None, "xmr", id="one point"),
        pytest.param([None, None], None, "xmr", id="all missing"),
        pytest.param([5, 5, 5], None, "xmr", id="all alike"),
        pytest.param([0, 0], [10, 20], "p_prime", id="no event at all"),
        pytest.param([10, 20], [10, 20], "p", id="nothing but events"),
        pytest.param([0, 3], [0, 10], "u", id="a period without exposure"),
    ],
)
def test_edges_give_no_signal(values, n, kind):
    made = chart(values, n=n, kind=kind)
    assert len(made) == len(values)
    assert not made["is_signal"].any()


def test_a_period_without_data_is_a_gap_and_not_a_zero():
    made = chart([4, math.nan, 5, 4, 5])
    assert math.isnan(made["value"].iloc[1])
    assert_allclose(made["centre"], 4.5)


@given(st.lists(st.integers(0, 50), min_size=2, max_size=30), st.floats(0.1, 10), st.floats(-100, 100))
def test_units_do_not_change_what_is_signal(values, scale, shift):
    made, other = chart(values, screen=False), chart([value * scale + shift for value in values], screen=False)
    assert_allclose(other["high"], made["high"] * scale + shift, rtol=1e-9, atol=1e-6)


@given(st.lists(st.integers(0, 100), min_size=2, max_size=30))
def test_equal_sizes_give_the_p_chart_one_pair_of_limits_that_holds_the_centre(values):
    made = chart(values, n=[100] * len(values), kind="p")
    assert (made["low"] <= made["centre"] + 1e-12).all() and (made["centre"] <= made["high"] + 1e-12).all()
    assert made["low"].between(0, 1).all() and made["high"].between(0, 1).all()
    assert made["high"].nunique() == 1


@pytest.mark.parametrize("kind", ["p", "p_prime"])
@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param([1.0, 1.0, 1.0], [1, 1, 1], id="all shares of 100 %"),
        pytest.param([0.0, 1.0, math.nan], [0, 1, math.nan], id="shares of 0 and 100 % with a gap"),
        pytest.param([0.5, 1.0, 0.25], [0.5, 1, 0.25], id="shares"),
        pytest.param([1, 1, 1], [0.1, 0.1, 0.1], id="one of ten, three times"),
        pytest.param([True, False, True], [0.1, 0, 0.1], id="flags are counts"),
        pytest.param([1, None, 1], [0.1, math.nan, 0.1], id="whole numbers with a gap"),
        pytest.param(pd.Series([1, None, 0], dtype="Int64"), [0.1, math.nan, 0], id="a whole column with a gap"),
        pytest.param(pl.Series([1, None, 0]), [0.1, math.nan, 0], id="a whole Polars column with a gap"),
        pytest.param([1.0, 2.0, 0.0], [0.1, 0.2, 0], id="whole floats, one above 1"),
        pytest.param([], [], id="nothing"),
    ],
)
def test_shares_and_counts_are_told_apart(values, expected, kind):
    made = chart(values, n=[10] * len(expected), kind=kind)
    assert_allclose(made["value"], expected)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param([1.0, 2.0, 4.0], [0.1, 0.2, 0.4], id="whole floats are counts"),
        pytest.param([1.5, 2.0, 4.0], [1.5, 2, 4], id="one fraction makes rates"),
        pytest.param([3, 20, 0], [0.3, 2, 0], id="whole numbers are counts"),
    ],
)
def test_rates_and_counts_are_told_apart(values, expected):
    assert_allclose(chart(values, n=[10, 10, 10], kind="u")["value"], expected)


def test_inputs_stay_as_they_were():
    values, sizes = np.array([1.0, 2.0]), np.array([4.0, 5.0])
    chart(values, n=sizes, kind="p")
    assert_allclose(values, [1, 2])
    assert_allclose(sizes, [4, 5])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        pytest.param(
            lambda: chart([1, 2], kind="z"),
            "kind must be one of xmr, p, p_prime, u, u_prime, c, got 'z'. Choose the kind of chart.",
            id="unknown kind",
        ),
        pytest.param(
            lambda: chart([1, 2], rules=["nine"]),
            "rules must be among beyond_3_sigma, two_of_three_beyond_2_sigma, four_of_five_beyond_1_sigma, "
            "eight_on_one_side, got 'nine'. Correct the name.",
            id="unknown rule",
        ),
        pytest.param(
            lambda: chart([1, 2], kind="p"),
            "n must be given for kind 'p', got None. Give the size behind each point.",
            id="size missing",
        ),
        pytest.param(
            lambda: chart([1, 2], n=[3, 4]),
            "n must be left out for kind 'xmr', got one. Use kind 'p' or 'u' for points with a size.",
            id="size unwanted",
        ),
        pytest.param(
            lambda: chart([1, 2], n=[3], kind="u"),
            "n must be as long as values, got 1 (values has 2). Give one a point.",
            id="sizes too few",
        ),
        pytest.param(
            lambda: chart([1, 2], n=[3, -4], kind="u"),
            "n must be positive, got -4.0 (1 of 2 points, first at 1). Correct or leave out those points.",
            id="negative size",
        ),
        pytest.param(
            lambda: chart([1, 5], n=[3, 4], kind="p"),
            "values must not exceed n (counts) or 1 (shares), got 5.0 (1 of 2 points, first at 1). "
            "Correct those points; divide percentages by 100.",
            id="more events than rows",
        ),
        pytest.param(
            lambda: chart([0.5, 3, 0.4], n=[10, 10, 10], kind="p_prime"),
            "values must be all whole (counts) or all from 0 to 1 (shares), got 3.0 (1 of 3 points, first at 1). "
            "Give counts as whole numbers; divide percentages by 100.",
            id="shares among counts",
        ),
        pytest.param(
            lambda: chart([93.5, 95], n=[100, 100], kind="p"),
            "values must be all whole (counts) or all from 0 to 1 (shares), got 93.5 (2 of 2 points, first at 0). "
            "Give counts as whole numbers; divide percentages by 100.",
            id="percentages",
        ),
        pytest.param(
            lambda: chart([1, -5], kind="c"),
            "values must not be negative, got -5.0 (1 of 2 points, first at 1). Correct or leave out those points.",
            id="negative count",
        ),
        pytest.param(
            lambda: chart([1, "x"]),
            "values must be numbers, got 1 missing or not a finite number (2 rows, first at row 1). "
            "Leave those rows out and count them.",
            id="no number",
        ),
    ],
)
def test_wrong_calls_are_refused_in_words(call, message):
    with pytest.raises(SettingError) as refusal:
        call()
    assert str(refusal.value) == message
