"""How long the proven cheapest cover of a week of 7 × 48 half hours takes, beside OR-Tools through pyworkforce.

Usage: python tests/benchmarks/roster.py [PYTHON_OF_THE_PEER]

48 shift types (four to nine hours, from every full and half hour that fits, a half-hour break in the longer ones); the
need follows a call centre's day. Two tasks: each day on its own (what the peer can do), and people on contracts, five
days on and two off or three days of the week, over all tours of the week. The peer lives in an environment of its own:
    python3.11 -m venv PEER && PEER/bin/pip install pyworkforce pyarrow -c tests/benchmarks/constraints.txt
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from csm_lib.settings.objectives import Contract
from csm_lib.staff.roster import cheapest_cover
from csm_lib.staff.tours import cheapest_roster, possible_tours
from csm_lib.staff.weekly_roster import ShiftPattern, covers

TIME_LIMIT_S = 60.0
_PEER = Path(__file__).with_name("roster_peer.py")


def week() -> pd.DataFrame:
    """One row per weekday and half hour: two peaks a day, quiet nights, quieter weekends."""
    slot, day = np.tile(np.arange(48), 7), np.repeat(np.arange(7), 48)
    hour = slot / 2.0
    shape = np.exp(-(((hour - 11) / 2.5) ** 2)) + 0.8 * np.exp(-(((hour - 18) / 2.5) ** 2)) + 0.08
    needed = np.ceil(30 * shape * np.array([1.0, 0.95, 0.9, 0.9, 0.95, 0.6, 0.5])[day]).astype(int)
    time_of_day = [f"{number // 2:02d}:{number % 2 * 30:02d}" for number in slot]
    return pd.DataFrame({"day": day, "weekday": day + 1, "slot": slot, "local_time": time_of_day,
                         "interval_s": 1800.0, "needed": needed})


def shift_types() -> tuple[ShiftPattern, ...]:
    """48 shifts, the night's included."""
    found = []
    for hours in (4, 6, 8, 9):
        for start in range(0, 24, 2):
            first, last = start * 60, (start + hours) * 60
            middle = (first + last) // 2 // 30 * 30
            blocks = ((first, last),) if hours < 8 else ((first, middle), (middle + 30, last))
            found.append(ShiftPattern(blocks))
    return tuple(found)


def main() -> None:
    """Print times, costs and proofs."""
    need, patterns = week(), shift_types()
    one_day = covers(patterns, need["local_time"].iloc[:48], interval_s=1800.0)
    began = time.perf_counter()
    days = [cheapest_cover(rows["needed"], one_day, cost=one_day.sum(axis=1), time_limit_s=TIME_LIMIT_S)
            for _, rows in need.groupby("day")]
    spent = time.perf_counter() - began
    sys.stdout.write(f"7 x 48 half hours, {len(patterns)} shift types, each day on its own\n"
                     f"  ours: {spent:.2f} s, cost {sum(day.cost for day in days):g}, proven optimal: "
                     f"{all(day.is_optimal for day in days)}\n")
    if len(sys.argv) > 1:
        with tempfile.TemporaryDirectory() as folder:
            asked, offered, answer = (str(Path(folder) / name) for name in ("week", "shifts", "answer"))
            need.to_parquet(asked)
            pd.DataFrame(one_day, index=[pattern.name for pattern in patterns],
                         columns=[str(slot) for slot in range(48)]).to_parquet(offered)
            subprocess.run([sys.argv[1], str(_PEER), asked, offered, answer, str(TIME_LIMIT_S)], check=True)
            peer = pd.read_parquet(answer).iloc[0]
        sys.stdout.write(f"  OR-Tools through pyworkforce: {peer['seconds']:.2f} s, cost {peer['cost']:g}, "
                         f"{peer['status']}\n")
    contracts = [Contract(name="full time", min_rest_h=11),
                 Contract(name="part time", days_on=3, has_days_off_together=False)]
    tours = possible_tours(contracts, patterns)
    began = time.perf_counter()
    found = cheapest_roster(need, tours, needed="needed", time_limit_s=TIME_LIMIT_S)
    sys.stdout.write(f"the whole week on contracts, {len(tours)} tours\n  ours: {time.perf_counter() - began:.2f} s, "
                     f"{found.attrs['people']} people, {found.attrs['agent_h']:g} h, proven optimal: "
                     f"{found.attrs['is_optimal']}, gap at most {found.attrs['gap']:.2%}\n")


if __name__ == "__main__":
    main()
