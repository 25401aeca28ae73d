from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from csm_lib.errors import SettingError
from csm_lib.show.tables import scorecard_table, table

CARD = pd.DataFrame(
    {
        "key": ["frt", "fcr", "csat"],
        "value": [35.0, 0.78, float("nan")],
        "low": [34.0, 0.77, float("nan")],
        "high": [36.0, 0.79, float("nan")],
        "n": [30000, 25000, 0],
        "unit": ["s", "share", "share"],
        "target": [30.0, 0.85, 0.9],
        "is_met": [False, False, None],
        "verdict": ["missed", "too_close", "not_measured"],
    }
)


def test_cells_are_written_by_unit_and_escaped() -> None:
    frame = pd.DataFrame(
        {
            "team": ["<b>A</b>"],
            "n": [1234],
            "wait_s": [125.0],
            "answered_share": [0.5],
            "value": [0.25],
            "unit": ["share"],
        }
    )
    html = table(frame, name="teams", title="Te<i>ams").as_raw_html()
    for wanted in ("&lt;b&gt;A&lt;/b&gt;", "1,234", "2.1 min", "50.0%", "25.0%", "Te&lt;i&gt;ams"):
        assert wanted in html
    assert "<b>A" not in html and ">unit<" not in html


def test_the_same_frame_gives_the_same_bytes_and_a_plain_title() -> None:
    frame = pd.DataFrame({"team": ["A"], "n": [1]})
    one, other = (table(frame, name="teams", title="Teams") for _ in range(2))
    assert one.as_raw_html() == other.as_raw_html()
    assert repr(one) == "Table: Teams"


def test_the_scorecard_has_the_classic_columns() -> None:
    html = scorecard_table(CARD, title="Scorecard", language="en").as_raw_html()
    for wanted in ("35.0 s", "≤ 30.0 s", "34.0–36.0 s", "30,000", "✗ missed", "≥ 85.0%", "≈ too close to call"):
        assert wanted in html
    chinese = scorecard_table(CARD, title="指标", language="zh").as_raw_html()
    assert "✗ 未达标" in chinese and "missed" not in chinese


def test_the_frame_behind_a_table_is_kept_unrounded_in_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pd.DataFrame({"segment": [(("team", "A"),), None], "value": [1 / 3, 2.0], "mixed": [1, "x"]})
    before = frame.copy(deep=True)
    monkeypatch.delenv("CSM_RUN_DIR", raising=False)
    table(frame, name="parts", title="Parts")
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setenv("CSM_RUN_DIR", str(tmp_path))
    table(frame, name="parts", title="Parts")
    kept = pd.read_parquet(tmp_path / "tables" / "parts.parquet")
    assert kept["value"].tolist() == [1 / 3, 2.0]
    assert kept["segment"].tolist()[0] == "(('team', 'A'),)"
    assert json.loads((tmp_path / "tables" / "parts.json").read_text(encoding="utf-8"))["title"] == "Parts"
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize("frame", [CARD.head(0), CARD.head(1)], ids=["no row", "one row"])
def test_few_rows_are_no_trouble(frame: pd.DataFrame) -> None:
    assert "Scorecard" in scorecard_table(frame, title="Scorecard").as_raw_html()
    assert "Table" in table(frame, name="one", title="Table").as_raw_html()


def test_an_unknown_column_is_refused() -> None:
    with pytest.raises(SettingError) as refused:
        table(CARD[["key", "n"]], name="card", title="Card", columns={"kez": "Key"})
    assert str(refused.value) == "columns must be columns of 'card', got ['kez']. It has ['key', 'n']."


def test_an_unknown_indicator_is_refused() -> None:
    with pytest.raises(SettingError, match=r"^key must be one of .*frt.*, got \['frz'\]\. Check the spelling\.$"):
        scorecard_table(CARD.assign(key="frz").head(1), title="Card")


def test_codes_of_the_data_are_written_as_words_and_names_are_not() -> None:
    rows = pd.DataFrame(
        {
            "cause": ["cross_department"],
            "team": ["team_a"],
            "evidence": ["fcr where customer_segment = new_customer"],
            "keys": [("fcr", "complaint_rate")],
            "segment": [(("part_of_day", "17 to 19"), ("product", None))],
        }
    )
    page = table(rows, name="t", title="t").as_raw_html()
    assert "cross department" in page and "team_a" in page
    assert "First contact resolution where the customer segment is new customer" in page
    assert "First contact resolution · Complaints" in page
    assert "part of day: 17 to 19 · product: (not noted)" in page


@pytest.mark.parametrize(
    ("evidence", "said"),
    [("cause = skills", "the cause is skills"), ("fcr", "First contact resolution"),
     ("somebody said so", "somebody said so"),
     ("frt where agent_load = '5 or more' within channel = chat",
      "First response where the agent load is 5 or more (of those where the channel is chat)"),
     ("frt where local_hour >= 17 within channel = chat",
      "frt where local_hour &gt;= 17 within channel = chat")],
    ids=["a count", "an indicator", "a person", "a population", "a comparison"],
)  # fmt: skip
def test_evidence_is_said_in_words(evidence: str, said: str) -> None:
    page = table(pd.DataFrame({"n": [1], "evidence": [evidence]}), name="t", title="t").as_raw_html()
    assert f">{said}</td>" in page
