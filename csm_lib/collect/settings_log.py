"""Settings as they were: targets and definitions in force on a day are part of a report as it then stood.

Each ingest and each run writes down the settings it found, if they differ from those of the time before. What shields
people (the smallest group shown, whether agents are named) is never taken from the past: today's rules hold.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from csm_lib.collect.warehouse import warehouse_folder
from csm_lib.errors import UnavailableError
from csm_lib.settings import SETTING_FILES, Settings

__all__ = ["remember_settings", "settings_on"]

# of workbook.toml: what may be shown of people
_SHIELDS = ("minimum_group_size", "show_agent_names")


def remember_settings(workspace: Path, settings: Settings) -> bool:
    """Write down the settings of a workspace, unless the last ones written are the same; tell whether it did.

    Parameters
    ----------
    workspace : Path
    settings : Settings
        As loaded from its files.
    """
    folder = warehouse_folder(workspace) / "settings"
    said = settings.model_dump(mode="json", include=set(SETTING_FILES))
    written = sorted(folder.glob("[0-9]*.json"))
    if written and _read(written[-1])["settings"] == said:
        return False
    folder.mkdir(parents=True, exist_ok=True)
    at = _now()
    path = folder / f"{at:%Y%m%dT%H%M%S%f}.json"
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    beside.write_text(json.dumps({"at": at.isoformat(), "settings": said}, ensure_ascii=False, indent=1), "utf-8")
    os.replace(beside, path)
    return True


def settings_on(workspace: Path, moment: datetime, *, today: Settings) -> tuple[Settings, datetime | None]:
    """Give the settings that were last written down at or before a moment, and when; today's and None without any.

    Parameters
    ----------
    moment : datetime, zone-aware
    today : Settings
        Those in force now, of which the rules that shield people are taken in any case.

    Raises
    ------
    UnavailableError
        If a file of the list cannot be understood.
    """
    for path in sorted((warehouse_folder(workspace) / "settings").glob("[0-9]*.json"), reverse=True):
        said = _read(path)
        at = datetime.fromisoformat(said["at"])
        if at <= moment:
            shields = {name: getattr(today.workbook, name) for name in _SHIELDS}
            return _settings_of(path, said["settings"], shields), at
    return today, None


def _settings_of(path: Path, said: dict[str, Any], shields: dict[str, Any]) -> Settings:
    try:
        return Settings.model_validate(said | {"workbook": said["workbook"] | shields})
    except (ValidationError, KeyError, TypeError) as error:
        raise _refusal(path, error) from None


def _read(path: Path) -> dict[str, Any]:
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        datetime.fromisoformat(said["at"])
        return {"at": said["at"], "settings": said["settings"]}
    except (ValueError, KeyError, TypeError) as error:
        raise _refusal(path, error) from None


def _refusal(path: Path, error: Exception) -> UnavailableError:
    return UnavailableError(
        f"{path} must be settings written by this program, got {str(error).splitlines()[0]!r}. Delete it; reports of "
        "its time then take the settings before it."
    )


def _now() -> datetime:
    return datetime.now(UTC)
