"""ServiceExport: a service offered to a slice; lives in an application namespace of a worker cluster."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from kubeslice_sim.model.document import Crd, ObjectMeta, PrinterColumn, Resource, kube
from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.release import Before, Since

ExportStatus = Literal["", "PENDING", "READY", "ERROR"]

_ATOMIC_LIST = Crd(extra=(("x-kubernetes-list-type", "atomic"),))
_SERVICE_PROTOCOL = (
    ("minLength", 1),
    ("maxLength", 255),
    (
        "pattern",
        r"^[a-zA-Z0-9]([-a-zSA-Z0-9]*[a-zA-Z0-9])?$"
        r"|[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/[A-Za-z0-9]+$",
    ),
)
"""What the CRD says besides the enum (which is stricter)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelSelectorRequirement:
    """One ``matchExpressions`` entry (kept, but KubeSlice's code honours ``matchLabels`` only)."""

    __pydantic_config__: ClassVar[Any] = kube()

    key: Annotated[str, Crd(required=True)]
    operator: Annotated[str, Crd(required=True)]
    values: Annotated[tuple[str, ...], _ATOMIC_LIST] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelSelector:
    """Kubernetes' selector."""

    __pydantic_config__: ClassVar[Any] = kube()

    match_labels: FrozenMap[str] = field(default_factory=FrozenMap)
    match_expressions: Annotated[tuple[LabelSelectorRequirement, ...], _ATOMIC_LIST] = ()

    def selects(self, labels: FrozenMap[str]) -> bool:
        """Whether ``matchLabels`` holds for these labels (an empty selector selects all)."""
        return all(labels.get(key) == value for key, value in self.match_labels.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePort:
    """A port of an exported service."""

    __pydantic_config__: ClassVar[Any] = kube()

    name: str = ""
    container_port: Annotated[int, Crd(required=True, integer_format="int32")]
    protocol: Annotated[str, Before("0.7.0", Crd(default="TCP"))] = ""
    service_protocol: Annotated[Literal["HTTP", "HTTPS"], Crd(extra=_SERVICE_PROTOCOL), Since("1.3.0")] = "HTTP"
    service_port: Annotated[int, Crd(integer_format="int32"), Since("1.3.0")] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceExportSpec:
    """The export's name is the service's name; no Kubernetes Service is needed."""

    __pydantic_config__: ClassVar[Any] = kube()

    slice: Annotated[str, Crd(required=True)]
    selector: Annotated[LabelSelector, Crd(required=True, extra=(("x-kubernetes-map-type", "atomic"),))]
    ingress_enabled: bool = False
    ports: Annotated[tuple[ServicePort, ...], Crd(required=True)]
    aliases: Annotated[tuple[str, ...], Since("0.7.0")] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedPod:
    """A pod behind an exported service."""

    __pydantic_config__: ClassVar[Any] = kube()

    name: Annotated[str, Crd(required=True)]
    nsm_ip: str = ""
    pod_ip: Annotated[str, Crd(required=True)] = ""
    dns_name: Annotated[str, Crd(required=True)] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IngressGatewayPod:
    """The ingress gateway pod that stands for the service."""

    __pydantic_config__: ClassVar[Any] = kube()

    name: Annotated[str, Crd(required=True)]
    nsm_ip: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceExportStatus:
    """What the operator made of the export. ``last_sync`` is Unix time; 0 means: must be pushed to the hub."""

    __pydantic_config__: ClassVar[Any] = kube()

    dns_name: str = ""
    export_status: Annotated[ExportStatus, Crd(enum=False)] = ""
    pods: tuple[ExportedPod, ...] = ()
    last_sync: Annotated[int, Crd(integer_format="int64")] = 0
    exposed_ports: str = ""
    service_ports: Annotated[str, Since("1.3.0")] = ""
    available_endpoints: int = 0
    ingress_gw_enabled: bool = False
    ingress_gw_pod: IngressGatewayPod | None = None
    aliases: Annotated[tuple[str, ...], Since("0.7.0")] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceExport:
    """A service of one cluster, offered to all clusters of a slice."""

    __pydantic_config__: ClassVar[Any] = kube()
    RESOURCE: ClassVar[Resource] = Resource(
        group="networking.kubeslice.io",
        version="v1beta1",
        kind="ServiceExport",
        plural="serviceexports",
        singular="serviceexport",
        short_names=("svcex",),
        printer_columns=(
            PrinterColumn(name="Slice", type="string", json_path=".spec.slice"),
            PrinterColumn(name="Ingress", type="boolean", json_path=".spec.ingressEnabled"),
            PrinterColumn(name="ServicePort(s)", type="string", json_path=".status.servicePorts", since="1.3.0"),
            PrinterColumn(name="Port(s)", type="string", json_path=".status.exposedPorts"),
            PrinterColumn(name="Endpoints", type="integer", json_path=".status.availableEndpoints"),
            PrinterColumn(name="Status", type="string", json_path=".status.exportStatus"),
            PrinterColumn(name="Alias", type="string", json_path=".spec.aliases", since="0.7.0"),
        ),
    )

    metadata: ObjectMeta
    spec: ServiceExportSpec
    status: ServiceExportStatus = field(default_factory=ServiceExportStatus)
