"""Masking of free text."""

from __future__ import annotations

import pytest

from csm_lib.collect.privacy import mask_text_sql
from csm_lib.engine import connect


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("电话13912345678，谢谢", "电话[phone]，谢谢"),
        ("139 1234 5678", "[phone]"),
        ("座机010-62345678", "座机[phone]"),
        ("call +44 20 7946 0958 now", "call [phone] now"),
        ("(212) 555-0100", "[phone]"),
        ("mail a.b+c@shop.com.cn please", "mail [e-mail] please"),
        ("身份证11010119900307457X。", "身份证[id]。"),
        ("卡号6222020200112233445", "卡号[card]"),
        ("订单 20240103 共 3 件 199.50 元", "订单 20240103 共 3 件 199.50 元"),
        ("waited 15 minutes on 2024-01-03", "waited 15 minutes on 2024-01-03"),
    ],
)
def test_what_identifies_a_person_is_masked_and_the_rest_stays(text: str, masked: str) -> None:
    with connect() as connection:
        found = connection.execute(f"SELECT {mask_text_sql('$1')}", [text]).fetchall()
    assert found == [(masked,)]


def test_null_stays_null() -> None:
    with connect() as connection:
        assert connection.execute(f"SELECT {mask_text_sql('CAST(NULL AS VARCHAR)')}").fetchall() == [(None,)]
