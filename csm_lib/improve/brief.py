"""The gaps that matter, each with its cause and with what is being done about it.

A report that lists every gap lists none. Three are chosen by one rule, and beside each stands what the evidence says of
its cause and which measure of the plan answers it, or that none does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from csm_lib.definitions import INDICATORS
from csm_lib.improve.plan import STATUSES

__all__ = ["causes_of_gaps", "key_gaps", "measures_for_gaps"]

_GAPS = ("key", "value", "low", "high", "n", "unit", "target", "gap", "excess_share", "verdict")
_PLANNED = ("measure", "owner", "due_on", "status")


def key_gaps(card: pd.DataFrame, *, count: int = 3) -> pd.DataFrame:
    """Choose the largest gaps of a scorecard.

    Parameters
    ----------
    card : DataFrame
        As `csm_lib.measure.gaps.scorecard` gives. Columns read: `key value low high n unit target gap better verdict`.
    count : int
        Most gaps to give.

    Returns
    -------
    DataFrame
        One row per gap, those missed for sure before those too close to call, the largest excess first: `key value low
        high n unit target gap excess_share verdict`. Only values on the wrong side of their target; `.attrs["others"]`
        has the keys of those that are not among the `count`.

    Notes
    -----
    Gaps in seconds and in percent are compared by how far they exceed what the target allows: of a share to be high,
    the failures beyond the allowed ones over the allowed ones; of anything to be low, the excess over the target; of a
    score to be high, what is missing over the target.

    Examples
    --------
    >>> card = pd.DataFrame({"key": ["frt", "fcr"], "value": [35.0, 0.78], "low": [34.0, 0.77], "high": [36.0, 0.79],
    ...     "n": [900, 800], "unit": ["s", "share"], "target": [30.0, 0.85], "gap": [5.0, -0.07],
    ...     "better": ["lower", "higher"], "verdict": "missed"})
    >>> key_gaps(card, count=1)[["key", "excess_share"]].round(3).values.tolist()
    [['fcr', 0.467]]
    """
    judged = card[card["value"].notna() & card["target"].notna()]
    excess = [_excess(row) for row in judged.to_dict("records")]
    rows = judged.assign(excess_share=pd.Series(excess, index=judged.index, dtype=float))
    rows = rows[(rows["excess_share"] > 0) & rows["verdict"].isin(["missed", "too_close"])]
    ranked = rows.assign(_close=rows["verdict"] == "too_close").sort_values(
        ["_close", "excess_share"], ascending=[True, False], kind="stable", ignore_index=True
    )
    table = ranked.head(count)[list(_GAPS)]
    table.attrs["reason"] = None if len(judged) else "no indicator has both a value and a target"
    table.attrs["others"] = ranked["key"].iloc[count:].tolist()
    return table


def causes_of_gaps(
    gaps: pd.DataFrame,
    *,
    whys: pd.DataFrame,
    statements: pd.DataFrame,
    complaints: pd.DataFrame,
    found: Mapping[str, pd.DataFrame],
) -> pd.DataFrame:
    """Put beside each gap where it sits and which cause the evidence supports.

    Parameters
    ----------
    gaps : DataFrame
        As `key_gaps`.
    whys : DataFrame
        As `csm_lib.explain.causes.why_tree` gives. Columns read: `tree level statement evidence value points status`.
    statements : DataFrame
        Rows of the table `five_whys`. Columns read: `tree indicator`.
    complaints : DataFrame
        As `csm_lib.explain.causes.complaint_pareto` gives. Columns read: `cause value`.
    found : mapping of key to DataFrame
        What `csm_lib.explain.where.where_it_sits` found for the gap.

    Returns
    -------
    DataFrame
        The rows with `where` (the first segment found, or None), `cause` (None where no evidence supports one),
        `evidence` and `cause_share` (of the coded failures or complaints; NaN where it was not counted). Of several
        supported statements the one that could win most counts, else the one nearest to the gap.

    Examples
    --------
    >>> gaps = pd.DataFrame({"key": ["complaint_rate"]})
    >>> pareto = pd.DataFrame({"cause": ["late"], "value": [0.6], "n": [3]})
    >>> nothing = pd.DataFrame(columns=["tree", "level", "statement", "evidence", "value", "points", "status"])
    >>> made = causes_of_gaps(gaps, whys=nothing, statements=pd.DataFrame(columns=["tree", "indicator"]),
    ...                       complaints=pareto, found={})
    >>> made[["cause", "cause_share"]].values.tolist()
    [['late', 0.6]]
    """
    trees = statements.dropna(subset=["indicator"]).groupby("tree")["indicator"].first()
    rows = []
    for key in gaps["key"]:
        segment = _worst_segment(found.get(key), key)
        if key == "complaint_rate" and len(complaints):
            cause = _of_complaints(complaints)
        else:
            cause = _of_whys(whys[whys["tree"].isin(trees.index[trees == key])])
        rows.append({"where": segment, **cause})
    beside = pd.DataFrame(rows, columns=["where", "cause", "evidence", "cause_share"], index=gaps.index, dtype=object)
    beside = beside.astype({"cause_share": float})
    table = pd.concat([gaps, beside], axis=1)
    table.attrs = dict(gaps.attrs)
    return table


def measures_for_gaps(gaps: pd.DataFrame, plan: pd.DataFrame, *, current: str) -> pd.DataFrame:
    """Put beside each gap the measure of the plan that answers it.

    Parameters
    ----------
    gaps : DataFrame
        As `key_gaps` or `causes_of_gaps`.
    plan : DataFrame
        As `csm_lib.improve.plan.action_plan` gives. Columns read: `plan indicator measure owner due_on status`.
    current : str
        Name of the plan that answers this report; plans are named after periods, so that earlier ones sort before.

    Returns
    -------
    DataFrame
        The rows with `measure owner due_on status` of the most pressing measure: of the current plan, else one of an
        earlier plan that is not done; None where there is none.

    Examples
    --------
    >>> plan = pd.DataFrame({"plan": ["2024Q1"], "indicator": ["fcr"], "measure": ["train"], "owner": ["lead"],
    ...                      "due_on": ["2024-05-31"], "status": ["open"]})
    >>> measures_for_gaps(pd.DataFrame({"key": ["fcr", "frt"]}), plan, current="2024Q1")["measure"].tolist()
    ['train', None]
    """
    is_earlier = plan["plan"].fillna("").astype(str) < current
    usable = plan[plan["plan"].eq(current) | (is_earlier & ~plan["status"].isin(STATUSES[:2]))]
    usable = usable.assign(_old=~usable["plan"].eq(current)).sort_values("_old", kind="stable")
    first = usable.drop_duplicates("indicator").set_index("indicator")
    beside = {name: [first[name].get(key) for key in gaps["key"]] for name in _PLANNED}
    table = gaps.assign(**{name: pd.Series(values, index=gaps.index, dtype=object) for name, values in beside.items()})
    table.attrs = dict(gaps.attrs)
    return table


def _excess(row: Mapping[Any, Any]) -> float:
    """How far a value exceeds what its target allows, as a share of that."""
    value, target = float(row["value"]), float(row["target"])
    if row["better"] == "lower":
        allowed, missing = target, value - target
    else:
        allowed, missing = (1 - target if row["unit"] == "share" else abs(target)), target - value
    return missing / allowed if allowed > 0 else math.copysign(math.inf, missing) if missing else 0.0


def _worst_segment(found: pd.DataFrame | None, key: str) -> Any:
    """Give the first segment on the bad side."""
    if found is None or found.empty:
        return None
    sign = -1 if INDICATORS[key].better == "higher" else 1
    worse = found[found["contribution"].astype(float) * sign > 0]
    return worse["segment"].iloc[0] if len(worse) else None


def _of_complaints(complaints: pd.DataFrame) -> dict[str, Any]:
    top = complaints.iloc[0]
    return {"cause": top["cause"], "evidence": f"{int(top['n'])} complaints", "cause_share": float(top["value"])}


def _of_whys(chain: pd.DataFrame) -> dict[str, Any]:
    supported = chain[chain["status"].eq("supported") & (chain["level"].astype(float) > 0)]
    if supported.empty:
        return {"cause": None, "evidence": None, "cause_share": math.nan}
    order = supported.assign(_points=supported["points"].astype(float).fillna(-1.0))
    top = order.sort_values(["_points", "level"], ascending=[False, True], kind="stable").iloc[0]
    is_counted = top["_points"] >= 0
    share = float(top["value"]) if is_counted else math.nan
    return {"cause": top["statement"], "evidence": top["evidence"], "cause_share": share}
