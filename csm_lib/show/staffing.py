"""Staffing answers in sentences: who is missing when, how good the forecast is, what a change would do.

Predictions stand beside what was observed, so that a reader sees whether the model deserves belief before it is
believed about something nobody has tried.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from csm_lib.show.findings import sentence_not_measured
from csm_lib.show.format import NOT_MEASURED, write_code, write_value
from csm_lib.show.messages import say
from csm_lib.show.prose import Sentence, sentence

__all__ = [
    "sentence_of_forecast_error",
    "sentence_of_more_agents",
    "sentence_of_moved_shift",
    "sentence_of_need",
    "sentence_of_queue",
    "sentence_of_roster",
    "sentence_of_scenario",
    "weekday_of",
    "with_week_labels",
]


def with_week_labels(frame: pd.DataFrame, *, language: str | None = None) -> pd.DataFrame:
    """Add the columns `day`, the name of the weekday, and `slot`, the weekday and local time.

    Parameters
    ----------
    frame : DataFrame
        Reads `weekday` (1 Monday … 7 Sunday) and `local_time` ("09:30").
    language : str, optional

    Returns
    -------
    DataFrame

    Examples
    --------
    >>> with_week_labels(pd.DataFrame({"weekday": [2], "local_time": ["17:00"]}))["slot"].item()
    'Tue 17:00'
    """
    days = say("weekdays", language).split()
    named = [days[int(day) - 1] for day in frame["weekday"]]
    slots = [f"{day} {time}" for day, time in zip(named, frame["local_time"], strict=True)]
    return frame.assign(
        day=pd.Series(named, index=frame.index, dtype=object), slot=pd.Series(slots, index=frame.index, dtype=object)
    )


def weekday_of(day: pd.DataFrame, *, language: str | None = None) -> str:
    """Name the weekday of rows that all have the same; a dash without rows.

    Examples
    --------
    >>> weekday_of(pd.DataFrame({"weekday": [3, 3]}))
    'Wed'
    """
    return say("weekdays", language).split()[int(day["weekday"].iloc[0]) - 1] if len(day) else NOT_MEASURED


def sentence_of_queue(trust: pd.DataFrame, *, channel: str, language: str | None = None) -> Sentence:
    """Say which queue is staffed, and how many of those who asked for a human there were answered.

    Parameters
    ----------
    trust : DataFrame
        As `csm_lib.staff.answers.trust_in_model`. Columns read: `n_offered answer_rate_observed_share`.
    channel : str
    language : str, optional

    Returns
    -------
    Sentence

    Examples
    --------
    >>> trust = pd.DataFrame({"n_offered": [300, 100], "answer_rate_observed_share": [1.0, 0.6]})
    >>> sentence_of_queue(trust, channel="phone")
    All of this is about phone alone: 400 contacts asked for a human there, 90.0% of them were answered.
    """
    queue = write_code(channel, language=language)
    if trust.empty:
        return sentence("{said}", language=language, said=say("queue_alone", language, channel=queue))
    n = trust["n_offered"].sum()
    return sentence(
        "All of this is about {channel} alone: {n} contacts asked for a human there, {rate} of them were answered.",
        language=language,
        channel=queue,
        n=(n, "n"),
        rate=((trust["answer_rate_observed_share"] * trust["n_offered"]).sum() / n, "share"),
    )


def sentence_of_moved_shift(compared: pd.DataFrame, *, language: str | None = None) -> Sentence:
    """Say what moving a shift would do, which takes no agent hour more.

    Parameters
    ----------
    compared : DataFrame
        As `csm_lib.staff.scenarios.compare_scenarios`; the first row is today, the second the shift moved.
    language : str, optional

    Returns
    -------
    Sentence

    Examples
    --------
    >>> rows = {"scenario": ["as it is", "one early shift moved to late"], "answer_rate_share": [0.9, 0.93],
    ...         "fewer_abandoned": [0.0, 389.0]}
    >>> sentence_of_moved_shift(pd.DataFrame(rows))  # doctest: +NORMALIZE_WHITESPACE
    Without an agent hour more: with one early shift moved to late 389 fewer contacts would be lost in the period, and
    the answer rate of the whole day would go from 90.0% to 93.0%.
    """
    if len(compared) < 2:
        what = say("asked_moved", language)
        return sentence_not_measured(compared.attrs.get("reason"), what=what, language=language)
    today, after = compared.iloc[0], compared.iloc[1]
    said = sentence(
        "Without an agent hour more: with {name} {kept} fewer contacts would be lost in the period, and the answer "
        "rate of the whole day would go from {before} to {after}.",
        language=language,
        name=after["scenario"],
        kept=(after["fewer_abandoned"], "n"),
        before=(today["answer_rate_share"], "share"),
        after=(after["answer_rate_share"], "share"),
    )
    return _with_doubt(said, after, language)


def sentence_of_need(need: pd.DataFrame, *, no_staff: str | None = None, language: str | None = None) -> Sentence:
    """Say when most agents are needed, and when most are missing.

    Parameters
    ----------
    need : DataFrame
        As `csm_lib.staff.answers.need_of_week`.
    no_staff : str, optional
        Why nobody is known to be on shift.
    language : str, optional

    Returns
    -------
    Sentence

    Examples
    --------
    >>> need = pd.DataFrame({"weekday": [1, 1], "local_time": ["16:30", "17:00"], "agents": [4, 3],
    ...     "needed_patient": [4, 6], "needed_impatient": [4, 5], "shortfall_impatient": [0, 2]})
    >>> sentence_of_need(need)  # doctest: +NORMALIZE_WHITESPACE
    Most agents are needed on Mon 17:00: 5 (6 if nobody ever hung up). In 1 of 2 intervals of a typical week too few are
    on shift; most are missing on Mon 17:00: 2.
    """
    if need.empty:
        return sentence_not_measured(need.attrs.get("reason"), what=say("asked_need", language), language=language)
    rows = with_week_labels(need, language=language).reset_index(drop=True)
    top = rows.loc[rows["needed_impatient"].astype(float).idxmax()]
    said = sentence(
        "Most agents are needed on {slot}: {n} ({patient} if nobody ever hung up).",
        language=language,
        slot=top["slot"],
        n=(top["needed_impatient"], "n"),
        patient=(top["needed_patient"], "n"),
    )
    if no_staff:
        return said + sentence_not_measured(say("on_shift_because", language, reason=no_staff), language=language)
    short = rows["shortfall_impatient"].astype(float)
    if not (short > 0).any():
        return said + sentence("{said}", language=language, said=say("nobody_missing", language))
    worst = rows.loc[short.idxmax()]
    return said + sentence(
        "In {k} of {n} intervals of a typical week too few are on shift; most are missing on {slot}: {missing}.",
        language=language,
        k=(int((short > 0).sum()), "n"),
        n=(len(rows), "n"),
        slot=worst["slot"],
        missing=(short.max(), "n"),
    )


def sentence_of_forecast_error(errors: pd.DataFrame, *, language: str | None = None) -> Sentence:
    """Say how far forecasts of the past were off, beside the plainest rival.

    Parameters
    ----------
    errors : DataFrame
        As `csm_lib.staff.forecast.backtest`.
    language : str, optional

    Returns
    -------
    Sentence

    Examples
    --------
    >>> errors = pd.DataFrame({"wape": [0.2]})
    >>> errors.attrs.update(wape=0.2, wape_seasonal_naive=0.3, covered_share=0.81, level=0.8, horizon_days=14)
    >>> sentence_of_forecast_error(errors)  # doctest: +NORMALIZE_WHITESPACE
    Forecasts made 1 times in the past for 14 days were off by 20.0% of the contacts, the same interval a week before by
    30.0%; 81.0% of the counts fell into the interval meant to hold 80.0%.
    """
    if errors.empty:
        return sentence_not_measured(
            errors.attrs.get("reason"), what=say("asked_forecast", language), language=language
        )
    shares = {name: (errors.attrs[name], "share") for name in ("wape", "wape_seasonal_naive", "covered_share", "level")}
    return sentence(
        "Forecasts made {n} times in the past for {days} days were off by {wape} of the contacts, the same interval a "
        "week before by {wape_seasonal_naive}; {covered_share} of the counts fell into the interval meant to hold "
        "{level}.",
        language=language,
        n=(len(errors), "n"),
        days=(errors.attrs["horizon_days"], "n"),
        **shares,
    )


def sentence_of_more_agents(
    found: pd.DataFrame, *, n: int, trust: pd.DataFrame, bounds: pd.DataFrame | None = None,
    language: str | None = None,
) -> Sentence:
    """Say what more agents in a band of hours would do, and how far the model can be believed there.

    Parameters
    ----------
    found : DataFrame
        As `csm_lib.staff.scenarios.add_agents`.
    n : int
        Agents added.
    trust : DataFrame
        As `csm_lib.staff.prediction.predicted_and_observed` by local hour.
    bounds : DataFrame, optional
        As `csm_lib.staff.scenarios.compare_scenarios` for the same hours: the second row is the agents added.
    language : str, optional

    Returns
    -------
    Sentence
    """
    if found.empty:
        return sentence_not_measured(found.attrs.get("reason"), what=say("asked_more", language), language=language)
    band = found[found["span"] == "band"].iloc[0]
    inside = trust[(trust["local_hour"] >= band["local_hour"]) & (trust["local_hour"] < band["to_hour"])]
    observed = (inside["answer_rate_observed_share"] * inside["n_offered"]).sum() / inside["n_offered"].sum()
    said = sentence(
        "With {n} more agents from {start}:00 to {end}:00 the answer rate in these hours would go from {before} to "
        "{after} and the mean wait from {wait_before} to {wait_after}, both predicted; observed with today's staff: "
        "{observed}. "
        "{kept} fewer contacts would be lost in the period, for {hours} agent hours more.",
        language=language,
        n=(n, "n"),
        start=str(int(band["local_hour"])),
        end=str(int(band["to_hour"])),
        before=(band["answer_rate_share_before"], "share"),
        after=(band["answer_rate_share_after"], "share"),
        wait_before=(band["mean_wait_offered_s_before"], "s"),
        wait_after=(band["mean_wait_offered_s_after"], "s"),
        observed=(observed, "share"),
        kept=(band["fewer_abandoned"], "n"),
        hours=(band["extra_agent_h"], "n"),
    )
    return said if bounds is None or len(bounds) < 2 else _with_doubt(said, bounds.iloc[1], language)


def sentence_of_scenario(compared: pd.DataFrame, *, share: float, language: str | None = None) -> Sentence:
    """Say what a bot would change that takes a share of one issue.

    Parameters
    ----------
    compared : DataFrame
        As `csm_lib.staff.scenarios.compare_scenarios`; the first row is today, the second the bot.
    share : float, 0–1
        Share of the issue that the bot takes.
    language : str, optional

    Returns
    -------
    Sentence
    """
    if len(compared) < 2:
        return sentence_not_measured(compared.attrs.get("reason"), what=say("asked_bot", language), language=language)
    today, after = compared.iloc[0], compared.iloc[1]
    said = sentence(
        "With {name} that takes {share} of it agents would be offered {offered} contacts instead of {before}; the "
        "answer rate would go from {rate_before} to {rate_after}, the mean wait from {wait_before} to {wait_after} "
        "with the same staff.",
        language=language,
        name=after["scenario"],
        share=(share, "share"),
        offered=(after["offered"], "n"),
        before=(today["offered"], "n"),
        rate_before=(today["answer_rate_share"], "share"),
        rate_after=(after["answer_rate_share"], "share"),
        wait_before=(today["mean_wait_offered_s"], "s"),
        wait_after=(after["mean_wait_offered_s"], "s"),
    )
    return _with_doubt(said, after, language)


def sentence_of_roster(
    roster: pd.DataFrame, *, hours: Mapping[str, float], currency: str = "", language: str | None = None
) -> Sentence:
    """Say what the cheapest roster of a typical week takes, beside today's.

    Parameters
    ----------
    roster : DataFrame
        As `csm_lib.staff.weekly_roster.cheapest_week`.
    hours : mapping
        As `csm_lib.staff.weekly_roster.week_of_staff`.
    currency : str
    language : str, optional

    Returns
    -------
    Sentence
    """
    if roster.empty:
        return sentence_not_measured(roster.attrs.get("reason"), what=say("asked_roster", language), language=language)
    attrs: Mapping[str, Any] = roster.attrs
    said = sentence(
        "The cheapest roster that meets the target in every interval takes {agent_h} agent hours in a typical week",
        language=language,
        agent_h=(attrs["agent_h"], "n"),
    )
    parts = [said.text]
    if attrs["cost"]:
        parts.append(
            say("roster_cost", language, cost=write_value(attrs["cost"], "n", language=language), currency=currency)
        )
    staffed = hours["staffed_h"]
    if staffed == staffed:
        parts.append(say("roster_today", language, hours=write_value(staffed, "n", language=language)))
    if not attrs["is_optimal"]:
        parts.append(say("roster_unproven", language))
    if attrs["uncovered_agent_h"]:
        missing = write_value(attrs["uncovered_agent_h"], "n", language=language)
        parts.append(say("roster_uncovered", language, hours=missing))
    return sentence("{said}", language=language, said=say("comma", language).join(parts) + say("full_stop", language))


def _with_doubt(said: Sentence, row: pd.Series, language: str | None) -> Sentence:
    """Add between which rates the model's own doubt leaves the answer rate; nothing where that is not known."""
    low, high = (row.get(f"answer_rate_{side}_share", float("nan")) for side in ("low", "high"))
    if low != low:
        return said
    return said + sentence(
        "By the model's own doubt the answer rate then lies between {low} and {high}.",
        language=language,
        low=(low, "share"),
        high=(high, "share"),
    )
