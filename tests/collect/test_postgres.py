"""PostgreSQL: read in batches and by a cursor, without leave to write, and its password is nowhere to be found."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from csm_lib.collect.ingest import ingest
from csm_lib.errors import SettingError
from tests.collect.workspaces import account, put_source, rows


@pytest.fixture
def server(postgres: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[sa.Engine]:
    """The desk's tables on a PostgreSQL server, in a schema that is gone afterwards."""
    monkeypatch.setenv("CSM_TEST_PASSWORD", postgres.password)
    url = sa.make_url(postgres.url).set(drivername="postgresql+pg8000", password=postgres.password)
    engine = sa.create_engine(url)
    with engine.begin() as session:
        session.exec_driver_sql(
            "CREATE TABLE orders (id bigint PRIMARY KEY, customer text, at timestamptz, amount numeric(10, 2), "
            "is_paid boolean, note jsonb, changed_at timestamp)"
        )
        session.exec_driver_sql("CREATE SEQUENCE numbers")
        session.exec_driver_sql(
            "INSERT INTO orders SELECT n, 'K' || n % 7, timestamptz '2024-01-01 08:00+08' + n * interval '1 hour', "
            "n * 0.25, true, '{\"a\": [1]}', timestamp '2024-02-01' + n * interval '1 minute' "
            "FROM generate_series(1, 45000) AS n"
        )
    yield engine
    with engine.begin() as session:
        session.exec_driver_sql("DROP TABLE orders")
        session.exec_driver_sql("DROP SEQUENCE numbers")
    engine.dispose()


@pytest.mark.needs("postgres")
def test_a_postgresql_table_is_read_in_batches_and_then_by_its_cursor(
    workspace: Path, server: sa.Engine, postgres: Any
) -> None:
    database = f'url = "{postgres.url}"\npassword_env = "CSM_TEST_PASSWORD"'
    columns = "id, customer || ' 100 %' AS customer, at, amount, is_paid, note, changed_at"
    query = f"SELECT {columns}, id % 2 = 0 AS even, at::date AS day FROM orders WHERE customer LIKE 'K%' -- all"
    put_source(workspace, database=database, query=query, more='cursor = "changed_at"')
    result = ingest(workspace)
    label = postgres.url.replace("desk@", "") + "#orders"
    assert account(result) == [(label, "orders", 45000, 45000, {})]
    found = rows(workspace, "SELECT customer_id, ordered_at::VARCHAR, amount FROM {} WHERE order_id = '10'", "orders")
    assert found == [("K3 100 %", "2024-01-01 10:00:00+00", 2.5)]
    assert ingest(workspace).files[0].read == 0
    with server.begin() as session:
        session.exec_driver_sql("UPDATE orders SET amount = 1000000, changed_at = '2024-04-01 00:00' WHERE id < 4")
        # written late: its time lies before the highest one, within the overlap
        session.exec_driver_sql(
            "INSERT INTO orders VALUES (90000, 'K1', '2024-01-01', 1, true, NULL, "
            "(SELECT max(changed_at) FROM orders WHERE id >= 4) - interval '2 minutes')"
        )
    (part,) = ingest(workspace).files
    assert part.read == part.kept
    assert part.read >= 4
    assert part.read < 20
    assert rows(workspace, "SELECT count(*), count(*) FILTER (amount = 1000000) FROM {}", "orders") == [(45001, 3)]


@pytest.mark.needs("postgres")
@pytest.mark.parametrize(
    ("source", "password", "said"),
    [
        pytest.param({}, "wrong", 'password authentication failed for user "desk"', id="a wrong password"),
        pytest.param({"query": "SELECT * FROM nowhere"}, None, 'relation "nowhere" does not exist', id="no such table"),
        pytest.param({"query": "SELECT nr FROM orders"}, None, 'column "nr" does not exist', id="no such column"),
        pytest.param({"query": "SELEC"}, None, 'syntax error at or near "SELEC"', id="no SQL"),
        pytest.param(
            {"query": "SELECT setval('numbers', 7)"},
            None,
            "cannot execute setval() in a read-only transaction",
            id="a query that writes",
        ),
    ],
)
def test_what_postgresql_refuses_is_a_setting(
    workspace: Path,
    server: sa.Engine,
    postgres: Any,
    source: dict[str, str],
    password: str | None,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CSM_TEST_PASSWORD", password or postgres.password)
    put_source(workspace, database=f'url = "{postgres.url}"\npassword_env = "CSM_TEST_PASSWORD"', **source)
    with pytest.raises(SettingError) as caught:
        ingest(workspace)
    where = postgres.url.replace("desk@", "")
    assert str(caught.value) == (
        f"the query of orders must run on {where}, got {said!r} (source 'desk'). Correct the query, the URL or the "
        "password."
    )


@pytest.mark.needs("postgres")
def test_the_password_is_in_no_byte_of_the_workspace(workspace: Path, server: sa.Engine, postgres: Any) -> None:
    put_source(
        workspace, database=f'url = "{postgres.url}"\npassword_env = "CSM_TEST_PASSWORD"', more='cursor = "changed_at"'
    )
    result = ingest(workspace)
    # what run.json lists as inputs
    (record,) = rows(workspace, "FROM {}", "files")
    assert record[0] == postgres.url.replace("desk@", "") + "#orders"
    said = json.dumps([file.as_json() for file in result.files]) + "".join(result.warnings) + str(record)
    spelled = {postgres.password, sa.engine.url.quote_plus(postgres.password)}
    assert not any(secret in said for secret in spelled)
    for path in workspace.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not any(secret.encode() in content for secret in spelled), path


@pytest.mark.needs("postgres")
def test_not_even_a_traceback_tells_the_password(workspace: Path, postgres: Any) -> None:
    put_source(workspace, database=f'url = "{postgres.url}"\npassword_env = "CSM_TEST_PASSWORD"')
    command = [sys.executable, "-m", "csm_lib", "ingest", "--debug", "--workspace", str(workspace)]
    environment = {**os.environ, "CSM_TEST_PASSWORD": "hunter2-not-it"}
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert ended.returncode == 2
    assert "password authentication failed" in ended.stderr
    assert "hunter2" not in ended.stderr + ended.stdout
