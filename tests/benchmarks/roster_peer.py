"""Cover a week with pyworkforce (OR-Tools); runs in the benchmark environment, called by `roster.py`.

Usage: python roster_peer.py WEEK.parquet SHIFTS.parquet ANSWER.parquet SECONDS_AT_MOST
"""

from __future__ import annotations

import sys
import time

import pandas as pd
from pyworkforce.scheduling import MinRequiredResources

if __name__ == "__main__":
    week, shifts = pd.read_parquet(sys.argv[1]), pd.read_parquet(sys.argv[2])
    days = [rows.sort_values("slot")["needed"].astype(int).tolist() for _, rows in week.groupby("day")]
    coverage = {name: row.astype(int).tolist() for name, row in zip(shifts.index, shifts.to_numpy(), strict=True)}
    began = time.perf_counter()
    solved = MinRequiredResources(
        num_days=len(days), periods=len(days[0]), shifts_coverage=coverage, required_resources=days,
        max_period_concurrency=1000, max_shift_concurrency=1000, max_search_time=float(sys.argv[4]),
        cost_dict={name: sum(row) for name, row in coverage.items()},
    ).solve()  # fmt: skip
    pd.DataFrame({"seconds": [time.perf_counter() - began], "status": [str(solved.get("status"))],
                  "cost": [float(solved.get("cost", float("nan")))]}).to_parquet(sys.argv[3])
