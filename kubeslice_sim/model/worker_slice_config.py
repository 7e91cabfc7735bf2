"""WorkerSliceConfig: one cluster's share of a slice; the controller writes it, the cluster's operator reads it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from kubeslice_sim.model.cluster import ComponentStatus, Health
from kubeslice_sim.model.document import Crd, ObjectMeta, Resource, kube
from kubeslice_sim.model.membership import AppPod, WorkerExternalGatewayConfig, WorkerIsolationProfile
from kubeslice_sim.model.release import Before, Since
from kubeslice_sim.model.slice_config import DscpClass, OverlayMode, ServiceType, TransportProtocol
from kubeslice_sim.model.timestamp import Timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSliceGatewayProvider:
    """How this cluster's gateways of the slice are reached."""

    __pydantic_config__: ClassVar[Any] = kube()

    slice_gateway_type: str = "OpenVPN"
    slice_ca_type: str = "Local"
    slice_gateway_service_type: Annotated[ServiceType, Since("1.2.0")] = "NodePort"
    slice_gateway_protocol: Annotated[TransportProtocol, Since("1.2.0")] = "UDP"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerQosProfile:
    """The slice's QoS profile, a named one copied; bandwidths in kbit/s."""

    __pydantic_config__: ClassVar[Any] = kube()

    queue_type: str = "HTB"
    priority: int = 0
    tc_type: str = ""
    bandwidth_ceiling_kbps: int = 0
    bandwidth_guaranteed_kbps: int = 0
    dscp_class: DscpClass | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSliceConfigSpec:
    """``octet`` is the cluster's slot; None until it is given, then it never changes."""

    __pydantic_config__: ClassVar[Any] = kube(cluster_subnet_cidr="clusterSubnetCIDR")

    slice_name: str = ""
    slice_subnet: str = ""
    slice_type: str = "Application"
    slice_gateway_provider: WorkerSliceGatewayProvider | None = None
    slice_ipam_type: str = "Local"
    qos_profile_details: WorkerQosProfile | None = None
    namespace_isolation_profile: WorkerIsolationProfile = field(default_factory=WorkerIsolationProfile)
    ipam_cluster_octet: int = 0
    octet: Annotated[int | None, Before("1.3.0", Crd(required=True))] = None
    cluster_subnet_cidr: str = ""
    external_gateway_config: WorkerExternalGatewayConfig = field(default_factory=WorkerExternalGatewayConfig)
    overlay_network_deployment_mode: Annotated[OverlayMode, Since("1.3.0")] = "single-network"


@dataclass(frozen=True, slots=True, kw_only=True)
class OnboardedNamespace:
    """An application namespace that has joined the slice."""

    __pydantic_config__: ClassVar[Any] = kube()

    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceHealth:
    """The health of the slice on this cluster."""

    __pydantic_config__: ClassVar[Any] = kube()

    slice_health_status: Health | None = None
    component_statuses: tuple[ComponentStatus, ...] = ()
    last_updated: Timestamp | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSliceConfigStatus:
    """What the cluster's operator reports of the slice."""

    __pydantic_config__: ClassVar[Any] = kube()

    connected_app_pods: tuple[AppPod, ...] = ()
    onboarded_app_namespaces: tuple[OnboardedNamespace, ...] = ()
    slice_health: SliceHealth | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSliceConfig:
    """Lives on the controller cluster in the project's namespace."""

    __pydantic_config__: ClassVar[Any] = kube()
    RESOURCE: ClassVar[Resource] = Resource(
        group="worker.kubeslice.io",
        version="v1alpha1",
        kind="WorkerSliceConfig",
        plural="workersliceconfigs",
        singular="workersliceconfig",
    )

    metadata: ObjectMeta
    spec: WorkerSliceConfigSpec = field(default_factory=WorkerSliceConfigSpec)
    status: WorkerSliceConfigStatus = field(default_factory=WorkerSliceConfigStatus)
