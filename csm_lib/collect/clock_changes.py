"""Clock changes: local times that never were, and local times that were twice.

When a zone's clock is put forward, an hour of local times is skipped: a row that claims one is set aside. When it is
put back, an hour is shown twice: a row in it is kept, counted and said, for its text does not tell which one it means.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from csm_lib.collect.entries import Entry
from csm_lib.collect.promises import SKIPPED, Promise
from csm_lib.collect.times_sql import local_sql
from csm_lib.definitions import Table

__all__ = ["ClockChange", "clock_changes", "mark_clock_changes"]


@dataclass(frozen=True)
class ClockChange:
    """One change of a zone's clock.

    Attributes
    ----------
    at : datetime, UTC
    before, after : timedelta
        Offsets from UTC.
    """

    at: datetime
    before: timedelta
    after: timedelta

    @property
    def is_forward(self) -> bool:
        """True if local times were skipped."""
        return self.after > self.before

    @property
    def width(self) -> timedelta:
        """How long the times were that were skipped or repeated."""
        return abs(self.after - self.before)

    @property
    def window(self) -> tuple[datetime, datetime]:
        """First local time skipped or repeated, and the first one after (naive)."""
        naive = self.at.replace(tzinfo=None)
        first, end = sorted((naive + self.before, naive + self.after))
        return first, end


@lru_cache(maxsize=512)
def _changes_of_year(zone: str, year: int) -> tuple[ClockChange, ...]:
    clock = ZoneInfo(zone)

    def offset(moment: datetime) -> timedelta:
        return moment.astimezone(clock).utcoffset() or timedelta(0)

    found = []
    day = datetime(year, 1, 1, tzinfo=UTC)
    while day.year == year:
        end = day + timedelta(days=1)
        if offset(day) != offset(end):
            low, high = day, end
            while high - low > timedelta(seconds=1):
                middle = (low + (high - low) / 2).replace(microsecond=0)
                low, high = (middle, high) if offset(middle) == offset(day) else (low, middle)
            found.append(ClockChange(high, offset(day), offset(end)))
        day = end
    return tuple(found)


def clock_changes(zone: str, start: datetime, end: datetime) -> tuple[ClockChange, ...]:
    """Give a zone's clock changes between two instants.

    Examples
    --------
    >>> start, end = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 12, 31, tzinfo=UTC)
    >>> [str(change.at) for change in clock_changes("America/New_York", start, end)]
    ['2024-03-10 07:00:00+00:00', '2024-11-03 06:00:00+00:00']
    >>> clock_changes("Asia/Shanghai", start, end)
    ()
    """
    years = range(start.year, end.year + 1)
    return tuple(
        change
        for year in years
        for change in _changes_of_year(zone, year)
        if start - timedelta(days=1) <= change.at <= end + timedelta(days=1)
    )


def mark_clock_changes(
    connection: duckdb.DuckDBPyConnection,
    entry: Entry,
    table: Table,
    *,
    promises: tuple[Promise, ...],
    texts: Mapping[str, str],
    raw: str,
    stage: str,
    zone: str,
    path: Path,
) -> list[str]:
    """Mark the staged rows whose local time was skipped; say which were repeated.

    Parameters
    ----------
    promises : tuple of Promise
        Holds one `skipped_local_time` per instant column; its place is the code of such a row.
    texts : mapping
        SQL of each column's text over the raw relation.
    raw, stage : str
        Relations of texts, and of typed values `v_…` with `_code`.

    Returns
    -------
    list of str
        One sentence per column with repeated times.
    """
    places = {promise.column: n for n, promise in enumerate(promises) if promise.reason == SKIPPED}
    locals_ = {name: local_sql(texts[name], entry.columns[name]) for name in places if name is not None}
    readable = {name: sql for name, sql in locals_.items() if sql is not None}
    if not readable:
        return []
    bounds = ", ".join(f"epoch(min(v_{name})), epoch(max(v_{name}))" for name in readable)
    found = connection.sql(f"SELECT {bounds} FROM {stage}").fetchall()[0]
    notes = []
    for number, (name, local) in enumerate(readable.items()):
        low, high = found[2 * number : 2 * number + 2]
        if low is None:
            continue
        changes = clock_changes(zone, datetime.fromtimestamp(low, UTC), datetime.fromtimestamp(high, UTC))
        for is_forward in (True, False):
            windows = [change for change in changes if change.is_forward is is_forward]
            rows = _rows_within(connection, windows, name=name, local=local, raw=raw, stage=stage) if windows else []
            if rows and is_forward:
                listed = ", ".join(str(row) for row, _ in rows)
                connection.execute(
                    f"UPDATE {stage} SET _code = {places[name]} WHERE _code IS NULL AND _row IN ({listed})"
                )
            elif rows:
                notes.append(
                    f"{path.name}: {name} has {len(rows)} value{'s' if len(rows) > 1 else ''} in the hour that the "
                    f"clock of {zone} showed twice, first {str(rows[0][1])!r}, read as its second pass. Export the "
                    "times with their zone to tell the two apart."
                )
    return notes


def _rows_within(
    connection: duckdb.DuckDBPyConnection,
    changes: list[ClockChange],
    *,
    name: str,
    local: str,
    raw: str,
    stage: str,
) -> list[tuple[int, str]]:
    """Find the rows whose text names a local time within the windows of some clock changes."""
    # both kinds are read with the offset that puts them right after the change
    near = " OR ".join(
        f"(v_{name} >= TIMESTAMPTZ '{change.at}' AND v_{name} < TIMESTAMPTZ '{change.at + change.width}')"
        for change in changes
    )
    inside = " OR ".join(
        f"(local >= TIMESTAMP '{change.window[0]}' AND local < TIMESTAMP '{change.window[1]}')" for change in changes
    )
    return connection.sql(
        f"SELECT _row, CAST(local AS VARCHAR) FROM (SELECT _row, {local} AS local FROM {raw} "
        f"WHERE _row IN (SELECT _row FROM {stage} WHERE _code IS NULL AND ({near}))) WHERE {inside} ORDER BY _row"
    ).fetchall()
