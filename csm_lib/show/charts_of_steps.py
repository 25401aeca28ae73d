"""From one figure to another in steps: a waterfall whose steps add up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from csm_lib.definitions import INDICATORS
from csm_lib.show.changes import write_change
from csm_lib.show.chart_parts import measured, nothing
from csm_lib.show.drawing import COLOURS, Figure, canvas, label_axis, scale_of
from csm_lib.show.format import name_indicator, write_code, write_value
from csm_lib.show.messages import say
from csm_lib.show.translation import translated

__all__ = ["name_step", "plot_bridge"]


def plot_bridge(frame: pd.DataFrame, *, title: str, language: str | None = None, name: str = "bridge") -> Figure:
    """Draw how official figures become ours, one panel each: two ends, and between them the steps.

    Parameters
    ----------
    frame : DataFrame
        As `csm_lib.measure.bridge.bridge` gives: reads `source key step detail change level unit`.
    title : str
    language : str, optional
    name : str

    Returns
    -------
    Figure
        Figures of which nothing of ours was measured are left out.
    """
    rows = measured(frame, "level", "step")
    whole = rows.groupby(["key", "source"], sort=False)["step"].transform(lambda steps: (steps == "ours").any())
    rows = rows[whole.astype(bool)] if len(rows) else rows
    parts = [part.reset_index(drop=True) for _, part in rows.groupby(["key", "source"], sort=False)]
    lengths = [len(part) + 1.6 for part in parts]
    with canvas(title, language=language, height=0.5 + 0.4 * max(sum(lengths), 4)) as (drawn, axes):
        if not parts:
            return nothing(drawn, axes, name, title, language)
        axes.remove()
        drawn.suptitle(translated(title, language), x=0.01, ha="left")
        panels = drawn.subplots(len(parts), 1, squeeze=False, height_ratios=lengths).ravel()
        alts = [_draw(panel, part, language) for panel, part in zip(panels, parts, strict=True)]
    return Figure(name, " ".join(alts), drawn)


def name_step(step: str, detail: str, *, language: str | None = None) -> str:
    """Write what a step does in words.

    Parameters
    ----------
    step : str
        One of `csm_lib.measure.bridge.STEPS`.
    detail : str
        The vendor's choice; nothing for the rest and for ours.
    language : str, optional

    Returns
    -------
    str

    Examples
    --------
    >>> name_step("exclusions", "short_abandons")
    'Exclusions: short abandons'
    """
    called = say(f"bridge_{step}", language)
    return called + say("colon", language) + write_code(detail, language=language) if detail else called


def _draw(panel: Any, rows: pd.DataFrame, language: str | None) -> str:
    """Draw one bridge and say what it shows."""
    key, unit = rows["key"].iloc[0], rows["unit"].iloc[0]
    meant = INDICATORS.get(key)
    called = key if meant is None else name_indicator(meant.key, language=language)
    level, change = rows["level"].to_numpy(float), rows["change"].to_numpy(float)
    factor, shown = scale_of(level, unit)
    places = np.arange(len(rows))
    is_end = rows["step"].isin(["official", "ours"]).to_numpy()
    drawn = ~is_end & ~np.isnan(change)
    bars = (places[drawn], change[drawn] * factor), {"left": (level - change)[drawn] * factor}
    hatches = ["///" if step == "rest" else None for step in rows["step"][drawn]]
    colours = ["#f3c9a8" if hatch else COLOURS["band"] for hatch in hatches]
    panel.barh(*bars[0], **bars[1], height=0.6, color=colours, hatch=hatches, edgecolor="#374151", lw=0.8)
    panel.step(level * factor, places, where="pre", color=COLOURS["muted"], lw=0.9, ls=":", zorder=0)
    panel.plot(level[is_end] * factor, places[is_end], ls="", marker="D", ms=8, color=COLOURS["main"])
    spread = (level.max() - level.min()) * factor or abs(level[0]) * factor * 0.05 or 1.0
    for place in places:
        text = _written(level[place] if is_end[place] else change[place], unit, bool(is_end[place]), language)
        right = max(level[place], level[place] - (0.0 if is_end[place] or np.isnan(change[place]) else change[place]))
        panel.annotate(
            text, (right * factor, place), xytext=(8, 0), textcoords="offset points", va="center", fontsize=9
        )
    panel.set_xlim(level.min() * factor - 0.08 * spread, level.max() * factor + 0.3 * spread)
    panel.set_yticks(
        places, [name_step(*pair, language=language) for pair in zip(rows["step"], rows["detail"], strict=True)]
    )
    panel.invert_yaxis()
    panel.grid(visible=False, axis="y")
    panel.set_title(called, loc="left", fontsize=10.5)
    label_axis(panel.xaxis, unit=unit, shown=shown, language=language)
    return _finding(rows, called, unit, language)


def _written(number: float, unit: str, is_end: bool, language: str | None) -> str:
    if is_end:
        return write_value(number, unit, language=language)
    if np.isnan(number):
        return say("bridge_undone", language)
    return write_change(number, unit, language)


def _finding(rows: pd.DataFrame, called: str, unit: str, language: str | None) -> str:
    changes = rows.groupby("step", sort=False)["change"].sum()
    ends = rows.set_index("step")["level"]
    explained = changes.drop(["official", "rest", "ours"], errors="ignore").sum()
    return say(
        "alt_bridge",
        language,
        title=called,
        official=write_value(ends["official"], unit, language=language),
        ours=write_value(ends["ours"], unit, language=language),
        explained=write_change(explained, unit, language),
        rest=write_change(changes["rest"], unit, language),
    )
