"""Agents and their shifts: desks that are always filled, people who come, learn and leave.

A desk is a place in a group (phone, chat, tickets) of a team; one person after the other holds it. Rotas turn over the
desks, so that every team and every person sees every hour.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from csm_lib.collect.sample.clock import DAY_S, HOUR_S, N_DAYS
from csm_lib.collect.sample.organisation import TEAMS
from csm_lib.collect.sample.phone import PhonePlan, phone_blocks

__all__ = [
    "CHAT_SHIFTS",
    "TICKET_SHIFT",
    "Agents",
    "Desks",
    "Rota",
    "Shifts",
    "draw_rota",
    "hire",
    "plan_desks",
    "write_shifts",
]

CHAT_SHIFTS = ((8, 15), (15, 22))
TICKET_SHIFT = (8, 19)


@dataclass(frozen=True)
class Desks:
    """How many desks each group has and how many of them are staffed on a day.

    Attributes
    ----------
    phone, chat, ticket : int
        Desks of the group, a multiple of the number of teams; they are numbered phone first, then chat, then ticket.
    phone_a_day, chat_a_shift, ticket_a_day : int
    """

    phone: int
    chat: int
    ticket: int
    phone_a_day: int
    chat_a_shift: int
    ticket_a_day: int

    @property
    def total(self) -> int:
        """Number of desks of all groups."""
        return self.phone + self.chat + self.ticket


@dataclass(frozen=True)
class Rota:
    """Which desk fills which place on which day; no desk twice a day.

    Attributes
    ----------
    phone : ndarray of int, shape (n_days, phone_a_day)
    chat : ndarray of int, shape (n_days, n_chat_shifts, chat_a_shift)
    ticket : ndarray of int, shape (n_days, ticket_a_day)
    """

    phone: np.ndarray
    chat: np.ndarray
    ticket: np.ndarray


@dataclass(frozen=True)
class Agents:
    """One row per person who ever held a desk; arrays of shape (n_agents,), days counted from 2022-01-01.

    Attributes
    ----------
    desk, team, level : ndarray of int
    hired_day, left_day : ndarray of int
        `left_day` is the first day after the last; `N_DAYS` or more for who is still there.
    skill : ndarray of float
        Standard normal: moves resolution, accuracy and attitude.
    holder : ndarray of int, shape (n_desks, n_days)
        Who holds the desk on the day.
    """

    desk: np.ndarray
    team: np.ndarray
    level: np.ndarray
    hired_day: np.ndarray
    left_day: np.ndarray
    skill: np.ndarray
    holder: np.ndarray


@dataclass(frozen=True)
class Shifts:
    """One row per block of presence; arrays of shape (n_shifts,), instants in local seconds since 2022-01-01."""

    agent: np.ndarray
    kind: np.ndarray
    start_s: np.ndarray
    end_s: np.ndarray
    break_s: np.ndarray


def _up_to_teams(count: float) -> int:
    return int(-(-count // len(TEAMS)) * len(TEAMS))


def plan_desks(plan: PhonePlan, *, added: int, chats_at_once: float, tickets_a_day: float) -> Desks:
    """Size the groups from the phone plan, the mean number of open chats and the daily e-mails."""
    phone_a_day = plan.early + plan.late + plan.split + added
    chat_a_shift = max(1, round(chats_at_once / 2.6))
    ticket_a_day = max(2, round(tickets_a_day / 25))
    return Desks(
        phone=_up_to_teams(1.8 * phone_a_day),
        chat=_up_to_teams(3.0 * chat_a_shift + 1),
        ticket=_up_to_teams(1.5 * ticket_a_day),
        phone_a_day=phone_a_day,
        chat_a_shift=chat_a_shift,
        ticket_a_day=ticket_a_day,
    )


def hire(rng: np.random.Generator, desks: Desks) -> Agents:
    """Fill every desk for the whole time, with leavers and their successors."""
    desk_of, hired, left = [], [], []
    for desk in range(desks.total):
        start = -int(rng.integers(20, 1500))
        while start < N_DAYS:
            end = start + int(120 + rng.exponential(900))
            end = max(end, int(rng.integers(30, 400))) if start < 0 else end
            desk_of.append(desk)
            hired.append(start)
            left.append(end)
            start = end
    n_agents = len(desk_of)
    holder = np.empty((desks.total, N_DAYS), dtype=np.int32)
    for agent, (desk, start, end) in enumerate(zip(desk_of, hired, left, strict=True)):
        holder[desk, max(start, 0) : max(end, 0)] = agent
    skill = rng.standard_normal(n_agents)
    level = np.clip(np.round(1 + 0.6 * skill + 0.4 * rng.standard_normal(n_agents)), 0, 2).astype(int)
    desk_array = np.array(desk_of)
    return Agents(desk_array, desk_array % len(TEAMS), level, np.array(hired), np.array(left), skill, holder)


def draw_rota(rng: np.random.Generator, desks: Desks) -> Rota:
    """Draw each day's places at random, so that no team and nobody is tied to an hour."""

    def shuffled(first: int, count: int, places: int) -> np.ndarray:
        return rng.permuted(np.tile(np.arange(first, first + count), (N_DAYS, 1)), axis=1)[:, :places]

    chat = shuffled(desks.phone, desks.chat, len(CHAT_SHIFTS) * desks.chat_a_shift)
    return Rota(
        phone=shuffled(0, desks.phone, desks.phone_a_day),
        chat=chat.reshape(N_DAYS, len(CHAT_SHIFTS), desks.chat_a_shift),
        ticket=shuffled(desks.phone + desks.chat, desks.ticket, desks.ticket_a_day),
    )


def write_shifts(plan: PhonePlan, rota: Rota, agents: Agents, *, added: int) -> Shifts:
    """Give who was there when, for all groups and days."""
    blocks, seats = phone_blocks(plan, added=added)
    rows = [
        (rota.phone[:, position], kind, start_s, end_s)
        for start_s, end_s, (position, kind) in zip(blocks.start_s, blocks.end_s, seats, strict=True)
    ]
    for shift, (start_h, end_h) in enumerate(CHAT_SHIFTS):
        rows += [(desk, "chat", start_h * HOUR_S, end_h * HOUR_S) for desk in rota.chat[:, shift].T]
    rows += [(desk, "ticket", TICKET_SHIFT[0] * HOUR_S, TICKET_SHIFT[1] * HOUR_S) for desk in rota.ticket.T]
    days = np.arange(N_DAYS)
    start = np.concatenate([days * DAY_S + int(row[2]) for row in rows])
    end = np.concatenate([days * DAY_S + int(row[3]) for row in rows])
    agent = np.concatenate([agents.holder[row[0], days] for row in rows])
    kind = np.repeat(np.array([row[1] for row in rows]), N_DAYS)
    order = np.lexsort((agent, start))
    length_h = (end - start)[order] / HOUR_S
    break_s = np.where(length_h >= 8, 1800, np.where(length_h >= 6, 900, 0))
    return Shifts(agent[order], kind[order], start[order], end[order], break_s)
