"""What the tests of this room do again and again: put files into a workspace, read one, look at what became of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from csm_lib.collect.entries import FileEntry
from csm_lib.collect.ingest import IngestResult
from csm_lib.collect.rawrows import RawRows
from csm_lib.collect.readers import read_raw
from csm_lib.collect.warehouse import Warehouse
from csm_lib.engine import connect

__all__ = ["account", "lock_held", "put", "put_source", "read", "rows", "texts"]

_QUERY = """
name = "desk"
time_zone = "Asia/Shanghai"

[database]
{database}

[[queries]]
table = "orders"
query = "{query}"
{more}

[queries.columns]
order_id = "id"
customer_id = "customer"
ordered_at = "at"
amount = "amount"
"""
_ORDERS = "SELECT * FROM orders"


def put(workspace: Path, name: str, content: str | bytes) -> Path:
    """Write a file below the workspace's data; give its path."""
    path = workspace / "data" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def put_source(workspace: Path, *, database: str, query: str = _ORDERS, more: str = "", name: str = "desk") -> None:
    """Write down a source: a query of a database whose rows are orders."""
    text = _QUERY.format(database=database, query=query, more=more)
    put(workspace, f"sources/{name}.toml", text)


def account(result: IngestResult) -> list[tuple[str, str, int, int, dict[str, int]]]:
    """What became of each file: its path, table, rows read and kept, and those set aside by reason."""
    return [(file.path, file.table, file.read, file.kept, dict(file.set_aside)) for file in result.files]


@contextmanager
def lock_held(lock: Path) -> Iterator[int]:
    """Let another process hold a lock, which is killed in the end; give its number."""
    program = (
        "import sys, time; from pathlib import Path; from csm_lib.collect.locks import exclusive\n"
        "with exclusive(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", program, str(lock)], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield holder.pid
    finally:
        holder.kill()
        holder.communicate()


def rows(workspace: Path, query: str, table: str) -> list[tuple[Any, ...]]:
    """Ask an ingested table, which the query calls {}."""
    with connect() as connection:
        return connection.sql(query.format(Warehouse.open(workspace).snapshot_sql(table))).fetchall()


def read(connection: duckdb.DuckDBPyConnection, path: Path, **stated: str) -> RawRows:
    """Read a file into the relation `raw`, as a source does that states no more than it must."""
    entry = FileEntry.model_validate({"pattern": "*", "table": "raci", "columns": {"node": "a"}, **stated})
    return read_raw(connection, path, entry, scratch=path.parent, relation="raw")


def texts(connection: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    """Give the texts of `raw` in the order of the file."""
    return connection.sql("SELECT * EXCLUDE (_row) FROM raw ORDER BY _row").fetchall()
