"""ServiceImport: a service of the slice as one worker cluster knows it; its DNS answers from these."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from kubeslice_sim.model.document import Crd, ObjectMeta, PrinterColumn, Resource, kube
from kubeslice_sim.model.release import Since
from kubeslice_sim.model.service_export import ServicePort


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceImportSpec:
    """The name it answers to, and the service's ports."""

    __pydantic_config__: ClassVar[Any] = kube()

    slice: Annotated[str, Crd(required=True)]
    dns_name: Annotated[str, Crd(required=True)]
    ports: Annotated[tuple[ServicePort, ...], Crd(required=True)]
    aliases: Annotated[tuple[str, ...], Since("0.7.0")] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceEndpoint:
    """One pod behind the service."""

    __pydantic_config__: ClassVar[Any] = kube()

    name: str = ""
    ip: Annotated[str, Crd(required=True)]
    port: Annotated[int, Crd(required=True, integer_format="int32")]
    cluster_id: Annotated[str, Crd(required=True)]
    dns_name: Annotated[str, Crd(required=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceImportStatus:
    """What the operator made of it. ``last_sync`` and ``updated_on`` are Unix times."""

    __pydantic_config__: ClassVar[Any] = kube()

    import_status: str = ""
    last_sync: Annotated[int, Crd(integer_format="int64")] = 0
    updated_on: Annotated[int, Crd(integer_format="int64")] = 0
    exposed_ports: str = ""
    available_endpoints: int = 0
    endpoints: tuple[ServiceEndpoint, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceImport:
    """Lives on a worker cluster in the namespace of the service."""

    __pydantic_config__: ClassVar[Any] = kube()
    RESOURCE: ClassVar[Resource] = Resource(
        group="networking.kubeslice.io",
        version="v1beta1",
        kind="ServiceImport",
        plural="serviceimports",
        singular="serviceimport",
        short_names=("svcim",),
        printer_columns=(
            PrinterColumn(name="Slice", type="string", json_path=".spec.slice"),
            PrinterColumn(name="Port(s)", type="string", json_path=".status.exposedPorts"),
            PrinterColumn(name="Endpoints", type="integer", json_path=".status.availableEndpoints"),
            PrinterColumn(name="Status", type="string", json_path=".status.importStatus"),
            PrinterColumn(name="Alias", type="string", json_path=".spec.aliases", since="0.7.0"),
        ),
    )

    metadata: ObjectMeta
    spec: ServiceImportSpec
    status: ServiceImportStatus = field(default_factory=ServiceImportStatus)
