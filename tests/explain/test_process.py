"""The process: paths, hand-offs, approvals and stage times of a small log worked by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from csm_lib.errors import UsageError
from csm_lib.explain.process import contact_paths, path_variants, process_summary, stage_times, variant_indicators

# contact, minute, status, stage, team, approval
LOG = [
    ("t1", 0, "new", "contact", "service", False),
    ("t1", 10, "open", "triage", "service", False),
    ("t1", 15, "open", "triage", "after-sales", True),
    ("t1", 40, "open", "solution", "after-sales", True),
    ("t1", 70, "open", "triage", "service", False),
    ("t1", 90, "resolved", None, "service", False),
    ("t2", 0, "new", "contact", "service", False),
    ("t2", 30, "resolved", None, "service", None),
    ("t3", 5, "new", "contact", None, None),
]


def log() -> pd.DataFrame:
    table = pd.DataFrame(LOG, columns=["contact_id", "minute", "status", "stage", "team", "is_approval"])
    table["changed_at"] = pd.Timestamp("2024-01-01T00:00Z") + pd.to_timedelta(table.pop("minute"), unit="min")
    return table.assign(agent_id=None)


def test_paths_as_worked_by_hand() -> None:
    found = contact_paths(log()).set_index("contact_id")
    assert found.loc["t1", "path"] == "contact → triage → solution → triage → resolved"
    assert found.loc["t1", ["n_changes", "n_approvals", "n_handoffs", "n_returns"]].tolist() == [6, 2, 2, 1]
    assert found["duration_s"].tolist() == [5400.0, 1800.0, 0.0]
    assert found.loc["t3", "path"] == "contact"


def test_stage_times_as_worked_by_hand() -> None:
    found = stage_times(log()).set_index("stage")
    # triage of t1: 5 + 25 + 20 minutes in two visits; contact: 10 and 30; solution: 30; resting stages do not count
    assert found.index.tolist() == ["triage", "contact", "solution"]
    assert found["median_s"].tolist() == [3000.0, 1200.0, 1800.0]
    assert found["n"].tolist() == [1, 2, 1]
    assert found["n_visits"].tolist() == [2, 2, 1]
    np.testing.assert_allclose(found["share"], [50 / 120, 40 / 120, 30 / 120])


def test_all_time_in_the_log_is_in_some_stage() -> None:
    assert stage_times(log())["total_s"].sum() == contact_paths(log())["duration_s"].sum()


def test_row_order_changes_nothing() -> None:
    held = log()
    mixed = held.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(contact_paths(mixed), contact_paths(held))
    pd.testing.assert_frame_equal(stage_times(mixed), stage_times(held))
    pd.testing.assert_frame_equal(held, log())


def test_rare_variants_are_folded_and_said_so() -> None:
    paths = pd.DataFrame(
        {"path": ["a", "a", "b", "c"], "duration_s": [1.0, 3.0, 5.0, 7.0], "n_approvals": 0, "n_handoffs": 0}
    )
    found = path_variants(paths, count=1)
    assert found["path"].tolist() == ["a", None]
    assert found["n"].tolist() == [2, 2]
    assert found["median_s"].tolist() == [2.0, 6.0]
    assert found["cumulative"].tolist() == [0.5, 1.0]


def test_the_summary_counts_per_contact() -> None:
    found = process_summary(contact_paths(log())).set_index("measure")
    assert found.loc["median_duration_s", "value"] == 1800.0
    assert found.loc["n_approvals_per_contact", "value"] == pytest.approx(2 / 3)
    # t3 has not ended, so nobody knows whether the first team will end it; t2 stayed with service, t1 did not
    assert found["n"].tolist() == [3] * 7 + [2]
    assert found.loc[["rework_share", "pingpong_share", "first_line_share"], "value"].tolist() == [1 / 3, 1 / 3, 0.5]


def test_waiting_and_working_are_told_apart_by_who_changes_next() -> None:
    # t1: new 10 min (waiting, a status); a → a 5 min (working); a → b 25 (waiting); b → b 30 (working); b → a 20
    # (waiting); t2: new 30 min (waiting)
    held = log().assign(actor=["x", "a", "a", "b", "b", "a", "x", "a", "x"])
    found = stage_times(held).set_index("stage")
    assert found.loc["triage", ["waiting_share", "working_share"]].tolist() == pytest.approx([45 / 50, 5 / 50])
    assert found.loc["solution", "working_share"] == 1
    assert found.loc["contact", "waiting_share"] == 1
    unknown = stage_times(log()).set_index("stage")
    assert unknown.loc["triage", "unknown_share"] == 1


def test_stages_are_held_against_their_standards() -> None:
    found = stage_times(log(), standards={"contact": 600.0, "triage": 3000.0, "elsewhere": 1.0}).set_index("stage")
    # contact: 10 and 30 minutes against 10, one over; triage took exactly as long as it may
    assert found.loc["contact", ["n_over", "over_share"]].tolist() == [1, 0.5]
    assert found.loc["triage", ["n_over", "over_share"]].tolist() == [0, 0.0]
    assert found.loc["solution", ["standard_s", "over_share", "low"]].isna().all()


def test_variants_carry_the_indicators_of_their_contacts() -> None:
    seen = pd.DataFrame({"contact_id": ["t1", "t2", "t3", "t9"], "is_first_contact_resolved": [False, True, None, True],
                         "customer_id": ["a", "b", "c", "d"]})  # fmt: skip
    found = variant_indicators(contact_paths(log()), seen, ["fcr", "nps", "complaint_rate"], count=2)
    assert found["path"].tolist() == ["contact", "contact → resolved", None]
    assert found["n"].tolist() == [0, 1, 1]
    assert found["value"].tolist()[1:] == [1.0, 0.0]
    assert variant_indicators(contact_paths(log()).head(0), seen, ["fcr"]).empty


def test_an_empty_log_gives_empty_tables() -> None:
    assert contact_paths(log().head(0)).empty
    assert stage_times(log().head(0)).empty


def test_a_missing_column_is_named() -> None:
    with pytest.raises(UsageError) as told:
        contact_paths(log().drop(columns="stage"))
    assert str(told.value) == (
        "status_log must have the columns contact_id, changed_at, status, team, agent_id, stage, is_approval, got none "
        "called stage. It has contact_id, status, team, is_approval, changed_at, agent_id."
    )
