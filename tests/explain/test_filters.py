"""Row expressions: what they select, and that nothing else can hide in them."""

from __future__ import annotations

import duckdb
import pandas as pd
import pytest

from csm_lib.errors import UsageError
from csm_lib.explain.filters import columns_in, population_condition, row_condition

ROWS = pd.DataFrame(
    {
        "place": [0, 1, 2, 3],
        "issue": ["repair", "Product enquiry", "it's and or", None],
        "local_hour": [17.0, 9.0, None, 20.0],
        "is_live": pd.array([True, False, None, True], dtype="boolean"),
        "team": ["A", "B", "A", None],
    }
)


def selected(text: str) -> list[int]:
    condition = row_condition(text, columns=ROWS.columns)
    with duckdb.connect() as connection:
        connection.register("rows_held", ROWS)
        found = connection.sql(f"SELECT place FROM rows_held WHERE {condition} ORDER BY place").to_arrow_table()
    return found.column("place").to_pylist()


@pytest.mark.parametrize(
    ("text", "places"),
    [
        pytest.param("issue = repair", [0], id="a word"),
        pytest.param("issue = REPAIR", [0], id="whatever the case"),
        pytest.param("issue = product enquiry", [1], id="words with a space"),
        pytest.param("issue = 'it''s and or'", [2], id="a quoted text with a quote and links"),
        pytest.param('issue = "it\'s and or"', [2], id="double quotes"),
        pytest.param("local_hour >= 17", [0, 3], id="a number"),
        pytest.param("local_hour = 17", [0], id="a number held as a float"),
        pytest.param("is_live = true", [0, 3], id="a flag"),
        pytest.param("team = A and local_hour < 18", [0], id="and"),
        pytest.param("team = B or local_hour > 18", [1, 3], id="or"),
        pytest.param("team = B or team = A and issue = repair", [0, 1], id="and before or"),
        pytest.param("(team = B or team = A) and not issue = repair", [1, 2], id="brackets and not"),
        pytest.param("team in (A, B)", [0, 1, 2], id="in"),
        pytest.param("team not in (A)", [1], id="not in leaves missing out"),
        pytest.param("team != A", [1], id="unlike leaves missing out"),
        pytest.param("team is missing", [3], id="missing"),
        pytest.param("local_hour is not missing", [0, 1, 3], id="not missing"),
    ],
)
def test_rows_as_selected_by_hand(text: str, places: list[int]) -> None:
    assert selected(text) == places


def test_the_columns_read_are_named_once() -> None:
    assert columns_in("team = A or team = B and issue is missing", columns=ROWS.columns) == ["team", "issue"]


@pytest.mark.parametrize(
    ("text", "at"),
    [
        pytest.param("issue = repair; DROP TABLE facts", None, id="a second statement is only a word"),
        pytest.param("issue = repair) OR (1 = 1", ")", id="a bracket that closes too much"),
        pytest.param("issue", "the end", id="no comparison"),
        pytest.param("issue =", "the end", id="no value"),
        pytest.param("= repair", "=", id="no column"),
        pytest.param("issue = 'repair", "'", id="an open quote"),
        pytest.param("(issue = repair", "the end", id="an open bracket"),
        pytest.param("issue like re%", "like", id="an unknown word"),
        pytest.param("team is B", "B", id="is something"),
        pytest.param("not", "the end", id="nothing after not"),
        pytest.param("", "the end", id="nothing"),
    ],
)
def test_anything_else_is_refused(text: str, at: str | None) -> None:
    if at is None:
        assert selected(text) == []  # compared as text, never run
        return
    with pytest.raises(UsageError) as told:
        row_condition(text, columns=ROWS.columns)
    assert str(told.value) == (
        'filter must compare columns with values, such as "issue = repair and local_hour >= 17", '
        f"got {text!r} (at {at!r}). Write it so."
    )


def test_a_population_stands_behind_within() -> None:
    text, columns = "local_hour = 17 within channel = phone or channel = chat", ["local_hour", "channel"]
    rows = duckdb.sql(
        "SELECT * FROM (VALUES (17, 'phone'), (17, 'email'), (18, 'chat'), (18, NULL)) t(local_hour, channel)"
    )
    held = rows.project(f"{row_condition(text, columns=columns)}, {population_condition(text, columns=columns)}")
    assert held.fetchall() == [(True, True), (False, False), (False, True), (False, False)]
    assert columns_in(text, columns=columns) == columns
    assert population_condition("channel = phone", columns=columns) == "true"


def test_an_unknown_column_is_named() -> None:
    with pytest.raises(UsageError) as told:
        row_condition("isue = repair", columns=["issue", "team"], where="evidence_filter of node 'F4' in five_whys")
    assert str(told.value) == (
        "evidence_filter of node 'F4' in five_whys must name columns of the facts, got 'isue' (in 'isue = repair'). "
        "Choose from issue, team."
    )
