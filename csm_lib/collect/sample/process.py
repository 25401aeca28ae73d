"""The status log of e-mails: short paths for most, five approvals between service and after-sales for tickets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from csm_lib.collect.sample.clock import MISSING
from csm_lib.collect.sample.contacts import EMAIL, Columns
from csm_lib.collect.sample.responses import is_ticket

__all__ = ["STEPS", "Step", "status_log"]


@dataclass(frozen=True)
class Step:
    """One change of status, at a share of the time from creation (0) to resolution (1), or later (`after_s`)."""

    status: str
    team: str
    stage: str
    actor: str
    share: float
    is_approval: bool = False


STEPS = {
    "ticket": (
        Step("created", "service", "contact", "system", 0.0),
        Step("accepted", "service", "contact", "agent", 0.10),
        Step("triaged", "service", "triage", "agent", 0.16),
        Step("approved_by_service_lead", "service", "triage", "service_lead", 0.30, True),
        Step("approved_by_quality", "service", "triage", "quality_desk", 0.42, True),
        Step("handed_over", "after_sales", "solution", "agent", 0.45),
        Step("approved_by_after_sales", "after_sales", "solution", "after_sales_lead", 0.60, True),
        Step("approved_by_finance", "finance", "solution", "finance_desk", 0.74, True),
        Step("approved_by_manager", "after_sales", "solution", "service_manager", 0.88, True),
        Step("in_solution", "after_sales", "solution", "after_sales_desk", 0.91),
        Step("resolved", "service", "solution", "agent", 1.0),
    ),
    "rework": (
        Step("returned", "after_sales", "solution", "after_sales_lead", 0.50),
        Step("completed", "service", "triage", "agent", 0.54),
    ),
    "plain": (
        Step("created", "service", "contact", "system", 0.0),
        Step("accepted", "service", "contact", "agent", MISSING),
        Step("in_solution", "service", "solution", "agent", 0.7),
        Step("resolved", "service", "solution", "agent", 1.0),
    ),
}


def status_log(rng: np.random.Generator, columns: Columns) -> Columns:
    """Give one row per change of status, in order of contact and time.

    Parameters
    ----------
    rng : Generator
    columns : dict of ndarray, shape (n_contacts,)
        Reads channel, issue, created, first, closed, resolved, withdrawn and `solved` (the instant work ended).

    Returns
    -------
    dict of ndarray
        contact (row number), changed (local seconds), step (index into the flat list of `STEPS` and the last ones),
        with `status team stage actor approval` looked up by the exporter through `LAST`.
    """
    emails = columns["channel"] == EMAIL
    ticket = is_ticket(columns)
    worked = emails & (columns["first"] >= 0) & (columns["solved"] >= 0)
    reworked = np.flatnonzero(ticket & worked & (rng.random(len(emails)) < 0.12))
    parts = [
        *_changes(rng, columns, np.flatnonzero(ticket & worked), "ticket"),
        *_changes(rng, columns, reworked, "rework"),
        *_changes(rng, columns, np.flatnonzero(~ticket & worked), "plain"),
    ]
    contact = np.concatenate([part[0] for part in parts])
    changed = np.concatenate([part[1] for part in parts])
    step = np.concatenate([np.full(len(part[0]), part[2]) for part in parts])
    never_solved = (step_table()["status"][step] == "resolved") & (columns["resolved"][contact] < 0)
    contact, changed, step = contact[~never_solved], changed[~never_solved], step[~never_solved]
    order = np.lexsort((changed, contact))
    return {"contact": contact[order], "changed": changed[order], "step": step[order]}


def step_table() -> dict[str, np.ndarray]:
    """Give the steps of all paths as columns; `status_log` refers to them by position."""
    rows = [step for path in STEPS.values() for step in path]
    names = ("status", "team", "stage", "actor", "is_approval")
    return {name: np.array([getattr(row, name) for row in rows]) for name in names}


def _changes(
    rng: np.random.Generator, columns: Columns, contacts: np.ndarray, path: str
) -> list[tuple[np.ndarray, np.ndarray, int]]:
    """Give (contacts, instants, step number) for each step of a path; shares jitter without changing their order."""
    offset = sum(len(steps) for name, steps in STEPS.items() if list(STEPS).index(name) < list(STEPS).index(path))
    created = columns["created"][contacts].astype(np.int64)
    spent_s = columns["solved"][contacts] - created
    changes = []
    for number, step in enumerate(STEPS[path]):
        jitter = 0.0 if step.share in (0.0, 1.0) else rng.uniform(-0.008, 0.008, len(contacts))
        instants = created + np.round(np.clip(step.share + jitter, 0, 1) * spent_s).astype(np.int64)
        if step.share == MISSING or step.status == "accepted":
            instants = columns["first"][contacts].astype(np.int64)
        elif path == "plain" and step.status == "in_solution":
            first = columns["first"][contacts].astype(np.int64)
            instants = first + np.round(0.1 * (columns["solved"][contacts] - first)).astype(np.int64)
        changes.append((contacts, instants, offset + number))
    return changes
