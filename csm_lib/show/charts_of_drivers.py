"""What drives satisfaction, in two pictures: how much each part matters, and where what matters is done badly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from csm_lib.show.chart_parts import measured, nothing, place_name
from csm_lib.show.drawing import COLOURS, Figure, canvas, label_axis
from csm_lib.show.format import write_value
from csm_lib.show.messages import say

__all__ = ["plot_importance", "plot_importance_performance"]


def plot_importance(
    frame: pd.DataFrame, *, title: str, language: str | None = None, name: str = "importance"
) -> Figure:
    """Draw each driver's part of what is explained, with its interval, largest first.

    Parameters
    ----------
    frame : DataFrame
        As `csm_lib.explain.drivers.drivers` gives: reads `driver importance low high`.
    title : str
    language : str, optional
    name : str

    Returns
    -------
    Figure
    """
    rows = measured(frame, "importance", "driver").sort_values("importance", ascending=False, ignore_index=True)
    with canvas(title, language=language, height=1.4 + 0.42 * max(len(rows), 2)) as (drawn, axes):
        if rows.empty:
            return nothing(drawn, axes, name, title, language)
        places, values = np.arange(len(rows)), rows["importance"].to_numpy(float) * 100
        axes.barh(places, values, color=COLOURS["main"], height=0.6)
        reach = np.clip([values - rows["low"] * 100, rows["high"] * 100 - values], 0, None)
        axes.errorbar(values, places, xerr=reach, fmt="none", ecolor="#111827", capsize=3, lw=1.2)
        axes.set_yticks(places, [place_name(entry, language) for entry in rows["driver"]])
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        label_axis(axes.xaxis, unit="share", shown="share", language=language)
        axes.set_xlabel(say("importance_axis", language))
    first = rows.iloc[0]
    alt = say(
        "alt_importance", language, title=title, driver=place_name(first["driver"], language),
        share=write_value(first["importance"], "share", language=language), n=len(rows),
        whole=write_value(rows["importance"].sum(), "share", language=language),
    )  # fmt: skip
    return Figure(name, alt, drawn)


def plot_importance_performance(
    frame: pd.DataFrame, *, title: str, language: str | None = None, name: str = "importance_performance"
) -> Figure:
    """Draw importance against performance; what matters much and is rated low comes first.

    Parameters
    ----------
    frame : DataFrame
        As `csm_lib.explain.drivers.drivers` gives, drivers of one scale: reads `driver share_of_explained share_low
        share_high mean mean_low mean_high`.
    title : str
    language : str, optional
    name : str

    Returns
    -------
    Figure
        Four fields, parted at the means of the drivers drawn.
    """
    rows = measured(frame, "mean", "driver")
    with canvas(title, language=language, height=4.8) as (drawn, axes):
        if rows.empty:
            return nothing(drawn, axes, name, title, language)
        across, up = rows["mean"].to_numpy(float), rows["share_of_explained"].to_numpy(float) * 100
        reach = [_reach(rows, "mean", 1.0), _reach(rows, "share", 100.0, middle=up)]
        axes.errorbar(across, up, xerr=reach[0], yerr=reach[1], fmt="o", ms=7, color=COLOURS["main"], lw=1, capsize=2)
        middle = float(across.mean()), float(up.mean())
        axes.axvline(middle[0], color=COLOURS["muted"], lw=1, ls="--")
        axes.axhline(middle[1], color=COLOURS["muted"], lw=1, ls="--")
        for row, x, y in zip(rows.itertuples(), across, up, strict=True):
            axes.annotate(place_name(row.driver, language), (x, y), xytext=(7, 7), textcoords="offset points")
        axes.margins(x=0.25, y=0.2)
        for field, at, align in (
            ("field_first", (0.01, 0.98), "left"), ("field_keep", (0.99, 0.98), "right"),
            ("field_later", (0.01, 0.02), "left"), ("field_enough", (0.99, 0.02), "right"),
        ):  # fmt: skip
            axes.text(*at, say(field, language), transform=axes.transAxes, ha=align, fontsize=9, color=COLOURS["muted"],
                      va="top" if at[1] > 0.5 else "bottom", style="italic")  # fmt: skip
        axes.set_xlabel(say("performance_axis", language))
        label_axis(axes.yaxis, unit="share", shown="share", language=language)
        axes.set_ylabel(say("share_axis", language))
    urgent = rows[(across < middle[0]) & (up >= middle[1])]
    words = say("comma", language).join(place_name(entry, language) for entry in urgent["driver"])
    key = "alt_matrix_urgent" if len(urgent) else "alt_matrix_calm"
    top = place_name(rows.sort_values("share_of_explained")["driver"].iloc[-1], language)
    return Figure(name, say(key, language, title=title, drivers=words, n=len(rows), top=top), drawn)


def _reach(rows: pd.DataFrame, column: str, factor: float, middle: Any = None) -> np.ndarray:
    """How far an interval reaches below and above."""
    centre = rows[column].to_numpy(float) if middle is None else middle
    low, high = (rows[f"{column}_{side}"].to_numpy(float) * factor for side in ("low", "high"))
    return np.nan_to_num(np.clip([centre - low, high - centre], 0, None))
