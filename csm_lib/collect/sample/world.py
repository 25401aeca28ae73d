"""The whole sample in memory: one random stream per part, so that a change in one leaves the others as they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from csm_lib.collect.sample.clock import DAY_S, HOUR_S, N_DAYS, day_weights, quarter_of
from csm_lib.collect.sample.complaints import draw_complaints, draw_orders
from csm_lib.collect.sample.contacts import (
    APP,
    CHAT,
    EMAIL,
    PHONE,
    Columns,
    calls_of,
    channel_counts,
    emails_of,
    join,
    segment_of,
    texts_of,
    with_subjects,
)
from csm_lib.collect.sample.messages import draw_messages
from csm_lib.collect.sample.organisation import QUARTERS
from csm_lib.collect.sample.outcomes import PLANTED_QUARTER, settle_outcomes
from csm_lib.collect.sample.people import Agents, Shifts, draw_rota, hire, plan_desks, write_shifts
from csm_lib.collect.sample.phone import PhonePlan, plan_phone
from csm_lib.collect.sample.process import status_log
from csm_lib.collect.sample.responses import leave_waiting, time_emails, time_first_replies
from csm_lib.collect.sample.reviews import draw_reviews
from csm_lib.collect.sample.survey import draw_surveys
from csm_lib.errors import UsageError

__all__ = ["World", "make_world"]

_FEWEST = 100
_PARTS = ("days", "plan", "people", "rota", "phone", "chat", "app", "email", "subjects", "outcomes", "log")
_LATER_PARTS = ("surveys", "reviews", "complaints", "orders", "names", "dirt", "messages")


@dataclass(frozen=True)
class World:
    """Everything that happened, before it is exported.

    Attributes
    ----------
    plan : PhonePlan
    agents : Agents
    shifts : Shifts
    n_customers : int
    contacts, log, surveys, reviews, complaints, orders, messages : dict of ndarray
        One entry per column, as the functions that draw them say; contacts are in order of creation.
    streams : dict of str to Generator
        Random streams for what the export still draws (names, dirt).
    """

    plan: PhonePlan
    agents: Agents
    shifts: Shifts
    n_customers: int
    contacts: Columns
    log: Columns
    surveys: Columns
    reviews: Columns
    complaints: Columns
    orders: Columns
    messages: Columns
    streams: dict[str, np.random.Generator]


def make_world(*, contacts_per_quarter: int, seed: int, evening_agents_extra: int) -> World:
    """Draw the whole sample.

    Raises
    ------
    UsageError
        If there are too few contacts for the planted shares to exist.
    """
    if contacts_per_quarter < _FEWEST:
        raise UsageError(
            f"contacts_per_quarter must be at least {_FEWEST}, got {contacts_per_quarter!r}. Ask for a larger sample."
        )
    names = (*_PARTS, *_LATER_PARTS)
    seeds = np.random.SeedSequence(seed).spawn(len(names))
    streams = {name: np.random.default_rng(sequence) for name, sequence in zip(names, seeds, strict=True)}
    weights = day_weights(streams["days"])
    per_day = _contacts_per_day(streams["days"], weights, contacts_per_quarter)
    quarter = quarter_of(np.arange(N_DAYS, dtype=np.int64) * DAY_S)
    planted = weights[quarter == PLANTED_QUARTER] * channel_counts(contacts_per_quarter)[PHONE]
    plan = plan_phone(streams["plan"], planted)
    desks = plan_desks(
        plan,
        added=evening_agents_extra,
        chats_at_once=0.8 * (per_day[CHAT] + per_day[APP]).mean() / 14 * 1500 / HOUR_S,
        tickets_a_day=float(per_day[EMAIL].mean()),
    )
    agents, rota = hire(streams["people"], desks), draw_rota(streams["rota"], desks)
    parts = [
        calls_of(streams["phone"], per_day[PHONE], plan=plan, rota=rota, agents=agents, added=evening_agents_extra),
        texts_of(streams["chat"], per_day[CHAT], CHAT, rota=rota, agents=agents),
        texts_of(streams["app"], per_day[APP], APP, rota=rota, agents=agents),
        emails_of(streams["email"], per_day[EMAIL], rota=rota, agents=agents),
    ]
    n_customers = max(400, round(0.32 * per_day.sum()))
    contacts = _finish_contacts(streams, join(parts), n_customers=n_customers, agents=agents)
    return World(
        plan=plan,
        agents=agents,
        shifts=write_shifts(plan, rota, agents, added=evening_agents_extra),
        n_customers=n_customers,
        contacts=contacts,
        log=status_log(streams["log"], contacts),
        surveys=draw_surveys(streams["surveys"], contacts, agents=agents, salt=seed % 60),
        reviews=draw_reviews(streams["reviews"], contacts, agents=agents),
        complaints=draw_complaints(streams["complaints"], contacts),
        orders=draw_orders(streams["orders"], contacts),
        messages=draw_messages(streams["messages"], contacts),
        streams=streams,
    )


def _contacts_per_day(rng: np.random.Generator, weights: np.ndarray, contacts_per_quarter: int) -> np.ndarray:
    """Spread each quarter's contacts over channels and days; shape (n_channels, n_days)."""
    quarter = quarter_of(np.arange(N_DAYS, dtype=np.int64) * DAY_S)
    counts = np.zeros((4, N_DAYS), dtype=np.int64)
    for number, row in enumerate(QUARTERS):
        days = np.flatnonzero(quarter == number)
        share = weights[days] / weights[days].sum()
        for channel, count in enumerate(channel_counts(round(row.volume * contacts_per_quarter))):
            counts[channel, days] = rng.multinomial(count, share)
    return counts


def _finish_contacts(
    streams: dict[str, np.random.Generator], contacts: Columns, *, n_customers: int, agents: Agents
) -> Columns:
    """Put contacts in order of creation and add subjects, first replies and outcomes."""
    order = np.argsort(contacts["created"], kind="stable")
    contacts = leave_waiting({name: values[order] for name, values in contacts.items()})
    contacts = with_subjects(streams["subjects"], contacts, n_customers=n_customers)
    contacts = time_first_replies(streams["subjects"], time_emails(streams["subjects"], contacts))
    segment = segment_of(streams["subjects"], n_customers)
    solved = contacts["resolved"].copy()
    contacts = settle_outcomes(streams["outcomes"], contacts, agents=agents, segment=segment)
    return contacts | {"solved": solved}
