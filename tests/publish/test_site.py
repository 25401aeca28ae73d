from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from csm_lib.errors import RunError, SettingError, UnavailableError, UsageError
from csm_lib.publish.site import RunResult, publish
from csm_lib.publish.standing import read_record


@pytest.fixture
def published(make_book: Callable[..., Any], report_notebooks: list[Path]) -> RunResult:
    return publish(make_book(), notebooks=report_notebooks, parameters={"04_gap_analysis": {"level": "0.9"}})


def test_a_report_has_its_pages_tables_notebooks_and_record(published: RunResult) -> None:
    report = published.report.parent
    assert report.name == "2024Q1"
    there = {
        path.relative_to(report).as_posix() for path in report.rglob("*") if path.relative_to(report).parts[0] != ".run"
    }
    assert there >= {
        "index.html",
        "04_gap_analysis.html",
        "05_report_and_action_plan.html",
        "notebooks/04_gap_analysis.ipynb",
        "notebooks/05_report_and_action_plan.ipynb",
        "tables/teams.csv",
        "tables/tables.xlsx",
        "run.json",
    }
    assert published.as_json()["notebooks"][0].keys() == {"name", "status", "seconds"}
    assert (report.parent / "index.html").exists()
    assert not list(report.parent.glob(".staging-*"))

    record = json.loads((report / "run.json").read_text(encoding="utf-8"), parse_constant=pytest.fail)
    wanted = {"period": "2024Q1", "scope": "all", "language": "en", "04_gap_analysis.level": "0.9"}
    assert record["parameters"] == wanted
    assert record["inputs"] == [{"path": "a.csv", "sha256": "12"}]
    assert [row["status"] for row in record["notebooks"]] == ["done", "done"]
    assert record["packages"]["csm_lib"]
    assert record["headline"][0] == {
        "key": "fcr", "value": 0.78, "low": 0.77, "high": 0.79, "n": 100, "unit": "share", "target": 0.85,
        "is_met": False, "verdict": "missed", "is_provisional": False,
    }  # fmt: skip
    assert record["headline"][1]["value"] is None

    rows = pd.read_csv(report / "tables" / "teams.csv")
    assert rows["team"].tolist() == ["A", "<script>alert(1)</script>", "'=1+1"]
    assert rows["wait_s"].tolist() == [10.5, 20.25, 1 / 3]
    sheet = CalamineWorkbook.from_path(str(report / "tables" / "tables.xlsx")).get_sheet_by_name("teams").to_python()
    assert sheet[3] == ["=1+1", 20.0, 1 / 3]

    for path in report.rglob("*.html"):
        html = path.read_text(encoding="utf-8")
        assert html.count("<h1") == 1, path
        assert _active(html) == []
        assert 'http-equiv="Content-Security-Policy"' in html
        assert "<main" in html and "<footer" in html and '<html lang="en">' in html
    gap = (report / "04_gap_analysis.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in gap
    assert "Sample &lt;i&gt;desk&lt;/i&gt;" in gap
    assert 'alt="首次响应: =1+1 is best with 0.3 s' in gap
    assert "差距在哪" not in gap
    assert all('scope="' in header for header in re.findall(r"<th\b[^>]*>", gap))
    overview = (report.parent / "index.html").read_text(encoding="utf-8")
    assert 'href="./2024Q1/index.html"' in overview and "78.0%<br/>✗ missed" in overview


def test_a_second_run_replaces_the_first_and_gives_the_same_numbers(
    published: RunResult, make_book: Callable[..., Any], report_notebooks: list[Path]
) -> None:
    report = published.report.parent
    before = read_record(report)
    calls: list[tuple[Any, ...]] = []
    again = publish(
        make_book(), notebooks=report_notebooks, resume=True, parameters={"04_gap_analysis": {"level": "0.9"}},
        progress=lambda *call: calls.append(call),
    )  # fmt: skip
    after = read_record(report)
    assert [run.status for run in again.notebooks] == ["reused", "reused"]
    assert calls == [(run.name, "reused", 0.0, 1.0) for run in again.notebooks]
    assert after["headline"] == before["headline"]
    assert (report / "tables" / "teams.csv").exists()


def test_a_failed_run_leaves_the_report_and_shows_the_error_first(
    published: RunResult,
    make_book: Callable[..., Any],
    report_notebooks: list[Path],
    make_notebook: Callable[..., Path],
) -> None:
    before = published.report.read_bytes()
    broken = make_notebook(
        "06_root_cause", "from csm_lib.errors import UsageError\nraise UsageError('period must <b>')"
    )
    with pytest.raises(
        RunError, match=r"06_root_cause must run to its end, got UsageError: period must <b> \(cell 3\)"
    ):
        publish(make_book(), notebooks=[*report_notebooks, broken])
    assert published.report.read_bytes() == before
    failed = published.report.parents[1] / ".failed" / "2024Q1"
    html = (failed / "06_root_cause.html").read_text(encoding="utf-8")
    assert html.index("period must &lt;b&gt;") < html.index("All contacts")
    assert "Traceback" not in html


def test_only_some_notebooks_make_a_draft_beside_the_report(
    published: RunResult, make_book: Callable[..., Any], report_notebooks: list[Path]
) -> None:
    before = published.report.read_bytes()
    draft = publish(make_book(), notebooks=report_notebooks, only=["04_gap_analysis"])
    assert draft.is_draft and draft.report.parts[-3:] == (".draft", "2024Q1", "index.html")
    assert draft.edition == 1 and draft.restatements == ()
    assert 'href="../../index.html"' in draft.report.read_text(encoding="utf-8")
    assert published.report.read_bytes() == before


def test_a_wrong_parameter_is_refused_before_a_kernel_starts(
    make_book: Callable[..., Any], report_notebooks: list[Path]
) -> None:
    calls: list[Any] = []
    with pytest.raises(
        SettingError, match=r"got '04_gap_analysis.foo' \(it has: 'period', 'scope', 'language', 'level'\)"
    ):
        publish(
            make_book(), notebooks=report_notebooks, parameters={"04_gap_analysis": {"foo": "1"}},
            progress=lambda *call: calls.append(call),
        )  # fmt: skip
    assert calls == []


def test_an_unknown_notebook_is_refused(make_book: Callable[..., Any], report_notebooks: list[Path]) -> None:
    wanted = "notebooks must be among 04_gap_analysis, 05_report_and_action_plan, got '4_gap'. Name one of them."
    with pytest.raises(UsageError) as refused:
        publish(make_book(), notebooks=report_notebooks, only=["4_gap"])
    assert str(refused.value) == wanted


def test_data_that_change_during_a_run_are_refused(make_book: Callable[..., Any], report_notebooks: list[Path]) -> None:
    book = make_book()
    book.data.versions["contacts"] = 3
    with pytest.raises(UnavailableError, match="data must stay as they are during a run"):
        publish(book, notebooks=report_notebooks)
    assert not (book.workspace / "reports" / "2024Q1").exists()


def test_a_setting_that_changes_during_a_run_is_refused(
    make_book: Callable[..., Any], make_notebook: Callable[..., Path], report_notebooks: list[Path]
) -> None:
    edit = """
import os, pathlib
folder = pathlib.Path(os.environ["CSM_WORKSPACE"], "data", "config")
folder.mkdir(parents=True)
(folder / "workbook.toml").write_text("repeat_window_days = 5")
"""
    book = make_book()
    with pytest.raises(UnavailableError, match=r"got a change of workbook\.repeat_window_days meanwhile"):
        publish(book, notebooks=[make_notebook("03_data_collection", edit), *report_notebooks])
    assert not (book.workspace / "reports" / "2024Q1").exists()


def test_a_notebook_that_changes_during_a_run_is_refused(
    make_book: Callable[..., Any], make_notebook: Callable[..., Path], report_notebooks: list[Path]
) -> None:
    path = make_notebook("06_root_cause", f"""
import nbformat
notebook = nbformat.read({str(report_notebooks[0])!r}, as_version=4)
notebook.cells[-2].source += "\\n1 + 1"
nbformat.write(notebook, {str(report_notebooks[0])!r})
""")  # fmt: skip
    with pytest.raises(UnavailableError, match="got a change of 04_gap_analysis meanwhile"):
        publish(make_book(), notebooks=[*report_notebooks, path])


def _moved(notebooks: list[Path], value: float) -> list[Path]:
    """Let the report's notebook hand over another value."""
    text = notebooks[1].read_text(encoding="utf-8")
    notebooks[1].write_text(re.sub(r"value=0\.\d+", f"value={value}", text), encoding="utf-8")
    return notebooks


def test_editions_are_counted_on_after_a_report_was_removed(
    published: RunResult, make_book: Callable[..., Any], report_notebooks: list[Path]
) -> None:
    second = publish(make_book(), notebooks=_moved(report_notebooks, 0.79))
    shutil.rmtree(second.report.parent)
    third = publish(make_book(), notebooks=_moved(report_notebooks, 0.80))
    # the second edition went with its folder; the first is kept, and what is published now is compared with it
    assert (second.edition, third.edition) == (2, 2)
    assert [(row["was"]["value"], row["now"]["value"]) for row in third.restatements] == [(0.78, 0.80)]
    fourth = publish(make_book(), notebooks=_moved(report_notebooks, 0.81))
    assert fourth.edition == 3


def test_what_a_killed_run_did_not_get_to_say_is_said_by_the_next(
    published: RunResult, make_book: Callable[..., Any], report_notebooks: list[Path]
) -> None:
    notebooks = _moved(report_notebooks, 0.79)
    second = publish(make_book(), notebooks=notebooks)
    os.utime(second.report.parents[1] / "index.html", (0, 0))  # killed before the page over all periods
    third = publish(make_book(), notebooks=notebooks, resume=True)
    assert [row["now"]["value"] for row in third.restatements] == [0.79]
    assert publish(make_book(), notebooks=notebooks, resume=True).restatements == ()


def test_the_chinese_page_has_the_chinese_twin(make_book: Callable[..., Any], report_notebooks: list[Path]) -> None:
    result = publish(make_book(language="zh"), notebooks=report_notebooks, only=["04_gap_analysis"])
    html = result.report.read_text(encoding="utf-8")
    assert '<html lang="zh-Hans">' in html and "差距在哪" in html and "All contacts" not in html
    assert "最好" in html


@pytest.mark.skipif(os.name == "nt", reason="kill −9 is a POSIX signal")
@pytest.mark.parametrize("after_s", [0.5, 4.0])
def test_kill_9_leaves_the_old_report_and_no_kernel(
    after_s: float,
    published: RunResult,
    make_book: Callable[..., Any],
    make_notebook: Callable[..., Path],
    tmp_path: Path,
) -> None:
    before = published.report.read_bytes()
    mark = f"mark-{os.getpid()}-{after_s}"
    slow = make_notebook("04_gap_analysis", "import time\ntime.sleep(300)")
    program = tmp_path / "program.py"
    program.write_text(
        textwrap.dedent(f"""
        import sys
        from pathlib import Path
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from conftest import stand_in
        from csm_lib.publish.site import publish
        publish(stand_in(Path({str(make_book().workspace)!r})), notebooks=[Path({str(slow)!r})], progress=print)
        """),
        encoding="utf-8",
    )
    runner = subprocess.Popen(
        [sys.executable, str(program)], env={**os.environ, "CSM_TEST_MARK": mark}, stdout=subprocess.PIPE, text=True
    )
    assert runner.stdout is not None
    runner.stdout.readline()  # the notebook has started
    time.sleep(after_s)
    with pytest.raises(UnavailableError, match="reports must be written by one run at a time, got a second one"):
        publish(make_book(), notebooks=[slow])
    runner.send_signal(signal.SIGKILL)
    runner.wait()
    runner.stdout.close()
    deadline = time.monotonic() + 15
    while _alive(mark) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert _alive(mark) == []
    assert published.report.read_bytes() == before
    quick = make_notebook("04_gap_analysis", "1")
    publish(make_book(), notebooks=[quick])
    assert not list(published.report.parents[1].glob(".staging-*"))


def _active(html: str) -> list[str]:
    """Find whatever on a page could run or load something."""
    found: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            if tag in {"script", "iframe", "object", "embed", "base", "form"}:
                found.append(tag)
            for name, value in attrs:
                is_loading = name in {"src", "href", "srcset", "action", "poster", "xlink:href"}
                is_outside = re.match(r"\s*(?:(?!data:)\w+:|//)", value or "")
                if name.startswith("on") or (is_loading and is_outside):
                    found.append(f"{tag} {name}={value}")

    Reader().feed(html)
    return found


def _alive(mark: str) -> list[str]:
    """Find processes that carry a mark in their environment (Linux), or nothing elsewhere."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if (
                mark.encode() in (folder / "environ").read_bytes()
                and "State:\tZ" not in (folder / "status").read_text()
            ):
                found.append(folder.name)
        except OSError:
            continue
    return found


def test_an_answer_stands_above_the_code_of_the_cells_that_only_compute(
    make_book: Callable[..., Any], make_notebook: Callable[..., Path]
) -> None:
    notebook = make_notebook("05_report_and_action_plan", "found = 6 * 7", "print(found)", "unseen = 1")
    page = publish(make_book(), notebooks=[notebook]).report.read_text(encoding="utf-8")
    places = [page.index(text) for text in (">42", "Parameters of this run", "found = 6 * 7", "print(found)")]
    assert places == sorted(places)
    assert "unseen = 1" in page
