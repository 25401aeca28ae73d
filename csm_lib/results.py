"""Records that carry a number together with what makes it readable: its interval, its n and how it was made."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Estimate"]


@dataclass(frozen=True)
class Estimate:
    """A value with its interval.

    Attributes
    ----------
    value : float
        The estimate in the unit of the data; NaN where nothing was observed.
    low, high : float
        Interval bounds; NaN where no honest interval exists (then `method` says why).
    n : int
        Rows the value rests on.
    method : str
        How value and interval were made, in words a report can print.

    Examples
    --------
    >>> Estimate(value=0.5, low=0.4, high=0.6, n=100, method="Wilson").n
    100
    """

    value: float
    low: float
    high: float
    n: int
    method: str
