"""The fishbone: every statement of the chains of whys on the branch of its kind, with what the evidence says."""

from __future__ import annotations

import textwrap
from typing import Any

import pandas as pd

from csm_lib.definitions import WORD_LISTS
from csm_lib.show.chart_parts import nothing
from csm_lib.show.drawing import COLOURS, Figure, canvas
from csm_lib.show.messages import say
from csm_lib.show.translation import translated

__all__ = ["plot_fishbone"]

_SIGNS = {"supported": ("●", "good"), "not supported": ("✗", "second"), "no evidence": ("○", "muted")}
_LETTERS = 33
_STEP = 0.115


def plot_fishbone(
    frame: pd.DataFrame, *, title: str, head: str = "", language: str | None = None, name: str = "fishbone"
) -> Figure:
    """Draw the causes of a problem as a fishbone of six branches.

    Parameters
    ----------
    frame : DataFrame
        As `csm_lib.explain.causes.why_tree` gives: reads `category statement level status`. First statements (level 0)
        are the problem itself and are not drawn.
    title : str
    head : str
        The problem, written at the head.
    language : str, optional
    name : str

    Returns
    -------
    Figure
        ● supported, ✗ not supported, ○ no evidence.
    """
    rows = frame[frame["level"] > 0] if len(frame) else frame
    rows = rows.assign(statement=[translated(str(said), language) for said in rows["statement"]]) if len(rows) else rows
    branches = {kind: rows[rows["category"] == kind] if len(rows) else rows for kind in WORD_LISTS["cause_category"]}
    pairs = [list(branches)[:3], list(branches)[3:]]
    depths = [max((_height(branches[kind]) for kind in side), default=0.0) for side in pairs]
    reach = [max(depth, 0.25) + 0.25 for depth in depths]
    with canvas(title, language=language, height=1.0 + 2.4 * sum(reach)) as (drawn, axes):
        if rows.empty:
            return nothing(drawn, axes, name, title, language)
        axes.set_axis_off()
        axes.set_xlim(0, 3.55)
        axes.set_ylim(-reach[1] - 0.14, reach[0] + 0.1)
        axes.annotate("", (3.1, 0), (0.0, 0), arrowprops={"arrowstyle": "-|>", "lw": 2.4, "color": COLOURS["main"]})
        axes.text(3.12, 0, "\n".join(_wrapped(translated(head, language), 16)), va="center", ha="left", fontsize=9.5)
        for side, (kinds, far) in enumerate(zip(pairs, reach, strict=True)):
            for i, kind in enumerate(kinds):
                _draw_branch(axes, i + 0.98, far, 1 - 2 * side, kind, branches[kind], language)
        legend = "    ".join(f"{sign} {say(f'status_{status}', language)}" for status, (sign, _) in _SIGNS.items())
        axes.text(0.0, -reach[1] - 0.13, legend, fontsize=8.5, color=COLOURS["muted"], va="bottom")
    counts = {status: int((rows["status"] == status).sum()) for status in _SIGNS}
    alt = say(
        "alt_fishbone", language, title=title, n=len(rows), supported=counts["supported"],
        against=counts["not supported"], open=counts["no evidence"],
    )  # fmt: skip
    return Figure(name, alt, drawn)


def _lines(row: Any) -> list[str]:
    sign = _SIGNS.get(row.status, _SIGNS["no evidence"])[0]
    lines = _wrapped(str(row.statement), _LETTERS - 2)
    return [f"{'   ' if place else f'{sign} '}{line}" for place, line in enumerate(lines)] or [sign]


def _wrapped(text: str, letters: int) -> list[str]:
    """Break a text into lines; Chinese characters are about twice as wide as letters."""
    is_wide = sum(ord(letter) > 0x2E80 for letter in text) > len(text) / 2
    return textwrap.wrap(text, letters * 5 // 9 if is_wide else letters)


def _height(rows: pd.DataFrame) -> float:
    return sum(len(_lines(row)) for row in rows.itertuples()) * _STEP if len(rows) else 0.0


def _draw_branch(
    axes: Any, foot: float, far: float, side: int, kind: str, rows: pd.DataFrame, language: str | None
) -> None:
    """Draw a slanted branch, its name at the end, its statements to its left."""
    tip = foot - 0.1
    axes.plot([foot, tip], [0, side * (far - 0.1)], color=COLOURS["main"], lw=1.6)
    axes.text(tip, side * (far - 0.05), say(f"category_{kind}", language), ha="center", va="center", fontsize=9.5,
              color=COLOURS["main"])  # fmt: skip
    down = (far - 0.2) if side > 0 else -0.13
    for row in rows.itertuples() if len(rows) else ():
        lines = _lines(row)
        colour = COLOURS[_SIGNS.get(row.status, _SIGNS["no evidence"])[1]]
        axes.text(foot - 0.97, down, "\n".join(lines), fontsize=7, va="top", ha="left", color=colour, linespacing=1.15)
        down -= len(lines) * _STEP
