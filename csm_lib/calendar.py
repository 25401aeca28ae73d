"""Opening hours, holidays and the business clock.

The business clock runs only while the service is open. It is a piecewise linear function of the instant: it rises by
one per open second and rests while closed. One interpolation per instant then gives any business duration, and
daylight saving needs no care, because opening hours are turned into instants first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import holidays as holidays_library
import numpy as np
import numpy.typing as npt

from csm_lib.errors import SettingError

__all__ = ["DAYS", "OpeningHours", "parse_hours", "public_holidays"]

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True)
class OpeningHours:
    """Weekly opening hours in local time, and the days on which they do not hold.

    Attributes
    ----------
    weekly : tuple of 7 tuples of (opening, closing) in seconds after local midnight, Monday first
    closed_on : frozenset of date
        Local days without service (public holidays and closures).
    worked_on : mapping of date to weekday index
        Local days that follow another weekday's hours (make-up working days).
    time_zone : str
    """

    weekly: tuple[tuple[tuple[int, int], ...], ...]
    time_zone: str
    closed_on: frozenset[date] = frozenset()
    worked_on: tuple[tuple[date, int], ...] = ()

    def spans(self, first_on: date, last_on: date) -> npt.NDArray[np.float64]:
        """Give the open stretches between two local days, both included.

        Returns
        -------
        ndarray of float, shape (n_spans, 2)
            Opening and closing instants, seconds since 1970 UTC, ascending.
        """
        zone = ZoneInfo(self.time_zone)
        worked = dict(self.worked_on)
        found: list[tuple[float, float]] = []
        for day in _days_between(first_on, last_on):
            if day in self.closed_on and day not in worked:
                continue
            for opens, closes in self.weekly[worked.get(day, day.weekday())]:
                found.append((_instant(day, opens, zone), _instant(day, closes, zone)))
        return np.array(found, dtype=float).reshape(-1, 2)

    def is_open(self, instants_s: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Tell which instants fall into opening hours (the closing instant itself does not).

        Parameters
        ----------
        instants_s : array_like of float, shape (n,)
            Seconds since 1970 UTC; NaN is not open.

        Returns
        -------
        ndarray of bool, shape (n,)
        """
        instants = np.asarray(instants_s, dtype=float)
        spans = self._spans_around(instants)
        if not len(spans):
            return np.zeros(instants.shape, dtype=bool)
        index = np.searchsorted(spans[:, 0], instants, side="right") - 1
        return (index >= 0) & (instants < spans[np.maximum(index, 0), 1])

    def business_seconds(self, start_s: npt.ArrayLike, end_s: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Give the open seconds between two instants.

        Parameters
        ----------
        start_s, end_s : array_like of float, shape (n,)
            Seconds since 1970 UTC; NaN gives NaN.

        Returns
        -------
        ndarray of float, shape (n,), seconds
            Negative where the end lies before the start.
        """
        start, end = np.asarray(start_s, dtype=float), np.asarray(end_s, dtype=float)
        spans = self._spans_around(np.concatenate([start.ravel(), end.ravel()]))
        if not len(spans):
            return np.where(np.isnan(start) | np.isnan(end), np.nan, 0.0)
        clock = np.concatenate([[0.0], np.cumsum(spans[:, 1] - spans[:, 0])])
        knots = spans.ravel()
        readings = np.column_stack([clock[:-1], clock[1:]]).ravel()
        return np.interp(end, knots, readings) - np.interp(start, knots, readings)

    def _spans_around(self, instants: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        known = instants[~np.isnan(instants)]
        if not known.size:
            return np.empty((0, 2))
        zone = ZoneInfo(self.time_zone)
        first, last = (datetime.fromtimestamp(float(edge), zone).date() for edge in (known.min(), known.max()))
        return self.spans(first - timedelta(days=1), last + timedelta(days=1))


def parse_hours(text: str, *, where: str) -> tuple[tuple[int, int], ...]:
    """Read one day's opening hours, such as "08:00-12:00, 13:00-22:00"; "closed" has none.

    Raises
    ------
    SettingError
        If the text has another form, or a stretch ends before it starts.

    Examples
    --------
    >>> parse_hours("08:00-22:00", where="hours.phone.mon")
    ((28800, 79200),)
    >>> parse_hours("closed", where="hours.phone.sun")
    ()
    """
    if text.strip().lower() in {"closed", ""}:
        return ()
    found = []
    for part in text.split(","):
        try:
            opens, closes = (_seconds_after_midnight(edge) for edge in part.strip().split("-"))
        except ValueError as wrong:
            raise SettingError(_hours_message(where, text)) from wrong
        if closes <= opens:
            raise SettingError(_hours_message(where, text))
        found.append((opens, closes))
    return tuple(sorted(found))


def public_holidays(country: str, years: Iterable[int]) -> Mapping[date, str]:
    """Give the public holidays of a country, moving ones included.

    Raises
    ------
    SettingError
        If the country code is unknown.

    Examples
    --------
    >>> date(2024, 2, 10) in public_holidays("CN", [2024])
    True
    """
    try:
        return dict(holidays_library.country_holidays(country, years=list(years)))
    except NotImplementedError as unknown:
        raise SettingError(f"country must be a two-letter country code, got {country!r}. Correct it.") from unknown


def _hours_message(where: str, text: str) -> str:
    return (
        f'{where} must be hours such as "08:00-22:00" or "08:00-12:00, 13:00-18:00" or "closed", got {text!r}. '
        "Correct it in workbook.toml."
    )


def _seconds_after_midnight(text: str) -> int:
    if text.strip() == "24:00":
        return 86_400
    moment = time.fromisoformat(text.strip())
    return moment.hour * 3600 + moment.minute * 60 + moment.second


def _instant(day: date, seconds: int, zone: ZoneInfo) -> float:
    day, seconds = (day + timedelta(days=1), 0) if seconds == 86_400 else (day, seconds)
    clock = time(seconds // 3600, seconds // 60 % 60, seconds % 60)
    return datetime.combine(day, clock, tzinfo=zone).timestamp()


def _days_between(first_on: date, last_on: date) -> list[date]:
    return [first_on + timedelta(days=offset) for offset in range((last_on - first_on).days + 1)]
