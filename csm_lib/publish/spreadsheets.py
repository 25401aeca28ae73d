"""Hand tables on as files that open anywhere and start nothing.

Text that a spreadsheet would take for a formula gets an apostrophe in CSV; in the workbook it is stored as text, which
needs none. CSV carries the mark by which Excel recognises UTF-8.
"""

from __future__ import annotations

import datetime as dt
import errno
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import xlsxwriter
from xlsxwriter.exceptions import XlsxFileError

from csm_lib.errors import RunError

__all__ = ["KeptTable", "gather", "write_csv", "write_spreadsheet"]

_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_LONGEST_CELL = 32_000
_LONGEST_SHEET_NAME = 31


@dataclass(frozen=True)
class KeptTable:
    """One table of a run: the notebook that kept it, its title, where its frame lies."""

    notebook: str
    title: str
    path: Path

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The unrounded frame."""
        return pq.read_table(self.path).to_pandas()


def gather(run_folder: Path) -> dict[str, KeptTable]:
    """Find the tables that the notebooks of a run kept.

    Parameters
    ----------
    run_folder : Path
        One folder per notebook, each with `tables/NAME.parquet` and `NAME.json`.

    Returns
    -------
    dict of str to KeptTable
        By name, in the order of the notebooks.

    Raises
    ------
    RunError
        If two notebooks keep different tables under one name.
    """
    kept: dict[str, KeptTable] = {}
    for path in sorted(run_folder.glob("*/tables/*.parquet")):
        notebook, name = path.parent.parent.name, path.stem
        if name in kept and kept[name].path.read_bytes() != path.read_bytes():
            both = f"{kept[name].notebook} and {notebook}"
            raise RunError(f"table name must be used once, got {name!r} in {both}. Rename one of them.")
        title = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))["title"]
        kept.setdefault(name, KeptTable(notebook, title, path))
    return kept


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV, unrounded.

    Parameters
    ----------
    frame : DataFrame
    path : Path
    """
    safe = frame.rename(columns=_defused)
    for place, column in enumerate(safe.columns):
        if not (pd.api.types.is_numeric_dtype(safe.iloc[:, place]) or _is_time(safe.iloc[:, place])):
            safe = safe.assign(**{column: safe.iloc[:, place].map(_defused)})
    safe.to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\n")


def write_spreadsheet(tables: Mapping[str, KeptTable], path: Path) -> None:
    """Write all tables into one workbook, a list of them first.

    Parameters
    ----------
    tables : mapping of str to KeptTable
    path : Path

    Raises
    ------
    OSError
        If the disk does not take it.
    """
    try:
        _write_spreadsheet(tables, path)
    except XlsxFileError as wrong:
        cause = next((each for each in wrong.args if isinstance(each, OSError)), None)
        raise cause or OSError(errno.EIO, str(wrong), str(path)) from None


def _write_spreadsheet(tables: Mapping[str, KeptTable], path: Path) -> None:
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(path), {**options, "constant_memory": True}) as book:
        book.set_properties({"created": dt.datetime(2000, 1, 1, tzinfo=dt.UTC)})  # the same data, the same file
        head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        names = _sheet_names(list(tables))
        contents = book.add_worksheet(names[""])
        contents.set_column(0, 2, 34)
        rows = [[names[name], entry.title, entry.notebook] for name, entry in tables.items()]
        _fill(contents, ["sheet", "title", "notebook"], rows, head)
        for name, entry in tables.items():
            frame = entry.frame
            sheet = book.add_worksheet(names[name])
            sheet.set_column(0, max(0, frame.shape[1] - 1), 16)
            sheet.freeze_panes(1, 0)
            _fill(sheet, [str(c) for c in frame.columns], frame.astype(object).to_numpy().tolist(), head)


def _fill(sheet: Any, heading: list[str], rows: list[list[Any]], head: Any) -> None:
    for across, text in enumerate(heading):
        sheet.write_string(0, across, text, head)
    for down, row in enumerate(rows, start=1):
        for across, value in enumerate(row):
            _write(sheet, down, across, value)


def _write(sheet: Any, down: int, across: int, value: Any) -> None:
    if isinstance(value, bool):
        sheet.write_boolean(down, across, value)
    elif isinstance(value, (int, float)) and math.isfinite(value):
        sheet.write_number(down, across, value)
    elif value is not None and value is not pd.NA and value == value:
        sheet.write_string(down, across, str(value)[:_LONGEST_CELL])


def _sheet_names(names: list[str]) -> dict[str, str]:
    """Shorten to what a spreadsheet allows, each once; the empty key is the list of tables."""
    chosen = {"": "contents"}
    for name in names:
        short, count = name[:_LONGEST_SHEET_NAME], 1
        while short in chosen.values():
            count += 1
            short = f"{name[: _LONGEST_SHEET_NAME - 3]}_{count}"
        chosen[name] = short
    return chosen


def _is_time(column: pd.Series) -> bool:
    return pd.api.types.is_datetime64_any_dtype(column)


def _defused(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_STARTS_FORMULA) else value
