"""Readers: files of every format become one relation of texts, numbered row by row, and nothing of them is lost.

Everything is read as text: what a value means is decided by the contract of its column, not by a reader's guess. A row
that is not even a row (too many or too few fields) and a blank line are reported with their line, so that rows read =
rows in the relation + rows reported.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from csm_lib.collect.rawrows import RawRows, column_names, quote_name, quote_path
from csm_lib.collect.sources import FileEntry
from csm_lib.collect.textfiles import open_bytes, read_text_file, text_header
from csm_lib.errors import ContractError, CsmError, UsageError

__all__ = ["READERS", "read_header", "read_raw"]


def read_raw(
    connection: duckdb.DuckDBPyConnection, path: Path, entry: FileEntry, *, scratch: Path, relation: str
) -> RawRows:
    """Read one file as numbered rows of text.

    Parameters
    ----------
    path : Path
    entry : FileEntry
        States format, encoding, delimiter or sheet where the source does.
    scratch : Path
        Folder for a re-encoded copy; the caller removes it.
    relation : str
        Name of the temporary table to make.

    Raises
    ------
    UsageError
        If the file does not exist.
    ContractError
        If it is empty, or is not what its format says.
    """
    if not path.is_file():
        raise UsageError(f"{path} must be a file, got nothing there. Check the path.")
    if path.stat().st_size == 0:
        raise ContractError(f"{path} must have a header line, got an empty file. Export it again.")
    return READERS[entry.format_of(path)](connection, path, entry, scratch=scratch, relation=relation)


def read_header(path: Path, entry: FileEntry) -> tuple[str, ...]:
    """Give the column names of a file; empty if it has none or cannot be read in its format."""
    kind = entry.format_of(path)
    try:
        if kind == "xlsx":
            return _sheet_rows(path, entry)[0]
        if kind == "parquet":
            import pyarrow.parquet as pq

            return tuple(pq.read_schema(path).names)
        with open_bytes(path) as stream:
            text = stream.read(1 << 18).decode("utf-8-sig", errors="replace")
        return text_header(io.StringIO(text, newline=None), entry).names
    except (OSError, EOFError, CsmError, pa.ArrowException):
        return ()


def _cell_text(cell: Any) -> str | None:
    """Write a spreadsheet cell as text: whole numbers without a fraction, times as ISO 8601, durations in seconds."""
    if cell is None or cell == "":
        return None
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell.total_seconds())
    return str(cell)


def _sheet_rows(path: Path, entry: FileEntry) -> tuple[tuple[str, ...], int, list[list[Any]]]:
    """Give the column names, the sheet row of the header and the rows below it."""
    import python_calamine

    try:
        book = python_calamine.CalamineWorkbook.from_path(str(path))
        if entry.sheet is not None and entry.sheet not in book.sheet_names:
            raise ContractError(
                f"{path} must have the sheet {entry.sheet!r}, got {', '.join(book.sheet_names)}. Correct the source."
            )
        sheet = book.get_sheet_by_name(entry.sheet) if entry.sheet else book.get_sheet_by_index(0)
        rows = sheet.to_python(skip_empty_area=False)
    except (python_calamine.CalamineError, OSError) as error:
        raise ContractError(f"{path} must be a readable spreadsheet, got {error}. Save it again as XLSX.") from None
    for place, row in enumerate(rows):
        header = [_cell_text(cell) or "" for cell in row]
        if any(name.strip() for name in header):
            return column_names(header), place + 1, rows[place + 1 :]
    raise ContractError(f"{path} must have a header line, got none. Export it again with its column names.")


def _read_spreadsheet(
    connection: duckdb.DuckDBPyConnection, path: Path, entry: FileEntry, *, scratch: Path, relation: str
) -> RawRows:
    columns, n_header, rows = _sheet_rows(path, entry)
    arrays = {
        name: pa.array([_cell_text(row[place]) if place < len(row) else None for row in rows], pa.string())
        for place, name in enumerate(columns)
    }
    table = pa.table({"_row": pa.array(np.arange(1, len(rows) + 1)), **arrays})
    connection.register(f"{relation}_sheet", table)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {relation} AS SELECT * FROM {relation}_sheet")
    connection.unregister(f"{relation}_sheet")
    return RawRows(relation, columns, len(rows), lambda numbers: numbers + n_header)


def _read_parquet(
    connection: duckdb.DuckDBPyConnection, path: Path, entry: FileEntry, *, scratch: Path, relation: str
) -> RawRows:
    try:
        columns = tuple(connection.sql(f"FROM read_parquet({quote_path(path)})").columns)
        texts = ", ".join(f"nullif(CAST({quote_name(name)} AS VARCHAR), '') AS {quote_name(name)}" for name in columns)
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {relation} AS "
            f"SELECT row_number() OVER () AS _row, {texts} FROM read_parquet({quote_path(path)})"
        )
    except duckdb.Error as error:
        raise ContractError(f"{path} must be a readable Parquet file, got {error}. Write it again.") from None
    n_rows = connection.sql(f"SELECT count(*) FROM {relation}").fetchall()[0][0]
    return RawRows(relation, columns, n_rows, lambda numbers: numbers)


READERS: MappingProxyType[str, Callable[..., RawRows]] = MappingProxyType(
    {"csv": read_text_file, "tsv": read_text_file, "xlsx": _read_spreadsheet, "parquet": _read_parquet}
)
