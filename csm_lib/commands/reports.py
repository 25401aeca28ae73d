"""Commands that answer from the data: run and publish, look at what there is, work in notebooks, show the sample."""

from __future__ import annotations

import shutil
import sys
import webbrowser
from collections.abc import Sequence
from pathlib import Path

import typer

from csm_lib.commands.call import Call
from csm_lib.definitions import INDICATORS
from csm_lib.errors import SettingError, UsageError
from csm_lib.settings import load_settings
from csm_lib.workspaces import (
    WORKSPACE_MARK,
    find_workspace,
    is_sample_only,
    notebooks_folder,
    write_sample_settings,
)

__all__ = ["check", "copy_notebooks", "demo", "list_all", "refresh", "run"]

SAMPLE_PERIOD = "2024Q1"


def demo(
    call: Call, *, contacts_per_quarter: int, seed: int | None, show: bool, only_data: bool, jobs: int | None
) -> int:
    """Make the sample organisation, ingest it, publish its first quarter of 2024."""
    from csm_lib.collect.ingest import ingest as read_files
    from csm_lib.collect.sample import DEFAULT_SEED, write_sample, write_tables

    workspace = call.workspace
    _require_sample(workspace, "demo")
    write_sample_settings(workspace)
    _step(f"making the sample organisation, {contacts_per_quarter:,} contacts a quarter")
    raw = workspace / "data" / "raw" / "sample"
    chosen = DEFAULT_SEED if seed is None else seed
    official = write_sample(raw, contacts_per_quarter=contacts_per_quarter, seed=chosen)
    write_tables(workspace / "data" / "tables", official=official)
    _step("reading its exports into the warehouse")
    result = read_files(workspace, settings=load_settings(workspace))
    if only_data:
        call.tell(f"Sample organisation in {workspace}: {sum(file.kept for file in result.files):,} rows kept.")
        return call.finish({"files": [file.as_json() for file in result.files]})
    code = run(
        call,
        period=SAMPLE_PERIOD,
        only=[],
        scope="all",
        language=None,
        jobs=jobs,
        resume=False,
        parameters=[],
        show=show,
    )
    if code == 0:
        call.tell(f"Next, work in the notebooks:\n  {_next_line(workspace)}")
    return code


def check(call: Call, *, period: str | None) -> int:
    """Check settings, sources, tables and notebooks without changing anything."""
    from csm_lib.collect.sources import load_sources
    from csm_lib.publish.parameters import parameters_of
    from csm_lib.workbook import open_workbook

    workspace = call.present_workspace
    settings = load_settings(workspace)
    sources = load_sources(workspace)
    found = sorted(notebooks_folder().glob("*.ipynb"))
    for path in found:
        parameters_of(path)
    lines = [f"workspace: {workspace}", *(f"settings: {path}" for path in settings.files.values())]
    lines += [f"sources: {len(sources)}", f"notebooks: {len(found)}"]
    if period is not None:
        book = open_workbook(period, workspace=workspace)
        lines.append(f"{book.period.name}: {len(book.frame('contact')):,} contacts")
    call.tell("\n".join([*lines, "All checks passed."]))
    return call.finish({"workspace": str(workspace), "sources": sorted(sources), "notebooks": [p.stem for p in found]})


def run(
    call: Call,
    *,
    period: str,
    only: Sequence[str],
    scope: str,
    language: str | None,
    jobs: int | None,
    resume: bool,
    parameters: Sequence[str],
    as_of: str | None = None,
    fresh: bool = False,
    show: bool = False,
) -> int:
    """Run the notebooks for a period and publish what they show, unless what is published still stands."""
    from csm_lib.collect.editions import reading_as_of
    from csm_lib.collect.ingest import refresh_facts
    from csm_lib.collect.settings_log import remember_settings
    from csm_lib.publish.standing import standing_report
    from csm_lib.workbook import open_workbook

    workspace = call.present_workspace
    settings = load_settings(workspace)
    if language not in (None, "en", "zh"):
        raise SettingError(f"language must be one of en, zh, got {language!r}. Correct it.")
    if as_of is None:
        refresh_facts(workspace, settings=settings)
        remember_settings(workspace, settings)
    chosen = language or settings.workbook.language
    book = open_workbook(period, scope=scope, language=chosen, workspace=workspace, as_of=as_of)
    own = _assignments(parameters)
    standing = None if only or fresh else standing_report(book, parameters=own)
    if standing is not None:
        call.tell(f"Report: {standing.report} (unchanged, as is all that it rests on; --fresh runs it all the same)")
        _show(standing.report, wanted=show)
        return call.finish(standing.as_json())
    from csm_lib.publish.warm import can_fork, start_server, without_slow_grammar

    if can_fork():
        start_server()  # it loads what notebooks need while this process loads what runs them
    with without_slow_grammar():
        from csm_lib.progress import reporter
        from csm_lib.publish.site import publish
        from csm_lib.show.restated import sentences_restated

    with reporter() as progress, reading_as_of(book.data.as_of, zone=book.settings.workbook.zone):
        result = publish(
            book,
            only=tuple(only),
            jobs=jobs,
            resume=resume,
            parameters=own,
            limits=settings.workbook.run,
            progress=progress,
        )
    if settings.workbook.time_zone is None:
        call.tell(f"Time zone: {book.settings.workbook.time_zone or 'UTC'} (of the sources; workbook.toml names none).")
    if book.as_of and book.data.settings_at is None:
        call.tell(f"Settings: today's, for none were written down by {book.as_of}.")
    kind = "Draft, the published report stays as it was" if result.is_draft else "Report"
    for text in sentences_restated(result.restatements, language="en"):
        call.tell(f"Restated: {text}")
    call.tell(f"{kind}: {result.report}")
    _show(result.report, wanted=show)
    return call.finish(result.as_json())


def list_all(call: Call) -> int:
    """List what there is: periods with data, reports, notebooks, indicators."""
    from csm_lib.workbook import periods_with_data

    workspace = call.present_workspace
    periods = periods_with_data(workspace)
    index = sorted(path.parent.name for path in (workspace / "reports").glob("[!.]*/run.json"))
    editions = {name: _former(workspace / "reports" / name) for name in index}
    found = [path.stem for path in sorted(notebooks_folder().glob("*.ipynb"))]
    call.tell("periods with data: " + (", ".join(f"{name} ({n:,} rows)" for name, n in periods.items()) or "none"))
    call.tell("reports: " + (", ".join(index) or "none"))
    for name, former in editions.items():
        if former:
            call.tell(f"former editions of {name}: " + ", ".join(map(str, former)))
    call.tell("notebooks: " + ", ".join(found))
    call.tell("indicators: " + ", ".join(INDICATORS))
    listed = {"periods": periods, "reports": index, "former_editions": editions, "notebooks": found}
    return call.finish(listed | {"indicators": list(INDICATORS)})


def _former(report: Path) -> list[Path]:
    from csm_lib.publish.editions import former_editions

    return [folder / "index.html" for folder in former_editions(report)]


def refresh(call: Call, *, jobs: int | None) -> int:
    """Execute the committed notebooks on the sample and keep their outputs."""
    from csm_lib.collect.ingest import refresh_facts
    from csm_lib.progress import reporter
    from csm_lib.publish.runner import execute_in_place

    workspace = call.present_workspace
    _require_sample(workspace, "refresh")
    if not (workspace / "data" / "raw" / "sample" / "truth.json").exists():
        raise UsageError(f"refresh must find the sample organisation, got none in {workspace}. Run `csm demo` first.")
    refresh_facts(workspace)
    with reporter() as progress:
        runs = execute_in_place(
            sorted(notebooks_folder().glob("*.ipynb")), workspace=workspace, jobs=jobs, progress=progress
        )
    call.tell(f"Refreshed {len(runs)} notebooks in {notebooks_folder()}")
    return call.finish({"notebooks": [{"name": r.name, "status": r.status, "seconds": r.seconds} for r in runs]})


def copy_notebooks(call: Call, *, folder: Path) -> int:
    """Copy the notebooks into a folder of the analyst's; files that are there already stay."""
    target = folder.expanduser().resolve()
    if target.exists() and not target.is_dir():
        raise UsageError(f"notebooks must go to a folder, got the file {str(target)!r}. Name another.")
    target.mkdir(parents=True, exist_ok=True)
    copied: list[str] = []
    kept: list[str] = []
    for path in sorted(notebooks_folder().glob("*.ipynb")):
        (kept if (target / path.name).exists() else copied).append(path.stem)
        if path.stem in copied:
            shutil.copyfile(path, target / path.name)
    (target / WORKSPACE_MARK).write_text(str(call.workspace), encoding="utf-8")
    left = f"; left as they were: {', '.join(kept)}" if kept else ""
    call.tell(f"Copied {len(copied)} notebooks to {target}{left}")
    call.tell(f'Next:\n  jupyter lab "{target}"')
    return call.finish({"folder": str(target), "copied": copied, "kept": kept})


def _require_sample(workspace: Path, command: str) -> None:
    if not is_sample_only(workspace):
        raise UsageError(
            f"{command} must have a workspace with nothing but the sample, got {str(workspace)!r} with other data. "
            f"Name an empty folder: csm {command} --workspace DIR."
        )


def _next_line(workspace: Path) -> str:
    """Give the exact line to type next, with the interpreter's own folder where it is not on the path."""
    script = Path(sys.executable).with_name("csm.exe" if sys.platform == "win32" else "csm")
    try:
        script = script.relative_to(Path.cwd())
    except ValueError:
        script = Path(shutil.which("csm") or script)
    lab = script.with_name(script.name.replace("csm", "jupyter-lab"))
    joint = ";" if sys.platform == "win32" else "&&"
    named = "" if find_workspace() == workspace else f' --workspace "{workspace}"'
    return f'"{script}" notebooks my-notebooks{named} {joint} "{lab}" my-notebooks'.replace('"csm"', "csm")


def _assignments(texts: Sequence[str]) -> dict[str, dict[str, str]]:
    """Read NOTEBOOK.NAME=VALUE into notebook → name → value."""
    found: dict[str, dict[str, str]] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        notebook, dot, parameter = name.partition(".")
        if not (equals and dot and notebook and parameter):
            raise UsageError(f"-p must have the form NOTEBOOK.NAME=VALUE, got {text!r}. Correct it.")
        found.setdefault(notebook, {})[parameter] = value
    return found


def _show(report: Path, *, wanted: bool) -> None:
    if wanted:
        webbrowser.open(report.resolve().as_uri())


def _step(text: str) -> None:
    typer.echo(f"{text} …", err=True)
