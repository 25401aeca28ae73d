"""The sample's calendar: how many contacts each day gets and how local seconds become written times.

Inside the generator every instant is a whole number of local seconds since 2022-01-01 00:00 (China keeps one time zone
without clock changes); `MISSING` stands for "no such instant" and becomes an empty cell in the exports.
"""

from __future__ import annotations

from datetime import date

import holidays
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from csm_lib.collect.sample.organisation import QUARTERS

__all__ = [
    "DAY_S",
    "HOUR_S",
    "MISSING",
    "N_DAYS",
    "START_ON",
    "day_of",
    "day_weights",
    "quarter_of",
    "quarter_starts_s",
    "written",
]

DAY_S = 86_400
HOUR_S = 3_600
MISSING = -1
START_ON = date(2022, 1, 1)
N_DAYS = (date.fromisoformat(QUARTERS[-1].end_on) - START_ON).days

_WEEKDAY = (1.10, 1.05, 1.02, 1.00, 1.02, 0.92, 0.89)
_CAMPAIGNS = {(6, 18): 1.30, (6, 19): 1.20, (11, 11): 1.40, (11, 12): 1.25, (12, 12): 1.20}


def day_of(iso: str) -> int:
    """Give the day number of a local date, counted from 2022-01-01.

    Examples
    --------
    >>> day_of("2022-01-03")
    2
    """
    return (date.fromisoformat(iso) - START_ON).days


def quarter_starts_s() -> np.ndarray:
    """Give the first second of each quarter and, last, the first second after the data; shape (n_quarters + 1,)."""
    days = [day_of(quarter.start_on) for quarter in QUARTERS] + [day_of(QUARTERS[-1].end_on)]
    return np.asarray(days, dtype=np.int64) * DAY_S


def quarter_of(instants_s: np.ndarray) -> np.ndarray:
    """Give the index into `QUARTERS` of each instant, seconds; instants outside the data are clipped to its ends."""
    return np.clip(np.searchsorted(quarter_starts_s(), instants_s, side="right") - 1, 0, len(QUARTERS) - 1)


def _spring_festival_effect(dates: list[date]) -> np.ndarray:
    """Quiet during the moving festival, busier in the week before (deliveries) and four days after (catching up)."""
    calendar = holidays.country_holidays("CN", years=range(2022, 2025), language="en_US")
    festival = {day for day, name in calendar.items() if "Spring Festival" in name or "Chinese New Year" in name}
    effect = np.ones(len(dates))
    for position, day in enumerate(dates):
        ahead = min(((other - day).days for other in festival if other >= day), default=99)
        behind = min(((day - other).days for other in festival if other <= day), default=99)
        if ahead == 0:
            effect[position] = 0.62
        elif ahead <= 7:
            effect[position] = 1.10
        elif behind <= 4:
            effect[position] = 1.12
    return effect


def day_weights(rng: np.random.Generator) -> np.ndarray:
    """Give each day's share of its quarter's contacts, shape (n_days,); the shares of a quarter add up to 1."""
    dates = [date.fromordinal(START_ON.toordinal() + number) for number in range(N_DAYS)]
    weights = np.array([_WEEKDAY[day.weekday()] * _CAMPAIGNS.get((day.month, day.day), 1.0) for day in dates])
    weights *= 1 + 0.04 * np.sin(2 * np.pi * (np.array([day.timetuple().tm_yday for day in dates]) - 200) / 365)
    weights *= _spring_festival_effect(dates) * rng.lognormal(0.0, 0.06, N_DAYS)
    quarter = quarter_of(np.arange(N_DAYS, dtype=np.int64) * DAY_S)
    return weights / np.bincount(quarter, weights)[quarter]


def written(instants_s: np.ndarray, *, style: str = "iso") -> pa.Array:
    """Write instants as text, null where missing.

    Parameters
    ----------
    instants_s : ndarray of int, shape (n,)
        Local seconds since 2022-01-01; `MISSING` or less becomes null.
    style : {"iso", "slash", "offset", "t", "minute", "day_first"}
        `2024-01-03 17:05:12`, `2024/01/03 17:05:12`, `2024-01-03T17:05:12+08:00`, `2024-01-03T17:05:12`,
        `2024-01-03 17:05`, `03/01/2024 17:05`.

    Examples
    --------
    >>> written(np.array([61, -1]), style="slash").to_pylist()
    ['2022/01/01 00:01:01', None]
    """
    seconds = np.asarray(instants_s, dtype=np.int64)
    epoch_s = (START_ON.toordinal() - date(1970, 1, 1).toordinal()) * DAY_S
    text = pa.array(seconds + epoch_s, mask=seconds < 0).cast(pa.timestamp("s")).cast(pa.string())
    if style == "slash":
        return pc.replace_substring(text, "-", "/")
    if style in ("t", "offset"):
        text = pc.replace_substring(text, " ", "T")
        return pc.binary_join_element_wise(text, "+08:00", "") if style == "offset" else text
    if style == "minute":
        return pc.utf8_slice_codeunits(text, 0, 16)
    if style == "day_first":
        return pc.replace_substring_regex(text, r"^(\d+)-(\d+)-(\d+) (\d+:\d+):\d+$", r"\3/\2/\1 \4")
    return text
