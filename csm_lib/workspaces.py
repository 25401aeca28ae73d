"""Workspaces: the folder that holds an organisation's data and reports, and how it is found."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from csm_lib.errors import UsageError
from csm_lib.settings import SETTING_FILES, shipped

__all__ = [
    "WORKSPACE_MARK",
    "find_workspace",
    "is_sample_only",
    "make_workspace",
    "notebooks_folder",
    "write_sample_settings",
]

# a file in a folder of copied notebooks that names the workspace they read
WORKSPACE_MARK = ".csm-workspace"

# what the table storage takes for something else in a path
_UNREADABLE = [(r"\[", "["), (r"\]", "]"), (r"[\r\n]", "a line break")]
_UNREADABLE += [(r"%[0-9A-Fa-f]{2}", "% before two hexadecimal digits")]
_UNREADABLE += [(r"\\", "a backslash")] if os.sep == "/" else []
_PROJECT = Path(__file__).resolve().parent.parent
_ROOMS = ("config", "sources", "raw", "tables", "warehouse")


def find_workspace(named: str | Path | None = None, *, start: Path | None = None) -> Path:
    """Find the workspace: named, else `CSM_WORKSPACE`, else upward from here, else the installed project.

    Parameters
    ----------
    named : str or Path, optional
        Folder given by the user; it need not exist yet.
    start : Path, optional
        Where the upward search begins; the current folder if absent.

    Returns
    -------
    Path, absolute

    Raises
    ------
    UsageError
        If the named path is a file, or holds a character that the storage cannot take.
    """
    given = named or os.environ.get("CSM_WORKSPACE")
    if given:
        return _checked(Path(given).expanduser().resolve())
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / WORKSPACE_MARK).is_file():
            return _checked(Path((folder / WORKSPACE_MARK).read_text(encoding="utf-8").strip()))
        if (folder / "data").is_dir() and (folder / "reports").is_dir():
            return _checked(folder)
    return _checked(_PROJECT if (_PROJECT / "pyproject.toml").exists() else here)


def notebooks_folder() -> Path:
    """Give the folder of the shipped notebooks: beside the package in a clone, inside it in a wheel."""
    beside = _PROJECT / "notebooks"
    return beside if (_PROJECT / "pyproject.toml").exists() else shipped("notebooks")


def make_workspace(folder: Path) -> list[Path]:
    """Make a workspace with commented settings; files that exist are left as they are.

    Returns
    -------
    list of Path
        The settings files that were written.
    """
    folder = _checked(folder.expanduser().resolve())
    for room in _ROOMS:
        (folder / "data" / room).mkdir(parents=True, exist_ok=True)
    (folder / "reports").mkdir(exist_ok=True)
    return _copy_settings(shipped("config"), folder)


def write_sample_settings(folder: Path) -> list[Path]:
    """Give a workspace the sample organisation's settings where it has none of its own."""
    return _copy_settings(shipped("sample", "config"), folder)


def is_sample_only(folder: Path) -> bool:
    """Tell whether a workspace holds nothing but the sample organisation (or nothing at all)."""
    data = folder / "data"
    raw = data / "raw"
    if raw.is_dir() and any(entry.name != "sample" and not entry.name.startswith(".") for entry in raw.iterdir()):
        return False
    has_sample = (raw / "sample" / "truth.json").exists()
    has_own = any((data / room).is_dir() and any((data / room).iterdir()) for room in ("tables", "warehouse"))
    has_config = any((data / "config").glob("*.toml")) and not _is_sample_config(data / "config")
    return has_sample or not (has_own or has_config)


def _is_sample_config(config: Path) -> bool:
    sample = shipped("sample", "config")
    return all(
        (sample / path.name).exists() and path.read_bytes() == (sample / path.name).read_bytes()
        for path in config.glob("*.toml")
    )


def _copy_settings(origin: Path, folder: Path) -> list[Path]:
    config = folder / "data" / "config"
    config.mkdir(parents=True, exist_ok=True)
    written = []
    for name in SETTING_FILES:
        target = config / f"{name}.toml"
        if not target.exists():
            shutil.copyfile(origin / f"{name}.toml", target)
            written.append(target)
    return written


def _checked(folder: Path) -> Path:
    if folder.is_file():
        raise UsageError(f"workspace must be a folder, got the file {str(folder)!r}. Name its folder.")
    bad = [called for pattern, called in _UNREADABLE if re.search(pattern, str(folder))]
    if bad:
        raise UsageError(
            f"workspace must not have {' or '.join(bad)} in its path, got {str(folder)!r}: the table storage cannot "
            "read such folders. Rename the folder."
        )
    return folder
