"""Sentences about the coming week, the model's own error, the value of an agent hour, and rosters on contracts."""

from __future__ import annotations

import pandas as pd

from csm_lib.show.findings import sentence_not_measured
from csm_lib.show.format import write_value
from csm_lib.show.messages import say
from csm_lib.show.prose import Sentence, sentence
from csm_lib.show.staffing import with_week_labels

__all__ = [
    "sentence_of_cheapest_way",
    "sentence_of_coming_need",
    "sentence_of_contracts",
    "sentence_of_model_error",
]


def sentence_of_coming_need(need: pd.DataFrame, *, language: str | None = None) -> Sentence:
    """Say when most agents will be needed, as expected and with the forecast's uncertainty, beside the plan.

    Parameters
    ----------
    need : DataFrame
        As `csm_lib.staff.coming.coming_need`.
    language : str, optional

    Returns
    -------
    Sentence

    Examples
    --------
    >>> need = pd.DataFrame({"weekday": [1, 1], "local_time": ["16:30", "17:00"], "needed": [4, 6],
    ...     "needed_sure": [5, 7], "planned_agents": [5.0, 5.0], "shortfall_sure": [0.0, 2.0]})
    >>> need.attrs["probability"] = 0.8
    >>> sentence_of_coming_need(need)  # doctest: +NORMALIZE_WHITESPACE
    In the coming week most agents are needed on Mon 17:00: 6 for the contacts expected, 7 to be enough with a
    probability of 80.0%. The plan is short of that in 1 of 2 intervals.
    """
    if need.empty:
        return sentence_not_measured(need.attrs.get("reason"), what=say("asked_need", language), language=language)
    rows = with_week_labels(need, language=language).reset_index(drop=True)
    top = rows.loc[rows["needed_sure"].astype(float).idxmax()]
    said = sentence(
        "In the coming week most agents are needed on {slot}: {n} for the contacts expected, {sure} to be enough with "
        "a probability of {probability}.",
        language=language,
        slot=top["slot"],
        n=(top["needed"], "n"),
        sure=(top["needed_sure"], "n"),
        probability=(need.attrs["probability"], "share"),
    )
    planned = rows[rows["planned_agents"].notna()]
    if planned.empty:
        return said
    return said + sentence(
        "The plan is short of that in {k} of {n} intervals.",
        language=language,
        k=(int((planned["shortfall_sure"] > 0).sum()), "n"),
        n=(len(planned), "n"),
    )


def sentence_of_model_error(trust: pd.DataFrame, *, language: str | None = None) -> Sentence:
    """Say how far the model's answer rate with today's staff is from the observed one, hour by hour.

    Parameters
    ----------
    trust : DataFrame
        As `csm_lib.staff.prediction.predicted_and_observed` by local hour.
    language : str, optional

    Returns
    -------
    Sentence

    Examples
    --------
    >>> trust = pd.DataFrame({"local_hour": [9, 17], "n_offered": [300, 100],
    ...     "answer_rate_predicted_share": [0.95, 0.70], "answer_rate_observed_share": [0.95, 0.74]})
    >>> trust["answer_rate_difference_share"] = trust.answer_rate_predicted_share - trust.answer_rate_observed_share
    >>> sentence_of_model_error(trust)  # doctest: +NORMALIZE_WHITESPACE
    The model's own error: with today's staff its answer rate is off by 1.0 points on average over the contacts, at most
    by 4.0 points (at 17:00, predicted 70.0%, observed 74.0%). Read every scenario with that much doubt.
    """
    if trust.empty:
        return sentence_not_measured(trust.attrs.get("reason"), what=say("asked_more", language), language=language)
    miss = trust["answer_rate_difference_share"].abs()
    worst = trust.loc[miss.idxmax()]
    average = float((miss * trust["n_offered"]).sum() / trust["n_offered"].sum())
    return sentence(
        "The model's own error: with today's staff its answer rate is off by {average} points on average over the "
        "contacts, at most by {most} points (at {hour}:00, predicted {predicted}, observed {observed}). Read every "
        "scenario with that much doubt.",
        language=language,
        average=(average, "points"),
        most=(float(miss.max()), "points"),
        hour=str(int(worst["local_hour"])),
        predicted=(worst["answer_rate_predicted_share"], "share"),
        observed=(worst["answer_rate_observed_share"], "share"),
    )


def sentence_of_cheapest_way(
    ways: pd.DataFrame, *, target: float, currency: str = "", language: str | None = None
) -> Sentence:
    """Say with how few agent hours every hour of the day would reach an answer rate.

    Parameters
    ----------
    ways : DataFrame
        As `csm_lib.staff.value.cheapest_way`.
    target : float, 0–1
    currency : str
    language : str, optional

    Returns
    -------
    Sentence

    Examples
    --------
    >>> ways = pd.DataFrame({"local_hour": [16, 17], "extra_agents": [0, 2]})
    >>> ways.attrs.update(answer_rate_before=0.8, answer_rate_after=0.93, extra_agent_h=180.0, extra_cost=0.0)
    >>> sentence_of_cheapest_way(ways, target=0.9)  # doctest: +NORMALIZE_WHITESPACE
    The fewest agent hours with which every hour of the day answers 90.0%: 180 more in the period, at 17:00 2 more; over
    the whole day the answer rate would go from 80.0% to 93.0%.
    """
    if ways.empty:
        return sentence_not_measured(ways.attrs.get("reason"), what=say("asked_more", language), language=language)
    added = ways[ways["extra_agents"] > 0]
    if added.empty:
        return sentence(
            "Every hour of the day already answers {target} by the model.",
            language=language, target=(target, "share"),
        )  # fmt: skip
    hours = [
        sentence("at {hour}:00 {n} more", language=language, hour=str(int(row["local_hour"])),
                 n=(row["extra_agents"], "n")).text
        for row in added.to_dict("records")
    ]  # fmt: skip
    cost = ways.attrs["extra_cost"]
    priced = say("roster_cost", language, cost=write_value(cost, "n", language=language), currency=currency)
    listed = say("comma", language).join([*hours, *([priced] if cost else [])])
    return sentence(
        "The fewest agent hours with which every hour of the day answers {target}: {extra} more in the period, "
        "{hours}; over the whole day the answer rate would go from {before} to {after}.",
        language=language,
        target=(target, "share"),
        extra=(ways.attrs["extra_agent_h"], "n"),
        hours=listed,
        before=(ways.attrs["answer_rate_before"], "share"),
        after=(ways.attrs["answer_rate_after"], "share"),
    )


def sentence_of_contracts(
    roster: pd.DataFrame,
    burden: pd.DataFrame,
    *,
    is_typical: bool = False,
    currency: str = "",
    language: str | None = None,
) -> Sentence:
    """Say how many people a roster on contracts takes, whether it is proven, what it leaves open, and how fair it is.

    Parameters
    ----------
    roster : DataFrame
        As `csm_lib.staff.tours.cheapest_roster`.
    burden : DataFrame
        As `csm_lib.staff.turns.burden_of_people`.
    is_typical : bool
        Whether it is of a typical week, not of the coming one.
    currency : str
    language : str, optional

    Returns
    -------
    Sentence
    """
    if roster.empty:
        return sentence_not_measured(roster.attrs.get("reason"), what=say("asked_roster", language), language=language)
    attrs = roster.attrs
    said = sentence(
        "On contracts {week} takes {people} people and {agent_h} paid hours",
        language=language,
        week=say("week_typical" if is_typical else "week_coming", language),
        people=(attrs["people"], "n"), agent_h=(attrs["agent_h"], "n"),
    )  # fmt: skip
    parts = [said.text]
    if attrs["cost"]:
        cost = write_value(attrs["cost"], "n", language=language)
        parts.append(say("roster_cost", language, cost=cost, currency=currency))
    gap = write_value(attrs["gap"], "share", language=language)
    parts.append(say("roster_proven" if attrs["is_optimal"] else "roster_gap", language, gap=gap))
    if len(attrs["uncovered"]):
        worst = with_week_labels(attrs["uncovered"], language=language).sort_values("missing", kind="stable").iloc[-1]
        parts.append(say("roster_open", language, n=len(attrs["uncovered"]), slot=worst["slot"],
                         missing=int(worst["missing"])))  # fmt: skip
    if len(burden):
        bounds = {f"{name}_{edge}": int(getattr(burden[f"{name}_days"], edge)())
                  for name in ("weekend", "late") for edge in ("min", "max")}  # fmt: skip
        parts.append(say("roster_fair", language, **bounds))
    return sentence("{said}", language=language, said=say("comma", language).join(parts) + say("full_stop", language))
