"""Mix or rate, on whatever data there is: hand-worked splits, and groups that only look worse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from csm_lib.explain.mix import change_by_segment, largest_parts, mix_by_dimension, mix_of_factors, mix_within

Cell = tuple[str, str, int, int]


def facts(*cells: Cell) -> dict[str, Any]:
    """Contacts by (channel, issue, how many, how many resolved at the first contact)."""
    rows = [
        {"channel": channel, "issue": issue, "is_first_contact_resolved": place < resolved}
        for channel, issue, count, resolved in cells
        for place in range(count)
    ]
    table = pd.DataFrame(rows, columns=["channel", "issue", "is_first_contact_resolved"])
    return {"contact": table.assign(contact_id=[f"c{i}" for i in range(len(table))])}


# chat: the share of repairs grows from a tenth to four tenths, both rates stay; app: same mix, rate falls by 0.2
BEFORE = facts(
    ("chat", "repair", 100, 50), ("chat", "other", 900, 810), ("app", "repair", 100, 50), ("app", "other", 900, 810)
)
AFTER = facts(
    ("chat", "repair", 400, 200), ("chat", "other", 600, 540), ("app", "repair", 100, 30), ("app", "other", 900, 630)
)


def test_a_group_that_was_given_harder_contacts_is_told_from_one_that_got_worse() -> None:
    table = mix_within(BEFORE, AFTER, "fcr", group="channel", segment="issue").set_index("group")
    assert table["before"].to_dict() == pytest.approx({"app": 0.86, "chat": 0.86})
    assert table["value"].to_dict() == pytest.approx({"app": 0.66, "chat": 0.74})
    # by hand: chat 0.3 x (0.5 - 0.9) = -0.12, all mix; app 0.1 x (-0.2) + 0.9 x (-0.2) = -0.2, all rate
    assert table["mix"].to_dict() == pytest.approx({"app": 0.0, "chat": -0.12}, abs=1e-12)
    assert table["rate"].to_dict() == pytest.approx({"app": -0.2, "chat": 0.0}, abs=1e-12)
    assert table["reading"].to_dict() == {"app": "rate", "chat": "mix"}
    assert (table["rate_low"] <= table["rate"]).all()
    assert (table["rate"] <= table["rate_high"]).all()


def test_the_same_twice_is_no_news() -> None:
    table = mix_within(BEFORE, BEFORE, "fcr", group="channel", segment="issue")
    assert table["reading"].tolist() == ["unclear", "unclear"]


def test_a_small_shift_of_the_mix_is_left_to_chance() -> None:
    before = facts(("chat", "repair", 10, 5), ("chat", "other", 90, 81))
    after = facts(("chat", "repair", 12, 6), ("chat", "other", 88, 79))
    assert mix_within(before, after, "fcr", group="channel", segment="issue")["reading"].tolist() == ["unclear"]


def test_parts_of_every_dimension_add_up_to_the_same_change() -> None:
    table = mix_by_dimension(BEFORE, AFTER, "fcr", dimensions=["channel", "issue", "team"])
    assert table["dimension"].tolist() == ["issue", "channel"]
    assert table["total"].tolist() == pytest.approx([0.70 - 0.86] * 2)
    assert (table["mix"] + table["rate"]).tolist() == pytest.approx(table["total"].tolist())


def test_a_column_nobody_filled_is_one_segment() -> None:
    blank = {"contact": BEFORE["contact"].assign(issue=None)}
    parts = change_by_segment(blank, blank, "fcr", segment="issue")
    assert parts["segment"].tolist() == ["(not noted)"]
    assert parts["total"].tolist() == [0.0]


@pytest.mark.parametrize(
    ("before", "segment", "reason"),
    [
        (None, "issue", "there is no earlier period to compare with"),
        (facts(), "issue", "nothing in the population of one of the two periods"),
        (BEFORE, "stage", "'stage' is not in the contact facts"),
    ],
    ids=["no period before", "an empty one", "no such column"],
)
def test_what_cannot_be_split_is_answered_with_its_reason(before: Any, segment: str, reason: str) -> None:
    split = change_by_segment(before, AFTER, "fcr", segment=segment)
    within = mix_within(before, AFTER, "fcr", group="channel", segment=segment)
    assert split.empty
    assert within.empty
    assert split.attrs["reason"] == within.attrs["reason"] == reason


def test_folding_keeps_the_sum_and_the_largest_names() -> None:
    parts = change_by_segment(BEFORE, AFTER, "fcr", segment="issue")
    folded = largest_parts(parts, count=1)
    assert len(folded) == 2
    assert folded["segment"].iloc[1] == "(all others)"
    assert folded[["mix", "rate", "total"]].sum().tolist() == pytest.approx(
        parts[["mix", "rate", "total"]].sum().tolist()
    )
    assert folded.attrs == parts.attrs
    assert len(largest_parts(parts, count=2)) == 2


def test_complaints_without_contacts_cannot_be_split() -> None:
    contacts = pd.DataFrame({"issue": ["fee", "fee", "login"], "channel": "chat", "is_handled": True})
    complaints = pd.DataFrame({"issue": ["fee", "parcel"], "channel": "chat", "is_counted": True})
    then, now = {"contact": contacts, "complaint": complaints[:1]}, {"contact": contacts, "complaint": complaints}
    reason = "something was counted in a segment without any denominator: issue 'parcel'"
    assert change_by_segment(then, now, "complaint_rate", segment="issue").attrs["reason"] == reason
    within = mix_within(then, now, "complaint_rate", group="channel", segment="issue")
    assert within.empty and within.attrs["reason"] == reason
    assert change_by_segment(then, then, "complaint_rate", segment="issue").attrs["reason"] is None


def test_several_factors_at_once_add_up_and_what_cannot_be_used_is_left_out() -> None:
    rng = np.random.default_rng(1)
    sides: list[dict[str, Any]] = []
    for share in (0.3, 0.6):
        chat = rng.random(4_000) < share
        hard = rng.random(4_000) < 0.4
        sides.append({"contact": pd.DataFrame({
            "channel": np.where(chat, "chat", "phone"), "issue": np.where(hard, "hard", "easy"),
            "is_first_contact_resolved": rng.random(4_000) < 0.9 - 0.3 * chat - 0.2 * hard,
        })})  # fmt: skip
    parts = mix_of_factors(*sides, "fcr", factors=["channel", "issue", "colour"])
    assert parts["factor"].tolist() == ["channel", "issue", "rate"]
    means = [side["contact"]["is_first_contact_resolved"].mean() for side in sides]
    assert parts["part"].sum() == pytest.approx(means[1] - means[0])
    assert parts.loc[0, "part"] == pytest.approx(-0.09, abs=0.02)
    assert mix_of_factors(*sides, "fcr", factors=["colour"]).attrs["reason"] == "'colour' is not in the contact facts"
