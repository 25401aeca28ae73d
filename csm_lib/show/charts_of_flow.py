"""The process as a picture: boxes from left to right, arrows as thick as the way is common.

Boxes stand in the order in which contacts usually reach them and wrap like lines of text, so a long process stays
readable. Ways back are dashed and orange; what was folded is said below.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from csm_lib.show.chart_parts import nothing
from csm_lib.show.drawing import COLOURS, Figure, canvas
from csm_lib.show.format import write_code, write_value
from csm_lib.show.messages import say

__all__ = ["layers_of", "plot_flow"]

_PER_ROW = 4
_BOX = (0.70, 0.46)  # width and height of a box; a column is 1 wide
_LANE = 0.86


def plot_flow(frame: pd.DataFrame, *, title: str, language: str | None = None, name: str = "flow") -> Figure:
    """Draw a folded flow with counts and median times.

    Parameters
    ----------
    frame : DataFrame
        As `csm_lib.explain.flow.fold_flow` gives: reads `source target n median_s` and, where present, the counts of
        what was folded in `.attrs`.
    title : str
    language : str, optional
    name : str

    Returns
    -------
    Figure
    """
    rows = frame.reset_index(drop=True)
    layers = layers_of(rows)
    places, height = _places(layers)
    ways = [(places[row.source], places[row.target]) for row in rows.itertuples() if _is_way(row)]
    room = 0.42 if any(_is_over(*way) for way in ways) else 0.0
    with canvas(title, language=language, height=1.2 + 1.1 * (height + room)) as (drawn, axes):
        if not layers:
            return nothing(drawn, axes, name, title, language)
        axes.set_axis_off()
        axes.set_xlim(-0.55, _PER_ROW - 0.45)
        axes.set_ylim(-height + 0.25, 0.45 + room)
        _draw_boxes(axes, rows, places, language)
        between = rows[rows["source"].notna() & rows["target"].notna()]
        most = between["n"].max() if len(between) else 1
        for row in between.sort_values("n").itertuples():
            is_back = layers[row.target] <= layers[row.source]
            _draw_way(axes, places[row.source], places[row.target], float(row.n / most), row, is_back, language)
        note = _folded(frame, language)
        axes.text(-0.5, -height + 0.28, note, fontsize=8, color=COLOURS["muted"], va="bottom", wrap=True)
    top = between.sort_values("n", ascending=False).head(1)
    alt = say("alt_flow_rest", language, title=title, n=len(layers))
    if len(top):
        row = top.iloc[0]
        alt = say(
            "alt_flow", language, title=title, boxes=len(layers), ways=len(between), source=write_code(row["source"]),
            target=write_code(row["target"]), n=write_value(row["n"], "n", language=language),
            time=write_value(row["median_s"], "s", language=language),
        )  # fmt: skip
    return Figure(name, f"{alt} {note}".strip(), drawn)


def layers_of(flow: pd.DataFrame) -> dict[str, int]:
    """Put the nodes of a flow in columns from left to right.

    Parameters
    ----------
    flow : DataFrame
        Reads `source target n`; None is an end.

    Returns
    -------
    dict of str to int
        Column of each node, from 0. The commonest ways lead to the right; those that would close a circle lead back.

    Examples
    --------
    >>> flow = pd.DataFrame({"source": [None, "new", "open", "open", "done"], "target": ["new", "open", "done", "new",
    ...                      None], "n": [9, 9, 9, 2, 9]})
    >>> layers_of(flow)
    {'new': 0, 'open': 1, 'done': 2}
    """
    ways = [(row.source, row.target, row.n) for row in flow.itertuples() if _is_way(row)]
    started = {row.target: row.n for row in flow.itertuples() if pd.isna(row.source) and pd.notna(row.target)}
    ended = {row.source: row.n for row in flow.itertuples() if pd.isna(row.target) and pd.notna(row.source)}
    nodes = list(dict.fromkeys([*started, *(end for way in ways for end in way[:2]), *ended]))
    forward: dict[str, set[str]] = {node: set() for node in nodes}
    for source, target, n in sorted(ways, key=lambda way: (-way[2], str(way[0]), str(way[1]))):
        backward = sum(count for one, other, count in ways if (one, other) == (target, source))
        if backward <= n and not _reaches(forward, target, source):
            forward[source].add(target)
    layers = dict.fromkeys(nodes, 0)
    for _ in nodes:
        for node in nodes:
            for target in forward[node]:
                layers[target] = max(layers[target], layers[node] + 1)
    return layers


def _is_way(row: Any) -> bool:
    return pd.notna(row.source) and pd.notna(row.target) and row.source != row.target


def _reaches(forward: dict[str, set[str]], start: str, end: str) -> bool:
    """Tell whether ways that lead to the right already lead from one node to another."""
    waiting, seen = [start], {start}
    while waiting:
        node = waiting.pop()
        if node == end:
            return True
        waiting += [one for one in forward[node] if one not in seen]
        seen |= forward[node]
    return False


def _places(layers: dict[str, int]) -> tuple[dict[str, tuple[float, float]], float]:
    """Give each node its middle; columns wrap, nodes of one column stand below one another."""
    places: dict[str, tuple[float, float]] = {}
    top = 0.0
    for line in range(max(layers.values(), default=-1) // _PER_ROW + 1):
        deepest = 1
        for column in range(_PER_ROW):
            here = [node for node, layer in layers.items() if layer == line * _PER_ROW + column]
            deepest = max(deepest, len(here))
            for i, node in enumerate(here):
                places[node] = (float(column), -(top + i * _LANE))
        top += deepest * _LANE + 0.16
    return places, top + 0.1


def _draw_boxes(axes: Any, rows: pd.DataFrame, places: dict[str, tuple[float, float]], language: str | None) -> None:
    width, height = _BOX
    for node, (across, down) in places.items():
        came = rows.attrs.get("n_by_node", {}).get(node, int(rows.loc[rows["target"] == node, "n"].sum()))
        begun = int(rows.loc[rows["source"].isna() & (rows["target"] == node), "n"].sum())
        rested = int(rows.loc[(rows["source"] == node) & rows["target"].isna(), "n"].sum())
        corner = (across - width / 2, down - height / 2)
        is_end = rested > came / 2
        axes.add_patch(
            FancyBboxPatch(
                corner, width, height, boxstyle="round,pad=0,rounding_size=0.06", facecolor="#eef4f9" if not is_end else
                "#e6f2ee", edgecolor=COLOURS["good"] if is_end else COLOURS["main"], lw=1.4, zorder=3,
            )
        )  # fmt: skip
        axes.text(across, down + 0.09, _wrapped(node, language), ha="center", va="center", fontsize=8, zorder=4)
        parts = [write_value(came, "n", language=language)]
        parts += [say("flow_begun", language, n=write_value(begun, "n", language=language))] if begun else []
        parts += [say("flow_rested", language, n=write_value(rested, "n", language=language))] if rested else []
        text = " · ".join(parts[:1]) + ("\n" + " · ".join(parts[1:]) if len(parts) > 1 else "")
        axes.text(across, down - 0.115, text, ha="center", va="center", fontsize=6.8, color="#374151", zorder=4)


def _wrapped(node: str, language: str | None) -> str:
    """Break a long name in two at the space nearest to its middle."""
    text = write_code(node, language=language)
    spaces = [i for i, letter in enumerate(text) if letter == " "]
    if len(text) <= 18 or not spaces:
        return text if len(text) <= 26 else text[:25] + "…"
    cut = min(spaces, key=lambda i: abs(i - len(text) / 2))
    return f"{text[:cut]}\n{text[cut + 1 :]}"


def _draw_way(
    axes: Any, begin: tuple[float, float], end: tuple[float, float], part: float, row: Any, is_back: bool,
    language: str | None,
) -> None:  # fmt: skip
    """Draw one arrow with its count and median time."""
    start, stop, bend, at = _ends(begin, end, is_back)
    is_elbow = bend is None
    style = "arc,angleA=-90,angleB=90,armA=16,armB=16,rad=8" if is_elbow else f"arc3,rad={bend}"
    colour = COLOURS["second"] if is_back else COLOURS["main"]
    axes.add_patch(
        FancyArrowPatch(
            start, stop, connectionstyle=style, arrowstyle="-|>", mutation_scale=9, lw=0.8 + 3.2 * part,
            color=colour, alpha=0.85, ls="--" if is_back else "-", zorder=2, shrinkA=0, shrinkB=0,
        )
    )  # fmt: skip
    text = write_value(row.n, "n", language=language)
    if row.median_s == row.median_s:
        text += "\n" + write_value(row.median_s, "s", language=language)
    reach = np.subtract(stop, start)
    aside = 2 * at * (1 - at) * (bend or 0.0) * np.array([reach[1], -reach[0]])
    middle = np.add(start, reach * at) + aside
    axes.text(
        *middle, text, ha="center", va="center", fontsize=6.6, color=colour, zorder=5, linespacing=1.0,
        bbox={"boxstyle": "round,pad=0.12", "facecolor": "white", "edgecolor": "none", "alpha": 0.85},
    )  # fmt: skip


def _ends(
    begin: tuple[float, float], end: tuple[float, float], is_back: bool
) -> tuple[tuple[float, float], tuple[float, float], float | None, float]:
    """Choose where an arrow leaves and enters, how it bends (None: an elbow), and where on it the numbers stand."""
    width, height = _BOX[0] / 2, _BOX[1] / 2
    across, down = end[0] - begin[0], end[1] - begin[1]
    if abs(across) < 0.5 and abs(down) > 1.5 * _LANE:  # past the boxes of the same column
        side = width if begin[0] < _PER_ROW - 1.5 else -width
        bend = 0.35 if (down > 0) == (side > 0) else -0.35
        return (begin[0] + side, begin[1]), (end[0] + side, end[1]), bend, 0.28
    if down < -0.3 and across < 0.5:  # to a lower line, or straight down
        straight = abs(across) < 0.5
        return (
            (begin[0], begin[1] - height),
            (end[0], end[1] + height),
            0.0 if straight else None,
            0.5 if straight else 0.3,
        )
    if down > 0.3 and across < 0.5:
        aside = 0.14
        bend = 0.0 if abs(across) < 0.5 else 0.1
        return (begin[0] + aside, begin[1] + height), (end[0] + aside, end[1] - height), bend, 0.5
    if is_back:
        return (begin[0] - 0.1, begin[1] - height), (end[0] + 0.1, end[1] - height), -0.4, 0.5
    if _is_over(begin, end):
        return (begin[0], begin[1] + height), (end[0], end[1] + height), -0.22, 0.5
    if across > 0.5 and abs(down) > 1.2 * _LANE:  # down or up through the gap before the next column
        return (begin[0] + width, begin[1]), (end[0] - width, end[1]), 0.0, 0.3
    return (begin[0] + width, begin[1]), (end[0] - width, end[1]), 0.0, 0.5


def _is_over(begin: tuple[float, float], end: tuple[float, float]) -> bool:
    """Tell whether an arrow to the right must pass over the heads of boxes between."""
    return end[0] - begin[0] > 1.5 and abs(end[1] - begin[1]) < 0.3


def _folded(frame: pd.DataFrame, language: str | None) -> str:
    """Say what is not in the picture."""
    told = frame.attrs
    if "n_folded_ways" not in told:
        return ""
    numbers = {
        key: write_value(told[key], "n", language=language) for key in ("n_folded_ways", "n_folded", "n_updates")
    }
    share = write_value(told["folded_share"], "share", language=language)
    nodes = write_value(told["n_folded_nodes"], "n", language=language)
    return say("flow_folded", language, ways=numbers["n_folded_ways"], changes=numbers["n_folded"], share=share,
               nodes=nodes, updates=numbers["n_updates"])  # fmt: skip
