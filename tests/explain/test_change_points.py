"""Change points: the planted day lies in the interval, and steady days have none."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from csm_lib.explain.change_points import change_point

FIRST = date(2024, 1, 1)


def daily(seed: int, *, at: int | None = None, step: float = -0.06, days: int = 91) -> pd.DataFrame:
    """Draw days of 150 contacts whose weekends are worse and busier days alike; a step on one day."""
    rng = np.random.default_rng(seed)
    day = np.arange(days)
    chance = 0.8 - 0.1 * (day % 7 >= 5) + (step * (day >= at) if at is not None else 0.0)
    return pd.DataFrame({"local_date": pd.date_range(FIRST, periods=days), "denominator": 150.0,
                         "numerator": rng.binomial(150, chance)})  # fmt: skip


def test_the_planted_day_lies_in_the_interval() -> None:
    held, found = [], []
    for seed in range(12):
        one = change_point(daily(seed, at=55))
        found.append(one["reason"] is None)
        if one["reason"] is None:
            held.append(one["low_on"] <= FIRST + timedelta(days=55) <= one["high_on"])
            assert one["low_on"] <= one["changed_on"] <= one["high_on"]
            assert one["after"] < one["before"]
    assert sum(found) >= 11
    assert sum(held) >= len(held) - 3


def test_steady_days_have_no_change() -> None:
    assert sum(change_point(daily(seed))["reason"] is None for seed in range(20)) <= 4  # one expected


def test_a_bad_weekend_is_no_new_level() -> None:
    seen = daily(3, days=84)
    seen.loc[[40, 41], "numerator"] = 60
    assert change_point(seen)["reason"] == "no step is larger than chance makes them"


def test_order_and_idle_days_change_nothing() -> None:
    seen = daily(5, at=40)
    idle = pd.DataFrame({"local_date": [pd.Timestamp("2024-06-01")], "denominator": [0.0], "numerator": [0]})
    mixed = pd.concat([seen.sample(frac=1, random_state=1), idle])
    assert change_point(mixed) == change_point(seen)


@pytest.mark.parametrize("days", [0, 1, 27])
def test_too_few_days_are_said(days: int) -> None:
    found = change_point(daily(1, days=days))
    assert found["reason"] == "fewer than 28 days with data" and found["changed_on"] is None
    assert found["n_days"] == days
