"""Cursors: how far a query was read, so that the next ingest reads only what changed since.

A transaction may end after rows with later times were read, and several rows share one time. So the next reading goes
back a little, and what it meets there a second time is left out, if it is what was there before.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from csm_lib.errors import SettingError

__all__ = ["Cursor", "CursorWatch", "Met"]

_READERS: Mapping[str, Callable[[str], Any]] = MappingProxyType(
    {
        "instant": datetime.fromisoformat,
        "date": date.fromisoformat,
        "integer": int,
        "number": Decimal,
        "float": float,
        "text": str,
    }
)
_WHOLE = 1 << 64


@dataclass(frozen=True)
class Met:
    """Some rows, so that they are known again in any order: their number and the sum of their hashes."""

    n: int = 0
    total: int = 0

    def __add__(self, other: Met) -> Met:
        return Met(self.n + other.n, (self.total + other.total) % _WHOLE)


@dataclass(frozen=True)
class Cursor:
    """The highest value seen of a query's cursor column.

    Attributes
    ----------
    kind : one of instant, date, integer, number, float, text
    value : datetime, date, int, Decimal, float or str
    near : Met
        Rows at the value, or before it by the overlap at most.
    without : Met
        Rows that have no value.
    """

    kind: str
    value: Any
    near: Met = Met()
    without: Met = Met()

    @classmethod
    def of(cls, value: Any) -> Cursor | None:
        """Make a cursor of one value; None of a value that orders nothing (missing, or a structure)."""
        if isinstance(value, bool):
            return None
        if isinstance(value, datetime):
            return cls("instant", value)
        if isinstance(value, date):
            return cls("date", value)
        if isinstance(value, int):
            return cls("integer", value)
        if isinstance(value, float | Decimal):
            return cls("float" if isinstance(value, float) else "number", value)
        return cls("text", value) if isinstance(value, str) and value else None

    @classmethod
    def read(cls, text: str | None) -> Cursor | None:
        """Read what `write` wrote; None where there is nothing."""
        if not text:
            return None
        kind, value, near, without = json.loads(text)
        return cls(kind, _READERS[kind](value), Met(*near), Met(*without))

    def write(self) -> str:
        """Write it as text.

        Examples
        --------
        >>> Cursor.read(Cursor("date", date(2024, 3, 1), near=Met(2, 15)).write())
        Cursor(kind='date', value=datetime.date(2024, 3, 1), near=Met(n=2, total=15), without=Met(n=0, total=0))
        """
        met = [[met.n, met.total] for met in (self.near, self.without)]
        return json.dumps([self.kind, self.shown, *met], ensure_ascii=False)

    @property
    def shown(self) -> str:
        """The value as text: times in ISO 8601."""
        return self.value.isoformat() if isinstance(self.value, date) else str(self.value)

    def start(self, *, overlap_s: float) -> Any:
        """Give the value from which the next reading starts: the same, or earlier by the overlap where it is a time.

        Examples
        --------
        >>> Cursor("instant", datetime(2024, 3, 1, 10)).start(overlap_s=300)
        datetime.datetime(2024, 3, 1, 9, 55)
        >>> Cursor("integer", 7).start(overlap_s=300)
        7
        """
        return self.value - timedelta(seconds=overlap_s) if self.kind == "instant" else self.value


@dataclass
class CursorWatch:
    """Follows a cursor column while rows are read.

    Attributes
    ----------
    since : Cursor or None
        Where the last reading ended.
    overlap_s : float, seconds
    name : str
        The source's name, for messages.
    """

    since: Cursor | None
    overlap_s: float
    name: str
    _highest: Cursor | None = None
    _near: dict[Any, Met] = field(default_factory=dict)
    _without: Met = Met()
    _again: Met = Met()
    _rows_again: list[int] = field(default_factory=list)
    _rows_without: list[int] = field(default_factory=list)

    def note(self, values: Sequence[Any], hashes: Sequence[int], *, first_row: int) -> None:
        """Take in a batch of rows: their cursor values and hashes.

        Raises
        ------
        SettingError
            If values cannot be put in one order, such as texts and numbers.
        """
        try:
            for row, (value, content) in enumerate(zip(values, hashes, strict=True), start=first_row):
                self._note_row(row, Cursor.of(value), Met(1, content))
            self._forget_far()
        except TypeError:
            kinds = sorted({type(value).__name__ for value in [*values, *self._near] if value is not None})
            raise SettingError(
                f"cursor must be a column of one type, got {' and '.join(kinds)} (source {self.name!r}). "
                "Name another column."
            ) from None

    def _note_row(self, row: int, cursor: Cursor | None, met: Met) -> None:
        if cursor is None:
            self._without += met
            self._rows_without.append(row)
            return
        self._near[cursor.value] = self._near.get(cursor.value, Met()) + met
        if self._highest is None or cursor.value > self._highest.value:
            self._highest = cursor
        if self.since is not None and cursor.value <= self.since.value:
            self._again += met
            self._rows_again.append(row)

    def _forget_far(self) -> None:
        """Keep what the next reading will meet again: rows near the highest value."""
        if self._highest is not None:
            start = self._highest.start(overlap_s=self.overlap_s)
            self._near = {value: met for value, met in self._near.items() if value >= start}

    def finish(self) -> tuple[Cursor | None, list[int]]:
        """Give the cursor for the next reading, and the rows met before that are what they were.

        Examples
        --------
        >>> first = CursorWatch(None, 0.0, "desk")
        >>> first.note([4, 5], [11, 12], first_row=1)
        >>> cursor, again = first.finish()
        >>> second = CursorWatch(cursor, 0.0, "desk")
        >>> second.note([5, 6], [12, 13], first_row=1)
        >>> second.finish()[1]
        [1]
        """
        since, highest = self.since, self._highest
        near = sum(self._near.values(), Met())
        if since is None:
            return highest and Cursor(highest.kind, highest.value, near, self._without), []
        known = self._rows_again if self._again == since.near else []
        known = [*known, *(self._rows_without if self._without == since.without else [])]
        if highest is None or highest.value < since.value:
            # what was highest is gone: stay where we were
            return Cursor(since.kind, since.value, self._again, self._without), known
        return Cursor(highest.kind, highest.value, near, self._without), known
