"""Facts of those who answer: how busy they were, who left, how content they are, and no name in them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest

from tests.collect.tiny_facts import SETTINGS, build, call, one, sourced


def chat(contact_id: str, start: str, end: str, agent_id: str = "g1") -> dict[str, Any]:
    times = {"answered_at": start, "first_response_at": start, "closed_at": end}
    return call(contact_id, start, agent_id=agent_id, **times) | {"channel": "chat"}


def test_several_chats_at_once_are_busy_once() -> None:
    day = "2024-01-02"
    contacts = [
        chat("a", f"{day} 10:00", f"{day} 10:20"),
        chat("b", f"{day} 10:10", f"{day} 10:40"),
        chat("c", f"{day} 11:50", f"{day} 12:30"),
        call("d", f"{day} 10:30", answered_at=f"{day} 10:30", talk_s=240.0, wrap_s=60.0, agent_id="g2"),
    ]
    shifts = [
        {"agent_id": "g1", "starts_at": f"{day} 10:00", "ends_at": f"{day} 12:00", "paid_break_s": 600, "team": "n"},
        {"agent_id": "g2", "starts_at": f"{day} 10:15", "ends_at": f"{day} 10:45", "kind": "late"},
        {"agent_id": "g1", "starts_at": "2024-01-03 10:00", "ends_at": "2024-01-03 12:00"},
    ]
    facts = build(SETTINGS, contacts=contacts, shifts=shifts, agents=[{"agent_id": "g2", "team": "s"}])
    rows = facts["agent_interval"].sort_values("starts_at")
    g1 = rows[rows["agent_id"] == "g1"]
    # 10:00–10:30 all busy, ten minutes of 10:30–11:00, none of 11:00–11:30, ten of 11:30–12:00: 50 of 120 minutes
    assert (g1["busy_s"] / 60).tolist() == [30, 10, 0, 10]
    assert (g1["worked_s"] / 60).tolist() == [30, 30, 30, 30]
    # ten minutes of break lie in the seventy without a contact: 20 + 30 + 20 of them
    assert g1["staffed_s"].tolist() == pytest.approx(
        [1800, 1800 - 600 * 20 / 70, 1800 - 600 * 30 / 70, 1800 - 600 * 20 / 70]
    )
    assert (g1["contact_s"] / 60).tolist() == [40, 10, 0, 10]
    g2 = rows[rows["agent_id"] == "g2"]
    assert g2[["worked_s", "busy_s", "team", "channel", "kind", "local_hour"]].values.tolist() == [
        [900, 0, "s", "phone", "late", 10],
        [900, 300, "s", "phone", "late", 10],
    ]
    assert one(facts, "occupancy")["value"] == pytest.approx((50 + 5) / (110 + 30))
    assert one(facts, "concurrency")["value"] == pytest.approx((60 + 5) / (50 + 5))


def test_breaks_that_were_worked_through_never_make_more_than_full_occupancy() -> None:
    day = "2024-01-02"
    shift = {"agent_id": "g1", "starts_at": f"{day} 10:00", "ends_at": f"{day} 11:00", "paid_break_s": 900}
    facts = build(SETTINGS, contacts=[chat("a", f"{day} 10:00", f"{day} 10:54")], shifts=[shift])
    rows = facts["agent_interval"]
    assert rows["staffed_s"].sum() == pytest.approx(2700)
    assert one(facts, "occupancy")["value"] == pytest.approx(1.0)


def test_worked_shifts_count_where_they_are_known_and_overlaps_once() -> None:
    day = "2024-01-02"
    shifts = [
        {"agent_id": "g1", "starts_at": f"{day} 08:00", "ends_at": f"{day} 18:00", "kind": "planned"},
        {"agent_id": "g1", "starts_at": f"{day} 10:00", "ends_at": f"{day} 11:00", "kind": "worked"},
        {"agent_id": "g1", "starts_at": f"{day} 10:30", "ends_at": f"{day} 11:30", "kind": "worked"},
    ]
    facts = build(SETTINGS, contacts=[chat("a", f"{day} 10:00", f"{day} 10:30")], shifts=shifts)
    assert facts["agent_interval"]["worked_s"].sum() == 5400
    assert one(facts, "occupancy")["value"] == pytest.approx(1800 / 5400)


def test_shifts_without_contacts_of_agents_say_nothing_of_occupancy() -> None:
    shift = {"agent_id": "g1", "starts_at": "2024-01-02 10:00", "ends_at": "2024-01-02 11:00"}
    facts = build(SETTINGS, contacts=[call("a", "2024-01-02 10:00", answered_at="2024-01-02 10:00")], shifts=[shift])
    assert one(sourced(facts), "occupancy")["method"] == "not measured: no agent interval data"


STAFF = [
    {"agent_id": "g1", "team": "n", "hired_on": date(2020, 1, 1)},
    {"agent_id": "g2", "team": "n", "hired_on": date(2024, 1, 16)},  # 16 of 31 days of January
    {"agent_id": "g3", "team": "s", "left_on": date(2024, 1, 31)},
    {"agent_id": "g4", "team": "s", "left_on": date(2024, 6, 30)},  # gives notice, but is still there
]


def test_turnover_is_leavers_by_agent_months() -> None:
    contacts = [call("a", "2024-01-02 10:00"), call("b", "2024-02-29 10:00")]
    facts = build(SETTINGS, contacts=contacts, agents=STAFF)
    rows = facts["agent_month"].assign(month=facts["agent_month"]["local_date"].map(lambda day: day.month))
    heads = rows.set_index(["agent_id", "month"])["headcount"]
    assert heads["g2", 1] == pytest.approx(16 / 31)
    assert rows["month"].tolist().count(2) == 3
    found = one(facts, "turnover")
    months = 3 + 16 / 31 + 3
    assert found[["n", "numerator"]].tolist() == [7, 1]
    assert found["value"] == pytest.approx(1 / months)
    # Poisson, exact (Garwood 1936): one event has the 95 % limits 0.0253 and 5.572
    assert (found["low"] * months, found["high"] * months) == pytest.approx((0.0253, 5.572), abs=5e-4)
    assert one(facts, "turnover_year")["value"] == pytest.approx(12 / months)


def test_staff_without_dates_have_no_turnover() -> None:
    facts = build(SETTINGS, contacts=[call("a", "2024-01-02 10:00")], agents=[{"agent_id": "g1", "team": "n"}])
    found = one(facts, "turnover")
    assert pd.isna(found["value"])
    assert found["excluded"] == {"agent_unknown": 1}


def test_staff_satisfaction_counts_agents_once_a_month_and_every_answer_without_a_name() -> None:
    answers = [
        {"answer_id": "e1", "answered_on": date(2024, 1, 5), "agent_id": "g1", "satisfaction": 2},
        {"answer_id": "e2", "answered_on": date(2024, 1, 25), "agent_id": "g1", "satisfaction": 4},
        {"answer_id": "e3", "answered_on": date(2024, 1, 25), "team": "s", "satisfaction": 5},
        {"answer_id": "e4", "answered_on": date(2024, 1, 25), "team": "s", "satisfaction": 4},
    ]
    contacts = [call("a", "2024-01-02 10:00"), call("b", "2024-01-31 10:00")]
    facts = build(SETTINGS, contacts=contacts, agents=STAFF[:2], staff_surveys=answers)
    found = one(facts, "employee_satisfaction")
    assert found[["n", "value"]].tolist() == [3, 4.0]
    assert found["excluded"] == {"not_asked_or_no_answer": 1}
    assert one(facts, "turnover")["excluded"] == {"agent_unknown": 2}


def test_no_key_of_staff_facts_holds_a_name() -> None:
    named = {"agent_id": "Wang Fang", "starts_at": "2024-01-02 10:00", "ends_at": "2024-01-02 11:00"}
    facts = build(
        SETTINGS,
        contacts=[chat("a", "2024-01-02 10:00", "2024-01-02 10:30", agent_id="Wang Fang")],
        shifts=[named],
        agents=[{"agent_id": "Wang Fang", "team": "n", "hired_on": date(2024, 1, 1)}],
    )
    for grain, key in (("agent_interval", "agent_interval_id"), ("agent_month", "agent_month_id")):
        assert len(facts[grain])
        assert not facts[grain][key].str.contains("Wang").any()
