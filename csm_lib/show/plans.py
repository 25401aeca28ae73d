"""What people decided and wrote: measures, completion of the last plan, notes and sign-offs.

Human words stay human words: they are quoted with their author and date, escaped, and never mixed with computed
sentences.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from csm_lib.definitions import INDICATORS
from csm_lib.results import Estimate
from csm_lib.show.findings import name_segment
from csm_lib.show.format import name_indicator, write_code, write_date, write_interval, write_value
from csm_lib.show.lists import listed
from csm_lib.show.messages import say
from csm_lib.show.prose import Sentence, run_on, sentence

__all__ = [
    "quoted_notes",
    "sentence_of_completion",
    "sentence_of_unplanned",
    "sentences_of_actions",
    "sentences_of_gaps",
]


def sentences_of_gaps(gaps: pd.DataFrame, *, language: str | None = None) -> Sentence:
    """Say of each gap how large it is, where it sits, what causes it and what is planned.

    Parameters
    ----------
    gaps : DataFrame
        As `csm_lib.improve.brief` makes it: `key value target unit where cause cause_share measure owner due_on
        status`; the keys in `.attrs["others"]` are named behind them.
    language : str, optional

    Returns
    -------
    Sentence
        One line per gap; what is not known is said.
    """
    if gaps.empty:
        return sentence("{said}", language=language, said=say("no_gap", language))
    said = [_gap({str(name): entry for name, entry in row.items()}, language) for row in gaps.to_dict("records")]
    others = say("list_joint", language).join(_name(key, language) for key in gaps.attrs.get("others", []))
    return listed([*said, _plain("gap_others", language, names=others) if others else None])


def sentence_of_unplanned(card: pd.DataFrame, plan: pd.DataFrame, *, language: str | None = None) -> Sentence | None:
    """Name the indicators off their target that no measure of the plan is for.

    Parameters
    ----------
    card : DataFrame
        As `csm_lib.measure.gaps.scorecard` gives. Columns read: `key verdict`.
    plan : DataFrame
        Columns read: `indicator`.
    language : str, optional

    Returns
    -------
    Sentence or None
        None where every missed indicator has a measure.

    Examples
    --------
    >>> card = pd.DataFrame({"key": ["fcr", "complaint_rate"], "verdict": "missed"})
    >>> sentence_of_unplanned(card, pd.DataFrame({"indicator": ["fcr"]}))
    Missed, and without a measure in this plan: Complaints.
    """
    missed = card.loc[card["verdict"].eq("missed"), "key"]
    without = [_name(key, language) for key in missed if key not in set(plan["indicator"])]
    return _plain("unplanned", language, names=say("list_joint", language).join(without)) if without else None


def sentences_of_actions(plan: pd.DataFrame, *, language: str | None = None) -> Sentence:
    """List measures with owner and date, as recommendations.

    Parameters
    ----------
    plan : DataFrame
        Columns read: `measure owner due_on indicator`.
    language : str, optional

    Returns
    -------
    Sentence
        One line per measure.

    Examples
    --------
    >>> plan = pd.DataFrame({"measure": ["Train"], "owner": ["Lead"], "due_on": [pd.Timestamp("2024-05-31")],
    ...                      "indicator": ["fcr"]})
    >>> sentences_of_actions(plan)
    Train (Lead, by 31 May 2024; for First contact resolution).
    """
    if plan.empty:
        return sentence("{said}", language=language, said=say("no_measures", language))
    return listed(
        sentence(
            "{measure} ({owner}, by {due}; for {name}).",
            language=language,
            measure=str(row["measure"]),
            owner=str(row["owner"]),
            due=_day(row["due_on"], language),
            name=_name(row["indicator"], language),
        )
        for row in plan.to_dict("records")
    )


def sentence_of_completion(made: Estimate, *, plan: str, language: str | None = None) -> Sentence:
    """Say which share of a plan's measures was done by their date.

    Parameters
    ----------
    made : Estimate
        As `csm_lib.improve.plan.completion` gives.
    plan : str
    language : str, optional

    Returns
    -------
    Sentence

    Examples
    --------
    >>> sentence_of_completion(Estimate(0.5, 0.19, 0.81, 6, "Wilson"), plan="2023Q4")
    Of the 6 measures of plan 2023Q4 that were due 50.0% were done by their date (95% interval 19.0–81.0%).
    """
    if made.value != made.value:
        return sentence("{said}", language=language, said=say("nothing_due", language, plan=plan))
    return sentence(
        "Of the {n} measures of plan {plan} that were due {value} were done by their date (95% interval {interval}).",
        language=language,
        n=(made.n, "n"),
        plan=plan,
        value=(made.value, "share"),
        interval=write_interval(made.low, made.high, "share", language=language),
    )


def quoted_notes(notes: pd.DataFrame, *, period: str, scope: str, language: str | None = None) -> Sentence:
    """Quote the analysts' notes and sign-offs of a period; say so where there is none.

    Parameters
    ----------
    notes : DataFrame
        Rows of the table `notes`: `period scope author written_on text is_sign_off`.
    period, scope : str
        A note without a scope belongs to all.
    language : str, optional

    Returns
    -------
    Sentence
        One quotation per note, oldest first, with author and date; then whether the report is signed off.

    Examples
    --------
    >>> notes = pd.DataFrame(columns=["period", "scope", "author", "written_on", "text", "is_sign_off"])
    >>> quoted_notes(notes, period="2024Q1", scope="all")
    No note was written for this period. Nobody has signed this report off.
    """
    mine = notes[notes["period"].eq(period) & (notes["scope"].isna() | notes["scope"].eq(scope))]
    mine = mine.sort_values("written_on", kind="stable", na_position="last")
    is_signed = mine["is_sign_off"].fillna(False).astype(bool)
    quotes = [_quote(row, language) for row in mine.to_dict("records")]
    ends = [] if quotes else [say("no_notes", language)]
    ends += [] if is_signed.any() else [say("no_sign_off", language)]
    text = "\n".join([*(quote.text for quote in quotes), run_on(ends)]).strip()
    markdown = "\n\n".join([*(f"> {quote.markdown}" for quote in quotes), run_on(ends)]).strip()
    return Sentence(text, markdown)


def _quote(row: Any, language: str | None) -> Sentence:
    kind = "sign_off" if row["is_sign_off"] is True else "note"
    return sentence(
        "“{text}” — {author}, {day} ({kind})",
        language=language,
        text=" ".join(str(row["text"]).split()),
        author=row["author"] if isinstance(row["author"], str) else say("not_noted", language),
        day=_day(row["written_on"], language),
        kind=say(kind, language),
    )


def _gap(row: dict[str, Any], language: str | None) -> Sentence:
    numbers = {name: write_value(row[name], row["unit"], language=language) for name in ("value", "target")}
    parts = [say("gap_size", language, name=_name(row["key"], language), **numbers)]
    if isinstance(row["where"], tuple):
        parts.append(say("gap_where", language, where=name_segment(row["where"], language=language)))
    if isinstance(row["cause"], str):
        share = write_value(row["cause_share"], "share", language=language)
        known = "gap_cause_counted" if row["cause_share"] == row["cause_share"] else "gap_cause"
        parts.append(say(known, language, cause=write_code(row["cause"], language=language), share=share))
    else:
        parts.append(say("gap_no_cause", language))
    if isinstance(row["measure"], str):
        is_done = str(row.get("status")).startswith("done")
        due = say(f"status_{row['status']}", language) if is_done else _day(row["due_on"], language)
        known = "gap_measure_done" if is_done else "gap_measure"
        parts.append(say(known, language, measure=row["measure"], owner=row["owner"], due=due))
    else:
        parts.append(say("gap_no_measure", language))
    return sentence("{said}", language=language, said=run_on(parts))


def _plain(key: str, language: str | None, **values: str) -> Sentence:
    return sentence("{said}", language=language, said=say(key, language, **values))


def _name(key: Any, language: str | None) -> str:
    if key not in INDICATORS:
        return key if isinstance(key, str) else say("not_noted", language)
    return name_indicator(key, language=language)


def _day(day: Any, language: str | None) -> str:
    return say("not_noted", language) if pd.isna(day) else write_date(pd.Timestamp(day), language=language)
