"""Drafts: a first source file for an export nobody has described yet, with what was guessed and what was not.

The draft is valid and loads; it has been tried on the export's first rows, and says how that went. Every guess bears
how sure it is and what the column holds, names and numbers masked. Nobody should rely on it before reading it.
"""

from __future__ import annotations

import re
import secrets
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from csm_lib.collect.contracts import check_rows
from csm_lib.collect.drafttext import DraftText, write_draft
from csm_lib.collect.entries import PACKED, FileEntry
from csm_lib.collect.guesses import Guess, Profile, TableGuess, guess_column, guess_table, profiles
from csm_lib.collect.identities import use_key
from csm_lib.collect.privacy import mask_text
from csm_lib.collect.samples import Sample, read_samples
from csm_lib.collect.sources import Source, load_sources, matching_entries, read_source
from csm_lib.collect.vocabulary import Vocabulary, load_vocabulary, plain_words
from csm_lib.definitions import TABLES, Table
from csm_lib.engine import connect, quote_name, quote_text
from csm_lib.errors import ContractError, UsageError
from csm_lib.settings import Settings

__all__ = ["Draft", "draft_source"]

_DIGITS = re.compile(r"\d(?:[\dQqHhWw_.\-]*\d)?")
# without it a row belongs to no period, though the table does not ask for it
_WANTED = (("surveys", "answered_at"),)
_CLOCK = re.compile(r"([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?$")
# how a column of days is written, and what it looks like; "" is read without being told
_DAYS = {
    "": re.compile(r"\d{4}[-/年]\d{1,2}[-/月]\d{1,2}日?$"),
    "%Y%m%d": re.compile(r"(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$"),
    "%y%m%d": re.compile(r"\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$"),
    "%d.%m.%Y": re.compile(r"(0?[1-9]|[12]\d|3[01])\.(0?[1-9]|1[0-2])\.\d{4}$"),
}
_NAME = re.compile(r"^[a-z][a-z0-9_]*$")


@dataclass(frozen=True)
class Draft:
    """A draft that was written.

    Attributes
    ----------
    path : Path
        The new source file.
    source : Source
        As it loads.
    table : str
    guesses : tuple of Guess
    trial : tuple of str
        How it did on the export's first rows.
    rivals : tuple of str
        Sources that already read files of this name.
    """

    path: Path
    source: Source
    table: str
    guesses: tuple[Guess, ...]
    trial: tuple[str, ...]
    rivals: tuple[str, ...]

    @property
    def open_columns(self) -> tuple[str, ...]:
        """Columns a person has to look at: with a TODO, hardly a sign, or words that nobody knows."""
        return tuple(
            guess.column
            for guess in self.guesses
            if "TODO" in guess.why or guess.confidence == "weak" or guess.unknown
        )


@dataclass(frozen=True)
class _Look:
    """An export, or a sheet of it, and what was seen in it."""

    connection: duckdb.DuckDBPyConnection
    path: Path
    settings: Settings
    vocabulary: Vocabulary
    sample: Sample
    columns: tuple[Profile, ...]

    def tables(self, only: str | None) -> list[TableGuess]:
        """Guess the table, best first."""
        relation, name = self.sample.raw.relation, _stem(self.path)
        return guess_table(
            self.connection, relation, self.columns, file_name=name, vocabulary=self.vocabulary, only=only
        )


def draft_source(
    workspace: Path, path: Path, *, settings: Settings, table: str | None = None, name: str | None = None
) -> Draft:
    """Look at an export and write a draft of its source into `data/sources`; nothing there is ever overwritten.

    Parameters
    ----------
    path : Path
        The export, in any format that is read.
    table : str, optional
        The table it feeds, where the guess is wrong.
    name : str, optional
        How the source is to be called; from the file's name if absent.

    Raises
    ------
    UsageError
        If the file or table does not exist, the name is none, or a source file of that name is there.
    ContractError
        If the file cannot be read at all.
    """
    if not path.is_file():
        raise UsageError(f"{path} must be a file, got nothing there. Check the path.")
    if table is not None and table not in TABLES:
        raise UsageError(f"table must be one of {', '.join(TABLES)}, got {table!r}. Correct it.")
    sources = load_sources(workspace)
    with connect() as connection, tempfile.TemporaryDirectory() as scratch:
        use_key(connection, secrets.token_bytes(32))
        look, guessed = _best_look(connection, path, settings, table, scratch=Path(scratch))
        best = TABLES[guessed[0].table]
        target = _target(path, best.name, name=name, taken=set(sources), workspace=workspace)
        guesses = tuple(_completed(look, best, guessed[0].guesses))
        text = _text(look, guessed, guesses, name=target.stem)
        source = read_source(write_draft(text), origin=str(target), label=target.name)
        text = replace(text, trial=_tried(look, source.files[0]))
    _write(target, write_draft(text))
    rivals = tuple(matching_entries([each for each in sources.values() if not each.is_canonical], path))
    return Draft(target, source, best.name, guesses, tuple(text.trial), rivals)


def _best_look(
    connection: duckdb.DuckDBPyConnection, path: Path, settings: Settings, table: str | None, *, scratch: Path
) -> tuple[_Look, list[TableGuess]]:
    """Give the sheet that most looks like a table of ours, with the tables it may be."""
    found = []
    vocabulary = load_vocabulary()
    for sample in read_samples(connection, path, scratch=scratch):
        sample = _without_missing(connection, sample, vocabulary)
        columns = tuple(profiles(connection, sample.raw.relation, sample.raw.columns))
        look = _Look(connection, path, settings, vocabulary, sample, columns)
        found.append((look, look.tables(table)))
    return max(found, key=lambda each: each[1][0].score)


def _without_missing(connection: duckdb.DuckDBPyConnection, sample: Sample, vocabulary: Vocabulary) -> Sample:
    """Take texts that stand for no value out of the sample, and state them."""
    relation = sample.raw.relation
    marks = ", ".join(map(quote_text, vocabulary.missing))
    found: set[str] = set()
    for header in sample.raw.columns:
        cell = f"trim({quote_name(header)})"
        query = f"SELECT DISTINCT {cell} FROM {relation} WHERE {cell} IN ({marks})"
        if there := [row[0] for row in connection.sql(query).fetchall()]:
            found |= set(there)
            connection.execute(f"UPDATE {relation} SET {quote_name(header)} = NULL WHERE {cell} IN ({marks})")
    if not found:
        return sample
    said = {**sample.said, "missing": (sorted(found), "taken for no value")}
    return replace(sample, said=said)


def _text(look: _Look, guessed: Sequence[TableGuess], guesses: Sequence[Guess], *, name: str) -> DraftText:
    about = "files that this source reads"
    return DraftText(
        file_name=look.path.name,
        name=name,
        title="",
        table=guessed[0].table,
        about_table=_about_table(guessed),
        entry={"pattern": (_pattern(look.path), about), **look.sample.said},
        guesses=guesses,
        profiles=look.columns,
        zone=_zone(look, TABLES[guessed[0].table], guesses),
    )


def _write(target: Path, text: str) -> None:
    """Write a new file; one that is there stays as it is, even if it came this very moment."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with target.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        raise _taken(target) from None


def _taken(target: Path) -> UsageError:
    return UsageError(
        f"{target} must not be there yet, for a draft overwrites nothing, got a file. Name another with --name, or "
        "move that one away."
    )


def _stem(path: Path) -> str:
    """Give a file's name without the endings of its format and packing."""
    name = path.name
    for ending in PACKED:
        name = name[: -len(ending)] if name.lower().endswith(ending) else name
    return Path(name).stem


def _target(path: Path, table: str, *, name: str | None, taken: set[str], workspace: Path) -> Path:
    """Give the source's file: named as wished, else by the words of the export's name."""
    if name is not None and not _NAME.match(name):
        raise UsageError(f"name must have small letters, figures and _ only, got {name!r}. Correct it.")
    words = "_".join(re.findall(r"[a-z]+", plain_words(_DIGITS.sub(" ", _stem(path)))))
    chosen = name or words or f"{table}_export"
    own = workspace / "data" / "sources"
    if (own / f"{chosen}.toml").exists():
        raise _taken(own / f"{chosen}.toml")
    if chosen in taken and name is None:
        chosen = f"{chosen}_own"
        if (own / f"{chosen}.toml").exists():
            raise _taken(own / f"{chosen}.toml")
    return own / f"{chosen}.toml"


def _pattern(path: Path) -> str:
    """Give the pattern of a file's name: its numbers and dates may be others.

    Examples
    --------
    >>> _pattern(Path("hotline_2022Q1.csv.gz")), _pattern(Path("2024-03.csv"))
    ('hotline_*.csv*', '2024-03.csv*')
    """
    stem = _stem(path)
    escaped = re.sub(r"([\[*?])", r"[\1]", stem)
    loose = _DIGITS.sub("*", escaped)
    kept = loose if re.search(r"[^\W\d_]{2}", loose) else escaped
    endings = path.name[len(stem) :].split(".")
    return f"{kept}.{endings[1]}*" if len(endings) > 1 else f"{kept}*"


def _about_table(guessed: Sequence[TableGuess]) -> str:
    if len(guessed) < 2:
        return "as you said"
    lead = guessed[0].score - guessed[1].score
    if guessed[0].score < 0.5:
        lead = 0.0
    sure = "sure" if lead > 3 else "likely" if lead > 1 else "weak"
    return f"{sure}: {TABLES[guessed[0].table].row}; next: {guessed[1].table} (--table names another)"


def _zone(look: _Look, table: Table, guesses: Sequence[Guess]) -> str:
    """Say what is known of the time zone, which no export tells unless its times state it."""
    headers = [guess.header for guess in guesses if table.column(guess.column).type == "instant" and guess.header]
    if not headers:
        return "# no times were found, so no time zone is needed"
    names = [quote_name(each) for each in headers]
    zoned = " + ".join(f"count(*) FILTER (regexp_matches({each}, '(Z|UTC|GMT|[+-]\\d\\d:?\\d\\d)$'))" for each in names)
    filled = " + ".join(f"count({each})" for each in names)
    n_zoned, n = look.connection.sql(f"SELECT {zoned}, {filled} FROM {look.sample.raw.relation}").fetchall()[0]
    if 2 * n_zoned > n:
        return "# the times state their zone themselves" + ("" if n_zoned == n else f", all but {n - n_zoned}")
    zone = look.settings.workbook.time_zone
    known = f"workbook.toml says {zone}" if zone else "nobody does, so they are read as UTC"
    return f'# time_zone = "Asia/Shanghai"  # TODO: the times state none; say where their clock runs ({known})'


def _tried(look: _Look, entry: FileEntry) -> list[str]:
    """Try the draft on the sample and say how that went."""
    part = "first rows" if look.sample.is_part else "rows"
    zone = look.settings.workbook.time_zone or "UTC"
    try:
        rows = check_rows(
            look.connection, look.sample.raw, entry, path=look.path, zone=zone, relation="tried"
        )
    except ContractError as error:
        lines = mask_text(str(error).splitlines())
        return [f"Tried on its {part}: refused as it stands.", *(f"  {line}" for line in lines)]
    aside = ", ".join(f"{reason} {n:,}" for reason, n in rows.set_aside.items()) or "none"
    said = [f"Tried on its {part}: read {rows.n_read:,}, kept {rows.n_kept:,}, set aside: {aside}."]
    return said + [f"  {sentence}" for sentence in rows.sentences[:5]]


def _completed(look: _Look, table: Table, guesses: Sequence[Guess]) -> list[Guess]:
    """Add what a table cannot do without: a likely column, a constant, or a null that nothing gets past."""
    found = {guess.column: guess for guess in guesses}
    for column in table.columns:
        is_wanted = column.is_required or (table.name, column.name) in _WANTED
        if is_wanted and column.name not in found:
            taken = {guess.header for guess in found.values()}
            free = [each for each in look.columns if each.header not in taken]
            stand_in = _stand_in(look, table, column.name, free=free, guesses=guesses)
            if column.is_required or stand_in.header:
                found[column.name] = stand_in
    return [found[column.name] for column in table.columns if column.name in found]


def _stand_in(
    look: _Look, table: Table, name: str, *, free: Sequence[Profile], guesses: Sequence[Guess]
) -> Guess:
    """Find something for a required column that no header fits."""
    if name == "channel":
        words = set(plain_words(_stem(look.path)).split())
        named = next((key for key, each in look.vocabulary.channels.items() if words & set(each)), None)
        why = "no column tells the channel; the file's name does" if named else "TODO: no column tells the channel"
        return Guess(name, {"value": named or "other"}, 0.6 if named else 0.0, why)
    if table.key == (name,):
        return _stand_in_key(look, name, free)
    timed = guess_column(look.connection, look.sample.raw.relation, table.column(name), free)
    joined = _day_and_clock(free) if table.column(name).type == "instant" else None
    if joined and (timed is None or quote_name(str(timed.header)) in joined.given["sql"]):
        return replace(joined, column=name)
    if timed and table.column(name).type == "instant":
        why = " · ".join(part for part in ("TODO: look: it holds times, no more is known", timed.why) if part)
        return replace(timed, why=why)
    alike = [guess for guess in guesses if table.column(guess.column).type == table.column(name).type == "instant"]
    if alike:
        why = f"TODO: look: no column of its own was found, this is {alike[0].column}'s"
        return Guess(name, dict(alike[0].given), 0.3, why)
    return Guess(name, {"sql": "NULL"}, 0.0, "TODO: no column was found, and without it every row is set aside")


def _day_and_clock(free: Sequence[Profile]) -> Guess | None:
    """Put a column of days and the first column of clock times together; None where one is missing."""
    clock = next((each for each in free if each.n and all(map(_CLOCK.match, each.values))), None)
    for form, pattern in _DAYS.items():
        day = next((each for each in free if each.n and all(map(pattern.match, each.values))), None)
        if clock and day:
            given: dict[str, Any] = {"sql": f"concat_ws(' ', {quote_name(day.header)}, {quote_name(clock.header)})"}
            seconds = "%H:%M:%S" if next(iter(clock.values)).count(":") == 2 else "%H:%M"
            why = f"TODO: look: the day of {day.header}, the clock of {clock.header}"
            return Guess("", given | ({"format": [f"{form} {seconds}"]} if form else {}), 0.3, why)
    return None


def _stand_in_key(look: _Look, name: str, free: Sequence[Profile]) -> Guess:
    n_rows = look.sample.raw.n_rows
    unique = [each for each in free if each.n_distinct == each.n == n_rows and not each.is_personal]
    if unique:
        given: dict[str, Any] = {"from": unique[0].header}
        return Guess(name, given, 0.3, "TODO: look: it differs in every row, no more is known")
    content = ", ".join(quote_name(each) for each in look.sample.raw.columns)
    why = "TODO: no column identifies a row; the whole row does, until it changes"
    return Guess(name, {"sql": f"md5(concat_ws('|', {content}))"}, 0.0, why)
