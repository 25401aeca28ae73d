"""Durations with the unfinished in them, as tables beside the means of the finished.

Three questions, each over all contacts that are due an answer: how long until half of them are served, which share was
served within the promise, and what became of the others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from csm_lib.measure.competing import cumulative_incidence, incidence_quantile
from csm_lib.measure.inference import clustered_share
from csm_lib.measure.spells import first_reply_spells, resolution_spells, wait_spells
from csm_lib.measure.waits import virtual_wait
from csm_lib.results import Estimate

__all__ = ["answered_within", "durations_table", "solved_by"]

_HIGH = 0.9  # the time by which nine of ten are served stands beside the median
CAUSES = ("resolved", "withdrawn", "merged", "closed_unsolved")


def durations_table(contacts: Any, *, until: datetime, level: float = 0.95) -> pd.DataFrame:
    """Give the times by which half and nine of ten are served, the unserved in them, beside the mean of the served.

    Parameters
    ----------
    contacts : frame of contact facts
        Columns read, as far as they are there: those of `csm_lib.measure.spells`.
    until : datetime with a zone
        The last look.
    level : float, 0–1

    Returns
    -------
    DataFrame
        One row per question that the data can answer: `what` (wait_live, first_reply_other, resolution), `n` (all),
        `n_finished`, `n_otherwise` (ended another way), `n_open`, `mean` and `finished_median` of the finished,
        `median`, `median_low`, `median_high`, `median_beyond`, `p90`, `p90_low`, `p90_high`, `p90_beyond`, all in
        seconds, and `method`. A quantile that was not reached is NaN, and its `…_beyond` is the time it exceeds.
        `.attrs["reason"]` where there is no row.

    Notes
    -----
    Wait of live contacts: virtual wait within hours of the day (`virtual_wait`), abandonments censored. Others: Aalen
    and Johansen, withdrawn, merged and closed unsolved ending otherwise, open ones censored.

    Examples
    --------
    >>> made = pd.DataFrame({"created_at": pd.to_datetime(["2024-01-01T00:00Z"] * 3), "is_live": False,
    ...     "resolved_at": pd.to_datetime(["2024-01-01T01:00Z", "2024-01-01T03:00Z", None]), "is_handled": True})
    >>> table = durations_table(made, until=datetime.fromisoformat("2024-01-02T00:00Z"))
    >>> table.loc[table["what"] == "resolution", ["n", "mean", "median", "p90_beyond"]].values.tolist()
    [[3.0, 7200.0, 10800.0, 86400.0]]
    """
    waits = wait_spells(contacts, until=until)
    replies = first_reply_spells(contacts, until=until, by=["is_live"])
    replies = replies[~replies["is_live"].fillna(False).astype(bool)]
    ends = resolution_spells(contacts, until=until)
    rows = []
    if len(waits):
        is_known = waits["duration_s"].notna()
        rows.append(_row("wait_live", waits[is_known], "answered", _virtual(waits[is_known], level)))
    for what, spells, cause in (("first_reply_other", replies, "answered"), ("resolution", ends, "resolved")):
        if spells["cause"].eq(cause).any():
            found = [
                incidence_quantile(spells["duration_s"], spells["cause"], cause=cause, share=share, level=level)
                for share in (0.5, _HIGH)
            ]
            rows.append(_row(what, spells, cause, found))
    made = pd.DataFrame(rows, columns=list(_COLUMNS))
    made.attrs["reason"] = None if rows else "no contact was served at a known time"
    return made


_COLUMNS = (
    "what", "n", "n_finished", "n_otherwise", "n_open", "mean", "finished_median", "median", "median_low",
    "median_high", "median_beyond", "p90", "p90_low", "p90_high", "p90_beyond", "method",
)  # fmt: skip


def answered_within(
    contacts: Any, *, until: datetime, promises_s: Mapping[str, float], level: float = 0.95
) -> pd.DataFrame:
    """Give the share of all due contacts that a human answered within the promise.

    Parameters
    ----------
    contacts : frame of contact facts
        As in `durations_table`, and `local_date`.
    until : datetime with a zone
        The last look; contacts whose promise runs out after it are not yet due.
    promises_s : mapping of str to float, seconds
        `live` and `other` (asynchronous) to the longest time that keeps the promise; elapsed, bound included.
    level : float, 0–1

    Returns
    -------
    DataFrame
        One row per kind with anything due: `what threshold_s n n_in_time value low high n_not_yet_due method`. `n` is
        all that were due, the unanswered, abandoned and withdrawn among them.

    Notes
    -----
    Interval clustered by local day (`csm_lib.measure.inference.clustered_share`).

    Examples
    --------
    >>> made = pd.DataFrame({"created_at": pd.to_datetime(["2024-01-01T00:00Z"] * 3), "is_live": True,
    ...     "is_offered": True, "is_answered": [True, True, False], "is_abandoned": [False, False, True],
    ...     "first_response_s": [12.0, 50.0, None], "wait_s": [12.0, 50.0, 30.0], "local_date": "2024-01-01"})
    >>> made = answered_within(made, until=datetime.fromisoformat("2024-01-02T00:00Z"), promises_s={"live": 20})
    >>> made[["n", "n_in_time"]].values.tolist()
    [[3, 1]]
    """
    spells = first_reply_spells(contacts, until=until, by=["is_live", "local_date"])
    is_live = spells["is_live"].fillna(False).astype(bool)
    rows = []
    for what, threshold in promises_s.items():
        mine = spells[is_live if what == "live" else ~is_live]
        is_due = mine["cause"].notna() | (mine["duration_s"] >= threshold)
        due = mine[is_due]
        if len(due):
            in_time = due["cause"].eq("answered") & (due["duration_s"] <= threshold)
            made = clustered_share(in_time.to_numpy(), clusters=due["local_date"].to_numpy(), level=level)
            rows.append((what, float(threshold), len(due), int(in_time.sum()), made.value, made.low, made.high,
                         int((~is_due).sum()), made.method))  # fmt: skip
    columns = ["what", "threshold_s", "n", "n_in_time", "value", "low", "high", "n_not_yet_due", "method"]
    table = pd.DataFrame(rows, columns=columns)
    table.attrs["reason"] = None if rows else "no contact was due an answer"
    return table


def solved_by(
    contacts: Any, *, until: datetime, at_h: Sequence[float] = (1.0, 24.0, 72.0), level: float = 0.95
) -> pd.DataFrame:
    """Give what became of all contacts after some hours: solved, withdrawn, merged, closed unsolved, still open.

    Parameters
    ----------
    contacts : frame of contact facts
        Columns read, as far as they are there: those of `csm_lib.measure.spells.resolution_spells`.
    until : datetime with a zone
        The last look.
    at_h : sequence of float, hours
        Elapsed since creation.
    level : float, 0–1

    Returns
    -------
    DataFrame
        One row per time: `at_s n value low high` (share solved) `withdrawn_share merged_share closed_unsolved_share
        open_share n_at_risk`; the shares add up to 1. `.attrs`: `reason` where there is none, `left_out` as
        `resolution_spells`.

    Notes
    -----
    Aalen and Johansen (`csm_lib.measure.competing.cumulative_incidence`).

    Examples
    --------
    >>> made = pd.DataFrame({"created_at": pd.to_datetime(["2024-01-01T00:00Z"] * 4), "is_live": False,
    ...     "resolved_at": pd.to_datetime(["2024-01-01T01:00Z", "2024-01-01T03:00Z", None, None]), "is_handled": True,
    ...     "withdrawn_at": pd.to_datetime([None, None, "2024-01-01T02:00Z", None])})
    >>> made = solved_by(made, until=datetime.fromisoformat("2024-01-02T00:00Z"), at_h=[4])
    >>> made[["value", "withdrawn_share", "open_share"]].values.tolist()
    [[0.5, 0.25, 0.25]]
    """
    spells = resolution_spells(contacts, until=until)
    times = np.asarray(at_h, dtype=float) * 3600
    curves = cumulative_incidence(spells["duration_s"], spells["cause"], at_s=times, level=level)
    wide = curves.pivot(index="at_s", columns="cause", values="value").reindex(index=times)
    wide = wide.reindex(columns=list(CAUSES)).where(wide.notna().any(axis=1), np.nan)
    others = {f"{cause}_share": wide[cause].fillna(0.0).to_numpy() for cause in CAUSES[1:]}
    solved = curves[curves["cause"] == "resolved"].set_index("at_s").reindex(times)
    made = pd.DataFrame(
        {"at_s": times, "n": len(spells), "value": solved["value"].to_numpy(float),
         "low": solved["low"].to_numpy(float), "high": solved["high"].to_numpy(float)} | others
    )  # fmt: skip
    made["open_share"] = 1 - made["value"] - made[list(others)].sum(axis=1)
    made["n_at_risk"] = solved["n_at_risk"].fillna(0).to_numpy("int64")
    has_any = bool(spells["cause"].eq("resolved").any())
    made = made if has_any else made.iloc[:0]
    reason = None if has_any else "the data do not say when a contact was solved"
    made.attrs = {"reason": reason, "left_out": dict(spells.attrs["left_out"])}
    return made


def _virtual(waits: pd.DataFrame, level: float) -> list[Estimate]:
    return [
        virtual_wait(
            waits["duration_s"], waits["cause"].eq("answered"), bands=waits["local_hour"].to_numpy(),
            share=share, clusters=waits["local_date"].to_numpy(), level=level,
        )
        for share in (0.5, _HIGH)
    ]  # fmt: skip


def _row(what: str, spells: pd.DataFrame, cause: str, found: Sequence[Estimate]) -> dict[str, Any]:
    finished = spells.loc[spells["cause"].eq(cause), "duration_s"]
    n_open = int(spells["cause"].isna().sum())
    row = {"what": what, "n": len(spells), "n_finished": len(finished), "n_open": n_open,
           "n_otherwise": len(spells) - len(finished) - n_open, "mean": float(finished.mean()),
           "finished_median": float(finished.median()), "method": found[0].method}  # fmt: skip
    for name, made in zip(("median", "p90"), found, strict=True):
        is_beyond = math.isinf(made.value)
        row[name] = math.nan if is_beyond else made.value
        row[f"{name}_low"] = math.nan if math.isinf(made.low) else made.low
        row[f"{name}_high"] = math.nan if math.isinf(made.high) else made.high
        row[f"{name}_beyond"] = _beyond(made, spells) if is_beyond else math.nan
    return row


def _beyond(made: Estimate, spells: pd.DataFrame) -> float:
    """Read what a quantile that was not reached exceeds: the longest time its method names."""
    named = made.method.rpartition("more than ")[2].removesuffix(" s")
    return float(named) if named.replace(".", "", 1).isdigit() else float(spells["duration_s"].max())
