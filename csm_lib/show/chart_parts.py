"""What several charts share: the measured rows, names of places, a target, and an empty chart that says so."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from csm_lib.errors import SettingError
from csm_lib.show.disclosure import disclosed
from csm_lib.show.drawing import COLOURS, Figure
from csm_lib.show.format import write_code, write_date, write_value
from csm_lib.show.messages import say

__all__ = [
    "draw_legend",
    "draw_target",
    "measured",
    "measured_at",
    "missed_targets",
    "name_places",
    "nothing",
    "place_name",
    "written_all",
]

_MOST_LABELS = 13
_LINE_LETTERS = 96  # what fits under a chart


def measured_at(frame: pd.DataFrame, value: str, at: str) -> pd.Series:
    """Tell which rows have both a value and a place; refuse a table that lacks the columns."""
    missing = [column for column in (value, at) if column not in frame]
    if missing:
        have = ", ".join(map(repr, frame.columns))
        raise SettingError(
            f"frame must have the columns it draws, got none named {missing} (it has {have}). Name them."
        )
    return frame[value].notna() & frame[at].notna()


def measured(frame: pd.DataFrame, value: str, at: str) -> pd.DataFrame:
    """Keep the rows with a value and a place that may be shown, numbered from 0."""
    measured_at(frame, value, at)
    frame = disclosed(frame)
    return frame[measured_at(frame, value, at)].reset_index(drop=True)


def nothing(drawn: Any, axes: Any, name: str, title: str, language: str | None) -> Figure:
    """Finish a chart that has nothing to show."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, say("not_measured", language), ha="center", va="center", transform=axes.transAxes)
    return Figure(name, say("alt_empty", language, title=title), drawn)


def written_all(numbers: dict[str, Any], unit: str, language: str | None) -> dict[str, str]:
    """Write several numbers in one unit."""
    return {key: write_value(number, unit, language=language) for key, number in numbers.items()}


def missed_targets(values: Any, target: float | None, better: str, unit: str, language: str | None) -> str:
    """Say how many miss the target; nothing without one."""
    if target is None:
        return ""
    missed = int((values < target).sum() if better == "higher" else (values > target).sum())
    wanted = write_value(target, unit, language=language)
    return say("alt_target", language, target=wanted, k=missed, n=len(values))


def draw_target(axes: Any, target: float | None, factor: float, language: str | None, *, upright: bool = False) -> None:
    """Draw the target across the chart."""
    if target is not None:
        line = axes.axvline if upright else axes.axhline
        line(target * factor, color=COLOURS["second"], ls=":", lw=2, label=say("target", language))
        draw_legend(axes)


def draw_legend(axes: Any) -> None:
    """Put the legend below, where it covers nothing."""
    for old in axes.figure.legends:
        old.remove()
    axes.figure.legend(*axes.get_legend_handles_labels(), loc="outside lower left", ncols=4, fontsize=9.5)


def name_places(
    axes: Any, labels: pd.Series, *, most: int | None = None, turn: bool = False, language: str | None = None
) -> None:
    """Name the places on the horizontal axis, every second or third only where all would not fit."""
    shape = _shape_of_days(labels)
    longest = max((len(_short(entry, shape, language)) for entry in labels), default=1)
    fitting = max(2, min(_MOST_LABELS, _LINE_LETTERS // (longest + 3)))
    step = max(1, -(-len(labels) // (most or fitting)))
    texts = [_short(entry, shape, language) for entry in labels[::step]]
    axes.set_xticks(
        np.arange(0, len(labels), step), texts, rotation=30 if turn else 0, ha="right" if turn else "center"
    )


def _shape_of_days(labels: pd.Series) -> str:
    """Month and day; where they span more than a year, year and month."""
    days = [entry for entry in labels if isinstance(entry, pd.Timestamp)]
    is_long = bool(days) and (max(days) - min(days)).days > 366
    return "%Y-%m" if is_long else "%m-%d"


def _short(entry: Any, shape: str, language: str | None) -> str:
    if isinstance(entry, pd.Timestamp):
        return entry.strftime(shape) if entry == entry.normalize() else entry.strftime("%H:%M")
    return write_code(entry, language=language)


def place_name(entry: Any, language: str | None) -> str:
    """Write the name of a place in full, for sentences."""
    if isinstance(entry, pd.Timestamp):
        day = write_date(entry, language=language)
        return day if entry == entry.normalize() else f"{day} {entry:%H:%M}"
    return write_code(entry, language=language)
