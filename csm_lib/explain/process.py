"""The process behind a contact: its stages, its approvals, how often it changed hands, how long each stage took.

A contact that takes two hours is rarely worked on for two hours. The status log says where the time went: each change
opens a stage that lasts until the next change, and the last one is where the contact came to rest.
"""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from csm_lib.engine import connect
from csm_lib.explain.population import table_of
from csm_lib.measure.inference import censored_median, mean

__all__ = ["contact_paths", "path_variants", "process_summary", "stage_times"]

_COLUMNS = ("contact_id", "changed_at", "status", "team", "agent_id", "stage", "is_approval")

# ties in time are broken by the other columns, so that the order of the rows cannot matter
_STEPS = """
    SELECT contact_id, changed_at, coalesce(stage, status) AS step, team, agent_id, coalesce(is_approval, false) AS ok,
        epoch(lead(changed_at) OVER line - changed_at) AS stay_s,
        lag(coalesce(stage, status)) OVER line AS former_step,
        lag(team) OVER line AS former_team
    FROM log WHERE contact_id IS NOT NULL AND changed_at IS NOT NULL
    WINDOW line AS (PARTITION BY contact_id ORDER BY changed_at, status, stage, team, agent_id)
"""


def contact_paths(status_log: Any) -> pd.DataFrame:
    """Describe the way of each contact through the process.

    Parameters
    ----------
    status_log : frame
        Rows of the table `status_log`. Columns read: `contact_id changed_at status team agent_id stage is_approval`.

    Returns
    -------
    DataFrame
        One row per contact, sorted by `contact_id`: `path` (stages in order joined by " → ", a stage that only changes
        status or owner named once; the status where no stage is given), `n_changes`, `n_approvals`, `n_handoffs`
        (changes of team), `n_returns` (stages entered again), `duration_s` (first to last change).

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
        SELECT contact_id, string_agg(step, ' → ' ORDER BY changed_at, step)
                FILTER (WHERE former_step IS DISTINCT FROM step) AS path,
            count(*) AS n_changes, count(*) FILTER (WHERE ok) AS n_approvals,
            count(*) FILTER (WHERE team <> former_team) AS n_handoffs,
            count(*) FILTER (WHERE former_step IS DISTINCT FROM step) - count(DISTINCT step) AS n_returns,
            coalesce(sum(stay_s), 0)::DOUBLE AS duration_s
        FROM ({_STEPS}) GROUP BY contact_id ORDER BY contact_id
    """
    return _ask(status_log, query)


def stage_times(status_log: Any) -> pd.DataFrame:
    """Say how long contacts stay in each stage.

    Parameters
    ----------
    status_log : frame
        As in `contact_paths`.

    Returns
    -------
    DataFrame
        One row per stage, longest total first: `stage n median_s mean_s total_s share n_visits`; `n` contacts that
        left it, a contact's visits added up; `share` of all time in the log. The stage in which a contact came to rest
        has no end and is not counted.

    Raises
    ------
    UsageError
        If a column is absent.

    Examples
    --------
    >>> log = pd.DataFrame({"contact_id": "t1", "status": ["new", "open", "resolved"], "stage": None, "team": None,
    ...     "changed_at": pd.to_datetime(["2024-01-01 09:00Z", "2024-01-01 09:15Z", "2024-01-01 10:00Z"]),
    ...     "agent_id": None, "is_approval": None})
    >>> stage_times(log)[["stage", "median_s", "share"]].values.tolist()
    [['open', 2700.0, 0.75], ['new', 900.0, 0.25]]
    """
    query = f"""
        WITH stays AS (
            SELECT contact_id, step, sum(stay_s) AS stay_s,
                count(*) FILTER (WHERE former_step IS DISTINCT FROM step) AS n_visits
            FROM ({_STEPS}) WHERE stay_s IS NOT NULL GROUP BY contact_id, step
        )
        SELECT step AS stage, count(*) AS n, median(stay_s)::DOUBLE AS median_s, avg(stay_s)::DOUBLE AS mean_s,
            sum(stay_s)::DOUBLE AS total_s, sum(n_visits)::BIGINT AS n_visits
        FROM stays GROUP BY step ORDER BY total_s DESC, stage
    """
    table = _ask(status_log, query)
    whole = table["total_s"].sum()
    table.insert(5, "share", table["total_s"] / whole if whole else math.nan)
    return table


def path_variants(paths: pd.DataFrame, *, count: int = 10) -> pd.DataFrame:
    """List the commonest ways through the process.

    Parameters
    ----------
    paths : DataFrame
        As `contact_paths` gives.
    count : int
        Most variants to name; the others are folded into a last row whose `path` is None.

    Returns
    -------
    DataFrame
        One row per path, commonest first: `path n value cumulative median_s median_approvals median_handoffs`.

    Examples
    --------
    >>> paths = pd.DataFrame({"path": ["a → b", "a → b", "a"], "duration_s": [10.0, 30.0, 5.0], "n_approvals": 0,
    ...                       "n_handoffs": [1, 1, 0]})
    >>> path_variants(paths)[["path", "n", "median_s"]].values.tolist()
    [['a → b', 2, 20.0], ['a', 1, 5.0]]
    """
    counts = paths["path"].value_counts()
    order = sorted(counts.index, key=lambda path: (-counts[path], path))
    named = {path: path for path in order[:count]}
    groups = paths.assign(variant=paths["path"].map(named)).groupby("variant", dropna=False, sort=False)
    table = groups.agg(
        n=("path", "size"),
        median_s=("duration_s", "median"),
        median_approvals=("n_approvals", "median"),
        median_handoffs=("n_handoffs", "median"),
    )
    table = table.reindex([*order[:count], *([math.nan] if len(order) > count else [])])
    table = table.rename_axis("path").reset_index().astype({"path": object})
    table["path"] = table["path"].where(table["path"].notna(), None)
    table.insert(2, "value", table["n"] / len(paths) if len(paths) else math.nan)
    table.insert(3, "cumulative", table["value"].cumsum())
    return table


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
        One row per measure: `measure value low high n unit method` for `median_duration_s` and the means
        `n_changes_per_contact`, `n_approvals_per_contact`, `n_handoffs_per_contact`, `n_returns_per_contact`.

    Examples
    --------
    >>> paths = pd.DataFrame({"duration_s": [10.0, 20.0, 30.0], "n_changes": 2, "n_approvals": [0, 1, 2],
    ...                       "n_handoffs": 0, "n_returns": 0})
    >>> process_summary(paths)["value"].tolist()
    [20.0, 2.0, 1.0, 0.0, 0.0]
    """
    made = [("median_duration_s", "s", censored_median(paths["duration_s"], [True] * len(paths), level=level))]
    for name in ("n_changes", "n_approvals", "n_handoffs", "n_returns"):
        made.append((f"{name}_per_contact", "number", mean(paths[name], level=level)))
    return pd.DataFrame(
        [
            {"measure": name, "value": one.value, "low": one.low, "high": one.high, "n": one.n, "unit": unit,
             "method": one.method}
            for name, unit, one in made
        ]
    )  # fmt: skip


def _ask(status_log: Any, query: str) -> pd.DataFrame:
    log = table_of(status_log, _COLUMNS, role="status_log")
    with connect() as connection:
        connection.register("log_as_held", log)
        typed = "contact_id::VARCHAR AS contact_id, changed_at, status::VARCHAR AS status, team::VARCHAR AS team, "
        typed += "agent_id::VARCHAR AS agent_id, stage::VARCHAR AS stage, is_approval::BOOLEAN AS is_approval"
        connection.execute(f"CREATE VIEW log AS SELECT {typed} FROM log_as_held")
        return connection.sql(query).to_arrow_table().to_pandas()
