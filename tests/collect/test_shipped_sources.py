"""The shipped sources: each reads a small export made by hand in its vendor's form, and accounts for the dirt in it."""

from __future__ import annotations

import csv
import gzip
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from csm_lib.collect.ingest import IngestResult, ingest
from csm_lib.collect.sources import load_sources
from csm_lib.errors import SettingError
from csm_lib.settings import Settings
from tests.collect.workspaces import rows

EXPORTS = Path(__file__).parent / "exports"
# export → account: source, table, rows read, kept, set aside by reason
ACCOUNTS = {
    "zendesk_tickets.json": (
        "zendesk",
        "contacts",
        13,
        5,
        "blank_row 1, duplicate 1, malformed_row 1, not_a_time 1, out_of_population 2, time_order 1, unknown_word 1",
    ),
    "freshdesk_tickets.csv": (
        "freshdesk",
        "contacts",
        11,
        4,
        "blank_row 1, duplicate 1, malformed_row 1, out_of_population 1, time_order 1, unknown_word 2",
    ),
    "acd_calls_2024-03.csv": (
        "acd_calls",
        "contacts",
        10,
        4,
        "blank_row 1, duplicate 1, not_a_number 1, not_a_time 1, out_of_population 1, time_order 1",
    ),
    "23456789_按文本_客户满意度调查_9_8.csv": (
        "wenjuanxing",
        "surveys",
        9,
        4,
        "blank_row 1, duplicate 1, not_a_time 1, out_of_range 1, unknown_word 1",
    ),
    "2016_SFO_Customer_Survey.csv": ("sfo", "surveys", 3, 2, "not_a_time 1"),
    "2017_SFO_Customer_Survey.csv": (
        "sfo",
        "surveys",
        9,
        5,
        "blank_row 1, duplicate 1, not_a_time 1, out_of_range 1",
    ),
}


def generous(zone: str = "Asia/Shanghai") -> Settings:
    """Settings under which a file may be mostly dirt."""
    workbook = Settings().workbook.model_copy(update={"allowed_set_aside_share": 1.0, "time_zone": zone})
    return Settings().model_copy(update={"workbook": workbook})


def said(set_aside: Any) -> str:
    return ", ".join(f"{reason} {n}" for reason, n in sorted(set_aside.items()))


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, IngestResult]:
    workspace = tmp_path_factory.mktemp("vendors")
    raw = workspace / "data" / "raw"
    raw.mkdir(parents=True)
    for name in ACCOUNTS:
        shutil.copy(EXPORTS / name, raw / name)
    return workspace, ingest(workspace, settings=generous())


def contact(workspace: Path, columns: str, contact_id: str) -> tuple[Any, ...]:
    (row,) = rows(workspace, f"SELECT {columns} FROM {{}} WHERE contact_id = '{contact_id}'", "contacts")
    return row


@pytest.mark.parametrize("name", ACCOUNTS)
def test_an_export_is_read_by_its_source_and_accounted_for_to_the_row(
    ingested: tuple[Path, IngestResult], name: str
) -> None:
    (file,) = [file for file in ingested[1].files if file.path.endswith(name)]
    assert (file.source, file.table, file.read, file.kept, said(file.set_aside)) == ACCOUNTS[name]
    assert file.read == file.kept + sum(file.set_aside.values())


def test_zendesk_counts_the_first_reply_in_minutes_and_merges_are_told(ingested: tuple[Path, IngestResult]) -> None:
    columns = "channel, status, priority, first_response_at::VARCHAR, resolved_at::VARCHAR, reopen_count, "
    columns += "transfer_count"
    assert contact(ingested[0], columns, "35436") == (
        "web_form",
        "resolved",
        "high",
        "2024-03-04 09:37:29+00",
        "2024-03-05 10:38:52+00",
        1,
        1,
    )
    assert contact(ingested[0], columns, "35439") == ("phone", "waiting_other", "urgent", None, None, 0, 0)
    assert contact(ingested[0], "status, channel", "35440") == ("merged", "chat")
    assert contact(ingested[0], "status", "35438") == ("waiting_customer",)


def test_freshdesk_times_are_the_accounts_own(ingested: tuple[Path, IngestResult]) -> None:
    columns = "channel, status, first_response_at::VARCHAR, closed_at::VARCHAR, handle_s, met_response_sla, team"
    assert contact(ingested[0], columns, "102") == (
        "phone",
        "closed",
        "2024-03-04 01:31:00+00",
        "2024-03-06 03:00:00+00",
        1500.0,
        True,
        "Finance",
    )
    assert contact(ingested[0], columns, "103") == ("web_form", "waiting_other", None, None, None, None, None)


def test_a_call_log_tells_answered_abandoned_and_self_service_apart(ingested: tuple[Path, IngestResult]) -> None:
    columns = "answered_at::VARCHAR, abandoned_at::VARCHAR, bot_resolved, talk_s, hold_s, wrap_s, team"
    assert contact(ingested[0], columns, "C1") == ("2024-03-04 00:00:45+00", None, False, 250, 15, 40, "Orders")
    assert contact(ingested[0], columns, "C2") == (None, "2024-03-04 00:03:40+00", False, None, None, None, "Orders")
    assert contact(ingested[0], columns, "C3") == (None, None, True, None, None, None, "Orders")
    assert contact(ingested[0], "talk_s, customer_id", "C4") == (3960.0, None)
    # the caller is known again, and by nobody else
    first, third = (contact(ingested[0], "customer_id", call) for call in ("C1", "C3"))
    assert first == third
    assert "138" not in first[0]


def test_a_questionnaires_words_become_ratings_and_its_comments_are_masked(
    ingested: tuple[Path, IngestResult],
) -> None:
    query = "SELECT answered_at::VARCHAR, speed, accuracy_rating, attitude, outcome, would_recommend, comment FROM {}"
    found = rows(ingested[0], query + " WHERE survey_id = '23456789-2'", "surveys")
    assert found == [("2024-03-04 01:40:01+00", 5, 4, 3, 2, "unsure", "等了很久\n请打 [phone] 给我")]
    (skipped,) = rows(ingested[0], query + " WHERE survey_id = '23456789-4'", "surveys")
    assert skipped[1:] == (4, None, 4, 4, "yes", None)


def test_an_airport_survey_takes_year_and_month_from_its_files_name(ingested: tuple[Path, IngestResult]) -> None:
    query = "SELECT survey_id, answered_at::VARCHAR, csat, recommend, weight FROM {} "
    query += "WHERE survey_id LIKE '20%' ORDER BY 1"
    assert rows(ingested[0], query, "surveys") == [
        ("2016-1", "2016-05-09 07:00:00+00", 4, None, 1.757875),
        ("2016-2", "2016-05-10 07:00:00+00", None, None, 0.9755176715),
        ("2017-1", "2017-05-13 07:00:00+00", 4, 10, 0.2847177143),
        ("2017-2", "2017-05-13 07:00:00+00", None, 9, 0.9440823789),
        ("2017-3", "2017-05-08 07:00:00+00", 5, None, 1.6329600946),
        ("2017-4", "2017-05-09 07:00:00+00", None, 0, 1.6329600946),
        ("2017-5", "2017-05-09 07:00:00+00", 1, 7, 0.723115625),
    ]


def test_a_questionnaire_in_gb18030_reads_the_same(tmp_path: Path) -> None:
    name = "23456789_按文本_客户满意度调查_9_8.csv"
    text = (EXPORTS / name).read_text(encoding="utf-8")
    (tmp_path / name).write_bytes(text.encode("gb18030"))
    (file,) = ingest(tmp_path, [tmp_path / name], settings=generous()).files
    assert (file.source, file.table, file.read, file.kept, said(file.set_aside)) == ACCOUNTS[name]


def test_a_shipped_database_is_left_alone_until_its_url_is_set(tmp_path: Path) -> None:
    assert ingest(tmp_path).files == ()
    with pytest.raises(SettingError) as caught:
        ingest(tmp_path, source="chatwoot")
    assert str(caught.value).startswith("CHATWOOT_DB_URL must hold the URL of the database, got nothing")


def test_every_shipped_source_says_where_its_facts_are_from() -> None:
    folder = Path(__file__).parents[2] / "csm_lib" / "shipped" / "sources"
    for name, source in load_sources(Path("nowhere")).items():
        if source.origin == "shipped":
            text = (folder / f"{name}.toml").read_text(encoding="utf-8")
            assert text.startswith("# "), name
            assert source.title, name


@pytest.fixture
def database(request: pytest.FixtureRequest, postgres: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A vendor's tables in a database of their own."""
    name = request.param
    url = sa.make_url(postgres.url).set(drivername="postgresql+pg8000", password=postgres.password)
    server = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with server.connect() as session:
        session.exec_driver_sql(f"CREATE DATABASE {name}")
    tables = sa.create_engine(url.set(database=name), poolclass=sa.NullPool)
    with tables.begin() as session:
        for statement in (EXPORTS / f"{name}.sql").read_text(encoding="utf-8").split(";\n"):
            if statement.strip():
                session.exec_driver_sql(statement)
    monkeypatch.setenv(f"{name.upper()}_DB_URL", postgres.url.replace("/postgres", f"/{name}"))
    monkeypatch.setenv(f"{name.upper()}_DB_PASSWORD", postgres.password)
    yield name
    tables.dispose()
    with server.connect() as session:
        session.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    server.dispose()


@pytest.mark.needs("postgres")
@pytest.mark.parametrize("database", ["chatwoot"], indirect=True)
def test_chatwoots_tables_become_contacts_messages_surveys_and_agents(tmp_path: Path, database: str) -> None:
    result = ingest(tmp_path, settings=generous("UTC"))
    accounts = {file.table: (file.read, file.kept, said(file.set_aside)) for file in result.files}
    assert accounts == {
        "contacts": (6, 4, "time_order 1, unknown_word 1"),
        "messages": (6, 6, ""),
        "surveys": (3, 2, "out_of_range 1"),
        "agents": (2, 2, ""),
    }
    columns = "channel, status, queue_entered_at::VARCHAR, answered_at::VARCHAR, resolved_at::VARCHAR, bot_resolved, "
    columns += "reopen_count, priority, team, agent_id, issue"
    assert contact(tmp_path, columns, "1") == (
        "chat", "resolved", "2024-03-04 08:00:00+00", "2024-03-04 08:01:30+00", "2024-03-04 09:00:00+00", False,
        1, "high", "orders", "7", "refund",
    )  # fmt: skip
    assert contact(tmp_path, columns, "2")[:4] == ("chat", "open", "2024-03-04 08:20:00+00", "2024-03-04 08:21:00+00")
    assert contact(tmp_path, columns, "3")[:7] == ("chat", "resolved", None, None, "2024-03-04 08:22:00+00", True, 0)
    # mail has no queue to leave, but a first response
    assert contact(tmp_path, "channel, status, answered_at, first_response_at::VARCHAR", "4") == (
        "email",
        "waiting_other",
        None,
        "2024-03-04 11:30:00+00",
    )
    assert rows(tmp_path, "SELECT survey_id, sent_at::VARCHAR, csat, comment FROM {} ORDER BY 1", "surveys") == [
        ("5", "2024-03-04 09:00:01+00", 5, "great, call [phone]"),
        ("7", "2024-03-04 08:41:00+00", None, None),
    ]
    assert rows(tmp_path, "SELECT sender, count(*) FROM {} GROUP BY 1 ORDER BY 1", "messages") == [
        ("agent", 1),
        ("bot", 4),
        ("customer", 1),
    ]
    again = ingest(tmp_path, settings=generous("UTC"))
    assert again.changed == ()
    assert sum(file.read for file in again.files if file.table != "agents") == 0


@pytest.mark.needs("postgres")
@pytest.mark.parametrize("database", ["zammad"], indirect=True)
def test_zammads_tables_become_contacts_messages_and_a_status_log(tmp_path: Path, database: str) -> None:
    result = ingest(tmp_path, settings=generous("UTC"))
    accounts = {file.table: (file.read, file.kept, said(file.set_aside)) for file in result.files}
    assert accounts == {
        "contacts": (6, 4, "time_order 1, unknown_word 1"),
        "messages": (3, 3, ""),
        "status_log": (5, 5, ""),
    }
    columns = "channel, status, priority, team, agent_id, first_response_at::VARCHAR, resolved_at::VARCHAR, "
    columns += "reopen_count, transfer_count, met_response_sla, met_resolution_sla"
    assert contact(tmp_path, columns, "1") == (
        "email", "closed", "normal", "Users", "5", "2024-03-04 08:30:00+00", "2024-03-05 09:00:00+00", 1, 0, True,
        False,
    )  # fmt: skip
    assert contact(tmp_path, columns, "2")[:5] == ("phone", "waiting_customer", "high", "Finance", None)
    assert contact(tmp_path, "transfer_count, met_response_sla", "2") == (1, None)
    assert contact(tmp_path, "status, channel", "3") == ("merged", "web_form")
    assert ingest(tmp_path, settings=generous("UTC")).changed == ()


@pytest.mark.needs("realdata")
def test_the_airport_survey_counts_as_published(tmp_path: Path, realdata: Path) -> None:
    """SFO 2017: Q7ALL n 2,688, mean 4.06436, top two 82.068 %; NPS 39.84 from 1,436, 968 and 342."""
    from csm_lib.measure.indicators import measure
    from csm_lib.workbook import open_workbook

    result = ingest(tmp_path, sorted((realdata / "sfo").glob("*_SFO_Customer_Survey.csv*")))
    assert [(file.read, file.kept) for file in result.files] == [(3087, 3087), (2831, 2831)]
    book = open_workbook("2017", workspace=tmp_path)
    found = measure(book.facts, ["csat", "csat_mean", "nps"]).set_index("key")
    assert found["n"].to_dict() == {"csat": 2688, "csat_mean": 2688, "nps": 2746}
    assert round(100 * found["value"]["csat"], 3) == 82.068
    assert round(found["value"]["csat_mean"], 5) == 4.06436
    assert round(100 * found["value"]["nps"], 2) == 39.84
    answers = book.frame("survey")["recommend"].dropna()
    assert [int((answers >= 9).sum()), int(answers.between(7, 8).sum()), int((answers <= 6).sum())] == [1436, 968, 342]


@pytest.mark.needs("realdata")
def test_calls_per_five_minutes_keep_the_clock_of_the_bank(tmp_path: Path, realdata: Path) -> None:
    """164 weekdays from 3 March to 24 October 2003, 169 intervals from 7:00 to 21:00 each, whatever zone is meant."""
    (path,) = (realdata / "bank_calls").glob("bank_calls.csv*")
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    calls = [int(row["Calls"]) for row in csv.DictReader(content.decode().splitlines())]
    (tmp_path / "data" / "config").mkdir(parents=True)
    (tmp_path / "data" / "config" / "workbook.toml").write_text('time_zone = "America/New_York"\n', encoding="utf-8")
    (file,) = ingest(tmp_path, [path]).files
    assert (file.table, file.read, file.kept, len(calls)) == ("volumes", 164 * 169, 27716, 27716)
    query = """
        SELECT count(DISTINCT day), min(day)::VARCHAR, max(day)::VARCHAR, max(isodow(day)), min(clock)::VARCHAR,
               max(clock)::VARCHAR, sum(offered), min(interval_s), max(interval_s)
        FROM (SELECT *, CAST(local AS DATE) AS day, CAST(local AS TIME) AS clock
              FROM (SELECT *, starts_at AT TIME ZONE 'America/New_York' AS local FROM {}))"""
    found = rows(tmp_path, query, "volumes")
    assert found == [(164, "2003-03-03", "2003-10-24", 5, "07:00:00", "21:00:00", sum(calls), 300, 300)]
