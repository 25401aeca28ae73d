"""Draw facts with a gap whose cause is known: one to three segments, or none, in many kinds of data.

Two families that share no code but the power calculation: `even` has dimensions of like sizes and independent rows,
`rough` has skewed and correlated dimensions, missing values, rows that come in days, heavy tails and shifts of mix.
An effect is made large enough to be detectable: power 0.97 in either half of the rows, at the significance that is left
when 5 % are shared out among all segments of up to three dimensions with fifty rows or more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

__all__ = ["FAMILIES", "KINDS", "Case", "Segment", "case", "inside"]

Segment = tuple[tuple[str, object], ...]
FAMILIES = ("even", "rough")
KINDS = ("share", "mean", "ratio")
POWER = 0.97
LEAST_ROWS = 50


@dataclass(frozen=True)
class Case:
    """Facts, what to ask of them, and the answer.

    Attributes
    ----------
    after, before : DataFrame
        `before` is None where the gap is to a target. Columns: dimensions, `x` (value) and, of a ratio, a second frame.
    target : float or None
    dimensions : list of str
    kind : str
        One of `KINDS`.
    planted : tuple of segments
        Empty in a case without cause.
    words : str
        What kind of data it is.
    """

    after: pd.DataFrame
    before: pd.DataFrame | None
    target: float | None
    dimensions: list[str]
    kind: str
    planted: tuple[Segment, ...]
    words: str


def inside(frame: pd.DataFrame, segment: Segment) -> NDArray[np.bool_]:
    """Tell which rows lie in a segment; None matches a missing value."""
    flags = [frame[name].isna() if value is None else frame[name] == value for name, value in segment]
    return np.logical_and.reduce([flag.to_numpy(dtype=bool) for flag in flags])


def case(seed: int, *, is_null: bool, family: str, n_rows: int | None = None) -> Case:
    """Draw one case; the same seed draws the same case."""
    rng = np.random.default_rng([seed, FAMILIES.index(family), int(is_null)])
    is_rough = family == "rough"
    n = n_rows or int(np.exp(rng.uniform(np.log(2_000 if is_null else 8_000), np.log(60_000))))
    weights = _dimensions(rng, is_rough=is_rough)
    kind = KINDS[int(rng.choice(3, p=[0.5, 0.3, 0.2]))]
    has_before = bool(rng.random() < 0.5)
    is_shifted = has_before and is_rough and bool(rng.random() < 0.6)
    later = {name: _shifted(rng, weight) if is_shifted else weight for name, weight in weights.items()}
    after = _rows(rng, n, later, is_rough=is_rough)
    before = _rows(rng, int(n * rng.uniform(0.6, 1.8)), weights, is_rough=is_rough) if has_before else None
    base = {"share": float(rng.uniform(0.1, 0.9)), "mean": float(rng.uniform(3, 300)), "ratio": 0.03}[kind]
    tail = float(rng.uniform(0.6, 1.3)) if is_rough else 0.4
    relative = {"share": np.sqrt(abs(1 / base - 1)), "mean": np.sqrt(np.expm1(tail**2)), "ratio": np.sqrt(1 / base)}
    spread = float(base * relative[kind])
    # what is always so, in both periods, is no change; against a target there is no such thing
    standing = {name: rng.normal(0, 0.35, len(weight)) for name, weight in weights.items()} if has_before else {}
    planted: tuple[tuple[Segment, float], ...] = ()
    if not is_null:
        planted = _planted(rng, after, before, base=base, spread=spread, kind=kind)
    drawn = []
    for frame, effects in ((after, planted), (before, ())):
        if frame is not None:
            level = _level(frame, base, spread, standing, effects, kind)
            if is_null and is_rough and kind != "ratio":
                frame, level = _in_days(rng, frame, level, spread=spread, kind=kind)
            drawn.append(_valued(rng, frame, level, kind=kind, tail=tail))
    words = f"{family}, {kind}, {'before' if has_before else 'target'}, {n:,} rows, {len(weights)} dimensions"
    searched = list(weights) + (["weekday"] if "weekday" in drawn[0] else [])
    return Case(drawn[0], drawn[1] if has_before else None, None if has_before else base, searched, kind,
                tuple(segment for segment, _ in planted), words + (", mix shift" if is_shifted else ""))  # fmt: skip


def _dimensions(rng: np.random.Generator, *, is_rough: bool) -> dict[str, NDArray[np.float64]]:
    """Draw the share of every value of every dimension."""
    weights = {}
    for i in range(int(rng.integers(4, 9))):
        n_values = int(np.exp(rng.uniform(np.log(2), np.log(41)))) if is_rough else int(rng.integers(2, 9))
        weight = 1 / np.arange(1, n_values + 1) ** rng.uniform(0, 1.3) if is_rough else rng.dirichlet([8.0] * n_values)
        weights[f"dim_{i}"] = weight / weight.sum()
    return weights


def _shifted(rng: np.random.Generator, weight: NDArray[np.float64]) -> NDArray[np.float64]:
    moved = weight * np.exp(rng.normal(0, 0.5, len(weight)))
    return np.asarray(moved / moved.sum())


def _rows(
    rng: np.random.Generator, n: int, weights: dict[str, NDArray[np.float64]], *, is_rough: bool
) -> pd.DataFrame:
    """Draw the dimensions of each row; rough ones follow one another, and may be missing."""
    columns: dict[str, NDArray[np.int64]] = {}
    for i, (name, weight) in enumerate(weights.items()):
        values = rng.choice(len(weight), n, p=weight)
        if is_rough and i % 3 == 2:  # what a row has in one dimension says much about the one before it
            follows = rng.random(n) < 0.6
            values = np.where(follows, columns[f"dim_{i - 1}"] % len(weight), values)
        columns[name] = values
    words = {}
    for i, (name, values) in enumerate(columns.items()):
        words[name] = np.array([f"v{value:02d}" for value in range(len(weights[name]))], dtype=object)[values]
        if is_rough and i % 4 == 1:
            words[name] = np.where(rng.random(n) < 0.1, None, words[name])
    return pd.DataFrame(words)


def _planted(
    rng: np.random.Generator, after: pd.DataFrame, before: pd.DataFrame | None, *, base: float, spread: float, kind: str
) -> tuple[tuple[Segment, float], ...]:
    """Choose segments, and effects that are detectable and possible."""
    needed = float(-ndtri(0.05 / 2 / _n_segments(after)) + ndtri(POWER))
    room = {"share": min(base, 1 - base) - 0.01, "mean": 0.9 * base, "ratio": np.inf}[kind]
    names = list(after.columns)
    chosen: list[tuple[Segment, float]] = []
    taken = np.zeros(len(after), dtype=bool)
    n_wanted = int(rng.integers(1, 4))
    for _ in range(2_000):
        if len(chosen) == n_wanted:
            break
        depth = int(rng.integers(1, 4))
        row = after.iloc[int(rng.integers(len(after)))]
        segment = tuple((name, row[name]) for name in sorted(map(str, rng.choice(names, depth, replace=False))))
        mask = inside(after, segment)
        n_after = mask.sum() / 2
        n_before = inside(before, segment).sum() / 2 if before is not None else np.inf
        if min(n_after, n_before) < LEAST_ROWS or mask.mean() > 0.4 or (mask & taken).any():
            continue
        outside = len(after) / 2 - n_after
        error = spread * np.sqrt(1 / n_after + 1 / n_before + 1 / outside)
        effect = needed * error
        if kind == "ratio":  # the more of them, the more they vary: effect² = needed² error² (1 + effect ÷ base)
            effect = (effect**2 / base + np.sqrt(effect**4 / base**2 + 4 * effect**2)) / 2
        effect *= rng.uniform(1.0, 2.0) * (1.0 if kind == "ratio" else rng.choice([-1.0, 1.0]))
        if abs(effect) < room:
            chosen.append((segment, float(effect)))
            taken |= mask
    return tuple(chosen)


def _n_segments(frame: pd.DataFrame) -> int:
    """Count the segments of up to three dimensions that have rows enough in half of the rows."""
    codes = {name: pd.factorize(frame[name], use_na_sentinel=False)[0] for name in frame}
    picks = [pick for depth in (1, 2, 3) for pick in combinations(codes, depth)]
    return sum(int((_counts([codes[name] for name in pick]) >= 2 * LEAST_ROWS).sum()) for pick in picks)


def _counts(codes: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    combined = np.zeros(len(codes[0]), dtype=np.int64)
    for code in codes:
        combined = combined * (code.max() + 1) + code
    return np.bincount(combined)


def _level(
    frame: pd.DataFrame, base: float, spread: float, standing: dict[str, NDArray[np.float64]],
    effects: Sequence[tuple[Segment, float]], kind: str,
) -> NDArray[np.float64]:  # fmt: skip
    """Give each row's expected value."""
    level = np.full(len(frame), base)
    for name, effect in list(standing.items())[:3]:
        code = frame[name].str[1:].astype(float).fillna(0).astype(int).to_numpy()
        level = level + 0.3 * spread * effect[code]
    for segment, size in effects:
        level = level + size * inside(frame, segment)
    lowest, highest = (0.005, 0.995) if kind == "share" else (0.003 if kind == "ratio" else 0.05 * base, np.inf)
    return np.clip(level, lowest, highest)


def _in_days(
    rng: np.random.Generator, frame: pd.DataFrame, level: NDArray[np.float64], *, spread: float, kind: str
) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """Put rows into thirteen weeks of days, each of which is good or bad for some value of the first dimension."""
    day = rng.integers(0, 91, len(frame))
    code = pd.factorize(frame["dim_0"], use_na_sentinel=False)[0]
    luck = rng.normal(0, 0.25 * spread, (91, code.max() + 1))
    level = np.clip(level + luck[day, code], *((0.005, 0.995) if kind == "share" else (0.05 * level.mean(), np.inf)))
    dated = frame.assign(local_date=pd.Timestamp("2024-01-01") + pd.to_timedelta(day, unit="D"))
    return dated.assign(weekday=day % 7 + 1), level


def _valued(
    rng: np.random.Generator, frame: pd.DataFrame, level: NDArray[np.float64], *, kind: str, tail: float
) -> pd.DataFrame:
    """Draw each row's value around what is expected of it."""
    if kind == "share":
        return frame.assign(x=rng.random(len(frame)) < level)
    if kind == "mean":
        return frame.assign(x=level * rng.lognormal(-(tail**2) / 2, tail, len(frame)))
    return frame.assign(x=rng.poisson(level))
