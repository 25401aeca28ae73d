"""History: every ingest makes an edition, former ones can be listed and read; rows gone upstream are told."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from csm_lib.cli import app
from csm_lib.collect import warehouse
from csm_lib.collect.editions import Edition, PastEdition, edition_on, last_moment_of, read_history
from csm_lib.collect.ingest import IngestResult, ingest
from csm_lib.collect.warehouse import Warehouse, warehouse_folder
from csm_lib.errors import UnavailableError, UsageError
from csm_lib.workbook import open_workbook
from tests.collect.workspaces import put, rows

ORDERS = "order_id,customer_id,ordered_at,amount\n"
SHANGHAI = ZoneInfo("Asia/Shanghai")
SNAPSHOT = """
name = "shop"
time_zone = "UTC"
[[files]]
pattern = "shop_*.csv"
table = "orders"
snapshot = true
[files.columns]
order_id = "no"
customer_id = "who"
ordered_at = "at"
"""


def contacts(*rows: str) -> str:
    return "contact_id,created_at,channel,status\n" + "".join(f"{row}\n" for row in rows)


def on(monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    monkeypatch.setattr(warehouse, "_now", lambda: datetime.fromisoformat(moment).replace(tzinfo=UTC))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with three editions: two contacts, one of them corrected, then an edited table shortened."""
    workspace = tmp_path_factory.mktemp("history") / "空 间"
    with pytest.MonkeyPatch.context() as monkeypatch:
        put(workspace, "config/workbook.toml", 'time_zone = "Asia/Shanghai"\n')
        put(workspace, "raw/contacts_1.csv", contacts("K1,2024-01-05 10:00,phone,open", "K2,2024-01-06,phone,closed"))
        put(workspace, "tables/raci.csv", "node,responsible\ntriage,Ann\nfollow-up,Bo\n")
        on(monkeypatch, "2024-02-01T15:30")
        ingest(workspace)
        put(workspace, "raw/contacts_2.csv", contacts("K1,2024-01-05 10:00,phone,resolved", "K3,2024-01-07,chat,open"))
        on(monkeypatch, "2024-02-01T16:30")
        ingest(workspace)
        put(workspace, "tables/raci.csv", "node,responsible\ntriage,Cy\nclosing,Di\n")
        on(monkeypatch, "2024-03-01T00:00")
        ingest(workspace)
    return workspace


@pytest.fixture
def told(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "空 间"))


def test_each_edition_tells_when_which_files_and_what_became_of_rows(told: Path) -> None:
    first, second, third = read_history(warehouse_folder(told))
    assert [past.edition.number for past in (first, second, third)] == [1, 2, 3]
    assert first.rows == {
        "contacts": {"added": 2, "changed": 0, "removed": 0},
        "raci": {"added": 2, "changed": 0, "removed": 0},
    }
    assert second.rows == {"contacts": {"added": 1, "changed": 1, "removed": 0}}
    assert third.rows == {"raci": {"added": 1, "changed": 1, "removed": 1}}
    assert [[file["path"] for file in past.files] for past in (first, second, third)] == [
        ["data/raw/contacts_1.csv", "data/tables/raci.csv"],
        ["data/raw/contacts_2.csv"],
        ["data/tables/raci.csv"],
    ]
    assert third.at == datetime(2024, 3, 1, tzinfo=UTC)
    assert third.edition == Edition.read(warehouse_folder(told))


def test_an_ingest_that_changes_nothing_adds_no_edition(told: Path) -> None:
    ingest(told)
    assert len(read_history(warehouse_folder(told))) == 3


@pytest.mark.parametrize(
    ("text", "number"),
    [
        pytest.param("2024-02-01", 1, id="the day ends at midnight in Shanghai, before the second was written"),
        pytest.param("2024-02-02", 2, id="a day on which one was written"),
        pytest.param("2024-02-20", 2, id="a day between two"),
        pytest.param("2024-02-02T00:29", 1, id="a local moment before it"),
        pytest.param("2024-02-02T00:30", 2, id="the very moment"),
        pytest.param("2024-02-01T16:30+00:00", 2, id="a moment with its own zone"),
        pytest.param("2030-01-01", 3, id="a day to come"),
    ],
)
def test_the_edition_in_force_is_found_by_local_date(told: Path, text: str, number: int) -> None:
    assert edition_on(warehouse_folder(told), text, zone=SHANGHAI).edition.number == number


def test_a_day_before_the_first_edition_is_refused(told: Path) -> None:
    with pytest.raises(UsageError) as caught:
        edition_on(warehouse_folder(told), "2024-01-31", zone=SHANGHAI)
    assert str(caught.value) == (
        "as-of must not lie before the first edition, got '2024-01-31' (edition 1: 2024-02-01 23:30+08:00). "
        "`csm ingest --history` lists the editions."
    )


def test_a_warehouse_without_editions_and_a_date_that_is_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        edition_on(tmp_path, "2024-01-31", zone=SHANGHAI)
    assert str(caught.value) == (
        "as-of must lie after the first edition, got a warehouse without any. Run `csm ingest` first."
    )
    with pytest.raises(UsageError) as caught:
        last_moment_of("2024-02-30", zone=SHANGHAI)
    assert str(caught.value) == "as-of must be a day such as 2024-05-31, got '2024-02-30'. Correct it."


def test_a_workbook_as_of_a_day_reads_tables_and_facts_as_they_stood(
    told: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = open_workbook("2024Q1", workspace=told)
    then = open_workbook("2024Q1", workspace=told, as_of="2024-02-01")
    assert (now.as_of, then.as_of) == ("", "2024-02-01")
    assert sorted(then.table("contacts")["status"]) == ["closed", "open"]
    assert sorted(now.table("contacts")["status"]) == ["closed", "open", "resolved"]
    assert (len(then.frame("contact")), len(now.frame("contact"))) == (2, 3)
    assert sorted(then.table("raci")["responsible"]) == ["Ann", "Bo"]
    assert ("edition", "1 of 2024-02-01") in set(then.provenance().itertuples(index=False, name=None))
    monkeypatch.setenv("CSM_AS_OF", "2024-02-01")
    assert open_workbook("2024Q1", workspace=told).data.versions == then.data.versions


def test_former_facts_are_taken_as_stored_though_a_setting_has_changed(told: Path) -> None:
    put(told, "config/workbook.toml", 'time_zone = "Asia/Shanghai"\nrepeat_window_days = 3\n')
    assert len(open_workbook("2024Q1", workspace=told, as_of="2024-02-01").frame("contact")) == 2


def test_what_a_killed_writer_left_in_the_list_is_no_edition(told: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = warehouse_folder(told)
    PastEdition(Edition(4, {"contacts": 99}), datetime(2024, 3, 2, tzinfo=UTC)).write(folder)
    assert len(read_history(folder)) == 3
    put(told, "raw/contacts_3.csv", contacts("K4,2024-01-08 10:00,chat,open"))
    on(monkeypatch, "2024-03-03T00:00")
    ingest(told)
    assert read_history(folder)[-1].edition == Warehouse.open(told).edition


def test_a_damaged_list_is_said(told: Path) -> None:
    path = warehouse_folder(told) / "editions" / "000002.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(UnavailableError, match=r"000002.json must be an edition written by this program, got "):
        read_history(warehouse_folder(told))


def test_the_command_lists_editions_for_people_and_machines(told: Path) -> None:
    said = CliRunner().invoke(app, ["ingest", "--history", "--workspace", str(told)])
    assert "edition 2, 2024-02-02 00:30:00 (Asia/Shanghai)" in said.output
    assert "  contacts: 1 added, 1 changed, 0 removed" in said.output
    assert "  data/raw/contacts_2.csv → contacts: kept 2 of 2" in said.output
    given = CliRunner().invoke(app, ["ingest", "--history", "--json", "--workspace", str(told)])
    listed = json.loads(given.stdout)
    assert [row["number"] for row in listed["editions"]] == [1, 2, 3]
    assert listed["editions"][1]["rows"] == {"contacts": {"added": 1, "changed": 1, "removed": 0}}
    assert listed["exit_code"] == 0


def test_a_run_as_of_a_day_before_the_first_edition_ends_with_the_sentence(told: Path) -> None:
    given = CliRunner().invoke(app, ["run", "2024Q1", "--as-of", "2023-12-31", "--json", "--workspace", str(told)])
    answer = json.loads(given.stdout)
    assert (answer["exit_code"], given.exit_code, answer["error"]["kind"]) == (2, 2, "usage")
    assert answer["error"]["message"].startswith("as-of must not lie before the first edition, got '2023-12-31'")


def shop(*rows: str) -> str:
    return "no,who,at\n" + "".join(f"{row}\n" for row in rows)


def missing(workspace: Path) -> list[str]:
    return [key for (key,) in rows(workspace, "SELECT key FROM {} WHERE is_missing ORDER BY 1", "deliveries")]


def kept(workspace: Path) -> int:
    return int(rows(workspace, "SELECT count(*) FROM {}", "orders")[0][0])


def told_missing(result: IngestResult) -> list[int]:
    return [file.missing_upstream for file in result.files]


DAYS = [f"O{n},C1,2024-01-0{n}" for n in range(1, 10)]


def test_rows_that_a_whole_delivery_lacks_are_told_and_kept(tmp_path: Path) -> None:
    put(tmp_path, "sources/shop.toml", SNAPSHOT)
    put(tmp_path, "raw/shop_1.csv", shop(*DAYS))
    assert told_missing(ingest(tmp_path)) == [0]
    put(tmp_path, "raw/shop_1.csv", shop(*DAYS[:3], DAYS[4], DAYS[6]))  # without O4, O6, and O8 and O9 at its end
    result = ingest(tmp_path)
    assert result.files[0].as_json()["missing_upstream"] == 4
    assert result.warnings == (
        "data/raw/shop_1.csv must hold every row of its span, got 4 rows of orders less than an earlier delivery "
        "('O4', 'O6', 'O8', 'O9'). They are kept here; ask the system's owner if they are gone.",
    )
    assert missing(tmp_path) == ["O4", "O6", "O8", "O9"]
    assert kept(tmp_path) == 9
    put(tmp_path, "raw/shop_1.csv", shop(*DAYS))
    assert told_missing(ingest(tmp_path)) == [0]
    assert missing(tmp_path) == []


def test_another_file_is_compared_within_its_own_span_only(tmp_path: Path) -> None:
    put(tmp_path, "sources/shop.toml", SNAPSHOT)
    put(tmp_path, "raw/shop_1.csv", shop(*DAYS))
    ingest(tmp_path)
    put(tmp_path, "raw/shop_2.csv", shop(DAYS[2], "O5,,2024-01-05", DAYS[6]))  # O5 is set aside, but it is there
    put(tmp_path, "config/workbook.toml", "allowed_set_aside_share = 0.5\n")
    assert told_missing(ingest(tmp_path)) == [0, 2]
    assert missing(tmp_path) == ["O4", "O6"]


def test_a_source_that_does_not_say_its_files_are_whole_is_not_compared(tmp_path: Path) -> None:
    put(tmp_path, "raw/orders.csv", ORDERS + "O1,C1,2024-01-01,1\nO2,C1,2024-01-02,1\n")
    ingest(tmp_path)
    put(tmp_path, "raw/orders.csv", ORDERS + "O1,C1,2024-01-01,1\n")
    result = ingest(tmp_path)
    assert (told_missing(result), result.warnings, missing(tmp_path), kept(tmp_path)) == ([0], (), [], 2)
