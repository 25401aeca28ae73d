"""What an analysis found, in sentences: where a gap sits, whether it is mix, when it is worst, what it is coded to.

Each takes the table that a page shows below it, so the sentence and the table cannot disagree; a table without rows is
answered with its reason.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from csm_lib.definitions import INDICATORS
from csm_lib.show.changes import unit_of_change, write_change
from csm_lib.show.format import name_indicator, write_code, write_interval, write_value
from csm_lib.show.messages import say
from csm_lib.show.prose import Sentence, run_on, sentence

__all__ = [
    "name_segment",
    "sentence_not_measured",
    "sentence_of_causes",
    "sentence_of_hours",
    "sentence_of_mix",
    "sentence_of_mix_within",
    "sentence_of_segments",
]


def name_segment(segment: Any, *, language: str | None = None) -> str:
    """Write a segment as words.

    Parameters
    ----------
    segment : tuple of (dimension, value) pairs
    language : str, optional

    Returns
    -------
    str

    Examples
    --------
    >>> name_segment((("channel", "app"), ("product", None)))
    'the channel is app and the product is (not noted)'
    """
    missing = say("not_noted", language)
    parts = [
        say(
            "segment_part",
            language,
            dimension=write_code(dimension, language=language),
            value=write_code(missing if value is None else value, language=language),
        )
        for dimension, value in segment
    ]
    return say("and", language).join(parts)


def sentence_not_measured(reason: Any, *, what: str | None = None, language: str | None = None) -> Sentence:
    """Say that something was not measured, and why; in a list of answers also what.

    Parameters
    ----------
    reason : str or missing
    what : str, optional
        What was asked, as words.
    language : str, optional

    Returns
    -------
    Sentence

    Examples
    --------
    >>> sentence_not_measured("no shifts")
    Not measured: no shifts.
    >>> sentence_not_measured("no shifts", what="More agents")
    More agents: not measured, no shifts.
    """
    why = _given(reason, language)
    said = (
        say("sentence_unmeasured", language, name=what, reason=why)
        if what
        else say("not_measured_because", language, reason=why)
    )
    return sentence("{said}", language=language, said=said)


def sentence_of_segments(found: pd.DataFrame, *, key: str, language: str | None = None) -> Sentence:
    """Name the segment that carries most of a gap, among those on the bad side.

    Parameters
    ----------
    found : DataFrame
        As `csm_lib.explain.segments.explain_gap` gives.
    key : str
        Indicator.
    language : str, optional

    Returns
    -------
    Sentence

    Examples
    --------
    >>> row = {"segment": (("channel", "app"),), "n": 900, "value": 0.6, "reference": 0.85, "contribution": -0.02,
    ...        "low": -0.03, "high": -0.01}
    >>> sentence_of_segments(pd.DataFrame([row]), key="fcr")  # doctest: +NORMALIZE_WHITESPACE
    First contact resolution sits lowest where the channel is app: 60.0% (n = 900) against 85.0%. It is associated with
    −2.0 points of the gap (95% interval −3.0 to −1.0).
    """
    if not len(found) and found.attrs.get("reason"):
        return sentence_not_measured(found.attrs["reason"], what=say("asked_where", language), language=language)
    unit, sign = INDICATORS[key].unit, -1 if INDICATORS[key].better == "higher" else 1
    worse = found[found["contribution"].astype(float) * sign > 0]
    if not len(worse):
        return sentence("{said}", language=language, said=say("nothing_stands_out", language))
    row = worse.iloc[0]
    return sentence(
        "{name} sits {side} where {segment}: {value} (n = {n}) against {reference}. It is associated with {part} of "
        "the gap (95% interval {interval}).",
        language=language,
        name=_name(key, language),
        side=say("highest" if row["value"] > row["reference"] else "lowest", language),
        segment=name_segment(row["segment"], language=language),
        value=(row["value"], unit),
        reference=(row["reference"], unit),
        n=(row["n"], "n"),
        part=write_change(row["contribution"], unit, language),
        interval=write_interval(row["low"], row["high"], unit_of_change(unit), language=language),
    )


def sentence_of_causes(counted: pd.DataFrame, *, language: str | None = None) -> Sentence:
    """Say what the coded failures are coded to, and how many carry no code.

    Parameters
    ----------
    counted : DataFrame
        As `csm_lib.explain.causes.coded_causes` gives.
    language : str, optional

    Returns
    -------
    Sentence

    Examples
    --------
    >>> counted = pd.DataFrame({"cause": ["knowledge"], "n": [40], "value": [0.4], "low": [0.3], "high": [0.5]})
    >>> counted.attrs.update(n_coded=100, uncoded_share=0.1)
    >>> sentence_of_causes(counted)  # doctest: +NORMALIZE_WHITESPACE
    Of 100 coded failures at the first contact 40.0% are coded to knowledge (30.0–50.0%); 10.0% of all failures carry
    no code.
    """
    if not len(counted):
        n_failures = counted.attrs.get("n_failures", 0)
        why = say("no_codes" if n_failures else "no_failures", language)
        return sentence_not_measured(why, what=say("asked_causes", language), language=language)
    joint = say("list_joint", language)
    parts = [
        say(
            "cause_part",
            language,
            cause=write_code(row.cause, language=language),
            share=write_value(row.value, "share", language=language),
            interval=write_interval(row.low, row.high, "share", language=language),
        )
        for row in counted.itertuples()
    ]
    return sentence(
        "Of {n} coded failures at the first contact {parts}; {uncoded} of all failures carry no code.",
        language=language,
        n=(counted.attrs["n_coded"], "n"),
        parts=joint.join(parts),
        uncoded=(counted.attrs["uncoded_share"], "share"),
    )


def sentence_of_mix(parts: pd.DataFrame, *, key: str, segment: str, language: str | None = None) -> Sentence:
    """Say how much of a change is mix and how much is rate.

    Parameters
    ----------
    parts : DataFrame
        As `csm_lib.explain.decomposition.mix_and_rate` gives.
    key, segment : str
        Indicator, and the dimension that was split.
    language : str, optional

    Returns
    -------
    Sentence

    Examples
    --------
    >>> parts = pd.DataFrame({"segment": ["a", "b"], "mix": [-0.01, 0.0], "rate": [0.0, -0.002]})
    >>> parts.attrs.update(before=0.79, after=0.778)
    >>> sentence_of_mix(parts, key="fcr", segment="issue")  # doctest: +NORMALIZE_WHITESPACE
    First contact resolution went from 79.0% to 77.8% (−1.2 points): −1.0 points because other kinds of contacts came
    (by issue), −0.2 points at the same kinds.
    """
    if not len(parts):
        return sentence_not_measured(parts.attrs.get("reason"), what=say("asked_mix", language), language=language)
    unit = INDICATORS[key].unit
    mix, rate = float(parts["mix"].sum()), float(parts["rate"].sum())
    said = sentence(
        "{name} went from {before} to {after} ({change}): {mix} because other kinds of contacts came (by {segment}), "
        "{rate} at the same kinds.",
        language=language,
        name=_name(key, language),
        before=(parts.attrs["before"], unit),
        after=(parts.attrs["after"], unit),
        change=write_change(mix + rate, unit, language),
        mix=write_change(mix, unit, language),
        rate=write_change(rate, unit, language),
        segment=write_code(segment, language=language),
    )
    is_opposed = mix * rate < 0 and abs(mix) > abs(rate)
    return said + sentence("{said}", language=language, said=say("mix_misleads", language)) if is_opposed else said


def sentence_of_mix_within(table: pd.DataFrame, *, key: str, group: str, language: str | None = None) -> Sentence:
    """Name the groups that only look worse, because they were given harder contacts, and those that are worse.

    Parameters
    ----------
    table : DataFrame
        As `csm_lib.explain.mix.mix_within` gives.
    key, group : str
        Indicator, and what the groups are.
    language : str, optional

    Returns
    -------
    Sentence
    """
    if not len(table):
        return sentence_not_measured(table.attrs.get("reason"), what=say("asked_mix", language), language=language)
    unit, worse = INDICATORS[key].unit, -1 if INDICATORS[key].better == "higher" else 1
    fell = table[table["change"] * worse > 0]
    parts = []
    for reading in ("mix", "rate"):
        for row in fell[fell["reading"] == reading].itertuples():
            numbers = {name: write_change(getattr(row, name), unit, language) for name in ("change", "mix", "rate")}
            interval = write_interval(row.rate_low, row.rate_high, unit_of_change(unit), language=language)
            kind, one = _capital(write_code(group, language=language)), write_code(row.group, language=language)
            called = say("kind_and_name", language, kind=kind, name=one)
            parts.append(say(f"within_{reading}", language, group=called, interval=interval, **numbers))
    text = run_on(parts) if parts else say("within_none", language, group=write_code(group, language=language))
    return sentence("{said}", language=language, said=text)


def sentence_of_hours(
    found: dict[str, Any], *, key: str, of: str | None = None, language: str | None = None
) -> Sentence:
    """Say when an indicator is at its worst.

    Parameters
    ----------
    found : dict
        As `csm_lib.explain.where.worst_hours` gives.
    key : str
        Indicator.
    of : str, optional
        Whose, where it is not that of all contacts: a channel, in words.
    language : str, optional

    Returns
    -------
    Sentence

    Examples
    --------
    >>> found = {"from_hour": 17, "to_hour": 19, "n": 4000, "value": 0.75, "low": 0.72, "high": 0.77, "rest": 0.94,
    ...          "reason": None}
    >>> sentence_of_hours(found, key="answer_rate", of="phone")  # doctest: +NORMALIZE_WHITESPACE
    Answer rate (phone) is at its worst from 17:00 to 19:00: 75.0% (95% interval 72.0–77.0%, n = 4,000) against 94.0% in
    all other hours.
    """
    if found.get("reason"):
        return sentence_not_measured(found["reason"], what=say("asked_hours", language), language=language)
    unit = INDICATORS[key].unit
    name = _name(key, language)
    return sentence(
        "{name} is at its worst from {start}:00 to {end}:00: {value} (95% interval {interval}, n = {n}) against {rest} "
        "in all other hours.",
        language=language,
        name=say("name_of", language, name=name, of=write_code(of, language=language)) if of else name,
        start=str(found["from_hour"]),
        end=str(found["to_hour"]),
        value=(found["value"], unit),
        interval=write_interval(found.get("low"), found.get("high"), unit, language=language),
        n=(found["n"], "n"),
        rest=(found["rest"], unit),
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _given(reason: Any, language: str | None) -> str:
    return reason if isinstance(reason, str) and reason else say("no_rows", language)


def _name(key: str, language: str | None) -> str:
    return name_indicator(key, language=language)
