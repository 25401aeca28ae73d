"""Sums and counts behind the indicators: expressions in, one query per grain out, whatever kind of frame is held.

All indicators of a grain share one pass over the rows. Intervals that allow for clusters need two levels: sums per
cluster, then sums of their squares and products. Days are few, so they are the first level of the one pass; customers
are many and get a pass of their own. Rows never leave the database.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from csm_lib.definitions import FACTS, Indicator
from csm_lib.engine import borrow, quote_name
from csm_lib.errors import SettingError
from csm_lib.measure.clusters import MANY_CLUSTERS, ClusterSums
from csm_lib.measure.readable import arrow_of, refuse_unreadable, typed, unreadable, without_nan
from csm_lib.measure.terms import Plan, Summed, Term, applicable, names_in

__all__ = ["Group", "basis_counts", "cluster_sums", "columns_of", "narrowed", "per_cluster", "strata_sums", "sum_terms"]

Group = tuple[Any, ...]


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
    read |= {name for term in terms for _, text in term.exclusions for name in names_in(text, term.grain)}
    read |= {term.cluster for term in terms if term.cluster is not None}
    names = [name for name in present if name in read | set(others)]
    if isinstance(frame, duckdb.DuckDBPyRelation):
        return frame.project(", ".join(map(quote_name, names)))
    if isinstance(frame, pd.DataFrame):
        return borrow().from_arrow(arrow_of(frame, names))
    whole = frame.select(names).collect() if hasattr(frame, "collect") else frame
    return borrow().from_arrow(pa.table(whole).select(names))


def sum_terms(
    rows: duckdb.DuckDBPyRelation,
    terms: Sequence[Term],
    *,
    by: Sequence[str],
    clusters: Sequence[str] = (),
    is_detailed: bool = True,
) -> tuple[dict[Group, dict[str, Summed]], dict[str, dict[Group, dict[str, ClusterSums]]]]:
    """Sum all terms of one grain, and over clusters those that are clustered by one of the columns named.

    Without detail only n, a and b are summed, which takes a fraction of the time.

    Returns
    -------
    mapping of group to key to Summed, and mapping of cluster column to group to key to ClusterSums
        One empty group where `by` is empty.

    Raises
    ------
    SettingError
        If a column that a term reads holds what cannot be read, such as text for a number.
    """
    kinds = dict(zip(rows.columns, map(str, rows.types), strict=True))
    days = next((column for column in clusters if kinds[column] == "DATE"), None)
    unclustered = tuple(term.cluster not in clusters for term in terms)
    reasons = tuple(applicable(terms, rows.columns)) if is_detailed else ((),) * len(terms)
    plan = Plan(tuple(terms), reasons, unclustered, is_detailed)
    records = _one_pass(rows, plan, by=by, clusters=clusters, days=days)
    if any(record.get("n_wrong") for record in records):
        refuse_unreadable(rows, _read(rows, terms), _readers(terms))
    sums = {
        _group(record, len(by)): {term.key: plan.summed(record, i) for i, term in enumerate(terms)}
        for record in records
    }
    clustered = {}
    for position, column in enumerate(clusters):
        held = [(i, term) for i, term in enumerate(terms) if term.cluster == column]
        has_unlabelled = any(record[f"u{position}"] for record in records)
        if column == days and not has_unlabelled:
            clustered[column] = {
                _group(record, len(by)): {term.key: _clusters(record, i) for i, term in held} for record in records
            }
        else:
            chosen = [term for _, term in held]
            clustered[column] = cluster_sums(rows, chosen, cluster=column, by=by, has_unlabelled=has_unlabelled)
    return sums, clustered


def _one_pass(
    rows: duckdb.DuckDBPyRelation, plan: Plan, *, by: Sequence[str], clusters: Sequence[str], days: str | None
) -> list[dict[str, Any]]:
    """Run the one query: sums per group, by way of sums per day where days are clusters."""
    is_wrong = _unreadable_sql(rows, plan.terms)
    values = _valued(rows, plan, labels=[*by, *clusters], is_wrong=is_wrong)
    groups = [f"g{i}" for i in range(len(by))]
    places = {column: f"g{len(by) + position}" for position, column in enumerate(clusters)}
    wanted = plan.sums()
    wanted |= {f"u{i}": (f"count(*) - count({place})", "sum") for i, place in enumerate(places.values())}
    if is_wrong:
        wanted["n_wrong"] = ("count(CASE WHEN is_wrong THEN 1 END)", "sum")
    inner = [f"{text} AS {name}" for name, (text, _) in wanted.items()]
    if days is None:
        return _grouped(values, inner, groups=groups)
    per_day = values.aggregate(", ".join([*groups, *inner]), ", ".join([*groups, places[days]]))
    outer = [f"{how}({name}) AS {name}" for name, (_, how) in wanted.items()]
    folded = [i for i, term in enumerate(plan.terms) if term.cluster == days]
    return _grouped(per_day, [*outer, *(_clusters_sql(i, plan.terms[i]) for i in folded)], groups=groups)


def cluster_sums(
    rows: duckdb.DuckDBPyRelation, terms: Sequence[Term], *, cluster: str, by: Sequence[str], has_unlabelled: bool
) -> dict[Group, dict[str, ClusterSums]]:
    """Sum per cluster and then over clusters; a row without a label is a cluster of its own."""
    groups = [f"g{i}" for i in range(len(by))]
    inner = per_cluster(rows, terms, cluster=cluster, by=by, has_unlabelled=has_unlabelled)
    wanted = [
        f"sum(n{i})::BIGINT AS n{i}, sum(a{i}) AS a{i}, "
        + _clusters_sql(i, term)
        + ("" if term.condition else f", sum(b{i}) AS b{i}")
        for i, term in enumerate(terms)
    ]
    return {
        _group(record, len(by)): {term.key: _clusters(record, i) for i, term in enumerate(terms)}
        for record in _grouped(inner, wanted, groups=groups)
    }


def per_cluster(
    rows: duckdb.DuckDBPyRelation, terms: Sequence[Term], *, cluster: str, by: Sequence[str], has_unlabelled: bool
) -> duckdb.DuckDBPyRelation:
    """Sum per group (g0, …) and cluster (the g after them); a row without a label stands alone, under none."""
    plan = Plan(tuple(terms), ((),) * len(terms), (False,) * len(terms), is_detailed=False)
    values = _valued(rows, plan, labels=[*by, cluster])
    label = f"g{len(by)}"
    labels = ", ".join([*(f"g{i}" for i in range(len(by))), label])
    sums = [f"{text} AS {name}" for name, (text, _) in plan.sums().items()]
    labelled = values.filter(f"{label} IS NOT NULL") if has_unlabelled else values
    inner = labelled.aggregate(", ".join([labels, *sums]), labels)
    if not has_unlabelled:
        return inner
    return inner.union(values.filter(f"{label} IS NULL").project(", ".join([labels, *plan.single()])))


def strata_sums(
    rows: duckdb.DuckDBPyRelation, terms: Sequence[Term], *, strata: Sequence[str], by: Sequence[str]
) -> dict[Group, dict[str, list[tuple[int, float, float]]]]:
    """Give n, Σa and Σb of every stratum, per group and term."""
    plan = Plan(tuple(terms), ((),) * len(terms), (False,) * len(terms), is_detailed=False)
    columns = [f"g{i}" for i in range(len(by) + len(strata))]
    sums = [f"{text} AS {name}" for name, (text, _) in plan.sums().items()]
    values = _valued(rows, plan, labels=[*by, *strata])
    ordered = values.aggregate(", ".join([*columns, *sums]), ", ".join(columns)).order(", ".join(columns))
    found: dict[Group, dict[str, list[tuple[int, float, float]]]] = {}
    for record in ordered.to_arrow_table().to_pylist():
        held = found.setdefault(_group(record, len(by)), {term.key: [] for term in terms})
        for i, term in enumerate(terms):
            if record[f"n{i}"]:
                held[term.key].append((record[f"n{i}"], record[f"a{i}"], plan.summed(record, i).b))
    return found


def basis_counts(rows: duckdb.DuckDBPyRelation, row: Indicator, *, by: Sequence[str]) -> dict[Group, dict[str, int]]:
    """Count the rows in an indicator's population by what their judgement rests on, most frequent first, per group."""
    groups = {f"g{place}": name for place, name in enumerate(by)}
    columns = _columns_sql(rows, Term.of(row), labels=groups | {"basis": str(row.basis_column)})
    held = rows.project(", ".join(columns)).filter(f"COALESCE(({row.denominator}) <> 0, FALSE) AND basis IS NOT NULL")
    counted = held.aggregate(", ".join([*groups, "basis", "count(*) AS n"]), ", ".join([*groups, "basis"]))
    found: dict[Group, dict[str, int]] = {}
    for record in sorted(counted.to_arrow_table().to_pylist(), key=lambda each: (-each["n"], each["basis"])):
        found.setdefault(_group(record, len(by)), {})[record["basis"]] = record["n"]
    return found


def _valued(
    rows: duckdb.DuckDBPyRelation, plan: Plan, *, labels: Sequence[str], is_wrong: str | None = None
) -> duckdb.DuckDBPyRelation:
    """Rows as g0… (labels) and what the plan adds up; where asked, also is_wrong: the row holds what cannot be read."""
    places = {f"g{i}": name for i, name in enumerate(labels)}
    checked, marks = ([f"{is_wrong} AS is_wrong"], ["is_wrong"]) if is_wrong else ([], [])
    columns = _columns_sql(rows, plan.terms, labels=places)
    return rows.project(", ".join([*columns, *checked])).project(", ".join([*places, *marks, *plan.values()]))


def _columns_sql(rows: duckdb.DuckDBPyRelation, terms: Sequence[Term], *, labels: Mapping[str, str]) -> list[str]:
    """Labels under their short names, and what the terms read in the types that the facts promise."""
    kinds = dict(zip(rows.columns, map(str, rows.types), strict=True))
    return [
        *(f"{_label(name, kinds[name])} AS {label}" for label, name in labels.items()),
        *(f"{typed(name, kinds[name], wanted)} AS {quote_name(name)}" for name, wanted in _read(rows, terms).items()),
    ]


def _read(rows: duckdb.DuckDBPyRelation, terms: Sequence[Term]) -> dict[str, str]:
    """Columns that the terms and their reasons read, with the types that the facts promise."""
    grain = terms[0].grain
    reasons = [text for held in applicable(terms, rows.columns) for _, text in held]
    names = {name for term in terms for name in term.columns}.union(*(names_in(text, grain) for text in reasons))
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
        names = {*term.columns}.union(*(names_in(text, term.grain) for _, text in term.exclusions))
        for name in names:
            readers.setdefault(name, []).append(term.key)
    return readers


def _clusters_sql(i: int, term: Term) -> str:
    """Aggregates over the sums of each cluster; the clusters themselves as long as they are few."""
    b = f"n{i}" if term.condition else f"b{i}"
    return (
        f"count(CASE WHEN {b} <> 0 THEN 1 END) AS c{i}, sum(a{i} * a{i}) AS caa{i}, sum(a{i} * {b}) AS cab{i}, "
        f"sum({b}::DOUBLE * {b}) AS cbb{i}, "
        f"max_by({{'a': a{i}, 'b': {b}::DOUBLE}}, {b}, {MANY_CLUSTERS}) FILTER ({b} <> 0) AS parts{i}"
        + "".join(f", sum({' * '.join(product)}) AS m{power}_{k}_{i}" for power, k, product in _products(i, term))
    )


def _products(i: int, term: Term) -> Iterator[tuple[int, int, list[str]]]:
    """Products of three and four: how skewed and how peaked the clusters are, where an interval asks for it."""
    b = f"n{i}::DOUBLE" if term.condition else f"b{i}"
    for power in {"share": (4,), "mean": (3, 4)}.get(term.aggregation, ()):
        for k in range(power + 1):
            yield power, k, [f"a{i}"] * (power - k) + [b] * k


def _grouped(rows: duckdb.DuckDBPyRelation, wanted: Sequence[str], *, groups: Sequence[str]) -> list[dict[str, Any]]:
    relation = rows.aggregate(", ".join([*groups, *wanted]), ", ".join(groups))
    records: list[dict[str, Any]] = relation.to_arrow_table().to_pylist()
    return records


def _group(record: Mapping[str, Any], n_by: int) -> Group:
    return tuple(record[f"g{i}"] for i in range(n_by))


def _clusters(record: Mapping[str, Any], i: int) -> ClusterSums:
    n, n_clusters = int(record[f"n{i}"] or 0), int(record[f"c{i}"])
    b = record.get(f"b{i}", n)
    numbers = {name: float(record[f"c{name}{i}"] or 0.0) for name in ("aa", "ab", "bb")}
    parts = None
    if n_clusters < MANY_CLUSTERS:
        pairs = sorted((part["b"], part["a"]) for part in record[f"parts{i}"] or ())
        parts = (np.array([a for _, a in pairs], float), np.array([b for b, _ in pairs], float))
    cubes, fourths = (
        tuple(float(record[f"m{power}_{k}_{i}"] or 0.0) for k in range(power + 1))
        if f"m{power}_0_{i}" in record
        else None
        for power in (3, 4)
    )
    a = float(record[f"a{i}"] or 0.0)
    return ClusterSums(n, n_clusters, a=a, b=float(b or 0.0), parts=parts, cubes=cubes, fourths=fourths, **numbers)


def _label(name: str, kind: str) -> str:
    """Groups are compared as text where a library stores text as codes, and missing is null, never NaN."""
    return f"CAST({quote_name(name)} AS VARCHAR)" if kind.startswith("ENUM") else without_nan(name, kind)
