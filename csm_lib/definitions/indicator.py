"""What an indicator is: two row-level expressions, and everything that is printed beside the number.

`numerator` and `denominator` are SQL expressions over the columns of one fact row, in the dialect that DuckDB and Spark
SQL share. A row is in the population where the denominator is present and not 0; the value is the ratio of the sums.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal

from csm_lib.definitions.facts import FACTS

__all__ = ["Indicator", "reasons", "with_fallback"]

Dimension = Literal["efficiency", "quality", "experience"]
HotlineDimension = Literal["responsiveness", "accuracy", "empathy", "professionalism"]
Aggregation = Literal["share", "mean", "net", "weighted_share", "ratio"]


@dataclass(frozen=True)
class Indicator:
    """One indicator.

    Attributes
    ----------
    key, name_en, name_zh : str
    dimension, hotline_dimension : str
        Label in the three-dimension scheme, and in the hotline literature's four.
    definition : str
        One sentence a reader without statistics understands.
    formula : str
        Numerator ÷ denominator in words.
    grain, denominator_grain : str
        What one row is; the denominator's own grain where it differs.
    numerator, denominator : str
        SQL row expressions.
    aggregation : str
        share: 0 or 1 over 0 or 1, or counts over counts; mean: a number over 0 or 1, or over another amount; net: −1, 0
        or 1; weighted_share: weight × 0 or 1 over weight; ratio: events over what they are counted against, of one
        grain or of two.
    unit : str
        s (seconds), share (0–1), points (share difference −1 to 1), score (1–5), money (in the currency of the
        settings), number.
    better : str
        higher or lower.
    cluster : str or None
        Column whose rows depend on each other; the interval allows for it.
    exclusions : mapping of str to str
        Reason to SQL condition: rows a reader might expect in the population and that are not.
    source : str
        Tables the number rests on.
    is_estimate : bool
        True if it is a sample of what it speaks of: then there is a verdict and no plain "met".
    fallback : Indicator or None
        What stands for it where the data have no row in its population; it may be of another grain and have a fallback
        of its own. `method` then carries `basis`.
    basis : str
        What a fallback rests on, in words.
    basis_column : str or None
        Column that says for each row what its judgement rests on; `method` counts them.
    is_of_counts : bool
        True if a row holds counts, so that the sum of the denominators is n.
    """

    key: str
    name_en: str
    name_zh: str
    dimension: Dimension
    hotline_dimension: HotlineDimension
    definition: str
    formula: str
    grain: str
    numerator: str
    denominator: str
    aggregation: Aggregation
    unit: Literal["s", "share", "points", "score", "money", "number"]
    better: Literal["higher", "lower"]
    source: str
    cluster: str | None = None
    denominator_grain: str | None = None
    exclusions: MappingProxyType[str, str] = field(default_factory=lambda: MappingProxyType({}))
    is_estimate: bool = False
    fallback: Indicator | None = None
    basis: str = ""
    basis_column: str | None = None
    is_of_counts: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of `grain` that the numerator (and, in the same grain, the denominator) read."""
        texts = [self.numerator] if self.denominator_grain else [self.numerator, self.denominator]
        return _columns_in(self.grain, texts)

    @property
    def denominator_columns(self) -> tuple[str, ...]:
        """Columns of `denominator_grain` that the denominator reads; empty where there is only one grain."""
        return _columns_in(self.denominator_grain, [self.denominator]) if self.denominator_grain else ()


def _columns_in(grain: str, texts: list[str]) -> tuple[str, ...]:
    words = {word for text in texts for word in re.findall(r"[A-Za-z_]\w*", re.sub(r"'[^']*'", "", text))}
    return tuple(column for column in FACTS[grain].columns if column in words)


def reasons(**conditions: str) -> MappingProxyType[str, str]:
    """Name why a row is left out, with the SQL condition that says so.

    Examples
    --------
    >>> dict(reasons(not_rated="csat IS NULL"))
    {'not_rated': 'csat IS NULL'}
    """
    return MappingProxyType(conditions)


def with_fallback(row: Indicator, *fallbacks: dict[str, Any]) -> Indicator:
    """Give an indicator what stands for it, one after the other, where the data cannot fill it.

    Parameters
    ----------
    row : Indicator
    *fallbacks : dict of str to object
        What each has of its own; the rest is as in `row`.
    """
    made: Indicator | None = None
    for changes in reversed(fallbacks):
        made = replace(row, **changes, fallback=made)
    return replace(row, fallback=made)
