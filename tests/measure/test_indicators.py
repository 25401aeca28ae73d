"""Measuring indicators: hand-worked values, one answer from every kind of frame, and the refusals in words."""

import datetime
import math

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from pandas.testing import assert_frame_equal

from csm_lib.definitions import INDICATORS
from csm_lib.engine import connect
from csm_lib.errors import SettingError
from csm_lib.measure.indicators import measure
from csm_lib.measure.inference import (
    ClusterSums,
    clustered_net,
    clustered_share,
    mean,
    nps,
    rate,
    rate_from_cluster_sums,
    share,
)

CONTACT_KEYS = [key for key, row in INDICATORS.items() if row.grain == "contact"]
RESULT = ["n", "numerator", "denominator", "value", "low", "high", "unit", "excluded", "method"]


def contacts(n=400, *, seed=5, days=50):
    """Contacts with gaps in every column that may have gaps."""
    rng = np.random.default_rng(seed)

    def flags(share_true, share_missing=0.05):
        drawn = pd.array(rng.random(n) < share_true, dtype="boolean")
        drawn[rng.random(n) < share_missing] = pd.NA
        return drawn

    def seconds(average):
        return np.where(rng.random(n) < 0.1, np.nan, np.round(rng.gamma(2, average / 2, n)))

    flagged = {name for key in CONTACT_KEYS for name in INDICATORS[key].columns if not name.endswith("_s")}
    columns = {name: flags(0.7) for name in sorted(flagged)}
    columns |= {name: seconds(60) for key in CONTACT_KEYS for name in INDICATORS[key].columns if name.endswith("_s")}
    dates = [datetime.date(2024, 1, 1) + datetime.timedelta(int(day)) for day in rng.integers(0, days, n)]
    return pd.DataFrame(
        {
            "contact_id": [f"k{row}" for row in range(n)],
            **columns,
            "local_date": dates,
            "month": [f"2024-{date.month:02d}" for date in dates],
            "customer_id": [None if row % 11 == 0 else f"c{row % 150}" for row in range(n)],
            "team": np.array(["north", "south", None], dtype=object)[rng.integers(0, 3, n)],
            "created_at": pd.Timestamp("2024-01-01", tz="Asia/Shanghai") + pd.to_timedelta(rng.integers(0, 9, n), "h"),
        }
    )


def same(measured, other):
    assert_frame_equal(measured, other, rtol=1e-12)


# --- hand-worked ----------------------------------------------------------------------------------------------------


def test_a_share_counts_its_population_and_says_what_it_left_out():
    facts = pd.DataFrame(
        {"is_offered": [True, True, True, False, None], "is_answered": [True, True, False, True, None]}
    )
    row = measure(facts, "answer_rate").iloc[0]
    assert (row["key"], row["n"], row["numerator"], row["denominator"], row["unit"]) == (
        "answer_rate",
        3,
        2,
        3,
        "share",
    )
    assert_allclose([row["value"], row["low"], row["high"]], [2 / 3, share(2, 3).low, share(2, 3).high])
    assert row["excluded"] == {"not_offered": 2}
    assert row["method"] == "Clopper–Pearson, conservative; rows taken as independent: no column 'local_date'"


def test_a_mean_leaves_gaps_out_and_counts_them():
    facts = pd.DataFrame({"is_handled": [True] * 5 + [False], "handle_s": [1, 2, 3, 4, np.nan, 9]})
    row = measure(facts, ["aht"]).iloc[0]
    assert (row["n"], row["value"], row["unit"]) == (4, 2.5, "s")
    assert_allclose([row["low"], row["high"]], [mean([1, 2, 3, 4]).low, mean([1, 2, 3, 4]).high])
    assert row["excluded"] == {"no_human_worked_on_it": 1, "handle_time_unknown": 1}


def test_rows_of_one_day_are_a_cluster():
    rng = np.random.default_rng(4)
    for days in (10, 60):  # below and above the small-sample limit
        dates = [datetime.date(2024, 1, 1) + datetime.timedelta(int(day)) for day in rng.integers(0, days, 500)]
        answered = rng.random(500) < 0.8
        row = measure(
            pd.DataFrame({"is_offered": True, "is_answered": answered, "local_date": dates}), "answer_rate"
        ).iloc[0]
        made = clustered_share(answered, clusters=np.array(dates))
        assert_allclose([row["value"], row["low"], row["high"]], [made.value, made.low, made.high])
        assert row["method"] == made.method.replace("by clusters", "by local_date")


def test_a_day_without_anyone_in_the_population_is_no_cluster():
    dates = [datetime.date(2024, 1, 1) + datetime.timedelta(day) for day in range(60)]
    facts = pd.DataFrame({"is_offered": [day < 12 for day in range(60)], "is_answered": True, "local_date": dates})
    assert measure(facts, "answer_rate").loc[0, "method"].startswith("clustered by local_date (12)")


def test_rows_of_one_customer_are_a_cluster_and_an_unknown_customer_is_one_alone():
    rng = np.random.default_rng(6)
    labels = [f"c{label}" if label else None for label in rng.integers(0, 30, 200)]
    resolved = rng.random(200) < 0.7
    row = measure(pd.DataFrame({"is_first_contact_resolved": resolved, "customer_id": labels}), "fcr").iloc[0]
    alone = [label or f"unknown {position}" for position, label in enumerate(labels)]
    made = clustered_share(resolved, clusters=np.array(alone))
    assert_allclose([row["low"], row["high"]], [made.low, made.high])


def test_means_cluster_too():
    rng = np.random.default_rng(8)
    labels, waits = rng.integers(0, 45, 300), rng.gamma(2, 20, 300)
    facts = pd.DataFrame({"is_offered": True, "wait_s": waits, "local_date": pd.Timestamp("2024-01-01")})
    facts["local_date"] = [datetime.date(2024, 1, 1) + datetime.timedelta(int(label)) for label in labels]
    row, made = measure(facts, "wait_offered").iloc[0], mean(waits, clusters=labels)
    assert_allclose([row["value"], row["low"], row["high"]], [made.value, made.low, made.high])


def test_few_days_have_a_value_and_no_interval():
    dates = [datetime.date(2024, 1, day) for day in (1, 2, 3)]
    row = measure(
        pd.DataFrame({"is_offered": True, "is_answered": [True, True, False], "local_date": dates}), "answer_rate"
    ).iloc[0]
    assert_allclose(row["value"], 2 / 3)
    assert math.isnan(row["low"])
    assert row["method"] == "clustered by local_date (3); no interval: fewer than 8 clusters"


def test_a_net_share_subtracts():
    facts = pd.DataFrame({"survey_id": range(5), "recommend": [10, 9, 7, 3, None]})
    row, made = measure(facts, "nps").iloc[0], nps(2, 1, 1)
    assert (row["n"], row["numerator"], row["unit"]) == (4, 1, "points")
    assert_allclose([row["value"], row["low"], row["high"]], [0.25, made.low, made.high])
    assert row["excluded"] == {"not_answered": 1}


@pytest.mark.needs("realdata")
def test_published_airport_satisfaction(realdata):
    # City of San Francisco 2017: 2,688 ratings, mean 4.06436, top two 82.068 %; NPS 39.84 from 1436, 968, 342
    survey = pd.read_csv(realdata / "sfo" / "2017_SFO_Customer_Survey.csv", encoding="latin-1", low_memory=False)
    survey.columns = survey.columns.str.strip()
    ratings = pd.to_numeric(survey["Q7ALL"], errors="coerce")
    scores = pd.to_numeric(survey["NETPRO"], errors="coerce")
    facts = pd.DataFrame({"csat": ratings.where(ratings.between(1, 5)), "recommend": scores.where(scores <= 10)})
    measured = measure(facts, ["csat", "csat_mean", "nps"]).set_index("key")
    assert measured.loc["csat", "n"] == 2688
    assert_allclose(measured["value"].to_numpy(), [0.82068, 4.06436, 0.3984], atol=5e-5)


def test_reviews_stand_for_the_contacts_they_were_drawn_from():
    # stratum a: 2 of 10 looked at in week 1, weight 5; stratum b: 4 of 8, weight 2
    facts = pd.DataFrame(
        {
            "review_id": range(8),
            "is_accurate": [True, False, True, True, True, False, True, True],
            "is_counted": [True] * 6 + [False, False],
            "review_weight": [5.0, 5, 2, 2, 2, 2, None, None],
            "stratum": ["a", "a", "b", "b", "b", "b", "a", "b"],
            "week_on": [datetime.date(2024, 1, 1)] * 8,
            "selection": ["random"] * 7 + ["targeted"],
        }
    )
    row = measure(facts, "accuracy").iloc[0]
    assert (row["n"], row["numerator"], row["denominator"]) == (6, 11, 18)
    assert_allclose(row["value"], 11 / 18)
    assert row["excluded"] == {"further_review_of_the_same_contact": 1, "not_randomly_selected": 1}
    assert "2 strata, finite population" in row["method"]
    assert 0 < row["low"] < row["value"] < row["high"] < 1
    loose = measure(facts.drop(columns=["stratum", "week_on"]), "accuracy").iloc[0]
    assert_allclose(loose["value"], 11 / 18)
    assert "weighted, linearised" in loose["method"]


def test_complaints_are_divided_by_the_contacts_handled_in_the_same_group():
    complaints = pd.DataFrame({"team": ["a", "a", "c", "a"], "is_counted": [True, True, True, False]})
    handled = pd.DataFrame({"team": ["a"] * 100 + ["b"] * 50, "is_handled": True})
    measured = measure({"complaint": complaints, "contact": handled}, "complaint_rate", by="team").set_index("team")
    made = rate(2, 100)
    assert_allclose(measured.loc["a", ["value", "low", "high"]].to_numpy(float), [0.02, made.low, made.high])
    assert measured.loc["a", "excluded"] == {"same_complaint_reported_again": 1}
    assert_allclose(measured.loc["b", ["numerator", "denominator", "value"]].to_numpy(float), [0, 50, 0])
    assert math.isnan(measured.loc["c", "value"]) and measured.loc["c", "n"] == 0
    assert measured.loc["c", "method"] == "not measured: no row in the population"


def test_complaints_are_clustered_by_the_customers_of_both_grains():
    # eight complaints of one customer are one bad story, not eight; two complaints have no customer
    complaints = pd.DataFrame({"customer_id": ["a"] * 8 + ["b", "gone", None, None], "is_counted": True})
    handled = pd.DataFrame({"customer_id": [*"aabbcdefghij", None, None], "is_handled": True})
    row = measure({"complaint": complaints, "contact": handled}, "complaint_rate").iloc[0]
    above = [8, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]  # a, b, gone, two without a label, c … j, two without
    below = [2, 2, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]
    made = rate_from_cluster_sums(ClusterSums.of(above, below, n=14), unit="customer_id")
    assert_allclose(row[["value", "low", "high"]].to_numpy(float), [12 / 14, made.low, made.high])
    assert row["n"] == 14
    assert row["method"] == "clustered by customer_id (15); Poisson, conservative, on the effective number of events"
    alone = measure({"complaint": complaints, "contact": handled.drop(columns="customer_id")}, "complaint_rate").iloc[0]
    assert alone["method"].endswith("conservative; rows taken as independent: no column 'customer_id'")
    assert row["high"] - row["low"] > alone["high"] - alone["low"]


def test_complaints_are_clustered_within_each_group():
    team = ["x"] * 20 + ["y"] * 20
    complaints = pd.DataFrame({"team": ["x", "x", "y"], "customer_id": ["0", "0", "25"], "is_counted": True})
    handled = pd.DataFrame({"team": team, "customer_id": [str(i) for i in range(40)], "is_handled": True})
    measured = measure({"complaint": complaints, "contact": handled}, "complaint_rate", by="team").set_index("team")
    for name, most in (("x", 2), ("y", 1)):
        made = rate_from_cluster_sums(ClusterSums.of([most] + [0] * 19, [1] * 20, n=20))
        assert_allclose(measured.loc[name, ["low", "high"]].to_numpy(float), [made.low, made.high])


def test_a_net_score_is_clustered_by_customer():
    scores = np.tile([9, 10, 3, 7, 9], 20).astype(float)
    customers = [str(i // 2) for i in range(100)]
    row = measure(pd.DataFrame({"recommend": scores, "customer_id": customers}), "nps").iloc[0]
    made = clustered_net(np.select([scores >= 9, scores <= 6], [1, -1], 0), clusters=customers)
    assert_allclose(row[["value", "low", "high"]].to_numpy(float), [made.value, made.low, made.high])
    assert row["method"] == "clustered by customer_id (50); adjusted Wald, on the effective n"


def test_sums_over_many_clusters_tell_what_the_clusters_themselves_tell():
    rng = np.random.default_rng(5)
    days = np.repeat([datetime.date(2024, 1, 1) + datetime.timedelta(days=i) for i in range(60)], 12)
    facts = pd.DataFrame(
        {
            "local_date": days,
            "is_offered": True,
            "is_answered": rng.random(720) < np.repeat(rng.beta(9, 1, 60), 12),
            "is_live": True,
            "first_response_s": rng.lognormal(3, 1.3, 720),
        }
    )
    measured = measure(facts, ["answer_rate", "frt"]).set_index("key")
    share_made = clustered_share(facts["is_answered"], clusters=days)
    answered = facts["is_answered"].to_numpy()
    assert_allclose(measured.loc["answer_rate", ["low", "high"]].to_numpy(float), [share_made.low, share_made.high])
    mean_made = mean(facts.loc[answered, "first_response_s"], clusters=days[answered])
    assert_allclose(measured.loc["frt", ["low", "high"]].to_numpy(float), [mean_made.low, mean_made.high], rtol=1e-6)


# --- one answer whatever is held ------------------------------------------------------------------------------------


def relation_of(facts):
    connection = connect()
    connection.register("held", pa.Table.from_pandas(facts, preserve_index=False))
    return connection.sql("SELECT * FROM held")


HOLDERS = {
    "polars": pl.from_pandas,
    "polars lazy": lambda facts: pl.from_pandas(facts).lazy(),
    "arrow": lambda facts: pa.Table.from_pandas(facts, preserve_index=False),
    "duckdb relation": relation_of,
    "pandas of objects": lambda facts: facts.astype({"is_offered": object, "is_answered": object, "team": object}),
    "pandas of arrow": lambda facts: facts.convert_dtypes(dtype_backend="pyarrow"),
    "pandas of categories": lambda facts: facts.astype({"team": "category"}),
    "reversed": lambda facts: facts.iloc[::-1],
    "odd index": lambda facts: facts.set_axis(["x"] * len(facts)),
}


@pytest.mark.parametrize("hold", HOLDERS.values(), ids=HOLDERS)
@pytest.mark.parametrize("by", [(), ("month", "team")], ids=["all", "two groups"])
def test_every_frame_gives_the_same_answer(hold, by):
    facts = contacts()
    same(measure(hold(facts), CONTACT_KEYS, by=by), measure(facts, CONTACT_KEYS, by=by))


def test_flags_stored_as_numbers_with_gaps_read_as_flags():
    facts = pd.DataFrame({"is_first_contact_resolved": pd.array([True, False, True, None], dtype="boolean")})
    same(measure(facts, "fcr"), measure(facts.astype("Float64").astype(float), "fcr"))


def test_a_gap_in_polars_may_be_null_or_nan():
    facts = pl.DataFrame({"is_offered": [True] * 4, "wait_s": [1.0, math.nan, None, 3.0]})
    row = measure(facts, "wait_offered").iloc[0]
    assert (row["n"], row["value"]) == (2, 2.0)


def test_inputs_stay_as_they_were():
    facts = contacts()
    kept = facts.copy(deep=True)
    measure(facts, CONTACT_KEYS, by="team")
    assert_frame_equal(facts, kept)


def test_only_named_columns_are_read():
    facts = pd.DataFrame({"is_first_contact_resolved": [True], "cost": [object()]})
    assert measure(facts, "fcr").loc[0, "value"] == 1


def test_zone_aware_instants_can_be_grouped_by():
    facts = contacts()
    measured = measure(facts, "fcr", by="created_at")
    assert measured["created_at"].is_monotonic_increasing
    assert measured["n"].sum() == measure(facts, "fcr").loc[0, "n"]


# --- laws -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["month", "team", "customer_id"])
def test_parts_add_up_to_the_whole(by):
    facts = contacts(seed=9)
    whole, parts = measure(facts, CONTACT_KEYS), measure(facts, CONTACT_KEYS, by=by)
    sums = parts.groupby("key", sort=False)[["n", "numerator", "denominator"]].sum()
    assert_allclose(sums["n"], whole["n"])
    assert_allclose(sums["numerator"] / sums["denominator"], whole["value"])


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from([True, False, None])), max_size=40))
@settings(max_examples=15, deadline=None)
def test_a_share_is_what_counting_by_hand_gives(rows):
    facts = pd.DataFrame(rows, columns=["team", "is_first_contact_resolved"]).astype({"team": object})
    measured = measure(facts, "fcr", by="team").set_index("team")
    for team in {team for team, _ in rows}:
        known = [flag for label, flag in rows if label == team and flag is not None]
        assert measured.loc[team, "n"] == len(known)
        assert_allclose(measured.loc[team, "value"], sum(known) / len(known) if known else math.nan)


def test_groups_come_in_order_and_the_missing_one_last():
    measured = measure(contacts(), ["frt", "answer_rate"], by="team")
    assert measured["key"].to_list() == ["frt"] * 3 + ["answer_rate"] * 3
    assert measured["team"].to_list()[:2] == ["north", "south"]
    assert measured["team"].isna().to_list() == [False, False, True] * 2


def test_an_indicator_measured_alone_is_the_same_as_among_others():
    facts = contacts()
    together = measure(facts, CONTACT_KEYS)
    for key in CONTACT_KEYS[::3]:
        same(measure(facts, key), together[together["key"] == key].reset_index(drop=True))


def test_without_intervals_the_values_are_the_same():
    facts = contacts()
    with_them, without = measure(facts, CONTACT_KEYS, by="team"), measure(facts, CONTACT_KEYS, by="team", level=None)
    columns = ["key", "team", "n", "numerator", "denominator", "value"]
    assert_frame_equal(without[columns], with_them[columns])
    assert without["low"].isna().all()
    assert without["excluded"].isna().all()
    ratio = measure({"complaint": pd.DataFrame({"is_counted": [True]}), "contact": facts}, "complaint_rate", level=None)
    assert_allclose(ratio["value"], 1 / facts["is_handled"].sum())
    assert ratio["low"].isna().all() and ratio["excluded"].isna().all()


def test_what_is_measured_and_what_is_left_out_never_exceed_the_rows():
    facts = contacts()
    for row in measure(facts, CONTACT_KEYS).itertuples():
        assert row.n + sum(row.excluded.values()) <= len(facts)
    offered = measure(facts, "answer_rate").iloc[0]
    assert offered["n"] + offered["excluded"]["not_offered"] == len(facts)


# --- edges ----------------------------------------------------------------------------------------------------------


def test_no_row_is_not_measured_and_never_zero():
    measured = measure(contacts().iloc[:0], CONTACT_KEYS)
    assert measured["value"].isna().all() and (measured["n"] == 0).all()
    assert (measured["method"] == "not measured: no row in the population").all()


def test_no_row_and_groups_give_an_empty_table_with_its_columns():
    measured = measure(contacts().iloc[:0], "fcr", by="team")
    assert list(measured.columns) == ["key", "team", *RESULT]
    assert len(measured) == 0


def test_one_row_has_a_value():
    measured = measure(contacts().iloc[:1].assign(is_first_contact_resolved=True), "fcr")
    assert measured.loc[0, "value"] == 1 and measured.loc[0, "n"] == 1


def test_all_abandoned_is_an_answer_rate_of_zero_and_no_first_response():
    facts = contacts(60).assign(is_offered=True, is_answered=False, is_abandoned=True, first_response_s=np.nan)
    measured = measure(facts, ["answer_rate", "abandon_rate", "frt"]).set_index("key")
    assert_allclose(measured["value"].to_numpy(), [0, 1, math.nan])
    assert measured.loc["frt", "n"] == 0
    assert measured.loc["frt", "excluded"] == {"not_answered": 60}


def test_a_column_without_any_value_is_outside_the_population():
    measured = measure(pd.DataFrame({"is_offered": [None, None], "is_answered": [None, None]}), "answer_rate")
    assert measured.loc[0, "n"] == 0


# --- how a column was stored ----------------------------------------------------------------------------------------


def test_fractional_ratings_are_not_rounded():
    # of 3.6, 3.6 and 4.0 one is 4 or more; mean 11.2 / 3
    measured = measure(pd.DataFrame({"csat": [3.6, 3.6, 4.0]}), ["csat", "csat_mean"])
    assert_allclose(measured["value"], [1 / 3, 11.2 / 3])


def test_a_recommendation_between_two_steps_is_on_neither_side():
    # 9.5 recommends, 8.5 and 6.5 do neither, 6 advises against
    measured = measure(pd.DataFrame({"recommend": [9.5, 8.5, 6.5, 6.0, 6.0]}), "nps")
    assert_allclose(measured["numerator"], -1)
    assert_allclose(measure(pd.DataFrame({"recommend": [8.5]}), "nps")["value"], 0)


@pytest.mark.parametrize(
    "stored",
    [
        pytest.param([3.6, 3.6, 4.0, None], id="floats"),
        pytest.param(["3.6", "3.6", "4", None], id="text"),
        pytest.param(pd.Categorical(["3.6", "3.6", "4", None]), id="categories"),
        pytest.param([3.6, 3.6, "4", None], id="numbers and text mixed"),
    ],
)
def test_ratings_may_be_stored_as_numbers_or_text(stored):
    measured = measure(pd.DataFrame({"csat": stored}), "csat_mean")
    assert_allclose(measured["value"], 11.2 / 3)
    assert measured.loc[0, "excluded"] == {"not_rated": 1}


# --- refusals -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        pytest.param(
            lambda: measure(contacts(), "first_call"),
            f"keys must name indicators, got 'first_call'. Choose from {', '.join(INDICATORS)}.",
            id="unknown key",
        ),
        pytest.param(
            lambda: measure(pd.DataFrame({"is_offered": [True]}), "answer_rate"),
            "facts must hold the columns of 'answer_rate' (grain contact), got a frame without ['is_answered']. "
            "Pass the contact facts.",
            id="missing column",
        ),
        pytest.param(
            lambda: measure(contacts().assign(csat=5), "csat"),
            "facts must have the grain 'survey' of 'csat', got a frame of grain 'contact' (it has the column "
            "'contact_id'). Pass {'survey': frame}.",
            id="wrong grain",
        ),
        pytest.param(
            lambda: measure({"contact": contacts()}, "csat"),
            "facts must hold the grain 'survey' of 'csat', got ['contact']. Pass {'survey': frame}.",
            id="missing grain",
        ),
        pytest.param(
            lambda: measure(pd.DataFrame({"is_counted": [True], "is_handled": [True]}), "complaint_rate"),
            "facts must be a mapping of grain to frame for 'complaint_rate', got one frame. Pass {grain: frame} with "
            "the grains that it divides.",
            id="one frame for two grains",
        ),
        pytest.param(
            lambda: measure(pd.DataFrame({"is_first_contact_resolved": [True], "team": ["a"]}), "fcr", by="squad"),
            "by must name columns of the contact facts, got ['squad'] (for 'fcr'). "
            "Choose from is_first_contact_resolved, team.",
            id="unknown group",
        ),
        pytest.param(
            lambda: measure(contacts(), "fcr", by="value"),
            "by must not name a column of the result, got ['value']. Rename it in the facts.",
            id="group named like a result",
        ),
        pytest.param(
            lambda: measure([1, 2], "fcr"),
            "facts must be a pandas, Polars or Arrow frame or a DuckDB relation, got list. "
            "Pass a frame, or a mapping of grain to frame.",
            id="no frame",
        ),
        pytest.param(
            lambda: measure(pd.DataFrame({"csat": ["5", "x", "x", None]}), ["csat_mean", "csat"]),
            "csat must hold finite numbers (read by 'csat_mean', 'csat'), got 'x' (2 of 4 rows). "
            "Correct the values, or empty them to leave those rows out.",
            id="text for a number",
        ),
        pytest.param(
            lambda: measure(pd.DataFrame({"csat": [5, "x"], "team": ["a", "b"]}), "csat", by="team", level=None),
            "csat must hold finite numbers (read by 'csat'), got 'x' (1 of 2 rows). "
            "Correct the values, or empty them to leave those rows out.",
            id="text among numbers",
        ),
        pytest.param(
            lambda: measure(pd.DataFrame({"csat": [5.0, math.inf, 4.0]}), "csat"),
            "csat must hold finite numbers (read by 'csat'), got inf (1 of 3 rows). "
            "Correct the values, or empty them to leave those rows out.",
            id="infinite number",
        ),
        pytest.param(
            lambda: measure(pl.DataFrame({"is_handled": [True], "handle_s": [-math.inf]}), "aht"),
            "handle_s must hold finite numbers (read by 'aht'), got -inf (1 of 1 rows). "
            "Correct the values, or empty them to leave those rows out.",
            id="infinite duration",
        ),
        pytest.param(
            lambda: measure(pd.DataFrame({"csat": ["inf"]}), "csat"),
            "csat must hold finite numbers (read by 'csat'), got 'inf' (1 of 1 rows). "
            "Correct the values, or empty them to leave those rows out.",
            id="infinity in words",
        ),
        pytest.param(
            lambda: measure(pd.DataFrame({"is_first_contact_resolved": ["true", "perhaps"]}), "fcr"),
            "is_first_contact_resolved must hold true or false (read by 'fcr'), got 'perhaps' (1 of 2 rows). "
            "Correct the values, or empty them to leave those rows out.",
            id="text for a flag",
        ),
        pytest.param(
            lambda: measure(contacts(), "fcr", level=95),
            "level must lie between 0 and 1, got 95. Use 0.95 for 95 %.",
            id="level in percent",
        ),
    ],
)
def test_wrong_calls_are_refused_in_words(call, message):
    with pytest.raises(SettingError) as refusal:
        call()
    assert str(refusal.value) == message


def test_a_grain_without_a_source_is_not_measured_and_never_zero() -> None:
    contacts = pd.DataFrame({"is_handled": [True, True, False]})
    measured = measure({"contact": contacts, "complaint": None, "survey": None}, ["complaint_rate", "csat"])
    assert measured["value"].isna().all()
    assert measured["method"].tolist() == ["not measured: no complaint data", "not measured: no survey data"]


ITEMS = pd.DataFrame(
    {
        "customer_id": ["c1", "c2", "c3", "c4"],
        "speed": [5, 4, 1, None],
        "accuracy_rating": [5, 3, 2, None],
        "attitude": [4, 4, None, None],
        "outcome": [5, 3, 3, None],
    }
)


@pytest.mark.parametrize("overall", [None, "empty"])
def test_satisfaction_without_an_overall_question_pools_the_four_items(overall: str | None) -> None:
    frame = ITEMS if overall is None else ITEMS.assign(csat=pd.Series([None] * 4, dtype="float64"))
    measured = measure(frame, ["csat", "csat_mean"]).set_index("key")
    assert measured.loc["csat", ["n", "numerator", "denominator"]].tolist() == [3, 6, 11]
    assert measured.loc["csat_mean", "value"] == pytest.approx(39 / 11)
    assert measured.loc["csat", "method"].endswith("from the four items pooled, no overall question")
    assert measured.loc["csat", "excluded"] == {"not_rated": 1}


def test_the_overall_question_wins_where_anybody_answered_it() -> None:
    measured = measure(ITEMS.assign(csat=[5, None, None, None]), "csat")
    assert measured[["n", "value"]].to_numpy().tolist() == [[1, 1.0]]
