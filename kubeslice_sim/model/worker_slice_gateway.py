"""WorkerSliceGateway: one cluster's side of a pair; hub and operators exchange addresses and ports through it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from kubeslice_sim.model.document import Crd, ObjectMeta, Resource, kube
from kubeslice_sim.model.release import Before, Since
from kubeslice_sim.model.slice_config import GatewayType, ServiceType, TransportProtocol
from kubeslice_sim.model.timestamp import Timestamp

ConnectionState = Literal["Connected", "NotConnected", "Pending"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayCredentials:
    """The secret with the gateway's key material, by name."""

    __pydantic_config__: ClassVar[Any] = kube()

    secret_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayConfig:
    """One end of a pair. ``node_ip`` and ``node_port`` are what older versions used."""

    __pydantic_config__: ClassVar[Any] = kube()

    node_ip: str = ""
    node_ips: tuple[str, ...] = ()
    load_balancer_ips: Annotated[tuple[str, ...], Since("1.2.0")] = ()
    node_port: int = 0
    node_ports: tuple[int, ...] = ()
    gateway_name: str = ""
    cluster_name: str = ""
    vpn_ip: str = ""
    gateway_subnet: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSliceGatewaySpec:
    """``gateway_number`` is KubeSlice's, not unique, and never changes.

    ``route_entire_slice_subnet``: this cluster is a spoke and sends all of the slice to its hub through this gateway.
    """

    __pydantic_config__: ClassVar[Any] = kube()

    slice_name: str = ""
    gateway_type: Annotated[GatewayType, Since(values=(("Wireguard", "1.9"),)), Before("1.9", Crd(enum=False))] = (
        "OpenVPN"
    )
    gateway_host_type: Literal["Client", "Server"] | None = None
    gateway_connectivity_type: Annotated[ServiceType, Since("1.2.0")] = "NodePort"
    gateway_protocol: Annotated[TransportProtocol, Since("1.2.0")] = "UDP"
    gateway_credentials: GatewayCredentials = field(default_factory=GatewayCredentials)
    local_gateway_config: GatewayConfig = field(default_factory=GatewayConfig)
    remote_gateway_config: GatewayConfig = field(default_factory=GatewayConfig)
    gateway_number: int = 0
    route_entire_slice_subnet: Annotated[bool, Since("next")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSliceGatewayStatus:
    """What this cluster says of its end of the link; number and index are unused by KubeSlice."""

    __pydantic_config__: ClassVar[Any] = kube()

    gateway_number: int = 0
    cluster_insertion_index: int = 0
    connection_state: Annotated[ConnectionState | None, Since("next")] = None
    last_transition_time: Annotated[Timestamp | None, Since("next")] = None
    reason: Annotated[str, Since("next")] = ""
    message: Annotated[str, Since("next")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSliceGateway:
    """Lives on the controller cluster in the project's namespace."""

    __pydantic_config__: ClassVar[Any] = kube()
    RESOURCE: ClassVar[Resource] = Resource(
        group="worker.kubeslice.io",
        version="v1alpha1",
        kind="WorkerSliceGateway",
        plural="workerslicegateways",
        singular="workerslicegateway",
    )

    metadata: ObjectMeta
    spec: WorkerSliceGatewaySpec = field(default_factory=WorkerSliceGatewaySpec)
    status: WorkerSliceGatewayStatus = field(default_factory=WorkerSliceGatewayStatus)
