"""The packet engine under a world: the simulated network's resources as links, its ways as ways.

How it interlocks with the control plane: SimPy has the clock, and the packet network runs behind it, lazily. It catches
up, compiled, whenever somebody looks (a rate's interval ends, a probe asks how long a queue is) and before every change
of the network: a route or a link that changes at t finds exactly the packets that are under way at t. Nothing on the
control plane waits for a packet: tunnels and sidecars have their own timers. Packets in flight when a route changes go
on along their old way; what comes to a link that is down is lost. Probes that are not bulk traffic (ping, dns, connect,
http) see the queues as they are at that moment, but add nothing to them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import simpy

from kubeslice_sim.simulator.costs import Costs
from kubeslice_sim.simulator.encapsulation import MAC_BYTES, OVERLAY_MTU, TCP_ACK, Load, weight
from kubeslice_sim.simulator.lane import lanes_of
from kubeslice_sim.simulator.network import Network
from kubeslice_sim.simulator.packet.network import PacketNetwork
from kubeslice_sim.simulator.packet.specs import Hop, Link, Shaper
from kubeslice_sim.simulator.resource import Resources
from kubeslice_sim.simulator.way import ResourceKey, Way

TUNNEL_BURST_BITS = 32_000.0
"""``tbf … burst 32kbit`` (gateway-sidecar slicegateway_handler.go); tc's kbit is 1000 bits."""
LEAF_BURST_BITS = 8.0 * 32 * 1024
PARENT_BURST_BITS = 8.0 * 64 * 1024
"""``burst 32k`` and ``burst 64k`` (netops netop_handler.go); tc's k is 1024 bytes."""
CEILING_BURST_BITS = 8.0 * 1600
"""What tc gives a class without ``cburst``: its default MTU of 1600 bytes (and a nanosecond of its rate)."""
SFQ_CLASSES = 16
"""Tunnels that one node's SFQ keeps apart; further ones share a class, as flows do whose hashes collide."""


class PacketWorld:
    """One packet network for a simulated network. Its links are made when a way first needs them."""

    def __init__(self, env: simpy.Environment, network: Network, resources: Resources, costs: Costs, seed: int) -> None:
        self.packets = PacketNetwork(seed)
        self._env = env
        self._network = network
        self._resources = resources
        self._costs = costs
        self._links: dict[ResourceKey, int] = {}
        self._ways: dict[tuple[object, ...], int] = {}
        self._tunnels: dict[ResourceKey, dict[ResourceKey, int]] = {}
        network.listen(self._changed)

    def catch_up(self) -> PacketNetwork:
        """The packet network as it is now."""
        if self._env.now > self.packets.now_s:
            self.packets.run(self._env.now)
        return self.packets

    def way(self, way: Way, load: Load, *, acks: bool = False) -> int:
        """The packet network's way for one direction of traffic in units of ``load`` (or for its acknowledgements).

        What a packet takes of each stage is the same arithmetic as the fluid engine's.
        """
        delay_s = way.delay_s - sum(link.path.delay_s for link in way.links)
        units = (TCP_ACK,) if acks else _units(load)
        stages = tuple((stage.resource, stage.count, stage.vpn) for stage in way.stages)
        key = (stages, delay_s, units)
        made = self._ways.get(key)
        if made is None:
            # A source's packets pass its interrupts and scheduling in order; other sources have their own.
            origin = way.stages[0].resource if way.stages else ()
            hops = [Hop(link=self._link(("delay", f"{delay_s:.9f}", *origin), delay_s))]
            lanes = lanes_of(stage.resource for stage in way.stages)
            for stage, lane in zip(way.stages, lanes, strict=True):
                work = tuple(weight(unit, stage.count, stage.vpn) for unit in units)
                by_size = (work[0], work[0], work[-1])
                hops.append(
                    Hop(link=self._link(stage.resource), work=by_size, class_=self._class(stage.resource, lane))
                )
            made = self._ways[key] = self.packets.add_way(hops)
        return made

    def shared(self) -> Iterator[tuple[ResourceKey, int]]:
        """The links that packets were led over so far, and their numbers; not the delays of processing."""
        return ((key, number) for key, number in self._links.items() if key[0] != "delay")

    def wait_s(self, way: Way) -> float:
        """How long the queues along a way would hold a packet up that came to each of them now."""
        packets = self.catch_up()
        lanes = lanes_of(stage.resource for stage in way.stages)
        return sum(
            packets.wait_s(self._links[stage.resource], self._class(stage.resource, lane))
            for stage, lane in zip(way.stages, lanes, strict=True) if stage.resource in self._links
        )  # fmt: skip

    def _class(self, key: ResourceKey, lane: ResourceKey) -> int:
        """SFQ sees the tunnels' outer packets: every tunnel is one flow to it, whatever is inside."""
        if key[0] != "qos":
            return 0
        seen = self._tunnels.setdefault(key, {})
        return seen.setdefault(lane, len(seen)) % SFQ_CLASSES

    def _link(self, key: ResourceKey, delay_s: float = 0.0) -> int:
        made = self._links.get(key)
        if made is None:
            made = self._links[key] = self.packets.add_link(
                Link(name="/".join(key), delay_s=delay_s, noise_s=self._costs.noise_s)
                if key[0] == "delay"
                else self._made(key)
            )
        return made

    def _made(self, key: ResourceKey) -> Link:
        name, capacity, costs = "/".join(key), self._resources.capacity(key), self._costs
        match key[0]:
            case "tunnel":
                limit = capacity * costs.tunnel_queue_s + TUNNEL_BURST_BITS
                return Link(name=name, kind="bucket", capacity=capacity, burst=TUNNEL_BURST_BITS, limit_work=limit)
            case "qos":
                return Link(name=name, kind="shaped", capacity=capacity, limit_packets=costs.slice_queue_packets,
                            classes=SFQ_CLASSES, shaper=self._shaper(key),
                            device=self._link(("nic", *key[1:3], "out")))  # fmt: skip
            case "wan":
                there, back = self._network.link(key[1], key[2]), self._network.link(key[2], key[1])
                buffer_s = self._resources.buffer_s(key, there.path.delay_s + back.path.delay_s)
                return Link(name=name, capacity=capacity, delay_s=there.path.delay_s, jitter_s=there.path.jitter_s,
                            loss=there.path.loss, limit_work=max(buffer_s * capacity, _frame_bits()))  # fmt: skip
        return Link(name=name, capacity=capacity, limit_packets=costs.nic_queue_packets + 1)

    def _shaper(self, key: ResourceKey) -> Shaper:
        profile = self._network.qos[key[1], key[3]]
        ceiling_bps = float(profile.ceiling_bps)
        return Shaper(
            rate_bps=max(1.0, float(profile.guaranteed_bps)),
            burst_bits=LEAF_BURST_BITS,
            ceiling_bps=ceiling_bps,
            ceiling_burst_bits=CEILING_BURST_BITS,
            parent_rate_bps=ceiling_bps,
            parent_burst_bits=PARENT_BURST_BITS,
        )

    def _changed(self) -> None:
        """Something about the network is about to count as changed: what was sent before saw the old state."""
        packets = self.catch_up()
        for key, number in self._links.items():
            if key[0] == "delay":
                continue
            try:
                capacity = self._resources.capacity(key)
            except KeyError:
                packets.set_link(number, up=False)  # its device is gone
                continue
            if not capacity > 0.0:
                packets.set_link(number, up=False)
                continue
            packets.set_link(number, capacity=capacity, up=self._is_up(key))
            if key[0] == "wan":
                path = self._network.link(key[1], key[2]).path
                packets.set_link(number, delay_s=path.delay_s, jitter_s=path.jitter_s, loss=path.loss)
            elif key[0] == "qos":
                packets.set_shaper(number, self._shaper(key))

    def _is_up(self, key: ResourceKey) -> bool:
        if key[0] == "wan":
            return not self._network.link(key[1], key[2]).cut
        if key[0] in ("tunnel", "cpu"):
            return self._network.gateways[key[1], key[2]].running
        return True


def _units(load: Load) -> Sequence[Load]:
    """One unit a packet: the full ones first, the last fragment last."""
    sizes = load.packets if len(load.packets) < 2 else (load.packets[0], load.packets[-1])
    return tuple(Load(payload_bytes=load.payload_bytes, packets=(size,)) for size in sizes)


def _frame_bits() -> float:
    return 8.0 * (OVERLAY_MTU + MAC_BYTES)
