"""The warehouse: one Delta table per canonical table and per grain of facts, and an edition that ties them together.

Each table has its own versions. The edition file names the version of every table that together make one consistent
state; it is replaced in one step when a writer has finished. Readers open those versions and are never disturbed; what
a killed writer left behind is undone by the next one. A version moves only when rows do.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from urllib.parse import unquote

import duckdb
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from csm_lib.collect.locks import exclusive
from csm_lib.collect.rawrows import quote_name, quote_text
from csm_lib.collect.typing_sql import DUCKDB_TYPES
from csm_lib.definitions import FACTS, TABLES
from csm_lib.errors import SettingError, UnavailableError

__all__ = ["LOG_TABLES", "Edition", "Warehouse", "Writer", "table_types", "warehouse_folder", "writing"]

_BATCH_ROWS = 100_000

# what the ingest itself writes down
LOG_TABLES = MappingProxyType(
    {
        "files": MappingProxyType(
            {
                "path": "VARCHAR",
                "sha256": "VARCHAR",
                "source": "VARCHAR",
                "table": "VARCHAR",
                "read": "BIGINT",
                "kept": "BIGINT",
                "set_aside": "VARCHAR",
                "encoding": "VARCHAR",
                "time_zone": "VARCHAR",
                "fingerprint": "VARCHAR",
            }
        ),
        "set_aside": MappingProxyType(
            {
                "file": "VARCHAR",
                "sha256": "VARCHAR",
                "source": "VARCHAR",
                "table": "VARCHAR",
                "row": "BIGINT",
                "line": "BIGINT",
                "column": "VARCHAR",
                "value": "VARCHAR",
                "reason": "VARCHAR",
            }
        ),
    }
)


def warehouse_folder(workspace: Path) -> Path:
    """Give the folder of a workspace's warehouse.

    Raises
    ------
    SettingError
        If its path holds a bracket, which the table storage cannot read.
    """
    folder = workspace / "data" / "warehouse"
    if "[" in str(folder) or "]" in str(folder):
        raise SettingError(
            f"workspace must not have [ or ] in its path, got {str(workspace)!r}: the table storage cannot read such "
            "folders. Rename the folder."
        )
    return folder


def table_types(name: str) -> Mapping[str, str]:
    """Give the columns of a warehouse table with their DuckDB types.

    Examples
    --------
    >>> table_types("orders")["amount"]
    'DOUBLE'
    """
    if name in TABLES:
        return {column.name: DUCKDB_TYPES[column.type] for column in TABLES[name].columns}
    if name in LOG_TABLES:
        return LOG_TABLES[name]
    return {fact.table: fact.columns for fact in FACTS.values()}[name]


@dataclass(frozen=True)
class Edition:
    """One consistent state of the warehouse.

    Attributes
    ----------
    number : int
        Grows by one with each change; 0 before the first.
    tables : mapping of str to int
        Delta version per table.
    facts_made_from : str
        Fingerprint of the settings and the tables the facts were made from.
    """

    number: int = 0
    tables: Mapping[str, int] = field(default_factory=dict)
    facts_made_from: str = ""

    @classmethod
    def read(cls, folder: Path) -> Edition:
        """Read the edition of a warehouse folder; the empty one where there is none yet.

        Raises
        ------
        UnavailableError
            If the file is there but cannot be understood.
        """
        path = folder / "edition.json"
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            return cls(int(said["number"]), dict(said["tables"]), str(said["facts_made_from"]))
        except FileNotFoundError:
            return cls()
        except (ValueError, KeyError, TypeError) as error:
            raise UnavailableError(
                f"{path} must be an edition written by this program, got {error!r}. Restore it from a backup, or "
                "delete the warehouse folder and ingest again."
            ) from None

    def write(self, folder: Path) -> None:
        """Put this edition in place of the former one, in one step."""
        said = {"number": self.number, "tables": dict(sorted(self.tables.items()))}
        beside = folder / f"edition.json.{os.getpid()}"
        with beside.open("w", encoding="utf-8") as file:
            json.dump(said | {"facts_made_from": self.facts_made_from}, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, folder / "edition.json")


@dataclass(frozen=True)
class Warehouse:
    """The tables of one edition, for reading.

    Attributes
    ----------
    folder : Path
    edition : Edition
    """

    folder: Path
    edition: Edition

    @classmethod
    def open(cls, workspace: Path) -> Warehouse:
        """Open the present edition of a workspace; an empty workspace has an empty one."""
        folder = warehouse_folder(workspace)
        return cls(folder, Edition.read(folder))

    def has(self, table: str) -> bool:
        """Tell whether a table was ever written."""
        return table in self.edition.tables

    def snapshot_sql(self, table: str) -> str:
        """Give the SQL that reads a table in this edition: the columns of the definitions, absent ones null."""
        types = table_types(table)
        delta = self._delta(table) if self.has(table) else None
        files = self._files(table, delta) if delta else []
        if not files or delta is None:
            nulls = ", ".join(f"CAST(NULL AS {kind}) AS {quote_name(name)}" for name, kind in types.items())
            return f"(SELECT {nulls} WHERE false)"
        present = {item.name for item in delta.schema().fields}
        columns = ", ".join(
            f"CAST({quote_name(name) if name in present else 'NULL'} AS {kind}) AS {quote_name(name)}"
            for name, kind in types.items()
        )
        paths = ", ".join(quote_text(str(path)) for path in files)
        return f"(SELECT {columns} FROM read_parquet([{paths}], union_by_name=true))"

    def open_snapshot(self, connection: duckdb.DuckDBPyConnection, table: str) -> duckdb.DuckDBPyRelation:
        """Give a table in this edition as a relation of a connection."""
        return connection.sql(f"FROM {self.snapshot_sql(table)}")

    def create_views(self, connection: duckdb.DuckDBPyConnection, tables: Sequence[str]) -> None:
        """Make a view of each table, under its own name."""
        for table in tables:
            connection.execute(f"CREATE OR REPLACE TEMP VIEW {quote_name(table)} AS FROM {self.snapshot_sql(table)}")

    def _delta(self, table: str) -> DeltaTable:
        return DeltaTable(str(self.folder / table), version=self.edition.tables[table])

    def _files(self, table: str, delta: DeltaTable) -> list[Path]:
        actions = pa.table(delta.get_add_actions(flatten=True))
        return [self.folder / table / unquote(path) for path in sorted(actions["path"].to_pylist())]


@dataclass
class Writer:
    """The tables while they are being changed; `edition` becomes the warehouse's when the block ends without error."""

    folder: Path
    edition: Edition
    connection: duckdb.DuckDBPyConnection

    @property
    def reading(self) -> Warehouse:
        """The tables as they stand in the middle of this writing."""
        return Warehouse(self.folder, self.edition)

    def upsert(self, table: str, query: str, *, key: Sequence[str]) -> int:
        """Add new rows and replace those whose key is there with other content.

        Parameters
        ----------
        query : str
            SELECT with the columns of the table in order, no key twice.
        key : sequence of str
            Columns that identify a row; nulls are alike.

        Returns
        -------
        int
            Rows written; 0 leaves the version as it is.
        """
        columns = list(table_types(table))
        name = f"changed_{table}"
        there = self.reading.snapshot_sql(table)
        same_key = " AND ".join(f"new.{quote_name(k)} IS NOT DISTINCT FROM old.{quote_name(k)}" for k in key)
        same = " AND ".join(f"new.{quote_name(c)} IS NOT DISTINCT FROM old.{quote_name(c)}" for c in columns)
        self.connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT new.*, old._is_there IS NOT NULL AS _is_there "
            f"FROM ({query}) AS new LEFT JOIN (SELECT *, true AS _is_there FROM {there}) AS old ON {same_key} "
            f"WHERE old._is_there IS NULL OR NOT ({same})"
        )
        n_new, n_changed = self.connection.sql(
            f"SELECT count(*) FILTER (NOT _is_there), count(*) FILTER (_is_there) FROM {name}"
        ).fetchall()[0]
        rows = f"SELECT * EXCLUDE (_is_there) FROM {name}"
        if n_changed:
            self._merge(table, rows, key)
        elif n_new:
            self._write(table, rows, mode="append")
        self.connection.execute(f"DROP TABLE {name}")
        return int(n_new + n_changed)

    def replace(self, table: str, query: str) -> bool:
        """Make a query's rows the whole table; tell whether that changed anything."""
        is_same = self._sums(table, f"({query})") == self._sums(table, self.reading.snapshot_sql(table))
        if is_same and self.reading.has(table):
            return False
        self._write(table, query, mode="overwrite")
        return True

    def replace_part(self, table: str, query: str, *, where: str) -> bool:
        """Make a query's rows all that the table has where a plain condition holds; tell if that changed it."""
        there = f"(FROM {self.reading.snapshot_sql(table)} WHERE {where})"
        if self._sums(table, f"({query})") == self._sums(table, there):
            return False
        if self.reading.has(table):
            write_deltalake(str(self.folder / table), self._rows(query), mode="overwrite", predicate=where)
            self._note(table)
        else:
            self._write(table, query, mode="overwrite")
        return True

    def _sums(self, table: str, rows: str) -> list[dict[str, object]]:
        """Sum up rows in any order: their number and two sums of their hashes."""
        columns = ", ".join(map(quote_name, table_types(table)))
        query = f"SELECT count(*) AS n, sum(hash({columns})) AS total, bit_xor(hash({columns})) AS xor FROM {rows}"
        return self.connection.sql(query).to_arrow_table().to_pylist()

    def _rows(self, query: str) -> pa.RecordBatchReader:
        return self.connection.sql(query).to_arrow_reader(_BATCH_ROWS)

    def _write(self, table: str, query: str, *, mode: str) -> None:
        path = str(self.folder / table)
        if mode == "append":
            write_deltalake(path, self._rows(query), mode="append", schema_mode="merge")
        else:
            write_deltalake(path, self._rows(query), mode="overwrite", schema_mode="overwrite")
        self._note(table)

    def _merge(self, table: str, query: str, key: Sequence[str]) -> None:
        alike = " AND ".join(
            f"(t.{_backticked(k)} = s.{_backticked(k)} OR (t.{_backticked(k)} IS NULL AND s.{_backticked(k)} IS NULL))"
            if table in TABLES and not TABLES[table].column(k).is_required
            else f"t.{_backticked(k)} = s.{_backticked(k)}"
            for k in key
        )
        delta = DeltaTable(str(self.folder / table))
        merge = delta.merge(self._rows(query), predicate=alike, source_alias="s", target_alias="t", merge_schema=True)
        merge.when_matched_update_all().when_not_matched_insert_all().execute()
        self._note(table)

    def _note(self, table: str) -> None:
        version = _version(self.folder / table)
        self.edition = replace(self.edition, tables={**self.edition.tables, table: version})

    def remember_facts(self, made_from: str) -> None:
        """Write down what the facts were made from."""
        self.edition = replace(self.edition, facts_made_from=made_from)

    def recover(self) -> None:
        """Undo what a killed writer left: tables newer than the edition go back, tables it does not know go away."""
        for path in sorted(self.folder.iterdir()) if self.folder.is_dir() else []:
            if not (path / "_delta_log").is_dir():
                continue
            known = self.edition.tables.get(path.name)
            if known is None:
                shutil.rmtree(path)
            elif _version(path) != known:
                DeltaTable(str(path)).restore(known)
                self._note(path.name)


def _backticked(name: str) -> str:
    return f"`{name}`"


def _version(path: Path) -> int:
    return int(DeltaTable(str(path)).version())


@contextmanager
def writing(workspace: Path, connection: duckdb.DuckDBPyConnection) -> Iterator[Writer]:
    """Change the warehouse alone: lock it, undo what a killed writer left, publish one edition at the end.

    Nothing is published if the block raises; the next writer undoes what it wrote.

    Raises
    ------
    UnavailableError
        If another process is writing.
    """
    folder = warehouse_folder(workspace)
    with exclusive(folder / ".lock"):
        before = Edition.read(folder)
        writer = Writer(folder, before, connection)
        writer.recover()
        if writer.edition != before:
            writer.edition.write(folder)
        start = writer.edition
        yield writer
        if writer.edition != start:
            replace(writer.edition, number=start.number + 1).write(writer.folder)
