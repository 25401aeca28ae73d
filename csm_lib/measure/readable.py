"""Whether a column holds what an indicator reads: numbers as they were given, and a refusal where there is none.

Exports store a rating as 4, 4.0, "4" or 3.6. All of these are numbers and none is rounded; "x" and infinity are no
numbers, and counting them as anything would make up an answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import duckdb
import pandas as pd
import pyarrow as pa

from csm_lib.engine import quote_name
from csm_lib.errors import SettingError

__all__ = ["arrow_of", "filled_sql", "refuse_unreadable", "typed", "unreadable", "without_nan"]

_FLOATS = ("DOUBLE", "FLOAT")
_NUMBERS = ("INTEGER", *_FLOATS)
# what a column of a type must hold, in words
_PROMISES = {"BOOLEAN": "true or false", "DATE": "dates"}


def filled_sql(present: Iterable[str], kinds: Mapping[str, str], others: Iterable[str]) -> list[str]:
    """Select columns, null where the rows lack them.

    Parameters
    ----------
    present : iterable of str
        Columns that the rows have.
    kinds : mapping of str to str
        Columns to select, with the type of one that is lacking.
    others : iterable of str
        Further ones, of any type.

    Examples
    --------
    >>> filled_sql(["a"], {"a": "DATE", "b": "DATE"}, ["team", "a"])
    ['"a"', 'NULL::DATE AS "b"', 'NULL AS "team"']
    """
    have, further = set(present), [name for name in others if name not in kinds]
    nulls = {**{name: f"NULL::{kind}" for name, kind in kinds.items()}, **dict.fromkeys(further, "NULL")}
    columns = [*kinds, *further]
    return [quote_name(name) if name in have else f"{nulls[name]} AS {quote_name(name)}" for name in columns]


def without_nan(name: str, kind: str) -> str:
    """Read a column with missing as null, never NaN.

    Examples
    --------
    >>> without_nan("team", "VARCHAR")
    '"team"'
    """
    column = quote_name(name)
    return f"CASE WHEN NOT isnan({column}) THEN {column} END" if kind in _FLOATS else column


def typed(name: str, kind: str, wanted: str) -> str:
    """Read a column in the type that the facts promise; a number stays the number it is, whole or not.

    Examples
    --------
    >>> typed("csat", "VARCHAR", "INTEGER")
    'TRY_CAST("csat" AS DOUBLE)'
    """
    column = without_nan(name, kind)
    return column if kind == wanted else f"TRY_CAST({column} AS {'DOUBLE' if wanted in _NUMBERS else wanted})"


def unreadable(name: str, kind: str, wanted: str) -> str | None:
    """Tell in SQL whether a row holds what cannot be read; None where every row of such a column can.

    Parameters
    ----------
    name : str
        Column.
    kind, wanted : str
        DuckDB type that the column has, and the one that the facts promise.

    Returns
    -------
    str or None

    Examples
    --------
    >>> unreadable("csat", "DOUBLE", "INTEGER")
    'coalesce(isinf("csat"), false)'
    >>> unreadable("csat", "INTEGER", "INTEGER") is None
    True
    """
    column = quote_name(name)
    if wanted == "VARCHAR":
        return None
    if kind in _FLOATS:
        return f"coalesce(isinf({column}), false)"
    if kind == wanted:
        return None
    if wanted in _NUMBERS:
        return f"({column} IS NOT NULL AND NOT coalesce(isfinite({typed(name, kind, wanted)}), false))"
    return f"({column} IS NOT NULL AND {typed(name, kind, wanted)} IS NULL)"


def refuse_unreadable(
    rows: duckdb.DuckDBPyRelation, columns: Mapping[str, str], readers: Mapping[str, Sequence[str]]
) -> None:
    """Name the first column that holds what cannot be read.

    Parameters
    ----------
    rows : DuckDB relation
    columns : mapping of str to str
        Column to the type that the facts promise.
    readers : mapping of str to sequence of str
        Column to the keys of the indicators that read it.

    Raises
    ------
    SettingError
        If a column holds text that is no number, no flag or no date, or an infinite number.

    Examples
    --------
    >>> from csm_lib.engine import connect
    >>> rows = connect().sql("SELECT 5.0::DOUBLE AS csat")
    >>> refuse_unreadable(rows, {"csat": "INTEGER"}, {"csat": ["csat_mean"]})
    """
    kinds = dict(zip(rows.columns, map(str, rows.types), strict=True))
    for name, wanted in columns.items():
        is_wrong = unreadable(name, kinds[name], wanted)
        if is_wrong is None:
            continue
        counted = f"count(*) FILTER ({is_wrong}), count(*), min({quote_name(name)}) FILTER ({is_wrong})"
        n_wrong, n_rows, example = rows.aggregate(counted).fetchall()[0]
        if n_wrong:
            promise = "finite numbers" if wanted in _NUMBERS else _PROMISES.get(wanted, "instants")
            raise SettingError(
                f"{name} must hold {promise} (read by {', '.join(map(repr, readers[name]))}), got {example!r} "
                f"({n_wrong} of {n_rows} rows). Correct the values, or empty them to leave those rows out."
            )


def arrow_of(frame: pd.DataFrame, names: Iterable[str]) -> pa.Table:
    """Take columns of a pandas frame; where one mixes kinds (5 beside "x") its values become text.

    Examples
    --------
    >>> arrow_of(pd.DataFrame({"csat": [5, "x", None]}), ["csat"]).column("csat").to_pylist()
    ['5', 'x', None]
    """
    chosen = frame[list(names)]
    try:
        return pa.Table.from_pandas(chosen, preserve_index=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.table({name: _array(chosen[name]) for name in chosen})


def _array(column: pd.Series) -> pa.Array:
    try:
        return pa.Array.from_pandas(column)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([None if pd.isna(value) else str(value) for value in column], pa.string())
