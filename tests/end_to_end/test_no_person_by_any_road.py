"""A hostile desk: secrets in every text column, in broken rows, file names, headers and error messages.

None of them may reach a page, a table, a spreadsheet, a stored notebook, the record, an error page or the terminal.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import unicodedata
import zipfile
from html import unescape
from pathlib import Path

import pytest

from csm_lib.definitions import STAFF_COLUMNS, TABLES, words_of

# how a person is written, and what of it must be found nowhere, signs and widths left out
NUMBERS = {
    "13812345678": "a mobile number",
    "+86 138-1234-5679": "with its country",
    "（0571）8765-4321": "a landline in full-width brackets",
    "010-62345678转8": "a landline with an extension",
    "+44 20 7946 0958": "an international number",
    "00852-2345-6789": "dialled from abroad",
    "(212) 555-0100": "a North American number",
    "１３９１２３４５６７８": "in full-width figures",
    "136\u200b1234\u200b5678": "with invisible letters between",
    "11010519491231002X": "an identity card",
    "１１０１０５１９４９１２３１００２Ｘ": "in full-width figures and letters",
    "110105491231002": "an identity card of 15 figures",
    "4111 1111 1111 1111": "a bank card in groups",
    "5500.0000.0000.0004": "a bank card with points",
    "6222-0210-0111-6245-702": "a bank card of 19 figures",
    "护照E12345678": "a passport",
    "li.wei@example.com": "an e-mail address",
    "ｌｉ．ｎａ＠example.com": "in full-width letters",
    "京A12345": "a plate",
}
NAMES = ("欧阳秀明", "Theodora Quill")
AGENTS = ("王小坐席", "agent.smith", "13700001111")
SECRETS = list(NUMBERS)
FILE_NAME = "contacts_13555556666.csv"


def plain(text: str) -> str:
    """Write a text in one width, without signs, so that a secret is found however it is written."""
    return re.sub(r"[\s().\-（）\u200b]", "", unicodedata.normalize("NFKC", text))


def value_of(table: str, column: str, place: int) -> str:
    """Give a sound value of a column; what a person may type is a secret, each in its turn."""
    at = f"2024-01-{10 + place % 9:02d} 1{place % 10}:00:00"
    described = TABLES[table].column(column)
    if described.words:
        return words_of(described.words)[0]
    if column in STAFF_COLUMNS:
        return AGENTS[place % len(AGENTS)]
    if column == "indicator" or column == "evidence_indicator":
        return "fcr"
    if column == "period":
        return "2024-01"
    if column in ("evidence_filter", "parent_id"):
        return ""
    if column == "unit" and table == "benchmarks":
        return "share"
    if column in TABLES[table].key and column.endswith("_id"):
        return f"{table}{place}"
    if column.endswith("_id") and not described.is_person:
        return f"{column[0]}{place}"
    simple = {"instant": at, "date": at[:10], "number": "1", "integer": "1", "boolean": "yes"}
    secret = SECRETS[place % len(SECRETS)]
    return simple.get(described.type, f"ask {secret}" if described.is_free_text else secret)


def write_desk(folder: Path) -> None:
    for name, table in TABLES.items():
        columns = [column.name for column in table.columns]
        rows = [[value_of(name, column, place + shift) for shift, column in enumerate(columns)] for place in range(40)]
        if name == "contacts":
            for row in rows:
                for late in ("abandoned_at", "withdrawn_at"):
                    row[columns.index(late)] = ""
                for each in ("created_at", "queue_entered_at"):
                    row[columns.index(each)] = "2024-01-02 09:00:00"
            # a row whose cells are one place off, and words and times that are somebody's
            rows += [[f"b{n}", NAMES[n % 2], NAMES[(n + 1) % 2], *[SECRETS[n]] * (len(columns) - 3)] for n in range(3)]
        lines = [",".join(columns), *(",".join(f'"{cell}"' for cell in row) for row in rows)]
        place = folder / "data" / ("tables" if table.is_edited else "raw") / f"{name}.csv"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "data" / "raw" / "contacts.csv").rename(folder / "data" / "raw" / FILE_NAME)
    config = folder / "data" / "config" / "workbook.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text('time_zone = "UTC"\nallowed_set_aside_share = 1.0\n', encoding="utf-8")


def call(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONUTF8": "1"}
    return subprocess.run(
        [sys.executable, "-m", "csm_lib", *arguments, "--workspace", str(folder)],
        capture_output=True, text=True, check=False, encoding="utf-8", env=env,
    )  # fmt: skip


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The hostile desk after an ingest, a report and a run that fails; and all that the terminal showed."""
    folder = tmp_path_factory.mktemp("desk")
    write_desk(folder)
    said = []
    read = call(folder, "ingest")
    assert read.returncode == 0, read.stderr
    ran = call(folder, "run", "2024-01")
    assert ran.returncode == 0, ran.stderr
    benchmarks = folder / "data" / "tables" / "benchmarks.csv"
    benchmarks.write_text(f"indicator,value,unit\nfcr,1,{SECRETS[0]} {SECRETS[-1]}\n", encoding="utf-8")
    again = call(folder, "ingest")
    failed = call(folder, "run", "2024-01")
    assert failed.returncode == 1
    assert list((folder / "reports" / ".failed").rglob("*.html"))
    # the file is refused: what it says about it must not tell either
    config = folder / "data" / "config" / "workbook.toml"
    config.write_text('time_zone = "UTC"\nallowed_set_aside_share = 0.0\n', encoding="utf-8")
    path = folder / "data" / "raw" / FILE_NAME
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    refused = call(folder, "ingest")
    assert refused.returncode == 3
    for ended in (read, ran, again, failed, refused):
        said += [ended.stdout, ended.stderr]
    return folder, "\n".join(said)


def texts_of(path: Path) -> str:
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as book:
            text = "\n".join(book.read(name).decode("utf-8", "replace") for name in book.namelist())
    else:
        text = path.read_bytes().decode("utf-8", "replace")
    undone = re.sub(r"\\u([0-9a-fA-F]{4})", lambda hit: chr(int(hit[1], 16)), text)
    return f"{path.name}\n{text}\n{unescape(undone)}"


def found_in(text: str, secrets: list[str]) -> list[str]:
    """List the secrets that a text holds, as they are written or however else."""
    seen = plain(text)
    return [secret for secret in secrets if secret in text or plain(secret).replace("转8", "") in seen]


def test_the_search_finds_what_is_written_otherwise() -> None:
    assert found_in("tel. 138-1234 5678", ["13812345678"]) == ["13812345678"]
    assert found_in("110105 19491231 002X", ["１１０１０５１９４９１２３１００２Ｘ"])
    assert not found_in("13812345679", ["13812345678"])


def test_no_file_of_any_report_holds_a_secret(desk: tuple[Path, str]) -> None:
    folder, _ = desk
    files = [path for path in (folder / "reports").rglob("*") if path.is_file()]
    assert {path.suffix for path in files} >= {".html", ".ipynb", ".csv", ".xlsx", ".json"}
    secrets = [*SECRETS, *NAMES, *AGENTS, "13555556666"]
    leaks = {str(path.relative_to(folder)): hits for path in files if (hits := found_in(texts_of(path), secrets))}
    assert leaks == {}


def test_the_terminal_holds_no_number(desk: tuple[Path, str]) -> None:
    assert found_in(desk[1], [*SECRETS, "13555556666"]) == []


def test_the_report_shows_what_was_masked_and_the_forms_of_what_could_not_be_read(desk: tuple[Path, str]) -> None:
    folder, _ = desk
    examples = (folder / "reports" / "2024-01" / "tables" / "03_examples.csv").read_text(encoding="utf-8-sig")
    assert "contacts_[phone].csv" in examples
    assert "xxxx" in examples
