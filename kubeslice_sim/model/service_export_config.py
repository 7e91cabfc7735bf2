"""ServiceExportConfig: one cluster's export of a service, as the hub knows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from kubeslice_sim.model.discovery import ServiceDiscoveryEndpoint, ServiceDiscoveryPort
from kubeslice_sim.model.document import Crd, Empty, ObjectMeta, Resource, kube
from kubeslice_sim.model.release import Since


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceExportConfigSpec:
    """What the exporting cluster's operator pushes."""

    __pydantic_config__: ClassVar[Any] = kube()

    service_name: Annotated[str, Crd(required=True)]
    service_namespace: str = ""
    source_cluster: Annotated[str, Crd(required=True)]
    slice_name: Annotated[str, Crd(required=True)]
    service_discovery_endpoints: tuple[ServiceDiscoveryEndpoint, ...] = ()
    service_discovery_ports: tuple[ServiceDiscoveryPort, ...] = ()
    aliases: Annotated[tuple[str, ...], Since("0.7.0")] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceExportConfig:
    """Lives on the controller cluster in the project's namespace."""

    __pydantic_config__: ClassVar[Any] = kube()
    RESOURCE: ClassVar[Resource] = Resource(
        group="controller.kubeslice.io",
        version="v1alpha1",
        kind="ServiceExportConfig",
        plural="serviceexportconfigs",
        singular="serviceexportconfig",
    )

    metadata: ObjectMeta
    spec: ServiceExportConfigSpec
    status: Empty = field(default_factory=Empty)
