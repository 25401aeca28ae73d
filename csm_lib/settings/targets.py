"""`indicators.toml`: which indicators lead, what they should reach, their bounds and the promises behind them."""

from __future__ import annotations

import math
from datetime import date
from typing import Literal

from pydantic import Field, field_validator, model_validator

from csm_lib.definitions import INDICATORS
from csm_lib.settings.policies import Policy
from csm_lib.settings.records import Record, Seconds, Share, known

__all__ = ["IndicatorSettings", "Target", "Thresholds", "check_unit"]


class Target(Record):
    """What an indicator should reach, from a day on, for everyone or for one scope or channel."""

    indicator: str
    value: float
    valid_from: date = date(1970, 1, 1)
    scope: str | None = None
    channel: str | None = None

    @field_validator("indicator")
    @classmethod
    def _known_indicator(cls, key: str) -> str:
        return known("indicator", (key,), tuple(INDICATORS))[0]

    @model_validator(mode="after")
    def _fits_the_unit(self) -> Target:
        check_unit(self.indicator, self.value)
        return self


class Thresholds(Record):
    """Bounds that definitions use."""

    service_level_s: Seconds = 20.0
    short_abandon_s: Seconds = 5.0
    survey_delay_s: Seconds = 300.0
    escalation_h: float = Field(24.0, gt=0)
    review_share: Share = 0.2
    complaint_response_s: Seconds = 600.0
    complaint_repeat_days: int = Field(7, ge=0)
    closed_loop_contact_h: float = Field(24.0, gt=0)
    closed_loop_resolution_h: float = Field(72.0, gt=0)
    conversion_window_days: int = Field(7, ge=1)


class IndicatorSettings(Record):
    """`indicators.toml`: which indicators lead, their targets, weights and thresholds."""

    headline: tuple[str, ...] = ("frt", "fcr", "csat", "complaint_rate")
    maximum_headline: int = Field(8, ge=1)
    stage: str = "mature"
    csat_from: Literal["items", "outcome"] = "items"
    thresholds: Thresholds = Thresholds()
    policies: tuple[Policy, ...] = ()
    targets: tuple[Target, ...] = ()
    weights: dict[str, dict[Literal["efficiency", "quality", "experience"], Share]] = {}

    @field_validator("headline")
    @classmethod
    def _known_headline(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        return known("indicator", keys, tuple(INDICATORS))

    @model_validator(mode="after")
    def _weights_add_up(self) -> IndicatorSettings:
        for stage, weights in self.weights.items():
            if abs(sum(weights.values()) - 1) > 1e-6:
                raise ValueError(f"weights.{stage} must add up to 1, got {sum(weights.values()):g}")
        if self.weights and self.stage not in self.weights:
            raise ValueError(f"stage must be one of {', '.join(self.weights)}, got {self.stage!r}")
        return self


# what a target may be, by the unit of its indicator
_UNIT_BOUNDS = {"s": (0.0, math.inf, "seconds"), "share": (0.0, 1.0, "a share from 0 to 1, such as 0.85 for 85 %")}
_UNIT_BOUNDS |= {"points": (-1.0, 1.0, "from -1 to 1, such as 0.4 for 40"), "score": (1.0, 5.0, "a score from 1 to 5")}
_UNIT_BOUNDS |= {"money": (0.0, math.inf, "an amount of money"), "number": (0.0, math.inf, "a number, not negative")}


def check_unit(key: str, value: float) -> None:
    """Refuse a figure that its indicator cannot take.

    Raises
    ------
    ValueError
        If it lies outside the bounds of the indicator's unit; pydantic adds the field.
    """
    low, high, said = _UNIT_BOUNDS[INDICATORS[key].unit]
    if not low <= value <= high:
        raise ValueError(f"the figure of {key} must be {said}")
