"""Leaves: rows summed to the finest segments, so that every later question is arithmetic on a few sums.

A segment fixes some dimensions and leaves the others free, so the segments form a lattice under "is part of", with the
leaves (all dimensions fixed) at its end. How far off a segment is, compared with what, and which part of it, follows
from the sums of its leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csm_lib.explain.coding import in_columns
from csm_lib.explain.population import Rows

__all__ = ["Leaves", "Moments", "expected_rates", "is_inside", "leaves_of", "moments_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# effects of a dimension or a pair are pulled towards nothing as far as their own spread says they are noise
_SWEEPS = 3
# a variance from few rows is pulled towards the overall one as if it had this many rows of it
_PRIOR_ROWS = 10.0
# so many groups are counted as they are, used or not
_FEW_GROUPS = 100_000


@dataclass(frozen=True)
class Leaves:
    """Rows summed to the finest segments.

    Attributes
    ----------
    codes : ndarray of int, shape (n_leaves, n_dimensions)
    of_row : ndarray of int, shape (n_rows,)
        Leaf of each row.
    sums : ndarray of float, shape (2 halves, 2 periods, 6, n_leaves)
        Rows, Σd, Σx, Σx², Σxd, Σd² with x the numerator and d the denominator.
    """

    codes: Ints
    of_row: Ints
    sums: Floats


@dataclass(frozen=True)
class Moments:
    """Sums of the score e = numerator − denominator × expected rate, per segment and period.

    Attributes
    ----------
    sums : ndarray of float, shape (2 periods, 6, …)
        Rows, Σd, Σe, Σe², Σed, Σd²; period 0 is the former one (all 0 against a target).
    spread : float
        Variance of the score per squared unit of denominator over everything, the prior of small segments.
    inflation : float
        How many times wider the variance is than for independent rows.
    has_before : bool
        Whether there is a former period to compare with.
    """

    sums: Floats
    spread: float
    has_before: bool
    inflation: float = 1.0

    def __sub__(self, part: Moments) -> Moments:
        """Take a part away."""
        return replace(self, sums=self.sums - part.sums)

    def take(self, which: Any) -> Moments:
        """Select segments."""
        which = np.asarray(which)
        return replace(self, sums=self.sums.take(np.flatnonzero(which) if which.dtype == bool else which, axis=-1))

    def total(self) -> Moments:
        """Put all segments together."""
        return replace(self, sums=self.sums.sum(axis=2, keepdims=True))

    def effect(self, *, is_cautious: bool = False) -> tuple[Floats, Floats]:
        """Give how far the rate is from the expected one, and the variance of that.

        The variance of a period without rows is infinite, so that nothing is concluded from it. The cautious variance
        is never below the overall one: among thousands of small segments some are uniform by luck, and a search
        would take exactly those for sure.
        """
        rows, below, score, square, product, below_square = self.sums.swapaxes(0, 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = np.where(below > 0, score / below, 0.0)
            deviation = np.maximum(square - 2 * mean * product + mean**2 * below_square, 0.0)
            prior = _PRIOR_ROWS * np.where(rows > 0, below_square / rows, 0.0)
            per_unit = (deviation + prior * self.spread) / (below_square + prior)
            per_unit = np.maximum(per_unit, self.spread) if is_cautious else per_unit
            variance = np.where(below > 0, self.inflation * per_unit * below_square / below**2, np.inf)
        if not self.has_before:
            return mean[1], variance[1]
        return mean[1] - mean[0], variance[1] + variance[0]


def leaves_of(rows: Rows) -> Leaves:
    """Sum rows to leaves.

    Parameters
    ----------
    rows : Rows

    Returns
    -------
    Leaves
    """
    of_row = np.zeros(len(rows.codes), dtype=np.int64)
    size = 1
    for column, levels in zip(rows.codes.T, rows.levels, strict=True):
        if size * len(levels) > 2**62:
            _, of_row = np.unique(of_row, return_inverse=True)
            size = len(rows.codes)
        of_row = of_row * len(levels) + column
        size *= len(levels)
    first, of_row = _numbered(of_row, size)
    cell = (rows.is_confirming * 2 + rows.is_after) * len(first) + of_row
    x, d = rows.numerator, rows.denominator
    if (d == 1).all():  # half of the sums are the same
        n, above, square = (_summed(cell, part, len(first)) for part in (None, x, x * x))
        parts = [n, n, above, square, above, n]
    else:
        parts = [_summed(cell, part, len(first)) for part in (d != 0, d, x, x * x, x * d, d * d)]
    sums = np.stack(parts).reshape(6, 2, 2, len(first)).transpose(1, 2, 0, 3)
    return Leaves(codes=in_columns(column[first] for column in rows.codes.T), of_row=of_row, sums=sums)


def _numbered(names: Ints, size: int) -> tuple[Ints, Ints]:
    """Number the leaves in the order of their names: one row of each, and the number of every row."""
    if size > 4 * len(names):
        _, first, number = np.unique(names, return_index=True, return_inverse=True)
        return first, number
    first = np.full(size, -1, dtype=np.int64)
    first[names[::-1]] = np.arange(len(names))[::-1]
    is_seen = first >= 0
    return first[is_seen], (np.cumsum(is_seen) - 1)[names]


def _summed(cell: Ints, part: NDArray[Any] | None, n_leaves: int) -> Floats:
    return np.bincount(cell, weights=part, minlength=4 * n_leaves).astype(float)


def moments_of(sums: Floats, expected: Floats | float) -> Moments:
    """Turn sums of numerator and denominator into sums of the score against an expected rate.

    Parameters
    ----------
    sums : ndarray of float, shape (2 periods, 6, n_leaves)
        One half of `Leaves.sums`.
    expected : ndarray of float, shape (n_leaves,), or float
        Expected rate of each leaf.

    Returns
    -------
    Moments
    """
    rows, below, x, square, product, below_square = sums.swapaxes(0, 1)
    scores = np.stack(
        [
            rows,
            below,
            x - expected * below,
            square - 2 * expected * product + expected**2 * below_square,
            product - expected * below_square,
            below_square,
        ],
        axis=1,
    )
    whole = scores.sum(axis=2)
    _, w, a, b, c, d = whole.T
    mean = np.divide(a, w, out=np.zeros(2), where=w > 0)
    deviation = (b - 2 * mean * c + mean**2 * d).sum()
    return Moments(scores, float(max(deviation, 0.0) / d.sum()) if d.sum() else 0.0, has_before=bool(w[0] > 0))


def expected_rates(leaves: Leaves, sums: Floats) -> Floats:
    """Predict every leaf's rate from one period's rows, so that a change of mix inside a segment counts as nothing.

    Parameters
    ----------
    leaves : Leaves
    sums : ndarray of float, shape (6, n_leaves)
        One half and period of `Leaves.sums`: what the prediction learns from.

    Returns
    -------
    ndarray of float, shape (n_leaves,)

    Notes
    -----
    Overall rate + an effect per value of each dimension + one per pair of values, each shrunk by its signal share
    (method of moments as in DerSimonian and Laird 1986), fitted in turn on what the others leave. The comparison that
    uses it subtracts the former period's own residual, so a poor prediction costs precision and no truth.
    """
    n_dimensions = leaves.codes.shape[1]
    singles = [_grouped(leaves.codes, (i,)) for i in range(n_dimensions)]
    pairs = [_grouped(leaves.codes, pair) for pair in combinations(range(n_dimensions), 2)]
    groups = [*singles, *pairs]
    learned = np.flatnonzero(sums[[0, 3]].any(axis=0))  # the other leaves have nothing to say
    below, x = sums[1, learned], sums[2, learned]
    overall = float(x.sum() / below.sum())
    noise = float((sums[3] - 2 * overall * sums[4] + overall**2 * sums[5]).sum() / sums[5].sum())
    known = [group[learned] for group in groups]
    effects = [np.zeros(int(group.max(initial=0)) + 1) for group in groups]
    left = x - overall * below
    for i in [*list(range(n_dimensions)) * _SWEEPS, *range(n_dimensions, len(groups))]:
        effect = _shrunk_effect(known[i], left, below, noise, n_groups=len(effects[i]))
        effects[i] += effect
        left -= effect[known[i]] * below
    expected = np.full(len(leaves.codes), overall)
    for group, effect in zip(groups, effects, strict=True):
        expected += effect[group]
    return expected


def _grouped(codes: Ints, dimensions: tuple[int, ...]) -> Ints:
    """Number the groups of leaves that share the values of one dimension or two."""
    first, *others = (codes[:, dimension] for dimension in dimensions)
    if not others:
        return first
    n_groups = (int(first.max(initial=0)) + 1) * (int(others[0].max(initial=0)) + 1)
    combined = first * (int(others[0].max(initial=0)) + 1) + others[0]
    return combined if n_groups <= max(len(codes), _FEW_GROUPS) else np.unique(combined, return_inverse=True)[1]


def _shrunk_effect(group: Ints, residual: Floats, below: Floats, noise: float, *, n_groups: int) -> Floats:
    weight = np.bincount(group, below, n_groups)
    total = np.bincount(group, residual, n_groups)
    mean = np.divide(total, weight, out=np.zeros_like(total), where=weight > 0)
    seen = int((weight > 0).sum())
    room = weight.sum() - (weight**2).sum() / weight.sum()
    signal = max(0.0, float((weight * mean**2).sum() - seen * noise) / room) if room > 0 else 0.0
    return mean * (signal * weight / (signal * weight + noise) if signal > 0 else 0.0)


def is_inside(codes: Ints, segment: Sequence[int] | Ints) -> NDArray[np.bool_]:
    """Tell which leaves (or deeper segments) are part of a segment."""
    wanted = np.asarray(segment)
    inside = np.ones(len(codes), dtype=bool)
    for dimension in np.flatnonzero(wanted >= 0):
        inside &= codes[:, dimension] == wanted[dimension]
    return inside
