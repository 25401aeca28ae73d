"""End a notebook that takes too long or too much memory, and remember which of the two it was.

A kernel that hangs inside compiled code hears no signal and one that eats all memory takes others down with it, so
neither is left to the kernel itself: the runner looks at its kernels a few times a second, from outside.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import Any

import psutil

from csm_lib.settings import RunSettings

__all__ = ["Watch", "memory_mb"]

_EVERY_S = 0.2
_WHERE = "under [run] in workbook.toml"


class Watch:
    """Looks after the kernels of one run while the block lasts.

    Parameters
    ----------
    limits : RunSettings
    """

    def __init__(self, limits: RunSettings) -> None:
        self._limits = limits
        self._followed: dict[str, tuple[float, Any]] = {}
        self._ended: dict[str, tuple[str, str]] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="watch", daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self._thread.join()

    def follow(self, name: str, kernel: Any) -> None:
        """Begin to look after a notebook's kernel, from now on.

        Parameters
        ----------
        name : str
        kernel : KernelManager
            Not started yet.
        """
        self._followed[name] = (time.monotonic(), kernel)

    def release(self, name: str) -> tuple[str, str] | None:
        """Stop looking after a notebook, and say why it was ended, if it was.

        Parameters
        ----------
        name : str

        Returns
        -------
        tuple of (str, str) or None
            Kind (`timeout`, `memory`) and sentence.
        """
        self._followed.pop(name, None)
        return self._ended.get(name)

    def _look(self) -> None:
        while not self._over.wait(_EVERY_S):
            for name, (since, kernel) in list(self._followed.items()):
                process = getattr(kernel.provisioner, "process", None)
                if process is None or process.poll() is not None:
                    continue
                if found := self._broken(time.monotonic() - since, process.pid):
                    self._ended.setdefault(name, found)
                    _end(process)

    def _broken(self, seconds: float, pid: int) -> tuple[str, str] | None:
        limits = self._limits
        if seconds > limits.notebook_timeout_s:
            longest = f"{limits.notebook_timeout_s:g} s"
            return "timeout", f"the notebook took longer than {longest} (notebook_timeout_s {_WHERE})"
        if limits.kernel_memory_mb is not None and memory_mb(pid) > limits.kernel_memory_mb:
            most = f"{limits.kernel_memory_mb:g} MB"
            return "memory", f"the notebook used more than {most} of memory (kernel_memory_mb {_WHERE})"
        return None


def memory_mb(pid: int) -> float:
    """Say how much memory a process and those it started hold; 0 if it is gone.

    Parameters
    ----------
    pid : int

    Returns
    -------
    float, megabytes

    Examples
    --------
    >>> import os
    >>> memory_mb(os.getpid()) > 5
    True
    """
    found = 0
    for process in _family(pid):
        with suppress(psutil.Error):
            found += process.memory_info().rss
    return found / 1e6


def _family(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []


def _end(process: Any) -> None:
    for member in _family(process.pid)[1:]:
        with suppress(psutil.Error):
            member.kill()
    with suppress(OSError):
        process.kill()
