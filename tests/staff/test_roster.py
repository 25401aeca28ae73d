"""Rosters: published and hand-worked instances, and brute force."""

import itertools
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from csm_lib.errors import SettingError
from csm_lib.staff.roster import cheapest_cover, possible_shifts

FIVE_ON = np.array([[1 if (day - start) % 7 < 5 else 0 for day in range(7)] for start in range(7)])


def test_post_office_needs_twenty_three():
    # Winston, Operations Research: Applications and Algorithms, post office problem
    found = cheapest_cover([17, 13, 15, 19, 14, 16, 11], FIVE_ON)
    assert found.cost == 23
    assert found.counts.sum() == 23
    assert found.is_optimal and found.gap == 0
    assert (FIVE_ON.T @ found.counts >= [17, 13, 15, 19, 14, 16, 11]).all()
    assert_array_equal(found.uncovered, 0)


def test_dearer_shift_is_avoided():
    # both cover interval 1; the long one costs less than the two short ones together
    found = cheapest_cover([1, 1], [[1, 0], [0, 1], [1, 1]], cost=[2, 2, 3])
    assert_array_equal(found.counts, [0, 0, 1])
    assert found.cost == 3


def test_interval_without_a_shift_is_named_and_the_rest_is_covered():
    found = cheapest_cover([2, 3, 1], [[1, 0, 0], [1, 0, 1]])
    assert_array_equal(found.uncovered, [0, 3, 0])
    assert found.cost == 2
    assert not found.is_optimal
    assert found.gap == 0


def test_too_few_people_leave_the_fewest_gaps_at_least_cost():
    # three people for a need of five: the shift over both intervals saves most
    found = cheapest_cover([2, 3], [[1, 1], [0, 1]], max_agents=2)
    assert_array_equal(found.counts, [2, 0])
    assert_array_equal(found.uncovered, [0, 1])
    assert not found.is_optimal


def test_a_full_shift_is_topped_up_by_another():
    found = cheapest_cover([2, 2], [[1, 1], [0, 1], [1, 0]], max_counts=[1, 9, 9])
    assert_array_equal(found.counts, [1, 1, 1])
    assert_array_equal(found.uncovered, 0)


@pytest.mark.parametrize("needed", [[0, 0], [0]])
def test_no_need_takes_nobody(needed):
    found = cheapest_cover(needed, np.ones((2, len(needed))))
    assert found.cost == 0 and found.is_optimal


@settings(max_examples=25, deadline=None)
@given(needed=st.lists(st.integers(0, 3), min_size=3, max_size=3),
       cost=st.lists(st.integers(1, 5), min_size=3, max_size=3))
def test_brute_force_finds_nothing_cheaper(needed, cost):
    shifts = np.array([[1, 1, 0], [0, 1, 1], [1, 0, 1]])
    cheapest = min(np.dot(cost, counts) for counts in itertools.product(range(4), repeat=3)
                   if (shifts.T @ np.array(counts) >= needed).all())
    found = cheapest_cover(needed, shifts, cost=cost)
    assert found.cost == cheapest


def test_possible_shifts_fit_the_day_and_pause_in_the_middle():
    half_hours = ["08:00", "08:30", "09:00", "09:30", "10:00", "10:30"]
    found = possible_shifts(half_hours, lengths_h=[2, 2.5], break_h=0.5)
    assert found.index.tolist() == ["08:00-10:00", "09:00-11:00", "08:00-10:30"]
    assert found.loc["08:00-10:30"].tolist() == [1, 1, 0, 1, 1, 0]
    assert found.loc["09:00-11:00"].tolist() == [0, 0, 1, 0, 1, 1]


def test_a_day_is_covered_by_the_shifts_that_fit():
    hours = [f"{hour:02d}:00" for hour in range(8, 22)]
    shifts = possible_shifts(hours, lengths_h=[8])
    need = [2] * 9 + [5, 5] + [2] * 3
    found = cheapest_cover(need, shifts)
    # whoever is there at 17:00 starts at 10:00 or later, so the five of 17:00 and the two of 08:00 are seven people
    assert found.cost == 7
    assert (shifts.to_numpy().T @ found.counts >= need).all()


def test_a_shift_longer_than_the_day_does_not_fit():
    assert possible_shifts(["08:00", "09:00"], lengths_h=[8]).empty


def test_a_shift_must_be_whole_intervals():
    message = "lengths_h must be a whole number of intervals of 3600 s, got 1.5 h. Round it."
    with pytest.raises(SettingError, match=f"^{re.escape(message)}$"):
        possible_shifts(["08:00", "09:00"], lengths_h=[1.5])


@pytest.mark.parametrize(("arguments", "message"), [
    ({"needed": [1, 2], "shifts": [[1, 1, 1]]},
     "shifts must have one row per shift and one column per interval of needed, got shape (1, 3) for 2 intervals. "
     "Give both the same intervals."),
    ({"needed": [1], "shifts": [[0.5]]},
     "shifts must be 0 or 1, got 0.5. Say 1 where a person on the shift can answer."),
    ({"needed": [1.5], "shifts": [[1]]},
     "needed must be whole numbers, got 1.5 (1 of 1 values). Round them before the call."),
    ({"needed": [1], "shifts": [[1]], "cost": [1, 2]},
     "cost must have one value per shift (1), got shape (2,). Give one each."),
])
def test_wrong_arguments_are_refused_in_words(arguments, message):
    with pytest.raises(SettingError, match=f"^{re.escape(message)}$"):
        cheapest_cover(arguments.pop("needed"), arguments.pop("shifts"), **arguments)
