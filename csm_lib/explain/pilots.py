"""What a measure did whose start is noted as an event: a pilot of one team, a release on one channel."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd

from csm_lib.definitions import INDICATORS
from csm_lib.explain.events import COLUMNS, around_events
from csm_lib.measure.indicators import measure

__all__ = ["around_measures"]

_BY = ("local_date", "channel", "team")
# what begins by itself on a day is no measure, whatever was done on that day
_NOT_OURS = ("holiday", "campaign", "outage")


def around_measures(
    facts: Mapping[str, Any],
    actions: pd.DataFrame,
    events: pd.DataFrame,
    *,
    on: date,
    before: Mapping[str, Any] | None = None,
    from_on: date | None = None,
    to_on: date | None = None,
) -> pd.DataFrame:
    """Compare the indicator that a measure was made for before and after the event that its start is noted as.

    Parameters
    ----------
    facts, before : mapping of grain to frame
        Facts of the period, and of the one before it.
    actions : DataFrame
        Rows of the table `actions` of one plan. Columns read: `indicator done_on`.
    events : DataFrame
        The table `events`, as `around_events` reads it.
    on : date
        What is done later is not done yet.
    from_on, to_on : date, optional
        As in `around_events`.

    Returns
    -------
    DataFrame
        One row per event that began on the day when a measure was done (holidays, campaigns and outages aside): `key`
        (indicator of the measure) and the columns of `around_events`, judged among all events noted, of
        which `.attrs["n_compared"]` could be compared.

    Examples
    --------
    >>> nothing = pd.DataFrame({"indicator": ["fcr"], "done_on": [None]})
    >>> around_measures({}, nothing, pd.DataFrame(), on=date(2024, 3, 31)).empty
    True
    """
    done = pd.to_datetime(actions["done_on"])
    done = done[done <= pd.Timestamp(on)].dt.date
    found, n_compared = [], []
    for key in dict.fromkeys(actions.loc[done.index, "indicator"].dropna()):
        days = set(done[actions.loc[done.index, "indicator"] == key])
        if key not in INDICATORS or not _begun(events, days).any():
            continue
        daily = [measure(side, key, by=list(_BY), level=None) for side in (before, facts) if side is not None]
        around = around_events(daily, events, from_on=from_on, to_on=to_on)
        n_compared.append(int(around["is_signal"].notna().sum()))
        found.append(around[_begun(around, days)].assign(key=key))
    table = pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=[*COLUMNS, "key"])
    table.attrs = {"n_compared": max(n_compared, default=0), "reason": "no measure of the plan is noted as an event"}
    return table


def _begun(events: pd.DataFrame, days: set[date]) -> pd.Series:
    """Tell which events began on one of the days and are of our own making."""
    return pd.to_datetime(events["starts_on"]).dt.date.isin(days) & ~events["kind"].isin(_NOT_OURS)
