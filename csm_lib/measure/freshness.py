"""How old is the data: when each table starts and ends, and whether one stops while the others go on.

A table that nobody fills any more looks like a quiet week. Its promise is to reach nearly as far as the newest rows of
any other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

import pandas as pd

from csm_lib.definitions import TABLES
from csm_lib.measure.sums import narrowed

__all__ = ["INSTANTS", "freshness"]

# the instant that says how old a table's row is
INSTANTS = MappingProxyType(
    {
        "contacts": "created_at",
        "messages": "sent_at",
        "status_log": "changed_at",
        "surveys": "sent_at",
        "reviews": "reviewed_at",
        "complaints": "received_at",
        "orders": "ordered_at",
        "shifts": "starts_at",
        "volumes": "starts_at",
    }
)


def freshness(tables: Mapping[str, Any], *, instants: Mapping[str, str], as_of: datetime) -> pd.DataFrame:
    """Say how old the newest row of each table is.

    Parameters
    ----------
    tables : mapping of str to frame
        Anything `measure` reads too; only the column of instants is read.
    instants : mapping of str to str
        For each table to judge, its column of zone-aware instants.
    as_of : datetime, zone-aware
        The moment to judge from, such as the end of the period.

    Returns
    -------
    DataFrame
        One row per table: `table n first_at latest_at age_h n_later behind_s promised_s is_late`; `age_h` in hours from
        the newest instant not after `as_of` (NaN without one); `n_later` rows lie after `as_of`; `behind_s` from its
        newest row of all to the newest of any table that promises an age (`promised_s`, at most so far behind; NaN
        where a table promises none); `is_late` None where it promises none or has no rows.

    Examples
    --------
    >>> seen = pd.DataFrame({"created_at": pd.to_datetime(["2024-03-30 00:00Z", "2024-03-31 12:00Z"])})
    >>> table = freshness({"contacts": seen}, instants={"contacts": "created_at"}, as_of=pd.Timestamp("2024-04-01T00Z"))
    >>> table[["table", "age_h"]].values.tolist()
    [['contacts', 12.0]]
    """
    moment = pd.Timestamp(as_of)
    rows, newest = [], {}
    for name, column in instants.items():
        column_read = narrowed(tables[name], [], others=[column]).to_arrow_table().to_pandas()[column]
        seen = column_read.dropna()
        until = seen[seen <= moment]
        latest = until.max() if len(until) else pd.NaT
        age_h = (moment - latest).total_seconds() / 3600 if len(until) else math.nan
        first = seen.min() if len(seen) else pd.NaT
        rows.append((name, len(column_read), first, latest, age_h, len(seen) - len(until)))
        newest[name] = seen.max() if len(seen) else pd.NaT
    table = pd.DataFrame(rows, columns=["table", "n", "first_at", "latest_at", "age_h", "n_later"])
    return pd.concat([table, _behind(newest)], axis=1)


def _behind(newest: Mapping[str, pd.Timestamp]) -> pd.DataFrame:
    """Compare how far each table reaches with what it promises."""
    days = [TABLES[name].fresh_within_days if name in TABLES else None for name in newest]
    promised = pd.Series([math.nan if each is None else each * 86400 for each in days], dtype=float)
    reached = pd.Series(list(newest.values()), dtype="datetime64[ns, UTC]")
    behind = (reached[promised.notna()].max() - reached).dt.total_seconds().where(promised.notna())
    is_late = (behind > promised).astype(object).where(behind.notna(), None)
    return pd.DataFrame({"behind_s": behind, "promised_s": promised, "is_late": is_late})
