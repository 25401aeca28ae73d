"""Turn columns of facts into what a model reads: numbers, categories as flags, and which rows could not be used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from csm_lib.errors import UsageError
from csm_lib.explain.coding import numbered_by_content
from csm_lib.explain.population import table_of
from csm_lib.explain.robust import cluster_numbers

__all__ = ["MAX_DRIVERS", "Design", "read_design"]

Array = NDArray[np.float64]
MAX_DRIVERS = 10
_LEAST_OF_A_WORD = 20
_MOST_WORDS = 40
_ROWS_PER_COLUMN = 5


@dataclass(frozen=True)
class Design:
    """The rows that have everything, as arrays.

    Attributes
    ----------
    outcome : ndarray, shape (n_used,)
    drivers : tuple of str
        Names of the drivers that vary.
    columns : tuple of ndarray, each of shape (n_used, n_columns)
    values : tuple of ndarray, each of shape (n_used,)
        Each driver as it was given, NaN for categories.
    categories : tuple of str
        Drivers that are words.
    adjusters : ndarray, shape (n_used, n_adjusters)
    clusters : ndarray of int, shape (n_used,)
    n_rows, n_clusters : int
    set_aside : dict of str to int
    left_out : dict of str to str
    reason : str or None
        Why nothing can be explained.
    """

    outcome: Array
    drivers: tuple[str, ...]
    columns: tuple[Array, ...]
    values: tuple[Array, ...]
    categories: tuple[str, ...]
    adjusters: Array
    clusters: NDArray[np.int64]
    n_rows: int
    n_clusters: int
    set_aside: dict[str, int]
    left_out: dict[str, str]
    reason: str | None

    def told(self) -> dict[str, Any]:
        """What a reader must know about the rows."""
        return {
            "n_rows": self.n_rows, "n_used": len(self.outcome), "n_clusters": self.n_clusters,
            "set_aside": self.set_aside, "left_out": self.left_out,
        }  # fmt: skip


def read_design(
    frame: Any,
    outcome: str,
    drivers: Sequence[str],
    adjust_for: Sequence[str],
    clusters: str | None,
    *,
    log: Sequence[str],
    top_from: float | None,
) -> Design:
    """Read the columns of a model.

    Parameters
    ----------
    frame, outcome, drivers, adjust_for, clusters, log
        As in `csm_lib.explain.drivers.drivers`.
    top_from : float or None
        Lowest value that makes the outcome 1; None keeps the score.

    Returns
    -------
    Design
        Rows without outcome are counted first, then those without a driver, by the first one missing.

    Raises
    ------
    UsageError
        If a column is absent, text where a number is needed, named twice, or there are too many drivers.
    """
    _check_names(outcome, drivers, adjust_for, log)
    named = [outcome, *drivers, *adjust_for, *([clusters] if clusters else [])]
    rows = table_of(frame, named, role="frame").to_pandas()
    scores = _numbers(rows[outcome], outcome)
    held = {name: _driver(rows[name], name, is_log=name in log) for name in drivers}
    left_out = {name: "no value" for name in drivers if rows.loc[scores.notna(), name].isna().all()}
    used, set_aside = scores.notna(), {}
    if (~used).any():
        set_aside[outcome] = int((~used).sum())
    for name in (name for name in drivers if name not in left_out):
        missing = used & rows[name].isna()
        if missing.any():
            set_aside[name] = int(missing.sum())
        used &= ~missing
    for name in (name for name in drivers if name not in left_out):
        if rows.loc[used, name].nunique() < 2:
            left_out[name] = "always the same"
    kept = tuple(name for name in drivers if name not in left_out)
    place = used.to_numpy()
    target = scores.to_numpy(float)[place]
    if top_from is not None and not pd.api.types.is_bool_dtype(rows[outcome].dropna().infer_objects()):
        target = (target >= top_from).astype(float)
    columns = tuple(held[name][place][:, held[name][place].std(axis=0) > 0] for name in kept)
    adjusters = _adjusters(rows[place], adjust_for)
    numbers = cluster_numbers(rows.loc[place, clusters]) if clusters else np.arange(int(place.sum()))
    numbers = numbered_by_content(numbers, target, *np.hstack([*columns, adjusters]).T)
    return Design(
        outcome=target,
        drivers=kept,
        columns=columns,
        values=tuple(_plain(rows.loc[place, name]) for name in kept),
        categories=tuple(name for name in kept if _is_words(rows[name])),
        adjusters=adjusters,
        clusters=numbers,
        n_rows=len(rows),
        n_clusters=int(numbers.max()) + 1 if len(numbers) else 0,
        set_aside=set_aside,
        left_out=left_out,
        reason=_reason(scores, target, kept, sum(c.shape[1] for c in columns) + adjusters.shape[1], outcome),
    )


def _check_names(outcome: str, drivers: Sequence[str], adjust_for: Sequence[str], log: Sequence[str]) -> None:
    named = [outcome, *drivers, *adjust_for]
    twice = sorted({name for name in named if named.count(name) > 1})
    if twice:
        raise UsageError(
            f"outcome, drivers and adjust_for must name each column once, got {', '.join(twice)} twice. Name it once."
        )
    if not 1 <= len(drivers) <= MAX_DRIVERS:
        raise UsageError(
            f"drivers must name 1 to {MAX_DRIVERS} columns, got {len(drivers)}. Each further one doubles the models."
        )
    unknown = [name for name in log if name not in drivers]
    if unknown:
        raise UsageError(f"log must name drivers, got {', '.join(unknown)}. Choose from {', '.join(drivers)}.")


def _is_words(column: pd.Series) -> bool:
    plain = column.dropna()
    return not (pd.api.types.is_numeric_dtype(column) or plain.map(lambda entry: isinstance(entry, bool)).all())


def _plain(column: pd.Series) -> Array:
    """A driver as numbers; a NaN for each of its words."""
    if _is_words(column):
        return np.full(len(column), np.nan)
    return column.astype(object).map(float).to_numpy(float) if len(column) else np.empty(0)


def _numbers(column: pd.Series, name: str) -> pd.Series:
    if _is_words(column) and column.notna().any():
        raise UsageError(
            f"outcome {name!r} must hold numbers or flags, got {column.dropna().iloc[0]!r}. Name a rating or a flag."
        )
    return pd.Series(np.where(column.isna(), np.nan, column.astype(object).where(column.notna(), 0)), dtype=float)


def _driver(column: pd.Series, name: str, *, is_log: bool) -> Array:
    """Columns of a driver over all rows; rows where it is missing hold 0 and are not used."""
    if _is_words(column):
        if is_log:
            raise UsageError(f"log must name numbers, got {name!r}, which holds words. Leave it out of log.")
        return _flags(column)
    values = column.astype(object).where(column.notna(), 0).astype(float).to_numpy()
    if is_log and (values < 0).any():
        raise UsageError(f"log must name numbers from 0 up, got {values.min():g} in {name!r}. Leave it out of log.")
    return (np.log2(1 + values) if is_log else values)[:, None]


def _flags(column: pd.Series) -> Array:
    """One flag per word but the commonest; rare words and words beyond the most that are kept go together."""
    words = column.astype(object).where(column.notna(), "(missing)").astype(str)
    counts = words.value_counts()
    kept = sorted(counts.index[:_MOST_WORDS][counts.iloc[:_MOST_WORDS] >= _LEAST_OF_A_WORD], key=str)
    words = words.where(words.isin(kept), "(other)")
    order = words.value_counts()
    base = sorted(order.index, key=lambda word: (-order[word], word))[0] if len(order) else ""
    return np.column_stack(
        [np.empty((len(words), 0)), *((words == word).to_numpy(float) for word in sorted(order.index) if word != base)]
    )


def _adjusters(rows: pd.DataFrame, adjust_for: Sequence[str]) -> Array:
    """Columns that are in every model: words as flags, numbers as they are with a flag where one is missing."""
    parts = [np.empty((len(rows), 0))]
    for name in adjust_for:
        if _is_words(rows[name]) or rows[name].isna().all():
            parts.append(_flags(rows[name]))
            continue
        values = rows[name].astype(object).where(rows[name].notna(), np.nan).astype(float)
        parts += [values.fillna(values.mean()).to_numpy()[:, None], values.isna().to_numpy(float)[:, None]]
    joined = np.hstack(parts)
    return joined[:, joined.std(axis=0) > 0] if len(joined) else joined


def _reason(scores: pd.Series, target: Array, kept: Sequence[str], n_columns: int, outcome: str) -> str | None:
    if not scores.notna().any():
        return f"no row has {outcome}"
    if not kept:
        return "no driver varies beside the outcome"
    if len(target) < _ROWS_PER_COLUMN * (n_columns + 1):
        return f"{len(target)} rows are too few for {n_columns} columns"
    return f"{outcome} is the same in every row" if np.ptp(target) == 0 else None
