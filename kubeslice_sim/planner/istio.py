"""Istio: the objects that the operators make for imports and exports of a slice with East-West gateways.

Source: worker-operator controllers/serviceimport/istio*.go, controllers/serviceexport/istio*.go, files/manifests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.model.world import World
from kubeslice_sim.planner import names
from kubeslice_sim.planner.east_west import Direction, EastWestGateway, GatewayPort, IstioObject, IstioRoute
from kubeslice_sim.planner.external_gateways import GATEWAY_TYPE, HTTP_PORT, external_gateway_of
from kubeslice_sim.planner.plan import EndpointPlan, MemberPlan, PodPlan, ServicePlan, ServicePortPlan

_ALL = 100
_INJECTION = "sidecar.istio.io/inject"
Installed = Mapping[Direction, EastWestGateway]


def weights(count: int) -> tuple[int, ...]:
    """The shares of so many endpoints: equal, and the first few one more, so that they add up to 100.

    As calculateInitialWeight does: beyond 100 endpoints all but the first 100 get nothing.
    """
    each, over = divmod(_ALL, count) if count else (0, 0)
    return tuple(each + (index < over) for index in range(count))


def speaks_http(ports: Sequence[ServicePortPlan]) -> bool:
    """Whether Istio treats the service as HTTP: its only port has a name that starts with ``http``."""
    return len(ports) == 1 and ports[0].name.startswith("http")


class Sidecars:
    """Which pods of a world get Istio's proxy: by the pod's own label, else by those of its namespace.

    Without it a pod's packets go where DNS and routes lead, whatever the VirtualServices say.
    """

    def __init__(self, world: World) -> None:
        self._injected = {
            (cluster, item.metadata.name)
            for item in world.objects
            if item.kind == "Namespace"
            if item.metadata.labels.get("istio-injection") == "enabled" or item.metadata.labels.get("istio.io/rev")
            for cluster in world.placed(item.metadata)
        }

    def __contains__(self, pod: PodPlan) -> bool:
        if _INJECTION in pod.labels:
            return pod.labels[_INJECTION] == "true"
        return (pod.cluster, pod.namespace) in self._injected


def istio_objects(
    config: SliceConfig,
    members: Iterable[MemberPlan],
    services: Sequence[ServicePlan],
    gateways: Iterable[EastWestGateway],
) -> tuple[IstioObject, ...]:
    """Every object for Istio of the slice, cluster by cluster: its gateways', then import by import, then exports'."""
    installed: dict[str, dict[Direction, EastWestGateway]] = {}
    for gateway in gateways:
        installed.setdefault(gateway.cluster, {})[gateway.direction] = gateway
    return tuple(
        item
        for member in members
        if external_gateway_of(config, member.cluster).gateway_type == GATEWAY_TYPE
        for item in _on_cluster(member.cluster, services, installed.get(member.cluster, {}))
    )


def _on_cluster(cluster: str, services: Sequence[ServicePlan], installed: Installed) -> Iterator[IstioObject]:
    for gateway in installed.values():
        yield _gateway(gateway)
    for service in services:
        yield from _for_import(cluster, service, installed.get("egress"))
    if "ingress" in installed:
        for service in services:
            if cluster in service.source_clusters:
                yield from _for_export(cluster, service, installed["ingress"])


def _gateway(gateway: EastWestGateway) -> IstioObject:
    return IstioObject(
        kind="Gateway", cluster=gateway.cluster, namespace=names.SYSTEM_NAMESPACE, name=gateway.name, hosts=("*",),
        ports=(GatewayPort(name="http", port=80, target_port=HTTP_PORT),),
    )  # fmt: skip


def _for_import(cluster: str, service: ServicePlan, egress: EastWestGateway | None) -> Iterator[IstioObject]:
    home = service.namespace if egress is None else names.SYSTEM_NAMESPACE
    own = _local_service(cluster, service)
    yield own
    for endpoint in service.endpoints:
        yield replace(
            own, kind="ServiceEntry", namespace=home, name=f"{endpoint.pod}-{endpoint.cluster}",
            hosts=(endpoint.dns_name,), location="MESH_EXTERNAL", resolution="DNS",
            addresses=() if own.protocol == "HTTP" else (str(endpoint.nsm_ip),), ports=_entry_ports(service, endpoint),
        )  # fmt: skip
    leading = replace(own, kind="VirtualService", ports=())
    routes = _routes(service, service.endpoints)
    if egress is None:
        if routes:
            yield replace(leading, hosts=(service.dns_name, service.name), routes=routes)
        return
    hosts = (service.dns_name, names.cluster_service_dns(service.name, service.namespace))
    gate = IstioRoute(
        host=names.cluster_service_dns(egress.name, names.SYSTEM_NAMESPACE),
        port=80 if own.protocol == "HTTP" else _first(service),
        weight=_ALL,
    )
    yield replace(leading, hosts=hosts, routes=(gate,))
    if routes:
        yield replace(leading, namespace=home, name=behind_gateway(service), hosts=hosts,
                      gateways=(f"{home}/{egress.name}",), routes=routes)  # fmt: skip


def _for_export(cluster: str, service: ServicePlan, ingress: EastWestGateway) -> Iterator[IstioObject]:
    home = names.SYSTEM_NAMESPACE
    behind = [endpoint for endpoint in service.backends if endpoint.cluster == cluster]
    own = replace(_local_service(cluster, service), namespace=home)
    for endpoint in behind:
        yield replace(
            own, kind="ServiceEntry", name=f"{endpoint.pod}-{service.namespace}-ingress", hosts=(endpoint.dns_name,),
            location="MESH_INTERNAL", resolution="STATIC", addresses=(str(endpoint.nsm_ip),),
        )  # fmt: skip
    if behind:
        yield replace(
            own, kind="VirtualService", name=behind_gateway(service), ports=(),
            hosts=(names.ingress_endpoint_dns(service.name, service.namespace, cluster), service.dns_name),
            gateways=(f"{home}/{ingress.name}",), routes=_routes(service, behind),
        )  # fmt: skip


def _local_service(cluster: str, service: ServicePlan) -> IstioObject:
    """The Service without a selector that gives sidecars the name ``<service>.<namespace>.svc.cluster.local``."""
    return IstioObject(
        kind="Service", cluster=cluster, namespace=service.namespace, name=service.name,
        service=f"{service.namespace}/{service.name}", protocol="HTTP" if speaks_http(service.ports) else "TCP",
        ports=tuple(GatewayPort(name=port.name, port=port.port, target_port=port.port) for port in service.ports),
    )  # fmt: skip


def behind_gateway(service: ServicePlan) -> str:
    """The VirtualService of a gateway: egress and ingress use the same name in the same namespace."""
    return f"{service.name}-{service.namespace}"


def _routes(service: ServicePlan, endpoints: Sequence[EndpointPlan]) -> tuple[IstioRoute, ...]:
    return tuple(
        IstioRoute(host=endpoint.dns_name, port=_first(service), weight=weight)
        for endpoint, weight in zip(endpoints, weights(len(endpoints)), strict=True)
    )


def _first(service: ServicePlan) -> int:
    return service.ports[0].port if service.ports else 0


def _entry_ports(service: ServicePlan, endpoint: EndpointPlan) -> tuple[GatewayPort, ...]:
    """The first port only; an ingress gateway is told by its name and reached at its own port."""
    at_ingress = endpoint.pod == names.ingress_endpoint(service.name, service.namespace)
    return tuple(
        GatewayPort(name=port.name, port=port.port, target_port=HTTP_PORT if at_ingress else port.port)
        for port in service.ports[:1]
    )
