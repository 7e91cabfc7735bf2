"""Means with intervals: Student's t against scipy, coverage on known distributions, pairs and batches."""

from __future__ import annotations

import math
import random

import pytest
from scipy import stats

from kubeslice_sim.observe.estimate import batch_means, estimate, paired, student_t


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 5, 9, 10, 29, 30, 99, 1000, 4001])
@pytest.mark.parametrize("share", [0.5001, 0.75, 0.9, 0.975, 0.995, 0.9995])
def test_student_t_is_scipys(share: float, degrees: int) -> None:
    assert student_t(share, degrees) == pytest.approx(stats.t.ppf(share, degrees), rel=1e-9)
    assert student_t(1.0 - share, degrees) == pytest.approx(-student_t(share, degrees), rel=1e-9)


def test_student_t_at_its_middle() -> None:
    assert student_t(0.5, 7) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(("share", "degrees"), [(0.0, 3), (1.0, 3), (1.2, 3), (0.9, 0)])
def test_student_t_refuses(share: float, degrees: int) -> None:
    with pytest.raises(ValueError, match="student_t needs"):
        student_t(share, degrees)


def test_an_interval_is_scipys() -> None:
    values = [3.1, 2.7, 4.4, 3.9, 2.2]
    found = estimate(values, 0.9)
    low, high = stats.t.interval(0.9, 4, loc=stats.tmean(values), scale=stats.sem(values))
    assert (found.low, found.high, found.count) == (pytest.approx(low), pytest.approx(high), 5)


@pytest.mark.parametrize("values", [[], [1.0]])
def test_one_value_has_no_interval(values: list[float]) -> None:
    with pytest.raises(ValueError, match="two values"):
        estimate(values)


@pytest.mark.parametrize(("count", "confidence"), [(2, 0.95), (3, 0.9), (5, 0.95), (10, 0.99)])
def test_intervals_of_normal_values_hold_the_mean_as_often_as_they_say(count: int, confidence: float) -> None:
    dice, trials = random.Random(count), 8000
    held = sum(estimate([dice.gauss(4.0, 3.0) for _ in range(count)], confidence).holds(4.0) for _ in range(trials))
    # Four standard deviations of a share of so many trials: one seed in 16,000 would fail.
    assert held / trials == pytest.approx(confidence, abs=4 * math.sqrt(confidence * (1 - confidence) / trials))


def test_intervals_of_means_of_skewed_values_nearly_do() -> None:
    """What runs give: means of many values, here 200 exponential ones each."""
    dice, trials = random.Random(1), 1500

    def run() -> float:
        return math.fsum(dice.expovariate(2.0) for _ in range(200)) / 200

    held = sum(estimate([run() for _ in range(5)]).holds(0.5) for _ in range(trials))
    assert held / trials == pytest.approx(0.95, abs=0.025)


def test_pairs_cancel_what_they_share() -> None:
    dice = random.Random(3)
    shared = [dice.gauss(0.0, 10.0) for _ in range(10)]
    a = [value + 1.0 + dice.gauss(0.0, 0.1) for value in shared]
    together, alone = paired(a, shared), estimate(a)
    assert together.holds(1.0)
    assert together.half < alone.half / 20


def test_pairs_must_pair() -> None:
    with pytest.raises(ValueError, match="shorter"):
        paired([1.0, 2.0, 3.0], [1.0, 2.0])


def test_batches_leave_out_the_beginning() -> None:
    assert batch_means([100.0, 1.0, 3.0, 5.0, 7.0], 2) == (2.0, 6.0)
    assert batch_means([1.0, 2.0], 2) == (1.0, 2.0)


@pytest.mark.parametrize("batches", [0, -1, 3])
def test_batches_need_values(batches: int) -> None:
    with pytest.raises(ValueError, match="batches need"):
        batch_means([1.0, 2.0], batches)


def test_batch_means_of_a_correlated_series_hold_its_mean() -> None:
    """An AR(1) series with a correlation of 0.8 and mean 0: values as if independent would hold it half of the time."""
    dice, trials, held, naive = random.Random(5), 400, 0, 0
    for _ in range(trials):
        value, series = dice.gauss(0.0, 1.0 / 0.6), []
        for _ in range(2000):
            value = 0.8 * value + dice.gauss(0.0, 1.0)
            series.append(value)
        held += estimate(batch_means(series)).holds(0.0)
        naive += estimate(series).holds(0.0)
    assert held / trials > 0.9
    assert naive / trials < 0.7
