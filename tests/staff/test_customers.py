"""Customers: patience by hand and from simulated waits, and the model bent to what was observed."""

import math
import re

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from csm_lib.errors import SettingError
from csm_lib.staff.customers import calibrated_patience, customers_of, estimate_patience
from csm_lib.staff.prediction import predict, summary_by


def offered(waits, abandoned):
    return pd.DataFrame({"is_offered": True, "is_abandoned": abandoned, "wait_s": waits})


def plan_of(agents=4, per_h=50.0):
    return pd.DataFrame({"local_hour": [17, 18], "interval_s": 3600.0, "expected": per_h, "arrivals_per_h": per_h,
                         "handle_s": 300.0, "agents": agents})


def test_patience_is_total_wait_over_abandonments():
    found = estimate_patience(offered([10.0, 20.0, 30.0, 0.0], [True, False, True, False]))
    assert found.value == 30
    assert found.n == 4
    assert found.low < 30 < found.high


def test_patience_interval_is_the_garwood_one():
    # ten abandonments: 95 % Poisson limits 4.795 and 18.390 (Garwood 1936, table)
    found = estimate_patience(offered(np.full(100, 10.0), np.arange(100) < 10))
    assert_allclose([found.value, found.low, found.high], [100, 1000 / 18.390, 1000 / 4.795], rtol=1e-3)


def test_planted_patience_is_found():
    rng = np.random.default_rng(3)
    patience, virtual = rng.exponential(110, 20_000), rng.exponential(60, 20_000) * (rng.random(20_000) < 0.5)
    found = estimate_patience(offered(np.minimum(patience, virtual), patience < virtual))
    assert found.low < 110 < found.high
    assert found.high / found.low < 1.1


def test_nobody_hung_up():
    found = estimate_patience(offered([10.0, 20.0], [False, False]))
    assert found.value == math.inf and found.high == math.inf
    assert_allclose(found.low, 30 / -math.log(0.025))


@pytest.mark.parametrize("contacts", [
    pytest.param(offered([], []), id="no contacts"),
    pytest.param(offered([np.nan], [False]), id="no wait known"),
    pytest.param(offered([5.0], [True]).assign(is_offered=False), id="nobody offered"),
])
def test_patience_not_measured(contacts):
    found = estimate_patience(contacts)
    assert math.isnan(found.value)
    assert found.method == "no wait was observed, so patience is not measured"


def test_no_patience_explains_more_answers_than_agents_can_give():
    contacts = pd.DataFrame({"is_offered": True, "is_answered": True, "local_date": [1, 2]})
    found = calibrated_patience(plan_of(), contacts)
    assert np.isnan(found.value)
    assert found.method == "not measured: no patience makes the model answer as many as were answered"
    assert np.isnan(calibrated_patience(plan_of(per_h=0.0), contacts).value)
    assert np.isnan(calibrated_patience(plan_of(), contacts.iloc[:0]).value)


def test_calibration_reproduces_the_observed_answer_rate():
    rng = np.random.default_rng(1)
    contacts = pd.DataFrame({"is_offered": True, "is_answered": rng.random(4000) < 0.85,
                             "local_date": np.arange(4000) // 100})
    found = calibrated_patience(plan_of(), contacts)
    model = summary_by(predict(plan_of(), patience_s=found.value)).answer_rate_share.iloc[0]
    assert_allclose(model, contacts.is_answered.mean(), atol=1e-4)
    assert found.low < found.value < found.high


def test_customers_agree_with_waits_and_answers_together():
    rng = np.random.default_rng(1)
    is_answered = rng.random(4000) < 0.85
    contacts = offered(rng.exponential(15, 4000), ~is_answered).assign(is_answered=is_answered, local_date=1)
    customers = customers_of(plan_of(), contacts)
    model = summary_by(predict(plan_of(), **customers.options)).iloc[0]
    assert_allclose(model.answer_rate_share, is_answered.mean(), atol=1e-4)
    assert_allclose(model.mean_wait_offered_s, contacts.wait_s.mean(), rtol=1e-3)


@pytest.mark.parametrize(("contacts", "patience_s", "method"), [
    pytest.param(offered([10.0], [False]).assign(is_answered=True, local_date=1), math.inf,
                 "nobody was seen to hang up: endless patience is assumed", id="nobody hung up"),
    pytest.param(offered([10.0, 50.0], [True, False]).assign(is_answered=[False, False], local_date=1), 60.0,
                 "total wait of all offered over abandonments (exponential patience)", id="no fit is possible"),
])
def test_where_nothing_can_be_fitted(contacts, patience_s, method):
    customers = customers_of(plan_of(), contacts)
    assert (customers.patience_s, customers.wait_scale, customers.method) == (patience_s, 1.0, method)


def test_patience_from_the_settings_is_taken_as_it_is():
    assert customers_of(plan_of(), offered([], []), patience_s=90).options == {"patience_s": 90.0, "wait_scale": 1.0}
    message = "patience_s must be above 0, got 0.0 (1 of 1 values). Correct these values."
    with pytest.raises(SettingError, match=f"^{re.escape(message)}$"):
        customers_of(plan_of(), offered([], []), patience_s=0)
