"""What one more agent is worth at each hour, and the cheapest hours to add agents in until a target is met.

The more agents there are, the less the next one saves: so taking, again and again, the hour in which an agent hour
saves most contacts leads to a target with the fewest agent hours.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from csm_lib.errors import UsageError
from csm_lib.staff.arguments import checked
from csm_lib.staff.prediction import Scenario, in_band, predict, summary_by

__all__ = ["cheapest_way", "marginal_value"]

_MOST_ADDED = 200


def marginal_value(
    plan: pd.DataFrame,
    *,
    patience_s: float,
    wait_scale: float = 1.0,
    threshold_s: float = 20.0,
    cost_per_agent_h: float = 0.0,
) -> pd.DataFrame:
    """Tell what one more agent would do in each hour of the day.

    Parameters
    ----------
    plan : DataFrame
        What `interval_plan` returns.
    patience_s, wait_scale, threshold_s : float
        As in `csm_lib.staff.prediction.predict`.
    cost_per_agent_h : float, default 0
        Cost of one agent for an hour.

    Returns
    -------
    DataFrame
        One row per local hour with contacts: `local_hour`, `offered`, `answer_rate_share`, `answer_rate_share_after`,
        `fewer_abandoned` (contacts of the whole plan), `extra_agent_h`, `saved_per_agent_h` (contacts) and
        `cost_per_saved` (NaN where less than one contact is saved or no cost is known).

    Examples
    --------
    >>> plan = pd.DataFrame({"local_hour": [9, 17], "interval_s": 3600.0, "expected": [10.0, 40.0],
    ...     "arrivals_per_h": [10.0, 40.0], "handle_s": 180.0, "agents": 2})
    >>> marginal_value(plan, patience_s=120).set_index("local_hour").saved_per_agent_h.idxmax()
    17
    """
    price = float(checked("cost_per_agent_h", cost_per_agent_h, low=0.0))
    customers: dict[str, Any] = {"patience_s": patience_s, "wait_scale": wait_scale, "threshold_s": threshold_s}
    before, after = (summary_by(predict(plan, Scenario("", extra_agents=n), **customers), ["local_hour"])
                     for n in (0, 1))
    found = before[["local_hour", "offered", "answer_rate_share"]].copy()
    found["answer_rate_share_after"] = after["answer_rate_share"]
    found["fewer_abandoned"] = after["answered"] - before["answered"]
    found["extra_agent_h"] = after["agent_h"] - before["agent_h"]
    hours = found["extra_agent_h"].where(found["extra_agent_h"] > 0)
    found["saved_per_agent_h"] = found["fewer_abandoned"] / hours
    saved = found["saved_per_agent_h"].where(found["fewer_abandoned"] >= 1)
    found["cost_per_saved"] = price / saved if price else np.nan
    return found[found["offered"] > 0].reset_index(drop=True)


def cheapest_way(
    plan: pd.DataFrame,
    *,
    answer_rate: float,
    patience_s: float,
    wait_scale: float = 1.0,
    threshold_s: float = 20.0,
    cost_per_agent_h: float = 0.0,
    is_every_hour: bool = True,
    from_hour: int = 0,
    to_hour: int = 24,
) -> pd.DataFrame:
    """Find the fewest agent hours to add, hour by hour of the day, with which an answer rate is reached.

    Parameters
    ----------
    plan : DataFrame
        What `interval_plan` returns.
    answer_rate : float
        Share of the offered contacts to answer, below 1.
    patience_s, wait_scale, threshold_s, cost_per_agent_h : float
        As in `marginal_value`.
    is_every_hour : bool, default True
        Whether every hour of the day has to reach the rate, or all of them together.
    from_hour, to_hour : int
        Local hours that are looked at and may get agents; the second is not included.

    Returns
    -------
    DataFrame
        One row per local hour with contacts: `local_hour`, `offered`, `extra_agents` (on every day with contacts),
        `answer_rate_share_before`, `answer_rate_share_after`, `extra_agent_h`, `extra_cost`. ``.attrs``:
        `answer_rate_before`, `answer_rate_after` (all hours), `extra_agent_h`, `extra_cost`.

    Raises
    ------
    UsageError
        If 200 more agents in an hour would not do.

    Notes
    -----
    Answered contacts are concave in the number of agents where customers have exponential patience, so adding the agent
    that saves most per hour reaches a rate of all hours together with the fewest hours, to within the last agent added.

    Examples
    --------
    >>> plan = pd.DataFrame({"local_hour": [9, 17], "interval_s": 3600.0, "expected": [10.0, 40.0],
    ...     "arrivals_per_h": [10.0, 40.0], "handle_s": 180.0, "agents": 2})
    >>> found = cheapest_way(plan, answer_rate=0.9, patience_s=120)
    >>> bool(found.extra_agents.iloc[0] == 0 and found.answer_rate_share_after.min() >= 0.9)
    True
    """
    wanted = float(checked("answer_rate", answer_rate, low=0.0, high=1.0, is_high_included=False))
    price = float(checked("cost_per_agent_h", cost_per_agent_h, low=0.0))
    customers: dict[str, Any] = {"patience_s": patience_s, "wait_scale": wait_scale, "threshold_s": threshold_s}
    band = plan[in_band(plan, from_hour, to_hour)]

    def with_more(n: int) -> pd.DataFrame:
        return summary_by(predict(band, Scenario("", extra_agents=n), **customers), ["local_hour"])

    tables = [with_more(0)]
    tables[0] = tables[0][tables[0]["offered"] > 0]
    rows, offered = tables[0].index, tables[0]["offered"].to_numpy()
    extra = np.zeros(len(rows), dtype=np.int64)

    def answered(counts: np.ndarray) -> np.ndarray:
        while len(tables) <= counts.max(initial=0):
            tables.append(with_more(len(tables)).loc[rows])
        return np.array([tables[n]["answered"].iloc[place] for place, n in enumerate(counts)])

    while len(extra):
        now = answered(extra)
        is_short = now / offered < wanted if is_every_hour else np.full(len(extra), now.sum() / offered.sum() < wanted)
        if not is_short.any():
            break
        if extra.max() >= _MOST_ADDED:
            raise UsageError(f"hours must reach the answer rate with at most {_MOST_ADDED} more agents, got no such "
                             "number. Lower the answer rate.")
        if is_every_hour:
            extra += is_short
        else:
            hours = (with_more(1).loc[rows, "agent_h"] - tables[0]["agent_h"]).to_numpy()
            extra[np.argmax((answered(extra + 1) - now) / hours)] += 1
    return _ways(tables, extra, price)


def _ways(tables: list[pd.DataFrame], extra: np.ndarray, price: float) -> pd.DataFrame:
    """The hours as they are and with their agents."""
    before = tables[0].reset_index(drop=True)
    after = [tables[n].iloc[place] for place, n in enumerate(extra)]
    found = before[["local_hour", "offered"]].assign(
        extra_agents=extra, answer_rate_share_before=before["answer_rate_share"],
        answer_rate_share_after=[float(row["answer_rate_share"]) for row in after],
        extra_agent_h=[float(row["agent_h"]) for row in after] - before["agent_h"],
    )  # fmt: skip
    found["extra_cost"] = found["extra_agent_h"] * price
    offered = float(before["offered"].sum()) or float("nan")
    found.attrs.update(answer_rate_before=float(before["answered"].sum()) / offered,
                       answer_rate_after=sum(float(row["answered"]) for row in after) / offered,
                       extra_agent_h=float(found["extra_agent_h"].sum()), extra_cost=float(found["extra_cost"].sum()))
    return found
