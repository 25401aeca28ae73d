"""Segments: what was planted is found, nothing else is, and the numbers are those of the confirming half."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from statsmodels.stats.multitest import multipletests

from csm_lib.definitions import INDICATORS
from csm_lib.errors import SettingError, UsageError
from csm_lib.explain import segments
from csm_lib.explain.coding import MAX_LEVELS
from csm_lib.explain.population import read_rows
from csm_lib.explain.segments import COLUMNS, explain_gap

LEVELS = {
    "channel": ["phone", "chat", "app", "email"],
    "issue": ["billing", "delivery", "login", "refund", "other"],
    "team": ["A", "B", "C"],
    "product": ["card", "loan", "fund"],
    "is_returning": [True, False],
}
DIMENSIONS = list(LEVELS)
Plant = tuple[tuple[tuple[str, object], ...], float]


def drawn(seed: int, n: int, *, plants: Sequence[Plant] = (), base: float = 0.8, tilt: dict | None = None):
    """Draw contacts whose first contact resolution is `base` but where planted; `tilt` skews a dimension's mix."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {name: rng.choice(np.array(words, dtype=object), n, p=(tilt or {}).get(name)) for name, words in LEVELS.items()}
    )
    chance = np.full(n, base)
    for segment, effect in plants:
        chance[inside(frame, segment)] += effect
    frame["is_first_contact_resolved"] = rng.random(n) < chance
    frame["contact_id"] = [f"{seed}-{i}" for i in range(n)]
    return frame


def inside(frame: pd.DataFrame, segment: Sequence[tuple[str, object]]) -> np.ndarray:
    return np.logical_and.reduce([(frame[name] == value).to_numpy() for name, value in segment])


PLANTS = [
    pytest.param([((("channel", "chat"),), -0.10)], id="one dimension"),
    pytest.param([((("channel", "chat"), ("product", "loan")), -0.18)], id="two dimensions"),
    pytest.param([((("channel", "app"), ("issue", "login"), ("team", "B")), -0.40)], id="three dimensions"),
    pytest.param([((("channel", "chat"),), 0.12)], id="one that got better"),
    pytest.param(
        [((("channel", "chat"), ("issue", "login")), -0.3), ((("channel", "phone"), ("team", "A")), -0.25)],
        id="two at once",
    ),
]


@pytest.mark.parametrize("plants", PLANTS)
def test_a_planted_gap_to_a_target_is_found(plants: list[Plant]) -> None:
    seen = drawn(11, 24_000, plants=plants)
    found = explain_gap(seen, "fcr", dimensions=DIMENSIONS, target=0.8)
    assert set(found["segment"]) == {segment for segment, _ in plants}
    for segment, effect in plants:
        row = found[found["segment"] == segment].iloc[0]
        planted = effect * inside(seen, segment).mean()
        assert row["low"] < planted < row["high"]
        assert row["reference"] == 0.8


@pytest.mark.parametrize("plants", PLANTS)
def test_a_planted_change_is_found_under_a_shift_of_mix(plants: list[Plant]) -> None:
    before = drawn(21, 30_000, tilt={"channel": [0.4, 0.3, 0.2, 0.1], "issue": [0.3, 0.2, 0.2, 0.2, 0.1]})
    after = drawn(22, 24_000, plants=plants)
    found = explain_gap(after, "fcr", dimensions=DIMENSIONS, before=before)
    assert set(found["segment"]) == {segment for segment, _ in plants}
    for segment, effect in plants:
        row = found[found["segment"] == segment].iloc[0]
        weight = (inside(after, segment).mean() + inside(before, segment).mean()) / 2
        assert row["low"] < effect * weight < row["high"]


def test_two_planted_segments_do_not_overlap() -> None:
    plants = [((("channel", "chat"), ("issue", "login")), -0.3), ((("channel", "phone"), ("team", "A")), -0.25)]
    seen = drawn(31, 24_000, plants=plants)
    found = explain_gap(seen, "fcr", dimensions=DIMENSIONS, target=0.8)
    assert len(found) == 2
    assert not (inside(seen, found["segment"][0]) & inside(seen, found["segment"][1])).any()
    assert found["contribution"].abs().is_monotonic_decreasing


def assert_silent(found: list[pd.DataFrame]) -> None:
    """Neither half may speak up by more than its own error: the confirming one must not have to mend the search."""
    assert sum(len(table) > 0 for table in found) <= 1
    assert sum(table.attrs["n_proposed"] > 0 for table in found) <= 2


@pytest.mark.parametrize("base", [0.8, 0.7], ids=["on target", "everyone equally below target"])
def test_silent_on_noise_against_a_target(base: float) -> None:
    seen = [drawn(seed, 6_000, base=base) for seed in range(8)]
    assert_silent([explain_gap(frame, "fcr", dimensions=DIMENSIONS, target=0.8) for frame in seen])


def test_silent_on_noise_against_a_former_period() -> None:
    seen = [(drawn(seed, 5_000), drawn(seed + 500, 4_000)) for seed in range(8)]
    assert_silent([explain_gap(now, "fcr", dimensions=DIMENSIONS, before=then) for now, then in seen])


def test_silent_on_a_pure_shift_of_mix() -> None:
    hard: list[Plant] = [((("channel", "chat"),), -0.25), ((("issue", "refund"), ("team", "C")), -0.3)]
    before = drawn(41, 30_000, plants=hard, tilt={"channel": [0.7, 0.1, 0.1, 0.1]})
    after = drawn(42, 30_000, plants=hard, tilt={"channel": [0.1, 0.7, 0.1, 0.1], "issue": [0.1, 0.1, 0.1, 0.6, 0.1]})
    found = explain_gap(after, "fcr", dimensions=DIMENSIONS, before=before)
    assert found.attrs["gap"] < -0.1
    assert found.empty
    assert tuple(found.columns) == COLUMNS


def test_what_is_concluded_comes_from_the_confirming_half_and_what_is_looked_up_from_all_rows() -> None:
    seen = drawn(51, 20_000, plants=[((("channel", "chat"),), -0.2)])
    found = explain_gap(seen, "fcr", dimensions=DIMENSIONS, target=0.8)
    row, attrs = found.iloc[0], found.attrs
    mask = inside(seen, row["segment"])
    assert row["n"] == mask.sum()
    assert row["value"] == pytest.approx(seen.loc[mask, "is_first_contact_resolved"].mean(), abs=1e-12)
    assert row["reference"] == pytest.approx(0.8, abs=1e-12)
    assert 0.45 < attrs["n_confirming"] / len(seen) < 0.55
    half = seen[read_rows(seen, None, "fcr", dimensions=DIMENSIONS).is_confirming]
    inner = half[inside(half, row["segment"])]
    part = len(inner) / len(half) * (inner["is_first_contact_resolved"].mean() - 0.8)
    assert row["contribution"] == pytest.approx(part, abs=1e-12)
    assert row["share_explained"] == pytest.approx(row["contribution"] / attrs["gap"])
    assert attrs["remains"] == pytest.approx(attrs["gap"] - row["contribution"])
    assert attrs["n_searched"] > 100 and row["p_adjusted"] < 0.01


def test_the_former_rate_beside_a_changed_segment_is_that_of_its_rows_where_the_mix_is_the_same() -> None:
    before, after = drawn(52, 20_000), drawn(53, 15_000, plants=[((("channel", "chat"),), -0.2)])
    row = explain_gap(after, "fcr", dimensions=["channel", "team"], before=before).iloc[0]
    chats = before[before["channel"] == "chat"]
    assert row["n"] == (after["channel"] == "chat").sum()
    assert row["reference"] == pytest.approx(chats["is_first_contact_resolved"].mean(), abs=0.004)


def waiting(seed: int, n: int, *, slow: Sequence[tuple[str, object]] = (), factor: float = 1.0) -> pd.DataFrame:
    """Draw handle times whose mean is the same everywhere; where they are slow the longest tenth is longer."""
    seen = drawn(seed, n)
    rng = np.random.default_rng(seed)
    spread = np.where(inside(seen, slow), 0.6 * factor, 0.6) if slow else np.full(n, 0.6)
    seen["handle_s"] = rng.lognormal(5.0 - spread**2 / 2, spread)
    return seen.assign(is_handled=True)


TENTH = float(np.exp(5.0 - 0.18 + 0.6 * 1.2815515655446004))  # nine in ten of lognormal(5 − 0.18, 0.6) lie below


def test_a_quantile_is_searched_where_the_mean_says_nothing() -> None:
    slow = (("channel", "chat"), ("team", "B"))
    seen = waiting(64, 24_000, slow=slow, factor=2.0)
    found = explain_gap(seen, "aht", dimensions=DIMENSIONS, target=TENTH, quantile=0.9)
    assert found["segment"].tolist() == [slow]
    row = found.iloc[0]
    assert row["n"] == inside(seen, slow).sum() and row["reference"] == TENTH
    assert row["value"] == pytest.approx(np.quantile(seen.loc[inside(seen, slow), "handle_s"], 0.9))
    assert 0 < row["low"] < row["contribution"] < row["high"]
    assert explain_gap(seen, "aht", dimensions=DIMENSIONS, target=float(np.exp(5.0))).empty


def test_contributions_to_a_quantile_add_up_to_its_gap() -> None:
    seen = waiting(65, 24_000, slow=(("team", "B"),), factor=1.8)
    found = explain_gap(seen, "handle_s", dimensions=["team"], target=TENTH, quantile=0.9)
    half = seen[read_rows(seen, None, "handle_s", dimensions=["team"]).is_confirming]
    assert found.attrs["gap"] == pytest.approx(np.quantile(half["handle_s"], 0.9) - TENTH)
    beyond = {name: (part["handle_s"] > TENTH).mean() - 0.1 for name, part in half.groupby("team")}
    weight = (half["team"] == "B").mean()
    expected = found.attrs["gap"] * weight * beyond["B"] / ((half["handle_s"] > TENTH).mean() - 0.1)
    assert found.loc[0, "contribution"] == pytest.approx(expected)
    assert found.loc[0, "share_explained"] == pytest.approx(1.0, abs=0.15)


def test_a_quantile_is_compared_with_the_former_period() -> None:
    before, after = waiting(66, 20_000), waiting(67, 24_000, slow=(("channel", "app"),), factor=1.7)
    found = explain_gap(after, "aht", dimensions=["channel", "team"], before=before, quantile=0.9)
    assert found["segment"].tolist() == [(("channel", "app"),)]
    former = np.quantile(before.loc[before["channel"] == "app", "handle_s"], 0.9)
    assert found.loc[0, "reference"] == pytest.approx(former)
    assert explain_gap(waiting(68, 20_000), "aht", dimensions=DIMENSIONS, before=before, quantile=0.9).empty


def test_segments_keep_clear_of_one_another_where_a_narrower_name_says_the_same() -> None:
    """Once all returning customers are listed, "team A" and "team A, new customers" are the same rows."""
    plants: list[Plant] = [((("is_returning", True),), -0.2), ((("is_returning", False), ("team", "A")), -0.25)]
    seen = drawn(83, 20_000, plants=plants)
    found = explain_gap(seen, "fcr", dimensions=DIMENSIONS, target=0.8)
    assert set(found["segment"]) == {segment for segment, _ in plants}
    both = [(("is_returning", True),), (("team", "A"),)]
    seen = drawn(84, 20_000, plants=[(segment, -0.2) for segment in both])
    assert set(explain_gap(seen, "fcr", dimensions=DIMENSIONS, target=0.8)["segment"]) == set(both)


def test_intervals_hold_the_planted_contribution_as_often_as_they_say() -> None:
    segment = (("channel", "chat"),)
    held = []
    for seed in range(40):
        seen = drawn(seed, 4_000, plants=[(segment, -0.25)])
        found = explain_gap(seen, "fcr", dimensions=["channel", "team"], target=0.8)
        row = found[found["segment"] == segment].iloc[0]
        weight = row["contribution"] / (row["value"] - row["reference"])
        held.append(row["low"] < -0.25 * weight < row["high"])
    assert sum(held) >= 34  # 38 expected; fewer than 34 of 40 has probability 0.003


def test_means_are_searched_too() -> None:
    rng = np.random.default_rng(61)
    seen = drawn(61, 20_000)
    slow = inside(seen, (("channel", "chat"), ("team", "B")))
    seen["handle_s"] = rng.lognormal(np.where(slow, 5.8, 5.0), 0.7)
    seen["is_handled"] = True
    found = explain_gap(seen, "aht", dimensions=DIMENSIONS, target=float(np.exp(5.0 + 0.7**2 / 2)))
    assert found["segment"].tolist() == [(("channel", "chat"), ("team", "B"))]
    assert found.loc[0, "contribution"] > 0


def test_any_numeric_column_is_a_key() -> None:
    seen = drawn(62, 12_000)
    seen["score"] = np.where(inside(seen, (("team", "C"),)), 3.0, 4.0) + np.random.default_rng(0).normal(
        0, 1, len(seen)
    )
    found = explain_gap(seen.drop(columns="contact_id"), "score", dimensions=DIMENSIONS, target=4.0)
    assert found["segment"].tolist() == [(("team", "C"),)]


def test_a_ratio_of_two_grains_is_searched() -> None:
    contacts = drawn(63, 20_000).assign(is_handled=True)
    rng = np.random.default_rng(63)
    chance = np.where(inside(contacts, (("channel", "app"),)), 0.08, 0.01)
    complaints = contacts[rng.random(len(contacts)) < chance].assign(is_counted=True)
    complaints["complaint_id"] = complaints["contact_id"]
    facts = {"contact": contacts, "complaint": complaints}
    found = explain_gap(facts, "complaint_rate", dimensions=["channel", "team"], target=0.01)
    assert found["segment"].tolist() == [(("channel", "app"),)]
    assert found.loc[0, "value"] == pytest.approx(0.08, abs=0.015)


def test_order_index_and_units_change_nothing() -> None:
    rng = np.random.default_rng(71)
    seen = drawn(71, 8_000).drop(columns="contact_id")
    seen["handle_s"] = rng.lognormal(np.where(inside(seen, (("team", "B"),)), 5.5, 5.0), 0.5)
    found = explain_gap(seen, "handle_s", dimensions=["channel", "team"], target=150.0)
    mixed = seen.sample(frac=1, random_state=5)
    mixed.index = pd.Index(rng.permutation(len(seen)) + 9)
    held = mixed.copy()
    pd.testing.assert_frame_equal(explain_gap(mixed, "handle_s", dimensions=["team", "channel"], target=150.0), found)
    pd.testing.assert_frame_equal(mixed, held)
    minutes = explain_gap(seen.assign(handle_s=seen["handle_s"] / 64), "handle_s", dimensions=["channel", "team"],
                          target=150.0 / 64)  # fmt: skip
    np.testing.assert_allclose(minutes["contribution"] * 64, found["contribution"])


def test_every_kind_of_frame_gives_the_same() -> None:
    seen = drawn(72, 8_000, plants=[((("is_returning", True),), -0.2)])
    expected = explain_gap(seen, "fcr", dimensions=DIMENSIONS, target=0.8)
    assert expected["segment"].tolist() == [(("is_returning", True),)]
    connection = duckdb.connect()
    held = [pl.from_pandas(seen), pl.from_pandas(seen).lazy(), pa.Table.from_pandas(seen), connection.from_df(seen)]
    for frame in held:
        pd.testing.assert_frame_equal(
            explain_gap({"contact": frame}, "fcr", dimensions=DIMENSIONS, target=0.8), expected
        )


def test_a_missing_value_is_a_value() -> None:
    seen = drawn(73, 10_000, plants=[((("team", "B"),), -0.25)])
    seen["team"] = seen["team"].where(seen["team"] != "B", None)
    found = explain_gap(seen, "fcr", dimensions=["channel", "team"], target=0.8)
    assert found["segment"].tolist() == [(("team", None),)]


def test_rows_of_one_customer_do_not_count_as_many() -> None:
    seen = drawn(74, 1_000)
    seen["customer_id"] = [f"k{i}" for i in range(1_000)]
    many = pd.concat([seen] * 12, ignore_index=True)
    many["contact_id"] = [f"m{i}" for i in range(len(many))]
    assert explain_gap(many, "fcr", dimensions=DIMENSIONS, target=0.8).empty


@pytest.mark.parametrize("n", [1, 3, 60], ids=["one row", "three rows", "sixty rows"])
def test_too_little_to_say_anything(n: int) -> None:
    found = explain_gap(drawn(81, n), "fcr", dimensions=["channel"], target=0.9)
    assert found.empty and tuple(found.columns) == COLUMNS


def test_a_depth_of_one_names_one_dimension() -> None:
    seen = drawn(82, 24_000, plants=[((("channel", "chat"), ("product", "loan")), -0.3)])
    found = explain_gap(seen, "fcr", dimensions=DIMENSIONS, target=0.8, max_depth=1)
    assert {len(segment) for segment in found["segment"]} == {1}


MESSAGES = [
    pytest.param(
        {"dimensions": ["channel"]},
        "explain_gap must get either target or before, got neither. Give one of them.",
        id="no reference",
    ),
    pytest.param(
        {"dimensions": ["channel"], "target": 0.8, "before": drawn(1, 5)},
        "explain_gap must get either target or before, got both. Give one of them.",
        id="two references",
    ),
    pytest.param(
        {"dimensions": [], "target": 0.8},
        "dimensions must name at least one column, got none. Say what to search over.",
        id="no dimension",
    ),
    pytest.param(
        {"dimensions": ["channel"], "target": 0.8, "max_depth": 4},
        "max_depth must be 1 to 3, got 4. Correct it.",
        id="too deep",
    ),
    pytest.param(
        {"dimensions": ["channel"], "target": float("nan")},
        "target must be a finite number, got nan. Give one, or a former period as before.",
        id="a target that is missing",
    ),
    pytest.param(
        {"dimensions": ["channel"], "target": 30.0, "quantile": 90},
        "quantile must lie between 0 and 1, got 90. Nine in ten is 0.9.",
        id="a quantile in percent",
    ),
    pytest.param(
        {"dimensions": ["channel"], "target": 0.8, "quantile": 0.9},
        "quantile must be asked of a mean, got 'fcr' (share). Choose from "
        f"{', '.join(key for key, row in INDICATORS.items() if row.aggregation == 'mean')}, or name a column of "
        "numbers.",
        id="a quantile of a share",
    ),
    pytest.param(
        {"dimensions": ["colour"], "target": 0.8},
        "facts must have the columns is_first_contact_resolved, colour, got none called colour. It has channel, issue, "
        "team, product, is_returning, is_first_contact_resolved, contact_id.",
        id="unknown dimension",
    ),
    pytest.param(
        {"dimensions": ["channel"], "before": drawn(1, 5).assign(is_first_contact_resolved=None)},
        "before must hold a row in the population of 'fcr', got none. Choose a period that has data.",
        id="empty former period",
    ),
]


@pytest.mark.parametrize(("arguments", "message"), MESSAGES)
def test_a_wrong_call_is_refused(arguments: dict, message: str) -> None:
    with pytest.raises(UsageError) as told:
        explain_gap(drawn(1, 50), "fcr", **arguments)
    assert str(told.value) == message


@pytest.mark.parametrize("key", ["xx", "channel"], ids=["unknown", "a column of words"])
def test_a_key_that_is_neither_indicator_nor_number_is_refused(key: str) -> None:
    with pytest.raises(UsageError) as told:
        explain_gap(drawn(1, 50), key, dimensions=["channel"], target=0.8)
    assert str(told.value) == (
        f"key must name an indicator, or a numeric or boolean column of the facts, got {key!r}. Choose from "
        f"{', '.join(INDICATORS)}, or name such a column."
    )


def test_a_missing_grain_is_named() -> None:
    with pytest.raises(UsageError) as told:
        explain_gap({"survey": drawn(1, 5)}, "fcr", dimensions=["channel"], target=0.8)
    assert str(told.value) == "facts must hold the grain 'contact', got survey. Add it."


def test_a_dimension_of_names_is_refused() -> None:
    seen = drawn(1, MAX_LEVELS + 1)
    with pytest.raises(UsageError) as told:
        explain_gap(seen, "fcr", dimensions=["contact_id"], target=0.8)
    assert str(told.value) == (
        "dimension 'contact_id' must have at most 2000 different values, got 2001. Band it first."
    )


REFUSED = [
    pytest.param(
        {"is_first_contact_resolved": "maybe"},
        "fcr",
        "is_first_contact_resolved must hold true or false (read by 'fcr'), got 'maybe' (50 of 50 rows). Correct the "
        "values, or empty them to leave those rows out.",
        id="words where a flag should be",
    ),
    pytest.param(
        {"handle_s": [5, "long"] * 25, "is_handled": True},
        "aht",
        "handle_s must hold finite numbers (read by 'aht'), got 'long' (25 of 50 rows). Correct the values, or empty "
        "them to leave those rows out.",
        id="words among numbers",
    ),
    pytest.param(
        {"score": [1.0, np.inf] * 25},
        "score",
        "score must hold finite numbers (read by 'score'), got inf (25 of 50 rows). Correct the values, or empty them "
        "to leave those rows out.",
        id="an infinite number",
    ),
]


@pytest.mark.parametrize(("columns", "key", "message"), REFUSED)
def test_what_cannot_be_read_is_refused_in_the_words_of_measure(columns: dict, key: str, message: str) -> None:
    with pytest.raises(SettingError) as told:
        explain_gap(drawn(1, 50).assign(**columns), key, dimensions=["channel"], target=0.8)
    assert str(told.value) == message


def test_numbers_and_flags_kept_as_text_are_read() -> None:
    seen = drawn(85, 10_000, plants=[((("team", "B"),), -0.25)])
    texts = seen.assign(is_first_contact_resolved=np.where(seen["is_first_contact_resolved"], "true", "false"))
    expected = explain_gap(seen, "fcr", dimensions=["channel", "team"], target=0.8)
    pd.testing.assert_frame_equal(explain_gap(texts, "fcr", dimensions=["channel", "team"], target=0.8), expected)


def test_a_dimension_of_mixed_kinds_is_read_as_words_and_nan_as_missing() -> None:
    seen = drawn(86, 10_000, plants=[((("team", "B"),), -0.25)])
    mixed = seen.assign(team=[{"A": 1, "B": "two", "C": 3.5}[team] for team in seen["team"]])
    found = explain_gap(mixed, "fcr", dimensions=["channel", "team"], target=0.8)
    assert found["segment"].tolist() == [(("team", "two"),)]
    numbers = pl.from_pandas(seen).with_columns(team=pl.col("team").replace_strict({"A": 1.0, "B": np.nan, "C": 3.0}))
    found = explain_gap(numbers, "fcr", dimensions=["channel", "team"], target=0.8)
    assert found["segment"].tolist() == [(("team", None),)]


def test_a_dimension_of_lists_is_refused() -> None:
    with pytest.raises(UsageError) as told:
        explain_gap(drawn(1, 50).assign(tags=[["a"]] * 50), "fcr", dimensions=["tags"], target=0.8)
    assert str(told.value) == (
        "dimension 'tags' must hold words, numbers, flags or dates, got lists or records. Take a part first."
    )


def test_holms_adjustment_is_that_of_statsmodels() -> None:
    # also p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm") of R: 0.03, 0.06, 0.06, 0.02
    np.testing.assert_allclose(segments._holm(np.array([0.01, 0.04, 0.03, 0.005])), [0.03, 0.06, 0.06, 0.02])
    for seed in range(20):
        p = np.random.default_rng(seed).uniform(0, 0.4, 1 + seed)
        np.testing.assert_allclose(segments._holm(p), multipletests(p, method="holm")[1], rtol=1e-12)
