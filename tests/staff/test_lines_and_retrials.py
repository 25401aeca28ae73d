"""A finite number of lines and customers who try again: hand-worked cases, an independent chain, laws."""

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.linalg import expm

from csm_lib.errors import SettingError
from csm_lib.staff.queues import agents_needed, erlang_b, performance


def by_matrix(load, agents, lines, patience, threshold):
    """The chain of the number in the system and a tagged customer's own chain, by matrix exponentials."""
    leave = [min(k, agents) + max(k - agents, 0) / patience for k in range(lines + 1)]
    weights = [1.0]
    for k in range(1, lines + 1):
        weights.append(weights[-1] * load / leave[k])
    share = np.array(weights) / sum(weights)
    room = lines - agents
    # states of a tagged customer: place 1..room in the queue, answered, gone
    rates = np.zeros((room + 2, room + 2))
    for place in range(1, room + 1):
        ahead_leaves = agents + (place - 1) / patience
        rates[place - 1, place - 2 if place > 1 else room] += ahead_leaves
        rates[place - 1, room + 1] += 1 / patience
        rates[place - 1, place - 1] -= ahead_leaves + 1 / patience
    at = expm(rates * threshold)
    found = {"blocked_share": share[-1], "wait_probability": share[agents:-1].sum()}
    places = np.arange(1, room + 1)
    found["abandon_share"] = sum(share[agents + p] * p / patience for p in places) / load
    found["service_level"] = share[:agents].sum() + sum(share[agents + p - 1] * at[p - 1, room] for p in places)
    found["mean_wait_offered_s"] = sum(share[agents + p] * p for p in places) / load
    still = sum(share[agents + p - 1] * at[p - 1, :room].sum() for p in places)
    return found, still


@pytest.mark.parametrize(("load", "agents", "lines", "patience"), [
    pytest.param(3.0, 2, 6, 0.5, id="overload, short patience"),
    pytest.param(4.0, 5, 8, 3.0, id="light load, long patience"),
    pytest.param(1.0, 1, 3, 1e12, id="endless patience in the matrix"),
])
def test_finite_lines_agree_with_matrix_exponentials(load, agents, lines, patience):
    expected, still = by_matrix(load, agents, lines, patience, 0.3)
    expected["mean_wait_offered_s"] *= 3600
    patience_s = math.inf if patience > 1e9 else patience * 3600
    found = performance(load, 3600, agents, patience_s=patience_s, threshold_s=0.3 * 3600, lines=lines)
    for name, value in expected.items():
        assert_allclose(getattr(found, name), value, rtol=1e-9, atol=1e-11)
    assert_allclose(found.wait_quantile(1 - still), 0.3 * 3600, rtol=1e-8)


def test_one_agent_and_one_place_by_hand():
    # a = 1: the three states 0, 1, 2 are equally likely, so a third is blocked and a third waits one handle time
    found = performance(60, 60, 1, lines=2, threshold_s=60)
    assert_allclose(found.blocked_share, 1 / 3)
    assert_allclose(found.wait_probability, 1 / 3)
    assert_allclose(found.mean_wait_offered_s, 20)
    assert_allclose(found.mean_wait_answered_s, 30)
    assert_allclose(found.occupancy, 2 / 3)
    assert_allclose(found.service_level, 1 / 3 + 1 / 3 * (1 - math.exp(-1)))
    assert_allclose(found.service_level_of_answered, 1 / 2 + 1 / 2 * (1 - math.exp(-1)))
    assert_allclose(found.wait_quantile([0.6, 0.9]), [0, 60 * math.log(10 / 3)], atol=1e-9)


def test_a_closed_desk_with_lines():
    # nobody at work: with endless patience the lines fill and stay full; without lines everybody is turned away
    full = performance(60, 60, 0, lines=[3, 0])
    assert_allclose(full.blocked_share, 1)
    assert_allclose(full.service_level, 0)
    assert_allclose(full.occupancy, 1)
    # one place, patience as long as the gap between calls: half are blocked, the other half hang up after a minute
    leaving = performance(60, 60, 0, lines=1, patience_s=60)
    assert_allclose([leaving.blocked_share, leaving.abandon_share], 0.5)
    assert_allclose(leaving.mean_wait_offered_s, 30)
    assert np.isnan(leaving.mean_wait_answered_s)
    idle = performance(0, 60, 0, lines=3, retrial_share=0.5)
    assert_allclose(idle.service_level, 1)
    assert_allclose(idle.blocked_share, 0)


@settings(max_examples=40, deadline=None)
@given(load=st.floats(0.05, 200), agents=st.integers(0, 150), room=st.integers(0, 60), handle_s=st.floats(20, 2000),
       patience_s=st.floats(5, 5000) | st.just(math.inf), threshold_s=st.floats(0, 7200))
def test_laws_of_finite_lines(load, agents, room, handle_s, patience_s, threshold_s):
    per_h = load / handle_s * 3600
    lines = agents + room
    found = performance(per_h, handle_s, [agents, agents + 1], patience_s=patience_s, threshold_s=threshold_s,
                        lines=[lines, lines])
    served = 1 - found.abandon_share - found.blocked_share
    if agents:
        assert_allclose(found.occupancy * [agents, agents + 1], load * served, rtol=1e-9, atol=1e-12)
        assert_allclose(found.abandon_share, found.mean_wait_offered_s / patience_s, rtol=1e-8, atol=1e-12)
    assert ((found.service_level >= -1e-12) & (found.service_level <= served + 1e-9)).all()
    assert found.service_level[1] >= found.service_level[0] - 1e-9


@settings(max_examples=30, deadline=None)
@given(load=st.floats(0.05, 200), agents=st.integers(1, 300))
def test_as_many_lines_as_agents_is_erlang_b(load, agents):
    found = performance(load, 3600, agents, lines=agents, patience_s=[60, math.inf])
    assert_allclose(found.blocked_share, erlang_b(load, agents), rtol=1e-10)
    assert_allclose(found.wait_probability, 0)


@pytest.mark.parametrize("patience_s", [120, math.inf], ids=["patience", "endless patience"])
def test_very_many_lines_are_no_bound(patience_s):
    bounded = performance(900, 360, 95, patience_s=patience_s, threshold_s=30, lines=95 + 5000)
    free = performance(900, 360, 95, patience_s=patience_s, threshold_s=30)
    for name in ("wait_probability", "abandon_share", "service_level", "virtual_service_level", "mean_wait_offered_s",
                 "mean_wait_answered_s", "queue_length", "occupancy"):
        assert_allclose(getattr(bounded, name), getattr(free, name), rtol=1e-9, atol=1e-14)
    assert_allclose(bounded.wait_quantile([0.5, 0.9, 0.99]), free.wait_quantile([0.5, 0.9, 0.99]), rtol=1e-8, atol=1e-8)


def test_lines_of_a_large_centre():
    # Halfin-Whitt scale: with as many lines as agents Erlang B at a = n is sqrt(2 / (pi n)) to first order
    found = performance(100_000, 3600, 100_000, lines=[100_000, 101_000])
    assert_allclose(found.blocked_share[0], math.sqrt(2 / (math.pi * 100_000)), rtol=5e-3)
    assert found.blocked_share[1] < found.blocked_share[0]


def test_attempts_solve_their_own_equation():
    found = performance(2880, 60, 40, patience_s=120, retrial_share=0.7, lines=60)
    lost = found.abandon_share + found.blocked_share
    assert_allclose(found.attempts_per_h * (1 - 0.7 * lost), 2880, rtol=1e-12)
    again = performance(found.attempts_per_h, 60, 40, patience_s=120, lines=60)
    assert_allclose(again.abandon_share, found.abandon_share, rtol=1e-10)
    assert_allclose(again.wait_quantile(0.9), found.wait_quantile(0.9), rtol=1e-9)


def test_nobody_at_work_makes_as_many_attempts_as_the_series_says():
    # all are lost, half try again: 60 (1 + 1/2 + 1/4 + ...) = 120
    assert_allclose(performance(60, 60, 0, patience_s=60, retrial_share=0.5).attempts_per_h, 120)
    assert_allclose(performance(60, 60, [1, 2], retrial_share=0.5).attempts_per_h, 60)  # nobody is lost


@settings(max_examples=20, deadline=None)
@given(load=st.floats(0.5, 60), level=st.floats(0.3, 0.9), patience_s=st.floats(20, 500) | st.just(math.inf),
       retrial_share=st.sampled_from([0.0, 0.4, 0.8]), room=st.none() | st.integers(100, 150))
def test_agents_needed_is_the_true_minimum_with_lines_and_retrials(load, level, patience_s, retrial_share, room):
    options = {"patience_s": patience_s, "retrial_share": retrial_share, "lines": room}
    agents = int(agents_needed(load * 20, 180, service_level=level, max_occupancy=0.95, **options))
    found = performance(load * 20, 180, np.arange(agents + 1), **options)
    meets = (found.service_level >= level - 1e-12) & (found.occupancy <= 0.95 + 1e-12)
    assert meets[-1] and not meets[:-1].any()


@pytest.mark.parametrize(("call", "message"), [
    (lambda: agents_needed([20, 2000], 180, service_level=0.8, max_occupancy=0.9, lines=12),
     "lines must be enough for the targets, got 12 (1 of 2 values). Give more lines or gentler targets."),
    (lambda: performance(1, 60, 2, lines=1.5),
     "lines must be whole numbers, got 1.5 (1 of 1 values). Round them before the call."),
    (lambda: performance(1, 60, 2, retrial_share=1),
     "retrial_share must be at least 0 and below 1, got 1.0 (1 of 1 values). Correct these values."),
])
def test_wrong_arguments_are_refused_in_words(call, message):
    with pytest.raises(SettingError, match=f"^{re.escape(message)}$"):
        call()
