"""Queues: what stands before full resources, told by who fills them."""

from __future__ import annotations

import math
import random
from typing import NamedTuple

from kubeslice_sim.simulator.fairness import Fairness
from kubeslice_sim.simulator.lane import lane_of, trunk_of
from kubeslice_sim.simulator.overload import Crowd, Filler, answered, kept
from kubeslice_sim.simulator.resource import Resources
from kubeslice_sim.simulator.share import Uses
from kubeslice_sim.simulator.tcp import Congestion, mean_queue_s, sawtooth_queue_s, window_queue_s
from kubeslice_sim.simulator.way import ResourceKey

_ORDER: tuple[Congestion, ...] = ("cubic", "reno")


class _Before(NamedTuple):
    """Who stands before a full resource: as one sender of so many alike, and what bounds the queue."""

    congestion: Congestion | None
    rtt_s: float
    buffer_s: float
    flows: int
    bound_s: float
    """What the windows fill of it; no less than ``buffer_s`` where they overflow it."""


_NOBODY = _Before(None, 0.0, 0.0, 1, math.inf)


class Queues:
    """The waiting times before all resources.

    Flows are counted by who they rise and fall with and by what kind of sender they have, so that ten thousand alike
    cost what one does.
    """

    def __init__(self, resources: Resources, fairness: Fairness) -> None:
        self._resources = resources
        self._fairness = fairness
        self._senders: dict[int, dict[Filler, int]] = {}
        """By the group of flows that rise and fall together: how many of each kind."""
        self._full: frozenset[ResourceKey] | None = None
        self._known: dict[ResourceKey, _Before] = {}

    def enter(self, group: int, sender: Filler) -> None:
        """A flow of this group sends."""
        kinds = self._senders.setdefault(group, {})
        kinds[sender] = kinds.get(sender, 0) + 1
        if kinds[sender] == 1:
            self.forget()

    def leave(self, group: int, sender: Filler) -> None:
        """A flow of this group sends no more."""
        kinds = self._senders[group]
        kinds[sender] -= 1
        if not kinds[sender]:
            del kinds[sender]
            if not kinds:
                del self._senders[group]
            self.forget()

    def forget(self) -> None:
        """Rates or capacities may have changed."""
        self._full = None
        self._known.clear()

    def kept_from_datagrams(self) -> dict[ResourceKey, float]:
        """What TCP keeps of resources that it and datagrams fill together, by what holds it back as rates are now."""
        crowds = (
            Crowd(self._fairness.group_uses(group), kinds, self._fairness.group_bottleneck(group))
            for group, kinds in self._senders.items() if group >= 0
        )  # fmt: skip
        return kept(crowds, self._fairness.datagrams(), self._resources.capacity, self._resources.buffer_s,
                    self._resources.floor)  # fmt: skip

    def flooded_s(self, uses: Uses) -> float:
        """How long the queues are that datagrams alone keep full on a way."""
        overrun = self._fairness.overrun()
        beside = {lane_of(key, demand.uses) for demand in self._fairness.datagrams() for key, _ in demand.uses}
        return sum(
            self._resources.buffer_s(key, 0.0) for key, _ in uses if key in overrun and lane_of(key, uses) in beside
        )

    def answered(self, acks: Uses) -> float:
        """The chance that an acknowledgement gets through the queues that datagrams overrun."""
        overrun = self._fairness.overrun()
        if not overrun:
            return 1.0
        return answered(acks, overrun, self._fairness.datagrams(), self._resources.capacity, self._fairness.passed)

    @property
    def any_full(self) -> bool:
        """Whether any resource holds a flow back, so that a queue stands before it."""
        return bool(self._all_full())

    def standing(self) -> dict[ResourceKey, float]:
        """How long the queues are on average that stand before full resources."""
        return {key: self.mean_queue_s(key) for key in sorted(self._all_full())}

    def queue_s(self, key: ResourceKey, dice: random.Random) -> float:
        """How long a packet that comes now waits in this lane.

        Nothing where it has room. UDP overload fills the buffer. TCP moves through its sawtooth, and ``dice`` choose
        the moment in that cycle; windows that end before the buffer does just stand in it.
        """
        congestion, rtt_s, buffer_s, flows, bound_s = self._before(key)
        if congestion is None:
            return buffer_s
        if congestion != "bbr" and bound_s < buffer_s:
            return bound_s
        return sawtooth_queue_s(congestion, rtt_s, buffer_s, dice.random(), flows)

    def mean_queue_s(self, key: ResourceKey) -> float:
        """The same on average, before one flow of their kind: who competes is not judged by how many there are.

        Of a whole resource: in the lane in which it is longest.
        """
        if key not in self._all_full():
            lanes = [lane for lane in self._all_full() if lane != key and trunk_of(lane) == key]
            return max(map(self.mean_queue_s, lanes), default=0.0)
        congestion, rtt_s, buffer_s, _, bound_s = self._before(key)
        if congestion is None:
            return buffer_s
        if congestion != "bbr" and bound_s < buffer_s:
            return bound_s
        return mean_queue_s(congestion, rtt_s, buffer_s)

    def _all_full(self) -> frozenset[ResourceKey]:
        if self._full is None:
            self._full = self._fairness.full()
        return self._full

    def _before(self, key: ResourceKey) -> _Before:
        if key not in self._all_full():
            return _NOBODY
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._read(key)
        return known

    def _read(self, key: ResourceKey) -> _Before:
        held: dict[Filler, int] = {}
        groups = self._fairness.held_by(key)
        for group in groups:
            for sender, count in self._senders.get(group, {}).items():
                held[sender] = held.get(sender, 0) + count
        if not held:
            return _NOBODY
        rtt_s = min(kind.rtt_s for kind in held)
        buffer_s, trunk = self._resources.buffer_s(key, rtt_s), trunk_of(key)
        if key[0] == "nic" and key != trunk:  # its own queue, served as often as its turn comes
            buffer_s *= self._resources.capacity(trunk) / max(1.0, self._fairness.passing(key))
        kinds = {kind.congestion for kind in held}
        if None in kinds:
            return _Before(None, rtt_s, buffer_s, 1, math.inf)
        # One flow that fills queues fills them for all; of two such, the one that falls less keeps them fuller.
        slowest: Congestion = next((congestion for congestion in _ORDER if congestion in kinds), "bbr")
        filling = sum(count for kind, count in held.items() if kind.congestion != "bbr")
        windows = [(kind.window_bits * count, kind.rtt_s) for kind, count in held.items()]
        bound_s = window_queue_s(windows, sum(self._fairness.group_rate_bps(group) for group in groups), buffer_s)
        return _Before(slowest, rtt_s, buffer_s, filling, bound_s)
