"""A real JupyterLab in a real browser: an analyst opens each notebook, changes the period and runs all cells."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.needs("browser")

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
_PATIENCE_S = 240
_WIDGET = "window.jupyterapp.shell.currentWidget"
_RUN_ALL = 'li.lm-Menu-item[data-command="runmenu:run-all"]'
_IS_READY = f"() => window.jupyterapp && {_WIDGET}?.sessionContext?.session?.kernel?.status === 'idle'"
# all cells of code have run: the last one holds a number and nothing waits
_HAS_RUN = f"""() => {{
  const panel = {_WIDGET};
  const code = [...panel.content.model.cells].filter(each => each.type === 'code' && each.sharedModel.source.trim());
  const failed = code.some(each => each.outputs.toJSON().some(out => out.output_type === 'error'));
  const isIdle = panel.sessionContext.session.kernel.status === 'idle';
  return window.wasBusy && isIdle && (failed || code.every(each => each.executionCount > 0));
}}"""
_FORGET = f"""() => {{
  const panel = {_WIDGET};
  [...panel.content.model.cells].filter(each => each.type === 'code').forEach(each => each.clearExecution());
  window.wasBusy = false;
  panel.sessionContext.statusChanged.connect((_, status) => {{ window.wasBusy ||= status === 'busy'; }});
}}"""


@pytest.fixture(scope="module")
def laboratory(organisation: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a JupyterLab server over a copy of the notebooks, beside the tiny organisation."""
    home = tmp_path_factory.mktemp("home")
    folder = tmp_path_factory.mktemp("lab") / "notebooks"
    copied = subprocess.run([sys.executable, "-m", "csm_lib", "notebooks", str(folder)], check=True, text=True)
    assert copied.returncode == 0
    env = {**os.environ, "CSM_WORKSPACE": str(organisation), "JUPYTER_RUNTIME_DIR": str(home / "run")}
    env |= {"JUPYTER_CONFIG_DIR": str(home), "IPYTHONDIR": str(home), "JUPYTERLAB_SETTINGS_DIR": str(home / "settings")}
    options = ["--no-browser", "--port=0", "--ip=127.0.0.1", "--allow-root", "--IdentityProvider.token=analyst"]
    options += [f"--ServerApp.root_dir={folder}", "--LabApp.expose_app_in_browser=True"]
    log = (home / "server.log").open("w+")
    server = subprocess.Popen([sys.executable, "-m", "jupyterlab", *options], env=env, stdout=log, stderr=log)
    try:
        url = ""
        deadline = time.monotonic() + 120
        while not url and time.monotonic() < deadline:
            assert server.poll() is None, (home / "server.log").read_text()
            said = re.search(r"(http://127\.0\.0\.1:\d+/)lab\?token=", (home / "server.log").read_text())
            url = said[1] if said else ""
            time.sleep(0.2)
        assert url, (home / "server.log").read_text()
        yield url
    finally:
        server.terminate()
        server.wait(timeout=60)
        log.close()


def ask(laboratory: str, path: str, method: str = "GET") -> Any:
    request = urllib.request.Request(f"{laboratory}api/{path}?token=analyst", method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        content = answer.read()
    return json.loads(content) if content else None


def run_all(browser: Any, laboratory: str, name: str, period: str) -> list[Any]:
    """Open a notebook, type another period into its parameters, run all by the menu; give its cells."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    tab = context.new_page()
    tab.set_default_timeout(_PATIENCE_S * 1000)
    try:
        tab.goto(f"{laboratory}lab/tree/{name}?token=analyst&reset")
        tab.wait_for_function(_IS_READY)
        tab.evaluate(_FORGET)
        cell = tab.locator(".jp-Notebook .jp-CodeCell .cm-content", has_text="period: str").first
        written = cell.inner_text()
        cell.click()
        tab.keyboard.press("ControlOrMeta+a")
        tab.keyboard.insert_text(re.sub(r'(?<=period: str = ")[^"]+', period, written))
        tab.locator("li.lm-MenuBar-item", has_text=re.compile("^Run$")).click()
        tab.locator(_RUN_ALL).click()
        tab.wait_for_function(_HAS_RUN)
        cells = tab.evaluate(f"() => {_WIDGET}.content.model.toJSON().cells")
        assert f'period: str = "{period}"' in "".join("".join(each["source"]) for each in cells)
    finally:
        context.close()
        for session in ask(laboratory, "sessions"):
            ask(laboratory, f"sessions/{session['id']}", "DELETE")
    return [out for each in cells for out in each.get("outputs", [])]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_another_period_runs_to_the_end_and_shows_tables_and_figures(browser: Any, laboratory: str, path: Path) -> None:
    shown = run_all(browser, laboratory, path.name, "2023Q4")
    assert [out for out in shown if out["output_type"] == "error"] == []
    kinds = [kind for out in shown for kind in out.get("data", {})]
    assert "text/html" in kinds
    committed = path.read_text(encoding="utf-8")
    assert "image/png" in kinds or '"Figure: ' not in committed


def test_a_wrong_period_shows_one_sentence_and_no_traceback(browser: Any, laboratory: str) -> None:
    shown = run_all(browser, laboratory, NOTEBOOKS[0].name, "2019Q1")
    (error,) = [out for out in shown if out["output_type"] == "error"]
    said = "\n".join(error["traceback"])
    assert "period must have data, got '2019Q1' without any" in said
    assert "Traceback" not in said and "\n" not in said.strip()
