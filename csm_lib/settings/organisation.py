"""`workbook.toml`: who the organisation is, how its days run, and which parts of it are reported apart."""

from __future__ import annotations

import difflib
import re
from datetime import date
from functools import partial
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field, field_validator

from csm_lib.calendar import DAYS, OpeningHours, parse_hours, public_holidays
from csm_lib.definitions import words_of
from csm_lib.settings.records import Channels, Record, Share, known, or_value_error
from csm_lib.settings.running import RunSettings

__all__ = ["Scope", "WorkbookSettings"]


class Scope(Record):
    """A part of the organisation that a report may be limited to; empty lists mean all."""

    title: str = ""
    channels: Channels = ()
    teams: tuple[str, ...] = ()


def _names_a_folder(name: str) -> str:
    """A scope's reports lie in a folder of its name, which must not lead anywhere else on any system."""
    if re.search(r'[/\\:*?"<>|\x00-\x1f]', name) or name != name.strip(" .") or not name:
        raise ValueError('a name for a folder, without / \\ : * ? " < > | and without a dot or space at its ends')
    return name


class WorkbookSettings(Record):
    """`workbook.toml`: who the organisation is and how its days run."""

    organisation: str = "Service organisation"
    time_zone: str | None = None
    country: str | None = None
    language: Literal["en", "zh"] = "en"
    fiscal_start_month: int = Field(1, ge=1, le=12)
    currency: str = ""
    minimum_group_size: int = Field(10, ge=1)
    show_agent_names: bool = False
    live_channels: Channels = ("phone", "chat")
    repeat_window_days: int = Field(7, ge=1)
    maturity_days: int = Field(3, ge=0)
    allowed_set_aside_share: Share = 0.05
    close_on_public_holidays: bool = False
    closures: tuple[date, ...] = ()
    make_up_days: dict[date, Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]] = {}
    hours: dict[str, dict[str, str]] = {}
    team_hours: dict[str, dict[str, str]] = {}
    scopes: dict[Annotated[str, AfterValidator(_names_a_folder)], Scope] = {}
    run: RunSettings = RunSettings()

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, time_zone: str | None) -> str | None:
        if time_zone is not None and time_zone not in available_timezones():
            near = difflib.get_close_matches(time_zone, available_timezones(), n=3, cutoff=0.4)
            raise ValueError(f"a zone name such as {', '.join(near) or 'Asia/Shanghai'}")
        return time_zone

    @field_validator("country")
    @classmethod
    def _known_country(cls, country: str | None) -> str | None:
        if country is not None:
            or_value_error(partial(public_holidays, country, [2024]))
        return country

    @field_validator("hours")
    @classmethod
    def _known_hours(cls, hours: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        known("channel or 'default'", tuple(hours), ("default", *words_of("channel")))
        return _readable("hours", hours)

    @field_validator("team_hours")
    @classmethod
    def _known_team_hours(cls, hours: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        return _readable("team_hours", hours)

    @property
    def zone(self) -> ZoneInfo:
        """The organisation's time zone; UTC until a zone is known."""
        return ZoneInfo(self.time_zone or "UTC")

    def opening_hours(self, channel: str, *, years: tuple[int, ...], team: str | None = None) -> OpeningHours | None:
        """Give the opening hours of a team, else of a channel, over the stated years; None if always open."""
        for name, rows, key in (
            ("team_hours", self.team_hours, team),
            ("hours", self.hours, channel),
            ("hours", self.hours, "default"),
        ):
            if key is not None and key in rows:
                return self._hours(rows[key], f"{name}.{key}", years)
        return None

    def _hours(self, week: dict[str, str], where: str, years: tuple[int, ...]) -> OpeningHours:
        daily = week.get("daily", "closed")
        weekly = tuple(parse_hours(week.get(day, daily), where=f"{where}.{day}") for day in DAYS)
        closed = set(self.closures)
        if self.close_on_public_holidays and self.country:
            closed |= set(public_holidays(self.country, years))
        worked = tuple((day, DAYS.index(name)) for day, name in self.make_up_days.items())
        return OpeningHours(weekly, str(self.zone), frozenset(closed), worked)


def _readable(name: str, hours: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    for key, week in hours.items():
        known("day", tuple(week), ("daily", *DAYS))
        for day, text in week.items():
            or_value_error(partial(parse_hours, text, where=f"{name}.{key}.{day}"))
    return hours
