"""The `csm` command: what an analyst types, and what a scheduler runs at night.

Every command returns one result: in words on a terminal, as one JSON object with `--json`. Progress goes to stderr.
Each command imports the room it needs when it runs, so that `csm ingest` never waits for a plotting library.
"""

from __future__ import annotations

import io
import signal
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from csm_lib import commands
from csm_lib.commands import Call
from csm_lib.errors import CsmError, SettingError

__all__ = ["app", "main"]

app = typer.Typer(
    name="csm",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Measure a service: indicators, gaps, root causes, staffing, one report per period.",
)

sources = typer.Typer(no_args_is_help=True, help="How exports are read.")
app.add_typer(sources, name="source")

_INTERRUPTED = "Interrupted; a report that was not finished was not published."
Workspace = Annotated[
    Path | None, typer.Option("--workspace", help="Folder that holds data/ and reports/ (default: found upward).")
]
AsJson = Annotated[bool, typer.Option("--json", help="One machine-readable result on stdout.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Scope = Annotated[str, typer.Option("--scope", help="A scope of workbook.toml.")]
Language = Annotated[str | None, typer.Option("--language", help="en or zh (default: workbook.toml).")]
Jobs = Annotated[int | None, typer.Option("--jobs", min=1, help="Notebooks at once.")]


@app.command()
def demo(
    contacts_per_quarter: Annotated[int, typer.Option(min=100, help="Contacts a quarter.")] = 30_000,
    seed: Annotated[int | None, typer.Option(help="Another seed is another organisation.")] = None,
    show: Annotated[bool, typer.Option("--open", help="Open the report in the browser.")] = False,
    only_data: Annotated[bool, typer.Option("--only-data", help="Make and ingest it; publish nothing.")] = False,
    jobs: Jobs = None,
    workspace: Workspace = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Make the sample organisation, ingest it and publish its report for 2024Q1."""
    _finish(
        Call(workspace, as_json, debug),
        commands.demo,
        contacts_per_quarter=contacts_per_quarter,
        seed=seed,
        show=show,
        only_data=only_data,
        jobs=jobs,
    )


@app.command()
def ingest(
    paths: Annotated[list[Path] | None, typer.Argument(help="Files; none: everything in data/raw.")] = None,
    source: Annotated[str | None, typer.Option("--source", help="Source that reads them.")] = None,
    history: Annotated[bool, typer.Option("--history", help="List the editions made so far; read nothing.")] = False,
    workspace: Workspace = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Read raw exports into the warehouse; per file: read, kept, set aside by reason."""
    _finish(Call(workspace, as_json, debug), commands.ingest, paths=paths or [], source=source, history=history)


@sources.command("new")
def source_new(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="An export that no source reads yet.")],
    table: Annotated[str | None, typer.Option("--table", help="The table it feeds, where the guess is wrong.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="How to call the source (default: as the file).")] = None,
    workspace: Workspace = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Look at an export and write a draft of its source, with guesses, confidence and masked samples."""
    _finish(Call(workspace, as_json, debug), commands.source_new, path=path, table=table, name=name)


@app.command()
def check(
    period: Annotated[str | None, typer.Argument(help="Period that must have data.")] = None,
    workspace: Workspace = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Check settings, tables and notebooks; changes nothing."""
    _finish(Call(workspace, as_json, debug), commands.check, period=period)


@app.command()
def run(
    period: Annotated[str, typer.Argument(help="2024Q1, 2024-03, 2024W13, 2024-01-15..2024-03-31, last-quarter …")],
    only: Annotated[list[str] | None, typer.Option("--only", help="Run this notebook only, for a look.")] = None,
    scope: Scope = "all",
    language: Language = None,
    jobs: Jobs = None,
    resume: Annotated[bool, typer.Option("--resume", help="Keep notebooks whose inputs are unchanged.")] = False,
    parameter: Annotated[
        list[str] | None, typer.Option("-p", metavar="NOTEBOOK.NAME=VALUE", help="A notebook's parameter.")
    ] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", metavar="DATE", help="With the data of that day.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Run even if nothing changed.")] = False,
    notify: Annotated[
        str | None, typer.Option("--notify", metavar="COMMAND", help="Run this with the result, after either end.")
    ] = None,
    workspace: Workspace = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Run the notebooks for a period and publish its report."""
    call = Call(workspace, as_json, debug, notify, period)
    _finish(
        call,
        commands.run,
        period=period,
        only=only or [],
        scope=scope,
        language=language,
        jobs=jobs,
        resume=resume,
        parameters=parameter or [],
        as_of=as_of,
        fresh=fresh,
    )


@app.command()
def export(
    period: Annotated[str, typer.Argument(help="Period of a published report.")],
    pdf: Annotated[bool, typer.Option("--pdf", help="Its executive page as a PDF, through Chromium.")] = False,
    output: Annotated[Path | None, typer.Option("--output", help="The file (default: beside the page).")] = None,
    scope: Scope = "all",
    as_of: Annotated[str | None, typer.Option("--as-of", metavar="DATE", help="That of the data of that day.")] = None,
    workspace: Workspace = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Hand a published report on as a PDF."""
    _finish(
        Call(workspace, as_json, debug),
        commands.export,
        period=period,
        scope=scope,
        as_of=as_of,
        pdf=pdf,
        output=output,
    )


@app.command("list")
def list_all(workspace: Workspace = None, as_json: AsJson = False, debug: Debug = False) -> None:
    """List periods with data, published reports, notebooks and indicators."""
    _finish(Call(workspace, as_json, debug), commands.list_all)


@app.command()
def refresh(
    jobs: Jobs = None, workspace: Workspace = None, as_json: AsJson = False, debug: Debug = False
) -> None:
    """Re-execute the committed notebooks on the sample organisation."""
    _finish(Call(workspace, as_json, debug), commands.refresh, jobs=jobs)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Folder to make.")], as_json: AsJson = False, debug: Debug = False
) -> None:
    """Make a workspace with commented settings."""
    _finish(Call(folder, as_json, debug), commands.init)


@app.command()
def notebooks(
    folder: Annotated[Path, typer.Argument(help="Folder to copy the notebooks to.")],
    workspace: Workspace = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Copy the notebooks to work in, so that the originals stay as they are."""
    _finish(Call(workspace, as_json, debug), commands.copy_notebooks, folder=folder)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without Chinese or arrows still gets its answer
    given = sys.argv[1:] if arguments is None else arguments
    call = Call(None, "--json" in given, "--debug" in given)
    _hear_signals()
    try:
        code = app(given, standalone_mode=False)
    except typer.Exit as ended:
        code = ended.exit_code
    except (typer.Abort, KeyboardInterrupt):
        code = call.fail(kind="interrupted", message=_INTERRUPTED, exit_code=130)
    except Exception as wrong:
        message = getattr(wrong, "format_message", None)  # how the command-line library marks a wrong call
        if message is None:
            raise
        kind, text = ("usage", message())
        code = call.fail(kind=kind, message=text or "csm --help lists the commands.", exit_code=SettingError.exit_code)
    sys.exit(code if isinstance(code, int) else 0)


def _hear_signals() -> None:
    """Let a scheduler that ends the command (SIGTERM) or a terminal that is closed (SIGHUP) be heard like Ctrl-C."""

    def end(number: int, frame: object) -> None:
        raise KeyboardInterrupt(number)

    for name in ("SIGTERM", "SIGHUP"):
        heard = getattr(signal, name, None)
        if heard is not None and signal.getsignal(heard) == signal.SIG_DFL:  # nohup ignores one: let it be
            signal.signal(heard, end)


def _show_traceback(call: Call) -> None:
    """Show where an error came from, to whoever asked; what follows is the same for all."""
    if call.debug:
        with suppress(OSError):
            traceback.print_exc()


def _finish(call: Call, command: Any, **arguments: Any) -> None:
    """Run one command and leave with its exit code; an error becomes a sentence."""
    try:
        code = command(call, **arguments)
    except CsmError as wrong:
        _show_traceback(call)
        code = call.fail(kind=wrong.kind, message=str(wrong), exit_code=wrong.exit_code, **getattr(wrong, "result", {}))
    except OSError as wrong:
        _show_traceback(call)
        code = call.fail_of_system(wrong)
    except MemoryError:
        code = call.fail(kind="unavailable", message="memory must suffice, got none left. Free some.", exit_code=4)
    except KeyboardInterrupt as wrong:
        number = wrong.args[0] if wrong.args else signal.SIGINT
        code = call.fail(kind="interrupted", message=_INTERRUPTED, exit_code=128 + int(number))
    except Exception as wrong:
        call.announce(wrong, kind="defect", exit_code=1)
        raise
    raise typer.Exit(code)
