from __future__ import annotations

import pandas as pd
import pytest

from csm_lib.errors import SettingError
from csm_lib.show.disclosure import agents_by_alias, without_small_groups


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


def test_agents_are_shown_by_alias_and_never_by_id() -> None:
    agents = pd.DataFrame({"agent_id": ["a1", "a2"], "alias": [None, "Heron"]})
    shown = agents_by_alias(pd.DataFrame({"agent_id": ["a2", "a1", "a9", None]}), agents)["agent_id"]
    assert shown.tolist()[:3] == ["Heron", "Agent 001", "Agent 003"]
    assert pd.isna(shown.iloc[3])
