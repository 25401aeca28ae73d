"""Progress on stderr: a bar per notebook on a terminal, plain lines in a log."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.progress import TimeRemainingColumn as EtaColumn

__all__ = ["Report", "reporter"]

_NOTHING_TO_TELL = ("started", "running")


class Report(Protocol):
    """What a runner calls when a notebook starts, after each of its cells, and when it ends."""

    def __call__(self, name: str, status: str, seconds: float, share: float) -> None:
        """Tell that a notebook started, runs (with the share of its cells done) or ended with a status."""


@contextmanager
def reporter() -> Iterator[Report]:
    """Give a report that shows bars with the time left on a terminal, one plain line per ended notebook elsewhere."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _plain_line
        return
    left = (TextColumn("left"), EtaColumn())
    columns = (TextColumn("{task.description:<36}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn(), *left)
    with Progress(*columns, console=console, transient=False) as bars:
        yield _Bars(bars)


def _plain_line(name: str, status: str, seconds: float, share: float) -> None:
    if status == "reused":
        sys.stderr.write(f"{name}: reused, nothing it rests on has changed\n")
    elif status not in _NOTHING_TO_TELL:
        sys.stderr.write(f"{name}: {status} after {seconds:.1f} s\n")


class _Bars:
    """One bar per notebook: running, then done, failed or reused."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}
        self._lock = Lock()

    def __call__(self, name: str, status: str, seconds: float, share: float) -> None:
        with self._lock:
            if name not in self._tasks:
                self._tasks[name] = self._bars.add_task(name, total=1.0)
            is_over = status not in _NOTHING_TO_TELL
            self._bars.update(
                self._tasks[name],
                completed=1.0 if is_over else share,
                description=f"{name}: {status}" if is_over else name,
            )
