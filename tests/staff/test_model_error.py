"""Bounds of scenarios: each doubt worked by hand, none where nothing is in doubt, both added in squares."""

import math

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from csm_lib.staff.model_error import ModelError, answered_with, misses_by_hour
from csm_lib.staff.prediction import Scenario, changed_plan, condensed, predict
from csm_lib.staff.queues import performance
from csm_lib.staff.scenarios import compare_scenarios

MORE = Scenario("more", extra_agents=1, from_hour=17, to_hour=18)


def day():
    """One row per hour: agents, arrivals; a contact takes five minutes."""
    return pd.DataFrame({"local_hour": [16, 17], "interval_s": 3600.0, "expected": [30.0, 60.0],
                         "arrivals_per_h": [30.0, 60.0], "handle_s": 300.0, "agents": 4})


def compared(error):
    return compare_scenarios(day(), [MORE], patience_s=120, error=error, cost_per_agent_h=10).set_index("scenario")


def test_a_miss_is_the_distance_of_the_log_odds():
    # 899 contacts answered nine times in ten where the model says 1 to 1; one contact as the model has it is added
    trust = pd.DataFrame({"local_hour": [9, 17], "n_offered": [899, 10], "answer_rate_observed_share": [0.9, np.nan],
                          "answer_rate_predicted_share": [0.5, 0.5]})
    share = (899 * 0.9 + 0.5) / 900
    assert misses_by_hour(trust).to_dict() == pytest.approx({9: math.log(share / (1 - share))})


def test_an_hour_in_which_everybody_was_answered_stays_finite():
    trust = pd.DataFrame({"local_hour": [9], "n_offered": [50], "answer_rate_observed_share": [1.0],
                          "answer_rate_predicted_share": [1.0]})
    assert misses_by_hour(trust).to_dict() == {9: 0.0}


def test_patience_at_its_bounds_bounds_the_answer_rate():
    found = compared(ModelError((90.0, 160.0)))
    for name, agents in (("as it is", [4, 4]), ("more", [4, 5])):
        ends = [30 / 90 * (1 - performance(30, 300, agents[0], patience_s=each).abandon_share)
                + 60 / 90 * (1 - performance(60, 300, agents[1], patience_s=each).abandon_share) for each in (90, 160)]
        assert_allclose(found.loc[name, ["answer_rate_low_share", "answer_rate_high_share"]].astype(float), ends)


def test_what_moves_both_alike_cancels_out_of_the_gain():
    found = compared(ModelError((90.0, 160.0)))
    gains = [60 * (performance(60, 300, 4, patience_s=each).abandon_share
                   - performance(60, 300, 5, patience_s=each).abandon_share) for each in (90, 160)]
    assert_allclose(sorted(found.loc["more", ["fewer_abandoned_low", "fewer_abandoned_high"]].astype(float)),
                    sorted(gains))
    assert found.loc["as it is", "fewer_abandoned_low"] == found.loc["as it is", "fewer_abandoned_high"] == 0


def test_a_miss_of_one_hour_is_carried_over_in_log_odds():
    # at 17:00 the odds of an answer are twice what the model says
    found = compared(ModelError((120.0, 120.0), pd.Series({17: math.log(2)})))
    share = 1 - float(performance(60, 300, 5, patience_s=120).abandon_share)
    moved = 2 * share / (1 - share + 2 * share) - share
    row = found.loc["more"]
    assert_allclose([row.answer_rate_share - row.answer_rate_low_share, row.answer_rate_high_share
                     - row.answer_rate_share], 60 / 90 * moved)


def test_two_doubts_are_added_in_squares():
    alone = [compared(error) for error in (ModelError((90.0, 120.0)), ModelError((120.0, 120.0), pd.Series({17: 0.3})))]
    both = compared(ModelError((90.0, 120.0), pd.Series({17: 0.3})))
    below = [float(each.loc["more", "answer_rate_share"] - each.loc["more", "answer_rate_low_share"])
             for each in (*alone, both)]
    assert_allclose(below[2], math.hypot(*below[:2]))


def test_a_patience_that_is_set_is_in_no_doubt():
    row = compared(ModelError()).loc["more"]
    assert row.answer_rate_low_share == row.answer_rate_share == row.answer_rate_high_share


def test_without_a_word_on_the_model_the_bounds_are_unknown():
    row = compared(None).loc["more"]
    assert row[["answer_rate_low_share", "answer_rate_high_share", "fewer_abandoned_low"]].isna().all()


def test_a_scenario_says_what_it_costs_to_keep_a_contact():
    found = compared(None)
    assert_allclose(found.loc["more", "cost_per_saved"], 10 / found.loc["more", "fewer_abandoned"])
    assert math.isnan(found.loc["as it is", "cost_per_saved"])


def test_bounds_stay_within_nothing_and_everybody():
    found = compared(ModelError((1e-3, 1e9), pd.Series({16: 9.0, 17: 9.0})))
    assert (found["answer_rate_low_share"] >= 0).all()
    assert (found["answer_rate_high_share"] <= 1).all()


def test_nothing_offered_has_no_rate_and_no_bounds():
    closed = day().assign(expected=0.0, arrivals_per_h=0.0)
    row = compare_scenarios(closed, [MORE], patience_s=120, error=ModelError((90.0, 160.0))).iloc[1]
    assert math.isnan(row.answer_rate_share)
    assert math.isnan(row.answer_rate_low_share)


def test_nearly_equal_intervals_taken_together_answer_as_many():
    plan = pd.DataFrame({"local_hour": 9, "interval_s": 1800.0, "handle_s": 300.0, "agents": 4,
                         "arrivals_per_h": np.linspace(30, 60, 200)}).assign(expected=lambda plan:
                                                                            plan["arrivals_per_h"] / 2)
    both = [predict(each, patience_s=120)["answered"].sum() for each in (plan, condensed(plan))]
    assert_allclose(*both, rtol=1e-4)
    assert len(condensed(plan)) < 50


def test_inputs_are_left_as_they_were():
    plan, before = day(), day()
    answered_with(plan, MORE, patience_s=120.0, error=ModelError((90.0, 160.0)))
    changed_plan(plan, MORE)
    pd.testing.assert_frame_equal(plan, before)
