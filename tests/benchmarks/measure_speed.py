"""How long `measure` takes over ten million contacts, against one query written by hand and against plain pandas.

Run it by hand: `python tests/benchmarks/measure_speed.py [--rows 10000000] [--folder DIR] [--repeats 5]`. It invents
contact facts as Parquet and measures every share and mean indicator of contacts by month × channel × team, three ways:
`measure` (numerators and denominators only, then with intervals), a query that groups by the same keys and sums the
same columns, and pandas. The ways take turns, so that a busy machine slows all of them; printed are medians, their
ratios and, from a process of its own, the peak of memory. pandas is given fewer rows, and its time is scaled up.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb
import pandas as pd

from csm_lib.definitions import FACTS, INDICATORS, Indicator
from csm_lib.engine import connect
from csm_lib.measure.indicators import measure

__all__ = ["main", "write_facts"]

BY = ("month", "channel", "team")
KEYS = tuple(key for key, row in INDICATORS.items() if row.grain == "contact" and row.aggregation in ("share", "mean"))
_OWN = {
    "contact_id": "'K' || i",
    "customer_id": "CASE WHEN h % 97 > 0 THEN 'C' || (h % {customers}) END",
    "channel": "['phone', 'chat', 'app', 'email'][1 + h % 4]",
    "team": "'team ' || chr((65 + h // 7 % 12)::INTEGER)",
    "local_date": "DATE '2024-01-01' + (i * 91 // {rows})::INTEGER",
    "month": "strftime(DATE '2024-01-01' + (i * 91 // {rows})::INTEGER, '%Y-%m')",
}
# a value drawn by the row's number and the column's name; one in 29 is missing
_DRAWN = {
    "BOOLEAN": "CASE WHEN d % 29 > 0 THEN d % 10 < 7 END",
    "DOUBLE": "CASE WHEN d % 29 > 0 THEN (d % 60000) / 100.0 END",
    "INTEGER": "CASE WHEN d % 29 > 0 THEN 1 + d % 5 END",
    "VARCHAR": "CASE WHEN d % 29 > 0 THEN 'word ' || d % 5 END",
    "DATE": "CASE WHEN d % 29 > 0 THEN DATE '2024-01-01' + (d % 91)::INTEGER END",
    "TIMESTAMP WITH TIME ZONE": "CASE WHEN d % 29 > 0 THEN to_timestamp(1704067200 + d % 7862400) END",
}


def write_facts(path: Path, *, rows: int) -> None:
    """Invent contact facts: every column an indicator of contacts reads or is clustered by, the same at every run."""
    texts = " ".join(
        text
        for key in KEYS
        for text in (INDICATORS[key].numerator, INDICATORS[key].denominator, *INDICATORS[key].exclusions.values())
    )
    read = [name for name in FACTS["contact"].columns if name in texts and name not in _OWN]
    own = [f"({text.format(rows=rows, customers=max(rows // 4, 1))}) AS {name}" for name, text in _OWN.items()]
    drawn = [
        f"({_DRAWN[FACTS['contact'].columns[name]].replace('d %', f'hash(i + {salt} * {rows}) % 1000003 %')})"
        f"::{FACTS['contact'].columns[name]} AS {name}"
        for salt, name in enumerate(read, start=1)
    ]
    held = f"(SELECT i, (hash(i) % 1000000007)::BIGINT AS h FROM range({rows}) AS r(i))"
    with connect() as connection:
        connection.execute(f"COPY (SELECT {', '.join([*own, *drawn])} FROM {held}) TO '{path}' (FORMAT parquet)")


def by_hand(rows: Sequence[Indicator], path: Path) -> str:
    """Write the query: the same groups, the same sums, nothing else."""
    sums = [f"sum({row.numerator}) AS {row.key}_a, sum({row.denominator}) AS {row.key}_b" for row in rows]
    return f"SELECT {', '.join(BY)}, {', '.join(sums)} FROM read_parquet('{path}') GROUP BY {', '.join(BY)}"


def plain_sums(rows: Sequence[Indicator], path: Path) -> str:
    """Write the least that any query could do: the same groups, and every column that is read summed once."""
    names = dict.fromkeys(name for row in rows for name in row.columns)
    kinds = FACTS["contact"].columns
    sums = [
        f"count({name})"
        if kinds[name] not in ("BOOLEAN", "DOUBLE", "INTEGER")
        else f"sum({name}::{'INTEGER' if kinds[name] == 'BOOLEAN' else kinds[name]})"
        for name in names
    ]
    return f"SELECT {', '.join(BY)}, {', '.join(sums)} FROM read_parquet('{path}') GROUP BY {', '.join(BY)}"


def in_pandas(facts: pd.DataFrame) -> pd.DataFrame:
    """Do what an analyst would write: flags of each population, then one groupby of sums."""
    made = facts[list(BY)].copy()
    for key in KEYS:
        row = INDICATORS[key]
        flags = [name for name in row.columns if FACTS["contact"].columns[name] == "BOOLEAN"]
        numbers = [name for name in row.columns if FACTS["contact"].columns[name] == "DOUBLE"]
        held = facts[flags[0]].fillna(False).astype(bool) if flags else pd.Series(True, index=facts.index)
        for name in flags[1:] if numbers else ():
            held &= facts[name].fillna(False).astype(bool)
        value = facts[numbers[0]] if numbers else facts[flags[-1]].astype("float64")
        made[f"{key}_a"], made[f"{key}_b"] = value.where(held), held & value.notna()
    return made.groupby(list(BY), sort=False).sum()


def main() -> None:
    """Write the facts, let the ways take turns, print."""
    options = argparse.ArgumentParser(description="measure against one query and pandas")
    options.add_argument("--rows", type=int, default=10_000_000)
    options.add_argument("--pandas-rows", type=int, default=1_000_000)
    options.add_argument("--repeats", type=int, default=5)
    options.add_argument("--folder", type=Path)
    options.add_argument("--only", choices=["sums", "whole"], help="one call, for its memory")
    chosen = options.parse_args()
    if chosen.only:
        _measured(chosen.folder / "facts.parquet", level=0.95 if chosen.only == "whole" else None)
        sys.stdout.write(f"{_peak_mb():.0f}\n")
        return
    folder = chosen.folder or Path(tempfile.mkdtemp(prefix="measure_speed"))
    free = shutil.disk_usage(folder).free
    if free < 300 * chosen.rows:
        raise SystemExit(f"{folder} must have {300 * chosen.rows / 1e9:.1f} GB free, got {free / 1e9:.1f} GB")
    try:
        _compare(folder, rows=chosen.rows, pandas_rows=min(chosen.pandas_rows, chosen.rows), repeats=chosen.repeats)
    finally:
        if chosen.folder is None:
            shutil.rmtree(folder)


def _peak_mb() -> float:
    """Give the most memory this process had; Linux counts the parent's into `ru_maxrss`, so ask elsewhere there."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _measured(path: Path, *, level: float | None) -> pd.DataFrame:
    return measure(connect().read_parquet(str(path)), KEYS, by=BY, level=level)


def _fetched(query: str) -> object:
    return connect().sql(query).to_arrow_table()


def _compare(folder: Path, *, rows: int, pandas_rows: int, repeats: int) -> None:
    path = folder / "facts.parquet"
    if not path.exists():
        write_facts(path, rows=rows)
    held = [INDICATORS[key] for key in KEYS]
    few = connect().sql(f"FROM read_parquet('{path}') LIMIT {pandas_rows}").to_arrow_table().to_pandas()
    ways: dict[str, Callable[[], object]] = {
        "query by hand": lambda: _fetched(by_hand(held, path)),
        "each column summed once": lambda: _fetched(plain_sums(held, path)),
        "measure, sums only": lambda: _measured(path, level=None),
        "measure, with intervals": lambda: _measured(path, level=0.95),
        "pandas": lambda: in_pandas(few),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            seconds[name].append((time.perf_counter() - start) * (rows / pandas_rows if name == "pandas" else 1))
    hand = statistics.median(seconds["query by hand"])
    say = sys.stdout.write
    say(
        f"{rows:,} contacts, {len(KEYS)} indicators by {' × '.join(BY)}, medians of {repeats}; "
        f"DuckDB {duckdb.__version__}\n"
    )
    for name, taken in seconds.items():
        note = f" (measured on {pandas_rows:,} rows already in memory, scaled)" if name == "pandas" else ""
        say(f"{name:26}{statistics.median(taken):8.2f} s {statistics.median(taken) / hand:7.2f} × the query{note}\n")
    for name, only in (("sums only", "sums"), ("with intervals", "whole")):
        ended = subprocess.run(
            [sys.executable, __file__, "--only", only, "--folder", str(folder)],
            capture_output=True,
            text=True,
            check=True,
        )
        say(f"peak memory, {name}: {int(ended.stdout):,} MB\n")


if __name__ == "__main__":
    main()
