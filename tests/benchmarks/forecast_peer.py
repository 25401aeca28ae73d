"""Forecast with statsforecast; runs in the benchmark environment, called by `forecast.py`.

Usage: python forecast_peer.py COUNTS.parquet ANSWER.parquet HORIZON_INTERVALS ORIGIN [ORIGIN ...]

COUNTS has one column `y`, the counts in order without closed times; its metadata columns `per_day` and `per_week` give
the lengths of both seasons. An origin is the number of intervals known.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import pandas as pd
from statsforecast.models import MSTL, AutoETS, SeasonalNaive


def main() -> None:
    """Forecast from every origin with every model."""
    counts = pd.read_parquet(sys.argv[1])
    y = counts["y"].to_numpy(dtype=np.float64)
    per_day, per_week = int(counts["per_day"].iloc[0]), int(counts["per_week"].iloc[0])
    horizon, origins = int(sys.argv[3]), [int(each) for each in sys.argv[4:]]
    models = {
        "MSTL(day, week) + AutoETS": lambda: MSTL([per_day, per_week], trend_forecaster=AutoETS(model="ZZN")),
        "AutoETS": lambda: AutoETS(season_length=per_day),
        "seasonal naive": lambda: SeasonalNaive(season_length=per_week),
    }
    rows = []
    for name, make in models.items():
        for origin in origins:
            began = time.perf_counter()
            mean = make().forecast(y=y[:origin], h=horizon)["mean"]
            rows.append(pd.DataFrame({"model": name, "origin": origin, "step": np.arange(horizon),
                                      "expected": np.maximum(mean, 0.0), "seconds": time.perf_counter() - began}))
    pd.concat(rows, ignore_index=True).to_parquet(sys.argv[2])


if __name__ == "__main__":
    main()
