"""What can go wrong, sorted by who can mend it.

A message says what must hold, what was found and where, and what to do. Each class carries the exit code that the
command line returns (the scheduler reads nothing else) and the `kind` that machine-readable output names.
"""

from __future__ import annotations

__all__ = ["ContractError", "CsmError", "RunError", "SettingError", "UnavailableError", "UsageError"]


class CsmError(Exception):
    """Something the user can act on; never raised for a defect of this package.

    Examples
    --------
    >>> UsageError("period must have data, got '1999Q1'").exit_code
    2
    """

    exit_code = 1
    kind = "error"

    def _render_traceback_(self) -> list[str]:
        """Show the sentence alone in a notebook; the traceback would point at our code, not at the cause."""
        return [f"{type(self).__name__}: {self}"]


class RunError(CsmError):
    """A notebook failed: which one, which cell, why."""

    exit_code = 1
    kind = "run"


class SettingError(CsmError):
    """A setting or argument is wrong; whoever configures can mend it."""

    exit_code = 2
    kind = "setting"


class UsageError(CsmError):
    """The call does not fit: an unknown name, or a period without data."""

    exit_code = 2
    kind = "usage"


class ContractError(CsmError):
    """The data broke a promise beyond its allowed share; the data's owner can mend it."""

    exit_code = 3
    kind = "contract"


class UnavailableError(CsmError):
    """It cannot be done right now (lock held, disk full, database away); trying again later may work."""

    exit_code = 4
    kind = "unavailable"
