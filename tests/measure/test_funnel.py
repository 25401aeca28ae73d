"""Funnels and shrunken rankings: limits by hand, overdispersion by hand, the batters of Efron and Morris."""

import math

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy.stats import binom

from csm_lib.errors import SettingError, UsageError
from csm_lib.measure.funnel import funnel, funnel_line, shrunken_ranking

# Efron and Morris 1977, Scientific American 236: first 45 at bats of 18 players; shrunken by 0.212 to .265
BATTERS = [18, 17, 16, 15, 14, 14, 13, 12, 11, 11, 10, 10, 10, 10, 10, 9, 8, 7]


def groups(values, sizes, *, key="escalation_rate", width=None):
    low = [None] * len(values) if width is None else [value - width for value in values]
    high = [None] * len(values) if width is None else [value + width for value in values]
    return pd.DataFrame({"key": key, "team": [f"T{i}" for i in range(len(values))], "n": sizes, "value": values,
                         "denominator": np.array(sizes, float), "low": low, "high": high, "unit": "share"})  # fmt: skip


def test_limits_of_chance_are_binomial():
    # of 100 at p = 0.2 about 12 and 28 bound 95 % (exact: 12.1 and 28.0 between whole counts)
    made = funnel(groups([0.2, 0.2], [100, 100]), by="team")
    low, high = made["low"].iloc[0] * 100, made["high"].iloc[0] * 100
    assert binom.cdf(math.floor(low), 100, 0.2) <= 0.025 <= binom.cdf(math.ceil(low), 100, 0.2)
    assert binom.cdf(math.floor(high), 100, 0.2) <= 0.975 <= binom.cdf(math.ceil(high), 100, 0.2)
    assert made.attrs["reason"] == "overdispersion is not estimated from fewer than 8 groups"


# two sizes of standard error; scores against 0.5 by hand
SCORES = [-4.0, -1.0, -1.0, -1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 4.0, -2.0]


def spread_groups():
    sizes = [100] * 11  # standard error 0.05 at p = 0.5
    return groups([0.5 + 0.05 * score for score in SCORES], sizes)


def test_multiplicative_overdispersion_as_worked_by_hand():
    # sorted: −4 −2 −1 −1 −1 1 1 1 1 1 4; the 10 % and 90 % quantiles are −2 and 1: winsorised −2 −2 −1 −1 −1 1 … 1
    # φ = (2 × 4 + 9 × 1) / 11 = 17/11
    made = funnel(spread_groups(), by="team", reference=0.5, overdispersion="multiplicative")
    assert_allclose(made.attrs["phi"], 17 / 11)
    assert_allclose(made["high"], 0.5 + 1.959964 * 0.05 * math.sqrt(17 / 11), rtol=1e-6)


def test_additive_overdispersion_as_worked_by_hand():
    # equal weights w = 400: τ² = (11 φ − 10) / (11 w − w) = 7 / 4000
    made = funnel(spread_groups(), by="team", reference=0.5)
    assert_allclose(made.attrs["tau"], math.sqrt(7 / 4000))
    assert_allclose(made["high_far"], 0.5 + 3.090232 * math.sqrt(0.0025 + 7 / 4000), rtol=1e-6)
    assert made["is_outside"].tolist().count(True) == 0
    plain = funnel(spread_groups(), by="team", reference=0.5, overdispersion="none")
    assert plain["is_outside"].tolist().count(True) == 2


def test_groups_alike_are_outside_about_as_often_as_stated():
    rng, n_out, n_far = np.random.default_rng(2), 0, 0
    for _ in range(60):
        sizes = rng.integers(50, 2000, 30)
        made = funnel(groups(list(rng.binomial(sizes, 0.8) / sizes), list(sizes)), by="team", reference=0.8)
        n_out += int(((made["value"] < made["low"]) | (made["value"] > made["high"])).sum())
        n_far += int(made["is_outside"].sum())
    assert abs(n_out / 1800 - 0.05) < 4 * math.sqrt(0.05 * 0.95 / 1800)
    assert n_far <= 12  # 0.2 % of 1,800 is 3.6


def test_groups_that_differ_by_nature_are_not_all_called_outside():
    rng = np.random.default_rng(9)
    truth = rng.normal(0.8, 0.04, 40)
    measured = groups(list(rng.binomial(4000, truth) / 4000), [4000] * 40)
    assert funnel(measured, by="team", overdispersion="none")["is_outside"].sum() > 15
    assert funnel(measured, by="team")["is_outside"].sum() <= 1


def test_means_take_their_spread_from_the_intervals():
    # interval ± 1.96 at n = 100: standard error 1, variance of one row 100; at n = 400 the limits are ± 0.98
    made = funnel(groups([30.0, 31.0], [400, 400], key="frt", width=0.98).assign(unit="s"), by="team", reference=30)
    assert_allclose(made["high"], 30.98, rtol=1e-6)


def test_the_line_has_the_limits_of_the_groups():
    judged = funnel(groups([0.2, 0.3, 0.25], [100, 400, 900]), by="team")
    line = funnel_line(judged, points=200)
    near = line.loc[(line["size"] - 400).abs().idxmin()]
    assert_allclose(near["high"], judged.loc[judged["size"] == 400, "high"].iloc[0], atol=0.005)
    assert len(funnel_line(funnel(groups([], []), by="team"))) == 0


def test_the_batters_shrink_as_published():
    values = np.array(BATTERS) / 45
    error = math.sqrt(values.mean() * (1 - values.mean()) / 45)
    measured = groups(list(values), [45] * 18, key="fcr", width=1.959964 * error)
    made = shrunken_ranking(measured, by="team")
    assert_allclose(made["own_weight"], 0.212, atol=0.002)
    assert_allclose(made["value"].iloc[0], 0.294, atol=0.001)  # Clemente, .400 in the beginning
    assert_allclose(made["value"].iloc[-1], 0.242, atol=0.001)  # Alvis, .156
    assert_allclose(made["expected_rank"].sum(), 18 * 19 / 2)


def test_small_groups_give_more_ground():
    measured = groups([0.9, 0.6, 0.8, 0.7, 0.75, 0.72], [20, 2000, 2000, 2000, 2000, 2000], key="fcr")
    width = 1.96 * np.sqrt(0.2 / measured["n"].to_numpy(float))
    made = shrunken_ranking(measured.assign(low=measured["value"] - width, high=measured["value"] + width), by="team")
    own = made.set_index("team")["own_weight"]
    assert own["T0"] < 0.7 < 0.95 < own["T1"]


def test_lower_is_ranked_first_where_lower_is_better():
    made = shrunken_ranking(groups([30.0, 20.0, 25.0, 40.0], [9] * 4, key="frt", width=2.0), by="team")
    assert made["team"].tolist() == ["T1", "T2", "T0", "T3"]
    assert made["expected_rank"].is_monotonic_increasing


def test_three_groups_are_left_as_they_are():
    made = shrunken_ranking(groups([0.5, 0.6, 0.7], [100] * 3, key="fcr", width=0.1), by="team")
    assert made["value"].tolist() == [0.7, 0.6, 0.5]
    assert made.attrs["reason"] == "fewer than four groups with an interval: nothing to shrink towards"
    assert len(shrunken_ranking(groups([], []), by="team")) == 0


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        pytest.param(
            lambda: funnel(groups([0.5], [9]), by="team", overdispersion="some"),
            SettingError,
            "overdispersion must be one of additive, multiplicative, none, got 'some'. Choose one of them.",
            id="overdispersion",
        ),
        pytest.param(
            lambda: funnel(pd.concat([groups([0.5], [9]), groups([0.5], [9], key="fcr")]), by="team"),
            UsageError,
            "measured must hold one key, got escalation_rate, fcr. Choose the rows of one indicator.",
            id="keys",
        ),
    ],
)
def test_wrong_calls_are_refused_in_words(call, kind, message):
    with pytest.raises(kind) as refusal:
        call()
    assert str(refusal.value) == message
