"""Entries: how the files of one pattern, or the rows of one query, feed one table.

The frozen records behind a source file's `[[files]]` and `[[queries]]`; what their keys mean is said at the top of
`csm_lib.collect.sources`.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self
from urllib.parse import parse_qsl, urlsplit

from pydantic import BeforeValidator, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from csm_lib.collect.columnmaps import ColumnMap, Row, as_map, part_of_name
from csm_lib.definitions import TABLES

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


def _named_variable(name: Any) -> Any:
    # the message must not repeat what was given: it may be the secret itself
    if not isinstance(name, str) or not name.isidentifier() or not name.isascii():
        raise PydanticCustomError("no_variable", "must name an environment variable such as DESK_DB_PASSWORD")
    return name


VariableName = Annotated[str, BeforeValidator(_named_variable)]


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
    columns: dict[str, Annotated[ColumnMap, BeforeValidator(as_map)]]

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
        absent = self.absent(headers)
        columns = {name: given.fitted(headers, path=path) for name, given in self.columns.items() if name not in absent}
        return self.model_copy(update={"columns": columns})

    def absent(self, headers: Collection[str]) -> dict[str, str]:
        """Give the optional columns that a file lacks: our name, and what it lacks."""
        lacking = {name: given.lacking(headers) for name, given in self.columns.items() if given.optional}
        return {name: lacks for name, lacks in lacking.items() if lacks}


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
    def _fits_a_query(self) -> QueryEntry:
        for name, given in self.columns.items():
            if given.file_name is not None:
                raise ValueError(f"columns.{name}: must not use file_name, for a query reads no file")
        if self.snapshot and self.cursor is not None:
            raise ValueError("cursor: must be left out where snapshot says that each reading is whole")
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
