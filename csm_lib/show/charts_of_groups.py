"""Charts that compare groups: teams, causes, hours of the week, segments behind a change."""

from __future__ import annotations

import numpy as np
import pandas as pd

from csm_lib.errors import SettingError
from csm_lib.show.changes import unit_of_change, write_change
from csm_lib.show.chart_parts import (
    draw_legend,
    draw_target,
    measured,
    missed_targets,
    name_places,
    nothing,
    place_name,
    written_all,
)
from csm_lib.show.drawing import COLOURS, Figure, canvas, label_axis, scale_of
from csm_lib.show.format import write_value
from csm_lib.show.messages import say

__all__ = ["plot_heatmap", "plot_pareto", "plot_teams", "plot_waterfall"]


def plot_teams(
    frame: pd.DataFrame,
    *,
    title: str,
    unit: str,
    group: str = "team",
    value: str = "value",
    low: str = "low",
    high: str = "high",
    target: float | None = None,
    better: str = "higher",
    language: str | None = None,
    name: str = "teams",
) -> Figure:
    """Compare groups by horizontal bars with intervals, best first.

    Parameters
    ----------
    frame : DataFrame
        One row per group; reads `group`, `value` and, where present, `low` and `high`.
    title, unit : str
    group, value, low, high : str
        Columns.
    target : float, optional
    better : {"higher", "lower"}
    language : str, optional
    name : str

    Returns
    -------
    Figure
    """
    rows = measured(frame, value, group).sort_values([value, group], ascending=[better == "lower", True])
    with canvas(title, language=language, height=1.4 + 0.42 * max(len(rows), 2)) as (drawn, axes):
        if rows.empty:
            return nothing(drawn, axes, name, title, language)
        places, values = np.arange(len(rows)), rows[value].to_numpy(float)
        factor, shown = scale_of([*values, target or 0.0], unit)
        axes.barh(places, values * factor, color=COLOURS["main"], height=0.62)
        if low in rows and high in rows:
            reach = np.abs(rows[[low, high]].to_numpy(float).T - values) * factor
            axes.errorbar(values * factor, places, xerr=reach, fmt="none", ecolor="#111827", capsize=3, lw=1.2)
        draw_target(axes, target, factor, language, upright=True)
        axes.margins(x=0.05)
        axes.set_yticks(places, [place_name(entry, language) for entry in rows[group]])
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        label_axis(axes.xaxis, unit=unit, shown=shown, language=language)
    ends = rows.iloc[[0, -1]]
    alt = say(
        "alt_teams",
        language,
        title=title,
        best=place_name(ends[group].iloc[0], language),
        worst=place_name(ends[group].iloc[1], language),
        **written_all({"best_value": values[0], "worst_value": values[-1]}, unit, language),
    )
    return Figure(name, alt + missed_targets(values, target, better, unit, language), drawn)


def plot_pareto(
    frame: pd.DataFrame,
    *,
    title: str,
    label: str = "cause",
    count: str = "n",
    language: str | None = None,
    name: str = "pareto",
) -> Figure:
    """Draw counts sorted by size with their cumulative share.

    Parameters
    ----------
    frame : DataFrame
        One row per cause; reads `label` and `count`.
    title : str
    label, count : str
        Columns.
    language : str, optional
    name : str

    Returns
    -------
    Figure
    """
    rows = measured(frame, count, label)
    rows = rows[rows[count] > 0].sort_values([count, label], ascending=[False, True])
    with canvas(title, language=language, height=4.0) as (drawn, axes):
        if rows.empty:
            return nothing(drawn, axes, name, title, language)
        places, counts = np.arange(len(rows)), rows[count].to_numpy(float)
        shares = counts.cumsum() / counts.sum()
        axes.bar(places, counts, color=COLOURS["main"], label=say("count", language))
        name_places(axes, rows[label], most=len(rows), turn=len(rows) > 5, language=language)
        label_axis(axes.yaxis, unit="n", language=language)
        right = axes.twinx()
        right.plot(places, shares * 100, color=COLOURS["second"], marker="s", label=say("cumulative", language))
        right.set_ylim(0, 105)
        right.grid(visible=False)
        label_axis(right.yaxis, unit="share", language=language)
        right.set_ylabel(say("cumulative", language))
    few = int(np.searchsorted(shares, 0.8 - 1e-12)) + 1
    alt = say(
        "alt_pareto",
        language,
        title=title,
        top=place_name(rows[label].iloc[0], language),
        k=few,
        n=write_value(counts.sum(), "n", language=language),
        share=write_value(shares[0], "share", language=language),
    )
    return Figure(name, alt, drawn)


def plot_heatmap(
    frame: pd.DataFrame,
    *,
    title: str,
    unit: str,
    value: str = "value",
    hour: str = "local_hour",
    weekday: str = "weekday",
    better: str = "higher",
    language: str | None = None,
    name: str = "heatmap",
) -> Figure:
    """Draw a value by hour and weekday; every cell has its number, so that colour is not the only sign.

    Parameters
    ----------
    frame : DataFrame
        One row per weekday (1 Monday … 7 Sunday) and hour (0–23); reads `weekday`, `hour`, `value`.
    title, unit : str
    value, hour, weekday : str
        Columns.
    better : {"higher", "lower"}
        Which end is light; what needs a look is dark in every heat map.
    language : str, optional
    name : str

    Returns
    -------
    Figure

    Raises
    ------
    SettingError
        If a weekday and hour occur twice.
    """
    rows = measured(frame, value, hour)
    if rows.duplicated([weekday, hour]).any():
        raise SettingError("heatmap must have one row per weekday and hour, got several. Aggregate them first.")
    days = say("weekdays", language).split()
    with canvas(title, language=language, height=4.0, width=9.0) as (drawn, axes):
        if rows.empty:
            return nothing(drawn, axes, name, title, language)
        grid = rows.pivot(index=weekday, columns=hour, values=value).sort_index()
        factor, shown = scale_of(rows[value], unit)
        cells = grid.to_numpy(float) * factor
        middle = (np.nanmin(cells) + np.nanmax(cells)) / 2
        is_light_high = better == "higher"
        axes.pcolormesh(cells, cmap="cividis" if is_light_high else "cividis_r", edgecolors="white", linewidth=0.8)
        for (down, across), cell in np.ndenumerate(cells):
            if cell == cell:
                ink = "white" if (cell < middle) == is_light_high else "black"
                is_whole = unit != "n" or abs(cell - round(cell)) < 0.05  # 2.5 agents missing are not 2
                written = f"{cell:.0f}" if is_whole else f"{cell:.1f}"
                axes.text(across + 0.5, down + 0.5, written, ha="center", va="center", color=ink, fontsize=8)
        axes.set_yticks(np.arange(len(grid)) + 0.5, [days[int(day) - 1] for day in grid.index])
        axes.set_xticks(np.arange(grid.shape[1]) + 0.5, [str(int(at)) for at in grid.columns])
        axes.invert_yaxis()
        axes.grid(visible=False)
        axes.set_title(say("title_with_unit", language, title=title, unit=say(f"unit_{shown}", language)), loc="left")
        axes.set_xlabel(say("hour", language))
    top, bottom = rows.loc[rows[value].idxmax()], rows.loc[rows[value].idxmin()]
    alt = say(
        "alt_heatmap",
        language,
        title=title,
        high_day=days[int(top[weekday]) - 1],
        high_hour=int(top[hour]),
        low_day=days[int(bottom[weekday]) - 1],
        low_hour=int(bottom[hour]),
        **written_all({"high": top[value], "low": bottom[value]}, unit, language),
    )
    return Figure(name, alt, drawn)


def plot_waterfall(
    frame: pd.DataFrame,
    *,
    title: str,
    unit: str,
    segment: str = "segment",
    language: str | None = None,
    name: str = "waterfall",
) -> Figure:
    """Show which segments moved an overall ratio, split into mix and rate; the parts add up to the change.

    Parameters
    ----------
    frame : DataFrame
        One row per segment; reads `segment`, `mix`, `rate`, `total`.
    title, unit : str
    segment : str
        Column.
    language : str, optional
    name : str

    Returns
    -------
    Figure
    """
    rows = measured(frame, "total", segment)
    rows = rows.reindex(rows["total"].abs().sort_values(ascending=False, kind="stable").index)
    with canvas(title, language=language, height=1.6 + 0.5 * max(len(rows), 2)) as (drawn, axes):
        if rows.empty:
            return nothing(drawn, axes, name, title, language)
        places = np.arange(len(rows))
        parts = rows[["mix", "rate", "total"]].to_numpy(float).T
        factor, shown = scale_of(parts.ravel(), unit_of_change(unit))
        for part, caption, colour, hatch, shift in (
            (parts[0], "mix", "band", "//", -0.2), (parts[1], "rate", "main", None, 0.2),
        ):  # fmt: skip
            axes.barh(
                places + shift,
                part * factor,
                height=0.36,
                color=COLOURS[colour],
                hatch=hatch,
                edgecolor="white",
                label=say(caption, language),
            )
        axes.axvline(0, color="#111827", lw=1)
        axes.set_yticks(places, [place_name(entry, language) for entry in rows[segment]])
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        label_axis(axes.xaxis, unit=unit, shown=shown, language=language)
        draw_legend(axes)
    numbers = {"total": parts[2].sum(), "mix": parts[0].sum(), "rate": parts[1].sum(), "part": parts[2][0]}
    written = {key: write_change(entry, unit, language) for key, entry in numbers.items()}
    alt = say("alt_waterfall", language, title=title, segment=place_name(rows[segment].iloc[0], language), **written)
    return Figure(name, alt, drawn)
