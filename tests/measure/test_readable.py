"""What a column may hold, kind by kind."""

from __future__ import annotations

import pandas as pd
import pytest

from csm_lib.engine import connect
from csm_lib.errors import SettingError
from csm_lib.measure.readable import arrow_of, refuse_unreadable, typed, unreadable


@pytest.mark.parametrize(
    ("value", "wanted", "read"),
    [
        pytest.param("3.6::DOUBLE", "INTEGER", 3.6, id="a fraction where whole numbers are usual"),
        pytest.param("3.6::DECIMAL(3, 1)", "INTEGER", 3.6, id="a decimal"),
        pytest.param("4::BIGINT", "INTEGER", 4.0, id="a wide whole number"),
        pytest.param("' 3.6 '", "INTEGER", 3.6, id="text with blanks"),
        pytest.param("'nan'::DOUBLE", "INTEGER", None, id="NaN is missing"),
        pytest.param("NULL::VARCHAR", "DOUBLE", None, id="null"),
        pytest.param("1::DOUBLE", "BOOLEAN", True, id="a flag kept as a number"),
        pytest.param("'True'", "BOOLEAN", True, id="a flag in words"),
        pytest.param("'inf'::DOUBLE", "VARCHAR", "inf", id="a label is never a number"),
    ],
)
def test_what_can_be_read_is_read_as_it_is(value: str, wanted: str, read: object) -> None:
    rows = connect().sql(f"SELECT {value} AS held")
    kind = str(rows.types[0])
    assert rows.project(typed("held", kind, wanted)).fetchall() == [(read,)]
    check = unreadable("held", kind, wanted)
    assert check is None or rows.project(check).fetchall() == [(False,)]


@pytest.mark.parametrize(
    ("value", "wanted", "message"),
    [
        pytest.param("''", "INTEGER", "finite numbers (read by 'k'), got ''", id="empty text"),
        pytest.param("'nan'", "DOUBLE", "finite numbers (read by 'k'), got 'nan'", id="NaN in words"),
        pytest.param("'-inf'::FLOAT", "DOUBLE", "finite numbers (read by 'k'), got -inf", id="minus infinity"),
        pytest.param("'soon'", "DATE", "dates (read by 'k'), got 'soon'", id="no date"),
        pytest.param("'soon'", "TIMESTAMP WITH TIME ZONE", "instants (read by 'k'), got 'soon'", id="no instant"),
        pytest.param("'perhaps'", "BOOLEAN", "true or false (read by 'k'), got 'perhaps'", id="no flag"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(value: str, wanted: str, message: str) -> None:
    rows = connect().sql(f"SELECT {value} AS held UNION ALL SELECT NULL")
    with pytest.raises(SettingError) as refusal:
        refuse_unreadable(rows, {"held": wanted}, {"held": ["k"]})
    assert str(refusal.value) == (
        f"held must hold {message} (1 of 2 rows). Correct the values, or empty them to leave those rows out."
    )


def test_only_a_column_of_mixed_kinds_becomes_text() -> None:
    frame = pd.DataFrame({"csat": [5, "x", None], "wait_s": [1.5, 2.0, None]})
    table = arrow_of(frame, ["wait_s", "csat"])
    assert table.to_pydict() == {"wait_s": [1.5, 2.0, None], "csat": ["5", "x", None]}
    assert frame.loc[0, "csat"] == 5
