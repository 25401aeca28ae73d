"""Promises that arguments of the estimators must keep, each with the sentence that says so when one does not."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from csm_lib.errors import SettingError

__all__ = ["check_better", "check_level", "count_of", "numbers_of"]


def numbers_of(name: str, values: ArrayLike, *, has_gaps: bool = False) -> NDArray[np.float64]:
    """Give values as floats; a missing one is refused, since leaving it out silently changes what n means.

    With `has_gaps` missing ones are NaN, and only what is no number is refused.
    """
    numbers = _floats(values)
    is_wrong = ~np.isfinite(numbers)
    if has_gaps:
        is_wrong &= ~pd.isna(np.asarray(values, dtype=object))
    if is_wrong.any():
        promise = "numbers" if has_gaps else "numbers without gaps"
        raise SettingError(
            f"{name} must be {promise}, got {int(is_wrong.sum())} missing or not a finite number ({len(numbers)} rows, "
            f"first at row {int(np.flatnonzero(is_wrong)[0])}). Leave those rows out and count them."
        )
    return numbers


def _floats(values: ArrayLike) -> NDArray[np.float64]:
    """Floats where what is no number becomes NaN."""
    plain = np.asarray(values)
    if plain.dtype.kind in "biuf":
        return plain.astype(float)
    column = pd.to_numeric(pd.Series(plain, dtype=object), errors="coerce")
    return column.to_numpy(float, na_value=math.nan)


def count_of(name: str, value: float) -> int:
    """Give a count of rows as int."""
    is_whole = isinstance(value, (int, float, np.integer, np.floating)) and float(value).is_integer()
    if not is_whole or value < 0:
        raise SettingError(f"{name} must be a whole number from 0 up, got {value!r}. Give a count of rows.")
    return int(value)


def check_level(level: float) -> None:
    """Refuse a level that is no probability."""
    if not 0 < level < 1:
        raise SettingError(f"level must lie between 0 and 1, got {level!r}. Use 0.95 for 95 %.")


def check_better(better: str) -> None:
    """Refuse a direction that is neither word."""
    if better not in ("higher", "lower"):
        raise SettingError(f"better must be 'higher' or 'lower', got {better!r}. Say which way is good.")
