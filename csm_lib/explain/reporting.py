"""Write confirmed segments as a table: looked up over all rows, concluded from the confirming half alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from csm_lib.explain.lattice import Leaves, moments_of
from csm_lib.explain.population import Rows
from csm_lib.explain.proposals import ALPHA

__all__ = ["COLUMNS", "Kept", "report"]

COLUMNS = ("segment", "n", "value", "reference", "contribution", "low", "high", "p_adjusted", "share_explained")

# a ratio of two gaps is trusted from this many standard errors of the lower one on
_CERTAIN_Z = 4.0
# half the width over which the slope of a quantile function is taken
_SLOPE_WIDTH = 0.05


@dataclass(frozen=True)
class Kept:
    """A confirmed segment.

    Attributes
    ----------
    codes : ndarray of int, shape (n_dimensions,)
    leaves : ndarray of bool, shape (n_leaves,)
        Its leaves that no segment found earlier holds.
    effect, spread : float
        How far its rate is from the expected one in the confirming half, and the standard error.
    p_adjusted : float
    """

    codes: NDArray[np.int64]
    leaves: NDArray[np.bool_]
    effect: float
    spread: float
    p_adjusted: float


def report(
    rows: Rows, leaves: Leaves, expected: Any, kept: Sequence[Kept], names: Sequence[str], *, has_target: bool
) -> pd.DataFrame:
    """Write the confirmed segments as a table.

    Parameters
    ----------
    rows : Rows
    leaves : Leaves
    expected : ndarray of float, shape (n_leaves,), or float
        Rate of each leaf that the search compared with.
    kept : sequence of Kept
    names : sequence of str
        Dimensions.
    has_target : bool
        Whether `expected` is a target.

    Returns
    -------
    DataFrame
        As `explain_gap`, with all attributes but the counts of the search.
    """
    sums = leaves.sums[1]
    below = sums[:, 1].sum(axis=1)
    overall = [s / w if w else float("nan") for s, w in zip(sums[:, 2].sum(axis=1), below, strict=True)]
    gap = float(overall[1] - (expected if has_target else overall[0]))
    spread = float(np.sqrt(_gap_variance(sums)))
    value, reference, per_unit = float(overall[1]), float(overall[1] - gap), 1.0
    if rows.amounts is not None:
        value, reference = _quantiles(rows, rows.is_confirming)
        is_certain = abs(gap) > _CERTAIN_Z * spread and gap * (value - reference) > 0
        per_unit = (value - reference) / gap if is_certain else _slope(rows)
    z = float(-ndtri(ALPHA / 2))
    table = []
    for one in kept:
        inside = sums[:, 1, one.leaves].sum(axis=1) / np.where(below, below, 1.0)
        weight = float(inside[1] if has_target else inside.mean())
        part, near = weight * one.effect * per_unit, z * weight * one.spread * abs(per_unit)
        share = weight * one.effect / gap if abs(gap) > z * spread else float("nan")
        looked_up = _segment(one.codes, rows, names), *_whole(rows, leaves, expected, one.leaves)
        table.append((*looked_up, part, part - near, part + near, one.p_adjusted, share))
    frame = pd.DataFrame(table, columns=list(COLUMNS)).astype(dict.fromkeys(COLUMNS[2:], float) | {"n": int})
    frame = frame.sort_values("contribution", key=lambda part: -part.abs(), kind="stable", ignore_index=True)
    frame.attrs.update(
        gap=value - reference, value=value, reference=reference, n_confirming=int(sums[1, 0].sum()), level=1 - ALPHA,
        remains=value - reference - float(frame["contribution"].sum()),
    )  # fmt: skip
    return frame


def _whole(rows: Rows, leaves: Leaves, expected: Any, mask: NDArray[np.bool_]) -> tuple[int, float, float]:
    """Count the rows of the period in a segment, and give its value and what it is compared with, over both halves."""
    sums = leaves.sums.sum(axis=0)[..., mask]
    n_rows, below, above = sums[1, :3].sum(axis=1)
    if rows.amounts is not None:
        return int(n_rows), *_quantiles(rows, mask[leaves.of_row])
    effect, _ = moments_of(sums, np.broadcast_to(expected, len(mask))[mask]).total().effect()
    return int(n_rows), float(above / below), float(above / below - effect[0])


def _quantiles(rows: Rows, which: NDArray[np.bool_]) -> tuple[float, float]:
    """Give the quantile of some rows in the period, and in the former one (or the target)."""
    if rows.amounts is None or rows.quantile is None:
        raise ValueError("rows hold no amounts")
    now, then = (rows.amounts[which & (rows.is_after == flag)] for flag in (True, False))
    reference = float(np.quantile(then, rows.quantile)) if len(then) else rows.bound
    return float(np.quantile(now, rows.quantile)) if len(now) else float("nan"), reference


def _slope(rows: Rows) -> float:
    """How far a quantile moves when the share of rows beyond it does: the slope of the quantile function."""
    if rows.amounts is None or rows.quantile is None:
        raise ValueError("rows hold no amounts")
    width = min(_SLOPE_WIDTH, rows.quantile / 2, (1 - rows.quantile) / 2)
    low, high = np.quantile(rows.amounts, [rows.quantile - width, rows.quantile + width])
    return float((high - low) / (2 * width))


def _gap_variance(sums: NDArray[np.float64]) -> float:
    """Variance of the overall gap in the confirming half."""
    total = 0.0
    for _, w, x, xx, xd, dd in sums.sum(axis=2):
        total += (xx - 2 * (x / w) * xd + (x / w) ** 2 * dd) / w**2 if w > 0 else 0.0
    return max(float(total), 0.0)


def _segment(codes: NDArray[np.int64], rows: Rows, names: Sequence[str]) -> tuple[tuple[str, Any], ...]:
    pairs = [(names[i], rows.levels[i][code]) for i, code in enumerate(codes) if code >= 0]
    return tuple(sorted(pairs, key=lambda pair: pair[0]))
