"""Readers: encodings, separators, newlines, spreadsheets; every row with its line."""

from __future__ import annotations

import gzip
from datetime import date, datetime
from pathlib import Path

import duckdb
import numpy as np
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from csm_lib.collect.rawrows import RawRows
from csm_lib.errors import ContractError, UsageError
from tests.collect.workspaces import read, texts


def lines(raw: RawRows) -> list[int]:
    return raw.line_of(np.arange(1, raw.n_rows + 1)).tolist()


@pytest.mark.parametrize(
    ("content", "encoding", "is_guessed"),
    [
        pytest.param("a,b\n退货,é\n".encode(), "utf-8", False, id="UTF-8"),
        pytest.param("a,b\n退货,é\n".encode("utf-8-sig"), "utf-8-sig", False, id="UTF-8 with a mark"),
        pytest.param("a,b\n退货,é\n".encode("utf-16"), "utf-16", False, id="UTF-16"),
        pytest.param("a,b\n退货,好\n".encode("gb18030"), "gb18030", True, id="GB18030"),
        pytest.param("a,b\nété,où\n".encode("latin-1"), "latin-1", True, id="Latin-1"),
    ],
)
def test_the_encoding_is_detected_and_stated(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, content: bytes, encoding: str, is_guessed: bool
) -> None:
    path = tmp_path / "x [1].csv"
    path.write_bytes(content)
    raw = read(connection, path)
    assert (raw.encoding, raw.is_encoding_guessed) == (encoding, is_guessed)
    assert texts(connection) == [tuple(content.decode(encoding).split("\n")[1].split(","))]


def test_a_stated_encoding_that_does_not_fit_is_said_with_the_byte(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"a,b\n1,2\n\xff\xff,3\n")
    with pytest.raises(ContractError) as caught:
        read(connection, path, encoding="gb18030")
    assert str(caught.value).startswith(f"{path} must be readable as gb18030, got the byte 0xff (")
    assert str(caught.value).endswith("State the file's encoding in its source, or leave it out to have it detected.")


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_separators_and_newlines_are_found(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, newline: str, delimiter: str
) -> None:
    path = tmp_path / "x.csv"
    rows = ["a,b", "1,2", "", "3", '"x,y",4', "5,6,7", "8,9"]
    path.write_bytes(newline.join(row.replace(",", delimiter) for row in rows).encode())
    raw = read(connection, path)
    assert texts(connection) == [("1", "2"), (f"x{delimiter}y", "4"), ("8", "9")]
    assert lines(raw) == [2, 5, 7]
    assert {(row.line, row.reason) for row in raw.broken} == {
        (3, "blank_row"),
        (4, "malformed_row"),
        (6, "malformed_row"),
    }
    assert raw.n_read == 6


def test_lines_count_newlines_inside_fields(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "x.csv.gz"
    path.write_bytes(gzip.compress(b'a,"b\nb"\n1,"x\ny ""z"""\n2,3\n'))
    raw = read(connection, path)
    assert raw.columns == ("a", "b\nb")
    assert texts(connection) == [("1", 'x\ny "z"'), ("2", "3")]
    assert lines(raw) == [3, 5]


def test_a_broken_gzip_file_is_said(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "x.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n1,2\n" * 100)[:-9])
    with pytest.raises(ContractError) as caught:
        read(connection, path)
    assert str(caught.value).startswith(f"{path} must be a whole gzip file, got ")


def test_a_spreadsheet_keeps_text_and_dates_as_they_stand(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path = tmp_path / "x.xlsx"
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd"}) as book:
        sheet = book.add_worksheet("R")
        for place, row in enumerate(
            [
                ["a", "b", "c", "c"],
                ["0012", 12, datetime(2024, 1, 3, 17, 5), None],
                [],
                ["NA", 0.5, date(2024, 1, 3), True],
            ]
        ):
            sheet.write_row(place, 0, row)
    raw = read(connection, path, sheet="R")
    assert raw.columns == ("a", "b", "c", "c_2")
    assert texts(connection)[0] == ("0012", "12", "2024-01-03 17:05:00", None)
    assert texts(connection)[1] == (None, None, None, None)
    assert texts(connection)[2][:2] == ("NA", "0.5")
    assert texts(connection)[2][3] == "true"
    assert lines(raw) == [2, 3, 4]


def test_a_sheet_that_is_not_there_is_said(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("R").write_row(0, 0, ["a"])
    with pytest.raises(ContractError) as caught:
        read(connection, path, sheet="S")
    assert str(caught.value) == f"{path} must have the sheet 'S', got R. Correct the source."


def test_a_parquet_file_is_read_as_text(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    connection.execute(f"COPY (SELECT 1 AS a, TIMESTAMPTZ '2024-01-01 08:00+08' AS b) TO '{path}' (FORMAT parquet)")
    read(connection, path)
    assert texts(connection) == [("1", "2024-01-01 00:00:00+00")]


def test_a_file_that_is_not_there_is_said(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    with pytest.raises(UsageError) as caught:
        read(connection, path)
    assert str(caught.value) == f"{path} must be a file, got nothing there. Check the path."


@settings(max_examples=60, deadline=None)
@given(
    written=st.lists(
        st.tuples(
            st.text(st.sampled_from(list("ab1,;|\t '=é退")), max_size=8), st.sampled_from(["\n", "\r\n", "\r"])
        ),
        max_size=12,
    )
)
def test_every_line_after_the_header_is_a_row_or_reported(
    connection: duckdb.DuckDBPyConnection, tmp_path_factory: pytest.TempPathFactory, written: list[tuple[str, str]]
) -> None:
    """An independent count: lines of a text without quotes, whichever newline ends each."""
    path = tmp_path_factory.mktemp("law") / "x.csv"
    path.write_bytes("".join(["a,b\n", *(text + newline for text, newline in written)]).encode())
    text = path.read_bytes().decode().replace("\r\n", "\n").replace("\r", "\n")
    raw = read(connection, path)
    assert raw.n_read == len(text.splitlines()) - 1
    assert connection.sql("SELECT count(*), max(_row) FROM raw").fetchall() == [(raw.n_rows, raw.n_rows or None)]
    found = dict(zip(lines(raw), texts(connection), strict=True))
    for line, row in found.items():
        cells = [cell or None for cell in text.split("\n")[line - 1].split(",")]
        assert list(row) == cells[:2]
        assert not any(cells[2:])  # the engine overlooks empty fields too many: nothing is lost

