"""What a workbook hands out of its tables: unread relations, and values set aside without personal data."""

from __future__ import annotations

from pathlib import Path

import pytest

from csm_lib.collect.ingest import ingest
from csm_lib.errors import SettingError
from csm_lib.workbook import Workbook, open_workbook

CONTACTS = """contact_id,created_at,channel
c1,2024-01-02 09:00:00,phone
c2,2024-01-02 10:00:00,13812345678
c3,2024-01-02 11:00:00,li@example.cn
"""
SETTINGS = 'time_zone = "Asia/Shanghai"\nallowed_set_aside_share = 0.9\n'


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Workbook:
    folder = tmp_path_factory.mktemp("organisation")
    for name, text in {"raw/contacts.csv": CONTACTS, "config/workbook.toml": SETTINGS}.items():
        path: Path = folder / "data" / name
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
    ingest(folder)
    return open_workbook("2024Q1", workspace=folder)


def test_a_number_in_the_wrong_column_is_masked(book: Workbook) -> None:
    assert book.set_aside.sort_values("line")["value"].tolist() == ["[phone]", "[e-mail]"]


def test_a_table_can_be_asked_without_being_read(book: Workbook) -> None:
    assert book.relation("contacts").aggregate("count(*)").fetchall() == [(1,)]
    assert book.relation("surveys").aggregate("count(*)").fetchall() == [(0,)]


def test_an_unknown_table_is_refused(book: Workbook) -> None:
    with pytest.raises(SettingError, match=r"^table must be one of contacts, .*, got 'calls'\. Correct it\.$"):
        book.relation("calls")
