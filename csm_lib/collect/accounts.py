"""Accounts: what became of every row of every file, for people, for machines and for the next ingest."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from csm_lib.collect.warehouse import LOG_TABLES, Writer
from csm_lib.errors import ContractError, CsmError, UnavailableError

__all__ = [
    "Account",
    "AwayError",
    "IngestResult",
    "IngestedFile",
    "RefusedError",
    "known_file",
    "read_records",
    "records_query",
    "unzoned_sentence",
    "write_listing",
]


@dataclass(frozen=True)
class IngestedFile:
    """What became of one file's rows in one table.

    Attributes
    ----------
    path : str
        Relative to the workspace where it lies inside, with forward slashes.
    source, table : str
    read, kept : int
    set_aside : mapping of str to int
        Rows by reason; `read == kept + sum(set_aside.values())`.
    encoding : str
        Of a text file.
    missing_upstream : int
        Rows that an earlier whole delivery had and this one lacks.
    is_unchanged : bool
        True if it had been ingested before and was not read again.
    """

    path: str
    source: str
    table: str
    read: int
    kept: int
    set_aside: Mapping[str, int]
    encoding: str = ""
    missing_upstream: int = 0
    is_unchanged: bool = False

    def as_json(self) -> dict[str, Any]:
        """Give the record as the command line prints it."""
        return {
            "path": self.path,
            "source": self.source,
            "table": self.table,
            "read": self.read,
            "kept": self.kept,
            "set_aside": dict(self.set_aside),
            **({"missing_upstream": self.missing_upstream} if self.missing_upstream else {}),
        }


@dataclass(frozen=True)
class IngestResult:
    """The account of one ingest.

    Attributes
    ----------
    files : tuple of IngestedFile
        One per file and table.
    warnings : tuple of str
        Sentences about what was not read, guessed, or set aside.
    changed : tuple of str
        Tables that have other rows than before.
    """

    files: tuple[IngestedFile, ...]
    warnings: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


class _PartError(CsmError):
    """Part of a call was done before it failed, and is accounted for.

    Attributes
    ----------
    ingested : IngestResult
    result : dict
        What machine-readable output adds to the error.
    """

    def __init__(self, message: str, ingested: IngestResult) -> None:
        super().__init__(message)
        self.ingested = ingested
        self.result = {"files": [file.as_json() for file in ingested.files]}


class RefusedError(_PartError, ContractError):
    """Files were refused; the others of the same call are in the warehouse, `ingested` says how."""


class AwayError(_PartError, UnavailableError):
    """Databases were away; what else there was to read is in the warehouse, `ingested` says how."""


@dataclass
class Account:
    """What is gathered while files are read.

    Attributes
    ----------
    files : list of IngestedFile
    warnings, refusals, away : list of str
        Sentences: what to know, what was refused, which database did not answer.
    unzoned : list of str
        Files and queries with times that state no zone, where neither their source nor the settings state one.
    records : dict
        What the warehouse knows of each file, by path, source and table.
    set_aside : dict
        By the same key: the file's sha256 and its rows set aside.
    """

    files: list[IngestedFile] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    away: list[str] = field(default_factory=list)
    unzoned: list[str] = field(default_factory=list)
    records: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)
    set_aside: dict[tuple[str, str, str], tuple[str, pa.Table]] = field(default_factory=dict)


def known_file(record: Mapping[str, Any]) -> IngestedFile:
    """Give the result of a file that was ingested before."""
    return IngestedFile(
        record["path"],
        record["source"],
        record["table"],
        record["read"],
        record["kept"],
        json.loads(record["set_aside"]),
        record["encoding"],
        is_unchanged=True,
    )


def read_records(writer: Writer) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Read what the warehouse knows of each file, by path, source and table."""
    rows = writer.reading.open_snapshot(writer.connection, "files").to_arrow_table().to_pylist()
    return {(row["path"], row["source"], row["table"]): row for row in rows}


def records_query(connection: duckdb.DuckDBPyConnection, records: Mapping[Any, dict[str, Any]]) -> str:
    """Give the query of all records, to be stored."""
    kinds = {"VARCHAR": pa.string(), "BIGINT": pa.int64()}
    schema = pa.schema([(name, kinds[kind]) for name, kind in LOG_TABLES["files"].items()])
    connection.register("file_records", pa.Table.from_pylist(list(records.values()), schema=schema))
    return "FROM file_records"


def unzoned_sentence(labels: Sequence[str]) -> list[str]:
    """Say which files' times were read as UTC because nobody states their zone; nothing where there are none.

    Examples
    --------
    >>> unzoned_sentence(["data/raw/a.csv", "data/raw/b.csv"])[0][:78]
    'data/raw/a.csv and 1 more: times that state no zone were read as UTC. State ti'
    """
    names = list(dict.fromkeys(labels))
    if not names:
        return []
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return [
        f"{names[0]}{more}: times that state no zone were read as UTC. State time_zone in data/config/workbook.toml or "
        "in the source."
    ]


def write_listing(folder: Path, rows: pa.Table, *, file: str, table: str) -> Path:
    """Write the rows of a refused file that broke a promise where its owner can open them; give the path.

    Parameters
    ----------
    rows : pyarrow.Table
        `line column value reason`.
    file : str
        The refused file, as the account names it.
    """
    folder.mkdir(exist_ok=True)
    # a time in the name of a query's part has colons, which not every file system takes
    listing = folder / f"{Path(file).name.replace(':', '')}.{table}.csv"
    with listing.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["file", "line", "column", "value", "reason"])
        for row in rows.to_pylist():
            value = row["value"] or ""
            # a spreadsheet would run what begins like a formula
            safe = f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
            writer.writerow([file, row["line"], row["column"], safe, row["reason"]])
    return listing
