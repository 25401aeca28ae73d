"""Promises that arguments of the estimators must keep, each with the sentence that says so when one does not."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from csm_lib.errors import SettingError

__all__ = ["check_better", "check_level", "count_of", "numbers_of"]


def numbers_of(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Give values as floats; a missing one is refused, since leaving it out silently changes what n means."""
    column = pd.to_numeric(pd.Series(np.asarray(values, dtype=object)), errors="coerce")
    numbers = column.to_numpy(float, na_value=math.nan)
    missing = int(np.isnan(numbers).sum())
    if missing:
        first = int(np.flatnonzero(np.isnan(numbers))[0])
        raise SettingError(
            f"{name} must be numbers without gaps, got {missing} missing or not a number ({len(numbers)} rows, "
            f"first at row {first}). Leave those rows out and count them."
        )
    return numbers


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
