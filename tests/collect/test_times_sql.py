"""Times as texts: every form that means one instant is read, every other stays unread."""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csm_lib.collect.entries import ColumnMap
from csm_lib.collect.times_sql import date_sql, instant_sql, local_sql
from csm_lib.engine import quote_text

FIVE_PAST_FIVE = "2024-01-03 17:05:00"


def instant(connection: duckdb.DuckDBPyConnection, text: str, zone: str = "UTC", **stated: str) -> str | None:
    sql = instant_sql("t", ColumnMap.model_validate({"from": "x", **stated}), zone)
    query = f"SELECT CAST(timezone('UTC', {sql}) AS VARCHAR) FROM (SELECT {quote_text(text)} AS t)"
    return connection.sql(query).fetchall()[0][0]


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-03 17:05",
        "2024-01-03T17:05:00",
        "2024-01-03T17:05:00.000000",
        "2024/1/3 17:05:00",
        "2024.01.03 17:05",
        "2024-01-03 17:05:00,000",
        "2024/1/3 5:05 PM",
        "2024-01-03 05:05:00 p.m.",
        "2024/1/3 下午 5:05:00",
        "2024/01/03 下午05:05",
        "2024年1月3日 17时05分",
        "２０２４－０１－０３　１７：０５",
        "2024-01-03 星期三 17:05",
        "2024年1月3日（周三）17:05",
        "2024年01月03日17点5分0秒",
        "24年1月3日 17：05",
        "20240103170500",
        "20240103 17:05:00",
        "20240103T170500",
        "3 Jan 2024 17:05",
        "03-Jan-2024 05:05:00 PM",
        "3 January 2024 17:05:00",
        "Jan 3, 2024 5:05 pm",
        "Wed, 03 Jan 2024 17:05:00 GMT",
        "Wed, 03 Jan 2024 18:05:00 +0100",
        "2024-01-03T17:05:00Z",
        "2024-01-03 17:05:00 UTC",
        "2024-01-04 01:05:00+08",
        "2024-01-03 12:05:00-0500",
    ],
)
def test_a_form_that_means_one_instant_is_read(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    assert instant(connection, text) == FIVE_PAST_FIVE


@pytest.mark.parametrize(
    "text",
    [
        "03/04/2024",
        "3.4.2024 17:05",
        "03/04/24",
        "24-01-03",
        "2024-01-03 17:05:00 CST",  # in China or in Chicago
        "2024-01-03 17:05:00 Asia/Tokyo",
        "2024-01-03 17:05:00 PM",
        "2024-01-03 5:05 XM",
        "2024-02-30 17:05",
        "2024-01-03 25:05",
        "2024-13-01",
        "1704301500",
        "45294.7118",
        "202401031705",
        "infinity",
        "epoch",
        "today",
        "17:05",
        "2024",
    ],
)
def test_a_text_that_means_none_or_two_stays_unread(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    assert instant(connection, text) is None


@pytest.mark.parametrize(
    ("text", "stated", "expected"),
    [
        ("3/4/2024 5:05 PM", {"order": "day_first"}, "2024-04-03 17:05:00"),
        ("3/4/2024 5:05 PM", {"order": "month_first"}, "2024-03-04 17:05:00"),
        ("03.04.24 17:05", {"order": "day_first"}, "2024-04-03 17:05:00"),
        ("03-04-2024", {"order": "month_first"}, "2024-03-04 00:00:00"),
        ("24/4/3 17:05", {"order": "year_first"}, "2024-04-03 17:05:00"),
        ("31/1/2024", {"order": "month_first"}, None),
        ("2024-04-03 17:05", {"order": "day_first"}, "2024-04-03 17:05:00"),
        ("03|04|2024", {"format": "%d|%m|%Y"}, "2024-04-03 00:00:00"),
        ("1704301500", {"unit": "epoch_s"}, FIVE_PAST_FIVE),
        ("1704301500000", {"unit": "epoch_ms"}, FIVE_PAST_FIVE),
        ("1704301500000000", {"unit": "epoch_us"}, FIVE_PAST_FIVE),
        ("1704301500.25", {"unit": "epoch_s"}, "2024-01-03 17:05:00.25"),
        # 45294 is 3 January 2024 in every spreadsheet; 1462 days less in the calendar that begins in 1904
        ("45294.7118055556", {"unit": "excel"}, FIVE_PAST_FIVE),
        ("43832.7118055556", {"unit": "excel_1904"}, FIVE_PAST_FIVE),
        ("1e300", {"unit": "epoch_s"}, None),
        ("soon", {"unit": "excel"}, None),
    ],
)
def test_what_the_source_states_decides(
    connection: duckdb.DuckDBPyConnection, text: str, stated: dict[str, str], expected: str | None
) -> None:
    assert instant(connection, text, **stated) == expected


@pytest.mark.parametrize(
    ("text", "stated", "expected"),
    [
        ("2024年1月3日", {}, "2024-01-03"),
        ("20240103", {}, "2024-01-03"),
        ("2024-01-03 23:59", {}, "2024-01-03"),
        ("2024-01-03T00:00:00Z", {}, "2024-01-03"),
        ("3 Jan 2024", {}, "2024-01-03"),
        ("03/04/2024", {}, None),
        ("03/04/2024", {"order": "day_first"}, "2024-04-03"),
        ("45294", {"unit": "excel"}, "2024-01-03"),
        ("0001-01-01x", {}, None),
    ],
)
def test_a_date_is_the_day_that_stands_there(
    connection: duckdb.DuckDBPyConnection, text: str, stated: dict[str, str], expected: str | None
) -> None:
    sql = date_sql("t", ColumnMap.model_validate({"from": "x", **stated}))
    query = f"SELECT CAST({sql} AS VARCHAR) FROM (SELECT {quote_text(text)} AS t)"
    assert connection.sql(query).fetchall() == [(expected,)]


def test_a_local_time_is_none_where_the_text_states_its_zone(connection: duckdb.DuckDBPyConnection) -> None:
    sql = local_sql("t", ColumnMap.model_validate({"from": "x"}))
    query = f"SELECT CAST({sql} AS VARCHAR) FROM (VALUES ('2024-01-03 17:05'), ('2024-01-03T17:05:00Z')) AS rows(t)"
    assert connection.sql(query).fetchall() == [(FIVE_PAST_FIVE,), (None,)]
    assert local_sql("t", ColumnMap.model_validate({"from": "x", "unit": "epoch_s"})) is None


FORMS = (
    "%Y-%m-%d %H:%M:%S",
    "%Y/%m/%d %I:%M:%S %p",
    "%Y年%m月%d日 %H时%M分%S秒",
    "%Y%m%d%H%M%S",
    "%d %b %Y %H:%M:%S",
    "%B %d, %Y %I:%M:%S %p",
    "%Y-%m-%dT%H:%M:%SZ",
)


@settings(max_examples=60, deadline=None)
@given(
    moment=st.datetimes(datetime(1971, 1, 1), datetime(2099, 12, 31), timezones=st.just(UTC)),
    form=st.sampled_from(FORMS),
)
def test_what_python_writes_is_read_back(
    connection: duckdb.DuckDBPyConnection, moment: datetime, form: str
) -> None:
    whole = moment.replace(microsecond=0)
    assert instant(connection, whole.strftime(form)) == whole.strftime("%Y-%m-%d %H:%M:%S")
