"""Stored facts: kept in step with the tables and the settings they were made from."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import duckdb

from csm_lib.collect.facts import build_facts, facts_fingerprint
from csm_lib.collect.safeguards import machine_limits
from csm_lib.collect.warehouse import Warehouse, Writer, writing
from csm_lib.definitions import TABLES
from csm_lib.engine import connect
from csm_lib.settings import Settings, load_settings

__all__ = ["make_facts", "refresh_facts", "with_source_zone"]


def with_source_zone(settings: Settings, warehouse: Warehouse, connection: duckdb.DuckDBPyConnection) -> Settings:
    """Give settings a time zone where they have none: that of the sources, by rows kept.

    Returns
    -------
    Settings
        The same object where a zone is set, or no source states one.
    """
    if settings.workbook.time_zone is not None or not warehouse.has("files"):
        return settings
    found = connection.sql(
        f"SELECT time_zone FROM {warehouse.snapshot_sql('files')} WHERE time_zone <> '' "
        "GROUP BY time_zone ORDER BY sum(kept) DESC, time_zone LIMIT 1"
    ).fetchall()
    if not found:
        return settings
    return settings.model_copy(update={"workbook": settings.workbook.model_copy(update={"time_zone": found[0][0]})})


def _facts_made_from(writer: Writer, settings: Settings) -> str:
    versions = {name: version for name, version in sorted(writer.edition.tables.items()) if name in TABLES}
    return f"{facts_fingerprint(settings)} {json.dumps(versions)}"


def make_facts(writer: Writer, settings: Settings) -> None:
    """Make the fact tables anew if the tables or the settings they depend on have changed."""
    made_from = _facts_made_from(writer, settings)
    tables = [name for name in writer.edition.tables if name in TABLES]
    if made_from == writer.edition.facts_made_from or not tables:
        return
    writer.reading.create_views(writer.connection, tables)
    # beside the tables, so that moving a file there is a matter of its name
    with tempfile.TemporaryDirectory(prefix=".scratch-facts-", dir=writer.folder) as scratch:
        for name, files in build_facts(writer.connection, settings, folder=Path(scratch)).items():
            writer.replace_by_files(name, files)
    writer.remember_facts(made_from)


def refresh_facts(workspace: Path, settings: Settings | None = None) -> bool:
    """Make the facts anew if settings they depend on have changed since; tell whether that was so.

    Raises
    ------
    UnavailableError
        If it is needed and another process is writing, or the disk is full.
    """
    settings = settings or load_settings(workspace)
    warehouse = Warehouse.open(workspace)
    with machine_limits(workspace), connect() as connection:
        zoned = with_source_zone(settings, warehouse, connection)
        present = Writer(warehouse.folder, warehouse.edition, connection)
        if not warehouse.edition.tables or _facts_made_from(present, zoned) == warehouse.edition.facts_made_from:
            return False
        with writing(workspace, connection) as writer:
            make_facts(writer, zoned)
    return True
