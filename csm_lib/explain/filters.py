"""Read a row expression that a person wrote in a table, and nothing else: it can name columns and compare them.

"issue = repair and local_hour >= 17" says which contacts a statement is about. It is parsed word by word and written
anew, so that no other query can hide in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from csm_lib.engine import quote_name, quote_text
from csm_lib.errors import UsageError

__all__ = ["columns_in", "population_condition", "row_condition"]

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>'(?:[^']|'')*'|"[^"]*")|(?P<sign><=|>=|<>|!=|=|<|>|\(|\)|,)|(?P<word>[^\s'"<>=!(),]+))"""
)
_LINKS = {"and", "or", "not", "in", "is", "within"}
_EXAMPLE = "issue = repair and local_hour >= 17"


def row_condition(text: str, *, columns: Iterable[str], where: str = "filter") -> str:
    """Turn a row expression into a condition for the query engine.

    Parameters
    ----------
    text : str
        Comparisons (`=`, `!=`, `<>`, `<`, `<=`, `>`, `>=`, `in (a, b)`, `is missing`, `is not missing`) of a column
        with a value, joined by `and`, `or`, `not` and parentheses. Values may stand without quotes. Words are compared
        without regard to case, numbers as numbers. `A within B` holds where both hold, and says that such rows are to
        be compared with the other rows of B alone.
    columns : iterable of str
        What may be named.
    where : str
        What the message calls the expression.

    Returns
    -------
    str
        SQL that is true or false for every row; false where a value is missing.

    Raises
    ------
    UsageError
        If it cannot be read or names no column.

    Examples
    --------
    >>> row_condition("issue = repair and not local_hour < 17", columns=["issue", "local_hour"])
    'coalesce((lower("issue"::VARCHAR) = \\'repair\\' AND NOT try_cast("local_hour" AS DOUBLE) < 17.0), false)'
    """
    return f"coalesce({_Reader(text, list(columns), where).whole()}, false)"


def population_condition(text: str, *, columns: Iterable[str], where: str = "filter") -> str:
    """Turn what a row expression says behind `within` into a condition: the rows to compare with.

    Parameters
    ----------
    text, columns, where
        As in `row_condition`.

    Returns
    -------
    str
        SQL; true for every row where the expression has no `within`.

    Examples
    --------
    >>> print(population_condition("local_hour = 17 within channel = phone", columns=["local_hour", "channel"]))
    coalesce(lower("channel"::VARCHAR) = 'phone', false)
    >>> population_condition("channel = phone", columns=["channel"])
    'true'
    """
    reader = _Reader(text, list(columns), where)
    reader.whole()
    return f"coalesce({reader.population}, false)" if reader.population else "true"


def columns_in(text: str, *, columns: Iterable[str], where: str = "filter") -> list[str]:
    """Name the columns that a row expression reads.

    Parameters
    ----------
    text, columns, where
        As in `row_condition`.

    Returns
    -------
    list of str

    Examples
    --------
    >>> columns_in("issue in (repair, refund) or team is missing", columns=["issue", "team"])
    ['issue', 'team']
    """
    reader = _Reader(text, list(columns), where)
    reader.whole()
    return list(dict.fromkeys(reader.read))


class _Reader:
    """Reads from left to right; each method takes what it understands."""

    def __init__(self, text: str, columns: list[str], where: str) -> None:
        self.text, self.columns, self.where = text, columns, where
        self.read: list[str] = []
        self.population = ""
        self.tokens: list[tuple[str, str]] = []
        end = 0
        for hit in _TOKEN.finditer(text):
            if text[end : hit.start()].strip():
                break
            end = hit.end()
            self.tokens.append((str(hit.lastgroup), hit[0].strip()))
        if text[end:].strip():
            raise self._refused(text[end:].strip()[:1])
        self.at = 0

    def whole(self) -> str:
        made = self._either()
        if self._take("within"):
            self.population = self._either()
            made = f"({made}) AND ({self.population})"
        if self.at < len(self.tokens):
            raise self._refused(self.tokens[self.at][1])
        return f"({made})"

    def _either(self) -> str:
        parts = [self._both()]
        while self._take("or"):
            parts.append(self._both())
        return " OR ".join(parts)

    def _both(self) -> str:
        parts = [self._one()]
        while self._take("and"):
            parts.append(self._one())
        return " AND ".join(parts)

    def _one(self) -> str:
        if self._take("not"):
            return f"NOT {self._one()}"
        if self._take("("):
            made = self._either()
            self._need(")")
            return f"({made})"
        return self._comparison()

    def _comparison(self) -> str:
        name = self._column()
        if self._take("is"):
            is_not = "NOT " if self._take("not") else ""
            if not (self._take("missing") or self._take("null")):
                raise self._refused(self._peek())
            return f"{quote_name(name)} IS {is_not}NULL"
        is_not = "NOT " if self._take("not") else ""
        if self._take("in"):
            self._need("(")
            values = [self._compared(name, "=", *self._value())]
            while self._take(","):
                values.append(self._compared(name, "=", *self._value()))
            self._need(")")
            return f"{is_not}({' OR '.join(values)})"
        if (
            is_not
            or self.at >= len(self.tokens)
            or self.tokens[self.at][1] not in ("=", "!=", "<>", "<", "<=", ">", ">=")
        ):
            raise self._refused(self._peek())
        sign = self.tokens[self.at][1].replace("!=", "<>")
        self.at += 1
        return self._compared(name, sign, *self._value())

    def _column(self) -> str:
        kind, word = self.tokens[self.at] if self.at < len(self.tokens) else ("", "")
        if kind != "word" or word.casefold() in _LINKS:
            raise self._refused(word or "the end")
        if word not in self.columns:
            raise UsageError(
                f"{self.where} must name columns of the facts, got {word!r} (in {self.text!r}). Choose from "
                f"{', '.join(sorted(self.columns))}."
            )
        self.at += 1
        self.read.append(word)
        return word

    def _value(self) -> tuple[str, bool]:
        """Take a value, and whether it is a number; words without quotes run up to the next link, comma or bracket."""
        if self.at < len(self.tokens) and self.tokens[self.at][0] == "text":
            word = self.tokens[self.at][1]
            self.at += 1
            return (word[1:-1].replace("''", "'") if word[0] == "'" else word[1:-1]), False
        words: list[str] = []
        while self.at < len(self.tokens):
            kind, word = self.tokens[self.at]
            if kind != "word" or (words and word.casefold() in {"and", "or", "within"}):
                break
            words.append(word)
            self.at += 1
        if not words:
            raise self._refused(self._peek())
        text = " ".join(words)
        return text, bool(re.fullmatch(r"[-+]?\d+(\.\d+)?", text))

    def _compared(self, name: str, sign: str, value: str, is_number: bool) -> str:
        if is_number:
            return f"try_cast({quote_name(name)} AS DOUBLE) {sign} {float(value)!r}"
        return f"lower({quote_name(name)}::VARCHAR) {sign} {quote_text(value.casefold())}"

    def _take(self, word: str) -> bool:
        if self.at < len(self.tokens) and self.tokens[self.at][1].casefold() == word:
            self.at += 1
            return True
        return False

    def _need(self, word: str) -> None:
        if not self._take(word):
            raise self._refused(self._peek())

    def _peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else "the end"

    def _refused(self, word: str) -> UsageError:
        return UsageError(
            f'{self.where} must compare columns with values, such as "{_EXAMPLE}", got {self.text!r} (at {word!r}). '
            "Write it so."
        )
