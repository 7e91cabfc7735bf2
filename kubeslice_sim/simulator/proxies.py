"""Proxies: where Istio's sidecars and East-West gateways send a connection next, in simulated time.

What speaks HTTP is led by the name that the client asked for, which goes along as the Host header; what Istio takes for
TCP has none and is led by its address. So :func:`kubeslice_sim.verify.reach` and the emulator have it, too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address

from kubeslice_sim.planner import names
from kubeslice_sim.planner.east_west import EastWestGateway
from kubeslice_sim.planner.external_gateways import HTTP_PORT
from kubeslice_sim.planner.istio import Sidecars, speaks_http
from kubeslice_sim.planner.plan import Plan, ServicePlan, SlicePlan
from kubeslice_sim.simulator.ecmp import FiveTuple

Socket = tuple[IPv4Address, int]
"""An address and a port."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Led:
    """What a sidecar does with a connection: it refuses it, or opens one of its own to one of ``servers``.

    Only those servers count that DNS has for ``service`` at the moment. ``egress``: the reference of the gateway that
    opens it in the sidecar's stead, empty without one.
    """

    service: str = ""
    servers: tuple[Socket, ...] = ()
    egress: str = ""
    refused: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sidecar:
    """What the proxies beside the pods of one namespace on one cluster were told.

    ``taken``: the ports that they watch, each with a reason where they refuse it. ``hosts``: the services by name.
    """

    taken: Mapping[Socket, str]
    hosts: Mapping[str, Led]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxies:
    """Of one world, as its plan has them; it has none where no slice has East-West gateways.

    ``sidecars``: by the reference of a pod. ``behind``: an ingress gateway's reference → the pods of each of its
    services, by name. Istio's weights are equal, so a request's server is drawn by a hash.
    """

    sidecars: Mapping[str, Sidecar] = field(default_factory=dict)
    behind: Mapping[str, Mapping[str, tuple[Socket, ...]]] = field(default_factory=dict)

    def leave(self, pod: str, flow: FiveTuple) -> Led | None:
        """What the pod's sidecar does with a connection of the pod; None: it goes where it was going."""
        sidecar = self.sidecars.get(pod)
        if sidecar is None or flow.protocol != "tcp" or flow.answer:
            return None
        refused = sidecar.taken.get((flow.target, flow.target_port))
        if refused is None:
            return None
        return Led(refused=refused) if refused else sidecar.hosts.get(flow.host)

    def arrive(
        self, gateway: str, flow: FiveTuple, alive: Collection[IPv4Address], secret: int
    ) -> FiveTuple | str | None:
        """The gateway's own connection to a pod behind it, or why it opens none; None: nobody that it proxies is meant.

        ``alive``: who is connected to the gateway's router.
        """
        services = self.behind.get(gateway)
        if services is None or flow.protocol != "tcp" or flow.answer:
            return None
        if flow.target_port != HTTP_PORT:
            return f"{gateway} listens on {HTTP_PORT} only: it refuses port {flow.target_port}"
        if flow.host not in services:
            return None
        there = [server for server in services[flow.host] if server[0] in alive]
        return dial(flow, flow.target, there, secret) if there else f"{gateway} has no pod of {flow.host} behind it"


def dial(flow: FiveTuple, source: IPv4Address, servers: Sequence[Socket], secret: int) -> FiveTuple:
    """A proxy's connection in the stead of ``flow``, to one of the servers.

    A server that comes or goes moves its own connections only (rendezvous hashing, Thaler and Ravishankar 1998).
    """
    text = f"{flow.source},{flow.target},{flow.source_port},{flow.target_port},{flow.draw}"

    def weight(server: Socket) -> bytes:
        key = secret.to_bytes(8, "big")
        return hashlib.blake2b(f"{text},{server[0]}".encode(), digest_size=8, key=key).digest()

    address, port = max(servers, key=weight)
    return replace(flow, source=source, target=address, target_port=port)


def proxies_of(plan: Plan) -> Proxies:
    """What the plan's Istio objects say, put for flows."""
    sidecars: dict[str, Sidecar] = {}
    behind: dict[str, dict[str, tuple[Socket, ...]]] = {}
    meshed = Sidecars(plan.world)
    for item in plan.slices:
        told: dict[tuple[str, str], Sidecar] = {}
        for gateway in item.east_west:
            if gateway.direction == "ingress":
                behind[gateway.reference] = _served(item, gateway.cluster)
        clusters = {found.cluster for found in item.istio_objects}
        egresses = {gateway.cluster: gateway for gateway in item.east_west if gateway.direction == "egress"}
        for pod in plan.pods:
            if pod.slice == item.name and pod.cluster in clusters and pod in meshed:
                key = (pod.cluster, pod.namespace)
                if key not in told:
                    told[key] = _sidecar(item, pod.namespace, egresses.get(pod.cluster))
                sidecars[pod.reference] = told[key]
    return Proxies(sidecars=sidecars, behind=behind)


def _sidecar(item: SlicePlan, namespace: str, egress: EastWestGateway | None) -> Sidecar:
    """A VirtualService is exported to its own namespace only."""
    taken: dict[Socket, str] = {}
    hosts: dict[str, Led] = {}
    for service in item.services:
        http = speaks_http(service.ports)
        if service.namespace != namespace or not (http or egress is not None):
            continue  # what Istio takes for TCP goes where DNS leads, unless there is an egress gateway
        refused = "" if http else f"{egress.name if egress else ''} takes HTTP only, and {service.dns_name} is TCP"
        sockets = [(end.nsm_ip, port.port) for end in service.endpoints for port in service.ports]
        for socket in sockets:
            taken[socket] = refused if taken.get(socket) != "" else ""
        if http:
            servers = tuple((end.nsm_ip, end.port) for end in service.endpoints)
            led = Led(service=service.dns_name, servers=servers, egress=egress.reference if egress else "")
            hosts |= dict.fromkeys((service.dns_name, names.cluster_service_dns(service.name, namespace)), led)
    return Sidecar(taken=taken, hosts=hosts)


def _served(item: SlicePlan, cluster: str) -> dict[str, tuple[Socket, ...]]:
    """The names under which an ingress gateway knows its services, and the pods of each."""
    found: dict[str, tuple[Socket, ...]] = {}
    for service in item.services:
        if speaks_http(service.ports) and cluster in service.source_clusters:
            found |= dict.fromkeys(_names(service, cluster), _pods(service, cluster))
    return found


def _names(service: ServicePlan, cluster: str) -> tuple[str, str]:
    return names.ingress_endpoint_dns(service.name, service.namespace, cluster), service.dns_name


def _pods(service: ServicePlan, cluster: str) -> tuple[Socket, ...]:
    return tuple((end.nsm_ip, service.ports[0].port) for end in service.backends if end.cluster == cluster)
