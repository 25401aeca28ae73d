"""Number what rows say: values of a dimension, clusters, and a hash that splits rows whatever their order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from csm_lib.errors import UsageError

__all__ = [
    "MAX_LEVELS",
    "encoded",
    "hash_of_content",
    "in_columns",
    "numbered_by_content",
    "numbered_clusters",
    "scattered",
]

MAX_LEVELS = 2_000


def encoded(column: pa.ChunkedArray, name: str) -> tuple[NDArray[np.int64], list[Any]]:
    """Number the values of a dimension in sorted order, a missing one (NaN too) last.

    Parameters
    ----------
    column : pyarrow.ChunkedArray, n_rows
    name : str
        What the dimension is called in a message.

    Returns
    -------
    codes : ndarray of int, shape (n_rows,)
    values : list
        Value of each code.

    Raises
    ------
    UsageError
        If it has more than `MAX_LEVELS` values, or holds lists or records.

    Examples
    --------
    >>> codes, values = encoded(pa.chunked_array([["b", None, "a"]]), "team")
    >>> codes.tolist(), values
    ([1, 2, 0], ['a', 'b', None])
    """
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_nested(column.type):
        raise UsageError(
            f"dimension {name!r} must hold words, numbers, flags or dates, got lists or records. Take a part first."
        )
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    encoded = pc.dictionary_encode(column, null_encoding="encode").combine_chunks()
    values = encoded.dictionary.to_pylist()
    if len(values) > MAX_LEVELS:
        raise UsageError(
            f"dimension {name!r} must have at most {MAX_LEVELS} different values, got {len(values)}. Band it first."
        )
    order = sorted(range(len(values)), key=lambda i: (values[i] is None, values[i] if values[i] is not None else 0))
    rank = np.empty(len(values), dtype=np.int64)
    rank[order] = np.arange(len(values))
    return rank[encoded.indices.to_numpy(zero_copy_only=False)], [values[i] for i in order]


def numbered_clusters(column: pa.ChunkedArray) -> NDArray[np.int64] | None:
    """Number the clusters; a row without one is a cluster of its own; None where no row has one.

    Examples
    --------
    >>> numbered_clusters(pa.chunked_array([["k1", None, "k1"]])).tolist()
    [0, 1, 0]
    """
    if column.null_count == len(column):
        return None
    codes = pc.dictionary_encode(column).combine_chunks().indices.to_numpy(zero_copy_only=False)
    codes = np.nan_to_num(codes, nan=-1).astype(np.int64)
    alone = codes < 0
    codes[alone] = codes.max() + 1 + np.arange(alone.sum())
    return codes


def hash_of_content(codes: NDArray[np.int64], *columns: NDArray[Any]) -> NDArray[np.uint64]:
    """Hash rows that have no key by what they say and how many equal rows came before: order cannot matter.

    Values enter by rank, so a change of unit changes nothing.

    Examples
    --------
    >>> here, there = hash_of_content(np.array([[1], [2], [1]])), hash_of_content(np.array([[1], [1], [2]]))
    >>> sorted(here) == sorted(there)
    True
    """
    ranks = [*codes.T, *(np.unique(column, return_inverse=True)[1] for column in columns)]
    order = np.lexsort(ranks)
    changes = np.zeros(len(order), dtype=bool)
    for rank in ranks:
        changes[1:] |= np.diff(rank[order]) != 0
    bits = _mixed(ranks)
    starts = np.flatnonzero(changes | (np.arange(len(order)) == 0))
    repeat = np.arange(len(order)) - np.repeat(starts, np.diff([*starts, len(order)]))
    bits[order] ^= repeat.astype(np.uint64)
    return scattered(bits)


def _mixed(ranks: Sequence[NDArray[np.int64]]) -> NDArray[np.uint64]:
    """Mix the ranks of each row into bits that equal rows share."""
    bits = np.zeros(len(ranks[0]), dtype=np.uint64)
    for rank in ranks:
        bits = scattered(bits ^ rank.astype(np.uint64))
    return bits


def in_columns(columns: Iterable[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Put columns side by side, each in one piece of memory, since they are read one at a time.

    Examples
    --------
    >>> in_columns([np.array([1, 2]), np.array([3, 4])]).tolist()
    [[1, 3], [2, 4]]
    """
    return np.stack(list(columns)).T


def numbered_by_content(clusters: NDArray[np.int64], *columns: NDArray[Any]) -> NDArray[np.int64]:
    """Number clusters again, by what their rows say: neither their names nor the order of the rows matter.

    Parameters
    ----------
    clusters : ndarray of int, shape (n_rows,)
        From 0, without a gap.
    columns : ndarray, each of shape (n_rows,)
        Values that tell rows apart.

    Returns
    -------
    ndarray of int, shape (n_rows,)

    Examples
    --------
    >>> numbered_by_content(np.array([0, 1, 0]), np.array([5, 7, 6]))[[2, 0, 1]].tolist() == (
    ...     numbered_by_content(np.array([1, 1, 0]), np.array([6, 5, 7])).tolist())
    True
    """
    bits = _mixed([np.unique(column, return_inverse=True)[1] for column in columns])
    totals = np.zeros(int(clusters.max(initial=-1)) + 1, dtype=np.uint64)
    np.add.at(totals, clusters, scattered(bits))
    place = np.empty(len(totals), dtype=np.int64)
    place[np.argsort(totals, kind="stable")] = np.arange(len(totals))
    return place[clusters]


def scattered(bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scatter bits (SplitMix64, Steele, Lea and Flood 2014).

    Examples
    --------
    >>> int(scattered(np.array([0], dtype=np.uint64))[0]) == 0xE220A8397B1DCDAF
    True
    """
    z = bits.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
