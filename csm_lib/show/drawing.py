"""One look for every chart, and a picture that carries its finding in words.

Colours can be told apart by people who see them differently, and never carry meaning alone: shapes, lines or labels say
it too. Chinese shows on machines without Chinese fonts, because glyphs are drawn as paths from a font that is installed
with the package. The same data gives the same bytes.
"""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import matplotlib
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.font_manager import fontManager
from matplotlib.ticker import FuncFormatter
from noto_cjk_sans_otc import FONT_PATH

from csm_lib.show.format import write_value
from csm_lib.show.messages import say
from csm_lib.show.translation import translated

__all__ = ["COLOURS", "Figure", "canvas", "label_axis", "scale_of"]

COLOURS = {"main": "#0b5d94", "second": "#c4500a", "good": "#00735c", "muted": "#6b7280", "band": "#9cc3de"}
_LONG_S, _VERY_LONG_S = 120.0, 7200.0


@dataclass(frozen=True)
class Figure:
    """A chart with its finding in words.

    It shows itself: a bitmap in a notebook, a vector drawing in a run that publishes (`CSM_RUN_DIR` is set).

    Attributes
    ----------
    name : str
        Fixed name of the chart.
    alt : str
        What the chart shows, computed from the data, for those who cannot see it.
    canvas : matplotlib.figure.Figure
    """

    name: str
    alt: str
    canvas: Canvas = field(repr=False, compare=False)

    def __repr__(self) -> str:
        return f"Figure: {self.alt}"

    def svg(self) -> str:
        """Draw as a vector picture with text as paths; the same data gives the same text."""
        target = io.StringIO()
        with _style():
            self.canvas.savefig(target, format="svg", metadata={"Date": None, "Creator": None})
        return target.getvalue()

    def png(self) -> bytes:
        """Draw as a bitmap."""
        target = io.BytesIO()
        with _style():
            self.canvas.savefig(target, format="png", dpi=120, metadata={"Software": None})
        return target.getvalue()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, str], dict[str, Any]]:
        kind = "image/svg+xml" if os.environ.get("CSM_RUN_DIR") else "image/png"
        picture = self.svg() if kind == "image/svg+xml" else base64.b64encode(self.png()).decode("ascii")
        return {kind: picture, "text/plain": repr(self)}, {kind: {"alt": self.alt}}


@contextmanager
def canvas(
    title: str, *, height: float = 3.6, width: float = 8.0, language: str | None = None
) -> Iterator[tuple[Canvas, Axes]]:
    """Give an empty drawing with one pair of axes in the house style.

    Parameters
    ----------
    title : str
        In English, or already in the language.
    height, width : float, inches
    language : str, optional

    Yields
    ------
    tuple of (Figure, Axes) of matplotlib
    """
    with _style():
        drawn = Canvas(figsize=(width, height), layout="constrained")
        axes = drawn.subplots()
        axes.set_title(translated(str(title), language), loc="left")
        yield drawn, axes


def scale_of(values: Any, unit: str) -> tuple[float, str]:
    """Choose what an axis counts in, so that a reader sees small numbers.

    Parameters
    ----------
    values : array_like of float
    unit : str
        Unit of the values.

    Returns
    -------
    tuple of (float, str)
        Factor to multiply by, and the key of the axis' unit.

    Examples
    --------
    >>> scale_of([0.5], "share"), scale_of([30.0, 600.0], "s")
    ((100.0, 'share'), (0.016666666666666666, 'min'))
    """
    if unit in ("share", "points"):
        return 100.0, unit
    largest = max((abs(float(value)) for value in values if value == value), default=0.0)
    if unit == "s" and largest >= _VERY_LONG_S:
        return 1 / 3600, "h"
    if unit == "s" and largest >= _LONG_S:
        return 1 / 60, "min"
    return 1.0, unit


def label_axis(
    axis: Any, *, unit: str, factor: float = 1.0, shown: str | None = None, language: str | None = None
) -> None:
    """Write an axis' numbers and unit.

    Parameters
    ----------
    axis : matplotlib Axis
    unit : str
        Unit of the values before scaling.
    factor : float
        What the drawn values were multiplied by.
    shown : str, optional
        Unit key after scaling.
    language : str, optional
    """
    shown = shown or unit
    if shown in ("s", "min", "h", "points", "score", "n", "money", "number"):
        axis.set_label_text(say(f"unit_{shown}", language))
    if shown == "share":
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}%"))
    elif shown == "n":
        axis.set_major_formatter(FuncFormatter(lambda value, _: write_value(value, "n", language=language)))


@cache
def _add_font() -> None:
    fontManager.addfont(str(FONT_PATH))


@contextmanager
def _style() -> Iterator[None]:
    _add_font()
    house = seaborn.axes_style("whitegrid") | {
        "font.family": ["DejaVu Sans", "Noto Sans CJK SC"],
        "font.size": 10.5,
        "axes.titlesize": 12,
        "axes.titleweight": "normal",
        "axes.edgecolor": "#9ca3af",
        "axes.labelcolor": "#1f2937",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.unicode_minus": True,
        "grid.color": "#e5e7eb",
        "text.color": "#1f2937",
        "text.parse_math": False,
        "xtick.color": "#374151",
        "ytick.color": "#374151",
        "legend.frameon": False,
        "figure.facecolor": "white",
        "svg.fonttype": "path",
        "svg.hashsalt": "csm",
    }
    house.pop("font.sans-serif", None)
    with matplotlib.rc_context(house):
        yield
