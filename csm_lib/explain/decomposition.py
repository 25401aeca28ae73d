"""Split a change or a gap exactly: how much is mix (harder contacts), how much is rate (worse at the same contacts).

A desk can fall because it took on more of the hard contacts, or because it got worse at the contacts it always had. The
first asks for staff and routing, the second for a repair; the overall figure cannot tell them apart.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from csm_lib.errors import SettingError, UsageError
from csm_lib.explain.population import table_of

__all__ = ["Paradox", "cell_sums", "contributions", "mix_and_rate", "segment_rates", "simpson_paradox"]


def mix_and_rate(
    before: Any, after: Any, *, segment: str | Sequence[str], numerator: str, denominator: str
) -> pd.DataFrame:
    """Split the change of an overall ratio between two periods into mix and rate, segment by segment.

    Parameters
    ----------
    before, after : frame
        Row-level or already summed; columns `segment`, `numerator`, `denominator`. Rows whose numerator or denominator
        is missing, or with 0 over 0, are outside the population. The periods need not be equally long: only shares and
        rates enter.
    segment : str or sequence of str
        Column(s) that name the segment; a missing name is a segment of its own.
    numerator, denominator : str
        Column names; summed within each segment.

    Returns
    -------
    DataFrame
        One row per segment, sorted by segment: `segment` (a tuple where several columns were given), `mix`, `rate`,
        `total`, in the unit of the ratio. The totals add up to the change of the overall ratio, which is Σ numerator ÷
        Σ denominator over the rows of the population. `.attrs` has `before`,
        `after` and `change` (overall ratios and their difference).

    Raises
    ------
    UsageError
        If a column is absent, or a period has no row in the population.
    SettingError
        If there is a numerator where the denominator is 0: no rate could hold it, and the parts would miss the change.

    Notes
    -----
    With w the share of the denominator, r the rate, bars the means of the two periods and R̄ the mean of the two overall
    ratios: mix = Δw (r̄ − R̄), rate = w̄ Δr (METHOD §4). A segment seen in one period only is all mix, with r̄ the rate it
    had when it was seen. This is the two-factor decomposition of Kitagawa (1955), J. Am. Stat. Assoc. 50:1168, with the
    mix term centred so that growth of an average segment counts as nothing.

    Examples
    --------
    >>> old = pd.DataFrame({"channel": ["chat", "phone"], "met": [90, 50], "n": [100, 100]})
    >>> new = pd.DataFrame({"channel": ["chat", "phone"], "met": [45, 75], "n": [50, 150]})
    >>> parts = mix_and_rate(old, new, segment="channel", numerator="met", denominator="n")
    >>> parts.round(4).values.tolist()
    [['chat', -0.0625, 0.0, -0.0625], ['phone', -0.0375, 0.0, -0.0375]]
    """
    rates = segment_rates(before, after, segment=segment, numerator=numerator, denominator=denominator)
    overall_before, overall_after = rates.attrs["before"], rates.attrs["after"]
    middle = (overall_before + overall_after) / 2
    both = rates["rate_before"].notna() & rates["rate_after"].notna()
    rate_change = (rates["rate_after"] - rates["rate_before"]).where(both, 0.0)
    mean_rate = rates[["rate_before", "rate_after"]].mean(axis=1)
    mean_weight = (rates["weight_before"] + rates["weight_after"]) / 2
    mix = (rates["weight_after"] - rates["weight_before"]) * (mean_rate - middle)
    rate = mean_weight * rate_change
    parts = pd.DataFrame({"segment": rates["segment"], "mix": mix, "rate": rate, "total": mix + rate})
    parts.attrs.update(before=overall_before, after=overall_after, change=overall_after - overall_before)
    return parts


def contributions(
    current: Any, *, segment: str | Sequence[str], numerator: str, denominator: str, target: float
) -> pd.DataFrame:
    """Split the gap to a target over segments; against a target there is no mix.

    Parameters
    ----------
    current : frame
        As `before` of `mix_and_rate`.
    segment, numerator, denominator
        As in `mix_and_rate`.
    target : float
        In the unit of the ratio (a share is 0–1).

    Returns
    -------
    DataFrame
        One row per segment, sorted by segment: `segment`, `weight` (its share of the denominator), `value` (its rate),
        `contribution` = weight × (value − target). The contributions add up to overall ratio − target. `.attrs` has
        `value`, `target`, `gap`.

    Raises
    ------
    UsageError
        If a column is absent, or no row is in the population.
    SettingError
        As `mix_and_rate`.

    Examples
    --------
    >>> now = pd.DataFrame({"channel": ["chat", "phone"], "met": [30, 42], "n": [40, 60]})
    >>> contributions(now, segment="channel", numerator="met", denominator="n", target=0.75).round(3).values.tolist()
    [['chat', 0.4, 0.75, 0.0], ['phone', 0.6, 0.7, -0.03]]
    """
    sums = cell_sums(current, segment, numerator, denominator, role="current")
    weight = sums["denominator"] / sums["denominator"].sum()
    value = sums["numerator"] / sums["denominator"]
    parts = pd.DataFrame({"weight": weight, "value": value, "contribution": weight * (value - target)})
    parts = parts.rename_axis("segment").reset_index()
    overall = float(sums["numerator"].sum() / sums["denominator"].sum())
    parts.attrs.update(value=overall, target=target, gap=overall - target)
    return parts


def segment_rates(
    before: Any, after: Any, *, segment: str | Sequence[str], numerator: str, denominator: str
) -> pd.DataFrame:
    """Set weights and rates of every segment in two periods side by side.

    Parameters
    ----------
    before, after, segment, numerator, denominator
        As in `mix_and_rate`.

    Returns
    -------
    DataFrame
        One row per segment, sorted by segment: `segment`, `weight_before`, `weight_after` (shares of the denominator, 0
        where the segment was not seen), `rate_before`, `rate_after` (NaN where it was not seen). `.attrs` has the
        overall ratios `before` and `after`.

    Raises
    ------
    UsageError
        If a column is absent, or a period has no row in the population.
    SettingError
        If there is a numerator where the denominator is 0: no rate could hold it, and the parts would miss the change.

    Examples
    --------
    >>> old = pd.DataFrame({"team": ["A"], "met": [8], "n": [10]})
    >>> new = pd.DataFrame({"team": ["A", "B"], "met": [9, 5], "n": [10, 10]})
    >>> segment_rates(old, new, segment="team", numerator="met", denominator="n").values.tolist()
    [['A', 1.0, 0.5, 0.8, 0.9], ['B', 0.0, 0.5, nan, 0.5]]
    """
    sums = {
        role: cell_sums(frame, segment, numerator, denominator, role=role)
        for role, frame in (("before", before), ("after", after))
    }
    names = _sorted(sums["before"].index.union(sums["after"].index, sort=False))
    weights = {f"weight_{role}": part["denominator"] / part["denominator"].sum() for role, part in sums.items()}
    rates = {f"rate_{role}": part["numerator"] / part["denominator"] for role, part in sums.items()}
    columns = {name: series.reindex(names) for name, series in (weights | rates).items()}
    table = pd.DataFrame(columns, index=names).fillna(dict.fromkeys(weights, 0.0))
    table = table.rename_axis("segment").reset_index()
    table.attrs.update(
        {role: float(part["numerator"].sum() / part["denominator"].sum()) for role, part in sums.items()}
    )
    return table


@dataclass(frozen=True)
class Paradox:
    """Whether the overall figure tells the opposite of its parts.

    Attributes
    ----------
    is_reversed : bool
        True if the overall ratio moved one way and the rate of every segment seen in both periods the other.
    change : float
        Of the overall ratio, in its unit.
    mix, rate : float
        What it is made of; they add up to `change`.
    n_segments : int
        Segments seen in both periods.
    n_against : int
        Of these, how many moved against the overall ratio.
    """

    is_reversed: bool
    change: float
    mix: float
    rate: float
    n_segments: int
    n_against: int


def simpson_paradox(
    before: Any, after: Any, *, segment: str | Sequence[str], numerator: str, denominator: str
) -> Paradox:
    """Tell whether the overall ratio moved against every one of its segments.

    When it did, the overall figure must not be reported alone: who reads it would repair what got better.

    Parameters
    ----------
    before, after, segment, numerator, denominator
        As in `mix_and_rate`.

    Returns
    -------
    Paradox

    Raises
    ------
    UsageError, SettingError
        As `mix_and_rate`.

    Notes
    -----
    Simpson (1951), J. R. Stat. Soc. B 13:238.

    Examples
    --------
    Both channels got better; the desk got worse, because more contacts came by phone.

    >>> old = pd.DataFrame({"channel": ["chat", "phone"], "met": [90, 50], "n": [100, 100]})
    >>> new = pd.DataFrame({"channel": ["chat", "phone"], "met": [46, 77], "n": [50, 150]})
    >>> simpson_paradox(old, new, segment="channel", numerator="met", denominator="n").is_reversed
    True
    """
    rates = segment_rates(before, after, segment=segment, numerator=numerator, denominator=denominator)
    parts = mix_and_rate(before, after, segment=segment, numerator=numerator, denominator=denominator)
    change = float(parts.attrs["change"])
    moves = (rates["rate_after"] - rates["rate_before"]).dropna()
    n_against = int((np.sign(moves) == -np.sign(change)).sum()) if change else 0
    return Paradox(
        is_reversed=bool(n_against and n_against == len(moves)),
        change=change,
        mix=float(parts["mix"].sum()),
        rate=float(parts["rate"].sum()),
        n_segments=len(moves),
        n_against=n_against,
    )


def cell_sums(
    frame: Any, segment: str | Sequence[str], numerator: str, denominator: str, *, role: str
) -> pd.DataFrame:
    """Sum numerator and denominator per segment over the rows of the population.

    Parameters
    ----------
    frame, segment, numerator, denominator
        As in `mix_and_rate`.
    role : str
        What the frame is called in a message.

    Returns
    -------
    DataFrame
        `numerator`, `denominator`; the index holds the segments, sorted, as tuples where there are several columns.

    Raises
    ------
    UsageError, SettingError
        As `mix_and_rate`.

    Examples
    --------
    >>> rows = pd.DataFrame({"team": ["A", "A", "B"], "met": [1, 0, 1], "n": 1})
    >>> cell_sums(rows, "team", "met", "n", role="before").values.tolist()
    [[1.0, 2.0], [1.0, 1.0]]
    """
    names = [segment] if isinstance(segment, str) else list(segment)
    rows = table_of(frame, [*names, numerator, denominator], role=role).to_pandas()
    rows = rows.assign(**{name: rows[name].astype(float) for name in (numerator, denominator)})
    whole = rows.dropna(subset=[numerator, denominator])
    inside = whole[whole[denominator] != 0]
    _refuse_orphans(whole[(whole[denominator] == 0) & (whole[numerator] != 0)], names, numerator, denominator,
                    role=role, n_rows=len(rows))  # fmt: skip
    if inside.empty or not inside[denominator].sum():
        raise UsageError(
            f"{role} must hold a row with {numerator!r} and {denominator!r} present and {denominator!r} not 0, got "
            f"none among {len(rows)} rows. Choose a period that has data."
        )
    by: Any = names[0] if len(names) == 1 else names
    sums = inside.groupby(by, dropna=False, observed=True, sort=False)[[numerator, denominator]].sum()
    sums.columns = pd.Index(["numerator", "denominator"])
    sums.index = pd.Index([_plain(name) for name in sums.index], dtype=object, tupleize_cols=False)
    seen = sums[sums["denominator"] != 0]
    return seen.reindex(_sorted(seen.index))


def _refuse_orphans(
    orphans: pd.DataFrame, names: list[str], numerator: str, denominator: str, *, role: str, n_rows: int
) -> None:
    """Refuse something over nothing: it is part of the overall ratio and of no segment's rate."""
    if orphans.empty:
        return
    labels = orphans[names].itertuples(index=False, name=None)
    seen = [_plain(label if len(names) > 1 else label[0]) for label in labels]
    shown = ", ".join(repr(name) for name in list(dict.fromkeys(seen))[:5])
    raise SettingError(
        f"{role} must have no {numerator!r} where {denominator!r} is 0, got some in segment {shown} ({len(orphans)} of "
        f"{n_rows} rows, first {float(orphans[numerator].iloc[0])!r}). Join such a segment to one that has "
        f"{denominator!r} and sum both, or leave those rows out: they belong to no rate."
    )


def _plain(name: Any) -> Hashable:
    """Turn a group label into plain values; any kind of missing is None."""
    if isinstance(name, tuple):
        return tuple(_plain(part) for part in name)
    if pd.isna(name):
        return None
    return name.item() if isinstance(name, np.generic) else name


def _sorted(names: pd.Index) -> pd.Index:
    """Sort segment names, missing ones last, numbers as numbers."""
    order = sorted(names, key=_sort_key)
    return pd.Index(order, dtype=object, tupleize_cols=False)


def _sort_key(name: Any) -> tuple[Any, ...]:
    if isinstance(name, tuple):
        return tuple(_sort_key(part) for part in name)
    is_number = isinstance(name, (int, float)) and not isinstance(name, bool)
    return (name is None, not is_number, float(name) if is_number else 0.0, str(name))
