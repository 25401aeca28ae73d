"""What stays on one line of a page, and how a page is headed."""

from __future__ import annotations

import nbformat
import pytest

from csm_lib.publish.export import PageFrame, page


def page_of(html: str, title: str = "05 What do we say?") -> str:
    shown = nbformat.v4.new_code_cell("")
    shown.outputs = [nbformat.v4.new_output("display_data", data={"text/html": html})]
    return page(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(f"# {title}"), shown]), PageFrame("x"))


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("35.0 s", "35.0\N{NO-BREAK SPACE}s"),
        ("≤ 30.0 s", "≤\N{NO-BREAK SPACE}30.0\N{NO-BREAK SPACE}s"),
        ("n = 12", "n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}12"),
        ("41.1–47.4%", '<span class="one">41.1–47.4%</span>'),
        ("1,200–1,300 s", '<span class="one">1,200–1,300</span>\N{NO-BREAK SPACE}s'),
        ("2024-01-02", "2024-01-02"),
    ],
)
def test_what_is_read_as_one_stays_on_one_line(written: str, kept: str) -> None:
    assert f"<p>about {kept} there</p>" in page_of(f"<p>about {written} there</p>")


def test_attributes_stay_as_they_are() -> None:
    assert '<abbr title="1.0–2.0 s">x</abbr>' in page_of('<p><abbr title="1.0–2.0 s">x</abbr></p>')


def test_a_page_is_headed_by_its_question_without_the_number_of_its_file() -> None:
    html = page_of("<p>x</p>")
    assert '<h1 id="top">What do we say?</h1>' in html
    assert "<title>What do we say? – x</title>" in html
    assert '<h1 id="top">2024 in one page</h1>' in page_of("<p>x</p>", title="2024 in one page")
