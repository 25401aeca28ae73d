"""How long customers bear to wait, read off waits that the answer cut short, and whether one number says it all.

The queue formulas take patience to be exponential: whoever has waited is as likely to leave in the next second as
whoever just came. Real customers leave in a rush at first (a busy greeting), or hold out once they have invested time.
Here the hazard is estimated band by band, set against a constant one, and the answer is worked out with both, so that
the reader sees what the assumption costs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from statsmodels.duration.survfunc import SurvfuncRight

from csm_lib.staff.arguments import checked
from csm_lib.staff.banded_patience import performance_in_bands

__all__ = ["PatienceCheck", "patience_bands", "patience_check", "patience_consequence", "patience_curve"]

Floats = NDArray[np.float64]

_MOST_POINTS = 200
_MOST_BANDS = 8
_LEAST_A_BAND = 20  # abandonments, so that a band's hazard is known to about a quarter
_CERTAIN = 0.05


@dataclass(frozen=True)
class PatienceCheck:
    """Whether exponential patience fits.

    Attributes
    ----------
    is_exponential : bool or None
        None where too few hung up to tell.
    p_value : float
        Chance of bands as uneven as these if the hazard were constant; NaN where not tested.
    n, n_abandoned : int
        Contacts offered with a known wait, and those of them who hung up.
    mean_s : float
        Mean of the exponential patience, seconds; infinite where nobody hung up.
    early_ratio : float
        Hazard of the first band over that of all: above 1 customers leave in a rush at first.
    reason : str
        How it was judged, in words.

    Examples
    --------
    >>> waits = pd.DataFrame({"is_offered": True, "is_abandoned": False, "wait_s": [1.0, 2.0]})
    >>> patience_check(waits).reason
    'too few hung up to tell: 0, and 40 are needed'
    """

    is_exponential: bool | None
    p_value: float
    n: int
    n_abandoned: int
    mean_s: float
    early_ratio: float
    reason: str


def patience_curve(contacts: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """Tell which share of customers would bear each wait, beside what exponential patience says.

    Parameters
    ----------
    contacts : DataFrame
        One row per contact: `is_offered`, `is_abandoned`, `wait_s`. Rows not offered or without a wait are left out.
    level : float, default 0.95
        Level of the interval, point by point.

    Returns
    -------
    DataFrame
        One row per wait at which somebody hung up (evenly thinned to 200): `wait_s`, `n_at_risk` (still waiting then),
        `n_abandoned`, `bears_share`, `low`, `high`, `exponential_share`. No rows where nobody hung up.

    Notes
    -----
    Kaplan and Meier 1958: an answer ends the watching, not the patience. Interval on the log(-log) scale with
    Greenwood's variance (Kalbfleisch and Prentice 1980); it takes customers as independent.

    Examples
    --------
    Two of three leave after 10 and 30 s, the third is answered after 20 s: 2/3 bear 10 s, none bears 30 s.

    >>> waits = pd.DataFrame({"is_offered": True, "is_abandoned": [True, False, True], "wait_s": [10.0, 20.0, 30.0]})
    >>> patience_curve(waits).bears_share.round(4).tolist()
    [0.6667, 0.0]
    """
    bound = float(checked("level", level, low=0.0, high=1.0, is_low_included=False, is_high_included=False))
    wait_s, left = _waits(contacts)
    columns = ["wait_s", "n_at_risk", "n_abandoned", "bears_share", "low", "high", "exponential_share"]
    if not left.any():
        return pd.DataFrame(columns=columns, dtype=float)
    curve = SurvfuncRight(wait_s, left.astype(float))
    share = np.asarray(curve.surv_prob, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.asarray(curve.surv_prob_se, dtype=float) / share
        width = stats.norm.isf((1 - bound) / 2) * greenwood / np.abs(np.log(share))
        low, high = share ** np.exp(width), share ** np.exp(-width)
    mean_s = wait_s.sum() / left.sum()
    found = pd.DataFrame({
        "wait_s": curve.surv_times, "n_at_risk": curve.n_risk, "n_abandoned": curve.n_events, "bears_share": share,
        "low": low, "high": high, "exponential_share": np.exp(-curve.surv_times / mean_s) if mean_s else np.nan})
    kept = np.unique(np.linspace(0, len(found) - 1, min(len(found), _MOST_POINTS)).astype(int))
    return found.iloc[kept].reset_index(drop=True)


def patience_bands(contacts: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """Estimate, band by band of the wait, how many of those waiting leave per minute of waiting.

    Parameters
    ----------
    contacts : DataFrame
        As in `patience_curve`.
    level : float, default 0.95

    Returns
    -------
    DataFrame
        One row per band, at most eight, each with about as many abandonments and at least 20 (one band where there are
        fewer): `from_s`, `to_s` (the last one infinite), `n_abandoned`, `waited_s` (by all in the band),
        `hazard_per_s`, `low`, `high`. No rows where nobody waited.

    Notes
    -----
    Abandonments over time waited, the maximum-likelihood estimate of a hazard that is constant within a band; interval
    Garwood 1936.

    Examples
    --------
    >>> waits = pd.DataFrame({"is_offered": True, "is_abandoned": [True, False], "wait_s": [60.0, 40.0]})
    >>> float(patience_bands(waits).hazard_per_s.iloc[0])
    0.01
    """
    bound = float(checked("level", level, low=0.0, high=1.0, is_low_included=False, is_high_included=False))
    wait_s, left = _waits(contacts)
    columns = ["from_s", "to_s", "n_abandoned", "waited_s", "hazard_per_s", "low", "high"]
    if not wait_s.sum():
        return pd.DataFrame(columns=columns, dtype=float)
    n_bands = int(np.clip(left.sum() // _LEAST_A_BAND, 1, _MOST_BANDS))
    inner = np.quantile(wait_s[left], np.arange(1, n_bands) / n_bands) if n_bands > 1 else np.empty(0)
    starts = np.concatenate([[0.0], np.unique(inner[inner > 0])])
    ends = np.append(starts[1:], np.inf)
    waited = (np.clip(wait_s[:, None], starts, np.minimum(ends, wait_s.max())) - starts).sum(axis=0)
    band = np.maximum(np.searchsorted(starts, wait_s[left], side="left") - 1, 0)  # an end belongs to its band
    events = np.bincount(band, minlength=starts.size).astype(float)
    found = pd.DataFrame({"from_s": starts, "to_s": ends, "n_abandoned": events, "waited_s": waited})
    found = found[found["waited_s"] > 0]
    tail, events = (1 - bound) / 2, found["n_abandoned"].to_numpy()
    low = np.where(events > 0, stats.chi2.ppf(tail, np.maximum(2 * events, 1)) / 2, 0.0)
    high = stats.chi2.isf(tail, 2 * events + 2) / 2
    found = found.assign(hazard_per_s=found["n_abandoned"] / found["waited_s"], low=low / found["waited_s"],
                         high=high / found["waited_s"])
    found.iloc[-1, found.columns.get_loc("to_s")] = np.inf
    return found.reset_index(drop=True)


def patience_check(contacts: pd.DataFrame) -> PatienceCheck:
    """Test whether customers leave at the same rate however long they have waited.

    Parameters
    ----------
    contacts : DataFrame
        As in `patience_curve`.

    Returns
    -------
    PatienceCheck

    Notes
    -----
    Likelihood ratio of the bands of `patience_bands` against one hazard for all, chi-square with one degree of freedom
    fewer than bands. With very many contacts a harmless unevenness is certain too: see `patience_consequence`.

    Examples
    --------
    >>> waits = pd.DataFrame({"is_offered": True, "is_abandoned": True, "wait_s": [*[1.0] * 50, *[1000.0] * 50]})
    >>> patience_check(waits).is_exponential
    False
    """
    wait_s, left = _waits(contacts)
    n_left = int(left.sum())
    mean_s = float(wait_s.sum() / n_left) if n_left else math.inf
    bands = patience_bands(contacts)
    if len(bands) < 2:
        reason = f"too few hung up to tell: {n_left}, and {2 * _LEAST_A_BAND} are needed"
        return PatienceCheck(None, math.nan, wait_s.size, n_left, mean_s, math.nan, reason)
    seen, expected = bands["n_abandoned"].to_numpy(), bands["waited_s"].to_numpy() / mean_s
    ratio = 2 * float((seen * np.log(np.maximum(seen, 1e-300) / expected)).sum())
    p_value = float(stats.chi2.sf(ratio, len(bands) - 1))
    reason = f"likelihood ratio of {len(bands)} bands of the wait against one hazard"
    early = float(seen[0] / expected[0])
    return PatienceCheck(p_value >= _CERTAIN, p_value, wait_s.size, n_left, mean_s, early, reason)


def patience_consequence(plan: pd.DataFrame, contacts: pd.DataFrame, *, threshold_s: float = 20.0) -> pd.DataFrame:
    """Work the queue out with exponential patience and with patience as it was seen, for today's staff.

    Parameters
    ----------
    plan : DataFrame
        What `interval_plan` returns: `expected`, `arrivals_per_h`, `handle_s`, `agents`.
    contacts : DataFrame
        As in `patience_curve`, for the days of the plan.
    threshold_s : float, default 20

    Returns
    -------
    DataFrame
        One row per law of patience, `law` "exponential" and "as seen": `abandon_share`, `service_level_share`,
        `mean_wait_offered_s`, of all contacts expected. The distance of the two is what the assumption costs. No rows
        where nobody hung up, nobody is expected or nobody is on shift.

    Examples
    --------
    >>> waits = pd.DataFrame({"is_offered": True, "is_abandoned": [True, False], "wait_s": [60.0, 60.0]})
    >>> plan = pd.DataFrame({"expected": [10.0], "arrivals_per_h": 2880.0, "handle_s": 60.0, "agents": 50})
    >>> patience_consequence(plan, waits).abandon_share.round(3).tolist()
    [0.031, 0.031]
    """
    wait_s, left = _waits(contacts)
    busy = plan[plan["expected"] > 0] if len(plan) else plan
    columns = ["law", "abandon_share", "service_level_share", "mean_wait_offered_s"]
    if not (left.any() and len(busy) and wait_s.sum() and busy["agents"].sum() > 0):
        return pd.DataFrame(columns=columns)
    queue = busy.groupby(["arrivals_per_h", "handle_s", "agents"], as_index=False)["expected"].sum()
    weight = (queue["expected"] / queue["expected"].sum()).to_numpy()
    mean_hazard = left.sum() / wait_s.sum()
    bands = patience_bands(contacts)
    hazards = bands["hazard_per_s"].to_numpy(copy=True)
    hazards[-1] = hazards[-1] or mean_hazard  # for ever patient at last would be for ever in the queue
    laws = {"exponential": (np.zeros(1), np.array([mean_hazard])), "as seen": (bands["from_s"].to_numpy(), hazards)}
    rows = []
    for law, (starts, per_s) in laws.items():
        found = performance_in_bands(*(queue[name].to_numpy(dtype=float) for name in ("arrivals_per_h", "handle_s",
                                                                                     "agents")),
                                     starts_s=starts, hazards_per_s=per_s, threshold_s=threshold_s)
        rows.append((law, *(float(weight @ found[name]) for name in ("abandon_share", "service_level",
                                                                     "mean_wait_offered_s"))))
    return pd.DataFrame(rows, columns=columns)


def _waits(contacts: pd.DataFrame) -> tuple[Floats, NDArray[np.bool_]]:
    """Waits of the offered, and which ended by hanging up."""
    used = contacts[contacts["is_offered"].fillna(False).astype(bool) & contacts["wait_s"].notna()]
    return (used["wait_s"].to_numpy(dtype=float),
            used["is_abandoned"].fillna(False).astype(bool).to_numpy())
