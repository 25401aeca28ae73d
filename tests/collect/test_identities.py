"""Identities: one pseudonym per customer, the same in every export; no key, no pseudonym; ordinary identifiers stay."""

from __future__ import annotations

import hashlib
import hmac
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from csm_lib.collect.identities import KEY_FILE, key_fingerprint, load_key, pseudonym_sql, use_key
from csm_lib.collect.ingest import RefusedError, ingest
from csm_lib.engine import connect
from csm_lib.errors import SettingError
from tests.collect.workspaces import put, rows

KEY = b"k" * 32
LETTERS = str.maketrans("0123456789abcdef", "abcdefghkmnpqrst")


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with connect() as opened:
        use_key(opened, KEY)
        yield opened


def pseudonym(connection: duckdb.DuckDBPyConnection, text: str | None, *, is_always: bool = False) -> str | None:
    query = f"SELECT {pseudonym_sql('given', is_always=is_always)} FROM (SELECT $1::VARCHAR AS given)"
    found = connection.execute(query, [text]).fetchall()[0][0]
    return None if found is None else str(found)


def expected(text: str) -> str:
    """Work the pseudonym out by the standard library's own HMAC."""
    return "person_" + hmac.new(KEY, text.encode(), hashlib.sha256).hexdigest()[:24].translate(LETTERS)


@pytest.mark.parametrize(
    ("text", "one_way"),
    [
        pytest.param("13812345678", "13812345678", id="a mobile number"),
        pytest.param("138 1234 5678", "13812345678", id="in groups"),
        pytest.param("+86-138-1234-5678", "13812345678", id="with its country"),
        pytest.param("008613812345678", "13812345678", id="dialled from abroad"),
        pytest.param("１３８１２３４５６７８", "13812345678", id="in full-width figures"),
        pytest.param("0571-87654321", "057187654321", id="a landline"),
        pytest.param("+44 20 7946 0958", "442079460958", id="an international number"),
        pytest.param("(212) 555-0100", "2125550100", id="a North American number"),
        pytest.param("Li.Wei@Example.com", "li.wei@example.com", id="an e-mail address"),
        pytest.param("11010519491231002x", "11010519491231002X", id="an identity card"),
        pytest.param("110105491231002", "110105491231002", id="an identity card of 15 figures"),
        pytest.param("4111 1111 1111 1111", "4111111111111111", id="a bank card"),
        pytest.param("李13812345678", "李13812345678", id="a number behind a name"),
    ],
)
def test_what_identifies_a_person_becomes_a_keyed_hash_of_its_one_form(
    connection: duckdb.DuckDBPyConnection, text: str, one_way: str
) -> None:
    assert pseudonym(connection, text) == expected(one_way)


@pytest.mark.parametrize(
    "text",
    ["C0001032", "1234567", "27997683", "20240103", "Caller 1234", "4111111111111112", "000123456789", "u-2024-01-03",
     "b7e23ec2-9f1a-4c54-8d7e-000000000001", expected("x"), "王", None],
)  # fmt: skip
def test_an_identifier_of_the_desk_itself_stays(connection: duckdb.DuckDBPyConnection, text: str | None) -> None:
    assert pseudonym(connection, text) == text


def test_every_value_of_a_personal_column_gets_a_pseudonym_once(connection: duckdb.DuckDBPyConnection) -> None:
    assert pseudonym(connection, " 陈秀明 ", is_always=True) == expected("陈秀明")
    assert pseudonym(connection, "138-1234-5678", is_always=True) == expected("13812345678")
    assert pseudonym(connection, expected("陈秀明"), is_always=True) == expected("陈秀明")
    assert pseudonym(connection, None, is_always=True) is None


def test_without_a_key_nothing_personal_passes() -> None:
    with connect() as connection, pytest.raises(duckdb.InvalidInputException) as caught:
        pseudonym(connection, "13812345678")
    assert "13812345678" not in str(caught.value)


def test_the_key_is_made_once_for_its_owner_alone_and_git_leaves_it_out(tmp_path: Path) -> None:
    key = load_key(tmp_path)
    path = tmp_path / KEY_FILE
    assert load_key(tmp_path, expected=key_fingerprint(key)) == key
    assert (path.parent / ".gitignore").read_text(encoding="utf-8") == ".key*\n"
    if os.name == "posix":
        path.chmod(0o644)
        load_key(tmp_path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("content", "got"), [(None, "nothing there"), ("not a key", "something else"), ("00" * 32, "another one")]
)
def test_a_lost_or_changed_key_is_said(tmp_path: Path, content: str | None, got: str) -> None:
    known = key_fingerprint(load_key(tmp_path))
    path = tmp_path / KEY_FILE
    path.unlink()
    if content is not None:
        path.write_text(content, encoding="ascii")
    with pytest.raises(SettingError) as caught:
        load_key(tmp_path, expected=known)
    assert str(caught.value) == (
        f"{path} must hold the key that this warehouse's customers were masked with, got {got}. Put it back from a "
        "backup; if it is lost, move data/warehouse away and ingest again."
    )


SOURCE = """
name = "desk"
time_zone = "UTC"
[[files]]
pattern = "calls*.csv"
table = "contacts"
[files.columns]
contact_id = "id"
created_at = "at"
channel = { value = "phone" }
customer_id = "客户手机"
issue = "topic"
talk_s = "talk"
team = { from = "who", personal = true }

[[files]]
pattern = "orders*.csv"
table = "orders"
[files.columns]
order_id = "id"
ordered_at = "at"
customer_id = "buyer"
"""


def test_a_customer_is_the_same_in_every_export_and_nowhere_by_number(tmp_path: Path) -> None:
    put(tmp_path, "sources/desk.toml", SOURCE)
    put(tmp_path, "raw/calls.csv", "id,at,客户手机,topic,talk,who\nK1,2024-01-01,+86 138-1234-5678,refund,5,周霞芳\n")
    put(tmp_path, "raw/orders.csv", "id,at,buyer\nO1,2024-01-01,13812345678\nO2,2024-01-01,C1\n")
    ingest(tmp_path)
    with connect() as connection:
        use_key(connection, load_key(tmp_path))
        one, name = pseudonym(connection, "13812345678"), pseudonym(connection, "周霞芳", is_always=True)
    assert rows(tmp_path, "SELECT customer_id, team FROM {}", "contacts") == [(one, name)]
    assert rows(tmp_path, "SELECT customer_id FROM {} ORDER BY order_id", "orders") == [(one,), ("C1",)]
    for path in (tmp_path / "data" / "warehouse").rglob("*.json"):
        assert "13812345678" not in path.read_text(encoding="utf-8")


def test_what_is_set_aside_or_refused_is_shown_without_persons(tmp_path: Path) -> None:
    put(tmp_path, "sources/desk.toml", SOURCE)
    bad = "id,at,客户手机,topic,talk,who\nK1,mail a@b.cn or 139 1234 5678,13812345678,refund,5,周霞芳\n"
    put(tmp_path, "raw/calls.csv", bad)
    with pytest.raises(RefusedError) as caught:
        ingest(tmp_path)
    assert "got 'mail [e-mail] or [phone]'" in str(caught.value)
    listing = next((tmp_path / "data" / "warehouse" / "refused").glob("*.csv")).read_text(encoding="utf-8-sig")
    assert "mail [e-mail] or [phone]" in listing
    for secret in ("a@b.cn", "13812345678", "139 1234 5678", "周霞芳"):
        assert secret not in listing + str(caught.value)


def test_a_file_without_a_header_does_not_tell_its_first_row(tmp_path: Path) -> None:
    put(tmp_path, "sources/desk.toml", SOURCE)
    put(tmp_path, "raw/orders.csv", "O1,2024-01-01,13812345678\n")
    with pytest.raises(RefusedError) as caught:
        ingest(tmp_path)
    assert "'[phone]'" in str(caught.value)
    assert "13812345678" not in str(caught.value)


def test_a_warehouse_whose_key_is_gone_is_not_written_to(tmp_path: Path) -> None:
    put(tmp_path, "raw/orders.csv", "order_id,customer_id,ordered_at\nO1,13812345678,2024-01-01\n")
    ingest(tmp_path)
    (tmp_path / KEY_FILE).unlink()
    with pytest.raises(SettingError, match="must hold the key"):
        ingest(tmp_path)
    assert not (tmp_path / KEY_FILE).exists()
