"""Funnel, ranking, drift, backlog, phases, the course in the scorecard: what they say, in both languages."""

import math

import pandas as pd
import pytest

from csm_lib.errors import SettingError
from csm_lib.show.figures import plot_backlog, plot_control, plot_drift, plot_funnel, plot_ranking
from csm_lib.show.format import sparkline
from csm_lib.show.tables import scorecard_table, table

CONE = pd.DataFrame(
    {"team": ["A", "B"], "size": [100.0, 400.0], "value": [0.8, 0.6], "reference": 0.7, "is_outside": [False, True]}
)
LINE = pd.DataFrame(
    {"size": [90.0, 440.0], "reference": 0.7, "low": 0.65, "high": 0.75, "low_far": 0.62, "high_far": 0.82}
)
RANKED = pd.DataFrame(
    {"team": ["A", "B"], "value": [0.78, 0.64], "low": [0.7, 0.6], "high": [0.8, 0.7], "raw": [0.8, 0.6]}
)
DRIFT = pd.DataFrame(
    {
        "local_date": pd.to_datetime(["2024-01-01", "2024-01-08"]),
        "value": [0.7, 0.9],
        "smoothed": [0.7, 0.75],
        "centre": 0.7,
        "low": 0.66,
        "high": 0.74,
        "is_signal": [False, True],
    }
)
PILE = pd.DataFrame(
    {
        "at": pd.to_datetime(["2024-01-07", "2024-01-14"]).tz_localize("Asia/Shanghai"),
        "n_open": [3, 5],
        "n_below_24h": [3, 1],
        "n_below_72h": [0, 2],
        "n_from_72h": [0, 2],
    }
)


@pytest.mark.parametrize(
    ("figure", "alt"),
    [
        pytest.param(
            lambda language: plot_funnel(CONE, line=LINE, title="FCR", unit="share", language=language),
            (
                "FCR: 1 of 2 groups lie outside the 99.8% limits around 70.0%: B.",
                "FCR：2个组中有1个超出99.8%界限（中心70.0%）：B。",
            ),
            id="funnel",
        ),
        pytest.param(
            lambda language: plot_funnel(CONE.iloc[:1], line=LINE, title="FCR", unit="share", language=language),
            (
                "FCR: all 1 groups lie within the 99.8% limits around 70.0%.",
                "FCR：全部1个组均在99.8%界限内（中心70.0%）。",
            ),
            id="calm funnel",
        ),
        pytest.param(
            lambda language: plot_ranking(RANKED, title="FCR", unit="share", language=language),
            (
                "FCR: A ranks first with 78.0% after shrinking (80.0% as measured), B last with 64.0% (60.0%).",
                "FCR：收缩后A居首，为78.0%（实测80.0%）；B居末，为64.0%（实测60.0%）。",
            ),
            id="ranking",
        ),
        pytest.param(
            lambda language: plot_drift(DRIFT, title="FCR", unit="share", language=language),
            (
                "FCR: the weighted mean leaves its limits at 1 of 2 points, first at 8 Jan 2024 with 75.0% "
                "(centre line 70.0%).",
                "FCR：加权均值在2个点中有1个超出界限，首次在2024年1月8日，为75.0%（中心线70.0%）。",
            ),
            id="drift",
        ),
        pytest.param(
            lambda language: plot_backlog(PILE, title="Open", language=language),
            (
                "Open: 5 open at the last look, 3 at the first; most 5 at 14 Jan 2024.",
                "未结：最近一次5件未结，最初3件；最多为2024年1月14日的5件。",
            ),
            id="backlog",
        ),
        pytest.param(
            lambda language: plot_backlog(PILE.iloc[:0], title="Open", language=language),
            ("Open: nothing was measured.", "未结：没有可用数据。"),
            id="empty backlog",
        ),
        pytest.param(
            lambda language: plot_funnel(CONE.iloc[:0], line=LINE.iloc[:0], title="F", unit="share", language=language),
            ("F: nothing was measured.", "F：没有可用数据。"),
            id="empty funnel",
        ),
        pytest.param(
            lambda language: plot_ranking(RANKED.iloc[:0], title="R", unit="share", language=language),
            ("R: nothing was measured.", "R：没有可用数据。"),
            id="empty ranking",
        ),
        pytest.param(
            lambda language: plot_drift(DRIFT.iloc[:0], title="D", unit="share", language=language),
            ("D: nothing was measured.", "D：没有可用数据。"),
            id="empty drift",
        ),
    ],
)
def test_a_chart_states_its_finding_in_both_languages(figure, alt):
    assert (figure("en").alt, figure("zh").alt) == alt
    assert figure("zh").svg().startswith("<?xml")


def test_a_control_chart_says_where_its_limits_start_anew():
    points = pd.DataFrame(
        {
            "value": [0.7, 0.7, 0.9],
            "centre": [0.7, 0.7, 0.9],
            "low": 0.6,
            "high": 1.0,
            "is_signal": False,
            "phase": ["", "", "New routing"],
        }
    )
    assert plot_control(points, title="FCR", unit="share").alt.endswith(" Limits start anew at: New routing.")
    assert plot_control(points, title="FCR", unit="share", language="zh").alt.endswith(
        "以下变更后重新计算控制限：New routing。"
    )


def test_a_backlog_without_ages_is_refused():
    with pytest.raises(SettingError) as refusal:
        plot_backlog(PILE[["at", "n_open"]], title="Open")
    assert str(refusal.value) == "backlog must have a column per age group, got none. Pass what `backlog_trend` gives."


def test_a_quantile_that_was_not_reached_is_more_than_what_was_seen():
    rows = pd.DataFrame({"what": ["resolution"], "p90": [math.nan], "p90_beyond": [259200.0]})
    for language, words in (("en", "more than 3.0 days"), ("zh", "超过3.0天")):
        page = table(
            rows, name="t", title="t", columns={"what": "What", "p90": "90 %"}, units={"p90": "s"}, language=language
        )
        assert words in page.as_raw_html()


def test_the_scorecard_draws_the_course_of_each_indicator():
    card = pd.DataFrame(
        {
            "key": ["fcr"],
            "value": [0.8],
            "low": [0.7],
            "high": [0.9],
            "n": [9],
            "unit": ["share"],
            "target": [0.85],
            "is_met": [False],
            "verdict": ["too_close"],
        }
    )
    past = pd.DataFrame({"key": "fcr", "value": [0.7, math.nan, 0.8]})
    page = scorecard_table(card, title="t", past=past).as_raw_html()
    assert "▁ █" in page and "Course" in page
    assert "Course" not in scorecard_table(card, title="t").as_raw_html()


@pytest.mark.parametrize(
    ("values", "drawn"),
    [([1, 2, 3, 8], "▁▂▃█"), ([3.0, 3.0], "▄▄"), ([math.nan, 1, 2], " ▁█"), ([], "–"), ([math.nan, 4], "–")],
)
def test_a_course_is_drawn_from_lowest_to_highest(values, drawn):
    assert sparkline(values) == drawn
