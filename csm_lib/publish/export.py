"""Turn an executed notebook into one page that needs nothing but itself.

The page works from a folder, offline, without scripts, on a phone, on paper and in the dark. A reader sees questions
and answers; the code is one click below each answer. nbconvert converts with the template in `template/`.
"""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from html import escape
from pathlib import Path
from typing import Any

from nbconvert.exporters import HTMLExporter, TemplateExporter
from nbconvert.filters import markdown2html, strip_ansi
from nbconvert.preprocessors import Preprocessor

from csm_lib.publish.markup import Heading, clean, plain
from csm_lib.publish.parts import mark_folded, parts_of
from csm_lib.publish.runner import Failure, is_numbered
from csm_lib.publish.terms import definitions, link_terms_in
from csm_lib.show.messages import say
from csm_lib.show.messages_of_pages import PAGES

__all__ = ["POLICY", "Link", "PageFrame", "failed_page", "page", "title_of"]

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
_HERE = Path(__file__).parent
_NUMBER = re.compile(r"\A\d\d ")
_TEXT = re.compile(r"(?<=>)[^<>]+|\A[^<>]+")
_SIGNS = re.compile(r"(?<=[≤≥]) (?=\d)|(?<=\bn) (?==)|(?<=n\s=) (?=\d)|(?<=\d) (?=(?:s|min|h|days|points)\b)")
_INTERVAL = re.compile(r"[−]?\d[\d.,]*%?–[−]?\d[\d.,]*%?")
_one_at_a_time = threading.Lock()  # an exporter of nbconvert's keeps the notebook in hand
_LANG = {"en": "en", "zh": "zh-Hans"}


@dataclass(frozen=True)
class Link:
    """A link of a page's navigation."""

    href: str
    title: str
    is_current: bool = False


@dataclass(frozen=True)
class PageFrame:
    """What surrounds a notebook on its page.

    Attributes
    ----------
    subtitle : str
        Organisation, period and scope.
    language : str
    links, periods, downloads : sequence of Link
        Navigation at the top: between pages, and between periods; and at the foot of the page.
    notice : str
        Clean markup shown first.
    has_code : bool
        Offer each cell's code.
    """

    subtitle: str
    language: str = "en"
    links: Sequence[Link] = ()
    downloads: Sequence[Link] = field(default=())
    periods: Sequence[Link] = ()
    notice: str = ""
    has_code: bool = True


def word(key: str, language: str) -> str:
    """Write one of the fixed words of a page."""
    return say(f"page_{key}", language)


def page(notebook: Any, frame: PageFrame) -> str:
    """Export an executed notebook as a page.

    Parameters
    ----------
    notebook : NotebookNode
        Not changed.
    frame : PageFrame

    Returns
    -------
    str
        A whole HTML document.
    """
    context = {
        "lang": _LANG[frame.language],
        "policy": POLICY,
        "css": _css(),
        "subtitle": frame.subtitle,
        "links": frame.links,
        "periods": frame.periods,
        "downloads": frame.downloads,
        "notice": frame.notice,
        "has_code": frame.has_code,
        "footer": word("made", frame.language),
        "words": {
            key.removeprefix("page_"): say(key, frame.language)
            for key, english in PAGES.items()
            if key.startswith("page_") and "{" not in english
        },
        "say": say,
    }
    resources = {"page": context, "language": frame.language, "pages": {link.href for link in frame.links}}
    with _one_at_a_time:
        html, _ = _exporter().from_notebook_node(notebook, resources=resources)
    return str(html)


def failed_page(notebook: Any, failure: Failure, frame: PageFrame) -> str:
    """Export a notebook that failed, the error first.

    Parameters
    ----------
    notebook : NotebookNode
    failure : Failure
    frame : PageFrame

    Returns
    -------
    str
    """
    language = frame.language
    said = escape(f"{failure.kind}: {failure.sentence}" if failure.sentence else failure.kind)
    trace = [strip_ansi("\n".join(out.traceback)) for cell in notebook.cells for out in cell.get("outputs", [])
             if out.output_type == "error"]  # fmt: skip
    details = (
        f'<details><summary>{word("traceback", language)}</summary><pre tabindex="0">{escape(trace[0])}</pre></details>'
        if trace and trace[0].strip() != f"{failure.kind}: {failure.sentence}"
        else ""
    )
    where = say("page_failed_cell", language, cell=failure.cell)
    notice = (
        f'<section class="failure" aria-labelledby="failure"><h2 id="failure">{word("failed", language)}</h2>'
        f"<p><strong>{where}</strong>: {said}</p>{details}</section>"
    )
    return page(notebook, replace(frame, notice=notice))


def title_of(notebook: Any, *, language: str, fallback: str) -> str:
    """Read a notebook's title: its first heading in the language.

    Parameters
    ----------
    notebook : NotebookNode
    language : str
    fallback : str
        Used without a heading.

    Returns
    -------
    str
    """
    for cell in _in_language(notebook.cells, language):
        if cell.cell_type == "markdown" and (found := re.search(r"^#\s+(.+)$", cell.source, re.MULTILINE)):
            return plain(markdown2html(found[1]))
    return fallback.replace("_", " ")


class _Prepare(Preprocessor):
    """Work out what each cell shows, the page's heading and its table of contents, before the template runs."""

    def preprocess(self, nb: Any, resources: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        language = resources["language"]
        number = -1
        for cell in nb.cells:
            number += is_numbered(cell)
            cell.metadata["number"] = number
        mark_folded(nb.cells)
        nb.cells = _in_language(nb.cells, language)
        coded = [cell for cell in nb.cells if cell.cell_type == "code" and cell.source.strip()]
        resources["code"] = "\n\n".join(cell.source for cell in coded)
        taken = {"top", "content", "failure", "definitions", "code"}
        headings: list[Heading] = []
        met: set[str] = set()
        for cell in nb.cells:
            if cell.cell_type == "markdown":
                shown, found = clean(markdown2html(cell.source), taken=taken)
                cell.metadata["shown"] = _to_pages(shown, resources.get("pages", set()))
                headings += found
            elif cell.cell_type == "code":
                cell.metadata["shown"] = [shown for out in cell.outputs if (shown := _shown(out, taken, language, met))]
        nb.cells = _answers_first(nb.cells, language)
        resources["heading_text"], resources["heading_html"] = _take_heading(nb, headings, resources)
        resources["about"] = _take_about(nb)
        resources["parts"] = parts_of(nb.cells)
        resources["folded"] = [plain(part.heading) for part in resources["parts"] if part.heading]
        resources["definitions"] = definitions(met, language=language, formula=word("formula", language))
        resources["toc"] = [heading for heading in headings if heading.level == 2]
        return nb, resources


def _answers_first(cells: Sequence[Any], language: str) -> list[Any]:
    """Put the code of cells that show nothing below the next answer: nothing stands between it and its question."""
    kept, quiet = [], []
    for cell in cells:
        if cell.cell_type == "code":
            quiet.append(cell)
            if not cell.metadata["shown"]:
                continue
            cell.metadata["coded"], quiet = _blocks(quiet, language), []
        kept.append(cell)
    if quiet:
        quiet[-1].metadata["coded"] = _blocks(quiet, language)
        kept.append(quiet[-1])
    return kept


def _blocks(cells: Sequence[Any], language: str) -> list[dict[str, str]]:
    """Gather the code behind one answer under one heading, the parameters of the run under their own."""
    is_given = ["injected-parameters" in cell.metadata.get("tags", []) for cell in cells]
    given = [cell for cell, is_one in zip(cells, is_given, strict=True) if is_one]
    written = [cell for cell, is_one in zip(cells, is_given, strict=True) if not is_one and cell.source.strip()]
    blocks = [{"title": word("parameters", language), "source": cell.source} for cell in given]
    if written:
        numbers = [str(cell.metadata["number"]) for cell in written]
        which = numbers[0] if len(numbers) == 1 else f"{numbers[0]}–{numbers[-1]}"
        title = f"{word('code' if len(numbers) == 1 else 'code_of_many', language)} {which}"
        blocks.append({"title": title, "source": "\n\n".join(cell.source for cell in written)})
    return blocks


def _take_heading(nb: Any, headings: list[Heading], resources: Mapping[str, Any]) -> tuple[str, str]:
    """Lift the notebook's title out of its first cell, to be the page's only h1; readers need no file's number."""
    first = next((heading for heading in headings if heading.level == 1), None)
    if first is None:
        name = str(resources.get("metadata", {}).get("name", "")).replace("_", " ") or "Notebook"
        return name, escape(name)
    headings.remove(first)
    pattern = re.compile(rf'<h2 id="{re.escape(first.id)}">(.*?)</h2>', re.DOTALL)
    for cell in nb.cells:
        if cell.cell_type == "markdown" and (found := pattern.search(cell.metadata["shown"])):
            cell.metadata["shown"] = pattern.sub("", cell.metadata["shown"], count=1).strip()
            return _NUMBER.sub("", first.text), _NUMBER.sub("", found[1])
    return _NUMBER.sub("", first.text), escape(_NUMBER.sub("", first.text))


def _take_about(nb: Any) -> str:
    """Take what the first cell says of population, method and sources: the answer comes before it."""
    first = nb.cells[0] if nb.cells else None
    if first is None or first.cell_type != "markdown" or "<h2" in first.metadata["shown"]:
        return ""
    nb.cells = nb.cells[1:]
    return str(first.metadata["shown"])


def _to_pages(html: str, pages: set[str]) -> str:
    """Let links from notebook to notebook lead from page to page; a page that is not there is only named."""

    def lead(found: re.Match[str]) -> str:
        name, place, text = f"{found[1]}.html", found[2] or "", found[3]
        return f'<a href="{name}{place}">{text}</a>' if name in pages else text

    return re.sub(r'<a href="([\w-]+)\.ipynb(#[\w%-]*)?">(.*?)</a>', lead, html)


def _in_language(cells: Sequence[Any], language: str) -> list[Any]:
    """Keep one of each pair of twin cells: the tagged one in the language, else the one without a tag."""
    kept = []
    for place, cell in enumerate(cells):
        tags = {tag for tag in cell.metadata.get("tags", []) if tag.startswith("lang-")}
        after = cells[place + 1] if place + 1 < len(cells) else None
        has_twin = (
            cell.cell_type == "markdown" and after is not None and f"lang-{language}" in after.metadata.get("tags", [])
        )
        if f"lang-{language}" in tags or (not tags and not has_twin):
            kept.append(cell)
    return kept


def _shown(out: Any, taken: set[str], language: str, met: set[str]) -> str:
    """Turn one output into clean markup, its terms linked; warnings and errors are not part of a report."""
    if out.output_type == "stream":
        return f'<pre tabindex="0">{escape(strip_ansi(out.text))}</pre>' if out.name == "stdout" else ""
    data = out.get("data", {})
    for kind in ("image/svg+xml", "image/png", "image/jpeg"):
        if kind in data:
            alt = (
                out.metadata.get(kind, {}).get("alt") or _spoken(data.get("text/plain", "")) or word("no_alt", language)
            )
            return _picture(kind, data[kind], alt)
    link = partial(link_terms_in, language=language, met=met)
    if "text/html" in data:
        return _together(clean(data["text/html"], taken=taken, finish=link)[0])
    if "text/markdown" in data:
        made = clean(markdown2html(data["text/markdown"]), taken=taken, finish=link)[0]
        return f'<div class="result">{_together(made)}</div>'
    text = data.get("text/plain", "")
    return f'<pre tabindex="0">{escape(strip_ansi(text))}</pre>' if text else ""


def _together(html: str) -> str:
    """Keep on one line what is read as one: a sign or letter and its number, a number and its unit, an interval."""

    def joined(text: re.Match[str]) -> str:
        signed = _SIGNS.sub("\N{NO-BREAK SPACE}", text[0])
        return _INTERVAL.sub(r'<span class="one">\g<0></span>', signed)

    return _TEXT.sub(joined, html)


def _spoken(text: str) -> str:
    """A picture's plain text is of use unless it only names a Python object."""
    return "" if text.startswith("<") else text


def _picture(kind: str, content: str, alt: str) -> str:
    """Embed a picture as data: as an image, a drawing cannot run or load anything."""
    encoded = base64.b64encode(content.encode()).decode() if kind == "image/svg+xml" else "".join(content.split())
    label = escape(alt, quote=True)
    image = f'<img src="data:{kind};base64,{encoded}" alt="{label}">'
    return f'<div class="figure" tabindex="0" role="group" aria-label="{label[:80]}">{image}</div>'


@cache
def _css() -> str:
    return (_HERE / "template" / "page.css").read_text(encoding="utf-8").strip()


class _Exporter(HTMLExporter):
    """nbconvert's exporter less its last step, which reads the whole page again to name pictures that have names."""

    def from_notebook_node(self, nb: Any, resources: Any = None, **options: Any) -> Any:
        return TemplateExporter.from_notebook_node(self, nb, resources, **options)


@cache
def _exporter() -> HTMLExporter:
    exporter = _Exporter(extra_template_basedirs=[str(_HERE)], template_name="template")
    exporter.register_preprocessor(_Prepare, enabled=True)
    return exporter
