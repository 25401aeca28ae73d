from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd
import pytest

from csm_lib.errors import SettingError
from csm_lib.show.format import in_language, write_date, write_interval, write_value


@pytest.mark.parametrize(
    ("value", "unit", "en", "zh"),
    [
        pytest.param(0.1234, "share", "12.3%", "12.3%", id="a share is a percentage"),
        pytest.param(-0.0004, "points", "0.0", "0.0", id="no minus before zero"),
        pytest.param(-0.25, "points", "−25.0", "−25.0", id="points times one hundred"),
        pytest.param(119.96, "s", "120.0 s", "120.0秒", id="seconds up to two minutes"),
        pytest.param(120.0, "s", "2.0 min", "2.0分钟", id="minutes from two minutes"),
        pytest.param(7200.0, "s", "2.0 h", "2.0小时", id="hours from two hours"),
        pytest.param(3 * 86400.0, "s", "3.0 days", "3.0天", id="days from two days"),
        pytest.param(1234567, "n", "1,234,567", "1,234,567", id="thousands are parted"),
        pytest.param(4.456, "score", "4.46", "4.46", id="a rating has two decimals"),
        pytest.param(1234.5, "money", "1,234.50", "1,234.50", id="money has two decimals"),
        pytest.param(float("nan"), "n", "–", "–", id="not a number is a dash"),
        pytest.param(None, "share", "–", "–", id="nothing is a dash"),
        pytest.param(pd.NaT, "date", "–", "–", id="no date is a dash"),
        pytest.param(float("inf"), "s", "∞", "∞", id="endless"),
        pytest.param(dt.date(2024, 2, 10), "date", "10 Feb 2024", "2024年2月10日", id="a date"),
        pytest.param("客服", "text", "客服", "客服", id="a text"),
    ],
)
def test_a_value_is_written_by_its_unit(value: Any, unit: str, en: str, zh: str) -> None:
    assert write_value(value, unit, language="en") == en
    assert write_value(value, unit, language="zh") == zh


@pytest.mark.parametrize(
    ("low", "high", "unit", "wanted"),
    [
        pytest.param(34.0, 36.0, "s", "34.0–36.0 s", id="the unit once"),
        pytest.param(90.0, 150.0, "s", "90.0 s–2.5 min", id="two units where they differ"),
        pytest.param(-0.1, 0.2, "points", "−10.0 to 20.0", id="no dash before a minus"),
        pytest.param(None, 1.0, "share", "–", id="no interval"),
        pytest.param(float("nan"), 1.0, "share", "–", id="an interval without a bound"),
    ],
)
def test_an_interval_is_written(low: Any, high: Any, unit: str, wanted: str) -> None:
    assert write_interval(low, high, unit, language="en") == wanted


def test_a_difference_has_its_sign() -> None:
    assert write_value(0.021, "points", signed=True) == "+2.1"


def test_a_difference_too_small_for_one_decimal_gets_two() -> None:
    assert write_value(0.0004, "points", signed=True) == "+0.04"
    assert write_value(0.0, "points", signed=True) == write_value(0.00001, "points") == "0.0"


def test_money_names_the_currency_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CSM_CURRENCY", "CNY")
    assert write_value(12285.4, "amount") == "12,285 CNY"
    assert write_value(10.5, "money", language="zh") == "10.50元"
    assert write_interval(2840, 3591, "amount") == "2,840–3,591 CNY"


def test_the_language_of_the_run_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CSM_LANGUAGE", "zh")
    assert in_language() == "zh"
    assert write_date(dt.date(2024, 1, 2)) == "2024年1月2日"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: in_language("de"), "language must be one of en, zh, got 'de'. Choose one of them."),
        (
            lambda: write_value(1, "percent"),
            "unit must be one of s, share, share_fine, points, score, money, amount, n, number, erlang, per_h, per_s, "
            "exact, date, text, code, word, indicator, got 'percent'. Choose one of them.",
        ),
    ],
    ids=["an unknown language", "an unknown unit"],
)
def test_what_is_not_known_is_refused(call: Any, message: str) -> None:
    with pytest.raises(SettingError) as refused:
        call()
    assert str(refused.value) == message
