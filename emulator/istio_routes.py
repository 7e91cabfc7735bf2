"""Istio routes: what the plan's Istio objects of one cluster say to a gateway or a sidecar, with what is there now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

from emulator.proxy_configuration import Intercepted, Server, VirtualHost
from kubeslice_sim.planner.east_west import EastWestGateway, IstioObject, IstioRoute
from kubeslice_sim.planner.external_gateways import HTTP_PORT
from kubeslice_sim.planner.names import SYSTEM_NAMESPACE, cluster_service_dns

Records = Mapping[str, tuple[IPv4Address, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """What of a slice is there now on one cluster.

    ``records``: what its KubeSlice DNS answers. ``pods``: overlay addresses of the pods that are connected.
    ``gateways``: its East-West gateways that run.
    """

    records: Records
    pods: frozenset[IPv4Address]
    gateways: tuple[EastWestGateway, ...]


def hosts_at(gateway: EastWestGateway, objects: Sequence[IstioObject], present: Present) -> tuple[VirtualHost, ...]:
    """What a gateway proxies: the HTTP VirtualServices that are bound to it."""
    bound = f"{SYSTEM_NAMESPACE}/{gateway.name}"
    return tuple(_host(item, objects, present) for item in _services(objects) if bound in item.gateways)


def hosts_of_sidecar(namespace: str, objects: Sequence[IstioObject], present: Present) -> tuple[VirtualHost, ...]:
    """What a sidecar proxies: the HTTP VirtualServices of its own namespace that are bound to no gateway."""
    return tuple(_host(item, objects, present) for item in _of_sidecars(namespace, objects) if item.protocol == "HTTP")


def intercepted(namespace: str, objects: Sequence[IstioObject], present: Present) -> tuple[Intercepted, ...]:
    """What a sidecar takes: connections to the ports of its namespace's services, wherever DNS says these are."""
    known = {host for item in objects if item.kind == "ServiceEntry" for host in item.hosts}
    found = set()
    for item in _of_sidecars(namespace, objects):
        refused = item.protocol != "HTTP" and all(route.host not in known for route in item.routes)
        if item.protocol == "HTTP" or refused:
            found |= {
                Intercepted(address=address, port=port, refused=refused)
                for address in present.records.get(item.hosts[0], ())
                for port in _ports(item, objects)
            }
    return tuple(sorted(found, key=lambda item: (item.address, item.port)))


def _services(objects: Iterable[IstioObject]) -> Iterator[IstioObject]:
    return (item for item in objects if item.kind == "VirtualService" and item.protocol == "HTTP")


def _of_sidecars(namespace: str, objects: Iterable[IstioObject]) -> Iterator[IstioObject]:
    return (
        item for item in objects if item.kind == "VirtualService" and item.namespace == namespace and not item.gateways
    )


def _host(item: IstioObject, objects: Sequence[IstioObject], present: Present) -> VirtualHost:
    servers = (server for route in item.routes for server in _servers(route, objects, present))
    return VirtualHost(name=f"{item.namespace}.{item.name}", hosts=item.hosts, servers=tuple(servers))


def _servers(route: IstioRoute, objects: Sequence[IstioObject], present: Present) -> Iterator[Server]:
    """Where a route's host is: a gateway by its Service, an endpoint by its ServiceEntry."""
    for gateway in present.gateways:
        if route.host == cluster_service_dns(gateway.name, SYSTEM_NAMESPACE):
            yield Server(address=gateway.pod_ip, port=HTTP_PORT, weight=route.weight)
    entries = [item for item in objects if item.kind == "ServiceEntry" and route.host in item.hosts]
    for entry in sorted(entries, key=lambda item: item.resolution != "STATIC")[:1]:
        static = tuple(address for text in entry.addresses if (address := IPv4Address(text)) in present.pods)
        known = static if entry.resolution == "STATIC" else present.records.get(route.host, ())
        target = next((port.target_port for port in entry.ports if port.port == route.port), route.port)
        yield from (Server(address=address, port=target, weight=route.weight) for address in known)


def _ports(item: IstioObject, objects: Iterable[IstioObject]) -> tuple[int, ...]:
    return tuple(
        port.port
        for other in objects
        if other.kind == "Service" and other.service == item.service
        for port in other.ports
    )
