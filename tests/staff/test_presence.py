"""Presence: agents on shift counted by hand."""

from datetime import date

import pandas as pd
import pytest
from numpy.testing import assert_allclose

from csm_lib.errors import SettingError
from csm_lib.staff.forecast import interval_grid
from csm_lib.staff.presence import presence_seen, shifts_of_channel, staffed_agents


def shifts_of(*rows):
    frame = pd.DataFrame(rows, columns=["agent_id", "starts_at", "ends_at"])
    return frame.assign(starts_at=pd.to_datetime("2024-01-01 " + frame.starts_at, utc=True),
                        ends_at=pd.to_datetime("2024-01-01 " + frame.ends_at, utc=True))


def staffed(shifts, first, last):
    grid = interval_grid(date(2024, 1, 1), date(2024, 1, 2), time_zone="UTC")
    return staffed_agents(shifts, grid)[(grid.local_time >= first) & (grid.local_time < last)]


@pytest.mark.parametrize(("rows", "expected"), [
    pytest.param([("a", "09:00", "10:00")], [1, 1, 0, 0], id="one agent for an hour"),
    pytest.param([("a", "09:10", "10:00")], [2 / 3, 1, 0, 0], id="ten minutes late"),
    pytest.param([("a", "09:00", "10:00"), ("b", "09:30", "11:00")], [1, 2, 1, 1], id="two agents overlap"),
    pytest.param([("a", "09:00", "10:00"), ("a", "09:30", "10:30")], [1, 1, 1, 0], id="one agent twice is one agent"),
    pytest.param([("a", "09:00", "11:00"), ("a", "09:10", "09:20"), ("a", "10:30", "11:00")], [1, 1, 1, 1],
                 id="a shift inside a shift"),
    pytest.param([("a", "09:00", "09:30"), ("a", "10:00", "10:30")], [1, 0, 1, 0], id="a split shift"),
    pytest.param([], [0, 0, 0, 0], id="nobody"),
])
def test_agents_on_shift(rows, expected):
    assert_allclose(staffed(shifts_of(*rows), "09:00", "11:00"), expected, atol=1e-9)


def test_a_night_shift_reaches_into_the_next_day():
    shifts = pd.DataFrame({"agent_id": ["a"], "starts_at": pd.to_datetime(["2023-12-31 22:00"], utc=True),
                           "ends_at": pd.to_datetime(["2024-01-01 06:00"], utc=True)})
    assert_allclose(staffed(shifts, "05:00", "07:00"), [1, 1, 0, 0])


def test_shifts_without_words_for_a_channel_serve_all():
    shifts = pd.DataFrame({"kind": ["day", None]})
    assert len(shifts_of_channel(shifts, "phone")) == 2
    assert shifts_of_channel(pd.DataFrame({"kind": ["phone", "chat_late", "phone_early"]}), "phone").shape == (2, 1)


def answered(*rows):
    frame = pd.DataFrame(rows, columns=["agent_id", "created_at", "wait_s", "handle_s"])
    return frame.assign(created_at=pd.to_datetime("2024-01-01 " + frame.created_at, utc=True))


def stretches(contacts, **options):
    found = presence_seen(contacts, **options)
    return [(row.agent_id, f"{row.starts_at:%H:%M}", f"{row.ends_at:%H:%M}") for row in found.itertuples()]


@pytest.mark.parametrize(("rows", "expected"), [
    pytest.param([("a", "09:00", 60, 540)], [("a", "09:01", "09:10")],
                 id="present from the answer, not from the queue"),
    pytest.param([("a", "09:00", 0, 600), ("a", "09:40", 0, 600)], [("a", "09:00", "09:50")],
                 id="a rest of half an hour"),
    pytest.param([("a", "09:00", 0, 600), ("a", "09:41", 0, 600)],
                 [("a", "09:00", "09:10"), ("a", "09:41", "09:51")],
                 id="a minute more is absence"),
    pytest.param([("a", "09:00", 0, 7200), ("a", "09:10", 0, 60), ("a", "11:20", 0, 60)], [("a", "09:00", "11:21")],
                 id="the rest counts from the longest contact"),
    pytest.param([("b", "09:00", 0, 60), ("a", "09:00", 0, 60)], [("a", "09:00", "09:01"), ("b", "09:00", "09:01")],
                 id="two agents"),
    pytest.param([(None, "09:00", 0, 60), ("a", "09:00", 0, None)], [], id="nobody named, or no end"),
    pytest.param([], [], id="no contact"),
])
def test_presence_seen_by_answering(rows, expected):
    assert stretches(answered(*rows)) == expected


def test_a_negative_rest_is_refused():
    with pytest.raises(SettingError, match="longest_gap_s"):
        presence_seen(answered(("a", "09:00", 0, 60)), longest_gap_s=-1)
