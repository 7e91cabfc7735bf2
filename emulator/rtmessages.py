"""The dozen rtnetlink messages that links need, encoded by hand; `rtnetlink.py` sends them.

pyroute2 can say all of this, but importing it takes half a second and encoding a message 0.3 to 0.7 ms: more than the
kernel needs to obey. Layouts are those of rtnetlink.h, if_link.h, if_addr.h and fib_rules.h; IPv4 only, as KubeSlice.
"""

from __future__ import annotations

import ipaddress
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from kubeslice_sim.errors import KubesliceSimError

_NEWLINK, _DELLINK, _NEWADDR = 16, 17, 20
_NEWROUTE, _DELROUTE, _NEWRULE, _NEWQDISC = 24, 25, 32, 36
_REPLACE, _EXCL, _CREATE = 0x100, 0x200, 0x400
_TC_ROOT = 0xFFFFFFFF

LINK_HEADER = struct.Struct("=BxHiII")
"""struct ifinfomsg: family, type, index, flags, change."""
_ADDRESS = struct.Struct("=BBBBi")
_ROUTE = struct.Struct("=BBBBBBBBI")
_HOP = struct.Struct("=HBBi")

IFF_UP = 0x1
_RTNH_ONLINK = 0x4
_UNICAST, _UNREACHABLE = 1, 7
_SCOPE_LINK = 253
_MAIN_TABLE = 254


class LinkError(KubesliceSimError):
    """The kernel refused a link, address or route; the message says which and why, `number` is its errno."""

    exit_code = 3

    def __init__(self, message: str, number: int = 0) -> None:
        super().__init__(message)
        self.number = number


@dataclass(frozen=True, slots=True)
class Request:
    """One encoded message and what it is for, in words for the error message."""

    kind: int
    flags: int
    body: bytes
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkEnd:
    """What a message says about one network device it creates. `netns_fd` None: where the socket lives."""

    name: str
    netns_fd: int | None
    mtu: int
    mac: str | None = None
    queue_packets: int | None = None

    def encode(self) -> bytes:
        """The device's header and attributes."""
        if not 0 < len(self.name.encode()) <= 15:
            raise LinkError(f"interface name {self.name!r} is not of 1 to 15 bytes, as Linux demands: shorten it")
        parts = [LINK_HEADER.pack(0, 0, 0, 0, 0), _text(3, self.name), _number(4, self.mtu)]
        if self.mac is not None:
            parts.append(_attribute(1, bytes.fromhex(self.mac.replace(":", ""))))
        if self.queue_packets is not None:
            parts.append(_number(13, self.queue_packets))
        if self.netns_fd is not None:
            parts.append(_number(28, self.netns_fd))
        return b"".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One next hop with its device's index (0: the kernel finds it by the gateway's address)."""

    gateway: str | None
    index: int
    weight: int
    onlink: bool


def add_veth(one: LinkEnd, other: LinkEnd) -> Request:
    """A veth pair, either end in its own namespace from the start."""
    peer = _attribute(2, _attribute(1, other.encode()))
    body = one.encode() + _attribute(18, _text(1, "veth") + peer)
    return Request(_NEWLINK, _CREATE | _EXCL, body, f"create veth {one.name} and {other.name}")


def add_bridge(end: LinkEnd) -> Request:
    """An Ethernet bridge."""
    return Request(_NEWLINK, _CREATE | _EXCL, end.encode() + _attribute(18, _text(1, "bridge")), f"create {end.name}")


def add_link(kind: str) -> Request:
    """A device of a kind that needs no options, to ask whether the kernel has it."""
    body = LINK_HEADER.pack(0, 0, 0, 0, 0) + _text(3, "probe") + _attribute(18, _text(1, kind))
    return Request(_NEWLINK, _CREATE | _EXCL, body, f"create a {kind} device")


def add_qdisc(kind: str) -> Request:
    """A queueing discipline without options on the loopback device, to ask whether the kernel has it."""
    head = struct.pack("=BxxxiIII", 0, 1, 0, _TC_ROOT, 0)  # tcmsg; loopback's index is 1 in every namespace
    return Request(_NEWQDISC, _CREATE | _EXCL, head + _text(1, kind), f"create a {kind} qdisc")


def set_link(name: str, *, up: bool, master: int | None = None) -> Request:
    """Brings a device of the socket's namespace up or down, and makes it a port of the bridge with index `master`.

    Not part of its creation: one end of a veth pair cannot be up before the other exists.
    """
    body = LINK_HEADER.pack(0, 0, 0, IFF_UP if up else 0, IFF_UP) + _text(3, name)
    if master is not None:
        body += _number(10, master)
    return Request(_NEWLINK, 0, body, f"set {name} {'up' if up else 'down'}")


def set_most_segments(name: str, segments: int) -> Request:
    """How many segments a packet may still be uncut when it leaves the device; 1 cuts all to the MTU (GSO, TSO off)."""
    return Request(
        _NEWLINK, 0, LINK_HEADER.pack(0, 0, 0, 0, 0) + _text(3, name) + _number(40, segments), f"cut at {name}"
    )


def delete_link(name: str) -> Request:
    """Deletes a device; the other end of a veth pair goes with it."""
    return Request(_DELLINK, 0, LINK_HEADER.pack(0, 0, 0, 0, 0) + _text(3, name), f"delete {name}")


def add_address(index: int, address: str, *, device: str) -> Request:
    """Gives a device an address with its prefix length, `10.0.0.1/24`."""
    interface = ipaddress.IPv4Interface(address)
    head = _ADDRESS.pack(socket.AF_INET, interface.network.prefixlen, 0, 0, index)
    body = head + _attribute(2, interface.ip.packed) + _attribute(1, interface.ip.packed)
    if interface.network.prefixlen < 31:
        body += _attribute(4, interface.network.broadcast_address.packed)
    return Request(_NEWADDR, _CREATE | _REPLACE, body, f"add address {address} to {device}")


def add_route(
    destination: str, hops: Sequence[Hop], *, source: str | None, table: int | None, replace: bool
) -> Request:
    """A route over one or several next hops, or none: then packets are refused as unreachable."""
    flags = _CREATE | (_REPLACE if replace else _EXCL)
    return Request(_NEWROUTE, flags, _route(destination, hops, source, table), f"add route {destination}")


def delete_route(destination: str, *, table: int | None) -> Request:
    """Deletes the route to exactly this destination, over whichever hops."""
    network = ipaddress.IPv4Network(destination)
    head = _ROUTE.pack(socket.AF_INET, network.prefixlen, 0, 0, 0, 0, 255, 0, 0)
    body = head + _attribute(1, network.network_address.packed) + _number(15, table or _MAIN_TABLE)
    return Request(_DELROUTE, 0, body, f"delete route {destination}")


def add_rule(*, incoming: str, table: int, priority: int) -> Request:
    """Packets that come in over device `incoming` are routed by `table`."""
    head = struct.pack("=BBBBBBBBI", socket.AF_INET, 0, 0, 0, 0, 0, 0, 1, 0)
    body = head + _text(3, incoming) + _number(6, priority) + _number(15, table)
    return Request(_NEWRULE, _CREATE | _EXCL, body, f"add rule from {incoming} to table {table}")


def _attribute(kind: int, payload: bytes) -> bytes:
    size = 4 + len(payload)
    return struct.pack("=HH", size, kind) + payload + b"\0" * (-size % 4)


def _number(kind: int, value: int) -> bytes:
    return struct.pack("=HHI", 8, kind, value)


def _text(kind: int, value: str) -> bytes:
    return _attribute(kind, value.encode() + b"\0")


def _route(destination: str, hops: Sequence[Hop], source: str | None, table: int | None) -> bytes:
    network = ipaddress.IPv4Network(destination)
    kind = _UNICAST if hops else _UNREACHABLE
    direct = len(hops) == 1 and hops[0].gateway is None
    flags = _RTNH_ONLINK if len(hops) == 1 and hops[0].onlink else 0
    scope = _SCOPE_LINK if direct else 0
    # Table and protocol "static" (4): a number above 255 fits the attribute only.
    parts = [
        _ROUTE.pack(socket.AF_INET, network.prefixlen, 0, 0, 0, 4, scope, kind, flags),
        _attribute(1, network.network_address.packed),
        _number(15, table or _MAIN_TABLE),
    ]
    if source is not None:
        parts.append(_attribute(7, ipaddress.IPv4Address(source).packed))
    if len(hops) == 1:
        parts.append(_gateway(hops[0]) + (_number(4, hops[0].index) if hops[0].index else b""))
    elif hops:
        parts.append(_attribute(9, b"".join(_next_hop(hop) for hop in hops)))
    return b"".join(parts)


def _next_hop(hop: Hop) -> bytes:
    gateway = _gateway(hop)
    flags = _RTNH_ONLINK if hop.onlink else 0
    return _HOP.pack(_HOP.size + len(gateway), flags, hop.weight - 1, hop.index) + gateway


def _gateway(hop: Hop) -> bytes:
    return b"" if hop.gateway is None else _attribute(5, ipaddress.IPv4Address(hop.gateway).packed)
