"""JSON lines: one object a line, nested keys as columns `a.b`, every value as the text that stood there.

Numbers keep their digits (a ticket number of twenty digits stays one), lists stay JSON, and a line that is no object is
reported with its line. Rows go through files in pieces, so the size of an export does not matter.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from csm_lib.collect.containers import open_bytes
from csm_lib.collect.encodings import detect_encoding, require_decodable, text_pieces
from csm_lib.collect.entries import FileEntry
from csm_lib.collect.rawrows import BrokenRow, RawRows, column_names, quote_path
from csm_lib.engine import quote_name
from csm_lib.errors import ContractError

__all__ = ["json_columns", "read_json_lines"]

_LONGEST_LINE = 16_000_000
_MOST_COLUMNS = 2000
_BATCH_ROWS = 50_000
_BATCH_LETTERS = 32_000_000
_BLANKS = " \t\r\ufeff"


class _NoRowError(ValueError):
    """A line that is not one JSON object with each key once."""


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _NoRowError
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_float=str, parse_int=str, parse_constant=str)


def _flat(given: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str | None]]:
    """Yield the columns of an object, inner objects by dots."""
    for key, value in given.items():
        name = f"{before}{key}"
        if isinstance(value, dict):
            yield from _flat(value, f"{name}.")
        elif isinstance(value, bool):
            yield name, "true" if value else "false"
        elif isinstance(value, list):
            yield name, json.dumps(value, ensure_ascii=False) if value else None
        else:
            yield name, value or None


def _row(line: str) -> dict[str, str | None]:
    """Read one line; `_NoRowError` if it is no row."""
    try:
        given = _DECODER.decode(line.strip(_BLANKS))
        if not isinstance(given, dict):
            raise _NoRowError
        pairs = list(_flat(given))
        found = dict(pairs)
        # half a character is no text, and a zero byte ends texts in other programs
        "".join(value for _, value in pairs if value).encode()
        "".join(found).encode()
    except (ValueError, RecursionError):
        raise _NoRowError from None
    if len(found) < len(pairs):
        raise _NoRowError
    return found


def _lines(path: Path, encoding: str) -> Iterator[str]:
    """Yield the lines of a file, whichever newline ends them."""
    rest = ""
    for piece in text_pieces(path, encoding):
        *whole, rest = (rest + piece).split("\n")
        yield from whole
        if len(rest) > _LONGEST_LINE:
            raise ContractError(
                f"{path} must have lines of at most {_LONGEST_LINE:,} characters, got a longer one. "
                "Export it as JSON lines: one object a line."
            )
    if rest:
        yield rest


def json_columns(path: Path, entry: FileEntry) -> tuple[str, ...]:
    """Give the columns of the first rows of a file; none if they cannot be read."""
    with open_bytes(path) as stream:
        start = stream.read(1 << 20).decode(entry.encoding or "utf-8-sig", errors="replace")
    names: dict[str, None] = {}
    for line in start.split("\n"):
        try:
            names |= dict.fromkeys(_row(line))
        except _NoRowError:
            continue
    return column_names(list(names))


def read_json_lines(
    connection: duckdb.DuckDBPyConnection, path: Path, entry: FileEntry, *, scratch: Path, relation: str
) -> RawRows:
    """Read a file of JSON lines; see `csm_lib.collect.readers.read_raw`.

    Raises
    ------
    ContractError
        If its bytes are no text, it has a list over several lines or more columns than any export.
    """
    encoding, is_guess = (entry.encoding, False) if entry.encoding else detect_encoding(path)
    if entry.encoding:
        require_decodable(path, encoding)
    _require_lines(path, encoding)
    writer = _Pieces(path, scratch)
    broken: list[BrokenRow] = []
    for number, line in enumerate(_lines(path, encoding), start=1):
        if not line.strip(_BLANKS):
            broken.append(BrokenRow(number, "blank_row", None))
            continue
        try:
            writer.add(number, _row(line), size=len(line))
        except _NoRowError:
            broken.append(BrokenRow(number, "malformed_row", "no JSON object"))
    if not writer.n_rows:
        raise ContractError(
            f"{path} must have one JSON object a line, each key once, got none that is (line {broken[0].line}). "
            "Export it again."
        )
    columns = writer.load(connection, relation)
    rows = writer.line_numbers()

    def line_of(numbers: np.ndarray) -> np.ndarray:
        return rows[numbers - 1]

    return RawRows(relation, columns, writer.n_rows, line_of, tuple(broken), encoding, is_guess)


def _require_lines(path: Path, encoding: str) -> None:
    """Refuse a list, and an object over several lines: their lines are no rows."""
    first = next((line.strip(_BLANKS) for line in _lines(path, encoding) if line.strip(_BLANKS)), "")
    if first.startswith("[") or first == "{":
        kind = "a list" if first.startswith("[") else "an object over several lines"
        raise ContractError(f"{path} must have one JSON object a line, got {kind}. Export it as JSON lines.")
    if not first:
        raise ContractError(f"{path} must have one JSON object a line, got none. Export it again.")


class _Pieces:
    """Rows gathered into Parquet files of the columns that each happens to have."""

    def __init__(self, path: Path, scratch: Path) -> None:
        self.path, self.scratch = path, scratch
        self.n_rows, self._n_letters = 0, 0
        self._names: dict[str, int] = {}
        self._rows: list[dict[str, str | None]] = []
        self._files: list[Path] = []
        self._numbers: list[np.ndarray] = []
        self._lines: list[int] = []

    def add(self, line: int, row: dict[str, str | None], *, size: int) -> None:
        """Take one more row."""
        for name in row:
            self._names.setdefault(name, len(self._names))
        if len(self._names) > _MOST_COLUMNS:
            raise ContractError(
                f"{self.path} must have at most {_MOST_COLUMNS:,} different keys, got more (line {line}). Export it "
                "with fixed keys."
            )
        self.n_rows += 1
        self._n_letters += size
        self._rows.append(row)
        self._lines.append(line)
        if len(self._rows) >= _BATCH_ROWS or self._n_letters > _BATCH_LETTERS:
            self._flush()

    def _flush(self) -> None:
        if not self._rows:
            return
        names = sorted({name for row in self._rows for name in row}, key=self._names.__getitem__)
        first = self.n_rows - len(self._rows) + 1
        numbers = pa.array(np.arange(first, self.n_rows + 1))
        arrays = {f"c{self._names[n]}": pa.array([row.get(n) for row in self._rows], pa.large_string()) for n in names}
        file = self.scratch / f"json-{abs(hash(str(self.path))):x}-{len(self._files)}.parquet"
        pq.write_table(pa.table({"_row": numbers, **arrays}), file)
        self._files.append(file)
        self._numbers.append(np.array(self._lines, dtype=np.int64))
        self._rows, self._lines, self._n_letters = [], [], 0

    def load(self, connection: duckdb.DuckDBPyConnection, relation: str) -> tuple[str, ...]:
        """Make the numbered table of texts; give its columns."""
        self._flush()
        columns = column_names(list(self._names))
        if not self._files:
            columns = columns or ("column_1",)
            nulls = ", ".join(f"CAST(NULL AS VARCHAR) AS {quote_name(name)}" for name in columns)
            connection.execute(f"CREATE OR REPLACE TEMP TABLE {relation} AS SELECT 0 AS _row, {nulls} WHERE false")
            return columns
        paths = ", ".join(quote_path(file) for file in self._files)
        named = "".join(f", c{place} AS {quote_name(name)}" for place, name in enumerate(columns))
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {relation} AS SELECT _row{named} "
            f"FROM read_parquet([{paths}], union_by_name=true)"
        )
        return columns

    def line_numbers(self) -> np.ndarray:
        """Give the file line of each row."""
        return np.concatenate(self._numbers) if self._numbers else np.empty(0, np.int64)
