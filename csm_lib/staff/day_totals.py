"""How many contacts a whole day will bring: weekday, holidays, place in the month, season, trend and today's level.

The lasting pattern (what a Monday, a holiday, a first of the month is like) is learnt from all the history; how busy
the desk is at present is learnt from its last weeks alone. Effects that have been seen a few times only are drawn
towards none, as strongly as their number and the unrest of days demand.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["DayCalendar", "day_totals", "silent_days"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_PATTERN_HALF_LIFE_DAYS = 365.0  # a pattern outlives the level: what happened a year ago counts half
_LEVEL_HALF_LIVES_DAYS = (42.0, 4.0)
_LEVEL_FADES = (1.0, 0.95)  # per day ahead: what only the last days show is soon gone again
_LEVEL_SD = 0.1  # by how much the level is taken to move, on the log scale
_MONTH_FROM_DAYS, _TREND_FROM_DAYS, _SEASON_FROM_DAYS = 56, 91, 730
_FREE, _LARGE, _SMALL = 0.0, 3.0**-2, 0.1**-2  # prior precisions: none, of effects of 300 %, of effects of 10 %
_SURELY_SOME = 20.0  # where so many are usual, none at all is no chance: exp(-20) = 2e-9
_LONG_HOLIDAY_DAYS, _BEFORE_DAYS, _AFTER_DAYS = 3, 7, 4
_ONE_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True)
class DayCalendar:
    """What is known of days, past and coming.

    Attributes
    ----------
    holidays : collection of date, or mapping of date to name
        Days that are unlike their weekday. Holidays of one name share an effect beside the one that all share.
    closures : collection of date
        Days on which nothing can arrive.
    make_up_days : mapping of date to int
        Days worked in place of another weekday: that weekday, 0 for Monday. A make-up day is no holiday.

    Examples
    --------
    >>> DayCalendar(make_up_days={date(2024, 2, 4): 4}).weekday(pd.DatetimeIndex(["2024-02-04"])).tolist()
    [4]
    """

    holidays: Collection[date] = ()
    closures: Collection[date] = ()
    make_up_days: Mapping[date, int] = field(default_factory=lambda: MappingProxyType({}))

    def weekday(self, days: pd.DatetimeIndex) -> NDArray[np.int64]:
        """Give the weekday whose pattern each day follows, 0 for Monday."""
        found = days.day_of_week.to_numpy().astype(np.int64)
        places = days.get_indexer(pd.DatetimeIndex(sorted(self.make_up_days)))
        for place, day in zip(places, sorted(self.make_up_days), strict=True):
            found[place] = self.make_up_days[day] if place >= 0 else found[place]
        return found

    def is_holiday(self, days: pd.DatetimeIndex) -> Bools:
        """Tell which days are holidays and not worked in place of another day."""
        return _is_in(days, self.holidays) & ~_is_in(days, self.make_up_days)

    def is_closed(self, days: pd.DatetimeIndex) -> Bools:
        """Tell on which days nothing can arrive."""
        return _is_in(days, self.closures)


def day_totals(totals: pd.Series, coming: pd.DatetimeIndex, *, calendar: DayCalendar) -> Floats:
    """Expect the contacts of coming days.

    Parameters
    ----------
    totals : Series of float
        Contacts by local day, in order.
    coming : DatetimeIndex
        Days to tell; those of the history itself may be among them.
    calendar : DayCalendar

    Returns
    -------
    ndarray of float, shape (n_days,)
        0 on closures, on weekdays that never had a contact, and on holidays where the history's holidays had none.

    Notes
    -----
    Log-linear regression on weekday, holiday, name of the holiday, the days around long holidays, the day after a
    closed one, place in the month (from eight weeks on), trend (from thirteen weeks on; not carried ahead) and
    three harmonics of the year (from two years on). Variance ``m + d m^2`` with `d` estimated by moments (Cameron and
    Trivedi 1986, NB2); normal priors around no effect, that is ridge penalties on the scale of the likelihood. Two
    levels follow, counts over expectation with older days counting less (half after 42 and after 4 days), the second
    fading ahead; both are drawn towards 1 by how far chance and unrest of days alone would move them.

    Examples
    --------
    >>> days = pd.date_range("2024-01-01", periods=28)
    >>> day_totals(pd.Series(7.0, index=days), days[-1:] + pd.Timedelta(days=1), calendar=DayCalendar()).round(6)
    array([7.])
    """
    days = pd.DatetimeIndex(totals.index)
    silent = silent_days(totals)
    used = ~(calendar.is_closed(days) | silent)
    if not totals[used].any():
        return np.zeros(len(coming))
    of_weekday = pd.Series(totals[used].to_numpy()).groupby(calendar.weekday(days[used])).sum().reindex(range(7))
    is_holiday = calendar.is_holiday(days)
    has_holidays = bool(totals[used & is_holiday].sum() > 0)
    weekday = calendar.weekday(days)
    used &= np.isin(weekday, np.flatnonzero(of_weekday > 0)) & (has_holidays | ~is_holiday)
    shut = {*days[silent], *days[is_holiday & ~np.bool_(has_holidays)]}
    made = _Design(days, of_weekday, calendar, frozenset(shut), has_holidays)
    learnt, y = made.columns(days[used]), totals[used].to_numpy()
    age = np.asarray((days[-1] - days[used]).days, dtype=float)
    ridge = made.precisions(learnt)
    coefficients, expected, unrest = _fitted(learnt, y, ridge, 0.5 ** (age / _PATTERN_HALF_LIFE_DAYS))
    ahead = np.maximum(np.asarray((coming - days[-1]).days, dtype=float), 0.0)
    found = np.exp(made.columns(coming) @ coefficients)
    for half_life, fade in zip(_LEVEL_HALF_LIVES_DAYS, _LEVEL_FADES, strict=True):
        level = _level(y, expected, 0.5 ** (age / half_life), unrest)
        expected, found = expected * np.exp(level), found * np.exp(level * fade**ahead)
    never = of_weekday.eq(0).to_numpy()[calendar.weekday(coming)] | calendar.is_closed(coming)
    if is_holiday.any() and not has_holidays:
        never |= calendar.is_holiday(coming)
    return np.where(never, 0.0, found)


def silent_days(totals: pd.Series) -> Bools:
    """Tell which days are without a single contact though their weekday is busy: closures that nobody listed.

    Examples
    --------
    >>> totals = pd.Series([30.0] * 21, index=pd.date_range("2024-01-01", periods=21))
    >>> totals.iloc[9] = 0.0
    >>> np.flatnonzero(silent_days(totals)).tolist()
    [9]
    """
    usual = totals.groupby(pd.DatetimeIndex(totals.index).day_of_week).transform("median")
    return ((totals == 0) & (usual > _SURELY_SOME)).to_numpy()


@dataclass(frozen=True)
class _Design:
    """What a day's expectation is made of, as columns."""

    history: pd.DatetimeIndex
    of_weekday: pd.Series
    calendar: DayCalendar
    shut: frozenset[pd.Timestamp]
    has_holidays: bool

    def columns(self, of: pd.DatetimeIndex) -> Floats:
        return np.column_stack([part for part, _ in self._parts(of)])

    def precisions(self, learnt: Floats) -> Floats:
        """Prior precision of each column; what was never seen in the history has no effect."""
        widths = [np.full(part.shape[1], precision) for part, precision in self._parts(self.history[:1])]
        return np.where(learnt.any(axis=0), np.concatenate(widths), 1.0)

    def _parts(self, of: pd.DatetimeIndex) -> list[tuple[Floats, float]]:
        n_days = len(self.history)
        parts = [(self._weekdays(of), _FREE), (self._around_closures(of), _SMALL)]
        if self.has_holidays:
            parts += [(self.calendar.is_holiday(of)[:, None].astype(float), _LARGE), (self._named(of), _SMALL)]
        if n_days >= _TREND_FROM_DAYS:
            age = np.minimum(np.asarray((of - self.history[-1]).days, dtype=float), 0.0)
            parts.append((age[:, None] / 365.25, _LARGE))
        if n_days >= _MONTH_FROM_DAYS:
            parts.append((_month_places(of), _SMALL))
        if n_days >= _SEASON_FROM_DAYS:
            parts.append((_harmonics(of), _SMALL))
        return parts

    def _weekdays(self, of: pd.DatetimeIndex) -> Floats:
        """One column per open weekday; a weekday of which nothing is known counts as their mean."""
        is_open = np.flatnonzero(self.of_weekday > 0)
        weekday = self.calendar.weekday(of)
        found = (weekday[:, None] == is_open).astype(float)
        found[self.of_weekday.isna().to_numpy()[weekday]] = 1.0 / len(is_open)
        return found

    def _named(self, of: pd.DatetimeIndex) -> Floats:
        """One column per name of a holiday."""
        named = self.calendar.holidays
        if not isinstance(named, Mapping):
            return np.zeros((len(of), 0))
        is_holiday = self.calendar.is_holiday(of)
        of_day = pd.Series(named).set_axis(pd.DatetimeIndex(list(named))).reindex(of).to_numpy()
        columns = [(of_day == name) & is_holiday for name in sorted(set(named.values()))]
        return np.column_stack(columns).astype(float) if columns else np.zeros((len(of), 0))

    def _around_closures(self, of: pd.DatetimeIndex) -> Floats:
        """Whether the last usually open day was closed; whether a long holiday is near ahead or just over."""
        run = _long_runs(sorted(self.calendar.holidays))
        ahead, behind = _days_to(of, run), -_days_to(of, run, is_behind=True)
        is_holiday = self.calendar.is_holiday(of)
        return np.column_stack([
            self._follows_closure(of),
            (ahead >= 1) & (ahead <= _BEFORE_DAYS) & ~is_holiday,
            (behind >= 1) & (behind <= _AFTER_DAYS) & ~is_holiday,
        ]).astype(float)  # fmt: skip

    def _follows_closure(self, of: pd.DatetimeIndex) -> Floats:
        """Whether the last day before, of those whose weekday is usually open, was closed."""
        first = self.history[0]
        span = pd.date_range(first, max(of[-1], self.history[-1]))
        is_missing = (span <= self.history[-1]) & ~span.isin(self.history)
        is_quiet = self.calendar.is_holiday(span) & (not self.has_holidays)
        shut = is_missing | is_quiet | self.calendar.is_closed(span) | span.isin(list(self.shut))
        usual = self.of_weekday.gt(0).to_numpy()[self.calendar.weekday(span)]
        last = pd.Series(np.where(usual, shut, np.nan), index=span).ffill().shift(fill_value=0.0).fillna(0.0)
        return last.reindex(of, fill_value=0.0).to_numpy()


def _fitted(columns: Floats, y: Floats, precision: Floats, weight: Floats) -> tuple[Floats, Floats, float]:
    """Coefficients, expectation of the learnt days, and the unrest of days (`d` in ``m + d m^2``)."""
    expected = np.maximum(y, 0.1 * y.mean())
    unrest, coefficients = 0.0, np.zeros(columns.shape[1])
    for _ in range(30):
        before = coefficients
        worth = weight * expected / (1.0 + unrest * expected)
        aim = np.log(expected) + (y - expected) / expected
        information = columns.T @ (columns * worth[:, None]) + np.diag(precision)
        coefficients = np.linalg.solve(information, columns.T @ (worth * aim))
        expected = np.exp(np.clip(columns @ coefficients, -30.0, 30.0))
        unrest = max(0.0, float(np.average(((y - expected) ** 2 - expected) / expected**2, weights=weight)))
        if np.abs(coefficients - before).max(initial=0.0) < 1e-7:
            break
    return coefficients, expected, unrest


def _level(y: Floats, expected: Floats, weight: Floats, unrest: float) -> float:
    """Log of counts over expectation, drawn towards 0 as far as noise could have made it."""
    came, due = float(weight @ y), float(weight @ expected)
    if came <= 0:
        return 0.0
    noise = float(weight**2 @ (expected + unrest * expected**2)) / due**2
    return float(np.log(came / due)) * _LEVEL_SD**2 / (_LEVEL_SD**2 + noise)


def _month_places(days: pd.DatetimeIndex) -> Floats:
    """Each of the first and last five days of a month on its own, the others in tens."""
    day, left = days.day.to_numpy(), (days.days_in_month - days.day).to_numpy()
    middle = (day > 5) & (left > 4)
    spans = [(day > low) & (day <= low + 5) & middle for low in (5, 10, 15, 20, 25)]
    return np.column_stack([*(day == n for n in range(1, 6)), *(left == n for n in range(5)), *spans]).astype(float)


def _harmonics(days: pd.DatetimeIndex) -> Floats:
    angle = 2.0 * np.pi * days.day_of_year.to_numpy() / 365.25
    return np.column_stack([turn(n * angle) for n in (1, 2, 3) for turn in (np.sin, np.cos)])


def _long_runs(holidays: list[date]) -> NDArray[np.datetime64]:
    """Holidays that belong to a run of at least three days."""
    days = np.array(holidays, dtype="datetime64[D]")
    run = np.cumsum(np.diff(days, prepend=days[:1]) > _ONE_DAY)
    return days[np.bincount(run)[run] >= _LONG_HOLIDAY_DAYS] if len(days) else days


def _days_to(days: pd.DatetimeIndex, marks: NDArray[np.datetime64], *, is_behind: bool = False) -> Floats:
    """Days from each day to the next mark (or, negative, to the last one); infinite where there is none."""
    own = days.to_numpy().astype("datetime64[D]")
    place = np.searchsorted(marks, own, side="right") - 1 if is_behind else np.searchsorted(marks, own)
    inside = (place >= 0) & (place < len(marks))
    found = np.full(len(days), -np.inf if is_behind else np.inf)
    found[inside] = (marks[place[inside]] - own[inside]) / _ONE_DAY
    return found


def _is_in(days: pd.DatetimeIndex, chosen: Collection[date]) -> Bools:
    return np.asarray(days.isin(pd.DatetimeIndex(sorted(chosen))), dtype=bool)
