"""The sample's contacts: when they come, who takes them and how long that lasts — before anybody knows how they end.

Phone calls come out of the queue simulation; chats and app messages are accepted at once by agents who may hold
several; e-mails are answered in office hours. Outcomes are added by `outcomes`.
"""

from __future__ import annotations

import numpy as np

from csm_lib.collect.sample.clock import DAY_S, HOUR_S, MISSING, N_DAYS, quarter_of
from csm_lib.collect.sample.organisation import CHANNELS, ISSUES, PRODUCTS, QUARTERS, SEGMENTS
from csm_lib.collect.sample.people import CHAT_SHIFTS, Agents, Rota
from csm_lib.collect.sample.phone import CLOSE_S, OPEN_S, PhonePlan, draw_calls, phone_blocks, scaled
from csm_lib.collect.sample.queue_events import serve

__all__ = [
    "APP",
    "CHAT",
    "EMAIL",
    "PHONE",
    "Columns",
    "calls_of",
    "channel_counts",
    "emails_of",
    "join",
    "open_at_start",
    "segment_of",
    "texts_of",
    "with_subjects",
]

PHONE, CHAT, APP, EMAIL = range(4)
Columns = dict[str, np.ndarray]

_INSTANTS = ("queue", "answered", "abandoned", "first", "resolved", "closed", "withdrawn")
_COUNTS = ("talk", "hold", "wrap", "handle")


def _blank(created: np.ndarray, channel: np.ndarray | int) -> Columns:
    """Give the columns of contacts about which only time and channel are known; instants and counts are `MISSING`."""
    n_contacts = len(created)
    columns: Columns = {
        "created": created.astype(np.int32),
        "channel": np.broadcast_to(np.asarray(channel, np.int8), n_contacts).copy(),
    }
    columns |= {name: np.full(n_contacts, MISSING, np.int32) for name in (*_INSTANTS, *_COUNTS, "agent")}
    return columns | {"bot": np.zeros(n_contacts, bool)}


def calls_of(
    rng: np.random.Generator, per_day: np.ndarray, *, plan: PhonePlan, rota: Rota, agents: Agents, added: int
) -> Columns:
    """Play the phone queue of all days and give its calls, the out-of-hours ones included.

    Parameters
    ----------
    rng : Generator
    per_day : ndarray of int, shape (n_days,)
        Calls in opening hours.
    plan : PhonePlan
    rota : Rota
    agents : Agents
    added : int
        Agents from 17 to 21 beyond the plan's usual shifts.
    """
    calls = draw_calls(rng, per_day)
    blocks, seats = phone_blocks(plan, added=added)
    answer_s, block = serve(scaled(calls, plan), blocks, close_s=CLOSE_S)
    midnight = calls.day * DAY_S
    queue = midnight + np.floor(calls.queue_s).astype(np.int64)
    menu_s = np.minimum(rng.integers(5, 26, len(queue)), queue - midnight - OPEN_S)
    columns = _blank(queue - menu_s, PHONE)
    columns["queue"] = queue.astype(np.int32)
    served = block >= 0
    answered = midnight + np.floor(np.nan_to_num(answer_s)).astype(np.int64)
    columns["answered"] = np.where(served, np.maximum(answered, queue), MISSING).astype(np.int32)
    columns["first"] = columns["answered"].copy()
    left = midnight + np.minimum(calls.queue_s + calls.patience_s * plan.patience_s, CLOSE_S).astype(np.int64)
    columns["abandoned"] = np.where(served, MISSING, np.maximum(left, queue + 1)).astype(np.int32)
    _split_handle(rng, columns, np.maximum(15, calls.handle_s * plan.handle_s).astype(np.int32), served)
    columns["closed"] = np.where(
        served, columns["answered"] + columns["talk"] + columns["hold"], columns["abandoned"]
    ).astype(np.int32)
    position = np.array([place for place, _ in seats])[block]
    holder = agents.holder[rota.phone[calls.day, position], calls.day]
    columns["agent"] = np.where(served, holder, MISSING).astype(np.int32)
    return join([columns, _night_calls(rng, per_day)])


def _split_handle(rng: np.random.Generator, columns: Columns, handle: np.ndarray, served: np.ndarray) -> None:
    """Split handle time into talk, hold and wrap-up; writes the columns."""
    n_calls = len(handle)
    wrap = (handle * rng.uniform(0.10, 0.26, n_calls)).astype(np.int32)
    hold = (handle * rng.uniform(0.03, 0.20, n_calls) * (rng.random(n_calls) < 0.4)).astype(np.int32)
    for name, part in (("talk", handle - wrap - hold), ("hold", hold), ("wrap", wrap), ("handle", handle)):
        columns[name] = np.where(served, part, MISSING).astype(np.int32)


def _night_calls(rng: np.random.Generator, per_day: np.ndarray) -> Columns:
    """Give calls outside opening hours: they hear the announcement and never enter the queue."""
    day = np.repeat(np.arange(N_DAYS), rng.binomial(per_day, 0.015))
    second = rng.integers(CLOSE_S + 120, DAY_S + OPEN_S - 600, len(day)) % DAY_S
    columns = _blank(day * DAY_S + second, PHONE)
    columns["closed"] = columns["created"] + rng.integers(8, 30, len(day), dtype=np.int32)
    return columns


def texts_of(rng: np.random.Generator, per_day: np.ndarray, channel: int, *, rota: Rota, agents: Agents) -> Columns:
    """Give chats or app messages: a bot first, then an agent who may hold several at once.

    The first human reply is left `MISSING`; it depends on how many contacts the agent holds (`outcomes.first_replies`).
    """
    day = np.repeat(np.arange(N_DAYS), per_day)
    n_texts = len(day)
    hour_share = np.array([5, 7, 8, 8, 7, 7, 8, 8, 8, 7, 7, 8, 7, 5], dtype=float)
    second = (rng.choice(np.arange(8, 22), n_texts, p=hour_share / hour_share.sum()) + rng.random(n_texts)) * HOUR_S
    created = np.sort(day * DAY_S + np.minimum(second, CLOSE_S - 240).astype(np.int64))
    columns = _blank(created, channel)
    kind = rng.random(n_texts)
    bot, abandons = kind < 0.22, (kind >= 0.22) & (kind < 0.26)
    human = ~bot & ~abandons
    bot_s = rng.integers(10, 90, n_texts)
    columns["bot"] = bot
    columns["queue"] = np.where(bot, MISSING, created + bot_s).astype(np.int32)
    columns["answered"] = np.where(human, columns["queue"] + rng.integers(1, 9, n_texts), MISSING).astype(np.int32)
    gave_up = columns["queue"] + 5 + rng.exponential(70, n_texts).astype(np.int32)
    columns["abandoned"] = np.where(abandons, gave_up, MISSING).astype(np.int32)
    stay_s = np.maximum(200, rng.lognormal(np.log(1500) - 0.125, 0.5, n_texts)).astype(np.int32)
    columns["handle"] = np.where(human, stay_s * rng.uniform(0.25, 0.40, n_texts), MISSING).astype(np.int32)
    end = np.where(human, columns["answered"] + stay_s, np.where(bot, created + bot_s, gave_up))
    columns["closed"] = end.astype(np.int32)
    columns["agent"] = np.where(human, _chat_agent(rng, columns["answered"], rota, agents), MISSING).astype(np.int32)
    return columns


def _chat_agent(rng: np.random.Generator, answered: np.ndarray, rota: Rota, agents: Agents) -> np.ndarray:
    """Give the agent of each chat: routed unevenly, some places of a shift get three times the chats of others."""
    day = np.clip(answered // DAY_S, 0, N_DAYS - 1)
    shift = (answered % DAY_S >= CHAT_SHIFTS[0][1] * HOUR_S).astype(int)
    places = rota.chat.shape[2]
    weights = np.linspace(1, 3, places) if places > 1 else np.ones(1)
    place = rng.choice(places, len(answered), p=weights / weights.sum())
    return agents.holder[rota.chat[day, shift, place], day]


def emails_of(rng: np.random.Generator, per_day: np.ndarray, *, rota: Rota, agents: Agents) -> Columns:
    """Give e-mails; when they are answered and solved depends on what they are about (`process`)."""
    day = np.repeat(np.arange(N_DAYS), per_day)
    hour_share = np.array([1, 1, 0.5, 0.5, 0.5, 0.5, 1, 3, 7, 9, 9, 8, 7, 7, 8, 8, 8, 7, 6, 5, 5, 4, 3, 2], dtype=float)
    second = (rng.choice(24, len(day), p=hour_share / hour_share.sum()) + rng.random(len(day))) * HOUR_S
    created = np.sort(day * DAY_S + second.astype(np.int64))
    if len(created):
        created[-1] = N_DAYS * DAY_S - 1  # the export was made at the end of the last day
    columns = _blank(created, EMAIL)
    place = rng.integers(0, rota.ticket.shape[1], len(day))
    email_day = created // DAY_S
    columns["agent"] = agents.holder[rota.ticket[email_day, place], email_day].astype(np.int32)
    return columns


def join(parts: list[Columns]) -> Columns:
    """Put contacts of several channels under one another."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def open_at_start(agent: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Count, for each contact, the other contacts that its agent holds when it starts.

    Parameters
    ----------
    agent, start, end : ndarray of int, shape (n,)

    Examples
    --------
    >>> open_at_start(np.array([1, 1, 2, 1]), np.array([0, 5, 5, 30]), np.array([20, 25, 9, 40])).tolist()
    [0, 1, 0, 0]
    """
    span = np.int64(N_DAYS + 30) * DAY_S
    starts = np.sort(agent * span + start)
    ends = np.sort(agent * span + end)
    here = agent * span + start
    return np.searchsorted(starts, here, side="left") - np.searchsorted(ends, here, side="right")


def with_subjects(rng: np.random.Generator, columns: Columns, *, n_customers: int) -> Columns:
    """Add who asks and what about: customer, issue, product, priority; −1 where the system did not note it."""
    n_contacts = len(columns["created"])
    activity = rng.gamma(1.5, 1.0, n_customers).cumsum()
    customer = np.searchsorted(activity, rng.random(n_contacts) * activity[-1]).astype(np.int32)
    customer[rng.random(n_contacts) < 0.02] = MISSING
    issue = _issue(rng, columns)
    product_share = np.array([product.share for product in PRODUCTS])
    product = rng.choice(len(PRODUCTS), n_contacts, p=product_share).astype(np.int8)
    priority = rng.choice(4, n_contacts, p=[0.10, 0.72, 0.14, 0.04]).astype(np.int8)
    return columns | {"customer": customer, "issue": issue, "product": product, "priority": priority}


def _issue(rng: np.random.Generator, columns: Columns) -> np.ndarray:
    """Draw issues by channel; chat gets far more repairs from 2024Q1 on (the planted mix shift)."""
    n_contacts = len(columns["created"])
    live = np.array([issue.live_share for issue in ISSUES])
    email = np.array([issue.email_share for issue in ISSUES])
    issue = rng.choice(len(ISSUES), n_contacts, p=live / live.sum()).astype(np.int8)
    is_email = columns["channel"] == EMAIL
    issue[is_email] = rng.choice(len(ISSUES), int(is_email.sum()), p=email / email.sum())
    # after-sales tickets are filed in office hours, so that their two hours are hours of work
    second = columns["created"] % DAY_S
    is_late = is_email & ((second < OPEN_S) | (second > 18 * HOUR_S))
    other = email * np.array([row.stage != "after-sales" for row in ISSUES])
    issue[is_late] = rng.choice(len(ISSUES), int(is_late.sum()), p=other / other.sum())
    repair = [row.code for row in ISSUES].index("repair")
    shifted = (columns["channel"] == CHAT) & (quarter_of(columns["created"]) >= len(QUARTERS) - 2)
    issue[shifted & (rng.random(n_contacts) < 0.17) & (issue != repair)] = repair
    issue[rng.random(n_contacts) < 0.01] = MISSING
    return issue


def segment_of(rng: np.random.Generator, n_customers: int) -> np.ndarray:
    """Draw each customer's segment, shape (n_customers,)."""
    share = np.array([segment.share for segment in SEGMENTS])
    return rng.choice(len(SEGMENTS), n_customers, p=share).astype(np.int8)


def channel_counts(n_contacts: int) -> list[int]:
    """Split a quarter's contacts over the channels.

    Examples
    --------
    >>> sum(channel_counts(999))
    999
    """
    counts = [round(n_contacts * channel.share) for channel in CHANNELS]
    counts[0] += n_contacts - sum(counts)
    return counts
