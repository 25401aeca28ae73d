from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from csm_lib.errors import SettingError
from csm_lib.publish.parameters import parameters_for, parameters_of

TYPED = (
    "period: str = '2024Q1'  # p\nlevel: float = 0.95  # share\nn: int = 3\nshown: bool = True\ntop: int | None = None"
)


def test_the_parameters_cell_is_read_in_order(make_notebook: Callable[..., Path]) -> None:
    declared = parameters_of(make_notebook("04_gap_analysis", parameters=TYPED))
    assert {name: (one.kind, one.default) for name, one in declared.items()} == {
        "period": ("str", "2024Q1"),
        "level": ("float", 0.95),
        "n": ("int", 3),
        "shown": ("bool", True),
        "top": ("int | None", None),
    }


@pytest.mark.parametrize(
    ("name", "given", "wanted"),
    [
        pytest.param("period", "2024", "2024", id="a text that looks like a number stays a text"),
        pytest.param("level", "0.9", 0.9, id="a number from the command line is read"),
        pytest.param("level", 1, 1.0, id="a whole number fits where a number is asked"),
        pytest.param("shown", "false", False, id="false in lower case"),
        pytest.param("top", "none", None, id="nothing where nothing is allowed"),
        pytest.param("top", 5, 5, id="one of two types"),
    ],
)
def test_values_take_the_declared_type(make_notebook: Callable[..., Path], name: str, given: Any, wanted: Any) -> None:
    path = make_notebook("04_gap_analysis", parameters=TYPED)
    found = parameters_for([path], common={}, own={path.stem: {name: given}})[path.stem][name]
    assert found == wanted and type(found) is type(wanted)


@pytest.mark.parametrize(
    ("own", "message"),
    [
        pytest.param(
            {"04_gap_analysis": {"foo": 1}},
            "parameter must be one that exists, got '04_gap_analysis.foo' "
            "(it has: 'period', 'level', 'n', 'shown', 'top'). Check the spelling.",
            id="an unknown parameter",
        ),
        pytest.param(
            {"4_gap": {"n": 1}},
            "notebook must be one that exists, got '4_gap' (notebooks of this run: '04_gap_analysis'). "
            "Check the spelling.",
            id="an unknown notebook",
        ),
        pytest.param(
            {"04_gap_analysis": {"n": "many", "shown": 1}},
            "04_gap_analysis.n must be of type int, got 'many'. Correct the value.\n"
            "04_gap_analysis.shown must be of type bool, got 1. Correct the value.",
            id="two wrong types, both named",
        ),
        pytest.param(
            {"04_gap_analysis": {"n": True}},
            "04_gap_analysis.n must be of type int, got True. Correct the value.",
            id="a truth value is not a count",
        ),
        pytest.param(
            {"04_gap_analysis": {"period": "2023Q4"}},
            "04_gap_analysis.period must be that of the whole report, got one of its own. Use the argument PERIOD.",
            id="a period of its own would mix two in one report",
        ),
    ],
)
def test_what_does_not_fit_is_refused(make_notebook: Callable[..., Path], own: Any, message: str) -> None:
    path = make_notebook("04_gap_analysis", parameters=TYPED)
    with pytest.raises(SettingError) as refused:
        parameters_for([path], common={"period": "2024Q1"}, own=own)
    assert str(refused.value) == message


def test_a_parameters_cell_of_another_form_is_refused(make_notebook: Callable[..., Path]) -> None:
    path = make_notebook("04_gap_analysis", parameters="period = '2024Q1'")
    with pytest.raises(SettingError) as refused:
        parameters_of(path)
    assert str(refused.value) == (
        "parameters cell must hold lines like 'name: type = literal', got \"period = '2024Q1'\" "
        "(04_gap_analysis.ipynb). Write one parameter a line, with its type."
    )


@pytest.mark.parametrize("content", ["not json", "[1]", '{"cells": [{}]}', '{"cells": 1}'])
def test_a_file_that_is_no_notebook_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "04_gap_analysis.ipynb"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SettingError) as refused:
        parameters_of(path)
    assert str(refused.value) == (
        f"04_gap_analysis.ipynb must be a Jupyter notebook, got something else ({path}). Restore it, or save it anew."
    )
