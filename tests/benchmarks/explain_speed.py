"""How long the search takes, beside one query that counts the same segments, in one run.

Usage: python tests/benchmarks/explain_speed.py [ROWS]
(1,000,000 by default: eight dimensions, segments of up to three of them, to a target and to a former period). The query
is DuckDB's over the 93 grouping sets, with dimensions held as small integers in a table of its own.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from itertools import combinations

import numpy as np
import pandas as pd

from csm_lib.engine import connect
from csm_lib.explain.segments import explain_gap

LEVELS = (4, 5, 12, 10, 7, 24, 3, 2)
NAMES = [f"dim_{i}" for i in range(len(LEVELS))]


def drawn(n: int, *, seed: int = 1) -> pd.DataFrame:
    """Contacts of which one combination is resolved less often."""
    rng = np.random.default_rng(seed)
    codes = {name: rng.integers(0, k, n) for name, k in zip(NAMES, LEVELS, strict=True)}
    chance = 0.8 - 0.1 * ((codes["dim_0"] == 1) & (codes["dim_1"] == 2))
    words = {name: np.array([f"v{j}" for j in range(24)], dtype=object)[code] for name, code in codes.items()}
    return pd.DataFrame(words).assign(is_first_contact_resolved=rng.random(n) < chance, contact_id=np.arange(n))


def counted(facts: pd.DataFrame) -> Callable[[], object]:
    """Prepare the query; what is timed is the query alone."""
    connection = connect()
    codes = {name: pd.factorize(facts[name])[0].astype("int8") for name in NAMES}
    connection.register("coded", pd.DataFrame(codes).assign(x=facts["is_first_contact_resolved"].astype("int8")))
    connection.execute("CREATE TABLE facts AS SELECT * FROM coded")
    sets = [f"({', '.join(pick)})" for depth in range(4) for pick in combinations(NAMES, depth)]
    query = f"SELECT {', '.join(NAMES)}, count(*), sum(x) FROM facts GROUP BY GROUPING SETS ({', '.join(sets)})"
    return lambda: connection.execute(query).fetchnumpy()


def timed(what: Callable[[], object]) -> float:
    """Seconds of one call."""
    began = time.perf_counter()
    what()
    return time.perf_counter() - began


def main(n: int) -> None:
    """Print seconds and ratios; the query is timed before and after, because a machine is seldom all ours."""
    facts = drawn(n)
    query = counted(facts)
    first = timed(query)
    to_target = timed(lambda: explain_gap(facts, "fcr", dimensions=NAMES, target=0.8))
    half = n // 2
    to_before = timed(lambda: explain_gap(facts[half:], "fcr", dimensions=NAMES, before=facts[:half]))
    seconds = (first + timed(query)) / 2
    for words, took in (("to a target", to_target), ("to a former period", to_before)):
        sys.stdout.write(f"{n:,} rows, {words}: {took:.2f} s, {took / seconds:.1f} × the query ({seconds:.2f} s)\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
