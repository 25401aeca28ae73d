"""Reliability of a questionnaire: small tables worked by hand, two routes to the same number, refusals in words."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from csm_lib.errors import SettingError
from csm_lib.voice.survey import cronbach_alpha

ANSWERS = [[1, 1, 1], [2, 3, 3], [3, 3, 4]]


def test_alpha_as_worked_by_hand() -> None:
    # item means 2, 7/3, 8/3; variances 1, 4/3, 7/3, sum 14/3; totals 3, 8, 10: variance 13
    # alpha = 3/2 (1 - (14/3) / 13) = 3/2 x 25/39 = 25/26
    assert_allclose(cronbach_alpha(ANSWERS), 25 / 26)


def test_standardized_alpha_as_worked_by_hand() -> None:
    # covariances 1, 3/2, 5/3; r12 = 1/sqrt(4/3), r13 = 3/2 / sqrt(7/3), r23 = 5/3 / sqrt(28/9)
    r = (1 / math.sqrt(4 / 3) + 1.5 / math.sqrt(7 / 3) + (5 / 3) / math.sqrt(28 / 9)) / 3
    assert_allclose(cronbach_alpha(ANSWERS, standardized=True), 3 * r / (1 + 2 * r))


@pytest.mark.parametrize(
    ("items", "alpha"),
    [
        pytest.param([[1, 1], [2, 2], [5, 5]], 1.0, id="the same asked twice"),
        pytest.param([[1, 1], [1, 2], [2, 1], [2, 2]], 0.0, id="unrelated items"),
        # variances 1 and 1, totals 3, 5 and 4 with variance 1: 2 (1 - 2/1) = -2
        pytest.param([[1, 2], [2, 3], [3, 1]], -2.0, id="items that contradict each other"),
    ],
)
@pytest.mark.parametrize("standardized", [False, True])
def test_edges_as_worked_by_hand(items: list, alpha: float, standardized: bool) -> None:
    assert_allclose(cronbach_alpha(items, standardized=standardized), alpha, atol=1e-12)


def test_a_respondent_with_a_gap_is_left_out_whole() -> None:
    gaps = [*ANSWERS, [5, None, 1], [math.nan, 2, 5], [None, None, None]]
    assert cronbach_alpha(gaps) == cronbach_alpha(ANSWERS)


@pytest.mark.parametrize(
    "hold",
    [
        pytest.param(np.array, id="array"),
        pytest.param(pd.DataFrame, id="pandas"),
        pytest.param(lambda rows: pd.DataFrame(rows + [[1, None, 2]]).astype("Int64"), id="pandas with gaps"),
        pytest.param(lambda rows: pl.DataFrame(rows + [[1, None, 2]], orient="row"), id="polars"),
        pytest.param(lambda rows: pa.table(pd.DataFrame(rows, columns=["a", "b", "c"])), id="arrow"),
    ],
)
def test_any_frame_will_do(hold: Callable[[list], Any]) -> None:
    assert_allclose(cronbach_alpha(hold(ANSWERS)), 25 / 26)


@st.composite
def questionnaires(draw: st.DrawFn) -> np.ndarray:
    shape = draw(st.integers(3, 12)), draw(st.integers(2, 5))
    rows = st.lists(st.integers(1, 5), min_size=shape[1], max_size=shape[1])
    items = np.array(draw(st.lists(rows, min_size=shape[0], max_size=shape[0])), dtype=float)
    assume((items.var(axis=0) > 0).all() and items.sum(axis=1).var() > 0)
    assume(((items - items.mean(axis=0)) / items.std(axis=0)).sum(axis=1).var() > 1e-6)
    return items


@settings(max_examples=50, deadline=None)
@given(questionnaires())
def test_alpha_is_the_share_of_covariances_in_the_variance_of_the_total(items: np.ndarray) -> None:
    # the other way to write it: k^2 x mean covariance / variance of the total
    k, matrix = items.shape[1], np.cov(items, rowvar=False)
    mean_covariance = matrix[~np.eye(k, dtype=bool)].mean()
    assert_allclose(cronbach_alpha(items), k**2 * mean_covariance / matrix.sum(), atol=1e-9)


@settings(max_examples=50, deadline=None)
@given(questionnaires())
def test_standardized_alpha_follows_from_the_mean_correlation(items: np.ndarray) -> None:
    k = items.shape[1]
    r = np.corrcoef(items, rowvar=False)[~np.eye(k, dtype=bool)].mean()
    assert_allclose(cronbach_alpha(items, standardized=True), k * r / (1 + (k - 1) * r), rtol=1e-6, atol=1e-9)


@settings(max_examples=25, deadline=None)
@given(questionnaires(), st.randoms(use_true_random=False))
def test_order_and_units_change_nothing(items: np.ndarray, shuffle: Random) -> None:
    held = items.copy()
    rows, columns = list(range(items.shape[0])), list(range(items.shape[1]))
    shuffle.shuffle(rows)
    shuffle.shuffle(columns)
    turned = items[rows][:, columns]
    assert_allclose(cronbach_alpha(turned * 20 - 7), cronbach_alpha(items), atol=1e-9)
    scaled = items * np.arange(1, items.shape[1] + 1)  # each item in a unit of its own: nothing to a standardized one
    assert_allclose(cronbach_alpha(scaled, standardized=True), cronbach_alpha(items, standardized=True), atol=1e-6)
    np.testing.assert_array_equal(items, held)


@pytest.mark.parametrize(
    ("items", "standardized", "message"),
    [
        pytest.param(
            [[1], [2]],
            False,
            "items must have a row per respondent and a column for each of two items or more, got shape (2, 1). "
            "Give all items of one scale.",
            id="one item",
        ),
        pytest.param(
            [1, 2, 3],
            False,
            "items must have a row per respondent and a column for each of two items or more, got shape (3,). "
            "Give all items of one scale.",
            id="one list",
        ),
        pytest.param(
            [[1, 2], [3]],
            False,
            "items must have a row per respondent and a column for each of two items or more, got rows of different "
            "lengths. Give all items of one scale.",
            id="ragged",
        ),
        pytest.param(
            [[1, 2], [3, None], [None, 4]],
            False,
            "items must hold two respondents or more who answered every item, got 1 (of 3). "
            "Ask more people, or leave out the item that most of them skipped.",
            id="one complete respondent",
        ),
        pytest.param(
            pd.DataFrame({"speed": [], "attitude": []}),
            False,
            "items must hold two respondents or more who answered every item, got 0 (of 0). "
            "Ask more people, or leave out the item that most of them skipped.",
            id="nobody",
        ),
        pytest.param(
            [[1, 3], [3, 1], [2, 2]],
            False,
            "items must tell respondents apart, got the same total from all 3. "
            "Check that all items point the same way, or ask more people.",
            id="totals all alike",
        ),
        pytest.param(
            [[1.1, 3.3], [1.1, 3.3], [1.1, 3.3]],
            False,
            "items must tell respondents apart, got the same total from all 3. "
            "Check that all items point the same way, or ask more people.",
            id="everybody says the same, plain",
        ),
        pytest.param(
            [[1, 10], [2, 5], [3, 0]],
            True,
            "items must tell respondents apart, got the same total from all 3. "
            "Check that all items point the same way, or ask more people.",
            id="standardized totals all alike",
        ),
        pytest.param(
            [[1.1, 3.3], [1.1, 3.3], [1.1, 3.3]],
            True,
            "items must each vary to be standardized, got the same answer from all 3 respondents (2 of 2 items, first "
            "item 0). Leave those items out, or use the plain alpha.",
            id="everybody says the same",
        ),
        pytest.param(
            [[1, 3, 5], [2, 3, 4], [3, 3, 4]],
            True,
            "items must each vary to be standardized, got the same answer from all 3 respondents (1 of 3 items, first "
            "item 1). Leave those items out, or use the plain alpha.",
            id="an item without variance",
        ),
        pytest.param(
            [[1, "x"], [2, 3]],
            False,
            "items must be finite numbers, got 'x' (1 of 4 answers). Code the answers as numbers; leave a gap empty.",
            id="no number",
        ),
        pytest.param(
            [[1, math.inf], [2, 3]],
            False,
            "items must be finite numbers, got inf (1 of 4 answers). Code the answers as numbers; leave a gap empty.",
            id="infinite",
        ),
    ],
)
def test_wrong_items_are_refused_in_words(items: Any, standardized: bool, message: str) -> None:
    with pytest.raises(SettingError) as refusal:
        cronbach_alpha(items, standardized=standardized)
    assert str(refusal.value) == message


def test_a_constant_item_is_part_of_the_plain_alpha() -> None:
    # two items as in the hand-worked edge, a third that never moves: 3/2 (1 - 2 / 4) = 3/4
    assert_allclose(cronbach_alpha([[1, 1, 3], [2, 2, 3], [3, 3, 3]]), 3 / 4)
