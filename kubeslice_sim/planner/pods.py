"""Pods: where application pods run, which slice they join, and the overlay address each gets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.model.world import World
from kubeslice_sim.planner import names
from kubeslice_sim.planner.addresses import AddressPool
from kubeslice_sim.planner.history import History
from kubeslice_sim.planner.plan import ClusterPlan, MemberPlan, PodPlan

FIRST_POD_HOST = 2
"""The pod network's .1 is left to the CNI's own gateway."""


def place_pods(world: World, clusters: Iterable[ClusterPlan], history: History) -> tuple[PodPlan, ...]:
    """Every application pod on its cluster, node and CNI address; in no slice yet.

    Workloads stand on the clusters of their annotation, replica by replica, over the app nodes in turn (gateway nodes
    where there are no others). Addresses are the pod network's, in order. Raises :exc:`AddressesExhausted`.
    """
    places = {cluster.name: _Place(cluster) for cluster in clusters}
    seats = tuple(
        places[cluster].seat(workload, ordinal)
        for workload in world.workloads
        for cluster in world.placed(workload.metadata)
        for ordinal in range(workload.replicas)
    )
    for place in places.values():
        place.give_back(history)
    return tuple(places[seat.cluster].pod(seat) for seat in seats)


def assign_slices(pods: Iterable[PodPlan], members: Iterable[MemberPlan]) -> tuple[PodPlan, ...]:
    """The pods, each with the slice that its namespace is onboarded to on its cluster.

    ``members``: those of slices that inject pods. As worker-operator's webhook: the namespace is an application
    namespace, not the system's own, and the pod is not labelled ``kubeslice.io/exclude: "true"``. The first slice wins;
    KubeSlice refuses a namespace that two slices want.
    """
    homes: dict[tuple[str, str], str] = {}
    for member in members:
        for namespace in member.application_namespaces:
            if namespace != names.SYSTEM_NAMESPACE:
                homes.setdefault((member.cluster, namespace), member.slice)
    return tuple(
        replace(pod, slice=home) if home is not None and pod.labels.get(names.EXCLUDE_LABEL) != "true" else pod
        for pod in pods
        for home in (homes.get((pod.cluster, pod.namespace)),)
    )


def connect_pods(pods: Iterable[PodPlan], pools: Mapping[tuple[str, str], AddressPool[str]]) -> tuple[PodPlan, ...]:
    """The pods, each with its address from the pool of its (slice, cluster).

    They ask by namespace and name, before any gateway does: pods connect while the gateways' certificates are still
    being made. Raises :exc:`AddressesExhausted`.
    """
    pods = tuple(pods)
    addresses = {
        pod.reference: pools[pod.slice, pod.cluster].allocate(pod.reference)
        for pod in sorted(pods, key=lambda pod: (pod.namespace, pod.name))
        if pod.slice is not None
    }
    return tuple(replace(pod, nsm_ip=addresses[pod.reference]) if pod.slice is not None else pod for pod in pods)


class _Seat(NamedTuple):
    """Where a pod will run, before it has an address."""

    workload: KubernetesObject
    cluster: str
    namespace: str
    name: str
    node: str

    @property
    def reference(self) -> str:
        return f"{self.namespace}/{self.name}@{self.cluster}"


class _Place:
    """One cluster while pods are placed on it."""

    def __init__(self, cluster: ClusterPlan) -> None:
        self._cluster = cluster
        apps = tuple(node.name for node in cluster.nodes if not node.gateway)
        self._nodes = apps or tuple(node.name for node in cluster.gateway_nodes)
        self._addresses: AddressPool[str] = AddressPool(cluster.pod_cidr, first_host=FIRST_POD_HOST)
        self._names: dict[str, None] = {}

    def seat(self, workload: KubernetesObject, ordinal: int) -> _Seat:
        """``<workload>-<ordinal>``; with the kind in it where another workload of that name has taken it."""
        base, namespace = workload.metadata.name, workload.metadata.namespace or "default"
        name = base if workload.kind == "Pod" else f"{base}-{ordinal}"
        if f"{namespace}/{name}" in self._names:
            name = f"{base}-{workload.kind.lower()}-{ordinal}"
        node = self._nodes[len(self._names) % len(self._nodes)]
        self._names[f"{namespace}/{name}"] = None
        return _Seat(workload, self._cluster.name, namespace, name, node)

    def give_back(self, history: History) -> None:
        """Pods that were there before keep their addresses."""
        past = history.pod_ips.get(self._cluster.name, {})
        references = (f"{name}@{self._cluster.name}" for name in self._names)
        self._addresses.reserve((reference, past[reference]) for reference in references if reference in past)

    def pod(self, seat: _Seat) -> PodPlan:
        return PodPlan(
            name=seat.name,
            namespace=seat.namespace,
            cluster=seat.cluster,
            workload=seat.workload.metadata.name,
            workload_kind=seat.workload.kind,
            labels=seat.workload.pod_labels,
            node=seat.node,
            pod_ip=self._addresses.allocate(seat.reference),
            emulate=seat.workload.emulate,
            command=seat.workload.command,
        )
