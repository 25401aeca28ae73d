"""Year on year: moving holidays, weekdays, and what the calendar alone does to a raw comparison."""

import math
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from csm_lib.measure.phases import phases_of, process_changes
from csm_lib.measure.years import aligned_days, year_on_year, year_on_year_volume
from csm_lib.settings import WorkbookSettings

CHINA = WorkbookSettings(country="CN")
NEW_YEAR = {2022: date(2022, 2, 1), 2023: date(2023, 1, 22), 2024: date(2024, 2, 10)}


def days_of(first, last):
    return [first + timedelta(days=i) for i in range((last - first).days + 1)]


Q1 = days_of(date(2024, 1, 1), date(2024, 3, 31))
BEFORE = days_of(date(2022, 11, 15), date(2023, 5, 15))


def test_around_the_festival_days_are_counted_from_it():
    pairs = aligned_days(Q1, BEFORE, settings=CHINA).set_index("day")
    for offset in (-15, -1, 0, 6, 15):
        assert pairs.loc[NEW_YEAR[2024] + timedelta(days=offset), "before"] == NEW_YEAR[2023] + timedelta(days=offset)
    assert pairs.loc[NEW_YEAR[2024], ["how", "anchor"]].tolist() == ["holiday", "Chinese New Year"]


def test_elsewhere_a_weekday_meets_its_like_and_no_festival():
    pairs = aligned_days(Q1, BEFORE, settings=CHINA)
    plain = pairs[pairs["how"] == "weekday"]
    assert all(day.weekday() == before.weekday() for day, before in zip(plain["day"], plain["before"], strict=True))
    assert all(abs((before - NEW_YEAR[2023]).days) > 15 for before in plain["before"])
    assert pairs["before"].notna().all()


def test_without_a_country_weekdays_alone_are_aligned():
    pairs = aligned_days(Q1, BEFORE)
    assert [(day - before).days for day, before in zip(pairs["day"], pairs["before"], strict=True)] == [364] * 91


def test_a_make_up_day_is_the_weekday_it_follows():
    settings = WorkbookSettings(make_up_days={date(2024, 3, 3): "wed"})  # a Sunday that works like a Wednesday
    pairs = aligned_days([date(2024, 3, 3)], BEFORE, settings=settings)
    assert pairs["before"].iloc[0].weekday() == 2


def test_moving_holidays_of_other_countries_are_found_too():
    easter = aligned_days([date(2024, 4, 1)], days_of(date(2023, 1, 1), date(2023, 12, 31)),
                          settings=WorkbookSettings(country="DE"))  # fmt: skip
    assert easter[["before", "anchor"]].values.tolist() == [[date(2023, 4, 10), "Easter Monday"]]


def world(days, *, slump=0.2, level=0.9):
    """A service that is worse by `slump` within a week of the festival, and takes fewer contacts at weekends."""
    near = np.array([min(abs((day - at).days) for at in NEW_YEAR.values()) <= 7 for day in days])
    sizes = np.where([day.weekday() >= 5 for day in days], 50.0, 100.0)
    share = np.where(near, level - slump, level)
    return pd.DataFrame({"key": "fcr", "local_date": days, "n": sizes.astype(int), "numerator": sizes * share,
                         "denominator": sizes, "unit": "share"})  # fmt: skip


def test_a_festival_that_moved_into_the_period_is_no_decline():
    # January 2023 held the festival, January 2024 did not; the service is the same in both years
    january = days_of(date(2024, 1, 1), date(2024, 1, 31))
    made = year_on_year(world(january), world(BEFORE), settings=CHINA).iloc[0]
    assert made["year_change"] > 0.08
    assert_allclose(made["aligned_change"], 0, atol=1e-12)
    assert_allclose([made["aligned"], made["value"]], [0.9, 0.9])


def test_a_real_decline_is_still_one():
    made = year_on_year(world(Q1, level=0.85), world(BEFORE), settings=CHINA).iloc[0]
    assert_allclose(made["aligned_change"], -0.05, atol=1e-12)
    assert made["n_unmatched"] == 0


def test_the_interval_of_the_aligned_change_covers():
    rng, hits, runs = np.random.default_rng(3), 0, 120
    then = days_of(date(2023, 1, 2), date(2023, 3, 26))
    now = [day + timedelta(days=364) for day in then]
    for _ in range(runs):
        tables = []
        for days, level in ((now, 0.82), (then, 0.8)):
            shares = np.clip(rng.normal(level, 0.03, len(days)), 0, 1)
            tables.append(pd.DataFrame({"key": "fcr", "local_date": days, "n": 200, "denominator": 200.0,
                                        "unit": "share", "numerator": rng.binomial(200, shares) * 1.0}))  # fmt: skip
        made = year_on_year(*tables).iloc[0]
        hits += made["aligned_change_low"] <= 0.02 <= made["aligned_change_high"]
    assert abs(hits / runs - 0.95) < 4 * math.sqrt(0.95 * 0.05 / runs)


def test_volume_on_comparable_days():
    january = days_of(date(2024, 1, 1), date(2024, 1, 31))
    now, then = world(january), world(BEFORE)
    is_festival = [abs((day - NEW_YEAR[2023]).days) <= 7 for day in BEFORE]
    then["n"] = np.where(is_festival, then["n"] // 5, then["n"])  # last January the festival emptied the lines
    made = year_on_year_volume(now, then, settings=CHINA).set_index("how")
    assert made.loc["all", "year_change_share"] > 0.4
    assert abs(made.loc["all", "change_share"]) < 0.1
    assert made.drop(index="all")["n_days"].sum() == 31


def test_a_day_without_rows_this_year_still_counts_last_year():
    rows = pd.DataFrame({"key": ["fcr"] * 3 + ["escalation_rate"] * 2, "unit": "share",
                         "local_date": [date(2023, 3, day) for day in (6, 7, 8, 6, 7)],
                         "n": 10, "numerator": [5.0, 5.0, 5.0, 1.0, 4.0], "denominator": 10.0})  # fmt: skip
    now = rows.assign(local_date=[day.replace(year=2024) for day in rows["local_date"]])
    made = year_on_year(now.drop(index=4), rows).set_index("key")
    # 1 and 4 of 10 each last year, although the second date has no complaint this year
    assert made.loc["escalation_rate", "year_before"] == 0.25


def test_without_a_year_before_there_is_nothing_to_compare():
    made = year_on_year(world(Q1), world(Q1).iloc[:0], settings=CHINA).iloc[0]
    assert (made["n_unmatched"], made["method"]) == (91, "no comparable day")
    assert math.isnan(made["aligned_change"]) and math.isnan(made["year_change"])
    assert len(year_on_year(world(Q1).iloc[:0], world(Q1))) == 0
    assert year_on_year_volume(world(Q1).iloc[:0], world(Q1).iloc[:0])["n"].tolist() == [0]


EVENTS = pd.DataFrame(
    {"starts_on": [date(2024, 2, 10), date(2024, 2, 19), date(2024, 1, 8), date(2024, 3, 1)],
     "kind": ["holiday", "pilot", "change", "change"], "title": ["Festival", "One-stop", "New app", None],
     "team": [None, "Wuhan", None, None], "channel": [None, None, "app", None]}
)  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "titles"),
    [
        pytest.param({}, ["2024-03-01"], id="all: what concerns all"),
        pytest.param({"teams": ["Wuhan"]}, ["One-stop", "2024-03-01"], id="the pilot's team"),
        pytest.param({"channels": ["app"]}, ["New app", "2024-03-01"], id="the changed channel"),
        pytest.param({"channels": ["app", "chat"]}, ["2024-03-01"], id="a change of half of it"),
        pytest.param({"is_partial_too": True}, ["New app", "One-stop", "2024-03-01"], id="all changes"),
    ],
)
def test_changes_of_the_whole_are_taken(asked, titles):
    made = process_changes(EVENTS, **asked)
    assert made["title"].tolist() == titles
    assert made.attrs["n_partial"] == 3 - len(titles)


def test_phases_are_named_after_the_change_they_follow():
    days = pd.to_datetime(["2024-01-07", "2024-01-08", "2024-02-19", "2024-03-05"])
    made = phases_of(days, process_changes(EVENTS, is_partial_too=True))
    assert made == ["", "New app", "One-stop", "2024-03-01"]
    assert phases_of(days, process_changes(EVENTS.iloc[:0])) == [""] * 4
