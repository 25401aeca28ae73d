"""Does the search find what was planted, and only that? F1 over planted cases, alarms over cases with nothing in them.

Run `python tests/benchmarks/explain_found.py [CASES] [--peer PYTHON]` (200 by default).
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass

import numpy as np
import pandas as pd
from planted_gaps import FAMILIES, Case, case, inside

from csm_lib.explain.segments import explain_gap

JACCARD = 0.8


@dataclass
class Score:
    found: int = 0
    named: int = 0
    planted: int = 0

    @property
    def f1(self) -> float:
        return 2 * self.found / max(self.named + self.planted, 1)


def facts_of(frame: pd.DataFrame, kind: str):
    if kind != "ratio":
        return frame
    contacts = frame.drop(columns="x").assign(is_handled=True)
    complaints = contacts.loc[contacts.index.repeat(frame["x"])].assign(is_counted=True).drop(columns="is_handled")
    return {"contact": contacts, "complaint": complaints}


def asked(one: Case) -> pd.DataFrame:
    key = {"share": "x", "mean": "x", "ratio": "complaint_rate"}[one.kind]
    after = facts_of(one.after, one.kind)
    if one.before is None:
        return explain_gap(after, key, dimensions=one.dimensions, target=one.target)
    return explain_gap(after, key, dimensions=one.dimensions, before=facts_of(one.before, one.kind))


def jaccard(frame, a, b):
    x, y = inside(frame, a), inside(frame, b)
    return (x & y).sum() / max((x | y).sum(), 1)


def score(one: Case, named) -> Score:
    left = list(named)
    found = 0
    for segment in one.planted:
        best = max(left, key=lambda other: jaccard(one.after, segment, other), default=None)
        if best is not None and jaccard(one.after, segment, best) >= JACCARD:
            found += 1
            left.remove(best)
    return Score(found, len(named), len(one.planted))


if __name__ == "__main__":
    count = int(sys.argv[1])
    for family in FAMILIES:
        for is_null in (False, True):
            total = Score()
            alarms = 0
            began = time.perf_counter()
            for seed in range(count):
                one = case(seed, is_null=is_null, family=family)
                table = asked(one)
                s = score(one, table["segment"].tolist())
                total = Score(total.found + s.found, total.named + s.named, total.planted + s.planted)
                alarms += is_null and len(table) > 0
                if "-v" in sys.argv and (s.found != s.named or s.found != s.planted):
                    print("  ", seed, one.words, "\n      planted", one.planted, "\n      named  ", table["segment"].tolist())
            print(family, "null" if is_null else "planted", total, f"F1 {total.f1:.3f} alarms {alarms} of {count}, {time.perf_counter()-began:.0f} s", flush=True)
