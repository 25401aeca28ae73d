"""How often the intervals of planted drivers hold their true parts; run by hand, a short version runs with the tests.

    python tests/benchmarks/driver_coverage.py [cases]

Each case draws customers with two answers each that are alike, correlated drivers of which one has no part at all
(it still gets some, for it goes together with the others) and one that has nothing to do with anything. The true parts
come from the covariance that was planted for the score, and from one very large draw for the logit of top-two-box.
"""

from __future__ import annotations

import sys
from functools import cache

import numpy as np
import pandas as pd

from csm_lib.explain.drivers import drivers
from csm_lib.explain.explained import Problem, explained_logit, fair_parts

NAMES = ("outcome", "accuracy", "speed", "silent", "noise")
EFFECTS = np.array([0.5, 0.35, 0.2, 0.0, 0.0])
COVARIANCE = np.full((5, 5), 0.4) + 0.6 * np.eye(5)
COVARIANCE[4, :4] = COVARIANCE[:4, 4] = 0.0
CUT = -1.0


def draw(rng: np.random.Generator, n_customers: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Drivers, score and customer of two answers each."""
    customer = np.repeat(np.arange(n_customers), 2)
    n_rows = len(customer)
    mixed = [np.sqrt(0.5) * rng.normal(size=(n_customers, 6))[customer], np.sqrt(0.5) * rng.normal(size=(n_rows, 6))]
    normal = mixed[0] + mixed[1]
    held = normal[:, :5] @ np.linalg.cholesky(COVARIANCE).T
    return held, held @ EFFECTS + normal[:, 5], customer


@cache
def true_parts(kind: str) -> np.ndarray:
    """The parts that were planted."""
    if kind == "top_two":
        held, score, customer = draw(np.random.default_rng(99), 40_000)
        columns = tuple(held[:, [j]] for j in range(5))
        problem = Problem((score >= CUT).astype(float), np.empty((len(held), 0)), columns, customer * 0)
        return fair_parts(explained_logit(problem, np.ones((1, 1))))[0]
    total = EFFECTS @ COVARIANCE @ EFFECTS + 1
    explained = np.zeros(32)
    for subset in range(1, 32):
        chosen = [j for j in range(5) if subset >> j & 1]
        outer = (COVARIANCE @ EFFECTS)[chosen]
        explained[subset] = outer @ np.linalg.solve(COVARIANCE[np.ix_(chosen, chosen)], outer) / total
    return fair_parts(explained)


def coverage(kind: str, *, cases: int, n_customers: int, samples: int, seed: int) -> tuple[np.ndarray, int]:
    """Share of cases whose interval holds the true part, per driver."""
    rng, hits = np.random.default_rng(seed), np.zeros(5)
    truth = true_parts(kind)
    for case in range(cases):
        held, score, customer = draw(rng, n_customers)
        table = pd.DataFrame(held, columns=list(NAMES)).assign(score=score, customer=customer)
        found = drivers(
            table, outcome="score", drivers=NAMES, clusters="customer", kind=kind, top_from=CUT,  # type: ignore[arg-type]
            n_boot=samples, seed=case,
        ).set_index("driver").loc[list(NAMES)]  # fmt: skip
        hits += (found["low"].to_numpy() <= truth + 1e-9) & (truth <= found["high"].to_numpy())
    return hits / cases, cases


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    for asked in ("score", "top_two"):
        for customers in (100, 400):
            made, n = coverage(asked, cases=wanted, n_customers=customers, samples=400, seed=1)
            pairs = ", ".join(f"{name} {share:.3f}" for name, share in zip(NAMES, made, strict=True))
            sys.stdout.write(f"{asked}, {customers} customers, {n} cases, nominal 0.95: {pairs}\n")
