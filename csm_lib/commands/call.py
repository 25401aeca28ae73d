"""Calls: how a command was called, and how it tells its result: words for people, one JSON object for machines."""

from __future__ import annotations

import errno
import json
import math
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from csm_lib.errors import CsmError, UsageError
from csm_lib.settings import RunSettings, load_settings
from csm_lib.workspaces import find_workspace

__all__ = ["Call", "without_persons"]


@dataclass(frozen=True)
class Call:
    """How a command was called: in which workspace, and how it should answer."""

    named: Path | None
    as_json: bool
    debug: bool
    notify: str | None = None
    period: str = ""

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
        with suppress(OSError):  # a closed pipe or a full disk behind the log is no reason to lose the result
            typer.echo(text, err=self.as_json)

    def finish(self, result: dict[str, Any], *, exit_code: int = 0) -> int:
        """Give the result to the command that is to be told, and to a machine, if one asked; return the exit code.

        A result that cannot be written is an error of its own, where there was none.
        """
        whole = _plain(result | {"exit_code": exit_code})
        self._tell_command(whole)
        if self.as_json:
            try:
                typer.echo(json.dumps(whole, ensure_ascii=False, allow_nan=False))
            except OSError as wrong:
                _complain(f"the result must be written to stdout, got {wrong.strerror or wrong}. Make room for it.")
                return exit_code or 4
        return exit_code

    def fail(self, *, kind: str, message: str, exit_code: int, **result: Any) -> int:
        """Tell an error: the sentence on stderr, or in the JSON result, without what identifies a customer."""
        message = without_persons([message])[0]
        if not self.as_json:
            _complain(message)
        return self.finish({"error": {"kind": kind, "message": message}, **result}, exit_code=exit_code)

    def announce(self, wrong: BaseException, *, kind: str, exit_code: int) -> None:
        """Tell the command that is to be told of an end that leaves with a traceback."""
        message = without_persons([str(wrong) or type(wrong).__name__])[0]
        self._tell_command({"error": {"kind": kind, "message": message}, "exit_code": exit_code})

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

    def _tell_command(self, result: dict[str, Any]) -> None:
        if not self.notify:
            return
        from csm_lib.commands.notify import notify

        try:
            longest = load_settings(self.workspace).workbook.run.notify_timeout_s
        except (CsmError, OSError):
            longest = RunSettings().notify_timeout_s
        problem = notify(self.notify, {"period": self.period, **result}, timeout_s=longest)
        if problem:
            _complain(without_persons([problem])[0])


def _complain(message: str) -> None:
    """Say something on stderr, if it takes it."""
    with suppress(OSError):
        typer.echo(message, err=True)


def without_persons(texts: list[str]) -> list[str]:
    """Mask what identifies a customer in texts for the terminal: a file's name, a value that a message quotes."""
    from csm_lib.collect.privacy import mask_text

    return mask_text(texts)


def _plain(value: Any) -> Any:
    """Make a value fit for JSON: paths as text, numbers that are none as null."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, Path) else value
