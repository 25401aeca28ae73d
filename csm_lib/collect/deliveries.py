"""Deliveries: rows that an export used to hold and does not hold any more.

A source may say that its files are whole (`snapshot = true`): a file then holds every row of the span it covers. What
an earlier delivery had within that span, or in the file of the same name, and this one lacks, was deleted or lost
upstream. It stays here, for a report must not change by itself, but it is reported and remembered until it comes back.
"""

from __future__ import annotations

from csm_lib.collect.contracts import CheckedRows
from csm_lib.collect.entries import AnyEntry
from csm_lib.collect.readings import Origin, Reading, record_key
from csm_lib.collect.warehouse import LOG_TABLES
from csm_lib.definitions import TABLES, Table
from csm_lib.engine import quote_name, quote_text

__all__ = ["compare_delivery"]

_EXAMPLES = 5
_KEY = ("source", "table", "key")


def compare_delivery(reading: Reading, origin: Origin, entry: AnyEntry, rows: CheckedRows) -> int:
    """Tell how many rows a whole delivery lacks that an earlier one had; note them and what came.

    Parameters
    ----------
    entry : FileEntry or QueryEntry
        Nothing is compared unless it says `snapshot`.
    rows : CheckedRows
        Rows set aside count as delivered: they are in the file.

    Returns
    -------
    int
    """
    if not entry.snapshot:
        return 0
    label, source, table = record_key(reading, origin, entry)
    connection = reading.connection
    stage = f"{rows.relation}_stage"
    present = {name.removeprefix("v_") for name in connection.table(stage).columns}
    connection.execute(f"CREATE OR REPLACE TEMP TABLE delivered AS {_delivered(TABLES[table], stage, present)}")
    is_theirs = f"source = {quote_text(source)} AND {quote_name('table')} = {quote_text(table)}"
    # a table without times has no span: each delivery is the whole of it
    first_at, last_at = (f"(SELECT {bound}(spanned_at) FROM delivered)" for bound in ("min", "max"))
    has_span = _span_column(TABLES[table], present) is not None
    is_within = f"spanned_at BETWEEN {first_at} AND {last_at}" if has_span else "true"
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE missing AS SELECT * FROM {reading.writer.reading.snapshot_sql("deliveries")}
        WHERE {is_theirs} AND key NOT IN (SELECT key FROM delivered) AND (file = {quote_text(label)} OR {is_within})"""
    )
    constants = f"{quote_text(source)} AS source, {quote_text(table)} AS {quote_name('table')}"
    columns = ", ".join(map(quote_name, LOG_TABLES["deliveries"]))
    came = f"SELECT {constants}, key, spanned_at, {quote_text(label)} AS file, false AS is_missing FROM delivered"
    went = "SELECT * REPLACE (true AS is_missing) FROM missing"
    reading.writer.upsert("deliveries", f"SELECT {columns} FROM ({came} UNION ALL BY NAME {went})", key=_KEY)
    first = connection.sql(f"SELECT key FROM missing ORDER BY key LIMIT {_EXAMPLES}").fetchall()
    n_missing = int(connection.sql("SELECT count(*) FROM missing").fetchall()[0][0])
    connection.execute("DROP TABLE delivered; DROP TABLE missing")
    if n_missing:
        examples = ", ".join(repr(key) for (key,) in first) + (", …" if n_missing > len(first) else "")
        reading.account.warnings.append(
            f"{label} must hold every row of its span, got {n_missing:,} row{'s' if n_missing > 1 else ''} of {table} "
            f"less than an earlier delivery ({examples}). They are kept here; ask the system's owner if they are gone."
        )
    return n_missing


def _delivered(table: Table, stage: str, present: set[str]) -> str:
    """Give the query of all keys a file holds, with the instant that puts each into its span, if there is one."""
    key = [name for name in table.key if name in present]
    parts = ", ".join(f"CAST(v_{name} AS VARCHAR)" for name in key)
    placed = _span_column(table, present)
    spanned = f"max(v_{placed})" if placed else "CAST(NULL AS TIMESTAMPTZ)"
    required = " AND ".join(f"v_{name} IS NOT NULL" for name in key if table.column(name).is_required)
    return (
        f"SELECT concat_ws(', ', {parts}) AS key, {spanned} AS spanned_at FROM {stage} WHERE {required or 'true'} "
        "GROUP BY 1"
    )


def _span_column(table: Table, present: set[str]) -> str | None:
    """Give the first column of times that the file has: what its span is counted by."""
    return next((item.name for item in table.columns if item.type == "instant" and item.name in present), None)
