"""Where an agent hour is worth most to a desk, when its next roster starts, and how a roster covers the need."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd

from csm_lib.staff.desk import Desk, unanswered
from csm_lib.staff.tours import Tour, week_cover
from csm_lib.staff.value import cheapest_way, marginal_value

__all__ = ["cheapest_hours", "cover_by_hour", "next_monday", "value_of_an_hour"]

_DEFAULT_ANSWER_RATE = 0.9
_VALUE = (
    "local_hour offered answer_rate_share answer_rate_share_after fewer_abandoned extra_agent_h saved_per_agent_h "
    "cost_per_saved"
)
_WAYS = (
    "local_hour offered extra_agents answer_rate_share_before answer_rate_share_after extra_agent_h extra_cost"
)


def value_of_an_hour(desk: Desk) -> pd.DataFrame:
    """Tell what one more agent would do in each hour of the day.

    Parameters
    ----------
    desk : Desk

    Returns
    -------
    DataFrame
        As `csm_lib.staff.value.marginal_value`; `.attrs["reason"]` says why there are no rows.
    """
    if desk.no_staff or desk.customers is None:
        return unanswered(desk.no_staff, _VALUE)
    found = marginal_value(desk.plan, **desk.options)
    found.attrs["reason"] = None
    return found


def cheapest_hours(desk: Desk) -> pd.DataFrame:
    """Find the fewest agent hours with which every hour of the day reaches the answer rate of the settings.

    Parameters
    ----------
    desk : Desk

    Returns
    -------
    DataFrame
        As `csm_lib.staff.value.cheapest_way`, for 90 % where the settings have no answer rate; `.attrs["reason"]` says
        why there are no rows.
    """
    if desk.no_staff or desk.customers is None:
        return unanswered(desk.no_staff, _WAYS)
    wanted = desk.settings.staffing.targets.answer_rate or _DEFAULT_ANSWER_RATE
    found = cheapest_way(desk.plan, answer_rate=wanted, **desk.options)
    found.attrs["reason"] = None
    return found


def next_monday(desk: Desk) -> date:
    """Give the first Monday after the history: the first day of the roster to make.

    Parameters
    ----------
    desk : Desk

    Returns
    -------
    date
        The Monday after the first of January 1970 where there is no history.
    """
    last = pd.Timestamp(desk.history["local_date"].max() if len(desk.history) else "1970-01-01")
    return last.date() + timedelta(days=8 - last.isoweekday())


def cover_by_hour(
    need: pd.DataFrame, roster: pd.DataFrame, tours: Sequence[Tour], *, needed: str = "to_schedule"
) -> pd.DataFrame:
    """Count the people a roster has beyond the need (below 0: too few), by weekday and hour.

    Parameters
    ----------
    need : DataFrame
        One row per weekday and local time: `weekday`, `local_time`, `local_hour`, `interval_s` and the column `needed`.
    roster : DataFrame
        As `csm_lib.staff.tours.cheapest_roster`.
    tours : sequence of Tour
        Those the roster was made of.

    Returns
    -------
    DataFrame
        One row per weekday and local hour: `weekday`, `local_hour`, `value`, the least of the hour's intervals.
    """
    if need.empty or roster.empty:
        return unanswered(need.attrs.get("reason") or roster.attrs.get("reason"), "weekday local_hour value")
    people = {(row["contract"], row["pattern"], tuple(day for day in range(1, 8) if row[f"d{day}"])): row["people"]
              for row in roster.to_dict("records")}  # fmt: skip
    counts = [people.get((tour.contract.name, tour.pattern.name, tour.days), 0) for tour in tours]
    there = np.array(counts, dtype=np.int64) @ week_cover(tours, need)
    beyond = need[["weekday", "local_hour"]].assign(value=there - need[needed].to_numpy().astype(np.int64))
    found = beyond.groupby(["weekday", "local_hour"], as_index=False)["value"].min()
    found.attrs["reason"] = None
    return found
