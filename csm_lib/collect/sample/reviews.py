"""The sample's quality reviews: a random sample by week and channel, targeted ones, and a set that three people rate.

Every contact is right or wrong in itself; a reviewer misjudges it with a known probability, so accuracy as reviewed and
the agreement between reviewers are known.
"""

from __future__ import annotations

import numpy as np

from csm_lib.collect.sample.clock import DAY_S, HOUR_S, N_DAYS, quarter_of
from csm_lib.collect.sample.contacts import Columns
from csm_lib.collect.sample.organisation import PLANTED, QUARTERS
from csm_lib.collect.sample.people import Agents
from csm_lib.collect.sample.responses import is_handled

__all__ = ["REVIEWERS", "SELECTIONS", "draw_reviews", "expected_accuracy", "expected_kappa"]

REVIEWERS = ("QA01", "QA02", "QA03")
SELECTIONS = ("Random", "Targeted", "Calibration", "Mystery")
_MOST_A_WEEK = 400


def expected_accuracy() -> float:
    """Share right as reviewed, were every contact reviewed: truth blurred by the reviewers' error."""
    return PLANTED["accuracy"]


def expected_kappa(share_right: float) -> float:
    """Give Cohen's kappa of two reviewers who err independently.

    Parameters
    ----------
    share_right : float
        True share of right answers in the set.

    Notes
    -----
    Agreement is (1 − e)² + e²; chance agreement comes from the rated share (Cohen 1960).

    Examples
    --------
    >>> round(expected_kappa(0.5), 3)
    0.81
    """
    error = PLANTED["reviewer_error"]
    agreement = (1 - error) ** 2 + error**2
    rated = share_right * (1 - error) + (1 - share_right) * error
    by_chance = rated**2 + (1 - rated) ** 2
    return float((agreement - by_chance) / (1 - by_chance))


def draw_reviews(rng: np.random.Generator, columns: Columns, *, agents: Agents) -> Columns:
    """Give one row per review, in order of the contact's quarter.

    Returns
    -------
    dict of ndarray
        contact, reviewer, selection (indices), sampled (day), reviewed (local seconds), accurate, script, complete,
        attitude, adjudicated.
    """
    contact = np.flatnonzero(is_handled(columns) & (columns["closed"] >= 0))
    contact = contact[columns["created"][contact] < (N_DAYS - 7) * DAY_S]
    right = _is_right(rng, columns, contact, agents=agents)
    week = columns["created"][contact] // (7 * DAY_S)
    chosen = _random_picks(rng, week, columns["channel"][contact])
    free = np.ones(len(contact), dtype=bool)
    free[chosen] = False
    targeted = _pick(rng, np.flatnonzero(free & ~columns["is_first"][contact]), share=0.02)
    free[targeted] = False
    mystery = _pick(rng, np.flatnonzero(free), share=0.001)
    free[mystery] = False
    calibration = _calibration_set(rng, np.flatnonzero(free), columns, contact, right)
    singles = np.concatenate([chosen, targeted, mystery])
    selection = np.repeat([0, 1, 3, 2], [len(chosen), len(targeted), len(mystery), 3 * len(calibration)])
    judged = np.concatenate([singles, np.repeat(calibration, 3)])
    reviewer = np.concatenate([rng.integers(0, 3, len(singles)), np.tile(np.arange(3), len(calibration))])
    reviews = _judge(rng, columns, contact[judged], right[judged], reviewer=reviewer, selection=selection)
    settled = _adjudications(reviews, right=right[calibration], first_row=len(singles))
    joined = {name: np.concatenate([reviews[name], settled[name]]) for name in reviews}
    order = np.argsort(columns["created"][joined["contact"]], kind="stable")
    return {name: values[order] for name, values in joined.items()}


def _is_right(rng: np.random.Generator, columns: Columns, contact: np.ndarray, *, agents: Agents) -> np.ndarray:
    """Decide which answers are right; the mean is such that the reviewers' error blurs it to the planted accuracy."""
    error = PLANTED["reviewer_error"]
    wanted = (PLANTED["accuracy"] - error) / (1 - 2 * error)
    by_channel = np.array([0.01, 0.0, -0.01, -0.02])[columns["channel"][contact]]
    chance = by_channel + 0.01 * agents.skill[columns["agent"][contact]] - 0.06 * (columns["cause"][contact] == 0)
    quarter = quarter_of(columns["created"][contact])
    for number in range(len(QUARTERS)):
        mine = quarter == number
        if mine.any():
            chance[mine] += wanted - chance[mine].mean()
    return rng.random(len(contact)) < np.clip(chance, 0, 1)


def _random_picks(rng: np.random.Generator, week: np.ndarray, channel: np.ndarray) -> np.ndarray:
    """Draw about 5 % of each week and channel (a whole sample in small ones), as row numbers into the arrays."""
    stratum = week * 4 + channel
    order = np.lexsort((rng.random(len(stratum)), stratum))
    _, first, size = np.unique(stratum[order], return_index=True, return_counts=True)
    rank = np.arange(len(order)) - np.repeat(first, size)
    wanted = np.clip(np.ceil(0.05 * size), np.minimum(size, 6), _MOST_A_WEEK)
    return np.sort(order[rank < np.repeat(wanted, size)])


def _pick(rng: np.random.Generator, rows: np.ndarray, *, share: float) -> np.ndarray:
    return rng.permutation(rows)[: min(round(share * len(rows)), 20_000)]


def _calibration_set(
    rng: np.random.Generator, rest: np.ndarray, columns: Columns, contact: np.ndarray, right: np.ndarray
) -> np.ndarray:
    """Take up to 60 contacts a quarter for all three reviewers, a third of them wrong, to let agreement show."""
    quarter = quarter_of(columns["created"][contact[rest]])
    picked = []
    for number in range(len(QUARTERS) - 1):
        mine = rng.permutation(rest[quarter == number])
        most = min(60, len(mine) // 8)
        wrong = mine[~right[mine]][: most // 3]
        picked += [wrong, mine[right[mine]][: most - len(wrong)]]
    return np.concatenate(picked)


def _judge(
    rng: np.random.Generator,
    columns: Columns,
    contact: np.ndarray,
    right: np.ndarray,
    *,
    reviewer: np.ndarray,
    selection: np.ndarray,
) -> Columns:
    n_reviews = len(contact)
    accurate = right ^ (rng.random(n_reviews) < PLANTED["reviewer_error"])
    end = columns["closed"][contact].astype(np.int64)
    return {
        "contact": contact,
        "reviewer": reviewer,
        "selection": selection,
        "sampled": (end // DAY_S + rng.integers(1, 3, n_reviews)) * DAY_S,
        "reviewed": (end // DAY_S + rng.integers(3, 6, n_reviews)) * DAY_S + rng.integers(9, 17, n_reviews) * HOUR_S,
        "accurate": accurate,
        "script": rng.random(n_reviews) < 0.94,
        "complete": rng.random(n_reviews) < np.where(accurate, 0.97, 0.85),
        "attitude": np.clip(np.round(rng.normal(4.4, 0.6, n_reviews)), 1, 5).astype(np.int8),
        "adjudicated": np.zeros(n_reviews, dtype=bool),
    }


def _adjudications(reviews: Columns, *, right: np.ndarray, first_row: int) -> Columns:
    """Settle the calibration contacts on which the three disagree: a fourth row with the truth, a day later."""
    votes = reviews["accurate"][first_row:].reshape(-1, 3).sum(axis=1)
    disputed = np.flatnonzero((votes > 0) & (votes < 3))
    settled = {name: values[first_row + 3 * disputed].copy() for name, values in reviews.items()}
    settled["reviewed"] += DAY_S
    settled["accurate"] = right[disputed]
    settled["adjudicated"] = np.ones(len(disputed), dtype=bool)
    return settled
