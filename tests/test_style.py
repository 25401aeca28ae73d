"""Style that a machine can check: lint and types."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize(
    "arguments", [["ruff", "check", "csm_lib", "tests"], ["mypy", "csm_lib"]], ids=["ruff", "mypy"]
)
def test_the_checker_has_nothing_to_say(arguments: list[str]) -> None:
    ended = subprocess.run([sys.executable, "-m", *arguments], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
