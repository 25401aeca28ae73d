"""How many more contacts settle a verdict, and what the rest of the year must be."""

import math

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from csm_lib.measure.outlook import contacts_to_settle, run_rate


def close_card(value=0.84, half=0.02, target=0.85, n=1300, verdict="too_close"):
    return pd.DataFrame({"key": ["fcr"], "value": [value], "low": [value - half], "high": [value + half], "n": [n],
                         "unit": ["share"], "target": [target], "verdict": [verdict]})  # fmt: skip


def test_as_many_more_as_worked_by_hand():
    # s = 0.02 / 1.96 at 1,300; a gap of 0.01 must be 1.96 + 0.8416 of them: 1,300 × (2.8016 × 1.0204)² = 10,624
    made = contacts_to_settle(close_card(), weeks=13)
    assert_allclose(made["n_more"], 10_624 - 1300, atol=2)
    assert_allclose(made["weeks_more"], made["n_more"] / 100)


def test_with_so_many_the_verdict_is_sure_as_often_as_wanted():
    rng = np.random.default_rng(1)
    n = 1300 + contacts_to_settle(close_card(), weeks=13)["n_more"].iloc[0]
    error = 0.02 / 1.959964 * math.sqrt(1300 / n)
    is_sure = rng.normal(0.84, error, 20_000) + 1.959964 * error < 0.85
    assert abs(is_sure.mean() - 0.8) < 0.015


@pytest.mark.parametrize(
    ("card", "reason"),
    [
        pytest.param(close_card(value=0.85), "the value lies on the target", id="on the target"),
        pytest.param(close_card(half=math.nan), "no interval", id="no interval"),
    ],
)
def test_what_no_number_settles_says_why(card, reason):
    made = contacts_to_settle(card, weeks=13)
    assert made["reason"].tolist() == [reason]
    assert made["n_more"].isna().all()


def test_what_is_settled_is_not_listed():
    assert len(contacts_to_settle(close_card(verdict="missed"), weeks=13)) == 0


def measured(value=0.78, size=1000.0, key="fcr", unit="share"):
    return pd.DataFrame({"key": [key], "n": [int(size)], "numerator": [value * size], "denominator": [size],
                         "value": [value], "unit": [unit]})  # fmt: skip


def test_the_rest_of_the_year_makes_up_for_its_start():
    made = run_rate(measured(), targets={"fcr": 0.8}, days_done=90, days_left=270).iloc[0]
    assert_allclose(0.25 * 0.78 + 0.75 * made["needed"], 0.8)
    assert (made["is_on_course"], made["is_possible"], made["basis"]) == (False, True, "even volume")


def test_last_years_volume_says_how_much_is_still_to_come():
    made = run_rate(measured(), targets={"fcr": 0.8}, days_done=90, days_left=270, last_year=measured(size=4000),
                    last_year_to_date=measured(size=2000)).iloc[0]  # fmt: skip
    assert_allclose([made["done_share"], made["needed"]], [0.5, 0.82])
    assert made["basis"] == "last year's volume"


@pytest.mark.parametrize(
    ("value", "target", "unit", "key", "is_possible"),
    [
        pytest.param(0.5, 0.95, "share", "fcr", False, id="more than all"),
        pytest.param(60.0, 30.0, "s", "frt", True, id="faster"),
        pytest.param(200.0, 30.0, "s", "frt", False, id="below nothing"),
    ],
)
def test_what_cannot_be_made_up_is_said(value, target, unit, key, is_possible):
    made = run_rate(measured(value, key=key, unit=unit), targets={key: target}, days_done=180, days_left=180).iloc[0]
    assert made["is_possible"] is is_possible or made["is_possible"] == is_possible


def test_a_year_that_is_over_and_keys_without_targets():
    made = run_rate(measured(), targets=pd.DataFrame({"key": ["fcr"], "target": [0.8]}), days_done=366, days_left=0)
    assert made["needed"].isna().all() and made["is_possible"].tolist() == [None]
    assert len(run_rate(measured(), targets={}, days_done=1, days_left=1)) == 0
    assert len(run_rate(measured(math.nan), targets={"fcr": 0.8}, days_done=1, days_left=1)) == 0
