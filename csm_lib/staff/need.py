"""How many agents each interval needs, beside how many are on shift.

The need is computed twice: as if everybody waited for as long as it takes (Erlang C) and with customers who hang up
(Erlang A). The first is the cautious one; the truth of a hotline lies near the second.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from csm_lib.errors import UsageError
from csm_lib.staff.arguments import checked
from csm_lib.staff.presence import staffed_agents
from csm_lib.staff.profiles import day_by_time, weekday_profiles
from csm_lib.staff.queues import agents_needed

__all__ = ["interval_plan", "requirement", "typical_week"]


def interval_plan(
    arrivals: pd.DataFrame,
    shifts: pd.DataFrame,
    *,
    handle_s: float | Mapping[int, float],
    shrinkage: float = 0.0,
) -> pd.DataFrame:
    """Lay demand and presence side by side, interval by interval.

    Parameters
    ----------
    arrivals : DataFrame
        What `arrivals_per_interval` or `forecast` returns (`expected` is used where there, else `arrivals`).
    shifts : DataFrame
        One row per shift of those who serve these contacts: `agent_id`, `starts_at`, `ends_at`.
    handle_s : float or mapping of local hour to float
        Mean handle time in seconds, one for all or by local hour.
    shrinkage : float, default 0
        Share of presence in which an agent cannot answer.

    Returns
    -------
    DataFrame
        One row per interval: `interval_start`, `local_date`, `weekday`, `local_hour`, `local_time`, `interval_s`,
        `arrivals` (NaN for a forecast), `expected` (contacts), `arrivals_per_h` (expected), `handle_s`,
        `staffed_agents` (mean presence), `agents` (able to answer: presence less shrinkage, to the nearest whole
        agent). ``.attrs``: `time_zone`, `shrinkage`, `breaks` (what is assumed about them).

    Raises
    ------
    SettingError
        If a handle time is not positive or shrinkage is out of its range.

    Notes
    -----
    A counted interval is one draw of chance, and queues suffer more from a high draw than they gain from a low one. So
    what is expected of a past interval is its day's total times the weekday's profile, not the count itself.

    Examples
    --------
    >>> from datetime import date
    >>> from csm_lib.staff.forecast import interval_grid
    >>> grid = interval_grid(date(2024, 1, 1), date(2024, 1, 2), time_zone="UTC").assign(arrivals=2)
    >>> grid.attrs = {"time_zone": "UTC", "interval_s": 1800.0}
    >>> nobody = pd.DataFrame({"agent_id": [], "starts_at": [], "ends_at": []})
    >>> float(interval_plan(grid, nobody, handle_s=300).arrivals_per_h.iloc[0].round(9))
    4.0
    """
    lost = float(checked("shrinkage", shrinkage, low=0.0, high=1.0, is_high_included=False))
    interval_s = float(arrivals.attrs["interval_s"])
    plan = arrivals[["interval_start", "local_date", "weekday", "local_hour", "local_time"]].copy()
    plan["arrivals"] = arrivals["arrivals"].astype(float) if "arrivals" in arrivals else np.nan
    plan["interval_s"] = interval_s
    plan["expected"] = arrivals["expected"] if "expected" in arrivals else _smoothed(arrivals)
    plan["arrivals_per_h"] = plan["expected"] * 3600.0 / interval_s
    of_hour = plan["local_hour"].map(dict(handle_s)) if isinstance(handle_s, Mapping) else handle_s
    plan["handle_s"] = checked("handle_s", np.broadcast_to(np.asarray(of_hour, dtype=float), len(plan)), low=0.0,
                               is_low_included=False)
    plan["staffed_agents"] = staffed_agents(shifts, plan, interval_s=interval_s)
    plan["agents"] = np.rint(plan["staffed_agents"] * (1.0 - lost)).astype(int)
    plan.attrs = {"time_zone": arrivals.attrs["time_zone"], "shrinkage": lost,
                  "breaks": "breaks inside a shift are not taken off presence"}
    return plan


def requirement(
    plan: pd.DataFrame,
    *,
    patience_s: float,
    threshold_s: float = 20.0,
    service_level: float | None = None,
    max_abandon: float | None = None,
    max_occupancy: float | None = None,
    max_mean_wait_offered_s: float | None = None,
) -> pd.DataFrame:
    """Compute the agents each interval needs for the targets, and who is missing.

    Parameters
    ----------
    plan : DataFrame
        What `interval_plan` or `typical_week` returns: `arrivals_per_h`, `handle_s`, `agents`.
    patience_s : float
        Mean patience in seconds, for the need with customers who hang up.
    threshold_s, service_level, max_abandon, max_occupancy, max_mean_wait_offered_s : float
        As in `csm_lib.staff.queues.agents_needed`.

    Returns
    -------
    DataFrame
        The plan with `needed_patient` (Erlang C; it never counts abandonment, so without another target it is the
        fewest agents above the load), `needed_impatient` (Erlang A), `shortfall_patient`, `shortfall_impatient`
        (agents needed and not there, 0 or more), `to_schedule` (`needed_impatient` with the plan's shrinkage).

    Raises
    ------
    SettingError
        If no target is given or one is out of its range.

    Examples
    --------
    >>> plan = pd.DataFrame({"arrivals_per_h": [200.0], "handle_s": [180.0], "agents": [12]})
    >>> int(requirement(plan, patience_s=120, service_level=0.8).shortfall_patient.iloc[0])
    2
    """
    demand = (plan["arrivals_per_h"].to_numpy(), plan["handle_s"].to_numpy())
    bounds: dict[str, Any] = {"threshold_s": threshold_s, "service_level": service_level, "max_abandon": max_abandon,
              "max_occupancy": max_occupancy, "max_mean_wait_offered_s": max_mean_wait_offered_s}
    found = plan.copy()
    found["needed_patient"] = agents_needed(*demand, **bounds)
    found["needed_impatient"] = agents_needed(*demand, patience_s=patience_s, **bounds)
    for model in ("patient", "impatient"):
        found[f"shortfall_{model}"] = np.maximum(found[f"needed_{model}"] - found["agents"], 0)
    lost = plan.attrs.get("shrinkage", 0.0)
    found["to_schedule"] = np.ceil(found["needed_impatient"] / (1.0 - lost) - 1e-9).astype(int)
    return found


def typical_week(plan: pd.DataFrame) -> pd.DataFrame:
    """Average a plan over its weeks, one row per weekday and local time.

    Parameters
    ----------
    plan : DataFrame
        What `interval_plan` returns.

    Returns
    -------
    DataFrame
        One row per weekday and local time: `weekday`, `local_time`, `local_hour`, `n_days` (days averaged; those
        without contacts are left out), `interval_s`, mean `arrivals`, `expected`, `arrivals_per_h`, `handle_s`,
        `staffed_agents`, and `agents` (mean, to the nearest whole agent).

    Raises
    ------
    UsageError
        If no day of the plan expects a contact.

    Examples
    --------
    >>> days = pd.DataFrame({"local_date": [1, 2], "weekday": 1, "local_time": "09:00", "local_hour": 9,
    ...     "arrivals": 2.0, "expected": [1.0, 3.0], "arrivals_per_h": [2.0, 6.0], "handle_s": 60.0,
    ...     "staffed_agents": 2.0, "agents": 2, "interval_s": 1800.0})
    >>> float(typical_week(days).expected.iloc[0])
    2.0
    """
    per_day = plan.groupby("local_date")["expected"].transform("sum")
    used = plan[per_day > 0]
    if used.empty:
        raise UsageError("plan must expect contacts on at least one day, got none. Choose a period with data.")
    found = used.groupby(["weekday", "local_time"], as_index=False).agg(
        local_hour=("local_hour", "first"), n_days=("local_date", "nunique"), interval_s=("interval_s", "first"),
        **{name: (name, "mean") for name in ("arrivals", "expected", "arrivals_per_h", "handle_s", "staffed_agents",
                                             "agents")})
    found["agents"] = np.rint(found["agents"]).astype(int)
    found.attrs = dict(plan.attrs)
    return found


def _smoothed(arrivals: pd.DataFrame) -> np.ndarray:
    """Expected contacts of each counted interval: the day's total times its weekday's profile."""
    counts = day_by_time(arrivals)
    open_days = counts[counts.sum(axis=1) > 0]
    shares = pd.DataFrame(weekday_profiles(open_days if len(open_days) else counts), columns=counts.columns,
                          index=range(1, 8))
    rows, columns = shares.index.get_indexer(arrivals["weekday"]), shares.columns.get_indexer(arrivals["local_time"])
    return shares.to_numpy()[rows, columns] * arrivals["local_date"].map(counts.sum(axis=1)).to_numpy()
