"""Periods: the stretch of local days a report speaks of, and the names people give it.

A period is a run of whole local days. Its name is what users type and what the report's folder is called.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from csm_lib.errors import UsageError

__all__ = ["PERIOD_FORMS", "Period", "parse_period", "period_of"]

PERIOD_FORMS = (
    "2024Q1",
    "2024H1",
    "2024",
    "2024-03",
    "2024W13",
    "2024-01-15..2024-03-31",
    "last-quarter",
    "last-month",
    "last-week",
)

_MONTHS = {"quarter": 3, "half": 6, "year": 12, "month": 1}


@dataclass(frozen=True, order=True)
class Period:
    """A run of whole local days.

    Attributes
    ----------
    start_on : date
        First local day.
    end_on : date
        The day after the last one.
    name : str
        As in file names and titles.
    kind : str
        month, quarter, half, year, week or days: what `previous` steps by.
    """

    start_on: date
    end_on: date
    name: str
    kind: str = "days"

    @property
    def days(self) -> int:
        """Number of local days.

        Examples
        --------
        >>> parse_period("2024Q1").days
        91
        """
        return (self.end_on - self.start_on).days

    @property
    def last_on(self) -> date:
        """The last local day, included."""
        return self.end_on - timedelta(days=1)

    def previous(self) -> Period:
        """Give the period of the same kind just before.

        Examples
        --------
        >>> parse_period("2024Q1").previous().name
        '2023Q4'
        """
        if self.kind in _MONTHS:
            start_on = _add_months(self.start_on, -_MONTHS[self.kind])
            return Period(start_on, self.start_on, _step_name(self.name, self.kind), self.kind)
        start_on = self.start_on - timedelta(days=self.days)
        if self.kind == "week":
            return _week_of(start_on)
        return _days(start_on, self.start_on)

    def year_before(self) -> Period:
        """Give the same period a year earlier (for a week, the week of the same number).

        Examples
        --------
        >>> parse_period("2024-03").year_before().name
        '2023-03'
        """
        if self.kind in _MONTHS:
            name = f"{int(self.name[:4]) - 1}{self.name[4:]}"
            return Period(_add_months(self.start_on, -12), _add_months(self.end_on, -12), name, self.kind)
        if self.kind == "week":
            return _week_of(self.start_on - timedelta(weeks=52))
        return _days(_add_months(self.start_on, -12), _add_months(self.last_on, -12) + timedelta(days=1))

    def widened(self, days: int) -> Period:
        """Give the same period with some days more on each side.

        Examples
        --------
        >>> parse_period("2024-03").widened(2).days
        35
        """
        return _days(self.start_on - timedelta(days=days), self.end_on + timedelta(days=days))

    def history(self, count: int) -> list[Period]:
        """Give this period and those before it, oldest first, `count` in all."""
        found = [self]
        while len(found) < count:
            found.append(found[-1].previous())
        return found[::-1]


def parse_period(text: str, *, today: date | None = None, fiscal_start_month: int = 1) -> Period:
    """Read a period as people write it.

    Parameters
    ----------
    text : str
        One of the forms in `PERIOD_FORMS`.
    today : date, optional
        What `last-…` counts from; the present local day if absent.
    fiscal_start_month : int, 1–12
        Month in which year 2024's first quarter begins; a year that does not start in January is named after the
        calendar year in which it starts.

    Returns
    -------
    Period

    Raises
    ------
    UsageError
        If the text has none of the forms, or names a day, week or month that does not exist.

    Examples
    --------
    >>> parse_period("2024W01").start_on
    datetime.date(2024, 1, 1)
    >>> parse_period("2024-01-15..2024-03-31").days
    77
    """
    written = str(text).strip()
    for pattern, build in _FORMS:
        match = re.fullmatch(pattern, written)
        if match:
            try:
                return build(match, today or date.today(), fiscal_start_month)
            except ValueError as wrong:
                message = f"period must exist in the calendar, got {written!r} ({wrong}). Correct it."
                raise UsageError(message) from wrong
    raise UsageError(f"period must have one of the forms {', '.join(PERIOD_FORMS)}, got {written!r}. Correct it.")


def period_of(day: date, kind: str, *, fiscal_start_month: int = 1) -> Period:
    """Give the month, quarter, half, year or week that holds a day.

    Examples
    --------
    >>> period_of(date(2024, 5, 3), "quarter").name
    '2024Q2'
    """
    if kind == "week":
        return _week_of(day)
    months = _MONTHS[kind]
    since = (day.month - fiscal_start_month) % 12
    year = day.year if day.month >= fiscal_start_month else day.year - 1
    if kind == "month":
        return _span(day.year, day.month, 1, f"{day.year}-{day.month:02d}", kind)
    index = since // months
    suffix = {"quarter": f"Q{index + 1}", "half": f"H{index + 1}", "year": ""}[kind]
    return _span(year, fiscal_start_month + index * months, months, f"{year}{suffix}", kind)


def _span(year: int, month: int, months: int, name: str, kind: str) -> Period:
    start_on = _add_months(date(year, 1, 1), month - 1)
    return Period(start_on, _add_months(start_on, months), name, kind)


def _add_months(day: date, months: int) -> date:
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


def _week_of(day: date) -> Period:
    year, week, _ = day.isocalendar()
    start_on = date.fromisocalendar(year, week, 1)
    return Period(start_on, start_on + timedelta(days=7), f"{year}W{week:02d}", "week")


def _days(start_on: date, end_on: date) -> Period:
    last_on = end_on - timedelta(days=1)
    return Period(start_on, end_on, f"{start_on}..{last_on}", "days")


def _step_name(name: str, kind: str) -> str:
    year = int(name[:4])
    if kind == "year":
        return str(year - 1)
    if kind == "month":
        month = int(name[5:])
        return f"{year - (month == 1)}-{(month - 2) % 12 + 1:02d}"
    count = {"quarter": 4, "half": 2}[kind]
    index = int(name[5:])
    return f"{year - (index == 1)}{name[4]}{(index - 2) % count + 1}"


def _fiscal(kind: str) -> Callable[[re.Match[str], date, int], Period]:
    def build(match: re.Match[str], today: date, fiscal_start_month: int) -> Period:
        months = _MONTHS[kind]
        index = int(match[2]) - 1 if match.re.groups > 1 else 0
        month = fiscal_start_month + index * months
        return _span(int(match[1]), month, months, match[0], kind)

    return build


def _month(match: re.Match[str], today: date, fiscal_start_month: int) -> Period:
    return period_of(date(int(match[1]), int(match[2]), 1), "month")


def _week(match: re.Match[str], today: date, fiscal_start_month: int) -> Period:
    return _week_of(date.fromisocalendar(int(match[1]), int(match[2]), 1))


def _range(match: re.Match[str], today: date, fiscal_start_month: int) -> Period:
    start_on, last_on = date.fromisoformat(match[1]), date.fromisoformat(match[2])
    if last_on < start_on:
        raise ValueError("it ends before it starts")
    return _days(start_on, last_on + timedelta(days=1))


def _last(match: re.Match[str], today: date, fiscal_start_month: int) -> Period:
    return period_of(today, match[1], fiscal_start_month=fiscal_start_month).previous()


_FORMS: tuple[tuple[str, Callable[[re.Match[str], date, int], Period]], ...] = (
    (r"(\d{4})Q([1-4])", _fiscal("quarter")),
    (r"(\d{4})H([12])", _fiscal("half")),
    (r"(\d{4})", _fiscal("year")),
    (r"(\d{4})-(\d{2})", _month),
    (r"(\d{4})W(\d{2})", _week),
    (r"(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})", _range),
    (r"last-(quarter|month|week)", _last),
)
