"""An indicator day by day or week by week, judged by the control chart that its kind of number deserves."""

from __future__ import annotations

from typing import Literal

import pandas as pd

from csm_lib.definitions import INDICATORS
from csm_lib.errors import SettingError, UsageError
from csm_lib.measure.control import Kind, chart
from csm_lib.measure.phases import phases_of

__all__ = ["Every", "control_series"]

Every = Literal["day", "week"]

# large daily volumes make plain p and u limits too narrow (Laney 2002), hence the primed charts
_KINDS: dict[str, Kind] = {"share": "p_prime", "ratio": "u_prime"}


def control_series(
    measured: pd.DataFrame, *, every: Every = "day", at: str = "local_date", changes: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Judge one indicator over time.

    Parameters
    ----------
    measured : DataFrame
        One key by local date, as `measure` gives. Columns read: `key`, `at`, `n`, `numerator`, `denominator`, `unit`.
    every : {"day", "week"}
        Weeks begin on Monday; their values are ratios of the sums of their days. The first and last may be short.
    at : str
        Column with the local date.
    changes : DataFrame, optional
        Deliberate changes of the process, as `csm_lib.measure.phases.process_changes` gives: limits start anew with the
        first day or week that begins on or after each.

    Returns
    -------
    DataFrame
        One row per day or week, oldest first: `at` (Timestamp), `n`, `numerator`, `denominator`, `value centre low high
        is_signal rules`, with changes also `phase`; attributes as `csm_lib.measure.control.chart` gives them.

    Raises
    ------
    UsageError
        If there are several keys.
    SettingError
        If `every` is neither word.

    Notes
    -----
    Shares: p′ chart; rates of two kinds of rows: u′ chart (Laney 2002); means, nets and weighted shares: XmR.

    Examples
    --------
    >>> days = pd.date_range("2024-01-01", periods=14)
    >>> made = pd.DataFrame({"key": "answer_rate", "local_date": days, "n": 10, "numerator": 9.0,
    ...                      "denominator": 10.0, "unit": "share"})
    >>> control_series(made, every="week")[["local_date", "n", "value"]].values.tolist()
    [[Timestamp('2024-01-01 00:00:00'), 70, 0.9], [Timestamp('2024-01-08 00:00:00'), 70, 0.9]]
    """
    if every not in ("day", "week"):
        raise SettingError(f"every must be 'day' or 'week', got {every!r}. Choose one of them.")
    keys = list(dict.fromkeys(measured["key"]))
    if len(keys) > 1:
        raise UsageError(f"measured must hold one key, got {', '.join(keys)}. Choose the rows of one indicator.")
    days = pd.to_datetime(measured[at].astype("object"))
    starts = days if every == "day" else days - pd.to_timedelta(days.dt.day_of_week, unit="D")
    sums = measured.assign(**{at: starts}).dropna(subset=[at]).groupby(at)[["n", "numerator", "denominator"]].sum()
    kind = _KINDS.get(INDICATORS[keys[0]].aggregation, "xmr") if keys else "xmr"
    phases = None if changes is None else phases_of(sums.index, changes)
    judged = _judged(sums, kind, phases)
    made = pd.concat([sums.reset_index(), judged.reset_index(drop=True)], axis=1)
    made.attrs = dict(judged.attrs)
    return made


def _judged(sums: pd.DataFrame, kind: Kind, phases: list[str] | None) -> pd.DataFrame:
    if kind == "xmr":
        values = sums["numerator"] / sums["denominator"].where(sums["denominator"] > 0)
        return chart(values, kind=kind, phases=phases)
    return chart(sums["numerator"].round().astype("int64"), n=sums["denominator"], kind=kind, phases=phases)
