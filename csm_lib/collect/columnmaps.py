"""Column maps: where one of our columns comes from in an export, and how its texts are to be read."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from csm_lib.engine import quote_text
from csm_lib.errors import ContractError

__all__ = ["ColumnMap", "Row", "Unit", "as_map", "part_of_name"]

Unit = Literal[
    "s", "ms", "minutes", "hours", "clock", "hours_minutes", "duration", "epoch_s", "epoch_ms", "epoch_us", "excel",
    "excel_1904",
]


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


class Row(BaseModel):
    """A part of a source file: no unknown key, never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def as_map(given: Any) -> Any:
    """Take a bare text as the name of their column."""
    return {"from": given} if isinstance(given, str) else given


def _as_tuple(given: Any) -> Any:
    return (given,) if isinstance(given, str) else given


def _sound_pattern(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"must be a regular expression ({error})") from None
    return pattern


_ORIGINS = ("from_", "header", "value", "sql", "file_name")


class ColumnMap(Row):
    """Where one of our columns comes from: exactly one of `from`, `header`, `value`, `sql`, `file_name`.

    Beside `sql`, `file_name` says what `{file_name}` stands for there.
    """

    from_: str | None = Field(default=None, alias="from")
    also: Annotated[tuple[str, ...], BeforeValidator(_as_tuple)] = ()
    header: Annotated[str, AfterValidator(_sound_pattern)] | None = None
    needs: Annotated[tuple[str, ...], BeforeValidator(_as_tuple)] = ()
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
        origins = [name for name in _ORIGINS if getattr(self, name) is not None]
        if len(origins) != 1 and not (origins == ["sql", "file_name"] and "{file_name}" in str(self.sql)):
            raise ValueError("must name exactly one of from, header, value, sql, file_name")
        if self.also and self.from_ is None:
            raise ValueError("must have `from` where it has `also`")
        if self.needs and self.sql is None:
            raise ValueError("must have `sql` where it has `needs`")
        if self.optional and self.from_ is None and self.header is None and not self.needs:
            raise ValueError("must have `from`, `header` or `needs` where it is optional")
        if self.thousands is not None and self.thousands == (self.decimal or "."):
            raise ValueError("thousands and decimal must be two different signs")
        return self


    def lacking(self, headers: Collection[str]) -> str | None:
        """Give what a file with these headers lacks for this column; None where it lacks nothing."""
        if self.from_ is not None:
            return None if {self.from_, *self.also}.intersection(headers) else self.from_
        if self.header is not None:
            return None if any(re.search(self.header, header) for header in headers) else self.header
        return next((name for name in self.needs if name not in headers), None)

    def fitted(self, headers: Collection[str], *, path: Path) -> ColumnMap:
        """Give the map for one file, with the header it has and the part of its name put in.

        Raises
        ------
        ContractError
            If no header, or more than one, fits `header`; if the name lacks the part that `sql` asks for.
        """
        if self.header is not None:
            fitting = [header for header in headers if re.search(self.header, header)]
            if len(fitting) != 1:
                found = ", ".join(map(repr, fitting)) or f"none of {', '.join(map(repr, headers))}"
                raise ContractError(
                    f"{path.name} must have one column whose header fits {self.header!r}, got {found} ({path}). "
                    "Correct the header or the source's columns."
                )
            return self.model_copy(update={"from_": fitting[0], "header": None})
        if self.sql is not None and self.file_name is not None:
            part = quote_text(part_of_name(self.file_name, path))
            return self.model_copy(update={"sql": self.sql.replace("{file_name}", part), "file_name": None})
        there = next((header for header in self.also if header in headers), None)
        is_there = self.from_ is None or self.from_ in headers or there is None
        return self if is_there else self.model_copy(update={"from_": there, "also": ()})
