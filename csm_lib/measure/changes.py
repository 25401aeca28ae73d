"""Differences between two estimates, and which of many differences are news.

Of twenty comparisons one looks like news by luck. So changes are never declared one by one: all that stand on a page
are adjusted together, and a stated share of the declared ones may be false.
"""

from __future__ import annotations

import math

import pandas as pd
from scipy.special import ndtr, ndtri
from scipy.stats import false_discovery_control

__all__ = ["ALPHA", "combined", "difference", "signals"]

ALPHA = 0.05  # share of the declared signals that may be false


def difference(
    value: float, low: float, high: float, other: float, other_low: float, other_high: float, *, level: float = 0.95
) -> tuple[float, float, float, float]:
    """Give the difference of two independent estimates with its interval and p value.

    Parameters
    ----------
    value, low, high, other, other_low, other_high : float
        Two estimates with intervals at `level`.
    level : float, 0–1

    Returns
    -------
    tuple of float
        value − other, low, high, two-sided p; NaN where an interval is missing.

    Notes
    -----
    Square-and-add (Zou and Donner 2008; for shares Newcombe 1998, method 10): each bound adds the squared distances of
    the two bounds on its side, so skewed intervals stay skewed. The p value is that of the bound nearer to 0.

    Examples
    --------
    Newcombe's example: 56 of 70 against 48 of 80.

    >>> [round(number, 4) for number in difference(0.8, 0.6918, 0.8769, 0.6, 0.4904, 0.7004)][:3]
    [0.2, 0.0524, 0.3339]
    """
    gap = value - other
    below = math.hypot(value - low, other_high - other)
    above = math.hypot(high - value, other - other_low)
    side = below if gap > 0 else above
    if math.isnan(side):
        p = math.nan
    else:
        p = 1.0 if gap == 0 else float(2 * ndtr(-abs(gap) / side * -ndtri((1 - level) / 2))) if side > 0 else 0.0
    return gap, gap - below, gap + above, p


def combined(parts: pd.DataFrame) -> tuple[float, float, float]:
    """Put measured groups together again: the ratio of their sums, with its interval.

    Parameters
    ----------
    parts : DataFrame
        Groups of one key as `measure` gives them. Columns read: `denominator value low high`.

    Returns
    -------
    tuple of float
        Value, low, high; NaN where no group has a value, bounds NaN where one lacks its interval.

    Notes
    -----
    The groups are taken as independent: each side adds the squared weighted distances of its bounds.

    Examples
    --------
    >>> combined(pd.DataFrame({"denominator": [10, 30], "value": [0.5, 0.75], "low": [0.5, 0.75], "high": [0.5, 0.75]}))
    (0.6875, 0.6875, 0.6875)
    """
    seen = parts.dropna(subset=["value"])
    if seen.empty:
        return math.nan, math.nan, math.nan
    weight = seen["denominator"] / seen["denominator"].sum()
    value = float((weight * seen["value"]).sum())
    below, above = (
        math.sqrt(((weight * (seen[bound] - seen["value"])) ** 2).sum(skipna=False)) for bound in ("low", "high")
    )
    return value, value - below, value + above


def signals(p: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Adjust p values for their number and tell which are signals.

    Parameters
    ----------
    p : Series of float
        NaN where nothing was compared.

    Returns
    -------
    p_adjusted : Series of float
    is_signal : Series of bool or None

    Examples
    --------
    >>> signals(pd.Series([0.01, 0.04, 0.9, float("nan")]))[1].tolist()
    [True, False, False, None]
    """
    adjusted = p.astype(float).copy()
    seen = adjusted.notna()
    if seen.any():
        adjusted[seen] = false_discovery_control(adjusted[seen], method="bh")
    flags = [None if math.isnan(value) else bool(value <= ALPHA) for value in adjusted]
    return adjusted, pd.Series(flags, index=p.index, dtype=object)
