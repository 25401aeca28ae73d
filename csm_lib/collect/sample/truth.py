"""The truth file: what was planted, what came out, and where to look. Only tests read it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from csm_lib.collect.sample.clock import DAY_S, HOUR_S, N_DAYS, day_of, quarter_of
from csm_lib.collect.sample.complaints import is_converted, is_enquiry
from csm_lib.collect.sample.contacts import CHAT, EMAIL, PHONE, Columns, open_at_start
from csm_lib.collect.sample.organisation import (
    CAUSES,
    COMPLAINT_CAUSES,
    DRIVERS,
    HOUR_SHARE,
    ISSUES,
    PILOT,
    PLANTED,
    PRODUCTS,
    TEAMS,
    THEMES,
)
from csm_lib.collect.sample.outcomes import PLANTED_QUARTER, in_population, is_followed, is_worsened
from csm_lib.collect.sample.process import step_table
from csm_lib.collect.sample.responses import is_handled, is_ticket
from csm_lib.collect.sample.reviews import expected_accuracy, expected_kappa
from csm_lib.collect.sample.world import World

__all__ = ["Truth", "truths"]

Value = float | str | None
EVENING_HOURS = (17, 18)


@dataclass(frozen=True)
class Truth:
    """One planted truth."""

    name: str
    value_planted: Value
    value_realised: Value
    where: str


def _share(flags: np.ndarray) -> float | None:
    return float(np.mean(flags)) if len(flags) else None


def truths(world: World) -> list[Truth]:
    """Give every planted truth with what came out.

    Parameters
    ----------
    world : World

    Returns
    -------
    list of Truth
        A realised value is computed from the columns that are exported, by the definitions of the method; None where
        the sample is too small to hold one.
    """
    first = _is_first_contact_resolved(world.contacts)
    return [
        *_classic(world, first),
        *_queue(world),
        *_first_contact(world, first),
        *_causes(world, first),
        *_process(world),
        *_voice(world),
        *_reviewed(world),
        *_names(world),
    ]


def _now(instants_s: np.ndarray) -> np.ndarray:
    return (instants_s >= 0) & (quarter_of(instants_s) == PLANTED_QUARTER)


def _is_first_contact_resolved(contacts: Columns) -> np.ndarray:
    resolved = contacts["resolved"].astype(np.int64)
    return (resolved >= 0) & (contacts["reopen"] == 0) & ~is_followed(contacts, resolved)


def _classic(world: World, first: np.ndarray) -> list[Truth]:
    contacts, surveys = world.contacts, world.surveys
    now = _now(contacts["created"])
    live = now & (contacts["channel"] != EMAIL) & (contacts["answered"] >= 0)
    response_s = float((contacts["first"] - contacts["queue"])[live].mean())
    answered = _now(surveys["answered"])
    complained = int((_now(world.complaints["received"]) & world.complaints["counted"]).sum())
    where = "2024Q1"
    return [
        Truth("first_response_s", PLANTED["first_response_s"], response_s, where),
        Truth(
            "first_contact_resolved_share",
            PLANTED["first_contact_resolved_share"],
            _share(first[now & in_population(contacts)]),
            where,
        ),
        Truth("satisfied_share", PLANTED["satisfied_share"], _share(surveys["csat"][answered] >= 4), where),
        Truth(
            "satisfied_share_all_customers",
            None,
            float(surveys["all_satisfied"][PLANTED_QUARTER]),
            "2024Q1, every handled contact, asked or not",
        ),
        Truth(
            "complaint_share",
            PLANTED["complaint_share"],
            complained / int((now & is_handled(contacts)).sum()),
            "2024Q1, counted complaints received ÷ contacts handled",
        ),
    ]


def _queue(world: World) -> list[Truth]:
    contacts, plan = world.contacts, world.plan
    asked = _now(contacts["created"]) & (contacts["channel"] == PHONE) & (contacts["queue"] >= 0)
    hour = contacts["queue"][asked] % DAY_S // HOUR_S
    answered = contacts["answered"][asked] >= 0
    evening = np.isin(hour, EVENING_HOURS)
    others = [number for number in HOUR_SHARE if number not in EVENING_HOURS and (hour == number).any()]
    worst = min(float(answered[hour == number].mean()) for number in others)
    where = "phone, 17:00–19:00, 2024Q1"
    texts = _now(contacts["created"]) & (contacts["channel"] == CHAT) & (contacts["answered"] >= 0)
    return [
        Truth("evening_answer_share_expected", PLANTED["evening_answer_share"], plan.evening_share, where),
        Truth("evening_answer_share", PLANTED["evening_answer_share"], _share(answered[evening]), where),
        Truth(
            "evening_answer_share_with_agents",
            PLANTED["evening_answer_share_with_agents"],
            plan.evening_share_with_added,
            f"{where}, expected with evening_agents_added on 17:00–21:00",
        ),
        Truth("evening_agents", None, plan.late, "phone agents on shift 17:00–19:00, every day; grows with the volume"),
        Truth(
            "evening_agents_added", None, plan.added, "agents to add 17:00–21:00; about 0.3 to 0.5 of evening_agents"
        ),
        Truth(
            "other_hours_answer_share_expected",
            PLANTED["other_hours_answer_share"],
            plan.lowest_other_share,
            "phone, worst other open hour; planted is a lower bound",
        ),
        Truth(
            "other_hours_answer_share", PLANTED["other_hours_answer_share"], worst, "phone, worst other hour, 2024Q1"
        ),
        Truth("phone_handle_s", None, plan.handle_s, "mean handle time of the simulation"),
        Truth("phone_patience_s", None, plan.patience_s, "mean patience of the simulation, lognormal"),
        Truth(
            "chat_reply_load_correlation",
            None,
            _load_correlation(contacts, texts),
            "chat, 2024Q1: log reply time, load",
        ),
    ]


def _load_correlation(contacts: Columns, texts: np.ndarray) -> float | None:
    live = (contacts["channel"] != EMAIL) & (contacts["answered"] >= 0)
    load = np.zeros(len(live))
    load[live] = open_at_start(contacts["agent"][live], contacts["answered"][live], contacts["closed"][live])
    if len(np.unique(load[texts])) < 2:
        return None
    return float(np.corrcoef(np.log((contacts["first"] - contacts["queue"])[texts]), load[texts])[0, 1])


def _first_contact(world: World, first: np.ndarray) -> list[Truth]:
    contacts = world.contacts
    population = in_population(contacts)
    quarter = quarter_of(contacts["created"])
    now, before = population & (quarter == PLANTED_QUARTER), population & (quarter == PLANTED_QUARTER - 1)
    worsened, chat = is_worsened(contacts), contacts["channel"] == CHAT
    repair = contacts["issue"] == [issue.code for issue in ISSUES].index("repair")
    team = contacts["team"] == [row.code for row in TEAMS].index(PILOT.team)
    after = contacts["created"] >= day_of(PILOT.start_on) * DAY_S

    def change(chosen: np.ndarray) -> float | None:
        parts = _share(first[now & chosen]), _share(first[before & chosen])
        return None if parts[0] is None or parts[1] is None else parts[0] - parts[1]

    rise = [_share(first[now & team & side]) for side in (after, ~after)]
    others = [_share(first[now & ~team & side]) for side in (after, ~after)]
    where = "chat, 2023Q4 to 2024Q1"
    return [
        Truth(
            "worsened_segment_change", PLANTED["worsened_change"], change(worsened), "app × digital, 2023Q4 to 2024Q1"
        ),
        Truth("mix_shift_change", None, change(chat), f"{where}: falls only because repairs grew"),
        Truth("mix_shift_change_in_repairs", 0.0, change(chat & repair), where),
        Truth("mix_shift_change_in_others", 0.0, change(chat & ~repair), where),
        Truth("mix_shift_repair_share_before", None, _share(repair[before & chat]), where),
        Truth("mix_shift_repair_share_after", None, _share(repair[now & chat]), where),
        Truth("pilot_team", PILOT.team, PILOT.team, f"from {PILOT.start_on}"),
        Truth(
            "pilot_rise", PILOT.rise, _difference(rise), f"{PILOT.team}, from {PILOT.start_on} against 2024Q1 before"
        ),
        Truth("pilot_other_teams_rise", 0.0, _difference(others), f"other teams, from {PILOT.start_on}"),
    ]


def _difference(parts: list[float | None]) -> float | None:
    return None if parts[0] is None or parts[1] is None else parts[0] - parts[1]


def _causes(world: World, first: np.ndarray) -> list[Truth]:
    contacts = world.contacts
    failed = in_population(contacts) & _now(contacts["created"]) & ~first
    coded = contacts["cause"][failed] >= 0
    rows = [
        Truth(
            f"cause_{cause.code}",
            cause.share,
            _share(contacts["cause"][failed][coded] == number),
            "2024Q1, coded failures of first contact resolution",
        )
        for number, cause in enumerate(CAUSES)
    ]
    complaints = _now(world.complaints["received"]) & world.complaints["counted"]
    rows += [
        Truth(
            f"complaint_cause_{cause.code}",
            cause.share,
            _share(world.complaints["cause"][complaints] == number),
            "2024Q1",
        )
        for number, cause in enumerate(COMPLAINT_CAUSES)
    ]
    return [Truth("cause_coded_share", PLANTED["coded_share"], _share(coded), "2024Q1, failures"), *rows]


def _process(world: World) -> list[Truth]:
    contacts = world.contacts
    solved = is_ticket(contacts) & _now(contacts["created"]) & (contacts["resolved"] >= 0)
    spent_s = (contacts["resolved"] - contacts["created"])[solved]
    approvals = np.bincount(world.log["contact"][step_table()["is_approval"][world.log["step"]]], minlength=len(solved))
    enquiry = is_enquiry(contacts) & _now(contacts["created"])
    waiting = (contacts["queue"] >= 0) & (contacts["answered"] < 0) & (contacts["abandoned"] < 0)
    return [
        Truth("ticket_resolution_s", PLANTED["ticket_resolution_s"], _mean(spent_s), "after-sales e-mails, 2024Q1"),
        Truth(
            "ticket_approvals", PLANTED["ticket_approvals"], _mean(approvals[solved]), "status log, after-sales e-mails"
        ),
        Truth(
            "conversion",
            PLANTED["conversion"],
            _share(is_converted(contacts, world.orders)[enquiry]),
            "2024Q1, pre-sales, handled, an order within 7 days",
        ),
        Truth("still_waiting", None, int(waiting.sum()), f"chat and app, on day {N_DAYS} of the data"),
    ]


def _mean(values: np.ndarray) -> float | None:
    return float(values.mean()) if len(values) else None


def _voice(world: World) -> list[Truth]:
    surveys = world.surveys
    answered = _now(surveys["answered"])
    themes = surveys["theme"][answered]
    sent = _now(surveys["sent"])
    late = surveys["sent"] > world.contacts["closed"][surveys["contact"]] + DAY_S
    items = np.column_stack([surveys[name][answered] for name in DRIVERS]).astype(float)
    weights = np.linalg.lstsq(
        np.column_stack([np.ones(len(items)), items]), surveys["csat"][answered].astype(float), rcond=None
    )[0][1:]
    weights = weights / weights.sum()
    return [
        *(
            Truth(
                f"driver_{name}", planted, float(weight), "satisfaction: least squares on the four items, scaled to 1"
            )
            for (name, planted), weight in zip(DRIVERS.items(), weights, strict=True)
        ),
        *(
            Truth(f"theme_{theme.name}", theme.share, _share(themes[themes >= 0] == number), "2024Q1, comments")
            for number, theme in enumerate(THEMES)
        ),
        Truth("response_share", PLANTED["response_share"], _share(surveys["answered"][sent] >= 0), "sent in 2024Q1"),
        Truth("late_surveys", None, int(late.sum()), "all quarters: sent more than a day after the end"),
    ]


def _reviewed(world: World) -> list[Truth]:
    reviews = world.reviews
    calibration = (reviews["selection"] == 2) & ~reviews["adjudicated"]
    at_random = (reviews["selection"] == 0) & _now(world.contacts["created"][reviews["contact"]])
    order = np.lexsort((reviews["reviewer"], reviews["contact"][:]))
    rated = reviews["accurate"][order][calibration[order]].reshape(-1, 3)
    pairs = [(rated[:, a], rated[:, b]) for a, b in ((0, 1), (0, 2), (1, 2))] if len(rated) else []
    agreement = float(np.mean([np.mean(a == b) for a, b in pairs])) if pairs else None
    kappa = float(np.mean([_kappa(a, b) for a, b in pairs])) if pairs else None
    error = PLANTED["reviewer_error"]
    return [
        Truth("accuracy", expected_accuracy(), _share(reviews["accurate"][at_random]), "2024Q1, random, unweighted"),
        Truth("reviewer_agreement", (1 - error) ** 2 + error**2, agreement, "calibration set, pairs of reviewers"),
        Truth("reviewer_kappa", expected_kappa(2 / 3), kappa, "calibration set (two thirds right), pairs of reviewers"),
    ]


def _kappa(one: np.ndarray, other: np.ndarray) -> float:
    agreement = float(np.mean(one == other))
    by_chance = float(one.mean() * other.mean() + (1 - one.mean()) * (1 - other.mean()))
    return (agreement - by_chance) / (1 - by_chance) if by_chance < 1 else math.nan


def _names(world: World) -> list[Truth]:
    """Name what was planted by word, and the planted sizes that have no single realised number."""
    contacts = world.contacts
    gap = _now(contacts["created"]) & (contacts["cause"] == 0)
    subject = contacts["issue"][gap].astype(int) * len(PRODUCTS) + contacts["product"][gap]
    largest = int(np.bincount(subject).argmax()) if len(subject) else 0
    found = f"{ISSUES[largest // len(PRODUCTS)].code} × {PRODUCTS[largest % len(PRODUCTS)].code}"
    repeated = ~world.complaints["counted"]
    return [
        Truth(
            "largest_knowledge_gap", "repair × digital", found, "2024Q1: failures coded to knowledge, issue × product"
        ),
        Truth("worsened_segment", "app × digital", None, "channel × product, from 2024-01-01"),
        Truth("mix_shift_segment", "chat", None, "channel whose share of repairs grew on 2024-01-01"),
        Truth("pilot_start_on", PILOT.start_on, None, "six weeks before the quarter's end"),
        Truth("tenure_effect", -0.10, None, "resolved share on the first day; fades as exp(−days ÷ 90)"),
        Truth("agent_effect_sd", 0.025, None, "resolved share, by agent"),
        Truth("customer_effect_sd", 0.04, None, "resolved share, by customer"),
        Truth("day_effect_sd", 0.012, None, "resolved share, by day"),
        Truth("complaints_repeated", None, int(repeated.sum()), "all quarters: found again by review, not counted"),
    ]
