"""Measure indicators: value, interval and what was left out, for any group of any frame of facts.

A rate is a ratio of sums over the rows of its group, never a mean of ratios, so months add up to their quarter.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb
import pandas as pd

from csm_lib.definitions import FACTS, INDICATORS, Indicator
from csm_lib.errors import SettingError
from csm_lib.measure.arguments import check_level
from csm_lib.measure.clusters import (
    MANY_CLUSTERS,
    NOTHING,
    ClusterSums,
    net_from_cluster_sums,
    rate_from_cluster_sums,
    ratio_from_cluster_sums,
)
from csm_lib.measure.fallbacks import basis_by_group, filled
from csm_lib.measure.grains import joint_cluster_sums
from csm_lib.measure.groups import TIME_GROUPS, refuse_missing, time_groups, with_time_groups
from csm_lib.measure.inference import mean_from_sums, nps, rate, share
from csm_lib.measure.sums import Group, columns_of, narrowed, strata_sums, sum_terms
from csm_lib.measure.terms import Summed, Term
from csm_lib.measure.weighted import stratified_share, weighted_share
from csm_lib.results import Estimate

__all__ = ["measure"]

STRATA = ("stratum", "week_on")  # what a review's weight was made within
COLUMNS = ("n", "numerator", "denominator", "value", "low", "high", "unit", "excluded", "method")


@dataclass(frozen=True)
class _Measured:
    """All sums of one grain, by group and then by key."""

    sums: Mapping[Group, Mapping[str, Summed]]
    clusters: Mapping[str, Mapping[Group, Mapping[str, ClusterSums]]]
    strata: Mapping[Group, Mapping[str, list[tuple[int, float, float]]]]


@dataclass(frozen=True)
class _Record:
    """One row of the result."""

    indicator: Indicator
    group: Group
    numerator: float
    denominator: float
    excluded: dict[str, int] | None
    estimate: Estimate


def measure(
    facts: Any, keys: str | Iterable[str], *, by: str | Iterable[str] = (), level: float | None = 0.95
) -> pd.DataFrame:
    """Measure indicators over facts.

    Parameters
    ----------
    facts : frame, or mapping of grain to frame
        pandas, Polars or Arrow frame or DuckDB relation; one row per contact, survey or other grain of
        `csm_lib.definitions.FACTS`. Only the
        columns that the indicators name, the groups and the cluster columns are read; null is outside the population.
        Numbers may be whole, fractional or written as text; none is rounded.
        None in a mapping says that there is no source for that grain: its indicators are not measured.
    keys : str or iterable of str
        Indicators, as in `csm_lib.definitions.INDICATORS`.
    by : str or iterable of str
        Columns to group by; rows where one is missing form a group of their own. Where the facts have no such column,
        `quarter`, `month`, `week` and `weekday` are made from `local_date` and `hour_band` from `local_hour`
        (`csm_lib.measure.groups.TIME_GROUPS`).
    level : float, 0–1, or None
        Probability that an interval holds the true value; None leaves the intervals and the count of rows left out
        (`excluded` is None then), which is about three times faster.

    Returns
    -------
    DataFrame
        One row per key (in the order asked) and group (ascending, missing last): `key`, the `by` columns, `n` rows in
        the population, `numerator` and `denominator` (sums), `value`, `low` and `high` in `unit`, `excluded` (reason to
        rows), `method`. Nothing in the population: value NaN, n 0, `method` says 'not measured'.

    Raises
    ------
    SettingError
        If a key is unknown, a grain or column is missing, the frame is of another grain, or a column holds what cannot
        be read (text for a number, infinity).

    Notes
    -----
    One query of sums and counts per grain, and one more where customers are clusters. Intervals:
    `csm_lib.measure.inference`.
    A missing cluster column means independent rows, said in `method`; a row without a cluster label is a cluster of
    its own.

    Examples
    --------
    >>> facts = pd.DataFrame({"is_first_contact_resolved": [True, True, False, True, None]})
    >>> measured = measure(facts, "fcr")
    >>> int(measured.loc[0, "n"]), float(measured.loc[0, "value"]), measured.loc[0, "excluded"]
    (4, 0.75, {'window_open_or_customer_or_issue_unknown': 1})
    """
    if level is not None:
        check_level(level)
    rows = [_indicator(key) for key in dict.fromkeys([keys] if isinstance(keys, str) else keys)]
    groups = [by] if isinstance(by, str) else list(by)
    rows = [filled(row, facts) for row in rows]
    unsourced = {row.key: absent for row in rows if (absent := _absent(facts, row))}
    terms = [term for row in rows if row.key not in unsourced for term in Term.of(row)]
    frames = _frames(facts, terms, groups)
    grains = dict.fromkeys(term.grain for term in terms)
    measured = {
        grain: _sum_grain(frames[grain], [term for term in terms if term.grain == grain], by=groups, level=level)
        for grain in grains
    }
    records = [
        record
        for row in rows
        for record in (
            _unsourced_records(row, unsourced[row.key], groups)
            if row.key in unsourced
            else sorted(_records(row, frames, measured, by=groups, level=level), key=lambda found: _order(found.group))
        )
    ]
    return _frame(records, groups)


def _absent(facts: Any, row: Indicator) -> list[str]:
    """Give the grains of an indicator for which a mapping says, by None, that there is no source."""
    if not isinstance(facts, Mapping):
        return []
    return [term.grain for term in Term.of(row) if term.grain in facts and facts[term.grain] is None]


def _unsourced_records(row: Indicator, grains: Sequence[str], by: Sequence[str]) -> list[_Record]:
    """Say that an indicator is not measured for want of a source; never zero. Groups do not exist then."""
    none = Estimate(
        math.nan, math.nan, math.nan, 0, f"not measured: no {' and no '.join(grains)} data".replace("_", " ")
    )
    return [] if by else [_Record(row, (), 0.0, 0.0, {}, none)]


def _indicator(key: str) -> Indicator:
    if key not in INDICATORS:
        raise SettingError(f"keys must name indicators, got {key!r}. Choose from {', '.join(INDICATORS)}.")
    return INDICATORS[key]


def _frames(facts: Any, terms: Sequence[Term], by: Sequence[str]) -> dict[str, Any]:
    """Find the frame of each grain and check that it has what is read from it."""
    clashing = sorted({"key", *COLUMNS} & set(by))
    if clashing:
        raise SettingError(f"by must not name a column of the result, got {clashing!r}. Rename it in the facts.")
    frames: dict[str, Any] = {}
    for term in terms:
        frame = _frame_of(facts, term)
        present = columns_of(frame)
        missing = [name for name in term.columns if name not in present]
        if missing:
            raise SettingError(
                f"facts must hold the columns of {term.key!r} (grain {term.grain}), got a frame without {missing!r}. "
                f"Pass the {term.grain} facts."
            )
        refuse_missing(by, present, grain=term.grain)
        unknown = [name for name in by if name not in present and name not in TIME_GROUPS]
        if unknown:
            raise SettingError(
                f"by must name columns of the {term.grain} facts, got {unknown!r} (for {term.key!r}). "
                f"Choose from {', '.join(present)}."
            )
        frames[term.grain] = frame
    return frames


def _frame_of(facts: Any, term: Term) -> Any:
    if isinstance(facts, Mapping):
        if term.grain not in facts:
            raise SettingError(
                f"facts must hold the grain {term.grain!r} of {term.key!r}, got {sorted(facts)!r}. "
                f"Pass {{{term.grain!r}: frame}}."
            )
        return facts[term.grain]
    present = columns_of(facts)
    labels = [grain for grain, fact in FACTS.items() if fact.key in present]
    labels = [grain for grain in labels if grain != "contact"] or labels  # other grains name the contact they belong to
    if labels and term.grain not in labels:
        raise SettingError(
            f"facts must have the grain {term.grain!r} of {term.key!r}, got a frame of grain {labels[0]!r} "
            f"(it has the column {FACTS[labels[0]].key!r}). Pass {{{term.grain!r}: frame}}."
        )
    if len({part.grain for part in Term.of(INDICATORS[term.key])}) > 1:
        raise SettingError(
            f"facts must be a mapping of grain to frame for {term.key!r}, got one frame. "
            f"Pass {{grain: frame}} with the grains that it divides."
        )
    return facts


def _held(frame: Any, terms: Sequence[Term], *, by: Sequence[str], others: Sequence[str]) -> duckdb.DuckDBPyRelation:
    """Take what is read of a frame, and the groups, those in time too."""
    made = time_groups(by, columns_of(frame))
    return with_time_groups(narrowed(frame, terms, others=[*by, *others, *(group.reads for group in made)]), made)


def _sum_grain(frame: Any, terms: Sequence[Term], *, by: Sequence[str], level: float | None) -> _Measured:
    present = columns_of(frame)
    columns = [] if level is None else sorted({term.cluster for term in terms if term.cluster in present} - {None})
    held = _held(frame, terms, by=by, others=STRATA)
    sums, clusters = sum_terms(held, terms, by=by, clusters=columns, is_detailed=level is not None)
    weighted = [term for term in terms if term.aggregation == "weighted_share"]
    strata = {}
    if level is not None and weighted and set(STRATA) <= set(present):
        strata = strata_sums(held, weighted, strata=STRATA, by=by)
    return _Measured(sums, clusters, strata)


def _records(
    row: Indicator,
    frames: Mapping[str, Any],
    measured: Mapping[str, _Measured],
    *,
    by: Sequence[str],
    level: float | None,
) -> list[_Record]:
    held = measured[row.grain]
    if row.denominator_grain is not None:
        clusters = _joint(row, frames, by=by) if level is not None else None
        return _ratio_records(row, held.sums, measured[row.denominator_grain].sums, clusters, level=level)
    judged = {} if level is None else basis_by_group(row, frames[row.grain], by=by)
    lacks_cluster = bool(row.cluster) and row.cluster not in columns_of(frames[row.grain])
    records = []
    for group, sums in held.sums.items():
        found = sums[row.key]
        made = _estimate(row, group, found, held, level=level)
        if lacks_cluster and found.n and level is not None:
            made = replace(made, method=f"{made.method}; rows taken as independent: no column {row.cluster!r}")
        if row.is_of_counts and found.n:
            made = replace(made, n=round(found.b))
        if row.basis and found.n:
            made = replace(made, method=f"{made.method}; {row.basis}")
        if group in judged:
            made = replace(made, method=f"{made.method}; judged: {judged[group]}")
        excluded = None if level is None else dict(found.excluded)
        records.append(_Record(row, group, found.a, found.b, excluded, made))
    return records


def _joint(row: Indicator, frames: Mapping[str, Any], *, by: Sequence[str]) -> Mapping[Group, ClusterSums] | None:
    """Sums per cluster of an indicator that divides two grains; None where one of them lacks the column."""
    terms = Term.of(row)
    if row.cluster is None or any(row.cluster not in columns_of(frames[term.grain]) for term in terms):
        return None
    above, below = ((_held(frames[term.grain], [term], by=by, others=[row.cluster]), term) for term in terms)
    return joint_cluster_sums(above, below, cluster=row.cluster, by=by)


def _ratio_records(
    row: Indicator,
    above: Mapping[Group, Mapping[str, Summed]],
    below: Mapping[Group, Mapping[str, Summed]],
    clusters: Mapping[Group, ClusterSums] | None,
    *,
    level: float | None,
) -> list[_Record]:
    """Divide two grains group by group; a group that one of them lacks counts 0 there."""
    records = []
    for group in dict.fromkeys([*above, *below]):
        numerator = above[group][row.key] if group in above else None
        a, b = numerator.a if numerator else 0.0, below[group][row.key].b if group in below else 0.0
        if clusters is not None and level is not None and group in clusters and b:
            made = rate_from_cluster_sums(clusters[group], level=level, unit=str(row.cluster))
        else:
            made = rate(a, b, level=level or 0.95)
            if row.cluster and b:
                made = replace(made, method=f"{made.method}; rows taken as independent: no column {row.cluster!r}")
        if level is None:
            made = _without_interval(made)
        excluded = None if level is None else dict(numerator.excluded) if numerator else {}
        records.append(_Record(row, group, a, b, excluded, made))
    return records


def _estimate(row: Indicator, group: Group, found: Summed, held: _Measured, *, level: float | None) -> Estimate:
    """Value and interval of one indicator in one group."""
    if found.n == 0 or found.b == 0:
        return Estimate(math.nan, math.nan, math.nan, 0, NOTHING)
    if level is None:
        return _without_interval(Estimate(found.a / found.b, math.nan, math.nan, found.n, ""))
    clusters = held.clusters[row.cluster][group][row.key] if row.cluster and row.cluster in held.clusters else None
    if row.aggregation == "net" and clusters is not None:
        return net_from_cluster_sums(
            clusters, promoters=found.up, detractors=found.down, level=level, unit=str(row.cluster)
        )
    if row.aggregation == "net":
        return nps(found.up, found.n - found.up - found.down, found.down, level=level)
    if row.aggregation == "weighted_share":
        if group in held.strata:
            return stratified_share(held.strata[group][row.key], level=level)
        return weighted_share(found.n, found.a, found.b, found.ab, found.bb, level=level)
    if clusters is not None:
        limits = (0.0, 1.0) if row.aggregation == "share" else (-math.inf, math.inf)
        return ratio_from_cluster_sums(clusters, level=level, limits=limits, unit=str(row.cluster))
    if row.aggregation == "share":
        return share(found.a, found.b, level=level)
    if row.aggregation == "ratio":
        return _events_per_exposure(found, level=level)
    if found.b != found.n:
        return _ratio_of_rows(found, level=level)
    return mean_from_sums(found.a, found.aa - found.a**2 / found.n, found.n, level=level)


def _events_per_exposure(found: Summed, *, level: float) -> Estimate:
    """Rate of events over an exposure that need not be whole, such as agent-months; n counts the rows."""
    counted = rate(found.a, 1, level=level)
    return Estimate(found.a / found.b, counted.low / found.b, counted.high / found.b, found.n, counted.method)


def _ratio_of_rows(found: Summed, *, level: float) -> Estimate:
    """Ratio of two amounts with independent rows: a row is a cluster of its own, if there are rows enough for that."""
    if found.n < MANY_CLUSTERS:
        return Estimate(found.a / found.b, math.nan, math.nan, found.n, f"no interval: fewer than {MANY_CLUSTERS} rows")
    sums = ClusterSums(found.n, found.n, found.a, found.b, found.aa, found.ab, found.bb)
    return ratio_from_cluster_sums(sums, level=level, unit="rows")


def _without_interval(made: Estimate) -> Estimate:
    if math.isnan(made.value):
        return made
    return replace(made, low=math.nan, high=math.nan, method="ratio of sums; no interval asked for")


def _order(group: Group) -> tuple[tuple[bool, Any], ...]:
    return tuple((value is None, 0 if value is None else value) for value in group)


def _frame(records: Sequence[_Record], by: Sequence[str]) -> pd.DataFrame:
    """Lay the records out with fixed types, also where there is none."""
    keyed = {"key": pd.Series([record.indicator.key for record in records], dtype="str")}
    grouped = {name: pd.Series([record.group[i] for record in records]) for i, name in enumerate(by)}
    numbers = {
        "n": pd.Series([record.estimate.n for record in records], dtype="int64"),
        "numerator": pd.Series([record.numerator for record in records], dtype="float64"),
        "denominator": pd.Series([record.denominator for record in records], dtype="float64"),
        "value": pd.Series([record.estimate.value for record in records], dtype="float64"),
        "low": pd.Series([record.estimate.low for record in records], dtype="float64"),
        "high": pd.Series([record.estimate.high for record in records], dtype="float64"),
    }
    words = {
        "unit": pd.Series([record.indicator.unit for record in records], dtype="str"),
        "excluded": pd.Series([record.excluded for record in records], dtype="object"),
        "method": pd.Series([record.estimate.method for record in records], dtype="str"),
    }
    return pd.DataFrame({**keyed, **grouped, **numbers, **words})
