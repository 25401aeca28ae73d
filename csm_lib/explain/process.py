"""The process behind a contact: its stages, its approvals, how often it changed hands, how long each stage took.

A contact that takes two hours is rarely worked on for two hours. The status log says where the time went: each change
opens a stage that lasts until the next change, and the last one is where the contact came to rest.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from csm_lib.definitions import INDICATORS
from csm_lib.engine import quote_text
from csm_lib.explain.population import table_of
from csm_lib.explain.statuslog import ask_log, steps
from csm_lib.measure.indicators import measure
from csm_lib.measure.inference import censored_median, mean, share
from csm_lib.measure.sums import columns_of

__all__ = ["contact_paths", "path_variants", "process_summary", "stage_times", "variant_indicators"]

_ENDED = "('resolved', 'closed')"


def contact_paths(status_log: Any) -> pd.DataFrame:
    """Describe the way of each contact through the process.

    Parameters
    ----------
    status_log : frame
        Rows of the table `status_log`. Columns read: `contact_id changed_at status team agent_id stage is_approval`
        and, where present, `actor`.

    Returns
    -------
    DataFrame
        One row per contact, sorted by `contact_id`: `path` (stages in order joined by " → ", a stage that only changes
        status or owner named once; the status where no stage is given), `n_changes`, `n_approvals`, `n_handoffs`
        (changes of team), `n_returns` (stages entered again), `n_pingpong` (hand-offs back to a team that had the
        contact before), `is_contained` (ended with the team that had it first, never in other hands; null while it has
        not ended or no team is known), `duration_s` (first to last change).

    Raises
    ------
    UsageError
        If a column is absent.

    Examples
    --------
    >>> log = pd.DataFrame({"contact_id": "t1", "status": ["new", "open", "resolved"],
    ...     "stage": ["triage", "solution", None],
    ...     "changed_at": pd.to_datetime(["2024-01-01 09:00Z", "2024-01-01 09:10Z", "2024-01-01 10:00Z"]),
    ...     "team": ["A", "B", "B"], "agent_id": None, "is_approval": [False, True, False]})
    >>> contact_paths(log)[["path", "n_approvals", "n_handoffs", "duration_s"]].values.tolist()
    [['triage → solution → resolved', 1, 1, 3600.0]]
    """
    query = f"""
        SELECT contact_id, string_agg(node, ' → ' ORDER BY place)
                FILTER (WHERE former_node IS DISTINCT FROM node) AS path,
            count(*) AS n_changes, count(*) FILTER (WHERE is_approval) AS n_approvals,
            count(*) FILTER (WHERE team <> former_team) AS n_handoffs,
            count(*) FILTER (WHERE former_node IS DISTINCT FROM node) - count(DISTINCT node) AS n_returns,
            count(*) FILTER (WHERE team IS DISTINCT FROM former_team AND team IS NOT NULL) - count(DISTINCT team)
                AS n_pingpong,
            CASE WHEN bool_or(is_last AND status IN {_ENDED}) AND count(team) > 0
                THEN count(DISTINCT team) = 1 END AS is_contained,
            coalesce(sum(stay_s), 0)::DOUBLE AS duration_s
        FROM ({steps()}) GROUP BY contact_id ORDER BY contact_id
    """
    return ask_log(status_log, query)


def stage_times(status_log: Any, *, standards: Mapping[str, float] | None = None, level: float = 0.95) -> pd.DataFrame:
    """Say how long contacts stay in each stage, how much of it is waiting, and how many stay longer than they should.

    Parameters
    ----------
    status_log : frame
        As in `contact_paths`.
    standards : mapping of str to float, optional
        Stage to the seconds it should take at most.
    level : float, 0–1

    Returns
    -------
    DataFrame
        One row per stage, longest total first: `stage n median_s mean_s total_s share n_visits waiting_share
        working_share unknown_share standard_s n_over over_share low high`; `n` contacts that left it, a contact's
        visits added up; `share` of all time in the log; the three shares of the stage's time add up to 1; `low` and
        `high` bound `over_share`. The stage in which a contact came to rest has no end and is not counted.

    Raises
    ------
    UsageError
        If a column is absent.

    Notes
    -----
    A log tells who changed something, not who worked. Time before a change by somebody else, and time in a status of
    waiting, is waiting; time between two changes of one person is working, at most: nights and pauses are in it.

    Examples
    --------
    >>> log = pd.DataFrame({"contact_id": "t1", "status": ["new", "open", "resolved"], "stage": None, "team": None,
    ...     "changed_at": pd.to_datetime(["2024-01-01 09:00Z", "2024-01-01 09:15Z", "2024-01-01 10:00Z"]),
    ...     "agent_id": None, "is_approval": None})
    >>> stage_times(log, standards={"open": 600})[["stage", "median_s", "share", "n_over"]].values.tolist()
    [['open', 2700.0, 0.75, 1], ['new', 900.0, 0.25, <NA>]]
    """
    given = {str(stage): float(limit) for stage, limit in (standards or {}).items() if not math.isnan(float(limit))}
    limits = "".join(f" WHEN {quote_text(stage)} THEN {limit!r}" for stage, limit in given.items())
    limit = f"CASE node{limits} END" if limits else "NULL::DOUBLE"
    parts = ", ".join(
        f"coalesce(sum(stay_s) FILTER (WHERE work = '{work}'), 0) AS {work}_s" for work in ("waiting", "working")
    )
    query = f"""
        WITH stays AS (
            SELECT contact_id, node, sum(stay_s) AS stay_s, {parts},
                count(*) FILTER (WHERE former_node IS DISTINCT FROM node) AS n_visits
            FROM ({steps()}) WHERE stay_s IS NOT NULL GROUP BY contact_id, node
        )
        SELECT node AS stage, count(*) AS n, median(stay_s)::DOUBLE AS median_s, avg(stay_s)::DOUBLE AS mean_s,
            sum(stay_s)::DOUBLE AS total_s, sum(n_visits)::BIGINT AS n_visits, sum(waiting_s)::DOUBLE AS waiting_s,
            sum(working_s)::DOUBLE AS working_s, {limit} AS standard_s, count(*) FILTER (WHERE stay_s > {limit})
                AS n_over
        FROM stays GROUP BY node ORDER BY total_s DESC, stage
    """
    table = ask_log(status_log, query)
    table.insert(5, "share", table["total_s"] / table["total_s"].sum() if len(table) else table["total_s"])
    whole = table["total_s"].where(table["total_s"] > 0)
    for work in ("waiting", "working"):
        table[f"{work}_share"] = table.pop(f"{work}_s") / whole
    table["unknown_share"] = (1 - table["waiting_share"] - table["working_share"]).clip(lower=0)
    table["standard_s"] = table["standard_s"].astype(float)
    has_standard = table["standard_s"].notna()
    over = [share(over, n, level=level) for over, n in zip(table["n_over"], table["n"], strict=True)]
    for name, entry in (("over_share", "value"), ("low", "low"), ("high", "high")):
        table[name] = pd.Series([getattr(one, entry) for one in over], dtype=float).where(has_standard)
    table["n_over"] = table["n_over"].astype("Int64").where(has_standard)
    order = [name for name in table if name not in ("standard_s", "n_over", "over_share", "low", "high")]
    return table[[*order, "standard_s", "n_over", "over_share", "low", "high"]]


def path_variants(paths: pd.DataFrame, *, count: int = 10) -> pd.DataFrame:
    """Count the commonest paths; the rest are folded into one row.

    Parameters
    ----------
    paths : DataFrame
        As `contact_paths` gives. Columns read: `path duration_s n_approvals n_handoffs`.
    count : int
        Paths to name; all others are put together in a last row whose `path` is None.

    Returns
    -------
    DataFrame
        One row per path, commonest first: `path n value cumulative median_s median_approvals median_handoffs`.
        `.attrs["n_variants"]` counts all different paths.

    Examples
    --------
    >>> paths = pd.DataFrame({"path": ["a → b", "a → b", "a"], "duration_s": [10.0, 30.0, 5.0], "n_approvals": 0,
    ...                       "n_handoffs": [1, 1, 0]})
    >>> path_variants(paths)[["path", "n", "median_s"]].values.tolist()
    [['a → b', 2, 20.0], ['a', 1, 5.0]]
    """
    named = _named(paths, count)
    groups = paths.assign(variant=paths["path"].map(named)).groupby("variant", dropna=False, sort=False)
    table = groups.agg(
        n=("path", "size"),
        median_s=("duration_s", "median"),
        median_approvals=("n_approvals", "median"),
        median_handoffs=("n_handoffs", "median"),
    )
    n_variants = paths["path"].nunique()
    table = table.reindex([*named, *([math.nan] if n_variants > count else [])])
    table = table.rename_axis("path").reset_index().astype({"path": object})
    table["path"] = table["path"].where(table["path"].notna(), None)
    table.insert(2, "value", table["n"] / len(paths) if len(paths) else math.nan)
    table.insert(3, "cumulative", table["value"].cumsum())
    table.attrs["n_variants"] = n_variants
    return table


def variant_indicators(
    paths: pd.DataFrame, facts: Any, keys: Sequence[str], *, count: int = 6, level: float = 0.95
) -> pd.DataFrame:
    """Measure indicators of the contacts that took each of the commonest paths.

    Parameters
    ----------
    paths : DataFrame
        As `contact_paths` gives. Columns read: `contact_id path`.
    facts : frame of contact facts
    keys : sequence of str
        Indicators of the grain contact; others are left out.
    count : int
        As in `path_variants`.
    level : float, 0–1

    Returns
    -------
    DataFrame
        One row per path (commonest first, all others last as None) and key: `path n_contacts key n value low high
        unit`; without value where the path has none.

    Examples
    --------
    >>> paths = pd.DataFrame({"contact_id": ["1", "2"], "path": ["a", "b"]})
    >>> seen = pd.DataFrame({"contact_id": ["1", "2"], "is_first_contact_resolved": [True, False]})
    >>> variant_indicators(paths, seen, ["fcr"])[["path", "key", "n", "value"]].values.tolist()
    [['a', 'fcr', 1, 1.0], ['b', 'fcr', 1, 0.0]]
    """
    named, present = _named(paths, count), columns_of(facts)
    kept = [
        key for key in keys
        if INDICATORS[key].grain == "contact" and INDICATORS[key].denominator_grain is None
        and set(INDICATORS[key].columns) <= set(present)
    ]  # fmt: skip
    columns = ("path", "n_contacts", "key", "n", "value", "low", "high", "unit")
    if not kept or paths.empty:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in columns})
    needed = list(dict.fromkeys(["contact_id", *(name for key in kept for name in INDICATORS[key].columns)]))
    clusters = {cluster for key in kept if (cluster := INDICATORS[key].cluster) in present and cluster is not None}
    rows = table_of(facts, needed, role="facts", optional=sorted(clusters - set(needed))).to_pandas()
    labels = paths.assign(variant=paths["path"].map(named).fillna("")).set_index("contact_id")["variant"]
    rows = rows.assign(variant=rows["contact_id"].map(labels))
    rows = rows[rows["variant"].notna()]
    measured = measure({"contact": rows}, kept, by="variant", level=level)
    sizes = labels.value_counts()
    place = {variant: i for i, variant in enumerate([*named, ""])}
    measured = measured.assign(
        path=pd.Series([variant or None for variant in measured["variant"]], index=measured.index, dtype=object),
        n_contacts=measured["variant"].map(sizes),
        _place=measured["variant"].map(place), _key=measured["key"].map({key: i for i, key in enumerate(kept)}),
    )  # fmt: skip
    return measured.sort_values(["_place", "_key"], ignore_index=True)[list(columns)]


def process_summary(paths: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """Condense the paths to a few numbers, each with its interval.

    Parameters
    ----------
    paths : DataFrame
        As `contact_paths` gives.
    level : float, 0–1

    Returns
    -------
    DataFrame
        One row per measure: `measure value low high n unit method` for `median_duration_s`, the means
        `n_changes_per_contact`, `n_approvals_per_contact`, `n_handoffs_per_contact`, `n_returns_per_contact`, and,
        where the paths tell, the shares of contacts `rework_share` (a stage entered again), `pingpong_share` (back to
        a team that had it before) and `first_line_share` (ended with the first team).

    Examples
    --------
    >>> paths = pd.DataFrame({"duration_s": [10.0, 20.0, 30.0], "n_changes": 2, "n_approvals": [0, 1, 2],
    ...                       "n_handoffs": 0, "n_returns": [0, 0, 1]})
    >>> process_summary(paths)["value"].round(3).tolist()
    [20.0, 2.0, 1.0, 0.0, 0.333, 0.333]
    """
    made = [("median_duration_s", "s", censored_median(paths["duration_s"], [True] * len(paths), level=level))]
    for name in ("n_changes", "n_approvals", "n_handoffs", "n_returns"):
        made.append((f"{name}_per_contact", "number", mean(paths[name], level=level)))
    flags = {"rework_share": paths["n_returns"] > 0}
    if "n_pingpong" in paths:
        flags["pingpong_share"] = paths["n_pingpong"] > 0
    if "is_contained" in paths:
        flags["first_line_share"] = paths["is_contained"].dropna().astype(bool)
    made += [(name, "share", share(int(np.sum(held)), len(held), level=level)) for name, held in flags.items()]
    return pd.DataFrame(
        [
            {"measure": name, "value": one.value, "low": one.low, "high": one.high, "n": one.n, "unit": unit,
             "method": one.method}
            for name, unit, one in made
        ]
    )  # fmt: skip


def _named(paths: pd.DataFrame, count: int) -> dict[str, str]:
    """The commonest paths, in order; each is its own name."""
    counts = paths["path"].value_counts()
    return {path: path for path in sorted(counts.index, key=lambda path: (-counts[path], path))[:count]}
