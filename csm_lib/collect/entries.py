"""Entries: how the files of one pattern, or the rows of one query, feed one table.

The frozen records behind a source file's `[[files]]` and `[[queries]]`; what their keys mean is said at the top of
`csm_lib.collect.sources`.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self
from urllib.parse import parse_qsl, urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from csm_lib.definitions import TABLES
from csm_lib.errors import ContractError

__all__ = [
    "DIALECTS",
    "FORMATS",
    "PACKED",
    "AnyEntry",
    "ColumnMap",
    "Database",
    "Entry",
    "FileEntry",
    "Keep",
    "QueryEntry",
    "Row",
    "Rule",
    "holds_password",
    "part_of_name",
]

FORMATS = MappingProxyType(
    {
        ".csv": "csv",
        ".txt": "csv",
        ".tsv": "tsv",
        ".tab": "tsv",
        ".xlsx": "xlsx",
        ".xlsm": "xlsx",
        ".xls": "xls",
        ".ods": "ods",
        ".parquet": "parquet",
        ".jsonl": "jsonl",
        ".ndjson": "jsonl",
        ".json": "jsonl",
    }
)
# a file's name may end with one of these after its format: calls.csv.gz, calls.csv.zip
PACKED = (".gz", ".zip")
# the databases that drivers come with (extra `db`): the name in a URL, and the driver where the URL names none
DIALECTS = MappingProxyType(
    {
        "postgresql": "postgresql+pg8000",
        "postgres": "postgresql+pg8000",
        "mysql": "mysql+pymysql",
        "mariadb": "mariadb+pymysql",
        "sqlite": "sqlite",
    }
)
Unit = Literal[
    "s", "ms", "minutes", "hours", "clock", "hours_minutes", "duration", "epoch_s", "epoch_ms", "excel", "excel_1904"
]


def _named_variable(name: Any) -> Any:
    # the message must not repeat what was given: it may be the secret itself
    if not isinstance(name, str) or not name.isidentifier() or not name.isascii():
        raise PydanticCustomError("no_variable", "must name an environment variable such as DESK_DB_PASSWORD")
    return name


VariableName = Annotated[str, BeforeValidator(_named_variable)]


class Row(BaseModel):
    """A part of a source file: no unknown key, never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def _as_map(given: Any) -> Any:
    return {"from": given} if isinstance(given, str) else given


def _as_tuple(given: Any) -> Any:
    return (given,) if isinstance(given, str) else given


class ColumnMap(Row):
    """Where one of our columns comes from: exactly one of `from`, `value`, `sql`, `file_name`.

    Beside `sql`, `file_name` says what `{file_name}` stands for there.
    """

    from_: str | None = Field(default=None, alias="from")
    also: Annotated[tuple[str, ...], BeforeValidator(_as_tuple)] = ()
    optional: bool = False
    value: str | None = None
    sql: str | None = None
    file_name: str | None = None
    format: Annotated[tuple[str, ...], BeforeValidator(_as_tuple)] = ()
    unit: Unit | None = None
    order: Literal["day_first", "month_first", "year_first"] | None = None
    thousands: Literal[",", ".", " ", "'", "_"] | None = None
    decimal: Literal[".", ","] | None = None
    values: dict[str, str] = {}
    missing: tuple[str, ...] | None = None
    personal: bool = False

    @model_validator(mode="after")
    def _has_one_origin(self) -> ColumnMap:
        origins = [name for name in ("from_", "value", "sql", "file_name") if getattr(self, name) is not None]
        if len(origins) != 1 and not (origins == ["sql", "file_name"] and "{file_name}" in str(self.sql)):
            raise ValueError("must name exactly one of from, value, sql, file_name")
        if (self.also or self.optional) and self.from_ is None:
            raise ValueError("must have `from` where it has `also` or `optional`")
        if self.thousands is not None and self.thousands == (self.decimal or "."):
            raise ValueError("thousands and decimal must be two different signs")
        return self


class Rule(Row):
    """A condition over their columns that sets a row aside."""

    when: str
    because: str | None = None
    reason: str = Field(default="out_of_population", pattern="^[a-z][a-z0-9_]*$")
    column: str | None = None


class Keep(Row):
    """Which of several rows with one key stays: the one with the highest `latest_by`, then the last in the file."""

    latest_by: str


class Entry(Row):
    """How rows from outside become rows of one table: what files and queries have in common."""

    table: str
    missing: tuple[str, ...] = ()
    snapshot: bool = False
    keep: Keep | None = None
    out_of_population: tuple[Rule, ...] = ()
    set_aside: tuple[Rule, ...] = ()
    columns: dict[str, Annotated[ColumnMap, BeforeValidator(_as_map)]]

    @field_validator("table")
    @classmethod
    def _table_is_known(cls, name: str) -> str:
        if name not in TABLES:
            raise ValueError(f"must be one of {', '.join(TABLES)}")
        return name

    @model_validator(mode="after")
    def _columns_fit_the_table(self) -> Entry:
        known = [column.name for column in TABLES[self.table].columns]
        for name in self.columns:
            if name not in known:
                raise ValueError(f"columns: {name!r} must be a column of {self.table}: {', '.join(known)}")
        for column in TABLES[self.table].columns:
            if column.is_required and (column.name not in self.columns or self.columns[column.name].optional):
                raise ValueError(f"columns: must give {column.name!r}, which every row of {self.table} needs")
        return self

    def fitted(self, headers: Collection[str], *, path: Path) -> Self:
        """Give the entry for one file: other headers and parts of its name put in, optional columns it lacks left out.

        Raises
        ------
        ContractError
            If the file's name lacks the part that an `sql` asks for.

        Examples
        --------
        >>> name = {"from": "Order", "also": ["Order No."]}
        >>> amount = {"from": "Amount", "optional": True}
        >>> columns = {"order_id": name, "customer_id": "C", "ordered_at": "T", "amount": amount}
        >>> entry = FileEntry.model_validate({"pattern": "*", "table": "orders", "columns": columns})
        >>> fitted = entry.fitted(["Order No.", "C", "T"], path=Path("a.csv"))
        >>> fitted.columns["order_id"].from_, "amount" in fitted.columns
        ('Order No.', False)
        """
        columns = {}
        absent = self.absent(headers)
        for name, given in self.columns.items():
            if name in absent:
                continue
            if given.sql is not None and given.file_name is not None:
                part = "'" + part_of_name(given.file_name, path).replace("'", "''") + "'"
                given = given.model_copy(update={"sql": given.sql.replace("{file_name}", part), "file_name": None})
            there = next((header for header in (given.from_, *given.also) if header in headers), None)
            columns[name] = given.model_copy(update={"from_": there, "also": ()}) if there else given
        return self.model_copy(update={"columns": columns})

    def absent(self, headers: Collection[str]) -> dict[str, str]:
        """Give the optional columns that a file lacks: our name and theirs."""
        return {
            name: str(given.from_)
            for name, given in self.columns.items()
            if given.optional and not {given.from_, *given.also}.intersection(headers)
        }


def part_of_name(pattern: str, path: Path) -> str:
    """Give the group that a pattern finds in a file's name.

    Raises
    ------
    ContractError
        If it finds none.

    Examples
    --------
    >>> part_of_name("calls_([a-z]+)", Path("calls_nord.csv"))
    'nord'
    """
    found = re.search(pattern, path.name)
    if found is None or not found.groups():
        raise ContractError(
            f"{path.name} must have a name in which {pattern!r} finds a group, got none ({path}). "
            "Rename the file or correct the source."
        )
    return found.group(1)


class FileEntry(Entry):
    """How files of one pattern feed one table."""

    pattern: str
    format: Literal["csv", "tsv", "xlsx", "xls", "ods", "parquet", "jsonl"] | None = None
    encoding: str | None = None
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    sheet: str | None = None

    @field_validator("encoding")
    @classmethod
    def _encoding_is_known(cls, name: str | None) -> str | None:
        try:
            "".encode(name or "utf-8")
        except LookupError:
            raise ValueError("must be an encoding's name such as utf-8, gb18030 or latin-1") from None
        return name

    def format_of(self, path: Path) -> str:
        """Give the format of a file: as stated, else from its name without `.gz`; csv when the name says nothing."""
        name = path.name.lower()
        for ending in PACKED:
            name = name.removesuffix(ending)
        return self.format or FORMATS.get(PurePosixPath(name).suffix, "csv")

    def matches(self, path: Path) -> bool:
        """Tell whether the end of a path fits the pattern."""
        return PurePosixPath(path.as_posix()).match(self.pattern)


class QueryEntry(Entry):
    """How the rows of one query feed one table.

    Attributes
    ----------
    name : str
        How accounts call it, beside the database; the table's name if empty.
    cursor : str or None
        Column of the result that grows whenever a row changes: later ingests read only rows at or after the highest
        value seen, less `overlap_s` where it is a time.
    overlap_s : float, seconds
        How far a later ingest goes back: a transaction may end after rows with later times were read.
    """

    query: str = Field(min_length=1)
    name: str = Field(default="", pattern="^[a-z0-9_]*$")
    cursor: str | None = None
    overlap_s: float = Field(default=300.0, ge=0)

    @model_validator(mode="after")
    def _has_no_file_name(self) -> QueryEntry:
        for name, given in self.columns.items():
            if given.file_name is not None:
                raise ValueError(f"columns.{name}: must not use file_name, for a query reads no file")
        return self

    @property
    def label(self) -> str:
        """How accounts call it."""
        return self.name or self.table

    @property
    def pattern(self) -> str:
        """What messages call it where they name a file's pattern."""
        return f"query {self.label}"


AnyEntry = FileEntry | QueryEntry


class Database(Row):
    """Where the queries of a source run; a password never stands here.

    Attributes
    ----------
    url : str or None
        SQLAlchemy URL without a password.
    url_env : str or None
        Environment variable that holds the URL instead (it may hold a password there).
    password_env : str or None
        Environment variable that holds the password.
    """

    url: str | None = None
    url_env: VariableName | None = None
    password_env: VariableName | None = None

    @model_validator(mode="after")
    def _is_reachable_without_a_secret_in_the_file(self) -> Database:
        if (self.url is None) == (self.url_env is None):
            raise ValueError("must name exactly one of url, url_env")
        if self.url is not None:
            if holds_password(self.url):
                raise ValueError("url must not hold a password: name the variable that holds it with password_env")
            if self.url.partition(":")[0].partition("+")[0] not in DIALECTS:
                raise ValueError(f"url must begin with {', '.join(f'{name}://' for name in DIALECTS)}")
        return self


def holds_password(url: str) -> bool:
    """Tell whether a database URL holds a password, before the host or among its parameters.

    Examples
    --------
    >>> holds_password("postgresql://desk@db/tickets"), holds_password("postgresql://desk:secret@db/tickets")
    (False, True)
    """
    rest = url.partition("://")[2]
    user = "" if rest.startswith("/") else rest.rpartition("@")[0]
    options = urlsplit("//" + rest.rpartition("@")[2].replace("[", "").replace("]", "")).query
    return ":" in user or any("pass" in name.lower() or name.lower() == "pwd" for name, _ in parse_qsl(options))
