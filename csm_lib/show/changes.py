"""Write differences: with their sign, in points where shares differ, in the time unit of what they are changes of."""

from __future__ import annotations

from csm_lib.show.format import write_value
from csm_lib.show.messages import say

__all__ = ["unit_of_change", "write_change"]


def unit_of_change(unit: str) -> str:
    """Give the unit of a difference: shares differ by points.

    Examples
    --------
    >>> unit_of_change("share"), unit_of_change("s")
    ('points', 's')
    """
    return "points" if unit == "share" else unit


def write_change(value: float | None, unit: str, language: str | None = None, *, of: float | None = None) -> str:
    """Write a difference with its sign, and points by name.

    Parameters
    ----------
    value : float
        NaN and None are shown as a dash.
    unit : str
        Of what differs: the difference of two shares is in points.
    language : str, optional
    of : float, optional
        The value that changed: a time is then written in the unit that this value is written in.

    Returns
    -------
    str

    Examples
    --------
    >>> write_change(-0.06, "share", "en"), write_change(0.0004, "share", "en"), write_change(90.0, "s", "en")
    ('−6.0 points', '+0.04 points', '+90.0 s')
    >>> write_change(90.0, "s", "en", of=2700.0)
    '+1.5 min'
    """
    text = write_value(value, unit_of_change(unit), language=language, signed=True, like=of)
    if value is None or value != value:
        return text
    called = {"share": "in_points", "points": "in_score_points"}.get(unit)
    return text + say(called, language) if called else text
