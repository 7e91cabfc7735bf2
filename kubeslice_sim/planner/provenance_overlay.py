"""Where the overlay addresses of pods and gateways and the records of names come from."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from ipaddress import IPv4Address

from kubeslice_sim.planner.change import counted
from kubeslice_sim.planner.dns import TTL_S, service_records
from kubeslice_sim.planner.plan import PodPlan, ServicePlan
from kubeslice_sim.planner.question import Asked, Input, Provenance, Question


def pod_questions(asked: Asked) -> Iterator[Question]:
    """The overlay address of every application pod of the slice."""
    for pod in asked.plan.pods:
        if pod.slice == asked.slice.name and pod.nsm_ip is not None:
            path = f"{asked.slice.name}/{pod.cluster}/pods/{pod.namespace}/{pod.name}/nsm-address"
            yield Question(path=path, answer=partial(_pod, asked, pod, pod.nsm_ip))


def name_questions(asked: Asked) -> Iterator[Question]:
    """Every name that the slice's services give."""
    for service in asked.slice.services:
        for name, addresses in service_records(service).items():
            yield Question(
                path=f"{asked.slice.name}/names/{name}", answer=partial(_name, asked, service, name, addresses)
            )


def client_address(asked: Asked, cluster: str, client: str, address: IPv4Address, path: str) -> Provenance:
    """The address that a router gave one of its clients (a pod's reference or a gateway's deployment)."""
    order, gateways, external = asked.clients(cluster), asked.gateway_pods[cluster], asked.east_west[cluster]
    pods = len(order) - gateways - external
    place, cidr = order[client], asked.slice.member(cluster).cidr
    rule = "a client keeps the address that it had, else the router gives the lowest free one from .1 on"
    told = "then East-West gateways, then " if external else "then "
    if address == cidr[place + 1]:
        first = (
            counted(min(place, pods), "pod"),
            *((counted(min(place - pods, external), "East-West gateway"),) if external and place > pods else ()),
            counted(max(0, place - pods - external), "gateway"),
        )
        before = " and ".join(first) if place else "nobody"
        formula = f"{rule}; {before} asked before: pods by namespace and name, {told}gateways pair by pair"
    else:
        formula = f"{rule}; it has this one since before the world changed: asked anew it would get {cidr[place + 1]}"
    return Provenance(
        path=path,
        value=str(address),
        inputs=(
            asked.known(f"{cluster}/cidr", cidr),
            Input(name="clients of the router", value=_who(pods, external, gateways)),
        ),
        formula=formula,
        source="cmd-nse-vl3 ippool.go (the order of asking is ours: pods connect while certificates are being made)",
    )


def _who(pods: int, external: int, gateways: int) -> str:
    parts = [(pods, "pod"), *([(external, "East-West gateway")] if external else []), (gateways, "gateway")]
    return ", ".join(counted(number, noun) for number, noun in parts)


def _pod(asked: Asked, pod: PodPlan, address: IPv4Address, path: str) -> Provenance:
    return client_address(asked, pod.cluster, pod.reference, address, path)


def _name(asked: Asked, service: ServicePlan, name: str, addresses: tuple[IPv4Address, ...], path: str) -> Provenance:
    where = ", ".join(service.source_clusters)
    export = Input(name=f"ServiceExport {service.namespace}/{service.name}", value=f"on {where}")
    gates = {gateway.nsm_ip: gateway for gateway in asked.slice.east_west}
    endpoints = tuple(
        asked.known(
            f"{e.cluster}/{gates[e.nsm_ip].direction}/nsm-address"
            if e.nsm_ip in gates
            else f"{e.cluster}/pods/{service.namespace}/{e.pod}/nsm-address",
            e.nsm_ip,
        )
        for e in service.endpoints
        if e.nsm_ip in addresses
    )
    if name in service.aliases:
        shape = "an alias, answered like the service's own name"
    elif name == service.dns_name:
        shape = "<export>.<namespace>.svc.slice.local, answered with all pods of all exporting clusters"
    else:
        shape = (
            "<export>-ingress.<cluster>.<namespace>.svc.slice.local, answered with the ingress gateway that stands for "
            "the pods of that cluster"
            if addresses[0] in gates
            else "<pod>.<cluster>.<export>.<namespace>.svc.slice.local, answered with that pod"
        )
    return Provenance(
        path=path,
        value=", ".join(map(str, addresses)),
        inputs=(export, *endpoints),
        formula=f"{shape}: overlay addresses of Running pods that the selector matches; A records, TTL {TTL_S} s, "
        f"in the KubeSlice DNS of every cluster of {asked.slice.name}",
        source="worker-operator controllers/serviceexport, dns plugin/kubeslice, kubeslice-controller "
        "service/worker_service_import_service.go",
    )
