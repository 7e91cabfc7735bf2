"""Histogram: counts of times in buckets of constant relative width, for percentiles without keeping every value."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from kubeslice_sim.simulator.packet.compiled import compiled
from kubeslice_sim.simulator.packet.tables import State

UNIT_S = 1e-9
STEPS = 128
"""Buckets to a doubling: the middle of one is within 0.4 % of all it holds."""
BUCKETS = STEPS * 44
"""From 128 ns (below that, exact to the nanosecond) to over an hour."""


@compiled
def bucket_of(value_s: float) -> int:
    """The bucket of a time."""
    units = int(value_s / UNIT_S)
    if units < STEPS:
        return max(units, 0)
    doublings = 0
    while units >= 2 * STEPS:
        units >>= 1
        doublings += 1
    return int(min(STEPS * (doublings + 1) + units - STEPS, BUCKETS - 1))


@compiled
def count(s: State, flow: int, value_s: float) -> None:
    """Count a time of a flow."""
    s.buckets[flow, bucket_of(value_s)] += 1


def middle_s(bucket: int) -> float:
    """The middle of a bucket."""
    if bucket < STEPS:
        return (bucket + 0.5) * UNIT_S
    doublings, step = divmod(bucket - STEPS, STEPS)
    return float((STEPS + step + 0.5) * 2.0**doublings * UNIT_S)


def quantile_s(buckets: NDArray[np.int64], share: float) -> float:
    """The smallest time that ``share`` of the counted do not exceed, within 0.4 %; not a number when none was counted.

    Raises :exc:`ValueError` for a share outside 0 to 1.
    """
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"a share lies between 0 and 1, not {share}")
    total = int(buckets.sum())
    if not total:
        return math.nan
    wanted = max(1, math.ceil(share * total))
    return middle_s(int(np.searchsorted(np.cumsum(buckets), wanted)))
