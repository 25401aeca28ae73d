"""Discovery: which files are read, by which source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from csm_lib.collect.entries import FORMATS, PACKED
from csm_lib.collect.readers import read_header
from csm_lib.collect.sources import FileEntry, Source, matching_entries, source_named
from csm_lib.definitions import TABLES
from csm_lib.errors import UsageError

__all__ = ["PlannedFile", "is_edited_file", "plan_files"]

# files that lie beside exports and are none
_NO_EXPORTS = frozenset({"truth.json", "README.md", "README.txt", "Thumbs.db", "desktop.ini"})


@dataclass(frozen=True)
class PlannedFile:
    """A file, the source that reads it, and the source's entries for it (one per table)."""

    path: Path
    source: Source
    entries: tuple[FileEntry, ...]

    def label(self, workspace: Path) -> str:
        """Name the file: relative to the workspace where it lies inside, with forward slashes."""
        whole, root = self.path.resolve(), workspace.resolve()
        return whole.relative_to(root).as_posix() if whole.is_relative_to(root) else whole.as_posix()


def is_edited_file(workspace: Path, path: Path) -> bool:
    """Tell whether a file is one of the small tables that people keep in `data/tables`."""
    return path.resolve().is_relative_to((workspace / "data" / "tables").resolve())


def plan_files(
    workspace: Path, paths: Sequence[Path], *, source_name: str | None, sources: Mapping[str, Source]
) -> tuple[list[PlannedFile], list[str]]:
    """Decide which files are read and how.

    Parameters
    ----------
    paths : sequence of Path
        Files or folders that were named; empty means `data/raw` and `data/tables`.
    source_name : str or None
        The source to use whatever the files are called.

    Returns
    -------
    (list of PlannedFile, list of str)
        In the order of their paths; sentences about files that no source reads.

    Raises
    ------
    UsageError
        If a named path does not exist, a named file fits no source or several, or there is no such source.
    """
    forced = source_named(sources, source_name) if source_name else None
    if forced and paths and not forced.files:
        raise UsageError(f"source {forced.name!r} must read files, got only queries. Run it without naming files.")
    planned: list[PlannedFile] = []
    warnings: list[str] = []
    for path, is_named in _files(workspace, paths):
        # a source that also asks a database reads, of all files, only those that fit it
        if forced and forced.queries and not paths and not any(entry.matches(path) for entry in forced.files):
            continue
        entries = _forced(forced, path) if forced else _fitting(workspace, path, sources)
        if entries is not None:
            planned.append(entries)
            continue
        sentence = _nobody(path, sources)
        if is_named:
            raise UsageError(sentence)
        warnings.append(sentence)
    return planned, warnings


def _files(workspace: Path, paths: Sequence[Path]) -> Iterator[tuple[Path, bool]]:
    """Yield every file to look at, and whether it was named itself."""
    for path in paths or (workspace / "data" / "raw", workspace / "data" / "tables"):
        if path.is_dir():
            for found in sorted(path.rglob("*")):
                inner = found.relative_to(path).parts
                is_hidden = any(part.startswith((".", "~$")) for part in inner)
                if found.is_file() and not is_hidden and found.name not in _NO_EXPORTS:
                    yield found, False
        elif path.is_file():
            yield path, True
        elif paths:
            raise UsageError(f"{path} must be a file or folder, got nothing there. Check the path.")


def _forced(source: Source, path: Path) -> PlannedFile:
    """Use a named source: its entries that fit the name, else all of them if they share one pattern."""
    fitting = [entry for entry in source.files if entry.matches(path)]
    if not fitting and len({entry.pattern for entry in source.files}) > 1:
        patterns = ", ".join(dict.fromkeys(entry.pattern for entry in source.files))
        raise UsageError(f"{path.name} must fit a pattern of source {source.name!r}, got {patterns}. Rename the file.")
    return _planned(path, source, fitting or list(source.files))


def _fitting(workspace: Path, path: Path, sources: Mapping[str, Source]) -> PlannedFile | None:
    if is_edited_file(workspace, path):
        table = _table_named(path)
        return _planned(path, sources[f"canonical_{table}"], sources[f"canonical_{table}"].files) if table else None
    found = matching_entries(sources.values(), path)
    if len(found) > 1:
        raise UsageError(
            f"{path.name} must fit one source, got {', '.join(map(repr, found))} ({path}). "
            "Name the one to use with --source, or narrow a pattern."
        )
    for name, entries in found.items():
        return _planned(path, sources[name], entries)
    table = _table_named(path)
    if table is None:
        return None
    # a file that bears our table's name claims to be that table: if its columns are others, the reader says so
    return _planned(path, sources[f"canonical_{table}"], sources[f"canonical_{table}"].files)


def _planned(path: Path, source: Source, entries: Sequence[FileEntry]) -> PlannedFile:
    """Pair a file with entries; a canonical source reads the columns that the file has, required ones always."""
    if source.is_canonical:
        (entry,) = entries
        header = set(read_header(path, entry))
        table = TABLES[entry.table]
        kept = {
            name: given
            for name, given in entry.columns.items()
            if name in header or table.column(name).is_required or not header
        }
        entries = [entry.model_copy(update={"columns": kept})]
    return PlannedFile(path, source, tuple(entries))


def _table_named(path: Path) -> str | None:
    """Give the canonical table whose name a file's name begins with, if its format is one we read."""
    name = path.name.lower()
    if not name.endswith((*FORMATS, *PACKED)):
        return None
    fitting = [table for table in TABLES if name.startswith(table)]
    return max(fitting, key=len) if fitting else None


def _nobody(path: Path, sources: Mapping[str, Source]) -> str:
    """Say that no source reads a file, and what would."""
    own = ", ".join(name for name, source in sources.items() if not source.is_canonical)
    return (
        f"{path.name} must fit a source, got none that does ({path}). Draft one with `csm source new FILE`, name one "
        f"with --source ({own}), or name the file after one of our tables if its columns are ours (contacts.csv, "
        "surveys.xlsx, …)."
    )
