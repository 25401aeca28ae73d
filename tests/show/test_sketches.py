from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from csm_lib.show.sketches import sketch


def test_the_highest_value_is_at_the_top_and_the_target_between() -> None:
    drawing = sketch([1.0, 3.0, 2.0], target=2.0)
    ElementTree.fromstring(drawing)
    assert re.findall(r'cy="([\d.]+)"', drawing) == ["35.0", "5.0", "20.0"]
    assert 'y1="20.0"' in drawing


def test_a_missing_value_breaks_the_line() -> None:
    drawing = sketch([1.0, 2.0, None, 2.0, 1.0])
    assert drawing.count("<polyline") == 2
    assert drawing.count("<circle") == 4


@pytest.mark.parametrize("values", [[], [1.0], [None, 1.0, float("nan")]], ids=["none", "one", "one known"])
def test_less_than_two_values_have_no_course(values: list[float | None]) -> None:
    assert sketch(values) == ""


def test_a_flat_course_is_a_flat_line() -> None:
    assert len(set(re.findall(r'cy="([\d.]+)"', sketch([2.0, 2.0])))) == 1
