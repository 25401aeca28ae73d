"""Composites: attainment by hand, an interval that covers, weights that turn the ranking."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from csm_lib.measure.scores import attainment, composites, dimension_swaps, indicator_scores, weight_swaps

HIGHER = {"fcr": "quality", "csat": "experience", "answer_rate": "efficiency"}


def card(**rows):
    """Scorecard rows: key = (value, low, high, target)."""
    return pd.DataFrame([{"key": key, "value": v, "low": lo, "high": hi, "target": aim, "n": 100,
                          "dimension": HIGHER.get(key, "efficiency"), "verdict": "too_close",
                          "better": "higher" if key in HIGHER else "lower"}
                         for key, (v, lo, hi, aim) in rows.items()])  # fmt: skip


# the classic scorecard: first response 35 s against 30 s, FCR 78 % against 85 %, CSAT 88 % against 90 %
CLASSIC = card(frt=(35, 34, 36, 30), fcr=(0.78, 0.77, 0.79, 0.85), csat=(0.88, 0.86, 0.9, 0.9))
WEIGHTS = {"efficiency": 0.2, "quality": 0.3, "experience": 0.5}


def test_attainment_as_worked_by_hand():
    found = attainment(CLASSIC, weights=WEIGHTS).set_index("dimension")
    parts = [30 / 35, 0.78 / 0.85, 0.88 / 0.9]
    assert_allclose(found.loc[list(WEIGHTS), "attainment"], parts)
    assert_allclose(found.loc["all", "attainment"], np.dot([0.2, 0.3, 0.5], parts))
    assert_allclose(found.loc[list(WEIGHTS), "points_lost"], [0.2 * 5 / 35, 0.3 * 7 / 85, 0.5 * 2 / 90])
    assert_allclose(found.loc["all", "points_lost"], found.loc[list(WEIGHTS), "points_lost"].sum())


def test_the_interval_adds_up_independent_distances():
    found = attainment(CLASSIC, weights=WEIGHTS).set_index("dimension").loc["all"]
    below = [0.2 * (30 / 35 - 30 / 36), 0.3 * 0.01 / 0.85, 0.5 * 0.02 / 0.9]
    above = [0.2 * (30 / 34 - 30 / 35), 0.3 * 0.01 / 0.85, 0.5 * 0.02 / 0.9]
    assert_allclose(found["attainment"] - found["low"], np.linalg.norm(below))
    assert_allclose(found["high"] - found["attainment"], np.linalg.norm(above))


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        pytest.param({"frt": (20, 19, 21, 30)}, 1.2, id="faster than the cap"),
        pytest.param({"frt": (0, 0, 0, 30)}, 1.2, id="no wait at all"),
        pytest.param({"frt": (28, 27, 29, 30)}, 30 / 28, id="above the target, below the cap"),
        pytest.param({"fcr": (1.0, 1.0, 1.0, 0.5)}, 1.2, id="twice the target"),
        pytest.param({"complaint_rate": (0.01, 0.0, 0.02, 0.0)}, 0.0, id="a target of none, missed"),
        pytest.param({"complaint_rate": (0.0, 0.0, 0.01, 0.0)}, 1.0, id="a target of none, met"),
    ],
)
def test_attainment_is_capped(row, expected):
    assert_allclose(indicator_scores(card(**row))["attainment"], [expected])


def test_the_interval_covers_at_its_level():
    rng, hits, runs = np.random.default_rng(7), 0, 300
    truth = 0.2 * 30 / 35 + 0.3 * 0.78 / 0.85 + 0.5 * 0.88 / 0.9
    for _ in range(runs):
        drawn = {"frt": rng.normal(35, 0.5), "fcr": rng.normal(0.78, 0.005), "csat": rng.normal(0.88, 0.01)}
        made = CLASSIC.assign(value=list(drawn.values()))
        half = np.array([0.5, 0.005, 0.01]) * 1.959964
        made = attainment(made.assign(low=made["value"] - half, high=made["value"] + half), weights=WEIGHTS).iloc[-1]
        hits += made["low"] <= truth <= made["high"]
    assert abs(hits / runs - 0.95) < 4 * math.sqrt(0.95 * 0.05 / runs)


def test_a_dimension_without_targets_gives_its_weight_to_the_others():
    found = attainment(card(fcr=(0.85, 0.8, 0.9, 0.85)), weights={"efficiency": 0.5, "quality": 0.5})
    found = found.set_index("dimension")["attainment"]
    assert math.isnan(found["efficiency"]) and found["all"] == 1.0


def test_without_weights_no_whole_is_made_up():
    found = attainment(CLASSIC, weights={})
    assert found[["dimension", "weight", "n_indicators"]].to_numpy().tolist() == [["all", 0.0, 3]]
    assert found[["attainment", "low", "points_lost"]].isna().all(axis=None)


def test_nothing_judged_attains_nothing_known():
    found = attainment(CLASSIC.assign(target=math.nan), weights={"quality": 1.0})
    assert found["attainment"].isna().all()
    assert len(dimension_swaps(found)) == 0
    assert len(composites({}, weights=WEIGHTS)) == 0
    assert len(weight_swaps(composites({}, weights=WEIGHTS))) == 0


SHARES = st.floats(0.3, 1.0)


@settings(max_examples=20, deadline=None)
@given(st.tuples(*[SHARES] * 3), st.tuples(*[SHARES] * 3), st.tuples(*[st.floats(0.1, 1.0)] * 3))
def test_at_the_swap_the_two_are_level(first, second, raw):
    weights = dict(zip(("efficiency", "quality", "experience"), [w / sum(raw) for w in raw], strict=True))
    cards = {
        name: card(answer_rate=(a, a, a, 1), fcr=(b, b, b, 1), csat=(c, c, c, 1))
        for name, (a, b, c) in {"A": first, "B": second}.items()
    }
    for row in weight_swaps(composites(cards, weights=weights)).dropna(subset=["swap_at"]).itertuples():
        scale = (1 - row.swap_at) / (1 - row.weight)
        turned = {name: row.swap_at if name == row.dimension else w * scale for name, w in weights.items()}
        level = composites(cards, weights=turned)["value"]
        assert_allclose(level.iloc[0], level.iloc[1], atol=1e-9)


def test_ranking_and_its_swap_by_hand():
    # A 0.9 and 0.8, B 0.8 and 1.0; quality w: 0.8 + 0.1 w against 1.0 − 0.2 w: level at 2/3
    cards = {
        "A": card(fcr=(0.9, 0.9, 0.9, 1), csat=(0.8, 0.8, 0.8, 1)),
        "B": card(fcr=(0.8, 0.8, 0.8, 1), csat=(1, 1, 1, 1)),
    }
    made = composites(cards, weights={"quality": 0.75, "experience": 0.25, "efficiency": 0.0})
    assert made["group"].tolist() == ["A", "B"]
    assert made.attrs["left_out"] == ["efficiency"]
    assert_allclose(weight_swaps(made).set_index("dimension")["swap_at"], [2 / 3, 1 / 3])


def test_the_dimension_that_costs_most_and_when_another_would():
    table = attainment(CLASSIC, weights=WEIGHTS)
    swaps = dimension_swaps(table).set_index("dimension")  # efficiency costs 2.86 points, quality 2.47
    assert swaps["first"].unique().tolist() == ["efficiency"]
    at = swaps.loc["quality", "swap_at"]
    turned = {"quality": at, "efficiency": 0.2 * (1 - at) / 0.7, "experience": 0.5 * (1 - at) / 0.7}
    lost = attainment(CLASSIC, weights=turned).set_index("dimension")["points_lost"]
    assert_allclose(lost["quality"], lost["efficiency"])
