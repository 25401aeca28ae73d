"""What drives satisfaction: which parts of the experience move the score, how much each, and how sure that is.

Ratings of one questionnaire rise and fall together, so their correlations with the score all look alike. Here each
driver gets its fair part of what all of them explain together, beside what channel, issue and team explain, with an
interval that draws whole customers again. It says what goes together with the score; only an experiment says more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from csm_lib.errors import UsageError
from csm_lib.explain.design import MAX_DRIVERS, Design, read_design
from csm_lib.explain.explained import (
    Problem,
    explained_linear,
    explained_logit,
    fair_parts,
    resampling_weights,
    variance_inflation,
)
from csm_lib.explain.robust import Fit, mean_with_bounds, robust_fit
from csm_lib.measure.arguments import check_level

__all__ = ["MAX_DRIVERS", "drivers", "models_table"]

Array = NDArray[np.float64]
_MIN_CLUSTERS = 8
_MOST_GROUPS = 2_000
_NUMBERS = (
    "importance", "low", "high", "share_of_explained", "share_low", "share_high", "coefficient", "coefficient_low",
    "coefficient_high", "mean", "mean_low", "mean_high", "vif",
)  # fmt: skip
_COLUMNS = ("driver", "n", *_NUMBERS, "rank", "rank_low", "rank_high")


def drivers(
    frame: Any,
    *,
    outcome: str,
    drivers: Sequence[str],
    adjust_for: Sequence[str] = (),
    clusters: str | None = None,
    log: Sequence[str] = (),
    kind: Literal["score", "top_two"] = "score",
    top_from: float = 4.0,
    level: float = 0.95,
    n_boot: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Divide what explains an outcome among its drivers.

    Parameters
    ----------
    frame : pandas, Polars or Arrow frame, or DuckDB relation
        One row per questionnaire or contact.
    outcome : str
        Column to be explained, a number or a flag.
    drivers : sequence of str
        Up to `MAX_DRIVERS` columns; a text column counts as one driver with its words as categories.
    adjust_for : sequence of str
        Columns that are in every model and get no part: what they explain is nobody's merit. A missing word is a word
        of its own; words on fewer than 20 rows are put together.
    clusters : str, optional
        Column whose equal values are drawn together (customer, respondent); without it every row stands alone.
    log : sequence of str
        Drivers taken as log₂(1 + value), for durations: their coefficient is per doubling.
    kind : "score" or "top_two"
        Least squares on the score, or a logit of score ≥ `top_from`.
    top_from : float
        Lowest value that counts as satisfied; flags are taken as they are.
    level : float, 0–1
    n_boot : int
        Samples drawn.
    seed : int

    Returns
    -------
    DataFrame
        One row per driver, most important first: `driver n importance low high share_of_explained share_low share_high
        coefficient coefficient_low coefficient_high mean mean_low mean_high vif rank rank_low rank_high`. `importance`
        is a share of the outcome's variance (of the log-likelihood for a logit) and adds up to `.attrs["explained"]`;
        `coefficient` is in units of the outcome (log odds) per unit of the driver with all others held fixed, NaN for
        categories; `mean` is the driver's own mean; `rank_low` and `rank_high` bound its rank. `.attrs`: `explained`,
        `explained_low`, `explained_high`, `explained_by_adjustment`, `condition`, `n_rows`, `n_used`, `n_clusters`,
        `set_aside` (rows by the column that was missing), `left_out` (drivers by reason), `outcome`, `adjust_for`,
        `kind`, `method`, and `reason` where nothing could be explained.

    Raises
    ------
    UsageError
        If a column is absent, text where a number is needed, named twice, or there are too many drivers.
    SettingError
        If `level` is no probability.

    Notes
    -----
    Shapley parts of R² ("LMG": Lindeman, Merenda and Gold 1980; Grömping 2006, 2007) or of McFadden's pseudo-R².
    Intervals: percentiles over samples of whole clusters. Explained variance is never negative, so a driver without
    any part would never reach 0: the lower bound is 0 where neither the driver alone nor beside all others differs
    from nothing (cluster-robust Wald tests, each at half the level's remainder). Coefficients: sandwich by cluster,
    Student's t. Below 8 clusters there is no interval.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> seen = pd.DataFrame(rng.normal(size=(400, 2)), columns=["speed", "attitude"])
    >>> seen["csat"] = 2 * seen["speed"] + seen["attitude"] + rng.normal(size=400)
    >>> found = drivers(seen, outcome="csat", drivers=["attitude", "speed"])
    >>> found["driver"].tolist(), found["rank_high"].tolist()
    (['speed', 'attitude'], [1, 2])
    >>> bool(abs(found["importance"].sum() - found.attrs["explained"]) < 1e-12)
    True
    """
    check_level(level)
    if kind not in ("score", "top_two"):
        raise UsageError(f"kind must be 'score' or 'top_two', got {kind!r}. Choose one of them.")
    top = top_from if kind == "top_two" else None
    held = read_design(frame, outcome, drivers, adjust_for, clusters, log=log, top_from=top)
    told = held.told() | {"kind": kind, "outcome": outcome, "adjust_for": tuple(adjust_for), "level": level}
    if held.reason:
        return _nothing(told | {"reason": held.reason})
    rng = np.random.default_rng(seed)
    groups = _groups(held.clusters, rng)
    problem = Problem(held.outcome, held.adjusters, held.columns, groups)
    n_groups = problem.n_groups
    samples = resampling_weights(n_groups, n_boot if n_groups >= _MIN_CLUSTERS else 0, rng=rng)
    explain = explained_linear if kind == "score" else explained_logit
    explained = explain(problem, np.vstack([np.ones((1, n_groups)), samples]))
    table = _table(held, fair_parts(explained), level, kind)
    inflation, condition = variance_inflation(held.columns, held.adjusters)
    table["vif"] = inflation
    table = table.sort_values(["rank", "driver"], ignore_index=True)[list(_COLUMNS)]
    whole = explained[:, -1] - explained[:, 0]
    low, high = _bounds(whole[1:], level)
    table.attrs.update(
        told, explained=float(whole[0]), explained_low=low, explained_high=high, condition=condition,
        explained_by_adjustment=float(explained[0, 0]), reason=None, method=_method(held, kind, n_boot, clusters),
    )  # fmt: skip
    return table


def _nothing(told: dict[str, Any]) -> pd.DataFrame:
    """Give no rows, with the reason."""
    table = pd.DataFrame({name: pd.Series(dtype=object if name == "driver" else float) for name in _COLUMNS})
    numbers = ("explained", "explained_low", "explained_high", "explained_by_adjustment", "condition")
    table.attrs.update(told, **dict.fromkeys(numbers, math.nan), method=f"not measured: {told['reason']}")
    return table


def _groups(clusters: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Put many clusters together at random: groups of whole clusters vary as clusters do."""
    n = int(clusters.max()) + 1
    return clusters if n <= _MOST_GROUPS else (rng.permutation(n) % _MOST_GROUPS)[clusters]


def _table(held: Design, parts: Array, level: float, kind: str) -> pd.DataFrame:
    """One row per driver, in the order given."""
    total = parts.sum(axis=1, keepdims=True)
    shares = np.divide(parts, total, out=np.full_like(parts, math.nan), where=np.abs(total) > 1e-12)
    ranks = rankdata(-parts, axis=1, method="min")
    full = robust_fit(np.hstack([*held.columns, held.adjusters]), held.outcome, held.clusters, kind=kind)
    rows, at = [], 0
    for j, (name, columns) in enumerate(zip(held.drivers, held.columns, strict=True)):
        width = columns.shape[1]
        is_void = _is_void(held, columns, full, slice(at, at + width), level, kind)
        row = {"driver": name, "n": len(held.outcome), "importance": float(parts[0, j]), "rank": int(ranks[0, j])}
        row |= {"share_of_explained": float(shares[0, j])}
        row["low"], row["high"] = _bounds(parts[1:, j], level, is_void=is_void)
        row["share_low"], row["share_high"] = _bounds(shares[1:, j], level, is_void=is_void)
        lowest, highest = _bounds(ranks[1:, j].astype(float), level)
        row["rank_low"], row["rank_high"] = (None if math.isnan(at) else round(at) for at in (lowest, highest))
        is_number = name not in held.categories
        row |= _coefficient(full, at, level, is_number=is_number)
        values = held.values[j] if is_number else np.full(1, math.nan)
        row |= dict(zip(("mean", "mean_low", "mean_high"), mean_with_bounds(values, held.clusters, level), strict=True))
        rows.append(row)
        at += width
    table = pd.DataFrame(rows)
    return table.astype(dict.fromkeys(("rank_low", "rank_high"), "Int64"))


def _is_void(held: Design, columns: Array, full: Fit, place: slice, level: float, kind: str) -> bool:
    """Tell whether a driver may have no part at all: neither alone nor beside all others does it differ from 0."""
    alone = robust_fit(np.hstack([columns, held.adjusters]), held.outcome, held.clusters, kind=kind)
    chances = (alone.p_of(slice(0, columns.shape[1])), full.p_of(place))
    return all(not p < (1 - level) / 2 for p in chances)


def _bounds(values: Array, level: float, *, is_void: bool = False) -> tuple[float, float]:
    if not len(values) or np.isnan(values).any():
        return math.nan, math.nan
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return 0.0 if is_void else float(low), float(high)


def _coefficient(full: Fit, at: int, level: float, *, is_number: bool) -> dict[str, float]:
    names = ("coefficient", "coefficient_low", "coefficient_high")
    return dict(zip(names, full.bounds(at, level) if is_number else (math.nan,) * 3, strict=True))


def _method(held: Design, kind: str, n_boot: int, clusters: str | None) -> str:
    parts = "Shapley parts of R² (LMG)" if kind == "score" else "Shapley parts of McFadden's pseudo-R² of a logit"
    if held.n_clusters < _MIN_CLUSTERS:
        return f"{parts}; no interval: {held.n_clusters} clusters"
    drawn = f"whole {clusters}" if clusters else "rows"
    linear = "" if kind == "score" else ", one Newton step each"
    return f"{parts}; percentiles of {n_boot} samples of {drawn}{linear}"


def models_table(models: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Put several models beside one another: how much each explains, of how many answers, how near its drivers are.

    Parameters
    ----------
    models : mapping of str to DataFrame
        Name to what `drivers` gave.

    Returns
    -------
    DataFrame
        One row per model: `model n n_clusters explained low high explained_by_adjustment condition n_set_aside left_out
        reason`.

    Examples
    --------
    >>> seen = pd.DataFrame({"csat": [None, None], "speed": [1, 2]})
    >>> told = models_table({"ratings": drivers(seen, outcome="csat", drivers=["speed"])})
    >>> told[["model", "n", "reason"]].values.tolist()
    [['ratings', 0, 'no row has csat']]
    """
    rows = []
    for name, table in models.items():
        told = table.attrs
        row = {"model": name, "n": told["n_used"], "n_clusters": told["n_clusters"], "explained": told["explained"]}
        row |= {"low": told["explained_low"], "high": told["explained_high"], "condition": told["condition"]}
        row |= {"explained_by_adjustment": told["explained_by_adjustment"], "reason": told["reason"]}
        row["n_set_aside"] = told["n_rows"] - told["n_used"]
        row["left_out"] = "; ".join(f"{driver}: {why}" for driver, why in told["left_out"].items()) or None
        rows.append(row)
    columns = ["model", "n", "n_clusters", "explained", "low", "high", "explained_by_adjustment", "condition",
               "n_set_aside", "left_out", "reason"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)
