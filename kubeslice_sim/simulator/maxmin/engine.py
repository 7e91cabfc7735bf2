"""The engine step by step: for a caller who keeps the clock and changes his mind."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from kubeslice_sim.simulator.maxmin import events
from kubeslice_sim.simulator.maxmin.acknowledge import give, settle_all
from kubeslice_sim.simulator.maxmin.tables import Floats, ack_rows, allocate, grown


class Engine:
    """Flows over shared resources, at weighted max-min fair rates.

    Changes (``start``, ``stop``, ``set_capacity``) take effect together at the next ``settle``, which touches only what
    they move. Times never go back. Who ends is asked for: ``next_end_s`` says when, ``end`` does it.
    """

    def __init__(self) -> None:
        self._t = allocate(64, 512, 64, 64)
        self._resources = 0
        self._crossings = 0
        self._routes: list[tuple[tuple[int, ...], tuple[float, ...]]] = []
        self._acks = ack_rows(64)
        self._acks_of: list[tuple[int, int]] = [(0, 0)]  # of each route: where they begin and end; here, the end of all
        self._class_of: dict[tuple[int, float], int] = {}
        self._keys: list[tuple[int, float]] = []  # of each class
        self._idle: dict[int, list[int]] = {}  # by route: classes without flows, to be used again
        self._free: list[int] = []
        self._flows = 0

    def resource(self, capacity: float) -> int:
        """A new resource; its index."""
        index, self._resources = self._resources, self._resources + 1
        if self._resources > self._t.resources.size:
            self._t = grown(self._t, 2 * self._resources, 0, 0, 0)
        self._t.resources["capacity"][index] = self._t.resources["given"][index] = capacity
        return index

    def set_capacity(self, resource: int, capacity: float) -> None:
        """What the resource carries from now on, acknowledgements and all."""
        if self._t.resources["given"][resource] != capacity:
            give(self._t.resources, self._t.state, resource, capacity)

    def renew_capacity(self, resource: int, capacity: float, least: float) -> bool:
        """The same, unless that is no more than ``least`` of a change; whether it is."""
        if abs(self._t.resources["given"][resource] - capacity) <= least:
            return False
        give(self._t.resources, self._t.state, resource, capacity)
        return True

    def route(self, uses: Iterable[tuple[int, float]], acks: Iterable[tuple[int, float]] = ()) -> int:
        """A new route: what a unit of rate takes of which resources; its index.

        ``acks``: what it takes besides, elsewhere. That is taken off before the rest is shared, so a full resource
        there does not hold the flow back.

        Raises :exc:`ValueError` for a use that is not positive.
        """
        crossed, answered = _summed(uses), _summed(acks)
        first = self._acks_of[-1][1]
        last = first + len(answered)
        if last > self._acks.size:
            more = ack_rows(2 * last)
            more[:first], self._acks = self._acks[:first], more
        if answered:
            self._acks["resource"][first:last] = tuple(answered)
            self._acks["use"][first:last] = tuple(answered.values())
        self._routes.append((tuple(crossed), tuple(crossed.values())))
        self._acks_of.append((first, last))
        return len(self._routes) - 1

    def start(
        self, route: int, now_s: float, *, size_bits: float = np.inf, cap_bps: float = np.inf, weight: float = 1.0
    ) -> int:
        """A flow begins; its number, which is good until it has stopped or ended.

        Raises :exc:`ValueError` for a flow that nothing bounds.
        """
        owner = self._class(route, cap_bps / weight)
        if self._free:
            flow = self._free.pop()
        else:
            flow, self._flows = self._flows, self._flows + 1
            if self._flows > self._t.flows.size:
                self._t = grown(self._t, 0, 0, 0, 2 * self._flows)
        t = self._t
        t.flows["owner"][flow], t.flows["weight"][flow] = owner, weight
        events.arrive(t.resources, t.crossings, t.classes, t.flows, t.state, flow, size_bits, now_s)
        return flow

    def stop(self, flow: int) -> None:
        """The flow goes, whatever it has sent."""
        events.depart(self._t.classes, self._t.flows, self._t.state, flow)
        self._forget(flow)

    def settle(self, now_s: float) -> None:
        """Rates are fair again after this moment's changes."""
        settle_all(*self._t, self._acks, now_s)

    def next_end_s(self) -> float:
        """When the next flow ends if nothing changes; infinity if none does."""
        return float(events.next_end_s(self._t.classes, self._t.state))

    def end(self, now_s: float) -> list[int]:
        """End the flows whose time has come, and say which; rates follow at ``settle``."""
        events.end(self._t.classes, self._t.flows, self._t.state, now_s)
        ended, flow = [], int(self._t.state["ended"][0])
        while flow >= 0:
            ended.append(flow)
            flow = int(self._t.flows["next_ended"][flow])
        for flow in ended:
            self._forget(flow)
        return sorted(ended)

    def rate_bps(self, flow: int) -> float:
        """The flow's rate since the last ``settle``."""
        owner = self._t.classes[self._t.flows["owner"][flow]]
        return float(owner["level"] * self._t.flows["weight"][flow])

    def bottleneck(self, flow: int) -> int:
        """The resource that holds it back; -1: its own cap."""
        return int(self._t.classes["bottleneck"][self._t.flows["owner"][flow]])

    def group(self, flow: int) -> int:
        """The class of flows that it rises and falls with."""
        return int(self._t.flows["owner"][flow])

    def load(self, resource: int) -> float:
        """What flows take of a resource, without acknowledgements."""
        return float(self._t.resources["load"][resource])

    def loads(self) -> Floats:
        """What flows take of all resources, acknowledgements and all."""
        rows = self._t.resources[: self._resources]
        found: Floats = rows["load"] + rows["acks"]
        return found

    def route_of(self, group: int) -> int:
        """The route of a class."""
        return int(self._t.classes["route"][group])

    def bottleneck_of(self, group: int) -> int:
        """The resource that holds a class back; -1: its cap."""
        return int(self._t.classes["bottleneck"][group])

    def group_rate_bps(self, group: int) -> float:
        """The rate of all flows of the class together."""
        return float(self._t.classes["rate"][group])

    def full(self) -> list[int]:
        """The resources that hold flows back."""
        return np.flatnonzero(self._t.resources["held"][: self._resources] >= 0).tolist()

    def holding(self, resources: list[int]) -> list[bool]:
        """Which of these hold flows back."""
        return [bool(holds) for holds in self._t.resources["held"][resources] >= 0]

    def held_by(self, resource: int) -> list[int]:
        """The classes that a resource holds back."""
        return np.flatnonzero(self._t.classes["bottleneck"][: len(self._keys)] == resource).tolist()

    def sent_bits(self, flow: int, now_s: float) -> float:
        """What the flow has sent since its start."""
        row = self._t.flows[flow]
        owner = self._t.classes[row["owner"]]
        work = owner["work"] + owner["level"] * (now_s - owner["since"])
        return float((work - row["start"]) * row["weight"])

    @property
    def solutions(self) -> int:
        """How often rates were made fair."""
        return int(self._t.state["solutions"][0])

    @property
    def moved(self) -> int:
        """How many classes of flows were solved for, in all solutions together."""
        return int(self._t.state["moved"][0])

    def _class(self, route: int, cap_level: float) -> int:
        key = (route, cap_level)
        known = self._class_of.get(key)
        if known is not None:
            return known
        (crossed, uses), idle = self._routes[route], self._idle.get(route)
        if not uses and cap_level == np.inf:
            raise ValueError("a flow that crosses no resource needs a finite cap")
        if idle:
            owner = idle.pop()
            self._keys[owner] = key
        else:
            owner, first = len(self._keys), self._crossings
            self._keys.append(key)
            self._crossings += len(uses)
            if len(self._keys) > self._t.classes.size or self._crossings > self._t.crossings.size:
                self._t = grown(self._t, 0, 2 * self._crossings, 2 * len(self._keys), 0)
            row, own = self._t.classes[owner], self._t.crossings[first : self._crossings]
            row["route"], row["first"], row["last"] = route, first, self._crossings
            row["first_ack"], row["last_ack"] = self._acks_of[route + 1]
            own["resource"], own["use"], own["owner"] = crossed, uses, owner
        self._t.classes["cap_level"][owner] = cap_level
        self._class_of[key] = owner
        return owner

    def _forget(self, flow: int) -> None:
        self._free.append(flow)
        owner = int(self._t.flows["owner"][flow])
        if self._t.classes["members"][owner] == 0 and self._class_of.pop(self._keys[owner], None) is not None:
            self._idle.setdefault(self._keys[owner][0], []).append(owner)


def _summed(uses: Iterable[tuple[int, float]]) -> dict[int, float]:
    total: dict[int, float] = {}
    for resource, use in uses:
        if not use > 0.0:
            raise ValueError(f"a flow takes something of what it crosses, not {use} of resource {resource}")
        total[resource] = total.get(resource, 0.0) + use
    return total
