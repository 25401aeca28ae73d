"""An indicator over time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from csm_lib.errors import SettingError, UsageError
from csm_lib.measure.control import chart
from csm_lib.measure.series import control_series


def by_day(key: str, numerator: list[float], denominator: list[float], start: str = "2024-01-01") -> pd.DataFrame:
    days = [day.date() for day in pd.date_range(start, periods=len(numerator))]
    n = [int(one) for one in denominator]
    return pd.DataFrame(
        {"key": key, "local_date": days, "n": n, "numerator": numerator, "denominator": denominator, "unit": "share"}
    )


def test_a_share_is_judged_by_counts_and_sizes() -> None:
    series = control_series(by_day("answer_rate", [90, 80, 95, 85, 60], [100, 90, 100, 95, 100]))
    expected = chart([90, 80, 95, 85, 60], n=[100, 90, 100, 95, 100], kind="p_prime")
    pd.testing.assert_frame_equal(series[expected.columns], expected)
    assert series.attrs["kind"] == "p_prime"


def test_days_with_one_contact_at_most_are_counts_too() -> None:
    series = control_series(by_day("answer_rate", [1.0, 0.0, 1.0], [2.0, 1.0, 4.0]))
    np.testing.assert_allclose(series["value"], [0.5, 0.0, 0.25])


def test_a_mean_is_judged_by_single_values() -> None:
    series = control_series(by_day("frt", [300, 700, 400], [10, 20, 10]))
    assert series["value"].tolist() == [30.0, 35.0, 40.0]
    assert series.attrs["kind"] == "xmr"


def test_complaints_per_contact_are_judged_as_a_rate() -> None:
    assert control_series(by_day("complaint_rate", [1, 2, 1], [100, 90, 110])).attrs["kind"] == "u_prime"


def test_a_week_is_the_ratio_of_the_sums_of_its_days() -> None:
    # 2024-01-06 is a Saturday: two days belong to the week from 1 January, three to the next
    series = control_series(by_day("answer_rate", [9, 1, 8, 8, 8], [10, 2, 10, 10, 10], "2024-01-06"), every="week")
    assert series["local_date"].tolist() == [pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-08")]
    assert series["n"].tolist() == [12, 30]
    np.testing.assert_allclose(series["value"], [10 / 12, 0.8])


def test_a_day_without_rows_is_a_gap() -> None:
    series = control_series(by_day("frt", [300, 0, 400], [10, 0, 10]))
    assert series["value"].isna().tolist() == [False, True, False]


def test_nothing_measured_gives_no_point() -> None:
    assert control_series(by_day("frt", [], [])).empty


def test_several_keys_are_refused() -> None:
    both = pd.concat([by_day("frt", [1], [1]), by_day("fcr", [1], [1])])
    with pytest.raises(UsageError) as refused:
        control_series(both)
    assert str(refused.value) == "measured must hold one key, got frt, fcr. Choose the rows of one indicator."


def test_another_step_is_refused() -> None:
    with pytest.raises(SettingError) as refused:
        control_series(by_day("frt", [1], [1]), every="month")  # type: ignore[arg-type]
    assert str(refused.value) == "every must be 'day' or 'week', got 'month'. Choose one of them."
