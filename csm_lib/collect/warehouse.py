"""The warehouse: one Delta table per canonical table and per grain of facts, and an edition that ties them together.

Each table has its own versions. The edition file names the version of every table that together make one consistent
state; it is replaced in one step when a writer has finished. Readers open those versions and are never disturbed; what
a killed writer left behind is undone by the next one. A version moves only when rows do.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal
from urllib.parse import unquote

import duckdb
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from csm_lib.collect.commits import commit_files, commit_rows, files_sql
from csm_lib.collect.editions import Edition, PastEdition
from csm_lib.collect.locks import exclusive
from csm_lib.collect.typing_sql import DUCKDB_TYPES
from csm_lib.definitions import FACTS, TABLES
from csm_lib.engine import quote_name, quote_text
from csm_lib.errors import SettingError

__all__ = ["LOG_TABLES", "Edition", "Warehouse", "Writer", "table_types", "warehouse_folder", "writing"]

_BATCH_ROWS = 100_000
# of the engine while it writes; what needs more goes to disk, and the rest of the process needs as much again at most
_MEMORY = "1800MB"

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
                "cursor": "VARCHAR",
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
        # what whole deliveries held, and what the later ones lacked
        "deliveries": MappingProxyType(
            {
                "source": "VARCHAR",
                "table": "VARCHAR",
                "key": "VARCHAR",
                "spanned_at": "TIMESTAMP WITH TIME ZONE",
                "file": "VARCHAR",
                "is_missing": "BOOLEAN",
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
    def open(cls, workspace: Path, edition: Edition | None = None) -> Warehouse:
        """Open the present edition of a workspace, or a former one; an empty workspace has an empty one."""
        folder = warehouse_folder(workspace)
        return cls(folder, edition or Edition.read(folder))

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
    """The tables while they are being changed; `edition` becomes the warehouse's when the block ends without error.

    Attributes
    ----------
    files : list of dict
        What was read, for the list of editions.
    rows : dict of str to dict of str to int
        By table: rows added, changed and removed so far.
    """

    folder: Path
    edition: Edition
    connection: duckdb.DuckDBPyConnection
    files: list[Mapping[str, Any]] = field(default_factory=list)
    rows: dict[str, dict[str, int]] = field(default_factory=dict)

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
        if not self.reading.has(table):
            n_rows = self._write(table, query, mode="append")
            self._count(table, added=n_rows)
            return n_rows
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
        self._count(table, added=n_new, changed=n_changed)
        return int(n_new + n_changed)

    def replace(self, table: str, query: str) -> bool:
        """Make a query's rows the whole table; tell whether that changed anything."""
        if self._is_same(table, f"({query})"):
            return False
        self._count_replaced(table, query)
        self._write(table, query, mode="overwrite")
        return True

    def replace_by_files(self, table: str, files: Sequence[Path]) -> bool:
        """Make Parquet files, at least one, the whole table and take them away; tell whether that changed anything."""
        if self._is_same(table, files_sql(files)):
            return False
        commit_files(self.connection, self.folder / table, files)
        self._note(table)
        return True

    def _is_same(self, table: str, rows: str) -> bool:
        there = self.reading.snapshot_sql(table)
        return self.reading.has(table) and self._sums(table, rows) == self._sums(table, there)

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

    def _count(self, table: str, *, added: int = 0, changed: int = 0, removed: int = 0) -> None:
        """Add up what becomes of a table's rows; what the ingest itself writes down does not count."""
        if table not in TABLES:
            return
        counts = self.rows.setdefault(table, {"added": 0, "changed": 0, "removed": 0})
        for name, count in (("added", added), ("changed", changed), ("removed", removed)):
            counts[name] += int(count)

    def _count_replaced(self, table: str, query: str) -> None:
        """Compare the rows of a whole table with those that take their place, key by key."""
        if table not in TABLES:
            return
        columns = list(table_types(table))
        key = TABLES[table].key
        alike = " AND ".join(f"new.{quote_name(name)} IS NOT DISTINCT FROM old.{quote_name(name)}" for name in key)
        differ = " OR ".join(f"new.{quote_name(name)} IS DISTINCT FROM old.{quote_name(name)}" for name in columns)
        joined = (
            f"(SELECT *, true AS _is_new FROM ({query})) AS new FULL JOIN "
            f"(SELECT *, true AS _is_old FROM {self.reading.snapshot_sql(table)}) AS old ON {alike}"
        )
        added, changed, removed = self.connection.sql(
            f"SELECT count(*) FILTER (_is_old IS NULL), count(*) FILTER (_is_old AND _is_new AND ({differ})), "
            f"count(*) FILTER (_is_new IS NULL) FROM {joined}"
        ).fetchall()[0]
        self._count(table, added=added, changed=changed, removed=removed)

    def _sums(self, table: str, rows: str) -> list[dict[str, object]]:
        """Sum up rows in any order: their number and two sums of their hashes."""
        columns = ", ".join(map(quote_name, table_types(table)))
        query = f"SELECT count(*) AS n, sum(hash({columns})) AS total, bit_xor(hash({columns})) AS xor FROM {rows}"
        return self.connection.sql(query).to_arrow_table().to_pylist()

    def _rows(self, query: str) -> pa.RecordBatchReader:
        return self.connection.sql(query).to_arrow_reader(_BATCH_ROWS)

    def _write(self, table: str, query: str, *, mode: Literal["append", "overwrite"]) -> int:
        n_rows = commit_rows(self.connection, self.folder / table, query, mode=mode)
        if n_rows or mode == "overwrite":
            self._note(table)
        return n_rows

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

    def use_key(self, fingerprint: str) -> None:
        """Write down which key the pseudonyms of the rows are made with."""
        self.edition = replace(self.edition, key=fingerprint)

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
    connection.execute(f"SET memory_limit = '{_MEMORY}'")
    with exclusive(folder / ".lock"):
        before = Edition.read(folder)
        writer = Writer(folder, before, connection)
        writer.recover()
        if writer.edition != before:
            writer.edition.write(folder)
        start = writer.edition
        yield writer
        if writer.edition != start:
            published = replace(writer.edition, number=start.number + 1)
            changed = {table: counts for table, counts in writer.rows.items() if any(counts.values())}
            PastEdition(published, _now(), tuple(writer.files), changed).write(folder)
            published.write(folder)


def _now() -> datetime:
    return datetime.now(UTC)
