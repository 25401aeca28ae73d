"""From a figure that someone else published to ours: why the vendor's answer rate is not the one in this report.

Two figures with the same name differ because other rows were counted, at other hours, with other rows left out. What
the vendor did is redone here on our rows, one step after the other; what is still different then is nobody's choice.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import duckdb
import pandas as pd

from csm_lib.definitions import FACTS, INDICATORS
from csm_lib.definitions.words import words_of
from csm_lib.errors import CsmError
from csm_lib.measure.indicators import measure
from csm_lib.measure.sums import columns_of, narrowed
from csm_lib.periods import Period, parse_period

__all__ = ["EXCLUSIONS", "POPULATIONS", "STEPS", "WINDOWS", "bridge", "bridge_summary"]

# words for the columns of `official_figures`; any other text is read as a condition over the columns of a fact row
POPULATIONS = MappingProxyType(
    {
        "all": "TRUE",
        "live": "is_live",
        "offered": "is_offered",
        "answered": "is_answered",
        "handled": "is_handled",
    }
)
# contacts of any hour: live, and not solved by a bot
_AT_ANY_HOUR = "is_live AND NOT COALESCE(bot_resolved, FALSE)"
WINDOWS = MappingProxyType({"opening_hours": "TRUE", "all_hours": "TRUE"})
EXCLUSIONS = MappingProxyType(
    {
        "short_abandons": "is_short_abandon",
        "abandoned": "is_abandoned",
        "transferred": "transfer_count > 0",
        "reopened": "reopen_count > 0",
        "repeats": "is_repeat",
        "self_service": "is_self_service",
        "out_of_hours": "NOT is_offered",
    }
)
STEPS = ("official", "population", "window", "exclusions", "rest", "ours")

_BASES = ("is_offered", "is_handled")  # flags that say who counts; a vendor's population takes their place
# fmt: off
_SQL_WORDS = frozenset((
    "AND", "OR", "NOT", "IN", "IS", "NULL", "TRUE", "FALSE", "BETWEEN", "LIKE", "CASE", "WHEN", "THEN", "ELSE", "END",
    "COALESCE", "DATE", "INTERVAL", "DAY", "DAYS", "ABS",
))
# fmt: on
_WITHIN = re.compile(r"abandoned within (\d+(?:\.\d+)?) ?s(?:econds)?")
_SAFE = re.compile(r"(?:[\w\s.,()+*/%<>=!-]|'[^';]*')*")
_COLUMNS = ("source", "key", "step", "detail", "change", "level", "unit", "reason", "n")


def bridge(
    facts: Mapping[str, Any], official: pd.DataFrame, *, period: Period, fiscal_start_month: int = 1
) -> pd.DataFrame:
    """Lead from each official figure of a period to ours, in steps that add up exactly.

    Parameters
    ----------
    facts : mapping of grain to frame
        As `measure` takes them.
    official : DataFrame
        The table `official_figures`, one row per figure. Columns read: `indicator period value source population window
        exclusions`. `population` says which rows count in place of ours (a word of `POPULATIONS`, a channel for our own
        rows of that channel, or a condition over the facts' columns); `window` when they count (`all_hours` for
        contacts outside opening hours too, or a condition); `exclusions` which are left out (words of `EXCLUSIONS`,
        "abandoned within 20 s", or conditions, separated by semicolons). Empty is as we count.
    period : Period
    fiscal_start_month : int

    Returns
    -------
    DataFrame
        Several rows per figure, in order: `source key step detail change level unit reason n`. First the official one,
        then what each choice of the vendor makes, then the rest that none of them explains, then ours. `level` is the
        sum so far, in `unit`: the first is the official value, the last is ours; these two have no `change`. A choice
        that cannot be read or redone has no change and a `reason`: its part stays in the rest. Where we measured
        nothing, the rest is NaN. `n` are our rows in the population after the step (NaN where nothing was counted).

    Notes
    -----
    Let V₀ be ours and Vᵢ ours after the first i choices of the vendor, in the order population, window, exclusions.
    Choice i makes Vᵢ₋₁ − Vᵢ of the way from the official value O to ours, the rest is Vₙ − O. Another order may divide
    the same whole otherwise.

    Examples
    --------
    >>> from csm_lib.periods import parse_period
    >>> calls = pd.DataFrame({"contact_id": list("abcd"), "is_offered": True, "is_answered": [True, True, True, False],
    ...                       "is_short_abandon": [False, False, False, True]})
    >>> told = pd.DataFrame({"indicator": ["answer_rate"], "period": "2024Q1", "value": 1.0, "source": "vendor",
    ...                      "population": None, "window": None, "exclusions": "short_abandons"})
    >>> bridge({"contact": calls}, told, period=parse_period("2024Q1"))[["step", "level"]].values.tolist()
    [['official', 1.0], ['exclusions', 0.75], ['rest', 0.75], ['ours', 0.75]]
    """
    wanted = [row for row in official.to_dict("records") if _is_of(row["period"], period, fiscal_start_month)]
    rows = [step for row in wanted for step in _steps(facts, {str(name): cell for name, cell in row.items()})]
    table = pd.DataFrame(rows, columns=list(_COLUMNS))
    if not rows:
        table.attrs["reason"] = f"no official figure of {period.name}"
    return table


def bridge_summary(steps: pd.DataFrame) -> pd.DataFrame:
    """Say for each official figure how far it is from ours and how much of that is explained.

    Parameters
    ----------
    steps : DataFrame
        As `bridge` gives.

    Returns
    -------
    DataFrame
        One row per figure: `key source official value difference explained unexplained unit reason n`; `difference` =
        ours − official = `explained` + `unexplained`; `reason` joins those of the steps that could not be redone.

    Examples
    --------
    >>> rows = [("v", "answer_rate", "official", "", math.nan, 0.9, "share", ""),
    ...         ("v", "answer_rate", "window", "", -0.1, 0.8, "share", ""),
    ...         ("v", "answer_rate", "rest", "", 0.05, 0.85, "share", ""),
    ...         ("v", "answer_rate", "ours", "", math.nan, 0.85, "share", "")]
    >>> found = bridge_summary(pd.DataFrame(rows, columns=list(_COLUMNS[:-1])).assign(n=20))
    >>> found[["official", "value", "explained", "unexplained"]].values.tolist()
    [[0.9, 0.85, -0.1, 0.05]]
    """
    rows = []
    for (key, source), part in steps.groupby(["key", "source"], sort=False, dropna=False):
        change = part.groupby("step", sort=False)["change"].sum(min_count=1)
        level, n = part.set_index("step")["level"], part.set_index("step")["n"]
        value, told = float(level.get("ours", math.nan)), float(level["official"])
        explained = math.fsum(change[[step for step in STEPS[1:4] if step in change]].dropna())
        reasons = "; ".join(dict.fromkeys(text for text in part["reason"] if text))
        rows.append((key, source, told, value, value - told, explained, float(change["rest"]), part["unit"].iloc[0],
                     reasons, n.get("ours", math.nan)))  # fmt: skip
    columns = ["key", "source", "official", "value", "difference", "explained", "unexplained", "unit", "reason", "n"]
    return pd.DataFrame(rows, columns=columns)


def _is_of(name: Any, period: Period, fiscal_start_month: int) -> bool:
    """Tell whether a figure is of the period, however its name is written."""
    try:
        told = parse_period(str(name).strip(), today=period.last_on, fiscal_start_month=fiscal_start_month)
    except CsmError:
        return False
    return (told.start_on, told.end_on) == (period.start_on, period.end_on)


def _steps(facts: Mapping[str, Any], row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Lead from one official figure to ours."""
    key, source = str(row["indicator"]), _text(row.get("source")) or "official"
    told, unit = float(row["value"]), INDICATORS[key].unit if key in INDICATORS else "exact"
    made: list[dict[str, Any]] = []

    def add(step: str, detail: str, change: float, level: float, reason: str = "", n: float = math.nan) -> None:
        made.append({"source": source, "key": key, "step": step, "detail": detail, "change": change, "level": level,
                     "unit": unit, "reason": reason, "n": n})  # fmt: skip

    add("official", source, math.nan, told)
    if key not in INDICATORS:
        add("rest", "", math.nan, math.nan, f"{key!r} is no indicator")
        return made
    held = dict(facts)
    ours, n_ours = _value(held, key)
    last = ours
    for step, detail in _choices(row):
        changed = None if math.isnan(ours) else _redone(held, key, step, detail)
        if changed is None:
            add(step, detail, math.nan, math.nan, f"{detail!r} cannot be redone on our rows")
            continue
        value, n = _value(changed, key)
        if math.isnan(value):
            add(step, detail, math.nan, math.nan, f"{detail!r} leaves no row")
            continue
        add(step, detail, last - value, math.nan, n=n)
        held, last = changed, value
    rest = last - told
    add("rest", "", rest, math.nan, "" if not math.isnan(ours) else "not measured here")
    add("ours", "", math.nan, ours, n=n_ours)
    return _levelled(made)


def _levelled(made: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add the sum so far; what was not redone changes nothing."""
    level = made[0]["level"]
    for step in made[1:-1]:
        level += 0.0 if step["step"] != "rest" and math.isnan(step["change"]) else step["change"]
        step["level"] = level
    return made


def _choices(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """List what the vendor did otherwise than we, in the order in which it is redone."""
    found = [(step, _text(row.get(step))) for step in ("population", "window")]
    found += [("exclusions", part.strip()) for part in (_text(row.get("exclusions")) or "").split(";")]
    return [(step, text) for step, text in found if text and text not in ("ours", "opening_hours", "opening hours")]


def _text(entry: Any) -> str:
    return entry.strip() if isinstance(entry, str) else ""


def _value(facts: Mapping[str, Any], key: str) -> tuple[float, int]:
    row = measure(facts, key, level=None).iloc[0]
    return float(row["value"]), int(row["n"])


def _redone(facts: Mapping[str, Any], key: str, step: str, text: str) -> dict[str, Any] | None:
    """Give the facts as the vendor takes them; None where the text cannot be read as a choice."""
    row = INDICATORS[key]
    condition = _condition(row.denominator_grain or row.grain, step, text)
    if condition is None:
        return None
    held, is_done = dict(facts), False
    for grain in dict.fromkeys([row.grain, row.denominator_grain or row.grain]):
        changed = _changed(facts[grain], grain, _base_of(key, grain), step, text, condition)
        held, is_done = held | {grain: changed} if changed is not None else held, is_done or changed is not None
    return held if is_done else None


def _changed(frame: Any, grain: str, base: str | None, step: str, text: str, condition: str) -> Any | None:
    """Take one grain's rows as the vendor does; None where they lack what the condition names."""
    present = set(columns_of(frame))
    if not _names(condition, grain) <= present:
        return None
    rows = narrowed(frame, [], others=present)
    try:
        if step == "window" and text.lower().replace(" ", "_") == "all_hours":
            is_ready = base == "is_offered" and _names(_AT_ANY_HOUR, grain) <= present
            return _replaced(rows, "is_offered", _AT_ANY_HOUR) if is_ready else None
        if step == "population" and base is not None and text not in words_of("channel"):
            return _replaced(rows, base, condition)
        kept = f"COALESCE(({condition}), FALSE)"
        return _checked(rows.filter(f"NOT {kept}" if step == "exclusions" else kept))
    except duckdb.Error:
        return None


def _replaced(rows: Any, column: str, condition: str) -> Any:
    return _checked(rows.project(f"* REPLACE (COALESCE(({condition}), FALSE) AS {column})"))


def _checked(rows: Any) -> Any:
    """Let the engine object now to what it cannot run."""
    rows.aggregate("count(*)").fetchall()
    return rows


def _base_of(key: str, grain: str) -> str | None:
    """Name the flag that says which rows of a grain the indicator counts, where one does."""
    row = INDICATORS[key]
    read = row.denominator_columns if row.denominator_grain == grain else row.columns
    return next((flag for flag in _BASES if flag in read), None)


def _condition(grain: str, step: str, text: str) -> str | None:
    """Read a word or a condition over the columns of a fact row; None where it is neither."""
    if step == "population" and text in words_of("channel"):
        return f"channel = '{text}'"
    words = {"population": POPULATIONS, "window": WINDOWS, "exclusions": EXCLUSIONS}[step]
    word = text.lower().replace(" ", "_")
    if word in words:
        return words[word]
    if step == "exclusions" and (within := _WITHIN.fullmatch(text.lower())):
        return f"is_abandoned AND wait_s < {within[1]}"
    names = {name for name in re.findall(r"[A-Za-z_]\w*", _unquoted(text)) if name.upper() not in _SQL_WORDS}
    is_condition = bool(names) and names <= set(FACTS[grain].columns)
    is_safe = _SAFE.fullmatch(text) is not None and "--" not in text and "/*" not in text
    return text if is_condition and is_safe else None


def _names(text: str, grain: str) -> set[str]:
    """Name the facts' columns in a condition."""
    return set(re.findall(r"[A-Za-z_]\w*", _unquoted(text))) & set(FACTS[grain].columns)


def _unquoted(text: str) -> str:
    return re.sub(r"'[^']*'", "", text)
