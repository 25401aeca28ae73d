"""Meanings: two readings are refused with the key to add; a reading that the values settle is said."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from csm_lib.collect.contracts import CheckedRows, check_rows
from csm_lib.collect.entries import FileEntry
from csm_lib.collect.readers import read_raw
from csm_lib.errors import ContractError


def check(
    connection: duckdb.DuckDBPyConnection, folder: Path, values: list[str], column: str, **stated: str
) -> CheckedRows:
    """Check contacts of which one column holds these values."""
    path = folder / "calls.csv"
    rows = [f'{n};2024-01-01;phone;"{value}"' for n, value in enumerate(values)]
    path.write_text("id;start;kind;value\n" + "\n".join(rows) + "\n", encoding="utf-8")
    columns: dict[str, object] = {"contact_id": "id", "created_at": "start", "channel": "kind"}
    columns[column] = {"from": "value", **stated}
    entry = FileEntry.model_validate({"pattern": "*", "table": "contacts", "columns": columns})
    raw = read_raw(connection, path, entry, scratch=folder, relation="raw")
    return check_rows(connection, raw, entry, path=path, zone="UTC", relation="kept")


@pytest.mark.parametrize(
    ("column", "values", "sentence"),
    [
        pytest.param(
            "created_at",
            ["03/04/2024 09:00", "05/06/2024 10:00"],
            "created_at must be readable in one way, got '03/04/2024 09:00' (calls.csv, 2 rows), which may have its "
            'day or its month first. Add order = "day_first" or order = "month_first" to columns.created_at of its '
            "source.",
            id="day or month first",
        ),
        pytest.param(
            "created_at",
            ["31/01/2024", "01/31/2024"],
            "created_at must have its days and months in one order, got '31/01/2024' and '01/31/2024' (calls.csv, "
            "2 rows). Correct the file, or list the forms in the order to try them as format in columns.created_at of "
            "its source.",
            id="both orders in one column",
        ),
        pytest.param(
            "created_at",
            ["03.04.05 09:00"],
            "created_at must be readable in one way, got '03.04.05 09:00' (calls.csv, 1 row), whose day, month or year "
            'may come first. Add order = "day_first", "month_first" or "year_first" to columns.created_at of its '
            "source.",
            id="a year of two digits",
        ),
        pytest.param(
            "created_at",
            ["45294.5", "45295"],
            "created_at must say what its numbers count, got '45294.5' (calls.csv, 2 rows). Add unit = \"excel\" "
            '(2024-01-03 12:00) or unit = "excel_1904" (2028-01-04 12:00) to columns.created_at of its source.',
            id="days of a spreadsheet",
        ),
        pytest.param(
            "created_at",
            ["1704301500"],
            "created_at must say what its numbers count, got '1704301500' (calls.csv, 1 row). Add unit = \"epoch_s\" "
            "(2024-01-03 17:05) to columns.created_at of its source.",
            id="seconds since 1970",
        ),
        pytest.param(
            "created_at",
            ["1704301500000"],
            "created_at must say what its numbers count, got '1704301500000' (calls.csv, 1 row). Add unit = "
            '"epoch_ms" (2024-01-03 17:05) to columns.created_at of its source.',
            id="milliseconds since 1970",
        ),
        pytest.param(
            "created_at",
            ["1704301500000000"],
            "created_at must say what its numbers count, got '1704301500000000' (calls.csv, 1 row). Add unit = "
            '"epoch_us" (2024-01-03 17:05) to columns.created_at of its source.',
            id="microseconds since 1970",
        ),
        pytest.param(
            "cost",
            ["1,50", "1,234.50"],
            "cost must be readable in one way, got '1,50' (calls.csv, 2 rows), whose signs may part thousands or "
            'decimals. Add thousands = "…" or decimal = "…" to columns.cost of its source.',
            id="two kinds of decimals in one column",
        ),
        pytest.param(
            "talk_s",
            ["2:05", "3:10"],
            "talk_s must be readable in one way, got '2:05' (calls.csv, 2 rows), which may be minutes and seconds or "
            'hours and minutes. Add unit = "clock" or unit = "hours_minutes" to columns.talk_s of its source.',
            id="two parts of a duration",
        ),
        pytest.param(
            "cost",
            ["1,234", "2,345"],
            "cost must be readable in one way, got '1,234' (calls.csv, 2 rows), whose signs may part thousands or "
            'decimals. Add thousands = "…" or decimal = "…" to columns.cost of its source.',
            id="a comma in a number",
        ),
    ],
)
def test_two_meanings_are_refused_with_the_key_to_add(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, column: str, values: list[str], sentence: str
) -> None:
    with pytest.raises(ContractError) as caught:
        check(connection, tmp_path, values, column)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("values", "instants", "order", "proof"),
    [
        (["03/04/2024", "25/04/2024"], ["2024-04-03", "2024-04-25"], "day_first", "25/04/2024"),
        (["03/04/2024", "04/25/2024"], ["2024-03-04", "2024-04-25"], "month_first", "04/25/2024"),
    ],
)
def test_an_order_that_the_values_prove_is_taken_and_said(
    connection: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    values: list[str],
    instants: list[str],
    order: str,
    proof: str,
) -> None:
    checked = check(connection, tmp_path, values, "created_at")
    assert checked.notes == (
        f"calls.csv: created_at was read {order.replace('_', ' ')}, for 1 of its 2 dates can be nothing else, such as "
        f"{proof!r}. State order = \"{order}\" in columns.created_at of its source to be sure.",
    )
    query = "SELECT CAST(CAST(created_at AS DATE) AS VARCHAR) FROM kept ORDER BY contact_id"
    assert connection.sql(query).fetchall() == [(day,) for day in instants]
    assert (checked.n_read, checked.n_kept) == (2, 2)


@pytest.mark.parametrize(
    ("values", "numbers", "thousands", "decimal", "proof"),
    [
        pytest.param(["1,5", "1.234"], [1.5, 1234.0], ".", ",", "1,5", id="one decimal proves the comma"),
        pytest.param(["1.234,500", "7"], [1234.5, 7.0], ".", ",", "1.234,500", id="a point before a comma"),
        pytest.param(["1.234.567", "7,250"], [1234567.0, 7.25], ".", ",", "1.234.567", id="points twice"),
        pytest.param(["1,234.50", "12"], [1234.5, 12.0], ",", ".", "1,234.50", id="a comma before a point"),
        pytest.param(["1,234,567", "1,234"], [1234567.0, 1234.0], ",", ".", "1,234,567", id="commas twice"),
        pytest.param(["1,234", "9.75"], [1234.0, 9.75], ",", ".", "9.75", id="another row's decimals"),
    ],
)
def test_signs_that_the_values_prove_are_taken_and_said(
    connection: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    values: list[str],
    numbers: list[float],
    thousands: str,
    decimal: str,
    proof: str,
) -> None:
    checked = check(connection, tmp_path, values, "cost")
    assert checked.notes == (
        f"calls.csv: cost was read with {decimal!r} before its decimals, for a number such as {proof!r} can be nothing "
        f'else. State thousands = "{thousands}" and decimal = "{decimal}" in columns.cost of its source to be sure.',
    )
    assert connection.sql("SELECT cost FROM kept ORDER BY contact_id").fetchall() == [(each,) for each in numbers]


def test_what_is_stated_is_not_asked(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    checked = check(connection, tmp_path, ["03/04/2024", "04/04/2024"], "created_at", order="day_first")
    assert (checked.notes, checked.n_kept) == ((), 2)
    assert check(connection, tmp_path, ["2:05"], "talk_s", unit="clock").n_kept == 1


def test_a_few_odd_values_are_rows_to_set_aside_not_another_form(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    checked = check(connection, tmp_path, ["2024-01-02"] * 3 + ["03/04/2024", "45294"], "created_at")
    assert dict(checked.set_aside) == {"not_a_time": 2}
    assert checked.sentences == ("created_at must be a time, got '03/04/2024', '45294' (calls.csv, 2 rows, line 5, 6)",)


def test_all_columns_of_two_meanings_are_said_at_once(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text('id;who;at;sum\n1;2;03/04/2024;"1,234"\n', encoding="utf-8")
    columns = {"order_id": "id", "customer_id": "who", "ordered_at": "at", "amount": "sum"}
    entry = FileEntry.model_validate({"pattern": "*", "table": "orders", "columns": columns})
    raw = read_raw(connection, path, entry, scratch=tmp_path, relation="raw")
    with pytest.raises(ContractError) as caught:
        check_rows(connection, raw, entry, path=path, zone="UTC", relation="kept")
    assert [line.split()[0] for line in str(caught.value).splitlines()] == ["ordered_at", "amount"]
