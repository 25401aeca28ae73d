"""The workbook: period, scope, targets and what is said when something is missing."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from csm_lib.collect.ingest import ingest
from csm_lib.errors import SettingError, UsageError
from csm_lib.measure.indicators import measure
from csm_lib.workbook import open_workbook, periods_with_data

CONTACTS = """contact_id,created_at,channel,queue_entered_at,answered_at,abandoned_at,team
k1,2024-01-02 10:00:00,phone,2024-01-02 10:00:00,2024-01-02 10:00:10,,Hill
k2,2024-01-02 10:00:00,chat,2024-01-02 10:00:00,,2024-01-02 10:01:00,Harbour
k3,2023-12-31 23:30:00,phone,2023-12-31 23:30:00,2023-12-31 23:30:30,,Hill
k4,2023-02-01 12:00:00,phone,2023-02-01 12:00:00,2023-02-01 12:00:30,,Hill
"""
SETTINGS = """time_zone = "Asia/Shanghai"
[scopes.hotline]
channels = ["phone"]
[scopes.mail]
channels = ["email"]
"""
TARGETS = """
[[targets]]
indicator = "answer_rate"
value = 0.8
[[targets]]
indicator = "answer_rate"
value = 0.9
valid_from = 2024-01-01
[[targets]]
indicator = "answer_rate"
value = 0.95
scope = "hotline"
[[targets]]
indicator = "answer_rate"
value = 0.99
valid_from = 2030-01-01
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk")
    for name, text in {
        "config/workbook.toml": SETTINGS,
        "config/indicators.toml": TARGETS,
        "raw/contacts.csv": CONTACTS,
    }.items():
        (folder / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "data" / name).write_text(text, encoding="utf-8")
    ingest(folder)
    return folder


def test_a_period_holds_its_own_local_days(workspace: Path) -> None:
    assert open_workbook("2024Q1", workspace=workspace).frame()["contact_id"].tolist() == ["k1", "k2"]
    assert open_workbook("2023Q4", workspace=workspace).frame()["contact_id"].tolist() == ["k3"]
    assert periods_with_data(workspace) == {"2023Q1": 1, "2023Q4": 1, "2024Q1": 2}


def test_a_scope_limits_the_facts_but_not_all_facts(workspace: Path) -> None:
    book = open_workbook("2024Q1", scope="hotline", workspace=workspace)
    assert measure(book.facts, "answer_rate")["value"].tolist() == [1.0]
    assert measure(book.all_facts, "answer_rate")["value"].tolist() == [0.5]


def test_what_was_never_ingested_has_no_source(workspace: Path) -> None:
    book = open_workbook("2024Q1", workspace=workspace)
    assert book.facts["survey"] is None
    assert list(book.frame("survey").columns)[:2] == ["survey_id", "contact_id"]
    assert len(book.table("actions")) == 0


def test_neighbouring_periods_exist_where_there_is_data(workspace: Path) -> None:
    book = open_workbook("2024Q1", workspace=workspace)
    previous, year_before = book.previous(), book.year_before()
    assert previous is not None
    assert year_before is not None
    assert (previous.period.name, year_before.period.name) == ("2023Q4", "2023Q1")
    assert year_before.previous() is None
    assert [other.period.name for other in book.history(5)] == ["2023Q1", "2023Q4", "2024Q1"]


@pytest.mark.parametrize(
    ("period", "scope", "expected"),
    [
        pytest.param("2023Q4", "all", 0.8, id="the target of its time"),
        pytest.param("2024Q1", "all", 0.9, id="the latest one in force"),
        pytest.param("2024Q1", "hotline", 0.95, id="the scope's own wins"),
    ],
)
def test_a_period_is_judged_by_the_targets_in_force(workspace: Path, period: str, scope: str, expected: float) -> None:
    targets = open_workbook(period, scope=scope, workspace=workspace).targets()
    assert targets.loc[targets["key"] == "answer_rate", "target"].tolist() == [expected]


def test_the_cut_off_is_the_last_local_day_with_a_contact(workspace: Path) -> None:
    assert open_workbook("2023Q1", workspace=workspace).cut_off == date(2024, 1, 2)


def test_a_scope_without_data_is_told_apart_from_a_period_without(workspace: Path) -> None:
    with pytest.raises(UsageError) as refused:
        open_workbook("2024Q1", scope="mail", workspace=workspace)
    assert str(refused.value) == (
        f"period must have data, got '2024Q1' without any in scope 'mail' ({workspace}). "
        "Quarters with data: 2023Q1, 2023Q4, 2024Q1."
    )


def test_an_unknown_table_grain_or_language_is_refused(workspace: Path) -> None:
    book = open_workbook("2024Q1", workspace=workspace)
    with pytest.raises(SettingError, match="^table must be one of contacts, messages, .*, got 'contact'. Correct it.$"):
        book.table("contact")
    with pytest.raises(SettingError, match="^grain must be one of contact, survey, .*, got 'contacts'. Correct it.$"):
        book.facts.relation("contacts")
    with pytest.raises(SettingError, match="^language must be one of en, zh, got 'de'. Correct it.$"):
        open_workbook("2024Q1", language="de", workspace=workspace)


def test_facts_of_other_settings_are_refused(workspace: Path) -> None:
    path = workspace / "data" / "config" / "workbook.toml"
    path.write_text("repeat_window_days = 3\n" + SETTINGS, encoding="utf-8")
    with pytest.raises(SettingError) as refused:
        open_workbook("2024Q1", workspace=workspace)
    path.write_text(SETTINGS, encoding="utf-8")
    assert str(refused.value) == (
        f"the facts must be made with the settings in force, got others ({workspace}): a setting they rest on has "
        "changed since. Run `csm ingest` to make them anew."
    )
