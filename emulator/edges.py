"""Edges of LoadBalancer mode: a pod before the gateways that serve on a cluster; a load balancer leads to it.

The load balancer is the cloud's: the nodes' addresses stand in for its own, as in the plan, and their ports lead to the
edge, which gives every packet its own address and sends it on to the gateway (gateway-edge in KubeSlice).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address

from emulator import nft
from emulator.fabric import ROUTER_SYSCTLS, Fabric
from emulator.firewall import NodePort, edge_nat
from emulator.netns import Namespace
from kubeslice_sim.planner import names


@dataclass(slots=True)
class Edge:
    """An edge that runs: its CNI address, and the gateway behind each of its ports."""

    namespace: Namespace
    pod_ip: IPv4Address
    gateways: dict[int, NodePort] = field(default_factory=dict)


class Edges:
    """The ways from outside to the gateways that serve: by a node port, or by the edge where the plan has one."""

    def __init__(self, fabric: Fabric) -> None:
        self._fabric = fabric
        self._balanced = {(edge.slice, edge.cluster) for item in fabric.plan.slices for edge in item.edges}
        self._running: dict[tuple[str, str], Edge] = {}

    def open(self, slice_name: str, cluster: str, port: int, gateway: IPv4Address) -> None:
        """Lead a port of the cluster's nodes to a gateway pod."""
        if (slice_name, cluster) not in self._balanced:
            self._fabric.open_node_port(cluster, NodePort(port=port, pod=gateway))
            return
        edge = self._running.get((slice_name, cluster)) or self._start(slice_name, cluster)
        edge.gateways[port] = NodePort(port=port, pod=gateway)
        nft.apply(edge.namespace, edge_nat(edge.gateways.values()))
        self._fabric.open_node_port(cluster, NodePort(port=port, pod=edge.pod_ip, pod_port=port))

    def close(self, slice_name: str, cluster: str, port: int) -> None:
        """Undo :meth:`open`; an edge ends with the last gateway behind it."""
        self._fabric.close_node_port(cluster, port)
        edge = self._running.get((slice_name, cluster))
        if edge is None or edge.gateways.pop(port, None) is None:
            return
        if edge.gateways:
            nft.apply(edge.namespace, edge_nat(edge.gateways.values()))
            return
        del self._running[slice_name, cluster]
        self._fabric.detach(_attachment(slice_name, cluster))
        self._fabric.release_address(cluster, edge.pod_ip)
        edge.namespace.close()

    def get(self, slice_name: str, cluster: str) -> Edge | None:
        """The edge that runs, or None."""
        return self._running.get((slice_name, cluster))

    def _start(self, slice_name: str, cluster: str) -> Edge:
        namespace = Namespace.create(f"{names.edge(slice_name)}@{cluster}")
        namespace.sysctls(ROUTER_SYSCTLS)
        edge = self._running[slice_name, cluster] = Edge(namespace, self._fabric.infrastructure_address(cluster))
        node = self._fabric.plan.cluster(cluster).gateway_nodes[0].name
        self._fabric.attach([(_attachment(slice_name, cluster), cluster, node, (edge.pod_ip,), namespace)])
        return edge


def _attachment(slice_name: str, cluster: str) -> str:
    return f"edge/{cluster}/{slice_name}"
