"""What is still open: how much, how old, and whether it grows.

Times of what was finished say nothing about what was left lying: a desk that answers only the easy contacts has fast
means and a growing pile. So the pile is counted at the cut-off, by age, and week by week.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from csm_lib.engine import borrow, quote_name, quote_text
from csm_lib.errors import SettingError
from csm_lib.measure.readable import filled_sql
from csm_lib.measure.sums import narrowed

__all__ = ["AGES_H", "backlog", "backlog_trend"]

AGES_H = (24.0, 72.0, 168.0, 720.0)  # a day, three, a week, thirty days
_KINDS = dict.fromkeys(
    ("created_at", "abandoned_at", "resolved_at", "closed_at", "withdrawn_at"), "TIMESTAMP WITH TIME ZONE"
) | {"channel": "VARCHAR", "status": "VARCHAR"} | dict.fromkeys(
    ("is_live", "is_offered", "is_self_service", "is_handled", "is_resolved"), "BOOLEAN"
)  # fmt: skip
# solved by a bot, hung up or never asked for a human: nobody has to work on it
_WANTED = (
    "(coalesce(is_handled, FALSE) OR coalesce(is_offered, FALSE) OR NOT is_live) "
    "AND NOT coalesce(is_self_service, FALSE)"
)
_OVER = "coalesce(status, '') IN ('resolved', 'closed', 'withdrawn', 'merged')"
_COLUMNS = ("n_open", "median_age_s", "oldest_age_s", "oldest_created_at")


def backlog(
    contacts: Any, *, at: datetime, by: Sequence[str] = ("channel",), ages_h: Sequence[float] = AGES_H
) -> pd.DataFrame:
    """Count what is open at an instant, by age.

    Parameters
    ----------
    contacts : frame of contact facts
        All there are, not only those of the period: what is oldest began before it. Columns read, as far as they are
        there: `created_at abandoned_at resolved_at closed_at withdrawn_at status is_live is_offered is_handled
        is_self_service` and `by`. Open is what asked for a human, had begun and had not ended.
    at : datetime with a zone
    by : sequence of str
    ages_h : sequence of float, ascending, hours
        Bounds of the age groups.

    Returns
    -------
    DataFrame
        One row per group with anything open, ascending: `by`, `n_open`, one count per age group (`n_below_24h` …
        `n_from_720h`), `median_age_s oldest_age_s oldest_created_at`. `.attrs`: `n_open`, and `n_without_end`, contacts
        that are over by their status with no time noted (never counted as open); `reason` where no end of a contact
        is ever noted, so nothing can be called open.

    Raises
    ------
    SettingError
        If `at` has no zone or the ages do not rise.

    Examples
    --------
    >>> came = pd.to_datetime(["2024-01-01T00:00Z", "2024-01-05T00:00Z"])
    >>> made = pd.DataFrame({"channel": "email", "created_at": came,
    ...     "resolved_at": pd.to_datetime([None, "2024-01-05T01:00Z"]), "is_live": False})
    >>> made = backlog(made, at=datetime.fromisoformat("2024-01-06T00:00Z"), by=["channel"])
    >>> made[["channel", "n_open", "n_below_168h", "oldest_age_s"]].values.tolist()
    [['email', 1, 1, 432000.0]]
    """
    _check(at, ages_h)
    rows, reason = _open_rows(contacts, by)
    names = ", ".join(map(quote_name, by))
    look = f"TIMESTAMPTZ '{at.isoformat()}'"
    counted = [f"count(*) FILTER ({test}) AS {name}" for name, test in _age_tests("_age_s", ages_h).items()]
    wanted = [*([names] if names else []), "count(*) AS n_open", *counted, "median(_age_s) AS median_age_s",
              "max(_age_s) AS oldest_age_s", "min(created_at) AS oldest_created_at"]  # fmt: skip
    still = rows.filter(f"created_at < {look} AND (_ended_at IS NULL OR _ended_at >= {look}) AND NOT _is_endless")
    aged = still.project(f"*, epoch({look}) - epoch(created_at) AS _age_s")
    table = aged.aggregate(", ".join(wanted), names).filter("n_open > 0")
    table = table.order(", ".join(f"{quote_name(name)} NULLS LAST" for name in by)) if by else table
    made = table.to_arrow_table().to_pandas()
    endless = rows.filter(f"created_at < {look} AND _is_endless").aggregate("count(*) AS n").fetchall()[0][0]
    made = made.iloc[:0] if reason else made
    made.attrs = {"n_open": int(made["n_open"].sum()), "n_without_end": int(endless), "reason": reason}
    return made


def backlog_trend(
    contacts: Any, *, last: datetime, looks: int = 13, step_days: int = 7, ages_h: Sequence[float] = AGES_H
) -> pd.DataFrame:
    """Count what was open at the end of every week, by age.

    Parameters
    ----------
    contacts, ages_h
        As in `backlog`.
    last : datetime with a zone
        The last look.
    looks : int, ≥ 1
        Number of looks, each `step_days` local days after the one before.
    step_days : int, ≥ 1

    Returns
    -------
    DataFrame
        One row per look, oldest first: `at` (local), `n_open`, one count per age group, `oldest_age_s` (NaN where
        nothing was open), `n_came` and `n_ended` since the look before (of contacts that asked for a human).
        `.attrs["reason"]` as in `backlog`.

    Raises
    ------
    SettingError
        As `backlog`.

    Examples
    --------
    >>> came = pd.to_datetime(["2024-01-01T00:00Z", "2024-01-05T00:00Z"])
    >>> made = pd.DataFrame({"channel": "email", "created_at": came,
    ...     "resolved_at": pd.to_datetime([None, "2024-01-09T01:00Z"]), "is_live": False})
    >>> backlog_trend(made, last=datetime.fromisoformat("2024-01-15T00:00Z"), looks=3)["n_open"].tolist()
    [0, 2, 1]
    """
    _check(last, ages_h)
    rows, reason = _open_rows(contacts, ())
    tests, step = _age_tests("_age_s", ages_h), timedelta(days=step_days)
    parts = [_look(rows, last - i * step, last - (i + 1) * step, tests) for i in reversed(range(looks))]
    made = pd.DataFrame(parts, columns=["at", "n_open", *tests, "oldest_age_s", "n_came", "n_ended"])
    made = made.iloc[:0] if reason else made
    made.attrs = {"reason": reason}
    return made


def _look(rows: Any, at: datetime, before: datetime, tests: dict[str, str]) -> dict[str, Any]:
    """Count what was open at one instant, and what came and ended since the one before."""
    now, then = (f"TIMESTAMPTZ '{moment.isoformat()}'" for moment in (at, before))
    is_open = f"created_at < {now} AND (_ended_at IS NULL OR _ended_at >= {now})"
    wanted = [f"count(*) FILTER ({is_open}) AS n_open"]
    wanted += [f"count(*) FILTER ({is_open} AND ({test})) AS {name}" for name, test in tests.items()]
    wanted += [
        f"max(_age_s) FILTER ({is_open}) AS oldest_age_s",
        f"count(*) FILTER (created_at >= {then} AND created_at < {now}) AS n_came",
        f"count(*) FILTER (_ended_at >= {then} AND _ended_at < {now}) AS n_ended",
    ]
    aged = rows.filter("NOT _is_endless").project(f"*, epoch({now}) - epoch(created_at) AS _age_s")
    found = dict(zip(["n_open", *tests, "oldest_age_s", "n_came", "n_ended"],
                     aged.aggregate(", ".join(wanted)).fetchall()[0], strict=True))  # fmt: skip
    oldest = math.nan if found["oldest_age_s"] is None else found["oldest_age_s"]
    return {"at": pd.Timestamp(at)} | found | {"oldest_age_s": oldest}


def _open_rows(contacts: Any, by: Sequence[str]) -> tuple[Any, str | None]:
    """Project the contacts that asked for a human to their begin and end; and why nothing can be called open."""
    rows = narrowed(contacts, [], others=[*_KINDS, *by])
    ended = "least(resolved_at, closed_at, withdrawn_at, abandoned_at)"
    rows = (
        rows.project(", ".join(filled_sql(rows.columns, _KINDS, by)))
        .filter(_WANTED)
        .project(f"*, {ended} AS _ended_at, {ended} IS NULL AND {_OVER} AS _is_endless")
    )
    # a channel none of whose contacts ever ends in the data has no ends to be missing
    noted = rows.filter("coalesce(resolved_at, closed_at, withdrawn_at) IS NOT NULL").project("channel").distinct()
    known = [channel for (channel,) in noted.fetchall()]
    listed = ", ".join(quote_text(str(channel)) for channel in known if channel is not None)
    tests = [f"channel IN ({listed})"] * bool(listed) + ["channel IS NULL"] * (None in known)
    kept_rows = " OR ".join(tests)
    rows = rows.filter(f"({kept_rows})") if known else rows
    # read once: the trend looks at the same rows again and again
    held = rows.project(", ".join(["created_at", "_ended_at", "_is_endless", *map(quote_name, by)])).to_arrow_table()
    return borrow().from_arrow(held), None if known else "the data do not say when a contact ended"


def _age_tests(age: str, ages_h: Sequence[float]) -> dict[str, str]:
    """Name the age groups and say in SQL what falls into each."""
    low, tests = 0.0, {}
    for high in ages_h:
        tests[f"n_below_{high:g}h"] = f"{age} >= {low * 3600} AND {age} < {high * 3600}"
        low = high
    return tests | {f"n_from_{low:g}h": f"{age} >= {low * 3600}"}


def _check(at: datetime, ages_h: Sequence[float]) -> None:
    if at.tzinfo is None:
        raise SettingError(f"at must have a time zone, got {at.isoformat()!r}. Give the instant with its zone.")
    if not ages_h or any(later <= sooner for sooner, later in zip((0.0, *ages_h), ages_h, strict=False)):
        raise SettingError(f"ages_h must rise from above 0, got {list(ages_h)!r}. Give the bounds in hours, in order.")
