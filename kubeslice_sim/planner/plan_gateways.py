"""The gateways of a plan: what joins the clusters of a slice, tunnel by tunnel."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Literal

from kubeslice_sim.model.slice_config import GatewayType, ServiceType, TransportProtocol

HostType = Literal["Server", "Client"]


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
