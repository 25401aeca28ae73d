"""When the first human reply comes: slow where an agent holds many chats, and 35 s on average over live contacts.

E-mails are timed here too: after-sales tickets go through their approvals and take two hours.
"""

from __future__ import annotations

import numpy as np

from csm_lib.collect.sample.clock import DAY_S, HOUR_S, MISSING, N_DAYS, quarter_of
from csm_lib.collect.sample.contacts import APP, CHAT, EMAIL, Columns, open_at_start
from csm_lib.collect.sample.organisation import ISSUES, PLANTED, QUARTERS
from csm_lib.collect.sample.phone import OPEN_S

__all__ = ["is_handled", "is_ticket", "leave_waiting", "time_emails", "time_first_replies"]

_OFFICE_END_S = 19 * HOUR_S


def is_handled(columns: Columns) -> np.ndarray:
    """Tell which contacts a human worked on (a human reply came)."""
    return columns["first"] >= 0


def is_ticket(columns: Columns) -> np.ndarray:
    """Tell which contacts are after-sales tickets: e-mails about something that needs the after-sales department."""
    after_sales = np.array([issue.stage == "after-sales" for issue in ISSUES] + [False])
    return (columns["channel"] == EMAIL) & after_sales[columns["issue"]]


def leave_waiting(columns: Columns) -> Columns:
    """Leave the last few texts of the last day unanswered: they still wait when the data ends."""
    texts = np.isin(columns["channel"], (CHAT, APP)) & (columns["answered"] >= 0)
    last = np.flatnonzero(texts & (columns["created"] >= (N_DAYS - 1) * DAY_S))[-3:]
    waiting = {name: columns[name].copy() for name in ("answered", "closed", "agent", "handle")}
    for values in waiting.values():
        values[last] = MISSING
    return columns | waiting


def time_emails(rng: np.random.Generator, columns: Columns) -> Columns:
    """Time first reply, resolution and end of e-mails; a few are withdrawn by the customer before anybody replies."""
    emails = np.flatnonzero(columns["channel"] == EMAIL)
    created = columns["created"][emails].astype(np.int64)
    n_emails = len(emails)
    second = created % DAY_S
    wait_s = np.where(second < OPEN_S, OPEN_S - second, np.where(second > _OFFICE_END_S, DAY_S + OPEN_S - second, 0))
    ticket = is_ticket(columns)[emails]
    spent_s = _ticket_times(rng, quarter_of(created), ticket)
    reply_s = np.where(ticket, 0.1 * spent_s, wait_s + np.minimum(60 + rng.exponential(1500, n_emails), 9000))
    solved_s = np.where(ticket, spent_s, np.minimum(reply_s + 300 + rng.exponential(8000, n_emails), 2 * DAY_S))
    withdrawn = rng.random(n_emails) < 0.015
    end_s = np.where(withdrawn, rng.integers(1800, 5 * HOUR_S, n_emails), solved_s + rng.integers(60, 1800, n_emails))
    timed = {name: columns[name].copy() for name in ("first", "resolved", "closed", "withdrawn", "agent", "handle")}
    timed["first"][emails] = np.where(withdrawn, MISSING, created + reply_s)
    timed["resolved"][emails] = np.where(withdrawn, MISSING, created + solved_s)
    timed["closed"][emails] = created + end_s
    timed["withdrawn"][emails] = np.where(withdrawn, created + end_s, MISSING)
    timed["handle"][emails] = np.where(withdrawn, MISSING, rng.lognormal(np.log(660), 0.4, n_emails))
    for name in ("first", "resolved", "closed", "withdrawn"):
        timed[name][timed[name] >= N_DAYS * DAY_S] = MISSING
    timed["agent"] = np.where((columns["channel"] == EMAIL) & (timed["first"] < 0), MISSING, timed["agent"])
    timed["handle"] = np.where((columns["channel"] == EMAIL) & (timed["first"] < 0), MISSING, timed["handle"])
    return columns | timed


def _ticket_times(rng: np.random.Generator, quarter: np.ndarray, ticket: np.ndarray) -> np.ndarray:
    """Give seconds to resolution with the planted mean over each quarter's tickets; other rows mean nothing."""
    spent = np.clip(rng.lognormal(-0.1, 0.45, len(quarter)), 0.2, 5)
    for number in range(len(QUARTERS)):
        mine = ticket & (quarter == number)
        if mine.any():
            spent[mine] /= spent[mine].mean()
    return spent * PLANTED["ticket_resolution_s"]


def time_first_replies(rng: np.random.Generator, columns: Columns) -> Columns:
    """Time the first human reply of chats and app messages.

    The more the agent holds, the slower; the scale is chosen per quarter so that the mean over all answered live
    contacts (the simulated phone waits are left alone) is the planted one.
    """
    columns = columns | {"first": columns["first"].copy()}
    answered = (columns["channel"] != EMAIL) & (columns["answered"] >= 0)
    texts = answered & np.isin(columns["channel"], (CHAT, APP))
    load = open_at_start(columns["agent"][answered], columns["answered"][answered], columns["closed"][answered])
    held = np.zeros(len(answered), dtype=np.int64)
    held[answered] = load
    slowness = (0.35 + 0.30 * held + 0.25 * np.maximum(held - 3, 0)) * rng.lognormal(-0.125, 0.5, len(answered))
    quarter = quarter_of(columns["created"])
    for number, row in enumerate(QUARTERS):
        chosen = np.flatnonzero(texts & (quarter == number))
        calls = answered & ~texts & (quarter == number)
        room_s = (0.8 * (columns["closed"] - columns["answered"]))[chosen].astype(np.int64)
        accepted_s = (columns["answered"] - columns["queue"])[chosen].sum()
        waited_s = (columns["answered"] - columns["queue"])[calls].sum()
        wanted_s = round(row.first_response_s * (len(chosen) + calls.sum())) - int(accepted_s) - int(waited_s)
        columns["first"][chosen] = columns["answered"][chosen] + _delays(slowness[chosen], room_s, wanted_s)
    return columns


def _delays(slowness: np.ndarray, room_s: np.ndarray, wanted_s: int) -> np.ndarray:
    """Give whole seconds in proportion to slowness, within their room (at least 1 s), that add up to the wanted sum."""
    if not len(slowness):
        return np.zeros(0, dtype=np.int64)
    scale = max(wanted_s, 1) / slowness.sum()
    for _ in range(30):
        delay = np.clip(np.round(scale * slowness), 1, room_s)
        scale *= max(wanted_s, 1) / delay.sum()
    delay = delay.astype(np.int64)
    while miss := wanted_s - int(delay.sum()):
        movable = np.flatnonzero(delay < room_s if miss > 0 else delay > 1)[: abs(miss)]
        if not len(movable):
            break
        delay[movable] += 1 if miss > 0 else -1
    return delay
