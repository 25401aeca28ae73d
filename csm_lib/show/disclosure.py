"""Keep people from being recognised: no groups too small, no agents by name.

Leaving out one small group is not enough where the others and the total are shown: it could be computed. So the next
smallest goes with it.
"""

from __future__ import annotations

import pandas as pd

from csm_lib.errors import SettingError

__all__ = ["agents_by_alias", "without_small_groups"]


def without_small_groups(frame: pd.DataFrame, *, least: int, n: str = "n") -> pd.DataFrame:
    """Leave out groups of fewer than `least` rows.

    Parameters
    ----------
    frame : DataFrame
        One row per group; reads the column `n`.
    least : int, ≥ 1
        Smallest group that may be shown.
    n : str
        Column with the size of the group.

    Returns
    -------
    DataFrame
        The groups that may be shown, in order; `.attrs["suppressed"]` counts the others. If exactly one is too
        small, the next smallest goes with it.

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
    is_small = frame[n].fillna(0) < least
    if is_small.sum() == 1 and len(frame) > 1:
        is_small = is_small | (frame.index == frame.loc[~is_small, n].idxmin())
    shown = frame[~is_small].copy()
    shown.attrs = {**frame.attrs, "suppressed": int(is_small.sum())}
    return shown


def agents_by_alias(frame: pd.DataFrame, agents: pd.DataFrame, *, column: str = "agent_id") -> pd.DataFrame:
    """Replace agents' ids by their aliases.

    Parameters
    ----------
    frame : DataFrame
        Reads `column`.
    agents : DataFrame
        One row per agent; reads `agent_id` and, where present, `alias`.
    column : str

    Returns
    -------
    DataFrame
        An agent without an alias is numbered in the order of the ids; a missing id stays missing.

    Examples
    --------
    >>> agents = pd.DataFrame({"agent_id": ["wang", "li"], "alias": ["Heron", None]})
    >>> agents_by_alias(pd.DataFrame({"agent_id": ["li", "wang"]}), agents)["agent_id"].tolist()
    ['Agent 001', 'Heron']
    """
    ids = sorted({*agents["agent_id"].dropna(), *frame[column].dropna()})
    aliases = {agent: f"Agent {place:03d}" for place, agent in enumerate(ids, start=1)}
    if "alias" in agents:
        aliases |= agents.dropna(subset=["agent_id", "alias"]).set_index("agent_id")["alias"].to_dict()
    return frame.assign(**{column: frame[column].map(aliases)})
