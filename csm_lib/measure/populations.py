"""Who is in which population: what became of every contact of a period, so that none hides in a rate.

The answer rate speaks of live contacts that asked for a human in opening hours. All others (bots, e-mail, the night)
are counted here, beside it, instead of being averaged in.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from csm_lib.engine import quote_name
from csm_lib.measure.sums import narrowed

__all__ = ["populations", "scope_volume"]

_COUNTS = {
    "n_contacts": "count(*)",
    "n_offered": "count(*) FILTER (is_offered)",
    "n_answered": "count(*) FILTER (is_offered AND is_answered)",
    "n_abandoned": "count(*) FILTER (is_offered AND is_abandoned AND NOT is_answered)",
    "n_waiting": "count(*) FILTER (is_offered AND NOT is_answered AND NOT is_abandoned)",
    "n_self_service": "count(*) FILTER (NOT is_offered AND is_live AND coalesce(is_self_service, FALSE))",
    "n_not_asking_in_hours": "count(*) FILTER (NOT is_offered AND is_live AND NOT coalesce(is_self_service, FALSE))",
    "n_not_live": "count(*) FILTER (NOT is_live)",
    "n_handled": "count(*) FILTER (is_handled)",
    "n_agents": "count(DISTINCT agent_id)",
}
_READ = ("is_offered", "is_answered", "is_abandoned", "is_live", "is_self_service", "is_handled", "agent_id")


def populations(contacts: Any, *, by: str | Iterable[str] = "channel") -> pd.DataFrame:
    """Count what became of the contacts, group by group.

    Parameters
    ----------
    contacts : frame of contact facts
        Columns read: `is_offered is_answered is_abandoned is_live is_self_service is_handled agent_id` and `by`.
    by : str or iterable of str

    Returns
    -------
    DataFrame
        One row per group, ascending, missing last: `by`, `n_contacts n_offered n_answered n_abandoned n_waiting
        n_self_service n_not_asking_in_hours n_not_live n_handled n_agents`. Offered is answered + abandoned + waiting;
        contacts are offered + self-service + not asking in hours + not live.

    Examples
    --------
    >>> seen = pd.DataFrame({"channel": ["phone", "phone", "email"], "agent_id": ["a", None, "a"],
    ...     "is_offered": [True, True, False], "is_answered": [True, False, True], "is_abandoned": [False, True, False],
    ...     "is_live": [True, True, False], "is_self_service": [False, False, False],
    ...     "is_handled": [True, False, True]})
    >>> populations(seen)[["channel", "n_contacts", "n_offered", "n_answered"]].values.tolist()
    [['email', 1, 0, 0], ['phone', 2, 2, 1]]
    """
    groups = [by] if isinstance(by, str) else list(by)
    rows = narrowed(contacts, [], others=[*_READ, *groups])
    named = list(map(quote_name, groups))
    counts = [f"{text} AS {name}" for name, text in _COUNTS.items()]
    summed = rows.aggregate(", ".join([*named, *counts]), ", ".join(named))
    return summed.order(", ".join(f"{name} NULLS LAST" for name in named)).to_arrow_table().to_pandas()


def scope_volume(every: Any, inside: Any, *, by: str = "channel") -> pd.DataFrame:
    """Count the contacts in and out of a scope, so that a narrow scope hides no work.

    Parameters
    ----------
    every, inside : frame of contact facts
        All of the period, and those of the scope. Columns read: those of `populations`.
    by : str

    Returns
    -------
    DataFrame
        One row per group, ascending: `by`, `n_contacts n_in_scope n_out_of_scope in_scope_share`.

    Examples
    --------
    >>> flags = dict.fromkeys(_READ[:-1], False)
    >>> seen = pd.DataFrame({"channel": ["phone", "email", "email"], "agent_id": "a"}).assign(**flags)
    >>> scope_volume(seen, seen[seen["channel"] == "phone"]).values.tolist()
    [['email', 2, 0, 2, 0.0], ['phone', 1, 1, 0, 1.0]]
    """
    whole = populations(every, by=by)[[by, "n_contacts"]]
    part = populations(inside, by=by)[[by, "n_contacts"]].rename(columns={"n_contacts": "n_in_scope"})
    table = whole.merge(part, on=by, how="left")
    table["n_in_scope"] = table["n_in_scope"].fillna(0).astype("int64")
    table["n_out_of_scope"] = table["n_contacts"] - table["n_in_scope"]
    table["in_scope_share"] = table["n_in_scope"] / table["n_contacts"]
    return table
