"""The sample's questionnaires: who is asked, who answers, and what they say.

Every handled contact has a satisfaction of its own, a weighted sum of four experiences with known weights; happier
customers answer more readily, so the respondents look better than all customers. The number of satisfied respondents of
a quarter is planted exactly, by where the scale is cut.
"""

from __future__ import annotations

import numpy as np

from csm_lib.collect.sample.clock import DAY_S, HOUR_S, MISSING, N_DAYS, quarter_of
from csm_lib.collect.sample.contacts import Columns
from csm_lib.collect.sample.organisation import DRIVERS, PLANTED, QUARTERS, THEMES
from csm_lib.collect.sample.outcomes import PLANTED_QUARTER
from csm_lib.collect.sample.people import Agents
from csm_lib.collect.sample.responses import is_handled

__all__ = ["ITEMS", "draw_surveys"]

ITEMS = tuple(DRIVERS)
_ITEM_CUTS = np.array([-1.95, -1.35, -0.70, 0.55])
_MOST_A_QUARTER = 150_000


def draw_surveys(rng: np.random.Generator, columns: Columns, *, agents: Agents, salt: int) -> Columns:
    """Give one row per questionnaire sent, in order of sending.

    Parameters
    ----------
    rng : Generator
    columns : dict of ndarray, shape (n_contacts,)
    agents : Agents
    salt : int
        Numbers the wording of comments, so that seeds differ.

    Returns
    -------
    dict of ndarray
        contact (row number), sent, answered, csat, the four items, recommend, would_recommend (0 yes, 1 unsure, 2 no),
        theme and sentence (−1 without comment), contacted, resolved; plus `all_satisfied`, shape (n_quarters,): the
        share of all handled contacts on the satisfied side of the cut.
    """
    contact = np.flatnonzero(is_handled(columns) & (columns["closed"] >= 0))
    items = _items(rng, columns, contact, agents=agents)
    experience = sum(weight * items[name] for name, weight in DRIVERS.items()) + rng.normal(0, 0.25, len(contact))
    sent = _sent(rng, columns["closed"][contact].astype(np.int64))
    asked = _is_asked(rng, columns, contact) & (sent < N_DAYS * DAY_S)
    odds = PLANTED["response_share"] / (1 - PLANTED["response_share"])
    ready = 1 / (1 + np.exp(-np.log(odds) - 0.45 * (experience - experience.mean()) / experience.std()))
    answered = sent + 60 + np.minimum(rng.exponential(5 * HOUR_S, len(contact)), 6 * DAY_S).astype(np.int64)
    answers = asked & (rng.random(len(contact)) < ready) & (answered < N_DAYS * DAY_S)
    csat, all_satisfied = _cut(experience, answers, answered, columns["created"][contact])
    rows = np.flatnonzero(asked)[np.argsort(sent[asked], kind="stable")]
    surveys: Columns = {"contact": contact[rows], "sent": sent[rows]}
    surveys["answered"] = np.where(answers, answered, MISSING)[rows]
    surveys |= {name: np.where(answers, values, MISSING)[rows] for name, values in (items | {"csat": csat}).items()}
    surveys |= _recommendations(rng, experience[rows], answers[rows], csat[rows])
    surveys |= _comments(rng, surveys, salt=salt) | _closed_loop(rng, surveys)
    return surveys | {"all_satisfied": all_satisfied}


def _items(rng: np.random.Generator, columns: Columns, contact: np.ndarray, *, agents: Agents) -> Columns:
    """Rate speed, accuracy, attitude and outcome from 1 to 5 for every handled contact."""
    wait_s = (columns["first"] - columns["created"])[contact]
    live = columns["channel"][contact] != 3
    slow = np.where(live, np.log1p(wait_s) - np.log(30), np.log1p(wait_s) - np.log(2400))
    failed = ~columns["is_first"][contact]
    knowledge = columns["cause"][contact] == 0
    skill = agents.skill[columns["agent"][contact]]
    mood = rng.normal(0, 0.45, len(contact))

    def rated(latent: np.ndarray) -> np.ndarray:
        noisy = latent + mood + rng.normal(0, 0.75, len(contact))
        return (1 + np.searchsorted(_ITEM_CUTS, noisy)).astype(np.int8)

    return {
        "speed": rated(0.15 - 0.35 * np.clip(slow, -2, 2.5)),
        "accuracy_rating": rated(0.30 - 0.7 * knowledge - 0.4 * failed + 0.10 * skill),
        "attitude": rated(0.30 + 0.15 * skill - 0.15 * failed),
        "outcome": rated(0.45 - 1.25 * failed),
    }


def _sent(rng: np.random.Generator, end: np.ndarray) -> np.ndarray:
    """Send most within five minutes of the end, some within a day, a few late (after more than a day)."""
    kind = rng.random(len(end))
    delay_s = np.where(kind < 0.86, rng.integers(5, 290, len(end)), rng.integers(400, 20 * HOUR_S, len(end)))
    return end + np.where(kind > 0.99, rng.integers(DAY_S + 600, 3 * DAY_S, len(end)), delay_s)


def _is_asked(rng: np.random.Generator, columns: Columns, contact: np.ndarray) -> np.ndarray:
    """Draw who gets a questionnaire: about four in ten; nearly everybody in a small organisation."""
    quarter = quarter_of(columns["created"][contact])
    size = np.bincount(quarter, minlength=len(QUARTERS))
    share = np.clip(4000 / np.maximum(size, 1), 0.4, 0.9)
    share = np.minimum(share, _MOST_A_QUARTER / np.maximum(size, 1))
    return rng.random(len(contact)) < share[quarter]


def _cut(
    experience: np.ndarray, answers: np.ndarray, answered: np.ndarray, created: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Cut the experience into 1–5 per quarter of answering, so that the planted number of respondents gives 4 or 5."""
    answered_in = quarter_of(answered)
    csat = np.full(len(experience), 3, dtype=np.int8)
    all_satisfied = np.full(len(QUARTERS), np.nan)
    for number, quarter in enumerate(QUARTERS):
        chosen = answers & (answered_in == number)
        ranked = np.sort(experience[chosen])
        if not len(ranked):
            continue
        unhappy = len(ranked) - _satisfied(quarter.satisfied_share, len(ranked))
        cuts = [ranked[min(round(share * len(ranked)), len(ranked) - 1)] for share in (0.02, 0.05)]
        middle = ranked[min(unhappy, len(ranked) - 1)]
        cuts = [min(cut, middle) for cut in cuts] + [middle, max(middle, ranked[int(0.55 * len(ranked))])]
        mine = answered_in == number
        csat[mine] = 1 + np.searchsorted(np.array(cuts), experience[mine], side="right")
        served = quarter_of(created) == number
        all_satisfied[number] = float((experience[served] >= middle).mean())
    return csat, all_satisfied


def _satisfied(share: float, n_answers: int) -> int:
    """Give the whole number of satisfied answers nearest to a share, below the 90 % target.

    Examples
    --------
    >>> _satisfied(0.88, 100), _satisfied(0.88, 9)
    (88, 8)
    """
    count = round(share * n_answers)
    return count - 1 if count and count >= 0.9 * n_answers else count


def _recommendations(
    rng: np.random.Generator, experience: np.ndarray, answers: np.ndarray, csat: np.ndarray
) -> Columns:
    """Answer both recommendation questions from the same experience: 0–10, and yes, unsure or no."""
    n_rows = len(experience)
    score = np.clip(np.round(8.0 + 2.0 * (experience - 4.0) + rng.normal(0, 1.0, n_rows)), 0, 10)
    would = np.where(score >= 8, 0, np.where(score >= 6, 1, 2))
    would = np.where((would == 0) & (csat <= 2), 1, would)
    skipped = rng.random(n_rows) < 0.04
    return {
        "recommend": np.where(answers & ~skipped, score, MISSING).astype(np.int8),
        "would_recommend": np.where(answers, would, MISSING).astype(np.int8),
    }


def _comments(rng: np.random.Generator, surveys: Columns, *, salt: int) -> Columns:
    """Give themes to comments in exactly the planted shares of each quarter, the fitting ones first."""
    n_rows = len(surveys["answered"])
    theme = np.full(n_rows, MISSING, dtype=np.int8)
    writes = (surveys["answered"] >= 0) & (rng.random(n_rows) < PLANTED["comment_share"])
    fit = {
        "waiting": -surveys["speed"],
        "unresolved": -surveys["outcome"],
        "wrong_answer": -surveys["accuracy_rating"],
        "attitude": -surveys["attitude"],
        "delivery": -0.3 * surveys["csat"],
    }
    quarter = quarter_of(surveys["answered"])
    for number in range(PLANTED_QUARTER + 2):
        rows = np.flatnonzero(writes & (quarter == number))
        left = rows
        for position, row in enumerate(THEMES[1:], start=1):
            score = fit[row.name][left] + rng.gumbel(0, 0.6, len(left))
            taken = left[np.argsort(-score, kind="stable")[: round(row.share * len(rows))]]
            theme[taken] = position
            left = left[theme[left] < 0]
        theme[left] = 0
    n_sentences = np.array([len(row.sentences) for row in THEMES] + [1])[theme]
    sentence = (rng.integers(0, 60, n_rows) + salt) % n_sentences
    return {"theme": theme, "sentence": np.where(theme >= 0, sentence, MISSING).astype(np.int8)}


def _closed_loop(rng: np.random.Generator, surveys: Columns) -> Columns:
    """Call back unhappy customers: most within a day, most settled within three."""
    n_rows = len(surveys["answered"])
    unhappy = (surveys["csat"] >= 1) & (surveys["csat"] <= 2)
    contacted = surveys["answered"] + 1800 + rng.exponential(12 * HOUR_S, n_rows).astype(np.int64)
    contacted = np.where(unhappy & (rng.random(n_rows) < 0.9) & (contacted < N_DAYS * DAY_S), contacted, MISSING)
    resolved = contacted + 3600 + rng.exponential(30 * HOUR_S, n_rows).astype(np.int64)
    settled = (contacted >= 0) & (rng.random(n_rows) < 0.9) & (resolved < N_DAYS * DAY_S)
    return {"contacted": contacted, "resolved": np.where(settled, resolved, MISSING)}
