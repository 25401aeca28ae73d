"""Which problem comes first: scores from what each contributes, and how far the ranking holds.

A ranking rests on how much efficiency, quality, cost and experience count and on numbers that are not sure. Both are
varied: a problem that comes first whatever one holds dear is first; one whose rank spans the list is a matter of taste.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri
from scipy.stats import rankdata

from csm_lib.engine import quote_text
from csm_lib.errors import UsageError
from csm_lib.explain.prices import flag_problems
from csm_lib.explain.robust import cluster_numbers, mean_with_bounds
from csm_lib.measure.arguments import check_level
from csm_lib.measure.changes import difference

__all__ = ["DIMENSIONS", "Dimension", "contributions", "named_problems", "owners", "priority"]


@dataclass(frozen=True)
class Dimension:
    """What a problem is scored on: the name, what is measured on each contact, and the unit of the contribution."""

    name: str
    measured: str
    unit: str


DIMENSIONS = (
    Dimension("efficiency", "mean time from start to resolution", "s"),
    Dimension("quality", "share not resolved at the first contact", "points"),
    Dimension("experience", "share of answers that are not satisfied (below 4)", "points"),
    Dimension("cost", "price of the contacts that followed", "money"),
)
_COLUMNS = (
    "customer_id", "resolution_s", "is_first_contact_resolved", "csat", "speed", "accuracy_rating", "attitude",
    "outcome",
)  # fmt: skip
_NAMES = tuple(dimension.name for dimension in DIMENSIONS)


def named_problems(whys: pd.DataFrame, facts: pd.DataFrame, *, by: str = "issue", count: int = 5) -> dict[str, str]:
    """Name the problems worth ranking: what the chains of whys support, else the kinds of contact that fail most.

    Parameters
    ----------
    whys : DataFrame
        As `csm_lib.explain.causes.why_tree` gives. Columns read: `statement evidence status`.
    facts : DataFrame of contact facts
        Columns read: `by is_first_contact_resolved`.
    by : str
        Column whose words are problems where no statement is supported by a count or a segment.
    count : int
        Most words to take.

    Returns
    -------
    dict of str to str
        Statement to row expression; empty where neither is there.

    Examples
    --------
    >>> whys = pd.DataFrame({"statement": ["No answer in the knowledge base", "Low FCR"], "status": "supported",
    ...                      "evidence": ["cause = knowledge", "fcr"]})
    >>> named_problems(whys, pd.DataFrame())
    {'No answer in the knowledge base': 'cause = knowledge'}
    """
    found: dict[str, str] = {}
    for row in whys.itertuples() if len(whys) else ():
        text = row.evidence if isinstance(row.evidence, str) else ""
        condition = text.partition(" where ")[2] or (text if text.startswith("cause = ") else "")
        if row.status == "supported" and condition and condition not in found.values():
            found[str(row.statement)] = condition
    if found or by not in facts:
        return found
    known = facts[facts[by].notna()]
    failed = known[known["is_first_contact_resolved"].eq(False).fillna(False)] if len(known) else known
    counts = (failed if len(failed) else known)[by].astype(str).value_counts()
    words = sorted(counts.index, key=lambda word: (-counts[word], word))[:count]
    return {f"{by}: {word}": f"{by} = {quote_text(word)}" for word in words}


def contributions(
    facts: Any, problems: Mapping[str, str], *, prices: pd.DataFrame | None = None, level: float = 0.95
) -> pd.DataFrame:
    """Measure what each problem contributes to each dimension.

    Parameters
    ----------
    facts : frame of contact facts
        Columns read where present: `customer_id resolution_s is_first_contact_resolved csat speed accuracy_rating
        attitude outcome`, and what the problems name.
    problems : mapping of str to str
        Name to row expression.
    prices : DataFrame, optional
        As `csm_lib.explain.prices.prices` gives, for the dimension cost: its `excess`.
    level : float, 0–1

    Returns
    -------
    DataFrame
        One row per problem: `problem n` and for each of `DIMENSIONS` the contribution with `_low` and `_high`: share
        of contacts with the problem × (their mean − that of all others), so above 0 is bad; NaN where it was not
        measured. For cost the price beyond what follows other contacts. `.attrs["missing"]` names
        dimensions without any value.

    Raises
    ------
    UsageError
        If an expression cannot be read.

    Notes
    -----
    Intervals by customer; the share of contacts is taken as given. It is an association: contacts with a problem may be
    others in many ways.
    """
    check_level(level)
    rows = flag_problems(facts, problems, _COLUMNS)
    items = rows[["speed", "accuracy_rating", "attitude", "outcome"]].astype(float).mean(axis=1)
    score = rows["csat"].astype(float).fillna(items)
    first = rows["is_first_contact_resolved"].astype(object)
    measured = {
        "efficiency": rows["resolution_s"].astype(float),
        "quality": first.map({True: 0.0, False: 1.0}).astype(float),
        "experience": (score < 4).astype(float).where(score.notna()),
    }
    priced = prices.set_index("problem") if prices is not None and len(prices) else None
    made = []
    for i, name in enumerate(problems):
        inside = rows[f"is_{i}"].to_numpy(bool)
        row: dict[str, Any] = {"problem": name, "n": int(inside.sum())}
        for dimension, values in measured.items():
            row |= _named(dimension, _contribution(values, inside, rows["customer_id"], level))
        row |= _named("cost", _cost(priced, name))
        made.append(row)
    columns = ["problem", "n", *(f"{name}{end}" for name in _NAMES for end in ("", "_low", "_high"))]
    table = pd.DataFrame(made, columns=columns)
    table.attrs["missing"] = [name for name in _NAMES if table[name].isna().all()]
    return table


def _named(name: str, numbers: tuple[float, float, float]) -> dict[str, float]:
    return dict(zip((name, f"{name}_low", f"{name}_high"), numbers, strict=True))


def _cost(priced: pd.DataFrame | None, name: str) -> tuple[float, float, float]:
    if priced is None or name not in priced.index:
        return (math.nan,) * 3
    row = priced.loc[name]
    return float(row["excess"]), float(row["excess_low"]), float(row["excess_high"])


def _contribution(
    values: pd.Series, inside: np.ndarray, customers: pd.Series, level: float
) -> tuple[float, float, float]:
    """Share of the contacts that have the problem × how much worse they are."""
    seen = values.notna().to_numpy()
    parts = []
    for chosen in (seen & inside, seen & ~inside):
        if not chosen.any():
            return (math.nan,) * 3
        parts.append(mean_with_bounds(values[chosen].to_numpy(float), cluster_numbers(customers[chosen]), level))
    (one, low, high), (other, other_low, other_high) = parts
    gap, below, above, _ = difference(one, low, high, other, other_low, other_high, level=level)
    weight = float((seen & inside).sum() / seen.sum())
    return weight * gap, weight * below, weight * above


def priority(
    table: pd.DataFrame,
    *,
    weights: Mapping[str, float] | None = None,
    level: float = 0.95,
    n_draws: int = 4000,
    seed: int = 0,
) -> pd.DataFrame:
    """Rank problems by their scores, and say what the ranking rests on.

    Parameters
    ----------
    table : DataFrame
        As `contributions` gives.
    weights : mapping of str to float, optional
        How much each dimension counts; equal without it.
    level : float, 0–1
        Probability that the intervals of `table` and the ranges given hold.
    n_draws : int
    seed : int

    Returns
    -------
    DataFrame
        One row per problem, first first: `rank problem n efficiency quality experience cost score score_low score_high
        rank_low rank_high first_share rests_on`. A dimension's score is its contribution over the largest one (0 where
        it does no harm), the whole their weighted mean over the dimensions that were measured. `first_share` is the
        share of draws in which the problem comes first, `rests_on` the dimension that gives most of its score.

    Raises
    ------
    UsageError
        If a weight is negative, all are 0, or one is of no dimension.

    Notes
    -----
    Each draw takes the contributions from normal distributions as wide as their intervals and the weights from a
    Dirichlet distribution around those given (four times their number, so that any may come to count little or most).

    Examples
    --------
    >>> found = pd.DataFrame({"problem": ["a", "b"], "n": [9, 9], "quality": [0.08, 0.01], "quality_low": [0.07, 0.0],
    ...                       "quality_high": [0.09, 0.02]})
    >>> priority(found)[["problem", "score", "rank_high"]].values.tolist()
    [['a', 1.0, 1], ['b', 0.125, 2]]
    """
    check_level(level)
    given = dict.fromkeys(_NAMES, 1.0) if weights is None else {name: float(weights.get(name, 0)) for name in _NAMES}
    unknown = sorted(set(weights or {}) - set(_NAMES))
    if unknown or min(given.values()) < 0 or not sum(given.values()) > 0:
        raise UsageError(
            f"weights must be numbers from 0 up for {', '.join(_NAMES)}, not all 0, got {dict(weights or {})!r}. "
            "Correct them."
        )
    held = [name for name in _NAMES if name in table and table[name].notna().any() and given[name] > 0]
    columns = ["rank", "problem", "n", *_NAMES, "score", "score_low", "score_high", "rank_low", "rank_high",
               "first_share", "rests_on"]  # fmt: skip
    if table.empty or not held:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in columns})
    values = table[held].to_numpy(float)
    spread = np.column_stack([table[f"{name}_high"] - table[f"{name}_low"] for name in held]).astype(float)
    spread = np.nan_to_num(spread / (2 * ndtri((1 + level) / 2)))
    rng = np.random.default_rng(seed)
    share = np.array([given[name] for name in held]) / sum(given[name] for name in held)
    drawn_values = values + spread * rng.normal(size=(n_draws, *values.shape))
    drawn_shares = rng.dirichlet(np.maximum(share * 4 * len(held), 1e-6), size=n_draws)
    scores, parts = _scores(values[None], share[None])
    drawn, _ = _scores(drawn_values, drawn_shares)
    ranks = rankdata(-drawn, axis=1, method="min")
    ends = [(1 - level) / 2, (1 + level) / 2]
    low, high = np.quantile(drawn, ends, axis=0)
    rank_low, rank_high = np.quantile(ranks, ends, axis=0, method="nearest")
    dimension_scores = _dimension_scores(values[None])[0]
    made = pd.DataFrame({"problem": table["problem"], "n": table["n"]})
    made = made.assign(
        **{name: dimension_scores[:, held.index(name)] if name in held else math.nan for name in _NAMES},
        score=scores[0], score_low=low, score_high=high, rank_low=rank_low.astype(int), rank_high=rank_high.astype(int),
        first_share=(ranks == 1).mean(axis=0),
        rests_on=[held[int(row.argmax())] if row.max() > 0 else None for row in parts[0]],
        rank=rankdata(-scores[0], method="min").astype(int),
    )  # fmt: skip
    return made.sort_values(["rank", "problem"], ignore_index=True)[columns]


def _dimension_scores(values: np.ndarray) -> np.ndarray:
    """Contributions over the largest of their dimension; what was not measured scores nothing."""
    harm = np.clip(np.nan_to_num(values), 0, None)
    largest = harm.max(axis=1, keepdims=True)
    return np.divide(harm, largest, out=np.zeros_like(harm), where=largest > 0)


def _scores(values: np.ndarray, shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    parts = _dimension_scores(values) * shares[:, None, :]
    return parts.sum(axis=2), parts


def owners(nodes: pd.DataFrame, raci: pd.DataFrame, *, node: str = "stage") -> pd.DataFrame:
    """Put beside each node of the process who answers for it.

    Parameters
    ----------
    nodes : DataFrame
        One row per node, with the column `node`.
    raci : DataFrame
        The table `raci`: `node responsible accountable consulted informed`.
    node : str
        Column of `nodes` that names the node.

    Returns
    -------
    DataFrame
        Rows of `nodes` with `responsible accountable consulted informed`, missing where the table is silent.

    Examples
    --------
    >>> raci = pd.DataFrame({"node": ["triage"], "responsible": ["agent"], "accountable": ["lead"], "consulted": [None],
    ...                      "informed": [None]})
    >>> owners(pd.DataFrame({"stage": ["triage", "solution"]}), raci)["accountable"].tolist()
    ['lead', None]
    """
    names = ("responsible", "accountable", "consulted", "informed")
    known = raci.drop_duplicates("node").set_index("node") if len(raci) else pd.DataFrame(columns=list(names))
    said = {
        name: pd.Series([_said(known, entry, name) for entry in nodes[node]], index=nodes.index, dtype=object)
        for name in names
    }
    return nodes.assign(**said)


def _said(known: pd.DataFrame, entry: Any, name: str) -> str | None:
    value = known[name].get(entry) if name in known else None
    return value if isinstance(value, str) and value else None
