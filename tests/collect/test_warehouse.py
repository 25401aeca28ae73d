"""Warehouse: versions move only when rows do, readers keep their edition, what is broken is said."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from csm_lib.collect.warehouse import Edition, Warehouse, warehouse_folder, writing
from csm_lib.engine import connect
from csm_lib.errors import SettingError, UnavailableError, UsageError
from csm_lib.workspaces import find_workspace

ROWS = "SELECT * FROM (VALUES {}) AS t(order_id, customer_id, ordered_at, amount)"


def orders(*rows: tuple[str, float]) -> str:
    values = ", ".join(f"('{key}', 'C', TIMESTAMPTZ '2024-01-01 00:00+00', {amount}::DOUBLE)" for key, amount in rows)
    return ROWS.format(values)


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with connect() as opened:
        yield opened


def upsert(workspace: Path, connection: duckdb.DuckDBPyConnection, *rows: tuple[str, float]) -> int:
    with writing(workspace, connection) as writer:
        return writer.upsert("orders", orders(*rows), key=("order_id",))


def contents(warehouse: Warehouse, connection: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    relation = warehouse.open_snapshot(connection, "orders")
    return relation.select("order_id, amount").order("order_id").fetchall()


def test_only_rows_that_differ_are_written(tmp_path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    workspace = tmp_path / "空 间 #1%"
    assert upsert(workspace, connection, ("a", 1), ("b", 2)) == 2
    first = Edition.read(warehouse_folder(workspace))
    assert upsert(workspace, connection, ("a", 1), ("b", 2)) == 0
    assert Edition.read(warehouse_folder(workspace)) == first
    assert upsert(workspace, connection, ("b", 3), ("c", 4), ("a", 1)) == 2
    assert contents(Warehouse.open(workspace), connection) == [("a", 1.0), ("b", 3.0), ("c", 4.0)]


def test_a_reader_keeps_its_edition_while_another_is_written(
    tmp_path: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    upsert(tmp_path, connection, ("a", 1))
    reader = Warehouse.open(tmp_path)
    upsert(tmp_path, connection, ("a", 2))
    assert contents(reader, connection) == [("a", 1.0)]
    assert contents(Warehouse.open(tmp_path), connection) == [("a", 2.0)]


def test_a_block_that_fails_publishes_nothing(tmp_path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    upsert(tmp_path, connection, ("a", 1))
    before = Edition.read(warehouse_folder(tmp_path))
    with pytest.raises(ZeroDivisionError), writing(tmp_path, connection) as writer:
        writer.upsert("orders", orders(("b", 2)), key=("order_id",))
        raise ZeroDivisionError
    assert Edition.read(warehouse_folder(tmp_path)) == before
    upsert(tmp_path, connection, ("c", 3))
    assert contents(Warehouse.open(tmp_path), connection) == [("a", 1.0), ("c", 3.0)]


def test_a_table_that_was_never_written_has_its_columns_and_no_rows(
    tmp_path: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    relation = Warehouse.open(tmp_path).open_snapshot(connection, "orders")
    assert relation.columns == ["order_id", "customer_id", "ordered_at", "amount"]
    assert relation.fetchall() == []


def test_a_folder_with_brackets_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(SettingError) as caught:
        Warehouse.open(tmp_path / "a[1]")
    assert str(caught.value) == (
        f"workspace must not have [ or ] in its path, got {str(tmp_path / 'a[1]')!r}: the table storage cannot read "
        "such folders. Rename the folder."
    )


@pytest.mark.parametrize("name", ["a%41", "a\nb", "a\\b"])
@pytest.mark.skipif(os.sep != "/", reason="such names are no names elsewhere")
def test_a_folder_that_the_storage_reads_otherwise_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="the table storage cannot read such folders"):
        find_workspace(tmp_path / name)
    assert find_workspace(tmp_path / "100% 空") == (tmp_path / "100% 空").resolve()


def test_a_damaged_edition_file_is_said(tmp_path: Path) -> None:
    folder = warehouse_folder(tmp_path)
    folder.mkdir(parents=True)
    (folder / "edition.json").write_text("{}", encoding="utf-8")
    with pytest.raises(UnavailableError) as caught:
        Warehouse.open(tmp_path)
    assert str(caught.value) == (
        f"{folder / 'edition.json'} must be an edition written by this program, got KeyError('number'). Restore it "
        "from a backup, or delete the warehouse folder and ingest again."
    )
