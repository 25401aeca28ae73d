"""A calendar of sources: on which days each brought what its weekday brings, and on which it did not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.colors import ListedColormap

from csm_lib.show.chart_parts import draw_legend, measured, nothing, place_name
from csm_lib.show.drawing import COLOURS, Figure, canvas
from csm_lib.show.format import write_code, write_value
from csm_lib.show.messages import say

__all__ = ["plot_days"]

_MOST_RATIO = 1.5  # a day with half as much again looks like one with twice as much
_MOST_TICKS = 14
_MARKS = {"missing": ("X", "second"), "late": ("v", "second")}


def plot_days(
    frame: pd.DataFrame, *, title: str, source: str = "source", language: str | None = None, name: str = "days"
) -> Figure:
    """Draw a calendar heat map: one row per source, one column per day, missing and late days marked by shape.

    Parameters
    ----------
    frame : DataFrame
        As `csm_lib.measure.arrival.daily_coverage` gives: one row per source and day; reads `source`, `day_on`, `n`,
        `ratio` and `state`.
    title : str
    source : str
        Column.
    language : str, optional
    name : str

    Returns
    -------
    Figure
    """
    rows = measured(frame, "n", "day_on")
    names = list(dict.fromkeys(rows[source]))
    with canvas(title, language=language, height=1.9 + 0.32 * max(len(names), 2)) as (drawn, axes):
        if rows.empty:
            return nothing(drawn, axes, name, title, language)
        days = pd.DatetimeIndex(sorted(rows["day_on"].unique()))
        at = days.get_indexer(pd.DatetimeIndex(rows["day_on"])), rows[source].map(names.index).to_numpy()
        closed, cells = np.full((2, len(names), len(days)), np.nan)
        is_open = ~rows["state"].isin(["closed", "before", "after"]).to_numpy()
        cells[at[1][is_open], at[0][is_open]] = rows["ratio"].to_numpy(float)[is_open]
        closed[at[1][~is_open], at[0][~is_open]] = 1.0
        axes.pcolormesh(closed, cmap=ListedColormap(["#d1d5db"]), edgecolors="white", linewidth=0.4)
        drawing = axes.pcolormesh(cells, cmap="Blues", vmin=0, vmax=_MOST_RATIO, edgecolors="white", linewidth=0.4)
        for state, (marker, colour) in _MARKS.items():
            here = (rows["state"] == state).to_numpy()
            caption = say(f"day_{state}", language)
            axes.plot(
                at[0][here] + 0.5, at[1][here] + 0.5, ls="", marker=marker, ms=5, color=COLOURS[colour], label=caption
            )
        axes.plot([], [], ls="", marker="s", ms=8, color="#d1d5db", label=say("day_closed", language))
        _name_axes(axes, days, [write_code(one, language=language) for one in names])
        bar = drawn.colorbar(drawing, ax=axes, extend="max", pad=0.01, aspect=30)
        bar.set_label(say("day_ratio", language), fontsize=9)
        bar.set_ticks([0, 0.5, 1, 1.5], labels=["0", "½", "1", "1½"])
        draw_legend(axes)
    return Figure(name, _finding(rows, source, title, language), drawn)


def _name_axes(axes: Any, days: pd.DatetimeIndex, names: list[str]) -> None:
    """Name the sources, and the Mondays, or the months where there are too many."""
    firsts = np.flatnonzero(days.day_of_week == 0)
    if len(firsts) > _MOST_TICKS:
        firsts = np.flatnonzero(days.day == 1)
    if not len(firsts):
        firsts = np.arange(0, len(days), max(1, -(-len(days) // _MOST_TICKS)))
    firsts = firsts[:: max(1, -(-len(firsts) // _MOST_TICKS))]
    axes.set_xticks(firsts + 0.5, [f"{days[place]:%m-%d}" for place in firsts], fontsize=9)
    axes.set_yticks(np.arange(len(names)) + 0.5, names)
    axes.invert_yaxis()
    axes.grid(visible=False)


def _finding(rows: pd.DataFrame, source: str, title: str, language: str | None) -> str:
    """Say how many days lack rows and where most; where none does, which day was the thinnest."""
    judged = rows[rows["state"].isin(["usual", "missing", "late"]) & rows["ratio"].notna()]
    counts = {state: int((judged["state"] == state).sum()) for state in ("missing", "late")}
    numbers = {
        "n": write_value(len(judged), "n", language=language), "k": judged[source].nunique(),
        **{state: write_value(count, "n", language=language) for state, count in counts.items()},
    }  # fmt: skip
    if judged.empty:
        return say("alt_empty", language, title=title)
    lacking = judged[judged["state"] != "usual"]
    if len(lacking):
        worst = lacking[source].value_counts(sort=True)
        most = sorted(worst[worst == worst.max()].index)[0]
        where = place_name(most, language)
        return say("alt_days", language, title=title, where=where, most=int(worst.max()), **numbers)
    least = judged.loc[judged["ratio"].astype(float).idxmin()]
    ratio = write_value(least["ratio"], "share", language=language)
    return say("alt_days_calm", language, title=title, where=place_name(least[source], language), ratio=ratio,
               day=place_name(pd.Timestamp(least["day_on"]), language), **numbers)  # fmt: skip
