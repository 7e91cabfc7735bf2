"""Nodes: what a worker cluster is made of, and where its nodes stand on the WAN."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

from kubeslice_sim.errors import BadInput
from kubeslice_sim.model.cluster import Cluster, ClusterSpec
from kubeslice_sim.model.project import PROJECT_NAMESPACE_PREFIX
from kubeslice_sim.model.underlay import ClusterUnderlay
from kubeslice_sim.model.world import World
from kubeslice_sim.planner import names
from kubeslice_sim.planner.history import History
from kubeslice_sim.planner.plan import ClusterPlan, NodePlan

INVENTED = IPv4Network("198.18.0.0/15")
"""RFC 2544's benchmark range: nobody routes it, so nobody's real node has such an address."""
_FIRST_HOST = 11  # below it there is room for whatever joins the clusters in an emulation
_BLOCK = 256
_DNS_HOST = 53


def project_of(namespace: str) -> str:
    """The project of a hub namespace: what follows the first ``kubeslice-`` (kubeslice-controller util/common.go)."""
    return namespace.partition(PROJECT_NAMESPACE_PREFIX)[2] or namespace


def settled_spec(spec: ClusterSpec) -> ClusterSpec:
    """The spec after the controller has mended its node IPs (kubeslice-controller service/cluster_service.go).

    An empty first entry of ``nodeIPs`` clears the list; with fewer than two entries the old ``nodeIP`` is the first.
    """
    ips = () if spec.node_ips[:1] == ("",) else spec.node_ips
    if spec.node_ip and len(ips) < 2:
        ips = (spec.node_ip,)
    return replace(spec, node_ips=ips)


def node_ips(cluster: Cluster, underlay: ClusterUnderlay) -> tuple[str, ...]:
    """The addresses that the world gives a cluster's gateway nodes, or nothing.

    ``spec.nodeIPs``, else ``status.nodeIPs`` (so kubeslice-controller worker_slice_gateway_service.go), else the
    Underlay's, which is what a worker would have reported.
    """
    reported = cluster.status.node_ips if cluster.status else ()
    return settled_spec(cluster.spec).node_ips or reported or underlay.node_ips


def build_clusters(world: World, history: History) -> tuple[ClusterPlan, ...]:
    """Every worker cluster with its nodes, gateway nodes first; names still unserved.

    A gateway node stands at each node IP that the world gives; the other nodes get invented addresses that no cluster
    shares, the same ones as in ``history``. Raises :exc:`BadInput` when the benchmark range is used up.
    """
    given = {
        cluster.metadata.name: node_ips(cluster, world.underlay.cluster(cluster.metadata.name))
        for cluster in world.clusters
    }
    addresses = _WanAddresses(
        avoid=(address for ips in given.values() for address in map(_ipv4, ips) if address is not None),
        remembered=history.node_ips,
    )
    return tuple(
        _build_cluster(cluster, world.underlay.cluster(cluster.metadata.name), given[cluster.metadata.name], addresses)
        for cluster in world.clusters
    )


def _build_cluster(
    cluster: Cluster, underlay: ClusterUnderlay, given: tuple[str, ...], addresses: _WanAddresses
) -> ClusterPlan:
    name = cluster.metadata.name
    gateways = [names.gateway_node(name, i + 1) for i in range(max(underlay.gateway_nodes, len(given)))]
    apps = [names.app_node(name, i + 1) for i in range(underlay.app_nodes)]
    fixed = {node: ip for node, ip in zip(gateways, map(_ipv4, given), strict=False) if ip is not None}
    invented = addresses.invent(name, [node for node in (*gateways, *apps) if node not in fixed])
    nodes = tuple(
        NodePlan(name=node, cluster=name, ip=fixed.get(node) or invented[node], gateway=i < len(gateways))
        for i, node in enumerate((*gateways, *apps))
    )
    return ClusterPlan(
        name=name,
        project=project_of(cluster.metadata.namespace),
        nodes=nodes,
        node_ips=given or tuple(str(node.ip) for node in nodes if node.gateway),
        pod_cidr=IPv4Network(underlay.pod_cidr, strict=False),
        dns_ip=_dns_ip(IPv4Network(underlay.service_cidr, strict=False)),
    )


def _dns_ip(services: IPv4Network) -> IPv4Address:
    """The Service of the KubeSlice DNS: invented, the last address of a network that is too small for ours."""
    return services[min(_DNS_HOST, services.num_addresses - 1)]


class _WanAddresses:
    """Invents addresses: a /24 (or several in a row) per cluster, lowest free first, stable with the past."""

    def __init__(self, avoid: Iterable[IPv4Address], remembered: dict[str, dict[str, IPv4Address]]) -> None:
        self._remembered = remembered
        self._blocks = {_block(address) for address in avoid if address in INVENTED}
        for nodes in remembered.values():
            self._blocks.update(_block(address) for address in nodes.values() if address in INVENTED)

    def invent(self, cluster: str, nodes: list[str]) -> dict[str, IPv4Address]:
        past = self._remembered.get(cluster, {})
        found = {node: past[node] for node in nodes if node in past and past[node] in INVENTED}
        missing = [node for node in nodes if node not in found]
        if missing:
            base = self._take(1 + (_FIRST_HOST + len(missing) - 1) // _BLOCK)
            found |= {node: INVENTED[base * _BLOCK + _FIRST_HOST + i] for i, node in enumerate(missing)}
        return found

    def _take(self, length: int) -> int:
        base = 0
        while any(base + i in self._blocks for i in range(length)):
            base += 1
        if (base + length) * _BLOCK > INVENTED.num_addresses:
            raise BadInput(f"no addresses left in {INVENTED} for the nodes; give nodeIPs in the Underlay")
        self._blocks.update(range(base, base + length))
        return base


def _block(address: IPv4Address) -> int:
    return (int(address) - int(INVENTED.network_address)) // _BLOCK


def _ipv4(text: str) -> IPv4Address | None:
    try:
        return IPv4Address(text)
    except ValueError:
        return None
