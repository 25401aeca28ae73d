"""A published report of a small sample organisation holds nobody: every byte of it is searched for what was planted."""

from __future__ import annotations

import csv
import html
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest

PERSONAL_COLUMNS = ("CustomerName", "CallerNumber", "客户姓名", "手机号", "邮箱", "Name", "Mobile")
CUSTOMERS = "600"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the sample's report for 2024Q1, as `csm demo` leaves it."""
    folder = tmp_path_factory.mktemp("sample") / "空 间"
    called = ["demo", "--contacts-per-quarter", CUSTOMERS, "--workspace", str(folder), "--json"]
    ended = subprocess.run(
        [sys.executable, "-m", "csm_lib", *called],
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
        env={**os.environ, "PYTHONUTF8": "1"},
    )
    assert ended.returncode == 0, ended.stderr + ended.stdout
    return folder


@pytest.fixture(scope="module")
def secrets(workspace: Path) -> set[str]:
    """Everything planted as personal, the names and numbers of all agents, and what all personal columns hold."""
    raw = workspace / "data" / "raw" / "sample"
    planted = json.loads((raw / "truth.json").read_text(encoding="utf-8"))["secrets"]
    found = {*planted["comments"], *planted["columns"]}
    for path in raw.rglob("*.csv"):
        encoding = "gb18030" if path.parent.name == "tickets" else "utf-8-sig"
        for row in csv.DictReader(io.StringIO(path.read_text(encoding=encoding))):
            found |= {row[column] for column in PERSONAL_COLUMNS if row.get(column)}
    return found


def texts_of(path: Path) -> list[str]:
    """Give the texts of a file: its bytes, or those of what is packed in it, as written and with escapes undone."""
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as book:
            found = [book.read(name).decode("utf-8", "replace") for name in book.namelist()]
    elif path.suffix == ".parquet":
        found = [str(pq.read_table(path).to_pylist())]
    else:
        found = [path.read_bytes().decode("utf-8", "replace")]
    undone = [re.sub(r"\\u([0-9a-fA-F]{4})", lambda hit: chr(int(hit[1], 16)), html.unescape(text)) for text in found]
    return [*found, *undone]


def found_in(folder: Path, secrets: set[str]) -> list[tuple[str, str]]:
    """List which file holds which secret: each place of each text is looked up at every length a secret has."""
    lengths = sorted({len(secret) for secret in secrets})
    begins = {secret[:2] for secret in secrets}
    hits = set()
    for path in sorted(folder.rglob("*")):
        for text in texts_of(path) if path.is_file() else ():
            places = [place for place in range(len(text) - 1) if text[place : place + 2] in begins]
            found = {text[place : place + length] for place in places for length in lengths} & secrets
            hits |= {(path.relative_to(folder).as_posix(), secret) for secret in found}
    return sorted(hits)


def test_the_sample_plants_enough_to_be_found(workspace: Path, secrets: set[str]) -> None:
    assert len(secrets) > 500
    hits = found_in(workspace / "data" / "raw" / "sample" / "hotline", secrets)
    assert len({secret for _, secret in hits}) > 100  # the search itself works


def test_no_byte_of_the_published_report_holds_a_person(workspace: Path, secrets: set[str]) -> None:
    report = workspace / "reports"
    assert {path.suffix for path in report.rglob("*")} >= {".html", ".ipynb", ".csv", ".xlsx", ".json"}
    assert found_in(report, secrets) == []


def test_no_table_of_the_warehouse_holds_a_person(workspace: Path, secrets: set[str]) -> None:
    assert found_in(workspace / "data" / "warehouse", secrets) == []


def test_the_key_stays_out_of_reports_and_warehouse(workspace: Path) -> None:
    key = (workspace / "data" / "config" / ".key").read_text(encoding="ascii").strip()
    assert len(key) == 64
    for folder in ("reports", "data/warehouse"):
        assert found_in(workspace / folder, {key, key.upper()}) == []
