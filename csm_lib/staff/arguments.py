"""Arguments of the staffing room, refused in words where they break a bound."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from csm_lib.errors import SettingError

__all__ = ["checked", "whole"]

Floats = NDArray[np.float64]


def whole(name: str, values: ArrayLike, *, is_infinite_allowed: bool = False) -> Floats:
    """Give the values as floats that are whole numbers, 0 or more.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    values : array_like of int
    is_infinite_allowed : bool
        Whether infinity counts as whole.

    Returns
    -------
    ndarray of float

    Raises
    ------
    SettingError
        If a value is negative, infinite, missing or not whole.

    Examples
    --------
    >>> whole("agents", [3, 4])
    array([3., 4.])
    """
    found = checked(name, values, low=0.0, is_infinite_allowed=is_infinite_allowed)
    wrong = found != np.floor(found)
    if wrong.any():
        raise SettingError(f"{name} must be whole numbers, got {_first(found, wrong)}. Round them before the call.")
    return found


def checked(name: str, values: ArrayLike, *, low: float, high: float = math.inf, is_low_included: bool = True,
            is_high_included: bool = True, is_infinite_allowed: bool = False) -> Floats:
    """Give the values as floats that keep to their bounds.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    values : array_like of float
    low, high : float
        Bounds in the unit of the values.
    is_low_included, is_high_included : bool
        Whether a bound itself is allowed.
    is_infinite_allowed : bool
        Whether infinity is allowed where `high` is infinite.

    Returns
    -------
    ndarray of float

    Raises
    ------
    SettingError
        If a value breaks a bound or is missing.

    Examples
    --------
    >>> checked("shrinkage", 0.3, low=0, high=1)
    array(0.3)
    """
    found = np.asarray(values, dtype=float)
    fits = (found >= low) if is_low_included else (found > low)
    fits &= (found <= high) if is_high_included else (found < high)
    if not is_infinite_allowed:
        fits &= np.isfinite(found)
    if not fits.all():
        promise = f"{'at least' if is_low_included else 'above'} {low:g}"
        if math.isfinite(high):
            promise += f" and {'at most' if is_high_included else 'below'} {high:g}"
        elif not is_infinite_allowed:
            promise += " and finite"
        raise SettingError(f"{name} must be {promise}, got {_first(found, ~fits)}. Correct these values.")
    return found


def _first(values: Floats, wrong: NDArray[np.bool_]) -> str:
    """The first few wrong values, for a message."""
    bad = values[wrong].ravel()
    return f"{', '.join(repr(float(value)) for value in bad[:3])} ({bad.size} of {values.size} values)"
