"""Ask where a gap sits of whatever data there is: search what can be searched, and say what could not.

Organisations note different things about a contact. The search takes the dimensions that are there and tell contacts
apart, and where nothing can be asked the answer is a reason, not an error: a report has to end on the last page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from csm_lib.definitions import INDICATORS
from csm_lib.engine import connect
from csm_lib.explain.decomposition import mix_and_rate
from csm_lib.explain.population import MAX_LEVELS, table_of
from csm_lib.explain.segments import COLUMNS, explain_gap
from csm_lib.measure.indicators import measure
from csm_lib.measure.sums import columns_of

__all__ = ["change_by_segment", "mix_by_dimension", "mix_within", "usable_dimensions", "where_it_sits", "worst_hours"]


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
        others with the reason.

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
        if any(reasons):
            left_out[name] = next(reason for reason in reasons if reason)
        else:
            usable.append(name)
    return usable, left_out


def where_it_sits(
    facts: Mapping[str, Any],
    key: str,
    *,
    dimensions: Sequence[str],
    target: float | None = None,
    before: Mapping[str, Any] | None = None,
    max_depth: int = 3,
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

    Returns
    -------
    DataFrame
        As `explain_gap`, without rows where nothing stands out. `.attrs` also has `dimensions` (searched), `left_out`
        (dimension to reason) and `reason` (why there are no rows; None where there are some).

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
    if not all(_is_measured(side, key) for side in sides):
        return _nothing("nothing in the population" + ("" if has_target else " of one of the two periods"))
    usable, left_out = usable_dimensions(facts, key, wanted=dimensions)
    if not usable:
        return _nothing("no dimension tells contacts apart", left_out=left_out)
    against: dict[str, Any] = {"target": target} if has_target else {"before": before}
    found = explain_gap(facts, key, dimensions=usable, max_depth=max_depth, **against)
    reason = None if len(found) else "no segment stands out from the rest beyond chance"
    found.attrs.update(dimensions=usable, left_out=left_out, reason=reason)
    return found


def change_by_segment(
    before: Mapping[str, Any] | None, after: Mapping[str, Any], key: str, *, segment: str
) -> pd.DataFrame:
    """Split the change since a former period into mix and rate over one dimension, where both periods have it.

    Parameters
    ----------
    before, after : mapping of grain to frame
        `before` may be None.
    key : str
        Indicator.
    segment : str
        Column.

    Returns
    -------
    DataFrame
        As `mix_and_rate`, without rows where it cannot be computed; `.attrs["reason"]` says why.

    Examples
    --------
    >>> change_by_segment(None, {}, "fcr", segment="issue").attrs["reason"]
    'there is no earlier period to compare with'
    """
    empty = pd.DataFrame(columns=["segment", "mix", "rate", "total"])
    empty.attrs["reason"] = _incomparable(before, after, key, segment)
    if before is None or empty.attrs["reason"]:
        return empty
    sides = (measure(side, key, by=segment, level=None) for side in (before, after))
    parts = mix_and_rate(*sides, segment=segment, numerator="numerator", denominator="denominator")
    parts["segment"] = [MISSING_NAME if name is None else name for name in parts["segment"]]
    parts.attrs["reason"] = None
    return parts


def mix_by_dimension(
    before: Mapping[str, Any] | None, after: Mapping[str, Any], key: str, *, dimensions: Sequence[str]
) -> pd.DataFrame:
    """Say for each dimension how much of the same change is mix and how much is rate.

    Parameters
    ----------
    before, after, key
        As `change_by_segment`.
    dimensions : sequence of str
        Columns; those that cannot be used are left out.

    Returns
    -------
    DataFrame
        One row per dimension, the largest mix first: `dimension n_segments mix rate total`. `.attrs["reason"]` says why
        there are none.

    Examples
    --------
    >>> mix_by_dimension(None, {}, "fcr", dimensions=["issue"]).empty
    True
    """
    split = {name: change_by_segment(before, after, key, segment=name) for name in dict.fromkeys(dimensions)}
    rows = [
        {"dimension": name, "n_segments": len(parts), **{part: float(parts[part].sum()) for part in _PARTS}}
        for name, parts in split.items()
        if len(parts) > 1
    ]
    table = pd.DataFrame(rows, columns=["dimension", "n_segments", *_PARTS])
    table = table.sort_values("mix", key=lambda mix: -mix.abs(), kind="stable", ignore_index=True)
    reasons = [parts.attrs["reason"] for parts in split.values() if parts.attrs["reason"]]
    table.attrs["reason"] = None if len(table) else (reasons or ["no dimension tells contacts apart"])[0]
    return table


def mix_within(
    before: Mapping[str, Any] | None, after: Mapping[str, Any], key: str, *, group: str, segment: str
) -> pd.DataFrame:
    """Split each group's own change: did it get worse, or did it only get harder contacts?

    Parameters
    ----------
    before, after, key
        As `change_by_segment`.
    group : str
        Column whose values are judged, such as the channel.
    segment : str
        Column that says what kind of contacts they had, such as the issue.

    Returns
    -------
    DataFrame
        One row per group seen in both periods, sorted: `group n value before change mix rate rate_low rate_high
        reading`. `reading` is `rate` where the interval of the rate part excludes 0, `mix` where it does not and the
        mix is the larger part, else `unclear`. `.attrs["reason"]` says why there are none.

    Notes
    -----
    Interval of the rate part: segments are independent, so their squared half-widths, weighted by w̄², add up
    (square-and-add, Zou and Donner 2008). NaN where a segment has no interval.

    Examples
    --------
    >>> mix_within(None, {}, "fcr", group="channel", segment="issue").empty
    True
    """
    columns = ["group", "n", "value", "before", "change", "mix", "rate", "rate_low", "rate_high", "reading"]
    empty = pd.DataFrame(columns=columns)
    empty.attrs["reason"] = _incomparable(before, after, key, group) or _incomparable(before, after, key, segment)
    if before is None or empty.attrs["reason"]:
        return empty
    cells = [measure(side, key, by=[group, segment]) for side in (before, after)]
    names = sorted(set(cells[0][group].dropna()) & set(cells[1][group].dropna()), key=str)
    rows = [_split_group(name, *(side[side[group] == name] for side in cells), segment=segment) for name in names]
    table = pd.DataFrame([row for row in rows if row], columns=columns)
    table.attrs["reason"] = None if len(table) else "no group was seen in both periods"
    return table


def worst_hours(by_hour: pd.DataFrame) -> dict[str, Any]:
    """Find the stretch of the day in which an indicator is at its worst.

    Parameters
    ----------
    by_hour : DataFrame
        As `measure` gives for one indicator with ``by="local_hour"``. Columns read: `key local_hour n numerator
        denominator value`.

    Returns
    -------
    dict
        `from_hour`, `to_hour` (excluded), `n`, `value` in the stretch, `rest` (ratio of sums of all other hours) and
        `reason` (why there is none, else None).

    Notes
    -----
    The stretch starts at the worst hour and grows to both sides as long as an hour lies nearer to the worst value than
    to the ratio of sums of all other hours.

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
    return {"from_hour": int(min(stretch)), "to_hour": int(max(stretch)) + 1, "n": int(inside["n"].sum()),
            "value": _ratio(inside), "rest": _ratio(rest), "reason": None}  # fmt: skip


def _ratio(rows: pd.DataFrame) -> float:
    return float(rows["numerator"].sum() / rows["denominator"].sum()) if len(rows) else float("nan")


MISSING_NAME = "(not noted)"
_PARTS = ["mix", "rate", "total"]


def _split_group(name: Any, before: pd.DataFrame, after: pd.DataFrame, *, segment: str) -> dict[str, Any] | None:
    if not before["denominator"].sum() or not after["denominator"].sum():
        return None
    parts = mix_and_rate(before, after, segment=segment, numerator="numerator", denominator="denominator")
    mix, rate = float(parts["mix"].sum()), float(parts["rate"].sum())
    below, above = _spread_of_rate(before.set_index(segment), after.set_index(segment))
    is_rate = rate - below > 0 or rate + above < 0
    reading = "rate" if is_rate else "mix" if abs(mix) > abs(rate) else "unclear"
    numbers = {"value": parts.attrs["after"], "before": parts.attrs["before"], "change": parts.attrs["change"]}
    return {"group": name, "n": int(after["n"].sum()), **numbers, "mix": mix, "rate": rate, "rate_low": rate - below,
            "rate_high": rate + above, "reading": reading}  # fmt: skip


def _spread_of_rate(before: pd.DataFrame, after: pd.DataFrame) -> tuple[float, float]:
    """Half-widths of the rate part below and above it."""
    both = [name for name in after.index if name in set(before.index)]
    old, new = (side.loc[both].query("denominator > 0") for side in (before, after))
    both = [name for name in old.index if name in set(new.index)]
    old, new = old.loc[both], new.loc[both]
    weight = (old["denominator"] / before["denominator"].sum() + new["denominator"] / after["denominator"].sum()) / 2
    below = weight**2 * ((new["value"] - new["low"]) ** 2 + (old["high"] - old["value"]) ** 2)
    above = weight**2 * ((new["high"] - new["value"]) ** 2 + (old["value"] - old["low"]) ** 2)
    return float(np.sqrt(below.sum(skipna=False))), float(np.sqrt(above.sum(skipna=False)))


def _incomparable(before: Mapping[str, Any] | None, after: Mapping[str, Any], key: str, name: str) -> str | None:
    """Say why two periods cannot be compared over a column; None where they can."""
    if before is None:
        return "there is no earlier period to compare with"
    if not (_is_measured(before, key) and _is_measured(after, key)):
        return "nothing in the population of one of the two periods"
    row = INDICATORS[key]
    missing = [grain for grain in (row.grain, row.denominator_grain) if grain and name not in columns_of(after[grain])]
    return f"{name!r} is not in the {missing[0]} facts" if missing else None


def _is_measured(facts: Mapping[str, Any], key: str) -> bool:
    return bool(measure(facts, key, level=None)["denominator"].iloc[0] > 0)


def _unusable(frame: Any, name: str, grain: str) -> str | None:
    if frame is None:
        return f"no {grain} data"
    if name not in columns_of(frame):
        return f"not in the {grain} facts"
    with connect() as connection:
        connection.register("facts", _lazily(frame, name))
        quoted = '"' + name.replace('"', '""') + '"'
        found = connection.sql(
            f"SELECT count(DISTINCT {quoted}) + max(CASE WHEN {quoted} IS NULL THEN 1 ELSE 0 END) FROM facts"
        )
        count = found.fetchall()[0][0] or 0
    if count < 2:
        return "only one value" if count else "no rows"
    return None if count <= MAX_LEVELS else f"{count} different values, too many to search"


def _lazily(frame: Any, name: str) -> Any:
    """Take one column of whatever holds it."""
    return (
        frame.project(f'"{name}"').to_arrow_table()
        if isinstance(frame, duckdb.DuckDBPyRelation)
        else table_of(frame, [name], role="facts")
    )


def _nothing(reason: str, **attrs: Any) -> pd.DataFrame:
    table = pd.DataFrame(columns=list(COLUMNS))
    table.attrs.update({"dimensions": [], "left_out": {}, **attrs, "reason": reason})
    return table
