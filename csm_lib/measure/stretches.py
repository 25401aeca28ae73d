"""The same indicators over several stretches of time, in one pass over the facts instead of one for each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce
from typing import Any

import duckdb
import pandas as pd

from csm_lib.engine import quote_text
from csm_lib.measure.facts_by_grain import FactsByGrain
from csm_lib.measure.indicators import measure

__all__ = ["measure_each"]

_STRETCH = "stretch_of_time"


def measure_each(
    stretches: Mapping[str, Mapping[str, duckdb.DuckDBPyRelation | None]],
    keys: str | Iterable[str],
    *,
    level: float | None = 0.95,
) -> dict[str, pd.DataFrame]:
    """Measure indicators over each of several stretches of time.

    Parameters
    ----------
    stretches : mapping of str to facts
        Name to fact tables by grain, as relations of one connection: `csm_lib.workbook.Facts`. They may overlap.
    keys : str or iterable of str
    level : float, 0–1, or None
        As in `csm_lib.measure.indicators.measure`.

    Returns
    -------
    dict of str to DataFrame
        For each name what `measure` gives for its facts.

    Notes
    -----
    Measured together, grouped by the name; an indicator that a stretch has no row of is measured there once more by
    itself, since what stands in for it depends on the stretch.

    Examples
    --------
    >>> import duckdb
    >>> day = duckdb.sql("SELECT true AS is_first_contact_resolved")
    >>> made = measure_each({"Monday": {"contact": day}, "Tuesday": {"contact": day.union(day)}}, "fcr")
    >>> {name: int(frame.loc[0, "n"]) for name, frame in made.items()}
    {'Monday': 1, 'Tuesday': 2}
    """
    asked = list(dict.fromkeys([keys] if isinstance(keys, str) else keys))
    if len(stretches) < 2:
        return {name: measure(facts, asked, level=level) for name, facts in stretches.items()}
    together = measure(_together(stretches), asked, by=_STRETCH, level=level)
    made = {}
    for name, facts in stretches.items():
        own = together[(together[_STRETCH] == name) & (together["n"] > 0)].drop(columns=_STRETCH)
        known = set(own["key"])
        alone = [key for key in asked if key not in known]
        whole = pd.concat([own, measure(facts, alone, level=level)]) if alone else own
        made[name] = whole.set_index("key").loc[asked].reset_index()
    return made


def _together(stretches: Mapping[str, Mapping[str, Any]]) -> Mapping[str, duckdb.DuckDBPyRelation | None]:
    """Put the facts of each grain one below the other, with the name of their stretch."""

    def joined(grain: str) -> duckdb.DuckDBPyRelation | None:
        parts = [
            rows.project(f"*, {quote_text(name)} AS {_STRETCH}")
            for name, facts in stretches.items()
            if (rows := facts.get(grain)) is not None
        ]
        return reduce(duckdb.DuckDBPyRelation.union, parts) if parts else None

    return FactsByGrain((grain for facts in stretches.values() for grain in facts), joined)
