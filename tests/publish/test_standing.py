from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from csm_lib.errors import UnavailableError
from csm_lib.publish.editions import former_editions
from csm_lib.publish.site import publish
from csm_lib.publish.standing import read_record, standing_report
from csm_lib.settings import RunSettings, Settings, WorkbookSettings

CELL = """
from csm_lib.show.prose import write_headline
write_headline([dict(key="fcr", value={value}, low=0.7, high=0.9, n=100, unit="share", target=0.85, is_met=False,
                     verdict="missed", is_provisional=False)])
"""


def settings(**changed: Any) -> Settings:
    return Settings(workbook=WorkbookSettings(organisation="desk", **changed))


def test_former_editions_stay_and_what_moved_is_said(
    make_book: Callable[..., Any], make_notebook: Callable[..., Path]
) -> None:
    for number, value in enumerate((0.78, 0.80, 0.80, 0.81), start=1):
        notebook = make_notebook("05_report_and_action_plan", CELL.format(value=value))
        book = make_book(settings=settings(repeat_window_days=number))
        result = publish(book, notebooks=[notebook], limits=RunSettings(kept_editions=2))
        assert result.edition == number
    report = result.report.parent
    record = read_record(report)
    assert [(row["edition"], row["was"]["value"], row["now"]["value"]) for row in record["restatements"]] == [
        (2, 0.78, 0.80),
        (4, 0.80, 0.81),
    ]
    assert [row["edition"] for row in result.restatements] == [4]
    html = result.report.read_text(encoding="utf-8")
    places = [html.index(text) for text in (">Why<", "Restated since it was first published", "What would change")]
    assert places == sorted(places)
    assert "First contact resolution: 80.0% → 81.0% (edition 4, " in html
    assert "why: settings changed: workbook.repeat_window_days" in html
    assert "Restated" not in (report / "notebooks" / "05_report_and_action_plan.ipynb").read_text(encoding="utf-8")

    kept = former_editions(report)
    assert [path.name for path in kept] == ["3", "2"]
    assert [read_record(path)["edition"] for path in kept] == [3, 2]
    assert "First contact resolution: 78.0% → 80.0% (edition 2, " in (kept[1] / "index.html").read_text("utf-8")
    listed = (kept[0].parent / "index.html").read_text(encoding="utf-8")
    assert [f'href="./{n}/index.html">2024Q1 · edition {n}<' in listed for n in (1, 2, 3)] == [False, True, True]
    assert sorted(path.name for path in report.parent.iterdir()) == [".editions", ".lock", "2024Q1", "index.html"]
    publish(book, notebooks=[notebook], limits=RunSettings(kept_editions=0))
    assert former_editions(report) == []


def test_a_report_stands_until_something_it_rests_on_changes(
    make_book: Callable[..., Any], make_notebook: Callable[..., Path]
) -> None:
    notebook = make_notebook("05_report_and_action_plan", CELL.format(value=0.78))
    assert standing_report(make_book(), notebooks=[notebook]) is None
    publish(make_book(), notebooks=[notebook])
    standing = standing_report(make_book(), notebooks=[notebook])
    assert standing is not None
    assert standing.as_json() == {
        "report": str(standing.report),
        "period": "2024Q1",
        "notebooks": [{"name": "05_report_and_action_plan", "status": "reused", "seconds": 0.0}],
        "edition": 1,
        "is_unchanged": True,
        "restatements": [],
    }
    usual = make_book().settings.workbook
    slower = usual.model_copy(update={"run": RunSettings(cell_timeout_s=5)})
    assert standing_report(make_book(settings=Settings(workbook=slower)), notebooks=[notebook]) is not None

    other = usual.model_copy(update={"repeat_window_days": 3})
    assert standing_report(make_book(settings=Settings(workbook=other)), notebooks=[notebook]) is None
    assert standing_report(make_book(language="zh"), notebooks=[notebook]) is None
    changed = make_book()
    changed.data.versions["contacts"] = 2
    assert standing_report(changed, notebooks=[notebook]) is None
    overview = standing.report.parents[1] / "index.html"
    os.utime(overview, (0, 0))
    assert standing_report(make_book(), notebooks=[notebook]) is None
    os.utime(overview)
    content = json.loads(notebook.read_text(encoding="utf-8"))
    content["cells"][-2]["outputs"] = []
    notebook.write_text(json.dumps(content, indent=4), encoding="utf-8")
    assert standing_report(make_book(), notebooks=[notebook]) is not None, "stored outputs are no input"
    content["cells"][-2]["source"] += "\n1"
    notebook.write_text(json.dumps(content), encoding="utf-8")
    assert standing_report(make_book(), notebooks=[notebook]) is None


def test_while_a_run_works_nothing_is_said_to_stand(
    make_book: Callable[..., Any], make_notebook: Callable[..., Path]
) -> None:
    from csm_lib.collect.locks import exclusive

    notebook = make_notebook("05_report_and_action_plan", CELL.format(value=0.78))
    reports = publish(make_book(), notebooks=[notebook]).report.parents[1]
    wanted = rf"^reports must be written by one run at a time, got a second one \(process {os.getpid()} on "
    with exclusive(reports / ".lock"), pytest.raises(UnavailableError, match=wanted):
        standing_report(make_book(), notebooks=[notebook])
