"""English text in another language, looked up in gettext catalogues.

The English text is the key. What a catalogue lacks stays English: a report in two languages is better than none, and a
test finds what is missing. Texts that arrive already filled in (why something was not measured, how an interval was
made) are found by the template they were made from, and lists of known words word by word. In a template the name of a
place says what it may hold: `n…` a number, `on…` a day, `all…` anything, any other anything without a semicolon.
"""

from __future__ import annotations

import gettext
import io
import os
import re
from functools import cache, lru_cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from csm_lib.errors import SettingError

__all__ = [
    "LANGUAGES",
    "catalogue",
    "in_language",
    "is_translated",
    "message_in",
    "translated",
    "translated_plural",
]

LANGUAGES = {"en": "en_GB", "zh": "zh_Hans_CN"}
_FOLDER = Path(__file__).parent / "catalogues"
_FILLED = "filled.po"  # templates whose filled text arrives from the other rooms
_PLACE = re.compile(r"\{(\w+)\}")
_INDENTED = re.compile(r"((?:· )+)(.+)", re.DOTALL)
# how pieces that are known each for itself are put together again
_JOINTS = (("; ", "；"), (": ", "："), (", ", "、"), (" · ", " · "), (" / ", " / "), (" → ", " → "))


def in_language(language: str | None = None) -> str:
    """Say which language to write in: the one asked for, else that of the run, else English.

    Parameters
    ----------
    language : str, optional
        `en` or `zh`.

    Returns
    -------
    str

    Raises
    ------
    SettingError
        If the language is not known.

    Examples
    --------
    >>> in_language("zh")
    'zh'
    """
    chosen = language or os.environ.get("CSM_LANGUAGE") or "en"
    if chosen not in LANGUAGES:
        raise SettingError(f"language must be one of {', '.join(LANGUAGES)}, got {chosen!r}. Choose one of them.")
    return chosen


def translated(text: str, language: str | None = None) -> str:
    """Give a text in a language; itself where no catalogue has it.

    Parameters
    ----------
    text : str
        In English.
    language : str, optional

    Returns
    -------
    str

    Examples
    --------
    >>> translated("Indicator", "zh"), translated("Indicator", "en"), translated("no such text", "zh")
    ('指标', 'Indicator', 'no such text')
    """
    chosen = in_language(language)
    if chosen == "en":
        return text
    found = _found(text, chosen)
    return text if found is None else found


def translated_plural(one: str, many: str, n: float, language: str | None = None) -> str:
    """Give the form of a text that a number takes in a language.

    Parameters
    ----------
    one, many : str
        In English, for one and for any other number.
    n : float
    language : str, optional

    Returns
    -------
    str

    Examples
    --------
    >>> translated_plural("{n} has no target", "{n} have no target", 1, "en")
    '{n} has no target'
    >>> translated_plural("{n} has no target", "{n} have no target", 1, "zh")
    '{n}项未设目标'
    """
    chosen = in_language(language)
    if chosen == "en":
        return one if n == 1 else many
    return _compiled(chosen).ngettext(one, many, int(n))


def message_in(language: str, key: str, english: str) -> str:
    """Give a message in a language by its key; itself where no catalogue has it.

    Parameters
    ----------
    language : str
    key : str
        What the program calls it: the context in the catalogue, so that one English text may have two meanings.
    english : str

    Returns
    -------
    str

    Examples
    --------
    >>> message_in("zh", "verdict_missed", "missed")
    '未达标'
    """
    return english if language == "en" else _compiled(language).pgettext(key, english)


def is_translated(text: str, language: str) -> bool:
    """Tell whether the catalogues of a language have a text, word for word, by its template or piece by piece.

    Examples
    --------
    >>> is_translated("Indicator", "zh"), is_translated("no such text", "zh")
    (True, False)
    """
    return in_language(language) == "en" or _found(text, language) is not None


@cache
def catalogue(language: str) -> Catalog:
    """Read the catalogue of a language from its files.

    Parameters
    ----------
    language : str

    Returns
    -------
    babel.messages.catalog.Catalog
    """
    whole = Catalog(locale=language)
    for path in sorted((_FOLDER / language).glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale=language):
                if message.id:
                    whole.add(message.id, message.string, context=message.context, locations=[(path.name, 0)])
    return whole


@cache
def _compiled(language: str) -> gettext.GNUTranslations:
    target = io.BytesIO()
    write_mo(target, catalogue(language))
    target.seek(0)
    return gettext.GNUTranslations(target)


@cache
def _templates(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Patterns of filled texts, the longest first, with what they become."""
    filled = [message for message in catalogue(language) if message.id and message.locations[0][0] == _FILLED]
    filled.sort(key=lambda message: (-len(_PLACE.sub("", str(message.id))), str(message.id)))
    return tuple((_pattern(str(message.id)), str(message.string)) for message in filled)


def _pattern(template: str) -> re.Pattern[str]:
    """Make a pattern that a filled template matches; what stands in its places are the groups."""
    parts = _PLACE.split(template)
    texts = [re.escape(part) if place % 2 == 0 else f"(?P<{part}>{_held(part)})" for place, part in enumerate(parts)]
    return re.compile("".join(texts), re.DOTALL)


def _held(place: str) -> str:
    """What may stand in a place of a filled text, by the place's name."""
    beginnings = {"n": r"[−+]?[\d.,∞]+", "on": r"\d{4}-\d\d-\d\d", "all": ".+?"}
    return beginnings.get(place.partition("_")[0], "[^;]+?")


@lru_cache(maxsize=20_000)
def _found(text: str, language: str) -> str | None:
    if not text.strip():
        return text
    if indented := _INDENTED.fullmatch(text):
        below = _found(indented[2], language)
        return None if below is None else indented[1] + below
    lower = text[:1].lower() + text[1:]  # a heading may begin with a capital that a word lacks
    for written in (text, lower, text.replace("_", " ")):
        exact = _compiled(language).gettext(written)
        if exact != written or written in catalogue(language):
            return exact
    hits = ((pattern.fullmatch(text) or pattern.fullmatch(lower), becomes) for pattern, becomes in _templates(language))
    for hit, becomes in hits:
        if hit:
            return becomes.format(**{name: translated(part, language) for name, part in hit.groupdict().items()})
    return _pieces(text, language)


def _pieces(text: str, language: str) -> str | None:
    """Put a list of known texts together again; a number is known."""
    for joint, becomes in _JOINTS:
        parts = text.split(joint)
        pieces = [_found(part, language) or _number(part) for part in parts] if len(parts) > 1 else []
        if pieces and all(piece is not None for piece in pieces):
            return becomes.join(piece for piece in pieces if piece is not None)
    return None


def _number(piece: str) -> str | None:
    """Give back a piece without letters; any other is not known."""
    return None if re.search(r"[^\W\d_]", piece) else piece
