"""What notebook 03 lays out: reasons by file, completeness of any frame, plans summed up, agreement or why not."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from csm_lib.definitions import TABLES
from csm_lib.engine import connect
from csm_lib.measure.agreement import agreement_of, review_plan_summary
from csm_lib.measure.freshness import INSTANTS, freshness
from csm_lib.measure.quality import completeness, reason_counts

FILES = pd.DataFrame(
    {
        "path": ["a.csv", "b.csv", "b.csv"],
        "source": ["s", "s", "s"],
        "table": ["contacts", "contacts", "surveys"],
        "read": [10, 5, 7],
        "kept": [7, 5, 6],
        "set_aside": ['{"unknown_word": 2, "duplicate": 1}', "{}", '{"duplicate": 1}'],
    }
)


def test_each_reason_has_a_column_and_every_row_is_accounted_for() -> None:
    counts = reason_counts(FILES)
    assert counts.columns.tolist()[5:] == ["duplicate", "unknown_word", "balance"]
    assert counts[["duplicate", "unknown_word", "balance"]].values.tolist() == [[1, 2, 0], [0, 0, 0], [1, 0, 0]]


def test_a_lost_row_shows_in_the_balance() -> None:
    assert reason_counts(FILES.assign(read=[11, 5, 7]))["balance"].tolist() == [1, 0, 0]


def test_no_file_gives_no_row() -> None:
    assert reason_counts(FILES.iloc[:0]).empty


PLAIN = {"team": ["A", None, " ", ""], "wait_s": [1.0, None, 3.0, None], "n": [1, 2, 3, 4]}


@pytest.mark.parametrize(
    "made",
    [
        lambda: pd.DataFrame(PLAIN),
        lambda: pl.DataFrame(PLAIN),
        lambda: pa.table(PLAIN),
        lambda: connect().from_arrow(pa.table(PLAIN)),
        lambda: pd.DataFrame(PLAIN).astype({"wait_s": "float32"}),
    ],
    ids=["pandas", "polars", "arrow", "relation", "narrow floats"],
)
def test_completeness_reads_any_frame(made: Callable[[], object]) -> None:
    rows = completeness(made(), columns=["team", "wait_s", "n", "absent"])
    assert rows[["column", "n_present", "n_missing", "value"]].values.tolist() == [
        ["team", 1, 3, 0.25], ["wait_s", 2, 2, 0.5], ["n", 4, 0, 1.0], ["absent", 0, 4, 0.0],
    ]  # fmt: skip


def test_completeness_of_nothing_is_unknown() -> None:
    rows = completeness(pd.DataFrame({"team": pd.Series([], dtype="str")}))
    assert rows[["n", "n_present"]].values.tolist() == [[0, 0]]
    assert rows["value"].isna().all()
    assert completeness(pd.DataFrame(), columns=["team"])["n"].tolist() == [0]


def test_every_table_with_an_instant_says_which_one_tells_its_age() -> None:
    for name, column in INSTANTS.items():
        assert TABLES[name].column(column).type == "instant"


def test_freshness_reads_a_relation_too() -> None:
    rows = connect().sql("SELECT TIMESTAMPTZ '2024-03-31 12:00:00+00' AS created_at UNION ALL SELECT NULL")
    found = freshness(
        {"contacts": rows}, instants={"contacts": "created_at"}, as_of=pd.Timestamp("2024-04-01T00:00Z")
    )
    assert found[["n", "age_h", "n_later"]].values.tolist() == [[2, 12.0, 0]]


def test_a_surplus_of_one_week_does_not_make_good_for_another() -> None:
    plan = pd.DataFrame(
        {"week_on": [1, 2, 1], "stratum": ["chat", "chat", "phone"], "n_eligible": [10, 30, 5], "n_planned": [2, 6, 1],
         "n_reviewed": [0, 10, 1], "shortfall": [2, 0, 0]}
    )  # fmt: skip
    assert review_plan_summary(plan).values.tolist() == [
        ["chat", 2, 1, 40, 8, 10, 2, 0.25], ["phone", 1, 0, 5, 1, 1, 0, 0.2],
    ]  # fmt: skip


def reviews(*rows: tuple[str, str, bool]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["contact_id", "reviewer_id", "is_accurate"])
    return frame.assign(reviewed_at=pd.Timestamp("2024-01-01T09:00Z"))


def test_two_reviewers_of_the_same_contacts_can_be_compared() -> None:
    seen = [(f"c{i}", who, i < 6) for i in range(10) for who in ("r1", "r2")]
    pair = agreement_of(reviews(*seen)).iloc[0]
    assert (pair["n"], pair["agreement"], pair["value"]) == (10, 1.0, 1.0)


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        ([], "no reviews"),
        ([("c1", "r1", True), ("c2", "r2", True)], "no contact was reviewed by two reviewers"),
        ([("c1", "r1", True), ("c1", "r1", False)], "no contact was reviewed by two reviewers"),
    ],
    ids=["no review at all", "each saw other contacts", "one reviewer twice"],
)
def test_where_nobody_can_tell_the_reason_is_given(seen: list[tuple[str, str, bool]], reason: str) -> None:
    found = agreement_of(reviews(*seen))
    assert found.empty
    assert found.attrs["reason"] == reason


def test_a_table_that_stops_while_others_go_on_is_late() -> None:
    # surveys promise to reach to within 10 days of the newest rows, contacts 4; orders promise nothing
    newest = {"contacts": "2024-03-31", "surveys": "2024-03-20", "orders": "2023-01-01", "reviews": None}
    tables = {
        name: pd.DataFrame({INSTANTS[name]: pd.to_datetime([day] if day else [], utc=True)})
        for name, day in newest.items()
    }
    found = freshness(tables, instants={name: INSTANTS[name] for name in newest}, as_of=pd.Timestamp("2024-04-01T00Z"))
    days = found.set_index("table")[["behind_s", "promised_s"]] / 86400
    assert days.loc["contacts"].tolist() == [0.0, 4.0]
    assert days.loc["surveys"].tolist() == [11.0, 10.0]
    assert days.loc["orders"].isna().all()
    assert found["is_late"].tolist() == [False, True, None, None]
    nothing = freshness({"orders": tables["orders"]}, instants={"orders": "ordered_at"}, as_of=pd.Timestamp.now("UTC"))
    assert nothing["is_late"].tolist() == [None]
