"""What a cluster has of a slice: its pods, its external gateways, its namespaces; shared by the worker objects."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from kubeslice_sim.model.document import Crd, kube
from kubeslice_sim.model.release import Since
from kubeslice_sim.model.slice_config import Switch


@dataclass(frozen=True, slots=True, kw_only=True)
class AppPod:
    """A pod that is connected to a slice."""

    __pydantic_config__: ClassVar[Any] = kube()

    pod_name: str = ""
    pod_namespace: str = ""
    pod_ip: str = ""
    nsm_ip: str = ""
    nsm_interface: str = ""
    nsm_peer_ip: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerVpcServiceAccess:
    """Access to a cloud's own services, as one cluster has it."""

    __pydantic_config__: ClassVar[Any] = kube()

    ingress: Switch = field(default_factory=Switch)
    egress: Switch = field(default_factory=Switch)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerExternalGatewayConfig:
    """East-West ingress and egress gateways of one cluster."""

    __pydantic_config__: ClassVar[Any] = kube()

    ingress: Switch = field(default_factory=Switch)
    egress: Switch = field(default_factory=Switch)
    ns_ingress: Switch = field(default_factory=Switch)
    gateway_type: Annotated[Literal["none", "istio", "envoy"] | None, Since(values=(("envoy", "1.4.0"),))] = None
    vpc_service_access: Annotated[WorkerVpcServiceAccess, Since("1.4.0")] = field(
        default_factory=WorkerVpcServiceAccess
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerIsolationProfile:
    """The namespaces of a slice on one cluster."""

    __pydantic_config__: ClassVar[Any] = kube()

    isolation_enabled: Annotated[bool, Crd(default=False)] = False
    application_namespaces: tuple[str, ...] = ()
    allowed_namespaces: tuple[str, ...] = ()
