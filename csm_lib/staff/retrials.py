"""Customers who were not served and try again.

Whoever hangs up, or finds no line, calls again with a given probability. The queue then sees more attempts than there
are customers, and the more it loses the more it gets. Attempts and losses are one fixed point.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["attempts_per_h"]

Floats = NDArray[np.float64]

_MAX_STEPS = 200
_CLOSE = 1e-13


def attempts_per_h(first_per_h: Floats, retrial_share: Floats, lost_share: Callable[[Floats], Floats]) -> Floats:
    """Find the attempts per hour that first attempts and those who try again make together.

    Parameters
    ----------
    first_per_h : ndarray of float, shape (k,)
        First attempts per hour, 0 or more.
    retrial_share : ndarray of float, shape (k,)
        Share of the unserved who try again, 0 or more, below 1.
    lost_share : callable
        Takes attempts per hour, shape (k,), and gives the share of them that is not served.

    Returns
    -------
    ndarray of float, shape (k,)
        At least the first attempts, at most those over ``1 - retrial_share``.

    Notes
    -----
    Solves ``attempts (1 - retrial_share lost(attempts)) = first``. The approximation: those who try again come back so
    much later that they find the queue as any customer does (Poisson, in its long-run state); Cohen 1957 shows it exact
    as the time to the next attempt grows. Somebody who redials at once meets a worse queue than this says. The left
    side rises with the attempts, so the root is the only one; false position with the Illinois correction finds it.

    Examples
    --------
    A queue that always loses half, half of whom try again: a / (1 - 1/4).

    >>> attempts_per_h(np.array([30.0]), np.array([0.5]), lambda attempts: np.full(attempts.shape, 0.5))
    array([40.])
    """

    def excess(attempts: Floats) -> Floats:
        return attempts * (1.0 - retrial_share * lost_share(attempts)) - first_per_h

    low, high = first_per_h.copy(), first_per_h / (1.0 - retrial_share)
    at_low, at_high = excess(low), excess(high)
    side = np.zeros(low.shape)
    for _ in range(_MAX_STEPS):
        width = at_high - at_low
        is_flat = width <= 0
        middle = np.where(is_flat, low, high - at_high * (high - low) / np.where(is_flat, 1.0, width))
        middle = np.clip(middle, low, high)
        at_middle = excess(middle)
        if (np.abs(at_middle) <= _CLOSE * first_per_h).all():
            return middle
        below = at_middle < 0
        # Illinois: an end that stays twice has its value halved, so that it moves
        at_high = np.where(below & (side < 0), at_high / 2.0, at_high)
        at_low = np.where(~below & (side > 0), at_low / 2.0, at_low)
        side = np.where(below, -1.0, 1.0)
        low, at_low = np.where(below, middle, low), np.where(below, at_middle, at_low)
        high, at_high = np.where(below, high, middle), np.where(below, at_high, at_middle)
    return middle
