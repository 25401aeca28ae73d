"""Safeguards: a full disk, too little memory, a file that is still being written: noticed, and said in words."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from csm_lib.engine import quote_text
from csm_lib.errors import ContractError, UnavailableError

__all__ = ["digest_of", "is_disk_full", "limit_memory", "machine_limits", "require_unchanged"]

# what the engine may hold before it goes to disk; the rest of the process needs about half of it again
_MOST_MEMORY = 2 << 30


def digest_of(path: Path) -> str:
    """Give the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def require_unchanged(path: Path, digest: str) -> None:
    """Refuse a file whose bytes changed while it was read.

    Raises
    ------
    ContractError
    """
    if digest_of(path) != digest:
        raise ContractError(
            f"{path} must not change while it is read, got other bytes afterwards. Ingest it again once its export has "
            "ended."
        )


def limit_memory(connection: duckdb.DuckDBPyConnection, scratch: Path) -> None:
    """Let the engine hold a part of the memory only, and the rest in a folder."""
    try:
        half = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    except (AttributeError, ValueError, OSError):
        half = _MOST_MEMORY
    folder = quote_text(str(scratch))
    connection.execute(f"SET temp_directory = {folder}; SET memory_limit = '{min(_MOST_MEMORY, half) >> 20}MiB'")


def is_disk_full(error: BaseException) -> bool:
    """Tell whether an error, of whichever library, says that the disk is full.

    Examples
    --------
    >>> is_disk_full(OSError(28, "No space left on device")), is_disk_full(OSError(2, "No such file"))
    (True, False)
    """
    number = getattr(error, "errno", None)
    said = str(error).lower()
    return number in (errno.ENOSPC, errno.EDQUOT) or "no space left" in said or "disk quota exceeded" in said


@contextmanager
def machine_limits(folder: Path) -> Iterator[None]:
    """Say a full disk or too little memory in words, whichever library met it.

    Raises
    ------
    UnavailableError
        Nothing of the ingest is published then.
    """
    try:
        yield
    except BaseException as error:
        if isinstance(error, duckdb.OutOfMemoryException) and not is_disk_full(error):
            raise UnavailableError(
                f"the ingest must fit into memory and the disk, got {str(error).splitlines()[0]} ({folder}). Nothing "
                "of it was taken. Free memory or disk and run it again."
            ) from None
        if is_disk_full(error):
            raise UnavailableError(
                f"the disk must have room, got none left ({folder}). Nothing of this ingest was taken. Free some and "
                "run it again."
            ) from None
        raise
