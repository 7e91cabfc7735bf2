"""Meter: how busy the links of a packet network were since somebody last looked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kubeslice_sim.simulator.packet.world import PacketWorld
from kubeslice_sim.simulator.resource import resource_name
from kubeslice_sim.simulator.way import ResourceKey

BOTTLENECK = 0.95
"""A link that was less busy than this held nobody back: a sender fills it, but for what recovery and bursts leave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    """A link over an interval: the share of its capacity that was used, packets dropped for want of room; and now:
    ``queue_bytes`` that wait (None: its work is not bytes)."""

    resource: ResourceKey
    utilisation: float
    queue_bytes: float | None
    drops: int


class Meter:
    """Reads the links of a world."""

    def __init__(self, world: PacketWorld) -> None:
        self._world = world
        self._before: dict[ResourceKey, tuple[float, int]] = {}
        self._since_s = world.catch_up().now_s
        self.read()

    def read(self) -> list[Busy]:
        """What the links did since they were last read, in the order in which they were first used."""
        packets, found = self._world.catch_up(), []
        for resource, number in self._world.shared():
            work, capacity = packets.served_work(number), packets.capacity(number)
            full = packets.link(number).full
            before, dropped = self._before.get(resource, (0.0, 0))
            self._before[resource] = work, full
            could = capacity * (packets.now_s - self._since_s)
            queue = None if resource[0] == "cpu" else packets.wait_s(number) * capacity / 8.0
            found.append(
                Busy(
                    resource=resource,
                    utilisation=min(1.0, max(0.0, (work - before) / could)) if could > 0.0 else 0.0,
                    queue_bytes=queue,
                    drops=full - dropped,
                )
            )
        self._since_s = packets.now_s
        return found


def bottleneck(links: Iterable[Busy]) -> str:
    """The name of the busiest of these links, where it was so busy that it held its senders back; else nothing."""
    busiest = max(links, key=lambda link: link.utilisation, default=None)
    return resource_name(busiest.resource) if busiest and busiest.utilisation >= BOTTLENECK else ""
