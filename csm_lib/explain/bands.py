"""Bands of what is too fine to search over: part of the day, how long the agent has been here, how many chats at once.

A gap that sits "at 17:42 with an agent of 93 days" is no finding; one that sits from 17 to 19 with newcomers is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb

from csm_lib.engine import borrow
from csm_lib.explain.population import table_of
from csm_lib.measure.facts_by_grain import FactsByGrain
from csm_lib.measure.sums import columns_of

__all__ = ["BANDS", "with_bands"]

# band: the column it is cut from, and the upper bounds (excluded) with their names, the last one without bound
BANDS: Mapping[str, tuple[str, tuple[tuple[float | None, str], ...]]] = {
    "part_of_day": (
        "local_hour",
        ((6, "00–06"), (9, "06–09"), (12, "09–12"), (14, "12–14"), (17, "14–17"), (19, "17–19"), (None, "19–24")),
    ),
    "tenure": (
        "agent_tenure_days",
        ((90, "under 3 months"), (365, "3–12 months"), (1095, "1–3 years"), (None, "over 3 years")),
    ),
    "agent_load": ("agent_load_at_start", ((2, "1"), (3, "2"), (4, "3"), (5, "4"), (None, "5 or more"))),
}


def with_bands(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """Add bands to every grain that has the columns they are cut from.

    Parameters
    ----------
    facts : mapping of grain to frame
        Facts as `measure` takes them; columns read: `local_hour`, `agent_tenure_days`, `agent_load_at_start`.

    Returns
    -------
    mapping of str to frame
        The same grains with the columns of `BANDS`; a missing number gives a missing band. Frames without any of the
        columns, and grains without a source (None), are handed on as they are.

    Examples
    --------
    >>> import pandas as pd
    >>> facts = {"contact": pd.DataFrame({"contact_id": ["a", "b"], "local_hour": [18, None]})}
    >>> with_bands(facts)["contact"].project("part_of_day").fetchall()
    [('17–19',), (None,)]
    """
    return FactsByGrain(facts, lambda grain: _banded(facts[grain]))


def _banded(frame: Any) -> Any:
    if frame is None:
        return None
    present = columns_of(frame)
    cuts = [_case(column, bounds, name) for name, (column, bounds) in BANDS.items() if column in present]
    if not cuts:
        return frame
    relation = (
        frame
        if isinstance(frame, duckdb.DuckDBPyRelation)
        else borrow().from_arrow(table_of(frame, present, role="facts"))
    )
    return relation.project(", ".join(["*", *cuts]))


def _case(column: str, bounds: tuple[tuple[float | None, str], ...], name: str) -> str:
    whens = [f"WHEN {column} < {bound} THEN '{label}'" for bound, label in bounds if bound is not None]
    return f"CASE WHEN {column} IS NULL THEN NULL {' '.join(whens)} ELSE '{bounds[-1][1]}' END AS {name}"
