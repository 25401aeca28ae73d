"""A report as of a former day equals the one that was made then, though data, targets and tables have changed since."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.collect.workspaces import put

NOTEBOOKS = ("04_gap_analysis", "05_report_and_action_plan")
TARGETS = '[[targets]]\nindicator = "answer_rate"\nvalue = {}\n'
ACTIONS = "action_id,measure,owner,due_on,done_on\nA1,write articles,Ann,2024-02-01,{}\n"


def csm(*arguments: object) -> dict[str, Any]:
    command = [sys.executable, "-m", "csm_lib", *map(str, arguments), "--json"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, encoding="utf-8")
    result: dict[str, Any] = json.loads(ended.stdout)
    assert ended.returncode == 0, result
    return result


def calls(n_answered: int) -> str:
    """Write 100 calls of which so many were answered."""
    lines = ["contact_id,created_at,channel,answered_at,abandoned_at,talk_s"]
    for n in range(100):
        at = f"2024-01-{2 + n % 25:02d} 10:00"
        ends = (f"{at}:20", "", "60") if n < n_answered else ("", f"{at}:40", "")
        lines.append(f"K{n},{at}:00,phone,{','.join(ends)}")
    return "\n".join(lines) + "\n"


def backdate(workspace: Path, day: str) -> None:
    """Make everything written so far look as if it had been written on a former day."""
    warehouse = workspace / "data" / "warehouse"
    for place, path in enumerate(sorted([*warehouse.glob("editions/*.json"), *warehouse.glob("settings/*.json")])):
        said = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps(said | {"at": f"{day}T08:00:00+00:00"}), encoding="utf-8")
        if path.parent.name == "settings":
            path.rename(path.with_name(f"{day.replace('-', '')}T0800{place:02d}.json"))


def shown(report: Path) -> dict[str, Any]:
    """Give what two runs must agree on: the headline and every table but those that say what it rests on."""
    report = report.parent
    tables = {}
    for path in sorted((report / "tables").glob("0[45]_*.csv")):
        if "provenance" not in path.name:
            with path.open(encoding="utf-8-sig", newline="") as file:
                tables[path.name] = list(csv.reader(file))
    return {"headline": json.loads((report / "run.json").read_text(encoding="utf-8"))["headline"], "tables": tables}


def answer_rate(seen: dict[str, Any]) -> tuple[float, float, str]:
    (row,) = [row for row in seen["headline"] if row["key"] == "answer_rate"]
    return row["value"], row["target"], row["verdict"]


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    workspace = tmp_path_factory.mktemp("as_of") / "空 间"
    put(workspace, "config/workbook.toml", 'time_zone = "Asia/Shanghai"\n')
    put(workspace, "config/indicators.toml", 'headline = ["answer_rate"]\n' + TARGETS.format(0.5))
    put(workspace, "tables/actions.csv", ACTIONS.format(""))
    put(workspace, "raw/contacts.csv", calls(70))
    csm("ingest", "--workspace", workspace)
    only = [part for name in NOTEBOOKS for part in ("--only", name)]
    first = shown(Path(csm("run", "2024Q1", *only, "--workspace", workspace)["report"]))
    backdate(workspace, "2024-05-02")
    put(workspace, "config/indicators.toml", 'headline = ["answer_rate"]\n' + TARGETS.format(0.99))
    put(workspace, "tables/actions.csv", ACTIONS.format("2024-01-31"))
    put(workspace, "raw/contacts.csv", calls(80))
    csm("ingest", "--workspace", workspace)
    newest = Path(csm("run", "2024Q1", "--workspace", workspace)["report"])
    before = (newest.parent / "run.json").read_bytes()
    former = Path(csm("run", "2024Q1", "--as-of", "2024-05-20", "--workspace", workspace)["report"])
    return {"first": first, "newest": newest, "before": before, "former": former}


def test_the_headline_and_all_tables_are_those_of_then(reports: dict[str, Any]) -> None:
    assert answer_rate(reports["first"]) == (0.7, 0.5, "met")
    assert answer_rate(shown(reports["newest"])) == (0.8, 0.99, "missed")
    then = shown(reports["former"])
    assert then["headline"] == reports["first"]["headline"]
    assert then["tables"] == reports["first"]["tables"]


def test_the_newest_report_stays_and_the_former_one_lies_beside_it(reports: dict[str, Any]) -> None:
    assert reports["former"].parent.name == "2024Q1~as-of-2024-05-20"
    assert reports["newest"].parent.name == "2024Q1"
    assert (reports["newest"].parent / "run.json").read_bytes() == reports["before"]
    page = reports["former"].read_text(encoding="utf-8")
    assert "data as of 2024-05-20" in page


def test_the_page_says_which_edition_and_settings_it_rests_on(reports: dict[str, Any]) -> None:
    with (reports["former"].parent / "tables" / "04_provenance.csv").open(encoding="utf-8-sig", newline="") as file:
        said = {row["what"]: row["value"] for row in csv.DictReader(file)}
    assert said["data as of"] == "2024-05-20"
    assert said["edition"] == "1 of 2024-05-02"
    assert said["settings"] == "as of 2024-05-02"
