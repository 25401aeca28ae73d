"""Small notebooks, and a workbook that stands in for one over a warehouse."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pandas as pd
import pytest

from csm_lib.periods import Period
from csm_lib.settings import Settings, WorkbookSettings

PARAMETERS = 'period: str = "2024Q1"  # which period\nscope: str = "all"  # which part\nlanguage: str = "en"  # en, zh'

GAP = """
import pandas as pd
from csm_lib.show.tables import table
names = ["A", "<script>alert(1)</script>", "=1+1"]
teams = pd.DataFrame({"team": names, "n": [100, 50, 20], "wait_s": [10.5, 20.25, 1/3]})
table(teams, name="teams", title="Teams <img src=x onerror=alert(2)>")
"""
CHART = """
from csm_lib.show.figures import plot_teams
plot_teams(teams, title="首次响应", unit="s", value="wait_s", better="lower", target=15.0)
"""
HEADLINE = """
from csm_lib.show.prose import write_headline
write_headline([dict(key="fcr", value=0.78, low=0.77, high=0.79, n=100, unit="share", target=0.85, is_met=False,
                     verdict="missed", is_provisional=False),
                dict(key="csat", value=float("nan"), low=None, high=None, n=0, unit="share", target=0.9, is_met=None,
                     verdict="not_measured", is_provisional=False)])
"""


@pytest.fixture
def make_notebook(tmp_path: Path) -> Callable[..., Path]:
    """Write a notebook of code cells, with the usual first two cells."""

    def make(name: str, *cells: str, parameters: str = PARAMETERS, title: str | None = None) -> Path:
        tagged = nbformat.v4.new_code_cell(parameters)
        tagged.metadata["tags"] = ["parameters"]
        first = nbformat.v4.new_markdown_cell(f"# {title or name} <script>alert(0)</script>\n\nAll contacts.")
        twin = nbformat.v4.new_markdown_cell("# 差距在哪\n\n全部", metadata={"tags": ["lang-zh"]})
        body = [nbformat.v4.new_code_cell(cell.strip()) for cell in cells]
        section = nbformat.v4.new_markdown_cell(
            "## Why\n\n[there](https://example.org/x) ![p](https://example.org/p.png)"
        )
        end = nbformat.v4.new_markdown_cell("## What would change this answer?")
        notebook = nbformat.v4.new_notebook(cells=[first, twin, tagged, section, *body, end])
        for place, cell in enumerate(notebook.cells):
            cell["id"] = f"cell-{place}"
        path = tmp_path / "notebooks" / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        nbformat.write(notebook, path)
        return path

    return make


@pytest.fixture
def report_notebooks(make_notebook: Callable[..., Path]) -> list[Path]:
    """Two notebooks that make a small report."""
    return [
        make_notebook(
            "04_gap_analysis", GAP, CHART, parameters=PARAMETERS + "\nlevel: float = 0.95  # share, confidence"
        ),
        make_notebook("05_report_and_action_plan", HEADLINE),
    ]


@pytest.fixture
def make_book(tmp_path: Path) -> Callable[..., Any]:
    """Stand in for a workbook: what `publish` reads of one."""
    return lambda **changed: stand_in(tmp_path / "空 间", **changed)


def stand_in(workspace: Path, **changed: Any) -> Any:
    (workspace / "data").mkdir(parents=True, exist_ok=True)
    said = {
        "workspace": workspace,
        "period": Period(date(2024, 1, 1), date(2024, 4, 1), "2024Q1", "quarter"),
        "scope_name": "all",
        "language": "en",
        "as_of": "",
        "settings": Settings(workbook=WorkbookSettings(organisation="Sample <i>desk</i>")),
        "data": SimpleNamespace(versions={}),
        "files": pd.DataFrame({"path": ["a.csv", "a.csv"], "sha256": ["12", "12"]}),
    }
    return SimpleNamespace(**{**said, **changed})
