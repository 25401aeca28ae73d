'''Sources: how one system's export is read, said in a TOML file instead of code.

A source file lies in `data/sources/` (a file there wins over a shipped one of the same name):

```toml
name = "acd"                        # how the command line and the reports call it
title = "Call log of the phone system"
time_zone = "Asia/Shanghai"         # of times that state none; absent: the workbook's zone

[[files]]                           # one entry per table that a file feeds; several may read the same file
pattern = "calls_*.csv*"            # against the end of the path; "phone/calls_*.csv" asks for the folder too
table = "contacts"                  # a canonical table (csm_lib.definitions.TABLES)
format = "csv"                      # csv, tsv, xlsx or parquet; absent: from the name (.gz is seen through)
encoding = "gb18030"                # absent: detected, and the result says which
delimiter = ";"                     # absent: detected from the header line
sheet = "Sheet1"                    # of a spreadsheet; absent: the first
missing = ["?", "n/a"]              # texts that mean "no value", besides the empty one
keep = { latest_by = "version" }    # of several rows with one key the highest stays, the others are superseded
out_of_population = [{ when = "outcome = 'TEST'", because = "test calls reach nobody" }]
set_aside = [{ when = "try_cast(secs AS INTEGER) < 0", reason = "negative_duration", column = "secs" }]

[files.columns]                     # our column = their column
contact_id = "Call No."             # a repeated header is numbered: category, category_2
created_at = { from = "Start", format = "%d/%m/%Y %H:%M" }   # several formats as a list; absent: ISO 8601
channel = { value = "phone" }       # the same for every row
team = { file_name = "calls_([a-z]+)_" }                     # the group found in the file's name
talk_s = { from = "Talk", unit = "minutes" }                 # s, ms, minutes, hours, clock (h:mm:ss or mm:ss)
issue = { from = "Topic", values = { "退货" = "return" } }   # their word = our word; others stay
wrap_s = { sql = "try_cast(a AS DOUBLE) - try_cast(b AS DOUBLE)" }  # DuckDB over their columns, all of them text
```
Instants may also be given as `unit = "epoch_s"` or `"epoch_ms"`. Conditions and `sql` see their columns as text, an
empty cell as NULL.
'''

from __future__ import annotations

import difflib
import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from importlib.resources import files as package_files
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from csm_lib.definitions import TABLES
from csm_lib.definitions.tables import Table
from csm_lib.errors import SettingError, UsageError

__all__ = ["FORMATS", "ColumnMap", "FileEntry", "Rule", "Source", "load_sources", "matching_entries", "source_named"]

FORMATS = MappingProxyType(
    {".csv": "csv", ".txt": "csv", ".tsv": "tsv", ".tab": "tsv", ".xlsx": "xlsx", ".parquet": "parquet"}
)
Unit = Literal["s", "ms", "minutes", "hours", "clock", "epoch_s", "epoch_ms"]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def _as_map(given: Any) -> Any:
    return {"from": given} if isinstance(given, str) else given


def _as_tuple(given: Any) -> Any:
    return (given,) if isinstance(given, str) else given


class ColumnMap(_Row):
    """Where one of our columns comes from: exactly one of `from`, `value`, `sql`, `file_name`."""

    from_: str | None = Field(default=None, alias="from")
    value: str | None = None
    sql: str | None = None
    file_name: str | None = None
    format: Annotated[tuple[str, ...], BeforeValidator(_as_tuple)] = ()
    unit: Unit | None = None
    values: dict[str, str] = {}
    missing: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _has_one_origin(self) -> ColumnMap:
        origins = [name for name in ("from_", "value", "sql", "file_name") if getattr(self, name) is not None]
        if len(origins) != 1:
            raise ValueError("must name exactly one of from, value, sql, file_name")
        return self


class Rule(_Row):
    """A condition over their columns that sets a row aside."""

    when: str
    because: str | None = None
    reason: str = Field(default="out_of_population", pattern="^[a-z][a-z0-9_]*$")
    column: str | None = None


class Keep(_Row):
    """Which of several rows with one key stays: the one with the highest `latest_by`, then the last in the file."""

    latest_by: str


class FileEntry(_Row):
    """How files of one pattern feed one table."""

    pattern: str
    table: str
    format: Literal["csv", "tsv", "xlsx", "parquet"] | None = None
    encoding: str | None = None
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    sheet: str | None = None
    missing: tuple[str, ...] = ()
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

    @field_validator("encoding")
    @classmethod
    def _encoding_is_known(cls, name: str | None) -> str | None:
        try:
            "".encode(name or "utf-8")
        except LookupError:
            raise ValueError("must be an encoding's name such as utf-8, gb18030 or latin-1") from None
        return name

    @model_validator(mode="after")
    def _columns_fit_the_table(self) -> FileEntry:
        known = [column.name for column in TABLES[self.table].columns]
        for name in self.columns:
            if name not in known:
                raise ValueError(f"columns: {name!r} must be a column of {self.table}: {', '.join(known)}")
        for column in TABLES[self.table].columns:
            if column.is_required and column.name not in self.columns:
                raise ValueError(f"columns: must give {column.name!r}, which every row of {self.table} needs")
        return self

    def format_of(self, path: Path) -> str:
        """Give the format of a file: as stated, else from its name without `.gz`; csv when the name says nothing."""
        name = path.name.lower().removesuffix(".gz")
        return self.format or FORMATS.get(PurePosixPath(name).suffix, "csv")

    def matches(self, path: Path) -> bool:
        """Tell whether the end of a path fits the pattern."""
        return PurePosixPath(path.as_posix()).match(self.pattern)


class Source(_Row):
    """One system's exports: a name, a time zone and an entry per table they feed.

    Attributes
    ----------
    origin : str
        Where it was read: `shipped`, `canonical`, or the path of the workspace's file.
    """

    name: str = Field(pattern="^[a-z][a-z0-9_]*$")
    title: str = ""
    time_zone: str | None = None
    files: tuple[FileEntry, ...] = Field(min_length=1)
    origin: str = "canonical"

    @field_validator("time_zone")
    @classmethod
    def _zone_is_known(cls, name: str | None) -> str | None:
        from zoneinfo import available_timezones

        if name is not None and name not in available_timezones():
            raise ValueError("must be a time zone such as Asia/Shanghai")
        return name

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
        return f"{key} must be a known key, got {first['input']!r} ({label}).{hint} Allowed: {', '.join(allowed)}."
    promise = _PROMISES.get(kind) or said.removeprefix("Value error, ").replace("Input should be", "must be")
    got = "nothing" if kind == "missing" else repr(first["input"])
    found = "" if isinstance(first["input"], dict) and kind != "missing" else f", got {got}"
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
    return [field.alias or name for name, field in model.model_fields.items() if name != "origin"]


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
