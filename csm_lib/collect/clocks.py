"""Clocks: which promise each contact, hand-over and unhappy customer sets running, and what came of it.

A clock runs in elapsed or business time and rests while the customer is waited for. The policy in force when it started
says how long it may run; where the source system judged it, its word goes first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import duckdb
import numpy as np
import pyarrow as pa

from csm_lib.calendar import BusinessClock
from csm_lib.collect.business_clock import calendar_of, calendar_sql
from csm_lib.collect.clock_queries import CLOCK_STARTS, LOOP_STARTS
from csm_lib.collect.clock_runs import run_clocks
from csm_lib.engine import quote_text
from csm_lib.settings import Policy, Settings
from csm_lib.settings.policies import in_order

__all__ = ["CLOCK", "start_clocks"]

_HORIZON_DAYS = 800  # how long after the last instant a promise may be due: longer ones are not due within any report
_STARTED = [
    "kind",
    "contact_id",
    "subject_id",
    "customer_id",
    "customer_segment",
    "channel",
    "team",
    "agent_id",
    "issue",
    "product",
    "priority",
]
_MARK = "started_clocks"

CLOCK = """
SELECT
    kind || ' ' || COALESCE(subject_id, contact_id) AS clock_id,
    s.* EXCLUDE (local_date),
    COALESCE((due_at AT TIME ZONE '{zone}')::DATE, CASE WHEN policy IS NULL THEN s.local_date END) AS local_date
FROM run_clocks s
"""


def start_clocks(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    *,
    cut_off_on: date,
    part: str = "true",
    first: bool = True,
) -> None:
    """Make the table `run_clocks`: a row per clock of a part of the contacts, with when it was due and whether it met.

    Reads the facts of contacts, message pairs, complaints and surveys, and the tables `status_log complaints surveys`.
    Contacts have a clock where a policy fits or the source system judged them; the source's word goes first.

    Parameters
    ----------
    connection : DuckDBPyConnection
    settings : Settings
    cut_off_on : date
        Last local day of the data.
    part : str
        Condition on `contact_id`, for the clocks of contacts.
    first : bool
        Also start the clocks of complaints and unhappy customers, which are not cut into parts.
    """
    policies = in_order(settings.indicators.policies)
    queries = [*_contact_queries(connection, policies, part), *(_loop_queries(settings) if first else [])]
    union = " UNION ALL ".join(queries) or f"{_nothing()} WHERE FALSE"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {_MARK} AS "
        f"SELECT *, row_number() OVER () - 1 AS number FROM ({_with_policies(union, policies, settings)})"
    )
    midnight = (cut_off_on + timedelta(days=1)).isoformat()
    cut_off_s = connection.execute(
        f"SELECT epoch(TIMESTAMP '{midnight}' AT TIME ZONE '{settings.workbook.zone}')"
    ).fetchall()[0][0]
    held = connection.sql(
        "SELECT epoch(started_at) AS started, epoch(stopped_at) AS stopped, epoch(ended_at) AS ended, "
        f"COALESCE(is_failed, FALSE) AS is_failed, within_s, calendar FROM {_MARK} ORDER BY number"
    ).to_arrow_table()
    ran = _run_by_calendar(held, _pauses(connection, policies), settings, float(cut_off_s))
    connection.register("arrow_run", ran)
    names = ", ".join(f"s.{name}" for name in _STARTED)
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE run_clocks AS
        SELECT {names}, s.started_at, r.due_at, s.stopped_at, s.local_date, s.within_s, r.elapsed_s, r.paused_s,
            s.runs_in, s.policy,
            CASE WHEN s.is_met_by_source IS NOT NULL THEN 'source system' ELSE s.basis END AS verdict_from,
            s.is_met_by_source IS NULL AND COALESCE(r.is_open, FALSE) AS is_open,
            COALESCE(s.is_met_by_source, r.is_met) AS is_met
        FROM {_MARK} s JOIN arrow_run r ON r.number = s.number
        """
    )
    connection.unregister("arrow_run")
    connection.execute(f"DROP TABLE {_MARK}")


def _contact_queries(connection: duckdb.DuckDBPyConnection, policies: Sequence[Policy], part: str) -> list[str]:
    """Name the kinds of clocks that any policy speaks of or the source system judged."""
    promised = {policy.kind for policy in policies}
    for kind in ("response", "resolution"):
        found = connection.sql(f"SELECT 1 FROM contact_facts WHERE met_{kind}_sla IS NOT NULL LIMIT 1").fetchall()
        promised |= {kind} if found else set()
    within = part.replace("contact_id", "f.contact_id")
    return [
        f"SELECT '{kind}' AS kind, NULL::DOUBLE AS limit_s, * FROM ({query.format(part=within)})"
        for kind, query in CLOCK_STARTS.items()
        if kind in promised
    ]


def _loop_queries(settings: Settings) -> list[str]:
    limits = settings.indicators.thresholds
    within = {
        "complaint_response": limits.complaint_response_s,
        "closed_loop_contact": limits.closed_loop_contact_h * 3600,
        "closed_loop_resolution": limits.closed_loop_resolution_h * 3600,
    }
    return [
        f"SELECT '{kind}' AS kind, {within[kind]}::DOUBLE AS limit_s, * FROM ({query})"
        for kind, query in LOOP_STARTS.items()
    ]


def _nothing() -> str:
    texts = ", ".join(f"NULL::VARCHAR AS {name}" for name in _STARTED)
    instants = ", ".join(f"NULL::TIMESTAMPTZ AS {name}" for name in ("started_at", "stopped_at", "ended_at"))
    return f"SELECT {texts}, NULL::DOUBLE AS limit_s, {instants}, FALSE AS is_failed, NULL::BOOLEAN AS is_met_by_source"


def _with_policies(union: str, policies: Sequence[Policy], settings: Settings) -> str:
    """Add to each clock the policy in force when it started, its allowance and its calendar."""
    dated = f"(started_at AT TIME ZONE '{settings.workbook.zone}')::DATE"
    cases = [
        (f"WHEN kind = '{policy.kind}' AND started_on >= DATE '{policy.valid_from}'{_limits(policy)}", number, policy)
        for number, policy in enumerate(policies)
    ]

    def chosen(values: Mapping[int, str], otherwise: str) -> str:
        whens = " ".join(f"{condition} THEN {values[number]}" for condition, number, _ in cases)
        return f"CASE {whens} ELSE {otherwise} END" if whens else otherwise

    allowance = chosen({number: f"{policy.within_s}::DOUBLE" for _, number, policy in cases}, "limit_s")
    runs_in = chosen({number: f"'{policy.clock}'" for _, number, policy in cases}, "'elapsed'")
    named = chosen({number: quote_text(_name(policy)) for _, number, policy in cases}, "NULL")
    place = chosen({number: str(number) for _, number, policy in cases}, "NULL::INTEGER")
    return f"""
        SELECT *,
            CASE WHEN runs_in = 'business' THEN {calendar_sql(settings)} END AS calendar,
            CASE WHEN limit_s IS NOT NULL THEN 'limit of the settings' WHEN policy IS NOT NULL THEN 'policy' END
                AS basis
        FROM (
            SELECT *, {allowance} AS within_s, {runs_in} AS runs_in, {named} AS policy, {place} AS place,
                started_on AS local_date
            FROM (SELECT *, {dated} AS started_on FROM ({union})) WHERE started_at IS NOT NULL
        )
        WHERE within_s IS NOT NULL OR is_met_by_source IS NOT NULL
    """


def _limits(policy: Policy) -> str:
    conditions = [
        f" AND COALESCE({column} IN ({', '.join(quote_text(word) for word in words)}), FALSE)"
        for column, words in policy.limits.items()
    ]
    return "".join(conditions)


def _name(policy: Policy) -> str:
    """Say in words which promise it is, such as "response within 600 s business, urgent, from 2024-01-01"."""
    words = [word for limited in policy.limits.values() for word in limited]
    since = [f"from {policy.valid_from}"] if policy.valid_from > date(1970, 1, 1) else []
    return ", ".join([f"{policy.kind} within {policy.within_s:g} s {policy.clock}", *words, *since])


def _pauses(connection: duckdb.DuckDBPyConnection, policies: Sequence[Policy]) -> pa.Table:
    """List the rests of clocks: number, first, last; from a pausing status to the contact's next change of status."""
    conditions = [
        f"(s.place = {number} AND l.status IN ({', '.join(quote_text(word) for word in policy.paused_by)}))"
        for number, policy in enumerate(policies)
        if policy.paused_by
    ]
    words = ", ".join(quote_text(word) for word in sorted({word for policy in policies for word in policy.paused_by}))
    resting = f"status IN ({words or 'NULL'})"
    return connection.sql(
        f"""
        SELECT s.number, epoch(l.changed_at) AS first, epoch(l.next_at) AS last
        FROM {_MARK} s
        JOIN (
            SELECT contact_id, status, changed_at,
                lead(changed_at) OVER (PARTITION BY contact_id ORDER BY changed_at) AS next_at
            FROM status_log
            WHERE contact_id IN (SELECT contact_id FROM status_log WHERE {resting})
        ) l ON l.contact_id = s.contact_id
        WHERE {" OR ".join(conditions) or "FALSE"}
        """
    ).to_arrow_table()


def _run_by_calendar(held: pa.Table, pauses: pa.Table, settings: Settings, cut_off_s: float) -> pa.Table:
    """Run all clocks, one calendar after the other."""
    columns = {
        name: held[name].to_numpy(zero_copy_only=False).astype(float)
        for name in ("started", "stopped", "ended", "within_s")
    }
    failed = held["is_failed"].to_numpy(zero_copy_only=False).astype(bool)
    rows = {name: pauses[name].to_numpy(zero_copy_only=False) for name in ("number", "first", "last")}
    calendars = held["calendar"].combine_chunks().dictionary_encode()
    codes = calendars.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    n_clocks = held.num_rows
    made = {name: np.full(n_clocks, np.nan) for name in ("due", "elapsed", "paused", "met")}
    is_open = np.zeros(n_clocks, dtype=bool)
    for code, name in enumerate([None, *calendars.dictionary.to_pylist()], start=-1):
        chosen = np.flatnonzero((codes == code) & ~np.isnan(columns["within_s"]))
        if not len(chosen):
            continue
        position = np.full(n_clocks, -1)
        position[chosen] = np.arange(len(chosen))
        mine = position[rows["number"]] >= 0
        ran = run_clocks(
            columns["started"][chosen],
            columns["stopped"][chosen],
            columns["within_s"][chosen],
            ended_s=columns["ended"][chosen],
            is_failed=failed[chosen],
            pauses=(position[rows["number"][mine]], rows["first"][mine], rows["last"][mine]),
            cut_off_s=cut_off_s,
            clock=_calendar(name, settings, float(columns["started"][chosen].min()), cut_off_s),
        )
        made["due"][chosen], made["elapsed"][chosen], made["paused"][chosen] = ran.due_s, ran.elapsed_s, ran.paused_s
        made["met"][chosen], is_open[chosen] = ran.is_met, ran.is_open
    due_us = np.where(np.isnan(made["due"]), 0, np.round(made["due"] * 1e6)).astype(np.int64)
    return pa.table(
        {
            "number": pa.array(np.arange(n_clocks)),
            "due_at": pa.array(due_us, pa.timestamp("us", "UTC"), mask=np.isnan(made["due"])),
            "elapsed_s": pa.array(made["elapsed"], mask=np.isnan(made["elapsed"])),
            "paused_s": pa.array(made["paused"], mask=np.isnan(made["paused"])),
            "is_met": pa.array(made["met"] == 1, mask=np.isnan(made["met"])),
            "is_open": pa.array(is_open),
        }
    )


def _calendar(name: str | None, settings: Settings, first_s: float, cut_off_s: float) -> BusinessClock | None:
    """Give the business clock of a team or channel; None where time is elapsed time, or there is no closing hour."""
    if name is None:
        return None
    first_on = datetime.fromtimestamp(first_s, UTC).date() - timedelta(days=2)
    last_on = datetime.fromtimestamp(cut_off_s, UTC).date() + timedelta(days=_HORIZON_DAYS)
    hours = calendar_of(name, settings, years=tuple(range(first_on.year, last_on.year + 1)))
    return None if hours is None else hours.clock(first_on, last_on)
