from __future__ import annotations

import os
from pathlib import Path

import pytest

from csm_lib.publish import editions
from csm_lib.publish.editions import former_editions, keep_edition, lead_up, recover, staging_folder, swap_in


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


@pytest.mark.parametrize("can_link", [True, False], ids=["linked", "where files cannot be linked"])
def test_a_former_edition_is_whole_and_the_oldest_go(
    tmp_path: Path, can_link: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no links here")

    if not can_link:
        monkeypatch.setattr(os, "link", refuse)
    report = tmp_path / "2024Q1"
    keep_edition(report, number=0, kept=2)
    for number in (1, 2, 10):
        swap_in(_folder(tmp_path / "new", f"edition {number}"), report)
        keep_edition(report, number=number, kept=2)
        keep_edition(report, number=number, kept=2)
    assert [(path.name, (path / "index.html").read_text()) for path in former_editions(report)] == [
        ("10", "edition 10"),
        ("2", "edition 2"),
    ]
    keep_edition(report, number=11, kept=0)
    assert former_editions(report) == []


def test_an_edition_that_was_being_kept_when_the_run_was_killed_is_removed(tmp_path: Path) -> None:
    _folder(tmp_path / ".editions" / "2024Q1" / ".staging-1-99", "half")
    recover(tmp_path)
    assert list((tmp_path / ".editions" / "2024Q1").iterdir()) == []


def test_links_that_lead_out_are_led_further_up_and_the_linked_page_stays(tmp_path: Path) -> None:
    report = tmp_path / "2024Q1"
    report.mkdir()
    page = '<a href="../index.html">All</a> <a href="04.html">Gaps</a> <a href="../2023Q4/index.html">before</a>'
    (report / "index.html").write_text(page)
    keep_edition(report, number=1, kept=2)
    kept = (former_editions(report)[0] / "index.html").read_text()
    assert kept == page.replace("../", "../../../")
    assert (report / "index.html").read_text() == page
    lead_up(report, levels=1)
    assert (report / "index.html").read_text() == page.replace("../", "../../")


def test_a_page_that_a_killed_run_did_not_finish_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".index-17.html").write_text("half")
    recover(tmp_path)
    assert list(tmp_path.iterdir()) == []
