"""`staffing.toml` and `objectives.toml`: what the queue has to reach, and what the organisation wants to reach."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from csm_lib.calendar import parse_hours
from csm_lib.definitions import INDICATORS, words_of
from csm_lib.settings.records import Record, Seconds, Share, known, or_value_error
from csm_lib.settings.targets import check_unit

__all__ = ["Contract", "Objective", "ObjectiveSettings", "ShiftType", "StaffingSettings", "StaffingTargets"]


class StaffingTargets(Record):
    """What the queue has to reach in every interval."""

    service_level: Share | None = 0.8
    threshold_s: Seconds = 20.0
    answer_rate: Share | None = 0.9
    max_occupancy: Share | None = None


class ShiftType(Record):
    """A working day on offer: its hours, with breaks and the pause of a split day as gaps ("08:00-12:00, 12:30-17:00").

    Attributes
    ----------
    name : str
    hours : str
        What is worked and paid; breaks are neither.
    """

    name: str
    hours: str

    @field_validator("hours")
    @classmethod
    def _readable(cls, hours: str) -> str:
        or_value_error(lambda: parse_hours(hours, where="shift_types.hours"))
        if not parse_hours(hours, where="shift_types.hours"):
            raise ValueError("hours must name at least one stretch such as 08:00-12:00")
        return hours

    @property
    def blocks(self) -> tuple[tuple[int, int], ...]:
        """Start and end of each stretch, minutes after local midnight."""
        return tuple((start // 60, end // 60) for start, end in parse_hours(self.hours, where="shift_types.hours"))


class Contract(Record):
    """How people of one kind may be rostered: the same shift on each of their days, days off the same every week.

    Attributes
    ----------
    name : str
    days_on : int
        Days worked a week.
    has_days_off_together : bool
        Whether the days off must follow one another.
    max_days_in_a_row : int
    min_rest_h : float, hours
        Between the end of a day's work and the start of the next day's.
    shifts : tuple of str
        Names of the shift types they work; empty means all.
    people : int, optional
        How many there are at most.
    cost_per_agent_h : float, optional
        Where it differs from `cost_per_agent_h` of the whole.
    level : str
        Such as junior or senior; `least_by_level` may ask for it.
    """

    name: str
    days_on: int = Field(5, ge=1, le=6)
    has_days_off_together: bool = True
    max_days_in_a_row: int = Field(6, ge=1)
    min_rest_h: float = Field(11.0, ge=0, lt=24)
    shifts: tuple[str, ...] = ()
    people: int | None = Field(None, ge=0)
    cost_per_agent_h: float | None = Field(None, ge=0)
    level: str = ""


class StaffingSettings(Record):
    """`staffing.toml`: targets of the queue, shrinkage, costs."""

    channel: str = "phone"
    interval_minutes: Literal[15, 30, 60] = 30
    targets: StaffingTargets = StaffingTargets()
    patience_s: Seconds | None = None
    shrinkage: Annotated[float, Field(ge=0, lt=1)] = 0.0
    cost_per_agent_h: float = Field(0.0, ge=0)
    chats_at_once: int = Field(3, ge=1)
    horizon_days: int = Field(28, ge=7)
    shift_types: tuple[ShiftType, ...] = ()
    contracts: tuple[Contract, ...] = (Contract(name="full time"),)
    least_by_level: dict[str, int] = {}

    @field_validator("channel")
    @classmethod
    def _known_channel(cls, channel: str) -> str:
        return known("channel", (channel,), words_of("channel"))[0]

    @model_validator(mode="after")
    def _known_words(self) -> StaffingSettings:
        names = tuple(shift.name for shift in self.shift_types)
        for contract in self.contracts:
            known("shift", contract.shifts, names)
        known("level", tuple(self.least_by_level), tuple(contract.level for contract in self.contracts))
        return self


class Objective(Record):
    """One objective; what is left empty is what the SMART check names."""

    name: str
    indicator: str | None = None
    baseline: float | None = None
    target: float | None = None
    due_on: date | None = None
    owner: str | None = None
    business_goal: str | None = None
    rationale: str | None = None
    channels: tuple[str, ...] = ()

    @field_validator("indicator")
    @classmethod
    def _known_indicator(cls, key: str | None) -> str | None:
        return key and known("indicator", (key,), tuple(INDICATORS))[0]

    @model_validator(mode="after")
    def _fits_the_unit(self) -> Objective:
        for value in (self.baseline, self.target):
            if self.indicator is not None and value is not None:
                check_unit(self.indicator, value)
        return self


class ObjectiveSettings(Record):
    """`objectives.toml`: what the organisation wants to reach."""

    objectives: tuple[Objective, ...] = ()
