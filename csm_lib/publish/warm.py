"""Importing this module in the fork server is what "warming" means: once there, for every kernel forked from it.

Anywhere else importing it does nothing. Libraries may log or warn while they are imported (a font cache being built,
say); nobody could act on that, so it is kept off the terminal. Nothing is *used* here: a started thread or an open
connection does not survive a fork.
"""

from __future__ import annotations

import ctypes
import importlib
import logging
import multiprocessing
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import forkserver
from pathlib import Path

__all__ = [
    "ONE_THREAD",
    "PRELOADED",
    "SERVER_OF",
    "can_fork",
    "end_with_parent",
    "start_lock",
    "start_server",
    "without_slow_grammar",
]

SERVER_OF = "CSM_WARM_SERVER_OF"
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""For linear algebra in a kernel: several notebooks run at once, and threads that wait for each other cost both."""
_END_WITH_PARENT = 1
_SLOW_GRAMMAR = "rfc3987_syntax"
start_lock = threading.Lock()

PRELOADED = (
    "numpy",
    "pandas",
    "pyarrow.parquet",
    "duckdb",
    "deltalake",
    "scipy.stats",
    "scipy.optimize",
    "matplotlib.figure",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg",
    "seaborn",
    "great_tables",
    "babel.numbers",
    "babel.dates",
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "csm_lib.workbook",
)
ROOMS = ("measure", "explain", "staff", "improve", "voice", "show")  # what notebooks ask; all of it is loaded


def can_fork() -> bool:
    """Tell whether kernels can be forked from a warm server here.

    Returns
    -------
    bool
        False on Windows, and where the environment variable `CSM_KERNELS` is `ordinary`.
    """
    return "forkserver" in multiprocessing.get_all_start_methods() and os.environ.get("CSM_KERNELS") != "ordinary"


def start_server() -> bool:
    """Start the warm server, once a process; it imports while the caller goes on.

    Whoever knows that notebooks will run calls this first, so that the libraries load while the rest is prepared.

    Returns
    -------
    bool
        False where the system does not allow it.
    """
    given = {SERVER_OF: str(os.getpid()), **{name: one for name, one in ONE_THREAD.items() if name not in os.environ}}
    try:
        with start_lock:
            multiprocessing.get_context("forkserver").set_forkserver_preload([__name__])
            os.environ.update(given)
            forkserver.ensure_running()
    except OSError:
        return False
    finally:
        for name in given:
            os.environ.pop(name, None)
    return True


@contextmanager
def without_slow_grammar() -> Iterator[None]:
    """Let imports in the block go without a grammar of international addresses, which takes longer than all the rest.

    The checker of JSON schemas loads it where it is installed, and does without it where it is not; nothing that a
    notebook is checked for needs it.

    Examples
    --------
    >>> with without_slow_grammar():
    ...     import jsonschema
    """
    is_absent = _SLOW_GRAMMAR not in sys.modules
    if is_absent:
        sys.modules[_SLOW_GRAMMAR] = None  # type: ignore[assignment]  # how an import is told that there is none
    try:
        yield
    finally:
        if is_absent:
            sys.modules.pop(_SLOW_GRAMMAR, None)


def end_with_parent() -> None:
    """On Linux, let the system end this process with the one that started it, whatever it is busy with."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_END_WITH_PARENT, signal.SIGKILL)


def _warm() -> None:
    end_with_parent()
    heard = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the command, which ends this server
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in [*PRELOADED, *_modules_of_rooms()]:
            with suppress(ImportError):  # a kernel that needs it meets the same error, in the cell that needs it
                importlib.import_module(name)
    signal.signal(signal.SIGINT, heard)


def _modules_of_rooms() -> list[str]:
    """Name every module of the rooms that notebooks ask."""
    folder = Path(__file__).parent.parent
    return [f"csm_lib.{room}.{path.stem}" for room in ROOMS for path in sorted((folder / room).glob("[!_]*.py"))]


if os.environ.get(SERVER_OF) == str(os.getppid()):
    _warm()
