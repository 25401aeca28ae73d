"""Sentences about numbers that were published and then moved: which, from what to what, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from csm_lib.definitions import INDICATORS
from csm_lib.show.format import UNITS, in_language, name_indicator, write_date, write_value
from csm_lib.show.messages import say

__all__ = ["sentence_restated", "sentences_restated"]

_FINER = {"share": "share_fine"}


def sentences_restated(rows: Iterable[Mapping[str, Any]], *, language: str | None = None) -> list[str]:
    """Write one sentence per restated number, the newest first; what moved less than is shown is only counted.

    Parameters
    ----------
    rows : iterable of mapping
        `restatements` of a report's record: `key unit edition on was now reasons`.
    language : str, optional

    Returns
    -------
    list of str
        Empty if nothing was restated.
    """
    newest = sorted(rows, key=lambda row: -row["edition"])
    said = [sentence_restated(row, language=language) for row in newest]
    unseen = said.count("")
    further = [say("restated_unseen", language, n=write_value(unseen, "n", language=language))] if unseen else []
    return [text for text in said if text] + further


def sentence_restated(row: Mapping[str, Any], *, language: str | None = None) -> str:
    """Write what moved, from what to what, and why; empty if it moved by less than can be shown.

    Parameters
    ----------
    row : mapping
        One restatement.
    language : str, optional

    Returns
    -------
    str

    Examples
    --------
    >>> was = {"value": 0.78, "target": 0.85, "verdict": "missed"}
    >>> row = {"key": "fcr", "unit": "share", "edition": 2, "on": "2024-05-02", "was": was,
    ...        "now": was | {"value": 0.7912}, "reasons": [{"kind": "data", "what": ["contacts"]}]}
    >>> sentence_restated(row, language="en")
    'First contact resolution: 78.0% → 79.1% (edition 2, 2 May 2024); why: data: contacts changed'
    """
    chosen = in_language(language)
    moved = _moved(row, chosen)
    if not moved:
        return ""
    indicator = INDICATORS.get(row["key"])
    name = row["key"] if indicator is None else name_indicator(indicator.key, language=chosen)
    reasons = [say(f"restated_{one['kind']}", chosen, what=", ".join(one["what"])) for one in row["reasons"]]
    return say(
        "restated_line",
        chosen,
        name=name,
        moved=("；" if chosen == "zh" else "; ").join(moved),
        edition=row["edition"],
        on=write_date(date.fromisoformat(row["on"]), language=chosen),
        why=("；" if chosen == "zh" else "; ").join(reasons),
    )


def _moved(row: Mapping[str, Any], language: str) -> list[str]:
    was, now, unit = row["was"], row["now"], row["unit"]
    found = []
    if (values := _pair(was["value"], now["value"], unit, language)) is not None:
        found.append(" → ".join(values))
    if (targets := _pair(was["target"], now["target"], unit, language)) is not None:
        found.append(say("restated_target", language, was=targets[0], now=targets[1]))
    if was["verdict"] != now["verdict"]:
        verdicts = {name: say(f"verdict_{one['verdict']}", language) for name, one in (("was", was), ("now", now))}
        found.append(say("restated_verdict", language, **verdicts))
    return found


def _pair(was: Any, now: Any, unit: str, language: str) -> tuple[str, str] | None:
    """Write two values so that they can be told apart, finer if need be; None where they cannot."""
    for each in (unit, _FINER.get(unit, unit)):
        known = each if each in UNITS else "number"
        texts = write_value(was, known, language=language), write_value(now, known, language=language)
        if texts[0] != texts[1]:
            return texts
    return None
