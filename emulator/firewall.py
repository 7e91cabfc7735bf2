"""The packet rules of the emulated clusters: node ports, masquerade, DSCP marks, network policies, partitions.

Pure functions that answer with a table; `emulator.nft.apply` puts it into a namespace. Every table has its own name,
so that a node, a gateway and a fault never overwrite each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Literal

from emulator.nft import (
    ACCEPT,
    COUNTER,
    DROP,
    MASQUERADE,
    Json,
    Rule,
    Table,
    addresses,
    chain,
    established,
    field,
    meta,
    rule,
    translated,
)
from emulator.proxy_configuration import OWN_PORTS, Intercepted
from emulator.shaping import PortMatch
from emulator.wireguard import LISTEN_PORT

NAT_TABLE = "ks-nat"
DSCP_TABLE = "ks-dscp"
POLICY_TABLE = "ks-policy"
SIDECAR_TABLE = "ks-sidecar"

_RAW, _MANGLE, _DSTNAT, _FILTER, _SRCNAT = -300, -150, -100, 0, 100  # the priorities nft calls by these names

DSCP_CLASSES = {
    "AF11": 10, "AF12": 12, "AF21": 18, "AF22": 20, "AF23": 22, "AF31": 26,
    "AF32": 28, "AF33": 30, "AF41": 34, "AF42": 36, "AF43": 38, "EF": 46,
}  # fmt: skip
"""What the gateway sidecar marks, with RFC 2597 and 3246 values. AF13 and Default are missing there: no mark."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class NodePort:
    """A UDP port of a node that leads to a gateway pod on it."""

    port: int
    pod: IPv4Address
    pod_port: int = LISTEN_PORT


@dataclass(frozen=True, slots=True, kw_only=True)
class PortRange:
    """Ports a policy opens; `last` None means `first` alone, `first` None all ports of the protocol."""

    protocol: Literal["tcp", "udp", "sctp"]
    first: int | None = None
    last: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Allow:
    """What a policy lets pass: `peers` None is everybody and empty nobody; no `ports` is all ports and protocols."""

    peers: tuple[IPv4Network, ...] | None
    ports: tuple[PortRange, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PodPolicy:
    """The sum of the NetworkPolicies that select one pod, which hold for its CNI address only, never for the overlay.

    A direction that is None is not isolated; an empty one lets nothing in (or out) but answers to what was let through.
    """

    pod: IPv4Address
    ingress: tuple[Allow, ...] | None
    egress: tuple[Allow, ...] | None


def node_nat(*, node: IPv4Address, uplink: str, pod_cidr: IPv4Network, node_ports: Iterable[NodePort]) -> Table:
    """A node's address translation: its node ports inward, its own address for pods that speak to other machines."""
    inward = [
        rule(
            f"node port {one.port}",
            field("ip", "daddr", str(node)),
            field("udp", "dport", one.port),
            {"dnat": {"addr": str(one.pod), "port": one.pod_port}},
        )
        for one in sorted(node_ports)
    ]
    pods = addresses([pod_cidr])
    outward = rule(
        "pod egress",
        meta("oifname", uplink),
        field("ip", "saddr", pods),
        field("ip", "daddr", pods, op="!="),
        MASQUERADE,
    )
    # As kube-proxy's: an answer must come back through the node that was asked, wherever the pod runs.
    onward = rule("node port of a pod elsewhere", meta("oifname", uplink), translated(), MASQUERADE)
    return Table(
        name=NAT_TABLE,
        chains=(
            chain("node-ports", "nat", "prerouting", _DSTNAT, inward),
            chain("egress", "nat", "postrouting", _SRCNAT, [onward, outward]),
        ),
    )


def edge_nat(gateways: Iterable[NodePort]) -> Table:
    """An edge's address translation: each port to the gateway behind it, under the edge's own address."""
    inward = [
        rule(
            f"edge port {one.port}",
            field("udp", "dport", one.port),
            COUNTER,
            {"dnat": {"addr": str(one.pod), "port": one.pod_port}},
        )
        for one in sorted(gateways)
    ]
    outward = rule("to a gateway", translated(), MASQUERADE)
    return Table(
        name=NAT_TABLE,
        chains=(
            chain("edge-ports", "nat", "prerouting", _DSTNAT, inward),
            chain("edge-address", "nat", "postrouting", _SRCNAT, [outward]),
        ),
    )


def dscp_marks(dscp_class: str, ports: Iterable[PortMatch]) -> Table:
    """The marks on a gateway pod's outer UDP packets; an empty table for a class that the sidecar ignores.

    As pkg/sidecar/sidecarpb/slicegateway_handler.go does in the mangle table: a server matches its source port, a
    client the node port it sends to.
    """
    marks = [
        rule(
            f"{dscp_class} for {match.side} {match.port}",
            field("udp", match.side.value, match.port),
            COUNTER,
            {"mangle": {"key": {"payload": {"protocol": "ip", "field": "dscp"}}, "value": DSCP_CLASSES[dscp_class]}},
        )
        for match in sorted(ports)
        if dscp_class in DSCP_CLASSES
    ]
    return Table(name=DSCP_TABLE, chains=(chain("marks", "filter", "postrouting", _MANGLE, marks),))


def network_policies(policies: Sequence[PodPolicy], *, place: Literal["node", "pod"]) -> Table:
    """The isolation of pods on the CNI; what is not allowed is dropped without a word and counted.

    `place` "node": for a namespace that routes the pods' packets, the faithful place, where a sender notices nothing.
    `place` "pod": for the pod's own namespace; there the kernel tells a local sender of a dropped datagram (EPERM).
    """
    inward: list[Rule] = [rule("answers", established(), ACCEPT)]
    outward: list[Rule] = [rule("answers", established(), ACCEPT)]
    for policy in policies:
        pod = str(policy.pod)
        if policy.ingress is not None:
            inward += _allowed(f"to {pod}", field("ip", "daddr", pod), "saddr", policy.ingress)
        if policy.egress is not None:
            outward += _allowed(f"from {pod}", field("ip", "saddr", pod), "daddr", policy.egress)
    into, out = ("forward", "forward") if place == "node" else ("input", "output")
    return Table(
        name=POLICY_TABLE,
        chains=(
            chain("egress", "filter", out, _FILTER, outward),
            chain("ingress", "filter", into, _FILTER + 1, inward),
        ),
    )


def interception(taken: Iterable[Intercepted], port: int) -> Table:
    """What a sidecar takes from the programs of its pod: led to its port, or reset; its own connections pass.

    As istio-init does with the nat table, which tells the sidecar's connections by their user.
    """
    own = field("tcp", "sport", {"range": list(OWN_PORTS)})
    led, reset = [rule("the sidecar's own", own, ACCEPT)], []
    for item in taken:
        match = (field("ip", "daddr", str(item.address)), field("tcp", "dport", item.port))
        if item.refused:
            refusal = {"reject": {"type": "tcp reset"}}
            reset.append(rule(f"nobody takes {item.address}:{item.port}", *match, refusal))
        else:
            led.append(rule(f"to the sidecar: {item.address}:{item.port}", *match, {"redirect": {"port": port}}))
    return Table(
        name=SIDECAR_TABLE,
        chains=(chain("led", "nat", "output", _DSTNAT, led), chain("reset", "filter", "output", _FILTER, reset)),
    )


def partition(name: str, a: Sequence[IPv4Network], b: Sequence[IPv4Network]) -> Table:
    """A fault: nothing passes between any address of `a` and any of `b`, neither way; `name` tells it from others.

    Works in a router between them and in a namespace at either end. Raises ValueError if a side is empty.
    """
    if not a or not b:
        raise ValueError(f"partition {name}: each side needs at least one address")
    cut = [
        rule(
            f"{name}: {way}",
            field("ip", "saddr", addresses(left)),
            field("ip", "daddr", addresses(right)),
            COUNTER,
            DROP,
        )
        for way, left, right in (("there", a, b), ("back", b, a))
    ]
    return Table(
        name=f"ks-fault-{name}",
        chains=(
            chain("arriving", "filter", "prerouting", _RAW, cut),
            chain("leaving", "filter", "output", _RAW, cut),
        ),
    )


def _allowed(what: str, pod: Json, peer_field: str, allows: Iterable[Allow]) -> list[Rule]:
    rules = [
        rule(f"{what}: allowed", pod, *_peers(peer_field, allow), *ports, ACCEPT)
        for allow in allows
        if allow.peers is None or allow.peers
        for ports in [_port(port) for port in allow.ports] or [()]
    ]
    return [*rules, rule(f"{what}: denied", pod, COUNTER, DROP)]


def _peers(peer_field: str, allow: Allow) -> tuple[Json, ...]:
    return () if allow.peers is None else (field("ip", peer_field, addresses(allow.peers)),)


def _port(port: PortRange) -> tuple[Json, ...]:
    if port.first is None:
        return (meta("l4proto", port.protocol),)
    return (field(port.protocol, "dport", port.first if port.last is None else {"range": [port.first, port.last]}),)
