"""What is still needed: contacts that would settle a verdict, and the rate that would save an annual target."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from csm_lib.definitions import INDICATORS
from csm_lib.measure.verdicts import SURE, is_met

__all__ = ["contacts_to_settle", "run_rate"]


def contacts_to_settle(
    card: pd.DataFrame, *, weeks: float, wanted_power: float = 0.8, level: float = 0.95
) -> pd.DataFrame:
    """Say how many more rows would settle the verdicts that are too close to call.

    Parameters
    ----------
    card : DataFrame
        As `csm_lib.measure.gaps.scorecard` gives. Columns read: `key value low high n unit target verdict`.
    weeks : float
        Length of the period, for the time it would take at this volume.
    wanted_power : float, 0–1
        Probability of a sure verdict if the true value is what was measured.
    level : float, 0–1
        Level at which the intervals were made.

    Returns
    -------
    DataFrame
        One row per verdict too close to call: `key value low high n unit target gap n_more weeks_more reason`. `n_more`
        is NaN with the reason where the value lies on the target or has no interval.

    Notes
    -----
    The interval shrinks with the square root of n. A verdict takes a probability of 97.5 %; to reach it with the wanted
    power the true gap must be z₀.₉₇₅ + z_power standard errors, so n grows by ((z₀.₉₇₅ + z_power) s / gap)².

    Examples
    --------
    >>> card = pd.DataFrame({"key": ["fcr"], "value": [0.84], "low": [0.82], "high": [0.86], "n": [1300],
    ...                      "unit": ["share"], "target": [0.85], "verdict": ["too_close"]})
    >>> contacts_to_settle(card, weeks=13)[["n_more", "weeks_more"]].round(1).values.tolist()
    [[9325.0, 93.2]]
    """
    z = -float(ndtri((1 - level) / 2))
    needed = float(ndtri(SURE)) + float(ndtri(wanted_power))
    rows = []
    for row in card[card["verdict"] == "too_close"].to_dict("records"):
        gap = row["value"] - row["target"]
        side = row["value"] - row["low"] if gap > 0 else row["high"] - row["value"]
        reason = "the value lies on the target" if gap == 0 else None if side > 0 else "no interval"
        growth = math.nan if reason else (needed * side / z / gap) ** 2
        more = math.nan if reason else float(max(0, math.ceil(row["n"] * (growth - 1))))
        kept = {name: row[name] for name in ("key", "value", "low", "high", "n", "unit", "target")}
        rows.append(kept | {"gap": gap, "n_more": more, "weeks_more": more / row["n"] * weeks, "reason": reason})
    columns = ["key", "value", "low", "high", "n", "unit", "target", "gap", "n_more", "weeks_more", "reason"]
    return pd.DataFrame(rows, columns=columns)


def run_rate(
    to_date: pd.DataFrame,
    *,
    targets: Mapping[str, float] | pd.DataFrame,
    days_done: int,
    days_left: int,
    last_year: pd.DataFrame | None = None,
    last_year_to_date: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Work out what the rest of the year must be for the whole year to reach its target.

    Parameters
    ----------
    to_date : DataFrame
        As `measure` gives for the year so far, without `by`. Columns read: `key n numerator denominator value unit`.
    targets : mapping of str to float, or DataFrame with `key` and `target`
    days_done, days_left : int
        Days of the year so far, and still to come.
    last_year, last_year_to_date : DataFrame, optional
        The same for last year whole, and to the same day: the share of its volume that came later is what is expected
        to come now. Without them volume is taken to be even over the days.

    Returns
    -------
    DataFrame
        One row per key with target and value: `key target value n unit done_share` (expected share of the year's rows
        that is behind), `needed` (value the rest must have), `is_on_course` (the value so far meets the target),
        `is_possible` (such a value exists), `basis` (of the expected volume). All NaN or None where the year is over.

    Notes
    -----
    With the share d behind and value v so far the rest must be (target − d v) / (1 − d): the target is
    one of a ratio of sums over the year.

    Examples
    --------
    >>> made = pd.DataFrame({"key": ["fcr"], "n": [1000], "numerator": [780.0], "denominator": [1000.0],
    ...                      "value": [0.78], "unit": ["share"]})
    >>> made = run_rate(made, targets={"fcr": 0.8}, days_done=91, days_left=273)
    >>> made[["done_share", "needed"]].round(4).values.tolist()
    [[0.25, 0.8067]]
    """
    aims = dict(zip(targets["key"], targets["target"], strict=True)) if isinstance(targets, pd.DataFrame) else targets
    whole, part = _denominators(last_year), _denominators(last_year_to_date)
    rows = []
    for row in to_date.to_dict("records"):
        key, aim = str(row["key"]), aims.get(row["key"])
        if aim is None or math.isnan(aim) or math.isnan(row["value"]):
            continue
        has_past = whole.get(key, 0.0) > 0 and 0 < part.get(key, 0.0) <= whole[key]
        done = part[key] / whole[key] if has_past else days_done / max(1, days_done + days_left)
        is_over = days_left <= 0 or done >= 1
        needed = math.nan if is_over else (aim - done * row["value"]) / (1 - done)
        rows.append({
            "key": key, "target": aim, "value": row["value"], "n": row["n"], "unit": row["unit"],
            "done_share": 1.0 if is_over else done, "needed": needed,
            "is_on_course": is_met(row["value"], target=aim, better=INDICATORS[key].better),
            "is_possible": None if is_over else _is_possible(needed, row["unit"]),
            "basis": "last year's volume" if has_past else "even volume",
        })  # fmt: skip
    columns = ["key", "target", "value", "n", "unit", "done_share", "needed", "is_on_course", "is_possible", "basis"]
    return pd.DataFrame(rows, columns=columns)


def _denominators(measured: pd.DataFrame | None) -> dict[str, float]:
    if measured is None:
        return {}
    return {str(key): float(size) for key, size in zip(measured["key"], measured["denominator"], strict=True)
            if not pd.isna(size)}  # fmt: skip


def _is_possible(value: Any, unit: str) -> bool:
    least, most = {"share": (0.0, 1.0), "points": (-1.0, 1.0), "score": (1.0, 5.0)}.get(unit, (0.0, np.inf))
    return bool(least <= value <= most)
