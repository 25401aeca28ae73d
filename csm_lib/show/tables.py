"""Tables that a person reads: titled, with units written out, the same bytes for the same data.

The unrounded frame behind each named table is kept for whoever wants to compute on: where `CSM_RUN_DIR` is set it is
written there, and publication turns it into CSV and a spreadsheet.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import great_tables
import pandas as pd

from csm_lib.definitions import INDICATORS
from csm_lib.errors import SettingError
from csm_lib.show.disclosure import disclosed
from csm_lib.show.format import NOT_MEASURED, in_language, sparkline, write_code, write_interval, write_value
from csm_lib.show.messages import MESSAGES, say

__all__ = ["NAME_PATTERN", "Table", "keep_table", "scorecard_table", "table", "write_target"]

NAME_PATTERN = r"[a-z0-9][a-z0-9_]{0,60}"
_OF_THE_ROW = (
    "value", "low", "high", "target", "reference", "before", "after", "actual", "baseline", "previous", "year_before",
    "benchmark", "rest", "official", "level", "aligned", "needed", "raw",
)  # fmt: skip
# codes that have words in the messages
_CODED = ("verdict", "status", "what", "how", "against_target", "against_previous", "against_year_before")
# codes of the data that a reader gets as words; other columns may hold real names with a "_"
_NAMES = (
    "cause", "root_cause", "issue", "product", "channel", "customer_segment", "group", "segment", "dimension", "column",
    "stage", "category", "driver", "node",
)  # fmt: skip
_WAY = ("source", "target")  # together: from one step or team to another
_KEYS = ("key", "other", "indicator")  # where all are indicators, a reader gets their names
# differences of two values of the row's unit; of two shares they are points
_CHANGES = (
    "gap", "change", "change_low", "change_high", "year_change", "year_change_low", "year_change_high",
    "benchmark_gap", "aligned_change", "aligned_change_low", "aligned_change_high",
    "difference", "difference_low", "difference_high", "smallest_change",
    "explained", "unexplained",
)  # fmt: skip
_SIGNS = {"met": "✓", "missed": "✗", "too_close": "≈", "no_target": "·", "not_measured": NOT_MEASURED}


class Table(great_tables.GT):
    """A great_tables table whose plain text is its title, not a memory address that differs with every run."""

    def __repr__(self) -> str:
        return f"Table: {self._heading.title}"


def table(
    frame: pd.DataFrame,
    *,
    name: str,
    title: str,
    columns: Mapping[str, str] | None = None,
    units: Mapping[str, str] | None = None,
    subtitle: str | None = None,
    note: str | None = None,
    language: str | None = None,
) -> Table:
    """Show a frame as a table and keep the unrounded frame.

    Parameters
    ----------
    frame : DataFrame
        One row per row shown; the first column names the row. A named index becomes the first column.
    name : str
        Fixed name (lower-case letters, digits, `_`), the id on the page and the name of the file.
    title : str
    columns : mapping of str to str, optional
        Column to heading, in order; every column under its own name unless given.
    units : mapping of str to str, optional
        Column to unit (`csm_lib.show.format.UNITS`). Guessed from the column's suffix unless given; `value`, `low`,
        `high`, `target` and their like follow the row's `unit` column where there is one, and differences (`change`,
        `gap` …) too, with their sign and for shares in points. `key` and `other` are written by the indicator's name.
        Where a column `median` has a sibling `median_beyond`, a value that was not reached is "more than" that.
    subtitle, note : str, optional
        Without a note a table without rows says why, as `frame.attrs["reason"]` has it. How many groups were too small
        to be shown is said behind it.
    language : str, optional

    Returns
    -------
    Table
        Text from data is escaped.

    Raises
    ------
    SettingError
        If the name is not a plain name or a column does not exist.
    """
    frame = disclosed(frame.reset_index() if frame.index.name else frame)
    rows = frame.reset_index(drop=True)
    keep_table(rows, name=name, title=title)
    by_row = "unit" in rows and (columns is None or "unit" not in columns)
    headings = dict(columns or {c: str(c).replace("_", " ") for c in rows.columns if not (by_row and c == "unit")})
    unknown = [column for column in headings if column not in rows]
    if unknown:
        raise SettingError(f"columns must be columns of {name!r}, got {unknown}. It has {[*map(str, rows.columns)]}.")
    written = pd.DataFrame({c: _written(rows, c, dict(units or {}), by_row, language) for c in headings})
    first, *others = headings
    right = [c for c in others if pd.api.types.is_numeric_dtype(rows[c]) and not pd.api.types.is_bool_dtype(rows[c])]
    shown = (
        Table(written, id=_page_id(name), rowname_col=first)
        .tab_header(title=title, subtitle=subtitle)
        .tab_stubhead(label=headings[first])
        .cols_label({c: headings[c] for c in others})
        .cols_align("left", columns=[c for c in others if c not in right])
        .cols_align("right", columns=right)
    )
    note = _note(frame, note, language)
    return shown.tab_source_note(note) if note else shown


def scorecard_table(
    frame: pd.DataFrame,
    *,
    title: str,
    past: pd.DataFrame | None = None,
    name: str = "scorecard",
    subtitle: str | None = None,
    language: str | None = None,
) -> Table:
    """Show the classic scorecard: name, formula, source, target, actual, interval, n, met?, verdict, and its course.

    Parameters
    ----------
    frame : DataFrame
        One row per indicator; reads `key value low high n unit target is_met verdict` and, where present,
        `is_provisional`. Name, formula, source and direction come from the indicator dictionary.
    title : str
    past : DataFrame, optional
        As `csm_lib.measure.gaps.history` gives: the course of each indicator is then drawn as a line of blocks.
    name : str
    subtitle : str, optional
    language : str, optional

    Returns
    -------
    Table

    Raises
    ------
    SettingError
        If a key is not an indicator.
    """
    chosen = in_language(language)
    unknown = [key for key in frame["key"] if key not in INDICATORS]
    if unknown:
        raise SettingError(f"key must be one of {', '.join(INDICATORS)}, got {unknown}. Check the spelling.")
    keep_table(frame, name=name, title=title)
    rows = pd.DataFrame(
        [_scorecard_row(row, chosen) for row in frame.to_dict("records")],
        columns=["indicator", "formula", "source", "target", "actual", "interval", "n", "met", "verdict"],
    )
    if past is not None:
        courses = {key: part["value"].tolist() for key, part in past.groupby("key", sort=False)}
        rows["course"] = [sparkline(courses.get(key, [])) for key in frame["key"]]
    return (
        Table(rows, id=_page_id(name), rowname_col="indicator")
        .tab_header(title=title, subtitle=subtitle)
        .tab_stubhead(label=say("indicator", chosen))
        .cols_label({column: say(column, chosen) for column in rows.columns[1:]})
        .cols_align("left", columns=["formula", "source", "met", "verdict", *rows.columns[9:]])
        .cols_align("right", columns=["target", "actual", "interval", "n"])
    )


def write_target(target: Any, unit: str, *, better: str, language: str | None = None) -> str:
    """Write a target with its direction; a dash without one.

    Parameters
    ----------
    target : float or None
    unit : str
    better : {"higher", "lower"}
    language : str, optional

    Returns
    -------
    str

    Examples
    --------
    >>> write_target(0.85, "share", better="higher"), write_target(30.0, "s", better="lower")
    ('≥ 85.0%', '≤ 30.0 s')
    """
    if target is None or target != target:
        return NOT_MEASURED
    return f"{'≥' if better == 'higher' else '≤'} {write_value(target, unit, language=language)}"


def keep_table(frame: pd.DataFrame, *, name: str, title: str) -> None:
    """Write the unrounded frame of a named table where the run gathers them; nothing outside a run.

    Parameters
    ----------
    frame : DataFrame
    name, title : str

    Raises
    ------
    SettingError
        If the name is not a plain name.
    """
    if not re.fullmatch(NAME_PATTERN, name):
        raise SettingError(f"name must be lower-case letters, digits and '_', got {name!r}. Rename the table.")
    run_folder = os.environ.get("CSM_RUN_DIR")
    if not run_folder:
        return
    folder = Path(run_folder) / "tables"
    folder.mkdir(parents=True, exist_ok=True)
    plain = frame.reset_index(drop=True)
    plain.columns = [str(column) for column in plain.columns]
    plain = plain.assign(**{c: _storable(plain[c]) for c in plain.columns if plain[c].dtype == object})
    plain.attrs = {}
    plain.to_parquet(folder / f"{name}.parquet", index=False)
    (folder / f"{name}.json").write_text(json.dumps({"title": title}, ensure_ascii=False), encoding="utf-8")


def _page_id(name: str) -> str:
    """Make a table's name an id that a style sheet can point at: such ids begin with a letter."""
    return f"table-{name.replace('_', '-')}" if name[0].isdigit() else name.replace("_", "-")


def _note(frame: pd.DataFrame, note: str | None, language: str | None) -> str | None:
    """Add to a table's note how many groups are not shown, or say why there are no rows."""
    n_suppressed = frame.attrs.get("suppressed", 0)
    if not n_suppressed:
        return note if len(frame) or note else _why_empty(frame, language)
    said = say("small_groups", language, n=write_value(n_suppressed, "n", language=language))
    return f"{note} {said}" if note else said


def _why_empty(frame: pd.DataFrame, language: str | None) -> str:
    """Say why there is nothing in a table: the reason that its frame carries, where it carries one."""
    reason = frame.attrs.get("reason")
    return say("not_measured_because", language, reason=reason) if reason else say("nothing_to_list", language)


def _storable(column: pd.Series) -> pd.Series:
    """Keep a column of one plain kind as it is; write anything else as text."""
    kinds = {type(entry) for entry in column.dropna()}
    if len(kinds) <= 1 and kinds <= {str, bool, int, float}:
        return column
    return column.map(lambda entry: None if _is_missing(entry) else str(entry))


def _is_missing(entry: Any) -> bool:
    return entry is None or (not isinstance(entry, (tuple, list, dict, set)) and bool(pd.isna(entry)))


def _written(rows: pd.DataFrame, column: str, units: dict[str, str], by_row: bool, language: str | None) -> list[str]:
    entries = rows[column].tolist()
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
            _cell(entry, kind, language) if _is_missing(least)
            else say("more_than", language, value=write_value(least, kind, language=language))
            for entry, least in zip(entries, beyond, strict=True)
        ]  # fmt: skip
    is_change = by_row and column not in units and column in _CHANGES
    if column not in units and by_row and column in (*_OF_THE_ROW, *_CHANGES):
        kinds = [unit if isinstance(unit, str) else "exact" for unit in rows["unit"]]
    else:
        kinds = [units.get(column) or _guessed(column, rows[column])] * len(entries)
    if is_change:
        kinds = ["points" if kind == "share" else kind for kind in kinds]
    if column in _NAMES or (column in _WAY and set(_WAY) <= set(rows.columns)):
        entries = [write_code(entry) if isinstance(entry, str) else entry for entry in entries]
    return [_cell(entry, kind, language, signed=is_change) for entry, kind in zip(entries, kinds, strict=True)]


def _word(entry: Any, column: str, language: str | None) -> str:
    """Write a code in words, where there are words for it."""
    if _is_missing(entry):
        return NOT_MEASURED
    key = next((key for key in (f"{column}_{entry}", f"word_{entry}") if key in MESSAGES), None)
    return say(key, language) if key else str(entry)


def _evidence(entry: Any, language: str | None) -> str:
    """Write what a statement rests on, "fcr where issue = repair", in words."""
    if not isinstance(entry, str):
        return NOT_MEASURED
    key, where, segment = entry.partition(" where ")
    named = _indicator_name(key, language) if key in INDICATORS else key
    dimension, is_equal, value = (segment or named).partition(" = ")
    if not is_equal:
        return entry if segment else named
    said = say("segment_part", language, dimension=write_code(dimension), value=write_code(value))
    return named + say("where", language) + said if where else said


def _indicator_name(key: Any, language: str | None) -> str:
    if not isinstance(key, str):
        return NOT_MEASURED
    return INDICATORS[key].name_zh if in_language(language) == "zh" else INDICATORS[key].name_en


def _cell(entry: Any, unit: str, language: str | None, *, signed: bool = False) -> str:
    if _is_missing(entry):
        return NOT_MEASURED
    if isinstance(entry, bool):
        return say("yes" if entry else "no", language)
    if isinstance(entry, (tuple, list)):
        return " · ".join(_part(part, language) for part in entry)
    if isinstance(entry, pd.Timestamp) and entry != entry.normalize():
        return f"{entry:%Y-%m-%d %H:%M}"
    return write_value(entry, unit, language=language, signed=signed)


def _part(part: Any, language: str | None) -> str:
    """Write one of several entries of a cell: a pair of dimension and value, an indicator, or anything else."""
    if isinstance(part, tuple):
        return ": ".join(say("not_noted", language) if each is None else write_code(each) for each in part)
    return _indicator_name(part, language) if part in INDICATORS else str(part)


def _guessed(column: str, entries: pd.Series) -> str:
    """Read the unit off the column's suffix, as names in this package have them."""
    if pd.api.types.is_datetime64_any_dtype(entries) or column.endswith(("_on", "date")):
        return "date"
    for suffix, unit in (("_share", "share"), ("_per_h", "per_h"), ("_erlang", "erlang"), ("_s", "s")):
        if column.endswith(suffix):
            return unit
    if not pd.api.types.is_numeric_dtype(entries):
        return "text"
    return "n" if pd.api.types.is_integer_dtype(entries) or column == "n" or column.startswith("n_") else "exact"


def _scorecard_row(row: dict[str, Any], language: str) -> dict[str, str]:
    meant = INDICATORS[row["key"]]
    unit, verdict = meant.unit, row["verdict"]
    met = row.get("is_met")
    actual = write_value(row["value"], unit, language=language)
    if row.get("is_provisional") is True:
        actual += f" ({say('provisional', language)})"
    return {
        "indicator": meant.name_zh if language == "zh" else meant.name_en,
        "formula": meant.formula,
        "source": meant.source,
        "target": write_target(row["target"], unit, better=meant.better, language=language),
        "actual": actual,
        "interval": write_interval(row["low"], row["high"], unit, language=language),
        "n": write_value(row["n"], "n", language=language),
        "met": NOT_MEASURED if _is_missing(met) else say("yes" if met else "no", language),
        "verdict": f"{_SIGNS[verdict]} {say(f'verdict_{verdict}', language)}",
    }
