"""Clocks of a tiny organisation: which policy, due when, met or not, and the indicators over them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest

from csm_lib.measure.indicators import measure
from csm_lib.settings import IndicatorSettings, Policy, Settings, WorkbookSettings
from tests.collect.tiny_facts import Facts, build

# Friday 29 March 2024 is followed by a weekend without hours and a clock change: Monday is 1 April
WORKBOOK = WorkbookSettings(
    time_zone="Europe/Berlin",
    live_channels=("phone",),
    hours={"email": dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "08:00-18:00")},
    team_hours={"Night": {"daily": "18:00-24:00"}},
)
HOUR = 3600.0
POLICIES = (
    Policy(kind="response", within_s=2 * HOUR, channels=("email",)),
    Policy(kind="response", within_s=HOUR, channels=("email",), priorities=("urgent",), clock="elapsed"),
    Policy(kind="response", within_s=HOUR, channels=("email",), valid_from=date(2024, 4, 1)),
    Policy(kind="resolution", within_s=4 * HOUR, channels=("email",)),
    Policy(kind="ola", within_s=HOUR, teams=("Stock",)),
    Policy(kind="next_response", within_s=0.5 * HOUR, clock="elapsed"),
)
SETTINGS = Settings(workbook=WORKBOOK, indicators=IndicatorSettings(policies=POLICIES))


def mail(contact_id: str, created_at: str, **columns: Any) -> dict[str, Any]:
    return {"contact_id": contact_id, "created_at": created_at, "channel": "email", **columns}


CONTACTS = [
    # 17:00 on Friday; answered at 09:00 on Monday: an hour on Friday, an hour on Monday
    mail("weekend", "2024-03-29 17:00", first_response_at="2024-04-01 09:00", resolved_at="2024-04-01 12:00"),
    mail("a minute late", "2024-03-29 17:00", first_response_at="2024-04-01 09:01", resolved_at="2024-04-01 11:59"),
    mail("urgent", "2024-03-29 17:30", first_response_at="2024-03-29 18:31", priority="urgent", status="open"),
    mail("new rules", "2024-04-01 08:00", first_response_at="2024-04-01 09:30", status="open"),
    mail("at night", "2024-03-29 20:00", first_response_at="2024-03-29 21:59", team="Night", status="open"),
    mail("withdrawn", "2024-04-01 10:00", withdrawn_at="2024-04-01 10:30", status="withdrawn"),
    mail("overdue", "2024-04-02 10:00", status="open"),
    mail("open", "2024-04-02 17:30", status="open"),
    mail("rested", "2024-04-01 10:00", first_response_at="2024-04-01 10:30", resolved_at="2024-04-02 12:00"),
    {"contact_id": "call", "created_at": "2024-04-01 10:00", "channel": "phone", "answered_at": "2024-04-01 10:00"},
]
LOG = [
    {"contact_id": "rested", "changed_at": "2024-04-01 10:00", "status": "new", "team": "Desk"},
    {"contact_id": "rested", "changed_at": "2024-04-01 11:00", "status": "waiting_customer", "team": "Desk"},
    {"contact_id": "rested", "changed_at": "2024-04-02 09:00", "status": "open", "team": "Stock"},
    {"contact_id": "rested", "changed_at": "2024-04-02 10:00", "status": "waiting_customer", "team": "Stock"},
    {"contact_id": "rested", "changed_at": "2024-04-02 10:30", "status": "open", "team": "Stock"},
    {"contact_id": "rested", "changed_at": "2024-04-02 11:30", "status": "open", "team": "Desk"},
]


@pytest.fixture(scope="module")
def facts() -> Facts:
    return build(SETTINGS, contacts=CONTACTS, status_log=LOG)


def clocks(facts: Facts, kind: str) -> pd.DataFrame:
    rows = facts["clock"]
    return rows[rows["kind"] == kind].set_index("contact_id")


@pytest.mark.parametrize(
    ("contact_id", "within_h", "due", "elapsed_h", "met"),
    [
        ("weekend", 2, "2024-04-01 09:00", 2, True),
        ("a minute late", 2, "2024-04-01 09:00", 2 + 1 / 60, False),
        ("urgent", 1, "2024-03-29 18:30", 1 + 1 / 60, False),
        ("new rules", 1, "2024-04-01 09:00", 1.5, False),
        ("at night", 2, "2024-03-29 22:00", 119 / 60, True),
        ("withdrawn", 1, "2024-04-01 11:00", 0.5, None),
        ("overdue", 1, "2024-04-02 11:00", 8, False),
        # half an hour was left on the last day of the data: due the next morning, which is not known
        ("open", 1, "2024-04-03 08:30", 0.5, None),
    ],
)
def test_first_responses(
    facts: Facts, contact_id: str, within_h: float, due: str, elapsed_h: float, met: bool | None
) -> None:
    row = clocks(facts, "response").loc[contact_id]
    assert row["within_s"] == within_h * HOUR
    assert row["due_at"].tz_convert("Europe/Berlin") == pd.Timestamp(due, tz="Europe/Berlin")
    assert row["elapsed_s"] == pytest.approx(elapsed_h * HOUR)
    assert row["is_met"] is met
    assert row["is_open"] == (contact_id == "open")


def test_a_contact_without_a_policy_has_no_clock(facts: Facts) -> None:
    assert "call" not in clocks(facts, "response").index


def test_a_clock_rests_while_the_customer_is_waited_for(facts: Facts) -> None:
    row = clocks(facts, "resolution").loc["rested"]
    # 10–11 and 9–10 and 10:30–12: an hour, an hour and an hour and a half; a day of 7 + 1 h and half an hour rested
    assert row["elapsed_s"] == pytest.approx(3.5 * HOUR)
    assert row["paused_s"] == pytest.approx(8.5 * HOUR)
    assert row["is_met"] is True
    assert row["due_at"].tz_convert("Europe/Berlin") == pd.Timestamp("2024-04-02 12:30", tz="Europe/Berlin")
    assert row["policy"] == "resolution within 14400 s business, email"


def test_a_team_answers_for_its_part_after_the_hand_over(facts: Facts) -> None:
    rows = clocks(facts, "ola")
    # from 9:00 to 11:30 less half an hour; the way back to the desk has no policy
    assert rows["team"].tolist() == ["Stock"]
    assert rows["elapsed_s"].tolist() == [pytest.approx(2 * HOUR)]
    assert rows["is_met"].tolist() == [False]


def test_attainment_counts_what_was_due_and_says_on_what_it_rests(facts: Facts) -> None:
    rows = measure(facts, ["sla_response", "ola", "response_timeliness"]).set_index("key")
    assert rows.loc["sla_response", ["n", "numerator", "denominator"]].tolist() == [7, 3, 7]
    assert rows.loc["sla_response", "excluded"] == {"not_yet_due": 1, "ended_before_it_was_due": 1}
    assert rows.loc["sla_response", "method"].endswith("; judged: policy (7)")
    assert rows.loc["response_timeliness", "numerator"] == 3
    assert rows.loc["ola", "value"] == 0.0


def test_the_source_system_is_believed_first() -> None:
    contacts = [
        mail("judged", "2024-04-02 08:00", first_response_at="2024-04-02 17:00", met_response_sla=True),
        mail("late", "2024-04-02 08:00", first_response_at="2024-04-02 17:00"),
        {"contact_id": "call", "created_at": "2024-04-02 10:00", "channel": "phone", "met_response_sla": False},
    ]
    facts = build(SETTINGS, contacts=contacts)
    rows = clocks(facts, "response")
    assert rows["verdict_from"].to_dict() == {"judged": "source system", "late": "policy", "call": "source system"}
    assert rows["is_met"].to_dict() == {"judged": True, "late": False, "call": False}
    found = measure(facts, "sla_response")
    assert found.loc[0, "value"] == pytest.approx(1 / 3)
    assert found.loc[0, "method"].endswith("; judged: source system (2), policy (1)")
    alone = measure(facts["contact"], "sla_response")
    assert alone.loc[0, ["n", "numerator"]].tolist() == [2, 1]
    assert alone.loc[0, "method"].endswith("; as judged by the source system, by the day of the contact")


def test_without_promise_or_verdict_attainment_is_not_measured() -> None:
    facts = build(Settings(workbook=WORKBOOK), contacts=CONTACTS, status_log=LOG)
    keys = ["sla_response", "sla_resolution", "sla_next_response", "ola"]
    rows = measure(facts, keys)
    assert rows["value"].isna().all()
    assert facts["clock"].empty


def test_replies_to_later_messages() -> None:
    says = [
        ("customer", "09:00"),
        ("agent", "09:20"),
        ("customer", "09:30"),
        ("customer", "09:40"),
        ("bot", "09:41"),
        ("agent", "10:01"),
        ("customer", "10:05"),
    ]
    messages = [{"contact_id": "m", "sent_at": f"2024-04-02 {at}", "sender": sender} for sender, at in says]
    contact = mail("m", "2024-04-02 09:00", first_response_at="2024-04-02 09:20", status="open")
    phone = mail("p", "2024-04-02 09:00", first_response_at="2024-04-02 09:20", status="open") | {"channel": "phone"}
    spoken = [row | {"contact_id": "p"} for row in messages]
    facts = build(SETTINGS, contacts=[contact, phone], messages=[*messages, *spoken])
    rows = clocks(facts, "next_response").loc["m"]
    # the first message is the first response's; 9:30 waits 31 minutes, 10:05 is overdue at the end of the day
    assert (rows["elapsed_s"] / 60).tolist() == [31, pytest.approx(13 * 60 + 55)]
    assert rows["is_met"].tolist() == [False, False]
    # of the live one: 20, 31 and 21 minutes; the last message waits for its answer
    found = measure(facts, "art")
    assert found.loc[0, ["n", "value"]].tolist() == [3, pytest.approx(24 * 60)]
    assert found.loc[0, "excluded"] == {"not_live": 4, "not_answered": 1}


UNHAPPY = [
    {"complaint_id": "p1", "contact_id": "k1", "received_at": "2024-04-01 10:00",
     "first_contact_at": "2024-04-01 10:10", "resolved_at": "2024-04-03 10:00", "followed_up_at": "2024-04-04 10:00"},
    {"complaint_id": "p2", "contact_id": "k1", "received_at": "2024-04-01 11:00"},
    {"complaint_id": "p3", "received_at": "2024-04-02 10:00", "first_contact_at": "2024-04-03 10:01",
     "resolved_at": "2024-04-03 11:00", "followed_up_at": "2024-04-05 10:01"},
    {"complaint_id": "p4", "received_at": "2024-04-09 23:55"},
]  # fmt: skip
SURVEYS = [
    {"survey_id": "s1", "answered_at": "2024-04-02 09:00", "csat": 2, "contacted_at": "2024-04-02 12:00"},
    {"survey_id": "s2", "answered_at": "2024-04-02 09:00", "csat": 1},
    {"survey_id": "s3", "answered_at": "2024-04-02 09:00", "csat": 3},
    {"survey_id": "s4", "answered_at": "2024-04-02 09:00", "outcome": 1, "contacted_at": "2024-04-04 12:00"},
]


def test_the_loop_is_closed_with_unhappy_customers() -> None:
    until = mail("last", "2024-04-09 10:00")
    facts = build(Settings(workbook=WORKBOOK), contacts=[until], complaints=UNHAPPY, surveys=SURVEYS)
    rows = measure(facts, ["closed_loop_24h", "closed_loop_72h", "response_timeliness"]).set_index("key")
    # within a day: p1 and s1 were contacted; p3, s2 and s4 not; p4 is due after the data end; p2 is p1 again
    assert rows.loc["closed_loop_24h", ["n", "numerator"]].tolist() == [5, 2]
    assert rows.loc["closed_loop_24h", "excluded"] == {"not_yet_due": 1}
    # no questionnaire says when a matter was resolved, so only complaints: p1 to the second, p3 a minute late
    assert rows.loc["closed_loop_72h", ["n", "numerator"]].tolist() == [2, 1]
    # ten minutes: p1 kept them, p3 did not, p4 has until five past midnight
    assert rows.loc["response_timeliness", ["n", "numerator"]].tolist() == [2, 1]
    assert "judged: limit of the settings (2)" in rows.loc["response_timeliness", "method"]


def test_nobody_written_down_as_contacted_is_no_source() -> None:
    told = [{"complaint_id": "p1", "received_at": "2024-04-01 10:00"}]
    facts = build(Settings(workbook=WORKBOOK), complaints=told, surveys=[SURVEYS[1]])
    assert facts["clock"].empty
