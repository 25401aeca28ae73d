"""The action plan: every state a measure can be in, and what counts as done by its date."""

from __future__ import annotations

import math
from datetime import date

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csm_lib.improve.plan import STATUSES, action_plan, completion, plan_effect

ON = date(2024, 3, 31)


def actions(*rows: tuple[date, date | None]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["due_on", "done_on"])
    return table.assign(action_id=[f"a{i}" for i in range(len(rows))], indicator="fcr", expected_benefit=0.01)


@pytest.mark.parametrize(
    ("due_on", "done_on", "status", "days_late"),
    [
        pytest.param(date(2024, 2, 1), date(2024, 1, 20), "done_on_time", 0, id="done before its date"),
        pytest.param(date(2024, 2, 1), date(2024, 2, 1), "done_on_time", 0, id="done on its date"),
        pytest.param(date(2024, 2, 1), date(2024, 2, 3), "done_late", 2, id="done two days late"),
        pytest.param(date(2024, 3, 1), None, "overdue", 30, id="not done and past its date"),
        pytest.param(ON, None, "open", 0, id="due today is not late"),
        pytest.param(date(2024, 6, 30), None, "open", 0, id="due later"),
        pytest.param(date(2024, 3, 1), date(2024, 4, 2), "overdue", 30, id="done only after the day of the report"),
        pytest.param(date(2024, 6, 30), date(2024, 4, 2), "open", 0, id="will be done in time, is not done yet"),
    ],
)
def test_each_state(due_on: date, done_on: date | None, status: str, days_late: int) -> None:
    row = action_plan(actions((due_on, done_on)), on=ON).iloc[0]
    assert (row["status"], row["days_late"]) == (status, days_late)


def test_the_most_pressing_comes_first() -> None:
    plan = actions(
        (date(2024, 2, 1), date(2024, 2, 1)),
        (date(2024, 6, 1), None),
        (date(2024, 2, 1), date(2024, 2, 2)),
        (date(2024, 5, 1), None),
        (date(2024, 1, 1), None),
    )
    assert action_plan(plan, on=ON)["action_id"].tolist() == ["a4", "a3", "a1", "a2", "a0"]


def test_completion_counts_only_what_is_due() -> None:
    plan = actions(
        (date(2024, 2, 1), date(2024, 2, 1)),
        (date(2024, 2, 1), date(2024, 2, 2)),
        (ON, None),
        (date(2024, 6, 1), date(2024, 3, 1)),
        (date(2024, 1, 1), date(2023, 12, 1)),
    )
    made = completion(plan, on=ON)
    assert (made.value, made.n) == (0.5, 4)
    assert made.low < 0.5 < made.high


def test_nothing_due_has_no_rate() -> None:
    assert math.isnan(completion(actions((date(2024, 6, 1), None)), on=ON).value)
    assert math.isnan(completion(actions(), on=ON).value)


def test_an_empty_plan_is_an_empty_table() -> None:
    found = action_plan(actions(), on=ON)
    assert found.empty and {"status", "days_late"} <= set(found.columns)


DAYS = st.dates(date(2024, 1, 1), date(2024, 6, 30))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(DAYS, st.none() | DAYS), min_size=1, max_size=8), DAYS)
def test_every_measure_has_one_state_and_completion_agrees(rows: list, on: date) -> None:
    plan = actions(*rows)
    held = plan.copy()
    found = action_plan(plan, on=on)
    assert len(found) == len(rows) and set(found["status"]) <= set(STATUSES)
    is_due = pd.to_datetime(found["due_on"]) <= pd.Timestamp(on)
    on_time = int((is_due & (found["status"] == "done_on_time")).sum())
    made = completion(plan, on=on)
    assert made.n == is_due.sum()
    assert made.n == 0 or made.value == pytest.approx(on_time / made.n)
    pd.testing.assert_frame_equal(plan, held)


def card(change: float, is_signal: bool | None) -> pd.DataFrame:
    return pd.DataFrame(
        {"key": ["fcr", "frt"], "better": ["higher", "lower"], "value": [0.8, 30.0], "previous": [0.8 - change, 35.0],
         "change": [change, -5.0], "change_low": [change - 0.02, -7.0], "change_high": [change + 0.02, -3.0],
         "is_signal": [is_signal, True]}
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "is_signal", "is_better"),
    [
        pytest.param(0.05, True, True, id="better"),
        pytest.param(-0.05, True, False, id="worse"),
        pytest.param(0.01, False, None, id="could be chance"),
        pytest.param(math.nan, None, None, id="no former period"),
    ],
)
def test_the_effect_of_the_last_plan(change: float, is_signal: bool | None, is_better: bool | None) -> None:
    plan = actions((date(2024, 2, 1), date(2024, 2, 1)), (date(2024, 2, 1), date(2024, 2, 9)), (date(2024, 2, 1), None))
    row = plan_effect(plan, card(change, is_signal), on=ON).iloc[0]
    assert row[["key", "n_actions", "n_done", "n_on_time"]].tolist() == ["fcr", 3, 2, 1]
    assert row["expected_benefit"] == pytest.approx(0.03)
    assert row["is_better"] is is_better


def test_lower_can_be_better() -> None:
    plan = actions((date(2024, 2, 1), None)).assign(indicator="frt")
    assert plan_effect(plan, card(0.0, None), on=ON).loc[0, "is_better"] is True


def test_an_indicator_that_was_not_measured_stays_listed() -> None:
    plan = actions((date(2024, 2, 1), None)).assign(indicator="nps")
    row = plan_effect(plan, card(0.0, None), on=ON).iloc[0]
    assert row["key"] == "nps" and math.isnan(row["change"]) and row["is_better"] is None
