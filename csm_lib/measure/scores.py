"""One figure for a dimension, a team or the whole: how far along the way to its targets, and what the weights decide.

A composite condenses and does not test. It hides what it adds up, so it carries an interval of its own, and beside it
stands which other weights would turn the ranking: where a small change does, the ranking rests on opinion.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from csm_lib.measure.verdicts import is_met

__all__ = ["CAP", "attainment", "composites", "dimension_swaps", "indicator_scores", "weight_swaps"]

CAP = 1.2  # above it more of one indicator no longer makes up for another


def indicator_scores(card: pd.DataFrame, *, cap: float = CAP) -> pd.DataFrame:
    """Say of each indicator with a target how far along the way it is.

    Parameters
    ----------
    card : DataFrame
        As `csm_lib.measure.gaps.scorecard` gives. Columns read: `key dimension value low high n target better`.
    cap : float, ≥ 1
        Most that an indicator can attain; 1 is the target.

    Returns
    -------
    DataFrame
        One row per indicator with value and target: `key dimension n attainment low high`. The interval is that of the
        indicator, turned into attainment; NaN where it has none.

    Notes
    -----
    Value ÷ target where higher is better, target ÷ value where lower is, at least 0 and at most `cap`. A target that is
    not positive has no such ratio: then 1 if met, else 0.

    Examples
    --------
    >>> card = pd.DataFrame({"key": ["frt"], "dimension": ["efficiency"], "value": [40.0], "low": [37.5],
    ...                      "high": [50.0], "n": [900], "target": [30.0], "better": ["lower"]})
    >>> indicator_scores(card)[["attainment", "low", "high"]].values.tolist()
    [[0.75, 0.6, 0.8]]
    """
    rows = []
    for row in card[card["target"].notna() & card["value"].notna()].to_dict("records"):
        value, *bounds = (_attained(row[name], row["target"], row["better"], cap) for name in ("value", "low", "high"))
        low, high = (math.nan, math.nan) if any(map(math.isnan, bounds)) else (min(bounds), max(bounds))
        rows.append((row["key"], row["dimension"], row["n"], value, low, high))
    return pd.DataFrame(rows, columns=["key", "dimension", "n", "attainment", "low", "high"])


def attainment(card: pd.DataFrame, *, weights: Mapping[str, float], cap: float = CAP) -> pd.DataFrame:
    """Condense a scorecard to how far each dimension, and the whole, is on the way to its targets.

    Parameters
    ----------
    card : DataFrame
        As `csm_lib.measure.gaps.scorecard` gives.
    weights : mapping of str to float
        Weight of each dimension; those without a judged indicator are left out and the others re-weighted.
    cap : float, ≥ 1
        Most that an indicator can attain; 1 is the target.

    Returns
    -------
    DataFrame
        One row per dimension and one `all`: `dimension weight n_indicators n_met n_missed n_too_close attainment low
        high points_lost`. `attainment` is 0 to `cap` (NaN where nothing is judged), `points_lost` what the dimension
        takes from the whole: its weight × (1 − attainment).

    Notes
    -----
    A dimension is the plain mean of its indicators (`indicator_scores`), the whole the weighted mean of the dimensions.
    Interval: squared weighted distances of the indicators' bounds added up on each side (Zou and Donner 2008), with the
    indicators taken as independent. Those that rise and fall together make the true interval wider.

    Examples
    --------
    >>> card = pd.DataFrame({"key": ["frt"], "dimension": ["efficiency"], "value": [40.0], "low": [37.5],
    ...                      "high": [50.0], "n": [900], "target": [30.0], "better": ["lower"], "verdict": ["missed"]})
    >>> attainment(card, weights={"efficiency": 1.0})[["dimension", "attainment", "low"]].values.tolist()
    [['efficiency', 0.75, 0.6], ['all', 0.75, 0.6]]
    """
    scores = indicator_scores(card, cap=cap)
    judged = card[card["key"].isin(scores["key"])]
    rows = []
    for dimension, weight in weights.items():
        mine = scores[scores["dimension"] == dimension]
        made = _mean(mine, np.full(len(mine), 1 / len(mine)) if len(mine) else np.empty(0))
        counts = _counts(judged[judged["dimension"] == dimension])
        rows.append({"dimension": dimension, "weight": weight} | counts | made)
    table = pd.DataFrame(rows, columns=list(_ATTAINMENT))
    seen = table[table["attainment"].notna() & (table["weight"] > 0)]
    shares = seen["weight"] / seen["weight"].sum()
    whole = _mean(seen, shares.to_numpy())
    table["points_lost"] = shares * (1 - seen["attainment"])
    last = {"dimension": "all", "weight": float(sum(weights.values()))} | _counts(judged) | whole
    lost = {"points_lost": 1 - whole["attainment"]}
    return pd.concat([table, pd.DataFrame([last | lost], columns=list(_ATTAINMENT))], ignore_index=True)


_ATTAINMENT = (
    "dimension", "weight", "n_indicators", "n_met", "n_missed", "n_too_close", "attainment", "low", "high",
    "points_lost",
)  # fmt: skip


def composites(
    cards: Mapping[str, pd.DataFrame], *, weights: Mapping[str, float], cap: float = CAP
) -> pd.DataFrame:
    """Condense several scorecards, of teams or periods, and put them in order.

    Parameters
    ----------
    cards : mapping of str to DataFrame
        Group to its scorecard, all against the same targets.
    weights, cap
        As in `attainment`.

    Returns
    -------
    DataFrame
        One row per group, highest first: `group`, `n_indicators`, one column per dimension, `value low high` (the
        whole), `rank`. Only dimensions that every group has a judged indicator of count, so that all are judged
        by the same; `.attrs["left_out"]` names the others, `.attrs["weights"]` the weights used.

    Examples
    --------
    >>> card = pd.DataFrame({"key": ["fcr"], "dimension": ["quality"], "value": [0.8], "low": [0.7], "high": [0.9],
    ...                      "n": [90], "target": [0.8], "better": ["higher"], "verdict": ["met"]})
    >>> made = composites({"A": card.assign(value=0.4), "B": card}, weights={"quality": 0.5, "experience": 0.5})
    >>> made[["group", "quality", "value"]].values.tolist(), made.attrs["left_out"]
    ([['B', 1.0, 1.0], ['A', 0.5, 0.5]], ['experience'])
    """
    every = {group: attainment(card, weights=weights, cap=cap).set_index("dimension") for group, card in cards.items()}
    judged = {name: [not math.isnan(one.loc[name, "attainment"]) for one in every.values()] for name in weights}
    common = [name for name, flags in judged.items() if flags and all(flags)]
    used = {name: weights[name] for name in common}
    rows = []
    for group, card in cards.items():
        made = attainment(card[card["dimension"].isin(common)], weights=used, cap=cap).set_index("dimension")
        whole = made.loc["all"]
        numbers = {"value": whole["attainment"], "low": whole["low"], "high": whole["high"]}
        own = {"group": group, "n_indicators": int(whole["n_indicators"])}
        rows.append(own | made.loc[common, "attainment"].to_dict() | numbers)
    table = pd.DataFrame(rows, columns=["group", "n_indicators", *common, "value", "low", "high"])
    table = table.sort_values("value", ascending=False, kind="stable", ignore_index=True)
    table["rank"] = np.arange(1, len(table) + 1)
    table.attrs = {"left_out": [name for name in weights if name not in common], "weights": used}
    return table


def weight_swaps(table: pd.DataFrame) -> pd.DataFrame:
    """Find the weights at which two groups of a composite would change places.

    Parameters
    ----------
    table : DataFrame
        As `composites` gives.

    Returns
    -------
    DataFrame
        One row per dimension: `dimension weight swap_at change first second`: the nearest weight of that dimension at
        which a neighbouring pair of the ranking changes places (`second` would come before `first`), the other
        weights keeping their proportions; NaN and None where no weight from 0 to 1 does.

    Notes
    -----
    With the others in proportion the difference of two groups is a straight line in one weight; its root is the swap.

    Examples
    --------
    >>> made = pd.DataFrame({"group": ["A", "B"], "quality": [0.9, 0.8], "experience": [0.8, 1.0],
    ...                      "value": [0.875, 0.85]})
    >>> made.attrs["weights"] = {"quality": 0.75, "experience": 0.25}
    >>> weight_swaps(made)[["dimension", "swap_at", "second"]].round(3).values.tolist()
    [['quality', 0.667, 'B'], ['experience', 0.333, 'B']]
    """
    weights = table.attrs.get("weights", {})
    total = sum(weights.values())
    parts, rows = {name: table[name].to_numpy(float) for name in weights}, []
    for name, weight in weights.items():
        now, found = weight / total if total else math.nan, []
        rest = [weights[other] / total * parts[other] for other in weights if other != name]
        others = np.sum(rest, axis=0) / (1 - now) if now < 1 else np.empty(0)
        for above in range(len(others) - 1 if len(others) else 0):
            own = parts[name][above] - parts[name][above + 1]
            other = others[above] - others[above + 1]
            at = other / (other - own) if other != own else math.nan
            if 0 <= at <= 1 and abs(at - now) > 1e-12:
                found.append((abs(at - now), at, table["group"].iloc[above], table["group"].iloc[above + 1]))
        _, at, first, second = min(found, default=(math.nan, math.nan, None, None))
        rows.append((name, now, at, at - now, first, second))
    return pd.DataFrame(rows, columns=["dimension", "weight", "swap_at", "change", "first", "second"])


def dimension_swaps(table: pd.DataFrame) -> pd.DataFrame:
    """Find the weights at which another dimension would take most points from the whole.

    Parameters
    ----------
    table : DataFrame
        As `attainment` gives.

    Returns
    -------
    DataFrame
        One row per judged dimension but the one that takes most now: `dimension weight swap_at change first`: the
        weight at which it would take as many points as `first`, the other weights keeping their proportions; NaN where
        none does.

    Examples
    --------
    >>> made = pd.DataFrame({"dimension": ["quality", "experience", "all"], "weight": [0.5, 0.5, 1.0],
    ...                      "attainment": [0.8, 0.9, 0.85], "points_lost": [0.1, 0.05, 0.15]})
    >>> dimension_swaps(made)[["dimension", "swap_at", "first"]].round(3).values.tolist()
    [['experience', 0.667, 'quality']]
    """
    seen = table[(table["dimension"] != "all") & table["points_lost"].notna()]
    shares = seen["weight"] / seen["weight"].sum()
    rows = []
    if len(seen) and seen["points_lost"].max() > 0:
        top = seen["points_lost"].idxmax()
        for i in seen.index.drop(top):
            own = 1 - seen.loc[i, "attainment"]
            other = shares[top] / (1 - shares[i]) * (1 - seen.loc[top, "attainment"])
            at = other / (own + other) if own > 0 else math.nan
            rows.append((seen.loc[i, "dimension"], shares[i], at, at - shares[i], seen.loc[top, "dimension"]))
    return pd.DataFrame(rows, columns=["dimension", "weight", "swap_at", "change", "first"])


def _attained(value: float, target: float, better: Any, cap: float) -> float:
    if math.isnan(value):
        return math.nan
    if target <= 0:
        return float(bool(is_met(value, target=target, better=better)))
    ratio = value / target if better == "higher" else target / value if value > 0 else cap
    return min(cap, max(0.0, ratio))


def _mean(parts: pd.DataFrame, weights: np.ndarray) -> dict[str, float]:
    """Weighted mean of attained parts, each side of its interval from the bounds on that side."""
    if not len(parts):
        return dict.fromkeys(("attainment", "low", "high"), math.nan)
    values, low, high = (parts[name].to_numpy(float) for name in ("attainment", "low", "high"))
    value = float(weights @ values)
    below, above = (math.sqrt(float(((weights * (values - bound)) ** 2).sum())) for bound in (low, high))
    return {"attainment": value, "low": value - below, "high": value + above}


def _counts(part: pd.DataFrame) -> dict[str, int]:
    counted = {f"n_{name}": int((part["verdict"] == name).sum()) for name in ("met", "missed", "too_close")}
    return {"n_indicators": len(part)} | counted
