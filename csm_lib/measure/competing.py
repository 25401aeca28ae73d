"""Shares that end one way when they may also end another: solved, withdrawn, merged, closed unsolved.

What was withdrawn will never be solved. Treating it like what is still open asks "what share would be solved if nobody
could withdraw" and flatters: it promises to those who left what only those who stayed received.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from csm_lib.measure.arguments import check_level
from csm_lib.measure.clusters import NOTHING
from csm_lib.measure.survival import first_time_at, quantile_name, spells_of
from csm_lib.results import Estimate

__all__ = ["cumulative_incidence", "incidence_quantile"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Steps:
    """Distinct times at which anything ended, oldest first, and what the curve of one cause does there."""

    times: Floats
    incidence: Floats  # share ended by the cause up to and including the time
    variance: Floats
    at_risk: Floats


def cumulative_incidence(
    durations_s: ArrayLike,
    causes: Sequence[Any] | NDArray[Any] | pd.Series,
    *,
    at_s: ArrayLike | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Estimate which share has ended by each cause after a time, with the unfinished censored.

    Parameters
    ----------
    durations_s : array_like of float, shape (n,), ≥ 0, seconds
        Time to the end, or to the last look where it had not ended.
    causes : sequence of str or missing, shape (n,)
        What ended it; missing where it had not ended at the last look.
    at_s : array_like of float, optional, seconds
        Times asked for; every time at which something ended unless given.
    level : float, 0–1

    Returns
    -------
    DataFrame
        One row per cause, in alphabetical order, and time: `cause at_s value low high n_at_risk`. `n_at_risk` had not
        ended before that time. Beyond the longest duration seen value and bounds are NaN while anything goes on.
        `.attrs`: `n`, `n_censored`, `longest_s`.

    Raises
    ------
    SettingError
        If a duration is missing or negative, or the lengths differ.

    Notes
    -----
    Aalen and Johansen (1978): F_k(t) = Σ S(s−) d_k(s)/n(s), with S the Kaplan–Meier curve of all causes together.
    Variance by the delta method (Marubini and Valsecchi 1995, eq. 10.12); interval on the log(−log) scale. With one
    cause it is one minus Kaplan–Meier; with nothing censored it is the plain share.

    Examples
    --------
    >>> made = cumulative_incidence([1, 2, 3, 4, 5], ["solved", None, "withdrawn", "solved", None], at_s=[4])
    >>> made[["cause", "value"]].round(4).values.tolist()
    [['solved', 0.4667], ['withdrawn', 0.2667]]
    """
    check_level(level)
    durations, codes, names = _ends(durations_s, causes)
    asked = None if at_s is None else np.atleast_1d(np.asarray(at_s, dtype=float))
    parts = []
    for code, name in enumerate(names, start=1):
        steps = _steps(durations, codes, code)
        parts.append(_read(steps, steps.times if asked is None else asked, durations, codes, level).assign(cause=name))
    columns = ["cause", "at_s", "value", "low", "high", "n_at_risk"]
    table = pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
    longest = float(durations.max()) if len(durations) else math.nan
    table.attrs = {"n": len(durations), "n_censored": int((codes == 0).sum()), "longest_s": longest}
    return table


def incidence_quantile(
    durations_s: ArrayLike,
    causes: Sequence[Any] | NDArray[Any] | pd.Series,
    *,
    cause: str,
    share: float = 0.5,
    level: float = 0.95,
) -> Estimate:
    """Estimate the time by which a share of all has ended by one cause.

    Parameters
    ----------
    durations_s, causes
        As in `cumulative_incidence`.
    cause : str
    share : float, 0–1
        Of all that began, those that ended otherwise included.
    level : float, 0–1

    Returns
    -------
    Estimate
        Seconds. Not reached (still, or never, because too many ended otherwise): value ∞, and `method` says 'more than'
        the longest duration seen.

    Raises
    ------
    SettingError
        If the share does not lie between 0 and 1, and as `cumulative_incidence`.

    Notes
    -----
    First time at which the curve of Aalen and Johansen reaches the share; interval: times at which the upper, then the
    lower band of the curve reaches it.

    Examples
    --------
    >>> incidence_quantile([1, 2, 3, 4], ["solved", "solved", "left", "left"], cause="solved").value
    2.0
    >>> incidence_quantile([1, 2, 3, 4], ["solved", "left", "left", None], cause="solved").method
    'Aalen–Johansen; median not reached: more than 4.0 s'
    """
    check_level(level)
    called = quantile_name(share)
    durations, codes, names = _ends(durations_s, causes)
    if len(durations) == 0:
        return Estimate(math.nan, math.nan, math.nan, 0, NOTHING)
    beyond = f"Aalen–Johansen; {called} not reached: more than {float(durations.max())!r} s"
    if cause not in names:
        return Estimate(math.inf, math.nan, math.nan, len(durations), beyond)
    steps = _steps(durations, codes, names.index(cause) + 1)
    low_band, high_band = _band(steps.incidence, steps.variance, level)
    value, low, high = (first_time_at(steps.times, curve, share) for curve in (steps.incidence, high_band, low_band))
    method = beyond if math.isinf(value) else "Aalen–Johansen, band on the log(−log) scale"
    low = low if low <= value else math.nan  # where all have ended at once there is no band to read
    return Estimate(value, low, high, len(durations), method)


def _ends(durations_s: ArrayLike, causes: Any) -> tuple[Floats, NDArray[np.int64], list[str]]:
    """Code the causes 1, 2 … in alphabetical order; 0 had not ended."""
    codes, names = pd.factorize(pd.Series(causes, dtype=object), sort=True, use_na_sentinel=True)
    durations, coded = spells_of(durations_s, codes + 1, flags="causes")
    return durations, coded.astype("int64"), [str(name) for name in names]


def _steps(durations: Floats, codes: NDArray[np.int64], code: int) -> _Steps:
    """Follow one cause through the times at which anything ended."""
    times, places = np.unique(durations, return_inverse=True)
    ended = np.bincount(places, weights=codes > 0, minlength=len(times)).astype(float)
    mine = np.bincount(places, weights=codes == code, minlength=len(times)).astype(float)
    gone = np.bincount(places, minlength=len(times)).cumsum()
    at_risk = len(durations) - np.concatenate([[0], gone[:-1]])
    is_end = ended > 0
    times, ended, mine, at_risk = times[is_end], ended[is_end], mine[is_end], at_risk[is_end].astype(float)
    survival = np.cumprod(1 - ended / at_risk)
    before = np.concatenate([[1.0], survival[:-1]])
    incidence = np.cumsum(before * mine / at_risk)
    return _Steps(times, incidence, _variance(ended, mine, at_risk, before, incidence), at_risk)


def _variance(ended: Floats, mine: Floats, at_risk: Floats, before: Floats, incidence: Floats) -> Floats:
    """Delta-method variance at every time: three sums, multiplied out into running sums."""
    left = at_risk - ended
    hazard = np.divide(ended, at_risk * left, out=np.zeros_like(ended), where=left > 0)  # after the last end F is fixed
    own = before * mine / at_risk**2
    first = incidence**2 * hazard.cumsum() - 2 * incidence * (incidence * hazard).cumsum()
    first += (incidence**2 * hazard).cumsum()
    second = (before**2 * mine * (at_risk - mine) / at_risk**3).cumsum()
    third = incidence * own.cumsum() - (incidence * own).cumsum()
    return np.maximum(first + second - 2 * third, 0.0)


def _band(incidence: Floats, variance: Floats, level: float) -> tuple[Floats, Floats]:
    """Bounds of a curve on the log(−log) scale; NaN where nothing varies, at the start or where all have ended so."""
    reach = float(ndtri((1 + level) / 2))
    is_known = (incidence > 0) & (incidence < 1 - 1e-12) & (variance > 0)  # all ended so, but for the last digits
    inner = np.where(is_known, incidence, 0.5)
    rate = np.log1p(-inner)
    spread = np.sqrt(variance) / np.abs((1 - inner) * rate)
    low, high = (1 - np.exp(rate * np.exp(side * reach * spread)) for side in (-1, 1))
    return np.where(is_known, low, math.nan), np.where(is_known, high, math.nan)


def _read(steps: _Steps, asked: Floats, durations: Floats, codes: NDArray[np.int64], level: float) -> pd.DataFrame:
    """Read a curve at the times asked for; beyond the last look only if nothing goes on there."""
    low, high = _band(steps.incidence, steps.variance, level)
    at = np.searchsorted(steps.times, asked, side="right") - 1
    known = {"value": steps.incidence, "low": low, "high": high}
    start = {"value": 0.0, "low": math.nan, "high": math.nan}
    goes_on = bool(codes[durations == durations.max()].min() == 0)
    is_beyond = (asked > durations.max()) & goes_on
    read = {name: np.where(at >= 0, curve[np.maximum(at, 0)], start[name]) for name, curve in known.items()}
    read = {name: np.where(is_beyond, math.nan, curve) for name, curve in read.items()}
    ordered = np.sort(durations)
    return pd.DataFrame({"at_s": asked, **read, "n_at_risk": len(ordered) - np.searchsorted(ordered, asked)})
