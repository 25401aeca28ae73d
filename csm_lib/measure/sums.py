"""Sums and counts behind the indicators: expressions in, one query per grain out, whatever kind of frame is held.

All indicators of a grain share one pass over the rows. Intervals that allow for clusters need a second pass of two
levels: sums per cluster, then sums of their squares and products. Rows never leave the database.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from csm_lib.definitions import FACTS, Indicator
from csm_lib.engine import connect
from csm_lib.errors import SettingError
from csm_lib.measure.clusters import MANY_CLUSTERS, ClusterSums
from csm_lib.measure.readable import arrow_of, quoted, refuse_unreadable, typed, unreadable, without_nan

__all__ = [
    "VALUE_MISSING",
    "Group",
    "Summed",
    "Term",
    "cluster_sums",
    "columns_of",
    "narrowed",
    "strata_sums",
    "sum_terms",
]

Group = tuple[Any, ...]

VALUE_MISSING = "value_missing"  # in the population by its denominator, but nothing to add up


@dataclass(frozen=True)
class Term:
    """What one indicator adds up in one grain; a ratio of two grains makes one term in each."""

    key: str
    grain: str
    aggregation: str
    numerator: str | None
    denominator: str | None
    columns: tuple[str, ...]
    cluster: str | None = None
    exclusions: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, row: Indicator) -> tuple[Term, ...]:
        """Split an indicator into its terms.

        Examples
        --------
        >>> from csm_lib.definitions import indicator
        >>> [term.grain for term in Term.of(indicator("complaint_rate"))]
        ['complaint', 'contact']
        """
        reasons = tuple(row.exclusions.items())
        if row.denominator_grain is None:
            texts = (row.numerator, row.denominator)
            return (cls(row.key, row.grain, row.aggregation, *texts, row.columns, row.cluster, reasons),)
        below = row.denominator_grain
        return (
            cls(row.key, row.grain, "count", row.numerator, None, row.columns, None, reasons),
            cls(row.key, below, "count", None, row.denominator, row.denominator_columns),
        )


@dataclass(frozen=True)
class Summed:
    """Sums of one term in one group: rows, Σa, Σb, Σa², Σab, Σb², rows with a > 0 or a < 0, rows left out by reason."""

    n: int
    a: float
    b: float
    aa: float
    ab: float
    bb: float
    up: int
    down: int
    excluded: Mapping[str, int]


def columns_of(frame: Any) -> tuple[str, ...]:
    """Name the columns of a pandas, Polars or Arrow frame or a DuckDB relation.

    Examples
    --------
    >>> columns_of(pd.DataFrame({"wait_s": [1.0]}))
    ('wait_s',)
    """
    if hasattr(frame, "collect_schema"):
        return tuple(frame.collect_schema().names())
    if isinstance(frame, (pa.Table, pa.RecordBatch)):
        return tuple(frame.column_names)
    if hasattr(frame, "columns"):
        return tuple(str(column) for column in frame.columns)
    if hasattr(frame, "schema"):
        return tuple(frame.schema.names)
    raise SettingError(
        f"facts must be a pandas, Polars or Arrow frame or a DuckDB relation, got {type(frame).__name__}. "
        "Pass a frame, or a mapping of grain to frame."
    )


def narrowed(frame: Any, terms: Sequence[Term], *, others: Iterable[str]) -> duckdb.DuckDBPyRelation:
    """Make any frame a relation over what the terms read, and over the other columns as far as they are there.

    The frame itself is not touched. pandas goes through Arrow: read directly, a reversed frame stops the engine.
    """
    present = columns_of(frame)
    read = {name for term in terms for name in term.columns}
    read |= {name for term in terms for _, text in term.exclusions for name in _names_in(text, term.grain)}
    read |= {term.cluster for term in terms if term.cluster is not None}
    names = [name for name in present if name in read | set(others)]
    if isinstance(frame, duckdb.DuckDBPyRelation):
        return frame.project(", ".join(quoted(name) for name in names))
    if isinstance(frame, pd.DataFrame):
        return connect().from_arrow(arrow_of(frame, names))
    whole = frame.select(names).collect() if hasattr(frame, "collect") else frame
    return connect().from_arrow(pa.table(whole).select(names))


def sum_terms(
    rows: duckdb.DuckDBPyRelation,
    terms: Sequence[Term],
    *,
    by: Sequence[str],
    clusters: Sequence[str] = (),
    is_detailed: bool = True,
) -> tuple[dict[Group, dict[str, Summed]], dict[str, int]]:
    """Sum all terms of one grain in one query; also say how many rows lack each cluster column's label.

    Without detail only n, a and b are summed, which takes a third of the time.

    Returns
    -------
    mapping of group to mapping of key to Summed, and mapping of cluster column to count
        One empty group where `by` is empty.

    Raises
    ------
    SettingError
        If a column that a term reads holds what cannot be read, such as text for a number.
    """
    present = columns_of(rows)
    is_wrong = _unreadable_sql(rows, terms)
    terms_rows = _projected(rows, terms, by=by, others=clusters, is_wrong=is_wrong)
    n_reasons = {key: len(held) for key, held in _applicable(terms, present).items()} if is_detailed else {}
    wanted = [_sums_sql(i, term, n_reasons.get(term.key)) for i, term in enumerate(terms)]
    unlabelled = [f"count(*) - count(o{position}) AS u{position}" for position in range(len(clusters))]
    wrong = ["count(*) FILTER (is_wrong) AS n_wrong"] if is_wrong else []
    records = _grouped(terms_rows, wanted + unlabelled + wrong, n_by=len(by))
    if any(record.get("n_wrong") for record in records):
        refuse_unreadable(rows, _read(rows, terms), _readers(terms))
    reasons = {
        key: [VALUE_MISSING, *(reason for reason, _ in held)] for key, held in _applicable(terms, present).items()
    }
    found = {
        _group(record, len(by)): {term.key: _summed(record, i, reasons[term.key]) for i, term in enumerate(terms)}
        for record in records
    }
    return found, {column: sum(record[f"u{i}"] or 0 for record in records) for i, column in enumerate(clusters)}


def cluster_sums(
    rows: duckdb.DuckDBPyRelation, terms: Sequence[Term], *, cluster: str, by: Sequence[str], has_unlabelled: bool
) -> dict[Group, dict[str, ClusterSums]]:
    """Sum per cluster and then over clusters; a row without a label is a cluster of its own."""
    terms_rows = _projected(rows, terms, by=by, others=(cluster,), numbered=has_unlabelled)
    groups = [f"g{position}" for position in range(len(by))]
    inner_by = [*groups, "o0", *(["alone"] if has_unlabelled else [])]
    positions = range(len(terms))
    inner = terms_rows.aggregate(
        ", ".join([*groups, *(f"sum(a{i}) AS a{i}, sum(b{i}) AS b{i}, count(b{i}) AS n{i}" for i in positions)]),
        ", ".join(inner_by),
    )
    wanted = [
        f"coalesce(sum(n{i}), 0)::BIGINT AS n{i}, count(*) FILTER (b{i} <> 0) AS g_{i}, sum(a{i}) AS a{i}, "
        f"sum(b{i}) AS b{i}, sum(a{i} * a{i}) AS aa{i}, sum(a{i} * b{i}) AS ab{i}, sum(b{i} * b{i}) AS bb{i}, "
        f"max_by({{'a': a{i}, 'b': b{i}}}, b{i}, {MANY_CLUSTERS}) FILTER (b{i} <> 0) AS parts{i}"
        for i in positions
    ]
    return {
        _group(record, len(by)): {term.key: _clusters(record, i) for i, term in enumerate(terms)}
        for record in _grouped(inner, wanted, n_by=len(by))
    }


def strata_sums(
    rows: duckdb.DuckDBPyRelation, terms: Sequence[Term], *, strata: Sequence[str], by: Sequence[str]
) -> dict[Group, dict[str, list[tuple[int, float, float]]]]:
    """Give n, Σa and Σb of every stratum, per group and term."""
    terms_rows = _projected(rows, terms, by=by, others=strata)
    columns = [*(f"g{i}" for i in range(len(by))), *(f"o{i}" for i in range(len(strata)))]
    sums = [f"count(b{i}) AS n{i}, sum(a{i}) AS a{i}, sum(b{i}) AS b{i}" for i in range(len(terms))]
    ordered = terms_rows.aggregate(", ".join([*columns, *sums]), ", ".join(columns)).order(", ".join(columns))
    found: dict[Group, dict[str, list[tuple[int, float, float]]]] = {}
    for record in ordered.to_arrow_table().to_pylist():
        held = found.setdefault(_group(record, len(by)), {term.key: [] for term in terms})
        for i, term in enumerate(terms):
            if record[f"n{i}"]:
                held[term.key].append((record[f"n{i}"], record[f"a{i}"], record[f"b{i}"]))
    return found


def _projected(
    rows: duckdb.DuckDBPyRelation,
    terms: Sequence[Term],
    *,
    by: Sequence[str],
    others: Sequence[str],
    numbered: bool = False,
    is_wrong: str | None = None,
) -> duckdb.DuckDBPyRelation:
    """Rows as g0… (groups), o0… (clusters or strata), a0…, b0… (numerator and denominator) and x0… (why left out).

    Where asked, also is_wrong: whether the row holds what cannot be read.
    """
    reasons = _applicable(terms, rows.columns)
    labels = [f"g{i}" for i in range(len(by))] + [f"o{i}" for i in range(len(others))]
    number = ["row_number() OVER () AS number"] if numbered else []
    checked, marks = ([f"{is_wrong} AS is_wrong"], ["is_wrong"]) if is_wrong else ([], [])
    alone = ["CASE WHEN o0 IS NULL THEN number END AS alone"] if numbered else []
    pairs = [_pair_sql(i, term) for i, term in enumerate(terms)]
    codes = [_codes_sql(i, reasons[term.key]) for i, term in enumerate(terms)]
    columns = _columns_sql(rows, terms, labels=dict(zip(labels, [*by, *others], strict=True)))
    kept = [*labels, *(["alone"] if numbered else []), *marks]
    return (
        rows.project(", ".join([*columns, *number, *checked]))
        .project(", ".join([*labels, *alone, *marks, *pairs, *codes]))
        .project(", ".join([*kept, *map(_kept_sql, range(len(terms)))]))
    )


def _columns_sql(rows: duckdb.DuckDBPyRelation, terms: Sequence[Term], *, labels: Mapping[str, str]) -> list[str]:
    """Labels under their short names, and what the terms read in the types that the facts promise."""
    kinds = dict(zip(rows.columns, map(str, rows.types), strict=True))
    return [
        *(f"{_label(name, kinds[name])} AS {label}" for label, name in labels.items()),
        *(f"{typed(name, kinds[name], wanted)} AS {quoted(name)}" for name, wanted in _read(rows, terms).items()),
    ]


def _read(rows: duckdb.DuckDBPyRelation, terms: Sequence[Term]) -> dict[str, str]:
    """Columns that the terms and their reasons read, with the types that the facts promise."""
    grain = terms[0].grain
    reasons = [text for held in _applicable(terms, rows.columns).values() for _, text in held]
    names = {name for term in terms for name in term.columns}.union(*(_names_in(text, grain) for text in reasons))
    return {name: FACTS[grain].columns[name] for name in sorted(names)}


def _unreadable_sql(rows: duckdb.DuckDBPyRelation, terms: Sequence[Term]) -> str | None:
    """Whether a row holds, in any column that is read, what cannot be read."""
    kinds = dict(zip(rows.columns, map(str, rows.types), strict=True))
    checks = [unreadable(name, kinds[name], wanted) for name, wanted in _read(rows, terms).items()]
    return " OR ".join(check for check in checks if check) or None


def _readers(terms: Sequence[Term]) -> dict[str, list[str]]:
    """Keys that read each column, in the order asked."""
    readers: dict[str, list[str]] = {}
    for term in terms:
        names = {*term.columns}.union(*(_names_in(text, term.grain) for _, text in term.exclusions))
        for name in names:
            readers.setdefault(name, []).append(term.key)
    return readers


def _kept_sql(i: int) -> str:
    """Numerator and denominator of rows in the population, and the code of why for the others."""
    return (
        f"CASE WHEN b{i} <> 0 THEN a{i} END AS a{i}, "
        f"CASE WHEN b{i} <> 0 AND a{i} IS NOT NULL THEN b{i} END AS b{i}, "
        f"CASE WHEN b{i} <> 0 THEN CASE WHEN a{i} IS NULL THEN 0 END ELSE y{i} END AS x{i}"
    )


def _pair_sql(position: int, term: Term) -> str:
    """Numerator and denominator; of a term with one of the two only, the other is 1 where the first is present."""
    numerator, denominator = term.numerator, term.denominator
    if numerator is None:
        numerator = "1"
    if denominator is None:
        denominator = f"CASE WHEN ({numerator}) IS NOT NULL THEN 1 END"
    return f"CAST(({numerator}) AS DOUBLE) AS a{position}, CAST(({denominator}) AS DOUBLE) AS b{position}"


def _codes_sql(position: int, reasons: Sequence[tuple[str, str]]) -> str:
    """Number of the first reason that holds, for rows outside the population; −1 without one."""
    cases = " ".join(f"WHEN ({text}) THEN {code}" for code, (_, text) in enumerate(reasons, start=1))
    return f"CASE {cases} ELSE -1 END AS y{position}" if cases else f"-1 AS y{position}"


def _sums_sql(i: int, term: Term, n_reasons: int | None) -> str:
    """Aggregates of one term; None reasons: without detail. Compensated sums, since row order must not show."""
    add = "fsum" if term.aggregation in ("mean", "weighted_share") else "sum"
    parts = [f"count(b{i}) AS n{i}", f"{add}(a{i}) AS a{i}", f"{add}(b{i}) AS b{i}"]
    if n_reasons is None:
        return ", ".join(parts)
    if add == "fsum":
        parts += [f"fsum(a{i} * a{i}) AS aa{i}, fsum(a{i} * b{i}) AS ab{i}, fsum(b{i} * b{i}) AS bb{i}"]
    if term.aggregation == "net":
        parts += [f"count(*) FILTER (a{i} > 0) AS up{i}, count(*) FILTER (a{i} < 0) AS down{i}"]
    parts += [f"count(*) FILTER (x{i} = {code}) AS x{i}_{code}" for code in range(n_reasons + 1)]
    return ", ".join(parts)


def _grouped(rows: duckdb.DuckDBPyRelation, wanted: Sequence[str], *, n_by: int) -> list[dict[str, Any]]:
    groups = [f"g{i}" for i in range(n_by)]
    relation = rows.aggregate(", ".join([*groups, *wanted]), ", ".join(groups))
    records: list[dict[str, Any]] = relation.to_arrow_table().to_pylist()
    return records


def _group(record: Mapping[str, Any], n_by: int) -> Group:
    return tuple(record[f"g{i}"] for i in range(n_by))


def _summed(record: Mapping[str, Any], i: int, reasons: Sequence[str]) -> Summed:
    counts = {reason: int(record.get(f"x{i}_{code}") or 0) for code, reason in enumerate(reasons)}
    numbers = {name: float(record.get(f"{name}{i}") or 0.0) for name in ("a", "b", "aa", "ab", "bb")}
    return Summed(
        n=int(record[f"n{i}"]),
        **numbers,
        up=int(record.get(f"up{i}") or 0),
        down=int(record.get(f"down{i}") or 0),
        excluded={reason: count for reason, count in counts.items() if count},
    )


def _clusters(record: Mapping[str, Any], i: int) -> ClusterSums:
    n_clusters = int(record[f"g_{i}"])
    numbers = {name: float(record[f"{name}{i}"] or 0.0) for name in ("a", "b", "aa", "ab", "bb")}
    parts = None
    if n_clusters < MANY_CLUSTERS:
        pairs = sorted((part["b"], part["a"]) for part in record[f"parts{i}"] or ())
        parts = (np.array([a for _, a in pairs], float), np.array([b for b, _ in pairs], float))
    return ClusterSums(int(record[f"n{i}"]), n_clusters, parts=parts, **numbers)


def _applicable(terms: Iterable[Term], present: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    """Reasons whose columns are there: a count of rows left out is not worth refusing a frame for."""
    return {
        term.key: [(reason, text) for reason, text in term.exclusions if _names_in(text, term.grain) <= set(present)]
        for term in terms
    }


def _names_in(text: str, grain: str) -> set[str]:
    return set(re.findall(r"[A-Za-z_]\w*", re.sub(r"'[^']*'", "", text))) & set(FACTS[grain].columns)


def _label(name: str, kind: str) -> str:
    """Groups are compared as text where a library stores text as codes, and missing is null, never NaN."""
    return f"CAST({quoted(name)} AS VARCHAR)" if kind.startswith("ENUM") else without_nan(name, kind)
