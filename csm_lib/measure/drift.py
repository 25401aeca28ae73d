"""Does this period's data look like the last one's: words that come and go, numbers that shift, columns that empty.

A new code, a renamed queue or a field that nobody fills any more changes figures without any change in the service.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import chi2_contingency, kstwobign

from csm_lib.engine import quote_name
from csm_lib.measure.changes import signals
from csm_lib.measure.quality import completeness
from csm_lib.measure.sums import columns_of, narrowed

__all__ = ["LEAST_DRIFT", "MOST_WORDS", "QUANTILES", "drift"]

LEAST_DRIFT = 0.05  # smaller distances are left alone, however sure: with many rows everything is significant
MOST_WORDS = 60  # a column with more different texts holds names or keys, not words
QUANTILES = MappingProxyType({"lowest tenth": 0.1, "median": 0.5, "highest tenth": 0.9})
_FEWEST_EXPECTED = 5.0
_COLUMNS = (
    "column", "test", "what", "before", "after", "unit", "distance", "n_before", "n", "p_adjusted", "is_signal",
    "is_drift", "new_words", "gone_words",
)  # fmt: skip
_NUMERIC = ("DOUBLE", "FLOAT", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "DECIMAL", "UINTEGER", "UBIGINT")


def drift(before: Any, after: Any, *, columns: Sequence[str], least: float = LEAST_DRIFT) -> pd.DataFrame:
    """Compare the columns of two periods.

    Parameters
    ----------
    before, after : frame or None
        pandas, Polars or Arrow frame or DuckDB relation, of the former and of this period; None without any.
    columns : sequence of str
        Columns to compare; one that neither frame has is left out. Of keys (`…_id`) only the share filled is compared:
        they are meant to be new, and some name persons.
    least : float, 0–1
        Smallest distance that is called a drift.

    Returns
    -------
    DataFrame
        One row per column and test, drifts first and then the largest distance: `column test what before after unit
        distance n_before n p_adjusted is_signal is_drift new_words gone_words`. `test` is *filled* (share of rows with
        a value; distance: its change), *words* (text and yes/no; distance: half the sum of the absolute changes of all
        shares, which is the share of rows that would have to change; `what` is the word that moved most, `before` and
        `after` its shares) or *numbers* (distance: largest difference of the two cumulative shares; `what` is the
        quantile that moved most, `before` and `after` where it ends). `is_signal`: beyond chance, one false-discovery
        rate over all tests; `is_drift`: that, and the distance is at least `least`. Without a former period: no row,
        and `.attrs["reason"]`.

    Notes
    -----
    Rows are taken as independent. Words and filled: Pearson's chi-square, words that expect fewer than 5 put together.
    Numbers: two-sample Kolmogorov and Smirnov, asymptotic (conservative with ties). Benjamini and Hochberg (1995).

    Examples
    --------
    >>> before = pd.DataFrame({"channel": ["phone"] * 80 + ["chat"] * 20})
    >>> after = pd.DataFrame({"channel": ["phone"] * 40 + ["chat"] * 60})
    >>> found = drift(before, after, columns=["channel"])
    >>> found[["test", "what", "distance", "is_drift"]].values.tolist()[0]
    ['words', 'phone', 0.4, True]
    """
    n_before, n = (0 if frame is None else _n_rows(frame) for frame in (before, after))
    if not n_before or not n:
        nothing = pd.DataFrame(columns=list(_COLUMNS))
        nothing.attrs["reason"] = "no rows in the previous period" if n else "no rows in this period"
        return nothing
    shared = [name for name in columns if name in columns_of(before) or name in columns_of(after)]
    rows = [_filled(old, new) for old, new in _complete(before, after, shared)]
    for name in shared:
        if name in columns_of(before) and name in columns_of(after) and not name.endswith("_id"):
            rows += _values(before, after, name)
    table = pd.DataFrame(rows, columns=list(_COLUMNS))
    table["p_adjusted"], table["is_signal"] = signals(table["p_adjusted"])
    table["is_drift"] = table["is_signal"].eq(True) & (table["distance"] >= least)
    return table.sort_values(
        ["is_drift", "distance", "column"], ascending=[False, False, True], ignore_index=True, kind="stable"
    )


def _n_rows(frame: Any) -> int:
    return int(narrowed(frame, [], others=columns_of(frame)[:1]).aggregate("count(*)").fetchall()[0][0])


def _complete(before: Any, after: Any, names: Sequence[str]) -> list[tuple[Any, Any]]:
    both = [completeness(frame, columns=names).to_dict("records") for frame in (before, after)]
    return list(zip(*both, strict=True))


def _filled(old: Any, new: Any) -> dict[str, Any]:
    """Compare how many rows have a value."""
    counts = np.array([[old["n_present"], old["n_missing"]], [new["n_present"], new["n_missing"]]])
    return {
        "column": new["column"], "test": "filled", "what": "with a value", "before": old["value"],
        "after": new["value"], "unit": "share", "distance": abs(new["value"] - old["value"]), "n_before": old["n"],
        "n": new["n"], "p_adjusted": _chi_square(counts), "new_words": (), "gone_words": (),
    }  # fmt: skip


def _values(before: Any, after: Any, name: str) -> list[dict[str, Any]]:
    """Compare the values of one column, if it holds words or numbers."""
    old, new = (narrowed(frame, [], others=[name]) for frame in (before, after))
    kinds = {str(frame.types[0]).partition("(")[0] for frame in (old, new)}
    if kinds <= set(_NUMERIC):
        return _numbers(old, new, name)
    return _words(old, new, name) if kinds <= {"VARCHAR", "BOOLEAN"} else []


def _words(old: Any, new: Any, name: str) -> list[dict[str, Any]]:
    """Compare the shares of words among the rows that have one."""
    counts = pd.DataFrame({"old": _counted(old, name), "new": _counted(new, name)}).fillna(0).astype("int64")
    totals = counts.sum()
    if not 1 <= len(counts) <= MOST_WORDS or (totals == 0).any():
        return []
    shares = counts / totals
    moved = (shares["new"] - shares["old"]).abs()
    most = moved.idxmax()
    is_news = counts.to_numpy().sum(axis=1) >= _FEWEST_EXPECTED
    new_words, gone_words = (tuple(counts.index[is_news & (counts[side] == 0)]) for side in ("old", "new"))
    return [
        {
            "column": name, "test": "words", "what": most, "before": shares.loc[most, "old"],
            "after": shares.loc[most, "new"], "unit": "share", "distance": float(moved.sum()) / 2,
            "n_before": int(totals["old"]), "n": int(totals["new"]), "p_adjusted": _chi_square(counts.to_numpy().T),
            "new_words": new_words, "gone_words": gone_words,
        }
    ]  # fmt: skip


def _counted(rows: Any, name: str) -> pd.Series:
    text = f"CAST({quote_name(name)} AS VARCHAR)"
    counted = rows.aggregate(f"{text} AS word, count(*) AS n", text).filter("trim(word) <> ''").limit(10 * MOST_WORDS)
    table = counted.to_arrow_table().to_pandas().sort_values("word", kind="stable")
    return table.set_index("word")["n"]


def _chi_square(counts: np.ndarray) -> float:
    """Give the p value of two rows of counts; columns that expect too few are put together. NaN without a contrast."""
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / counts.sum()
    is_small = (expected < _FEWEST_EXPECTED).any(axis=0)
    if is_small.any():
        counts = np.column_stack([counts[:, ~is_small], counts[:, is_small].sum(axis=1)])
    counts = counts[:, counts.sum(axis=0) > 0]
    return float(chi2_contingency(counts, correction=False).pvalue) if counts.shape[1] > 1 else math.nan


def _numbers(old: Any, new: Any, name: str) -> list[dict[str, Any]]:
    """Compare the distributions of a number."""
    (n_old, lower, held_old), (n_new, upper, held_new) = (_side(rows, name) for rows in (old, new))
    if not n_old or not n_new:
        return []
    held = pd.DataFrame({"old": held_old / n_old, "new": held_new / n_new}).fillna(0.0).sort_index().cumsum()
    distance = float((held["old"] - held["new"]).abs().max())
    most = int(np.argmax(np.abs(upper - lower)))
    return [
        {
            "column": name, "test": "numbers", "what": [*QUANTILES][most], "before": lower[most], "after": upper[most],
            "unit": "s" if name.endswith("_s") else "exact", "distance": distance, "n_before": n_old, "n": n_new,
            "p_adjusted": float(kstwobign.sf(math.sqrt(n_old * n_new / (n_old + n_new)) * distance)),
            "new_words": (), "gone_words": (),
        }
    ]  # fmt: skip


def _side(rows: Any, name: str) -> tuple[int, np.ndarray, pd.Series]:
    """Give the number of values, their quantiles and how often each occurs."""
    values = rows.project(f"CAST({quote_name(name)} AS DOUBLE) AS value")
    values = values.filter("value IS NOT NULL AND NOT isnan(value)")
    wanted = ", ".join(f"quantile_cont(value, {q})" for q in QUANTILES.values())
    n, *quantiles = values.aggregate(f"count(*), {wanted}").fetchall()[0]
    counted = values.aggregate("value, count(*) AS n", "value").to_arrow_table().to_pandas()
    return int(n), np.array(quantiles, dtype=float), counted.set_index("value")["n"]
