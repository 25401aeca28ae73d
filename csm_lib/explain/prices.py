"""What a problem costs: the contacts that would not have come, the hours they took and the money.

A problem that is not solved comes back: as a repeat once it was called solved, as a chaser while it is still open, as a
retry after the customer gave up waiting. Each such contact is counted once, with the contact before it, so problems are
priced by what followed them. It is what removing them could win at most: some would have come anyway.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from csm_lib.engine import borrow, quote_name
from csm_lib.explain.filters import columns_in, row_condition
from csm_lib.explain.population import table_of
from csm_lib.explain.robust import cluster_numbers, mean_with_bounds
from csm_lib.measure.arguments import check_level
from csm_lib.measure.changes import difference
from csm_lib.measure.sums import columns_of

__all__ = ["KINDS", "cost_rates", "flag_problems", "follow_ups", "prices"]

KINDS = ("retry", "chaser", "repeat")
_COLUMNS = (
    "contact_id", "customer_id", "issue", "channel", "created_at", "resolved_at", "abandoned_at", "handle_s", "cost",
)  # fmt: skip
_SHOWN = (
    "problem", "n_contacts", "n_repeat", "n_chaser", "n_retry", "n", "n_low", "n_high", "hours", "hours_low",
    "hours_high",
    "money", "money_low", "money_high", "excess", "excess_low", "excess_high", "method",
)  # fmt: skip
_FEWEST = 8


def follow_ups(facts: Any, *, window_days: float = 7, retry_within_h: float = 24) -> pd.DataFrame:
    """Find the contacts that came only because an earlier one did not help.

    Parameters
    ----------
    facts : frame of contact facts
        Columns read: `contact_id customer_id issue channel created_at resolved_at abandoned_at handle_s cost`.
    window_days : float, days
        Longest time after which a contact still belongs to the one before.
    retry_within_h : float, hours
        The same after a customer gave up waiting.

    Returns
    -------
    DataFrame
        One row per avoidable contact: `contact_id earlier_id customer_id channel kind handle_s cost`. `kind` is "retry"
        (the customer's contact just before was abandoned, on whatever subject), else, for the same customer and issue,
        "chaser" (the former was still open) or "repeat" (it was resolved). Contacts whose customer is unknown are never
        found.

    Raises
    ------
    UsageError
        If a column is absent.

    Examples
    --------
    >>> seen = pd.DataFrame({"contact_id": ["1", "2"], "customer_id": "a", "issue": "fee", "channel": "phone",
    ...     "created_at": pd.to_datetime(["2024-01-01 09:00Z", "2024-01-02 09:00Z"]), "handle_s": 300.0, "cost": None,
    ...     "resolved_at": pd.to_datetime(["2024-01-01 09:10Z", None]), "abandoned_at": None})
    >>> follow_ups(seen)[["contact_id", "earlier_id", "kind"]].values.tolist()
    [['2', '1', 'repeat']]
    """
    query = f"""
        WITH held AS (
            SELECT contact_id::VARCHAR AS contact_id, customer_id::VARCHAR AS customer_id, issue::VARCHAR AS issue,
                channel,
                created_at::TIMESTAMPTZ AS created_at, resolved_at::TIMESTAMPTZ AS resolved_at,
                abandoned_at::TIMESTAMPTZ AS abandoned_at, handle_s::DOUBLE AS handle_s, cost::DOUBLE AS cost
            FROM facts WHERE customer_id IS NOT NULL AND created_at IS NOT NULL
        ), followed AS (
            SELECT *, lag(contact_id) OVER person AS last_id, lag(abandoned_at) OVER person AS last_abandoned_at,
                lag(contact_id) OVER matter AS same_id, lag(created_at) OVER matter AS same_created_at,
                lag(resolved_at) OVER matter AS same_resolved_at, lag(abandoned_at) OVER matter AS same_abandoned_at
            FROM held
            WINDOW person AS (PARTITION BY customer_id ORDER BY created_at, contact_id),
                matter AS (PARTITION BY customer_id, issue ORDER BY created_at, contact_id)
        ), kinds AS (
            SELECT *, CASE
                WHEN last_abandoned_at IS NOT NULL
                    AND epoch(created_at - last_abandoned_at) BETWEEN 0 AND {float(retry_within_h) * 3600!r}
                    THEN 'retry'
                WHEN issue IS NULL OR same_id IS NULL OR same_abandoned_at IS NOT NULL THEN NULL
                WHEN (same_resolved_at IS NULL OR same_resolved_at > created_at)
                    AND epoch(created_at - same_created_at) <= {float(window_days) * 86400!r} THEN 'chaser'
                WHEN epoch(created_at - same_resolved_at) BETWEEN 0 AND {float(window_days) * 86400!r} THEN 'repeat'
                END AS kind
            FROM followed
        )
        SELECT contact_id, CASE WHEN kind = 'retry' THEN last_id ELSE same_id END AS earlier_id, customer_id, channel,
            kind, handle_s, cost
        FROM kinds WHERE kind IS NOT NULL ORDER BY contact_id
    """
    held = table_of(facts, _COLUMNS, role="facts")
    with borrow() as connection:
        connection.register("facts", held)
        return connection.sql(query).to_arrow_table().to_pandas()


def cost_rates(costs: pd.DataFrame) -> dict[str, float]:
    """Read what an hour of an agent and a contact of a channel cost.

    Parameters
    ----------
    costs : DataFrame
        The table `costs`: `kind` "agent_hour", or "contact_" and a channel ("contact_text" for all that are not
        phone); the newest `month_on` counts.

    Returns
    -------
    dict of str to float

    Examples
    --------
    >>> cost_rates(pd.DataFrame({"kind": ["agent_hour", "tools"], "amount": [62.0, 900.0], "month_on": None}))
    {'agent_hour': 62.0}
    """
    if costs.empty:
        return {}
    known = costs[costs["kind"].astype(str).str.fullmatch(r"agent_hour|contact_\w+") & costs["amount"].notna()]
    ordered = known.sort_values("month_on", kind="stable", na_position="first") if "month_on" in known else known
    return {str(row.kind): float(row.amount) for row in ordered.itertuples()}


def flag_problems(facts: Any, problems: Mapping[str, str], columns: tuple[str, ...]) -> pd.DataFrame:
    """Say for every contact which problems it has.

    Parameters
    ----------
    facts : frame of contact facts
    problems : mapping of str to str
        Name to a row expression over the facts (`csm_lib.explain.filters`).
    columns : tuple of str
        Columns to keep beside; those the facts lack are missing throughout.

    Returns
    -------
    DataFrame
        `columns`, and a flag per problem called `is_0`, `is_1`, … in their order.

    Raises
    ------
    UsageError
        If an expression cannot be read or names no column.
    """
    present = list(columns_of(facts))
    wheres = {name: f"problem {name!r}" for name in problems}
    conditions = {name: row_condition(text, columns=present, where=wheres[name]) for name, text in problems.items()}
    needed = [
        column for name, text in problems.items() for column in columns_in(text, columns=present, where=wheres[name])
    ]
    kept = [name for name in columns if name in present]
    held = table_of(facts, list(dict.fromkeys([*kept, *needed])), role="facts")
    picked = list(map(quote_name, kept))
    picked += [f"{condition} AS is_{i}" for i, condition in enumerate(conditions.values())]
    with borrow() as connection:
        connection.register("facts", held)
        rows = connection.sql(f"SELECT {', '.join(picked) or '1'} FROM facts").to_arrow_table().to_pandas()
    return rows.assign(**{name: None for name in columns if name not in kept})


def prices(
    facts: Any,
    problems: Mapping[str, str],
    *,
    rates: Mapping[str, float] | None = None,
    window_days: float = 7,
    retry_within_h: float = 24,
    level: float = 0.95,
) -> pd.DataFrame:
    """Put a price on each problem.

    Parameters
    ----------
    facts : frame of contact facts
        As in `follow_ups`, and the columns that the problems name.
    problems : mapping of str to str
        Name to the row expression that says which contacts have it; problems may overlap.
    rates : mapping of str to float, optional
        As `cost_rates` gives. Without it there is no money.
    window_days, retry_within_h : float
        As in `follow_ups`.
    level : float, 0–1

    Returns
    -------
    DataFrame
        One row per problem, dearest beyond others first: `problem n_contacts n_repeat n_chaser n_retry n n_low n_high
        hours hours_low hours_high money money_low money_high excess excess_low excess_high method`. `n_contacts` have
        the problem, `n` avoidable contacts followed one of them, `hours` their handling time. `excess` is what they
        cost beyond what follows as many other contacts, in money, in hours where no cost is known. `.attrs`:
        `n_follow_ups`, `n_contacts`, `n_without_customer`, `reason` where nothing can be priced.

    Raises
    ------
    UsageError
        If a column is absent or an expression cannot be read.
    SettingError
        If `level` is no probability.

    Notes
    -----
    Money is hours × the agent's hour, else contacts × the rate of their channel, else the cost noted on the contacts.
    Intervals: the total over customers, from how much customers differ (Student's t; Cochran 1977, ch. 9); none below 8
    customers.
    """
    check_level(level)
    rows = flag_problems(facts, problems, ("contact_id", "customer_id"))
    found = follow_ups(facts, window_days=window_days, retry_within_h=retry_within_h)
    money, how = _money(found, rates or {})
    found = found.assign(money=money, hours=found["handle_s"].fillna(0) / 3600)
    what = "money" if found["money"].notna().any() else "hours"
    rows = rows.assign(spent=rows["contact_id"].map(found.groupby("earlier_id")[what].sum()).fillna(0.0))
    made = [
        _price(name, rows[rows[f"is_{i}"]], found, how, level) | _excess(rows, rows[f"is_{i}"].to_numpy(bool), level)
        for i, name in enumerate(problems)
    ]
    table = pd.DataFrame(made, columns=list(_SHOWN))
    order = ["excess", "money", "hours", "n"]
    table = table.sort_values(order, ascending=False, kind="stable", ignore_index=True)
    n_unknown = int(rows["customer_id"].isna().sum())
    reason = None if len(found) else "no contact is known to follow another of the same customer"
    if len(rows) and n_unknown == len(rows):
        reason = "no contact says who the customer is"
    table.attrs.update(n_follow_ups=len(found), n_contacts=len(rows), n_without_customer=n_unknown, reason=reason)
    return table


def _money(found: pd.DataFrame, rates: Mapping[str, float]) -> tuple[pd.Series, str]:
    """Cost of each avoidable contact, and by which rate."""
    if "agent_hour" in rates:
        return found["handle_s"].fillna(0) / 3600 * rates["agent_hour"], "hours × cost of an agent's hour"
    if rates:
        other = rates.get("contact_text", math.nan)
        by_channel = found["channel"].map(lambda channel: rates.get(f"contact_{channel}", other))
        return by_channel.astype(float), "contacts × cost of a contact of their channel"
    if found["cost"].notna().any():
        return found["cost"].astype(float), "cost noted on the contacts"
    return pd.Series(math.nan, index=found.index, dtype=float), "no money: no cost is known"


def _price(name: str, having: pd.DataFrame, found: pd.DataFrame, how: str, level: float) -> dict[str, Any]:
    followed = found[found["earlier_id"].isin(having["contact_id"])]
    kinds = followed["kind"].value_counts()
    row: dict[str, Any] = {"problem": name, "n_contacts": len(having), "method": how}
    row |= {f"n_{kind}": int(kinds.get(kind, 0)) for kind in KINDS}
    customers = having["customer_id"].dropna().unique()
    for what in ("n", "hours", "money"):
        values = followed.assign(n=1.0).groupby("customer_id")[what].sum(min_count=1).reindex(customers, fill_value=0.0)
        row |= dict(zip((what, f"{what}_low", f"{what}_high"), _total(values.to_numpy(float), level), strict=True))
    if np.isnan(found["money"]).all():
        row |= dict.fromkeys(("money", "money_low", "money_high"), math.nan)
    return row


def _excess(rows: pd.DataFrame, inside: np.ndarray, level: float) -> dict[str, float]:
    """Spent after the contacts with a problem, less what is spent after as many others."""
    names = ("excess", "excess_low", "excess_high")
    known = rows["customer_id"].notna().to_numpy()
    parts = []
    for chosen in (known & inside, known & ~inside):
        if not chosen.any():
            return dict.fromkeys(names, math.nan)
        held = rows[chosen]
        parts.append(mean_with_bounds(held["spent"].to_numpy(float), cluster_numbers(held["customer_id"]), level))
    (one, low, high), (other, other_low, other_high) = parts
    made = difference(one, low, high, other, other_low, other_high, level=level)[:3]
    return {name: float((known & inside).sum()) * number for name, number in zip(names, made, strict=True)}


def _total(values: np.ndarray, level: float) -> tuple[float, float, float]:
    """Sum over customers with its interval."""
    n, total = len(values), float(values.sum())
    if n < _FEWEST:
        return total, math.nan, math.nan
    reach = float(stdtrit(n - 1, (1 + level) / 2)) * math.sqrt(n * float(values.var(ddof=1)))
    return total, max(total - reach, 0.0), total + reach
