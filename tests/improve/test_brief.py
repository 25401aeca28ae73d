"""The gaps that matter, with cause and measure: ranking by hand, and what is not known is left empty."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest

from csm_lib.improve.brief import causes_of_gaps, key_gaps, measures_for_gaps


def card(*rows: tuple[str, float, float, str, str, str]) -> pd.DataFrame:
    made = [
        {"key": key, "value": value, "low": value, "high": value, "n": 100, "unit": unit, "target": target,
         "gap": value - target, "better": better, "verdict": verdict}
        for key, value, target, unit, better, verdict in rows
    ]  # fmt: skip
    columns = ["key", "value", "low", "high", "n", "unit", "target", "gap", "better", "verdict"]
    return pd.DataFrame(made, columns=columns)


CLASSIC = card(
    ("frt", 35.0, 30.0, "s", "lower", "missed"),
    ("fcr", 0.78, 0.85, "share", "higher", "missed"),
    ("csat", 0.88, 0.90, "share", "higher", "too_close"),
    ("complaint_rate", 0.012, 0.010, "share", "lower", "missed"),
    ("csat_mean", 4.6, 4.5, "score", "higher", "met"),
)


def test_gaps_are_ranked_by_how_far_they_exceed_what_the_target_allows() -> None:
    # by hand: fcr 7 of 15 allowed points, complaints 0.2 of 1.0, first response 5 of 30 seconds; csat is not sure
    gaps = key_gaps(CLASSIC, count=4)
    assert gaps["key"].tolist() == ["fcr", "complaint_rate", "frt", "csat"]
    assert gaps["excess_share"].tolist() == pytest.approx([7 / 15, 0.2, 1 / 6, 0.2])
    assert key_gaps(CLASSIC, count=3)["key"].tolist() == ["fcr", "complaint_rate", "frt"]


@pytest.mark.parametrize(
    ("row", "excess"),
    [
        (("csat_mean", 4.05, 4.5, "score", "higher", "missed"), 0.1),
        (("nps", -0.1, 0.4, "points", "higher", "missed"), 1.25),
        (("complaint_rate", 0.01, 0.0, "share", "lower", "missed"), math.inf),
        (("answer_rate", 0.99, 1.0, "share", "higher", "missed"), math.inf),
    ],
    ids=["a score", "a net score", "none allowed", "all wanted"],
)
def test_other_units_have_their_own_excess(row: tuple[Any, ...], excess: float) -> None:
    assert key_gaps(card(row))["excess_share"].tolist() == pytest.approx([excess])


def test_a_card_without_gaps_or_without_values_gives_no_rows() -> None:
    assert key_gaps(card(("csat_mean", 4.6, 4.5, "score", "higher", "met"))).attrs["reason"] is None
    nothing = key_gaps(card(("fcr", math.nan, 0.85, "share", "higher", "not_measured")))
    assert nothing.empty
    assert nothing.attrs["reason"] == "no indicator has both a value and a target"


def whys(*rows: tuple[str, int, str, float, str]) -> pd.DataFrame:
    made = [
        {
            "tree": tree,
            "level": level,
            "statement": text,
            "evidence": "e",
            "value": 0.4,
            "points": points,
            "status": status,
        }
        for tree, level, text, points, status in rows
    ]
    columns = ["tree", "level", "statement", "evidence", "value", "points", "status"]
    return pd.DataFrame(made, columns=columns)


STATEMENTS = pd.DataFrame({"tree": ["f", "f", "r"], "indicator": ["fcr", "fcr", "frt"]})
NO_COMPLAINTS = pd.DataFrame(columns=["cause", "n", "value"])


def test_the_cause_is_the_supported_statement_that_could_win_most() -> None:
    chain = whys(
        ("f", 0, "too few are helped", math.nan, "supported"),
        ("f", 1, "skills", 0.066, "supported"),
        ("f", 2, "knowledge", 0.088, "supported"),
        ("f", 1, "weather", 0.2, "not supported"),
        ("r", 2, "shift ends", math.nan, "supported"),
        ("r", 1, "chats are late", math.nan, "supported"),
    )
    found = {
        "fcr": pd.DataFrame({"segment": [(("team", "A"),), (("issue", "repair"),)], "contribution": [0.02, -0.01]}),
        "frt": pd.DataFrame(columns=["segment", "contribution"]),
    }
    gaps = causes_of_gaps(key_gaps(CLASSIC), whys=chain, statements=STATEMENTS, complaints=NO_COMPLAINTS, found=found)
    by_key = gaps.set_index("key")
    assert by_key["cause"].to_dict() == {"fcr": "knowledge", "complaint_rate": None, "frt": "chats are late"}
    assert by_key.loc["fcr", "where"] == (("issue", "repair"),)
    assert by_key.loc["frt", "where"] is None
    assert by_key.loc["fcr", "cause_share"] == 0.4
    assert math.isnan(by_key.loc["frt", "cause_share"])


def test_complaints_have_their_most_frequent_cause() -> None:
    pareto = pd.DataFrame({"cause": ["slow", "rude"], "n": [34, 8], "value": [0.34, 0.08]})
    gaps = key_gaps(CLASSIC).query("key == 'complaint_rate'")
    made = causes_of_gaps(gaps, whys=whys(), statements=STATEMENTS, complaints=pareto, found={})
    assert made[["cause", "evidence", "cause_share"]].values.tolist() == [["slow", "34 complaints", 0.34]]


PLAN = pd.DataFrame(
    {
        "plan": ["2023Q4", "2024Q1", "2023Q4", "2023Q4", "2024Q2"],
        "indicator": ["fcr", "fcr", "frt", "complaint_rate", "csat"],
        "measure": ["old", "new", "limit chats", "call back", "later"],
        "owner": "lead",
        "due_on": pd.to_datetime(["2024-01-31", "2024-05-31", "2024-02-29", "2024-01-15", "2024-08-01"]),
        "status": ["overdue", "open", "overdue", "done_on_time", "open"],
    }
)


def test_a_gap_gets_the_measure_of_its_own_plan_else_an_open_one_of_an_earlier_plan() -> None:
    gaps = measures_for_gaps(key_gaps(CLASSIC, count=4), PLAN, current="2024Q1").set_index("key")
    assert gaps["measure"].to_dict() == {"fcr": "new", "complaint_rate": None, "frt": "limit chats", "csat": None}


def test_no_plan_leaves_every_gap_without_a_measure() -> None:
    gaps = measures_for_gaps(key_gaps(CLASSIC), PLAN.head(0), current="2024Q1")
    assert gaps["measure"].tolist() == [None, None, None]
