"""Run a period's notebooks, assemble its report, check it and put it in place in one step.

Until the last step nothing that is published changes: a run that fails or is killed leaves the former report as it was.
One run at a time per workspace. A failed notebook is kept as a page with the error first.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat

from csm_lib.collect.locks import exclusive
from csm_lib.collect.warehouse import Edition, warehouse_folder
from csm_lib.errors import RunError, UnavailableError, UsageError
from csm_lib.publish.assembly import KEPT, Assembly
from csm_lib.publish.editions import (
    EDITIONS,
    former_editions,
    keep_edition,
    lead_up,
    recover,
    staging_folder,
    swap_in,
)
from csm_lib.publish.fingerprints import fingerprint_of, setting_fingerprints
from csm_lib.publish.overview import link_neighbours, write_overview
from csm_lib.publish.parameters import cells_of, parameters_for
from csm_lib.publish.records import check_report, record_of
from csm_lib.publish.restatements import restatements_of
from csm_lib.publish.runner import NotebookRun, Progress, describe, run_notebooks
from csm_lib.publish.standing import LOCKED, folder_name, is_announced, read_record
from csm_lib.settings import RunSettings, load_settings
from csm_lib.workspaces import notebooks_folder

__all__ = ["RunResult", "publish"]

_DRAFTS, _FAILED = ".draft", ".failed"


@dataclass(frozen=True)
class RunResult:
    """What a run did.

    Attributes
    ----------
    report : Path
        The page to open; a draft if only some notebooks were run.
    period : str
    notebooks : tuple of NotebookRun
    headline : list of dict
    is_draft : bool
        True if only some notebooks were run: the published report stays as it was.
    edition : int
        How often this report was published.
    restatements : tuple of dict
        Headline numbers that moved against the edition before (`restatements_of`).
    """

    report: Path
    period: str
    notebooks: tuple[NotebookRun, ...]
    headline: list[dict[str, Any]]
    is_draft: bool
    edition: int = 1
    restatements: tuple[dict[str, Any], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Give the machine-readable result."""
        return {
            "report": str(self.report),
            "period": self.period,
            "notebooks": [{"name": run.name, "status": run.status, "seconds": run.seconds} for run in self.notebooks],
            "edition": self.edition,
            "is_unchanged": False,
            "restatements": list(self.restatements),
        }


class _FailedRun(RunError):
    """A run of which a notebook failed, with what it did."""

    def __init__(self, message: str, kept: Path, period: str, runs: Sequence[NotebookRun]) -> None:
        super().__init__(message)
        done = [{"name": run.name, "status": run.status, "seconds": run.seconds} for run in runs]
        self.result = {"failed_report": str(kept), "period": period, "notebooks": done}


def publish(
    book: Any,
    *,
    notebooks: Sequence[Path] | None = None,
    only: Sequence[str] = (),
    jobs: int | None = None,
    resume: bool = False,
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
    limits: RunSettings | None = None,
    progress: Progress | None = None,
) -> RunResult:
    """Run the notebooks for the period and scope of a workbook and publish their report.

    Parameters
    ----------
    book : Workbook
        Says period, scope, language, workspace, settings, table versions and ingested files.
    notebooks : sequence of Path, optional
        All notebooks of a report, in order; the shipped ones unless given.
    only : sequence of str, optional
        Names of the notebooks to run; the result is a draft beside the published report.
    jobs : int, optional
        Notebooks at once.
    resume : bool
        Reuse notebooks whose source, parameters, data and libraries are those of an earlier run.
    parameters : mapping of str to mapping of str to object, optional
        Notebook to name to value.
    limits : RunSettings, optional
        Of time, memory and former editions; those of the workbook's settings unless given.
    progress : callable, optional
        See `Progress` of the runner.

    Returns
    -------
    RunResult

    Raises
    ------
    UsageError
        If a notebook of `only` does not exist.
    SettingError
        If a parameter does not exist or has the wrong type; no kernel was started.
    RunError
        If a notebook failed; nothing was published.
    UnavailableError
        If another run works in this workspace, or the data changed meanwhile.
    """
    chosen = _chosen(sorted(notebooks_folder().glob("*.ipynb")) if notebooks is None else notebooks, only)
    common = {"period": book.period.name, "scope": book.scope_name, "language": book.language}
    given = parameters_for(chosen, common=common, own=parameters or {})
    reports = book.workspace / "reports"
    name = folder_name(book)
    within = limits or book.settings.workbook.run
    with exclusive(reports / ".lock", what=LOCKED):
        recover(reports)
        staging = staging_folder(reports, name)
        try:
            asked = _asked_with(chosen, book)
            prints = {path.stem: fingerprint_of(path, given[path.stem], book) for path in chosen}
            earlier = _reusable(reports, name, prints) if resume else {}
            for notebook, folder in earlier.items():
                shutil.copytree(folder / KEPT / notebook, staging / KEPT / notebook)
            assembly = Assembly(staging, book, chosen)
            runs = _run_all(
                chosen, given, book, staging, earlier,
                limits=within, jobs=jobs, progress=progress, finished=assembly.add,
            )  # fmt: skip
            record = record_of(book, runs, given=parameters or {}, prints=prints, kept=staging / KEPT)
            moved = _of_a_draft(record, reports / name) if only else _compare(record, reports / name, book)
            assembly.finish(runs, record)
            if any(run.failure for run in runs):
                raise _failed(staging, reports / _FAILED / name, runs, book)
            _refuse_changed_data(book)
            _refuse_changed_inputs(asked, _asked_with(chosen, book))
            check_report(staging, [run.name for run in runs])
            target = (reports / _DRAFTS / name) if only else (reports / name)
            target.parent.mkdir(parents=True, exist_ok=True)
            if only:
                lead_up(staging, levels=1)
            else:
                keep_edition(target, number=read_record(target).get("edition", 1), kept=within.kept_editions)
            swap_in(staging, target)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        if not only:
            shutil.rmtree(reports / _FAILED / name, ignore_errors=True)
        said = {"organisation": book.settings.workbook.organisation, "language": book.language}
        if former_editions(reports / name):
            write_overview(reports / EDITIONS / name, **said)
        if not only:
            link_neighbours(reports, name, language=book.language)
        write_overview(reports, **said)
    page = target / "index.html"
    edition = record["edition"]
    return RunResult(page, book.period.name, tuple(runs), record["headline"], bool(only), edition, tuple(moved))


def _compare(record: dict[str, Any], report: Path, book: Any) -> list[dict[str, Any]]:
    """Number the edition, and add to its record what moved against the one before and what had moved until then.

    Where the run before was killed between putting its report in place and saying so, what it moved is said now.
    """
    kept = former_editions(report)
    before = read_record(report) or (read_record(kept[0]) if kept else {})
    today = datetime.now(book.settings.workbook.zone).date().isoformat()
    numbers = [before.get("edition", 1) if before else 0, *(int(folder.name) for folder in kept)]
    record["edition"] = max(numbers) + 1
    moved = restatements_of(before, record, on=today)
    told = before.get("restatements", [])
    record["restatements"] = [*told, *moved]
    unsaid = [] if is_announced(report) else [row for row in told if row["edition"] == before.get("edition")]
    return [*unsaid, *moved]


def _of_a_draft(record: dict[str, Any], report: Path) -> list[dict[str, Any]]:
    """Mark a record as one that nobody has published: a draft restates nothing."""
    record |= {"edition": read_record(report).get("edition", 0), "restatements": []}
    return []


def _asked_with(notebooks: Sequence[Path], book: Any) -> dict[str, Any]:
    """Give what a run is asked with: the cells of its notebooks and the settings that they read by themselves."""
    settings = {} if book.as_of else setting_fingerprints(load_settings(book.workspace))
    return {**settings, **{path.stem: cells_of(path) for path in notebooks}}


def _chosen(notebooks: Sequence[Path], only: Sequence[str]) -> list[Path]:
    known = {path.stem: path for path in notebooks}
    unknown = [name for name in only if name not in known]
    if unknown or not known:
        got = ", ".join(map(repr, unknown)) or "none"
        shipped = ", ".join(known) or "those shipped"
        raise UsageError(f"notebooks must be among {shipped}, got {got}. Name one of them.")
    return [path for name, path in known.items() if name in only or not only]


def _run_all(
    chosen: Sequence[Path],
    given: Mapping[str, Mapping[str, Any]],
    book: Any,
    staging: Path,
    earlier: Mapping[str, Path],
    *,
    limits: RunSettings,
    jobs: int | None,
    progress: Progress | None,
    finished: Callable[[NotebookRun], None],
) -> list[NotebookRun]:
    """Run what has to run; take the rest from where it was kept."""
    reused = []
    for name, folder in earlier.items():
        kept = nbformat.read(folder / "notebooks" / f"{name}.ipynb", as_version=4)
        reused.append(NotebookRun(name, "reused", 0.0, kept))
        if progress is not None:
            progress(name, "reused", 0.0, 1.0)
        finished(reused[-1])
    fresh = run_notebooks(
        [path for path in chosen if path.stem not in earlier],
        parameters=given,
        workspace=book.workspace,
        run_folder=staging / KEPT,
        jobs=jobs,
        limits=limits,
        progress=progress,
        language=book.language,
        finished=finished,
    )
    by_name = {run.name: run for run in [*fresh, *reused]}
    return [by_name[path.stem] for path in chosen]


def _reusable(reports: Path, name: str, prints: Mapping[str, str]) -> dict[str, Path]:
    """Find, for each notebook, a folder that holds a finished run of the very same inputs."""
    found: dict[str, Path] = {}
    for folder in (reports / name, reports / _FAILED / name, reports / _DRAFTS / name):
        for entry in read_record(folder).get("notebooks", []):
            is_same = prints.get(entry["name"]) == entry.get("fingerprint")
            if is_same and entry["status"] != "failed" and (folder / KEPT / entry["name"]).is_dir():
                found[entry["name"]] = folder
    return found


def _failed(staging: Path, folder: Path, runs: Sequence[NotebookRun], book: Any) -> RunError:
    """Keep the pages of a failed run and say what failed."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    lead_up(staging, levels=1)
    failed = [run for run in runs if run.failure]
    shutil.copyfile(staging / f"{failed[0].name}.html", staging / "index.html")
    swap_in(staging, folder)
    pages = ", ".join(str(folder / f"{run.name}.html") for run in failed)
    lines = [describe(run) for run in failed]
    message = "\n".join([*lines, f"Nothing was published. Read {pages}, mend the cause and run again."])
    return _FailedRun(message, folder / "index.html", book.period.name, runs)


def _refuse_changed_data(book: Any) -> None:
    """All notebooks of a report must have read the same state of the data; a former state does not change."""
    if book.as_of:
        return
    now = dict(Edition.read(warehouse_folder(book.workspace)).tables)
    if now != dict(book.data.versions):
        raise UnavailableError(
            "data must stay as they are during a run, got a newer edition of the tables meanwhile. Run again."
        )


def _refuse_changed_inputs(before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """All notebooks of a report must have been asked with the same settings, and be what its record says they are."""
    changed = sorted(name for name in {*before, *now} if before.get(name) != now.get(name))
    if changed:
        raise UnavailableError(
            f"settings and notebooks must stay as they are during a run, got a change of {', '.join(changed)} "
            "meanwhile. Nothing was published: run again."
        )
