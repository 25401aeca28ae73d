"""What every reader hands on: one relation of texts, and the rows that never became one, with their lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from csm_lib.engine import quote_text

__all__ = ["BrokenRow", "RawRows", "column_names", "narrow_sql", "quote_path"]

_WIDE = "０１２３４５６７８９：．，－＋／％　"
_NARROW = "0123456789:.,-+/% "


@dataclass(frozen=True)
class BrokenRow:
    """A row that is not even a row: its line in the file (None where unknown), why, and its text."""

    line: int | None
    reason: str
    value: str | None


@dataclass(frozen=True)
class RawRows:
    """A file as rows of text.

    Attributes
    ----------
    relation : str
        Name of the DuckDB table: `_row` (1, 2, … in file order) and the file's columns, empty cells null.
    columns : tuple of str
        Their headers, stripped, repeated ones numbered (`category`, `category_2`).
    n_rows : int
        Rows in the relation.
    line_of : callable
        Gives the file lines of an array of row numbers, -1 where it is not known.
    broken : tuple of BrokenRow
        Rows that are not in the relation.
    encoding : str
        Of a text file; empty for others.
    is_encoding_guessed : bool
        True if neither the source nor the bytes settled it.
    notes : tuple of str
        What a person should know about the file besides.
    """

    relation: str
    columns: tuple[str, ...]
    n_rows: int
    line_of: Callable[[np.ndarray], np.ndarray] = field(repr=False)
    broken: tuple[BrokenRow, ...] = ()
    encoding: str = ""
    is_encoding_guessed: bool = False
    notes: tuple[str, ...] = ()

    @property
    def n_read(self) -> int:
        """Rows of the file, the broken ones included."""
        return self.n_rows + len(self.broken)


def narrow_sql(text: str) -> str:
    """Give the SQL of a text with the wide digits and signs of Chinese keyboards made narrow.

    Examples
    --------
    >>> import duckdb
    >>> duckdb.sql("SELECT " + narrow_sql("'２０２４－０１－０５　９：３０，１．５'")).fetchall()
    [('2024-01-05 9:30,1.5',)]
    """
    return f"translate({text}, {quote_text(_WIDE)}, {quote_text(_NARROW)})"


def quote_path(path: Path) -> str:
    """Quote a path for DuckDB's readers so that its own brackets and stars are not taken as patterns.

    Examples
    --------
    >>> quote_path(Path("a[1].csv"))
    "'a[[]1].csv'"
    """
    escaped = "".join({"[": "[[]", "*": "[*]", "?": "[?]"}.get(letter, letter) for letter in str(path))
    return quote_text(escaped)


def column_names(header: list[str]) -> tuple[str, ...]:
    """Make usable names of a header: stripped, the unnamed numbered by place, the repeated numbered by occurrence.

    Examples
    --------
    >>> column_names(["id", " category ", "category", ""])
    ('id', 'category', 'category_2', 'column_4')
    """
    names: list[str] = []
    taken: set[str] = set()
    for place, given in enumerate(header, start=1):
        wanted = given.strip() or f"column_{place}"
        name, occurrence = wanted, 1
        while name.lower() in taken:
            occurrence += 1
            name = f"{wanted}_{occurrence}"
        names.append(name)
        taken.add(name.lower())
    return tuple(names)
