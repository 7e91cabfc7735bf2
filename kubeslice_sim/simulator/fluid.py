"""What flows get at one moment: max-min fair shares, and what is left of traffic that never slows down."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kubeslice_sim.simulator.maxmin.batch import Network, fair_shares

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

AT_CAP = -1
"""The bottleneck of a flow that its own cap stops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Flows over resources, as a sparse matrix in coordinates.

    Entry k says that flow ``flow[k]`` takes ``use[k]`` of resource ``resource[k]`` per unit of its rate. ``cap`` bounds
    each flow's rate (infinity: nothing does); ``weight`` is its share where it competes.
    """

    capacity: Floats
    flow: Indices
    resource: Indices
    use: Floats
    cap: Floats
    weight: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """The rate of each flow, and the resource that holds it back (:data:`AT_CAP`: its own cap)."""

    rate: Floats
    bottleneck: Indices


def max_min(problem: Problem) -> Shares:
    """The weighted max-min fair rates: no flow can gain but by another that has less, per weight.

    All rates grow as ``weight · level`` until a resource is full or a cap is met; what is stopped stays, the rest
    goes on (Bertsekas and Gallager, Data Networks, 6.5.2). Exact but for rounding. Raises :exc:`ValueError` when a
    flow is bounded by nothing.
    """
    used = problem.use > 0.0
    flow, resource, use = problem.flow[used], problem.resource[used], problem.use[used]
    order = np.argsort(flow, kind="stable")
    first = np.concatenate(([0], np.cumsum(np.bincount(flow, minlength=problem.cap.size))))
    network = Network(capacity=problem.capacity, first=first, resource=resource[order], use=use[order])
    rate, bottleneck = fair_shares(network, problem.cap, problem.weight)
    return Shares(rate=rate, bottleneck=bottleneck)


def open_loop(problem: Problem, rounds: int = 64) -> tuple[Floats, Floats]:
    """What remains of traffic that never slows down: the delivered rate of each flow, and each resource's pass share.

    ``cap`` is what each flow offers. Entries stand flow by flow and in path order; what one resource drops does not
    reach the next. A resource that gets more than it can carry drops of every flow the same share (drop-tail FIFO).
    Solved by repeated substitution, which settles as fast as the longest chain of full resources.
    """
    resources = problem.capacity.size
    passed = np.ones(resources)
    entries = np.arange(problem.flow.size)
    position = entries - np.searchsorted(problem.flow, problem.flow, side="left")
    depth = int(position.max()) + 1 if position.size else 0
    for _ in range(rounds):
        rate = problem.cap.astype(np.float64, copy=True)
        arriving = np.zeros(resources)
        for step in range(depth):
            here = position == step
            flow, resource = problem.flow[here], problem.resource[here]
            arriving += np.bincount(resource, weights=problem.use[here] * rate[flow], minlength=resources)
            rate[flow] *= passed[resource]
        with np.errstate(divide="ignore", invalid="ignore"):
            settled = np.where(arriving > problem.capacity, problem.capacity / arriving, 1.0)
        if np.allclose(settled, passed, rtol=1e-12, atol=0.0):
            break
        passed = settled
    return rate if depth else problem.cap.copy(), passed
