"""One writer at a time: a lock that the operating system takes back when its holder dies, however it dies."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from csm_lib.errors import UnavailableError

__all__ = ["exclusive"]

# far behind the text, so that others may read who holds it (Windows locks are mandatory)
_LOCKED_BYTE = 1 << 30


@contextmanager
def exclusive(path: Path, *, what: str = "the warehouse must have one writer at a time") -> Iterator[None]:
    """Hold a lock file for as long as the block runs.

    Parameters
    ----------
    path : Path
        The lock file; made if absent, left behind afterwards (its presence means nothing).
    what : str
        The promise the lock keeps, as the refusal says it.

    Raises
    ------
    UnavailableError
        If another process holds it; says which one and since when.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, exclusive(Path(folder) / "lock"):
    ...     "alone"
    'alone'
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        try:
            _take(file)
        except OSError:
            file.seek(0)
            raise UnavailableError(
                f"{what}, got a second one ({_holder(file.read())} holds {path}). Try again when it has finished."
            ) from None
        try:
            file.truncate(0)
            file.write(json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": _now()}))
            file.flush()
            yield
        finally:
            file.truncate(0)
            _release(file)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _holder(text: str) -> str:
    try:
        said = json.loads(text)
        return f"process {said['pid']} on {said['host']}, since {said['since']},"
    except (ValueError, KeyError, TypeError):
        return "another process"


if sys.platform == "win32":
    import msvcrt

    def _take(file: IO[str]) -> None:
        file.seek(_LOCKED_BYTE)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

    def _release(file: IO[str]) -> None:
        file.seek(_LOCKED_BYTE)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _take(file: IO[str]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _release(file: IO[str]) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)
