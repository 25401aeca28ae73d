"""Ask where a gap sits of whatever data there is: search what can be searched, and say what could not.

Organisations note different things about a contact. The search takes the dimensions that are there and tell contacts
apart, and where nothing can be asked the answer is a reason, not an error: a report has to end on the last page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from csm_lib.definitions import INDICATORS, Indicator
from csm_lib.engine import borrow, quote_name
from csm_lib.explain.coding import MAX_LEVELS
from csm_lib.explain.population import table_of
from csm_lib.explain.segments import COLUMNS, explain_gap
from csm_lib.measure.indicators import measure
from csm_lib.measure.sums import columns_of

__all__ = ["is_measured", "usable_dimensions", "where_it_sits", "worst_hours"]


def usable_dimensions(facts: Mapping[str, Any], key: str, *, wanted: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Tell which dimensions can be searched, and why the others cannot.

    Parameters
    ----------
    facts : mapping of grain to frame
    key : str
        Indicator.
    wanted : sequence of str
        Columns.

    Returns
    -------
    tuple of (list of str, dict of str to str)
        Columns present in every grain of the indicator with 2 to `MAX_LEVELS` values, in the order wanted; and the
        others with the reason. Where the population holds contacts that nobody took, what is known of the agent only
        would say again that somebody took them: such columns are left out.

    Examples
    --------
    >>> seen = {"contact": pd.DataFrame({"channel": ["chat", "phone"], "team": ["A", "A"]})}
    >>> usable_dimensions(seen, "fcr", wanted=["channel", "team", "issue"])
    (['channel'], {'team': 'only one value', 'issue': 'not in the contact facts'})
    """
    row = INDICATORS[key]
    usable, left_out = [], {}
    for name in dict.fromkeys(wanted):
        reasons = [_unusable(facts[grain], name, grain) for grain in (row.grain, row.denominator_grain) if grain]
        if name in _OF_THE_AGENT and _holds_untaken(row):
            left_out[name] = "known only once an agent took the contact"
        elif any(reasons):
            left_out[name] = next(reason for reason in reasons if reason)
        else:
            usable.append(name)
    return usable, left_out


_OF_THE_AGENT = ("team", "agent_id", "agent_tenure_days", "agent_load_at_start", "tenure", "agent_load")


def _holds_untaken(row: Indicator) -> bool:
    """Tell whether contacts that no agent took are in an indicator's population."""
    asks_all = "is_offered" in row.denominator and "is_answered" not in row.denominator
    return asks_all or "is_self_service" in row.columns


def is_measured(facts: Mapping[str, Any], key: str) -> bool:
    """Tell whether anything is in an indicator's population.

    Parameters
    ----------
    facts : mapping of grain to frame
    key : str
        Indicator.

    Returns
    -------
    bool

    Examples
    --------
    >>> is_measured({"contact": pd.DataFrame({"is_first_contact_resolved": [True]})}, "fcr")
    True
    """
    return bool(measure(facts, key, level=None)["denominator"].iloc[0] > 0)


def where_it_sits(
    facts: Mapping[str, Any],
    key: str,
    *,
    dimensions: Sequence[str],
    target: float | None = None,
    before: Mapping[str, Any] | None = None,
    max_depth: int = 3,
    quantile: float | None = None,
) -> pd.DataFrame:
    """Find the segments that carry a gap, on whatever the data hold.

    Parameters
    ----------
    facts, before : mapping of grain to frame
        Facts of the period, and of a former one.
    key : str
        Indicator.
    dimensions : sequence of str
        Columns to search, as far as they can be used.
    target : float, optional
        In the indicator's unit; a missing one (NaN) with no `before` gives no rows and a reason.
    max_depth : int, 1–3
    quantile : float, optional
        As `explain_gap`.

    Returns
    -------
    DataFrame
        As `explain_gap`, without rows where nothing stands out. `.attrs` also has `dimensions` (searched), `left_out`
        (dimension to reason) and `reason` (why nothing could be searched; None where it was searched).

    Examples
    --------
    >>> where_it_sits({"contact": pd.DataFrame({"is_first_contact_resolved": []})}, "fcr", dimensions=["team"],
    ...               target=0.85).attrs["reason"]
    'nothing in the population'
    """
    has_target = target is not None and not np.isnan(target)
    if not has_target and before is None:
        return _nothing("there is no target and no earlier period to compare with")
    sides = [facts] if has_target or before is None else [facts, before]
    if not all(is_measured(side, key) for side in sides):
        return _nothing("nothing in the population" + ("" if has_target else " of one of the two periods"))
    usable, left_out = usable_dimensions(facts, key, wanted=dimensions)
    if not usable:
        return _nothing("no dimension tells contacts apart", left_out=left_out)
    against: dict[str, Any] = {"target": target} if has_target else {"before": before}
    found = explain_gap(facts, key, dimensions=usable, max_depth=max_depth, quantile=quantile, **against)
    found.attrs.update(dimensions=usable, left_out=left_out, reason=None)
    return found


def worst_hours(by_hour: pd.DataFrame) -> dict[str, Any]:
    """Find the stretch of the day in which an indicator is at its worst.

    Parameters
    ----------
    by_hour : DataFrame
        As `measure` gives for one indicator with ``by="local_hour"``. Columns read: `key local_hour n numerator
        denominator value` and, where there, `low high`.

    Returns
    -------
    dict
        `from_hour`, `to_hour` (excluded), `n`, `value` in the stretch, `low`, `high` (NaN where an hour has none),
        `rest` (ratio of sums of all other hours) and `reason` (why there is none, else None).

    Notes
    -----
    The stretch starts at the worst hour and grows to both sides as long as an hour lies nearer to the worst value than
    to the ratio of sums of all other hours. Its interval is as wide as the weighted mean of its hours' own, as if all
    of them were up and down on the same days: wider than needed where they are not. It does not allow for the stretch
    having been chosen.

    Examples
    --------
    >>> seen = pd.DataFrame({"key": "answer_rate", "local_hour": [16, 17, 18, 19], "n": 100, "denominator": 100.0,
    ...                      "numerator": [95.0, 74.0, 76.0, 93.0], "value": [0.95, 0.74, 0.76, 0.93]})
    >>> found = worst_hours(seen)
    >>> found["from_hour"], found["to_hour"], found["value"]
    (17, 19, 0.75)
    """
    rows = by_hour.dropna(subset=["local_hour", "value"]).set_index("local_hour").sort_index()
    if len(rows) < 2:
        return {"reason": "nothing was measured in two hours of the day or more"}
    worst = rows["value"].idxmin() if INDICATORS[rows["key"].iloc[0]].better == "higher" else rows["value"].idxmax()
    near = (rows["value"] - rows["value"][worst]).abs() < (rows["value"] - _ratio(rows.drop(worst))).abs()
    stretch = {worst}
    for step in (-1, 1):
        hour = worst + step
        while hour in rows.index and near[hour]:
            stretch.add(hour)
            hour += step
    inside, rest = rows.loc[sorted(stretch)], rows.drop(sorted(stretch))
    value = _ratio(inside)
    low, high = (value + _mean_distance(inside, side) for side in ("low", "high"))
    return {"from_hour": int(min(stretch)), "to_hour": int(max(stretch)) + 1, "n": int(inside["n"].sum()),
            "value": value, "low": low, "high": high, "rest": _ratio(rest), "reason": None}  # fmt: skip


def _mean_distance(rows: pd.DataFrame, side: str) -> float:
    """How far a bound lies from the value, averaged over hours by their denominators."""
    if side not in rows:
        return float("nan")
    distance = (rows[side].astype(float) - rows["value"].astype(float)) * rows["denominator"]
    return float(distance.sum(skipna=False) / rows["denominator"].sum())


def _ratio(rows: pd.DataFrame) -> float:
    return float(rows["numerator"].sum() / rows["denominator"].sum()) if len(rows) else float("nan")


def _unusable(frame: Any, name: str, grain: str) -> str | None:
    """Say why a column cannot be searched over; None where it can."""
    if frame is None:
        return f"no {grain} data"
    if name not in columns_of(frame):
        return f"not in the {grain} facts"
    with borrow() as connection:
        connection.register("facts", table_of(frame, [name], role="facts"))
        column = quote_name(name)
        found = connection.sql(f"SELECT count(DISTINCT {column}), count(*) - count({column}) FROM facts")
        n_values, n_missing = found.fetchall()[0]
    if not n_values:
        return "never noted" if n_missing else "no rows"
    if n_values + (n_missing > 0) < 2:
        return "only one value"
    return None if n_values < MAX_LEVELS else f"{n_values} different values, too many to search"


def _nothing(reason: str, **attrs: Any) -> pd.DataFrame:
    table = pd.DataFrame(columns=list(COLUMNS))
    table.attrs.update({"dimensions": [], "left_out": {}, **attrs, "reason": reason})
    return table
