"""Charts whose horizontal axis is time: trend, control chart, forecast, need against shift, scenarios by hour."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from csm_lib.show.chart_parts import (
    draw_legend,
    draw_target,
    measured,
    measured_at,
    missed_targets,
    name_places,
    nothing,
    place_name,
    written_all,
)
from csm_lib.show.drawing import COLOURS, Figure, canvas, label_axis, scale_of
from csm_lib.show.format import write_value
from csm_lib.show.messages import say
from csm_lib.show.translation import translated

__all__ = ["plot_control", "plot_forecast", "plot_need", "plot_scenarios", "plot_trend"]

_AXES = {"local_hour": "hour", "agent_load": "contacts_held"}  # columns whose numbers need a name beside them


def plot_trend(
    frame: pd.DataFrame,
    *,
    title: str,
    unit: str,
    period: str = "period",
    value: str = "value",
    low: str = "low",
    high: str = "high",
    target: float | None = None,
    better: str = "higher",
    language: str | None = None,
    name: str = "trend",
) -> Figure:
    """Draw a value over periods with its interval and target.

    Parameters
    ----------
    frame : DataFrame
        One row per period, oldest first; reads `period`, `value` and, where present, `low` and `high`.
    title, unit : str
    period, value, low, high : str
        Columns.
    target : float, optional
        In the unit of the value.
    better : {"higher", "lower"}
        Which side of the target is met.
    language : str, optional
    name : str

    Returns
    -------
    Figure
    """
    rows = measured(frame, value, period)
    with canvas(title, language=language) as (drawn, axes):
        if rows.empty:
            return nothing(drawn, axes, name, title, language)
        places, values = np.arange(len(rows)), rows[value].to_numpy(float)
        factor, shown = scale_of([*values, target or 0.0], unit)
        if low in rows and high in rows:
            bounds = rows[low].to_numpy(float) * factor, rows[high].to_numpy(float) * factor
            axes.fill_between(places, *bounds, color=COLOURS["band"], alpha=0.5, label=say("interval", language))
        axes.plot(places, values * factor, color=COLOURS["main"], marker="o", label=translated(title, language))
        draw_target(axes, target, factor, language)
        name_places(axes, rows[period], most=24 if period in _AXES else None, language=language)
        if period in _AXES:
            axes.set_xlabel(say(_AXES[period], language))
        label_axis(axes.yaxis, unit=unit, shown=shown, language=language)
    at = [place_name(entry, language) for entry in rows[period]]
    top, bottom = int(np.argmax(values)), int(np.argmin(values))
    alt = say(
        "alt_trend",
        language,
        title=title,
        start=at[0],
        end=at[-1],
        high_at=at[top],
        low_at=at[bottom],
        **written_all(
            {"first": values[0], "last": values[-1], "high": values[top], "low": values[bottom]}, unit, language
        ),
    )
    return Figure(name, alt + missed_targets(values, target, better, unit, language), drawn)


def plot_control(
    frame: pd.DataFrame,
    *,
    title: str,
    unit: str,
    label: str | None = None,
    language: str | None = None,
    name: str = "control",
) -> Figure:
    """Draw a control chart; signals are marked by shape and colour.

    Parameters
    ----------
    frame : DataFrame
        One row per point, oldest first; reads `value centre low high is_signal`.
    title, unit : str
    label : str, optional
        Column that names the points; the index unless given. A column `phase`, where there is one, marks where limits
        start anew.
    language : str, optional
    name : str

    Returns
    -------
    Figure
    """
    rows = frame.assign(_at=frame[label] if label else frame.index)
    rows = measured(rows, "value", "_at")
    with canvas(title, language=language) as (drawn, axes):
        if rows.empty:
            return nothing(drawn, axes, name, title, language)
        places, values = np.arange(len(rows)), rows["value"].to_numpy(float)
        factor, shown = scale_of(values, unit)
        is_signal = rows["is_signal"].fillna(False).to_numpy(bool)
        for bound in ("low", "high"):
            line = rows[bound].to_numpy(float) * factor
            caption = say("limits", language) if bound == "low" else None
            axes.step(places, line, where="mid", color=COLOURS["muted"], ls="--", lw=1.2, label=caption)
        centre = rows["centre"].to_numpy(float)
        axes.step(places, centre * factor, where="mid", color=COLOURS["good"], lw=1.2, label=say("centre", language))
        axes.plot(places, values * factor, color=COLOURS["main"], marker="o", ms=4)
        axes.plot(
            places[is_signal],
            values[is_signal] * factor,
            ls="",
            marker="D",
            ms=8,
            color=COLOURS["second"],
            label=say("signal", language),
        )
        begun = _draw_phases(axes, rows)
        name_places(axes, rows["_at"], language=language)
        label_axis(axes.yaxis, unit=unit, shown=shown, language=language)
        draw_legend(axes)
    where = int(np.flatnonzero(is_signal)[-1]) if is_signal.any() else -1
    written = written_all({"value": values[where], "centre": centre[where], "last": values[-1]}, unit, language)
    key = "alt_control_signal" if is_signal.any() else "alt_control_calm"
    at = place_name(rows["_at"].iloc[where], language)
    alt = say(key, language, title=title, n=len(rows), k=is_signal.sum(), where=at, **written)
    if begun:
        alt += say("alt_phases", language, names=say("list_joint", language).join(begun))
    return Figure(name, alt, drawn)


def _draw_phases(axes: Axes, rows: pd.DataFrame) -> list[str]:
    """Mark where a new phase begins, with its name; give the names."""
    if "phase" not in rows:
        return []
    starts = np.flatnonzero((rows["phase"] != rows["phase"].shift()).to_numpy())[1:]
    for start in starts:
        axes.axvline(start - 0.5, color=COLOURS["second"], lw=1.2, ls="-.")
        axes.annotate(
            str(rows["phase"].iloc[start]), (start - 0.5, 1.0), xycoords=("data", "axes fraction"), xytext=(3, -10),
            textcoords="offset points", fontsize=8.5, color=COLOURS["second"],
        )  # fmt: skip
    return [str(rows["phase"].iloc[start]) for start in starts]


def plot_forecast(
    frame: pd.DataFrame,
    *,
    title: str,
    unit: str = "n",
    at: str = "date",
    observed: str = "observed",
    forecast: str = "forecast",
    low: str = "low",
    high: str = "high",
    level: float = 0.95,
    language: str | None = None,
    day: str | None = None,
    name: str = "forecast",
) -> Figure:
    """Draw what was observed, what is forecast and how sure that is.

    Parameters
    ----------
    frame : DataFrame
        One row per date, in order; reads `at`, `observed` (null in the future), `forecast` (null in the past), `low`
        and `high`.
    title, unit : str
    at, observed, forecast, low, high : str
        Columns.
    level : float, 0–1
        Share of the counts that the interval is meant to hold.
    day : str, optional
        Column with the name of the day; then the axis names days, where they begin, not every so many rows.
    language : str, optional
    name : str

    Returns
    -------
    Figure
    """
    with canvas(title, language=language) as (drawn, axes):
        frame = frame.reset_index(drop=True)
        ahead = frame[measured_at(frame, forecast, at)]
        if ahead.empty:
            return nothing(drawn, axes, name, title, language)
        places = pd.Series(np.arange(len(frame)), index=frame.index)
        factor, shown = scale_of(frame[[observed, forecast]].to_numpy(float).ravel(), unit)
        band = say("interval_at", language, level=f"{write_value(100 * level, 'exact', language=language)}%")
        bounds = ahead[low].to_numpy(float) * factor, ahead[high].to_numpy(float) * factor
        axes.plot(
            places, frame[observed].astype(float) * factor, color=COLOURS["muted"], label=say("observed", language)
        )
        there = places.loc[ahead.index]
        axes.fill_between(there, *bounds, color=COLOURS["band"], alpha=0.5, label=band)
        axes.plot(
            there, ahead[forecast] * factor, color=COLOURS["main"], ls="--", lw=2, label=say("forecast", language)
        )
        if day is None:
            name_places(axes, frame[at], language=language)
        else:
            is_first = frame[day].ne(frame[day].shift())
            axes.set_xticks(places[is_first].to_numpy(), frame.loc[is_first, day].map(str).tolist(), ha="left")
        label_axis(axes.yaxis, unit=unit, shown=shown, language=language)
        draw_legend(axes)
    top = ahead[forecast].astype(float).idxmax()
    numbers = {"mean": ahead[forecast].mean(), "high": ahead.loc[top, forecast], "before": frame[observed].mean()}
    alt = say(
        "alt_forecast",
        language,
        title=title,
        start=place_name(ahead[at].iloc[0], language),
        end=place_name(ahead[at].iloc[-1], language),
        where=place_name(ahead.loc[top, at], language),
        **written_all(numbers, unit, language),
    )
    return Figure(name, alt, drawn)


def plot_need(
    frame: pd.DataFrame,
    *,
    title: str,
    interval: str = "interval_start",
    needed: str = "needed",
    on_shift: str = "on_shift",
    language: str | None = None,
    name: str = "need",
) -> Figure:
    """Compare the agents needed with those on shift, interval by interval; too few is hatched.

    Where nobody is known to be on shift, the need stands alone.

    Parameters
    ----------
    frame : DataFrame
        One row per interval, in order; reads `interval`, `needed`, `on_shift`.
    title : str
    interval, needed, on_shift : str
        Columns.
    language : str, optional
    name : str

    Returns
    -------
    Figure
    """
    rows = measured(frame, needed, interval)
    is_staffed = bool(rows[on_shift].notna().any())
    rows = rows.dropna(subset=[on_shift]).reset_index(drop=True) if is_staffed else rows
    with canvas(title, language=language) as (drawn, axes):
        if rows.empty:
            return nothing(drawn, axes, name, title, language)
        places = np.arange(len(rows))
        need, have = rows[needed].to_numpy(float), rows[on_shift].to_numpy(float)
        axes.step(places, need, where="mid", color=COLOURS["second"], lw=2, label=say("needed", language))
        axes.set_ylim(0, 1.08 * max(1.0, np.nanmax([*need, *have])))
        name_places(axes, rows[interval], language=language)
        axes.set_ylabel(say("agents", language))
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        if not is_staffed:
            draw_legend(axes)
            return Figure(name, _need_alone(rows[interval], need, title, language), drawn)
        axes.step(places, have, where="mid", color=COLOURS["main"], lw=2, ls="--", label=say("on_shift", language))
        is_short = need > have
        if is_short.any():
            axes.bar(
                places[is_short],
                (need - have)[is_short],
                bottom=have[is_short],
                width=1.0,
                facecolor="#f3c9a8",
                hatch="///",
                edgecolor=COLOURS["second"],
                lw=0,
                label=say("shortage", language),
            )
        draw_legend(axes)
    missing = need - have
    worst = int(np.argmax(missing))
    alt = say(
        "alt_need_short" if missing[worst] > 0 else "alt_need_met",
        language,
        title=title,
        n=len(rows),
        k=int((missing > 0).sum()),
        where=place_name(rows[interval].iloc[worst], language),
        missing=write_value(missing[worst], "exact", language=language),
    )
    return Figure(name, alt, drawn)


def _need_alone(places: pd.Series, need: np.ndarray, title: str, language: str | None) -> str:
    top = int(np.argmax(need))
    return say(
        "alt_need_alone",
        language,
        title=title,
        n=len(need),
        where=place_name(places.iloc[top], language),
        high=write_value(need[top], "exact", language=language),
    )


def plot_scenarios(
    frame: pd.DataFrame,
    *,
    title: str,
    unit: str,
    hour: str = "local_hour",
    before: str = "before",
    after: str = "after",
    captions: tuple[str, str] = ("before", "after"),
    target: float | None = None,
    language: str | None = None,
    name: str = "scenarios",
) -> Figure:
    """Compare two scenarios hour by hour.

    Parameters
    ----------
    frame : DataFrame
        One row per hour, in order; reads `hour`, `before`, `after`.
    title, unit : str
    hour, before, after : str
        Columns.
    captions : tuple of (str, str)
        What the two lines are called: keys of `csm_lib.show.messages.MESSAGES`.
    target : float, optional
    language : str, optional
    name : str

    Returns
    -------
    Figure
    """
    rows = measured(frame.dropna(subset=[after]), before, hour)
    with canvas(title, language=language) as (drawn, axes):
        if rows.empty:
            return nothing(drawn, axes, name, title, language)
        places, old, new = np.arange(len(rows)), rows[before].to_numpy(float), rows[after].to_numpy(float)
        factor, shown = scale_of([*old, *new, target or 0.0], unit)
        axes.plot(places, old * factor, color=COLOURS["muted"], marker="o", ls="--", label=say(captions[0], language))
        axes.plot(places, new * factor, color=COLOURS["main"], marker="s", label=say(captions[1], language))
        draw_target(axes, target, factor, language)
        name_places(axes, rows[hour], most=24, language=language)
        axes.set_xlabel(say("hour", language))
        label_axis(axes.yaxis, unit=unit, shown=shown, language=language)
        draw_legend(axes)
    most = int(np.argmax(np.abs(new - old)))
    numbers = {"before": old[most], "after": new[most], "mean_before": old.mean(), "mean_after": new.mean()}
    where = place_name(rows[hour].iloc[most], language)
    called = {"first": say(captions[0], language).lower(), "second": say(captions[1], language).lower()}
    key = "alt_scenarios" if captions == ("before", "after") else "alt_compared"
    alt = say(key, language, title=title, where=where, **called, **written_all(numbers, unit, language))
    return Figure(name, alt, drawn)
