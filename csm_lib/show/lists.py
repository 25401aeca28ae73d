"""Several sentences under one another: one line per indicator, the attainment of a whole scorecard.

A reader who has one minute reads these lines and nothing else, so each stands for itself: what, how much, how sure, and
where nothing was measured, why.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from csm_lib.show.format import in_language
from csm_lib.show.messages import MESSAGES, say
from csm_lib.show.prose import Sentence, sentence, sentence_of_value

__all__ = ["listed", "reason_of", "sentence_attained", "sentence_of_definitions", "sentences_of_card"]

_POINT = "- "
_TALLIED = ("met", "missed", "too_close", "no_target", "not_measured")
_UNMEASURED = "not measured: "


def listed(sentences: Iterable[Sentence | None]) -> Sentence:
    """Put sentences under one another as a list; missing ones are left out.

    Parameters
    ----------
    sentences : iterable of Sentence or None

    Returns
    -------
    Sentence
        One line each; a list among them is continued.

    Examples
    --------
    >>> print(listed([sentence("One."), None, sentence("Two.")]))
    One.
    Two.
    """
    kept = [entry for entry in sentences if entry is not None]
    lines = [
        line if line.startswith(_POINT) else _POINT + line for entry in kept for line in entry.markdown.splitlines()
    ]
    return Sentence("\n".join(entry.text for entry in kept), "\n".join(lines))


def reason_of(method: Any, *, language: str | None = None) -> str:
    """Read why a number is missing out of the method that `measure` gives for it.

    Parameters
    ----------
    method : str or missing
    language : str, optional

    Returns
    -------
    str

    Examples
    --------
    >>> reason_of("not measured: no survey data")
    'no survey data'
    """
    text = method if isinstance(method, str) else ""
    return text.removeprefix(_UNMEASURED) or say("no_source", language)


def sentences_of_card(card: pd.DataFrame, *, language: str | None = None) -> Sentence:
    """Say for every row of a scorecard what it was, how sure that is and how it stands to its target.

    Parameters
    ----------
    card : DataFrame
        One row per indicator, as `scorecard` gives. Columns read: `key value low high n unit target verdict` and, where
        present, `method`.
    language : str, optional

    Returns
    -------
    Sentence
        One line per row; what was not measured says why.

    Examples
    --------
    >>> card = pd.DataFrame([{"key": "csat", "value": None, "low": None, "high": None, "n": 0, "unit": "share",
    ...                       "target": 0.9, "verdict": "not_measured", "method": "not measured: no survey data"}])
    >>> sentences_of_card(card)
    Satisfaction, top two: not measured, no survey data.
    """
    rows: list[Mapping[str, Any]] = [{str(k): v for k, v in row.items()} for row in card.to_dict("records")]
    return listed(sentence_of_value(row, reason=reason_of(row.get("method")), language=language) for row in rows)


def sentence_attained(card: pd.DataFrame, *, language: str | None = None) -> Sentence:
    """Say how many of the indicators reach their target, miss it, are too close to call or were not measured.

    Parameters
    ----------
    card : DataFrame
        Reads `verdict`.
    language : str, optional

    Returns
    -------
    Sentence

    Examples
    --------
    >>> sentence_attained(pd.DataFrame({"verdict": ["missed", "missed", "not_measured"]}))
    None of the 3 headline indicators met its target; 2 missed it; 1 was not measured.
    >>> sentence_attained(pd.DataFrame({"verdict": ["missed", "missed"]}))
    Both headline indicators missed their target.
    """
    chosen = in_language(language)
    tally = card["verdict"].value_counts()
    count = {name: int(tally.get(name, 0)) for name in _TALLIED}
    n = len(card)
    whole = next((name for name in ("met", "missed") if n and count[name] == n), None)
    if whole:
        few = "_one" if n == 1 else "_two" if n == 2 else ""
        parts = [say(f"tally_all_{whole}{few}", chosen, n=n)]
    else:
        parts = [say("tally_met" if count["met"] else "tally_none_met", chosen, n=n, met=count["met"])]
    for name in () if whole else _TALLIED[1:]:
        few = f"tally_{name}_one" if count[name] == 1 and f"tally_{name}_one" in MESSAGES else f"tally_{name}"
        parts += [say(few, chosen, n=count[name])] if count[name] else []
    text = say("semicolon", chosen).join(parts) + say("full_stop", chosen)
    return Sentence(text, text)


def sentence_of_definitions(rows: pd.DataFrame, *, language: str | None = None) -> Sentence:
    """Say how far the usual definitions of one thing lie apart.

    Centres count the same thing by different rules, so a figure without its rule cannot be set against another's.

    Parameters
    ----------
    rows : DataFrame
        One row per definition, as `measure` gives; reads `value unit method`.
    language : str, optional

    Returns
    -------
    Sentence
        With fewer than two definitions measured there is no range; the sentence then says so, and why.

    Examples
    --------
    >>> rows = pd.DataFrame({"value": [0.78, 0.81], "unit": "share", "method": "Wilson"})
    >>> sentence_of_definitions(rows)
    By definition it runs from 78.0% to 81.0%: compare with others only under the same one.
    """
    measured = rows.dropna(subset=["value"])
    if len(measured) < 2:
        methods = rows.loc[rows["value"].isna(), "method"]
        return sentence(
            "Fewer than two definitions can be measured: {reason}.",
            language=language,
            reason=reason_of(methods.iloc[0] if len(methods) else None, language=language),
        )
    unit = str(measured["unit"].iloc[0])
    return sentence(
        "By definition it runs from {low} to {high}: compare with others only under the same one.",
        language=language,
        low=(measured["value"].min(), unit),
        high=(measured["value"].max(), unit),
    )
