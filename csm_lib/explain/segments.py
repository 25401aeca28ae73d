"""Find the few segments that carry a gap, and stay silent when none does.

A gap can be split over thousands of combinations of channel, team, issue, hour …, and the biggest slice of them can
always be shown, gap or no gap. What is listed here was found on one half of the rows after allowing for everything
searched, was found again on the other half, and is measured on that other half only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from csm_lib.errors import UsageError
from csm_lib.explain.lattice import Leaves, Moments, expected_rates, is_inside, leaves_of, moments_of
from csm_lib.explain.population import Rows, read_rows
from csm_lib.explain.proposals import MAX_DEPTH, p_value, propose
from csm_lib.explain.reporting import COLUMNS, Kept, report

__all__ = ["COLUMNS", "explain_gap"]

# the confirming half tests few segments, so it can afford to be strict
CONFIRM_ALPHA = 0.01
# rows a segment needs in either half and period: an absolute number, and a share of the half
MIN_ROWS = 50
MIN_SHARE = 0.001
# successes and failures to expect in a segment of a share
MIN_EVENTS = 5
# a spread over fewer clusters than this says nothing
MIN_CLUSTERS = 8


def explain_gap(
    facts: Any,
    key: str,
    *,
    dimensions: Sequence[str],
    target: float | None = None,
    before: Any | None = None,
    max_depth: int = MAX_DEPTH,
    quantile: float | None = None,
) -> pd.DataFrame:
    """List the segments that depart from a target, or from the period before, and more so than everything else.

    Parameters
    ----------
    facts : frame, or mapping of grain to frame
        Facts of the period. Columns read: the indicator's, `dimensions`, and where present its cluster column, key and
        `local_date`.
    key : str
        An indicator, or any numeric or boolean column (then its mean over the rows where it is present).
    dimensions : sequence of str
        Columns with at most 2,000 different values; a missing value is a value.
    target : float, optional
        In the indicator's unit. Either this or `before`.
    before : as `facts`, optional
        Facts of a former period, of any length.
    max_depth : int, 1–3
        Most dimensions a segment may fix.
    quantile : float, between 0 and 1, optional
        Ask for this quantile and not for the mean: 0.9 is what nine in ten rows stay within. The indicator has to be a
        mean.

    Returns
    -------
    DataFrame
        One row per segment, the largest contribution first; empty when nothing stands out:

        - `segment`: tuple of (dimension, value), sorted by dimension;
        - `n`: rows of the period in it (of a ratio of two grains, those of the denominator); a row inside two segments
          counts in the first found;
        - `value`, `reference`: rate, mean or quantile of these rows, and the target, or what it would have been at the
          former rates (of a quantile: what it was);
        - `contribution`, `low`, `high`: part of the gap it carries, weight × (rate − expected rate), 95 % interval,
          from the confirming half alone; the weight is the mean of the two periods';
        - `p_adjusted`: of the confirmation, Holm over the segments put forward;
        - `share_explained`: contribution ÷ gap; NaN where the gap itself could be nothing; negative where the segment
          works against the gap.

        `.attrs`: `gap`, `value`, `reference` (overall, confirming half), `remains` (gap − contributions), `n_searched`,
        `n_proposed`, `n_confirming`, `level`.

    Raises
    ------
    UsageError
        If the key is unknown, not exactly one of `target` and `before` is given, `max_depth` is not 1–3, there is no
        dimension, a column is absent, a dimension has too many values, there are no rows, or a quantile is asked of
        what has none.
    SettingError
        If a column that is read holds what is no number or flag.

    Notes
    -----
    Halves: by a hash of the cluster, else of the row's key, else of its content. Proposing half: every segment with
    enough rows is compared with its reference and with all other rows; the smaller of the two standardised differences
    counts (both must point the same way), and Benjamini–Hochberg over all segments at 5 % admits it. The strongest is
    taken, widened to its parent where it does not differ from the rest of it, narrowed to a part where the rest of it
    is unremarkable; its rows leave, and the search goes on; at the end each is settled again without the others.
    Confirming half: the same two comparisons, robust to clusters and to the luck of days, Holm at 1 %. Against a former
    period rates are compared at equal mix: each leaf's rate is predicted from the proposing half of the former period,
    and the excess over the prediction is compared between periods.

    A quantile is searched as a share: the rows beyond the target (or beyond the former quantile), which should be
    1 − q of all. Their excess is turned into the unit of the quantile at one rate for all segments: gap of the quantile
    ÷ gap of the share where the latter is certain, else the slope of the quantile function there (a recentred
    influence function, Firpo, Fortin and Lemieux 2009, Econometrica 77:953).

    Examples
    --------
    >>> n = 8000
    >>> seen = pd.DataFrame({"channel": ["chat", "phone"] * (n // 2), "contact_id": range(n)})
    >>> seen["is_first_contact_resolved"] = [row % 10 < (5 if row % 2 == 0 else 9) for row in range(n)]
    >>> explain_gap(seen, "fcr", dimensions=["channel"], target=0.8)["segment"].tolist()
    [(('channel', 'chat'),)]
    """
    names = _check(dimensions, target, before, max_depth, quantile)
    rows = read_rows(facts, before, key, dimensions=names, quantile=quantile, target=target)
    target = target if quantile is None or target is None else 1 - quantile
    leaves = leaves_of(rows)
    is_judgeable = bool((leaves.sums[:, int(target is not None) :, 1].sum(axis=2) > 0).all())
    expected: Any = target
    if target is None:
        expected = expected_rates(leaves, leaves.sums[0, 0]) if is_judgeable else 0.0
    proposing, confirming = (moments_of(half, expected) for half in leaves.sums)
    proposed: list[NDArray[np.int64]] = []
    n_searched = 0
    if is_judgeable:
        proposing = replace(proposing, inflation=_inflation(rows, leaves, proposing, expected))
        floor = _floor(rows) * proposing.inflation
        proposed, n_searched = propose(leaves, proposing, max_depth=min(max_depth, len(names)), floor=floor)
    kept = _confirm(rows, leaves, confirming, expected, proposed)
    table = report(rows, leaves, expected, kept, names, has_target=target is not None)
    table.attrs.update(n_searched=n_searched, n_proposed=len(proposed))
    return table


def _check(
    dimensions: Sequence[str], target: float | None, before: Any | None, max_depth: int, quantile: float | None
) -> list[str]:
    names = sorted({dimensions} if isinstance(dimensions, str) else set(dimensions))
    if not names:
        raise UsageError("dimensions must name at least one column, got none. Say what to search over.")
    if (target is None) == (before is None):
        given = "neither" if target is None else "both"
        raise UsageError(f"explain_gap must get either target or before, got {given}. Give one of them.")
    if max_depth not in range(1, MAX_DEPTH + 1):
        raise UsageError(f"max_depth must be 1 to {MAX_DEPTH}, got {max_depth!r}. Correct it.")
    if target is not None and not np.isfinite(target):
        raise UsageError(f"target must be a finite number, got {target!r}. Give one, or a former period as before.")
    if quantile is not None and not 0 < quantile < 1:
        raise UsageError(f"quantile must lie between 0 and 1, got {quantile!r}. Nine in ten is 0.9.")
    return names


def _floor(rows: Rows) -> float:
    """Fewest rows of a segment in a half and period: enough for a normal comparison."""
    smallest = min(np.sum(rows.is_after[rows.is_confirming == half]) for half in (False, True))
    floor = max(float(MIN_ROWS), MIN_SHARE * float(smallest))
    x, d = rows.numerator, rows.denominator
    if ((x == 0) | (x == d)).all() and (d >= 0).all() and d.sum():
        share = x.sum() / d.sum()
        floor = max(floor, MIN_EVENTS / max(share * (1 - share), 1e-9))
    return floor


def _inflation(rows: Rows, leaves: Leaves, moments: Moments, expected: Any) -> float:
    """How much wider the overall variance is than for independent rows, where clusters are small."""
    if not rows.has_small_clusters:
        return 1.0
    everywhere = np.ones(len(leaves.codes), dtype=bool)
    _, plain = moments.total().effect()
    clustered = _clustered(rows.clusters, _scores(rows, leaves, expected, everywhere, is_confirming=False))
    return max(1.0, clustered / float(plain[0]))


def _confirm(
    rows: Rows, leaves: Leaves, moments: Moments, expected: Any, proposed: list[NDArray[np.int64]]
) -> list[Kept]:
    """Test the proposed segments on the other half, each on the rows that no earlier one holds."""
    free = np.ones(len(leaves.codes), dtype=bool)
    masks = []
    for codes in proposed:
        masks.append(free & is_inside(leaves.codes, codes))
        free &= ~masks[-1]
    tests = [_test(rows, leaves, moments, expected, mask, ~free & ~mask) for mask in masks]
    if not tests:
        return []
    holm = _holm(np.array([p for _, _, p in tests]))
    return [
        Kept(codes, mask, effect, spread, float(p))
        for codes, mask, (effect, spread, _), p in zip(proposed, masks, tests, holm, strict=True)
        if p <= CONFIRM_ALPHA
    ]


def _holm(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Adjust p values after Holm (1979); the library's own version collects garbage first, which takes longer."""
    order = np.argsort(p, kind="stable")
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1.0)
    return adjusted


def _test(
    rows: Rows, leaves: Leaves, moments: Moments, expected: Any, mask: NDArray[np.bool_], aside: NDArray[np.bool_]
) -> tuple[float, float, float]:
    """Give effect, its standard error and p of one segment against its reference and against the unlisted rows."""
    sums = [moments.take(which).total() for which in (mask, ~mask & ~aside)]
    (effect, variance), (rest, rest_variance) = (part.effect() for part in sums)
    own, both = float(variance[0]), float(variance[0] + rest_variance[0])
    scores = others = np.zeros(0)
    if rows.clusters is not None or rows.days is not None:
        scores = _scores(rows, leaves, expected, mask)
        others = _scores(rows, leaves, expected, ~mask & ~aside)
    if rows.clusters is not None:
        is_many = len(np.unique(rows.clusters[scores != 0])) >= MIN_CLUSTERS
        own = max(own, _clustered(rows.clusters, scores)) if is_many else np.inf
        both = max(both, _clustered(rows.clusters, scores - others))
    if rows.days is not None:
        own = max(own, _clustered(rows.days, scores))
        both = max(both, _clustered(rows.days, scores - others))
    if not (np.isfinite(own) and np.isfinite(both) and own > 0):
        return float(effect[0]), float("nan"), 1.0
    z = np.array([effect[0] / np.sqrt(own), (effect[0] - rest[0]) / np.sqrt(both)])
    p = float(p_value(np.abs(z).min(keepdims=True))[0]) if z[0] * z[1] > 0 else 1.0
    return float(effect[0]), float(np.sqrt(own)), p


def _scores(
    rows: Rows, leaves: Leaves, expected: Any, mask: NDArray[np.bool_], *, is_confirming: bool = True
) -> NDArray[np.float64]:
    """Give each row's pull on a segment's effect in one half (0 outside it)."""
    by_leaf = np.broadcast_to(expected, len(leaves.codes))
    score = rows.numerator - by_leaf[leaves.of_row] * rows.denominator
    inside = mask[leaves.of_row] & (rows.is_confirming == is_confirming)
    pull = np.zeros(len(score))
    for is_after, sign in ((True, 1.0), (False, -1.0)):
        which = inside & (rows.is_after == is_after)
        below = rows.denominator[which].sum()
        if below > 0:
            mean = score[which].sum() / below
            pull[which] = sign * (score[which] - mean * rows.denominator[which]) / below
    return pull


def _clustered(clusters: NDArray[np.int64] | None, pull: NDArray[np.float64]) -> float:
    """Variance of an effect whose rows depend on each other within clusters."""
    if clusters is None:
        return 0.0
    totals = np.bincount(clusters, weights=pull)
    n_clusters = np.count_nonzero(np.bincount(clusters[pull != 0]))
    return float((totals**2).sum() * n_clusters / max(n_clusters - 1, 1))
