"""A line before one server, whose mean is known: for statistics that must cope with it."""

from __future__ import annotations

import random
from itertools import accumulate


def waits(load: float, requests: int, seed: int) -> list[float]:
    """Response times of M/M/1 from empty, in mean service times (Lindley)."""
    dice = random.Random(seed)
    steps = [dice.expovariate(1.0) - dice.expovariate(load) for _ in range(requests)]
    waited = accumulate(steps, lambda wait, step: max(0.0, wait + step), initial=0.0)
    return [wait + dice.expovariate(1.0) for wait in waited][:requests]
