from __future__ import annotations

import pytest
from bs4 import BeautifulSoup

from csm_lib.publish.markup import clean, loads


@pytest.mark.parametrize(
    ("html", "wanted"),
    [
        pytest.param("<p>a<script>x()</script>b</p>", "<p>ab</p>", id="a script goes with its content"),
        pytest.param("<style>p{}</style><p>a</p>", "<p>a</p>", id="a style goes with its content"),
        pytest.param('<p onclick="x()" style="x">a</p>', "<p>a</p>", id="an event handler and a style go"),
        pytest.param('<a href="javascript:x()">a</a>', "a", id="a script link becomes text"),
        pytest.param('<a href=" javascript:x()">a</a>', "a", id="also with a space before"),
        pytest.param('<a href="//evil.example/x">a</a>', "a", id="a link to a host becomes text"),
        pytest.param('<a href="https://x.example">a</a>', "a", id="an outside link becomes text"),
        pytest.param('<a href="#top">a</a>', '<a href="#top">a</a>', id="a link in the page stays"),
        pytest.param('<a href="07.html#x">a</a>', '<a href="07.html#x">a</a>', id="a link to another page stays"),
        pytest.param('<img src="x" onerror="y()" alt="A">', "A", id="a picture from elsewhere becomes its words"),
        pytest.param("<svg onload=x()><circle/></svg>z", "z", id="a drawing that could run goes"),
        pytest.param("<blink>a &lt;b&gt;</blink>", "a &lt;b&gt;", id="an unknown element leaves its escaped text"),
        pytest.param("<!--[if IE]><b>x</b><![endif]-->a", "a", id="a comment goes"),
        pytest.param('<td colspan="9e9">a</td>', "<td>a</td>", id="a span that is no number goes"),
    ],
)
def test_only_harmless_markup_is_left(html: str, wanted: str) -> None:
    assert clean(html)[0] == wanted


def test_tables_get_scopes_a_caption_and_a_container() -> None:
    html = (
        '<table><thead><tr class="gt_heading"><td colspan="2">Teams</td></tr>'
        "<tr><th>Team</th><th></th></tr></thead><tbody><tr><th>A</th><td>1</td></tr></tbody></table>"
    )
    assert clean(html)[0] == (
        '<div aria-label="Teams" class="scroll" role="region" tabindex="0"><table><caption>Teams</caption><thead>'
        '<tr><th scope="col">Team</th><td></td></tr></thead><tbody><tr><th scope="row">A</th><td>1</td></tr></tbody>'
        "</table></div>"
    )


def test_what_a_narrow_screen_can_do_without_is_marked_in_a_scorecard_alone() -> None:
    card = (
        '<table><thead><tr><th id="x-name">N</th><th id="x-formula">F</th><th id="x-verdict">V</th></tr></thead>'
        "<tbody><tr><th>A</th><td>a sum divided by another sum, in words</td><td>met</td></tr></tbody></table>"
    )
    soup = BeautifulSoup(clean(card)[0], "html.parser")
    assert [cell.get_text()[:5] for cell in soup.select(".aside")] == ["F", "a sum"]
    assert not BeautifulSoup(clean(card.replace("x-verdict", "x-value"))[0], "html.parser").select(".aside")


def test_headings_start_at_two_and_have_ids_of_their_own() -> None:
    html, headings = clean("<h1>Why?</h1><h2>Why?</h2><h3>差距</h3>")
    assert html == '<h2 id="why">Why?</h2><h2 id="why-2">Why?</h2><h3 id="差距">差距</h3>'
    assert [(heading.id, heading.level) for heading in headings] == [("why", 1), ("why-2", 2), ("差距", 3)]


@pytest.mark.parametrize(
    ("html", "wanted"),
    [
        pytest.param('<p>&lt;img src="http://evil.example"&gt; src=http://x</p>', [], id="text that speaks of it"),
        pytest.param('<img src="data:image/png;base64,//AA" alt="//x"><a href="./a.html#b">a</a>', [], id="own things"),
        pytest.param("<IMG SRC=http://x.example/p>", ['img src="http://x.example/p"'], id="a picture"),
        pytest.param('<link href="//x.example/s">', ['link href="//x.example/s"'], id="a style sheet"),
        pytest.param("<style>a{background:url('https://x.example')}</style>", ["style url('https://"], id="a style"),
        pytest.param('<p style="background:url(//x)">a</p>', ['p style="background:url(//x)"'], id="an own style"),
    ],
)
def test_what_a_page_would_load_from_elsewhere(html: str, wanted: list[str]) -> None:
    assert loads(html) == wanted
