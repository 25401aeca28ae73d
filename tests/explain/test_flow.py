"""The flow: counts that re-add to the log, loops and hand-offs worked by hand, and what is folded."""

from __future__ import annotations

import time
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csm_lib.errors import UsageError
from csm_lib.explain.flow import fold_flow, handoffs, process_flow, process_nodes, rework
from csm_lib.explain.process import contact_paths

# contact, minute, status, team
LOG = [
    ("t1", 0, "new", "A"),
    ("t1", 10, "open", "A"),
    ("t1", 15, "open", "B"),
    ("t1", 40, "waiting_customer", "B"),
    ("t1", 70, "open", "A"),
    ("t1", 90, "resolved", None),
    ("t1", 90, "closed", "A"),
    ("t2", 0, "new", "A"),
    ("t2", 30, "resolved", "C"),
    ("t3", 5, "new", None),
]


def log(rows: list[tuple[str, int, str, str | None]] = LOG) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["contact_id", "minute", "status", "team"])
    table["changed_at"] = pd.Timestamp("2024-01-01T00:00Z") + pd.to_timedelta(table.pop("minute"), unit="min")
    return table.assign(agent_id=None, stage=None, is_approval=None)


def test_the_flow_as_worked_by_hand() -> None:
    flow = process_flow(log())
    counts = {(row.source, row.target): (row.n, row.n_contacts) for row in flow.itertuples()}
    assert counts == {
        (None, "new"): (3, 3), ("new", "open"): (1, 1), ("open", "open"): (1, 1), ("open", "waiting_customer"): (1, 1),
        ("waiting_customer", "open"): (1, 1), ("open", "resolved"): (1, 1), ("resolved", "closed"): (1, 1),
        ("closed", None): (1, 1), ("new", "resolved"): (1, 1), ("resolved", None): (1, 1), ("new", None): (1, 1),
    }  # fmt: skip
    times = flow.set_index(["source", "target"])["median_s"]
    assert times["new", "resolved"] == 1800.0
    assert (flow.attrs["n_changes"], flow.attrs["n_contacts"]) == (10, 3)


def test_what_is_noted_in_one_instant_is_put_in_the_order_of_a_contact_s_life() -> None:
    pairs = process_flow(log())[["source", "target"]].values.tolist()
    assert ["resolved", "closed"] in pairs and ["closed", "resolved"] not in pairs


def test_returns_as_worked_by_hand() -> None:
    found = rework(log(), by="status")
    assert found[["node", "n_contacts", "n", "value", "n_returns", "total_s"]].values.tolist() == [
        ["open", 1, 1, 1.0, 1, 1200.0]
    ]


def test_handoffs_as_worked_by_hand() -> None:
    # the change without a team between A and A is no hand-over
    found = handoffs(log())
    assert found[["source", "target", "n", "n_back", "median_s"]].values[:2].tolist() == [
        ["A", "B", 1, 0, 1500.0], ["A", "C", 1, 0, pytest.approx(float("nan"), nan_ok=True)],
    ]  # fmt: skip
    assert found.loc[2, ["source", "target", "n_back", "median_s"]].tolist() == ["B", "A", 1, 1200.0]
    paths = contact_paths(log()).set_index("contact_id")
    assert paths["n_pingpong"].tolist() == [1, 0, 0]
    assert paths["n_handoffs"].tolist() == [2, 1, 0]
    assert paths["is_contained"].tolist()[:2] == [False, False] and pd.isna(paths.loc["t3", "is_contained"])


row = st.tuples(st.sampled_from(["1", "2", "3"]), st.integers(0, 50), st.sampled_from("abcd"), st.sampled_from("XY"))


@given(st.lists(row, min_size=1, max_size=25), st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None)
def test_counts_add_up_to_the_log_whatever_the_order_of_its_rows(rows: list, chance: object) -> None:
    held = log(rows)
    flow = process_flow(held)
    ends = flow["source"].isna() | flow["target"].isna()
    assert flow.loc[~ends, "n"].sum() == len(held) - held["contact_id"].nunique()
    assert flow.loc[flow["source"].isna(), "n"].sum() == held["contact_id"].nunique()
    assert flow.loc[flow["target"].isna(), "n"].sum() == held["contact_id"].nunique()
    spent = held.groupby("contact_id")["changed_at"].agg(lambda at: (at.max() - at.min()).total_seconds()).sum()
    assert flow["total_s"].sum() == pytest.approx(spent)
    mixed = process_flow(held.sample(frac=1, random_state=len(rows)))
    pd.testing.assert_frame_equal(mixed, flow)
    nodes = process_nodes(flow)
    assert nodes["n"].sum() == len(held)
    folded = fold_flow(flow, kept=0.6)
    drawn = folded.loc[folded["source"].notna() & folded["target"].notna(), "n"].sum()
    assert drawn + folded.attrs["n_folded"] + folded.attrs["n_updates"] == len(held) - held["contact_id"].nunique()


def test_rare_ways_are_folded_and_no_kept_node_hangs_loose() -> None:
    ways = [(None, "a", 100), ("a", "b", 90), ("b", "c", 80), ("a", "c", 5), ("b", "a", 3), ("a", "rare", 2),
            ("rare", "c", 2), ("a", "a", 40), ("c", None, 100)]  # fmt: skip
    flow = pd.DataFrame(ways, columns=["source", "target", "n"]).assign(total_s=0.0)
    folded = fold_flow(flow, kept=0.9)
    drawn = [[None, "a"], ["a", "b"], ["b", "c"], ["c", None]]
    assert folded[["source", "target"]].values.tolist() == drawn
    told = folded.attrs
    assert (told["n_ways"], told["n_folded_ways"], told["n_folded"], told["n_folded_nodes"]) == (2, 4, 12, 1)
    assert told["folded_share"] == pytest.approx(12 / 182)
    assert told["n_updates"] == 40


def test_a_log_without_moves_shows_where_contacts_rest() -> None:
    folded = fold_flow(process_flow(log([("1", 0, "new", None), ("2", 0, "new", None)])))
    assert folded[["source", "target"]].values.tolist() == [["new", None], [None, "new"]]
    assert fold_flow(process_flow(log().head(0))).empty
    assert rework(log().head(0)).empty and handoffs(log().head(0)).empty


def test_a_relation_is_read_where_it_lies() -> None:
    held = log()
    relation = duckdb.connect().from_arrow(pa.Table.from_pandas(held, preserve_index=False))
    pd.testing.assert_frame_equal(process_flow(relation), process_flow(held))


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        pytest.param(
            lambda: process_flow(log(), by="agent"),
            "by must be one of step, status, stage, team, got 'agent'. Choose one of them.",
            id="unknown node",
        ),
        pytest.param(
            lambda: fold_flow(process_flow(log()), kept=95),
            "kept must be a share above 0 and up to 1, got 95. Use 0.95 for 95 %.",
            id="percent",
        ),
    ],
)
def test_what_cannot_be_asked_is_said(ask: object, message: str) -> None:
    with pytest.raises(UsageError) as told:
        ask()  # type: ignore[operator]
    assert str(told.value) == message


@pytest.mark.needs("realdata")
def test_a_service_desk_s_log_re_adds_and_takes_seconds(realdata: Path) -> None:
    raw = pd.read_csv(realdata / "servicenow" / "incident_event_log.csv.gz", dtype=str, na_values=["?"])
    states = raw["ident_state"]
    held = pd.DataFrame({"contact_id": raw["number"], "status": states, "team": raw["assignment_group"],
        "changed_at": pd.to_datetime(raw["sys_updated_at"], format="%d/%m/%Y %H:%M", utc=True), "agent_id": None,
        "actor": raw["sys_updated_by"], "stage": None, "is_approval": None})  # fmt: skip
    begun = time.perf_counter()
    flow = process_flow(held)
    assert time.perf_counter() - begun < 20
    # 141,712 events of 24,918 incidents (Amaral, Fantinato and Peres 2018)
    assert flow.attrs["n_changes"] == 141_712
    assert flow.attrs["n_contacts"] == 24_918
    ends = flow["source"].isna() | flow["target"].isna()
    assert flow.loc[~ends, "n"].sum() == 141_712 - 24_918
    # counted anew without a query: neighbours of the sorted log
    life = {"New": 0, "Resolved": 1, "Closed": 1}
    ordered = held.assign(life=held["status"].map(life)).sort_values(["contact_id", "changed_at"], kind="stable")
    own = (ordered["contact_id"] == ordered["contact_id"].shift(-1)).sum()
    assert own == flow.loc[~ends, "n"].sum()
    assert np.isclose(
        flow["total_s"].sum(), (held.groupby("contact_id")["changed_at"].agg(np.ptp)).dt.total_seconds().sum()
    )
