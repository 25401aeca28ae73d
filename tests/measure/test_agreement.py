"""Reviews: enough of them, and by people who agree."""

from __future__ import annotations

import math
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from csm_lib.errors import UsageError
from csm_lib.measure.agreement import (
    agreement,
    ratings_of,
    review_plan,
    review_plan_summary,
    review_precision,
    review_precision_by_stratum,
)


@pytest.mark.needs("realdata")
def test_the_published_kappas_of_six_raters(realdata: Path) -> None:
    # Fleiss (1971), Psychol. Bull. 76:378, with Cohen's kappas of its first three raters as R's irr gives them
    ratings = pd.read_csv(realdata / "raters" / "diagnoses.csv")
    first = agreement(ratings.iloc[:, :3])
    np.testing.assert_allclose(first["value"][:3], [0.651, 0.384, 0.631], atol=5e-4)
    everyone = agreement(ratings).iloc[-1]
    assert everyone["value"] == pytest.approx(0.430, abs=5e-4)
    assert everyone["low"] < 0.430 < everyone["high"]
    assert everyone["n"] == 30


def test_cohens_kappa_as_worked_by_hand() -> None:
    seen = pd.DataFrame({"a": [1] * 20 + [1] * 5 + [0] * 10 + [0] * 15, "b": [1] * 20 + [0] * 5 + [1] * 10 + [0] * 15})
    row = agreement(seen).iloc[0]
    # observed 35/50; by chance 0.5 × 0.6 + 0.5 × 0.4 = 0.5
    assert (row["n"], row["agreement"], row["value"]) == (50, 0.7, pytest.approx(0.4))
    assert row["low"] < 0.4 < row["high"]


def test_fleiss_kappa_as_worked_by_hand() -> None:
    seen = pd.DataFrame([("x", "x", "x"), ("x", "x", "y"), ("y", "y", "y"), ("y", "y", "x")], columns=list("abc"))
    row = agreement(seen).iloc[-1]
    # agreement (1 + 1/3 + 1 + 1/3) / 4 = 2/3; by chance 1/2
    assert row["agreement"] == pytest.approx(2 / 3) and row["value"] == pytest.approx(1 / 3)


def test_full_agreement_is_one_and_chance_is_nothing() -> None:
    rng = np.random.default_rng(3)
    truth = rng.random(400) < 0.5
    same = agreement(pd.DataFrame({"a": truth, "b": truth}))
    np.testing.assert_allclose(same["value"], 1.0)
    alone = agreement(pd.DataFrame({"a": truth, "b": rng.random(400) < 0.5}))
    assert (alone["low"] < 0).all() and (alone["high"] > 0).all()


def test_the_names_of_ratings_do_not_matter() -> None:
    rng = np.random.default_rng(4)
    codes = pd.DataFrame(rng.integers(0, 3, (60, 3)), columns=list("abc"))
    words = codes.map(lambda code: ["right", "wrong", "unclear"][code])
    pd.testing.assert_frame_equal(agreement(words), agreement(codes))


def test_where_only_one_rating_occurs_kappa_is_not_defined() -> None:
    found = agreement(pd.DataFrame({"a": [1, 1], "b": [1, 1]}))
    assert found["value"].isna().all() and (found["agreement"] == 1.0).all()
    assert "not defined" in found.loc[0, "method"]


def test_cases_some_did_not_see_are_left_out() -> None:
    seen = pd.DataFrame({"a": [1, 0, 1, 0], "b": [1, 0, 0, None], "c": [None, None, None, 1]}, dtype=object)
    found = agreement(seen).set_index("raters")
    assert found["n"].to_dict() == {"a, b": 3, "a, c": 1, "all": 4}


def test_one_rater_is_not_enough() -> None:
    with pytest.raises(UsageError) as told:
        agreement(pd.DataFrame({"a": [1, 0]}))
    assert str(told.value) == "ratings must have at least two raters, got 1. Let a second one review."


def test_reviews_are_laid_side_by_side() -> None:
    rows = [("c1", "r1", 1, True, False), ("c1", "r1", 2, False, False), ("c1", "r2", 3, True, False),
            ("c1", "r3", 4, True, True), ("c2", "r1", 1, True, False), ("c3", "r1", 1, None, False),
            ("c3", "r2", 1, True, False)]  # fmt: skip
    columns = ["contact_id", "reviewer_id", "hour", "is_accurate", "is_adjudicated"]
    seen = pd.DataFrame(rows, columns=columns)
    seen["reviewed_at"] = pd.Timestamp("2024-01-01T00:00Z") + pd.to_timedelta(seen["hour"], unit="h")
    found = ratings_of(seen)
    assert found.to_dict("index") == {"c1": {"r1": True, "r2": True}}


def test_the_plan_is_per_week_and_stratum() -> None:
    # 2024-01-07 is a Sunday, 2024-01-08 a Monday
    days = [date(2024, 1, 7)] * 11 + [date(2024, 1, 8)] * 5 + [date(2024, 1, 8)] * 4
    worked = pd.DataFrame(
        {"local_date": days, "channel": ["chat"] * 16 + ["phone"] * 4, "is_handled": [True] * 19 + [False]}
    )
    drawn = pd.DataFrame(
        {"week_on": [date(2024, 1, 1)] * 2 + [date(2024, 1, 8)] * 3, "stratum": ["chat"] * 4 + ["phone"],
         "is_counted": [True, True, True, False, True], "is_accurate": [True, False, True, True, None]}
    )  # fmt: skip
    found = review_plan(worked, drawn)
    assert found["week_on"].dt.strftime("%m-%d").tolist() == ["01-01", "01-08", "01-08"]
    assert found["stratum"].tolist() == ["chat", "chat", "phone"]
    assert found["n_eligible"].tolist() == [11, 5, 3]
    assert found["n_planned"].tolist() == [3, 1, 1]
    assert found["n_reviewed"].tolist() == [2, 1, 0]
    assert found["shortfall"].tolist() == [1, 0, 1]
    assert found.loc[0, "value"] == 0.5 and math.isnan(found.loc[2, "value"])


def reviewed(right: int, n: int) -> pd.DataFrame:
    return pd.DataFrame(
        {"review_id": [str(i) for i in range(n)], "is_counted": True, "is_accurate": [i < right for i in range(n)],
         "review_weight": 10.0}
    )  # fmt: skip


def test_how_many_reviews_a_precision_takes() -> None:
    # Cochran (1977), eq. 4.1–4.2: p = 0.5, ± 5 points at 95 %: 384.1 of an endless population, 370 of 10,000
    nothing = reviewed(0, 0)
    assert review_precision(nothing, n_eligible=10_000, margin=0.05).loc[0, "n_needed"] == 370
    assert review_precision(nothing, n_eligible=10**9, margin=0.05).loc[0, "n_needed"] == 385


def test_how_many_more_a_week_that_is() -> None:
    # 370 are needed, none is there, 13 weeks: 28.5 a week
    nothing = reviewed(0, 0)
    assert review_precision(nothing, n_eligible=10_000, margin=0.05, n_weeks=13).loc[0, "n_more_per_week"] == 29
    assert math.isnan(review_precision(nothing, n_eligible=10_000, margin=0.05).loc[0, "n_more_per_week"])


def test_more_reviews_buy_more_precision() -> None:
    few, many = (
        review_precision(reviewed(n * 9 // 10, n), n_eligible=n * 10, margin=0.05).iloc[0] for n in (100, 1000)
    )
    assert many["half_width"] < few["half_width"] / 2
    assert not few["is_enough"] and many["is_enough"]


def test_the_precision_of_each_stratum_is_that_of_its_own_reviews() -> None:
    # p = 0.9 of 100 reviews out of 1,000: the same call on that stratum alone; none were drawn of phone
    drawn = reviewed(90, 100).assign(stratum="chat")
    plan = pd.DataFrame(
        {"week_on": [1, 2, 1], "stratum": ["chat", "chat", "phone"], "n_eligible": [600, 400, 10_000]}
    )
    found = review_precision_by_stratum(drawn, plan, margin=0.05)
    alone = review_precision(drawn, n_eligible=1000, margin=0.05, n_weeks=2)
    assert found["stratum"].tolist() == ["all", "chat", "phone"]
    assert found["n_eligible"].tolist() == [11_000, 1000, 10_000]
    pd.testing.assert_frame_equal(found[found["stratum"] == "chat"][alone.columns].reset_index(drop=True), alone)
    # Cochran (1977), eq. 4.2: 370 of 10,000 where nothing is known, all in the one week
    assert found.loc[2, ["n", "n_needed", "n_more_per_week", "is_enough"]].tolist() == [0, 370, 370, False]


def test_without_a_source_of_reviews_nothing_is_short_of_plan() -> None:
    worked = pd.DataFrame({"local_date": [date(2024, 1, 8)], "channel": ["chat"], "is_handled": [True]})
    some = reviewed(1, 1).assign(stratum="chat", week_on=date(2024, 1, 8))
    nobody = some.iloc[:0]
    unsourced = review_plan(worked, nobody, is_sourced=False)
    for table in (
        unsourced, review_plan_summary(unsourced), unsourced[unsourced["shortfall"] > 0],
        review_precision_by_stratum(nobody, unsourced, margin=0.05),
    ):  # fmt: skip
        assert (len(table), table.attrs["reason"]) == (0, "no reviews")
    assert review_plan(worked, nobody)["shortfall"].tolist() == [1]  # there is a source, and it brought none
    assert review_plan(worked.iloc[:0], nobody).attrs["reason"] == "no handled contacts"
