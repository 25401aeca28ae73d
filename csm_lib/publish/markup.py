"""Let only harmless, accessible markup onto a page, whatever a cell or the data put into it.

Everything not on the list below is dropped: scripts and styles with their content, unknown elements but for their text,
every attribute that could run code or load something. Headings start at level 2 (a page has one `h1` of its own), table
headers get a scope, and wide tables scroll in a container of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from html.parser import HTMLParser

from bs4 import BeautifulSoup, Comment, Tag
from bs4.element import AttributeValueList, PreformattedString

__all__ = ["Heading", "clean", "loads", "plain", "slug"]

_GONE = ("script", "style", "iframe", "object", "embed", "form", "svg", "math", "template", "link", "meta", "noscript")
_TEXT_ELEMENTS = (
    *("p", "br", "hr", "strong", "em", "b", "i", "s", "del", "code", "pre", "blockquote", "ul", "li", "dl", "dt", "dd"),
    *("sup", "sub", "div", "span", "h1", "h2", "h3", "h4", "h5", "h6", "small", "mark", "kbd", "q"),
    *("table", "caption", "thead", "tbody", "tfoot", "tr"),
)
_ALLOWED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(_TEXT_ELEMENTS, ("lang", "class")),
    "ol": ("lang", "class", "start"),
    "a": ("href", "lang"),
    "img": ("src", "alt"),
    "abbr": ("title", "lang"),
    "th": ("lang", "class", "scope", "colspan", "rowspan"),
    "td": ("lang", "class", "colspan", "rowspan"),
}
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_PICTURE = re.compile(r"data:image/(?:png|jpeg|svg\+xml);base64,[A-Za-z0-9+/=]+")
_RELATIVE = re.compile(r"(?!//)(?:#|\./)?[\w./@~%-]*(?:#[\w%-]*)?")
_LONG_TEXT, _SOME_TEXT = 32, 12
_MANY_COLUMNS = 9
_ASIDES = ("formula", "source")
_LOADING = ("src", "href", "srcset", "action", "formaction", "poster", "data", "background", "xlink:href")
_ELSEWHERE = re.compile(r"\s*(?:(?!data:)[a-z][\w+.-]*:)?//", re.IGNORECASE)
_STYLE_ELSEWHERE = re.compile(r"""(?:url\(\s*["']?|@import\s+["']?)(?:\w+:)?//""", re.IGNORECASE)
_NUMBER = re.compile(r"[1-9]\d{0,3}")


@dataclass(frozen=True)
class Heading:
    """A heading of a page: its id, its level as written, its text."""

    id: str
    level: int
    text: str


def clean(
    html: str, *, taken: set[str] | None = None, finish: Callable[[BeautifulSoup], None] | None = None
) -> tuple[str, list[Heading]]:
    """Clean markup and name its headings.

    Parameters
    ----------
    html : str
    taken : set of str, optional
        Ids already on the page; the new ones are added.
    finish : callable, optional
        Changes the clean tree in place, so that nobody has to read the markup once more.

    Returns
    -------
    tuple of (str, list of Heading)

    Examples
    --------
    >>> clean('<h1 onclick="x()">Why?</h1><script>x()</script><a href="https://example.org">there</a>')[0]
    '<h2 id="why">Why?</h2>there'
    """
    soup = BeautifulSoup(html, "html.parser")
    for unwanted in soup.find_all(string=lambda text: isinstance(text, (Comment, PreformattedString))):
        unwanted.extract()
    for element in soup.select("a.anchor-link"):
        element.decompose()
    for element in soup.find_all(_GONE):
        element.decompose()
    for table in soup.find_all("table"):
        _mark_asides(table)
    for element in soup.find_all(True):
        _keep_harmless(element)
    for table in soup.find_all("table"):
        _make_accessible(soup, table)
    ids = set() if taken is None else taken
    headings = [_named(element, ids) for element in soup.find_all(_HEADINGS)]
    if finish is not None:
        finish(soup)
    return str(soup).strip(), headings


def loads(html: str) -> list[str]:
    """Find what a page would load from elsewhere: in attributes and styles, not in text that only speaks of it.

    Parameters
    ----------
    html : str

    Returns
    -------
    list of str
        Element and attribute, in the order of the page.

    Examples
    --------
    >>> loads('<p>&lt;img src="http://example.org"&gt;</p><img src="//example.org/p.png">')
    ['img src="//example.org/p.png"']
    """
    reader = _Reader()
    reader.feed(html)
    return reader.found


def plain(html: str) -> str:
    """Read the text of markup.

    Parameters
    ----------
    html : str

    Returns
    -------
    str

    Examples
    --------
    >>> plain("<h2>What <em>now</em>?</h2>")
    'What now?'
    """
    return BeautifulSoup(html, "html.parser").get_text().strip()


def slug(text: str) -> str:
    """Turn text into an id; letters of any script stay.

    Parameters
    ----------
    text : str

    Returns
    -------
    str

    Examples
    --------
    >>> slug("Where do we fall short?"), slug("差距 在哪")
    ('where-do-we-fall-short', '差距-在哪')
    """
    return re.sub(r"[\W_]+", "-", text.lower()).strip("-") or "part"


def _keep_harmless(element: Tag) -> None:
    allowed = _ALLOWED.get(element.name)
    if element.name == "a" and not _RELATIVE.fullmatch(str(element.get("href", ""))):
        allowed = None
    if element.name == "img" and not _PICTURE.fullmatch(str(element.get("src", ""))):
        element.replace_with(str(element.get("alt", "")))
        return
    if allowed is None:
        element.unwrap()
        return
    for name in list(element.attrs):
        is_bad_span = name in ("colspan", "rowspan", "start") and not _NUMBER.fullmatch(str(element[name]))
        if name not in allowed or is_bad_span:
            del element[name]
    if element.name == "img":
        element["alt"] = str(element.get("alt", ""))


def _mark_asides(table: Tag) -> None:
    """Mark the columns of a scorecard that a narrow screen can do without: definitions are a tap on the name away."""
    named = [str(header.get("id", "")).rpartition("-")[2] for header in table.select("thead tr:last-child > th")]
    if "verdict" not in named:
        return
    places = [place for place, name in enumerate(named) if name in _ASIDES]
    for row in table.select("tr"):
        cells = row.find_all(["td", "th"], recursive=False)
        for place in places if len(cells) == len(named) else ():
            cells[place]["class"] = AttributeValueList([*(cells[place].get("class") or []), "aside"])


def _make_accessible(soup: BeautifulSoup, table: Tag) -> None:
    """Turn a title row into a caption, give headers a scope, let the table scroll."""
    caption = table.find("caption")
    titles = [row.extract() for row in table.select("thead tr.gt_heading")]
    if titles and caption is None:
        caption = soup.new_tag("caption")
        caption.string = titles[0].get_text(strip=True)
        for row in titles[1:]:
            below = soup.new_tag("span")
            below.string = row.get_text(strip=True)
            caption.append(below)
        table.insert(0, caption)
    if len(table.select("thead tr:last-child > *")) > _MANY_COLUMNS:
        table["class"] = " ".join([*map(str, table.get("class") or []), "wide"])
    for header in table.find_all("th"):
        if not header.get_text(strip=True):
            header.name = "td"
            del header["scope"]
        elif not header.get("scope"):
            header["scope"] = "col" if header.find_parent("thead") else "row"
    for cell in table.select("td, tbody th"):
        length = len(cell.get_text())
        kind = "long" if length > _LONG_TEXT else "some" if length > _SOME_TEXT else ""
        if kind:
            cell["class"] = " ".join([*map(str, cell.get("class") or []), kind])
    label = caption.get_text(" ", strip=True) if caption else "table"
    table.wrap(soup.new_tag("div", attrs={"class": "scroll", "tabindex": "0", "role": "region", "aria-label": label}))


def _named(element: Tag, taken: set[str]) -> Heading:
    level, text = int(element.name[1]), element.get_text().strip()
    name = base = slug(text)
    count = 1
    while name in taken:
        count += 1
        name = f"{base}-{count}"
    taken.add(name)
    element.name = f"h{max(2, level)}"
    element.attrs = {"id": name}
    return Heading(name, level, text)


class _Reader(HTMLParser):
    """Gather what a browser would ask other places for."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._is_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._is_style = tag == "style"
        for name, value in attrs:
            is_outside = name in _LOADING and _ELSEWHERE.match(value or "")
            if is_outside or (name == "style" and _STYLE_ELSEWHERE.search(value or "")):
                self.found.append(f'{tag} {name}="{value}"')

    def handle_endtag(self, tag: str) -> None:
        self._is_style = False

    def handle_data(self, data: str) -> None:
        if self._is_style and (found := _STYLE_ELSEWHERE.search(data)):
            self.found.append(f"style {found[0]}")
