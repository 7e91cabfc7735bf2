"""Scene: all that a probe needs to be played: time, network, flows, names, dice and rows."""

from __future__ import annotations

import random
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from ipaddress import AddressValueError, IPv4Address
from typing import TYPE_CHECKING, Any

import simpy

from kubeslice_sim.observe.probe import Probe
from kubeslice_sim.simulator.costs import Costs
from kubeslice_sim.simulator.ecmp import FiveTuple
from kubeslice_sim.simulator.flow import Flows
from kubeslice_sim.simulator.lane import lanes_of
from kubeslice_sim.simulator.names import Resolver
from kubeslice_sim.simulator.network import Network, Pod
from kubeslice_sim.simulator.requests.server import Servers
from kubeslice_sim.simulator.rows import Rows
from kubeslice_sim.simulator.share import Uses
from kubeslice_sim.simulator.streams import Streams
from kubeslice_sim.simulator.way import Way, Ways

if TYPE_CHECKING:
    from kubeslice_sim.simulator.packet.world import PacketWorld

Play = Generator[simpy.Event, Any, None]
"""What a probe does over simulated time: a SimPy process."""
EPHEMERAL_PORTS = (32768, 60999)
"""Linux' ``ip_local_port_range``."""
RECONNECT_S = 1.0
"""How long a client waits before it tries again what failed at once (a name, a refusal)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a target turned out to be: an address, who is meant (None: whoever answers), how long finding it took.

    ``further``: the other addresses of a DNS answer, in its order. ``host``: the name, where it was one.
    """

    address: IPv4Address | None
    further: tuple[IPv4Address, ...] = ()
    meant: Pod | None = None
    took_s: float = 0.0
    why: str = ""
    host: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundTrip:
    """There and back of one packet: its time, or what became of it (``why``); ``refused``: a proxy said no."""

    rtt_s: float | None
    why: str = ""
    target: Pod | None = None
    refused: bool = False


@dataclass(slots=True, kw_only=True)
class Scene:
    """A run's parts, as probes see them."""

    env: simpy.Environment
    network: Network
    ways: Ways
    flows: Flows
    resolver: Resolver
    streams: Streams
    costs: Costs
    rows: Rows
    servers: Servers = field(default_factory=Servers)
    packets: PacketWorld | None = None
    """The packet engine, where a probe of the scenario uses it."""
    closing: list[Callable[[], None]] = field(default_factory=list)
    """What tells, when the scenario ends, of what it cuts off."""
    epoch: int = 0
    """Counts the changes of the network: within one, ways stay as they are but for the age of sessions."""
    _change: simpy.Event | None = None

    def __post_init__(self) -> None:
        self.network.listen(self._changed)

    @property
    def change(self) -> simpy.Event:
        """Succeeds at the next change of the network; ask anew each time."""
        if self._change is None:
            self._change = self.env.event()
        return self._change

    def close(self) -> None:
        """The scenario ends now."""
        for tell in self.closing:
            tell()
        self.closing.clear()

    def source(self, probe: Probe) -> Pod | None:
        """The running pod that a probe is made from, or None."""
        name, _, cluster = probe.source.partition("@")
        namespace, _, pod = name.partition("/")
        found = self.network.pods.get((cluster, namespace, pod))
        return found if found is not None and found.running else None

    def find(self, source: Pod, target: str, noise_s: float = 0.0) -> Place:
        """Where ``target`` is for ``source``: an address as it is, a pod by the network they share, a name by DNS."""
        try:
            return Place(address=IPv4Address(target))
        except AddressValueError:
            pass
        if "/" not in target:
            reply = self.resolver.ask(source, target, noise_s)
            if not reply.addresses:
                return Place(address=None, took_s=reply.took_s, why=f"{target} is not known to the resolver")
            # An unmodified client takes the first address of the answer.
            return Place(address=reply.addresses[0], further=reply.addresses[1:], took_s=reply.took_s,
                         host=target.rstrip(".").lower())  # fmt: skip
        name, _, cluster = target.partition("@")
        namespace, _, pod_name = name.partition("/")
        pod = self.network.pods.get((cluster or source.cluster, namespace, pod_name))
        if pod is None:
            return Place(address=None, why=f"there is no pod {target}")
        for slice_, address in pod.nsm.items():
            if slice_ in source.nsm:
                return Place(address=address, meant=pod)
        return Place(address=pod.pod_ip, meant=pod)

    def flow(
        self, source: Pod, target: IPv4Address, port: int = 0, source_port: int = 0, *, udp: bool = False,
        host: str = "",
    ) -> FiveTuple:  # fmt: skip
        """The five-tuple of a packet from ``source``: its overlay address where the slice leads to ``target``.

        ``host``: what the place was called, for proxies on the way.
        """
        address = source.pod_ip
        for slice_, overlay in source.nsm.items():
            router = self.network.routers.get((source.cluster, slice_))
            if router is not None and target in router.start.slice_subnet:
                address = overlay
        if not port:
            return FiveTuple(address, target, "icmp")
        return FiveTuple(address, target, "udp" if udp else "tcp", source_port, port, host=host)

    def lanes(self, source: Pod, flow: FiveTuple) -> tuple[Way, ...]:
        """The ways that the packets of a tcp or udp flow take in turn, now."""
        return self.ways.lanes(source, flow, self.env.now)

    def there_and_back(self, source: Pod, flow: FiveTuple) -> tuple[Way, Way]:
        """The ways of a packet and of its answer, now; the second is empty and dropped where the first ends early."""
        there = self.ways.trace(source, flow, self.env.now)
        if there.target is None or there.dropped:
            return there, Way(dropped=there.dropped)
        back = self.ways.trace(there.target, flow.reverse, self.env.now)
        if back.arrives and back.target is not source:
            return there, Way(dropped=f"the answer went to {back.target.reference if back.target else 'nobody'}")
        return there, back

    def round_trip(self, source: Pod, flow: FiveTuple, meant: Pod | None, dice: random.Random) -> RoundTrip:
        """Send one packet and its answer: delays, queues, jitter and loss as they are now."""
        there, back = self.there_and_back(source, flow)
        if there.refused and there.target is not None:
            return self._refusal(source, flow, there, dice)
        for way in (there, back):
            if way.dropped:
                return RoundTrip(rtt_s=None, why=way.dropped)
        if meant is not None and there.target is not meant:
            return RoundTrip(rtt_s=None, why=f"{flow.target} is not {meant.reference} on {source.cluster}")
        total_s = 0.0
        for way in (there, back):
            if way.loss > 0.0 and dice.random() < way.loss:
                return RoundTrip(rtt_s=None, why="lost on the way")
            total_s += self.one_way_s(way, dice)
        return RoundTrip(rtt_s=total_s, target=there.target)

    def _refusal(self, source: Pod, flow: FiveTuple, there: Way, dice: random.Random) -> RoundTrip:
        """A proxy on the way says no: how long the client waits for that. Its own sidecar says so at once."""
        if there.target is None or there.target is source:
            return RoundTrip(rtt_s=self.costs.pod_s, why=there.dropped, target=source, refused=True)
        back = self.ways.trace(there.target, flow.reverse, self.env.now)
        if back.dropped:
            return RoundTrip(rtt_s=None, why=back.dropped)
        total_s = self.one_way_s(there, dice) + self.one_way_s(back, dice)
        return RoundTrip(rtt_s=total_s, why=there.dropped, target=there.target, refused=True)

    def one_way_s(self, way: Way, dice: random.Random) -> float:
        """How long one packet takes along ``way`` now; jitter is uniform in ± the link's, as netem's."""
        delay_s = way.delay_s + dice.expovariate(1.0 / self.costs.noise_s)
        for link in way.links:
            if link.path.jitter_s > 0.0:
                delay_s += max(-link.path.delay_s, dice.uniform(-link.path.jitter_s, link.path.jitter_s))
        if self.flows.any_full:
            delay_s += sum(self.flows.queue_s(lane, dice) for lane in lanes_of(stage.resource for stage in way.stages))
        if self.packets is not None:
            delay_s += self.packets.wait_s(way)
        return delay_s

    def narrowest_bps(self, uses: Uses) -> float:
        """The payload rate that these uses allow on an idle network."""
        return min(self.flows.capacity(key) / use for key, use in uses if use > 0.0)

    def source_port(self, probe: Probe, index: int = 0) -> int:
        """The next ephemeral port of one of a probe's connections: chance, by the run's seed."""
        return self.dice("port", probe, index).randint(*EPHEMERAL_PORTS)

    def dice(self, purpose: str, probe: Probe, index: int = 0) -> random.Random:
        """The stream of random numbers for one purpose of one probe (probes of several pods share a name)."""
        return self.streams.stream(purpose, probe.name, probe.source, probe.target, probe.port, index)

    def slice_of(self, pod: Pod | None) -> str:
        """The slice that a pod joined, or nothing."""
        return next(iter(pod.nsm), "") if pod is not None else ""

    def _changed(self) -> None:
        self.epoch += 1
        self.flows.touch()
        if self._change is not None:
            change, self._change = self._change, None
            change.succeed()
