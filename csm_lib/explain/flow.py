"""What follows what in the process: the directly-follows graph, its loops, and who hands over to whom.

Drawn whole, a real log is a hairball. The commonest ways are kept until they hold nearly all changes; what is folded is
counted, so a reader knows how much of the process is not in the picture.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from csm_lib.errors import UsageError
from csm_lib.explain.statuslog import ask_log, steps
from csm_lib.measure.inference import share

__all__ = ["fold_flow", "handoffs", "process_flow", "process_nodes", "rework"]


def process_flow(status_log: Any, *, by: str = "status") -> pd.DataFrame:
    """Count what follows what.

    Parameters
    ----------
    status_log : frame
        Rows of the table `status_log`, as in `csm_lib.explain.process.contact_paths`.
    by : {"status", "stage", "step", "team"}
        What a node is; "step" is the stage, or the status where there is none. Changes without one are left out.

    Returns
    -------
    DataFrame
        One row per pair that occurs, commonest first: `source target n n_contacts median_s total_s`. `source` is None
        where contacts begin, `target` where they came to rest; there the times are NaN. `median_s` is the stay in the
        source before the target came. `.attrs`: `n_changes` (rows of the log), `n_contacts`, `by`. All `n` but those
        of the ends add up to `n_changes` − `n_contacts`; those of either end to `n_contacts`.

    Raises
    ------
    UsageError
        If a column is absent or `by` is unknown.

    Examples
    --------
    >>> log = pd.DataFrame({"contact_id": "t1", "status": ["new", "open", "resolved"], "stage": None, "team": None,
    ...     "changed_at": pd.to_datetime(["2024-01-01 09:00Z", "2024-01-01 09:15Z", "2024-01-01 10:00Z"]),
    ...     "agent_id": None, "is_approval": None})
    >>> process_flow(log)[["source", "target", "n", "median_s"]].values.tolist()
    [['new', 'open', 1, 900.0], ['open', 'resolved', 1, 2700.0], ['resolved', None, 1, nan], [None, 'new', 1, nan]]
    """
    query = f"""
        WITH held AS MATERIALIZED (
            SELECT hash(contact_id) AS contact, node, next_node, stay_s, former_node IS NULL AS is_first
            FROM ({steps(by)})
        )
        SELECT node AS source, next_node AS target, count(*) AS n, count(DISTINCT contact) AS n_contacts,
            median(stay_s)::DOUBLE AS median_s, sum(stay_s)::DOUBLE AS total_s
        FROM held GROUP BY node, next_node
        UNION ALL
        SELECT NULL, node, count(*), count(*), NULL, NULL FROM held WHERE is_first GROUP BY node
        ORDER BY n DESC, source NULLS LAST, target NULLS LAST
    """
    table = _with_ends(ask_log(status_log, query).astype({"median_s": float, "total_s": float}))
    starts = table["source"].isna()
    table.attrs.update(
        n_changes=int(table.loc[~starts, "n"].sum()), n_contacts=int(table.loc[starts, "n"].sum()), by=by
    )
    return table


def process_nodes(flow: pd.DataFrame) -> pd.DataFrame:
    """Sum the flow per node.

    Parameters
    ----------
    flow : DataFrame
        As `process_flow` gives.

    Returns
    -------
    DataFrame
        One row per node, in order of appearance: `node n n_started n_ended n_updates total_s`; `n` changes to it,
        `n_updates` those from itself.

    Examples
    --------
    >>> flow = pd.DataFrame({"source": [None, "a", "a"], "target": ["a", "a", None], "n": [1, 2, 1],
    ...                      "total_s": [float("nan"), 9.0, float("nan")]})
    >>> process_nodes(flow).values.tolist()
    [['a', 3, 1, 1, 2, 9.0]]
    """
    sources, targets = flow["source"], flow["target"]
    rows = []
    for node in _named(flow):
        own = (sources == node) & (targets == node)
        rows.append(
            {
                "node": node,
                "n": int(flow.loc[targets == node, "n"].sum()),
                "n_started": int(flow.loc[sources.isna() & (targets == node), "n"].sum()),
                "n_ended": int(flow.loc[(sources == node) & targets.isna(), "n"].sum()),
                "n_updates": int(flow.loc[own, "n"].sum()),
                "total_s": float(flow.loc[sources == node, "total_s"].sum()),
            }
        )
    return pd.DataFrame(rows, columns=["node", "n", "n_started", "n_ended", "n_updates", "total_s"])


def fold_flow(flow: pd.DataFrame, *, kept: float = 0.95, most: int = 24) -> pd.DataFrame:
    """Keep the commonest ways between nodes, so that the process can be drawn.

    Parameters
    ----------
    flow : DataFrame
        As `process_flow` gives.
    kept : float, 0–1
        Share of all changes between different nodes that the kept ways should hold.
    most : int
        Most ways to keep, those that tie a node to the rest not counted.

    Returns
    -------
    DataFrame
        Rows of `flow`: ways between different nodes, and the ends. A node that is kept keeps its commonest way in and
        out, unless most begin or rest there. `.attrs`: as `flow`, and `n_ways`, `n_folded_ways`, `n_folded` (changes),
        `folded_share`, `n_folded_nodes`, `n_updates` (changes within a node, never drawn), `n_by_node` (arrivals by
        whatever way).

    Raises
    ------
    UsageError
        If `kept` is no share.

    Examples
    --------
    >>> flow = pd.DataFrame({"source": [None, "a", "a", "b", "a"], "target": ["a", "b", "c", None, None],
    ...                      "n": [100, 95, 1, 95, 5], "total_s": 0.0})
    >>> folded = fold_flow(flow, kept=0.9)
    >>> folded[["source", "target"]].values.tolist(), folded.attrs["n_folded_ways"], folded.attrs["n_folded_nodes"]
    ([[None, 'a'], ['a', 'b'], ['b', None], ['a', None]], 1, 1)
    """
    if not 0 < kept <= 1:
        raise UsageError(f"kept must be a share above 0 and up to 1, got {kept!r}. Use 0.95 for 95 %.")
    is_end = flow["source"].isna() | flow["target"].isna()
    is_own = ~is_end & (flow["source"] == flow["target"])
    ways = flow[~is_end & ~is_own].sort_values("n", ascending=False, kind="stable")
    total = int(ways["n"].sum())
    before = ways["n"].cumsum() - ways["n"]
    chosen = set(ways.index[(before < kept * total)][:most])
    nodes = {name for row in chosen for name in (ways.at[row, "source"], ways.at[row, "target"])}
    ends = flow[is_end].sort_values("n", ascending=False, kind="stable")
    if not nodes:  # nothing moves between nodes: show where contacts rest
        nodes = set(ends["target"].dropna()[:1])
    sums = process_nodes(flow).set_index("node")
    for node in sorted(nodes):
        for side, end in (("source", "n_ended"), ("target", "n_started")):
            ours = ways[(ways[side] == node) & ways["source"].isin(nodes) & ways["target"].isin(nodes)]
            if sums.at[node, end] < sums.at[node, "n"] / 2:
                chosen |= set(ours.index[:1])
    drawn = flow.index.isin(chosen) | (is_end & flow["source"].fillna(flow["target"]).isin(nodes))
    table = _with_ends(flow[drawn].reset_index(drop=True))
    n_kept = int(flow.loc[list(chosen), "n"].sum()) if chosen else 0
    seen = set(_named(flow))
    table.attrs.update(
        flow.attrs, n_ways=len(chosen), n_folded_ways=len(ways) - len(chosen), n_folded=total - n_kept,
        folded_share=(total - n_kept) / total if total else 0.0, n_folded_nodes=len(seen - nodes),
        n_updates=int(flow.loc[is_own, "n"].sum()),
        n_by_node={node: int(sums.at[node, "n"] - sums.at[node, "n_updates"]) for node in sorted(nodes)},
    )  # fmt: skip
    return table


def rework(status_log: Any, *, by: str = "step", level: float = 0.95) -> pd.DataFrame:
    """Say which nodes contacts come back to after having left them.

    Parameters
    ----------
    status_log : frame
        As in `process_flow`.
    by : str
        As in `process_flow`.
    level : float, 0–1

    Returns
    -------
    DataFrame
        One row per node that anything came back to, most contacts first: `node n_contacts n value low high n_returns
        median_s total_s`; `n` contacts that came back, `value` their share of the contacts that were ever there;
        `total_s` the time spent after coming back, `median_s` per contact.

    Raises
    ------
    UsageError
        If a column is absent or `by` is unknown.
    """
    query = f"""
        WITH visits AS (
            SELECT contact_id, node, stay_s, former_node IS DISTINCT FROM node AS is_entry,
                count(*) FILTER (WHERE former_node IS DISTINCT FROM node) OVER visit AS visit
            FROM ({steps(by)})
            WINDOW visit AS (PARTITION BY contact_id, node ORDER BY changed_at
                RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
        ), contacts AS (
            SELECT contact_id, node, count(*) FILTER (WHERE is_entry) - 1 AS n_returns,
                sum(stay_s) FILTER (WHERE visit > 1) AS again_s
            FROM visits GROUP BY contact_id, node
        )
        SELECT node, count(*) AS n_contacts, count(*) FILTER (WHERE n_returns > 0) AS n,
            sum(n_returns)::BIGINT AS n_returns, median(again_s)::DOUBLE AS median_s,
            coalesce(sum(again_s), 0)::DOUBLE AS total_s
        FROM contacts GROUP BY node HAVING sum(n_returns) > 0 ORDER BY n DESC, node
    """
    table = ask_log(status_log, query)
    made = [share(n, whole, level=level) for n, whole in zip(table["n"], table["n_contacts"], strict=True)]
    for i, name in enumerate(("value", "low", "high")):
        table.insert(3 + i, name, pd.Series([getattr(one, name) for one in made], dtype=float))
    return table


def handoffs(status_log: Any) -> pd.DataFrame:
    """Say which teams hand contacts over to which, and how long they lie there.

    Parameters
    ----------
    status_log : frame
        As in `process_flow`.

    Returns
    -------
    DataFrame
        One row per pair of teams, commonest first: `source target n n_contacts n_back median_s`; `n_back` hand-overs
        to a team that had the contact before, `median_s` from the hand-over to the next change.

    Raises
    ------
    UsageError
        If a column is absent.
    """
    query = f"""
        WITH held AS (
            SELECT contact_id, team, former_team, stay_s, changed_at,
                count(*) FILTER (WHERE team IS NOT NULL) OVER (PARTITION BY contact_id, team ORDER BY changed_at
                    RANGE BETWEEN UNBOUNDED PRECEDING AND INTERVAL 1 MICROSECOND PRECEDING) AS n_former
            FROM ({steps()})
        )
        SELECT former_team AS source, team AS target, count(*) AS n, count(DISTINCT contact_id) AS n_contacts,
            count(*) FILTER (WHERE n_former > 0) AS n_back, median(stay_s)::DOUBLE AS median_s
        FROM held WHERE team <> former_team GROUP BY former_team, team ORDER BY n DESC, source, target
    """
    return ask_log(status_log, query)


def _named(flow: pd.DataFrame) -> list[str]:
    """Nodes of a flow, in order of appearance."""
    return list(dict.fromkeys(name for name in [*flow["source"], *flow["target"]] if pd.notna(name)))


def _with_ends(flow: pd.DataFrame) -> pd.DataFrame:
    """Write the ends as None, whatever a frame of text makes of them."""
    held = {
        name: pd.Series([entry if pd.notna(entry) else None for entry in flow[name]], index=flow.index, dtype=object)
        for name in ("source", "target")
    }
    return flow.assign(**held)
