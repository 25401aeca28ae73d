"""A tiny sample organisation, published in both languages, and once more with hostile words in every text column."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from csm_lib.definitions import TABLES, words_of

PLANTED = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(2)>",
    '<a href="javascript:alert(3)">go</a>',
    "[go](javascript:alert(4)) ![p](http://evil.example/p.png)",
    '"><svg onload=alert(5)><iframe src="http://evil.example">',
    '=HYPERLINK("http://evil.example/","go")',
    "+1+cmd|' /C calc'!A0",
    "@SUM(1+1)",
    "-2+3",
    "</style></title><body onload=alert(6)>",
)
_HOSTILE = "evil"
_N_ROWS = 2 * len(PLANTED)


class Site(NamedTuple):
    """A published site: its workspace and its language."""

    workspace: Path
    language: str

    @property
    def report(self) -> Path:
        return self.workspace / "reports" / "2024Q1"

    @property
    def pages(self) -> list[Path]:
        """All pages once: the executive page is `index.html` and its notebook's page."""
        own = [page for page in sorted(self.report.glob("*.html")) if not page.name.startswith("05_")]
        return [*own, self.workspace / "reports" / "index.html"]


def csm(workspace: Path, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "csm_lib", *arguments, "--workspace", str(workspace), "--json"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, encoding="utf-8", env={**os.environ})
    assert ended.returncode == 0, ended.stderr + ended.stdout
    return json.loads(ended.stdout)


def planted_row(table: str, place: int) -> dict[str, str]:
    """Give a sound row whose every text column holds something hostile."""
    row = {}
    for shift, column in enumerate(TABLES[table].columns):
        at = f"2024-01-{10 + place % 9:02d} 1{place % 8}:00:00"
        plain = {"instant": at, "date": at[:10], "number": "1", "integer": "1", "boolean": "true"}
        said = plain.get(column.type, PLANTED[(place + shift) % len(PLANTED)])
        if column.words:
            said = words_of(column.words)[0]
        elif column.name in TABLES[table].key and column.name.endswith("_id"):
            said = f"{_HOSTILE}-{table}-{place}"
        elif column.name == "contact_id":
            said = f"{_HOSTILE}-contacts-{place}"
        row[column.name] = said
    # what the pages choose rows by
    fixed = {"period": "2024Q1", "plan": "2024Q1", "scope": "", "evidence_filter": "", "parent_id": "", "unit": "share"}
    fixed |= dict.fromkeys(("indicator", "evidence_indicator"), "fcr")
    fixed |= dict.fromkeys(("abandoned_at", "withdrawn_at", "left_on"), "")
    return {name: fixed.get(name, said) for name, said in row.items()}


def plant(workspace: Path) -> None:
    """Add hostile rows to every table: exports of their own, and the edited tables as somebody may edit them."""
    for name, table in TABLES.items():
        path = workspace / "data" / ("tables" if table.is_edited else "raw") / f"{name}.csv"
        rows = []
        if path.exists():
            with path.open(encoding="utf-8-sig", newline="") as file:
                rows = list(csv.DictReader(file))
        rows += [planted_row(name, place) for place in range(_N_ROWS)]
        columns = list(dict.fromkeys(column for row in rows for column in row))
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns, restval="")
            writer.writeheader()
            writer.writerows(rows)


@pytest.fixture(scope="session")
def organisation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a tiny sample organisation, ingested and published in English."""
    workspace = tmp_path_factory.mktemp("pages") / "desk"
    csm(workspace, "demo", "--only-data", "--contacts-per-quarter", "600")
    csm(workspace, "run", "2024Q1")
    return workspace


@pytest.fixture(scope="session")
def planted(organisation: Path, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The site of a copy of the organisation with hostile rows in every table."""
    workspace = tmp_path_factory.mktemp("planted") / "desk"
    shutil.copytree(organisation / "data", workspace / "data")
    plant(workspace)
    settings = workspace / "data" / "config" / "workbook.toml"
    text = settings.read_text(encoding="utf-8")
    allowed = text.replace("allowed_set_aside_share = 0.05", "allowed_set_aside_share = 1.0")
    assert allowed != text
    settings.write_text(allowed, encoding="utf-8")
    csm(workspace, "ingest")
    csm(workspace, "run", "2024Q1")
    return Site(workspace, "en")


@pytest.fixture(scope="session")
def english(organisation: Path, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The site in English, in a place of its own."""
    kept = tmp_path_factory.mktemp("english")
    shutil.copytree(organisation / "reports", kept / "reports")
    return Site(kept, "en")


@pytest.fixture(scope="session")
def chinese(organisation: Path, english: Site) -> Site:
    """The same site in Chinese."""
    csm(organisation, "run", "2024Q1", "--language", "zh")
    return Site(organisation, "zh")


@pytest.fixture(params=["en", "zh"], scope="session")
def site(request: pytest.FixtureRequest) -> Site:
    """The site in each language."""
    found: Site = request.getfixturevalue("english" if request.param == "en" else "chinese")
    return found
