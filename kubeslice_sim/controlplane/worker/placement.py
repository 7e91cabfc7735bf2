"""Placement: which application pods a cluster is to have, and which node and CNI address each one gets.

Kubernetes names, schedules and numbers pods as they come; what comes first is chance. Here every pod that the cluster's
workloads ask for has its turn, workload by workload in the order in which they were made, whether it is there yet or
not. So a run ends at the addresses of the plan (planner/pods.py), however its events interleave.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address

from kubeslice_sim.controlplane import ip
from kubeslice_sim.controlplane.built_in import POD_TYPE_LABEL
from kubeslice_sim.controlplane.node import other_nodes
from kubeslice_sim.controlplane.reconciler import View
from kubeslice_sim.controlplane.worker import east_west
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.planner.addresses import AddressPool
from kubeslice_sim.planner.names import SYSTEM_NAMESPACE
from kubeslice_sim.planner.pods import FIRST_POD_HOST

OF_KUBESLICE = ("router", "slicegateway", "dns")
PodName = tuple[str, str]
"""Namespace and name."""


def pods_of(workload: KubernetesObject, view: View) -> tuple[str, ...]:
    """The names of a workload's pods, by ordinal: ``<workload>-<ordinal>``, with the kind in it where that is taken.

    KubeSlice's own have one pod, named as its Deployment.
    """
    if POD_TYPE_LABEL in workload.pod_labels:
        return (workload.metadata.name,)
    return tuple(name for (_, name), owner in _expected(view) if owner == workload.metadata.uid)


def app_node(pod: KubernetesObject, view: View) -> str:
    """The node of an application pod: those without a gateway in turn, gateway nodes where there are no others.

    Empty where no node takes pods.
    """
    names = other_nodes(view.local)
    turns = [name for name, _ in _expected(view)]
    me = (pod.metadata.namespace, pod.metadata.name)
    return names[(turns.index(me) if me in turns else len(turns)) % len(names)] if names else ""


def pod_ip(pod: KubernetesObject, view: View) -> IPv4Address:
    """The address of an application pod on its cluster's pod network."""
    network = ip.network(view.underlay.cluster(view.cluster).pod_cidr)
    pool: AddressPool[PodName] = AddressPool(network, first_host=FIRST_POD_HOST)
    placed = (item for item in view.local.objects("Pod") if "podIP" in item.status)
    pool.reserve(
        ((item.metadata.namespace, item.metadata.name), ip.address(str(item.status["podIP"]))) for item in placed
    )
    me = (pod.metadata.namespace, pod.metadata.name)
    gateways = ((SYSTEM_NAMESPACE, name) for name in east_west.all_expected(view))
    for name in (*(name for name, _ in _expected(view)), *gateways):
        address = pool.allocate(name)
        if name == me:
            return address
    return pool.allocate(me)


def _expected(view: View) -> Iterator[tuple[PodName, str]]:
    """Every application pod with the uid of its workload; uids are in the order in which objects were made."""
    taken: set[PodName] = set()
    workloads = [item for kind in ("Deployment", "StatefulSet", "Pod") for item in view.local.objects(kind)]
    for workload in sorted(workloads, key=lambda item: item.metadata.uid):
        metadata = workload.metadata
        if metadata.owner_references or metadata.namespace == SYSTEM_NAMESPACE or metadata.deletion_timestamp:
            continue
        for ordinal in range(workload.replicas):
            name = (metadata.namespace, metadata.name if workload.kind == "Pod" else f"{metadata.name}-{ordinal}")
            if name in taken:
                name = (metadata.namespace, f"{metadata.name}-{workload.kind.lower()}-{ordinal}")
            taken.add(name)
            yield name, metadata.uid
