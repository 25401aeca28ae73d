"""Data quality: nothing gets lost, what is missing is counted, and uneven answers are told."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csm_lib.measure.freshness import freshness
from csm_lib.measure.quality import (
    completeness,
    nonresponse,
    reconciliation,
    response_rate,
    set_aside_reasons,
    survey_delay,
)


def files(*rows: tuple[int, int, object]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["read", "kept", "set_aside"])
    return table.assign(path="a.csv", source="s", table="contacts")


@pytest.mark.parametrize(
    ("row", "aside", "broken", "balance"),
    [
        pytest.param((10, 10, {}), 0, 0, 0, id="all kept"),
        pytest.param((10, 7, '{"duplicate": 1, "clock": 2}'), 3, 2, 0, id="JSON text as the log holds it"),
        pytest.param((10, 7, {"superseded": 2}), 2, 0, 1, id="one row got lost"),
        pytest.param((10, 10, None), 0, 0, 0, id="nothing noted"),
        pytest.param((0, 0, ""), 0, 0, 0, id="empty file"),
    ],
)
def test_rows_read_are_kept_or_set_aside(row: tuple, aside: int, broken: int, balance: int) -> None:
    found = reconciliation(files(row)).iloc[0]
    assert (found["set_aside"], found["n_broken"], found["balance"]) == (aside, broken, balance)
    assert bool(found["is_reconciled"]) == (balance == 0)


def test_an_empty_file_has_no_broken_share() -> None:
    found = reconciliation(files((0, 0, {}), (8, 6, {"clock": 2})))["broken_share"]
    assert math.isnan(found[0]) and found[1] == 0.25


def test_reasons_add_up_over_files() -> None:
    found = set_aside_reasons(files((10, 7, {"duplicate": 1, "clock": 2}), (30, 26, {"clock": 4})))
    assert found[["reason", "n", "share"]].values.tolist() == [["clock", 6, 0.15], ["duplicate", 1, 0.025]]
    assert found["is_innocent"].tolist() == [False, True]
    assert set_aside_reasons(files((3, 3, {}))).empty


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(st.sampled_from(["duplicate", "clock", "unknown_word"]), st.integers(0, 50)), st.integers(0, 50))
def test_reconciliation_and_reasons_agree(reasons: dict, kept: int) -> None:
    table = files((kept + sum(reasons.values()), kept, json.dumps(reasons)))
    found = reconciliation(table).iloc[0]
    assert found["balance"] == 0
    assert set_aside_reasons(table)["n"].sum() == found["set_aside"]


def test_completeness_counts_what_is_there() -> None:
    frame = pd.DataFrame({"a": [1.0, math.nan], "b": ["x", ""], "c": pd.array([True, None], dtype="boolean"),
                          "d": pd.to_datetime(["2024-01-01", None])})  # fmt: skip
    found = completeness(frame, columns=[*frame.columns, "absent"])
    assert found["n_present"].tolist() == [1, 1, 1, 1, 0]
    assert found["value"].tolist() == [0.5, 0.5, 0.5, 0.5, 0.0]
    assert math.isnan(completeness(frame.head(0)).loc[0, "value"])


def test_freshness_is_the_age_of_the_newest_row() -> None:
    moment = pd.Timestamp("2024-04-01T00:00Z")
    seen = pd.DataFrame({"at": pd.to_datetime(["2024-03-31T18:00Z", "2024-04-02T00:00Z", None])})
    found = freshness({"contacts": seen, "none": seen.head(0)}, instants={"contacts": "at", "none": "at"}, as_of=moment)
    assert found.loc[0, ["n", "age_h", "n_later"]].tolist() == [3, 6.0, 1]
    assert math.isnan(found.loc[1, "age_h"])


def surveys(**answers: tuple[int, int]) -> pd.DataFrame:
    rows = [(channel, i < answered) for channel, (answered, n) in answers.items() for i in range(n)]
    return pd.DataFrame(rows, columns=["channel", "is_answered"])


def test_response_rates_carry_wilsons_interval() -> None:
    # Newcombe (1998), Stat. Med. 17:857, table I, method 3: 81 of 263
    found = response_rate(surveys(phone=(81, 263), chat=(15, 148)), by="channel").set_index("channel")
    np.testing.assert_allclose(found.loc["phone", ["low", "high"]].astype(float), [0.2553, 0.3662], atol=5e-5)
    np.testing.assert_allclose(found.loc["chat", ["low", "high"]].astype(float), [0.0624, 0.1605], atol=5e-5)
    assert response_rate(surveys(phone=(81, 263), chat=(15, 148))).loc[0, "n"] == 411


def test_uneven_answers_are_told() -> None:
    # 2 × 2 by hand: n (ad − bc)² ÷ (row and column sums)
    found = nonresponse(surveys(phone=(30, 100), chat=(60, 100)), dimensions=["channel"]).iloc[0]
    expected = 200 * (30 * 40 - 70 * 60) ** 2 / (100 * 100 * 90 * 110)
    assert found["statistic"] == pytest.approx(expected)
    assert found["cramers_v"] == pytest.approx(math.sqrt(expected / 200))
    assert (found["least"], found["least_rate"], found["most"]) == ("phone", 0.3, "chat")
    assert found["is_signal"] is True


def test_even_answers_are_not() -> None:
    found = nonresponse(surveys(phone=(30, 100), chat=(31, 100)), dimensions=["channel"]).iloc[0]
    assert found["is_signal"] is False


def test_small_groups_are_put_together() -> None:
    sent = surveys(phone=(40, 100), chat=(40, 100), **{f"kiosk {i}": (1, 3) for i in range(10)})
    found = nonresponse(sent, dimensions=["channel"]).iloc[0]
    assert (found["n_groups"], found["n"]) == (3, 230)


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(surveys(phone=(30, 100)), id="one group"),
        pytest.param(surveys(phone=(0, 50), chat=(0, 50)), id="nobody answered"),
        pytest.param(surveys(phone=(0, 0)), id="nothing sent"),
    ],
)
def test_nothing_to_compare(sent: pd.DataFrame) -> None:
    found = nonresponse(sent, dimensions=["channel"]).iloc[0]
    assert found["is_signal"] is None and math.isnan(found["statistic"])


def test_late_questionnaires_are_counted() -> None:
    found = survey_delay(pd.DataFrame({"sent_delay_s": [0.0, 300.0, 300.5, -5.0, None]}))
    assert (found.value, found.n) == (pytest.approx(2 / 3), 3)
    assert survey_delay(pd.DataFrame({"sent_delay_s": [400.0]}), threshold_s=600).value == 1.0
    assert math.isnan(survey_delay(pd.DataFrame({"sent_delay_s": []}, dtype=float)).value)
