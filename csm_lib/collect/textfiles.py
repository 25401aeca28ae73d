"""Text files: CSV in any usual encoding and separator, read to the last row, each row with its line.

The engine reads everything as text in parallel and reports rows with a wrong number of fields. Lines are looked up
only when a row is set aside: where every line is a row that is arithmetic, else one pass over the bytes tells.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb
import numpy as np

from csm_lib.collect.containers import CHUNK, chunks, open_bytes
from csm_lib.collect.encodings import decoded_copy, detect_encoding, require_decodable
from csm_lib.collect.rawrows import BrokenRow, RawRows, column_names, quote_path
from csm_lib.collect.safeguards import is_disk_full
from csm_lib.collect.sources import FileEntry
from csm_lib.engine import quote_text
from csm_lib.errors import ContractError

__all__ = ["read_text_file", "text_header"]

_SEPARATORS = (",", ";", "\t", "|")
_RARE_SEPARATORS = ("^", "~", "\x01", "\x1f")
_SEPARATOR_LINE = re.compile('"?sep=(.)"?', re.IGNORECASE)
_LONGEST_ROW_BYTES = 16_000_000


@dataclass(frozen=True)
class _Header:
    names: tuple[str, ...]
    delimiter: str
    n_records: int
    n_lines: int


@dataclass(frozen=True)
class _Layout:
    """Where rows lie: lines of the data rows in order, of blank lines, and of rejected rows by their first byte."""

    rows: np.ndarray
    blank: tuple[int, ...]
    rejected: dict[int, int]


def text_header(stream: io.TextIOBase, entry: FileEntry, *, path: Path) -> _Header:
    """Read the column names, the separator and how many records and lines come before the data.

    Parameters
    ----------
    stream : text stream, universal newlines
    entry : FileEntry
        May state the delimiter.
    path : Path
        For messages.

    Raises
    ------
    ContractError
        If two separators would do.
    """
    n_records, n_lines, first = 0, 0, ""
    while not first.strip("\r\n"):
        line = stream.readline(_LONGEST_ROW_BYTES)
        if not line:
            break
        n_records, n_lines, first = n_records + 1, n_lines + 1, line
    stated = entry.delimiter or ("\t" if entry.format == "tsv" else None)
    told = _SEPARATOR_LINE.fullmatch(first.strip("\ufeff\r\n"))
    if told and (line := stream.readline(_LONGEST_ROW_BYTES)):
        # a spreadsheet's own first line, which says the separator
        n_records, n_lines, first, stated = n_records + 1, n_lines + 1, line, stated or told.group(1)
    while first.count('"') % 2 and (line := stream.readline(_LONGEST_ROW_BYTES)):
        n_lines, first = n_lines + 1, first + line
    delimiter = stated or _delimiter_of(first, path)
    try:
        fields = next(csv.reader(io.StringIO(first, newline=""), delimiter=delimiter), [])
    except csv.Error:
        fields = []
    names = column_names(fields) if any(name.strip() for name in fields) else ()
    return _Header(names, delimiter, n_records, n_lines)


def _delimiter_of(header: str, path: Path) -> str:
    """Give the separator that cuts a header line into most fields outside quotes.

    Raises
    ------
    ContractError
        If two would cut it into equally many.
    """
    outside = "".join(header.split('"')[::2])
    for group in (_SEPARATORS, _RARE_SEPARATORS):
        counts = sorted(((outside.count(sign), sign) for sign in group), reverse=True)
        if counts[0][0] and counts[0][0] == counts[1][0]:
            raise ContractError(
                f"{path} must have a header line that one separator cuts, got {counts[0][0]} of {counts[0][1]!r} and "
                f"of {counts[1][1]!r} in {header.strip()!r}. State `delimiter` in its source."
            )
        if counts[0][0]:
            return counts[0][1]
    return _SEPARATORS[0]


def read_text_file(
    connection: duckdb.DuckDBPyConnection, path: Path, entry: FileEntry, *, scratch: Path, relation: str
) -> RawRows:
    """Read a CSV or TSV file, plain or gzipped; see `csm_lib.collect.readers.read_raw`."""
    encoding, is_guess = (entry.encoding, False) if entry.encoding else detect_encoding(path)
    is_utf8 = codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")
    if entry.encoding or encoding == "utf-8-sig":
        require_decodable(path, encoding)
    plain = path if is_utf8 and path.suffix.lower() != ".zip" else decoded_copy(path, encoding, scratch)
    newlines = _newlines(plain)
    if newlines.is_mixed:
        plain = _with_one_newline(plain, scratch)
        newlines = _newlines(plain)
    with open_bytes(plain) as stream, io.TextIOWrapper(stream, encoding="utf-8-sig", errors="replace") as text_stream:
        header = text_header(text_stream, entry, path=path)
    if not header.names:
        raise ContractError(f"{path} must have a header line, got none. Export it again with its column names.")
    try:
        rejects = _create_relation(connection, plain, header, relation)
    except duckdb.InvalidInputException:
        plain = _with_one_newline(plain, scratch)  # the engine gives up where kinds of newlines are mixed
        rejects = _create_relation(connection, plain, header, relation, label=path)
    n_rows = connection.sql(f"SELECT count(*) FROM {relation}").fetchall()[0][0]
    is_single = len(header.names) == 1

    @cache
    def layout() -> _Layout:
        extents = {start: text.strip("\r\n").count("\n") for start, text in rejects.items()}
        return _lay_out(plain, header, extents, is_single=is_single)

    def line_of(rows: np.ndarray) -> np.ndarray:
        if newlines.n_lines == header.n_lines + n_rows:
            return rows + header.n_lines
        lines = layout().rows
        return lines[rows - 1] if len(lines) == n_rows else np.full(len(rows), -1)

    broken: list[BrokenRow] = []
    if rejects or (newlines.has_blank and not is_single):
        placed = layout()
        broken += [BrokenRow(line, "blank_row", None) for line in placed.blank]
        broken += [_broken(placed.rejected.get(start), text, header.delimiter) for start, text in rejects.items()]
    return RawRows(relation, header.names, n_rows, line_of, tuple(broken), encoding, is_guess)


def _broken(line: int | None, text: str, delimiter: str) -> BrokenRow:
    is_blank = not text.strip(delimiter + ' "\t\r\n')
    return BrokenRow(line, "blank_row" if is_blank else "malformed_row", None if is_blank else text.strip("\r\n"))


def _with_one_newline(path: Path, scratch: Path) -> Path:
    """Write a copy in which every row ends with LF."""
    copy = scratch / f"lf-{abs(hash(str(path))):x}.csv"
    with copy.open("wb") as out:
        held = b""
        for chunk in chunks(path):
            text = held + chunk
            held = b"\r" if text.endswith(b"\r") else b""
            out.write(text[: len(text) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n"))
        out.write(held.replace(b"\r", b"\n"))
    return copy


def _create_relation(
    connection: duckdb.DuckDBPyConnection, path: Path, header: _Header, relation: str, *, label: Path | None = None
) -> dict[int, str]:
    """Make the numbered table of texts; give the rejected rows by their first byte."""
    columns = ", ".join(f"{quote_text(name)}: 'VARCHAR'" for name in header.names)
    query = f"""CREATE OR REPLACE TEMP TABLE {relation} AS SELECT row_number() OVER () AS _row, * FROM read_csv(
            {quote_path(path)}, delim={quote_text(header.delimiter)}, header=false, skip={header.n_records},
            auto_detect=false, quote='"', escape='"', columns={{{columns}}}, max_line_size={_LONGEST_ROW_BYTES},
            compression='{"gzip" if path.suffix.lower() == ".gz" else "none"}',
            store_rejects=true, rejects_table='{relation}_rejects', rejects_scan='{relation}_scans')"""
    try:
        connection.execute(query)
    except (duckdb.InvalidInputException, duckdb.IOException) as error:
        if is_disk_full(error) or (isinstance(error, duckdb.InvalidInputException) and label is None):
            raise
        said = str(error).splitlines()[0]
        raise ContractError(f"{label or path} must be readable as CSV, got {said}. Export it again.") from None
    found = connection.sql(f"SELECT DISTINCT line_byte_position, csv_line FROM {relation}_rejects").fetchall()
    connection.execute(f"DROP TABLE {relation}_rejects; DROP TABLE {relation}_scans")
    starts = {}
    for position, text in found:
        # positions count from 1; after CRLF the reported row begins with the newline of the row before it
        text = text or ""
        starts[position - 1 + len(text) - len(text.lstrip("\r\n"))] = text
    return dict(sorted(starts.items()))


@dataclass(frozen=True)
class _Newlines:
    """How many lines a file has, whether blank ones may be among them, and whether single CRs stand beside LFs."""

    n_lines: int
    has_blank: bool
    is_mixed: bool


def _newlines(path: Path) -> _Newlines:
    """Count lines, a last one without its newline too."""
    n_lf = n_cr = n_both = 0
    has_blank = False
    tail = b"\n"
    for chunk in chunks(path):
        joined = tail + chunk
        n_lf += chunk.count(b"\n")
        pairs: tuple[bytes, ...] = (b"\n\n",)
        if b"\r" in joined:  # most files have none: looking once is a sixth of counting
            n_cr += chunk.count(b"\r")
            n_both += joined.count(b"\r\n") - tail.count(b"\r\n")
            pairs = (b"\n\n", b"\n\r\n", b"\r\r")
        has_blank = has_blank or any(pair in joined for pair in pairs)
        tail = joined[-2:]
    n = n_lf or n_cr
    n_lines = n if tail.endswith((b"\n", b"\r")) else n + 1
    return _Newlines(n_lines, has_blank, n_lf > 0 and n_cr > n_both)


def _lines(path: Path) -> Iterator[bytes]:
    """Yield the lines with their newlines, whichever kind the file uses."""
    with open_bytes(path) as stream:
        first = stream.read(CHUNK)
        stream.seek(0)
        if b"\n" in first or b"\r" not in first:
            yield from stream
            return
        rest = b""
        while chunk := stream.read(CHUNK):
            *whole, rest = (rest + chunk).split(b"\r")
            yield from (line + b"\r" for line in whole)
        if rest:
            yield rest


def _lay_out(path: Path, header: _Header, extents: dict[int, int], *, is_single: bool) -> _Layout:
    """Walk the lines once, telling rows, blank lines and rejected rows apart as the engine did.

    `extents` gives, for the first byte of each rejected row, how many further lines it took.
    """
    rows = array("q")
    blank: list[int] = []
    rejected: dict[int, int] = {}
    start = n_more = 0
    is_inside = False
    for number, line in enumerate(_lines(path), start=1):
        begins, start = start, start + len(line)
        if number <= header.n_lines:
            continue
        if n_more:
            n_more -= 1
        elif is_inside:
            is_inside ^= line.count(b'"') % 2 == 1
        elif begins in extents:
            rejected[begins] = number
            n_more = extents[begins]
        elif not line.strip(b"\r\n") and not is_single:
            blank.append(number)
        else:
            rows.append(number)
            is_inside = line.count(b'"') % 2 == 1
    return _Layout(np.frombuffer(rows, dtype=np.int64) if rows else np.empty(0, np.int64), tuple(blank), rejected)
