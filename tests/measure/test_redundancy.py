"""Which indicators say the same."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from csm_lib.measure.redundancy import correlations, indicator_groups


def by_day(n: int = 50, **values: object) -> pd.DataFrame:
    parts = [
        pd.DataFrame({"key": key, "local_date": pd.date_range("2024-01-01", periods=len(column)), "n": n,
                      "value": np.asarray(column, float)})
        for key, column in values.items()
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def test_correlation_is_spearmans() -> None:
    rng = np.random.default_rng(7)
    one = rng.normal(size=40)
    other = one + rng.normal(size=40)
    other[3] = other[4]  # a tie
    pair = correlations(by_day(frt=one, fcr=other)).iloc[0]
    assert pair["value"] == pytest.approx(spearmanr(one, other).statistic)
    assert pair["low"] < pair["value"] < pair["high"]
    assert pair["n_days"] == 40


def test_the_interval_follows_bonett_and_wright() -> None:
    # four swaps of 21 days: Σd² = 2 (19² + 4² + 2² + 2²) = 770, so ρ = 1 − 6 · 770 / (21³ − 21) = 0.5;
    # z = 0.549306, standard error √(1.125 / 18) = 0.25, ± 1.959964 of them: 0.059315 and 1.039297
    first, second = np.arange(21.0), np.arange(21.0)
    for i, j in ((0, 19), (1, 5), (2, 4), (6, 8)):
        second[[i, j]] = second[[j, i]]
    pair = correlations(by_day(frt=first, fcr=second)).iloc[0]
    assert pair["value"] == pytest.approx(0.5, abs=1e-12)
    assert (pair["low"], pair["high"]) == (pytest.approx(0.05925, abs=1e-5), pytest.approx(0.77761, abs=1e-5))


def test_opposites_say_the_same() -> None:
    up = np.arange(30.0)
    pairs = correlations(by_day(answer_rate=up, abandon_rate=-up, fcr=np.tile([1.0, 0.0], 15)))
    assert pairs.loc[0, ["key", "other", "value"]].tolist() == ["answer_rate", "abandon_rate", -1.0]
    groups = indicator_groups(pairs)
    assert groups[["group", "key", "n_members"]].values.tolist() == [
        [1, "answer_rate", 2], [1, "abandon_rate", 2], [2, "fcr", 1],
    ]  # fmt: skip
    assert groups["least_value"].tolist()[:2] == [1.0, 1.0]


def test_a_chain_is_not_a_group() -> None:
    pairs = pd.DataFrame(
        [("a", "b", 0.9), ("b", "c", 0.85), ("a", "c", 0.4)], columns=["key", "other", "value"]
    )
    assert indicator_groups(pairs)["group"].tolist() == [1, 1, 2]


@pytest.mark.parametrize(
    "frame",
    [
        by_day(frt=np.arange(19.0), fcr=np.arange(19.0)),
        by_day(frt=np.arange(30.0), fcr=np.ones(30)),
        by_day(n=3, frt=np.arange(30.0), fcr=np.arange(30.0)),
    ],
    ids=["too few days", "one never changes", "too few rows behind each day"],
)
def test_what_cannot_be_judged_is_not_close(frame: pd.DataFrame) -> None:
    pairs = correlations(frame)
    assert pairs["value"].isna().all()
    assert (indicator_groups(pairs)["n_members"] == 1).all()


def test_row_order_changes_nothing_and_inputs_stay() -> None:
    rng = np.random.default_rng(1)
    frame = by_day(frt=rng.normal(size=30), fcr=rng.normal(size=30), csat=rng.normal(size=30))
    before = frame.copy()
    shuffled = pd.concat([part.sample(frac=1, random_state=2) for _, part in frame.groupby("key", sort=False)])
    pd.testing.assert_frame_equal(correlations(frame), correlations(shuffled))
    pd.testing.assert_frame_equal(frame, before)


def test_nothing_measured_gives_no_pair() -> None:
    nothing = pd.DataFrame(columns=["key", "local_date", "n", "value"])
    assert correlations(nothing).empty
    assert indicator_groups(correlations(nothing)).empty
    assert math.isnan(indicator_groups(correlations(by_day(frt=np.ones(9), fcr=np.ones(9))))["least_value"].iloc[0])
