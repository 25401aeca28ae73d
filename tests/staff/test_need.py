"""Need: patience by hand and from simulated waits, plans and shortfalls by hand."""

import re
from datetime import date

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from csm_lib.errors import SettingError, UsageError
from csm_lib.staff.forecast import arrivals_per_interval, forecast, interval_grid
from csm_lib.staff.need import interval_plan, requirement, typical_week
from csm_lib.staff.queues import agents_needed


def two_weeks(per_interval=2.0):
    grid = interval_grid(date(2024, 1, 1), date(2024, 1, 15), time_zone="Asia/Shanghai")
    grid["arrivals"] = np.where((grid.local_hour >= 9) & (grid.local_hour < 11) & (grid.weekday < 6), per_interval, 0)
    grid.attrs = {"time_zone": "Asia/Shanghai", "interval_s": 1800.0}
    return grid


def one_shift(agent_id="a", day="2024-01-01", start="09:00", end="10:00"):
    instants = pd.to_datetime([f"{day} {start}", f"{day} {end}"]).tz_localize("Asia/Shanghai").tz_convert("UTC")
    return pd.DataFrame({"agent_id": [agent_id], "starts_at": instants[:1], "ends_at": instants[1:]})


def test_plan_lays_demand_beside_presence():
    shifts = pd.concat([one_shift(), one_shift("b", end="11:00"), one_shift("c", start="09:30", end="09:40")])
    plan = interval_plan(two_weeks(), shifts, handle_s=600)
    monday = plan[(plan.local_date == "2024-01-01") & (plan.local_hour >= 9) & (plan.local_hour < 11)]
    assert_allclose(monday.arrivals_per_h, 4)
    assert_allclose(monday.staffed_agents, [2, 2 + 1 / 3, 1, 1])
    assert monday.agents.tolist() == [2, 2, 1, 1]
    assert_allclose(plan.expected.sum(), 80)


def test_handle_time_may_follow_the_hour_and_shrinkage_thins_presence():
    shifts = pd.concat([one_shift(name) for name in "abcd"])
    plan = interval_plan(two_weeks(), shifts, handle_s={hour: 100 + hour for hour in range(24)}, shrinkage=0.5)
    assert plan.handle_s[plan.local_hour == 9].eq(109).all()
    assert plan.agents.max() == 2
    assert plan.attrs["breaks"] == "breaks inside a shift are not taken off presence"


def test_expectation_of_a_past_interval_is_smooth_and_keeps_the_day():
    arrivals = two_weeks(30.0)
    rng = np.random.default_rng(2)
    arrivals["arrivals"] = rng.poisson(arrivals.arrivals)
    plan = interval_plan(arrivals, one_shift(), handle_s=60)
    by_day = plan.groupby("local_date")[["arrivals", "expected"]].sum()
    assert_allclose(by_day.expected, by_day.arrivals, rtol=1e-9)
    assert plan.expected[plan.arrivals > 0].std() < plan.arrivals[plan.arrivals > 0].std()


def test_a_forecast_makes_a_plan_too():
    plan = interval_plan(forecast(two_weeks(), horizon_days=7), one_shift(day="2024-01-15"), handle_s=60)
    assert plan.arrivals.isna().all()
    assert_allclose(plan.expected.sum(), 40, rtol=1e-4)
    assert plan.agents.sum() == 2


def test_shortfall_is_need_less_presence():
    # Call Centre Helper worked example: 200 an hour at 180 s, 80/20 takes 14 agents
    plan = pd.DataFrame({"arrivals_per_h": [200.0, 200.0, 0.0], "handle_s": 180.0, "agents": [12, 20, 0]})
    plan.attrs = {"shrinkage": 0.3}
    found = requirement(plan, patience_s=120, service_level=0.8)
    assert found.needed_patient.tolist() == [14, 14, 0]
    assert found.shortfall_patient.tolist() == [2, 0, 0]
    assert (found.needed_impatient <= found.needed_patient).all()
    assert_allclose(found.to_schedule, np.ceil(found.needed_impatient / 0.7))


def test_typical_week_averages_days_with_contacts():
    arrivals = two_weeks()
    arrivals.loc[arrivals.local_date == "2024-01-08", "arrivals"] = 0  # a closed Monday
    week = typical_week(interval_plan(arrivals, one_shift(), handle_s=60))
    monday_nine = week[(week.weekday == 1) & (week.local_time == "09:00")].iloc[0]
    assert monday_nine.n_days == 1
    assert_allclose([monday_nine.arrivals, monday_nine.agents], [2, 1])
    assert set(week.weekday) == {1, 2, 3, 4, 5}


def test_inputs_stay_as_they_were():
    arrivals, shifts = two_weeks(), one_shift()
    copies = arrivals.copy(), shifts.copy()
    interval_plan(arrivals, shifts, handle_s=60)
    pd.testing.assert_frame_equal(arrivals, copies[0])
    pd.testing.assert_frame_equal(shifts, copies[1])


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda: interval_plan(two_weeks(), one_shift(), handle_s=0), SettingError,
     "handle_s must be above 0 and finite, got 0.0, 0.0, 0.0 (672 of 672 values). Correct these values."),
    (lambda: typical_week(interval_plan(two_weeks(0.0), one_shift(), handle_s=60)), UsageError,
     "plan must expect contacts on at least one day, got none. Choose a period with data."),
])
def test_wrong_arguments_are_refused_in_words(call, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        call()


@pytest.mark.needs("realdata")
def test_bank_calls_give_the_published_wednesday_and_its_staffing(realdata):
    # Miller, Modeling Techniques in Predictive Analytics, ch. 6: calls per hour of an average Wednesday, February 1999
    calls = pd.read_csv(realdata / "anonymous_bank" / "calls_1999_02.txt", sep="\t")
    calls = calls[(calls["outcome"] != "PHANTOM") & (calls["vru_time"] >= 0)]
    local = pd.to_datetime("19" + calls["date"].astype(str) + " " + calls["vru_entry"].str.strip(),
                           format="%Y%m%d %H:%M:%S")
    contacts = pd.DataFrame({"created_at": local.dt.tz_localize("Asia/Jerusalem").dt.tz_convert("UTC")})
    found = arrivals_per_interval(contacts, time_zone="Asia/Jerusalem", interval_s=3600, start_on=date(1999, 2, 1),
                                  end_on=date(1999, 3, 1))
    wednesday = found[found.weekday == 3].groupby("local_hour").arrivals.mean()
    assert_allclose(wednesday, [6.75, 1.75, 1.25, 0, .5, .25, 4.75, 39.5, 97.25, 107.5, 124, 110.25, 95.5, 203.5,
                                115.75, 115.5, 67.75, 75, 88.75, 85.5, 68, 61.5, 57.5, 44.25])
    assert agents_needed(wednesday, 240, threshold_s=0, service_level=0.5).tolist() == [
        1, 1, 1, 0, 1, 1, 1, 4, 8, 9, 10, 9, 8, 16, 10, 10, 6, 7, 8, 8, 6, 6, 5, 4]
