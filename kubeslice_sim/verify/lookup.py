"""Lookup: what a name resolves to when a certain pod asks, and the chain that put the records there, or did not."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address

from kubeslice_sim.model.reference import CLUSTER_DOMAIN, is_address
from kubeslice_sim.model.service_export import ServiceExport
from kubeslice_sim.model.suggest import meant
from kubeslice_sim.planner import names
from kubeslice_sim.planner.change import listed
from kubeslice_sim.planner.dns import TTL_S, service_records
from kubeslice_sim.planner.external_gateways import HTTP_PORT
from kubeslice_sim.planner.plan import ClusterPlan, Plan, PodPlan, ServicePlan
from kubeslice_sim.verify.explanation import Lookup
from kubeslice_sim.verify.resolution import resolve_name, resolve_pod


def look_up(plan: Plan, source: PodPlan, target: str) -> Lookup:
    """What ``target`` (a DNS name, an address or a pod's reference) is to ``source``, and why."""
    pods = {pod.reference: pod for pod in plan.pods}
    if target in pods:
        found = resolve_pod(source, pods[target])
        return Lookup(name="", addresses=_texts(found.addresses), answered_by="", why=(found.how,))
    if is_address(target):
        return Lookup(name="", addresses=(target,), answered_by="", why=(f"{target} is an address",))
    cluster = plan.cluster(source.cluster)
    joined = plan.slice(source.slice) if source.slice is not None else None
    found = resolve_name(target, source, cluster, joined)
    asked = target.rstrip(".").lower()
    first = f"the KubeSlice DNS of {cluster.name}, then the DNS of {cluster.name}"
    if joined is not None and asked in cluster.dns:
        why = tuple(_from_slices(plan, source.cluster, asked))
    elif asked in cluster.cluster_dns:
        why = tuple(_from_cluster(plan, source, asked))
    else:
        why = (found.how, *_why_not(plan, source, target, asked))
    return Lookup(
        name=target,
        addresses=_texts(found.addresses),
        answered_by=first if joined is not None else f"the DNS of {cluster.name}",
        why=why,
        order=_order(source, cluster, joined is not None),
    )


def _order(source: PodPlan, cluster: ClusterPlan, on_slice: bool) -> tuple[str, ...]:
    """Whom the pod's resolver asks, one after the other (cmd-nsc main.go, dnsutils/fanout)."""
    if not on_slice:
        return (f"/etc/resolv.conf names the DNS of {cluster.name}, and nobody else",)
    own = f"the pod's own resolver, the DNS of {cluster.name}"
    return (
        "/etc/resolv.conf names 127.0.0.1: NSM's DNS proxy in the pod, search domain slice.local",
        f"1. its cache, which keeps answers for their TTL ({TTL_S} s): an endpoint that went may live on in it",
        f"2. the KubeSlice DNS of {cluster.name} at {cluster.dns_ip}, for all but AAAA questions: exact names only",
        f"3. where it has no record: {own}, and all others together; an answer with records is preferred",
    )


def _from_slices(plan: Plan, cluster: str, asked: str) -> Iterator[str]:
    for item in plan.slices:
        if not any(member.cluster == cluster for member in item.members):
            continue
        for service in item.services:
            if asked not in service_records(service):
                continue
            where = listed(service.source_clusters)
            ends = listed(f"{e.pod}@{e.cluster} {e.nsm_ip}" for e in service.endpoints)
            yield f"ServiceExport {service.namespace}/{service.name} on {where} offers {ends}"
            yield from _shape(service, asked)
            yield (
                f"the controller copies it to every cluster of {item.name}, so the KubeSlice DNS of {cluster} answers "
                f"(TTL {TTL_S} s)"
            )
    yield "pods on a slice ask the KubeSlice DNS first"


def _shape(service: ServicePlan, asked: str) -> Iterator[str]:
    if asked in service.aliases:
        yield f"{asked} is an alias of {service.dns_name}"
    elif any(asked == end.dns_name and end.port == HTTP_PORT and service.backends for end in service.endpoints):
        yield f"{asked} names the ingress gateway that stands for the pods of {service.dns_name}"
    elif asked != service.dns_name:
        yield f"{asked} names one pod of {service.dns_name}"


def _from_cluster(plan: Plan, source: PodPlan, asked: str) -> Iterator[str]:
    service, _, rest = asked.removesuffix(f".{CLUSTER_DOMAIN}").rpartition(".")
    yield f"Service {rest}/{service.rpartition('.')[2]} of {source.cluster} stands for these pods, on the CNI"
    if source.slice is not None:
        yield "the KubeSlice DNS is asked first and has no answer, so the cluster's own is asked"


def _why_not(plan: Plan, source: PodPlan, target: str, asked: str) -> Iterator[str]:
    """Why a name has no answer here: everything that was nearly it."""
    if source.slice is None and asked in plan.cluster(source.cluster).dns:
        yield "the resolver of a pod gets the KubeSlice DNS only with its overlay interface"
        return
    exports = [item for item in plan.world.exports if asked in (names.service_dns(*_called(item)), *_aliases(item))]
    for export in exports:
        yield from _failed_export(plan, source, export, asked)
    if not exports:
        known = (*plan.cluster(source.cluster).dns, *plan.cluster(source.cluster).cluster_dns)
        yield meant(target, sorted(known)) or "the cluster knows no name"


def _failed_export(plan: Plan, source: PodPlan, export: ServiceExport, asked: str) -> Iterator[str]:
    name, namespace = _called(export)
    what = f"ServiceExport {namespace}/{name}"
    item = next((item for item in plan.slices if item.name == export.spec.slice), None)
    if item is None:
        yield f"{what} names slice {export.spec.slice}, which does not exist"
        return
    if not any(member.cluster == source.cluster for member in item.members):
        yield f"{what} is on slice {item.name}, of which {source.cluster} is no member"
        return
    for cluster in plan.world.placed(export.metadata):
        member = next((member for member in item.members if member.cluster == cluster), None)
        if member is None:
            yield f"{what} stands on {cluster}, which is no member of {item.name}"
        elif namespace not in member.application_namespaces:
            yield f"{what} on {cluster} stays PENDING: {namespace} is no application namespace of {item.name} there"
        elif asked in export.spec.aliases or any(alias.lower() == asked for alias in export.spec.aliases):
            yield f"{what} has it as an alias, but records keep capitals and questions do not"
        else:
            wanted = ", ".join(f"{key}={value}" for key, value in export.spec.selector.match_labels.items())
            yield f"{what} on {cluster} matches no pod: none that is on {item.name} there has {wanted}"


def _called(export: ServiceExport) -> tuple[str, str]:
    return export.metadata.name, export.metadata.namespace


def _aliases(export: ServiceExport) -> tuple[str, ...]:
    return tuple(alias.lower() for alias in export.spec.aliases)


def _texts(addresses: tuple[IPv4Address, ...]) -> tuple[str, ...]:
    return tuple(map(str, addresses))
