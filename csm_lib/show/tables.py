"""Tables that a person reads: titled, with units written out, the same bytes for the same data.

The unrounded frame behind each named table is kept for whoever wants to compute on: where `CSM_RUN_DIR` is set it is
written there, and publication turns it into CSV and a spreadsheet.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import great_tables
import pandas as pd

from csm_lib.definitions import INDICATORS
from csm_lib.errors import SettingError
from csm_lib.show.cells import is_code, is_missing, unit_in_heading, written_column
from csm_lib.show.disclosure import disclosed
from csm_lib.show.format import (
    NOT_MEASURED,
    in_language,
    name_indicator,
    sparkline,
    write_interval,
    write_value,
)
from csm_lib.show.messages import say
from csm_lib.show.translation import translated

__all__ = ["NAME_PATTERN", "Table", "keep_table", "scorecard_table", "table", "write_target"]

NAME_PATTERN = r"[a-z0-9][a-z0-9_]{0,60}"
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
        `gap` …) too, with their sign and for shares in points, which the heading names where all are. `key` and `other`
        are written by the indicator's name.
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
    keep_table(rows, name=name, title=translated(title, language))
    by_row = "unit" in rows and (columns is None or "unit" not in columns)
    headings = dict(columns or {c: str(c).replace("_", " ") for c in rows.columns if not (by_row and c == "unit")})
    unknown = [column for column in headings if column not in rows]
    if unknown:
        raise SettingError(f"columns must be columns of {name!r}, got {unknown}. It has {[*map(str, rows.columns)]}.")
    written = pd.DataFrame(
        {c: written_column(rows, c, units=units, by_row=by_row, language=language) for c in headings}
    )
    title = translated(title, language)
    headings = {column: translated(heading.strip(), language) for column, heading in headings.items()}
    named = {column: unit_in_heading(rows, column, units=units, by_row=by_row) for column in headings}
    headings |= {
        column: say("title_with_unit", language, title=headings[column], unit=say(f"unit_{unit}", language))
        for column, unit in named.items()
        if unit
    }
    first, *others = headings
    right = [c for c in others if pd.api.types.is_numeric_dtype(rows[c]) and not pd.api.types.is_bool_dtype(rows[c])]
    shown = (
        Table(written, id=_page_id(name), rowname_col=first)
        .tab_header(title=title, subtitle=subtitle and translated(subtitle, language))
        .tab_stubhead(label=headings[first])
        .cols_label({c: headings[c] for c in others})
        .cols_align("left", columns=[c for c in others if c not in right])
        .cols_align("right", columns=right)
        .fmt(_as_code, columns=[column for column in headings if is_code(column, units)])
    )
    note = _note(frame, note and translated(note, language), language)
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
    title = translated(title, chosen)
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
        .tab_header(title=title, subtitle=subtitle and translated(subtitle, language))
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


def _as_code(entry: Any) -> str:
    """Mark up what a computer reads."""
    text = str(entry)
    return text if text == NOT_MEASURED else f"<code>{escape(text, quote=False)}</code>"


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
    return column.map(lambda entry: None if is_missing(entry) else str(entry))


def _scorecard_row(row: dict[str, Any], language: str) -> dict[str, str]:
    meant = INDICATORS[row["key"]]
    unit, verdict = meant.unit, row["verdict"]
    met = row.get("is_met")
    actual = write_value(row["value"], unit, language=language)
    if row.get("is_provisional") is True:
        actual += f" ({say('provisional', language)})"
    return {
        "indicator": name_indicator(meant.key, language=language),
        "formula": translated(meant.formula, language),
        "source": translated(meant.source, language),
        "target": write_target(row["target"], unit, better=meant.better, language=language),
        "actual": actual,
        "interval": write_interval(row["low"], row["high"], unit, language=language),
        "n": write_value(row["n"], "n", language=language),
        "met": NOT_MEASURED if is_missing(met) else say("yes" if met else "no", language),
        "verdict": f"{_SIGNS[verdict]} {say(f'verdict_{verdict}', language)}",
    }
