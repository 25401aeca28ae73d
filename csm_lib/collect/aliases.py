"""Aliases: whoever reads the warehouse meets agents and reviewers under other names, unless the settings show them.

The names are changed where the tables are opened, not where they are shown, so that no table, figure, sentence, error
or stored output can hold a name that somebody forgot to hide. An alias of the agents' list wins; anybody else gets a
number in the order of their first day in the data, so that whoever joins later changes nobody's.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date

import duckdb

from csm_lib.definitions import FACTS, STAFF_COLUMNS, TABLES
from csm_lib.engine import quote_name

__all__ = ["aliases_of", "hide_staff"]

_NO_PERSONS = ("agent", "bot", "customer", "system", "user", "客户", "机器人", "系统", "坐席")
_LIST = "staff_aliases"
# by which column each table tells when somebody was at work; the list of agents does not
_SEEN_AT = {
    "contacts": "created_at",
    "status_log": "changed_at",
    "shifts": "starts_at",
    "reviews": "reviewed_at",
    "staff_surveys": "answered_on",
    "agents": "NULL",
}


def aliases_of(people: Mapping[str, tuple[str, date | None]], *, given: Mapping[str, str]) -> dict[str, str]:
    """Give each person of the staff an alias of their own.

    Parameters
    ----------
    people : mapping of str to (str, date or None)
        Identifier to what the person is called in general, "Agent" or "Reviewer", and their first day; None without.
    given : mapping of str to str
        Identifier to the alias of the agents' list; two persons with one alias get numbers behind it.

    Returns
    -------
    dict of str to str
        No two are alike. Among those of one day the order tells nothing: it is that of a hash.

    Examples
    --------
    >>> aliases_of({"li": ("Agent", date(2024, 1, 5)), "wang": ("Agent", None)}, given={"wang": "Heron"})
    {'li': 'Agent 001', 'wang': 'Heron'}
    """
    shared = Counter(given.get(person, "") for person in people)
    found = {person: given[person] for person in people if given.get(person) and shared[given[person]] == 1}
    used, last = {*found.values()}, Counter[str]()
    for person in sorted(people, key=lambda one: (people[one][1] or date.max, hashlib.sha256(one.encode()).digest())):
        name = given.get(person) or people[person][0]
        while person not in found:
            last[name] += 1
            alias = f"{name} {last[name]:03d}"
            if alias not in used:
                found[person] = alias
    return dict(sorted(found.items()))


def hide_staff(connection: duckdb.DuckDBPyConnection) -> None:
    """Put views with aliases in the place of all views that say who of the staff it was.

    Parameters
    ----------
    connection : DuckDBPyConnection
        Has a view of every table and grain under its name; afterwards these show aliases.

    Notes
    -----
    A person without an entry would be called "Agent", never by name. Words such as "system" are no persons.
    """
    columns = {name: [column.name for column in table.columns] for name, table in TABLES.items()}
    concerned = {name: _staff_among(found) for name, found in columns.items()}
    people = _people(connection, {name: found for name, found in concerned.items() if found})
    listed = connection.sql("SELECT agent_id, trim(alias) FROM agents WHERE nullif(trim(alias), '') IS NOT NULL")
    aliases = aliases_of(people, given=dict(listed.fetchall()))
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


def _people(
    connection: duckdb.DuckDBPyConnection, concerned: Mapping[str, list[str]]
) -> dict[str, tuple[str, date | None]]:
    """Say of everybody in the tables whether they are an agent, or only review, and their first day at work."""
    parts = [
        f"SELECT {column} AS person, {column == 'reviewer_id'} AS reviews, "
        f"min(CAST({_SEEN_AT[name]} AS DATE)) AS seen_on FROM {name} GROUP BY 1"
        for name, found in concerned.items()
        for column in found
    ]
    query = f"SELECT person, bool_and(reviews), min(seen_on) FROM ({' UNION ALL '.join(parts)}) GROUP BY 1"
    return {
        person: ("Reviewer" if is_reviewer else "Agent", seen_on)
        for person, is_reviewer, seen_on in connection.sql(query).fetchall()
        if person is not None and person not in _NO_PERSONS
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
