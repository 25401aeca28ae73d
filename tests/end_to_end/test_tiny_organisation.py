"""A tiny organisation from raw files to `run.json`, every number worked by hand.

March 2024, a hotline open from 08:00 to 22:00 in Shanghai: 25 callers reached the queue; ten were answered after 10 s,
ten after 50 s, five left after 40 s. Of the twenty handled, fifteen were solved; one of these called again on the third
day, and that second call was one of the five that were not. Ten questionnaires came back, eight of them happy.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

START = datetime(2024, 3, 4, 10, 0, 0)


def write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


def caller(
    number: int, *, wait_s: int, is_answered: bool, is_solved: bool, at: datetime | None = None
) -> dict[str, Any]:
    created = at or START + timedelta(days=number % 20, minutes=7 * number)
    left = created + timedelta(seconds=wait_s)
    row = {
        "contact_id": f"k{number:02d}",
        "created_at": created,
        "queue_entered_at": created,
        "channel": "phone",
        "team": "Harbour" if number % 2 else "Hill",
        "issue": "refund",
        "customer_id": f"c{number:02d}",
    }
    if not is_answered:
        return row | {"abandoned_at": left, "closed_at": left}
    ended = left + timedelta(seconds=200)
    row |= {"answered_at": left, "agent_id": f"g{number % 3}", "talk_s": 180, "wrap_s": 20, "closed_at": ended}
    return row | (
        {"resolved_at": ended, "status": "resolved"} if is_solved else {"status": "closed", "cause": "skills"}
    )


def write_exports(raw: Path) -> None:
    contacts = [caller(n, wait_s=10 if n < 10 else 50, is_answered=True, is_solved=n < 15) for n in range(20)]
    contacts += [caller(n, wait_s=40, is_answered=False, is_solved=False) for n in range(20, 25)]
    first = datetime.fromisoformat(str(contacts[3]["created_at"]))
    contacts[19] |= caller(19, wait_s=50, is_answered=True, is_solved=False, at=first + timedelta(days=3))
    contacts[19] |= {"customer_id": "c03"}
    late = datetime(2024, 4, 12, 11, 0, 0)  # keeps the repeat windows of March whole
    contacts += [caller(90, wait_s=5, is_answered=True, is_solved=True, at=late)]
    backwards = caller(91, wait_s=5, is_answered=True, is_solved=True)
    backwards["answered_at"] = backwards["created_at"] - timedelta(minutes=1)
    write_csv(raw / "contacts.csv", [*contacts, backwards, contacts[0]])
    answers = [5, 5, 5, 5, 4, 4, 4, 4, 2, 1]
    write_csv(
        raw / "surveys.csv",
        [
            {
                "survey_id": f"s{n}",
                "contact_id": f"k{n:02d}",
                "sent_at": START + timedelta(days=n % 20, hours=3),
                "answered_at": START + timedelta(days=n % 20, hours=4),
                "csat": answer,
                "recommend": 10 if answer == 5 else 7 if answer == 4 else 3,
                "comment": '<script>alert("x")</script> =1+1 13812345678',
            }
            for n, answer in enumerate(answers)
        ],
    )
    write_csv(
        raw / "complaints.csv",
        [{"complaint_id": "p1", "received_at": START + timedelta(days=1), "contact_id": "k16", "cause": "unresolved"}],
    )


def csm(workspace: Path, *arguments: str, expect: int = 0, **env: str) -> dict[str, Any]:
    """Run the command as a scheduler would and give its result."""
    ended = subprocess.run(
        [sys.executable, "-m", "csm_lib", *arguments, "--workspace", str(workspace), "--json"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **env},
        encoding="utf-8",
    )
    assert ended.returncode == expect, ended.stderr + ended.stdout
    assert "Traceback" not in ended.stderr
    assert "Warning" not in ended.stderr
    return json.loads(ended.stdout)


def make(workspace: Path) -> Path:
    subprocess.run([sys.executable, "-m", "csm_lib", "init", str(workspace)], check=True, capture_output=True)
    settings = workspace / "data" / "config" / "workbook.toml"
    text = settings.read_text(encoding="utf-8").replace(
        "allowed_set_aside_share = 0.05", "allowed_set_aside_share = 0.2"
    )
    zone = 'time_zone = "Asia/Shanghai"\n'
    settings.write_text(zone + text + '\n[hours.default]\ndaily = "08:00-22:00"\n', encoding="utf-8")
    write_exports(workspace / "data" / "raw")
    return workspace


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in a folder whose name holds a space and Chinese."""
    return make(tmp_path_factory.mktemp("tiny") / "空 间")


@pytest.fixture(scope="module")
def ingested(workspace: Path) -> dict[str, Any]:
    return csm(workspace, "ingest")


@pytest.fixture(scope="module")
def published(workspace: Path, ingested: dict[str, Any]) -> dict[str, Any]:
    result = csm(workspace, "run", "2024-03", TZ="Asia/Shanghai")
    return result | {"run": json.loads((Path(result["report"]).parent / "run.json").read_text(encoding="utf-8"))}


def test_every_row_is_accounted_for(ingested: dict[str, Any]) -> None:
    files = {file["table"]: file for file in ingested["files"]}
    assert {name: (file["read"], file["kept"]) for name, file in files.items()} == {
        "contacts": (28, 26),
        "surveys": (10, 10),
        "complaints": (1, 1),
    }
    assert files["contacts"]["set_aside"] == {"time_order": 1, "duplicate": 1}


def test_the_same_files_again_change_nothing(workspace: Path, ingested: dict[str, Any]) -> None:
    edition = workspace / "data" / "warehouse" / "edition.json"
    before = edition.read_bytes()
    assert csm(workspace, "ingest")["files"] == ingested["files"]
    assert edition.read_bytes() == before


EXPECTED = [
    pytest.param("frt", 30.0, 20, True, id="first response: (10·10 + 10·50) ÷ 20; 30 s is met"),
    pytest.param("answer_rate", 0.8, 25, False, id="answer rate: 20 of 25"),
    pytest.param("abandon_rate", 0.2, 25, None, id="abandonment: 5 of 25"),
    pytest.param("service_level", 0.4, 25, False, id="service level: 10 of 25 within 20 s"),
    pytest.param("wait_answered", 30.0, 20, None, id="wait of the answered"),
    pytest.param("wait_offered", 32.0, 25, None, id="wait of all: (600 + 200) ÷ 25"),
    pytest.param("aht", 200.0, 20, None, id="handle time: 180 + 20"),
    pytest.param("fcr", 0.7, 20, False, id="first contact resolution: 15 solved less 1 repeat, of 20"),
    pytest.param("resolution_rate", 0.75, 20, None, id="resolution: 15 of 20"),
    pytest.param("resolution_time", 3350 / 15, 15, None, id="resolution time: (10·210 + 5·250) ÷ 15"),
    pytest.param("csat", 0.8, 10, None, id="satisfaction: 8 of 10"),
    pytest.param("csat_mean", 3.9, 10, None, id="mean satisfaction: 39 ÷ 10"),
    pytest.param("nps", 0.2, 10, None, id="net promoters: 4 of 10 less 2 of 10"),
    pytest.param("complaint_rate", 0.05, 20, False, id="complaints: 1 per 20 handled"),
]


@pytest.mark.parametrize(("key", "value", "n", "is_met"), EXPECTED)
def test_the_headline_is_what_was_worked_by_hand(
    published: dict[str, Any], key: str, value: float, n: int, is_met: bool | None
) -> None:
    row = {row["key"]: row for row in published["run"]["headline"]}[key]
    assert row["value"] == pytest.approx(value)
    assert row["n"] == n
    assert row["is_met"] is is_met


def test_what_has_no_source_is_not_measured_and_never_zero(published: dict[str, Any]) -> None:
    row = {row["key"]: row for row in published["run"]["headline"]}["accuracy"]
    assert (row["value"], row["verdict"]) == (None, "not_measured")


def test_the_report_has_a_page_per_notebook_and_says_what_it_rests_on(published: dict[str, Any]) -> None:
    report = Path(published["report"])
    assert report.name == "index.html"
    assert {row["status"] for row in published["notebooks"]} == {"done"}
    pages = {path.stem for path in report.parent.glob("*.html")}
    assert {row["name"] for row in published["notebooks"]} <= pages
    assert {entry["sha256"] != "" for entry in published["run"]["inputs"]} == {True}


def test_customer_text_reaches_no_page_in_active_form(published: dict[str, Any]) -> None:
    for page in Path(published["report"]).parent.rglob("*"):
        if page.suffix in {".html", ".csv"}:
            text = page.read_text(encoding="utf-8-sig")
            assert "<script>alert" not in text
            assert "13812345678" not in text


def test_another_machine_zone_gives_the_same_numbers(workspace: Path, published: dict[str, Any]) -> None:
    again = csm(workspace, "run", "2024-03", "--fresh", TZ="America/New_York")
    run = json.loads((Path(again["report"]).parent / "run.json").read_text(encoding="utf-8"))
    assert run["headline"] == published["run"]["headline"]
    assert run["tables"] == published["run"]["tables"]


def test_a_second_run_with_nothing_changed_publishes_nothing(workspace: Path, published: dict[str, Any]) -> None:
    report = Path(published["report"]).parent
    before = {path: path.stat().st_mtime_ns for path in report.rglob("*")}
    again = csm(workspace, "run", "2024-03")
    assert again["is_unchanged"] is True
    assert {row["status"] for row in again["notebooks"]} == {"reused"}
    assert {path: path.stat().st_mtime_ns for path in report.rglob("*")} == before


def test_a_setting_that_moves_a_number_is_a_restatement(workspace: Path, published: dict[str, Any]) -> None:
    targets = workspace / "data" / "config" / "indicators.toml"
    text = targets.read_text(encoding="utf-8")
    former = 'indicator = "csat"\nvalue = 0.90'
    assert former in text
    targets.write_text(text.replace(former, former.replace("0.90", "0.75")), encoding="utf-8")
    again = csm(workspace, "run", "2024-03")
    targets.write_text(text, encoding="utf-8")
    moved = {row["key"]: row for row in again["restatements"]}["csat"]
    assert (moved["was"]["target"], moved["now"]["target"], moved["now"]["value"]) == (0.9, 0.75, 0.8)
    assert moved["reasons"] == [{"kind": "setting", "what": ["indicators.targets"]}]
    assert "target 90.0% → 75.0%" in Path(again["report"]).read_text(encoding="utf-8")
    assert (Path(again["report"]).parents[1] / ".editions" / "2024-03" / str(again["edition"] - 1)).is_dir()
    published["report"] = csm(workspace, "run", "2024-03")["report"]


def test_a_period_without_data_leaves_the_last_report_and_says_which_have_some(
    workspace: Path, published: dict[str, Any]
) -> None:
    before = Path(published["report"]).read_bytes()
    result = csm(workspace, "run", "2019Q1", expect=2)
    assert result["error"] == {
        "kind": "usage",
        "message": f"period must have data, got '2019Q1' without any ({workspace}). "
        "Quarters with data: 2024Q1, 2024Q2.",
    }
    assert Path(published["report"]).read_bytes() == before
