"""How long it takes to staff a week of 336 half hours with a peak of 100 erlang, beside pyworkforce, and who is right.

Usage: python tests/benchmarks/staffing_speed.py [PYTHON_OF_THE_PEER]

The peer lives in an environment of its own (tests/benchmarks/constraints.txt):
    python3.11 -m venv PEER && PEER/bin/pip install pyworkforce pyarrow -c tests/benchmarks/constraints.txt
It knows Erlang C only, so the comparison is without patience; the aim of 20 ms is for the week with patience.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from decimal import Decimal, getcontext
from pathlib import Path

import numpy as np
import pandas as pd

from csm_lib.staff.queues import agents_needed

HANDLE_S, PATIENCE_S, PEAK_ERLANG = 180.0, 120.0, 100.0
TARGETS = ((0.8, 20.0), (0.5, 120.0), (0.2, 300.0))  # service level, threshold in seconds
_PEER = Path(__file__).with_name("staffing_speed_peer.py")


def week() -> pd.DataFrame:
    """One row per half hour: closed at night, a peak at noon, quieter at weekends."""
    slot = np.arange(336)
    hour, day = slot % 48 / 2.0, slot // 48
    shape = np.clip(np.sin(np.pi * (hour - 6.0) / 16.0), 0.0, None) * np.where(day < 5, 1.0 - 0.03 * day, 0.4)
    return pd.DataFrame({"arrivals_per_h": PEAK_ERLANG * shape / shape.max() * 3600.0 / HANDLE_S, "handle_s": HANDLE_S})


def best_of(call, n_times: int = 9) -> float:  # type: ignore[no-untyped-def]
    """Least seconds of several runs: the machine may be busy with other work."""
    seconds = []
    for _ in range(n_times):
        began = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def exact_minimum(arrivals_per_h: float, service_level: float, threshold_s: float) -> int:
    """Fewest agents by Erlang's recursion in fifty digits."""
    getcontext().prec = 50
    load = Decimal(arrivals_per_h) * Decimal(HANDLE_S) / 3600
    if not load:
        return 0
    blocked, n = Decimal(1), 0
    while True:
        n += 1
        blocked = load * blocked / (n + load * blocked)
        if n > load:
            waiting = n * blocked / (n - load * (1 - blocked))
            late = waiting * (-(n - load) * Decimal(threshold_s) / Decimal(HANDLE_S)).exp()
            if 1 - late >= Decimal(service_level):
                return n


def compared(table: pd.DataFrame, peer: str, service_level: float, threshold_s: float) -> str:
    """A sentence about one target."""
    options = {"service_level": service_level, "threshold_s": threshold_s}
    ours = agents_needed(table["arrivals_per_h"], table["handle_s"], **options)
    ours_s = best_of(lambda: agents_needed(table["arrivals_per_h"], table["handle_s"], **options))
    least = np.array([exact_minimum(each, service_level, threshold_s) for each in table["arrivals_per_h"]])
    with tempfile.TemporaryDirectory() as folder:
        asked, answered = Path(folder) / "week.parquet", Path(folder) / "peer.parquet"
        table.to_parquet(asked)
        subprocess.run([peer, str(_PEER), str(asked), str(answered), str(service_level), str(threshold_s)], check=True)
        theirs = pd.read_parquet(answered)
    failed = theirs["agents"].isna().to_numpy()
    differ = ~failed & (theirs["agents"].to_numpy() != ours)
    return (f"{service_level:.0%} in {threshold_s:g} s, no patience: ours {ours_s * 1e3:.1f} ms, pyworkforce "
            f"{theirs['seconds'].iloc[0] * 1e3:.1f} ms ({theirs['seconds'].iloc[0] / ours_s:.0f} times); pyworkforce "
            f"fails in {failed.sum()} intervals and differs in {differ.sum()}; not the exact minimum: ours in "
            f"{(ours != least).sum()}, pyworkforce in {(~failed & (theirs['agents'].to_numpy() != least)).sum()}\n")


if __name__ == "__main__":
    intervals = week()
    goal = {"service_level": 0.8, "max_abandon": 0.05, "patience_s": PATIENCE_S}
    spent = best_of(lambda: agents_needed(intervals["arrivals_per_h"], intervals["handle_s"], **goal))
    sys.stdout.write(f"{len(intervals)} intervals, peak {PEAK_ERLANG:g} erlang, patience {PATIENCE_S:g} s: "
                     f"{spent * 1e3:.1f} ms (aim 20 ms)\n")
    for level, within_s in TARGETS if len(sys.argv) > 1 else ():
        sys.stdout.write(compared(intervals, sys.argv[1], level, within_s))
