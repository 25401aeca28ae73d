"""What one more agent is worth, the cheapest way to a rate, moved shifts: sums by hand and by trying everything."""

import itertools
import re

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from csm_lib.errors import SettingError, UsageError
from csm_lib.staff.prediction import Scenario, move_shift, predict, summary_by
from csm_lib.staff.queues import performance
from csm_lib.staff.value import cheapest_way, marginal_value


def day(agents=(4, 4, 4), per_h=(30.0, 30.0, 60.0)):
    """One row per hour from 16:00 on; a contact takes five minutes."""
    return pd.DataFrame({"local_hour": range(16, 16 + len(agents)), "interval_s": 3600.0, "expected": per_h,
                         "arrivals_per_h": per_h, "handle_s": 300.0, "agents": agents})


def test_one_more_agent_saves_what_the_queue_formula_says():
    found = marginal_value(day(), patience_s=120, cost_per_agent_h=45).set_index("local_hour")
    before, after = performance(60, 300, [4, 5], patience_s=120).abandon_share
    assert_allclose(found.loc[18, "fewer_abandoned"], 60 * (before - after))
    assert_allclose(found.loc[18, "cost_per_saved"], 45 / (60 * (before - after)))
    assert found.saved_per_agent_h.idxmax() == 18


def test_without_a_cost_there_is_no_price_of_a_saved_contact():
    assert marginal_value(day(), patience_s=120).cost_per_saved.isna().all()


def test_hours_without_contacts_are_left_out():
    found = marginal_value(day(per_h=(0.0, 30.0, 60.0)), patience_s=120)
    assert found.local_hour.tolist() == [17, 18]


def test_every_hour_reaches_the_rate_and_none_with_an_agent_less():
    found = cheapest_way(day(), answer_rate=0.95, patience_s=120, cost_per_agent_h=10)
    assert (found.answer_rate_share_after >= 0.95).all()
    for hour, per_h, extra in zip(found.local_hour, (30, 30, 60), found.extra_agents, strict=True):
        if extra:
            less = performance(per_h, 300, 4 + extra - 1, patience_s=120).abandon_share
            assert 1 - float(less) < 0.95, hour
    assert found.attrs["extra_cost"] == 10 * found.extra_agents.sum()


def test_no_other_hours_reach_the_rate_of_the_day_with_fewer_agent_hours():
    found = cheapest_way(day(), answer_rate=0.9, patience_s=120, is_every_hour=False)
    assert found.attrs["answer_rate_after"] >= 0.9
    fewest = min(
        sum(extra) for extra in itertools.product(range(5), repeat=3)
        if summary_by(predict(day(agents=tuple(4 + n for n in extra)), patience_s=120)).answer_rate_share.iloc[0] >= 0.9
    )
    assert found.extra_agents.sum() == fewest


def test_a_rate_that_is_reached_needs_nobody():
    found = cheapest_way(day(agents=(20, 20, 20)), answer_rate=0.9, patience_s=120)
    assert found.extra_agents.tolist() == [0, 0, 0]
    assert found.attrs["extra_agent_h"] == 0


def test_a_rate_out_of_reach_is_refused_in_words():
    message = ("hours must reach the answer rate with at most 200 more agents, got no such number. Lower the answer "
               "rate.")
    with pytest.raises(UsageError, match=f"^{re.escape(message)}$"):
        cheapest_way(day(per_h=(9000.0, 30.0, 60.0)), answer_rate=0.99, patience_s=120)


def test_a_moved_shift_takes_its_people_along():
    moved = predict(day(), move_shift(n=1, from_hours=(16, 18), to_hours=(17, 19), name="later"), patience_s=120)
    assert moved.agents.tolist() == [3, 4, 5]
    both = Scenario("both", extra_agents=2, from_hour=16, to_hour=17, bands=((16, 18, -1), (17, 19, 1)))
    assert predict(day(), both, patience_s=120).agents.tolist() == [5, 4, 5]


def test_hours_of_a_moved_shift_must_be_in_order():
    message = "from_hour and to_hour must be hours of one day in order, got 18 and 16. Give for example 17 and 21."
    with pytest.raises(SettingError, match=f"^{re.escape(message)}$"):
        move_shift(n=1, from_hours=(18, 16), to_hours=(17, 19), name="wrong")


def test_inputs_stay_as_they_were():
    plan = day()
    marginal_value(plan, patience_s=120)
    cheapest_way(plan, answer_rate=0.9, patience_s=np.inf)
    pd.testing.assert_frame_equal(plan, day())
