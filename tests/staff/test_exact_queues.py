"""The queue formulas against independent exact arithmetic, and the quick way against the exact one."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from csm_lib.staff.queues import agents_needed, erlang_b, erlang_c, performance
from csm_lib.staff.quick import quick_fields
from csm_lib.staff.steady_state import steady_state


def loss_by_fractions(load, agents):
    """Erlang B by its recursion in whole numbers."""
    blocked = Fraction(1)
    for n in range(1, agents + 1):
        blocked = load * blocked / (n + load * blocked)
    return blocked


def erlang_a_by_fractions(load, agents, patience, n_states):
    """Erlang A by its chain in whole numbers, handle time 1: share delayed, share abandoned, wait of the answered."""
    weights = [Fraction(1)]
    for k in range(1, n_states):
        weights.append(weights[-1] * load / (min(k, agents) + Fraction(max(k - agents, 0)) / patience))
    total = sum(weights)
    delayed = sum(weights[agents:]) / total
    abandoned = sum(w * j / patience for j, w in enumerate(weights[agents:])) / total / load
    answered_wait, mean = Fraction(0), Fraction(0)
    for j, weight in enumerate(weights[agents:]):
        leave = agents + Fraction(j + 1) / patience
        mean += 1 / leave
        answered_wait += weight / total * agents / leave * mean
    return float(delayed), float(abandoned), float(answered_wait / (1 - abandoned))


@pytest.mark.parametrize(("load", "agents"), [(Fraction(1, 1000), 3), (Fraction(7, 2), 4), (Fraction(95), 100),
                                              (Fraction(100), 100), (Fraction(300), 100), (Fraction(40), 200)])
def test_erlang_b_and_c_agree_with_fractions(load, agents):
    blocked = loss_by_fractions(load, agents)
    assert_allclose(erlang_b(float(load), agents), float(blocked), rtol=1e-11)
    if load < agents:
        waiting = agents * blocked / (agents - load * (1 - blocked))
        assert_allclose(erlang_c(float(load), agents), float(waiting), rtol=1e-11)


@pytest.mark.parametrize(("load", "agents", "patience", "n_states"), [
    (Fraction(1, 100), 1, Fraction(1, 2), 40),
    (Fraction(19, 2), 10, Fraction(2), 140),
    (Fraction(12), 10, Fraction(3), 160),
    (Fraction(30), 8, Fraction(1), 160),
    (Fraction(20), 21, Fraction(1, 20), 120),
], ids=["nearly idle", "balanced", "overload", "heavy overload", "hasty customers"])
def test_erlang_a_agrees_with_fractions(load, agents, patience, n_states):
    delayed, abandoned, wait = erlang_a_by_fractions(load, agents, patience, n_states)
    found = performance(float(load), 3600, agents, patience_s=float(patience) * 3600)
    assert_allclose(found.wait_probability, delayed, rtol=1e-11)
    assert_allclose(found.abandon_share, abandoned, rtol=1e-10)
    assert_allclose(found.mean_wait_answered_s, wait * 3600, rtol=1e-10)


def log_erlang_a(load, agents, patience, n_queue):
    """Erlang A for many agents by sums of logarithms; digits are lost to rounding only in the sums of logs."""
    ahead = np.arange(1, n_queue)
    steps = np.log(load) - np.log(agents + ahead / patience)
    queue = np.exp(np.concatenate([[0.0], np.cumsum(steps)]))
    below = np.arange(agents, 0, -1)
    down = np.cumsum(np.log(below) - np.log(load))  # state agents - 1, agents - 2, ..., 0 relative to state agents
    total = math.fsum(np.exp(down)) + math.fsum(queue)
    return math.fsum(queue) / total, math.fsum(queue * np.arange(n_queue) / patience) / total / load


@pytest.mark.parametrize(("load", "agents", "patience"), [
    (990.0, 1000, 0.5), (9_900.0, 10_000, 2.0), (10_400.0, 10_000, 0.5), (99_700.0, 100_000, 0.3),
    (103_000.0, 100_000, 1.0),
])
def test_large_centres_agree_with_sums_of_logs(load, agents, patience):
    delayed, abandoned = log_erlang_a(load, agents, patience, 20_000)
    found = performance(load, 3600, agents, patience_s=patience * 3600)
    assert_allclose([found.wait_probability, found.abandon_share], [delayed, abandoned], rtol=1e-9)


@pytest.mark.parametrize(("agents", "waiting"), [(11, 0.6821), (12, 0.4494), (13, 0.2853), (14, 0.1741)])
def test_ten_erlang_as_in_printed_tables(agents, waiting):
    # Erlang C tables as printed for 10 erlang
    assert_allclose(erlang_c(10, agents), waiting, atol=5e-5)


def test_a_threshold_of_hours_and_one_of_nothing():
    # M/M/1 at half load, 30-minute handle time: P(W > t) = exp(-t / 1 h) / 2
    found = performance(1, 1800, 1, threshold_s=[0, 3600, 36_000])
    assert_allclose(found.service_level, 1 - np.exp(-np.array([0.0, 1, 10])) / 2, rtol=1e-12)
    assert int(agents_needed(20, 1800, threshold_s=3600, service_level=0.8)) == 11  # published, pyErlang


@settings(max_examples=150, deadline=None)
@given(load=st.floats(0.01, 2000), agents=st.integers(1, 2000), handle_s=st.floats(20, 2000),
       patience_s=st.floats(1, 1e5), threshold_s=st.floats(0, 3600))
def test_the_quick_way_agrees_with_the_exact_one_wherever_it_answers(load, agents, handle_s, patience_s, threshold_s):
    columns = [np.array([value]) for value in (load / handle_s * 3600, handle_s, agents, patience_s, threshold_s)]
    columns[2] = columns[2].astype(float)
    quick, exact = quick_fields(*columns), steady_state(*columns, np.zeros(1), np.full(1, np.inf))
    if not np.isnan(quick["abandon_share"]).any():
        assert_allclose(quick["service_level"], exact["service_level"], rtol=0, atol=1e-8)
        assert_allclose(quick["abandon_share"], exact["abandon_share"], rtol=1e-7, atol=1e-300)
        assert_allclose(quick["occupancy"], exact["occupancy"], rtol=1e-8)


@settings(max_examples=60, deadline=None)
@given(load=st.floats(0.02, 150), handle_s=st.floats(20, 5000), patience_s=st.floats(5, 5000) | st.just(math.inf),
       threshold_s=st.floats(0, 7200), targets=st.fixed_dictionaries({}, optional={
           "service_level": st.floats(0.02, 0.999), "max_abandon": st.floats(0.001, 1),
           "max_occupancy": st.floats(0.3, 1), "max_mean_wait_offered_s": st.floats(0.5, 500)}).filter(bool))
def test_no_fewer_agents_meet_any_combination_of_targets(load, handle_s, patience_s, threshold_s, targets):
    options = {"patience_s": patience_s, "threshold_s": threshold_s}
    agents = int(agents_needed(load / handle_s * 3600, handle_s, **options, **targets))
    found = performance(load / handle_s * 3600, handle_s, np.arange(agents + 1), **options)
    fields = {"max_abandon": found.abandon_share, "max_occupancy": found.occupancy,
              "max_mean_wait_offered_s": found.mean_wait_offered_s}
    meets = np.isfinite(found.mean_wait_offered_s)
    for name, bound in targets.items():
        is_level = name == "service_level"
        meets &= found.service_level >= bound - 1e-12 if is_level else fields[name] <= bound * (1 + 1e-12)
    assert meets[-1] and not meets[:-1].any()


def test_a_week_is_staffed_like_its_intervals_one_by_one():
    load = 100 * np.abs(np.sin(np.arange(60)))
    options = {"service_level": 0.8, "max_abandon": 0.05, "patience_s": 120, "threshold_s": 20}
    one_by_one = [int(agents_needed(each * 20, 180, **options)) for each in load]
    assert agents_needed(load * 20, 180, **options).tolist() == one_by_one
