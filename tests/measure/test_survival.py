"""Durations that have not all ended: published curves, hand-worked quantiles, refusals."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from csm_lib.errors import SettingError
from csm_lib.measure.survival import censored_median, censored_quantile

# Freireich et al. 1963: weeks in remission under 6-mercaptopurine; 0 still in remission at the last look
WEEKS = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
IS_SEEN = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]


def test_freireichs_patients_have_the_published_median():
    # Kalbfleisch and Prentice 2002; R survfit: median 23 weeks, upper bound not reached
    made = censored_median(WEEKS, IS_SEEN)
    assert (made.value, made.high, made.n) == (23, math.inf, 21)


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        # published curve: .857 after 6, .807 after 7, .753 after 10, .690 after 13, .627 after 16, .538 after 22, .448
        pytest.param(0.14, 6, id="14 % by week 6"),
        pytest.param(0.15, 7, id="15 % by week 7"),
        pytest.param(0.25, 13, id="a quarter by week 13"),
        pytest.param(0.37, 16, id="37 % by week 16"),
        pytest.param(0.46, 22, id="46 % by week 22"),
        pytest.param(0.55, 23, id="55 % by week 23"),
        pytest.param(0.56, math.inf, id="56 % not reached"),
    ],
)
def test_freireichs_curve_is_read_at_any_share(share, expected):
    assert censored_quantile(WEEKS, IS_SEEN, share=share).value == expected


def test_what_was_not_reached_is_more_than_the_longest_look():
    made = censored_quantile(WEEKS, IS_SEEN, share=0.9)
    assert made.value == math.inf
    assert made.method == "Kaplan–Meier; 0.9 quantile not reached: more than 35.0 s"


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5, 0.9])
def test_without_censoring_it_is_the_ordinary_quantile(share):
    values = np.arange(1.0, 100.0, 2.0)  # 50 values; no share falls on a step between two
    expected = np.sort(values)[math.ceil(share * 50) - 1]
    if (share * 50).is_integer():  # the middle of the stretch on which the curve runs level
        expected = (expected + np.sort(values)[math.ceil(share * 50)]) / 2
    assert_allclose(censored_quantile(values, np.ones(50), share=share).value, expected)


@pytest.mark.parametrize("share", [0.0, 1.0, 90])
def test_a_share_outside_0_to_1_is_refused(share):
    with pytest.raises(SettingError) as refusal:
        censored_quantile([1], [1], share=share)
    assert str(refusal.value) == f"share must lie between 0 and 1, got {share!r}. Use 0.9 for nine of ten."
