"""Several stretches of time measured together: for each the same as alone."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from csm_lib.definitions import INDICATORS
from csm_lib.measure.indicators import measure
from csm_lib.measure.stretches import measure_each

KEYS = ["answer_rate", "fcr", "frt", "csat", "complaint_rate", "nps"]


@pytest.fixture
def connection() -> Any:
    with duckdb.connect() as opened:
        yield opened


def facts_of(connection: Any, seed: int, *, has_overall: bool = True) -> dict[str, Any]:
    chance = np.random.default_rng(seed)
    n = 400
    customers = chance.integers(0, 150, n).astype(str)
    contacts = pd.DataFrame({"customer_id": customers, "local_date": chance.integers(1, 60, n).astype(str)})
    contacts["is_handled"] = contacts["is_offered"] = contacts["is_answered"] = contacts["is_live"] = True
    contacts["is_answered"] = chance.random(n) < 0.9
    contacts["is_first_contact_resolved"] = chance.random(n) < 0.7
    contacts["wait_s"] = chance.exponential(30, n)
    for column in {name for key in KEYS for name in INDICATORS[key].columns + INDICATORS[key].denominator_columns}:
        if column not in contacts:
            contacts[column] = chance.random(n)
    surveys = pd.DataFrame({"customer_id": customers, "weight": 1.0, "recommend": chance.integers(0, 11, n)})
    surveys["csat"] = chance.integers(1, 6, n).astype(float) if has_overall else np.nan
    surveys["outcome_rating"] = chance.integers(1, 6, n).astype(float)
    for column in ("speed", "accuracy_rating", "attitude", "outcome"):
        surveys[column] = chance.integers(1, 6, n).astype(float)
    complaints = pd.DataFrame({"complaint_id": range(seed), "customer_id": customers[:seed], "is_counted": True})
    frames = {"contact": contacts, "survey": surveys, "complaint": complaints}
    for grain, frame in frames.items():
        connection.register(f"{grain}_{seed}", frame)
    return {grain: connection.table(f"{grain}_{seed}") for grain in frames} | {"review": None}


def test_together_is_as_alone_also_where_one_stretch_lacks_a_question(connection: Any) -> None:
    stretches = {"first": facts_of(connection, 5), "second": facts_of(connection, 9, has_overall=False)}
    together = measure_each(stretches, [*KEYS, "accuracy"])
    assert list(together) == ["first", "second"]
    for name, facts in stretches.items():
        alone = measure(facts, [*KEYS, "accuracy"])
        pd.testing.assert_frame_equal(together[name], alone, rtol=1e-12)
    methods = {name: made.set_index("key")["method"]["csat"] for name, made in together.items()}
    assert "no overall question" in methods["second"]
    assert "no overall question" not in methods["first"]


def test_one_stretch_or_none_is_no_special_case(connection: Any) -> None:
    facts = facts_of(connection, 5)
    assert measure_each({}, KEYS) == {}
    pd.testing.assert_frame_equal(measure_each({"only": facts}, "fcr")["only"], measure(facts, "fcr"))
