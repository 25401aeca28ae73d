"""How many agents were, or are planned to be, on shift in each interval.

Only presence is counted: an agent on shift is taken to be able to answer. Paid breaks inside a shift are not known by
the minute and therefore not taken off here; shrinkage stands for them.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from csm_lib.definitions.words import words_of
from csm_lib.staff.arguments import checked

__all__ = ["presence_seen", "shifts_of_channel", "staffed_agents"]


def shifts_of_channel(shifts: pd.DataFrame, channel: str) -> pd.DataFrame:
    """Keep the shifts that serve a channel.

    Parameters
    ----------
    shifts : DataFrame
        One row per shift: `kind`.
    channel : str
        Name of a channel.

    Returns
    -------
    DataFrame
        Rows whose `kind` is the channel or starts with its name and an underscore ("phone_early"). Where no kind names
        any channel, nobody said who serves what: then all rows.

    Examples
    --------
    >>> shifts_of_channel(pd.DataFrame({"kind": ["phone_late", "chat"]}), "phone").kind.tolist()
    ['phone_late']
    """
    serves = shifts["kind"].fillna("").astype(str).str.split("_").str[0]
    return shifts[serves == channel] if serves.isin(words_of("channel")).any() else shifts


def presence_seen(contacts: pd.DataFrame, *, longest_gap_s: float = 1800.0) -> pd.DataFrame:
    """Take agents to be present from their first answer on, where no shifts say so.

    Parameters
    ----------
    contacts : DataFrame
        Answered contacts: `agent_id`, `created_at` (UTC), `wait_s`, `handle_s`.
    longest_gap_s : float, seconds, default 1800
        Between two contacts of an agent: a longer rest is taken as absence.

    Returns
    -------
    DataFrame
        One row per stretch of presence: `agent_id starts_at ends_at` (UTC). Who waits for the first contact, or
        after the last, is not seen, so presence is understated, most of all in quiet hours.

    Raises
    ------
    SettingError
        If the gap is negative.

    Examples
    --------
    >>> at = pd.to_datetime(["2024-01-01 09:00", "2024-01-01 09:20", "2024-01-01 12:00"], utc=True)
    >>> calls = pd.DataFrame({"agent_id": "a", "created_at": at, "wait_s": 0.0, "handle_s": 600.0})
    >>> presence_seen(calls)["ends_at"].dt.strftime("%H:%M").tolist()
    ['09:30', '12:10']
    """
    gap_s = float(checked("longest_gap_s", longest_gap_s, low=0.0))
    known = contacts.dropna(subset=["agent_id", "created_at", "wait_s", "handle_s"])
    starts = pd.to_datetime(known["created_at"], utc=True) + pd.to_timedelta(known["wait_s"].astype(float), unit="s")
    ends = starts + pd.to_timedelta(known["handle_s"].astype(float), unit="s")
    rows = pd.DataFrame({"agent_id": known["agent_id"], "starts_at": starts, "ends_at": ends})
    rows = rows.sort_values(["agent_id", "starts_at"], kind="stable").reset_index(drop=True)
    until = rows.groupby("agent_id")["ends_at"].cummax().groupby(rows["agent_id"]).shift()
    is_new = until.isna() | (rows["starts_at"] - until > pd.Timedelta(seconds=gap_s))
    stretches = rows.groupby(is_new.cumsum()).agg(
        agent_id=("agent_id", "first"), starts_at=("starts_at", "min"), ends_at=("ends_at", "max")
    )
    return stretches.reset_index(drop=True)


def staffed_agents(shifts: pd.DataFrame, intervals: pd.DataFrame, *, interval_s: float = 1800.0) -> NDArray[np.float64]:
    """Count the agents on shift in each interval.

    Parameters
    ----------
    shifts : DataFrame
        One row per shift: `agent_id`, `starts_at`, `ends_at` (UTC). Overlapping rows of one agent count once.
    intervals : DataFrame
        One row per interval: `interval_start` (UTC).
    interval_s : float, default 1800
        Length of an interval in seconds.

    Returns
    -------
    ndarray of float, shape (n_intervals,)
        Agents, as a mean over the interval: somebody who comes halfway counts a half.

    Examples
    --------
    >>> at = pd.to_datetime(["2024-01-01 09:15", "2024-01-01 10:00"], utc=True)
    >>> shifts = pd.DataFrame({"agent_id": ["a"], "starts_at": at[:1], "ends_at": at[1:]})
    >>> staffed_agents(shifts, pd.DataFrame({"interval_start": pd.to_datetime(["2024-01-01 09:00"], utc=True)}))
    array([0.5])
    """
    starts, ends = _merged(shifts)
    edges = _seconds(intervals["interval_start"])
    worked = _worked_until(edges + interval_s, starts, ends) - _worked_until(edges, starts, ends)
    return worked / interval_s


def _merged(shifts: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Start and end of each agent's stretches of presence, overlaps joined."""
    rows = shifts.dropna(subset=["starts_at", "ends_at"])
    rows = pd.DataFrame({"agent": rows["agent_id"].to_numpy(), "start": _seconds(rows["starts_at"]),
                         "end": _seconds(rows["ends_at"])}).sort_values(["agent", "start"])
    rows = rows[rows["end"] > rows["start"]]
    covered_until = rows.groupby("agent")["end"].cummax().groupby(rows["agent"]).shift()
    rows["stretch"] = (~(rows["start"] <= covered_until)).cumsum()
    stretches = rows.groupby("stretch").agg(start=("start", "min"), end=("end", "max"))
    return stretches["start"].to_numpy(), stretches["end"].to_numpy()


def _worked_until(instants: NDArray[np.float64], starts: NDArray[np.float64],
                  ends: NDArray[np.float64]) -> NDArray[np.float64]:
    """Agent-seconds worked before each instant."""
    total = np.zeros(instants.shape)
    for edges, sign in ((np.sort(starts), 1.0), (np.sort(ends), -1.0)):
        sums = np.concatenate([[0.0], np.cumsum(edges)])
        n_before = np.searchsorted(edges, instants)
        total += sign * (n_before * instants - sums[n_before])
    return total


def _seconds(instants: pd.Series) -> NDArray[np.float64]:
    """Seconds since the start of 2000, UTC, small enough for exact sums."""
    return ((pd.to_datetime(instants, utc=True) - pd.Timestamp("2000-01-01", tz="UTC")).dt.total_seconds()).to_numpy()
