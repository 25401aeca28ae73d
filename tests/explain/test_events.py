"""Events: the same weekdays in equal windows, days and not contacts, all events judged together."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from csm_lib.errors import UsageError
from csm_lib.explain.events import COLUMNS, around_events

FIRST = date(2024, 1, 1)  # a Monday


def daily(*, drop_from: int | None = None, days: int = 112, seed: int = 1, **columns: str) -> pd.DataFrame:
    """Draw days of 200 contacts, Sundays far worse than the rest; 0.8 resolved, 0.65 from a day on."""
    rng = np.random.default_rng(seed)
    day = np.arange(days)
    chance = np.where(day % 7 == 6, 0.5, 0.8) - (0.15 * (day >= drop_from) if drop_from is not None else 0.0)
    on = pd.date_range(FIRST, periods=days).date
    return pd.DataFrame({"local_date": on, "n": 200, "numerator": rng.binomial(200, chance), "denominator": 200.0,
                         "unit": "share", **columns})  # fmt: skip


def events(*rows: tuple[str, int, int | None], **columns: object) -> pd.DataFrame:
    on = pd.date_range(FIRST, periods=200).date
    return pd.DataFrame(
        [
            {"event_id": name, "starts_on": on[start], "ends_on": None if end is None else on[end], "kind": "release",
             "title": f"title of {name}", "channel": None, "team": None, **columns}
            for name, start, end in rows
        ]
    )  # fmt: skip


def test_an_event_that_moved_something_is_told_from_one_that_did_not() -> None:
    found = around_events(daily(drop_from=70), events(("E1", 28, None), ("E2", 70, None)))
    assert tuple(found.columns) == COLUMNS
    assert found["is_signal"].tolist() == [False, True]
    assert found.loc[1, "low"] < -0.15 < found.loc[1, "high"] < 0
    assert found["n_days"].tolist() == [28, 28]
    assert found.loc[1, "n"] == found.loc[1, "n_before"] == 28 * 200


def test_values_are_ratios_of_the_sums_of_the_two_windows() -> None:
    seen = daily(drop_from=70)
    row = around_events(seen, events(("E2", 70, None))).iloc[0]
    assert row["before"] == pytest.approx(seen["numerator"][42:70].sum() / (28 * 200))
    assert row["value"] == pytest.approx(seen["numerator"][70:98].sum() / (28 * 200))
    assert row["change"] == pytest.approx(row["value"] - row["before"])


def test_a_short_event_is_compared_with_the_same_weekdays() -> None:
    """A weekend lies beside the weekend before it, not beside the two days before it."""
    seen = daily()
    row = around_events(seen, events(("E1", 33, 34))).iloc[0]
    assert row["n_days"] == 2
    assert row["before"] == pytest.approx(seen["numerator"][26:28].sum() / 400)
    assert row["reason"] == "too few days for an interval" and row["is_signal"] is None


def test_an_event_of_nine_days_goes_back_two_weeks() -> None:
    seen = daily()
    row = around_events(seen, events(("E1", 40, 48))).iloc[0]
    assert row["before"] == pytest.approx(seen["numerator"][26:35].sum() / 1800)


def test_an_event_of_one_channel_is_looked_for_there_only() -> None:
    both = pd.concat([daily(drop_from=70, channel="app"), daily(seed=2, channel="phone")])
    on_phone = around_events(both, events(("E1", 70, None), channel="phone")).iloc[0]
    on_app = around_events(both, events(("E1", 70, None), channel="app")).iloc[0]
    assert (on_phone["is_signal"], on_app["is_signal"]) == (False, True)
    assert on_app["about"] == "app" and on_app["n"] == 5600
    lost = around_events(daily(), events(("E1", 70, None), channel="app")).iloc[0]
    assert lost["reason"] == "it is about one channel, which is not noted"


def test_periods_may_be_given_one_by_one() -> None:
    seen, listed = daily(drop_from=70), events(("E2", 70, None))
    found = around_events([None, seen[:80], seen[80:]], listed)
    pd.testing.assert_frame_equal(found, around_events(seen, listed))


def test_what_else_began_in_the_same_days_is_named() -> None:
    found = around_events(daily(), events(("E1", 40, None), ("E2", 50, None), ("E3", 100, None)))
    assert found["others"].tolist() == ["title of E2", "title of E1", None]


def test_only_events_near_the_period_and_days_with_data_count() -> None:
    listed = events(("E1", 2, 5), ("E2", 60, None), ("E3", 112, None))
    found = around_events(daily(), listed, from_on=date(2024, 2, 1), to_on=date(2024, 4, 20))
    assert found["event_id"].tolist() == ["E2"]
    assert around_events(daily(), listed)["reason"].tolist() == ["nothing in the population before it", None,
                                                                 "nothing in the population after it"]  # fmt: skip
    none = around_events(daily(), listed.head(0))
    assert none.empty and none.attrs["reason"] == "no event is noted for these days"


def test_ten_dates_on_which_nothing_happened_are_seldom_news() -> None:
    listed = events(*((f"E{i}", 28 + 5 * i, None) for i in range(10)))
    assert sum(bool(around_events(daily(seed=seed), listed)["is_signal"].any()) for seed in range(20)) <= 4


def test_a_window_shorter_than_a_week_is_refused() -> None:
    with pytest.raises(UsageError) as told:
        around_events(daily(), events(("E1", 40, None)), days=5)
    assert str(told.value) == "days must be at least 7, so that a window holds every weekday, got 5. Give 28."
