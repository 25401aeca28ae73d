"""Objectives: every letter can fail by itself, and power agrees with the textbook formula."""

from __future__ import annotations

import math
from datetime import date
from statistics import NormalDist

import pandas as pd
import pytest

from csm_lib.measure.objectives import LETTERS, detectability, smart_check
from csm_lib.settings import Objective

ON = date(2024, 4, 1)
GOOD = Objective(
    name="Solve it at once", indicator="fcr", baseline=0.78, target=0.85, due_on=date(2024, 9, 30),
    owner="Head of service", business_goal="repurchase rate + 10 %", rationale="the pilot team has it",
)  # fmt: skip
SEEN = pd.DataFrame({"key": ["fcr"], "n": [1000], "value": [0.78], "low": [0.7543], "high": [0.8057]})
NORMAL = NormalDist()


def test_the_weeks_needed_are_held_against_the_weeks_left() -> None:
    # 1,000 rows in 13 weeks; from 78 to 85 % takes 2 (1.96 + 0.8416)² / h² = 482 rows, about 6.3 weeks
    seen = pd.DataFrame({"key": ["fcr"], "n": [1000], "value": [0.78], "low": [0.7543], "high": [0.8057]})
    wishes = [
        Objective(name="soon", indicator="fcr", baseline=0.78, target=0.85, due_on=date(2024, 4, 29)),
        Objective(name="later", indicator="fcr", baseline=0.78, target=0.85, due_on=date(2024, 9, 30)),
        Objective(name="some day", indicator="fcr", baseline=0.78, target=0.85),
    ]
    found = detectability(wishes, seen, weeks=13, on=date(2024, 3, 31))
    assert found["is_in_time"].tolist() == [False, True, None]
    assert found["weeks_left"].iloc[1] == 183 / 7


def test_a_complete_objective_keeps_every_rule() -> None:
    checked = smart_check([GOOD], on=ON, measured=SEEN)
    assert checked["is_kept"].tolist() == [True] * len(LETTERS)
    assert set(checked["letter"]) == set("SMART")


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        pytest.param({"name": " "}, ["no_name"], id="no name"),
        pytest.param({"indicator": None}, ["no_indicator"], id="no indicator"),
        pytest.param({"owner": None}, ["no_owner"], id="nobody answers for it"),
        pytest.param({"target": None}, ["no_target"], id="no target"),
        pytest.param({"baseline": None}, ["no_baseline"], id="no baseline"),
        pytest.param({"indicator": "answer_rate"}, ["not_measured"], id="no data for it"),
        pytest.param({"target": 1.2}, ["out_of_range"], id="more than everything"),
        pytest.param({"target": 0.7}, ["wrong_direction"], id="asks for worse"),
        pytest.param({"target": 0.78}, ["wrong_direction"], id="asks for nothing"),
        pytest.param({"rationale": ""}, ["no_rationale"], id="no reason to believe it"),
        pytest.param({"business_goal": None}, ["no_business_goal"], id="no business goal"),
        pytest.param({"due_on": None}, ["no_due_date"], id="no date"),
        pytest.param({"due_on": ON}, ["date_passed"], id="date is not ahead"),
    ],
)
def test_what_fails_is_named(change: dict, broken: list[str]) -> None:
    checked = smart_check([GOOD.model_copy(update=change)], on=ON, measured=SEEN)
    assert checked.loc[checked["is_kept"].eq(False), "rule"].tolist() == broken


def test_lower_is_better_for_times() -> None:
    faster = GOOD.model_copy(update={"indicator": "frt", "baseline": 35.0, "target": 30.0})
    checked = smart_check([faster], on=ON).set_index("rule")["is_kept"]
    assert checked["wrong_direction"] is True and checked["not_measured"] is None


def test_no_objective_no_row() -> None:
    assert smart_check([], on=ON).empty


def test_power_of_a_share_is_the_textbooks() -> None:
    row = detectability([GOOD], SEEN, weeks=13, design_effect={"fcr": 1.0}).iloc[0]
    h = 2 * math.asin(math.sqrt(0.85)) - 2 * math.asin(math.sqrt(0.78))  # Cohen (1988), section 6.2
    z = NORMAL.inv_cdf(0.975)
    assert row["power"] == pytest.approx(NORMAL.cdf(h * math.sqrt(500) - z), abs=1e-3)
    needed = 2 * ((z + NORMAL.inv_cdf(0.8)) / h) ** 2
    assert row["n_needed"] == math.ceil(needed)
    assert row["weeks_needed"] == pytest.approx(13 * needed / 1000, rel=1e-3)
    assert row["can_tell"] is True


def test_the_smallest_change_has_the_wanted_power() -> None:
    row = detectability([GOOD], SEEN, weeks=13, design_effect={"fcr": 1.0}).iloc[0]
    just = GOOD.model_copy(update={"target": 0.78 + row["smallest_change"]})
    again = detectability([just], SEEN, weeks=13, design_effect={"fcr": 1.0}).iloc[0]
    assert again["power"] == pytest.approx(0.8, abs=1e-3)
    assert 0.03 < row["smallest_change"] < 0.06


def test_a_design_effect_divides_the_rows() -> None:
    plain = detectability([GOOD], SEEN, weeks=13, design_effect={"fcr": 1.0}).iloc[0]
    double = detectability([GOOD], SEEN, weeks=13, design_effect={"fcr": 2.0}).iloc[0]
    assert double["n_needed"] == pytest.approx(2 * plain["n_needed"], abs=2)
    halved = detectability([GOOD], SEEN.assign(n=500), weeks=13, design_effect={"fcr": 1.0}).iloc[0]
    assert double["power"] == pytest.approx(halved["power"])


def test_the_design_effect_is_read_off_the_interval() -> None:
    wide = math.sqrt(3) * 1.959964 * math.sqrt(0.78 * 0.22 / 1000)
    row = detectability([GOOD], SEEN.assign(low=0.78 - wide, high=0.78 + wide), weeks=13).iloc[0]
    assert row["design_effect"] == pytest.approx(3, rel=1e-5)


def test_power_of_a_mean_uses_its_spread() -> None:
    # standard deviation 100 s over 10,000 rows: the interval is 1.96 s to either side
    seen = pd.DataFrame({"key": ["frt"], "n": [10_000], "value": [35.0], "low": [33.04], "high": [36.96]})
    wish = GOOD.model_copy(update={"indicator": "frt", "baseline": 35.0, "target": 31.0})
    row = detectability([wish], seen, weeks=13).iloc[0]
    z = NORMAL.inv_cdf(0.975)
    assert row["power"] == pytest.approx(NORMAL.cdf(0.04 * math.sqrt(5000) - z), abs=1e-3)
    assert row["smallest_change"] == pytest.approx(-100 * (z + NORMAL.inv_cdf(0.8)) / math.sqrt(5000), rel=1e-3)
    assert row["can_tell"] is True


def test_too_small_a_volume_says_how_many_weeks() -> None:
    row = detectability([GOOD], SEEN.assign(n=100), weeks=13, design_effect={"fcr": 1.0}).iloc[0]
    assert row["can_tell"] is False and row["weeks_needed"] > 13


@pytest.mark.parametrize(
    ("change", "seen", "reason"),
    [
        pytest.param({"indicator": None}, SEEN, "no_indicator", id="no indicator"),
        pytest.param({"baseline": None}, SEEN, "no_baseline", id="no baseline"),
        pytest.param({"target": None}, SEEN, "no_target", id="no target"),
        pytest.param({"target": 0.78}, SEEN, "no_change", id="no change asked"),
        pytest.param({"indicator": "frt"}, SEEN, "not_measured", id="not measured"),
        pytest.param({}, SEEN.assign(n=0, value=math.nan), "not_measured", id="no rows"),
        pytest.param({}, SEEN.assign(value=1.0), "no_spread", id="all alike"),
        pytest.param({}, SEEN.assign(low=math.nan), "no_interval", id="no interval"),
    ],
)
def test_what_cannot_be_computed_says_why(change: dict, seen: pd.DataFrame, reason: str) -> None:
    row = detectability([GOOD.model_copy(update=change)], seen, weeks=13).iloc[0]
    assert row["reason"] == reason and math.isnan(row["power"]) and row["can_tell"] is None
