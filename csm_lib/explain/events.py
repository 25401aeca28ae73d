"""Before and after what happened: did an indicator move when a release, an outage, a campaign or a holiday came?

A date is no cause: other things happen too, weekdays differ, and of ten events one moves something by luck. So windows
are equally long and made of the same weekdays, whole days count and not single contacts, and all events are judged
together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pandas as pd

from csm_lib.errors import UsageError
from csm_lib.measure.changes import difference, signals
from csm_lib.measure.clusters import ClusterSums, ratio_from_cluster_sums
from csm_lib.results import Estimate

__all__ = ["COLUMNS", "WINDOW_DAYS", "around_events"]

COLUMNS = ("event_id", "starts_on", "kind", "title", "about", "n_days", "n_before", "n", "before", "value", "change",
           "low", "high", "p_adjusted", "is_signal", "others", "reason")  # fmt: skip

WINDOW_DAYS = 28
_LIMITS = {"share": (0.0, 1.0), "points": (-1.0, 1.0)}
_WHAT = ("channel", "team")  # what an event may be about
_COUNTS = ["n", "numerator", "denominator"]


def around_events(
    daily: pd.DataFrame | Sequence[pd.DataFrame | None],
    events: pd.DataFrame,
    *,
    from_on: date | None = None,
    to_on: date | None = None,
    days: int = WINDOW_DAYS,
) -> pd.DataFrame:
    """Compare an indicator after each event with the same weekdays before it.

    Parameters
    ----------
    daily : DataFrame, or sequence of them and None
        One indicator by day, of one or several periods, as `measure` gives with ``by=["local_date", …]``. Columns
        read: `local_date n numerator denominator unit`, and `channel`, `team` where there: an event that names one is
        looked for there only.
    events : DataFrame
        The table `events`. Columns read: `event_id starts_on ends_on kind title channel team`.
    from_on, to_on : date, optional
        Only events whose window touches these days; `to_on` is excluded.
    days : int, ≥ 7
        Length of a window in whole weeks: what goes beyond is cut. An event with an end has no longer window than
        itself.

    Returns
    -------
    DataFrame
        One row per event, sorted by date: `event_id starts_on kind title`, `about` (channel or team it names), `n_days`
        of a window, `n_before n` rows, `before value` (ratios of sums), `change low high` (95 %), `p_adjusted`
        (Benjamini–Hochberg over all events compared), `is_signal`, `others` (events that began in the same days, None
        without any) and `reason` (why nothing could be compared, or why there is no interval).
        `.attrs["reason"]` says why there is no row.

    Raises
    ------
    UsageError
        If a window is shorter than a week.

    Notes
    -----
    The window after begins with the event; the window before is the same days, whole weeks earlier, as few as keep the
    two apart. Days are clusters (`ratio_from_cluster_sums`: eight of them at least), and the two intervals are put
    together by square-and-add (`difference`).

    Examples
    --------
    >>> on = pd.date_range("2024-01-01", periods=56).date
    >>> daily = pd.DataFrame({"local_date": on, "n": 100, "numerator": [80 + d % 3 for d in range(28)] + [60 + d % 3
    ...     for d in range(28)], "denominator": 100, "unit": "share"})
    >>> release = pd.DataFrame({"event_id": ["E1"], "starts_on": [on[28]], "ends_on": [None], "title": ["New app"]})
    >>> around_events(daily, release)[["n_days", "is_signal"]].values.tolist()
    [[28, True]]
    """
    if days < 7:
        raise UsageError(f"days must be at least 7, so that a window holds every weekday, got {days!r}. Give 28.")
    seen = _dated(daily)
    listed = _windows(events, days=days)
    touching = [
        one for one in listed
        if (from_on is None or one["after"][1] > from_on) and (to_on is None or one["after"][0] < to_on)
    ]  # fmt: skip
    rows = [_compared(seen, one, listed) for one in touching]
    table = pd.DataFrame(rows, columns=[name for name in (*COLUMNS, "p") if name not in ("p_adjusted", "is_signal")])
    table["p_adjusted"], table["is_signal"] = signals(table["p"].astype(float))
    for name in ("kind", "title", "about", "others", "reason"):
        table[name] = table[name].astype(object).where(table[name].notna(), None)
    table.attrs["reason"] = None if len(table) else "no event is noted for these days"
    return table[list(COLUMNS)].sort_values("starts_on", kind="stable", ignore_index=True)


def _dated(daily: pd.DataFrame | Sequence[pd.DataFrame | None]) -> pd.DataFrame:
    """Put periods together, and take local dates as plain dates."""
    if not isinstance(daily, pd.DataFrame):
        daily = pd.concat([part for part in daily if part is not None], ignore_index=True)
    return daily.assign(local_date=pd.to_datetime(daily["local_date"]).dt.date)


def _windows(events: pd.DataFrame, *, days: int) -> list[dict[str, Any]]:
    """Give each event with its windows, as pairs of first day and day after the last."""
    listed = []
    for event in events.dropna(subset=["starts_on"]).to_dict("records"):
        start, end = (_date(event.get(name)) for name in ("starts_on", "ends_on"))
        if start is None:
            continue
        length = days // 7 * 7
        if end is not None and end >= start:
            length = min(length, (end - start).days + 1)
        back = timedelta(days=-(-length // 7) * 7)
        stop = start + timedelta(days=length)
        noted = {str(name): value for name, value in event.items()}
        listed.append(noted | {"starts_on": start, "after": (start, stop), "before": (start - back, stop - back)})
    return sorted(listed, key=lambda one: (one["starts_on"], str(one["event_id"])))


def _date(value: Any) -> date | None:
    return None if pd.isna(value) else pd.Timestamp(value).date()


def _compared(daily: pd.DataFrame, one: dict[str, Any], listed: list[dict[str, Any]]) -> dict[str, Any]:
    """Compare the two windows of one event."""
    about = {name: one[name] for name in _WHAT if not pd.isna(one.get(name))}
    first, last = one["before"][0], one["after"][1]
    others = [other["title"] for other in listed if other is not one and first <= other["starts_on"] < last]
    row: dict[str, Any] = {name: one.get(name) for name in ("event_id", "starts_on", "kind", "title")}
    row |= {"about": ", ".join(map(str, about.values())) or None, "n_days": (one["after"][1] - one["after"][0]).days,
            "others": ", ".join(map(str, others)) or None}  # fmt: skip
    absent = [name for name in about if name not in daily]
    if absent:
        return row | {"reason": f"it is about one {absent[0]}, which is not noted"}
    mine = daily
    for name, value in about.items():
        mine = mine[mine[name] == value]
    (before, n_before), (after, n) = (_ratio(mine, *one[side]) for side in ("before", "after"))
    gap, low, high, p = difference(after.value, after.low, after.high, before.value, before.low, before.high)
    row |= {"n_before": n_before, "n": n, "before": before.value, "value": after.value, "change": gap, "low": low,
            "high": high, "p": p, "reason": None}  # fmt: skip
    if math.isnan(gap):
        row["reason"] = f"nothing in the population {'before' if math.isnan(before.value) else 'after'} it"
    elif math.isnan(low):
        row["reason"] = "too few days for an interval"
    return row


def _ratio(daily: pd.DataFrame, first: date, stop: date) -> tuple[Estimate, int]:
    """Estimate the ratio of sums in a window, days being clusters."""
    inside = daily[(daily["local_date"] >= first) & (daily["local_date"] < stop)]
    by_day = inside.groupby("local_date")[_COUNTS].sum()
    by_day = by_day[by_day["denominator"] > 0]
    if by_day.empty:
        return Estimate(math.nan, math.nan, math.nan, 0, "nothing in the population"), 0
    n = int(by_day["n"].sum())
    unit = daily["unit"].iloc[0] if "unit" in daily else ""
    sums = ClusterSums.of(by_day["numerator"], by_day["denominator"], n=n)
    return ratio_from_cluster_sums(sums, limits=_LIMITS.get(unit, (-math.inf, math.inf)), unit="days"), n
