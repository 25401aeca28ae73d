"""Spreadsheets as the quality and survey tools export them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pyarrow as pa
import xlsxwriter

__all__ = ["write_xlsx"]

_MADE_AT = datetime(2024, 4, 11)
# text stays text: nothing a customer wrote may become a formula or a link
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "default_date_format": "yyyy-mm-dd hh:mm:ss",
}


def write_xlsx(path: Path, table: pa.Table, *, sheet: str) -> None:
    """Write a spreadsheet: numbers as numbers, instants as date cells, text as text (never as formula or link).

    Parameters
    ----------
    path : Path
    table : pyarrow.Table
        Columns of text, numbers or timestamps; null is an empty cell, a row of nulls an empty row.
    sheet : str
        Name of the only sheet; its first row holds the column names.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = [column.to_pylist() for column in table.columns]
    with xlsxwriter.Workbook(path, _OPTIONS) as book:
        book.set_properties({"created": _MADE_AT})
        page = book.add_worksheet(sheet)
        page.write_row(0, 0, table.column_names)
        for number, row in enumerate(zip(*columns, strict=True), start=1):
            page.write_row(number, 0, row)
