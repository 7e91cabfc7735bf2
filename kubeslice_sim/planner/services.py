"""Services: what the clusters of a slice export, as every cluster of the slice imports it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

from kubeslice_sim.model.service_export import ServiceExport
from kubeslice_sim.model.world import World
from kubeslice_sim.planner import names
from kubeslice_sim.planner.east_west import EastWestGateway
from kubeslice_sim.planner.external_gateways import HTTP_PORT
from kubeslice_sim.planner.plan import EndpointPlan, MemberPlan, PodPlan, ServicePlan, ServicePortPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """A ServiceExport on one cluster; ``ready`` says whether the operator pushes it to the hub."""

    cluster: str
    document: ServiceExport
    ready: bool

    @property
    def namespace(self) -> str:
        """The application namespace it stands in."""
        return self.document.metadata.namespace


def find_exports(world: World, members: Iterable[MemberPlan]) -> tuple[Export, ...]:
    """Every ServiceExport on every cluster where it stands.

    One whose namespace is not onboarded to its slice there stays PENDING for ever
    (worker-operator controllers/serviceexport/reconciler.go).
    """
    onboarded = {
        (member.slice, member.cluster, namespace) for member in members for namespace in member.application_namespaces
    }
    return tuple(
        Export(
            cluster=cluster,
            document=document,
            ready=(document.spec.slice, cluster, document.metadata.namespace) in onboarded,
        )
        for document in world.exports
        for cluster in world.placed(document.metadata)
    )


def merge_exports(
    exports: Iterable[Export],
    pods: Mapping[tuple[str, str], Sequence[PodPlan]],
    gateways: Iterable[EastWestGateway] = (),
) -> dict[str, tuple[ServicePlan, ...]]:
    """Slice → one service for each (namespace, name) that its clusters export.

    Endpoints and source clusters of all exports, in the order of the ServiceExportConfigs' names; ports and aliases of
    the first only (kubeslice-controller service/worker_service_import_service.go). ``pods``: the pods of each
    (cluster, namespace); ``gateways``: the slices' East-West gateways.
    """
    ingresses = ingresses_of(gateways)
    merged: dict[tuple[str, str, str], list[Export]] = defaultdict(list)
    for export in exports:
        if export.ready:
            merged[export.document.spec.slice, export.namespace, export.document.metadata.name].append(export)
    services: dict[str, tuple[ServicePlan, ...]] = {}
    for (slice_, _, _), group in merged.items():
        services[slice_] = (*services.get(slice_, ()), _merge(slice_, group, pods, ingresses))
    return services


def ingresses_of(gateways: Iterable[EastWestGateway]) -> dict[tuple[str, str], EastWestGateway]:
    """(slice, cluster) → its ingress gateway."""
    return {(item.slice, item.cluster): item for item in gateways if item.direction == "ingress"}


def endpoints_of(export: Export, pods: Iterable[PodPlan]) -> tuple[EndpointPlan, ...]:
    """The pods behind an export: those on the overlay of its slice that ``matchLabels`` selects.

    Their port is the first port's container port, whatever other ports there are
    (worker-operator pkg/hub/hubclient/hubclient.go).
    """
    document = export.document
    port = document.spec.ports[0].container_port if document.spec.ports else 0
    return tuple(
        EndpointPlan(
            pod=pod.name,
            cluster=pod.cluster,
            nsm_ip=pod.nsm_ip,
            dns_name=names.endpoint_dns(pod.name, pod.cluster, document.metadata.name, pod.namespace),
            port=port,
        )
        for pod in pods
        if pod.slice == document.spec.slice and pod.nsm_ip is not None and document.spec.selector.selects(pod.labels)
    )


def published(
    export: Export, pods: Iterable[PodPlan], ingresses: Mapping[tuple[str, str], EastWestGateway]
) -> tuple[EndpointPlan, ...]:
    """What a cluster tells the hub of its export: the pods, or the ingress gateway (of slice and cluster) for them."""
    document = export.document
    ingress = ingresses.get((document.spec.slice, export.cluster))
    if ingress is None:
        return endpoints_of(export, pods)
    return (ingress_endpoint(document.metadata.name, export.namespace, export.cluster, ingress.nsm_ip),)


def ingress_endpoint(service: str, namespace: str, cluster: str, address: IPv4Address) -> EndpointPlan:
    """The one endpoint of a cluster with an ingress gateway: the gateway, whatever stands behind it.

    As worker-operator controllers/serviceexport/reconciler.go does.
    """
    return EndpointPlan(
        pod=names.ingress_endpoint(service, namespace),
        cluster=cluster,
        nsm_ip=address,
        dns_name=names.ingress_endpoint_dns(service, namespace, cluster),
        port=HTTP_PORT,
    )


def _merge(
    slice_: str,
    exports: list[Export],
    pods: Mapping[tuple[str, str], Sequence[PodPlan]],
    ingresses: Mapping[tuple[str, str], EastWestGateway],
) -> ServicePlan:
    exports = sorted(exports, key=lambda item: item.cluster)
    first = exports[0].document
    found = [(item, pods.get((item.cluster, item.namespace), ())) for item in exports]
    return ServicePlan(
        slice=slice_,
        namespace=first.metadata.namespace,
        name=first.metadata.name,
        dns_name=names.service_dns(first.metadata.name, first.metadata.namespace),
        source_clusters=tuple(item.cluster for item in exports),
        endpoints=tuple(endpoint for item, there in found for endpoint in published(item, there, ingresses)),
        ports=tuple(
            ServicePortPlan(name=port.name, port=port.container_port, protocol=port.protocol or "TCP")
            for port in first.spec.ports
        ),
        aliases=first.spec.aliases,
        backends=tuple(
            endpoint
            for item, there in found
            if (slice_, item.cluster) in ingresses
            for endpoint in endpoints_of(item, there)
        ),
    )
