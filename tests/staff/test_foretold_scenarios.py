"""The short run of `tests/benchmarks/scenarios.py`: what is foretold is what the generator then produces."""

import runpy
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "scenarios.py"


def test_the_generator_run_with_the_change_does_what_was_foretold():
    foretold_and_real = runpy.run_path(str(SCRIPT))["foretold_and_real"]
    rows = [foretold_and_real(seed, contacts_per_quarter=30_000) for seed in (101, 102)]
    for name in ("agents", "bot"):
        miss = sum(row[f"{name}_foretold"] - row[f"{name}_real"] for row in rows) / len(rows)
        assert miss == pytest.approx(0, abs=0.03), name
    # the change itself is large, so that foretelling today again would not do
    assert all(row["agents_real"] > row["today"] + 0.1 and row["bot_real"] > row["today"] + 0.03 for row in rows)
    assert all(0 < row["stated_error"] < 0.05 for row in rows)
