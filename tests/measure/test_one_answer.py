"""Laws of a rate: whatever holds the facts gives one answer, and the parts of a whole add up to it."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from pandas.testing import assert_frame_equal

from csm_lib.definitions import FACTS, INDICATORS
from csm_lib.engine import connect
from csm_lib.measure.indicators import measure
from csm_lib.measure.terms import Term

KEYS = list(INDICATORS)
GROUPS: dict[str, list[str | None]] = {"channel": ["phone", "chat", None], "team": ["north", "south"]}


def read_by(grain: str) -> dict[str, str]:
    """Columns that any indicator reads of a grain, or is clustered by, with their types."""
    terms = [term for row in INDICATORS.values() for term in Term.of(row) if term.grain == grain]
    texts = [text for term in terms for _, text in term.exclusions]
    named = {name for term in terms for name in (*term.columns, term.cluster)}
    return {name: kind for name, kind in FACTS[grain].columns.items() if name in named or name in " ".join(texts)}


def drawn(kind: str, rng: np.random.Generator, n: int) -> Any:
    """A column with gaps, plain Python values."""
    values: Iterable[Any] = {
        "BOOLEAN": lambda: (rng.random(n) < 0.7).tolist(),
        "DOUBLE": lambda: np.round(rng.gamma(2, 30, n), 2).tolist(),
        "INTEGER": lambda: rng.integers(1, 11, n).tolist(),
        "DATE": lambda: [datetime.date(2024, 1, 1) + datetime.timedelta(int(d)) for d in rng.integers(0, 91, n)],
        "VARCHAR": lambda: [["random", "yes", "no", "x"][i] for i in rng.integers(0, 4, n)],
    }.get(kind, lambda: [datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)] * n)()
    return [None if gap else value for value, gap in zip(values, rng.random(n) < 0.1, strict=True)]


def desk(seed: int, n: int) -> dict[str, pa.Table]:
    """Facts of every grain."""
    rng = np.random.default_rng(seed)
    made = {}
    for grain in FACTS:
        columns = {name: drawn(kind, rng, n) for name, kind in read_by(grain).items()}
        columns |= {name: [words[i] for i in rng.integers(0, len(words), n)] for name, words in GROUPS.items()}
        columns["local_date"] = [
            datetime.date(2024, 1, 1) + datetime.timedelta(int(day)) for day in rng.integers(0, 91, n)
        ]
        made[grain] = pa.table(columns)
    return made


def plain(table: pa.Table) -> pd.DataFrame:
    return table.to_pandas()


def shuffled(table: pa.Table) -> pd.DataFrame:
    return plain(table).sample(frac=1, random_state=7)


def as_relation(table: pa.Table) -> Any:
    return connect().from_arrow(table)


def as_objects(table: pa.Table) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(table[name].to_pylist(), dtype=object) for name in table.column_names})


def as_categories(table: pa.Table) -> pd.DataFrame:
    return plain(table).astype(dict.fromkeys(GROUPS, "category"))


def by_parquet(table: pa.Table) -> Any:
    connection = connect()
    connection.register("held", table)
    return connection.sql("SELECT * FROM held WHERE local_date >= DATE '2024-01-01'")


HOLDERS: dict[str, Callable[[pa.Table], Any]] = {
    "pandas": plain,
    "pandas, shuffled": shuffled,
    "pandas, index of words": lambda table: plain(table).set_axis([f"r{i % 3}" for i in range(len(table))]),
    "pandas, nullable types": lambda table: plain(table).convert_dtypes(),
    "pandas, objects": as_objects,
    "pandas, categories": as_categories,
    "Polars": pl.from_arrow,
    "Polars, lazy": lambda table: pl.DataFrame(pl.from_arrow(table)).lazy(),
    "Arrow, in pieces": lambda table: pa.concat_tables([table.slice(0, 5), table.slice(5)]),
    "relation": as_relation,
    "view": by_parquet,
}


@pytest.mark.parametrize("hold", HOLDERS.values(), ids=HOLDERS)
@given(seed=st.integers(0, 10**6), n=st.sampled_from([6, 60, 150]))
@settings(max_examples=1, deadline=None)
def test_every_indicator_is_the_same_whatever_holds_the_facts(
    hold: Callable[[pa.Table], Any], seed: int, n: int
) -> None:
    facts = desk(seed, n)
    for by in ((), ("month", "team")):
        measured = measure({grain: hold(table) for grain, table in facts.items()}, KEYS, by=by)
        assert_frame_equal(measured, measure(facts, KEYS, by=by), rtol=1e-9)


@pytest.mark.parametrize("by", ["month", "week", "weekday", "channel", "team", ("month", "channel", "team")])
@given(seed=st.integers(0, 10**6))
@settings(max_examples=2, deadline=None)
def test_a_quarter_is_the_ratio_of_the_sums_of_its_parts(by: str | tuple[str, ...], seed: int) -> None:
    facts = desk(seed, 120)
    whole = measure(facts, KEYS, by="quarter").set_index("key")
    parts = measure(facts, KEYS, by=by, level=None).groupby("key")[["numerator", "denominator"]].sum()
    assert list(whole["quarter"].unique()) == ["2024Q1"]
    for key in KEYS:
        a, b = parts.loc[key, "numerator"], parts.loc[key, "denominator"]
        assert_allclose([a, b], whole.loc[key, ["numerator", "denominator"]].to_numpy(float), rtol=1e-9)
        assert_allclose(a / b if b else np.nan, whole.loc[key, "value"], rtol=1e-9)


@given(seed=st.integers(0, 10**6))
@settings(max_examples=2, deadline=None)
def test_rows_left_out_add_up_too(seed: int) -> None:
    facts = desk(seed, 120)
    whole = measure(facts, KEYS).set_index("key")["excluded"]
    parts = measure(facts, KEYS, by=["month", "team"])
    for key, held in parts.groupby("key")["excluded"]:
        reasons = {reason for counts in held for reason in counts}
        assert {reason: sum(counts.get(reason, 0) for counts in held) for reason in reasons} == whole[key]
