"""The table of segments: every sum equals that of a plain grouping, however the leaves were put together."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from csm_lib.explain import search
from csm_lib.explain.lattice import Moments
from csm_lib.explain.search import lattice_of

LEVELS = (3, 7, 2, 5, 4)


def leaves(seed: int, n: int) -> tuple[np.ndarray, Moments]:
    """Draw leaves of five dimensions, several with the same codes; both periods, all sums different."""
    rng = np.random.default_rng(seed)
    codes = np.column_stack([rng.integers(0, k, n) for k in LEVELS])
    sums = rng.normal(size=(2, 6, n))
    sums[:, 0] = rng.integers(1, 5, (2, n))
    return codes, Moments(sums, 1.0, has_before=True)


def grouped(codes: np.ndarray, sums: np.ndarray, *, min_rows: float) -> dict[tuple[int, ...], np.ndarray]:
    """Sum leaves to segments by pandas, one set of dimensions at a time."""
    flat = pd.DataFrame(sums.reshape(12, -1).T)
    found = {}
    for depth in (1, 2, 3):
        for pick in combinations(range(len(LEVELS)), depth):
            for key, total in flat.groupby([codes[:, i] for i in pick]).sum().iterrows():
                if min(total[0], total[6]) >= min_rows:
                    segment = np.full(len(LEVELS), -1)
                    segment[list(pick)] = key
                    found[tuple(map(int, segment))] = total.to_numpy()
    return found


@pytest.mark.parametrize("n", [40, 400, 6000])
@pytest.mark.parametrize("most_bins", [4_000_000, 10])
def test_every_segment_has_the_sums_of_its_leaves(n: int, most_bins: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "_MOST_BINS", most_bins)
    codes, moments = leaves(n, n)
    min_rows = n / 20
    lattice = lattice_of(codes, moments, max_depth=3, min_rows=min_rows)
    for removed in (np.zeros(n, dtype=bool), codes[:, 1] == 3, (codes[:, 0] == 1) & (codes[:, 4] == 2)):
        found, held = lattice.without(removed)
        wanted = grouped(codes[~removed], moments.sums[..., ~removed], min_rows=min_rows)
        assert sorted(map(tuple, found.tolist())) == sorted(wanted)
        sums = np.array([wanted[tuple(row)] for row in found.tolist()])
        np.testing.assert_allclose(held.sums.reshape(12, -1).T, sums, rtol=0, atol=1e-9)
