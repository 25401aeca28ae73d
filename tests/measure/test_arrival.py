"""What came in day by day: missing days, late days, and days nobody should expect anything on."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from csm_lib.measure.arrival import daily_coverage, day_gaps, source_coverage
from csm_lib.periods import parse_period
from csm_lib.settings import WorkbookSettings

INSTANTS = {"contacts": "created_at"}


def contacts(counts: dict[str, int], *, channel: str = "phone", hour: int = 2) -> pd.DataFrame:
    """As many contacts as stated on each day."""
    days = pd.to_datetime([day for day, n in counts.items() for _ in range(n)]) + pd.Timedelta(hours=hour)
    return pd.DataFrame({"created_at": days.tz_localize("UTC"), "channel": channel})


def weekdays(start: str, end: str, n: int) -> dict[str, int]:
    return {f"{day:%Y-%m-%d}": n for day in pd.date_range(start, end) if day.weekday() < 5}


def states(frame: pd.DataFrame, **settings: object) -> dict[str, str]:
    """Days that are not as usual."""
    found = daily_coverage(
        {"contacts": frame},
        instants=INSTANTS,
        period=parse_period("2024-03"),
        workbook=WorkbookSettings(**settings),
    )
    odd = found[found["state"].isin(["missing", "late"])]
    return {f"{day:%m-%d}": state for day, state in zip(odd["day_on"], odd["state"], strict=True)}


def test_days_without_rows_and_with_too_few_are_found() -> None:
    brought = weekdays("2024-02-01", "2024-04-15", 40) | {"2024-03-06": 0, "2024-03-13": 10, "2024-03-20": 25}
    # 25 of 40 is more than half; no row ever comes on a weekend
    assert states(contacts(brought)) == {"03-06": "missing", "03-13": "late"}


def test_a_quiet_source_is_not_blamed_for_one_empty_day_but_for_a_week() -> None:
    brought = weekdays("2024-02-01", "2024-04-15", 2) | {"2024-03-06": 0}
    assert states(contacts(brought)) == {}
    for day in ("2024-03-18", "2024-03-19", "2024-03-20", "2024-03-21", "2024-03-22"):
        brought[day] = 0
    # five days on which two were due: exp(−10) is below a thousandth, exp(−2) is not
    assert states(contacts(brought)) == {f"03-{day}": "missing" for day in range(18, 23)}


def test_a_whole_month_without_files_is_missing() -> None:
    brought = weekdays("2024-01-02", "2024-02-29", 30) | weekdays("2024-04-01", "2024-04-30", 30)
    assert len(states(contacts(brought))) == 21  # the working days of March 2024


def test_closures_holidays_and_closed_weekdays_are_not_judged() -> None:
    brought = {f"{day:%Y-%m-%d}": 30 for day in pd.date_range("2024-02-01", "2024-04-30")}
    brought |= {"2024-03-29": 0, "2024-03-05": 0, "2024-03-10": 0}
    assert states(contacts(brought)) == dict.fromkeys(("03-05", "03-10", "03-29"), "missing")
    week = dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat"), "08:00-20:00")
    settled = states(
        contacts(brought), country="GB", closures=[date(2024, 3, 5)], hours={"phone": week | {"sun": "closed"}}
    )
    assert settled == {}  # Good Friday, a closure, a Sunday


def test_a_make_up_day_brings_what_the_weekday_it_replaces_brings() -> None:
    brought = weekdays("2024-02-01", "2024-04-30", 40)
    assert states(contacts(brought), hours={"default": {"daily": "08:00-20:00"}}) == {}
    made_up = {"make_up_days": {date(2024, 3, 16): "fri"}, "hours": {"default": {"daily": "08:00-20:00"}}}
    assert states(contacts(brought), **made_up) == {"03-16": "missing"}


def test_days_before_the_source_began_and_after_the_data_ends_are_not_judged() -> None:
    found = daily_coverage(
        {"contacts": contacts(weekdays("2024-03-11", "2024-03-20", 40))},
        instants=INSTANTS,
        period=parse_period("2024-03"),
        workbook=WorkbookSettings(),
        cut_off=date(2024, 3, 20),
    )
    assert found["state"].value_counts().to_dict() == {"usual": 10, "before": 10, "after": 11}


def test_each_channel_of_contacts_is_a_source_and_days_are_local() -> None:
    late_evening = contacts({"2024-03-04": 3}, channel="chat", hour=23)
    found = daily_coverage(
        {"contacts": pd.concat([contacts({"2024-03-04": 5}), late_evening])},
        instants=INSTANTS,
        period=parse_period("2024-03"),
        workbook=WorkbookSettings(time_zone="Asia/Shanghai"),
    )
    assert found[found["n"] > 0][["source", "n"]].to_numpy().tolist() == [
        ["contacts · chat", 3],
        ["contacts · phone", 5],
    ]
    assert found[found["n"] > 0]["day_on"].dt.day.tolist() == [5, 4]


def test_stretches_and_sources_are_summed_up() -> None:
    brought = weekdays("2024-02-01", "2024-04-15", 40) | {"2024-03-06": 0, "2024-03-07": 0, "2024-03-13": 10}
    days = daily_coverage(
        {"contacts": contacts(brought)}, instants=INSTANTS, period=parse_period("2024-03"), workbook=WorkbookSettings()
    )
    gaps = day_gaps(days)
    assert gaps[["state", "n_days", "n", "expected", "n_lacking"]].to_numpy().tolist() == [
        ["missing", 2, 0, 80.0, 80.0],
        ["late", 1, 10, 40.0, 30.0],
    ]
    row = source_coverage(days).iloc[0]
    assert (row["n_days"], row["n_missing"], row["n_late"]) == (21, 2, 1)
    assert row["value"] == pytest.approx(18 / 21)


@pytest.mark.parametrize("frame", [contacts({}), pd.DataFrame({"other": [1]})], ids=["no row", "no column"])
def test_nothing_to_judge(frame: pd.DataFrame) -> None:
    days = daily_coverage(
        {"contacts": frame}, instants=INSTANTS, period=parse_period("2024-03"), workbook=WorkbookSettings()
    )
    assert len(days) == 0 and len(day_gaps(days)) == 0 and len(source_coverage(days)) == 0


def test_the_frame_stays_as_it_was() -> None:
    frame = contacts({"2024-03-04": 3})
    before = frame.copy()
    states(frame)
    pd.testing.assert_frame_equal(frame, before)
