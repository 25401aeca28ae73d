"""Charts of drivers, causes and the flow: they state their finding, fold nothing silently, and survive nothing."""

from __future__ import annotations

import pandas as pd
import pytest

from csm_lib.show.charts_of_flow import layers_of
from csm_lib.show.figures import plot_fishbone, plot_flow, plot_importance, plot_importance_performance


def drivers() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "driver": ["first_answer", "speed", "attitude"], "importance": [0.3, 0.2, 0.1], "low": [0.2, 0.1, 0.0],
            "high": [0.4, 0.3, 0.2], "share_of_explained": [0.5, 0.3, 0.2], "share_low": [0.4, 0.2, 0.1],
            "share_high": [0.6, 0.4, 0.3], "mean": [3.0, 4.2, 4.5], "mean_low": [2.9, 4.1, 4.4],
            "mean_high": [3.1, 4.3, 4.6],
        }
    )  # fmt: skip


def flow() -> pd.DataFrame:
    ways = [(None, "new", 100, None), ("new", "in_work", 90, 600.0), ("in_work", "done", 80, 7200.0),
            ("done", "in_work", 9, 60.0), ("done", None, 91, None)]  # fmt: skip
    table = pd.DataFrame(ways, columns=["source", "target", "n", "median_s"])
    table.attrs.update(n_folded_ways=3, n_folded=12, folded_share=0.06, n_folded_nodes=1, n_updates=40)
    return table


def whys() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "level": [0, 1, 2, 1], "category": ["process", "knowledge", "people", None],
            "statement": ["Too few helped", "Nothing is written", "Nobody was told", "Who knows"],
            "status": ["supported", "supported", "no evidence", "not supported"],
        }
    )  # fmt: skip


def test_importance_names_the_first_and_what_all_explain() -> None:
    assert plot_importance(drivers(), title="T").alt == (
        "T: first answer matters most with 30.0% of what moves the score; 3 drivers explain 60.0% together."
    )


def test_the_matrix_names_what_is_important_and_rated_low() -> None:
    assert plot_importance_performance(drivers(), title="T").alt == (
        "T: of 3 drivers first answer is more important and rated lower than their average: improve it first."
    )
    calm = drivers().assign(mean=[4.6, 4.2, 3.0])
    assert plot_importance_performance(calm, title="T").alt == (
        "T: of 3 drivers none is both more important and rated lower than their average; first answer matters most."
    )
    assert "首要" in plot_importance_performance(calm, title="首要", language="zh").alt


def test_the_flow_says_its_commonest_way_and_what_is_folded() -> None:
    assert plot_flow(flow(), title="T").alt == (
        "T: 3 steps and 3 ways between them; the commonest leads from new to in work, 90 times, after 10.0 min "
        "(median). Folded: 3 rare ways with 12 changes (6.0% of all between steps) and 1 steps. "
        "Not drawn: 40 updates within a step."
    )


def test_the_same_flow_gives_the_same_drawing() -> None:
    before = flow()
    assert plot_flow(flow(), title="T").svg() == plot_flow(before, title="T").svg()
    pd.testing.assert_frame_equal(before, flow())


def test_columns_lead_to_the_right_and_rework_back() -> None:
    assert layers_of(flow()) == {"new": 0, "in_work": 1, "done": 2}
    branch = pd.DataFrame([("a", "b", 5), ("a", "c", 4), ("b", "d", 5), ("c", "d", 4), ("d", "a", 1)],
                          columns=["source", "target", "n"])  # fmt: skip
    assert layers_of(branch) == {"a": 0, "b": 1, "c": 1, "d": 2}
    alone = pd.DataFrame({"source": [None], "target": ["x"], "n": [1]})
    assert layers_of(alone) == {"x": 0}


def test_a_long_process_wraps() -> None:
    steps = [f"step_{i}" for i in range(11)]
    long = pd.DataFrame({"source": [None, *steps[:-1], steps[0], steps[9]], "target": [*steps, steps[9], steps[1]],
                         "n": [9] * 11 + [2, 1], "median_s": 60.0})  # fmt: skip
    drawn = plot_flow(long, title="T")
    assert drawn.alt.startswith("T: 11 steps and 12 ways")
    assert drawn.svg().startswith("<?xml")


def test_the_fishbone_counts_what_is_supported() -> None:
    assert plot_fishbone(whys(), title="T", head="Too few helped").alt == (
        "T: 3 statements on six branches; 1 supported by evidence, 1 not supported, 1 without evidence."
    )


@pytest.mark.parametrize(
    ("plot", "frame"),
    [
        pytest.param(plot_importance, drivers().head(0), id="importance"),
        pytest.param(plot_importance_performance, drivers().head(0), id="matrix"),
        pytest.param(plot_importance_performance, drivers().assign(mean=None), id="matrix of no ratings"),
        pytest.param(plot_flow, flow().head(0), id="flow"),
        pytest.param(plot_fishbone, whys().head(0), id="fishbone"),
        pytest.param(plot_fishbone, whys().head(1), id="fishbone of a problem alone"),
    ],
)
def test_nothing_to_draw_says_so(plot: object, frame: pd.DataFrame) -> None:
    drawn = plot(frame, title="T")  # type: ignore[operator]
    assert drawn.alt == "T: nothing was measured."
    assert drawn.png().startswith(b"\x89PNG")
