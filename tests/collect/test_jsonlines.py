"""JSON lines: nested keys, digits kept, lines that are no rows."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pytest

from csm_lib.collect import jsonlines
from csm_lib.collect.entries import FileEntry
from csm_lib.collect.readers import read_header
from csm_lib.errors import ContractError
from tests.collect.workspaces import read, texts

ENTRY = FileEntry.model_validate({"pattern": "*", "table": "raci", "columns": {"node": "a"}})


@pytest.mark.parametrize("name", ["x.jsonl", "x.ndjson", "x.json"])
def test_nested_keys_are_columns_and_values_keep_their_text(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    path.write_text(
        '{"id": 12345678901234567890, "requester": {"id": "0012", "vip": true}, "tags": ["退货", "急"]}\n'
        '{"id": 1.10, "requester": {"id": null}, "score": "", "Score": "x"}\n',
        encoding="utf-8",
    )
    raw = read(connection, path)
    assert raw.columns == ("id", "requester.id", "requester.vip", "tags", "score", "Score_2")
    assert raw.columns == read_header(path, ENTRY)
    assert texts(connection) == [
        ("12345678901234567890", "0012", "true", '["退货", "急"]', None, None),
        ("1.10", None, None, None, None, "x"),
    ]


def test_lines_that_are_no_rows_are_reported_with_their_line(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path = tmp_path / "x.jsonl"
    lines = [
        '{"a": "1"}',
        "",
        "[1, 2]",
        '{"a": 1, "a": 2}',
        '{"a.b": 1, "a": {"b": 2}}',
        '{"a": "\\ud800"}',
        '{"a": ' * 5000,
        '{"a": "cut',
        '{"a": "2"}',
    ]
    path.write_text("\r\n".join(lines), encoding="utf-8")
    raw = read(connection, path)
    assert texts(connection) == [("1",), ("2",)]
    assert raw.line_of(np.array([1, 2])).tolist() == [1, 9]
    assert [(row.line, row.reason) for row in raw.broken] == [(2, "blank_row")] + [
        (line, "malformed_row") for line in range(3, 9)
    ]
    assert raw.n_read == len(lines)


def test_rows_in_several_pieces_are_one_table(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jsonlines, "_BATCH_ROWS", 7)
    path = tmp_path / "x.jsonl"
    path.write_text("".join(f'{{"k{n % 3}": {n}}}\n' for n in range(100)), encoding="utf-8")
    read(connection, path)
    assert [[value for value in row if value] for row in texts(connection)] == [[str(n)] for n in range(100)]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(
            '[\n{"a": 1}\n]', "must have one JSON object a line, got a list. Export it as JSON lines.", id="a list"
        ),
        pytest.param(
            '{\n"a": 1\n}\n',
            "must have one JSON object a line, got an object over several lines. Export it as JSON lines.",
            id="an object over lines",
        ),
        pytest.param("\n \n", "must have one JSON object a line, got none. Export it again.", id="nothing"),
        pytest.param(
            '{"a": 1, "a": 2}\n',
            "must have one JSON object a line, each key once, got none that is (line 1). Export it again.",
            id="a key twice",
        ),
        pytest.param(
            "".join(f'{{"k{n}": 1}}\n' for n in range(2001)),
            "must have at most 2,000 different keys, got more (line 2001). Export it with fixed keys.",
            id="keys without end",
        ),
    ],
)
def test_what_is_no_file_of_rows_is_refused(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, content: str, sentence: str
) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ContractError) as caught:
        read(connection, path)
    assert str(caught.value) == f"{path} {sentence}"


def test_a_line_without_end_is_refused(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"a": "' + "x" * 17_000_000, encoding="utf-8")
    with pytest.raises(ContractError) as caught:
        read(connection, path)
    assert str(caught.value) == (
        f"{path} must have lines of at most 16,000,000 characters, got a longer one. Export it as JSON lines: one "
        "object a line."
    )
