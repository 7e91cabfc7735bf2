"""Fabric: what a world's clusters stand on, made of namespaces: nodes, pod networks and the WAN between clusters.

A node is a router, as Calico makes it one: each pod hangs on its node by a cable of its own with a /32 address, and
meets its policies there. A cluster's nodes meet in its `edge`, from which one wire leads to every other cluster.
Nothing of a slice stands here: routers, gateways and overlay addresses come and go by effects (`overlay.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from itertools import combinations

from emulator import links, netns, nft
from emulator.firewall import NodePort, node_nat
from emulator.links import Addresses, Interface, NextHop, Route, VethPair
from emulator.netns import Namespace
from emulator.passage import Direction
from emulator.wire import Wire, WireEnd, Wires, WireSpec
from kubeslice_sim.errors import BadInput
from kubeslice_sim.model.underlay import Path
from kubeslice_sim.planner.plan import ClusterPlan, NodePlan, Plan

NEXT_HOP = "169.254.1.1"
"""What every pod and node routes to: the other end of its cable, whoever that is (Calico's address for it)."""
UPLINK = "wan0"
CLUSTER_DNS_HOST = 10
"""The cluster DNS's place in the service network, kubeadm's habit."""

ROUTER_SYSCTLS = {
    "net.ipv4.ip_forward": 1,
    "net.ipv4.conf.all.rp_filter": 0,
    "net.ipv4.conf.default.rp_filter": 0,
    "net.ipv4.conf.all.send_redirects": 0,
    "net.ipv4.conf.default.send_redirects": 0,
    "net.ipv4.conf.all.accept_local": 1,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A namespace that hangs on a node by its `eth0`."""

    namespace: Namespace
    cluster: str
    node: str
    addresses: tuple[IPv4Address, ...]


class Fabric:
    """The namespaces and cables of a plan's clusters. Not safe to use from several threads at once."""

    def __init__(self, plan: Plan, wires: Wires) -> None:
        self.plan = plan
        self._wires = wires
        self.nodes: dict[str, Namespace] = {}
        self.edges: dict[str, Namespace] = {}
        self.wires: dict[frozenset[str], Wire] = {}
        self._attached: dict[str, Attachment] = {}
        self._node_ports: dict[str, dict[int, NodePort]] = {}
        self._infrastructure: dict[str, set[IPv4Address]] = {}
        self._cables = 0

    def build(self) -> None:
        """Make nodes, edges and wires. Raises LinkError, WireError or BackendUnavailable."""
        clusters = self.plan.clusters
        nodes = [node for cluster in clusters for node in cluster.nodes]
        made = netns.create_all([*(node.name for node in nodes), *(f"edge-{item.name}" for item in clusters)])
        for namespace in made:
            namespace.sysctls(ROUTER_SYSCTLS)
        self.nodes = dict(zip((node.name for node in nodes), made, strict=False))
        self.edges = dict(zip((item.name for item in clusters), made[len(nodes) :], strict=True))
        links.apply(thing for cluster in clusters for thing in self._cluster(cluster))
        for cluster in clusters:
            for node in cluster.nodes:
                self._node_ports[node.name] = {}
                self._translate(cluster, node)
        self._lay_wires()

    def attach(self, things: Iterable[tuple[str, str, str, tuple[IPv4Address, ...], Namespace]]) -> None:
        """Hang namespaces on their nodes: (key, cluster, node, addresses, namespace) each; one batch."""
        cables: list[VethPair | Route | Addresses] = []
        for key, cluster, node, addresses, namespace in things:
            self._attached[key] = Attachment(namespace=namespace, cluster=cluster, node=node, addresses=addresses)
            cables += self._cable(cluster, node, addresses, namespace)
        links.apply(cables)

    def detach(self, key: str) -> None:
        """Take a namespace off its node; one that is not there is fine."""
        gone = self._attached.pop(key, None)
        if gone is not None:
            links.delete_link(gone.namespace, "eth0")
            for address in gone.addresses:
                links.delete_route(self.edges[gone.cluster], f"{address}/32")

    def open_node_port(self, cluster: str, way: NodePort) -> None:
        """Lead a UDP port of every node of the cluster to a gateway or edge pod, as kube-proxy does."""
        for node in self.plan.cluster(cluster).nodes:
            self._node_ports[node.name][way.port] = way
            self._translate(self.plan.cluster(cluster), node)

    def close_node_port(self, cluster: str, port: int) -> None:
        """Undo :meth:`open_node_port`."""
        for node in self.plan.cluster(cluster).nodes:
            if self._node_ports[node.name].pop(port, None) is not None:
                self._translate(self.plan.cluster(cluster), node)

    def wire(self, a: str, b: str) -> Wire:
        """The WAN between two clusters. Raises KeyError."""
        return self.wires[frozenset((a, b))]

    def directions(self, a: str, b: str) -> tuple[Direction, Direction]:
        """What the Underlay says of the WAN from a to b and back."""
        underlay = self.plan.world.underlay
        return _direction(underlay.path(a, b)), _direction(underlay.path(b, a))

    def infrastructure_address(self, cluster: str) -> IPv4Address:
        """A free CNI address for a pod of the infrastructure: from the top of the pod network downward.

        Raises BadInput when applications and infrastructure have used the network up.
        """
        pod_cidr = self.plan.cluster(cluster).pod_cidr
        own = self._infrastructure.setdefault(cluster, set())
        taken = {address for item in self._attached.values() if item.cluster == cluster for address in item.addresses}
        taken |= {pod.pod_ip for pod in self.plan.pods if pod.cluster == cluster} | own
        for index in range(2, pod_cidr.num_addresses):
            if pod_cidr[-index] not in taken:
                own.add(pod_cidr[-index])
                return pod_cidr[-index]
        raise BadInput(
            f"the pod network {pod_cidr} of {cluster} has no address left for a gateway: give the cluster a larger "
            "podCIDR in the Underlay"
        )

    def release_address(self, cluster: str, address: IPv4Address) -> None:
        """Give an infrastructure pod's address back."""
        self._infrastructure[cluster].discard(address)

    def cluster_dns_address(self, cluster: str) -> IPv4Address:
        """Where the cluster's own DNS answers."""
        return IPv4Network(self.plan.world.underlay.cluster(cluster).service_cidr, strict=False)[CLUSTER_DNS_HOST]

    def _cluster(self, cluster: ClusterPlan) -> Iterable[VethPair | Route | Addresses]:
        edge = self.edges[cluster.name]
        for index, node in enumerate(cluster.nodes):
            namespace = self.nodes[node.name]
            yield Addresses(namespace=namespace, name="lo", addresses=(f"{NEXT_HOP}/32",))
            yield VethPair(
                a=Interface(namespace=namespace, name=UPLINK, addresses=(f"{node.ip}/32",)),
                b=Interface(namespace=edge, name=f"n{index}"),
            )
            yield _default(namespace, _next_hop_of(index), UPLINK)
            yield Addresses(namespace=edge, name=f"n{index}", addresses=(f"{_next_hop_of(index)}/32",))
            yield Route(namespace=edge, destination=f"{node.ip}/32", hops=(NextHop(device=f"n{index}"),))

    def _cable(
        self, cluster: str, node: str, addresses: tuple[IPv4Address, ...], namespace: Namespace
    ) -> Iterable[VethPair | Route]:
        self._cables += 1
        host, edge = self.nodes[node], self.edges[cluster]
        device = f"p{self._cables}"
        nodes = self.plan.cluster(cluster).nodes
        index = [item.name for item in nodes].index(node)
        node_ip = nodes[index].ip
        yield VethPair(
            a=Interface(namespace=namespace, name="eth0", addresses=tuple(f"{item}/32" for item in addresses)),
            b=Interface(namespace=host, name=device),
        )
        yield _default(namespace, NEXT_HOP, "eth0")
        for item in addresses:
            yield Route(namespace=host, destination=f"{item}/32", hops=(NextHop(device=device),))
            via = NextHop(via=str(node_ip), device=f"n{index}", onlink=True)
            yield Route(namespace=edge, destination=f"{item}/32", hops=(via,))

    def _translate(self, cluster: ClusterPlan, node: NodePlan) -> None:
        ports = self._node_ports[node.name].values()
        table = node_nat(node=node.ip, uplink=UPLINK, pod_cidr=cluster.pod_cidr, node_ports=ports)
        nft.apply(self.nodes[node.name], table)

    def _lay_wires(self) -> None:
        names = [cluster.name for cluster in self.plan.clusters]
        pairs = list(combinations(names, 2))
        specs = []
        for number, (a, b) in enumerate(pairs):
            forth, back = self.directions(a, b)
            ends = [
                WireEnd(namespace=self.edges[here], name=f"w{number}", address=f"169.254.{128 + number // 100}.{side}")
                for here, side in ((a, 2 * (number % 100) + 10), (b, 2 * (number % 100) + 11))
            ]
            specs.append(WireSpec(name=f"{a}--{b}", a=ends[0], b=ends[1], forth=forth, back=back))
        for (a, b), wire in zip(pairs, self._wires.lay(specs), strict=True):
            self.wires[frozenset((a, b))] = wire
        links.apply(
            Route(
                namespace=self.edges[here],
                destination=f"{node.ip}/32",
                hops=(NextHop(via=far.address, device=near.name, onlink=True),),
            )
            for (a, b), spec in zip(pairs, specs, strict=True)
            for here, there, near, far in ((a, b, spec.a, spec.b), (b, a, spec.b, spec.a))
            for node in self.plan.cluster(there).nodes
        )


def _default(namespace: Namespace, via: str, device: str) -> Route:
    return Route(namespace=namespace, destination="0.0.0.0/0", hops=(NextHop(via=via, device=device, onlink=True),))


def _next_hop_of(index: int) -> str:
    """The edge's address on the cable of node number ``index``: each its own, as nodes hold NEXT_HOP themselves."""
    return f"169.254.{2 + index // 250}.{1 + index % 250}"


def _direction(path: Path) -> Direction:
    return Direction(delay_s=path.delay_s, jitter_s=path.jitter_s, loss=path.loss, rate_bps=path.bandwidth_bps)
