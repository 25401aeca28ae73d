"""Gaps: the classic scorecard, both judgements, and comparisons that allow for their number."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.multitest import multipletests

from csm_lib.errors import ContractError, UsageError
from csm_lib.measure.changes import signals
from csm_lib.measure.gaps import group_changes, history, scorecard, team_gaps


def measured(**values: tuple[float, float, float]) -> pd.DataFrame:
    """One row per key from (value, half width, n)."""
    units = {"frt": "s", "aht": "s", "nps": "points"}
    return pd.DataFrame(
        [
            {"key": key, "n": n, "denominator": n, "value": value, "low": value - half, "high": value + half,
             "unit": units.get(key, "share"), "method": "given"}
            for key, (value, half, n) in values.items()
        ]
    )  # fmt: skip


CLASSIC = measured(
    frt=(35.0, 1.0, 9000), fcr=(0.78, 0.01, 8000), csat=(0.88, 0.012, 3000), complaint_rate=(0.012, 0.0015, 20000)
)
TARGETS = {"frt": 30.0, "fcr": 0.85, "csat": 0.9, "complaint_rate": 0.01}


def test_the_classic_scorecard_is_missed_four_times() -> None:
    card = scorecard(CLASSIC, targets=TARGETS)
    assert card["verdict"].tolist() == ["missed"] * 4
    # satisfaction is an estimate from a sample: it has no plain met or not met
    assert card["is_met"].tolist() == [False, False, None, False]
    np.testing.assert_allclose(card["gap"], [5.0, -0.07, -0.02, 0.002])
    assert (card["probability"] < 0.025).all()
    assert card["dimension"].tolist() == ["efficiency", "quality", "experience", "experience"]


@pytest.mark.parametrize(
    ("value", "half", "target", "verdict", "is_met"),
    [
        pytest.param(0.80, 0.01, 0.85, "missed", False, id="surely below"),
        pytest.param(0.90, 0.01, 0.85, "met", True, id="surely above"),
        pytest.param(0.845, 0.01, 0.85, "too_close", False, id="a fact of the period, not of the process"),
        pytest.param(0.855, 0.01, 0.85, "too_close", True, id="met by luck perhaps"),
        pytest.param(0.85, 0.01, 0.85, "too_close", True, id="exactly on target"),
        pytest.param(0.86, 0.01, 0.85, "met", True, id="target on the bound"),
        pytest.param(0.80, 0.01, None, "no_target", None, id="no target"),
        pytest.param(math.nan, math.nan, 0.85, "not_measured", None, id="not measured"),
        pytest.param(0.80, math.nan, 0.85, "too_close", False, id="no interval"),
    ],
)
def test_two_judgements_never_mixed(
    value: float, half: float, target: float | None, verdict: str, is_met: bool | None
) -> None:
    row = scorecard(measured(fcr=(value, half, 100)), targets={"fcr": target} if target else {}).iloc[0]
    assert (row["verdict"], row["is_met"]) == (verdict, is_met)


def test_targets_may_be_a_frame() -> None:
    aims = pd.DataFrame({"key": ["fcr", "frt"], "target": [0.85, math.nan]})
    card = scorecard(CLASSIC, targets=aims)
    assert card["verdict"].tolist() == ["no_target", "missed", "no_target", "no_target"]


def test_changes_are_judged_together() -> None:
    keys = ["fcr", "resolution_rate", "answer_rate", "service_level", "escalation_rate"]
    # one change of 2.1 standard errors among four of nothing: news alone, not among five
    now = measured(**dict.fromkeys(keys, (0.8, 0.0196, 1000)))
    shift = 2.1 * 0.01 * math.sqrt(2)
    then = measured(**{key: (0.8 - (shift if key == "fcr" else 0), 0.0196, 1000) for key in keys})
    assert scorecard(now.head(1), targets={}, previous=then).loc[0, "is_signal"] is True
    card = scorecard(now, targets={}, previous=then)
    assert card.loc[0, "is_signal"] is False
    assert card.loc[0, "change"] == pytest.approx(shift)
    assert card.loc[0, "change_low"] == pytest.approx(shift - 0.0196 * math.sqrt(2))


def test_without_history_nothing_is_compared() -> None:
    row = scorecard(measured(fcr=(0.8, 0.01, 10)), targets={}, previous=measured(frt=(1.0, 1.0, 1))).iloc[0]
    assert math.isnan(row["change"]) and row["is_signal"] is None and math.isnan(row["year_before"])


def test_the_year_before_has_its_own_change() -> None:
    card = scorecard(CLASSIC, targets={}, year_before=measured(frt=(40.0, 1.0, 9000)))
    assert card.loc[0, "year_change"] == -5.0
    assert card.loc[0, "year_change_high"] == pytest.approx(-5 + math.sqrt(2))


def test_the_latest_benchmark_counts_and_names_its_source() -> None:
    marks = pd.DataFrame(
        {
            "indicator": ["frt", "frt"],
            "value": [60.0, 50.0],
            "unit": ["s", None],
            "source": ["survey 2023", "survey 2021"],
            "population": "retail",
            "as_of": [date(2023, 6, 30), date(2021, 6, 30)],
        }
    )
    row = scorecard(CLASSIC, targets={}, benchmarks=marks).iloc[0]
    assert (row["benchmark"], row["benchmark_gap"], row["benchmark_source"]) == (60.0, -25.0, "survey 2023")
    assert row["benchmark_as_of"] == date(2023, 6, 30)


def test_a_benchmark_in_another_unit_is_refused() -> None:
    marks = pd.DataFrame({"indicator": ["frt"], "value": [1.0], "unit": ["min"], "as_of": [None]})
    with pytest.raises(ContractError) as told:
        scorecard(CLASSIC, targets={}, benchmarks=marks)
    assert str(told.value) == "benchmark of 'frt' must be in 's', got 'min'. Convert it in data/tables."


def test_an_open_window_makes_a_figure_provisional() -> None:
    card = scorecard(CLASSIC, targets=TARGETS, final_on={"fcr": date(2024, 4, 8)})
    assert card["is_provisional"].tolist() == [False, True, False, False]
    assert card.loc[1, "final_on"] == date(2024, 4, 8)


def test_one_row_per_key() -> None:
    with pytest.raises(UsageError) as told:
        scorecard(pd.concat([CLASSIC, CLASSIC]), targets={})
    assert str(told.value) == "current must have one row per key, got 'frt' more than once. Measure it without `by`."


def test_inputs_stay_as_they_were() -> None:
    held = CLASSIC.copy()
    scorecard(CLASSIC, targets=TARGETS, previous=CLASSIC)
    pd.testing.assert_frame_equal(CLASSIC, held)


def teams(*values: tuple[str | None, float, float, int]) -> pd.DataFrame:
    rows = [("fcr", team, n, float(n), value, value - half, value + half, "share") for team, value, half, n in values]
    return pd.DataFrame(rows, columns=["key", "team", "n", "denominator", "value", "low", "high", "unit"])


def test_a_team_is_compared_with_all_the_others() -> None:
    found = team_gaps(teams(("A", 0.9, 0.02, 900), ("B", 0.7, 0.03, 600), ("C", 0.8, 0.04, 300)), by="team")
    assert found.loc[0, "rest"] == pytest.approx((0.7 * 600 + 0.8 * 300) / 900)
    assert found.loc[0, "difference"] == pytest.approx(0.9 - 660 / 900)
    rest_half = math.hypot(0.03 * 2 / 3, 0.04 / 3)
    assert found.loc[0, "difference_low"] == pytest.approx(0.9 - 660 / 900 - math.hypot(0.02, rest_half))
    assert found["is_signal"].tolist() == [True, True, False]


def test_of_many_equal_teams_none_is_news() -> None:
    rng = np.random.default_rng(7)
    alarms = 0
    for _ in range(200):
        values = rng.normal(0.8, 0.02, 12)
        found = team_gaps(teams(*((f"T{i}", value, 0.02 * 1.96, 400) for i, value in enumerate(values))), by="team")
        alarms += bool(found["is_signal"].any())
    assert alarms <= 20  # 10 expected at a false-discovery rate of 5 %; more than 20 has probability 0.001


def test_one_team_alone_has_nothing_to_be_compared_with() -> None:
    found = team_gaps(teams(("A", 0.9, 0.02, 900)), by=["team"], targets={"fcr": 0.85})
    assert found.loc[0, "is_signal"] is None and found.loc[0, "verdict"] == "met"


def test_a_team_is_compared_with_itself_before() -> None:
    now = teams(("A", 0.9, 0.02, 900), ("B", 0.7, 0.03, 600), ("new", 0.8, 0.04, 300))
    found = group_changes(now, teams(("B", 0.71, 0.04, 500), ("A", 0.8, 0.03, 700), ("gone", 0.5, 0.1, 50)), by="team")
    assert found["team"].tolist() == ["A", "B", "new"]
    assert found.loc[0, "change"] == pytest.approx(0.1)
    assert found.loc[0, "change_low"] == pytest.approx(0.1 - math.hypot(0.02, 0.03))
    assert found["is_signal"].tolist() == [True, False, None]
    assert math.isnan(found.loc[2, "previous"])


def test_teams_that_did_not_change_are_rarely_news() -> None:
    rng = np.random.default_rng(11)
    alarms = 0
    for _ in range(200):
        drawn = rng.normal(0.8, 0.02, (2, 12))
        now, before = (teams(*((f"T{i}", value, 0.0392, 400) for i, value in enumerate(side))) for side in drawn)
        alarms += bool(group_changes(now, before, by="team")["is_signal"].any())
    assert alarms <= 20  # 10 expected at a false-discovery rate of 5 %; more than 20 has probability 0.001


def test_without_an_earlier_period_no_team_changed() -> None:
    found = group_changes(teams(("A", 0.9, 0.02, 900)), None, by="team")
    assert found.empty and found.attrs["reason"] == "there is no earlier period to compare with"
    assert group_changes(teams().iloc[:0], teams(("A", 0.9, 0.02, 900)), by=["team"]).empty


# Benjamini and Hochberg (1995), section 3.2: fifteen comparisons of two treatments after a heart attack
HEART_ATTACK_P = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0,
]  # fmt: skip


def test_the_first_four_of_the_published_fifteen_are_signals() -> None:
    adjusted, is_signal = signals(pd.Series(HEART_ATTACK_P))
    assert is_signal.tolist() == [True] * 4 + [False] * 11  # as the paper finds; Bonferroni finds three
    # p.adjust(p, "BH") of R by hand: p₄ × 15/4, p₅ × 15/5
    np.testing.assert_allclose(adjusted[:5], [0.0015, 0.003, 0.0095, 0.035625, 0.0603], rtol=1e-12)
    found = multipletests(HEART_ATTACK_P, method="fdr_bh")[1]
    np.testing.assert_allclose(adjusted, found, rtol=1e-12)


def test_history_lines_up_periods_and_their_targets() -> None:
    found = history({"2023Q4": CLASSIC, "2024Q1": CLASSIC}, targets={"2024Q1": TARGETS})
    assert found["key"].tolist()[:3] == ["frt", "frt", "fcr"]
    assert found["period"].tolist()[:2] == ["2023Q4", "2024Q1"]
    assert math.isnan(found.loc[0, "target"]) and found.loc[1, "target"] == 30.0
