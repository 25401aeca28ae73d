from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from csm_lib.errors import RunError
from csm_lib.publish.runner import describe, execute_in_place, run_notebooks
from csm_lib.settings import RunSettings


def test_each_way_to_fail_names_notebook_cell_and_cause(make_notebook: Callable[..., Path], tmp_path: Path) -> None:
    notebooks = [
        make_notebook("01_done", "period", "import os; os.environ['CSM_RUN_DIR']"),
        make_notebook("02_exits", "import sys\nsys.exit(0)", "never = 1"),
        make_notebook("03_raises", "good = 1", "1/0"),
        make_notebook("04_sleeps", "import time\ntime.sleep(60)"),
        make_notebook("05_dies", "import os\nos._exit(3)"),
    ]
    seen: list[tuple[str, str]] = []
    finished: list[tuple[str, bool]] = []
    runs = run_notebooks(
        notebooks,
        parameters={"01_done": {"period": "2023Q4"}},
        workspace=tmp_path,
        run_folder=tmp_path / "run",
        limits=RunSettings(cell_timeout_s=3),
        progress=lambda name, status, *_: seen.append((name, status)),
        finished=lambda run: finished.append((run.name, run.failure is None)),
    )
    assert sorted(finished) == [(path.stem, path.stem == "01_done") for path in notebooks]
    done = runs[0].notebook
    texts = [out.data["text/plain"] for cell in done.cells for out in cell.get("outputs", [])]
    assert texts == ["'2023Q4'", repr(str(tmp_path / "run" / "01_done"))]
    assert [describe(run) for run in runs] == [
        "01_done ran to its end.",
        "02_exits must run to its end, got SystemExit: the cell ended the run (cell 3).",
        "03_raises must run to its end, got ZeroDivisionError: division by zero (cell 4).",
        "04_sleeps must run to its end, got timeout: the cell took longer than 3 s "
        "(cell_timeout_s under [run] in workbook.toml) (cell 3).",
        "05_dies must run to its end, got kernel died: often because memory ran out; "
        "run fewer notebooks at once (--jobs 1) (cell 3).",
    ]
    assert [status for name, status in seen if name == "01_done"].count("running") == 4  # its code cells
    assert sorted(entry for entry in seen if entry[1] != "running") == sorted(
        [(path.stem, "started") for path in notebooks]
        + [("01_done", "done"), *((path.stem, "failed") for path in notebooks[1:])]
    )


def test_ordinary_kernels_do_the_same_where_nothing_can_be_forked(
    make_notebook: Callable[..., Path], tmp_path: Path
) -> None:
    path = make_notebook("01_done", "import os; os.getcwd()")
    (run,) = run_notebooks([path], parameters={}, workspace=tmp_path, warm=False)
    assert run.status == "done"
    assert run.notebook.cells[-2].outputs[0].data["text/plain"] == repr(str(tmp_path))


@pytest.mark.parametrize("warm", [True, False], ids=["forked", "as in JupyterLab"])
def test_the_engine_opens_in_every_kind_of_kernel_and_draws_no_bar(
    make_notebook: Callable[..., Path], tmp_path: Path, warm: bool
) -> None:
    asked = "connect().execute(\"SELECT current_setting('enable_progress_bar')\").fetchall()"
    path = make_notebook("01_done", f"from csm_lib.engine import connect\n{asked}")
    (run,) = run_notebooks([path], parameters={}, workspace=tmp_path, warm=warm)
    assert describe(run) == "01_done ran to its end."
    assert run.notebook.cells[-2].outputs[0].data["text/plain"] == "[(False,)]"


def test_warm_kernels_have_the_libraries_already(make_notebook: Callable[..., Path], tmp_path: Path) -> None:
    path = make_notebook("01_done", "import sys; 'seaborn' in sys.modules")
    (run,) = run_notebooks([path], parameters={}, workspace=tmp_path, warm=True)
    assert run.notebook.cells[-2].outputs[0].data["text/plain"] == "True"


@pytest.mark.skipif(not Path("/proc").exists(), reason="lists processes of Linux")
def test_no_kernel_and_no_folder_is_left(make_notebook: Callable[..., Path], tmp_path: Path) -> None:
    path = make_notebook("01_done", "import os; os.getpid()", "import os; os.environ['IPYTHONDIR']")
    (run,) = run_notebooks([path], parameters={}, workspace=tmp_path)
    pid, folder = (eval(cell.outputs[0].data["text/plain"]) for cell in run.notebook.cells[-3:-1])
    assert not Path(folder).parent.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_in_place_keeps_answers_and_leaves_out_pictures_and_times(report_notebooks: list[Path], tmp_path: Path) -> None:
    path = report_notebooks[0]
    execute_in_place([path], workspace=tmp_path)
    first = path.read_bytes()
    execute_in_place([path], workspace=tmp_path)
    assert path.read_bytes() == first
    cells = nbformat.read(path, as_version=4).cells
    kinds = [sorted(out.data) for cell in cells for out in cell.get("outputs", [])]
    assert kinds == [["text/html", "text/plain"], ["text/plain"]]
    assert "papermill" not in path.read_text(encoding="utf-8")


def test_a_warning_in_a_committed_notebook_is_refused(make_notebook: Callable[..., Path], tmp_path: Path) -> None:
    path = make_notebook("01_warns", "import sys\nprint('old ways', file=sys.stderr)")
    before = path.read_bytes()
    with pytest.raises(RunError) as refused:
        execute_in_place([path], workspace=tmp_path)
    assert str(refused.value) == "01_warns must run without warnings, got 'old ways'. Mend what causes it."
    assert path.read_bytes() == before
