"""Sentences about when: each event, and the day of change, in both languages."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest

from csm_lib.show.events import sentence_of_change, sentences_of_events


def happened(**other: Any) -> dict[str, Any]:
    return {"title": "New *app*", "starts_on": date(2024, 2, 5), "about": None, "n_days": 28, "n_before": 900, "n": 950,
            "before": 0.8, "value": 0.74, "change": -0.06, "low": -0.09, "high": -0.03, "is_signal": True,
            "others": None, "reason": None} | other  # fmt: skip


def around(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(list(rows)).astype({"is_signal": object})


NUMBERS = (
    "is associated with a change of First contact resolution by −6.0 points (95% interval −9.0 to −3.0): 80.0% in the "
    "28 days before (n = 900), 74.0% in those after (n = 950)."
)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        pytest.param({}, f"New *app* (from 5 Feb 2024) {NUMBERS} It stands out among the 2 events compared.",
                     id="a signal"),
        pytest.param({"is_signal": False, "about": "app_chat"},
                     "Around New *app* (app chat, from 5 Feb 2024) First contact resolution changed by −6.0 points "
                     "(95% interval −9.0 to −3.0): 80.0% in the 28 days before (n = 900), 74.0% in those after "
                     "(n = 950). That is within what chance gives among the 2 events compared.",
                     id="within chance, of one channel"),
        pytest.param({"others": "Sale, Outage"},
                     f"New *app* (from 5 Feb 2024) {NUMBERS} It stands out among the 2 events compared. What also "
                     "began then cannot be told apart from it: Sale, Outage.", id="not alone"),
        pytest.param({"is_signal": None, "low": None, "high": None, "reason": "too few days for an interval"},
                     "Around New *app* (from 5 Feb 2024) First contact resolution changed by −6.0 points, without an "
                     "interval (too few days for an interval): 80.0% in the 28 days before (n = 900), 74.0% in "
                     "those after (n = 950).",
                     id="without an interval"),
        pytest.param({"is_signal": None, "change": None, "reason": "nothing in the population before it"},
                     "New *app* (from 5 Feb 2024): not measured, nothing in the population before it.",
                     id="not compared"),
    ],
)  # fmt: skip
def test_each_event_with_number_n_and_interval(other: dict[str, Any], said: str) -> None:
    compared = [happened(title="Sale"), happened(title="Outage", is_signal=False)]
    if other.get("is_signal", True) is not None:
        compared = compared[:1]
    lines = sentences_of_events(around(happened(**other), *compared), key="fcr").text.splitlines()
    assert lines[0] == said
    assert len(lines) == 1 + len(compared)


def test_a_title_cannot_mark_up_the_page() -> None:
    assert "New \\*app\\*" in sentences_of_events(around(happened()), key="fcr").markdown


def test_the_only_event_is_not_set_against_others() -> None:
    assert sentences_of_events(around(happened()), key="fcr").text.endswith("It stands out, the only event compared.")
    calm = sentences_of_events(around(happened(is_signal=False)), key="fcr").text
    assert calm.endswith("That is within what chance gives.")


def test_of_how_many_events_it_stands_out_may_be_told() -> None:
    rows = around(happened()).assign(key="csat")
    rows.attrs["n_compared"] = 4
    said = sentences_of_events(rows).text
    assert "a change of Satisfaction, top two by" in said
    assert said.endswith("It stands out among the 4 events compared.")


def test_events_in_chinese() -> None:
    rows = around(happened(title="App", others="Sale"), happened(title="Sale", is_signal=False))
    first, second = sentences_of_events(rows, key="fcr", language="zh").text.splitlines()
    assert first == (
        "“App”（2024年2月5日起）与一次性解决率变化−6.0个百分点相关（95%区间−9.0至−3.0）：之前28天为80.0%（样本量900），"
        "之后同样天数为74.0%（样本量950）。在比较的2个事件中显著突出。同期开始的还有Sale，无法区分各自的影响。"
    )
    assert second.startswith("“Sale”（2024年2月5日起）前后，一次性解决率变化−6.0个百分点（95%区间−9.0至−3.0）：")
    assert second.endswith("在比较的2个事件中，这属于偶然范围。")


def test_no_event_is_said_with_its_reason() -> None:
    none = pd.DataFrame()
    none.attrs["reason"] = "no event is noted for these days"
    assert sentences_of_events(none, key="fcr").text == (
        "What happened around then: not measured, no event is noted for these days."
    )


CHANGED = {"changed_on": date(2024, 2, 5), "low_on": date(2024, 2, 3), "high_on": date(2024, 2, 8), "before": 300.0,
           "after": 390.0, "n_days": 91, "reason": None}  # fmt: skip
STEP = (
    "Handle time stands at another level from 5 Feb 2024 on (95% interval 3 Feb 2024 to 8 Feb 2024, n = 91 "
    "days): 5.0 min before, 6.5 min after (+1.5 min)."
)


def test_the_day_of_change_with_what_began_then() -> None:
    days = {"Sale": date(2024, 2, 8), "Fair": date(2024, 2, 9)}
    noted = around(*(happened(title=title, starts_on=day) for title, day in days.items()))
    assert sentence_of_change(CHANGED, key="aht", events=noted).text == f"{STEP} Associated with these days: Sale."
    assert sentence_of_change(CHANGED, key="aht").text == f"{STEP} No noted event is associated with these days."


def test_the_day_of_change_in_chinese() -> None:
    said = sentence_of_change(CHANGED, key="aht", events=around(happened(title="Sale")), language="zh").text
    assert said.endswith("与这些日子相关的事件：Sale。")
    assert "自2024年2月5日起处于另一水平（95%区间2024年2月3日至2024年2月8日，样本量91天）" in said


def test_no_change_beyond_chance_is_a_finding() -> None:
    calm = dict.fromkeys(CHANGED) | {"n_days": 91, "p": 0.4, "reason": "no step is larger than chance makes them"}
    assert sentence_of_change(calm, key="fcr").text == (
        "First contact resolution stands at one level: no step within 91 days is larger than chance makes them."
    )
    said = sentence_of_change(calm, key="fcr", language="zh").text
    assert said == "一次性解决率处于同一水平：91天内没有超出偶然的跃变。"


def test_too_few_days_are_said_with_their_reason() -> None:
    few = dict.fromkeys(CHANGED) | {"n_days": 9, "p": None, "reason": "fewer than 28 days with data"}
    assert sentence_of_change(few, key="fcr").text == ("The day of change: not measured, fewer than 28 days with data.")
