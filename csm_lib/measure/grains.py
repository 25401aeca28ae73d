"""Clusters that live in two grains, such as customers with complaints in one and handled contacts in the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb
import numpy as np
import pyarrow as pa

from csm_lib.engine import borrow
from csm_lib.measure.clusters import ClusterSums
from csm_lib.measure.sums import Group, per_cluster
from csm_lib.measure.terms import Term

__all__ = ["joint_cluster_sums"]


def joint_cluster_sums(
    above: tuple[duckdb.DuckDBPyRelation, Term],
    below: tuple[duckdb.DuckDBPyRelation, Term],
    *,
    cluster: str,
    by: Sequence[str],
) -> Mapping[Group, ClusterSums]:
    """Sum what two grains hold of each cluster.

    Parameters
    ----------
    above, below : tuple of relation and term
        Rows and term of the numerator, and those of the denominator.
    cluster : str
        Column of both; a row without a label is a cluster of its own.
    by : sequence of str
        Columns of both to group by.

    Returns
    -------
    mapping of group to ClusterSums
        A cluster with a numerator only, or a denominator only, counts with 0 for the other.
    """
    groups, label = [f"g{i}" for i in range(len(by))], f"g{len(by)}"
    sides = [
        _side(per_cluster(rows, [term], cluster=cluster, by=by, has_unlabelled=True), side)
        for side, (rows, term) in (("a", above), ("b", below))
    ]
    rows = borrow().from_arrow(pa.concat_tables(sides, promote_options="permissive"))
    sums = "coalesce(sum(a), 0) AS a, coalesce(sum(b), 0) AS b"
    together = rows.filter(f"{label} IS NOT NULL").aggregate(", ".join([*groups, sums]), ", ".join([*groups, label]))
    alone = rows.filter(f"{label} IS NULL").project(", ".join([*groups, "coalesce(a, 0) AS a", "coalesce(b, 0) AS b"]))
    held = together.union(alone).filter("a <> 0 OR b <> 0").order("b, a")
    records = held.aggregate(", ".join([*groups, "list(a) AS a, list(b) AS b"]), ", ".join(groups)).to_arrow_table()
    return {
        tuple(record[group] for group in groups): _summed(records.column("a")[i], records.column("b")[i])
        for i, record in enumerate(records.select(groups).to_pylist() if groups else [{}] * len(records))
    }


def _side(sums: duckdb.DuckDBPyRelation, side: str) -> pa.Table:
    """Take a grain's sums of each cluster as a or as b."""
    table = sums.to_arrow_table()
    labels = {name: table.column(name) for name in table.column_names if name.startswith("g")}
    return pa.table(labels | {side: table.column("a0").cast(pa.float64())})


def _summed(above: pa.ListScalar, below: pa.ListScalar) -> ClusterSums:
    if above.values is None:
        return ClusterSums.of([], [], n=0)
    a, b = (np.asarray(side.values.to_numpy(zero_copy_only=False), float) for side in (above, below))
    return ClusterSums.of(a, b, n=int(b.sum()))
