"""Several indicators over time in one picture, each with its own scale: the page of the impatient reader."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from csm_lib.definitions import INDICATORS
from csm_lib.show.chart_parts import measured, missed_targets, name_places, nothing, place_name, written_all
from csm_lib.show.drawing import COLOURS, Figure, canvas, label_axis, scale_of
from csm_lib.show.format import name_indicator
from csm_lib.show.messages import say
from csm_lib.show.translation import translated

__all__ = ["plot_trends"]

_COLUMNS = 2


def plot_trends(
    frame: pd.DataFrame, *, title: str, language: str | None = None, name: str = "trends", most_labels: int = 5
) -> Figure:
    """Draw indicators over periods side by side, each with its interval and the targets valid then.

    Parameters
    ----------
    frame : DataFrame
        As `csm_lib.measure.gaps.history` gives: one row per key and period, `key period value low high unit target`.
    title : str
    language : str, optional
    name : str
    most_labels : int
        Most periods named on an axis.

    Returns
    -------
    Figure
        Indicators without any value are left out.
    """
    rows = measured(frame, "value", "period")
    keys = list(dict.fromkeys(rows["key"]))
    n_down = max(1, -(-len(keys) // _COLUMNS))
    with canvas(title, language=language, height=0.4 + 2.3 * n_down) as (drawn, axes):
        if not keys:
            return nothing(drawn, axes, name, title, language)
        axes.remove()
        drawn.suptitle(translated(title, language), x=0.01, ha="left")
        panels = drawn.subplots(n_down, _COLUMNS, squeeze=False).ravel()
        alts = [
            _draw(panel, rows[rows["key"] == key].reset_index(drop=True), language, most_labels)
            for key, panel in zip(keys, panels, strict=False)
        ]
        for panel in panels[len(keys) :]:
            panel.set_axis_off()
    return Figure(name, " ".join(alts), drawn)


def _draw(panel: Any, rows: pd.DataFrame, language: str | None, most_labels: int) -> str:
    """Draw one indicator and say what it shows."""
    meant = INDICATORS[rows["key"].iloc[0]]
    called = name_indicator(meant.key, language=language)
    places, values = np.arange(len(rows)), rows["value"].to_numpy(float)
    targets = rows["target"].to_numpy(float)
    factor, shown = scale_of([*values, *targets], meant.unit)
    low, high = (rows[bound].to_numpy(float) * factor for bound in ("low", "high"))
    panel.fill_between(places, low, high, color=COLOURS["band"], alpha=0.5)
    panel.plot(places, values * factor, color=COLOURS["main"], marker="o", ms=4)
    panel.step(places, targets * factor, where="mid", color=COLOURS["second"], ls=":", lw=2)
    panel.set_title(called, loc="left", fontsize=10.5)
    name_places(panel, rows["period"], most=most_labels, language=language)
    label_axis(panel.yaxis, unit=meant.unit, shown=shown, language=language)
    at = [place_name(entry, language) for entry in rows["period"]]
    top, bottom = int(np.argmax(values)), int(np.argmin(values))
    numbers = {"first": values[0], "last": values[-1], "high": values[top], "low": values[bottom]}
    alt = say("alt_trend", language, title=called, start=at[0], end=at[-1], high_at=at[top], low_at=at[bottom],
              **written_all(numbers, meant.unit, language))  # fmt: skip
    target = None if np.isnan(targets[-1]) else float(targets[-1])
    return alt + missed_targets(values, target, meant.better, meant.unit, language)
