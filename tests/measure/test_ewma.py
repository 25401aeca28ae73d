"""The chart that remembers: published series, published run lengths, exact limits."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from csm_lib.errors import SettingError
from csm_lib.measure.control import chart
from csm_lib.measure.ewma import drift_series, ewma, ewma_run_length

# NIST/SEMATECH e-Handbook, 6.3.2.4: centre 50, sigma 2.0539, λ = 0.3
NIST = [52.0, 47.0, 53.0, 49.3, 50.1, 47.0, 51.0, 50.1, 51.2, 50.5,
        49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1]  # fmt: skip
NIST_SMOOTHED = [50.60, 49.52, 50.56, 50.18, 50.16, 49.21, 49.75, 49.85, 50.26, 50.33,
                 50.11, 49.36, 49.52, 50.05, 49.38, 49.92, 50.73, 51.23, 51.94, 51.99]  # fmt: skip
# Montgomery, Statistical Quality Control, table 9.1: the mean moves from 10 to 11 with the 21st of 30 points
MONTGOMERY = [9.45, 7.99, 9.29, 11.66, 12.16, 10.18, 8.04, 11.46, 9.20, 10.34, 9.03, 11.47, 10.51, 9.40, 10.08,
              9.37, 10.62, 10.31, 8.52, 10.84, 10.90, 9.33, 12.29, 11.50, 10.60, 11.08, 10.38, 11.62, 11.31,
              10.52]  # fmt: skip


def test_the_handbooks_series_comes_out():
    made = ewma(NIST, centre=50, sigma=2.0539, weight=0.3, reach=3)
    assert_allclose(made["smoothed"], NIST_SMOOTHED, atol=0.006)
    assert_allclose(made[["low", "high"]].iloc[-1], [47.4115, 52.5884], atol=0.003)
    assert not made["is_signal"].any()


def test_montgomerys_small_shift_is_found_where_he_finds_it():
    made = ewma(MONTGOMERY, centre=10, sigma=1, weight=0.1, reach=2.7)
    assert np.flatnonzero(made["is_signal"]).tolist() == [28, 29]
    assert_allclose(made["smoothed"].iloc[28:], [10.6468, 10.6341], atol=1e-4)
    assert_allclose(made[["low", "high"]].iloc[-1], [9.38, 10.62], atol=0.005)
    assert not chart(MONTGOMERY, rules=["beyond_3_sigma"])["is_signal"].any()


@pytest.mark.parametrize(
    ("weight", "reach", "shift", "published"),
    [
        # Lucas and Saccucci 1990, Technometrics 32:1, table 3
        pytest.param(0.4, 3.054, 0, 500, id="λ 0.4 steady"),
        pytest.param(0.2, 2.962, 0, 500, id="λ 0.2 steady"),
        pytest.param(0.1, 2.814, 0, 500, id="λ 0.1 steady"),
        pytest.param(0.05, 2.615, 0, 500, id="λ 0.05 steady"),
        pytest.param(0.1, 2.814, 0.5, 31.3, id="λ 0.1 half a sigma"),
        pytest.param(0.1, 2.814, 1.0, 10.3, id="λ 0.1 one sigma"),
        pytest.param(0.4, 3.054, 1.0, 14.3, id="λ 0.4 one sigma"),
    ],
)
def test_published_run_lengths(weight, reach, shift, published):
    assert_allclose(ewma_run_length(weight=weight, reach=reach, shift=shift), published, rtol=0.005)


def test_the_stated_false_alarm_rate_is_that_of_a_simulation():
    rng, smoothed, alive = np.random.default_rng(6), np.zeros(3000), np.ones(3000, dtype=bool)
    bound, on_test, alarms = 2.86 * math.sqrt(0.2 / 1.8), 0, 0
    for _ in range(1500):
        on_test += alive.sum()
        smoothed = 0.2 * rng.normal(size=3000) + 0.8 * smoothed
        is_out = alive & (np.abs(smoothed) > bound)
        alarms += is_out.sum()
        alive &= ~is_out
    stated = ewma([], centre=0, sigma=1).attrs
    assert abs(on_test / alarms / stated["run_length"] - 1) < 4 / math.sqrt(alarms)
    assert stated["rule_set"] == "EWMA with λ = 0.2, L = 2.86 (a steady process gives one false alarm in 371 points)"


def test_a_weight_of_one_is_the_chart_of_single_points():
    made = ewma(NIST, centre=50, sigma=2, weight=1, reach=3)
    assert_allclose(made["smoothed"], NIST)
    assert_allclose(made["high"], 56)


def test_limits_follow_sigmas_that_differ():
    # v1 = (0.5 × 2)² = 1; v2 = (0.5 × 4)² + 0.25 × 1 = 4.25
    made = ewma([0, 0], centre=0, sigma=[2, 4], weight=0.5, reach=1)
    assert_allclose(made["high"], [1, math.sqrt(4.25)])


def test_a_gap_leaves_the_mean_where_it_was():
    made = ewma([1, math.nan, 1], centre=0, sigma=1, weight=0.5)
    assert_allclose(made["smoothed"], [0.5, 0.5, 0.75])
    assert not made["is_signal"].iloc[1]


def test_a_drift_too_slow_for_the_points_is_found_and_a_phase_starts_anew():
    rng = np.random.default_rng(4)
    values = rng.normal(size=120) + np.repeat([0.0, 0.8], 60)
    limits = chart(values[:60])
    judged = chart(values, screen=False).assign(
        centre=limits["centre"].iloc[0], low=limits["low"].iloc[0], high=limits["high"].iloc[0]
    )
    assert drift_series(judged)["is_signal"].iloc[60:].any()
    assert not drift_series(judged)["is_signal"].iloc[:60].any()
    phased = drift_series(chart(values, phases=["old"] * 60 + ["new"] * 60))
    assert not phased["is_signal"].any()
    assert len(drift_series(chart([]))) == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        pytest.param(
            lambda: ewma([1], centre=0, sigma=1, weight=0),
            "weight must lie above 0 and at most at 1, got 0. Use 0.2.",
            id="weight",
        ),
        pytest.param(
            lambda: ewma([1], centre=0, sigma=1, reach=0), "reach must be positive, got 0. Use 2.86.", id="reach"
        ),
        pytest.param(
            lambda: ewma([1, 2, 3], centre=0, sigma=[1, 2]),
            "sigma must be one number or as long as values, got 2 (values has 3). Give one a point.",
            id="sigmas",
        ),
    ],
)
def test_wrong_calls_are_refused_in_words(call, message):
    with pytest.raises(SettingError) as refusal:
        call()
    assert str(refusal.value) == message
