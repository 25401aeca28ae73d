"""Containers: files packed with gzip, or alone in a zip, as streams of bytes; what is made to burst is refused.

Nothing is unpacked by the name it carries inside, and nothing without counting what comes out.
"""

from __future__ import annotations

import gzip
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from csm_lib.collect.safeguards import is_disk_full
from csm_lib.errors import ContractError

__all__ = ["CHUNK", "as_file", "chunks", "inner_name", "is_packed", "open_bytes", "require_modest"]

CHUNK = 1 << 20
# real exports shrink to a fiftieth at best; a thousandth is the most that deflate can do
MOST_RATIO = 200
MOST_BYTES = 64 << 30
_ALWAYS_ALLOWED_BYTES = 64 << 20
_NOT_FILES = ("__MACOSX/", ".DS_Store")
# what the libraries raise over broken bytes, wrong offsets included
_UNPACKING = (
    EOFError,
    IndexError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


def is_packed(path: Path) -> bool:
    """Tell whether a file is packed, by the end of its name."""
    return path.suffix.lower() in (".gz", ".zip")


def require_modest(path: Path, n_bytes: int) -> None:
    """Refuse a packed file that grows beyond reason.

    Parameters
    ----------
    n_bytes : int
        Bytes that came out of it so far, or that it declares.

    Raises
    ------
    ContractError
    """
    packed = path.stat().st_size
    if n_bytes > MOST_BYTES or n_bytes > max(_ALWAYS_ALLOWED_BYTES, MOST_RATIO * packed):
        raise ContractError(
            f"{path} must not unpack to more than {MOST_RATIO} times its size or {MOST_BYTES >> 30} GiB, got "
            f"{n_bytes:,} bytes and more out of {packed:,}. Unpack it yourself if you trust it."
        )


def inner_name(path: Path) -> str:
    """Give the name of the one file in a zip.

    Raises
    ------
    ContractError
        If it is no zip, holds no file or several, an encrypted one, or one that is named to lie elsewhere.
    """
    with _zip(path) as archive:
        return _only(path, archive).filename


@contextmanager
def _zip(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except _UNPACKING as error:
        raise _broken(path, "zip", error) from None


def _broken(path: Path, kind: str, error: Exception) -> Exception:
    """Give the refusal of a broken container; what the system itself refused stays what it is."""
    if isinstance(error, PermissionError | FileNotFoundError) or is_disk_full(error):
        return error
    said = str(error) or type(error).__name__
    return ContractError(f"{path} must be a whole {kind} file, got {said}. Copy or export it again.")


def _only(path: Path, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    found = [item for item in archive.infolist() if not item.is_dir() and not item.filename.startswith(_NOT_FILES[0])]
    found = [item for item in found if PurePosixPath(item.filename).name != _NOT_FILES[1]]
    if len(found) != 1:
        names = f" ({', '.join(item.filename for item in found[:3])}{', …' if len(found) > 3 else ''})" if found else ""
        raise ContractError(f"{path} must hold one file, got {len(found)}{names}. Unpack it and ingest the files.")
    (item,) = found
    parts = PurePosixPath(item.filename.replace("\\", "/")).parts
    if ".." in parts or item.filename.startswith(("/", "\\")) or ":" in parts[0]:
        raise ContractError(
            f"{path} must hold a file with a plain name, got {item.filename!r}, which would lie elsewhere. "
            "Do not trust it; have it exported again."
        )
    if item.flag_bits & 1:
        raise ContractError(f"{path} must not be encrypted, got a password asked for. Unpack it and ingest the file.")
    if item.filename.lower().endswith((".zip", ".gz")):
        raise ContractError(
            f"{path} must hold an export, got {item.filename!r}, packed once more. Unpack it and ingest the file."
        )
    require_modest(path, item.file_size)
    return item


@contextmanager
def open_bytes(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for reading bytes, through gzip or zip where its name ends so.

    Raises
    ------
    ContractError
        If what is packed is broken, there or later while it is read.
    """
    kind = path.suffix.lower()
    if kind == ".zip":
        with _zip(path) as archive, archive.open(_only(path, archive)) as stream:
            yield stream
    elif kind == ".gz":
        try:
            with gzip.open(path, "rb") as stream:
                yield stream  # type: ignore[misc]
        except _UNPACKING as error:
            raise _broken(path, "gzip", error) from None
    else:
        with path.open("rb") as stream:
            yield stream


def chunks(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a file in pieces, unpacked, counted as they come.

    Raises
    ------
    ContractError
        If what is packed is broken, or bursts.
    """
    n_bytes = 0
    with open_bytes(path) as stream:
        while chunk := stream.read(CHUNK):
            n_bytes += len(chunk)
            if is_packed(path):
                require_modest(path, n_bytes)
            yield chunk


def as_file(path: Path, scratch: Path) -> Path:
    """Give a plain file with the content of a packed one, for readers that must jump about in it."""
    if not is_packed(path):
        return path
    copy = scratch / f"plain-{abs(hash(str(path))):x}"
    with copy.open("wb") as out:
        for chunk in chunks(path):
            out.write(chunk)
    return copy


