"""Does the search find what was planted, and only that? F1 over planted cases, alarms over cases with nothing in them.

Usage: python tests/benchmarks/explain_found.py [CASES] [--peer PYTHON] [--show]
(200 cases of either kind and family by default, about ten minutes). `--peer` names the Python of an environment with
the packages of `tests/benchmarks/constraints.txt`; wise-pizza is then asked about the same cases (half an hour more),
about those with a cause a second time with the number of segments told to it. `--show` prints the cases that were not
answered in full. The exit code is 1 where F1 is below 0.9 or more than 9 % of the cases without a cause raise an alarm.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from planted_gaps import FAMILIES, Case, Segment, case, inside

from csm_lib.explain.segments import explain_gap

SAME = 0.8  # Jaccard index of the rows from which on a planted segment counts as found
LEAST_F1, MOST_ALARMS = 0.9, 0.09
KEYS = {"share": "x", "mean": "x", "ratio": "complaint_rate"}


@dataclass(frozen=True)
class Score:
    """Segments found, named and planted, and cases in which anything was named."""

    found: int = 0
    named: int = 0
    planted: int = 0
    alarms: int = 0

    def __add__(self, other: Score) -> Score:
        return Score(self.found + other.found, self.named + other.named, self.planted + other.planted,
                     self.alarms + other.alarms)  # fmt: skip

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall over all segments."""
        return 2 * self.found / max(self.named + self.planted, 1)

    @property
    def is_full(self) -> bool:
        """Whether everything planted was named, and nothing else."""
        return self.found == self.named == self.planted


def facts_of(frame: pd.DataFrame, kind: str) -> Any:
    """Turn a drawn table into facts; a ratio has two grains."""
    if kind != "ratio":
        return frame
    contacts = frame.drop(columns="x").assign(is_handled=True)
    complaints = contacts.loc[contacts.index.repeat(frame["x"])].drop(columns="is_handled").assign(is_counted=True)
    return {"contact": contacts, "complaint": complaints}


def named(one: Case) -> list[Segment]:
    """Ask our own search."""
    against: dict[str, Any] = {"target": one.target}
    if one.before is not None:
        against = {"before": facts_of(one.before, one.kind)}
    found = explain_gap(facts_of(one.after, one.kind), KEYS[one.kind], dimensions=one.dimensions, **against)
    return list(found["segment"])


def named_by_peer(cases: Sequence[Case], python: str, *, is_told: bool = False) -> list[list[Segment]]:
    """Ask wise-pizza, and tell it how many segments there are if so wished; a missing value is a word of its own."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for number, one in enumerate(cases):
            count = len(one.planted) if is_told else None
            asked = {"dimensions": one.dimensions, "target": one.target, "count": count}
            (folder / f"case_{number}.json").write_text(json.dumps(asked), encoding="utf-8")
            for side, frame in (("after", one.after), ("before", one.before)):
                if frame is not None:
                    words = frame.assign(total=frame["x"].astype(float), size=1.0).drop(columns="x").fillna("missing")
                    words.to_parquet(folder / f"case_{number}_{side}.parquet")
        subprocess.run([python, str(Path(__file__).with_name("peer_segments.py")), place], check=True)
        answers = [json.loads((folder / f"case_{i}_named.json").read_text(encoding="utf-8")) for i in range(len(cases))]
    return [
        [tuple((name, None if value == "missing" else value) for name, value in segment) for segment in answer]
        for answer in answers
    ]


def score(one: Case, segments: Sequence[Segment]) -> Score:
    """Count the planted segments that one of the named ones covers, each named one once."""
    left, found = list(segments), 0
    for planted in one.planted:
        same = [_jaccard(one.after, planted, segment) for segment in left]
        if same and max(same) >= SAME:
            left.pop(same.index(max(same)))
            found += 1
    return Score(found, len(segments), len(one.planted), int(bool(segments)))


def _jaccard(frame: pd.DataFrame, one: Segment, other: Segment) -> float:
    a, b = inside(frame, one), inside(frame, other)
    return float((a & b).sum() / max((a | b).sum(), 1))


def _told(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def main(arguments: Sequence[str]) -> int:
    """Run both families with and without a cause, print the scores, and tell whether they hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="seed of the first case")
    parser.add_argument("--peer")
    parser.add_argument("--show", action="store_true")
    asked = parser.parse_args(arguments)
    is_good = True
    for family in FAMILIES:
        for is_null in (False, True):
            began = time.perf_counter()
            seeds = range(asked.first, asked.first + asked.count)
            cases = [case(seed, is_null=is_null, family=family) for seed in seeds]
            scores = {"ours": [score(one, named(one)) for one in cases]}
            seconds = time.perf_counter() - began
            if asked.peer:
                for who, is_told in {"wise-pizza": False, "wise-pizza, told how many": True}.items():
                    if not (is_told and is_null):
                        answers = named_by_peer(cases, asked.peer, is_told=is_told)
                        scores[who] = [score(one, answer) for one, answer in zip(cases, answers, strict=True)]
            for who, each in scores.items():
                total = sum(each, Score())
                words = f"{total.alarms} alarms" if is_null else f"F1 {total.f1:.3f} ({total})"
                _told(f"{family}, {'nothing' if is_null else 'planted'}, {len(cases)} cases, {who}: {words}")
                if who == "ours":
                    is_good &= total.alarms <= MOST_ALARMS * len(cases) if is_null else total.f1 >= LEAST_F1
            _told(f"  {seconds:.0f} s")
            for seed, (one, each) in enumerate(zip(cases, scores["ours"], strict=True), start=asked.first):
                if asked.show and not each.is_full:
                    _told(f"  {seed}: {one.words}\n    planted {one.planted}\n    named   {named(one)}")
    return 0 if is_good else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
