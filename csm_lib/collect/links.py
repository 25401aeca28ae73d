"""Links: what tables promise each other. A row that names another finds it; no table stops while the others go on."""

from __future__ import annotations

from collections.abc import Collection

import duckdb

from csm_lib.collect.warehouse import Warehouse
from csm_lib.definitions import TABLES, Table

__all__ = ["link_sentences", "links_query"]


def link_sentences(
    connection: duckdb.DuckDBPyConnection, warehouse: Warehouse, *, changed: Collection[str]
) -> list[str]:
    """Say which links between tables are broken; nothing is set aside for it.

    Parameters
    ----------
    changed : collection of str
        Tables that have other rows than before: links from or to them are looked at.

    Returns
    -------
    list of str
        One sentence per broken promise, in the order of the definitions.
    """
    sentences = []
    for table in TABLES.values():
        for column, other in table.references:
            if {table.name, other} & set(changed):
                sentences += _unknown(connection, warehouse, table, column=column, other=other)
    if any(TABLES[name].fresh_within_days for name in changed if name in TABLES):
        sentences += _late(connection, warehouse)
    return sentences


def links_query() -> str:
    """Give the query of all links between tables that have rows: who points to whom, and how many rows find nobody.

    Returns
    -------
    str
        One row per link: `table column refers_to n n_unknown value`; `n` rows that name one, `value` the share of them
        that no row has (0–1). Null where the other table has no rows at all: then nobody can tell.

    Examples
    --------
    >>> links_query().count("UNION ALL")
    6
    """
    parts: list[str] = []
    for table in TABLES.values():
        for column, other in table.references:
            (key,) = TABLES[other].key
            parts.append(
                f"SELECT {len(parts)} AS place, '{table.name}' AS \"table\", '{column}' AS \"column\", "
                f"'{other}' AS refers_to, count(*) AS n, "
                f"CASE WHEN EXISTS (SELECT 1 FROM {other}) THEN count(*) FILTER (others.key IS NULL) END AS n_unknown "
                f"FROM {table.name} AS rows LEFT JOIN (SELECT DISTINCT {key} AS key FROM {other}) AS others "
                f"ON rows.{column} = others.key WHERE rows.{column} IS NOT NULL"
            )
    every = " UNION ALL ".join(parts)
    return f"SELECT * EXCLUDE place, n_unknown / n AS value FROM ({every}) WHERE n > 0 ORDER BY place"


def _unknown(
    connection: duckdb.DuckDBPyConnection, warehouse: Warehouse, table: Table, *, column: str, other: str
) -> list[str]:
    """Say which values name no row of the other table; nothing where that table has no rows at all."""
    if not (warehouse.has(table.name) and warehouse.has(other)):
        return []
    (key,) = TABLES[other].key
    query = f"""
        SELECT (SELECT count(*) FROM {warehouse.snapshot_sql(other)}), count(*), count(DISTINCT {column}), min({column})
        FROM {warehouse.snapshot_sql(table.name)} AS rows
        ANTI JOIN {warehouse.snapshot_sql(other)} AS others ON rows.{column} = others.{key}
        WHERE {column} IS NOT NULL"""
    n_others, n_rows, n_values, first = connection.sql(query).fetchall()[0]
    if not n_others or not n_rows:
        return []
    return [
        f"{table.name}.{column} must name a row of {other}, got {first!r}"
        f"{f' and {n_values - 1:,} more' if n_values > 1 else ''} that no row has ({n_rows:,} "
        f"row{'s' if n_rows > 1 else ''}, kept). Ingest the export that holds them."
    ]


def _late(connection: duckdb.DuckDBPyConnection, warehouse: Warehouse) -> list[str]:
    """Say which tables end long before the others."""
    newest = {}
    for table in TABLES.values():
        if table.fresh_within_days and warehouse.has(table.name):
            (dated,) = [column.name for column in table.columns if column.type == "instant"][:1]
            query = f"SELECT epoch(max({dated})), strftime(max({dated}), '%Y-%m-%d') FROM "
            at, day = connection.sql(query + warehouse.snapshot_sql(table.name)).fetchall()[0]
            if at is not None:
                newest[table.name] = (at, dated, day)
    if not newest:
        return []
    last = max(newest, key=lambda name: newest[name][0])
    sentences = []
    for name, (at, dated, day) in newest.items():
        n_days = (newest[last][0] - at) / 86400
        allowed = TABLES[name].fresh_within_days
        if allowed and n_days > allowed:
            sentences.append(
                f"{name} must reach to within {allowed:g} days of the newest rows, got {day} as its last {dated} while "
                f"{last} goes on to {newest[last][2]} ({n_days:.0f} days later). Ingest what came since, or ask the "
                "owner of its export."
            )
    return sentences
