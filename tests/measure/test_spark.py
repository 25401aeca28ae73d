"""The definitions, word for word, on Spark SQL over the warehouse's own files: the same sums as `measure`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from numpy.testing import assert_allclose

from csm_lib.collect.warehouse import warehouse_folder
from csm_lib.definitions import FACTS, INDICATORS, indicator
from csm_lib.measure.aggregation import aggregation_sql
from csm_lib.measure.indicators import measure
from csm_lib.measure.terms import Term
from csm_lib.workbook import Workbook, open_workbook

pytestmark = pytest.mark.needs("spark")

KEYS = {
    grain: [key for key, row in INDICATORS.items() if grain in {term.grain for term in Term.of(row)}] for grain in FACTS
}


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Workbook:
    """The sample organisation, small, in its whole time."""
    folder = tmp_path_factory.mktemp("sample")
    called = ["demo", "--only-data", "--contacts-per-quarter", "300", "--workspace", str(folder), "--json"]
    ended = subprocess.run([sys.executable, "-m", "csm_lib", *called], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr + ended.stdout
    return open_workbook("2022-01-01..2024-12-31", workspace=folder)


@pytest.fixture(scope="module")
def spark(book: Workbook) -> Iterator[Any]:
    """A session on this machine that knows the fact tables of the warehouse by their names."""
    from pyspark.sql import SparkSession

    settings = {
        "spark.ui.enabled": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
    }
    builder = SparkSession.builder.master("local[1]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    for fact in FACTS.values():
        whole = session.read.parquet(*files_of(book.workspace, fact.table))
        whole.where(book.facts.condition).createOrReplaceTempView(fact.table)
    yield session
    session.stop()


def files_of(workspace: Path, table: str) -> list[str]:
    folder = warehouse_folder(workspace) / table
    return [str(folder / unquote(path)) for path in DeltaTable(folder).get_add_actions()["path"].to_pylist()]


def rows_of(spark: Any, text: str, by: tuple[str, ...]) -> dict[tuple[Any, ...], dict[str, Any]]:
    made = [row.asDict() for row in spark.sql(text).collect()]
    return {tuple(row[name] for name in by): row for row in made}


WHOLE, GROUPED, MONTHLY = (), ("channel", "team"), ("month",)
ASKED = [(grain, by) for grain in ("contact", "survey", "review", "complaint") for by in (WHOLE, GROUPED, MONTHLY)]
ASKED += [(grain, WHOLE) for grain in ("message_pair", "clock", "agent_interval", "agent_month", "action")]


@pytest.mark.parametrize(("grain", "by"), ASKED, ids=[" × ".join((grain, *by)) for grain, by in ASKED])
def test_spark_sums_what_measure_sums(spark: Any, book: Workbook, grain: str, by: tuple[str, ...]) -> None:
    text = aggregation_sql(KEYS[grain], grain=grain, by=by)
    found = rows_of(spark, text, by)
    measured = measure(book.facts, KEYS[grain], by=by, level=None)
    compared = set()
    for record in measured.astype("object").where(measured.notna(), None).to_dict("records"):
        key, row = record["key"], indicator(record["key"])
        is_above, is_below = row.grain == grain, (row.denominator_grain or row.grain) == grain
        assert not is_above or row.numerator in text
        assert not is_below or row.denominator in text
        held = found.get(tuple(record[name] for name in by), {})
        for part, is_here in (("numerator", is_above), ("denominator", is_below)):
            if is_here:
                assert_allclose(held.get(f"{key}_{part}") or 0.0, record[part], rtol=1e-12, err_msg=key)
        if is_above and is_below:
            assert held[f"{key}_n"] == record["n"]
        compared |= {key} if record["denominator"] else set()
    assert len(compared) > len(KEYS[grain]) / 2


def fallbacks() -> list[tuple[str, int]]:
    """Every fallback of every indicator: its key, and how far down its chain it stands."""
    found = []
    for key, row in INDICATORS.items():
        place = 0
        while row.fallback is not None:
            found.append((key, place))
            row, place = row.fallback, place + 1
    return found


def made_up_volumes() -> pa.Table:
    """Counts by half-hour as a switchboard gives them: the sample organisation has none."""
    chance = np.random.default_rng(4)
    offered = chance.poisson(20, 200)
    answered = chance.binomial(offered, 0.9)
    rows = pd.DataFrame({"local_date": pd.date_range("2024-01-01", periods=200).date, "channel": "phone"})
    rows = rows.assign(interval_s=1800, offered=offered, answered=answered, abandoned=offered - answered)
    rows = rows.assign(answered_in_time=chance.binomial(answered, 0.8), handle_s=answered * 240.0, staffed_agents=5.0)
    unknown = {"answered": 7, "abandoned": 11, "answered_in_time": 13, "handle_s": 17, "staffed_agents": 19}
    for name, step in unknown.items():
        rows[name] = rows[name].convert_dtypes().where(rows.index % step > 0)
    return pa.Table.from_pandas(rows, preserve_index=False)


def with_answers(relation: Any, columns: tuple[str, ...]) -> pa.Table:
    """Facts, with made-up values in columns that the sample organisation leaves empty."""
    facts = relation.to_arrow_table()
    chance = np.random.default_rng(5)
    for place, field in enumerate(facts.schema):
        if field.name in columns and facts.column(place).null_count == len(facts):
            values = chance.integers(0, 2, len(facts)) > 0 if pa.types.is_boolean(field.type) else (
                chance.integers(1, 6, len(facts))
            )
            facts = facts.set_column(place, field.name, pa.array(values).cast(field.type))
    return facts


@pytest.mark.parametrize(("key", "place"), fallbacks())
def test_what_stands_in_for_missing_columns_runs_there_too(
    spark: Any, book: Workbook, key: str, place: int, tmp_path: Path
) -> None:
    chain = [INDICATORS[key]]
    for _ in range(place + 1):
        chain.append(chain[-1].fallback)
    row = chain[-1]
    facts = made_up_volumes() if row.grain == "volume" else with_answers(book.facts.relation(row.grain), row.columns)
    assert len(facts) > 0
    pq.write_table(facts, tmp_path / "facts.parquet")
    spark.read.parquet(str(tmp_path / "facts.parquet")).createOrReplaceTempView("stands_in")
    made = rows_of(spark, aggregation_sql(row, grain=row.grain, table="stands_in"), ())[()]
    above = {name for each in chain[:-1] if each.grain == row.grain for name in each.columns} - set(row.columns)
    measured = measure({row.grain: facts.drop(sorted(above & set(facts.column_names)))}, key, level=None).iloc[0]
    assert row.basis in measured["method"]
    assert made[f"{key}_n"] > 0
    sums = [made[f"{key}_numerator"], made[f"{key}_denominator"]]
    assert_allclose(sums, [measured["numerator"], measured["denominator"]], rtol=1e-12)


@pytest.mark.parametrize("name", ["quarter", "month", "week", "weekday"])
def test_groups_in_time_have_the_same_names_there(spark: Any, book: Workbook, name: str) -> None:
    found = rows_of(spark, aggregation_sql("csat", grain="survey", by=name), (name,))
    measured = measure(book.facts, "csat", by=name, level=None)
    assert len(measured) > 3
    assert {(label,): n for label, n in zip(measured[name], measured["n"], strict=True)} == {
        label: row["csat_n"] for label, row in found.items()
    }
