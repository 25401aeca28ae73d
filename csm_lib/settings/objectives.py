"""`staffing.toml` and `objectives.toml`: what the queue has to reach, and what the organisation wants to reach."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from csm_lib.definitions import INDICATORS, words_of
from csm_lib.settings.records import Record, Seconds, Share, known
from csm_lib.settings.targets import check_unit

__all__ = ["Objective", "ObjectiveSettings", "StaffingSettings", "StaffingTargets"]


class StaffingTargets(Record):
    """What the queue has to reach in every interval."""

    service_level: Share | None = 0.8
    threshold_s: Seconds = 20.0
    answer_rate: Share | None = 0.9
    max_occupancy: Share | None = None


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

    @field_validator("channel")
    @classmethod
    def _known_channel(cls, channel: str) -> str:
        return known("channel", (channel,), words_of("channel"))[0]


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
