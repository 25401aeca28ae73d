"""When it moved, in sentences: around each dated event, and from which day on.

A date is no cause. So a sentence gives the change with its interval, says whether it stands out among all events that
were compared, and names what else began in the same days.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from csm_lib.definitions import INDICATORS
from csm_lib.show.changes import unit_of_change, write_change
from csm_lib.show.findings import sentence_not_measured
from csm_lib.show.format import name_indicator, write_code, write_date, write_interval, write_value
from csm_lib.show.lists import listed
from csm_lib.show.messages import say
from csm_lib.show.prose import Sentence, sentence
from csm_lib.show.translation import translated

__all__ = ["sentence_of_change", "sentences_of_events"]


def sentences_of_events(around: pd.DataFrame, *, key: str | None = None, language: str | None = None) -> Sentence:
    """Say of each event how an indicator moved around it, and whether that stands out among all of them.

    Parameters
    ----------
    around : DataFrame
        As `csm_lib.explain.events.around_events` gives; `.attrs["n_compared"]` says how many were compared where these
        are some of them.
    key : str, optional
        Indicator; that of each row (`key`) unless given.
    language : str, optional

    Returns
    -------
    Sentence
        One line per event, by date; one that could not be compared says why.

    Examples
    --------
    >>> import datetime
    >>> row = {"title": "New app", "starts_on": datetime.date(2024, 2, 5), "about": "app", "n_days": 28,
    ...        "n_before": 900, "n": 950, "before": 0.8, "value": 0.74, "change": -0.06, "low": -0.09, "high": -0.03,
    ...        "is_signal": True, "others": None, "reason": None}
    >>> sentences_of_events(pd.DataFrame([row]), key="fcr")  # doctest: +NORMALIZE_WHITESPACE
    New app (app, from 5 Feb 2024) is associated with a change of First contact resolution by −6.0 points (95% interval
    −9.0 to −3.0): 80.0% in the 28 days before (n = 900), 74.0% in those after (n = 950). It stands
    out, the only event compared.
    """
    if not len(around):
        what = say("asked_events", language)
        return sentence_not_measured(around.attrs.get("reason"), what=what, language=language)
    n_compared = around.attrs.get("n_compared", int(around["is_signal"].notna().sum()))
    rows = [{str(name): value for name, value in row.items()} for row in around.to_dict("records")]
    return listed(_of_event(row, n_compared, key=key or str(row["key"]), language=language) for row in rows)


def _of_event(row: Mapping[str, Any], n_compared: int, *, key: str, language: str | None) -> Sentence:
    """Say what one event goes with."""
    about = _text(row.get("about"))
    place = "event_named_about" if about else "event_named"
    event = say(
        place, language, title=_text(row["title"]) or say("not_noted", language),
        date=write_date(row["starts_on"], language=language), about=write_code(about, language=language),
    )  # fmt: skip
    if pd.isna(row["change"]):
        return sentence_not_measured(row.get("reason"), what=event, language=language)
    unit = INDICATORS[key].unit
    numbers: dict[str, Any] = {
        "event": event, "name": name_indicator(key, language=language), "before": (row["before"], unit),
        "value": (row["value"], unit), "n_before": (row["n_before"], "n"), "n": (row["n"], "n"),
        "days": (row["n_days"], "n"), "change": write_change(row["change"], unit, language, of=row["value"]),
    }  # fmt: skip
    if row["is_signal"] is None or pd.isna(row["is_signal"]):
        return sentence(
            "Around {event} {name} changed by {change}, without an interval ({reason}): {before} in the {days} days "
            "before (n = {n_before}), {value} in those after (n = {n}).",
            language=language, reason=_text(row.get("reason")), **numbers,
        )  # fmt: skip
    others = _text(row.get("others"))
    verdict = "event_stands_out" if row["is_signal"] else "event_within_chance"
    if n_compared == 1:
        verdict += "_alone"
    numbers |= {
        "interval": write_interval(row["low"], row["high"], unit_of_change(unit), language=language),
        "verdict": say(verdict, language, n=write_value(n_compared, "n", language=language)),
    }
    said = sentence(
        "{event} is associated with a change of {name} by {change} (95% interval {interval}): {before} in the {days} "
        "days before (n = {n_before}), {value} in those after (n = {n}). {verdict}"
        if row["is_signal"]
        else "Around {event} {name} changed by {change} (95% interval {interval}): {before} in the {days} days before "
        "(n = {n_before}), {value} in those after (n = {n}). {verdict}",
        language=language,
        **numbers,
    )
    if not others:
        return said
    also = say("event_others", language, others=_joint(others.split(", "), language))
    return said + sentence("{said}", language=language, said=also)


def sentence_of_change(
    found: Mapping[str, Any], *, key: str, events: pd.DataFrame | None = None, language: str | None = None
) -> Sentence:
    """Say from which day on an indicator stood at another level, and what began in those days.

    Parameters
    ----------
    found : mapping
        As `csm_lib.explain.change_points.change_point` gives.
    key : str
        Indicator.
    events : DataFrame, optional
        Columns read: `title starts_on`; those that began within the interval of the day are named.
    language : str, optional

    Returns
    -------
    Sentence

    Examples
    --------
    >>> from datetime import date
    >>> found = {"changed_on": date(2024, 2, 5), "low_on": date(2024, 2, 3), "high_on": date(2024, 2, 8),
    ...          "before": 0.8, "after": 0.74, "n_days": 91, "reason": None}
    >>> sentence_of_change(found, key="fcr")  # doctest: +NORMALIZE_WHITESPACE
    First contact resolution stands at another level from 5 Feb 2024 on (95% interval 3 Feb 2024 to 8 Feb 2024,
    n = 91 days): 80.0% before, 74.0% after (−6.0 points). No noted event is associated with these days.
    """
    name = name_indicator(key, language=language)
    if found.get("changed_on") is None and found.get("p") is not None:
        return sentence(
            "{name} stands at one level: no step within {n} days is larger than chance makes them.",
            language=language,
            name=name,
            n=(found["n_days"], "n"),
        )
    if found.get("changed_on") is None:
        what = say("asked_change", language)
        return sentence_not_measured(found.get("reason"), what=what, language=language)
    unit = INDICATORS[key].unit
    low, high = found["low_on"], found["high_on"]
    began = [] if events is None else [
        str(row.title) for row in events.itertuples() if low <= pd.Timestamp(row.starts_on).date() <= high
    ]  # fmt: skip
    named = {"events": _joint(began, language)} if began else {}
    return sentence(
        "{name} stands at another level from {day} on (95% interval {low} to {high}, n = {n} days): {before} before, "
        "{after} after ({change}). {began}",
        language=language,
        name=name,
        day=write_date(found["changed_on"], language=language),
        low=write_date(low, language=language),
        high=write_date(high, language=language),
        n=(found["n_days"], "n"),
        before=(found["before"], unit),
        after=(found["after"], unit),
        change=write_change(found["after"] - found["before"], unit, language, of=found["after"]),
        began=say("change_events" if began else "change_alone", language, **named),
    )


def _joint(names: list[str], language: str | None) -> str:
    return say("list_joint", language).join(translated(name, language) for name in names)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
