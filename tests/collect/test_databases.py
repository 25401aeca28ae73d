"""Databases: every row accounted for, only what changed is read again, and the password is nowhere to be found."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from csm_lib.collect import databases
from csm_lib.collect.cursors import Cursor, Met
from csm_lib.collect.ingest import AwayError, RefusedError, ingest
from csm_lib.collect.spellings import without_secret
from csm_lib.errors import SettingError, UnavailableError, UsageError
from tests.collect.workspaces import account, put, put_source, rows


@pytest.fixture
def desk(workspace: Path) -> Iterator[sqlite3.Connection]:
    """A database of 30 orders beside the data; numbers, texts and times as SQLite keeps them."""
    connection = sqlite3.connect(workspace / "desk.db")
    connection.execute("CREATE TABLE orders (id INTEGER, customer TEXT, at TEXT, amount NUMERIC, changed_at TEXT)")
    for n in range(1, 31):
        values = (n, f"K{n % 4}", f"2024-01-{n:02d} 08:00:00", n / 2, f"2024-02-{n // 2 + 1:02d} 00:00:00")
        connection.execute("INSERT INTO orders VALUES (?, ?, ?, ?, ?)", values)
    connection.commit()
    yield connection
    connection.close()


def change(desk: sqlite3.Connection, *statements: str) -> None:
    for statement in statements:
        desk.execute(statement)
    desk.commit()


SQLITE = 'url = "sqlite:///desk.db"'


def test_a_query_is_read_like_a_file(workspace: Path, desk: sqlite3.Connection) -> None:
    change(
        desk,
        "INSERT INTO orders VALUES (31, NULL, '2024-01-31 08:00:00', 1, NULL)",
        "INSERT INTO orders VALUES (1, 'K1', '2024-01-01 08:00:00', 0.5, NULL)",
    )
    put_source(workspace, database=SQLITE)
    result = ingest(workspace)
    assert account(result) == [("sqlite:///desk.db#orders", "orders", 32, 30, {"duplicate": 1, "missing_value": 1})]
    assert result.files[0].source == "desk"
    # 8 o'clock in Shanghai
    third = rows(workspace, "SELECT customer_id, ordered_at::VARCHAR, amount FROM {} WHERE order_id = '3'", "orders")
    assert third == [("K3", "2024-01-03 00:00:00+00", 1.5)]
    found = rows(workspace, 'SELECT file, line, "column", value, reason FROM {} ORDER BY reason', "set_aside")
    assert found == [
        ("sqlite:///desk.db#orders", 1, "order_id", "1", "duplicate"),
        ("sqlite:///desk.db#orders", 31, "customer_id", None, "missing_value"),
    ]


def test_an_unchanged_query_moves_no_version_in_whatever_order_its_rows_come(
    workspace: Path, desk: sqlite3.Connection
) -> None:
    put_source(workspace, database=SQLITE, query="SELECT * FROM orders ORDER BY length(changed_at), random()")
    first = ingest(workspace)
    again = ingest(workspace)
    assert again.changed == ()
    assert account(again) == account(first) == [("sqlite:///desk.db#orders", "orders", 30, 30, {})]
    assert again.files[0].is_unchanged


def test_only_what_changed_since_the_last_ingest_is_read(workspace: Path, desk: sqlite3.Connection) -> None:
    put_source(workspace, database=SQLITE, more='cursor = "changed_at"')
    assert account(ingest(workspace)) == [("sqlite:///desk.db#orders", "orders", 30, 30, {})]
    label = "sqlite:///desk.db#orders since 2024-02-16 00:00:00"
    again = ingest(workspace)
    assert (account(again), again.changed) == ([(label, "orders", 0, 0, {})], ())
    change(
        desk,
        "UPDATE orders SET amount = 99, changed_at = '2024-02-20 00:00:00' WHERE id = 3",
        "INSERT INTO orders VALUES (40, 'K1', '2024-02-20 08:00:00', 1, '2024-02-20 00:00:00')",
    )
    assert account(ingest(workspace)) == [(label, "orders", 2, 2, {})]
    assert rows(workspace, "SELECT count(*), max(amount) FROM {}", "orders") == [(31, 99.0)]
    # every part is an account of its own, and none counts a row twice
    assert rows(workspace, "SELECT path, read, kept FROM {} ORDER BY path", "files") == [
        ("sqlite:///desk.db#orders", 30, 30),
        (label, 2, 2),
    ]
    assert account(ingest(workspace)) == [("sqlite:///desk.db#orders since 2024-02-20 00:00:00", "orders", 0, 0, {})]


def test_rows_that_share_the_last_time_or_have_none_are_not_missed(workspace: Path, desk: sqlite3.Connection) -> None:
    put_source(workspace, database=SQLITE, more='cursor = "changed_at"')
    ingest(workspace)
    change(
        desk,
        "INSERT INTO orders VALUES (50, 'K1', '2024-02-20 08:00:00', 1, '2024-02-16 00:00:00')",
        "INSERT INTO orders VALUES (51, 'K1', '2024-02-20 08:00:00', 1, NULL)",
    )
    ingest(workspace)
    assert rows(workspace, "SELECT count(*) FROM {}", "orders") == [(32,)]
    assert ingest(workspace).changed == ()
    assert ingest(workspace).files[0].read == 0


def test_a_changed_source_reads_everything_again_and_forgets_the_parts(
    workspace: Path, desk: sqlite3.Connection
) -> None:
    put_source(workspace, database=SQLITE, more='cursor = "changed_at"')
    ingest(workspace)
    sound = [f"INSERT INTO orders VALUES ({n}, 'K1', '2024-03-01 08:00', 1, '2024-03-01')" for n in range(80, 110)]
    change(desk, "INSERT INTO orders VALUES (70, 'K1', 'soon', 1, '2024-03-01 00:00:00')", *sound)
    assert ingest(workspace).files[0].set_aside == {"not_a_time": 1}
    put_source(workspace, database=SQLITE, more='cursor = "changed_at"\nmissing = ["soon"]')
    assert account(ingest(workspace)) == [("sqlite:///desk.db#orders", "orders", 61, 60, {"missing_value": 1})]
    assert rows(workspace, "SELECT path FROM {}", "files") == [("sqlite:///desk.db#orders",)]
    assert rows(workspace, "SELECT reason FROM {}", "set_aside") == [("missing_value",)]


def test_a_query_beyond_the_allowed_share_is_refused_and_read_again(workspace: Path, desk: sqlite3.Connection) -> None:
    put_source(workspace, database=SQLITE, more='cursor = "changed_at"')
    ingest(workspace)
    change(desk, "INSERT INTO orders VALUES (70, 'K1', 'soon', 1, '2024-03-01T00:00')")
    with pytest.raises(RefusedError) as caught:
        ingest(workspace)
    label = "sqlite:///desk.db#orders since 2024-02-16 00:00:00"
    assert account(caught.value.ingested) == [(label, "orders", 1, 0, {"not_a_time": 1})]
    assert str(caught.value).startswith(f"{label} must keep the promises of orders in all but 0.05 of its rows")
    change(desk, "UPDATE orders SET at = '2024-03-01 08:00:00' WHERE id = 70")
    assert account(ingest(workspace)) == [(label, "orders", 1, 1, {})]


def test_a_missing_column_breaks_the_contract(workspace: Path, desk: sqlite3.Connection) -> None:
    put_source(workspace, database=SQLITE, query="SELECT id, customer, at FROM orders")
    with pytest.raises(RefusedError) as caught:
        ingest(workspace)
    assert "must have the column 'amount', got 'id', 'customer', 'at'" in str(caught.value)
    assert account(caught.value.ingested) == [("sqlite:///desk.db#orders", "orders", 30, 0, {"file_refused": 30})]


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        pytest.param(
            {"query": "SELECT * FROM orderz"},
            "the query of orders must run on sqlite:///desk.db, got 'no such table: orderz' (source 'desk'). Correct "
            "the query, the URL or the password.",
            id="no such table",
        ),
        pytest.param(
            {"query": "SELECT nr FROM orders"},
            "the query of orders must run on sqlite:///desk.db, got 'no such column: nr' (source 'desk'). Correct the "
            "query, the URL or the password.",
            id="no such column",
        ),
        pytest.param(
            {"query": "DELETE FROM orders"},
            "the query of orders must run on sqlite:///desk.db, got 'attempt to write a readonly database' (source "
            "'desk'). Correct the query, the URL or the password.",
            id="a query that writes",
        ),
        pytest.param(
            {"more": 'cursor = "changed"'},
            "cursor must be a column of the query's result, got 'changed' (source 'desk', orders). Columns: id, "
            "customer, at, amount, changed_at.",
            id="a cursor that is no column",
        ),
        pytest.param(
            {"query": "SELECT *, CASE WHEN id < 9 THEN id ELSE at END AS v FROM orders", "more": 'cursor = "v"'},
            "cursor must be a column of one type, got int and str (source 'desk'). Name another column.",
            id="a cursor of two types",
        ),
        pytest.param(
            {"database": 'url_env = "CSM_TEST_URL"'},
            "CSM_TEST_URL must hold the URL of the database, got nothing (source 'desk'). Set that environment "
            "variable, e.g. postgresql://reader@db.example/desk.",
            id="no URL in the environment",
        ),
        pytest.param(
            {"database": 'url = "postgresql://reader@db/desk"\npassword_env = "CSM_TEST_PASSWORD"'},
            "CSM_TEST_PASSWORD must hold the database's password, got nothing (source 'desk'). Set that environment "
            "variable.",
            id="no password in the environment",
        ),
        pytest.param(
            {"database": 'url = "postgresql://reader@db:port/desk"'},
            "the database's URL must have the form postgresql://user@host:port/database, got another (source 'desk'). "
            "Correct it.",
            id="a URL that is none",
        ),
        pytest.param(
            {"database": 'url = "postgresql+nodriver://reader@db/desk"'},
            "the database's URL must name a known driver, got 'postgresql+nodriver' (source 'desk'). Leave the driver "
            "out: postgresql://.",
            id="a driver that is none",
        ),
    ],
)
def test_what_the_source_says_wrong_is_a_setting(
    workspace: Path, desk: sqlite3.Connection, source: dict[str, str], sentence: str
) -> None:
    put_source(workspace, **({"database": SQLITE} | source))
    with pytest.raises(SettingError) as caught:
        ingest(workspace)
    assert str(caught.value) == sentence
    assert caught.value.exit_code == 2


def test_a_file_that_is_no_database_breaks_the_contract(workspace: Path) -> None:
    (workspace / "desk.db").write_text("no database" * 100, encoding="utf-8")
    put_source(workspace, database=SQLITE)
    with pytest.raises(RefusedError) as caught:
        ingest(workspace)
    assert str(caught.value) == (
        "sqlite:///desk.db must be an SQLite file, got 'file is not a database'. Correct the path."
    )


def test_a_database_that_is_away_leaves_the_rest_ingested(workspace: Path) -> None:
    put_source(workspace, database=SQLITE)
    put(workspace, "raw/orders.csv", "order_id,customer_id,ordered_at\n1,K,2024-01-01\n")
    with pytest.raises(AwayError) as caught:
        ingest(workspace)
    assert caught.value.exit_code == 4
    assert isinstance(caught.value, UnavailableError)
    assert str(caught.value) == (
        "sqlite:///desk.db must be an SQLite file, got nothing there. Correct the path, or try again when it is there."
    )
    assert [file["path"] for file in caught.value.result["files"]] == ["data/raw/orders.csv"]
    assert rows(workspace, "SELECT count(*) FROM {}", "orders") == [(1,)]


@pytest.mark.parametrize("dialect", ["postgresql", "mysql"])
def test_nobody_at_the_port_is_a_database_that_is_away(
    workspace: Path, dialect: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound, and nobody listens
        address = f"127.0.0.1:{held.getsockname()[1]}"
        monkeypatch.setenv("CSM_TEST_PASSWORD", "hunter2")
        put_source(
            workspace, database=f'url = "{dialect}://reader@{address}/desk"\npassword_env = "CSM_TEST_PASSWORD"'
        )
        with pytest.raises(AwayError) as caught:
            ingest(workspace)
    assert str(caught.value).startswith(f"{dialect}://{address}/desk must answer, got ")
    assert str(caught.value).endswith(" (source 'desk'). Try again later.")
    assert "hunter2" not in str(caught.value)
    assert "reader" not in caught.value.result["files"]


def test_a_source_with_queries_reads_no_named_file(workspace: Path, desk: sqlite3.Connection) -> None:
    put_source(workspace, database=SQLITE)
    path = workspace / "x.csv"
    path.write_text("a\n", encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        ingest(workspace, [path], source="desk")
    assert str(caught.value) == "source 'desk' must read files, got only queries. Run it without naming files."
    assert [file.path for file in ingest(workspace, source="desk").files] == ["sqlite:///desk.db#orders"]
    # naming files asks for those files only
    orders = workspace / "orders.csv"
    orders.write_text("order_id,customer_id,ordered_at\n1,K,2024-01-01\n", encoding="utf-8")
    assert [file.path for file in ingest(workspace, [orders]).files] == ["orders.csv"]


def test_instants_of_a_cursor_go_back_by_the_overlap_and_come_back_from_text() -> None:
    noon = datetime(2024, 3, 1, 12, tzinfo=UTC)
    cursor = Cursor("instant", noon, near=Met(3, 5), without=Met(1, 2))
    assert Cursor.read(cursor.write()) == cursor
    assert cursor.start(overlap_s=60).isoformat() == "2024-03-01T11:59:00+00:00"


def test_rows_come_in_batches_of_the_stated_size(
    workspace: Path, desk: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    append = databases._append

    def counted(*arguments: Any, **options: Any) -> list[int]:
        sizes.append(len(arguments[3]))
        return append(*arguments, **options)

    monkeypatch.setattr(databases, "_append", counted)
    monkeypatch.setattr(databases, "_BATCH_ROWS", 7)
    put_source(workspace, database=SQLITE, more='cursor = "changed_at"')
    assert ingest(workspace).files[0].kept == 30
    assert sizes == [7, 7, 7, 7, 2]


def test_a_query_of_many_rows_is_not_held_in_memory() -> None:
    benchmark = Path(__file__).resolve().parent.parent / "benchmarks" / "query_size.py"
    command = [sys.executable, str(benchmark), "--rows", "300000", "--ratio", "1.6"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize(
    "spelled",
    [
        "ge/h:e%i'm\\n€",
        "ge%2Fh%3Ae%25i%27m%5Cn%E2%82%AC",
        "ge%2fh%3ae%25i%27m%5cn%e2%82%ac",
        "ge/h%3Ae%25i%27m%5Cn%E2%82%AC",
        "ge/h:e%i'm\\\\n€",
        "ge/h:e%i'm\\\\n\\u20ac",
    ],
    ids=["as it stands", "in a URL", "in a URL, small", "in a URL, slash kept", "by Python", "in JSON"],
)
def test_a_password_is_taken_out_of_a_drivers_words_in_any_spelling(spelled: str) -> None:
    secret = "ge/h:e%i'm\\n€"
    assert without_secret(f"no entry for desk:{spelled}@db", secret) == "no entry for desk:***@db"
