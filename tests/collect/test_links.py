"""Links: a row that names none, and a table that stops while others go on, are said and kept."""

from __future__ import annotations

from pathlib import Path

from csm_lib.collect.ingest import ingest
from csm_lib.workbook import open_workbook
from tests.collect.workspaces import put


def deliver(workspace: Path, name: str, *lines: str) -> None:
    put(workspace, f"raw/{name}", "\n".join(lines) + "\n")


CONTACTS = ("contact_id,created_at,channel", "1,2024-03-30,phone", "2,2024-03-31,phone")


def test_rows_that_name_no_other_are_kept_and_said(workspace: Path) -> None:
    deliver(workspace, "contacts.csv", *CONTACTS)
    answered = [f"S{n},{n},2024-03-31" for n in range(1, 5)]
    deliver(workspace, "surveys.csv", "survey_id,contact_id,sent_at", *answered, "S9,,")
    result = ingest(workspace)
    assert result.warnings == (
        "surveys.contact_id must name a row of contacts, got '3' and 1 more that no row has (2 rows, kept). Ingest the "
        "export that holds them.",
    )
    assert {file.table: (file.read, file.kept) for file in result.files} == {"contacts": (2, 2), "surveys": (5, 5)}
    assert ingest(workspace).warnings == ()  # nothing changed: said once


def test_a_table_without_the_other_is_not_blamed(workspace: Path) -> None:
    deliver(workspace, "surveys.csv", "survey_id,contact_id,sent_at", "S1,1,2024-03-31")
    assert ingest(workspace).warnings == ()


def test_a_table_that_stops_while_others_go_on_is_said(workspace: Path) -> None:
    deliver(workspace, "contacts.csv", *CONTACTS)
    deliver(workspace, "surveys.csv", "survey_id,contact_id,sent_at", "S1,1,2024-03-01")
    assert ingest(workspace).warnings == (
        "surveys must reach to within 10 days of the newest rows, got 2024-03-01 as its last sent_at while contacts "
        "goes on to 2024-03-31 (30 days later). Ingest what came since, or ask the owner of its export.",
    )


def test_the_page_counts_the_links_that_the_ingest_warned_of(workspace: Path) -> None:
    deliver(workspace, "contacts.csv", *CONTACTS)
    answered = [f"S{n},{n},2024-03-31" for n in range(1, 5)]
    deliver(workspace, "surveys.csv", "survey_id,contact_id,sent_at", *answered, "S9,,")
    deliver(workspace, "shifts.csv", "agent_id,starts_at,ends_at", "A1,2024-03-31 08:00,2024-03-31 16:00")
    ingest(workspace)
    book = open_workbook("2024Q1", workspace=workspace)
    # of four surveys that name a contact two find none; nobody wrote down the agents, so shifts cannot be judged
    found = book.links.set_index("table")
    assert found.loc["surveys"].tolist() == ["contact_id", "contacts", 4, 2.0, 0.5]
    assert found.loc["shifts", ["column", "refers_to", "n"]].tolist() == ["agent_id", "agents", 1]
    assert found.loc["shifts", ["n_unknown", "value"]].isna().all()
    assert set(found.index) == {"surveys", "shifts"}
