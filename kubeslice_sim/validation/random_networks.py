"""Random networks: the max-min engine on hundreds of them against linear programming."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from math import inf

import numpy as np

from kubeslice_sim.simulator.fluid import Problem, max_min
from kubeslice_sim.validation.target import Case, Row, between

NETWORKS, SEED = 300, 3
WORST = 1e-9
Uses = list[dict[int, float]]


def rates(capacity: list[float], flows: Uses, cap: list[float], weight: list[float]) -> list[float]:
    """Our engine's rates; each flow's ``flows`` entry says what it uses of which resource per unit of rate."""
    entries = [(i, r, use) for i, uses in enumerate(flows) for r, use in uses.items()]
    flow, resource, use = zip(*entries, strict=True)
    shares = max_min(
        Problem(
            capacity=np.array(capacity),
            flow=np.array(flow, dtype=np.intp),
            resource=np.array(resource, dtype=np.intp),
            use=np.array(use),
            cap=np.array(cap),
            weight=np.array(weight),
        )
    )
    return [float(rate) for rate in shares.rate]


def random_network(dice: np.random.Generator) -> tuple[list[float], Uses, list[float], list[float]]:
    """Up to 10 resources and 14 flows; capacities over three decades; some caps, weights and uses."""
    resources, flows = int(dice.integers(1, 11)), int(dice.integers(1, 15))
    capacity = [float(10 ** dice.uniform(0, 3)) for _ in range(resources)]
    rows: Uses = []
    for _ in range(flows):
        crossed = dice.choice(resources, size=int(dice.integers(1, min(resources, 5) + 1)), replace=False)
        rows.append({int(r): float(dice.choice([1.0, 1.05, 2.0, 0.3])) for r in crossed})
    cap = [float(10 ** dice.uniform(-1, 3)) if dice.random() < 0.4 else inf for _ in range(flows)]
    weight = [float(dice.choice([1.0, 1.0, 2.0, 0.5, 7.3])) for _ in range(flows)]
    return capacity, rows, cap, weight


def worst_error(networks: int, seed: int) -> float:
    """The worst relative error of any flow's rate on so many random networks. Needs scipy."""
    from kubeslice_sim.validation.lexicographic import max_min_by_lp  # scipy is for development only

    dice, worst = np.random.default_rng(seed), 0.0
    for _ in range(networks):
        network = random_network(dice)
        for found, exact in zip(rates(*network), max_min_by_lp(*network), strict=True):
            worst = max(worst, abs(found - exact) / exact)
    return worst


def against_programming() -> Iterator[Row]:
    """The worst error of all."""
    yield between(f"Max-min, {NETWORKS} random networks: worst relative error of a rate", 0.0, WORST,
                  worst_error(NETWORKS, SEED), source="Linear programming, level by level (scipy's HiGHS)",
                  why="Both compute with 53 binary digits; the solver's own tolerance is 1e-7 at worst. For 10,000: "
                  "make test-long prints their worst error.")  # fmt: skip


INSTALLED = find_spec("scipy") is not None
CASES = (Case(name="random networks", rows=against_programming, brief=True),) if INSTALLED else ()
LEFT_OUT = () if INSTALLED else ("Random networks against linear programming: not run: scipy is not installed.",)
