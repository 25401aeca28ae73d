"""Masking of free text."""

from __future__ import annotations

import pytest

from csm_lib.collect.privacy import mask_text, mask_text_sql
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
        ("１３８１２３４５６７８", "[phone]"),
        ("ｌｉ．ｎａ＠example.com", "[e-mail]"),
        ("5500.0000.0000.0004", "[card]"),
        ("data/raw/contacts_13555556666.csv", "data/raw/contacts_[phone].csv"),
        ("打１３８-１２３４-５６７８吧", "打[phone]吧"),
        ("138\u200b1234\u200b5678", "[phone]"),
        ("+86-138-1234-5678", "[phone]"),
        ("(+86)13812345678", "[phone]"),
        ("008613812345678", "[phone]"),
        ("138 1234 5678 139 1234 5678", "[phone] [phone]"),
        ("1 3 8 1 2 3 4 5 6 7 8", "[phone]"),
        ("tel13812345678", "tel[phone]"),
        ("一三八一二三四五六七八", "[phone]"),
        ("0571-8765 4321-12", "[phone]"),
        ("（010）62345678", "[phone]"),
        ("电话 62345678", "电话 [phone]"),
        ("001 212 555 0100", "[phone]"),
        ("020 7946 0958", "[phone]"),
        ("13812345678@qq.com", "[e-mail]"),
        ("a＠b.com or a (at) b.com", "[e-mail] or [e-mail]"),
        ("11010519491231002X", "[id]"),
        ("110105 19491231 002x", "[id]"),
        ("110101900307457", "[id]"),
        ("4111 1111 1111 1111", "[card]"),
        ("pay 4532015112830366.", "pay [card]."),
        ("护照E12345678", "护照[passport]"),
        ("微信: abc_123456", "微信: [account]"),
        ("QQ12345678", "QQ[account]"),
        ("京A12345和沪AD12345", "[plate]和[plate]"),
    ],
)
def test_what_identifies_a_person_is_masked_and_the_rest_stays(text: str, masked: str) -> None:
    with connect() as connection:
        found = connection.execute(f"SELECT {mask_text_sql('$1')}", [text]).fetchall()
    assert found == [(masked,)]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("订单号4111111111111111没到", id="an order number that happens to have a card's sum"),
        pytest.param("order no. 202401031234567890", id="an order number that begins with its date"),
        pytest.param("运单 773012345678901", id="a parcel number"),
        pytest.param("4111111111111112", id="16 figures without a card's sum"),
        pytest.param("110105194912310021", id="18 figures whose check digit is wrong"),
        pytest.param("SF13812345678", id="a code with letters before its figures"),
        pytest.param("12345678", id="a short number"),
        pytest.param("version 1.2.3.4 at 192.168.10.12", id="an address of a machine"),
        pytest.param("2024-01-03 10:20:30 to 2024-01-04 11:00", id="times"),
        pytest.param("amount 12345678.50, 0.13812345678", id="amounts"),
        pytest.param("等了１５分钟，共２０２４次", id="full-width figures stay as written"),
        pytest.param("新iPhone15 和 新MATE60PRO", id="models of phones"),
        pytest.param("meet @ noon, 5 @ 3.50", id="an at sign"),
        pytest.param("[phone] [e-mail] person_rkcnhngcscbmsqdhgkedmggn", id="what was masked before"),
    ],
)
def test_numbers_of_things_stay(text: str) -> None:
    assert mask_text([text]) == [text]


def test_null_stays_null() -> None:
    with connect() as connection:
        assert connection.execute(f"SELECT {mask_text_sql('CAST(NULL AS VARCHAR)')}").fetchall() == [(None,)]
