"""The chart of patience says in both languages where the lines part, and leaves its table as it was."""

import pandas as pd
import pytest

from csm_lib.show.figures import plot_patience
from csm_lib.show.tables import table

CURVE = pd.DataFrame({
    "wait_s": [10.0, 40.0, 60.0, 90.0], "n_at_risk": [100.0, 60.0, 40.0, 5.0], "n_abandoned": 1.0,
    "bears_share": [0.95, 0.7, 0.5, 0.1], "low": [0.9, 0.6, 0.4, 0.0], "high": [0.99, 0.8, 0.6, 0.4],
    "exponential_share": [0.8, 0.6, 0.45, 0.35],
})  # fmt: skip


@pytest.mark.parametrize(("language", "said"), [
    ("en", "Patience: the two lines are farthest apart at 10.0 s, where 95.0% would still wait and 80.0% if patience "
           "were exponential. Half of the customers bear 60.0 s."),
    ("zh", "Patience：两条线在10.0秒处相差最大，实际仍愿等待的占95.0%，若为指数分布则为80.0%。半数客户能等待60.0秒。"),
])
def test_the_farthest_distance_is_told_where_enough_were_waiting(language, said):
    assert plot_patience(CURVE, title="Patience", language=language).alt == said


def test_a_half_that_was_not_seen_is_not_told():
    assert "Half" not in plot_patience(CURVE.iloc[:2], title="Patience", language="en").alt


def test_with_few_customers_the_distance_is_told_all_the_same():
    few = CURVE.assign(n_at_risk=4.0)
    assert "at 90.0 s, where 10.0%" in plot_patience(few, title="Patience", language="en").alt


def test_one_point_draws():
    assert plot_patience(CURVE.iloc[:1], title="Patience", language="en").svg().startswith("<?xml")


def test_nobody_hung_up():
    assert plot_patience(CURVE.iloc[:0], title="Patience", language="en").alt == "Patience: nothing was measured."


def test_the_table_is_left_as_it_was():
    before = CURVE.copy()
    plot_patience(CURVE, title="Patience", language="en")
    pd.testing.assert_frame_equal(CURVE, before)


def test_a_rate_per_second_is_shown_per_minute():
    bands = pd.DataFrame({"from_s": [0.0], "hazard_per_s": [0.004]})
    assert ">0.24<" in table(bands, name="bands", title="Bands", language="en").as_raw_html()
