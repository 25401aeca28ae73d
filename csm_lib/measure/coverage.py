"""Which indicators this data can give, on how many rows each rests, and why the others cannot be measured.

A blank in a report has two readings: nothing happened, or nobody wrote it down. Here every blank gets its reason, and
every figure the number of rows that stand behind it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import duckdb
import pandas as pd

from csm_lib.definitions import INDICATORS, Indicator, indicator

__all__ = ["balance", "coverage", "dictionary", "left_out", "why_not_measured"]

# what a reader has to bring for a grain whose name does not say it
_RESTS_ON = {
    "clock": "policies in the settings, or judgements of the source system",
    "message_pair": "messages",
    "agent_interval": "shifts, and contacts that name their agent",
    "agent_month": "agents, or a staff survey",
    "volume": "interval counts",
    "cost": "costs of months",
}

_COVERAGE = ("key", "dimension", "grain", "n_rows", "n", "covered_share", "is_measured", "reason")


def dictionary(keys: Iterable[str], *, targets: pd.DataFrame | None = None) -> pd.DataFrame:
    """Lay the indicator dictionary out as a table.

    Parameters
    ----------
    keys : iterable of str
        Indicators, in the order wanted.
    targets : DataFrame, optional
        Columns read: `key`, `target`, in the indicator's unit.

    Returns
    -------
    DataFrame
        One row per indicator: `key name_en name_zh dimension hotline_dimension definition formula numerator
        denominator source unit better target is_estimate`; `target` is NaN without one.

    Raises
    ------
    SettingError
        If a key is not an indicator.

    Examples
    --------
    >>> dictionary(["fcr"])[["key", "unit", "better"]].values.tolist()
    [['fcr', 'share', 'higher']]
    """
    aims = {} if targets is None else dict(zip(targets["key"], targets["target"], strict=True))
    names = (
        "key", "name_en", "name_zh", "dimension", "hotline_dimension", "definition", "formula", "numerator",
        "denominator", "source", "unit", "better", "is_estimate",
    )  # fmt: skip
    rows = [
        {name: getattr(indicator(key), name) for name in names} | {"target": float(aims.get(key, math.nan))}
        for key in keys
    ]
    return pd.DataFrame(rows, columns=[*names[:-1], "target", names[-1]])


def coverage(measured: pd.DataFrame, facts: Mapping[str, Any]) -> pd.DataFrame:
    """Say for each indicator whether this data gives it, on how many of the rows, and if not, why not.

    Parameters
    ----------
    measured : DataFrame
        As `measure` gives without `by`. Columns read: `key n value excluded`.
    facts : mapping of str to frame
        Grain to the facts that were measured; only their rows are counted. None for a grain without a source.

    Returns
    -------
    DataFrame
        One row per key: `key dimension grain n_rows n covered_share is_measured reason`; `covered_share` is n ÷ rows of
        the grain (NaN where the rows counted are of another grain, or there is none), `reason` is None where the
        indicator was measured.

    Examples
    --------
    >>> made = pd.DataFrame({"key": ["csat"], "n": [0], "value": [math.nan], "excluded": [{}]})
    >>> coverage(made, {"survey": pd.DataFrame({"csat": []})})["reason"].item()
    'no surveys in this period'
    """
    meanings = [_measured_as(row) for row in measured.to_dict("records")]
    counts = {grain: _n_rows(facts[grain]) for grain in {meant.grain for meant in meanings}}
    rows = []
    for row, meant in zip(measured.to_dict("records"), meanings, strict=True):
        n_rows = counts[meant.grain] or 0
        is_measured = not math.isnan(row["value"])
        share = row["n"] / n_rows if n_rows and meant.denominator_grain is None else math.nan
        reason = (
            None
            if is_measured
            else why_not_measured(meant.key, n_rows=counts[meant.grain], excluded=row["excluded"] or {})
        )
        rows.append((meant.key, meant.dimension, meant.grain, n_rows, row["n"], share, is_measured, reason))
    return pd.DataFrame(rows, columns=list(_COVERAGE))


def balance(
    headline: Iterable[str], covered: pd.DataFrame, *, weights: Mapping[str, float] | None = None
) -> pd.DataFrame:
    """Count the headline indicators of each dimension, and what the data could give beside them.

    Parameters
    ----------
    headline : iterable of str
        Indicators that lead the report.
    covered : DataFrame
        As `coverage` gives, for the indicators to choose from. Columns read: `key dimension is_measured`.
    weights : mapping of str to float, optional
        Weight of each dimension, 0–1.

    Returns
    -------
    DataFrame
        One row per dimension, efficiency, quality, experience: `dimension n_headline n_measured n_available weight
        keys`; `keys` are the headline indicators there, a tuple.

    Examples
    --------
    >>> covered = pd.DataFrame({"key": ["frt", "aht"], "dimension": "efficiency", "is_measured": [True, True]})
    >>> balance(["frt"], covered)[["dimension", "n_headline", "n_available"]].values.tolist()
    [['efficiency', 1, 2], ['quality', 0, 0], ['experience', 0, 0]]
    """
    lead, given = list(headline), set(covered.loc[covered["is_measured"], "key"])
    rows = []
    for dimension in ("efficiency", "quality", "experience"):
        keys = tuple(key for key in lead if indicator(key).dimension == dimension)
        n_available = int((covered["dimension"].eq(dimension) & covered["is_measured"]).sum())
        weight = float((weights or {}).get(dimension, math.nan))
        rows.append((dimension, len(keys), len(given & set(keys)), n_available, weight, keys))
    return pd.DataFrame(rows, columns=["dimension", "n_headline", "n_measured", "n_available", "weight", "keys"])


def why_not_measured(key: str, *, n_rows: int | None, excluded: Mapping[str, int]) -> str:
    """Say in words why an indicator has no value.

    Parameters
    ----------
    key : str
    n_rows : int or None
        Rows of the indicator's grain in the period; None if no source has any.
    excluded : mapping of str to int
        Rows left out by reason, as `measure` gives them.

    Returns
    -------
    str

    Examples
    --------
    >>> why_not_measured("frt", n_rows=5, excluded={"time_unknown": 4, "not_answered": 1})
    'no contact is in its population; most are left out because: time unknown'
    >>> why_not_measured("recommend_net", n_rows=5, excluded={})
    'no survey is in its population, which reads would_recommend'
    """
    meant = indicator(key)
    grain = meant.grain.replace("_", " ")
    if n_rows is None:
        return f"no {grain} data" + (f", which rest on {_RESTS_ON[meant.grain]}" if meant.grain in _RESTS_ON else "")
    if n_rows == 0:
        return f"no {grain}s in this period"
    if meant.denominator_grain is not None:
        return f"no {meant.denominator_grain} is in its population"
    if excluded:
        most = max(excluded, key=lambda reason: excluded[reason]).replace("_", " ")
        return f"no {grain} is in its population; most are left out because: {most}"
    return f"no {grain} is in its population, which reads {', '.join(meant.columns)}"


def left_out(measured: pd.DataFrame) -> pd.DataFrame:
    """Count the rows that each indicator leaves out, by reason.

    Parameters
    ----------
    measured : DataFrame
        As `measure` gives without `by`. Columns read: `key n excluded`.

    Returns
    -------
    DataFrame
        One row per key and reason, most rows first within a key: `key reason n_left_out n_population`.

    Examples
    --------
    >>> made = pd.DataFrame({"key": ["frt"], "n": [5], "excluded": [{"not_answered": 2, "time_unknown": 3}]})
    >>> left_out(made)[["reason", "n_left_out"]].values.tolist()
    [['time unknown', 3], ['not answered', 2]]
    """
    rows = [
        (row["key"], reason.replace("_", " "), count, row["n"])
        for row in measured.to_dict("records")
        for reason, count in sorted((row["excluded"] or {}).items(), key=lambda pair: (-pair[1], pair[0]))
    ]
    return pd.DataFrame(rows, columns=["key", "reason", "n_left_out", "n_population"])


def _measured_as(row: Mapping[str, Any]) -> Indicator:
    """Give the indicator, or the fallback that its row says it rests on."""
    meant = INDICATORS[row["key"]]
    while meant.fallback is not None and meant.fallback.basis not in str(row.get("method", "")):
        meant = meant.fallback
    return meant.fallback or INDICATORS[row["key"]]


def _n_rows(frame: Any) -> int | None:
    if frame is None:
        return None
    if isinstance(frame, duckdb.DuckDBPyRelation):
        return int(frame.aggregate("count(*)").fetchall()[0][0])
    return len(frame)
