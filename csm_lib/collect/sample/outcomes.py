"""How contacts end: who is helped at the first contact, who comes back, and why it failed.

Each contact has a probability of being resolved that depends on issue, product, channel, agent, experience, customer
and day, and on what is planted (pilot, worsened segment). Customers who were not helped come back; repeats that happen
by chance are found exactly as a reader of the data would find them, and outcomes are then moved, cell by cell, to the
planted shares.
"""

from __future__ import annotations

import numpy as np

from csm_lib.collect.sample.clock import DAY_S, MISSING, N_DAYS, day_of, quarter_of
from csm_lib.collect.sample.contacts import APP, CHAT, EMAIL, Columns
from csm_lib.collect.sample.organisation import (
    CAUSES,
    CHANNELS,
    ISSUES,
    PILOT,
    PLANTED,
    PRODUCTS,
    QUARTERS,
    SEGMENTS,
    TEAMS,
)
from csm_lib.collect.sample.people import Agents
from csm_lib.collect.sample.responses import is_handled

__all__ = ["PLANTED_QUARTER", "is_followed", "in_population", "settle_outcomes"]

WINDOW_S = 7 * DAY_S
_CELLS = 24  # cells a quarter: after the pilot's start × pilot team × worsened × (no chat, other chat, chat repair)
PLANTED_QUARTER = [quarter.name for quarter in QUARTERS].index("2024Q1")
_REPAIR = [issue.code for issue in ISSUES].index("repair")
_DIGITAL = [product.code for product in PRODUCTS].index("digital")


def in_population(columns: Columns) -> np.ndarray:
    """Tell which contacts first contact resolution speaks of: handled, customer and issue known."""
    return is_handled(columns) & (columns["customer"] >= 0) & (columns["issue"] >= 0)


def is_worsened(columns: Columns) -> np.ndarray:
    """Tell which contacts belong to the channel × product whose resolution got worse."""
    return (columns["channel"] == APP) & (columns["product"] == _DIGITAL)


def _end(columns: Columns) -> np.ndarray:
    """Give the instant at which a contact is resolved if it is resolved at all."""
    return np.where(columns["channel"] == EMAIL, columns["resolved"], columns["closed"]).astype(np.int64)


def is_followed(columns: Columns, end: np.ndarray) -> np.ndarray:
    """Tell after which contacts the same customer tried again on the same issue within the repeat window.

    Parameters
    ----------
    columns : dict of ndarray, shape (n,)
        Reads created, customer, issue.
    end : ndarray of int, shape (n,)
        Instant from which the window counts (excluded; its end is included); `MISSING` gives False.
    """
    known = (columns["customer"] >= 0) & (columns["issue"] >= 0)
    span = np.int64(2 * N_DAYS) * DAY_S
    subject = columns["customer"].astype(np.int64) * len(ISSUES) + columns["issue"]
    attempts = np.sort(subject[known] * span + columns["created"][known])
    if not len(attempts):
        return np.zeros(len(end), dtype=bool)
    after = np.searchsorted(attempts, subject * span + end, side="right")
    following = attempts[np.minimum(after, len(attempts) - 1)]
    near = (after < len(attempts)) & (following <= subject * span + end + WINDOW_S)
    return near & known & (end >= 0)


def settle_outcomes(rng: np.random.Generator, columns: Columns, *, agents: Agents, segment: np.ndarray) -> Columns:
    """Decide how every contact ends.

    Parameters
    ----------
    rng : Generator
    columns : dict of ndarray, shape (n,)
        Contacts in order of creation, with subjects and times.
    agents : Agents
    segment : ndarray of int, shape (n_customers,)

    Returns
    -------
    dict of ndarray
        With resolved, reopen, transfers, cause, escalated, returning, segment, team, and `is_first` (resolved at the
        first contact), `chance` (the planted probability of that).
    """
    draw = rng.random(len(columns["created"]))
    team = np.where(columns["agent"] >= 0, agents.team[columns["agent"]], MISSING)
    columns = columns | {"team": team.astype(np.int8)}
    traits = _traits(rng, columns, agents=agents, segment=segment)
    columns = _link_follow_ups(rng, columns, fails=draw > _chance(columns, traits, segment=segment))
    chance = _chance(columns, traits, segment=segment)
    end = _end(columns)
    followed = is_followed(columns, end)
    stuck = followed | (end < 0)
    first = _calibrated((draw < chance) & ~stuck, chance, draw, columns, stuck=stuck)
    columns = _mark(rng, columns | {"is_first": first, "chance": chance}, end=end, followed=followed)
    columns["segment"] = np.where(columns["customer"] >= 0, segment[columns["customer"]], MISSING)
    columns["returning"] = _is_returning(rng, columns)
    return columns | {"cause": _causes(rng, columns, agents=agents)}


def _traits(rng: np.random.Generator, columns: Columns, *, agents: Agents, segment: np.ndarray) -> Columns:
    """Give what moves the chance and does not change when a follow-up takes over its subject."""
    day = columns["created"] // DAY_S
    tenure = np.maximum(day - agents.hired_day[columns["agent"]], 0)
    by_agent = 0.025 * agents.skill[columns["agent"]] - 0.10 * np.exp(-tenure / 90)
    wait_s = np.where(columns["channel"] == EMAIL, 0, columns["first"] - columns["created"])
    offset = np.array([quarter.resolved_offset for quarter in QUARTERS])
    fixed = (
        np.where(columns["agent"] >= 0, by_agent, 0.0)
        + rng.normal(0, 0.012, N_DAYS)[day]
        + np.array([channel.resolved_effect for channel in CHANNELS])[columns["channel"]]
        - 0.0003 * np.clip(wait_s, 0, 300)
        + offset[quarter_of(columns["created"])]
    )
    return {"fixed": fixed, "customer": rng.normal(0, 0.04, len(segment))}


def _chance(columns: Columns, traits: Columns, *, segment: np.ndarray) -> np.ndarray:
    """Give each contact's probability of being resolved at the first contact; 2024Q1 has the planted mean."""
    customer = columns["customer"]
    by_segment = np.array([row.resolved_effect for row in SEGMENTS])[segment[customer]]
    by_issue = np.array([row.resolved_effect for row in ISSUES] + [0.0])[columns["issue"]]
    by_product = np.array([row.resolved_effect for row in PRODUCTS])[columns["product"]]
    known = np.where(customer >= 0, by_segment + traits["customer"][customer], 0.0)
    quarter = quarter_of(columns["created"])
    score = traits["fixed"] + by_issue + by_product + known
    score = score + PLANTED["worsened_change"] * (is_worsened(columns) & (quarter >= PLANTED_QUARTER))
    score = score + PILOT.rise * _in_pilot(columns)
    planted = in_population(columns) & (quarter == PLANTED_QUARTER)
    level = PLANTED["first_contact_resolved_share"]
    base = level
    for _ in range(12):
        base += level - float(np.clip(base + score[planted], 0.05, 0.98).mean()) if planted.any() else 0.0
    return np.clip(base + score, 0.05, 0.98)


def _in_pilot(columns: Columns) -> np.ndarray:
    is_team = columns["team"] == [team.code for team in TEAMS].index(PILOT.team)
    return is_team & (columns["created"] >= day_of(PILOT.start_on) * DAY_S)


def _link_follow_ups(rng: np.random.Generator, columns: Columns, *, fails: np.ndarray) -> Columns:
    """Turn some contacts into follow-ups of contacts that failed: same customer, same issue, within the window."""
    n_contacts = len(fails)
    is_slot = (rng.random(n_contacts) < 0.13) & (columns["channel"] != EMAIL)
    slots = np.flatnonzero(is_slot)
    parents = np.flatnonzero(in_population(columns) & ~is_slot & fails & (rng.random(n_contacts) < 0.5))
    end = _end(columns)[parents]
    back_s = end + 600 + np.minimum(rng.exponential(1.6 * DAY_S, len(parents)), 6 * DAY_S)
    place = np.searchsorted(columns["created"][slots], back_s)
    place, kept = np.unique(place, return_index=True)
    inside = place < len(slots)
    child, parent, end = slots[place[inside]], parents[kept[inside]], end[kept[inside]]
    near = columns["created"][child] <= end + WINDOW_S
    linked = {name: columns[name].copy() for name in ("customer", "issue", "product")}
    for values in linked.values():
        values[child[near]] = values[parent[near]]
    return columns | linked


def _calibrated(
    first: np.ndarray, chance: np.ndarray, draw: np.ndarray, columns: Columns, *, stuck: np.ndarray
) -> np.ndarray:
    """Move outcomes until each cell has its planted number of first contact resolutions.

    Cells are quarter × before or after the pilot's start × pilot team × worsened segment × chat repairs × other chats,
    so that what is planted, and what is planted to look like something else, is there without sampling noise.
    """
    population = in_population(columns)
    quarter = quarter_of(columns["created"])
    is_after = columns["created"] >= day_of(PILOT.start_on) * DAY_S
    is_team = columns["team"] == [team.code for team in TEAMS].index(PILOT.team)
    chat = (columns["channel"] == CHAT) * (1 + (columns["issue"] == _REPAIR))
    cell = (((quarter * 2 + is_after) * 2 + is_team) * 2 + is_worsened(columns)) * 3 + chat
    cell = np.where(population, cell, MISSING)
    numbers, place, size = np.unique(cell[population], return_inverse=True, return_counts=True)
    wanted = np.bincount(place, chance[population]) / size
    planted = numbers // _CELLS == PLANTED_QUARTER
    wanted[planted] = _planted_shares(wanted[planted], size[planted], numbers[planted])
    wanted = _levelled(wanted, size, numbers)
    goal = _whole(wanted * size, planted, size=size)
    result = first.copy()
    margin = draw - chance
    order = np.argsort(place, kind="stable")
    rows = np.split(np.flatnonzero(population)[order], np.cumsum(size)[:-1])
    for members, count in zip(rows, goal, strict=True):
        _move(result, members, int(count), margin=margin, stuck=stuck)
    return result


def _planted_shares(wanted: np.ndarray, size: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Shift the cells of the planted quarter so that the pilot rose by its amount and the whole has its share."""
    after, team = numbers // 12 % 2 == 1, numbers // 6 % 2 == 1

    def mean(chosen: np.ndarray) -> float:
        return float(np.average(wanted[chosen], weights=size[chosen])) if chosen.any() else 0.0

    wanted = wanted.copy()
    wanted[after & team] += PILOT.rise - (mean(after & team) - mean(~after & team))
    wanted += PLANTED["first_contact_resolved_share"] - float(np.average(wanted, weights=size))
    return np.clip(wanted, 0.0, 1.0)


def _levelled(wanted: np.ndarray, size: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Shift the quarter before the planted one so that only what is planted changed between the two.

    Chats keep their level for repairs and for the rest (only their mix changes), the worsened segment stood higher by
    its planted change, everything else where it would be without the pilot.
    """
    kind = numbers % 6  # worsened or not × chat repairs, other chats, no chat
    pilot = numbers // 6 % 4 == 3
    wanted = wanted.copy()
    for one in range(4):
        before = (numbers // _CELLS == PLANTED_QUARTER - 1) & (kind == one)
        now = (numbers // _CELLS == PLANTED_QUARTER) & (kind == one) & ~(pilot & (one == 0))
        if before.any() and now.any():
            level = float(np.average(wanted[now], weights=size[now])) - PLANTED["worsened_change"] * (one == 3)
            wanted[before] += level - float(np.average(wanted[before], weights=size[before]))
    return np.clip(wanted, 0.0, 1.0)


def _whole(expected: np.ndarray, planted: np.ndarray, *, size: np.ndarray) -> np.ndarray:
    """Round to whole contacts; the planted quarter's sum is the planted share, on the side that misses the target."""
    goal = np.floor(expected).astype(np.int64)
    lack = expected - goal
    total = round(PLANTED["first_contact_resolved_share"] * int(size[planted].sum()))
    missing = int(np.clip(total - goal[planted].sum(), 0, planted.sum()))
    up = np.flatnonzero(planted)[np.argsort(-lack[planted], kind="stable")[:missing]]
    goal[up] += 1
    goal[~planted] = np.round(expected[~planted]).astype(np.int64)
    return np.minimum(goal, size)


def _move(first: np.ndarray, members: np.ndarray, count: int, *, margin: np.ndarray, stuck: np.ndarray) -> None:
    """Turn the closest calls of a cell until `count` are resolved at the first contact; writes `first`."""
    surplus = int(first[members].sum()) - count
    if surplus > 0:
        helped = members[first[members]]
        first[helped[np.argsort(-margin[helped], kind="stable")[:surplus]]] = False
    elif surplus < 0:
        failed = members[~first[members] & ~stuck[members]]
        first[failed[np.argsort(margin[failed], kind="stable")[:-surplus]]] = True


def _mark(rng: np.random.Generator, columns: Columns, *, end: np.ndarray, followed: np.ndarray) -> Columns:
    """Write the outcome into the columns that systems keep: resolved, reopened, transferred, escalated."""
    n_contacts = len(end)
    handled = is_handled(columns) & (end >= 0)
    kind = rng.random(n_contacts)
    failed = handled & ~columns["is_first"]
    reopened = failed & ~followed & (kind < 0.25)
    kept = handled & (columns["is_first"] | reopened | (failed & followed & (kind < 0.7)))
    # outside the population a plain draw decides; bots resolve what they take
    resolved = np.where(columns["bot"], columns["closed"], np.where(kept, end, MISSING))
    transfers = (rng.random(n_contacts) < 0.07).astype(np.int8) + (failed & (rng.random(n_contacts) < 0.15))
    return columns | {
        "resolved": resolved.astype(np.int32),
        "reopen": np.where(reopened, 1 + (kind < 0.04), 0).astype(np.int8),
        "transfers": np.where(handled, transfers, 0).astype(np.int8),
        "escalated": failed & (rng.random(n_contacts) < 0.05),
    }


def _is_returning(rng: np.random.Generator, columns: Columns) -> np.ndarray:
    """Tell who had contacted us before, in the data or (two of five of the others) before it began."""
    customer = columns["customer"]
    _, earliest = np.unique(customer, return_index=True)
    is_earliest = np.zeros(len(customer), dtype=bool)
    is_earliest[earliest] = True
    return np.where(is_earliest | (customer < 0), rng.random(len(customer)) < 0.4, True)


def _causes(rng: np.random.Generator, columns: Columns, *, agents: Agents) -> np.ndarray:
    """Code why it failed, exactly in the planted shares of each quarter's coded failures; −1 where nobody coded it."""
    failed = in_population(columns) & ~columns["is_first"]
    quarter = quarter_of(columns["created"])
    knowledge = np.log(np.array([issue.knowledge_weight for issue in ISSUES] + [1.0]))[columns["issue"]]
    knowledge = knowledge + 0.5 * (columns["product"] == _DIGITAL) + rng.gumbel(size=len(failed))
    skills = -0.6 * np.where(columns["agent"] >= 0, agents.skill[columns["agent"]], 0.0) + rng.gumbel(size=len(failed))
    cause = np.full(len(failed), MISSING, dtype=np.int8)
    for number in range(len(QUARTERS)):
        rows = np.flatnonzero(failed & (quarter == number))
        rows = rng.permutation(rows)[: round(PLANTED["coded_share"] * len(rows))]
        rows = rows[np.argsort(-knowledge[rows])]
        n_knowledge, n_cross = (round(row.share * len(rows)) for row in CAUSES[:2])
        cause[rows[:n_knowledge]] = 0
        others = rows[n_knowledge:][np.argsort(-skills[rows[n_knowledge:]])]
        cause[others] = 1
        cause[others[: len(rows) - n_knowledge - n_cross]] = 2
    return cause
