"""Clock changes: the hour that never was is set aside, the hour that was twice is said."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from csm_lib.collect.clock_changes import clock_changes
from csm_lib.collect.contracts import CheckedRows, check_rows
from csm_lib.collect.entries import FileEntry
from csm_lib.collect.readers import read_raw


def check(
    connection: duckdb.DuckDBPyConnection, folder: Path, starts: list[str], zone: str, **stated: str
) -> CheckedRows:
    path = folder / "calls.csv"
    rows = [f"{n};{start};phone" for n, start in enumerate(starts, start=1)]
    path.write_text("id;start;kind\n" + "\n".join(rows) + "\n", encoding="utf-8")
    columns = {"contact_id": "id", "created_at": {"from": "start", **stated}, "channel": "kind"}
    entry = FileEntry.model_validate({"pattern": "*", "table": "contacts", "columns": columns})
    raw = read_raw(connection, path, entry, scratch=folder, relation="raw")
    return check_rows(connection, raw, entry, path=path, zone=zone, relation="kept")


def kept(connection: duckdb.DuckDBPyConnection) -> list[str]:
    query = "SELECT CAST(created_at AS VARCHAR) FROM kept ORDER BY CAST(contact_id AS INTEGER)"
    return [row[0] for row in connection.sql(query).fetchall()]


def test_an_hour_that_never_was_is_set_aside(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """In New York 01:59:59 on 10 March 2024 was followed by 03:00:00."""
    starts = ["2024-03-10 01:59:59", "2024-03-10 02:00:00", "2024-03-10 02:59:59", "2024-03-10 03:00:00"]
    checked = check(connection, tmp_path, starts, "America/New_York")
    assert dict(checked.set_aside) == {"skipped_local_time": 2}
    assert checked.sentences == (
        "created_at must be a local time that the clock showed, got '2024-03-10 02:00:00', '2024-03-10 02:59:59' "
        "(calls.csv, 2 rows, line 3, 4)",
    )
    assert kept(connection) == ["2024-03-10 06:59:59+00", "2024-03-10 07:00:00+00"]
    assert checked.n_read == checked.n_kept + 2


def test_an_hour_that_was_twice_is_kept_and_said(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """In New York 01:30 on 3 November 2024 was at 05:30 and again at 06:30 UTC."""
    starts = ["2024-11-03 00:59:59", "2024-11-03 01:30:00", "2024-11-03 02:00:00"]
    checked = check(connection, tmp_path, starts, "America/New_York")
    assert dict(checked.set_aside) == {}
    assert checked.notes == (
        "calls.csv: created_at has 1 value in the hour that the clock of America/New_York showed twice, first "
        "'2024-11-03 01:30:00', read as its second pass. Export the times with their zone to tell the two apart.",
    )
    assert kept(connection) == ["2024-11-03 04:59:59+00", "2024-11-03 06:30:00+00", "2024-11-03 07:00:00+00"]


@pytest.mark.parametrize(
    ("starts", "stated"),
    [
        (["2024-11-03T01:30:00-04:00", "2024-03-10T07:30:00Z"], {}),
        (["1730611800", "1710055800"], {"unit": "epoch_s"}),
    ],
    ids=["texts with their zone", "counted seconds"],
)
def test_what_states_its_instant_is_never_in_doubt(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, starts: list[str], stated: dict[str, str]
) -> None:
    checked = check(connection, tmp_path, starts, "America/New_York", **stated)
    assert (dict(checked.set_aside), checked.notes) == ({}, ())


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        ("10/03/2024 02:30", {"format": "%d/%m/%Y %H:%M"}),
        ("10/03/2024 2:30 AM", {"order": "day_first"}),
        ("45361.1041666667", {"unit": "excel"}),
        ("2024年3月10日 2时30分", {}),
    ],
)
def test_every_form_is_held_against_the_clock(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, text: str, stated: dict[str, str]
) -> None:
    checked = check(connection, tmp_path, [text], "America/New_York", **stated)
    assert dict(checked.set_aside) == {"skipped_local_time": 1}


def test_a_zone_without_clock_changes_has_none(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    checked = check(connection, tmp_path, ["2024-03-10 02:30:00", "2024-11-03 01:30:00"], "Asia/Shanghai")
    assert (dict(checked.set_aside), checked.notes) == ({}, ())


def test_a_half_hour_is_found_too() -> None:
    """Lord Howe Island moves its clock by half an hour."""
    start, end = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 12, 31, tzinfo=UTC)
    back, forward = clock_changes("Australia/Lord_Howe", start, end)
    assert (back.is_forward, forward.is_forward) == (False, True)
    assert [str(time) for time in back.window] == ["2024-04-07 01:30:00", "2024-04-07 02:00:00"]
    assert [str(time) for time in forward.window] == ["2024-10-06 02:00:00", "2024-10-06 02:30:00"]
