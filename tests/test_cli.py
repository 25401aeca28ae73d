"""The command line: sentences, exit codes and one JSON object, for what users do wrong."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from csm_lib.workspaces import WORKSPACE_MARK, notebooks_folder


def csm(*arguments: object, cwd: Path) -> tuple[int, dict[str, Any]]:
    """Run the command with --json; nothing but one object may be on stdout."""
    command = [sys.executable, "-m", "csm_lib", *map(str, arguments), "--json"]
    env = {name: value for name, value in os.environ.items() if name != "CSM_WORKSPACE"}
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd, encoding="utf-8", env=env)
    assert "Traceback" not in ended.stderr
    return ended.returncode, json.loads(ended.stdout)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "desk"
    csm("init", folder, cwd=tmp_path)
    return folder


def refusal(workspace: Path, *arguments: object) -> tuple[int, str]:
    code, result = csm(*arguments, "--workspace", workspace, cwd=workspace)
    assert result["exit_code"] == code
    return code, result["error"]["message"]


def test_a_misspelt_option_is_a_wrong_call(workspace: Path) -> None:
    code, result = csm("run", "2024Q1", "--scop", "all", cwd=workspace)
    assert (code, result["error"]["kind"], result["exit_code"]) == (2, "usage", 2)
    assert result["error"]["message"].startswith("No such option: --scop")


def test_a_missing_file_is_named(workspace: Path) -> None:
    code, message = refusal(workspace, "ingest", workspace / "gone.csv")
    assert code == 2
    assert "gone.csv" in message
    assert message.endswith("Check the path.")


def test_an_unknown_source_is_refused_with_the_known_ones(workspace: Path) -> None:
    path = workspace / "contacts.csv"
    path.write_text("contact_id\n", encoding="utf-8")
    code, message = refusal(workspace, "ingest", path, "--source", "anonymus_bank")
    assert code == 2
    assert "'anonymus_bank'" in message
    assert "anonymous_bank" in message


def test_an_empty_file_breaks_its_contract(workspace: Path) -> None:
    path = workspace / "data" / "raw" / "contacts.csv"
    path.write_bytes(b"")
    code, message = refusal(workspace, "ingest")
    assert code == 3
    assert "contacts.csv must have a header line, got an empty file." in message


def test_a_period_that_is_none_is_refused_with_the_forms(workspace: Path) -> None:
    code, message = refusal(workspace, "run", "2024Q7")
    assert code == 2
    assert message.startswith("period must have one of the forms 2024Q1, 2024H1")


def test_no_data_at_all_says_what_to_do(workspace: Path) -> None:
    code, message = refusal(workspace, "run", "2024Q1")
    assert code == 2
    assert message == (
        f"period must have data, got '2024Q1' without any ({workspace}). There is none at all: run `csm ingest` first."
    )


def test_a_misspelt_setting_is_refused_before_anything_runs(workspace: Path) -> None:
    path = workspace / "data" / "config" / "workbook.toml"
    path.write_text('organisatoin = "x"', encoding="utf-8")
    code, message = refusal(workspace, "check")
    assert (code, message) == (
        2,
        f"organisatoin must be a known key, got 'organisatoin' ({path}). Did you mean 'organisation'?",
    )


def test_a_parameter_of_the_wrong_form_is_refused(workspace: Path) -> None:
    (workspace / "data" / "raw" / "contacts.csv").write_text(
        "contact_id,created_at,channel\nk1,2024-01-02 10:00:00,phone\n", encoding="utf-8"
    )
    settings = workspace / "data" / "config" / "workbook.toml"
    settings.write_text('time_zone = "UTC"\n' + settings.read_text(encoding="utf-8"), encoding="utf-8")
    assert csm("ingest", "--workspace", workspace, cwd=workspace)[0] == 0
    assert refusal(workspace, "run", "2024Q1", "-p", "period=2024Q2") == (
        2,
        "-p must have the form NOTEBOOK.NAME=VALUE, got 'period=2024Q2'. Correct it.",
    )


def test_the_demo_refuses_a_workspace_with_other_data(workspace: Path) -> None:
    (workspace / "data" / "raw" / "contacts.csv").write_text("contact_id\n", encoding="utf-8")
    code, message = refusal(workspace, "demo")
    assert code == 2
    assert message == (
        f"demo must have a workspace with nothing but the sample, got {str(workspace)!r} with other data. "
        "Name an empty folder: csm demo --workspace DIR."
    )


def test_brackets_in_the_path_are_refused_in_words(tmp_path: Path) -> None:
    code, result = csm("init", tmp_path / "desk [1]", cwd=tmp_path)
    assert code == 2
    assert result["error"]["message"].startswith("workspace must not have [ or ] in its path")


def test_init_leaves_settings_that_exist(workspace: Path) -> None:
    path = workspace / "data" / "config" / "workbook.toml"
    path.write_text('organisation = "Ours"', encoding="utf-8")
    code, result = csm("init", workspace, cwd=workspace)
    assert (code, result["written"]) == (0, [])
    assert path.read_text(encoding="utf-8") == 'organisation = "Ours"'


def test_copied_notebooks_know_their_workspace_and_are_not_overwritten(workspace: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    assert csm("notebooks", folder, "--workspace", workspace, cwd=tmp_path)[0] == 0
    copied = sorted(path.name for path in folder.glob("*.ipynb"))
    assert copied == sorted(path.name for path in notebooks_folder().glob("*.ipynb"))
    first = folder / copied[0]
    first.write_text("{}", encoding="utf-8")
    result = csm("notebooks", folder, cwd=folder)[1]
    assert (result["copied"], len(result["kept"])) == ([], len(copied))
    assert first.read_text(encoding="utf-8") == "{}"
    assert (folder / WORKSPACE_MARK).read_text(encoding="utf-8") == str(workspace)


def test_list_is_empty_but_works_in_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    code, result = csm("list", "--workspace", tmp_path, cwd=tmp_path)
    assert (code, result["periods"], result["reports"]) == (0, {}, [])
    assert "fcr" in result["indicators"]


def test_the_command_is_installed_under_its_name(tmp_path: Path) -> None:
    script = shutil.which("csm", path=str(Path(sys.executable).parent))
    assert script is not None
    ended = subprocess.run([script, "--help"], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "demo" in ended.stdout


def test_a_stream_that_cannot_write_chinese_still_gets_its_answer(tmp_path: Path) -> None:
    folder = tmp_path / "空 间"
    env = {**os.environ, "PYTHONIOENCODING": "cp1252"}
    command = [sys.executable, "-m", "csm_lib", "init", str(folder)]
    ended = subprocess.run(command, capture_output=True, check=False, cwd=tmp_path, encoding="cp1252", env=env)
    assert (ended.returncode, "Traceback" in ended.stderr) == (0, False)
    assert "\\u7a7a \\u95f4" in ended.stdout


def test_a_draft_of_a_source_is_written_once_and_reads_the_file(workspace: Path) -> None:
    path = workspace / "orders_2024.csv"
    path.write_text("Order No,Customer ID,Order time\n1,K1,2024-01-01 10:00\n", encoding="utf-8")
    code, result = csm("source", "new", path, "--workspace", workspace, cwd=workspace)
    assert code == 0
    assert result == {
        "source": str(workspace / "data" / "sources" / "orders.toml"),
        "name": "orders",
        "table": "orders",
        "columns": [
            {"column": "order_id", "from": "Order No", "confidence": "sure"},
            {"column": "customer_id", "from": "Customer ID", "confidence": "sure"},
            {"column": "ordered_at", "from": "Order time", "confidence": "sure"},
        ],
        "look_at": [],
        "tried": ["Tried on its rows: read 1, kept 1, set aside: none."],
        "read_by": [],
        "exit_code": 0,
    }
    code, message = refusal(workspace, "source", "new", path)
    assert code == 2
    assert message.endswith("Name another with --name, or move that one away.")
    code, result = csm("ingest", path, "--source", "orders", "--workspace", workspace, cwd=workspace)
    assert (code, result["files"][0]["kept"]) == (0, 1)


def test_files_that_no_source_fits_are_no_success(workspace: Path) -> None:
    (workspace / "data" / "raw" / "export 7.csv").write_text("Ticket#;Opened\n1;03.02.2024 08:15\n", encoding="utf-8")
    code, result = csm("ingest", "--workspace", workspace, cwd=workspace)
    assert (code, result["error"]["message"]) == (2, "files must fit a source, got none that does: nothing was read.")
    assert "Draft one with `csm source new FILE`" in result["warnings"][0]


def test_debug_adds_the_traceback_and_changes_nothing_else(workspace: Path) -> None:
    command = [sys.executable, "-m", "csm_lib", "run", "last-moon", "--workspace", str(workspace), "--json", "--debug"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, encoding="utf-8")
    assert ended.returncode == 2
    assert json.loads(ended.stdout)["error"]["kind"] == "usage"
    assert "Traceback" in ended.stderr


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_command_that_is_ended_says_so_and_tells_whom_it_should(number: int, tmp_path: Path) -> None:
    told = tmp_path / "told"
    slow = (
        "import signal, sys, time; from csm_lib import cli, commands\n"
        "signal.signal(signal.SIGHUP, signal.SIG_DFL)\n"  # whoever runs these tests may ignore it, as nohup does
        "def wait(call, **_):\n print('ready', file=sys.stderr, flush=True); time.sleep(60)\n"
        "commands.run = wait\n"
        f"cli.main(['run', '2024Q1', '--json', '--notify', 'printenv CSM_KIND > {told}', "
        f"'--workspace', {str(tmp_path)!r}])"
    )
    running = subprocess.Popen([sys.executable, "-c", slow], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert running.stderr is not None and running.stderr.readline() == "ready\n"
    running.send_signal(number)
    said, wrong = running.communicate(timeout=30)
    assert running.returncode == 128 + number
    assert json.loads(said)["error"] == {
        "kind": "interrupted", "message": "Interrupted; a report that was not finished was not published."
    }  # fmt: skip
    assert told.read_text() == "interrupted\n"
    assert "Traceback" not in wrong


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that takes nothing")
def test_a_result_that_cannot_be_written_is_an_error_and_is_told_all_the_same(workspace: Path, tmp_path: Path) -> None:
    told = tmp_path / "told"
    slow = (
        "from csm_lib import cli, commands\n"
        "commands.run = lambda call, **_: call.finish({})\n"
        f"cli.main(['run', '2024Q1', '--json', '--notify', 'printenv CSM_EXIT_CODE > {told}', "
        f"'--workspace', {str(tmp_path)!r}])"
    )
    command = [sys.executable, "-c", slow]
    with open("/dev/full", "w") as full:
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert ended.returncode == 4
    assert ended.stderr.startswith("the result must be written to stdout, got No space left on device.")
    assert told.read_text() == "0\n"
