"""Read the rows an indicator speaks of, with the dimensions to search, and split them into two halves.

What is found by looking at many segments is too good to be true on the rows it was found on. So one half of the rows
proposes and the other half confirms. The halves depend on what the rows say, never on their order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from csm_lib.definitions import FACTS, INDICATORS
from csm_lib.engine import borrow, quote_name
from csm_lib.errors import UsageError
from csm_lib.explain.coding import encoded, hash_of_content, in_columns, numbered_clusters, scattered
from csm_lib.measure.readable import arrow_of, refuse_unreadable, typed
from csm_lib.measure.sums import columns_of

__all__ = ["Rows", "read_rows", "table_of"]

_DATE = "local_date"
# clusters are kept whole in one half where there are many small ones (customers); with few large ones (days) the
# halves would differ by luck, so rows are split
_MIN_CLUSTERS = 200
_MAX_CLUSTER_ROWS = 20
# a spread between fewer days than this says nothing
MIN_DAYS = 8


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
    days : ndarray of int, shape (n_rows,), or None
        Rows of one local date share its luck; None without dates, or with fewer than `MIN_DAYS` of them.
    has_small_clusters : bool
        True if clusters are many and small; then each lies in one half whole.
    amounts : ndarray of float, shape (n_rows,), or None
        Where a quantile is asked for: the amounts themselves; the numerator then says which lie beyond `bound`.
    quantile, bound : float or None
        What is asked for, and the target or the former period's quantile.
    """

    codes: NDArray[np.int64]
    levels: tuple[list[Any], ...]
    numerator: NDArray[np.float64]
    denominator: NDArray[np.float64]
    is_after: NDArray[np.bool_]
    is_confirming: NDArray[np.bool_]
    clusters: NDArray[np.int64] | None
    days: NDArray[np.int64] | None
    has_small_clusters: bool
    amounts: NDArray[np.float64] | None = None
    quantile: float | None = None
    bound: float = float("nan")


def read_rows(
    after: Any, before: Any | None, key: str, *, dimensions: Sequence[str], quantile: float | None = None,
    target: float | None = None,
) -> Rows:  # fmt: skip
    """Read the population of an indicator from one or two periods.

    Parameters
    ----------
    after, before : frame, or mapping of grain to frame
        `before` may be None.
    key : str
        An indicator's key, or a numeric or boolean column: then its mean over the rows where it is present.
    dimensions : sequence of str
        Columns to search over.
    quantile : float, optional
        Ask which rows lie beyond the target, or beyond this quantile of the former period, where there is no target.
    target : float, optional
        Read with `quantile` only.

    Returns
    -------
    Rows

    Raises
    ------
    UsageError
        If the key is unknown, a column is absent, a dimension has more than `MAX_LEVELS` values, or a period has no
        row, or a quantile is asked of what is no mean.
    """
    if quantile is not None:
        _check_has_quantiles(key)
    periods = [(after, "facts", True)] + ([(before, "before", False)] if before is not None else [])
    read = [(_read(frame, key, dimensions, role), is_after) for frame, role, is_after in periods]
    stacked = pa.concat_tables([table for table, _ in read], promote_options="permissive")
    is_after = np.repeat([flag for _, flag in read], [table.num_rows for table, _ in read])
    numbered = [encoded(stacked.column(f"d{i}"), name) for i, name in enumerate(dimensions)]
    codes = in_columns(code for code, _ in numbered)
    numerator, denominator = (stacked.column(name).to_numpy() for name in ("x", "d"))
    clusters = numbered_clusters(stacked.column("cluster"))
    days = numbered_clusters(stacked.column("day"))
    days = days if days is not None and len(np.unique(days)) >= MIN_DAYS else None
    unit = stacked.column("unit")
    n_clusters = 0 if clusters is None else int(clusters.max()) + 1
    is_small = n_clusters >= max(_MIN_CLUSTERS, stacked.num_rows / _MAX_CLUSTER_ROWS)
    if is_small:
        unit = stacked.column("cluster_hash")
    bits = hash_of_content(codes, numerator, denominator, is_after) if unit.null_count else unit.to_numpy()
    halves = (scattered(bits) & np.uint64(1)).astype(bool)
    levels = tuple(values for _, values in numbered)
    read_so = Rows(codes, levels, numerator, denominator, is_after, halves, clusters, days, is_small)
    return read_so if quantile is None else _beyond(read_so, quantile, target)


def _beyond(rows: Rows, quantile: float, target: float | None) -> Rows:
    """Put the question whether an amount lies beyond a bound in the place of the amount."""
    bound = float(np.quantile(rows.numerator[~rows.is_after], quantile)) if target is None else float(target)
    is_beyond = (rows.numerator > bound).astype(float)
    return replace(rows, numerator=is_beyond, amounts=rows.numerator, quantile=quantile, bound=bound)


def _check_has_quantiles(key: str) -> None:
    """Refuse a quantile of a share or a ratio; a column of numbers has quantiles."""
    row = INDICATORS.get(key)
    if row is not None and row.aggregation != "mean":
        means = ", ".join(name for name, other in INDICATORS.items() if other.aggregation == "mean")
        raise UsageError(
            f"quantile must be asked of a mean, got {key!r} ({row.aggregation}). Choose from {means}, or name a column "
            "of numbers."
        )


def _read(facts: Any, key: str, dimensions: Sequence[str], role: str) -> pa.Table:
    """Read dimensions, numerator x, denominator d, cluster and the hash that splits the sample."""
    row = INDICATORS.get(key)
    parts: list[tuple[Any, str | None, str, str, Sequence[str], str | None]]
    if row is None:
        _check_column(_frame(facts, None), key)
        below = f"CASE WHEN {quote_name(key)} IS NOT NULL THEN 1 END"
        parts = [(_frame(facts, None), None, quote_name(key), below, [key], None)]
    elif row.denominator_grain:
        parts = [
            (_frame(facts, row.grain), row.grain, row.numerator, "0", row.columns, row.cluster),
            (_frame(facts, row.denominator_grain), row.denominator_grain, "0", row.denominator,
             row.denominator_columns, row.cluster),
        ]  # fmt: skip
    else:
        parts = [(_frame(facts, row.grain), row.grain, row.numerator, row.denominator, row.columns, row.cluster)]
    tables = [_query(*part, key=key, dimensions=dimensions, role=role, has_zero=len(parts) > 1) for part in parts]
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
    *, key: str, dimensions: Sequence[str], role: str, has_zero: bool,
) -> pa.Table:  # fmt: skip
    present = columns_of(frame)
    needed = list(dict.fromkeys([*columns, *dimensions]))
    unit = FACTS[grain].key if grain else next((fact.key for fact in FACTS.values() if fact.key in present), None)
    optional = [name for name in (cluster, unit, _DATE) if name and name in present]
    table = table_of(frame, needed, role=role, optional=optional)
    group = quote_name(cluster) if cluster in present else "NULL"
    unit_hash = _hash(quote_name(unit) if unit in present else "NULL")
    promised = {name: FACTS[grain].columns[name] if grain else "DOUBLE" for name in columns}
    labels = {f"d{i}": quote_name(name) for i, name in enumerate(dimensions)}
    labels |= {"day": f"{quote_name(_DATE) if _DATE in present else 'NULL'}::VARCHAR"}
    labels |= {"cluster": f"({group})::VARCHAR", "cluster_hash": _hash(group), "unit": unit_hash}
    names = [f"{quote_name(f'label {label}')} AS {label}" for label in labels]
    where = "x IS NOT NULL AND d IS NOT NULL AND (x <> 0 OR d <> 0)" if has_zero else "d <> 0"
    with borrow() as connection:
        held = connection.from_arrow(table)
        refuse_unreadable(held, promised, {name: [key] for name in columns})
        kinds = dict(zip(held.columns, map(str, held.types), strict=True))
        read = [f"{typed(name, kinds[name], kind)} AS {quote_name(name)}" for name, kind in promised.items()]
        labelled = [f"{sql} AS {quote_name(f'label {label}')}" for label, sql in labels.items()]
        rows = held.project(", ".join([*labelled, *read]))
        rows = rows.project(", ".join([*names, f"({above})::DOUBLE AS x", f"({below})::DOUBLE AS d"])).filter(where)
        return rows.project("* REPLACE (coalesce(x, 0) AS x)").to_arrow_table()


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
        return arrow_of(frame, wanted)
    if isinstance(frame, duckdb.DuckDBPyRelation):
        return frame.project(", ".join(map(quote_name, wanted))).to_arrow_table()
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


def _hash(expression: str) -> str:
    return f"md5_number_lower(({expression})::VARCHAR)"
