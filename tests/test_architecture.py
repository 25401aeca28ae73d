"""The house: which room may import which, how long a module may be, and what loads when."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
PACKAGE = PROJECT / "csm_lib"

WORDS = {"errors", "periods", "calendar", "settings", "definitions", "results", "engine", "workspaces"}
MAY_IMPORT = {
    **dict.fromkeys(WORDS, WORDS),
    "collect": WORDS,
    "measure": WORDS,
    "explain": WORDS | {"measure"},
    "staff": WORDS | {"measure"},
    "improve": WORDS | {"measure"},
    "voice": WORDS | {"measure"},
    "show": WORDS,
    "publish": WORDS | {"collect", "show"},
    "workbook": WORDS | {"collect"},
    "progress": set(),
}
EVERYTHING = {"cli", "commands", "__main__", "__init__"}
MODULES = sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> set[str]:
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module == "csm_lib":
            names = [f"csm_lib.{alias.name}" for alias in node.names]
        rooms |= {name.split(".")[1] for name in names if name.startswith("csm_lib.")}
    return rooms - {room_of(path)}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_only_what_it_may(path: Path) -> None:
    room = room_of(path)
    if room in EVERYTHING:
        return
    assert imported_rooms(path) <= MAY_IMPORT[room]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_says_what_it_offers_and_stays_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text))
    if "definitions" not in path.parts:
        assert len(text.splitlines()) <= 400
    if path.name not in {"__init__.py", "__main__.py"}:
        assert "__all__ = [" in text


@pytest.mark.parametrize(
    ("arguments", "unwanted"),
    [
        (["ingest", "--json"], "seaborn statsmodels papermill nbconvert matplotlib great_tables"),
        (["list", "--json"], "seaborn statsmodels papermill nbconvert matplotlib great_tables"),
    ],
    ids=["ingest", "list"],
)
def test_a_command_loads_only_the_room_it_needs(tmp_path: Path, arguments: list[str], unwanted: str) -> None:
    (tmp_path / "data").mkdir()
    script = (
        "import sys; from csm_lib.cli import main\n"
        f"try: main({[*arguments, '--workspace', str(tmp_path)]!r})\n"
        f"except SystemExit as end: print(end.code, sorted(set({unwanted.split()!r}) & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert ended.stdout.splitlines()[-1] == "0 []"
    assert "rror" not in ended.stderr


def test_the_top_level_holds_what_the_house_plan_says() -> None:
    listing = ["git", "-c", "core.quotepath=off", "ls-files"]
    tracked = subprocess.run(listing, cwd=PROJECT, capture_output=True, text=True, check=False)
    if tracked.returncode:
        pytest.skip("needs the project's git history")
    visible = {line.split("/")[0] for line in tracked.stdout.splitlines() if not line.startswith(".")}
    plan = "pyproject.toml README.md constraints.txt LICENSE notebooks csm_lib data reports tests"
    assert visible <= {*plan.split()}
