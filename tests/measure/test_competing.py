"""Ends of several kinds: hand-worked shares, the matrix product of Aalen and Johansen, what wrong censoring does."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from statsmodels.duration.survfunc import CumIncidenceRight, SurvfuncRight

from csm_lib.errors import SettingError
from csm_lib.measure.competing import cumulative_incidence, incidence_quantile

HOUR = 3600.0


def values_of(table, cause):
    return table.loc[table["cause"] == cause, "value"].to_numpy()


def by_matrix_product(durations, causes, cause, at):
    """Product over the times of I + dΛ, states 0 going on, 1 the cause, 2 any other: an independent route."""
    matrix = np.eye(3)
    for time in sorted({d for d, c in zip(durations, causes, strict=True) if c is not None and d <= at}):
        n = sum(d >= time for d in durations)
        mine = sum(d == time and c == cause for d, c in zip(durations, causes, strict=True))
        other = sum(d == time and c not in (None, cause) for d, c in zip(durations, causes, strict=True))
        matrix = matrix @ np.array([[1 - (mine + other) / n, mine / n, other / n], [0, 1, 0], [0, 0, 1]])
    return matrix[0, 1]


def test_hand_worked_shares():
    # S: 4/5, then 2 of 3 stay: 8/15, then 1 of 2: solved 1/5 + 8/15 × 1/2; withdrawn 4/5 × 1/3
    made = cumulative_incidence([1, 2, 3, 4, 5], ["solved", None, "withdrawn", "solved", None])
    assert_allclose(values_of(made, "solved"), [1 / 5, 1 / 5, 7 / 15])
    assert_allclose(values_of(made, "withdrawn"), [0, 4 / 15, 4 / 15])
    assert made["at_s"].tolist() == [1, 3, 4] * 2
    assert made["n_at_risk"].tolist() == [5, 3, 2] * 2


def test_withdrawals_taken_as_open_turn_76_into_91_percent():
    # constant hazards 1/30 h (solving) and 1/120 h (withdrawing): of all that end, 20 % are withdrawals; solved within
    # 72 h are 0.8 × (1 − e^(−72/24)) = 0.760, and 1 − e^(−72/30) = 0.909 among the imagined who cannot withdraw
    n = 100_000
    ends_s = -24 * HOUR * np.log(1 - (np.arange(n) + 0.5) / n)
    causes = np.where(np.arange(n) % 5 == 2, "withdrawn", "solved")
    right = values_of(cumulative_incidence(ends_s, causes, at_s=[72 * HOUR]), "solved")[0]
    wrong = (
        1
        - SurvfuncRight(ends_s, causes == "solved").surv_prob[
            np.searchsorted(np.sort(ends_s[causes == "solved"]), 72 * HOUR) - 1
        ]
    )
    assert_allclose([right, wrong], [0.8 * (1 - math.exp(-3)), 1 - math.exp(-2.4)], atol=2e-4)
    assert (round(float(right), 2), round(float(wrong), 2)) == (0.76, 0.91)
    as_one = values_of(
        cumulative_incidence(ends_s, np.where(causes == "solved", "solved", None), at_s=[72 * HOUR]), "solved"
    )
    assert_allclose(as_one, wrong)


ENDS = st.lists(st.tuples(st.integers(1, 12), st.sampled_from(["solved", "withdrawn", "merged", None])), min_size=1)


@given(ENDS, st.integers(0, 12))
def test_the_shares_are_those_of_the_matrix_product(ends, at):
    durations, causes = zip(*ends, strict=True)
    made = cumulative_incidence(durations, causes, at_s=[at])
    if at > max(durations):
        return
    for cause in {cause for cause in causes if cause}:
        assert_allclose(values_of(made, cause), by_matrix_product(durations, causes, cause, at), atol=1e-12)


@given(ENDS)
def test_the_shares_of_all_causes_are_what_does_not_go_on(ends):
    durations, causes = zip(*ends, strict=True)
    if not any(causes):
        return
    made = cumulative_incidence(durations, causes, at_s=[max(durations)])
    left = SurvfuncRight(np.array(durations, float), np.array([cause is not None for cause in causes], float))
    assert_allclose(made["value"].sum(), 1 - left.surv_prob[-1], atol=1e-12)


def test_where_all_have_ended_one_way_nothing_is_in_doubt():
    """The share is 1, though 3/7 + 4/7 (2/4 + 2/4) in floats falls short of it by the last digit."""
    row = cumulative_incidence([1, 1, 1, 2, 2, 3, 3], ["solved"] * 7, at_s=[3]).iloc[0]
    assert row["value"] == pytest.approx(1.0)
    assert np.isnan(row[["low", "high"]].to_numpy(float)).all()


def test_the_curve_is_that_of_statsmodels():
    rng = np.random.default_rng(5)
    durations, codes = rng.integers(1, 40, 300).astype(float), rng.choice([0, 1, 2], 300)
    names = np.array([None, "a", "b"], dtype=object)[codes]
    peer = CumIncidenceRight(durations, codes)
    made = cumulative_incidence(durations, names, at_s=peer.times)
    assert_allclose(values_of(made, "a"), peer.cinc[0], atol=1e-12)
    assert_allclose(values_of(made, "b"), peer.cinc[1], atol=1e-12)


def test_without_censoring_the_variance_is_binomial():
    # 30 of 100 solved by the third time: the band is that of p = 0.3, variance p (1 − p) / n, on the log(−log) scale
    causes = ["solved"] * 30 + ["withdrawn"] * 70
    made = cumulative_incidence([1] * 10 + [2] * 10 + [3] * 10 + [2] * 35 + [9] * 35, causes, at_s=[3])
    row = made[made["cause"] == "solved"].iloc[0]
    spread = 1.959964 * math.sqrt(0.3 * 0.7 / 100) / abs(0.7 * math.log(0.7))
    assert_allclose(row["value"], 0.3)
    assert_allclose([row["low"], row["high"]], [1 - 0.7 ** math.exp(-spread), 1 - 0.7 ** math.exp(spread)], rtol=1e-6)


def test_the_band_covers_at_its_level():
    rng, hits, n_runs = np.random.default_rng(11), 0, 600
    truth = 0.8 * (1 - math.exp(-1.5))
    for _ in range(n_runs):
        ends, looks = rng.exponential(24, 150), rng.uniform(10, 90, 150)
        causes = np.where(rng.random(150) < 0.8, "solved", "withdrawn").astype(object)
        causes[ends > looks] = None
        made = cumulative_incidence(np.minimum(ends, looks), causes, at_s=[36])
        row = made[made["cause"] == "solved"].iloc[0]
        hits += row["low"] <= truth <= row["high"]
    assert abs(hits / n_runs - 0.95) < 4 * math.sqrt(0.95 * 0.05 / n_runs)


def test_beyond_the_last_look_nothing_is_claimed():
    made = cumulative_incidence([1, 2, 3], ["solved", "solved", None], at_s=[3, 4])
    assert_allclose(values_of(made, "solved"), [2 / 3, math.nan])
    assert made.attrs == {"n": 3, "n_censored": 1, "longest_s": 3.0}
    assert values_of(cumulative_incidence([1, 2], ["solved", "left"], at_s=[99]), "solved").tolist() == [0.5]


@pytest.mark.parametrize(
    ("durations", "causes", "share", "expected"),
    [
        pytest.param([1, 2, 3, 4], ["solved"] * 4, 0.5, 2, id="all solved"),
        pytest.param([1, 2, 3, 4], ["left", "solved", "solved", "left"], 0.5, 3, id="half of all, the lost among them"),
        pytest.param([1, 2, 3, 4], ["left", "left", "left", "solved"], 0.5, math.inf, id="never half"),
        pytest.param([1, 2], ["left", "left"], 0.5, math.inf, id="never any"),
    ],
)
def test_quantiles_are_of_all_that_began(durations, causes, share, expected):
    assert incidence_quantile(durations, causes, cause="solved", share=share).value == expected


def test_nothing_gives_nothing():
    assert len(cumulative_incidence([], [])) == 0
    assert math.isnan(incidence_quantile([], [], cause="solved").value)
    assert len(cumulative_incidence([1.0], [None])) == 0


def test_the_order_of_rows_changes_nothing_and_inputs_stay():
    durations, causes = np.array([3.0, 1, 2, 2]), pd.Series(["a", None, "b", "a"])
    kept = causes.copy()
    made = cumulative_incidence(durations, causes)
    pd.testing.assert_frame_equal(made, cumulative_incidence(durations[::-1], causes[::-1]))
    pd.testing.assert_series_equal(causes, kept)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        pytest.param(
            lambda: cumulative_incidence([1, 2], ["a"]),
            "causes must be as long as durations_s, got 1 (durations_s has 2). Give one flag a row.",
            id="lengths",
        ),
        pytest.param(
            lambda: cumulative_incidence([-1.0], ["a"]),
            "durations_s must not be negative, got -1.0 (1 of 1 rows). Set rows whose clock runs backwards aside.",
            id="negative",
        ),
        pytest.param(
            lambda: incidence_quantile([1], ["a"], cause="a", share=2),
            "share must lie between 0 and 1, got 2. Use 0.9 for nine of ten.",
            id="share",
        ),
    ],
)
def test_wrong_calls_are_refused_in_words(call, message):
    with pytest.raises(SettingError) as refusal:
        call()
    assert str(refusal.value) == message


def test_where_all_end_at_one_time_so_does_the_quantile_and_no_bound_lies_beyond_it() -> None:
    made = incidence_quantile([1, 1], ["a", "a"], cause="a")
    assert made.value == 1.0
    assert math.isnan(made.low)
