"""Meanings: columns whose texts could mean two things; the file is refused until its source says which.

03/04/2024 is a day in March or in April, 2:05 are minutes or hours, 1,234 is large or small, 45294 counts days. Only
where a column's own values leave one reading (a 31st cannot be a month) is it taken, and said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from csm_lib.collect.entries import ColumnMap, Entry
from csm_lib.collect.promises import Promise
from csm_lib.definitions import Column, Table
from csm_lib.errors import ContractError

__all__ = ["Meanings", "settle_meanings"]

_UNREAD = ("not_a_time", "not_a_date", "not_a_number", "not_a_whole_number")
# fewer unread rows than this share are single errors, not another form
_WORTH_A_LOOK = 0.1
_TURNED = r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})(?:,?\s|T|$)"
_COUNTED = r"^\d{5}(\.\d+)?$|^\d{9,10}(\.\d+)?$|^\d{12,13}$|^\d{15,16}$"
_SIGNED = r"^[+-]?\d[\d.,'' \x{a0}]*\d$"
# what follows the last sign is no group of three, or both signs stand there, or one sign stands twice
_COMMA_IS_DECIMAL = r"^[+-]?\d+(\.\d{3})*,(\d{1,2}|\d{4,})$|^[+-]?\d{1,3}(\.\d{3})+,\d+$|^[+-]?\d{1,3}(\.\d{3}){2,}$"
_POINT_IS_DECIMAL = r"^[+-]?\d+(,\d{3})*\.(\d{1,2}|\d{4,})$|^[+-]?\d{1,3}(,\d{3})+\.\d+$|^[+-]?\d{1,3}(,\d{3}){2,}$"
_TWO_PARTS = r"^\d+:[0-5]?\d$"


@dataclass(frozen=True)
class Meanings:
    """What the values themselves settled.

    Attributes
    ----------
    columns : mapping of str to ColumnMap
        Columns that are to be read otherwise than the source says alone.
    notes : tuple of str
    """

    columns: Mapping[str, ColumnMap]
    notes: tuple[str, ...] = ()


def settle_meanings(
    connection: duckdb.DuckDBPyConnection,
    entry: Entry,
    table: Table,
    *,
    promises: tuple[Promise, ...],
    texts: Mapping[str, str],
    raw: str,
    stage: str,
    path: Path,
) -> Meanings:
    """Look at the columns that were hardly read, and decide or refuse.

    Raises
    ------
    ContractError
        If a column can be read in two ways; names the key to add and its possible values, for all such columns.
    """
    codes = [str(place) for place, promise in enumerate(promises) if promise.reason in _UNREAD]
    if not codes:
        return Meanings({})
    n_rows, n_unread = connection.sql(
        f"SELECT count(*), count(*) FILTER (_code IN ({', '.join(codes)})) FROM {stage}"
    ).fetchall()[0]
    if n_unread < _WORTH_A_LOOK * n_rows or not n_unread:
        return Meanings({})
    settled: dict[str, ColumnMap] = {}
    notes: list[str] = []
    refused: list[str] = []
    for name, given in entry.columns.items():
        column = table.column(name)
        if given.value is not None or given.file_name is not None:
            continue
        if column.type in ("instant", "date") and not (given.format or given.order or given.unit):
            order, sentence = _order(connection, column, texts[name], raw=raw, path=path)
            if order:
                settled[name] = given.model_copy(update={"order": order})
                notes.append(sentence)
            elif sentence:
                refused.append(sentence)
        elif column.type in ("number", "integer") and not (given.thousands or given.decimal):
            signs, sentence = _number(connection, column, given, texts[name], raw=raw, path=path)
            if signs:
                settled[name] = given.model_copy(update=dict(signs))
                notes.append(sentence)
            elif sentence:
                refused.append(sentence)
    if refused:
        raise ContractError("\n".join(refused))
    return Meanings(settled, tuple(notes))


def _order(
    connection: duckdb.DuckDBPyConnection, column: Column, text: str, *, raw: str, path: Path
) -> tuple[str | None, str]:
    """Give the order of day and month that the values prove and a sentence; (None, refusal) or (None, "") else."""
    query = f"""
        SELECT count(t), count(day), count(*) FILTER (day > 12), count(*) FILTER (month > 12), count(*) FILTER (short),
               any_value(t ORDER BY _row) FILTER (day IS NOT NULL), any_value(t ORDER BY _row) FILTER (day > 12),
               any_value(t ORDER BY _row) FILTER (month > 12),
               count(*) FILTER (counted), any_value(t ORDER BY _row) FILTER (counted)
        FROM (SELECT _row, t, try_cast(nullif(part.d, '') AS INTEGER) AS day,
                     try_cast(nullif(part.m, '') AS INTEGER) AS month, length(part.y) = 2 AS short, counted
              FROM (SELECT _row, t, regexp_extract(t, '{_TURNED}', ['d', 'm', 'y']) AS part,
                           regexp_matches(t, '{_COUNTED}') AS counted FROM (SELECT _row, {text} AS t FROM {raw})))"""
    n, n_turned, n_high, n_low, n_short, first, high, low, n_counted, counted = connection.sql(query).fetchall()[0]
    name = column.name
    if 2 * n_counted > n:
        return None, _counted_sentence(column, counted, n_counted, path)
    if 2 * n_turned <= n:
        return None, ""
    where = f"{path.name}, {n_turned} row{'s' if n_turned > 1 else ''}"
    if n_short:
        return None, (
            f"{name} must be readable in one way, got {first!r} ({where}), whose day, month or year may come first. "
            f'Add order = "day_first", "month_first" or "year_first" to columns.{name} of its source.'
        )
    if n_high and n_low:
        return None, (
            f"{name} must have its days and months in one order, got {high!r} and {low!r} ({where}). Correct the "
            f"file, or list the forms in the order to try them as format in columns.{name} of its source."
        )
    if n_high or n_low:
        order, proof, n_proof = ("day_first", high, n_high) if n_high else ("month_first", low, n_low)
        return order, (
            f"{path.name}: {name} was read {order.replace('_', ' ')}, for {n_proof} of its {n_turned} dates can be "
            f'nothing else, such as {proof!r}. State order = "{order}" in columns.{name} of its source to be sure.'
        )
    return None, (
        f"{name} must be readable in one way, got {first!r} ({where}), which may have its day or its month first. "
        f'Add order = "day_first" or order = "month_first" to columns.{name} of its source.'
    )


def _counted_sentence(column: Column, text: str, n: int, path: Path) -> str:
    """Say what a counted time may be, and the day that each unit would make of it."""
    number = float(text)
    zero = datetime(1970, 1, 1, tzinfo=UTC)
    if number < 1e6:
        units = {
            "excel": datetime(1899, 12, 30, tzinfo=UTC) + timedelta(days=number),
            "excel_1904": datetime(1904, 1, 1, tzinfo=UTC) + timedelta(days=number),
        }
    elif number < 1e11:
        units = {"epoch_s": zero + timedelta(seconds=number)}
    elif number < 1e14:
        units = {"epoch_ms": zero + timedelta(milliseconds=number)}
    else:
        units = {"epoch_us": zero + timedelta(microseconds=number)}
    said = " or ".join(f'unit = "{unit}" ({moment:%Y-%m-%d %H:%M})' for unit, moment in units.items())
    return (
        f"{column.name} must say what its numbers count, got {text!r} ({path.name}, {n} row{'s' if n > 1 else ''}). "
        f"Add {said} to columns.{column.name} of its source."
    )


def _number(
    connection: duckdb.DuckDBPyConnection, column: Column, given: ColumnMap, text: str, *, raw: str, path: Path
) -> tuple[Mapping[str, str], str]:
    """Give the signs that the values prove and a sentence; none and a refusal, or none and no words, else."""
    is_duration = column.name.endswith("_s") and given.unit is None
    query = f"""
        SELECT count(t), count(*) FILTER (signed), any_value(t ORDER BY _row) FILTER (signed),
               count(*) FILTER (parts), any_value(t ORDER BY _row) FILTER (parts),
               any_value(t ORDER BY _row) FILTER (comma), any_value(t ORDER BY _row) FILTER (point)
        FROM (SELECT _row, t, regexp_matches(t, '{_SIGNED}') AND try_cast(t AS DOUBLE) IS NULL AS signed,
                     regexp_matches(t, '{_TWO_PARTS}') AS parts, regexp_matches(t, '{_COMMA_IS_DECIMAL}') AS comma,
                     regexp_matches(t, '{_POINT_IS_DECIMAL}') AS point FROM (SELECT _row, {text} AS t FROM {raw}))"""
    n, n_signed, signed, n_parts, parts, comma, point = connection.sql(query).fetchall()[0]
    key = f"columns.{column.name} of its source"
    if is_duration and 2 * n_parts > n:
        return {}, (
            f"{column.name} must be readable in one way, got {parts!r} ({path.name}, {n_parts} "
            f"row{'s' if n_parts > 1 else ''}), which may be minutes and seconds or hours and minutes. "
            f'Add unit = "clock" or unit = "hours_minutes" to {key}.'
        )
    if n_signed and (comma is None) != (point is None):
        signs = {"thousands": ".", "decimal": ","} if comma else {"thousands": ",", "decimal": "."}
        return signs, (
            f"{path.name}: {column.name} was read with {signs['decimal']!r} before its decimals, for a number such as "
            f"{comma or point!r} can be nothing else. State thousands = \"{signs['thousands']}\" and decimal = "
            f'"{signs["decimal"]}" in {key} to be sure.'
        )
    if 2 * n_signed > n:
        return {}, (
            f"{column.name} must be readable in one way, got {signed!r} ({path.name}, {n_signed} "
            f"row{'s' if n_signed > 1 else ''}), whose signs may part thousands or decimals. "
            f'Add thousands = "…" or decimal = "…" to {key}.'
        )
    return {}, ""
