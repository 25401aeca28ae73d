"""The words of pages that say why: drivers, causes, prices, the process and its priority."""

from __future__ import annotations

__all__ = ["REASONS"]

REASONS: dict[str, str] = {
    "alt_fishbone": (
        "{title}: {n} statements on six branches; {supported} supported by evidence, {against} not "
        "supported, {open} without evidence."
    ),
    "alt_flow": (
        "{title}: {boxes} steps and {ways} ways between them; the commonest leads from {source} to "
        "{target}, {n} times, after {time} (median)."
    ),
    "alt_flow_rest": "{title}: {n} steps and no way between them.",
    "alt_importance": (
        "{title}: {driver} matters most with {share} of what moves the score; {n} drivers explain "
        "{whole} together."
    ),
    "alt_matrix_calm": (
        "{title}: of {n} drivers none is both more important and rated lower than their average; {top} "
        "matters most."
    ),
    "alt_matrix_urgent": (
        "{title}: of {n} drivers {drivers} is more important and rated lower than their average: improve "
        "it first."
    ),
    "alt_priority": (
        "{title}: {top} comes first with a score of {score}; its rank lies between {low} and {high} of "
        "{n}."
    ),
    "asked_change": "The day of change",
    "asked_drivers": "What satisfaction goes with",
    "asked_events": "What happened around then",
    "asked_owners": "Who answers for what",
    "asked_prices": "What problems cost",
    "asked_priority": "What comes first",
    "asked_process": "Where the time goes",
    "category_customer": "Customer",
    "category_knowledge": "Knowledge",
    "category_people": "People",
    "category_policy": "Policy",
    "category_process": "Process",
    "category_technology": "Technology",
    "change_alone": "No noted event is associated with these days.",
    "change_events": "Associated with these days: {events}.",
    "dimension_cost": "cost",
    "dimension_efficiency": "efficiency",
    "dimension_experience": "experience",
    "dimension_none": "nothing that was measured",
    "dimension_quality": "quality",
    "drivers_sure": "first in every likely ranking",
    "drivers_unranked": "its rank cannot be bounded",
    "drivers_unsure": "its rank lies between 1 and {rank}",
    "event_named": "{title} (from {date})",
    "event_named_about": "{title} ({about}, from {date})",
    "event_others": "What also began then cannot be told apart from it: {others}.",
    "event_stands_out": "It stands out among the {n} events compared.",
    "event_stands_out_alone": "It stands out, the only event compared.",
    "event_within_chance": "That is within what chance gives among the {n} events compared.",
    "event_within_chance_alone": "That is within what chance gives.",
    "field_enough": "Less important, done well",
    "field_first": "Important, rated low: first",
    "field_keep": "Important, done well: keep",
    "field_later": "Less important, rated low: later",
    "flow_begun": "{n} begin",
    "flow_folded": (
        "Folded: {ways} rare ways with {changes} changes ({share} of all between steps) and {nodes} "
        "steps. Not drawn: {updates} updates within a step."
    ),
    "flow_rested": "{n} end",
    "importance_axis": "Share of the score's variation that goes with it",
    "measure_first_line_share": "Ended with the first team",
    "measure_median_duration_s": "Time from first to last change (median)",
    "measure_n_approvals_per_contact": "Approvals per contact",
    "measure_n_changes_per_contact": "Changes per contact",
    "measure_n_handoffs_per_contact": "Hand-overs between teams per contact",
    "measure_n_returns_per_contact": "Returns to a stage per contact",
    "measure_pingpong_share": "Contacts handed back to a former team",
    "measure_rework_share": "Contacts that came back to a stage",
    "logged_contacts": "Contacts with a status log",
    "no_log": "no status log for the contacts of this period",
    "no_problem": "no problem is named",
    "owners_all": "Every stage has somebody who is accountable for it.",
    "owners_missing": "Nobody is named as accountable for {nodes}.",
    "performance_axis": "Performance: mean rating",
    "price_money": " and a cost of {money} ({interval})",
    "score_axis": "Score, 0 to 1 (line: range)",
    "share_axis": "Importance: share of what is explained",
    "status_no evidence": "no evidence",
    "status_not supported": "not supported",
    "status_supported": "supported",
}
