"""What becomes of an exported service on the hub.

Source: worker-operator pkg/hub/hubclient/hubclient.go (export), kubeslice-controller
service/service_export_config_service.go and worker_service_import_service.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kubeslice_sim.model.discovery import ServiceDiscoveryEndpoint, ServiceDiscoveryPort
from kubeslice_sim.model.document import ObjectMeta
from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.service_export import ServiceExport
from kubeslice_sim.model.service_export_config import ServiceExportConfig, ServiceExportConfigSpec
from kubeslice_sim.model.worker_service_import import WorkerServiceImport, WorkerServiceImportSpec
from kubeslice_sim.planner import names
from kubeslice_sim.planner.objects_metadata import (
    SERVICE_EXPORT_FINALIZER,
    WORKER_SERVICE_IMPORT_FINALIZER,
    member_labels,
    owner_labels,
)
from kubeslice_sim.planner.plan import EndpointPlan


def service_export_config(
    export: ServiceExport, cluster: str, project_namespace: str, endpoints: Iterable[EndpointPlan]
) -> ServiceExportConfig:
    """One cluster's export as its operator pushes it, with the labels that the controller adds."""
    service, namespace, spec = export.metadata.name, export.metadata.namespace, export.spec
    return ServiceExportConfig(
        metadata=ObjectMeta(
            name=names.service_export_config(service, namespace, cluster),
            namespace=project_namespace,
            labels=FrozenMap(
                {
                    "original-slice-name": spec.slice,
                    "service-name": service,
                    "service-namespace": namespace,
                    "worker-cluster": cluster,
                }
            ),
            finalizers=(SERVICE_EXPORT_FINALIZER,),
        ),
        spec=ServiceExportConfigSpec(
            service_name=service,
            service_namespace=namespace,
            source_cluster=cluster,
            slice_name=spec.slice,
            service_discovery_endpoints=tuple(
                ServiceDiscoveryEndpoint(
                    pod_name=item.pod,
                    cluster=item.cluster,
                    nsm_ip=str(item.nsm_ip),
                    dns_name=item.dns_name,
                    port=item.port,
                )
                for item in endpoints
            ),
            service_discovery_ports=tuple(
                ServiceDiscoveryPort(
                    name=port.name,
                    port=port.container_port,
                    protocol=port.protocol or "TCP",
                    service_port=port.service_port,
                    service_protocol=port.service_protocol,
                )
                for port in spec.ports
            ),
            aliases=spec.aliases,
        ),
    )


def worker_service_import(exports: Sequence[ServiceExportConfig], cluster: str) -> WorkerServiceImport:
    """The service as one cluster imports it: endpoints of all exports, ports and aliases of the first.

    ``exports``: all of one service in one slice, at least one, in the order in which the API server lists them. Every
    endpoint is said to be of the exporting cluster, whatever the export itself says.
    """
    first = exports[0].spec
    project_namespace = exports[0].metadata.namespace
    owner = f"{first.service_name}-{first.service_namespace}-{first.slice_name}"
    return WorkerServiceImport(
        metadata=ObjectMeta(
            name=names.worker_service_import(first.service_name, first.service_namespace, first.slice_name, cluster),
            namespace=project_namespace,
            labels=FrozenMap(
                {
                    **owner_labels("ServiceExportConfig", owner),
                    **member_labels(first.slice_name, cluster, project_namespace),
                }
            ),
            finalizers=(WORKER_SERVICE_IMPORT_FINALIZER,),
        ),
        spec=WorkerServiceImportSpec(
            service_name=first.service_name,
            service_namespace=first.service_namespace,
            source_clusters=tuple(item.spec.source_cluster for item in exports),
            slice_name=first.slice_name,
            service_discovery_endpoints=tuple(
                ServiceDiscoveryEndpoint(
                    pod_name=endpoint.pod_name,
                    cluster=item.spec.source_cluster,
                    nsm_ip=endpoint.nsm_ip,
                    dns_name=endpoint.dns_name,
                    port=endpoint.port,
                )
                for item in exports
                for endpoint in item.spec.service_discovery_endpoints
            ),
            service_discovery_ports=first.service_discovery_ports,
            aliases=first.aliases,
        ),
    )
