"""Put a finished folder in the place of an old one so that a reader always finds a whole one, and keep the old ones.

Where the system can exchange two folders in one step (Linux, macOS), it does. Elsewhere the old one steps aside first;
if the program is killed between the two renames, the next run puts the old one back (`recover`).
What is about to be replaced is first kept as a former edition, by hard links where the file system has them: it costs
next to nothing, and a program killed at any moment loses neither the old edition nor the new one.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
from pathlib import Path

__all__ = [
    "EDITIONS",
    "UNFINISHED_PAGE",
    "former_editions",
    "keep_edition",
    "lead_up",
    "recover",
    "staging_folder",
    "swap_in",
]

EDITIONS = ".editions"
UNFINISHED_PAGE = ".index-"
_ASIDE = ".aside-"
_STAGING = ".staging-"


def swap_in(finished: Path, target: Path) -> None:
    """Move a finished folder to its place and remove what was there.

    Parameters
    ----------
    finished : Path
        On the same file system as `target`.
    target : Path
    """
    if not target.exists():
        os.rename(finished, target)
        return
    if _exchange(finished, target):
        shutil.rmtree(finished, ignore_errors=True)
        return
    aside = target.with_name(_ASIDE + target.name)
    shutil.rmtree(aside, ignore_errors=True)
    os.rename(target, aside)
    try:
        os.rename(finished, target)
    except OSError:
        os.rename(aside, target)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def recover(folder: Path) -> None:
    """Put back what a killed run left aside, and remove what it left unfinished; call it while holding the run lock.

    Parameters
    ----------
    folder : Path
        The folder of reports.
    """
    for aside in folder.glob(f"{_ASIDE}*"):
        target = folder / aside.name.removeprefix(_ASIDE)
        if target.exists():
            shutil.rmtree(aside, ignore_errors=True)
        else:
            os.rename(aside, target)
    for unfinished in [*folder.glob(f"{_STAGING}*"), *folder.glob(f"{EDITIONS}/*/{_STAGING}*")]:
        shutil.rmtree(unfinished, ignore_errors=True)
    for page in [*folder.glob(f"{UNFINISHED_PAGE}*"), *folder.glob(f"{EDITIONS}/*/{UNFINISHED_PAGE}*")]:
        page.unlink(missing_ok=True)


def lead_up(folder: Path, *, levels: int) -> None:
    """Let the links that lead out of a report find their aim from folders further down.

    Parameters
    ----------
    folder : Path
        Of pages that are not published yet, or were copied; a page that is a hard link is written anew.
    levels : int
        How much further down than a published report they will stand.
    """
    for page in folder.glob("*.html"):
        text = page.read_text(encoding="utf-8")
        led = text.replace('href="../', f'href="{"../" * (levels + 1)}')
        if led != text:
            page.unlink()
            page.write_text(led, encoding="utf-8")


def keep_edition(report: Path, *, number: int, kept: int) -> None:
    """Keep a published report as a former edition, before another takes its place; forget the oldest.

    Parameters
    ----------
    report : Path
        The report as it stands; it may be absent.
    number : int
        Its edition.
    kept : int
        Former editions that remain, the newest ones; 0 keeps none.
    """
    folder = report.parent / EDITIONS / report.name
    if report.is_dir() and kept and not (folder / str(number)).exists():
        beside = staging_folder(folder, str(number))
        shutil.copytree(report, beside, copy_function=_link, dirs_exist_ok=True)
        lead_up(beside, levels=2)
        os.rename(beside, folder / str(number))
    for old in former_editions(report)[kept:]:
        shutil.rmtree(old, ignore_errors=True)
    if not kept:
        shutil.rmtree(folder, ignore_errors=True)


def former_editions(report: Path) -> list[Path]:
    """Give the folders of the former editions of a report, the newest first.

    Parameters
    ----------
    report : Path

    Returns
    -------
    list of Path
    """
    found = (report.parent / EDITIONS / report.name).glob("[0-9]*")
    return sorted((path for path in found if path.name.isdecimal()), key=lambda path: -int(path.name))


def _link(origin: str, target: str) -> str:
    try:
        os.link(origin, target)
    except OSError:
        shutil.copy2(origin, target)
    return target


def staging_folder(folder: Path, name: str) -> Path:
    """Make an empty folder to assemble a report in, on the file system of the reports."""
    staging = folder / f"{_STAGING}{name}-{os.getpid()}"
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    return staging


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two folders in one step; False where the system cannot."""
    here, swap = -100, 2
    try:
        system = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "linux":
            return bool(system.renameat2(here, os.fsencode(one), here, os.fsencode(other), swap) == 0)
        if sys.platform == "darwin":
            return bool(system.renamex_np(os.fsencode(one), os.fsencode(other), swap) == 0)
    except (OSError, AttributeError, TypeError):
        return False
    return False
