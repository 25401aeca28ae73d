"""Spreadsheets: three formats, values instead of formulas, and nothing that bursts."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import duckdb
import pytest
import xlsxwriter
import xlwt

from csm_lib.collect import spreadsheets
from csm_lib.collect.compound_files import wrong_in_xls
from csm_lib.collect.entries import FileEntry
from csm_lib.collect.readers import read_header
from csm_lib.errors import ContractError
from tests.collect.workspaces import read, texts

ENTRY = FileEntry.model_validate({"pattern": "*", "table": "raci", "columns": {"node": "a"}})
ROWS = [["a", "时间", "n"], ["0012", datetime(2024, 1, 3, 17, 5), 0], ["=1+1", None, 1.5]]
READ = [("0012", "2024-01-03 17:05:00", "0"), ("=1+1", None, "1.5")]
ODS = (
    '<?xml version="1.0" encoding="UTF-8"?><office:document-content '
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"><office:body><office:spreadsheet>'
    '<table:table table:name="S">{}</table:table></office:spreadsheet></office:body></office:document-content>'
)


def write_ods(path: Path, rows: str) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", '<?xml version="1.0"?><manifest/>')
        archive.writestr("content.xml", ODS.format(rows))


def ods_cell(value: object) -> str:
    if value is None:
        return "<table:table-cell/>"
    if isinstance(value, datetime):
        return f'<table:table-cell office:value-type="date" office:date-value="{value.isoformat()}"/>'
    if isinstance(value, str):
        return f'<table:table-cell office:value-type="string"><text:p>{value}</text:p></table:table-cell>'
    return f'<table:table-cell office:value-type="float" office:value="{value}"/>'


def write(path: Path) -> None:
    if path.suffix == ".ods":
        rows = "".join(f"<table:table-row>{''.join(map(ods_cell, row))}</table:table-row>" for row in ROWS)
        write_ods(path, rows)
    elif path.suffix == ".xls":
        book = xlwt.Workbook()
        sheet = book.add_sheet("S")
        for y, row in enumerate(ROWS):
            for x, value in enumerate(row):
                style = xlwt.easyxf(num_format_str="yyyy-mm-dd hh:mm:ss") if isinstance(value, datetime) else None
                sheet.write(y, x, value, *([style] if style else []))
        book.save(str(path))
    else:
        options = {"default_date_format": "yyyy-mm-dd", "strings_to_formulas": False}
        with xlsxwriter.Workbook(path, options) as book:
            sheet = book.add_worksheet("S")
            for y, row in enumerate(ROWS):
                sheet.write_row(y, 0, row)


def changed(path: Path, old: bytes, new: bytes) -> None:
    """Replace something in the first sheet of an XLSX file."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    assert old in parts[sheet]
    parts[sheet] = parts[sheet].replace(old, new, 1)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


@pytest.mark.parametrize("name", ["x.xlsx", "x.xls", "x.ods"])
def test_every_format_gives_the_same_texts(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    write(path)
    assert read(connection, path).columns == read_header(path, ENTRY) == ("a", "时间", "n")
    assert texts(connection) == READ


def test_a_spreadsheet_in_a_zip_is_read_too(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    write(tmp_path / "x.xlsx")
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        archive.write(tmp_path / "x.xlsx", "x.xlsx")
    read(connection, tmp_path / "export.zip")
    assert texts(connection) == READ


def test_of_a_formula_the_value_is_read(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["a", "b", "c"])
        sheet.write_formula(1, 0, "=1+1", None, 2)
        sheet.write_string(1, 1, "=cmd|' /C calc'!A0")
        sheet.write_formula(1, 2, '=WEBSERVICE("http://localhost/")', None, "seen")
    assert read(connection, path).notes == ()
    assert texts(connection) == [("2", "=cmd|' /C calc'!A0", "seen")]


def test_a_formula_that_was_never_calculated_is_said(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["a", "b"])
        sheet.write_formula(1, 0, "=1+1", None, 2)
        sheet.write_string(1, 1, "kept")
    changed(path, b"<f>1+1</f><v>2</v>", b"<f>1+1</f>")
    assert read(connection, path).notes == (
        "x.xlsx must hold the values of its formulas, got 1 that were never calculated: their cells were read as "
        "empty. Open it in a spreadsheet program and save it.",
    )
    assert texts(connection) == [(None, "kept")]


def test_a_cell_far_off_is_refused(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["a", "b"])
        sheet.write(1048575, 16383, "far")
    with pytest.raises(ContractError) as caught:
        read(connection, path)
    assert str(caught.value) == (
        f"{path} must spread over at most 50,000,000 cells, got 17,179,869,184 between its first and its last. Delete "
        "what stands far off (XFD1048576) and save it again."
    )


def test_repeated_cells_are_refused_where_they_burst(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "x.ods"
    cell = '<table:table-cell office:value-type="float" office:value="1" table:number-columns-repeated="16384"/>'
    write_ods(path, f'<table:table-row table:number-rows-repeated="1048575">{cell}</table:table-row>')
    with pytest.raises(ContractError) as caught:
        read(connection, path)
    assert str(caught.value).startswith(f"{path} must spread over at most 50,000,000 cells, got 17,179,852,800 between")


def test_a_part_that_bursts_is_refused_whatever_size_it_claims(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path = tmp_path / "x.xlsx"
    write(path)
    changed(path, b"<sheetData>", b"<sheetData>" + b" " * 100_000_000)
    # the directory claims a kilobyte
    content = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    path.write_bytes(content.replace(size.to_bytes(4, "little"), (1024).to_bytes(4, "little")))
    with pytest.raises(ContractError) as caught:
        read(connection, path)
    assert str(caught.value).startswith(f"{path} must not unpack to more than 400 times its size, got ")
    assert str(caught.value).endswith(f" bytes and more out of {path.stat().st_size:,}. Save it again as XLSX.")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("x.xlsx", "invalid Zip archive: Could not find EOCD"),
        ("x.ods", "invalid Zip archive: Could not find EOCD"),
        ("x.xls", "Cfb error: Invalid OLE (empty difat sector)"),
    ],
)
def test_half_a_spreadsheet_is_refused(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, name: str, said: str
) -> None:
    path = tmp_path / name
    write(path)
    path.write_bytes(path.read_bytes()[:600])
    with pytest.raises(ContractError) as caught:
        read(connection, path)
    assert str(caught.value).startswith(f"{path} must be a readable spreadsheet, got ")
    assert str(caught.value).endswith(". Save it again as XLSX.")


def test_a_sheet_without_cells_is_refused(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet()
    with pytest.raises(ContractError) as caught:
        read(connection, path)
    assert str(caught.value) == f"{path} must have a header line, got none. Export it again with its column names."


def test_reach_is_seen_across_pieces() -> None:
    reach = spreadsheets._Reach()
    for piece in (b'<c r="A1"><v>1</v></c><c r="AB', b'7" s="1"><f>1+1</', b"f></c>"):
        reach.see(piece)
    assert (reach.n_cells, reach.last, reach.n_uncalculated) == (28 * 7, "AB7", 1)


def write_xls(path: Path) -> bytes:
    book = xlwt.Workbook()
    sheet = book.add_sheet("S")
    for y, row in enumerate([["a", "b"], *([str(n), f"{n}.5"] for n in range(40))]):
        for x, value in enumerate(row):
            sheet.write(y, x, value)
    book.save(str(path))
    return path.read_bytes()


def sector(content: bytes, number: int) -> int:
    """Where a sector of 512 bytes begins: the header is one too."""
    return 512 * (number + 1)


def leads_back(content: bytes) -> bytes:
    """Let the first sector of the list of parts be followed by itself."""
    (table,), (first,) = struct.unpack_from("<I", content, 76), struct.unpack_from("<I", content, 48)
    place = sector(content, table) + 4 * first
    return content[:place] + struct.pack("<I", first) + content[place + 4 :]


def begins_late(content: bytes) -> bytes:
    """Let the sheet's extent begin in row 8,781,825."""
    mark = struct.pack("<HHIIHH", 0x0200, 14, 0, 41, 0, 2)
    assert content.count(mark) == 1
    return content.replace(mark, struct.pack("<HHIIHH", 0x0200, 14, 0x860000, 41, 0, 2))


def far_off(content: bytes) -> bytes:
    """Move the cell of row 2, column 1 to row 65,536, column 65,536; in an XLS only 256 columns can be."""
    mark = struct.pack("<HHHH", 0x00FD, 10, 1, 0)  # a text's record: kind, length, row, column
    assert content.count(mark) == 1
    return content.replace(mark, struct.pack("<HHHH", 0x00FD, 10, 65_535, 65_535))


@pytest.mark.parametrize(
    ("harm", "what"),
    [
        pytest.param(leads_back, "a chain of sectors without end", id="a chain that leads back to itself"),
        pytest.param(begins_late, "a sheet that ends before it begins", id="an extent that begins late"),
        pytest.param(far_off, "a cell in row 65,536, column 65,536, which an XLS cannot have", id="a cell far off"),
        pytest.param(
            lambda content: content[:30] + b"\xff\xff" + content[32:],
            "a header that cannot be",
            id="no sector is so wide",
        ),
        pytest.param(
            lambda content: content[:68] + struct.pack("<II", 0, 1) + content[76:],
            "a list of sectors without end",
            id="a list of sectors that goes on in a sheet",
        ),
        pytest.param(lambda content: content[:70], "a part that is cut off", id="the first bytes only"),
    ],
)
def test_an_old_spreadsheet_that_would_fill_all_memory_is_refused(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, harm: Callable[[bytes], bytes], what: str
) -> None:
    path = tmp_path / "x.xls"
    sound = write_xls(path)
    assert wrong_in_xls(path) is None
    assert read(connection, path).n_rows == 40
    path.write_bytes(harm(sound))
    with pytest.raises(ContractError) as caught:
        read(connection, path)
    assert str(caught.value) == f"{path} must be a readable spreadsheet, got {what}. Save it again as XLSX."
