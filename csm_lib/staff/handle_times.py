"""How long contacts take, by hour, by issue and by how long their agents have been there.

The mean handle time is half of the need for agents. Where it differs much by hour the need does too; where it falls
with tenure, hiring and training change it; where one issue takes long, that issue is worth a look.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from csm_lib.errors import SettingError
from csm_lib.measure.inference import mean

__all__ = ["HANDLE_TIME_GROUPS", "handle_times"]

HANDLE_TIME_GROUPS = ("local_hour", "issue", "tenure")

# upper bounds in days, and what a band is called
_TENURE_BANDS = ((30, "up to 30 days"), (90, "31 to 90 days"), (365, "91 days to a year"), (np.inf, "more than a year"))


def handle_times(contacts: pd.DataFrame, *, by: str, level: float = 0.95) -> pd.DataFrame:
    """Give the mean handle time of each group of contacts.

    Parameters
    ----------
    contacts : DataFrame
        One row per contact: `handle_s`, and `local_hour`, `issue` or `agent_tenure_days`; `agent_id` where known.
    by : str
        One of `HANDLE_TIME_GROUPS`; "tenure" takes days of the agent's tenure in four bands.
    level : float, default 0.95

    Returns
    -------
    DataFrame
        One row per group, in order of hour or tenure, issues by the handling time they take: `by`, `n`, `mean_s`,
        `low`, `high`, `median_s`, `handling_share` (of all handling time). `.attrs["n_unknown"]` counts contacts with a
        handle time whose group is not known; they are left out.

    Raises
    ------
    SettingError
        If `by` is not one of the groups.

    Notes
    -----
    Intervals as `csm_lib.measure.inference.mean`, agents taken as clusters where eight or more are known: one agent's
    contacts resemble each other.

    Examples
    --------
    >>> seen = pd.DataFrame({"handle_s": [100.0, 300.0, 200.0], "issue": ["parcel", "parcel", "refund"]})
    >>> handle_times(seen, by="issue")[["issue", "mean_s", "handling_share"]].values.tolist()
    [['parcel', 200.0, 0.6666666666666666], ['refund', 200.0, 0.3333333333333333]]
    """
    if by not in HANDLE_TIME_GROUPS:
        raise SettingError(f"by must be one of {', '.join(HANDLE_TIME_GROUPS)}, got {by!r}. Choose one of these.")
    known = contacts[(contacts["handle_s"] > 0).fillna(False).astype(bool)]
    group = _tenure_bands(known) if by == "tenure" else known[by] if by in known else pd.Series(index=known.index)
    rows = known.assign(**{by: group}).dropna(subset=[by])
    total_s = float(rows["handle_s"].sum())
    found = [_row(by, name, part, total_s, level) for name, part in rows.groupby(by, observed=True)]
    table = pd.DataFrame(found, columns=[by, "n", "mean_s", "low", "high", "median_s", "handling_share"])
    if by == "issue":
        table = table.sort_values(["handling_share", "issue"], ascending=[False, True]).reset_index(drop=True)
    if by == "tenure":
        table[by] = table[by].astype(str)
    table.attrs["n_unknown"] = len(known) - len(rows)
    return table


def _tenure_bands(contacts: pd.DataFrame) -> pd.Series:
    days = contacts.get("agent_tenure_days", pd.Series(np.nan, index=contacts.index)).astype(float)
    edges = [-np.inf, *(bound for bound, _ in _TENURE_BANDS)]
    return pd.cut(days, edges, labels=[name for _, name in _TENURE_BANDS])


def _row(by: str, name: object, part: pd.DataFrame, total_s: float, level: float) -> dict[str, object]:
    agents = part.get("agent_id")
    has_agents = agents is not None and agents.notna().all() and agents.nunique() >= _FEWEST_AGENTS
    made = mean(part["handle_s"].to_numpy(dtype=float), level=level, clusters=agents if has_agents else None)
    return {by: name, "n": len(part), "mean_s": made.value, "low": made.low, "high": made.high,
            "median_s": float(part["handle_s"].median()), "handling_share": float(part["handle_s"].sum()) / total_s}


_FEWEST_AGENTS = 8
