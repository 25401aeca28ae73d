"""Opening hours and the business clock, against a slow minute-by-minute count."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csm_lib.calendar import OpeningHours, parse_hours, public_holidays
from csm_lib.errors import SettingError

WORKDAY = ((8 * 3600, 12 * 3600), (13 * 3600, 18 * 3600))


def hours(zone: str = "Europe/Berlin", **changes: object) -> OpeningHours:
    return OpeningHours((WORKDAY,) * 5 + ((), ()), zone, **changes)  # type: ignore[arg-type]


def at(text: str, zone: str = "Europe/Berlin") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        pytest.param("2024-05-06T09:00", "2024-05-06T10:30", 5400, id="within a morning"),
        pytest.param("2024-05-06T11:30", "2024-05-06T13:30", 3600, id="over the lunch break"),
        pytest.param("2024-05-03T17:00", "2024-05-06T09:00", 7200, id="over a weekend"),
        pytest.param("2024-05-04T09:00", "2024-05-05T09:00", 0, id="all of it on a weekend"),
        pytest.param("2024-05-06T10:00", "2024-05-06T09:00", -3600, id="backwards counts negative"),
    ],
)
def test_the_business_clock_runs_only_while_open(start: str, end: str, expected: float) -> None:
    assert hours().business_seconds([at(start)], [at(end)]) == pytest.approx([expected])


def test_an_hour_that_a_clock_change_skips_is_no_business_time() -> None:
    night = OpeningHours((((0, 86_400),),) * 7, "Europe/Berlin")
    assert night.business_seconds([at("2024-03-31T00:00")], [at("2024-04-01T00:00")]) == pytest.approx([23 * 3600])


def test_a_closure_rests_the_clock_and_a_make_up_day_runs_it() -> None:
    changed = hours(closed_on=frozenset({date(2024, 5, 6)}), worked_on=((date(2024, 5, 5), 0),))
    assert changed.business_seconds([at("2024-05-05T00:00")], [at("2024-05-07T00:00")]) == pytest.approx([9 * 3600])


def test_the_closing_instant_is_not_open() -> None:
    edges = [at("2024-05-06T08:00"), at("2024-05-06T12:00"), at("2024-05-06T11:59:59"), np.nan]
    np.testing.assert_array_equal(hours().is_open(edges), [True, False, True, False])


@settings(max_examples=25, deadline=None)
@given(
    st.datetimes(datetime(2024, 3, 28), datetime(2024, 4, 3)),
    st.integers(0, 4 * 1440),
    st.sampled_from(["Europe/Berlin", "Asia/Shanghai", "America/New_York"]),
)
def test_the_clock_equals_a_count_minute_by_minute(start: datetime, minutes: int, zone: str) -> None:
    first = start.replace(second=0, microsecond=0, tzinfo=ZoneInfo(zone)).timestamp()
    counted = 0
    for minute in range(minutes):
        local = datetime.fromtimestamp(first + 60 * minute, ZoneInfo(zone))
        second = local.hour * 3600 + local.minute * 60
        counted += local.weekday() < 5 and any(opens <= second < closes for opens, closes in WORKDAY)
    clock = hours(zone).business_seconds([first], [first + 60 * minutes])
    assert clock == pytest.approx([60 * counted])


def test_spring_festival_moves() -> None:
    assert date(2023, 1, 22) in public_holidays("CN", [2023])
    assert date(2024, 2, 10) in public_holidays("CN", [2024])


@pytest.mark.parametrize("text", ["8 to 5", "18:00-08:00", "08:00"])
def test_hours_that_cannot_be_read_are_refused_in_words(text: str) -> None:
    with pytest.raises(SettingError) as refused:
        parse_hours(text, where="hours.phone.mon")
    assert str(refused.value) == (
        'hours.phone.mon must be hours such as "08:00-22:00" or "08:00-12:00, 13:00-18:00" or "closed", '
        f"got {text!r}. Correct it in workbook.toml."
    )


def test_an_unknown_country_is_refused_in_words() -> None:
    with pytest.raises(SettingError) as refused:
        public_holidays("XX", [2024])
    assert str(refused.value) == "country must be a two-letter country code, got 'XX'. Correct it."


def test_inputs_are_left_alone() -> None:
    start = np.array([at("2024-05-06T09:00"), np.nan])
    before = start.copy()
    hours().business_seconds(start, start + timedelta(hours=1).total_seconds())
    np.testing.assert_array_equal(start, before)


# the nights of clock changes: Berlin, New York (both ways) and Lord Howe Island, which moves by half an hour
CHANGES = [
    ("Europe/Berlin", datetime(2024, 3, 30, 20)),
    ("Europe/Berlin", datetime(2024, 10, 26, 20)),
    ("America/New_York", datetime(2024, 3, 9, 20)),
    ("America/New_York", datetime(2024, 11, 2, 20)),
    ("Australia/Lord_Howe", datetime(2024, 4, 6, 20)),
    ("Australia/Lord_Howe", datetime(2024, 10, 5, 20)),
    ("Asia/Beirut", datetime(2024, 3, 30, 18)),
]


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(CHANGES),
    st.lists(st.tuples(st.integers(0, 95), st.integers(1, 40)), min_size=1, max_size=3),
    st.integers(0, 600),
    st.integers(0, 900),
)
def test_the_clock_equals_the_count_on_nights_of_clock_changes(
    change: tuple[str, datetime], stretches: list[tuple[int, int]], later: int, minutes: int
) -> None:
    zone, start = change
    text = ", ".join(
        f"{a * 15 // 60:02d}:{a * 15 % 60:02d}-{min(a + n, 96) * 15 // 60:02d}:{min(a + n, 96) * 15 % 60:02d}"
        for a, n in stretches
    )
    daily = parse_hours(text, where="hours.default.daily")
    first = start.replace(tzinfo=ZoneInfo(zone)).timestamp() + 60 * later
    counted = 0
    for minute in range(minutes):
        local = datetime.fromtimestamp(first + 60 * minute, ZoneInfo(zone))
        second = local.hour * 3600 + local.minute * 60
        counted += any(a * 900 <= second < min(a + n, 96) * 900 for a, n in stretches)
    clock = OpeningHours((daily,) * 7, zone).business_seconds([first], [first + 60 * minutes])
    assert clock == pytest.approx([60 * counted])


@pytest.mark.parametrize(
    ("day", "text", "expected_h"),
    [
        pytest.param(date(2024, 3, 31), "02:30-03:30", 0.5, id="half of it is skipped"),
        pytest.param(date(2024, 3, 31), "02:00-03:00", 0.0, id="all of it is skipped"),
        pytest.param(date(2024, 10, 27), "02:00-03:00", 2.0, id="it comes twice"),
        pytest.param(date(2024, 10, 27), "00:00-24:00", 25.0, id="a day of 25 hours"),
    ],
)
def test_hours_are_what_the_clock_on_the_wall_says(day: date, text: str, expected_h: float) -> None:
    spans = OpeningHours((parse_hours(text, where="x"),) * 7, "Europe/Berlin").spans(day, day)
    assert (spans[:, 1] - spans[:, 0]).sum() == pytest.approx(expected_h * 3600)


def test_stretches_that_overlap_are_open_once() -> None:
    assert parse_hours("08:00-12:00, 10:00-13:00, 13:00-14:00", where="x") == ((8 * 3600, 14 * 3600),)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 40 * 86_400), st.integers(1, 200_000))
def test_a_promise_is_due_when_the_clock_has_used_it_up(start_s: int, within_s: int) -> None:
    clock = hours().clock(date(2024, 3, 1), date(2024, 12, 31))
    begins = at("2024-03-02T00:00") + start_s
    due = float(clock.instant(clock.reading(begins) + within_s))
    assert float(clock.reading(due) - clock.reading(begins)) == pytest.approx(within_s)
    assert float(clock.reading(due - 1) - clock.reading(begins)) == pytest.approx(within_s - 1)


def test_a_clock_that_stops_for_good_is_never_due() -> None:
    clock = hours().clock(date(2024, 5, 6), date(2024, 5, 6))
    assert np.isnan(clock.instant([9 * 3600 + 1, np.nan])).all()
    assert clock.instant([9 * 3600]) == pytest.approx([at("2024-05-06T18:00")])
    assert np.isnan(OpeningHours(((),) * 7, "UTC").clock(date(2024, 1, 1), date(2024, 1, 2)).instant([0.0])).all()
