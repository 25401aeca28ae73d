"""Keep people from being recognised: no groups too small.

Leaving out one small group is not enough where the others and the total are shown: it could be computed. So the next
smallest goes with it. Every table and chart of groups in which a person could be recognised, a team's, a customer's,
an agent's, passes through here before it is shown or stored. (Agents' names never come this far: the workbook opens
its tables with aliases.)
"""

from __future__ import annotations

import os
import re
from collections.abc import Hashable, Sequence

import pandas as pd

from csm_lib.errors import SettingError

__all__ = ["RECOGNISABLE", "SIZES", "disclosed", "without_small_groups"]

# columns whose groups may be one person, or the few that somebody knows
RECOGNISABLE = ("agent_id", "reviewer_id", "customer_id", "team", "customer_segment", "segment", "group")
# columns that say how many rows a group has; the first one that a table has counts
SIZES = ("n", "n_contacts", "n_rows", "n_sent", "n_handled", "count")
# how many rows have the value of this row
_ALIKE = "n_alike"
_PIECES = re.compile(r"\[(?:person|agent|e-mail|id|card|phone|passport|account|plate)\]|\d{7,}|[^\W\d_]")
# groups are compared within one of these: one indicator, one period
_WITHIN = ("key", "indicator", "period", "label", "month", "week", "local_date", "dimension", "kind", "level", "depth")


def without_small_groups(
    frame: pd.DataFrame, *, least: int, n: str = "n", within: Sequence[str] = ()
) -> pd.DataFrame:
    """Leave out groups of fewer than `least` rows.

    Parameters
    ----------
    frame : DataFrame
        One row per group; reads the column `n`.
    least : int, ≥ 1
        Smallest group that may be shown.
    n : str
        Column with the size of the group.
    within : sequence of str
        Columns whose values part the table into several lists of groups, an indicator's or a period's each.

    Returns
    -------
    DataFrame
        The groups that may be shown, in order; `.attrs["suppressed"]` counts the others. If exactly one of a list is
        too small, the next smallest goes with it.

    Raises
    ------
    SettingError
        If `least` is below 1.

    Examples
    --------
    >>> teams = pd.DataFrame({"team": ["A", "B", "C"], "n": [40, 3, 25]})
    >>> without_small_groups(teams, least=5)["team"].tolist()
    ['A']
    """
    if least < 1:
        raise SettingError(f"least must be at least 1, got {least!r}. Set the minimum group size.")
    sizes = frame[n].fillna(0)
    return _without(frame, sizes < least, sizes, within)


def disclosed(frame: pd.DataFrame) -> pd.DataFrame:
    """Leave out the groups of a table in which a person could be recognised, where it is a table of such groups.

    Parameters
    ----------
    frame : DataFrame
        A table of groups has one of the columns `RECOGNISABLE` and one of `SIZES`; a table of values that could not be
        read has `value` and `n_alike`; any other is given back as it is.
        The smallest group that may be shown is the one of the settings, which opening a workbook puts into
        `CSM_MINIMUM_GROUP_SIZE`; without it nothing is left out.

    Returns
    -------
    DataFrame
        `.attrs["suppressed"]` counts the groups left out, those left out before too. A group of nobody stays: there is
        nobody in it to recognise. Of a value that too few rows have in common only the form is left, letters as "x",
        long runs of figures as "#": it may be a name in the wrong column.

    Examples
    --------
    >>> teams = pd.DataFrame({"team": ["A", "B", "C"], "n": [40, 3, 25]})
    >>> os.environ["CSM_MINIMUM_GROUP_SIZE"] = "10"
    >>> disclosed(teams)["team"].tolist(), disclosed(teams.rename(columns={"team": "hour"}))["hour"].tolist()
    (['A'], ['A', 'B', 'C'])
    >>> del os.environ["CSM_MINIMUM_GROUP_SIZE"]
    """
    least = int(os.environ.get("CSM_MINIMUM_GROUP_SIZE") or 1)
    if _ALIKE in frame and "value" in frame:
        return _forms_of_rare_values(frame, least)
    size = next((name for name in SIZES if name in frame and pd.api.types.is_numeric_dtype(frame[name])), None)
    is_of_groups = any(name in frame for name in RECOGNISABLE)
    if size is None or not is_of_groups or least <= 1:
        return frame
    sizes = frame[size].fillna(0)
    is_small = (sizes > 0) & (sizes < least)
    if not is_small.any():
        return frame
    return _without(frame, is_small, sizes, [name for name in _WITHIN if name in frame])


def _forms_of_rare_values(frame: pd.DataFrame, least: int) -> pd.DataFrame:
    """Show only the form of values that fewer rows than `least` have in common."""
    pairs = zip(frame["value"], frame[_ALIKE], strict=True)
    values = [_form_of(value) if isinstance(value, str) and n < least else value for value, n in pairs]
    return frame.assign(value=pd.Series(values, index=frame.index, dtype=object)).drop(columns=_ALIKE)


def _form_of(value: str) -> str:
    """Write a value's form: letters as "x", long runs of figures as "#"; what was masked stays a mask."""
    return _PIECES.sub(lambda hit: hit[0] if hit[0][0] == "[" else "#" if hit[0][0].isdigit() else "x", value)


def _without(frame: pd.DataFrame, is_small: pd.Series, sizes: pd.Series, within: Sequence[str]) -> pd.DataFrame:
    """Leave out the small groups, and where one of a list would be alone, the next smallest of the list."""
    hidden = is_small.to_numpy().copy()
    size = sizes.to_numpy()
    lists: dict[Hashable, list[int]] = {}
    keys = zip(*(frame[name].astype(str) for name in within), strict=True) if within else [()] * len(frame)
    for place, key in enumerate(keys):
        lists.setdefault(tuple(key), []).append(place)
    for places in lists.values():
        others = [place for place in places if not hidden[place] and size[place] > 0]
        if sum(hidden[place] for place in places) == 1 and others:
            hidden[min(others, key=lambda place: size[place])] = True
    shown = frame[~hidden].copy()
    shown.attrs = {**frame.attrs, "suppressed": int(hidden.sum()) + int(frame.attrs.get("suppressed", 0))}
    return shown
