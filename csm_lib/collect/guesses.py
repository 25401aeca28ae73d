"""Guesses: which of our columns an export's columns are, by their headers and by what stands in them.

A guess is a column map, how sure it is and why, so that a person can judge it. A header alone is not enough: a column
of times must hold texts that can be read as times. What two readings would fit is left to the person.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import duckdb

from csm_lib.collect.columnmaps import ColumnMap
from csm_lib.collect.identities import has_personal_name
from csm_lib.collect.privacy import mask_text
from csm_lib.collect.promises import trimmed_sql
from csm_lib.collect.typing_sql import typed_sql
from csm_lib.collect.vocabulary import Vocabulary, best_key, likeness, load_vocabulary, plain_words
from csm_lib.definitions import TABLES, Column, Table
from csm_lib.engine import quote_name

__all__ = ["Guess", "Profile", "TableGuess", "guess_column", "guess_table", "profiles"]

_ENOUGH = 0.45
_MOST_VALUES = 60
_ORDERS = ("day_first", "month_first")
_COUNTED = ("epoch_s", "epoch_ms", "epoch_us", "excel")
_DOTTED = re.compile(r"\d{1,2}\.\d{1,2}\.\d")
# a header with none of these words may hold names
_NUMBERING = re.compile(r"\b(id|no|nr|number|key|code)\b|号|id|代码|num|nummer")
_MOST_OUTSIDE = 3
_SIGNS: tuple[dict[str, str], ...] = ({"thousands": ","}, {"thousands": ".", "decimal": ","}, {"decimal": ","})


@dataclass(frozen=True)
class Profile:
    """What stands in one column of the sample.

    Attributes
    ----------
    header : str
    n, n_distinct : int
        Cells with a value; different ones.
    values : mapping of str to int
        The most frequent values and how often they occur.
    is_personal : bool
        True if the header says that it holds names, numbers or addresses of people.
    looks_personal : bool
        True if most of its values are such, whatever the header says.
    """

    header: str
    n: int
    n_distinct: int
    values: Mapping[str, int]
    is_personal: bool
    looks_personal: bool = False


@dataclass(frozen=True)
class Guess:
    """Where one of our columns may come from.

    Attributes
    ----------
    column : str
        Ours.
    given : dict
        The column map as a source file writes it.
    score : float
        0 to 1: how well header and values fit.
    why : str
        For the person who looks through it.
    unknown : mapping of str to int
        Words that no list of ours knows, and how often they occur.
    """

    column: str
    given: dict[str, Any]
    score: float
    why: str
    unknown: Mapping[str, int] = field(default_factory=dict)

    @property
    def header(self) -> str | None:
        """The header it reads, if it reads one."""
        return self.given.get("from")

    @property
    def confidence(self) -> str:
        """How sure it is, in a word."""
        return "sure" if self.score >= 0.85 else "likely" if self.score >= 0.6 else "weak"


@dataclass(frozen=True)
class TableGuess:
    """A table with the guesses for its columns, best table first in a list of them."""

    table: str
    score: float
    guesses: tuple[Guess, ...]


def profiles(connection: duckdb.DuckDBPyConnection, relation: str, columns: Sequence[str]) -> list[Profile]:
    """Look at every column of a sample: how many values, how many different ones, the most frequent."""
    found = []
    for header in columns:
        text = f"nullif({trimmed_sql(quote_name(header))}, '')"
        cells = f"(SELECT {text} AS t FROM {relation})"
        n, n_distinct = connection.sql(f"SELECT count(t), count(DISTINCT t) FROM {cells}").fetchall()[0]
        query = f"SELECT t, count(*) FROM {cells} WHERE t IS NOT NULL GROUP BY t ORDER BY 2 DESC, 1"
        values = dict(connection.sql(f"{query} LIMIT {_MOST_VALUES}").fetchall())
        found.append(Profile(header, n, n_distinct, values, has_personal_name(header), _look_personal(values)))
    return found


def _look_personal(values: Mapping[str, int]) -> bool:
    shown = mask_text(list(values))
    return 2 * sum(before != after for before, after in zip(values, shown, strict=True)) > len(values)


def guess_table(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    columns: Sequence[Profile],
    *,
    file_name: str,
    vocabulary: Vocabulary,
    only: str | None = None,
) -> list[TableGuess]:
    """Guess which table a sample is, best first, with the columns it would have.

    Parameters
    ----------
    relation : str
        The sample as texts.
    only : str, optional
        The table a person named.
    """
    tables = [table for table in TABLES.values() if not table.is_edited and only in (None, table.name)]
    tables = tables or [TABLES[str(only)]]
    words = set(plain_words(file_name).split())
    reader = _Reader(connection, relation, vocabulary)
    found = []
    for table in tables:
        guesses = reader.with_interval(table, _assigned(table, columns, reader))
        named = 1.5 if words & set(vocabulary.tables.get(table.name, ())) or table.name in file_name.lower() else 0.0
        found.append(TableGuess(table.name, named + _table_score(table, guesses), guesses))
    return sorted(found, key=lambda each: -each.score)


def guess_column(
    connection: duckdb.DuckDBPyConnection, relation: str, column: Column, columns: Sequence[Profile]
) -> Guess | None:
    """Guess by the values alone which header a column of times may be; None where none holds times."""
    reader = _Reader(connection, relation, load_vocabulary())
    guesses = [reader.guess(column, profile, 0.5, is_key=False) for profile in columns if profile.n]
    best = max(guesses, key=lambda guess: guess.score, default=None)
    return best if best and best.score >= 0.3 else None


def _table_score(table: Table, guesses: Sequence[Guess]) -> float:
    """Sum up what was found; a required column that is missing speaks against the table, a rare one for it."""
    tables = TABLES.values()
    score = 0.0
    by_name = {guess.column: guess for guess in guesses}
    for column in table.columns:
        guess = by_name.get(column.name)
        n_tables = sum(any(other.name == column.name for other in each.columns) for each in tables)
        if guess is not None:
            score += guess.score * (1.5 if n_tables == 1 else 1.0)
        elif column.is_required and column.name != "channel":
            score -= 1.5
    return score


def _assigned(table: Table, columns: Sequence[Profile], reader: _Reader) -> tuple[Guess, ...]:
    """Give each of our columns the header that fits best, each header once, the best pairs first."""
    pairs = []
    for place, column in enumerate(table.columns):
        phrases = reader.vocabulary.headers_of(table.name, column.name)
        for profile in columns:
            # of nested keys the last one says what it is
            last = 0.97 * likeness(plain_words(profile.header.rpartition(".")[2]), phrases)
            like = max(likeness(plain_words(profile.header), phrases), last)
            if like >= _ENOUGH and profile.n:
                guess = reader.guess(column, profile, like, is_key=table.key == (column.name,))
                pairs.append((-guess.score, place, guess))
    taken: dict[str, Guess] = {}
    headers: set[str] = set()
    for _, _, guess in sorted(pairs, key=lambda pair: pair[:2]):
        if guess.score >= _ENOUGH and guess.column not in taken and guess.header not in headers:
            taken[guess.column] = guess
            headers.add(str(guess.header))
    order = [column.name for column in table.columns]
    return tuple(sorted(taken.values(), key=lambda guess: order.index(guess.column)))


@dataclass(frozen=True)
class _Reader:
    """Tries readings of a column on the sample."""

    connection: duckdb.DuckDBPyConnection
    relation: str
    vocabulary: Vocabulary

    def share(self, column: Column, header: str, options: Mapping[str, Any]) -> float:
        """Give the share of a header's values that our column reads under these options."""
        given = ColumnMap.model_validate({"from": header, **options})
        text = f"nullif({trimmed_sql(quote_name(header))}, '')"
        typed = typed_sql("t", column, given, zone="UTC")
        query = f"SELECT count(t), count({typed}) FROM (SELECT {text} AS t FROM {self.relation})"
        n, n_read = self.connection.sql(query).fetchall()[0]
        return n_read / n if n else 0.0

    def with_interval(self, table: Table, guesses: tuple[Guess, ...]) -> tuple[Guess, ...]:
        """Add the length of the intervals that counts belong to, where no column says it: the usual distance."""
        found = {guess.column: guess for guess in guesses}
        if table.name != "volumes" or "interval_s" in found or not {"starts_at", "offered"} <= set(found):
            return guesses
        starts = found["starts_at"]
        text = f"nullif({trimmed_sql(quote_name(str(starts.header)))}, '')"
        typed = typed_sql(text, table.column("starts_at"), ColumnMap.model_validate(starts.given), zone="UTC")
        query = (
            f"SELECT mode(s - before) FROM (SELECT epoch(t) AS s, lag(epoch(t)) OVER (ORDER BY t) AS before "
            f"FROM (SELECT DISTINCT {typed} AS t FROM {self.relation}) WHERE t IS NOT NULL)"
        )
        usual = self.connection.sql(query).fetchall()[0][0]
        if not usual or usual % 60:
            return guesses
        why = f"most times are {usual / 60:g} minutes apart"
        return (*guesses, Guess("interval_s", {"value": f"{usual:g}"}, 0.7, why))

    def guess(self, column: Column, profile: Profile, like: float, *, is_key: bool) -> Guess:
        """Judge one pair of our column and a header."""
        if column.words:
            return self._of_words(column, profile, like)
        if column.type == "text":
            return self._of_text(column, profile, like, is_key=is_key)
        options, share, why = self._reading(column, profile)
        score = like * share if share >= 0.5 else 0.0
        guess = Guess(column.name, {"from": profile.header, **options}, score, why)
        in_bounds = self._in_bounds(column, profile, options) if score else 1.0
        outside = [value for value in profile.values if _is_outside(value, column)] if in_bounds < 1 else []
        if 0 < len(outside) <= _MOST_OUTSIDE:
            named = ", ".join(f'"{value}"' for value in sorted(outside))
            why = " · ".join(part for part in (why, f"TODO: if they mean no answer, add missing = [{named}]") if part)
        return replace(guess, score=guess.score * in_bounds, why=why)

    def _of_text(self, column: Column, profile: Profile, like: float, *, is_key: bool) -> Guess:
        score, why = like, ""
        if is_key and profile.n_distinct < 0.8 * profile.n:
            score *= 0.75
            why = 'TODO: it stands in several rows; if the last one counts, add keep = { latest_by = "…" } above'
        given: dict[str, Any] = {"from": profile.header}
        if column.name == "customer_id" and (profile.is_personal or profile.looks_personal):
            given["personal"] = True
            why = "personal: kept under a pseudonym"
        elif column.name == "customer_id" and not _NUMBERING.search(plain_words(profile.header)):
            given["personal"] = True
            why = "may be a name: kept under a pseudonym"
        elif profile.is_personal:
            score *= 0.3
        return Guess(column.name, given, score, why)

    def _of_words(self, column: Column, profile: Profile, like: float) -> Guess:
        """Map the words of a closed list; those that nobody knows are left to the person."""
        choices = self.vocabulary.words.get(str(column.words), {})
        known = {value: key for value in profile.values if (key := best_key(value, choices))}
        unknown = {value: n for value, n in profile.values.items() if value not in known}
        n_known = sum(profile.values[value] for value in known)
        share = n_known / max(sum(profile.values.values()), 1)
        plain = {value: key for value, key in known.items() if value.lower() != key}
        given = {"from": profile.header, **({"values": plain} if plain else {})}
        is_list = profile.n_distinct <= _MOST_VALUES
        score = like * (0.4 + 0.6 * share) if is_list and (share or like >= 0.9) else 0.0
        return Guess(column.name, given, score, "", unknown)

    def _reading(self, column: Column, profile: Profile) -> tuple[dict[str, Any], float, str]:
        """Find the options under which most values are read; ({}, share, why) where they cannot be told."""
        plain = self.share(column, profile.header, {})
        if column.type in ("instant", "date"):
            return self._time(column, profile, plain)
        if column.name.endswith("_s"):
            return self._duration(column, profile, plain)
        if column.type in ("number", "integer"):
            return self._number(column, profile, plain)
        return {}, plain, ""

    def _time(self, column: Column, profile: Profile, plain: float) -> tuple[dict[str, Any], float, str]:
        if plain >= 0.5:
            return {}, plain, ""
        shares = {order: self.share(column, profile.header, {"order": order}) for order in _ORDERS}
        best, other = sorted(shares, key=lambda order: -shares[order])
        if shares[best] > max(plain, 0.5):
            if all(_DOTTED.match(value) for value in profile.values):
                return {"order": "day_first"}, shares["day_first"], "read day first, as dates with dots are"
            if shares[other] > 0.98 * shares[best]:
                return {}, shares[best], 'TODO: add order = "day_first" or "month_first": either fits'
            return {"order": best}, shares[best], f"read {best.replace('_', ' ')}: the other order does not fit"
        counted = {unit: self._plausible(column, profile, unit) for unit in _COUNTED}
        unit = max(counted, key=lambda each: counted[each])
        if counted[unit] > max(plain, 0.5):
            return {"unit": unit}, counted[unit], "numbers that count from a start"
        return {}, plain, ""

    def _plausible(self, column: Column, profile: Profile, unit: str) -> float:
        """Give the share of numbers that are days from 1995 to 2050 in this unit; any number would be some day."""
        factors = {"epoch_s": 1.0, "epoch_ms": 1e3, "epoch_us": 1e6}
        bounds = (7.9e8 * factors[unit], 2.6e9 * factors[unit]) if unit in factors else (34700, 54800)
        text = f"try_cast({trimmed_sql(quote_name(profile.header))} AS DOUBLE)"
        query = f"SELECT count(*) FILTER ({text} BETWEEN {bounds[0]} AND {bounds[1]}) FROM {self.relation}"
        n = self.connection.sql(query).fetchall()[0][0]
        return float(n / profile.n) if profile.n else 0.0

    def _duration(self, column: Column, profile: Profile, plain: float) -> tuple[dict[str, Any], float, str]:
        n_clock = sum(n for value, n in profile.values.items() if value.count(":") == 1)
        if 2 * n_clock > sum(profile.values.values()):
            share = self.share(column, profile.header, {"unit": "clock"})
            return {"unit": "clock"}, share, 'minutes and seconds; if they are hours, unit = "hours_minutes"'
        words = plain_words(profile.header)
        stated = next((unit for unit, phrases in self.vocabulary.units.items() if likeness(words, phrases) > 0.3), None)
        has_comma = all(_is_number(value.replace(",", ".")) for value in profile.values)
        if stated and stated != "s" and has_comma:
            comma = any("," in value for value in profile.values)
            options = {"unit": stated, **({"decimal": ","} if comma else {})}
            return options, self.share(column, profile.header, options), f"the header says {stated}"
        why = "" if stated == "s" or plain < 0.9 else 'taken for seconds; if minutes, add unit = "minutes"'
        return {}, plain, why if any(_is_number(value) for value in profile.values) else ""

    def _number(self, column: Column, profile: Profile, plain: float) -> tuple[dict[str, Any], float, str]:
        if plain >= 0.9:
            return {}, plain, ""
        if column.maximum == 5:
            rated = {value: best_key(value, self.vocabulary.ratings) for value in profile.values}
            words = {value: key for value, key in rated.items() if key and key != value}
            share = self.share(column, profile.header, {"values": words})
            n_words = sum(profile.values[value] for value in words) / max(profile.n, 1)
            if words and share + n_words > plain:
                return {"values": words}, min(1.0, plain + n_words), "ratings in words"
        shares = [(self.share(column, profile.header, signs), -n, signs) for n, signs in enumerate(_SIGNS)]
        share, _, signs = max(shares, key=lambda each: each[:2])
        if share > max(plain, 0.5):
            fits = [each for each in shares if each[0] >= 0.98 * share]
            why = "signs between thousands and before decimals: look at them" if len(fits) > 1 else ""
            return dict(signs), share, why
        return {}, plain, ""

    def _in_bounds(self, column: Column, profile: Profile, options: Mapping[str, Any]) -> float:
        """Give the share of values within the column's bounds."""
        if column.minimum is None and column.maximum is None or "values" in options:
            return 1.0
        given = ColumnMap.model_validate({"from": profile.header, **options})
        typed = typed_sql("t", column, given, zone="UTC")
        low = "true" if column.minimum is None else f"v >= {column.minimum}"
        high = "true" if column.maximum is None else f"v <= {column.maximum}"
        text = f"nullif({trimmed_sql(quote_name(profile.header))}, '')"
        query = (
            f"SELECT count(v), count(*) FILTER (v IS NOT NULL AND {low} AND {high}) "
            f"FROM (SELECT {typed} AS v FROM (SELECT {text} AS t FROM {self.relation}))"
        )
        n, n_within = self.connection.sql(query).fetchall()[0]
        return n_within / n if n else 1.0


def _is_outside(text: str, column: Column) -> bool:
    """Tell whether a plain number lies outside a column's bounds."""
    if not _is_number(text):
        return False
    low, high = column.minimum, column.maximum
    return (low is not None and float(text) < low) or (high is not None and float(text) > high)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
