"""Put a report's folder together: each notebook's page as soon as it has run, then tables, record and front page.

Pages are written while other notebooks still run, so that little is left to do after the last one. The front page waits
for the record of the run, since it says which published numbers have moved.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from copy import copy
from html import escape
from pathlib import Path
from typing import Any

import nbformat

from csm_lib.publish.export import Link, PageFrame, failed_page, page, title_of, word
from csm_lib.publish.overview import near_periods
from csm_lib.publish.records import asked_of, write_record
from csm_lib.publish.runner import NotebookRun
from csm_lib.publish.spreadsheets import gather, write_csv, write_spreadsheet
from csm_lib.show.messages import say
from csm_lib.show.messages_of_pages import PAGES
from csm_lib.show.restated import sentences_restated
from csm_lib.show.translation import LANGUAGES, translated

__all__ = ["KEPT", "REPORT_NOTEBOOK", "Assembly"]

REPORT_NOTEBOOK = "05_report_and_action_plan"
KEPT = ".run"


class Assembly:
    """A report in the making.

    Parameters
    ----------
    folder : Path
        Where it is put together; `KEPT` in it holds what the notebooks keep.
    book : Workbook
    notebooks : sequence of Path
        Those that make up the report.

    Attributes
    ----------
    front : str
        Name of the notebook whose page opens the report.
    """

    def __init__(self, folder: Path, book: Any, notebooks: Sequence[Path]) -> None:
        names = [path.stem for path in notebooks]
        self.front = REPORT_NOTEBOOK if REPORT_NOTEBOOK in names else names[0]
        self._folder = folder
        self._book = book
        self._titles = {path.stem: _title(path, book.language) for path in notebooks}
        (folder / "notebooks").mkdir()

    def add(self, run: NotebookRun) -> None:
        """Write what is there of a notebook that has run; may be called from several threads."""
        nbformat.write(run.notebook, self._folder / "notebooks" / f"{run.name}.ipynb")
        if run.name != self.front:
            self._write_page(run, run.notebook)

    def finish(self, runs: Sequence[NotebookRun], record: Mapping[str, Any]) -> None:
        """Write the front page, tables and record, once all notebooks are added."""
        front = next(run for run in runs if run.name == self.front)
        self._write_page(front, _with_restatements(front.notebook, record))
        shutil.copyfile(self._folder / f"{self.front}.html", self._folder / "index.html")
        (self._folder / "tables").mkdir()
        tables = gather(self._folder / KEPT)
        for name, entry in tables.items():
            write_csv(entry.frame, self._folder / "tables" / f"{name}.csv")
        write_spreadsheet(tables, self._folder / "tables" / "tables.xlsx")
        write_record(self._folder, record)

    def _write_page(self, run: NotebookRun, notebook: Any) -> None:
        frame = self._frame(run.name)
        html = failed_page(notebook, run.failure, frame) if run.failure else page(notebook, frame)
        (self._folder / f"{run.name}.html").write_text(html, encoding="utf-8")

    def _frame(self, current: str) -> PageFrame:
        book, language = self._book, self._book.language
        front = REPORT_NOTEBOOK if REPORT_NOTEBOOK in self._titles else ""
        links = [
            Link("index.html" if name == front else f"{name}.html", self._titles[name], name == current)
            for name in sorted(self._titles, key=lambda name: name != front)
        ]
        downloads = (
            Link("tables/tables.xlsx", word("tables", language)),
            Link("run.json", word("run", language)),
        )
        scope = "" if book.scope_name == "all" else f" · {translated(book.scope_name, language)}"
        scope += f" · {word('as_of', language)} {book.as_of}" if book.as_of else ""
        periods = near_periods(book.workspace / "reports", asked_of(book, {}), language=language)
        subtitle = f"{translated(book.settings.workbook.organisation, language)} · {book.period.name}{scope}"
        return PageFrame(subtitle, language, links, downloads, periods)


def _title(path: Path, language: str) -> str:
    """Name a notebook in the navigation."""
    if f"nav_{path.stem}" in PAGES:
        return say(f"nav_{path.stem}", language)
    return title_of(nbformat.read(path, as_version=4), language=language, fallback=path.stem)


def _with_restatements(notebook: Any, record: Mapping[str, Any]) -> Any:
    """Give the notebook with a section on what was restated, after its first section; itself if nothing was."""
    sections = []
    for language in LANGUAGES:
        said = sentences_restated(record["restatements"], language=language)
        lines = "\n".join(f"<li>{escape(text)}</li>" for text in said)
        text = f"## {say('restated', language)}\n\n<ul>\n{lines}\n</ul>"
        tags = {"tags": [f"lang-{language}"]}
        sections += [nbformat.v4.new_markdown_cell(text, metadata=tags)] if said else []
    if not sections:
        return notebook
    shown = copy(notebook)
    places = [place for place, cell in enumerate(shown.cells) if _opens_section(cell)]
    after = places[1] if len(places) > 1 else len(shown.cells)
    shown.cells = [*shown.cells[:after], *sections, *shown.cells[after:]]
    return shown


def _opens_section(cell: Any) -> bool:
    is_twin = "lang-zh" in cell.metadata.get("tags", [])
    return cell.cell_type == "markdown" and cell.source.startswith("## ") and not is_twin
