"""An aggregation as text: what it says, that it gives what `measure` gives, and the refusals."""

from __future__ import annotations

import pandas as pd
import pytest

from csm_lib.definitions import FACTS
from csm_lib.engine import connect
from csm_lib.errors import SettingError
from csm_lib.measure.aggregation import aggregation_sql


def run(text, **tables):
    connection = connect()
    for name, frame in tables.items():
        connection.register(name, frame)
    return connection.sql(text).to_arrow_table().to_pylist()


def test_sums_worked_by_hand():
    facts = pd.DataFrame(
        {
            "is_handled": [True, True, False, True],
            "handle_s": [100.0, 50.0, 7.0, None],
            "team": ["a", "b", "a", "a"],
        }
    )
    found = run(aggregation_sql("aht", by="team", table="held"), held=facts)
    assert sorted(found, key=lambda row: row["team"]) == [
        {"team": "a", "aht_n": 1, "aht_numerator": 100.0, "aht_denominator": 1},
        {"team": "b", "aht_n": 1, "aht_numerator": 50.0, "aht_denominator": 1},
    ]


def test_each_grain_gives_its_part_of_a_rate():
    above = run(
        aggregation_sql("complaint_rate", grain="complaint"),
        complaint_facts=pd.DataFrame({"is_counted": [True, False, True]}),
    )
    below = run(aggregation_sql("complaint_rate"), contact_facts=pd.DataFrame({"is_handled": [True, True, None]}))
    assert above == [{"complaint_rate_n": 2, "complaint_rate_numerator": 2}]
    assert below == [{"complaint_rate_n": 2, "complaint_rate_denominator": 2}]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        pytest.param(
            lambda: aggregation_sql("fcr", grain="day"),
            f"grain must be one of {', '.join(FACTS)}, got 'day'. Correct the grain.",
            id="unknown grain",
        ),
        pytest.param(
            lambda: aggregation_sql("csat"),
            "keys must have something in the contact facts, got 'csat' (grain survey). Ask for it with that grain.",
            id="another grain",
        ),
        pytest.param(
            lambda: aggregation_sql("fcr", by="team name"),
            "names must be plain words that every engine reads alike, got 'team name'. "
            "Rename the column or table, in letters, digits and underscores.",
            id="a name with a space",
        ),
    ],
)
def test_wrong_calls_are_refused_in_words(call, message):
    with pytest.raises(SettingError) as refusal:
        call()
    assert str(refusal.value) == message
