"""DNS: what each cluster's KubeSlice DNS and each cluster's own DNS answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Address

from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.model.world import World
from kubeslice_sim.planner import names
from kubeslice_sim.planner.plan import PodPlan, ServicePlan, SlicePlan

TTL_S = 60
"""Of every answer (dns plugin/kubeslice)."""

Records = FrozenMap[tuple[IPv4Address, ...]]


def service_records(service: ServicePlan) -> Records:
    """The A records of one imported service: its name, each alias, and the name of each endpoint; an address once."""
    everybody = tuple(dict.fromkeys(endpoint.nsm_ip for endpoint in service.endpoints))
    if not everybody:
        return FrozenMap()
    endpoints = {endpoint.dns_name: (endpoint.nsm_ip,) for endpoint in service.endpoints}
    return FrozenMap(dict.fromkeys((service.dns_name, *service.aliases), everybody) | endpoints)


def merge_records(records: Iterable[Records]) -> Records:
    """One table of several: a name that stands in more than one has the addresses of all, each once."""
    merged: dict[str, tuple[IPv4Address, ...]] = {}
    for table in records:
        for name, addresses in table.items():
            if name in merged:
                addresses = tuple(dict.fromkeys((*merged[name], *addresses)))
            merged[name] = addresses
    return FrozenMap(merged)


def serve_slices(slices: Sequence[SlicePlan]) -> dict[str, Records]:
    """Cluster → all that its KubeSlice DNS answers: every service of every slice that it is a member of.

    Where two slices of the cluster import the same service name, they share one ServiceImport and the last writer wins:
    here the later slice. Clusters of the same slices share one table.
    """
    joined: dict[str, tuple[int, ...]] = {}
    for index, item in enumerate(slices):
        for member in item.members:
            joined[member.cluster] = (*joined.get(member.cluster, ()), index)
    tables = {(s.slice, s.namespace, s.name): service_records(s) for item in slices for s in item.services}
    served: dict[tuple[int, ...], Records] = {}
    for indexes in joined.values():
        if indexes not in served:
            imports = {(s.namespace, s.name): s.slice for index in indexes for s in slices[index].services}
            served[indexes] = merge_records(tables[slice_, *key] for key, slice_ in imports.items())
    return {cluster: served[indexes] for cluster, indexes in joined.items()}


def cluster_records(world: World, cluster: str, pods: Mapping[tuple[str, str], Sequence[PodPlan]]) -> Records:
    """The names of a cluster's own Services, each with the pod addresses behind it.

    Nothing here stands in for kube-proxy, so a Service answers as a headless one does: with its pods. A headless
    Service also names each pod, ``<pod>.<service>.<namespace>.svc.cluster.local``.
    """
    found: dict[str, tuple[IPv4Address, ...]] = {}
    for service in world.objects:
        if service.kind != "Service" or cluster not in world.placed(service.metadata):
            continue
        namespace = service.metadata.namespace or "default"
        behind = _selected(service, pods.get((cluster, namespace), ()))
        name = names.cluster_service_dns(service.metadata.name, namespace)
        if behind:
            found[name] = tuple(pod.pod_ip for pod in behind)
        if service.spec.get("clusterIP") == "None":
            found.update({f"{pod.name}.{name}": (pod.pod_ip,) for pod in behind})
    return FrozenMap(found)


def _selected(service: KubernetesObject, pods: Sequence[PodPlan]) -> list[PodPlan]:
    selector = service.spec.get("selector") or {}
    if not selector:
        return []
    return [pod for pod in pods if all(pod.labels.get(key) == value for key, value in selector.items())]
