"""What an indicator rests on: its own columns, or a fallback where the data cannot fill them, and whose word it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from csm_lib.definitions import Indicator
from csm_lib.measure.sums import Group, basis_counts, columns_of, narrowed
from csm_lib.measure.terms import Term

__all__ = ["basis_by_group", "filled"]


def filled(row: Indicator, facts: Any) -> Indicator:
    """Give the indicator, or the first of its fallbacks with a row in its population where the indicator has none.

    Parameters
    ----------
    row : Indicator
    facts : frame, or mapping of grain to frame
        None in a mapping says that there is no source for that grain.

    Returns
    -------
    Indicator
        The one asked for where none of them has a row; errors then speak of it.
    """
    usable = [each for each in _with_fallbacks(row) if _is_held(facts, each)]
    if len(usable) < 2:
        return usable[0] if usable else row
    return next((each for each in usable if _has_population(facts, each)), usable[0])


def _with_fallbacks(row: Indicator) -> list[Indicator]:
    found = [row]
    while found[-1].fallback is not None:
        found.append(found[-1].fallback)
    return found


def _is_held(facts: Any, row: Indicator) -> bool:
    """Tell whether there is a frame of the indicator's grain with the columns that it reads."""
    frame = facts.get(row.grain) if isinstance(facts, Mapping) else facts
    return frame is not None and set(row.columns) <= set(columns_of(frame))


def _has_population(facts: Any, row: Indicator) -> bool:
    frame = facts[row.grain] if isinstance(facts, Mapping) else facts
    held = narrowed(frame, Term.of(row), others=())
    return len(held.filter(f"COALESCE(({row.denominator}) <> 0, FALSE)").limit(1).to_arrow_table()) > 0


def basis_by_group(row: Indicator, frame: Any, *, by: Sequence[str]) -> dict[Group, str]:
    """Say, by group, what the judgements of the rows in the population rest on, and how many on each.

    Returns
    -------
    dict of group to str
        Empty where the indicator's rows do not say it.
    """
    if row.basis_column is None or row.basis_column not in columns_of(frame):
        return {}
    counts = basis_counts(narrowed(frame, Term.of(row), others=[*by, row.basis_column]), row, by=by)
    return {group: ", ".join(f"{basis} ({n})" for basis, n in found.items()) for group, found in counts.items()}
