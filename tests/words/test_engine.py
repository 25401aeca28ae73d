"""Connections: their own or borrowed, they answer alike and leave nothing behind."""

from __future__ import annotations

import subprocess
import sys

import duckdb
import pytest

from csm_lib.engine import borrow, connect


@pytest.mark.parametrize(
    ("setting", "wanted"),
    [("TimeZone", "UTC"), ("enable_progress_bar", False), ("autoinstall_known_extensions", False)],
)
def test_a_borrowed_connection_is_set_as_an_own_one(setting: str, wanted: object) -> None:
    query = f"SELECT current_setting('{setting}')"
    assert [connection.execute(query).fetchall() for connection in (connect(), borrow())] == [[(wanted,)]] * 2


def test_borrowers_do_not_see_each_others_names() -> None:
    with borrow() as one, borrow() as other:
        one.execute("CREATE TEMP VIEW facts AS SELECT 1 AS a")
        with pytest.raises(duckdb.CatalogException):
            other.execute("FROM facts")


def test_a_process_that_borrowed_ends_without_a_word() -> None:
    script = "from csm_lib.engine import borrow; kept = borrow().sql('SELECT 1 AS a'); print(kept.fetchall())"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert (ended.stdout, ended.stderr) == ("[(1,)]\n", "")
