"""Fairness: who gets what, kept right from change to change; :func:`share` says the same of one moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from kubeslice_sim.simulator.fluid import Floats, Problem, open_loop
from kubeslice_sim.simulator.lane import lanes_of, rooms, trunk_of
from kubeslice_sim.simulator.maxmin.engine import Engine
from kubeslice_sim.simulator.share import Demand, Uses, carried, dropped, problem_of
from kubeslice_sim.simulator.way import ResourceKey

_PASSES = 64
_CLOSE = 1e-10
"""Lanes are balanced to this share of what they belong to."""
_FILLS = 8
"""What one resource drops of datagrams does not reach the next: so often lanes are filled anew with what does."""


class _Sent(NamedTuple):
    """A flow of datagrams: what it asks and gets, what holds it back most, and all that drops of it."""

    demand: Demand
    rate_bps: float = 0.0
    bottleneck: ResourceKey | None = None
    overflows: tuple[ResourceKey, ...] = ()


class Fairness:
    """The rates of all flows under :func:`share`'s rules; a change costs what it moves.

    Where a resource keeps lanes apart (:mod:`~kubeslice_sim.simulator.lane`), it is shared between these first, and
    then between the flows of each. ``floor_of``: what a lane gets before others share the rest. What this tells is told
    by lane, unless it says otherwise. Flows are numbered by :meth:`start`. Rates are those of the last :meth:`settle`.
    """

    def __init__(
        self, capacity_of: Callable[[ResourceKey], float], floor_of: Callable[[ResourceKey], float] = lambda lane: 0.0
    ) -> None:
        self._capacity_of = capacity_of
        self._floor_of = floor_of
        self._lanes: dict[ResourceKey, list[int]] = {}
        """By what they belong to."""
        self._shared: list[tuple[ResourceKey, list[int]]] = []
        """Of what has several."""
        self._engine = Engine()
        self._keys: list[ResourceKey] = []
        self._index: dict[ResourceKey, int] = {}
        self._given: list[float] = []
        self._routes: dict[tuple[Uses, Uses], int] = {}
        self._datagrams: dict[int, _Sent] = {}
        """Under negative numbers."""
        self._uses: list[Uses] = []
        """Of each route."""
        self._kept: dict[ResourceKey, float] = {}
        self._passed: dict[ResourceKey, float] = {}
        self._carried = self._dropped = np.zeros(0)
        self._told = 0
        self._stale = False

    def start(self, demand: Demand, now_s: float, size_bits: float = np.inf) -> int:
        """A flow begins; ``size_bits``: what it has to send, unless it is open-loop. Its number.

        Raises :exc:`ValueError` for a closed-loop flow that nothing bounds.
        """
        if demand.open_loop:
            self._told -= 1
            self._datagrams[self._told] = _Sent(demand)
            self._stale = True
            for key in lanes_of(key for key, _ in demand.uses):
                self._resource(key)
            return self._told
        return self._engine.start(
            self._route(demand), now_s, size_bits=size_bits, cap_bps=demand.cap_bps, weight=demand.weight
        )

    def stop(self, flow: int) -> None:
        """The flow goes."""
        if flow < 0:
            del self._datagrams[flow]
            self._stale = True
        else:
            self._engine.stop(flow)

    def reread(self) -> None:
        """Capacities may have changed."""
        given = [self._capacity(key) for key in self._keys]
        if given != self._given:
            self._given, self._stale = given, True

    def next_end_s(self) -> float:
        """When the next flow has sent its size, if nothing changes."""
        return self._engine.next_end_s()

    def end(self, now_s: float) -> list[int]:
        """End the flows that have sent their size by now, and say which; settle afterwards."""
        return self._engine.end(now_s)

    def settle(self, now_s: float) -> None:
        """Make all rates right after this moment's changes."""
        if self._stale:
            self._stale = False
            self._serve_datagrams()
        self._engine.settle(now_s)
        if self._shared:
            self._balance(now_s)

    def datagrams(self) -> list[Demand]:
        """What is offered without regard to losses."""
        return [sent.demand for sent in self._datagrams.values()]

    def overrun(self) -> frozenset[ResourceKey]:
        """The resources that datagrams alone fill, or lanes of which they do."""
        return frozenset(trunk_of(key) for sent in self._datagrams.values() for key in sent.overflows)

    def passed(self, key: ResourceKey) -> float:
        """The share of the datagrams that come to a resource that passes it (the least of its lanes)."""
        return self._passed.get(key, 1.0)

    def keep(self, kept: dict[ResourceKey, float]) -> None:
        """Datagrams leave so much of whole resources to the others, though they would take it; settle afterwards."""
        if kept != self._kept:
            self._kept, self._stale = kept, True

    def taken(self, key: ResourceKey) -> float:
        """What closed-loop flows take of a whole resource, in its own count."""
        return sum(self._engine.load(index) for index in self._lanes[key])

    def passing(self, key: ResourceKey) -> float:
        """What of everything passes a resource, in its own count."""
        index = self._index[key]
        return self._engine.load(index) + (float(self._carried[index]) if index < self._carried.size else 0.0)

    def loads(self) -> tuple[list[ResourceKey], Floats, Floats]:
        """All resources, what passes each of them now, and how many datagrams a second they drop (the newest may be
        missing there)."""
        loads = self._engine.loads()
        loads[: self._carried.size] += self._carried
        return self._keys, loads, self._dropped

    def group_uses(self, group: int) -> Uses:
        """What a payload bit of a closed-loop group takes of each resource."""
        return self._uses[self._engine.route_of(group)]

    def group_bottleneck(self, group: int) -> ResourceKey | None:
        """The whole resource that holds a closed-loop group back (None: its flows' own cap)."""
        index = self._engine.bottleneck_of(group)
        return None if index < 0 else trunk_of(self._keys[index])

    def rate_bps(self, flow: int) -> float:
        """What of the flow's payload arrives."""
        return self._datagrams[flow].rate_bps if flow < 0 else self._engine.rate_bps(flow)

    def bottleneck(self, flow: int) -> ResourceKey | None:
        """The whole resource that holds it back (None: its own cap)."""
        if flow < 0:
            return self._datagrams[flow].bottleneck
        index = self._engine.bottleneck(flow)
        return None if index < 0 else trunk_of(self._keys[index])

    def group(self, flow: int) -> int:
        """Who the flow rises and falls with: flows of one group have one level and one bottleneck."""
        return flow if flow < 0 else self._engine.group(flow)

    def group_rate_bps(self, group: int) -> float:
        """What of all payload of the group arrives."""
        return self._datagrams[group].rate_bps if group < 0 else self._engine.group_rate_bps(group)

    def full(self) -> frozenset[ResourceKey]:
        """The resources that hold flows back, or drop what they do not slow down."""
        closed = {self._keys[index] for index in self._engine.full()}
        return frozenset(closed.union(*(sent.overflows for sent in self._datagrams.values())))

    def held_by(self, key: ResourceKey) -> list[int]:
        """The groups of flows that a resource holds back, or drops of."""
        index = self._index.get(key)
        groups = [] if index is None else self._engine.held_by(index)
        return groups + [flow for flow, sent in self._datagrams.items() if key in sent.overflows]

    def sent_bits(self, flow: int, now_s: float) -> float:
        """What a closed-loop flow has sent since its start."""
        return self._engine.sent_bits(flow, now_s)

    def _capacity(self, key: ResourceKey) -> float:
        try:
            return self._capacity_of(trunk_of(key))
        except KeyError:
            return 0.0  # its device is gone

    def _resource(self, key: ResourceKey) -> int:
        known = self._index.get(key)
        if known is None:
            trunk = trunk_of(key)
            capacity = self._capacity_of(trunk)
            known = self._index[key] = self._engine.resource(capacity)
            self._keys.append(key)
            self._given.append(capacity)
            lanes = self._lanes.setdefault(trunk, [])
            lanes.append(known)
            if len(lanes) == 2:
                self._shared.append((trunk, lanes))
        return known

    def _route(self, demand: Demand) -> int:
        key = (demand.uses, demand.acks)
        known = self._routes.get(key)
        if known is None:
            known = self._routes[key] = self._engine.route(
                [(self._resource(crossed), use) for crossed, use in _in_lanes(demand.uses) if use > 0.0],
                [(self._resource(crossed), use) for crossed, use in _in_lanes(demand.acks) if use > 0.0],
            )
            self._uses.append(demand.uses)
        return known

    def _serve_datagrams(self) -> None:
        demands = self.datagrams()
        if not demands:
            self._carried = self._dropped = np.zeros(0)
            self._give(self._given)
            return
        demands = [replace(demand, uses=_in_lanes(demand.uses)) for demand in demands]
        problem = problem_of(demands, self._index, np.array(self._given, dtype=np.float64))
        delivered, passed = self._fill(problem, {})
        alone = passed
        if self._kept:
            delivered, passed = self._fill(problem, self._kept)
        self._passed = {}
        for key in (key for demand in demands for key, _ in demand.uses):
            share = float(passed[self._index[key]])
            self._passed[key] = self._passed[trunk_of(key)] = min(share, self._passed.get(trunk_of(key), 1.0))
        for place, flow in enumerate(self._datagrams):
            shares = {key: float(passed[self._index[key]]) for key, use in demands[place].uses if use > 0.0}
            # Each of them stands full: what the first lets through may be too much for the next, in longer frames.
            overflows = tuple(key for key in shares if alone[self._index[key]] < 1.0)
            worst = min(shares, key=shares.__getitem__, default=None)
            worst = trunk_of(worst) if worst is not None and shares[worst] < 1.0 else None
            self._datagrams[flow] = _Sent(self._datagrams[flow].demand, float(delivered[place]), worst, overflows)
        self._carried, self._dropped = carried(problem, passed), dropped(demands, self._index, passed)
        self._give(np.maximum(np.array(self._given) - self._carried, 0.0).tolist())

    def _fill(self, problem: Problem, kept: dict[ResourceKey, float]) -> tuple[Floats, Floats]:
        """What is delivered of each flow of datagrams, and what share each lane passes, if so much is kept for others.

        Lanes share what they belong to by what comes to each of them.
        """
        room = np.array(
            [max(0.0, given - kept.get(trunk_of(key), 0.0)) for key, given in zip(self._keys, self._given, strict=True)]
        )
        whole = room.copy()
        delivered, passed = open_loop(replace(problem, capacity=room))
        for _ in range(_FILLS if self._shared else 0):
            come = carried(problem, passed) / np.maximum(passed, 1e-12)
            before = room.copy()
            for trunk, lanes in self._shared:
                wants = {self._keys[lane]: float(come[lane]) for lane in lanes if come[lane] > 0.0}
                if len(wants) > 1:
                    for key, most in self._rooms(trunk, wants, float(whole[lanes[0]])).items():
                        room[self._index[key]] = most
            if np.allclose(room, before, rtol=1e-9, atol=0.0):
                break
            delivered, passed = open_loop(replace(problem, capacity=room))
        return delivered, passed

    def _balance(self, now_s: float) -> None:
        """Give lanes room until each has what it wants, or as much as any other that wants more."""
        for _ in range(_PASSES):
            load, changed = self._engine.loads(), False
            load[: self._carried.size] += self._carried
            for trunk, lanes in self._shared:
                held = self._engine.holding(lanes)
                whole = self._given[lanes[0]]
                if not any(held) and load[lanes].sum() <= whole * (1.0 + _CLOSE):
                    continue
                wants = {
                    self._keys[lane]: np.inf if stopped else float(load[lane])
                    for lane, stopped in zip(lanes, held, strict=True) if stopped or load[lane] > 0.0
                }  # fmt: skip
                for key, most in self._rooms(trunk, wants, whole).items():
                    lane = self._index[key]
                    beside = float(self._carried[lane]) if lane < self._carried.size else 0.0
                    changed |= self._engine.renew_capacity(lane, max(0.0, most - beside), _CLOSE * whole)
            if not changed:
                return
            self._engine.settle(now_s)

    def _rooms(self, trunk: ResourceKey, wants: dict[ResourceKey, float], whole: float) -> dict[ResourceKey, float]:
        floors = {key: np.inf if key == trunk else self._floor_of(key) for key in wants}
        return rooms(wants, whole, floors)

    def _give(self, rest: list[float]) -> None:
        """What datagrams leave is for the others."""
        for resource, capacity in enumerate(rest):
            self._engine.set_capacity(resource, capacity)


def _in_lanes(uses: Uses) -> Uses:
    """The same uses, of lanes."""
    lanes = lanes_of(key for key, _ in uses)
    return tuple((lane, use) for lane, (_, use) in zip(lanes, uses, strict=True))
