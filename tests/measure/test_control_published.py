"""Control charts against published examples, phases, and the false-alarm rates that the rule sets state."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from csm_lib.errors import SettingError
from csm_lib.measure.control import DEFAULT_RULES, RULES, chart

# NIST/SEMATECH e-Handbook, 6.3.2.2: flow rate
FLOW = [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1]
# Montgomery, Statistical Quality Control, 7th ed., example 6.5: cost of processing loans
LOANS = [310, 288, 297, 298, 307, 303, 294, 297, 308, 306, 294, 299, 297, 299, 314, 295, 293, 306, 301, 304]
# NIST/SEMATECH e-Handbook, 6.3.3.1: defects on 25 wafers
WAFERS = [16, 14, 28, 16, 12, 20, 10, 12, 10, 17, 19, 17, 14, 16, 15, 13, 14, 16, 11, 20, 11, 19, 16, 31, 13]
# NIST/SEMATECH e-Handbook, 6.3.3.2: defective chips of 50, 30 wafers
CHIPS = [12, 15, 8, 10, 4, 7, 16, 9, 14, 10, 5, 6, 17, 12, 22, 8, 10, 5, 13, 11, 20, 18, 24, 15, 9, 12, 7, 13, 9, 6]
# Montgomery, example 7.4: errors in shipping, 50 shipments a week
SHIPPING = [2, 3, 8, 1, 1, 4, 1, 4, 5, 1, 8, 2, 4, 3, 4, 1, 8, 3, 7, 4]
# Montgomery, example 7.5: defects in dyed cloth, per 50 square metres
CLOTH, ROLLS = [14, 12, 20, 11, 7, 10, 21, 16, 19, 23], [10, 8, 13, 10, 9.5, 10, 12, 10.5, 12, 12.5]


@pytest.mark.parametrize(
    ("values", "n", "kind", "centre", "low", "high", "places"),
    [
        pytest.param(FLOW, None, "xmr", 50.81, 45.8159, 55.8041, 2, id="NIST flow rate"),
        pytest.param(LOANS, None, "xmr", 300.5, 279.78, 321.22, 1, id="Montgomery loan costs"),
        pytest.param(WAFERS, None, "c", 16, 4, 28, 6, id="NIST wafers"),
        pytest.param(CHIPS, [50] * 30, "p", 0.2313, 0.0524, 0.4102, 4, id="NIST chips"),
        pytest.param(SHIPPING, [50] * 20, "u", 0.0740, 0, 0.1894, 4, id="Montgomery shipping errors"),
    ],
)
def test_published_limits(values, n, kind, centre, low, high, places):
    made = chart(values, n=n, kind=kind, screen=False)
    for name, expected in (("centre", centre), ("low", low), ("high", high)):
        assert_allclose(made[name], expected, atol=0.6 * 10**-places, err_msg=name)


def test_published_limits_that_follow_the_exposure():
    made = chart(CLOTH, n=ROLLS, kind="u", screen=False)
    assert_allclose(made["centre"], 1.42, atol=0.005)
    assert_allclose(made["low"], [0.29, 0.16, 0.43, 0.29, 0.26, 0.29, 0.39, 0.32, 0.39, 0.41], atol=0.006)
    assert_allclose(made["high"], [2.55, 2.68, 2.41, 2.55, 2.58, 2.55, 2.45, 2.52, 2.45, 2.43], atol=0.01)  # from 1.42


def test_the_published_signal_on_the_wafers_is_found():
    made = chart(WAFERS, kind="c", screen=False, rules=["beyond_3_sigma"])
    assert np.flatnonzero(made["is_signal"]).tolist() == [23]  # 31 defects, above 28


def run_lengths(rules, *, runs=1500, most=1500, seed=3):
    """Points to the first alarm of steady processes with known limits; written apart from the chart's own rules."""
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(runs, most))
    alarm = np.zeros((runs, most), dtype=bool)
    for name in rules:
        rule = RULES[name]
        for side in (points, -points):
            beyond = side > rule.zone
            total = np.cumsum(np.pad(beyond, ((0, 0), (rule.window, 0))), axis=1)
            alarm |= (total[:, rule.window :] - total[:, : -rule.window]) >= rule.hits
    first = np.where(alarm.any(axis=1), alarm.argmax(axis=1) + 1, most)
    censored = ~alarm.any(axis=1)
    return first.sum() / (~censored).sum(), (~censored).sum()  # geometric tail: time on test over alarms


@pytest.mark.parametrize(
    ("rules", "stated"),
    [
        pytest.param(["beyond_3_sigma"], 370, id="one rule"),
        pytest.param(list(DEFAULT_RULES), 153, id="the default rules"),
        pytest.param(list(RULES), 92, id="all rules"),
    ],
)
def test_the_stated_false_alarm_rate_is_that_of_a_simulation(rules, stated):
    found, alarms = run_lengths(rules)
    assert f"one false alarm in {stated} points" in chart([1, 2], rules=rules).attrs["rule_set"]
    assert abs(found / stated - 1) < 4 / math.sqrt(alarms)


def test_limits_and_runs_start_anew_with_a_phase():
    values = [10, 12, 11, 13, 12, 11, 10, 12, 20, 22, 21, 23, 22, 21, 20, 22]
    made = chart(values, phases=["old"] * 8 + ["new"] * 8)
    first, second = chart(values[:8]), chart(values[8:])
    assert_allclose(made["high"], [*first["high"], *second["high"]])
    assert not made["is_signal"].any()
    assert chart(values)["is_signal"].any()  # judged as one process it has changed
    assert made["phase"].tolist() == ["old"] * 8 + ["new"] * 8
    assert made.attrs["short_phases"] == []


def test_a_run_does_not_go_on_into_the_next_phase():
    noise = [0.564, -0.564] * 10
    run = [0.3] * 5
    one = chart([*noise, *run, *run, *noise], screen=False, rules=["eight_on_one_side"])
    two = chart([*noise, *run, *run, *noise], phases=["a"] * 25 + ["b"] * 25, rules=["eight_on_one_side"], screen=False)
    assert one["is_signal"].any()
    assert not two["is_signal"].any()


def test_short_phases_are_named_and_wrong_lengths_refused():
    assert chart([1, 2, 3], phases=["a", "a", "b"]).attrs["short_phases"] == ["a", "b"]
    assert chart([], phases=[]).columns[-1] == "phase"
    with pytest.raises(SettingError) as refusal:
        chart([1, 2], phases=["a"])
    assert str(refusal.value) == "phases must be as long as values, got 1 (values has 2). Name one a point."
