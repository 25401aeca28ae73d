"""Commands that bring data in: make a workspace, describe an export, read files, look back at what was read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from csm_lib.commands.call import Call, without_persons
from csm_lib.errors import UsageError
from csm_lib.settings import load_settings
from csm_lib.workspaces import make_workspace

__all__ = ["ingest", "init", "source_new"]


def init(call: Call) -> int:
    """Make a workspace."""
    if call.named is None:
        raise UsageError("init must name a folder, got none. Try `csm init my-desk`.")
    written = make_workspace(call.named)
    folder = call.named.expanduser().resolve()
    call.tell(f"Workspace {folder}: {len(written)} settings files written, others left as they were.")
    call.tell(f'Next: put exports into {folder / "data" / "raw"}, then\n  csm ingest --workspace "{folder}"')
    return call.finish({"workspace": str(folder), "written": [str(path) for path in written]})


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


def ingest(call: Call, *, paths: Sequence[Path], source: str | None, history: bool = False) -> int:
    """Read files into the warehouse and say what became of every row; or list the editions that were made so far."""
    workspace = call.workspace
    if history:
        return _tell_history(call, workspace)
    from csm_lib.collect.ingest import ingest as read_files

    result = read_files(workspace, paths=paths, source=source, settings=load_settings(workspace))
    for warning in result.warnings:
        typer.echo(warning, err=True)
    labels = [file.path for file in result.files]
    shown = dict(zip(labels, without_persons(labels), strict=True))
    for file in result.files:
        aside = ", ".join(f"{reason} {count:,}" for reason, count in sorted(file.set_aside.items())) or "none"
        call.tell(f"{shown[file.path]} → {file.table}: read {file.read:,}, kept {file.kept:,}, set aside: {aside}")
    if not result.files and result.warnings:  # there was something, and nobody could read it
        return call.fail(
            kind="usage", message="files must fit a source, got none that does: nothing was read.", exit_code=2,
            files=[], warnings=list(result.warnings),
        )  # fmt: skip
    if not result.files:
        call.tell(f"Nothing to read: put exports into {workspace / 'data' / 'raw'}, or name the files.")
    return call.finish({"files": [file.as_json() for file in result.files], "warnings": list(result.warnings)})


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
