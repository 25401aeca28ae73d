"""How much of the time people are paid for they cannot answer.

A need for ten agents means more than ten on the roster: paid breaks, training, meetings and absence lie in between.
What the shifts record of it can be counted; what they do not (late logins, coffee) cannot, so the value is a lower
bound.
"""

from __future__ import annotations

import math

import pandas as pd

from csm_lib.measure.clusters import FEWEST_CLUSTERS, ClusterSums, ratio_from_cluster_sums
from csm_lib.results import Estimate

__all__ = ["AWAY", "shrinkage_of"]

AWAY = ("absence", "coaching", "holiday", "leave", "meeting", "sick", "training", "vacation")


def shrinkage_of(shifts: pd.DataFrame, *, level: float = 0.95) -> Estimate:
    """Estimate shrinkage from shifts: paid time on breaks or away over paid time.

    Parameters
    ----------
    shifts : DataFrame
        One row per shift: `agent_id`, `starts_at`, `ends_at`, and `kind` and `paid_break_s` where known. A shift whose
        kind is one of `AWAY`, or starts with it and an underscore, is wholly away. Rows that do not end after they
        start are left out.
    level : float, default 0.95

    Returns
    -------
    Estimate
        A share, 0 to 1; agents are clusters of its interval. NaN, with the reason, where the shifts record neither
        breaks nor time away: not recorded is not none. `n` counts shifts.

    Examples
    --------
    One hour of break in eight.

    >>> at = pd.to_datetime(["2024-01-01 09:00", "2024-01-01 17:00"], utc=True)
    >>> shift = pd.DataFrame({"agent_id": ["a"], "starts_at": at[:1], "ends_at": at[1:], "paid_break_s": 3600.0})
    >>> shrinkage_of(shift).value
    0.125
    """
    paid = (pd.to_datetime(shifts["ends_at"], utc=True) - pd.to_datetime(shifts["starts_at"], utc=True)).dt
    rows = pd.DataFrame({"agent": shifts["agent_id"], "paid_s": paid.total_seconds()})
    breaks = shifts["paid_break_s"].astype(float) if "paid_break_s" in shifts else pd.Series(math.nan, shifts.index)
    kind = shifts["kind"].fillna("").astype(str) if "kind" in shifts else pd.Series("", shifts.index)
    is_away = kind.str.lower().str.split("_").str[0].isin(AWAY)
    rows = rows.assign(lost_s=breaks.fillna(0.0).clip(upper=rows["paid_s"]).mask(is_away, rows["paid_s"]))
    rows = rows[rows["paid_s"] > 0]
    if rows.empty or not (breaks.notna().any() or is_away.any()):
        return Estimate(math.nan, math.nan, math.nan, len(rows), "not measured: the shifts record no breaks or absence")
    sums = rows.groupby("agent")[["lost_s", "paid_s"]].sum()
    made = ratio_from_cluster_sums(ClusterSums.of(sums["lost_s"], sums["paid_s"], n=len(rows)), level=level)
    said = "paid breaks and time away over paid time, as the shifts record them"
    few = f"; no interval: fewer than {FEWEST_CLUSTERS} agents" if math.isnan(made.low) else ""
    return Estimate(made.value, made.low, made.high, len(rows), said + few)
