"""Tiny organisations written down row by row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from csm_lib.collect.commits import files_sql
from csm_lib.collect.facts import build_facts
from csm_lib.definitions import FACTS, TABLES
from csm_lib.engine import connect
from csm_lib.settings import Settings

Facts = dict[str, pd.DataFrame]
KINDS = {"text": "VARCHAR", "instant": "TIMESTAMPTZ", "date": "DATE", "number": "DOUBLE", "integer": "BIGINT"}
KINDS |= {"boolean": "BOOLEAN"}


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Facts]:
    """Build the facts of every grain from rows; instants are written as local time of the settings' zone."""

    def built(settings: Settings, **tables: list[dict[str, Any]]) -> Facts:
        connection = connect()
        for name, rows in tables.items():
            table = TABLES[name]
            assert {key for row in rows for key in row} <= {column.name for column in table.columns}
            frame = pd.DataFrame(rows).reindex(columns=[column.name for column in table.columns]).astype(object)
            for column in frame:
                if column.endswith("_at"):
                    instants = pd.to_datetime(frame[column])
                    frame[column] = instants.dt.tz_localize(settings.workbook.zone).dt.tz_convert("UTC")
            connection.register("given", pa.Table.from_pandas(frame, preserve_index=False))
            columns = ", ".join(f'"{column.name}"::{KINDS[column.type]} AS "{column.name}"' for column in table.columns)
            connection.execute(f"CREATE TEMP TABLE {name} AS SELECT {columns} FROM given")
        files = build_facts(connection, settings, folder=tmp_path_factory.mktemp("facts"))
        return {
            grain: connection.sql(f"SELECT * FROM {files_sql(files[fact.table])}").to_arrow_table().to_pandas()
            for grain, fact in FACTS.items()
        }

    return built
