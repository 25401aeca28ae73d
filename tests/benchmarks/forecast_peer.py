"""Forecast with statsforecast; runs in the benchmark environment, called by `forecast.py`.

Usage: python forecast_peer.py COUNTS.parquet ANSWER.parquet HORIZON_INTERVALS ORIGIN [ORIGIN ...]

COUNTS has one column `y`, the counts in order without closed times; its metadata columns `per_day` and `per_week` give
the lengths of both seasons. An origin is the number of intervals known; every model is fitted anew at each. AutoETS
knows no season longer than 24, and fitting one of 169 anyway takes the best part of an hour, so it is used the two ways
it can be: on the series without its weekly pattern, and on day totals with the season of a week, spread over the day.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from statsforecast.models import MSTL, AutoETS, SeasonalNaive

Floats = NDArray[np.float64]
DAYS_A_WEEK = 5


def mstl(y: Floats, horizon: int, per_day: int, per_week: int) -> Floats:
    """Take both seasons out by loess, and carry the rest on by exponential smoothing: MSTL's documented use."""
    model = MSTL([per_day, per_week], trend_forecaster=AutoETS(model="ZZN"))
    return model.forecast(y=y, h=horizon)["mean"]


def ets_of_the_rest(y: Floats, horizon: int, per_day: int, per_week: int) -> Floats:
    """Divide by the mean of each interval of the week, smooth exponentially, multiply again."""
    place = np.arange(y.size + horizon) % per_week
    usual = np.bincount(place[: y.size], y, per_week) / np.bincount(place[: y.size], minlength=per_week)
    usual = np.maximum(usual, 0.5)
    return AutoETS(model="ZZN").forecast(y=y / usual[place[: y.size]], h=horizon)["mean"] * usual[place[y.size :]]


def ets_of_days(y: Floats, horizon: int, per_day: int, per_week: int) -> Floats:
    """Smooth day totals exponentially with the season of a week; spread them as their weekday's counts have been."""
    days = y.reshape(-1, per_day)
    totals = AutoETS(season_length=DAYS_A_WEEK).forecast(y=days.sum(axis=1), h=horizon // per_day)["mean"]
    weekday = np.arange(len(days) + len(totals)) % DAYS_A_WEEK
    known, coming = weekday[: len(days)], weekday[len(days) :]
    profile = np.stack([days[known == day].sum(axis=0) / days[known == day].sum() for day in range(DAYS_A_WEEK)])
    return (totals[:, None] * profile[coming]).ravel()


def seasonal_naive(y: Floats, horizon: int, per_day: int, per_week: int) -> Floats:
    """Repeat the last week."""
    return SeasonalNaive(season_length=per_week).forecast(y=y, h=horizon)["mean"]


MODELS: dict[str, Callable[[Floats, int, int, int], Floats]] = {
    "MSTL(day, week), AutoETS": mstl,
    "AutoETS, week taken out": ets_of_the_rest,
    "AutoETS of days, spread": ets_of_days,
    "SeasonalNaive(week)": seasonal_naive,
}


def main() -> None:
    """Forecast from every origin with every model."""
    counts = pd.read_parquet(sys.argv[1])
    y = counts["y"].to_numpy(dtype=np.float64)
    seasons = int(counts["per_day"].iloc[0]), int(counts["per_week"].iloc[0])
    horizon, origins = int(sys.argv[3]), [int(each) for each in sys.argv[4:]]
    rows = []
    for origin in origins:
        for name, forecast in MODELS.items():
            began = time.perf_counter()
            mean = forecast(y[:origin], horizon, *seasons)
            rows.append(pd.DataFrame({"model": name, "origin": origin, "step": np.arange(horizon),
                                      "expected": np.maximum(mean, 0.0), "seconds": time.perf_counter() - began}))
        sys.stderr.write(f"peer: origin {len(rows) // len(MODELS)} of {len(origins)}\n")
    pd.concat(rows, ignore_index=True).to_parquet(sys.argv[2])


if __name__ == "__main__":
    main()
