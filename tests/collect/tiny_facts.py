"""Tiny organisations written down row by row."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from csm_lib.collect.commits import files_sql
from csm_lib.collect.facts import build_facts
from csm_lib.collect.typing_sql import DUCKDB_TYPES
from csm_lib.definitions import FACTS, TABLES
from csm_lib.engine import connect
from csm_lib.measure.indicators import measure
from csm_lib.settings import Settings, WorkbookSettings

__all__ = ["SETTINGS", "Facts", "build", "call", "one", "sourced"]

Facts = dict[str, pd.DataFrame]
SETTINGS = Settings(workbook=WorkbookSettings(time_zone="Asia/Shanghai", live_channels=("phone", "chat")))


def build(settings: Settings, **tables: list[dict[str, Any]]) -> Facts:
    """Build the facts of every grain from rows; instants are written as local time of the settings' zone."""
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
        columns = ", ".join(f'"{one.name}"::{DUCKDB_TYPES[one.type]} AS "{one.name}"' for one in table.columns)
        connection.execute(f"CREATE TEMP TABLE {name} AS SELECT {columns} FROM given")
    with tempfile.TemporaryDirectory() as folder:
        files = build_facts(connection, settings, folder=Path(folder))
        return {
            grain: connection.sql(f"SELECT * FROM {files_sql(files[fact.table])}").to_arrow_table().to_pandas()
            for grain, fact in FACTS.items()
        }


def call(contact_id: str, created_at: str, **columns: Any) -> dict[str, Any]:
    """A phone contact that entered the queue as it was created."""
    row = {"contact_id": contact_id, "created_at": created_at, "queue_entered_at": created_at, "channel": "phone"}
    return row | columns


def one(facts: Any, key: str) -> pd.Series:
    """The only row of an indicator."""
    return measure(facts, key).iloc[0]


def sourced(facts: Facts) -> dict[str, Any]:
    """As a workbook gives them: a grain without a row is no source."""
    return {grain: frame if len(frame) else None for grain, frame in facts.items()}
