"""The cheapest roster of a typical week, from the working days people have."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from csm_lib.staff.weekly_roster import (
    ShiftPattern,
    assumed_patterns,
    cheapest_week,
    covers,
    rostered,
    shift_patterns,
    week_of_staff,
)

EARLY, LATE, SPLIT = (
    ShiftPattern(((480, 1020),)),
    ShiftPattern(((780, 1320),)),
    ShiftPattern(((600, 1020), (1140, 1320))),
)


def roster_of(*days: tuple[str, str, tuple[tuple[str, str], ...]]) -> pd.DataFrame:
    rows = [
        {"agent_id": agent, "starts_at": f"{day} {start}", "ends_at": f"{day} {end}"}
        for agent, day, blocks in days
        for start, end in blocks
    ]
    table = pd.DataFrame(rows, columns=["agent_id", "starts_at", "ends_at"])
    for name in ("starts_at", "ends_at"):
        table[name] = pd.to_datetime(table[name]).dt.tz_localize("Asia/Shanghai").dt.tz_convert("UTC")
    return table


def test_a_split_day_is_one_working_day() -> None:
    seen = roster_of(
        ("a", "2024-01-02", (("08:00", "17:00"),)),
        ("b", "2024-01-02", (("19:00", "22:00"), ("10:00", "17:00"))),
        ("a", "2024-01-03", (("13:00", "22:00"),)),
    )
    assert shift_patterns(seen, time_zone="Asia/Shanghai") == (EARLY, SPLIT, LATE)
    assert SPLIT.name == "10:00–17:00 + 19:00–22:00"
    assert SPLIT.hours == 10.0


def test_a_working_day_seen_once_in_many_is_left_out() -> None:
    usual = [
        ("a", f"2024-{month:02d}-{day:02d}", (("08:00", "17:00"),)) for month in range(1, 6) for day in range(1, 28)
    ]
    odd = ("a", "2024-06-01", (("08:03", "16:41"),))
    assert shift_patterns(roster_of(*usual, odd), time_zone="Asia/Shanghai") == (EARLY,)
    assert shift_patterns(roster_of(), time_zone="UTC") == ()


def test_a_night_shift_covers_the_early_hours() -> None:
    night = ShiftPattern(((22 * 60, 30 * 60),))
    assert night.name == "22:00–06:00"
    times = pd.Series(["00:00", "05:30", "06:00", "21:30", "22:00"])
    assert covers((night,), times, interval_s=1800).tolist() == [[1, 1, 0, 0, 1]]


def test_an_interval_covered_in_part_is_not_covered() -> None:
    late = ShiftPattern(((555, 660),))
    assert covers((late,), pd.Series(["09:00", "09:30", "10:30"]), interval_s=1800).tolist() == [[0, 1, 1]]


def need_of(values: dict[str, int], *, weekday: int = 1) -> pd.DataFrame:
    return pd.DataFrame(
        {"weekday": weekday, "local_time": list(values), "interval_s": 3600.0, "to_schedule": list(values.values())}
    )


def test_the_cheapest_cover_is_found_by_hand() -> None:
    # 10-12 needs 1, 12-14 needs 2, 14-16 needs 1: two four-hour shifts (8 h) beat a six-hour and a two-hour one (8 h)
    # only by being as cheap; with the six-hour shift priced by its hours the least is 8 agent hours
    need = need_of({"10:00": 1, "11:00": 1, "12:00": 2, "13:00": 2, "14:00": 1, "15:00": 1})
    patterns = (ShiftPattern(((600, 840),)), ShiftPattern(((720, 960),)), ShiftPattern(((600, 960),)))
    found = cheapest_week(need, patterns, cost_per_agent_h=20.0)
    assert found.attrs["agent_h"] == 8.0
    assert found.attrs["cost"] == 160.0
    assert found.attrs["is_optimal"]
    assert found.attrs["uncovered_agent_h"] == 0.0
    assert found["d1"].tolist() == [1, 1]
    assert found[["d2", "d7"]].to_numpy().sum() == 0
    assert (rostered(need, found, patterns)["rostered"] >= need["to_schedule"]).all()


def test_need_that_no_shift_covers_is_said() -> None:
    found = cheapest_week(need_of({"09:00": 1, "20:00": 3}), (ShiftPattern(((540, 600),)),))
    assert found.attrs["uncovered_agent_h"] == 3.0
    assert found.attrs["is_optimal"]  # nothing cheaper covers as much: the report says only what is missing
    assert found["person_days"].tolist() == [1]


@pytest.mark.parametrize(
    ("need", "patterns", "reason"),
    [
        (need_of({}), (EARLY,), None),
        (need_of({"09:00": 1}), (), "no shifts to choose from"),
    ],
    ids=["nothing is needed", "no shifts"],
)
def test_without_need_or_shifts_there_is_no_roster(
    need: pd.DataFrame, patterns: tuple[ShiftPattern, ...], reason: str | None
) -> None:
    found = cheapest_week(need, patterns)
    assert found.empty
    assert found.attrs["reason"] == reason
    assert rostered(need, found, patterns)["rostered"].isna().all()


def test_shifts_are_assumed_over_the_open_day() -> None:
    assert [pattern.name for pattern in assumed_patterns(pd.Series(["08:00", "21:30"]))][-1] == "14:00–22:00"
    assert [pattern.name for pattern in assumed_patterns(pd.Series(["09:00", "12:00"]))] == ["09:00–17:00"]
    assert assumed_patterns(pd.Series(dtype=object)) == ()


def test_hours_of_a_week_are_added_up() -> None:
    need = pd.DataFrame(
        {"interval_s": 1800.0, "staffed_agents": [2.0, 3.0], "needed_impatient": [3, 3], "shortfall_impatient": [1, 0]}
    )
    assert week_of_staff(need) == {"staffed_h": 2.5, "needed_h": 3.0, "missing_h": 0.5}
    unknown = week_of_staff(need.assign(staffed_agents=np.nan))
    assert np.isnan(unknown["staffed_h"])
