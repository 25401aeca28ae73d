"""A chart of pairs: how closely each two of several things go together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from csm_lib.definitions import INDICATORS
from csm_lib.show.chart_parts import measured, nothing
from csm_lib.show.drawing import Figure, canvas
from csm_lib.show.format import name_indicator, write_value
from csm_lib.show.messages import say

__all__ = ["plot_matrix"]

_MANY = 12  # from here on there is no room for names below the columns, nor for a number in every cell
_MATTERS = 0.5


def plot_matrix(
    frame: pd.DataFrame,
    *,
    title: str,
    row: str = "key",
    column: str = "other",
    value: str = "value",
    least: float = 0.0,
    language: str | None = None,
    name: str = "matrix",
) -> Figure:
    """Draw a value from −1 to 1 for each pair, as the lower half of a square.

    Many things are numbered, so that the columns need no slanted names, and then only cells that matter have their
    number: it could not be read in all of them.

    Parameters
    ----------
    frame : DataFrame
        One row per pair, each pair once; reads `row`, `column`, `value`. Indicators are written by name.
    title : str
    row, column, value : str
        Columns.
    least : float, 0–1
        Leave out what is not at least so close to anything else.
    language : str, optional
    name : str

    Returns
    -------
    Figure
    """
    pairs = measured(frame, value, row)
    keys = _in_order(pairs[pairs[value].abs() >= least], row, column)
    pairs = pairs[pairs[row].isin(keys) & pairs[column].isin(keys)]
    is_many = len(keys) > _MANY
    with canvas(title, language=language, height=1.6 + 0.34 * max(len(keys), 3), width=9.0) as (drawn, axes):
        if pairs.empty:
            return nothing(drawn, axes, name, title, language)
        first = 0 if is_many else 1  # numbered columns need the first name too, beside a row that is empty
        cells = _square(pairs, keys, row, column, value)[first:, :-1]
        axes.pcolormesh(cells, cmap="PuOr", vmin=-1, vmax=1, edgecolors="white", linewidth=0.8)
        for (down, across), cell in np.ndenumerate(cells):
            if abs(cell) >= (_MATTERS if is_many else 0.0):
                ink = "white" if abs(cell) > 0.6 else "black"
                text = write_value(cell, "score", language=language)
                text = text.replace("0.", ".", 1) if is_many else text
                size = 6.2 if is_many else 7.5
                axes.text(across + 0.5, down + 0.5, text, ha="center", va="center", color=ink, fontsize=size)
        labels = [f"{_written(key, language)}  {i}" if is_many else _written(key, language)
                  for i, key in enumerate(keys, start=1)]  # fmt: skip
        axes.set_yticks(np.arange(len(cells)) + 0.5, labels[first:])
        places = np.arange(len(keys) - 1) + 0.5
        if is_many:
            axes.set_xticks(places, [str(i) for i in range(1, len(keys))])
        else:
            axes.set_xticks(places, labels[:-1], rotation=40, ha="right")
        axes.invert_yaxis()
        axes.grid(visible=False)
    closest = pairs.loc[pairs[value].abs().idxmax()]
    alt = say(
        "alt_matrix_one" if len(pairs) == 1 else "alt_matrix",
        language,
        title=title,
        n=len(pairs),
        one=_written(closest[row], language),
        other=_written(closest[column], language),
        value=write_value(closest[value], "score", language=language),
    )
    return Figure(name, alt, drawn)


def _in_order(pairs: pd.DataFrame, row: str, column: str) -> list[Any]:
    """What is paired with anything, in the order of the dictionary where all are indicators, else of appearance."""
    seen = list(dict.fromkeys([*pairs[row], *pairs[column]]))
    order = {key: place for place, key in enumerate(INDICATORS)}
    return sorted(seen, key=lambda key: order.get(key, len(order)))


def _square(pairs: pd.DataFrame, keys: list[Any], row: str, column: str, value: str) -> np.ndarray:
    """Each pair once, below the diagonal."""
    place = {key: i for i, key in enumerate(keys)}
    square = np.full((len(keys), len(keys)), np.nan)
    for one, other, entry in zip(pairs[row], pairs[column], pairs[value], strict=True):
        square[max(place[one], place[other]), min(place[one], place[other])] = entry
    return square


def _written(key: Any, language: str | None) -> str:
    if key not in INDICATORS:
        return str(key)
    return name_indicator(key, language=language)
