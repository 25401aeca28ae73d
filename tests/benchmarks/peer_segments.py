"""Ask wise-pizza for the segments of cases that lie in a folder; runs in an environment of its own.

Usage: python peer_segments.py FOLDER. Reads `case_N.json` (dimensions, target) with `case_N_after.parquet` and, where
there is one, `case_N_before.parquet` (dimensions, `total`, `size`); writes `case_N_named.json`, a list of segments.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import warnings
from pathlib import Path
from typing import Any

import pandas as pd

MOST_SEGMENTS = 3


def named(folder: Path, one: Path) -> list[list[list[str]]]:
    """Name the segments of one case as pairs of dimension and value."""
    import wise_pizza

    asked = json.loads(one.read_text(encoding="utf-8"))
    after = pd.read_parquet(folder / f"{one.stem}_after.parquet")
    options: dict[str, Any] = {"dims": asked["dimensions"], "total_name": "total", "size_name": "size", "max_depth": 3,
                               "max_segments": MOST_SEGMENTS, "min_segments": 1}  # fmt: skip
    if asked["target"] is not None:
        excess = after.assign(total=after["total"] - asked["target"] * after["size"])
        found = wise_pizza.explain_levels(excess, **options)
    else:
        before = pd.read_parquet(folder / f"{one.stem}_before.parquet")
        found = wise_pizza.explain_changes_in_average(before, after, **options)
    return [[[name, str(value)] for name, value in sorted(each["segment"].items())] for each in found.segments]


def run(folder: Path) -> None:
    """Name the segments of every case; a case that the peer cannot do has none."""
    for one in sorted(folder.glob("case_*[0-9].json")):
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            try:
                answer = named(folder, one)
            except Exception as error:  # a peer may fail in any way; that is its score
                answer = []
                (folder / f"{one.stem}_error.txt").write_text(repr(error), encoding="utf-8")
        (folder / f"{one.stem}_named.json").write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    run(Path(sys.argv[1]))
