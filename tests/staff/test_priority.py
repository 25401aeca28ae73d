"""Two classes: Cobham's means, a two-dimensional chain, laws; the event simulation is in test_simulated_queues."""

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from csm_lib.errors import SettingError
from csm_lib.staff.priority import priority_performance
from csm_lib.staff.queues import erlang_c, performance

SHARED = ("wait_probability", "mean_wait_offered_s", "mean_wait_answered_s", "abandon_share", "service_level",
          "service_level_of_answered", "queue_length")


@pytest.mark.parametrize(("first", "second", "agents"), [(1.0, 1.0, 3), (4.0, 5.0, 10), (0.5, 98.0, 100)])
def test_mean_waits_without_patience_are_cobhams(first, second, agents):
    # Cobham 1954: W1 = C h / (s (1 - r1)), W2 = C h / (s (1 - r1) (1 - r))
    found = priority_performance(first, second, 3600, agents)
    delayed = float(erlang_c(first + second, agents)) * 3600 / agents
    assert_allclose(found.first.mean_wait_offered_s, delayed / (1 - first / agents), rtol=1e-10)
    assert_allclose(found.second.mean_wait_offered_s,
                    delayed / (1 - first / agents) / (1 - (first + second) / agents), rtol=1e-9)


def by_two_dimensions(first, second, agents, patience, room=34):
    """The chain of both queues, solved densely: mean numbers waiting of each class."""
    idle = agents  # states 0..agents-1 busy agents with nobody waiting, then pairs of queues with all busy
    number = {(i, j): idle + i * room + j for i in range(room) for j in range(room)}
    size = idle + room * room
    rates = np.zeros((size, size))
    for n in range(agents):
        rates[n, n + 1 if n + 1 < agents else number[0, 0]] += first + second
        if n:
            rates[n, n - 1] += n
    for (i, j), here in number.items():
        if i + 1 < room:
            rates[here, number[i + 1, j]] += first
        if j + 1 < room:
            rates[here, number[i, j + 1]] += second
        if i:
            rates[here, number[i - 1, j]] += agents + i / patience
        if j:
            rates[here, number[i, j - 1]] += j / patience + (0 if i else agents)
        if i == j == 0:
            rates[here, agents - 1] += agents
    rates -= np.diag(rates.sum(axis=1))
    rates[:, 0] = 1
    share = np.linalg.solve(rates.T, np.eye(size)[0])
    queues = share[idle:].reshape(room, room)
    return (queues.sum(axis=1) @ np.arange(room), queues.sum(axis=0) @ np.arange(room))


@pytest.mark.parametrize(("first", "second", "agents", "patience"), [
    (1.0, 1.5, 2, 0.6), (2.0, 2.0, 5, 2.0), (0.3, 3.0, 3, 1.0),
], ids=["overload", "light", "few in the first class"])
def test_mean_queues_agree_with_the_chain_of_both(first, second, agents, patience):
    one, two = by_two_dimensions(first, second, agents, patience)
    found = priority_performance(first, second, 3600, agents, patience_s=patience * 3600)
    assert_allclose([found.first.queue_length, found.second.queue_length], [one, two], rtol=1e-8)
    # whoever waits leaves at the rate of patience
    assert_allclose(found.second.abandon_share, two / patience / second, rtol=1e-8)


@pytest.mark.parametrize("patience_s", [math.inf, 300.0], ids=["endless patience", "patience"])
@pytest.mark.parametrize("threshold_s", [0.0, 20.0, 3600.0])
def test_a_class_alone_is_the_plain_queue(patience_s, threshold_s):
    options = {"patience_s": patience_s, "threshold_s": threshold_s}
    plain = performance(190, 180, 10, **options)
    for found in (priority_performance(190, 0, 180, 10, **options).first,
                  priority_performance(0, 190, 180, 10, **options).second):
        for name in SHARED:
            assert_allclose(getattr(found, name), getattr(plain, name), rtol=1e-9, atol=1e-11)


@settings(max_examples=40, deadline=None)
@given(first=st.floats(0.01, 60), second=st.floats(0.01, 60), agents=st.integers(1, 150), handle_s=st.floats(30, 1000),
       patience_s=st.floats(10, 3000) | st.just(math.inf), threshold_s=st.floats(0, 300))
def test_laws_of_two_classes(first, second, agents, handle_s, patience_s, threshold_s):
    per_h = np.array([first, second]) / handle_s * 3600
    found = priority_performance(*per_h, handle_s, agents, patience_s=patience_s, threshold_s=threshold_s)
    one, two, both = found.first, found.second, found.together
    if np.isfinite(both.mean_wait_offered_s) and (patience_s < math.inf or first + second < 0.995 * agents):
        # who is taken first changes neither the queue nor the abandonments of all
        assert_allclose(one.queue_length + two.queue_length, both.queue_length, rtol=1e-7, atol=1e-12)
        assert_allclose(per_h @ [one.abandon_share, two.abandon_share], per_h.sum() * both.abandon_share, rtol=1e-7,
                        atol=1e-9)
        assert two.mean_wait_offered_s >= one.mean_wait_offered_s - 1e-9
        assert one.service_level >= both.service_level - 1e-9 >= two.service_level - 2e-9
    assert 0 <= two.service_level <= 1 - two.abandon_share + 1e-9


def test_an_overload_without_patience_spares_the_first_class():
    # all ten agents are always busy; the first class is an M/M/1 of its own with 10 - 4 contacts to spare per hour
    found = priority_performance(4, 9, 3600, 10, threshold_s=600)
    assert_allclose(found.first.mean_wait_offered_s, 3600 / 6)
    assert_allclose(found.first.service_level, 1 - math.exp(-1))
    assert_allclose(found.second.mean_wait_offered_s, math.inf)
    assert_allclose(found.second.service_level, 0)
    lost = priority_performance(11, 9, 3600, 10)
    assert_allclose(lost.first.service_level, 0)


def test_closed_and_empty_desks():
    closed = priority_performance(10, 10, 180, 0, patience_s=60)
    assert_allclose([closed.first.abandon_share, closed.second.abandon_share], 1)
    assert_allclose(closed.second.mean_wait_offered_s, 60)
    assert np.isnan(closed.second.mean_wait_answered_s)
    endless = priority_performance(10, 10, 180, 0)
    assert_allclose([endless.first.service_level, endless.first.queue_length], [0, math.inf])
    empty = priority_performance(0, 0, 180, [0, 5])
    assert_allclose(empty.second.service_level, 1)
    assert_allclose(empty.first.queue_length, 0)


def test_rows_broadcast():
    found = priority_performance([[10], [20]], 100, 180, [6, 8], patience_s=100)
    assert found.first.service_level.shape == found.second.abandon_share.shape == (2, 2)


@pytest.mark.parametrize(("call", "message"), [
    (lambda: priority_performance(-1, 1, 60, 2),
     "first_per_h must be at least 0 and finite, got -1.0 (1 of 1 values). Correct these values."),
    (lambda: priority_performance(1, math.nan, 60, 2),
     "second_per_h must be at least 0 and finite, got nan (1 of 1 values). Correct these values."),
])
def test_wrong_arguments_are_refused_in_words(call, message):
    with pytest.raises(SettingError, match=f"^{re.escape(message)}$"):
        call()
