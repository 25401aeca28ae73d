"""Quality reviews: are enough of them drawn, what precision do they buy, and do reviewers agree with each other?

A reviewed share is an estimate twice over: from few contacts, and through the eyes of a few people. The first kind of
error shrinks with the sample, the second does not; agreement between reviewers says how large it is.
"""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri
from statsmodels.stats.inter_rater import aggregate_raters, cohens_kappa, fleiss_kappa

from csm_lib.errors import UsageError
from csm_lib.measure.indicators import measure
from csm_lib.measure.inference import share

__all__ = [
    "agreement",
    "agreement_of",
    "ratings_of",
    "review_plan",
    "review_plan_summary",
    "review_precision",
    "review_precision_by_stratum",
]


def review_plan(
    contacts: pd.DataFrame, reviews: pd.DataFrame, *, planned_share: float = 0.2, stratum: str = "channel",
    level: float = 0.95, is_sourced: bool = True,
) -> pd.DataFrame:  # fmt: skip
    """Compare the reviews drawn with the plan, per week and stratum.

    Parameters
    ----------
    contacts : DataFrame
        Contact facts. Columns read: `local_date is_handled` and `stratum`.
    reviews : DataFrame
        Review facts. Columns read: `is_counted week_on stratum is_accurate`; only random reviews, one per contact.
    planned_share : float, 0–1
        Share of the eligible contacts of every stratum and week to review.
    stratum : str
        The contact column that strata are values of.
    level : float, 0–1
    is_sourced : bool
        False where there is no source of reviews at all: then nothing falls short, it is not measured.

    Returns
    -------
    DataFrame
        One row per week and stratum with eligible contacts: `week_on stratum n_eligible n_planned n_reviewed shortfall
        value low high half_width`; `value` is the unweighted accuracy there, its interval for the finite number of
        contacts. Without a source of reviews, or handled contacts: no row, and `.attrs["reason"]`.

    Examples
    --------
    >>> days = pd.to_datetime(["2024-01-01"] * 10)
    >>> worked = pd.DataFrame({"local_date": days, "is_handled": True, "channel": "chat"})
    >>> drawn = pd.DataFrame({"week_on": pd.to_datetime(["2024-01-01"]), "stratum": "chat", "is_counted": True,
    ...                       "is_accurate": True})
    >>> review_plan(worked, drawn)[["n_eligible", "n_planned", "n_reviewed", "shortfall"]].values.tolist()
    [[10, 2, 1, 1]]
    """
    day = pd.to_datetime(contacts["local_date"])
    eligible = contacts.assign(week_on=day - pd.to_timedelta(day.dt.day_of_week, unit="D"), stratum=contacts[stratum])
    eligible = eligible[eligible["is_handled"].fillna(False).astype(bool)]
    counted = reviews[reviews["is_counted"].fillna(False).astype(bool) & reviews["is_accurate"].notna()]
    counted = counted.assign(week_on=pd.to_datetime(counted["week_on"]), is_right=counted["is_accurate"].astype(bool))
    keys = ["week_on", "stratum"]
    table = eligible.groupby(keys, dropna=False, observed=True).size().rename("n_eligible").reset_index()
    drawn = counted.groupby(keys, dropna=False, observed=True)["is_right"].agg(n_reviewed="size", n_right="sum")
    table = table.merge(drawn.reset_index(), on=keys, how="left").fillna({"n_reviewed": 0, "n_right": 0})
    table = table.astype({"n_reviewed": int, "n_right": int})
    table["n_planned"] = np.ceil(np.round(planned_share * table["n_eligible"], 9)).astype(int)
    table["shortfall"] = (table["n_planned"] - table["n_reviewed"]).clip(lower=0)
    made = [
        share(right, n, population=max(n, whole), level=level)
        for right, n, whole in table[["n_right", "n_reviewed", "n_eligible"]].itertuples(index=False)
    ]
    for name in ("value", "low", "high"):
        table[name] = np.array([getattr(one, name) for one in made], dtype=float)
    table["half_width"] = (table["high"] - table["low"]) / 2
    columns = [*keys, "n_eligible", "n_planned", "n_reviewed", "shortfall", "value", "low", "high", "half_width"]
    found = table[columns] if is_sourced else table[columns].iloc[:0]
    if not len(found):
        found.attrs["reason"] = "no handled contacts" if is_sourced else "no reviews"
    return found


def review_plan_summary(plan: pd.DataFrame) -> pd.DataFrame:
    """Sum the weeks of a plan up, stratum by stratum.

    A week with too few reviews is not made good by one with too many: shortfalls are summed week by week.

    Parameters
    ----------
    plan : DataFrame
        As `review_plan` gives.

    Returns
    -------
    DataFrame
        One row per stratum, ascending, missing last: `stratum n_weeks n_weeks_short n_eligible n_planned n_reviewed
        shortfall reviewed_share`.

    Examples
    --------
    >>> plan = pd.DataFrame({"week_on": [1, 2], "stratum": "chat", "n_eligible": [10, 10], "n_planned": [2, 2],
    ...                      "n_reviewed": [1, 3], "shortfall": [1, 0]})
    >>> review_plan_summary(plan).values.tolist()
    [['chat', 2, 1, 20, 4, 4, 1, 0.2]]
    """
    numbers = ["n_eligible", "n_planned", "n_reviewed", "shortfall"]
    weeks = plan.assign(is_short=plan["shortfall"] > 0).groupby("stratum", dropna=False, observed=True)
    table = weeks[numbers].sum().assign(n_weeks=weeks.size(), n_weeks_short=weeks["is_short"].sum())
    table["reviewed_share"] = table["n_reviewed"] / table["n_eligible"]
    found = table.reset_index()[["stratum", "n_weeks", "n_weeks_short", *numbers, "reviewed_share"]]
    found.attrs = dict(plan.attrs)
    return found


def review_precision(
    reviews: Any, *, n_eligible: int, margin: float, key: str = "accuracy", n_weeks: int = 0, level: float = 0.95
) -> pd.DataFrame:
    """Say what precision the reviews of a period buy, and how many a wanted precision takes.

    Parameters
    ----------
    reviews : frame of review facts
        As `measure` reads them for `key`.
    n_eligible : int
        Contacts that could have been reviewed.
    margin : float, 0–1
        Wanted half-width of the interval, as a share.
    key : str
        A reviewed indicator.
    n_weeks : int
        Weeks that the missing reviews are spread over; 0 where that is not asked.
    level : float, 0–1

    Returns
    -------
    DataFrame
        One row: `key n n_eligible value low high half_width margin n_needed n_more_per_week is_enough`. Without reviews
        the need is that of a share of one half, the largest. `n_more_per_week` (NaN without weeks) is rounded up: no
        review can be done in part.

    Notes
    -----
    n₀ = z² p (1 − p) ÷ margin², times the design effect read off the interval; n = n₀ ÷ (1 + (n₀ − 1) ÷ N) (Cochran
    1977, eq. 4.2).

    Examples
    --------
    >>> none = pd.DataFrame({"review_id": [], "is_counted": [], "is_accurate": [], "review_weight": []})
    >>> int(review_precision(none, n_eligible=10_000, margin=0.05).loc[0, "n_needed"])
    370
    """
    row = measure(reviews, key, level=level).iloc[0]
    z = -float(ndtri((1 - level) / 2))
    value, n = float(row["value"]), int(row["n"])
    half_width = (float(row["high"]) - float(row["low"])) / 2
    spread = 0.25 if not 0 < value < 1 else value * (1 - value)
    unseen = max(1 - n / n_eligible, 0.0) if n_eligible else 0.0
    plain = spread / n * unseen if n else math.nan
    has_width = not math.isnan(half_width) and 0 < value < 1 and plain > 0
    effect = max((half_width / z) ** 2 / plain, 1.0) if has_width else 1.0
    first = z**2 * spread / margin**2 * effect
    needed = math.ceil(first / (1 + (first - 1) / n_eligible)) if n_eligible else 0
    found = {"key": key, "n": n, "n_eligible": n_eligible, "value": value, "low": float(row["low"]),
             "high": float(row["high"]), "half_width": half_width, "margin": margin, "n_needed": needed,
             "n_more_per_week": math.ceil(max(needed - n, 0) / n_weeks) if n_weeks else math.nan,
             "is_enough": bool(half_width <= margin)}  # fmt: skip
    return pd.DataFrame([found])


def review_precision_by_stratum(
    reviews: pd.DataFrame, plan: pd.DataFrame, *, margin: float, key: str = "accuracy", level: float = 0.95
) -> pd.DataFrame:
    """Say what precision the reviews buy over all, and in each stratum by itself.

    A sample that is large enough for the whole may be too small for every part of it.

    Parameters
    ----------
    reviews : DataFrame
        Review facts.
    plan : DataFrame
        As `review_plan` gives: which strata there are, with their contacts and weeks.
    margin, key, level
        As in `review_precision`.

    Returns
    -------
    DataFrame
        First all strata together (`stratum` is "all"), then one row each, ascending, those without reviews too:
        `stratum` and the columns of `review_precision`. Empty as the plan is, with its reason.

    Examples
    --------
    >>> none = pd.DataFrame({"review_id": [], "stratum": [], "is_counted": [], "is_accurate": [], "review_weight": []})
    >>> plan = pd.DataFrame({"week_on": [1], "stratum": "chat", "n_eligible": 10_000})
    >>> review_precision_by_stratum(none, plan, margin=0.05)[["stratum", "n_needed"]].values.tolist()
    [['all', 370], ['chat', 370]]
    """
    parts = {"all": (reviews, plan)}
    for name in sorted(plan["stratum"].dropna().unique()):
        parts[str(name)] = (reviews[reviews["stratum"] == name], plan[plan["stratum"] == name])
    found = [
        review_precision(
            drawn, n_eligible=int(weeks["n_eligible"].sum()), margin=margin, key=key, level=level,
            n_weeks=weeks["week_on"].nunique(),
        ).assign(stratum=name)
        for name, (drawn, weeks) in parts.items()
    ]  # fmt: skip
    table = pd.concat(found, ignore_index=True)
    table = table[["stratum", *table.columns.drop("stratum")]].iloc[: len(table) if len(plan) else 0]
    table.attrs = dict(plan.attrs)
    return table


def ratings_of(reviews: pd.DataFrame, *, column: str = "is_accurate") -> pd.DataFrame:
    """Lay the reviews of contacts that several reviewers saw side by side.

    Parameters
    ----------
    reviews : DataFrame
        Review facts or the table `reviews`. Columns read: `contact_id reviewer_id reviewed_at` and `column`.
        Adjudicated reviews (`is_adjudicated`, where present) are left out: they know the others.
    column : str
        What was judged.

    Returns
    -------
    DataFrame
        One row per contact with at least two reviewers, one column per reviewer, missing where one did not review it;
        of two reviews by the same reviewer the first counts.

    Examples
    --------
    >>> seen = pd.DataFrame({"contact_id": ["c1", "c1", "c2"], "reviewer_id": ["r1", "r2", "r1"],
    ...                      "reviewed_at": pd.to_datetime(["2024-01-01 09:00Z"] * 3),
    ...                      "is_accurate": [True, False, True]})
    >>> ratings_of(seen).shape
    (1, 2)
    """
    rows = reviews[reviews[column].notna()]
    if "is_adjudicated" in rows:
        rows = rows[~rows["is_adjudicated"].fillna(False).astype(bool)]
    rows = rows.sort_values("reviewed_at", kind="stable").drop_duplicates(["contact_id", "reviewer_id"])
    wide = rows.assign(rating=rows[column].astype(object)).pivot(
        index="contact_id", columns="reviewer_id", values="rating"
    )
    return wide[wide.notna().sum(axis=1) >= 2]


def agreement(ratings: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """Measure how far raters agree beyond chance, pair by pair and all together.

    Parameters
    ----------
    ratings : DataFrame, shape (n_cases, n_raters)
        One row per case, one column per rater; missing where a rater did not see it.
    level : float, 0–1

    Returns
    -------
    DataFrame
        One row per pair with cases in common, and a last one for all: `raters n agreement value low high method`. `n`
        cases, `agreement` share of equal ratings, `value` kappa (1 full agreement, 0 as by chance). Cases in which not
        as many raters judged as in most are outside the last row. NaN where all gave one and the same rating.

    Raises
    ------
    UsageError
        If there are fewer than two raters.

    Notes
    -----
    Pairs: Cohen (1960), its standard error after Fleiss, Cohen and Everitt (1969). All: Fleiss (1971), interval by the
    jackknife over cases.

    Examples
    --------
    >>> seen = pd.DataFrame({"a": ["x"] * 45 + ["y"] * 15 + ["x"] * 25 + ["y"] * 15,
    ...                      "b": ["x"] * 60 + ["y"] * 40})
    >>> round(float(agreement(seen).loc[0, "value"]), 4)
    0.1304
    """
    if ratings.shape[1] < 2:
        raise UsageError(f"ratings must have at least two raters, got {ratings.shape[1]}. Let a second one review.")
    codes = pd.factorize(ratings.to_numpy(dtype=object).ravel())[0].reshape(ratings.shape)
    z = -float(ndtri((1 - level) / 2))
    names = [str(name) for name in ratings.columns]
    rows = [_pair(codes[:, [i, j]], f"{names[i]}, {names[j]}", z) for i, j in combinations(range(len(names)), 2)]
    return pd.DataFrame([*(row for row in rows if row["n"]), _all(codes, z)])


def agreement_of(reviews: pd.DataFrame, *, column: str = "is_accurate", level: float = 0.95) -> pd.DataFrame:
    """Measure how far the reviewers of a period agree; a table without rows and its reason where nobody can tell.

    Parameters
    ----------
    reviews : DataFrame
        As `ratings_of` reads them.
    column : str
        What was judged.
    level : float, 0–1

    Returns
    -------
    DataFrame
        As `agreement` gives. Without a contact that two reviewers saw: no row, and `.attrs["reason"]`.

    Examples
    --------
    >>> alone = pd.DataFrame({"contact_id": ["c1"], "reviewer_id": ["r1"], "is_accurate": [True],
    ...                       "reviewed_at": pd.to_datetime(["2024-01-01 09:00Z"])})
    >>> agreement_of(alone).attrs["reason"]
    'no contact was reviewed by two reviewers'
    """
    ratings = ratings_of(reviews, column=column)
    ratings = ratings[[name for name in ratings if ratings[name].notna().any()]]
    if len(ratings):
        return agreement(ratings, level=level)
    nothing = pd.DataFrame(columns=["raters", "n", "agreement", "value", "low", "high", "method"])
    nothing.attrs["reason"] = "no contact was reviewed by two reviewers" if len(reviews) else "no reviews"
    return nothing


def _pair(codes: np.ndarray, name: str, z: float) -> dict[str, Any]:
    """Cohen's kappa of two raters."""
    both = codes[(codes >= 0).all(axis=1)]
    found = {"raters": name, "n": len(both), "agreement": math.nan, "value": math.nan, "low": math.nan,
             "high": math.nan, "method": "Cohen's kappa"}  # fmt: skip
    if not len(both):
        return found
    found["agreement"] = float((both[:, 0] == both[:, 1]).mean())
    if len(np.unique(both)) < 2:
        return found | {"method": "Cohen's kappa; not defined: only one rating occurs"}
    size = both.max() + 1
    table = np.bincount(both[:, 0] * size + both[:, 1], minlength=size**2).reshape(size, size)
    seen = np.unique(both)
    with np.errstate(divide="ignore", invalid="ignore"):  # its test of no agreement has no answer for a single case
        made = cohens_kappa(table[np.ix_(seen, seen)])
    spread = z * math.sqrt(made.var_kappa)
    return found | {
        "value": float(made.kappa),
        "low": max(made.kappa - spread, -1.0),
        "high": min(made.kappa + spread, 1.0),
    }


def _all(codes: np.ndarray, z: float) -> dict[str, Any]:
    """Fleiss' kappa over the cases that the usual number of raters judged."""
    n_raters = (codes >= 0).sum(axis=1)
    usual = int(np.bincount(n_raters[n_raters >= 2]).argmax()) if (n_raters >= 2).any() else 0
    cases = [row[row >= 0] for row in codes[n_raters == usual]] if usual else []
    found = {"raters": "all", "n": len(cases), "agreement": math.nan, "value": math.nan, "low": math.nan,
             "high": math.nan, "method": f"Fleiss' kappa, {usual} ratings a case; jackknife"}  # fmt: skip
    if not cases:
        return found
    counts = aggregate_raters(np.array(cases))[0]
    found["agreement"] = float(((counts * (counts - 1)).sum(axis=1) / (usual * (usual - 1))).mean())
    if counts.shape[1] < 2:
        return found | {"method": "Fleiss' kappa; not defined: only one rating occurs"}
    value = float(fleiss_kappa(counts))
    spread = z * _jackknife_error(counts)
    return found | {"value": value, "low": max(value - spread, -1.0), "high": min(value + spread, 1.0)}


def _jackknife_error(counts: np.ndarray) -> float:
    """Standard error of Fleiss' kappa, from leaving out one case at a time."""
    n, raters = len(counts), counts[0].sum()
    if n < 3:
        return math.nan
    equal = (counts * (counts - 1)).sum(axis=1) / (raters * (raters - 1))
    observed = (equal.sum() - equal) / (n - 1)
    chance = (((counts.sum(axis=0) - counts) / ((n - 1) * raters)) ** 2).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        kappas = (observed - chance) / (1 - chance)
    return float(math.sqrt((n - 1) / n * ((kappas - kappas.mean()) ** 2).sum()))
