"""Chats: hand-worked cases, a chain of single agents, laws; the event simulation is in test_simulated_queues."""

import itertools
import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from csm_lib.errors import SettingError
from csm_lib.staff import chat_loads
from csm_lib.staff.chats import chat_agents_needed, chat_performance
from csm_lib.staff.queues import agents_needed, performance

LINE = ("wait_probability", "mean_wait_offered_s", "mean_wait_answered_s", "abandon_share", "service_level",
        "service_level_of_answered", "virtual_service_level", "queue_length")


@pytest.mark.parametrize("patience_s", [math.inf, 90.0], ids=["endless patience", "patience"])
def test_one_chat_at_a_time_is_the_phone(patience_s):
    options = {"patience_s": patience_s, "threshold_s": 30}
    chats = chat_performance([200, 60, 0], 180, [12, 0, 0], max_chats=1, slowdown=0.4, **options)
    phone = performance([200, 60, 0], 180, [12, 0, 0], **options)
    for name in (*LINE, "occupancy"):
        assert_allclose(getattr(chats, name), getattr(phone, name), rtol=1e-9, atol=1e-13)
    assert_allclose(chats.chat_s, [180, np.nan, np.nan], rtol=1e-9)


@pytest.mark.parametrize(("agents", "max_chats"), [(5, 2), (30, 3)], ids=["a small team", "a large team"])
def test_without_slowing_down_each_agent_counts_as_many(agents, max_chats):
    load = agents * max_chats * 0.95
    chats = chat_performance(load, 3600, agents, max_chats=max_chats, patience_s=1800)
    many = performance(load, 3600, agents * max_chats, patience_s=1800)
    for name in LINE:
        assert_allclose(getattr(chats, name), getattr(many, name), rtol=1e-9, atol=1e-13)
    assert_allclose(chats.chats_per_agent, many.occupancy * max_chats, rtol=1e-9)


def test_one_agent_who_shares_the_time_by_hand():
    # two chats take twice as long: N is an M/M/1 with a = 1/2, so P(N >= 2) = 1/4, waiting (1/2)^3 / (1/2) = 1/4
    found = chat_performance(30, 60, 1, max_chats=2, slowdown=1.0)
    assert_allclose(found.wait_probability, 1 / 4)
    assert_allclose(found.queue_length, 1 / 4)
    assert_allclose(found.mean_wait_offered_s, 30)
    assert_allclose(found.occupancy, 1 / 2)
    assert_allclose(found.chats_per_agent, 3 / 4)  # of 1 in the system a quarter waits
    assert_allclose(found.chat_s, 90)


def by_single_agents(load, agents, factors, patience, room=120):
    """The chain of every agent's own number of chats, solved densely: an independent route."""
    most = len(factors)
    busy = list(itertools.product(range(most + 1), repeat=agents))
    number = {state: i for i, state in enumerate(busy)}
    size = len(busy) + room
    rates = np.zeros((size, size))
    full = number[(most,) * agents]
    for state, i in number.items():
        least = min(state)
        free = [k for k, held in enumerate(state) if held == least]
        for k in free if least < most else []:
            rates[i, number[(*state[:k], least + 1, *state[k + 1 :])]] += load / len(free)
        for k, held in enumerate(state):
            if held:
                rates[i, number[(*state[:k], held - 1, *state[k + 1 :])]] += held / factors[held - 1]
    for j in range(room):
        here, before = len(busy) + j, full if j == 0 else len(busy) + j - 1
        rates[before, here] = load
        rates[here, before] = agents * most / factors[-1] + (j + 1) / patience
    rates -= np.diag(rates.sum(axis=1))
    rates[:, 0] = 1
    share = np.linalg.solve(rates.T, np.eye(size)[0])
    chats = sum(share[i] * sum(state) for state, i in number.items()) + share[len(busy) :].sum() * agents * most
    return {"wait_probability": share[full] + share[len(busy) :].sum(),
            "queue_length": (share[len(busy) :] * np.arange(1, room + 1)).sum(), "chats_per_agent": chats / agents}


@pytest.mark.parametrize(("load", "agents", "factors", "patience"), [
    (2.2, 2, (1.0, 1.3, 1.7), math.inf),
    (4.5, 3, (1.0, 1.5), 0.7),
    (3.0, 3, (1.0, 1.2, 1.6), 2.0),
], ids=["patient", "overload", "three chats"])
def test_small_teams_agree_with_the_chain_of_single_agents(load, agents, factors, patience):
    expected = by_single_agents(load, agents, factors, patience)
    found = chat_performance(load, 3600, agents, max_chats=len(factors), slowdown=factors, patience_s=patience * 3600)
    for name, value in expected.items():
        assert_allclose(getattr(found, name), value, rtol=1e-8)
    assert_allclose(found.mean_wait_offered_s, expected["queue_length"] / load * 3600, rtol=1e-8)
    carried = load * (1 - float(found.abandon_share))
    assert_allclose(found.chat_s, expected["chats_per_agent"] * agents / carried * 3600, rtol=1e-8)


def test_a_larger_team_is_nearly_balanced(monkeypatch):
    def seen(states):
        monkeypatch.setattr(chat_loads, "_MOST_STATES", states)
        return chat_performance([20, 22, 28], 3600, 20, max_chats=3, slowdown=0.6, patience_s=1800)

    exact, balanced = seen(3000), seen(0)
    assert (exact.wait_probability > 1e-5).all()
    assert_allclose(balanced.wait_probability, exact.wait_probability, atol=0.015)
    assert_allclose(balanced.abandon_share, exact.abandon_share, atol=0.002)
    assert_allclose(balanced.chats_per_agent, exact.chats_per_agent, rtol=0.07)


def test_an_overload_and_a_closed_desk():
    found = chat_performance([100, 100, 0], 360, [2, 0, 0], max_chats=2, slowdown=0.5)
    assert_allclose(found.service_level, [0, 0, 1])
    assert_allclose(found.mean_wait_offered_s, [math.inf, math.inf, 0])
    assert_allclose(found.occupancy, [1, 1, 0])
    assert_allclose(found.chats_per_agent, [2, 0, 0])
    assert_allclose(found.chat_s[:1], 360 * 1.5)


@settings(max_examples=25, deadline=None)
@given(load=st.floats(0.1, 60), max_chats=st.integers(1, 4), slowdown=st.floats(0, 0.6), level=st.floats(0.3, 0.95),
       patience_s=st.floats(30, 1000) | st.just(math.inf))
def test_no_fewer_chat_agents_meet_the_targets(load, max_chats, slowdown, level, patience_s):
    options = {"max_chats": max_chats, "slowdown": slowdown, "patience_s": patience_s}
    agents = int(chat_agents_needed(load * 10, 360, service_level=level, max_occupancy=0.9, **options))
    for n in range(max(agents - 2, 0), agents + 1):
        found = chat_performance(load * 10, 360, n, **options)
        meets = found.service_level >= level - 1e-12 and found.occupancy <= 0.9 + 1e-12
        assert meets == (n == agents)


def test_agents_needed_for_single_chats_are_those_of_the_phone():
    found = chat_agents_needed([0, 200, 720], [180, 180, 240], max_chats=1, service_level=0.8, shrinkage=0.2)
    assert found.tolist() == agents_needed([0, 200, 720], [180, 180, 240], service_level=0.8, shrinkage=0.2).tolist()


@pytest.mark.parametrize(("call", "message"), [
    (lambda: chat_performance(1, 60, 2, max_chats=0),
     "max_chats must be at least 1 and finite, got 0.0 (1 of 1 values). Correct these values."),
    (lambda: chat_performance(1, 60, 2, max_chats=2, slowdown=-0.1),
     "slowdown must be at least 0 and finite, got -0.1 (1 of 1 values). Correct these values."),
    (lambda: chat_performance(1, 60, 2, max_chats=2, slowdown=[1.0, 0.9]),
     "slowdown must be at least 1 and finite, got 0.9 (1 of 2 values). Correct these values."),
    (lambda: chat_performance(1, 60, 2, max_chats=3, slowdown=[1.0, 1.2]),
     "slowdown must give a factor for each number of chats up to 3, got 2 factors. Add the missing ones."),
    (lambda: chat_agents_needed(1, 60, max_chats=2),
     "targets must name at least one bound, got none. Give service_level, max_abandon, max_occupancy or "
     "max_mean_wait_offered_s."),
])
def test_wrong_arguments_are_refused_in_words(call, message):
    with pytest.raises(SettingError, match=f"^{re.escape(message)}$"):
        call()
