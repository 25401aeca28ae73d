from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from csm_lib.commands.notify import notify

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the commands are written for a POSIX shell")

RESULT = {"report": "/r/2024Q1/index.html", "period": "2024Q1", "restatements": [{}, {}], "exit_code": 0}
FAILURE = {
    "error": {"kind": "run", "message": "06 must run to its end, got '客户'."},
    "failed_report": "/r/.failed/2024Q1/index.html",
    "period": "2024Q1",
    "exit_code": 1,
}
VARIABLES = 'printf "%s\\n" "$CSM_EXIT_CODE" "$CSM_PERIOD" "$CSM_REPORT" "$CSM_KIND" "$CSM_MESSAGE" "$CSM_RESTATED"'


@pytest.mark.parametrize(
    ("result", "lines"),
    [
        (RESULT, ["0", "2024Q1", "/r/2024Q1/index.html", "", "", "2"]),
        (FAILURE, ["1", "2024Q1", "/r/.failed/2024Q1/index.html", "run", "06 must run to its end, got '客户'.", "0"]),
    ],
    ids=["success", "failure"],
)
def test_the_command_gets_the_result_as_json_and_as_variables(
    tmp_path: Path, result: dict[str, object], lines: list[str]
) -> None:
    assert notify(f"cat > given.json; {VARIABLES} > said", result, timeout_s=10, cwd=str(tmp_path)) == ""
    assert json.loads((tmp_path / "given.json").read_text(encoding="utf-8")) == result
    assert (tmp_path / "said").read_text(encoding="utf-8").splitlines() == lines


@pytest.mark.parametrize(
    ("command", "line"),
    [
        pytest.param(
            "echo first; echo 'no route to host' >&2; exit 7",
            "notify must exit with 0, got 7 (\"echo first; echo 'no route to host' >&2; exit 7\": no route to host). "
            "The run itself is not affected.",
            id="it fails",
        ),
        pytest.param(
            "/no/such/program",
            "notify must exit with 0, got 127 ('/no/such/program': /bin/sh: 1: /no/such/program: not found). "
            "The run itself is not affected.",
            id="it does not exist",
            marks=pytest.mark.skipif("dash" not in os.path.realpath("/bin/sh"), reason="words of this shell"),
        ),
        pytest.param(
            "a\0b",
            "notify must start, got embedded null byte ('a\\x00b'). The run itself is not affected.",
            id="it cannot be started",
        ),
    ],
)
def test_a_command_that_fails_is_said_in_one_line(command: str, line: str) -> None:
    assert notify(command, RESULT, timeout_s=10) == line


def test_a_command_that_hangs_is_stopped_with_what_it_started(tmp_path: Path) -> None:
    command = "sleep 300 & echo $! > pid; wait"
    started = time.monotonic()
    assert notify(command, RESULT, timeout_s=1, cwd=str(tmp_path)) == (
        "notify must end within 1 s, got none by then and was stopped ('sleep 300 & echo $! > pid; wait'). "
        "The run itself is not affected."
    )
    assert time.monotonic() - started < 10
    time.sleep(0.5)
    pid = (tmp_path / "pid").read_text().strip()
    state = subprocess.run(["ps", "-o", "stat=", "-p", pid], capture_output=True, text=True, check=False).stdout
    assert state.strip()[:1] in ("", "Z")


def test_a_command_that_never_stops_talking_is_stopped_and_only_its_end_is_read() -> None:
    started = time.monotonic()
    assert notify("yes", RESULT, timeout_s=60) == (
        "notify must say less than 10 MB, got more and was stopped ('yes': y). The run itself is not affected."
    )
    assert time.monotonic() - started < 30
    talks = "head -c 6000000 /dev/zero | tr '\\0' 'x'; echo; echo no route; exit 4"
    assert notify(talks, RESULT, timeout_s=60).endswith(": no route). The run itself is not affected.")


def test_a_refused_run_tells_the_command_and_keeps_its_exit_code(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    command = [sys.executable, "-m", "csm_lib", "run", "2024Q7", "--workspace", str(tmp_path), "--json"]
    told = f"cat > '{tmp_path}/told.json'; exit 9"
    ended = subprocess.run([*command, "--notify", told], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    result = json.loads(ended.stdout)
    assert json.loads((tmp_path / "told.json").read_text(encoding="utf-8")) == {"period": "2024Q7", **result}
    line = f"notify must exit with 0, got 9 ({told!r}). The run itself is not affected.\n"
    assert ended.stderr == line
