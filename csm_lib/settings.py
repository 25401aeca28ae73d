"""Typed settings: four small TOML files a person keeps, each read into a frozen record.

A file that is missing falls back, as a whole, to the shipped generic one; a wrong key, unit or value stops with the
file, the key, the value and what is allowed.
"""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from csm_lib.calendar import DAYS, OpeningHours, parse_hours, public_holidays
from csm_lib.definitions import INDICATORS, words_of
from csm_lib.errors import SettingError

__all__ = [
    "SETTING_FILES",
    "IndicatorSettings",
    "Objective",
    "ObjectiveSettings",
    "Scope",
    "Settings",
    "StaffingSettings",
    "Target",
    "WorkbookSettings",
    "load_settings",
    "shipped",
]

Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


class Scope(_Record):
    """A part of the organisation that a report may be limited to; empty lists mean all."""

    title: str = ""
    channels: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()

    @field_validator("channels")
    @classmethod
    def _known_channels(cls, channels: tuple[str, ...]) -> tuple[str, ...]:
        return _known("channel", channels, words_of("channel"))


class WorkbookSettings(_Record):
    """`workbook.toml`: who the organisation is and how its days run."""

    organisation: str = "Service organisation"
    time_zone: str | None = None
    country: str | None = None
    language: Literal["en", "zh"] = "en"
    fiscal_start_month: int = Field(1, ge=1, le=12)
    currency: str = ""
    minimum_group_size: int = Field(10, ge=1)
    show_agent_names: bool = False
    live_channels: tuple[str, ...] = ("phone", "chat")
    repeat_window_days: int = Field(7, ge=1)
    maturity_days: int = Field(3, ge=0)
    allowed_set_aside_share: Share = 0.05
    close_on_public_holidays: bool = False
    closures: tuple[date, ...] = ()
    make_up_days: dict[date, Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]] = {}
    hours: dict[str, dict[str, str]] = {}
    scopes: dict[str, Scope] = {}

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, time_zone: str | None) -> str | None:
        if time_zone is not None and time_zone not in available_timezones():
            near = difflib.get_close_matches(time_zone, available_timezones(), n=3, cutoff=0.4)
            raise ValueError(f"a zone name such as {', '.join(near) or 'Asia/Shanghai'}")
        return time_zone

    @field_validator("live_channels")
    @classmethod
    def _known_live(cls, channels: tuple[str, ...]) -> tuple[str, ...]:
        return _known("channel", channels, words_of("channel"))

    @field_validator("country")
    @classmethod
    def _known_country(cls, country: str | None) -> str | None:
        if country is not None:
            _or_value_error(partial(public_holidays, country, [2024]))
        return country

    @field_validator("hours")
    @classmethod
    def _known_hours(cls, hours: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        _known("channel or 'default'", tuple(hours), ("default", *words_of("channel")))
        for channel, week in hours.items():
            _known("day", tuple(week), ("daily", *DAYS))
            for day, text in week.items():
                _or_value_error(partial(parse_hours, text, where=f"hours.{channel}.{day}"))
        return hours

    @property
    def zone(self) -> ZoneInfo:
        """The organisation's time zone; UTC until a zone is known."""
        return ZoneInfo(self.time_zone or "UTC")

    def opening_hours(self, channel: str, *, years: tuple[int, ...]) -> OpeningHours | None:
        """Give a channel's opening hours over the stated years; None if it has none configured (always open)."""
        week = self.hours.get(channel) or self.hours.get("default")
        if week is None:
            return None
        where = f"hours.{channel if channel in self.hours else 'default'}"
        daily = week.get("daily", "closed")
        weekly = tuple(parse_hours(week.get(day, daily), where=f"{where}.{day}") for day in DAYS)
        closed = set(self.closures)
        if self.close_on_public_holidays and self.country:
            closed |= set(public_holidays(self.country, years))
        worked = tuple((day, DAYS.index(name)) for day, name in self.make_up_days.items())
        return OpeningHours(weekly, str(self.zone), frozenset(closed), worked)


class Target(_Record):
    """What an indicator should reach, from a day on, for everyone or for one scope or channel."""

    indicator: str
    value: float
    valid_from: date = date(1970, 1, 1)
    scope: str | None = None
    channel: str | None = None

    @field_validator("indicator")
    @classmethod
    def _known_indicator(cls, key: str) -> str:
        return _known("indicator", (key,), tuple(INDICATORS))[0]

    @model_validator(mode="after")
    def _fits_the_unit(self) -> Target:
        _check_unit(self.indicator, self.value)
        return self


class Thresholds(_Record):
    """Bounds that definitions use."""

    service_level_s: Seconds = 20.0
    short_abandon_s: Seconds = 5.0
    survey_delay_s: Seconds = 300.0
    escalation_h: float = Field(24.0, gt=0)
    review_share: Share = 0.2


class IndicatorSettings(_Record):
    """`indicators.toml`: which indicators lead, their targets, weights and thresholds."""

    headline: tuple[str, ...] = ("frt", "fcr", "csat", "complaint_rate")
    maximum_headline: int = Field(8, ge=1)
    stage: str = "mature"
    thresholds: Thresholds = Thresholds()
    targets: tuple[Target, ...] = ()
    weights: dict[str, dict[Literal["efficiency", "quality", "experience"], Share]] = {}

    @field_validator("headline")
    @classmethod
    def _known_headline(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        return _known("indicator", keys, tuple(INDICATORS))

    @model_validator(mode="after")
    def _weights_add_up(self) -> IndicatorSettings:
        for stage, weights in self.weights.items():
            if abs(sum(weights.values()) - 1) > 1e-6:
                raise ValueError(f"weights.{stage} must add up to 1, got {sum(weights.values()):g}")
        if self.weights and self.stage not in self.weights:
            raise ValueError(f"stage must be one of {', '.join(self.weights)}, got {self.stage!r}")
        return self


class StaffingTargets(_Record):
    """What the queue has to reach in every interval."""

    service_level: Share | None = 0.8
    threshold_s: Seconds = 20.0
    answer_rate: Share | None = 0.9
    max_occupancy: Share | None = None


class StaffingSettings(_Record):
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
        return _known("channel", (channel,), words_of("channel"))[0]


class Objective(_Record):
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
        return key and _known("indicator", (key,), tuple(INDICATORS))[0]

    @model_validator(mode="after")
    def _fits_the_unit(self) -> Objective:
        for value in (self.baseline, self.target):
            if self.indicator is not None and value is not None:
                _check_unit(self.indicator, value)
        return self


class ObjectiveSettings(_Record):
    """`objectives.toml`: what the organisation wants to reach."""

    objectives: tuple[Objective, ...] = ()


SETTING_FILES: dict[str, type[_Record]] = {
    "workbook": WorkbookSettings,
    "indicators": IndicatorSettings,
    "staffing": StaffingSettings,
    "objectives": ObjectiveSettings,
}


class Settings(_Record):
    """All settings of a workspace, and which files they came from."""

    workbook: WorkbookSettings = WorkbookSettings()
    indicators: IndicatorSettings = IndicatorSettings()
    staffing: StaffingSettings = StaffingSettings()
    objectives: ObjectiveSettings = ObjectiveSettings()
    files: dict[str, Path] = {}

    def scope(self, name: str) -> Scope:
        """Give a scope by name; `all` always exists and limits nothing.

        Raises
        ------
        SettingError
            If there is no scope of that name; the message lists them.
        """
        known = {"all": Scope(title="")} | self.workbook.scopes
        if name not in known:
            raise SettingError(
                f"scope must be one of {', '.join(known)}, got {name!r}. Correct it, or add [scopes.{name}] to "
                "data/config/workbook.toml."
            )
        return known[name]


def shipped(*parts: str) -> Path:
    """Give the path of something that ships with the package (settings, sources)."""
    return Path(__file__).resolve().parent.joinpath("shipped", *parts)


def load_settings(workspace: Path) -> Settings:
    """Read the four settings files of a workspace.

    Parameters
    ----------
    workspace : Path
        Folder that holds `data/config`.

    Returns
    -------
    Settings

    Raises
    ------
    SettingError
        If a file is not TOML, or a key or value is wrong: file, key, value and what is allowed.
    """
    records: dict[str, Any] = {}
    files: dict[str, Path] = {}
    for name, kind in SETTING_FILES.items():
        own = workspace / "data" / "config" / f"{name}.toml"
        files[name] = own if own.exists() else shipped("config", f"{name}.toml")
        records[name] = _read(files[name], kind)
    return Settings(**records, files=files)


def _read(path: Path, kind: type[_Record]) -> _Record:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except tomllib.TOMLDecodeError as wrong:
        raise SettingError(f"{path.name} must be TOML, got an error: {wrong} ({path}). Correct that line.") from wrong
    except UnicodeDecodeError as wrong:
        raise SettingError(f"{path.name} must be UTF-8, got other bytes ({path}). Save it as UTF-8.") from wrong
    try:
        return kind.model_validate(content)
    except ValidationError as wrong:
        raise SettingError(_sentences(wrong, path, kind)) from wrong


def _sentences(wrong: ValidationError, path: Path, kind: type[_Record]) -> str:
    lines = []
    for error in wrong.errors():
        key = ".".join(str(part) for part in error["loc"]) or path.stem
        if error["type"] == "extra_forbidden":
            known = _known_keys(kind, error["loc"])
            near = difflib.get_close_matches(str(error["loc"][-1]), known, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"Allowed are: {', '.join(known)}."
            lines.append(f"{key} must be a known key, got {error['loc'][-1]!r} ({path}). {hint}")
        else:
            reason = error["msg"].removeprefix("Value error, ")
            lines.append(f"{key} must be valid: {reason}, got {error['input']!r} ({path}). Correct it.")
    return "\n".join(lines)


def _known_keys(kind: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """Give the keys allowed where an unknown one was found, walking down the nested records."""
    here: Any = kind
    for part in location[:-1]:
        if isinstance(part, str) and hasattr(here, "model_fields") and part in here.model_fields:
            here = _record_within(here.model_fields[part].annotation)
    return list(getattr(here, "model_fields", {}))


def _record_within(annotation: Any) -> Any:
    if hasattr(annotation, "model_fields"):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _record_within(argument)
        if found is not None:
            return found
    return None


# what a target may be, by the unit of its indicator
_UNIT_BOUNDS = {"s": (0.0, math.inf, "seconds"), "share": (0.0, 1.0, "a share from 0 to 1, such as 0.85 for 85 %")}
_UNIT_BOUNDS |= {"points": (-1.0, 1.0, "from -1 to 1, such as 0.4 for 40"), "score": (1.0, 5.0, "a score from 1 to 5")}


def _check_unit(key: str, value: float) -> None:
    low, high, said = _UNIT_BOUNDS[INDICATORS[key].unit]
    if not low <= value <= high:
        raise ValueError(f"the figure of {key} must be {said}")


def _or_value_error(check: Callable[[], object]) -> None:
    """Run a check of another module; its refusal becomes one of this field."""
    try:
        check()
    except SettingError as refused:
        raise ValueError(str(refused).partition(", got ")[0]) from refused


def _known(what: str, names: tuple[str, ...], allowed: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if name not in allowed:
            raise ValueError(f"{what} must be one of {', '.join(allowed)}")
    return names
