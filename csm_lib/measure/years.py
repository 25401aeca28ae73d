"""This year against last year, day against comparable day.

A Monday is not a Sunday, and a festival that fell into February last year and into January this year makes both months
look odd. So every day of this year is set beside the day of last year that is like it: in the weeks around a
moving holiday the day as far from that holiday, else the nearest same weekday outside such weeks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pandas as pd

from csm_lib.calendar import public_holidays
from csm_lib.definitions import INDICATORS
from csm_lib.measure.clusters import ClusterSums, ratio_from_cluster_sums
from csm_lib.settings import WorkbookSettings

__all__ = ["aligned_days", "year_on_year", "year_on_year_volume"]

REACH_DAYS = 15  # days before and after a moving holiday that are aligned to it
_MOVED_DAYS = 4  # a holiday whose date differs by more than a substitute day is a moving one


def aligned_days(
    days: pd.Series | list[date], earlier: pd.Series | list[date], *, settings: WorkbookSettings | None = None
) -> pd.DataFrame:
    """Find for each day the comparable day a year before.

    Parameters
    ----------
    days, earlier : sequence of date
        Local days of this year, and those there are of last year.
    settings : WorkbookSettings, optional
        Country of the holidays, closures, make-up working days; without a country only weekdays are aligned.

    Returns
    -------
    DataFrame
        One row per day: `day`, `before` (None where last year has nothing like it), `how` (`holiday`: as far from the
        moving holiday `anchor`; `fixed`: the holiday of the same name; `weekday`), `anchor`.

    Notes
    -----
    Moving holidays are those of the country's calendar (the lunar ones, Easter and the like) whose date moved by more
    than 4 days against the civil year; around each, 15 days before and after count as its weeks. A make-up working day
    counts as the weekday whose hours it follows. Outside those weeks: nearest day of the same kind to 364 days before.

    Examples
    --------
    Spring Festival was on 10 February 2024 and on 22 January 2023.

    >>> every = [date(2023, 1, 1) + timedelta(days=i) for i in range(90)]
    >>> china = WorkbookSettings(country="CN")
    >>> aligned_days([date(2024, 2, 10), date(2024, 3, 4)], every, settings=china)["before"].tolist()
    [datetime.date(2023, 1, 22), datetime.date(2023, 3, 6)]
    """
    now, past = sorted({*map(_date, days)}), sorted({*map(_date, earlier)})
    chosen = settings or WorkbookSettings()
    calendar = _Calendar.of([*now, *past], chosen)
    kinds: dict[Any, list[date]] = {}
    for day in past:
        kinds.setdefault(calendar.kind(day), []).append(day)
    rows = []
    for day in now:
        kind = calendar.kind(day)
        like = kinds.get(kind, [])
        aim = day - timedelta(days=364)
        nearest = min(like, key=lambda one: (abs((one - aim).days), one), default=None)
        if nearest is not None and kind[0] != "moving" and abs((nearest - aim).days) > 45:
            nearest = None
        rows.append((day, nearest, {"moving": "holiday", "fixed": "fixed"}.get(kind[0], "weekday"),
                     kind[1] if kind[0] != "weekday" else None))  # fmt: skip
    return pd.DataFrame(rows, columns=["day", "before", "how", "anchor"])


def year_on_year(
    now: pd.DataFrame, before: pd.DataFrame, *, settings: WorkbookSettings | None = None, level: float = 0.95
) -> pd.DataFrame:
    """Compare indicators with the year before, raw and aligned to weekdays and moving holidays.

    Parameters
    ----------
    now, before : DataFrame
        As `measure` gives by `local_date`: of this period; and of the year before, with some weeks on each side so that
        comparable days can be found. Columns read: `key local_date n numerator denominator unit`.
    settings : WorkbookSettings, optional
        As in `aligned_days`.
    level : float, 0–1

    Returns
    -------
    DataFrame
        One row per key: `key n value unit year_before year_change` (raw, over the days of `before` from the first to
        the last calendar date of `now`), `aligned` (last year's value on comparable days, weighted as this year's),
        `aligned_change aligned_change_low aligned_change_high`, `n_days`, `n_unmatched` (days without a comparable one,
        left out of the aligned comparison), `method`.

    Notes
    -----
    Aligned: Σ D_d r_m(d) ÷ Σ D_d, with D this year's denominators and r last year's values on the comparable days. The
    interval of the change is clustered by the comparable day; it takes days as independent.

    Examples
    --------
    >>> days = pd.date_range("2024-03-04", periods=14).date
    >>> now = pd.DataFrame({"key": "fcr", "local_date": days, "n": 10, "numerator": 8.0,
    ...                     "denominator": 10.0, "unit": "share"})
    >>> then = now.assign(local_date=[day - timedelta(days=364) for day in days], numerator=9.0)
    >>> made = year_on_year(now, then)
    >>> made[["value", "aligned", "aligned_change"]].round(3).values.tolist()
    [[0.8, 0.9, -0.1]]
    """
    rows = []
    days = [_date(day) for day in now["local_date"].dropna().unique()]
    dates = (_year_before(min(days)), _year_before(max(days))) if days else None
    for key in dict.fromkeys(now["key"]):
        mine, theirs = _by_day(now, key), _by_day(before, key)
        rows.append(_compared(str(key), mine, theirs, dates, settings, level))
    return pd.DataFrame(rows, columns=list(_COMPARED))


_COMPARED = (
    "key", "n", "value", "unit", "year_before", "year_change", "aligned", "aligned_change", "aligned_change_low",
    "aligned_change_high", "n_days", "n_unmatched", "method",
)  # fmt: skip


def year_on_year_volume(
    now: pd.DataFrame, before: pd.DataFrame, *, settings: WorkbookSettings | None = None, key: str | None = None
) -> pd.DataFrame:
    """Compare the number of rows with the year before: raw, and on comparable days.

    Parameters
    ----------
    now, before : DataFrame
        As in `year_on_year`, of one key (or `key`), or one row per day. Columns read: `key` (where there is one),
        `local_date n`.
    settings : WorkbookSettings, optional
    key : str, optional
        The key to read; the first unless given.

    Returns
    -------
    DataFrame
        One row for all days, and one per kind of day (`weekday`, `holiday`, `fixed`): `how n_days n n_before` (on
        comparable days) `change_share`, and for all days `n_year_before` and `year_change_share` (same calendar dates).

    Examples
    --------
    >>> days = pd.date_range("2024-03-04", periods=7).date
    >>> now = pd.DataFrame({"key": "fcr", "local_date": days, "n": 12, "numerator": 8.0, "denominator": 10.0})
    >>> then = now.assign(local_date=[day - timedelta(days=364) for day in days], n=10)
    >>> year_on_year_volume(now, then)[["how", "n_days", "change_share"]].round(3).values.tolist()[0]
    ['all', 7, 0.2]
    """
    chosen = key or (next(iter(now["key"]), None) if "key" in now else None)
    mine, theirs = _by_day(now, chosen), _by_day(before, chosen)
    pairs = aligned_days(list(mine.index), list(theirs.index), settings=settings).dropna(subset=["before"])
    same = theirs.reindex([_year_before(day) for day in mine.index])["n"].sum()
    pairs["n"] = mine["n"].reindex(pairs["day"]).to_numpy()
    pairs["n_before"] = theirs["n"].reindex(pairs["before"]).to_numpy()
    rows = []
    for how, part in [("all", pairs), *pairs.groupby("how")]:
        total, past = float(part["n"].sum()), float(part["n_before"].sum())
        rows.append({"how": how, "n_days": len(part), "n": int(total), "n_before": int(past),
                     "change_share": total / past - 1 if past else math.nan})  # fmt: skip
    table = pd.DataFrame(rows, columns=["how", "n_days", "n", "n_before", "change_share"])
    is_all = table["how"] == "all"
    table["n_year_before"] = pd.Series([int(same)] * len(table)).where(is_all)
    table["year_change_share"] = (mine["n"].sum() / same - 1 if same else math.nan) if len(table) else math.nan
    table["year_change_share"] = table["year_change_share"].where(is_all)
    return table


@dataclass(frozen=True)
class _Calendar:
    """What kind of day a day is."""

    anchors: tuple[tuple[date, str], ...]
    fixed: Mapping[date, str]
    worked: Mapping[date, int]
    closed: frozenset[date]

    @classmethod
    def of(cls, days: list[date], settings: WorkbookSettings) -> _Calendar:
        worked = {day: _WEEKDAYS.index(name) for day, name in settings.make_up_days.items()}
        closed = frozenset(settings.closures)
        if settings.country is None or not days:
            return cls((), {}, worked, closed)
        years = range(min(days).year - 1, max(days).year + 2)
        firsts: dict[str, dict[int, date]] = {}
        named = public_holidays(settings.country, years)
        swapped = {day for day, name in named.items() if any(letter.isdigit() for letter in name)}  # "from 02/04"
        for day, name in sorted(named.items()):
            if day not in swapped:
                firsts.setdefault(_plain_name(name), {}).setdefault(day.year, day)
        moving = {name for name, by_year in firsts.items() if _moves(by_year)}
        plain = {day: _plain_name(name) for day, name in named.items() if day not in swapped}
        starts = (day for day, name in plain.items() if name in moving and plain.get(day - timedelta(days=1)) != name)
        anchors = tuple(sorted((day, plain[day]) for day in starts))
        fixed = {day: _plain_name(name) for day, name in named.items() if _plain_name(name) not in moving}
        return cls(anchors, fixed, worked, closed)

    def kind(self, day: date) -> tuple[str, Any, int]:
        """Name what makes a day like another: its distance to a moving holiday, its holiday, or its weekday."""
        near = [(abs((day - at).days), (day - at).days, name) for at, name in self.anchors]
        nearest = min(near, default=None)
        if nearest is not None and nearest[0] <= REACH_DAYS:
            return "moving", nearest[2], nearest[1]
        if day in self.fixed and day not in self.worked:
            return "fixed", self.fixed[day], 0
        if day in self.closed and day not in self.worked:
            return "fixed", "closure", 0
        return "weekday", None, self.worked.get(day, day.weekday())


_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _plain_name(name: str) -> str:
    """Take what marks a substitute or a second holiday out of a holiday's name."""
    return name.split(";")[0].split(" (")[0].strip()


def _moves(by_year: Mapping[int, date]) -> bool:
    days = [day.timetuple().tm_yday for day in by_year.values()]
    return len(days) > 1 and max(days) - min(days) > _MOVED_DAYS


def _date(day: Any) -> date:
    return day.date() if isinstance(day, pd.Timestamp) else pd.Timestamp(day).date()


def _year_before(day: date) -> date:
    return day.replace(year=day.year - 1, day=28) if (day.month, day.day) == (2, 29) else day.replace(year=day.year - 1)


def _by_day(measured: pd.DataFrame, key: Any) -> pd.DataFrame:
    mine = measured[measured["key"] == key] if "key" in measured else measured
    mine = mine[mine["local_date"].notna()]
    days = mine.assign(local_date=[_date(day) for day in mine["local_date"]])
    columns = [name for name in ("n", "numerator", "denominator") if name in days]
    return days.groupby("local_date")[columns].sum()


def _compared(
    key: str,
    mine: pd.DataFrame,
    theirs: pd.DataFrame,
    dates: tuple[date, date] | None,
    settings: WorkbookSettings | None,
    level: float,
) -> dict[str, Any]:
    total, whole = mine["numerator"].sum(), mine["denominator"].sum()
    value = total / whole if whole else math.nan
    # also the days of last year whose date has no rows of this indicator this year
    same = theirs.loc[[day for day in theirs.index if dates is not None and dates[0] <= day <= dates[1]]]
    raw = same["numerator"].sum() / same["denominator"].sum() if same["denominator"].sum() else math.nan
    row = {"key": key, "n": int(mine["n"].sum()), "value": value, "unit": INDICATORS[key].unit, "year_before": raw,
           "year_change": value - raw, "n_days": len(mine)}  # fmt: skip
    worth = theirs[theirs["denominator"] > 0]
    pairs = aligned_days(list(mine.index), list(worth.index), settings=settings).dropna(subset=["before"])
    numbers = mine.reindex(pairs["day"])
    rate = (worth["numerator"] / worth["denominator"]).reindex(pairs["before"]).to_numpy(float)
    size, got = numbers["denominator"].to_numpy(float), numbers["numerator"].to_numpy(float)
    row |= {"n_unmatched": len(mine) - len(pairs)}
    if not size.sum():
        return row | {"method": "no comparable day"}
    paired = pd.DataFrame({"before": pairs["before"].to_numpy(), "a": got - size * rate, "b": size})
    sums = paired.groupby("before").sum()
    clusters = ClusterSums.of(sums["a"], sums["b"], n=int(mine["n"].sum()))
    made = ratio_from_cluster_sums(clusters, level=level, unit="comparable day")
    return row | {"aligned": float(size @ rate / size.sum()), "aligned_change": made.value,
                  "aligned_change_low": made.low, "aligned_change_high": made.high, "method": made.method}  # fmt: skip
