"""What is shown here is shown without an open workbook, whatever tests before these opened."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def no_workbook(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the minimum group size and the currency away that opening a workbook leaves behind."""
    monkeypatch.delenv("CSM_MINIMUM_GROUP_SIZE", raising=False)
    monkeypatch.delenv("CSM_CURRENCY", raising=False)
