"""Text files: CSV in any usual encoding and separator, read to the last row, each row with its line.

The engine reads everything as text in parallel and reports rows with a wrong number of fields. Lines are looked up
only when a row is set aside: where every line is a row that is arithmetic, else one pass over the bytes tells.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO

import duckdb
import numpy as np

from csm_lib.collect.rawrows import BrokenRow, RawRows, column_names, quote_path, quote_text
from csm_lib.collect.sources import FileEntry
from csm_lib.errors import ContractError

__all__ = ["detect_encoding", "open_bytes", "read_text_file", "text_header"]

_SEPARATORS = (",", ";", "\t", "|")
_CHUNK = 1 << 20
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
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


def open_bytes(path: Path) -> IO[bytes]:
    """Open a file for reading bytes, through gzip where the name ends with `.gz`."""
    return gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb")  # type: ignore[return-value]


def _chunks(path: Path) -> Iterator[bytes]:
    try:
        with open_bytes(path) as stream:
            while chunk := stream.read(_CHUNK):
                yield chunk
    except (EOFError, gzip.BadGzipFile) as error:
        raise ContractError(f"{path} must be a whole gzip file, got {error}. Copy or export it again.") from None


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for chunk in _chunks(path):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def detect_encoding(path: Path) -> tuple[str, bool]:
    """Find the encoding of a text file, and tell whether that is a guess.

    UTF-8 (with or without a mark at the start) proves itself. What is not UTF-8 is GB18030 if all of it decodes and
    nearly all of its non-ASCII characters are in everyday use (GB 2312), else Latin-1, which never fails.

    Returns
    -------
    (str, bool)
        Codec name; True if other readings were possible.

    Raises
    ------
    ContractError
        If the file holds zero bytes as only binary files do, or a broken gzip stream.
    """
    first = next(_chunks(path), b"")
    for mark, name in _BOMS:
        if first.startswith(mark):
            return name, False
    if b"\0" in first:
        raise ContractError(f"{path} must be a text file, got zero bytes in it. Export it as CSV.")
    if _decodes(path, "utf-8"):
        return "utf-8", False
    if _decodes(path, "gb18030") and _everyday_share(path) >= 0.9:
        return "gb18030", True
    return "latin-1", True


def _everyday_share(path: Path) -> float:
    """Give the share of non-ASCII characters, read as GB18030, that GB 2312 knows; of the first 200,000 at most."""
    decoder = codecs.getincrementaldecoder("gb18030")()
    n = n_known = 0
    for chunk in _chunks(path):
        foreign = [letter for letter in decoder.decode(chunk) if ord(letter) > 127]
        n += len(foreign)
        n_known += len("".join(foreign).encode("gb2312", errors="ignore")) // 2
        if n > 200_000:
            break
    return n_known / n if n else 0.0


def _transcoded(path: Path, encoding: str, scratch: Path) -> Path:
    """Write a UTF-8 copy, piece by piece."""
    copy = scratch / f"utf8-{abs(hash(str(path))):x}.csv"
    decoder = codecs.getincrementaldecoder(encoding)()
    n_lines = 0
    with copy.open("wb") as out:
        try:
            for chunk in _chunks(path):
                text = decoder.decode(chunk)
                n_lines += text.count("\n")
                out.write(text.encode("utf-8", errors="replace"))
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            wrong = error.object[error.start : error.start + 1].hex()
            raise ContractError(
                f"{path} must be readable as {encoding}, got the byte 0x{wrong} (after line {n_lines + 1}). "
                "State the file's encoding in its source, or leave it out to have it detected."
            ) from None
    return copy


def text_header(stream: io.TextIOBase, entry: FileEntry) -> _Header:
    """Read the column names, the separator and how many records and lines come before the data.

    Parameters
    ----------
    stream : text stream, universal newlines
    entry : FileEntry
        May state the delimiter.
    """
    n_records, n_lines, first = 0, 0, ""
    while not first.strip("\r\n"):
        line = stream.readline(_LONGEST_ROW_BYTES)
        if not line:
            break
        n_records, n_lines, first = n_records + 1, n_lines + 1, line
    while first.count('"') % 2 and (line := stream.readline(_LONGEST_ROW_BYTES)):
        n_lines, first = n_lines + 1, first + line
    delimiter = entry.delimiter or ("\t" if entry.format == "tsv" else _delimiter_of(first))
    try:
        fields = next(csv.reader(io.StringIO(first, newline=""), delimiter=delimiter), [])
    except csv.Error:
        fields = []
    names = column_names(fields) if any(name.strip() for name in fields) else ()
    return _Header(names, delimiter, n_records, n_lines)


def _delimiter_of(header: str) -> str:
    """Give the separator that cuts a header line into most fields outside quotes."""
    outside = "".join(header.split('"')[::2])
    return max(_SEPARATORS, key=outside.count)


def read_text_file(
    connection: duckdb.DuckDBPyConnection, path: Path, entry: FileEntry, *, scratch: Path, relation: str
) -> RawRows:
    """Read a CSV or TSV file, plain or gzipped; see `csm_lib.collect.readers.read_raw`."""
    encoding, is_guess = (entry.encoding, False) if entry.encoding else detect_encoding(path)
    is_utf8 = codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")
    if entry.encoding and is_utf8 and not _decodes(path, encoding):
        _transcoded(path, encoding, scratch)  # raises, naming the byte
    plain = path if is_utf8 else _transcoded(path, encoding, scratch)
    with open_bytes(plain) as stream, io.TextIOWrapper(stream, encoding="utf-8-sig", errors="replace") as text_stream:
        header = text_header(text_stream, entry)
    if not header.names:
        raise ContractError(f"{path} must have a header line, got none. Export it again with its column names.")
    rejects = _create_relation(connection, plain, header, relation)
    n_rows = connection.sql(f"SELECT count(*) FROM {relation}").fetchall()[0][0]
    n_lines, has_blank_lines = _count_lines(plain)
    is_single = len(header.names) == 1

    @cache
    def layout() -> _Layout:
        extents = {start: text.strip("\r\n").count("\n") for start, text in rejects.items()}
        return _lay_out(plain, header, extents, is_single=is_single)

    def line_of(rows: np.ndarray) -> np.ndarray:
        if n_lines == header.n_lines + n_rows:
            return rows + header.n_lines
        lines = layout().rows
        return lines[rows - 1] if len(lines) == n_rows else np.full(len(rows), -1)

    broken: list[BrokenRow] = []
    if rejects or (has_blank_lines and not is_single):
        placed = layout()
        broken += [BrokenRow(line, "blank_row", None) for line in placed.blank]
        broken += [_broken(placed.rejected.get(start), text, header.delimiter) for start, text in rejects.items()]
    return RawRows(relation, header.names, n_rows, line_of, tuple(broken), encoding, is_guess)


def _broken(line: int | None, text: str, delimiter: str) -> BrokenRow:
    is_blank = not text.strip(delimiter + ' "\t\r\n')
    return BrokenRow(line, "blank_row" if is_blank else "malformed_row", None if is_blank else text.strip("\r\n"))


def _create_relation(
    connection: duckdb.DuckDBPyConnection, path: Path, header: _Header, relation: str
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
        said = str(error).splitlines()[0]
        raise ContractError(f"{path} must be readable as CSV, got {said}. Export it again.") from None
    found = connection.sql(f"SELECT DISTINCT line_byte_position, csv_line FROM {relation}_rejects").fetchall()
    connection.execute(f"DROP TABLE {relation}_rejects; DROP TABLE {relation}_scans")
    starts = {}
    for position, text in found:
        # positions count from 1; after CRLF the reported row begins with the newline of the row before it
        text = text or ""
        starts[position - 1 + len(text) - len(text.lstrip("\r\n"))] = text
    return dict(sorted(starts.items()))


def _count_lines(path: Path) -> tuple[int, bool]:
    """Count lines (a last one without its newline too), and tell whether two newlines follow each other."""
    n_lf = n_cr = 0
    has_blank = False
    tail = b"\n"
    for chunk in _chunks(path):
        n_lf += chunk.count(b"\n")
        n_cr += chunk.count(b"\r")
        joined = tail + chunk
        has_blank = has_blank or any(pair in joined for pair in (b"\n\n", b"\n\r\n", b"\r\r"))
        tail = joined[-2:]
    n = n_lf or n_cr
    return (n if tail.endswith((b"\n", b"\r")) else n + 1), has_blank


def _lines(path: Path) -> Iterator[bytes]:
    """Yield the lines with their newlines, whichever kind the file uses."""
    with open_bytes(path) as stream:
        first = stream.read(_CHUNK)
        stream.seek(0)
        if b"\n" in first or b"\r" not in first:
            yield from stream
            return
        rest = b""
        while chunk := stream.read(_CHUNK):
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
