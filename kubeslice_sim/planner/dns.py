"""DNS: what each cluster's KubeSlice DNS and each cluster's own DNS answer."""

from __future__ import annotations

from collections import defaultdict
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


def slice_records(services: Iterable[ServicePlan]) -> Records:
    """The A records of a cluster that imports these services.

    Exact names only: the service's, each endpoint's, each alias; an address once. Where two slices of the cluster
    import the same service name, they share one ServiceImport and the last writer wins: here the later slice.
    """
    imports = {(service.namespace, service.name): service for service in services}
    found: dict[str, dict[IPv4Address, None]] = defaultdict(dict)
    for service in imports.values():
        for endpoint in service.endpoints:
            for name in (service.dns_name, endpoint.dns_name, *service.aliases):
                found[name][endpoint.nsm_ip] = None
    return FrozenMap({name: tuple(addresses) for name, addresses in found.items()})


def imported_services(slices: Iterable[SlicePlan]) -> Mapping[str, Sequence[ServicePlan]]:
    """Cluster → the services that it imports: those of every slice that it is a member of, its own exports too."""
    imported: dict[str, list[ServicePlan]] = defaultdict(list)
    for item in slices:
        for member in item.members:
            imported[member.cluster].extend(item.services)
    return imported


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
