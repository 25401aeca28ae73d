"""Lead from every name of an indicator on a page to its definition, one click away on the same page.

A reader who does not know what a number counts cannot use it. Names in tables and computed sentences become links to a
list of definitions at the foot of the page, which holds the indicators that the page names and no other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from html import escape

from bs4 import BeautifulSoup, NavigableString, Tag

from csm_lib.definitions import INDICATORS
from csm_lib.show.format import name_indicator
from csm_lib.show.messages import say
from csm_lib.show.translation import translated

__all__ = ["definitions", "link_terms", "link_terms_in"]

_BLOCKS = "p, li, td, th, caption"
_NOT_IN = ("a", "code", "pre", "thead")


def link_terms(html: str, *, language: str, met: set[str]) -> str:
    """Turn the names of indicators into links to their definitions.

    Parameters
    ----------
    html : str
        Clean markup. Of a paragraph or a cell, the first mention of each indicator is linked.
    language : str
    met : set of str
        Keys of the indicators linked on this page; those found are added.

    Returns
    -------
    str

    Examples
    --------
    >>> met = set()
    >>> link_terms("<p>Complaints: 1.2%</p>", language="en", met=met), met
    ('<p><a class="term" href="#term-complaint_rate">Complaints</a>: 1.2%</p>', {'complaint_rate'})
    """
    soup = BeautifulSoup(html, "html.parser")
    link_terms_in(soup, language=language, met=met)
    return str(soup)


def link_terms_in(soup: BeautifulSoup, *, language: str, met: set[str]) -> None:
    """Do the same in a tree of clean markup, in place."""
    pattern, keys = _names(language)
    if not pattern.search(soup.get_text("\n")):
        return
    for block in soup.select(_BLOCKS):
        linked: set[str] = set()
        for text in [found for found in block.find_all(string=True) if _is_free(found, block)]:
            pieces = _linked(soup, str(text), pattern, keys, linked, is_whole=block.name in ("td", "th"))
            if pieces:
                text.replace_with(*pieces)
        met |= linked


def definitions(met: Iterable[str], *, language: str, formula: str) -> str:
    """List the definitions of indicators, each with the id that their names lead to.

    Parameters
    ----------
    met : iterable of str
        Keys; listed in the order of the dictionary.
    language : str
    formula : str
        Word before the formula.

    Returns
    -------
    str
        Markup; empty without keys.
    """
    chosen = set(met)
    lines = []
    for key in (key for key in INDICATORS if key in chosen):
        meant = INDICATORS[key]
        name = escape(name_indicator(key, language=language))
        definition, how = (escape(translated(text, language)) for text in (meant.definition, meant.formula))
        said = f"{definition} <span>{escape(formula)}{say('colon', language)}{how}</span>"
        lines.append(f'<dt id="term-{key}" tabindex="-1"><dfn>{name}</dfn></dt>\n<dd>{said}</dd>')
    return '<dl class="terms">\n' + "\n".join(lines) + "\n</dl>" if lines else ""


def _is_free(text: NavigableString, block: Tag) -> bool:
    """Leave out what is a link or code already, or belongs to a block within this one."""
    parents = list(text.parents)
    inner = next((parent for parent in parents if parent.name in ("p", "li", "td", "th", "caption")), None)
    return inner is block and not any(parent.name in _NOT_IN for parent in parents)


def _linked(
    soup: BeautifulSoup, text: str, pattern: re.Pattern[str], keys: dict[str, str], linked: set[str], *, is_whole: bool
) -> list[str | Tag]:
    """Cut a text at the names in it; a cell of a table is a name or it is not. Empty if there is nothing to link."""
    found = [pattern.fullmatch(text.strip())] if is_whole else list(pattern.finditer(text))
    pieces: list[str | Tag] = []
    end = 0
    for match in found:
        key = keys[match[0]] if match else ""
        if match is None or key in linked:
            continue
        linked.add(key)
        link = soup.new_tag("a", attrs={"class": "term", "href": f"#term-{key}"})
        link.string = match[0]
        pieces += [link] if is_whole else [text[end : match.start()], link]
        end = match.end()
    return pieces if is_whole or not pieces else [*pieces, text[end:]]


@cache
def _names(language: str) -> tuple[re.Pattern[str], dict[str, str]]:
    keys: dict[str, str] = {}
    for key in INDICATORS:
        keys.setdefault(name_indicator(key, language=language), key)
    ordered = sorted(keys, key=len, reverse=True)
    either = "|".join(map(re.escape, ordered))
    return re.compile(either if language == "zh" else rf"(?<![\w-])(?:{either})(?![\w-])"), keys
