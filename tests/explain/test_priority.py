"""Priority: contributions by hand, a ranking that says how far it holds, owners of nodes."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from csm_lib.errors import UsageError
from csm_lib.explain.priority import contributions, named_problems, owners, priority


def contacts() -> pd.DataFrame:
    """200 contacts; the 50 repairs fail in 30 cases and take an hour more, the others fail in 15 of 150."""
    issue = ["repair"] * 50 + ["fee"] * 150
    solved = [False] * 30 + [True] * 20 + [False] * 15 + [True] * 135
    return pd.DataFrame(
        {
            "contact_id": [str(i) for i in range(200)], "customer_id": [f"c{i // 2}" for i in range(200)],
            "issue": issue, "is_first_contact_resolved": pd.array(solved, dtype="boolean"),
            "resolution_s": [5400.0] * 50 + [1800.0] * 150, "csat": [3] * 10 + [5] * 40 + [None] * 150,
        }
    )  # fmt: skip


def test_contributions_as_worked_by_hand() -> None:
    found = contributions(contacts(), {"repairs": "issue = repair"}).iloc[0]
    assert found["n"] == 50
    assert found["efficiency"] == pytest.approx(0.25 * 3600)
    assert [found["efficiency_low"], found["efficiency_high"]] == pytest.approx([900, 900])  # all alike
    assert found["quality"] == pytest.approx(0.25 * (0.6 - 0.1))
    assert found["quality_low"] < found["quality"] < found["quality_high"]
    assert math.isnan(found["experience"])  # only repairs were rated: nothing to compare with
    assert math.isnan(found["cost"])


def test_a_fallback_rating_is_the_mean_of_the_four_items() -> None:
    rated = contacts().assign(csat=None, speed=[3] * 50 + [5] * 150, attitude=4)
    found = contributions(rated, {"repairs": "issue = repair"}).iloc[0]
    assert found["experience"] == pytest.approx(0.25)  # repairs 3.5 on average, all others 4.5


def table(**columns: list[float]) -> pd.DataFrame:
    names = [f"p{i}" for i in range(len(next(iter(columns.values()))))]
    held = {}
    for name, values in columns.items():
        held |= {name: values, f"{name}_low": values, f"{name}_high": values}
    return pd.DataFrame({"problem": names, "n": 10} | held)


def test_scores_as_worked_by_hand() -> None:
    found = priority(table(quality=[0.04, 0.08, -0.01], cost=[300.0, 100.0, 0.0])).set_index("problem")
    assert found.loc["p0", "score"] == pytest.approx((0.5 + 1) / 2)
    assert found.loc["p1", "score"] == pytest.approx((1 + 1 / 3) / 2)
    assert found.loc["p2", ["score", "rank"]].tolist() == [0, 3]
    assert found.loc["p0", "rests_on"] == "cost" and pd.isna(found.loc["p2", "rests_on"])
    assert found.loc["p2", ["rank_low", "rank_high"]].tolist() == [3, 3]
    # which of the two comes first is a matter of taste
    assert found.loc["p0", ["rank_low", "rank_high"]].tolist() == [1, 2]
    assert found["first_share"].sum() == pytest.approx(1)


def test_weights_count_and_dimensions_that_were_not_measured_do_not() -> None:
    held = table(quality=[0.04, 0.08], cost=[300.0, 100.0]).assign(experience=math.nan)
    assert priority(held, weights={"cost": 1.0})["problem"].tolist() == ["p0", "p1"]
    assert priority(held, weights={"quality": 0.9, "cost": 0.1})["problem"].tolist() == ["p1", "p0"]
    assert priority(held)["experience"].isna().all()


def test_a_problem_that_leads_in_everything_is_first_whatever_one_holds_dear() -> None:
    found = priority(table(quality=[0.08, 0.04], cost=[300.0, 100.0], efficiency=[9.0, 1.0])).iloc[0]
    assert (found["problem"], found["rank_high"], found["first_share"]) == ("p0", 1, 1.0)


def test_wide_intervals_widen_the_ranks() -> None:
    held = table(quality=[0.05, 0.04]).assign(quality_low=[0.0, 0.0], quality_high=[0.1, 0.08])
    assert priority(held)[["rank_low", "rank_high"]].values.tolist() == [[1, 2], [1, 2]]


def test_order_of_the_problems_changes_no_score() -> None:
    held = table(quality=[0.04, 0.08, 0.02], cost=[300.0, 100.0, 50.0])
    one, other = priority(held), priority(held.iloc[::-1].reset_index(drop=True))
    assert one["problem"].tolist() == other["problem"].tolist()
    np.testing.assert_allclose(one["score"], other["score"])


def test_nothing_measured_ranks_nothing() -> None:
    assert priority(table(quality=[math.nan])).empty
    assert priority(contributions(contacts(), {})).empty


@pytest.mark.parametrize("weights", [{"cost": -1.0}, {"cost": 0.0}, {"beauty": 1.0}])
def test_weights_are_checked(weights: dict[str, float]) -> None:
    with pytest.raises(UsageError) as told:
        priority(table(cost=[1.0]), weights=weights)
    assert str(told.value) == (
        "weights must be numbers from 0 up for efficiency, quality, experience, cost, not all 0, "
        f"got {weights!r}. Correct them."
    )


def test_problems_come_from_supported_statements_once_each() -> None:
    whys = pd.DataFrame(
        {
            "statement": ["one", "same", "not backed", "segment", "whole indicator"],
            "evidence": ["cause = skills", "cause = skills", "cause = other", "fcr where issue = repair", "fcr"],
            "status": ["supported", "supported", "not supported", "supported", "supported"],
        }
    )
    assert named_problems(whys, contacts()) == {"one": "cause = skills", "segment": "issue = repair"}


def test_without_statements_problems_are_the_words_that_fail_most() -> None:
    held = contacts().assign(issue=["it's odd"] * 50 + ["fee"] * 150)
    found = named_problems(pd.DataFrame(), held, count=1)
    assert found == {"issue: it's odd": "issue = 'it''s odd'"}
    assert contributions(held, found).loc[0, "n"] == 50
    assert named_problems(pd.DataFrame(), held.assign(issue=None)) == {}


def test_nodes_without_an_owner_show_it() -> None:
    raci = pd.DataFrame({"node": ["triage"], "responsible": ["agent"], "accountable": ["lead"], "consulted": [None],
                         "informed": [None]})  # fmt: skip
    found = owners(pd.DataFrame({"stage": ["triage", "solution"], "n": [1, 2]}), raci)
    assert found["accountable"].tolist() == ["lead", None]
    assert owners(found[["stage"]], raci.head(0))["responsible"].isna().all()
