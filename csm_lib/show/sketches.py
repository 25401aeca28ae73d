"""Drawings small enough for a cell of a table: the course of one number, in a few hundred bytes and without a library.

A sketch shows the direction only; the numbers stand in words beside it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["sketch"]

_WIDTH, _HEIGHT, _EDGE = 160, 40, 5
_LINE, _AIM = "#3d85c6", "#c2571a"  # both stand out from white and from near black


def sketch(values: Sequence[float | None], *, target: float | None = None) -> str:
    """Draw a course as a line with a dot at its end, and the target as a dashed line.

    Parameters
    ----------
    values : sequence of float or None, shape (n_periods,)
        Oldest first; where one is missing the line is broken.
    target : float, optional
        In the unit of the values.

    Returns
    -------
    str
        An SVG document; empty where fewer than two values are known.

    Examples
    --------
    >>> sketch([1.0]), sketch([1.0, 3.0, 2.0]).count("<circle")
    ('', 3)
    """
    numbers = [math.nan if value is None else float(value) for value in values]
    known = [value for value in numbers if value == value]
    if len(known) < 2:
        return ""
    aim = [] if target is None or target != target else [float(target)]
    low, high = min(known + aim), max(known + aim)
    spread = high - low or 1.0
    step = (_WIDTH - 2 * _EDGE) / (len(numbers) - 1)

    def height(value: float) -> float:
        return _EDGE + (high - value) / spread * (_HEIGHT - 2 * _EDGE)

    points = [(_EDGE + place * step, height(value)) for place, value in enumerate(numbers) if value == value]
    runs = _runs([_EDGE + place * step for place in range(len(numbers))], numbers)
    lines = [
        f'<polyline fill="none" stroke="{_LINE}" stroke-width="2" '
        f'points="{" ".join(f"{x:.1f},{height(value):.1f}" for x, value in run)}"/>'
        for run in runs
    ]
    dots = [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2" fill="{_LINE}"/>' for x, y in points[:-1]]
    dots.append(f'<circle cx="{points[-1][0]:.1f}" cy="{points[-1][1]:.1f}" r="3.5" fill="{_LINE}"/>')
    aims = [f'x1="0" x2="{_WIDTH}" y1="{height(each):.1f}" y2="{height(each):.1f}"' for each in aim]
    dashed = [f'<line {ends} stroke="{_AIM}" stroke-dasharray="4 3"/>' for ends in aims]
    size = f'viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join([*dashed, *lines, *dots])}</svg>'


def _runs(places: Sequence[float], numbers: Sequence[float]) -> list[list[tuple[float, float]]]:
    """Cut the course where a value is missing."""
    runs: list[list[tuple[float, float]]] = [[]]
    for x, value in zip(places, numbers, strict=True):
        if value == value:
            runs[-1].append((x, value))
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if len(run) > 1]
