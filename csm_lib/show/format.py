"""Write numbers, shares, durations and dates the way each language does; the only place where anything is rounded.

Values arrive unrounded with a unit; what cannot be measured is shown as a dash, never as zero.
"""

from __future__ import annotations

import datetime as dt
import math
import os
import re
from collections.abc import Iterable
from typing import Any

from babel.dates import format_date as babel_date
from babel.numbers import format_decimal

from csm_lib.definitions import INDICATORS
from csm_lib.errors import SettingError
from csm_lib.show.translation import LANGUAGES, in_language, translated

__all__ = [
    "LANGUAGES",
    "NOT_MEASURED",
    "UNITS",
    "in_language",
    "name_indicator",
    "sparkline",
    "write_code",
    "write_date",
    "write_interval",
    "write_value",
]

NOT_MEASURED = "–"
UNITS = {
    "s": "duration in seconds",
    "share": "0–1, shown as percent",
    "share_fine": "0–1, shown as percent with two decimals",
    "points": "difference of shares, −1 to 1, shown times 100",
    "score": "rating, two decimals",
    "money": "in the currency of the settings, two decimals",
    "amount": "in the currency of the settings, whole",
    "n": "count",
    "number": "one decimal",
    "erlang": "load, one decimal",
    "per_h": "rate per hour, one decimal",
    "per_s": "rate per second, shown per minute, two decimals",
    "exact": "as many digits as it takes to tell, at most four",
    "date": "local date",
    "text": "as it is",
    "code": "as it is, in a table in code font",
    "word": "text or code that the catalogues may have in the language",
    "indicator": "key of an indicator, shown by its name",
}
_PATTERNS = {
    "score": "#,##0.00",
    "money": "#,##0.00",
    "share_fine": "#,##0.00",
    "per_s": "#,##0.00",
    "n": "#,##0",
    "amount": "#,##0",
    "exact": "#,##0.####",
}
_CODE = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)+")
# what English calls columns whose names are no words; the catalogues have them for other languages
_SPOKEN = {
    "accuracy rating": "accuracy",
    "csat": "overall satisfaction",
    "customer id": "customer",
    "handle s": "handle time",
    "is repeat": "repeat contact",
    "local date": "day",
    "message pair": "pair of messages",
    "wait s": "wait",
}
_BLOCKS = "▁▂▃▄▅▆▇█"
_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0


def write_value(
    value: Any, unit: str, *, language: str | None = None, signed: bool = False, like: float | None = None
) -> str:
    """Write one value with its unit.

    Parameters
    ----------
    value : float, int, bool, date, str or None
        Unrounded; None and NaN are shown as a dash.
    unit : str
        One of `UNITS`.
    language : str, optional
    signed : bool
        Put a plus before what is above zero, as differences need it; points too few for one decimal get two.
    like : float, optional
        Write a time in the unit that this one is written in, unless nothing would be left of it.

    Returns
    -------
    str

    Raises
    ------
    SettingError
        If the unit is not known.

    Examples
    --------
    >>> write_value(0.7812, "share"), write_value(0.7812, "share_fine")
    ('78.1%', '78.12%')
    >>> write_value(35.04, "s"), write_value(5400, "s"), write_value(-0.0123, "points")
    ('35.0 s', '90.0 min', '−1.2')
    >>> write_value(0.01, "per_s")
    '0.60'
    """
    if unit not in UNITS:
        raise SettingError(f"unit must be one of {', '.join(UNITS)}, got {unit!r}. Choose one of them.")
    if value is None or value != value:  # NaN and NaT differ from themselves
        return NOT_MEASURED
    chosen = in_language(language)
    if unit == "indicator" and value in INDICATORS:
        return name_indicator(value, language=chosen)
    if unit == "word":
        return write_code(value, language=chosen)
    if unit in ("text", "code") or isinstance(value, str):
        return str(value)
    if unit == "date":
        return write_date(value, language=chosen)
    if math.isinf(value):
        text = "∞" if value > 0 else "−∞"
    elif unit == "s":
        text = _duration(float(value), chosen, like)
    else:
        text = _number(float(value), unit, chosen, fine=signed)
    return f"+{text}" if signed and value > 0 and re.search("[1-9∞]", text) else text


def write_interval(low: Any, high: Any, unit: str, *, language: str | None = None) -> str:
    """Write an interval; a dash where there is none.

    Parameters
    ----------
    low, high : float
    unit : str
    language : str, optional

    Returns
    -------
    str

    Examples
    --------
    >>> write_interval(0.77, 0.79, "share")
    '77.0–79.0%'
    """
    if low is None or high is None or low != low or high != high:
        return NOT_MEASURED
    joint = {"en": " to ", "zh": "至"}[in_language(language)] if low < 0 or high < 0 else "–"
    lower, upper = write_value(low, unit, language=language), write_value(high, unit, language=language)
    ending = upper.lstrip("−+0123456789.,")
    return joint.join((lower.removesuffix(ending), upper))


def name_indicator(key: str, *, language: str | None = None) -> str:
    """Name an indicator.

    Parameters
    ----------
    key : str
    language : str, optional

    Returns
    -------
    str

    Examples
    --------
    >>> name_indicator("fcr"), name_indicator("fcr", language="zh")
    ('First contact resolution', '一次性解决率')
    """
    return INDICATORS[key].name_zh if in_language(language) == "zh" else INDICATORS[key].name_en


def write_code(entry: Any, *, language: str | None = None) -> str:
    """Write a code of the data as words of the language, and any other name as it is.

    Parameters
    ----------
    entry : object
    language : str, optional

    Returns
    -------
    str

    Examples
    --------
    >>> write_code("slow_response"), write_code("Team_A"), write_code(17), write_code("wait_s")
    ('slow response', 'Team_A', '17', 'wait')
    >>> write_code("knowledge", language="zh")
    '知识不足'
    """
    text = str(entry)
    spaced = text.replace("_", " ") if _CODE.fullmatch(text) else text
    return _SPOKEN.get(spaced, spaced) if in_language(language) == "en" else translated(spaced, language)


def write_date(value: Any, *, language: str | None = None) -> str:
    """Write a local date.

    Parameters
    ----------
    value : date or datetime
    language : str, optional

    Returns
    -------
    str

    Examples
    --------
    >>> import datetime
    >>> write_date(datetime.date(2024, 3, 1)), write_date(datetime.date(2024, 3, 1), language="zh")
    ('1 Mar 2024', '2024年3月1日')
    """
    day = value.date() if isinstance(value, dt.datetime) else value
    return babel_date(day, format="medium", locale=LANGUAGES[in_language(language)])


def sparkline(values: Iterable[float]) -> str:
    """Draw a course as blocks, the lowest of its values as the lowest block; what is missing is a gap.

    Parameters
    ----------
    values : iterable of float
        Oldest first.

    Returns
    -------
    str
        A dash where fewer than two are known.

    Examples
    --------
    >>> sparkline([0.70, 0.75, float("nan"), 0.80]), sparkline([1.0, 1.0]), sparkline([1.0])
    ('▁▅ █', '▄▄', '–')
    """
    known = [value for value in values if value is not None]
    numbers = [value for value in known if value == value]
    if len(numbers) < 2:
        return NOT_MEASURED
    least, span = min(numbers), max(numbers) - min(numbers)
    places = [3 if not span else round((value - least) / span * 7) if value == value else -1 for value in known]
    return "".join(" " if place < 0 else _BLOCKS[place] for place in places)


def _number(value: float, unit: str, language: str, *, fine: bool = False) -> str:
    scale = 100.0 if unit in ("share", "share_fine", "points") else _MINUTE if unit == "per_s" else 1.0
    is_small = fine and unit == "points" and abs(value * scale) < 0.05
    pattern = "#,##0.0#" if is_small else _PATTERNS.get(unit, "#,##0.0")
    text = format_decimal(value * scale, format=pattern, locale=LANGUAGES[language]).replace("-", "−")
    text = text.removeprefix("−") if not any(digit in text for digit in "123456789") else text
    if unit in ("share", "share_fine"):
        return f"{text}%"
    currency = translated(os.environ.get("CSM_CURRENCY", ""), language) if unit in ("money", "amount") else ""
    gap = " " if currency.isascii() else ""
    return f"{text}{gap}{currency}" if currency else text


def _duration(value: float, language: str, like: float | None) -> str:
    words = {"en": (" s", " min", " h", " days"), "zh": ("秒", "分钟", "小时", "天")}[language]
    steps = ((2 * _MINUTE, 1.0), (2 * _HOUR, _MINUTE), (2 * _DAY, _HOUR), (math.inf, _DAY))

    def step_of(size: float) -> int:
        return next(place for place, (below, _) in enumerate(steps) if size < below)

    chosen = step_of(abs(value))
    if like is not None and math.isfinite(like):
        wanted = step_of(abs(like))
        chosen = wanted if abs(value) / steps[wanted][1] >= 0.05 else chosen
    return _number(value / steps[chosen][1], "number", language) + words[chosen]
