"""How long ten million business durations take, beside sorting as many numbers, in one run.

Usage: python tests/benchmarks/clocks.py [count]
"""

from __future__ import annotations

import sys
import time
from datetime import date

import numpy as np

from csm_lib.calendar import OpeningHours, parse_hours


def measured(count: int, *, seed: int = 1) -> tuple[float, float]:
    """Seconds for `count` business durations over two years of a Berlin calendar, and for sorting `count` numbers."""
    rng = np.random.default_rng(seed)
    start = 1_672_531_200 + rng.uniform(0, 700 * 86_400, count)
    end = start + rng.exponential(86_400, count)
    week = (parse_hours("08:00-12:00, 13:00-18:00", where="benchmark"),) * 5 + ((), ())
    hours = OpeningHours(week, "Europe/Berlin", frozenset({date(2024, 5, 1)}))
    began = time.perf_counter()
    hours.business_seconds(start, end)
    clocked = time.perf_counter() - began
    began = time.perf_counter()
    np.sort(start)
    return clocked, time.perf_counter() - began


if __name__ == "__main__":
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    clock_s, sort_s = measured(size)
    sys.stdout.write(f"{size:,} business durations: {clock_s:.1f} s; sorting as many numbers: {sort_s:.1f} s\n")
    sys.stdout.write(f"ratio {clock_s / sort_s:.1f}\n")
