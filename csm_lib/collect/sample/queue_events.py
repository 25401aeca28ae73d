"""One pooled queue, played event by event: first come, first served, agents who come and go, customers who give up.

No formula of queueing theory is used here, so that the staffing room can be tested against it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

import numpy as np

__all__ = ["Blocks", "Calls", "serve"]


@dataclass(frozen=True)
class Blocks:
    """The blocks of presence of one day, the same every day; one row per seat and block.

    Attributes
    ----------
    start_s, end_s : tuple of float
        Seconds after midnight. An agent finishes a call that has begun, but takes no new one after the end.
    """

    start_s: tuple[float, ...]
    end_s: tuple[float, ...]


@dataclass(frozen=True)
class Calls:
    """Calls of several days, sorted by day and time; arrays of shape (n_calls,).

    Attributes
    ----------
    day : ndarray of int
    queue_s : ndarray of float
        Second of the day at which the customer asks for a human.
    handle_s, patience_s : ndarray of float
    """

    day: np.ndarray
    queue_s: np.ndarray
    handle_s: np.ndarray
    patience_s: np.ndarray


def serve(calls: Calls, blocks: Blocks, *, close_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Play all days and tell when each call is answered and by whom.

    Parameters
    ----------
    calls : Calls
    blocks : Blocks
    close_s : float
        Second of the day at which the line closes; who still waits is sent away.

    Returns
    -------
    answer_s : ndarray of float, shape (n_calls,)
        Second of the day, NaN where the customer gave up (at queue entry + patience, or at closing time).
    block : ndarray of int, shape (n_calls,)
        Index into `blocks`, −1 where nobody answered.

    Examples
    --------
    >>> two = Calls(np.zeros(2, int), np.array([0.0, 10.0]), np.array([60.0, 60.0]), np.array([9.0, 9.0]))
    >>> serve(two, Blocks((0.0,), (100.0,)), close_s=100.0)[1].tolist()
    [0, -1]
    """
    leave_by = np.minimum(calls.queue_s + calls.patience_s, close_s).tolist()
    queue_s, handle_s = calls.queue_s.tolist(), calls.handle_s.tolist()
    answer_s, block = [float("nan")] * len(queue_s), [-1] * len(queue_s)
    edges = np.searchsorted(calls.day, np.arange(calls.day.max() + 2)) if len(queue_s) else np.zeros(1, int)
    for first, last in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        if last > first:
            _serve_day(range(first, last), queue_s, handle_s, leave_by, blocks, answer_s, block)
    return np.array(answer_s), np.array(block, dtype=np.int64)


def _serve_day(
    numbers: range,
    queue_s: list[float],
    handle_s: list[float],
    leave_by: list[float],
    blocks: Blocks,
    answer_s: list[float],
    block: list[int],
) -> None:
    """Play one day; writes into `answer_s` and `block`."""
    end_s = blocks.end_s
    free = list(zip(blocks.start_s, range(len(end_s)), strict=True))
    heapify(free)
    idle: deque[int] = deque()
    waiting: deque[int] = deque()

    def begin(call: int, now: float, seat: int) -> None:
        answer_s[call] = now
        block[call] = seat
        heappush(free, (now + handle_s[call], seat))

    def release(until: float) -> None:
        """Let every agent who becomes free by then take the longest waiting customer, or sit idle."""
        while free and free[0][0] <= until:
            now, seat = heappop(free)
            if now >= end_s[seat]:
                continue
            while waiting:
                call = waiting.popleft()
                if leave_by[call] > now:
                    begin(call, now, seat)
                    break
            else:
                idle.append(seat)

    for call in numbers:
        now = queue_s[call]
        release(now)
        while idle:
            seat = idle.popleft()
            if end_s[seat] > now:
                begin(call, now, seat)
                break
        else:
            waiting.append(call)
    release(float("inf"))
