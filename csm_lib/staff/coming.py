"""How many agents the coming week needs, with the forecast's uncertainty carried through, beside the plan.

An average week's need is met every other week. So each interval's need is given twice: for the arrivals expected, and
for arrivals that are not exceeded with a chosen probability.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from csm_lib.staff.arguments import checked
from csm_lib.staff.desk import Desk, handle_by_hour
from csm_lib.staff.need import interval_plan, requirement
from csm_lib.staff.spread import rate_quantile

__all__ = ["coming_need"]

_DAYS = 7
_HARDLY_ANY = 0.05
_COLUMNS = (
    "interval_start local_date weekday local_hour local_time interval_s expected low high rate_sure handle_s "
    "planned_agents needed needed_sure shortfall shortfall_sure to_schedule"
)


def coming_need(desk: Desk, coming: pd.DataFrame, *, probability: float = 0.8, n_days: int = _DAYS) -> pd.DataFrame:
    """Tell how many agents each interval of the coming days needs.

    Parameters
    ----------
    desk : Desk
    coming : DataFrame
        As `csm_lib.staff.answers.coming_weeks`.
    probability : float, default 0.8
        With which the surer need is enough.
    n_days : int, default 7

    Returns
    -------
    DataFrame
        One row per interval in which contacts are expected: those of `coming`, and `rate_sure` (contacts not exceeded
        by the interval's true expectation with the probability), `handle_s`, `planned_agents` (on shift then, less
        shrinkage; NaN where no shift of those days is known), `needed` and `needed_sure` (Erlang A, for `expected` and
        for `rate_sure`), `shortfall`, `shortfall_sure`, `to_schedule` (`needed_sure` with shrinkage). ``.attrs``:
        `probability`, `reason` (why there are no rows).

    Notes
    -----
    The spread of past forecasts is a negative binomial's: a Poisson count around an uncertain rate. The queue formula
    takes the rate, and allows for the Poisson count itself; so only the rate's quantile is carried into it.
    """
    sure = float(checked("probability", probability, low=0.0, high=1.0, is_low_included=False, is_high_included=False))
    if coming.empty or desk.reason:
        table = pd.DataFrame(columns=_COLUMNS.split())
        table.attrs.update(reason=coming.attrs.get("reason") or desk.reason, probability=sure)
        return table
    last = coming["local_date"].min() + pd.Timedelta(days=n_days)
    rows = coming[(coming["local_date"] < last) & (coming["expected"] > _HARDLY_ANY)].reset_index(drop=True)
    rows.attrs = coming.attrs
    plan = interval_plan(rows, desk.ahead, handle_s=handle_by_hour(desk.contacts),
                         shrinkage=desk.settings.staffing.shrinkage)  # fmt: skip
    rate_sure = rate_quantile(rows["expected"].to_numpy(), dispersion=coming.attrs["dispersion"], q=sure)
    surer = plan.assign(arrivals_per_h=rate_sure * 3600.0 / plan["interval_s"])
    surer.attrs = plan.attrs
    found = rows.assign(interval_s=plan["interval_s"], rate_sure=rate_sure, handle_s=plan["handle_s"],
                        planned_agents=plan["agents"].astype(float))  # fmt: skip
    for ending, asked in (("", plan), ("_sure", surer)):
        needed = requirement(asked, **_targets(desk))
        found[f"needed{ending}"] = needed["needed_impatient"]
        found[f"shortfall{ending}"] = needed["shortfall_impatient"].astype(float)
    found["to_schedule"] = needed["to_schedule"]
    unplanned = ~found["local_date"].isin(_planned_days(desk))
    found.loc[unplanned, ["planned_agents", "shortfall", "shortfall_sure"]] = np.nan
    found = found[_COLUMNS.split()]
    found.attrs = {"reason": None, "probability": sure}
    return found


def _targets(desk: Desk) -> dict[str, Any]:
    targets = desk.settings.staffing.targets
    return {
        "patience_s": np.inf if desk.customers is None else desk.customers.patience_s,
        "threshold_s": targets.threshold_s, "service_level": targets.service_level,
        "max_abandon": None if targets.answer_rate is None else 1 - targets.answer_rate,
        "max_occupancy": targets.max_occupancy,
    }  # fmt: skip


def _planned_days(desk: Desk) -> pd.Series:
    """Local days on which anybody's shift is known to start."""
    starts = pd.to_datetime(desk.ahead["starts_at"], utc=True).dt.tz_convert(str(desk.settings.workbook.zone))
    return starts.dt.tz_localize(None).dt.normalize()
