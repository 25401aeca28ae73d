"""Staff a week with pyworkforce; runs in the benchmark environment, called by `staffing_speed.py`.

Usage: python staffing_speed_peer.py WEEK.parquet ANSWER.parquet SERVICE_LEVEL THRESHOLD_S
"""

from __future__ import annotations

import sys
import time

import pandas as pd
from pyworkforce.queuing import ErlangC


def agents(row: pd.Series, service_level: float, threshold_s: float) -> float:
    """Agents of one interval; NaN where the peer raises, as it does without arrivals."""
    try:
        queue = ErlangC(transactions=row["arrivals_per_h"], aht=row["handle_s"] / 60, asa=threshold_s / 60, interval=60)
        return float(queue.required_positions(service_level=service_level)["raw_positions"])
    except (ValueError, ZeroDivisionError, OverflowError):
        return float("nan")


if __name__ == "__main__":
    week = pd.read_parquet(sys.argv[1])
    targets = float(sys.argv[3]), float(sys.argv[4])
    runs = []
    for _ in range(3):
        began = time.perf_counter()
        found = [agents(row, *targets) for _, row in week.iterrows()]
        runs.append(time.perf_counter() - began)
    pd.DataFrame({"agents": found, "seconds": min(runs)}).to_parquet(sys.argv[2])
