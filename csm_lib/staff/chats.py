"""Text contacts: an agent holds several chats at once and answers each more slowly for it.

While somebody waits every agent is full, so the line is that of the phone with a capacity of its own. What happens
while nobody waits depends on how chats lie over the agents: a new one goes to whoever holds fewest, and a chat stays
where it is. `csm_lib.staff.chat_loads` works that out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from csm_lib.errors import SettingError
from csm_lib.staff.arguments import checked, whole
from csm_lib.staff.chat_loads import Loads, loads_of
from csm_lib.staff.steady_state import waiting_line
from csm_lib.staff.targets import checked_targets, fewest, is_met, with_shrinkage

__all__ = ["ChatPerformance", "chat_agents_needed", "chat_performance"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ChatPerformance:
    """What customers and agents of a chat queue experience in the long run; every field has the broadcast shape.

    Attributes
    ----------
    arrivals_per_h, handle_s, agents, max_chats, patience_s, threshold_s : ndarray of float
        The call's arguments.
    load_erlang : ndarray of float
        Arrivals times the handle time of a chat held alone.
    occupancy : ndarray of float
        Share of an agent's time with at least one chat.
    chats_per_agent : ndarray of float
        Mean number of chats an agent holds, idle time included.
    chat_s : ndarray of float
        Mean time from the agent's first answer to the end of the chat, slowed by the others; NaN without chats.
    wait_probability, mean_wait_offered_s, mean_wait_answered_s, abandon_share : ndarray of float
        As in `csm_lib.staff.queues.QueuePerformance`; the wait ends when an agent takes the chat.
    service_level, service_level_of_answered, virtual_service_level, queue_length : ndarray of float
        Likewise.

    Examples
    --------
    >>> float(chat_performance(60, 60, 2, max_chats=1).wait_probability.round(4))
    0.3333
    """

    arrivals_per_h: Floats
    handle_s: Floats
    agents: Floats
    max_chats: Floats
    patience_s: Floats
    threshold_s: Floats
    load_erlang: Floats
    occupancy: Floats
    chats_per_agent: Floats
    chat_s: Floats
    wait_probability: Floats
    mean_wait_offered_s: Floats
    mean_wait_answered_s: Floats
    abandon_share: Floats
    service_level: Floats
    service_level_of_answered: Floats
    virtual_service_level: Floats
    queue_length: Floats


def chat_performance(
    arrivals_per_h: ArrayLike,
    handle_s: ArrayLike,
    agents: ArrayLike,
    *,
    max_chats: ArrayLike,
    slowdown: float | Sequence[float] = 0.0,
    patience_s: ArrayLike = math.inf,
    threshold_s: ArrayLike = 20.0,
) -> ChatPerformance:
    """Compute the steady state of a queue whose agents hold several chats at once.

    Parameters
    ----------
    arrivals_per_h, patience_s, threshold_s : array_like of float
        As in `csm_lib.staff.queues.performance`.
    handle_s : array_like of float
        Mean time of a chat that its agent holds alone, in seconds, above 0.
    agents : array_like of int
        Agents able to answer, whole numbers, 0 or more.
    max_chats : array_like of int
        Chats an agent holds at most, whole numbers, 1 or more.
    slowdown : float or sequence of float, default 0
        How much longer a chat takes for each further chat of its agent: 0.3 means 1.3 times as long beside one other,
        1.6 times beside two. Or the factors themselves for 1, 2, ... chats, each at least 1, as many as the largest
        `max_chats`.

    Returns
    -------
    ChatPerformance
        Arrays of the broadcast shape.

    Raises
    ------
    SettingError
        If an argument is out of its range.

    Notes
    -----
    Poisson arrivals; the work in a chat and patience are exponential. An agent with `k` chats finishes
    ``k / (handle_s factor_k)`` a second, so how fast depends on the state (processor sharing, Kleinrock 1976). Teams
    with up to 500 states of their loads are solved exactly; larger ones are taken as balanced, to which joining the
    shortest of many queues tends (Mitzenmacher 2001).

    Examples
    --------
    Two at once without slowing is as good as twice the agents.

    >>> twice = chat_performance(200, 180, 7, max_chats=2)
    >>> float(twice.service_level.round(4))
    0.8884
    """
    given = _checked_chats(arrivals_per_h, handle_s, max_chats, slowdown, patience_s, threshold_s)
    given["agents"] = whole("agents", agents)
    columns = dict(zip(given, np.broadcast_arrays(*given.values()), strict=True))
    inputs = {name: np.array(column, dtype=float) for name, column in columns.items()}
    shape = inputs["agents"].shape
    factors = _factors(slowdown, int(inputs["max_chats"].max(initial=1.0)))
    found = _steady_chats({name: column.ravel() for name, column in inputs.items()}, factors)
    return ChatPerformance(**inputs, **{name: column.reshape(shape) for name, column in found.items()})


def chat_agents_needed(
    arrivals_per_h: ArrayLike,
    handle_s: ArrayLike,
    *,
    max_chats: ArrayLike,
    slowdown: float | Sequence[float] = 0.0,
    threshold_s: ArrayLike = 20.0,
    service_level: ArrayLike | None = None,
    max_abandon: ArrayLike | None = None,
    max_occupancy: ArrayLike | None = None,
    max_mean_wait_offered_s: ArrayLike | None = None,
    patience_s: ArrayLike = math.inf,
    shrinkage: ArrayLike = 0.0,
) -> NDArray[np.int64]:
    """Find the fewest chat agents that meet every target given.

    Parameters
    ----------
    arrivals_per_h, handle_s, max_chats, slowdown, patience_s, threshold_s
        As in `chat_performance`.
    service_level, max_abandon, max_occupancy, max_mean_wait_offered_s, shrinkage
        As in `csm_lib.staff.queues.agents_needed`; occupancy is the share of time with at least one chat.

    Returns
    -------
    ndarray of int
        Agents to schedule.

    Raises
    ------
    SettingError
        If no target is given or an argument is out of its range.

    Examples
    --------
    >>> int(chat_agents_needed(200, 180, max_chats=2, service_level=0.8))
    7
    """
    targets = checked_targets(service_level, max_abandon, max_occupancy, max_mean_wait_offered_s)
    given = _checked_chats(arrivals_per_h, handle_s, max_chats, slowdown, patience_s, threshold_s)
    shrunk = checked("shrinkage", shrinkage, low=0.0, high=1.0, is_high_included=False)
    columns = np.broadcast_arrays(shrunk, *given.values(), *targets.values())
    flat = [np.array(column, dtype=float).ravel() for column in columns]
    queue, bounds = dict(zip(given, flat[1:], strict=False)), dict(zip(targets, flat[1 + len(given) :], strict=True))
    factors = _factors(slowdown, int(queue["max_chats"].max(initial=1.0)))

    def enough(agents: Floats, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        some = {name: column[rows] for name, column in queue.items()}
        found = _steady_chats(some | {"agents": agents}, factors)
        return is_met(found, some["arrivals_per_h"], {name: bound[rows] for name, bound in bounds.items()})

    fastest = queue["max_chats"] / factors[queue["max_chats"].astype(int) - 1]
    load = queue["arrivals_per_h"] / 3600.0 * queue["handle_s"] / fastest
    return with_shrinkage(fewest(load, enough, most=np.full(load.shape, np.inf)), flat[0]).reshape(columns[0].shape)


def _checked_chats(arrivals_per_h: ArrayLike, handle_s: ArrayLike, max_chats: ArrayLike,
                   slowdown: float | Sequence[float], patience_s: ArrayLike,
                   threshold_s: ArrayLike) -> dict[str, Floats]:
    chats = whole("max_chats", max_chats)
    checked("max_chats", max_chats, low=1.0)
    factors = np.asarray(slowdown, dtype=float)
    if factors.ndim:
        checked("slowdown", factors, low=1.0)
        if factors.ndim > 1 or factors.size < chats.max(initial=1.0):
            raise SettingError(f"slowdown must give a factor for each number of chats up to {int(chats.max())}, got "
                               f"{factors.size} factors. Add the missing ones.")
    else:
        checked("slowdown", factors, low=0.0)
    return {
        "arrivals_per_h": checked("arrivals_per_h", arrivals_per_h, low=0.0),
        "handle_s": checked("handle_s", handle_s, low=0.0, is_low_included=False),
        "max_chats": chats,
        "patience_s": checked("patience_s", patience_s, low=0.0, is_low_included=False, is_infinite_allowed=True),
        "threshold_s": checked("threshold_s", threshold_s, low=0.0),
    }


def _factors(slowdown: float | Sequence[float], most: int) -> Floats:
    """Factors of the handle time for 1, 2, ... chats at once."""
    given = np.asarray(slowdown, dtype=float)
    return given if given.ndim else 1.0 + float(given) * np.arange(most, dtype=float)


def _steady_chats(queue: dict[str, Floats], factors: Floats) -> dict[str, Floats]:
    load = queue["arrivals_per_h"] / 3600.0 * queue["handle_s"]
    speeds = np.concatenate([[0.0], np.arange(1, factors.size + 1) / factors])
    out = {name: np.zeros(load.shape) for name in ("occupancy", "chats_per_agent", "wait_probability", "abandon_share",
                                                   "mean_wait_offered_s", "mean_wait_answered_s")}
    out |= {name: np.ones(load.shape) for name in ("service_level", "service_level_of_answered",
                                                   "virtual_service_level")}
    out |= {"load_erlang": load, "chat_s": np.full(load.shape, np.nan)}
    busy = load > 0
    if busy.any():
        a, n, m, handle = (column[busy] for column in (load, queue["agents"], queue["max_chats"], queue["handle_s"]))
        loads = loads_of(a, n, m, speeds)
        line = waiting_line(a, n * speeds[m.astype(int)], handle, loads.log_blocked, queue["patience_s"][busy],
                            queue["threshold_s"][busy])
        for name, values in (line | _of_agents(a, n, m, handle, line, loads)).items():
            out[name][busy] = values
    out["queue_length"] = np.where(busy, queue["arrivals_per_h"] / 3600.0 * out["mean_wait_offered_s"], 0.0)
    return out


def _of_agents(load: Floats, agents: Floats, max_chats: Floats, handle_s: Floats, line: dict[str, Floats],
               loads: Loads) -> dict[str, Floats]:
    """What agents experience: the loads without a line, and everybody full with one."""
    full = line["wait_probability"]
    chats = loads.chats_if_not_full * (1.0 - full) + max_chats * full
    occupancy = np.where(agents > 0, loads.busy_if_not_full * (1.0 - full) + full, 1.0)
    chats = np.where(agents > 0, chats, 0.0)
    answered = load * (1.0 - line["abandon_share"])
    # in an overload without patience as many leave as agents can finish
    answered = np.where(np.isinf(line["mean_wait_offered_s"]), np.minimum(answered, loads.capacity), answered)
    has_chats = (agents > 0) & (answered > 0)
    chat_s = np.where(has_chats, chats * agents * handle_s / np.where(has_chats, answered, 1.0), np.nan)
    return {"occupancy": occupancy, "chats_per_agent": chats, "chat_s": chat_s}
