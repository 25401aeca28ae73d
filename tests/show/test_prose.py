from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from csm_lib.errors import SettingError
from csm_lib.show.prose import (
    HEADLINE_FIELDS,
    sentence,
    sentence_compared,
    sentence_of_rows,
    sentence_of_value,
    write_headline,
)

ROW = {
    "key": "fcr", "value": 0.78, "low": 0.77, "high": 0.79, "n": 25000, "unit": "share", "target": 0.85,
    "is_met": False, "verdict": "missed", "is_provisional": False,
}  # fmt: skip


def test_what_comes_from_data_is_escaped() -> None:
    said = sentence("Team {team} took {wait}.", team="[x](javascript:y) <b>", wait=(30.0, "s"))
    assert str(said) == "Team [x](javascript:y) <b> took 30.0 s."
    assert said._repr_markdown_() == r"Team \[x\]\(javascript:y\) \<b\> took 30.0 s."


def test_an_indicator_is_said_with_interval_and_target() -> None:
    assert str(sentence_of_value(ROW, language="en")) == (
        "First contact resolution: 78.0% (95% interval 77.0–79.0%, n = 25,000) against a target of ≥ 85.0%: missed."
    )
    assert "未达标" in str(sentence_of_value(ROW, language="zh"))
    without = str(sentence_of_value({**ROW, "target": None, "verdict": "no_target"}, language="en"))
    assert without == "First contact resolution: 78.0% (95% interval 77.0–79.0%, n = 25,000)."


def test_what_was_not_measured_is_said_with_the_reason() -> None:
    missing = {**ROW, "value": float("nan"), "verdict": "not_measured"}
    assert str(sentence_of_value(missing, reason="no surveys", language="en")) == (
        "First contact resolution: not measured, no surveys."
    )


def test_a_change_of_a_share_is_in_points() -> None:
    said = str(sentence_compared("fcr", value=0.78, before=0.8, language="en"))
    assert said == "First contact resolution went from 80.0% to 78.0% (−2.0 points)."


def test_rows_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(SettingError) as refused:
        sentence_of_rows(10, kept=8, set_aside=1)
    assert str(refused.value) == "read must be kept + set aside, got 10 != 8 + 1. Count every row once."


def test_the_headline_is_handed_to_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CSM_RUN_DIR", str(tmp_path))
    other = {**ROW, "key": "csat", "value": float("nan"), "is_met": pd.NA, "verdict": "not_measured", "extra": 1}
    said = write_headline(pd.DataFrame([ROW, other]), language="en")
    assert str(said) == "0 of 2 headline indicators reach their target; 1 miss it; 0 are too close to call."
    first, second = json.loads((tmp_path / "headline.json").read_text(encoding="utf-8"), parse_constant=pytest.fail)
    assert first == ROW
    assert tuple(second) == HEADLINE_FIELDS
    assert second["value"] is None and second["is_met"] is None


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            {"key": "fcr"},
            f"headline must have the fields {', '.join(HEADLINE_FIELDS)}, got none of "
            f"{list(HEADLINE_FIELDS[1:])}. Add them.",
        ),
        (
            {**ROW, "verdict": "good"},
            "verdict must be one of met, missed, too_close, no_target, not_measured, got 'good'. Use one of them.",
        ),
    ],
    ids=["a field is missing", "an unknown verdict"],
)
def test_a_headline_of_another_form_is_refused(row: dict[str, object], message: str) -> None:
    with pytest.raises(SettingError) as refused:
        write_headline([row])
    assert str(refused.value) == message
