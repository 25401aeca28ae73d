"""Which indicators move together: where two always rise and fall as one, one of them is enough to watch.

Each indicator on a page costs attention. Correlation over the days of the period shows which say the same thing; some
do so by definition (answered and abandoned), some because one drives the other.
"""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from scipy.special import ndtri
from scipy.stats import rankdata

from csm_lib.measure.arguments import check_level

__all__ = ["CLOSE", "correlations", "indicator_groups"]

CLOSE = 0.8  # from this rank correlation on, two indicators count as saying the same
FEWEST_DAYS = 20  # below it a correlation is mostly luck and is not given


def correlations(
    measured: pd.DataFrame, *, at: str = "local_date", least: int = 10, level: float = 0.95
) -> pd.DataFrame:
    """Correlate each pair of indicators over the days they share.

    Parameters
    ----------
    measured : DataFrame
        As `measure` gives by day. Columns read: `key`, `at`, `n`, `value`.
    at : str
        Column that names the day (or week).
    least : int
        A day's value counts if at least this many rows stand behind it.
    level : float, 0–1

    Returns
    -------
    DataFrame
        One row per pair, closest first: `key other n_days value low high`; `value` is Spearman's rank correlation, −1
        to 1, NaN below 20 common days or where one of the two never changes.

    Notes
    -----
    Interval: Fisher's z with the variance (1 + ρ²/2)/(n − 3) (Bonett and Wright 2000). It takes days as independent,
    which weekdays and trends are not: read it as the least there is to doubt.

    Examples
    --------
    >>> days = pd.date_range("2024-01-01", periods=20)
    >>> made = pd.concat([pd.DataFrame({"key": key, "local_date": days, "n": 50, "value": values})
    ...                   for key, values in {"answer_rate": range(20), "abandon_rate": range(20, 0, -1)}.items()])
    >>> correlations(made)[["key", "other", "value"]].values.tolist()
    [['answer_rate', 'abandon_rate', -1.0]]
    """
    check_level(level)
    wide = measured[measured["n"] >= least].pivot(index=at, columns="key", values="value").astype(float)
    keys = [key for key in dict.fromkeys(measured["key"]) if key in wide]
    values = {key: wide[key].to_numpy() for key in keys}
    rows = [(key, other, *_correlation(values[key], values[other], level)) for key, other in combinations(keys, 2)]
    table = pd.DataFrame(rows, columns=["key", "other", "n_days", "value", "low", "high"])
    closest = table["value"].abs().sort_values(ascending=False, kind="stable", na_position="last").index
    return table.loc[closest].reset_index(drop=True)


def indicator_groups(pairs: pd.DataFrame, *, close: float = CLOSE) -> pd.DataFrame:
    """Gather indicators that all move together, so that one may stand for the others.

    Parameters
    ----------
    pairs : DataFrame
        As `correlations` gives.
    close : float, 0–1
        Least size of the correlation within a group.

    Returns
    -------
    DataFrame
        One row per indicator, groups of several first: `group` (1, 2, …), `key`, `n_members`, `least_value` (smallest
        size of a correlation within the group, NaN for a group of one).

    Notes
    -----
    Complete linkage on 1 − size of the correlation: every two members of a group correlate at least `close`. A pair
    that could not be judged is never close.

    Examples
    --------
    >>> pairs = pd.DataFrame([("frt", "wait_answered", 0.9), ("frt", "fcr", 0.1), ("wait_answered", "fcr", 0.0)],
    ...                      columns=["key", "other", "value"])
    >>> indicator_groups(pairs)[["group", "key"]].values.tolist()
    [[1, 'frt'], [1, 'wait_answered'], [2, 'fcr']]
    """
    keys = list(dict.fromkeys([*pairs["key"], *pairs["other"]]))
    size = pd.DataFrame(np.eye(len(keys)), index=keys, columns=keys)
    for key, other, value in pairs[["key", "other", "value"]].itertuples(index=False):
        size.loc[key, other] = size.loc[other, key] = 0.0 if math.isnan(value) else abs(value)
    found = _linked(1 - size.to_numpy(), 1 - close)
    members = {key: [one for one, label in zip(keys, found, strict=True) if label == mine]
               for key, mine in zip(keys, found, strict=True)}  # fmt: skip
    order = sorted(keys, key=lambda key: (-len(members[key]), keys.index(members[key][0]), keys.index(key)))
    numbers = {first: i for i, first in enumerate(dict.fromkeys(members[key][0] for key in order), start=1)}
    rows = [
        (numbers[members[key][0]], key, len(members[key]), _least(size.loc[members[key], members[key]].to_numpy()))
        for key in order
    ]
    return pd.DataFrame(rows, columns=["group", "key", "n_members", "least_value"])


def _correlation(one: np.ndarray, other: np.ndarray, level: float) -> tuple[int, float, float, float]:
    both = np.stack([one, other])
    both = both[:, ~np.isnan(both).any(axis=0)]
    n = both.shape[1]
    if n < FEWEST_DAYS or (np.ptp(both, axis=1) == 0).any():
        return n, math.nan, math.nan, math.nan
    value = float(np.clip(np.corrcoef(rankdata(both, axis=1))[0, 1], -1.0, 1.0))
    if abs(value) > 1 - 1e-12:
        return n, math.copysign(1.0, value), math.nan, math.nan
    reach = float(ndtri((1 + level) / 2)) * math.sqrt((1 + value**2 / 2) / (n - 3))
    return n, value, math.tanh(math.atanh(value) - reach), math.tanh(math.atanh(value) + reach)


def _linked(distances: np.ndarray, most: float) -> list[int]:
    """Number the groups in which no two members are further apart than `most`."""
    if len(distances) < 2:
        return [1] * len(distances)
    apart = squareform(np.round(distances, 12), checks=False)
    return [int(label) for label in fcluster(linkage(apart, "complete"), most + 1e-9, criterion="distance")]


def _least(sizes: np.ndarray) -> float:
    return float(sizes[~np.eye(len(sizes), dtype=bool)].min()) if len(sizes) > 1 else math.nan
