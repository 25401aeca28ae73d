"""The short run of `tests/benchmarks/coverage.py`: intervals hold the truth as often as they say, or this fails."""

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "coverage.py"


@pytest.fixture(scope="module")
def benchmark_script():
    import sys

    spec = importlib.util.spec_from_file_location("coverage_benchmark", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses look themselves up there
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def misses(rows):
    """Lines of the cases that miss their bound by more than four Monte-Carlo errors: chance alone hardly does."""
    return [
        f"{row.method}, {row.words}: {row.covered:.3f}, bound {row.aim}"
        for row in rows
        if not row.aim[0] - 4 * row.error - 1e-9 <= row.covered <= row.aim[1] + 4 * row.error + 1e-9
    ]


def test_plain_shares_hold_exactly(benchmark_script):
    assert misses(benchmark_script.share_rows(1)) == []


@pytest.mark.parametrize("room", ["net_rows", "mean_rows", "cluster_mean_rows", "strata_rows"])
def test_a_thousand_samples_are_covered(benchmark_script, room):
    assert misses(getattr(benchmark_script, room)(1000)) == []


def test_clustered_shares_are_covered_from_rare_to_nearly_all(benchmark_script):
    rows = benchmark_script.cluster_share_rows(
        2000, counts=(8, 15, 90), likeness=(0.0, 0.05, 0.2), shares=(0.02, 0.1, 0.5, 0.95)
    )
    assert misses(rows) == []


def test_a_naive_interval_would_be_caught(benchmark_script):
    # Wilson's interval that takes rows of 15 clusters as independent, with an intraclass correlation of 0.2
    rng = benchmark_script.np.random.default_rng(7)
    sizes = benchmark_script.np.full((2000, 15), 20)
    found = rng.binomial(sizes, rng.beta(1.2, 2.8, sizes.shape)).sum(-1)
    low, high, _ = benchmark_script.share_bounds(found / 300, 300)
    row = benchmark_script._row("naive", "15 clusters", 0.3, (low, high), benchmark_script.CLOSE)
    assert row.covered < 0.8 and row.is_missed and misses([row])
