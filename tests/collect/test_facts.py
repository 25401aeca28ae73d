"""Facts from a handful of rows worked by hand."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from csm_lib.collect.commits import files_sql
from csm_lib.collect.facts import build_facts, cut_off, facts_fingerprint
from csm_lib.definitions import FACTS
from csm_lib.engine import connect
from csm_lib.settings import Settings, WorkbookSettings
from tests.collect.tiny_facts import build, call

SETTINGS = Settings(
    workbook=WorkbookSettings(
        time_zone="Asia/Shanghai", live_channels=("phone", "chat"), hours={"phone": {"daily": "08:00-22:00"}}
    )
)


def facts_of(grain: str = "contact", *, settings: Settings = SETTINGS, **tables: list[dict[str, Any]]) -> pd.DataFrame:
    """The facts of one grain, by their key."""
    return build(settings, **tables)[grain].set_index(FACTS[grain].key)


def solved(contact_id: str, created_at: str, *, customer_id: str = "c1", issue: str = "refund", **columns: Any) -> dict:
    """A phone contact answered and solved at once."""
    return call(
        contact_id,
        created_at,
        answered_at=created_at,
        resolved_at=created_at,
        closed_at=created_at,
        agent_id="g1",
        customer_id=customer_id,
        issue=issue,
        status="resolved",
        **columns,
    )


# keeps the data open until the end of January, so that windows of early contacts are whole
LATE = call("late", "2024-01-31 10:00:00")


def test_no_data_at_all_gives_empty_facts_with_all_columns(tmp_path: Path) -> None:
    connection = connect()
    files = build_facts(connection, SETTINGS, folder=tmp_path)
    for fact in FACTS.values():
        relation = connection.sql(f"SELECT * FROM {files_sql(files[fact.table])}")
        assert relation.columns == list(fact.columns)
        assert len(relation.to_arrow_table()) == 0
    assert cut_off(connection, SETTINGS) is None


def test_offered_is_answered_or_abandoned_or_still_waiting() -> None:
    facts = facts_of(
        contacts=[
            call("answered", "2024-01-02 10:00:00", answered_at="2024-01-02 10:00:20"),
            call("abandoned", "2024-01-02 10:00:00", abandoned_at="2024-01-02 10:00:04"),
            call("waiting", "2024-01-02 10:00:00"),
            call("at night", "2024-01-02 07:59:59", abandoned_at="2024-01-02 08:01:00"),
            {"contact_id": "bot", "created_at": "2024-01-02 10:00:00", "channel": "chat", "bot_resolved": True},
            {"contact_id": "mail", "created_at": "2024-01-02 10:00:00", "channel": "email"},
        ]
    )
    assert facts.index[facts["is_offered"]].tolist() == ["abandoned", "answered", "waiting"]
    assert facts.index[facts["is_answered"]].tolist() == ["answered"]
    assert facts.index[facts["is_abandoned"]].tolist() == ["abandoned", "at night"]
    assert facts.index[facts["is_short_abandon"]].tolist() == ["abandoned"]
    assert facts.index[facts["is_in_time"]].tolist() == ["answered"]
    assert facts.index[facts["is_self_service"]].tolist() == ["bot"]


def test_times_are_measured_from_the_queue_and_from_the_start() -> None:
    row = call("a", "2024-01-02 10:00:00", answered_at="2024-01-02 10:01:00", talk_s=100.0, wrap_s=20.0)
    row["queue_entered_at"] = "2024-01-02 10:00:15"
    facts = facts_of(contacts=[row]).loc["a"]
    times = ["wait_s", "first_response_s", "first_response_from_start_s", "handle_s"]
    assert facts[times].tolist() == [45, 45, 60, 120]
    assert (str(facts["local_date"]), facts["local_hour"], facts["weekday"]) == ("2024-01-02", 10, 2)


def test_a_night_in_between_is_no_business_time() -> None:
    row = call("a", "2024-01-02 21:00:00", answered_at="2024-01-02 21:00:30", resolved_at="2024-01-03 09:00:00")
    facts = facts_of(contacts=[row]).loc["a"]
    assert (facts["resolution_s"], facts["resolution_business_s"]) == (12 * 3600, 2 * 3600)


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        pytest.param(solved("next", "2024-01-09 10:00:00"), False, id="a repeat on the seventh day"),
        pytest.param(solved("next", "2024-01-09 10:00:01"), True, id="one second after the window"),
        pytest.param(solved("next", "2024-01-05 10:00:00", issue="invoice"), True, id="another issue"),
        pytest.param(solved("next", "2024-01-05 10:00:00", customer_id="c2"), True, id="another customer"),
        pytest.param(solved("next", "2024-01-05 10:00:00") | {"channel": "email"}, False, id="on another channel"),
        pytest.param(
            call("next", "2024-01-05 10:00:00", customer_id="c1", issue="refund", abandoned_at="2024-01-05 10:00:09"),
            False,
            id="an attempt that was abandoned",
        ),
    ],
)
def test_first_contact_resolution_looks_at_the_whole_window(later: dict[str, Any], expected: bool) -> None:
    facts = facts_of(contacts=[solved("first", "2024-01-02 10:00:00"), later, LATE])
    assert facts.loc["first", "is_first_contact_resolved"] is expected
    assert facts.loc["first", "is_repeat"] is (not expected)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"reopen_count": 1}, False, id="reopened"),
        pytest.param({"resolved_at": None, "status": "closed"}, False, id="closed unsolved"),
        pytest.param({"customer_id": None}, None, id="customer unknown"),
        pytest.param({"issue": None}, None, id="issue unknown"),
        pytest.param({"created_at": "2024-01-24 10:00:00"}, True, id="last whole day"),
        pytest.param({"created_at": "2024-01-25 10:00:00"}, None, id="window open"),
    ],
)
def test_first_contact_resolution_counts_whom_it_should(changes: dict[str, Any], expected: bool | None) -> None:
    row = solved("first", "2024-01-02 10:00:00") | changes
    other = solved("other", "2024-01-02 10:00:00", customer_id="c2")
    if "created_at" in changes:
        row |= dict.fromkeys(("queue_entered_at", "answered_at", "resolved_at", "closed_at"), changes["created_at"])
    facts = facts_of(contacts=[row, other, LATE])
    assert facts.loc["first", "is_first_contact_resolved"] is expected


def test_an_open_contact_counts_as_failed_once_it_is_older_than_the_maturity_limit() -> None:
    row = call("open", "2024-01-02 10:00:00", customer_id="c1", issue="refund", agent_id="g1", status="open")
    row |= {"answered_at": "2024-01-02 10:00:20"}
    facts = facts_of(contacts=[row, solved("other", "2024-01-02 10:00:00", customer_id="c2"), LATE])
    assert facts.loc["open", "is_first_contact_resolved"] is False


def test_a_source_without_outcomes_leaves_resolution_unknown() -> None:
    row = call("a", "2024-01-02 10:00:00", answered_at="2024-01-02 10:00:20", customer_id="c1", issue="refund")
    row |= {"closed_at": "2024-01-02 10:05:00"}
    facts = facts_of(contacts=[row, LATE])
    assert facts.loc["a", "is_resolved"] is None
    assert facts.loc["a", "is_first_contact_resolved"] is None


def test_the_load_counts_the_agents_open_contacts_this_one_included() -> None:
    def chat(contact_id: str, start: str, end: str) -> dict[str, Any]:
        return call(contact_id, start, answered_at=start, closed_at=end, agent_id="g1") | {"channel": "chat"}

    facts = facts_of(
        contacts=[
            chat("a", "2024-01-02 10:00:00", "2024-01-02 10:10:00"),
            chat("b", "2024-01-02 10:05:00", "2024-01-02 10:15:00"),
            chat("c", "2024-01-02 10:10:00", "2024-01-02 10:20:00"),
            chat("d", "2024-01-02 11:00:00", "2024-01-02 11:20:00"),
        ]
    )
    assert facts["agent_load_at_start"].tolist() == [1, 2, 2, 1]


def test_reviews_count_once_per_contact_and_stand_for_their_stratum() -> None:
    contacts = [solved(f"k{number}", "2024-01-02 10:00:00", customer_id=f"c{number}") for number in range(6)]
    reviews = [
        {"review_id": "r1", "contact_id": "k0", "reviewed_at": "2024-01-04 09:00:00", "selection": "random"},
        {"review_id": "r2", "contact_id": "k0", "reviewed_at": "2024-01-05 09:00:00", "selection": "random"},
        {"review_id": "r3", "contact_id": "k1", "reviewed_at": "2024-01-04 09:00:00", "selection": "random"},
        {"review_id": "r4", "contact_id": "k2", "reviewed_at": "2024-01-04 09:00:00", "selection": "targeted"},
    ]
    for review in reviews:
        review |= {"reviewer_id": "q1", "stratum": "phone", "is_accurate": True}
        review["is_adjudicated"] = review["review_id"] == "r2"
    facts = facts_of("review", contacts=contacts, reviews=reviews)
    assert facts.index[facts["is_counted"]].tolist() == ["r2", "r3"]
    assert facts.loc[["r2", "r3"], "review_weight"].tolist() == [3.0, 3.0]
    assert str(facts.loc["r2", "local_date"]) == "2024-01-02"


def test_a_complaint_found_twice_counts_once_and_late_ones_are_escalated() -> None:
    rows = [
        {"complaint_id": "p1", "contact_id": "k1", "received_at": "2024-01-02 10:00:00", "source": "system"},
        {"complaint_id": "p2", "contact_id": "k1", "received_at": "2024-01-03 10:00:00", "source": "review"},
        {"complaint_id": "p3", "contact_id": None, "received_at": "2024-01-02 10:00:00", "source": "system"},
        {"complaint_id": "p4", "contact_id": None, "received_at": "2024-01-02 10:00:00", "source": "system"},
    ]
    rows[0]["resolved_at"] = "2024-01-02 12:00:00"
    rows[2]["resolved_at"] = "2024-01-03 10:00:01"
    rows[3]["is_escalated"] = False
    facts = facts_of("complaint", complaints=rows, contacts=[solved("k1", "2024-01-01 10:00:00"), LATE])
    assert facts["is_counted"].tolist() == [True, False, True, True]
    assert facts["is_escalated"].tolist() == [False, True, True, False]
    assert facts.loc["p1", ["channel", "escalation_basis"]].tolist() == ["phone", "unresolved after 24 h"]
    assert facts.loc["p4", "escalation_basis"] == "as coded"


def test_facts_are_rebuilt_only_when_a_setting_they_rest_on_changes() -> None:
    renamed = Settings(workbook=SETTINGS.workbook.model_copy(update={"organisation": "Other"}))
    shorter = Settings(workbook=SETTINGS.workbook.model_copy(update={"repeat_window_days": 3}))
    assert facts_fingerprint(renamed) == facts_fingerprint(SETTINGS) != facts_fingerprint(shorter)


@pytest.mark.parametrize("name", ["duckdb", "holidays", "tzdata"])
def test_facts_are_made_anew_with_another_calendar_or_clock(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = facts_fingerprint(SETTINGS)
    monkeypatch.setattr("csm_lib.collect.facts.version", lambda asked: "99" if asked == name else version(asked))
    assert facts_fingerprint(SETTINGS) != before


@pytest.mark.parametrize("status", ["open", "closed", "withdrawn", "merged", "waiting_customer"])
def test_a_status_other_than_resolved_is_an_outcome_too(status: str) -> None:
    row = call("a", "2024-01-02 10:00:00", answered_at="2024-01-02 10:00:20", customer_id="c1", issue="refund")
    facts = facts_of(contacts=[row | {"status": status}, LATE])
    assert not facts.loc["a", "is_resolved"]
    assert facts.loc["a", "is_first_contact_resolved"] is False


def test_an_email_that_was_only_assigned_was_not_worked_on() -> None:
    mail = {"channel": "email", "created_at": "2024-01-02 10:00:00", "agent_id": "g1"}
    facts = facts_of(
        contacts=[
            mail | {"contact_id": "assigned"},
            mail | {"contact_id": "closed", "closed_at": "2024-01-02 11:00:00"},
            mail | {"contact_id": "replied", "first_response_at": "2024-01-02 11:00:00"},
        ]
    )
    assert facts.index[facts["is_handled"]].tolist() == ["closed", "replied"]


def test_a_bot_that_solved_it_in_the_queue_leaves_nobody_waiting() -> None:
    row = call("a", "2024-01-02 10:00:00", bot_resolved=True) | {"channel": "chat"}
    facts = facts_of(contacts=[row])
    assert facts.loc["a", ["is_offered", "is_self_service"]].tolist() == [False, True]


def test_a_reply_before_the_last_queueing_has_no_measured_time() -> None:
    row = call("a", "2024-01-02 10:00:00", answered_at="2024-01-02 10:05:10", first_response_at="2024-01-02 10:01:00")
    row |= {"channel": "chat", "queue_entered_at": "2024-01-02 10:05:00"}
    facts = facts_of(contacts=[row]).loc["a"]
    assert pd.isna(facts["first_response_s"])
    assert facts["wait_s"] == 10


def test_a_review_weighs_by_the_reviews_that_judged_the_item() -> None:
    contacts = [solved(f"k{number}", "2024-01-02 10:00:00", customer_id=f"c{number}") for number in range(12)]
    reviews = [
        {
            "review_id": f"r{number}",
            "contact_id": f"k{number}" if number < 4 else "unknown",
            "reviewer_id": "q1",
            "reviewed_at": "2024-01-04 09:00:00",
            "selection": "random",
            "is_accurate": True if number < 2 else None,
            "follows_script": True,
        }
        for number in range(5)
    ]
    facts = facts_of("review", contacts=contacts, reviews=reviews)
    assert facts["review_weight"].dropna().tolist() == [6.0, 6.0]
    assert facts["script_weight"].dropna().tolist() == [3.0, 3.0, 3.0, 3.0]
    assert facts["is_counted"].tolist() == [True, True, True, True, False]


def test_a_complaint_is_not_called_late_before_its_time_is_up() -> None:
    rows = [
        {"complaint_id": "p1", "received_at": "2024-01-31 06:00:00"},
        {"complaint_id": "p2", "received_at": "2024-01-30 06:00:00"},
    ]
    facts = facts_of("complaint", complaints=rows, contacts=[LATE])
    assert facts["is_escalated"].tolist() == [None, True]


def test_a_questionnaire_without_dates_belongs_to_its_contact() -> None:
    facts = facts_of(
        "survey",
        surveys=[{"survey_id": "s1", "contact_id": "k1", "csat": 5}],
        contacts=[solved("k1", "2024-01-02 23:30:00")],
    )
    assert str(facts.loc["s1", "local_date"]) == "2024-01-02"


def test_facts_made_in_parts_are_those_made_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        solved(f"k{n:03d}", f"2024-01-{1 + n % 28:02d} {8 + n % 13:02d}:00", customer_id=f"c{n % 7}", talk_s=600.0)
        for n in range(97)
    ]
    answers = [
        {"survey_id": f"s{n}", "contact_id": f"k{n:03d}", "answered_at": "2024-02-01 12:00", "csat": 1 + n % 5}
        for n in range(40)
    ]
    at_once = facts_of(contacts=rows, surveys=answers)
    monkeypatch.setattr("csm_lib.collect.facts._PART_ROWS", 10)
    in_parts = facts_of(contacts=rows, surveys=answers)
    pd.testing.assert_frame_equal(in_parts, at_once)
    assert at_once["is_repeat"].any()
    assert at_once["csat"].notna().sum() == 40


@pytest.mark.parametrize(
    "daily", ["08:00-22:00", "08:00-12:00,13:30-18:15", "09:00-09:20,09:40-10:00", "00:00-06:00,18:00-23:59"]
)
def test_business_time_is_the_open_time_between_two_instants(daily: str) -> None:
    settings = Settings(workbook=WorkbookSettings(time_zone="Asia/Shanghai", hours={"default": {"daily": daily}}))
    starts = pd.date_range("2024-02-27 00:00", periods=60, freq="47min")
    ends = [start + pd.Timedelta(minutes=31 * place) for place, start in enumerate(starts)]
    rows = [
        call(f"k{place:02d}", str(start), resolved_at=str(end))
        for place, (start, end) in enumerate(zip(starts, ends, strict=True))
    ]
    found = facts_of(settings=settings, contacts=rows)["resolution_business_s"]
    spans = []
    for part in daily.split(","):
        opens, closes = (pd.Timedelta(f"{clock}:00") for clock in part.split("-"))
        days = pd.date_range("2024-02-25", "2024-03-05")
        spans += [(day + opens, day + closes) for day in days]
    for seconds, start, end in zip(found, starts, ends, strict=True):
        open_s = [max((min(end, closes) - max(start, opens)).total_seconds(), 0.0) for opens, closes in spans]
        assert seconds == pytest.approx(sum(open_s))
