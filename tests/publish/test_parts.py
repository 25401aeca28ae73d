from __future__ import annotations

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from csm_lib.publish.export import Link, PageFrame, page
from csm_lib.publish.parts import mark_folded, parts_of


def tagged(source: str, *tags: str) -> object:
    return new_markdown_cell(source, metadata={"tags": list(tags)})


def test_a_section_is_folded_up_to_the_next_one_and_a_twin_belongs_to_its_original() -> None:
    cells = [
        tagged("## One", "lang-en"), tagged("## 一", "lang-zh"), new_code_cell("1"),
        tagged("## Two", "lang-en", "folded"), tagged("## 二", "lang-zh"), new_code_cell("2"), tagged("### More"),
        tagged("## Three", "lang-en"), tagged("## 三", "lang-zh"),
    ]  # fmt: skip
    mark_folded(cells)
    assert [cell.metadata["is_folded"] for cell in cells] == [False] * 3 + [True] * 4 + [False] * 2


def test_each_folded_section_is_a_part_under_its_heading() -> None:
    shown = ["<p>a</p>", '<h2 id="b">B</h2>\n<p>b</p>', "<p>c</p>", '<h2 id="d">D</h2>', '<h2 id="e">E</h2>']
    cells = [new_markdown_cell("x", metadata={"shown": text}) for text in shown]
    for cell, is_folded in zip(cells, (False, True, True, True, False), strict=True):
        cell.metadata["is_folded"] = is_folded
    parts = parts_of(cells)
    assert [part.heading for part in parts] == ["", '<h2 id="b">B</h2>', '<h2 id="d">D</h2>', ""]
    assert [[cell.metadata["shown"] for cell in part.cells] for part in parts] == [
        ["<p>a</p>"],
        ["<p>b</p>", "<p>c</p>"],
        [""],
        ['<h2 id="e">E</h2>'],
    ]


def notebook(*cells: object) -> object:
    return new_notebook(cells=list(cells))


def test_a_page_says_which_parts_are_not_printed_and_leads_to_them() -> None:
    html = page(notebook(tagged("# Q?\n\nAll."), tagged("## A"), tagged("## B & C", "folded")), PageFrame("desk"))
    assert '<summary><h2 id="b-c">B &amp; C</h2></summary>' in html
    assert '<li><a href="#b-c">B &amp; C</a></li>' in html
    assert "Not printed unless opened on the page before: B &amp; C." in html
    assert html.index("About this page") < html.index("All.") < html.index('id="a"')


def test_the_code_of_a_page_is_under_each_answer_and_once_as_a_whole() -> None:
    answer = new_code_cell("b = a")
    answer.outputs = [new_output("display_data", data={"text/markdown": "It is 1."})]
    html = page(notebook(tagged("# Q?"), new_code_cell("a = 1"), answer), PageFrame("desk"))
    assert "<summary>Code of cells 1–2</summary>" in html
    assert html.count("a = 1\n\nb = a</code>") == 2
    assert "<summary>All code of this page</summary>" in html


def test_a_link_to_a_notebook_leads_to_its_page_where_there_is_one() -> None:
    cell = tagged("# Q?\n\n## See\n\n[causes](06_root_cause.ipynb#why), [staff](07_staffing.ipynb)")
    html = page(notebook(cell), PageFrame("desk", links=[Link("06_root_cause.html", "Causes")]))
    assert '<a href="06_root_cause.html#why">causes</a>, staff' in html
