"""Importing this module in the fork server is what "warming" means: once there, for every kernel forked from it.

Anywhere else importing it does nothing. Libraries may log or warn while they are imported (a font cache being built,
say); nobody could act on that, so it is kept off the terminal. Nothing is *used* here: a started thread or an open
connection does not survive a fork.
"""

from __future__ import annotations

import ctypes
import importlib
import logging
import os
import signal
import sys
import warnings
from contextlib import suppress

__all__ = ["PRELOADED", "SERVER_OF", "end_with_parent"]

SERVER_OF = "CSM_WARM_SERVER_OF"
_END_WITH_PARENT = 1

PRELOADED = (
    "numpy",
    "pandas",
    "pyarrow.parquet",
    "duckdb",
    "deltalake",
    "scipy.stats",
    "scipy.optimize",
    "statsmodels.api",
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
    "csm_lib.measure.indicators",
    "csm_lib.measure.inference",
    "csm_lib.show.figures",
    "csm_lib.show.tables",
    "csm_lib.show.prose",
)


def end_with_parent() -> None:
    """On Linux, let the system end this process with the one that started it, whatever it is busy with."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_END_WITH_PARENT, signal.SIGKILL)


def _warm() -> None:
    end_with_parent()
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in PRELOADED:
            with suppress(ImportError):  # a kernel that needs it meets the same error, in the cell that needs it
                importlib.import_module(name)


if os.environ.get(SERVER_OF) == str(os.getppid()):
    _warm()
