from __future__ import annotations

from typing import Any

import pytest

from csm_lib.publish.restatements import restatements_of
from csm_lib.show.restated import sentence_restated, sentences_restated

ROW = {"key": "fcr", "unit": "share", "value": 0.78, "target": 0.85, "verdict": "missed", "is_provisional": False}
RECORD: dict[str, Any] = {
    "headline": [ROW],
    "tables": {"contacts": 3, "contact_facts": 5, "set_aside": 1},
    "settings": {"workbook.repeat_window_days": "a", "indicators.targets": "b", "workbook.organisation": "c"},
    "definitions": {"fcr": "d", "csat": "e"},
    "parameters": {"period": "2024Q1", "language": "en"},
    "packages": {"csm_lib": "0.1.0", "pandas": "3.0.1"},
    "code": "f",
    "edition": 1,
}


def again(row: dict[str, Any] | None = None, **changed: Any) -> dict[str, Any]:
    """A second edition: parts of the record replaced entry by entry."""
    second = RECORD | {"headline": [ROW | (row or {})], "edition": 2}
    return second | {
        part: RECORD[part] | entries if isinstance(entries, dict) else entries for part, entries in changed.items()
    }


MOVED = {"value": 0.80}
REASONS = [
    pytest.param(again(MOVED, tables={"contacts": 4, "contact_facts": 6}), "data: contacts changed", id="new data"),
    pytest.param(
        again(MOVED, settings={"workbook.repeat_window_days": "z"}),
        "settings changed: workbook.repeat_window_days",
        id="a setting that values rest on",
    ),
    pytest.param(
        again(MOVED, settings={"workbook.organisation": "z", "indicators.targets": "z"}),
        "nothing that was recorded changed",
        id="neither a name nor a target moves a value",
    ),
    pytest.param(
        again(MOVED, definitions={"fcr": "z"}), "the definition of the indicator changed", id="its definition"
    ),
    pytest.param(
        again(MOVED, definitions={"csat": "z"}), "nothing that was recorded changed", id="another one's definition"
    ),
    pytest.param(
        again(MOVED, parameters={"language": "zh", "05_report.level": "0.9"}),
        "parameters of the run changed: 05_report.level",
        id="a parameter, not the language",
    ),
    pytest.param(
        again(MOVED, packages={"pandas": "3.1.0"}, code="z"),
        "the program changed; libraries changed: pandas 3.0.1 → 3.1.0",
        id="program and libraries, where nothing else did",
    ),
    pytest.param(
        again(MOVED, tables={"contacts": 4}, code="z"), "data: contacts changed", id="data explain it before a program"
    ),
]


@pytest.mark.parametrize(("second", "why"), REASONS)
def test_a_number_that_moved_is_named_with_from_to_and_why(second: dict[str, Any], why: str) -> None:
    (found,) = restatements_of(RECORD, second, on="2024-05-02")
    assert sentence_restated(found, language="en") == (
        f"First contact resolution: 78.0% → 80.0% (edition 2, 2 May 2024); why: {why}"
    )


def test_a_target_that_moved_takes_its_verdict_along() -> None:
    second = again({"target": 0.75, "verdict": "met"}, settings={"indicators.targets": "z"})
    (found,) = restatements_of(RECORD, second, on="2024-05-02")
    assert sentence_restated(found, language="en") == (
        "First contact resolution: target 85.0% → 75.0%; missed → met (edition 2, 2 May 2024); "
        "why: settings changed: indicators.targets"
    )
    assert sentence_restated(found, language="zh") == (
        "一次性解决率：目标85.0% → 75.0%；未达标 → 达标（第2版，2024年5月2日）；原因：设置有变更：indicators.targets"
    )


def test_a_provisional_number_and_one_that_was_not_measured_are_said_to_be() -> None:
    before = RECORD | {"headline": [ROW | {"value": None, "verdict": "not_measured", "is_provisional": True}]}
    (found,) = restatements_of(before, again(tables={"contacts": 4}), on="2024-05-02")
    assert sentence_restated(found, language="en") == (
        "First contact resolution: – → 78.0%; not measured → missed (edition 2, 2 May 2024); "
        "why: data: contacts changed; it was provisional"
    )


def test_nothing_moved_nothing_is_said() -> None:
    assert restatements_of(RECORD, again(tables={"contacts": 4}), on="2024-05-02") == []
    assert restatements_of({}, again(MOVED), on="2024-05-02") == []
    assert sentences_restated([]) == []


def test_what_moved_less_than_is_shown_is_only_counted() -> None:
    tiny = restatements_of(RECORD, again({"value": 0.780001}), on="2024-05-02")
    small = restatements_of(RECORD, again({"value": 0.7802}), on="2024-05-02")
    assert sentences_restated([*tiny, *small], language="en") == [
        "First contact resolution: 78.00% → 78.02% (edition 2, 2 May 2024); why: nothing that was recorded changed",
        "Numbers that moved by less than is shown here: 1.",
    ]


def test_a_record_of_an_older_program_gives_no_wrong_reason() -> None:
    old = {"headline": [ROW], "tables": {"contacts": 3}, "parameters": {}, "packages": {}}
    (found,) = restatements_of(old, again(MOVED, tables={"contacts": 4}), on="2024-05-02")
    assert found["reasons"] == [{"kind": "data", "what": ["contacts"]}]
