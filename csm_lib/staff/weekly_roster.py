"""The cheapest way to staff a typical week with the shifts that people really work.

The shifts to choose from are those seen in the roster, split days included. Each weekday is solved on its own: a shift
belongs to one day, and who works on which days is a matter of contracts that no table here knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from csm_lib.staff.roster import cheapest_cover

__all__ = [
    "ShiftPattern",
    "assumed_patterns",
    "cheapest_week",
    "covers",
    "rostered",
    "shift_patterns",
    "week_of_staff",
    "with_band",
]

_DAY_MIN = 1440
_RARE_SHARE = 0.01
_ASSUMED_H = 8


@dataclass(frozen=True)
class ShiftPattern:
    """Blocks of one person's working day.

    Attributes
    ----------
    blocks : tuple of (int, int)
        Start and end of each block in minutes after local midnight; an end beyond 1,440 lies on the next day.

    Examples
    --------
    >>> ShiftPattern(((600, 1020), (1140, 1320))).name
    '10:00–17:00 + 19:00–22:00'
    """

    blocks: tuple[tuple[int, int], ...]

    @property
    def name(self) -> str:
        """Clock times of the blocks."""
        return " + ".join(f"{_clock(start)}–{_clock(end)}" for start, end in self.blocks)

    @property
    def hours(self) -> float:
        """Length of all blocks together, hours."""
        return sum(end - start for start, end in self.blocks) / 60


def shift_patterns(shifts: pd.DataFrame, *, time_zone: str) -> tuple[ShiftPattern, ...]:
    """Find the working days that people have, from the roster.

    Parameters
    ----------
    shifts : DataFrame
        One row per shift: `agent_id`, `starts_at`, `ends_at` (UTC). Several rows of one agent on one day are one split
        day.
    time_zone : str

    Returns
    -------
    tuple of ShiftPattern
        In order of their blocks; those on fewer than 1 % of the working days are left out.

    Examples
    --------
    >>> at = pd.to_datetime(["2024-01-02 08:00Z", "2024-01-02 17:00Z"])
    >>> shifts = pd.DataFrame({"agent_id": ["a"], "starts_at": at[:1], "ends_at": at[1:]})
    >>> [pattern.name for pattern in shift_patterns(shifts, time_zone="UTC")]
    ['08:00–17:00']
    """
    rows = shifts.dropna(subset=["starts_at", "ends_at"])
    if rows.empty:
        return ()
    start, end = (pd.to_datetime(rows[name], utc=True).dt.tz_convert(time_zone) for name in ("starts_at", "ends_at"))
    day = start.dt.tz_localize(None).dt.normalize()
    begins = start.dt.hour * 60 + start.dt.minute
    lasts = ((end - start).dt.total_seconds() // 60).astype(int)
    spans = list(zip(begins, begins + lasts, strict=True))
    blocks = pd.DataFrame({"agent": rows["agent_id"], "day": day, "block": spans})
    days = blocks.groupby(["agent", "day"])["block"].agg(lambda found: tuple(sorted(found)))
    counts = days.value_counts()
    return tuple(ShiftPattern(found) for found in sorted(counts.index[counts >= _RARE_SHARE * len(days)]))


def assumed_patterns(local_times: pd.Series) -> tuple[ShiftPattern, ...]:
    """Offer eight-hour shifts from every full hour of the open day, for where no roster is known.

    Parameters
    ----------
    local_times : Series of str
        Local times ("09:30") at which contacts arrive.

    Returns
    -------
    tuple of ShiftPattern

    Examples
    --------
    >>> [pattern.name for pattern in assumed_patterns(pd.Series(["09:00", "18:30"]))]
    ['09:00–17:00', '10:00–18:00', '11:00–19:00']
    """
    if local_times.empty:
        return ()
    first, last = (_minute(time) // 60 for time in (min(local_times), max(local_times)))
    starts = range(first, max(first, last + 1 - _ASSUMED_H) + 1)
    return tuple(ShiftPattern(((start * 60, (start + _ASSUMED_H) * 60),)) for start in starts)


def with_band(patterns: tuple[ShiftPattern, ...], from_hour: int, to_hour: int) -> tuple[ShiftPattern, ...]:
    """Add a part-time shift over a band of hours to the shifts on offer.

    Parameters
    ----------
    patterns : tuple of ShiftPattern
    from_hour, to_hour : int
        Local hours of the band.

    Returns
    -------
    tuple of ShiftPattern
        In order of their blocks; without any patterns the band is not offered alone.

    Examples
    --------
    >>> [pattern.name for pattern in with_band((ShiftPattern(((480, 1020),)),), 17, 21)]
    ['08:00–17:00', '17:00–21:00']
    """
    band = ShiftPattern(((from_hour * 60, to_hour * 60),))
    return tuple(sorted({*patterns, band}, key=lambda pattern: pattern.blocks)) if patterns else ()


def covers(patterns: tuple[ShiftPattern, ...], local_times: pd.Series, *, interval_s: float) -> NDArray[np.int64]:
    """Tell in which intervals of a day somebody on each pattern is there.

    Parameters
    ----------
    patterns : tuple of ShiftPattern
    local_times : Series of str
        Start of each interval ("09:30").
    interval_s : float

    Returns
    -------
    ndarray of int, shape (n_patterns, n_intervals)
        1 where the whole interval is covered; what reaches into the next day counts in its early hours.

    Examples
    --------
    >>> covers((ShiftPattern(((540, 600),)),), pd.Series(["08:30", "09:00", "09:30"]), interval_s=1800).tolist()
    [[0, 1, 1]]
    """
    starts = np.array([_minute(time) for time in local_times])
    ends = starts + interval_s / 60
    table = np.zeros((len(patterns), len(starts)), dtype=np.int64)
    for i, pattern in enumerate(patterns):
        for begin, end in pattern.blocks:
            for shift in (0, _DAY_MIN):
                table[i] |= (starts + shift >= begin) & (ends + shift <= end)
    return table


def cheapest_week(
    need: pd.DataFrame,
    patterns: tuple[ShiftPattern, ...],
    *,
    cost_per_agent_h: float = 0.0,
    needed: str = "to_schedule",
) -> pd.DataFrame:
    """Find for every weekday the cheapest number of people on each pattern that covers the need.

    Parameters
    ----------
    need : DataFrame
        One row per weekday and local time: `weekday`, `local_time`, `interval_s` and the column `needed`.
    patterns : tuple of ShiftPattern
    cost_per_agent_h : float, default 0
        Cost of an hour; without one the fewest hours are sought.
    needed : str
        Column with the people to schedule.

    Returns
    -------
    DataFrame
        One row per pattern that is used: `pattern`, `hours` (of one day), `d1` to `d7` (people on Monday to Sunday),
        `person_days`, `agent_h`. `.attrs`: `agent_h` and `cost` of the week, `is_optimal` (proven on all seven
        days: nothing cheaper covers as much),
        `uncovered_agent_h` (need that no pattern can cover), `reason` (why there are no rows).

    Examples
    --------
    >>> need = pd.DataFrame({"weekday": 1, "local_time": ["09:00", "10:00"], "interval_s": 3600.0})
    >>> need["to_schedule"] = [1, 2]
    >>> found = cheapest_week(need, (ShiftPattern(((540, 660),)), ShiftPattern(((600, 660),))))
    >>> found[["pattern", "d1"]].values.tolist()
    [['09:00–11:00', 1], ['10:00–11:00', 1]]
    """
    columns = ["pattern", "hours", *(f"d{day}" for day in range(1, 8)), "person_days", "agent_h"]
    table = pd.DataFrame(columns=columns)
    table.attrs["reason"] = need.attrs.get("reason") or (None if patterns else "no shifts to choose from")
    if need.empty or not patterns:
        return table
    price = np.array([pattern.hours for pattern in patterns])
    counts: dict[str, NDArray[np.int64]] = {}
    is_optimal, uncovered_h = True, 0.0
    for day in range(1, 8):
        rows = need[need["weekday"] == day]
        if rows.empty:
            counts[f"d{day}"] = np.zeros(len(patterns), dtype=np.int64)
            continue
        interval_s = float(rows["interval_s"].iloc[0])
        found = cheapest_cover(rows[needed], covers(patterns, rows["local_time"], interval_s=interval_s), cost=price)
        counts[f"d{day}"] = found.counts
        is_optimal &= found.gap == 0  # what is uncovered is told apart from what is unproven
        uncovered_h += float(found.uncovered.sum()) * interval_s / 3600
    table = pd.DataFrame({"pattern": [pattern.name for pattern in patterns], "hours": price, **counts})
    table["person_days"] = table[[*counts]].sum(axis=1)
    table["agent_h"] = table["person_days"] * table["hours"]
    agent_h = float(table["agent_h"].sum())
    table = table[table["person_days"] > 0].reset_index(drop=True)
    table.attrs.update(agent_h=agent_h, cost=agent_h * cost_per_agent_h, is_optimal=is_optimal,
                       uncovered_agent_h=uncovered_h, reason=None)  # fmt: skip
    return table


def rostered(day: pd.DataFrame, roster: pd.DataFrame, patterns: tuple[ShiftPattern, ...]) -> pd.DataFrame:
    """Count the people whom a roster puts into each interval of one weekday.

    Parameters
    ----------
    day : DataFrame
        Rows of one weekday of the need: `weekday`, `local_time`, `interval_s`.
    roster : DataFrame
        As `cheapest_week`.
    patterns : tuple of ShiftPattern
        Those the roster was made of.

    Returns
    -------
    DataFrame
        The rows with `rostered`, people.
    """
    if day.empty or roster.empty:
        return day.assign(rostered=pd.Series(dtype=float))
    named = {pattern.name: pattern for pattern in patterns}
    used = tuple(named[name] for name in roster["pattern"])
    there = covers(used, day["local_time"], interval_s=float(day["interval_s"].iloc[0]))
    return day.assign(rostered=roster[f"d{int(day['weekday'].iloc[0])}"].to_numpy() @ there)


def week_of_staff(need: pd.DataFrame) -> Mapping[str, float]:
    """Add up the hours that are worked in a typical week, and those that are needed.

    Parameters
    ----------
    need : DataFrame
        As `csm_lib.staff.answers.need_of_week`.

    Returns
    -------
    mapping of str to float
        `staffed_h`, `needed_h` (Erlang A), `missing_h` (shortfall); hours a week.
    """
    hours = need["interval_s"].astype(float) / 3600
    return {
        "staffed_h": float((need["staffed_agents"].astype(float) * hours).sum(min_count=1)),
        "needed_h": float((need["needed_impatient"].astype(float) * hours).sum(min_count=1)),
        "missing_h": float((need["shortfall_impatient"].astype(float) * hours).sum(min_count=1)),
    }


def _minute(time: str) -> int:
    hour, minute = time.split(":")
    return int(hour) * 60 + int(minute)


def _clock(minute: int) -> str:
    return f"{minute // 60 % 24:02d}:{minute % 60:02d}"
