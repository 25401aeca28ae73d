"""Drift: what differs from the previous period, and what does not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2_contingency, ks_2samp

from csm_lib.measure.drift import drift


def words(**counts: int) -> pd.DataFrame:
    return pd.DataFrame({"channel": [word for word, n in counts.items() for _ in range(n)]})


def row_of(table: pd.DataFrame, test: str) -> pd.Series:
    return table.set_index("test").loc[test]


def test_words_that_moved_as_worked_by_hand() -> None:
    found = row_of(drift(words(phone=80, chat=20), words(phone=50, chat=30, app=20), columns=["channel"]), "words")
    # 80 → 50, 20 → 30, 0 → 20 of 100: half of 30 + 10 + 20
    assert found["distance"] == pytest.approx(0.3)
    assert (found["what"], found["before"], found["after"]) == ("phone", 0.8, 0.5)
    assert (found["new_words"], found["gone_words"]) == (("app",), ())
    expected = chi2_contingency([[20, 80, 0], [30, 50, 20]], correction=False).pvalue
    assert found["p_adjusted"] == pytest.approx(expected)
    assert found["is_drift"]


def test_a_word_seen_a_few_times_only_is_no_news() -> None:
    found = row_of(drift(words(phone=100), words(phone=97, fax=3), columns=["channel"]), "words")
    assert found["new_words"] == () and not found["is_drift"]


def test_a_column_that_nobody_fills_any_more() -> None:
    before = pd.DataFrame({"issue": ["a"] * 90 + [None] * 10})
    after = pd.DataFrame({"issue": ["a"] * 20 + [""] * 80})
    found = row_of(drift(before, after, columns=["issue"]), "filled")
    assert (found["before"], found["after"], found["distance"]) == (0.9, 0.2, pytest.approx(0.7))
    assert found["is_drift"]


def test_numbers_are_compared_by_their_whole_distribution() -> None:
    rng = np.random.default_rng(1)
    old, new = rng.exponential(100, 4000), rng.exponential(150, 4000)
    found = row_of(
        drift(pd.DataFrame({"handle_s": old}), pd.DataFrame({"handle_s": new}), columns=["handle_s"]), "numbers"
    )
    assert found["distance"] == pytest.approx(ks_2samp(old, new).statistic)
    assert (found["what"], found["unit"], found["is_drift"]) == ("highest tenth", "s", True)
    assert found["before"] == pytest.approx(np.quantile(old, 0.9)) and found["after"] == pytest.approx(
        np.quantile(new, 0.9)
    )


def test_what_is_sure_but_small_is_no_drift() -> None:
    found = row_of(drift(words(a=50_000, b=50_000), words(a=52_000, b=48_000), columns=["channel"]), "words")
    assert found["is_signal"] and not found["is_drift"]
    assert found["distance"] == pytest.approx(0.02)


def test_of_many_columns_without_change_few_are_signals() -> None:
    rng = np.random.default_rng(7)
    before, after = (pd.DataFrame({f"c{i}": rng.choice(["x", "y", "z"], 400) for i in range(40)}) for _ in range(2))
    found = drift(before, after, columns=list(before))
    assert found["is_signal"].eq(True).sum() <= 1


def test_of_keys_only_the_share_filled_is_compared() -> None:
    found = drift(pd.DataFrame({"agent_id": ["a"] * 9}), pd.DataFrame({"agent_id": ["b"] * 9}), columns=["agent_id"])
    assert found["test"].tolist() == ["filled"]


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        (None, words(a=1), "no rows in the previous period"),
        (words(), words(a=1), "no rows in the previous period"),
        (words(a=1), words(), "no rows in this period"),
    ],
    ids=["no previous period", "an empty one", "nothing now"],
)
def test_without_one_of_the_two_the_reason_is_given(before: object, after: object, reason: str) -> None:
    found = drift(before, after, columns=["channel"])
    assert len(found) == 0 and found.attrs["reason"] == reason


def test_a_column_that_is_empty_in_both_is_no_drift() -> None:
    empty = pd.DataFrame({"issue": pd.Series([None] * 5, dtype=object), "wait_s": [np.nan] * 5})
    found = drift(empty, empty, columns=["issue", "wait_s", "absent"])
    assert found["is_drift"].sum() == 0 and set(found["test"]) == {"filled"}
