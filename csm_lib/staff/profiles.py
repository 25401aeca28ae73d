"""How a day's contacts spread over its hours, weekday by weekday."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["day_by_time", "weekday_profiles"]

Floats = NDArray[np.float64]

_PRIOR_CONTACTS = 200.0  # contacts' worth of the common profile that each weekday's own profile is blended with


def day_by_time(arrivals: pd.DataFrame) -> pd.DataFrame:
    """Lay out arrivals by local day and local time.

    Parameters
    ----------
    arrivals : DataFrame
        One row per interval: `local_date`, `local_time`, `arrivals`.

    Returns
    -------
    DataFrame
        One row per local day, one column per local time; an hour that clocks repeat counts with its mean, one that they
        skip with 0.

    Examples
    --------
    >>> days = pd.to_datetime(["2024-01-01", "2024-01-01"])
    >>> day_by_time(pd.DataFrame({"local_date": days, "local_time": ["00:00", "00:30"], "arrivals": [3, 4]})).iloc[0, 1]
    np.float64(4.0)
    """
    table = arrivals.pivot_table(index="local_date", columns="local_time", values="arrivals", aggfunc="mean",
                                 fill_value=0.0)
    return table.astype(float)


def weekday_profiles(
    counts: pd.DataFrame, *, weight: Floats | None = None, weekday: NDArray[np.int64] | None = None
) -> Floats:
    """Give each weekday's share of contacts by local time.

    Parameters
    ----------
    counts : DataFrame
        What `day_by_time` returns.
    weight : ndarray of float, shape (n_days,), optional
        Weight of each day; by default all count alike.
    weekday : ndarray of int, shape (n_days,), optional
        Weekday that each day follows, 0 for Monday; by default its own.

    Returns
    -------
    ndarray of float, shape (7, n_times)
        Monday first; rows sum to 1 (to 0 where nothing ever arrived). Each is blended with the profile of all days, as
        if that had contributed 200 contacts, so that a quiet weekday is not read off a handful.

    Examples
    --------
    >>> counts = pd.DataFrame([[3.0, 1.0]], index=pd.to_datetime(["2024-01-01"]))
    >>> weekday_profiles(counts)[0]
    array([0.75, 0.25])
    """
    weighted = counts if weight is None else counts.mul(weight, axis=0)
    total = weighted.to_numpy().sum()
    common = weighted.sum().to_numpy() / total if total else np.zeros(counts.shape[1])
    followed = pd.DatetimeIndex(counts.index).day_of_week if weekday is None else weekday
    own = weighted.groupby(followed).sum().reindex(range(7), fill_value=0.0).to_numpy()
    return (own + _PRIOR_CONTACTS * common) / (own.sum(axis=1, keepdims=True) + _PRIOR_CONTACTS)
