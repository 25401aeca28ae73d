"""Sources of one's own: words, units, zones and headers as an export has them."""

from __future__ import annotations

from pathlib import Path

import pytest

from csm_lib.collect.ingest import RefusedError, ingest
from tests.collect.workspaces import account, put, rows


def test_a_source_of_ones_own_maps_words_units_and_zone(workspace: Path) -> None:
    put(
        workspace,
        "sources/acd.toml",
        """
        name = "acd"
        time_zone = "Asia/Shanghai"
        [[files]]
        pattern = "anrufe_*.csv"
        table = "contacts"
        missing = ["?"]
        keep = { latest_by = "Stand" }
        out_of_population = [{ when = "Art = 'TEST'" }]
        set_aside = [{ when = "try_cast(Dauer AS INTEGER) < 0", reason = "negative_duration", column = "Dauer" }]
        [files.columns]
        contact_id = "Nr"
        created_at = { from = "Beginn", format = "%d/%m/%Y %H:%M" }
        channel = { value = "phone" }
        team = { file_name = "anrufe_([a-z]+)" }
        talk_s = { from = "Dauer", unit = "minutes" }
        issue = { from = "Art", values = { "退货" = "return" } }
        customer_id = "Kunde"
        wrap_s = { sql = "try_cast(Dauer AS DOUBLE) * 10" }
        """,
    )
    text = (
        "Nr;Stand;Beginn;Dauer;Art;Kunde\n"
        "1;1;03/01/2024 08:00;2;退货;?\n"
        "1;2;03/01/2024 08:00;3;退货;?\n"
        "2;1;03/01/2024 09:00;5;TEST;K1\n"
        + "".join(f"{n};1;03/01/2024 10:00;1;x;K{n}\n" for n in range(10, 40))
        + "3;1;03/01/2024 09:00;-1;x;K1\n"
    )
    put(workspace, "raw/anrufe_nord.csv", text.encode("gb18030"))
    result = ingest(workspace)
    assert account(result) == [
        (
            "data/raw/anrufe_nord.csv",
            "contacts",
            34,
            31,
            {"negative_duration": 1, "out_of_population": 1, "superseded": 1},
        )
    ]
    assert result.files[0].encoding == "gb18030"
    assert result.warnings == (
        "data/raw/anrufe_nord.csv was read as gb18030: not UTF-8, and its bytes do not settle it. "
        "State `encoding` in its source.",
        "set aside: Dauer must not meet 'try_cast(Dauer AS INTEGER) < 0', got '-1' (anrufe_nord.csv, 1 row, line 35)",
    )
    query = "SELECT created_at::VARCHAR, team, talk_s, issue, customer_id, wrap_s FROM {} WHERE contact_id = '1'"
    assert rows(workspace, query, "contacts") == [("2024-01-03 00:00:00+00", "nord", 180.0, "return", None, 30.0)]


def test_headers_may_differ_and_optional_columns_be_absent(workspace: Path) -> None:
    source = """
        name = "shop"
        time_zone = "UTC"
        [[files]]
        pattern = "shop_*.csv"
        table = "orders"
        [files.columns]
        order_id = { sql = "{file_name} || '-' || No", file_name = "_(.+)[.]" }
        customer_id = { from = "Customer", also = ["Buyer"] }
        ordered_at = "At"
        amount = { sql = "try_cast(Amount AS DOUBLE) * 2", needs = "Amount", optional = true }
        """
    put(workspace, "sources/shop.toml", source)
    put(workspace, "raw/shop_o'1.csv", "No,Buyer,At\n7,K1,2024-01-01\n")
    put(workspace, "raw/shop_2.csv", "No,Customer,At,Amount\n7,K1,2024-01-01,3\n")
    result = ingest(workspace)
    assert result.warnings == (
        "data/raw/shop_o'1.csv lacks optional columns of its source, which stay empty: 'Amount' (amount).",
    )
    assert rows(workspace, "SELECT order_id, customer_id, amount FROM {} ORDER BY 1", "orders") == [
        ("2-7", "K1", 6.0),
        ("o'1-7", "K1", None),
    ]
    assert all(file.is_unchanged for file in ingest(workspace).files)


@pytest.mark.parametrize(
    ("header", "found"),
    [("No,At,Who", "none of 'No', 'At', 'Who'"), ("No,At,Buyer id,Buyer name", "'Buyer id', 'Buyer name'")],
    ids=["none", "two"],
)
def test_a_header_pattern_must_fit_one_column(workspace: Path, header: str, found: str) -> None:
    source = """
        name = "shop"
        [[files]]
        pattern = "shop_*.csv"
        table = "orders"
        [files.columns]
        order_id = "No"
        ordered_at = "At"
        customer_id = { header = "^Buyer" }
        """
    put(workspace, "sources/shop.toml", source)
    path = put(workspace, "raw/shop_1.csv", header + "\n1,2024-01-01,a,b\n")
    with pytest.raises(RefusedError) as caught:
        ingest(workspace)
    assert str(caught.value) == (
        f"shop_1.csv must have one column whose header fits '^Buyer', got {found} ({path}). Correct the header or the "
        "source's columns."
    )
    put(workspace, "raw/shop_1.csv", "No,At,Buyer no.\n1,2024-01-01,a\n")
    assert account(ingest(workspace))[0][2:4] == (1, 1)
