"""Did every source bring something on every day: which days are missing, and which came in only in part.

A file that was never sent breaks no contract. It shows only against the calendar: a Tuesday without rows, where
Tuesdays bring two hundred.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

import pandas as pd
from scipy.stats import poisson

from csm_lib.calendar import public_holidays
from csm_lib.engine import quote_name
from csm_lib.measure.sums import columns_of, narrowed
from csm_lib.periods import Period
from csm_lib.settings import WorkbookSettings

__all__ = ["DAY_STATES", "LEAST_CHANCE", "SPLIT_BY", "daily_coverage", "day_gaps", "source_coverage"]

# what became of a day; the words are shown
DAY_STATES = MappingProxyType(
    {
        "usual": "what its weekday brings, as far as chance can tell",
        "late": "some rows, but less than half of what its weekday brings, and fewer than chance explains",
        "missing": "no row, and more were due than chance explains",
        "closed": "no service, or a public holiday: not judged",
        "before": "before the first row of the source: not judged",
        "after": "after the last day with data: not judged",
    }
)
LEAST_CHANCE = 0.001  # a day less likely than this, if all were as usual, is called missing or late
SPLIT_BY = MappingProxyType({"contacts": "channel", "volumes": "channel"})  # each channel has a system of its own
_REACH_DAYS = 91  # comparable days are looked for that far before and after the period
_LATE_BELOW = 0.5
_COLUMNS = ("source", "table", "day_on", "n", "expected", "ratio", "state", "holiday")


def daily_coverage(
    tables: Mapping[str, Any],
    *,
    instants: Mapping[str, str],
    period: Period,
    workbook: WorkbookSettings,
    cut_off: date | None = None,
) -> pd.DataFrame:
    """Compare each source's rows of each day with what the weekday brings.

    Rows do not say which file they came from, so a source is a table, or a table and channel where each channel has a
    system of its own (`SPLIT_BY`).

    Parameters
    ----------
    tables : mapping of str to frame
        Anything `measure` reads too; only the column of instants and the channel are read.
    instants : mapping of str to str
        For each table to judge, its column of zone-aware instants.
    period : Period
    workbook : WorkbookSettings
        Zone, opening hours, closures, make-up days, country (for public holidays).
    cut_off : date, optional
        Last day with data; that of the tables if absent. Later days are not judged.

    Returns
    -------
    DataFrame
        One row per source and local day of the period: `source table day_on n expected ratio state holiday`.
        `expected` is the median of the comparable days: same weekday (a make-up day counts as the weekday it replaces),
        no closure or public holiday, at most 91 days outside the period, with rows; 0 where less than half of them have
        any. `ratio` = n ÷ expected; `state` as in `DAY_STATES`. Sources without any row near the period are left out.

    Notes
    -----
    Rows of a usual day are taken as Poisson with the expected mean. *Missing*: a run of days without rows whose chance
    exp(−Σ expected) is below `LEAST_CHANCE`. *Late*: 0 < n < expected ÷ 2 with P(N ≤ n) below it.

    Examples
    --------
    >>> from csm_lib.periods import parse_period
    >>> days = pd.date_range("2024-01-01", "2024-01-31", freq="D", tz="UTC").repeat(20)
    >>> seen = pd.DataFrame({"sent_at": days[days.day != 10]})
    >>> table = daily_coverage({"surveys": seen}, instants={"surveys": "sent_at"}, period=parse_period("2024-01"),
    ...                        workbook=WorkbookSettings())
    >>> table.loc[table["state"] == "missing", ["source", "expected"]].values.tolist()
    [['surveys', 20.0]]
    """
    first_on, last_on = (period.start_on - timedelta(_REACH_DAYS), period.last_on + timedelta(_REACH_DAYS))
    counts = [_counted(tables[name], name, column, str(workbook.zone)) for name, column in instants.items()]
    seen = pd.concat([part for part in counts if len(part)] or counts[:1] or [_nothing_counted()], ignore_index=True)
    seen = seen[seen["day_on"] <= last_on]
    end_on = cut_off or (max(seen["day_on"]) if len(seen) else period.last_on)
    named = _holidays(workbook, first_on, last_on)
    parts = []
    for (source, name, channel), rows in seen.groupby(["source", "table", "channel"], dropna=False, sort=True):
        start_on = min(rows["day_on"])
        near = rows[rows["day_on"] >= first_on].set_index("day_on")["n"]
        if len(near):
            days = _calendar(workbook, channel if isinstance(channel, str) else "default", first_on, last_on, named)
            judged = _judged(days, near, start_on=start_on, end_on=end_on)
            parts.append(judged.assign(source=source, table=name))
    if not parts:
        return pd.DataFrame(columns=list(_COLUMNS))
    every = pd.concat(parts, ignore_index=True)
    inside = every[(every["day_on"] >= period.start_on) & (every["day_on"] <= period.last_on)]
    return inside.assign(day_on=pd.to_datetime(inside["day_on"]))[list(_COLUMNS)].reset_index(drop=True)


def _nothing_counted() -> pd.DataFrame:
    return pd.DataFrame(columns=["source", "table", "channel", "day_on", "n"])


def _counted(frame: Any, name: str, column: str, zone: str) -> pd.DataFrame:
    """Count the rows of a table by source and local day."""
    present = columns_of(frame)
    if column not in present:
        return _nothing_counted()
    by = SPLIT_BY.get(name, "")
    channel = quote_name(by) if by in present else "CAST(NULL AS VARCHAR)"
    rows = narrowed(frame, [], others=[column, by]).filter(f"{quote_name(column)} IS NOT NULL")
    day = f"CAST({quote_name(column)} AT TIME ZONE '{zone}' AS DATE)"
    counted = rows.aggregate(f"CAST({channel} AS VARCHAR) AS channel, {day} AS day_on, count(*) AS n", "1, 2")
    table = counted.to_arrow_table().to_pandas()
    source = [name if not isinstance(one, str) else f"{name} · {one}" for one in table["channel"]]
    table["day_on"] = pd.to_datetime(table["day_on"]).dt.date
    return table.assign(source=source, table=name)[list(_nothing_counted())]


def _holidays(workbook: WorkbookSettings, first_on: date, last_on: date) -> dict[date, str]:
    """Public holidays and closures, but for make-up days."""
    years = range(first_on.year, last_on.year + 1)
    named = dict(public_holidays(workbook.country, years)) if workbook.country else {}
    named |= {day: named.get(day, "closure") for day in workbook.closures}
    return {day: name for day, name in named.items() if day not in workbook.make_up_days}


def _calendar(
    workbook: WorkbookSettings, channel: str, first_on: date, last_on: date, named: Mapping[date, str]
) -> pd.DataFrame:
    """List the days with the weekday they follow, whether the channel serves on them, and their holiday."""
    hours = workbook.opening_hours(channel, years=tuple(range(first_on.year, last_on.year + 1)))
    worked = dict(hours.worked_on) if hours else {}
    days = [first_on + timedelta(n) for n in range((last_on - first_on).days + 1)]
    followed = [worked.get(day, day.weekday()) for day in days]
    return pd.DataFrame(
        {
            "day_on": days,
            "weekday": followed,
            "is_open": [
                day not in named and (hours is None or bool(hours.weekly[weekday]))
                for day, weekday in zip(days, followed, strict=True)
            ],
            "holiday": pd.Series([named.get(day) for day in days], dtype=object),
        }
    )


def _judged(days: pd.DataFrame, counts: pd.Series, *, start_on: date, end_on: date) -> pd.DataFrame:
    """Say of one source's days what they brought, what was due and what that makes them."""
    table = days.assign(n=days["day_on"].map(counts).fillna(0).astype("int64"))
    is_known = (table["day_on"] >= start_on) & (table["day_on"] <= end_on)
    comparable = table[table["is_open"] & is_known]
    usual = comparable.groupby("weekday")["n"].apply(_usual_volume)
    table["expected"] = table["weekday"].map(usual).fillna(0.0).astype(float).where(table["is_open"], 0.0)
    table["ratio"] = (table["n"] / table["expected"]).where(table["expected"] > 0)
    is_judged = table["is_open"] & is_known & (table["expected"] > 0)
    table["state"] = "usual"
    table.loc[is_judged & _is_missing(table, is_judged), "state"] = "missing"
    is_low = (table["n"] > 0) & (table["n"] < _LATE_BELOW * table["expected"])
    is_unlikely = poisson.cdf(table["n"], table["expected"]) < LEAST_CHANCE
    table.loc[is_judged & is_low & is_unlikely, "state"] = "late"
    table.loc[~table["is_open"], "state"] = "closed"
    table.loc[table["day_on"] < start_on, "state"] = "before"
    table.loc[table["day_on"] > end_on, "state"] = "after"
    return table


def _usual_volume(n: pd.Series) -> float:
    """Give the median of the days with rows; 0 where most have none."""
    return float(n[n > 0].median()) if (n > 0).mean() >= 0.5 else 0.0


def _is_missing(table: pd.DataFrame, is_judged: pd.Series) -> pd.Series:
    """Tell which days lie in a run of empty days that is too long, or too much was due on, for chance."""
    rows = table[is_judged]
    is_empty = rows["n"] == 0
    run = (is_empty != is_empty.shift()).cumsum()
    due = rows["expected"].groupby(run).transform("sum")
    found = is_empty & (due > -math.log(LEAST_CHANCE))
    return found.reindex(table.index, fill_value=False)


def day_gaps(days: pd.DataFrame) -> pd.DataFrame:
    """List the missing and late days, those that follow each other in one row.

    Parameters
    ----------
    days : DataFrame
        As `daily_coverage` gives.

    Returns
    -------
    DataFrame
        One row per stretch, most rows lacking first: `source state first_on last_on n_days n expected n_lacking`.
        Closed days within a stretch do not end it.

    Examples
    --------
    >>> rows = [("a", "2024-01-01", 0, 9.0, "missing"), ("a", "2024-01-02", 0, 9.0, "missing"),
    ...         ("a", "2024-01-03", 8, 9.0, "usual")]
    >>> days = pd.DataFrame(rows, columns=["source", "day_on", "n", "expected", "state"])
    >>> day_gaps(days)[["n_days", "n_lacking"]].values.tolist()
    [[2.0, 18.0]]
    """
    judged = days[~days["state"].isin(["closed"])].sort_values(["source", "day_on"], kind="stable")
    stretch = (judged["state"].ne(judged["state"].shift()) | judged["source"].ne(judged["source"].shift())).cumsum()
    found = judged.assign(stretch=stretch)[judged["state"].isin(["missing", "late"])]
    table = found.groupby(["stretch", "source", "state"], as_index=False).agg(
        first_on=("day_on", "min"), last_on=("day_on", "max"), n_days=("n", "size"), n=("n", "sum"),
        expected=("expected", "sum"),
    )  # fmt: skip
    table["n_lacking"] = table["expected"] - table["n"]
    order = table.sort_values(["n_lacking", "source", "first_on"], ascending=[False, True, True], kind="stable")
    return order.drop(columns="stretch").reset_index(drop=True)


def source_coverage(days: pd.DataFrame) -> pd.DataFrame:
    """Say for each source on how many of its days it brought what it should.

    Parameters
    ----------
    days : DataFrame
        As `daily_coverage` gives.

    Returns
    -------
    DataFrame
        One row per source: `source n n_days n_missing n_late n_closed value`; `n` rows, `n_days` judged days, `value`
        the share of them that are neither missing nor late (NaN without any).

    Examples
    --------
    >>> days = pd.DataFrame({"source": "a", "n": [0, 9, 0], "expected": [9.0, 9.0, 0.0],
    ...                      "state": ["missing", "usual", "closed"]})
    >>> source_coverage(days)[["n_days", "n_missing", "value"]].values.tolist()
    [[2.0, 1.0, 0.5]]
    """
    is_judged = (days["state"].isin(["missing", "late", "usual"])) & (days["expected"] > 0)
    flagged = days.assign(
        is_judged=is_judged, **{f"is_{state}": days["state"] == state for state in ("missing", "late", "closed")}
    )
    table = flagged.groupby("source", as_index=False).agg(
        n=("n", "sum"), n_days=("is_judged", "sum"), n_missing=("is_missing", "sum"), n_late=("is_late", "sum"),
        n_closed=("is_closed", "sum"),
    )  # fmt: skip
    sound = table["n_days"] - table["n_missing"] - table["n_late"]
    table["value"] = (sound / table["n_days"]).where(table["n_days"] > 0)
    return table
