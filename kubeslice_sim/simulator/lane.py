"""Lanes: the queues that one shared resource keeps apart and serves in turn, and how much each of them gets.

Under a slice's shaper, ``sfq`` sees the tunnels' outer packets, and every tunnel is one flow to it, however many are
inside. And HTB is the root of the node's qdisc: when the device is what is slow, it asks HTB for the next packet, which
serves the slices' leaves that are within their guaranteed rate, and lets the others borrow in turn; what no filter
puts into a class goes before all of them (``net/sched/sch_htb.c``).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import lru_cache

from kubeslice_sim.simulator.way import ResourceKey

_TRUNK = 4
"""So many words name a shaper or a side of a node's device; a lane of it has one more."""


def lanes_of(keys: Iterable[ResourceKey]) -> tuple[ResourceKey, ...]:
    """The lane that traffic stands in before each of these resources, which it crosses in this order."""
    return _lanes_of(tuple(keys))


@lru_cache(maxsize=4096)
def _lanes_of(keys: tuple[ResourceKey, ...]) -> tuple[ResourceKey, ...]:
    lanes: list[ResourceKey] = []
    gateway = shaper = None
    for key in keys:
        lane = key
        if key[0] == "cpu":
            gateway = key
        elif key[0] == "qos":
            shaper = key
            if gateway is not None and gateway[1] == key[1]:
                lane = (*key, gateway[2])
        elif key[0] == "nic" and key[-1] == "out" and shaper is not None and shaper[1:3] == key[1:3]:
            lane = (*key, shaper[3])
        lanes.append(lane)
    return tuple(lanes)


def lane_of(key: ResourceKey, uses: Iterable[tuple[ResourceKey, float]]) -> ResourceKey:
    """The lane of one of the resources of these uses, which stand in path order."""
    keys = tuple(crossed for crossed, _ in uses)
    return lanes_of(keys)[keys.index(key)] if key in keys else key


def trunk_of(lane: ResourceKey) -> ResourceKey:
    """The resource that a lane belongs to, which may be itself."""
    return lane[:_TRUNK] if lane[0] in ("qos", "nic") else lane


def rooms(
    wants: Mapping[ResourceKey, float], capacity: float, floors: Mapping[ResourceKey, float] | None = None
) -> dict[ResourceKey, float]:
    """What each lane gets at most of a capacity: its floor, and of the rest as much as any other.

    That is ``floor + level`` for all, where the level is such that what they take of it, no more than they want, is
    the capacity; where they want less, each may have what is left besides. Floors that are more than the capacity
    together are filled in turn; an infinite one goes before them all.
    """
    floors = floors or {}
    first = {lane: want for lane, want in wants.items() if math.isinf(floors.get(lane, 0.0))}
    if first:
        served = _level([(want, 0.0) for want in first.values()], capacity)
        taken = sum(min(want, served) for want in first.values())
        later = {lane: want for lane, want in wants.items() if lane not in first}
        return {**dict.fromkeys(first, served), **rooms(later, max(0.0, capacity - taken), floors)}
    offsets = {lane: floors.get(lane, 0.0) for lane in wants}
    if sum(min(want, offsets[lane]) for lane, want in wants.items()) >= capacity:
        level = _level([(min(want, offsets[lane]), 0.0) for lane, want in wants.items()], capacity)
        return {lane: min(offsets[lane], level) if offsets[lane] > 0.0 else 0.0 for lane in wants}
    level = _level([(want, offsets[lane]) for lane, want in wants.items()], capacity)
    return {lane: min(capacity, offsets[lane] + level) for lane in wants}


def _level(lanes: list[tuple[float, float]], capacity: float) -> float:
    """The level at which Σ min(want, offset + level) is the capacity; all of it where they want no more than that."""
    if sum(want for want, _ in lanes) <= capacity:
        return capacity
    left, level = capacity - sum(min(want, offset) for want, offset in lanes), 0.0
    growing = sum(1 for want, offset in lanes if want > offset)
    for top in sorted(want - offset for want, offset in lanes if want > offset):
        if (top - level) * growing >= left:
            break
        left -= (top - level) * growing
        level, growing = top, growing - 1
    return level + left / growing
