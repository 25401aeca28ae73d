"""What each command does: those that bring data in, and those that answer from it."""

from csm_lib.commands.call import Call
from csm_lib.commands.data import ingest, init, source_new
from csm_lib.commands.exporting import export
from csm_lib.commands.reports import check, copy_notebooks, demo, list_all, refresh, run

__all__ = [
    "Call",
    "check",
    "copy_notebooks",
    "demo",
    "export",
    "ingest",
    "init",
    "list_all",
    "refresh",
    "run",
    "source_new",
]
