"""Why, in sentences: what satisfaction goes with, where time is spent, what a problem costs, what comes first.

Each sentence carries number, n and interval, and says "associated with": none of this comes from an experiment.
"""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from csm_lib.show.findings import sentence_not_measured
from csm_lib.show.format import in_language, write_code, write_interval, write_value
from csm_lib.show.messages import say
from csm_lib.show.prose import Sentence, sentence

__all__ = [
    "name_measure",
    "sentence_of_drivers",
    "sentence_of_owners",
    "sentence_of_prices",
    "sentence_of_priority",
    "sentence_of_process",
]


def sentence_of_drivers(found: pd.DataFrame, *, language: str | None = None) -> Sentence:
    """Name the driver that satisfaction goes with most.

    Parameters
    ----------
    found : DataFrame
        As `csm_lib.explain.drivers.drivers` gives.
    language : str, optional

    Returns
    -------
    Sentence

    Examples
    --------
    >>> found = pd.DataFrame({"driver": ["speed"], "n": [300], "share_of_explained": [0.6], "share_low": [0.5],
    ...                       "share_high": [0.7], "rank_high": [1]})
    >>> found.attrs.update(outcome="csat", explained=0.4)
    >>> sentence_of_drivers(found)  # doctest: +NORMALIZE_WHITESPACE
    Overall satisfaction is associated most with speed: 60.0% of what all drivers explain together (95% interval
    50.0–70.0%, n = 300), first in every likely ranking. That is 24.0% of its whole variation, of which all explain
    40.0%.
    """
    if not len(found):
        return sentence_not_measured(found.attrs.get("reason"), what=say("asked_drivers", language), language=language)
    first = found.iloc[0]
    rank = first["rank_high"]
    key = "drivers_unranked" if pd.isna(rank) else "drivers_sure" if rank == 1 else "drivers_unsure"
    outcome = write_code(found.attrs["outcome"], language=language)
    return sentence(
        "{outcome} is associated most with {driver}: {share} of what all drivers explain together (95% interval "
        "{interval}, n = {n}), {rank}. That is {part} of its whole variation, of which all explain {whole}.",
        language=language,
        outcome=outcome[:1].upper() + outcome[1:],
        driver=write_code(first["driver"], language=language),
        share=(first["share_of_explained"], "share"),
        interval=write_interval(first["share_low"], first["share_high"], "share", language=language),
        n=(first["n"], "n"),
        rank=say(key, language, rank="" if pd.isna(rank) else int(rank)),
        part=(first["share_of_explained"] * found.attrs["explained"], "share"),
        whole=(found.attrs["explained"], "share"),
    )


def sentence_of_process(
    summary: pd.DataFrame, stages: pd.DataFrame, *, of: Iterable[object] = (), language: str | None = None
) -> Sentence:
    """Say how long contacts take, how many approvals they pass, and which stage holds them.

    Parameters
    ----------
    summary : DataFrame
        As `csm_lib.explain.process.process_summary` gives.
    stages : DataFrame
        As `csm_lib.explain.process.stage_times` gives.
    of : iterable
        What the contacts with a log are, each word once: their channels.
    language : str, optional

    Returns
    -------
    Sentence

    Examples
    --------
    >>> summary = pd.DataFrame({"measure": ["median_duration_s", "n_approvals_per_contact", "n_handoffs_per_contact"],
    ...     "value": [7200.0, 5.0, 1.0], "low": [7200.0, 4.9, 0.9], "high": [7400.0, 5.1, 1.1], "n": 40})
    >>> stages = pd.DataFrame({"stage": ["triage"], "share": [0.6], "waiting_share": [0.9]})
    >>> sentence_of_process(summary, stages, of=["email", "email"])  # doctest: +NORMALIZE_WHITESPACE
    Contacts with a status log (email) take 2.0 h from first to last change (median, 95% interval 2.0–2.1 h, n = 40),
    with 5.0 approvals and 1.0 hand-overs on average; 60.0% of the time lies in the stage “triage”, of which 90.0% is
    waiting.
    """
    held = summary.set_index("measure") if len(summary) else summary
    if not len(summary) or not held["n"].max() or not len(stages):
        return sentence_not_measured(say("no_log", language), what=say("asked_process", language), language=language)
    time, stage = held.loc["median_duration_s"], stages.iloc[0]
    named = [write_code(word, language=language) for word in dict.fromkeys(of) if isinstance(word, str)]
    whose = say("logged_contacts", language)
    return sentence(
        "{whose} take {time} from first to last change (median, 95% interval {interval}, n = {n}), with {approvals} "
        "approvals and {handoffs} hand-overs on average; {share} of the time lies in the stage “{stage}”, of which "
        "{waiting} is waiting.",
        language=language,
        whose=say("name_of", language, name=whose, of=say("list_joint", language).join(named)) if named else whose,
        time=(time["value"], "s"),
        interval=write_interval(time["low"], time["high"], "s", language=language),
        n=(time["n"], "n"),
        approvals=(held.loc["n_approvals_per_contact", "value"], "number"),
        handoffs=(held.loc["n_handoffs_per_contact", "value"], "number"),
        share=(stage["share"], "share"),
        stage=write_code(stage["stage"], language=language),
        waiting=(stage["waiting_share"], "share"),
    )


def sentence_of_prices(found: pd.DataFrame, *, language: str | None = None) -> Sentence:
    """Name the problem that costs most.

    Parameters
    ----------
    found : DataFrame
        As `csm_lib.explain.prices.prices` gives.
    language : str, optional

    Returns
    -------
    Sentence

    Examples
    --------
    >>> found = pd.DataFrame({"problem": ["No answer"], "n_contacts": [900], "n": [120.0], "n_low": [100.0],
    ...     "n_high": [140.0], "hours": [20.0], "money": [1000.0], "money_low": [800.0], "money_high": [1200.0],
    ...     "excess": [900.0]})
    >>> sentence_of_prices(found)  # doctest: +NORMALIZE_WHITESPACE
    “No answer” is associated with most avoidable work: 120 contacts followed 900 such contacts (95% interval 100–140),
    20.0 hours and a cost of 1,000 (800–1,200).
    """
    if not len(found) or not found["n"].max():
        reason = found.attrs.get("reason") or say("no_problem", language)
        return sentence_not_measured(reason, what=say("asked_prices", language), language=language)
    row = found.sort_values("excess", ascending=False, kind="stable").iloc[0]
    money = ""
    if row["money"] == row["money"]:
        interval = write_interval(row["money_low"], row["money_high"], "amount", language=language)
        cost = write_value(row["money"], "amount", language=language)
        money = say("price_money", language, money=cost, interval=interval)
    return sentence(
        "“{problem}” is associated with most avoidable work: {n} contacts followed {contacts} such contacts (95% "
        "interval {interval}), {hours} hours{money}.",
        language=language,
        problem=row["problem"],
        n=(row["n"], "n"),
        contacts=(row["n_contacts"], "n"),
        interval=write_interval(row["n_low"], row["n_high"], "n", language=language),
        hours=(row["hours"], "number"),
        money=money,
    )


def sentence_of_priority(found: pd.DataFrame, *, language: str | None = None) -> Sentence:
    """Name the problem to tackle first, and say how far that holds.

    Parameters
    ----------
    found : DataFrame
        As `csm_lib.explain.priority.priority` gives.
    language : str, optional

    Returns
    -------
    Sentence

    Examples
    --------
    >>> found = pd.DataFrame({"problem": ["No answer"], "n": [900], "score": [0.75], "score_low": [0.5],
    ...     "score_high": [0.9], "rank_low": [1], "rank_high": [2], "first_share": [0.97], "rests_on": ["quality"]})
    >>> sentence_of_priority(found)  # doctest: +NORMALIZE_WHITESPACE
    “No answer” comes first with a score of 0.75 (range 0.50–0.90, n = 900), mostly for quality; its rank lies between 1
    and 2 whatever counts most, and it leads in 97.0% of the weightings tried. Contacts that nobody answered are not
    weighed.
    """
    if not len(found):
        what = say("asked_priority", language)
        return sentence_not_measured(say("no_problem", language), what=what, language=language)
    row = found.iloc[0]
    rests_on = row["rests_on"] if isinstance(row["rests_on"], str) else "none"
    return sentence(
        "“{problem}” comes first with a score of {score} (range {interval}, n = {n}), mostly for {reason}; its rank "
        "lies between {low} and {high} whatever counts most, and it leads in {first} of the weightings tried. Contacts "
        "that nobody answered are not weighed.",
        language=language,
        problem=row["problem"],
        score=(row["score"], "score"),
        interval=write_interval(row["score_low"], row["score_high"], "score", language=language),
        n=(row["n"], "n"),
        reason=say(f"dimension_{rests_on}", language),
        low=(row["rank_low"], "n"),
        high=(row["rank_high"], "n"),
        first=(row["first_share"], "share"),
    )


def sentence_of_owners(nodes: pd.DataFrame, *, node: str = "stage", language: str | None = None) -> Sentence:
    """Say which nodes of the process nobody answers for.

    Parameters
    ----------
    nodes : DataFrame
        As `csm_lib.explain.priority.owners` gives.
    node : str
        Column that names the node.
    language : str, optional

    Returns
    -------
    Sentence

    Examples
    --------
    >>> sentence_of_owners(pd.DataFrame({"stage": ["triage", "solution"], "accountable": ["lead", None]}))
    Nobody is named as accountable for solution.
    """
    if not len(nodes):
        return sentence_not_measured(say("no_log", language), what=say("asked_owners", language), language=language)
    without = [write_code(entry, language=language) for entry in nodes.loc[nodes["accountable"].isna(), node]]
    if not without:
        return sentence("{said}", language=language, said=say("owners_all", language))
    text = say("owners_missing", language, nodes=say("list_joint", language).join(without))
    return sentence("{said}", language=language, said=text)


def name_measure(measure: str, *, language: str | None = None) -> str:
    """Write the name of a measure of the process in words.

    Parameters
    ----------
    measure : str
        As `csm_lib.explain.process.process_summary` names it.
    language : str, optional

    Returns
    -------
    str

    Examples
    --------
    >>> name_measure("rework_share")
    'Contacts that came back to a stage'
    """
    return say(f"measure_{measure}", in_language(language))
