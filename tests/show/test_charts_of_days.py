"""The calendar of sources and the bridge: what their words say, and what they do without data."""

from __future__ import annotations

import pandas as pd
import pytest

from csm_lib.show.charts_of_days import plot_days
from csm_lib.show.charts_of_steps import name_step, plot_bridge


def days(*found: tuple[str, str, int, float, str]) -> pd.DataFrame:
    table = pd.DataFrame(found, columns=["source", "day_on", "n", "ratio", "state"])
    return table.assign(day_on=pd.to_datetime(table["day_on"]))


BROKEN = days(
    ("contacts · phone", "2024-01-01", 0, float("nan"), "closed"),
    ("contacts · phone", "2024-01-02", 0, 0.0, "missing"),
    ("contacts · phone", "2024-01-03", 3, 0.3, "late"),
    ("surveys", "2024-01-02", 9, 0.9, "usual"),
    ("surveys", "2024-01-03", 0, 0.0, "missing"),
)


def test_the_words_of_a_calendar_say_what_lacks_and_where_most() -> None:
    assert plot_days(BROKEN, title="Came in").alt == (
        "Came in: of 4 days judged over 2 sources 2 are missing and 1 late, most of them of contacts · phone (2)."
    )
    assert plot_days(BROKEN, title="到达", language="zh").alt == (
        "到达：2个来源共判断4天，缺失2天，不完整1天；最多的是联络 · 电话（2天）。"
    )


def test_a_calm_calendar_names_the_thinnest_day() -> None:
    calm = days(("surveys", "2024-01-02", 9, 0.9, "usual"), ("surveys", "2024-01-03", 12, 1.2, "usual"))
    assert plot_days(calm, title="Came in").alt == (
        "Came in: none of 2 days judged over 1 sources is missing or late; the thinnest is 2 Jan 2024 of surveys, "
        "with 90.0% of what its weekday brings."
    )


@pytest.mark.parametrize("rows", [days(), BROKEN.iloc[:1]], ids=["no row", "closed only"])
def test_an_empty_calendar_says_so(rows: pd.DataFrame) -> None:
    assert plot_days(rows, title="Came in").alt == "Came in: nothing was measured."


def test_a_whole_year_can_be_drawn() -> None:
    dates = pd.date_range("2023-01-01", "2023-12-31").strftime("%Y-%m-%d")
    assert (
        plot_days(days(*(("orders", day, 5, 1.0, "usual") for day in dates)), title="A year").svg().startswith("<?xml")
    )


def steps(*found: tuple[str, str, float, float]) -> pd.DataFrame:
    table = pd.DataFrame(found, columns=["step", "detail", "change", "level"])
    return table.assign(source="vendor", key="answer_rate", unit="share")


NONE = float("nan")
BRIDGE = steps(
    ("official", "vendor", NONE, 0.91),
    ("population", "calls", NONE, 0.91),
    ("exclusions", "short_abandons", -0.06, 0.85),
    ("rest", "", 0.01, 0.86),
    ("ours", "", NONE, 0.86),
)


def test_the_words_of_a_bridge_say_both_ends_and_what_is_not_explained() -> None:
    assert plot_bridge(BRIDGE, title="Bridge").alt == (
        "Answer rate: the official 91.0% becomes our 86.0%; −6.0 points is explained by other rows counted, "
        "+1.0 points is not explained."
    )
    assert plot_bridge(BRIDGE, title="桥", language="zh").alt == (
        "接通率：官方数值91.0%，本报告86.0%；口径差异解释−6.0个百分点，未解释+1.0个百分点。"
    )


@pytest.mark.parametrize(
    "rows", [steps(), steps(("official", "v", NONE, 0.9), ("rest", "", NONE, NONE))], ids=["no figure", "not measured"]
)
def test_a_bridge_to_nowhere_says_so(rows: pd.DataFrame) -> None:
    assert plot_bridge(rows, title="Bridge").alt == "Bridge: nothing was measured."


def test_equal_figures_can_be_drawn() -> None:
    level = steps(("official", "v", NONE, 0.9), ("rest", "", 0.0, 0.9), ("ours", "", NONE, 0.9))
    assert "not explained" in plot_bridge(level, title="Bridge").alt


def test_steps_are_named_in_words() -> None:
    assert name_step("rest", "") == "Not explained"
    assert name_step("window", "all_hours", language="zh") == "时段：全部时段"
