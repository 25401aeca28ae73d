"""Sources: what a wrong source file is told, and which source reads which file."""

from __future__ import annotations

from pathlib import Path

import pytest

from csm_lib.collect.discovery import plan_files
from csm_lib.collect.sources import load_sources, read_source
from csm_lib.definitions import TABLES
from csm_lib.errors import SettingError, UsageError

GOOD = """
name = "acd"
[[files]]
pattern = "calls_*.csv"
table = "orders"
[files.columns]
order_id = "No"
customer_id = "Customer"
ordered_at = "Time"
"""


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        pytest.param(
            'pattern = "calls_*.csv"',
            'pattern = "x"\ndelimeter = ";"',
            "files.0.delimeter must be a known key, got ';' (acd.toml). Did you mean 'delimiter'? Allowed: pattern, "
            "format, encoding, delimiter, sheet, table, missing, snapshot, keep, out_of_population, set_aside, "
            "columns.",
            id="a misspelt key",
        ),
        pytest.param(
            'table = "orders"',
            'table = "order"',
            f"files.0.table must be one of {', '.join(TABLES)}, got 'order' (acd.toml). Correct it there.",
            id="an unknown table",
        ),
        pytest.param(
            'ordered_at = "Time"',
            "",
            "files.0 columns: must give 'ordered_at', which every row of orders needs (acd.toml). Correct it there.",
            id="a required column left out",
        ),
        pytest.param(
            'ordered_at = "Time"',
            'ordered_at = "Time"\nprice = "P"',
            "files.0 columns: 'price' must be a column of orders: order_id, customer_id, ordered_at, amount "
            "(acd.toml). Correct it there.",
            id="a column the table lacks",
        ),
        pytest.param(
            'ordered_at = "Time"',
            'ordered_at = { from = "Time", value = "x" }',
            "files.0.columns.ordered_at must name exactly one of from, header, value, sql, file_name (acd.toml). "
            "Correct it there.",
            id="two origins",
        ),
        pytest.param(
            'ordered_at = "Time"',
            'ordered_at = { from = "Time", optional = true }',
            "files.0 columns: must give 'ordered_at', which every row of orders needs (acd.toml). Correct it there.",
            id="a required column said to be optional",
        ),
        pytest.param(
            'ordered_at = "Time"',
            'ordered_at = { value = "2024-01-01", also = ["Zeit"] }',
            "files.0.columns.ordered_at must have `from` where it has `also` (acd.toml). Correct it there.",
            id="other headers of no column",
        ),
        pytest.param(
            'ordered_at = "Time"',
            'ordered_at = "Time"\namount = { value = "1", optional = true }',
            "files.0.columns.amount must have `from`, `header` or `needs` where it is optional (acd.toml). "
            "Correct it there.",
            id="a constant said to be optional",
        ),
        pytest.param(
            'ordered_at = "Time"',
            'ordered_at = { from = "Time", needs = ["x"] }',
            "files.0.columns.ordered_at must have `sql` where it has `needs` (acd.toml). Correct it there.",
            id="needs of no expression",
        ),
        pytest.param(
            'ordered_at = "Time"',
            'ordered_at = { header = "(" }',
            "files.0.columns.ordered_at.header must be a regular expression (missing ), unterminated subpattern at "
            "position 0), got '(' (acd.toml). Correct it there.",
            id="no regular expression",
        ),
        pytest.param(
            'ordered_at = "Time"',
            'ordered_at = { from = "Time", unit = "days" }',
            "files.0.columns.ordered_at.unit must be 's', 'ms', 'minutes', 'hours', 'clock', 'hours_minutes', "
            "'duration', 'epoch_s', 'epoch_ms', 'epoch_us', 'excel' or 'excel_1904', got 'days' (acd.toml). Correct it "
            "there.",
            id="an unknown unit",
        ),
        pytest.param(
            'table = "orders"',
            'table = "orders"\nencoding = "gb18O30"',
            "files.0.encoding must be an encoding's name such as utf-8, gb18030 or latin-1, got 'gb18O30' (acd.toml). "
            "Correct it there.",
            id="an unknown encoding",
        ),
        pytest.param(
            'name = "acd"',
            'name = "acd"\ntime_zone = "Shanghai"',
            "time_zone must be a time zone such as Asia/Shanghai, got 'Shanghai' (acd.toml). Correct it there.",
            id="no time zone",
        ),
        pytest.param(
            GOOD[GOOD.index("[[") :],
            "",
            "the file must have at least one [[files]] or [[queries]] entry (acd.toml). Correct it there.",
            id="nothing to read",
        ),
        pytest.param('name = "acd"', "", "name must be given, got nothing (acd.toml). Correct it there.", id="no name"),
        pytest.param(
            'name = "acd"',
            "name = ",
            "acd.toml must be TOML, got Invalid value (at line 2, column 8). Correct it there.",
            id="no TOML",
        ),
    ],
)
def test_a_wrong_source_is_told_file_key_value_and_what_is_allowed(old: str, new: str, sentence: str) -> None:
    with pytest.raises(SettingError) as caught:
        read_source(GOOD.replace(old, new), origin="x", label="acd.toml")
    assert str(caught.value) == sentence


DATABASE = """
name = "desk"
[database]
url = "postgresql://reader@db/desk"
password_env = "DESK_PASSWORD"
[[queries]]
table = "orders"
query = "SELECT * FROM orders"
cursor = "changed_at"
[queries.columns]
order_id = "id"
customer_id = "customer"
ordered_at = "at"
"""


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        pytest.param(
            "reader@db",
            "reader:hunter2@db",
            "database url must not hold a password: name the variable that holds it with password_env (desk.toml). "
            "Correct it there.",
            id="a password in the URL",
        ),
        pytest.param(
            "reader@db/desk",
            "reader@db/desk?password=hunter2",
            "database url must not hold a password: name the variable that holds it with password_env (desk.toml). "
            "Correct it there.",
            id="a password among the URL's options",
        ),
        pytest.param(
            'password_env = "DESK_PASSWORD"',
            'password = "hunter2"',
            "database.password must be a known key, got a value (desk.toml). Did you mean 'password_env'? "
            "Allowed: url, url_env, password_env.",
            id="a password beside the URL",
        ),
        pytest.param(
            'password_env = "DESK_PASSWORD"',
            'password_env = "hunter2!"',
            "database.password_env must name an environment variable such as DESK_DB_PASSWORD (desk.toml). "
            "Correct it there.",
            id="a password where its variable's name belongs",
        ),
        pytest.param(
            'url = "postgresql://reader@db/desk"',
            'url_env = "postgresql://reader:hunter2@db/desk"',
            "database.url_env must name an environment variable such as DESK_DB_PASSWORD (desk.toml). "
            "Correct it there.",
            id="a URL where its variable's name belongs",
        ),
        pytest.param(
            "postgresql://",
            "oracle://",
            "database url must begin with postgresql://, postgres://, mysql://, mariadb://, sqlite:// (desk.toml). "
            "Correct it there.",
            id="a database without a driver",
        ),
        pytest.param(
            'url = "postgresql://reader@db/desk"',
            "",
            "database must name exactly one of url, url_env (desk.toml). Correct it there.",
            id="no URL",
        ),
        pytest.param(
            DATABASE[DATABASE.index("[database]") : DATABASE.index("[[")],
            "",
            "the file must have a [database] where it has [[queries]], and only there (desk.toml). Correct it there.",
            id="no database",
        ),
        pytest.param(
            'order_id = "id"',
            'order_id = { file_name = "(.*)" }',
            "queries.0 columns.order_id: must not use file_name, for a query reads no file (desk.toml). "
            "Correct it there.",
            id="a value from a file's name",
        ),
        pytest.param(
            'cursor = "changed_at"',
            'cursor = "changed_at"\nsnapshot = true',
            "queries.0 cursor: must be left out where snapshot says that each reading is whole (desk.toml). "
            "Correct it there.",
            id="parts of a whole",
        ),
        pytest.param(
            DATABASE[DATABASE.index("[[") :],
            2 * DATABASE[DATABASE.index("[[") :],
            "the file queries: two of table orders must not both be called 'orders': give them names (desk.toml). "
            "Correct it there.",
            id="two queries of one name",
        ),
        pytest.param(
            "cursor =",
            "cursr =",
            "queries.0.cursr must be a known key, got 'changed_at' (desk.toml). Did you mean 'cursor'? Allowed: query, "
            "name, cursor, overlap_s, table, missing, snapshot, keep, out_of_population, set_aside, columns.",
            id="a misspelt key of a query",
        ),
    ],
)
def test_a_wrong_database_source_is_told_without_repeating_a_secret(old: str, new: str, sentence: str) -> None:
    read_source(DATABASE, origin="x", label="desk.toml")
    with pytest.raises(SettingError) as caught:
        read_source(DATABASE.replace(old, new), origin="x", label="desk.toml")
    assert str(caught.value) == sentence
    assert "hunter2" not in str(caught.value)


def test_every_shipped_source_is_sound_and_every_table_has_a_canonical_one() -> None:
    sources = load_sources(Path("nowhere"))
    assert {"anonymous_bank", "servicenow", "sample_hotline"} <= set(sources)
    assert {f"canonical_{name}" for name in TABLES} <= set(sources)


def test_a_workspace_file_of_the_same_name_wins(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "sources"
    folder.mkdir(parents=True)
    (folder / "servicenow.toml").write_text(GOOD.replace("acd", "servicenow"), encoding="utf-8")
    assert load_sources(tmp_path)["servicenow"].files[0].table == "orders"


def test_two_own_sources_of_one_name_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "sources"
    folder.mkdir(parents=True)
    for name in ("a.toml", "b.toml"):
        (folder / name).write_text(GOOD, encoding="utf-8")
    with pytest.raises(SettingError) as caught:
        load_sources(tmp_path)
    assert str(caught.value) == (
        f"name must be used by one source file, got 'acd' ({folder / 'a.toml'} and {folder / 'b.toml'}). "
        "Rename one of them."
    )


def test_a_file_that_fits_two_sources_is_not_guessed(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "sources"
    folder.mkdir(parents=True)
    (folder / "a.toml").write_text(GOOD, encoding="utf-8")
    (folder / "b.toml").write_text(GOOD.replace("acd", "other"), encoding="utf-8")
    path = tmp_path / "calls_1.csv"
    path.write_text("No,Customer,Time\n", encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        plan_files(tmp_path, [path], source_name=None, sources=load_sources(tmp_path))
    assert str(caught.value) == (
        f"calls_1.csv must fit one source, got 'acd', 'other' ({path}). "
        "Name the one to use with --source, or narrow a pattern."
    )
