"""Typed settings: four small TOML files a person keeps, each read into a frozen record.

A file that is missing falls back, as a whole, to the shipped generic one; a wrong key, unit or value stops with the
file, the key, the value and what is allowed.
"""

from __future__ import annotations

from csm_lib.settings.files import SETTING_FILES, Settings, load_settings, shipped
from csm_lib.settings.objectives import Objective, ObjectiveSettings, StaffingSettings
from csm_lib.settings.organisation import Scope, WorkbookSettings
from csm_lib.settings.policies import Policy, policy_for
from csm_lib.settings.running import RunSettings
from csm_lib.settings.targets import IndicatorSettings, Target, Thresholds

__all__ = [
    "SETTING_FILES",
    "IndicatorSettings",
    "Objective",
    "ObjectiveSettings",
    "Policy",
    "RunSettings",
    "Scope",
    "Settings",
    "StaffingSettings",
    "Target",
    "Thresholds",
    "WorkbookSettings",
    "load_settings",
    "policy_for",
    "shipped",
]
