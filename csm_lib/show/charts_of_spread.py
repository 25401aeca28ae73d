"""Charts that ask whether a difference is more than chance: funnels, shrunken rankings, drifts; and the backlog."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from csm_lib.errors import SettingError
from csm_lib.show.chart_parts import draw_legend, draw_target, measured, name_places, nothing, place_name, written_all
from csm_lib.show.drawing import COLOURS, Figure, canvas, label_axis, scale_of
from csm_lib.show.format import write_value
from csm_lib.show.messages import say

__all__ = ["plot_backlog", "plot_drift", "plot_funnel", "plot_ranking"]

_GREYS = ("#dbe7f0", "#9cc3de", "#4f91bd", "#0b5d94", "#c4500a")  # young to old; the oldest stands out
_HATCHES = ("", "", "", "", "//")


def plot_funnel(
    frame: pd.DataFrame,
    *,
    line: pd.DataFrame,
    title: str,
    unit: str,
    group: str = "team",
    language: str | None = None,
    name: str = "funnel",
) -> Figure:
    """Draw groups by size against limits that narrow with it; those outside are marked and named.

    Parameters
    ----------
    frame : DataFrame
        As `csm_lib.measure.funnel.funnel` gives; reads `group size value is_outside reference`.
    line : DataFrame
        As `csm_lib.measure.funnel.funnel_line` gives.
    title, unit : str
    group : str
        Column.
    language : str, optional
    name : str

    Returns
    -------
    Figure
    """
    rows = measured(frame, "value", group)
    with canvas(title, language=language, height=4.0) as (drawn, axes):
        if rows.empty:
            return nothing(drawn, axes, name, title, language)
        sizes, values = rows["size"].to_numpy(float), rows["value"].to_numpy(float)
        factor, shown = scale_of([*values, *line["high_far"].fillna(0.0)], unit)
        for end, style, caption in (("", "--", "near_limits"), ("_far", "-", "far_limits")):
            for bound in (f"low{end}", f"high{end}"):
                label = say(caption, language) if bound.startswith("low") else None
                axes.plot(line["size"], line[bound] * factor, color=COLOURS["muted"], ls=style, lw=1.2, label=label)
        axes.axhline(rows["reference"].iloc[0] * factor, color=COLOURS["good"], lw=1.2, label=say("centre", language))
        is_out = rows["is_outside"].to_numpy(bool)
        axes.plot(sizes[~is_out], values[~is_out] * factor, ls="", marker="o", ms=6, color=COLOURS["main"])
        axes.plot(sizes[is_out], values[is_out] * factor, ls="", marker="D", ms=8, color=COLOURS["second"])
        for place in np.flatnonzero(is_out if len(rows) > 12 else np.ones(len(rows), dtype=bool)):
            axes.annotate(place_name(rows[group].iloc[place], language), (sizes[place], values[place] * factor),
                          xytext=(6, 6), textcoords="offset points", fontsize=9)  # fmt: skip
        axes.set_xlabel(say("group_size", language))
        label_axis(axes.yaxis, unit=unit, shown=shown, language=language)
        draw_legend(axes)
    outside = [place_name(entry, language) for entry in rows.loc[is_out, group]]
    centre = write_value(rows["reference"].iloc[0], unit, language=language)
    names = say("list_joint", language).join(outside)
    key = "alt_funnel" if outside else "alt_funnel_calm"
    return Figure(name, say(key, language, title=title, k=len(outside), n=len(rows), centre=centre, names=names), drawn)


def plot_ranking(
    frame: pd.DataFrame,
    *,
    title: str,
    unit: str,
    group: str = "team",
    target: float | None = None,
    language: str | None = None,
    name: str = "ranking",
) -> Figure:
    """Draw groups in order of their shrunken value, with its interval, and the value as measured beside it.

    Parameters
    ----------
    frame : DataFrame
        As `csm_lib.measure.funnel.shrunken_ranking` gives; reads `group value low high raw`, best first.
    title, unit : str
    group : str
        Column.
    target : float, optional
    language : str, optional
    name : str

    Returns
    -------
    Figure
    """
    rows = measured(frame, "value", group)
    with canvas(title, language=language, height=1.6 + 0.38 * max(len(rows), 2)) as (drawn, axes):
        if rows.empty:
            return nothing(drawn, axes, name, title, language)
        places, values, raw = np.arange(len(rows)), rows["value"].to_numpy(float), rows["raw"].to_numpy(float)
        factor, shown = scale_of([*values, *raw, target or 0.0], unit)
        reach = np.abs(rows[["low", "high"]].to_numpy(float).T - values) * factor
        axes.errorbar(values * factor, places, xerr=reach, fmt="o", color=COLOURS["main"], ecolor=COLOURS["main"],
                      capsize=3, lw=1.4, label=say("shrunken", language))  # fmt: skip
        axes.plot(raw * factor, places, ls="", marker="|", ms=14, mew=2, color=COLOURS["second"],
                  label=say("as_measured", language))  # fmt: skip
        draw_target(axes, target, factor, language, upright=True)
        axes.set_yticks(places, [place_name(entry, language) for entry in rows[group]])
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.grid(visible=False, axis="y")
        label_axis(axes.xaxis, unit=unit, shown=shown, language=language)
        draw_legend(axes)
    numbers = {"best_value": values[0], "worst_value": values[-1], "best_raw": raw[0], "worst_raw": raw[-1]}
    ends = [place_name(rows[group].iloc[place], language) for place in (0, -1)]
    alt = say("alt_ranking", language, title=title, best=ends[0], worst=ends[1], **written_all(numbers, unit, language))
    return Figure(name, alt, drawn)


def plot_drift(
    frame: pd.DataFrame,
    *,
    title: str,
    unit: str,
    label: str = "local_date",
    language: str | None = None,
    name: str = "drift",
) -> Figure:
    """Draw the weighted mean of a series against its limits; the points themselves stay faint behind it.

    Parameters
    ----------
    frame : DataFrame
        As `csm_lib.measure.ewma.drift_series` gives; reads `label value smoothed centre low high is_signal`.
    title, unit : str
    label : str
        Column that names the points.
    language : str, optional
    name : str

    Returns
    -------
    Figure
    """
    rows = measured(frame, "smoothed", label)
    with canvas(title, language=language) as (drawn, axes):
        if rows.empty or rows["value"].isna().all():
            return nothing(drawn, axes, name, title, language)
        places, path = np.arange(len(rows)), rows["smoothed"].to_numpy(float)
        factor, shown = scale_of(rows["value"], unit)
        is_signal = rows["is_signal"].fillna(False).to_numpy(bool)
        axes.plot(places, rows["value"] * factor, ls="", marker=".", ms=4, color=COLOURS["band"],
                  label=say("observed", language))  # fmt: skip
        for bound in ("low", "high"):
            caption = say("limits", language) if bound == "low" else None
            axes.step(places, rows[bound] * factor, where="mid", color=COLOURS["muted"], ls="--", lw=1.2, label=caption)
        axes.step(places, rows["centre"] * factor, where="mid", color=COLOURS["good"], lw=1.2,
                  label=say("centre", language))  # fmt: skip
        axes.plot(places, path * factor, color=COLOURS["main"], lw=1.8, label=say("smoothed", language))
        axes.plot(places[is_signal], path[is_signal] * factor, ls="", marker="D", ms=6, color=COLOURS["second"],
                  label=say("signal", language))  # fmt: skip
        name_places(axes, rows[label], language=language)
        label_axis(axes.yaxis, unit=unit, shown=shown, language=language)
        draw_legend(axes)
    where = int(np.flatnonzero(is_signal)[0]) if is_signal.any() else -1
    numbers = {"value": path[where], "centre": float(rows["centre"].iloc[where]), "last": path[-1]}
    key = "alt_drift_signal" if is_signal.any() else "alt_drift_calm"
    alt = say(key, language, title=title, n=len(rows), k=int(is_signal.sum()),
              where=place_name(rows[label].iloc[where], language), **written_all(numbers, unit, language))  # fmt: skip
    return Figure(name, alt, drawn)


def plot_backlog(
    frame: pd.DataFrame, *, title: str, at: str = "at", language: str | None = None, name: str = "backlog"
) -> Figure:
    """Draw what was open at each look, by age; the oldest group is hatched.

    Parameters
    ----------
    frame : DataFrame
        As `csm_lib.measure.backlog.backlog_trend` gives; reads `at n_open` and its age groups (`n_below_24h` …,
        `n_from_720h`), young to old.
    title : str
    at : str
        Column.
    language : str, optional
    name : str

    Returns
    -------
    Figure

    Raises
    ------
    SettingError
        If there is no age group.
    """
    groups = [column for column in frame if str(column).startswith(("n_below_", "n_from_"))]
    if not groups:
        raise SettingError("backlog must have a column per age group, got none. Pass what `backlog_trend` gives.")
    rows = measured(frame, "n_open", at)
    with canvas(title, language=language) as (drawn, axes):
        if rows.empty:
            return nothing(drawn, axes, name, title, language)
        places, below = np.arange(len(rows)), np.zeros(len(rows))
        for i, column in enumerate(groups):
            counts, shade = rows[column].to_numpy(float), round(i * (len(_GREYS) - 1) / max(1, len(groups) - 1))
            axes.bar(places, counts, bottom=below, width=0.85, color=_GREYS[shade], hatch=_HATCHES[shade],
                     edgecolor="white", lw=0.4, label=_age_name(column, language))  # fmt: skip
            below = below + counts
        axes.set_ylim(0, 1.08 * max(1.0, below.max()))
        name_places(axes, pd.Series([pd.Timestamp(entry).tz_localize(None).normalize() for entry in rows[at]]))
        axes.set_ylabel(say("open_contacts", language))
        draw_legend(axes)
    top = int(np.argmax(rows["n_open"].to_numpy(float)))
    numbers = {"first": rows["n_open"].iloc[0], "last": rows["n_open"].iloc[-1], "high": rows["n_open"].iloc[top]}
    when = place_name(pd.Timestamp(rows[at].iloc[top]).tz_localize(None).normalize(), language)
    alt = say("alt_backlog", language, title=title, high_at=when, **written_all(numbers, "n", language))
    return Figure(name, alt, drawn)


def _age_name(column: Any, language: str | None) -> str:
    """Write an age group's column, as `n_below_24h`, in words."""
    _, side, bound = str(column).split("_")
    hours = float(bound.removesuffix("h"))
    unit, size = ("h", hours) if hours < 48 else ("d", hours / 24)
    return say(f"age_{side}_{unit}", language, bound=write_value(size, "exact", language=language))
