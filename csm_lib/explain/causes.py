"""Causes as evidence allows: counted where contacts carry a cause code, said to be unproven where they do not.

Someone always knows why. A chain of whys is worth acting on where each statement rests on a count or a measured
difference; this module puts the evidence beside each statement, and says so where there is none.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri
from statsmodels.stats.proportion import multinomial_proportions_confint

from csm_lib.errors import UsageError
from csm_lib.explain.evidence import indicator_evidence, no_evidence
from csm_lib.explain.population import table_of

__all__ = ["MATERIAL_SHARE", "coded_causes", "complaint_pareto", "knowledge_gaps", "why_tree"]

# a cause is supported when its share of the coded failures is surely above this
MATERIAL_SHARE = 0.05


def coded_causes(facts: Any, *, outcome: str = "is_first_contact_resolved", level: float = 0.95) -> pd.DataFrame:
    """Count the causes of failures among those that carry a code.

    Parameters
    ----------
    facts : frame of contact facts
        Columns read: `cause` and `outcome`.
    outcome : str
        Boolean column: True is a success, False a failure, null outside the population.
    level : float, 0–1
        Probability that all intervals hold their true shares at once.

    Returns
    -------
    DataFrame
        One row per cause, most frequent first: `cause n value low high points points_low points_high`. `value` is the
        share of the *coded* failures; `points` is what removing the cause could win at most, as a share of the
        population: value × failure share, the uncoded failures taken to have the same causes. `.attrs`: `n_population`,
        `n_failures`, `n_coded`, `n_uncoded`, `uncoded_share` (of failures), `failure_share`, `method`.

    Raises
    ------
    UsageError
        If a column is absent.

    Notes
    -----
    Simultaneous intervals for multinomial shares: Goodman (1965), Technometrics 7:247.

    Examples
    --------
    >>> seen = pd.DataFrame({"is_first_contact_resolved": [True] * 78 + [False] * 22,
    ...                      "cause": [None] * 80 + ["knowledge"] * 8 + ["skills"] * 12})
    >>> counted = coded_causes(seen)
    >>> counted[["cause", "n", "value"]].values.tolist(), counted.attrs["n_uncoded"]
    ([['skills', 12, 0.6], ['knowledge', 8, 0.4]], 2)
    >>> round(float(counted.loc[1, "points"]), 3)
    0.088
    """
    rows = table_of(facts, [outcome, "cause"], role="facts").to_pandas()
    judged = rows[rows[outcome].notna()]
    failures = judged[~judged[outcome].astype(bool)]
    table = _shares(failures["cause"], "cause", level)
    failure_share = len(failures) / len(judged) if len(judged) else math.nan
    for name, column in (("points", "value"), ("points_low", "low"), ("points_high", "high")):
        table[name] = table[column] * failure_share
    n_coded = int(table["n"].sum())
    table.attrs.update(
        n_population=len(judged), n_failures=len(failures), n_coded=n_coded, n_uncoded=len(failures) - n_coded,
        uncoded_share=1 - n_coded / len(failures) if len(failures) else math.nan, failure_share=failure_share,
        method="Goodman, simultaneous",
    )  # fmt: skip
    return table


def complaint_pareto(complaints: Any, *, level: float = 0.95) -> pd.DataFrame:
    """Sort complaint causes by how often they occur, with the running share.

    Parameters
    ----------
    complaints : frame of complaint facts
        Columns read: `cause`, `is_counted` (complaints reported twice count once).
    level : float, 0–1
        As in `coded_causes`.

    Returns
    -------
    DataFrame
        One row per cause, most frequent first: `rank cause n value low high rank_low rank_high cumulative_n
        cumulative`; shares of the complaints with a cause; `rank_low` and `rank_high` bound the place that each could
        truly have, all at once. `.attrs`: `n_complaints`, `n_coded`, `n_uncoded`, `method`.

    Raises
    ------
    UsageError
        If a column is absent.

    Notes
    -----
    Two causes have a sure order where the difference of their counts exceeds z √(n₁ + n₂), z with Bonferroni's share
    of the level for each of the k(k − 1)/2 pairs (Klein, Wright and Wieczorek 2020 for ranks from pairs).

    Examples
    --------
    >>> seen = pd.DataFrame({"cause": ["late"] * 6 + ["rude"] * 2 + [None], "is_counted": True})
    >>> complaint_pareto(seen)[["rank", "cause", "cumulative"]].values.tolist()
    [[1, 'late', 0.75], [2, 'rude', 1.0]]
    """
    rows = table_of(complaints, ["cause", "is_counted"], role="complaints").to_pandas()
    counted = rows[rows["is_counted"].fillna(False).astype(bool)]
    table = _shares(counted["cause"], "cause", level)
    table.insert(0, "rank", np.arange(1, len(table) + 1))
    table["rank_low"], table["rank_high"] = _rank_bounds(table["n"].to_numpy(float), level)
    table["cumulative_n"] = table["n"].cumsum()
    n_coded = int(table["n"].sum())
    table["cumulative"] = table["cumulative_n"] / n_coded if n_coded else math.nan
    table.attrs.update(
        n_complaints=len(counted), n_coded=n_coded, n_uncoded=len(counted) - n_coded, method="Goodman, simultaneous"
    )
    return table


def knowledge_gaps(
    facts: Any, *, outcome: str = "is_first_contact_resolved", cause: str = "knowledge", count: int = 10
) -> pd.DataFrame:
    """List where the knowledge base fails most often: issue × product by failures coded to knowledge.

    Parameters
    ----------
    facts : frame of contact facts
        Columns read: `issue`, `product`, `cause`, `outcome`.
    outcome : str
        As in `coded_causes`.
    cause : str
        The code that stands for missing knowledge.
    count : int
        Most rows to give.

    Returns
    -------
    DataFrame
        One row per issue and product, most failures first: `issue product n value cumulative n_contacts`; `n` failures
        coded to the cause, `value` their share of all such failures, `n_contacts` judged contacts there.

    Raises
    ------
    UsageError
        If a column is absent.

    Examples
    --------
    >>> seen = pd.DataFrame({"issue": ["fee", "fee", "login"], "product": ["card", "card", "app"],
    ...                      "cause": ["knowledge"] * 3, "is_first_contact_resolved": False})
    >>> knowledge_gaps(seen)[["issue", "product", "n"]].values.tolist()
    [['fee', 'card', 2], ['login', 'app', 1]]
    """
    rows = table_of(facts, ["issue", "product", "cause", outcome], role="facts").to_pandas()
    judged = rows[rows[outcome].notna()]
    failed = ~judged[outcome].astype(bool) & (judged["cause"] == cause)
    grouped = judged.assign(is_gap=failed).groupby(["issue", "product"], dropna=False, observed=True)["is_gap"]
    table = grouped.agg(n="sum", n_contacts="size").reset_index()
    table = table[table["n"] > 0].sort_values(["n", "issue", "product"], ascending=[False, True, True])
    table["value"] = table["n"] / table["n"].sum()
    table["cumulative"] = table["value"].cumsum()
    return table[["issue", "product", "n", "value", "cumulative", "n_contacts"]].head(count).reset_index(drop=True)


def why_tree(
    statements: pd.DataFrame,
    facts: Any,
    *,
    targets: Mapping[str, float] | None = None,
    outcome: str = "is_first_contact_resolved",
    level: float = 0.95,
) -> pd.DataFrame:
    """Put the evidence beside each statement of the chains of whys.

    Parameters
    ----------
    statements : DataFrame
        Rows of the table `five_whys`.
    facts : mapping of grain to frame, or frame of contact facts
        What the evidence is counted and measured on.
    targets : mapping of str to float, optional
        Needed where a statement's evidence is an indicator without a filter.
    outcome : str
        As in `coded_causes`; what the coded causes are causes of.
    level : float, 0–1

    Returns
    -------
    DataFrame
        One row per statement, each below its parent: `tree node_id parent_id level category statement evidence n value
        low high unit reference expected_share share share_low share_high points status`. `status` is `supported`, `not
        supported` or `no evidence`.

    Raises
    ------
    UsageError
        If a statement's parent is not in its table, or a filter cannot be read.

    Notes
    -----
    A cause is supported where the lower bound of its share of coded failures is above `MATERIAL_SHARE`, else not. An
    indicator with a filter (a row expression, `csm_lib.explain.filters`) is supported where the filtered rows are worse
    than all others (of those behind `within`, where it has one), the interval of the difference excluding 0; `share` is
    the part of all failures found there (for a cause of the coded ones); without a filter where it misses its target
    for sure, and not supported where it meets it for sure. `reference` is what the value was compared with. Evidence
    shows association, not that the cause acts.

    Examples
    --------
    >>> seen = pd.DataFrame({"is_first_contact_resolved": [True] * 60 + [False] * 40,
    ...                      "cause": [None] * 60 + ["knowledge"] * 40})
    >>> chain = pd.DataFrame({"node_id": ["1", "2"], "parent_id": [None, "1"], "tree": "fcr", "level": [0, 1],
    ...     "statement": ["low FCR", "knowledge base incomplete"], "cause": [None, "knowledge"]})
    >>> why_tree(chain, seen)[["statement", "status"]].values.tolist()
    [['low FCR', 'no evidence'], ['knowledge base incomplete', 'supported']]
    """
    chain = statements.reindex(columns=[*dict.fromkeys([*statements.columns, *_STATEMENT])])
    ordered = _in_order(chain)
    contacts = facts["contact"] if isinstance(facts, Mapping) else facts
    counted = coded_causes(contacts, outcome=outcome, level=level) if chain["cause"].notna().any() else None
    rows = []
    for row in ordered:
        if _is_given(row["cause"]):
            found = _cause_evidence(str(row["cause"]), counted)
        elif _is_given(row["evidence_indicator"]):
            found = indicator_evidence(row, facts, targets or {}, level)
        else:
            found = no_evidence()
        rows.append({name: row[name] for name in _STATEMENT if name not in _EVIDENCE_SOURCE} | found)
    return pd.DataFrame(rows, columns=list(_WHY_TREE))


_EVIDENCE_SOURCE = ("cause", "evidence_indicator", "evidence_filter", "indicator")
_STATEMENT = (
    "tree", "node_id", "parent_id", "level", "category", "statement", "expected_share", *_EVIDENCE_SOURCE,
)  # fmt: skip
_WHY_TREE = (
    "tree", "node_id", "parent_id", "level", "category", "statement", "evidence", "n", "value", "low", "high", "unit",
    "reference", "expected_share", "share", "share_low", "share_high", "points", "status",
)  # fmt: skip


def _shares(codes: pd.Series, name: str, level: float) -> pd.DataFrame:
    """Count the words of a column, most frequent first, with simultaneous intervals."""
    counts = codes.dropna().astype(str).value_counts().rename_axis(name).reset_index(name="n")
    counts = counts.sort_values(["n", name], ascending=[False, True], ignore_index=True)
    bounds = np.empty((0, 2))
    if len(counts):
        bounds = multinomial_proportions_confint(counts["n"].to_numpy(), alpha=1 - level, method="goodman")
    counts["value"] = counts["n"] / counts["n"].sum() if len(counts) else pd.Series(dtype=float)
    counts["low"], counts["high"] = bounds[:, 0], bounds[:, 1]
    return counts


def _rank_bounds(n: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """First and last place that each count could truly have, all at once."""
    pairs = max(len(n) * (len(n) - 1) / 2, 1)
    reach = float(ndtri(1 - (1 - level) / (2 * pairs)))
    spread = np.sqrt(n[:, None] + n[None, :])
    is_above = (n[None, :] - n[:, None]) > reach * spread
    return 1 + is_above.sum(axis=1), len(n) - is_above.sum(axis=0)


def _in_order(chain: pd.DataFrame) -> list[dict[Hashable, Any]]:
    """Put each statement right below its parent, in the order of the table."""
    rows = chain.to_dict("records")
    known = {row["node_id"] for row in rows}
    lost = [str(row["node_id"]) for row in rows if _is_given(row["parent_id"]) and row["parent_id"] not in known]
    if lost:
        raise UsageError(
            f"parent_id must name a node of five_whys, got an unknown one ({len(lost)} of {len(rows)} rows, node "
            f"{', '.join(lost[:5])}). Correct data/tables/five_whys."
        )
    below: dict[Any, list[dict[Hashable, Any]]] = {}
    for row in rows:
        below.setdefault(row["parent_id"] if _is_given(row["parent_id"]) else None, []).append(row)
    ordered: list[dict[Hashable, Any]] = []
    waiting = below.get(None, [])[::-1]
    while waiting:
        row = waiting.pop()
        ordered.append(row)
        waiting.extend(below.get(row["node_id"], [])[::-1])
    if len(ordered) < len(rows):
        raise UsageError(
            f"parent_id must lead to a first statement, got a circle among {len(rows) - len(ordered)} rows of "
            "five_whys. Correct data/tables/five_whys."
        )
    return ordered


def _is_given(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _cause_evidence(cause: str, counted: pd.DataFrame | None) -> dict[str, Any]:
    """Read a cause's counted share; a cause that was never coded is not supported where others were."""
    found = no_evidence(f"cause = {cause}") | {"unit": "share"}
    if counted is None or not len(counted):
        return found
    row = counted[counted["cause"] == cause]
    if row.empty:
        return found | {"value": 0.0, "points": 0.0, "reference": MATERIAL_SHARE, "status": "not supported"}
    numbers = {name: float(row[name].iloc[0]) for name in ("value", "low", "high", "points")}
    numbers |= {"share": numbers["value"], "share_low": numbers["low"], "share_high": numbers["high"]}
    status = "supported" if numbers["low"] > MATERIAL_SHARE else "not supported"
    return found | numbers | {"n": int(row["n"].iloc[0]), "reference": MATERIAL_SHARE, "status": status}
