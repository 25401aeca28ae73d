"""Say which published numbers moved when a period was run again, from what to what, and why.

A report that silently shows another number than last month's costs more trust than the correction. So each record
(`run.json`) carries what its numbers rest on; the next one is compared with it and keeps the list of what moved, over
all editions of the period.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from csm_lib.definitions import TABLES

__all__ = ["REASONS", "restatements_of"]

REASONS = ("data", "definition", "setting", "parameter", "provisional", "program", "library", "unknown")

# settings that cannot move a value or a target: how things are called and shown, what other questions rest on
_WITHOUT_EFFECT = ("organisation", "language", "currency", "show_agent_names", "minimum_group_size", "headline",
                   "maximum_headline", "stage", "weights")  # fmt: skip
_TARGETS = "indicators.targets"
_SAME = 1e-9


def restatements_of(before: Mapping[str, Any], now: Mapping[str, Any], *, on: str) -> list[dict[str, Any]]:
    """List the headline numbers that differ between two editions of a report.

    Parameters
    ----------
    before : mapping
        Record of the edition that stands published; empty where there is none.
    now : mapping
        Record of the edition that is to take its place.
    on : str
        Local date of the restatement.

    Returns
    -------
    list of dict
        One per number that moved (a value, a target, or a verdict with them): `key unit edition on was now reasons`;
        `was` and `now` have `value target verdict`, `reasons` are `{kind, what}` with a kind of `REASONS`. Shares are
        0–1. Numbers that only one of the editions has are none.

    Examples
    --------
    >>> row = {"key": "fcr", "unit": "share", "target": 0.85, "verdict": "missed"}
    >>> before = {"headline": [row | {"value": 0.78}], "tables": {"contacts": 3}}
    >>> now = {"headline": [row | {"value": 0.79}], "tables": {"contacts": 4}, "edition": 2}
    >>> [(found["key"], found["reasons"]) for found in restatements_of(before, now, on="2024-05-02")]
    [('fcr', [{'kind': 'data', 'what': ['contacts']}])]
    """
    former = {row["key"]: row for row in before.get("headline", [])}
    found = []
    for row in now.get("headline", []):
        was = former.get(row["key"])
        if was is None or not (_moved(was, row, "value") or _moved(was, row, "target")):
            continue
        found.append(
            {
                "key": row["key"],
                "unit": row["unit"],
                "edition": now.get("edition", 1),
                "on": on,
                "was": _numbers(was),
                "now": _numbers(row),
                "reasons": _reasons(before, now, was, row),
            }
        )
    return found


def _moved(was: Mapping[str, Any], now: Mapping[str, Any], field: str) -> bool:
    one, other = was.get(field), now.get(field)
    if one is None or other is None:
        return (one is None) != (other is None)
    return not math.isclose(one, other, rel_tol=_SAME, abs_tol=1e-12)


def _numbers(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row.get(name) for name in ("value", "target", "verdict")}


def _reasons(
    before: Mapping[str, Any], now: Mapping[str, Any], was: Mapping[str, Any], row: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Name what changed between the editions and can have moved this number; the program only if nothing else did."""
    is_value, is_target = _moved(was, row, "value"), _moved(was, row, "target")
    found = {"setting": _settings_changed(before, now, is_value=is_value, is_target=is_target)}
    if is_value:
        found |= {
            "data": _data_changed(before, now),
            "definition": [row["key"]] if _differ(before, now, "definitions", only=row["key"]) else [],
            "parameter": _own(_differ(before, now, "parameters")),
            "provisional": [row["key"]] if was.get("is_provisional") else [],
        }
    if not any(found[kind] for kind in found if kind != "provisional"):
        libraries = [name for name in _differ(before, now, "packages") if name != "csm_lib"]
        found["library"] = [_versions(name, before, now) for name in libraries]
        found["program"] = ["csm_lib"] if before.get("code") != now.get("code") else []
    named = [{"kind": kind, "what": found[kind]} for kind in REASONS if found.get(kind)]
    return named or [{"kind": "unknown", "what": []}]


def _data_changed(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Name the ingested tables with another version; facts and logs only follow from them."""
    return [name for name in _differ(before, now, "tables") if name in TABLES]


def _settings_changed(
    before: Mapping[str, Any], now: Mapping[str, Any], *, is_value: bool, is_target: bool
) -> list[str]:
    """Name the settings that changed: those that values rest on, those that targets rest on."""
    changed = [name for name in _differ(before, now, "settings") if name.startswith(("workbook.", "indicators."))]
    changed = [name for name in changed if name.partition(".")[2] not in _WITHOUT_EFFECT]
    return [name for name in changed if (is_target if name == _TARGETS else is_value)]


def _own(names: Sequence[str]) -> list[str]:
    """Leave the notebooks' own parameters; those of the report decide which report it is, or how it reads."""
    return [name for name in names if "." in name]


def _differ(before: Mapping[str, Any], now: Mapping[str, Any], part: str, *, only: str | None = None) -> list[str]:
    """Name the entries of a part that differ; none where either record was written without that part."""
    one, other = before.get(part), now.get(part)
    if one is None or other is None:
        return []
    names = sorted({*one, *other}) if only is None else [only]
    return [name for name in names if one.get(name) != other.get(name)]


def _versions(name: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    return f"{name} {before['packages'].get(name, '–')} → {now['packages'].get(name, '–')}"
