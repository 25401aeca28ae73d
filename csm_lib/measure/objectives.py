"""Objectives: is each one SMART, and could the period's volume even show that it was reached?

An objective that nobody owns, that has no date, or whose effect would drown in chance, cannot be checked at the end of
the quarter. Each letter is checked by a rule that can fail; what fails is named.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Protocol

import numpy as np
import pandas as pd
from scipy.special import ndtri
from statsmodels.stats.power import NormalIndPower
from statsmodels.stats.proportion import proportion_effectsize

from csm_lib.definitions import INDICATORS, Indicator

__all__ = ["LETTERS", "Objective", "detectability", "objectives_table", "smart_check", "smart_letters"]

# letter, reason key → what must hold
LETTERS = (
    ("S", "no_name", "says what is to be reached"),
    ("S", "no_indicator", "names the indicator it is measured by"),
    ("S", "no_owner", "names who answers for it"),
    ("M", "no_target", "has a target"),
    ("M", "no_baseline", "has a baseline to start from"),
    ("M", "not_measured", "is measured with this period's data"),
    ("A", "out_of_range", "has a target the indicator can take"),
    ("A", "wrong_direction", "asks for a change in the good direction"),
    ("A", "no_rationale", "says why it can be reached"),
    ("R", "no_business_goal", "names the business goal it supports"),
    ("T", "no_due_date", "has a date"),
    ("T", "date_passed", "has a date that lies ahead"),
)

_LIMITS = {"share": (0.0, 1.0), "points": (-1.0, 1.0), "score": (1.0, 5.0), "s": (0.0, math.inf)}
_LIMITS |= {"money": (0.0, math.inf), "number": (0.0, math.inf)}


class Objective(Protocol):
    """What is read of an objective; what is left empty is None."""

    @property
    def name(self) -> str: ...
    @property
    def indicator(self) -> str | None: ...
    @property
    def baseline(self) -> float | None: ...
    @property
    def target(self) -> float | None: ...
    @property
    def due_on(self) -> date | None: ...
    @property
    def owner(self) -> str | None: ...
    @property
    def business_goal(self) -> str | None: ...
    @property
    def rationale(self) -> str | None: ...


def smart_check(objectives: Iterable[Objective], *, on: date, measured: pd.DataFrame | None = None) -> pd.DataFrame:
    """Check every objective against every rule of SMART.

    Parameters
    ----------
    objectives : iterable of Objective
        As in `objectives.toml`.
    on : date
        The day to judge dates from.
    measured : DataFrame, optional
        As `measure` gives without `by`, for the indicators of the objectives; without it the rule `not_measured` is
        not judged.

    Returns
    -------
    DataFrame
        One row per objective and rule: `objective letter rule promise is_kept`. A rule that another failure makes
        pointless (the direction, without a target) or that was not judged has `is_kept` None. An objective is SMART
        where nothing failed.

    Examples
    --------
    >>> from csm_lib.settings import Objective
    >>> wish = Objective(name="Better service", indicator="fcr", target=0.85, owner="Head of service")
    >>> checked = smart_check([wish], on=date(2024, 1, 1))
    >>> checked.loc[checked["is_kept"].eq(False), "rule"].tolist()
    ['no_baseline', 'no_rationale', 'no_business_goal', 'no_due_date']
    """
    seen = set() if measured is None else set(measured.loc[measured["value"].notna(), "key"])
    rows = []
    for objective in objectives:
        kept = _kept(objective, on, seen if measured is not None else None)
        rows += [
            {"objective": objective.name, "letter": letter, "rule": rule, "promise": promise, "is_kept": kept[rule]}
            for letter, rule, promise in LETTERS
        ]
    return pd.DataFrame(rows, columns=["objective", "letter", "rule", "promise", "is_kept"]).astype({"is_kept": object})


def _kept(objective: Objective, on: date, seen: set[str] | None) -> dict[str, bool | None]:
    """Judge one objective: True, False, or None where there is nothing to judge."""
    row = INDICATORS.get(objective.indicator or "")
    has_range = row is not None and objective.target is not None
    has_direction = has_range and objective.baseline is not None
    return {
        "no_name": _is_said(objective.name),
        "no_indicator": row is not None,
        "no_owner": _is_said(objective.owner),
        "no_target": objective.target is not None,
        "no_baseline": objective.baseline is not None,
        "not_measured": row.key in seen if seen is not None and row is not None else None,
        "out_of_range": _is_possible(objective.target, row) if has_range else None,
        "wrong_direction": _is_better(objective, row) if has_direction else None,
        "no_rationale": _is_said(objective.rationale),
        "no_business_goal": _is_said(objective.business_goal),
        "no_due_date": objective.due_on is not None,
        "date_passed": objective.due_on > on if objective.due_on is not None else None,
    }


def _is_said(text: str | None) -> bool:
    return bool(text and text.strip())


def _is_possible(target: float | None, row: Indicator | None) -> bool | None:
    if target is None or row is None:
        return None
    lowest, highest = _LIMITS[row.unit]
    return lowest <= target <= highest


def _is_better(objective: Objective, row: Indicator | None) -> bool | None:
    if row is None or objective.target is None or objective.baseline is None:
        return None
    is_higher = objective.target > objective.baseline
    return is_higher if row.better == "higher" else objective.target < objective.baseline


def smart_letters(rules: pd.DataFrame) -> pd.DataFrame:
    """Condense the rules to one row per objective, and name what fails.

    Parameters
    ----------
    rules : DataFrame
        As `smart_check` gives.

    Returns
    -------
    DataFrame
        One row per objective, in order: `objective S M A R T is_smart fails`. A letter is kept unless one of its rules
        is broken, and None where none of its rules was judged; `fails` are the broken promises, `; ` between them.

    Examples
    --------
    >>> from csm_lib.settings import Objective
    >>> wish = Objective(name="Be the best", owner="Head of service")
    >>> letters = smart_letters(smart_check([wish], on=date(2024, 1, 1)))
    >>> letters[["S", "R", "is_smart"]].values.tolist()
    [[False, False, False]]
    """
    letters = list(dict.fromkeys(letter for letter, _, _ in LETTERS))
    rows = []
    for name, part in rules.groupby("objective", sort=False):
        kept = {letter: _all_kept(part.loc[part["letter"] == letter, "is_kept"]) for letter in letters}
        broken = part.loc[part["is_kept"].eq(False), "promise"]
        rows.append({"objective": name} | kept | {"is_smart": broken.empty, "fails": "; ".join(broken) or None})
    return pd.DataFrame(rows, columns=["objective", *letters, "is_smart", "fails"]).astype(
        dict.fromkeys(letters, object)
    )


def _all_kept(kept: pd.Series) -> bool | None:
    judged = kept.dropna()
    return bool(judged.all()) if len(judged) else None


def objectives_table(objectives: Iterable[Objective], measured: pd.DataFrame) -> pd.DataFrame:
    """Set each objective beside what its indicator is now.

    Parameters
    ----------
    objectives : iterable of Objective
    measured : DataFrame
        As `measure` gives without `by`. Columns read: `key n value unit`.

    Returns
    -------
    DataFrame
        One row per objective: `objective key baseline target value n unit due_on owner business_goal rationale`.
        `value` is this period's (NaN where it is not measured), `unit` None without an indicator.

    Examples
    --------
    >>> from csm_lib.settings import Objective
    >>> seen = pd.DataFrame({"key": ["fcr"], "n": [1000], "value": [0.78], "unit": ["share"]})
    >>> made = objectives_table([Objective(name="Solve it", indicator="fcr", target=0.85)], seen)
    >>> made[["target", "value", "n"]].values.tolist()
    [[0.85, 0.78, 1000.0]]
    """
    now = {str(row["key"]): row for row in measured.to_dict("records")}
    rows = []
    for one in objectives:
        seen = now.get(one.indicator or "", {"n": 0, "value": math.nan, "unit": None})
        start, aim = (math.nan if value is None else value for value in (one.baseline, one.target))
        rows.append(
            (one.name, one.indicator, start, aim, float(seen["value"]), int(seen["n"]), seen["unit"], one.due_on,
             one.owner, one.business_goal, one.rationale)
        )  # fmt: skip
    return pd.DataFrame(rows, columns=list(_OBJECTIVE_COLUMNS))


_OBJECTIVE_COLUMNS = (
    "objective", "key", "baseline", "target", "value", "n", "unit", "due_on", "owner", "business_goal", "rationale",
)  # fmt: skip


def detectability(
    objectives: Iterable[Objective],
    measured: pd.DataFrame,
    *,
    weeks: float,
    on: date | None = None,
    design_effect: Mapping[str, float] | None = None,
    wanted_power: float = 0.8,
    level: float = 0.95,
) -> pd.DataFrame:
    """Say whether the period's volume can show the change an objective asks for, and how many weeks would.

    Parameters
    ----------
    objectives : iterable of Objective
    measured : DataFrame
        As `measure` gives without `by`. Columns read: `key n value low high`.
    weeks : float, > 0
        Length of the measured period.
    on : date, optional
        The day to count the weeks up to the objectives' dates from.
    design_effect : mapping of str to float, optional
        How many times wider than for independent rows the variance of an indicator is; read off its interval where
        not given.
    wanted_power : float, 0–1
    level : float, 0–1

    Returns
    -------
    DataFrame
        One row per objective: `objective key baseline target change n design_effect power smallest_change n_needed
        weeks_needed can_tell reason weeks_left is_in_time`. `change` is target − baseline; `smallest_change` the
        smallest change in the same direction that this volume shows with `wanted_power`; `n_needed` and `weeks_needed`
        per period, before and after alike. Where it cannot be computed the numbers are NaN, `can_tell` None, and
        `reason` says why. `weeks_left` to the date, and whether the weeks needed after the change still fit into them
        (None where either is not known).

    Notes
    -----
    Two independent periods of the same volume, two-sided test. Shares: Cohen's h = 2 asin √p₁ − 2 asin √p₂; other
    units: change ÷ standard deviation, the deviation from interval and n (`NormalIndPower` of statsmodels). The design
    effect (Kish 1965) divides n.

    Examples
    --------
    >>> from csm_lib.settings import Objective
    >>> seen = pd.DataFrame({"key": ["fcr"], "n": [1000], "value": [0.78], "low": [0.7543], "high": [0.8057]})
    >>> wish = Objective(name="FCR", indicator="fcr", baseline=0.78, target=0.85)
    >>> round(float(detectability([wish], seen, weeks=13).loc[0, "power"]), 2)
    0.98
    """
    rows = {str(row["key"]): row for row in measured.to_dict("records")}
    given = design_effect or {}
    found = []
    for one in objectives:
        row = _detectable(one, rows, given, weeks, wanted_power, level)
        left = math.nan if on is None or one.due_on is None else (one.due_on - on).days / 7
        is_known = not math.isnan(left) and not math.isnan(row["weeks_needed"])
        found.append(row | {"weeks_left": left, "is_in_time": row["weeks_needed"] <= left if is_known else None})
    flags = {"can_tell": object, "is_in_time": object}
    return pd.DataFrame(found, columns=list(_DETECTABILITY)).astype(flags)


_DETECTABILITY = (
    "objective", "key", "baseline", "target", "change", "n", "design_effect", "power", "smallest_change", "n_needed",
    "weeks_needed", "can_tell", "reason", "weeks_left", "is_in_time",
)  # fmt: skip


def _detectable(
    objective: Objective,
    rows: Mapping[str, Mapping[Any, Any]],
    given: Mapping[str, float],
    weeks: float,
    wanted: float,
    level: float,
) -> dict[str, Any]:
    """Work out one objective."""
    numbers = ("design_effect", "power", "smallest_change", "n_needed", "weeks_needed")
    start, aim = (math.nan if value is None else value for value in (objective.baseline, objective.target))
    row = rows.get(objective.indicator or "", {"n": 0, "value": math.nan, "low": math.nan, "high": math.nan})
    found = {"objective": objective.name, "key": objective.indicator, "baseline": start, "target": aim,
             "change": aim - start, "n": int(row["n"]), "can_tell": None}  # fmt: skip
    found |= dict.fromkeys(numbers, math.nan)
    variance = ((row["high"] - row["low"]) / 2 / -float(ndtri((1 - level) / 2))) ** 2 * row["n"]
    is_share = objective.indicator in INDICATORS and INDICATORS[str(objective.indicator)].unit == "share"
    reason = _reason(objective, row, variance, is_share, objective.indicator in given)
    if reason:
        return found | {"reason": reason}
    plain = row["value"] * (1 - row["value"]) if is_share else variance
    effect = given.get(str(objective.indicator), variance / plain)
    size = proportion_effectsize(aim, start) if is_share else (aim - start) / math.sqrt(plain)
    test, alpha, n = NormalIndPower(), 1 - level, row["n"] / effect
    needed = effect * test.solve_power(abs(size), power=wanted, alpha=alpha, ratio=1)
    smallest = math.copysign(test.solve_power(None, nobs1=n, power=wanted, alpha=alpha, ratio=1), size)
    power = float(test.power(abs(size), n, alpha, ratio=1))
    return found | {
        "design_effect": effect,
        "power": power,
        "smallest_change": _share_after(start, smallest) - start if is_share else smallest * math.sqrt(plain),
        "n_needed": math.ceil(needed),
        "weeks_needed": weeks * needed / row["n"],
        "can_tell": power >= wanted,
        "reason": None,
    }


def _reason(
    objective: Objective, row: Mapping[Any, Any], variance: float, is_share: bool, is_given: bool
) -> str | None:
    """Name what keeps an objective's power from being computed."""
    if objective.indicator not in INDICATORS:
        return "no_indicator"
    if objective.baseline is None or objective.target is None:
        return "no_baseline" if objective.baseline is None else "no_target"
    if objective.baseline == objective.target:
        return "no_change"
    if not row["n"] or math.isnan(row["value"]):
        return "not_measured"
    if is_share and not 0 < row["value"] < 1:
        return "no_spread"
    has_variance = not math.isnan(variance) and variance > 0
    return None if has_variance or (is_share and is_given) else "no_interval"


def _share_after(share: float, size: float) -> float:
    """Give the share that lies a distance h away on Cohen's scale; at the end of the scale, the end."""
    angle = np.clip(math.asin(math.sqrt(share)) + size / 2, 0.0, math.pi / 2)
    return float(np.sin(angle) ** 2)
