"""Spread: the negative binomial by hand, and a planted dispersion found again."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from csm_lib.staff.spread import count_quantile, least_dispersion, rate_quantile


def test_dispersion_one_is_geometric():
    # mean 1, dispersion 1: P(0) = 1/2, P(1) = 1/4, P(2) = 1/8
    assert_allclose([count_quantile(np.array([1.0]), dispersion=1.0, q=q)[0] for q in (0.49, 0.51, 0.76)], [0, 1, 2])


def test_nothing_expected_is_nothing():
    assert_allclose(count_quantile(np.array([0.0]), dispersion=0.5, q=0.9), 0)


@pytest.mark.parametrize("planted", [0.02, 0.2])
def test_planted_dispersion_is_found(planted):
    rng = np.random.default_rng(5)
    mean = np.full(40_000, 200.0)
    actual = rng.negative_binomial(1 / planted, 1 / (1 + planted * mean)).astype(float)
    assert_allclose(least_dispersion(mean, actual, level=0.8), planted, rtol=0.05)


def test_chance_alone_needs_no_dispersion_or_next_to_none():
    rng = np.random.default_rng(5)
    mean = rng.uniform(2, 60, 20_000)
    assert least_dispersion(mean, rng.poisson(mean).astype(float), level=0.8) < 0.005


def test_no_rows_need_no_dispersion():
    assert least_dispersion(np.zeros(0), np.zeros(0), level=0.8) == 0


def test_the_rate_is_a_gamma_quantile():
    # dispersion 1 makes the rate exponential: its quantile is -mean log(1 - q)
    assert_allclose(rate_quantile(np.array([10.0]), dispersion=1.0, q=0.8), -10 * np.log(0.2))
    assert_allclose(rate_quantile(np.array([10.0]), dispersion=0.0, q=0.8), 10.0)
