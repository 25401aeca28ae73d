"""Reading the four settings files of a workspace, and saying in words what is wrong in one."""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from csm_lib.errors import SettingError
from csm_lib.settings.objectives import ObjectiveSettings, StaffingSettings
from csm_lib.settings.organisation import Scope, WorkbookSettings
from csm_lib.settings.records import Record
from csm_lib.settings.targets import IndicatorSettings

__all__ = ["SETTING_FILES", "Settings", "load_settings", "shipped"]

SETTING_FILES: dict[str, type[Record]] = {
    "workbook": WorkbookSettings,
    "indicators": IndicatorSettings,
    "staffing": StaffingSettings,
    "objectives": ObjectiveSettings,
}


class Settings(Record):
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
    return Path(__file__).resolve().parents[1].joinpath("shipped", *parts)


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


def _read(path: Path, kind: type[Record]) -> Record:
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


def _sentences(wrong: ValidationError, path: Path, kind: type[Record]) -> str:
    lines = []
    for error in wrong.errors():
        is_name = error["loc"][-1:] == ("[key]",)  # the name of a table is wrong, not what stands in it
        place = error["loc"][:-2] if is_name else error["loc"]
        key = ("every name in " if is_name else "") + (".".join(map(str, place)) or path.stem)
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
