"""The action plan: what was promised, what is done, what is late, and whether the last plan moved anything.

Measuring without acting is how such programmes fail. The share of measures done by their date is itself an indicator,
and the effect of a plan is read on the indicators it was made for.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from csm_lib.measure.inference import share
from csm_lib.results import Estimate

__all__ = ["STATUSES", "action_plan", "completion", "plan_effect"]

STATUSES = ("done_on_time", "done_late", "open", "overdue")


def action_plan(actions: pd.DataFrame, *, on: date) -> pd.DataFrame:
    """Say where each measure of the plan stands on a day.

    Parameters
    ----------
    actions : DataFrame
        Rows of the table `actions`. Columns read: `due_on`, `done_on` (local dates).
    on : date
        The day to judge from; what is done later is not done yet. A measure due on that day is not late.

    Returns
    -------
    DataFrame
        The rows of `actions`, the most pressing first (overdue, open by due date, done late, done on time), with
        `status` (one of `STATUSES`) and `days_late` (days past the due date: until done, or until `on`; 0 if not late).

    Examples
    --------
    >>> plan = pd.DataFrame({"measure": ["train", "route"], "due_on": [date(2024, 1, 31), date(2024, 3, 31)],
    ...                      "done_on": [None, date(2024, 2, 1)]})
    >>> action_plan(plan, on=date(2024, 2, 10))[["measure", "status", "days_late"]].values.tolist()
    [['train', 'overdue', 10], ['route', 'done_on_time', 0]]
    """
    day = pd.Timestamp(on)
    due, done = _days(actions["due_on"]), _days(actions["done_on"])
    is_done = done.notna() & (done <= day)
    until = done.where(is_done, day)
    is_late = until > due
    status = np.select([is_done & ~is_late, is_done, ~is_late], STATUSES[:3], default=STATUSES[3])
    late = (until - due).dt.days.clip(lower=0).fillna(0).astype(int)
    table = actions.assign(status=status.astype(object), days_late=late)
    order = table["status"].map({name: i for i, name in enumerate(("overdue", "open", "done_late", "done_on_time"))})
    ranked = table.assign(_order=order, _due=due).sort_values(["_order", "_due"], kind="stable", ignore_index=True)
    return ranked.drop(columns=["_order", "_due"])


def completion(actions: pd.DataFrame, *, on: date, level: float = 0.95) -> Estimate:
    """Give the share of the measures that were done by their date, among those that are due.

    Parameters
    ----------
    actions : DataFrame
        As in `action_plan`.
    on : date
        Measures due on this day or before are due.
    level : float, 0–1

    Returns
    -------
    Estimate
        Share, 0–1; NaN while nothing is due. What was done late stays undone by its date.

    Examples
    --------
    >>> plan = pd.DataFrame({"due_on": [date(2024, 1, 31), date(2024, 1, 31), date(2024, 9, 30)],
    ...                      "done_on": [date(2024, 1, 15), date(2024, 2, 20), date(2024, 1, 1)]})
    >>> made = completion(plan, on=date(2024, 3, 31))
    >>> made.value, made.n
    (0.5, 2)
    """
    due, done = _days(actions["due_on"]), _days(actions["done_on"])
    is_due = due <= pd.Timestamp(on)
    return share(int((is_due & (done <= due)).sum()), int(is_due.sum()), level=level)


def plan_effect(actions: pd.DataFrame, card: pd.DataFrame, *, on: date) -> pd.DataFrame:
    """Set beside each indicator the measures that were to move it and how it moved.

    Parameters
    ----------
    actions : DataFrame
        Rows of the table `actions` of the plan to judge. Columns read: `indicator due_on done_on expected_benefit`.
    card : DataFrame
        As `csm_lib.measure.gaps.scorecard` gives with `previous`, the period before the plan.
    on : date
        As in `action_plan`.

    Returns
    -------
    DataFrame
        One row per indicator of the plan, in its order: `key n_actions n_done n_on_time expected_benefit previous value
        change low high is_signal is_better`. `expected_benefit` is the sum of what the measures promised, in the
        indicator's unit; `is_better` None where the change could be chance or is not measured. What moved may have
        moved for other reasons: a pilot tells more.

    Examples
    --------
    >>> plan = pd.DataFrame({"indicator": ["fcr"], "due_on": [date(2024, 1, 31)], "done_on": [date(2024, 1, 15)],
    ...                      "expected_benefit": [0.05]})
    >>> card = pd.DataFrame({"key": ["fcr"], "better": ["higher"], "value": [0.8], "previous": [0.75], "change": [0.05],
    ...                      "change_low": [0.03], "change_high": [0.07], "is_signal": [True]})
    >>> plan_effect(plan, card, on=date(2024, 3, 31))[["n_done", "change", "is_better"]].values.tolist()
    [[1, 0.05, True]]
    """
    judged = action_plan(actions, on=on)
    judged["is_done"] = judged["status"].isin(STATUSES[:2])
    judged["is_on_time"] = judged["status"] == STATUSES[0]
    judged["expected_benefit"] = pd.to_numeric(judged["expected_benefit"])
    order = list(dict.fromkeys(actions["indicator"].dropna()))
    groups = judged.groupby("indicator", sort=False)
    table = groups[["is_done", "is_on_time"]].sum().set_axis(["n_done", "n_on_time"], axis=1)
    table.insert(0, "n_actions", groups.size())
    table["expected_benefit"] = groups["expected_benefit"].sum(min_count=1)
    table = table.loc[order]
    table = table.rename_axis("key").reset_index()
    moved = card[["key", "previous", "value", "change", "change_low", "change_high", "is_signal", "better"]]
    table = table.merge(moved, on="key", how="left").rename(columns={"change_low": "low", "change_high": "high"})
    table["is_signal"] = table["is_signal"].astype(object).where(table["is_signal"].notna(), None)
    table["is_better"] = [
        bool((row.change > 0) == (row.better == "higher")) if row.is_signal else None for row in table.itertuples()
    ]
    table["is_better"] = table["is_better"].astype(object).where(table["is_better"].notna(), None)
    return table.drop(columns="better")


def _days(column: pd.Series) -> pd.Series:
    """Read local dates, whatever holds them."""
    return pd.to_datetime(column)
