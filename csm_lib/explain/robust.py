"""Coefficients with intervals that allow for answers of one customer being alike.

The model may be wrong in many ways; what its coefficients vary by from sample to sample is read off the residuals of
whole clusters, not off the model.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import fdtrc, stdtrit

from csm_lib.explain.explained import logit_fit

__all__ = ["Fit", "cluster_numbers", "mean_with_bounds", "robust_fit"]

Array = NDArray[np.float64]
_TINY = 1e-10
_FEWEST = 8


@dataclass(frozen=True)
class Fit:
    """A fitted model.

    Attributes
    ----------
    coefficients : ndarray, shape (n_columns,)
        Without the intercept.
    covariance : ndarray, shape (n_columns, n_columns)
    n_clusters : int
    """

    coefficients: Array
    covariance: Array
    n_clusters: int

    def p_of(self, place: slice) -> float:
        """Probability of coefficients at least this far from 0 if all of them were 0 (Wald, F distribution)."""
        made, spread = self.coefficients[place], self.covariance[place, place]
        rank = int(np.linalg.matrix_rank(spread, hermitian=True)) if np.isfinite(spread).all() else 0
        if rank == 0 or self.n_clusters < 2:
            return math.nan
        wald = float(made @ np.linalg.pinv(spread, rcond=_TINY, hermitian=True) @ made)
        return float(fdtrc(rank, self.n_clusters - 1, wald / rank))

    def bounds(self, at: int, level: float) -> tuple[float, float, float]:
        """Coefficient with its interval; bounds are NaN below 8 clusters."""
        made, variance = float(self.coefficients[at]), float(self.covariance[at, at])
        if self.n_clusters < _FEWEST or not variance > 0:
            return made, math.nan, math.nan
        reach = float(stdtrit(self.n_clusters - 1, (1 + level) / 2)) * math.sqrt(variance)
        return made, made - reach, made + reach


def robust_fit(columns: Array, outcome: Array, clusters: NDArray[np.int64], *, kind: str) -> Fit:
    """Fit a linear model or a logit, with the sandwich covariance by cluster.

    Parameters
    ----------
    columns : ndarray, shape (n_rows, n_columns)
        Without an intercept; one is added.
    outcome : ndarray, shape (n_rows,)
    clusters : ndarray of int, shape (n_rows,)
        Numbered from 0.
    kind : "score" or "top_two"

    Returns
    -------
    Fit

    Notes
    -----
    Liang and Zeger (1986), with the factors G/(G−1) · (n−1)/(n−p) that Stata made usual.

    Examples
    --------
    >>> x = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> robust_fit(x, 1 + 2 * x[:, 0], np.arange(4), kind="score").coefficients.round(6).tolist()
    [2.0]
    """
    held = np.hstack([np.ones((len(columns), 1)), columns - columns.mean(axis=0)])
    if kind == "score":
        bread = np.linalg.pinv(held.T @ held, rcond=_TINY, hermitian=True)
        coefficients = bread @ (held.T @ outcome)
        residuals = outcome - held @ coefficients
    else:
        coefficients, chance = logit_fit(held, outcome)
        information = (held * (chance * (1 - chance))[:, None]).T @ held
        bread = np.linalg.pinv(information, rcond=_TINY, hermitian=True)
        residuals = outcome - chance
    n_clusters = int(clusters.max()) + 1
    scores = held * residuals[:, None]
    summed = np.column_stack([np.bincount(clusters, score, minlength=n_clusters) for score in scores.T])
    n, width = held.shape
    factor = n_clusters / max(n_clusters - 1, 1) * (n - 1) / max(n - width, 1)
    covariance = factor * bread @ (summed.T @ summed) @ bread
    return Fit(coefficients[1:], covariance[1:, 1:], n_clusters)


def mean_with_bounds(values: Array, clusters: NDArray[np.int64], level: float) -> tuple[float, float, float]:
    """Mean of rows with its interval over clusters.

    Parameters
    ----------
    values : ndarray, shape (n_rows,)
        NaN gives NaN.
    clusters : ndarray of int, shape (n_rows,)
    level : float

    Returns
    -------
    tuple of float
        Mean, low, high; bounds NaN below 8 clusters, the mean itself where all values are alike.
    """
    if np.isnan(values).any():
        return math.nan, math.nan, math.nan
    made = Fit(*_mean_sums(values, clusters))
    if made.n_clusters >= _FEWEST and np.ptp(values) == 0:
        return float(values[0]), float(values[0]), float(values[0])
    return made.bounds(0, level)


def cluster_numbers(labels: Sequence[Any] | pd.Series) -> NDArray[np.int64]:
    """Number the clusters from 0; a row without a label is a cluster of its own.

    Parameters
    ----------
    labels : sequence

    Returns
    -------
    ndarray of int

    Examples
    --------
    >>> cluster_numbers(["a", None, "a", None]).tolist()
    [0, 1, 0, 2]
    """
    codes, words = pd.factorize(pd.Series(labels, dtype=object), sort=False)
    numbers = codes.astype(np.int64)
    alone = numbers < 0
    numbers[alone] = len(words) + np.arange(alone.sum())
    return np.unique(numbers, return_inverse=True)[1].astype(np.int64)


def _mean_sums(values: Array, clusters: NDArray[np.int64]) -> tuple[Array, Array, int]:
    centre, n_clusters = float(values.mean()), int(clusters.max()) + 1
    summed = np.bincount(clusters, values - centre, minlength=n_clusters)
    variance = n_clusters / max(n_clusters - 1, 1) * float(summed @ summed) / len(values) ** 2
    return np.array([centre]), np.array([[variance]]), n_clusters
