"""How chats lie over the agents while nobody waits.

A new chat goes to an agent who holds fewest, and stays there. The state is how many agents hold one, two, ... chats;
its chain is solved as it is for small teams. Larger teams are taken as balanced (nobody holds two more than another),
which makes the total number of chats a birth-and-death chain. For 20 agents with three chats, each slowing the others
by 60 %, that gives six in a hundred chats at once too few, and a wait probability off by a percentage point.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix
from scipy.sparse.linalg import spsolve

__all__ = ["Loads", "loads_of"]

Floats = NDArray[np.float64]

_MOST_STATES = 500
_LEAST = 1e-300


class Loads(NamedTuple):
    """The agents' loads where nobody can wait; arrays of shape (k,).

    Attributes
    ----------
    log_blocked : ndarray of float
        Log of the share of time in which every agent is full.
    chats_if_not_full, busy_if_not_full : ndarray of float
        Mean chats per agent, and share of agents with at least one, over the rest of the time.
    capacity : ndarray of float
        Chats finished per handle time when every agent is full.
    """

    log_blocked: Floats
    chats_if_not_full: Floats
    busy_if_not_full: Floats
    capacity: Floats


def loads_of(load: Floats, agents: Floats, max_chats: Floats, speeds: Floats) -> Loads:
    """Solve for the agents' loads.

    Parameters
    ----------
    load : ndarray of float, shape (k,)
        Erlangs above 0.
    agents, max_chats : ndarray of float, shape (k,)
        Whole numbers.
    speeds : ndarray of float, shape (largest of max_chats + 1,)
        Chats that an agent who holds 0, 1, 2, ... finishes per handle time.

    Returns
    -------
    Loads

    Examples
    --------
    One agent, two chats, half as fast each: the states 0, 1, 2 are equally likely for one erlang.

    >>> found = loads_of(np.array([1.0]), np.array([1.0]), np.array([2.0]), np.array([0.0, 1.0, 1.0]))
    >>> float(np.exp(found.log_blocked)[0].round(6)), float(found.chats_if_not_full[0].round(6))
    (0.333333, 0.5)
    """
    rows = np.stack([load, agents, max_chats], axis=1)
    different, where = np.unique(rows, axis=0, return_inverse=True)
    found = np.array([_loads_of_one(a, int(n), tuple(speeds[: int(m) + 1])) for a, n, m in different])
    return Loads(*found.reshape(-1, 4)[where.ravel()].T)


def _loads_of_one(load: float, agents: int, speeds: tuple[float, ...]) -> tuple[float, float, float, float]:
    if agents == 0:
        return 0.0, 0.0, 0.0, 0.0
    most = len(speeds) - 1
    is_small = min(agents, most) > 1 and math.comb(agents + most, most) <= _MOST_STATES
    solve = _exact if is_small else _balanced  # one agent, or one chat each, is always balanced
    share, chats, busy = solve(load, agents, speeds)
    blocked = max(float(share[-1]), _LEAST)
    rest = max(float(share[:-1].sum()), _LEAST)
    return (math.log(blocked), float(share[:-1] @ chats[:-1]) / rest / agents,
            float(share[:-1] @ busy[:-1]) / rest / agents, agents * speeds[-1])


def _balanced(load: float, agents: int, speeds: tuple[float, ...]) -> tuple[Floats, Floats, Floats]:
    """Share, chats and busy agents of each total number of chats."""
    chats = np.arange(agents * (len(speeds) - 1) + 1)
    held, more = chats // agents, chats % agents
    speed = np.append(np.array(speeds), 0.0)
    finished = (agents - more) * speed[held] + more * speed[held + 1]
    log_weight = np.concatenate([[0.0], np.cumsum(math.log(load) - np.log(finished[1:]))])
    weight = np.exp(log_weight - log_weight.max())
    return weight / weight.sum(), chats.astype(float), np.minimum(chats, agents).astype(float)


def _exact(load: float, agents: int, speeds: tuple[float, ...]) -> tuple[Floats, Floats, Floats]:
    """The same by the chain of all loads; the last state is the full one."""
    states, arrives_at, ends = _moves(agents, len(speeds) - 1)
    size = len(states)
    from_, to = [np.arange(size - 1)], [arrives_at[:-1]]
    rates = [np.full(size - 1, load)]
    for held, target in enumerate(ends, start=1):
        can = np.flatnonzero(target >= 0)
        from_.append(can)
        to.append(target[can])
        rates.append(states[can, held - 1] * speeds[held])
    rate, start, stop = np.concatenate(rates), np.concatenate(from_), np.concatenate(to)
    # the balance of every state but a likely one, whose share is set to 1 so that no other overflows
    entries = np.concatenate([rate, -rate])
    places = (np.concatenate([stop, start]), np.concatenate([start, start]))
    balance = csc_matrix((entries, places), shape=(size, size))
    chats = states @ np.arange(1, len(speeds))
    held, more = divmod(int(np.argmax(_balanced(load, agents, speeds)[0])), agents)
    spread = [0, *states[0], 0]
    spread[held], spread[held + 1] = agents - more, more
    likely = int(np.flatnonzero((states == spread[1 : len(speeds)]).all(axis=1))[0])
    others = np.delete(np.arange(size), likely)
    share = np.ones(size)
    share[others] = spsolve(balance[others][:, others], -balance[others][:, [likely]].toarray().ravel())
    share = np.maximum(share, 0.0)
    found: Floats = share / share.sum()
    return found, chats.astype(float), states.sum(axis=1).astype(float)


@lru_cache(maxsize=64)
def _moves(agents: int, most: int) -> tuple[NDArray[np.int64], NDArray[np.int64], tuple[NDArray[np.int64], ...]]:
    """States in order of chats, where an arrival leads, and where the end of a chat of each load leads (or -1)."""
    listed = sorted(_compositions(agents, most), key=lambda s: (sum((k + 1) * n for k, n in enumerate(s)), s))
    number = {state: i for i, state in enumerate(listed)}
    arrives_at, ends = [], [[-1] * len(listed) for _ in range(most)]
    for i, state in enumerate(listed):
        idle = agents - sum(state)
        least = 0 if idle else next(k + 1 for k, n in enumerate(state) if n)
        arrives_at.append(number[_moved(state, least, least + 1)] if least < most else i)
        for k in range(1, most + 1):
            if state[k - 1]:
                ends[k - 1][i] = number[_moved(state, k, k - 1)]
    return np.array(listed), np.array(arrives_at), tuple(np.array(each) for each in ends)


def _compositions(agents: int, most: int) -> list[tuple[int, ...]]:
    """All ways in which up to `agents` agents hold 1 to `most` chats."""
    if most == 0:
        return [()]
    return [(n, *rest) for n in range(agents + 1) for rest in _compositions(agents - n, most - 1)]


def _moved(state: tuple[int, ...], held: int, then: int) -> tuple[int, ...]:
    counts = list(state)
    if held:
        counts[held - 1] -= 1
    if then:
        counts[then - 1] += 1
    return tuple(counts)
