"""The spreadsheet of a report: a disk that takes no more is an error of the system, whatever the library calls it."""

from __future__ import annotations

import errno
import gc
import warnings
from pathlib import Path

import pytest
import xlsxwriter

from csm_lib.publish.spreadsheets import write_spreadsheet


def error_of(path: Path) -> int | None:
    try:
        write_spreadsheet({}, path)
    except OSError as met:
        return met.errno
    return None


def test_a_full_disk_is_an_error_of_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(xlsxwriter.Workbook, "_store_workbook", full)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # the library leaves its temporary file to the collector
        assert error_of(tmp_path / "tables.xlsx") == errno.ENOSPC
        gc.collect()
