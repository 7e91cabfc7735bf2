"""Fairness: who gets what, kept right from change to change; :func:`share` says the same of one moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from kubeslice_sim.simulator.fluid import Floats, open_loop
from kubeslice_sim.simulator.maxmin.engine import Engine
from kubeslice_sim.simulator.share import Demand, Uses, carried, dropped, problem_of
from kubeslice_sim.simulator.way import ResourceKey


class _Sent(NamedTuple):
    """A flow of datagrams: what it asks and gets, what holds it back most, and all that drops of it."""

    demand: Demand
    rate_bps: float = 0.0
    bottleneck: ResourceKey | None = None
    overflows: tuple[ResourceKey, ...] = ()


class Fairness:
    """The rates of all flows under :func:`share`'s rules; a change costs what it moves.

    Flows are numbered by :meth:`start`. Rates are those of the last :meth:`settle`.
    """

    def __init__(self, capacity_of: Callable[[ResourceKey], float]) -> None:
        self._capacity_of = capacity_of
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
            for key, _ in demand.uses:
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

    def datagrams(self) -> list[Demand]:
        """What is offered without regard to losses."""
        return [sent.demand for sent in self._datagrams.values()]

    def overrun(self) -> frozenset[ResourceKey]:
        """The resources that datagrams alone fill."""
        return frozenset(key for sent in self._datagrams.values() for key in sent.overflows)

    def passed(self, key: ResourceKey) -> float:
        """The share of the datagrams that come to a resource that passes it."""
        return self._passed.get(key, 1.0)

    def keep(self, kept: dict[ResourceKey, float]) -> None:
        """Datagrams leave this much of each resource to the others, though they would take it; settle afterwards."""
        if kept != self._kept:
            self._kept, self._stale = kept, True

    def taken(self, key: ResourceKey) -> float:
        """What closed-loop flows take of a resource, in its own count."""
        return self._engine.load(self._index[key])

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
        """What holds a closed-loop group back (None: its flows' own cap)."""
        index = self._engine.bottleneck_of(group)
        return None if index < 0 else self._keys[index]

    def rate_bps(self, flow: int) -> float:
        """What of the flow's payload arrives."""
        return self._datagrams[flow].rate_bps if flow < 0 else self._engine.rate_bps(flow)

    def bottleneck(self, flow: int) -> ResourceKey | None:
        """What holds it back (None: its own cap)."""
        if flow < 0:
            return self._datagrams[flow].bottleneck
        index = self._engine.bottleneck(flow)
        return None if index < 0 else self._keys[index]

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
            return self._capacity_of(key)
        except KeyError:
            return 0.0  # its device is gone

    def _resource(self, key: ResourceKey) -> int:
        known = self._index.get(key)
        if known is None:
            capacity = self._capacity_of(key)
            known = self._index[key] = self._engine.resource(capacity)
            self._keys.append(key)
            self._given.append(capacity)
        return known

    def _route(self, demand: Demand) -> int:
        key = (demand.uses, demand.acks)
        known = self._routes.get(key)
        if known is None:
            known = self._routes[key] = self._engine.route(
                [(self._resource(crossed), use) for crossed, use in demand.uses if use > 0.0],
                [(self._resource(crossed), use) for crossed, use in demand.acks if use > 0.0],
            )
            self._uses.append(demand.uses)
        return known

    def _serve_datagrams(self) -> None:
        demands = self.datagrams()
        if not demands:
            self._carried = self._dropped = np.zeros(0)
            self._give(self._given)
            return
        given = np.array(self._given, dtype=np.float64)
        problem = problem_of(demands, self._index, given)
        delivered, passed = open_loop(problem)
        alone = passed
        if self._kept:
            kept = np.array([self._kept.get(key, 0.0) for key in self._keys])
            delivered, passed = open_loop(problem_of(demands, self._index, np.maximum(given - kept, 0.0)))
        self._passed = {key: float(passed[self._index[key]]) for demand in demands for key, _ in demand.uses}
        for place, flow in enumerate(self._datagrams):
            shares = {key: float(passed[self._index[key]]) for key, use in demands[place].uses if use > 0.0}
            # Each of them stands full: what the first lets through may be too much for the next, in longer frames.
            overflows = tuple(key for key in shares if alone[self._index[key]] < 1.0)
            worst = min(shares, key=shares.__getitem__, default=None)
            worst = worst if worst is not None and shares[worst] < 1.0 else None
            self._datagrams[flow] = _Sent(demands[place], float(delivered[place]), worst, overflows)
        self._carried, self._dropped = carried(problem, passed), dropped(demands, self._index, passed)
        self._give(np.maximum(given - self._carried, 0.0).tolist())

    def _give(self, rest: list[float]) -> None:
        """What datagrams leave is for the others."""
        for resource, capacity in enumerate(rest):
            self._engine.set_capacity(resource, capacity)
