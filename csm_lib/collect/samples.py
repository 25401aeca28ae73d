"""Samples: the first rows of an export, read in whatever way reads them, with what a source has to state about that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from csm_lib.collect.containers import open_bytes
from csm_lib.collect.rawrows import RawRows
from csm_lib.collect.readers import read_raw
from csm_lib.collect.sources import canonical_source
from csm_lib.collect.spreadsheets import sheet_names
from csm_lib.definitions import TABLES
from csm_lib.errors import ContractError

__all__ = ["Sample", "read_samples"]

# how a file is read about which nothing is known; its columns do not matter
_PLAIN = canonical_source(TABLES["orders"]).files[0]
_SAMPLE_BYTES = 2 << 20
_LINES = ("csv", "tsv", "jsonl")
_SPREADSHEETS = ("xlsx", "xls", "ods")
_MOST_SHEETS = 12
# tried where the bytes or the header leave it open
_ENCODINGS = ("gb18030", "big5", "utf-8", "cp1252", "latin-1", "utf-16-le")
_DELIMITERS = (",", ";", "\t", "|")


@dataclass(frozen=True)
class Sample:
    """Rows of an export as texts.

    Attributes
    ----------
    raw : RawRows
    said : dict
        Keys that the source has to state to be read so: value and comment.
    is_part : bool
        True if there are more rows.
    """

    raw: RawRows
    said: dict[str, tuple[Any, str]]
    is_part: bool


def read_samples(connection: duckdb.DuckDBPyConnection, path: Path, *, scratch: Path) -> list[Sample]:
    """Read the first rows of an export: one sample, or one per sheet of a spreadsheet.

    Raises
    ------
    ContractError
        If no way of reading it works; says what stands in the way of the plain one.
    """
    kind = _PLAIN.format_of(path)
    if kind in _SPREADSHEETS:
        return _sheets(connection, path, kind, scratch=scratch)
    part, is_part = _first_lines(path, kind, scratch) if kind in _LINES else (path, False)
    first: ContractError | None = None
    for options, why in _ways(kind):
        entry = _PLAIN.model_copy(update={"format": kind, **options})
        try:
            raw = read_raw(connection, part, entry, scratch=scratch, relation="sample")
        except ContractError as error:
            first = first or error
            continue
        if raw.n_rows or not options:
            return [Sample(raw, _said(kind, raw, options, why), is_part)]
    raise ContractError(str(first).replace(str(part), str(path)))


def _ways(kind: str) -> Iterator[tuple[dict[str, str], str]]:
    """Give ways of reading, the plain one first, with what the draft says about the others."""
    yield {}, ""
    if kind in _LINES:
        for encoding in _ENCODINGS:
            yield {"encoding": encoding}, "TODO: look at the values: the bytes leave it open"
    if kind == "csv":
        for delimiter in _DELIMITERS:
            yield {"delimiter": delimiter}, "TODO: look: the header leaves it open"


def _said(kind: str, raw: RawRows, options: dict[str, str], why: str) -> dict[str, tuple[Any, str]]:
    """Say what was detected, where the next file might be told otherwise."""
    said: dict[str, tuple[Any, str]] = {key: (value, why) for key, value in options.items()}
    if kind in _LINES and "encoding" not in said and raw.encoding not in ("", "utf-8", "utf-8-sig"):
        doubt = "detected, and likely: look at the values" if raw.is_encoding_guessed else "detected"
        said["encoding"] = (raw.encoding, doubt)
    return said


def _first_lines(path: Path, kind: str, scratch: Path) -> tuple[Path, bool]:
    """Copy the first whole lines of a text file, unpacked; a small file is taken as it is."""
    with open_bytes(path) as stream:
        start = stream.read(_SAMPLE_BYTES + 1)
    if len(start) <= _SAMPLE_BYTES:
        return path, False
    if start[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        newline = b"\n" if b"\n" in start else b"\r"
        start = start[: start.rfind(newline) + 1] or start
        while kind != "jsonl" and start.count(b'"') % 2 and newline in start[:-1]:
            start = start[: start.rfind(newline, 0, -1) + 1]  # a quoted field may go over several lines
    part = scratch / f"first.{kind}"
    part.write_bytes(start[: len(start) // 4 * 4] if start[:2] in (b"\xff\xfe", b"\xfe\xff") else start)
    return part, True


def _sheets(connection: duckdb.DuckDBPyConnection, path: Path, kind: str, *, scratch: Path) -> list[Sample]:
    names = sheet_names(path, scratch)
    found = []
    for number, name in enumerate(names[:_MOST_SHEETS] or [None]):
        entry = _PLAIN.model_copy(update={"format": kind, "sheet": name})
        try:
            raw = read_raw(connection, path, entry, scratch=scratch, relation=f"sample_{number}")
        except ContractError:
            if len(names) < 2:
                raise
            continue
        others = f"others: {', '.join(each for each in names if each != name)}" if len(names) > 1 else ""
        said: dict[str, tuple[Any, str]] = {"sheet": (name, others)} if name else {}
        found.append(Sample(raw, said, False))
    if not found:
        raise ContractError(f"{path} must have a sheet with a header line, got none. Save it again.")
    return found
