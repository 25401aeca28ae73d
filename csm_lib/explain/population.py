"""Read the rows an indicator speaks of, with the dimensions to search, and split them into two halves.

What is found by looking at many segments is too good to be true on the rows it was found on. So one half of the rows
proposes and the other half confirms. The halves depend on what the rows say, never on their order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from csm_lib.definitions import FACTS, INDICATORS
from csm_lib.engine import connect
from csm_lib.errors import UsageError
from csm_lib.measure.sums import columns_of

__all__ = ["MAX_LEVELS", "Rows", "read_rows", "table_of"]

MAX_LEVELS = 2_000
# clusters are kept whole in one half where there are many small ones (customers); with few large ones (days) the
# halves would differ by luck, so rows are split
_MIN_CLUSTERS = 200
_MAX_CLUSTER_ROWS = 20


@dataclass(frozen=True)
class Rows:
    """The population as arrays, before and after stacked.

    Attributes
    ----------
    codes : ndarray of int, shape (n_rows, n_dimensions)
        Position of each row's value in `levels`.
    levels : tuple of list
        Values of each dimension, sorted, a missing one last.
    numerator, denominator : ndarray of float, shape (n_rows,)
    is_after : ndarray of bool, shape (n_rows,)
        False in the former period; all True against a target.
    is_confirming : ndarray of bool, shape (n_rows,)
        Which half of the sample.
    clusters : ndarray of int, shape (n_rows,), or None
        Rows of one cluster depend on each other.
    has_small_clusters : bool
        True if clusters are many and small; then each lies in one half whole.
    """

    codes: NDArray[np.int64]
    levels: tuple[list[Any], ...]
    numerator: NDArray[np.float64]
    denominator: NDArray[np.float64]
    is_after: NDArray[np.bool_]
    is_confirming: NDArray[np.bool_]
    clusters: NDArray[np.int64] | None
    has_small_clusters: bool


def read_rows(after: Any, before: Any | None, key: str, *, dimensions: Sequence[str]) -> Rows:
    """Read the population of an indicator from one or two periods.

    Parameters
    ----------
    after, before : frame, or mapping of grain to frame
        `before` may be None.
    key : str
        An indicator's key, or a numeric or boolean column: then its mean over the rows where it is present.
    dimensions : sequence of str
        Columns to search over.

    Returns
    -------
    Rows

    Raises
    ------
    UsageError
        If the key is unknown, a column is absent, a dimension has more than `MAX_LEVELS` values, or a period has no
        row.
    """
    periods = [(after, "facts", True)] + ([(before, "before", False)] if before is not None else [])
    read = [(_read(frame, key, dimensions, role), is_after) for frame, role, is_after in periods]
    stacked = pa.concat_tables([table for table, _ in read], promote_options="permissive")
    is_after = np.repeat([flag for _, flag in read], [table.num_rows for table, _ in read])
    encoded = [_encode(stacked.column(f"d{i}"), name) for i, name in enumerate(dimensions)]
    codes = np.column_stack([code for code, _ in encoded])
    numerator, denominator = (stacked.column(name).to_numpy() for name in ("x", "d"))
    clusters = _clusters(stacked.column("cluster"))
    unit = stacked.column("unit")
    n_clusters = 0 if clusters is None else int(clusters.max()) + 1
    is_small = n_clusters >= max(_MIN_CLUSTERS, stacked.num_rows / _MAX_CLUSTER_ROWS)
    if is_small:
        unit = stacked.column("cluster_hash")
    bits = _hash_of_content(codes, numerator, denominator, is_after) if unit.null_count else unit.to_numpy()
    halves = (_mix(bits) & np.uint64(1)).astype(bool)
    levels = tuple(values for _, values in encoded)
    return Rows(codes, levels, numerator, denominator, is_after, halves, clusters, is_small)


def _read(facts: Any, key: str, dimensions: Sequence[str], role: str) -> pa.Table:
    """Read dimensions, numerator x, denominator d, cluster and the hash that splits the sample."""
    row = INDICATORS.get(key)
    parts: list[tuple[Any, str | None, str, str, Sequence[str], str | None]]
    if row is None:
        _check_column(_frame(facts, None), key)
        below = f"CASE WHEN {_quoted(key)} IS NOT NULL THEN 1 END"
        parts = [(_frame(facts, None), None, _quoted(key), below, [key], None)]
    elif row.denominator_grain:
        parts = [
            (_frame(facts, row.grain), row.grain, row.numerator, "0", row.columns, row.cluster),
            (_frame(facts, row.denominator_grain), row.denominator_grain, "0", row.denominator,
             row.denominator_columns, row.cluster),
        ]  # fmt: skip
    else:
        parts = [(_frame(facts, row.grain), row.grain, row.numerator, row.denominator, row.columns, row.cluster)]
    tables = [_query(*part, dimensions=dimensions, role=role, has_zero=len(parts) > 1) for part in parts]
    table = pa.concat_tables(tables, promote_options="permissive")
    if not pc.sum(table.column("d")).as_py():
        raise UsageError(
            f"{role} must hold a row in the population of {key!r}, got none. Choose a period that has data."
        )
    return table


def _check_column(frame: Any, key: str) -> None:
    """Refuse a key that names neither an indicator nor a column with a mean."""
    if key in columns_of(frame):
        kind = table_of(frame, [key], role="facts").schema.field(key).type
        is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
        if is_number or pa.types.is_boolean(kind) or pa.types.is_null(kind):
            return
    raise UsageError(
        f"key must name an indicator, or a numeric or boolean column of the facts, got {key!r}. Choose from "
        f"{', '.join(INDICATORS)}, or name such a column."
    )


def _query(
    frame: Any, grain: str | None, above: str, below: str, columns: Sequence[str], cluster: str | None,
    *, dimensions: Sequence[str], role: str, has_zero: bool,
) -> pa.Table:  # fmt: skip
    present = columns_of(frame)
    needed = list(dict.fromkeys([*columns, *dimensions]))
    unit = FACTS[grain].key if grain else next((fact.key for fact in FACTS.values() if fact.key in present), None)
    optional = [name for name in (cluster, unit) if name and name in present]
    table = table_of(frame, needed, role=role, optional=optional)
    group = _quoted(cluster) if cluster in present else "NULL"
    picked = [f"{_quoted(name)} AS d{i}" for i, name in enumerate(dimensions)]
    picked += [f"({above})::DOUBLE AS x", f"({below})::DOUBLE AS d", f"({group})::VARCHAR AS cluster"]
    picked += [f"{_hash(group)} AS cluster_hash", f"{_hash(_quoted(unit) if unit in present else 'NULL')} AS unit"]
    where = "x IS NOT NULL AND d IS NOT NULL AND (x <> 0 OR d <> 0)" if has_zero else "d <> 0"
    query = f"SELECT * REPLACE (coalesce(x, 0) AS x) FROM (SELECT {', '.join(picked)} FROM facts) WHERE {where}"
    with connect() as connection:
        connection.register("facts", table)
        return connection.sql(query).to_arrow_table()


def table_of(frame: Any, names: Sequence[str], *, role: str, optional: Sequence[str] = ()) -> pa.Table:
    """Take the named columns of whatever holds them.

    Parameters
    ----------
    frame : pandas, Polars or Arrow frame, or DuckDB relation
    names : sequence of str
    role : str
        What the frame is called in the message.
    optional : sequence of str
        Further columns, known to be there.

    Returns
    -------
    pyarrow.Table

    Raises
    ------
    UsageError
        If a column is absent.
    """
    present, wanted = columns_of(frame), list(dict.fromkeys(names))
    absent = [name for name in wanted if name not in present]
    if absent:
        raise UsageError(
            f"{role} must have the columns {', '.join(wanted)}, got none called {', '.join(absent)}. "
            f"It has {', '.join(present)}."
        )
    wanted = list(dict.fromkeys([*wanted, *optional]))
    if isinstance(frame, pd.DataFrame):
        return pa.Table.from_pandas(frame[wanted], preserve_index=False)
    if isinstance(frame, duckdb.DuckDBPyRelation):
        return frame.project(", ".join(map(_quoted, wanted))).to_arrow_table()
    is_lazy = hasattr(frame, "collect_schema") and hasattr(frame, "collect")
    return pa.table(frame.collect() if is_lazy else frame).select(wanted)


def _frame(facts: Any, grain: str | None) -> Any:
    """Take the frame of a grain out of a mapping; a single frame is taken as it is."""
    if not isinstance(facts, Mapping):
        return facts
    grain = grain or "contact"
    if grain not in facts:
        raise UsageError(f"facts must hold the grain {grain!r}, got {', '.join(map(str, facts)) or 'nothing'}. Add it.")
    return facts[grain]


def _quoted(name: str | None) -> str:
    return '"' + str(name).replace('"', '""') + '"'


def _hash(expression: str) -> str:
    return f"md5_number_lower(({expression})::VARCHAR)"


def _encode(column: pa.ChunkedArray, name: str) -> tuple[NDArray[np.int64], list[Any]]:
    """Number the values of a dimension in sorted order, a missing one last."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    encoded = pc.dictionary_encode(column, null_encoding="encode").combine_chunks()
    values = encoded.dictionary.to_pylist()
    if len(values) > MAX_LEVELS:
        raise UsageError(
            f"dimension {name!r} must have at most {MAX_LEVELS} different values, got {len(values)}. Band it first."
        )
    order = sorted(range(len(values)), key=lambda i: (values[i] is None, values[i] if values[i] is not None else 0))
    rank = np.empty(len(values), dtype=np.int64)
    rank[order] = np.arange(len(values))
    return rank[encoded.indices.to_numpy(zero_copy_only=False)], [values[i] for i in order]


def _clusters(column: pa.ChunkedArray) -> NDArray[np.int64] | None:
    """Number the clusters; a row without one is a cluster of its own."""
    if column.null_count == len(column):
        return None
    codes = pc.dictionary_encode(column).combine_chunks().indices.to_numpy(zero_copy_only=False)
    codes = np.nan_to_num(codes, nan=-1).astype(np.int64)
    alone = codes < 0
    codes[alone] = codes.max() + 1 + np.arange(alone.sum())
    return codes


def _hash_of_content(codes: NDArray[np.int64], *columns: NDArray[Any]) -> NDArray[np.uint64]:
    """Hash rows that have no key by what they say and how many equal rows came before: order cannot matter.

    Values enter by rank, so a change of unit changes nothing.
    """
    ranks = [*codes.T, *(np.unique(column, return_inverse=True)[1] for column in columns)]
    order = np.lexsort(ranks)
    changes = np.zeros(len(order), dtype=bool)
    bits = np.zeros(len(order), dtype=np.uint64)
    for rank in ranks:
        changes[1:] |= np.diff(rank[order]) != 0
        bits = _mix(bits ^ rank.astype(np.uint64))
    starts = np.flatnonzero(changes | (np.arange(len(order)) == 0))
    repeat = np.arange(len(order)) - np.repeat(starts, np.diff([*starts, len(order)]))
    bits[order] ^= repeat.astype(np.uint64)
    return _mix(bits)


def _mix(bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scatter bits (SplitMix64, Steele, Lea and Flood 2014)."""
    z = bits.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
