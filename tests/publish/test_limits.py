from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from csm_lib.publish.runner import describe, run_notebooks
from csm_lib.settings import RunSettings


@pytest.mark.parametrize("warm", [True, False], ids=["forked kernels", "ordinary kernels"])
def test_a_notebook_that_takes_too_long_or_too_much_is_ended_and_the_others_are_not(
    make_notebook: Callable[..., Path], tmp_path: Path, warm: bool
) -> None:
    many = "import time\nfor _ in range(60):\n    time.sleep(1)"
    much = "kept = [bytearray(b'x' * 50_000_000) for _ in range(200)]"
    notebooks = [make_notebook("01_long", many), make_notebook("02_large", "1", much), make_notebook("03_fine", "1")]
    limits = RunSettings(notebook_timeout_s=20, kernel_memory_mb=1500)
    runs = run_notebooks(notebooks, parameters={}, workspace=tmp_path, limits=limits, warm=warm)
    assert [describe(run) for run in runs] == [
        "01_long must run to its end, got timeout: the notebook took longer than 20 s "
        "(notebook_timeout_s under [run] in workbook.toml) (cell 3).",
        "02_large must run to its end, got memory: the notebook used more than 1500 MB of memory "
        "(kernel_memory_mb under [run] in workbook.toml) (cell 4).",
        "03_fine ran to its end.",
    ]


def test_a_limit_may_be_a_part_of_a_second(make_notebook: Callable[..., Path], tmp_path: Path) -> None:
    limits = RunSettings(cell_timeout_s=90.5, notebook_timeout_s=100.5)
    (run,) = run_notebooks([make_notebook("01_fine", "1")], parameters={}, workspace=tmp_path, limits=limits)
    assert describe(run) == "01_fine ran to its end."


@pytest.mark.skipif(not Path("/proc").exists(), reason="lists processes of Linux")
def test_what_a_notebook_started_ends_with_it(make_notebook: Callable[..., Path], tmp_path: Path) -> None:
    path = make_notebook(
        "01_long",
        "import subprocess, pathlib\nmade = subprocess.Popen(['sleep', '300'])\n"
        f"pathlib.Path({str(tmp_path / 'pid')!r}).write_text(str(made.pid))\nmade.wait()",
    )
    run_notebooks([path], parameters={}, workspace=tmp_path, limits=RunSettings(notebook_timeout_s=15), warm=False)
    pid = int((tmp_path / "pid").read_text())
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/status").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return
    assert "State:\tZ" in state
