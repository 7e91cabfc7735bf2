"""Wide-area links: delay, jitter, loss and rate between two namespaces, on every kernel.

Each wire has a namespace of its own in the middle, which forwards between the two ends (measured: with the delay in
the sending or receiving host TCP collapses or pings are missed). The ends see one IPv4 point-to-point link of the
MTU they ask for: they may route anything over it with the other end's address as next hop (`onlink`). A packet loses
one TTL in the middle. Delay, jitter and loss are the kernel's netem where it exists, otherwise our delay line over
NFQUEUE; the bottleneck after the delay is a token bucket (TBF) in both cases.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from emulator import kernel, links, netns
from emulator.delay_medium import DelayMedium
from emulator.links import Addresses, Interface, NextHop, Route, VethPair
from emulator.netem import NetemMedium
from emulator.netns import Namespace
from emulator.passage import Direction, Impairment, Implementation, Medium, Passage, WireEnd, WireError
from emulator.rtmessages import add_rule
from emulator.rtnetlink import RouteSocket

__all__ = ["Direction", "DirectionCounters", "Wire", "WireCounters", "WireEnd", "WireError", "WireSpec", "Wires"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WireSpec:
    """One wire. `name` is unique in the sandbox and seeds its dice; `forth` is from `a` to `b`."""

    name: str
    a: WireEnd
    b: WireEnd
    forth: Direction
    back: Direction
    mtu: int = 1500


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectionCounters:
    """Counts since the wire was laid. A bundle of segments that the kernel kept whole (GSO) counts as one packet."""

    delivered_packets: int
    delivered_bytes: int
    lost_packets: int
    overflowed_packets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WireCounters:
    """Both directions' counts."""

    forth: DirectionCounters
    back: DirectionCounters


class Wire:
    """A wire that has been laid. `spec` is its present state."""

    def __init__(self, spec: WireSpec, middle: Namespace, medium: Medium) -> None:
        self.spec = spec
        self.middle = middle  # with its devices `a` and `b`: a place to capture packets
        self._medium = medium
        self._forth = Passage(key=f"{spec.name}/forth", middle=middle, sender=spec.a, device_in="a", device_out="b")
        self._back = Passage(key=f"{spec.name}/back", middle=middle, sender=spec.b, device_in="b", device_out="a")

    def set(self, *, forth: Direction | None = None, back: Direction | None = None) -> None:
        """Changes one or both directions while traffic runs (about 5 ms). Raises WireError."""
        spec = replace(self.spec, forth=forth or self.spec.forth, back=back or self.spec.back)
        for old, new in zip(self.impairments(self.spec), self.impairments(spec), strict=True):
            if new != old:
                self._medium.change(new)
        self.spec = spec

    def counters(self) -> WireCounters:
        """Reads the counters. Raises WireError."""
        states = links.read(self.middle)
        return WireCounters(forth=self._count(self._forth, states), back=self._count(self._back, states))

    def impairments(self, spec: WireSpec) -> tuple[Impairment, Impairment]:
        """What the two passages are to be like under `spec`, with their buffers resolved."""
        round_trip_s = spec.forth.delay_s + spec.back.delay_s
        forth, back = (
            Impairment(passage=passage, direction=direction, buffer_bytes=direction.buffer_bytes(round_trip_s))
            for passage, direction in ((self._forth, spec.forth), (self._back, spec.back))
        )
        return forth, back

    def _count(self, passage: Passage, states: dict[str, links.LinkState]) -> DirectionCounters:
        lost, overflowed = self._medium.dropped(passage)
        out = states[passage.device_out]
        return DirectionCounters(
            delivered_packets=out.sent_packets,
            delivered_bytes=out.sent_bytes,
            lost_packets=lost,
            overflowed_packets=overflowed,
        )


class Wires:
    """All wires of a sandbox and what serves them. A context manager.

    `seed` decides the delay line's dice (netem rolls the kernel's). `implementation` None asks the kernel.
    """

    def __init__(self, *, seed: int, implementation: Implementation | None = None) -> None:
        chosen = implementation or ("netem" if kernel.has_netem() else "nfqueue")
        self._medium: Medium = NetemMedium() if chosen == "netem" else DelayMedium(seed=seed)
        self._middles: list[Namespace] = []

    def __enter__(self) -> Wires:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def implementation(self) -> Implementation:
        """Which of the two serves these wires."""
        return self._medium.implementation

    def lay(self, specs: Iterable[WireSpec]) -> tuple[Wire, ...]:
        """Lays wires, many at once. Raises LinkError or WireError."""
        specs = tuple(specs)
        middles = netns.create_all(f"wire-{spec.name}" for spec in specs)
        self._middles += middles
        wires = [Wire(spec, middle, self._medium) for spec, middle in zip(specs, middles, strict=True)]
        for middle in middles:
            middle.sysctls(_MIDDLE)
        links.apply(thing for wire in wires for thing in _cables(wire))
        netns.call_in_each(middles, _steer)
        self._medium.lay([impairment for wire in wires for impairment in wire.impairments(wire.spec)])
        for middle in middles:
            middle.sysctls(_OPEN)
        return tuple(wires)

    def close(self) -> None:
        """Stops the service and lets the middles go, and with them the ends' devices."""
        self._medium.close()
        for middle in self._middles:
            middle.close()
        self._middles.clear()


# Both ends find each other's address at the middle, which answers for them and has no address itself.
_MIDDLE = {
    "net.ipv4.conf.default.proxy_arp": 1,
    "net.ipv4.conf.default.rp_filter": 0,
    "net.ipv4.conf.all.rp_filter": 0,
    "net.ipv4.conf.default.send_redirects": 0,
    "net.ipv4.conf.all.send_redirects": 0,
}
# Answers at once, not after up to 0.8 s. And last of all forwards: no packet passes before it meets its delay.
_OPEN = {"net.ipv4.neigh.a.proxy_delay": 0, "net.ipv4.neigh.b.proxy_delay": 0, "net.ipv4.ip_forward": 1}


def _cables(wire: Wire) -> list[Addresses | VethPair | Route]:
    spec = wire.spec
    # With its loopback down the middle has no local table yet, and without one refuses gateways that are not local.
    made: list[Addresses | VethPair | Route] = [Addresses(namespace=wire.middle, name="lo")]
    for end, other, device, table in ((spec.a, spec.b, "a", 2), (spec.b, spec.a, "b", 1)):
        made += [
            VethPair(
                a=Interface(namespace=end.namespace, name=end.name, addresses=(f"{end.address}/32",), mtu=spec.mtu),
                b=Interface(namespace=wire.middle, name=device, mtu=spec.mtu),
            ),
            Route(
                namespace=end.namespace,
                destination=f"{other.address}/32",
                hops=(NextHop(device=end.name),),
                source=end.address,
            ),
            # Whatever comes in at one side goes out at the other, so the middle need not know who routes what.
            Route(
                namespace=wire.middle,
                destination="0.0.0.0/0",
                hops=(NextHop(via=end.address, device=device, onlink=True),),
                table=table,
            ),
        ]
    return made


def _steer() -> None:
    with RouteSocket() as netlink:
        netlink.send([add_rule(incoming="a", table=1, priority=1), add_rule(incoming="b", table=2, priority=2)])
