"""What customers and agents would experience with the staff of a plan, today or after a change.

The queue formulas with patience answer interval by interval; intervals are added up as contacts are: answered over
offered, never a mean of shares. Beside every prediction for today's staff stands what was observed, so that the reader
sees how far the model can be believed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from csm_lib.errors import SettingError, UsageError
from csm_lib.staff.arguments import checked
from csm_lib.staff.queues import performance

__all__ = [
    "Scenario",
    "changed_plan",
    "condensed",
    "divert",
    "in_band",
    "move_shift",
    "predict",
    "predicted_and_observed",
    "summary_by",
]

_LOG_GRID = 0.02  # arrival rates closer than 2 % are taken for one


@dataclass(frozen=True)
class Scenario:
    """A change to the plan; the default changes nothing.

    Attributes
    ----------
    name : str
        What the scenario's row is called.
    extra_agents : int
        Agents added (or, below 0, taken away) from `from_hour` to `to_hour` of every day with contacts.
    from_hour, to_hour : int
        Local hours; the second is not included.
    bands : tuple of (int, int, int)
        Further changes of the agents on shift: from hour, to hour, agents more (below 0: fewer); a shift that is moved
        takes its people from one band to another (`move_shift`).
    diverted_share : float
        Share of all contacts that a bot takes instead of an agent, 0 or more, below 1.
    diverted_handle_ratio : float
        Mean handle time of the diverted contacts over that of all.
    handle_change_share, volume_change_share : float
        Relative change: -0.1 is ten percent less.

    Examples
    --------
    >>> Scenario("two more in the evening", extra_agents=2, from_hour=17, to_hour=21).extra_agents
    2
    """

    name: str
    extra_agents: int = 0
    from_hour: int = 0
    to_hour: int = 24
    bands: tuple[tuple[int, int, int], ...] = ()
    diverted_share: float = 0.0
    diverted_handle_ratio: float = 1.0
    handle_change_share: float = 0.0
    volume_change_share: float = 0.0

    def __post_init__(self) -> None:
        """Refuse hours and shares that mean nothing."""
        for start, end in ((self.from_hour, self.to_hour), *(band[:2] for band in self.bands)):
            if not 0 <= start < end <= 24:
                raise SettingError(f"from_hour and to_hour must be hours of one day in order, got {start!r} and "
                                   f"{end!r}. Give for example 17 and 21.")
        checked("diverted_share", self.diverted_share, low=0.0, high=1.0, is_high_included=False)
        checked("diverted_handle_ratio", self.diverted_handle_ratio, low=0.0)
        checked("handle_change_share", self.handle_change_share, low=-1.0, is_low_included=False)
        checked("volume_change_share", self.volume_change_share, low=-1.0)
        if self.diverted_share * self.diverted_handle_ratio >= 1:
            raise SettingError(f"diverted_share times diverted_handle_ratio must be below 1, got "
                               f"{self.diverted_share * self.diverted_handle_ratio!r}. No handling would be left.")


def move_shift(*, n: int, from_hours: tuple[int, int], to_hours: tuple[int, int], name: str) -> Scenario:
    """Build the scenario in which people work other hours.

    Parameters
    ----------
    n : int
        People who move.
    from_hours, to_hours : (int, int)
        Local hours they work now and would work; the second of each is not included.
    name : str

    Returns
    -------
    Scenario
        Hours that belong to both stay as they are.

    Examples
    --------
    >>> move_shift(n=2, from_hours=(8, 16), to_hours=(13, 21), name="two later").bands
    ((8, 16, -2), (13, 21, 2))
    """
    return Scenario(name, bands=((*from_hours, -n), (*to_hours, n)))


def divert(contacts: pd.DataFrame, *, issue: str, share: float, name: str) -> Scenario:
    """Build the scenario in which a bot takes a share of one issue.

    Parameters
    ----------
    contacts : DataFrame
        One row per offered contact: `issue`, `handle_s`.
    issue : str
        The issue that the bot takes.
    share : float
        Share of the issue's contacts it takes, 0 to 1.
    name : str
        Name of the scenario.

    Returns
    -------
    Scenario
        With the issue's weight and its handle time relative to all contacts. Contacts without an issue stay with the
        agents.

    Raises
    ------
    UsageError
        If no contact has the issue; the message lists those there are.

    Examples
    --------
    >>> contacts = pd.DataFrame({"issue": ["parcel", "other"], "handle_s": [100.0, 300.0]})
    >>> scenario = divert(contacts, issue="parcel", share=0.6, name="bot")
    >>> scenario.diverted_share, scenario.diverted_handle_ratio
    (0.3, 0.5)
    """
    taken = float(checked("share", share, low=0.0, high=1.0))
    has_issue = (contacts["issue"] == issue).fillna(False).astype(bool)
    if not has_issue.any():
        known = ", ".join(repr(str(word)) for word in contacts["issue"].value_counts().index[:8]) or "none"
        raise UsageError(f"issue must occur among the contacts, got {issue!r}. The most frequent ones: {known}.")
    handle_s = contacts["handle_s"].astype(float)
    ratio = handle_s[has_issue].mean() / handle_s.mean()
    return Scenario(name, diverted_share=taken * float(has_issue.mean()),
                    diverted_handle_ratio=float(ratio) if np.isfinite(ratio) else 1.0)


def predict(
    plan: pd.DataFrame,
    scenario: Scenario | None = None,
    *,
    patience_s: float,
    wait_scale: float = 1.0,
    threshold_s: float = 20.0,
) -> pd.DataFrame:
    """Predict what customers and agents of each interval would experience.

    Parameters
    ----------
    plan : DataFrame
        What `interval_plan` or `typical_week` returns: `local_hour`, `interval_s`, `expected`, `arrivals_per_h`,
        `handle_s`, `agents`; with `local_date` or `weekday`, days on which nobody is expected get no extra agents.
    scenario : Scenario, optional
        The change; by default none.
    patience_s : float
        Mean patience in seconds.
    wait_scale : float, default 1
        Factor by which real waits differ from the model's (`csm_lib.staff.customers`).
    threshold_s : float, default 20
        Longest wait that still counts as in time, in seconds.

    Returns
    -------
    DataFrame
        The plan as changed, with expected `offered`, `answered`, `in_time` (contacts), `wait_offered_s`,
        `wait_answered_s` (customer-seconds of waiting), `handling_s`, `presence_s` (agent-seconds of the interval).

    Examples
    --------
    >>> plan = pd.DataFrame({"local_hour": [17], "interval_s": 1800.0, "expected": 1440.0, "arrivals_per_h": 2880.0,
    ...                      "handle_s": 60.0, "agents": 50})
    >>> float((predict(plan, patience_s=120).answered / 1440).iloc[0].round(3))
    0.969
    """
    changed = changed_plan(plan, scenario or Scenario("as it is"))
    # rows of one demand, handle time and staff share their answer: weeks repeat themselves
    keys = changed[["arrivals_per_h", "handle_s", "agents"]]
    unique = keys.drop_duplicates()
    scale = float(checked("wait_scale", wait_scale, low=0.0, is_low_included=False))
    found = performance(unique["arrivals_per_h"], unique["handle_s"], unique["agents"], patience_s=patience_s,
                        threshold_s=threshold_s / scale)
    shares = unique.assign(answered_share=1 - found.abandon_share, in_time_share=found.service_level,
                           wait_offered=found.mean_wait_offered_s,
                           wait_answered=np.where(found.abandon_share < 1, found.mean_wait_answered_s, 0.0))
    shares = keys.merge(shares, how="left").set_index(changed.index)
    changed["offered"] = changed["expected"]
    changed["answered"] = changed["offered"] * shares["answered_share"]
    changed["in_time"] = changed["offered"] * shares["in_time_share"]
    changed["wait_offered_s"] = changed["offered"] * shares["wait_offered"] * scale
    changed["wait_answered_s"] = changed["answered"] * shares["wait_answered"] * scale
    changed["handling_s"] = changed["answered"] * changed["handle_s"]
    changed["presence_s"] = changed["agents"] * changed["interval_s"]
    return changed


def summary_by(predicted: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """Add predicted intervals up.

    Parameters
    ----------
    predicted : DataFrame
        What `predict` returns.
    by : sequence of str, default all in one row
        Columns to group by, such as ``["local_hour"]``.

    Returns
    -------
    DataFrame
        One row per group: the columns of `by`, `offered`, `answered` (expected contacts), `answer_rate_share`,
        `service_level_share` (both over offered), `mean_wait_offered_s`, `mean_wait_answered_s`, `occupancy_share`
        (handling over presence), `agent_h`. NaN where a group has nothing to divide by.

    Examples
    --------
    >>> plan = pd.DataFrame({"local_hour": [17], "interval_s": 1800.0, "expected": 30.0, "arrivals_per_h": 60.0,
    ...                      "handle_s": 60.0, "agents": 0})
    >>> float(summary_by(predict(plan, patience_s=60)).answer_rate_share.iloc[0])
    0.0
    """
    sums = ["offered", "answered", "in_time", "wait_offered_s", "wait_answered_s", "handling_s", "presence_s"]
    total = (predicted.groupby(list(by), as_index=False)[sums].sum() if by
             else predicted[sums].sum().to_frame().T)
    offered, answered = total["offered"].where(total["offered"] > 0), total["answered"].where(total["answered"] > 0)
    found = total[[*by, "offered", "answered"]].copy()
    found["answer_rate_share"] = total["answered"] / offered
    found["service_level_share"] = total["in_time"] / offered
    found["mean_wait_offered_s"] = total["wait_offered_s"] / offered
    found["mean_wait_answered_s"] = total["wait_answered_s"] / answered
    found["occupancy_share"] = total["handling_s"] / total["presence_s"].where(total["presence_s"] > 0)
    found["agent_h"] = total["presence_s"] / 3600.0
    return found


def in_band(plan: pd.DataFrame, from_hour: int, to_hour: int) -> pd.Series:
    """Tell which rows of a plan lie in a band of local hours.

    Parameters
    ----------
    plan : DataFrame
        One row per interval: `local_hour`.
    from_hour, to_hour : int
        Local hours; the second is not included.

    Returns
    -------
    Series of bool

    Examples
    --------
    >>> in_band(pd.DataFrame({"local_hour": [16, 17, 19]}), 17, 19).tolist()
    [False, True, False]
    """
    return (plan["local_hour"] >= from_hour) & (plan["local_hour"] < to_hour)


def predicted_and_observed(
    plan: pd.DataFrame,
    contacts: pd.DataFrame,
    *,
    patience_s: float,
    wait_scale: float = 1.0,
    threshold_s: float = 20.0,
    by: Sequence[str] = ("local_hour",),
) -> pd.DataFrame:
    """Set what the model says of today's staff beside what happened.

    Parameters
    ----------
    plan : DataFrame
        What `interval_plan` returns, for the days of the contacts.
    contacts : DataFrame
        One row per contact: the columns of `by`, `is_offered`, `is_answered`, `is_in_time`, `wait_s`. Only offered ones
        are used.
    patience_s, wait_scale, threshold_s : float
        As in `predict`; the threshold must be the one behind `is_in_time`.
    by : sequence of str, default local hour
        Columns to group by.

    Returns
    -------
    DataFrame
        One row per group that has offered contacts: the columns of `by`, `n_offered`, `answer_rate_predicted_share`,
        `answer_rate_observed_share`, `answer_rate_difference_share` (predicted less observed),
        `service_level_predicted_share`, `service_level_observed_share`, `mean_wait_predicted_s`,
        `mean_wait_observed_s` (of all offered).

    Examples
    --------
    >>> plan = pd.DataFrame({"local_hour": [17], "interval_s": 1800.0, "expected": 1440.0, "arrivals_per_h": 2880.0,
    ...                      "handle_s": 60.0, "agents": 50})
    >>> contacts = pd.DataFrame({"local_hour": [17], "is_offered": True, "is_answered": True, "is_in_time": True,
    ...                          "wait_s": [3.0]})
    >>> float(predicted_and_observed(plan, contacts, patience_s=120).answer_rate_observed_share.iloc[0])
    1.0
    """
    by = list(by)
    today = predict(plan, patience_s=patience_s, wait_scale=wait_scale, threshold_s=threshold_s)
    predicted = summary_by(today, by)
    offered = contacts[contacts["is_offered"].fillna(False).astype(bool)]
    flags = offered[by].assign(n_offered=1, wait_s=offered["wait_s"].astype(float),
                               **{name: offered[name].fillna(False).astype(bool) for name in ("is_answered",
                                                                                              "is_in_time")})
    observed = flags.groupby(by, as_index=False).agg(
        n_offered=("n_offered", "sum"), answer_rate_observed_share=("is_answered", "mean"),
        service_level_observed_share=("is_in_time", "mean"), mean_wait_observed_s=("wait_s", "mean"))
    names = {"answer_rate_share": "answer_rate_predicted_share", "service_level_share": "service_level_predicted_share",
             "mean_wait_offered_s": "mean_wait_predicted_s"}
    found = observed.merge(predicted[[*by, *names]].rename(columns=names), on=by, how="left")
    found["answer_rate_difference_share"] = found["answer_rate_predicted_share"] - found["answer_rate_observed_share"]
    return found[[*by, "n_offered", "answer_rate_predicted_share", "answer_rate_observed_share",
                  "answer_rate_difference_share", "service_level_predicted_share", "service_level_observed_share",
                  "mean_wait_predicted_s", "mean_wait_observed_s"]]


def changed_plan(plan: pd.DataFrame, scenario: Scenario) -> pd.DataFrame:
    """Give the plan after a scenario; a day without contacts gets no extra agents.

    Parameters
    ----------
    plan : DataFrame
        What `interval_plan` returns.
    scenario : Scenario

    Returns
    -------
    DataFrame

    Examples
    --------
    >>> plan = pd.DataFrame({"local_hour": [17], "expected": 20.0, "arrivals_per_h": 40.0, "handle_s": 60.0,
    ...                      "agents": 2})
    >>> changed_plan(plan, Scenario("busier", volume_change_share=0.5))["expected"].tolist()
    [30.0]
    """
    taken, ratio = scenario.diverted_share, scenario.diverted_handle_ratio
    volume = (1.0 + scenario.volume_change_share) * (1.0 - taken)
    handle = (1.0 + scenario.handle_change_share) * (1.0 - taken * ratio) / (1.0 - taken)
    day = next((name for name in ("local_date", "weekday") if name in plan), None)
    is_open = plan.groupby(day)["expected"].transform("sum") > 0 if day else True
    extra = np.zeros(len(plan), dtype=np.int64)
    for start, end, change in ((scenario.from_hour, scenario.to_hour, scenario.extra_agents), *scenario.bands):
        extra += np.where(in_band(plan, start, end) & is_open, change, 0)
    return plan.assign(expected=plan["expected"] * volume, arrivals_per_h=plan["arrivals_per_h"] * volume,
                       handle_s=plan["handle_s"] * handle, agents=np.maximum(plan["agents"] + extra, 0))


def condensed(plan: pd.DataFrame) -> pd.DataFrame:
    """Take nearly equal intervals together, so that a quarter is worked out in a moment.

    Parameters
    ----------
    plan : DataFrame
        Intervals with contacts: `arrivals_per_h` above 0, `expected`, `handle_s`, `agents`, `interval_s`.

    Returns
    -------
    DataFrame
        One row per staff, handle time and arrival rate to 2 %; `expected` and `interval_s` are sums, `local_hour` 0.

    Examples
    --------
    >>> plan = pd.DataFrame({"arrivals_per_h": [100.0, 100.2], "expected": [50.0, 50.1], "handle_s": 60.0,
    ...                      "agents": 3, "interval_s": 1800.0})
    >>> len(condensed(plan))
    1
    """
    grid = np.rint(np.log(plan["arrivals_per_h"].to_numpy()) / _LOG_GRID)
    of_rate = plan["arrivals_per_h"] * plan["expected"]
    rows = plan.assign(of_rate=of_rate, grid=grid).groupby(["grid", "handle_s", "agents"], as_index=False)[
        ["expected", "of_rate", "interval_s"]].sum()
    return rows.assign(arrivals_per_h=rows["of_rate"] / rows["expected"], local_hour=0)
