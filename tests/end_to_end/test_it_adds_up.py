"""Every count of a published quarter is the sum over its months, channels and teams; every ratio is that of the sums.

Ninety-one days of three channels and two teams, drawn from a seed. Only the law is checked here, on two roads: the
published numbers of one run, and the facts of each part, measured one by one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from csm_lib.measure.indicators import measure
from csm_lib.workbook import Workbook, open_workbook

MONTHS = ("2024-01", "2024-02", "2024-03")
# tables whose rows are indicators of the whole period; what is summed in them is n
TABLES = (
    "02_promises", "04_scorecard", "04_others", "04_fcr_definitions", "04_other_forms", "04_run_rate", "05_indicators",
)  # fmt: skip


def write_exports(raw: Path) -> None:
    """Write 360 contacts, their answers and complaints; March's last windows close in April."""
    rng = np.random.default_rng(12)
    contacts, surveys, complaints = [], [], []
    for number in range(360):
        created = datetime(2024, 1, 2, 10) + timedelta(days=int(rng.integers(0, 88)), minutes=int(rng.integers(0, 500)))
        channel = str(rng.choice(["phone", "chat", "email"]))
        served = created + timedelta(seconds=int(rng.integers(5, 90)))
        ended = served + timedelta(seconds=int(rng.integers(100, 900)))
        row: dict[str, Any] = {
            "contact_id": f"k{number}", "created_at": created, "channel": channel,
            "issue": str(rng.choice(["refund", "repair"])), "team": str(rng.choice(["Harbour", "Hill"])),
            "customer_id": f"c{rng.integers(0, 200)}",
            "queue_entered_at": created if channel != "email" else None,
        }  # fmt: skip
        if channel == "phone" and rng.random() < 0.15:
            contacts.append(row | {"abandoned_at": served, "closed_at": served})
            continue
        row |= {"answered_at": served, "first_response_at": served, "agent_id": f"g{number % 5}", "closed_at": ended}
        row |= {"talk_s": (ended - served).total_seconds(), "wrap_s": 20, "transfer_count": int(rng.random() < 0.1)}
        is_solved = rng.random() < 0.8
        contacts.append(row | ({"resolved_at": ended, "status": "resolved"} if is_solved else {"status": "closed"}))
        if rng.random() < 0.4:
            sent = ended + timedelta(hours=1)
            surveys.append({"survey_id": f"s{number}", "contact_id": f"k{number}", "sent_at": sent,
                            "answered_at": sent + timedelta(hours=1), "csat": int(rng.integers(1, 6)),
                            "recommend": int(rng.integers(0, 11))})  # fmt: skip
        if rng.random() < 0.05:
            complaints.append({"complaint_id": f"p{number}", "received_at": ended, "contact_id": f"k{number}"})
    instants = {name: value for name, value in contacts[0].items() if isinstance(value, datetime)}
    later = {name: value + timedelta(days=120) for name, value in instants.items()}
    contacts.append(contacts[0] | later | {"contact_id": "late", "customer_id": "late"})
    raw.mkdir(parents=True)
    for name, rows in {"contacts": contacts, "surveys": surveys, "complaints": complaints}.items():
        pd.DataFrame(rows).to_csv(raw / f"{name}.csv", index=False)


def csm(*arguments: str) -> dict[str, Any]:
    ended = subprocess.run(
        [sys.executable, "-m", "csm_lib", *arguments, "--json"], capture_output=True, text=True, check=False,
        encoding="utf-8", env=dict(os.environ),
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return json.loads(ended.stdout)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("adds_up")
    settings = folder / "data" / "config" / "workbook.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text('time_zone = "Asia/Shanghai"\n\n[hours.default]\ndaily = "00:00-24:00"\n', encoding="utf-8")
    write_exports(folder / "data" / "raw")
    csm("ingest", "--workspace", str(folder))
    return folder


@pytest.fixture(scope="module")
def report(workspace: Path) -> Path:
    return Path(csm("run", "2024Q1", "--workspace", str(workspace))["report"]).parent


@pytest.fixture(scope="module")
def headline(report: Path) -> list[dict[str, Any]]:
    rows = json.loads((report / "run.json").read_text(encoding="utf-8"))["headline"]
    return [row for row in rows if row["value"] is not None]


def parts_of(workspace: Path, over: str, keys: list[str]) -> pd.DataFrame:
    """Measure the parts of the quarter one by one: its months, or its groups."""
    if over != "month":
        return measure(open_workbook("2024Q1", workspace=workspace).facts, keys, by=over, level=None)
    months: list[Workbook] = [open_workbook(name, workspace=workspace) for name in MONTHS]
    return pd.concat([measure(month.facts, keys, level=None) for month in months])


def added(parts: pd.DataFrame) -> pd.DataFrame:
    seen = parts.dropna(subset=["value"])
    return seen.groupby("key")[["n", "numerator", "denominator"]].sum()


@pytest.mark.parametrize("over", ["month", "channel", "team"])
def test_the_headline_adds_up(workspace: Path, headline: list[dict[str, Any]], over: str) -> None:
    keys = [row["key"] for row in headline]
    assert {"frt", "fcr", "csat", "complaint_rate"} <= set(keys)
    sums = added(parts_of(workspace, over, keys))
    for row in headline:
        part = sums.loc[row["key"]]
        assert part["n"] == row["n"], row["key"]
        assert part["numerator"] / part["denominator"] == pytest.approx(row["value"], rel=1e-12), row["key"]


@pytest.mark.parametrize("over", ["month", "channel", "team"])
def test_the_tables_add_up(workspace: Path, report: Path, over: str) -> None:
    tables = {name: pd.read_csv(report / "tables" / f"{name}.csv") for name in TABLES}
    tables = {name: frame.dropna(subset=["value"]) for name, frame in tables.items()}
    keys = sorted({key for frame in tables.values() for key in frame["key"]})
    assert len(keys) > 12
    sums = added(parts_of(workspace, over, keys))
    for name, frame in tables.items():
        for row in frame.to_dict("records"):
            part = sums.loc[row["key"]]
            assert part["n"] == row["n"], (name, row["key"])
            assert part["numerator"] / part["denominator"] == pytest.approx(row["value"], rel=1e-9), (name, row["key"])


def test_the_hours_of_a_table_add_up_to_its_indicator(report: Path, headline: list[dict[str, Any]]) -> None:
    hours = pd.read_csv(report / "tables" / "04_hours.csv")
    whole = {row["key"]: row["n"] for row in headline} | dict(
        pd.read_csv(report / "tables" / "04_others.csv")[["key", "n"]].itertuples(index=False)
    )
    assert hours["n"].sum() == whole[hours["key"].iloc[0]]


def test_page_02_says_what_does_not_add_up(report: Path) -> None:
    page = (report / "02_kpi_selection.html").read_text(encoding="utf-8")
    assert "Shares and means do not: divide the sums anew." in page
    assert "Medians and other quantiles add up by no rule: take them from all rows together." in page
