"""Judgements: is the target met this period, and is the process behind the value on the good side of it?

The first is a fact of the period, the second allows for chance; the two are never mixed.
"""

from __future__ import annotations

import math
from typing import Literal

from scipy.special import ndtr, ndtri

from csm_lib.measure.arguments import check_better

__all__ = ["SURE", "Better", "Verdict", "is_met", "probability_met", "verdict"]

Better = Literal["higher", "lower"]
Verdict = Literal["met", "missed", "too_close", "no_target", "not_measured"]

SURE = 0.975  # a verdict needs this probability of the true value lying on its side


def is_met(value: float, *, target: float | None, better: Better) -> bool | None:
    """Tell whether the value of this period meets its target: a fact, without any allowance for chance.

    Examples
    --------
    >>> is_met(0.798, target=0.8, better="higher")
    False
    """
    check_better(better)
    if target is None or math.isnan(target) or math.isnan(value):
        return None
    return bool(value >= target if better == "higher" else value <= target)


def probability_met(
    value: float, low: float, high: float, *, target: float, better: Better, level: float = 0.95
) -> float:
    """Give the probability that the true value is on the good side of the target.

    Parameters
    ----------
    value, low, high : float
        Estimate and its interval at `level`.
    target : float
    better : {"higher", "lower"}
    level : float, 0–1

    Returns
    -------
    float
        0–1; NaN where there is no interval.

    Notes
    -----
    Reads the interval as a confidence distribution: normal on either side of the value, each side with the spread its
    bound implies. A target on the bound of a 95 % interval therefore gets 2.5 % or 97.5 %.

    Examples
    --------
    >>> round(probability_met(0.78, 0.77, 0.79, target=0.79, better="higher"), 3)
    0.025
    """
    check_better(better)
    if math.isnan(value) or math.isnan(target):
        return math.nan
    tail = (1 - level) / 2
    if math.isinf(value):  # a median that was not reached: only its lower bound speaks
        return math.nan if not low > target else tail if better == "lower" else 1 - tail
    ahead = value - target if better == "higher" else target - value
    side = low if target < value else high
    if math.isnan(side):
        return math.nan
    if ahead == 0 or side == value:
        return 0.5 if side != value else float(ahead >= 0)
    return float(ndtr(ahead / abs(side - value) * ndtri(1 - tail)))


def verdict(
    value: float, low: float, high: float, *, target: float | None, better: Better, level: float = 0.95
) -> Verdict:
    """Judge the process behind a value: is it on the good side of the target, or could chance explain this period?

    Returns
    -------
    {"met", "missed", "too_close", "no_target", "not_measured"}
        `met` or `missed` where the probability of that side is at least 97.5 %; `too_close` also without an interval.

    Examples
    --------
    >>> verdict(0.798, 0.79, 0.806, target=0.8, better="higher")
    'too_close'
    >>> verdict(0.78, 0.77, 0.79, target=0.85, better="higher")
    'missed'
    """
    check_better(better)
    if math.isnan(value):
        return "not_measured"
    if target is None or math.isnan(target):
        return "no_target"
    good = probability_met(value, low, high, target=target, better=better, level=level)
    if good >= SURE - 1e-12:
        return "met"
    return "missed" if good <= 1 - SURE + 1e-12 else "too_close"
