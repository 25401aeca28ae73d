"""Facts of every grain beside contacts, and the indicators over them, from rows worked by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest

from csm_lib.collect.facts import cut_off, facts_fingerprint
from csm_lib.definitions import TABLES
from csm_lib.engine import connect
from csm_lib.measure.coverage import coverage
from csm_lib.measure.indicators import measure
from csm_lib.settings import IndicatorSettings, Policy, Settings, Thresholds, WorkbookSettings
from tests.collect.tiny_facts import SETTINGS, build, call, one, sourced

# plans and costs


def test_actions_are_judged_once_they_are_due() -> None:
    def action(action_id: str, due_on: date, done_on: date | None) -> dict[str, Any]:
        return {"action_id": action_id, "measure": "m", "owner": "o", "due_on": due_on, "done_on": done_on}

    actions = [
        action("on the day", date(2024, 1, 10), date(2024, 1, 10)),
        action("late", date(2024, 1, 10), date(2024, 1, 11)),
        action("not done", date(2024, 1, 10), None),
        action("not due", date(2024, 2, 1), None),
    ]
    facts = build(SETTINGS, contacts=[call("a", "2024-01-31 10:00")], actions=actions)
    found = one(facts, "action_completion")
    assert found[["n", "numerator", "excluded"]].tolist() == [3, 1, {"not_yet_due": 1}]


COSTS = [
    {"cost_id": "c1", "team": "n", "unit": "month", "month_on": date(2024, 1, 1), "amount": 300.0},
    {"cost_id": "c2", "unit": "month", "month_on": date(2024, 1, 1), "amount": 100.0},
    {"cost_id": "c3", "unit": "month", "month_on": date(2024, 2, 1), "amount": 999.0},
    {"cost_id": "c4", "unit": "hour", "amount": 62.0},
]


def worked(contact_id: str, day: str, **columns: Any) -> dict[str, Any]:
    return call(contact_id, f"{day} 10:00", answered_at=f"{day} 10:00", **columns)


def test_costs_of_whole_months_fall_on_the_contacts_handled_in_them() -> None:
    contacts = [
        worked("a", "2024-01-01", team="n"),
        worked("b", "2024-01-03", team="n"),
        worked("c", "2024-01-03", team="s"),
        worked("d", "2024-01-31"),
        call("left", "2024-01-31 10:00", abandoned_at="2024-01-31 10:01"),
        worked("e", "2024-02-02"),  # February is not over
    ]
    facts = build(SETTINGS, contacts=contacts, costs=COSTS)
    found = one(facts, "cost_per_contact")
    assert found[["n", "numerator", "value", "unit"]].tolist() == [4, 400.0, 100.0, "money"]
    assert found["method"].endswith("from the costs of whole months, spread over the contacts handled in them")
    by_team = measure(facts, "cost_per_contact", by="team").set_index("team")["value"]
    assert by_team[["n", "s"]].tolist() == [175.0, 25.0]


def test_the_cost_that_contacts_carry_goes_first() -> None:
    contacts = [worked("a", "2024-01-01", cost=3.0), worked("b", "2024-01-31", cost=5.0), worked("c", "2024-01-31")]
    found = one(build(SETTINGS, contacts=contacts, costs=COSTS), "cost_per_contact")
    assert found[["n", "value", "excluded"]].tolist() == [2, 4.0, {"cost_unknown": 1}]


# centres that only have counts

VOLUMES = [
    {"starts_at": "2024-01-02 10:00", "interval_s": 1800, "offered": 30, "answered": 27, "answered_in_time": 20,
     "abandoned": 3, "handle_s": 5400.0, "staffed_agents": 5.0, "channel": "phone", "team": "n"},
    {"starts_at": "2024-01-02 10:30", "interval_s": 1800, "offered": 10, "answered": 9, "answered_in_time": 8,
     "abandoned": 1, "handle_s": 1800.0, "staffed_agents": 3.0, "channel": "phone", "team": "n"},
    {"starts_at": "2024-01-02 11:00", "interval_s": 1800, "offered": 5, "channel": "phone", "team": "n"},
]  # fmt: skip


@pytest.mark.parametrize(
    ("key", "n", "value"),
    [
        ("answer_rate", 40, 36 / 40),
        ("abandon_rate", 40, 4 / 40),
        ("service_level", 40, 28 / 40),
        ("service_level_of_answered", 36, 28 / 36),
        ("aht", 36, 7200 / 36),
        ("occupancy", 2, 7200 / (1800 * 8)),
    ],
)
def test_interval_counts_stand_for_contacts_where_there_are_none(
    key: str, n: int, value: float
) -> None:
    facts = build(SETTINGS, volumes=VOLUMES)
    found = one(sourced(facts), key)
    assert found["n"] == n
    assert found["value"] == pytest.approx(value)
    assert "; from interval counts, no " in found["method"]
    assert sum(found["excluded"].values()) == 1
    covered = coverage(measure(sourced(facts), key), sourced(facts))
    assert covered.loc[0, ["grain", "n_rows", "is_measured"]].tolist() == ["volume", 3, True]


def test_contacts_go_before_interval_counts() -> None:
    contacts = [worked("a", "2024-01-02"), call("b", "2024-01-02 10:00", abandoned_at="2024-01-02 10:01")]
    found = one(sourced(build(SETTINGS, contacts=contacts, volumes=VOLUMES)), "answer_rate")
    assert found[["n", "value"]].tolist() == [2, 0.5]
    assert "interval counts" not in found["method"]


def test_the_data_end_with_the_counts_where_there_are_no_contacts() -> None:
    connection = connect()
    for name in ("contacts", "volumes"):
        columns = ", ".join(f'"{column.name}" TIMESTAMPTZ' for column in TABLES[name].columns)
        connection.execute(f"CREATE TEMP TABLE {name} ({columns})")
    connection.execute("INSERT INTO volumes (starts_at) VALUES ('2024-01-02 17:00:00+00')")
    assert cut_off(connection, SETTINGS) == date(2024, 1, 3)


# definitions side by side


def solved(contact_id: str, day: str, customer_id: str, **columns: Any) -> dict[str, Any]:
    instant = f"2024-01-{day} 10:00"
    base = {"answered_at": instant, "resolved_at": instant, "closed_at": instant, "status": "resolved"}
    base |= {"transfer_count": 0, "issue": "refund", "customer_id": customer_id}
    return call(contact_id, instant, **(base | columns))


def test_first_contact_resolution_by_three_definitions() -> None:
    contacts = [
        solved("fine", "02", "c1"),
        solved("asked again", "02", "c2"),
        solved("second time", "04", "c2"),
        solved("passed on", "02", "c3", transfer_count=1),
        solved("reopened", "02", "c4", reopen_count=1),
        solved("unsolved", "02", "c5", resolved_at=None, status="closed"),
        solved("transfers unknown", "02", "c6", transfer_count=None),
        solved("customer unknown", "02", "c7") | {"customer_id": None},
        solved("yesterday", "31", "c8"),
        solved("just now", "31", "c9", resolved_at=None, closed_at=None, status="open", answered_at=None)
        | {"first_response_at": "2024-01-31 10:00", "channel": "email"},
    ]
    facts = build(SETTINGS, contacts=contacts)
    found = measure(facts, ["fcr", "fcr_flag", "fcr_no_repeat", "fcr_one_touch"]).set_index("key")
    counts = {key: (row["n"], row["numerator"]) for key, row in found.iterrows()}
    assert counts == {
        "fcr": (7, 4),  # not: asked again, reopened, unsolved
        "fcr_flag": (9, 7),  # not: reopened, unsolved; "just now" is not closed yet
        "fcr_no_repeat": (7, 6),  # not: asked again
        "fcr_one_touch": (8, 5),  # not: passed on, reopened, unsolved; one without transfers known
    }
    assert found.loc["fcr_one_touch", "excluded"] == {"transfers_unknown_or_not_closed_yet": 2}


def test_the_service_level_in_its_usual_forms() -> None:
    contacts = [
        call("in time", "2024-01-02 10:00:00", answered_at="2024-01-02 10:00:20"),
        call("late", "2024-01-02 10:00:00", answered_at="2024-01-02 10:00:21"),
        call("left at once", "2024-01-02 10:00:00", abandoned_at="2024-01-02 10:00:04"),
        call("left in time", "2024-01-02 10:00:00", abandoned_at="2024-01-02 10:00:15"),
        call("left late", "2024-01-02 10:00:00", abandoned_at="2024-01-02 10:01:00"),
        call("waits", "2024-01-02 10:00:00"),
    ]
    facts = build(SETTINGS, contacts=contacts)
    forms = ["", "_without_short", "_with_abandons", "_of_answered"]
    found = measure(facts, [f"service_level{form}" for form in forms])
    assert found[["numerator", "denominator"]].values.tolist() == [[1, 6], [1, 5], [3, 6], [1, 2]]


def test_an_enquiry_is_won_by_an_order_within_the_window() -> None:
    def enquiry(contact_id: str, day: str, customer_id: str | None, **columns: Any) -> dict[str, Any]:
        return worked(contact_id, f"2024-01-{day}", customer_id=customer_id, stage="pre-sales", **columns)

    contacts = [
        enquiry("won", "02", "c1"),
        enquiry("a second late", "02", "c2"),
        enquiry("bought before", "02", "c3"),
        enquiry("unknown", "02", None),
        enquiry("window open", "25", "c1"),
        enquiry("last whole day", "24", "c4"),
        worked("after-sales", "2024-01-02", customer_id="c1", stage="after-sales"),
        enquiry("left", "02", "c1") | {"answered_at": None, "abandoned_at": "2024-01-02 10:01"},
        call("end", "2024-01-31 10:00"),
    ]
    orders = [
        {"order_id": "o1", "customer_id": "c1", "ordered_at": "2024-01-09 10:00:00"},
        {"order_id": "o2", "customer_id": "c2", "ordered_at": "2024-01-09 10:00:01"},
        {"order_id": "o3", "customer_id": "c3", "ordered_at": "2024-01-02 10:00:00"},
        {"order_id": "o4", "customer_id": "c4", "ordered_at": "2024-01-31 10:00:00"},
    ]
    facts = build(SETTINGS, contacts=contacts, orders=orders)
    flags = facts["contact"].set_index("contact_id")["is_converted"]
    assert flags[flags.notna()].to_dict() == {
        "won": True, "a second late": False, "bought before": False, "last whole day": True
    }  # fmt: skip
    assert one(facts, "conversion")[["n", "numerator"]].tolist() == [4, 2]
    without = build(SETTINGS, contacts=contacts)
    assert pd.isna(one(without, "conversion")["value"])


# how it ended, for what is still open


def test_what_has_not_ended_is_cut_off_at_the_end_of_the_data() -> None:
    at = "2024-01-02 12:00:00"
    base = {"channel": "email", "created_at": at}
    contacts = [
        call("answered", at, answered_at="2024-01-02 12:00:20", status="resolved", resolved_at="2024-01-02 12:10:00"),
        call("left", at, abandoned_at="2024-01-02 12:00:30"),
        call("waits", at),
        base | {"contact_id": "open", "status": "open"},
        base | {"contact_id": "withdrawn", "status": "withdrawn", "withdrawn_at": "2024-01-02 13:00:00"},
        base | {"contact_id": "merged", "status": "merged", "closed_at": "2024-01-02 14:00:00"},
        base | {"contact_id": "given up", "status": "closed", "closed_at": "2024-01-02 15:00:00",
                "first_response_at": "2024-01-02 12:30:00"},
    ]  # fmt: skip
    rows = build(SETTINGS, contacts=contacts)["contact"].set_index("contact_id")
    twelve_h = 12 * 3600.0
    assert rows["wait_outcome"].dropna().to_dict() == {"answered": "answered", "left": "abandoned", "waits": "waiting"}
    assert rows["wait_ended_s"].dropna().to_dict() == {"answered": 20.0, "left": 30.0, "waits": twelve_h}
    assert rows["resolution_outcome"].dropna().to_dict() == {
        "answered": "resolved", "open": "open", "withdrawn": "withdrawn", "merged": "merged", "given up": "closed"
    }  # fmt: skip
    assert rows["resolution_ended_s"].dropna().to_dict() == {
        "answered": 600.0, "open": twelve_h, "withdrawn": 3600.0, "merged": 7200.0, "given up": 10800.0
    }  # fmt: skip
    assert rows["response_outcome"].to_dict() == {
        "answered": "answered", "left": "abandoned", "waits": "open", "open": "open", "withdrawn": "withdrawn",
        "merged": "merged", "given up": "answered",
    }  # fmt: skip
    assert rows["response_ended_s"].to_dict() == {
        "answered": 20.0, "left": 30.0, "waits": twelve_h, "open": twelve_h, "withdrawn": 3600.0, "merged": 7200.0,
        "given up": 1800.0,
    }  # fmt: skip


# complaints and ratings


def test_a_complaint_without_a_contact_is_told_again_by_customer_and_cause() -> None:
    def told(complaint_id: str, day: str, **columns: Any) -> dict[str, Any]:
        return {"complaint_id": complaint_id, "received_at": f"2024-01-{day} 10:00", "customer_id": "c1"} | columns

    complaints = [
        told("first", "02", cause="slow"),
        told("again", "05", cause="slow"),
        told("other cause", "05", cause="rude"),
        told("other customer", "05", cause="slow", customer_id="c2"),
        told("beyond the window", "13", cause="slow"),
        told("by review", "14", cause="slow", contact_id="k9"),
        told("another contact", "15", cause="slow", contact_id="k10"),
        told("no cause", "05"),
        told("no cause either", "06"),
        told("nobody", "05", cause="slow", customer_id=None),
        told("nobody either", "06", cause="slow", customer_id=None),
    ]
    facts = build(SETTINGS, complaints=complaints)
    counted = facts["complaint"].set_index("complaint_id")["is_counted"]
    assert sorted(counted.index[~counted]) == ["again", "by review"]


RATED = [
    {"survey_id": "s1", "answered_at": "2024-01-02 10:00", "speed": 5, "outcome": 3, "weight": 1.0},
    {"survey_id": "s2", "answered_at": "2024-01-02 10:00", "speed": 4, "outcome": 5, "weight": 3.0},
    {"survey_id": "s3", "answered_at": "2024-01-02 10:00", "speed": 2, "outcome": 2},
]


@pytest.mark.parametrize(
    ("csat_from", "expected"),
    [
        ("items", {"csat": (3, 3 / 6), "csat_mean": (3, 21 / 6), "csat_weighted": (2, 7 / 8)}),
        ("outcome", {"csat": (3, 1 / 3), "csat_mean": (3, 10 / 3), "csat_weighted": (2, 3 / 4)}),
    ],
)
def test_satisfaction_without_an_overall_question(
    csat_from: Any, expected: dict[str, tuple[int, float]]
) -> None:
    settings = Settings(workbook=SETTINGS.workbook, indicators=IndicatorSettings(csat_from=csat_from))
    found = measure(build(settings, surveys=RATED), list(expected)).set_index("key")
    said = {"items": "from the four items pooled", "outcome": "from the outcome item"}[csat_from]
    for key, (n, value) in expected.items():
        assert found.loc[key, "n"] == n
        assert found.loc[key, "value"] == pytest.approx(value)
        assert found.loc[key, "method"].endswith(f"; {said}, no overall question")


def test_the_overall_question_goes_first_whatever_the_settings_say() -> None:
    settings = Settings(workbook=SETTINGS.workbook, indicators=IndicatorSettings(csat_from="outcome"))
    surveys = [row | {"csat": 5 - number} for number, row in enumerate(RATED)]
    found = measure(build(settings, surveys=surveys), ["csat", "csat_weighted"])
    assert found["value"].tolist() == pytest.approx([2 / 3, 1.0])
    assert not found["method"].str.contains("question").any()


# settings


def test_promises_and_limits_are_settings_that_facts_rest_on() -> None:
    others = [
        IndicatorSettings(policies=(Policy(kind="ola", within_s=60),)),
        IndicatorSettings(csat_from="outcome"),
        IndicatorSettings(thresholds=Thresholds(conversion_window_days=3)),
    ]
    changed = [Settings(workbook=SETTINGS.workbook, indicators=other) for other in others]
    hours = SETTINGS.workbook.model_copy(update={"team_hours": {"n": {"daily": "08:00-09:00"}}})
    changed.append(Settings(workbook=hours))
    assert len({facts_fingerprint(settings) for settings in (SETTINGS, *changed)}) == 5


def test_a_team_with_hours_of_its_own_is_open_by_them() -> None:
    workbook = WorkbookSettings(
        time_zone="Asia/Shanghai",
        live_channels=("phone",),
        hours={"phone": {"daily": "08:00-18:00"}},
        team_hours={"Night's watch": {"daily": "18:00-24:00"}},
    )
    contacts = [
        call("day", "2024-01-02 19:00", answered_at="2024-01-02 19:01"),
        call("night", "2024-01-02 19:00", answered_at="2024-01-02 19:01", team="Night's watch"),
        call("morning", "2024-01-02 09:00", answered_at="2024-01-02 09:01", team="Night's watch"),
    ]
    rows = build(Settings(workbook=workbook), contacts=contacts)["contact"].set_index("contact_id")
    assert rows["is_offered"].to_dict() == {"day": False, "night": True, "morning": False}
    assert rows["wait_business_s"].to_dict() == {"day": 0.0, "night": 60.0, "morning": 0.0}
