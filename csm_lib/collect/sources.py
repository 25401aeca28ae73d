'''Sources: how one system's export is read, said in a TOML file instead of code.

A source file lies in `data/sources/` (a file there wins over a shipped one of the same name):

```toml
name = "acd"                        # how the command line and the reports call it
title = "Call log of the phone system"
time_zone = "Asia/Shanghai"         # of times that state none; absent: the workbook's zone

[[files]]                           # one entry per table that a file feeds; several may read the same file
pattern = "calls_*.csv*"            # against the end of the path; "phone/calls_*.csv" asks for the folder too
table = "contacts"                  # a canonical table (csm_lib.definitions.TABLES)
format = "csv"                      # csv, tsv, xlsx, xls, ods, parquet, jsonl; absent: from the name (.gz, .zip too)
encoding = "gb18030"                # absent: detected, and the result says which
delimiter = ";"                     # absent: detected from the header line
sheet = "Sheet1"                    # of a spreadsheet; absent: the first
missing = ["?", "n/a"]              # texts that mean "no value", besides the empty one
snapshot = true                     # holds every row of its span: rows of an earlier delivery it lacks are reported
keep = { latest_by = "version" }    # of several rows with one key the highest stays, the others are superseded
out_of_population = [{ when = "outcome = 'TEST'", because = "test calls reach nobody" }]
set_aside = [{ when = "try_cast(secs AS INTEGER) < 0", reason = "negative_duration", column = "secs" }]

[files.columns]                     # our column = their column
contact_id = "Call No."             # a repeated header is numbered: category, category_2
created_at = { from = "Start", format = "%d/%m/%Y %H:%M" }   # several formats as a list; absent: ISO 8601
channel = { value = "phone" }       # the same for every row
team = { file_name = "calls_([a-z]+)_" }                     # the group found in the file's name
product = { from = "Product", also = ["Item"], optional = true }   # other headers it may have; a file may lack it
stage = { header = "^\\d+、.*阶段" }                           # the one header that fits a regular expression
closed_at = { from = "End", order = "day_first" }            # 3/4/2024 5:05 PM; day_first, month_first, year_first
talk_s = { from = "Talk", unit = "minutes" }                 # s, ms, minutes, hours, clock (h:mm:ss or mm:ss),
#                                                              hours_minutes (h:mm), duration (2h 5m, 2分30秒, 1:02:03)
cost = { from = "Cost", thousands = ".", decimal = "," }     # 1.234,50; absent: 1234.50
customer_id = "requester.id"                                 # of JSON lines: nested keys joined by dots
issue = { from = "Topic", values = { "退货" = "return" } }   # their word = our word; others stay
wrap_s = { sql = "try_cast(a AS DOUBLE) - try_cast(b AS DOUBLE)" }  # DuckDB over their columns, all of them text
cost = { sql = "a * b", needs = ["a", "b"], optional = true }      # left out where the file lacks a or b
closed_at = { sql = "{file_name} || '-' || day", file_name = "(\\d{4}-\\d\\d)" }   # with a part of the file's name
customer_id = { from = "Caller", personal = true }           # every value is kept under a pseudonym only
```
Instants may also be given as `unit = "epoch_s"`, `"epoch_ms"`, `"epoch_us"`, `"excel"` (days since 1900) or
`"excel_1904"`. A column that can be read in two ways (03/04/2024, 1,234) is refused until its source says which.
Conditions and `sql` see their columns as text, an empty cell as NULL.

A source may read a database instead, or too (install the extra: `pip install 'csm_lib[db]'`):

```toml
[database]
url = "postgresql://reader@db.example:5432/desk"   # SQLAlchemy URL: postgresql, mysql, mariadb, sqlite:///path
password_env = "DESK_DB_PASSWORD"   # the variable that holds the password; it stands in no file, log or report
# url_env = "DESK_DB_URL"           # instead of `url`: the variable that holds the URL

[[queries]]                         # one entry per table that a query feeds
table = "contacts"
name = "calls"                      # how the accounts call it; needed only where two feed one table
query = "SELECT id, opened, updated_at, line FROM calls"     # read only; columns as for files, under [queries.columns]
cursor = "updated_at"               # a column of the result: later ingests read only what changed since
overlap_s = 300                     # how far they go back, for what was written late (only where it is a time)
```
`missing`, `keep`, `out_of_population`, `set_aside`, `snapshot` (not beside a cursor) and the columns mean the same as
for files; a value arrives as text: times in ISO 8601, true and false, structures as JSON. A path of SQLite starts from
the workspace. A source with queries is read by every `csm ingest` that names no
file; a shipped one only once the variable of its `url_env` is set.
'''

from __future__ import annotations

import difflib
import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from importlib.resources import files as package_files
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator

from csm_lib.collect.entries import FORMATS, ColumnMap, Database, Entry, FileEntry, Keep, QueryEntry, Row, Rule
from csm_lib.definitions import TABLES
from csm_lib.definitions.tables import Table
from csm_lib.errors import SettingError, UsageError

__all__ = [
    "FORMATS",
    "ColumnMap",
    "Database",
    "Entry",
    "FileEntry",
    "QueryEntry",
    "Rule",
    "Source",
    "load_sources",
    "matching_entries",
    "read_source",
    "source_named",
]


class Source(Row):
    """One system's exports or database: a name, a time zone and an entry per table that is fed.

    Attributes
    ----------
    origin : str
        Where it was read: `shipped`, `canonical`, or the path of the workspace's file.
    """

    name: str = Field(pattern="^[a-z][a-z0-9_]*$")
    title: str = ""
    time_zone: str | None = None
    files: tuple[FileEntry, ...] = ()
    database: Database | None = None
    queries: tuple[QueryEntry, ...] = ()
    origin: str = "canonical"

    @field_validator("time_zone")
    @classmethod
    def _zone_is_known(cls, name: str | None) -> str | None:
        from zoneinfo import available_timezones

        if name is not None and name not in available_timezones():
            raise ValueError("must be a time zone such as Asia/Shanghai")
        return name

    @model_validator(mode="after")
    def _reads_something(self) -> Source:
        if not self.files and not self.queries:
            raise ValueError("must have at least one [[files]] or [[queries]] entry")
        if bool(self.queries) != bool(self.database):
            raise ValueError("must have a [database] where it has [[queries]], and only there")
        labels = [(entry.label, entry.table) for entry in self.queries]
        for label, table in labels:
            if labels.count((label, table)) > 1:
                raise ValueError(f"queries: two of table {table} must not both be called {label!r}: give them names")
        return self

    @property
    def is_canonical(self) -> bool:
        """True if it reads files that already use our column names."""
        return self.origin == "canonical"

    def fingerprint(self) -> str:
        """Give a hash of everything that decides how rows are read; where the file lies does not."""
        said = self.model_dump(mode="json", exclude={"origin", "title"})
        return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def canonical_source(table: Table) -> Source:
    """Make the source that reads files in our own column names.

    Examples
    --------
    >>> canonical_source(TABLES["orders"]).files[0].columns["amount"].from_
    'amount'
    """
    columns = {column.name: {"from": column.name} for column in table.columns}
    entry = {"pattern": f"{table.name}*", "table": table.name, "columns": columns}
    return Source.model_validate({"name": f"canonical_{table.name}", "title": table.row, "files": [entry]})


def read_source(text: str, *, origin: str, label: str) -> Source:
    """Read one source file.

    Parameters
    ----------
    text : str
        TOML as described at the top of this module.
    origin : str
        Kept with the source: `shipped` or the file's path.
    label : str
        How messages name the file.

    Raises
    ------
    SettingError
        If it is not TOML, or a key or value is wrong; names the key, the value and what is allowed.

    Examples
    --------
    >>> read_source("name = 3", origin="shipped", label="a.toml")
    Traceback (most recent call last):
    csm_lib.errors.SettingError: name must be text, got 3 (a.toml). Correct it there.
    """
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingError(f"{label} must be TOML, got {error}. Correct it there.") from None
    try:
        return Source.model_validate({**given, "origin": origin})
    except ValidationError as error:
        raise SettingError(_sentence(error, label)) from None


_PROMISES = {
    "string_type": "must be text",
    "missing": "must be given",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "too_short": "must have at least one entry",
}


def _sentence(error: ValidationError, label: str) -> str:
    """Say the first error the house's way: key, promise, value, file, what is allowed."""
    first = error.errors()[0]
    place = [str(part) for part in first["loc"] if not str(part).startswith("function-")]
    key = ".".join(place).replace(".from_", ".from") or "the file"
    kind, said = first["type"], str(first["msg"])
    if kind == "extra_forbidden":
        allowed = _allowed_keys(first["loc"])
        near = difflib.get_close_matches(place[-1], allowed, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        # in a database's part an unknown key may hold what must never be repeated
        got = "a value" if "database" in place else repr(first["input"])
        return f"{key} must be a known key, got {got} ({label}).{hint} Allowed: {', '.join(allowed)}."
    promise = _PROMISES.get(kind) or said.removeprefix("Value error, ").replace("Input should be", "must be")
    got = "nothing" if kind == "missing" else repr(first["input"])
    is_told = kind != "no_variable" and (kind == "missing" or not isinstance(first["input"], dict))
    found = f", got {got}" if is_told else ""
    return f"{key} {promise}{found} ({label}). Correct it there."


def _allowed_keys(place: tuple[Any, ...]) -> list[str]:
    parts = [part for part in place if isinstance(part, str)]
    model: type[BaseModel] = Source
    if "columns" in parts[:-1]:
        model = ColumnMap
    elif "keep" in parts[:-1]:
        model = Keep
    elif {"out_of_population", "set_aside"} & set(parts[:-1]):
        model = Rule
    elif "files" in parts[:-1]:
        model = FileEntry
    elif "queries" in parts[:-1]:
        model = QueryEntry
    elif "database" in parts[:-1]:
        model = Database
    fields = sorted(model.model_fields.items(), key=lambda item: item[0] in Entry.model_fields)
    return [field.alias or name for name, field in fields if name != "origin"]


def load_sources(workspace: Path) -> Mapping[str, Source]:
    """Give every source by name: the workspace's, the shipped ones and one per canonical table.

    Raises
    ------
    SettingError
        If a source file is wrong, or two workspace files use one name.

    Examples
    --------
    >>> "canonical_contacts" in load_sources(Path("nowhere"))
    True
    """
    sources = {f"canonical_{table.name}": canonical_source(table) for table in TABLES.values()}
    own_folder = workspace / "data" / "sources"
    own_files = sorted(own_folder.glob("*.toml")) if own_folder.is_dir() else []
    own_names = {path.name for path in own_files}
    for item in sorted(package_files("csm_lib").joinpath("shipped/sources").iterdir(), key=lambda item: item.name):
        if item.name.endswith(".toml") and item.name not in own_names:
            shipped = read_source(item.read_text(encoding="utf-8"), origin="shipped", label=item.name)
            sources[shipped.name] = shipped
    seen: dict[str, Path] = {}
    for path in own_files:
        source = read_source(path.read_text(encoding="utf-8-sig"), origin=str(path), label=str(path))
        if source.name in seen:
            raise SettingError(
                f"name must be used by one source file, got {source.name!r} ({seen[source.name]} and {path}). "
                "Rename one of them."
            )
        seen[source.name] = path
        sources[source.name] = source
    return MappingProxyType(sources)


def source_named(sources: Mapping[str, Source], name: str) -> Source:
    """Give the source of that name.

    Raises
    ------
    UsageError
        If there is none; lists those that exist.
    """
    if name in sources:
        return sources[name]
    own = [source.name for source in sources.values() if not source.is_canonical]
    near = difflib.get_close_matches(name, sources, 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise UsageError(
        f"source must be the name of a source, got {name!r}.{hint} Sources: {', '.join(own)}, "
        f"canonical_<table> for {', '.join(TABLES)}."
    )


def matching_entries(sources: Iterable[Source], path: Path) -> dict[str, list[FileEntry]]:
    """Find the sources, by name, whose entries read a file, with those entries.

    The workspace's own sources go before the shipped ones: where one of them fits, the others are not asked. The
    canonical ones are not asked here at all (they also look at the header).
    """
    found: dict[bool, dict[str, list[FileEntry]]] = {True: {}, False: {}}
    for source in sources:
        entries = [entry for entry in source.files if entry.matches(path)]
        if entries and not source.is_canonical:
            found[source.origin != "shipped"][source.name] = entries
    return found[True] or found[False]
