"""Facts: one table per grain, in which every indicator is a plain expression over a row.

All that depends on other rows or on settings happens here, once: waits, opening hours, repeat windows, review weights,
duplicate complaints. Afterwards an indicator needs nothing but the columns of its own row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import duckdb

from csm_lib.collect import fact_queries, small_queries, work_queries
from csm_lib.collect.business_clock import calendar_sql, register_steps
from csm_lib.collect.clocks import CLOCK, start_clocks
from csm_lib.collect.commits import files_sql, write_file
from csm_lib.collect.typing_sql import DUCKDB_TYPES
from csm_lib.definitions import FACTS, TABLES
from csm_lib.engine import quote_text
from csm_lib.settings import Settings

__all__ = ["build_facts", "cut_off", "facts_fingerprint"]

# raise this when a fact's meaning changes: stored facts are then rebuilt
_EDITION = "5"

# contacts whose facts are made at once
_PART_ROWS = 1_000_000

# what makes each grain; large ones are made in parts, a range of contact ids each
_QUERIES = {
    "contact": fact_queries.CONTACT,
    "survey": fact_queries.SURVEY,
    "review": fact_queries.REVIEW,
    "complaint": fact_queries.COMPLAINT,
    "message_pair": work_queries.MESSAGE_PAIR,
    "clock": CLOCK,
    "agent_interval": work_queries.AGENT_INTERVAL,
    "agent_month": work_queries.AGENT_MONTH,
    "action": small_queries.ACTION,
    "volume": small_queries.VOLUME,
    "cost": small_queries.COST,
}
_IN_PARTS = ("contact", "clock")

# the columns a review's stratum may be drawn by, in the order in which they are tried
_STRATUM_COLUMNS = ("channel", "team", "issue", "product", "customer_segment", "priority", "stage")


def facts_fingerprint(settings: Settings) -> str:
    """Give a short text that changes when stored facts no longer fit the settings, or the calendars they rest on.

    Examples
    --------
    >>> len(facts_fingerprint(Settings()))
    16
    """
    workbook, thresholds = settings.workbook, settings.indicators.thresholds
    parts = workbook.model_dump(
        mode="json",
        include={
            "time_zone",
            "country",
            "live_channels",
            "repeat_window_days",
            "maturity_days",
            "close_on_public_holidays",
            "closures",
            "make_up_days",
            "hours",
            "team_hours",
        },
    )
    promised = settings.indicators.model_dump(mode="json", include={"policies", "csat_from"})
    libraries = [f"{name} {_version(name)}" for name in ("duckdb", "holidays", "tzdata")]  # clocks and calendars
    text = f"{_EDITION} {sorted(parts.items())} {thresholds.model_dump(mode='json')} {sorted(promised.items())}"
    text += f" {libraries}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def cut_off(connection: duckdb.DuckDBPyConnection, settings: Settings) -> date | None:
    """Give the last local day on which a contact was created; without contacts, that of counted intervals, else None.

    Reads `contacts`: created_at; `volumes`: starts_at.
    """
    zone = str(settings.workbook.zone)
    for table, instant in (("contacts", "created_at"), ("volumes", "starts_at")):
        found = connection.execute(
            f"SELECT max(({instant} AT TIME ZONE ?)::DATE)::VARCHAR FROM {table}", [zone]
        ).fetchall()[0]
        if found[0]:
            return date.fromisoformat(found[0])
    return None


def build_facts(
    connection: duckdb.DuckDBPyConnection, settings: Settings, *, folder: Path
) -> Mapping[str, tuple[Path, ...]]:
    """Make the fact tables as Parquet files, one after the other, so that a large table never lies in memory.

    Parameters
    ----------
    connection : DuckDBPyConnection
        Holds a view or table for each canonical table that was ingested; a missing one counts as empty.
    settings : Settings
    folder : Path
        Where the files go; it is there and empty.

    Returns
    -------
    mapping of str to tuple of Path
        Fact table to its files, in the order of their rows, with the columns of `definitions.FACTS`; at least one.
    """
    _add_missing_tables(connection)
    step_s = register_steps(connection, settings)
    last_on = cut_off(connection, settings) or date(1970, 1, 1)
    context = _context(connection, settings, last_on=last_on) | {"step_s": step_s}
    parts = _parts(connection)
    for name, query in fact_queries.CONTACT_TIES.items():
        tied = query.format(**context, part="true")
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS FROM ({tied}) ORDER BY contact_id")
    files: dict[str, tuple[Path, ...]] = {}
    for fact in FACTS.values():
        columns = ", ".join(f'CAST("{name}" AS {kind}) AS "{name}"' for name, kind in fact.columns.items())
        for place, part in enumerate(parts if fact.grain in _IN_PARTS else ("true",)):
            path = folder / f"{fact.table}-{place:05d}.parquet"
            if fact.grain == "clock":
                start_clocks(connection, settings, cut_off_on=last_on, part=part, first=place == 0)
            query = _QUERIES[fact.grain].format(**context, part=part)
            write_file(connection, path, f"SELECT {columns} FROM ({query}) ORDER BY {fact.key}")
            files[fact.table] = (*files.get(fact.table, ()), path)
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {fact.table} AS FROM {files_sql(files[fact.table])}")
    for name in fact_queries.CONTACT_TIES:
        connection.execute(f"DROP TABLE {name}")
    for name in files:
        connection.execute(f"DROP VIEW {name}")
    return files


def _parts(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Cut the contacts into ranges of ids, in order, each about as large as fits into little memory."""
    n_contacts = connection.sql("SELECT count(*) FROM contacts").fetchall()[0][0]
    n_parts = -(-n_contacts // _PART_ROWS)
    if n_parts < 2:
        return ["true"]
    sample = "SELECT contact_id FROM contacts USING SAMPLE reservoir(10000 ROWS) REPEATABLE (1)"
    ids = [row[0] for row in connection.sql(f"FROM ({sample}) ORDER BY contact_id").fetchall()]
    bounds = list(dict.fromkeys(quote_text(ids[place * len(ids) // n_parts]) for place in range(1, n_parts)))
    lower = ["true", *(f"contact_id >= {bound}" for bound in bounds)]
    upper = [*(f"contact_id < {bound}" for bound in bounds), "true"]
    return [f"({low} AND {high})" for low, high in zip(lower, upper, strict=True)]


def _context(connection: duckdb.DuckDBPyConnection, settings: Settings, *, last_on: date) -> dict[str, object]:
    """Give the values that the queries name; all come from typed settings or from closed lists, never from data."""
    workbook, thresholds = settings.workbook, settings.indicators.thresholds
    return {
        "zone": str(workbook.zone),
        "live": ", ".join(map(quote_text, workbook.live_channels)) or "''",
        "threshold_s": thresholds.service_level_s,
        "short_abandon_s": thresholds.short_abandon_s,
        "escalation_h": f"{thresholds.escalation_h:g}",
        "window_days": workbook.repeat_window_days,
        "maturity_days": workbook.maturity_days,
        "cut_off": last_on.isoformat(),
        "calendar": calendar_sql(settings),
        "complaint_repeat_days": thresholds.complaint_repeat_days,
        "conversion_days": thresholds.conversion_window_days,
        "is_rated_by_outcome": settings.indicators.csat_from == "outcome",
        "has_days": last_on > date(1970, 1, 1),
        "has_orders": _exists(connection, "orders", "ordered_at IS NOT NULL"),
        "has_bot": _exists(connection, "contacts", "bot_resolved IS NOT NULL"),
        "stratum": _stratum_column(connection),
    }


def _exists(connection: duckdb.DuckDBPyConnection, table: str, condition: str) -> str:
    found = connection.execute(f"SELECT count(*) > 0 FROM {table} WHERE {condition}").fetchall()[0]
    return "TRUE" if found[0] else "FALSE"


def _stratum_column(connection: duckdb.DuckDBPyConnection) -> str:
    """Find the contact column that the reviews' strata are values of; the channel where none fits."""
    counts = ", ".join(f'count(*) FILTER (r.stratum = c."{name}")' for name in _STRATUM_COLUMNS)
    row = connection.execute(
        f"SELECT count(*), {counts} FROM reviews r JOIN contacts c USING (contact_id) WHERE r.stratum IS NOT NULL"
    ).fetchall()[0]
    if row[0]:
        for name, matched in zip(_STRATUM_COLUMNS, row[1:], strict=True):
            if matched == row[0]:
                return name
    return "channel"


def _add_missing_tables(connection: duckdb.DuckDBPyConnection) -> None:
    present = {row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    present |= {row[0] for row in connection.execute("SELECT view_name FROM duckdb_views()").fetchall()}
    for table in TABLES.values():
        if table.name not in present:
            columns = ", ".join(f'"{column.name}" {DUCKDB_TYPES[column.type]}' for column in table.columns)
            connection.execute(f"CREATE TEMP TABLE {table.name} ({columns})")
