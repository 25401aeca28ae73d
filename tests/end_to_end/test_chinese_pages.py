"""A report in Chinese holds no English: the tiny organisation is run with `--language zh` and its pages are read."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
from bs4 import BeautifulSoup

from csm_lib.publish.fingerprints import packages

# names of methods, scales and products that keep their letters, and the organisation's own names
PROPER = {
    *re.findall(
        r"\S+",
        "LMG Shapley VIF Logit McFadden "
        "SMART SLA OLA NPS CSAT FCR AHT WAPE EWMA RACI UTC App RSD Wilson Wald Erlang Kappa Cohen Fleiss Clopper "
        "Pearson Bell McCaffrey CR2 Goodman Woodruff Kaplan Meier Aalen Johansen Brookmeyer Crowley Garwood "
        "csm_lib Harbour Hill",
    )
}
WORD = re.compile(r"[A-Za-z_]{2,}\d?")
FILE = re.compile(r"\w+\.toml|data/tables/\w+", re.ASCII)  # names of files keep their letters too


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def english_in(html: str) -> dict[str, str]:
    """English words that a reader of a page sees or hears, each with the text it stands in."""
    page = BeautifulSoup(html, "html.parser")
    for element in page.select("style, script, code, pre"):
        element.decompose()
    spoken = ("alt", "aria-label", "title")
    heard = [str(element[name]) for name in spoken for element in page.find_all(attrs={name: True})]
    texts = [" ".join(str(text).split()) for text in page.find_all(string=True) if text.strip() != "html"]
    allowed = PROPER | set(packages())
    found = [(word, text[:160]) for text in [*texts, *heard] for word in WORD.findall(FILE.sub("", text))]
    return {word: text for word, text in found if word not in allowed}


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tiny = load("test_tiny_organisation")
    workspace = tiny.make(tmp_path_factory.mktemp("zh") / "中文")
    tiny.csm(workspace, "ingest")
    result = tiny.csm(workspace, "run", "2024-03", "--language", "zh", TZ="Asia/Shanghai")
    return Path(result["report"]).parent.parent


def test_no_page_holds_an_english_word(reports: Path) -> None:
    pages = [reports / "index.html", *sorted((reports / "2024-03").glob("*.html"))]
    assert len(pages) >= 9
    found = {page.name: english_in(page.read_text(encoding="utf-8")) for page in pages}
    assert {name: words for name, words in found.items() if words} == {}


def test_every_page_says_that_it_is_chinese(reports: Path) -> None:
    for page in sorted((reports / "2024-03").glob("*.html")):
        assert '<html lang="zh-Hans">' in page.read_text(encoding="utf-8")


def test_the_check_sees_an_english_word() -> None:
    html = '<p>指标 value <code>contact_id</code> SLA</p><img alt="图：highest"><style>body { color: red }</style>'
    assert english_in(html) == {"value": "指标 value", "highest": "图：highest"}
