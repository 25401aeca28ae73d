"""Writing large spreadsheets quickly: XlsxWriter makes the workbook, the rows go into its sheet column-wise.

Cell by cell, the sample's questionnaires alone would take longer than everything else together.
"""

from __future__ import annotations

import io
import re
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

__all__ = ["write_xlsx"]

_SHEET = "xl/worksheets/sheet1.xml"
_DAY_S = 86_400
_EPOCH_DAYS = 25_569  # 1970-01-01 as a spreadsheet counts days
_MADE_AT = datetime(2024, 4, 11, tzinfo=UTC)


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
    rows = _rows_xml(table)
    last = f"{xl_col_to_name(table.num_columns - 1)}{table.num_rows + 1}"
    with (
        zipfile.ZipFile(io.BytesIO(_empty_book(table.column_names, sheet=sheet))) as made,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as written,
    ):
        for part in made.infolist():
            content = made.read(part)
            if part.filename == _SHEET:
                text = re.sub(r'<dimension ref="[^"]*"', f'<dimension ref="A1:{last}"', content.decode("utf-8"))
                content = text.replace("</sheetData>", f"{rows}</sheetData>").encode("utf-8")
            written.writestr(zipfile.ZipInfo(part.filename, (1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)


def _empty_book(headers: list[str], *, sheet: str) -> bytes:
    """Give a workbook with the header row only; its cell style 1 shows instants."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        book.set_properties({"created": _MADE_AT.replace(tzinfo=None)})
        page = book.add_worksheet(sheet)
        page.write_row(0, 0, headers)
        page.set_column(len(headers), len(headers), None, book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}))
    return buffer.getvalue()


def _rows_xml(table: pa.Table) -> str:
    """Give the rows after the header as sheet XML."""
    number = pa.array(np.arange(2, table.num_rows + 2)).cast(pa.string())
    cells = [_cells_xml(column, number, xl_col_to_name(place)) for place, column in enumerate(table.columns)]
    rows = pc.binary_join_element_wise('<row r="', number, '">', *cells, "</row>", "")
    return "".join(rows.to_pylist())


def _cells_xml(column: pa.ChunkedArray, number: pa.Array, letters: str) -> pa.Array:
    """Give one column's cells, an empty text where there is nothing."""
    values = column.combine_chunks()
    if pa.types.is_string(values.type):
        text = values
        for mark, name in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
            text = pc.replace_substring(text, mark, name)
        start, opening, closing = f'<c r="{letters}', '" t="inlineStr"><is><t>', "</t></is></c>"
    elif pa.types.is_timestamp(values.type):
        seconds = values.cast(pa.timestamp("s")).cast(pa.int64())
        text = pc.add(pc.divide(seconds.cast(pa.float64()), float(_DAY_S)), float(_EPOCH_DAYS)).cast(pa.string())
        start, opening, closing = f'<c r="{letters}', '" s="1"><v>', "</v></c>"
    else:
        text = values.cast(pa.string())
        start, opening, closing = f'<c r="{letters}', '"><v>', "</v></c>"
    return pc.fill_null(pc.binary_join_element_wise(start, number, opening, text, closing, ""), "")
