"""Many flows in one call: who is done when, under max-min fair sharing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kubeslice_sim.simulator.maxmin import events
from kubeslice_sim.simulator.maxmin.sweep import settle
from kubeslice_sim.simulator.maxmin.tables import Floats, Indices, Tables, allocate


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Resources and routes over them: route i crosses ``resource[first[i]:first[i + 1]]``.

    A unit of a flow's rate takes ``use`` (positive) of each. No route crosses a resource twice.
    """

    capacity: Floats
    first: Indices
    resource: Indices
    use: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Completions:
    """When each flow was done (infinity: never, or not in time), and what that cost the engine.

    ``moved``: how many classes were solved for in all ``solutions`` together.
    """

    end_s: Floats
    solutions: int
    moved: int


def run(
    network: Network,
    starts_s: Floats,
    sizes_bits: Floats,
    routes: Indices,
    *,
    cap_bps: Floats | None = None,
    weight: Floats | None = None,
    until_s: float = np.inf,
) -> Completions:
    """Let every flow start at its time on its route and run until its size is through.

    Rates are weighted max-min fair at every moment. Deterministic: the same input gives the same bytes, however it is
    ordered in time. Raises :exc:`ValueError` for a flow that nothing bounds, or a size, weight or use that is not
    positive.
    """
    weights = np.ones(routes.size) if weight is None else weight.astype(np.float64)
    caps = np.full(routes.size, np.inf) if cap_bps is None else cap_bps / weights
    if np.any(sizes_bits <= 0.0) or np.any(weights <= 0.0) or np.any(network.use <= 0.0):
        raise ValueError("sizes, weights and uses are positive")
    kinds = np.empty(routes.size, dtype=[("route", np.int64), ("cap", np.float64)])
    kinds["route"], kinds["cap"] = routes, caps
    classes, owner = np.unique(kinds, return_inverse=True)
    t = _tables(network, classes["route"], classes["cap"], owner.astype(np.int64), weights)
    order = np.argsort(starts_s, kind="stable").astype(np.int64)
    events.run(*t, order, starts_s.astype(np.float64), sizes_bits.astype(np.float64), until_s)
    state = t.state[0]
    return Completions(
        end_s=np.ascontiguousarray(t.flows["end_s"]), solutions=int(state["solutions"]), moved=int(state["moved"])
    )


def fair_shares(network: Network, cap: Floats, weight: Floats) -> tuple[Floats, Indices]:
    """The max-min fair rate of one endless flow on each route, and the resource that holds it back (-1: its cap).

    Raises :exc:`ValueError` for a flow that nothing bounds.
    """
    each = np.arange(cap.size, dtype=np.int64)
    t = _tables(network, each, cap / weight, each, weight.astype(np.float64))
    for flow in range(cap.size):
        events.arrive(t.resources, t.crossings, t.classes, t.flows, t.state, flow, np.inf, 0.0)
    settle(*t, 0.0)
    # The cap itself, not cap / weight · weight: no rounding where nothing was shared.
    bottleneck = np.ascontiguousarray(t.classes["bottleneck"])
    return np.where(bottleneck < 0, cap, t.classes["level"] * weight), bottleneck


def _tables(network: Network, routes: Indices, cap_level: Floats, owner: Indices, weight: Floats) -> Tables:
    lengths = network.first[routes + 1] - network.first[routes]
    if np.any((lengths == 0) & np.isinf(cap_level)):
        raise ValueError("a flow that crosses no resource needs a finite cap")
    last = np.cumsum(lengths)
    first = last - lengths
    t = allocate(network.capacity.size, int(last[-1]) if last.size else 0, routes.size, owner.size)
    within = np.arange(t.crossings.size) - np.repeat(first, lengths)
    source = np.repeat(network.first[routes], lengths) + within
    t.resources["capacity"] = network.capacity
    t.crossings["resource"], t.crossings["use"] = network.resource[source], network.use[source]
    t.crossings["owner"] = np.repeat(np.arange(routes.size), lengths)
    t.classes["first"], t.classes["last"], t.classes["cap_level"] = first, last, cap_level
    t.flows["owner"], t.flows["weight"] = owner, weight
    return t
