"""Overload: what TCP keeps of queues that datagrams fill, by its own response to the losses that they cause.

Datagrams do not slow down, so a full queue drops of everybody. TCP sends what its response leaves it at that loss
(:func:`~kubeslice_sim.simulator.tcp.loss_limit_bps`), which makes the loss a little higher: a fixed point, as Padhye et
al. 1998 have it for TCP alone, and found here resource by resource.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from kubeslice_sim.simulator.encapsulation import SEGMENTS_PER_ACK, TUNNEL_MTU, tcp_segment
from kubeslice_sim.simulator.lane import lane_of, rooms
from kubeslice_sim.simulator.share import Demand, Uses
from kubeslice_sim.simulator.tcp import Congestion, loss_limit_bps
from kubeslice_sim.simulator.way import ResourceKey

_BY_BYTES = ("tunnel", "wan")
"""Resources whose queues are limited in bytes; others count packets."""
SWEEPS = 8
_STEPS = 40
_CLOSE = 1e-4
"""Sweeps end where no share moves by more than this of its resource."""


class Filler(NamedTuple):
    """A kind of sender: its congestion control (None: nothing slows it down) and its round trip without queues."""

    congestion: Congestion | None
    rtt_s: float
    window_bits: float = float("inf")
    """The payload that it has under way at most: the receiver's window, or what losses by chance leave of its own."""
    payload_bytes: int = tcp_segment(TUNNEL_MTU).payload_bytes
    """Of a segment."""


class Crowd(NamedTuple):
    """TCP flows that rise and fall together: what a payload bit takes on their way, how many there are of each kind,
    and what holds them back while datagrams go first."""

    uses: Uses
    kinds: Mapping[Filler, int]
    held_by: ResourceKey | None


def kept(
    crowds: Iterable[Crowd], datagrams: Sequence[Demand], capacity: Callable[[ResourceKey], float],
    buffer_s: Callable[[ResourceKey, float], float], floor: Callable[[ResourceKey], float] = lambda lane: 0.0,
) -> dict[ResourceKey, float]:  # fmt: skip
    """What TCP keeps of each resource that it and datagrams fill together, in the resource's own count.

    ``datagrams`` in path order each. ``floor``: what a lane gets before others. Nothing stands in it of which datagrams
    leave all that TCP can use.
    """
    contest = _Contest(crowds, datagrams, capacity, buffer_s, floor)
    contest.settle()
    return contest.kept


class _Contest:
    def __init__(
        self, crowds: Iterable[Crowd], datagrams: Sequence[Demand], capacity: Callable[[ResourceKey], float],
        buffer_s: Callable[[ResourceKey, float], float], floor: Callable[[ResourceKey], float],
    ) -> None:  # fmt: skip
        self._datagrams = datagrams
        self._buffer_s = buffer_s
        self._floor = floor
        self._capacity = {key: capacity(key) for demand in datagrams for key, _ in demand.uses}
        self._passed = dict.fromkeys(self._capacity, 1.0)
        self.kept: dict[ResourceKey, float] = {}
        for _ in range(SWEEPS):  # what one drops does not reach the next
            self._serve()
        self._alone = {key: sum(by.values()) for key, by in self._offered.items()}
        self._overrun = {key for key, offered in self._alone.items() if offered >= self._capacity[key] > 0.0}
        crowds = [crowd for crowd in crowds if any(key in self._capacity for key, _ in crowd.uses)]
        self._crowds = {
            key: [crowd for crowd in crowds if any(key == crossed for crossed, _ in crowd.uses)
                  and (key in self._overrun or crowd.held_by == key)]
            for key in self._capacity
        }  # fmt: skip
        self._full = [key for key in self._capacity if self._crowds[key]]

    def settle(self) -> None:
        """Sweep over the full resources until nothing moves."""
        for _ in range(SWEEPS if self._full else 0):
            moved = 0.0
            for key in self._full:
                before, self.kept[key] = self.kept.get(key, 0.0), self._balance(key)
                moved = max(moved, abs(self.kept[key] - before) / self._capacity[key])
                self._serve()
            if moved <= _CLOSE:
                return

    def _serve(self) -> None:
        """What datagrams offer to every resource, by lane, and what share of it passes."""
        self._offered: dict[ResourceKey, dict[ResourceKey, float]] = {key: {} for key in self._capacity}
        for demand in self._datagrams:
            rate_bps = demand.cap_bps
            for key, use in demand.uses:
                by = self._offered[key]
                lane = lane_of(key, demand.uses)
                by[lane] = by.get(lane, 0.0) + use * rate_bps
                rate_bps *= self._passed[key]
        for key, by in self._offered.items():
            room, offered = self._capacity[key] - self.kept.get(key, 0.0), sum(by.values())
            self._passed[key] = min(1.0, max(0.0, room) / offered) if offered > 0.0 else 1.0

    def _balance(self, key: ResourceKey) -> float:
        """What TCP takes of this resource where its response to the loss there is just that."""
        capacity, offered, inside = self._capacity[key], self._offered[key], 0.0
        lanes: dict[ResourceKey, list[Crowd]] = {}
        for crowd in self._crowds[key]:
            lanes.setdefault(lane_of(key, crowd.uses), []).append(crowd)
        wants = {lane: offered.get(lane, 0.0) for lane in {*lanes, *offered}}
        for lane, crowds in lanes.items():
            wants[lane] += self._wish(key, crowds, 0.0, wants[lane] >= capacity)
        floors = {lane: math.inf if lane == key else self._floor(lane) for lane in wants}
        room = rooms(wants, capacity, floors)
        for lane, crowds in lanes.items():
            inside += self._inside(key, crowds, offered.get(lane, 0.0), room[lane])
        return inside

    def _inside(self, key: ResourceKey, crowds: Sequence[Crowd], offered: float, room: float) -> float:
        """The same of one lane with so much room."""
        low, high, overrun = 0.0, room, offered >= room
        for _ in range(_STEPS):
            middle = 0.5 * (low + high)
            dropped = max(0.0, 1.0 - (room - middle) / offered) if offered > 0.0 else 0.0
            if self._wish(key, crowds, dropped, overrun) > middle:
                low = middle
            else:
                high = middle
        return high

    def _wish(self, key: ResourceKey, crowds: Sequence[Crowd], dropped: float, overrun: bool) -> float:
        """What TCP's response makes of this loss of datagrams, in the resource's own count."""
        total = 0.0
        for crowd in crowds:
            passes, waited, queued = 1.0, 0.0, [key]
            for crossed, use in crowd.uses:
                if crossed == key:
                    passes *= sparse_pass(1.0 - dropped, waited) if overrun else 1.0 - dropped
                    own_use = use
                elif crossed in self._overrun or crossed in self.kept:
                    queued.append(crossed)
                    passed = self._passed[crossed] if lane_of(crossed, crowd.uses) in self._offered[crossed] else 1.0
                    passes *= sparse_pass(passed, waited) if crossed in self._overrun else passed
                waited = max(waited, self._busy(crossed))
            for kind, flows in crowd.kinds.items():
                rtt_s = kind.rtt_s + sum(self._buffer_s(crossed, kind.rtt_s) for crossed in queued)
                limit_bps = loss_limit_bps(kind.congestion or "cubic", 1.0 - passes, rtt_s, kind.payload_bytes)
                total += own_use * flows * min(limit_bps, kind.window_bits / rtt_s)
        return total

    def _busy(self, key: ResourceKey) -> float:
        """How long, of all time, datagrams alone keep it busy."""
        return min(1.0, self._alone[key] / self._capacity[key]) if self._capacity.get(key, 0.0) > 0.0 else 0.0


def sparse_pass(passed: float, waited: float) -> float:
    """The chance that a sparse packet gets through where datagrams at an even pace overrun a queue that passes so much
    of them.

    Each service frees a place, and the next datagram takes it: half a gap later on average, and a gap is ``passed``
    services long. So a place is free for half of ``passed`` of all time, and who comes at any moment finds that. Who
    had to wait behind datagrams before (by the chance ``waited``) comes in his place among them and fares as they do.
    """
    return passed * (waited + 0.5 * (1.0 - waited))


def answered(acks: Uses, overrun: Iterable[ResourceKey], datagrams: Sequence[Demand],
             capacity: Callable[[ResourceKey], float], passed: Callable[[ResourceKey], float]) -> float:  # fmt: skip
    """The chance that an acknowledgement gets through the queues that datagrams overrun on its way back.

    A queue that counts bytes has room for so small a packet. One that counts packets has a place as often as for any
    sparse packet; but behind a shaper that is overrun, too, it comes right behind a full datagram, which has taken the
    place: then only if another becomes free meanwhile. Segments are taken as long as datagrams.
    """
    chance, full = 1.0, set(overrun)
    shaper_s: float | None = None
    for key, use in acks:
        lane = lane_of(key, acks)
        beside = [other for demand in datagrams if lane_of(key, demand.uses) == lane
                  for crossed, other in demand.uses if crossed == key]  # fmt: skip
        if key not in full or not beside:
            continue
        if key[0] not in _BY_BYTES:
            service_s = max(beside) / capacity(key)
            chance *= 0.5 * passed(key) if shaper_s is None else min(1.0, SEGMENTS_PER_ACK * shaper_s / service_s)
        shaper_s = use / capacity(key)
    return chance
