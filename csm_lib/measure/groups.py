"""Groups in time that facts need not hold as a column: quarter, month, week, weekday, hour band.

An analyst asks `by="month"` and adds no column first. The words are those of a report's period where there is one
(`2024Q1`, `2024-03`, `2024W13`), so a group found can be run as a period. The expressions are in the dialect that
DuckDB and Spark SQL share; a missing date or hour gives a missing group.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

import duckdb

from csm_lib.engine import quote_name
from csm_lib.errors import SettingError
from csm_lib.measure.readable import refuse_unreadable, typed

__all__ = ["TIME_GROUPS", "TimeGroup", "refuse_missing", "time_groups", "with_time_groups"]


@dataclass(frozen=True)
class TimeGroup:
    """A group made from one column.

    Attributes
    ----------
    name : str
    reads : str
        Column it is made from.
    kind : str
        DuckDB type of that column.
    sql : str
        Expression over the column.
    means : str
        What a label says.
    """

    name: str
    reads: str
    kind: str
    sql: str
    means: str


_YEAR = "CAST(YEAR(local_date) AS STRING)"
# a week belongs to the year of its Thursday (ISO 8601), so the first and last days of a year may be another year's
_WEEK_YEAR = (
    "CAST(YEAR(local_date) + CASE WHEN MONTH(local_date) = 1 AND WEEKOFYEAR(local_date) > 50 THEN -1 "
    "WHEN MONTH(local_date) = 12 AND WEEKOFYEAR(local_date) = 1 THEN 1 ELSE 0 END AS STRING)"
)
_ROWS = (
    TimeGroup(
        "quarter",
        "local_date",
        "DATE",
        f"{_YEAR} || 'Q' || CAST(QUARTER(local_date) AS STRING)",
        "calendar quarter, as 2024Q1",
    ),
    TimeGroup(
        "month",
        "local_date",
        "DATE",
        f"{_YEAR} || '-' || LPAD(CAST(MONTH(local_date) AS STRING), 2, '0')",
        "calendar month, as 2024-03",
    ),
    TimeGroup(
        "week",
        "local_date",
        "DATE",
        f"{_WEEK_YEAR} || 'W' || LPAD(CAST(WEEKOFYEAR(local_date) AS STRING), 2, '0')",
        "week from Monday (ISO 8601), as 2024W13",
    ),
    # DuckDB counts days of the week from 0 and Spark from 1: the difference to a known Monday is the same
    TimeGroup(
        "weekday",
        "local_date",
        "DATE",
        "(DAYOFWEEK(local_date) - DAYOFWEEK(DATE '2024-01-01') + 7) % 7 + 1",
        "1 Monday to 7 Sunday",
    ),
    TimeGroup(
        "hour_band",
        "local_hour",
        "INTEGER",
        "LPAD(CAST(CAST(FLOOR(local_hour / 2) * 2 AS INT) AS STRING), 2, '0') || '-' || "
        "LPAD(CAST(CAST(FLOOR(local_hour / 2) * 2 + 2 AS INT) AS STRING), 2, '0')",
        "two local hours, as 16-18",
    ),
)

TIME_GROUPS = MappingProxyType({row.name: row for row in _ROWS})


def time_groups(by: Sequence[str], present: Sequence[str]) -> list[TimeGroup]:
    """Give the groups to be made: asked for, no column of their own, and what they are made from is there.

    Examples
    --------
    >>> [group.name for group in time_groups(["month", "team"], ["local_date", "team"])]
    ['month']
    """
    asked = [TIME_GROUPS[name] for name in by if name in TIME_GROUPS and name not in present]
    return [group for group in asked if group.reads in present]


def refuse_missing(by: Sequence[str], present: Sequence[str], *, grain: str) -> None:
    """Say which column a time group lacks.

    Raises
    ------
    SettingError
        If the facts hold neither the group as a column nor the column that it is made from.

    Examples
    --------
    >>> refuse_missing(["month"], ["local_date"], grain="contact")
    """
    for name in by:
        group = TIME_GROUPS.get(name)
        if group and name not in present and group.reads not in present:
            raise SettingError(
                f"by must be found in the {grain} facts or made from them, got {name!r} without the column "
                f"{group.reads!r} that it is made from. Add {group.reads!r}, or {name!r} itself."
            )


def with_time_groups(rows: duckdb.DuckDBPyRelation, groups: Sequence[TimeGroup]) -> duckdb.DuckDBPyRelation:
    """Add the groups as columns.

    Raises
    ------
    SettingError
        If what they are made from holds no dates or hours.

    Examples
    --------
    >>> from csm_lib.engine import connect
    >>> rows = connect().sql("SELECT DATE '2024-12-30' AS local_date")
    >>> with_time_groups(rows, time_groups(["week", "month"], rows.columns)).fetchall()
    [(datetime.date(2024, 12, 30), '2025W01', '2024-12')]
    """
    if not groups:
        return rows
    kinds = dict(zip(rows.columns, map(str, rows.types), strict=True))
    reads = {group.reads: group.kind for group in groups}
    readers = {column: [group.name for group in groups if group.reads == column] for column in reads}
    refuse_unreadable(rows, reads, readers)
    held = ", ".join(f"{typed(column, kinds[column], kind)} AS {quote_name(column)}" for column, kind in reads.items())
    made = rows.project(f"* REPLACE ({held})")
    return made.project(", ".join(["*", *(f"{group.sql} AS {quote_name(group.name)}" for group in groups)]))
