"""Forecast: counts by hand, planted patterns found again, honest intervals on random data."""

import re
from datetime import date

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from csm_lib.errors import SettingError, UsageError
from csm_lib.staff.forecast import arrivals_per_interval, backtest, forecast, interval_grid

WEEK = np.array([1.4, 1.1, 1.0, 1.0, 1.2, 0.5, 0.0])


def planted(start_on, end_on, *, per_interval=20.0, growth_per_day=0.0, zone="Asia/Shanghai"):
    grid = interval_grid(start_on, end_on, time_zone=zone)
    is_open = (grid.local_hour >= 9) & (grid.local_hour < 18)
    shape = 1 + 0.5 * np.sin(grid.local_hour / 3)
    age = (grid.local_date - grid.local_date.iloc[0]).dt.days
    mean = per_interval * shape * WEEK[grid.weekday - 1] * is_open * np.exp(growth_per_day * age)
    grid["arrivals"] = mean
    grid.attrs = {"time_zone": zone, "interval_s": 1800.0}
    return grid


def test_contacts_are_counted_in_their_local_interval():
    instants = ["2024-01-01 15:59:59", "2024-01-01 16:00:00", "2024-01-01 16:29:59", None]
    contacts = pd.DataFrame({"created_at": pd.to_datetime(instants, utc=True)})
    found = arrivals_per_interval(contacts, time_zone="Asia/Shanghai")
    counted = found[found.arrivals > 0]
    assert counted.local_time.tolist() == ["23:30", "00:00"]
    assert counted.local_date.dt.date.tolist() == [date(2024, 1, 1), date(2024, 1, 2)]
    assert counted.arrivals.tolist() == [1, 2]
    assert counted.weekday.tolist() == [1, 2]
    assert len(found) == 96
    assert found.attrs["set_aside"] == 1


@pytest.mark.parametrize(("day", "n_intervals"), [
    pytest.param(date(2024, 3, 31), 46, id="clocks go forward"),
    pytest.param(date(2024, 10, 27), 50, id="clocks go back"),
    pytest.param(date(2024, 6, 1), 48, id="an ordinary day"),
])
def test_a_day_has_the_intervals_its_clock_has(day, n_intervals):
    contacts = pd.DataFrame({"created_at": pd.to_datetime([f"{day} 01:30"]).tz_localize("UTC")})
    found = arrivals_per_interval(contacts, time_zone="Europe/Berlin")
    assert len(found) == n_intervals
    assert found.arrivals.sum() == 1


def test_given_days_without_contacts_count_zero():
    none = pd.DataFrame({"created_at": pd.to_datetime([], utc=True)})
    found = arrivals_per_interval(none, time_zone="UTC", start_on=date(2024, 1, 1), end_on=date(2024, 1, 2))
    assert found.arrivals.tolist() == [0] * 48


def test_a_repeating_week_is_forecast_as_it_was():
    history = planted(date(2024, 1, 1), date(2024, 3, 4))
    truth = planted(date(2024, 3, 4), date(2024, 3, 18))
    found = forecast(history, horizon_days=14)
    assert_allclose(found.expected, truth.arrivals, rtol=1e-5, atol=1e-6)
    assert (found.low <= found.expected + 1).all() and (found.high >= found.expected - 1).all()


def test_growth_brings_the_level_up_to_date_and_stops_there():
    history = planted(date(2024, 1, 1), date(2024, 4, 1), growth_per_day=0.005)
    last_week = history[history.local_date >= "2024-03-25"].arrivals.sum()
    week = forecast(history, horizon_days=7).expected.sum()
    # the last week's mean day is three days before its end: up to date means exp(3 * 0.005) above it
    assert_allclose(week / last_week, np.exp(0.005 * 3), rtol=0.005)


def test_closures_receive_nothing_and_teach_nothing():
    history = planted(date(2024, 1, 1), date(2024, 3, 4))
    closed = date(2024, 2, 12)
    history.loc[history.local_date == pd.Timestamp(closed), "arrivals"] = 0
    told = forecast(history, horizon_days=7, closures={closed, date(2024, 3, 5)})
    truth = planted(date(2024, 3, 4), date(2024, 3, 11))
    is_closed = told.local_date == pd.Timestamp(2024, 3, 5)
    assert told.expected[is_closed].sum() == 0
    assert_allclose(told.expected[~is_closed], truth.arrivals[~is_closed], rtol=1e-5, atol=1e-6)
    untold = forecast(history, horizon_days=7)
    assert untold.attrs["n_silent_days"] == 1
    assert_allclose(untold.expected, truth.arrivals, rtol=1e-5, atol=1e-6)


def test_a_holiday_is_forecast_from_holidays():
    history = planted(date(2024, 1, 1), date(2024, 3, 4))
    past, coming = [date(2024, 1, 10), date(2024, 2, 14)], date(2024, 3, 6)
    history.loc[history.local_date.isin(pd.DatetimeIndex(past)), "arrivals"] *= 0.4
    found = forecast(history, horizon_days=7, holidays={*past, coming})
    truth = planted(date(2024, 3, 6), date(2024, 3, 7)).arrivals.sum()
    assert_allclose(found.expected[found.local_date == pd.Timestamp(coming)].sum(), 0.4 * truth, rtol=0.001)


def test_random_days_are_held_at_the_level_and_beat_the_naive_forecast():
    rng = np.random.default_rng(11)
    history = planted(date(2023, 10, 2), date(2024, 4, 1))
    days = history.local_date.factorize()[0]
    effect = rng.gamma(100, 1 / 100, days.max() + 1)[days]  # 10 % from day to day
    history["arrivals"] = rng.poisson(history.arrivals * effect)
    found = backtest(history, n_origins=8)
    assert len(found) == 8
    assert 0.75 <= found.attrs["covered_share"] <= 0.88
    assert found.attrs["wape"] < 0.85 * found.attrs["wape_seasonal_naive"]
    # 0.01 from day to day, and what the forecast itself does not know
    assert 0.008 < forecast(history).attrs["dispersion"] < 0.03


def test_the_same_history_gives_the_same_forecast_and_stays_as_it_was():
    history = planted(date(2024, 1, 1), date(2024, 2, 5))
    before = history.copy()
    pd.testing.assert_frame_equal(forecast(history), forecast(history))
    pd.testing.assert_frame_equal(history, before)


def test_short_history_is_too_short_for_a_backtest():
    found = backtest(planted(date(2024, 1, 1), date(2024, 1, 22)))
    assert found.empty
    assert np.isnan(found.attrs["wape"])


def test_nothing_but_silence_forecasts_silence():
    history = planted(date(2024, 1, 1), date(2024, 2, 1), per_interval=0)
    assert forecast(history).expected.sum() == 0


def test_four_weeks_are_enough():
    found = forecast(planted(date(1999, 2, 1), date(1999, 3, 1)), horizon_days=7)
    assert_allclose(found.expected, planted(date(1999, 3, 1), date(1999, 3, 8)).arrivals, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda: interval_grid(date(2024, 1, 1), date(2024, 1, 2), time_zone="UTC", interval_s=1000), SettingError,
     "interval_s must divide an hour, got 1000. Take 900, 1800 or 3600."),
    (lambda: forecast(planted(date(2024, 1, 1), date(2024, 1, 11))), UsageError,
     "arrivals must cover at least 14 days to forecast from, got 10. Choose a longer history."),
    (lambda: arrivals_per_interval(pd.DataFrame({"created_at": pd.to_datetime([])}), time_zone="UTC"), UsageError,
     "contacts must hold at least one with created_at, got none. Choose a period with data."),
])
def test_wrong_arguments_are_refused_in_words(call, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        call()
