"""When a process was changed on purpose: from then on it is judged by itself, not by what it was.

Holidays and campaigns pass, and the limits hold through them; a new routing, a pilot or a new app stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

__all__ = ["CHANGE_KINDS", "phases_of", "process_changes"]

CHANGE_KINDS = ("change", "pilot", "process", "rollout")


def process_changes(
    events: pd.DataFrame,
    *,
    channels: Sequence[str] = (),
    teams: Sequence[str] = (),
    kinds: Sequence[str] = CHANGE_KINDS,
    is_partial_too: bool = False,
) -> pd.DataFrame:
    """Give the deliberate changes that concern the whole of what is looked at.

    Parameters
    ----------
    events : DataFrame
        Rows of the table `events`. Columns read: `starts_on kind title team channel`.
    channels, teams : sequence of str
        What is looked at; empty for all. A change of one team or channel concerns the whole only where nothing else is
        looked at.
    kinds : sequence of str
        Kinds of events that are changes of the process.
    is_partial_too : bool
        Take changes of one team or channel as well.

    Returns
    -------
    DataFrame
        One row per change, oldest first: `starts_on title`. `.attrs["n_partial"]`: changes that touched only a part and
        are not taken.

    Examples
    --------
    >>> events = pd.DataFrame({"starts_on": ["2024-02-19", "2024-01-01"], "kind": ["pilot", "holiday"],
    ...                        "title": ["One-stop", "New Year"], "team": ["Wuhan", None], "channel": None})
    >>> process_changes(events, teams=["Wuhan"])["title"].tolist()
    ['One-stop']
    >>> made = process_changes(events)
    >>> len(made), made.attrs["n_partial"]
    (0, 1)
    """
    wanted = events[events["kind"].isin(list(kinds)) & events["starts_on"].notna()]
    is_whole = _concerns(wanted["team"], teams) & _concerns(wanted["channel"], channels)
    taken = wanted if is_partial_too else wanted[is_whole]
    made = pd.DataFrame({"starts_on": pd.to_datetime(taken["starts_on"].astype("object")), "title": taken["title"]})
    made = made.sort_values("starts_on", kind="stable", ignore_index=True)
    made["title"] = made["title"].where(made["title"].notna(), made["starts_on"].dt.strftime("%Y-%m-%d"))
    made.attrs["n_partial"] = len(wanted) - len(taken)
    return made


def phases_of(days: Iterable[Any], changes: pd.DataFrame) -> list[str]:
    """Name the phase of each day: the change it comes after; empty before the first.

    Parameters
    ----------
    days : iterable of Timestamp
        First days of the points.
    changes : DataFrame
        As `process_changes` gives.

    Returns
    -------
    list of str

    Examples
    --------
    >>> changes = pd.DataFrame({"starts_on": [pd.Timestamp("2024-01-03")], "title": ["New routing"]})
    >>> phases_of(pd.date_range("2024-01-02", periods=2), changes)
    ['', 'New routing']
    """
    latest_first = list(zip(changes["starts_on"], changes["title"], strict=True))[::-1]
    return [next((str(title) for start, title in latest_first if start <= pd.Timestamp(day)), "") for day in days]


def _concerns(named: pd.Series, looked_at: Sequence[str]) -> pd.Series:
    """An event without a team concerns all; one with a team concerns the whole where only that team is looked at."""
    return named.isna() | (named.isin(list(looked_at)) if len(looked_at) == 1 else False)
