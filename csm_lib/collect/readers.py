"""Readers: files of every format become one relation of texts, numbered row by row, and nothing of them is lost.

Everything is read as text: what a value means is decided by the contract of its column, not by a reader's guess. A row
that is not even a row (too many or too few fields) and a blank line are reported with their line, so that rows read =
rows in the relation + rows reported.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType

import duckdb
import pyarrow as pa

from csm_lib.collect.containers import as_file, inner_name, open_bytes
from csm_lib.collect.encodings import marked_encoding
from csm_lib.collect.entries import FileEntry
from csm_lib.collect.jsonlines import json_columns, read_json_lines
from csm_lib.collect.rawrows import RawRows, quote_path
from csm_lib.collect.safeguards import is_disk_full
from csm_lib.collect.signatures import require_kind
from csm_lib.collect.spreadsheets import read_spreadsheet, sheet_columns
from csm_lib.collect.textfiles import read_text_file, text_header
from csm_lib.engine import quote_name
from csm_lib.errors import ContractError, CsmError, UsageError

__all__ = ["READERS", "read_header", "read_raw"]

_SPREADSHEETS = ("xlsx", "xls", "ods")


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
        If it is empty, or is not what its name or its source says it is.
    """
    if not path.is_file():
        raise UsageError(f"{path} must be a file, got nothing there. Check the path.")
    if path.stat().st_size == 0:
        raise ContractError(f"{path} must have a header line, got an empty file. Export it again.")
    kind = _format_of(path, entry)
    require_kind(path, kind)
    return READERS[kind](connection, path, entry, scratch=scratch, relation=relation)


def _format_of(path: Path, entry: FileEntry) -> str:
    """Give the format as stated, else by the file's name, else by the name of the one file in the zip."""
    if path.suffix.lower() == ".zip" and entry.format is None and "." not in path.stem:
        return entry.format_of(Path(inner_name(path)))
    return entry.format_of(path)


def read_header(path: Path, entry: FileEntry) -> tuple[str, ...]:
    """Give the column names of a file; empty if it has none or cannot be read in its format."""
    try:
        kind = _format_of(path, entry)
        if kind in _SPREADSHEETS or kind == "parquet":
            return _packed_header(path, entry, kind)
        if kind == "jsonl":
            return json_columns(path, entry)
        with open_bytes(path) as stream:
            head = stream.read(1 << 18)
        text = head.decode(entry.encoding or marked_encoding(head) or "utf-8-sig", errors="replace")
        return text_header(io.StringIO(text, newline=None), entry, path=path).names
    except (OSError, CsmError, pa.ArrowException):
        return ()


def _packed_header(path: Path, entry: FileEntry, kind: str) -> tuple[str, ...]:
    import tempfile

    import pyarrow.parquet as pq

    with tempfile.TemporaryDirectory() as scratch:
        plain = as_file(path, Path(scratch))
        return tuple(pq.read_schema(plain).names) if kind == "parquet" else sheet_columns(plain, entry)


def _read_parquet(
    connection: duckdb.DuckDBPyConnection, path: Path, entry: FileEntry, *, scratch: Path, relation: str
) -> RawRows:
    try:
        plain = quote_path(as_file(path, scratch))
        columns = tuple(connection.sql(f"FROM read_parquet({plain})").columns)
        texts = ", ".join(f"nullif(CAST({quote_name(name)} AS VARCHAR), '') AS {quote_name(name)}" for name in columns)
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {relation} AS SELECT row_number() OVER () AS _row, {texts} "
            f"FROM read_parquet({plain})"
        )
    except duckdb.Error as error:
        if is_disk_full(error) or isinstance(error, duckdb.OutOfMemoryException):
            raise
        said = str(error).splitlines()[0]
        raise ContractError(f"{path} must be a readable Parquet file, got {said}. Write it again.") from None
    n_rows = connection.sql(f"SELECT count(*) FROM {relation}").fetchall()[0][0]
    return RawRows(relation, columns, n_rows, lambda numbers: numbers)


READERS: MappingProxyType[str, Callable[..., RawRows]] = MappingProxyType(
    {
        "csv": read_text_file,
        "tsv": read_text_file,
        **dict.fromkeys(_SPREADSHEETS, read_spreadsheet),
        "parquet": _read_parquet,
        "jsonl": read_json_lines,
    }
)
