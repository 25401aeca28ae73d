"""Numbers and durations as texts: read where they mean one amount, unread else."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csm_lib.collect.entries import ColumnMap
from csm_lib.collect.numbers_sql import number_sql
from csm_lib.engine import quote_text


def number(
    connection: duckdb.DuckDBPyConnection, text: str, *, is_duration: bool = False, **stated: str
) -> float | None:
    sql = number_sql("t", ColumnMap.model_validate({"from": "x", **stated}), is_duration=is_duration)
    return connection.sql(f"SELECT {sql} FROM (SELECT {quote_text(text)} AS t)").fetchall()[0][0]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90.0),
        ("1:02:03", 3723.0),
        ("27:00:00", 97200.0),
        ("2h 5m", 7500.0),
        ("2h5m", 7500.0),
        ("1.5h", 5400.0),
        ("90s", 90.0),
        ("5 min", 300.0),
        ("3 hours, 5 minutes", 11100.0),
        ("1d 2h", 93600.0),
        ("2分30秒", 150.0),
        ("２分３０秒", 150.0),
        ("６０．５", 60.5),
        ("1小时2分", 3720.0),
        ("1小時2分鐘", 3720.0),
        ("45秒", 45.0),
        ("PT2M30S", 150.0),
        ("P1DT2H", 93600.0),
        ("2:05", None),  # minutes or hours
        ("250ms", None),
        ("h", None),
        ("2h 2h", None),
        ("1:60:00", None),
        ("-2m", None),
        ("soon", None),
        ("inf", None),
    ],
)
def test_a_duration_is_read_where_its_text_means_one(
    connection: duckdb.DuckDBPyConnection, text: str, seconds: float | None
) -> None:
    assert number(connection, text, is_duration=True) == seconds


@pytest.mark.parametrize(
    ("text", "stated", "expected"),
    [
        ("2:05", {"unit": "clock"}, 125.0),
        ("2:05", {"unit": "hours_minutes"}, 7500.0),
        ("2:05", {"unit": "duration"}, 125.0),
        ("2分5秒", {"unit": "duration"}, 125.0),
        ("125", {"unit": "duration"}, 125.0),
        ("2.5", {"unit": "minutes"}, 150.0),
        ("2500", {"unit": "ms"}, 2.5),
        ("2", {"unit": "hours"}, 7200.0),
        ("1,234.5", {"thousands": ","}, 1234.5),
        ("12,34,567", {"thousands": ","}, 1234567.0),
        ("1.234,5", {"thousands": ".", "decimal": ","}, 1234.5),
        ("1 234,5", {"thousands": " ", "decimal": ","}, 1234.5),
        ("1\u202f234", {"thousands": " "}, 1234.0),
        ("1'234.5", {"thousands": "'"}, 1234.5),
        ("-1,5", {"decimal": ","}, -1.5),
        ("1234", {"thousands": ","}, 1234.0),
        ("1,23", {"thousands": ","}, None),
        ("1.5", {"decimal": ","}, None),
        ("1,234", {}, None),
        ("2h", {}, None),
        ("1,200", {"thousands": ",", "unit": "minutes"}, 72000.0),
    ],
)
def test_what_the_source_states_decides(
    connection: duckdb.DuckDBPyConnection, text: str, stated: dict[str, str], expected: float | None
) -> None:
    assert number(connection, text, **stated) == expected


def test_one_sign_cannot_mean_two_things() -> None:
    with pytest.raises(ValueError, match="thousands and decimal must be two different signs"):
        ColumnMap.model_validate({"from": "x", "thousands": ".", "decimal": "."})


@settings(max_examples=40, deadline=None)
@given(amount=st.integers(0, 10**9), sign=st.sampled_from([",", ".", "'", "_"]))
def test_grouping_changes_no_number(connection: duckdb.DuckDBPyConnection, amount: int, sign: str) -> None:
    stated = {"thousands": sign} | ({"decimal": ","} if sign == "." else {})
    assert number(connection, f"{amount:,}".replace(",", sign), **stated) == amount
