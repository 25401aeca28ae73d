"""Tell a program of the user's how a run ended (a mail, a chat message); whatever it does, the run is not affected."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import IO, Any

__all__ = ["notify"]

_LONGEST_VARIABLE = 8_000
_TAIL = 4_000
_MOST_SAID = 10_000_000
_LOOK_S = 0.1


def notify(command: str, result: Mapping[str, Any], *, timeout_s: float, cwd: str | None = None) -> str:
    """Run a command of the user's with the result of a run: JSON on its stdin, the main things in its environment.

    The variables are `CSM_EXIT_CODE`, `CSM_PERIOD`, `CSM_REPORT` (the page to open, that of the failed notebook after a
    failure), `CSM_MESSAGE` (the error, empty without one), `CSM_KIND` (of the error) and `CSM_RESTATED` (how many
    published numbers moved). The command runs in the system's shell, as it would in a crontab; what it prints is not
    shown.

    Parameters
    ----------
    command : str
    result : mapping
        The machine-readable result, as `--json` gives it.
    timeout_s : float, seconds
        After that it is ended, with whatever it started.
    cwd : str, optional
        Folder it runs in; the current one unless given.

    Returns
    -------
    str
        Empty if the command succeeded, else one line for the log.

    Examples
    --------
    >>> notify("exit 3", {"exit_code": 0}, timeout_s=5)
    "notify must exit with 0, got 3 ('exit 3'). The run itself is not affected."
    """
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as given:
        given.write(json.dumps(result, ensure_ascii=False).encode())
        given.seek(0)
        try:
            found = _outcome(command, _environment(result), given, said, timeout_s=timeout_s, cwd=cwd)
        except (OSError, ValueError) as error:
            found = f"start, got {error}"
        if not found:
            return ""
        said.seek(max(0, said.seek(0, os.SEEK_END) - _TAIL))
        lines = said.read(_TAIL).decode(errors="replace").strip().splitlines()
    last = f": {lines[-1][:200]}" if lines else ""
    return f"notify must {found} ({command!r}{last}). The run itself is not affected."


def _outcome(
    command: str, env: dict[str, str], given: IO[bytes], said: IO[bytes], *, timeout_s: float, cwd: str | None
) -> str:
    """Run it and say what it should have done; empty if it did."""
    options: dict[str, Any] = {} if os.name == "nt" else {"start_new_session": True}
    process = subprocess.Popen(
        command, shell=True, env=env, cwd=cwd, stdin=given, stdout=said, stderr=subprocess.STDOUT, **options
    )
    until = time.monotonic() + timeout_s
    while (left := until - time.monotonic()) > 0:
        with suppress(subprocess.TimeoutExpired):
            code = process.wait(timeout=min(left, _LOOK_S))
            return "" if code == 0 else f"exit with 0, got {code}"
        if os.fstat(said.fileno()).st_size > _MOST_SAID:
            _end(process)
            return f"say less than {_MOST_SAID / 1e6:g} MB, got more and was stopped"
    _end(process)
    return f"end within {timeout_s:g} s, got none by then and was stopped"


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(OSError):
        if os.name == "nt":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=5)


def _environment(result: Mapping[str, Any]) -> dict[str, str]:
    error = result.get("error") or {}
    said = {
        "CSM_EXIT_CODE": result.get("exit_code", ""),
        "CSM_PERIOD": result.get("period", ""),
        "CSM_REPORT": result.get("report") or result.get("failed_report") or "",
        "CSM_MESSAGE": error.get("message", ""),
        "CSM_KIND": error.get("kind", ""),
        "CSM_RESTATED": len(result.get("restatements") or ()),
    }
    return {**os.environ, **{name: str(value).replace("\0", "")[:_LONGEST_VARIABLE] for name, value in said.items()}}
