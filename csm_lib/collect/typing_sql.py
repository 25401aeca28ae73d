"""Text to typed value: the SQL that reads one text cell as the type its column promises, null where it cannot."""

from __future__ import annotations

from types import MappingProxyType

from csm_lib.collect.entries import ColumnMap
from csm_lib.collect.numbers_sql import number_sql
from csm_lib.collect.times_sql import date_sql, instant_sql
from csm_lib.definitions import SPELLINGS, Column, words_of
from csm_lib.engine import quote_text

__all__ = ["DUCKDB_TYPES", "TYPE_PROMISES", "typed_sql"]

DUCKDB_TYPES = MappingProxyType(
    {
        "text": "VARCHAR",
        "instant": "TIMESTAMP WITH TIME ZONE",
        "date": "DATE",
        "number": "DOUBLE",
        "integer": "BIGINT",
        "boolean": "BOOLEAN",
    }
)
# type: reason when a text does not parse, and the promise in words
TYPE_PROMISES = MappingProxyType(
    {
        "instant": ("not_a_time", "must be a time"),
        "date": ("not_a_date", "must be a date"),
        "number": ("not_a_number", "must be a number"),
        "integer": ("not_a_whole_number", "must be a whole number"),
        "boolean": ("not_yes_or_no", "must be one of yes, no, true, false, 1, 0, 是, 否"),
    }
)
_YES = ("yes", "y", "true", "t", "1", "1.0", "on", "是", "是的", "对", "對", "有", "真", "√", "✓")
_NO = ("no", "n", "false", "f", "0", "0.0", "off", "否", "不是", "错", "錯", "无", "無", "假", "×", "✗")
# the last instant before those that count, and the first after them
_BEFORE, _AFTER = "TIMESTAMPTZ '1969-12-31 23:59:59.999999+00'", "TIMESTAMPTZ '2100-01-01 00:00:00+00'"


def typed_sql(text: str, column: Column, given: ColumnMap, *, zone: str) -> str:
    """Give the SQL that turns a text expression into the column's type, null where it does not parse.

    Parameters
    ----------
    text : str
        SQL of type text, already trimmed and with missing values null.
    column : Column
    given : ColumnMap
        May state format and unit.
    zone : str
        Time zone of times that state none.

    Notes
    -----
    Instants outside 1970 to 2099 are placeholders, not times.

    Examples
    --------
    >>> import duckdb
    >>> from csm_lib.definitions import TABLES
    >>> talk = TABLES["contacts"].column("talk_s")
    >>> sql = typed_sql("'2:05'", talk, ColumnMap.model_validate({"from": "x", "unit": "clock"}), zone="UTC")
    >>> duckdb.sql("SELECT " + sql).fetchall()
    [(125.0,)]
    """
    if column.type == "instant":
        instant = instant_sql(text, given, zone)
        # the long expression stands once: clamped to the two instants, which become null
        return f"nullif(nullif(least(greatest({instant}, {_BEFORE}), {_AFTER}), {_BEFORE}), {_AFTER})"
    if column.type == "date":
        return date_sql(text, given)
    if column.type in ("number", "integer"):
        number = number_sql(text, given, is_duration=column.name.endswith("_s"))
        if column.type == "number":
            return number
        return f"CASE WHEN {number} = round({number}) AND abs({number}) < 9e15 THEN CAST({number} AS BIGINT) END"
    if column.type == "boolean":
        low = f"lower({text})"
        yes, no = (", ".join(map(quote_text, words)) for words in (_YES, _NO))
        return f"CASE WHEN {low} IN ({yes}) THEN true WHEN {low} IN ({no}) THEN false END"
    return _word(text, column.words) if column.words else text


def _word(text: str, words: str) -> str:
    """Read a word of a closed list in any case, or in a spelling that means the same; null if it is none."""
    meant = {word: word for word in words_of(words)} | dict(SPELLINGS.get(words, {}))
    cases = " ".join(f"WHEN {quote_text(said)} THEN {quote_text(word)}" for said, word in meant.items())
    return f"CASE lower({text}) {cases} END"
