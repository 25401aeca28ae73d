"""How long each contact took to end one way or another, or how long it has gone on so far.

A spell begins when the customer asks and ends with an answer, a solution, a withdrawal …; what had not ended by the
last look is censored there. What ended later than the last look is taken as it stood at the last look, so that
every contact is followed equally far.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from csm_lib.engine import quote_name
from csm_lib.errors import SettingError
from csm_lib.measure.readable import filled_sql
from csm_lib.measure.sums import narrowed

__all__ = ["first_reply_spells", "resolution_spells", "seen_until", "wait_spells"]

_INSTANTS = (
    "created_at", "queue_entered_at", "abandoned_at", "resolved_at", "closed_at", "withdrawn_at",
)  # fmt: skip
_FLAGS = ("is_live", "is_offered", "is_answered", "is_abandoned", "is_handled", "is_resolved", "is_self_service")
_KINDS = (
    dict.fromkeys(_INSTANTS, "TIMESTAMP WITH TIME ZONE")
    | dict.fromkeys(_FLAGS, "BOOLEAN")
    | {"status": "VARCHAR", "wait_s": "DOUBLE", "first_response_s": "DOUBLE"}
)

# asynchronous contacts wait for a human from the start; live ones only once they asked for one in opening hours
_DUE = "(coalesce(is_offered, FALSE) OR (NOT is_live AND NOT coalesce(is_self_service, FALSE)))"
_TAKEN = "(coalesce(is_handled, FALSE) OR (NOT is_live AND NOT coalesce(is_self_service, FALSE)))"
_LEFT = "coalesce(withdrawn_at, closed_at)"
_UNSOLVED = """CASE WHEN withdrawn_at IS NOT NULL OR status = 'withdrawn' THEN 'withdrawn'
    WHEN status = 'merged' THEN 'merged'
    WHEN closed_at IS NOT NULL OR status = 'closed' THEN '{closed}' END"""


def seen_until(cut_off: date | None, zone: ZoneInfo) -> datetime | None:
    """Give the instant up to which the data tell what happened: the end of the cut-off's local day.

    Examples
    --------
    >>> seen_until(date(2024, 4, 10), ZoneInfo("Asia/Shanghai")).isoformat()
    '2024-04-11T00:00:00+08:00'
    """
    return None if cut_off is None else datetime.combine(cut_off + timedelta(days=1), time(), tzinfo=zone)


def resolution_spells(contacts: Any, *, until: datetime, by: Sequence[str] = ()) -> pd.DataFrame:
    """Follow every contact that a human is to solve, from creation to its end.

    Parameters
    ----------
    contacts : frame of contact facts
        Columns read, as far as they are there: `created_at resolved_at closed_at withdrawn_at status is_live is_handled
        is_resolved is_self_service` and those of `by`. Population: handled ones, and asynchronous ones that no
        bot solved, handled or not yet.
    until : datetime with a zone
        The last look.
    by : sequence of str
        Columns to keep.

    Returns
    -------
    DataFrame
        One row per contact: `by`, `duration_s` (elapsed), `cause`: resolved, withdrawn, merged, closed_unsolved, or
        missing where it was open at the last look. `.attrs["left_out"]`: reason to number of contacts (`time_unknown`
        where it ended and nobody noted when, `outcome_unknown` where the source tells no outcome at all).

    Examples
    --------
    >>> made = pd.DataFrame({"created_at": pd.to_datetime(["2024-01-01T00:00Z"] * 2), "is_live": False,
    ...                      "resolved_at": pd.to_datetime(["2024-01-01T02:00Z", None]), "is_handled": True})
    >>> spells = resolution_spells(made, until=datetime.fromisoformat("2024-01-02T00:00Z"))
    >>> spells["duration_s"].tolist(), spells["cause"].isna().tolist()
    ([7200.0, 86400.0], [False, True])
    """
    cause = f"""CASE WHEN resolved_at IS NOT NULL OR status = 'resolved' THEN 'resolved'
        ELSE {_UNSOLVED.format(closed="closed_unsolved")} END"""
    ended = f"""CASE WHEN resolved_at IS NOT NULL THEN resolved_at
        WHEN status = 'resolved' THEN closed_at ELSE {_LEFT} END"""
    return _spells(
        contacts,
        until=until,
        by=by,
        population=_TAKEN,
        cause=cause,
        duration=f"epoch({ended}) - epoch(created_at)",
        start="created_at",
        unknown={"outcome_unknown": "is_resolved IS NULL AND has_outcomes"},
    )


def first_reply_spells(contacts: Any, *, until: datetime, by: Sequence[str] = ()) -> pd.DataFrame:
    """Follow every contact that is due a human's reply until it got one, or ended without.

    Parameters
    ----------
    contacts : frame of contact facts
        Columns read, as far as they are there: `created_at queue_entered_at first_response_s wait_s closed_at
        withdrawn_at status is_live is_offered is_answered is_abandoned is_self_service` and those of `by`. Population:
        offered live ones, and asynchronous ones that no bot solved.
    until, by
        As in `resolution_spells`.

    Returns
    -------
    DataFrame
        One row per contact: `by`, `duration_s` (elapsed), `cause`: answered, abandoned, withdrawn, merged,
        closed_unanswered, or missing where it was waiting at the last look. `.attrs` as `resolution_spells`.

    Examples
    --------
    >>> made = pd.DataFrame({"created_at": pd.to_datetime(["2024-01-01T00:00Z"] * 2), "is_live": True,
    ...     "is_offered": True, "is_answered": [True, False], "is_abandoned": [False, True],
    ...     "first_response_s": [12.0, None], "wait_s": [12.0, 30.0]})
    >>> first_reply_spells(made, until=datetime.fromisoformat("2024-01-02T00:00Z")).values.tolist()
    [[12.0, 'answered'], [30.0, 'abandoned']]
    """
    answered = "(first_response_s IS NOT NULL OR coalesce(is_answered, FALSE))"
    cause = f"""CASE WHEN {answered} THEN 'answered' WHEN is_abandoned THEN 'abandoned'
        ELSE {_UNSOLVED.format(closed="closed_unanswered")} END"""
    start = "coalesce(queue_entered_at, created_at)"
    duration = f"""CASE WHEN {answered} THEN coalesce(first_response_s, wait_s)
        WHEN is_abandoned THEN coalesce(wait_s, epoch(abandoned_at) - epoch({start}))
        ELSE epoch({_LEFT}) - epoch({start}) END"""
    return _spells(
        contacts, until=until, by=by, population=_DUE, cause=cause, duration=duration, start=start, unknown={}
    )


def wait_spells(contacts: Any, *, until: datetime, by: Sequence[str] = ("local_hour", "local_date")) -> pd.DataFrame:
    """Follow the wait of every offered contact until it was answered or given up.

    Parameters
    ----------
    contacts : frame of contact facts
        Columns read, as far as they are there: those of `first_reply_spells` and of `by`. Population: offered.
    until, by
        As in `resolution_spells`.

    Returns
    -------
    DataFrame
        One row per offered contact: `by`, `duration_s`, `cause`: answered, abandoned, or missing where it still waited.

    Examples
    --------
    >>> made = pd.DataFrame({"created_at": pd.to_datetime(["2024-01-01T00:00Z"]), "is_offered": True,
    ...     "is_answered": True, "is_abandoned": False, "wait_s": [12.0]})
    >>> wait_spells(made, until=datetime.fromisoformat("2024-01-02T00:00Z"), by=[]).values.tolist()
    [[12.0, 'answered']]
    """
    cause = "CASE WHEN is_answered THEN 'answered' WHEN is_abandoned THEN 'abandoned' END"
    start = "coalesce(queue_entered_at, created_at)"
    return _spells(
        contacts, until=until, by=by, population="coalesce(is_offered, FALSE)", cause=cause, duration="wait_s",
        start=start, unknown={},
    )  # fmt: skip


def _spells(
    contacts: Any,
    *,
    until: datetime,
    by: Sequence[str],
    population: str,
    cause: str,
    duration: str,
    start: str,
    unknown: dict[str, str],
) -> pd.DataFrame:
    """Run one query over the facts: the population, its spells, and what had to be left out."""
    if until.tzinfo is None:
        raise SettingError(f"until must have a time zone, got {until.isoformat()!r}. Give the last look with its zone.")
    rows = narrowed(contacts, [], others=[*_KINDS, *by])
    have = set(rows.columns)
    look = f"TIMESTAMPTZ '{until.isoformat()}'"
    reasons = " ".join(f"WHEN {test} THEN '{reason}'" for reason, test in unknown.items())
    names = "".join(f"{quote_name(name)}, " for name in by)
    found = (
        rows.project(", ".join([*filled_sql(have, _KINDS, by), f"{'is_resolved' in have} AS has_outcomes"]))
        .filter(f"{population} AND created_at < {look}")
        .project(f"{names} *, {cause} AS _cause, {duration} AS _took, epoch({look}) - epoch({start}) AS _so_far")
        .project(
            f"""{names} CASE WHEN _took <= _so_far THEN _took ELSE _so_far END AS duration_s,
            CASE WHEN _took <= _so_far THEN _cause END AS cause,
            CASE {reasons} WHEN _cause IS NOT NULL AND _took IS NULL THEN 'time_unknown'
                WHEN least(_took, _so_far) < 0 THEN 'clock_runs_backwards' END AS reason"""
        )
        .to_arrow_table()
        .to_pandas()
    )
    is_out = found["reason"].notna()
    made = found[~is_out].drop(columns="reason").reset_index(drop=True)
    made.attrs = {"left_out": {str(k): int(v) for k, v in found.loc[is_out, "reason"].value_counts().items()}}
    return made
