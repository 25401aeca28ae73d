"""What somebody planted in the data does nothing on a page, in a table or in a spreadsheet: it is shown as text."""

from __future__ import annotations

import csv
import re
import zipfile
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pytest

_RUNS = {"script", "iframe", "object", "embed", "base", "form", "svg", "math", "template", "button"}
_BEGINS_A_FORMULA = re.compile(r"[=+\-@\t\r]")
_IS_A_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


def active(html: str) -> list[str]:
    """Find whatever on a page could run, or load something from elsewhere."""
    found: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.extend([tag] if tag in _RUNS else [])
            for name, value in attrs:
                scheme = re.match(r"[\s\x00-\x1f]*([\w+.-]+):|\s*//", value or "")
                loads = name in {"src", "href", "srcset", "action", "formaction", "poster", "data", "xlink:href"}
                is_harmless = scheme and (value or "").startswith(("data:image/", "data:,"))
                if name.startswith("on") or name in {"style", "srcdoc"} or (loads and scheme and not is_harmless):
                    found.append(f"{tag} {name}={value}")

    Reader().feed(html)
    return found


def test_the_search_finds_what_is_active() -> None:
    planted = '<p onclick="x()"><a href=" javascript:x()">a</a><img src="//evil"><script>x</script>'
    assert active(planted) == ["p onclick=x()", "a href= javascript:x()", "img src=//evil", "script"]
    assert active('<a href="a.html#b">a</a><img src="data:image/png;base64,AA" alt="">') == []


def test_nothing_planted_is_active_on_any_page(planted: Any) -> None:
    shown = ""
    for page in (planted.workspace / "reports").rglob("*.html"):
        html = page.read_text(encoding="utf-8")
        assert active(html) == [], page.name
        shown += html
    # it got there, or nothing was tested
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert "onerror=alert(2)&gt;" in shown
    assert "=HYPERLINK(" in shown


@pytest.mark.needs("browser")
def test_a_browser_runs_nothing_of_it(planted: Any, browser: Any) -> None:
    context = browser.new_context(bypass_csp=True)  # the policy must not be what holds it
    tab = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    tab.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    tab.on("request", lambda request: asked.append(request.url))
    for page in planted.pages:
        tab.goto(page.as_uri())
    context.close()
    assert said == []
    assert [url for url in asked if not url.startswith(("file://", "data:"))] == []


def test_no_cell_of_a_table_begins_a_formula(planted: Any) -> None:
    seen = set()
    for path in (planted.report / "tables").glob("*.csv"):
        with path.open(encoding="utf-8-sig", newline="") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        begun = [cell for cell in cells if _BEGINS_A_FORMULA.match(cell) and not _IS_A_NUMBER.fullmatch(cell)]
        assert begun == [], path.name
        seen |= {cell for cell in cells if cell.startswith("'")}
    assert any(cell.startswith("'=HYPERLINK") for cell in seen)


def test_no_spreadsheet_holds_a_formula_or_a_link(planted: Any) -> None:
    books = [*planted.report.rglob("*.xlsx")]
    assert books
    for path in books:
        with zipfile.ZipFile(path) as book:
            for name in book.namelist():
                assert "externalLink" not in name
                if name.endswith((".xml", ".rels")):
                    tags = {each.tag.rpartition("}")[2] for each in ElementTree.fromstring(book.read(name)).iter()}
                    assert not tags & {"f", "hyperlink", "hyperlinks"}, name
