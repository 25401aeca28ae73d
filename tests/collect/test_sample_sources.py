"""The shipped sources of the sample: every export is read, and exactly the planted dirt is set aside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from csm_lib.collect.ingest import IngestResult, ingest
from csm_lib.collect.sample import write_sample, write_tables
from csm_lib.measure.bridge import bridge, bridge_summary
from csm_lib.workbook import open_workbook
from csm_lib.workspaces import write_sample_settings

DIRT = ("duplicate", "blank_row", "time_order", "unknown_word")


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, IngestResult]:
    workspace = tmp_path_factory.mktemp("sample")
    write_sample_settings(workspace)
    official = write_sample(workspace / "data" / "raw" / "sample", contacts_per_quarter=500, seed=3)
    write_tables(workspace / "data" / "tables", official=official)
    return workspace, ingest(workspace)


def test_every_export_is_read_by_one_source(ingested: tuple[Path, IngestResult]) -> None:
    workspace, result = ingested
    exports = {path.relative_to(workspace).as_posix() for path in (workspace / "data" / "raw").rglob("*.*")}
    tables = {path.relative_to(workspace).as_posix() for path in (workspace / "data" / "tables").glob("*.*")}
    read = [file.path for file in result.files]
    assert len(read) == len(set(read))
    assert set(read) == (exports | tables) - {"data/raw/sample/truth.json"}


def test_exactly_the_planted_dirt_is_set_aside(ingested: tuple[Path, IngestResult]) -> None:
    workspace, result = ingested
    truth = json.loads((workspace / "data" / "raw" / "sample" / "truth.json").read_text(encoding="utf-8"))["files"]
    assert truth
    found = {file.path.removeprefix("data/raw/sample/"): file for file in result.files}
    for name, planted in truth.items():
        expected = {reason: planted[reason] for reason in DIRT if planted.get(reason)}
        assert dict(found[name].set_aside) == expected, name
    for name, file in found.items():
        assert file.read == file.kept + sum(file.set_aside.values()), name


def test_the_vendors_answer_rate_leads_to_ours_without_a_rest(ingested: tuple[Path, IngestResult]) -> None:
    # the vendor counts on what happened, before any export; the bridge redoes it on the facts
    book = open_workbook("2024Q1", workspace=ingested[0])
    found = bridge_summary(bridge(book.facts, book.table("official_figures"), period=book.period)).set_index("key")
    assert found.loc["answer_rate", "unexplained"] == pytest.approx(0, abs=1e-12)
    assert abs(found.loc["answer_rate", "difference"]) > 0.005
    assert found.loc["fcr", "reason"] == "'24 h' cannot be redone on our rows"


def test_reading_it_again_changes_nothing(ingested: tuple[Path, IngestResult]) -> None:
    workspace, result = ingested
    again = ingest(workspace)
    assert again.changed == ()
    assert {(file.path, file.read, file.kept) for file in again.files} == {
        (file.path, file.read, file.kept) for file in result.files
    }
