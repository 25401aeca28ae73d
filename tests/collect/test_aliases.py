"""Aliases: nobody of the staff is seen by name, everybody keeps an alias, and the settings may show names."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from pathlib import Path

import pytest

from csm_lib.collect.aliases import aliases_of
from csm_lib.collect.identities import KEY_FILE
from csm_lib.collect.ingest import ingest
from csm_lib.workbook import Workbook, open_workbook

KEY = b"k" * 32
LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
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
        (folder / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "data" / name).write_text(text, encoding="utf-8")
    ingest(folder)
    return folder


def everything(book: Workbook) -> str:
    frames = [book.table(name) for name in ("agents", "contacts", "status_log", "shifts", "reviews")]
    frames += [book.frame(grain) for grain in book.facts]
    frames += [book.files, book.set_aside, book.missing_upstream]
    frames += [book.relation("contacts").to_arrow_table().to_pandas()]
    return "\n".join(frame.to_csv() for frame in frames)


def mark_of(person: str, key: bytes, length: int = 5) -> str:
    """Work the letters out by division with remainder, by hand as it were."""
    number = int.from_bytes(hmac.new(key, f"alias of {person}".encode(), hashlib.sha256).digest(), "big")
    return "".join(LETTERS[number // 20**place % 20] for place in range(length))


def test_an_alias_of_the_list_wins_and_a_shared_one_gets_letters() -> None:
    roles = {"a": "Agent", "b": "Agent", "c": "Agent", "r": "Reviewer"}
    assert aliases_of(roles, given={"a": "Heron", "b": "Crane", "c": "Crane"}, key=KEY) == {
        "a": "Heron",
        "b": f"Crane {mark_of('b', KEY)}",
        "c": f"Crane {mark_of('c', KEY)}",
        "r": f"Reviewer {mark_of('r', KEY)}",
    }


def test_an_alias_stays_whoever_joins_and_no_two_are_alike() -> None:
    few = aliases_of({"m": "Agent", "z": "Agent"}, given={}, key=KEY)
    many = aliases_of({f"a{n}": "Agent" for n in range(200)} | {"m": "Agent", "z": "Agent"}, given={}, key=KEY)
    assert {name: many[name] for name in few} == few
    assert len({*many.values()}) == 202
    assert aliases_of({"m": "Agent"}, given={}, key=b"x" * 32) != {"m": few["m"]}


def test_the_letters_grow_where_two_would_share_them() -> None:
    roles = {f"a{n}": "Agent" for n in range(6000)}  # 20^5 = 3.2 million: some pair is all but sure
    assert len({*aliases_of(roles, given={}, key=KEY).values()}) == 6000


def test_nobody_of_the_staff_is_seen_by_name_in_any_table(tmp_path: Path) -> None:
    book = open_workbook("2024-01", workspace=desk(tmp_path))
    seen = everything(book)
    for name in STAFF:
        assert name not in seen
    key = bytes.fromhex((tmp_path / KEY_FILE).read_text(encoding="ascii"))
    agents = book.frame().sort_values("contact_id")["agent_id"].tolist()
    assert agents[:2] == ["Heron", f"Agent {mark_of('li.wei', key)}"]
    assert isinstance(agents[2], float) or agents[2] is None  # nobody stays nobody
    reviewers = book.table("reviews").sort_values("review_id")["reviewer_id"].tolist()
    # who answers contacts too is the same person in both tables
    assert reviewers == [
        f"Reviewer {mark_of('Bob Review', key)}",
        f"Agent {mark_of('li.wei', key)}",
        f"Reviewer {mark_of('审核员甲', key)}",
    ]
    assert sorted(book.table("status_log")["actor"]) == [f"Crane {mark_of('周霞芳', key)}", "system"]
    assert book.table("shifts")["agent_id"].tolist() == [f"Agent {mark_of('li.wei', key)}"]
    aside = book.set_aside.set_index("table")["value"].to_dict()
    assert aside["agents"] == "[agent]"
    assert re.fullmatch(r"\[agent\], 2024-01-02 08:00:00, planned", aside["shifts"])


def test_aliases_are_the_same_in_the_next_report_and_without_the_key_they_are_numbers(tmp_path: Path) -> None:
    before = open_workbook("2024-01", workspace=desk(tmp_path)).table("agents")["agent_id"].tolist()
    assert open_workbook("2024-01", workspace=tmp_path).table("agents")["agent_id"].tolist() == before
    (tmp_path / KEY_FILE).unlink()
    book = open_workbook("2024-01", workspace=tmp_path)
    assert sorted(book.table("shifts")["agent_id"].unique()) == ["Agent 003"]
    assert not any(name in everything(book) for name in STAFF)


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
