"""Opening hours, holidays and the business clock.

The business clock runs only while the service is open. It is a piecewise linear function of the instant: it rises by
one per open second and rests while closed. One interpolation per instant then gives any business duration. Hours are
what the clock on the wall says: an hour that a clock change skips is never open, one that comes twice is open twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import holidays as holidays_library
import numpy as np
import numpy.typing as npt

from csm_lib.errors import SettingError

__all__ = ["DAYS", "BusinessClock", "OpeningHours", "parse_hours", "public_holidays"]

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_S = 86_400


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
            hours = self.weekly[worked.get(day, day.weekday())]
            found += _open_stretches(day, hours, zone) if hours else []
        return np.array(found, dtype=float).reshape(-1, 2)

    def clock(self, first_on: date, last_on: date) -> BusinessClock:
        """Give the business clock over the local days between two, both included."""
        return BusinessClock.of(self.spans(first_on, last_on))

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
        clock = BusinessClock.of(self._spans_around(np.concatenate([start.ravel(), end.ravel()])))
        return clock.reading(end) - clock.reading(start)

    def _spans_around(self, instants: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        known = instants[~np.isnan(instants)]
        if not known.size:
            return np.empty((0, 2))
        zone = ZoneInfo(self.time_zone)
        first, last = (datetime.fromtimestamp(float(edge), zone).date() for edge in (known.min(), known.max()))
        return self.spans(first - timedelta(days=1), last + timedelta(days=1))


@dataclass(frozen=True)
class BusinessClock:
    """How many open seconds had passed at any instant, and when a given number of them will have.

    Attributes
    ----------
    knots_s : ndarray of float, shape (2 * n_spans,)
        Openings and closings in turn, seconds since 1970 UTC, ascending.
    readings_s : ndarray of float, shape (2 * n_spans,)
        Open seconds that had passed at each.
    """

    knots_s: npt.NDArray[np.float64]
    readings_s: npt.NDArray[np.float64]

    @classmethod
    def of(cls, spans: npt.NDArray[np.float64]) -> BusinessClock:
        """Make the clock of open stretches, shape (n_spans, 2), ascending and apart.

        Examples
        --------
        >>> clock = BusinessClock.of(np.array([[0.0, 10.0], [20.0, 30.0]]))
        >>> clock.reading([5, 15, 25]).tolist(), clock.instant([5, 10, 15, 21]).tolist()
        ([5.0, 10.0, 15.0], [5.0, 10.0, 25.0, nan])
        """
        ends = np.cumsum(spans[:, 1] - spans[:, 0])
        starts = np.concatenate([[0.0], ends[:-1]]) if len(spans) else ends
        return cls(spans.ravel(), np.column_stack([starts, ends]).ravel())

    def reading(self, instants_s: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Give the open seconds that had passed at instants.

        Parameters
        ----------
        instants_s : array_like of float, shape (n,)
            Seconds since 1970 UTC; NaN gives NaN.

        Returns
        -------
        ndarray of float, shape (n,), seconds
        """
        instants = np.asarray(instants_s, dtype=float)
        if not len(self.knots_s):
            return np.where(np.isnan(instants), np.nan, 0.0)
        return np.interp(instants, self.knots_s, self.readings_s)

    def instant(self, readings_s: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Give the first instant at which so many open seconds have passed.

        Parameters
        ----------
        readings_s : array_like of float, shape (n,)
            Open seconds, as `reading` gives them; NaN gives NaN.

        Returns
        -------
        ndarray of float, shape (n,), seconds since 1970 UTC
            NaN where the clock never gets there: a promise is due when it is used up, at the closing time itself.
        """
        readings = np.asarray(readings_s, dtype=float)
        closings, at_closing = self.knots_s[1::2], self.readings_s[1::2]
        place = np.searchsorted(at_closing, readings, side="left")
        is_reached = place < len(closings)
        if not len(closings):
            return np.full(readings.shape, np.nan)
        place = np.minimum(place, len(closings) - 1)
        return np.where(is_reached, closings[place] - (at_closing[place] - readings), np.nan)


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
    return _merged(found)


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


def _merged(stretches: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Join stretches that touch or overlap: nobody is open twice at once."""
    joined: list[tuple[int, int]] = []
    for opens, closes in sorted(stretches):
        if joined and opens <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], closes))
        else:
            joined.append((opens, closes))
    return tuple(joined)


def _open_stretches(day: date, hours: tuple[tuple[int, int], ...], zone: ZoneInfo) -> list[tuple[float, float]]:
    """Turn a local day's hours into instants, piece by piece between changes of the clock."""
    midnight = datetime.combine(day, time(), tzinfo=UTC).timestamp()  # local midnight as if it were UTC
    found = []
    for start, end, offset in _pieces(day, zone):
        for opens, closes in hours:
            first, last = max(midnight + opens - offset, start), min(midnight + closes - offset, end)
            if first < last:
                found.append((first, last))
    return found


def _pieces(day: date, zone: ZoneInfo) -> list[tuple[float, float, float]]:
    """Cut a local day into stretches of one distance from UTC: start, end (instants), distance; seconds."""
    midnight = datetime.combine(day, time(), tzinfo=UTC).timestamp()
    first, last = (_offset(midnight + edge, zone) for edge in (-_DAY_S, 2 * _DAY_S))
    if first == last:
        return [(midnight - first, midnight + _DAY_S - first, first)]
    pieces, start, offset = [], midnight - _DAY_S, first
    for hour in np.arange(midnight - _DAY_S, midnight + 2 * _DAY_S, 3600.0):
        if _offset(hour + 3600.0, zone) != offset:
            change = _change_between(float(hour), float(hour) + 3600.0, zone)
            pieces.append((start, change, offset))
            start, offset = change, _offset(change, zone)
    pieces.append((start, midnight + 2 * _DAY_S, offset))
    # of each piece what is this day on the wall
    limited = [(max(a, midnight - gap), min(b, midnight + _DAY_S - gap), gap) for a, b, gap in pieces]
    return [(a, b, gap) for a, b, gap in limited if a < b]


def _change_between(low: float, high: float, zone: ZoneInfo) -> float:
    """Find the second at which the clock on the wall is changed."""
    before = _offset(low, zone)
    while high - low > 1:
        middle = float((low + high) // 2)
        low, high = (middle, high) if _offset(middle, zone) == before else (low, middle)
    return high


def _offset(instant: float, zone: ZoneInfo) -> float:
    gap = datetime.fromtimestamp(instant, zone).utcoffset()
    return gap.total_seconds() if gap is not None else 0.0


def _days_between(first_on: date, last_on: date) -> list[date]:
    return [first_on + timedelta(days=offset) for offset in range((last_on - first_on).days + 1)]
