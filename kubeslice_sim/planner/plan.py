"""Plan: the answer to a world, down to every address, tunnel, route, shaping class and DNS record."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from typing import Literal

from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.release import KubeSliceVersion
from kubeslice_sim.model.slice_config import DscpClass, GatewayType, OverlayMode, ServiceType, TransportProtocol
from kubeslice_sim.model.world import World
from kubeslice_sim.planner.east_west import EastWestGateway, IstioObject
from kubeslice_sim.planner.encapsulation import MtuPlan, way_mtus
from kubeslice_sim.planner.ipam import IpamPlan
from kubeslice_sim.planner.network_policy import UserPolicyPlan

HostType = Literal["Server", "Client"]

NO_ADDRESSES = IPv4Network("0.0.0.0/32")
"""What stands for the CIDR of a member of a ``no-network`` slice: it has none (and slot -1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePlan:
    """A node of a worker cluster; ``ip`` is its address on the WAN."""

    name: str
    cluster: str
    ip: IPv4Address
    gateway: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PodPlan:
    """An application pod. ``slice`` and ``nsm_ip`` are None for a pod that joins no slice.

    ``name`` is ``<workload>-<ordinal>`` (a Pod keeps its own). ``emulate`` or ``command``: what it runs; ``ports``:
    what its containers declare.
    """

    name: str
    namespace: str
    cluster: str
    workload: str
    workload_kind: str
    labels: FrozenMap[str]
    node: str
    pod_ip: IPv4Address
    slice: str | None = None
    nsm_ip: IPv4Address | None = None
    emulate: str = ""
    command: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()

    @property
    def reference(self) -> str:
        """``namespace/pod@cluster``: how observations name it."""
        return f"{self.namespace}/{self.name}@{self.cluster}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterPlan:
    """The slice router of one cluster: its address is the cluster CIDR's network address."""

    name: str
    slice: str
    cluster: str
    node: str
    address: IPv4Address


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberPlan:
    """One cluster's part of a slice. ``slot`` is KubeSlice's octet; namespaces are those of this cluster."""

    slice: str
    cluster: str
    slot: int
    cidr: IPv4Network
    router: RouterPlan | None
    application_namespaces: tuple[str, ...] = ()
    allowed_namespaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TunnelEnd:
    """One gateway pod: the end of one tunnel. ``deployment`` is also the pod's name in plans and observations.

    ``listen_port`` is the VPN port inside the pod (11194); a server is reached at any of its cluster's node IPs on the
    tunnel's ``node_port``.
    """

    deployment: str
    gateway: str
    slice: str
    cluster: str
    peer: str
    instance: int
    host_type: HostType
    node: str
    nsm_ip: IPv4Address
    vpn_ip: IPv4Address
    listen_port: int = 11194


@dataclass(frozen=True, slots=True, kw_only=True)
class TunnelPlan:
    """One tunnel between two clusters; a pair has two (NumberOfGateways)."""

    instance: int
    server: TunnelEnd
    client: TunnelEnd
    node_port: int

    @property
    def ends(self) -> tuple[TunnelEnd, TunnelEnd]:
        """Server first."""
        return (self.server, self.client)


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayPlan:
    """One WorkerSliceGateway: a cluster's side of a pair.

    ``routes_entire_slice``: a spoke's, which sends all of the slice's traffic to its hub.
    """

    name: str
    slice: str
    cluster: str
    peer: str
    host_type: HostType
    vpn_ip: IPv4Address
    subnet: IPv4Network
    node_ips: tuple[str, ...]
    routes_entire_slice: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayPairPlan:
    """All that joins two clusters of a slice. ``number`` is KubeSlice's gatewayNumber (not unique)."""

    slice: str
    number: int
    gateway_type: GatewayType
    connectivity: ServiceType
    protocol: TransportProtocol
    vpn_network: IPv4Network
    server: GatewayPlan
    client: GatewayPlan
    tunnels: tuple[TunnelPlan, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgePort:
    """A port of the load balancer, which has the gateway's NodePort as its number, and where the edge sends it."""

    port: int
    gateway: str
    service: str
    target_port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgePlan:
    """What a load balancer leads to: a pod that translates each port to one gateway's Service (DNAT, MASQUERADE).

    ``service`` is empty where nobody serves. ``load_balancer_ips``: the cluster's node IPs stand in for those that the
    cloud gives.
    """

    name: str
    service: str
    slice: str
    cluster: str
    protocol: TransportProtocol
    load_balancer_ips: tuple[str, ...]
    ports: tuple[EdgePort, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QosPlan:
    """The slice's traffic class. ``leaf``/``parent`` are HTB class ids as netops numbers them on a gateway node.

    ``dscp`` is the code point that really gets marked (None: no marking, as for AF13 and Default).
    """

    slice: str
    ceiling_bps: int
    guaranteed_bps: int
    priority: int
    dscp_class: DscpClass
    dscp: int | None
    parent: str
    leaf: str

    @property
    def number(self) -> int:
        """The slice's number at netops, from 1: parent ``17:<11k>``, leaf ``17:<11k+1>``."""
        return int(self.parent.partition(":")[2]) // 11

    @property
    def shapes(self) -> bool:
        """Whether tc takes netops' class and filter: rates above zero, a priority of 16 bits.

        KubeSlice takes any numbers (the webhook only compares them); what tc refuses leaves the slice unshaped.
        """
        return self.ceiling_bps > 0 and self.guaranteed_bps > 0 and 0 <= self.priority <= 0xFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutePlan:
    """One route of one device of the overlay.

    ``device``: a pod's reference, a router's name or a gateway deployment; ``via``: next hops (several: ECMP by
    5-tuple, empty: directly on ``interface``).
    """

    slice: str
    cluster: str
    device: str
    destination: IPv4Network
    via: tuple[IPv4Address, ...]
    interface: Literal["nsm0", "wg0", "tun0"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointPlan:
    """One pod behind an exported service; where its cluster has an ingress gateway, the gateway that stands for all."""

    pod: str
    cluster: str
    nsm_ip: IPv4Address
    dns_name: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePortPlan:
    """A port of a service."""

    name: str
    port: int
    protocol: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePlan:
    """An exported service as every cluster of the slice imports it.

    ``backends``: the pods behind those of its endpoints that are ingress gateways.
    """

    slice: str
    namespace: str
    name: str
    dns_name: str
    source_clusters: tuple[str, ...]
    endpoints: tuple[EndpointPlan, ...]
    ports: tuple[ServicePortPlan, ...]
    aliases: tuple[str, ...]
    backends: tuple[EndpointPlan, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkPolicyPlan:
    """The isolation of one application namespace: only these namespaces may talk to it over the CNI."""

    name: str
    slice: str
    cluster: str
    namespace: str
    allowed_namespaces: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SlicePlan:
    """One slice, complete. ``hubs``: the clusters that relay between all others; none in a full mesh."""

    name: str
    project: str
    mode: OverlayMode
    gateway_type: GatewayType
    cipher: str
    subnet: IPv4Network | None
    max_clusters: int
    members: tuple[MemberPlan, ...]
    pairs: tuple[GatewayPairPlan, ...]
    qos: QosPlan | None
    services: tuple[ServicePlan, ...]
    routes: tuple[RoutePlan, ...]
    policies: tuple[NetworkPolicyPlan, ...]
    east_west: tuple[EastWestGateway, ...] = ()
    istio_objects: tuple[IstioObject, ...] = ()
    edges: tuple[EdgePlan, ...] = ()
    ipam: IpamPlan | None = None
    hubs: tuple[str, ...] = ()

    def member(self, cluster: str) -> MemberPlan:
        """The cluster's part. Raises :exc:`KeyError`."""
        for item in self.members:
            if item.cluster == cluster:
                return item
        raise KeyError(cluster)

    @property
    def mtus(self) -> tuple[MtuPlan, ...]:
        """What packets between two of its clusters fit through, stretch by stretch; nothing where no pair is."""
        return way_mtus(self.gateway_type, self.pairs[0].protocol) if self.pairs else ()

    @property
    def tunnels(self) -> tuple[TunnelPlan, ...]:
        """Every tunnel of the slice, pair by pair."""
        return tuple(tunnel for pair in self.pairs for tunnel in pair.tunnels)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterPlan:
    """One worker cluster: nodes, networks and what its KubeSlice DNS answers.

    ``dns``: name → addresses (A records, TTL 60 s). ``cluster_dns``: names under ``cluster.local`` → addresses.
    """

    name: str
    project: str
    nodes: tuple[NodePlan, ...]
    node_ips: tuple[str, ...]
    pod_cidr: IPv4Network
    dns_ip: IPv4Address
    dns: FrozenMap[tuple[IPv4Address, ...]] = field(default_factory=FrozenMap)
    cluster_dns: FrozenMap[tuple[IPv4Address, ...]] = field(default_factory=FrozenMap)

    @property
    def gateway_nodes(self) -> tuple[NodePlan, ...]:
        """The nodes labelled ``kubeslice.io/node-type=gateway``."""
        return tuple(node for node in self.nodes if node.gateway)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanWarning:
    """Something that will bite in this world: KubeSlice's quirk or our advice."""

    id: str
    subject: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that KubeSlice makes of a world.

    ``not_deployable``: what of the world no KubeSlice of that version has, a sentence each.
    ``network_policies``: its users' own.
    """

    world: World
    kubeslice_version: KubeSliceVersion
    clusters: tuple[ClusterPlan, ...]
    slices: tuple[SlicePlan, ...]
    pods: tuple[PodPlan, ...]
    warnings: tuple[PlanWarning, ...] = ()
    not_deployable: tuple[str, ...] = ()
    network_policies: tuple[UserPolicyPlan, ...] = ()

    def cluster(self, name: str) -> ClusterPlan:
        """The cluster of that name. Raises :exc:`KeyError`."""
        for item in self.clusters:
            if item.name == name:
                return item
        raise KeyError(name)

    def slice(self, name: str) -> SlicePlan:
        """The slice of that name. Raises :exc:`KeyError`."""
        for item in self.slices:
            if item.name == name:
                return item
        raise KeyError(name)
