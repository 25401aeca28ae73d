"""Contracts: one broken row per promise, refused in these words."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from csm_lib.collect.contracts import CheckedRows, check_rows, require_columns
from csm_lib.collect.readers import read_raw
from csm_lib.collect.sources import FileEntry
from csm_lib.definitions import TABLES
from csm_lib.errors import SettingError

COLUMNS = ("id", "start", "kind", "queue", "answer", "talk", "prio", "esc", "reopened", "cost")
ENTRY = {
    "pattern": "*",
    "table": "contacts",
    "columns": {
        "contact_id": "id",
        "created_at": "start",
        "channel": "kind",
        "queue_entered_at": "queue",
        "answered_at": "answer",
        "talk_s": "talk",
        "priority": "prio",
        "is_escalated": "esc",
        "reopen_count": "reopened",
        "cost": "cost",
    },
}
SOUND = dict(
    zip(COLUMNS, ("7", "2024-01-01 09:00", "phone", "2024-01-01 09:01", "", "60", "high", "no", "0", "1"), strict=True)
)


def check(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    rows: list[dict[str, str]],
    *,
    entry: dict[str, object] | None = None,
    zone: str = "UTC",
) -> CheckedRows:
    path = folder / "calls.csv"
    lines = [COLUMNS, *(tuple(row.values()) for row in rows)]
    path.write_text("\n".join(",".join(line) for line in lines) + "\n", encoding="utf-8")
    file_entry = FileEntry.model_validate(entry or ENTRY)
    raw = read_raw(connection, path, file_entry, scratch=folder, relation="raw")
    require_columns(file_entry, raw.columns, path)
    return check_rows(connection, raw, file_entry, path=path, zone=zone, relation="kept")


@pytest.mark.parametrize(
    ("broken", "reason", "sentence"),
    [
        pytest.param({"id": ""}, "missing_value", "contact_id must have a value", id="a key without a value"),
        pytest.param(
            {"start": "2024-13-45 09:00"},
            "not_a_time",
            "created_at must be a time, got '2024-13-45 09:00'",
            id="an impossible day",
        ),
        pytest.param(
            {"start": "01/02/2024 09:00"},
            "not_a_time",
            "created_at must be a time, got '01/02/2024 09:00'",
            id="day or month first is not guessed",
        ),
        pytest.param(
            {"start": "1900-01-01 00:00"},
            "not_a_time",
            "created_at must be a time, got '1900-01-01 00:00'",
            id="a placeholder is no time",
        ),
        pytest.param(
            {"kind": "fax"},
            "unknown_word",
            "channel must be one of phone, chat, app, mini_programme, social, email, ticket, web_form, counter, other, "
            "got 'fax'",
            id="an unknown word",
        ),
        pytest.param({"talk": "-5"}, "negative_duration", "talk_s must be at least 0, got '-5'", id="a negative time"),
        pytest.param({"talk": "long"}, "not_a_number", "talk_s must be a number, got 'long'", id="no number"),
        pytest.param({"talk": "inf"}, "not_a_number", "talk_s must be a number, got 'inf'", id="an endless number"),
        pytest.param({"cost": "-1"}, "out_of_range", "cost must be at least 0, got '-1'", id="below its bound"),
        pytest.param(
            {"reopened": "1.5"}, "not_a_whole_number", "reopen_count must be a whole number, got '1.5'", id="a fraction"
        ),
        pytest.param(
            {"esc": "maybe"},
            "not_yes_or_no",
            "is_escalated must be one of yes, no, true, false, 1, 0, 是, 否, got 'maybe'",
            id="neither yes nor no",
        ),
        pytest.param(
            {"queue": "2024-01-01 08:59"},
            "time_order",
            "queue_entered_at must not lie before created_at, got '2024-01-01 08:59'",
            id="queued before calling",
        ),
    ],
)
def test_a_broken_promise_sets_the_row_aside(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, broken: dict[str, str], reason: str, sentence: str
) -> None:
    checked = check(connection, tmp_path, [SOUND, SOUND | {"id": "8"} | broken])
    assert dict(checked.set_aside) == {reason: 1}
    assert checked.sentences == (f"{sentence} (calls.csv, 1 row, line 3)",)
    assert (checked.n_read, checked.n_kept, checked.broken_share) == (2, 1, 0.5)
    (row,) = checked.rows.to_pylist()
    assert (row["line"], row["reason"]) == (3, reason)


def test_rows_that_are_no_rows_are_counted(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    path.write_text("order_id,customer_id,ordered_at\n1,2\n,,\n\n3,4,2024-01-01,6\n5,6,2024-01-01\n", encoding="utf-8")
    entry = FileEntry.model_validate(
        {"pattern": "*", "table": "orders", "columns": {n: n for n in ("order_id", "customer_id", "ordered_at")}}
    )
    raw = read_raw(connection, path, entry, scratch=tmp_path, relation="raw")
    checked = check_rows(connection, raw, entry, path=path, zone="UTC", relation="kept")
    assert (checked.n_read, checked.n_kept) == (5, 1)
    assert dict(checked.set_aside) == {"blank_row": 2, "malformed_row": 2}
    assert set(checked.sentences) == {
        "a row must have values (calls.csv, 2 rows, line 3, 4)",
        "a row must have 3 fields, got 'not 3 fields' (calls.csv, 2 rows, line 2, 5)",
    }


def test_of_conflicting_rows_the_last_stays_and_an_identical_one_is_a_duplicate(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    rows = [SOUND, SOUND, SOUND | {"cost": "2"}]
    checked = check(connection, tmp_path, rows)
    assert dict(checked.set_aside) == {"conflicting_key": 1, "duplicate": 1}
    assert checked.sentences == ("contact_id must identify one row, got '7' (calls.csv, 1 row, line 3)",)
    assert connection.sql("SELECT cost FROM kept").fetchall() == [(2.0,)]
    assert checked.broken_share == 1 / 3


def test_superseding_comes_before_checking(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows = [SOUND | {"cost": "10"}, SOUND | {"cost": "9", "talk": "junk"}, SOUND | {"cost": "100", "talk": "1"}]
    checked = check(connection, tmp_path, rows, entry={**ENTRY, "keep": {"latest_by": "cost"}})
    assert dict(checked.set_aside) == {"superseded": 2}
    assert checked.broken_share == 0
    assert connection.sql("SELECT talk_s FROM kept").fetchall() == [(1.0,)]


@pytest.mark.parametrize(
    ("text", "zone", "instant"),
    [
        ("2024-01-01 09:00", "Asia/Shanghai", "2024-01-01 01:00:00+00"),
        ("2024/1/1 9:00", "Asia/Shanghai", "2024-01-01 01:00:00+00"),
        ("2024-01-01T09:00:00Z", "Asia/Shanghai", "2024-01-01 09:00:00+00"),
        ("2024-01-01T09:00:00+08:00", "America/New_York", "2024-01-01 01:00:00+00"),
        ("2024-01-01 09:00:00-0500", "Asia/Shanghai", "2024-01-01 14:00:00+00"),
    ],
)
def test_times_are_read_in_the_sources_zone_unless_they_say_theirs(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, text: str, zone: str, instant: str
) -> None:
    check(connection, tmp_path, [SOUND | {"start": text, "queue": ""}], zone=zone)
    assert connection.sql("SELECT created_at::VARCHAR FROM kept").fetchall() == [(instant,)]


@pytest.mark.parametrize(
    ("given", "text", "seconds"),
    [
        ({"unit": "minutes"}, "2.5", 150.0),
        ({"unit": "ms"}, "2500", 2.5),
        ({"unit": "hours"}, "2", 7200.0),
        ({"unit": "clock"}, "1:02:03", 3723.0),
        ({"unit": "clock"}, "2:05", 125.0),
    ],
)
def test_durations_become_seconds(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, given: dict[str, str], text: str, seconds: float
) -> None:
    entry = {**ENTRY, "columns": {**ENTRY["columns"], "talk_s": {"from": "talk", **given}}}  # type: ignore[dict-item]
    check(connection, tmp_path, [SOUND | {"talk": text}], entry=entry)
    assert connection.sql("SELECT talk_s FROM kept").fetchall() == [(seconds,)]


def test_a_condition_that_is_no_sql_names_its_key(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    entry = {**ENTRY, "out_of_population": [{"when": "outcom = 'X'"}]}
    with pytest.raises(SettingError) as caught:
        check(connection, tmp_path, [SOUND], entry=entry)
    assert str(caught.value).startswith(
        "out_of_population[0].when must be a DuckDB expression over the file's columns, got Binder Error: "
    )
    assert str(caught.value).endswith(f"(source of '*', table contacts). Columns: {', '.join(COLUMNS)}.")


def test_sql_that_fails_on_a_row_is_a_setting_to_correct(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    entry = {**ENTRY, "columns": {**ENTRY["columns"], "talk_s": {"sql": "CAST(talk AS INTEGER)"}}}  # type: ignore[dict-item]
    with pytest.raises(SettingError) as caught:
        check(connection, tmp_path, [SOUND | {"talk": "x"}], entry=entry)
    assert str(caught.value).startswith("the SQL of a source must not fail on any row, got Conversion Error: ")
    assert str(caught.value).endswith("(source of '*', table contacts). Use try_cast and try_strptime there.")


def test_a_name_without_the_part_a_column_needs_is_said(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    from csm_lib.errors import ContractError

    entry = {**ENTRY, "columns": {**ENTRY["columns"], "team": {"file_name": "team_(.)"}}}  # type: ignore[dict-item]
    with pytest.raises(ContractError) as caught:
        check(connection, tmp_path, [SOUND], entry=entry)
    path = tmp_path / "calls.csv"
    assert str(caught.value) == (
        f"calls.csv must have a name in which 'team_(.)' finds a group, got none ({path}). "
        "Rename the file or correct the source."
    )


def test_free_text_is_masked(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "surveys.csv"
    path.write_text(
        "survey_id,comment\n1,打13812345678或a@b.cn\n2,身份证110101199003074578\n3,卡6222 0202 0011 2233 445\n",
        encoding="utf-8",
    )
    entry = FileEntry.model_validate(
        {"pattern": "*", "table": "surveys", "columns": {"survey_id": "survey_id", "comment": "comment"}}
    )
    raw = read_raw(connection, path, entry, scratch=tmp_path, relation="raw")
    check_rows(connection, raw, entry, path=path, zone="UTC", relation="kept")
    assert connection.sql("SELECT comment FROM kept ORDER BY survey_id").fetchall() == [
        ("打[phone]或[e-mail]",),
        ("身份证[id]",),
        ("卡[card]",),
    ]


REVIEW = {
    "review_id": "R1", "contact_id": "7", "reviewer_id": "Q1", "reviewed_at": "2024-01-02 09:00",
    "sampled_on": "2024-01-02", "selection": "random", "attitude": "4", "is_accurate": "yes",
}  # fmt: skip
SURVEY = {
    "survey_id": "S1", "sent_at": "2024-01-02 09:00", "answered_at": "2024-01-02 09:30", "csat": "5", "recommend": "9",
    "would_recommend": "yes", "weight": "1.5",
}  # fmt: skip
COMPLAINT = {"complaint_id": "K1", "received_at": "2024-01-02 09:00", "first_contact_at": "", "source": "system"}
AGENT = {"agent_id": "A1", "team": "T", "hired_on": "2020-05-01", "left_on": "2021-05-01"}
VOLUME = {"starts_at": "2024-01-02 09:00", "interval_s": "1800", "offered": "12", "staffed_agents": "3.5"}
SHIFT = {
    "agent_id": "A1", "starts_at": "2024-01-02 09:00", "ends_at": "2024-01-02 17:00", "kind": "day", "paid_break_s": "0"
}


@pytest.mark.parametrize(
    ("table", "sound", "broken", "reason", "sentence"),
    [
        pytest.param(
            "reviews", REVIEW, {"sampled_on": "2024-02-30"}, "not_a_date",
            "sampled_on must be a date, got '2024-02-30'", id="an impossible date",
        ),
        pytest.param(
            "reviews", REVIEW, {"attitude": "6"}, "out_of_range",
            "attitude must be at least 1 and at most 5, got '6'", id="above the scale",
        ),
        pytest.param(
            "reviews", REVIEW, {"selection": "favourites"}, "unknown_word",
            "selection must be one of random, targeted, calibration, mystery, got 'favourites'", id="a way of drawing",
        ),
        pytest.param(
            "reviews", REVIEW, {"reviewer_id": ""}, "missing_value", "reviewer_id must have a value",
            id="nobody reviewed",
        ),
        pytest.param(
            "surveys", SURVEY, {"csat": "0"}, "out_of_range", "csat must be at least 1 and at most 5, got '0'",
            id="below the scale",
        ),
        pytest.param(
            "surveys", SURVEY, {"recommend": "11"}, "out_of_range",
            "recommend must be at least 0 and at most 10, got '11'", id="eleven of ten",
        ),
        pytest.param(
            "surveys", SURVEY, {"csat": "4.5"}, "not_a_whole_number", "csat must be a whole number, got '4.5'",
            id="half a rating",
        ),
        pytest.param(
            "surveys", SURVEY, {"weight": "-0.5"}, "out_of_range", "weight must be at least 0, got '-0.5'",
            id="a negative weight",
        ),
        pytest.param(
            "surveys", SURVEY, {"weight": "heavy"}, "not_a_number", "weight must be a number, got 'heavy'",
            id="a weight in words",
        ),
        pytest.param(
            "surveys", SURVEY, {"would_recommend": "perhaps not"}, "unknown_word",
            "would_recommend must be one of yes, unsure, no, got 'perhaps not'", id="an answer that is none",
        ),
        pytest.param(
            "surveys", SURVEY, {"answered_at": "2024-01-02 08:59"}, "time_order",
            "answered_at must not lie before sent_at, got '2024-01-02 08:59'", id="answered before it was sent",
        ),
        pytest.param(
            "surveys", SURVEY, {"sent_at": "2024-03-10 02:30", "answered_at": ""}, "skipped_local_time",
            "sent_at must be a local time that the clock showed, got '2024-03-10 02:30'", id="an hour that never was",
        ),
        pytest.param(
            "complaints", COMPLAINT, {"first_contact_at": "2024-01-01 09:00"}, "time_order",
            "first_contact_at must not lie before received_at, got '2024-01-01 09:00'", id="contacted before it came",
        ),
        pytest.param(
            "agents", AGENT, {"left_on": "2019-01-01"}, "time_order",
            "left_on must not lie before hired_on, got '2019-01-01'", id="left before coming",
        ),
        pytest.param(
            "volumes", VOLUME, {"interval_s": "0"}, "out_of_range", "interval_s must be at least 1, got '0'",
            id="an interval of nothing",
        ),
        pytest.param(
            "volumes", VOLUME, {"offered": "-1"}, "out_of_range", "offered must be at least 0, got '-1'",
            id="fewer than none",
        ),
        pytest.param(
            "shifts", SHIFT, {"ends_at": "2024-01-02 08:00"}, "time_order",
            "ends_at must not lie before starts_at, got '2024-01-02 08:00'", id="ends before it starts",
        ),
        pytest.param(
            "shifts", SHIFT, {"paid_break_s": "-60"}, "negative_duration", "paid_break_s must be at least 0, got '-60'",
            id="a negative break",
        ),
    ],
)  # fmt: skip
def test_each_kind_of_promise_in_each_table(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, table: str, sound: dict[str, str], broken: dict[str, str],
    reason: str, sentence: str,
) -> None:  # fmt: skip
    assert broken.keys() <= sound.keys()
    key = TABLES[table].key[0]
    other = sound | {key: "2024-01-02 09:30" if table == "volumes" else f"{sound[key]}9"} | broken
    path = tmp_path / "x.csv"
    lines = [sound.keys(), sound.values(), other.values()]
    path.write_text("\n".join(map(",".join, lines)) + "\n", encoding="utf-8")
    entry = FileEntry.model_validate({"pattern": "*", "table": table, "columns": {name: name for name in sound}})
    raw = read_raw(connection, path, entry, scratch=tmp_path, relation="raw")
    checked = check_rows(connection, raw, entry, path=path, zone="America/New_York", relation="kept")
    assert dict(checked.set_aside) == {reason: 1}
    assert checked.sentences == (f"{sentence} (x.csv, 1 row, line 3)",)
    assert (checked.n_read, checked.n_kept) == (2, 1)
    (row,) = checked.rows.to_pylist()
    assert (row["line"], row["column"], row["reason"]) == (3, sentence.partition(" ")[0], reason)


def test_a_stated_form_stands_in_the_sentence(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    given = {"from": "start", "format": ["%d.%m.%Y %H:%M", "%Y-%m-%d %H:%M"]}
    entry = {**ENTRY, "columns": {**ENTRY["columns"], "created_at": given}}  # type: ignore[dict-item]
    checked = check(connection, tmp_path, [SOUND, SOUND | {"id": "8", "start": "2024/01/01 9 Uhr"}], entry=entry)
    assert checked.sentences == (
        "created_at must be a time in the form %d.%m.%Y %H:%M or %Y-%m-%d %H:%M, got '2024/01/01 9 Uhr' (calls.csv, "
        "1 row, line 3)",
    )


def test_a_rule_of_the_source_names_its_condition(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rules = {
        "out_of_population": [{"when": "kind = 'fax'"}],
        "set_aside": [{"when": "talk = '0'", "reason": "no_talk", "column": "talk"}],
    }
    rows = [SOUND, SOUND | {"id": "8", "kind": "fax"}, SOUND | {"id": "9", "talk": "0"}]
    checked = check(connection, tmp_path, rows, entry={**ENTRY, **rules})
    assert dict(checked.set_aside) == {"no_talk": 1, "out_of_population": 1}
    assert checked.sentences == ("talk must not meet \"talk = '0'\", got '0' (calls.csv, 1 row, line 4)",)
    assert checked.broken_share == 1 / 3
