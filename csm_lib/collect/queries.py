"""Queries: which ones an ingest runs, and how their rows are taken.

A query without a cursor is one export that is read anew each time. One with a cursor is read in parts: everything at
first, then what changed since. Each part is accounted for like one more file, so that rows read = rows kept + rows set
aside for every part; a part with nothing new leaves no trace.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from csm_lib.collect.accounts import IngestedFile, known_file
from csm_lib.collect.contracts import check_rows, require_columns
from csm_lib.collect.cursors import Cursor
from csm_lib.collect.databases import QueryRows, database_label, read_query
from csm_lib.collect.deliveries import compare_delivery
from csm_lib.collect.entries import Database, QueryEntry
from csm_lib.collect.readings import (
    Checked,
    Reading,
    fingerprint,
    judge,
    note_rows,
    note_zone,
    record_key,
    refuse,
    zone_of,
)
from csm_lib.collect.sources import Source, source_named
from csm_lib.definitions import TABLES
from csm_lib.errors import ContractError, UnavailableError

__all__ = ["PlannedQuery", "plan_queries", "take_query"]

_SINCE = " since "


@dataclass(frozen=True)
class PlannedQuery:
    """A query, the source it belongs to, and the part of it that is read.

    Attributes
    ----------
    database : Database
    since : Cursor or None
        Where the part begins; None for the whole.
    """

    source: Source
    entry: QueryEntry
    database: Database
    since: Cursor | None = None

    @property
    def entries(self) -> tuple[QueryEntry, ...]:
        """The one entry, as for files that feed several tables."""
        return (self.entry,)

    def label(self, workspace: Path) -> str:
        """Name it: the database without user and password, the query's name, and where a part begins."""
        whole = f"{database_label(self.database, name=self.source.name)}#{self.entry.label}"
        return whole if self.since is None else f"{whole}{_SINCE}{self.since.shown}"


def plan_queries(
    paths: Sequence[Path], *, source_name: str | None, sources: Mapping[str, Source]
) -> list[PlannedQuery]:
    """List the queries to run: all that are set up, or those of the named source; none where files are named.

    A shipped source is set up once the variable that holds its database's URL is set.

    Raises
    ------
    UsageError
        If there is no such source.
    """
    if paths:
        return []
    chosen = [source_named(sources, source_name)] if source_name else [*filter(_is_set_up, sources.values())]
    return [
        PlannedQuery(source, entry, source.database)
        for source in chosen
        for entry in source.queries
        if source.database is not None
    ]


def _is_set_up(source: Source) -> bool:
    if source.database is None:
        return False
    return source.origin != "shipped" or bool(os.environ.get(str(source.database.url_env)))


def take_query(reading: Reading, planned: PlannedQuery) -> None:
    """Run one query and read its rows into its table; a database that is away is noted.

    Raises
    ------
    SettingError
        If the database, the query or the cursor is not what the source says.
    """
    parts = _parts(reading, planned)
    planned = replace(planned, since=_where_it_ended(reading, planned, parts))
    entry, number = planned.entry, len(reading.account.files)
    try:
        found = read_query(
            reading.connection,
            planned.database,
            entry,
            since=planned.since,
            relation=f"raw_{number}_0",
            name=planned.source.name,
            folder=reading.workspace,
        )
    except UnavailableError as error:
        reading.account.away.append(str(error))
        return
    except ContractError as error:
        refuse(reading, planned, str(error), n_read=0, checked=[])
        return
    try:
        if not _is_known(reading, planned, found):
            _take_rows(reading, planned, found, parts, relation=f"kept_{number}_0")
    finally:
        reading.connection.execute(f"DROP TABLE IF EXISTS {found.raw.relation}")


def _parts(reading: Reading, planned: PlannedQuery) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Find the records of a query's parts."""
    label, source, table = record_key(reading, replace(planned, since=None), planned.entry)
    return {
        key: record
        for key, record in reading.account.records.items()
        if key[1:] == (source, table) and (key[0] == label or key[0].startswith(label + _SINCE))
    }


def _where_it_ended(
    reading: Reading, planned: PlannedQuery, parts: Mapping[tuple[str, str, str], Mapping[str, Any]]
) -> Cursor | None:
    """Give the highest cursor of the parts read before; None where all must be read, as after a changed source."""
    wanted = fingerprint(reading, planned, planned.entry)
    if planned.entry.cursor is None or any(record["fingerprint"] != wanted for record in parts.values()):
        return None
    ends = [(cursor, key[0]) for key, record in parts.items() if (cursor := Cursor.read(record["cursor"]))]
    try:
        # of two parts that end alike, the one that began there came last
        return max(ends, key=lambda end: (end[0].value, end[1].endswith(_SINCE + end[0].shown)), default=(None, ""))[0]
    except TypeError:  # the column has another type than it had
        return None


def _is_known(reading: Reading, planned: PlannedQuery, found: QueryRows) -> bool:
    """Tell whether nothing is new, and account for that."""
    account, key = reading.account, record_key(reading, planned, planned.entry)
    if planned.since is not None and found.raw.n_rows == 0:
        account.files.append(IngestedFile(*key, read=0, kept=0, set_aside={}, is_unchanged=True))
        return True
    record = account.records.get(key)
    wanted = (found.digest, fingerprint(reading, planned, planned.entry))
    if record is None or (record["sha256"], record["fingerprint"]) != wanted:
        return False
    account.files.append(known_file(record))
    return True


def _take_rows(
    reading: Reading,
    planned: PlannedQuery,
    found: QueryRows,
    parts: Mapping[tuple[str, str, str], Mapping[str, Any]],
    *,
    relation: str,
) -> None:
    """Check a part's rows and put them into the table; a whole reading replaces the parts before it."""
    entry, raw = planned.entry, found.raw
    path = Path(planned.label(reading.workspace))
    zone = zone_of(reading, planned)
    try:
        fitted = entry.fitted(raw.columns, path=path)
        require_columns(fitted, raw.columns, path)
        note_zone(reading, planned, fitted, raw)
        rows = check_rows(reading.connection, raw, fitted, path=path, zone=zone, relation=relation)
    except ContractError as error:
        refuse(reading, planned, str(error), n_read=raw.n_read, checked=[])
        return
    checked: Checked = [(entry, rows, raw)]
    if judge(reading, planned, checked):
        missing = compare_delivery(reading, planned, entry, rows) if planned.since is None else 0
        reading.writer.upsert(entry.table, f"FROM {rows.relation}", key=TABLES[entry.table].key)
        if planned.since is None:
            _forget(reading, parts, rows.rows.schema.empty_table())
        cursor = found.cursor.write() if found.cursor else ""
        note_rows(reading, planned, entry, rows, raw, digest=found.digest, cursor=cursor, missing=missing)
    rows.release(reading.connection)


def _forget(reading: Reading, parts: Mapping[tuple[str, str, str], Mapping[str, Any]], nothing: Any) -> None:
    """Drop the records of parts, and with them their rows set aside."""
    for key in parts:
        del reading.account.records[key]
        reading.account.set_aside[key] = ("", nothing)
