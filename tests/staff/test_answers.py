"""The four staffing questions, asked of a small desk worked by hand, and of desks that lack what a question needs."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from csm_lib.periods import parse_period
from csm_lib.settings import Settings
from csm_lib.settings.objectives import Contract
from csm_lib.staff.answers import (
    bot_scenario,
    by_hour,
    by_hour_with,
    coming_weeks,
    forecast_error,
    hardest_day,
    inputs,
    last_and_next_week,
    more_agents,
    need_of_week,
    trust_in_model,
    what_if,
)
from csm_lib.staff.choices import cheapest_hours, cover_by_hour, next_monday, value_of_an_hour
from csm_lib.staff.coming import coming_need
from csm_lib.staff.desk import Desk, desk_of, handle_by_hour, offered_contacts
from csm_lib.staff.prediction import Scenario
from csm_lib.staff.queues import agents_needed
from csm_lib.staff.tours import cheapest_roster, possible_tours
from csm_lib.staff.weekly_roster import ShiftPattern

DAYS = 42
PERIOD = parse_period("2024-01-01..2024-02-11")
SETTINGS = Settings.model_validate({"staffing": {"cost_per_agent_h": 10.0, "horizon_days": 7}})


def contacts(per_hour: dict[int, int], *, days: int = DAYS, start: str = "2024-01-01") -> pd.DataFrame:
    """Offered phone contacts, evenly within their hour; every fifth of the busiest hour is lost after a minute."""
    busiest = max(per_hour, key=lambda hour: per_hour[hour])
    rows = []
    for day in pd.date_range(start, periods=days):
        for hour, count in per_hour.items():
            for place in range(count):
                is_lost = hour == busiest and place % 5 == 0
                rows.append(
                    {
                        "contact_id": f"{day:%m%d}-{hour}-{place}",
                        "created_at": (day + pd.Timedelta(hours=hour, minutes=60 * place / count)).tz_localize("UTC"),
                        "channel": "phone",
                        "local_date": day.date(),
                        "local_hour": hour,
                        "weekday": day.isoweekday(),
                        "issue": "parcel" if place % 2 else "fee",
                        "is_offered": True,
                        "is_answered": not is_lost,
                        "is_abandoned": is_lost,
                        "is_in_time": not is_lost,
                        "wait_s": 60.0 if is_lost else 10.0,
                        "handle_s": np.nan if is_lost else 240.0,
                    }
                )
    return pd.DataFrame(rows)


def shifts(count: int = 2) -> pd.DataFrame:
    starts = pd.date_range("2024-01-01 08:00", periods=DAYS, tz="UTC")
    one = pd.DataFrame({"starts_at": starts, "ends_at": starts + pd.Timedelta(hours=10), "kind": "phone_day"})
    return pd.concat([one.assign(agent_id=f"a{i}") for i in range(count)], ignore_index=True)


NO_SHIFTS = shifts().head(0)
CONTACTS = contacts({9: 6, 12: 12, 17: 24})


def desk(facts: Any = CONTACTS, roster: pd.DataFrame | None = None, **options: Any) -> Desk:
    held = {"contact": facts}
    return desk_of(held, shifts() if roster is None else roster, settings=SETTINGS, period=PERIOD, **options)


FULL = desk()
UNSTAFFED = desk(roster=NO_SHIFTS)
EMPTY = desk(CONTACTS.head(0))
SOURCELESS = desk(None)


def test_the_desk_counts_presence_and_demand() -> None:
    noon = FULL.plan[(FULL.plan["local_hour"] == 12) & (FULL.plan["local_date"] == pd.Timestamp("2024-01-01"))]
    assert noon["agents"].tolist() == [2, 2]
    assert noon["expected"].sum() == pytest.approx(12, rel=0.05)
    assert FULL.reason is None
    assert FULL.no_staff is None
    assert len(FULL.contacts) == DAYS * 42


def test_a_shift_outside_the_period_or_of_another_channel_is_not_there() -> None:
    early = shifts(1).assign(starts_at=lambda rows: rows["starts_at"] - pd.Timedelta(days=90))
    early["ends_at"] = early["starts_at"] + pd.Timedelta(hours=9)
    roster = pd.concat([shifts(1), early, shifts(1).assign(kind="chat", agent_id="c")], ignore_index=True)
    assert len(desk(roster=roster).shifts) == DAYS


def test_the_need_stands_beside_the_presence() -> None:
    need = need_of_week(FULL)
    assert set(need["local_hour"]) == {9, 12, 17}
    peak = need[need["local_hour"] == 17]
    # 24 calls an hour of 240 s are 1.6 erlang: 2 agents answer fewer than 80 % within 20 s, so at least 3 are needed
    assert (peak["needed_patient"] >= 3).all()
    assert (peak["shortfall_patient"] == peak["needed_patient"] - 2).all()
    assert need.attrs["reason"] is None
    assert hardest_day(need)["weekday"].nunique() == 1


def test_without_shifts_the_need_is_known_and_the_shortfall_is_not() -> None:
    need = need_of_week(UNSTAFFED)
    assert (need["needed_patient"] == need_of_week(FULL)["needed_patient"]).all()
    assert need[["agents", "shortfall_impatient", "shortfall_patient"]].isna().all().all()
    assert UNSTAFFED.no_staff == "no shifts of those who serve the phone queue"
    assert by_hour(need, "shortfall_impatient").empty
    assert len(by_hour(need)) == 21
    assert len(hardest_day(need)) == 6


def test_without_shifts_those_who_answer_are_present_and_it_is_said() -> None:
    seen = desk(CONTACTS.assign(agent_id="a"), roster=NO_SHIFTS)
    assert seen.no_staff is None
    assert seen.is_staff_seen
    assert seen.shifts.empty
    busy = seen.plan[(seen.plan["local_hour"] == 17) & (seen.plan["local_date"] == pd.Timestamp("2024-01-01"))]
    assert busy["agents"].tolist() == [1, 1]
    told = inputs(seen).set_index("what")
    assert told.loc["agents seen answering", "value"] == 1
    assert told.loc["agents seen answering", "from"] == "no shifts: present while answering, rests up to 30 min too"
    assert "agents seen answering" not in set(inputs(FULL)["what"])


@pytest.mark.parametrize("lacking", [EMPTY, SOURCELESS], ids=["no contacts", "no source"])
def test_a_desk_without_contacts_answers_everything_with_the_reason(lacking: Desk) -> None:
    reason = "no phone contact asked for a human in this period"
    answers = [
        need_of_week(lacking), coming_weeks(lacking), forecast_error(lacking), trust_in_model(lacking), inputs(lacking),
        more_agents(lacking, n=2, from_hour=17, to_hour=18), what_if(lacking, [Scenario("x", extra_agents=1)]),
        by_hour_with(lacking, None),
    ]  # fmt: skip
    assert [answer.attrs["reason"] for answer in answers] == [reason] * len(answers)
    assert all(answer.empty and len(answer.columns) for answer in answers)
    assert bot_scenario(lacking, issue="", share=0.5) is None
    assert last_and_next_week(lacking, coming_weeks(lacking)).empty
    assert hardest_day(need_of_week(lacking)).empty
    assert by_hour(need_of_week(lacking)).empty


def test_contacts_without_any_handle_time_give_no_need() -> None:
    blank = desk(CONTACTS.assign(handle_s=np.nan))
    assert need_of_week(blank).attrs["reason"] == "no handle time is known of the phone contacts"


def test_more_agents_answer_more_and_cost_their_hours() -> None:
    found = more_agents(FULL, n=2, from_hour=17, to_hour=18)
    band = found[found["span"] == "band"].iloc[0]
    assert band["answer_rate_share_after"] > band["answer_rate_share_before"]
    assert band["extra_agent_h"] == 2 * DAYS
    assert band["extra_cost"] == 2 * DAYS * 10.0


def test_the_model_is_held_against_what_was_observed() -> None:
    trust = trust_in_model(FULL).set_index("local_hour")
    # by construction every fifth of 24 calls is lost at 17, none elsewhere: 19 of 24 answered
    assert trust["answer_rate_observed_share"].to_dict() == pytest.approx({9: 1.0, 12: 1.0, 17: 19 / 24})
    assert trust["n_offered"].to_dict() == {9: 6 * DAYS, 12: 12 * DAYS, 17: 24 * DAYS}


def test_a_bot_takes_the_most_frequent_issue_unless_told_otherwise() -> None:
    half = bot_scenario(FULL, issue="", share=1.0)
    named = bot_scenario(FULL, issue="parcel", share=0.5)
    assert half is not None
    assert named is not None
    assert (half.name, named.name) == ("a bot for fee", "a bot for parcel")
    assert half.diverted_share == pytest.approx(0.5)
    assert named.diverted_share == pytest.approx(0.25)
    compared = what_if(FULL, [named, None])
    assert compared["offered"].tolist()[1] == pytest.approx(0.75 * compared["offered"].tolist()[0])
    assert (by_hour_with(FULL, named)["after"] >= by_hour_with(FULL, named)["before"]).all()


def test_a_bot_needs_issues() -> None:
    blank = desk(CONTACTS.assign(issue=None))
    assert bot_scenario(blank, issue="", share=0.5) is None
    assert what_if(blank, [None]).attrs["reason"] == "no contact of the queue has an issue"


def test_the_forecast_learns_from_the_periods_before() -> None:
    before = contacts({9: 6, 12: 12, 17: 24}, days=28, start="2023-12-04")
    longer = desk(past=[{"contact": before}])
    assert longer.history["local_date"].min() == pd.Timestamp("2023-12-04")
    assert longer.history["arrivals"].sum() == len(before) + len(CONTACTS)
    assert len(forecast_error(longer)) > len(forecast_error(FULL))
    coming = coming_weeks(longer)
    assert coming["local_date"].min() == pd.Timestamp("2024-02-12")
    assert coming["expected"].sum() == pytest.approx(7 * 42, rel=0.05)
    week = last_and_next_week(longer, coming)
    assert week["observed"].sum() == 7 * 42
    assert week["forecast"].notna().sum() == week["observed"].notna().sum()


def test_too_short_a_history_is_said() -> None:
    few = desk_of({"contact": contacts({9: 6}, days=14)}, NO_SHIFTS, settings=SETTINGS, period=parse_period("2024W01"))
    assert coming_weeks(few).attrs["reason"] == "7 days of history, 28 are needed"
    assert forecast_error(desk(CONTACTS)).attrs["reason"] is None


def test_only_offered_contacts_of_the_channel_are_staffed_for() -> None:
    mixed = pd.concat([CONTACTS, CONTACTS.assign(channel="chat"), CONTACTS.assign(is_offered=False)])
    assert len(offered_contacts(mixed, channel="phone")) == len(CONTACTS)
    assert offered_contacts(None, channel="phone").empty


def test_an_hour_with_few_contacts_takes_the_mean_of_all() -> None:
    seen = pd.DataFrame({"local_hour": [9] * 30 + [10], "handle_s": [100.0] * 30 + [4000.0]})
    made = handle_by_hour(seen)
    assert made[9] == 100.0
    assert made[10] == made[3] == pytest.approx(7000 / 31)
    assert handle_by_hour(seen.assign(handle_s=0.0)) == {}


def test_holidays_come_from_the_country_of_the_settings() -> None:
    chinese = Settings.model_validate({"workbook": {"country": "CN"}})
    made = desk_of({"contact": CONTACTS}, NO_SHIFTS, settings=chinese, period=PERIOD)
    assert date(2024, 2, 10) in made.calendar["holidays"]
    assert FULL.calendar["holidays"] == {}


def test_asking_changes_nothing() -> None:
    before = CONTACTS.copy(deep=True)
    desk()
    pd.testing.assert_frame_equal(CONTACTS, before)


def test_the_coming_need_carries_the_forecasts_uncertainty() -> None:
    coming = coming_weeks(FULL)
    found = coming_need(FULL, coming)
    assert (found["needed_sure"] >= found["needed"]).all()
    assert (found["rate_sure"] >= found["expected"] - 1e-9).all()
    assert found["local_date"].nunique() == 7
    assert found["planned_agents"].isna().all()  # no shift after the period is known
    peak = found[found["local_hour"] == 17].iloc[0]
    assert FULL.customers is not None
    queue = {"patience_s": FULL.customers.patience_s, "threshold_s": 20.0, "service_level": 0.8, "max_abandon": 0.1}
    assert peak["needed_sure"] == agents_needed(2 * peak["rate_sure"], peak["handle_s"], **queue)


def test_the_coming_plan_stands_beside_the_coming_need() -> None:
    more = shifts().assign(starts_at=lambda rows: rows["starts_at"] + pd.Timedelta(days=7))
    more["ends_at"] = more["starts_at"] + pd.Timedelta(hours=10)
    planned = desk(roster=pd.concat([shifts(), more.drop_duplicates()], ignore_index=True))
    found = coming_need(planned, coming_weeks(planned))
    noon = found[found["local_hour"] == 12]
    assert (noon["planned_agents"] == 2).all()
    assert (found["shortfall"] == np.maximum(found["needed"] - found["planned_agents"], 0)).all()


def test_without_a_forecast_there_is_no_coming_need() -> None:
    for bare in (EMPTY, SOURCELESS):
        found = coming_need(bare, coming_weeks(bare))
        assert found.empty
        assert found.attrs["reason"]


def test_the_busiest_hour_is_worth_an_agent_most() -> None:
    found = value_of_an_hour(FULL)
    assert found.loc[found["saved_per_agent_h"].idxmax(), "local_hour"] == 17
    ways = cheapest_hours(FULL).set_index("local_hour")
    assert (ways["answer_rate_share_after"] >= 0.9).all()
    assert ways.loc[17, "extra_agents"] >= 1
    assert value_of_an_hour(UNSTAFFED).attrs["reason"] == UNSTAFFED.no_staff
    assert cheapest_hours(UNSTAFFED).attrs["reason"] == UNSTAFFED.no_staff


def test_the_next_roster_starts_on_the_monday_after_the_data() -> None:
    assert next_monday(FULL) == date(2024, 2, 12)  # the data end on Sunday the eleventh


def test_a_rosters_cover_is_counted_by_hour() -> None:
    need = pd.DataFrame({"weekday": range(1, 8), "local_time": "09:00", "local_hour": 9, "interval_s": 3600.0})
    need["to_schedule"] = [17, 13, 15, 19, 14, 16, 11]
    tours = possible_tours([Contract(name="clerk")], [ShiftPattern(((540, 600),))])
    found = cover_by_hour(need, cheapest_roster(need, tours), tours)
    assert (found["value"] >= 0).all()
    assert found["value"].sum() == 23 * 5 - 105  # 23 people of five days for 105 days needed
