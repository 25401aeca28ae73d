"""What became of the contacts."""

from __future__ import annotations

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from csm_lib.measure.populations import populations, scope_volume

FLAGS = ["is_offered", "is_answered", "is_abandoned", "is_live", "is_self_service", "is_handled"]


def contacts(rows: list[tuple[str, str | None, list[bool | None]]]) -> pd.DataFrame:
    frame = pd.DataFrame([flags for *_, flags in rows], columns=FLAGS).astype("boolean")
    return frame.assign(channel=[row[0] for row in rows], agent_id=[row[1] for row in rows])


def test_each_contact_is_counted_where_it_belongs() -> None:
    answered = [True, True, False, True, False, True]
    abandoned = [True, False, True, True, False, False]
    waiting = [True, False, False, True, False, False]
    by_bot = [False, False, False, True, True, False]
    at_night = [False, False, False, True, None, False]
    mail = [False, True, False, False, False, True]
    rows = populations(
        contacts(
            [("phone", "a", answered), ("phone", "b", answered), ("phone", None, abandoned), ("phone", None, waiting),
             ("phone", None, by_bot), ("phone", None, at_night), ("email", "a", mail)]
        )
    ).set_index("channel")  # fmt: skip
    assert rows.loc["phone"].to_dict() == {
        "n_contacts": 6, "n_offered": 4, "n_answered": 2, "n_abandoned": 1, "n_waiting": 1, "n_self_service": 1,
        "n_not_asking_in_hours": 1, "n_not_live": 0, "n_handled": 2, "n_agents": 2,
    }  # fmt: skip
    assert rows.loc["email", "n_not_live"] == 1
    assert rows.loc["email", "n_handled"] == 1


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.sampled_from(["phone", "chat"]), st.lists(st.booleans(), min_size=6, max_size=6))))
def test_the_parts_add_up(drawn: list[tuple[str, list[bool]]]) -> None:
    rows = [(channel, None, [flags[0] and flags[3], *flags[1:]]) for channel, flags in drawn]
    for row in populations(contacts(rows)).to_dict("records"):
        assert row["n_offered"] == row["n_answered"] + row["n_abandoned"] + row["n_waiting"]
        assert row["n_contacts"] == row["n_offered"] + row["n_self_service"] + row["n_not_asking_in_hours"] + row[
            "n_not_live"
        ]


def test_what_a_scope_leaves_out_is_counted() -> None:
    flags: list[bool | None] = [True, True, False, True, False, True]
    every = contacts([("phone", "a", flags), ("chat", "b", flags), ("chat", None, flags)])
    volume = scope_volume(every, every[every["agent_id"].eq("b").fillna(False)])
    assert volume.values.tolist() == [["chat", 2, 1, 1, 0.5], ["phone", 1, 0, 1, 0.0]]


def test_nothing_in_scope_is_no_error() -> None:
    every = contacts([("phone", "a", [True, True, False, True, False, True])])
    assert scope_volume(every, every.iloc[:0])["n_out_of_scope"].tolist() == [1]
    assert scope_volume(every.iloc[:0], every.iloc[:0]).empty
