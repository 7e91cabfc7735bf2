"""The slices of a plan: members, traffic class, routes, exported services, isolation."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Literal

from kubeslice_sim.model.slice_config import DscpClass, GatewayType, OverlayMode
from kubeslice_sim.planner.east_west import EastWestGateway, IstioObject
from kubeslice_sim.planner.encapsulation import MtuPlan, way_mtus
from kubeslice_sim.planner.ipam import IpamPlan
from kubeslice_sim.planner.plan_gateways import EdgePlan, GatewayPairPlan, TunnelPlan


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
        """What packets between any two of its clusters fit through, stretch by stretch; nothing where no pair is."""
        return way_mtus(self.gateway_type, {pair.protocol for pair in self.pairs}) if self.pairs else ()

    @property
    def tunnels(self) -> tuple[TunnelPlan, ...]:
        """Every tunnel of the slice, pair by pair."""
        return tuple(tunnel for pair in self.pairs for tunnel in pair.tunnels)
