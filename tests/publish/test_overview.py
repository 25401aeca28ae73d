from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from csm_lib.publish.overview import link_neighbours, near_periods, write_overview

QUARTERS = {
    "2023Q3": ("2023-07-01", "2023-10-01", 0.70),
    "2023Q4": ("2023-10-01", "2024-01-01", 0.75),
    "2024Q1": ("2024-01-01", "2024-04-01", 0.78),
}


def record(name: str, start_on: str, end_on: str, value: float, *, scope: str = "all") -> dict[str, Any]:
    row = {"key": "fcr", "value": value, "unit": "share", "target": 0.85, "verdict": "missed"}
    parameters = {"period": name, "scope": scope}
    return {"period": {"start_on": start_on, "end_on": end_on}, "parameters": parameters, "headline": [row]}


def written(reports: Path, **records: dict[str, Any]) -> Path:
    for name, one in records.items():
        (reports / name).mkdir(parents=True)
        (reports / name / "run.json").write_text(json.dumps(one), encoding="utf-8")
    return reports


def test_a_report_leads_to_those_before_and_after_it_of_the_same_kind(tmp_path: Path) -> None:
    quarters = {name: record(name, *said) for name, said in QUARTERS.items()}
    other = record("2024-03", "2024-03-01", "2024-04-01", 0.9)
    east = record("2023Q4@east", "2023-10-01", "2024-01-01", 0.9, scope="east")
    reports = written(tmp_path, **quarters, **{"2024-03": other, "2023Q4@east": east})
    found = near_periods(reports, quarters["2023Q4"], language="en")
    assert [(link.href, link.title) for link in found] == [
        ("../index.html", "All periods"),
        ("../2023Q3/index.html", "← 2023Q3"),
        ("../2024Q1/index.html", "2024Q1 →"),
    ]
    assert [link.href for link in near_periods(reports, east, language="en")] == ["../index.html"]


def test_the_page_over_all_periods_draws_the_course_and_says_it(tmp_path: Path) -> None:
    reports = written(tmp_path, **{name: record(name, *said) for name, said in QUARTERS.items()})
    html = write_overview(reports, organisation="desk", language="en").read_text(encoding="utf-8")
    assert 'alt="First contact resolution: 70.0% (2023Q3) → 78.0% (2024Q1)"' in html
    assert '<a class="term" href="#term-fcr">First contact resolution</a>' in html


def test_one_period_has_no_course(tmp_path: Path) -> None:
    reports = written(tmp_path, **{"2023Q3": record("2023Q3", *QUARTERS["2023Q3"])})
    html = write_overview(reports, organisation="desk", language="en").read_text(encoding="utf-8")
    assert "How the headline indicators moved" not in html


def test_reports_that_were_there_before_lead_to_the_new_one(tmp_path: Path) -> None:
    reports = written(tmp_path, **{name: record(name, *said) for name, said in QUARTERS.items()})
    nav = '<nav class="periods" aria-label="Periods">\n<ul>\n<li><a href="../index.html">All periods</a></li>\n</ul>'
    for name in QUARTERS:
        (reports / name / "index.html").write_text(f"<header>{nav}</nav></header><p>2023Q4</p>", encoding="utf-8")
    link_neighbours(reports, "2023Q4", language="en")
    before, after = ((reports / name / "index.html").read_text(encoding="utf-8") for name in ("2023Q3", "2024Q1"))
    assert '<li><a href="../2023Q4/index.html">2023Q4 →</a></li>\n</ul></nav>' in before
    assert '<li><a href="../2023Q4/index.html">← 2023Q4</a></li>\n</ul></nav>' in after
    assert "2023Q3" not in (reports / "2023Q4" / "index.html").read_text(encoding="utf-8").replace("2023Q4", "")
    assert sorted(path.name for path in (reports / "2023Q3").iterdir()) == ["index.html", "run.json"]
