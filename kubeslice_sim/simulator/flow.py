"""Flows on simulated time: rates between changes, bytes by integration, and the queues that full resources build."""

from __future__ import annotations

import random
from typing import Any

import simpy

from kubeslice_sim.simulator.resource import Resources
from kubeslice_sim.simulator.share import Demand, share
from kubeslice_sim.simulator.tcp import CUBIC_BETA, RENO_BETA, Congestion
from kubeslice_sim.simulator.way import ResourceKey

IDLE = Demand(cap_bps=0.0)


class Flow:
    """One stream of payload. ``finished`` succeeds when ``size_bits`` have arrived (None: it has no end)."""

    __slots__ = (
        "_limit_bits", "arrived_bits", "bottleneck", "congestion", "demand", "finished", "rate_bps", "rtt_s",
    )  # fmt: skip

    def __init__(
        self, env: simpy.Environment, *, size_bits: float | None = None, congestion: Congestion | None = None
    ) -> None:
        self.demand = IDLE
        self.congestion = congestion
        self.rtt_s = 0.0
        self.rate_bps = 0.0
        self.arrived_bits = 0.0
        self.bottleneck: ResourceKey | None = None
        self.finished: simpy.Event = env.event()
        self._limit_bits = size_bits

    @property
    def left_bits(self) -> float | None:
        """What is still to arrive."""
        return None if self._limit_bits is None else max(0.0, self._limit_bits - self.arrived_bits)


class Flows:
    """All flows that are under way. Changes of one moment are solved together, once."""

    def __init__(self, env: simpy.Environment, resources: Resources) -> None:
        self._env = env
        self._resources = resources
        self._flows: dict[Flow, None] = {}
        self._since_s = env.now
        self._solving = False
        self._wake_s = float("inf")
        self._full: dict[ResourceKey, list[Flow]] = {}
        self.solved = 0

    def set(self, flow: Flow, demand: Demand, rtt_s: float = 0.0) -> None:
        """Start the flow, or change what it asks."""
        if flow in self._flows and flow.demand == demand and flow.rtt_s == rtt_s:
            return
        self._flows[flow] = None
        flow.demand, flow.rtt_s = demand, rtt_s
        self.touch()

    def stop(self, flow: Flow) -> None:
        """Take the flow away; its count stands."""
        if flow in self._flows:
            self._integrate()
            del self._flows[flow]
            flow.rate_bps, flow.bottleneck = 0.0, None
            self._full = {key: left for key, held in self._full.items() if (left := [f for f in held if f is not flow])}
            self.touch()

    def touch(self) -> None:
        """Something changed (a demand, a capacity): solve once this moment's changes are in."""
        if self._flows and not self._solving:
            self._solving = True
            self._after(0.0, self._solve)

    def arrived_bits(self, flow: Flow) -> float:
        """The payload that has arrived by now."""
        self._integrate()
        return flow.arrived_bits

    @property
    def any_full(self) -> bool:
        """Whether any resource holds a flow back, so that a queue stands before it."""
        return bool(self._full)

    def capacity(self, key: ResourceKey) -> float:
        """What a resource carries, in its own count."""
        return self._resources.capacity(key)

    def queue_s(self, key: ResourceKey, dice: random.Random) -> float:
        """How long a packet that comes now waits before this resource.

        Nothing where it has room. UDP overload fills the buffer. Loss-based TCP moves through its sawtooth: the window
        falls to β of its top and climbs back (Reno linearly, CUBIC by its cube), and what exceeds the path is queued;
        ``dice`` choose the moment in that cycle. BBR keeps the queue about empty (Cardwell et al. 2016).
        """
        held = self._full.get(key)
        if held is None:
            return 0.0
        rtt_s = min(flow.rtt_s for flow in held)
        buffer_s = self._resources.buffer_s(key, rtt_s)
        if any(flow.demand.open_loop for flow in held):
            return buffer_s
        phase = dice.random()
        beta, climb = (CUBIC_BETA, (1.0 - phase) ** 3) if held[0].congestion != "reno" else (RENO_BETA, 1.0 - phase)
        if all(flow.congestion == "bbr" for flow in held):
            return 0.0
        window_s = (rtt_s + buffer_s) * (1.0 - (1.0 - beta) * climb)
        return max(0.0, window_s - rtt_s)

    def _integrate(self) -> None:
        elapsed_s = self._env.now - self._since_s
        if elapsed_s > 0.0:
            for flow in self._flows:
                flow.arrived_bits += flow.rate_bps * elapsed_s
        self._since_s = self._env.now

    def _solve(self, _: Any = None) -> None:
        self._solving = False
        self._integrate()
        self.solved += 1
        flows = tuple(self._flows)
        for flow, grant in zip(flows, share([flow.demand for flow in flows], self._resources.capacity), strict=True):
            flow.rate_bps, flow.bottleneck = grant.rate_bps, grant.bottleneck
        self._full = {}
        for flow in flows:
            if flow.bottleneck is not None:
                self._full.setdefault(flow.bottleneck, []).append(flow)
        self._await_end()

    def _await_end(self) -> None:
        ends = [flow.left_bits / flow.rate_bps for flow in self._flows if flow.left_bits is not None and flow.rate_bps]
        if ends:
            self._wake_s = self._env.now + min(ends)
            self._after(min(ends), self._end)

    def _end(self, _: Any = None) -> None:
        if self._env.now < self._wake_s:
            return  # overtaken by a later solution
        self._integrate()
        for flow in tuple(self._flows):
            # A bit more or less is rounding.
            if flow.left_bits is not None and flow.left_bits < 1.0:
                self.stop(flow)
                flow.finished.succeed()
        self._await_end()

    def _after(self, delay_s: float, call: Any) -> None:
        self._env.timeout(delay_s).callbacks.append(call)
