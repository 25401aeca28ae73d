"""Patience from waits cut short: hand-worked curves, planted hazards found again, the queue with bands."""

import math
import re

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from csm_lib.errors import SettingError
from csm_lib.staff.banded_patience import performance_in_bands
from csm_lib.staff.patience import patience_bands, patience_check, patience_consequence, patience_curve
from csm_lib.staff.queues import performance


def offered(wait_s, is_abandoned):
    return pd.DataFrame({"is_offered": True, "is_abandoned": is_abandoned, "wait_s": wait_s})


def simulated(patience_s, offer_s):
    """Contacts whose patience and offered wait are known; the lesser is seen."""
    return offered(np.minimum(patience_s, offer_s), patience_s < offer_s)


def test_kaplan_meier_by_hand():
    # 6 wait: one leaves at 6 s (5/6 bear it), one is answered at 7, of 4 one leaves at 10 (5/8), of 3 two at 15 (5/24)
    curve = patience_curve(offered([6.0, 7, 10, 15, 15, 20], [True, False, True, True, True, False]))
    assert curve["wait_s"].tolist() == [6, 10, 15]
    assert curve["n_at_risk"].tolist() == [6, 4, 3]
    assert curve["n_abandoned"].tolist() == [1, 1, 2]
    assert_allclose(curve["bears_share"], [5 / 6, 5 / 8, 5 / 24])
    assert_allclose(curve["exponential_share"], np.exp(-curve["wait_s"] / (73 / 4)))
    assert ((curve["low"] < curve["bears_share"]) & (curve["bears_share"] < curve["high"])).all()


def test_bands_by_hand():
    # 20 leave after 10 s, 20 after 30 s, 10 are answered after 40 s: two bands, cut at the median of those who left
    contacts = offered([*[10.0] * 20, *[30.0] * 20, *[40.0] * 10], [True] * 40 + [False] * 10)
    bands = patience_bands(contacts)
    assert len(bands) == 2
    cut = bands["from_s"].iloc[1]
    assert 10 <= cut <= 30
    assert bands["n_abandoned"].tolist() == [20, 20]
    assert_allclose(bands["waited_s"], [20 * 10 + 30 * cut, 20 * (30 - cut) + 10 * (40 - cut)])
    assert_allclose(bands["hazard_per_s"], bands["n_abandoned"] / bands["waited_s"])
    assert bands["to_s"].iloc[-1] == math.inf


def test_rows_not_offered_are_left_out_and_inputs_stay():
    contacts = offered([10.0, 5.0, np.nan], [True, True, True]).assign(is_offered=[True, False, True])
    before = contacts.copy()
    assert patience_curve(contacts)["n_at_risk"].tolist() == [1]
    pd.testing.assert_frame_equal(contacts, before)


@pytest.mark.parametrize("contacts", [offered([], []), offered([5.0, 0.0], [False, False])], ids=["empty", "patient"])
def test_nobody_hung_up(contacts):
    assert patience_curve(contacts).empty
    assert patience_check(contacts).is_exponential is None
    assert patience_check(contacts).mean_s == math.inf
    assert patience_consequence(pd.DataFrame(), contacts).empty


@pytest.mark.parametrize("seed", range(3))
def test_the_mean_of_exponential_patience_comes_out(seed):
    rng = np.random.default_rng(seed)
    check = patience_check(simulated(rng.exponential(120, 8000), rng.exponential(60, 8000)))
    assert_allclose(check.mean_s, 120, rtol=0.08)  # about 2,700 leave: standard error 2 %
    assert 0.8 < check.early_ratio < 1.2


def test_the_test_refuses_a_true_hypothesis_about_as_often_as_it_says():
    rng = np.random.default_rng(4)
    refused = [not patience_check(simulated(rng.exponential(90, 300), rng.exponential(60, 300))).is_exponential
               for _ in range(300)]
    assert 0.02 < np.mean(refused) < 0.10  # 5 %, and the cuts lie where the data say


def test_a_rush_at_first_is_found():
    # a fifth leaves within seconds, the others bear 200 s on average
    rng = np.random.default_rng(5)
    patience_s = np.where(rng.random(8000) < 0.2, rng.exponential(4, 8000), rng.exponential(200, 8000))
    contacts = simulated(patience_s, rng.exponential(60, 8000))
    check = patience_check(contacts)
    assert check.is_exponential is False and check.p_value < 1e-6 and check.early_ratio > 2
    curve = patience_curve(contacts, level=0.9999)
    at = curve[curve["wait_s"] < 8].iloc[-1]
    truth = 0.2 * math.exp(-at["wait_s"] / 4) + 0.8 * math.exp(-at["wait_s"] / 200)
    assert at["low"] < truth < at["high"]
    assert at["exponential_share"] > truth + 0.05
    plan = pd.DataFrame({"expected": [50.0, 0.0], "arrivals_per_h": [600.0, 0.0], "handle_s": 180.0, "agents": [28, 0]})
    found = patience_consequence(plan, contacts, threshold_s=20).set_index("law")
    assert found.loc["as seen", "abandon_share"] > found.loc["exponential", "abandon_share"]


def simulated_queue(per_s, handle_s, agents, draw, n, seed):
    """Events one by one: who hangs up leaves the queue, the next free agent takes the longest waiting."""
    rng = np.random.default_rng(seed)
    free_at, at, waits, left = np.zeros(agents), 0.0, [], []
    for gap, patience in zip(rng.exponential(1 / per_s, n), draw(rng, n), strict=True):
        at += gap
        k = int(free_at.argmin())
        wait = max(free_at[k] - at, 0.0)
        left.append(wait > patience)
        waits.append(min(wait, patience))
        if wait <= patience:
            free_at[k] = at + wait + rng.exponential(handle_s)
    return np.array(waits), np.array(left)


def test_the_queue_with_bands_agrees_with_an_event_simulation():
    # leaves at 1/10 a second for 5 s, then at 1/300
    def draw(rng, n):
        early = rng.exponential(10, n)
        return np.where(early < 5, early, 5 + rng.exponential(300, n))

    waits, left = simulated_queue(10 / 180, 180, 10, draw, 60_000, 6)
    found = performance_in_bands(np.array([200.0]), np.array([180.0]), np.array([10.0]), starts_s=np.array([0.0, 5.0]),
                                 hazards_per_s=np.array([0.1, 1 / 300]), threshold_s=20)
    assert_allclose(found["abandon_share"], left.mean(), atol=0.008)
    assert_allclose(found["mean_wait_offered_s"], waits.mean(), rtol=0.08)
    assert_allclose(found["service_level"], (~left & (waits <= 20)).mean(), atol=0.02)


@pytest.mark.parametrize("threshold_s", [0.0, 20.0, 600.0])
def test_equal_bands_are_erlang_a(threshold_s):
    per_h, agents = np.array([200.0, 2880, 600, 60_000, 5, 0, 30]), np.array([10.0, 40, 60, 990, 1, 3, 0])
    found = performance_in_bands(per_h, np.full(7, 60.0), agents, starts_s=np.array([0.0, 7.0, 300.0]),
                                 hazards_per_s=np.full(3, 1 / 120), threshold_s=threshold_s)
    plain = performance(per_h, 60, agents, patience_s=120, threshold_s=threshold_s)
    for name, values in found.items():
        assert_allclose(values, getattr(plain, name), rtol=1e-7, atol=1e-11)


def test_consequence_adds_up_over_contacts():
    contacts = offered([60.0, 60.0], [True, False])
    plan = pd.DataFrame({"expected": [10.0, 30.0], "arrivals_per_h": [2880.0, 1000.0], "handle_s": 60.0, "agents": 50})
    parts = [float(patience_consequence(plan.iloc[[i]], contacts).abandon_share.iloc[0]) for i in (0, 1)]
    both = float(patience_consequence(plan, contacts).abandon_share.iloc[0])
    assert_allclose(both, (10 * parts[0] + 30 * parts[1]) / 40)


def test_a_wrong_level_is_refused_in_words():
    message = "level must be above 0 and below 1, got 1.0 (1 of 1 values). Correct these values."
    with pytest.raises(SettingError, match=f"^{re.escape(message)}$"):
        patience_curve(offered([1.0], [True]), level=1)


def test_without_anybody_on_shift_the_assumption_costs_nothing_that_could_be_said():
    waits = pd.DataFrame({"is_offered": True, "is_abandoned": [True, False], "wait_s": [60.0, 60.0]})
    plan = pd.DataFrame({"expected": [10.0], "arrivals_per_h": 2880.0, "handle_s": 60.0, "agents": 0})
    assert patience_consequence(plan, waits).empty
