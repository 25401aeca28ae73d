"""Fold a page's long parts away: a reader sees their headings, one click opens them, and paper leaves them out.

A section is what follows a heading of level 2 up to the next one. A notebook marks a section to fold with the tag
`folded` on the Markdown cell that opens it; what a reader does not open is still found by a search on the page.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["FOLDED", "Part", "mark_folded", "parts_of"]

FOLDED = "folded"
_SECTION = re.compile(r"##\s+\S")
_HEADING = re.compile(r"\s*(<h2 id=\"[^\"]*\">.*?</h2>)", re.DOTALL)


@dataclass(frozen=True)
class Part:
    """Cells that are shown together.

    Attributes
    ----------
    heading : str
        Clean markup of the heading that opens and closes a folded part; empty where nothing folds.
    cells : tuple of NotebookNode
    """

    heading: str
    cells: tuple[Any, ...]


def mark_folded(cells: Sequence[Any]) -> None:
    """Write into each cell whether its section is to be folded.

    Parameters
    ----------
    cells : sequence of NotebookNode
        In all languages; a twin in another language belongs to the section of its original. Their metadata get
        `is_folded`.

    Examples
    --------
    >>> from nbformat.v4 import new_markdown_cell
    >>> cells = [new_markdown_cell("## One"), new_markdown_cell("## Two", metadata={"tags": ["folded"]})]
    >>> mark_folded(cells)
    >>> [cell.metadata["is_folded"] for cell in cells]
    [False, True]
    """
    is_folded, before = False, None
    for cell in cells:
        language = _language(cell)
        is_twin = language and before is not None and (_language(before) or "lang-en") != language
        if cell.cell_type == "markdown" and not is_twin and _SECTION.match(cell.source):
            is_folded = FOLDED in cell.metadata.get("tags", [])
        cell.metadata["is_folded"] = is_folded
        before = cell if cell.cell_type == "markdown" else None


def parts_of(cells: Sequence[Any]) -> list[Part]:
    """Gather cells into parts: one for each section that folds, one for what stands between them.

    Parameters
    ----------
    cells : sequence of NotebookNode
        With the metadata `is_folded`, and `shown` of Markdown cells as clean markup; the heading of a folded section is
        taken out of it.

    Returns
    -------
    list of Part
    """
    gathered: list[tuple[str, list[Any]]] = []
    for cell in cells:
        is_folded = bool(cell.metadata.get("is_folded"))
        heading = _HEADING.match(cell.metadata["shown"]) if cell.cell_type == "markdown" else None
        if is_folded and heading:
            cell.metadata["shown"] = cell.metadata["shown"][heading.end() :].strip()
            gathered.append((heading[1], [cell]))
        elif gathered and bool(gathered[-1][0]) == is_folded:
            gathered[-1][1].append(cell)
        else:
            gathered.append(("", [cell]))
    return [Part(heading, tuple(kept)) for heading, kept in gathered]


def _language(cell: Any) -> str:
    """Read the language that a cell is tagged with."""
    return next((str(tag) for tag in cell.metadata.get("tags", []) if tag.startswith("lang-")), "")
