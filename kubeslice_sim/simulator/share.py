"""Sharing: what every flow gets when some slow down for others and some do not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from kubeslice_sim.simulator.encapsulation import SEGMENTS_PER_ACK, TCP_ACK, TUNNEL_MTU, Load, tcp_segment, weight
from kubeslice_sim.simulator.fluid import AT_CAP, Floats, Indices, Problem, Shares, max_min, open_loop
from kubeslice_sim.simulator.way import ResourceKey, Way

Uses = tuple[tuple[ResourceKey, float], ...]
"""What one payload bit takes of each resource, in path order."""
_ACK_PASSES = 12
_ACK_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """One flow's wish. ``open_loop``: it offers ``cap_bps`` whatever happens (UDP), else it takes its fair share."""

    uses: Uses = ()
    acks: Uses = ()
    cap_bps: float
    weight: float = 1.0
    open_loop: bool = False
    payload_bytes: int = tcp_segment(TUNNEL_MTU).payload_bytes
    """What a datagram carries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What it gets: payload that arrives, and the resource that holds it back (None: its own cap)."""

    rate_bps: float
    bottleneck: ResourceKey | None


def uses_of(way: Way, load: Load, *, resend: bool = True) -> Uses:
    """What a payload bit in units of ``load`` takes along ``way``; ``resend``: what is lost is sent again (TCP)."""
    sent = 1.0 / max(1e-6, 1.0 - way.loss) if resend else 1.0
    scale = sent / (8.0 * load.payload_bytes)
    return tuple((stage.resource, scale * weight(load, stage.count, stage.vpn)) for stage in way.stages)


def spread(all_uses: Sequence[Uses]) -> Uses:
    """What a payload bit takes that goes over several ways in turn, from what it takes of each."""
    if len(all_uses) == 1:
        return all_uses[0]
    total: dict[ResourceKey, float] = {}
    for uses in all_uses:
        for key, use in uses:
            total[key] = total.get(key, 0.0) + use / len(all_uses)
    return tuple(total.items())


def acks_of(way: Way, payload_bytes: int) -> Uses:
    """What the acknowledgements of a payload bit, sent in segments of this payload, take along the way back."""
    scale = 1.0 / (8.0 * payload_bytes * SEGMENTS_PER_ACK)
    return tuple((stage.resource, scale * weight(TCP_ACK, stage.count, stage.vpn)) for stage in way.stages)


def share(demands: Sequence[Demand], capacity_of: Callable[[ResourceKey], float]) -> tuple[Grant, ...]:
    """The rates of all flows, in their order.

    First what does not slow down (drop-tail at every full resource), then the others max-min fair in what is left;
    what they keep where nothing is left is :mod:`~kubeslice_sim.simulator.overload`'s.
    Acknowledgements take their room, but the fairness is between payloads: a reverse path full of data does not pull
    a forward flow down to its level. Raises :exc:`ValueError` for a flow without a cap that crosses nothing.
    """
    index: dict[ResourceKey, int] = {}
    for demand in demands:
        for key, _ in (*demand.uses, *demand.acks):
            index.setdefault(key, len(index))
    keys = tuple(index)
    capacity = np.array([capacity_of(key) for key in keys], dtype=np.float64)
    grants: dict[int, Grant] = {}

    udp = [i for i, demand in enumerate(demands) if demand.open_loop]
    if udp:
        problem = problem_of([demands[i] for i in udp], index, capacity)
        delivered, passed = open_loop(problem)
        for place, i in enumerate(udp):
            full = min(demands[i].uses, key=lambda use: passed[index[use[0]]], default=None)
            worst = full[0] if full and passed[index[full[0]]] < 1.0 else None
            grants[i] = Grant(rate_bps=float(delivered[place]), bottleneck=worst)
        capacity = np.maximum(capacity - carried(problem, passed), 0.0)

    tcp = [i for i, demand in enumerate(demands) if not demand.open_loop]
    if tcp:
        closed = [demands[i] for i in tcp]
        shares = _with_acks(closed, index, capacity)
        for place, i in enumerate(tcp):
            stop = int(shares.bottleneck[place])
            bottleneck = None if stop == AT_CAP else keys[stop]
            grants[i] = Grant(rate_bps=float(shares.rate[place]), bottleneck=bottleneck)
    return tuple(grants[i] for i in range(len(demands)))


def _with_acks(demands: Sequence[Demand], index: dict[ResourceKey, int], capacity: Floats) -> Shares:
    """Max-min fair rates beside their own acknowledgements, by repeated substitution (each pass errs 7 times less)."""
    problem = problem_of(demands, index, capacity)
    flow, resource, use = _entries([demand.acks for demand in demands], index)
    shares = max_min(problem)
    for _ in range(_ACK_PASSES if flow.size else 0):
        data = np.bincount(problem.resource, weights=problem.use * shares.rate[problem.flow], minlength=capacity.size)
        acks = np.bincount(resource, weights=use * shares.rate[flow], minlength=capacity.size)
        if np.all(np.abs(data + acks - capacity) <= _ACK_TOLERANCE * capacity) or (
            problem.capacity is capacity and np.all(data + acks <= capacity * (1.0 + _ACK_TOLERANCE))
        ):
            break
        left = np.maximum(capacity - acks, 0.5 * capacity)
        if np.allclose(left, problem.capacity, rtol=_ACK_TOLERANCE, atol=0.0):
            break
        problem = replace(problem, capacity=left)
        shares = max_min(problem)
    return shares


def _entries(all_uses: Sequence[Uses], index: dict[ResourceKey, int]) -> tuple[Indices, Indices, Floats]:
    triples = [(i, index[key], use) for i, uses in enumerate(all_uses) for key, use in uses]
    columns = tuple(zip(*triples, strict=True)) if triples else ((), (), ())
    return (
        np.array(columns[0], dtype=np.intp),
        np.array(columns[1], dtype=np.intp),
        np.array(columns[2], dtype=np.float64),
    )


def problem_of(demands: Sequence[Demand], index: dict[ResourceKey, int], capacity: Floats) -> Problem:
    """The demands without their acknowledgements, as arrays."""
    flow, resource, use = _entries([demand.uses for demand in demands], index)
    return Problem(
        capacity=capacity,
        flow=flow,
        resource=resource,
        use=use,
        cap=np.array([demand.cap_bps for demand in demands], dtype=np.float64),
        weight=np.array([demand.weight for demand in demands], dtype=np.float64),
    )


def carried(problem: Problem, passed: Floats) -> Floats:
    """What open-loop flows really take of each resource, if it passes these shares."""
    taken = np.zeros(problem.capacity.size)
    rate = problem.cap.copy()
    for flow, resource, use in zip(problem.flow.tolist(), problem.resource.tolist(), problem.use.tolist(), strict=True):
        rate[flow] *= passed[resource]
        taken[resource] += use * rate[flow]
    return taken


def dropped(demands: Sequence[Demand], index: dict[ResourceKey, int], passed: Floats) -> Floats:
    """How many datagrams a second each resource drops of open-loop demands, if it passes these shares."""
    lost = np.zeros(passed.size)
    for demand in demands:
        rate = demand.cap_bps / (8.0 * demand.payload_bytes)
        for key, use in demand.uses:
            if use > 0.0:
                lost[index[key]] += rate * (1.0 - passed[index[key]])
                rate *= passed[index[key]]
    return lost
