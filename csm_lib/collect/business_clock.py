"""The business clock: how many open seconds had passed at any instant, ready to be looked up in a query.

A calendar is a team with hours of its own, or a channel.

Opening hours become a table of steps of equal length. Within a step at most one stretch opens, so that the last stretch
that opened before an instant is found by the number of its step alone, without sorting anything.
"""

from __future__ import annotations

from datetime import date

import duckdb
import numpy as np
import pyarrow as pa

from csm_lib.calendar import OpeningHours
from csm_lib.engine import quote_text
from csm_lib.settings import Settings

__all__ = ["calendar_of", "calendar_sql", "register_steps"]

# lengths that are tried, in seconds; opening hours are given to the minute
_STEPS_S = (3600, 1800, 900, 300, 60)
_COLUMNS = ("opens_s", "closes_s", "clock_s")
_TEAM = "team "
_INSTANTS = "created_at, queue_entered_at, closed_at, resolved_at, first_response_at, answered_at, abandoned_at"


def calendar_sql(settings: Settings) -> str:
    """Give the SQL that names a row's calendar from its `team` and `channel`.

    Examples
    --------
    >>> calendar_sql(Settings())
    'channel'
    """
    teams = ", ".join(quote_text(team) for team in settings.workbook.team_hours)
    return f"CASE WHEN team IN ({teams}) THEN '{_TEAM}' || team ELSE channel END" if teams else "channel"


def calendar_of(name: str, settings: Settings, *, years: tuple[int, ...]) -> OpeningHours | None:
    """Give the opening hours of a calendar; None if it never closes.

    Examples
    --------
    >>> calendar_of("phone", Settings(), years=(2024,)) is None
    True
    """
    team = name.removeprefix(_TEAM) if name.startswith(_TEAM) else None
    return settings.workbook.opening_hours("" if team else name, years=years, team=team)


def register_steps(connection: duckdb.DuckDBPyConnection, settings: Settings) -> int:
    """Make the table `opening_steps`, one row per calendar and step; give the length of a step in seconds.

    Columns: `calendar`, `step` (its number since 1970), and for the stretch that opens inside the step, as for the last
    one before it (`before_…`): when it opens and closes (seconds since 1970) and the clock's reading at its opening.
    A calendar without opening hours has no rows.
    """
    found = connection.sql(
        f"SELECT list(DISTINCT channel), min(least({_INSTANTS}))::VARCHAR, max(greatest({_INSTANTS}))::VARCHAR "
        "FROM contacts"
    ).fetchall()[0]
    calendars = [*sorted(found[0] or []), *(f"{_TEAM}{team}" for team in settings.workbook.team_hours)]
    spans = _spans(settings, calendars, str(found[1]), str(found[2])) if found[0] else {}
    step_s = next((each for each in _STEPS_S if all(_is_single(rows[:, 0], each) for rows in spans.values())), 60)
    parts = [_steps(calendar, rows, step_s) for calendar, rows in spans.items()]
    empty = {"calendar": pa.array([], pa.string()), "step": pa.array([], pa.int64())}
    empty |= {name: pa.array([], pa.float64()) for name in (*_COLUMNS, *(f"before_{name}" for name in _COLUMNS))}
    parts = [pa.table(empty), *(part.select(list(empty)) for part in parts)]
    connection.register("arrow_steps", pa.concat_tables(parts))
    connection.execute("CREATE OR REPLACE TEMP TABLE opening_steps AS SELECT * FROM arrow_steps")
    connection.unregister("arrow_steps")
    return step_s


def _spans(settings: Settings, calendars: list[str], first: str, last: str) -> dict[str, np.ndarray]:
    """List the open stretches of each calendar that has hours: opening, closing, clock at the opening."""
    first_on, last_on = date.fromisoformat(first[:10]), date.fromisoformat(last[:10])
    years = tuple(range(first_on.year - 1, last_on.year + 2))
    found = {}
    for calendar in calendars:
        hours = calendar_of(calendar, settings, years=years)
        if hours is None:
            continue
        open_spans = hours.spans(date(first_on.year, 1, 1), date(last_on.year + 1, 1, 2))
        rows = np.array(open_spans, dtype=float).reshape(-1, 2)
        clock = np.concatenate([[0.0], np.cumsum(rows[:, 1] - rows[:, 0])])[: len(rows)]
        if len(rows):
            found[calendar] = np.column_stack([rows, clock])
    return found


def _is_single(opens_s: np.ndarray, step_s: int) -> bool:
    steps = opens_s // step_s
    return len(np.unique(steps)) == len(steps)


def _steps(calendar: str, spans: np.ndarray, step_s: int) -> pa.Table:
    """Lay the stretches of one calendar out by step, from its first to the year after its last."""
    steps = np.arange(int(spans[0, 0] // step_s), int(spans[-1, 1] // step_s) + 366 * 86_400 // step_s)
    place = np.searchsorted(spans[:, 0], steps * step_s, side="left")
    after = np.minimum(place, len(spans) - 1)
    is_inside = (place < len(spans)) & (spans[after, 0] < (steps + 1) * step_s)
    columns = {"calendar": pa.array([calendar] * len(steps), pa.string()), "step": pa.array(steps, pa.int64())}
    for number, name in enumerate(_COLUMNS):
        columns[name] = pa.array(spans[after, number], pa.float64(), mask=~is_inside)
        columns[f"before_{name}"] = pa.array(spans[np.maximum(place - 1, 0), number], pa.float64(), mask=place == 0)
    return pa.table(columns)
