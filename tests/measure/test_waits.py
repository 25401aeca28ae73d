"""Virtual waits: abandonments are waits that would have gone on."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import brentq

from csm_lib.errors import SettingError
from csm_lib.measure.survival import censored_quantile
from csm_lib.measure.waits import virtual_wait, virtually_in_time


def two_hours(rng, n):
    """A calm and a busy hour: exponential waits of 20 s and 200 s; patience of 120 s and 60 s."""
    is_busy = rng.random(n) < 0.4
    waits = rng.exponential(np.where(is_busy, 200, 20))
    patience = rng.exponential(np.where(is_busy, 60, 120))
    return np.minimum(waits, patience), waits <= patience, is_busy.astype(int)


def wait_by(share):
    """True wait within which a share is answered: the root of the mixture of both hours."""
    return brentq(lambda t: 0.6 * math.exp(-t / 20) + 0.4 * math.exp(-t / 200) - 1 + share, 0, 1000)


def test_hand_worked_bands_are_weighted_by_their_offered():
    # band 1 (two): 1/2 at 10, all at 30; band 2 (two): all at 20 of the one left; weights 1/2
    waits, answered, bands = [10, 30, 5, 20], [1, 1, 0, 1], [1, 1, 2, 2]
    shares = [virtually_in_time(waits, answered, bands=bands, threshold_s=t).value for t in (9, 10, 20, 30)]
    assert_allclose(shares, [0, 0.25, 0.75, 1])
    assert virtual_wait(waits, answered, bands=bands).value == 20


def test_one_band_is_kaplan_meier():
    rng = np.random.default_rng(3)
    waits, answered = rng.exponential(30, 200), rng.random(200) < 0.7
    made = virtual_wait(waits, answered, bands=np.zeros(200), share=0.75)
    assert made.value == censored_quantile(waits, answered, share=0.75).value


def test_bands_recover_the_wait_that_pooling_flatters():
    waits, answered, bands = two_hours(np.random.default_rng(8), 200_000)
    made = virtual_wait(waits, answered, bands=bands)
    assert_allclose(made.value, wait_by(0.5), rtol=0.02)
    pooled = virtual_wait(waits, answered, bands=np.zeros(len(waits)), share=0.75).value
    banded = virtual_wait(waits, answered, bands=bands, share=0.75).value
    assert_allclose(banded, wait_by(0.75), rtol=0.03)
    assert pooled < 0.9 * wait_by(0.75)


def test_intervals_cover_at_their_level():
    rng, n_runs = np.random.default_rng(21), 400
    truth = 0.6 * (1 - math.exp(-30 / 20)) + 0.4 * (1 - math.exp(-30 / 200))
    times = share = 0
    for _ in range(n_runs):
        waits, answered, bands = two_hours(rng, 400)
        wait, in_time = (
            virtual_wait(waits, answered, bands=bands),
            virtually_in_time(waits, answered, bands=bands, threshold_s=30),
        )
        times += wait.low <= wait_by(0.5) <= wait.high
        share += in_time.low <= truth <= in_time.high
    assert abs(times / n_runs - 0.95) < 4 * math.sqrt(0.95 * 0.05 / n_runs)
    assert abs(share / n_runs - 0.95) < 4 * math.sqrt(0.95 * 0.05 / n_runs)


def test_days_that_move_together_widen_the_interval():
    rng = np.random.default_rng(4)
    days = np.repeat(np.arange(40), 50)
    waits = rng.exponential(30, 2000) * rng.lognormal(0, 0.7, 40)[days]
    plain = virtual_wait(waits, np.ones(2000), bands=np.zeros(2000))
    clustered = virtual_wait(waits, np.ones(2000), bands=np.zeros(2000), clusters=days)
    assert clustered.high - clustered.low > 1.5 * (plain.high - plain.low)
    assert clustered.method == "Kaplan–Meier in 1 bands, abandonments censored; clustered (40), Woodruff"


def test_what_nobody_waited_for_is_more_than_the_longest():
    made = virtual_wait([5, 10, 60, 90], [1, 0, 0, 0], bands=[1] * 4)
    assert made.value == math.inf
    assert made.method == "Kaplan–Meier in 1 bands, abandonments censored; median not reached: more than 5.0 s"
    nobody = virtual_wait([5, 10], [0, 0], bands=[1, 1])
    assert nobody.method.endswith("median not reached: more than any wait seen")


def test_few_clusters_give_no_interval():
    made = virtual_wait([5, 10, 60], [1, 1, 1], bands=[1] * 3, clusters=[1, 2, 3])
    assert made.method == "Kaplan–Meier in 1 bands, abandonments censored; no interval: fewer than 8 clusters"
    assert math.isnan(made.low)
    assert math.isnan(virtual_wait([], [], bands=[]).value)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        pytest.param(
            lambda: virtual_wait([1], [1], bands=[1, 2]),
            "bands must be as long as waits_s, got 2 (waits_s has 1). Give one band a row.",
            id="bands",
        ),
        pytest.param(
            lambda: virtual_wait([1], [1], bands=[1], share=50),
            "share must lie between 0 and 1, got 50. Use 0.9 for nine of ten.",
            id="share",
        ),
        pytest.param(
            lambda: virtual_wait([1], [1, 0], bands=[1]),
            "is_answered must be as long as durations_s, got 2 (durations_s has 1). Give one flag a row.",
            id="flags",
        ),
    ],
)
def test_wrong_calls_are_refused_in_words(call, message):
    with pytest.raises(SettingError) as refusal:
        call()
    assert str(refusal.value) == message
