"""The same sums on another engine: an aggregation as SQL text that DuckDB and Spark SQL both run.

When one machine is too small, the warehouse's Delta tables and the definitions are all that is needed: this gives the
text, the engine gives the sums, and a value is their ratio.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from csm_lib.definitions import FACTS, Indicator, indicator
from csm_lib.errors import SettingError
from csm_lib.measure.groups import TIME_GROUPS
from csm_lib.measure.terms import Term

__all__ = ["aggregation_sql"]

_PLAIN = re.compile(r"[A-Za-z_]\w*")


def aggregation_sql(
    keys: str | Indicator | Iterable[str | Indicator],
    *,
    grain: str = "contact",
    by: str | Iterable[str] = (),
    table: str | None = None,
) -> str:
    """Write the query that sums indicators over the facts of one grain.

    Parameters
    ----------
    keys : str, Indicator, or iterable of them
        Indicators; of one that divides two grains, what this grain contributes. A fallback (`Indicator.fallback`) is
        asked for as an Indicator: `measure` takes it by itself where the facts need it, this query does not.
    grain : str
        A key of `csm_lib.definitions.FACTS`: contact, survey, clock, volume …
    by : str or iterable of str
        Columns of the grain, or a group in time (`csm_lib.measure.groups.TIME_GROUPS`).
    table : str, optional
        Name under which the engine knows the facts; the warehouse's own name if left out.

    Returns
    -------
    str
        SQL of one row per group: the `by` columns, then per key `<key>_n`, `<key>_numerator`, `<key>_denominator`
        (only one of the last two where the other lives in another grain). The definitions stand in it unchanged.

    Raises
    ------
    SettingError
        If a key or grain is unknown, a key has nothing in the grain, or a name is no plain word.

    Notes
    -----
    Sums of parts add up to the sums of the whole, so parts may be summed on different machines; the ratio comes last.

    Examples
    --------
    >>> text = aggregation_sql("answer_rate", by=["month", "team"])
    >>> text.splitlines()[-2]
    'FROM contact_facts'
    """
    if grain not in FACTS:
        raise SettingError(f"grain must be one of {', '.join(FACTS)}, got {grain!r}. Correct the grain.")
    groups = [by] if isinstance(by, str) else list(by)
    place = FACTS[grain].table if table is None else table
    for name in (*groups, place):
        if not _PLAIN.fullmatch(name):
            raise SettingError(
                f"names must be plain words that every engine reads alike, got {name!r}. "
                "Rename the column or table, in letters, digits and underscores."
            )
    asked = [keys] if isinstance(keys, str | Indicator) else keys
    rows = {row.key: row for row in (each if isinstance(each, Indicator) else indicator(each) for each in asked)}
    terms = [_term(row, grain) for row in rows.values()]
    labels = [_group_sql(name, grain) for name in groups]
    columns = [*(f"{text} AS {name}" if text != name else name for text, name in zip(labels, groups, strict=True))]
    columns += [text for term in terms for text in _sums(term)]
    grouped = f"\nGROUP BY {', '.join(labels)}" if labels else ""
    return "SELECT\n  " + ",\n  ".join(columns) + f"\nFROM {place}{grouped}"


def _term(row: Indicator, grain: str) -> Term:
    terms = {term.grain: term for term in Term.of(row)}
    if grain not in terms:
        raise SettingError(
            f"keys must have something in the {grain} facts, got {row.key!r} (grain {', '.join(terms)}). "
            f"Ask for it with that grain."
        )
    return terms[grain]


def _group_sql(name: str, grain: str) -> str:
    return TIME_GROUPS[name].sql if name in TIME_GROUPS and name not in FACTS[grain].columns else name


def _sums(term: Term) -> list[str]:
    """Count and sums of one term; rows with nothing to add up are out of both sums."""
    numerator = term.numerator or "1"
    value = f"CASE WHEN {term.population} THEN {numerator} END"
    made = [f"COUNT({value}) AS {term.key}_n"]
    if term.numerator is not None:
        made.append(f"SUM({value}) AS {term.key}_numerator")
    if term.denominator is not None:
        made.append(f"SUM(CASE WHEN ({numerator}) IS NOT NULL THEN {term.denominator} END) AS {term.key}_denominator")
    return made
