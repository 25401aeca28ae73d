"""From an official figure to ours: the steps add up, and what is not explained is said."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from csm_lib.measure.bridge import bridge, bridge_summary
from csm_lib.measure.indicators import measure
from csm_lib.periods import parse_period

PERIOD = parse_period("2024Q1")

# 20 calls in hours: 15 answered, 3 abandoned after long, 2 at once; 5 at night: nobody answers; 10 e-mails
CALLS = pd.DataFrame(
    {
        "contact_id": [str(i) for i in range(35)],
        "channel": ["phone"] * 25 + ["email"] * 10,
        "is_live": [True] * 25 + [False] * 10,
        "is_offered": [True] * 20 + [False] * 15,
        "is_answered": [True] * 15 + [False] * 10 + [True] * 10,
        "is_abandoned": [False] * 15 + [True] * 5 + [False] * 15,
        "is_short_abandon": [False] * 18 + [True] * 2 + [False] * 15,
        "bot_resolved": [False] * 35,
        "wait_s": [10.0] * 15 + [60.0] * 3 + [2.0] * 2 + [None] * 15,
        "local_hour": [9] * 10 + [12] * 10 + [23] * 15,
    }
)


def official(value: float, **choices: Any) -> pd.DataFrame:
    row = {"indicator": "answer_rate", "period": "2024Q1", "value": value, "source": "vendor", "population": None,
           "window": None, "exclusions": None}  # fmt: skip
    return pd.DataFrame([row | choices])


def changes(value: float, **choices: Any) -> list[tuple[str, float]]:
    steps = bridge({"contact": CALLS}, official(value, **choices), period=PERIOD)
    middle = steps[~steps["step"].isin(["official", "ours"])]
    return [(step, change) for step, change in zip(middle["step"], middle["change"], strict=True)]


@pytest.mark.parametrize(
    ("choices", "value", "expected"),
    [
        ({}, 0.75, []),
        # 15 ÷ 25 instead of 15 ÷ 20
        ({"window": "all_hours"}, 0.6, [("window", 0.15)]),
        ({"window": "all hours"}, 0.6, [("window", 0.15)]),
        ({"exclusions": "short_abandons"}, 15 / 18, [("exclusions", 0.75 - 15 / 18)]),
        ({"exclusions": "abandoned within 61 s"}, 1.0, [("exclusions", -0.25)]),
        ({"exclusions": "is_abandoned AND wait_s < 5"}, 15 / 18, [("exclusions", 0.75 - 15 / 18)]),
        # 25 ÷ 35, e-mails count
        ({"population": "all"}, 25 / 35, [("population", 0.75 - 25 / 35)]),
        ({"population": "phone", "window": "local_hour < 10"}, 1.0, [("population", 0.0), ("window", -0.25)]),
        (
            {"window": "all_hours", "exclusions": "short_abandons; local_hour = 9"},
            5 / 13,
            [("window", 0.15), ("exclusions", 15 / 25 - 15 / 23), ("exclusions", 15 / 23 - 5 / 13)],
        ),
    ],
    ids=[
        "as we count",
        "night too",
        "night in words",
        "short",
        "within",
        "sql",
        "everyone",
        "phone at nine",
        "all three",
    ],
)
def test_a_vendor_whose_way_is_known_leaves_no_rest(
    choices: dict[str, str], value: float, expected: list[tuple[str, float]]
) -> None:
    *found, (last, rest) = changes(value, **choices)
    assert [step for step, _ in found] == [step for step, _ in expected]
    np.testing.assert_allclose([change for _, change in found], [change for _, change in expected], atol=1e-12)
    assert last == "rest" and rest == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    "text",
    ["calls closed by the agent", "24 h", "1; DROP TABLE x", "is_offered) OR (SELECT", "read_csv('x') IS NULL", "TRUE",
     "local_hour ==== 3", "customer_segment = 'vip'"],
)  # fmt: skip
def test_a_choice_that_cannot_be_redone_stays_in_the_rest(text: str) -> None:
    steps = bridge({"contact": CALLS}, official(0.8, population=text), period=PERIOD)
    assert steps["step"].tolist() == ["official", "population", "rest", "ours"]
    assert steps.loc[1, "reason"] == f"{text!r} cannot be redone on our rows"
    assert math.isnan(steps.loc[1, "change"]) and steps.loc[1, "level"] == 0.8
    assert steps.loc[2, "change"] == pytest.approx(-0.05)


def test_a_choice_that_leaves_no_row_is_said() -> None:
    steps = bridge({"contact": CALLS}, official(0.8, window="local_hour > 99"), period=PERIOD)
    assert steps.loc[1, "reason"] == "'local_hour > 99' leaves no row"
    assert steps["level"].iloc[-1] == 0.75


@pytest.mark.parametrize("seed", range(5))
def test_the_steps_always_add_up_to_the_difference(seed: int) -> None:
    rng = np.random.default_rng(seed)
    seen = CALLS.sample(300, replace=True, random_state=seed).reset_index(drop=True)
    told = official(rng.random(), population="phone", window="all_hours", exclusions="local_hour = 12;short_abandons")
    steps = bridge({"contact": seen}, told, period=PERIOD)
    ours = measure(seen, "answer_rate").loc[0, "value"]
    assert told.loc[0, "value"] + steps["change"].sum() == pytest.approx(ours, abs=1e-12)
    np.testing.assert_allclose(steps["level"].iloc[:-1], told.loc[0, "value"] + steps["change"].fillna(0).cumsum()[:-1])
    summed = bridge_summary(steps).iloc[0]
    assert summed["difference"] == pytest.approx(summed["explained"] + summed["unexplained"], abs=1e-12)


def test_an_indicator_without_a_flag_of_its_own_is_narrowed() -> None:
    seen = pd.DataFrame(
        {"is_first_contact_resolved": [True, False, True, True], "channel": ["phone"] * 2 + ["chat"] * 2}
    )
    steps = bridge({"contact": seen}, official(0.5, indicator="fcr", population="phone"), period=PERIOD)
    assert steps["change"].iloc[1:3].tolist() == [0.25, 0.0]


def test_only_figures_of_the_period_count_however_it_is_written() -> None:
    told = pd.concat([official(0.9), official(0.9, period="2024-01-01..2024-03-31"), official(0.9, period="2023Q4"),
                      official(0.9, period="spring")])  # fmt: skip
    assert (bridge({"contact": CALLS}, told, period=PERIOD)["step"] == "ours").sum() == 2


@pytest.mark.parametrize(
    ("facts", "told", "reason"),
    [
        ({"contact": None}, official(0.9), "not measured here"),
        ({"contact": CALLS}, official(0.9, indicator="asa"), "'asa' is no indicator"),
    ],
    ids=["no source", "another indicator"],
)
def test_what_we_do_not_measure_is_said(facts: dict[str, Any], told: pd.DataFrame, reason: str) -> None:
    steps = bridge(facts, told, period=PERIOD)
    assert steps.set_index("step").loc["rest", "reason"] == reason
    summed = bridge_summary(steps).iloc[0]
    assert math.isnan(summed["value"]) and math.isnan(summed["unexplained"]) and summed["official"] == 0.9


def test_without_an_official_figure_the_reason_is_given() -> None:
    steps = bridge({"contact": CALLS}, official(0.9).iloc[:0], period=PERIOD)
    assert len(steps) == 0 and steps.attrs["reason"] == "no official figure of 2024Q1"
    assert len(bridge_summary(steps)) == 0
