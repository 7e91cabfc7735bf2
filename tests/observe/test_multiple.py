"""Many comparisons at once: p-values and intervals beside scipy and statsmodels' definitions, and what they are for."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from kubeslice_sim.observe.estimate import estimate
from kubeslice_sim.observe.multiple import bonferroni, holm, p_value


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=12))
def test_a_p_value_is_scipys(values: list[float]) -> None:
    found = p_value(values)
    if max(values) == min(values):
        assert found == (1.0 if values[0] == 0.0 else 0.0)
    elif max(values) - min(values) > 1e-3:
        assert found == pytest.approx(stats.ttest_1samp(values, 0.0).pvalue, rel=1e-6, abs=1e-12)


def test_one_value_says_nothing() -> None:
    assert math.isnan(p_value([3.0]))


def test_holm_as_in_the_textbook() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert holm([0.6, 0.9]) == (1.0, 1.0)
    assert holm([]) == ()


def test_what_is_not_known_counts_for_nothing() -> None:
    found = holm([0.02, math.nan, 0.01])
    assert (found[0], found[2]) == pytest.approx((0.02, 0.02))
    assert math.isnan(found[1])


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=30))
def test_holm_keeps_the_order_and_is_never_worse_than_bonferroni(chances: list[float]) -> None:
    found = holm(chances)
    assert all(chance <= one <= min(1.0, len(chances) * chance) + 1e-12
               for chance, one in zip(chances, found, strict=True))  # fmt: skip
    order = sorted(range(len(chances)), key=chances.__getitem__)
    assert [found[place] for place in order] == sorted(found)


def test_all_intervals_hold_at_once_as_often_as_they_say() -> None:
    """Ten contrasts with one baseline, which tie them together; each alone misses once in twenty, all rarely do."""
    together = alone = rejected = 0
    for trial in range(1500):
        dice = random.Random(trial)
        seeds = [dice.gauss(0.0, 3.0) for _ in range(8)]
        base = [seed + dice.gauss(0.0, 1.0) for seed in seeds]
        raw = [[seed + dice.gauss(0.0, 1.0) - low for seed, low in zip(seeds, base, strict=True)] for _ in range(10)]
        together += all(estimate(values, bonferroni(0.95, 10)).holds(0.0) for values in raw)
        alone += all(estimate(values).holds(0.0) for values in raw)
        rejected += min(holm([p_value(values) for values in raw])) < 0.05
    assert together >= 0.94 * 1500
    assert rejected <= 0.06 * 1500
    assert alone < 0.85 * 1500
