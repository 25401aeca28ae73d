"""The README: its commands, the files it names, and the picture it shows."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest
from typer.main import get_command

from csm_lib.cli import app

PROJECT = Path(__file__).resolve().parent.parent
README = (PROJECT / "README.md").read_text(encoding="utf-8")


def block(name: str) -> str:
    """Give the command below a mark of the README."""
    found = re.search(rf"<!-- {name} -->\n```\w+\n(.*?)```", README, re.S)
    assert found, f"the README has no command marked {name!r}"
    return found[1].strip()


@pytest.mark.parametrize("name", ["demo", "test"])
def test_each_command_is_one_line_in_both_shells(name: str) -> None:
    posix, powershell = block(f"{name}: posix"), block(f"{name}: powershell")
    assert "\n" not in posix
    assert "\n" not in powershell
    assert "&&" not in powershell  # Windows PowerShell 5 does not know it
    assert posix.startswith("python3 -m venv .venv")


def test_both_shells_install_and_run_the_same() -> None:
    def steps(text: str) -> list[str]:
        plain = text.replace("\\", "/").replace(".venv/Scripts/", "").replace(".venv/bin/", "")
        plain = plain.replace("py -3", "python3").replace("if ($?) { ", "").replace(" }", "").replace(";", " &&")
        return [part.strip() for part in plain.split("&&")]

    for name in ("demo", "test"):
        assert steps(block(f"{name}: posix")) == steps(block(f"{name}: powershell"))


def test_the_test_command_runs_the_notebooks_too() -> None:
    words = shlex.split(block("test: posix").split("&&")[-1])
    assert words[1:3] == ["-m", "pytest"]
    assert "--nbval" in words
    assert words[words.index("--dist") + 1] == "loadfile"
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "notebooks" in settings["tool"]["pytest"]["ini_options"]["testpaths"]


def test_every_csm_command_in_the_readme_exists() -> None:
    known = set(get_command(app).commands)  # type: ignore[attr-defined]
    named = set(re.findall(r"(?:^|[/\\`]|&& )csm ([a-z]+)", README, re.M))
    assert named
    assert named <= known


def test_every_place_in_the_readme_exists() -> None:
    for name in re.findall(r"`((?:csm_lib|notebooks|tests)/[\w/.]*|data/|reports/)`", README):
        assert (PROJECT / name).exists(), name
    for name in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README):
        assert (PROJECT / name).stat().st_size > 10_000, name


def test_every_notebook_is_in_the_readme() -> None:
    named = re.findall(r"^\| `(\d\d_\w+)` \|", README, re.M)
    assert named == sorted(path.stem for path in (PROJECT / "notebooks").glob("*.ipynb"))
