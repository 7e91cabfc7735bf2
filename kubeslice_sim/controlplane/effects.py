"""Effects: what reconcilers ask of a data plane. Declarative and idempotent: applying one twice changes nothing.

What a data plane answers comes back as facts (``facts.py``), later and on its own clock.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network

from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.slice_config import TransportProtocol
from kubeslice_sim.planner.plan import HostType, QosPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueCertificates:
    """Run the certificate job of a pair on the controller cluster; answered by ``CertificatesIssued``.

    The key material stays inside the data plane, by gateway name and rotation count; no store ever holds it.
    """

    slice: str
    server: str
    client: str
    rotation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StartAppPod:
    """Run an application pod on the CNI; answered by ``PodRunning``. ``ports``: what its containers declare."""

    cluster: str
    namespace: str
    pod: str
    node: str
    pod_ip: IPv4Address
    emulate: str
    command: tuple[str, ...]
    ports: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StopPod:
    """Stop any pod (application, router or gateway), by its name."""

    cluster: str
    namespace: str
    pod: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRouter:
    """Run the slice router of a cluster; answered by ``PodRunning`` for its pod."""

    cluster: str
    slice: str
    pod: str
    node: str
    address: IPv4Address
    cidr: IPv4Network
    slice_subnet: IPv4Network


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectPod:
    """Give an application pod its ``nsm0`` on the slice router, with the slice's routes and resolver."""

    cluster: str
    slice: str
    namespace: str
    pod: str
    nsm_ip: IPv4Address
    router_address: IPv4Address
    slice_subnet: IPv4Network


@dataclass(frozen=True, slots=True, kw_only=True)
class DisconnectPod:
    """Take an application pod's ``nsm0`` away."""

    cluster: str
    slice: str
    namespace: str
    pod: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StartGateway:
    """Run a gateway pod: VPN process and sidecar; answered by ``PodRunning``, then ``PingRound`` for ever.

    ``gateway``/``remote_gateway`` with ``rotation`` name the key material. A Server listens and is reached at its
    cluster's node IPs on ``node_port``; a Client dials ``remote_node_ips`` on that port.
    """

    cluster: str
    slice: str
    pod: str
    gateway: str
    remote_gateway: str
    remote_cluster: str
    instance: int
    rotation: int
    host_type: HostType
    protocol: TransportProtocol
    node: str
    node_port: int
    remote_node_ips: tuple[str, ...]
    nsm_ip: IPv4Address
    router_address: IPv4Address
    vpn_ip: IPv4Address
    remote_vpn_ip: IPv4Address
    slice_subnet: IPv4Network
    remote_cidr: IPv4Network
    tunnel_rate_bps: int | None
    routes_entire_slice: bool = False

    def differs_alive(self, other: StartGateway) -> bool:
        """Whether a running pod would have to be replaced to become ``other``.

        Its sidecar is told new routes; the server's node IPs stand in Endpoints, which its VPN reads when it dials.
        """
        told = replace(self, routes_entire_slice=other.routes_entire_slice, remote_node_ips=other.remote_node_ips)
        return told != other

    @property
    def local_cidr(self) -> IPv4Network:
        """The own cluster's CIDR: the router has its first address, and all CIDRs of a slice are of one size."""
        return IPv4Network((self.router_address, self.remote_cidr.prefixlen))

    @property
    def tunnelled(self) -> IPv4Network:
        """What goes through the tunnel: the remote cluster's CIDR, or from a spoke all of the slice."""
        return self.slice_subnet if self.routes_entire_slice else self.remote_cidr


@dataclass(frozen=True, slots=True, kw_only=True)
class SetNextHops:
    """The router's ECMP route to a remote cluster, or from a spoke to all of the slice: these local gateways.

    None deletes the route.
    """

    cluster: str
    slice: str
    destination: IPv4Network
    via: tuple[IPv4Address, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetQos:
    """The slice's HTB class on the gateway nodes of a cluster; the ports that select its packets.

    ``source_ports``: of local servers (their NodePorts); ``destination_ports``: of the servers that local clients dial.
    ``qos`` None removes the class.
    """

    cluster: str
    slice: str
    qos: QosPlan | None
    source_ports: tuple[int, ...]
    destination_ports: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StartNameServer:
    """Run the cluster's KubeSlice DNS on a node, answered by ``PodRunning`` where it did not run there already.

    A data plane has it from the start, on the node that the first order names.
    """

    cluster: str
    pod: str
    node: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeNames:
    """All that the cluster's KubeSlice DNS answers from now on (A records)."""

    cluster: str
    records: FrozenMap[tuple[IPv4Address, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetNetworkPolicy:
    """The isolation of a namespace on the CNI; ``allowed_namespaces`` None removes it."""

    cluster: str
    namespace: str
    name: str
    allowed_namespaces: tuple[str, ...] | None


Effect = (
    IssueCertificates | StartAppPod | StopPod | StartRouter | ConnectPod | DisconnectPod | StartGateway | SetNextHops
    | SetQos | StartNameServer | ServeNames | SetNetworkPolicy
)  # fmt: skip
