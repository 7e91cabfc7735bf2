"""MSER-5: what it drops of series whose beginning is known to be unsettled."""

from __future__ import annotations

import math
import random

import pytest

from kubeslice_sim.observe.warm_up import WarmUp, mser
from tests.observe.line import waits


def test_a_constant_series_keeps_its_beginning() -> None:
    assert mser([27_248_908.297] * 60) == WarmUp(dropped=0, settled=True)
    assert mser([0.0] * 60) == WarmUp(dropped=0, settled=True)


def test_a_ramp_is_dropped_to_the_batch() -> None:
    assert mser([1.0, 2.0, 4.0, 8.0, 16.0, 20.0, 24.0] + [25.0] * 93) == WarmUp(dropped=10, settled=True)


def test_short_series_are_judged_value_by_value() -> None:
    assert mser([20.0] + [27.0] * 17) == WarmUp(dropped=1, settled=True)


def test_too_few_values_are_left_alone() -> None:
    assert mser([1.0, 9.0, 9.0]) == WarmUp(dropped=0, settled=True)
    assert mser([]) == WarmUp(dropped=0, settled=True)


def test_steady_noise_seldom_seems_unsettled() -> None:
    """Over 400 seeds of exponential values, which have no beginning at all."""
    for length in (18, 40, 100):
        series = ([dice.expovariate(1.0) for _ in range(length)] for dice in map(random.Random, range(400)))
        assert sum(not mser(values).settled for values in series) <= 0.06 * 400


def test_a_series_that_only_rises_has_not_settled() -> None:
    assert not mser([float(value) for value in range(200)]).settled


def test_the_rule_is_its_definition() -> None:
    dice = random.Random(2)
    values = [dice.gauss(10.0 * math.exp(-place / 40), 1.0) for place in range(403)]
    means = [sum(values[start : start + 5]) / 5 for start in range(0, 400, 5)]
    ranks = [sorted(means).index(mean) for mean in means]

    def error(dropped: int) -> float:
        rest = ranks[dropped:]
        mean = sum(rest) / len(rest)
        return sum((value - mean) ** 2 for value in rest) / len(rest) ** 2

    assert mser(values).dropped == 5 * min(range(41), key=error)


def test_dropping_takes_the_bias_out() -> None:
    """A decay over noise of mean 0, over 200 seeds: the bias that is left is a tenth of what it was."""
    biased = cleaned = 0.0
    for seed in range(200):
        dice = random.Random(seed)
        values = [dice.gauss(8.0 * math.exp(-place / 20), 1.0) for place in range(500)]
        rest = values[mser(values).dropped :]
        biased += sum(values) / len(values) / 200
        cleaned += sum(rest) / len(rest) / 200
    assert abs(cleaned) < 0.1 * abs(biased)


@pytest.mark.parametrize(("load", "requests", "series", "most"), [
    (0.5, 500, 200, 0.035), (0.8, 2000, 200, 0.045), (0.9, 6000, 120, 0.05),
])  # fmt: skip
def test_busy_spells_are_not_dropped_for_being_busy(load: float, requests: int, series: int, most: float) -> None:
    """The docstring's rows: what is left of M/M/1 from empty has nearly the mean of the whole; means lost 4 to 7 %."""
    whole = left = by_means = 0.0
    for seed in range(series):
        values = waits(load, requests, seed)
        whole += sum(values) / len(values) / series
        rest = values[mser(values).dropped :]
        left += sum(rest) / len(rest) / series
        rest = values[_by_means(values) :]
        by_means += sum(rest) / len(rest) / series
    assert abs(left / whole - 1.0) < 0.025
    assert abs(left * (1.0 - load) - 1.0) < most
    assert by_means / whole - 1.0 < -0.03


def _by_means(values: list[float]) -> int:
    """What the published rule drops."""
    means = [sum(values[start : start + 5]) / 5 for start in range(0, len(values), 5)]
    tail = squares = 0.0
    errors = []
    for count, mean in enumerate(reversed(means), 1):
        tail, squares = tail + mean, squares + mean * mean
        errors.append((squares - tail * tail / count) / count**2)
    errors.reverse()
    return 5 * min(range(len(means) // 2 + 1), key=errors.__getitem__)


@pytest.mark.parametrize(("values", "batch"), [([1.0] * 60, 0), ([math.nan] * 60, 5), ([math.inf] * 60, 5)])
def test_what_it_refuses(values: list[float], batch: int) -> None:
    with pytest.raises(ValueError, match=r"batch|finite"):
        mser(values, batch)
