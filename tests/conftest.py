"""What every test may ask for: real data where it lies, a browser where there is one, and a clear word where not."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent


def _realdata() -> Path | None:
    named = os.environ.get("CSM_REALDATA")
    beside = PROJECT.parent / "shared" / "realdata"
    return Path(named) if named else beside if beside.is_dir() else None


def _browser() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if (found := shutil.which(name))), None)


_AVAILABLE = {
    "realdata": (_realdata, "real data: set CSM_REALDATA to its folder"),
    "browser": (_browser, "a browser: install the system's Chromium"),
    "postgres": (lambda: shutil.which("pg_ctlcluster"), "a PostgreSQL server: install the system's postgresql"),
    "spark": (lambda: importlib.util.find_spec("pyspark"), "Spark: install the extra `scale` and Java"),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what the machine cannot run, with the reason; where CSM_REQUIRE names it, let it fail instead."""
    required = {name for name in os.environ.get("CSM_REQUIRE", "").split(",") if name}
    unknown = required - set(_AVAILABLE)
    if unknown:
        raise pytest.UsageError(f"CSM_REQUIRE must name {', '.join(_AVAILABLE)}, got {', '.join(sorted(unknown))}")
    for item in items:
        for marker in item.iter_markers("needs"):
            find, reason = _AVAILABLE[marker.args[0]]
            if not find() and marker.args[0] not in required:
                item.add_marker(pytest.mark.skip(reason=f"needs {reason}"))


@pytest.fixture(scope="session")
def realdata() -> Path:
    """Folder of the public data sets; fails where it is required and absent."""
    folder = _realdata()
    assert folder is not None, "real data is required here: set CSM_REALDATA to its folder"
    return folder


@pytest.fixture(scope="session")
def browser_path() -> str:
    """Path of the system's Chromium; fails where it is required and absent."""
    found = _browser()
    assert found is not None, "a browser is required here: install the system's Chromium"
    return found
