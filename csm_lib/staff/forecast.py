"""How many contacts will arrive in each interval of the coming weeks, and how sure that is.

A day's contacts follow the weekday, holidays and a level that moves; within the day they follow a profile of their
weekday. Counts vary more than chance alone would have them, so prediction intervals come from a negative binomial whose
spread is calibrated on forecasts made in the past, not from how well the model fits what it has seen. The back-test
sets the model beside the plainest rival: the same interval a week ago.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from csm_lib.errors import SettingError, UsageError
from csm_lib.staff.arguments import checked
from csm_lib.staff.day_totals import DayCalendar, day_totals, silent_days
from csm_lib.staff.profiles import day_by_time, weekday_profiles
from csm_lib.staff.spread import count_quantile, least_dispersion

__all__ = ["arrivals_per_interval", "backtest", "forecast", "interval_grid"]

Floats = NDArray[np.float64]
Days = Collection[date]

_PROFILE_HALF_LIFE_DAYS = 182.0  # how a day spreads over its hours changes slowly
_LEAST_DAYS = 14
_MOST_INTERVALS = 10_000  # enough to calibrate a spread on


def interval_grid(start_on: date, end_on: date, *, time_zone: str, interval_s: float = 1800.0) -> pd.DataFrame:
    """Lay out the intervals of local days.

    Parameters
    ----------
    start_on, end_on : date
        First local day, and the day after the last.
    time_zone : str
        Name of the local zone.
    interval_s : float, default 1800
        Length of an interval in seconds; divides an hour.

    Returns
    -------
    DataFrame
        One row per interval: `interval_start` (UTC), `local_date`, `weekday` (1 Monday to 7 Sunday), `local_hour`,
        `local_time` ("09:30"). A day on which clocks change has fewer or more rows.

    Raises
    ------
    SettingError
        If `interval_s` does not divide an hour.

    Examples
    --------
    >>> grid = interval_grid(date(2024, 3, 31), date(2024, 4, 1), time_zone="Europe/Berlin")
    >>> len(grid)  # clocks go forward
    46
    """
    if interval_s <= 0 or 3600 % interval_s:
        raise SettingError(f"interval_s must divide an hour, got {interval_s!r}. Take 900, 1800 or 3600.")
    edges = [pd.Timestamp(day).tz_localize(time_zone).tz_convert("UTC") for day in (start_on, end_on)]
    starts = pd.date_range(*edges, freq=pd.Timedelta(seconds=interval_s), inclusive="left", unit="us")
    local = starts.tz_convert(time_zone)
    return pd.DataFrame({
        "interval_start": starts,
        "local_date": local.tz_localize(None).normalize(),
        "weekday": local.day_of_week + 1,
        "local_hour": local.hour,
        "local_time": local.strftime("%H:%M"),
    })


def arrivals_per_interval(
    contacts: pd.DataFrame,
    *,
    time_zone: str,
    interval_s: float = 1800.0,
    start_on: date | None = None,
    end_on: date | None = None,
) -> pd.DataFrame:
    """Count contacts per interval; an interval without any counts 0.

    Parameters
    ----------
    contacts : DataFrame
        One row per contact: `created_at` (UTC). Keep the channel or queue to be staffed before the call.
    time_zone : str
        Name of the local zone.
    interval_s : float, default 1800
        Length of an interval in seconds; divides an hour.
    start_on, end_on : date, optional
        First local day, and the day after the last; by default the days of the first and the last contact.

    Returns
    -------
    DataFrame
        The rows of `interval_grid` with `arrivals`; contacts outside the days or without an instant are counted in
        ``.attrs["set_aside"]``.

    Raises
    ------
    UsageError
        If there is no contact and no days are given.

    Examples
    --------
    >>> contacts = pd.DataFrame({"created_at": pd.to_datetime(["2024-01-01 00:10", "2024-01-01 00:20"], utc=True)})
    >>> int(arrivals_per_interval(contacts, time_zone="UTC").arrivals.max())
    2
    """
    instants = pd.to_datetime(contacts["created_at"], utc=True).dropna()
    if instants.empty and (start_on is None or end_on is None):
        raise UsageError("contacts must hold at least one with created_at, got none. Choose a period with data.")
    if start_on is None:
        start_on = instants.min().tz_convert(time_zone).date()
    if end_on is None:
        end_on = (instants.max().tz_convert(time_zone).normalize() + pd.DateOffset(days=1)).date()
    grid = interval_grid(start_on, end_on, time_zone=time_zone, interval_s=interval_s)
    first = pd.Timestamp(start_on).tz_localize(time_zone)
    index = np.floor((instants - first).dt.total_seconds().to_numpy() / interval_s)
    inside = (index >= 0) & (index < len(grid))
    grid["arrivals"] = np.bincount(index[inside].astype(int), minlength=len(grid))
    grid.attrs = {"interval_s": interval_s, "time_zone": time_zone, "set_aside": len(contacts) - int(inside.sum())}
    return grid


def forecast(
    arrivals: pd.DataFrame,
    *,
    horizon_days: int = 28,
    holidays: Days = (),
    closures: Days = (),
    make_up_days: Mapping[date, int] | None = None,
    level: float = 0.8,
) -> pd.DataFrame:
    """Forecast the arrivals of every interval after the history's last day.

    Parameters
    ----------
    arrivals : DataFrame
        What `arrivals_per_interval` returns, for at least two weeks of whole days.
    horizon_days : int, default 28
        Days to forecast.
    holidays : collection of date, or mapping of date to name
        Days, past and coming, that are unlike their weekday; those of one name are taken to be alike.
    closures : collection of date
        Days, past and coming, on which nothing can arrive.
    make_up_days : mapping of date to int, optional
        Days worked in place of another weekday, with that weekday (0 for Monday).
    level : float, default 0.8
        Share of intervals whose count the prediction interval is meant to hold.

    Returns
    -------
    DataFrame
        The rows of `interval_grid` for the coming days with `expected` (contacts), `low`, `high` (whole contacts).
        ``.attrs``: `dispersion` (variance = mean + dispersion * mean^2), `level`, `dispersion_from`,
        `n_days`, `n_silent_days` (days without any contact on a busy weekday, taken for closures), `time_zone`,
        `interval_s`.

    Raises
    ------
    UsageError
        If the history is shorter than two weeks.

    Notes
    -----
    Day totals as in `csm_lib.staff.day_totals.day_totals`: calendar effects learnt from all the history, the level from
    the last weeks. The trend only brings the level up to date; it is not carried into the future. A holiday without
    precedent in the history counts as its weekday. The dispersion is the least with which the intervals of past
    forecasts would have held their share. The profile of a weekday is blended with that of all days.

    Examples
    --------
    >>> grid = interval_grid(date(2024, 1, 1), date(2024, 1, 29), time_zone="UTC").assign(arrivals=2)
    >>> grid.attrs = {"time_zone": "UTC", "interval_s": 1800.0}
    >>> float(forecast(grid, horizon_days=1).expected.round(6).iloc[0])
    2.0
    """
    bound = float(checked("level", level, low=0.0, high=1.0, is_low_included=False, is_high_included=False))
    calendar = DayCalendar(holidays, closures, make_up_days or {})
    counts = _learnable(arrivals)
    start_on = counts.index[-1] + pd.Timedelta(days=1)
    grid = interval_grid(start_on, start_on + pd.Timedelta(days=horizon_days), time_zone=arrivals.attrs["time_zone"],
                         interval_s=arrivals.attrs["interval_s"])
    coming = pd.DatetimeIndex(grid["local_date"].unique())
    expected = _expected(counts, coming, calendar=calendar)
    rows, columns = coming.get_indexer(grid["local_date"]), counts.columns.get_indexer(grid["local_time"])
    grid["expected"] = np.where(columns >= 0, expected[rows, columns], 0.0)
    dispersion, basis = _dispersion(counts, horizon_days=horizon_days, calendar=calendar,
                                    level=bound)
    for name, q in (("low", (1 - bound) / 2), ("high", (1 + bound) / 2)):
        grid[name] = count_quantile(grid["expected"].to_numpy(), dispersion=dispersion, q=q)
    grid.attrs = {**arrivals.attrs, "dispersion": dispersion, "dispersion_from": basis, "level": bound,
                  "n_days": len(counts), "n_silent_days": int(silent_days(counts.sum(axis=1)).sum())}
    return grid


def backtest(
    arrivals: pd.DataFrame,
    *,
    horizon_days: int = 14,
    n_origins: int = 6,
    holidays: Days = (),
    closures: Days = (),
    make_up_days: Mapping[date, int] | None = None,
    level: float = 0.8,
) -> pd.DataFrame:
    """Forecast from past origins, a week apart, and compare with what arrived.

    Parameters
    ----------
    arrivals : DataFrame
        What `arrivals_per_interval` returns.
    horizon_days : int, default 14
        Days forecast from each origin.
    n_origins : int, default 6
        Most origins to use; fewer where less than four weeks would be left to learn from.
    holidays, closures, make_up_days
        As in `forecast`.
    level : float, default 0.8
        Level of the prediction intervals whose coverage is counted.

    Returns
    -------
    DataFrame
        One row per origin, latest last: `origin_on`, `n_intervals` (in which contacts were expected), `arrivals`,
        `wape` (sum of absolute errors over sum of arrivals), `wape_seasonal_naive` (the same interval of the last week
        before the origin), `covered_share` (of those intervals: the count fell into the prediction interval made
        then).
        ``.attrs`` holds the pooled `wape`, `wape_seasonal_naive`, `covered_share`. Empty where the history is short.

    Examples
    --------
    >>> grid = interval_grid(date(2024, 1, 1), date(2024, 3, 1), time_zone="UTC").assign(arrivals=2)
    >>> backtest(grid).attrs["wape_seasonal_naive"]
    0.0
    """
    calendar = DayCalendar(holidays, closures, make_up_days or {})
    counts = _learnable(arrivals)
    rows = []
    for origin in _origins(counts, horizon_days, n_origins):
        past, future = counts.iloc[:origin], counts.iloc[origin : origin + horizon_days]
        expected = _expected(past, future.index, calendar=calendar)
        dispersion, _ = _dispersion(past, horizon_days=horizon_days, calendar=calendar,
                                    level=level)
        actual, naive = future.to_numpy(), _seasonal_naive(past, horizon_days)
        low, high = (count_quantile(expected, dispersion=dispersion, q=q) for q in ((1 - level) / 2, (1 + level) / 2))
        rows.append({
            "origin_on": future.index[0], "n_intervals": (expected > 0).sum(), "arrivals": actual.sum(),
            "wape": np.abs(actual - expected).sum(), "wape_seasonal_naive": np.abs(actual - naive).sum(),
            "covered_share": ((actual >= low) & (actual <= high))[expected > 0].sum(),
        })
    found = pd.DataFrame(rows, columns=["origin_on", "n_intervals", "arrivals", "wape", "wape_seasonal_naive",
                                        "covered_share"])
    over = {"wape": "arrivals", "wape_seasonal_naive": "arrivals", "covered_share": "n_intervals"}
    pooled = {name: _ratio(found[name].sum(), found[by].sum()) for name, by in over.items()}
    for name, by in over.items():
        found[name] = [_ratio(top, bottom) for top, bottom in zip(found[name], found[by], strict=True)]
    found.attrs = {**pooled, "horizon_days": horizon_days, "level": level}
    return found


def _ratio(top: float, bottom: float) -> float:
    return float(top) / float(bottom) if bottom else float("nan")


def _learnable(arrivals: pd.DataFrame) -> pd.DataFrame:
    """Contacts by local day and local time, refused where there is too little to learn from."""
    counts = day_by_time(arrivals)
    if len(counts) < _LEAST_DAYS:
        raise UsageError(f"arrivals must cover at least {_LEAST_DAYS} days to forecast from, got {len(counts)}. "
                         "Choose a longer history.")
    return counts


def _expected(counts: pd.DataFrame, coming: pd.DatetimeIndex, *, calendar: DayCalendar) -> Floats:
    """Expected contacts by coming day and local time."""
    used = counts[~calendar.is_closed(pd.DatetimeIndex(counts.index))]
    days = pd.DatetimeIndex(used.index)
    age = np.asarray((counts.index[-1] - days).days, dtype=float)
    shares = weekday_profiles(used, weight=0.5 ** (age / _PROFILE_HALF_LIFE_DAYS), weekday=calendar.weekday(days))
    totals = day_totals(counts.sum(axis=1), coming, calendar=calendar)
    return totals[:, None] * shares[calendar.weekday(coming)]


def _origins(counts: pd.DataFrame, horizon_days: int, n_origins: int) -> list[int]:
    """Row numbers at which past forecasts start: whole weeks before the end, four weeks of history at least."""
    last = len(counts) - horizon_days
    return [last - 7 * k for k in reversed(range(n_origins)) if last - 7 * k >= 2 * _LEAST_DAYS]


def _dispersion(counts: pd.DataFrame, *, horizon_days: int, calendar: DayCalendar,
                level: float) -> tuple[float, str]:
    """Least spread beyond chance with which past forecasts' intervals would have held a share `level` of the counts.

    Where the history is too short for past forecasts, the fit itself stands in for them.
    """
    horizon = min(horizon_days, 14)
    origins = _origins(counts, horizon, 4)
    spans = [(counts.iloc[:origin], counts.iloc[origin : origin + horizon]) for origin in origins] or [(counts, counts)]
    means, actuals, silent = [], [], silent_days(counts.sum(axis=1))
    for past, future in spans:
        future = future[~silent[counts.index.get_indexer(future.index)]]
        means.append(_expected(past, pd.DatetimeIndex(future.index), calendar=calendar).ravel())
        actuals.append(future.to_numpy().ravel())
    mean, actual = np.concatenate(means), np.concatenate(actuals)
    every = 1 + mean.size // _MOST_INTERVALS
    basis = f"{len(origins)} past forecasts" if origins else "the fit itself (too short a history for past forecasts)"
    return least_dispersion(mean[::every], actual[::every], level=level), basis


def _seasonal_naive(past: pd.DataFrame, horizon_days: int) -> Floats:
    """The last week, repeated."""
    return past.to_numpy()[-7:][np.arange(horizon_days) % 7]
