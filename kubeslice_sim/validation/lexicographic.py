"""Max-min fair rates by linear programming: another method, another library, nothing shared with the engine."""

from __future__ import annotations

from math import inf

import numpy as np
from scipy.optimize import linprog


def max_min_by_lp(
    capacity: list[float], flows: list[dict[int, float]], cap: list[float], weight: list[float]
) -> list[float]:
    """Raise the least rate per weight as far as it goes; fix those that no solution can raise further; repeat.

    Which ones: a flow whose ``rate ≥ weight · level`` has a positive price in the dual sits at that level in every
    optimal solution (complementary slackness). As in Bertsekas and Gallager 6.5.2, exercise 6.24.
    """
    count = len(flows)
    rate: dict[int, float] = {}
    use = np.array([[uses.get(r, 0.0) for uses in flows] for r in range(len(capacity))]).reshape(len(capacity), count)
    scale = max(capacity)
    while len(rate) < count:
        growing = [i for i in range(count) if i not in rate]
        left = np.array(capacity) - use[:, sorted(rate)] @ np.array([rate[i] for i in sorted(rate)])
        over = np.hstack([use[:, growing], np.zeros((len(capacity), 1))])
        floors = np.zeros((len(growing), len(growing) + 1))
        floors[range(len(growing)), range(len(growing))] = -1.0
        floors[:, -1] = [weight[i] for i in growing]
        capped = [k for k, i in enumerate(growing) if cap[i] < inf]
        caps = np.zeros((len(capped), len(growing) + 1))
        caps[range(len(capped)), capped] = 1.0
        found = linprog(
            c=[0.0] * len(growing) + [-1.0],
            A_ub=np.vstack([over, floors, caps]),
            b_ub=np.concatenate([np.maximum(left, 0.0), np.zeros(len(growing)), [cap[growing[k]] for k in capped]])
            / scale,
            bounds=[(0.0, None)] * (len(growing) + 1),
            method="highs",
        )
        if not found.success:
            raise ArithmeticError(found.message)
        level = found.x[-1] * scale
        prices = -found.ineqlin.marginals[len(capacity) : len(capacity) + len(growing)]
        stuck = [i for k, i in enumerate(growing) if prices[k] > 1e-9]
        if not stuck:
            raise ArithmeticError("an optimum without a price")
        for i in stuck:
            rate[i] = weight[i] * level
    return [rate[i] for i in range(count)]
