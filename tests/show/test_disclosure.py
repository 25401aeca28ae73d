"""Small groups: left out with the next smallest, in every table and chart of groups, on the page and in the file."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from csm_lib.errors import SettingError
from csm_lib.show.chart_parts import measured
from csm_lib.show.disclosure import disclosed, without_small_groups
from csm_lib.show.tables import table


@pytest.mark.parametrize(
    ("sizes", "shown", "suppressed"),
    [
        pytest.param([10, 20, 30], [10, 20, 30], 0, id="all large enough; the bound is included"),
        pytest.param([3, 20, 30], [30], 2, id="one small group takes the next smallest with it"),
        pytest.param([3, 4, 30], [30], 2, id="two small groups hide each other"),
        pytest.param([3], [], 1, id="only a small group"),
        pytest.param([3, 20], [], 2, id="with two groups nothing is left"),
        pytest.param([], [], 0, id="no group"),
    ],
)
def test_small_groups_are_left_out(sizes: list[int], shown: list[int], suppressed: int) -> None:
    groups = pd.DataFrame({"team": [f"T{place}" for place in range(len(sizes))], "n": pd.Series(sizes, dtype=int)})
    before = groups.copy(deep=True)
    left = without_small_groups(groups, least=10)
    assert left["n"].tolist() == shown
    assert left.attrs["suppressed"] == suppressed
    pd.testing.assert_frame_equal(groups, before)


def test_a_minimum_below_one_is_refused() -> None:
    with pytest.raises(SettingError) as refused:
        without_small_groups(pd.DataFrame({"n": [1]}), least=0)
    assert str(refused.value) == "least must be at least 1, got 0. Set the minimum group size."


@pytest.fixture
def minimum(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CSM_MINIMUM_GROUP_SIZE", "10")


TEAMS = pd.DataFrame(
    {
        "key": ["fcr", "fcr", "fcr", "csat", "csat", "csat"],
        "team": ["Hill", "Lake", "Sea"] * 2,
        "n": [40, 3, 25, 12, 11, 0],
        "value": [0.7, 0.123456, 0.9, 0.8, 0.6, None],
    }
)


@pytest.mark.usefixtures("minimum")
def test_each_indicators_groups_are_a_list_of_their_own_and_a_group_of_nobody_stays() -> None:
    before = TEAMS.copy(deep=True)
    shown = disclosed(TEAMS)
    pairs = list(zip(shown["key"], shown["team"], strict=True))
    assert pairs == [("fcr", "Hill"), ("csat", "Hill"), ("csat", "Lake"), ("csat", "Sea")]
    assert shown.attrs["suppressed"] == 2
    pd.testing.assert_frame_equal(TEAMS, before)


@pytest.mark.usefixtures("minimum")
@pytest.mark.parametrize("column", ["agent_id", "reviewer_id", "customer_id", "team", "customer_segment", "segment"])
def test_whoever_could_be_recognised_is_protected(column: str) -> None:
    assert disclosed(pd.DataFrame({column: ["a", "b", "c"], "n": [30, 20, 9]}))[column].tolist() == ["a"]


@pytest.mark.usefixtures("minimum")
def test_hours_and_channels_are_nobody() -> None:
    for column in ("local_hour", "channel", "issue"):
        frame = pd.DataFrame({column: ["a", "b"], "n": [3, 4]})
        assert disclosed(frame) is frame


def test_without_an_open_workbook_nothing_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CSM_MINIMUM_GROUP_SIZE", raising=False)
    assert disclosed(TEAMS) is TEAMS


@pytest.mark.usefixtures("minimum")
def test_neither_page_nor_stored_table_nor_chart_holds_a_small_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CSM_RUN_DIR", str(tmp_path))
    page = table(TEAMS, name="teams", title="Teams", note="By team.").as_raw_html()
    stored = pd.read_parquet(tmp_path / "tables" / "teams.parquet")
    assert "Lake" not in stored.query("key == 'fcr'")["team"].tolist()
    assert "12.3" not in page and 0.123456 not in stored["value"].tolist()
    assert (
        "By team. Groups too small to be shown, for a person could be recognised, or next to one: 2." in page
    )
    drawn = measured(TEAMS.query("key == 'fcr'"), "value", "team")
    assert drawn["team"].tolist() == ["Hill"]


@pytest.mark.usefixtures("minimum")
def test_a_table_whose_groups_are_all_too_small_says_so() -> None:
    page = table(TEAMS.iloc[1:2], name="teams", title="Teams").as_raw_html()
    assert "Groups too small to be shown, for a person could be recognised, or next to one: 1." in page


def test_of_a_rare_value_only_the_form_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CSM_MINIMUM_GROUP_SIZE", "10")
    monkeypatch.setenv("CSM_RUN_DIR", str(tmp_path))
    values = ["Fax", "陈秀明 62345678", "2024-02-30 10:00", "call [phone] Mr. Li", "H00002067"]
    frame = pd.DataFrame({"reason": "unknown_word", "value": values, "n_alike": [10, 9, 1, 1, None]})
    page = table(frame, name="examples", title="Examples").as_raw_html()
    stored = pd.read_parquet(tmp_path / "tables" / "examples.parquet")
    shown = ["Fax", "xxx #", "2024-02-30 10:00", "xxxx [phone] xx. xx", "H00002067"]
    assert stored["value"].tolist() == shown
    assert list(stored) == ["reason", "value"]
    assert "陈" not in page
