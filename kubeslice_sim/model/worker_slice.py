"""Slice: a slice as one worker cluster knows it; its spec is empty, all is in the status."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from kubeslice_sim.model.document import Crd, Empty, ObjectMeta, Resource, kube
from kubeslice_sim.model.membership import AppPod, WorkerExternalGatewayConfig, WorkerIsolationProfile
from kubeslice_sim.model.release import Before, Since
from kubeslice_sim.model.slice_config import OverlayMode


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceQosProfile:
    """The slice's QoS profile; bandwidths in kbit/s."""

    __pydantic_config__: ClassVar[Any] = kube()

    queue_type: str = ""
    priority: int = 0
    tc_type: str = ""
    bandwidth_ceiling_kbps: int = 0
    bandwidth_guaranteed_kbps: int = 0
    dscp_class: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceIpam:
    """How addresses are given; ``ipam_cluster_octet`` is legacy and unused."""

    __pydantic_config__: ClassVar[Any] = kube()

    slice_ipam_type: Annotated[str, Crd(required=True)]
    ipam_cluster_octet: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceSettings:
    """``status.sliceConfig``: the WorkerSliceConfig, mirrored."""

    __pydantic_config__: ClassVar[Any] = kube(cluster_subnet_cidr="clusterSubnetCIDR")

    slice_id: Annotated[str, Crd(required=True)] = ""
    slice_display_name: Annotated[str, Crd(required=True)]
    slice_subnet: Annotated[str, Before("1.3.0", Crd(required=True))] = ""
    slice_type: Annotated[str, Crd(required=True)]
    qos_profile_details: Annotated[SliceQosProfile | None, Before("1.3.0", Crd(required=True))] = None
    slice_ipam: Annotated[SliceIpam, Before("1.3.0", Crd(required=True))] = field(
        default_factory=lambda: SliceIpam(slice_ipam_type="Local")
    )
    external_gateway_config: WorkerExternalGatewayConfig | None = None
    namespace_isolation_profile: WorkerIsolationProfile | None = None
    cluster_subnet_cidr: str = ""
    slice_gateway_service_type: Annotated[str, Since("1.2.0")] = ""
    slice_gateway_protocol: Annotated[str, Since("1.2.0")] = ""
    slice_overlay_network_deployment_mode: Annotated[OverlayMode | None, Since("1.3.0")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceStatus:
    """``app_pods_updated_on`` is Unix time."""

    __pydantic_config__: ClassVar[Any] = kube(dns_ip="dnsIP")

    slice_config: SliceSettings | None = None
    dns_ip: str = ""
    app_pods: tuple[AppPod, ...] = ()
    app_pods_updated_on: Annotated[int, Crd(integer_format="int64")] = 0
    network_policies_installed: Annotated[bool, Crd(default=False)] = False
    application_namespaces: tuple[str, ...] = ()
    allowed_namespaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Lives on a worker cluster in ``kubeslice-system``."""

    __pydantic_config__: ClassVar[Any] = kube()
    RESOURCE: ClassVar[Resource] = Resource(
        group="networking.kubeslice.io", version="v1beta1", kind="Slice", plural="slices", singular="slice"
    )

    metadata: ObjectMeta
    spec: Empty = field(default_factory=Empty)
    status: SliceStatus = field(default_factory=SliceStatus)
