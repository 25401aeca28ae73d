"""Put a finished folder in the place of an old one so that a reader always finds a whole one.

Where the system can exchange two folders in one step (Linux, macOS), it does. Elsewhere the old one steps aside first;
if the program is killed between the two renames, the next run puts the old one back (`recover`).
"""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
from pathlib import Path

__all__ = ["recover", "swap_in"]

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
    for unfinished in folder.glob(f"{_STAGING}*"):
        shutil.rmtree(unfinished, ignore_errors=True)


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
