"""Text to typed value: the SQL that reads one text cell as the type its column promises, null where it cannot."""

from __future__ import annotations

from types import MappingProxyType

from csm_lib.collect.rawrows import quote_text
from csm_lib.collect.sources import ColumnMap
from csm_lib.definitions import SPELLINGS, Column, words_of

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
_FACTORS = MappingProxyType({None: 1.0, "s": 1.0, "ms": 0.001, "minutes": 60.0, "hours": 3600.0})
_EARLIEST, _LATEST = "TIMESTAMPTZ '1970-01-01 00:00:00+00'", "TIMESTAMPTZ '2100-01-01 00:00:00+00'"
_HAS_ZONE = r":\d{2}(\.\d+)?\s*(Z|UTC|GMT|[+-]\d{2}(:?\d{2})?)$"


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
    Instants outside 1970 to 2099 are placeholders, not times. A local time that a clock change skips or repeats
    is read as DuckDB does: the offset before the change.

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
        instant = _instant(text, given, zone)
        return f"CASE WHEN {instant} >= {_EARLIEST} AND {instant} < {_LATEST} THEN {instant} END"
    if column.type == "date":
        parses = [f"CAST(try_strptime({text}, {quote_text(form)}) AS DATE)" for form in given.format]
        return f"coalesce({', '.join(parses)})" if parses else f"try_cast({text} AS DATE)"
    if column.type in ("number", "integer"):
        number = _number(text, given)
        if column.type == "number":
            return number
        return f"CASE WHEN {number} = round({number}) AND abs({number}) < 9e15 THEN CAST({number} AS BIGINT) END"
    if column.type == "boolean":
        low = f"lower({text})"
        return (
            f"CASE WHEN {low} IN ('yes', 'y', 'true', 't', '1', '是') THEN true "
            f"WHEN {low} IN ('no', 'n', 'false', 'f', '0', '否') THEN false END"
        )
    return _word(text, column.words) if column.words else text


def _instant(text: str, given: ColumnMap, zone: str) -> str:
    if given.unit in ("epoch_s", "epoch_ms"):
        factor = 1_000_000 if given.unit == "epoch_s" else 1_000
        return f"make_timestamptz(CAST(round(try_cast({text} AS DOUBLE) * {factor}) AS BIGINT))"
    local = quote_text(zone)
    if given.format:
        parses = [
            f"try_strptime({text}, {quote_text(form)})"
            if "%z" in form
            else f"timezone({local}, try_strptime({text}, {quote_text(form)}))"
            for form in given.format
        ]
        return f"coalesce({', '.join(parses)})"
    return (
        f"CASE WHEN NOT regexp_matches({text}, '^\\d{{4}}[-/]\\d') THEN NULL "
        f"WHEN regexp_matches({text}, '{_HAS_ZONE}') THEN try_cast({text} AS TIMESTAMPTZ) "
        f"ELSE timezone({local}, try_cast({text} AS TIMESTAMP)) END"
    )


def _number(text: str, given: ColumnMap) -> str:
    if given.unit == "clock":
        part = [f"try_cast(split_part({text}, ':', {place}) AS DOUBLE)" for place in (1, 2, 3)]
        return (
            f"CASE WHEN regexp_matches({text}, '^\\d+:[0-5]?\\d$') THEN {part[0]} * 60 + {part[1]} "
            f"WHEN regexp_matches({text}, '^\\d+:[0-5]?\\d:[0-5]?\\d(\\.\\d+)?$') "
            f"THEN {part[0]} * 3600 + {part[1]} * 60 + {part[2]} END"
        )
    number = f"try_cast({text} AS DOUBLE)"
    factor = _FACTORS[given.unit]
    scaled = number if factor == 1.0 else f"({number} * {factor})"
    return f"CASE WHEN isfinite({number}) THEN {scaled} END"


def _word(text: str, words: str) -> str:
    """Read a word of a closed list in any case, or in a spelling that means the same; null if it is none."""
    meant = {word: word for word in words_of(words)} | dict(SPELLINGS.get(words, {}))
    cases = " ".join(f"WHEN {quote_text(said)} THEN {quote_text(word)}" for said, word in meant.items())
    return f"CASE lower({text}) {cases} END"
