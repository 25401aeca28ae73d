"""Short columns: what identifies a person is masked in them, codes that merely look like it stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from csm_lib.collect.ingest import ingest
from csm_lib.collect.short_texts import is_short_text, short_text_sql
from csm_lib.definitions import TABLES
from csm_lib.engine import connect
from csm_lib.workbook import open_workbook


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("张三 13812345678", "张三 [phone]"),
        ("１３８ １２３４ ５６７８", "[phone]"),
        ("+86 138-1234-5678", "[phone]"),
        ("座机010-62345678转8", "座机[phone]"),
        ("a.b@c.cn", "[e-mail]"),
        ("11010119900307457X", "[id]"),
        ("110105491231002", "[id]"),
        ("4111 1111 1111 1111", "[card]"),
        ("4111-1111-1111-1111", "[card]"),
        ("京A12345", "[plate]"),
        ("护照E12345678", "护照[passport]"),
        # article numbers: EAN-13 of a ball pen (check figure 1); its last figure wrong it is no article
        ("4006381333931", "4006381333931"),
        ("SKU-2024-001234", "SKU-2024-001234"),
        ("20240115", "20240115"),
        ("iPhone 15 Pro", "iPhone 15 Pro"),
        ("10086", "10086"),
        ("refund_delay_20240115", "refund_delay_20240115"),
        ("v1.2.3.4567", "v1.2.3.4567"),
        ("订单202401151234", "订单202401151234"),
    ],
)
def test_persons_are_masked_and_codes_stay(text: str, masked: str) -> None:
    with connect() as connection:
        found = connection.execute(f"SELECT {short_text_sql('t')} FROM (SELECT $1::VARCHAR AS t)", [text]).fetchall()
    assert found == [(masked,)]


def test_every_text_column_is_masked_unless_it_is_a_key_a_word_or_staff() -> None:
    left = {
        column.name
        for table in TABLES.values()
        for column in table.columns
        if column.type == "text" and not (is_short_text(column) or column.is_free_text or column.is_person)
        and not column.words and not column.name.endswith("_id")
    }  # fmt: skip
    assert left == {"actor", "indicator", "evidence_indicator", "evidence_filter", "period"}


def test_a_number_typed_into_a_short_column_is_masked_at_ingest(tmp_path: Path) -> None:
    columns = ("customer_segment", "team", "issue", "product", "cause")
    rows = [f"k{n},2024-01-02 10:00:00,phone,{','.join([value] * 5)}" for n, value in enumerate(
        ["Hill", "致电13812345678", "Hill", "a.b@shop.cn", ""])]  # fmt: skip
    path = tmp_path / "data" / "raw" / "contacts.csv"
    path.parent.mkdir(parents=True)
    path.write_text("\n".join([f"contact_id,created_at,channel,{','.join(columns)}", *rows]), encoding="utf-8")
    ingest(tmp_path)
    contacts = open_workbook("2024-01", workspace=tmp_path).table("contacts").sort_values("contact_id")
    for column in columns:
        assert contacts[column].fillna("–").tolist() == ["Hill", "致电[phone]", "Hill", "[e-mail]", "–"]


def test_two_states_that_only_differ_in_what_is_masked_are_one(tmp_path: Path) -> None:
    path = tmp_path / "data" / "raw" / "contacts.csv"
    path.parent.mkdir(parents=True)
    at = "2024-01-02 10:00:00,phone"
    rows = ["contact_id,created_at,channel,issue", f"k1,{at},13812345678", f"k1,{at},13912345678"]
    path.write_text("\n".join(rows), encoding="utf-8")
    result = ingest(tmp_path)
    assert dict(result.files[0].set_aside) == {"duplicate": 1}
