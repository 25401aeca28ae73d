"""Run notebooks, several at once, and say exactly what failed where.

Papermill injects the parameters and executes the cells; the kernels are ours (`kernels`). A notebook is done only if
every cell ran to its end: a cell that calls `sys.exit(0)` stops the rest, so it counts as failed. Notebooks run in
threads, because each one only waits for its kernel.
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import nbformat
from jupyter_core.utils import ensure_event_loop
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook

from csm_lib.errors import RunError
from csm_lib.publish.kernels import Kernels
from csm_lib.publish.limits import Watch
from csm_lib.publish.warm import ONE_THREAD
from csm_lib.settings import RunSettings

__all__ = [
    "Failure",
    "NotebookRun",
    "Progress",
    "default_jobs",
    "describe",
    "execute_in_place",
    "is_numbered",
    "run_notebooks",
]

ENGINE = "csm"
_CELL_LIMIT = "(cell_timeout_s under [run] in workbook.toml)"
_PICTURES = ("image/png", "image/svg+xml", "image/jpeg")

Progress = Callable[[str, str, float, float], None]
"""Called with notebook name, status (`started`, `running`, at last that of its `NotebookRun`), seconds, share done."""


@dataclass(frozen=True)
class Failure:
    """Why a notebook did not run to its end.

    Attributes
    ----------
    cell : int
        Position in the notebook as written (the injected parameters do not count).
    kind, sentence : str
        Name of the exception and what it said.
    """

    cell: int
    kind: str
    sentence: str


@dataclass(frozen=True)
class NotebookRun:
    """One notebook after its run.

    Attributes
    ----------
    name : str
    status : str
        `done`, `failed` or `reused`.
    seconds : float
    notebook : NotebookNode
        With the outputs, as far as it came.
    failure : Failure or None
    """

    name: str
    status: str
    seconds: float
    notebook: Any
    failure: Failure | None = None


class _Engine(NBClientEngine):
    """Papermill's engine over a kernel of ours."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: Any,
        kernel_name: str,
        *,
        kernel: Any,
        env: Mapping[str, str],
        folder: Path,
        timeout_s: float,
        on_cell: Callable[[int], None],
        **_: Any,
    ) -> None:
        client = PapermillNotebookClient(
            nb_man,
            km=kernel,
            kernel_name=kernel_name,
            timeout=math.ceil(timeout_s),  # whole seconds only
            startup_timeout=120,
            iopub_timeout=60,
            shutdown_kernel="immediate",
            log=_quiet(),
            on_cell_complete=lambda cell, cell_index: on_cell(cell_index),
        )
        client.execute(env=dict(env), cwd=str(folder), cleanup_kc=True)


def default_jobs() -> int:
    """Say how many notebooks run at once unless told otherwise: two, or one on a single core.

    Returns
    -------
    int
    """
    return min(2, os.cpu_count() or 1)


def run_notebooks(
    notebooks: Sequence[Path],
    *,
    parameters: Mapping[str, Mapping[str, Any]],
    workspace: Path,
    run_folder: Path | None = None,
    jobs: int | None = None,
    limits: RunSettings | None = None,
    progress: Progress | None = None,
    finished: Callable[[NotebookRun], None] | None = None,
    language: str = "en",
    warm: bool | None = None,
) -> list[NotebookRun]:
    """Run notebooks and return them with their outputs, failed ones too.

    Parameters
    ----------
    notebooks : sequence of Path
    parameters : mapping of str to mapping of str to object
        Notebook name to its parameters, already checked (`csm_lib.publish.parameters`).
    workspace : Path
        Folder the kernels start in and read.
    run_folder : Path, optional
        Each notebook's kernel gets `run_folder/NAME` as `CSM_RUN_DIR`; without it nothing is written.
    jobs : int, optional
        Notebooks at once; `default_jobs` unless given.
    limits : RunSettings, optional
        Longest time of a cell and of a notebook, most memory of a kernel; the shipped ones unless given.
    progress : callable, optional
        See `Progress`; called from several threads, one call at a time for each notebook.
    finished : callable, optional
        Called with each notebook that has run, failed ones too, in the thread that ran it, while others still run.
    language : str
        What numbers and dates are written in.
    warm : bool, optional
        Passed to `Kernels`.

    Returns
    -------
    list of NotebookRun
        In the order given.
    """
    papermill_engines.register(ENGINE, _Engine)
    logging.getLogger("asyncio").addFilter(_is_ours)
    report = progress or (lambda name, status, seconds, share: None)
    within = limits or RunSettings()
    with Kernels(warm=warm) as kernels, Watch(within) as watch:
        base = {**ONE_THREAD, **os.environ, "CSM_WORKSPACE": str(workspace), "CSM_LANGUAGE": language}
        base |= {"IPYTHONDIR": str(kernels.folder / "ipython"), "PYDEVD_DISABLE_FILE_VALIDATION": "1"}

        def run_one(path: Path) -> NotebookRun:
            env = dict(base)
            env.pop("CSM_RUN_DIR", None)
            if run_folder is not None:
                own = run_folder / path.stem
                own.mkdir(parents=True, exist_ok=True)
                env["CSM_RUN_DIR"] = str(own)
            report(path.stem, "started", 0.0, 0.0)
            kernel = kernels.manager()
            watch.follow(path.stem, kernel)
            run = _run(path, parameters.get(path.stem, {}), kernel, env, workspace, within.cell_timeout_s, report)
            if run.failure and (ended := watch.release(path.stem)):
                run = replace(run, failure=Failure(run.failure.cell, *ended))
            watch.release(path.stem)
            report(run.name, run.status, run.seconds, 1.0)
            if finished is not None:
                finished(run)
            return run

        pool = ThreadPoolExecutor(max_workers=max(1, jobs or default_jobs()), thread_name_prefix="notebook")
        try:
            return list(pool.map(run_one, notebooks))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        finally:
            pool.shutdown(wait=False)


def execute_in_place(
    notebooks: Sequence[Path], *, workspace: Path, jobs: int | None = None, progress: Progress | None = None
) -> list[NotebookRun]:
    """Run the committed notebooks with their own defaults and store the outputs, without pictures, in them.

    Everything that differs between two runs (times, versions of the interpreter) is left out, so that the files change
    only when an answer does. Nothing is written unless all of them succeed.

    Parameters
    ----------
    notebooks : sequence of Path
    workspace : Path
    jobs : int, optional
    progress : callable, optional

    Returns
    -------
    list of NotebookRun

    Raises
    ------
    RunError
        If a notebook fails, or writes a warning.
    """
    runs = run_notebooks(notebooks, parameters={}, workspace=workspace, jobs=jobs, progress=progress)
    broken = [describe(run) for run in runs if run.failure]
    broken += [
        f"{run.name} must run without warnings, got {out.text.strip().splitlines()[0]!r}. Mend what causes it."
        for run in runs
        for cell in run.notebook.cells
        for out in cell.get("outputs", [])
        if out.get("name") == "stderr"
    ]
    if broken:
        raise RunError("\n".join(broken))
    for run, path in zip(runs, notebooks, strict=True):
        nbformat.write(_committed(run.notebook), path)
    return runs


def describe(run: NotebookRun) -> str:
    """Say which notebook failed, in which cell, and why.

    Parameters
    ----------
    run : NotebookRun
        A failed one.

    Returns
    -------
    str
    """
    if run.failure is None:
        return f"{run.name} ran to its end."
    why = f"{run.failure.kind}: {run.failure.sentence}" if run.failure.sentence else run.failure.kind
    return f"{run.name} must run to its end, got {why} (cell {run.failure.cell})."


def _run(
    path: Path,
    parameters: Mapping[str, Any],
    kernel: Any,
    env: Mapping[str, str],
    workspace: Path,
    timeout_s: float,
    report: Progress,
) -> NotebookRun:
    started = time.perf_counter()
    notebook = load_notebook_node(str(path))
    _clear(notebook)
    if parameters:
        notebook = parameterize_notebook(notebook, dict(parameters), kernel_name="python3", language="python")
        for cell in notebook.cells:
            cell.metadata.setdefault("papermill", nbformat.NotebookNode(status="pending"))
    n_cells = len(notebook.cells)
    ended: BaseException | None = None

    def on_cell(position: int) -> None:
        report(path.stem, "running", time.perf_counter() - started, (position + 1) / n_cells)

    try:
        with _event_loop():
            papermill_engines.execute_notebook_with_engine(
                ENGINE,
                notebook,
                "python3",
                progress_bar=False,
                kernel=kernel,
                env=env,
                folder=workspace,
                timeout_s=timeout_s,
                on_cell=on_cell,
            )
    except Exception as error:  # whatever stopped it is reported as this notebook's failure
        ended = error
    failure = _failure(notebook, ended, timeout_s)
    status = "failed" if failure else "done"
    return NotebookRun(path.stem, status, time.perf_counter() - started, notebook, failure)


@contextmanager
def _event_loop() -> Iterator[None]:
    """Give this thread an event loop and close it again, with whatever a kernel's end left waiting in it."""
    loop = ensure_event_loop()
    try:
        yield
    finally:
        waiting = asyncio.all_tasks(loop)
        for task in waiting:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*waiting, return_exceptions=True))
        loop.close()
        asyncio.set_event_loop(None)


def _failure(notebook: Any, ended: BaseException | None, timeout_s: float) -> Failure | None:
    position = -1
    reached = 0
    for cell in notebook.cells:
        position += is_numbered(cell)
        for out in cell.get("outputs", []):
            if out.output_type == "error":
                return Failure(
                    position, out.ename, out.evalue if out.ename != "SystemExit" else "the cell ended the run"
                )
        if cell.metadata.get("papermill", {}).get("start_time"):
            reached = position
    if ended is None:
        return None
    if isinstance(ended, CellTimeoutError):
        return Failure(reached, "timeout", f"the cell took longer than {timeout_s:g} s {_CELL_LIMIT}")
    if isinstance(ended, DeadKernelError):
        return Failure(reached, "kernel died", "often because memory ran out; run fewer notebooks at once (--jobs 1)")
    return Failure(reached, type(ended).__name__, str(ended))


def is_numbered(cell: Any) -> bool:
    """Tell whether a cell counts in positions: injected parameters and twins in another language don't."""
    return not any(tag == "injected-parameters" or tag.startswith("lang-") for tag in cell.metadata.get("tags", []))


def _clear(notebook: Any) -> None:
    """Forget the outputs of an earlier run, so that what is there later is of this one."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None


def _committed(notebook: Any) -> Any:
    notebook.metadata = nbformat.NotebookNode(
        kernelspec={"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        language_info={"name": "python"},
    )
    for cell in notebook.cells:
        cell.metadata = nbformat.NotebookNode({k: v for k, v in cell.metadata.items() if k == "tags" and v})
        for out in cell.get("outputs", []):
            for picture in _PICTURES:
                out.get("data", {}).pop(picture, None)
            if "metadata" in out:
                out.metadata = nbformat.NotebookNode()
    return notebook


def _is_ours(record: logging.LogRecord) -> bool:
    """Drop what asyncio says about a task of nbclient's that ended with its kernel; the failure itself is reported."""
    return "NotebookClient" not in record.getMessage()


def _quiet() -> logging.Logger:
    """Libraries' own reports of a failure: ours says it once, in the right words."""
    logger = logging.getLogger("csm_lib.publish.libraries")
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    return logger
