"""Facts in memory are the facts on disk, and no more of them than fit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import duckdb
import pytest

from csm_lib.collect.held_facts import Facts, HeldFacts
from csm_lib.definitions import FACTS
from csm_lib.engine import connect
from csm_lib.errors import SettingError
from csm_lib.periods import Period
from csm_lib.settings import Scope

APRIL = Period(date(2024, 4, 1), date(2024, 5, 1), "2024-04")
MAY = Period(date(2024, 5, 1), date(2024, 6, 1), "2024-05")


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with 61 days of two contacts each, one of them by chat; every other grain is empty."""
    with connect() as connection:
        for grain, fact in FACTS.items():
            rows = "SELECT NULL::DATE AS local_date, '' AS channel, '' AS team WHERE FALSE"
            if grain == "contact":
                rows = (
                    "SELECT (DATE '2024-04-01' + (i // 2)::INTEGER) AS local_date, "
                    "CASE WHEN i % 2 = 0 THEN 'chat' ELSE 'phone' END AS channel, 'Hill' AS team, i AS contact_id "
                    "FROM range(122) AS r(i)"
                )
            connection.execute(f"CREATE TEMP VIEW {fact.table} AS {rows}")
        yield connection


def in_memory(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    found = connection.execute("SELECT table_name, estimated_size FROM duckdb_tables()").fetchall()
    return {str(name): int(rows) for name, rows in found}


@pytest.mark.parametrize("most", [0, 60, 100, 1_000], ids=["no room", "room for a month", "for one more", "for all"])
def test_whatever_is_held_the_rows_are_those_on_disk(warehouse: duckdb.DuckDBPyConnection, most: int) -> None:
    held = HeldFacts(warehouse, most=most)
    for period in (APRIL, MAY, APRIL):
        for scope in (Scope(), Scope(channels=("chat",))):
            facts = Facts(held, period, scope)
            asked = warehouse.sql(f"SELECT * FROM {FACTS['contact'].table} WHERE {facts.condition}")
            assert facts.relation("contact").order("contact_id").fetchall() == asked.order("contact_id").fetchall()


@pytest.mark.parametrize(
    ("most", "wanted"),
    [
        (1_000, {"held contact": 122}),
        (122, {"held contact": 122}),
        (121, {"held contact 0": 60}),
        (59, {}),
    ],
    ids=["the whole grain fits", "just", "only the month fits", "nothing fits"],
)
def test_what_fits_is_held_once(warehouse: duckdb.DuckDBPyConnection, most: int, wanted: dict[str, int]) -> None:
    facts = Facts(HeldFacts(warehouse, most=most), APRIL, Scope())
    assert len(facts.relation("contact")) == len(facts.relation("contact")) == 60
    assert in_memory(warehouse) == wanted


def test_a_look_whether_there_is_anything_holds_nothing(warehouse: duckdb.DuckDBPyConnection) -> None:
    facts = Facts(HeldFacts(warehouse), MAY, Scope(channels=("phone",)))
    assert facts.has_rows("contact")
    assert not Facts(HeldFacts(warehouse), MAY, Scope(channels=("email",))).has_rows("contact")
    assert facts["survey"] is None
    assert in_memory(warehouse) == {}


def test_an_unknown_grain_is_refused(warehouse: duckdb.DuckDBPyConnection) -> None:
    facts = Facts(HeldFacts(warehouse), MAY, Scope())
    with pytest.raises(SettingError) as refused:
        facts.relation("call")
    assert str(refused.value) == f"grain must be one of {', '.join(FACTS)}, got 'call'. Correct it."
