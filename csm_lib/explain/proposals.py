"""Propose segments: search the lattice on one half of the rows and name what stands out in as few dimensions as say it.

The strongest segment of a search is seldom named right at once: it may be a lucky part of a wider one, or a wide one
that a single part of it carries. So it is widened and narrowed until neither its parent nor its part says it better.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri
from scipy.stats import false_discovery_control

from csm_lib.explain.coding import in_columns
from csm_lib.explain.lattice import Leaves, Moments, is_inside
from csm_lib.explain.search import Lattice, lattice_of

__all__ = ["ALPHA", "MAX_DEPTH", "MAX_SEGMENTS", "p_value", "propose"]

Codes = NDArray[np.int64]
Bools = NDArray[np.bool_]

MAX_DEPTH = 3
MAX_SEGMENTS = 8
ALPHA = 0.05
# how many standard errors a part must differ from the rest of its parent to be named instead of the parent
DIFFERS_Z = 2.5
# the same where a wider segment was found beside it, which takes more to keep both
CLEARLY_DIFFERS_Z = 4.0
# how much worse (in squared standard errors) a name with fewer dimensions may fit and still be preferred
SIMPLER = 2.0
# share of rows from which on a narrower segment is the same one
SAME_ROWS = 0.95
# what is left of a segment without its worst part is not news of its own below this share of that part's excess
CARRIED_BY_PART = 0.5


@dataclass(frozen=True)
class _Found:
    """Segments of one search and how they stand out."""

    codes: Codes
    moments: Moments
    whole: Moments
    strength: NDArray[np.float64]

    def index_of(self, wanted: Codes) -> int | None:
        at = np.flatnonzero((self.codes == wanted).all(axis=1))
        return int(at[0]) if len(at) else None

    def stands_out(self) -> bool:
        """Tell whether any segment does, after allowing for all that were compared."""
        return bool(len(self.codes) and false_discovery_control(p_value(self.strength), method="bh").min() <= ALPHA)


def _strength(part: Moments, rest: Moments) -> NDArray[np.float64]:
    """Standardised departure: from the reference or from the rest, whichever is less; signed; 0 if they disagree."""
    effect, variance = part.effect(is_cautious=True)
    other, other_variance = rest.effect(is_cautious=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        from_reference = effect / np.sqrt(variance)
        from_rest = (effect - other) / np.sqrt(variance + other_variance)
    from_reference, from_rest = (np.nan_to_num(z, nan=0.0) for z in (from_reference, from_rest))
    agree = np.sign(from_reference) == np.sign(from_rest)
    return np.where(agree, np.sign(from_rest) * np.minimum(abs(from_reference), abs(from_rest)), 0.0)


def p_value(strength: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the two-sided p value of a standardised departure.

    Parameters
    ----------
    strength : ndarray of float

    Returns
    -------
    ndarray of float
    """
    return np.asarray(2 * ndtr(-np.abs(strength)))


def propose(leaves: Leaves, moments: Moments, *, max_depth: int, floor: float) -> tuple[list[Codes], int]:
    """Search, take the strongest segment, remove its rows, search again.

    Parameters
    ----------
    leaves : Leaves
    moments : Moments
        Per leaf, of the proposing half.
    max_depth : int
        Most dimensions a segment may fix.
    floor : float
        Fewest rows of a segment in a period.

    Returns
    -------
    proposed : list of ndarray of int, shape (n_dimensions,)
        Codes of the segments in the order found, −1 where a dimension is free.
    n_searched : int
        Segments compared in the first search: what the adjustment allows for.
    """
    # leaves of the other half alone would only cost time: they have no rows and no squares
    is_held = np.flatnonzero((moments.sums[:, [0, 3]] != 0).any(axis=(0, 1)))
    codes, held = in_columns(column[is_held] for column in leaves.codes.T), moments.take(is_held)
    lattice = lattice_of(codes, held, max_depth=max_depth, min_rows=floor)
    proposed: list[Codes] = []
    removed = np.zeros(len(codes), dtype=bool)
    while len(proposed) < MAX_SEGMENTS and not removed.all():
        found = _look(lattice, removed)
        if not found.stands_out():
            break
        best = found.codes[_settle(found, int(np.argmax(np.abs(found.strength))))]
        proposed = [part for part in proposed if not _is_part_of(best, part, codes, held)]
        proposed.append(best)
        removed |= is_inside(codes, best)
    return _resettled(proposed, lattice), len(lattice.segments)


def _look(lattice: Lattice, removed: Bools) -> _Found:
    """Compare every segment with its reference and with all other rows, some leaves being taken out."""
    codes, sums = lattice.without(removed)
    whole = (lattice.leaves.take(~removed) if removed.any() else lattice.leaves).total()
    return _Found(codes, sums, whole, _strength(sums, whole - sums))


def _resettled(proposed: list[Codes], lattice: Lattice) -> list[Codes]:
    """Settle each segment again with all others taken out: the first was named while they still blurred the picture."""
    settled = list(proposed)
    for i, codes in enumerate(proposed) if len(proposed) > 1 else ():
        others = [is_inside(lattice.codes, other) for j, other in enumerate(settled) if j != i]
        removed = np.logical_or.reduce(others)
        found = _look(lattice, removed)
        at = found.index_of(codes)
        if at is not None:
            settled[i] = _apart(found, _settle(found, at), lattice, removed)
    return [codes for codes in settled if not _is_sum_of_two(codes, settled, lattice)]


def _is_sum_of_two(codes: Codes, others: list[Codes], lattice: Lattice) -> bool:
    """Tell whether a segment departs by just as much as two wider ones that cross in it, and so says nothing new."""
    wider = [other for other in others if is_inside(codes[np.newaxis], other)[0] and not (other == codes).all()]
    mine = is_inside(lattice.codes, codes)
    if len(wider) != 2:
        return False
    rests = [lattice.leaves.take(is_inside(lattice.codes, other) & ~mine).total() for other in wider]
    (effect, variance), *parts = (each.effect() for each in (lattice.leaves.take(mine).total(), *rests))
    excess = effect[0] - sum(part[0] for part, _ in parts)
    return bool(abs(excess) < DIFFERS_Z * np.sqrt(variance[0] + sum(spread[0] for _, spread in parts)))


def _apart(found: _Found, at: int, lattice: Lattice, removed: Bools) -> Codes:
    """Name a segment so that it keeps clear of the others, where one more dimension does that and loses no rows.

    After all chats have been listed, "team A" and "team A by phone" may be the same rows. The narrower name is the true
    one, unless team A departs among the chats as well.
    """
    codes = found.codes[at]
    mine = is_inside(lattice.codes, codes)
    inner, outer = (lattice.leaves.take(which).total() for which in (mine & removed, ~mine & removed))
    excess = _strength_between(inner, outer)[0] * np.sign(found.strength[at])
    parts = np.flatnonzero(is_inside(found.codes, codes) & ((found.codes >= 0).sum(axis=1) == (codes >= 0).sum() + 1))
    if not len(parts) or not inner.sums[1, 0].any() or excess >= DIFFERS_Z:
        return codes
    rows = found.moments.sums[:, 0].sum(axis=0)
    parts = parts[rows[parts] >= SAME_ROWS * rows[at]]
    inside = [(is_inside(lattice.codes, found.codes[part]) & removed) for part in parts]
    clash = [lattice.leaves.take(which).sums[:, 0].sum() for which in inside]
    is_clearer = bool(clash) and min(clash) < (1 - SAME_ROWS) * rows[at]
    return found.codes[parts[int(np.argmin(clash))]] if is_clearer else codes


def _is_part_of(whole: Codes, part: Codes, leaves: Codes, moments: Moments) -> bool:
    """Tell whether an earlier segment is only a part of a later, wider one, not clearly worse than the rest of it."""
    if not is_inside(part[np.newaxis], whole)[0]:
        return False
    inner, outer = is_inside(leaves, part), is_inside(leaves, whole)
    excess = _strength_between(moments.take(inner).total(), moments.take(outer & ~inner).total())
    return bool(abs(excess[0]) < CLEARLY_DIFFERS_Z)


def _settle(found: _Found, best: int) -> int:
    """Move from the strongest segment to the one that says it best: no wider and no narrower than the effect."""
    for _ in range(2 * MAX_DEPTH):
        moved = _narrowed(found, _widened(found, best))
        if moved == best:
            break
        best = moved
    return best


def _widened(found: _Found, at: int) -> int:
    """Go up to a parent while the rest of that parent looks like the segment, and no more like everything outside."""
    fixed = np.flatnonzero(found.codes[at] >= 0)
    options = []
    for dimension in fixed if len(fixed) > 1 else ():
        wider = found.codes[at].copy()
        wider[dimension] = -1
        parent = found.index_of(wider)
        if parent is not None and _looks_alike(found, at, parent):
            options.append(parent)
    if not options:
        return at
    return _widened(found, max(options, key=lambda parent: abs(found.strength[parent])))


def _narrowed(found: _Found, at: int) -> int:
    """Go down to a part where the rest of the segment is unremarkable without it."""
    parts = np.flatnonzero(is_inside(found.codes, found.codes[at]))
    parts = parts[parts != at]
    if not len(parts):
        return at
    mine, inner = found.moments.take([at]), found.moments.take(parts)
    left, outer = mine - inner, found.whole - mine
    effect, rest, outside = inner.effect()[0], left.effect()[0], outer.effect()[0]
    excess = _strength_between(inner, left)
    with np.errstate(invalid="ignore", divide="ignore"):
        carried = (rest - outside) / (effect - outside)
    needed = max(DIFFERS_Z, float(-ndtri(ALPHA / 2 / len(parts))))
    same_way = np.sign(excess) == np.sign(found.strength[at])
    remains = np.abs(_strength_between(left, outer))
    clear = same_way & (np.abs(excess) >= np.maximum(needed, remains)) & (carried < CARRIED_BY_PART)
    clear &= left.sums[1, 0] > 0
    return int(parts[clear][np.argmax(np.abs(excess[clear]))]) if clear.any() else at


def _looks_alike(found: _Found, part: int, whole: int) -> bool:
    """Tell whether the rest of a wider segment goes with its part; a simpler name gets the benefit of little doubt."""
    inner, outer = found.moments.take([part]), found.moments.take([whole])
    rest = outer - inner
    from_part, from_outside = (_strength_between(rest, other)[0] for other in (inner, found.whole - outer))
    return bool(abs(from_part) < DIFFERS_Z and from_part**2 < from_outside**2 + SIMPLER)


def _strength_between(one: Moments, other: Moments) -> NDArray[np.float64]:
    (a, variance_a), (b, variance_b) = one.effect(is_cautious=True), other.effect(is_cautious=True)
    return np.asarray(np.nan_to_num((a - b) / np.sqrt(variance_a + variance_b), nan=0.0))
