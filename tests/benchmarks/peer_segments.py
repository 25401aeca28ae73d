"""Ask wise-pizza for the segments of cases that lie in a folder; runs in an environment of its own.

Usage: python peer_segments.py FOLDER [--unaided]. Reads `case_N.json` (dimensions, target, count) with
`case_N_after.parquet` and, where there is one, `case_N_before.parquet` (dimensions, `total`, `size`); writes
`case_N_named.json`, a list of segments: as many as `count` says, or one to three where it is null. A case that has its
answer already is passed over, so a run that was stopped can go on.

The peer holds its candidates as columns of a dense table with a row per fact. With forty values in a dimension that is
gigabytes and many minutes for one case, so here its candidates are counted, and its lasso gets them as a sparse table:
the same candidates by the same two measures in the same order, the same penalty, the same steps of the solver.
`--unaided` leaves the peer as it is, to see that the answers agree.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import warnings
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csc_matrix, diags
from sklearn.linear_model import Lasso

MOST_SEGMENTS = 3
# the peer thins its candidates out whenever their table has so many cells
_MOST_CELLS = 1e8
_MOST_COLUMNS = 300


def named(folder: Path, one: Path) -> list[list[list[str]]]:
    """Name the segments of one case as pairs of dimension and value."""
    import wise_pizza

    asked = json.loads(one.read_text(encoding="utf-8"))
    after = pd.read_parquet(folder / f"{one.stem}_after.parquet")
    count = asked.get("count")
    options: dict[str, Any] = {"dims": asked["dimensions"], "total_name": "total", "size_name": "size", "max_depth": 3,
                               "max_segments": count or MOST_SEGMENTS, "min_segments": count or 1}  # fmt: skip
    if asked["target"] is not None:
        excess = after.assign(total=after["total"] - asked["target"] * after["size"])
        found = wise_pizza.explain_levels(excess, **options)
    else:
        before = pd.read_parquet(folder / f"{one.stem}_before.parquet")
        found = wise_pizza.explain_changes_in_average(before, after, **options)
    return [[[name, str(value)] for name, value in sorted(each["segment"].items())] for each in found.segments]


def aid() -> None:
    """Let the peer count its candidates and solve with a sparse table."""
    from wise_pizza.slicer import SliceFinder

    def counted(
        self: Any, dim_df: pd.DataFrame, min_depth: int, max_depth: int, **_: Any
    ) -> tuple[Any, list[dict[str, str]]]:
        return _chosen(dim_df, self.weights, self.totals, depths=range(min_depth, max_depth + 1))

    SliceFinder._init_mat = counted
    vars(sys.modules["wise_pizza.solve.find_alpha"])["solve_lasso"] = _solved


def _solved(table: Any, totals: np.ndarray, alpha: float, **_: Any) -> Lasso:
    """Fit the peer's lasso (coefficients with the sign of the segment's own average, no intercept)."""
    table = csc_matrix(table)
    signs = np.where(table.T.dot(totals) < 0, -1.0, 1.0)
    fitted = Lasso(
        alpha=alpha if alpha > 0 else 1e-6, max_iter=100_000, fit_intercept=False, selection="random", positive=True,
        random_state=42,
    ).fit(csc_matrix(table @ diags(signs)), totals)  # fmt: skip
    fitted.coef_ = fitted.coef_ * signs
    return fitted


def _chosen(
    labels: pd.DataFrame, weights: np.ndarray, totals: np.ndarray, *, depths: range
) -> tuple[Any, list[dict[str, str]]]:
    """Choose candidates as the peer does: those with the largest t values and those with the largest impacts."""
    codes, values = {}, {}
    for name in labels:
        codes[name], values[name] = pd.factorize(labels[name])
    several = [name for name in labels if len(values[name]) > 1]
    t_values, impacts = np.array([]), np.array([])
    defined: list[tuple[tuple[str, ...], int]] = []
    for batch in _batches(several, codes, values, depths):
        measured = [_measured(names, group, kept, weights, totals) for names, group, kept in batch]
        t_values = np.concatenate([t_values, *(each[0] for each in measured)])
        impacts = np.concatenate([impacts, *(each[1] for each in measured)])
        defined += [(names, int(cell)) for names, _, kept in batch for cell in kept]
        if len(defined) > _MOST_COLUMNS:
            most = int(2 * _MOST_COLUMNS / 3)
            strongest = list(np.argsort(np.abs(t_values))[-most:])
            best = np.array(list(set(strongest + list(np.argsort(np.abs(impacts))[-most:]))))
            t_values, impacts, defined = t_values[best], impacts[best], [defined[i] for i in best]
    groups = {names: _grouped(names, codes, values) for names, _ in defined}
    rows = [np.flatnonzero(groups[names] == cell) for names, cell in defined]
    starts = np.cumsum([0, *map(len, rows)])
    table = csc_matrix((np.ones(starts[-1]), np.concatenate(rows), starts), shape=(len(labels), len(defined)))
    return table, [_words(*each, values) for each in defined]


def _batches(names: Sequence[str], codes: Any, values: Any, depths: range) -> Iterator[list[Any]]:
    """Give sets of dimensions with the cells that have rows, as many at a time as the peer looks at."""
    batch: list[Any] = []
    n_columns = 0
    for depth in depths:
        for pick in combinations(names, min(depth, len(names))):
            group = _grouped(pick, codes, values)
            kept = np.flatnonzero(np.bincount(group))
            batch.append((pick, group, kept))
            n_columns += len(kept)
            if n_columns * len(group) >= _MOST_CELLS:
                yield batch
                batch, n_columns = [], 0
    if batch:
        yield batch


def _grouped(names: Sequence[str], codes: Any, values: Any) -> np.ndarray:
    """Number the cells of a set of dimensions; the last one changes slowest."""
    group = np.zeros(len(codes[names[0]]), dtype=np.int64)
    for name in reversed(names):
        group = group * len(values[name]) + codes[name]
    return group


def _measured(
    _: Sequence[str], group: np.ndarray, kept: np.ndarray, weights: np.ndarray, totals: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Give t value and impact of each cell alone: totals regressed on the cell's weights."""
    with_totals, squares, sizes = (
        np.bincount(group, part)[kept] for part in (weights * totals, weights**2, np.abs(weights))
    )
    slope = with_totals / squares
    left = (totals**2).sum() - 2 * slope * with_totals + slope**2 * squares
    return slope / np.sqrt(left / squares), sizes * slope


def _words(names: Sequence[str], cell: int, values: Any) -> dict[str, str]:
    said = {}
    for name in names:
        cell, code = divmod(cell, len(values[name]))
        said[name] = str(values[name][code])
    return said


def run(folder: Path) -> None:
    """Name the segments of every case; a case that the peer cannot do has none."""
    for one in sorted(folder.glob("case_*[0-9].json")):
        written = folder / f"{one.stem}_named.json"
        if written.exists():
            continue
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            try:
                answer = named(folder, one)
            except Exception as error:  # a peer may fail in any way; that is its score
                answer = []
                (folder / f"{one.stem}_error.txt").write_text(repr(error), encoding="utf-8")
        written.write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    if "--unaided" not in sys.argv:
        aid()
    run(Path(sys.argv[1]))
