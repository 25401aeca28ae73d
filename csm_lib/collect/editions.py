"""Editions: which versions of the tables make one consistent state, now and at any time before.

`edition.json` names the edition in force. Beside it `editions/` keeps one small file per edition, written once and
never changed: when it was published, which files it read, how many rows came, changed and went. A file there whose
number is above the edition in force is what a killed writer left; nobody reads it, and the next writer replaces it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from csm_lib.errors import UnavailableError, UsageError

__all__ = ["Edition", "PastEdition", "edition_on", "last_moment_of", "read_history", "reading_as_of"]


@dataclass(frozen=True)
class Edition:
    """One consistent state of the warehouse.

    Attributes
    ----------
    number : int
        Grows by one with each change; 0 before the first.
    tables : mapping of str to int
        Delta version per table.
    facts_made_from : str
        Fingerprint of the settings and the tables the facts were made from.
    key : str
        Fingerprint of the key that customers' pseudonyms were made with; empty before there was one.
    """

    number: int = 0
    tables: Mapping[str, int] = field(default_factory=dict)
    facts_made_from: str = ""
    key: str = ""

    @classmethod
    def read(cls, folder: Path) -> Edition:
        """Read the edition of a warehouse folder; the empty one where there is none yet.

        Raises
        ------
        UnavailableError
            If the file is there but cannot be understood.
        """
        try:
            return cls._of(_read_json(folder / "edition.json"))
        except FileNotFoundError:
            return cls()

    @classmethod
    def _of(cls, said: Mapping[str, Any]) -> Edition:
        return cls(int(said["number"]), dict(said["tables"]), str(said["facts_made_from"]), str(said.get("key", "")))

    def write(self, folder: Path) -> None:
        """Put this edition in place of the former one, in one step."""
        _write_json(folder / "edition.json", self._as_json())

    def _as_json(self) -> dict[str, Any]:
        said = {"number": self.number, "tables": dict(sorted(self.tables.items()))}
        return said | {"facts_made_from": self.facts_made_from, "key": self.key}


@dataclass(frozen=True)
class PastEdition:
    """An edition as the list of editions keeps it.

    Attributes
    ----------
    edition : Edition
    at : datetime
        When it was published, in UTC.
    files : tuple of dict
        What was read for it: path, source, table, rows read and kept.
    rows : mapping of str to mapping of str to int
        By table: rows `added`, `changed` and `removed` against the edition before.
    """

    edition: Edition
    at: datetime
    files: Sequence[Mapping[str, Any]] = ()
    rows: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Give what the command line prints of it."""
        return {
            "number": self.edition.number,
            "at": self.at.isoformat(),
            "files": [dict(file) for file in self.files],
            "rows": {table: dict(counts) for table, counts in self.rows.items()},
        }

    def write(self, folder: Path) -> None:
        """Add it to the list, before it becomes the edition in force."""
        (folder / "editions").mkdir(exist_ok=True)
        _write_json(_place(folder, self.edition.number), self.edition._as_json() | self.as_json())


def read_history(folder: Path) -> tuple[PastEdition, ...]:
    """Read the list of editions of a warehouse folder, the oldest first.

    Raises
    ------
    UnavailableError
        If a file of the list is there but cannot be understood.
    """
    in_force = Edition.read(folder).number
    found = []
    for path in sorted((folder / "editions").glob("[0-9]*.json")):
        said = _read_json(path)
        if said["number"] <= in_force:
            at = datetime.fromisoformat(said["at"])
            found.append(PastEdition(Edition._of(said), at, tuple(said["files"]), said["rows"]))
    return tuple(found)


def edition_on(folder: Path, text: str, *, zone: ZoneInfo) -> PastEdition:
    """Give the edition that was in force at the end of a local day, or at a local moment.

    Parameters
    ----------
    folder : Path
        Of the warehouse.
    text : str
        `2024-05-31`, or `2024-05-31T12:00` for a moment of that day.
    zone : ZoneInfo
        Where days begin and end.

    Raises
    ------
    UsageError
        If the text is no date, or lies before the first edition.
    """
    until = last_moment_of(text, zone=zone)
    history = read_history(folder)
    found = [past for past in history if past.at <= until]
    if found:
        return found[-1]
    if not history:
        raise UsageError("as-of must lie after the first edition, got a warehouse without any. Run `csm ingest` first.")
    first = history[0].at.astimezone(zone).isoformat(sep=" ", timespec="minutes")
    raise UsageError(
        f"as-of must not lie before the first edition, got {text!r} (edition {history[0].edition.number}: {first}). "
        "`csm ingest --history` lists the editions."
    )


def last_moment_of(text: str, *, zone: ZoneInfo) -> datetime:
    """Give the last moment of a local day, or the local moment that a text names.

    Raises
    ------
    UsageError
        If it is neither.

    Examples
    --------
    >>> last_moment_of("2024-05-31", zone=ZoneInfo("Asia/Shanghai")).isoformat()
    '2024-05-31T15:59:59.999999+00:00'
    """
    try:
        if len(text) == len("2024-05-31"):
            after = date.fromisoformat(text) + timedelta(days=1)
            return datetime(after.year, after.month, after.day, tzinfo=zone).astimezone(UTC) - timedelta(microseconds=1)
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise UsageError(f"as-of must be a day such as 2024-05-31, got {text!r}. Correct it.") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


@contextmanager
def reading_as_of(text: str, *, zone: ZoneInfo) -> Iterator[None]:
    """Let programs started in the block read the state of a day or moment, by `CSM_AS_OF`; nothing where it is empty.

    Where the day is not over and may still bring an edition, they read the state of this moment. What the environment
    said before is put back.

    Examples
    --------
    >>> with reading_as_of("2024-05-31", zone=ZoneInfo("Asia/Shanghai")):
    ...     os.environ["CSM_AS_OF"]
    '2024-05-31'
    """
    before = os.environ.get("CSM_AS_OF")
    if text:
        now = datetime.now(UTC)
        os.environ["CSM_AS_OF"] = text if last_moment_of(text, zone=zone) < now else now.isoformat()
    try:
        yield
    finally:
        if text:
            os.environ.pop("CSM_AS_OF")
            os.environ.update({"CSM_AS_OF": before} if before is not None else {})


def _place(folder: Path, number: int) -> Path:
    return folder / "editions" / f"{number:06d}.json"


def _read_json(path: Path) -> dict[str, Any]:
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        Edition._of(said)
        return dict(said)
    except (ValueError, KeyError, TypeError) as error:
        raise UnavailableError(
            f"{path} must be an edition written by this program, got {error!r}. Restore it from a backup, or "
            "delete the warehouse folder and ingest again."
        ) from None


def _write_json(path: Path, said: Mapping[str, Any]) -> None:
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    with beside.open("w", encoding="utf-8") as file:
        json.dump(said, file, indent=1, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)
