"""Sentences about why: what they say, in both languages, and where nothing was measured."""

from __future__ import annotations

import pandas as pd
import pytest

from csm_lib.show.reasons import (
    name_measure,
    sentence_of_drivers,
    sentence_of_owners,
    sentence_of_prices,
    sentence_of_priority,
    sentence_of_process,
)


def driven(rank_high: int | None = 3) -> pd.DataFrame:
    found = pd.DataFrame({"driver": ["speed"], "n": [300], "share_of_explained": [0.6], "share_low": [0.5],
                          "share_high": [0.7], "rank_high": pd.array([rank_high], dtype="Int64")})  # fmt: skip
    found.attrs.update(outcome="csat", explained=0.4)
    return found


@pytest.mark.parametrize(
    ("rank", "said"),
    [(1, "first in every likely ranking"), (3, "its rank lies between 1 and 3"), (None, "its rank cannot be bounded")],
)
def test_the_first_driver_with_its_rank(rank: int | None, said: str) -> None:
    assert sentence_of_drivers(driven(rank)).text == (
        "Overall satisfaction is associated most with speed: 60.0% of what all drivers explain together (95% interval "
        f"50.0–70.0%, n = 300), {said}. That is 24.0% of its whole variation, of which all explain 40.0%."
    )


def test_the_same_in_chinese() -> None:
    assert sentence_of_drivers(driven(1), language="zh").text == (
        "总体满意度与响应速度关联最强：占全部驱动因素可解释部分的60.0%（95%区间50.0–70.0%，样本量300），在所有可能的排序中均居首。"
        "即其全部变动的24.0%；各因素合计解释40.0%。"
    )


def empty(reason: str | None) -> pd.DataFrame:
    found = pd.DataFrame({"n": []})
    found.attrs["reason"] = reason
    return found


@pytest.mark.parametrize(
    ("sentence", "text"),
    [
        pytest.param(sentence_of_drivers(empty("no row has csat")),
                     "What satisfaction goes with: not measured, no row has csat.", id="drivers"),
        pytest.param(sentence_of_process(pd.DataFrame(), pd.DataFrame()),
                     "Where the time goes: not measured, no status log for the contacts of this period.", id="process"),
        pytest.param(sentence_of_prices(empty("no contact says who the customer is")),
                     "What problems cost: not measured, no contact says who the customer is.", id="prices"),
        pytest.param(sentence_of_prices(empty(None)), "What problems cost: not measured, no problem is named.",
                     id="no problem"),
        pytest.param(sentence_of_priority(empty(None)), "What comes first: not measured, no problem is named.",
                     id="priority"),
        pytest.param(sentence_of_owners(pd.DataFrame()),
                     "Who answers for what: not measured, no status log for the contacts of this period.", id="owners"),
        pytest.param(sentence_of_owners(pd.DataFrame({"stage": ["triage"], "accountable": ["lead"]})),
                     "Every stage has somebody who is accountable for it.", id="all owned"),
    ],
)  # fmt: skip
def test_where_nothing_was_measured_the_sentence_says_why(sentence: object, text: str) -> None:
    assert str(sentence) == text


def test_measures_have_names_in_both_languages() -> None:
    assert name_measure("pingpong_share") == "Contacts handed back to a former team"
    assert name_measure("n_approvals_per_contact", language="zh") == "每件审批次数"
