"""Tell whether an answer would still be the same: short texts that change with whatever it depends on.

Kept apart from the runner, so that a scheduler's second run finds out that nothing changed without loading what runs
and exports notebooks.
"""

from __future__ import annotations

import hashlib
import json
import platform
import re
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from csm_lib.definitions import INDICATORS
from csm_lib.publish.parameters import cells_of
from csm_lib.settings import SETTING_FILES, Settings

__all__ = ["code_fingerprint", "definition_fingerprints", "fingerprint_of", "packages", "setting_fingerprints"]

_SHORT = 16
_DEFINING = ("grain", "denominator_grain", "numerator", "denominator", "aggregation", "unit", "better")


def fingerprint_of(path: Path, parameters: Mapping[str, Any], book: Any) -> str:
    """Give a fingerprint of everything a notebook's answer depends on.

    These are its cells (not their stored outputs), its parameters, table versions, settings, this package's files, the
    versions of the libraries.

    Parameters
    ----------
    path : Path
    parameters : mapping of str to object
    book : Workbook

    Returns
    -------
    str
    """
    said = {
        "cells": cells_of(path),
        "parameters": dict(parameters),
        "tables": dict(book.data.versions),
        "settings": setting_fingerprints(book.settings),
        "code": code_fingerprint(),
        "packages": packages(),
        "python": platform.python_version(),
    }
    if book.as_of:
        said["as_of"] = [book.as_of, book.data.settings_at]
    return _digest(said)


def setting_fingerprints(settings: Settings) -> dict[str, str]:
    """Give a fingerprint of each setting that an answer may depend on; `[run]` only bounds how it is found.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    dict of str to str
        By file and key, such as `workbook.repeat_window_days`; values stay private.

    Examples
    --------
    >>> names = setting_fingerprints(Settings())
    >>> "indicators.targets" in names, "workbook.run" in names
    (True, False)
    """
    said = settings.model_dump(mode="json", include=set(SETTING_FILES))
    said["workbook"].pop("run", None)
    return {f"{file}.{key}": _digest(value)[:_SHORT] for file, keys in said.items() for key, value in keys.items()}


def definition_fingerprints(keys: list[str]) -> dict[str, str]:
    """Give a fingerprint of the definition of each indicator: what is counted over what, and what is left out.

    Parameters
    ----------
    keys : list of str
        Those that are not indicators are passed over.

    Returns
    -------
    dict of str to str

    Examples
    --------
    >>> list(definition_fingerprints(["fcr", "weather"]))
    ['fcr']
    """
    found = {}
    for key in keys:
        if key in INDICATORS:
            said = {name: getattr(INDICATORS[key], name) for name in _DEFINING} | {
                "exclusions": dict(INDICATORS[key].exclusions)
            }
            found[key] = _digest(said)[:_SHORT]
    return found


@cache
def code_fingerprint() -> str:
    """Give a fingerprint of the files of this package: what computes and what lays out."""
    package = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for file in sorted(package.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts and file.suffix != ".ipynb":
            digest.update(f"{file.relative_to(package)}\0".encode())
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


@cache
def packages() -> dict[str, str]:
    """Give the versions of this package and of those it depends on."""
    names = {re.split(r"[^\w.-]", line)[0] for line in requires("csm_lib") or [] if "extra ==" not in line}
    found = {}
    for name in sorted(names | {"csm_lib"}):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _digest(said: Any) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()
