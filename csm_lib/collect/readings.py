"""Readings: what every step of one ingest shares, and how it writes down what became of rows, from files or queries."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import duckdb

from csm_lib.collect.accounts import Account, IngestedFile, write_listing
from csm_lib.collect.contracts import CheckedRows
from csm_lib.collect.entries import AnyEntry
from csm_lib.collect.rawrows import RawRows
from csm_lib.collect.sources import Source
from csm_lib.collect.warehouse import LOG_TABLES, Writer
from csm_lib.definitions import TABLES
from csm_lib.engine import quote_name, quote_text
from csm_lib.settings import Settings

__all__ = [
    "Checked",
    "Origin",
    "Reading",
    "fingerprint",
    "judge",
    "note_rows",
    "note_zone",
    "record_key",
    "refuse",
    "write_set_aside",
    "zone_of",
]

# raise this when rows would be read differently: files are then read again
_EDITION = "3"

Checked = Sequence[tuple[AnyEntry, CheckedRows, RawRows]]


class Origin(Protocol):
    """Where rows come from: a planned file, or a planned query."""

    @property
    def source(self) -> Source:
        """The source that reads it."""

    @property
    def entries(self) -> Sequence[AnyEntry]:
        """The source's entries for it, one per table."""

    def label(self, workspace: Path) -> str:
        """Name it, as accounts and messages do."""


@dataclass(frozen=True)
class Reading:
    """What every step of one ingest shares."""

    workspace: Path
    settings: Settings
    writer: Writer
    scratch: Path
    account: Account

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The engine's connection, which the writer holds."""
        return self.writer.connection


def fingerprint(reading: Reading, origin: Origin, entry: AnyEntry) -> str:
    """Give a hash of everything besides the file itself that decides how its rows are read."""
    zone = zone_of(reading, origin)
    said = f"{_EDITION} {entry.model_dump_json()} {zone} {TABLES[entry.table]!r}"
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def zone_of(reading: Reading, origin: Origin) -> str:
    """Give the time zone of times that state none: the source's, else the organisation's, else UTC."""
    return origin.source.time_zone or reading.settings.workbook.time_zone or "UTC"


def note_zone(reading: Reading, origin: Origin, entry: AnyEntry, raw: RawRows) -> None:
    """Note an origin with times that state no zone where nobody else does: they are read as UTC, and that is said."""
    if origin.source.time_zone or reading.settings.workbook.time_zone:
        return
    instants = [
        f"coalesce(regexp_matches({quote_name(given.from_)}, ':\\d\\d[^Z+-]*$'), false)"
        for name, given in entry.columns.items()
        if TABLES[entry.table].column(name).type == "instant" and given.from_ is not None
    ]
    query = f"SELECT count(*) FROM (SELECT 1 FROM {raw.relation} WHERE {' OR '.join(instants)} LIMIT 1)"
    if instants and reading.connection.sql(query).fetchall()[0][0]:
        reading.account.unzoned.append(origin.label(reading.workspace))


def record_key(reading: Reading, origin: Origin, entry: AnyEntry) -> tuple[str, str, str]:
    """Give the key under which accounts and records keep an origin's rows of one table."""
    return origin.label(reading.workspace), origin.source.name, entry.table


def judge(reading: Reading, origin: Origin, checked: Checked) -> bool:
    """Refuse an origin whose rows break promises beyond the allowed share; tell whether it is taken."""
    allowed = reading.settings.workbook.allowed_set_aside_share
    broken = [(entry, rows) for entry, rows, _ in checked if rows.broken_share > allowed]
    if broken:
        refuse(reading, origin, _refusal(reading, origin, broken), n_read=0, checked=checked)
        return False
    _warn(reading, origin, checked)
    return True


def _warn(reading: Reading, origin: Origin, checked: Checked) -> None:
    """Note what a person should know about a file that was taken."""
    label = origin.label(reading.workspace)
    raw = checked[0][2]
    if raw.is_encoding_guessed:
        reading.account.warnings.append(
            f"{label} was read as {raw.encoding}: not UTF-8, and its bytes do not settle it. "
            "State `encoding` in its source."
        )
    for note in dict.fromkeys(note for _, rows, _ in checked for note in rows.notes):
        reading.account.warnings.append(note)
    for entry, rows, raw in checked:
        absent = entry.absent(raw.columns)
        if absent:
            named = ", ".join(f"{theirs!r} ({ours})" for ours, theirs in absent.items())
            reading.account.warnings.append(f"{label} lacks optional columns of its source, which stay empty: {named}.")
        reading.account.warnings += [f"set aside: {sentence}" for sentence in rows.sentences]
    if origin.source.is_canonical:
        extra = [name for name in raw.columns if name not in origin.entries[0].columns]
        if extra:
            reading.account.warnings.append(
                f"{label} has columns that {origin.entries[0].table} does not know: {', '.join(extra)} were not read."
            )


def refuse(reading: Reading, origin: Origin, message: str, *, n_read: int, checked: Checked) -> None:
    """Note that nothing of a file or query is taken: its sound rows count as `file_refused`."""
    account, label = reading.account, origin.label(reading.workspace)
    account.refusals.append(message)
    if not checked:
        aside = {"file_refused": n_read} if n_read else {}
        for entry in origin.entries:
            account.files.append(IngestedFile(label, origin.source.name, entry.table, n_read, 0, aside))
    for entry, rows, raw in checked:
        sound = {"file_refused": rows.n_kept} if rows.n_kept else {}
        aside = dict(sorted({**rows.set_aside, **sound}.items()))
        account.files.append(IngestedFile(label, origin.source.name, entry.table, rows.n_read, 0, aside, raw.encoding))


def _refusal(reading: Reading, origin: Origin, broken: list[tuple[AnyEntry, CheckedRows]]) -> str:
    """Say why a file is refused, and write the rows that broke a promise where its owner can read them."""
    label = origin.label(reading.workspace)
    allowed = reading.settings.workbook.allowed_set_aside_share
    entry, rows = broken[0]
    n_broken = round(rows.broken_share * rows.n_read)
    listing = write_listing(reading.writer.folder / "refused", rows.rows, file=label, table=entry.table)
    said = "\n".join(f"  {sentence}" for sentence in rows.sentences[:8])
    return (
        f"{label} must keep the promises of {entry.table} in all but {allowed:g} of its rows, got {n_broken} of "
        f"{rows.n_read} rows that break one:\n{said}\n  Nothing of it was ingested. Correct the file or its source "
        f"({origin.source.name}); all rows concerned: {listing}."
    )


def note_rows(
    reading: Reading,
    origin: Origin,
    entry: AnyEntry,
    rows: CheckedRows,
    raw: RawRows,
    *,
    digest: str,
    cursor: str = "",
    missing: int = 0,
) -> None:
    """Write down what became of a file's rows: the record, the rows set aside, how many are missing upstream."""
    key = record_key(reading, origin, entry)
    reading.account.records[key] = {
        "path": key[0],
        "sha256": digest,
        "source": key[1],
        "table": key[2],
        "read": rows.n_read,
        "kept": rows.n_kept,
        "set_aside": json.dumps(dict(rows.set_aside), sort_keys=True),
        "encoding": raw.encoding,
        "time_zone": origin.source.time_zone or "",
        "fingerprint": fingerprint(reading, origin, entry),
        "cursor": cursor,
    }
    taken = IngestedFile(*key, rows.n_read, rows.n_kept, rows.set_aside, raw.encoding, missing_upstream=missing)
    reading.account.files.append(taken)
    reading.account.set_aside[key] = (digest, rows.rows)


def write_set_aside(reading: Reading) -> None:
    """Put the rows set aside by this ingest in place of those the same files had before."""
    taken = reading.account.set_aside
    if not taken:
        return
    parts, conditions = [], []
    for number, (key, (digest, rows)) in enumerate(taken.items()):
        named = dict(zip(("file", "source", "table"), key, strict=True))
        conditions.append(" AND ".join(f"{quote_name(name)} = {quote_text(value)}" for name, value in named.items()))
        constants = ", ".join(
            f"{quote_text(value)} AS {quote_name(name)}" for name, value in {**named, "sha256": digest}.items()
        )
        reading.connection.register(f"aside_{number}", rows)
        parts.append(f"SELECT *, {constants} FROM aside_{number}")
    columns = ", ".join(map(quote_name, LOG_TABLES["set_aside"]))
    query = f"SELECT {columns} FROM ({' UNION ALL '.join(parts)})"
    reading.writer.replace_part("set_aside", query, where=" OR ".join(f"({each})" for each in conditions))
