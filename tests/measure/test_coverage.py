"""What the data can give, and the reason where it cannot."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from csm_lib.definitions import INDICATORS
from csm_lib.engine import connect
from csm_lib.errors import SettingError
from csm_lib.measure.coverage import balance, coverage, dictionary, left_out, why_not_measured
from csm_lib.measure.indicators import measure


def test_the_dictionary_has_one_row_per_indicator_and_its_target() -> None:
    table = dictionary(["frt", "csat"], targets=pd.DataFrame({"key": ["frt"], "target": [30.0]}))
    assert table["key"].tolist() == ["frt", "csat"]
    assert table.loc[0, "target"] == 30.0
    assert math.isnan(table.loc[1, "target"])
    assert table.loc[0, "formula"] == INDICATORS["frt"].formula
    assert table["hotline_dimension"].tolist() == ["responsiveness", "empathy"]


def test_the_dictionary_refuses_what_is_no_indicator() -> None:
    with pytest.raises(SettingError) as refused:
        dictionary(["frt", "speed"])
    listed = ", ".join(INDICATORS)
    assert str(refused.value) == f"indicator must be one of {listed}, got 'speed'. Correct the key."


def test_coverage_counts_the_rows_behind_each_indicator() -> None:
    surveys = pd.DataFrame({"csat": [5, 3, None, None], "customer_id": list("abcd")})
    rows = coverage(measure({"survey": surveys}, "csat"), {"survey": surveys})
    assert rows[["n_rows", "n", "covered_share", "is_measured", "reason"]].values.tolist() == [[4, 2, 0.5, True, None]]


def test_coverage_reads_a_relation_like_a_frame() -> None:
    surveys = connect().sql("SELECT 5 AS csat, 'a' AS customer_id UNION ALL SELECT NULL, 'b'")
    rows = coverage(measure({"survey": surveys}, "csat"), {"survey": surveys})
    assert rows[["n_rows", "n"]].values.tolist() == [[2, 1]]


@pytest.mark.parametrize(
    ("key", "n_rows", "excluded", "expected"),
    [
        ("csat", None, {}, "no survey data"),
        ("csat", 0, {}, "no surveys in this period"),
        ("complaint_rate", 3, {}, "no contact is in its population"),
        ("csat", 4, {"not_rated": 4}, "no survey is in its population; most are left out because: not rated"),
        ("self_service_rate", 4, {}, "no contact is in its population, which reads is_self_service"),
        ("ola", None, {}, "no clock data, which rest on policies in the settings, or judgements of the source system"),
        ("turnover", 0, {}, "no agent months in this period"),
    ],
    ids=[
        "no source",
        "no row of the grain",
        "nothing to divide by",
        "all left out for a reason",
        "a column is empty",
        "no source, and the grain does not say which",
        "no row of a grain of two words",
    ],
)
def test_what_is_not_measured_has_a_reason(
    key: str, n_rows: int | None, excluded: dict[str, int], expected: str
) -> None:
    assert why_not_measured(key, n_rows=n_rows, excluded=excluded) == expected


def test_rows_left_out_stand_by_reason_most_first_and_none_is_lost() -> None:
    contacts = pd.DataFrame(
        {
            "is_offered": [True, True, True, True],
            "is_answered": [True, False, True, True],
            "first_response_s": [10.0, None, None, None],
            "local_date": ["2024-01-01"] * 4,
        }
    )
    rows = left_out(measure(contacts, "frt"))
    assert rows[["reason", "n_left_out"]].values.tolist() == [["time unknown", 2], ["not answered", 1]]
    assert rows["n_left_out"].sum() + rows["n_population"].iloc[0] == len(contacts)


def test_nothing_measured_gives_tables_without_rows() -> None:
    nothing = pd.DataFrame(columns=["key", "n", "value", "excluded"])
    assert coverage(nothing, {}).empty
    assert left_out(nothing).empty


def test_each_dimension_counts_its_headline_and_what_of_it_is_measured() -> None:
    covered = pd.DataFrame(
        {
            "key": ["frt", "aht", "csat", "fcr"],
            "dimension": ["efficiency", "efficiency", "experience", "quality"],
            "is_measured": [True, True, False, True],
        }
    )
    rows = balance(["csat", "frt"], covered, weights={"efficiency": 0.25, "experience": 0.75})
    assert rows[["n_headline", "n_measured", "n_available"]].values.tolist() == [[1, 1, 2], [0, 0, 1], [1, 0, 0]]
    assert rows["keys"].tolist() == [("frt",), (), ("csat",)]
    assert rows["weight"].isna().tolist() == [False, True, False]


def test_a_grain_without_a_source_is_not_measured_and_has_no_rows() -> None:
    facts = {"survey": None}
    rows = coverage(measure(facts, "csat"), facts)
    assert rows[["n_rows", "n", "is_measured", "reason"]].values.tolist() == [[0, 0, False, "no survey data"]]
