"""A measure whose start is noted as an event is compared there; holidays and measures not done are not."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pandas as pd

from csm_lib.explain.pilots import around_measures

FIRST = date(2024, 1, 1)
STARTED = FIRST + timedelta(days=28)


def contacts() -> pd.DataFrame:
    """Eight weeks of 100 contacts a day in each of two teams; North resolves 60 of them, and 90 from its pilot on."""
    rows: list[dict[str, Any]] = []
    for day in range(56):
        for team in ("North", "South"):
            solved = 90 if team == "North" and day >= 28 else 60
            rows += [
                {"contact_id": f"{team}{day}.{i}", "customer_id": f"{team}{day}.{i}", "channel": "phone", "team": team,
                 "local_date": FIRST + timedelta(days=day), "is_first_contact_resolved": i < solved + day % 3}
                for i in range(100)
            ]  # fmt: skip
    return pd.DataFrame(rows)


def happened(kind: str, team: str | None, **other: Any) -> dict[str, Any]:
    return {"event_id": kind, "starts_on": STARTED, "ends_on": None, "kind": kind, "title": f"the {kind}", "team": team,
            "channel": None} | other  # fmt: skip


EVENTS = pd.DataFrame([happened("pilot", "North"), happened("holiday", None)])


def plan(done_on: date | None) -> pd.DataFrame:
    return pd.DataFrame({"indicator": ["fcr", "csat"], "done_on": [done_on, None]})


def test_the_pilot_of_a_measure_that_was_done_is_compared_in_its_team() -> None:
    found = around_measures({"contact": contacts()}, plan(STARTED), EVENTS, on=date(2024, 3, 31))
    assert found[["key", "title", "about", "n", "is_signal"]].values.tolist() == [
        ["fcr", "the pilot", "North", 2800, True]
    ]
    assert abs(found["change"].iloc[0] - 0.30) < 0.005
    assert found["others"].iloc[0] == "the holiday"
    assert found.attrs["n_compared"] == 2


def test_what_is_not_done_yet_or_begins_on_another_day_is_not_compared() -> None:
    facts = {"contact": contacts()}
    for actions, on in (
        (plan(None), date(2024, 3, 31)),
        (plan(STARTED), STARTED - timedelta(days=1)),
        (plan(STARTED + timedelta(days=1)), date(2024, 3, 31)),
    ):
        assert around_measures(facts, actions, EVENTS, on=on).empty
