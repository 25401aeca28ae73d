"""A chart of pairs."""

from __future__ import annotations

import pandas as pd
import pytest

from csm_lib.show.charts_of_pairs import plot_matrix

PAIRS = pd.DataFrame(
    [("frt", "wait_answered", 0.91), ("frt", "fcr", -0.2), ("wait_answered", "fcr", float("nan"))],
    columns=["key", "other", "value"],
)


def test_the_text_names_the_closest_pair() -> None:
    drawn = plot_matrix(PAIRS, title="Rank correlation")
    assert drawn.alt == (
        "Rank correlation: of 2 pairs First response and Waiting, answered contacts go together most closely, "
        "with 0.91."
    )


def test_in_chinese_too() -> None:
    assert plot_matrix(PAIRS, title="相关", language="zh").alt.startswith("相关：在2对中，首次响应时长与")


@pytest.mark.parametrize(
    "frame", [PAIRS.iloc[:0], PAIRS.assign(value=float("nan"))], ids=["no pair", "no pair could be judged"]
)
def test_without_pairs_it_says_so(frame: pd.DataFrame) -> None:
    assert plot_matrix(frame, title="Rank correlation").alt == "Rank correlation: nothing was measured."


def test_the_same_rows_give_the_same_bytes_and_stay_as_they_were() -> None:
    before = PAIRS.copy()
    assert plot_matrix(PAIRS, title="t").svg() == plot_matrix(PAIRS, title="t").svg()
    pd.testing.assert_frame_equal(PAIRS, before)
