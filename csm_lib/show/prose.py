"""Sentences with numbers in them, made from results, so that no number is ever typed.

A sentence shows itself as Markdown in which everything that came from data is escaped.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from csm_lib.definitions import INDICATORS
from csm_lib.errors import SettingError
from csm_lib.show.changes import write_change
from csm_lib.show.format import in_language, name_indicator, write_interval, write_value
from csm_lib.show.messages import say
from csm_lib.show.tables import write_target
from csm_lib.show.translation import translated, translated_plural

__all__ = [
    "HEADLINE_FIELDS",
    "VERDICTS",
    "Sentence",
    "run_on",
    "sentence",
    "sentence_compared",
    "sentence_of_rows",
    "sentence_of_value",
    "text",
    "write_headline",
]

HEADLINE_FIELDS = ("key", "value", "low", "high", "n", "unit", "target", "is_met", "verdict", "is_provisional")
VERDICTS = ("met", "missed", "too_close", "no_target", "not_measured")
_MARKUP = re.compile(r"([\\`*_{}\[\]()<>#+!|~$&])")


@dataclass(frozen=True)
class Sentence:
    """Text with numbers, shown as Markdown.

    Attributes
    ----------
    text : str
        For people.
    markdown : str
        The same with everything that means something in Markdown escaped where it came from data.
    """

    text: str
    markdown: str

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text

    def __add__(self, other: Sentence) -> Sentence:
        return Sentence(run_on([self.text, other.text]), run_on([self.markdown, other.markdown]))

    def _repr_markdown_(self) -> str:
        return self.markdown


def sentence(en: str, *, language: str | None = None, **values: Any) -> Sentence:
    """Fill a sentence with values, each written by its unit.

    Parameters
    ----------
    en : str
        With `{name}` where a value goes; the catalogues have it in the other languages, else it stays English.
    language : str, optional
    **values : tuple of (object, str), or str
        A value with its unit, or text, which the catalogues may have in the language.

    Returns
    -------
    Sentence

    Examples
    --------
    >>> sentence("It took {wait} in {team}.", wait=(35.04, "s"), team="A*B")
    It took 35.0 s in A*B.
    """
    chosen = in_language(language)
    template = translated(en, chosen)
    written = {
        name: write_value(*value, language=chosen) if isinstance(value, tuple) else translated(str(value), chosen)
        for name, value in values.items()
    }
    return Sentence(template.format(**written), template.format(**{k: _escaped(v) for k, v in written.items()}))


def text(en: str, *, many: str | None = None, language: str | None = None, **values: Any) -> str:
    """Fill a title, heading or note with values, each written by its unit, in the language.

    Parameters
    ----------
    en : str
        With `{name}` where a value goes; the catalogues have it in the other languages.
    many : str, optional
        The form for other numbers than one, by the value `n`.
    language : str, optional
    **values : tuple of (object, str), or str
        A value with its unit (`csm_lib.show.format.UNITS`), or text.

    Returns
    -------
    str

    Examples
    --------
    >>> text("Scorecard {period}", period="2024Q1"), text("Scorecard {period}", period="2024Q1", language="zh")
    ('Scorecard 2024Q1', '2024Q1记分卡')
    >>> text("{n} has no target", many="{n} have no target", n=(2, "n"))
    '2 have no target'
    """
    chosen = in_language(language)
    if many is not None:
        en = translated_plural(en, many, values["n"][0], chosen)
    return sentence(en, language=chosen, **values).text


def sentence_of_value(row: Mapping[str, Any], *, reason: str = "no source", language: str | None = None) -> Sentence:
    """Say what an indicator was, how sure that is and how it stands to its target.

    Parameters
    ----------
    row : mapping
        One row of headline fields (`HEADLINE_FIELDS`); `target` and `verdict` may be missing.
    reason : str
        Why it was not measured, if it was not.
    language : str, optional

    Returns
    -------
    Sentence
    """
    chosen, meant = in_language(language), INDICATORS[row["key"]]
    unit = row.get("unit", meant.unit)
    target = row.get("target")
    values = {
        "name": name_indicator(row["key"], language=chosen),
        "value": write_value(row["value"], unit, language=chosen),
        "interval": write_interval(row["low"], row["high"], unit, language=chosen),
        "n": write_value(row["n"], "n", language=chosen),
        "target": write_target(target, unit, better=meant.better, language=chosen),
        "verdict": say(f"verdict_{row.get('verdict') or 'no_target'}", chosen),
        "reason": reason,
    }
    if row["value"] is None or row["value"] != row["value"]:
        return _said("sentence_unmeasured", chosen, values)
    has_target = target is not None and target == target
    return _said("sentence_value_target" if has_target else "sentence_value", chosen, values)


def run_on(sentences: Iterable[str]) -> str:
    """Put sentences one behind the other, with a space between them where their script has one.

    Examples
    --------
    >>> run_on(["One.", "Two."]), run_on(["其一。", "其二。"])
    ('One. Two.', '其一。其二。')
    """
    return "".join(part if part.endswith("。") else f"{part} " for part in sentences).rstrip(" ")


def sentence_compared(key: str, *, value: float, before: float, language: str | None = None) -> Sentence:
    """Say how an indicator moved.

    Parameters
    ----------
    key : str
        Indicator.
    value, before : float
        In the indicator's unit.
    language : str, optional

    Returns
    -------
    Sentence
    """
    chosen, meant = in_language(language), INDICATORS[key]
    values = {
        "name": name_indicator(key, language=chosen),
        "value": write_value(value, meant.unit, language=chosen),
        "before": write_value(before, meant.unit, language=chosen),
        "change": write_change(value - before, meant.unit, chosen, of=value),
    }
    return _said("sentence_compare", chosen, values)


def sentence_of_rows(read: int, *, kept: int, set_aside: int, language: str | None = None) -> Sentence:
    """Say what became of the rows that were read.

    Parameters
    ----------
    read, kept, set_aside : int
    language : str, optional

    Returns
    -------
    Sentence

    Raises
    ------
    SettingError
        If the rows do not add up.

    Examples
    --------
    >>> sentence_of_rows(1200, kept=1190, set_aside=10)
    1,200 rows were read: 1,190 kept and 10 set aside.
    """
    if read != kept + set_aside:
        raise SettingError(f"read must be kept + set aside, got {read} != {kept} + {set_aside}. Count every row once.")
    numbers = {"read": read, "kept": kept, "set_aside": set_aside}
    values = {name: write_value(number, "n", language=language) for name, number in numbers.items()}
    return _said("sentence_rows", in_language(language), values)


def write_headline(rows: pd.DataFrame | Iterable[Mapping[str, Any]], *, language: str | None = None) -> Sentence:
    """Hand the headline of the report to the run, and say how many indicators reach their target.

    Parameters
    ----------
    rows : DataFrame or iterable of mapping
        One per headline indicator, with `HEADLINE_FIELDS`; shares are 0–1, what is missing is null or NaN.
    language : str, optional

    Returns
    -------
    Sentence

    Raises
    ------
    SettingError
        If a field or verdict is missing or unknown.
    """
    entries = rows.to_dict("records") if isinstance(rows, pd.DataFrame) else list(rows)
    headline = [_headline_row({str(name): entry for name, entry in row.items()}) for row in entries]
    run_folder = os.environ.get("CSM_RUN_DIR")
    if run_folder:
        text = json.dumps(headline, ensure_ascii=False, allow_nan=False, indent=1)
        (Path(run_folder) / "headline.json").write_text(text, encoding="utf-8")
    tally = [row["verdict"] for row in headline]
    numbers = {"met": "met", "missed": "missed", "close": "too_close"}
    values = {name: str(tally.count(verdict)) for name, verdict in numbers.items()} | {"n": str(len(tally))}
    return _said("sentence_attained", in_language(language), values)


def _headline_row(row: Mapping[str, Any]) -> dict[str, Any]:
    missing = [name for name in HEADLINE_FIELDS if name not in row]
    if missing:
        raise SettingError(
            f"headline must have the fields {', '.join(HEADLINE_FIELDS)}, got none of {missing}. Add them."
        )
    if row["verdict"] not in VERDICTS:
        raise SettingError(f"verdict must be one of {', '.join(VERDICTS)}, got {row['verdict']!r}. Use one of them.")
    return {name: _plain(row[name]) for name in HEADLINE_FIELDS}


def _plain(value: Any) -> Any:
    """Turn a NumPy or pandas scalar into what JSON has; what is not a number becomes null."""
    value = value.item() if hasattr(value, "item") else value
    if value is None or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value


def _said(key: str, language: str, values: Mapping[str, str]) -> Sentence:
    values = {name: translated(value, language) for name, value in values.items()}
    return Sentence(say(key, language, **values), say(key, language, **{k: _escaped(v) for k, v in values.items()}))


def _escaped(text: str) -> str:
    return _MARKUP.sub(r"\\\1", text).replace("\n", " ")
