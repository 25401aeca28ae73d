"""Where a workspace is found, and what `demo` may touch."""

from __future__ import annotations

from pathlib import Path

import pytest

from csm_lib.errors import UsageError
from csm_lib.workspaces import WORKSPACE_MARK, find_workspace, is_sample_only, make_workspace, write_sample_settings


@pytest.fixture(autouse=True)
def _no_workspace_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CSM_WORKSPACE", raising=False)


def test_a_named_folder_wins_over_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CSM_WORKSPACE", str(tmp_path / "env"))
    assert find_workspace(tmp_path / "named") == tmp_path / "named"
    assert find_workspace() == tmp_path / "env"


def test_it_is_found_upward_from_a_folder_inside(tmp_path: Path) -> None:
    make_workspace(tmp_path / "desk")
    inside = tmp_path / "desk" / "notes" / "deep"
    inside.mkdir(parents=True)
    assert find_workspace(start=inside) == tmp_path / "desk"


def test_copied_notebooks_lead_to_the_workspace_they_were_copied_for(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / WORKSPACE_MARK).write_text(str(tmp_path / "desk"), encoding="utf-8")
    assert find_workspace(start=folder) == tmp_path / "desk"


def test_elsewhere_it_is_the_installed_project(tmp_path: Path) -> None:
    assert (find_workspace(start=tmp_path) / "pyproject.toml").exists()


def test_a_file_is_no_workspace(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("", encoding="utf-8")
    with pytest.raises(UsageError) as refused:
        find_workspace(path)
    assert str(refused.value) == f"workspace must be a folder, got the file {str(path)!r}. Name its folder."


def test_only_the_sample_or_nothing_counts_as_sample(tmp_path: Path) -> None:
    assert is_sample_only(tmp_path)
    write_sample_settings(tmp_path)
    assert is_sample_only(tmp_path)
    (tmp_path / "data" / "raw" / "sample").mkdir(parents=True)
    (tmp_path / "data" / "raw" / "sample" / "truth.json").write_text("{}", encoding="utf-8")
    (tmp_path / "data" / "tables").mkdir()
    (tmp_path / "data" / "tables" / "notes.csv").write_text("note_id\n", encoding="utf-8")
    assert is_sample_only(tmp_path)
    (tmp_path / "data" / "raw" / "contacts.csv").write_text("contact_id\n", encoding="utf-8")
    assert not is_sample_only(tmp_path)


@pytest.mark.parametrize("path", ["data/tables/notes.csv", "data/warehouse/edition.json", "data/config/workbook.toml"])
def test_what_a_user_made_is_not_the_sample(tmp_path: Path, path: str) -> None:
    own = tmp_path / path
    own.parent.mkdir(parents=True)
    own.write_text('organisation = "Ours"', encoding="utf-8")
    assert not is_sample_only(tmp_path)
