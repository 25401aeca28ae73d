from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from csm_lib.collect.locks import exclusive
from csm_lib.errors import UnavailableError
from csm_lib.publish.printing import find_browser, print_page

PAGE = "<!doctype html><style>@page {{ size: A4 }} p {{ break-after: page }}</style>{}<div>end</div>"


@pytest.mark.needs("browser")
@pytest.mark.parametrize("n_pages", [1, 3])
def test_a_page_becomes_a_pdf_of_as_many_sheets(tmp_path: Path, browser_path: str, n_pages: int) -> None:
    page = tmp_path / "空 间" / "index.html"
    page.parent.mkdir()
    page.write_text(PAGE.format("<p>sheet</p>" * (n_pages - 1)), encoding="utf-8")
    target = tmp_path / "out" / "report.pdf"
    assert print_page(page, target, browser=browser_path) == n_pages
    assert target.read_bytes().startswith(b"%PDF-")
    assert [path.name for path in target.parent.iterdir()] == ["report.pdf"]


def test_without_a_browser_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    end = "Install Chromium or Chrome, or name its program in CSM_BROWSER; the page itself prints from any browser."
    monkeypatch.delenv("CSM_BROWSER", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("csm_lib.publish.printing._PLACES", {})
    with pytest.raises(UnavailableError) as refused:
        find_browser()
    assert str(refused.value) == f"a PDF must be printed by Chromium, got none. {end}"
    monkeypatch.setenv("CSM_BROWSER", "/no/chromium")
    with pytest.raises(UnavailableError) as refused:
        find_browser()
    wanted = "a PDF must be printed by Chromium, got '/no/chromium' of CSM_BROWSER, which cannot be run."
    assert str(refused.value) == f"{wanted} {end}"


@pytest.mark.skipif(os.name == "nt", reason="stands in for a browser by a shell script")
@pytest.mark.parametrize(
    ("script", "got"), [("exit 5", "exit code 5"), ("sleep 60", "none within 0.5 s")], ids=["fails", "hangs"]
)
def test_a_browser_that_prints_nothing_leaves_the_former_pdf(tmp_path: Path, script: str, got: str) -> None:
    browser, page, target = tmp_path / "browser", tmp_path / "index.html", tmp_path / "report.pdf"
    browser.write_text(f"#!/bin/sh\nexec {script}\n" if "sleep" in script else f"#!/bin/sh\n{script}\n")
    browser.chmod(0o755)
    target.write_bytes(b"former")
    with pytest.raises(UnavailableError) as refused:
        print_page(page, target, browser=str(browser), timeout_s=0.5 if "sleep" in script else 20)
    assert str(refused.value) == (
        f"a PDF must be printed by {browser}, got {got}. Run it again, or print the page in a browser: {page}."
    )
    assert target.read_bytes() == b"former"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["2024Q1"], 2, "export must be told a form, got none. Add --pdf."),
        (
            ["2024Q1", "--pdf"],
            2,
            "report must be published, got '2024Q1' (published: 2023Q4). Run `csm run 2024Q1` first.",
        ),
        (
            ["2023Q4", "--pdf"],
            4,
            "a PDF must be printed by Chromium, got '/no/chromium' of CSM_BROWSER, which cannot be run. Install "
            "Chromium or Chrome, or name its program in CSM_BROWSER; the page itself prints from any browser.",
        ),
    ],
    ids=["no form", "no report", "no browser"],
)
def test_an_export_that_cannot_be_made_is_refused(
    tmp_path: Path, arguments: list[str], code: int, message: str
) -> None:
    report = tmp_path / "reports" / "2023Q4"
    report.mkdir(parents=True)
    (report / "run.json").write_text("{}")
    (report / "index.html").write_text("")
    ended = subprocess.run(
        [sys.executable, "-m", "csm_lib", "export", *arguments, "--workspace", str(tmp_path), "--json"],
        capture_output=True, text=True, check=False, env={**os.environ, "CSM_BROWSER": "/no/chromium"},
    )  # fmt: skip
    assert ended.returncode == code
    assert json.loads(ended.stdout)["error"]["message"] == message


def test_an_export_into_a_folder_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    report, folder = tmp_path / "reports" / "2023Q4~as-of-2024-05-31", tmp_path / "mail"
    report.mkdir(parents=True)
    folder.mkdir()
    (report / "run.json").write_text("{}")
    (report / "index.html").write_text("")
    command = [sys.executable, "-m", "csm_lib", "export", "2023Q4", "--as-of", "2024-05-31", "--pdf", "--output",
               str(folder), "--workspace", str(tmp_path), "--json"]  # fmt: skip
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert json.loads(ended.stdout)["error"]["message"] == (
        f"--output must be a file, got the folder {str(folder)!r}. Name the file: 2023Q4~as-of-2024-05-31.pdf."
    )
    assert list(folder.iterdir()) == []


def test_no_export_while_a_run_may_take_the_report_away(tmp_path: Path) -> None:
    report = tmp_path / "reports" / "2023Q4"
    report.mkdir(parents=True)
    (report / "run.json").write_text("{}")
    (report / "index.html").write_text("")
    browser = tmp_path / "chromium"
    browser.write_text("")
    browser.chmod(0o755)
    command = [sys.executable, "-m", "csm_lib", "export", "2023Q4", "--pdf", "--workspace", str(tmp_path), "--json"]
    with exclusive(tmp_path / "reports" / ".lock"):
        ended = subprocess.run(
            command, capture_output=True, text=True, check=False, env={**os.environ, "CSM_BROWSER": str(browser)}
        )
    assert ended.returncode == 4
    assert "reports must be written by one run at a time" in json.loads(ended.stdout)["error"]["message"]
