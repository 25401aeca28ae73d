"""The chart of patience: how many customers would still wait, as it was seen and as one mean would have it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from csm_lib.show.chart_parts import draw_legend, measured, nothing, written_all
from csm_lib.show.drawing import COLOURS, Figure, canvas, label_axis, scale_of
from csm_lib.show.format import write_value
from csm_lib.show.messages import say

__all__ = ["plot_patience"]

_FEWEST_WAITING = 30  # where fewer are left, the distance of the lines is chance


def plot_patience(
    frame: pd.DataFrame, *, title: str, language: str | None = None, name: str = "patience"
) -> Figure:
    """Draw the share of customers who would bear each wait, its interval, and what exponential patience would make it.

    Parameters
    ----------
    frame : DataFrame
        As `csm_lib.staff.patience.patience_curve` gives; reads `wait_s n_at_risk bears_share low high
        exponential_share`.
    title : str
    language : str, optional
    name : str

    Returns
    -------
    Figure
        Its text tells where the lines are farthest apart, among waits that at least 30 customers saw.
    """
    rows = measured(frame, "bears_share", "wait_s")
    with canvas(title, language=language) as (drawn, axes):
        if rows.empty:
            return nothing(drawn, axes, name, title, language)
        wait_s, seen = rows["wait_s"].to_numpy(float), rows["bears_share"].to_numpy(float)
        assumed = rows["exponential_share"].to_numpy(float)
        factor, shown = scale_of(wait_s, "s")
        at = np.concatenate([[0.0], wait_s]) * factor
        low, high = (100.0 * np.concatenate([[1.0], rows[bound].to_numpy(float)]) for bound in ("low", "high"))
        axes.fill_between(at, low, high, step="post", color=COLOURS["band"], alpha=0.5, label=say("interval", language))
        axes.step(at, 100.0 * np.concatenate([[1.0], seen]), where="post", color=COLOURS["main"], lw=1.8,
                  label=say("patience_seen", language))  # fmt: skip
        axes.plot(at, 100.0 * np.concatenate([[1.0], assumed]), color=COLOURS["second"], ls="--", lw=1.8,
                  label=say("patience_assumed", language))  # fmt: skip
        axes.set_ylim(0, 103)
        axes.set_xlim(0, at[-1] or 1.0)
        label_axis(axes.xaxis, unit="s", shown=shown, language=language)
        axes.set_xlabel(f"{say('waited', language)} ({axes.get_xlabel()})")
        label_axis(axes.yaxis, unit="share", language=language)
        axes.set_ylabel(say("still_waiting", language))
        draw_legend(axes)
    many = rows["n_at_risk"].to_numpy(float) >= _FEWEST_WAITING
    apart = np.where(many if many.any() else True, np.abs(seen - assumed), -1.0)
    top = int(np.argmax(apart))
    written = written_all({"seen": seen[top], "assumed": assumed[top]}, "share", language)
    alt = say("alt_patience", language, title=title, where=write_value(wait_s[top], "s", language=language), **written)
    below = np.flatnonzero(seen <= 0.5)
    if below.size:
        alt += say("alt_patience_half", language, half=write_value(wait_s[below[0]], "s", language=language))
    return Figure(name, alt, drawn)
