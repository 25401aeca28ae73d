"""One staffed queue in one period: who asked, how long they took, who was on shift.

Everything the staffing page asks starts from the same three things, so they are gathered once. Where one is missing the
desk says which, and the questions that need it are answered with that reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pandas as pd

from csm_lib.calendar import DAYS, public_holidays
from csm_lib.engine import quote_text
from csm_lib.measure.sums import narrowed
from csm_lib.periods import Period
from csm_lib.settings import Settings
from csm_lib.staff.customers import Customers, customers_of
from csm_lib.staff.forecast import arrivals_per_interval
from csm_lib.staff.need import interval_plan
from csm_lib.staff.presence import presence_seen, shifts_of_channel

__all__ = ["Desk", "desk_of", "handle_by_hour", "offered_contacts", "unanswered"]

_READ = (
    "created_at", "channel", "local_date", "local_hour", "weekday", "issue", "is_offered", "is_answered",
    "is_abandoned", "is_in_time", "wait_s", "handle_s", "agent_id", "agent_tenure_days",
)  # fmt: skip


@dataclass(frozen=True)
class Desk:
    """A staffed queue.

    Attributes
    ----------
    channel : str
    settings : Settings
    contacts : DataFrame
        One row per offered contact of the channel in the period.
    history : DataFrame
        Arrivals per interval up to the end of the period, as `arrivals_per_interval` gives.
    shifts : DataFrame
        Shifts in the period of those who serve the channel.
    ahead : DataFrame
        Shifts of the same people after the period, within the horizon of the settings.
    plan : DataFrame
        As `interval_plan` gives; without rows where nothing can be planned.
    customers : Customers or None
    reason : str or None
        Why nothing can be said about the queue.
    no_staff : str or None
        Why nothing can be said about the people on shift.
    is_staff_seen : bool
        True if no shifts are known and those count as present who were seen answering contacts.
    """

    channel: str
    settings: Settings
    contacts: pd.DataFrame
    history: pd.DataFrame
    shifts: pd.DataFrame
    ahead: pd.DataFrame
    plan: pd.DataFrame
    customers: Customers | None
    reason: str | None
    no_staff: str | None
    is_staff_seen: bool = False

    @property
    def calendar(self) -> dict[str, Any]:
        """Holidays with their names, closures and make-up days of the settings, as `forecast` takes them.

        Public holidays are those of the country, from the year before the history to the year after it.
        """
        workbook, days = self.settings.workbook, self.history["local_date"]
        named: Mapping[date, str] = {}
        if workbook.country is not None and not days.empty:
            named = public_holidays(workbook.country, range(days.min().year - 1, days.max().year + 2))
        made_up = {day: DAYS.index(name) for day, name in workbook.make_up_days.items()}
        return {"holidays": dict(named), "closures": workbook.closures, "make_up_days": made_up}

    @property
    def options(self) -> dict[str, Any]:
        """What the queue's models are told besides the plan: its customers, the threshold, the cost of an hour."""
        chosen, customers = self.settings.staffing, {} if self.customers is None else self.customers.options
        return {**customers, "threshold_s": chosen.targets.threshold_s, "cost_per_agent_h": chosen.cost_per_agent_h}


def desk_of(
    facts: Mapping[str, Any],
    shifts: pd.DataFrame,
    *,
    settings: Settings,
    period: Period,
    past: Iterable[Mapping[str, Any]] = (),
) -> Desk:
    """Gather what there is to know about the staffed queue of `staffing.toml`.

    Parameters
    ----------
    facts : mapping of grain to frame
        Facts of the period; columns read of the contacts: `created_at channel local_date local_hour weekday issue
        is_offered is_answered is_abandoned is_in_time wait_s handle_s`.
    shifts : DataFrame
        Rows of the table `shifts`.
    settings : Settings
    period : Period
    past : iterable of mapping of grain to frame
        Facts of earlier periods, oldest first, for the forecast.

    Returns
    -------
    Desk
    """
    chosen, zone = settings.staffing, str(settings.workbook.zone)
    contacts = offered_contacts(facts.get("contact"), channel=chosen.channel)
    earlier = [offered_contacts(each.get("contact"), channel=chosen.channel) for each in past]
    interval_s = 60.0 * chosen.interval_minutes
    arrivals = arrivals_per_interval(
        contacts, time_zone=zone, interval_s=interval_s, start_on=period.start_on, end_on=period.end_on
    )
    seen = [each for each in (*earlier, contacts) if len(each)]
    first_on = min((min(each["local_date"]) for each in seen), default=period.start_on)
    history = arrivals_per_interval(
        pd.concat([each[["created_at"]] for each in seen]) if seen else contacts,
        time_zone=zone, interval_s=interval_s, start_on=min(pd.Timestamp(first_on).date(), period.start_on),
        end_on=period.end_on,
    )  # fmt: skip
    own = shifts_of_channel(shifts, chosen.channel)
    serving = _within(own, period.start_on, period.end_on, zone)
    ahead = _within(own, period.end_on, period.end_on + timedelta(days=chosen.horizon_days), zone)
    handle_s = handle_by_hour(contacts)
    reason = _reason(contacts, handle_s, chosen.channel)
    seen_at_work = pd.DataFrame() if len(serving) or reason else _seen_at_work(contacts)
    present = seen_at_work if len(seen_at_work) else serving
    no_staff = reason or (None if len(present) else f"no shifts of those who serve the {chosen.channel} queue")
    plan, customers = pd.DataFrame(), None
    if reason is None:
        plan = interval_plan(arrivals, present, handle_s=handle_s, shrinkage=chosen.shrinkage)
        customers = customers_of(plan, contacts, patience_s=chosen.patience_s)
    is_seen = bool(len(seen_at_work))
    return Desk(chosen.channel, settings, contacts, history, serving, ahead, plan, customers, reason, no_staff, is_seen)


def offered_contacts(contacts: Any, *, channel: str) -> pd.DataFrame:
    """Take the contacts of a channel that asked for a human in opening hours.

    Parameters
    ----------
    contacts : frame of contact facts, or None without a source
    channel : str

    Returns
    -------
    DataFrame
        The columns staffing reads, one row per offered contact.

    Examples
    --------
    >>> seen = pd.DataFrame({"channel": ["phone", "chat", "phone"], "is_offered": [True, True, False], "wait_s": 1.0})
    >>> len(offered_contacts(seen, channel="phone"))
    1
    """
    if contacts is None:
        return pd.DataFrame(columns=list(_READ))
    rows = narrowed(contacts, [], others=_READ)
    kept = rows.filter(f"channel = {quote_text(channel)} AND is_offered").to_arrow_table().to_pandas()
    return kept.reindex(columns=[name for name in _READ if name in kept])


def handle_by_hour(contacts: pd.DataFrame) -> dict[int, float]:
    """Give the mean handle time of each local hour.

    Parameters
    ----------
    contacts : DataFrame
        Offered contacts: `local_hour`, `handle_s`.

    Returns
    -------
    dict of int to float
        Seconds for all 24 hours; an hour with fewer than 30 handled contacts gets the mean of all. Empty where no
        handle time is known.

    Examples
    --------
    >>> handle_by_hour(pd.DataFrame({"local_hour": [9, 9], "handle_s": [100.0, 300.0]}))[9]
    200.0
    """
    known = contacts.dropna(subset=["handle_s", "local_hour"])
    known = known[known["handle_s"] > 0]
    if known.empty:
        return {}
    whole = float(known["handle_s"].mean())
    by_hour = known.groupby("local_hour")["handle_s"].agg(["mean", "size"])
    enough = by_hour.loc[by_hour["size"] >= _ENOUGH, "mean"]
    return {hour: float(enough.get(hour, whole)) for hour in range(24)}


_ENOUGH = 30


def _reason(contacts: pd.DataFrame, handle_s: Mapping[int, float], channel: str) -> str | None:
    if contacts.empty:
        return f"no {channel} contact asked for a human in this period"
    return None if handle_s else f"no handle time is known of the {channel} contacts"


def _seen_at_work(contacts: pd.DataFrame) -> pd.DataFrame:
    """Give the presence of those who answered, where contacts name them."""
    needed = {"agent_id", "is_answered", "wait_s", "handle_s", "created_at"}
    if not needed <= set(contacts.columns):
        return pd.DataFrame()
    return presence_seen(contacts[contacts["is_answered"].fillna(False).astype(bool)])


def _within(shifts: pd.DataFrame, start_on: date, end_on: date, zone: str) -> pd.DataFrame:
    """Keep the shifts that touch the days from one to another, the last not included."""
    start, end = (pd.Timestamp(day).tz_localize(zone) for day in (start_on, end_on))
    starts, ends = (pd.to_datetime(shifts[name], utc=True) for name in ("starts_at", "ends_at"))
    return shifts[(starts < end) & (ends > start)].reset_index(drop=True)


def unanswered(reason: str | None, columns: str) -> pd.DataFrame:
    """Give the table that a question gets which cannot be answered.

    Parameters
    ----------
    reason : str or None
        Why not.
    columns : str
        Those of the answer, parted by spaces.

    Returns
    -------
    DataFrame
        Without rows; `.attrs` has `reason`.

    Examples
    --------
    >>> unanswered("no shifts", "local_hour value").attrs
    {'reason': 'no shifts'}
    """
    table = pd.DataFrame(columns=columns.split())
    table.attrs["reason"] = reason
    return table
