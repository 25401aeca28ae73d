"""The sample's complaints and orders: what follows a contact outside the contact systems."""

from __future__ import annotations

import numpy as np

from csm_lib.collect.sample.clock import DAY_S, HOUR_S, MISSING, N_DAYS, quarter_of, quarter_starts_s
from csm_lib.collect.sample.contacts import Columns
from csm_lib.collect.sample.organisation import COMPLAINT_CAUSES, ISSUES, PLANTED, QUARTERS
from csm_lib.collect.sample.responses import is_handled

__all__ = ["ORDER_WINDOW_S", "complaint_count", "draw_complaints", "draw_orders", "is_converted"]

ORDER_WINDOW_S = 7 * DAY_S
_TARGET = 0.01


def complaint_count(share: float, n_handled: int) -> int:
    """Give the whole number of complaints nearest to a share of the handled contacts, above the target of 1 %.

    Examples
    --------
    >>> complaint_count(0.012, 26_000), complaint_count(0.012, 90)
    (312, 1)
    """
    count = round(share * n_handled)
    return count + 1 if share > _TARGET and count <= _TARGET * n_handled else count


def draw_complaints(rng: np.random.Generator, columns: Columns) -> Columns:
    """Give one row per complaint in order of receipt: counted ones (one per customer), and some reported twice.

    Returns
    -------
    dict of ndarray
        contact, received, cause, source (0 system, 1 review), first_contact, resolved, followed_up, escalated, counted.
    """
    handled = is_handled(columns)
    received = _received(rng, columns)
    in_quarter = quarter_of(np.minimum(received, N_DAYS * DAY_S - 1))
    size = np.bincount(quarter_of(columns["created"][handled]), minlength=len(QUARTERS))
    can = handled & (columns["customer"] >= 0) & (columns["closed"] >= 0) & (received < N_DAYS * DAY_S)
    wait_s = np.maximum(columns["first"] - columns["created"], 0)
    pull = 2.2 * ~columns["is_first"] + 0.004 * np.minimum(wait_s, 300) + rng.gumbel(size=len(received))
    ranked = np.flatnonzero(can)[np.argsort(-pull[can], kind="stable")]
    _, once = np.unique(columns["customer"][ranked], return_index=True)
    ranked = ranked[np.sort(once)]
    contact = np.concatenate(
        [
            ranked[in_quarter[ranked] == number][: complaint_count(quarter.complaint_share, int(size[number]))]
            for number, quarter in enumerate(QUARTERS)
        ]
    )
    complaints = _details(rng, contact, received[contact], is_first=columns["is_first"][contact])
    joined = _with_repeats(rng, complaints)
    order = np.argsort(joined["received"], kind="stable")
    return {name: values[order] for name, values in joined.items()}


def _received(rng: np.random.Generator, columns: Columns) -> np.ndarray:
    """Draw when a complaint about each contact would come in: minutes to days after its end."""
    delay_s = 300 + np.minimum(rng.exponential(14 * HOUR_S, len(columns["closed"])), 5 * DAY_S)
    return (columns["closed"] + delay_s).astype(np.int64) // 60 * 60


def _details(rng: np.random.Generator, contact: np.ndarray, received: np.ndarray, *, is_first: np.ndarray) -> Columns:
    """Add causes in the planted shares of each quarter, source and what was done about it."""
    n_rows = len(contact)
    cause = np.zeros(n_rows, dtype=np.int8)
    quarter = quarter_of(received)
    for number in range(len(QUARTERS)):
        rows = np.flatnonzero(quarter == number)
        edges = np.round(np.cumsum([row.share for row in COMPLAINT_CAUSES]) * len(rows)).astype(int)
        cause[rng.permutation(rows)] = np.searchsorted(edges, np.arange(len(rows)), side="right")
    first_contact = received + 60 * np.maximum(1, rng.lognormal(np.log(7), 0.7, n_rows)).astype(np.int64)
    resolved = first_contact + 60 * rng.lognormal(np.log(9 * 60), 0.9, n_rows).astype(np.int64)
    followed_up = resolved + 60 * rng.integers(60, 2400, n_rows)
    end = N_DAYS * DAY_S
    escalated = (rng.random(n_rows) < 0.05) | (~is_first & (rng.random(n_rows) < 0.03))
    return {
        "contact": contact,
        "received": received,
        "cause": cause,
        "source": (rng.random(n_rows) < 0.12).astype(np.int8),
        "first_contact": np.where(first_contact < end, first_contact, MISSING),
        "resolved": np.where(resolved < end, resolved, MISSING),
        "followed_up": np.where((followed_up < end) & (rng.random(n_rows) < 0.85), followed_up, MISSING),
        "escalated": escalated,
        "counted": np.ones(n_rows, dtype=bool),
    }


def _with_repeats(rng: np.random.Generator, complaints: Columns) -> Columns:
    """Add complaints that quality review found again, within two days and in the same quarter."""
    n_rows = len(complaints["contact"])
    again_at = complaints["received"] + 60 * rng.integers(60, 2 * 24 * 60, n_rows)
    next_quarter = quarter_starts_s()[quarter_of(complaints["received"]) + 1]
    again = np.flatnonzero((rng.random(n_rows) < 0.06) & (again_at < next_quarter) & (complaints["source"] == 0))
    repeats = {name: values[again].copy() for name, values in complaints.items()}
    repeats["received"] = again_at[again]
    repeats["source"] = np.ones(len(again), dtype=np.int8)
    repeats["counted"] = np.zeros(len(again), dtype=bool)
    for name in ("first_contact", "resolved", "followed_up"):
        repeats[name] = np.full(len(again), MISSING, dtype=np.int64)
    return {name: np.concatenate([complaints[name], repeats[name]]) for name in complaints}


def draw_orders(rng: np.random.Generator, columns: Columns) -> Columns:
    """Give orders: some pre-sales enquiries lead to one within a week; other orders have nothing to do with contacts.

    Returns
    -------
    dict of ndarray
        customer, ordered (local seconds), amount.
    """
    known = np.flatnonzero(columns["customer"] >= 0)
    others = rng.choice(known, len(known) // 12) if len(known) else known
    unrelated = {"customer": columns["customer"][others], "ordered": rng.integers(0, N_DAYS * DAY_S, len(others))}
    buys = _buyers(rng, columns, is_converted(columns, unrelated))
    soon = columns["created"][buys] + 300 + np.minimum(rng.exponential(1.2 * DAY_S, len(buys)), 6.9 * DAY_S)
    customer = np.concatenate([columns["customer"][buys], unrelated["customer"]])
    ordered = np.concatenate([soon.astype(np.int64), unrelated["ordered"]])
    kept = ordered < N_DAYS * DAY_S
    order = np.argsort(ordered[kept], kind="stable")
    amount = np.round(rng.lognormal(np.log(180), 0.9, len(order)), 2)
    return {"customer": customer[kept][order], "ordered": ordered[kept][order], "amount": amount}


def _buyers(rng: np.random.Generator, columns: Columns, converted: np.ndarray) -> np.ndarray:
    """Pick the enquiries that lead to an order, to the planted share of a quarter; helped customers buy more often."""
    pull = 0.8 * columns["is_first"] + rng.gumbel(size=len(converted))
    enquiries = np.flatnonzero(is_enquiry(columns))
    quarter = quarter_of(columns["created"][enquiries])
    picked = []
    for number in range(len(QUARTERS)):
        rows = enquiries[quarter == number]
        wanted = round(PLANTED["conversion"] * len(rows)) - int(converted[rows].sum())
        free = rows[~converted[rows]]
        picked.append(free[np.argsort(-pull[free], kind="stable")[: max(wanted, 0)]])
    return np.concatenate(picked)


def is_enquiry(columns: Columns) -> np.ndarray:
    """Tell which contacts are pre-sales enquiries of known customers that a human handled."""
    before = np.array([issue.stage == "pre-sales" for issue in ISSUES] + [False])
    return is_handled(columns) & before[columns["issue"]] & (columns["customer"] >= 0)


def is_converted(columns: Columns, orders: Columns) -> np.ndarray:
    """Tell which contacts were followed by an order of the same customer within the window; shape (n_contacts,)."""
    span = np.int64(2 * N_DAYS) * DAY_S
    placed = np.sort(orders["customer"].astype(np.int64) * span + orders["ordered"])
    here = columns["customer"].astype(np.int64) * span + columns["created"]
    if not len(placed):
        return np.zeros(len(here), dtype=bool)
    after = np.searchsorted(placed, here, side="right")
    following = placed[np.minimum(after, len(placed) - 1)]
    return (after < len(placed)) & (following <= here + ORDER_WINDOW_S) & (columns["customer"] >= 0)
