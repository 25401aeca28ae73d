"""Which gaps are news."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from csm_lib.measure.gaps import gap_summary, scorecard


def made(value: float, *, key: str = "fcr", half: float = 0.01) -> pd.DataFrame:
    return pd.DataFrame(
        {"key": [key], "n": [8000], "value": [value], "low": [value - half], "high": [value + half],
         "unit": ["s" if key == "frt" else "share"], "method": ["Wilson"]}
    )  # fmt: skip


@pytest.mark.parametrize(
    ("key", "now", "before", "expected"),
    [
        ("fcr", 0.78, 0.85, "worse"),
        ("fcr", 0.85, 0.78, "better"),
        ("frt", 0.85, 0.78, "worse"),
        ("fcr", 0.78, 0.785, "noise"),
        ("fcr", 0.78, 0.78, "noise"),
    ],
    ids=[
        "a fall of what should be high",
        "a rise of what should be high",
        "a rise of what should be low",
        "within chance",
        "no change at all",
    ],
)
def test_a_change_is_news_only_beyond_chance_and_its_side_is_the_indicators(
    key: str, now: float, before: float, expected: str
) -> None:
    card = scorecard(made(now, key=key), targets={}, previous=made(before, key=key), year_before=made(before, key=key))
    row = gap_summary(card).iloc[0]
    assert (row["against_previous"], row["against_year_before"]) == (expected, expected)


@pytest.mark.parametrize(
    ("target", "expected"),
    [(0.85, "worse"), (0.70, "better"), (0.785, "noise"), (None, None)],
    ids=["missed", "met", "too close", "no target"],
)
def test_against_the_target_the_verdict_decides(target: float | None, expected: str | None) -> None:
    card = scorecard(made(0.78), targets={} if target is None else {"fcr": target})
    assert gap_summary(card)["against_target"].tolist() == [expected]


def test_without_history_nothing_is_compared() -> None:
    row = gap_summary(scorecard(made(0.78), targets={})).iloc[0]
    assert row["against_previous"] is None
    assert row["against_year_before"] is None


def test_a_year_ago_is_judged_together_over_the_indicators() -> None:
    # alone p = 0.04 would be news; among five changes of which four are none it is not (0.04 · 5 > 0.05)
    keys = ["fcr", "answer_rate", "service_level", "resolution_rate", "repeat_rate"]
    step = 0.01 / 1.959964 * 2.0537 * 2**0.5  # the change with a two-sided p of 0.04
    now = pd.concat([made(0.78 + (step if key == "fcr" else 0.0), key=key) for key in keys], ignore_index=True)
    then = pd.concat([made(0.78, key=key) for key in keys], ignore_index=True)
    alone = gap_summary(scorecard(now.head(1), targets={}, year_before=then.head(1)))
    together = gap_summary(scorecard(now, targets={}, year_before=then))
    assert alone["against_year_before"].tolist() == ["better"]
    assert together["against_year_before"].tolist() == ["noise"] * 5


def test_an_empty_card_gives_an_empty_summary() -> None:
    empty = scorecard(made(0.78).iloc[:0], targets={})
    assert gap_summary(empty).empty


def test_only_what_was_measured_can_be_provisional() -> None:
    final = {"fcr": date(2024, 4, 10)}
    seen = scorecard(made(0.78), targets={}, final_on=final).iloc[0]
    unseen = scorecard(made(float("nan")), targets={}, final_on=final).iloc[0]
    assert (seen["is_provisional"], seen["final_on"]) == (True, date(2024, 4, 10))
    assert (unseen["is_provisional"], unseen["final_on"]) == (False, None)
