"""Capacity: how much room a plan leaves: clusters, overlay addresses, node ports, and what its certificates cost."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from kubeslice_sim.model.release import ROTATES_KEYS, includes
from kubeslice_sim.planner.plan import MemberPlan, Plan, SlicePlan
from kubeslice_sim.planner.ports import FIRST_NODE_PORT, LAST_NODE_PORT, wanted_by_services

YEAR_H = 365 * 24


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberCapacity:
    """One cluster's part of a slice. ``addresses``: all that its router can give; its own is not among them.

    ``addresses_left``: how many more pods or gateway pods find one now; each further cluster of a full mesh takes two
    of them in every cluster.
    """

    slice: str
    cluster: str
    cidr: str
    addresses: int
    pods: int
    gateway_pods: int
    east_west_gateways: int = 0

    @property
    def addresses_left(self) -> int:
        """Free overlay addresses."""
        return self.addresses - self.pods - self.gateway_pods - self.east_west_gateways


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceCapacity:
    """One slice. ``certificate_jobs``: one a pair, each makes a throw-away CA; ``certificates``: one a gateway.

    ``subnets_left``: under dynamic IPAM, those that a new cluster could get now; None under static.

    ``rotations_per_year``: each makes all jobs again and replaces every gateway pod, one tunnel after the other.
    """

    slice: str
    max_clusters: int
    clusters: int
    pairs: int
    tunnels: int
    rotations_per_year: float
    members: tuple[MemberCapacity, ...]
    subnets_left: int | None = None

    @property
    def clusters_left(self) -> int:
        """How many more clusters may join; ``maxClusters`` cannot change, nor can the size of a dynamic subnet."""
        left = self.max_clusters - self.clusters
        return left if self.subnets_left is None else min(left, self.subnets_left)

    @property
    def gateway_pods(self) -> int:
        """Two for each tunnel."""
        return 2 * self.tunnels

    @property
    def certificate_jobs(self) -> int:
        """One a pair (kubeslice-controller service/job_service.go)."""
        return self.pairs

    @property
    def certificates(self) -> int:
        """One for each WorkerSliceGateway, in its secret."""
        return 2 * self.pairs

    @property
    def renewals_per_year(self) -> float:
        """Certificates made anew in a year of 365 days."""
        return self.certificates * self.rotations_per_year


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeCapacity:
    """One gateway node. ``shaped_slices``: those with a traffic class and a gateway there; netops has 100 a node."""

    cluster: str
    node: str
    gateway_pods: int
    routers: int
    shaped_slices: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterCapacity:
    """One worker cluster. ``node_ports``: those of slice gateways and those that Services of the world ask for."""

    cluster: str
    node_ports: int
    nodes: tuple[NodeCapacity, ...]

    @property
    def node_ports_left(self) -> int:
        """What is left of Kubernetes' default range."""
        return LAST_NODE_PORT - FIRST_NODE_PORT + 1 - self.node_ports


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """The room that a plan leaves."""

    slices: tuple[SliceCapacity, ...]
    clusters: tuple[ClusterCapacity, ...]


def measure_capacity(plan: Plan) -> Capacity:
    """The room that ``plan`` leaves, slice by slice and cluster by cluster."""
    on_slice = Counter((pod.slice, pod.cluster) for pod in plan.pods)
    days = {config.metadata.name: config.spec.rotation_interval for config in plan.world.slices}
    rotates = includes(plan.kubeslice_version, ROTATES_KEYS)
    return Capacity(
        slices=tuple(_slice(item, on_slice, days.get(item.name) if rotates else None) for item in plan.slices),
        clusters=_clusters(plan),
    )


def rotations_per_year(interval_days: int) -> float:
    """How often a slice's keys change in a year of 365 days.

    They expire an hour before the interval ends, and are made anew then
    (kubeslice-controller service/vpn_key_rotation_service.go).
    """
    return YEAR_H / (interval_days * 24 - 1)


def _slice(item: SlicePlan, pods: Counter[tuple[str | None, str]], interval_days: int | None) -> SliceCapacity:
    ends = Counter(end.cluster for tunnel in item.tunnels for end in tunnel.ends)
    external = Counter(gateway.cluster for gateway in item.east_west)
    return SliceCapacity(
        slice=item.name,
        max_clusters=item.max_clusters,
        clusters=len(item.members),
        pairs=len(item.pairs),
        tunnels=len(item.tunnels),
        rotations_per_year=rotations_per_year(interval_days) if item.pairs and interval_days else 0.0,
        members=tuple(
            _member(member, pods[item.name, member.cluster], ends[member.cluster], external[member.cluster])
            for member in item.members
            if member.router is not None
        ),
        subnets_left=item.ipam.available - len(item.ipam.held_back) if item.ipam is not None else None,
    )


def _member(member: MemberPlan, pods: int, gateway_pods: int, external: int) -> MemberCapacity:
    return MemberCapacity(
        slice=member.slice,
        cluster=member.cluster,
        cidr=str(member.cidr),
        addresses=member.cidr.num_addresses - 1,
        pods=pods,
        gateway_pods=gateway_pods,
        east_west_gateways=external,
    )


def _clusters(plan: Plan) -> tuple[ClusterCapacity, ...]:
    ends = [end for item in plan.slices for tunnel in item.tunnels for end in tunnel.ends]
    gateways = Counter((end.cluster, end.node) for end in ends)
    classes = {item.name for item in plan.slices if item.qos is not None and item.qos.shapes}
    seats = {(end.slice, end.cluster, end.node) for end in ends if end.slice in classes}
    shaped = Counter((cluster, node) for _, cluster, node in seats)
    routers = Counter(
        (member.cluster, member.router.node)
        for item in plan.slices for member in item.members if member.router is not None
    )  # fmt: skip
    ports = {cluster.name: set(wanted_by_services(plan.world, cluster.name)) for cluster in plan.clusters}
    for item in plan.slices:
        for tunnel in item.tunnels:
            ports[tunnel.server.cluster].add(tunnel.node_port)
    return tuple(
        ClusterCapacity(
            cluster=cluster.name,
            node_ports=len(ports[cluster.name]),
            nodes=tuple(
                NodeCapacity(
                    cluster=cluster.name,
                    node=node.name,
                    gateway_pods=gateways[cluster.name, node.name],
                    routers=routers[cluster.name, node.name],
                    shaped_slices=shaped[cluster.name, node.name],
                )
                for node in cluster.gateway_nodes
            ),
        )
        for cluster in plan.clusters
    )
