"""Tables whose rows have units of their own, and names that begin with a notebook's number."""

from __future__ import annotations

import html
import re

import pandas as pd

from csm_lib.show.tables import table


def cells(shown: object) -> list[str]:
    text = shown.as_raw_html()  # type: ignore[attr-defined]
    body = text[text.index("<tbody") :]
    found = re.findall(r"<t[dh].*?</t[dh]>", body, re.S)
    return [html.unescape(re.sub(r"<[^>]+>", "", cell)).strip() for cell in found]


ROWS = pd.DataFrame({"key": ["fcr", "frt"], "value": [0.78, 35.0], "change": [-0.012, 2.5], "unit": ["share", "s"]})


def test_differences_have_a_sign_and_those_of_shares_are_points() -> None:
    shown = table(ROWS, name="04_changes", title="t", columns={"key": "Indicator", "value": "Now", "change": "Change"})
    assert cells(shown) == ["First contact resolution", "78.0%", "−1.2 points", "First response", "35.0 s", "+2.5 s"]


def test_a_column_of_points_alone_names_them_in_its_heading() -> None:
    shown = table(ROWS[:1], name="04_changes", title="t", columns={"key": "Indicator", "change": "Change"})
    assert cells(shown) == ["First contact resolution", "−1.2"]
    assert "Change (points)" in shown.as_raw_html()
    parts = pd.DataFrame({"segment": ["chat"], "rate": [0.01], "low": [0.005], "high": [None]})
    shown = table(parts, name="parts", title="t", units=dict.fromkeys(["rate", "low", "high"], "points"))
    assert cells(shown) == ["chat", "+1.0", "0.5", "–"]


def test_a_change_of_a_time_is_written_in_the_unit_of_the_time() -> None:
    rows = pd.DataFrame({"key": ["ttr", "aht"], "value": [2760.0, 534.0], "change": [94.8, -2.0], "unit": "s"})
    shown = table(rows, name="04_changes", title="t", columns={"key": "Indicator", "change": "Change"})
    assert cells(shown) == ["ttr", "+1.6 min", "aht", "−2.0 s"]


def test_indicators_are_written_by_name_in_each_language() -> None:
    shown = table(ROWS, name="04_changes", title="t", columns={"key": "指标"}, language="zh")
    assert cells(shown) == ["一次性解决率", "首次响应时长"]


def test_a_key_that_is_no_indicator_stays_as_it_is() -> None:
    shown = table(pd.DataFrame({"key": ["fcr", "other"]}), name="t", title="t")
    assert cells(shown) == ["fcr", "other"]


def test_an_id_on_the_page_begins_with_a_letter() -> None:
    assert 'id="table-04-changes"' in table(ROWS, name="04_changes", title="t").as_raw_html()
    assert 'id="changes"' in table(ROWS, name="changes", title="t").as_raw_html()
