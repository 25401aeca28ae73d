"""When a figure is final: some wait for what customers do next.

A contact counts as resolved at the first handling only once its repeat window has passed. Until the last window of a
period has closed, the figure rests on the contacts whose window did close, and may still move.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import date, timedelta

from csm_lib.periods import Period
from csm_lib.settings import Settings

__all__ = ["final_on"]

_DAY_H = 24.0


def final_on(
    keys: Iterable[str], *, period: Period, cut_off: date | None, settings: Settings | None = None
) -> dict[str, date]:
    """Give the indicators that are still provisional, with the day from which each is final.

    Parameters
    ----------
    keys : iterable of str
        Indicators.
    period : Period
    cut_off : date, optional
        Last local day the data covers; without one nothing was measured, so nothing is provisional.
    settings : Settings, optional
        Repeat window, maturity and escalation limit; the defaults if absent.

    Returns
    -------
    dict of str to date
        Only those whose last window lies beyond the cut-off, in the order given. The day is the first one on which
        data up to it, that day included, closes the last window of the period.

    Notes
    -----
    The window of first contact resolution opens when a contact is finished, at the latest when it is `maturity_days`
    old, and stays open for `repeat_window_days`; that of a complaint's escalation for `escalation_h` hours after it was
    received; that of an enquiry's order for `conversion_window_days`. Everything else is known on the day itself. A
    contact finished later than it matured has its window later; it stays among the rows left out until then.

    Examples
    --------
    >>> from csm_lib.periods import parse_period
    >>> final_on(["fcr", "frt"], period=parse_period("2024Q1"), cut_off=date(2024, 4, 5))
    {'fcr': datetime.date(2024, 4, 10)}
    """
    if cut_off is None:
        return {}
    chosen = settings or Settings()
    repeat_days = chosen.workbook.maturity_days + chosen.workbook.repeat_window_days
    limits = chosen.indicators.thresholds
    waits = {
        "fcr": repeat_days,
        "fcr_no_repeat": repeat_days,
        "repeat_rate": repeat_days,
        "fcr_flag": chosen.workbook.maturity_days,
        "fcr_one_touch": chosen.workbook.maturity_days,
        "conversion": limits.conversion_window_days,
        "escalation_rate": math.ceil(limits.escalation_h / _DAY_H),
    }
    closing = {key: period.last_on + timedelta(days=waits.get(key, 0)) for key in keys}
    return {key: day for key, day in closing.items() if day > cut_off}
