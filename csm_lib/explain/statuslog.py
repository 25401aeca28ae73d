"""Read a status log the one way that every question about the process starts from: steps in order, with their stay.

Each change opens a step that lasts until the next change. Changes of one instant are put in order by what they say, so
that the order of the rows cannot matter.
"""

from __future__ import annotations

from typing import Any

import duckdb
import pandas as pd

from csm_lib.engine import borrow
from csm_lib.errors import UsageError
from csm_lib.explain.population import table_of
from csm_lib.measure.sums import columns_of

__all__ = ["NODES", "WAITING", "ask_log", "steps"]

_COLUMNS = ("contact_id", "changed_at", "status", "team", "agent_id", "stage", "is_approval")
_OPTIONAL = ("actor",)
# what a node of the process may be, as an expression over the log
NODES = {"step": "coalesce(stage, status)", "status": "status", "stage": "stage", "team": "team"}
# statuses in which nobody of the service works on a contact
WAITING = ("new", "waiting_customer", "waiting_other")
# changes noted in one instant happened in the order of a contact's life
_LIFE = "CASE status WHEN 'new' THEN 0 WHEN 'resolved' THEN 2 WHEN 'closed' THEN 3 WHEN 'withdrawn' THEN 3 ELSE 1 END"


def steps(by: str = "step") -> str:
    """Write the query that gives one row per change.

    Parameters
    ----------
    by : str
        What a node is: a key of `NODES`; a change without one is left out.

    Returns
    -------
    str
        A SELECT over the view `log` with `contact_id changed_at node status team actor is_approval stay_s next_node
        former_node former_team place is_last work`; `stay_s` is null in the last step, `work` is "waiting" in a status
        of `WAITING` or where the next change is somebody else's, "working" where it is the same person's, else
        "unknown".

    Raises
    ------
    UsageError
        If `by` is unknown.
    """
    if by not in NODES:
        raise UsageError(f"by must be one of {', '.join(NODES)}, got {by!r}. Choose one of them.")
    waits = ", ".join(f"'{word}'" for word in WAITING)
    return f"""
        SELECT *, CASE WHEN stay_s IS NULL THEN NULL WHEN status IN ({waits}) THEN 'waiting'
            WHEN actor IS NULL OR next_actor IS NULL THEN 'unknown'
            WHEN actor = next_actor THEN 'working' ELSE 'waiting' END AS work
        FROM (
            SELECT contact_id, changed_at, {NODES[by]} AS node, status, team, actor,
                coalesce(is_approval, false) AS is_approval,
                epoch(lead(changed_at) OVER line - changed_at) AS stay_s,
                lead({NODES[by]}) OVER line AS next_node, lag({NODES[by]}) OVER line AS former_node,
                lead(actor) OVER line AS next_actor, lag(team IGNORE NULLS) OVER line AS former_team,
                row_number() OVER line AS place, lead(status) OVER line IS NULL AS is_last
            FROM log WHERE contact_id IS NOT NULL AND changed_at IS NOT NULL AND {NODES[by]} IS NOT NULL
            WINDOW line AS (PARTITION BY contact_id ORDER BY changed_at, {_LIFE}, status, stage, team, agent_id, actor)
        )
    """


def ask_log(status_log: Any, query: str) -> pd.DataFrame:
    """Answer a query over the view `log`.

    Parameters
    ----------
    status_log : frame
        Columns read: `contact_id changed_at status team agent_id stage is_approval` and, where present, `actor`. A
        DuckDB relation is read where it lies, without a copy.
    query : str

    Returns
    -------
    DataFrame

    Raises
    ------
    UsageError
        If a column is absent.
    """
    present = columns_of(status_log)
    optional = [name for name in _OPTIONAL if name in present]
    texts = [name for name in _COLUMNS if name not in ("changed_at", "is_approval")]
    typed = [f"{name}::VARCHAR AS {name}" for name in texts] + ["changed_at", "is_approval::BOOLEAN AS is_approval"]
    typed += [f"{name}::VARCHAR AS {name}" if name in optional else f"NULL::VARCHAR AS {name}" for name in _OPTIONAL]
    if isinstance(status_log, duckdb.DuckDBPyRelation) and set(_COLUMNS) <= set(present):
        answer = status_log.project(", ".join(typed)).query("log", query)
        return answer.to_arrow_table().to_pandas()  # type: ignore[union-attr]
    held = table_of(status_log, _COLUMNS, role="status_log", optional=optional)
    with borrow() as connection:
        connection.register("log_as_held", held)
        connection.execute(f"CREATE TEMP VIEW log AS SELECT {', '.join(typed)} FROM log_as_held")
        return connection.sql(query).to_arrow_table().to_pandas()
