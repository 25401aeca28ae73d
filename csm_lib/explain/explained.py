"""Split what a model explains among its drivers, fairly where drivers go together.

Drivers of satisfaction rise and fall together, so what one adds depends on which others were there before it. Averaged
over every order in which they could be added, each gets its fair part and the parts add up. That needs how well every
subset of drivers explains the outcome; both models give it from sums over rows, and the same sums reweighted give what
another sample of customers would have said.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Problem",
    "explained_linear",
    "explained_logit",
    "fair_parts",
    "logit_fit",
    "resampling_weights",
    "variance_inflation",
]

Array = NDArray[np.float64]
_TINY = 1e-10
_MAX_STEPS = 60


@dataclass(frozen=True)
class Problem:
    """What is to be explained, by what, beside what.

    Attributes
    ----------
    outcome : ndarray, shape (n_rows,)
    adjusters : ndarray, shape (n_rows, n_adjusters)
        Columns that are in every model; an intercept is added.
    drivers : tuple of ndarray, each of shape (n_rows, n_columns)
        The columns of each driver: one for a number, several for a category.
    groups : ndarray of int, shape (n_rows,)
        Rows that are drawn together when customers are drawn again, numbered from 0.
    """

    outcome: Array
    adjusters: Array
    drivers: tuple[Array, ...]
    groups: NDArray[np.int64]

    @property
    def n_groups(self) -> int:
        """How many groups can be drawn."""
        return int(self.groups.max()) + 1 if len(self.groups) else 0


def fair_parts(explained: Array) -> Array:
    """Divide the explained share among drivers: what each adds, averaged over all orders of adding them.

    Parameters
    ----------
    explained : ndarray, shape (..., 2**n_drivers)
        Share explained by each subset; bit j of the position says that driver j is in.

    Returns
    -------
    ndarray, shape (..., n_drivers)
        Parts that add up to the last entry minus the first.

    Notes
    -----
    Shapley (1953); for R² Lindeman, Merenda and Gold (1980, p. 119), "LMG" in Grömping (2006), J. Stat. Software 17(1).

    Examples
    --------
    Two drivers that have nothing to do with each other:

    >>> fair_parts(np.array([0.0, 0.5, 0.25, 0.75])).tolist()
    [0.5, 0.25]
    """
    subsets = np.arange(explained.shape[-1])
    n = int(math.log2(len(subsets)))
    sizes = np.array([int(subset).bit_count() for subset in subsets])
    weights = np.array([1 / (n * math.comb(n - 1, k)) for k in range(n)])
    parts = np.empty((*explained.shape[:-1], n))
    for j in range(n):
        without = subsets[(subsets >> j) & 1 == 0]
        gains = explained[..., without | (1 << j)] - explained[..., without]
        parts[..., j] = (gains * weights[sizes[without]]).sum(axis=-1)
    return parts


def resampling_weights(n_groups: int, n_samples: int, *, rng: np.random.Generator) -> Array:
    """Draw how often each group comes when as many groups as there are drawn again.

    Parameters
    ----------
    n_groups, n_samples : int
    rng : Generator

    Returns
    -------
    ndarray, shape (n_samples, n_groups)
        Each row adds up to `n_groups`.

    Examples
    --------
    >>> resampling_weights(4, 2, rng=np.random.default_rng(1)).sum(axis=1).tolist()
    [4.0, 4.0]
    """
    return rng.multinomial(n_groups, np.full(n_groups, 1 / n_groups), size=n_samples).astype(float)


def explained_linear(problem: Problem, weights: Array) -> Array:
    """Share of the outcome's variance that each subset of drivers explains, beside the adjusters.

    Parameters
    ----------
    problem : Problem
    weights : ndarray, shape (n_samples, n_groups)
        How often each group counts.

    Returns
    -------
    ndarray, shape (n_samples, 2**n_drivers)
        R² of least squares; the first entry that of the adjusters alone.
    """
    blocks = [np.ones((len(problem.outcome), 1)), problem.adjusters, *problem.drivers, problem.outcome[:, None]]
    columns = np.hstack(blocks)
    columns[:, 1:] -= columns[:, 1:].mean(axis=0)
    scale = np.sqrt((columns**2).mean(axis=0))
    columns /= np.where(scale > 0, scale, 1.0)
    width = columns.shape[1]
    n_groups = problem.n_groups
    products = np.zeros((n_groups, width, width))
    for i in range(width):
        for j in range(i, width):
            products[:, i, j] = np.bincount(problem.groups, columns[:, i] * columns[:, j], minlength=n_groups)
            products[:, j, i] = products[:, i, j]
    sums = (weights @ products.reshape(n_groups, -1)).reshape(-1, width, width)
    total = sums[:, -1, -1] - sums[:, 0, -1] ** 2 / sums[:, 0, 0]
    n_fixed = 1 + problem.adjusters.shape[1]
    rest, unexplained = _swept(sums, n_fixed)
    ends = np.cumsum([0, *(driver.shape[1] for driver in problem.drivers)])
    floor = np.diagonal(sums, axis1=1, axis2=2)[:, n_fixed:-1] * _TINY
    shares = np.empty((len(sums), 2 ** len(problem.drivers)))
    for subset in range(shares.shape[1]):
        chosen = np.concatenate([np.arange(ends[j], ends[j + 1]) for j in _members(subset)] or [np.arange(0)])
        gained = _gain(rest, chosen, floor)
        shares[:, subset] = 1 - np.divide(unexplained - gained, total, out=np.ones_like(total), where=total > 0)
    return shares


def _members(subset: int) -> list[int]:
    return [j for j in range(subset.bit_length()) if subset >> j & 1]


def _swept(sums: Array, n_fixed: int) -> tuple[Array, Array]:
    """Take the fixed columns out of all others: residual products, and the outcome's residual sum of squares."""
    fixed, cross = sums[:, :n_fixed, :n_fixed], sums[:, :n_fixed, n_fixed:]
    rest = sums[:, n_fixed:, n_fixed:] - np.swapaxes(cross, 1, 2) @ np.linalg.pinv(fixed, hermitian=True) @ cross
    return rest, np.maximum(rest[:, -1, -1], 0.0)


def _gain(rest: Array, chosen: NDArray[np.int64], floor: Array) -> Array:
    """Sum of squares that columns explain; columns that say the same are used once."""
    if not len(chosen):
        return np.zeros(len(rest))
    inner = rest[:, chosen[:, None], chosen]
    variances = np.diagonal(inner, axis1=1, axis2=2)
    scale = np.where(variances > floor[:, chosen], 1 / np.sqrt(np.maximum(variances, 1e-300)), 0.0)
    outer = rest[:, chosen, -1] * scale
    inner = inner * scale[:, :, None] * scale[:, None, :]
    if len(chosen) == 1:
        return outer[:, 0] ** 2
    solved = np.linalg.pinv(inner, rcond=_TINY, hermitian=True) @ outer[:, :, None]
    return (outer[:, None, :] @ solved)[:, 0, 0]


def explained_logit(problem: Problem, weights: Array) -> Array:
    """Share of the log-likelihood's distance from 0 that each subset of drivers explains, beside the adjusters.

    Parameters
    ----------
    problem : Problem
        Outcome 0 or 1.
    weights : ndarray, shape (n_samples, n_groups)

    Returns
    -------
    ndarray, shape (n_samples, 2**n_drivers)
        Pseudo-R² 1 − ℓ(model) / ℓ(intercept alone) (McFadden 1974) of logit models.

    Notes
    -----
    Each model is fitted once. Another sample's log-likelihood is that of the fit plus one Newton step towards the
    sample's own: Σ w ℓ + ½ gᵀ H⁻¹ g with g the weighted score and H the information of the fit, so a driver without
    any part keeps the noise that it would have in another sample.
    """
    empty = np.empty((len(problem.outcome), 0))
    null = _log_likelihoods(problem, empty, weights)
    shares = np.empty((len(weights), 2 ** len(problem.drivers)))
    for subset in range(shares.shape[1]):
        chosen = [problem.adjusters, *(problem.drivers[j] for j in _members(subset))]
        fitted = _log_likelihoods(problem, np.hstack(chosen), weights)
        shares[:, subset] = 1 - np.divide(fitted, null, out=np.ones_like(null), where=null < 0)
    return shares


def _log_likelihoods(problem: Problem, columns: Array, weights: Array) -> Array:
    """Fit once and say the log-likelihood in each sample."""
    held = np.hstack([np.ones((len(columns), 1)), (columns - columns.mean(axis=0))]) if len(columns) else columns
    coefficients, chance = logit_fit(held, problem.outcome)
    rows = np.where(problem.outcome > 0, np.log(np.maximum(chance, 1e-300)), np.log(np.maximum(1 - chance, 1e-300)))
    n_groups = problem.n_groups
    likelihood = np.bincount(problem.groups, rows, minlength=n_groups)
    scores = (problem.outcome - chance)[:, None] * held
    summed = np.column_stack([np.bincount(problem.groups, score, minlength=n_groups) for score in scores.T])
    information = (held * (chance * (1 - chance))[:, None]).T @ held
    steps = (weights - 1) @ summed
    # where outcomes are all but certain the step would run away; it is then left out
    gained = 0.5 * ((steps @ np.linalg.pinv(information, rcond=_TINY, hermitian=True)) * steps).sum(axis=1)
    return np.minimum(weights @ likelihood + gained, 0.0)


def logit_fit(columns: Array, outcome: Array) -> tuple[Array, Array]:
    """Fit a logit by Newton's method with halved steps.

    Parameters
    ----------
    columns : ndarray, shape (n_rows, n_columns)
        With an intercept.
    outcome : ndarray of 0 and 1, shape (n_rows,)

    Returns
    -------
    coefficients : ndarray, shape (n_columns,)
    chance : ndarray, shape (n_rows,)
        Fitted probability of 1.

    Examples
    --------
    >>> made, _ = logit_fit(np.ones((4, 1)), np.array([1.0, 1.0, 1.0, 0.0]))
    >>> round(float(made[0]), 4), round(math.log(3), 4)
    (1.0986, 1.0986)
    """
    coefficients = np.zeros(columns.shape[1])
    line = columns @ coefficients
    reached = _likelihood(line, outcome)
    for _ in range(_MAX_STEPS):
        chance = 1 / (1 + np.exp(-np.clip(line, -35, 35)))
        information = (columns * (chance * (1 - chance))[:, None]).T @ columns
        step = np.linalg.pinv(information, rcond=_TINY, hermitian=True) @ (columns.T @ (outcome - chance))
        size = 1.0
        while size > 1e-4:
            line = columns @ (coefficients + size * step)
            now = _likelihood(line, outcome)
            if now >= reached:
                break
            size /= 2
        else:
            break
        coefficients, gained, reached = coefficients + size * step, now - reached, now
        if gained < 1e-9 * max(1.0, abs(reached)):
            break
    line = columns @ coefficients
    return coefficients, 1 / (1 + np.exp(-np.clip(line, -35, 35)))


def _likelihood(line: Array, outcome: Array) -> float:
    return float(np.sum(outcome * line - np.logaddexp(0, line)))


def variance_inflation(columns: Sequence[Array], adjusters: Array) -> tuple[Array, float]:
    """Say how much other columns make each driver's coefficient less sure, and how near the drivers are to one.

    Parameters
    ----------
    columns : sequence of ndarray, each of shape (n_rows, n_columns)
    adjusters : ndarray, shape (n_rows, n_adjusters)

    Returns
    -------
    inflation : ndarray, shape (n_drivers,)
        Largest variance inflation factor among the driver's columns (1: none; infinite: another column says the same).
    condition : float
        Largest over smallest singular value of the drivers' columns, each scaled to length 1 beside an intercept
        (Belsley, Kuh and Welsch 1980): above 30 coefficients rest on little.

    Examples
    --------
    >>> same = np.array([[1.0], [2.0], [4.0], [3.0]])
    >>> variance_inflation([same, 2 * same], np.empty((4, 0)))[0].tolist()
    [inf, inf]
    """
    drivers = np.hstack(columns)
    joined = np.hstack([drivers, adjusters])
    joined = joined - joined.mean(axis=0)
    length = np.sqrt((joined**2).sum(axis=0))
    correlation = (joined / np.where(length > 0, length, 1.0)).T @ (joined / np.where(length > 0, length, 1.0))
    factors = np.empty(drivers.shape[1])
    for i in range(drivers.shape[1]):
        others = np.arange(len(correlation)) != i
        pinv = np.linalg.pinv(correlation[np.ix_(others, others)], rcond=_TINY, hermitian=True)
        left = 1 - correlation[i, others] @ pinv @ correlation[others, i]
        factors[i] = 1 / left if left > 1e-8 else math.inf
    ends = np.cumsum([0, *(column.shape[1] for column in columns)])
    inflation = np.array([factors[a:b].max() for a, b in zip(ends, ends[1:], strict=False)])
    held = np.hstack([np.ones((len(drivers), 1)), drivers])
    singular = np.linalg.svd(held / np.sqrt((held**2).sum(axis=0)), compute_uv=False)
    return inflation, float(singular[0] / singular[-1]) if singular[-1] > 1e-12 * singular[0] else math.inf
