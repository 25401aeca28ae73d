"""Commits: rows go into files beside a table's others, and the table takes those files in one step.

The engine writes the files, with all its threads and within its memory; the table's log, a few lines, is all that the
table storage writes. A file that was not written to its end is none of the table's and is removed.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable, Schema, write_deltalake
from deltalake.transaction import AddAction, create_table_with_add_actions

from csm_lib.collect.rawrows import quote_path
from csm_lib.engine import quote_text

__all__ = ["commit_files", "commit_rows", "files_sql", "write_file"]

_BATCH_ROWS = 100_000


def write_file(connection: duckdb.DuckDBPyConnection, path: Path, query: str) -> int:
    """Write the rows of a query into a new Parquet file, whole or not at all; give their number.

    Raises
    ------
    duckdb.Error
        If the query fails, or the disk is full.
    """
    try:
        copied = connection.execute(f"COPY ({query}) TO {quote_text(str(path))} (FORMAT parquet)").fetchall()
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return int(copied[0][0])


def files_sql(paths: Sequence[Path]) -> str:
    """Give the SQL that reads Parquet files one after the other.

    Examples
    --------
    >>> files_sql([Path("a[1].parquet")])
    "read_parquet(['a[[]1].parquet'])"
    """
    return f"read_parquet([{', '.join(map(quote_path, paths))}])"


def commit_rows(
    connection: duckdb.DuckDBPyConnection, table: Path, query: str, *, mode: Literal["append", "overwrite"]
) -> int:
    """Add a query's rows to a table, or make them the whole table; give their number.

    Parameters
    ----------
    table : Path
        The table's folder; made if it is not there, unless there is nothing to add.
    query : str
        SELECT whose columns are the table's.

    Raises
    ------
    duckdb.Error
        If the query fails, or the disk is full; the table is as it was then.
    """
    schema = _schema(connection, query)
    table.mkdir(parents=True, exist_ok=True)
    path = table / "part.parquet"
    n_rows = write_file(connection, path, query)
    if n_rows or mode == "overwrite":
        _commit(connection, table, [path] if n_rows else [], schema=schema, mode=mode)
    path.unlink(missing_ok=True)
    return n_rows


def commit_files(connection: duckdb.DuckDBPyConnection, table: Path, files: Sequence[Path]) -> None:
    """Make Parquet files of the same columns, at least one, the whole table; they are moved into its folder."""
    table.mkdir(parents=True, exist_ok=True)
    _commit(connection, table, files, schema=_schema(connection, f"FROM {files_sql(files)}"), mode="overwrite")


def _commit(
    connection: duckdb.DuckDBPyConnection,
    table: Path,
    files: Sequence[Path],
    *,
    schema: Schema,
    mode: Literal["append", "overwrite"],
) -> None:
    there = DeltaTable(str(table)) if DeltaTable.is_deltatable(str(table)) else None
    if there is not None and there.schema() != schema:
        # the definitions have other columns than they had: the table storage knows how to bring the two together
        none = pa.schema(schema.to_arrow()).empty_table()
        rows = connection.sql(f"FROM {files_sql(files)}").to_arrow_reader(_BATCH_ROWS) if files else none
        if mode == "append":
            write_deltalake(there, rows, mode="append", schema_mode="merge")
        else:
            write_deltalake(there, rows, mode="overwrite", schema_mode="overwrite")
        return
    actions = [_moved(path, table) for path in files]
    if there is None:
        create_table_with_add_actions(str(table), schema, actions)
    else:
        there.create_write_transaction([*actions], mode, schema)


def _schema(connection: duckdb.DuckDBPyConnection, query: str) -> Schema:
    """Give the columns of a query as the table storage knows them."""
    return Schema.from_arrow(connection.sql(f"FROM ({query}) LIMIT 0").to_arrow_table().schema)


def _moved(path: Path, table: Path) -> AddAction:
    """Move a file into a table's folder, under a name that no other has; give what the log says about it."""
    moved = table / f"{path.stem}-{uuid.uuid4()}.parquet"
    os.replace(path, moved)
    found = moved.stat()
    said = json.dumps({"numRecords": pq.read_metadata(moved).num_rows})
    return AddAction(moved.name, found.st_size, {}, int(found.st_mtime * 1000), True, said)
