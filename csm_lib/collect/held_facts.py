"""Facts in the hand: the fact tables of one edition, limited to a stretch of days and a scope, ready to be measured.

A notebook asks the same facts dozens of times. What is small is therefore read once and held in memory from the first
question on; what is large stays on disk, where only the columns and days that a question names are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import duckdb

from csm_lib.definitions import FACTS
from csm_lib.engine import quote_name, quote_text
from csm_lib.errors import SettingError
from csm_lib.periods import Period
from csm_lib.settings import Scope

__all__ = ["MOST_HELD", "Facts", "HeldFacts"]

MOST_HELD = 1_500_000
"""Rows held in memory at most, of all grains together: about half a gigabyte."""


class HeldFacts:
    """The fact tables behind one connection, taken into memory at their first use as far as they fit.

    Parameters
    ----------
    connection : DuckDBPyConnection
        Has a view of every fact table under its name, showing the same rows as long as it is open.
    most : int, rows
        Held at most, of all grains together.

    Raises
    ------
    SettingError
        By every method, if there is no such grain.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, *, most: int = MOST_HELD) -> None:
        self._connection = connection
        self._left = most
        self._in_memory: dict[str, bool] = {}
        self._has_source: dict[str, bool] = {}
        self._found: dict[tuple[str, str], duckdb.DuckDBPyRelation] = {}

    def has_source(self, grain: str) -> bool:
        """Tell whether the whole warehouse has a row of the grain."""
        if grain not in self._has_source:
            rows = self._connection.sql(f"SELECT 1 FROM {self._place(grain)} LIMIT 1")
            self._has_source[grain] = bool(rows.fetchall())
        return self._has_source[grain]

    def has_rows(self, grain: str, condition: str) -> bool:
        """Tell whether a row meets a condition, without taking anything into memory for it."""
        return bool(self._connection.sql(f"SELECT 1 FROM {self._place(grain)} WHERE {condition} LIMIT 1").fetchall())

    def within(self, grain: str, condition: str) -> duckdb.DuckDBPyRelation:
        """Give the facts of a grain that meet a condition; from memory if the grain, or else these rows, fit there."""
        if (grain, condition) not in self._found:
            if grain not in self._in_memory:
                self._in_memory[grain] = self._hold(f"FROM {self._place(grain)}", _name(grain))
            query = f"SELECT * FROM {self._place(grain)} WHERE {condition}"
            name = _name(f"{grain} {len(self._found)}")
            is_apart = not self._in_memory[grain] and self._hold(query, name)
            self._found[grain, condition] = self._connection.sql(f"FROM {name}" if is_apart else query)
        return self._found[grain, condition]

    def _place(self, grain: str) -> str:
        if grain not in FACTS:
            raise SettingError(f"grain must be one of {', '.join(FACTS)}, got {grain!r}. Correct it.")
        return _name(grain) if self._in_memory.get(grain) else FACTS[grain].table

    def _hold(self, query: str, name: str) -> bool:
        """Copy rows into memory, where they fit; tell whether they did."""
        n_rows = self._connection.sql(f"SELECT count(*) FROM ({query})").fetchall()[0][0]
        if n_rows > self._left:
            return False
        self._connection.execute(f"CREATE TEMP TABLE {name} AS {query}")
        self._left -= n_rows
        return True


class Facts(Mapping[str, duckdb.DuckDBPyRelation | None]):
    """Fact tables by grain, limited to one period and scope (`condition`, in SQL), ready to be measured.

    A grain of which the warehouse holds no row at all is None: there is no source, so nothing of it is measured.
    """

    def __init__(self, held: HeldFacts, period: Period, scope: Scope) -> None:
        self._held = held
        limits = [
            f"local_date >= DATE '{period.start_on}' AND local_date < DATE '{period.end_on}'",
            *(_is_in(column, words) for column, words in (("channel", scope.channels), ("team", scope.teams)) if words),
        ]
        self.condition = " AND ".join(limits)

    def __getitem__(self, grain: str) -> duckdb.DuckDBPyRelation | None:
        return self.relation(grain) if grain in FACTS and self._held.has_source(grain) else None

    def relation(self, grain: str) -> duckdb.DuckDBPyRelation:
        """Give the facts of a grain, without rows where there is no source.

        Raises
        ------
        SettingError
            If there is no such grain.
        """
        return self._held.within(grain, self.condition)

    def has_rows(self, grain: str) -> bool:
        """Tell whether there is any fact of the grain."""
        return self._held.has_rows(grain, self.condition)

    def __contains__(self, grain: object) -> bool:
        return grain in FACTS

    def __iter__(self) -> Iterator[str]:
        return iter(FACTS)

    def __len__(self) -> int:
        return len(FACTS)


def _name(place: str) -> str:
    return quote_name(f"held {place}")


def _is_in(column: str, words: tuple[str, ...]) -> str:
    listed = ", ".join(map(quote_text, words))
    return f"{column} IN ({listed})"
