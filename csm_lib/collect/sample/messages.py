"""The chat tool's messages: it keeps them for half a year, so only the last quarters' chats have any.

A chat begins with the wish for a human and the first reply that the contact tells of.
"""

from __future__ import annotations

import numpy as np

from csm_lib.collect.sample.clock import quarter_of
from csm_lib.collect.sample.contacts import CHAT, Columns
from csm_lib.collect.sample.organisation import PLANTED, QUARTERS

__all__ = ["FIRST_QUARTER", "SENDERS", "draw_messages"]

SENDERS = ("customer", "agent")
FIRST_QUARTER = [row.name for row in QUARTERS].index("2023Q4")
_ROUNDS = 4
_GOES_ON, _SAYS_THANKS = 0.7, 0.3


def draw_messages(rng: np.random.Generator, contacts: Columns) -> Columns:
    """Give one row per message, in order of contact and time.

    Parameters
    ----------
    rng : Generator
    contacts : dict of ndarray, shape (n_contacts,)
        Reads channel, created, queue, first, closed.

    Returns
    -------
    dict of ndarray
        contact (row number), sent (local seconds), sender (index into `SENDERS`).
    """
    kept = (contacts["channel"] == CHAT) & (contacts["first"] >= 0) & (contacts["closed"] >= 0)
    chats = np.flatnonzero(kept & (quarter_of(contacts["created"]) >= FIRST_QUARTER))
    last, closed = contacts["first"][chats].astype(np.int64), contacts["closed"][chats].astype(np.int64)
    asked = contacts["queue"][chats].astype(np.int64)
    parts = [(chats, asked, 0), (chats, np.maximum(last, asked + 1), 1)]
    talks = np.ones(len(chats), dtype=bool)
    for _ in range(_ROUNDS):
        says = last + rng.integers(15, 120, len(chats))
        replies = says + _reply_s(rng, len(chats))
        talks &= (rng.random(len(chats)) < _GOES_ON) & (replies < closed)
        parts += [(chats[talks], says[talks], 0), (chats[talks], replies[talks], 1)]
        last = np.where(talks, replies, last)
    thanks = last + rng.integers(3, 40, len(chats))
    ends = (rng.random(len(chats)) < _SAYS_THANKS) & (thanks < closed)
    parts.append((chats[ends], thanks[ends], 0))
    contact, sent = (np.concatenate([part[place] for part in parts]) for place in (0, 1))
    sender = np.concatenate([np.full(len(part[0]), part[2], np.int8) for part in parts])
    order = np.lexsort((sender, sent, contact))
    return {"contact": contact[order], "sent": sent[order], "sender": sender[order]}


def _reply_s(rng: np.random.Generator, count: int) -> np.ndarray:
    """Draw replies to later messages, whole seconds of at least one, with the planted mean before chats end."""
    drawn = rng.lognormal(np.log(PLANTED["later_reply_s"]) - 0.125, 0.5, count)
    return np.maximum(1, np.round(drawn)).astype(np.int64)
