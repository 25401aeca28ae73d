"""Every page of a site in a real browser: open to everybody, at any width, by keyboard, without scripts, on paper."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import pytest
from axe_playwright_python.base import AXE_FILE_PATH

from csm_lib.publish.printing import pages_of

pytestmark = pytest.mark.needs("browser")

_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]
_OPEN_ALL = "() => document.querySelectorAll('details').forEach(each => each.open = true)"
# what a keyboard must reach: all that acts or scrolls and is not folded away
_STOPS = """() => {
  const stops = [...document.querySelectorAll('a[href], summary, button, input, [tabindex="0"]')];
  window.stops = stops.filter(each => each.checkVisibility());
  window.reached = new Set();
  document.addEventListener('focusin', event => window.reached.add(event.target));
  return window.stops.length;
}"""
_LEFT_OUT = "() => window.stops.filter(each => !window.reached.has(each)).map(each => each.outerHTML.slice(0, 120))"
WIDTHS = pytest.mark.parametrize("width", [1280, 390], ids=["desk", "phone"])


@WIDTHS
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_even_with_everything_unfolded(browser: Any, site: Any, width: int, scheme: str) -> None:
    axe = AXE_FILE_PATH.read_text(encoding="utf-8")
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
    tab = context.new_page()
    found = {}
    for page in site.pages:
        tab.goto(page.as_uri())
        tab.evaluate(_OPEN_ALL)
        tab.evaluate(axe)
        made = tab.evaluate("rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", _RULES)
        assert made["testEngine"]["name"] == "axe-core"
        found |= {f"{page.name} {each['id']}": each["nodes"][0]["html"][:200] for each in made["violations"]}
    context.close()
    assert found == {}


def test_axe_would_find_a_picture_without_words(browser: Any) -> None:
    tab = browser.new_page(bypass_csp=True)
    tab.set_content('<html lang="en"><title>t</title><main><img src="data:,"></main></html>')
    tab.evaluate(AXE_FILE_PATH.read_text(encoding="utf-8"))
    made = tab.evaluate("rules => axe.run(document, {runOnly: rules})", _RULES)
    tab.close()
    assert "image-alt" in {each["id"] for each in made["violations"]}


@WIDTHS
def test_a_page_asks_for_nothing_and_never_scrolls_sideways(browser: Any, site: Any, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900})
    tab = context.new_page()
    asked: list[str] = []
    said: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("console", lambda message: said.append(message.text))
    tab.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    for page in site.pages:
        asked.clear()
        tab.goto(page.as_uri())
        tab.evaluate(_OPEN_ALL)
        seen, there = tab.evaluate("() => [document.documentElement.scrollWidth, window.innerWidth]")
        assert seen <= there, f"{page.name} is {seen} wide"
        assert {url for url in asked if not url.startswith("data:")} == {page.as_uri()}
        assert page.stat().st_size < 2_000_000
    context.close()
    assert said == []


def test_the_tab_key_reaches_everything_that_acts_or_scrolls(browser: Any, english: Any) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    tab = context.new_page()
    for page in english.pages:
        tab.goto(page.as_uri())
        n_stops = tab.evaluate(_STOPS)
        assert n_stops > (5 if page.parent == english.report else 0)
        for _ in range(n_stops):
            tab.keyboard.press("Tab")
        assert tab.evaluate(_LEFT_OUT) == [], page.name
    context.close()


def test_without_scripts_nothing_is_missing(browser: Any, site: Any) -> None:
    read = "e => e.innerText"
    texts = []
    for has_scripts in (True, False):
        context = browser.new_context(java_script_enabled=has_scripts)
        tab = context.new_page()
        texts.append([])
        for page in site.pages:
            tab.goto(page.as_uri())
            texts[-1].append(tab.locator("body").evaluate(read))
        if not has_scripts:
            tab.goto((site.report / "index.html").as_uri())
            part = tab.locator("details.part").first
            assert not part.locator("table").first.is_visible()
            part.locator("summary").first.click()
            assert part.locator("table").first.is_visible()
            assert tab.locator("script").count() == 0
        context.close()
    assert texts[0] == texts[1]


def test_every_name_leads_to_its_definition_and_every_link_to_a_place(browser: Any, site: Any) -> None:
    context = browser.new_context()
    tab = context.new_page()
    ids, links = {}, {}
    for page in site.pages:
        tab.goto(page.as_uri())
        ids[page.as_uri()] = set(tab.evaluate("() => [...document.querySelectorAll('[id]')].map(each => each.id)"))
        links[page] = tab.evaluate("() => [...document.querySelectorAll('a[href]')].map(each => each.href)")
        if page.parent == site.report and page.name[:2] in ("in", "02", "04"):
            assert tab.locator("a.term").count() > 0
    context.close()
    broken = []
    for page, hrefs in links.items():
        for href in hrefs:
            target, _, place = href.partition("#")
            place = unquote(place)
            beside = page.parent / target.removeprefix(page.parent.as_uri() + "/")
            is_there = target in ids or beside.exists() or target.endswith("/reports/index.html")
            is_named = not place or target not in ids or place in ids[target]
            broken += [] if is_there and is_named else [href]
    assert broken == []


def test_the_printed_executive_page_is_two_sheets_that_hold_the_answer_and_the_plan(
    browser: Any, site: Any, tmp_path: Any
) -> None:
    context = browser.new_context()
    tab = context.new_page()
    tab.goto((site.report / "index.html").as_uri())
    paper = tmp_path / "page.pdf"
    paper.write_bytes(tab.pdf(format="A4", prefer_css_page_size=True))
    tab.emulate_media(media="print")
    tables = tab.locator("main > .cell .scroll").all()
    assert len(tables) >= 3
    assert all(each.is_visible() for each in tables)
    assert tab.locator(".on-paper").is_visible()
    assert not tab.locator("details.part").first.is_visible()
    context.close()
    assert pages_of(paper) <= 2
