"""History: what a previous plan fixed, and KubeSlice therefore keeps."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address

from kubeslice_sim.planner.ipam import IpamPlan
from kubeslice_sim.planner.plan import Plan

Pair = frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceHistory:
    """What one slice had. ``servers``: which cluster of a pair serves; ``clients``: overlay addresses per cluster."""

    qos_number: int | None = None
    slots: dict[str, int] = field(default_factory=dict)
    servers: dict[Pair, str] = field(default_factory=dict)
    node_ports: dict[str, int] = field(default_factory=dict)
    clients: dict[str, dict[str, IPv4Address]] = field(default_factory=dict)
    ipam: IpamPlan | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What a previous plan fixed; empty for a world that has no past."""

    slices: dict[str, SliceHistory] = field(default_factory=dict)
    pod_ips: dict[str, dict[str, IPv4Address]] = field(default_factory=dict)
    node_ips: dict[str, dict[str, IPv4Address]] = field(default_factory=dict)

    def slice(self, name: str) -> SliceHistory:
        """The slice's past; empty for a new slice."""
        return self.slices.get(name) or SliceHistory()


def remember(previous: Plan | None) -> History:
    """The part of a plan that outlives a change of the world: slots, roles, addresses, ports."""
    if previous is None:
        return History()
    slices = {
        item.name: SliceHistory(
            qos_number=item.qos.number if item.qos else None,
            slots={member.cluster: member.slot for member in item.members},
            servers={frozenset((pair.server.cluster, pair.client.cluster)): pair.server.cluster for pair in item.pairs},
            node_ports={tunnel.server.deployment: tunnel.node_port for tunnel in item.tunnels},
            clients={member.cluster: {} for member in item.members},
            ipam=item.ipam,
        )
        for item in previous.slices
    }
    for item in previous.slices:
        clients = slices[item.name].clients
        for tunnel in item.tunnels:
            for end in tunnel.ends:
                clients[end.cluster][end.deployment] = end.nsm_ip
    pod_ips: dict[str, dict[str, IPv4Address]] = {cluster.name: {} for cluster in previous.clusters}
    for gateway in (gateway for item in previous.slices for gateway in item.east_west):
        pod_ips[gateway.cluster][gateway.reference] = gateway.pod_ip
        slices[gateway.slice].clients[gateway.cluster][gateway.name] = gateway.nsm_ip
    for pod in previous.pods:
        pod_ips[pod.cluster][pod.reference] = pod.pod_ip
        if pod.slice is not None and pod.nsm_ip is not None:
            slices[pod.slice].clients[pod.cluster][pod.reference] = pod.nsm_ip
    node_ips = {cluster.name: {node.name: node.ip for node in cluster.nodes} for cluster in previous.clusters}
    return History(slices=slices, pod_ips=pod_ips, node_ips=node_ips)
