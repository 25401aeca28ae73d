"""Importing this module is what "warming" means: once in the fork server, for every kernel forked from it.

This is the one module where something happens at import. Libraries may log or warn while they are imported (a font
cache being built, say); nobody could act on that, so it is kept off the terminal. Nothing is *used* here: a started
thread or an open connection does not survive a fork.
"""

from __future__ import annotations

import importlib
import logging
import warnings
from contextlib import suppress

__all__ = ["PRELOADED"]

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

logging.getLogger("matplotlib").setLevel(logging.ERROR)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    for _name in PRELOADED:
        with suppress(ImportError):  # a kernel that needs it meets the same error, in the cell that needs it
            importlib.import_module(_name)
