"""WorkerSliceGateway: one cluster's side of a pair; hub and operators exchange addresses and ports through it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from kubeslice_sim.model.document import ObjectMeta, Resource, kube
from kubeslice_sim.model.slice_config import GatewayType, ServiceType, TransportProtocol


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
    load_balancer_ips: tuple[str, ...] = ()
    node_port: int = 0
    node_ports: tuple[int, ...] = ()
    gateway_name: str = ""
    cluster_name: str = ""
    vpn_ip: str = ""
    gateway_subnet: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSliceGatewaySpec:
    """``gateway_number`` is KubeSlice's, not unique, and never changes."""

    __pydantic_config__: ClassVar[Any] = kube()

    slice_name: str = ""
    gateway_type: GatewayType = "OpenVPN"
    gateway_host_type: Literal["Client", "Server"] | None = None
    gateway_connectivity_type: ServiceType = "NodePort"
    gateway_protocol: TransportProtocol = "UDP"
    gateway_credentials: GatewayCredentials = field(default_factory=GatewayCredentials)
    local_gateway_config: GatewayConfig = field(default_factory=GatewayConfig)
    remote_gateway_config: GatewayConfig = field(default_factory=GatewayConfig)
    gateway_number: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSliceGatewayStatus:
    """Unused by KubeSlice."""

    __pydantic_config__: ClassVar[Any] = kube()

    gateway_number: int = 0
    cluster_insertion_index: int = 0


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
