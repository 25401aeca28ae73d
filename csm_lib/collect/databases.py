"""Databases: the rows of a query become one relation of texts, batch by batch, as the rows of a file do.

A query only reads. The password comes from the environment and goes to the driver, nowhere else: no message, account or
record holds it. Whether a failure is a wrong setting or a database that is away decides who has to act, so the two are
told apart by what the database itself reports.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from csm_lib.collect.cursors import Cursor, CursorWatch
from csm_lib.collect.entries import DIALECTS, Database, QueryEntry
from csm_lib.collect.rawrows import RawRows, column_names
from csm_lib.collect.spellings import without_secret
from csm_lib.engine import quote_name, quote_text
from csm_lib.errors import ContractError, SettingError, UnavailableError

if TYPE_CHECKING:
    import sqlalchemy as sa

__all__ = ["QueryRows", "database_label", "read_query", "value_text"]

_SILENT = logging.NullHandler()
_BATCH_ROWS = 20_000
_CONNECT_WAIT_S = 15
# what the servers report: a setting is wrong (who are you, which database), or they cannot serve now
_SQLSTATE_SETTINGS = ("28", "3D", "3F", "42", "22", "0A", "25", "21")
_MYSQL_SETTINGS = frozenset({1044, 1045, 1046, 1049, 1051, 1054, 1060, 1064, 1109, 1142, 1143, 1146, 1305, 1698, 1792})


@dataclass(frozen=True)
class QueryRows:
    """What a query gave.

    Attributes
    ----------
    raw : RawRows
        Its rows as text, numbered in the order in which they came; without those that the last reading had before.
    digest : str
        sha256 over the rows' texts, whatever their order.
    cursor : Cursor or None
        How far the query has been read.
    """

    raw: RawRows
    digest: str
    cursor: Cursor | None


def database_label(database: Database, *, name: str) -> str:
    """Name a database without user, password or options, as accounts and messages do.

    Raises
    ------
    SettingError
        If the variable that should hold the URL is not set.

    Examples
    --------
    >>> database_label(Database(url="postgresql://reader@db:5432/desk"), name="desk")
    'postgresql://db:5432/desk'
    """
    text = _url_text(database, name=name)
    scheme, _, rest = text.partition("://")
    place = rest if rest.startswith("/") else rest.rpartition("@")[2]
    return f"{scheme.partition('+')[0]}://{place.partition('?')[0]}"


def _url_text(database: Database, *, name: str) -> str:
    if database.url is not None:
        return database.url
    text = os.environ.get(str(database.url_env), "")
    if not text:
        raise SettingError(
            f"{database.url_env} must hold the URL of the database, got nothing (source {name!r}). Set that "
            "environment variable, e.g. postgresql://reader@db.example/desk."
        )
    if text.partition("://")[0].partition("+")[0] not in DIALECTS:
        allowed = ", ".join(f"{known}://" for known in DIALECTS)
        raise SettingError(
            f"{database.url_env} must hold a URL that begins with {allowed}, got another (source {name!r}). Correct it."
        )
    return text


def read_query(
    connection: duckdb.DuckDBPyConnection,
    database: Database,
    entry: QueryEntry,
    *,
    since: Cursor | None,
    relation: str,
    name: str,
    folder: Path,
) -> QueryRows:
    """Run a query and read its rows as numbered texts.

    Parameters
    ----------
    since : Cursor or None
        Where the last ingest ended; None reads everything.
    relation : str
        Name of the temporary table to make.
    name : str
        The source's name, for messages.
    folder : Path
        The workspace, from which relative paths of SQLite files start.

    Raises
    ------
    SettingError
        If the extra is not installed, the URL, password or query is wrong, or the cursor is no column of the result.
    UnavailableError
        If the database is away, or goes away while rows are read.
    ContractError
        If an SQLite file is none.
    """
    sqlalchemy = _library()
    where = database_label(database, name=name)
    url = _url(sqlalchemy, database, name=name)
    with _told_apart(sqlalchemy, where, entry, name=name, secret=url.password):
        engine = _engine(sqlalchemy, url, where, name=name, folder=folder)
        try:
            with engine.connect() as session:
                return _read(connection, session, entry, since=since, relation=relation, name=name)
        finally:
            engine.dispose()


def _library() -> ModuleType:
    try:
        import sqlalchemy
    except ImportError:
        raise SettingError(
            "the extra `db` must be installed to read a database, got no sqlalchemy. Run: pip install 'csm_lib[db]'."
        ) from None
    # what goes wrong is said once, by us; without a handler the library would print a traceback beside it
    logging.getLogger("sqlalchemy").addHandler(_SILENT)
    return sqlalchemy


def _url(sqlalchemy: Any, database: Database, *, name: str) -> sa.URL:
    """Make the URL that the driver gets: with its driver's name, and with the password of the environment."""
    text = _url_text(database, name=name)
    try:
        url = sqlalchemy.make_url(text)
    except (sqlalchemy.exc.ArgumentError, ValueError):
        raise SettingError(
            "the database's URL must have the form postgresql://user@host:port/database, got another "
            f"(source {name!r}). Correct it."
        ) from None
    if "+" not in url.drivername:
        url = url.set(drivername=DIALECTS[url.drivername])
    if database.password_env is None:
        return url
    password = os.environ.get(database.password_env)
    if password is None:
        raise SettingError(
            f"{database.password_env} must hold the database's password, got nothing (source {name!r}). "
            "Set that environment variable."
        )
    return url.set(password=password)


def _engine(sqlalchemy: Any, url: sa.URL, where: str, *, name: str, folder: Path) -> sa.Engine:
    """Make the engine: it opens one connection, waits a quarter of a minute at most, and only reads."""
    options: dict[str, Any] = {"poolclass": sqlalchemy.pool.NullPool}
    if url.drivername.startswith("sqlite"):
        path = folder / (url.database or "")
        if not path.is_file():
            raise UnavailableError(
                f"{where} must be an SQLite file, got nothing there. Correct the path, or try again when it is there."
            )
        address = f"{path.resolve().as_uri()}?mode=ro"
        return sqlalchemy.create_engine(url, creator=lambda: sqlite3.connect(address, uri=True), **options)
    if url.drivername.endswith(("pg8000", "pymysql")):
        key = "timeout" if url.drivername.endswith("pg8000") else "connect_timeout"
        options["connect_args"] = {key: _CONNECT_WAIT_S}
    try:
        return sqlalchemy.create_engine(url, **options)
    except ImportError as error:
        raise SettingError(
            f"the driver of {where} must be installed, got no {error.name}. Run: pip install 'csm_lib[db]'."
        ) from None
    except sqlalchemy.exc.NoSuchModuleError:
        raise SettingError(
            f"the database's URL must name a known driver, got {url.drivername!r} (source {name!r}). Leave the driver "
            f"out: {url.drivername.partition('+')[0]}://."
        ) from None


def _read(
    connection: duckdb.DuckDBPyConnection,
    session: sa.Connection,
    entry: QueryEntry,
    *,
    since: Cursor | None,
    relation: str,
    name: str,
) -> QueryRows:
    session = _reading_only(session).execution_options(yield_per=_BATCH_ROWS, no_parameters=True)
    result = session.exec_driver_sql(_query(entry, since, dialect=session.dialect))
    if not result.returns_rows:
        raise SettingError(f"the query of {entry.label} must give rows, got a statement (source {name!r}). Correct it.")
    columns = column_names(list(result.keys()))
    if entry.cursor is not None and entry.cursor not in columns:
        raise SettingError(
            f"cursor must be a column of the query's result, got {entry.cursor!r} (source {name!r}, {entry.label}). "
            f"Columns: {', '.join(columns)}."
        )
    watch = CursorWatch(since, entry.overlap_s, name)
    n_rows = total = 0
    _make_relation(connection, relation, columns)
    for batch in result.partitions(_BATCH_ROWS):
        hashes = _append(connection, relation, columns, batch, n_before=n_rows)
        if entry.cursor is not None:
            place = columns.index(entry.cursor)
            watch.note([row[place] for row in batch], hashes, first_row=n_rows + 1)
        n_rows, total = n_rows + len(batch), total + sum(hashes)
    cursor, again = watch.finish()
    if again:
        connection.execute(f"DELETE FROM {relation} WHERE _row IN (SELECT unnest(?))", [again])
    digest = hashlib.sha256(json.dumps([columns, n_rows, total]).encode()).hexdigest()
    return QueryRows(RawRows(relation, columns, n_rows - len(again), lambda numbers: numbers), digest, cursor)


def _reading_only(session: sa.Connection) -> sa.Connection:
    """Let nothing be changed, whatever the query says."""
    if session.dialect.name == "postgresql":
        return session.execution_options(postgresql_readonly=True)
    if session.dialect.name in ("mysql", "mariadb"):
        session.exec_driver_sql("SET SESSION TRANSACTION READ ONLY")
    return session


def _query(entry: QueryEntry, since: Cursor | None, *, dialect: Any) -> str:
    """Give the text to run: as written, limited to what changed where there is a cursor."""
    text = entry.query.strip().rstrip(";").rstrip()
    if entry.cursor is None or since is None:
        return text
    column = dialect.identifier_preparer.quote(entry.cursor)
    start = _literal(since.start(overlap_s=entry.overlap_s), is_mysql=dialect.name in ("mysql", "mariadb"))
    # the newline ends a comment that the query may end with
    return f"SELECT * FROM ({text}\n) AS changed WHERE {column} >= {start} OR {column} IS NULL"


def _literal(value: Any, *, is_mysql: bool) -> str:
    """Write a cursor's value for a query; drivers disagree about parameters beside a literal percent sign.

    Examples
    --------
    >>> _literal(datetime(2024, 3, 1), is_mysql=False), _literal(7, is_mysql=False), _literal("it's", is_mysql=False)
    ("'2024-03-01 00:00:00'", '7', "'it''s'")
    """
    if isinstance(value, int | float | Decimal):
        return str(value)
    text = value.isoformat(sep=" ") if isinstance(value, datetime) else str(value)
    text = text.replace("\\", "\\\\") if is_mysql else text
    return quote_text(text)


def _make_relation(connection: duckdb.DuckDBPyConnection, relation: str, columns: Sequence[str]) -> None:
    texts = ", ".join(f"{quote_name(name)} VARCHAR" for name in columns)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {relation} (_row BIGINT, {texts})")


def _append(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    columns: Sequence[str],
    batch: Sequence[Any],
    *,
    n_before: int,
) -> list[int]:
    """Add a batch of rows to the relation; give a hash of each row's texts."""
    texts = [[value_text(value) for value in row] for row in batch]
    numbers = pa.array(range(n_before + 1, n_before + len(batch) + 1), pa.int64())
    cells = [pa.array(column, pa.string()) for column in zip(*texts, strict=True)]
    rows = pa.table([numbers, *cells], names=[f"c{place}" for place in range(len(columns) + 1)])
    connection.register(f"{relation}_batch", rows)
    connection.execute(f"INSERT INTO {relation} FROM {relation}_batch")
    connection.unregister(f"{relation}_batch")
    return [int.from_bytes(hashlib.blake2b(repr(row).encode(), digest_size=8).digest()) for row in texts]


def value_text(value: Any) -> str | None:
    """Write a database's value as the text that a contract reads.

    Examples
    --------
    >>> value_text(True), value_text(Decimal("1.50")), value_text(timedelta(minutes=2)), value_text("")
    ('true', '1.50', '120.0', None)
    """
    # what most cells are comes first: a large table is a hundred million of them
    if type(value) is int:
        return str(value)
    if value is None or value == "":
        return None
    if isinstance(value, str):
        if value.isascii():
            return str(value)
        # half of a character is none: a text cannot hold it
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value.total_seconds())
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


@contextmanager
def _told_apart(
    sqlalchemy: Any, where: str, entry: QueryEntry, *, name: str, secret: object
) -> Iterator[None]:
    """Turn what a driver raises into a sentence for who can act, without the secret."""
    try:
        yield
    except (sqlalchemy.exc.SQLAlchemyError, sqlite3.Error, OSError, RuntimeError) as error:
        cause = getattr(error, "orig", None) or error
        said = without_secret(_said(cause), secret)
        kind = _kind(cause)
        if kind == "file":
            raise ContractError(f"{where} must be an SQLite file, got {said!r}. Correct the path.") from None
        if kind == "setting":
            raise SettingError(
                f"the query of {entry.label} must run on {where}, got {said!r} (source {name!r}). Correct the query, "
                "the URL or the password."
            ) from None
        raise UnavailableError(f"{where} must answer, got {said!r} (source {name!r}). Try again later.") from None


def _kind(cause: BaseException) -> str:
    """Tell a wrong setting from a database that cannot serve now, by what the database reports."""
    if isinstance(cause, sqlite3.Error):
        said = str(cause)
        if "not a database" in said or "malformed" in said:
            return "file"
        return "away" if "locked" in said or "unable to open" in said or "disk" in said else "setting"
    if isinstance(cause, RuntimeError):
        return "setting"  # a driver lacks a part that this server asks for
    first = cause.args[0] if cause.args else None
    state = first.get("C", "") if isinstance(first, Mapping) else getattr(cause, "sqlstate", None)
    if state:
        return "setting" if str(state).startswith(_SQLSTATE_SETTINGS) else "away"
    if isinstance(first, int):
        return "setting" if first in _MYSQL_SETTINGS else "away"
    # a driver that has no password to give says so in words
    return "setting" if "password" in str(cause).lower() else "away"


def _said(cause: BaseException) -> str:
    first = cause.args[0] if cause.args else str(cause)
    if isinstance(first, Mapping):
        return str(first.get("M", "an error"))
    if isinstance(first, int) and len(cause.args) > 1:
        return str(cause.args[1]).splitlines()[0]
    return (str(cause) or type(cause).__name__).splitlines()[0]
