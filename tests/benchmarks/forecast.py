"""How far forecasts of a real hotline are off, beside statsforecast's, and how many counts the 80 % interval holds.

Usage: python tests/benchmarks/forecast.py [PYTHON_OF_THE_PEER] [--origins 25]

Data: calls to a bank per five minutes, 164 weekdays of 2003 (`bank_calls` in the real data; Weinberg, Brown and Stroud
2007). From each origin, four open days apart and as late as the data allow, the next five open days are forecast. WAPE:
sum of absolute errors over sum of calls, pooled over the origins. A bank holiday is no row of the data; so that a week
stays a week for those who count in intervals, they see the same weekday of the week before in its place, and are not
asked about it. The peer lives in an environment of its own:
    python3.11 -m venv PEER && PEER/bin/pip install statsforecast pyarrow -c tests/benchmarks/constraints.txt
Without it ours stands beside the plainest rival alone, the same interval a week before.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from csm_lib.staff.forecast import forecast

HORIZON_DAYS, STEP_DAYS, LEAST_DAYS, WEEK_DAYS = 5, 4, 60, 5
_PEER = Path(__file__).with_name("forecast_peer.py")


def bank_calls() -> pd.DataFrame:
    """Calls by open day and time of day."""
    named = os.environ.get("CSM_REALDATA")
    folder = Path(named) if named else Path(__file__).parents[3] / "shared" / "realdata"
    calls = pd.read_csv(folder / "bank_calls" / "bank_calls.csv.gz", parse_dates=["DateTime"])
    at = calls["DateTime"].dt.tz_convert(None)
    calls = calls.assign(local_date=at.dt.normalize(), local_time=at.dt.strftime("%H:%M"))
    return calls.pivot(index="local_date", columns="local_time", values="Calls").astype(float)


def ours(counts: pd.DataFrame, origin: int) -> pd.DataFrame:
    """Forecast five open days from the days before the origin; closed days between them are simply not asked about."""
    known, future = counts.iloc[:origin], counts.iloc[origin : origin + HORIZON_DAYS]
    every_day = known.reindex(pd.date_range(known.index[0], future.index[0] - pd.Timedelta(days=1)), fill_value=0.0)
    arrivals = every_day.rename_axis(index="local_date").stack().rename("arrivals").reset_index()
    arrivals.attrs = {"time_zone": "UTC", "interval_s": 300.0}
    horizon = (future.index[-1] - future.index[0]).days + 1
    found = forecast(arrivals, horizon_days=horizon)
    found = found[found["local_date"].isin(future.index) & found["local_time"].isin(future.columns)]
    return found.assign(origin=origin, actual=future.to_numpy().ravel())


def whole_weeks(counts: pd.DataFrame) -> pd.DataFrame:
    """Every weekday, a holiday filled with the same weekday of the week before: nothing later than itself."""
    days = pd.bdate_range(counts.index[0], counts.index[-1])
    filled = counts.reindex(days)
    for place in np.flatnonzero(filled.isna().any(axis=1)):
        filled.iloc[place] = filled.iloc[place - WEEK_DAYS]
    return filled


def naive(counts: pd.DataFrame, origin: int) -> np.ndarray:
    """The same weekday of the last week known."""
    weeks, future = whole_weeks(counts), counts.index[origin : origin + HORIZON_DAYS]
    known = weeks[weeks.index < future[0]].iloc[-WEEK_DAYS:]
    return known.set_axis(known.index.day_of_week).loc[future.day_of_week].to_numpy().ravel()


def peers(counts: pd.DataFrame, origins: list[int], python: str) -> pd.DataFrame:
    """What the peer's models forecast from the same origins, of the same open days."""
    per_day, weeks = counts.shape[1], whole_weeks(counts)
    starts = weeks.index.get_indexer(counts.index[origins])
    ends = weeks.index.get_indexer(counts.index[[origin + HORIZON_DAYS - 1 for origin in origins]])
    with tempfile.TemporaryDirectory() as folder:
        asked, answered = Path(folder) / "counts.parquet", Path(folder) / "peer.parquet"
        flat = pd.DataFrame({"y": weeks.to_numpy().ravel(), "per_day": per_day, "per_week": per_day * WEEK_DAYS})
        flat.to_parquet(asked)
        spans = [str(start * per_day) for start in starts]
        horizon = str((int((ends - starts).max()) + 1) * per_day)
        subprocess.run([python, str(_PEER), str(asked), str(answered), horizon, *spans], check=True)
        made = pd.read_parquet(answered)
    day = made["origin"].to_numpy() // per_day + made["step"].to_numpy() // per_day
    made = made.assign(local_date=weeks.index.to_numpy()[np.minimum(day, len(weeks) - 1)])
    made = made[(day < len(weeks)) & made["local_date"].isin(counts.index)].sort_values(["model", "origin", "step"])
    asked_of = made.groupby(["model", "origin"]).cumcount() < HORIZON_DAYS * per_day
    return made[asked_of.to_numpy()]


def say(errors: pd.DataFrame, calls: pd.Series, seconds: dict[str, float]) -> None:
    """Print everybody's error, all origins together and how many of them each wins, then origin by origin."""
    wape = errors.sum() / calls.sum()
    won = errors.idxmin(axis=1).value_counts()
    for name in wape.sort_values().index:
        sys.stdout.write(f"{name:38s} WAPE {wape[name]:7.3%}   {wape[name] / wape.min():5.3f} of the best   best at "
                         f"{won.get(name, 0):2d} origins   {seconds[name]:6.2f} s a forecast\n")
    each = errors.div(calls, axis=0).map("{:.1%}".format)
    sys.stdout.write(f"\nWAPE from each origin (open days known)\n{each.to_string()}\n\n")


def main() -> None:
    """Print everybody's error."""
    parser = argparse.ArgumentParser()
    parser.add_argument("peer", nargs="?")
    parser.add_argument("--origins", type=int, default=25)
    options = parser.parse_args()
    counts = bank_calls()
    origins = list(range(len(counts) - HORIZON_DAYS, LEAST_DAYS, -STEP_DAYS))[: options.origins][::-1]
    began = time.perf_counter()
    made = pd.concat([ours(counts, origin) for origin in origins])
    seconds = {"ours": (time.perf_counter() - began) / len(origins), "same interval a week before": 0.0}
    actual = made["actual"].to_numpy()
    found = {"ours": made["expected"].to_numpy(),
             "same interval a week before": np.concatenate([naive(counts, origin) for origin in origins])}
    if options.peer:
        for name, rows in peers(counts, origins, options.peer).groupby("model"):
            found[f"statsforecast {name}"] = rows["expected"].to_numpy()
            seconds[f"statsforecast {name}"] = rows.groupby("origin")["seconds"].first().mean()
    missed = pd.DataFrame({name: np.abs(expected - actual) for name, expected in found.items()})
    sys.stdout.write(f"{len(origins)} origins, {HORIZON_DAYS} open days from each, {len(made):,} intervals\n")
    of_origin = made["origin"].to_numpy()
    say(missed.groupby(of_origin).sum(), pd.Series(actual).groupby(of_origin).sum(), seconds)
    held = ((actual >= made["low"]) & (actual <= made["high"])).mean()
    sys.stdout.write(f"ours: {held:.1%} of the counts lie in the interval meant to hold 80 %\n")


if __name__ == "__main__":
    main()
