"""Who works which tour in which week, so that weekends and late shifts come round to everybody.

A roster says how many people work each tour. Here they take turns: week by week each person gets the tour that
evens out what they have borne so far, never one that breaks the rest or the days in a row that their contract grants.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from csm_lib.errors import SettingError
from csm_lib.staff.tours import Tour

__all__ = ["burden_of_people", "turns", "weeks_of_people"]

Floats = NDArray[np.float64]

_FORBIDDEN = 1e9
_COLUMNS = ["person", "contract", "level", "local_date", "shift", "starts_at", "ends_at", "is_weekend", "is_late",
            "hours"]  # fmt: skip
_LATE_MIN = 18 * 60  # a shift that ends later takes an evening


def turns(roster: pd.DataFrame, tours: Sequence[Tour], *, first_on: date, weeks: int = 4) -> pd.DataFrame:
    """Give every person of a roster a tour for each of some weeks.

    Parameters
    ----------
    roster : DataFrame
        As `csm_lib.staff.tours.cheapest_roster`.
    tours : sequence of Tour
        Those the roster was made of.
    first_on : date
        Monday of the first week.
    weeks : int, default 4

    Returns
    -------
    DataFrame
        One row per person and day worked: `person` ("full time 1"), `contract`, `level`, `local_date`, `shift`,
        `starts_at`, `ends_at` (local clock times as text), `is_weekend`, `is_late` (ends after 18:00), `hours`.

    Raises
    ------
    SettingError
        If `first_on` is no Monday.

    Notes
    -----
    Each week is an assignment problem within a contract (Kuhn 1955): cost is the burden a person has borne, times the
    tour's. Keeping the tour of the week before is always allowed, so there is always an answer.
    """
    if first_on.isoweekday() != 1:
        raise SettingError(f"first_on must be a Monday, got {first_on.isoformat()!r}. Choose the first day of a week.")
    rows = []
    for name in roster["contract"].unique() if len(roster) else ():
        own = _people(roster[roster["contract"] == name], [tour for tour in tours if tour.contract.name == name])
        held = list(range(len(own)))
        borne = np.zeros((len(own), 2))
        for week in range(weeks):
            held = _next_tours(own, held, borne) if week else held
            borne += np.array([_burden(own[place]) for place in held])
            for person, place in enumerate(held):
                rows += _days(own[place], f"{name} {person + 1}", first_on + timedelta(days=7 * week))
    return pd.DataFrame(rows, columns=_COLUMNS)


def burden_of_people(turns: pd.DataFrame) -> pd.DataFrame:
    """Count what each person bears.

    Parameters
    ----------
    turns : DataFrame
        As `turns` gives.

    Returns
    -------
    DataFrame
        One row per person: `person`, `contract`, `days`, `weekend_days`, `late_days`, `hours`.
    """
    found = turns.astype({"is_weekend": int, "is_late": int}).groupby(["contract", "person"], sort=False)
    return found.agg(
        days=("hours", "size"), weekend_days=("is_weekend", "sum"), late_days=("is_late", "sum"), hours=("hours", "sum")
    ).reset_index()[["person", "contract", "days", "weekend_days", "late_days", "hours"]]


def weeks_of_people(turns: pd.DataFrame) -> pd.DataFrame:
    """Lay the turns out by person and week.

    Parameters
    ----------
    turns : DataFrame
        As `turns` gives.

    Returns
    -------
    DataFrame
        One row per week and person: `week_on` (its Monday), `person`, `d1` to `d7` (shift of Monday to Sunday; empty
        where the person is off).
    """
    days = pd.to_datetime(turns["local_date"])
    laid = turns[["person"]].assign(week_on=days - pd.to_timedelta(days.dt.day_of_week, unit="D"),
                                    day="d" + (days.dt.day_of_week + 1).astype(str), shift=turns["shift"])  # fmt: skip
    names = [f"d{day}" for day in range(1, 8)]
    found = laid.pivot(index=["week_on", "person"], columns="day", values="shift").reindex(columns=names)
    found = found.fillna("").reset_index().rename_axis(columns=None)
    order = {person: place for place, person in enumerate(turns["person"].unique())}  # "full time 10" after 9
    return found.sort_values(["week_on", "person"], key=lambda by: by.map(order) if by.name == "person" else by,
                             ignore_index=True)  # fmt: skip


def _people(roster: pd.DataFrame, tours: Sequence[Tour]) -> list[Tour]:
    """One tour per person."""
    named = {(tour.pattern.name, tour.days): tour for tour in tours}
    found = []
    for row in roster.to_dict("records"):
        days = tuple(day for day in range(1, 8) if row[f"d{day}"])
        found += [named[row["pattern"], days]] * int(row["people"])
    return found


def _next_tours(own: list[Tour], held: list[int], borne: Floats) -> list[int]:
    """Tour of each person for the next week."""
    burden = np.array([_burden(tour) for tour in own])
    excess = borne - borne.mean(axis=0)
    cost = excess @ (burden - burden.mean(axis=0)).T
    kinds = {tour: number for number, tour in enumerate(dict.fromkeys(own))}
    allowed = {(a, b): _may_follow(a, b) for a in kinds for b in kinds}
    for person, place in enumerate(held):
        forbidden = [not allowed[own[place], tour] for tour in own]
        cost[person, forbidden] = _FORBIDDEN
    return [int(place) for place in linear_sum_assignment(cost)[1]]


def _burden(tour: Tour) -> tuple[float, float]:
    """Weekend days and late days of a tour."""
    weekend = sum(day >= 6 for day in tour.days)
    return float(weekend), float(len(tour.days) * _is_late(tour))


def _is_late(tour: Tour) -> bool:
    return tour.pattern.blocks[-1][1] > _LATE_MIN


def _may_follow(before: Tour, after: Tour) -> bool:
    """Whether a tour may come the week after another: days in a row, and rest between Sunday and Monday."""
    if before == after:
        return True
    works = np.isin(np.arange(1, 15), [*before.days, *(day + 7 for day in after.days)])
    run = longest = 0
    for works_here in works:
        run = run + 1 if works_here else 0
        longest = max(longest, run)
    rest_h = 24.0 - (before.pattern.blocks[-1][1] - after.pattern.blocks[0][0]) / 60.0
    meets = 7 in before.days and 1 in after.days
    return longest <= before.contract.max_days_in_a_row and (not meets or rest_h >= before.contract.min_rest_h)


def _days(tour: Tour, person: str, monday: date) -> list[dict[str, object]]:
    starts, ends = tour.pattern.name[:5], tour.pattern.name[-5:]
    return [
        {"person": person, "contract": tour.contract.name, "level": tour.contract.level,
         "local_date": monday + timedelta(days=day - 1), "shift": tour.pattern.name, "starts_at": starts,
         "ends_at": ends, "is_weekend": day >= 6, "is_late": _is_late(tour), "hours": tour.pattern.hours}
        for day in tour.days
    ]  # fmt: skip
