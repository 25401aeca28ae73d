"""The committed notebooks are compared with a fresh run on the sample organisation, made once per test run.

Fixtures do not run for notebooks, so the workspace is made when the session starts; with several workers, by the one
that starts them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

_made: list[Path] = []


def pytest_sessionstart(session: pytest.Session) -> None:
    """Make the sample organisation and point the notebooks' kernels to it."""
    is_worker = hasattr(session.config, "workerinput")
    if is_worker or not session.config.getoption("nbval", False):
        return
    folder = Path(tempfile.mkdtemp(prefix="csm-sample-"))
    _made.append(folder)
    command = [sys.executable, "-m", "csm_lib", "demo", "--only-data", "--workspace", str(folder)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise pytest.UsageError(f"the sample organisation could not be made:\n{ended.stderr}")
    os.environ["CSM_WORKSPACE"] = str(folder)


def pytest_sessionfinish() -> None:
    """Remove the sample organisation."""
    for folder in _made:
        shutil.rmtree(folder, ignore_errors=True)
