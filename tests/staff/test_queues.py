"""Queues: published values, hand-worked cases, laws, and an independent simulator."""

import csv
import math
import re

import ciw
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from csm_lib.errors import SettingError
from csm_lib.staff.queues import agents_needed, erlang_b, erlang_c, performance

FIELDS = {"prob_wait": "wait_probability", "service_level": "service_level", "asa_s": "mean_wait_answered_s",
          "occupancy": "occupancy", "mean_queue_length": "queue_length", "abandon_prob": "abandon_share"}


def published_value(row):
    arrivals, handle_s = float(row["arrival_rate_per_hour"]), float(row["aht_s"])
    patience_s = float(row["patience_s"] or math.inf)
    threshold_s = float(row["target_s"] or 20)
    metric = row["metric"]
    if metric == "blocking":
        return erlang_b(arrivals * handle_s / 3600, int(row["agents"]))
    if metric.startswith("agents_for_sl_"):
        return agents_needed(arrivals, handle_s, threshold_s=threshold_s, patience_s=patience_s,
                             service_level=float(metric.removeprefix("agents_for_sl_")))
    found = performance(arrivals, handle_s, int(row["agents"]), patience_s=patience_s, threshold_s=threshold_s)
    return found.wait_quantile(0.9) if metric == "wait_p90_s" else getattr(found, FIELDS[metric])


@pytest.mark.needs("realdata")
def test_every_published_value_comes_out_within_its_tolerance(realdata):
    with (realdata.parent / "reference" / "erlang_published.csv").open(encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    off = [(row["metric"], row["agents"], float(published_value(row)), row["value"]) for row in rows
           if abs(float(published_value(row)) - float(row["value"])) > float(row["tolerance"]) + 1e-12]
    assert len(rows) >= 30
    assert off == []


def test_bank_staffing_list_is_the_published_one():
    # Miller, Modeling Techniques in Predictive Analytics, ch. 6: calls per hour of an average Wednesday, hour 0 to 23,
    # 15 calls per hour and agent, at most half of the callers wait
    calls_per_h = [6.75, 1.75, 1.25, 0, .5, .25, 4.75, 39.5, 97.25, 107.5, 124, 110.25, 95.5, 203.5, 115.75, 115.5,
                   67.75, 75, 88.75, 85.5, 68, 61.5, 57.5, 44.25]
    agents = [1, 1, 1, 0, 1, 1, 1, 4, 8, 9, 10, 9, 8, 16, 10, 10, 6, 7, 8, 8, 6, 6, 5, 4]
    assert_allclose(agents_needed(calls_per_h, 240, threshold_s=0, service_level=0.5), agents)


@pytest.mark.parametrize(("load", "agents", "blocked"), [
    pytest.param(1, 1, 1 / 2, id="one erlang on one agent: half is lost"),
    pytest.param(2, 2, 2 / 5, id="2 / (1 + 2 + 2)"),
    pytest.param(3, 0, 1, id="no agent: all is lost"),
    pytest.param(0, 3, 0, id="no load: nothing is lost"),
    pytest.param(0, 0, 1, id="an empty system without agents would lose anybody"),
    pytest.param(10, 1, 10 / 11, id="a heavy overload"),
])
def test_erlang_b_by_hand(load, agents, blocked):
    assert_allclose(erlang_b(load, agents), blocked, rtol=1e-12)


@pytest.mark.parametrize(("load", "agents", "waiting"), [
    pytest.param(0.5, 1, 1 / 2, id="one agent: the occupancy"),
    pytest.param(1, 2, 1 / 3, id="two agents: 2 r^2 / (1 + r)"),
    pytest.param(2, 2, 1, id="saturation"),
    pytest.param(9, 2, 1, id="overload"),
])
def test_erlang_c_by_hand(load, agents, waiting):
    assert_allclose(erlang_c(load, agents), waiting, rtol=1e-12)


def test_one_agent_with_everything_at_rate_one():
    # states: p0 = 1/e, p(j) = 1/(e j!), so P(wait) = 1 - 1/e; the abandonment rate is the mean queue 1/e
    found = performance(60, 60, 1, patience_s=60, threshold_s=0)
    assert_allclose(found.wait_probability, 1 - 1 / math.e, rtol=1e-12)
    assert_allclose(found.queue_length, 1 / math.e, rtol=1e-12)
    assert_allclose(found.abandon_share, 1 / math.e, rtol=1e-12)
    assert_allclose(found.occupancy, 1 - 1 / math.e, rtol=1e-12)
    assert_allclose(found.service_level, 1 / math.e, rtol=1e-12)
    assert_allclose(found.virtual_service_level, 1 / math.e, rtol=1e-12)


def by_states(load, agents, patience, threshold, n_states=400):
    """Erlang A by its birth-and-death chain, in units of the handle time: an independent route without integrals."""
    weights = [1.0]
    for j in range(1, n_states):
        weights.append(weights[-1] * load / (min(j, agents) + max(j - agents, 0) / patience))
    share = np.array(weights) / sum(weights)
    ahead = np.arange(n_states - agents)
    delayed = share[agents:]
    bears = agents / (agents + (ahead + 1) / patience)  # a customer with k ahead is answered
    mean_if = np.cumsum(1 / (agents + (ahead + 1) / patience))  # mean time to the answer, if answered
    answered_wait = float((delayed * bears * mean_if).sum())
    # P(answered within T | k ahead) by the same chain of k + 1 departures, uniformised
    in_time = float(share[:agents].sum()) + sum(
        delayed[k] * bears[k] * hypoexponential(agents, 1 / patience, k + 1, threshold) for k in range(25))
    abandon = float((delayed * (1 - bears)).sum())
    return {"wait_probability": delayed.sum(), "abandon_share": abandon, "service_level": in_time,
            "mean_wait_answered_s": answered_wait / (1 - abandon)}


def hypoexponential(agents, leaving, n_stages, threshold):
    """P(sum of exponentials with rates agents + i leaving, i = 1..n, is at most threshold).

    With rates in arithmetic progression the sum is an order statistic, so its distribution is a negative binomial sum.
    """
    c = agents / leaving
    y = 1 - math.exp(-leaving * threshold)
    terms = [math.exp(math.lgamma(c + 1 + n_stages) - math.lgamma(c + 1) - math.lgamma(n_stages))]
    grid = np.linspace(0, y, 4001)
    density = terms[0] * grid ** (n_stages - 1) * (1 - grid) ** c
    return float(np.trapezoid(density, grid))


@pytest.mark.parametrize(("load", "agents", "patience"), [
    pytest.param(1.5, 2, 0.5, id="short patience"),
    pytest.param(3.0, 2, 1.0, id="overload"),
    pytest.param(4.0, 5, 3.0, id="long patience"),
])
def test_erlang_a_agrees_with_its_birth_and_death_chain(load, agents, patience):
    expected = by_states(load, agents, patience, threshold=0.2)
    found = performance(load, 3600, agents, patience_s=patience * 3600, threshold_s=0.2 * 3600)
    for name in ("wait_probability", "abandon_share"):
        assert_allclose(getattr(found, name), expected[name], rtol=1e-10)
    assert_allclose(found.mean_wait_answered_s, expected["mean_wait_answered_s"] * 3600, rtol=1e-10)
    assert_allclose(found.service_level, expected["service_level"], rtol=1e-6)  # the trapezoid's own accuracy


def test_no_arrivals_mean_perfect_service():
    found = performance(0, 300, [0, 5], patience_s=[60, math.inf])
    assert_allclose(found.service_level, 1)
    assert_allclose(found.wait_probability, 0)
    assert_allclose(found.occupancy, 0)
    assert_allclose(found.wait_quantile(1), 0)


def test_overload_without_patience_never_answers_in_time():
    found = performance(100, 360, [10, 9, 0])
    assert_allclose(found.mean_wait_offered_s, math.inf)
    assert_allclose(found.wait_quantile(0.5), math.inf)
    assert_allclose(found.service_level, 0)
    assert_allclose(found.occupancy, 1)


def test_nobody_at_work_loses_everybody_when_patience_ends():
    found = performance(100, 360, 0, patience_s=120)
    assert float(found.abandon_share) == 1
    assert_allclose(found.mean_wait_offered_s, 120)
    assert_allclose(found.wait_quantile(0.5), 120 * math.log(2))
    assert np.isnan(found.mean_wait_answered_s)


def test_one_agent_quantile_is_exponential():
    # P(W > t) = 1/2 exp(-t / 120 s) for half an erlang on one agent with 60 s
    assert_allclose(performance(30, 60, 1).wait_quantile([0.4, 0.5, 0.9]), [0, 0, 120 * math.log(5)], atol=1e-9)


def test_impatient_quantile_returns_the_service_of_its_own_wait():
    found = performance(2880, 60, 50, patience_s=120)
    wait_s = float(found.wait_quantile(0.9))
    bound = performance(2880, 60, 50, patience_s=120, threshold_s=wait_s)
    assert_allclose((1 - bound.virtual_service_level) * math.exp(-wait_s / 120), 0.1, rtol=1e-9)


QUEUES = {"load": st.floats(0.05, 300), "agents": st.integers(1, 300), "handle_s": st.floats(20, 2000),
          "patience_s": st.floats(5, 5000), "threshold_s": st.floats(0, 600)}


@settings(max_examples=60, deadline=None)
@given(**QUEUES)
def test_laws_of_erlang_a(load, agents, handle_s, patience_s, threshold_s):
    per_h = load / handle_s * 3600
    found = performance(per_h, handle_s, [agents, agents + 1], patience_s=patience_s, threshold_s=threshold_s)
    # conservation: what leaves the queue unserved is the queue over the patience; what is handled keeps agents busy
    assert_allclose(found.abandon_share * per_h / 3600, found.queue_length / patience_s, rtol=1e-9)
    busy = found.occupancy * [agents, agents + 1]
    assert_allclose(busy, load * (1 - found.abandon_share), rtol=1e-9)
    # one more agent never hurts
    assert found.service_level[1] >= found.service_level[0] - 1e-12
    assert found.abandon_share[1] <= found.abandon_share[0] + 1e-12
    assert found.occupancy[1] <= found.occupancy[0] + 1e-12
    # who waited and left was not answered in time
    assert (found.service_level <= found.virtual_service_level + 1e-12).all()
    assert (found.service_level <= 1 - found.abandon_share + 1e-12).all()
    assert ((found.mean_wait_answered_s >= 0) & np.isfinite(found.mean_wait_answered_s)).all()


@settings(max_examples=40, deadline=None)
@given(agents=st.integers(1, 2000), ratio=st.floats(0.05, 0.98), handle_s=st.floats(20, 2000))
def test_endless_patience_is_erlang_c(agents, ratio, handle_s):
    per_h = agents * ratio / handle_s * 3600
    patient = performance(per_h, handle_s, agents)
    nearly = performance(per_h, handle_s, agents, patience_s=1e13)
    for name in ("wait_probability", "mean_wait_offered_s", "mean_wait_answered_s", "service_level", "queue_length"):
        assert_allclose(getattr(nearly, name), getattr(patient, name), rtol=1e-6, atol=1e-12)
    assert_allclose(nearly.wait_quantile(0.95), patient.wait_quantile(0.95), rtol=1e-6, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(agents=st.integers(1, 2000), ratio=st.floats(0.05, 3), handle_s=st.floats(20, 2000))
def test_vanishing_patience_is_erlang_b(agents, ratio, handle_s):
    per_h = agents * ratio / handle_s * 3600
    hasty = performance(per_h, handle_s, agents, patience_s=handle_s * 1e-10 / agents)
    assert_allclose(hasty.abandon_share, erlang_b(agents * ratio, agents), rtol=1e-7, atol=1e-14)


@settings(max_examples=40, deadline=None)
@given(agents=st.integers(1, 300), load=st.floats(0.01, 600))
def test_erlang_b_agrees_with_its_recursion(agents, load):
    blocked = 1.0
    for n in range(1, agents + 1):
        blocked = load * blocked / (n + load * blocked)
    assert_allclose(erlang_b(load, agents), blocked, rtol=1e-11)


@pytest.mark.parametrize("agents", [10_000, 100_000])
def test_large_centres_follow_the_square_root_law(agents):
    # Halfin and Whitt 1981: with n = a + b sqrt(a), P(wait) -> 1 / (1 + b Phi(b) / phi(b)); b = 1 gives 0.22336
    load = agents - math.sqrt(agents)
    assert_allclose(erlang_c(load, agents), 0.22336, atol=0.7 / math.sqrt(agents))
    found = performance(load, 3600, agents, patience_s=[300, 3600])
    assert ((found.abandon_share > 0) & (found.abandon_share < 1e-2)).all()


@settings(max_examples=30, deadline=None)
@given(load=st.floats(0.05, 200), handle_s=st.floats(20, 2000), patience_s=st.floats(5, 5000) | st.just(math.inf),
       level=st.floats(0.05, 0.99), threshold_s=st.floats(0, 300), max_occupancy=st.floats(0.5, 1))
def test_agents_needed_is_the_true_minimum(load, handle_s, patience_s, level, threshold_s, max_occupancy):
    per_h = load / handle_s * 3600
    agents = int(agents_needed(per_h, handle_s, threshold_s=threshold_s, service_level=level, patience_s=patience_s,
                               max_occupancy=max_occupancy))
    counts = np.arange(agents + 1)
    found = performance(per_h, handle_s, counts, patience_s=patience_s, threshold_s=threshold_s)
    meets = (found.service_level >= level - 1e-12) & (found.occupancy <= max_occupancy + 1e-12)
    assert meets[-1] and not meets[:-1].any()


@pytest.mark.parametrize(("targets", "agents"), [
    # half an erlang: P(wait) of one agent is 1/2, its mean wait 60 s; two agents are busy a quarter of the time
    pytest.param({"service_level": 0.5, "threshold_s": 0}, 1, id="a bound met exactly is met"),
    pytest.param({"max_mean_wait_offered_s": 60}, 1, id="mean wait"),
    pytest.param({"max_mean_wait_offered_s": 59.9}, 2, id="mean wait just below"),
    pytest.param({"max_occupancy": 0.25}, 2, id="occupancy"),
    pytest.param({"max_occupancy": 0.24}, 3, id="occupancy just below"),
    pytest.param({"max_abandon": 0.01}, 1, id="nobody hangs up without patience"),
    pytest.param({"service_level": 0.5, "threshold_s": 0, "max_occupancy": 0.25}, 2, id="the stricter target rules"),
    pytest.param({"max_occupancy": 0.25, "shrinkage": 0.3}, 3, id="2 / 0.7 rounded up"),
    pytest.param({"max_occupancy": 0.25, "shrinkage": 0.5}, 4, id="2 / 0.5 is 4 and not 5"),
])
def test_agents_needed_by_hand(targets, agents):
    assert int(agents_needed(30, 60, **targets)) == agents


def test_lenient_targets_with_patience_need_fewer_agents_than_the_load():
    # 100 erlang, a third may leave: 67 agents handle at most 67 erlang, so at least a third of the load leaves
    agents = int(agents_needed(1000, 360, max_abandon=1 / 3, patience_s=120))
    assert 67 <= agents < 75


def test_agents_needed_broadcasts_and_is_zero_without_arrivals():
    found = agents_needed([[0], [200]], [180, 360], service_level=0.8)
    assert found.shape == (2, 2)
    assert found[0].tolist() == [0, 0]
    assert int(found[1, 0]) == 14


def test_inputs_stay_as_they_were():
    arrivals, agents = np.array([100.0, 0.0]), np.array([12, 3])
    performance(arrivals, 300, agents, patience_s=60)
    agents_needed(arrivals, 300, service_level=0.8)
    assert arrivals.tolist() == [100.0, 0.0] and agents.tolist() == [12, 3]


def test_simulation_agrees():
    # ciw simulates events: exponential reneging, 5 agents, 6 erlang
    ciw.seed(7)
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(rate=6.0)],
        service_distributions=[ciw.dists.Exponential(rate=1.0)],
        reneging_time_distributions=[ciw.dists.Exponential(rate=0.5)], number_of_servers=[5])
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_time(2500)
    records = [r for r in simulation.get_all_records() if r.arrival_date > 50]
    abandoned = np.array([r.record_type == "renege" for r in records])
    until = np.array([r.exit_date if r.record_type == "renege" else r.service_start_date for r in records])
    waited = until - np.array([r.arrival_date for r in records])
    found = performance(6, 3600, 5, patience_s=7200)
    assert_allclose(found.abandon_share, abandoned.mean(), atol=0.02)
    assert_allclose(found.mean_wait_offered_s, waited.mean() * 3600, rtol=0.08)
    assert_allclose(found.mean_wait_answered_s, waited[~abandoned].mean() * 3600, rtol=0.08)
    assert_allclose(found.wait_quantile(0.9), np.quantile(waited, 0.9) * 3600, rtol=0.08)


@pytest.mark.parametrize(("call", "message"), [
    (lambda: performance(-1, 60, 2),
     "arrivals_per_h must be at least 0 and finite, got -1.0 (1 of 1 values). Correct these values."),
    (lambda: performance([1, 1], [60, 0], 2),
     "handle_s must be above 0 and finite, got 0.0 (1 of 2 values). Correct these values."),
    (lambda: performance(1, math.nan, 2),
     "handle_s must be above 0 and finite, got nan (1 of 1 values). Correct these values."),
    (lambda: performance(1, 60, 2.5),
     "agents must be whole numbers, got 2.5 (1 of 1 values). Round them before the call."),
    (lambda: performance(1, 60, 2, patience_s=0),
     "patience_s must be above 0, got 0.0 (1 of 1 values). Correct these values."),
    (lambda: performance(1, 60, 2).wait_quantile(2),
     "q must be at least 0 and at most 1, got 2.0 (1 of 1 values). Correct these values."),
    (lambda: agents_needed(1, 60, service_level=1),
     "service_level must be above 0 and below 1, got 1.0 (1 of 1 values). Correct these values."),
    (lambda: agents_needed(1, 60, service_level=0.8, shrinkage=1),
     "shrinkage must be at least 0 and below 1, got 1.0 (1 of 1 values). Correct these values."),
    (lambda: agents_needed(1, 60),
     "targets must name at least one bound, got none. Give service_level, max_abandon, max_occupancy or "
     "max_mean_wait_offered_s."),
])
def test_wrong_arguments_are_refused_in_words(call, message):
    with pytest.raises(SettingError, match=f"^{re.escape(message)}$"):
        call()
