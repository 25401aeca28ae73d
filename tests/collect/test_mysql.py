"""MySQL and MariaDB: their types, a cursor, what they refuse, and a password that only the server gets to see."""

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
from tests.collect.workspaces import put, rows

pytestmark = pytest.mark.needs("mysql")

SOURCE = """
name = "desk"
time_zone = "Asia/Shanghai"

[database]
url = "{url}"
password_env = "CSM_TEST_PASSWORD"

[[queries]]
table = "contacts"
query = "{query}"
{more}

[queries.columns]
contact_id = "id"
created_at = "at"
channel = {{ value = "phone" }}
issue = "topic"
is_escalated = "is_escalated"
talk_s = "talk"
cost = "cost"
"""
CALLS = "SELECT * FROM calls"
TABLE = """
CREATE TABLE calls (id BIGINT PRIMARY KEY, at DATETIME, topic VARCHAR(40), is_escalated TINYINT(1), talk TIME,
    cost DECIMAL(10, 2), note JSON, changed_at TIMESTAMP(6))
"""


@pytest.fixture
def server(mysql: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[sa.Engine]:
    """The desk's calls on a server, in a table that is gone afterwards."""
    monkeypatch.setenv("CSM_TEST_PASSWORD", mysql.password)
    engine = sa.create_engine(sa.make_url(mysql.url).set(drivername="mysql+pymysql", password=mysql.password))
    with engine.begin() as session:
        session.exec_driver_sql("DROP TABLE IF EXISTS calls")
        session.exec_driver_sql(TABLE)
    yield engine
    engine.dispose()


def fill(server: sa.Engine, *values: str) -> None:
    with server.begin() as session:
        session.exec_driver_sql("SET sql_mode = ''")
        for row in values:
            session.execute(sa.text(f"INSERT INTO calls VALUES ({row.replace(':', chr(92) + ':')})"))


def put_source(workspace: Path, url: str, *, query: str = CALLS, more: str = "") -> None:
    text = SOURCE.format(url=url, query=query, more=more)
    put(workspace, "sources/desk.toml", text)


def test_the_types_of_mysql_mean_what_they_say(workspace: Path, server: sa.Engine, mysql: Any) -> None:
    fill(
        server,
        "1, '2024-01-03 08:00:00', '退款 𠮷', 1, '00:02:05', 12.50, '{}', '2024-02-01 00:00:00'",
        "2, '2024-01-03 09:30:00', 'It''s 100 %', 0, NULL, NULL, NULL, '2024-02-01 00:00:00'",
        "3, '2024-01-03 10:00:00', NULL, NULL, '11:00:00', 0.00, NULL, '2024-02-01 00:00:00'",
        # what their servers keep where there was no time
        "4, '0000-00-00 00:00:00', 'x', 0, NULL, NULL, NULL, '2024-02-01 00:00:00'",
        *(f"{n}, '2024-01-04 08:00:00', 'x', 0, NULL, 1, NULL, '2024-02-01 00:00:00'" for n in range(5, 31)),
    )
    put_source(workspace, mysql.url)
    (file,) = ingest(workspace).files
    assert (file.path, file.read, file.kept) == (mysql.url.replace("desk@", "") + "#contacts", 30, 29)
    assert dict(file.set_aside) == {"not_a_time": 1}
    # 8 o'clock in Shanghai
    found = rows(
        workspace,
        "SELECT contact_id, timezone('UTC', created_at)::VARCHAR, issue, is_escalated, talk_s, cost FROM {} "
        "WHERE contact_id IN ('1', '2', '3') ORDER BY contact_id",
        "contacts",
    )
    assert found == [
        ("1", "2024-01-03 00:00:00", "退款 𠮷", True, 125.0, 12.5),
        ("2", "2024-01-03 01:30:00", "It's 100 %", False, None, None),
        ("3", "2024-01-03 02:00:00", None, None, 39600.0, 0.0),
    ]


def test_only_what_changed_is_read_by_the_cursor(workspace: Path, server: sa.Engine, mysql: Any) -> None:
    call = "{0}, '2024-01-03 08:00:00', 'x', 0, NULL, 1, NULL, '2024-02-01 00:{0:02d}:00.25'"
    fill(server, *(call.format(n) for n in range(1, 31)))
    query = "SELECT *, 100 % 7 AS seven FROM calls WHERE topic LIKE 'x%' -- all"
    put_source(workspace, mysql.url, query=query, more='cursor = "changed_at"')
    assert ingest(workspace).files[0].read == 30
    assert ingest(workspace).files[0].read == 0
    with server.begin() as session:
        session.exec_driver_sql("UPDATE calls SET cost = 9, changed_at = '2024-03-01 00:00:00' WHERE id IN (2, 3)")
    (part,) = ingest(workspace).files
    label = mysql.url.replace("desk@", "") + "#contacts since 2024-02-01T00:30:00.250000"
    # those of the last five minutes are met again as they were, and left out
    assert (part.path, part.read, part.kept) == (label, 2, 2)
    assert rows(workspace, "SELECT count(*), count(*) FILTER (cost = 9) FROM {}", "contacts") == [(30, 2)]


@pytest.mark.parametrize(
    ("query", "password", "said"),
    [
        pytest.param(
            CALLS, "wrong", "Access denied for user 'desk'@'localhost' (using password: YES)", id="a wrong password"
        ),
        pytest.param("SELECT * FROM nowhere", None, "Table 'desk.nowhere' doesn't exist", id="no such table"),
        pytest.param(
            "DELETE FROM calls",
            None,
            "Cannot execute statement in a READ ONLY transaction",
            id="a query that writes",
        ),
    ],
)
def test_what_the_server_refuses_is_a_setting(
    workspace: Path,
    server: sa.Engine,
    mysql: Any,
    query: str,
    password: str | None,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CSM_TEST_PASSWORD", password or mysql.password)
    put_source(workspace, mysql.url, query=query)
    with pytest.raises(SettingError) as caught:
        ingest(workspace)
    assert str(caught.value) == (
        f"the query of contacts must run on {mysql.url.replace('desk@', '')}, got {said!r} (source 'desk'). Correct "
        "the query, the URL or the password."
    )


def csm_ingest(workspace: Path, *options: str, password: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "csm_lib", "ingest", *options, "--workspace", str(workspace)]
    environment = {**os.environ, "CSM_TEST_PASSWORD": password}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def test_a_server_that_is_away_ends_with_4(workspace: Path, mysql: Any) -> None:
    url = mysql.url.rpartition(":")[0] + ":1/desk"  # nobody serves at port 1
    put_source(workspace, url)
    ended = csm_ingest(workspace, password=mysql.password)
    assert ended.returncode == 4
    where = url.replace("desk@", "")
    assert f"{where} must answer, got \"Can't connect to MySQL server on '127.0.0.1'" in ended.stderr
    assert "Traceback" not in ended.stderr


def spellings(password: str) -> set[str]:
    return {password, sa.engine.url.quote_plus(password), repr(password)[1:-1], json.dumps(password)[1:-1]}


def test_the_password_is_in_no_byte_of_the_workspace(workspace: Path, server: sa.Engine, mysql: Any) -> None:
    fill(server, "1, '2024-01-03 08:00:00', 'x', 1, NULL, 1, NULL, '2024-02-01 00:00:00'")
    put_source(workspace, mysql.url, more='cursor = "changed_at"')
    ended = csm_ingest(workspace, "--json", password=mysql.password)
    assert ended.returncode == 0, ended.stderr
    content = [path.read_bytes() for path in workspace.rglob("*") if path.is_file()]
    content += [ended.stdout.encode(), ended.stderr.encode()]
    assert len(content) > 5
    for secret in spellings(mysql.password):
        assert not any(secret.encode() in part for part in content)


@pytest.mark.parametrize("options", [("--debug",), ("--json",), ("--debug", "--json")])
def test_neither_traceback_nor_json_tells_a_wrong_password(
    workspace: Path, mysql: Any, options: tuple[str, ...]
) -> None:
    put_source(workspace, mysql.url)
    wrong = "hunter/2@not it%25"
    ended = csm_ingest(workspace, *options, password=wrong)
    assert ended.returncode != 0
    said = ended.stdout + ended.stderr
    assert "Access denied" in said
    assert not any(secret in said for secret in spellings(wrong) | {"hunter"})
