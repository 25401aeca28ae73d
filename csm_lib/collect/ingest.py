"""Ingest: files in, checked tables and facts out, and an account of every row.

A file is read by the source that fits its name, checked as a whole, and taken or refused as a whole. Reading the same
file again changes nothing; a corrected row replaces the one before it. The small tables in `data/tables` are what
their files say: a line deleted there is gone here.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from csm_lib.collect.accounts import (
    Account,
    AwayError,
    IngestedFile,
    IngestResult,
    RefusedError,
    known_file,
    read_records,
    records_query,
    unzoned_sentence,
)
from csm_lib.collect.contracts import check_rows, require_columns
from csm_lib.collect.deliveries import compare_delivery
from csm_lib.collect.discovery import PlannedFile, is_edited_file, plan_files
from csm_lib.collect.identities import key_fingerprint, load_key, use_key
from csm_lib.collect.links import link_sentences
from csm_lib.collect.privacy import mask_text
from csm_lib.collect.queries import plan_queries, take_query
from csm_lib.collect.rawrows import RawRows
from csm_lib.collect.readers import read_raw
from csm_lib.collect.readings import (
    Checked,
    Reading,
    fingerprint,
    judge,
    note_rows,
    note_zone,
    record_key,
    refuse,
    write_set_aside,
    zone_of,
)
from csm_lib.collect.safeguards import digest_of, limit_memory, machine_limits, require_unchanged
from csm_lib.collect.settings_log import remember_settings
from csm_lib.collect.sources import load_sources
from csm_lib.collect.stored_facts import make_facts, refresh_facts, with_source_zone
from csm_lib.collect.warehouse import Writer, table_types, writing
from csm_lib.definitions import TABLES
from csm_lib.engine import connect, quote_name
from csm_lib.errors import ContractError
from csm_lib.settings import Settings, load_settings

__all__ = ["AwayError", "IngestResult", "IngestedFile", "RefusedError", "ingest", "refresh_facts", "with_source_zone"]



def ingest(
    workspace: Path, paths: Sequence[Path] = (), source: str | None = None, settings: Settings | None = None
) -> IngestResult:
    """Read files and databases into the warehouse.

    Parameters
    ----------
    workspace : Path
    paths : sequence of Path
        Files or folders; empty means everything below `data/raw` and `data/tables`, and the queries of the sources.
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
        If another ingest is running, the disk is full, or a database is away (`AwayError`: what else there was is
        taken).
    """
    settings = settings or load_settings(workspace)
    sources = load_sources(workspace)
    planned, warnings = plan_files(workspace, paths, source_name=source, sources=sources)
    queries = plan_queries(paths, source_name=source, sources=sources)
    account = Account(warnings=list(warnings))
    with (
        machine_limits(workspace),
        connect() as connection,
        writing(workspace, connection) as writer,
        _scratch(writer) as scratch,
    ):
        remember_settings(workspace, settings)
        before = dict(writer.edition.tables)
        key = load_key(workspace, expected=writer.edition.key)
        use_key(connection, key)
        reading = Reading(workspace, settings, writer, scratch, account)
        account.records = read_records(writer)
        known = dict(account.records)
        for file in planned:
            if not is_edited_file(workspace, file.path):
                _take_file(reading, file)
        for query in queries:
            take_query(reading, query)
        _take_edited(reading, [file for file in planned if is_edited_file(workspace, file.path)], is_all=not paths)
        write_set_aside(reading)
        if account.records or writer.reading.has("files"):
            writer.replace("files", records_query(connection, account.records))
        make_facts(writer, with_source_zone(settings, writer.reading, connection))
        after = writer.edition.tables
        touched = {name for name in after if after[name] != before.get(name)}
        account.warnings += unzoned_sentence(account.unzoned)
        account.warnings += link_sentences(connection, writer.reading, changed=touched)
        if after != before:
            writer.use_key(key_fingerprint(key))
            writer.files += [file.as_json() for file in account.files if _is_news(file, account, known)]
    changed = tuple(sorted(name for name in after if after[name] != before.get(name)))
    result = IngestResult(tuple(account.files), tuple(mask_text(account.warnings)), changed)
    if account.refusals:
        raise RefusedError("\n".join([*mask_text(account.refusals), *account.away]), result)
    if account.away:
        raise AwayError("\n".join(account.away), result)
    return result


def _is_news(file: IngestedFile, account: Account, known: Mapping[tuple[str, str, str], Mapping[str, object]]) -> bool:
    """Tell whether a file was taken and is not, in content and reading, what it was at the ingest before."""
    key = (file.path, file.source, file.table)
    return not file.is_unchanged and account.records.get(key) != known.get(key)


@contextmanager
def _scratch(writer: Writer) -> Iterator[Path]:
    """Give a folder for what does not fit in memory; folders that killed ingests left are removed too."""
    for left in writer.folder.glob(".scratch-*"):
        shutil.rmtree(left, ignore_errors=True)
    folder = writer.folder / f".scratch-{hashlib.sha256(str(id(writer)).encode()).hexdigest()[:8]}"
    folder.mkdir()
    limit_memory(writer.connection, folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _take_file(reading: Reading, file: PlannedFile) -> None:
    """Read one file into its tables, unless that was done before."""
    digest = digest_of(file.path)
    known = [reading.account.records.get(record_key(reading, file, entry)) for entry in file.entries]
    prints = [fingerprint(reading, file, entry) for entry in file.entries]
    if all(
        record and record["sha256"] == digest and record["fingerprint"] == wanted
        for record, wanted in zip(known, prints, strict=True)
    ):
        reading.account.files += [known_file(record) for record in known if record]
        return
    checked = _check_file(reading, file, digest=digest)
    for entry, rows, raw in checked:
        missing = compare_delivery(reading, file, entry, rows)
        reading.writer.upsert(entry.table, f"FROM {rows.relation}", key=TABLES[entry.table].key)
        rows.release(reading.connection)
        note_rows(reading, file, entry, rows, raw, digest=digest, missing=missing)


def _take_edited(reading: Reading, files: Sequence[PlannedFile], *, is_all: bool) -> None:
    """Make each small table what its files say; one whose files are all gone becomes empty."""
    relations: dict[str, list[str]] = {}
    refused: set[str] = set()
    for file in files:
        digest = digest_of(file.path)
        checked = _check_file(reading, file, digest=digest)
        if not checked:
            refused.add(file.entries[0].table)
        for entry, rows, raw in checked:
            relations.setdefault(entry.table, []).append(rows.relation)
            note_rows(reading, file, entry, rows, raw, digest=digest)
    for table in _forget_absent(reading, files) if is_all else ():
        relations.setdefault(table, [])
    for table in relations.keys() - refused:
        reading.writer.replace(table, _latest_rows(table, relations[table]))


def _forget_absent(reading: Reading, files: Sequence[PlannedFile]) -> list[str]:
    """Drop the records of edited files that are gone; give their tables."""
    present = {file.label(reading.workspace) for file in files}
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


def _check_file(reading: Reading, file: PlannedFile, *, digest: str) -> Checked:
    """Read and check a file for all its tables; empty if it is refused, which is noted."""
    connection, checked = reading.connection, []
    raws: dict[tuple[str | None, ...], RawRows] = {}
    zone = zone_of(reading, file)
    number = len(reading.account.files)
    try:
        for place, entry in enumerate(file.entries):
            options = (entry.format, entry.encoding, entry.delimiter, entry.sheet)
            if options not in raws:
                name = f"raw_{number}_{len(raws)}"
                raws[options] = read_raw(connection, file.path, entry, scratch=reading.scratch, relation=name)
            raw = raws[options]
            fitted = entry.fitted(raw.columns, path=file.path)
            require_columns(fitted, raw.columns, file.path)
            relation = f"kept_{number}_{place}"
            note_zone(reading, file, fitted, raw)
            rows = check_rows(connection, raw, fitted, path=file.path, zone=zone, relation=relation)
            checked.append((entry, rows, raw))
        require_unchanged(file.path, digest)
    except ContractError as error:
        n_read = max((raw.n_read for raw in raws.values()), default=0)
        refuse(reading, file, str(error), n_read=n_read, checked=[])
        _release(reading, checked)
        return []
    finally:
        for raw in raws.values():
            connection.execute(f"DROP TABLE IF EXISTS {raw.relation}")
    if not judge(reading, file, checked):
        _release(reading, checked)
        return []
    return checked


def _release(reading: Reading, checked: Checked) -> None:
    for _, rows, _ in checked:
        rows.release(reading.connection)
