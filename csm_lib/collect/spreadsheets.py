"""Spreadsheets: XLSX, XLS and ODS as rows of text; the values their cells show last, no formula is ever run.

Cells are dense in memory whatever the file's size: what would unpack or spread beyond reason is refused beforehand.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from csm_lib.collect.compound_files import wrong_in_xls
from csm_lib.collect.containers import as_file
from csm_lib.collect.entries import FileEntry
from csm_lib.collect.rawrows import RawRows, column_names
from csm_lib.collect.signatures import shown_kind
from csm_lib.errors import ContractError

__all__ = ["read_spreadsheet", "sheet_columns", "sheet_names"]

_MOST_UNPACKED = 4 << 30
_MOST_RATIO = 400
_MOST_CELLS = 50_000_000
_CHUNK = 1 << 20
_CELL = re.compile(rb'<(?:\w+:)?c r="([A-Z]{1,3})(\d{1,7})"')
_REPEATED = re.compile(rb'<table:table-(row|cell)\b([^>]*?)number-(?:rows|columns)-repeated="(\d+)"([^>]*)>')
# a formula without a value; one that gave an empty text says so (t="str")
_UNCALCULATED = re.compile(
    rb"<(?:\w+:)?c\b((?:(?!t=.str)[^>])*)>(?:<f\b[^>]*/>|<f\b[^>]*>[^<]*</f>)(?:<v\s*/>|<v></v>)?</(?:\w+:)?c>"
)
_BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, OSError, ValueError, NotImplementedError, IndexError)
_SAVE_AGAIN = "Save it again as XLSX."


def cell_text(cell: Any) -> str | None:
    """Write a cell as text: whole numbers without a fraction, times as ISO 8601, durations in seconds.

    Examples
    --------
    >>> cell_text(12.0), cell_text(date(2024, 1, 3)), cell_text("0012")
    ('12', '2024-01-03', '0012')
    """
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


def sheet_columns(path: Path, entry: FileEntry) -> tuple[str, ...]:
    """Give the column names of a sheet; ContractError if it cannot be read."""
    return _sheet(path, entry)[0]


def sheet_names(path: Path, scratch: Path) -> list[str]:
    """Give the names of a spreadsheet's sheets; none where they cannot be read.

    Raises
    ------
    ContractError
        If what it says of itself would fill all memory.
    """
    import python_calamine

    plain = as_file(path, scratch)
    _require_modest_cells(plain, path)
    try:
        with plain.open("rb") as stream:
            return list(python_calamine.CalamineWorkbook.from_filelike(stream).sheet_names)
    except (python_calamine.CalamineError, OSError, ValueError):
        return []
    except BaseException as error:  # the parser's own panics are no Exception
        if type(error).__name__ != "PanicException":
            raise
        return []


def read_spreadsheet(
    connection: duckdb.DuckDBPyConnection, path: Path, entry: FileEntry, *, scratch: Path, relation: str
) -> RawRows:
    """Read one sheet of a spreadsheet; see `csm_lib.collect.readers.read_raw`.

    Raises
    ------
    ContractError
        If it is no spreadsheet, bursts, is spread too wide, lacks the sheet or has no header.
    """
    plain = as_file(path, scratch)
    columns, n_header, rows, notes = _sheet(plain, entry, label=path)
    arrays = {
        name: pa.array([cell_text(row[place]) if place < len(row) else None for row in rows], pa.string())
        for place, name in enumerate(columns)
    }
    table = pa.table({"_row": pa.array(np.arange(1, len(rows) + 1)), **arrays})
    connection.register(f"{relation}_sheet", table)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {relation} AS SELECT * FROM {relation}_sheet")
    connection.unregister(f"{relation}_sheet")
    return RawRows(relation, columns, len(rows), lambda numbers: numbers + n_header, notes=notes)


def _sheet(
    path: Path, entry: FileEntry, *, label: Path | None = None
) -> tuple[tuple[str, ...], int, list[list[Any]], tuple[str, ...]]:
    """Give the column names, the sheet row of the header, the rows below it, and what a person should know."""
    label = label or path
    n_uncalculated = _require_modest_cells(path, label)
    rows = _rows(path, entry, label)
    for place, row in enumerate(rows):
        header = [cell_text(cell) or "" for cell in row]
        if any(name.strip() for name in header):
            notes = [_note(label, n_uncalculated)] if n_uncalculated else []
            if _is_misnamed(path):
                notes.append(f"{label.name} was read as {str(shown_kind(path)).upper()}, which its content is.")
            return column_names(header), place + 1, rows[place + 1 :], tuple(notes)
    raise ContractError(f"{label} must have a header line, got none. Export it again with its column names.")


def _is_misnamed(path: Path) -> bool:
    """Tell whether a file's name says another kind of spreadsheet than its content is."""
    shown, named = shown_kind(path), path.suffix.lower()
    return (shown, named) in {("xls", ".xlsx"), ("xls", ".ods"), ("xlsx", ".xls")}


def _note(path: Path, n_formulas: int) -> str:
    return (
        f"{path.name} must hold the values of its formulas, got {n_formulas} that were never calculated: their cells "
        "were read as empty. Open it in a spreadsheet program and save it."
    )


def _rows(path: Path, entry: FileEntry, label: Path) -> list[list[Any]]:
    import python_calamine

    try:
        if _is_misnamed(path):
            with path.open("rb") as file:  # told by its content
                book = python_calamine.CalamineWorkbook.from_filelike(file)
        else:
            book = python_calamine.CalamineWorkbook.from_path(str(path))
        if entry.sheet is not None and entry.sheet not in book.sheet_names:
            raise ContractError(
                f"{label} must have the sheet {entry.sheet!r}, got {', '.join(book.sheet_names)}. Correct the source."
            )
        if not book.sheet_names:
            raise ContractError(f"{label} must have a sheet, got none. {_SAVE_AGAIN}")
        sheet = book.get_sheet_by_name(entry.sheet) if entry.sheet else book.get_sheet_by_index(0)
        return sheet.to_python(skip_empty_area=False)
    except python_calamine.PasswordError:
        raise ContractError(f"{label} must not be encrypted, got a password asked for. Save it without one.") from None
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise ContractError(f"{label} must be a readable spreadsheet, got {error}. {_SAVE_AGAIN}") from None
    except BaseException as error:  # the parser's own panics are no Exception
        if type(error).__name__ != "PanicException":
            raise
        said = str(error).splitlines()[0] if str(error) else "a structure that cannot be"
        raise ContractError(f"{label} must be a readable spreadsheet, got {said}. {_SAVE_AGAIN}") from None


def _require_modest_cells(path: Path, label: Path) -> int:
    """Refuse what would burst in memory; give the number of formulas without a value."""
    if wrong := wrong_in_xls(path):
        raise ContractError(f"{label} must be a readable spreadsheet, got {wrong}. {_SAVE_AGAIN}")
    if not zipfile.is_zipfile(path):
        return 0
    n_bytes = n_uncalculated = 0
    try:
        with zipfile.ZipFile(path) as archive, path.open("rb") as raw:
            for item in archive.infolist():
                reach = _Reach()
                for chunk in _unpacked(raw, item):
                    n_bytes += len(chunk)
                    if n_bytes > min(_MOST_UNPACKED, max(64 << 20, _MOST_RATIO * path.stat().st_size)):
                        raise ContractError(
                            f"{label} must not unpack to more than {_MOST_RATIO} times its size, got {n_bytes:,} bytes "
                            f"and more out of {path.stat().st_size:,}. {_SAVE_AGAIN}"
                        )
                    if item.filename.startswith("xl/worksheets/") or item.filename == "content.xml":
                        reach.see(chunk)
                n_uncalculated += reach.n_uncalculated
                if reach.n_cells > _MOST_CELLS:
                    raise ContractError(
                        f"{label} must spread over at most {_MOST_CELLS:,} cells, got {reach.n_cells:,} between its "
                        f"first and its last. Delete what stands far off ({reach.last}) and save it again."
                    )
    except _BROKEN as error:
        raise ContractError(f"{label} must be a readable spreadsheet, got {error}. {_SAVE_AGAIN}") from None
    return n_uncalculated


def _unpacked(raw: Any, item: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield what a part of a zip really unpacks to, whatever size it declares."""
    raw.seek(item.header_offset)
    head = raw.read(30)
    if len(head) < 30:
        raise zipfile.BadZipFile("a part that is cut off")
    raw.seek(item.header_offset + 30 + int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little"))
    left = item.compress_size
    engine = zlib.decompressobj(-15) if item.compress_type == zipfile.ZIP_DEFLATED else None
    while left > 0 and (packed := raw.read(min(left, _CHUNK))):
        left -= len(packed)
        if engine is None:
            yield packed
            continue
        while packed and not engine.eof:
            yield engine.decompress(packed, _CHUNK)
            packed = engine.unconsumed_tail


class _Reach:
    """How far the cells of one sheet reach, as its text goes by."""

    def __init__(self) -> None:
        self._tail = b""
        self._columns: set[bytes] = set()
        self._row = self._first = 0
        self._wide, self._high = 1, 0
        self.n_uncalculated = 0

    def see(self, chunk: bytes) -> None:
        """Look at the next piece of the sheet's text."""
        text, n_seen = self._tail + chunk, len(self._tail)
        self._tail = text[-300:]
        cells = _CELL.findall(text)
        if cells:
            self._columns |= {column for column, _ in cells}
            self._row = max(self._row, max(int(row) for _, row in cells))
        self.n_uncalculated += sum(found.end() > n_seen for found in _UNCALCULATED.finditer(text))
        for kind, before, number, after in _REPEATED.findall(text):
            has_value = b"office:value" in before + after
            if kind == b"row":
                self._high = max(self._high, int(number))
            elif has_value:
                self._wide = max(self._wide, int(number))

    @property
    def last(self) -> str:
        """The last column and row that hold a cell."""
        column = max(self._columns, key=lambda name: (len(name), name), default=b"A")
        return f"{column.decode()}{max(self._row, self._high)}"

    @property
    def n_cells(self) -> int:
        """Cells of the rectangle from the sheet's corner to its last row and column."""
        letters = max(self._columns, key=lambda name: (len(name), name), default=b"")
        n_columns = 0
        for letter in letters:
            n_columns = n_columns * 26 + letter - 64
        spread = self._wide * self._high if self._wide > 1 else 0
        return max(n_columns * self._row, spread)
