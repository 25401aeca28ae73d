"""A place to ingest into, and a connection to read with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from csm_lib.engine import connect


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that a module's tests share."""
    with connect() as opened:
        yield opened


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """An empty workspace whose path has what paths have: a space, and letters of any script."""
    folder = tmp_path / "空 间"
    (folder / "data" / "raw").mkdir(parents=True)
    return folder
