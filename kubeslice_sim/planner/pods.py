"""Pods: where application pods run, which slice they join, and the addresses each gets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.model.world import World
from kubeslice_sim.planner import names
from kubeslice_sim.planner.addresses import AddressPool
from kubeslice_sim.planner.history import History
from kubeslice_sim.planner.plan import ClusterPlan, MemberPlan, PodPlan

FIRST_POD_HOST = 2
"""The pod network's .1 is left to the CNI's own gateway."""


class Role(NamedTuple):
    """What all pods of a workload have in common."""

    workload: str
    kind: str
    namespace: str
    labels: FrozenMap[str]
    emulate: str
    command: tuple[str, ...]
    ports: tuple[int, ...]


class Seat(NamedTuple):
    """A pod that knows where it runs but has no address yet. ``slice``: the one it joins, or None."""

    role: Role
    cluster: str
    name: str
    reference: str
    node: str
    slice: str | None


def seat_pods(world: World, clusters: Iterable[ClusterPlan], members: Iterable[MemberPlan]) -> tuple[Seat, ...]:
    """Every application pod on its cluster and node, and in its slice.

    Workloads stand on the clusters of their annotation, replica by replica, over the app nodes in turn (gateway nodes
    where there are no others). ``members``: those of slices that inject pods.
    """
    benches = {cluster.name: _Bench(cluster) for cluster in clusters}
    homes = find_homes(members)
    return tuple(
        benches[cluster].seat(role, ordinal, homes)
        for workload in world.workloads
        for role in (_role(workload),)
        for cluster in world.placed(workload.metadata)
        for ordinal in range(workload.replicas)
    )


def find_homes(members: Iterable[MemberPlan]) -> dict[tuple[str, str], str]:
    """(cluster, namespace) → the slice whose overlay its pods join.

    The system's own namespace joins none (worker-operator pkg/webhook/pod). The first slice wins; KubeSlice refuses a
    namespace that two slices want.
    """
    homes: dict[tuple[str, str], str] = {}
    for member in members:
        for namespace in member.application_namespaces:
            if namespace != names.SYSTEM_NAMESPACE:
                homes.setdefault((member.cluster, namespace), member.slice)
    return homes


def connect_pods(
    seats: Sequence[Seat],
    networks: Mapping[str, AddressPool[str]],
    pools: Mapping[tuple[str, str], AddressPool[str]],
) -> tuple[PodPlan, ...]:
    """The pods with their addresses: the pod network's, in order, and one of their slice router's pool.

    They ask the router by namespace and name, before any gateway does: pods connect while the gateways' certificates
    are still being made. Raises :exc:`AddressesExhausted`.
    """
    ordered = sorted(
        (seat for seat in seats if seat.slice is not None), key=lambda seat: (seat.role.namespace, seat.name)
    )
    nsm_ips = {
        seat.reference: pools[seat.slice, seat.cluster].allocate(seat.reference)
        for seat in ordered
        if seat.slice is not None
    }
    return tuple(
        PodPlan(
            name=seat.name,
            namespace=seat.role.namespace,
            cluster=seat.cluster,
            workload=seat.role.workload,
            workload_kind=seat.role.kind,
            labels=seat.role.labels,
            node=seat.node,
            pod_ip=networks[seat.cluster].allocate(seat.reference),
            slice=seat.slice,
            nsm_ip=nsm_ips.get(seat.reference),
            emulate=seat.role.emulate,
            command=seat.role.command,
            ports=seat.role.ports,
        )
        for seat in seats
    )


def open_pod_networks(
    clients: Iterable[tuple[str, str]], clusters: Iterable[ClusterPlan], history: History
) -> dict[str, AddressPool[str]]:
    """The pod network of each cluster; ``clients`` (cluster, reference) get back what they had before."""
    pools = {
        cluster.name: AddressPool[str](
            cluster.pod_cidr, first_host=FIRST_POD_HOST, field=f"Underlay.spec.clusters.{cluster.name}.podCIDR"
        )
        for cluster in clusters
    }
    for cluster, reference in clients:
        past = history.pod_ips.get(cluster, {})
        if reference in past:
            pools[cluster].reserve([(reference, past[reference])])
    return pools


def _role(workload: KubernetesObject) -> Role:
    return Role(
        workload.metadata.name,
        workload.kind,
        workload.metadata.namespace or "default",
        workload.pod_labels,
        workload.emulate,
        workload.command,
        workload.container_ports,
    )


class _Bench:
    """The seats of one cluster."""

    def __init__(self, cluster: ClusterPlan) -> None:
        apps = [node.name for node in cluster.nodes if not node.gateway]
        self._cluster = cluster.name
        self._nodes = apps or [node.name for node in cluster.gateway_nodes]
        self._taken: set[str] = set()

    def seat(self, role: Role, ordinal: int, homes: Mapping[tuple[str, str], str]) -> Seat:
        node = self._nodes[len(self._taken) % len(self._nodes)]
        for name in _names(role, ordinal):
            reference = f"{role.namespace}/{name}@{self._cluster}"
            if reference not in self._taken:
                break
        self._taken.add(reference)
        joins = role.labels.get(names.EXCLUDE_LABEL) != "true"
        home = homes.get((self._cluster, role.namespace)) if joins else None
        return Seat(role, self._cluster, name, reference, node, home)


def _names(role: Role, ordinal: int) -> Iterator[str]:
    """``<workload>-<ordinal>`` (a Pod keeps its name); then, where another workload has that, with the kind in it."""
    yield role.workload if role.kind == "Pod" else f"{role.workload}-{ordinal}"
    yield f"{role.workload}-{role.kind.lower()}-{ordinal}"
