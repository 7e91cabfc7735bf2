"""SliceConfig: what a user asks of a slice (kubeslice-controller apis/controller/v1alpha1/sliceconfig_types.go)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Le

from kubeslice_sim.model.document import Crd, ObjectMeta, Resource, kube
from kubeslice_sim.model.release import Before, Since
from kubeslice_sim.model.timestamp import Timestamp

OverlayMode = Literal["single-network", "multi-network", "no-network"]
GatewayType = Literal["OpenVPN", "Wireguard"]
ServiceType = Literal["NodePort", "LoadBalancer"]
TransportProtocol = Literal["TCP", "UDP"]
TopologyMode = Literal["FullMesh", "HubAndSpoke"]
TOPOLOGY_CONVERGED = "TopologyConverged"
"""The condition that says whether every gateway link of a slice is connected."""
_CONDITION_TYPE = (
    ("maxLength", 316),
    (
        "pattern",
        r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$",
    ),
)
_CONDITION_REASON = (("maxLength", 1024), ("minLength", 1), ("pattern", r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"))
DscpClass = Literal[
    "Default", "AF11", "AF12", "AF13", "AF21", "AF22", "AF23", "AF31", "AF32", "AF33", "AF41", "AF42", "AF43", "EF"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceGatewayServiceType:
    """How the gateways of one cluster (or ``*``) are reached from outside."""

    __pydantic_config__: ClassVar[Any] = kube()

    cluster: Annotated[str, Crd(required=True)]
    type: Annotated[ServiceType, Crd(required=True)] = "NodePort"
    protocol: Annotated[TransportProtocol, Crd(required=True)] = "UDP"


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceGatewayProvider:
    """Which VPN joins the clusters of the slice."""

    __pydantic_config__: ClassVar[Any] = kube()

    slice_gateway_type: Annotated[
        GatewayType,
        Crd(required=True),
        Since(values=(("Wireguard", "1.9"),)),
        Before("1.9", Crd(required=True, enum=False)),
    ] = "OpenVPN"
    slice_ca_type: Annotated[str, Crd(required=True)] = "Local"
    slice_gateway_service_type: Annotated[tuple[SliceGatewayServiceType, ...], Since("1.2.0")] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class QosProfile:
    """Bandwidth and priority of a slice; bandwidths in kbit/s as KubeSlice writes them."""

    __pydantic_config__: ClassVar[Any] = kube()

    queue_type: Annotated[str, Crd(required=True)] = "HTB"
    priority: Annotated[int, Crd(required=True)]
    tc_type: Annotated[str, Crd(required=True)] = "BANDWIDTH_CONTROL"
    bandwidth_ceiling_kbps: Annotated[int, Crd(required=True)]
    bandwidth_guaranteed_kbps: Annotated[int, Crd(required=True)]
    dscp_class: Annotated[DscpClass, Crd(required=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class NamespaceSelection:
    """A namespace on some clusters (``*``: on all)."""

    __pydantic_config__: ClassVar[Any] = kube()

    namespace: str = ""
    clusters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NamespaceIsolationProfile:
    """Which namespaces join the slice, and which others may talk to them."""

    __pydantic_config__: ClassVar[Any] = kube()

    isolation_enabled: Annotated[bool, Crd(default=False)] = False
    application_namespaces: tuple[NamespaceSelection, ...] = ()
    allowed_namespaces: tuple[NamespaceSelection, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """Something that is on or off."""

    __pydantic_config__: ClassVar[Any] = kube()

    enabled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VpcServiceAccess:
    """Access to a cloud's own services through the slice."""

    __pydantic_config__: ClassVar[Any] = kube()

    ingress: Switch | None = None
    egress: Switch | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalGatewayConfig:
    """East-West ingress and egress gateways of some clusters."""

    __pydantic_config__: ClassVar[Any] = kube()

    ingress: Switch | None = None
    egress: Switch | None = None
    ns_ingress: Switch | None = None
    gateway_type: Annotated[Literal["none", "istio", "envoy"] | None, Since(values=(("envoy", "1.4.0"),))] = None
    clusters: tuple[str, ...] = ()
    vpc_service_access: Annotated[VpcServiceAccess | None, Since("1.4.0")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VpnConfig:
    """The cipher of OpenVPN tunnels (meaningless for WireGuard)."""

    __pydantic_config__: ClassVar[Any] = kube()

    cipher: Annotated[Literal["AES-256-CBC", "AES-128-CBC"], Crd(required=True)] = "AES-256-CBC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """Which clusters are joined: each with each, or hubs with everybody, relaying between the others (spokes)."""

    __pydantic_config__: ClassVar[Any] = kube()

    mode: TopologyMode | None = None
    hubs: Annotated[tuple[str, ...], Crd(extra=(("maxItems", 2),))] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceConfigSpec:
    """The wish; bounds and defaults are the CRD's, the rules across fields stand in ``admission``."""

    __pydantic_config__: ClassVar[Any] = kube()

    overlay_network_deployment_mode: Annotated[OverlayMode, Since("1.3.0")] = "single-network"
    slice_subnet: str = ""
    slice_type: str = "Application"
    slice_gateway_provider: Annotated[SliceGatewayProvider | None, Before("1.3.0", Crd(required=True))] = None
    slice_ipam_type: str = "Local"
    clusters: tuple[str, ...] = ()
    topology: Annotated[Topology | None, Since("next")] = None
    standard_qos_profile_name: str = ""
    qos_profile_details: QosProfile | None = None
    namespace_isolation_profile: NamespaceIsolationProfile = field(default_factory=NamespaceIsolationProfile)
    external_gateway_config: tuple[ExternalGatewayConfig, ...] = ()
    max_clusters: Annotated[int, Ge(2), Le(32), Crd(required=True), Before("1.3.0", Crd())] = 16
    rotation_interval: Annotated[int, Ge(30), Le(90), Since("1.1.0")] = 30
    renew_before: Annotated[Timestamp | None, Since("1.1.0")] = None
    vpn_config: Annotated[VpnConfig | None, Since("1.1.0")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KubeSliceEvent:
    """One thing that happened to a slice."""

    __pydantic_config__: ClassVar[Any] = kube()

    type: str = ""
    action: str = ""
    components: tuple[str, ...] = ()
    identifier: str = ""
    reason: str = ""
    event: Annotated[str, Crd(required=True)]
    timestamp: Timestamp | None = None
    is_event_raised: Annotated[bool, Crd(default=False)] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One of Kubernetes' standard conditions (apimachinery meta/v1)."""

    __pydantic_config__: ClassVar[Any] = kube()

    type: Annotated[str, Crd(required=True, extra=_CONDITION_TYPE)]
    status: Annotated[Literal["True", "False", "Unknown"], Crd(required=True)]
    observed_generation: Annotated[int, Crd(integer_format="int64", extra=(("minimum", 0),))] = 0
    last_transition_time: Annotated[Timestamp, Crd(required=True)]
    reason: Annotated[str, Crd(required=True, extra=_CONDITION_REASON)]
    message: Annotated[str, Crd(required=True, extra=(("maxLength", 32768),))] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceConfigStatus:
    """What became of the wish."""

    __pydantic_config__: ClassVar[Any] = kube()

    kubeslice_events: Annotated[tuple[KubeSliceEvent, ...], Since("0.7.0")] = ()
    conditions: Annotated[tuple[Condition, ...], Since("next")] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceConfig:
    """A slice over some clusters; lives on the controller cluster in the project's namespace."""

    __pydantic_config__: ClassVar[Any] = kube()
    RESOURCE: ClassVar[Resource] = Resource(
        group="controller.kubeslice.io",
        version="v1alpha1",
        kind="SliceConfig",
        plural="sliceconfigs",
        singular="sliceconfig",
    )

    metadata: ObjectMeta
    spec: SliceConfigSpec = field(default_factory=SliceConfigSpec)
    status: SliceConfigStatus = field(default_factory=SliceConfigStatus)
