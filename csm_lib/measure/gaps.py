"""Values against what they should be: target, own history, benchmark, and the other teams.

Two judgements stand side by side and are never mixed: whether this period met its target (a fact), and what the process
behind it does (a verdict that allows for chance). Of many comparisons some look like news by luck, so changes are
declared signals together, at one false-discovery rate.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from datetime import date
from typing import Any, TypeAlias

import pandas as pd

from csm_lib.definitions import INDICATORS
from csm_lib.errors import ContractError, UsageError
from csm_lib.measure.changes import combined, difference, signals
from csm_lib.measure.verdicts import is_met, probability_met, verdict

__all__ = ["Targets", "gap_summary", "group_changes", "history", "scorecard", "team_gaps"]

Targets: TypeAlias = Mapping[str, float] | pd.DataFrame


def scorecard(
    current: pd.DataFrame,
    *,
    targets: Targets,
    previous: pd.DataFrame | None = None,
    year_before: pd.DataFrame | None = None,
    benchmarks: pd.DataFrame | None = None,
    final_on: Mapping[str, date] | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Set each indicator beside its target, its history and its benchmark.

    Parameters
    ----------
    current, previous, year_before : DataFrame
        One row per key, as `measure` gives without `by`. Columns read: `key n value low high unit`.
    targets : mapping of str to float, or DataFrame
        Key to target in the indicator's unit; a frame has columns `key` and `target`.
    benchmarks : DataFrame, optional
        Rows of the table `benchmarks`; the latest `as_of` of an indicator counts.
    final_on : mapping of str to date, optional
        Keys whose window is still open, and the day from which the figure is final.
    level : float, 0–1
        Level at which the intervals were made.

    Returns
    -------
    DataFrame
        One row per key, in the order given: `key dimension value low high n unit better target gap is_met verdict
        probability is_provisional final_on previous change change_low change_high change_p_adjusted is_signal
        year_before year_change year_change_low year_change_high benchmark benchmark_gap benchmark_source
        benchmark_population benchmark_as_of method`. Differences are value − other. `is_met` is None without a target
        and for estimates from samples; `probability` is that of the good side of the target; `is_signal` is None
        where there is nothing to compare.

    Raises
    ------
    UsageError
        If a key stands in `current`, `previous` or `year_before` more than once.
    ContractError
        If a benchmark is in another unit than its indicator.

    Notes
    -----
    Changes: differences of independent estimates; signals: Benjamini and Hochberg (1995) over the keys; both in
    `csm_lib.measure.changes`.

    Examples
    --------
    >>> made = pd.DataFrame({"key": ["fcr"], "n": [8000], "value": [0.78], "low": [0.77], "high": [0.79],
    ...                      "unit": ["share"], "method": ["Wilson"]})
    >>> card = scorecard(made, targets={"fcr": 0.85})
    >>> card[["is_met", "verdict"]].values.tolist()
    [[False, 'missed']]
    """
    aims = _targets(targets)
    before, last_year = _one_per_key(previous, "previous"), _one_per_key(year_before, "year_before")
    marks = _benchmarks(benchmarks)
    final = dict(final_on or {})
    rows = [
        _judged(row, aims.get(str(row["key"])), level)
        | _provisional(row, final)
        | _changed(row, before, level, "previous", "change")
        | _changed(row, last_year, level, "year_before", "year_change")
        | _against_benchmark(row, marks)
        | {"method": row.get("method")}
        for row in _one_per_key(current, "current").values()
    ]
    card = pd.DataFrame(rows, columns=list(_SCORECARD))
    card["change_p_adjusted"], card["is_signal"] = signals(card["change_p_adjusted"])
    return card


_SCORECARD = (
    "key", "dimension", "value", "low", "high", "n", "unit", "better", "target", "gap", "is_met", "verdict",
    "probability", "is_provisional", "final_on", "previous", "change", "change_low", "change_high",
    "change_p_adjusted", "is_signal", "year_before", "year_change", "year_change_low", "year_change_high", "benchmark",
    "benchmark_gap", "benchmark_source", "benchmark_population", "benchmark_as_of", "method",
)  # fmt: skip


def gap_summary(card: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """Say of every gap of a scorecard whether it is news: against target, the previous period and the year before.

    Parameters
    ----------
    card : DataFrame
        As `scorecard` gives.
    level : float, 0–1
        Level at which the intervals were made.

    Returns
    -------
    DataFrame
        The columns of the card and `against_target`, `against_previous`, `against_year_before`: `better` or `worse`
        where the difference is a signal, `noise` where chance could have made it, None where nothing was compared.

    Notes
    -----
    Against the target a signal is a verdict of met or missed. The changes are declared together over the indicators,
    each of the two kinds at one false-discovery rate (`csm_lib.measure.changes.signals`).

    Examples
    --------
    >>> now = pd.DataFrame({"key": ["fcr"], "n": [8000], "value": [0.78], "low": [0.77], "high": [0.79],
    ...                     "unit": ["share"], "method": ["Wilson"]})
    >>> made = gap_summary(scorecard(now, targets={"fcr": 0.85}, previous=now.assign(value=0.775)))
    >>> made[["against_target", "against_previous"]].values.tolist(), made["against_year_before"].tolist()
    ([['worse', 'noise']], [None])
    """
    judged = {"met": "better", "missed": "worse", "too_close": "noise"}
    years = card[["year_change", "year_change_low", "year_change_high"]].astype(float).to_numpy()
    year_p = [_p_of(*row, level=level) for row in years]
    in_a_year = signals(pd.Series(year_p, index=card.index, dtype=float))[1]
    return card.assign(
        against_target=[judged.get(word) for word in card["verdict"]],
        against_previous=_news(card["is_signal"], card["change"], card["better"]),
        against_year_before=_news(in_a_year, card["year_change"], card["better"]),
    )


def _p_of(gap: float, low: float, high: float, *, level: float) -> float:
    """Give the p value of a difference from its interval."""
    return difference(gap, low, high, 0.0, 0.0, 0.0, level=level)[3]


def _news(is_signal: pd.Series, change: pd.Series, better: pd.Series) -> list[str | None]:
    return [
        None if flag is None or math.isnan(moved) else "noise" if not flag
        else "better" if (moved > 0) == (side == "higher") else "worse"
        for flag, moved, side in zip(is_signal, change, better, strict=True)
    ]  # fmt: skip


def team_gaps(
    measured: pd.DataFrame, *, by: str | Sequence[str], targets: Targets | None = None, level: float = 0.95
) -> pd.DataFrame:
    """Compare each group with all the others, and with the target, allowing for how many are compared.

    Parameters
    ----------
    measured : DataFrame
        As `measure` gives with `by`. Columns read: `key`, those of `by`, `n denominator value low high unit`.
    by : str or sequence of str
        The grouping column(s), as given to `measure`.
    targets, level
        As in `scorecard`.

    Returns
    -------
    DataFrame
        One row per key and group: `key`, `by`, `n value low high unit target gap verdict rest difference
        difference_low difference_high p_adjusted is_signal`; `rest` is the ratio of sums of the other groups of
        that key, `is_signal` says whether the group differs from it (one false-discovery rate over each key's groups).

    Examples
    --------
    >>> made = pd.DataFrame({"key": "fcr", "team": ["A", "B"], "n": [500, 500], "denominator": [500.0, 500.0],
    ...                      "value": [0.9, 0.7], "low": [0.87, 0.66], "high": [0.92, 0.74], "unit": "share"})
    >>> team_gaps(made, by="team", targets={"fcr": 0.8})[["team", "verdict", "is_signal"]].values.tolist()
    [['A', 'met', True], ['B', 'missed', True]]
    """
    groups = [by] if isinstance(by, str) else list(by)
    aims = _targets(targets if targets is not None else {})
    tables = []
    for key, part in measured.groupby("key", sort=False):
        rows = [_beside_the_rest(i, part, aims.get(str(key)), level) for i in range(len(part))]
        table = pd.concat([part[["key", *groups]].reset_index(drop=True), pd.DataFrame(rows)], axis=1)
        table["p_adjusted"], table["is_signal"] = signals(table["p_adjusted"])
        tables.append(table)
    columns = ["key", *groups, *_TEAM_GAPS]
    return pd.concat(tables, ignore_index=True)[columns] if tables else pd.DataFrame(columns=columns)


def group_changes(
    now: pd.DataFrame, before: pd.DataFrame | None, *, by: str | Sequence[str], level: float = 0.95
) -> pd.DataFrame:
    """Compare each group with itself in a former period, allowing for how many are compared.

    Parameters
    ----------
    now, before : DataFrame
        As `measure` gives with `by`, of two periods. Columns read: `key`, those of `by`, `n value low high unit`.
    by : str or sequence of str
        The grouping column(s), as given to `measure`.
    level : float, 0–1

    Returns
    -------
    DataFrame
        One row per key and group of `now`: `key`, `by`, `n value low high unit previous change change_low change_high
        p_adjusted is_signal`; a group without a former value is not compared. Without a former period no row, and
        `.attrs["reason"]`.

    Notes
    -----
    One false-discovery rate over the groups of each key (Benjamini and Hochberg 1995). The two periods are taken as
    independent. A group that was given other contacts than before changes without having become better or worse:
    `csm_lib.explain.mix.mix_within` tells the two apart.

    Examples
    --------
    >>> made = pd.DataFrame({"key": "fcr", "team": ["A", "B"], "n": 500, "value": [0.9, 0.7], "low": [0.87, 0.66],
    ...                      "high": [0.92, 0.74], "unit": "share"})
    >>> former = made.assign(value=[0.8, 0.71], low=[0.76, 0.67], high=[0.83, 0.75])
    >>> group_changes(made, former, by="team")[["team", "is_signal"]].values.tolist()
    [['A', True], ['B', False]]
    """
    groups = [by] if isinstance(by, str) else list(by)
    columns = ["key", *groups, *_GROUP_CHANGES]
    if before is None:
        empty = pd.DataFrame(columns=columns)
        empty.attrs["reason"] = "there is no earlier period to compare with"
        return empty
    names = ["key", *groups]
    former = {tuple(row[name] for name in names): row for row in before.to_dict("records")}
    nothing = dict.fromkeys(("value", "low", "high"), math.nan)
    rows = []
    for row in now.to_dict("records"):
        other = former.get(tuple(row[name] for name in names), nothing)
        bounds = [float(part[column]) for part in (row, other) for column in ("value", "low", "high")]
        gap, low, high, p = difference(*bounds, level=level)
        changed = {"previous": bounds[3], "change": gap, "change_low": low, "change_high": high, "p_adjusted": p}
        rows.append({column: row[column] for column in (*names, "n", "value", "low", "high", "unit")} | changed)
    table = pd.DataFrame(rows, columns=columns)
    table["is_signal"] = table["is_signal"].astype(object)
    for _, part in table.groupby("key", sort=False):
        p_adjusted, is_signal = signals(part["p_adjusted"])
        table.loc[part.index, "p_adjusted"], table.loc[part.index, "is_signal"] = p_adjusted, is_signal
    return table


_GROUP_CHANGES = (
    "n", "value", "low", "high", "unit", "previous", "change", "change_low", "change_high", "p_adjusted", "is_signal",
)  # fmt: skip
_TEAM_GAPS = (
    "n", "value", "low", "high", "unit", "target", "gap", "verdict", "rest", "difference", "difference_low",
    "difference_high", "p_adjusted", "is_signal",
)  # fmt: skip


def history(periods: Mapping[str, pd.DataFrame], *, targets: Mapping[str, Targets] | None = None) -> pd.DataFrame:
    """Line up the same indicators over several periods, each beside the target valid then.

    Parameters
    ----------
    periods : mapping of str to DataFrame
        Period name to what `measure` gave for it, oldest first.
    targets : mapping of str to targets, optional
        Period name to the targets of that period.

    Returns
    -------
    DataFrame
        One row per key and period, keys in order of appearance: `key period value low high n unit target`.

    Examples
    --------
    >>> made = pd.DataFrame({"key": ["fcr"], "n": [10], "value": [0.8], "low": [0.5], "high": [0.9], "unit": ["share"]})
    >>> history({"2023Q4": made, "2024Q1": made})["period"].tolist()
    ['2023Q4', '2024Q1']
    """
    rows = []
    for name, measured in periods.items():
        aims = _targets((targets or {}).get(name, {}))
        for key, row in _one_per_key(measured, name).items():
            numbers = {column: row[column] for column in ("value", "low", "high", "n", "unit")}
            rows.append({"key": key, "period": name} | numbers | {"target": aims.get(key, math.nan)})
    table = pd.DataFrame(rows, columns=["key", "period", "value", "low", "high", "n", "unit", "target"])
    order = {key: i for i, key in enumerate(dict.fromkeys(table["key"]))}
    return table.sort_values("key", key=lambda keys: keys.map(order), kind="stable", ignore_index=True)


def _targets(targets: Targets) -> dict[str, float]:
    """Read targets from a mapping or a frame; a missing one is no target."""
    pairs = (
        zip(targets["key"], targets["target"], strict=True) if isinstance(targets, pd.DataFrame) else targets.items()
    )
    return {str(key): float(target) for key, target in pairs if target is not None and not math.isnan(target)}


def _one_per_key(frame: pd.DataFrame | None, name: str) -> dict[str, dict[Hashable, Any]]:
    """Index a frame of `measure` by key."""
    if frame is None:
        return {}
    twice = frame.loc[frame["key"].duplicated(), "key"]
    if len(twice):
        raise UsageError(
            f"{name} must have one row per key, got {twice.iloc[0]!r} more than once. Measure it without `by`."
        )
    return {str(row["key"]): row for row in frame.to_dict("records")}


def _judged(row: Mapping[Hashable, Any], target: float | None, level: float) -> dict[str, Any]:
    """Give value, target and both judgements."""
    indicator = INDICATORS[row["key"]]
    value, low, high = (float(row[name]) for name in ("value", "low", "high"))
    aim = math.nan if target is None else target
    fact = None if indicator.is_estimate else is_met(value, target=target, better=indicator.better)
    good = probability_met(value, low, high, target=aim, better=indicator.better, level=level)
    found = verdict(value, low, high, target=target, better=indicator.better, level=level)
    return {"key": row["key"], "dimension": indicator.dimension, "value": value, "low": low, "high": high,
            "n": row["n"], "unit": row["unit"], "better": indicator.better, "target": aim, "gap": value - aim,
            "is_met": fact, "verdict": found, "probability": good}  # fmt: skip


def _provisional(row: Mapping[Hashable, Any], final: Mapping[str, date]) -> dict[str, Any]:
    """Say from when a figure is final; what was not measured is not provisional."""
    day = None if math.isnan(row["value"]) else final.get(str(row["key"]))
    return {"is_provisional": day is not None, "final_on": day}


def _changed(
    row: Mapping[Hashable, Any], others: Mapping[str, Mapping[Hashable, Any]], level: float, name: str, change: str
) -> dict[str, Any]:
    """Give the value of another period and the change since."""
    other = others.get(row["key"], {"value": math.nan, "low": math.nan, "high": math.nan})
    bounds = [float(part[column]) for part in (row, other) for column in ("value", "low", "high")]
    gap, low, high, p = difference(*bounds, level=level)
    return {name: bounds[3], change: gap, f"{change}_low": low, f"{change}_high": high, f"{change}_p_adjusted": p}


def _benchmarks(benchmarks: pd.DataFrame | None) -> dict[str, dict[Hashable, Any]]:
    """Take the latest benchmark of each indicator; one in another unit is refused."""
    if benchmarks is None or benchmarks.empty:
        return {}
    latest = benchmarks.sort_values("as_of", kind="stable", na_position="first").drop_duplicates(
        "indicator", keep="last"
    )
    rows = {str(row["indicator"]): row for row in latest.to_dict("records")}
    for key, row in rows.items():
        unit = row.get("unit")
        if key in INDICATORS and isinstance(unit, str) and unit != INDICATORS[key].unit:
            raise ContractError(
                f"benchmark of {key!r} must be in {INDICATORS[key].unit!r}, got {unit!r}. Convert it in data/tables."
            )
    return rows


def _against_benchmark(row: Mapping[Hashable, Any], marks: Mapping[str, Mapping[Hashable, Any]]) -> dict[str, Any]:
    mark = marks.get(row["key"], {})
    value = float(mark.get("value", math.nan))
    facts = {f"benchmark_{name}": mark.get(name) for name in ("source", "population", "as_of")}
    return {"benchmark": value, "benchmark_gap": float(row["value"]) - value} | facts


def _beside_the_rest(i: int, part: pd.DataFrame, target: float | None, level: float) -> dict[str, Any]:
    """Judge the i-th group of a key and set it beside all others."""
    row = part.iloc[i]
    rest = combined(part.drop(part.index[i]))
    judged = _judged(row.to_dict(), target, level)
    own = (judged["value"], judged["low"], judged["high"])
    gap, low, high, p = difference(*own, *rest, level=level)
    kept = {name: judged[name] for name in ("n", "value", "low", "high", "unit", "target", "gap", "verdict")}
    between = {"rest": rest[0], "difference": gap, "difference_low": low, "difference_high": high, "p_adjusted": p}
    return kept | between
