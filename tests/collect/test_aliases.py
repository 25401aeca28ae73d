"""Aliases: nobody of the staff is seen by name, everybody keeps an alias, and the settings may show names."""

from __future__ import annotations

import os
import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from csm_lib.collect.aliases import aliases_of
from csm_lib.collect.identities import KEY_FILE
from csm_lib.collect.ingest import ingest
from csm_lib.workbook import Workbook, open_workbook
from tests.collect.workspaces import put

STAFF = ("王小明", "li.wei", "周霞芳", "chen@desk.example", "Bob Review", "审核员甲")
FILES = {
    "agents.csv": "agent_id,team,alias\n王小明,Hill,Heron\nli.wei,Hill,\n周霞芳,Hill,Crane\n"
    "chen@desk.example,Hill,Crane\n"
    "li.wei,Lake,\n",
    "contacts.csv": "contact_id,created_at,channel,agent_id\nk1,2024-01-02 10:00:00,phone,王小明\n"
    "k2,2024-01-02 11:00:00,phone,li.wei\nk3,2024-01-03 10:00:00,phone,\n",
    "status_log.csv": "contact_id,changed_at,status,agent_id,actor\nk1,2024-01-02 10:00:00,open,王小明,system\n"
    "k1,2024-01-02 10:05:00,closed,王小明,周霞芳\n",
    "shifts.csv": "agent_id,starts_at,ends_at,kind\nli.wei,2024-01-02 08:00:00,2024-01-02 16:00:00,planned\n"
    "li.wei,2024-01-02 08:00:00,2024-01-02 17:00:00,planned\n",
    "reviews.csv": "review_id,contact_id,reviewer_id,reviewed_at\nr1,k1,Bob Review,2024-01-05 10:00:00\n"
    "r2,k2,li.wei,2024-01-05 10:00:00\nr3,k2,审核员甲,2024-01-05 10:00:00\n",
}  # fmt: skip


def desk(folder: Path, *, settings: str = "") -> Path:
    written = {f"raw/{name}": text for name, text in FILES.items()}
    written["config/workbook.toml"] = f'time_zone = "UTC"\nallowed_set_aside_share = 1.0\n{settings}'
    for name, text in written.items():
        put(folder, name, text)
    ingest(folder)
    return folder


def everything(book: Workbook) -> str:
    frames = [book.table(name) for name in ("agents", "contacts", "status_log", "shifts", "reviews")]
    frames += [book.frame(grain) for grain in book.facts]
    frames += [book.files, book.set_aside, book.missing_upstream]
    frames += [book.relation("contacts").to_arrow_table().to_pandas()]
    return "\n".join(frame.to_csv() for frame in frames)


DAY = date(2024, 1, 2)


def test_an_alias_of_the_list_wins_and_nobody_shares_one() -> None:
    people = {"a": ("Agent", DAY), "b": ("Agent", DAY), "c": ("Agent", None), "d": ("Agent", DAY)}
    people["r"] = ("Reviewer", DAY)
    given = {"a": "Agent 001", "b": "Crane", "c": "Crane"}
    assert aliases_of(people, given=given) == {
        "a": "Agent 001",
        "b": "Crane 001",
        "c": "Crane 002",
        "d": "Agent 002",
        "r": "Reviewer 001",
    }


def test_whoever_joins_later_changes_nobodys_alias() -> None:
    few = dict.fromkeys(("m", "k", "z"), ("Agent", DAY))
    joined = {f"a{n}": ("Agent", DAY + timedelta(days=1 + n)) for n in range(50)}
    before, after = aliases_of(few, given={}), aliases_of(few | joined, given={})
    assert {name: after[name] for name in few} == before
    assert len({*after.values()}) == 53


def test_nobody_of_the_staff_is_seen_by_name_in_any_table(tmp_path: Path) -> None:
    book = open_workbook("2024-01", workspace=desk(tmp_path))
    seen = everything(book)
    for name in STAFF:
        assert name not in seen
    agents = book.frame().sort_values("contact_id")["agent_id"].tolist()
    assert agents[:2] == ["Heron", "Agent 001"]
    assert isinstance(agents[2], float) or agents[2] is None  # nobody stays nobody
    reviewers = book.table("reviews").sort_values("review_id")["reviewer_id"].tolist()
    # who answers contacts too is the same person in both tables
    assert reviewers[1] == "Agent 001"
    assert {reviewers[0], reviewers[2]} == {"Reviewer 001", "Reviewer 002"}
    assert sorted(book.table("status_log")["actor"]) == ["Crane 001", "system"]
    assert book.table("shifts")["agent_id"].tolist() == ["Agent 001"]
    aside = book.set_aside.set_index("table")["value"].to_dict()
    assert aside["agents"] == "[agent]"
    assert re.fullmatch(r"\[agent\], 2024-01-02 08:00:00, planned", aside["shifts"])


def test_aliases_are_the_same_in_the_next_report_and_need_no_key(tmp_path: Path) -> None:
    before = open_workbook("2024-01", workspace=desk(tmp_path)).table("agents")["agent_id"].tolist()
    (tmp_path / KEY_FILE).unlink()
    assert open_workbook("2024-01", workspace=tmp_path).table("agents")["agent_id"].tolist() == before


def test_the_settings_may_show_names(tmp_path: Path) -> None:
    book = open_workbook("2024-01", workspace=desk(tmp_path, settings="show_agent_names = true\n"))
    assert {"王小明", "li.wei"} <= {*book.frame()["agent_id"].dropna()}
    assert "li.wei" in book.set_aside.set_index("table")["value"]["shifts"]


@pytest.mark.skipif(os.name != "posix", reason="needs permissions of POSIX")
def test_the_key_lies_outside_the_reports_for_its_owner_alone(tmp_path: Path) -> None:
    path = desk(tmp_path) / KEY_FILE
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.read_bytes()
    ingest(tmp_path)
    assert path.read_bytes() == before
    assert "reports" not in path.parts
