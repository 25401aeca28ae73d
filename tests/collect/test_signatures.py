"""Signatures: files that are something else than their name says, and workbooks that ask for a password."""

from __future__ import annotations

import gzip
import io
import struct
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
import xlwt

from csm_lib.collect.entries import FileEntry
from csm_lib.collect.readers import read_raw
from csm_lib.errors import ContractError

ENTRY = FileEntry.model_validate({"pattern": "*", "table": "raci", "columns": {"node": "a"}})
CSV = b"a,b\n1,2\n"
PAGE = b"\xef\xbb\xbf<!DOCTYPE html>\n<html><body><table><tr><td>a</td></tr></table></body></html>"


def xlsx() -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        book.add_worksheet("S").write_row(0, 0, ["a", "b"])
        book.get_worksheet_by_name("S").write_row(1, 0, ["1", 2])
    return out.getvalue()


def xls() -> bytes:
    book, out = xlwt.Workbook(), io.BytesIO()
    sheet = book.add_sheet("S")
    for y, row in enumerate([["a", "b"], ["1", 2]]):
        for x, value in enumerate(row):
            sheet.write(y, x, value)
    book.save(out)
    return out.getvalue()


def parquet() -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table({"a": ["1"]}), out)
    return out.getvalue()


def encrypted() -> bytes:
    """Make the smallest compound file with the streams of an encrypted workbook, after MS-CFB and MS-OFFCRYPTO."""
    free, end, fat, sector = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 512
    head = bytes.fromhex("D0CF11E0A1B11AE1") + bytes(16)
    head += struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    head += struct.pack("<IIIIIIIIII", 0, 1, 1, 0, 4096, end, 0, end, 0, 0)
    head += struct.pack("<I", free) * 108
    table = struct.pack("<4I", fat, end, free, free) + struct.pack("<I", free) * 124

    def entry(name: str, kind: int, child: int) -> bytes:
        text = name.encode("utf-16-le")
        padded = (text + bytes(64))[:64] + struct.pack("<HBB", len(text) + 2, kind, 1)
        return padded + struct.pack("<III", free, free, child) + bytes(36) + struct.pack("<IQ", end, 0)

    entries = entry("Root Entry", 5, 1) + entry("EncryptedPackage", 2, free) + 2 * bytes(128)
    assert (len(head), len(table), len(entries)) == (sector, sector, sector)
    return head + table + entries


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        pytest.param(
            "x.csv",
            xlsx(),
            "must be a text file, got a spreadsheet or zip file under that name. Rename it so that it ends with .xlsx "
            "or .zip.",
            id="a spreadsheet as text",
        ),
        pytest.param(
            "x.tsv",
            xls(),
            "must be a text file, got an old spreadsheet under that name. Rename it so that it ends with .xls.",
            id="an old spreadsheet as text",
        ),
        pytest.param(
            "x.jsonl",
            gzip.compress(CSV),
            "must be a text file, got a gzip file under that name. Rename it so that it ends with .gz.",
            id="packed, but not by name",
        ),
        pytest.param(
            "x.csv",
            parquet(),
            "must be a text file, got a Parquet file under that name. Rename it so that it ends with .parquet.",
            id="Parquet as text",
        ),
        pytest.param(
            "x.csv.gz",
            gzip.compress(b"%PDF-1.7"),
            "must be a text file, got a PDF file under that name. Export it as CSV.",
            id="a printed page, packed",
        ),
        pytest.param(
            "x.csv",
            PAGE,
            "must be a text file, got a web page under that name. Open it in a spreadsheet program and save it as "
            "XLSX.",
            id="a page that asks to log in",
        ),
        pytest.param(
            "x.xls",
            PAGE,
            "must be a spreadsheet, got a web page under that name. Open it in a spreadsheet program and save it as "
            "XLSX.",
            id="a web page as spreadsheet",
        ),
        pytest.param(
            "x.xls",
            "订单\t客户\n1\t2\n".encode("gb18030"),
            "must be a spreadsheet, got a text file under that name. Rename it so that it ends with .csv.",
            id="text as old spreadsheet",
        ),
        pytest.param(
            "x.xlsx",
            CSV,
            "must be a spreadsheet, got a text file under that name. Rename it so that it ends with .csv.",
            id="text as spreadsheet",
        ),
        pytest.param(
            "x.parquet",
            CSV,
            "must be a Parquet file, got a text file under that name. Rename it so that it ends with .csv.",
            id="text as Parquet",
        ),
        pytest.param(
            "x.xlsx",
            encrypted(),
            "must not be encrypted, got a password asked for. Save it without one.",
            id="a workbook with a password",
        ),
        pytest.param(
            "x.xls",
            encrypted(),
            "must not be encrypted, got a password asked for. Save it without one.",
            id="the same under an older name",
        ),
    ],
)
def test_what_a_file_is_instead_is_said(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, name: str, content: bytes, sentence: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ContractError) as caught:
        read_raw(connection, path, ENTRY, scratch=tmp_path, relation="raw")
    assert str(caught.value) == f"{path} {sentence}"


@pytest.mark.parametrize(("name", "content", "kind"), [("x.xls", xlsx(), "XLSX"), ("x.xlsx", xls(), "XLS")])
def test_a_spreadsheet_under_another_ones_name_is_read_and_said(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, name: str, content: bytes, kind: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    raw = read_raw(connection, path, ENTRY, scratch=tmp_path, relation="raw")
    assert raw.notes == (f"{name} was read as {kind}, which its content is.",)
    assert connection.sql("SELECT a, b FROM raw").fetchall() == [("1", "2")]
