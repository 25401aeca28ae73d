"""Running clocks: when an allowance is used up, how long a clock really ran, and whether the promise was kept.

A clock is due when its allowance is used up: at the reading of its start, plus the allowance, plus every rest that
began before the allowance was used up. Whole columns are computed at once, without a step through time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from csm_lib.calendar import BusinessClock

__all__ = ["Run", "run_clocks"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Run:
    """How clocks ran; arrays of shape (n_clocks,).

    Attributes
    ----------
    due_s : ndarray of float
        Instant at which the allowance is used up, seconds since 1970; NaN while the clock rests before that.
    elapsed_s, paused_s : ndarray of float
        Time that counted until the stop, the end or the cut-off; time that it rested.
    is_met : ndarray of float
        1, 0, or NaN where the clock is not judged: not due yet, or ended by the customer before it was due.
    is_open : ndarray of bool
        Not stopped, not ended and not yet due at the cut-off.
    """

    due_s: Floats
    elapsed_s: Floats
    paused_s: Floats
    is_met: Floats
    is_open: npt.NDArray[np.bool_]


def run_clocks(
    started_s: npt.ArrayLike,
    stopped_s: npt.ArrayLike,
    within_s: npt.ArrayLike,
    *,
    ended_s: npt.ArrayLike | None = None,
    is_failed: npt.ArrayLike | None = None,
    pauses: tuple[npt.ArrayLike, npt.ArrayLike, npt.ArrayLike] | None = None,
    cut_off_s: float,
    clock: BusinessClock | None = None,
) -> Run:
    """Run clocks of one calendar.

    Parameters
    ----------
    started_s, stopped_s : array_like of float, shape (n_clocks,)
        Seconds since 1970; NaN where nothing stopped it.
    within_s : array_like of float, shape (n_clocks,)
        Allowance, seconds.
    ended_s : array_like of float, shape (n_clocks,), optional
        When the customer left or withdrew; NaN where not.
    is_failed : array_like of bool, shape (n_clocks,), optional
        Nothing will stop it any more, and not because of the customer: not met, whenever it is due.
    pauses : tuple of array_like, shape (n_pauses,), optional
        Number of the clock, beginning and end of each rest, seconds since 1970; NaN for a rest that goes on.
    cut_off_s : float
        End of the data.
    clock : BusinessClock, optional
        None counts elapsed time.

    Returns
    -------
    Run

    Examples
    --------
    >>> run = run_clocks([0.0, 0.0], [90.0, np.nan], [60.0, 60.0], pauses=([0], [50.0], [85.0]), cut_off_s=50.0)
    >>> run.due_s.tolist(), run.elapsed_s.tolist(), run.is_met.tolist(), run.is_open.tolist()
    ([95.0, 60.0], [55.0, 50.0], [1.0, nan], [False, True])
    """
    started, stopped, within = (np.asarray(part, dtype=float) for part in (started_s, stopped_s, within_s))
    ended = np.full(len(started), np.nan) if ended_s is None else np.asarray(ended_s, dtype=float)
    failed = np.zeros(len(started), dtype=bool) if is_failed is None else np.asarray(is_failed, dtype=bool)
    until = np.where(np.isnan(stopped), np.where(np.isnan(ended), cut_off_s, ended), stopped)
    begins, halts = _readings(clock, started), _readings(clock, until)
    is_running = np.isnan(stopped) & np.isnan(ended)
    rests = _Rests.of(
        pauses, started=started, begins=begins, until=until, within=within, is_running=is_running, clock=clock
    )
    due = _instants(clock, begins + within + rests.before_due_s)
    due[rests.is_resting] = np.nan
    elapsed = np.maximum(halts - begins, 0.0) - rests.total_s
    is_met = np.full(len(started), np.nan)
    is_stopped = ~np.isnan(stopped)
    is_met[is_stopped] = elapsed[is_stopped] <= within[is_stopped] + 1e-6
    is_late = ~is_stopped & np.where(np.isnan(ended), due <= cut_off_s, ended > due)
    is_met[is_late | (~is_stopped & failed)] = 0.0
    is_open = ~is_stopped & np.isnan(ended) & ~is_late & ~failed
    return Run(due, elapsed, rests.total_s, is_met, is_open)


@dataclass(frozen=True)
class _Rests:
    """Rests by clock: in all until it halted, those that put off the due instant, and whether one of these goes on."""

    total_s: Floats
    before_due_s: Floats
    is_resting: npt.NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        pauses: tuple[npt.ArrayLike, npt.ArrayLike, npt.ArrayLike] | None,
        *,
        started: Floats,
        begins: Floats,
        until: Floats,
        within: Floats,
        is_running: npt.NDArray[np.bool_],
        clock: BusinessClock | None,
    ) -> _Rests:
        n_clocks = len(started)
        if pauses is None or not len(np.asarray(pauses[0])):
            return cls(np.zeros(n_clocks), np.zeros(n_clocks), np.zeros(n_clocks, dtype=bool))
        row = np.asarray(pauses[0], dtype=np.int64)
        first, last = (np.asarray(part, dtype=float) for part in pauses[1:])
        order = np.lexsort((first, row))
        row, first, last = row[order], first[order], last[order]
        first = np.maximum(first, started[row])
        goes_on = np.isnan(last)
        goes_on &= is_running[row]
        last = np.fmin(last, until[row])  # whatever comes after the halt rests nothing; NaN goes on until then
        kept = first < last
        row, first, last, goes_on = row[kept], first[kept], last[kept], goes_on[kept]
        rested = _readings(clock, last) - _readings(clock, first)
        running = np.cumsum(rested) - rested
        heads = np.searchsorted(row, row, side="left")
        active = _readings(clock, first) - begins[row] - (running - running[heads])
        is_before = active < within[row]
        return cls(
            np.bincount(row, rested, minlength=n_clocks).astype(float),
            np.bincount(row[is_before], rested[is_before], minlength=n_clocks).astype(float),
            np.bincount(row, is_before & goes_on, minlength=n_clocks) > 0,
        )


def _readings(clock: BusinessClock | None, instants: Floats) -> Floats:
    return instants if clock is None else clock.reading(instants)


def _instants(clock: BusinessClock | None, readings: Floats) -> Floats:
    return readings.copy() if clock is None else clock.instant(readings)
