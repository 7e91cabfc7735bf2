"""Flows on simulated time: rates between changes, bytes by integration, and the queues that full resources build."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import numpy as np
import simpy

from kubeslice_sim.simulator.fairness import Fairness
from kubeslice_sim.simulator.lane import lanes_of, trunk_of
from kubeslice_sim.simulator.overload import Filler
from kubeslice_sim.simulator.queues import Queues
from kubeslice_sim.simulator.resource import Resources, resource_name
from kubeslice_sim.simulator.share import Demand, Uses
from kubeslice_sim.simulator.tcp import Congestion, competing_weight
from kubeslice_sim.simulator.way import ResourceKey

IDLE = Demand(cap_bps=0.0)
_LEAST_BITS = 1.0
"""Less than this is rounding."""
_ROUNDS = 8
_SAME = 0.02
"""Weights are not renewed for a queue that has moved by less than this of itself."""


class Flow:
    """One stream of payload. ``finished`` succeeds when ``size_bits`` have arrived (None: it has no end)."""

    __slots__ = (
        "before_bits",
        "congestion",
        "demand",
        "fairness",
        "finished",
        "group",
        "number",
        "rtt_s",
        "since_s",
        "size_bits",
        "weight",
        "window_bits",
    )

    def __init__(
        self, env: simpy.Environment, *, size_bits: float | None = None, congestion: Congestion | None = None
    ) -> None:
        self.demand = IDLE
        self.congestion = congestion
        self.rtt_s = 0.0
        self.weight = 1.0
        """How it fares against others, by the round trip that it sees with all queues on its way."""
        self.window_bits = float("inf")
        self.finished: simpy.Event = env.event()
        self.size_bits = float("inf") if size_bits is None else size_bits
        self.before_bits = 0.0
        """What had arrived by ``since_s``."""
        self.since_s = 0.0
        self.fairness: Fairness | None = None
        """Where it sends under ``number`` since then; None: it does not."""
        self.number = 0
        self.group = 0
        """Whom it rises and falls with there."""

    @property
    def sender(self) -> Filler:
        """What kind of sender fills the queue before its bottleneck."""
        congestion = None if self.demand.open_loop else self.congestion or "cubic"
        return Filler(congestion, self.rtt_s, self.window_bits)

    @property
    def rate_bps(self) -> float:
        """Its rate since the last solution."""
        return 0.0 if self.fairness is None else self.fairness.rate_bps(self.number)

    @property
    def bottleneck(self) -> ResourceKey | None:
        """What holds it back (None: its own cap, or it does not send)."""
        return None if self.fairness is None else self.fairness.bottleneck(self.number)

    @property
    def held_by(self) -> str:
        """The name of that; nothing where there is none."""
        key = self.bottleneck
        return "" if key is None else resource_name(key)

    def arrived_bits(self, now_s: float) -> float:
        """The payload that has arrived by now."""
        if self.fairness is None:
            return self.before_bits
        if self.demand.open_loop:
            return self.before_bits + self.rate_bps * (now_s - self.since_s)
        return min(self.size_bits, self.before_bits + self.fairness.sent_bits(self.number, now_s))

    def count(self, now_s: float) -> None:
        """Begin to count anew from here."""
        self.before_bits, self.since_s = self.arrived_bits(now_s), now_s


class Flows:
    """All flows that are under way. Changes of one moment are solved together, once."""

    def __init__(self, env: simpy.Environment, resources: Resources) -> None:
        self._env = env
        self._resources = resources
        self._fairness = Fairness(resources.capacity, resources.floor)
        self._queues = Queues(resources, self._fairness)
        self._flows: dict[Flow, None] = {}
        self._numbers: dict[int, Flow] = {}
        self._open: dict[int, Flow] = {}
        """Those of them that nothing slows down."""
        self._solving = False
        self._wake_s = float("inf")
        self._waits: dict[ResourceKey, float] = {}
        """The queues that weights are counted with."""
        self._seen: dict[ResourceKey, float] = {}
        """What stood there when they were."""
        self._overrun: frozenset[ResourceKey] = frozenset()
        self._flooded: simpy.Event | None = None
        self._work = self._dropped = np.zeros(0)
        self._worked_s = 0.0

    def set(self, flow: Flow, demand: Demand, rtt_s: float = 0.0, window_bits: float = float("inf")) -> None:
        """Start the flow, or change what it asks; ``window_bits``: the payload that it has under way at most.

        What it weighs against others follows from ``rtt_s`` and the queues on its way, and is kept right with them.
        """
        asked = (rtt_s, window_bits)
        if flow in self._flows and (flow.rtt_s, flow.window_bits) == asked and flow.demand == demand:
            return
        self._halt(flow)
        self._flows[flow] = None
        flow.demand, flow.rtt_s, flow.window_bits = demand, rtt_s, window_bits
        if demand.cap_bps > 0.0 and flow.size_bits - flow.before_bits >= _LEAST_BITS:
            self._begin(flow, self._weight(flow))
        self._solve_soon()

    def stop(self, flow: Flow) -> None:
        """Take the flow away; its count stands."""
        if flow in self._flows:
            self._halt(flow)
            del self._flows[flow]
            self._solve_soon()

    def touch(self) -> None:
        """A capacity may have changed: solve once this moment's changes are in."""
        self._fairness.reread()
        self._solve_soon()

    def arrived_bits(self, flow: Flow) -> float:
        """The payload that has arrived by now."""
        return flow.arrived_bits(self._env.now)

    def capacity(self, key: ResourceKey) -> float:
        """What a resource carries, in its own count."""
        return self._resources.capacity(key)

    @property
    def any_full(self) -> bool:
        """Whether any resource holds a flow back, so that a queue stands before it."""
        return self._queues.any_full

    def queue_s(self, key: ResourceKey, dice: random.Random) -> float:
        """How long a packet that comes now waits in this lane; ``dice`` choose the moment of its cycle."""
        return self._queues.queue_s(key, dice)

    def mean_queue_s(self, key: ResourceKey) -> float:
        """The same on average, before one flow; of a whole resource: in the lane in which it is longest."""
        return self._queues.mean_queue_s(key)

    @property
    def flooded(self) -> simpy.Event:
        """Succeeds when datagrams overrun other queues than before; ask anew each time."""
        if self._flooded is None:
            self._flooded = self._env.event()
        return self._flooded

    def flooded_s(self, uses: Uses) -> float:
        """How long the queues are that datagrams alone keep full on a way."""
        return self._queues.flooded_s(uses) if self._overrun else 0.0

    def answered(self, acks: Uses) -> float:
        """The chance that an acknowledgement gets through the queues that datagrams overrun on its way."""
        return self._queues.answered(acks) if self._overrun else 1.0

    def _begin(self, flow: Flow, weight: float) -> None:
        demand, left_bits = replace(flow.demand, weight=weight), flow.size_bits - flow.before_bits
        flow.number, flow.since_s = self._fairness.start(demand, self._env.now, left_bits), self._env.now
        flow.fairness, flow.weight = self._fairness, weight
        self._numbers[flow.number] = flow
        if demand.open_loop:
            self._open[flow.number] = flow
        flow.group = self._fairness.group(flow.number)
        self._queues.enter(flow.group, flow.sender)

    def _weight(self, flow: Flow) -> float:
        demand, rtt_s = flow.demand, flow.rtt_s
        if demand.open_loop or not rtt_s > 0.0:
            return demand.weight
        if self._waits:
            rtt_s += sum(self._waits.get(lane, 0.0) for lane in lanes_of(key for key, _ in demand.uses))
        return demand.weight * competing_weight(flow.congestion or "cubic", rtt_s)

    def _halt(self, flow: Flow) -> None:
        flow.count(self._env.now)
        if flow.fairness is not None:
            flow.fairness = None
            del self._numbers[flow.number]
            self._open.pop(flow.number, None)
            self._queues.leave(flow.group, flow.sender)
            self._fairness.stop(flow.number)

    def _solve_soon(self) -> None:
        if not self._solving:
            self._solving = True
            self._after(0.0, self._solve)

    def work_done(self) -> list[tuple[ResourceKey, float, float]]:
        """Of every resource that was ever crossed: what it has carried by now, in its own count, and the datagrams that
        it has dropped."""
        done: dict[ResourceKey, tuple[float, float]] = {}
        for key, work, dropped in zip(self._count_work(), self._work.tolist(), self._dropped.tolist(), strict=False):
            before = done.get(trunk_of(key), (0.0, 0.0))
            done[trunk_of(key)] = before[0] + work, before[1] + dropped
        return [(key, *both) for key, both in done.items() if max(both) > 0.0]

    def _count_work(self) -> list[ResourceKey]:
        keys, loads, dropped = self._fairness.loads()
        if loads.size > self._work.size:
            self._work, self._dropped = (
                np.pad(array, (0, loads.size - array.size)) for array in (self._work, self._dropped)
            )
        elapsed_s, self._worked_s = self._env.now - self._worked_s, self._env.now
        self._work += loads * elapsed_s
        self._dropped[: dropped.size] += dropped * elapsed_s
        return keys

    def _solve(self, _: Any = None) -> None:
        self._solving = False
        if self._worked_s < self._env.now:
            self._count_work()
        for flow in self._open.values():
            flow.count(self._env.now)
        self._settle()
        self._queues.forget()
        for step in range(_ROUNDS):
            if not self._weigh_anew(step):
                break
            self._settle()
            self._queues.forget()
        overrun = self._fairness.overrun()
        if overrun != self._overrun:
            self._overrun = overrun
            if self._flooded is not None:
                flooded, self._flooded = self._flooded, None
                flooded.succeed()
        self._await_end()

    def _settle(self) -> None:
        """Datagrams first; and where that leaves TCP short, what its response to the losses keeps."""
        self._fairness.keep({})
        self._fairness.settle(self._env.now)
        kept = self._queues.kept_from_datagrams() if self._open else {}
        if kept:
            self._fairness.keep(kept)
            self._fairness.settle(self._env.now)
            # What another resource then keeps it from taking is the datagrams' after all.
            self._fairness.keep({key: min(kept[key], self._fairness.taken(key)) for key in kept})
            self._fairness.settle(self._env.now)

    def _weigh_anew(self, step: int) -> bool:
        """Weigh flows by the queues that stand now; whether any weight changes.

        A resource that is full with its queue counted and not full without it has a part of that queue: so each step
        after the first goes half of the way.
        """
        stand = self._queues.standing()
        moved = [
            key
            for key in {**self._seen, **stand}
            if abs(stand.get(key, 0.0) - self._seen.get(key, 0.0))
            > _SAME * max(self._seen.get(key, 0.0), stand.get(key, 0.0))
        ]
        if not moved:
            return False
        for key in moved:
            before, now = self._waits.get(key, 0.0), stand.get(key, 0.0)
            self._waits[key] = now if step == 0 else 0.5 * (before + now)
            self._seen[key] = now
            if not (now or self._waits[key] > 1e-6):
                del self._waits[key], self._seen[key]
        changed = False
        for flow in [flow for flow in self._numbers.values() if not flow.demand.open_loop]:
            weight = self._weight(flow)
            if abs(weight - flow.weight) > 1e-9 * weight:
                self._halt(flow)
                self._begin(flow, weight)
                changed = True
        return changed

    def _await_end(self) -> None:
        end_s = self._fairness.next_end_s()
        if end_s < float("inf") and end_s != self._wake_s:
            self._wake_s = end_s
            self._after(max(0.0, end_s - self._env.now), self._end)

    def _end(self, _: Any = None) -> None:
        end_s = self._fairness.next_end_s()
        # The clock adds a delay to a moment, so it may stand two roundings before the end that it was set for.
        if end_s > self._env.now * (1.0 + 1e-15):
            return  # overtaken by a later solution
        ended = self._fairness.end(end_s)
        for number in ended:
            flow = self._numbers.pop(number)
            flow.before_bits, flow.since_s, flow.fairness = flow.size_bits, self._env.now, None
            del self._flows[flow]
            self._queues.leave(flow.group, flow.sender)
            flow.finished.succeed()
        self._solve_soon()

    def _after(self, delay_s: float, call: Any) -> None:
        self._env.timeout(delay_s).callbacks.append(call)
