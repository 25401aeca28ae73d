"""Compound files: the chains of sectors inside an old XLS, walked before a parser trusts them.

A damaged file may say that a chain leads back to itself, or that its sheet has four thousand million cells; a parser
that believes it fills all memory. What is walked here is only where sectors and cells are, never what they hold.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

__all__ = ["wrong_in_xls"]

_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_LAST_SECTOR = 0xFFFFFFFA  # above it are marks, not sectors
_STREAMS = ("Workbook", "Book")
# of one sheet of this format
_MOST_ROWS, _MOST_COLUMNS = 65_536, 256
_DIMENSIONS = 0x0200
_ENCRYPTED = 0x002F  # whatever follows is no cell
# records that begin with a cell's row and column
_CELLS = frozenset({0x0006, 0x00BD, 0x00BE, 0x00D6, 0x00FD, 0x0201, 0x0203, 0x0204, 0x0205, 0x027E})


class _WrongError(Exception):
    """What the file says cannot be."""


def wrong_in_xls(path: Path) -> str | None:
    """Say what cannot be in an XLS file; None where its sectors and cells can be believed, or it is none.

    Parameters
    ----------
    path : Path

    Returns
    -------
    str or None
        What is wrong, in words.

    Notes
    -----
    [MS-CFB] 2.2–2.6 for sectors and chains, [MS-XLS] 2.4 for the records of cells.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "x.xls"
    ...     _ = path.write_bytes(_SIGNATURE + bytes(504))
    ...     wrong_in_xls(path)
    'a header that cannot be'
    """
    with path.open("rb") as file:
        if file.read(8) != _SIGNATURE:
            return None
    try:
        _require_bounded(_Compound(path.read_bytes()))
    except _WrongError as wrong:
        return str(wrong)
    except struct.error:
        return "a part that is cut off"
    return None


@dataclass(frozen=True)
class _Compound:
    """The bytes of a compound file, and how its parts hang together."""

    content: bytes

    @cached_property
    def sizes(self) -> tuple[int, int]:
        """Bytes of a sector, and of a small one."""
        powers = struct.unpack_from("<HH", self.content, 30)
        if powers[0] not in (9, 12) or powers[1] != 6:
            raise _WrongError("a header that cannot be")
        return 1 << powers[0], 1 << powers[1]

    @cached_property
    def _n_sectors(self) -> int:
        return len(self.content) // self.sizes[0]

    def _sector(self, number: int) -> bytes:
        start = (number + 1) * self.sizes[0]
        return self.content[start : start + self.sizes[0]]

    @cached_property
    def _next(self) -> tuple[int, ...]:
        """For every sector the one that follows it."""
        places = list(struct.unpack_from("<109I", self.content, 76))
        (number,) = struct.unpack_from("<I", self.content, 68)
        n_read = 0
        while number <= _LAST_SECTOR:
            n_read += 1
            more = _numbers(self._sector(number))
            if n_read > self._n_sectors or not more:
                raise _WrongError("a list of sectors without end")
            places, number = places + list(more[:-1]), more[-1]
        used = [place for place in places if place <= _LAST_SECTOR]
        if len(used) > self._n_sectors:
            raise _WrongError("more sectors than the file has")
        return tuple(number for place in used for number in _numbers(self._sector(place)))

    def chain(self, first: int) -> bytes:
        """Put the sectors of a chain together."""
        return b"".join(map(self._sector, _walk(first, self._next, most=self._n_sectors)))

    def streams(self) -> Iterator[tuple[str, bytes]]:
        """Yield the name and the bytes of every stream; all chains are walked."""
        (first,) = struct.unpack_from("<I", self.content, 48)
        cutoff, first_small = struct.unpack_from("<II", self.content, 56)
        listing = self.chain(first)
        entries = [listing[place : place + 128] for place in range(0, len(listing) - 127, 128)]
        if not entries:
            raise _WrongError("no list of its parts")
        small_next = _numbers(self.chain(first_small)) if first_small <= _LAST_SECTOR else ()
        small = self.chain(struct.unpack_from("<I", entries[0], 116)[0])
        for entry in entries[1:]:
            start, size = struct.unpack_from("<II", entry, 116)
            if entry[66] != 2:  # no stream
                continue
            name = entry[:64].decode("utf-16-le", errors="replace").partition("\0")[0]
            if size >= cutoff:
                yield name, self.chain(start)[:size]
            else:
                width = self.sizes[1]
                places = _walk(start, small_next, most=len(small) // width)
                yield name, b"".join(small[place * width : (place + 1) * width] for place in places)[:size]


def _numbers(content: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(content) // 4}I", content[: len(content) // 4 * 4])


def _walk(first: int, following: tuple[int, ...], *, most: int) -> Iterator[int]:
    """Yield the sectors of a chain, one that leads back to itself or out of the file refused."""
    number, n = first, 0
    while number <= _LAST_SECTOR:
        n += 1
        if n > most or number >= len(following):
            raise _WrongError("a chain of sectors without end")
        yield number
        number = following[number]


def _require_bounded(compound: _Compound) -> None:
    """Refuse cells beyond the format's last row and column."""
    for name, content in compound.streams():
        if name not in _STREAMS:
            continue
        place = 0
        while place + 4 <= len(content):
            kind, length = struct.unpack_from("<HH", content, place)
            body = content[place + 4 : place + 4 + length]
            if kind == _ENCRYPTED:
                break
            if kind == _DIMENSIONS and length >= 12:
                above, rows, left, columns = struct.unpack_from("<IIHH", body)
                if rows and columns and (above > rows or left > columns):
                    raise _WrongError("a sheet that ends before it begins")
            elif kind in _CELLS and len(body) >= 4:
                rows, columns = (number + 1 for number in struct.unpack_from("<HH", body))
            else:
                rows = columns = 0
            if rows > _MOST_ROWS or columns > _MOST_COLUMNS:
                raise _WrongError(f"a cell in row {rows:,}, column {columns:,}, which an XLS cannot have")
            place += 4 + length
