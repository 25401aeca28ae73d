"""How much memory a query of many rows needs beside one of few: rows are read in batches, never all at once.

Run it by hand: `python tests/benchmarks/query_size.py [--rows 2000000] [--times 10] [--ratio 2]`. It fills two SQLite
databases, one with so many rows and one with a tenth of them, ingests each in a process of its own, and prints seconds,
peaks of memory and their ratio.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

__all__ = ["main"]

_SOURCE = """
name = "desk"
time_zone = "Asia/Shanghai"
[database]
url = "sqlite:///desk.db"
[[queries]]
table = "orders"
query = "SELECT * FROM orders"
[queries.columns]
order_id = "id"
customer_id = "customer"
ordered_at = "at"
amount = "amount"
"""
_ROWS = """
INSERT INTO orders WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < {rows})
SELECT n, 'K' || n % 40000, '2024-01-02 08:00:00', n / 4.0, printf('%060d', n) FROM r
"""
_INGEST = "import sys; from pathlib import Path; from csm_lib.collect.ingest import ingest; ingest(Path(sys.argv[1]))"


def _peak_gb(folder: Path, *, rows: int) -> float:
    """Fill a database, ingest it, and give the peak of memory."""
    (folder / "data" / "sources").mkdir(parents=True)
    (folder / "data" / "sources" / "desk.toml").write_text(_SOURCE, encoding="utf-8")
    connection = sqlite3.connect(folder / "desk.db")
    connection.execute("CREATE TABLE orders (id INTEGER, customer TEXT, at TEXT, amount REAL, remark TEXT)")
    connection.execute(_ROWS.format(rows=rows))
    connection.commit()
    connection.close()
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", _INGEST, str(folder)])
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(process.returncode)
    peak = usage.ru_maxrss / (1e9 if sys.platform == "darwin" else 1e6)
    sys.stdout.write(f"{rows:,} rows: {time.perf_counter() - start:.1f} s, peak {peak:.2f} GB\n")
    return peak


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and give 1 where many rows need more than so many times the memory of few."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--ratio", type=float, default=2.0)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        few = _peak_gb(Path(folder) / "few", rows=given.rows // given.times)
        many = _peak_gb(Path(folder) / "many", rows=given.rows)
    sys.stdout.write(f"ratio {many / few:.2f} (aim {given.ratio:g})\n")
    return int(many / few > given.ratio)


if __name__ == "__main__":
    sys.exit(main())
