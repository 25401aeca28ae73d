"""Staffing answers in sentences, and the pictures beside them."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from csm_lib.show.figures import plot_forecast, plot_need, plot_scenarios, plot_trends
from csm_lib.show.prose import Sentence
from csm_lib.show.staffing import (
    sentence_of_forecast_error,
    sentence_of_more_agents,
    sentence_of_need,
    sentence_of_roster,
    sentence_of_scenario,
)

NEED = pd.DataFrame(
    {"weekday": [1, 1], "local_time": ["16:30", "17:00"], "agents": [4.0, 3.0], "needed_patient": [4, 6],
     "needed_impatient": [4, 5], "shortfall_impatient": [0.0, 2.0]}
)  # fmt: skip
TRUST = pd.DataFrame(
    {"local_hour": [17, 18, 19], "n_offered": [300, 100, 500], "answer_rate_observed_share": [0.7, 0.9, 1.0]}
)
ADDED = pd.DataFrame(
    {"span": ["hour", "band", "all"], "local_hour": [17, 17, 0], "to_hour": [18, 19, 24],
     "answer_rate_share_before": 0.76, "answer_rate_share_after": 0.93, "mean_wait_offered_s_before": 22.0,
     "mean_wait_offered_s_after": 4.0, "fewer_abandoned": 68.0, "extra_agent_h": 270.0}
)  # fmt: skip
HOURS = {"staffed_h": 644.0, "needed_h": 600.0, "missing_h": 40.0}


def test_the_need_stands_alone_where_nobody_is_known_to_be_on_shift() -> None:
    said = sentence_of_need(NEED, no_staff="no shifts").text
    assert said == (
        "Most agents are needed on Mon 17:00: 5 (6 if nobody ever hung up). Not measured: who is on shift (no shifts)."
    )


def test_nobody_missing_is_said() -> None:
    said = sentence_of_need(NEED.assign(shortfall_impatient=0.0)).text
    assert said.endswith("In no interval of a typical week are too few on shift.")


def test_a_prediction_stands_beside_what_was_observed_in_the_same_hours() -> None:
    # observed by hand: (300 x 0.7 + 100 x 0.9) / 400 = 75 %
    said = sentence_of_more_agents(ADDED, n=3, trust=TRUST).text
    assert said == (
        "With 3 more agents from 17:00 to 19:00 the answer rate in these hours would go from 76.0% to 93.0% and the "
        "mean wait from 22.0 s to 4.0 s, both predicted; observed with today's staff: 75.0%. 68 fewer contacts would "
        "be lost in the period, for 270 agent hours more."
    )


def test_a_bot_is_compared_with_the_same_staff() -> None:
    compared = pd.DataFrame(
        {"scenario": ["as it is", "a bot for parcels"], "offered": [1000.0, 700.0], "answer_rate_share": [0.9, 0.97],
         "mean_wait_offered_s": [20.0, 8.0]}
    )  # fmt: skip
    said = sentence_of_scenario(compared, share=0.6).text
    assert said.startswith(
        "With a bot for parcels that takes 60.0% of it agents would be offered 700 contacts instead of"
    )
    bounded = compared.assign(answer_rate_low_share=[0.9, 0.965], answer_rate_high_share=[0.9, 0.975])
    for language, ending in (
        ("en", " By the model's own doubt the answer rate then lies between 96.5% and 97.5%."),
        ("zh", "按模型自身的不确定性，届时接通率介于96.5%与97.5%之间。"),
    ):
        both = [sentence_of_scenario(each, share=0.6, language=language).text for each in (compared, bounded)]
        assert both[1] == both[0] + ending


def test_more_agents_are_told_with_the_doubt_of_their_hours() -> None:
    bounds = pd.DataFrame({"answer_rate_low_share": [0.7, 0.9], "answer_rate_high_share": [0.8, 0.95]})
    plain, bounded = (sentence_of_more_agents(ADDED, n=3, trust=TRUST, bounds=each).text for each in (None, bounds))
    assert bounded == plain + " By the model's own doubt the answer rate then lies between 90.0% and 95.0%."
    assert sentence_of_more_agents(ADDED, n=3, trust=TRUST, bounds=bounds.iloc[:0]).text == plain


@pytest.mark.parametrize(
    ("attrs", "said"),
    [
        (
            {"cost": 30375.0},
            "The cheapest roster that meets the target in every interval takes 675 agent hours in a typical week, "
            "costing 30,375 CNY, where 644 are worked today.",
        ),
        (
            {"is_optimal": False, "uncovered_agent_h": 3.0},
            "The cheapest roster that meets the target in every interval takes 675 agent hours in a typical week, "
            "where 644 are worked today, though no proof was found that nothing is cheaper, with 3 agent hours of need "
            "that no shift on offer can cover.",
        ),
    ],
    ids=["proven and priced", "unproven and not covered"],
)
def test_the_roster_says_what_it_takes_and_what_it_leaves_open(attrs: dict[str, float], said: str) -> None:
    roster = pd.DataFrame({"pattern": ["08:00–17:00"]})
    roster.attrs.update({"agent_h": 675.0, "cost": 0.0, "is_optimal": True, "uncovered_agent_h": 0.0, **attrs})
    assert sentence_of_roster(roster, hours=HOURS, currency="CNY").text == said


@pytest.mark.parametrize(
    ("say", "asked"),
    [
        (sentence_of_need, "How many are needed"),
        (sentence_of_forecast_error, "How good forecasts are"),
        (lambda found: sentence_of_more_agents(found, n=3, trust=TRUST), "What more agents would do"),
        (lambda found: sentence_of_scenario(found, share=0.6), "What a bot would do"),
        (lambda found: sentence_of_roster(found, hours=HOURS), "The cheapest roster"),
    ],
    ids=["need", "forecast", "more agents", "bot", "roster"],
)
def test_every_answer_without_rows_says_what_was_asked_and_why(
    say: Callable[[pd.DataFrame], Sentence], asked: str
) -> None:
    nothing = pd.DataFrame()
    nothing.attrs["reason"] = "no shifts"
    assert say(nothing).text == f"{asked}: not measured, no shifts."


def test_the_need_is_drawn_alone_where_nobody_is_known_to_be_on_shift() -> None:
    drawn = plot_need(NEED.assign(agents=float("nan")), title="Need", interval="local_time", needed="needed_impatient",
                      on_shift="agents")  # fmt: skip
    assert drawn.alt == (
        "Need: of 2 intervals the need is highest at 17:00 with 5 agents; nobody is known to be on shift."
    )


def test_all_that_is_needed_and_on_shift_is_inside_the_picture() -> None:
    drawn = plot_need(NEED.assign(agents=[9.0, 9.0]), title="Need", interval="local_time", needed="needed_impatient",
                      on_shift="agents")  # fmt: skip
    low, high = drawn.canvas.axes[0].get_ylim()
    assert low == 0
    assert high > 9


def test_two_lines_that_are_no_before_and_after_are_called_by_their_names() -> None:
    pair = pd.DataFrame({"local_hour": [16, 17], "before": [0.9, 0.7], "after": [0.9, 0.8]})
    drawn = plot_scenarios(pair, title="Trust", unit="share", captions=("observed", "predicted"))
    assert drawn.alt == (
        "Trust: the largest difference is at 17 (observed 70.0%, predicted 80.0%); on average observed 80.0%, "
        "predicted 85.0%."
    )


HISTORY = pd.DataFrame(
    {"key": ["frt", "frt", "fcr", "fcr", "csat"], "period": ["2023Q4", "2024Q1"] * 2 + ["2024Q1"],
     "value": [34.0, 35.0, 0.79, 0.78, None], "low": [33.0, 34.0, 0.78, 0.77, None],
     "high": [35.0, 36.0, 0.8, 0.79, None], "unit": ["s", "s", "share", "share", "share"],
     "target": [30.0, 30.0, 0.85, 0.85, 0.9]}
)  # fmt: skip


def test_small_multiples_say_what_each_panel_shows_and_leave_out_the_unmeasured() -> None:
    drawn = plot_trends(HISTORY, title="Headline")
    assert drawn.alt.startswith("First response: from 34.0 s in 2023Q4 to 35.0 s in 2024Q1;")
    assert "First contact resolution: from 79.0% in 2023Q4 to 78.0% in 2024Q1;" in drawn.alt
    assert "Satisfaction" not in drawn.alt
    assert plot_trends(HISTORY, title="Headline").svg() == drawn.svg()
    assert plot_trends(HISTORY.head(0), title="Headline").alt == "Headline: nothing was measured."


def test_a_forecast_names_its_days_and_the_level_of_its_interval() -> None:
    frame = pd.DataFrame(
        {
            "day": ["Mon", "Mon", "Tue", "Tue"],
            "slot": ["Mon 08:00", "Mon 08:30", "Tue 08:00", "Tue 08:30"],
            "observed": [3.0, 4.0, None, None],
            "forecast": [None, None, 5.0, 6.0],
            "low": [None, None, 3.0, 4.0],
            "high": [None, None, 8.0, 9.0],
        }
    )
    drawn = plot_forecast(frame, title="Arrivals", at="slot", day="day", level=0.8)
    axes = drawn.canvas.axes[0]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["Mon", "Tue"]
    assert axes.get_xticks().tolist() == [0, 2]
    assert "80% interval" in axes.get_legend_handles_labels()[1]
    assert "the highest is 6 at Tue 08:30" in drawn.alt
