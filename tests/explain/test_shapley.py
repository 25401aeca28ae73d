"""Several causes at once: published and hand-worked tables, exact sums, and no order that counts."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csm_lib.errors import SettingError, UsageError
from csm_lib.explain.decomposition import mix_and_rate
from csm_lib.explain.shapley import product_parts, shapley_mix, shapley_values

NAMES = {"numerator": "met", "denominator": "n"}


# Das Gupta (1993), Standardization and Decomposition of Rates: A User's Manual, U.S. Census Bureau P23-186. Tables and
# parts as the R package DasGuptR 2.1.0 reprints and computes them in its README (R=ab, R=abc, R=abcd, R=abcde)
PRODUCTS = {
    "2.1 mean earnings of black and white men, United States 1980": (
        {"earnings": (10930, 16591), "earners": (0.717892, 0.825974)},
        {"earnings": 4369.913, "earners": 1487.262}, 5857.175, 5e-4,
    ),
    "2.2 births per 1,000 in Austria and Chile, 1981": (
        {"per woman of 15-49": (51.78746, 84.90502), "15-49": (0.45919, 0.75756), "women": (0.52638, 0.51065)},
        {"per woman of 15-49": 10.4340333, "15-49": 10.5608476, "women": -0.6670084}, 20.3278726, 6e-8,
    ),
    "2.3 non-marital births, United States 1971 and 1979": (
        {"births": (25.3, 32.7), "pregnancies": (0.214, 0.290), "active": (0.279, 0.473), "single": (0.949, 0.986)},
        {"births": 0.6889411, "pregnancies": 0.8125381, "active": 1.3829055, "single": 0.1047547}, 2.9891394, 6e-8,
    ),
    "2.4 total fertility, South Korea": (
        {"married": (0.58, 0.72), "contraception": (0.76, 0.97), "abortion": (0.84, 0.97), "lactation": (0.66, 0.56),
         "fecundity": (16.573, 16.158)},
        {"married": 1.0909785, "contraception": 1.2298438, "abortion": 0.7278399, "lactation": -0.8398707,
         "fecundity": -0.1290187}, 2.0797729, 6e-8,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PRODUCTS)
def test_products_are_taken_apart_as_das_gupta_does(name: str) -> None:
    factors, published, change, rounding = PRODUCTS[name]
    parts = product_parts(*({factor: pair[i] for factor, pair in factors.items()} for i in (0, 1)))
    found = parts.set_index("factor")["part"]
    np.testing.assert_allclose(found[list(published)], list(published.values()), rtol=0, atol=rounding)
    assert parts.attrs["change"] == pytest.approx(change, abs=rounding)


def test_household_heads_as_in_das_gupta() -> None:
    """Das Gupta (1993), headship per 100 by age, United States 1970 and 1985; DasGuptR's example 5.1."""
    shares = ([12.9, 10.9, 9.5, 8.0, 7.8, 8.4, 8.6, 7.8, 7.0, 5.9, 4.7, 3.6, 4.9],
              [10.1, 11.2, 11.6, 10.9, 9.4, 7.7, 6.3, 6.0, 6.3, 5.9, 5.1, 4.0, 5.5])  # fmt: skip
    rates = ([1.9, 25.8, 45.7, 49.6, 51.2, 51.6, 51.8, 54.9, 58.7, 60.4, 62.8, 66.6, 66.8],
             [2.2, 24.3, 45.8, 52.5, 56.1, 55.6, 56.0, 57.4, 57.2, 61.2, 63.9, 68.6, 72.2])  # fmt: skip
    before, after = (
        pd.DataFrame({"age": range(13), "n": share, "met": np.multiply(share, rate)})
        for share, rate in zip(shares, rates, strict=True)
    )
    parts = shapley_mix(before, after, factors=["age"], **NAMES)
    np.testing.assert_allclose(parts["part"], [1.2269, 1.7403], rtol=0, atol=5e-8)
    split = mix_and_rate(before, after, segment="age", **NAMES)
    np.testing.assert_allclose(split[["mix", "rate"]].sum(), [1.2269, 1.7403], rtol=0, atol=5e-8)


def test_births_in_taiwan_as_in_das_gupta() -> None:
    """Das Gupta (1993), births per 1,000 by age of women, Taiwan 1960 and 1970; DasGuptR's example 4.3."""
    tables = {
        "births": ([393, 407, 369, 274, 184, 90, 16], [488, 452, 338, 156, 63, 22, 3]),
        "married": ([0.122, 0.622, 0.903, 0.930, 0.916, 0.873, 0.800], [0.082, 0.527, 0.866, 0.941, 0.942, 0.923,
                                                                         0.876]),
        "women": ([0.043, 0.041, 0.036, 0.032, 0.026, 0.020, 0.018], [0.058, 0.038, 0.032, 0.030, 0.026, 0.023, 0.019]),
    }  # fmt: skip
    parts = shapley_values(
        lambda changed: float(np.prod([pair[name in changed] for name, pair in tables.items()], axis=0).sum()),
        causes=list(tables),
    )
    published = {"births": -7.285632, "married": -2.720633, "women": -1.565181}
    for name, part in published.items():
        assert parts[name] == pytest.approx(part, abs=6e-7)


def test_three_factors_as_in_das_gupta() -> None:
    """His formula for three: Δa × [(bc + BC)/3 + (bC + Bc)/6]."""
    a, b, c = (2.0, 3.0, 5.0)
    x, y, z = (4.0, 1.0, 7.0)
    parts = product_parts({"a": a, "b": b, "c": c}, {"a": x, "b": y, "c": z}).set_index("factor")["part"]
    assert parts["a"] == pytest.approx((x - a) * ((b * c + y * z) / 3 + (b * z + y * c) / 6))
    assert parts["b"] == pytest.approx((y - b) * ((a * c + x * z) / 3 + (a * z + x * c) / 6))
    assert parts["c"] == pytest.approx((z - c) * ((a * b + x * y) / 3 + (a * y + x * b) / 6))


def test_kitagawas_table_worked_by_hand() -> None:
    """Weights 0.6, 0.4 → 0.3, 0.7; rates 0.9, 0.5 → 0.8, 0.55: −0.3 × (0.85 − 0.525) by composition."""
    before = pd.DataFrame({"issue": ["easy", "hard"], "met": [540, 200], "n": [600, 400]})
    after = pd.DataFrame({"issue": ["easy", "hard"], "met": [480, 770], "n": [600, 1400]})
    parts = shapley_mix(before, after, factors=["issue"], **NAMES)
    np.testing.assert_allclose(parts["part"], [-0.0975, -0.0175], rtol=0, atol=1e-9)
    split = mix_and_rate(before, after, segment="issue", **NAMES)
    np.testing.assert_allclose(split[["mix", "rate"]].sum(), [-0.0975, -0.0175], rtol=0, atol=1e-9)


def test_the_mean_over_all_orders_worked_out_one_by_one() -> None:
    rng = np.random.default_rng(0)
    worth = {frozenset(now): rng.normal() for now in [(), "a", "b", "c", "ab", "ac", "bc", "abc"]}
    parts = shapley_values(worth.__getitem__, causes=["a", "b", "c"])
    for cause in "abc":
        steps = [worth[frozenset(o[: o.index(cause) + 1])] - worth[frozenset(o[: o.index(cause)])]
                 for o in permutations("abc")]  # fmt: skip
        assert parts[cause] == pytest.approx(np.mean(steps))


def crossed(share_of_app: float, share_of_hard: float) -> pd.DataFrame:
    """Channel and issue independent; resolved 0.9 − 0.2 on the app − 0.3 if hard."""
    rows = [
        (channel, issue, p * q * 1000 * (0.9 - 0.2 * (channel == "app") - 0.3 * (issue == "hard")), p * q * 1000)
        for channel, p in (("phone", 1 - share_of_app), ("app", share_of_app))
        for issue, q in (("easy", 1 - share_of_hard), ("hard", share_of_hard))
    ]
    return pd.DataFrame(rows, columns=["channel", "issue", "met", "n"])


def test_two_mixes_that_shift_apart_are_told_apart() -> None:
    """Rates add up, so the mix of the app costs 0.2 × 0.3 and that of hard issues 0.3 × 0.2, whatever the order."""
    parts = shapley_mix(crossed(0.2, 0.3), crossed(0.5, 0.5), factors=["channel", "issue"], **NAMES)
    np.testing.assert_allclose(parts["part"], [-0.06, -0.06, 0.0], atol=1e-12)


def test_the_order_of_factors_and_rows_changes_nothing() -> None:
    before, after = crossed(0.2, 0.3), crossed(0.5, 0.6).assign(met=lambda rows: rows["met"] * [1, 0.8, 1, 0.9])
    one = shapley_mix(before, after, factors=["channel", "issue"], **NAMES).set_index("factor")["part"]
    other = shapley_mix(before.iloc[::-1], after, factors=["issue", "channel"], **NAMES).set_index("factor")["part"]
    pd.testing.assert_series_equal(one.sort_index(), other.sort_index())


def test_a_combination_seen_once_is_all_mix() -> None:
    before = pd.DataFrame({"channel": ["phone"], "met": [80], "n": [100]})
    after = pd.DataFrame({"channel": ["phone", "app"], "met": [40, 20], "n": [50, 50]})
    parts = shapley_mix(before, after, factors="channel", **NAMES)
    np.testing.assert_allclose(parts["part"], [-0.2, 0.0], atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_parts_always_add_up(data: st.DataObject) -> None:
    cell = st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"), st.sampled_from([1, 2, None]),
                     st.integers(0, 50), st.integers(1, 50))  # fmt: skip
    sides = [
        pd.DataFrame(data.draw(st.lists(cell, min_size=1, max_size=12)), columns=["f", "g", "h", "met", "n"])
        for _ in range(2)
    ]
    parts = shapley_mix(*sides, factors=["f", "g", "h"], **NAMES)
    change = sides[1]["met"].sum() / sides[1]["n"].sum() - sides[0]["met"].sum() / sides[0]["n"].sum()
    assert parts["part"].sum() == pytest.approx(change, abs=1e-9)
    assert parts.attrs["change"] == pytest.approx(change, abs=1e-12)


@pytest.mark.parametrize("factors", [[], ["a"] * 2, list("abcde"), ["rate"]], ids=["none", "twice", "five", "reserved"])
def test_factors_that_cannot_be_split_are_refused(factors: list[str]) -> None:
    with pytest.raises(UsageError) as told:
        shapley_mix(crossed(0.2, 0.3), crossed(0.2, 0.3), factors=factors, **NAMES)
    assert str(told.value) == (
        f"factors must be 1 to 4 different columns, none called 'rate', got {factors!r}. Choose those that say what "
        "kind of contact it was."
    )


def test_different_factors_are_refused() -> None:
    with pytest.raises(UsageError) as told:
        product_parts({"a": 1}, {"b": 1})
    assert str(told.value) == "before and after must name the same 1 to 12 factors, got a and b. Name them alike."


def test_a_weight_below_nothing_is_refused() -> None:
    with pytest.raises(SettingError) as told:
        shapley_mix(crossed(0.2, 0.3), crossed(0.2, 0.3).assign(n=[-1, 5, 5, 5]), factors=["channel", "issue"], **NAMES)
    assert str(told.value) == (
        "'n' must not be below 0 in any combination of the factors, got some in ('phone', 'easy') (1 combinations). "
        "Correct it, or leave those rows out."
    )
