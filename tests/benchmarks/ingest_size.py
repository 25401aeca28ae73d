"""How long an ingest takes and how much memory it needs, against the engine reading the same file as Parquet.

Run it by hand: `python tests/benchmarks/ingest_size.py [--rows 10000000] [--folder DIR] [--memory-gb 4]`. It invents a
call log (about 200 bytes a row), has the engine alone turn it into Parquet, ingests it in a process of its own, and
prints seconds, their ratio and the peak of memory. Making the facts is timed apart: no plain reader does that.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

__all__ = ["main", "write_calls"]

_SOURCE = """
name = "calls"
title = "Call log"
time_zone = "Asia/Shanghai"
[[files]]
pattern = "calls.csv"
table = "contacts"
[files.columns]
contact_id = "CallID"
created_at = "Start"
queue_entered_at = "Queue"
answered_at = "Answer"
abandoned_at = "Abandon"
closed_at = "End"
resolved_at = "Resolved"
channel = { from = "Channel", values = { Phone = "phone", Chat = "chat" } }
customer_id = "Customer"
team = "Team"
agent_id = "Agent"
issue = "Issue"
product = "Product"
talk_s = "Talk"
hold_s = "Hold"
wrap_s = "Wrap"
transfer_count = "Transfers"
status = { from = "Status", values = { RESOLVED = "resolved", CLOSED = "closed" } }
"""
_ROWS = """
SELECT 'H' || lpad(i::VARCHAR, 9, '0') AS "CallID", began AS "Start", began + INTERVAL 12 SECONDS AS "Queue",
    CASE WHEN NOT lost THEN began + to_seconds(12 + h % 90) END AS "Answer",
    CASE WHEN lost THEN began + to_seconds(20 + h % 60) END AS "Abandon",
    began + to_seconds(CASE WHEN lost THEN 20 + h % 60 ELSE 400 + h % 600 END) AS "End",
    CASE WHEN NOT lost AND h % 5 > 0 THEN began + to_seconds(400 + h % 600) END AS "Resolved",
    CASE WHEN h % 4 = 0 THEN 'Chat' ELSE 'Phone' END AS "Channel",
    'C' || lpad((h % {customers})::VARCHAR, 8, '0') AS "Customer", '199' || lpad((h % {customers})::VARCHAR, 8, '0') AS
    "Caller", 'team ' || chr(65 + (h % 12)::INTEGER) AS "Team", 'A' || lpad((h % 400)::VARCHAR, 6, '0') AS "Agent",
    'issue_' || (h % 23) AS "Issue", 'product_' || (h % 41) AS "Product", 180 + h % 300 AS "Talk", h % 40 AS "Hold",
    20 + h % 30 AS "Wrap", (h % 11 = 0)::INTEGER AS "Transfers",
    CASE WHEN lost OR h % 5 = 0 THEN 'CLOSED' ELSE 'RESOLVED' END AS "Status", 'note ' || md5(i::VARCHAR) AS "Remark"
FROM (SELECT i, hash(i) % 1000000007 AS h, hash(i) % 9 = 0 AS lost,
    TIMESTAMP '2022-01-01' + to_seconds(i * 63072000 // {rows}) AS began FROM range({rows}) AS r(i))
"""
_PLAIN = """
import sys, time, duckdb
start = time.perf_counter()
with duckdb.connect() as connection:
    connection.execute("SET threads = 2")
    connection.execute(f"COPY (FROM read_csv('{sys.argv[1]}')) TO '{sys.argv[2]}' (FORMAT parquet)")
print(time.perf_counter() - start)
"""
_INGEST = """
import json, sys, time
from pathlib import Path
from csm_lib.collect import ingest as room
facts, make = [], room.make_facts
def timed(*given):
    start = time.perf_counter()
    make(*given)
    facts.append(time.perf_counter() - start)
room.make_facts = timed
start = time.perf_counter()
result = room.ingest(Path(sys.argv[1]))
total = time.perf_counter() - start
print(json.dumps({"read": result.files[0].read, "kept": result.files[0].kept, "total": total, "facts": sum(facts)}))
"""


def write_calls(path: Path, *, rows: int) -> None:
    """Write an invented call log."""
    import duckdb

    with duckdb.connect() as connection:
        query = _ROWS.format(rows=rows, customers=max(rows // 4, 1))
        connection.execute(f"COPY ({query}) TO '{path}' (FORMAT csv, HEADER)")


def _run(script: str, *arguments: Path) -> tuple[Any, float]:
    """Run a script in a process of its own; give what it printed and its peak of memory in GB."""
    process = subprocess.Popen([sys.executable, "-c", script, *map(str, arguments)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(process.returncode)
    per_gb = 1e9 if sys.platform == "darwin" else 1e6
    return json.loads(said.splitlines()[-1]), usage.ru_maxrss / per_gb


def _tell(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and give 1 where memory or the ratio is beyond the aim."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where to work; a temporary folder unless named")
    parser.add_argument("--memory-gb", type=float, default=4.0)
    parser.add_argument("--ratio", type=float, default=6.0)
    given = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(dir=given.folder))
    try:
        (folder / "data" / "raw").mkdir(parents=True)
        (folder / "data" / "sources").mkdir()
        (folder / "data" / "sources" / "calls.toml").write_text(_SOURCE, encoding="utf-8")
        calls = folder / "data" / "raw" / "calls.csv"
        write_calls(calls, rows=given.rows)
        _tell(f"{given.rows:,} contacts, {calls.stat().st_size / 1e9:.2f} GB")
        plain_s, plain_gb = _run(_PLAIN, calls, folder / "plain.parquet")
        _tell(f"plain CSV to Parquet: {plain_s:.1f} s, peak {plain_gb:.2f} GB")
        found, peak_gb = _run(_INGEST, folder)
        ingest_s = found["total"] - found["facts"]
        _tell(f"ingest: {ingest_s:.1f} s, and {found['facts']:.1f} s for the facts, peak {peak_gb:.2f} GB")
        _tell(f"kept {found['kept']:,} of {found['read']:,}")
        _tell(f"ratio {ingest_s / plain_s:.1f} (with facts {found['total'] / plain_s:.1f}; aim {given.ratio:g})")
        return int(peak_gb > given.memory_gb or ingest_s / plain_s > given.ratio)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
