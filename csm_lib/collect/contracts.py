"""Contracts: every row keeps what its table promises, or is set aside with its line, column, value and reason.

One query types and checks a whole file: each promise is a condition, the first one broken is the row's reason. Rows
read = rows kept + rows set aside, always. Three reasons are no one's fault and never count towards the allowed share:
a row superseded by a later state, an identical duplicate, and a row outside the population.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from csm_lib.collect.clock_changes import mark_clock_changes
from csm_lib.collect.entries import AnyEntry
from csm_lib.collect.identities import guarded_sql
from csm_lib.collect.meanings import settle_meanings
from csm_lib.collect.privacy import mask_text, mask_text_sql
from csm_lib.collect.promises import SPACES, Promise, promises_of, raw_value, text_sql
from csm_lib.collect.rawrows import RawRows
from csm_lib.collect.short_texts import mask_short_texts
from csm_lib.collect.typing_sql import DUCKDB_TYPES, typed_sql
from csm_lib.definitions import TABLES, Table
from csm_lib.engine import quote_name, quote_text
from csm_lib.errors import ContractError, SettingError

__all__ = ["NEVER_COUNTING", "SET_ASIDE_SCHEMA", "CheckedRows", "check_rows", "require_columns"]

NEVER_COUNTING = frozenset({"superseded", "duplicate", "out_of_population"})
# of a file's columns, in a message
_MOST_NAMED = 40
SET_ASIDE_SCHEMA = pa.schema(
    {"row": pa.int64(), "line": pa.int64(), "column": pa.string(), "value": pa.string(), "reason": pa.string()}
)


@dataclass(frozen=True)
class CheckedRows:
    """What became of a file's rows.

    Attributes
    ----------
    relation : str
        DuckDB view of the rows kept, with all columns of the table in order.
    n_read, n_kept : int
    set_aside : mapping of str to int
        Rows by reason; `n_read == n_kept + sum(set_aside.values())`.
    rows : pyarrow.Table
        One row per row set aside: `row line column value reason`.
    sentences : tuple of str
        What was broken, how often and where first; nothing about reasons that never count.
    notes : tuple of str
        What a person should know about how rows were read.
    """

    relation: str
    n_read: int
    n_kept: int
    set_aside: Mapping[str, int]
    rows: pa.Table
    sentences: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def broken_share(self) -> float:
        """Share of the rows read that broke a promise; superseded, duplicate and foreign rows broke none."""
        n_broken = sum(n for reason, n in self.set_aside.items() if reason not in NEVER_COUNTING)
        return n_broken / self.n_read if self.n_read else 0.0

    def release(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Free what the relation holds; it cannot be read afterwards."""
        connection.execute(f"DROP VIEW {self.relation}")
        connection.execute(f"DROP TABLE {self.relation}_stage; DROP TABLE {self.relation}_stage_repeated")


def require_columns(entry: AnyEntry, columns: tuple[str, ...], path: Path) -> None:
    """Refuse a file that lacks a column its source reads.

    Raises
    ------
    ContractError
        Names the missing columns, the nearest ones and all that were found.
    """
    wanted = [given.from_ for given in entry.columns.values() if given.from_ is not None]
    wanted += [entry.keep.latest_by] if entry.keep else []
    missing = [name for name in dict.fromkeys(wanted) if name not in columns]
    if not missing:
        return
    unread = [name for name in columns if name not in wanted]
    found_names = ", ".join(map(repr, mask_text(list(columns[:_MOST_NAMED]))))
    more = f" and {len(columns) - _MOST_NAMED:,} more" if len(columns) > _MOST_NAMED else ""
    near = {name: difflib.get_close_matches(name, unread, 1, 0.5) for name in missing}
    hints = "".join(f" Did you mean {found[0]!r} for {name!r}?" for name, found in near.items() if found)
    raise ContractError(
        f"{path.name} must have the column{'s' if len(missing) > 1 else ''} {', '.join(map(repr, missing))}, "
        f"got {found_names}{more} ({path}).{hints}{_above(columns)} Correct the header or the source's columns."
    )


def _above(columns: tuple[str, ...]) -> str:
    """Say what to do where the first line looks like a title: one name, or one beside unnamed columns."""
    n_named = sum(name != f"column_{place}" for place, name in enumerate(columns, start=1))
    return " Delete what stands above the header line, if it is a title." if n_named == 1 else ""


def check_rows(
    connection: duckdb.DuckDBPyConnection, raw: RawRows, entry: AnyEntry, *, path: Path, zone: str, relation: str
) -> CheckedRows:
    """Type and check every row of a file.

    Parameters
    ----------
    raw : RawRows
    entry : FileEntry
        Its columns must exist in the file (`require_columns`).
    path : Path
        The file, for values taken from its name and for messages.
    zone : str
        Time zone of times that state none.
    relation : str
        Name of the view to make of the rows kept.

    Raises
    ------
    SettingError
        If an SQL expression of the source cannot run; names its key.
    ContractError
        If the file's name lacks the part that the source takes from it, or a column can be read in two ways.
    """
    table = TABLES[entry.table]
    texts = {name: text_sql(given, entry, path) for name, given in entry.columns.items()}
    _require_sound_sql(connection, raw, entry, texts)
    promises = promises_of(table, entry, raw)
    stage = f"{relation}_stage"
    _stage(connection, raw, entry, table, texts=texts, promises=promises, zone=zone, stage=stage)
    look = {"raw": raw.relation, "stage": stage}
    settled = settle_meanings(connection, entry, table, promises=promises, texts=texts, path=path, **look)
    if settled.columns:
        entry = entry.model_copy(update={"columns": {**entry.columns, **settled.columns}})
        _stage(connection, raw, entry, table, texts=texts, promises=promises, zone=zone, stage=stage)
    twice = mark_clock_changes(
        connection, entry, table, promises=promises, texts=texts, zone=zone, path=path, **look
    )
    mask_short_texts(connection, table, entry, stage=stage)
    _repeated_keys(connection, table, entry, stage=stage, n_first=len(promises))
    keys = ", ".join(raw_value(entry.columns[name]) for name in _keyed(table, entry))
    rows = _set_aside_rows(connection, raw, table, promises, key=f"concat_ws(', ', {keys})", stage=f"{relation}_stage")
    _keep_view(connection, table, entry, stage=f"{relation}_stage", relation=relation)
    n_kept = connection.sql(f"SELECT count(*) FROM {relation}").fetchall()[0][0]
    counts = {str(item["values"]): int(item["counts"]) for item in rows["reason"].value_counts().to_pylist()}
    sentences = _sentences(rows, promises, path, n_fields=len(raw.columns))
    notes = (*raw.notes, *settled.notes, *twice)
    return CheckedRows(relation, raw.n_read, n_kept, dict(sorted(counts.items())), rows, sentences, notes)


def _require_sound_sql(
    connection: duckdb.DuckDBPyConnection, raw: RawRows, entry: AnyEntry, texts: Mapping[str, str]
) -> None:
    """Try every expression of the source on no rows, so that a message can name its key."""
    tried = {f"columns.{name}.sql": texts[name] for name, given in entry.columns.items() if given.sql is not None}
    tried |= {f"out_of_population[{n}].when": rule.when for n, rule in enumerate(entry.out_of_population)}
    tried |= {f"set_aside[{n}].when": rule.when for n, rule in enumerate(entry.set_aside)}
    for key, expression in tried.items():
        try:
            connection.sql(f"SELECT ({expression}) FROM {raw.relation} LIMIT 0")
        except duckdb.Error as error:
            said = str(error).splitlines()[0]
            raise SettingError(
                f"{key} must be a DuckDB expression over the file's columns, got {said} (source of {entry.pattern!r}, "
                f"table {entry.table}). Columns: {', '.join(raw.columns)}."
            ) from None


def _stage(
    connection: duckdb.DuckDBPyConnection,
    raw: RawRows,
    entry: AnyEntry,
    table: Table,
    *,
    texts: Mapping[str, str],
    promises: tuple[Promise, ...],
    zone: str,
    stage: str,
) -> None:
    """Make the table of typed rows: `_row`, `_code` (place of the first broken promise), `_latest`, values `v_…`."""
    rules = [*entry.out_of_population, *entry.set_aside]
    empty = [f"trim(coalesce({quote_name(name)}, ''), {quote_text(SPACES)}) = ''" for name in raw.columns]
    # the rest of a row is looked at only where its first cell is empty
    blank = f"CASE WHEN {empty[0]} THEN {' AND '.join(empty)} ELSE false END"
    flags = [f"({blank}) AS f_blank", *(f"({rule.when}) AS f_{number}" for number, rule in enumerate(rules))]
    latest = quote_name(entry.keep.latest_by) if entry.keep else "NULL"
    level_1 = ", ".join([*flags, f"{latest} AS _latest", *(f"{text} AS t_{name}" for name, text in texts.items())])
    values = []
    for name, given in entry.columns.items():
        column = table.column(name)
        text = guarded_sql(f"t_{name}", column, given)
        values.append(f"{typed_sql(text, column, given, zone=zone)} AS v_{name}")
    cases = " ".join(f"WHEN {promise.broken_when} THEN {place}" for place, promise in enumerate(promises))
    kept = ", ".join(f"v_{name}" for name in entry.columns)
    try:
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {stage} AS "
            f"SELECT _row, CAST(CASE {cases} END AS SMALLINT) AS _code, _latest, {kept} "
            f"FROM (SELECT *, {', '.join(values)} FROM (SELECT _row, {level_1} FROM {raw.relation}))"
        )
    except (duckdb.ConversionException, duckdb.InvalidInputException, duckdb.OutOfRangeException) as error:
        raise SettingError(
            f"the SQL of a source must not fail on any row, got {str(error).splitlines()[0]} (source of "
            f"{entry.pattern!r}, table {entry.table}). Use try_cast and try_strptime there."
        ) from None


def _repeated_keys(
    connection: duckdb.DuckDBPyConnection, table: Table, entry: AnyEntry, *, stage: str, n_first: int
) -> None:
    """Make `<stage>_repeated`: rows whose key a later row of the file has too, with `_code` from `n_first` on.

    0 superseded (by a higher `latest_by`), 1 duplicate (an identical row follows), 2 conflicting key. Superseding
    comes before checking, so that an old state cannot break a promise that its last state keeps.
    """
    key = ", ".join(f"v_{name}" for name in table.key if name in entry.columns)
    given = f"{_given_key(table, entry)} AND (_code IS NULL OR _code > {len(entry.out_of_population)})"
    several = f"SELECT {key} FROM {stage} WHERE {given} GROUP BY ALL HAVING count(*) > 1"
    alike = " AND ".join(f"stage.v_{name} IS NOT DISTINCT FROM several.v_{name}" for name in _keyed(table, entry))
    content = f"hash({', '.join(f'stage.v_{name}' for name in entry.columns)})"
    newest_first = "try_cast(_latest AS DOUBLE) DESC NULLS LAST, _latest DESC NULLS LAST, _row DESC"
    place = f"row_number() OVER (PARTITION BY {{}} ORDER BY {newest_first if entry.keep else '_row DESC'})"
    rank = place.format(key)
    code = f"CASE WHEN twin > 1 THEN {n_first + 1} ELSE {n_first + 2} END" if entry.keep is None else str(n_first)
    sound = given if entry.keep else f"{given} AND _code IS NULL"
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE {stage}_repeated AS SELECT _row, {code} AS _code FROM (
            SELECT _row, {rank} AS place, {place.format(key + ", content")} AS twin
            FROM (SELECT stage.*, {content} AS content FROM {stage} AS stage SEMI JOIN ({several}) AS several ON {alike}
                  WHERE {sound}))
        WHERE place > 1"""
    )


def _keyed(table: Table, entry: AnyEntry) -> list[str]:
    return [name for name in table.key if name in entry.columns]


def _given_key(table: Table, entry: AnyEntry) -> str:
    """Give the condition that all required parts of the key have a value."""
    return " AND ".join(f"v_{name} IS NOT NULL" for name in _keyed(table, entry) if table.column(name).is_required)


def _set_aside_rows(
    connection: duckdb.DuckDBPyConnection,
    raw: RawRows,
    table: Table,
    promises: tuple[Promise, ...],
    *,
    key: str,
    stage: str,
) -> pa.Table:
    """Gather every row set aside with its line, column, value and reason."""
    extra = ("superseded", "duplicate", "conflicting_key")
    reasons = [promise.reason for promise in promises] + list(extra)
    columns = [promise.column for promise in promises] + [", ".join(table.key)] * len(extra)
    values = " ".join(f"WHEN {place} THEN {promise.value}" for place, promise in enumerate(promises))
    found = connection.sql(
        f"""SELECT row, code, {mask_text_sql("value")} AS value
        FROM (SELECT _row AS row, code, CAST(CASE code {values} ELSE {key} END AS VARCHAR) AS value FROM (
            SELECT stage._row, coalesce(repeated._code, stage._code) AS code
            FROM {stage} AS stage LEFT JOIN {stage}_repeated AS repeated USING (_row)
            WHERE stage._code IS NOT NULL OR repeated._code IS NOT NULL
        ) AS aside JOIN {raw.relation} AS raw USING (_row)) ORDER BY row"""
    ).to_arrow_table()
    rows = found["row"].to_numpy()
    codes = found["code"].to_numpy()
    lines = raw.line_of(rows) if len(rows) else rows
    n_fields = len(raw.columns)
    broken = [(None, item.line, None, _field_count(item.value, n_fields), item.reason) for item in raw.broken]
    parts = [
        pa.table(
            {
                "row": pa.array(rows, pa.int64()),
                "line": pa.array(lines, pa.int64(), mask=lines < 0),
                "column": pa.array(columns, pa.string()).take(pa.array(codes, pa.int64())),
                "value": found["value"].cast(pa.string()),
                "reason": pa.array(reasons, pa.string()).take(pa.array(codes, pa.int64())),
            }
        ),
        pa.table(list(map(list, zip(*broken, strict=True))) or [[]] * 5, schema=SET_ASIDE_SCHEMA),
    ]
    return pa.concat_tables([part.cast(SET_ASIDE_SCHEMA) for part in parts])


def _field_count(text: str | None, n_expected: int) -> str | None:
    """Say how a malformed row differs; its text is not kept, for it may hold names."""
    return None if text is None else f"not {n_expected} fields"


def _keep_view(
    connection: duckdb.DuckDBPyConnection, table: Table, entry: AnyEntry, *, stage: str, relation: str
) -> None:
    """Make the view of the rows kept, every column of the table in its order, absent ones null."""
    columns = ", ".join(
        f"{f'v_{column.name}' if column.name in entry.columns else f'CAST(NULL AS {DUCKDB_TYPES[column.type]})'}"
        f" AS {column.name}"
        for column in table.columns
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW {relation} AS SELECT {columns} FROM {stage} "
        f"ANTI JOIN {stage}_repeated USING (_row) WHERE _code IS NULL"
    )


def _sentences(rows: pa.Table, promises: tuple[Promise, ...], path: Path, *, n_fields: int) -> tuple[str, ...]:
    """Say what was broken: promise, first value, how many rows and their first lines."""
    said = {(promise.reason, promise.column): promise.sentence for promise in promises}
    said[("malformed_row", None)] = f"a row must have {n_fields} fields"
    said[("blank_row", None)] = "a row must have values"
    groups: dict[tuple[str, str | None], list[tuple[int | None, str | None]]] = {}
    broken = rows.filter(pc.invert(pc.is_in(rows["reason"], pa.array(sorted(NEVER_COUNTING)))))
    for row in broken.select(["reason", "column", "line", "value"]).to_pylist():
        groups.setdefault((row["reason"], row["column"]), []).append((row["line"], row["value"]))
    found = []
    for (reason, column), places in groups.items():
        sentence = said.get((reason, column), f"{column} must identify one row")
        lines = ", ".join(str(line) for line, _ in places[:3] if line is not None)
        more = ", …" if len(places) > 3 else ""
        values = list(dict.fromkeys(value for _, value in places if value is not None))[:3]
        got = f", got {', '.join(map(repr, values))}" if values else ""
        n = len(places)
        found.append(f"{sentence}{got} ({path.name}, {n} row{'s' if n > 1 else ''}, line {lines}{more})")
    return tuple(found)
