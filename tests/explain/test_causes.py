"""Causes: counted shares with simultaneous intervals, and evidence beside each statement."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from csm_lib.errors import UsageError
from csm_lib.explain.causes import coded_causes, complaint_pareto, knowledge_gaps, why_tree


def contacts(**failures: int) -> pd.DataFrame:
    """780 successes and 220 failures, coded as stated, the rest uncoded; one contact outside the population."""
    causes = [cause for cause, n in failures.items() for _ in range(n)]
    coded = causes + [None] * (220 - len(causes))
    return pd.DataFrame(
        {
            "is_first_contact_resolved": pd.array([True] * 780 + [False] * 220 + [None], dtype="boolean"),
            "cause": [None] * 780 + coded + ["knowledge"],
        }
    )


def test_the_classic_shares_come_out_counted() -> None:
    found = coded_causes(contacts(knowledge=80, cross_department=60, skills=60))
    assert found["cause"].tolist() == ["knowledge", "cross_department", "skills"]
    np.testing.assert_allclose(found["value"], [0.4, 0.3, 0.3])
    np.testing.assert_allclose(found["points"], [0.088, 0.066, 0.066])
    assert found.attrs["n_uncoded"] == 20
    assert found.attrs["uncoded_share"] == pytest.approx(20 / 220)
    assert found.attrs["n_population"] == 1000


def test_intervals_are_goodmans() -> None:
    # Goodman (1965), (b + 2n ± √(b (b + 4 n (N − n) / N))) / 2 (N + b), b = upper α/k quantile of χ² with 1 degree
    found = coded_causes(contacts(knowledge=80, cross_department=60, skills=60))
    b, n, whole = 5.7309, 80, 200  # quantile 1 − 0.05 / 3 from a table
    half = np.sqrt(b * (b + 4 * n * (whole - n) / whole))
    expected = [(b + 2 * n - half) / (2 * (whole + b)), (b + 2 * n + half) / (2 * (whole + b))]
    np.testing.assert_allclose(found.loc[0, ["low", "high"]].astype(float), expected, atol=1e-4)


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(contacts(), id="nothing coded"),
        pytest.param(contacts().head(780), id="no failure"),
        pytest.param(contacts().head(0), id="no row"),
    ],
)
def test_nothing_to_count(seen: pd.DataFrame) -> None:
    found = coded_causes(seen)
    assert found.empty and found.attrs["n_coded"] == 0
    assert list(found.columns) == ["cause", "n", "value", "low", "high", "points", "points_low", "points_high"]


def test_the_pareto_is_sorted_and_counts_a_complaint_once() -> None:
    seen = pd.DataFrame(
        {"cause": ["late", "late", "late", "rude", "late", None], "is_counted": [True, True, True, True, False, True]}
    )
    found = complaint_pareto(seen)
    assert found[["rank", "cause", "n", "cumulative_n", "cumulative"]].values.tolist() == [
        [1, "late", 3, 3, 0.75],
        [2, "rude", 1, 4, 1.0],
    ]
    assert (found.attrs["n_complaints"], found.attrs["n_uncoded"]) == (5, 1)


def test_knowledge_gaps_are_the_ten_largest() -> None:
    rows = [(f"issue {i:02}", "card", "knowledge", False) for i in range(12) for _ in range(i + 1)]
    rows += [
        ("issue 11", "card", "skills", False),
        ("issue 11", "card", "knowledge", True),
        ("issue 11", None, "knowledge", None),
    ]
    seen = pd.DataFrame(rows, columns=["issue", "product", "cause", "is_first_contact_resolved"])
    found = knowledge_gaps(seen)
    assert len(found) == 10
    first = found.iloc[0]
    assert (first["issue"], first["n"], first["n_contacts"]) == ("issue 11", 12, 14)
    assert first["value"] == pytest.approx(12 / 78)


def chain(*rows: dict) -> pd.DataFrame:
    return pd.DataFrame([{"tree": "fcr", "level": i, "statement": str(i)} | row for i, row in enumerate(rows)])


def facts() -> pd.DataFrame:
    seen = contacts(knowledge=110, cross_department=60, skills=48, typo=2)
    # chat holds 200 of the 220 failures and 200 of the 780 successes
    seen["channel"] = ["chat"] * 200 + ["phone"] * 580 + ["chat"] * 200 + ["phone"] * 20 + ["chat"]
    return seen


@pytest.mark.parametrize(
    ("evidence", "status"),
    [
        pytest.param({"cause": "knowledge"}, "supported", id="a frequent cause"),
        pytest.param({"cause": "typo"}, "not supported", id="a rare cause"),
        pytest.param({"cause": "weather"}, "not supported", id="a cause nobody coded"),
        pytest.param({}, "no evidence", id="no evidence named"),
        pytest.param({"evidence_indicator": "fcr", "evidence_filter": "channel = chat"}, "supported", id="worse there"),
        pytest.param({"evidence_indicator": "fcr", "evidence_filter": "channel = phone"}, "not supported", id="better"),
        pytest.param(
            {"evidence_indicator": "fcr", "evidence_filter": "channel = fax"}, "no evidence", id="no such rows"
        ),
        pytest.param({"evidence_indicator": "fcr"}, "supported", id="misses its target"),
        pytest.param({"evidence_indicator": "magic"}, "no evidence", id="no such indicator"),
    ],
)
def test_status_follows_the_evidence(evidence: dict, status: str) -> None:
    found = why_tree(chain({"node_id": "1", "parent_id": None} | evidence), facts(), targets={"fcr": 0.85})
    assert found.loc[0, "status"] == status


def test_a_statement_stands_below_its_parent() -> None:
    nodes = chain(
        {"node_id": "1", "parent_id": None},
        {"node_id": "2", "parent_id": None},
        {"node_id": "1.1", "parent_id": "1", "cause": "knowledge", "expected_share": 0.4},
        {"node_id": "1.1.1", "parent_id": "1.1"},
        {"node_id": "1.2", "parent_id": "1"},
    )
    found = why_tree(nodes, facts())
    assert found["node_id"].tolist() == ["1", "1.1", "1.1.1", "1.2", "2"]
    row = found.iloc[1]
    assert (row["n"], row["value"], row["expected_share"]) == (110, 0.5, 0.4)
    assert row["points"] == pytest.approx(0.11)


def test_without_coded_failures_nothing_is_proven() -> None:
    found = why_tree(chain({"node_id": "1", "parent_id": None, "cause": "knowledge"}), contacts())
    assert found.loc[0, "status"] == "no evidence"


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        pytest.param(
            chain({"node_id": "1", "parent_id": "9"}),
            "parent_id must name a node of five_whys, got an unknown one (1 of 1 rows, node 1). Correct "
            "data/tables/five_whys.",
            id="unknown parent",
        ),
        pytest.param(
            chain({"node_id": "1", "parent_id": "2"}, {"node_id": "2", "parent_id": "1"}),
            "parent_id must lead to a first statement, got a circle among 2 rows of five_whys. Correct "
            "data/tables/five_whys.",
            id="circle",
        ),
    ],
)
def test_a_broken_tree_is_refused(nodes: pd.DataFrame, message: str) -> None:
    with pytest.raises(UsageError) as told:
        why_tree(nodes, contacts())
    assert str(told.value) == message


def test_a_statement_may_be_compared_within_a_population() -> None:
    seen = facts().assign(local_hour=17)
    nodes = chain({"node_id": "1", "parent_id": None, "evidence_indicator": "fcr",
                   "evidence_filter": "local_hour = 17 within channel = chat"})  # fmt: skip
    found = why_tree(nodes, seen).loc[0]
    # every chat is at 17, so there is nobody to compare with; the phone must not step in
    assert (found["n"], found["status"]) == (400, "no evidence")


def test_an_expression_may_join_conditions_and_counts_its_part_of_the_failures() -> None:
    seen = facts().assign(local_hour=17)
    nodes = chain({"node_id": "1", "parent_id": None, "evidence_indicator": "fcr",
                   "evidence_filter": "channel = chat and local_hour >= 17"})  # fmt: skip
    found = why_tree(nodes, seen).loc[0]
    # chat holds 200 of the 220 failures among its 400 judged contacts; phone failed in 20 of 600
    assert (found["status"], found["n"], found["value"]) == ("supported", 400, 0.5)
    assert found["reference"] == pytest.approx(580 / 600)
    assert found["share"] == pytest.approx(200 / 220)
    assert found["share_low"] < 200 / 220 < found["share_high"]


def test_an_expression_that_cannot_be_read_names_its_node() -> None:
    nodes = chain({"node_id": "F4", "parent_id": None, "evidence_indicator": "fcr", "evidence_filter": "isue = repair"})
    with pytest.raises(UsageError) as told:
        why_tree(nodes, facts())
    assert str(told.value) == (
        "evidence_filter of node 'F4' in five_whys must name columns of the facts, got 'isue' (in 'isue = repair'). "
        "Choose from cause, channel, is_first_contact_resolved."
    )


def test_the_order_of_a_pareto_is_bounded() -> None:
    # 90 against 50: 40 > z √140 with z of three pairs, 2.394; 50 against 45: 5 < 2.394 √95
    seen = pd.DataFrame({"cause": ["a"] * 90 + ["b"] * 50 + ["c"] * 45, "is_counted": True})
    found = complaint_pareto(seen)
    assert found[["rank_low", "rank_high"]].values.tolist() == [[1, 1], [2, 3], [2, 3]]
