"""The phone queue of the sample: its shifts, and the handle times and patience that give it its planted answer rates.

The plan is found by playing many replicate days of 2024Q1 (`queue_events`) with the same random numbers again and
again: the evening has too few agents by design, every other hour has enough.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from csm_lib.collect.sample.clock import HOUR_S
from csm_lib.collect.sample.organisation import HOUR_SHARE, PLANTED
from csm_lib.collect.sample.queue_events import Blocks, Calls, serve

__all__ = ["CLOSE_S", "EVENING", "OPEN_S", "PhonePlan", "draw_calls", "plan_phone", "phone_blocks"]

OPEN_S = 8 * HOUR_S
CLOSE_S = 22 * HOUR_S
EVENING = (17, 19)
_USUAL_HANDLE_S = 500.0
_PATIENCE_S = 110.0
_LONG_HANDLE_S = 3_600.0
_LONGEST_HANDLE_S = 10_800.0
_HANDLE_SIGMA = 0.6
_PATIENCE_SIGMA = 0.9
_WANTED_CALLS = 30_000


@dataclass(frozen=True)
class PhonePlan:
    """Who is on the phone when, how long calls take and how long customers wait.

    Attributes
    ----------
    early, late, split : int
        Agents a day on 08–17, on 13–22, and on 10–17 with 19–22.
    added : int
        Agents from 17 to 21 that would lift the evening to its planted rate.
    handle_s, patience_s : float
        Means, seconds.
    evening_share, evening_share_with_added, lowest_other_share : float
        Expected answered ÷ offered of the replicate days, 17–19 now and with `added`; of the worst other hour.
    """

    early: int
    late: int
    split: int
    added: int
    handle_s: float
    patience_s: float
    evening_share: float = math.nan
    evening_share_with_added: float = math.nan
    lowest_other_share: float = math.nan


def phone_blocks(plan: PhonePlan, *, added: int = 0) -> tuple[Blocks, tuple[tuple[int, str], ...]]:
    """Give a day's blocks and, for each, the position (one person) and the kind of shift it belongs to.

    Examples
    --------
    >>> phone_blocks(PhonePlan(1, 0, 1, 1, 480.0, 100.0))[1]
    ((0, 'phone_early'), (1, 'phone_split'), (1, 'phone_split'))
    """
    rows = [(8, 17, position, "phone_early") for position in range(plan.early)]
    rows += [(13, 22, plan.early + number, "phone_late") for number in range(plan.late)]
    for number in range(plan.split):
        position = plan.early + plan.late + number
        rows += [(10, 17, position, "phone_split"), (19, 22, position, "phone_split")]
    rows += [(17, 21, plan.early + plan.late + plan.split + number, "phone_evening") for number in range(added)]
    blocks = Blocks(tuple(float(row[0] * HOUR_S) for row in rows), tuple(float(row[1] * HOUR_S) for row in rows))
    return blocks, tuple((row[2], row[3]) for row in rows)


def draw_calls(rng: np.random.Generator, per_day: np.ndarray) -> Calls:
    """Draw calls in opening hours, with handle times and patience of mean 1 (the plan scales them).

    Parameters
    ----------
    rng : Generator
    per_day : ndarray of int, shape (n_days,)
        Calls of each day.
    """
    n_calls = int(per_day.sum())
    hours = np.fromiter(HOUR_SHARE, dtype=float)
    shares = np.fromiter(HOUR_SHARE.values(), dtype=float)
    queue_s = (rng.choice(hours, n_calls, p=shares / shares.sum()) + rng.random(n_calls)) * HOUR_S
    queue_s = np.clip(queue_s, OPEN_S + 30, CLOSE_S - 1)
    day = np.repeat(np.arange(len(per_day)), per_day)
    order = np.lexsort((queue_s, day))
    handle = rng.lognormal(-(_HANDLE_SIGMA**2) / 2, _HANDLE_SIGMA, n_calls)
    patience = rng.lognormal(-(_PATIENCE_SIGMA**2) / 2, _PATIENCE_SIGMA, n_calls)
    return Calls(day, queue_s[order], handle, patience)


def scaled(calls: Calls, plan: PhonePlan) -> Calls:
    """Give the calls with the plan's handle times and patience, seconds."""
    return replace(calls, handle_s=calls.handle_s * plan.handle_s, patience_s=calls.patience_s * plan.patience_s)


def plan_phone(rng: np.random.Generator, expected_per_day: np.ndarray) -> PhonePlan:
    """Find shifts and handle time for the planted answer rates at this volume.

    Given that a queue answers three quarters now, it is the whole number of agents now and added that decides what it
    would answer with them; so the numbers are searched, and the handle time follows. A small organisation keeps a queue
    of that kind by handling longer, rarer calls; below some 300 contacts a quarter no call is long enough, and the
    evening answers more than planned.

    Parameters
    ----------
    rng : Generator
    expected_per_day : ndarray of float, shape (n_days,)
        Expected calls of each day of the quarter the rates are planted for.
    """
    replicates = math.ceil(_WANTED_CALLS / expected_per_day.sum())
    calls = draw_calls(rng, rng.poisson(np.tile(expected_per_day, replicates)))
    stride = max(1, round(len(calls.day) / (2 * _WANTED_CALLS)))
    few = _only(calls, calls.day % stride == 0)
    usual_load = len(few.day) / len(np.unique(few.day)) * HOUR_SHARE[17] * _USUAL_HANDLE_S / HOUR_S
    sizes = {max(1, round(usual_load * factor)) for factor in (0.5, 0.75, 0.9, 1.0, 1.1, 1.3)}
    if usual_load < 2:
        sizes |= {1, 2}
    plans = [_evening_plan(late, few) for late in sorted(sizes)]
    return _staff_other_hours(_settle(min(plans, key=_unfitness), calls), calls)


def _only(calls: Calls, kept: np.ndarray) -> Calls:
    day = np.unique(calls.day[kept], return_inverse=True)[1]
    return Calls(day, calls.queue_s[kept], calls.handle_s[kept], calls.patience_s[kept])


def _unfitness(plan: PhonePlan) -> float:
    """How far a plan is from both planted rates, and, with less weight, from a usual handle time."""
    return (
        5 * abs(plan.evening_share - PLANTED["evening_answer_share"])
        + abs(plan.evening_share_with_added - PLANTED["evening_answer_share_with_agents"])
        + 0.010 * abs(math.log(plan.handle_s / _USUAL_HANDLE_S))
        + 0.050 * max(0.0, math.log(plan.handle_s / _LONG_HANDLE_S))
    )


def _evening_plan(late: int, calls: Calls) -> PhonePlan:
    """Give the plan with so many agents in the evening: the handle time for the rate now, the best number to add."""
    per_h = len(calls.day) / (calls.day.max() + 1) * HOUR_SHARE[17]
    plan = _settle(PhonePlan(0, late, 0, max(1, round(0.35 * late)), 1.1 * late / per_h * HOUR_S, _PATIENCE_S), calls)
    seen: dict[int, PhonePlan] = {}
    while plan.added not in seen:
        seen[plan.added] = plan
        miss = PLANTED["evening_answer_share_with_agents"] - plan.evening_share_with_added
        rise = max(plan.evening_share_with_added - plan.evening_share, 0.02) / plan.added
        step = round(miss / rise) or (1 if miss > 0 else -1)
        added = max(1, plan.added + step)
        plan = _measured(replace(plan, added=added), calls)
    return min(seen.values(), key=_unfitness)


def _settle(plan: PhonePlan, calls: Calls) -> PhonePlan:
    """Find the handle time at which the evening answers its planted share."""
    window = _evening_window(plan, calls)

    def share_at(handle_s: float) -> float:
        return _evening_share(replace(plan, handle_s=handle_s), window, added=0)

    handle_s = _solve(share_at, PLANTED["evening_answer_share"], start=plan.handle_s, slope=-0.5)
    return _measured(replace(plan, handle_s=min(handle_s, _LONGEST_HANDLE_S)), calls)


def _measured(plan: PhonePlan, calls: Calls) -> PhonePlan:
    window = _evening_window(plan, calls)
    return replace(
        plan,
        evening_share=_evening_share(plan, window, added=0),
        evening_share_with_added=_evening_share(plan, window, added=plan.added),
    )


def _evening_window(plan: PhonePlan, calls: Calls) -> Calls:
    """Give the calls up to 19:00 from early enough before 17:00 for the queue to forget how it began."""
    warm_s = max(OPEN_S, EVENING[0] * HOUR_S - max(1.5 * HOUR_S, 3 * plan.handle_s))
    return _only(calls, (calls.queue_s >= warm_s) & (calls.queue_s < EVENING[1] * HOUR_S))


def _solve(
    share_at: Callable[[float], float], target: float, *, start: float, slope: float, tolerance: float = 0.001
) -> float:
    """Find where a monotone share meets its target: secant steps on the logarithm, the best point seen is kept."""
    place, best, previous = math.log(start), (math.inf, start), None
    for _ in range(9):
        miss = share_at(math.exp(place)) - target
        best = min(best, (abs(miss), math.exp(place)))
        if abs(miss) < tolerance:
            break
        if previous is not None and abs(place - previous[0]) > 1e-9:
            measured = (miss - previous[1]) / (place - previous[0])
            slope = measured if measured * slope > 0 else slope
        previous = (place, miss)
        place += float(np.clip(-miss / slope, -0.7, 0.7))
    return best[1]


def _evening_share(plan: PhonePlan, calls: Calls, *, added: int) -> float:
    # before 17:00 there are enough agents, as _staff_other_hours sees to
    crowd = replace(plan, early=max(plan.early, plan.late))
    answer_s, _ = serve(scaled(calls, crowd), phone_blocks(crowd, added=added)[0], close_s=CLOSE_S)
    asked = calls.queue_s >= EVENING[0] * HOUR_S
    return float(np.isfinite(answer_s[asked]).mean())


def _staff_other_hours(plan: PhonePlan, calls: Calls) -> PhonePlan:
    """Add day and split agents until every hour but the evening answers clearly more than the planted bound."""
    wanted = PLANTED["other_hours_answer_share"] + 0.035
    per_h = len(calls.day) / (calls.day.max() + 1)
    load = {hour: per_h * share * plan.handle_s / HOUR_S for hour, share in HOUR_SHARE.items()}
    plan = replace(plan, early=_guess(load[9]), split=max(1, _guess(load[19]) - plan.late))
    plan = replace(plan, split=max(plan.split, _guess(load[10]) - plan.early))
    step = max(1, plan.late // 20)
    while True:
        share = _share_by_hour(plan, calls)
        plan = replace(plan, lowest_other_share=min(value for hour, value in share.items() if hour not in (17, 18)))
        if plan.lowest_other_share >= wanted:
            return plan
        short_early = min(share[hour] for hour in (8, 9)) < wanted
        short_split = min(share[hour] for hour in (10, 11, 12, 19, 20, 21)) < wanted
        short_noon = min(share[hour] for hour in (13, 14, 15, 16)) < wanted
        plan = replace(
            plan,
            early=plan.early + step * (short_early or (short_noon and not short_split)),
            split=plan.split + step * short_split,
        )


def _guess(load_erlang: float) -> int:
    """A first number of agents to try; the simulation decides."""
    return math.ceil(load_erlang + 0.6 * math.sqrt(load_erlang))


def _share_by_hour(plan: PhonePlan, calls: Calls) -> dict[int, float]:
    answer_s, _ = serve(scaled(calls, plan), phone_blocks(plan)[0], close_s=CLOSE_S)
    hour = (calls.queue_s // HOUR_S).astype(int)
    offered = np.bincount(hour, minlength=24)
    answered = np.bincount(hour[np.isfinite(answer_s)], minlength=24)
    return {number: float(answered[number] / offered[number]) for number in HOUR_SHARE if offered[number]}
