"""The vocabulary as tables of rows: canonical tables and their columns, facts, indicators, word lists, glossary."""

from __future__ import annotations

from csm_lib.definitions.facts import FACTS, Fact
from csm_lib.definitions.indicators import INDICATORS, Indicator, indicator
from csm_lib.definitions.tables import STAFF_COLUMNS, TABLES, Column, Table, is_edited
from csm_lib.definitions.words import GLOSSARY, SPELLINGS, WORD_LISTS, Term, words_of

__all__ = [
    "FACTS",
    "GLOSSARY",
    "INDICATORS",
    "SPELLINGS",
    "STAFF_COLUMNS",
    "TABLES",
    "WORD_LISTS",
    "Column",
    "Fact",
    "Indicator",
    "Table",
    "Term",
    "indicator",
    "is_edited",
    "words_of",
]
