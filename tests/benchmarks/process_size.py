"""How long a large status log takes and what memory it needs; run by hand.

    python tests/benchmarks/process_size.py [millions of changes]

Contacts of about five changes each are made and written to a Parquet file first, in a process of their own; then one
process reads the file where it lies and asks everything that the page of the process asks, keeping the paths as the
page does. The exit code is 1 where more than 4 GiB were needed.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from csm_lib.engine import connect
from csm_lib.explain.flow import fold_flow, handoffs, process_flow, rework
from csm_lib.explain.process import contact_paths, path_variants, process_summary, stage_times, variant_indicators

MOST_GIB = 4.0

MAKE = """
    COPY (
        SELECT 'contact ' || (i // 5)::VARCHAR AS contact_id,
            TIMESTAMPTZ '2024-01-01 00:00:00+00'
                + INTERVAL 1 SECOND * ((i // 5) % 7776000 + hash(i) % 90000) AS changed_at,
            ['new', 'open', 'open', 'waiting_customer', 'resolved', 'closed'][(hash(i, 1) % 6 + 1)::INTEGER] AS status,
            'team ' || (hash(i, 2) % 40)::VARCHAR AS team, 'agent ' || (hash(i, 3) % 900)::VARCHAR AS agent_id,
            'agent ' || (hash(i, 4) % 900)::VARCHAR AS actor, NULL::VARCHAR AS stage, NULL::BOOLEAN AS is_approval
        FROM range({n}) AS made(i)
    ) TO '{path}' (FORMAT parquet)
"""


FACTS = """
    SELECT DISTINCT contact_id, hash(contact_id) % 10 < 7 AS is_first_contact_resolved,
        (hash(contact_id, 1) % 90000)::DOUBLE AS resolution_s
    FROM read_parquet('{path}')
"""


def main(millions: float) -> int:
    """Make the log, ask, say how long and how much memory."""
    peak = 0.0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.parquet"
        script = (
            f"from csm_lib.engine import connect; connect().execute({MAKE.format(n=int(millions * 1e6), path=path)!r})"
        )
        subprocess.run([sys.executable, "-c", script], check=True)
        with connect() as connection:
            log = connection.sql(f"SELECT * FROM read_parquet('{path}')")
            held: dict[str, Any] = {}
            for name, ask in {
                "flow": lambda: fold_flow(process_flow(log)), "stages": lambda: stage_times(log),
                "returns": lambda: rework(log), "hand-overs": lambda: handoffs(log),
                "paths": lambda: held.setdefault("paths", contact_paths(log)),
                "summary": lambda: process_summary(held["paths"]),
                "variants": lambda: path_variants(held["paths"], count=8),
                "indicators of variants": lambda: variant_indicators(
                    held["paths"], connection.sql(FACTS.format(path=path)), ["fcr"], count=4
                ),
            }.items():  # fmt: skip
                begun = time.perf_counter()
                rows = len(ask())
                peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
                spent = time.perf_counter() - begun
                sys.stdout.write(f"{millions:g} M changes, {name}: {spent:.1f} s, {rows} rows, peak {peak:.2f} GiB\n")
                sys.stdout.flush()
    return int(peak > MOST_GIB)


if __name__ == "__main__":
    raise SystemExit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 10.0))
