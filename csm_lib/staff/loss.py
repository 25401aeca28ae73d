"""Erlang's two oldest formulas: the share lost where nobody can wait, and the share that waits where everybody does."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from csm_lib.staff.arguments import checked, whole
from csm_lib.staff.erlang import erlang_c_of, log_erlang_b

__all__ = ["erlang_b", "erlang_c"]

Floats = NDArray[np.float64]


def erlang_b(load_erlang: ArrayLike, agents: ArrayLike) -> Floats:
    """Give the share of contacts lost when nobody can wait.

    Parameters
    ----------
    load_erlang : array_like of float
        Erlangs, 0 or more.
    agents : array_like of int
        Whole numbers, 0 or more.

    Returns
    -------
    ndarray of float
        Blocking probability.

    Raises
    ------
    SettingError
        If an argument is out of its range.

    Notes
    -----
    ``(a^n / n!) / (sum over k up to n of a^k / k!)`` (Erlang 1917).

    Examples
    --------
    >>> float(erlang_b(2, 2).round(12))
    0.4
    """
    load, n = _load_and_agents(load_erlang, agents)
    return np.exp(log_erlang_b(load.ravel(), n.ravel())).reshape(load.shape)


def erlang_c(load_erlang: ArrayLike, agents: ArrayLike) -> Floats:
    """Give the share of contacts that have to wait when everybody waits as long as it takes.

    Parameters
    ----------
    load_erlang : array_like of float
        Erlangs, 0 or more.
    agents : array_like of int
        Whole numbers, 0 or more.

    Returns
    -------
    ndarray of float
        Probability of waiting; 1 where the load reaches the agents.

    Raises
    ------
    SettingError
        If an argument is out of its range.

    Notes
    -----
    ``B / (1 - (a/n) (1 - B))`` with Erlang B's blocking probability (Erlang 1917).

    Examples
    --------
    >>> float(erlang_c(1, 2).round(6))
    0.333333
    """
    load, n = _load_and_agents(load_erlang, agents)
    return erlang_c_of(load.ravel(), n.ravel()).reshape(load.shape)

def _load_and_agents(load_erlang: ArrayLike, agents: ArrayLike) -> tuple[Floats, Floats]:
    load, n = np.broadcast_arrays(checked("load_erlang", load_erlang, low=0.0), whole("agents", agents))
    return np.array(load, dtype=float), np.array(n, dtype=float)
