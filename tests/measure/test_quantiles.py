"""Clustered quantiles: a hand-worked case, coverage and refusals."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from csm_lib.errors import SettingError
from csm_lib.measure.inference import clustered_share
from csm_lib.measure.quantiles import clustered_quantile


def test_the_bounds_are_read_off_the_ordered_values():
    # 1 … 400, each a cluster of its own: bounds of the share 200/400 times 400, rounded up to a row
    values = np.arange(1, 401)
    made, half = clustered_quantile(values, clusters=values), clustered_share(values <= 200, clusters=values)
    assert_allclose([made.value, made.low, made.high], [200, math.ceil(400 * half.low), math.ceil(400 * half.high)])
    assert made.method == "clustered by clusters (400); Woodruff"


def test_too_few_clusters_have_no_interval():
    made = clustered_quantile([1.0, 2.0, 3.0], clusters=["a", "b", "c"])
    assert made.value == 2 and math.isnan(made.low)
    assert made.method == "clustered by clusters (3); no interval: fewer than 8 clusters"
    assert clustered_quantile([], clusters=[]).method == "not measured: no row in the population"


def test_days_that_differ_are_covered():
    rng, held = np.random.default_rng(4), 0
    # the median of exp(0.3·z + e), z and e standard normal, is 1 by symmetry
    for _ in range(500):
        days = np.repeat(range(30), rng.integers(5, 30, 30))
        values = np.exp(0.3 * rng.normal(size=30)[days] + rng.normal(size=len(days)))
        made = clustered_quantile(values, clusters=days)
        held += made.low <= 1 <= made.high
    assert 0.92 <= held / 500 <= 0.98  # 95 % within 3 Monte-Carlo errors of 0.0097


@pytest.mark.parametrize("q", [0, 1, 90])
def test_a_share_outside_is_refused(q):
    with pytest.raises(SettingError) as refusal:
        clustered_quantile([1.0], clusters=["a"], q=q)
    assert str(refusal.value) == f"q must lie between 0 and 1, got {q!r}. Use 0.5 for the median."
