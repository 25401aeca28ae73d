"""When did it change? The day from which an indicator stood at another level, with the days that fit as well.

A chart invites the eye to find a step anywhere. Here the largest step of all is compared with the largest steps that
the same days give in other orders, and the day is named with an interval, or not at all.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["change_point"]

Floats = NDArray[np.float64]

LEVEL = 0.95
ALPHA = 0.05
LEAST_DAYS = 28
# a level that held for fewer days than this is an exception and no level
_LEAST_SIDE = 7
_REPEATS = 999


def change_point(daily: pd.DataFrame, *, seed: int = 0) -> dict[str, Any]:
    """Find the day on which an indicator moved to another level.

    Parameters
    ----------
    daily : DataFrame
        One indicator by day, as `measure` gives with ``by="local_date"``. Columns read: `local_date numerator
        denominator`. Days without a denominator are left out.
    seed : int
        Of the random orders.

    Returns
    -------
    dict
        `changed_on` (first day at the new level), `low_on`, `high_on` (95 % interval), `before`, `after` (ratios of
        sums), `n_days`, `p`, `reason` (why there is none, else None). Without a change the other entries are None, but
        `n_days` and `p`.

    Notes
    -----
    Each day's distance from the overall ratio, less what its weekday usually brings, is summed up in time; the day is
    where the standardised difference between the two sides is largest (Hawkins 1977, J. Am. Stat. Assoc. 72:180), at
    least a week from either end. p: the share of random orders of whole weeks with a step as large. Interval: the
    found step, with the weeks of its residuals drawn anew on either side, found again.

    Examples
    --------
    >>> seen = pd.DataFrame({"local_date": pd.date_range("2024-01-01", periods=84), "denominator": 100,
    ...                      "numerator": [80 + d * 5 % 7 for d in range(50)] + [70 + d * 5 % 7 for d in range(34)]})
    >>> found = change_point(seen)
    >>> found["changed_on"], found["low_on"] <= found["changed_on"] <= found["high_on"]
    (datetime.date(2024, 2, 20), True)
    """
    rows = daily[daily["denominator"] > 0].copy()
    rows["local_date"] = pd.to_datetime(rows["local_date"])
    rows = rows.groupby("local_date", as_index=False)[["numerator", "denominator"]].sum().sort_values("local_date")
    if len(rows) < LEAST_DAYS:
        return _none(f"fewer than {LEAST_DAYS} days with data", len(rows))
    weight = rows["denominator"].to_numpy(dtype=float)
    value = rows["numerator"].to_numpy(dtype=float) / weight
    weekday = rows["local_date"].dt.day_of_week.to_numpy()
    flat = value - _by_weekday(value, weight, weekday)
    rng = np.random.default_rng(seed)
    at, strength = _largest_step(flat, weight)
    orders = np.stack([_weeks_shuffled(len(flat), rng) for _ in range(_REPEATS)])
    p = (1 + sum(_largest_step(flat[order], weight[order])[1] >= strength - 1e-12 for order in orders)) / (1 + _REPEATS)
    if p > ALPHA:
        return _none("no step is larger than chance makes them", len(rows)) | {"p": p}
    found = [_largest_step(*drawn)[0] for drawn in _redrawn(value, weight, weekday, at, rng)]
    low, high = np.quantile(found, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], method="closest_observation")
    on: list[date] = list(rows["local_date"].dt.date)
    above = rows["numerator"].to_numpy(dtype=float)
    return {"changed_on": on[at], "low_on": on[min(int(low), at)], "high_on": on[max(int(high), at)],
            "before": float(above[:at].sum() / weight[:at].sum()), "after": float(above[at:].sum() / weight[at:].sum()),
            "n_days": len(rows), "p": p, "reason": None}  # fmt: skip


def _none(reason: str, n_days: int) -> dict[str, Any]:
    return dict.fromkeys(("changed_on", "low_on", "high_on", "before", "after", "p")) | {
        "n_days": n_days, "reason": reason,
    }  # fmt: skip


def _by_weekday(value: Floats, weight: Floats, weekday: NDArray[np.int64]) -> Floats:
    """Mean of each day's weekday."""
    total, below = (np.bincount(weekday, part, 7) for part in (value * weight, weight))
    return np.asarray((total / np.where(below > 0, below, 1.0))[weekday])


def _largest_step(value: Floats, weight: Floats) -> tuple[int, float]:
    """Give the first day of the second side where both sides differ most, and by how many standard errors."""
    total, below = np.cumsum(value * weight), np.cumsum(weight)
    left, right = below[:-1], below[-1] - below[:-1]
    gap = total[:-1] / left - (total[-1] - total[:-1]) / right
    strength = np.abs(gap) * np.sqrt(left * right / below[-1])
    strength = strength[_LEAST_SIDE - 1 : len(value) - _LEAST_SIDE]
    at = int(np.argmax(strength))
    return at + _LEAST_SIDE, float(strength[at])


def _weeks_shuffled(n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Order days anew in whole weeks, so that what hangs together within a week still does."""
    weeks = np.split(np.roll(np.arange(n), int(rng.integers(7))), np.arange(7, n, 7))
    return np.concatenate([weeks[i] for i in rng.permutation(len(weeks))])


def _redrawn(
    value: Floats, weight: Floats, weekday: NDArray[np.int64], at: int, rng: np.random.Generator
) -> list[tuple[Floats, Floats]]:
    """Draw the days again: the found step, and runs of three days of what is left of either side."""
    is_after = np.arange(len(value)) >= at
    level = np.where(is_after, *(np.average(value[side], weights=weight[side]) for side in (is_after, ~is_after)))
    left = value - level
    left = left - _by_weekday(left, weight, weekday)
    sides = [np.flatnonzero(side) for side in (~is_after, is_after)]
    drawn = []
    for _ in range(_REPEATS // 2):
        picks = [_runs(side, rng) for side in sides]
        drawn.append((level + left[np.concatenate(picks)], weight))
    return drawn


def _runs(side: NDArray[np.int64], rng: np.random.Generator, length: int = 3) -> NDArray[np.int64]:
    """Draw runs of days from one side, as many as it has days."""
    starts = rng.integers(0, max(len(side) - length + 1, 1), -(-len(side) // length))
    picks = (starts[:, None] + np.arange(length)).ravel()[: len(side)]
    return side[np.minimum(picks, len(side) - 1)]
