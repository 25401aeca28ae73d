"""What stands in the cells of a table: numbers by their unit, codes as words of the language, names as they are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

from csm_lib.definitions import INDICATORS
from csm_lib.show.changes import write_change
from csm_lib.show.format import NOT_MEASURED, name_indicator, write_code, write_value
from csm_lib.show.messages import MESSAGES, say
from csm_lib.show.translation import translated

__all__ = ["is_code", "is_missing", "unit_in_heading", "written_column"]

# columns that hold what a computer reads: they keep their letters in every language, and stand in code font
_IDENTIFIERS = ("path", "file", "numerator", "denominator")
_OF_THE_ROW = (
    "value", "low", "high", "target", "reference", "before", "after", "actual", "baseline", "previous", "year_before",
    "benchmark", "rest", "official", "level", "aligned", "needed", "raw",
)  # fmt: skip
# codes that have words in the messages
_CODED = ("verdict", "status", "category", "what", "how", "against_target", "against_previous", "against_year_before")
# codes of the data that a reader gets as words; other columns may hold real names with a "_"
_NAMES = (
    "cause", "root_cause", "issue", "product", "channel", "customer_segment", "group", "segment", "dimension", "column",
    "stage", "detail", "reason", "driver", "node", "grain",
)  # fmt: skip
# the unit that a column's name ends with, the longer endings first
_SUFFIXES = (("_share", "share"), ("_per_h", "per_h"), ("_per_s", "per_s"), ("_erlang", "erlang"), ("_s", "s"))
_CLUSTERS = re.compile(r"(clustered by )(\w+) \((\d+)\)")
_WAY = ("source", "target")  # together: from one step or team to another
_KEYS = ("key", "other", "indicator")  # where all are indicators, a reader gets their names
# differences of two values of the row's unit; of two shares they are points
_CHANGES = (
    "gap", "change", "change_low", "change_high", "year_change", "year_change_low", "year_change_high",
    "benchmark_gap", "aligned_change", "aligned_change_low", "aligned_change_high",
    "difference", "difference_low", "difference_high", "smallest_change",
    "explained", "unexplained",
)  # fmt: skip
# parts of a change, which have a sign; the bounds beside them have one where they are below zero
_SIGNED = (*_CHANGES, "contribution", "mix", "rate", "total", "part")


def written_column(
    rows: pd.DataFrame,
    column: str,
    *,
    units: Mapping[str, str] | None = None,
    by_row: bool = False,
    language: str | None = None,
) -> list[str]:
    """Write a column of a table, cell by cell.

    Parameters
    ----------
    rows : DataFrame
    column : str
    units : mapping of str to str, optional
        Column to unit; guessed from the column's name unless given.
    by_row : bool
        Values follow the row's `unit`.
    language : str, optional

    Returns
    -------
    list of str
        Texts that the catalogues have are written in the language.

    Examples
    --------
    >>> written_column(pd.DataFrame({"wait_s": [35.0, None]}), "wait_s")
    ['35.0 s', '–']
    """
    units = units or {}
    entries = rows[column].tolist()
    if is_code(column, units):
        return [NOT_MEASURED if is_missing(entry) else str(entry) for entry in entries]
    are_keys = column in _KEYS and column not in units
    if are_keys and all(entry in INDICATORS for entry in entries if isinstance(entry, str)):
        return [_indicator_name(entry, language) for entry in entries]
    if column in _CODED and column not in units:
        return [_word(entry, column, language) for entry in entries]
    if column == "evidence" and column not in units:
        return [_evidence(entry, language) for entry in entries]
    beyond = rows[f"{column}_beyond"].tolist() if f"{column}_beyond" in rows else []
    if beyond:  # a quantile that was not reached is no number
        kind = units.get(column) or _guessed(column, rows[column])
        return [
            _cell(entry, kind, language) if is_missing(least)
            else say("more_than", language, value=write_value(least, kind, language=language))
            for entry, least in zip(entries, beyond, strict=True)
        ]  # fmt: skip
    kinds = _kinds(rows, column, units, by_row)
    if column == "method":
        entries = [_CLUSTERS.sub(_clusters_in_words, entry) if isinstance(entry, str) else entry for entry in entries]
    if column in _NAMES or (column in _WAY and set(_WAY) <= set(rows.columns)):
        entries = [write_code(entry, language=language) if isinstance(entry, str) else entry for entry in entries]
    if not _is_change(column, units, by_row):
        return [_cell(entry, kind, language) for entry, kind in zip(entries, kinds, strict=True)]
    entries = [None if is_missing(entry) else entry for entry in entries]
    of = rows["value"].tolist() if "value" in rows else [None] * len(rows)
    if unit_in_heading(rows, column, units=units, by_row=by_row):
        return [write_value(entry, "points", language=language, signed=column in _SIGNED) for entry in entries]
    return [
        write_change(entry, kind, language, of=level) for entry, kind, level in zip(entries, kinds, of, strict=True)
    ]


def unit_in_heading(
    rows: pd.DataFrame, column: str, *, units: Mapping[str, str] | None = None, by_row: bool = False
) -> str | None:
    """Give the unit that a column's heading has to name, its cells holding bare numbers.

    Parameters
    ----------
    rows, column, units, by_row
        As in `written_column`.

    Returns
    -------
    str or None
        "points" for a column of differences of shares; None where the cells carry their units.

    Examples
    --------
    >>> unit_in_heading(pd.DataFrame({"mix": [0.01]}), "mix", units={"mix": "points"})
    'points'
    """
    units = units or {}
    if not _is_change(column, units, by_row):
        return None
    kinds = set(_kinds(rows, column, units, by_row))
    return "points" if kinds in ({"share"}, {"points"}) and (column in units or kinds == {"share"}) else None


def _clusters_in_words(found: re.Match[str]) -> str:
    """Write "customer_id (19503)" as "customer (19,503)"; other languages find the words in their catalogue."""
    return f"{found[1]}{write_code(found[2], language='en')} ({int(found[3]):,})"


def _is_change(column: str, units: Mapping[str, str], by_row: bool) -> bool:
    return units.get(column) == "points" if column in units else by_row and column in _CHANGES


def _kinds(rows: pd.DataFrame, column: str, units: Mapping[str, str], by_row: bool) -> list[str]:
    """Give the unit of each cell; of a difference the unit of what differs."""
    if column not in units and by_row and column in (*_OF_THE_ROW, *_CHANGES):
        return [unit if isinstance(unit, str) else "exact" for unit in rows["unit"]]
    return [units.get(column) or _guessed(column, rows[column])] * len(rows)


def is_code(column: str, units: Mapping[str, str] | None = None) -> bool:
    """Tell whether a column holds what a computer reads: file names, expressions, or what is given the unit `code`.

    Examples
    --------
    >>> is_code("path"), is_code("source"), is_code("source", {"source": "code"})
    (True, False, True)
    """
    return (units or {}).get(column, "code" if column in _IDENTIFIERS else "") == "code"


def is_missing(entry: Any) -> bool:
    """Tell whether a cell has nothing in it; a list of entries is never nothing."""
    return entry is None or (not isinstance(entry, (tuple, list, dict, set)) and bool(pd.isna(entry)))


def _word(entry: Any, column: str, language: str | None) -> str:
    """Write a code in words, where there are words for it."""
    if is_missing(entry):
        return NOT_MEASURED
    key = next((key for key in (f"{column}_{entry}", f"word_{entry}") if key in MESSAGES), None)
    return say(key, language) if key else translated(str(entry), language)


def _evidence(entry: Any, language: str | None) -> str:
    """Write what a statement rests on, "fcr where issue = repair", in words."""
    if not isinstance(entry, str):
        return NOT_MEASURED
    key, where, segment = entry.partition(" where ")
    named = _indicator_name(key, language) if key in INDICATORS else key
    inside, within, population = (segment or named).partition(" within ")
    said, of = _condition(inside, language), _condition(population, language)
    if said is None or (within and of is None):
        return entry if segment else named
    said += say("within", language, part=of) if of else ""
    return named + say("where", language) + said if where else said


def _condition(text: str, language: str | None) -> str | None:
    """Write equalities joined by "and" in words; None for any other expression."""
    parts = [part.partition(" = ") for part in text.split(" and ")]
    if not all(sign for _, sign, _ in parts):
        return None
    return say("and", language).join(
        say("segment_part", language, dimension=write_code(name, language=language),
            value=write_code(value.strip("'\""), language=language))
        for name, _, value in parts
    )  # fmt: skip


def _indicator_name(key: Any, language: str | None) -> str:
    if not isinstance(key, str):
        return NOT_MEASURED
    return name_indicator(key, language=language)


def _cell(entry: Any, unit: str, language: str | None) -> str:
    if is_missing(entry):
        return NOT_MEASURED
    if isinstance(entry, bool):
        return say("yes" if entry else "no", language)
    if isinstance(entry, (tuple, list)):
        return " · ".join(_part(part, language) for part in entry)
    if isinstance(entry, pd.Timestamp) and entry != entry.normalize():
        return f"{entry:%Y-%m-%d %H:%M}"
    said = write_value(entry, unit, language=language)
    return translated(said, language) if isinstance(entry, str) else said


def _part(part: Any, language: str | None) -> str:
    """Write one of several entries of a cell: a pair of dimension and value, an indicator, or anything else."""
    if isinstance(part, tuple):
        missing = say("not_noted", language)
        return say("colon", language).join(
            missing if each is None else write_code(each, language=language) for each in part
        )
    return _indicator_name(part, language) if part in INDICATORS else write_code(part, language=language)


def _guessed(column: str, entries: pd.Series) -> str:
    """Read the unit off the column's suffix, as names in this package have them."""
    if pd.api.types.is_datetime64_any_dtype(entries) or column.endswith(("_on", "date")):
        return "date"
    for suffix, unit in _SUFFIXES:
        if column.endswith(suffix):
            return unit
    if not pd.api.types.is_numeric_dtype(entries):
        return "text"
    return "n" if pd.api.types.is_integer_dtype(entries) or column == "n" or column.startswith("n_") else "exact"
