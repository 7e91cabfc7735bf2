"""Links, addresses and routes, declared as data and made in few round trips.

`apply` takes any number of them, for any number of namespaces. Veth pairs are created from one socket with either end
in its namespace at once; the rest is one batch a namespace. 128 namespaces on a bridge take about 0.15 s.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from emulator import rtmessages
from emulator.netns import Namespace, call_in_each
from emulator.rtmessages import Hop, LinkEnd, LinkError
from emulator.rtnetlink import LinkState, RouteSocket

__all__ = [
    "Addresses",
    "Bridge",
    "Interface",
    "LinkError",
    "LinkState",
    "NextHop",
    "Route",
    "VethPair",
    "apply",
    "delete_link",
    "delete_route",
    "read",
    "replace_route",
    "set_up",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """One end of a veth pair. `addresses` carry their prefix length; `bridge` names a bridge in the same namespace."""

    namespace: Namespace
    name: str
    addresses: tuple[str, ...] = ()
    bridge: str | None = None
    mtu: int = 1500
    mac: str | None = None
    queue_packets: int | None = None
    up: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class VethPair:
    """A cable with two ends."""

    a: Interface
    b: Interface


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridge:
    """An Ethernet bridge; interfaces become its ports by naming it."""

    namespace: Namespace
    name: str
    addresses: tuple[str, ...] = ()
    mtu: int = 1500
    mac: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Addresses for a device that exists already, which is brought up (`lo`, `wg0`)."""

    namespace: Namespace
    name: str
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NextHop:
    """Where a route leads. `via` None: directly on `device`. `onlink`: `via` need not lie in a subnet of `device`."""

    via: str | None = None
    device: str | None = None
    weight: int = 1
    onlink: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A route to `destination` ("10.1.0.0/16") over one or several hops (ECMP), or none: unreachable."""

    namespace: Namespace
    destination: str
    hops: tuple[NextHop, ...]
    source: str | None = None
    table: int | None = None


def apply(things: Iterable[Bridge | VethPair | Addresses | Route]) -> None:
    """Makes everything named, in the order bridges, veth pairs, addresses, routes, whatever the order given.

    Raises LinkError with every refusal of the kernel in the step that failed; steps before it stay done.
    """
    everything = tuple(things)
    bridges = [thing for thing in everything if isinstance(thing, Bridge)]
    pairs = [thing for thing in everything if isinstance(thing, VethPair)]
    standing = [thing for thing in everything if isinstance(thing, Addresses)]
    routes = [thing for thing in everything if isinstance(thing, Route)]
    interfaces = [end for pair in pairs for end in (pair.a, pair.b)]
    devices: list[Bridge | Interface | Addresses] = [*bridges, *interfaces, *standing]
    owners = list({*(device.namespace for device in devices), *(route.namespace for route in routes)})
    with ExitStack() as until, RouteSocket() as factory:
        netlink = dict(zip(owners, call_in_each(owners, RouteSocket), strict=True))
        for opened in netlink.values():
            until.callback(opened.close)
        for bridge in bridges:
            end = LinkEnd(name=bridge.name, netns_fd=None, mtu=bridge.mtu, mac=bridge.mac)
            _send(bridge.namespace, netlink[bridge.namespace], [rtmessages.add_bridge(end)])
        factory.send([rtmessages.add_veth(_end(pair.a), _end(pair.b)) for pair in pairs])
        requests: dict[Namespace, list[rtmessages.Request]] = {owner: [] for owner in owners}
        indices = {owner: _indices(netlink[owner]) for owner in owners}
        for device in devices:
            requests[device.namespace] += _settle(device, indices[device.namespace])
        for route in routes:
            requests[route.namespace].append(_route(route, indices[route.namespace], replace=False))
        for owner in owners:
            _send(owner, netlink[owner], requests[owner])


def replace_route(route: Route) -> None:
    """Puts the route in place of the one to the same destination, at one instant, or adds it. Raises LinkError."""
    with route.namespace.call(RouteSocket) as netlink:
        _send(route.namespace, netlink, [_route(route, _indices(netlink), replace=True)])


def delete_route(namespace: Namespace, destination: str, *, table: int | None = None) -> None:
    """Deletes the route to exactly `destination`. Raises LinkError when there is none."""
    with namespace.call(RouteSocket) as netlink:
        _send(namespace, netlink, [rtmessages.delete_route(destination, table=table)])


def delete_link(namespace: Namespace, name: str) -> None:
    """Deletes a device, and of a veth pair the other end too (17 to 57 ms). Raises LinkError when there is none."""
    with namespace.call(RouteSocket) as netlink:
        _send(namespace, netlink, [rtmessages.delete_link(name)])


def set_up(namespace: Namespace, name: str, *, up: bool) -> None:
    """Brings a device up or down. Raises LinkError when there is none."""
    with namespace.call(RouteSocket) as netlink:
        _send(namespace, netlink, [rtmessages.set_link(name, up=up)])


def read(namespace: Namespace) -> dict[str, LinkState]:
    """Every device in the namespace, by name, with its counters."""
    with namespace.call(RouteSocket) as netlink:
        return netlink.links()


def _send(owner: Namespace, netlink: RouteSocket, requests: Sequence[rtmessages.Request]) -> None:
    try:
        netlink.send(requests)
    except LinkError as error:
        raise LinkError(f"namespace {owner.name}: {error}", error.number) from None


def _indices(netlink: RouteSocket) -> dict[str, int]:
    return {name: state.index for name, state in netlink.links().items()}


def _index(indices: dict[str, int], device: str, owner: Namespace) -> int:
    if device not in indices:
        raise LinkError(f"namespace {owner.name} has no device {device}: it has {', '.join(sorted(indices))}")
    return indices[device]


def _end(end: Interface) -> LinkEnd:
    return LinkEnd(name=end.name, netns_fd=end.namespace.fd, mtu=end.mtu, mac=end.mac, queue_packets=end.queue_packets)


def _settle(device: Bridge | Interface | Addresses, indices: dict[str, int]) -> list[rtmessages.Request]:
    """What brings an existing device to its declared state."""
    up, master = True, None
    if isinstance(device, Interface):
        up = device.up
        if device.bridge is not None:
            master = _index(indices, device.bridge, device.namespace)
    index = _index(indices, device.name, device.namespace)
    return [
        rtmessages.set_link(device.name, up=up, master=master),
        *(rtmessages.add_address(index, address, device=device.name) for address in device.addresses),
    ]


def _route(route: Route, indices: dict[str, int], *, replace: bool) -> rtmessages.Request:
    hops = [
        Hop(
            gateway=hop.via,
            index=0 if hop.device is None else _index(indices, hop.device, route.namespace),
            weight=hop.weight,
            onlink=hop.onlink,
        )
        for hop in route.hops
    ]
    return rtmessages.add_route(route.destination, hops, source=route.source, table=route.table, replace=replace)
