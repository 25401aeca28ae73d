"""What was planted in the sample organisation is found at its full size, and what only looks alike is not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from csm_lib.collect.ingest import ingest
from csm_lib.collect.sample import write_sample
from csm_lib.explain.mix import mix_within
from csm_lib.explain.where import where_it_sits, worst_hours
from csm_lib.measure.gaps import group_changes
from csm_lib.measure.indicators import measure
from csm_lib.workbook import Workbook, open_workbook
from csm_lib.workspaces import write_sample_settings

QUARTERS = ("2023Q4", "2024Q1", "2024Q2")
READ = [f"{system}/{system}_{quarter}.csv" for system in ("hotline", "tickets") for quarter in QUARTERS]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample at its default size, of which the contacts of the last two quarters are read."""
    folder = tmp_path_factory.mktemp("planted")
    write_sample_settings(folder)
    write_sample(folder / "all")
    for name in READ:
        kept = folder / "data" / "raw" / "sample" / name
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(folder / "all" / name, kept)
    ingest(folder)
    return folder


@pytest.fixture(scope="module")
def book(workspace: Path) -> Workbook:
    return open_workbook("2024Q1", workspace=workspace)


@pytest.fixture(scope="module")
def former(book: Workbook) -> Workbook:
    before = book.previous()
    assert before is not None
    return before


@pytest.fixture(scope="module")
def realised(workspace: Path) -> dict[str, Any]:
    truth = json.loads((workspace / "all" / "truth.json").read_text(encoding="utf-8"))
    return {row["name"]: row["value_realised"] for row in truth["truths"]}


def test_the_evening_answers_worst(book: Workbook, realised: dict[str, Any]) -> None:
    by_hour = measure(book.facts, "answer_rate", by=["channel", "local_hour"]).query("channel == 'phone'")
    found = worst_hours(by_hour)
    assert (found["from_hour"], found["to_hour"]) == (17, 19)
    assert found["value"] == pytest.approx(realised["evening_answer_share"], abs=0.002)
    evening = by_hour["local_hour"].isin([17, 18])
    assert by_hour.loc[evening, "high"].max() < by_hour.loc[~evening, "low"].min()  # beyond chance, hour by hour


def changes(book: Workbook, former: Workbook, *by: str) -> pd.DataFrame:
    now, before = (measure(one.facts, "fcr", by=by).dropna(subset=list(by)) for one in (book, former))
    return group_changes(now, before, by=by).set_index(list(by))


def test_the_changed_segment_is_called_a_change(book: Workbook, former: Workbook, realised: dict[str, Any]) -> None:
    found = changes(book, former, "channel", "product")
    row = found.loc[("app", "digital")]
    assert row["is_signal"] and row["change_high"] < 0
    assert row["change_low"] < realised["worsened_segment_change"] < row["change_high"]
    assert found["change"].idxmin() == ("app", "digital")
    searched = where_it_sits(book.facts, "fcr", dimensions=["channel", "product", "issue", "team"], before=former.facts)
    assert (("channel", "app"), ("product", "digital")) in searched["segment"].tolist()


def test_the_shift_that_looks_alike_is_not_called_a_change(
    book: Workbook, former: Workbook, realised: dict[str, Any]
) -> None:
    desk = mix_within(former.facts, book.facts, "fcr", group="channel", segment="issue").set_index("group")
    assert desk.loc["chat", "reading"] == "mix"
    assert desk.loc["chat", "rate_low"] < 0 < desk.loc["chat", "rate_high"]
    assert desk.loc["chat", "change"] == pytest.approx(realised["mix_shift_change"], abs=0.005)
    kinds = changes(book, former, "channel", "issue").loc["chat"]
    assert not kinds["is_signal"].any()  # no kind of contact is served worse than before
    searched = where_it_sits(book.facts, "fcr", dimensions=["channel", "product", "issue", "team"], before=former.facts)
    assert not any(("channel", "chat") in segment for segment in searched["segment"])
