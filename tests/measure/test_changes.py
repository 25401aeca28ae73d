"""Differences and signals: published examples and laws."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csm_lib.measure.changes import combined, difference, signals
from csm_lib.measure.inference import share


@pytest.mark.parametrize(
    ("a", "n", "b", "m", "low", "high"),
    [
        # Newcombe (1998), Stat. Med. 17:873, table II, method 10
        pytest.param(56, 70, 48, 80, 0.0524, 0.3339, id="56/70 − 48/80"),
        pytest.param(9, 10, 3, 10, 0.1705, 0.8090, id="9/10 − 3/10"),
    ],
)
def test_differences_of_shares_as_newcombe_has_them(a: int, n: int, b: int, m: int, low: float, high: float) -> None:
    from statsmodels.stats.proportion import proportion_confint

    one, other = proportion_confint(a, n, method="wilson"), proportion_confint(b, m, method="wilson")
    found = difference(a / n, *one, b / m, *other)
    np.testing.assert_allclose(found[:3], [a / n - b / m, low, high], atol=5e-5)


@settings(max_examples=80, deadline=None)
@given(st.integers(5, 95), st.integers(5, 95))
def test_the_p_value_and_the_interval_agree(a: int, b: int) -> None:
    one, other = share(a, 100), share(b, 100)
    gap, low, high, p = difference(one.value, one.low, one.high, other.value, other.low, other.high)
    assert low <= gap <= high
    assert (p < 0.05) == (low > 0 or high < 0)
    back = difference(other.value, other.low, other.high, one.value, one.low, one.high)
    np.testing.assert_allclose(back, [-gap, -high, -low, p], atol=1e-12)


def test_without_an_interval_there_is_no_p_value() -> None:
    gap, low, _, p = difference(0.8, math.nan, math.nan, 0.7, 0.6, 0.8)
    assert gap == pytest.approx(0.1) and math.isnan(low) and math.isnan(p)


def test_known_values_differ_surely_or_not_at_all() -> None:
    assert difference(0.8, 0.8, 0.8, 0.7, 0.7, 0.7)[3] == 0.0
    assert difference(0.8, 0.8, 0.8, 0.8, 0.8, 0.8)[3] == 1.0


def test_signals_follow_benjamini_and_hochberg() -> None:
    # Benjamini and Hochberg (1995), section 4.1: of these 15 the first four are declared
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
         0.7590, 1.0]  # fmt: skip
    adjusted, flags = signals(pd.Series([*p, math.nan]))
    assert flags.tolist() == [True] * 4 + [False] * 11 + [None]
    assert adjusted[3] == pytest.approx(0.0095 * 15 / 4)
    assert math.isnan(adjusted[15])


def test_nothing_to_compare() -> None:
    adjusted, flags = signals(pd.Series([math.nan, math.nan]))
    assert flags.tolist() == [None, None] and adjusted.isna().all()


def test_groups_put_together_are_a_ratio_of_sums() -> None:
    parts = pd.DataFrame({"denominator": [100, 300], "value": [0.5, 0.9], "low": [0.4, 0.86], "high": [0.6, 0.94]})
    value, low, high = combined(parts)
    assert value == pytest.approx((50 + 270) / 400)
    assert high - value == pytest.approx(math.hypot(0.25 * 0.1, 0.75 * 0.04))
    assert value - low == pytest.approx(high - value)


def test_a_group_without_interval_leaves_the_whole_without_one() -> None:
    parts = pd.DataFrame({"denominator": [1, 1], "value": [0.5, 0.7], "low": [0.4, math.nan], "high": [0.6, math.nan]})
    value, low, high = combined(parts)
    assert value == pytest.approx(0.6) and math.isnan(low) and math.isnan(high)
