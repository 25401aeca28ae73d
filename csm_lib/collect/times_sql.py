"""Times as texts: the SQL that reads the forms which systems write, where a text can mean one instant only.

Read without being told: ISO 8601 in its usual spellings, 2024/1/3 下午 5:05, 2024年1月3日 17时05分, 20240103170500,
3 Jan 2024 5:05 PM. Told by the source: any `format`, the `order` of day, month and year, days or seconds counted from
a start (`unit`). A text that could be two days (03/04/2024) stays unread until the source says which.
"""

from __future__ import annotations

from types import MappingProxyType

from csm_lib.collect.entries import ColumnMap
from csm_lib.collect.rawrows import narrow_sql
from csm_lib.engine import quote_text

__all__ = ["COUNTED", "date_sql", "instant_sql", "local_sql"]

# whole texts: the engine's own cast takes what follows, a PM too, for a time zone's name and drops it
_DAY = r"^\d{4}[-/]\d{1,2}[-/]\d{1,2}"
_CLOCK_TIME = r"[T ]\s*\d{1,2}:\d{1,2}(?::\d{1,2}(?:\.\d+)?)?"
_PLAIN = "'____-__-__ __:__:__'"
_DAY_ALONE = quote_text(_DAY)
_LOCAL = quote_text(rf"{_DAY}(?:{_CLOCK_TIME})?$")
_ZONED = quote_text(rf"{_DAY}{_CLOCK_TIME}\s*(?:Z|UTC|GMT|[+-]\d{{2}}(?::?\d{{2}})?)$")
_ENDS_IN_ZONE = r"':\d{2}(\.\d+)?\s*(Z|UTC|GMT|[+-]\d{2}(:?\d{2})?)$'"
# pattern and what takes its place, one after the other; the result begins with year-month-day
_ANY_ORDER = (
    (r"^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*[日号號T]?\s*", r"\1-\2-\3 "),
    (r"^(\d{2})\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*[日号號]?\s*", r"20\1-\2-\3 "),
    (r"^((?:19|20)\d\d)(\d\d)(\d\d)$", r"\1-\2-\3 "),
    (r"^((?:19|20)\d\d)(\d\d)(\d\d)[T ]?(\d\d)(\d\d)(\d\d)", r"\1-\2-\3 \4:\5:\6"),
    (r"^((?:19|20)\d\d)(\d\d)(\d\d)[T ]+(\d)", r"\1-\2-\3 \4"),
    (r"^(?:[A-Za-z]{3,9},?\s+)?(\d{1,2})[-\s]([A-Za-z]{3})[a-z]*\.?[-,\s]\s*(\d{4}),?\s*", r"\3-\2-\1 "),
    (r"^(?:[A-Za-z]{3,9},?\s+)?([A-Za-z]{3})[a-z]*\.?\s+(\d{1,2}),?\s+(\d{4}),?\s*", r"\3-\1-\2 "),
)
_OF_ORDER = MappingProxyType(
    {
        "day_first": (
            (r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})(?:,?\s+|T|$)", r"\3-\2-\1 "),
            (r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{2})(?:,?\s+|T|$)", r"20\3-\2-\1 "),
        ),
        "month_first": (
            (r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})(?:,?\s+|T|$)", r"\3-\1-\2 "),
            (r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{2})(?:,?\s+|T|$)", r"20\3-\1-\2 "),
        ),
        "year_first": ((r"^(\d{2})[-/.](\d{1,2})[-/.](\d{1,2})(?:,?\s+|T|$)", r"20\1-\2-\3 "),),
    }
)
# what may stand around a time and says nothing more: weekdays in Chinese
_WEEKDAY = (r"\s*[(（]?(?:星期|周|週|礼拜)[一二三四五六日天][)）]?\s*", " ")
_CLOCK = (
    (r"(\d{1,2})\s*[时時点點]\s*(\d{1,2})\s*分\s*(\d{1,2})\s*秒", r"\1:\2:\3"),
    (r"(\d{1,2})\s*[时時点點]\s*(\d{1,2})\s*分?", r"\1:\2"),
    (r"(\d{1,2})\s*[时時点點]\s*整?$", r"\1:00"),
    (r"：", ":"),
    (r"(:\d\d),(\d{1,6})\b", r"\1.\2"),
    (r"\s上午\s*(\d[\d:.]*)\s*$", r" \1 AM"),
    (r"\s下午\s*(\d[\d:.]*)\s*$", r" \1 PM"),
    (r"\s*([AaPp])\.?[Mm]\.?\s*$", r" \1M"),
)
_FORMS = tuple(
    f"%Y-{month}-%d{clock}"
    for month in ("%m", "%b")
    for clock in (" %I:%M:%S %p", " %I:%M %p", " %I:%M:%S.%f %p", " %H:%M:%S", " %H:%M", " %H:%M:%S.%f", "")
)
_EPOCH = MappingProxyType({"epoch_s": 1_000_000, "epoch_ms": 1_000, "epoch_us": 1})
# day 0 of the two calendars of spreadsheets; the first one counts a 29 February 1900 that never was
_DAY_ZERO = MappingProxyType({"excel": "1899-12-30", "excel_1904": "1904-01-01"})
COUNTED = frozenset({*_EPOCH, *_DAY_ZERO})


def _rewritten(text: str, order: str | None) -> str:
    """Give the SQL of a text that begins with year-month-day if its form is known."""
    rules = (_WEEKDAY, *_ANY_ORDER, *(_OF_ORDER[order] if order else ()), *_CLOCK)
    text = narrow_sql(text)
    for pattern, instead in rules:
        text = f"regexp_replace({text}, {quote_text(pattern)}, {quote_text(instead)})"
    return f"trim({text})"


def _local(rewritten: str) -> str:
    forms = ", ".join(map(quote_text, _FORMS))
    return (
        f"CASE WHEN regexp_matches({rewritten}, {_LOCAL}) THEN try_cast({rewritten} AS TIMESTAMP) "
        f"WHEN regexp_matches({rewritten}, '^\\d{{4}}-') AND NOT regexp_matches({rewritten}, {_ENDS_IN_ZONE}) "
        f"THEN try_strptime({rewritten}, [{forms}]) END"
    )


def _zoned(rewritten: str) -> str:
    plain = f"regexp_replace({rewritten}, '\\s*(Z|UTC|GMT)$', '+00:00')"
    return (
        f"CASE WHEN regexp_matches({rewritten}, {_ZONED}) "
        f"THEN {_offset_joined(plain)} "
        f"WHEN regexp_matches({rewritten}, {_ENDS_IN_ZONE}) THEN try_strptime(regexp_replace({plain}, "
        "'\\s*([+-][\\d:]+)$', ' \\1'), '%Y-%b-%d %H:%M:%S %z') END"
    )


def _offset_joined(text: str) -> str:
    """Give the SQL of the instant of a zoned text; the engine reads no space before an offset."""
    return f"try_cast(regexp_replace({text}, '\\s+([+-][\\d:]+)$', '\\1') AS TIMESTAMPTZ)"


def _counted(text: str, unit: str) -> str:
    number = f"try_cast({text} AS DOUBLE)"
    if unit in _EPOCH:
        micros = f"round({number} * {_EPOCH[unit]})"
        return f"CASE WHEN abs({micros}) < 9e18 THEN make_timestamp(CAST({micros} AS BIGINT)) END"
    # a serial number holds milliseconds at best
    millis = f"round({number} * 86400000)"
    return (
        f"CASE WHEN {number} BETWEEN 1 AND 2958465 "
        f"THEN TIMESTAMP '{_DAY_ZERO[unit]}' + to_milliseconds(CAST({millis} AS BIGINT)) END"
    )


def instant_sql(text: str, given: ColumnMap, zone: str) -> str:
    """Give the SQL of the instant that a text means, null where it means none or could mean two.

    Parameters
    ----------
    text : str
        SQL of type text, trimmed, missing values null.
    given : ColumnMap
        May state `format`, `order` or `unit`.
    zone : str
        Time zone of texts that state none.

    Notes
    -----
    A local time that a clock change repeats is read as its second pass; one that it skips, with the offset before the
    change: `csm_lib.collect.clock_changes` finds both.

    Examples
    --------
    >>> import duckdb
    >>> given = ColumnMap.model_validate({"from": "x"})
    >>> sql = instant_sql("'2024年1月3日 17时05分'", given, "Asia/Shanghai")
    >>> duckdb.sql(f"SELECT CAST(timezone('UTC', {sql}) AS VARCHAR)").fetchall()
    [('2024-01-03 09:05:00',)]
    """
    if given.unit is not None and given.unit in _EPOCH:
        return f"timezone('UTC', {_counted(text, given.unit)})"
    local = quote_text(zone)
    if given.format:
        parses = [
            f"try_strptime({text}, {quote_text(form)})"
            if "%z" in form
            else f"timezone({local}, try_strptime({text}, {quote_text(form)}))"
            for form in given.format
        ]
        return f"coalesce({', '.join(parses)})"
    if given.unit is not None and given.unit in _DAY_ZERO:
        return f"timezone({local}, {_counted(text, given.unit)})"
    read = f"timezone({local}, try_cast({text} AS TIMESTAMP))"
    other = f"coalesce(timezone({local}, {_local('form')}), {_zoned('form')})"
    return (
        f"CASE WHEN {text} IS NULL THEN NULL WHEN {text} LIKE {_PLAIN} AND {text}[-1] BETWEEN '0' AND '9' THEN {read} "
        f"WHEN regexp_matches({text}, {_LOCAL}) THEN {read} "
        f"WHEN regexp_matches({text}, {_ZONED}) THEN {_offset_joined(text)} "
        f"ELSE list_transform([{_rewritten(text, given.order)}], lambda form: {other})[1] END"
    )


def local_sql(text: str, given: ColumnMap) -> str | None:
    """Give the SQL of the local time that a text names, null where it states its zone; None if it can name none."""
    if given.unit in _EPOCH:
        return None
    if given.format:
        parses = [f"try_strptime({text}, {quote_text(form)})" for form in given.format if "%z" not in form]
        return f"coalesce({', '.join(parses)}, NULL)" if parses else None
    if given.unit is not None and given.unit in _DAY_ZERO:
        return _counted(text, given.unit)
    return f"list_transform([{_rewritten(text, given.order)}], lambda form: {_local('form')})[1]"


def date_sql(text: str, given: ColumnMap) -> str:
    """Give the SQL of the date that a text names, in whichever zone, null where it names none or could mean two.

    Examples
    --------
    >>> import duckdb
    >>> given = ColumnMap.model_validate({"from": "x", "order": "day_first"})
    >>> sql = date_sql("'3/4/2024'", given)
    >>> duckdb.sql(f"SELECT CAST({sql} AS VARCHAR)").fetchall()
    [('2024-04-03',)]
    """
    if given.format:
        parses = [f"CAST(try_strptime({text}, {quote_text(form)}) AS DATE)" for form in given.format]
        return f"coalesce({', '.join(parses)})"
    if given.unit is not None and given.unit in COUNTED:
        return f"CAST({_counted(text, given.unit)} AS DATE)"
    return (
        f"CASE WHEN {text} IS NULL THEN NULL "
        f"WHEN regexp_matches({text}, {_LOCAL}) THEN CAST(try_cast({text} AS TIMESTAMP) AS DATE) "
        f"WHEN regexp_matches({text}, {_ZONED}) THEN try_cast(regexp_extract({text}, {_DAY_ALONE}) AS DATE) "
        f"ELSE CAST({local_sql(text, given)} AS DATE) END"
    )
