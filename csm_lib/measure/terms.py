"""What the indicators of one grain add up: their expressions as SQL text, each made once.

A term is the part of an indicator that lives in one grain. A plan lists the sums of several terms, so that indicators
of one population, or with one list of reasons, share what they have in common.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from csm_lib.definitions import FACTS, Indicator

__all__ = ["VALUE_MISSING", "Plan", "Summed", "Term", "applicable", "names_in"]

VALUE_MISSING = "value_missing"  # in the population by its denominator, but nothing to add up

_COUNTED = re.compile(r"CASE WHEN (.+) THEN 1 END")
_NESTED = re.compile(r"\b(CASE|WHEN|THEN|ELSE|END)\b")


def names_in(text: str, grain: str) -> set[str]:
    """Name the columns of a grain that an expression reads.

    Examples
    --------
    >>> sorted(names_in("is_offered AND wait_s > 5 AND team <> 'issue'", "contact"))
    ['is_offered', 'team', 'wait_s']
    """
    return set(re.findall(r"[A-Za-z_]\w*", re.sub(r"'[^']*'", "", text))) & set(FACTS[grain].columns)


@dataclass(frozen=True)
class Term:
    """What one indicator adds up in one grain; a ratio of two grains makes one term in each."""

    key: str
    grain: str
    aggregation: str
    numerator: str | None
    denominator: str | None
    columns: tuple[str, ...]
    cluster: str | None = None
    exclusions: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, row: Indicator) -> tuple[Term, ...]:
        """Split an indicator into its terms.

        Examples
        --------
        >>> from csm_lib.definitions import indicator
        >>> [term.grain for term in Term.of(indicator("complaint_rate"))]
        ['complaint', 'contact']
        """
        reasons = tuple(row.exclusions.items())
        if row.denominator_grain is None:
            texts = (row.numerator, row.denominator)
            return (cls(row.key, row.grain, row.aggregation, *texts, row.columns, row.cluster, reasons),)
        below = row.denominator_grain
        return (
            cls(row.key, row.grain, "count", row.numerator, None, row.columns, None, reasons),
            cls(row.key, below, "count", None, row.denominator, row.denominator_columns),
        )

    @property
    def condition(self) -> str | None:
        """What a denominator that is 1 or nothing asks for; None where the denominator is a number of its own.

        Such a denominator adds up to the count of rows, and need not be added up.

        Examples
        --------
        >>> from csm_lib.definitions import indicator
        >>> Term.of(indicator("answer_rate"))[0].condition
        'is_offered'
        """
        if self.denominator is None:
            return f"({self.numerator}) IS NOT NULL"
        found = _COUNTED.fullmatch(self.denominator)
        return found[1] if found and not _NESTED.search(found[1]) else None

    @property
    def population(self) -> str:
        """Condition on a row to count, as far as the denominator says."""
        return self.condition or f"({self.denominator}) <> 0"

    @property
    def adding(self) -> str:
        """Aggregate that adds the term up: compensated for numbers with fractions, since row order must not show."""
        return "fsum" if self.aggregation in ("mean", "weighted_share") else "sum"

    def values(self, position: int) -> list[str]:
        """Write numerator a and, where it is no count, denominator b of the rows that count."""
        numerator = "1" if self.numerator is None else self.numerator
        made = [f"CASE WHEN {self.population} THEN CAST(({numerator}) AS DOUBLE) END AS a{position}"]
        if self.condition is None:
            made.append(
                f"CASE WHEN {self.population} AND ({numerator}) IS NOT NULL "
                f"THEN CAST(({self.denominator}) AS DOUBLE) END AS b{position}"
            )
        return made


@dataclass(frozen=True)
class Summed:
    """Sums of one term in one group: rows, Σa, Σb, Σa², Σab, Σb², rows with a > 0 or a < 0, rows left out by reason.

    Products are there where an interval needs them, else 0.
    """

    n: int
    a: float
    b: float
    aa: float
    ab: float
    bb: float
    up: int
    down: int
    excluded: Mapping[str, int]


@dataclass(frozen=True)
class Plan:
    """Everything that one pass over the rows of a grain adds up.

    Attributes
    ----------
    terms : tuple of Term
    reasons : tuple of tuples of (str, str)
        Reason and condition of the rows left out, per term; empty without detail.
    unclustered : tuple of bool
        Per term, whether its interval takes rows as independent and so needs the sum of squares.
    is_detailed : bool
        Whether more is asked for than n, a and b.
    """

    terms: tuple[Term, ...]
    reasons: tuple[tuple[tuple[str, str], ...], ...]
    unclustered: tuple[bool, ...]
    is_detailed: bool

    def codes(self) -> dict[tuple[str, tuple[tuple[str, str], ...]], int]:
        """Number the distinct pairs of population and reasons; many indicators share one."""
        pairs = dict.fromkeys((term.population, held) for term, held in zip(self.terms, self.reasons, strict=True))
        return {pair: number for number, pair in enumerate(pairs)} if self.is_detailed else {}

    def values(self) -> list[str]:
        """Write per row a0…, b0… (numerators, denominators) and x0… (0: counts; 1…: the first reason that holds)."""
        values = [text for i, term in enumerate(self.terms) for text in term.values(i)]
        for (population, reasons), number in self.codes().items():
            cases = "".join(f" WHEN {text} THEN {code}" for code, (_, text) in enumerate(reasons, start=1))
            values.append(f"CASE WHEN {population} THEN 0{cases} END AS x{number}")
        return values

    def sums(self) -> dict[str, tuple[str, str]]:
        """Name every sum, with its aggregate over rows and the aggregate over what that gave."""
        wanted: dict[str, tuple[str, str]] = {}
        for i, term in enumerate(self.terms):
            wanted |= {f"n{i}": (f"count(a{i})", "sum"), f"a{i}": (f"{term.adding}(a{i})", term.adding)}
            if term.condition is None:
                wanted[f"b{i}"] = (f"{term.adding}(b{i})", term.adding)
            if self.is_detailed:
                wanted |= {f"{name}{i}": (text, how) for name, (text, how) in self._details(i, term).items()}
        for (_, reasons), number in self.codes().items():
            for code in range(len(reasons) + 1):
                wanted[f"x{number}_{code}"] = (f"count(CASE WHEN x{number} = {code} THEN 1 END)", "sum")
        return wanted

    def _details(self, i: int, term: Term) -> dict[str, tuple[str, str]]:
        """Products for intervals of independent rows, and the two sides of a net share."""
        if term.aggregation == "net":
            sides = {"up": f"a{i} > 0", "down": f"a{i} < 0"}
            return {name: (f"count(CASE WHEN {text} THEN 1 END)", "sum") for name, text in sides.items()}
        if not self.unclustered[i] or term.adding != "fsum":
            return {}
        products = {"aa": f"a{i} * a{i}"}
        if term.condition is None:
            products |= {"ab": f"a{i} * b{i}", "bb": f"b{i} * b{i}"}
        return {name: (f"fsum({text})", "fsum") for name, text in products.items()}

    def single(self) -> list[str]:
        """Write the sums of one row alone, without detail."""
        made = []
        for i, term in enumerate(self.terms):
            made += [f"CASE WHEN a{i} IS NULL THEN 0 ELSE 1 END AS n{i}", f"a{i}"]
            made += [] if term.condition else [f"b{i}"]
        return made

    def summed(self, record: Mapping[str, Any], i: int) -> Summed:
        """Take one term's sums from a record of all."""
        n = int(record[f"n{i}"] or 0)
        numbers = {name: float(record.get(f"{name}{i}") or 0.0) for name in ("a", "b", "aa", "ab", "bb")}
        if self.terms[i].condition is not None:
            numbers["b"] = float(n)
        up, down = (int(record.get(f"{name}{i}") or 0) for name in ("up", "down"))
        return Summed(n=n, **numbers, up=up, down=down, excluded=self._excluded(record, i, n))

    def _excluded(self, record: Mapping[str, Any], i: int, n: int) -> dict[str, int]:
        """Count rows left out: those of the population with nothing to add up, then the others by reason."""
        if not self.is_detailed:
            return {}
        number = self.codes()[self.terms[i].population, self.reasons[i]]
        counts = [int(record[f"x{number}_{code}"] or 0) for code in range(len(self.reasons[i]) + 1)]
        named = {VALUE_MISSING: counts[0] - n}
        named |= {reason: count for (reason, _), count in zip(self.reasons[i], counts[1:], strict=True)}
        return {reason: count for reason, count in named.items() if count}


def applicable(terms: Sequence[Term], present: Sequence[str]) -> list[tuple[tuple[str, str], ...]]:
    """Give per term the reasons whose columns are there: a count is not worth refusing a frame for.

    Examples
    --------
    >>> from csm_lib.definitions import indicator
    >>> applicable(Term.of(indicator("answer_rate")), ["is_answered"])
    [()]
    """
    return [
        tuple((reason, text) for reason, text in term.exclusions if names_in(text, term.grain) <= set(present))
        for term in terms
    ]
