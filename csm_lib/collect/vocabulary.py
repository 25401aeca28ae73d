"""Vocabulary: how systems call what we call otherwise, in English and Chinese; what a draft of a source guesses by.

The words themselves are a table that people read and extend: `csm_lib/shipped/vocabulary.toml`.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from csm_lib.settings import shipped

__all__ = ["Vocabulary", "best_key", "likeness", "load_vocabulary", "plain_words"]

_QUESTION = re.compile(r"^\s*q?\d+\s*[、.．:：)）]\s*", re.IGNORECASE)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_CHINESE = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True)
class Vocabulary:
    """The words by kind, each a mapping of ours to theirs.

    Attributes
    ----------
    tables : table → words of a file's name
    headers : column, or table.column → headers
    words : list of closed words → our word → their words
    ratings : rating → answers in words
    units : unit of a duration → words of its header
    channels : channel → words of a file's name
    missing : texts that stand for no value
    """

    tables: Mapping[str, Sequence[str]]
    headers: Mapping[str, Sequence[str]]
    words: Mapping[str, Mapping[str, Sequence[str]]]
    ratings: Mapping[str, Sequence[str]]
    units: Mapping[str, Sequence[str]]
    channels: Mapping[str, Sequence[str]]
    missing: Sequence[str]

    def headers_of(self, table: str, column: str) -> Sequence[str]:
        """Give the headers that a column of a table may have, its own name first."""
        return (column, *self.headers.get(f"{table}.{column}", self.headers.get(column, ())))


@cache
def load_vocabulary() -> Vocabulary:
    """Read the words that ship with the package."""
    return Vocabulary(**tomllib.loads(shipped("vocabulary.toml").read_text(encoding="utf-8")))


def plain_words(text: str) -> str:
    """Write a header or word without capitals, signs and the number of its question.

    Examples
    --------
    >>> plain_words("CallStart"), plain_words("ticket_id"), plain_words("3、响应速度：")
    ('call start', 'ticket id', '响应速度')
    >>> plain_words("Gelöst am")
    'gelost am'
    """
    apart = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text))
    bare = _QUESTION.sub("", "".join(letter for letter in apart if not unicodedata.combining(letter)))
    return " ".join(re.findall(r"[a-z0-9]+|[\u3400-\u9fff]+", _CAMEL.sub(" ", bare).lower()))


def likeness(text: str, phrases: Sequence[str]) -> float:
    """Tell how well a text fits one of several phrases.

    Parameters
    ----------
    text : str
        As `plain_words` writes it.
    phrases : sequence of str
        The usual ones first.

    Returns
    -------
    float
        1 for the same words; less where the text has others too, or the phrase stands later; 0 where nothing fits.

    Examples
    --------
    >>> likeness("created at", ["created at", "date"]), likeness("date", ["created at", "date"])
    (1.0, 0.95)
    >>> likeness("customer name", ["customer id"])
    0.0
    """
    # an early phrase is a better sign than a late one, by a tenth at most
    found = [_likeness(text, plain_words(each)) * (1 - 0.1 * n / len(phrases)) for n, each in enumerate(phrases)]
    return max(found, default=0.0)


def _likeness(text: str, phrase: str) -> float:
    if not text or not phrase:
        return 0.0
    bare, sought = text.replace(" ", ""), phrase.replace(" ", "")
    if bare == sought:
        return 1.0
    if _CHINESE.search(phrase):
        # four characters within a question say much, two may be about anything
        return 0.45 + 0.05 * min(len(sought), 4) + 0.3 * len(sought) / len(bare) if sought in bare else 0.0
    words, sought_words = text.split(), phrase.split()
    return 0.3 + 0.6 * len(sought_words) / len(words) if set(sought_words) <= set(words) else 0.0


def best_key(text: str, choices: Mapping[str, Sequence[str]]) -> str | None:
    """Give the key whose phrases hold a text in other spelling; None where none does, or two do.

    Examples
    --------
    >>> best_key("E-Mail", {"email": ["mail", "e mail"], "phone": ["call"]})
    'email'
    """
    plain = plain_words(text)
    exact = [key for key, phrases in choices.items() if plain in map(plain_words, (key, *phrases))]
    return exact[0] if len(exact) == 1 else None
