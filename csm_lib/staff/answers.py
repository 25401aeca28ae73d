"""The four questions of staffing, asked of whatever a desk has: how many, what would more do, what would a bot do, what
is cheapest.

Each answer is a table; where the desk lacks what the question needs, the table has no rows and says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from csm_lib.staff.desk import Desk, unanswered
from csm_lib.staff.forecast import backtest, forecast
from csm_lib.staff.model_error import ModelError, misses_by_hour
from csm_lib.staff.need import requirement, typical_week
from csm_lib.staff.prediction import Scenario, divert, predict, predicted_and_observed, summary_by
from csm_lib.staff.scenarios import add_agents, compare_scenarios

__all__ = [
    "bot_scenario",
    "by_hour",
    "by_hour_with",
    "coming_weeks",
    "forecast_error",
    "hardest_day",
    "inputs",
    "last_and_next_week",
    "more_agents",
    "need_of_week",
    "trust_in_model",
    "what_if",
]

_LEAST_DAYS = 28
_HARDLY_ANY = 0.05
_HOURLY = (
    "arrivals", "expected", "arrivals_per_h", "handle_s", "staffed_agents", "agents", "needed_patient",
    "needed_impatient", "shortfall_patient", "shortfall_impatient", "to_schedule",
)  # fmt: skip

# columns of the answers that have no rows
_WEEK = (
    "weekday local_time local_hour n_days interval_s arrivals expected arrivals_per_h handle_s staffed_agents agents "
    "needed_patient needed_impatient shortfall_patient shortfall_impatient to_schedule"
)
_FORECAST = "interval_start local_date weekday local_hour local_time expected low high"
_ERROR = "origin_on n_intervals arrivals wape wape_seasonal_naive covered_share"
_TRUST = (
    "local_hour n_offered answer_rate_predicted_share answer_rate_observed_share answer_rate_difference_share "
    "service_level_predicted_share service_level_observed_share mean_wait_predicted_s mean_wait_observed_s"
)
_ADDED = (
    "span local_hour to_hour offered answer_rate_share_before answer_rate_share_after service_level_share_before "
    "service_level_share_after mean_wait_offered_s_before mean_wait_offered_s_after occupancy_share_before "
    "occupancy_share_after fewer_abandoned extra_agent_h extra_cost"
)
_COMPARED = (
    "scenario offered answered answer_rate_share service_level_share mean_wait_offered_s mean_wait_answered_s "
    "occupancy_share agent_h answer_rate_low_share answer_rate_high_share cost answer_rate_change_share "
    "service_level_change_share fewer_abandoned fewer_abandoned_low fewer_abandoned_high extra_cost cost_per_saved"
)


def need_of_week(desk: Desk) -> pd.DataFrame:
    """Tell how many agents a typical week of the period needs, interval by interval, beside those on shift.

    Parameters
    ----------
    desk : Desk

    Returns
    -------
    DataFrame
        As `requirement` on the `typical_week`: one row per weekday and local time with contacts. Presence and shortfall
        are NaN where no shifts are known. `.attrs["reason"]` says why there are no rows.

    Notes
    -----
    The targets are those of `staffing.toml`: the service level for Erlang C; for Erlang A also the answer rate.
    """
    if desk.reason:
        return unanswered(desk.reason, _WEEK)
    targets = desk.settings.staffing.targets
    week = typical_week(desk.plan)
    needed = requirement(
        week[week["expected"] > 0],
        patience_s=_patience(desk),
        threshold_s=targets.threshold_s,
        service_level=targets.service_level,
        max_abandon=None if targets.answer_rate is None else 1 - targets.answer_rate,
        max_occupancy=targets.max_occupancy,
    )
    if desk.no_staff:
        unknown = ["agents", "staffed_agents", "shortfall_patient", "shortfall_impatient"]
        needed = needed.assign(**dict.fromkeys(unknown, np.nan))
    needed.attrs["reason"] = None
    return needed.reset_index(drop=True)


def coming_weeks(desk: Desk) -> pd.DataFrame:
    """Forecast the arrivals of the coming weeks.

    Parameters
    ----------
    desk : Desk

    Returns
    -------
    DataFrame
        As `csm_lib.staff.forecast.forecast`; `.attrs["reason"]` says why there are no rows.
    """
    found = _short(desk) or forecast(
        desk.history, horizon_days=desk.settings.staffing.horizon_days, **desk.calendar
    )
    if isinstance(found, str):
        return unanswered(found, _FORECAST)
    found.attrs["reason"] = None
    return found


def forecast_error(desk: Desk) -> pd.DataFrame:
    """Tell how wrong such forecasts were, beside the plainest rival: the same interval a week before.

    Parameters
    ----------
    desk : Desk

    Returns
    -------
    DataFrame
        As `csm_lib.staff.forecast.backtest`; `.attrs["reason"]` says why there are no rows.
    """
    found = _short(desk) or backtest(
        desk.history, horizon_days=min(14, desk.settings.staffing.horizon_days), **desk.calendar
    )
    if isinstance(found, str):
        return unanswered(found, _ERROR)
    found.attrs["reason"] = None if len(found) else "the history is too short to forecast from the past"
    return found


def trust_in_model(desk: Desk) -> pd.DataFrame:
    """Set what the queue model says of today's staff beside what was observed, hour by hour.

    Parameters
    ----------
    desk : Desk

    Returns
    -------
    DataFrame
        As `predicted_and_observed`; `.attrs["reason"]` says why there are no rows.
    """
    if desk.no_staff or desk.customers is None:
        return unanswered(desk.no_staff, _TRUST)
    customers, threshold_s = desk.customers, desk.settings.indicators.thresholds.service_level_s
    found = predicted_and_observed(
        desk.plan, desk.contacts, patience_s=customers.patience_s, wait_scale=customers.wait_scale,
        threshold_s=threshold_s,
    )  # fmt: skip
    found.attrs["reason"] = None
    return found


def more_agents(desk: Desk, *, n: int, from_hour: int, to_hour: int) -> pd.DataFrame:
    """Tell what more agents in a band of hours would do.

    Parameters
    ----------
    desk : Desk
    n, from_hour, to_hour : int
        As in `csm_lib.staff.scenarios.add_agents`.

    Returns
    -------
    DataFrame
        As `add_agents`; `.attrs["reason"]` says why there are no rows.
    """
    if desk.no_staff or desk.customers is None:
        return unanswered(desk.no_staff, _ADDED)
    found = add_agents(desk.plan, n=n, from_hour=from_hour, to_hour=to_hour, **desk.options)
    found.attrs["reason"] = None
    return found


def bot_scenario(desk: Desk, *, issue: str, share: float) -> Scenario | None:
    """Build the scenario in which a bot takes a share of one issue.

    Parameters
    ----------
    desk : Desk
    issue : str
        The issue; where the text is empty, the most frequent one.
    share : float, 0–1

    Returns
    -------
    Scenario or None
        None where no contact has an issue.
    """
    known = desk.contacts["issue"].dropna() if "issue" in desk.contacts else pd.Series(dtype=object)
    if desk.reason or known.empty:
        return None
    counts = known.value_counts()
    chosen = issue or sorted(counts.index[counts == counts.max()])[0]
    return divert(desk.contacts, issue=chosen, share=share, name=f"a bot for {chosen.replace('_', ' ')}")


def what_if(desk: Desk, scenarios: Sequence[Scenario | None], *, from_hour: int = 0, to_hour: int = 24) -> pd.DataFrame:
    """Set scenarios side by side with today.

    Parameters
    ----------
    desk : Desk
    scenarios : sequence of Scenario or None
        None is left out.
    from_hour, to_hour : int
        As in `csm_lib.staff.scenarios.compare_scenarios`.

    Returns
    -------
    DataFrame
        As `compare_scenarios`; `.attrs["reason"]` says why there are no rows.
    """
    kept = [scenario for scenario in scenarios if scenario is not None]
    if desk.no_staff or desk.customers is None:
        return unanswered(desk.no_staff, _COMPARED)
    if not kept:
        return unanswered("no contact of the queue has an issue", _COMPARED)
    error = ModelError(desk.customers.range_s, misses_by_hour(trust_in_model(desk)))
    found = compare_scenarios(desk.plan, kept, from_hour=from_hour, to_hour=to_hour, error=error, **desk.options)
    found.attrs["reason"] = None
    return found


def by_hour_with(desk: Desk, scenario: Scenario | None) -> pd.DataFrame:
    """Predict the answer rate by local hour as it is and with a scenario.

    Parameters
    ----------
    desk : Desk
    scenario : Scenario or None

    Returns
    -------
    DataFrame
        One row per local hour with contacts: `local_hour before after`; `.attrs["reason"]` says why there are none.
    """
    if desk.no_staff or desk.customers is None or scenario is None:
        return unanswered(desk.no_staff or "no contact of the queue has an issue", "local_hour before after")
    customers: dict[str, Any] = desk.customers.options
    threshold_s = desk.settings.staffing.targets.threshold_s
    sides = (
        summary_by(predict(desk.plan, change, threshold_s=threshold_s, **customers), ["local_hour"])
        for change in (None, scenario)
    )
    before, after = (side.set_index("local_hour")["answer_rate_share"] for side in sides)
    found = pd.DataFrame({"before": before, "after": after}).dropna().reset_index()
    found.attrs["reason"] = None
    return found


def by_hour(need: pd.DataFrame, column: str | None = None) -> pd.DataFrame:
    """Average a typical week's need over the intervals of each weekday and hour.

    Parameters
    ----------
    need : DataFrame
        As `need_of_week`.
    column : str, optional
        Then the result has `weekday local_hour value` only, without rows where the column is unknown.

    Returns
    -------
    DataFrame
        One row per weekday and local hour.
    """
    numbers = [name for name in _HOURLY if name in need]
    rows = need.astype(dict.fromkeys(numbers, float)).groupby(["weekday", "local_hour"], as_index=False)[numbers].mean()
    rows = (
        rows if column is None else rows.rename(columns={column: "value"})[["weekday", "local_hour", "value"]].dropna()
    )
    rows.attrs["reason"] = need.attrs.get("reason")
    return rows


def hardest_day(need: pd.DataFrame) -> pd.DataFrame:
    """Choose the weekday on which most agents are missing, or, where that is unknown or none are, most are needed.

    Parameters
    ----------
    need : DataFrame
        As `need_of_week`.

    Returns
    -------
    DataFrame
        The rows of that weekday.
    """
    if need.empty:
        return need
    sums = (
        need.astype({"shortfall_impatient": float})
        .groupby("weekday")[["shortfall_impatient", "needed_impatient"]]
        .sum()
    )
    day = sums.sort_values(["shortfall_impatient", "needed_impatient"], ascending=False, kind="stable").index[0]
    return need[need["weekday"] == day].reset_index(drop=True)


def last_and_next_week(desk: Desk, coming: pd.DataFrame) -> pd.DataFrame:
    """Put the last week observed before the first week forecast.

    Parameters
    ----------
    desk : Desk
    coming : DataFrame
        As `coming_weeks`.

    Returns
    -------
    DataFrame
        One row per interval in which contacts come: `weekday local_time observed forecast low high`.
    """
    columns = ["weekday", "local_time", "observed", "forecast", "low", "high"]
    if coming.empty:
        return pd.DataFrame(columns=columns)
    week = pd.Timedelta(days=7)
    ahead = coming[coming["local_date"] < coming["local_date"].min() + week].rename(columns={"expected": "forecast"})
    behind = desk.history[desk.history["local_date"] > desk.history["local_date"].max() - week]
    is_open = {*coming.loc[coming["expected"] > _HARDLY_ANY, "local_time"]}
    rows = pd.concat([behind.rename(columns={"arrivals": "observed"}), ahead], ignore_index=True)
    return rows.loc[rows["local_time"].isin(is_open), columns].reset_index(drop=True)


def inputs(desk: Desk) -> pd.DataFrame:
    """List what the queue model is told, and where each number comes from.

    Parameters
    ----------
    desk : Desk

    Returns
    -------
    DataFrame
        One row per input: `what value unit from`; `.attrs["reason"]` says why there are none.
    """
    if desk.reason or desk.customers is None:
        return unanswered(desk.reason, "what value unit from")
    chosen, targets = desk.settings.staffing, desk.settings.staffing.targets
    handled = desk.contacts["handle_s"].dropna()
    rows = [
        ("contacts offered", float(len(desk.contacts)), "n", "this period"),
        (
            "mean handle time",
            float(handled.mean()),
            "s",
            f"{len(handled):,} handled contacts, by local hour in the model",
        ),
        ("mean patience, fitted", desk.customers.patience_s, "s", desk.customers.method),
        ("model waits are multiplied by", desk.customers.wait_scale, "exact", desk.customers.method),
        ("longest wait in time", targets.threshold_s, "s", "staffing.toml"),
        ("target service level", targets.service_level, "share", "staffing.toml"),
        ("target answer rate", targets.answer_rate, "share", "staffing.toml"),
        ("shrinkage", chosen.shrinkage, "share", "staffing.toml"),
    ]
    if desk.is_staff_seen:
        staff = float(desk.contacts["agent_id"].nunique())
        rows.append(("agents seen answering", staff, "n", "no shifts: present while answering, rests up to 30 min too"))
    return pd.DataFrame(rows, columns=["what", "value", "unit", "from"])


def _patience(desk: Desk) -> float:
    return np.inf if desk.customers is None else desk.customers.patience_s


def _short(desk: Desk) -> str | None:
    """Say why nothing can be forecast; None where it can."""
    n_days = desk.history["local_date"].nunique()
    if desk.contacts.empty:
        return desk.reason
    return f"{n_days} days of history, {_LEAST_DAYS} are needed" if n_days < _LEAST_DAYS else None
