"""The shipped sources of the sample: every export is read, and exactly the planted dirt is set aside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from csm_lib.collect.ingest import IngestResult, ingest
from csm_lib.collect.sample import write_sample, write_tables
from csm_lib.workspaces import write_sample_settings

DIRT = ("duplicate", "blank_row", "time_order", "unknown_word")


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, IngestResult]:
    workspace = tmp_path_factory.mktemp("sample")
    write_sample_settings(workspace)
    write_sample(workspace / "data" / "raw" / "sample", contacts_per_quarter=500, seed=3)
    write_tables(workspace / "data" / "tables")
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


def test_reading_it_again_changes_nothing(ingested: tuple[Path, IngestResult]) -> None:
    workspace, result = ingested
    again = ingest(workspace)
    assert again.changed == ()
    assert {(file.path, file.read, file.kept) for file in again.files} == {
        (file.path, file.read, file.kept) for file in result.files
    }
