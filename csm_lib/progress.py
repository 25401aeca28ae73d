"""Progress on stderr: a bar per notebook on a terminal, plain lines in a log."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

__all__ = ["Report", "reporter"]


class Report(Protocol):
    """What a runner calls when a notebook starts and ends."""

    def __call__(self, name: str, status: str, seconds: float) -> None:
        """Tell that a notebook started (seconds 0) or ended with a status."""


@contextmanager
def reporter() -> Iterator[Report]:
    """Give a report that shows a bar on a terminal and one plain line per ended notebook elsewhere."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _plain_line
        return
    columns = (TextColumn("{task.description:<28}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=False) as bars:
        yield _Bars(bars)


def _plain_line(name: str, status: str, seconds: float) -> None:
    if status != "started":
        sys.stderr.write(f"{name}: {status} after {seconds:.1f} s\n")


class _Bars:
    """One bar per notebook: running, then done or failed."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}
        self._lock = Lock()

    def __call__(self, name: str, status: str, seconds: float) -> None:
        with self._lock:
            if name not in self._tasks:
                self._tasks[name] = self._bars.add_task(name, total=1)
            if status != "started":
                self._bars.update(self._tasks[name], completed=1, description=f"{name}: {status}")
