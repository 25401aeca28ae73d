"""Numbers and durations as texts: the SQL that reads them as numbers, durations in seconds.

Read without being told: 1234.5, and for a duration also 1:02:03, 2h 5m, 2分30秒. Told by the source: the signs between
thousands and before decimals, the unit, and that 2:05 means minutes and seconds. 1,234 or 2:05 alone stay unread.
"""

from __future__ import annotations

import re
from types import MappingProxyType

from csm_lib.collect.entries import ColumnMap
from csm_lib.collect.rawrows import narrow_sql
from csm_lib.engine import quote_text

__all__ = ["number_sql"]

_FACTORS = MappingProxyType({"ms": 0.001, "minutes": 60.0, "hours": 3600.0})
_AMOUNT = r"(\d+(?:\.\d+)?)\s*"
# unit: its words, and the first letter or sign that tells it from the others; seconds in one
_PARTS = (
    (r"(?:d|days?|天|日)", r"(?:d|天|日)", 86400),
    (r"(?:h|hrs?|hours?|小时|小時|时|時)", r"(?:h|小时|小時|时|時)", 3600),
    (r"(?:m|mins?|minutes?|分钟|分鐘|分)", r"(?:m|分)", 60),
    (r"(?:s|secs?|seconds?|秒钟|秒鐘|秒)", r"(?:s|秒)", 1),
)
_WORDED = "^(?:pt?)?" + "".join(rf"(?:\d+(?:\.\d+)?\s*{words}[\s,t]*)?" for words, _, _ in _PARTS) + "$"


def number_sql(text: str, given: ColumnMap, *, is_duration: bool) -> str:
    """Give the SQL of the number that a text means, null where it means none or could mean two.

    Parameters
    ----------
    text : str
        SQL of type text, trimmed, missing values null.
    given : ColumnMap
        May state `unit`, `thousands` and `decimal`.
    is_duration : bool
        True where the column holds seconds.

    Examples
    --------
    >>> import duckdb
    >>> given = ColumnMap.model_validate({"from": "x", "thousands": ".", "decimal": ","})
    >>> duckdb.sql("SELECT " + number_sql("'1.234,5'", given, is_duration=False)).fetchall()
    [(1234.5,)]
    """
    if given.unit == "clock":
        return _clock(narrow_sql(text), has_two_parts=True)
    if given.unit == "hours_minutes":
        text = narrow_sql(text)
        hours, minutes = _part(text, 1), _part(text, 2)
        return f"CASE WHEN regexp_matches({text}, '^\\d+:[0-5]?\\d$') THEN {hours} * 3600 + {minutes} * 60 END"
    number = f"coalesce({_plain(text, given)}, {_plain(narrow_sql(text), given)})"
    text = narrow_sql(text)
    if given.unit == "duration":
        return f"coalesce({number}, {_clock(text, has_two_parts=True)}, {_worded(text)})"
    if given.unit is not None and given.unit in _FACTORS:
        return f"({number} * {_FACTORS[given.unit]})"
    if given.unit is None and is_duration:
        return f"coalesce({number}, {_clock(text, has_two_parts=False)}, {_worded(text)})"
    return number


def _plain(text: str, given: ColumnMap) -> str:
    """Read a number with the signs that the source states."""
    if given.thousands is None and given.decimal in (None, "."):
        number = f"try_cast({text} AS DOUBLE)"
        return f"CASE WHEN isfinite({number}) THEN {number} END"
    between = "[ \u00a0\u202f]" if given.thousands == " " else re.escape(given.thousands or "")
    point = re.escape(given.decimal or ".")
    grouped = rf"\d{{1,3}}(?:{between}\d{{2,3}})*{between}\d{{3}}|" if given.thousands else ""
    form = quote_text(rf"^[+-]?(?:{grouped}\d+)(?:{point}\d+)?$")
    bare = f"regexp_replace({text}, {quote_text(between)}, '', 'g')" if given.thousands else text
    return (
        f"CASE WHEN regexp_matches({text}, {form}) "
        f"THEN try_cast(replace({bare}, {quote_text(given.decimal or '.')}, '.') AS DOUBLE) END"
    )


def _part(text: str, place: int) -> str:
    return f"try_cast(split_part({text}, ':', {place}) AS DOUBLE)"


def _clock(text: str, *, has_two_parts: bool) -> str:
    """Read h:mm:ss, and m:ss where that is meant."""
    two = f"WHEN regexp_matches({text}, '^\\d+:[0-5]?\\d$') THEN {_part(text, 1)} * 60 + {_part(text, 2)} "
    three = (
        f"WHEN regexp_matches({text}, '^\\d+:[0-5]?\\d:[0-5]?\\d(\\.\\d+)?$') "
        f"THEN {_part(text, 1)} * 3600 + {_part(text, 2)} * 60 + {_part(text, 3)} "
    )
    return f"CASE {two if has_two_parts else ''}{three}END"


def _worded(text: str) -> str:
    """Read amounts with their units: 2h 5m, 2分30秒, PT2M30S."""
    low = f"lower({text})"
    amounts = [(f"regexp_extract({low}, {quote_text(_AMOUNT + sign)}, 1)", factor) for _, sign, factor in _PARTS]
    terms = " + ".join(f"coalesce(try_cast(nullif({each}, '') AS DOUBLE), 0) * {factor}" for each, factor in amounts)
    return f"CASE WHEN regexp_matches({low}, {quote_text(_WORDED)}) AND regexp_matches({low}, '\\d') THEN {terms} END"
