"""How patient customers are, and how the queue model has to be bent to what was observed.

Patience is only seen when it runs out; the answer hides the rest. And real queues differ from the model: handle times
and patience are not exponential, queues carry over from one interval to the next. Two numbers absorb most of that: a
patience that makes the model abandon as many as did, and a scale for its waits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd
from scipy import stats
from scipy.optimize import brentq

from csm_lib.results import Estimate
from csm_lib.staff.arguments import checked
from csm_lib.staff.prediction import condensed, predict, summary_by

__all__ = ["Customers", "calibrated_patience", "customers_of", "estimate_patience"]

_PATIENCE_RANGE_S = (1.0, 1e6)


@dataclass(frozen=True)
class Customers:
    """What the queue model is told about customers.

    Attributes
    ----------
    patience_s : float
        Mean patience, seconds; infinite where nobody hangs up.
    wait_scale : float
        Factor by which real waits differ from the model's.
    method : str
        How both were found, in words.
    range_s : (float, float), default NaN
        Bounds of the patience (95 %); NaN where it was set.

    Examples
    --------
    >>> Customers(120.0, 1.0, "given").options
    {'patience_s': 120.0, 'wait_scale': 1.0}
    """

    patience_s: float
    wait_scale: float
    method: str
    range_s: tuple[float, float] = (math.nan, math.nan)

    @property
    def options(self) -> dict[str, float]:
        """Both numbers as the keyword arguments of `predict` and of the scenarios."""
        return {"patience_s": self.patience_s, "wait_scale": self.wait_scale}


def customers_of(plan: pd.DataFrame, contacts: pd.DataFrame, *, patience_s: float | None = None) -> Customers:
    """Fit the queue model's customers to what was observed.

    Parameters
    ----------
    plan : DataFrame
        What `interval_plan` returns, for the days of the contacts.
    contacts : DataFrame
        One row per contact: `is_offered`, `is_answered`, `is_abandoned`, `wait_s`, `local_date`.
    patience_s : float, optional
        A patience known from elsewhere (settings); then nothing is fitted.

    Returns
    -------
    Customers
        The calibrated patience, and waits scaled so that model and observation agree on the wait per abandonment. Where
        that cannot be fitted, the simple estimate; where nobody hung up or no wait is known, endless patience.

    Examples
    --------
    >>> customers_of(pd.DataFrame(), pd.DataFrame(), patience_s=90.0).patience_s
    90.0
    """
    if patience_s is not None:
        given = float(checked("patience_s", patience_s, low=0.0, is_low_included=False, is_infinite_allowed=True))
        return Customers(given, 1.0, "patience as set")
    simple = estimate_patience(contacts)
    if not math.isfinite(simple.value):
        return Customers(math.inf, 1.0, "nobody was seen to hang up: endless patience is assumed")
    fitted = calibrated_patience(plan, contacts)
    if math.isnan(fitted.value):
        return Customers(simple.value, 1.0, simple.method, (simple.low, simple.high))
    method = f"{fitted.method}, waits scaled to those observed"
    return Customers(fitted.value, simple.value / fitted.value, method, (fitted.low, fitted.high))


def estimate_patience(contacts: pd.DataFrame, *, level: float = 0.95) -> Estimate:
    """Estimate the mean patience of customers.

    Parameters
    ----------
    contacts : DataFrame
        One row per contact: `is_offered`, `is_abandoned`, `wait_s`. Rows not offered or without a wait are left out.
    level : float, default 0.95
        Level of the interval.

    Returns
    -------
    Estimate
        Seconds; infinite, with the lower bound only, where nobody hung up; NaN where nobody was offered. `n` counts the
        contacts used.

    Notes
    -----
    Total wait of all offered over the abandonments: the maximum-likelihood estimate for an exponential patience that
    the answer censors (Mandelbaum and Zeltyn 2007). Interval: chi-square with twice the abandonments as degrees of
    freedom, plus two for the lower bound (Garwood 1936).

    Examples
    --------
    >>> contacts = pd.DataFrame({"is_offered": True, "is_abandoned": [True, False], "wait_s": [60.0, 30.0]})
    >>> estimate_patience(contacts).value
    90.0
    """
    used = contacts[contacts["is_offered"].fillna(False).astype(bool) & contacts["wait_s"].notna()]
    n_abandoned = int(used["is_abandoned"].fillna(False).astype(bool).sum())
    total_s = float(used["wait_s"].astype(float).sum())
    if used.empty or total_s == 0:
        return Estimate(math.nan, math.nan, math.nan, len(used), "no wait was observed, so patience is not measured")
    bound = checked("level", level, low=0.0, high=1.0, is_low_included=False, is_high_included=False)
    tail = (1.0 - float(bound)) / 2.0
    low = 2.0 * total_s / float(stats.chi2.isf(tail, 2 * n_abandoned + 2))
    high = 2.0 * total_s / float(stats.chi2.ppf(tail, 2 * n_abandoned)) if n_abandoned else math.inf
    value = total_s / n_abandoned if n_abandoned else math.inf
    return Estimate(value, low, high, len(used), "total wait of all offered over abandonments (exponential patience)")


def calibrated_patience(plan: pd.DataFrame, contacts: pd.DataFrame) -> Estimate:
    """Find the patience with which the model abandons as many contacts as were abandoned.

    What-if answers then start from the answer rate that was observed. The price: prediction and observation agree in
    total by construction; only hour by hour do they still test the model.

    Parameters
    ----------
    plan : DataFrame
        What `interval_plan` returns, for the days of the contacts.
    contacts : DataFrame
        One row per contact: `is_offered`, `is_answered`, `local_date`.

    Returns
    -------
    Estimate
        Seconds. The interval follows from that of the observed answer rate, days taken as clusters; `n` counts offered
        contacts. NaN, with the reason, where no patience reproduces the answer rate.

    Examples
    --------
    Table 1 of Garnett, Mandelbaum and Reiman has 120 s for 3.1 % abandonment.

    >>> plan = pd.DataFrame({"local_hour": [17], "interval_s": 1800.0, "expected": 1440.0, "arrivals_per_h": 2880.0,
    ...                      "handle_s": 60.0, "agents": 50})
    >>> contacts = pd.DataFrame({"is_offered": True, "is_answered": [False] * 31 + [True] * 969,
    ...                          "local_date": 1})
    >>> 115 < calibrated_patience(plan, contacts).value < 125
    True
    """
    offered = contacts[contacts["is_offered"].fillna(False).astype(bool)]
    answered = offered["is_answered"].fillna(False).astype(float)
    rate = float(answered.mean()) if len(offered) else math.nan
    by_day = (answered - rate).groupby(offered["local_date"]).sum()
    half_width = 1.96 * math.sqrt(float((by_day**2).sum())) / max(len(offered), 1)
    busy = condensed(plan[plan["expected"] > 0])

    def miss(log_patience: float, wanted: float) -> float:
        return float(summary_by(predict(busy, patience_s=math.exp(log_patience)))["answer_rate_share"].iloc[0]) - wanted

    low, high = (math.log(edge) for edge in _PATIENCE_RANGE_S)
    least, most = (miss(edge, 0.0) for edge in (low, high)) if len(busy) else (math.nan, math.nan)
    if not least < rate < most:
        return Estimate(math.nan, math.nan, math.nan, len(offered),
                        "not measured: no patience makes the model answer as many as were answered")
    value, lower, upper = (math.exp(brentq(miss, low, high, args=(wanted,), xtol=1e-4)) if least < wanted < most
                           else _PATIENCE_RANGE_S[int(wanted > rate)]
                           for wanted in (rate, rate - half_width, rate + half_width))
    return Estimate(value, lower, upper, len(offered), "patience with which the model answers as many as were answered")
