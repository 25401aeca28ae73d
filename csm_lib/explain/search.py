"""Sum leaves to every segment of a few dimensions that has rows enough: the table that a search looks through.

There may be a million leaves and tens of thousands of segments. Each set of dimensions is one pass of counting, and a
segment without rows enough is never divided further. When a segment has been found, its leaves are taken out of the
sums again, which costs little because they are few.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from csm_lib.explain.lattice import Moments

__all__ = ["Lattice", "lattice_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# more bins than this in one pass are closed up first, so that memory follows the rows and not the words
_MOST_BINS = 4_000_000
_N_SUMS = 6  # of either period; the rows are the first of them


@dataclass(frozen=True)
class _Pass:
    """One set of dimensions: what was counted in a bin belongs to the segment `lookup[bin]`, the last one being none.

    Attributes
    ----------
    dimension, n_levels : int
        The last of the set, and how many values it has; the others are those of the pass that it continues.
    lookup : ndarray of int, shape (n_bins,)
    names : ndarray of int, shape (n_bins,), or None
        What the bins were called before they were closed up, sorted.
    start, n_segments : int
        Where its segments stand.
    finer : tuple of _Pass
    """

    dimension: int
    n_levels: int
    lookup: Ints
    names: Ints | None
    start: int
    n_segments: int
    finer: tuple[_Pass, ...]


@dataclass(frozen=True)
class Lattice:
    """Every segment with enough rows, and the sums of its leaves.

    Attributes
    ----------
    codes : ndarray of int, shape (n_leaves, n_dimensions)
    leaves : Moments
        Per leaf.
    segments : ndarray of int, shape (n_segments, n_dimensions)
        The code where the dimension is fixed, −1 where it is free.
    sums : ndarray of float, shape (n_different, n_segments)
    min_rows : float
        Fewest rows in a period that has any.
    passes : tuple
        How leaves were counted.
    """

    codes: Ints
    leaves: Moments
    segments: Ints
    sums: Floats
    min_rows: float
    passes: tuple[_Pass, ...]

    def without(self, removed: NDArray[np.bool_]) -> tuple[Ints, Moments]:
        """Give the segments that still have enough rows when some leaves are taken out.

        Parameters
        ----------
        removed : ndarray of bool, shape (n_leaves,)

        Returns
        -------
        segments : ndarray of int, shape (n_left, n_dimensions)
        moments : Moments
            Per segment.
        """
        sums, flat, which = self.sums, self.leaves.sums.reshape(2 * _N_SUMS, -1), np.flatnonzero(removed)
        place = _places(flat)
        if len(which):
            sums = sums.copy()
            weights = _weights(flat[:, which], place)
            for one, at in _counted(self.passes, self.codes[which], np.zeros(len(which), dtype=np.int64)):
                gone = [np.bincount(at, part, one.n_segments + 1)[:-1] for part in weights]
                sums[:, one.start : one.start + one.n_segments] -= gone
        kept = _has_enough(sums, place, self.min_rows)
        whole = np.zeros((2 * _N_SUMS, int(kept.sum())))
        whole[place >= 0] = sums[place[place >= 0]][:, kept]
        return self.segments[kept], replace(self.leaves, sums=whole.reshape(2, _N_SUMS, -1))


def lattice_of(codes: Ints, leaves: Moments, *, max_depth: int, min_rows: float) -> Lattice:
    """Sum leaves to every segment of up to `max_depth` dimensions that has enough rows in each period.

    Parameters
    ----------
    codes : ndarray of int, shape (n_leaves, n_dimensions)
    leaves : Moments
        Per leaf.
    max_depth : int
    min_rows : float
        Fewest rows in a period that has any.

    Returns
    -------
    Lattice

    Examples
    --------
    >>> sums = np.zeros((2, 6, 3))
    >>> sums[1, 0] = [30.0, 20.0, 10.0]
    >>> codes = np.array([[0, 0], [0, 1], [1, 0]])
    >>> lattice = lattice_of(codes, Moments(sums, 1.0, has_before=False), max_depth=2, min_rows=20.0)
    >>> lattice.segments.tolist()
    [[0, -1], [0, 0], [0, 1], [-1, 0], [-1, 1]]
    >>> lattice.without(np.array([True, False, False]))[0].tolist()
    [[0, -1], [0, 1], [-1, 1]]
    """
    flat = leaves.sums.reshape(2 * _N_SUMS, -1)
    place = _places(flat)
    n_levels = [int(column.max(initial=0)) + 1 for column in codes.T]
    builder = _Builder(n_levels, place, min_rows, [], [])
    top = np.full((1, codes.shape[1]), -1, dtype=np.int64)
    held = _Held(np.zeros(len(codes), dtype=np.int64), 1, list(codes.T), _weights(flat, place))
    passes = builder.passes(held, top, depth=max_depth) if len(codes) else ()
    n_different = int(place.max()) + 1
    segments = np.concatenate([top[:0], *builder.segments])
    sums = np.concatenate([np.zeros((n_different, 0)), *builder.sums], axis=1)
    return Lattice(codes, leaves, segments, sums, min_rows, passes)


@dataclass(frozen=True)
class _Held:
    """Leaves that a pass counts.

    Attributes
    ----------
    at : ndarray of int, shape (n_held,)
        Segment of the pass that is continued.
    n_segments : int
        How many segments that pass has.
    codes : list of ndarray of int, shape (n_held,)
        One for each dimension that may follow.
    weights : list of ndarray of float, shape (n_held,)
    """

    at: Ints
    n_segments: int
    codes: list[Ints]
    weights: list[Floats]

    def within(self, inner: Ints, n_segments: int) -> _Held:
        """Go on inside the segments of a finer pass; leaves in none of them are left behind."""
        later = replace(self, at=inner, n_segments=n_segments, codes=self.codes[1:])
        is_inside = inner < n_segments
        return later if is_inside.all() else later.taken(np.flatnonzero(is_inside))

    def taken(self, which: Ints) -> _Held:
        """Select leaves."""
        codes, weights = [part[which] for part in self.codes], [part[which] for part in self.weights]
        return replace(self, at=self.at[which], codes=codes, weights=weights)

    def without_first(self, n_levels: list[int]) -> _Held:
        """Do without the first dimension; leaves that only it told apart become one, where that makes them fewer."""
        later = replace(self, codes=self.codes[1:])
        size = self.n_segments
        for n in n_levels[1:]:
            size *= n
        if not later.codes or size > len(self.at):
            return later
        names = self.at
        for column, n in zip(later.codes, n_levels[1:], strict=True):
            names = names * n + column
        is_seen = np.zeros(size, dtype=bool)
        is_seen[names] = True
        number = np.cumsum(is_seen) - 1
        names = number[names]
        first = np.empty(int(number[-1]) + 1, dtype=np.int64)
        first[names] = np.arange(len(names))
        summed = [np.bincount(names, part, len(first)).astype(float) for part in self.weights]
        return replace(later.taken(first), weights=summed)


@dataclass(frozen=True)
class _Builder:
    """Counts pass by pass, the finer ones within the coarser."""

    n_levels: list[int]
    place: NDArray[np.int64]
    min_rows: float
    segments: list[Ints]
    sums: list[Floats]

    def passes(self, held: _Held, wider: Ints, *, depth: int, first: int = 0) -> tuple[_Pass, ...]:
        """Continue a pass by each later dimension; `wider` are its segments."""
        made = []
        for dimension in range(first, len(self.n_levels)):
            if dimension > first:
                held = held.without_first(self.n_levels[dimension - 1 :])
            n_levels = self.n_levels[dimension]
            bins, names = held.at * n_levels + held.codes[0], None
            n_bins = len(wider) * n_levels
            if n_bins > _MOST_BINS:
                names, bins = np.unique(bins, return_inverse=True)
                n_bins = len(names)
            sums = np.stack([np.bincount(bins, part, n_bins).astype(float) for part in held.weights])
            kept = np.flatnonzero(_has_enough(sums, self.place, self.min_rows))
            name = kept if names is None else names[kept]
            segments = wider[name // n_levels]
            segments[:, dimension] = name % n_levels
            lookup = np.full(n_bins, len(kept), dtype=np.int64)
            lookup[kept] = np.arange(len(kept))
            start = sum(map(len, self.segments))
            self.segments.append(segments)
            self.sums.append(sums[:, kept])
            finer: tuple[_Pass, ...] = ()
            if depth > 1 and len(kept) and len(held.codes) > 1:
                inside = held.within(lookup[bins], len(kept))
                finer = self.passes(inside, segments, depth=depth - 1, first=dimension + 1)
            made.append(_Pass(dimension, n_levels, lookup, names, start, len(kept), finer))
        return tuple(made)


def _counted(passes: tuple[_Pass, ...], codes: Ints, at: Ints) -> Iterator[tuple[_Pass, Ints]]:
    """Give each pass with the segment that every leaf of `codes` has in it; the one after the last is none."""
    for one in passes:
        bins = at * one.n_levels + codes[:, one.dimension]
        if one.names is None:
            inner = np.append(one.lookup, one.n_segments)[np.minimum(bins, len(one.lookup))]
        else:
            place = np.minimum(np.searchsorted(one.names, bins), len(one.names) - 1)
            inner = np.where(one.names[place] == bins, one.lookup[place], one.n_segments)
        yield one, inner
        yield from _counted(one.finer, codes, inner)


def _places(flat: Floats) -> NDArray[np.int64]:
    """Number the sums that differ from one another; −1 where all are 0. For most indicators few of them differ."""
    place = np.full(len(flat), -1, dtype=np.int64)
    held: list[int] = []
    for row, values in enumerate(flat):
        if not values.any():
            continue
        same = [number for number, other in enumerate(held) if _is_same(flat[other], values)]
        if not same:
            held.append(row)
        place[row] = same[0] if same else len(held) - 1
    return place


def _is_same(one: Floats, other: Floats) -> bool:
    return bool((one[:64] == other[:64]).all()) and np.array_equal(one, other)


def _weights(flat: Floats, place: NDArray[np.int64]) -> list[Floats]:
    return [flat[int(np.argmax(place == number))] for number in range(int(place.max()) + 1)]


def _has_enough(sums: Floats, place: NDArray[np.int64], min_rows: float) -> NDArray[np.bool_]:
    rows = [sums[place[row]] for row in (0, _N_SUMS) if place[row] >= 0]
    return np.logical_and.reduce([counted >= min_rows for counted in rows])
