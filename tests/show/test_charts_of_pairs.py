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


def chain(n: int) -> pd.DataFrame:
    """Things of which each is close to the next one only."""
    pairs = [(f"t{i}", f"t{j}", 0.9 if j == i + 1 else 0.1) for i in range(n) for j in range(i + 1, n)]
    return pd.DataFrame(pairs, columns=["key", "other", "value"])


def test_few_things_are_named_on_both_sides_and_every_cell_has_its_number() -> None:
    (axes,) = plot_matrix(chain(5), title="t").canvas.axes
    assert [label.get_text() for label in axes.get_xticklabels()] == ["t0", "t1", "t2", "t3"]
    assert sorted(text.get_text() for text in axes.texts) == sorted(["0.90"] * 4 + ["0.10"] * 6)


def test_many_things_are_numbered_and_only_what_matters_has_its_number() -> None:
    (axes,) = plot_matrix(chain(20), title="t").canvas.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == [f"t{i}  {i + 1}" for i in range(20)]
    assert [label.get_text() for label in axes.get_xticklabels()] == [str(i) for i in range(1, 20)]
    assert [text.get_text() for text in axes.texts] == [".90"] * 19


def test_what_is_close_to_nothing_is_left_out() -> None:
    alone = pd.DataFrame([("a", "b", -0.9), ("a", "c", 0.3), ("b", "c", float("nan"))], columns=chain(2).columns)
    drawn = plot_matrix(alone, title="t", least=0.5)
    assert drawn.alt == "t: one pair, a and b, with −0.90."
    assert plot_matrix(alone, title="t", least=0.95).alt == "t: nothing was measured."
