"""Cluster: a registered worker cluster, as the controller knows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from kubeslice_sim.model.document import Crd, ObjectMeta, Resource, kube
from kubeslice_sim.model.release import Since
from kubeslice_sim.model.timestamp import Timestamp

Health = Literal["Normal", "Warning"]
ComponentHealth = Literal["Normal", "Warning", "Error"]
RegistrationStatus = Literal[
    "Pending", "InProgress", "Failed", "Registered", "DeregisterInProgress", "DeregisterFailed", "Deregistered"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Telemetry:
    """Where the cluster's metrics go."""

    __pydantic_config__: ClassVar[Any] = kube()

    enabled: bool = False
    telemetry_provider: str = ""
    endpoint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GeoLocation:
    """Where the cluster is; latitude and longitude are text in KubeSlice."""

    __pydantic_config__: ClassVar[Any] = kube()

    cloud_provider: str = ""
    cloud_region: str = ""
    latitude: str = ""
    longitude: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KubernetesDashboard:
    """The cluster's dashboard."""

    __pydantic_config__: ClassVar[Any] = kube()

    enabled: bool = False
    access_token: str = ""
    ingress_prefix: str = ""
    endpoint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitoring:
    """The cluster's dashboards."""

    __pydantic_config__: ClassVar[Any] = kube(grafana_dashboard_base_url="grafanaDashboardBaseURL")

    grafana_dashboard_base_url: Annotated[str, Since("1.4.0")] = ""
    kubernetes_dashboard: KubernetesDashboard | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterProperty:
    """Facts about the cluster that the user gives."""

    __pydantic_config__: ClassVar[Any] = kube()

    telemetry: Telemetry | None = None
    geo_location: GeoLocation | None = None
    monitoring: Monitoring | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterSpec:
    """What the user says of the cluster."""

    __pydantic_config__: ClassVar[Any] = kube(node_ip="nodeIP", node_ips="nodeIPs")

    node_ip: str = ""
    node_ips: tuple[str, ...] = ()
    network_interface: str = ""
    cluster_property: ClusterProperty | None = None
    enable_auto_eviction: Annotated[bool, Since("1.4.0")] = False
    requeue_on_failure: Annotated[bool, Since("1.4.0")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentStatus:
    """The health of one component."""

    __pydantic_config__: ClassVar[Any] = kube()

    component: Annotated[str, Crd(required=True)]
    component_health_status: Annotated[ComponentHealth, Crd(required=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterHealth:
    """The health of the cluster and its parts."""

    __pydantic_config__: ClassVar[Any] = kube()

    cluster_health_status: Health | None = None
    component_statuses: tuple[ComponentStatus, ...] = ()
    last_updated: Timestamp | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NamespaceOwnership:
    """A namespace that the worker reports, and the slice that holds it."""

    __pydantic_config__: ClassVar[Any] = kube()

    name: str = ""
    slice_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restriction:
    """A licence's limit on the cluster."""

    __pydantic_config__: ClassVar[Any] = kube()

    enforce_restrictions: bool = False
    last_updated_timestamp: Timestamp | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterStatus:
    """What the worker's operator reports."""

    __pydantic_config__: ClassVar[Any] = kube(
        node_ips="nodeIPs", vcpu_restriction="vCPURestriction", gpu_restriction="GPURestriction"
    )

    secret_name: str = ""
    cni_subnet: tuple[str, ...] = ()
    namespaces: tuple[NamespaceOwnership, ...] = ()
    cluster_health: ClusterHealth | None = None
    node_ips: Annotated[tuple[str, ...], Since("0.7.0")] = ()
    registration_status: Annotated[RegistrationStatus | None, Since("1.0.0")] = None
    is_deregister_in_progress: Annotated[bool, Since("1.0.0")] = False
    network_present: Annotated[bool, Crd(default=False), Since("1.3.0")] = False
    vcpu_restriction: Annotated[Restriction | None, Since("1.1.0")] = None
    gpu_restriction: Annotated[Restriction | None, Since("1.4.0")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Lives in the project's namespace. Without ``status`` the Underlay supplies what a worker would report."""

    __pydantic_config__: ClassVar[Any] = kube()
    RESOURCE: ClassVar[Resource] = Resource(
        group="controller.kubeslice.io", version="v1alpha1", kind="Cluster", plural="clusters", singular="cluster"
    )

    metadata: ObjectMeta
    spec: ClusterSpec = field(default_factory=ClusterSpec)
    status: ClusterStatus | None = None
