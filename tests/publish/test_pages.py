"""The pages in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from csm_lib.publish.site import publish

pytestmark = pytest.mark.needs("browser")


@pytest.mark.parametrize("width", [1280, 390], ids=["desk", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_loads_nothing_fits_its_width_and_shows_its_pictures(
    browser: Any, width: int, scheme: str, make_book: Callable[..., Any], report_notebooks: list[Path]
) -> None:
    report = publish(make_book(), notebooks=report_notebooks).report.parent
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=False
    )
    tab = context.new_page()
    asked: list[str] = []
    said: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("console", lambda message: said.append(message.text))
    for page in [report / "04_gap_analysis.html", report / "index.html", report.parent / "index.html"]:
        asked.clear()
        tab.goto(page.as_uri())
        assert all(url == page.as_uri() or url.startswith("data:image/") for url in asked)
        box = tab.locator("html").evaluate("e => [e.scrollWidth, e.clientWidth]")
        assert box[0] <= box[1], f"{page.name} is {box[0]} wide"
        assert tab.locator("h1").count() == 1
        assert tab.locator("img:not([alt])").count() == 0
    assert said == []
    tab.goto((report / "04_gap_analysis.html").as_uri())
    assert tab.locator(".figure img").first.evaluate("e => e.complete && e.naturalWidth > 100")
    code = tab.locator("details.code").first
    assert not code.locator("pre").is_visible()
    code.locator("summary").click()
    assert code.locator("pre").is_visible()
    context.close()
