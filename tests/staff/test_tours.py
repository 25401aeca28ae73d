"""Rosters with contracts: the published post office, rules that hold, people who take turns."""

from __future__ import annotations

import re
from datetime import date

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from csm_lib.errors import SettingError
from csm_lib.settings import Settings
from csm_lib.settings.objectives import Contract, ShiftType
from csm_lib.staff.tours import Tour, cheapest_roster, possible_tours, week_cover, working_days
from csm_lib.staff.turns import burden_of_people, turns, weeks_of_people
from csm_lib.staff.weekly_roster import ShiftPattern

FULL = Contract(name="full time")
EARLY, LATE = ShiftPattern(((480, 960),)), ShiftPattern(((840, 1320),))
POST_OFFICE = [17, 13, 15, 19, 14, 16, 11]


def week(per_day: list[int], times: tuple[str, ...] = ("09:00",), interval_s: float = 3600.0) -> pd.DataFrame:
    rows = [(day, time, n) for day, n in enumerate(per_day, 1) for time in times]
    return pd.DataFrame(rows, columns=["weekday", "local_time", "to_schedule"]).assign(interval_s=interval_s)


def test_the_post_office_needs_twenty_three_and_part_timers_make_it_cheaper() -> None:
    need, shift = week(POST_OFFICE), [ShiftPattern(((540, 600),))]
    full = cheapest_roster(need, possible_tours([FULL], shift))
    assert full.attrs["people"] == 23 and full.attrs["is_optimal"]
    assert full["people"].sum() == 23
    assert (full[[f"d{day}" for day in range(1, 8)]].sum() >= POST_OFFICE).all()
    one_day = Contract(name="one day", days_on=1, has_days_off_together=False)
    both = cheapest_roster(need, possible_tours([FULL, one_day], shift))
    # with people for single days nobody is there in vain: exactly the hours needed
    assert both.attrs["agent_h"] == sum(POST_OFFICE) < full.attrs["agent_h"] == 115


@pytest.mark.parametrize(("contract", "n_sets"), [
    pytest.param(Contract(name="x", days_on=5), 7, id="two days off in a row, starting on any day"),
    pytest.param(Contract(name="x", days_on=5, has_days_off_together=False), 21, id="any two days off: 7 over 2"),
    pytest.param(Contract(name="x", has_days_off_together=False, max_days_in_a_row=4), 14, id="four at most"),
    pytest.param(Contract(name="x", days_on=6, max_days_in_a_row=5), 0, id="one day off a week makes six in a row"),
    pytest.param(Contract(name="x", days_on=1), 7, id="one day"),
])  # fmt: skip
def test_days_on_follow_the_contract(contract: Contract, n_sets: int) -> None:
    assert len(working_days(contract)) == n_sets


def test_a_shift_too_long_for_the_rest_is_not_offered_on_following_days() -> None:
    long = ShiftPattern(((480, 1320),))  # 14 h leave 10 h of rest
    assert possible_tours([FULL], [long]) == ()
    apart = Contract(name="x", days_on=2, has_days_off_together=False)
    # two of seven days that do not touch, Sunday and Monday included: 21 - 7
    assert len(possible_tours([apart], [long])) == 14


def test_a_named_shift_type_has_its_break_off() -> None:
    lunch = ShiftType(name="day", hours="08:00-12:00, 13:00-17:00")
    contract = Contract(name="x", shifts=("day",))
    tours = possible_tours([contract], [], shift_types=[lunch])
    need = week([1] * 7, ("11:00", "12:00", "13:00"))
    assert week_cover(tours[:1], need).reshape(7, 3)[[day - 1 for day in tours[0].days]].tolist() == [[1, 0, 1]] * 5
    assert tours[0].hours == 40.0


def test_what_nobody_can_cover_is_named() -> None:
    need = week([2] * 7, ("09:00", "23:00"))
    found = cheapest_roster(need, possible_tours([FULL], [EARLY]))
    assert found.attrs["uncovered"][["weekday", "local_time", "missing"]].to_numpy().tolist() == [
        [day, "23:00", 2] for day in range(1, 8)
    ]
    assert found.attrs["uncovered_agent_h"] == 14.0
    assert found.attrs["is_optimal"]  # nothing cheaper covers as much


def test_a_contract_has_no_more_people_than_it_has() -> None:
    few = Contract(name="few", people=2)
    found = cheapest_roster(week([3] * 7), possible_tours([few], [EARLY]))
    assert found.attrs["people"] == 2
    assert found.attrs["uncovered"]["missing"].sum() == 21 - 10


def test_a_level_is_there_whenever_anybody_is_needed() -> None:
    junior = Contract(name="junior", level="junior", cost_per_agent_h=10)
    senior = Contract(name="senior", level="senior", cost_per_agent_h=30)
    need = week([2] * 7)
    found = cheapest_roster(need, possible_tours([junior, senior], [EARLY]), least_by_level={"senior": 1})
    seniors = found[found["level"] == "senior"][[f"d{day}" for day in range(1, 8)]].sum()
    everybody = found[[f"d{day}" for day in range(1, 8)]].sum()
    assert (seniors >= 1).all() and (everybody >= 2).all()
    # seven senior days need two people of five days; fourteen days in all need three of five
    assert found.groupby("level")["people"].sum().to_dict() == {"junior": 1, "senior": 2}
    assert found.attrs["cost"] == 40 * 8 / 8 * (1 * 10 + 2 * 30)


def test_without_shifts_there_is_a_reason() -> None:
    assert cheapest_roster(week([1] * 7), ()).attrs["reason"] == "no shifts to choose from"


def a_roster() -> tuple[pd.DataFrame, tuple[Tour, ...]]:
    tours = possible_tours([FULL], [EARLY, LATE])
    return cheapest_roster(week([3, 3, 3, 3, 3, 2, 2], ("09:00", "20:00")), tours), tours


def test_every_day_of_the_turns_is_staffed_as_the_roster_says() -> None:
    roster, tours = a_roster()
    found = turns(roster, tours, first_on=date(2024, 4, 1), weeks=8)
    per_day = found.groupby("local_date").size()
    expected = roster[[f"d{day}" for day in range(1, 8)]].sum().to_numpy()
    assert_array_equal(per_day.to_numpy(), np.tile(expected, 8))
    assert found["person"].nunique() == roster["people"].sum()


def test_nobody_works_too_many_days_in_a_row_or_rests_too_little() -> None:
    roster, tours = a_roster()
    found = turns(roster, tours, first_on=date(2024, 4, 1), weeks=12)
    for _, days in found.groupby("person"):
        on = pd.to_datetime(days["local_date"]).sort_values()
        run = (on.diff().dt.days != 1).cumsum().value_counts()
        assert run.max() <= FULL.max_days_in_a_row
        starts = on + pd.to_timedelta(days["starts_at"] + ":00")
        ends = on + pd.to_timedelta(days["ends_at"] + ":00")
        assert ((starts.to_numpy()[1:] - ends.to_numpy()[:-1]) >= np.timedelta64(11, "h")).all()


def test_weekends_and_evenings_come_round_to_everybody() -> None:
    roster, tours = a_roster()
    shared = burden_of_people(turns(roster, tours, first_on=date(2024, 4, 1), weeks=24))
    kept = burden_of_people(turns(roster, tours, first_on=date(2024, 4, 1), weeks=1))
    for name in ("weekend_days", "late_days"):
        spread = shared[name].max() - shared[name].min()
        assert spread < 0.5 * 24 * (kept[name].max() - kept[name].min()), name


def test_a_week_begins_on_monday() -> None:
    roster, tours = a_roster()
    message = "first_on must be a Monday, got '2024-04-02'. Choose the first day of a week."
    with pytest.raises(SettingError, match=f"^{re.escape(message)}$"):
        turns(roster, tours, first_on=date(2024, 4, 2))


def test_settings_hold_shift_types_and_contracts() -> None:
    staffing = Settings.model_validate({"staffing": {
        "shift_types": [{"name": "day", "hours": "08:00-12:00, 12:30-17:00"}],
        "contracts": [{"name": "full", "shifts": ["day"], "level": "senior"}], "least_by_level": {"senior": 1},
    }}).staffing  # fmt: skip
    assert staffing.shift_types[0].blocks == ((480, 720), (750, 1020))
    with pytest.raises(ValueError, match="shift must be one of day"):
        Settings.model_validate({"staffing": {"shift_types": [{"name": "day", "hours": "08:00-17:00"}],
                                              "contracts": [{"name": "full", "shifts": ["night"]}]}})
    with pytest.raises(ValueError, match="hours must name at least one stretch such as 08:00-12:00"):
        Settings.model_validate({"staffing": {"shift_types": [{"name": "day", "hours": "closed"}]}})


def test_the_turns_laid_out_by_week_hold_every_day_once() -> None:
    roster, tours = a_roster()
    made = turns(roster, tours, first_on=date(2024, 4, 1), weeks=2)
    laid = weeks_of_people(made)
    assert (laid[[f"d{day}" for day in range(1, 8)]] != "").to_numpy().sum() == len(made)
    assert laid["week_on"].unique().tolist() == [pd.Timestamp(2024, 4, 1), pd.Timestamp(2024, 4, 8)]
    assert weeks_of_people(made.head(0)).empty
