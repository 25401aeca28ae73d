"""The rules by which the sample is drawn, against cases worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csm_lib.collect.sample.clock import DAY_S, HOUR_S, N_DAYS, day_of, day_weights, quarter_of
from csm_lib.collect.sample.contacts import PHONE, open_at_start
from csm_lib.collect.sample.organisation import CHANNELS, HOUR_SHARE
from csm_lib.collect.sample.outcomes import is_followed
from csm_lib.collect.sample.phone import CLOSE_S, draw_calls, phone_blocks, plan_phone, scaled
from csm_lib.collect.sample.queue_events import Blocks, Calls, serve

QUEUES = [
    pytest.param([0, 10], [60, 60], [99, 99], [(0, 300)], [0, 60], id="the second waits for the only agent"),
    pytest.param([0, 10], [60, 60], [99, 49], [(0, 300)], [0, math.nan], id="who runs out of patience leaves"),
    pytest.param([0, 10, 20], [60, 60, 60], [99, 30, 99], [(0, 300)], [0, math.nan, 60], id="the next moves up"),
    pytest.param([0, 10], [60, 60], [99, 99], [(0, 300), (5, 300)], [0, 10], id="a second agent answers at once"),
    pytest.param([0], [60], [99], [(50, 300)], [50], id="an agent who comes takes the longest waiting"),
    pytest.param([0, 10], [60, 60], [99, 99], [(0, 60)], [0, math.nan], id="nobody starts a call after the shift"),
    pytest.param([290], [60], [99], [(0, 10)], [math.nan], id="nobody there: gone at closing time"),
    pytest.param([0, 1, 2], [9, 9, 9], [99, 99, 99], [(0, 300)], [0, 9, 18], id="first come, first served"),
]


@pytest.mark.parametrize(("arrivals", "handle", "patience", "shifts", "expected"), QUEUES)
def test_queue_is_served_by_hand_worked_rules(
    arrivals: list[float],
    handle: list[float],
    patience: list[float],
    shifts: list[tuple[float, float]],
    expected: list[float],
) -> None:
    calls = Calls(np.zeros(len(arrivals), int), np.array(arrivals, float), np.array(handle, float), np.array(patience))
    blocks = Blocks(tuple(float(start) for start, _ in shifts), tuple(float(end) for _, end in shifts))
    answer_s, block = serve(calls, blocks, close_s=300.0)
    np.testing.assert_allclose(answer_s, expected)
    np.testing.assert_array_equal(block >= 0, np.isfinite(expected))


@settings(max_examples=40, deadline=None)
@given(
    gaps=st.lists(st.floats(0, 100), min_size=1, max_size=40),
    n_agents=st.integers(1, 4),
    seed=st.integers(0, 1000),
)
def test_queue_keeps_its_laws(gaps: list[float], n_agents: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    queue_s = np.cumsum(gaps)
    calls = Calls(np.zeros(len(gaps), int), queue_s, rng.exponential(80, len(gaps)), rng.exponential(60, len(gaps)))
    blocks = Blocks((0.0,) * n_agents, (5_000.0,) * n_agents)
    answer_s, block = serve(calls, blocks, close_s=5_000.0)
    served = block >= 0
    # nobody is answered before asking or after leaving, in the order of arrival, and no agent holds two calls
    assert (answer_s[served] >= queue_s[served]).all()
    assert (answer_s[served] - queue_s[served] <= calls.patience_s[served] + 1e-9).all()
    assert (np.diff(answer_s[served]) >= 0).all()
    for agent in range(n_agents):
        mine = np.flatnonzero(block == agent)
        assert (answer_s[mine][1:] >= (answer_s + calls.handle_s)[mine][:-1] - 1e-9).all()


def test_planted_queue_answers_as_planned_on_fresh_days() -> None:
    """Days that the plan was not fitted to answer 75 % in the evening, 92 % with the added agents, > 90 % elsewhere."""
    rng = np.random.default_rng(8)
    weights = day_weights(rng)
    expected = weights[quarter_of(np.arange(N_DAYS) * DAY_S) == 8] * 30_000 * CHANNELS[PHONE].share
    plan = plan_phone(np.random.default_rng(9), expected)
    fresh = draw_calls(np.random.default_rng(10), np.random.default_rng(11).poisson(np.tile(expected, 3)))
    hour = fresh.queue_s // HOUR_S
    evening = (hour == 17) | (hour == 18)

    def answered(added: int) -> np.ndarray:
        return np.isfinite(serve(scaled(fresh, plan), phone_blocks(plan, added=added)[0], close_s=CLOSE_S)[0])

    assert answered(0)[evening].mean() == pytest.approx(0.75, abs=0.015)
    assert answered(plan.added)[evening].mean() == pytest.approx(0.92, abs=0.015)
    for number in set(HOUR_SHARE) - {17, 18}:
        assert answered(0)[hour == number].mean() > 0.90


def test_load_at_start_counts_open_contacts_of_the_agent() -> None:
    agent = np.array([1, 1, 1, 2])
    load = open_at_start(agent, np.array([0, 10, 50, 10]), np.array([50, 60, 70, 90]))
    # at 50 the first has just ended
    np.testing.assert_array_equal(load, [0, 1, 1, 0])


WEEK = 7 * DAY_S
REPEATS = [
    pytest.param([0, 200], [5, 5], [1, 1], True, id="same customer, same issue, inside the window"),
    pytest.param([0, 100 + WEEK], [5, 5], [1, 1], True, id="exactly at the end of the window"),
    pytest.param([0, 101 + WEEK], [5, 5], [1, 1], False, id="a second after the window"),
    pytest.param([0, 100], [5, 5], [1, 1], False, id="at the very end of the contact"),
    pytest.param([0, 200], [5, 6], [1, 1], False, id="another customer"),
    pytest.param([0, 200], [5, 5], [1, 2], False, id="another issue"),
    pytest.param([0, 200], [-1, -1], [1, 1], False, id="customer unknown"),
    pytest.param([0, 200], [5, 5], [-1, -1], False, id="issue unknown"),
]


@pytest.mark.parametrize(("created", "customer", "issue", "expected"), REPEATS)
def test_repeats_are_found_by_window(created: list[int], customer: list[int], issue: list[int], expected: bool) -> None:
    columns = {"created": np.array(created), "customer": np.array(customer), "issue": np.array(issue)}
    assert is_followed(columns, np.array([100, -1])).tolist() == [expected, False]


def test_spring_festival_moves_and_empties_the_days() -> None:
    weights = day_weights(np.random.default_rng(0))
    # each beside a usual day that is the same day of the week
    for first_day, usual_day in (
        ("2022-02-01", "2022-03-15"),
        ("2023-01-22", "2023-03-12"),
        ("2024-02-10", "2024-03-16"),
    ):
        assert weights[day_of(first_day)] < 0.8 * weights[day_of(usual_day)]
