"""Kill −9 at random moments: what is published always opens, and is always of one edition.

Twenty kills hit the moments that matter, assembling and exchanging a report, in processes that share one warm start;
a few more hit the whole command on a tiny organisation (`CSM_KILLS` says how many, 20 in continuous integration). The
edition alternates between two languages and two values, so that a mixture would show.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from types import ModuleType

import nbformat
import pytest

pytestmark = pytest.mark.skipif(not Path("/proc").exists(), reason="kill −9 and fork, and a list of processes")

LANG = {"en": "en", "zh": "zh-Hans"}
# reuses both notebooks of both languages, so that a run is nothing but assembling, keeping and exchanging
PROGRAM = """
import os, shutil, sys
from pathlib import Path
sys.path[:0] = [{tests!r}]
from conftest import stand_in
from csm_lib.publish.site import publish
from csm_lib.settings import RunSettings
workspace, notebooks = Path({workspace!r}), sorted(Path({notebooks!r}).glob("*.ipynb"))

def run(language):
    book = stand_in(workspace, language=language)
    publish(book, notebooks=notebooks, resume=True, limits=RunSettings(kept_editions=2))

def keep(place):
    shutil.copytree(reports / "2024Q1", reports / place / "2024Q1")

reports = workspace / "reports"
run("zh")
keep(".draft")
run("en")
shutil.copytree(reports / "2024Q1", workspace / "kept")
print("ready", flush=True)
for line in sys.stdin:
    if not (reports / ".failed" / "2024Q1").exists():
        shutil.copytree(workspace / "kept", reports / ".failed" / "2024Q1")
    child = os.fork()
    if not child:
        run(line.strip())
        os._exit(0)
    print(child, flush=True)
    print(os.waitpid(child, 0)[1], flush=True)
"""


def check_site(reports: Path, name: str) -> str:
    """Check that every page of the report is there, links only to what is there, and is of one language; say which."""
    report = reports / name
    record = json.loads((report / "run.json").read_text(encoding="utf-8"))
    language = record["parameters"]["language"]
    for page in ("index", *(entry["name"] for entry in record["notebooks"])):
        html = (report / f"{page}.html").read_text(encoding="utf-8")
        assert html.rstrip().endswith("</html>")
        assert f'<html lang="{LANG[language]}">' in html
        for link in re.findall(r'href="([^"#:]+)"', html):
            assert (report / link).exists(), link
    for row in record["notebooks"]:
        json.loads((report / "notebooks" / f"{row['name']}.ipynb").read_text(encoding="utf-8"))
    assert (reports / "index.html").read_text(encoding="utf-8").rstrip().endswith("</html>")
    return str(language)


def alive(mark: str) -> list[str]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            is_zombie = "State:\tZ" in (folder / "status").read_text()
            if not is_zombie and mark.encode() in (folder / "environ").read_bytes():
                found.append(folder.name)
        except OSError:
            continue
    return found


def tiny_organisation() -> ModuleType:
    """The module beside this one that makes a tiny organisation."""
    spec = importlib.util.spec_from_file_location("tiny", Path(__file__).with_name("test_tiny_organisation.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write_notebooks(folder: Path) -> str:
    """Two notebooks, one with a table and a headline."""
    given = 'period: str = "2024Q1"  # which\nscope: str = "all"  # part\nlanguage: str = "en"  # en, zh'
    table = (
        "import pandas as pd\nfrom csm_lib.show.tables import table\n"
        "table(pd.DataFrame({'team': ['A', 'B'], 'n': [100, 50]}), name='teams', title='Teams')"
    )
    headline = (
        "from csm_lib.show.prose import write_headline\n"
        "write_headline([dict(key='fcr', value=0.78 if language == 'en' else 0.8, low=0.7, high=0.9, n=100,"
        " unit='share', target=0.85, is_met=False, verdict='missed', is_provisional=False)])"
    )
    folder.mkdir()
    for name, cell in (("04_gap_analysis", table), ("05_report_and_action_plan", headline)):
        tagged = nbformat.v4.new_code_cell(given, metadata={"tags": ["parameters"]})
        title = nbformat.v4.new_markdown_cell(f"# {name}\n\nAll contacts.")
        notebook = nbformat.v4.new_notebook(cells=[title, tagged, nbformat.v4.new_code_cell(cell)])
        nbformat.write(notebook, folder / f"{name}.ipynb")
    return str(folder)


def test_twenty_kills_while_a_report_is_put_in_place(tmp_path: Path) -> None:
    seed = random.randrange(1_000_000)
    sys.stdout.write(f"seed {seed}\n")
    chance = random.Random(seed)
    workspace = tmp_path / "空 间"
    tests = str(Path(__file__).parents[1] / "publish")
    program = PROGRAM.format(tests=tests, workspace=str(workspace), notebooks=write_notebooks(tmp_path / "notebooks"))
    server = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdin is not None and server.stdout is not None

    def run(language: str, *, kill_after_s: float | None) -> tuple[int, float]:
        server.stdin.write(f"{language}\n")
        server.stdin.flush()
        child, started = int(server.stdout.readline()), time.monotonic()
        if kill_after_s is not None:
            time.sleep(kill_after_s)
            with contextlib.suppress(ProcessLookupError):  # it may have ended by itself
                os.kill(child, signal.SIGKILL)
        return int(server.stdout.readline()), time.monotonic() - started

    try:
        assert server.stdout.readline() == "ready\n"
        reports = workspace / "reports"
        _, longest = run("zh", kill_after_s=None)
        ends = []
        for number in range(20):
            status, _ = run(("en", "zh")[number % 2], kill_after_s=chance.uniform(0, 1.1 * longest))
            ends.append(status)
            check_site(reports, "2024Q1")
            for edition in (reports / ".editions" / "2024Q1").glob("[0-9]*"):
                assert (edition / "run.json").exists() and (edition / "index.html").exists()
        assert signal.SIGKILL in ends
        assert run("en", kill_after_s=None)[0] == 0
        assert check_site(reports, "2024Q1") == "en"
        assert not list(reports.rglob(".staging-*"))
    finally:
        server.stdin.close()
        server.wait()
        server.stdout.close()


def test_kills_of_the_whole_command_leave_the_site_and_no_kernel(tmp_path: Path) -> None:
    tiny = tiny_organisation()
    csm = tiny.csm
    seed = random.randrange(1_000_000)
    sys.stdout.write(f"seed {seed}\n")
    chance = random.Random(seed)
    workspace = tiny.make(tmp_path / "空 间")
    csm(workspace, "ingest")
    started = time.monotonic()
    csm(workspace, "run", "2024-03")
    longest = time.monotonic() - started
    for number in range(int(os.environ.get("CSM_KILLS", "3"))):
        mark = f"mark-{os.getpid()}-{number}"
        command = [sys.executable, "-m", "csm_lib", "run", "2024-03", "--language", ("zh", "en")[number % 2], "--fresh"]
        runner = subprocess.Popen(
            [*command, "--workspace", str(workspace)],
            env={**os.environ, "CSM_TEST_MARK": mark},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(chance.uniform(0, 1.1 * longest))
        runner.kill()
        runner.wait()
        check_site(workspace / "reports", "2024-03")
        deadline = time.monotonic() + 30
        while alive(mark) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert alive(mark) == []
    csm(workspace, "run", "2024-03", "--fresh")
    assert check_site(workspace / "reports", "2024-03") == "en"
    shutil.rmtree(workspace)
