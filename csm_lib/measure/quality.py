"""Can the data be trusted: what came in, what is missing, and which customers did not answer.

Every figure of a report inherits the faults of its source. They are counted here, file by file and column by column,
before anyone reads the figures that rest on them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import chi2_contingency

from csm_lib.engine import quote_name
from csm_lib.measure.changes import signals
from csm_lib.measure.inference import share
from csm_lib.measure.sums import columns_of, narrowed
from csm_lib.results import Estimate

__all__ = [
    "CLOCK_REASONS",
    "INNOCENT_REASONS",
    "completeness",
    "nonresponse",
    "reason_counts",
    "reconciliation",
    "response_rate",
    "set_aside_reasons",
    "survey_delay",
]

# rows set aside for these reasons are no fault of the file
INNOCENT_REASONS = ("superseded", "duplicate", "out_of_population")

# reasons that speak of clocks: times out of order, durations below zero, local times that never were
CLOCK_REASONS = ("time_order", "negative_duration", "skipped_local_time")

def reconciliation(files: pd.DataFrame) -> pd.DataFrame:
    """Check for every ingested file that no row got lost: read = kept + set aside.

    Parameters
    ----------
    files : DataFrame
        One row per file and table. Columns read: `path source table read kept set_aside`; `set_aside` is a mapping of
        reason to rows, or such a mapping as JSON text.

    Returns
    -------
    DataFrame
        One row per row of `files`: `path source table read kept set_aside n_broken broken_share balance is_reconciled`.
        `n_broken` leaves out the innocent reasons; `broken_share` is of the rows read; `balance` = read − kept − set
        aside, 0 where nothing got lost.

    Examples
    --------
    >>> files = pd.DataFrame({"path": ["a.csv"], "source": ["s"], "table": ["contacts"], "read": [10], "kept": [7],
    ...                       "set_aside": ['{"duplicate": 1, "unknown_word": 2}']})
    >>> reconciliation(files)[["set_aside", "n_broken", "balance", "is_reconciled"]].values.tolist()
    [[3, 2, 0, True]]
    """
    reasons = [_reasons(found) for found in files["set_aside"]]
    aside = np.array([sum(found.values()) for found in reasons], dtype=np.int64)
    broken = np.array(
        [sum(n for why, n in found.items() if why not in INNOCENT_REASONS) for found in reasons], np.int64
    )
    table = files[["path", "source", "table", "read", "kept"]].reset_index(drop=True)
    read = table["read"].to_numpy()
    table["set_aside"], table["n_broken"] = aside, broken
    table["broken_share"] = np.divide(broken, read, out=np.full(len(table), math.nan), where=read > 0)
    table["balance"] = read - table["kept"].to_numpy() - aside
    table["is_reconciled"] = table["balance"] == 0
    return table


def set_aside_reasons(files: pd.DataFrame) -> pd.DataFrame:
    """Count the rows set aside by table and reason.

    Parameters
    ----------
    files : DataFrame
        As in `reconciliation`.

    Returns
    -------
    DataFrame
        One row per table and reason, most rows first within a table: `table reason n share is_innocent`; `share` is of
        the rows read for that table.

    Examples
    --------
    >>> files = pd.DataFrame({"table": ["contacts"], "read": [10], "set_aside": [{"duplicate": 1, "unknown_word": 2}]})
    >>> set_aside_reasons(files)[["reason", "n", "share", "is_innocent"]].values.tolist()
    [['unknown_word', 2, 0.2, False], ['duplicate', 1, 0.1, True]]
    """
    rows = [
        (table, reason, n)
        for table, found in zip(files["table"], files["set_aside"], strict=True)
        for reason, n in _reasons(found).items()
    ]
    counted = (
        pd.DataFrame(rows, columns=["table", "reason", "n"]).groupby(["table", "reason"], as_index=False)["n"].sum()
    )
    counted["share"] = counted["n"] / counted["table"].map(files.groupby("table")["read"].sum())
    counted["is_innocent"] = counted["reason"].isin(INNOCENT_REASONS)
    return counted.sort_values(["table", "n", "reason"], ascending=[True, False, True], ignore_index=True)


def _reasons(found: Any) -> dict[str, int]:
    """Read the rows set aside by reason from a mapping or its JSON text."""
    if isinstance(found, str):
        found = json.loads(found) if found else {}
    return {str(reason): int(n) for reason, n in found.items()} if isinstance(found, Mapping) else {}


def reason_counts(files: pd.DataFrame) -> pd.DataFrame:
    """Lay the rows set aside out by file, one column per reason.

    Parameters
    ----------
    files : DataFrame
        As in `reconciliation`.

    Returns
    -------
    DataFrame
        One row per row of `files`: `path source table read kept`, then one column per reason that occurs (alphabetical;
        0 where it does not occur in the file), then `balance` = read − kept − all of them.

    Examples
    --------
    >>> files = pd.DataFrame({"path": ["a.csv"], "source": ["s"], "table": ["contacts"], "read": [10], "kept": [7],
    ...                       "set_aside": ['{"unknown_word": 2, "duplicate": 1}']})
    >>> reason_counts(files)[["read", "kept", "duplicate", "unknown_word", "balance"]].values.tolist()
    [[10, 7, 1, 2, 0]]
    """
    found = [_reasons(one) for one in files["set_aside"]]
    table = files[["path", "source", "table", "read", "kept"]].reset_index(drop=True)
    for reason in sorted({reason for one in found for reason in one}):
        table[reason] = [one.get(reason, 0) for one in found]
    return table.assign(balance=table["read"] - table["kept"] - [sum(one.values()) for one in found])


def completeness(frame: Any, *, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Say for each column how many rows have a value.

    Parameters
    ----------
    frame : frame
        pandas, Polars or Arrow frame or DuckDB relation.
    columns : sequence of str, optional
        All of the frame's if absent; one the frame does not have counts as wholly missing.

    Returns
    -------
    DataFrame
        One row per column: `column n n_present n_missing value`; `value` is the share present (NaN without rows). An
        empty text is missing.

    Examples
    --------
    >>> completeness(pd.DataFrame({"team": ["A", None, " "]}), columns=["team", "issue"]).values.tolist()
    [['team', 3, 1, 2, 0.3333333333333333], ['issue', 3, 0, 3, 0.0]]
    """
    present = columns_of(frame)
    names = list(present) if columns is None else list(columns)
    n, has_value = _present(frame, [*names, *present[:1]]) if present else (0, {})
    made = [(name, n, has_value.get(name, 0)) for name in names]
    return pd.DataFrame(
        [(name, n, k, n - k, k / n if n else math.nan) for name, n, k in made],
        columns=["column", "n", "n_present", "n_missing", "value"],
    )


def _present(frame: Any, names: Sequence[str]) -> tuple[int, dict[str, int]]:
    """Count the rows, and those with a value in each of the named columns that there are."""
    rows = narrowed(frame, [], others=names)
    kinds = dict(zip(rows.columns, map(str, rows.types), strict=True))
    counts = [_count_sql(name, kinds[name]) for name in rows.columns]
    n, *counted = rows.aggregate(", ".join(["count(*)", *counts])).fetchall()[0]
    return int(n), dict(zip(rows.columns, counted, strict=True))


def _count_sql(name: str, kind: str) -> str:
    column = quote_name(name)
    if kind in ("DOUBLE", "FLOAT"):
        return f"count(*) FILTER (NOT isnan({column}))"
    return f"count(nullif(trim({column}), ''))" if kind == "VARCHAR" else f"count({column})"


def response_rate(surveys: pd.DataFrame, *, by: str | Sequence[str] = (), level: float = 0.95) -> pd.DataFrame:
    """Say which share of the questionnaires sent came back.

    Parameters
    ----------
    surveys : DataFrame
        Survey facts. Columns read: `is_answered` and those of `by`.
    by : str or sequence of str
        Columns to group by; a missing value is a group of its own.
    level : float, 0–1

    Returns
    -------
    DataFrame
        One row per group: `by`, `n` sent, `n_answered value low high method`.

    Examples
    --------
    >>> sent = pd.DataFrame({"channel": ["chat"] * 4 + ["phone"] * 4, "is_answered": [True, False] * 2 + [False] * 4})
    >>> response_rate(sent, by="channel")[["channel", "n", "n_answered", "value"]].values.tolist()
    [['chat', 4, 2, 0.5], ['phone', 4, 0, 0.0]]
    """
    groups = [by] if isinstance(by, str) else list(by)
    rows = []
    for name, part in surveys.groupby(groups, dropna=False, observed=True) if groups else [((), surveys)]:
        answered = int(part["is_answered"].fillna(False).astype(bool).sum())
        made = share(answered, len(part), level=level)
        labels = dict(zip(groups, name if isinstance(name, tuple) else (name,), strict=True))
        numbers = {"n": made.n, "n_answered": answered, "value": made.value, "low": made.low, "high": made.high}
        rows.append(labels | numbers | {"method": made.method})
    return pd.DataFrame(rows, columns=[*groups, "n", "n_answered", "value", "low", "high", "method"])


def nonresponse(surveys: pd.DataFrame, *, dimensions: Sequence[str]) -> pd.DataFrame:
    """Tell along which dimensions customers answer unevenly, so that the answers do not stand for all.

    Parameters
    ----------
    surveys : DataFrame
        Survey facts. Columns read: `is_answered`, `dimensions`.
    dimensions : sequence of str
        One test each; a missing value is a value.

    Returns
    -------
    DataFrame
        One row per dimension: `dimension n n_groups statistic df p_adjusted cramers_v least least_rate most most_rate
        is_signal`. `cramers_v` (0–1) says how strong the unevenness is, `least` and `most` which groups answer least
        and most. Fewer than two groups, or nobody or everybody answered: NaN, `is_signal` None.

    Notes
    -----
    Pearson's chi-square test; V of Cramér (1946); Benjamini and Hochberg (1995) over the dimensions. Groups that expect
    fewer than 5 answers or refusals are put together as other small groups first; if that one is still too small it is
    left out.

    Examples
    --------
    >>> sent = pd.DataFrame({"channel": ["chat"] * 100 + ["phone"] * 100,
    ...                      "is_answered": [True] * 50 + [False] * 50 + [True] * 10 + [False] * 90})
    >>> nonresponse(sent, dimensions=["channel"])[["least", "most", "is_signal"]].values.tolist()
    [['phone', 'chat', True]]
    """
    table = pd.DataFrame([_uneven(surveys, name) for name in dimensions], columns=list(_NONRESPONSE))
    table["p_adjusted"], table["is_signal"] = signals(table["p_adjusted"])
    return table


_NONRESPONSE = (
    "dimension", "n", "n_groups", "statistic", "df", "p_adjusted", "cramers_v", "least", "least_rate", "most",
    "most_rate", "is_signal",
)  # fmt: skip


def _uneven(surveys: pd.DataFrame, dimension: str) -> dict[str, Any]:
    """Test one dimension."""
    labels = surveys[dimension].astype(object).where(surveys[dimension].notna(), "missing")
    counts = pd.crosstab(labels, surveys["is_answered"].fillna(False).astype(bool))
    counts = _with_small_ones_together(counts.reindex(columns=[False, True], fill_value=0))
    found: dict[str, Any] = dict.fromkeys(_NONRESPONSE, math.nan)
    found |= {"dimension": dimension, "n": int(counts.to_numpy().sum()), "n_groups": len(counts)}
    if len(counts) < 2 or (counts.sum() == 0).any():
        return found | {"least": None, "most": None}
    tested = chi2_contingency(counts.to_numpy(), correction=False)
    rates = counts[True] / counts.sum(axis=1)
    return found | {
        "statistic": float(tested.statistic), "df": int(tested.dof), "p_adjusted": float(tested.pvalue),
        "cramers_v": math.sqrt(tested.statistic / found["n"]), "least": rates.idxmin(), "least_rate": rates.min(),
        "most": rates.idxmax(), "most_rate": rates.max(),
    }  # fmt: skip


def _with_small_ones_together(counts: pd.DataFrame) -> pd.DataFrame:
    """Put groups together that expect too few answers or refusals for the test."""
    n = counts.sum(axis=1)
    share_of = counts.sum() / max(int(n.sum()), 1)
    is_small = n * share_of.min() < 5
    if not is_small.any():
        return counts
    small = counts[is_small].sum()
    kept = counts[~is_small]
    if small.sum() * share_of.min() < 5:
        return kept
    return pd.concat([kept, pd.DataFrame([small], index=pd.Index(["other small groups"], dtype=object))])


def survey_delay(surveys: pd.DataFrame, *, threshold_s: float = 300.0, level: float = 0.95) -> Estimate:
    """Say which share of the questionnaires went out soon enough after the service ended.

    Late questions are answered from memory, or by those who are still angry.

    Parameters
    ----------
    surveys : DataFrame
        Survey facts. Column read: `sent_delay_s`, seconds from the end of service to the questionnaire; rows where it
        is missing or negative are outside.
    threshold_s : float, seconds
        Longest delay that still counts; the bound is included.
    level : float, 0–1

    Returns
    -------
    Estimate
        Share, 0–1.

    Examples
    --------
    >>> survey_delay(pd.DataFrame({"sent_delay_s": [60.0, 300.0, 301.0, None]})).value
    0.6666666666666666
    """
    delays = surveys["sent_delay_s"].astype(float)
    known = delays[delays >= 0]
    return share(int((known <= threshold_s).sum()), len(known), level=level)
