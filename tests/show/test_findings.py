"""Sentences about causes, segments, mix, hours, plans and staffing, in both languages."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from csm_lib.results import Estimate
from csm_lib.show.findings import (
    sentence_not_measured,
    sentence_of_causes,
    sentence_of_hours,
    sentence_of_mix,
    sentence_of_mix_within,
    sentence_of_segments,
)
from csm_lib.show.lists import listed, reason_of, sentence_attained, sentence_of_definitions, sentences_of_card
from csm_lib.show.plans import quoted_notes, sentence_of_completion, sentences_of_actions, sentences_of_gaps
from csm_lib.show.prose import sentence


def segments(*rows: tuple[str, float]) -> pd.DataFrame:
    columns = ["segment", "n", "value", "reference", "contribution", "low", "high"]
    return pd.DataFrame(
        [((("channel", name),), 90, 0.6, 0.85, part, part - 0.01, part + 0.01) for name, part in rows], columns=columns
    )


def test_the_first_segment_on_the_bad_side_is_named() -> None:
    said = sentence_of_segments(segments(("phone", 0.03), ("app", -0.02)), key="fcr")
    assert said.text == (
        "First contact resolution sits lowest where the channel is app: 60.0% (n = 90) against 85.0%. It is "
        "associated with −2.0 points of the gap (95% interval −3.0 to −1.0)."
    )


def test_no_segment_on_the_bad_side_is_said() -> None:
    calm = "No segment stands out from the rest beyond chance: the gap is spread evenly over what was searched."
    assert sentence_of_segments(segments(("phone", 0.03)), key="fcr").text == calm
    assert sentence_of_segments(segments(), key="fcr").text == calm


def test_a_reason_stands_for_what_is_missing_in_every_sentence() -> None:
    empty = pd.DataFrame()
    empty.attrs["reason"] = "there is no earlier period to compare with"
    why = "not measured, there is no earlier period to compare with."
    assert sentence_of_segments(empty, key="fcr").text == f"Where the gap sits: {why}"
    assert sentence_of_mix(empty, key="fcr", segment="issue").text == f"Mix or rate: {why}"
    assert sentence_of_mix_within(empty, key="fcr", group="channel").text == f"Mix or rate: {why}"
    assert sentence_of_hours({"reason": empty.attrs["reason"]}, key="answer_rate").text == f"The worst hours: {why}"
    assert sentence_not_measured(None).text == "Not measured: no rows."
    assert sentence_not_measured("没有班次", language="zh").text == "未测量：没有班次。"


@pytest.mark.parametrize(
    ("n_failures", "said"),
    [
        (0, "What failures are coded to: not measured, no outcome is known, so no failure can be counted."),
        (7, "What failures are coded to: not measured, no failure carries a cause code."),
    ],
    ids=["no outcome", "no code"],
)
def test_causes_that_nobody_coded_are_not_measured(n_failures: int, said: str) -> None:
    counted = pd.DataFrame(columns=["cause", "n", "value", "low", "high"])
    counted.attrs["n_failures"] = n_failures
    assert sentence_of_causes(counted).text == said


def test_a_mix_that_hides_the_rate_is_flagged() -> None:
    parts = pd.DataFrame({"segment": ["a", "b"], "mix": [-0.02, 0.0], "rate": [0.0, 0.005]})
    parts.attrs.update(before=0.79, after=0.775)
    assert "the mix won" in sentence_of_mix(parts, key="fcr", segment="issue").text
    parts.attrs.update(after=0.765)
    assert "the mix won" not in sentence_of_mix(parts.assign(rate=[0.0, -0.005]), key="fcr", segment="issue").text


def test_groups_that_only_look_worse_are_told_from_those_that_are() -> None:
    rows = [
        ("app", -0.034, 0.001, -0.035, -0.058, -0.011, "rate"),
        ("chat", -0.028, -0.028, 0.0, -0.02, 0.018, "mix"),
        ("email", -0.03, -0.01, -0.02, -0.05, 0.01, "unclear"),
        ("phone", 0.02, 0.0, 0.02, 0.01, 0.03, "rate"),
    ]
    columns = ["group", "change", "mix", "rate", "rate_low", "rate_high", "reading"]
    said = sentence_of_mix_within(pd.DataFrame(rows, columns=columns), key="fcr", group="channel").text
    assert said.startswith(
        "Channel chat moved by −2.8 points, but only because it was given other contacts: −2.8 points"
    )
    assert (
        "Channel app moved by −3.4 points and did get worse at the same kinds of contacts: −3.5 points is rate" in said
    )
    assert "email" not in said
    assert "phone" not in said
    calm = sentence_of_mix_within(pd.DataFrame(rows[2:], columns=columns), key="fcr", group="channel").text
    assert calm == "No channel got worse beyond chance, neither by its rate nor by its mix."


def card(*rows: tuple[str, Any, str, str | None]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"key": key, "value": value, "low": value, "high": value, "n": 5, "unit": "share", "target": 0.9,
             "verdict": verdict, "method": method}
            for key, value, verdict, method in rows
        ]
    )  # fmt: skip


def test_every_indicator_of_a_card_gets_a_line_and_the_unmeasured_their_reason() -> None:
    made = card(("fcr", 0.78, "missed", "Wilson"), ("csat", None, "not_measured", "not measured: no survey data"))
    said = sentences_of_card(made)
    assert said.text.splitlines()[1] == "Satisfaction, top two: not measured, no survey data."
    assert [line[:2] for line in said.markdown.splitlines()] == ["- ", "- "]
    assert sentence_attained(made).text.endswith("; 1 was not measured.")
    assert sentence_attained(made, language="zh").text == "2项核心指标无一达标；1项未达标；1项未测量。"


def test_a_reason_is_read_off_the_method() -> None:
    assert reason_of("not measured: no survey data") == "no survey data"
    assert reason_of(None) == "no source"
    assert reason_of(float("nan"), language="zh") == "没有数据来源"


def test_the_range_of_definitions_leaves_out_what_is_not_measured() -> None:
    methods = ["Wilson", "not measured: no transfers", "Wilson"]
    rows = pd.DataFrame({"value": [0.8, float("nan"), 0.75], "unit": "share", "method": methods})
    assert sentence_of_definitions(rows).text == (
        "By definition it runs from 75.0% to 80.0%: compare with others only under the same one."
    )
    zh = sentence_of_definitions(rows, language="zh").text
    assert zh == "口径不同，结果从75.0%到80.0%：只能在同一口径下比较。"
    alone = sentence_of_definitions(rows.head(2))
    assert alone.text == "Fewer than two definitions can be measured: no transfers."


def test_a_list_in_a_list_is_continued_and_gaps_are_skipped() -> None:
    said = listed([listed([sentence("A."), sentence("B.")]), None, sentence("C.")])
    assert said.markdown == "- A.\n- B.\n- C."


GAP = {"key": "fcr", "value": 0.78, "target": 0.85, "unit": "share", "where": (("issue", "repair"),),
       "cause": "The knowledge base is thin", "cause_share": 0.4, "measure": "Write it", "owner": "Editor",
       "due_on": pd.Timestamp("2024-05-31")}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {},
            "First contact resolution: 78.0% against a target of 85.0%. It sits most where the issue is repair. Most "
            "counted cause: The knowledge base is thin (40.0%). Measure: Write it (Editor, by 31 May 2024).",
        ),
        (
            {"where": None, "cause": None, "measure": None},
            "First contact resolution: 78.0% against a target of 85.0%. No cause is supported by evidence yet. "
            "No measure of the plan answers it.",
        ),
        (
            {"cause_share": float("nan"), "where": None},
            "First contact resolution: 78.0% against a target of 85.0%. Supported cause: The knowledge base is thin. "
            "Measure: Write it (Editor, by 31 May 2024).",
        ),
    ],
    ids=["all is known", "nothing is known", "supported, not counted"],
)
def test_a_gap_says_what_is_known_and_what_is_not(change: dict[str, Any], said: str) -> None:
    assert sentences_of_gaps(pd.DataFrame([GAP | change]).astype({"where": object})).text == said


def test_no_gap_and_no_measure_are_said() -> None:
    nothing = pd.DataFrame(columns=[*GAP, "indicator"])
    assert sentences_of_gaps(nothing).text == "No headline indicator is on the wrong side of its target."
    assert sentences_of_actions(nothing).text == "The plan holds no measure for this period."
    due_later = Estimate(float("nan"), float("nan"), float("nan"), 0, "")
    assert sentence_of_completion(due_later, plan="2023Q4").text == "No measure of plan 2023Q4 was due."


def test_notes_are_quoted_in_order_with_author_and_markup_stays_text() -> None:
    notes = pd.DataFrame(
        {
            "period": ["2024Q1", "2024Q1", "2023Q4", "2024Q1"],
            "scope": [None, "all", "all", "hotline"],
            "author": ["Wang", None, "Li", "Li"],
            "written_on": [pd.Timestamp("2024-04-15"), pd.Timestamp("2024-04-12"), None, None],
            "text": ["Agreed.", "See *all*\n# of it", "old", "elsewhere"],
            "is_sign_off": [True, False, False, False],
        }
    )
    said = quoted_notes(notes, period="2024Q1", scope="all")
    assert said.text.splitlines() == [
        "“See *all* # of it” — (not noted), 12 Apr 2024 (note)",
        "“Agreed.” — Wang, 15 Apr 2024 (sign-off)",
    ]
    assert said.markdown.startswith("> “See \\*all\\* \\# of it”")
    unsigned = quoted_notes(notes.iloc[[1]], period="2024Q1", scope="all").text
    assert unsigned.splitlines()[-1] == "Nobody has signed this report off."
