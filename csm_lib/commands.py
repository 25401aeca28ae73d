"""What each command does, and how it tells its result: words for people, one JSON object for machines."""

from __future__ import annotations

import errno
import json
import math
import shutil
import sys
import webbrowser
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from csm_lib.definitions import INDICATORS
from csm_lib.errors import SettingError, UsageError
from csm_lib.settings import Settings, load_settings
from csm_lib.workspaces import (
    WORKSPACE_MARK,
    find_workspace,
    is_sample_only,
    make_workspace,
    notebooks_folder,
    write_sample_settings,
)

__all__ = ["Call", "check", "copy_notebooks", "demo", "ingest", "init", "list_all", "refresh", "run", "source_new"]

SAMPLE_PERIOD = "2024Q1"


@dataclass(frozen=True)
class Call:
    """How a command was called: in which workspace, and how it should answer."""

    named: Path | None
    as_json: bool
    debug: bool

    @property
    def workspace(self) -> Path:
        """The workspace this call speaks of."""
        return find_workspace(self.named)

    @property
    def present_workspace(self) -> Path:
        """The workspace this call speaks of, which must be there already."""
        workspace = self.workspace
        if not workspace.is_dir():
            raise UsageError(
                f"workspace must be a folder that exists, got {str(workspace)!r}. "
                f'Correct it, or make it: csm init "{workspace}".'
            )
        return workspace

    def tell(self, text: str) -> None:
        """Say something to a person: on stdout, or on stderr where stdout carries JSON."""
        typer.echo(text, err=self.as_json)

    def finish(self, result: dict[str, Any], *, exit_code: int = 0) -> int:
        """Give the result to a machine, if one asked, and return the exit code."""
        if self.as_json:
            typer.echo(json.dumps(_plain(result | {"exit_code": exit_code}), ensure_ascii=False, allow_nan=False))
        return exit_code

    def fail(self, *, kind: str, message: str, exit_code: int, **result: Any) -> int:
        """Tell an error: the sentence on stderr, or in the JSON result, without what identifies a customer."""
        message = _without_persons([message])[0]
        if self.as_json:
            return self.finish({"error": {"kind": kind, "message": message}, **result}, exit_code=exit_code)
        typer.echo(message, err=True)
        return exit_code

    def fail_of_system(self, wrong: OSError) -> int:
        """Tell an error of the operating system: a full disk, a forbidden folder."""
        where = wrong.filename or self.workspace
        if wrong.errno in (errno.ENOSPC, errno.EDQUOT):
            message = f"the disk must have room, got none left ({where}). Free some and run it again."
        elif isinstance(wrong, PermissionError):
            message = f"{where} must be open to this user, got 'permission denied'. Change its permissions."
        else:
            message = f"{where} must be usable, got {wrong.strerror or wrong}. Check it and run it again."
        return self.fail(kind="unavailable", message=message, exit_code=4)


def demo(
    call: Call, *, contacts_per_quarter: int, seed: int | None, show: bool, only_data: bool, jobs: int | None
) -> int:
    """Make the sample organisation, ingest it, publish its first quarter of 2024."""
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
    result = _ingest(workspace, load_settings(workspace), [], None)
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


def ingest(call: Call, *, paths: Sequence[Path], source: str | None, history: bool = False) -> int:
    """Read files into the warehouse and say what became of every row; or list the editions that were made so far."""
    workspace = call.workspace
    if history:
        return _tell_history(call, workspace)
    result = _ingest(workspace, load_settings(workspace), paths, source)
    for warning in result.warnings:
        typer.echo(warning, err=True)
    labels = [file.path for file in result.files]
    shown = dict(zip(labels, _without_persons(labels), strict=True))
    for file in result.files:
        aside = ", ".join(f"{reason} {count:,}" for reason, count in sorted(file.set_aside.items())) or "none"
        call.tell(f"{shown[file.path]} → {file.table}: read {file.read:,}, kept {file.kept:,}, set aside: {aside}")
    if not result.files:
        call.tell(f"Nothing to read: put exports into {workspace / 'data' / 'raw'}, or name the files.")
    return call.finish({"files": [file.as_json() for file in result.files], "warnings": list(result.warnings)})


def source_new(call: Call, *, path: Path, table: str | None, name: str | None) -> int:
    """Look at an export nobody has described yet and write a draft of its source."""
    from csm_lib.collect.drafts import draft_source

    workspace = call.workspace
    draft = draft_source(workspace, path, settings=load_settings(workspace), table=table, name=name)
    call.tell(f"Draft: {draft.path}\n{len(draft.guesses)} columns of {draft.table} were guessed.")
    call.tell("\n".join(draft.trial))
    if draft.open_columns:
        call.tell(f"Look at: {', '.join(draft.open_columns)}.")
    if draft.rivals:
        call.tell(f"Files of this name were read by {', '.join(draft.rivals)} so far; a source of your own goes first.")
    call.tell(f'Next: read the draft, then csm ingest "{path}" --source {draft.source.name}')
    return call.finish(
        {
            "source": draft.path,
            "name": draft.source.name,
            "table": draft.table,
            "columns": [
                {"column": guess.column, "from": guess.header, "confidence": guess.confidence}
                for guess in draft.guesses
            ],
            "look_at": draft.open_columns,
            "tried": draft.trial,
            "read_by": draft.rivals,
        }
    )


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
    show: bool = False,
) -> int:
    """Run the notebooks for a period and publish what they show."""
    from csm_lib.collect.editions import reading_as_of
    from csm_lib.collect.ingest import refresh_facts
    from csm_lib.collect.settings_log import remember_settings
    from csm_lib.progress import reporter
    from csm_lib.publish.site import publish
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
    with reporter() as progress, reading_as_of(book.data.as_of, zone=book.settings.workbook.zone):
        result = publish(
            book,
            only=tuple(only),
            jobs=jobs,
            resume=resume,
            parameters=_assignments(parameters),
            progress=progress,
        )
    if settings.workbook.time_zone is None:
        call.tell(f"Time zone: {book.settings.workbook.time_zone or 'UTC'} (of the sources; workbook.toml names none).")
    if book.as_of and book.data.settings_at is None:
        call.tell(f"Settings: today's, for none were written down by {book.as_of}.")
    kind = "Draft, the published report stays as it was" if result.is_draft else "Report"
    call.tell(f"{kind}: {result.report}")
    if show:
        webbrowser.open(result.report.resolve().as_uri())
    return call.finish(result.as_json())


def list_all(call: Call) -> int:
    """List what there is: periods with data, reports, notebooks, indicators."""
    from csm_lib.workbook import periods_with_data

    workspace = call.present_workspace
    periods = periods_with_data(workspace)
    index = sorted(path.parent.name for path in (workspace / "reports").glob("[!.]*/run.json"))
    found = [path.stem for path in sorted(notebooks_folder().glob("*.ipynb"))]
    call.tell("periods with data: " + (", ".join(f"{name} ({n:,} rows)" for name, n in periods.items()) or "none"))
    call.tell("reports: " + (", ".join(index) or "none"))
    call.tell("notebooks: " + ", ".join(found))
    call.tell("indicators: " + ", ".join(INDICATORS))
    return call.finish({"periods": periods, "reports": index, "notebooks": found, "indicators": list(INDICATORS)})


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


def init(call: Call) -> int:
    """Make a workspace."""
    if call.named is None:
        raise UsageError("init must name a folder, got none. Try `csm init my-desk`.")
    written = make_workspace(call.named)
    folder = call.named.expanduser().resolve()
    call.tell(f"Workspace {folder}: {len(written)} settings files written, others left as they were.")
    call.tell(f'Next: put exports into {folder / "data" / "raw"}, then\n  csm ingest --workspace "{folder}"')
    return call.finish({"workspace": str(folder), "written": [str(path) for path in written]})


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


def _ingest(workspace: Path, settings: Settings, paths: Sequence[Path], source: str | None) -> Any:
    from csm_lib.collect.ingest import ingest as read_files

    return read_files(workspace, paths=paths, source=source, settings=settings)


def _without_persons(texts: list[str]) -> list[str]:
    """Mask what identifies a customer in texts for the terminal: a file's name, a value that a message quotes."""
    from csm_lib.collect.privacy import mask_text

    return mask_text(texts)


def _tell_history(call: Call, workspace: Path) -> int:
    """List the editions: number, when, rows that came, changed and went, and the files they came from."""
    from csm_lib.collect.editions import read_history
    from csm_lib.collect.ingest import with_source_zone
    from csm_lib.collect.warehouse import Warehouse
    from csm_lib.engine import connect

    warehouse = Warehouse.open(workspace)
    with connect() as connection:
        zone = with_source_zone(load_settings(workspace), warehouse, connection).workbook.zone
    history = read_history(warehouse.folder)
    for past in history:
        call.tell(f"edition {past.edition.number}, {past.at.astimezone(zone):%Y-%m-%d %H:%M:%S} ({zone})")
        for table, n in past.rows.items():
            call.tell(f"  {table}: {n['added']:,} added, {n['changed']:,} changed, {n['removed']:,} removed")
        for file in past.files:
            call.tell(f"  {file['path']} → {file['table']}: kept {file['kept']:,} of {file['read']:,}")
    if not history:
        call.tell("There is no edition yet: run `csm ingest` first.")
    return call.finish({"editions": [past.as_json() for past in history]})


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


def _step(text: str) -> None:
    typer.echo(f"{text} …", err=True)


def _plain(value: Any) -> Any:
    """Make a value fit for JSON: paths as text, numbers that are none as null."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, Path) else value
