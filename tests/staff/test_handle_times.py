"""Handle time by hour, issue and tenure, and shrinkage from shifts, by hand."""

import math
import re

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from csm_lib.errors import SettingError
from csm_lib.staff.handle_times import handle_times
from csm_lib.staff.shrinkage import shrinkage_of


def contacts():
    return pd.DataFrame({
        "handle_s": [100.0, 300.0, 200.0, np.nan, 400.0, 0.0], "local_hour": [9, 9, 10, 10, 10, 11],
        "issue": ["parcel", "parcel", "refund", "refund", None, "parcel"],
        "agent_tenure_days": [30.0, 31.0, 400.0, 5.0, np.nan, 5.0], "agent_id": list("aabbcc")})


def test_handle_time_by_hour():
    found = handle_times(contacts(), by="local_hour")
    assert found["local_hour"].tolist() == [9, 10]
    assert found["n"].tolist() == [2, 2]
    assert_allclose(found["mean_s"], [200, 300])
    assert_allclose(found["handling_share"], [0.4, 0.6])
    assert found.attrs["n_unknown"] == 0


def test_handle_time_by_issue_leaves_the_unknown_out():
    found = handle_times(contacts(), by="issue")
    assert found["issue"].tolist() == ["parcel", "refund"]
    assert_allclose(found["handling_share"], [2 / 3, 1 / 3])
    assert found.attrs["n_unknown"] == 1


def test_handle_time_by_tenure_takes_the_bound_into_the_band():
    found = handle_times(contacts(), by="tenure")
    assert found["tenure"].tolist() == ["up to 30 days", "31 to 90 days", "more than a year"]
    assert_allclose(found["mean_s"], [100, 300, 200])


def test_the_interval_takes_agents_as_clusters():
    rng = np.random.default_rng(1)
    own = np.repeat(rng.normal(300, 60, 12), 50)
    rows = pd.DataFrame({"handle_s": own + rng.normal(0, 5, 600), "local_hour": 9,
                         "agent_id": np.repeat([f"a{i}" for i in range(12)], 50)})
    with_agents = handle_times(rows, by="local_hour").iloc[0]
    without = handle_times(rows.drop(columns="agent_id"), by="local_hour").iloc[0]
    # twelve agents who differ by 60 s: half width about 2.2 * 60 / sqrt(12) = 38 s, not that of 600 contacts
    assert 20 < with_agents["high"] - with_agents["mean_s"] < 60
    assert without["high"] - without["mean_s"] < 10


def test_nothing_to_group():
    empty = handle_times(contacts().assign(issue=None), by="issue")
    assert empty.empty and empty.attrs["n_unknown"] == 4
    assert handle_times(contacts().drop(columns="agent_tenure_days"), by="tenure").empty


def test_an_unknown_group_is_refused_in_words():
    message = "by must be one of local_hour, issue, tenure, got 'team'. Choose one of these."
    with pytest.raises(SettingError, match=f"^{re.escape(message)}$"):
        handle_times(contacts(), by="team")


def shifts(**columns):
    start = pd.to_datetime(["2024-01-01 09:00", "2024-01-02 09:00", "2024-01-03 09:00"], utc=True)
    return pd.DataFrame({"agent_id": ["a", "a", "b"], "starts_at": start, "ends_at": start + pd.Timedelta(hours=8),
                         **columns})


@pytest.mark.parametrize(("columns", "share"), [
    pytest.param({"paid_break_s": [3600.0, 3600.0, None]}, 2 / 24, id="two hours of break in 24"),
    pytest.param({"kind": ["phone_early", "training", "phone"]}, 8 / 24, id="a day of training"),
    pytest.param({"kind": ["phone", "Sick_leave", "phone"], "paid_break_s": [3600.0, 3600.0, 0.0]}, 9 / 24,
                 id="who is sick has no break on top"),
    pytest.param({"paid_break_s": 1e9}, 1.0, id="a break is no longer than its shift"),
])
def test_shrinkage_by_hand(columns, share):
    found = shrinkage_of(shifts(**columns))
    assert_allclose(found.value, share)
    assert found.n == 3 and math.isnan(found.low)
    assert found.method == ("paid breaks and time away over paid time, as the shifts record them; no interval: fewer "
                            "than 8 agents")


@pytest.mark.parametrize("rows", [shifts(), shifts(kind="phone"), shifts(paid_break_s=60.0).iloc[:0]],
                         ids=["neither recorded", "no time away", "no shifts"])
def test_shrinkage_that_is_not_recorded_is_not_none(rows):
    found = shrinkage_of(rows)
    assert math.isnan(found.value)
    assert found.method == "not measured: the shifts record no breaks or absence"


def test_shrinkage_of_many_agents_has_an_interval():
    start = pd.to_datetime(["2024-01-01 09:00"] * 20, utc=True)
    rows = pd.DataFrame({"agent_id": [f"a{i}" for i in range(20)], "starts_at": start,
                         "ends_at": start + pd.Timedelta(hours=8), "paid_break_s": np.arange(20) * 180.0})
    found = shrinkage_of(rows)
    assert_allclose(found.value, 9.5 * 180 / 28800)
    assert found.low < found.value < found.high
