"""Groups in time without a column of their own: their names, where weeks and years meet, and the refusals."""

from __future__ import annotations

import datetime

import pandas as pd
import polars as pl
import pytest

from csm_lib.errors import SettingError
from csm_lib.measure.groups import TIME_GROUPS
from csm_lib.measure.indicators import measure

DAYS = [datetime.date(2019, 12, 1) + datetime.timedelta(days) for days in range(2600)]


def labelled(by: str, frame: pd.DataFrame | pl.DataFrame) -> dict[object, int]:
    measured = measure(frame, "fcr", by=by, level=None)
    return dict(zip(measured[by], measured["n"], strict=True))


def counted(labels: list[object]) -> dict[object, int]:
    return {label: labels.count(label) for label in dict.fromkeys(labels)}


@pytest.mark.parametrize(
    ("by", "label"),
    [
        ("quarter", lambda day: f"{day.year}Q{(day.month + 2) // 3}"),
        ("month", lambda day: f"{day:%Y-%m}"),
        ("week", lambda day: f"{day:%GW%V}"),
        ("weekday", lambda day: day.isoweekday()),
    ],
    ids=["quarter", "month", "week", "weekday"],
)
def test_days_fall_where_the_calendar_puts_them(by, label):
    facts = pd.DataFrame({"is_first_contact_resolved": True, "local_date": DAYS})
    assert labelled(by, facts) == counted([label(day) for day in DAYS])


def test_hours_go_in_pairs():
    facts = pd.DataFrame({"is_first_contact_resolved": True, "local_hour": [0, 1, 8, 9, 17, 23, None]})
    found = labelled("hour_band", facts)
    assert list(found.values()) == [2, 2, 1, 1, 1]
    assert list(found)[:-1] == ["00-02", "08-10", "16-18", "22-24"]
    assert pd.isna(list(found)[-1])


def test_a_missing_date_is_a_group_of_its_own():
    facts = pd.DataFrame({"is_first_contact_resolved": True, "local_date": [DAYS[0], None, None]})
    for by in ("quarter", "month", "week", "weekday"):
        found = labelled(by, facts)
        assert list(found.values()) == [1, 2]
        assert pd.isna(list(found)[-1])


def test_a_date_may_be_held_in_any_way():
    days = [datetime.date(2024, 3, 31), datetime.date(2024, 4, 1)]
    held = pd.DataFrame({"is_first_contact_resolved": True, "local_date": days})
    for frame in (
        held.assign(local_date=pd.to_datetime(held["local_date"])),
        held.assign(local_date=["2024-03-31", "2024-04-01"]),
        pl.from_pandas(held),
    ):
        assert labelled("quarter", frame) == {"2024Q1": 1, "2024Q2": 1}


def test_a_column_of_that_name_wins():
    facts = pd.DataFrame({"is_first_contact_resolved": True, "month": ["first"], "local_date": [DAYS[0]]})
    assert labelled("month", facts) == {"first": 1}


def test_months_add_up_to_their_quarter_and_keep_their_days_as_clusters():
    facts = pd.DataFrame(
        {"is_offered": True, "is_answered": [day.day % 5 > 0 for day in DAYS[31:122]], "local_date": DAYS[31:122]}
    )
    parts = measure(facts, "answer_rate", by=["month"])
    whole = measure(facts, "answer_rate", by="quarter").iloc[0]
    assert parts["month"].to_list() == ["2020-01", "2020-02", "2020-03"]
    assert parts[["numerator", "denominator"]].sum().to_list() == whole[["numerator", "denominator"]].to_list()
    assert parts["method"].str.startswith("clustered by local_date (").all()


def test_two_grains_are_divided_month_by_month():
    complaints = pd.DataFrame({"is_counted": True, "customer_id": ["c1", "c2"], "local_date": [DAYS[0], DAYS[31]]})
    contacts = pd.DataFrame({"is_handled": True, "customer_id": "c1", "local_date": [DAYS[0], DAYS[0], DAYS[31]]})
    measured = measure({"complaint": complaints, "contact": contacts}, "complaint_rate", by="month")
    assert measured["month"].to_list() == ["2019-12", "2020-01"]
    assert measured["value"].to_list() == [0.5, 1.0]


@pytest.mark.parametrize("name", TIME_GROUPS)
def test_a_group_without_what_it_is_made_from_is_refused(name):
    reads = TIME_GROUPS[name].reads
    with pytest.raises(SettingError) as refusal:
        measure(pd.DataFrame({"is_first_contact_resolved": [True]}), "fcr", by=name)
    assert str(refusal.value) == (
        f"by must be found in the contact facts or made from them, got {name!r} without the column {reads!r} that it "
        f"is made from. Add {reads!r}, or {name!r} itself."
    )


def test_dates_that_are_none_are_refused():
    facts = pd.DataFrame({"is_first_contact_resolved": True, "local_date": ["2024-01-01", "soon"]})
    with pytest.raises(SettingError) as refusal:
        measure(facts, "fcr", by="month")
    assert str(refusal.value) == (
        "local_date must hold dates (read by 'month'), got 'soon' (1 of 2 rows). "
        "Correct the values, or empty them to leave those rows out."
    )
