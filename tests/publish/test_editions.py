from __future__ import annotations

from pathlib import Path

import pytest

from csm_lib.publish import editions
from csm_lib.publish.editions import recover, staging_folder, swap_in


def _folder(path: Path, text: str) -> Path:
    path.mkdir(parents=True)
    (path / "index.html").write_text(text)
    return path


@pytest.mark.parametrize("can_exchange", [True, False], ids=["in one step", "where folders cannot be exchanged"])
def test_the_new_folder_takes_the_place(tmp_path: Path, can_exchange: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not can_exchange:
        monkeypatch.setattr(editions, "_exchange", lambda one, other: False)
    target = tmp_path / "2024Q1"
    swap_in(_folder(tmp_path / "new", "first"), target)
    swap_in(_folder(tmp_path / "new", "second"), target)
    assert (target / "index.html").read_text() == "second"
    assert [path.name for path in tmp_path.iterdir()] == ["2024Q1"]


def test_a_report_left_aside_by_a_killed_run_comes_back(tmp_path: Path) -> None:
    _folder(tmp_path / ".aside-2024Q1", "old")
    _folder(staging_folder(tmp_path, "2024Q1") / "more", "unfinished")
    recover(tmp_path)
    assert (tmp_path / "2024Q1" / "index.html").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["2024Q1"]


def test_a_folder_aside_is_removed_once_the_new_one_stands(tmp_path: Path) -> None:
    _folder(tmp_path / ".aside-2024Q1", "old")
    _folder(tmp_path / "2024Q1", "new")
    recover(tmp_path)
    assert (tmp_path / "2024Q1" / "index.html").read_text() == "new"
    assert not (tmp_path / ".aside-2024Q1").exists()
