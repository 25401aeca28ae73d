"""Clocks against hand-worked cases, and against a slow count minute by minute."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csm_lib.calendar import OpeningHours
from csm_lib.collect.clock_runs import run_clocks

NONE = float("nan")
BERLIN = ZoneInfo("Europe/Berlin")
WORKDAY = ((8 * 3600, 12 * 3600), (13 * 3600, 18 * 3600))
HOURS = OpeningHours((WORKDAY,) * 5 + (((2 * 3600, 4 * 3600),),) * 2, "Europe/Berlin")


# start, stop, end, failed, rests, allowance, cut-off → due, elapsed, met, open
CASES = [
    pytest.param((0, 60, NONE, False, [], 60), (60, 60, 1, False), id="the bound is kept"),
    pytest.param((0, 61, NONE, False, [], 60), (60, 61, 0, False), id="one second late"),
    pytest.param((0, NONE, NONE, False, [], 60), (60, 1000, 0, False), id="never stopped and overdue"),
    pytest.param((950, NONE, NONE, False, [], 60), (1010, 50, NONE, True), id="not due yet"),
    pytest.param((0, NONE, 30, False, [], 60), (60, 30, NONE, False), id="withdrawn before it was due"),
    pytest.param((0, NONE, 90, False, [], 60), (60, 90, 0, False), id="withdrawn after it was due"),
    pytest.param((990, NONE, NONE, True, [], 60), (1050, 10, 0, False), id="closed unsolved"),
    pytest.param((0, 100, NONE, False, [(20, 70)], 60), (110, 50, 1, False), id="a rest is not counted"),
    pytest.param((0, 100, NONE, False, [(70, 90)], 60), (60, 80, 0, False), id="a rest after it was due is too late"),
    pytest.param((0, 200, NONE, False, [(10, 60), (80, 180)], 60), (210, 50, 1, False), id="two rests"),
    pytest.param((0, NONE, NONE, False, [(20, NONE)], 60), (NONE, 20, NONE, True), id="still waiting for the customer"),
    pytest.param(
        (0, 50, NONE, False, [(-20, 10), (40, 80)], 60), (80, 30, 1, False), id="rests count from its start to its stop"
    ),
]


@pytest.mark.parametrize(("given_", "expected"), CASES)
def test_clocks_worked_by_hand(given_: tuple, expected: tuple) -> None:
    start, stop, end, failed, rests, within = given_
    pauses = ([0] * len(rests), [first for first, _ in rests], [last for _, last in rests])
    run = run_clocks([start], [stop], [within], ended_s=[end], is_failed=[failed], pauses=pauses, cut_off_s=1000.0)
    np.testing.assert_allclose([run.due_s[0], run.elapsed_s[0], run.is_met[0]], expected[:3])
    assert run.is_open[0] == expected[3]


def test_no_clock_at_all() -> None:
    assert len(run_clocks([], [], [], cut_off_s=0.0).due_s) == 0


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([datetime(2024, 3, 29, 7), datetime(2024, 10, 25, 7)]),
    st.integers(0, 3 * 1440),
    st.integers(1, 4000),
    st.integers(1, 900),
    st.lists(st.tuples(st.integers(0, 3000), st.integers(1, 600)), max_size=3),
    st.booleans(),
)
def test_business_clocks_with_rests_equal_a_count_minute_by_minute(
    day: datetime, later: int, minutes: int, within: int, rests: list[tuple[int, int]], is_business: bool
) -> None:
    first = day.replace(tzinfo=BERLIN).timestamp() + 60 * later
    apart, free_from = [], 0
    for start, length in sorted(rests):
        begins = max(start, free_from)
        apart.append((begins, begins + length))
        free_from = begins + length

    def counts(minute: int) -> bool:
        local = datetime.fromtimestamp(first + 60 * minute, BERLIN)
        second = local.hour * 3600 + local.minute * 60
        opened = any(a <= second < b for a, b in HOURS.weekly[local.weekday()])
        return (opened or not is_business) and not any(a <= minute < min(b, minutes) for a, b in apart)

    counted, due_minute, minute = 0, None, 0
    elapsed = sum(counts(minute) for minute in range(minutes))
    while due_minute is None and minute < 40 * 1440:
        counted += counts(minute)
        minute += 1
        due_minute = minute if counted == within else None
    run = run_clocks(
        [first],
        [first + 60 * minutes],
        [60.0 * within],
        pauses=([0] * len(apart), [first + 60 * a for a, _ in apart], [first + 60 * b for _, b in apart]),
        cut_off_s=first + 60 * 1440 * 60,
        clock=HOURS.clock(date(2024, 3, 1), date(2025, 1, 31)) if is_business else None,
    )
    assert run.elapsed_s[0] == pytest.approx(60 * elapsed)
    assert run.is_met[0] == (elapsed <= within)
    assert due_minute is not None
    assert run.due_s[0] == pytest.approx(first + 60 * due_minute)


def test_many_clocks_at_once_are_those_one_by_one() -> None:
    rng = np.random.default_rng(3)
    start = rng.uniform(0, 1e6, 200)
    stop = np.where(rng.random(200) < 0.2, np.nan, start + rng.exponential(5e3, 200))
    within = rng.choice([600.0, 3600.0], 200)
    row = rng.integers(0, 200, 150)
    first = start[row] + rng.uniform(0, 4e3, 150)
    last = first + rng.uniform(0, 100, 150)
    kept = np.unique(row, return_index=True)[1]
    row, first, last = row[kept], first[kept], last[kept]
    whole = run_clocks(start, stop, within, pauses=(row, first, last), cut_off_s=9e5)
    for number in range(200):
        mine = row == number
        one = run_clocks(
            start[[number]],
            stop[[number]],
            within[[number]],
            pauses=(np.zeros(mine.sum()), first[mine], last[mine]),
            cut_off_s=9e5,
        )
        np.testing.assert_allclose(one.due_s[0], whole.due_s[number])
        np.testing.assert_allclose(one.elapsed_s[0], whole.elapsed_s[number])
        np.testing.assert_equal(one.is_met[0], whole.is_met[number])
