"""What backs a statement: an indicator where the statement says, held against all other rows or against its target."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from csm_lib.definitions import INDICATORS
from csm_lib.engine import borrow
from csm_lib.explain.filters import columns_in, population_condition, row_condition
from csm_lib.explain.population import table_of
from csm_lib.measure.changes import combined, difference
from csm_lib.measure.indicators import measure
from csm_lib.measure.inference import share
from csm_lib.measure.sums import columns_of

__all__ = ["indicator_evidence", "no_evidence"]

_INSIDE = "evidence_is_inside"


def no_evidence(evidence: str | None = None) -> dict[str, Any]:
    """Give a statement's row without any evidence.

    Examples
    --------
    >>> no_evidence()["status"]
    'no evidence'
    """
    numbers = dict.fromkeys(
        ("value", "low", "high", "reference", "share", "share_low", "share_high", "points"), math.nan
    )
    return {"evidence": evidence, "n": 0, "unit": None, "status": "no evidence"} | numbers


def indicator_evidence(
    row: Mapping[Hashable, Any], facts: Any, targets: Mapping[str, float], level: float
) -> dict[str, Any]:
    """Measure an indicator where the statement says, and compare it with the other rows or with its target.

    The other rows are all, or those of the population that the filter names behind `within`.

    Parameters
    ----------
    row : mapping
        A row of `five_whys`: `node_id evidence_indicator evidence_filter`.
    facts : mapping of grain to frame, or frame of contact facts
    targets : mapping of str to float
    level : float, 0–1

    Returns
    -------
    dict
        `evidence n value low high unit reference share share_low share_high points status`.

    Raises
    ------
    UsageError
        If the filter cannot be read.
    """
    key = str(row["evidence_indicator"])
    if key not in INDICATORS:
        return no_evidence(key)
    text = row["evidence_filter"]
    if not (isinstance(text, str) and text.strip()):
        found = _of(measure(facts, key, level=level).iloc[0], key)
        return found | _against_target(found, targets.get(key), key)
    text = text.strip()
    evidence = f"{key} where {text}"
    flagged = _flagged(facts, key, text, where=f"evidence_filter of node {row['node_id']!r} in five_whys")
    measured = measure(flagged, key, by=[_INSIDE], level=level)
    is_inside = measured[_INSIDE].fillna(False).astype(bool)
    if not is_inside.any():
        return no_evidence(evidence)
    inside, others = measured[is_inside], measured[~is_inside]
    return _against_rest(inside.iloc[0], others, evidence, level) | _part_of_failures(key, inside, others, level)


def _flagged(facts: Any, key: str, text: str, *, where: str) -> dict[str, Any]:
    """Give the frames that an indicator reads, each row marked by whether the expression holds."""
    row, frames = INDICATORS[key], facts if isinstance(facts, Mapping) else {"contact": facts}
    made: dict[str, Any] = {}
    for grain in {row.grain, row.denominator_grain} - {None}:
        frame = frames.get(grain)
        if frame is None:
            made[str(grain)] = None
            continue
        present = list(columns_of(frame))
        read = [*row.columns, *row.denominator_columns, *columns_in(text, columns=present, where=where), row.cluster]
        needed = list(dict.fromkeys(name for name in read if name in present))
        condition = row_condition(text, columns=present, where=where)
        population = population_condition(text, columns=present, where=where)
        with borrow() as connection:
            connection.register("facts", table_of(frame, needed, role=f"{grain} facts"))
            query = f"SELECT *, {condition} AS {_INSIDE} FROM facts WHERE {population}"
            made[str(grain)] = connection.sql(query).to_arrow_table()
    return made


def _part_of_failures(key: str, inside: pd.DataFrame, others: pd.DataFrame, level: float) -> dict[str, float]:
    """Share of all failures of a share that lie where the expression holds."""
    row = INDICATORS[key]
    if row.aggregation != "share":
        return {}
    counts = [_failures(part, is_higher=row.better == "higher") for part in (inside, others)]
    made = share(counts[0], sum(counts), level=level)
    return {"share": made.value, "share_low": made.low, "share_high": made.high}


def _failures(part: pd.DataFrame, *, is_higher: bool) -> int:
    missing = part["denominator"] - part["numerator"] if is_higher else part["numerator"]
    return round(float(missing.sum()))


def _of(row: pd.Series, evidence: str) -> dict[str, Any]:
    numbers = {"n": int(row["n"]), "unit": INDICATORS[str(row["key"])].unit}
    return no_evidence(evidence) | numbers | {name: float(row[name]) for name in ("value", "low", "high")}


def _against_target(found: Mapping[str, Any], target: float | None, key: str) -> dict[str, Any]:
    if target is None or math.isnan(found["low"]):
        return {}
    is_higher = INDICATORS[key].better == "higher"
    is_missed = found["high"] < target if is_higher else found["low"] > target
    is_met = found["low"] > target if is_higher else found["high"] < target
    status = "supported" if is_missed else "not supported" if is_met else "no evidence"
    return {"reference": target, "status": status}


def _against_rest(inside: pd.Series, others: pd.DataFrame, evidence: str, level: float) -> dict[str, Any]:
    found = _of(inside, evidence)
    if others["value"].isna().all() or math.isnan(found["low"]):
        return found
    rest, low, high = combined(others)
    _, below, above, _ = difference(found["value"], found["low"], found["high"], rest, low, high, level=level)
    is_worse = above < 0 if INDICATORS[str(inside["key"])].better == "higher" else below > 0
    return found | {"reference": rest, "status": "supported" if is_worse else "not supported"}
