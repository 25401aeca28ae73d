"""Which groups stand out for their size: a funnel of limits, and a ranking that gives little ground to small groups.

A small team lands far from the mean by luck, a large one does not. And where teams differ more than luck (other
customers, other work), limits made for luck alone would call most of them unusual: then the limits widen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri
from scipy.stats import binom

from csm_lib.definitions import INDICATORS
from csm_lib.errors import SettingError, UsageError

__all__ = ["FEWEST_GROUPS", "Overdispersion", "funnel", "funnel_line", "shrunken_ranking"]

Floats = NDArray[np.float64]
Overdispersion = Literal["additive", "multiplicative", "none"]

NEAR, FAR = 0.95, 0.998  # the two pairs of limits that funnel plots have
FEWEST_GROUPS = 8  # below it a few odd groups cannot be told from general overdispersion
WINSORISED = 0.1  # share of scores on each side pulled in, so that a few outliers do not widen the limits


@dataclass(frozen=True)
class _Spread:
    """What a group varies by: per unit of its denominator, and beyond it."""

    reference: float
    unit_variance: float
    phi: float
    tau2: float
    is_binomial: bool

    def error(self, sizes: Floats) -> Floats:
        return np.asarray(np.sqrt(self.unit_variance / sizes * self.phi + self.tau2), dtype=float)

    def limits(self, sizes: Floats, level: float) -> tuple[Floats, Floats]:
        """Limits at a level; exact, read between whole counts, where nothing but binomial chance is at work."""
        tails = (1 - level) / 2, (1 + level) / 2
        if self.is_binomial and self.phi == 1 and self.tau2 == 0 and 0 < self.reference < 1:
            low, high = (_binomial_limit(tail, sizes, self.reference) for tail in tails)
        else:
            low, high = (self.reference + float(ndtri(tail)) * self.error(sizes) for tail in tails)
        return low, high


def funnel(
    measured: pd.DataFrame,
    *,
    by: str,
    reference: float | None = None,
    overdispersion: Overdispersion = "additive",
    level: float = 0.95,
) -> pd.DataFrame:
    """Judge groups against limits that depend on their size.

    Parameters
    ----------
    measured : DataFrame
        One key by group, as `measure` gives. Columns read: `key`, `by`, `n denominator value low high unit`.
    by : str
        The grouping column.
    reference : float, optional
        What groups are held against: the ratio of the sums of all unless given.
    overdispersion : {"additive", "multiplicative", "none"}
        How limits widen where groups differ more than chance: by a spread of their own true values, or by a factor.
    level : float, 0–1
        Level of the intervals in `measured`.

    Returns
    -------
    DataFrame
        One row per group with a value, largest first: `by`, `n size value unit reference low high` (95 %), `low_far
        high_far` (99.8 %), `z`, `is_outside` (beyond the 99.8 % limits). `.attrs`: `phi`, `tau`, `overdispersion`,
        `n_groups`, `reason` (why overdispersion was not estimated, else None) and `reference`.

    Raises
    ------
    UsageError
        If there are several keys.
    SettingError
        If `overdispersion` is none of the words.

    Notes
    -----
    Spiegelhalter (2005, *Statistics in Medicine* 24:1185): z scores against the reference, 10 % winsorised on a side,
    φ their mean square. Where I φ > I − 1: multiplicative, errors times √φ; additive, τ² = (I φ − (I − 1)) /
    (Σw − Σw²/Σw), w = 1/s². Sampling variance: binomial for shares, Poisson for rates of two kinds of rows, else pooled
    from the intervals; where rows are clustered at least what the intervals say. Fewer than 8 groups: limits
    of chance alone, since a few odd ones cannot be told from groups that all differ.

    Examples
    --------
    >>> made = pd.DataFrame({"key": "fcr", "team": list("ABCDEFGH"), "n": 400, "denominator": 400.0,
    ...                      "unit": "share", "value": [0.8, 0.81, 0.79, 0.8, 0.8, 0.82, 0.78, 0.6],
    ...                      "low": None, "high": None})
    >>> found = funnel(made, by="team")
    >>> found.loc[found["is_outside"], "team"].tolist()
    ['H']
    """
    if overdispersion not in get_args(Overdispersion):
        words = ", ".join(get_args(Overdispersion))
        raise SettingError(f"overdispersion must be one of {words}, got {overdispersion!r}. Choose one of them.")
    rows = _one_key(measured).dropna(subset=["value", by])
    rows = rows[rows["denominator"] > 0].sort_values("denominator", ascending=False, kind="stable", ignore_index=True)
    sizes, values = rows["denominator"].to_numpy(float), rows["value"].to_numpy(float)
    whole = math.nan if not len(rows) else float(sizes @ values / sizes.sum()) if reference is None else reference
    spread, reason = _spread(rows, whole, overdispersion, level)
    made = rows[[by, "n", "value", "unit"]].assign(size=sizes, reference=whole)
    made["low"], made["high"] = _possible(spread.limits(sizes, NEAR), rows["unit"])
    made["low_far"], made["high_far"] = _possible(spread.limits(sizes, FAR), rows["unit"])
    made["z"] = (values - whole) / np.where(spread.error(sizes) > 0, spread.error(sizes), math.nan)
    made["is_outside"] = (values < made["low_far"] - 1e-12) | (values > made["high_far"] + 1e-12)
    made.attrs = {"phi": spread.phi, "tau": math.sqrt(spread.tau2), "overdispersion": overdispersion,
                  "n_groups": len(rows), "reason": reason, "reference": whole,
                  "unit_variance": spread.unit_variance, "is_binomial": spread.is_binomial}  # fmt: skip
    return made


def funnel_line(judged: pd.DataFrame, *, points: int = 60) -> pd.DataFrame:
    """Give the limits over all sizes between the smallest and the largest group, for drawing.

    Parameters
    ----------
    judged : DataFrame
        As `funnel` gives.
    points : int

    Returns
    -------
    DataFrame
        One row per size, ascending: `size reference low high low_far high_far`; no rows without groups.

    Examples
    --------
    >>> made = pd.DataFrame({"key": "fcr", "team": ["A", "B"], "n": [100, 400], "denominator": [100.0, 400.0],
    ...                      "unit": "share", "value": [0.8, 0.81], "low": None, "high": None})
    >>> funnel_line(funnel(made, by="team"), points=3)["size"].tolist()
    [85.0, 228.0, 440.0]
    """
    columns = ["size", "reference", "low", "high", "low_far", "high_far"]
    if not len(judged):
        return pd.DataFrame(columns=columns)
    facts = judged.attrs
    spread = _Spread(facts["reference"], facts["unit_variance"], facts["phi"], facts["tau"] ** 2, facts["is_binomial"])
    least, most = judged["size"].min() * 0.85, judged["size"].max() * 1.1
    sizes = np.round(np.linspace(math.sqrt(least), math.sqrt(most), points) ** 2)
    sizes = np.maximum(sizes, 1.0)
    units = pd.Series([judged["unit"].iloc[0]] * points)
    near, far = (_possible(spread.limits(sizes, level), units) for level in (NEAR, FAR))
    return pd.DataFrame(dict(zip(columns, (sizes, spread.reference, *near, *far), strict=True)))


def shrunken_ranking(measured: pd.DataFrame, *, by: str, level: float = 0.95) -> pd.DataFrame:
    """Rank groups by values pulled towards the mean by as much as chance may have pushed them away.

    Parameters
    ----------
    measured : DataFrame
        One key by group, as `measure` gives. Columns read: `key`, `by`, `n value low high unit`.
    by : str
    level : float, 0–1
        Level of the intervals in `measured`, and of those given.

    Returns
    -------
    DataFrame
        One row per group with value and interval, best first: `by`, `n unit raw value low high` (`raw` as measured,
        the others shrunken), `own_weight` (share of the value that is the group's own), `rank`, `expected_rank` (the
        mean of the ranks it may have). `.attrs`: `mean`, `tau` (spread of the true values), `reason` where nothing
        could be shrunken.

    Raises
    ------
    UsageError
        If there are several keys.

    Notes
    -----
    Empirical Bayes of Morris (1983, *JASA* 78:47): true values normal around their mean, B̂ᵢ = (k−3)/(k−1) · Vᵢ/(Vᵢ+Â);
    with equal variances the estimator of James and Stein. It needs four groups. Expected rank: 1 plus the probabilities
    of the others being better (Laird and Louis 1989).

    Examples
    --------
    >>> made = pd.DataFrame({"key": "fcr", "team": list("ABCD"), "n": 100, "value": [0.7, 0.8, 0.8, 0.9],
    ...                      "unit": "share"})
    >>> made = made.assign(low=made["value"] - 0.08, high=made["value"] + 0.08)
    >>> found = shrunken_ranking(made, by="team")
    >>> found["team"].tolist(), bool(0.8 < found["value"].iloc[0] < 0.9)
    (['D', 'B', 'C', 'A'], True)
    """
    rows = _one_key(measured).dropna(subset=["value", "low", "high", by]).reset_index(drop=True)
    better = INDICATORS[rows["key"].iloc[0]].better if len(rows) else "higher"
    z = -float(ndtri((1 - level) / 2))
    values = rows["value"].to_numpy(float)
    variances = ((rows["high"].to_numpy(float) - rows["low"].to_numpy(float)) / 2 / z) ** 2
    is_enough = len(rows) > 3 and bool((variances > 0).all())
    as_they_are = values, variances, float(np.sum(values) / max(1, len(values))), math.nan, np.ones(len(values))
    shrunken, spread2, mean, tau2, own = _shrunken(values, variances) if is_enough else as_they_are
    errors = np.sqrt(spread2)
    gaps = (shrunken[None, :] - shrunken[:, None]) * (1 if better == "higher" else -1)
    apart = np.sqrt(spread2[None, :] + spread2[:, None])
    is_better = ndtr(np.divide(gaps, apart, out=np.zeros_like(gaps), where=apart > 0))
    made = rows[[by, "n", "unit"]].assign(
        raw=values, value=shrunken, low=shrunken - z * errors, high=shrunken + z * errors, own_weight=own,
        expected_rank=0.5 + is_better.sum(axis=1),
    )  # fmt: skip
    made["low"], made["high"] = _possible((made["low"].to_numpy(float), made["high"].to_numpy(float)), rows["unit"])
    made = made.sort_values("value", ascending=better == "lower", kind="stable", ignore_index=True)
    made["rank"] = np.arange(1, len(made) + 1)
    reason = None if is_enough else "fewer than four groups with an interval: nothing to shrink towards"
    made.attrs = {"mean": mean, "tau": math.sqrt(tau2) if is_enough else math.nan, "reason": reason}
    return made


def _one_key(measured: pd.DataFrame) -> pd.DataFrame:
    keys = list(dict.fromkeys(measured["key"]))
    if len(keys) > 1:
        raise UsageError(f"measured must hold one key, got {', '.join(keys)}. Choose the rows of one indicator.")
    return measured


def _spread(rows: pd.DataFrame, reference: float, how: str, level: float) -> tuple[_Spread, str | None]:
    """Estimate what groups vary by; and say why overdispersion was not asked."""
    if not len(rows):
        return _Spread(math.nan, math.nan, 1.0, 0.0, False), "no group was measured"
    meant = INDICATORS[rows["key"].iloc[0]]
    sizes, values = rows["denominator"].to_numpy(float), rows["value"].to_numpy(float)
    pooled = _pooled_variance(rows, sizes, level)
    chance = {"share": reference * (1 - reference), "ratio": max(reference, 0.0)}.get(meant.aggregation, math.nan)
    if math.isnan(chance):
        unit_variance = pooled
    else:
        unit_variance = max(chance, pooled) if meant.cluster and not math.isnan(pooled) else chance
    is_binomial = meant.aggregation == "share" and unit_variance <= 1.05 * chance
    plain = _Spread(reference, unit_variance, 1.0, 0.0, is_binomial)
    if how == "none":
        return plain, None
    if len(rows) < FEWEST_GROUPS:
        return plain, f"overdispersion is not estimated from fewer than {FEWEST_GROUPS} groups"
    errors = plain.error(sizes)
    if not (errors > 0).all():
        return plain, "overdispersion is not estimated: nothing varies"
    scores = (values - reference) / errors
    scores = np.clip(scores, *np.quantile(scores, [WINSORISED, 1 - WINSORISED]))
    count, phi = len(scores), float(np.mean(scores**2))
    if count * phi <= count - 1:
        return plain, None
    if how == "multiplicative":
        return _Spread(reference, unit_variance, max(1.0, phi), 0.0, is_binomial), None
    weights = 1 / errors**2
    tau2 = (count * phi - (count - 1)) / (weights.sum() - (weights**2).sum() / weights.sum())
    return _Spread(reference, unit_variance, 1.0, float(tau2), is_binomial), None


def _pooled_variance(rows: pd.DataFrame, sizes: Floats, level: float) -> float:
    """Variance per unit of the denominator that the intervals imply, over all groups that have one."""
    width = pd.to_numeric(rows["high"]).to_numpy(float) - pd.to_numeric(rows["low"]).to_numpy(float)
    error2 = (width / 2 / -float(ndtri((1 - level) / 2))) ** 2
    known = ~np.isnan(error2)
    return float((error2 * sizes**2)[known].sum() / sizes[known].sum()) if known.any() else math.nan


def _binomial_limit(tail: float, sizes: Floats, share: float) -> Floats:
    """Read a binomial quantile between the two whole counts that hold the tail (Spiegelhalter 2005, A.1.1)."""
    counts = np.round(sizes)
    above = binom.ppf(tail, counts, share)
    reached, below = binom.cdf(above, counts, share), binom.cdf(above - 1, counts, share)
    part = (reached - tail) / np.maximum(reached - below, 1e-300)
    return np.asarray(np.clip((above - part) / counts, 0.0, 1.0), dtype=float)


def _possible(limits: tuple[Any, Any], units: pd.Series) -> tuple[Any, Any]:
    """Keep limits within what the unit can be."""
    unit = units.iloc[0] if len(units) else ""
    least, most = {"share": (0.0, 1.0), "points": (-1.0, 1.0), "s": (0.0, math.inf), "score": (1.0, 5.0)}.get(
        unit, (-math.inf, math.inf)
    )
    return np.clip(limits[0], least, most), np.clip(limits[1], least, most)


def _shrunken(values: Floats, variances: Floats) -> tuple[Floats, Floats, float, float, Floats]:
    """Morris' estimate of the mean and spread of the true values, by iteration, and the values pulled towards it."""
    count, tau2, mean = len(values), 0.0, float(values.mean())
    for _ in range(500):
        weights = 1 / (variances + tau2)
        mean = float(weights @ values / weights.sum())
        found = float(weights @ (count / (count - 1) * (values - mean) ** 2 - variances) / weights.sum())
        if abs(max(found, 0.0) - tau2) < 1e-15 + 1e-12 * tau2:
            break
        tau2 = max(found, 0.0)
    weights = 1 / (variances + tau2)
    pull = (count - 3) / (count - 1) * variances / (variances + tau2)
    doubt = 2 / (count - 3) * pull**2 * (variances.mean() + tau2) / (variances + tau2) * (values - mean) ** 2
    spread2 = variances * (1 - (1 - weights / weights.sum()) * pull) + doubt
    return (1 - pull) * values + pull * mean, spread2, mean, tau2, 1 - pull
