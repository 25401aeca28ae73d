"""Control charts: which points of a series are signal, and which are only noise.

Two numbers always differ. A chart shows the range that a steady process covers by chance, so nobody explains noise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from csm_lib.errors import SettingError
from csm_lib.measure.arguments import numbers_of

__all__ = ["DEFAULT_RULES", "RULES", "Kind", "Rule", "chart"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Kind = Literal["xmr", "p", "p_prime", "u", "u_prime", "c"]

REACH = 3.0  # limits stand this many standard deviations from the centre
RANGE_PER_SIGMA = 2 / math.sqrt(math.pi)  # d2: mean moving range of two independent normal values, per sigma
RANGE_LIMIT = 1 + 3 * math.sqrt(math.pi / 2 - 1)  # D4: a longer range, in mean ranges, is a signal itself
FEWEST_IN_A_PHASE = 8
MOST_SCREENED = 0.25  # if more points than this signal, they are no exceptions and nothing is screened


@dataclass(frozen=True)
class Rule:
    """One pattern that chance rarely makes: at least `hits` of `window` points beyond `zone` sigma on one side."""

    name: str
    words: str
    hits: int
    window: int
    zone: float


_RULES = (
    Rule("beyond_3_sigma", "one point beyond 3 sigma", 1, 1, 3.0),
    Rule("two_of_three_beyond_2_sigma", "two of three points beyond 2 sigma on one side", 2, 3, 2.0),
    Rule("four_of_five_beyond_1_sigma", "four of five points beyond 1 sigma on one side", 4, 5, 1.0),
    Rule("eight_on_one_side", "eight points in a row on one side of the centre", 8, 8, 0.0),
)
RULES = MappingProxyType({rule.name: rule for rule in _RULES})
DEFAULT_RULES = ("beyond_3_sigma", "eight_on_one_side")

# mean number of points to a false alarm of a steady process: Champ and Woodall 1987, Technometrics 29:393, table 1
_RUN_LENGTHS = MappingProxyType(
    {
        frozenset({"beyond_3_sigma"}): 370,
        frozenset({"beyond_3_sigma", "two_of_three_beyond_2_sigma"}): 225,
        frozenset({"beyond_3_sigma", "four_of_five_beyond_1_sigma"}): 166,
        frozenset(DEFAULT_RULES): 153,
        frozenset(RULES): 92,
    }
)


@dataclass(frozen=True)
class _Limits:
    """Centre, and sigma of each point (sampling error times `sigma_z`)."""

    centre: float
    sigma: Floats
    sigma_z: float


def chart(
    values: ArrayLike,
    *,
    n: ArrayLike | None = None,
    kind: Kind = "xmr",
    screen: bool = True,
    rules: Sequence[str] = DEFAULT_RULES,
    phases: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Judge each point of a series against the limits that the series itself implies.

    Parameters
    ----------
    values : array_like of float, shape (n_points,)
        In time order; NaN where a period has no data. xmr: any measurement. c: counts. p, p_prime: counts of rows
        where the values are integers or any is above 1; shares where they are floats from 0 to 1, so 1.0 is 100 %. u,
        u_prime: counts of events; rates only where they are floats and any of them is not whole.
    n : array_like of float, shape (n_points,), optional
        Rows (p) or exposure (u) behind each point; needed for p, p_prime, u, u_prime, and refused otherwise.
    kind : {"xmr", "p", "p_prime", "u", "u_prime", "c"}
        xmr: single measurements. p: shares. u: events per exposure. c: events per equal exposure. The primed ones
        are for large n, where sampling error is not the only ordinary variation.
    screen : bool
        Leave points beyond the trial limits out, once, when the final limits are made; they stay on the chart.
    rules : sequence of str
        Names from `RULES`.
    phases : sequence of str, shape (n_points,), optional
        Name of the phase of each point; points of one phase stand together. Limits and runs start anew with every
        phase: after a deliberate change the old limits judge a process that is no more.

    Returns
    -------
    DataFrame
        One row per point: `value` `centre` `low` `high` `is_signal` `rules` (tuple of the names that fire). `.attrs`:
        `kind`, `sigma_z` (ordinary variation in units of sampling error; 1 unless primed; of the last phase),
        `rule_set` (names and false-alarm rate), `n_screened` (points left out of the limits). With phases also the
        column `phase`, and `.attrs["short_phases"]`: those of fewer than 8 points, whose limits are guesses.

    Raises
    ------
    SettingError
        If the kind or a rule is unknown, n is missing, unwanted, of another length or negative, or values for p are
        neither all whole nor all from 0 to 1, or a count exceeds its n, or there are not as many phases as values.

    Notes
    -----
    XmR: mean ± 3 mean moving ranges / 1.128 (Wheeler). p, u, c: 3 binomial or Poisson standard deviations (Montgomery).
    p′, u′: the same times sigma_z, the mean moving range of the z scores / 1.128 (Laney 2002, *Quality Engineering*).
    Screening: points beyond the trial limits, as in phase I of Montgomery, and moving ranges above 3.267 mean ranges
    (Nelson 1982); not repeated. If more than a quarter of the points signal, they are the rule and not the exception,
    and nothing is left out.

    Examples
    --------
    >>> made = chart([10, 12, 11, 13, 12])
    >>> round(float(made["low"].iloc[0]), 2), round(float(made["high"].iloc[0]), 2)
    (7.61, 15.59)
    """
    if kind not in get_args(Kind):
        raise SettingError(f"kind must be one of {', '.join(get_args(Kind))}, got {kind!r}. Choose the kind of chart.")
    unknown = [name for name in rules if name not in RULES]
    if unknown:
        raise SettingError(f"rules must be among {', '.join(RULES)}, got {unknown[0]!r}. Correct the name.")
    points, sizes = _points(values, n, kind)
    if phases is None:
        return _judged(points, sizes, kind, screen, rules)
    if len(phases) != len(points):
        raise SettingError(
            f"phases must be as long as values, got {len(phases)} (values has {len(points)}). Name one a point."
        )
    names = pd.Series(list(phases), dtype=object)
    parts = []
    for _, places in names.groupby((names != names.shift()).cumsum()).groups.items():
        at = places.to_numpy()
        parts.append(_judged(points[at], sizes[at], kind, screen, rules).assign(phase=names[at].to_numpy()))
    parts = parts or [_judged(points, sizes, kind, screen, rules).assign(phase=pd.Series(dtype=object))]
    made = pd.concat(parts, ignore_index=True)
    made.attrs = dict(parts[-1].attrs)
    made.attrs["n_screened"] = sum(part.attrs["n_screened"] for part in parts)
    made.attrs["short_phases"] = [str(part["phase"].iloc[0]) for part in parts if 0 < len(part) < FEWEST_IN_A_PHASE]
    return made


def _judged(points: Floats, sizes: Floats, kind: Kind, screen: bool, rules: Sequence[str]) -> pd.DataFrame:
    """Judge the points of one phase."""
    limits, n_screened = _screened_limits(points, sizes, kind) if screen else (_limits(points, sizes, kind), 0)
    low, high = limits.centre - REACH * limits.sigma, limits.centre + REACH * limits.sigma
    if kind != "xmr":
        low = np.maximum(low, 0.0)
    if kind in ("p", "p_prime"):
        high = np.minimum(high, 1.0)
    fired = _fired(points, limits, rules)
    made = pd.DataFrame(
        {
            "value": points,
            "centre": np.full(len(points), limits.centre),
            "low": low,
            "high": high,
            "is_signal": np.array([bool(names) for names in fired], dtype=bool),
            "rules": pd.Series(fired, dtype=object),
        }
    )
    made.attrs = {
        "kind": kind,
        "sigma_z": limits.sigma_z,
        "rule_set": _rule_set(rules),
        "n_screened": n_screened,
    }
    return made


def _points(values: ArrayLike, n: ArrayLike | None, kind: Kind) -> tuple[Floats, Floats]:
    """Give the points in the unit of the chart and the size behind each."""
    numbers = numbers_of("values", values, has_gaps=True)
    if kind in ("xmr", "c"):
        if n is not None:
            raise SettingError(
                f"n must be left out for kind {kind!r}, got one. Use kind 'p' or 'u' for points with a size."
            )
        _refuse(numbers < 0, "values must not be negative", numbers, is_wanted=kind == "c")
        return numbers, np.ones(len(numbers))
    if n is None:
        raise SettingError(f"n must be given for kind {kind!r}, got None. Give the size behind each point.")
    sizes = numbers_of("n", n)
    if len(sizes) != len(numbers):
        raise SettingError(
            f"n must be as long as values, got {len(sizes)} (values has {len(numbers)}). Give one a point."
        )
    _refuse((sizes < 0) | ((sizes == 0) & (numbers > 0)), "n must be positive", sizes)
    _refuse(numbers < 0, "values must not be negative", numbers)
    shares = numbers
    if _are_counts(values, numbers, kind):
        shares = np.divide(numbers, sizes, out=np.full(len(numbers), math.nan), where=sizes > 0)
    if kind in ("p", "p_prime"):
        _refuse(
            shares > 1,
            "values must not exceed n (counts) or 1 (shares)",
            numbers,
            remedy="Correct those points; divide percentages by 100.",
        )
    return np.where(sizes > 0, shares, math.nan), np.where(sizes > 0, sizes, math.nan)


def _are_counts(values: ArrayLike, numbers: Floats, kind: Kind) -> bool:
    """Tell counts from shares or rates: by how whole numbers are stored, and by size."""
    known = numbers[~np.isnan(numbers)]
    is_whole = bool((known == np.round(known)).all())
    if kind in ("u", "u_prime"):
        return is_whole
    if is_whole and _are_integers(values):
        return True
    above = numbers > 1
    _refuse(
        above,
        "values must be all whole (counts) or all from 0 to 1 (shares)",
        numbers,
        is_wanted=not is_whole,
        remedy="Give counts as whole numbers; divide percentages by 100.",
    )
    return bool(above.any())


def _are_integers(values: ArrayLike) -> bool:
    plain = np.asarray(values)
    declared = getattr(values, "dtype", plain.dtype)  # a whole column with gaps becomes floats as an array
    if hasattr(declared, "is_integer"):
        return bool(declared.is_integer())
    kind = getattr(declared, "kind", plain.dtype.kind)
    if kind != "O":
        return kind in "iub"
    return all(isinstance(value, (int, np.integer, np.bool_)) for value in plain if not pd.isna(value))


def _refuse(
    is_wrong: Flags,
    promise: str,
    numbers: Floats,
    *,
    is_wanted: bool = True,
    remedy: str = "Correct or leave out those points.",
) -> None:
    if is_wanted and is_wrong.any():
        first = int(np.flatnonzero(is_wrong)[0])
        raise SettingError(
            f"{promise}, got {float(numbers[first])!r} ({int(is_wrong.sum())} of {len(numbers)} points, first at "
            f"{first}). {remedy}"
        )


def _limits(
    points: Floats, sizes: Floats, kind: Kind, *, kept: Flags | None = None, cut_ranges: bool = False
) -> _Limits:
    """Limits from the kept points; ranges count where both their points are kept."""
    used = ~np.isnan(points) if kept is None else kept & ~np.isnan(points)
    if not used.any():
        return _Limits(math.nan, np.full(len(points), math.nan), math.nan)
    centre = float(np.sum((points * sizes)[used]) / np.sum(sizes[used]))
    if kind == "xmr":
        return _Limits(centre, np.full(len(points), _sigma(points, used, cut_ranges)), 1.0)
    spread = centre * (1 - centre) if kind in ("p", "p_prime") else centre
    sampling = np.sqrt(max(0.0, spread) / sizes)
    if kind in ("p", "u", "c"):
        return _Limits(centre, sampling, 1.0)
    scores = np.divide(points - centre, sampling, out=np.zeros(len(points)), where=sampling > 0)
    sigma_z = _sigma(scores, used, cut_ranges)
    return _Limits(centre, sampling * sigma_z, sigma_z)


def _sigma(points: Floats, used: Flags, cut_ranges: bool) -> float:
    """Standard deviation from the mean moving range of neighbours."""
    ranges = np.abs(np.diff(points))[used[1:] & used[:-1]]
    if len(ranges) == 0:
        return math.nan
    if cut_ranges and ranges.mean() > 0:
        ranges = ranges[ranges <= RANGE_LIMIT * ranges.mean()]
    return float(ranges.mean()) / RANGE_PER_SIGMA


def _screened_limits(points: Floats, sizes: Floats, kind: Kind) -> tuple[_Limits, int]:
    trial = _limits(points, sizes, kind)
    is_outside = np.abs(points - trial.centre) > REACH * trial.sigma
    if is_outside.sum() > MOST_SCREENED * np.sum(~np.isnan(points)):
        return trial, 0
    return _limits(points, sizes, kind, kept=~is_outside, cut_ranges=True), int(is_outside.sum())


def _fired(points: Floats, limits: _Limits, rules: Sequence[str]) -> list[tuple[str, ...]]:
    """Names of the rules that each point completes; a period without data is passed over."""
    here = np.flatnonzero(~np.isnan(points))
    distance, sigma = (points - limits.centre)[here], limits.sigma[here]
    fired: list[tuple[str, ...]] = [()] * len(points)
    for name in rules:
        rule = RULES[name]
        is_hit = np.zeros(len(here), dtype=bool)
        for side in (distance, -distance):
            is_beyond = side > rule.zone * sigma + 1e-12 * np.abs(limits.centre)
            recent = np.convolve(is_beyond, np.ones(rule.window, dtype=int))[: len(here)] if len(here) else is_beyond
            is_hit |= is_beyond & (recent >= rule.hits)
        for position in here[is_hit]:
            fired[position] = (*fired[position], name)
    return fired


def _rule_set(rules: Sequence[str]) -> str:
    words = "; ".join(RULES[name].words for name in rules)
    length = _RUN_LENGTHS.get(frozenset(rules))
    alarm = f" (a steady process gives one false alarm in {length} points)" if length else ""
    return f"Western Electric: {words}{alarm}"
