"""`[run]` of `workbook.toml`: how long, how large and how often a run may be before it is stopped or forgotten."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from csm_lib.settings.records import Record

__all__ = ["RunSettings"]

_Limit = Annotated[float, Field(gt=0)]


class RunSettings(Record):
    """Limits of a run; none of them changes an answer, so a report stays valid when they do.

    Attributes
    ----------
    cell_timeout_s, notebook_timeout_s : float, seconds
        Longest time of one cell, and of a whole notebook.
    kernel_memory_mb : float, megabytes, optional
        Most memory one notebook may use, with the processes it started; absent: no limit.
    kept_editions : int
        Former editions of each report that are kept under `reports/.editions`.
    notify_timeout_s : float, seconds
        Longest time of the command that is told the result.
    """

    cell_timeout_s: _Limit = 1800.0
    notebook_timeout_s: _Limit = 3600.0
    kernel_memory_mb: _Limit | None = None
    kept_editions: int = Field(3, ge=0)
    notify_timeout_s: _Limit = 60.0
