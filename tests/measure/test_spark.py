"""The definitions, word for word, on Spark SQL over the warehouse's own files: the same sums as `measure`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

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


@pytest.mark.parametrize("by", [(), ("channel", "team"), ("month",)], ids=["all", "channel × team", "month"])
@pytest.mark.parametrize("grain", ["contact", "survey", "review", "complaint"])
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


@pytest.mark.parametrize("key", [key for key, row in INDICATORS.items() if row.fallback])
def test_what_stands_in_for_a_missing_question_runs_there_too(spark: Any, book: Workbook, key: str) -> None:
    row = INDICATORS[key].fallback
    assert row is not None
    table = FACTS[row.grain].table
    made = spark.sql(f"SELECT SUM({row.numerator}) AS a, SUM({row.denominator}) AS b FROM {table}").collect()[0]
    facts = book.facts.relation(row.grain).to_arrow_table().drop(["csat"])
    measured = measure({row.grain: facts}, key, level=None).iloc[0]
    assert_allclose([made["a"], made["b"]], [measured["numerator"], measured["denominator"]])


@pytest.mark.parametrize("name", ["quarter", "month", "week", "weekday"])
def test_groups_in_time_have_the_same_names_there(spark: Any, book: Workbook, name: str) -> None:
    found = rows_of(spark, aggregation_sql("csat", grain="survey", by=name), (name,))
    measured = measure(book.facts, "csat", by=name, level=None)
    assert len(measured) > 3
    assert {(label,): n for label, n in zip(measured[name], measured["n"], strict=True)} == {
        label: row["csat_n"] for label, row in found.items()
    }
