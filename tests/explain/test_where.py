"""Where a gap sits, on whatever data there is: what can be searched, what cannot, and at which hours it is worst."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from csm_lib.explain.bands import BANDS, with_bands
from csm_lib.explain.segments import COLUMNS
from csm_lib.explain.where import usable_dimensions, where_it_sits, worst_hours

N = 6000


def contacts() -> dict[str, pd.DataFrame]:
    """Chat resolves half, phone nine in ten; the team says nothing."""
    row = np.arange(N)
    return {
        "contact": pd.DataFrame(
            {
                "contact_id": [f"c{i}" for i in row],
                "channel": np.where(row % 2 == 0, "chat", "phone"),
                "team": np.where(row % 3 == 0, "A", "B"),
                "product": None,
                "stage": "after-sales",
                "is_first_contact_resolved": row % 20 < np.where(row % 2 == 0, 10, 18),
            }
        )
    }


def test_the_segment_that_carries_the_gap_is_named_and_what_was_not_searched_is_said() -> None:
    found = where_it_sits(contacts(), "fcr", dimensions=["channel", "team", "product", "stage", "issue"], target=0.85)
    assert found["segment"].tolist() == [(("channel", "chat"),)]
    assert found.attrs["dimensions"] == ["channel", "team"]
    assert found.attrs["left_out"] == {
        "product": "never noted",
        "stage": "only one value",
        "issue": "not in the contact facts",
    }
    assert found.attrs["reason"] is None


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (
            {"dimensions": ["channel"], "target": float("nan")},
            "there is no target and no earlier period to compare with",
        ),
        ({"dimensions": ["channel"]}, "there is no target and no earlier period to compare with"),
        ({"dimensions": ["stage"], "target": 0.85}, "no dimension tells contacts apart"),
        (
            {"dimensions": ["channel"], "before": {"contact": contacts()["contact"].head(0)}},
            "nothing in the population of one of the two periods",
        ),
    ],
    ids=["the target is missing", "nothing to compare with", "nothing to search", "an empty period before"],
)
def test_what_cannot_be_asked_is_answered_with_its_reason(options: dict[str, Any], reason: str) -> None:
    found = where_it_sits(contacts(), "fcr", **options)
    assert found.attrs["reason"] == reason
    assert found.columns.tolist() == list(COLUMNS)
    assert found.empty


def test_nothing_in_the_population_is_said() -> None:
    nothing: dict[str, Any] = {"contact": None, "survey": None}
    found = where_it_sits(nothing, "csat", dimensions=["channel"], target=0.9)
    assert found.attrs["reason"] == "nothing in the population"


def test_a_gap_that_is_spread_evenly_has_no_segment_and_no_reason() -> None:
    facts = {"contact": contacts()["contact"].assign(is_first_contact_resolved=np.arange(N) % 5 < 4)}
    found = where_it_sits(facts, "fcr", dimensions=["channel", "team"], target=0.85)
    assert found.empty
    assert found.attrs["reason"] is None


def test_what_is_known_of_the_agent_is_not_searched_where_the_unanswered_count() -> None:
    facts = {"contact": pd.DataFrame({"channel": ["phone", "chat"], "team": ["A", None], "agent_load": ["1", None]})}
    usable, left_out = usable_dimensions(facts, "answer_rate", wanted=["channel", "team", "agent_load"])
    assert usable == ["channel"]
    assert set(left_out.values()) == {"known only once an agent took the contact"}
    assert usable_dimensions(facts, "frt", wanted=["channel", "team"])[0] == ["channel", "team"]


def test_a_dimension_has_to_be_in_both_grains_of_a_ratio() -> None:
    facts: dict[str, Any] = {
        "complaint": pd.DataFrame({"channel": ["phone", "chat"], "cause": ["late", "rude"]}),
        "contact": pd.DataFrame({"channel": ["phone", "chat"]}),
    }
    assert usable_dimensions(facts, "complaint_rate", wanted=["channel", "cause"]) == (
        ["channel"],
        {"cause": "not in the contact facts"},
    )
    without: dict[str, Any] = facts | {"complaint": None}
    assert usable_dimensions(without, "complaint_rate", wanted=["channel"])[1] == {"channel": "no complaint data"}


def by_hour(values: dict[int, float], key: str = "answer_rate") -> pd.DataFrame:
    rows = [
        {"key": key, "local_hour": hour, "n": 100, "denominator": 100.0, "value": value}
        for hour, value in values.items()
    ]
    table = pd.DataFrame(rows, columns=["key", "local_hour", "n", "denominator", "value"])
    return table.assign(numerator=table["value"] * table["denominator"])


@pytest.mark.parametrize(
    ("values", "key", "stretch"),
    [
        ({8: 0.95, 16: 0.93, 17: 0.74, 18: 0.76, 19: 0.94}, "answer_rate", (17, 19)),
        ({8: 0.95, 9: 0.70, 10: 0.95, 17: 0.72, 18: 0.95}, "answer_rate", (9, 10)),
        ({8: 0.70, 9: 0.95, 10: 0.95}, "answer_rate", (8, 9)),
        ({8: 20.0, 9: 21.0, 10: 60.0, 11: 58.0}, "frt", (10, 12)),
        ({8: 0.5, 9: 0.62, 10: 0.95}, "answer_rate", (8, 10)),
        ({8: 0.9, 9: 0.9}, "answer_rate", (8, 9)),
    ],
    ids=[
        "the evening peak",
        "the worst of two dips",
        "the first hour",
        "long waits are bad",
        "the worst is no rival of itself",
        "all alike: one hour",
    ],
)
def test_the_worst_hours_are_a_stretch_around_the_worst(
    values: dict[int, float], key: str, stretch: tuple[int, int]
) -> None:
    found = worst_hours(by_hour(values, key))
    assert (found["from_hour"], found["to_hour"]) == stretch
    inside = [value for hour, value in values.items() if stretch[0] <= hour < stretch[1]]
    assert found["value"] == pytest.approx(np.mean(inside))
    assert found["n"] == 100 * len(inside)


def test_the_stretch_is_as_unsure_as_its_hours_are_on_average() -> None:
    """Hours of 100 and 300 offered: bounds (100 × 0.04 + 300 × 0.08) ÷ 400 = 0.07 below, (2 + 12) ÷ 400 above."""
    hours = by_hour({8: 0.95, 17: 0.70, 18: 0.74, 19: 0.95}, "answer_rate")
    hours["denominator"] = [100.0, 100.0, 300.0, 100.0]
    hours["numerator"] = hours["value"] * hours["denominator"]
    hours = hours.assign(low=hours["value"] - [0.1, 0.04, 0.08, 0.1], high=hours["value"] + [0.1, 0.02, 0.04, 0.1])
    found = worst_hours(hours)
    assert (found["from_hour"], found["to_hour"]) == (17, 19)
    np.testing.assert_allclose([found["value"], found["low"], found["high"]], [0.73, 0.66, 0.765], atol=1e-12)
    unsure = hours.assign(low=hours["low"].where(hours["local_hour"] != 17))
    assert np.isnan(worst_hours(unsure)["low"])


@pytest.mark.parametrize("values", [{}, {17: 0.7}], ids=["no hour", "one hour"])
def test_fewer_than_two_hours_have_no_worst(values: dict[int, float]) -> None:
    assert worst_hours(by_hour(values))["reason"] == "nothing was measured in two hours of the day or more"


@pytest.mark.parametrize(
    ("band", "column", "number", "name"),
    [
        ("part_of_day", "local_hour", 17, "17–19"),
        ("part_of_day", "local_hour", 19, "19–24"),
        ("part_of_day", "local_hour", 0, "00–06"),
        ("tenure", "agent_tenure_days", 89, "under 3 months"),
        ("tenure", "agent_tenure_days", 90, "3–12 months"),
        ("agent_load", "agent_load_at_start", 5, "5 or more"),
        ("agent_load", "agent_load_at_start", None, None),
    ],
)
def test_a_band_holds_its_lower_bound_and_not_its_upper(band: str, column: str, number: Any, name: Any) -> None:
    frame = pd.DataFrame({"contact_id": ["a"], column: pd.array([number], dtype="Int64")})
    before = frame.copy(deep=True)
    banded = with_bands({"contact": frame, "survey": None})
    assert banded["contact"].project(band).fetchall() == [(name,)]
    assert banded["survey"] is None
    pd.testing.assert_frame_equal(frame, before)


def test_bands_leave_no_number_out() -> None:
    for column, bounds in BANDS.values():
        uppers = [bound for bound, _ in bounds if bound is not None]
        assert bounds[-1][0] is None, column
        assert uppers == sorted(uppers)
        assert len(uppers) == len(bounds) - 1
