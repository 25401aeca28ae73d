"""Periods as people write them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csm_lib.errors import UsageError
from csm_lib.periods import parse_period, period_of

TODAY = date(2024, 5, 8)


@pytest.mark.parametrize(
    ("text", "start_on", "last_on"),
    [
        pytest.param("2024Q1", date(2024, 1, 1), date(2024, 3, 31), id="quarter"),
        pytest.param("2024H2", date(2024, 7, 1), date(2024, 12, 31), id="half"),
        pytest.param("2024", date(2024, 1, 1), date(2024, 12, 31), id="year"),
        pytest.param("2024-02", date(2024, 2, 1), date(2024, 2, 29), id="month in a leap year"),
        pytest.param("1999-02", date(1999, 2, 1), date(1999, 2, 28), id="month"),
        pytest.param("2024W01", date(2024, 1, 1), date(2024, 1, 7), id="first ISO week"),
        pytest.param("2020W53", date(2020, 12, 28), date(2021, 1, 3), id="53rd ISO week"),
        pytest.param("2016-02-29..2017-02-28", date(2016, 2, 29), date(2017, 2, 28), id="range of days"),
        pytest.param("last-quarter", date(2024, 1, 1), date(2024, 3, 31), id="last quarter"),
        pytest.param("last-month", date(2024, 4, 1), date(2024, 4, 30), id="last month"),
        pytest.param("last-week", date(2024, 4, 29), date(2024, 5, 5), id="last week"),
    ],
)
def test_a_period_covers_whole_local_days(text: str, start_on: date, last_on: date) -> None:
    period = parse_period(text, today=TODAY)
    assert (period.start_on, period.last_on) == (start_on, last_on)


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("2024Q1", "2023Q4"),
        ("2024Q3", "2024Q2"),
        ("2024H1", "2023H2"),
        ("2024", "2023"),
        ("2024-01", "2023-12"),
        ("2021W01", "2020W53"),
        ("2024-01-11..2024-01-20", "2024-01-01..2024-01-10"),
    ],
)
def test_the_previous_period_ends_where_this_one_starts(text: str, before: str) -> None:
    period = parse_period(text, today=TODAY)
    assert period.previous() == parse_period(before, today=TODAY)
    assert period.previous().end_on == period.start_on


def test_a_fiscal_year_starts_in_its_month() -> None:
    period = parse_period("2024Q4", fiscal_start_month=4)
    assert (period.start_on, period.last_on) == (date(2025, 1, 1), date(2025, 3, 31))


def test_the_year_before_february_29_is_february_28() -> None:
    assert parse_period("2024-02").year_before().last_on == date(2023, 2, 28)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            "2024Q5",
            "period must have one of the forms 2024Q1, 2024H1, 2024, 2024-03, 2024W13, 2024-01-15..2024-03-31, "
            "last-quarter, last-month, last-week, got '2024Q5'. Correct it.",
            id="no fifth quarter",
        ),
        pytest.param(
            "2024-13",
            "period must exist in the calendar, got '2024-13' (month must be in 1..12). Correct it.",
            id="no thirteenth month",
        ),
        pytest.param(
            "2024-03-05..2024-03-01",
            "period must exist in the calendar, got '2024-03-05..2024-03-01' (it ends before it starts). Correct it.",
            id="backwards range",
        ),
    ],
)
def test_what_is_no_period_is_refused_in_words(text: str, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_period(text)
    assert str(refused.value) == message


@given(st.dates(date(1990, 1, 1), date(2060, 1, 1)), st.sampled_from(["month", "quarter", "half", "year", "week"]))
def test_every_day_lies_in_its_period_and_the_name_leads_back(day: date, kind: str) -> None:
    period = period_of(day, kind)
    assert period.start_on <= day < period.end_on
    assert parse_period(period.name) == period
    assert period.previous().end_on - timedelta(days=1) < day
