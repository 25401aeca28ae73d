"""Commits: a table takes files in one step, or stays as it was, and a full disk is said in one sentence."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from deltalake import DeltaTable

from csm_lib.collect.commits import commit_files, commit_rows, write_file
from csm_lib.engine import connect


def ids(table: Path) -> list[int]:
    return sorted(DeltaTable(str(table)).to_pyarrow_table()["id"].to_pylist())


def test_rows_are_added_or_take_the_place_of_the_others(tmp_path: Path) -> None:
    table = tmp_path / "orders"
    with connect() as connection:
        assert commit_rows(connection, table, "SELECT 1 AS id WHERE false", mode="append") == 0
        assert not DeltaTable.is_deltatable(str(table))
        assert commit_rows(connection, table, "SELECT unnest([1, 2]) AS id", mode="append") == 2
        assert commit_rows(connection, table, "SELECT 3 AS id", mode="append") == 1
        assert ids(table) == [1, 2, 3]
        write_file(connection, tmp_path / "a.parquet", "SELECT 4 AS id")
        write_file(connection, tmp_path / "b.parquet", "SELECT 5 AS id")
        commit_files(connection, table, [tmp_path / "a.parquet", tmp_path / "b.parquet"])
        assert ids(table) == [4, 5]
        assert commit_rows(connection, table, "SELECT 1 AS id WHERE false", mode="overwrite") == 0
        assert ids(table) == []
    assert not list(tmp_path.glob("*.parquet"))


def test_a_column_that_came_with_a_new_definition_is_taken(tmp_path: Path) -> None:
    table = tmp_path / "orders"
    with connect() as connection:
        commit_rows(connection, table, "SELECT 1 AS id", mode="append")
        commit_rows(connection, table, "SELECT 2 AS id, 'x' AS word", mode="append")
        assert DeltaTable(str(table)).to_pyarrow_table().sort_by("id")["word"].to_pylist() == [None, "x"]
        commit_rows(connection, table, "SELECT 3 AS id, true AS is_new", mode="overwrite")
    assert DeltaTable(str(table)).to_pyarrow_table().to_pylist() == [{"id": 3, "is_new": True}]


def test_a_query_that_fails_leaves_the_table_and_no_file(tmp_path: Path) -> None:
    table = tmp_path / "orders"
    with connect() as connection:
        commit_rows(connection, table, "SELECT 1 AS id", mode="append")
        before = sorted(table.iterdir())
        failing = "SELECT CASE WHEN i < 300000 THEN i::INTEGER ELSE error('no more') END AS id FROM range(400000) r(i)"
        with pytest.raises(duckdb.Error, match="no more"):
            commit_rows(connection, table, failing, mode="overwrite")
    assert sorted(table.iterdir()) == before
    assert ids(table) == [1]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 6 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(folder)]
    if sys.platform != "linux" or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a small file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_fills_is_said_in_one_sentence_and_nothing_else(small_disk: Path) -> None:
    (small_disk / "data" / "raw").mkdir(parents=True)
    lines = [f"{n},{n * 7919 % 1000003},2024-01-01 08:00:00,{n * 104729 % 9999991}" for n in range(130_000)]
    text = "order_id,customer_id,ordered_at,amount\n" + "\n".join(lines) + "\n"
    (small_disk / "data" / "raw" / "orders.csv").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "csm_lib", "ingest", "--workspace", str(small_disk)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (4, "")
    assert ended.stderr == (
        f"the disk must have room, got none left ({small_disk}). Nothing of this ingest was taken. Free some and run "
        "it again.\n"
    )
    assert not list(small_disk.glob("data/warehouse/*/*.parquet"))
