"""Ingest: files in, checked tables and facts out, and an account of every row.

A file is read by the source that fits its name, checked as a whole, and taken or refused as a whole. Reading the same
file again changes nothing; a corrected row replaces the one before it. The small tables in `data/tables` are what
their files say: a line deleted there is gone here.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from csm_lib.collect.accounts import (
    Account,
    IngestedFile,
    IngestResult,
    RefusedError,
    known_file,
    read_records,
    records_query,
    write_listing,
)
from csm_lib.collect.contracts import CheckedRows, check_rows, require_columns
from csm_lib.collect.discovery import PlannedFile, is_edited_file, plan_files
from csm_lib.collect.rawrows import RawRows, quote_name, quote_text
from csm_lib.collect.readers import read_raw
from csm_lib.collect.sources import FileEntry, load_sources
from csm_lib.collect.stored_facts import make_facts, refresh_facts, with_source_zone
from csm_lib.collect.warehouse import LOG_TABLES, Writer, table_types, writing
from csm_lib.definitions import TABLES
from csm_lib.engine import connect
from csm_lib.errors import ContractError
from csm_lib.settings import Settings, load_settings

__all__ = ["IngestResult", "IngestedFile", "RefusedError", "ingest", "refresh_facts", "with_source_zone"]

# raise this when rows would be read differently: files are then read again
_EDITION = "1"


@dataclass(frozen=True)
class _Reading:
    """What every step of one ingest shares."""

    workspace: Path
    settings: Settings
    writer: Writer
    scratch: Path
    account: Account

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        return self.writer.connection


def ingest(
    workspace: Path, paths: Sequence[Path] = (), source: str | None = None, settings: Settings | None = None
) -> IngestResult:
    """Read files into the warehouse.

    Parameters
    ----------
    workspace : Path
    paths : sequence of Path
        Files or folders; empty means everything below `data/raw` and `data/tables`.
    source : str, optional
        Name of the source that reads them, whatever they are called.
    settings : Settings, optional
        Those of the workspace if absent.

    Returns
    -------
    IngestResult

    Raises
    ------
    UsageError
        If a path does not exist, or no source reads it.
    SettingError
        If a source is wrong.
    RefusedError
        If a file cannot be read or breaks its contract in more than the allowed share of its rows. Nothing of such a
        file is taken; files that are sound are.
    UnavailableError
        If another ingest is running.
    """
    settings = settings or load_settings(workspace)
    planned, warnings = plan_files(workspace, paths, source_name=source, sources=load_sources(workspace))
    account = Account(warnings=list(warnings))
    with connect() as connection, writing(workspace, connection) as writer, _scratch(writer) as scratch:
        before = dict(writer.edition.tables)
        reading = _Reading(workspace, settings, writer, scratch, account)
        account.records = read_records(writer)
        for file in planned:
            if not is_edited_file(workspace, file.path):
                _take_file(reading, file)
        _take_edited(reading, [file for file in planned if is_edited_file(workspace, file.path)], is_all=not paths)
        _write_set_aside(reading)
        if account.records or writer.reading.has("files"):
            writer.replace("files", records_query(connection, account.records))
        make_facts(writer, with_source_zone(settings, writer.reading, connection))
        after = writer.edition.tables
    changed = tuple(sorted(name for name in after if after[name] != before.get(name)))
    result = IngestResult(tuple(account.files), tuple(account.warnings), changed)
    if account.refusals:
        raise RefusedError("\n".join(account.refusals), result)
    return result


@contextmanager
def _scratch(writer: Writer) -> Iterator[Path]:
    """Give a folder for what does not fit in memory; folders that killed ingests left are removed too."""
    for left in writer.folder.glob(".scratch-*"):
        shutil.rmtree(left, ignore_errors=True)
    folder = writer.folder / f".scratch-{hashlib.sha256(str(id(writer)).encode()).hexdigest()[:8]}"
    folder.mkdir()
    writer.connection.execute(f"SET temp_directory = {quote_text(str(folder))}")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _take_file(reading: _Reading, file: PlannedFile) -> None:
    """Read one file into its tables, unless that was done before."""
    digest = _sha256(file.path)
    known = [reading.account.records.get(_record_key(reading, file, entry)) for entry in file.entries]
    prints = [_fingerprint(reading, file, entry) for entry in file.entries]
    if all(
        record and record["sha256"] == digest and record["fingerprint"] == fingerprint
        for record, fingerprint in zip(known, prints, strict=True)
    ):
        reading.account.files += [known_file(record) for record in known if record]
        return
    checked = _check_file(reading, file)
    for place, (entry, rows, raw) in enumerate(checked):
        reading.writer.upsert(entry.table, f"FROM {rows.relation}", key=TABLES[entry.table].key)
        rows.release(reading.connection)
        _note_file(reading, file, entry, rows, raw, digest=digest, fingerprint=prints[place])


def _take_edited(reading: _Reading, files: Sequence[PlannedFile], *, is_all: bool) -> None:
    """Make each small table what its files say; one whose files are all gone becomes empty."""
    relations: dict[str, list[str]] = {}
    refused: set[str] = set()
    for file in files:
        checked = _check_file(reading, file)
        if not checked:
            refused.add(file.entries[0].table)
        for entry, rows, raw in checked:
            relations.setdefault(entry.table, []).append(rows.relation)
            fingerprint = _fingerprint(reading, file, entry)
            _note_file(reading, file, entry, rows, raw, digest=_sha256(file.path), fingerprint=fingerprint)
    for table in _forget_absent(reading, files) if is_all else ():
        relations.setdefault(table, [])
    for table in relations.keys() - refused:
        reading.writer.replace(table, _latest_rows(table, relations[table]))


def _forget_absent(reading: _Reading, files: Sequence[PlannedFile]) -> list[str]:
    """Drop the records of edited files that are gone; give their tables."""
    present = {_label(reading.workspace, file.path) for file in files}
    records = reading.account.records
    absent = [key for key in records if key[0].startswith("data/tables/") and key[0] not in present]
    for key in absent:
        del records[key]
    return [table for _, _, table in absent]


def _latest_rows(table: str, relations: Sequence[str]) -> str:
    """Give the query of all rows of several relations; of one key, those of the last relation."""
    columns = ", ".join(map(quote_name, table_types(table)))
    key = ", ".join(map(quote_name, TABLES[table].key))
    parts = [f"SELECT *, {place} AS _place FROM {relation}" for place, relation in enumerate(relations)]
    rows = " UNION ALL ".join(parts) or f"SELECT *, 0 AS _place FROM {_nothing(table)}"
    return (
        f"SELECT {columns} FROM ({rows}) "
        f"QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY _place DESC) = 1 ORDER BY {key}"
    )


def _nothing(table: str) -> str:
    """Give the SQL of no rows with a table's columns."""
    nulls = ", ".join(f"CAST(NULL AS {kind}) AS {quote_name(name)}" for name, kind in table_types(table).items())
    return f"(SELECT {nulls} WHERE false)"


def _check_file(reading: _Reading, file: PlannedFile) -> list[tuple[FileEntry, CheckedRows, RawRows]]:
    """Read and check a file for all its tables; empty if it is refused, which is noted."""
    connection, checked = reading.connection, []
    raws: dict[tuple[str | None, ...], RawRows] = {}
    zone = file.source.time_zone or reading.settings.workbook.time_zone or "UTC"
    number = len(reading.account.files)
    try:
        for place, entry in enumerate(file.entries):
            options = (entry.format, entry.encoding, entry.delimiter, entry.sheet)
            if options not in raws:
                name = f"raw_{number}_{len(raws)}"
                raws[options] = read_raw(connection, file.path, entry, scratch=reading.scratch, relation=name)
            raw = raws[options]
            require_columns(entry, raw.columns, file.path)
            relation = f"kept_{number}_{place}"
            rows = check_rows(connection, raw, entry, path=file.path, zone=zone, relation=relation)
            checked.append((entry, rows, raw))
    except ContractError as error:
        n_read = max((raw.n_read for raw in raws.values()), default=0)
        _refuse(reading, file, str(error), n_read=n_read, checked=[])
        return []
    finally:
        for raw in raws.values():
            connection.execute(f"DROP TABLE IF EXISTS {raw.relation}")
    allowed = reading.settings.workbook.allowed_set_aside_share
    broken = [(entry, rows) for entry, rows, _ in checked if rows.broken_share > allowed]
    if broken:
        _refuse(reading, file, _refusal(reading, file, broken), n_read=0, checked=checked)
        return []
    _warn(reading, file, checked)
    return checked


def _warn(reading: _Reading, file: PlannedFile, checked: list[tuple[FileEntry, CheckedRows, RawRows]]) -> None:
    """Note what a person should know about a file that was taken."""
    label = _label(reading.workspace, file.path)
    raw = checked[0][2]
    if raw.is_encoding_guessed:
        reading.account.warnings.append(
            f"{label} was read as {raw.encoding}: not UTF-8, and its bytes do not settle it. "
            "State `encoding` in its source."
        )
    for _, rows, _ in checked:
        reading.account.warnings += [f"set aside: {sentence}" for sentence in rows.sentences]
    if file.source.is_canonical:
        extra = [name for name in raw.columns if name not in file.entries[0].columns]
        if extra:
            reading.account.warnings.append(
                f"{label} has columns that {file.entries[0].table} does not know: {', '.join(extra)} were not read."
            )


def _refuse(
    reading: _Reading,
    file: PlannedFile,
    message: str,
    *,
    n_read: int,
    checked: list[tuple[FileEntry, CheckedRows, RawRows]],
) -> None:
    """Note that nothing of a file is taken: its sound rows count as `file_refused`."""
    account, label = reading.account, _label(reading.workspace, file.path)
    account.refusals.append(message)
    if not checked:
        aside = {"file_refused": n_read} if n_read else {}
        for entry in file.entries:
            account.files.append(IngestedFile(label, file.source.name, entry.table, n_read, 0, aside))
    for entry, rows, raw in checked:
        sound = {"file_refused": rows.n_kept} if rows.n_kept else {}
        aside = dict(sorted({**rows.set_aside, **sound}.items()))
        account.files.append(IngestedFile(label, file.source.name, entry.table, rows.n_read, 0, aside, raw.encoding))


def _refusal(reading: _Reading, file: PlannedFile, broken: list[tuple[FileEntry, CheckedRows]]) -> str:
    """Say why a file is refused, and write the rows that broke a promise where its owner can read them."""
    label = _label(reading.workspace, file.path)
    allowed = reading.settings.workbook.allowed_set_aside_share
    entry, rows = broken[0]
    n_broken = round(rows.broken_share * rows.n_read)
    listing = write_listing(reading.writer.folder / "refused", rows.rows, file=label, table=entry.table)
    said = "\n".join(f"  {sentence}" for sentence in rows.sentences[:8])
    return (
        f"{label} must keep the promises of {entry.table} in all but {allowed:g} of its rows, got {n_broken} of "
        f"{rows.n_read} rows that break one:\n{said}\n  Nothing of it was ingested. Correct the file or its source "
        f"({file.source.name}); all rows concerned: {listing}."
    )


def _note_file(
    reading: _Reading,
    file: PlannedFile,
    entry: FileEntry,
    rows: CheckedRows,
    raw: RawRows,
    *,
    digest: str,
    fingerprint: str,
) -> None:
    """Write down what became of a file's rows: the record, and the rows set aside."""
    key = _record_key(reading, file, entry)
    reading.account.records[key] = {
        "path": key[0],
        "sha256": digest,
        "source": key[1],
        "table": key[2],
        "read": rows.n_read,
        "kept": rows.n_kept,
        "set_aside": json.dumps(dict(rows.set_aside), sort_keys=True),
        "encoding": raw.encoding,
        "time_zone": file.source.time_zone or "",
        "fingerprint": fingerprint,
    }
    reading.account.files.append(
        IngestedFile(*key, read=rows.n_read, kept=rows.n_kept, set_aside=rows.set_aside, encoding=raw.encoding)
    )
    reading.account.set_aside[key] = (digest, rows.rows)


def _write_set_aside(reading: _Reading) -> None:
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


def _record_key(reading: _Reading, file: PlannedFile, entry: FileEntry) -> tuple[str, str, str]:
    return _label(reading.workspace, file.path), file.source.name, entry.table


def _label(workspace: Path, path: Path) -> str:
    """Name a file: relative to the workspace where it lies inside."""
    whole, root = path.resolve(), workspace.resolve()
    return whole.relative_to(root).as_posix() if whole.is_relative_to(root) else whole.as_posix()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fingerprint(reading: _Reading, file: PlannedFile, entry: FileEntry) -> str:
    """Give a hash of everything besides the file itself that decides how its rows are read."""
    zone = file.source.time_zone or reading.settings.workbook.time_zone or "UTC"
    said = f"{_EDITION} {entry.model_dump_json()} {zone} {TABLES[entry.table]!r}"
    return hashlib.sha256(said.encode()).hexdigest()[:16]
