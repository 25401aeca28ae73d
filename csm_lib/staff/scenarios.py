"""What more agents, a bot, shorter handling or more volume would do, and what that would cost.

Every answer sets a change beside today's staff: hour by hour for agents added in a band of hours, scenario by scenario
for anything else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from csm_lib.errors import SettingError, UsageError
from csm_lib.staff.arguments import checked, whole
from csm_lib.staff.model_error import ModelError, answered_with
from csm_lib.staff.prediction import Scenario, divert, in_band, predict, summary_by

__all__ = ["Scenario", "add_agents", "compare_scenarios", "divert", "smallest_addition"]

_MOST_ADDED = 500


def add_agents(
    plan: pd.DataFrame,
    *,
    n: int,
    from_hour: int,
    to_hour: int,
    patience_s: float,
    wait_scale: float = 1.0,
    threshold_s: float = 20.0,
    cost_per_agent_h: float = 0.0,
) -> pd.DataFrame:
    """Tell what `n` more agents in a band of hours would do, hour by hour, for the band and for the day.

    Parameters
    ----------
    plan : DataFrame
        What `interval_plan` returns.
    n : int
        Agents added on every day with contacts.
    from_hour, to_hour : int
        Local hours of the band; the second is not included.
    patience_s, wait_scale, threshold_s : float
        As in `predict`.
    cost_per_agent_h : float, default 0
        Cost of one agent for an hour.

    Returns
    -------
    DataFrame
        One row per local hour with contacts, then the band, then all hours: `span` ("hour", "band", "all"),
        `local_hour` (of a band its first), `to_hour`, `offered`, and with the endings `_before` and `_after`
        `answer_rate_share`, `service_level_share`, `mean_wait_offered_s`, `mean_wait_answered_s`, `occupancy_share`,
        `agent_h`; `fewer_abandoned` (contacts), `extra_agent_h`, `extra_cost`. Contacts, hours and cost are of the
        whole plan.

    Raises
    ------
    SettingError
        If `n` is negative or the hours are not in order.

    Examples
    --------
    >>> plan = pd.DataFrame({"local_hour": [17], "interval_s": 1800.0, "expected": 1440.0, "arrivals_per_h": 2880.0,
    ...                      "handle_s": 60.0, "agents": 50})
    >>> found = add_agents(plan, n=3, from_hour=17, to_hour=18, patience_s=120)
    >>> found.span.tolist()
    ['hour', 'band', 'all']
    """
    scenario = Scenario("added", extra_agents=int(whole("n", n)), from_hour=from_hour, to_hour=to_hour)
    customers: dict[str, Any] = {"patience_s": patience_s, "wait_scale": wait_scale, "threshold_s": threshold_s}
    before = predict(plan, **customers)
    after = predict(plan, scenario, **customers)
    spans = [_before_and_after(before, after, by=["local_hour"]).assign(span="hour")]
    spans[0]["to_hour"] = spans[0]["local_hour"] + 1
    seen = spans[0].loc[spans[0]["offered"] > 0, "local_hour"]
    named = {"band": (from_hour, to_hour), "all": (seen.min(), seen.max() + 1) if len(seen) else (0, 24)}
    for span, first, last in (("band", from_hour, to_hour), ("all", 0, 24)):
        both = [table[in_band(table, first, last)] for table in (before, after)]
        spans.append(_before_and_after(*both).assign(span=span, local_hour=named[span][0], to_hour=named[span][1]))
    found = pd.concat(spans, ignore_index=True)
    found = found[(found["offered"] > 0) | (found["span"] != "hour")].reset_index(drop=True)
    found["fewer_abandoned"] = found.pop("answered_after") - found.pop("answered_before")
    found["extra_agent_h"] = found["agent_h_after"] - found["agent_h_before"]
    found["extra_cost"] = found["extra_agent_h"] * float(checked("cost_per_agent_h", cost_per_agent_h, low=0.0))
    return found[["span", "local_hour", "to_hour", *found.columns.drop(["span", "local_hour", "to_hour"])]]


def smallest_addition(
    plan: pd.DataFrame,
    *,
    from_hour: int,
    to_hour: int,
    patience_s: float,
    wait_scale: float = 1.0,
    threshold_s: float = 20.0,
    answer_rate: float | None = None,
    service_level: float | None = None,
) -> int:
    """Find the fewest agents to add in a band of hours so that the band reaches its targets.

    Parameters
    ----------
    plan : DataFrame
        What `interval_plan` returns.
    from_hour, to_hour, patience_s, wait_scale, threshold_s
        As in `add_agents`.
    answer_rate, service_level : float, optional
        Shares of the band's offered contacts to answer, and to answer in time; below 1.

    Returns
    -------
    int
        0 where the targets are met already.

    Raises
    ------
    SettingError
        If no target is given.
    UsageError
        If the band has no contacts, or 500 agents would not do.

    Examples
    --------
    >>> plan = pd.DataFrame({"local_hour": [17], "interval_s": 1800.0, "expected": 1440.0, "arrivals_per_h": 2880.0,
    ...                      "handle_s": 60.0, "agents": 50})
    >>> smallest_addition(plan, from_hour=17, to_hour=18, patience_s=120, answer_rate=0.95)
    0
    """
    wanted = {name: float(checked(name, bound, low=0.0, high=1.0, is_high_included=False))
              for name, bound in (("answer_rate", answer_rate), ("service_level", service_level)) if bound is not None}
    if not wanted:
        raise SettingError("targets must name at least one bound, got none. Give answer_rate or service_level.")
    band = plan[in_band(plan, from_hour, to_hour)]
    if not band["expected"].sum() > 0:
        raise UsageError(f"band must hold contacts, got none from {from_hour} to {to_hour} o'clock. "
                         "Choose other hours.")

    customers: dict[str, Any] = {"patience_s": patience_s, "wait_scale": wait_scale, "threshold_s": threshold_s}

    def is_enough(n: int) -> bool:
        after = predict(band, Scenario("", extra_agents=n), **customers)
        reached = summary_by(after)
        return all(reached[f"{name}_share"].iloc[0] >= bound for name, bound in wanted.items())

    low, high = -1, 1
    while not is_enough(high):
        low, high = high, 2 * high
        if high > _MOST_ADDED:
            raise UsageError(f"band must reach its targets with at most {_MOST_ADDED} more agents, got no such number. "
                             "Lower the targets.")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high


def compare_scenarios(
    plan: pd.DataFrame,
    scenarios: Sequence[Scenario],
    *,
    patience_s: float,
    wait_scale: float = 1.0,
    threshold_s: float = 20.0,
    cost_per_agent_h: float = 0.0,
    from_hour: int = 0,
    to_hour: int = 24,
    error: ModelError | None = None,
) -> pd.DataFrame:
    """Set scenarios side by side, today first.

    Parameters
    ----------
    plan : DataFrame
        What `interval_plan` returns.
    scenarios : sequence of Scenario
        The changes to compare.
    patience_s, wait_scale, threshold_s : float
        As in `predict`.
    cost_per_agent_h : float, default 0
        Cost of one agent for an hour.
    from_hour, to_hour : int
        Local hours that the figures are taken over; by default all.
    error : ModelError, optional
        What is uncertain about the model; without it the bounds are NaN.

    Returns
    -------
    DataFrame
        One row per scenario, the first without any change: `scenario`, the columns of `summary_by` with bounds of the
        answer rate, `answer_rate_low_share` and `answer_rate_high_share`, `cost`, and the differences to the first row
        `answer_rate_change_share`, `service_level_change_share`, `fewer_abandoned` with bounds `fewer_abandoned_low`
        and `fewer_abandoned_high`, `extra_cost`, and `cost_per_saved` (NaN where nothing more is paid or nothing is
        saved). Contacts that a bot takes are neither offered nor abandoned any more.

    Notes
    -----
    Only agent hours are priced; what a bot or a training costs itself is not known here. Bounds as in
    `csm_lib.staff.model_error`: the uncertainty of the fitted patience and the model's miss of each hour, added in
    squares. They tell how far the model may be off, not how far another period may differ.

    Examples
    --------
    >>> plan = pd.DataFrame({"local_hour": [17], "interval_s": 1800.0, "expected": 1440.0, "arrivals_per_h": 2880.0,
    ...                      "handle_s": 60.0, "agents": 50})
    >>> compare_scenarios(plan, [Scenario("busier", volume_change_share=0.1)], patience_s=120).scenario.tolist()
    ['as it is', 'busier']
    """
    price = float(checked("cost_per_agent_h", cost_per_agent_h, low=0.0))
    band = plan[in_band(plan, from_hour, to_hour)]
    customers: dict[str, Any] = {"patience_s": patience_s, "wait_scale": wait_scale, "threshold_s": threshold_s}
    told = (Scenario("as it is"), *scenarios)
    worked = [answered_with(band, scenario, error=error, **customers) for scenario in told]
    found = pd.DataFrame([each.summary for each in worked]).reset_index(drop=True)
    found.insert(0, "scenario", [scenario.name for scenario in told])
    rates = zip(*(each.share_bounds() for each in worked), strict=True)
    found["answer_rate_low_share"], found["answer_rate_high_share"] = rates
    found["cost"] = found["agent_h"] * price
    today = found.iloc[0]
    found["answer_rate_change_share"] = found["answer_rate_share"] - today["answer_rate_share"]
    found["service_level_change_share"] = found["service_level_share"] - today["service_level_share"]
    found["fewer_abandoned"] = (today["offered"] - today["answered"]) - (found["offered"] - found["answered"])
    gains = zip(*(each.gain_bounds(worked[0]) for each in worked), strict=True)
    found["fewer_abandoned_low"], found["fewer_abandoned_high"] = gains
    found["extra_cost"] = found["cost"] - today["cost"]
    saved = found["fewer_abandoned"].where((found["fewer_abandoned"] > 0) & (found["extra_cost"] > 0))
    found["cost_per_saved"] = found["extra_cost"] / saved
    return found


def _before_and_after(before: pd.DataFrame, after: pd.DataFrame, *, by: Sequence[str] = ()) -> pd.DataFrame:
    """Both summaries in one row per group, what changes with an ending."""
    shared = [*by, "offered"]
    tables = [summary_by(table, by) for table in (before, after)]
    endings = [table.drop(columns=shared).add_suffix(ending) for table, ending in
               zip(tables, ("_before", "_after"), strict=True)]
    return pd.concat([tables[0][shared], *endings], axis=1)
