"""Bad input: whatever the file, an ingest ends with a sentence and an exit code, and every row has its account."""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import socket
import subprocess
import sys
import zipfile
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from csm_lib.collect import ingest as ingesting
from csm_lib.collect.ingest import IngestResult, RefusedError, ingest
from csm_lib.collect.warehouse import Edition
from csm_lib.engine import connect
from csm_lib.errors import CsmError, UnavailableError
from csm_lib.settings import Settings
from tests.collect.sound_files import MAKERS
from tests.collect.workspaces import lock_held, put, rows

# CSM_THOROUGHLY=50 looks for longer
THOROUGHLY = int(os.environ.get("CSM_THOROUGHLY", "1"))
GENEROUS = Settings().model_copy(
    update={"workbook": Settings().workbook.model_copy(update={"allowed_set_aside_share": 1.0, "time_zone": "UTC"})}
)
SIGNS = (b'"', b"\n", b"\r", b",", b"\xef\xbb\xbf", b"\xff", b"{", b"\0", b"<", b";", b"'")
SOUND = {name: make() for name, make in MAKERS.items()}


def harmed(content: bytes, kind: str, seed: int) -> bytes:
    """Break a file as disks, editors and mail programs do."""
    dice, out = random.Random(seed), bytearray(content)
    place, length = dice.randrange(len(out)), dice.randrange(1, 60)
    if kind == "cut":
        return bytes(out[:place])
    if kind == "holes":
        for _ in range(1 + length // 8):
            out[dice.randrange(len(out))] = dice.randrange(256)
    elif kind == "lost":
        del out[place : place + length]
    elif kind == "repeated":
        out[place:place] = out[place : place + length]
    elif kind == "signs":
        out[place:place] = dice.choice(SIGNS)
    elif kind == "noise":
        out[place : place + length] = dice.randbytes(length)
    return bytes(out)


def n_orders(workspace: Path) -> int:
    return int(rows(workspace, "SELECT count(*) FROM {}", "orders")[0][0])


def ingested(workspace: Path, **stated: object) -> tuple[IngestResult, str]:
    """Ingest; give the account and the sentence of what was refused."""
    try:
        return ingest(workspace, settings=GENEROUS, **stated), ""  # type: ignore[arg-type]
    except RefusedError as refused:
        return refused.ingested, str(refused)


@pytest.mark.parametrize("name", MAKERS)
def test_the_unharmed_file_is_kept_whole(workspace: Path, name: str) -> None:
    put(workspace, f"raw/{name}", SOUND[name])
    (file,) = ingest(workspace, settings=GENEROUS).files
    assert (file.read, file.kept, n_orders(workspace)) == (40, 40, 40)


# format by format, so that a long search can be made in parts (-k xlsx)
@pytest.mark.parametrize("name", MAKERS)
@settings(max_examples=4 * THOROUGHLY, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(["cut", "holes", "lost", "repeated", "signs", "noise"]),
    seed=st.integers(0, 10**6),
)
def test_a_harmed_file_ends_with_an_account_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, name: str, kind: str, seed: int
) -> None:
    workspace = tmp_path_factory.mktemp("harm")
    put(workspace, f"raw/{name}", harmed(SOUND[name], kind, seed))
    try:
        result, sentence = ingested(workspace)
    except CsmError as error:  # a setting or a machine at fault, but never a defect
        assert str(error) and "Traceback" not in str(error)
        assert Edition.read(workspace / "data" / "warehouse") == Edition()
        return
    for file in result.files:
        assert file.read == file.kept + sum(file.set_aside.values())
        assert not (sentence and file.kept)
    assert n_orders(workspace) == sum(file.kept for file in result.files)
    assert sentence or result.files or result.warnings
    assert "Traceback" not in sentence


@pytest.mark.parametrize("name", MAKERS)
@settings(max_examples=2 * THOROUGHLY, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(min_size=1, max_size=400))
@example(content=b"\x80")
def test_bytes_of_any_kind_are_no_defect(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, name: str
) -> None:
    workspace = tmp_path_factory.mktemp("bytes")
    put(workspace, f"raw/{name}", content)
    result, sentence = ingested(workspace)
    assert all(file.kept == 0 for file in result.files)
    assert sentence


def test_text_that_a_spreadsheet_would_run_is_text(workspace: Path) -> None:
    texts = ["=cmd|' /C calc'!A0", "+1+1", "@SUM(A1)", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>"]
    lines = "".join(f'{n},"{text}"\n' for n, text in enumerate(texts))
    put(workspace, "raw/surveys.csv", "survey_id,comment\n" + lines)
    (file,) = ingest(workspace, settings=GENEROUS).files
    assert file.kept == len(texts)
    assert [text for (text,) in rows(workspace, "SELECT comment FROM {} ORDER BY survey_id", "surveys")] == texts


def test_a_cell_of_ten_megabytes_is_one_cell(workspace: Path) -> None:
    put(workspace, "raw/surveys.csv", "survey_id,comment\n1," + "x" * 10_000_000 + "\n2,short\n")
    (file,) = ingest(workspace, settings=GENEROUS).files
    assert (file.read, file.kept) == (2, 2)


def test_a_row_longer_than_any_is_set_aside_with_its_line(workspace: Path) -> None:
    put(workspace, "raw/surveys.csv", "survey_id,comment\n1," + "x" * 20_000_000 + "\n2,short\n")
    (file,) = ingest(workspace, settings=GENEROUS).files
    assert (file.read, file.kept, dict(file.set_aside)) == (2, 1, {"malformed_row": 1})


def test_a_path_that_climbs_is_the_file_it_leads_to(workspace: Path) -> None:
    put(workspace, "raw/orders.csv", SOUND["orders.csv"])
    (workspace / "data" / "raw" / "inner").mkdir()
    path = workspace / "data" / "raw" / "inner" / ".." / "orders.csv"
    (file,) = ingest(workspace, [path], settings=GENEROUS).files
    assert file.path == "data/raw/orders.csv"


def test_a_file_that_grows_while_it_is_read_is_refused(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(workspace, "raw/orders.csv", SOUND["orders.csv"])
    real = ingesting.check_rows

    def growing(*arguments: object, **named: object) -> object:
        with path.open("ab") as file:
            file.write(b"\r\nO99,C1,2024-01-01,1")
        return real(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(ingesting, "check_rows", growing)
    with pytest.raises(RefusedError) as caught:
        ingest(workspace, settings=GENEROUS)
    assert str(caught.value) == (
        f"{path} must not change while it is read, got other bytes afterwards. Ingest it again once its export has "
        "ended."
    )
    assert [(file.read, file.kept, dict(file.set_aside)) for file in caught.value.ingested.files] == [
        (40, 0, {"file_refused": 40})
    ]
    assert n_orders(workspace) == 0


@pytest.mark.parametrize("stage", ["write_set_aside", "make_facts", "read_raw"])
def test_a_full_disk_leaves_the_former_edition(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    put(workspace, "raw/orders.csv", SOUND["orders.csv"])
    ingest(workspace, settings=GENEROUS)
    before = Edition.read(workspace / "data" / "warehouse")
    put(workspace, "raw/orders_2.csv", SOUND["orders.csv"].replace(b"O", b"P").replace(b"Prder", b"order"))

    def full(*arguments: object, **named: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(ingesting, stage, full)
        with pytest.raises(UnavailableError) as caught:
            ingest(workspace, settings=GENEROUS)
    assert str(caught.value) == (
        f"the disk must have room, got none left ({workspace}). Nothing of this ingest was taken. Free some and run it "
        "again."
    )
    assert caught.value.exit_code == 4
    assert Edition.read(workspace / "data" / "warehouse") == before
    assert n_orders(workspace) == 40
    ingest(workspace, settings=GENEROUS)
    assert n_orders(workspace) == 80


def command(workspace: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "csm_lib", "ingest", *arguments, "--workspace", str(workspace)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        pytest.param("orders.xlsx", SOUND["orders.xlsx"][:500], 3, id="half a spreadsheet"),
        pytest.param("orders.csv.gz", SOUND["orders.csv.gz"][:60], 3, id="half a gzip file"),
        pytest.param("orders.csv", "order_id,customer_id,ordered_at\n1,2,03/04/2024\n", 3, id="two meanings"),
        pytest.param("orders.parquet", b"PAR1", 3, id="no Parquet"),
    ],
)
def test_the_command_says_a_sentence_and_an_exit_code(
    workspace: Path, name: str, content: bytes | str, code: int
) -> None:
    path = put(workspace, f"raw/{name}", content)
    ended = command(workspace)
    assert ended.returncode == code, ended.stderr
    assert "Traceback" not in ended.stderr
    assert path.name in ended.stderr


def test_of_two_ingests_at_once_one_is_told_to_wait(workspace: Path) -> None:
    put(workspace, "raw/orders.csv", SOUND["orders.csv"])
    lock = workspace / "data" / "warehouse" / ".lock"
    with lock_held(lock) as holder:
        ended = command(workspace)
    assert ended.returncode == 4
    head, since, tail = ended.stderr.partition(", since ")
    assert head == (
        "the warehouse must have one writer at a time, got a second one "
        f"(process {holder} on {socket.gethostname()}"
    )
    assert since
    assert tail.partition(", ")[2] == f"holds {lock}). Try again when it has finished.\n"
    assert datetime.fromisoformat(tail.partition(", ")[0]).tzinfo is not None
    assert n_orders(workspace) == 0


def test_a_broken_contract_tells_a_machine_everything(workspace: Path) -> None:
    """Exit 3 with the error, every file, nothing kept of the refused one, and its sound rows under `file_refused`."""
    rows = ["order_id,customer_id,ordered_at", *(f"O{n},C,2024-01-02 10:00" for n in range(6))]
    put(workspace, "raw/orders_bad.csv", "\n".join([*rows, "O8,C,soon", "O9,,2024-01-02 10:00", rows[1]]))
    put(workspace, "raw/orders_good.csv", "\n".join(["order_id,customer_id,ordered_at", "P1,C,2024-01-02 10:00"]))
    ended = command(workspace, "--json")
    result = json.loads(ended.stdout)
    listing = workspace / "data" / "warehouse" / "refused" / "orders_bad.csv.orders.csv"
    assert ended.returncode == result["exit_code"] == 3
    assert result["error"] == {
        "kind": "contract",
        "message": "data/raw/orders_bad.csv must keep the promises of orders in all but 0.05 of its rows, got 2 of 9 "
        "rows that break one:\n"
        "  ordered_at must be a time, got 'soon' (orders_bad.csv, 1 row, line 8)\n"
        "  customer_id must have a value (orders_bad.csv, 1 row, line 9)\n"
        "  Nothing of it was ingested. Correct the file or its source (canonical_orders); all rows concerned: "
        f"{listing}.",
    }
    assert result["files"] == [
        {
            "path": "data/raw/orders_bad.csv",
            "source": "canonical_orders",
            "table": "orders",
            "read": 9,
            "kept": 0,
            "set_aside": {"duplicate": 1, "file_refused": 6, "missing_value": 1, "not_a_time": 1},
        },
        {
            "path": "data/raw/orders_good.csv",
            "source": "canonical_orders",
            "table": "orders",
            "read": 1,
            "kept": 1,
            "set_aside": {},
        },
    ]
    assert n_orders(workspace) == 1
    assert listing.exists()


def test_too_little_memory_is_said_and_leaves_the_former_edition(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(workspace, "raw/orders.csv", SOUND["orders.csv"])

    def greedy(*arguments: object, **named: object) -> None:
        with connect() as connection:
            connection.execute("SET memory_limit = '1MB'; SET temp_directory = ''")
            connection.execute("CREATE TABLE big AS SELECT range AS n, repeat('x', 1000) AS t FROM range(100000)")

    with monkeypatch.context() as patched:
        patched.setattr(ingesting, "make_facts", greedy)
        with pytest.raises(UnavailableError) as caught:
            ingest(workspace, settings=GENEROUS)
    before, _, rest = str(caught.value).partition(", got ")
    said, _, after = rest.partition(f" ({workspace}). ")
    assert before == "the ingest must fit into memory and the disk"
    assert said.startswith("Out of Memory Error: ")
    assert "\n" not in said
    assert after == "Nothing of it was taken. Free memory or disk and run it again."
    assert (caught.value.exit_code, n_orders(workspace)) == (4, 0)


def test_a_row_too_long_is_told_in_a_sentence(workspace: Path) -> None:
    put(workspace, "raw/surveys.csv", "survey_id,comment\n1," + "x" * 20_000_000 + "\n2,short\n")
    assert ingest(workspace, settings=GENEROUS).warnings == (
        "set aside: a row must have 2 fields, got 'not 2 fields' (surveys.csv, 1 row, line 2)",
    )


def test_a_header_that_two_separators_cut_alike_is_refused(workspace: Path) -> None:
    path = put(workspace, "raw/orders.csv", "order_id,customer;id,ordered_at;amount\n1,2;3,4\n")
    with pytest.raises(RefusedError) as caught:
        ingest(workspace, settings=GENEROUS)
    assert str(caught.value) == (
        f"{path} must have a header line that one separator cuts, got 2 of ';' and of ',' in "
        "'order_id,customer;id,ordered_at;amount'. State `delimiter` in its source."
    )


@pytest.mark.parametrize("name", ["orders.csv.gz", "orders.zip"])
def test_a_bomb_is_refused_by_the_ingest_in_one_sentence(workspace: Path, name: str) -> None:
    content = b"order_id,customer_id,ordered_at\n" + b"1,2,\n" * 20_000_000
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("orders.csv", content)
    path = put(workspace, f"raw/{name}", out.getvalue() if name.endswith("zip") else gzip.compress(content))
    with pytest.raises(RefusedError) as caught:
        ingest(workspace, settings=GENEROUS)
    # a zip says how long its file is; of gzip the count stops soon after the bound, in whole pieces of 1 MiB
    least = len(content) if name.endswith("zip") else (64 << 20) + (1 << 20)
    assert str(caught.value) == (
        f"{path} must not unpack to more than 200 times its size or 64 GiB, got {least:,} bytes and more out of "
        f"{path.stat().st_size:,}. Unpack it yourself if you trust it."
    )
