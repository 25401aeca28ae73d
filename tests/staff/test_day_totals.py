"""Totals of days: planted effects are found again, effects seen rarely are not believed in full."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from csm_lib.staff.day_totals import DayCalendar, day_totals

WEEK = np.array([1.4, 1.1, 1.0, 1.0, 1.2, 0.5, 0.4])


def planted(first: str, n_days: int, level: float = 5000.0) -> pd.Series:
    days = pd.date_range(first, periods=n_days)
    return pd.Series(level * WEEK[days.day_of_week], index=days)


def test_the_first_of_a_month_is_learnt_from_former_months() -> None:
    totals = planted("2024-01-01", 182)
    totals[totals.index.day == 1] *= 1.3
    coming = pd.date_range("2024-07-01", periods=3)
    found = day_totals(totals, coming, calendar=DayCalendar())
    # six firsts of 5,000 contacts leave no doubt, so the effect is believed nearly in full
    assert_allclose(found / (5000 * WEEK[coming.day_of_week]), [1.3, 1.0, 1.0], atol=0.03)


def test_the_season_of_the_year_is_learnt_from_two_years() -> None:
    days = pd.date_range("2022-01-01", periods=820)
    season = np.exp(0.2 * np.sin(2 * np.pi * days.day_of_year / 365.25))
    totals = pd.Series(5000.0 * WEEK[days.day_of_week] * season, index=days)
    coming = pd.date_range(days[-1] + pd.Timedelta(days=1), periods=28)
    season_ahead = np.exp(0.2 * np.sin(2 * np.pi * coming.day_of_year.to_numpy() / 365.25))
    truth = 5000.0 * WEEK[coming.day_of_week] * season_ahead
    assert_allclose(day_totals(totals, coming, calendar=DayCalendar()), truth, rtol=0.03)
    blind = day_totals(totals.iloc[-365:], coming, calendar=DayCalendar())
    seeing = day_totals(totals, coming, calendar=DayCalendar())
    assert np.abs(seeing - truth).sum() < np.abs(blind - truth).sum()


def test_a_make_up_day_follows_the_weekday_it_replaces_and_is_no_holiday() -> None:
    totals = planted("2024-01-01", 56)
    sunday = date(2024, 3, 3)
    calendar = DayCalendar(holidays={date(2024, 1, 10), sunday}, make_up_days={sunday: 0})
    found = day_totals(totals, pd.DatetimeIndex([sunday]), calendar=calendar)
    assert_allclose(found, [5000 * 1.4], rtol=1e-3)
    assert_allclose(day_totals(totals, pd.DatetimeIndex([sunday]), calendar=DayCalendar()), [5000 * 0.4], rtol=1e-3)


def test_holidays_of_one_name_are_alike() -> None:
    totals = planted("2023-01-01", 420)
    quiet, loud = [date(2023, 2, 14), date(2023, 8, 15), date(2024, 1, 10)], [date(2023, 5, 10), date(2023, 11, 8)]
    named = dict.fromkeys((*quiet, date(2024, 2, 28)), "quiet") | dict.fromkeys((*loud, date(2024, 2, 27)), "loud")
    totals[pd.DatetimeIndex(quiet)] *= 0.8
    totals[pd.DatetimeIndex(loud)] *= 1.2
    coming = pd.DatetimeIndex(["2024-02-27", "2024-02-28"])
    found = day_totals(totals, coming, calendar=DayCalendar(holidays=named)) / (5000 * WEEK[coming.day_of_week])
    assert_allclose(found, [1.2, 0.8], atol=0.03)


def test_the_day_after_a_closure_is_learnt_from_such_days() -> None:
    totals = planted("2024-01-01", 70)
    closed = [date(2024, 1, 10), date(2024, 1, 24), date(2024, 2, 7), date(2024, 2, 21)]
    totals[pd.DatetimeIndex(closed)] = 0.0
    totals[pd.DatetimeIndex(closed) + pd.Timedelta(days=1)] *= 1.25
    coming = pd.DatetimeIndex(["2024-03-11", "2024-03-12", "2024-03-13"])
    found = day_totals(totals, coming, calendar=DayCalendar(closures={*closed, date(2024, 3, 11)}))
    assert_allclose(found / (5000 * WEEK[coming.day_of_week]), [0.0, 1.25, 1.0], atol=0.03)


def test_a_rare_effect_on_a_noisy_desk_is_hardly_believed() -> None:
    rng = np.random.default_rng(3)
    totals = planted("2024-01-01", 62, level=20.0)
    totals[:] = rng.poisson(totals)
    totals[totals.index.day == 1] *= 2
    found = day_totals(totals, pd.DatetimeIndex(["2024-04-01"]), calendar=DayCalendar())
    usual = day_totals(totals, pd.DatetimeIndex(["2024-04-08"]), calendar=DayCalendar())
    assert 1.0 < found[0] / usual[0] < 1.4


@pytest.mark.parametrize("level", [0.0, 3.0, 1e6], ids=["nothing", "a handful", "a million"])
def test_levels_of_all_sizes(level: float) -> None:
    totals = planted("2024-01-01", 40, level=level)
    coming = pd.date_range("2024-02-10", periods=7)
    found = day_totals(totals, coming, calendar=DayCalendar())
    assert_allclose(found, level * WEEK[coming.day_of_week], rtol=1e-4, atol=1e-9)


def test_inputs_stay_as_they_were() -> None:
    totals = planted("2024-01-01", 40)
    before = totals.copy()
    day_totals(totals, pd.date_range("2024-02-10", periods=2), calendar=DayCalendar())
    pd.testing.assert_series_equal(totals, before)
