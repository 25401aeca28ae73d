"""The query engine: the one place that opens a connection and quotes what goes into a query.

DuckDB scans what is on disk or in an analyst's hands. Its session follows the machine unless told otherwise, so every
connection is set to UTC; nothing is ever downloaded.
"""

from __future__ import annotations

import atexit
from contextlib import suppress
from functools import cache

import duckdb

__all__ = ["borrow", "connect", "quote_name", "quote_text"]


def connect() -> duckdb.DuckDBPyConnection:
    """Open an in-memory connection: UTC, no extension is installed or loaded.

    Examples
    --------
    >>> connect().execute("SELECT current_setting('TimeZone')").fetchall()
    [('UTC',)]
    >>> connect().execute("SELECT current_setting('enable_progress_bar')").fetchall()
    [(False,)]
    """
    opened = duckdb.connect(
        config={"autoinstall_known_extensions": False, "autoload_known_extensions": False}
    )
    return _configured(opened)


def borrow() -> duckdb.DuckDBPyConnection:
    """Open a connection for one question over frames: as `connect`, at a hundredth of its cost.

    Its engine is shared by the process and lasts as long, so that only what is temporary may be created.

    Examples
    --------
    >>> borrow().execute("SELECT current_setting('TimeZone')").fetchall()
    [('UTC',)]
    """
    return _configured(_shared().cursor())


@cache
def _shared() -> duckdb.DuckDBPyConnection:
    atexit.register(_shared.cache_clear)  # what is still there when the interpreter ends is reported as leaked
    return connect()


def _configured(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Set what holds for a session."""
    connection.execute("SET TimeZone = 'UTC'")
    with suppress(duckdb.InvalidInputException):  # a notebook without widgets has no bar, and refuses to be told
        connection.execute("SET enable_progress_bar = false")  # a slow query would print one into a notebook's page
    return connection


def quote_name(name: str) -> str:
    """Quote a column or table name for SQL.

    Examples
    --------
    >>> quote_name("Call No.")
    '"Call No."'
    """
    return '"' + name.replace('"', '""') + '"'


def quote_text(text: str) -> str:
    """Quote a text for SQL.

    Examples
    --------
    >>> quote_text("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"
