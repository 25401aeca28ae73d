"""Progress: plain lines in a log, a bar with the time left on a terminal."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from csm_lib import progress
from csm_lib.progress import reporter

STEPS = [
    ("04_gap_analysis", "started", 0.0, 0.0),
    ("04_gap_analysis", "running", 2.0, 0.5),
    ("04_gap_analysis", "done", 4.04, 1.0),
    ("06_root_cause", "reused", 0.0, 1.0),
    ("07_staffing", "failed", 1.0, 1.0),
]


def test_a_log_gets_one_plain_line_per_notebook(capsys: pytest.CaptureFixture[str]) -> None:
    with reporter() as report:
        for step in STEPS:
            report(*step)
    assert capsys.readouterr().err.splitlines() == [
        "04_gap_analysis: done after 4.0 s",
        "06_root_cause: reused, nothing it rests on has changed",
        "07_staffing: failed after 1.0 s",
    ]


def test_a_terminal_gets_a_bar_per_notebook_with_the_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    terminal = Console(file=screen, force_terminal=True, width=120, color_system=None)
    monkeypatch.setattr(progress, "Console", lambda **_: terminal)
    with reporter() as report:
        for step in STEPS:
            report(*step)
    last = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue()).splitlines()
    assert any(re.search(r"04_gap_analysis: done .*100%.* left 0:00:00", line) for line in last)
    assert any("06_root_cause: reused" in line and "100%" in line for line in last)
