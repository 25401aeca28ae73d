"""Mix and rate: hand-worked tables, exact sums, and the paradox told."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csm_lib.errors import SettingError, UsageError
from csm_lib.explain.decomposition import contributions, mix_and_rate, segment_rates, simpson_paradox

NAMES = {"segment": "channel", "numerator": "met", "denominator": "n"}


def table(*rows: tuple[object, float, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["channel", "met", "n"])


@pytest.mark.parametrize(
    ("before", "after", "mix", "rate"),
    [
        pytest.param(
            table(("A", 45, 50), ("B", 25, 50)),
            table(("A", 20, 25), ("B", 45, 75)),
            # weights 0.5 → 0.25 and 0.5 → 0.75; rates 0.9 → 0.8 and 0.5 → 0.6; mean overall 0.675
            [-0.25 * (0.85 - 0.675), 0.25 * (0.55 - 0.675)],
            [0.375 * -0.1, 0.625 * 0.1],
            id="weights and rates both move",
        ),
        pytest.param(
            table(("A", 80, 100)),
            table(("A", 40, 50), ("B", 20, 50)),
            [-0.5 * (0.8 - 0.7), 0.5 * (0.4 - 0.7)],
            [0.0, 0.0],
            id="a new segment is all mix",
        ),
        pytest.param(
            table(("A", 40, 50), ("B", 20, 50)),
            table(("A", 90, 100)),
            [0.5 * (0.85 - 0.75), -0.5 * (0.4 - 0.75)],
            [0.75 * 0.1, 0.0],
            id="a segment that went is all mix",
        ),
    ],
)
def test_parts_as_worked_by_hand(before: pd.DataFrame, after: pd.DataFrame, mix: list, rate: list) -> None:
    parts = mix_and_rate(before, after, **NAMES)
    np.testing.assert_allclose(parts["mix"], mix, atol=1e-12)
    np.testing.assert_allclose(parts["rate"], rate, atol=1e-12)
    assert parts["total"].sum() == pytest.approx(parts.attrs["change"], abs=1e-12)


def test_rows_and_sums_give_the_same() -> None:
    rows = pd.DataFrame({"channel": ["A"] * 10 + ["B"] * 10, "met": [1] * 9 + [0] + [1] * 5 + [0] * 5, "n": 1})
    later = table(("A", 7, 10), ("B", 12, 20))
    by_row = mix_and_rate(rows, later, **NAMES)
    pd.testing.assert_frame_equal(by_row, mix_and_rate(table(("A", 9, 10), ("B", 5, 10)), later, **NAMES))


def test_rows_outside_the_population_do_not_count() -> None:
    inside = table(("A", 4, 5), ("B", 1, 5))
    outside = pd.concat([inside, table(("A", 0, 0), ("A", 99, float("nan")), ("A", float("nan"), 99))])
    later = table(("A", 5, 5), ("B", 1, 5))
    pd.testing.assert_frame_equal(mix_and_rate(outside, later, **NAMES), mix_and_rate(inside, later, **NAMES))


def test_several_columns_name_a_segment_and_missing_is_one() -> None:
    before = pd.DataFrame({"channel": ["A", None], "team": [1, 2], "met": [1, 1], "n": [2, 2]})
    parts = mix_and_rate(before, before, segment=["channel", "team"], numerator="met", denominator="n")
    assert parts["segment"].tolist() == [("A", 1), (None, 2)]
    np.testing.assert_allclose(parts[["mix", "rate", "total"]], 0)


def test_any_frame_will_do() -> None:
    before, after = table(("A", 45, 50), ("B", 25, 50)), table(("A", 20, 25), ("B", 45, 75))
    expected = mix_and_rate(before, after, **NAMES)
    pd.testing.assert_frame_equal(mix_and_rate(pl.from_pandas(before), pl.from_pandas(after), **NAMES), expected)


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_parts_add_up_over_the_rows_that_hold_both_numbers(data: st.DataObject) -> None:
    def period() -> tuple[list[tuple], float]:
        name, above, below = st.sampled_from(["A", "B", None]), st.floats(-50, 50), st.floats(0.5, 50)
        full = st.tuples(name, above, below)
        nothing = st.tuples(name, st.just(0.0), st.just(0.0))
        empty = st.one_of(st.tuples(name, st.none(), below), st.tuples(name, above, st.none()), nothing)
        rows, others = data.draw(st.lists(full, min_size=1, max_size=6)), data.draw(st.lists(empty, max_size=4))
        ratio = sum(above for _, above, _ in rows) / sum(below for *_, below in rows)
        return data.draw(st.permutations([*rows, *others])), ratio

    (before, old), (after, new) = period(), period()
    parts = mix_and_rate(table(*before), table(*after), **NAMES)
    assert parts["total"].sum() == pytest.approx(new - old, abs=1e-9)
    assert parts.attrs["change"] == pytest.approx(new - old, abs=1e-9)
    assert contributions(table(*after), **NAMES, target=0.3)["contribution"].sum() == pytest.approx(new - 0.3, abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_parts_always_add_up(data: st.DataObject) -> None:
    def period() -> pd.DataFrame:
        row = st.tuples(st.sampled_from("ABCDE"), st.floats(-50, 50), st.floats(0.5, 50))
        return table(*data.draw(st.lists(row, min_size=1, max_size=8)))

    before, after = period(), period()
    held = before.copy()
    parts = mix_and_rate(before, after, **NAMES)
    change = after["met"].sum() / after["n"].sum() - before["met"].sum() / before["n"].sum()
    assert parts["total"].sum() == pytest.approx(change, abs=1e-9)
    np.testing.assert_allclose(parts["mix"] + parts["rate"], parts["total"], atol=1e-12)
    pd.testing.assert_frame_equal(before, held)
    back = mix_and_rate(after, before, **NAMES)
    np.testing.assert_allclose(back[["mix", "rate"]], -parts[["mix", "rate"]], atol=1e-9)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("ABC"), st.floats(0, 50), st.floats(0.5, 50)), min_size=1, max_size=8),
    st.floats(-1, 1),
)
def test_contributions_add_up_to_the_gap(rows: list, target: float) -> None:
    parts = contributions(table(*rows), **NAMES, target=target)
    gap = sum(met for _, met, _ in rows) / sum(n for _, _, n in rows) - target
    assert parts["contribution"].sum() == pytest.approx(gap, abs=1e-9)
    assert parts.attrs["gap"] == pytest.approx(gap, abs=1e-9)


def test_contributions_as_worked_by_hand() -> None:
    parts = contributions(table(("A", 30, 40), ("B", 42, 60)), **NAMES, target=0.8)
    np.testing.assert_allclose(parts["contribution"], [0.4 * -0.05, 0.6 * -0.1])


def test_simpsons_paradox_is_told() -> None:
    before, after = table(("easy", 90, 100), ("hard", 50, 100)), table(("easy", 46, 50), ("hard", 77, 150))
    found = simpson_paradox(before, after, **NAMES)
    assert found.is_reversed and found.n_segments == found.n_against == 2
    assert found.change == pytest.approx(123 / 200 - 0.7)
    assert found.rate > 0 > found.mix
    assert found.mix + found.rate == pytest.approx(found.change)


@pytest.mark.parametrize(
    ("after", "n_against"),
    [
        pytest.param(table(("easy", 80, 100), ("hard", 40, 100)), 0, id="all moved the same way"),
        pytest.param(table(("easy", 80, 100), ("hard", 55, 100)), 1, id="only one moved against"),
        pytest.param(table(("easy", 90, 100), ("hard", 50, 100)), 0, id="nothing moved"),
    ],
)
def test_no_paradox_where_there_is_none(after: pd.DataFrame, n_against: int) -> None:
    found = simpson_paradox(table(("easy", 90, 100), ("hard", 50, 100)), after, **NAMES)
    assert not found.is_reversed and found.n_against == n_against


def test_segment_rates_hold_both_periods() -> None:
    rates = segment_rates(table(("A", 8, 10)), table(("A", 9, 10), ("B", 5, 10)), **NAMES)
    assert rates["weight_after"].tolist() == [0.5, 0.5]
    assert np.isnan(rates.loc[1, "rate_before"])


def test_a_missing_column_is_named() -> None:
    with pytest.raises(UsageError) as told:
        mix_and_rate(table(("A", 1, 1)), pd.DataFrame({"channel": ["A"], "n": [1]}), **NAMES)
    assert str(told.value) == "after must have the columns channel, met, n, got none called met. It has channel, n."


def test_an_empty_period_is_refused() -> None:
    with pytest.raises(UsageError) as told:
        mix_and_rate(table(("A", 0, 0), ("A", float("nan"), 1)), table(("A", 1, 1)), **NAMES)
    assert str(told.value) == (
        "before must hold a row with 'met' and 'n' present and 'n' not 0, got none among 2 rows. "
        "Choose a period that has data."
    )


@pytest.mark.parametrize(
    "split",
    [
        pytest.param(lambda wrong: mix_and_rate(table(("A", 1, 1)), wrong, **NAMES), id="mix and rate"),
        pytest.param(lambda wrong: segment_rates(table(("A", 1, 1)), wrong, **NAMES), id="segment rates"),
        pytest.param(lambda wrong: simpson_paradox(table(("A", 1, 1)), wrong, **NAMES), id="paradox"),
    ],
)
def test_something_over_nothing_is_refused(split: Callable[[pd.DataFrame], object]) -> None:
    wrong = table(("A", 4, 5), ("B", 3, 0), ("B", 2, 0), (None, 1, 0))
    with pytest.raises(SettingError) as told:
        split(wrong)
    assert str(told.value) == (
        "after must have no 'met' where 'n' is 0, got some in segment 'B', None (3 of 4 rows, first 3.0). Join such a "
        "segment to one that has 'n' and sum both, or leave those rows out: they belong to no rate."
    )
