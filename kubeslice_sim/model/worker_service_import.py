"""WorkerServiceImport: an exported service, for one cluster of the slice; all exports of that service merged."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from kubeslice_sim.model.discovery import ServiceDiscoveryEndpoint, ServiceDiscoveryPort
from kubeslice_sim.model.document import Empty, ObjectMeta, Resource, kube
from kubeslice_sim.model.release import Since


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerServiceImportSpec:
    """Endpoints of all exports; ports and aliases of the first."""

    __pydantic_config__: ClassVar[Any] = kube()

    service_name: str = ""
    service_namespace: str = ""
    source_clusters: tuple[str, ...] = ()
    slice_name: str = ""
    service_discovery_endpoints: tuple[ServiceDiscoveryEndpoint, ...] = ()
    service_discovery_ports: tuple[ServiceDiscoveryPort, ...] = ()
    aliases: Annotated[tuple[str, ...], Since("0.7.0")] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerServiceImport:
    """Lives on the controller cluster in the project's namespace."""

    __pydantic_config__: ClassVar[Any] = kube()
    RESOURCE: ClassVar[Resource] = Resource(
        group="worker.kubeslice.io",
        version="v1alpha1",
        kind="WorkerServiceImport",
        plural="workerserviceimports",
        singular="workerserviceimport",
    )

    metadata: ObjectMeta
    spec: WorkerServiceImportSpec = field(default_factory=WorkerServiceImportSpec)
    status: Empty = field(default_factory=Empty)
