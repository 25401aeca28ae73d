"""Aliases: whoever reads the warehouse meets agents and reviewers under other names, unless the settings show them.

The names are changed where the tables are opened, not where they are shown, so that no table, figure, sentence, error
or stored output can hold a name that somebody forgot to hide. An alias of the agents' list wins; anybody else gets
letters from a keyed hash, the same in every report, whoever joins or leaves.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from collections.abc import Iterable, Mapping

import duckdb

from csm_lib.collect.rawrows import quote_name
from csm_lib.definitions import FACTS, STAFF_COLUMNS, TABLES

__all__ = ["aliases_of", "hide_staff"]

_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"  # no vowels: they make no words
_LENGTH = 5
_NO_PERSONS = ("agent", "bot", "customer", "system", "user", "客户", "机器人", "系统", "坐席")
_LIST = "staff_aliases"


def aliases_of(roles: Mapping[str, str], *, given: Mapping[str, str], key: bytes | None) -> dict[str, str]:
    """Give each person of the staff an alias of their own.

    Parameters
    ----------
    roles : mapping of str to str
        Identifier to what the person is called in general: "Agent", "Reviewer".
    given : mapping of str to str
        Identifier to the alias of the agents' list; two persons with one alias get their letters behind it.
    key : bytes or None
        Of the workspace. Without one the persons are numbered in the order of their identifiers.

    Returns
    -------
    dict of str to str

    Examples
    --------
    >>> aliases_of({"li": "Agent", "wang": "Agent"}, given={"wang": "Heron"}, key=None)
    {'li': 'Agent 001', 'wang': 'Heron'}
    """
    people = sorted(roles)
    marks = {person: f"{place:03d}" for place, person in enumerate(people, start=1)}
    if key is not None:
        length = _LENGTH
        marks = {person: _mark(person, key, length) for person in people}
        while len({*marks.values()}) < len(marks):
            length += 1
            marks = {person: _mark(person, key, length) for person in people}
    shared = Counter(given.get(person, "") for person in people)
    found = {}
    for person in people:
        alias = given.get(person, "")
        is_own = bool(alias) and shared[alias] == 1
        found[person] = alias if is_own else f"{alias or roles[person]} {marks[person]}"
    return found


def _mark(person: str, key: bytes, length: int) -> str:
    """Give letters that stand for a person, by HMAC-SHA256 with a purpose of its own."""
    number = int.from_bytes(hmac.new(key, b"alias of " + person.encode(), hashlib.sha256).digest(), "big")
    letters = []
    for _ in range(length):
        number, place = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[place])
    return "".join(letters)


def hide_staff(connection: duckdb.DuckDBPyConnection, *, key: bytes | None) -> None:
    """Put views with aliases in the place of all views that say who of the staff it was.

    Parameters
    ----------
    connection : DuckDBPyConnection
        Has a view of every table and grain under its name; afterwards these show aliases.
    key : bytes or None
        See `aliases_of`.

    Notes
    -----
    A person without an entry would be called "Agent", never by name. Words such as "system" are no persons.
    """
    columns = {name: [column.name for column in table.columns] for name, table in TABLES.items()}
    concerned = {name: _staff_among(found) for name, found in columns.items()}
    roles = _roles(connection, {name: found for name, found in concerned.items() if found})
    listed = connection.sql("SELECT agent_id, trim(alias) FROM agents WHERE nullif(trim(alias), '') IS NOT NULL")
    aliases = aliases_of(roles, given=dict(listed.fetchall()), key=key)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {_LIST} (person VARCHAR, alias VARCHAR)")
    connection.execute(
        f"INSERT INTO {_LIST} SELECT unnest($1::VARCHAR[]), unnest($2::VARCHAR[])", [[*aliases], [*aliases.values()]]
    )
    concerned |= {fact.table: _staff_among(fact.columns) for fact in FACTS.values()}
    for name, found in concerned.items():
        if found:
            _show_aliases(connection, name, found, has_alias="alias" in columns.get(name, ()))


def _staff_among(columns: Iterable[str]) -> list[str]:
    return [name for name in columns if name in STAFF_COLUMNS]


def _roles(connection: duckdb.DuckDBPyConnection, concerned: Mapping[str, list[str]]) -> dict[str, str]:
    """Say of everybody in the tables whether they are an agent; who only reviews is a reviewer."""
    parts = [
        f"SELECT DISTINCT {column} AS person, {column == 'reviewer_id'} AS reviews FROM {name}"
        for name, found in concerned.items()
        for column in found
    ]
    query = f"SELECT person, bool_and(reviews) FROM ({' UNION ALL '.join(parts)}) WHERE person IS NOT NULL GROUP BY 1"
    rows = connection.sql(query).fetchall()
    return {
        person: "Reviewer" if is_reviewer else "Agent" for person, is_reviewer in rows if person not in _NO_PERSONS
    }


def _show_aliases(connection: duckdb.DuckDBPyConnection, name: str, found: list[str], *, has_alias: bool) -> None:
    """Replace a view by one with aliases; the view before stays under another name, for the new one to read."""
    words = ", ".join(f"'{word}'" for word in _NO_PERSONS)
    shown = [
        f"CASE WHEN seen.{column} IN ({words}) THEN seen.{column} WHEN seen.{column} IS NOT NULL "
        f"THEN coalesce(p{place}.alias, 'Agent') END AS {column}"
        for place, column in enumerate(found)
    ]
    if has_alias:
        shown.append("CASE WHEN seen.alias IS NOT NULL THEN p0.alias END AS alias")
    joins = " ".join(
        f"LEFT JOIN {_LIST} AS p{place} ON p{place}.person = seen.{column}" for place, column in enumerate(found)
    )
    before = quote_name(f"{name}_by_name")
    connection.execute(f"ALTER VIEW {quote_name(name)} RENAME TO {before}")
    by_alias = f"SELECT seen.* REPLACE ({', '.join(shown)}) FROM {before} AS seen {joins}"
    connection.execute(f"CREATE TEMP VIEW {quote_name(name)} AS {by_alias}")
