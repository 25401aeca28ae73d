"""Objectives laid out for people."""

from __future__ import annotations

import math
from datetime import date

import pandas as pd

from csm_lib.measure.objectives import objectives_table, smart_check, smart_letters
from csm_lib.settings import Objective

SOUND = Objective(
    name="Solve it the first time",
    indicator="fcr",
    baseline=0.78,
    target=0.85,
    due_on=date(2024, 12, 31),
    owner="Head of hotline",
    business_goal="Repurchase rate",
    rationale="The pilot gained eight points",
)
MEASURED = pd.DataFrame({"key": ["fcr"], "n": [8000], "value": [0.78], "unit": ["share"]})


def test_a_sound_objective_keeps_every_letter() -> None:
    row = smart_letters(smart_check([SOUND], on=date(2024, 3, 31), measured=MEASURED)).iloc[0]
    assert row[["S", "M", "A", "R", "T"]].tolist() == [True] * 5
    assert row["is_smart"]
    assert row["fails"] is None


def test_what_fails_is_named_in_words_and_by_letter() -> None:
    late = SOUND.model_copy(update={"due_on": date(2024, 3, 31), "owner": None})
    row = smart_letters(smart_check([late], on=date(2024, 3, 31), measured=MEASURED)).iloc[0]
    assert row[["S", "M", "A", "R", "T"]].tolist() == [False, True, True, True, False]
    assert row["fails"] == "names who answers for it; has a date that lies ahead"


def test_a_letter_without_a_judged_rule_is_neither_kept_nor_broken() -> None:
    rules = smart_check([SOUND], on=date(2024, 3, 31))
    rules["is_kept"] = rules["is_kept"].where(rules["letter"] != "R", None)
    assert smart_letters(rules)["R"].tolist() == [None]


def test_each_objective_stands_beside_what_its_indicator_is_now() -> None:
    wish = Objective(name="Be the best", owner="Head of service")
    table = objectives_table([SOUND, wish], MEASURED)
    assert table["objective"].tolist() == ["Solve it the first time", "Be the best"]
    assert table.loc[0, ["baseline", "target", "value", "n", "unit"]].tolist() == [0.78, 0.85, 0.78, 8000, "share"]
    assert math.isnan(table.loc[1, "value"])
    assert table.loc[1, "n"] == 0


def test_no_objective_gives_tables_without_rows() -> None:
    assert smart_letters(smart_check([], on=date(2024, 3, 31))).empty
    assert objectives_table([], MEASURED).empty
