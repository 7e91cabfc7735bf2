"""Bulk probes by packets: TCP connections and datagrams of a scenario on the packet network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kubeslice_sim.observe.probe import Probe
from kubeslice_sim.simulator.datagrams import Datagrams, arrives
from kubeslice_sim.simulator.encapsulation import Load, tcp_segment, udp_datagram
from kubeslice_sim.simulator.network import Pod
from kubeslice_sim.simulator.packet.distribution import deterministic
from kubeslice_sim.simulator.packet.histogram import BUCKETS
from kubeslice_sim.simulator.packet.specs import Bulk, FlowCount, Hop, Link, Source
from kubeslice_sim.simulator.packet.world import PacketWorld
from kubeslice_sim.simulator.scene import Play, Scene
from kubeslice_sim.simulator.transfer import Connection, Stream
from kubeslice_sim.simulator.way import Way

_LOOK_S = 0.01
"""How often a transfer of a given size is looked at for its end."""


class Counted:
    """Flows of one probe on the packet network, one after the other."""

    def __init__(self, world: PacketWorld) -> None:
        self.world = world
        self._flows: list[tuple[int, float]] = []
        self._hole: int | None = None
        self.over: Way = Way()
        """The way that its packets take now."""

    def add(self, flow: int, payload_bytes: float) -> None:
        """A new flow, that carries so much in a segment or datagram."""
        self._flows.append((flow, payload_bytes))

    def ways(self, lanes: Sequence[Way], load: Load, meant: Pod | None = None) -> tuple[int, ...]:
        """Those that packets take in turn; what is sent into one that leads nowhere is lost."""
        return tuple(self.world.way(lane, load) if arrives(lane, meant) else self._nowhere() for lane in lanes)

    def _nowhere(self) -> int:
        if self._hole is None:
            packets = self.world.catch_up()
            link = packets.add_link(Link(name="nowhere"))
            packets.set_link(link, up=False)
            self._hole = packets.add_way([Hop(link=link)])
        return self._hole

    def counts(self) -> list[FlowCount]:
        """What they did by now, in order of their beginning."""
        packets = self.world.catch_up()
        return [packets.flow(flow) for flow, _ in self._flows]

    def delivered_bits(self) -> float:
        """The payload that has arrived by now."""
        return sum(8.0 * size * c.delivered for (_, size), c in zip(self._flows, self.counts(), strict=True))

    def latencies(self) -> NDArray[np.int64]:
        """The histogram of the one-way latencies of all packets that arrived."""
        packets = self.world.catch_up()
        total = np.zeros(BUCKETS, np.int64)
        for flow, _ in self._flows:
            total += packets.latencies(flow)
        return total


class PacketStream(Stream):
    """A TCP stream packet by packet; connects, stalls and connects again as the fluid one does."""

    def __init__(self, scene: Scene, probe: Probe, index: int, world: PacketWorld) -> None:
        super().__init__(scene, probe, index)
        self.counted = Counted(world)
        self._number = index

    @property
    def arrived_bits(self) -> float:
        """Payload at the receiver by now."""
        bits = self.counted.delivered_bits()
        return bits if self._size_bits is None else min(bits, self._size_bits)

    @property
    def finished(self) -> bool:
        """Whether all that was to be sent has arrived."""
        return self._size_bits is not None and self.arrived_bits >= self._size_bits

    def _send(self, connection: Connection) -> Play:
        """Send over one connection until the end, or until it is reset by an end that was started anew."""
        scene, env, world = self._scene, self._scene.env, self.counted.world
        source_life, flow, load = connection.source.life, None, None
        while env.now < self._end_s and not self.finished:
            if connection.source.life != source_life or not connection.source.running:
                break
            there, back = scene.there_and_back(connection.source, connection.flow)
            lanes = scene.lanes(connection.source, connection.flow)
            open_ = there.arrives and back.arrives
            self.counted.over = there
            if open_ and (there.target is not connection.target or connection.target.life != connection.life):
                break  # whoever answers now knows nothing of this connection: it resets it
            if open_ and (flow is None or load is None):
                load = tcp_segment(min(there.mtu, back.mtu))
                flow = world.catch_up().add_bulk(self._bulk(lanes, back, load))
                self.counted.add(flow, load.payload_bytes)
            elif flow is not None and load is not None:
                packets = world.catch_up()
                if open_:
                    packets.set_ways(flow, self.counted.ways(lanes, load), world.way(back, load, acks=True))
                else:
                    packets.set_ways(flow, (), None)
            left_s = self._end_s - env.now
            yield env.any_of([scene.change, env.timeout(left_s if self._size_bits is None else min(_LOOK_S, left_s))])
        if flow is not None:
            world.catch_up().stop(flow)

    def _bulk(self, lanes: Sequence[Way], back: Way, load: Load) -> Bulk:
        probe, world = self._probe, self.counted.world
        left_bits = None if self._size_bits is None else self._size_bits - self.arrived_bits
        bits = 8.0 * load.payload_bytes
        return Bulk(
            name=f"{probe.name}/{probe.source}/{self._number}/{len(self.counted.counts())}",
            there=self.counted.ways(lanes, load),
            back=world.way(back, load, acks=True),
            mss_bytes=load.payload_bytes,
            congestion="reno" if probe.congestion == "reno" else "cubic",
            segments=None if left_bits is None else max(1, int(-(-left_bits // bits))),
            window_bytes=self._scene.costs.window_bytes,
            rate_bps=float("inf") if probe.rate_bps is None else probe.rate_bps / probe.streams,
            start_s=self._scene.env.now,
            rto_s=max(0.2, 3.0 * (lanes[0].delay_s + back.delay_s)),
        )


class PacketDatagrams(Datagrams):
    """A probe's datagrams, packet by packet: chance and full queues take their share of each."""

    def __init__(self, scene: Scene, probe: Probe, world: PacketWorld) -> None:
        super().__init__(scene, probe)
        self.counted = Counted(world)
        self._open: tuple[int, Load] | None = None

    @property
    def sent_bytes(self) -> int:
        """Payload offered so far."""
        return sum(count.sent for count in self.counted.counts()) * self.payload_bytes

    def count(self) -> int:
        """Payload that has arrived by now."""
        self._received = int(self.counted.delivered_bits() // 8)
        return self._received

    def _pause(self) -> None:
        if self._open is not None:
            self.counted.world.catch_up().stop(self._open[0])
            self._open = None

    def _offer(self, lanes: Sequence[Way], meant: Pod | None) -> None:
        packets = self.counted.world.catch_up()
        there = next((way for way in lanes if arrives(way, meant)), lanes[0])
        load = udp_datagram(self.payload_bytes, there.mtu)
        ways = self.counted.ways(lanes, load, meant) if arrives(there, meant) else ()
        self.counted.over = there
        if self._open is not None and (not ways or self._open[1] == load):
            packets.set_ways(self._open[0], ways, None)
            return
        if self._open is not None:
            packets.stop(self._open[0])
        flow = packets.add_source(
            Source(
                name=f"{self._probe.name}/{self._probe.source}/{len(self.counted.counts())}",
                ways=ways,
                gap=deterministic(8.0 * self.payload_bytes / self._rate_bps),
                payload_bytes=self.payload_bytes,
                fragments=len(load.packets),
                start_s=self._scene.env.now,
                stop_s=self._end_s,
            )
        )
        self.counted.add(flow, self.payload_bytes)
        self._open = flow, load
