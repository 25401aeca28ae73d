"""Ingest: reconciliation to the row, idempotence, corrections, refusals, recovery."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from deltalake import DeltaTable, write_deltalake
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from csm_lib.collect.ingest import IngestResult, RefusedError, ingest, refresh_facts
from csm_lib.collect.warehouse import Edition, Warehouse
from csm_lib.engine import connect
from csm_lib.errors import UnavailableError, UsageError
from csm_lib.settings import Settings
from tests.collect.workspaces import account, lock_held, put, rows

ORDERS = "order_id,customer_id,ordered_at,amount\n"


def orders(n: int, *, start: int = 1, amount: str = "9.5") -> str:
    lines = [f"O{i},C{i % 3},2024-01-0{1 + i % 9} 10:00:00,{amount}" for i in range(start, start + n)]
    return ORDERS + "\n".join(lines) + "\n"


def edition(workspace: Path) -> Edition:
    return Warehouse.open(workspace).edition


def test_a_file_in_our_own_column_names_is_kept_whole(workspace: Path) -> None:
    put(workspace, "raw/orders_q1.csv", orders(3))
    result = ingest(workspace)
    assert account(result) == [("data/raw/orders_q1.csv", "orders", 3, 3, {})]
    assert result.files[0].as_json() == {
        "path": "data/raw/orders_q1.csv",
        "source": "canonical_orders",
        "table": "orders",
        "read": 3,
        "kept": 3,
        "set_aside": {},
    }
    assert rows(workspace, "SELECT sum(amount), count(*) FROM {}", "orders") == [(28.5, 3)]


def test_the_same_file_twice_moves_no_version(workspace: Path) -> None:
    put(workspace, "raw/orders.csv", orders(30) + "O1,C9,2024-01-01 10:00:00,1\n")
    ingest(workspace)
    before = edition(workspace)
    again = ingest(workspace)
    assert edition(workspace) == before
    assert again.changed == ()
    assert account(again) == [("data/raw/orders.csv", "orders", 31, 30, {"conflicting_key": 1})]
    assert again.files[0].is_unchanged


def test_the_same_rows_under_another_name_move_no_version_of_their_table(workspace: Path) -> None:
    put(workspace, "raw/orders.csv", orders(5))
    ingest(workspace)
    before = edition(workspace).tables["orders"]
    put(workspace, "raw/orders_copy.csv", orders(5))
    assert ingest(workspace).changed == ("files",)
    assert edition(workspace).tables["orders"] == before


def test_a_corrected_row_replaces_the_old_one_and_new_rows_are_added(workspace: Path) -> None:
    put(workspace, "raw/orders.csv", orders(5))
    ingest(workspace)
    put(workspace, "raw/orders_more.csv", orders(3, start=4, amount="1"))
    ingest(workspace)
    assert rows(workspace, "SELECT order_id, amount FROM {} ORDER BY 1", "orders") == [
        ("O1", 9.5),
        ("O2", 9.5),
        ("O3", 9.5),
        ("O4", 1.0),
        ("O5", 1.0),
        ("O6", 1.0),
    ]
    ingest(workspace)  # the older file is not read again over the newer one
    assert rows(workspace, "SELECT sum(amount) FROM {}", "orders") == [(31.5,)]


def test_rows_of_a_nullable_key_are_corrected_not_repeated(workspace: Path) -> None:
    head = "agent_id,starts_at,ends_at,kind,team\n"
    put(workspace, "raw/shifts.csv", head + "A1,2024-01-01 08:00,2024-01-01 16:00,,north\n")
    ingest(workspace)
    put(workspace, "raw/shifts_2.csv", head + "A1,2024-01-01 08:00,2024-01-01 17:00,,north\n")
    ingest(workspace)
    assert rows(workspace, "SELECT count(*), max(ends_at)::VARCHAR FROM {}", "shifts") == [
        (1, "2024-01-01 17:00:00+00")
    ]


def test_duplicates_and_blank_rows_are_counted_with_their_lines(workspace: Path) -> None:
    text = orders(40) + "O1,C1,2024-01-02 10:00:00,9.5\n,,,\n\n"
    put(workspace, "raw/orders.csv", text)
    result = ingest(workspace)
    assert account(result) == [("data/raw/orders.csv", "orders", 43, 40, {"blank_row": 2, "duplicate": 1})]
    found = rows(workspace, 'SELECT file, line, "column", value, reason FROM {} ORDER BY line', "set_aside")
    assert found == [
        ("data/raw/orders.csv", 2, "order_id", "O1", "duplicate"),
        ("data/raw/orders.csv", 43, None, None, "blank_row"),
        ("data/raw/orders.csv", 44, None, None, "blank_row"),
    ]


def test_a_file_beyond_the_allowed_share_is_refused_as_a_whole_and_others_are_taken(workspace: Path) -> None:
    put(workspace, "raw/orders_bad.csv", orders(8) + "O9,C1,soon,1\nO10,,2024-01-01,1\n")
    put(workspace, "raw/orders_good.csv", orders(2, start=50))
    with pytest.raises(RefusedError) as caught:
        ingest(workspace)
    listing = workspace / "data" / "warehouse" / "refused" / "orders_bad.csv.orders.csv"
    assert str(caught.value) == (
        "data/raw/orders_bad.csv must keep the promises of orders in all but 0.05 of its rows, got 2 of 10 rows that "
        "break one:\n"
        "  ordered_at must be a time, got 'soon' (orders_bad.csv, 1 row, line 10)\n"
        "  customer_id must have a value (orders_bad.csv, 1 row, line 11)\n"
        "  Nothing of it was ingested. Correct the file or its source (canonical_orders); "
        f"all rows concerned: {listing}."
    )
    assert caught.value.exit_code == 3
    assert account(caught.value.ingested) == [
        ("data/raw/orders_bad.csv", "orders", 10, 0, {"file_refused": 8, "missing_value": 1, "not_a_time": 1}),
        ("data/raw/orders_good.csv", "orders", 2, 2, {}),
    ]
    assert caught.value.result["files"][0]["kept"] == 0
    assert rows(workspace, "SELECT count(*) FROM {}", "orders") == [(2,)]
    with listing.open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file))[1] == ["data/raw/orders_bad.csv", "10", "ordered_at", "soon", "not_a_time"]


def test_a_refused_correction_leaves_the_former_rows_and_their_account(workspace: Path) -> None:
    put(workspace, "raw/orders.csv", orders(5))
    ingest(workspace)
    before = edition(workspace)
    put(workspace, "raw/orders.csv", ORDERS + "O1,C1,never,1\n")
    with pytest.raises(RefusedError):
        ingest(workspace)
    assert edition(workspace) == before


def test_edited_tables_are_what_their_files_say(workspace: Path) -> None:
    head = "action_id,measure,owner,due_on\n"
    put(workspace, "tables/actions.csv", head + "1,train,Li,2024-05-01\n2,hire,Wu,2024-06-01\n")
    ingest(workspace)
    put(workspace, "tables/actions.csv", head + "1,train,Li,2024-05-15\n")
    assert "actions" in ingest(workspace).changed
    assert rows(workspace, "SELECT action_id, due_on::VARCHAR FROM {}", "actions") == [("1", "2024-05-15")]
    assert ingest(workspace).changed == ()
    (workspace / "data" / "tables" / "actions.csv").unlink()
    assert "actions" in ingest(workspace).changed
    assert rows(workspace, "SELECT count(*) FROM {}", "actions") == [(0,)]


def test_a_killed_ingest_is_undone_by_the_next_one(workspace: Path) -> None:
    put(workspace, "raw/orders.csv", orders(5))
    ingest(workspace)
    before = edition(workspace)
    warehouse = workspace / "data" / "warehouse"
    # a writer that died: a table is ahead of the edition, another one is unknown to it, scratch is left
    half = DeltaTable(str(warehouse / "orders")).to_pyarrow_table().slice(0, 1)
    write_deltalake(str(warehouse / "orders"), half, mode="overwrite")
    write_deltalake(str(warehouse / "surveys"), half)
    (warehouse / ".scratch-dead").mkdir()
    assert rows(workspace, "SELECT count(*) FROM {}", "orders") == [(5,)]  # readers never saw it
    put(workspace, "raw/orders_2.csv", orders(1, start=9))
    ingest(workspace)
    assert rows(workspace, "SELECT count(*) FROM {}", "orders") == [(6,)]
    assert not (warehouse / "surveys").exists()
    assert not list(warehouse.glob(".scratch-*"))
    assert edition(workspace).number > before.number


def test_a_second_writer_is_told_who_the_first_one_is(workspace: Path) -> None:
    put(workspace, "raw/orders.csv", orders(1))
    lock = workspace / "data" / "warehouse" / ".lock"
    with lock_held(lock) as holder:
        with pytest.raises(UnavailableError) as caught:
            ingest(workspace)
        sentence = str(caught.value)
        assert sentence.startswith("the warehouse must have one writer at a time, got a second one (process ")
        assert f"process {holder} on " in sentence
        assert sentence.endswith(f" holds {lock}). Try again when it has finished.")
    assert account(ingest(workspace))[0][2:4] == (1, 1)  # a dead holder holds nothing


def test_nothing_to_read_is_no_error(workspace: Path) -> None:
    assert ingest(workspace) == IngestResult(())
    assert refresh_facts(workspace) is False


def test_a_file_no_source_reads_is_a_warning_below_raw_and_an_error_when_named(workspace: Path) -> None:
    path = put(workspace, "raw/mystery.csv", "a,b\n1,2\n")
    put(workspace, "raw/sample/truth.json", "{}")
    result = ingest(workspace)
    assert result.files == ()
    assert len(result.warnings) == 1
    with pytest.raises(UsageError) as caught:
        ingest(workspace, [path])
    assert str(caught.value) == result.warnings[0]
    assert str(caught.value).startswith(f"mystery.csv must fit a source, got none that does ({path}). Draft one with")


def test_a_canonical_name_without_the_needed_columns_says_which(workspace: Path) -> None:
    path = put(workspace, "raw/orders.csv", "order,when\n1,2\n")
    with pytest.raises(RefusedError) as caught:
        ingest(workspace)
    assert str(caught.value).startswith(
        f"orders.csv must have the columns 'order_id', 'customer_id', 'ordered_at', got 'order', 'when' ({path}). "
    )


def test_a_missing_path_is_said(workspace: Path) -> None:
    path = workspace / "nothing.csv"
    with pytest.raises(UsageError) as caught:
        ingest(workspace, [path])
    assert str(caught.value) == f"{path} must be a file or folder, got nothing there. Check the path."


def test_an_unknown_source_lists_those_there_are(workspace: Path) -> None:
    path = put(workspace, "raw/orders.csv", orders(1))
    with pytest.raises(UsageError) as caught:
        ingest(workspace, [path], source="servicenwo")
    assert str(caught.value).startswith(
        "source must be the name of a source, got 'servicenwo'. Did you mean 'servicenow'? "
        "Sources: acd_calls, anonymous_bank, "
    )


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(b"", "{} must have a header line, got an empty file. Export it again.", id="an empty file"),
        pytest.param(
            b"\n\n", "{} must have a header line, got none. Export it again with its column names.", id="only newlines"
        ),
        pytest.param(
            b"order_id,customer_id\0", "{} must be a text file, got zero bytes in it. Export it as CSV.", id="binary"
        ),
        pytest.param(
            b"order_id;Customer_id;amount\n1;2;3\n",
            "o.csv must have the columns 'customer_id', 'ordered_at', got 'order_id', 'Customer_id', 'amount' ({})."
            " Did you mean 'Customer_id' for 'customer_id'? Correct the header or the source's columns.",
            id="missing columns",
        ),
        pytest.param(
            b"Orders of January\n\norder_id,customer_id,ordered_at\n1,2,2024-01-03\n",
            "o.csv must have the columns 'order_id', 'customer_id', 'ordered_at', got 'Orders of January' ({}). Delete "
            "what stands above the header line, if it is a title. Correct the header or the source's columns.",
            id="a title above the header",
        ),
        pytest.param(
            ",".join(f"c{n}" for n in range(60)).encode() + b"\n",
            "o.csv must have the columns 'order_id', 'customer_id', 'ordered_at', got "
            + ", ".join(f"'c{n}'" for n in range(40))
            + " and 20 more ({}). Correct the header or the source's columns.",
            id="columns without end",
        ),
    ],
)
def test_an_unusable_file_is_refused_in_words(workspace: Path, content: bytes, sentence: str) -> None:
    path = put(workspace, "raw/o.csv", content)
    with pytest.raises(RefusedError) as caught:
        ingest(workspace, [path], source="canonical_orders")
    assert str(caught.value) == sentence.format(path)
    assert [file.kept for file in caught.value.ingested.files] == [0]
    assert all(file.read == sum(file.set_aside.values()) for file in caught.value.ingested.files)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cells=st.lists(
        st.lists(st.sampled_from(["", "a", "b", "2024-01-01", "x,y", 'q"q', "l1\nl2", "退货", " "]), max_size=6),
        max_size=12,
    ),
    newline=st.sampled_from(["\n", "\r\n"]),
)
def test_rows_read_are_rows_kept_plus_rows_set_aside(
    tmp_path_factory: pytest.TempPathFactory, cells: list[list[str]], newline: str
) -> None:
    """An independent count: the rows that Python's own reader sees, empty lines included."""
    workspace = tmp_path_factory.mktemp("law")
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator=newline).writerows([["order_id", "customer_id", "ordered_at"], *cells])
    put(workspace, "raw/orders.csv", out.getvalue())
    generous = Settings().model_copy(update={"workbook": Settings().workbook.model_copy(update={
        "allowed_set_aside_share": 1.0, "time_zone": "UTC"})})  # fmt: skip
    (file,) = ingest(workspace, settings=generous).files
    assert file.read == len(cells)
    assert file.read == file.kept + sum(file.set_aside.values())
    sound = {
        row[0].strip()
        for row in cells
        if len(row) == 3 and row[0].strip() and row[1].strip() and row[2] == "2024-01-01"
    }
    assert file.kept == len(sound)


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York"])
def test_the_machines_own_time_zone_changes_nothing(workspace: Path, zone: str) -> None:
    put(workspace, "raw/orders.csv", orders(2))
    program = (
        "import sys; from pathlib import Path; from csm_lib.collect.ingest import ingest; ingest(Path(sys.argv[1]))"
    )
    environment = {**os.environ, "TZ": zone}
    subprocess.run([sys.executable, "-c", program, str(workspace)], check=True, env=environment)
    found = rows(workspace, "SELECT min(ordered_at)::VARCHAR FROM {}", "orders")
    assert found == [("2024-01-02 10:00:00+00",)]


def test_the_record_of_files_is_kept(workspace: Path) -> None:
    put(workspace, "raw/orders.csv", orders(20) + "O1,C1,2024-01-02 10:00:00,9.5\n")
    ingest(workspace)
    query = 'SELECT path, source, "table", read, kept, set_aside FROM {}'
    assert rows(workspace, query, "files") == [
        ("data/raw/orders.csv", "canonical_orders", "orders", 21, 20, json.dumps({"duplicate": 1}))
    ]


def test_times_without_any_zone_are_read_as_utc_and_that_is_said(workspace: Path) -> None:
    put(workspace, "raw/orders.csv", orders(2))
    put(workspace, "raw/orders_2.csv", ORDERS + "O9,C1,2024-01-02T10:00:00Z,1\n")
    assert ingest(workspace).warnings == (
        "data/raw/orders.csv: times that state no zone were read as UTC. State time_zone in data/config/workbook.toml "
        "or in the source.",
    )
    assert ingest(workspace).warnings == ()  # nothing was read
    put(workspace, "raw/orders_3.csv", ORDERS + "O10,C1,2024-01-02,1\n")
    assert ingest(workspace).warnings == ()  # a day alone has no hour to shift
    put(workspace, "config/workbook.toml", 'time_zone = "Asia/Shanghai"\n')
    assert ingest(workspace).warnings == ()


def test_a_table_in_utf16_keeps_its_optional_columns(workspace: Path) -> None:
    text = "contact_id,created_at,channel,team\nk1,2024-02-01T10:00:00Z,phone,Hill\n"
    put(workspace, "raw/contacts.csv", text.encode("utf-16"))
    ingest(workspace)
    warehouse = Warehouse.open(workspace)
    rows = warehouse.open_snapshot(connect(), "contacts").to_arrow_table().to_pylist()
    assert [row["team"] for row in rows] == ["Hill"]


def test_a_space_before_the_offset_is_read(workspace: Path) -> None:
    put(workspace, "raw/contacts.csv", "contact_id,created_at,channel\nk1,2024-02-01 10:00:00 +08:00,phone\n")
    ingest(workspace)
    relation = Warehouse.open(workspace).open_snapshot(connect(), "contacts")
    assert relation.project("CAST(created_at AS VARCHAR)").fetchall() == [("2024-02-01 02:00:00+00",)]
