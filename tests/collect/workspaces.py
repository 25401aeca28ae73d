"""What the tests of this room do again and again: put files into a workspace, read one, look at what became of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from csm_lib.collect.entries import FileEntry
from csm_lib.collect.rawrows import RawRows
from csm_lib.collect.readers import read_raw
from csm_lib.collect.warehouse import Warehouse
from csm_lib.engine import connect

__all__ = ["put", "read", "rows", "texts"]


def put(workspace: Path, name: str, content: str | bytes) -> Path:
    """Write a file below the workspace's data; give its path."""
    path = workspace / "data" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def rows(workspace: Path, query: str, table: str) -> list[tuple[Any, ...]]:
    """Ask an ingested table, which the query calls {}."""
    with connect() as connection:
        return connection.sql(query.format(Warehouse.open(workspace).snapshot_sql(table))).fetchall()


def read(connection: duckdb.DuckDBPyConnection, path: Path, **stated: str) -> RawRows:
    """Read a file into the relation `raw`, as a source does that states no more than it must."""
    entry = FileEntry.model_validate({"pattern": "*", "table": "raci", "columns": {"node": "a"}, **stated})
    return read_raw(connection, path, entry, scratch=path.parent, relation="raw")


def texts(connection: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    """Give the texts of `raw` in the order of the file."""
    return connection.sql("SELECT * EXCLUDE (_row) FROM raw ORDER BY _row").fetchall()
