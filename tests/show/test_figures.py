from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from csm_lib.errors import SettingError
from csm_lib.show.figures import (
    Figure,
    plot_control,
    plot_forecast,
    plot_heatmap,
    plot_need,
    plot_pareto,
    plot_scenarios,
    plot_teams,
    plot_trend,
    plot_waterfall,
)

NAN = float("nan")
TREND = pd.DataFrame({"period": ["Q1", "Q2", "Q3"], "value": [0.80, 0.90, 0.70], "low": 0.6, "high": 0.95})
TEAMS = pd.DataFrame({"team": ["A", "B"], "value": [40.0, 20.0], "low": [30.0, 10.0], "high": [50.0, 30.0]})
CAUSES = pd.DataFrame({"cause": ["skills", "knowledge", "other", "none"], "n": [30, 50, 20, 0]})
POINTS = pd.DataFrame({"value": [1.0, 9.0], "centre": 2.0, "low": 0.0, "high": 5.0, "is_signal": [False, True]})
CALM = POINTS.assign(is_signal=False)
WEEK = pd.DataFrame({"weekday": [1, 5], "local_hour": [9, 17], "value": [10, 30]})
NEED = pd.DataFrame({"interval_start": ["09:00", "09:30"], "needed": [4, 6], "on_shift": [5, 3]})
COVERED = NEED.assign(on_shift=9)
HOURS = pd.DataFrame({"local_hour": [17, 18], "before": [0.75, 0.85], "after": [0.92, 0.95]})
PARTS = pd.DataFrame({"segment": ["phone", "chat"], "mix": [0.01, 0.0], "rate": [0.0, -0.03], "total": [0.01, -0.03]})
AHEAD = pd.DataFrame(
    {
        "date": pd.to_datetime(["2024-03-30", "2024-03-31", "2024-04-01"]),
        "observed": [100.0, 120.0, NAN],
        "forecast": [NAN, NAN, 130.0],
        "low": [NAN, NAN, 100.0],
        "high": [NAN, NAN, 160.0],
    }
)

CASES: list[Any] = [
    pytest.param(
        lambda f=TREND, **k: plot_trend(f, title="FCR", unit="share", target=0.85, **k),
        TREND,
        "FCR: from 80.0% in Q1 to 70.0% in Q3; highest 90.0% in Q2, lowest 70.0% in Q3. "
        "Target 85.0%: missed by 2 of 3.",
        id="trend",
    ),
    pytest.param(
        lambda f=TEAMS, **k: plot_teams(f, title="Wait", unit="s", target=30.0, better="lower", **k),
        TEAMS,
        "Wait: B is best with 20.0 s, A last with 40.0 s. Target 30.0 s: missed by 1 of 2.",
        id="teams",
    ),
    pytest.param(
        lambda f=CAUSES, **k: plot_pareto(f, title="Causes", **k),
        CAUSES,
        "Causes: knowledge comes first with 50.0% of 100; the first 2 make up at least 80%.",
        id="pareto",
    ),
    pytest.param(
        lambda f=POINTS, **k: plot_control(f, title="Weeks", unit="score", **k),
        POINTS,
        "Weeks: 1 of 2 points are signals, the latest at 1 with 9.00 (centre line 2.00).",
        id="control chart with a signal",
    ),
    pytest.param(
        lambda f=CALM, **k: plot_control(f, title="Weeks", unit="score", **k),
        POINTS,
        "Weeks: 2 points, none is a signal; the last is 9.00, the centre line 2.00.",
        id="control chart without a signal",
    ),
    pytest.param(
        lambda f=WEEK, **k: plot_heatmap(f, title="Offered", unit="n", **k),
        WEEK,
        "Offered: highest on Fri at 17:00 with 30, lowest on Mon at 9:00 with 10.",
        id="heatmap",
    ),
    pytest.param(
        lambda f=NEED, **k: plot_need(f, title="Need", **k),
        NEED,
        "Need: too few agents in 1 of 2 intervals, most at 09:30: 3 missing.",
        id="need above shift",
    ),
    pytest.param(
        lambda f=COVERED, **k: plot_need(f, title="Need", **k),
        NEED,
        "Need: the agents on shift cover the need in all 2 intervals.",
        id="need covered",
    ),
    pytest.param(
        lambda f=HOURS, **k: plot_scenarios(f, title="Answered", unit="share", **k),
        HOURS,
        "Answered: the largest change is at 17, from 75.0% to 92.0%; on average 80.0% becomes 93.5%.",
        id="scenarios",
    ),
    pytest.param(
        lambda f=PARTS, **k: plot_waterfall(f, title="Change", unit="share", **k),
        PARTS,
        "Change: −2.0 points in all, +1.0 points from the mix and −3.0 points from the rates; "
        "the largest part is chat with −3.0 points.",
        id="mix and rate",
    ),
    pytest.param(
        lambda f=AHEAD, **k: plot_forecast(f, title="Contacts", **k),
        AHEAD,
        "Contacts: the forecast from 1 Apr 2024 to 1 Apr 2024 averages 130, the highest is 130 at 1 Apr 2024; "
        "observed before: 110 on average.",
        id="forecast",
    ),
]


@pytest.mark.parametrize(("plot", "frame", "alt"), CASES)
def test_a_chart_states_its_finding(plot: Callable[..., Figure], frame: pd.DataFrame, alt: str) -> None:
    before = frame.copy(deep=True)
    assert plot().alt == alt
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize(("plot", "frame", "alt"), CASES)
def test_an_empty_table_gives_a_chart_that_says_so(plot: Callable[..., Figure], frame: pd.DataFrame, alt: str) -> None:
    empty = plot(f=frame.head(0), language="zh")
    assert empty.alt.endswith("：没有可用数据。")
    assert empty.svg().count("<path") > 3  # the Chinese words are there, as paths


def test_the_same_data_give_the_same_bytes() -> None:
    one, other = (plot_trend(TREND, title="首次响应 $x$ <b>", unit="share") for _ in range(2))
    assert one.svg() == other.svg()
    assert one.png() == other.png()
    assert "<text" not in one.svg()


def test_a_notebook_gets_a_bitmap_and_a_run_a_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    figure = plot_teams(TEAMS, title="Wait", unit="s")
    monkeypatch.delenv("CSM_RUN_DIR", raising=False)
    data, meta = figure._repr_mimebundle_()
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert meta == {"image/png": {"alt": figure.alt}}
    assert data["text/plain"] == f"Figure: {figure.alt}"
    monkeypatch.setenv("CSM_RUN_DIR", "somewhere")
    data, meta = figure._repr_mimebundle_()
    assert "</svg>" in data["image/svg+xml"] and meta == {"image/svg+xml": {"alt": figure.alt}}


def test_row_order_changes_nothing_where_a_chart_sorts() -> None:
    shuffled = CAUSES.sample(frac=1, random_state=np.random.default_rng(1))
    assert plot_pareto(shuffled, title="Causes").svg() == plot_pareto(CAUSES, title="Causes").svg()


def test_a_missing_column_is_refused() -> None:
    with pytest.raises(SettingError) as refused:
        plot_pareto(CAUSES.rename(columns={"n": "count"}), title="Causes")
    assert str(refused.value) == (
        "frame must have the columns it draws, got none named ['n'] (it has 'cause', 'count'). Name them."
    )


def test_a_cell_of_a_heatmap_given_twice_is_refused() -> None:
    with pytest.raises(SettingError) as refused:
        plot_heatmap(pd.concat([WEEK, WEEK]), title="Offered", unit="n")
    assert str(refused.value) == "heatmap must have one row per weekday and hour, got several. Aggregate them first."
