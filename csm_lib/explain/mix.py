"""Mix or rate, on whatever data there is: did the desk get worse, or did it get harder contacts?

The exact split of a change (`decomposition`) is asked here over one dimension, over all dimensions, and within each
group, and answered with a reason where there is nothing to split.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from csm_lib.definitions import INDICATORS
from csm_lib.explain.decomposition import mix_and_rate, segment_rates
from csm_lib.explain.shapley import shapley_mix
from csm_lib.explain.where import is_measured
from csm_lib.measure.indicators import measure
from csm_lib.measure.sums import columns_of

__all__ = ["MISSING_NAME", "change_by_segment", "largest_parts", "mix_by_dimension", "mix_of_factors", "mix_within"]

MISSING_NAME = "(not noted)"
OTHERS_NAME = "(all others)"
_Z = 1.96
_PARTS = ["mix", "rate", "total"]
_LIMITS: Mapping[str, Mapping[str, float]] = {"share": {"low": 0.0, "high": 1.0}, "score": {"low": 1.0, "high": 5.0}}


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
    sides = [measure(side, key, by=segment, level=None) for side in (before, after)]
    empty.attrs["reason"] = _orphaned(sides, segment)
    if empty.attrs["reason"]:
        return empty
    parts = mix_and_rate(*sides, segment=segment, numerator="numerator", denominator="denominator")
    parts["segment"] = [MISSING_NAME if pd.isna(name) else name for name in parts["segment"]]
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


def mix_of_factors(
    before: Mapping[str, Any] | None, after: Mapping[str, Any], key: str, *, factors: Sequence[str]
) -> pd.DataFrame:
    """Split the change since a former period into the mix of several factors at once, and the rate.

    Parameters
    ----------
    before, after, key
        As `change_by_segment`.
    factors : sequence of str
        Columns, at most four; those that cannot be used are left out.

    Returns
    -------
    DataFrame
        As `shapley_mix`, without rows where it cannot be computed; `.attrs["reason"]` says why.

    Examples
    --------
    >>> mix_of_factors(None, {}, "fcr", factors=["issue", "channel"]).attrs["reason"]
    'there is no earlier period to compare with'
    """
    empty = pd.DataFrame(columns=["factor", "part"])
    reasons = {name: _incomparable(before, after, key, name) for name in dict.fromkeys(factors)}
    usable = [name for name, reason in reasons.items() if reason is None]
    empty.attrs["reason"] = next(iter(reasons.values()), "no factor was stated")
    if before is None or not usable:
        return empty
    sides = [measure(side, key, by=usable, level=None) for side in (before, after)]
    empty.attrs["reason"] = next(filter(None, (_orphaned(sides, name) for name in usable)), None)
    if empty.attrs["reason"]:
        return empty
    parts = shapley_mix(*sides, factors=usable, numerator="numerator", denominator="denominator")
    parts.attrs["reason"] = None
    return parts


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
        reading`. `reading` is `rate` where the interval of the rate part excludes 0; `mix` where it does not, and the
        mix is the larger part and too large for chance; else `unclear`. `.attrs["reason"]` says why there are none.

    Notes
    -----
    Interval of the rate part: segments are independent, so their squared half-widths, weighted by w̄², add up
    (square-and-add, Zou and Donner 2008). A share without an interval counts with the widest there can be. The mix part
    is a mean of r̄ᵢ − R̄ over the contacts of either period; its variance is that of two such means.

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
    empty.attrs["reason"] = _orphaned(cells, segment)
    if empty.attrs["reason"]:
        return empty
    names = sorted(set(cells[0][group].dropna()) & set(cells[1][group].dropna()), key=str)
    rows = [_split_group(name, *(side[side[group] == name] for side in cells), segment=segment) for name in names]
    table = pd.DataFrame([row for row in rows if row], columns=columns)
    table.attrs["reason"] = None if len(table) else "no group was seen in both periods"
    return table


def largest_parts(parts: pd.DataFrame, *, count: int = 12) -> pd.DataFrame:
    """Keep the parts of a change that moved most and fold the others into one.

    Parameters
    ----------
    parts : DataFrame
        As `change_by_segment` gives.
    count : int, ≥ 1
        Most segments to keep by name.

    Returns
    -------
    DataFrame
        The same columns, the largest total first; the parts still add up to the change. Attributes as given.

    Examples
    --------
    >>> parts = pd.DataFrame({"segment": ["a", "b", "c"], "mix": 0.0, "rate": [1.0, -3.0, 2.0]})
    >>> parts["total"] = parts["rate"]
    >>> largest_parts(parts, count=1)[["segment", "total"]].values.tolist()
    [['b', -3.0], ['(all others)', 3.0]]
    """
    ordered = parts.reindex(parts["total"].abs().sort_values(ascending=False, kind="stable").index)
    kept, others = ordered.head(count), ordered.iloc[count:]
    if others.empty:
        return kept.reset_index(drop=True)
    folded = pd.DataFrame([{"segment": OTHERS_NAME} | {name: float(others[name].sum()) for name in _PARTS}])
    table = pd.concat([kept[["segment", *_PARTS]], folded], ignore_index=True)
    table.attrs = dict(parts.attrs)
    return table


def _split_group(name: Any, before: pd.DataFrame, after: pd.DataFrame, *, segment: str) -> dict[str, Any] | None:
    if not before["denominator"].sum() or not after["denominator"].sum():
        return None
    parts = mix_and_rate(before, after, segment=segment, numerator="numerator", denominator="denominator")
    mix, rate = float(parts["mix"].sum()), float(parts["rate"].sum())
    below, above = _spread_of_rate(before, after, segment)
    is_rate = rate - below > 0 or rate + above < 0
    is_mix = not np.isnan(below + above) and abs(mix) > max(abs(rate), _Z * _spread_of_mix(before, after, segment))
    reading = "rate" if is_rate else "mix" if is_mix else "unclear"
    numbers = {"value": parts.attrs["after"], "before": parts.attrs["before"], "change": parts.attrs["change"]}
    return {"group": name, "n": int(after["n"].sum()), **numbers, "mix": mix, "rate": rate, "rate_low": rate - below,
            "rate_high": rate + above, "reading": reading}  # fmt: skip


def _spread_of_rate(before: pd.DataFrame, after: pd.DataFrame, segment: str) -> tuple[float, float]:
    """Half-widths of the rate part below and above it."""
    sides = before[before["denominator"] > 0], after[after["denominator"] > 0]
    old, new = (_bounded(side).set_index(segment) for side in sides)
    both = old.index.intersection(new.index)
    weight = sum(side.loc[both, "denominator"] / side["denominator"].sum() for side in (old, new)) / 2
    old, new = old.loc[both], new.loc[both]
    below = weight**2 * ((new["value"] - new["low"]) ** 2 + (old["high"] - old["value"]) ** 2)
    above = weight**2 * ((new["high"] - new["value"]) ** 2 + (old["value"] - old["low"]) ** 2)
    return float(np.sqrt(below.sum(skipna=False))), float(np.sqrt(above.sum(skipna=False)))


def _spread_of_mix(before: pd.DataFrame, after: pd.DataFrame, segment: str) -> float:
    """Standard error of the mix part, from the chance in who contacts us about what."""
    both = segment_rates(before, after, segment=segment, numerator="numerator", denominator="denominator")
    middle = (both.attrs["before"] + both.attrs["after"]) / 2
    distance = both[["rate_before", "rate_after"]].mean(axis=1) - middle
    variance = 0.0
    for role, side in (("before", before), ("after", after)):
        weight = both[f"weight_{role}"]
        variance += float((weight * distance**2).sum() - (weight * distance).sum() ** 2) / float(side["n"].sum())
    return float(np.sqrt(max(variance, 0.0)))


def _bounded(side: pd.DataFrame) -> pd.DataFrame:
    """Give a share without an interval the widest one there can be."""
    limits = _LIMITS.get(str(side["unit"].iloc[0]) if len(side) else "", {})
    return side.fillna(limits)


def _incomparable(before: Mapping[str, Any] | None, after: Mapping[str, Any], key: str, name: str) -> str | None:
    """Say why two periods cannot be compared over a column; None where they can."""
    if before is None:
        return "there is no earlier period to compare with"
    if not (is_measured(before, key) and is_measured(after, key)):
        return "nothing in the population of one of the two periods"
    row = INDICATORS[key]
    missing = [grain for grain in (row.grain, row.denominator_grain) if grain and name not in columns_of(after[grain])]
    return f"{name!r} is not in the {missing[0]} facts" if missing else None


def _orphaned(sides: Sequence[pd.DataFrame], name: str) -> str | None:
    """Say which segments count something over nothing, such as complaints without contacts; None without any."""
    orphans = [side.loc[(side["denominator"] == 0) & (side["numerator"] != 0), name] for side in sides]
    found = [MISSING_NAME if pd.isna(value) else repr(value) for values in orphans for value in values]
    shown = ", ".join(dict.fromkeys(found))
    return f"something was counted in a segment without any denominator: {name} {shown}" if found else None
