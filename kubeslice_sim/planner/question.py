"""Question: a value of a plan that can say where it comes from; and what is known while it answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Address

from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.model.slice_topology import SliceTopology, TopologyEdge
from kubeslice_sim.planner.default_slice import default_slices
from kubeslice_sim.planner.members import member_clusters
from kubeslice_sim.planner.plan import Plan, SlicePlan, TunnelEnd
from kubeslice_sim.planner.ports import range_starts
from kubeslice_sim.planner.slots import slot_of

PLACES = {"slot": "slot", "cidr": "place of the block"}
"""How a formula calls what :meth:`Asked.place_of` found."""


OURS_BEYOND = "ours: no KubeSlice has a SliceTopology"


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """Something that a value was made from: which field or value of the plan, and what it says."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a value comes from. ``formula`` says it in a sentence; ``source`` is the code of KubeSlice that does it.

    ``source`` starts with ``ours:`` where KubeSlice leaves the choice to Kubernetes and we choose reproducibly.
    """

    path: str
    value: str
    inputs: tuple[Input, ...]
    formula: str
    source: str

    def __str__(self) -> str:
        inputs = "".join(f"\n  from {item.name} = {item.value}" for item in self.inputs)
        return f"{self.path} = {self.value}{inputs}\n  how: {self.formula}\n  source: {self.source}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What can be asked: ``answer`` is worked out only when somebody asks."""

    path: str
    answer: Callable[[str], Provenance]


class Asked:
    """One slice of a plan, with what its questions need; worked out once."""

    def __init__(self, plan: Plan, item: SlicePlan) -> None:
        self.plan = plan
        self.slice = item

    @cached_property
    def config(self) -> SliceConfig:
        """The SliceConfig that the slice was made from."""
        return self._configs[self.slice.name]

    @cached_property
    def listed(self) -> tuple[str, ...]:
        """Its clusters in the order of the list."""
        return member_clusters(self.config)

    @cached_property
    def first_port(self) -> int:
        """The first of the slice's own NodePorts."""
        shapes = {item.spec.slice: item for item in self.plan.world.topologies}
        return range_starts(self._configs.values(), shapes)[self.slice.name]

    @cached_property
    def shape(self) -> SliceTopology | None:
        """What the slice has beyond KubeSlice."""
        return self.plan.world.topology(self.slice.name)

    def edge(self, cluster: str, peer: str) -> TopologyEdge | None:
        """The custom edge between two clusters."""
        edges = (self.shape.spec.edges or ()) if self.shape is not None else ()
        return next((edge for edge in edges if set(edge.between) == {cluster, peer}), None)

    def gateways(self, end: TunnelEnd) -> int:
        """How many gateway pods the gateway of this one has."""
        return self._sizes[end.gateway]

    @cached_property
    def _sizes(self) -> Counter[str]:
        return Counter(end.gateway for end in self.ends.values())

    def place_of(self, cluster: str) -> tuple[str, int]:
        """What says on which nodes a cluster's router and its peers' gateways run: its slot, or its block's place."""
        member, subnet = self.slice.member(cluster), self.slice.subnet
        if self.slice.ipam is None or subnet is None:
            return "slot", member.slot
        return "cidr", slot_of(subnet, member.cidr)

    @cached_property
    def _configs(self) -> dict[str, SliceConfig]:
        world = self.plan.world
        return {config.metadata.name: config for config in (*world.slices, *default_slices(world))}

    @cached_property
    def _clients(self) -> Mapping[str, Mapping[str, int]]:
        """Cluster → client of its router → its place in the order of asking: pods, East-West gateways, gateways."""
        name = self.slice.name
        joined = (pod for pod in self.plan.pods if pod.slice == name)
        order: dict[str, dict[str, int]] = {member.cluster: {} for member in self.slice.members}
        for pod in sorted(joined, key=lambda pod: (pod.namespace, pod.name)):
            order[pod.cluster][pod.reference] = len(order[pod.cluster])
        for gateway in self.slice.east_west:
            order[gateway.cluster][gateway.name] = len(order[gateway.cluster])
        for end in (end for tunnel in self.slice.tunnels for end in tunnel.ends):
            order[end.cluster][end.deployment] = len(order[end.cluster])
        return order

    def clients(self, cluster: str) -> Mapping[str, int]:
        """The clients of a cluster's router, each with its place in the order of asking, from 0."""
        return self._clients[cluster]

    @cached_property
    def ends(self) -> Mapping[tuple[str, str], TunnelEnd]:
        """(cluster, deployment) → gateway pod."""
        return {(end.cluster, end.deployment): end for tunnel in self.slice.tunnels for end in tunnel.ends}

    @cached_property
    def ends_by_address(self) -> Mapping[IPv4Address, TunnelEnd]:
        """Overlay address → gateway pod."""
        return {end.nsm_ip: end for end in self.ends.values()}

    @cached_property
    def east_west(self) -> Counter[str]:
        """Cluster → how many East-West gateways it has."""
        return Counter(gateway.cluster for gateway in self.slice.east_west)

    @cached_property
    def gateway_pods(self) -> Counter[str]:
        """Cluster → how many gateway pods it has."""
        return Counter(cluster for cluster, _ in self.ends)

    def field(self, path: str, value: object) -> Input:
        """A field of the slice's document as an input."""
        return Input(name=f"SliceConfig {self.slice.name}: {path}", value=str(value))

    def shaped(self, path: str, value: object) -> Input:
        """A field of the slice's SliceTopology as an input."""
        name = self.shape.metadata.name if self.shape is not None else self.slice.name
        return Input(name=f"SliceTopology {name}: {path}", value=str(value))

    def known(self, name: str, value: object) -> Input:
        """A value of the plan, which can be asked in turn, as an input."""
        return Input(name=f"{self.slice.name}/{name}", value=str(value))
