"""Scenarios: sums by hand, and a planted evening shortage found and mended."""

import re

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from csm_lib.collect.sample.queue_events import Blocks, Calls, serve
from csm_lib.errors import SettingError, UsageError
from csm_lib.staff.customers import customers_of
from csm_lib.staff.prediction import in_band, predict, predicted_and_observed, summary_by
from csm_lib.staff.queues import performance
from csm_lib.staff.scenarios import Scenario, add_agents, compare_scenarios, divert, smallest_addition


def day(agents=(4, 4, 4), per_h=(30.0, 30.0, 60.0), first_hour=16):
    """One row per hour: agents, arrivals; a contact takes five minutes."""
    return pd.DataFrame({"local_hour": range(first_hour, first_hour + len(agents)), "interval_s": 3600.0,
                         "expected": per_h, "arrivals_per_h": per_h, "handle_s": 300.0, "agents": agents})


def test_hours_add_up_as_contacts_do():
    hours = predict(day(), patience_s=120)
    total = summary_by(hours).iloc[0]
    shares = 1 - performance([30, 30, 60], 300, 4, patience_s=120).abandon_share
    assert_allclose(total.answer_rate_share, (30 * shares[0] + 30 * shares[1] + 60 * shares[2]) / 120)
    assert_allclose(total.agent_h, 12)
    assert_allclose(total.occupancy_share, total.answered * 300 / (12 * 3600))


def test_offered_wait_obeys_little():
    found = performance([30, 30, 60], 300, 4, patience_s=120)
    hours = predict(day(), patience_s=120)
    assert_allclose(hours.wait_offered_s, found.queue_length * 3600)


def test_added_agents_help_their_band_and_nobody_else():
    found = add_agents(day(), n=2, from_hour=18, to_hour=19, patience_s=120, cost_per_agent_h=45)
    hours = found[found.span == "hour"].set_index("local_hour")
    assert_allclose(hours.answer_rate_share_after[[16, 17]], hours.answer_rate_share_before[[16, 17]])
    expected = 1 - performance(60, 300, [4, 6], patience_s=120).abandon_share
    assert_allclose(hours.loc[18, ["answer_rate_share_before", "answer_rate_share_after"]].astype(float), expected)
    band, whole = (found[found.span == span].iloc[0] for span in ("band", "all"))
    assert_allclose(band.extra_cost, 90)
    assert_allclose(band.fewer_abandoned, 60 * (expected[1] - expected[0]))
    assert_allclose(whole.fewer_abandoned, band.fewer_abandoned)
    assert_allclose(whole.offered, 120)
    assert band.mean_wait_offered_s_after < band.mean_wait_offered_s_before


def test_zero_added_agents_change_nothing():
    found = add_agents(day(), n=0, from_hour=17, to_hour=21, patience_s=120)
    assert_allclose(found.fewer_abandoned, 0)
    assert_allclose(found.answer_rate_share_after, found.answer_rate_share_before)


def test_closed_days_get_no_extra_agents():
    plan = pd.concat([day().assign(local_date=1), day(per_h=(0.0, 0.0, 0.0)).assign(local_date=2)])
    found = add_agents(plan, n=2, from_hour=16, to_hour=19, patience_s=120)
    assert_allclose(found[found.span == "band"].extra_agent_h, 6)


@pytest.mark.parametrize("target", [0.8, 0.9, 0.97])
def test_smallest_addition_is_the_smallest(target):
    plan = day()
    n = smallest_addition(plan, from_hour=18, to_hour=19, patience_s=120, answer_rate=target)
    shares = 1 - performance(60, 300, 4 + np.arange(n + 1), patience_s=120).abandon_share
    assert shares[-1] >= target and (shares[:-1] < target).all()


def test_a_bot_takes_contacts_and_their_handling():
    contacts = pd.DataFrame({"issue": ["parcel"] * 4 + ["other"] * 6, "handle_s": [100.0] * 4 + [300.0] * 6})
    scenario = divert(contacts, issue="parcel", share=0.5, name="bot")
    changed = predict(day(per_h=(100.0, 100.0, 100.0)).assign(handle_s=220.0), scenario, patience_s=120)
    # two of ten contacts go, and with them 200 of 2,200 seconds: eight are left with 250 s each
    assert_allclose(changed.expected, 80)
    assert_allclose(changed.handle_s, 250)


def test_scenarios_stand_beside_today():
    scenarios = [Scenario("busier", volume_change_share=0.2), Scenario("quicker", handle_change_share=-0.1),
                 Scenario("two more", extra_agents=2, from_hour=18, to_hour=19)]
    found = compare_scenarios(day(), scenarios, patience_s=120, cost_per_agent_h=10).set_index("scenario")
    assert found.index.tolist() == ["as it is", "busier", "quicker", "two more"]
    assert_allclose(found.offered, [120, 144, 120, 120])
    assert_allclose(found.cost, [120, 120, 120, 140])
    assert_allclose(found.extra_cost, [0, 0, 0, 20])
    assert found.answer_rate_change_share["busier"] < 0 < found.answer_rate_change_share["quicker"]
    by_hand = performance([30, 30, 60], 270, 4, patience_s=120)
    assert_allclose(found.answered["quicker"], 120 - (by_hand.abandon_share * [30, 30, 60]).sum())


def test_scenarios_can_be_compared_in_a_band():
    found = compare_scenarios(day(), [Scenario("more", extra_agents=1)], patience_s=120, from_hour=18, to_hour=19)
    assert_allclose(found.offered, 60)
    assert_allclose(found.agent_h, [4, 5])


def test_prediction_stands_beside_observation():
    contacts = pd.DataFrame({"local_hour": [16, 16, 18, 18, 18, 18], "is_offered": [True] * 5 + [False],
                             "is_answered": [True, False, True, True, False, False],
                             "is_in_time": [True, False, False, True, False, False],
                             "wait_s": [0.0, 30, 40, 10, 70, np.nan]})
    found = predicted_and_observed(day(), contacts, patience_s=120).set_index("local_hour")
    assert found.n_offered.tolist() == [2, 3]
    assert_allclose(found.answer_rate_observed_share, [1 / 2, 2 / 3])
    assert_allclose(found.service_level_observed_share, [1 / 2, 1 / 3])
    assert_allclose(found.mean_wait_observed_s, [15, 40])
    expected = performance([30, 60], 300, 4, patience_s=120)
    assert_allclose(found.answer_rate_predicted_share, 1 - expected.abandon_share)
    assert_allclose(found.answer_rate_difference_share, 1 - expected.abandon_share - [1 / 2, 2 / 3])


def simulated_days(agents, *, n_days=120, seed=4):
    """Days from 15 to 21 o'clock with too few agents in the evening, played event by event: nothing exponential but
    the gaps between calls."""
    rng = np.random.default_rng(seed)
    per_h = {15: 16, 16: 16, 17: 40, 18: 40, 19: 16, 20: 16}
    parts = [(day, rng.uniform(hour, hour + 1, rng.poisson(rate)) * 3600) for day in range(n_days)
             for hour, rate in per_h.items()]
    calls = pd.DataFrame([(day, at) for day, instants in parts for at in instants], columns=["day", "at"])
    calls = calls.sort_values(["day", "at"])
    handle, patience = (rng.lognormal(np.log(mean) - sigma**2 / 2, sigma, len(calls)) for mean, sigma in ((520, 0.6),
                                                                                                      (110, 0.9)))
    answer_s, _ = serve(Calls(calls.day.to_numpy(), calls["at"].to_numpy(), handle, patience),
                        Blocks((15 * 3600.0,) * agents, (21 * 3600.0,) * agents), close_s=21 * 3600.0)
    is_answered = ~np.isnan(answer_s)
    wait_s = np.where(is_answered, answer_s - calls["at"], patience)
    contacts = pd.DataFrame({"local_date": calls.day, "local_hour": (calls["at"] // 3600).astype(int),
                             "is_offered": True, "is_answered": is_answered, "is_abandoned": ~is_answered,
                             "is_in_time": wait_s <= 20, "wait_s": wait_s})
    plan = pd.DataFrame({"local_hour": list(per_h), "interval_s": 3600.0, "expected": list(per_h.values()),
                         "arrivals_per_h": list(per_h.values()), "handle_s": 520.0, "agents": agents})
    return plan, contacts


def test_evening_shortage_of_a_simulated_line_is_found_and_mended():
    plan, contacts = simulated_days(5)
    more = simulated_days(7)[1]
    customers = customers_of(plan, contacts)
    compared = predicted_and_observed(plan, contacts, **customers.options)
    assert compared.local_hour[compared.answer_rate_observed_share < 0.85].tolist() == [17, 18]
    assert (compared.answer_rate_difference_share.abs() < 0.03).all()
    added = add_agents(plan, n=2, from_hour=17, to_hour=21, **customers.options).set_index("span")
    evening = more[in_band(more, 17, 21)]
    assert_allclose(added.answer_rate_share_after["band"], evening.is_answered.mean(), atol=0.012)
    assert_allclose(added.mean_wait_offered_s_after["band"], evening.wait_s.mean(), rtol=0.2)
    assert_allclose(added.service_level_share_after["band"], evening.is_in_time.mean(), atol=0.04)


def test_hours_without_staff_answer_nobody():
    found = summary_by(predict(day(agents=(0, 0, 0)), patience_s=120)).iloc[0]
    assert found.answer_rate_share == 0
    assert_allclose(found.mean_wait_offered_s, 120)
    assert np.isnan(found.mean_wait_answered_s) and np.isnan(found.occupancy_share)


def test_hours_without_contacts_have_nothing_to_divide_by():
    found = summary_by(predict(day(per_h=(0.0, 0.0, 0.0)), patience_s=120)).iloc[0]
    assert np.isnan(found.answer_rate_share)


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda: Scenario("x", from_hour=21, to_hour=17), SettingError,
     "from_hour and to_hour must be hours of one day in order, got 21 and 17. Give for example 17 and 21."),
    (lambda: Scenario("x", diverted_share=0.6, diverted_handle_ratio=2.0), SettingError,
     "diverted_share times diverted_handle_ratio must be below 1, got 1.2. No handling would be left."),
    (lambda: Scenario("x", volume_change_share=-2), SettingError,
     "volume_change_share must be at least -1 and finite, got -2.0 (1 of 1 values). Correct these values."),
    (lambda: divert(pd.DataFrame({"issue": ["a"], "handle_s": [1.0]}), issue="b", share=0.5, name="bot"), UsageError,
     "issue must occur among the contacts, got 'b'. The most frequent ones: 'a'."),
    (lambda: smallest_addition(day(), from_hour=17, to_hour=18, patience_s=60), SettingError,
     "targets must name at least one bound, got none. Give answer_rate or service_level."),
    (lambda: smallest_addition(day(), from_hour=1, to_hour=2, patience_s=60, answer_rate=0.9), UsageError,
     "band must hold contacts, got none from 1 to 2 o'clock. Choose other hours."),
    (lambda: smallest_addition(day(per_h=(1e6, 0.0, 0.0)), from_hour=16, to_hour=17, patience_s=60, answer_rate=0.9),
     UsageError, "band must reach its targets with at most 500 more agents, got no such number. Lower the targets."),
    (lambda: add_agents(day(), n=-1, from_hour=17, to_hour=18, patience_s=60), SettingError,
     "n must be at least 0 and finite, got -1.0 (1 of 1 values). Correct these values."),
])
def test_wrong_arguments_are_refused_in_words(call, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        call()
